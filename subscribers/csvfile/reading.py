"""Reading a file of addresses, one row at a time, whatever program wrote it.

Understood: UTF-8 with or without byte order mark, UTF-16, windows-1256; comma, semicolon or tab; column names in
Arabic, English and French; one column without a name; quoted cells with line breaks (RFC 4180). A row that cannot
be used is named with its line. A file that would swallow rows silently is refused as a whole.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from subscribers.addresses import Address, normalise, shown
from subscribers.csvfile.formulas import restored
from subscribers.csvfile.tools import LEAVING, STATUS, UNKNOWN, Says, Tool, recognise
from subscribers.csvfile.words import (
    RHYTHM_OF,
    ROLE_OF,
    VAGUE_ADDRESS,
    Standing,
    fold,
    speaks_of_leaving,
    speaks_of_status,
)
from subscribers.errors import AddressError, CsvError
from subscribers.models import Rhythm

if TYPE_CHECKING:
    import _csv

_LONGEST_LINE = 1_000_000  # characters; a list of addresses has no such line, and reading one costs memory
_PEEK = 65_536
_DELIMITERS = (",", ";", "\t")
_NOT_CSV = {
    b"PK\x03\x04": "a spreadsheet or a zip archive",
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
    address: int
    """Index of the column of addresses."""
    rhythm: int | None = None
    """Index of the column of rhythms."""
    says: tuple[tuple[int, Says], ...] = ()
    """Index of every column that says how a person stands, and how to understand it."""
    everybody: Standing | None = None
    """What the name of the file says of everybody in it."""
    columns: tuple[tuple[str, str], ...] = ()
    """What each used column was understood as: (its name in the file, ``address`` | ``status`` | ``rhythm``)."""
    header: tuple[str, ...] = ()
    """Names of all columns; empty when the first row is a person already."""
    skip: int = 0
    """Lines before the header that belong to no row (``sep=;``)."""
    tool: Tool = UNKNOWN
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


class BadRow(NamedTuple):
    """A row that cannot be used."""

    line: int
    value: str
    """What stood where an address was expected, shortened and made printable."""
    reason: str
    cells: tuple[str, ...]


class _UnusableError(Exception):
    """Why a row cannot be used; never leaves this module."""


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
        names = [fold(cell) for cell in cells]
        address = _address_column(names)
        if address is not None:
            return _with_header(path, encoding, delimiter, skip, cells, names, address)
    return _without_header(path, encoding, skip, told)


def rows(path: Path, layout: Layout) -> Iterator[Row | BadRow]:
    """Read a file row by row; rows with nothing in them are passed over.

    Args:
        path: Of the file.
        layout: From `look`.

    Raises:
        CsvError: A quotation mark that is never closed, a line that is no line, or text that cannot be decoded.
    """
    at, guarded = layout.address, layout.tool.guarded
    careful = bool(layout.says) or layout.rhythm is not None or layout.everybody is not None
    special = not layout.header or layout.encoding == "cp1256"
    header_seen = not layout.header
    for line, cells in _records(path, layout):
        if not any(cells) or not any(cell.strip() for cell in cells):
            continue
        if not header_seen:
            header_seen = True
            continue
        if guarded:
            cells = [restored(cell) for cell in cells]  # noqa: PLW2901  the same row, as it was before the export
        text = cells[at] if at < len(cells) else ""
        standing: Standing | None = None
        rhythm: Rhythm | None = None
        try:
            address = normalise(text)
            if special:
                _check(layout, cells, address)
            if careful:
                standing, rhythm = _standing(layout, cells), _rhythm(layout, cells)
        except (AddressError, _UnusableError) as error:
            reason = error.reason if isinstance(error, AddressError) else str(error)
            if not layout.header:
                text = layout.delimiter.join(cells)
            yield BadRow(line, shown(text), reason, tuple(cells))
            continue
        yield Row(line, address, standing, rhythm)


def _check(layout: Layout, cells: list[str], address: Address) -> None:
    """What makes a row unusable although its address is one."""
    if not layout.header and any(cell.strip() for cell in cells[1:]):
        raise _UnusableError("there is more than one thing on this line")
    if layout.encoding == "cp1256" and not address.address.isascii():
        raise _UnusableError("it is not ASCII and the file is not UTF-8; save the file as UTF-8")


def _standing(layout: Layout, cells: list[str]) -> Standing | None:
    """What a row says of the person; when its columns disagree, the one that mails less counts."""
    strongest = layout.everybody
    for at, says in layout.says:
        cell = cells[at] if at < len(cells) else ""
        word = fold(cell)
        if not word:
            if says.must:
                raise _UnusableError("its status is empty")
            continue
        standing = says.words.get(word, says.otherwise)
        if standing is None:
            raise _UnusableError(f"its status '{shown(cell, 30)}' is none we know")
        if strongest is None or _CAUTION.index(standing) > _CAUTION.index(strongest):
            strongest = standing
    return strongest


_CAUTION: tuple[Standing, ...] = ("confirmed", "pending", "left", "suppressed")


def _rhythm(layout: Layout, cells: list[str]) -> Rhythm | None:
    if layout.rhythm is None or layout.rhythm >= len(cells):
        return None
    word = fold(cells[layout.rhythm])
    rhythm = RHYTHM_OF.get(word)
    if word and rhythm is None:
        raise _UnusableError(f"its rhythm '{shown(cells[layout.rhythm], 30)}' is none we know")
    return rhythm


# ---- records


def _records(path: Path, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """Every record with the line it starts on; refuses a quotation mark that swallows what follows."""
    with closing(_open(path, layout.encoding)) as file:
        line = start = layout.skip + 1
        try:
            reader = _reader(path, file, layout)
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
    return cells[layout.address] if layout.address < len(cells) else ""


def _reader(path: Path, file: IO[str], layout: Layout, start: int = 0, *, strict: bool = False) -> _csv.Reader:
    lines = _lines(path, file, start or layout.skip)
    return csv.reader(lines, delimiter=layout.delimiter, escapechar=layout.tool.escape, strict=strict)


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
        strict = _reader(path, file, layout, start - 1, strict=True)
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


def _address_column(names: list[str]) -> int | None:
    """Index of the column of addresses: by a name that says e-mail, else by one that may also mean a street."""
    sure = (at for at, name in enumerate(names) if ROLE_OF.get(name) == "address")
    vague = (at for at, name in enumerate(names) if name in VAGUE_ADDRESS)
    return next(chain(sure, vague), None)


def _with_header(
    path: Path, encoding: str, delimiter: str, skip: int, cells: list[str], names: list[str], address: int
) -> Layout:
    tool = recognise(names)
    rhythm = next((at for at, name in enumerate(names) if ROLE_OF.get(name) == "rhythm"), None)
    if tool is UNKNOWN:
        # Any column that speaks of a status: rather refuse rows whose word we do not know than mail who left.
        says = [(at, STATUS) for at, name in enumerate(names) if speaks_of_status(name)]
        says += [(at, LEAVING) for at, name in enumerate(names) if speaks_of_leaving(name)]
    else:
        says = [(at, tool.says[name]) for at, name in enumerate(names) if name in tool.says]
    used = {address: "address"} | {at: "status" for at, _ in says}
    if rhythm is not None:
        used[rhythm] = "rhythm"
    file_name = fold(path.stem)
    return Layout(
        encoding=encoding,
        delimiter=delimiter,
        address=address,
        rhythm=rhythm,
        says=tuple(says),
        everybody=next((one for begin, one in tool.files.items() if file_name.startswith(begin)), None),
        columns=tuple((shown(cells[at]), used[at]) for at in sorted(used)),
        header=tuple(cells),
        skip=skip,
        tool=tool,
    )


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
        address=0,
        skip=skip,
    )
