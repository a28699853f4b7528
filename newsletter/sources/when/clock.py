"""The time of day in a text, and the zone that it names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

from newsletter.sources.when.names import fold

# Names that feeds put where RFC 822 wants an offset, in minutes. Of the ambiguous ones AST is Arabia, not the
# Atlantic, and IST Israel, not India: this is a program for newsrooms of that region.
_ABBREVIATIONS = {
    **{"Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 60, "BST": 60, "CET": 60, "CEST": 120, "MET": 60},
    **{"EET": 120, "EEST": 180, "IST": 120, "IDT": 180, "AST": 180, "KSA": 180, "TRT": 180, "MSK": 180},
    **{"GST": 240, "IRST": 210, "IRDT": 270, "AFT": 270, "PKT": 300, "CAT": 120, "SAST": 120, "WAT": 60, "EAT": 180},
    **{"EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420},
}
# "By the time of Mecca": how sites of several countries say whose clock they mean.
_PLACES = {
    "غرينتش غرينيتش غرينتش_العالمي جرينتش جرينيتش گرينويچ گرینویچ العالمي": "UTC",
    "مكة مكة_المكرمة الرياض السعودية": "Asia/Riyadh",
    "القاهرة مصر": "Africa/Cairo",
    "بيروت لبنان": "Asia/Beirut",
    "دمشق سوريا": "Asia/Damascus",
    "بغداد العراق": "Asia/Baghdad",
    "عمان_الأردن الأردن": "Asia/Amman",
    "القدس القدس_المحتلة": "Asia/Jerusalem",
    "فلسطين غزة": "Asia/Gaza",
    "الدوحة قطر": "Asia/Qatar",
    "أبوظبي أبو_ظبي دبي الإمارات": "Asia/Dubai",
    "الكويت": "Asia/Kuwait",
    "المنامة البحرين": "Asia/Bahrain",
    "مسقط": "Asia/Muscat",
    "صنعاء عدن اليمن": "Asia/Aden",
    "الخرطوم السودان": "Africa/Khartoum",
    "طرابلس ليبيا": "Africa/Tripoli",
    "تونس": "Africa/Tunis",
    "الجزائر": "Africa/Algiers",
    "الرباط المغرب الدار_البيضاء": "Africa/Casablanca",
    "نواكشوط": "Africa/Nouakchott",
    "تهران ایران": "Asia/Tehran",
    "کابل افغانستان": "Asia/Kabul",
    "إسطنبول تركيا": "Europe/Istanbul",
    "باريس": "Europe/Paris",
    "لندن": "Europe/London",
    "واشنطن نيويورك": "America/New_York",
}
_MOST_HOURS = 14

_MORNING = "صباحا|فجرا|قبل الظهر|صبح|بامداد|ق ?\\. ?ظ|قبل از ظهر|ص(?!\\w)|a\\.?m\\b\\.?"
_NOON = "ظهرا|ظهر(?!\\w)"
_NIGHT = "ليلا|شب(?!\\w)"
_AFTERNOON = "مساءا|مساء|عصرا|عصر(?!\\w)|بعد الظهر|بعد ?از ?ظهر|ب ?\\. ?ظ|م(?!\\w)|p\\.?m\\b\\.?"
_HALF = rf"(?:(?P<morning>{_MORNING})|(?P<noon>{_NOON})|(?P<night>{_NIGHT})|(?P<afternoon>{_AFTERNOON}))"


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day."""

    hour: int
    minute: int
    second: int
    zone: tzinfo | None
    """What it names, if it names one."""


