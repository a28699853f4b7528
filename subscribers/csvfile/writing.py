"""Writing files of people: our own export, and the rows that an import did not take."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from subscribers.csvfile.formulas import neutral
from subscribers.errors import CsvError
from subscribers.newfile import NameTakenError, new_file


class CsvWriter(Protocol):
    """A function that writes one row."""

    def __call__(self, cells: Iterable[str]) -> None:
        """Write one row; cells that a spreadsheet would calculate are made harmless."""


@contextmanager
def csv_writer(path: Path, header: Sequence[str]) -> Iterator[CsvWriter]:
    """Write a CSV file that spreadsheets open rightly: UTF-8 with byte order mark, only its owner may read it.

    The file appears under its name when the block has ended well, and not at all when it raises.

    Args:
        path: Of the file, which must not exist.
        header: Names of the columns.

    Raises:
        CsvError: There is a file of this name, or it cannot be written.
    """
    try:
        with new_file(path) as unfinished:
            # Readers' addresses: closed to others from the first byte on.
            closed = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(closed, "w", encoding="utf-8-sig", newline="") as file:
                rows = csv.writer(file)
                rows.writerow(header)
                yield lambda cells: rows.writerow([neutral(cell) for cell in cells])
    except NameTakenError:
        raise CsvError(
            "exists already, and is not written over", where=str(path), mend="choose another name, or move that away"
        ) from None
    except OSError as error:
        raise CsvError(
            f"cannot be written ({error.strerror})", where=str(path), mend="choose another folder or free some space"
        ) from None
