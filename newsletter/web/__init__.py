"""What the reader pages are handed: their environment, the archive, a letter as a page."""
