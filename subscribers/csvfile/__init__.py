"""Files of addresses: what their columns mean, reading them row by row, writing our own."""

from subscribers.csvfile.columns import NO_CHOICES, ColumnChoices
from subscribers.csvfile.layout import CsvLayout
from subscribers.csvfile.reading import BadCsvRow, CsvRow, RowEvidence, rows
from subscribers.csvfile.sniff import CsvOpening, beginning, look
from subscribers.csvfile.writing import csv_writer

__all__ = [
    "NO_CHOICES",
    "BadCsvRow",
    "ColumnChoices",
    "CsvLayout",
    "CsvOpening",
    "CsvRow",
    "RowEvidence",
    "beginning",
    "csv_writer",
    "look",
    "rows",
]
