"""Finding out how a file of addresses is to be read: encoding, delimiter, and what its columns mean.

Understood: UTF-8 with or without byte order mark, UTF-16, windows-1256; comma, semicolon or tab; column names in
Arabic, English, French, Spanish and German; one column without a name. What the columns mean is decided in
`subscribers.csvfile.layout`.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Collection, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from subscribers.csvfile.columns import NO_CHOICES, ColumnChoices
from subscribers.csvfile.files import CsvLines, lines, open_text, too_long, undecodable, unreadable
from subscribers.csvfile.layout import CsvHeader, CsvLayout, address_column, encoding_name, layout_of
from subscribers.display import shown
from subscribers.errors import CsvError
from subscribers.folding import fold

_PEEK = 65_536
_DELIMITERS = (",", ";", "\t")
_NOT_CSV = {
    b"PK\x03\x04": "a spreadsheet or a zip archive",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a compressed file",
    b"SQLite format 3": "a database",
}


class CsvOpening(NamedTuple):
    """How a file begins."""

    encoding: str
    """As people call it."""
    delimiter: str
    header: tuple[str, ...]
    """Names of its columns; empty where the first row is a person already."""
    total: int
    """Rows with something in them, the header not counted."""
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    """Line and cells of each that was asked for, made fit to be shown."""


def look(path: Path, choices: ColumnChoices = NO_CHOICES, topics: Sequence[str] = ()) -> CsvLayout:
    """Find out how a file is to be read, without taking anything from it yet.

    Args:
        path: Path of the file.
        choices: What the editor says of its columns.
        topics: Titles of the list's topics, in the order of their bits.

    Raises:
        CsvError: It is not there, not text, empty, has no column of addresses, or one whose meaning must be told first.
    """
    encoding = _encoding(path)
    with closing(open_text(path, encoding)) as file:
        try:
            beginning = file.read(_PEEK)
        except UnicodeError:
            raise undecodable(path, encoding) from None
    skip, told = _excel_hint(beginning)
    for delimiter in (told,) if told else _DELIMITERS:
        cells = _first_cells(path, encoding, delimiter, skip)
        if not cells:
            raise CsvError("the file is empty", where=str(path), mend="give a file with one address a line")
        names = [fold(cell) for cell in cells]
        if fold(choices.address) in names if choices.address else address_column(names) is not None:
            shape = CsvHeader(path, encoding, delimiter, skip, tuple(cells))
            return layout_of(shape, choices, topics)
    return _without_header(path, encoding, skip, told, choices)


def beginning(path: Path, number: int = 4, also: Collection[int] = ()) -> CsvOpening:
    """The first rows of a file as they stand there, for somebody who says what its columns mean.

    Args:
        path: Path of the file.
        number: How many rows behind the header.
        also: Lines that are wanted besides, 1-based.

    Raises:
        CsvError: It is not there, not text, or empty.
    """
    encoding = _encoding(path)
    with closing(open_text(path, encoding)) as file:
        try:
            skip, told = _excel_hint(file.read(_PEEK))
        except UnicodeError:
            raise undecodable(path, encoding) from None
    first = {one: _first_cells(path, encoding, one, skip) for one in ((told,) if told else _DELIMITERS)}
    known = (one for one, cells in first.items() if address_column([fold(cell) for cell in cells]) is not None)
    delimiter = next(known, max(first, key=lambda one: len(first[one])))
    header = tuple(first[delimiter])
    if not header:
        raise CsvError("the file is empty", where=str(path), mend="give a file with one address a line")
    if len(header) == 1 and "@" in header[0]:
        header = ()
    found: list[tuple[int, tuple[str, ...]]] = []
    total, wanted, header_seen = 0, set(also), not header
    with closing(open_text(path, encoding)) as file:
        reader = csv.reader(lines(path, file, skip), delimiter=delimiter)
        line = skip + 1
        try:
            for cells in reader:
                start, line = line, skip + reader.line_num + 1
                if not any(cell.strip() for cell in cells):
                    continue
                if not header_seen:
                    header_seen = True
                    continue
                total += 1
                if total <= number or start in wanted:
                    found.append((start, tuple(shown(cell, 80) for cell in cells)))
        except (csv.Error, UnicodeError):
            pass  # what is wrong there is said when its rows are taken
    return CsvOpening(
        encoding_name(encoding), delimiter, tuple(shown(cell, 80) for cell in header), total, tuple(found)
    )


def _encoding(path: Path) -> str:
    """The codec: by byte order mark, by the zeros of UTF-16, and else UTF-8 if every byte of the file fits."""
    try:
        with path.open("rb") as file:
            beginning = file.read(4096)
            for magic, kind in _NOT_CSV.items():
                if beginning.startswith(magic):
                    raise CsvError(
                        f"this is {kind}, not a CSV file",
                        where=str(path),
                        mend="unpack it, or save it as 'CSV UTF-8'",
                    )
            if beginning.startswith(codecs.BOM_UTF8):
                return "utf-8-sig"
            if beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                return "utf-16"
            # ASCII letters have a zero byte in UTF-16, always on the same side; other encodings have none at all.
            zeros_even, zeros_odd = beginning[::2].count(0), beginning[1::2].count(0)
            if max(zeros_odd, zeros_even) > max(len(beginning) // 20, 10 * min(zeros_odd, zeros_even)):
                return "utf-16-le" if zeros_odd > zeros_even else "utf-16-be"
            decoder = codecs.getincrementaldecoder("utf-8")()
            try:
                while beginning:
                    decoder.decode(beginning)
                    beginning = file.read(1 << 20)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                return "cp1256"
            return "utf-8"
    except OSError as error:
        raise unreadable(path, error) from None


def _excel_hint(beginning: str) -> tuple[int, str]:
    """Lines to skip and the delimiter, when the file begins with the ``sep=;`` that spreadsheets understand."""
    first = beginning.split("\n", 1)[0].strip("\r\n\"' ")
    if first.lower().startswith("sep=") and len(first) == 5 and first[4] in _DELIMITERS:
        return 1, first[4]
    return (1, "\t") if first.lower() == "sep=\\t" else (0, "")


def _first_cells(path: Path, encoding: str, delimiter: str, skip: int) -> list[str]:
    """The cells of the first row with something in it, without the empty ones at its end."""
    with closing(open_text(path, encoding)) as file:
        memory = CsvLines(lines(path, file, skip))
        try:
            for cells in csv.reader(memory, delimiter=delimiter):
                while cells and not cells[-1].strip():
                    cells.pop()
                if cells:
                    return cells
        except csv.Error:
            raise too_long(path, skip + 1, memory.last, delimiter) from None
        except UnicodeError:
            raise undecodable(path, encoding) from None
    return []


def _without_header(path: Path, encoding: str, skip: int, told: str, choices: ColumnChoices) -> CsvLayout:
    """One column of addresses without a name; anything wider has to say which column is the address."""
    first = {one: _first_cells(path, encoding, one, skip) for one in ((told,) if told else _DELIMITERS)}
    widest = max(first.values(), key=len)
    if len(widest) > 1:
        names = ", ".join(f"'{shown(cell, 20)}'" for cell in widest[:6])
        raise CsvError(
            f"no column is called address; the first row has {names}",
            where=f"{path}:{skip + 1}",
            mend="name the columns in the first row, for example: email,rhythm,status",
        )
    # "a@example.org;" has one cell for the semicolon and a foreign character for the others.
    clean = (one for one, cells in first.items() if not any(other in cells[0] for other in _DELIMITERS))
    return CsvLayout(
        encoding=encoding,
        delimiter=next(clean, ","),
        address=0,
        everybody=choices.everybody,
        skip=skip,
    )
