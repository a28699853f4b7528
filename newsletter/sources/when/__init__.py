"""Moments as sites write them: for machines, and in the words and calendars of their readers."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, tzinfo

from newsletter.sources.when.forms import ParsedDate, Precision, readings
from newsletter.sources.when.names import fold

__all__ = ["AHEAD", "EARLIEST", "ParsedDate", "Precision", "is_believable", "parse", "read"]

EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=2)
_LONGEST = 400
_DIGITS = re.compile(r"\d\d")


def parse(text: str, *, now: datetime, zone: tzinfo = UTC) -> datetime | None:
    """Read one moment out of a text: the moment of ``read``.

    Args:
        text: What the site wrote, with or without words around it.
        now: The present moment, aware.
        zone: The zone of moments that name none.

    Returns:
        An aware moment, or None when there is none that can be believed.
    """
    found = read(text, now=now, zone=zone)
    return found.moment if found else None


def read(text: str, *, now: datetime, zone: tzinfo = UTC) -> ParsedDate | None:
    """Read one moment out of a text, and say how far it can be believed.

    Understood: ISO 8601; RFC 822 with years of two digits and what feeds make of it; ctime; seconds and
    milliseconds since 1970; day, month name and year in Arabic (Levantine, Egyptian and Maghrebi names, two names
    joined by a slash), English, French, Persian, Hebrew and Urdu; ``20/11/2026`` with the day first; Solar Hijri
    (Persian) and Hijri dates in words and numbers; a time of day with ص/م, AM/PM and their like, and the zone after
    it; Arabic-Indic and Persian digits. Where a line has the day in two calendars, the Gregorian one is taken.
    A Hijri day is midnight of a day that may be the one beside it. A moment before 1995 or more than two days after
    now is refused.

    Args:
        text: What the site wrote, with or without words around it.
        now: The present moment, aware.
        zone: The zone of moments that name none.
    """
    plain = _plain(text)
    if not _DIGITS.search(plain):
        return None
    try:
        return next((each for each in readings(plain, zone) if is_believable(each.moment, now)), None)
    except OverflowError:  # a moment at the end of the calendar, moved beyond it by its zone
        return None


def is_believable(moment: datetime, now: datetime) -> bool:
    """Say whether something can have been published then.

    Args:
        moment: Aware moment.
        now: The present moment, aware.
    """
    return EARLIEST <= moment <= now + AHEAD


def _plain(text: str) -> str:
    """ASCII digits, no marks, no reading-order controls, one kind of space, one spelling of each letter."""
    text = unicodedata.normalize("NFKC", text[:_LONGEST])
    text = "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text)
    text = text.replace("\u200c", " ")  # Persian joins the parts of a month's name with it, or with a space
    text = re.sub("[\u064b-\u0652\u0640\u200b-\u200f\u061c\u202a-\u202e\u2066-\u2069]", "", text)
    return fold(" ".join(text.split()))
