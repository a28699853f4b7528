"""Reading a file of addresses, one row at a time.

A row that cannot be used is named with its line. A file that would swallow rows silently, because a quotation mark
(RFC 4180) is never closed, is refused as a whole.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from subscribers.addresses import Address, normalise
from subscribers.csvfile.files import CsvLines, lines, open_text, swallowed, too_long, undecodable
from subscribers.csvfile.formulas import restored
from subscribers.csvfile.layout import CsvLayout
from subscribers.csvfile.moments import moment_of
from subscribers.csvfile.own_export import CsvPerson, read_record
from subscribers.csvfile.vocabulary import RHYTHM_OF, Standing
from subscribers.display import LONGEST_NAME, shown
from subscribers.errors import AddressError
from subscribers.folding import fold
from subscribers.models import Rhythm
from subscribers.moments import to_seconds

if TYPE_CHECKING:
    import _csv


class RowEvidence(NamedTuple):
    """What a row tells of the consent behind it."""

    at: int | None = None
    """Unix seconds when the person agreed."""
    confirmed: int | None = None
    """Unix seconds when they confirmed it."""
    words: str = ""
    network: str = ""
    page: str = ""


class CsvRow(NamedTuple):
    """A row that can be used."""

    line: int
    address: Address
    standing: Standing | None
    """What the file says of the person; None when it says nothing."""
    rhythm: Rhythm | None
    declined_topics: int = 0
    paused_until: int | None = None
    """Unix seconds."""
    evidence: RowEvidence | None = None
    record: CsvPerson | None = None
    """What our own export says of the past; None in any other file."""
    name: str | None = None
    """What the person is called, where the column of names is to be kept."""


class BadCsvRow(NamedTuple):
    """A row that cannot be used."""

    line: int
    value: str
    """What stood where an address was expected, shortened and made printable."""
    reason: str
    cells: tuple[str, ...]


class _UnusableError(Exception):
    """Why a row cannot be used; never leaves this module."""


def rows(path: Path, layout: CsvLayout) -> Iterator[CsvRow | BadCsvRow]:
    """Read a file row by row; rows with nothing in them are passed over.

    Args:
        path: Path of the file.
        layout: How the file is to be read, as `look` found out.

    Raises:
        CsvError: A quotation mark that is never closed, a line that is no line, or text that cannot be decoded.
    """
    at, guarded, called = layout.address, layout.tool.guarded, layout.name
    careful = bool(layout.says) or layout.rhythm is not None or layout.everybody is not None
    telling = bool(layout.evidence)
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
        choices: tuple[int, int | None] = (0, None)
        record: CsvPerson | None = None
        try:
            address = normalise(text)
            if special:
                _check(layout, cells, address)
            if careful:
                standing, rhythm = _standing(layout, cells), _rhythm(layout, cells)
                choices = _choices(layout, cells)
            if layout.own:
                record = _record(layout, cells)
            if layout.topics is not None:
                choices = (_declined(layout.topics, cells), choices[1])
        except (AddressError, _UnusableError) as error:
            reason = error.reason if isinstance(error, AddressError) else str(error)
            if not layout.header:
                text = layout.delimiter.join(cells)
            yield BadCsvRow(line, shown(text), reason, tuple(cells))
            continue
        evidence = _evidence(layout, cells) if telling else None
        name = None if called is None or called >= len(cells) else shown(cells[called].strip(), LONGEST_NAME)
        yield CsvRow(line, address, standing, rhythm, *choices, evidence, record, name)


def _check(layout: CsvLayout, cells: list[str], address: Address) -> None:
    """What makes a row unusable although its address is one."""
    if not layout.header and any(cell.strip() for cell in cells[1:]):
        raise _UnusableError("there is more than one thing on this line")
    if layout.encoding == "cp1256" and not address.address.isascii():
        raise _UnusableError("it is not ASCII and the file is not UTF-8; save the file as UTF-8")


def _standing(layout: CsvLayout, cells: list[str]) -> Standing | None:
    """What a row says of the person; when its columns disagree, the one that mails less counts."""
    strongest = layout.everybody
    silent = ""
    for at, says in layout.says:
        cell = cells[at] if at < len(cells) else ""
        word = fold(cell)
        if not word:
            if says.must and not silent:
                silent = shown(layout.header[at], 30)
            continue
        standing = says.words.get(word, says.otherwise)
        if standing is None:
            raise _UnusableError(f"its status '{shown(cell, 30)}' is none we know")
        if strongest is None or _CAUTION.index(standing) > _CAUTION.index(strongest):
            strongest = standing
    # Where silence is no consent, it keeps out nobody who is kept out by another word.
    if silent and strongest not in ("left", "suppressed"):
        raise _UnusableError(f"its status is empty ('{silent}'), and silence is no consent")
    return strongest


_BETWEEN = re.compile(r"""[,;|/\[\]"'،؛\n]+""")
_CAUTION: tuple[Standing, ...] = ("confirmed", "pending", "left", "suppressed")


