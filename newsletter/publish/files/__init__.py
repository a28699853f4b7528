"""The archive as static files: a folder of our own, in which each file is written whole and only when it differs."""
