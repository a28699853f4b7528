"""Files of addresses: what their columns mean, reading them row by row, writing our own."""

from subscribers.csvfile.reading import Layout, Row, look, rows

__all__ = ["Layout", "Row", "look", "rows"]
