"""Moments as sites write them: ISO, RFC 822, and dates in Arabic, English and French words."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from functools import cache

EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=2)

_MONTHS = (
    "يناير جانفي كانون_الثاني january jan janvier janv",
    "فبراير فيفري شباط february feb février fevrier févr",
    "مارس آذار اذار march mar mars",
    "أبريل ابريل أفريل افريل نيسان إبريل april apr avril avr",
    "مايو ماي أيار ايار may mai",
    "يونيو يونيه جوان حزيران june jun juin",
    "يوليو يوليه جويلية يوليوز تموز july jul juillet juil",
    "أغسطس اغسطس غشت أوت اوت آب august aug août aout",
    "سبتمبر شتنبر أيلول ايلول september sep sept septembre",
    "أكتوبر اكتوبر تشرين_الأول تشرين_الاول october oct octobre",
    "نوفمبر نونبر تشرين_الثاني november nov novembre",
    "ديسمبر دجنبر كانون_الأول كانون_الاول december dec décembre decembre",
)
# Names that feeds put where RFC 822 wants an offset. Of the ambiguous ones AST is Arabia, not the Atlantic:
# this is a program for newsrooms of that region.
_ZONES = {
    "AST": 180,
    "KSA": 180,
    "EET": 120,
    "EEST": 180,
    "CET": 60,
    "CEST": 120,
    "WET": 0,
    "WEST": 60,
    "GST": 240,
    "MSK": 180,
    "BST": 60,
    "IST": 120,
}
_AFTERNOON = ("م", "مساء", "مساءا", "ظهرا", "عصرا", "pm", "p.m.", "p.m")
_MORNING = ("ص", "صباحا", "فجرا", "am", "a.m.", "a.m")

_ISO = re.compile(
    r"(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?)?"
    r"\s*(Z\b|UTC\b|GMT\b|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
_RFC = re.compile(r"\d{1,2}\s+[A-Za-z]{3,9}\.?\s+\d{4}\s+\d{1,2}:\d{2}")
_RFC_ZONE = re.compile(r"([A-Z]{3,4})\s*$")
_NUMERIC = re.compile(r"(?<![\d/.-])(\d{1,4})([/.-])(\d{1,2})\2(\d{1,4})(?![\d/-])")
_CLOCK = re.compile(
    r"(?<![\d:])(\d{1,2}):(\d{2})(?::(\d{2}))?\s*(صباحا|مساءا|مساء|ظهرا|عصرا|فجرا|[صم](?!\w)|[ap]\.?m\b\.?)?"
    r"\s*(Z\b|UTC\b|GMT\b|[+-]\d{2}:?\d{2}(?!\d))?",
    re.IGNORECASE,
)
_LONGEST = 400


def parse(text: str, *, now: datetime, zone: tzinfo = UTC) -> datetime | None:
    """Read one moment out of a text.

    Understood: ISO 8601; RFC 822 and what feeds make of it; day, month name and year in Arabic (Levantine,
    Egyptian and Maghrebi names, two names joined by a slash), English and French; ``20/11/2026`` with the day
    first; a time of day with ص/م or AM/PM; Arabic-Indic and Persian digits. A moment before 1995 or more than
    two days after now is refused, which also refuses Hijri years.

    Args:
        text: What the site wrote, with or without words around it.
        now: The present moment, aware.
        zone: The zone of moments that name none.

    Returns:
        An aware moment, or None when there is none that can be believed.
    """
    text = _plain(text)
    for reader in (_iso, _rfc, _words, _numeric):
        try:
            found = reader(text, zone)
        except (ValueError, OverflowError):
            continue
        if found is not None and is_believable(found, now):
            return found
    return None


def is_believable(moment: datetime, now: datetime) -> bool:
    """Say whether something can have been published then.

    Args:
        moment: Aware moment.
        now: The present moment, aware.
    """
    return EARLIEST <= moment <= now + AHEAD


def _plain(text: str) -> str:
    """ASCII digits, no marks, no reading-order controls, one kind of space."""
    text = unicodedata.normalize("NFKC", text[:_LONGEST])
    text = "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text)
    text = re.sub("[\u064b-\u0652\u0640\u200b-\u200f\u061c\u202a-\u202e\u2066-\u2069]", "", text)
    return " ".join(text.split())


def _iso(text: str, zone: tzinfo) -> datetime | None:
    match = _ISO.search(text)
    if not match:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    if match[4] is None and _CLOCK.search(text, match.end()):
        return _with_clock(year, month, day, text[match.end() :], zone)
    return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=_offset(match[7]) or zone)


def _rfc(text: str, zone: tzinfo) -> datetime | None:
    match = _RFC.search(text)
    if not match:
        return None
    named = _RFC_ZONE.search(text)
    if named and named[1] in _ZONES:
        zone, text = timezone(timedelta(minutes=_ZONES[named[1]])), text[: named.start()]
    moment = parsedate_to_datetime(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _words(text: str, zone: tzinfo) -> datetime | None:
    pattern, months = _month_names()
    for match in pattern.finditer(text.lower()):
        name = match["name"] or match["english"]
        day, year = match["day"] or match["english_day"], match["year"] or match["english_year"]
        rest = text[match.end() :]
        if not _CLOCK.search(rest) and (clock := _CLOCK.search(text[: match.start()])):
            rest = clock[0]
        return _with_clock(int(year), months[" ".join(name.split())], int(day), rest, zone)
    return None


def _numeric(text: str, zone: tzinfo) -> datetime | None:
    match = _NUMERIC.search(text)
    if not match:
        return None
    first, month, last = int(match[1]), int(match[3]), int(match[4])
    year, day = (first, last) if len(match[1]) == 4 else (last, first)
    if len(match[1]) != 4 and len(match[4]) != 4:
        return None
    if month > 12 and day <= 12:  # the American order, when nothing else is possible
        month, day = day, month
    rest = text[match.end() :]
    if not _CLOCK.search(rest) and (clock := _CLOCK.search(text[: match.start()])):
        rest = clock[0]
    return _with_clock(year, month, day, rest, zone)


def _with_clock(year: int, month: int, day: int, rest: str, zone: tzinfo) -> datetime:
    """A day with the time of day that stands in the text after it, or its midnight."""
    match = _CLOCK.search(rest)
    if not match:
        return datetime(year, month, day, tzinfo=zone)
    hour, half = int(match[1]), (match[4] or "").lower()
    if half in _AFTERNOON and hour < 12:
        hour += 12
    elif half in _MORNING and hour == 12:
        hour = 0
    return datetime(year, month, day, hour, int(match[2]), int(match[3] or 0), tzinfo=_offset(match[5]) or zone)


def _offset(text: str | None) -> tzinfo | None:
    if not text:
        return None
    if text.upper() in ("Z", "UTC", "GMT"):
        return UTC
    digits = text[1:].replace(":", "")
    shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-shift if text[0] == "-" else shift)


@cache
def _month_names() -> tuple[re.Pattern[str], dict[str, int]]:
    """A pattern for dates in words, longest names first, and the number of each name."""
    months = {
        unicodedata.normalize("NFKC", name.replace("_", " ")): number
        for number, names in enumerate(_MONTHS, start=1)
        for name in names.split()
    }
    one = "(?:" + "|".join(re.escape(name) for name in sorted(months, key=len, reverse=True)) + ")"
    pattern = re.compile(
        rf"(?<!\d)(?P<day>\d{{1,2}})(?:er)?\s*(?:من\s+)?[-/،,.]?\s*(?P<name>{one})\.?(?!\w)"
        rf"(?:\s*[/(]\s*{one}\)?)?\s*[-/،,]?\s*(?:عام\s+|سنة\s+)?(?P<year>\d{{4}})(?!\d)"
        rf"|(?<!\w)(?P<english>{one})\.?\s+(?P<english_day>\d{{1,2}})(?:st|nd|rd|th)?\s*[,،]?\s+(?P<english_year>\d{{4}})(?!\d)"
    )
    return pattern, months
