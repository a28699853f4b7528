"""The moments that files tell, in the ways programs and people write them (pure)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from subscribers.moments import to_seconds

_EPOCH = re.compile(r"[12]\d{9}(\d{3})?(?:\.\d+)?")
_NUMBERS = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?:[ T,]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")


def moment_of(cell: str) -> int | None:
    """Unix seconds of a moment as a file writes it; None when it is none, or can be read in two ways.

    Understood: ISO 8601, Unix seconds and milliseconds, mail dates (RFC 5322), day and month before the year where one
    of them can be no month, or where they are separated by points (German). Without a zone it is UTC.

    Args:
        cell: As it stands in the file.
    """
    text = cell.strip()
    if not text:
        return None
    try:
        return _moment(text)
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        return None


def _moment(text: str) -> int | None:
    epoch = _EPOCH.fullmatch(text)
    if epoch is not None:
        return int(float(text)) // (1000 if epoch[1] else 1)
    numbers = _NUMBERS.fullmatch(text)
    if numbers is not None:
        first, sign, second, year, hour, minute, seconds = numbers.groups(default="0")
        day, month = int(first), int(second)
        if sign != "." and day <= 12:
            if month <= 12 and day != month:
                return None
            day, month = month, day
        return to_seconds(datetime(int(year), month, day, int(hour), int(minute), int(seconds), tzinfo=UTC))
    try:
        found = datetime.fromisoformat(re.sub(r" UTC$", "+00:00", text))
    except ValueError:
        found = parsedate_to_datetime(text)
    return to_seconds(found if found.tzinfo is not None else found.replace(tzinfo=UTC))
