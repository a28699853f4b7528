"""The editors' pages: an issue made, tested, sent and read in the browser. Import it late: it brings Starlette."""
