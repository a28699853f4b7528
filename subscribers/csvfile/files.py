"""Opening a file of addresses as lines of text, and the words for what is wrong with it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO

from subscribers.display import shown
from subscribers.errors import CsvError

_LONGEST_LINE = 1_000_000  # characters; a list of addresses has no such line, and reading one costs memory


def open_text(path: Path, encoding: str) -> IO[str]:
    """Open a file for reading, with its line ends as they are.

    Args:
        path: Path of the file.
        encoding: Name of a Python codec, for example ``utf-8-sig``.

    Raises:
        CsvError: It cannot be opened.
    """
    try:
        return path.open(encoding=encoding, newline="")
    except OSError as error:
        raise unreadable(path, error) from None


def lines(path: Path, file: IO[str], skip: int) -> Iterator[str]:
    """The lines of an open file, with their ends.

    Args:
        path: Path of the file, for the message only.
        file: A file that `open_text` gave.
        skip: How many to leave out at the beginning.

    Raises:
        CsvError: A line is so long that this cannot be a list of addresses.
    """
    for number, line in enumerate(iter(partial(file.readline, _LONGEST_LINE), ""), start=1):
        if len(line) == _LONGEST_LINE:
            raise CsvError(
                f"this line is longer than {_LONGEST_LINE:,} characters",
                where=f"{path}:{number}",
                mend="give a CSV file with one address a line",
            )
        if number > skip:
            yield line


def unreadable(path: Path, error: OSError) -> CsvError:
    """Make the error for a file that cannot be opened."""
    reasons = {
        FileNotFoundError: ("there is no such file", "check its name and folder"),
        IsADirectoryError: ("this is a folder", "name the file inside it"),
        PermissionError: ("you may not read this file", "change its permissions"),
    }
    what, mend = reasons.get(type(error), (f"it cannot be read ({error.strerror})", "check the disk"))
    return CsvError(what, where=str(path), mend=mend)


def undecodable(path: Path, encoding: str, line: int = 1) -> CsvError:
    """Make the error for bytes that are no text in the encoding the file seems to have."""
    return CsvError(
        f"this is not text in {encoding}, though it begins so",
        where=f"{path}:{line}",
        mend="save the file as 'CSV UTF-8'",
    )


def swallowed(path: Path, line: int, how: str, text: str = "") -> CsvError:
    """Make the error for a quotation mark that makes one cell of everything behind it.

    Args:
        path: Path of the file.
        line: Where the quotation mark is, 1-based.
        how: What happens to it, for example ``never closed``.
        text: The cell it makes, if its beginning should be shown.
    """
    begins = f" (it begins '{shown(text, 40)}')" if text else ""
    return CsvError(
        f'a quotation mark (") is opened here and {how}, so the lines after it cannot be told apart{begins}',
        where=f"{path}:{line}",
        mend="close it or take it out; nothing was imported",
    )


class CsvLines:
    """The lines of a file on their way to the reader of cells, with the last one kept for a message.

    Args:
        source: Lines with their ends.
    """

    def __init__(self, source: Iterator[str]) -> None:
        self._source = source
        self.last = ""

    def __iter__(self) -> Iterator[str]:
        """Give each line once."""
        for line in self._source:
            self.last = line
            yield line


def too_long(path: Path, line: int, last: str, delimiter: str) -> CsvError:
    """Make the error for a cell that the reader of cells refuses: too long, or an open quotation mark makes it so.

    Args:
        path: Path of the file.
        line: Where the record starts, 1-based.
        last: The line that was read last.
        delimiter: What stands between cells.
    """
    cells = last.rstrip("\r\n").split(delimiter)
    longest = max(range(len(cells)), key=lambda at: len(cells[at]))
    if '"' in last or len(cells[longest]) <= csv.field_size_limit():
        return swallowed(path, line, "not closed")
    return CsvError(
        f"the cell in column {longest + 1} has {len(cells[longest]):,} characters (it begins "
        f"'{shown(cells[longest], 40)}'); the most is {csv.field_size_limit():,}",
        where=f"{path}:{line}",
        mend="take that cell or its column out; nothing was imported",
    )
