"""The folder of one newsroom and everything it can be told."""
