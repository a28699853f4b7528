"""Reading a file of addresses, one row at a time, whatever program wrote it.

Understood: UTF-8 with or without byte order mark, UTF-16, windows-1256; comma, semicolon or tab; column names in
Arabic, English and French; one column without a name; quoted cells with line breaks (RFC 4180). A row that cannot
be used is named with its line. A file that would swallow rows silently is refused as a whole.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple

from subscribers.addresses import Address, normalise, shown
from subscribers.csvfile.words import (
    RHYTHM_OF,
    ROLE_OF,
    STANDING_OF,
    VAGUE_ADDRESS,
    Role,
    Standing,
    fold,
)
from subscribers.errors import AddressError, CsvError
from subscribers.models import Rejected, Rhythm

_LONGEST_LINE = 1_000_000  # characters; a list of addresses has no such line, and reading one costs memory
_PEEK = 65_536
_DELIMITERS = (",", ";", "\t")
_NOT_CSV = {
    b"PK\x03\x04": "a spreadsheet or an archive",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a compressed file",
    b"SQLite format 3": "a database",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is to be read."""

    encoding: str
    """A Python codec: ``utf-8-sig``, ``utf-8``, ``utf-16`` …, or ``cp1256``."""
    delimiter: str
    places: Mapping[Role, int]
    """Index of each column that is used."""
    columns: tuple[tuple[str, Role], ...]
    """Name in the file and meaning of each of them, in the file's order."""
    header: bool
    """The first row names columns."""
    skip: int = 0
    """Lines before the header that belong to no row (``sep=;``)."""
    tool: str = ""
    """The program whose export this is, when the columns say so."""

    @property
    def encoding_name(self) -> str:
        """The encoding as people call it."""
        if self.encoding == "cp1256":
            return "windows-1256"
        return "utf-16" if self.encoding.startswith("utf-16") else "utf-8"


class Row(NamedTuple):
    """A row that can be used."""

    line: int
    address: Address
    standing: Standing | None
    """What the file says of the person; None when it says nothing."""
    rhythm: Rhythm | None


def look(path: Path) -> Layout:
    """Find out how a file is to be read, without taking anything from it yet.

    Args:
        path: Of the file.

    Raises:
        CsvError: It is not there, not text, empty, or has no column of addresses.
    """
    encoding = _encoding(path)
    with closing(_open(path, encoding)) as file:
        try:
            beginning = file.read(_PEEK)
        except UnicodeError:
            raise _undecodable(path, encoding) from None
    skip, told = _excel_hint(beginning)
    for delimiter in (told,) if told else _DELIMITERS:
        cells = _first_cells(path, encoding, delimiter, skip)
        if not cells:
            raise CsvError("the file is empty", where=str(path), mend="give a file with one address a line")
        places = _places(cells)
        if "address" in places:
            columns = sorted((at, role) for role, at in places.items())
            return Layout(
                encoding=encoding,
                delimiter=delimiter,
                places=places,
                columns=tuple((shown(cells[at]), role) for at, role in columns),
                header=True,
                skip=skip,
            )
    return _without_header(path, encoding, skip, told)


def rows(path: Path, layout: Layout) -> Iterator[Row | Rejected]:
    """Read a file row by row; rows with nothing in them are passed over.

    Args:
        path: Of the file.
        layout: From `look`.

    Raises:
        CsvError: A quotation mark that is never closed, a line that is no line, or text that cannot be decoded.
    """
    at = layout.places["address"]
    standing_at, rhythm_at = layout.places.get("status"), layout.places.get("rhythm")
    ascii_only = layout.encoding == "cp1256"
    header_seen = not layout.header
    for line, cells in _records(path, layout):
        if not any(cells) or not any(cell.strip() for cell in cells):
            continue
        if not header_seen:
            header_seen = True
            continue
        text = cells[at] if at < len(cells) else ""
        if not layout.header and any(cell.strip() for cell in cells[1:]):
            text = layout.delimiter.join(cells)
            yield Rejected(line, shown(text), "there is more than one thing on this line")
            continue
        try:
            address = normalise(text)
        except AddressError as error:
            yield Rejected(line, shown(text), error.reason)
            continue
        if ascii_only and not address.address.isascii():
            yield Rejected(line, shown(text), "it is not ASCII and the file is not UTF-8; save the file as UTF-8")
            continue
        standing: Standing | None = None
        rhythm: Rhythm | None = None
        if standing_at is not None and standing_at < len(cells) and (word := fold(cells[standing_at])):
            standing = STANDING_OF.get(word)
            if standing is None:
                yield Rejected(line, shown(text), f"its status '{shown(cells[standing_at], 30)}' is none we know")
                continue
        if rhythm_at is not None and rhythm_at < len(cells) and (word := fold(cells[rhythm_at])):
            rhythm = RHYTHM_OF.get(word)
            if rhythm is None:
                yield Rejected(line, shown(text), f"its rhythm '{shown(cells[rhythm_at], 30)}' is none we know")
                continue
        yield Row(line, address, standing, rhythm)


