"""Files of addresses: what their columns mean, reading them row by row, writing our own."""

from subscribers.csvfile.reading import BadCsvRow, CsvRow, rows
from subscribers.csvfile.sniff import CsvLayout, look
from subscribers.csvfile.writing import csv_writer

__all__ = ["BadCsvRow", "CsvLayout", "CsvRow", "csv_writer", "look", "rows"]