def _rhythm(layout: CsvLayout, cells: list[str]) -> Rhythm | None:
    if layout.rhythm is None or layout.rhythm >= len(cells):
        return None
    word = fold(cells[layout.rhythm])
    rhythm = RHYTHM_OF.get(word)
    if word and rhythm is None:
        raise _UnusableError(f"its rhythm '{shown(cells[layout.rhythm], 30)}' is none we know")
    return rhythm


def _choices(layout: CsvLayout, cells: list[str]) -> tuple[int, int | None]:
    """Declined topics and pause, as our own export writes them."""
    if layout.choices is None:
        return 0, None
    topics, pause = (cells[at].strip() if at < len(cells) else "" for at in layout.choices)
    try:
        declined = int(topics or "0")
        paused = to_seconds(datetime.fromisoformat(pause)) if pause else None
    except (ValueError, OverflowError, OSError):
        raise _UnusableError(f"its topics '{shown(topics, 20)}' or pause '{shown(pause, 30)}' cannot be read") from None
    if not 0 <= declined <= 255:
        raise _UnusableError(f"its topics '{declined}' are not between 0 and 255")
    return declined, paused


def _record(layout: CsvLayout, cells: list[str]) -> CsvPerson:
    try:
        return read_record(cells, layout.own)
    except ValueError as error:
        raise _UnusableError(str(error)) from None


def _declined(topics: tuple[int, Mapping[str, int]], cells: list[str]) -> int:
    """Topics that a row does not name, when it names some; who names none of ours wants everything."""
    at, bits = topics
    named = {fold(part) for part in _BETWEEN.split(cells[at] if at < len(cells) else "")}
    wanted = [bit for title, bit in bits.items() if title in named]
    return sum(1 << bit for bit in bits.values() if bit not in wanted) if wanted else 0


def _evidence(layout: CsvLayout, cells: list[str]) -> RowEvidence | None:
    """What a row tells of the consent behind it."""

    def cell(key: str) -> str:
        columns = layout.evidence.get(key, ())
        return next((found for at in columns if at < len(cells) and (found := cells[at].strip())), "")

    agreed = moment_of(cell("agreed"))
    found = RowEvidence(
        at=agreed,
        confirmed=moment_of(cell("confirmed")),
        # A day that can be read in two ways is kept as it stands.
        words=cell("words") or (shown(cell("agreed"), 100) if agreed is None else ""),
        network=shown(cell("network"), 100),
        page=shown(cell("page"), 500),
    )
    return found if any(found) else None


def _records(path: Path, layout: CsvLayout) -> Iterator[tuple[int, list[str]]]:
    """Every record with the line it starts on; refuses a quotation mark that swallows what follows."""
    with closing(open_text(path, layout.encoding)) as file:
        line = start = layout.skip + 1
        try:
            memory = CsvLines(lines(path, file, layout.skip))
            reader = _cells(memory, layout)
            for cells in reader:
                start, line = line, layout.skip + reader.line_num + 1
                if line - start > 1 and "\n" in (text := _cell(cells, layout).strip()):
                    raise swallowed(path, start, f"not closed before line {line - 1}", text)
                yield start, cells
        except csv.Error:
            # The one error of a reader that is not strict: a cell of more than 131,072 characters.
            raise too_long(path, line, memory.last, layout.delimiter) from None
        except UnicodeError:
            raise undecodable(path, layout.encoding, line) from None
    if line - start > 1 and _ends_in_quotes(path, layout, start):
        raise swallowed(path, start, "never closed")


def _cell(cells: list[str], layout: CsvLayout) -> str:
    return cells[layout.address] if layout.address < len(cells) else ""


def _cells(text: Iterable[str], layout: CsvLayout, *, strict: bool = False) -> _csv.Reader:
    return csv.reader(text, delimiter=layout.delimiter, escapechar=layout.tool.escape, strict=strict)


def _ends_in_quotes(path: Path, layout: CsvLayout, start: int) -> bool:
    """Whether the last record, which spans lines, has a quotation mark that the end of the file closed."""
    with closing(open_text(path, layout.encoding)) as file:
        strict = _cells(lines(path, file, start - 1), layout, strict=True)
        try:
            for _ in strict:
                pass
        except csv.Error as error:
            return "unexpected end of data" in str(error)
    return False