# ---- records


def _records(path: Path, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """Every record with the line it starts on; refuses a quotation mark that swallows what follows."""
    with closing(_open(path, layout.encoding)) as file:
        line = start = layout.skip + 1
        try:
            reader = csv.reader(_lines(path, file, layout.skip), delimiter=layout.delimiter)
            for cells in reader:
                start, line = line, layout.skip + reader.line_num + 1
                if line - start > 1 and "\n" in (text := _cell(cells, layout).strip()):
                    raise _swallowed(path, start, f"not closed before line {line - 1}", text)
                yield start, cells
        except csv.Error:
            # The one error of a reader that is not strict: a cell of more than 131,072 characters.
            raise _swallowed(path, line, "not closed") from None
        except UnicodeError:
            raise _undecodable(path, layout.encoding, line) from None
    if line - start > 1 and _ends_in_quotes(path, layout, start):
        raise _swallowed(path, start, "never closed")


def _cell(cells: list[str], layout: Layout) -> str:
    at = layout.places["address"]
    return cells[at] if at < len(cells) else ""


def _lines(path: Path, file: IO[str], skip: int) -> Iterator[str]:
    for number, line in enumerate(iter(partial(file.readline, _LONGEST_LINE), ""), start=1):
        if len(line) == _LONGEST_LINE:
            raise CsvError(
                f"this line is longer than {_LONGEST_LINE:,} characters",
                where=f"{path}:{number}",
                mend="give a CSV file with one address a line",
            )
        if number > skip:
            yield line


def _ends_in_quotes(path: Path, layout: Layout, start: int) -> bool:
    """Whether the last record, which spans lines, has a quotation mark that the end of the file closed."""
    with closing(_open(path, layout.encoding)) as file:
        strict = csv.reader(_lines(path, file, start - 1), delimiter=layout.delimiter, strict=True)
        try:
            for _ in strict:
                pass
        except csv.Error as error:
            return "unexpected end of data" in str(error)
    return False


def _swallowed(path: Path, line: int, how: str, text: str = "") -> CsvError:
    begins = f" (it begins '{shown(text, 40)}')" if text else ""
    return CsvError(
        f'a quotation mark (") is opened here and {how}, so the lines after it cannot be told apart{begins}',
        where=f"{path}:{line}",
        mend="close it or take it out; nothing was imported",
    )


# ---- encoding, delimiter, columns


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
                        mend="save it as 'CSV UTF-8' first",
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
        raise _unreadable(path, error) from None


def _open(path: Path, encoding: str) -> IO[str]:
    try:
        return path.open(encoding=encoding, newline="")
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> CsvError:
    reasons = {
        FileNotFoundError: ("there is no such file", "check its name and folder"),
        IsADirectoryError: ("this is a folder", "name the file inside it"),
        PermissionError: ("you may not read this file", "change its permissions"),
    }
    what, mend = reasons.get(type(error), (f"it cannot be read ({error.strerror})", "check the disk"))
    return CsvError(what, where=str(path), mend=mend)


def _undecodable(path: Path, encoding: str, line: int = 1) -> CsvError:
    return CsvError(
        f"this is not text in {encoding}, though it begins so",
        where=f"{path}:{line}",
        mend="save the file as 'CSV UTF-8'",
    )


def _excel_hint(beginning: str) -> tuple[int, str]:
    """Lines to skip and the delimiter, when the file begins with the ``sep=;`` that spreadsheets understand."""
    first = beginning.split("\n", 1)[0].strip("\r\n\"' ")
    if first.lower().startswith("sep=") and len(first) == 5 and first[4] in _DELIMITERS:
        return 1, first[4]
    return (1, "\t") if first.lower() == "sep=\\t" else (0, "")


def _first_cells(path: Path, encoding: str, delimiter: str, skip: int) -> list[str]:
    """The cells of the first row with something in it, without the empty ones at its end."""
    with closing(_open(path, encoding)) as file:
        try:
            for cells in csv.reader(_lines(path, file, skip), delimiter=delimiter):
                while cells and not cells[-1].strip():
                    cells.pop()
                if cells:
                    return cells
        except csv.Error:
            raise _swallowed(path, skip + 1, "not closed") from None
        except UnicodeError:
            raise _undecodable(path, encoding) from None
    return []


def _places(cells: list[str]) -> dict[Role, int]:
    """Index of each column we know; when two have the same meaning the first counts."""
    places: dict[Role, int] = {}
    for at, cell in enumerate(cells):
        role = ROLE_OF.get(fold(cell))
        if role is not None:
            places.setdefault(role, at)
    if "address" not in places:
        vague = next((at for at, cell in enumerate(cells) if fold(cell) in VAGUE_ADDRESS), None)
        if vague is not None:
            places["address"] = vague
    return places


def _without_header(path: Path, encoding: str, skip: int, told: str) -> Layout:
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
    return Layout(
        encoding=encoding,
        delimiter=next(clean, ","),
        places={"address": 0},
        columns=(),
        header=False,
        skip=skip,
    )