def find(text: str) -> Clock | None:
    """The first time of day in a text: ``14:30:05+03``, ``2:30 م``, ``14h30``, ``الساعة 2 مساءً``.

    Args:
        text: Folded text, with ASCII digits.

    Returns:
        None when there is none, or its first is none that a clock shows.
    """
    match = _pattern().search(text)
    if not match:
        return None
    hour, minute, second = int(match["hour"] or match["alone"]), int(match["minute"] or 0), int(match["second"] or 0)
    if match["afternoon"] or match["afternoon_alone"]:
        hour += 12 if hour < 12 else 0
    elif match["morning"] or match["morning_alone"]:
        hour = 0 if hour == 12 else hour
    elif match["noon"] or match["noon_alone"]:
        hour += 12 if hour < 6 else 0
    elif match["night"] or match["night_alone"]:
        hour = 0 if hour == 12 else hour + 12 if 6 <= hour < 12 else hour
    if hour > 23 or minute > 59 or second > 60:
        return None
    return Clock(hour, minute, min(second, 59), zone_of(match["zone"] or ""))


def zone_of(text: str) -> tzinfo | None:
    """The zone that a text names: an offset, an abbreviation, an IANA name, or a place after "by the time of".

    ``GMT+7`` and ``UTC+3`` lie east of Greenwich, as everybody means them; ``Etc/GMT+3`` west, as IANA does.

    Args:
        text: Folded text that is nothing but the zone.
    """
    text = text.strip(" ()")
    offset = _OFFSET.fullmatch(text)
    if offset:
        hours, minutes = int(offset["hours"]), int(offset["minutes"] or 0)
        if hours > _MOST_HOURS or minutes > 59:
            return None
        shift = timedelta(hours=hours, minutes=minutes)
        return timezone(shift if offset["sign"] == "+" else -shift)
    if text.upper() in ("Z", "UTC", "GMT", "UT"):
        return UTC
    if text in _ABBREVIATIONS:
        return timezone(timedelta(minutes=_ABBREVIATIONS[text]))
    place = _BY_THE_TIME_OF.fullmatch(text)
    name = _places().get("".join(place["place"].split()), "") if place else text
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name) if "/" in name else None
    except (KeyError, ValueError, OSError):  # it knows no such zone, or the name was made to lead out of its folder
        return None


_SIGNED = r"(?P<sign>[+\-\u2212])(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2}))?"
_OFFSET = re.compile(rf"(?:(?:UTC|GMT|UT)\s?)?{_SIGNED}", re.IGNORECASE)
_BY_THE_TIME_OF = re.compile(r"(?:ب?توقيت|به وقت)\s+(?P<place>.+)")


@cache
def _places() -> dict[str, str]:
    return {fold(name).replace("_", ""): zone for names, zone in _PLACES.items() for name in names.split()}


@cache
def _pattern() -> re.Pattern[str]:
    """A time of day and what may stand after it; compiled at the first use."""
    places = sorted((fold(name) for names in _PLACES for name in names.split()), key=len, reverse=True)
    place = "|".join(re.escape(name).replace("_", r"\s*") for name in places)
    signed = r"[+\-\u2212]\d{1,2}(?::?\d{2})?(?![\d/.:\-])"
    zone = (
        rf"(?:UTC|GMT|UT)\s?{signed}|{signed}|(?-i:{'|'.join(sorted(_ABBREVIATIONS, key=len, reverse=True))})(?![\w/])"
        rf"|(?:UTC|GMT)(?![\w/])|(?-i:[A-Z][A-Za-z]{{2,20}}(?:/[A-Z][A-Za-z_+\-\d]{{2,30}}){{1,2}}(?![\w/]))"
        rf"|(?:ب?توقيت|به وقت)\s+(?:{place})(?!\w)"
    )
    # The same names of groups twice are not allowed, so the second set has a tail.
    alone = _HALF.replace(">", "_alone>")
    return re.compile(
        rf"(?:(?<![\d:])(?P<hour>\d{{1,2}})\s?(?::|h(?=\s?\d))\s?(?P<minute>\d{{2}})(?!\d)"
        rf"(?::(?P<second>\d{{2}})(?:[.,]\d{{1,9}})?)?\s*{_HALF}?"
        rf"|(?:الساعه|ساعت)\s+(?P<alone>\d{{1,2}})(?![\d:])\s*(?:{alone}))"
        rf"\s*(?P<zone>\(?(?:{zone})\)?)?",
        re.IGNORECASE,
    )
