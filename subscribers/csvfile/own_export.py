"""What our own export keeps of a person besides the address: dates, suppression, the record of consent (pure).

A spreadsheet shows one row a person: the latest line of the record stands in columns of its own, the lines before it
as JSON in one cell. Excel cuts a cell after 32,767 characters (support.microsoft.com, "Excel specifications and
limits"), so a longer record goes without its oldest lines, but never without the last one that gave consent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, get_args

from subscribers.consent import ACTS, GIVING
from subscribers.csvfile.vocabulary import NO
from subscribers.folding import fold
from subscribers.models import STATUSES, Status, SuppressionReason
from subscribers.moments import to_moment, to_seconds

COLUMNS = (
    "address",
    "status",
    "rhythm",
    "declined_topics",
    "paused_until",
    "count_clicks",
    "since",
    "changed",
    "suppressed",
    "suppressed_at",
    "consent_act",
    "consent_at",
    "consent_how",
    "consent_words",
    "consent_network",
    "consent_page",
    "consent_reason",
    "consent_record",
    "name",
)
"""Columns of our own export; `import_file` knows the file by them."""

MOST_CHARACTERS = 32_000
_TEXTS = ("how", "words", "network", "page", "reason")
_REASONS = get_args(SuppressionReason)
_LATEST_MOMENT = to_seconds(datetime.fromisoformat("9000-01-01T00:00:00+00:00"))


class ConsentLine(NamedTuple):
    """A line of the record of consent as it travels in a file."""

    act: str
    at: int
    """Unix seconds."""
    how: str = ""
    words: str = ""
    network: str = ""
    page: str = ""
    reason: str = ""


class CsvPerson(NamedTuple):
    """What a row of our own export says of the past of a person."""

    since: int | None
    """Unix seconds, as all moments here."""
    changed: int | None
    status: Status | None
    """The status alone, whatever stands in the column of suppressions."""
    suppressed: str
    """Why the address must not be mailed; empty when it may be."""
    suppressed_at: int | None
    record: tuple[ConsentLine, ...]
    """Oldest first."""
    uncounted: bool = False
    """Whether the person wants no counting of clicks in their letters."""


def written_counting(counted: bool) -> str:
    """The cell ``count_clicks``: empty where a person has chosen nothing.

    Args:
        counted: Whether clicks in their letters may be counted.
    """
    return "" if counted else "no"


def written_moment(seconds: int | None) -> str:
    """A moment as the file holds it, in ISO 8601; empty for none."""
    return "" if seconds is None else to_moment(seconds).isoformat()


def consent_cells(record: Sequence[ConsentLine]) -> tuple[str, ...]:
    """The cells from ``consent_act`` on, from the lines of a record, oldest first."""
    if not record:
        return ("",) * (len(_TEXTS) + 3)
    latest = record[-1]
    return (latest.act, written_moment(latest.at), *latest[2:], _earlier_cell(record))


def _earlier_cell(record: Sequence[ConsentLine]) -> str:
    giving = next((at for at in range(len(record) - 1, -1, -1) if record[at].act in GIVING), None)
    kept = [(at == giving, _as_json(line)) for at, line in enumerate(record[:-1])]
    length = sum(len(text) + 1 for _, text in kept)
    for one in list(kept):
        if length <= MOST_CHARACTERS:
            break
        if not one[0]:
            kept.remove(one)
            length -= len(one[1]) + 1
    return f"[{','.join(text for _, text in kept)}]" if kept else ""


def _as_json(line: ConsentLine) -> str:
    texts = {name: text for name, text in zip(_TEXTS, line[2:], strict=True) if text}
    return json.dumps({"act": line.act, "at": written_moment(line.at), **texts}, ensure_ascii=False)


def exported_columns(names: Sequence[str]) -> dict[str, int]:
    """Which column of a file is which of ours: name as in COLUMNS to index.

    Args:
        names: Folded names of the file's columns.
    """
    known = {fold(name): name for name in COLUMNS}
    return {known[name]: at for at, name in reversed(list(enumerate(names))) if name in known}


def read_record(cells: Sequence[str], columns: Mapping[str, int]) -> CsvPerson:
    """Read what a row of our own export says of the past.

    Args:
        cells: Of the row, without the guards against formulas.
        columns: From `exported_columns`.

    Raises:
        ValueError: A cell that no export of ours holds; the words name the cell.
    """

    def cell(name: str) -> str:
        at = columns.get(name, len(cells))
        return cells[at] if at < len(cells) else ""

    status = fold(cell("status"))
    suppressed = cell("suppressed").strip()
    return CsvPerson(
        since=_moment("since", cell("since")),
        changed=_moment("changed", cell("changed")),
        status=status if status in STATUSES else None,
        suppressed=(suppressed if suppressed in _REASONS else "import") if suppressed else "",
        suppressed_at=_moment("suppressed_at", cell("suppressed_at")),
        record=_record(cell("consent_record"), cell("consent_act").strip(), cell("consent_at"), cell),
        uncounted=fold(cell("count_clicks")) in NO,
    )


def _record(earlier: str, act: str, at: str, cell: Any) -> tuple[ConsentLine, ...]:
    lines = _earlier(earlier) if earlier.strip() else []
    if act:
        lines.append(_line("consent_act", act, at, {name: cell(f"consent_{name}") for name in _TEXTS}))
    return tuple(lines)


def _earlier(text: str) -> list[ConsentLine]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ValueError("its consent_record is not a list in JSON")
    return [_line("consent_record", one.get("act"), one.get("at"), one) for one in found]


def _line(column: str, act: object, at: object, texts: Mapping[str, object]) -> ConsentLine:
    told = [texts.get(name, "") for name in _TEXTS]
    moment = _moment(column, at) if isinstance(at, str) else None
    if act not in ACTS or moment is None or not all(map(_is_text, told)):
        raise ValueError(f"its {column} tells of no act and moment that we know")
    return ConsentLine(str(act), moment, *map(str, told))


def _is_text(value: object) -> bool:
    """Whether both databases can keep it: no NUL, and none of the half characters that JSON can name."""
    return isinstance(value, str) and not any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in value)


def _moment(column: str, text: str) -> int | None:
    if not text.strip():
        return None
    try:
        seconds = to_seconds(datetime.fromisoformat(text.strip()))
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"its {column} cannot be read as a moment with a time zone") from None
    if not 0 <= seconds <= _LATEST_MOMENT:
        raise ValueError(f"its {column} is no moment of our time")
    return seconds


def record_as_json(record: Sequence[ConsentLine]) -> str:
    """A record as one text, for the database's temporary table."""
    return json.dumps(record, ensure_ascii=False)


def record_from_json(text: str) -> list[ConsentLine]:
    """The record that `record_as_json` was given."""
    return [ConsentLine(*line) for line in json.loads(text)]
