"""Files of addresses: what their columns mean, reading them row by row, writing our own."""

from subscribers.csvfile.reading import BadRow, Row, rows
from subscribers.csvfile.sniff import Layout, look
from subscribers.csvfile.writing import csv_writer

__all__ = ["BadRow", "Layout", "Row", "csv_writer", "look", "rows"]
