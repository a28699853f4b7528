"""What became of the letters."""
