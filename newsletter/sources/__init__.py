"""Where articles come from, one file per kind: fetch brings bytes, parse makes Articles of them."""
