"""Dates, digits and plurals in the publication's language (names and rules of Unicode CLDR, through Babel)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

Digits = Literal["latin", "arabic-indic"]

_ARABIC_INDIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
_EASTERN_ARABIC_INDIC = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
# CLDR writes these dates with marks that only steer direction; the letter isolates its runs itself.
_MARKS = str.maketrans("", "", "\u200e\u200f\u061c")


def long_date(
    moment: datetime,
    language: str,
    zone: str,
    *,
    months: str = "",
    digits: Digits = "latin",
    weekday: bool = True,
) -> str:
    """Write a date in words, as ``الجمعة، 14 نوفمبر 2025``.

    Args:
        moment: The moment to write, an aware datetime.
        language: Language tag of the publication, as ``ar`` or ``pt-BR``.
        zone: IANA name of the zone whose calendar day is meant.
        months: Locale whose month names are used, as ``ar_DZ`` (جانفي) or ``ar_LB`` (كانون الثاني). Empty takes
            the language's; for every Arabic the common names (يناير), which newsrooms of all countries write.
        digits: ``latin``, or ``arabic-indic`` (۰۱۲ for Persian and Urdu).
        weekday: Whether the day's name stands before it.
    """
    day = moment.astimezone(ZoneInfo(zone)).date()
    written = _written(day, months or ("ar" if _base(language) == "ar" else language), weekday)
    return in_digits(written, language, digits)


@lru_cache(maxsize=256)
def _written(day: date, locale: str, weekday: bool) -> str:
    # The stories of a letter share a few days.
    from babel.dates import format_date

    written = format_date(day, "full" if weekday else "long", locale=locale_of(locale))
    return str(written).translate(_MARKS)


def hijri_date(moment: datetime, language: str, zone: str, *, digits: Digits = "latin") -> str:
    """Write the date of the Umm al-Qura calendar, as ``23 جمادى الأولى 1447 هـ``; empty outside 1924 to 2077.

    Countries that sight the moon may be a day away from it.

    Args:
        moment: The moment to write, an aware datetime.
        language: Arabic gets Arabic month names, every other language English ones.
        zone: IANA name of the zone whose calendar day is meant.
        digits: ``latin`` or ``arabic-indic``, as for ``long_date``.
    """
    from hijridate import Gregorian

    day = moment.astimezone(ZoneInfo(zone)).date()
    try:
        hijri = Gregorian.fromdate(day).to_hijri()
    except OverflowError:
        return ""
    names: Literal["ar", "en"] = "ar" if _base(language) == "ar" else "en"
    return in_digits(f"{hijri.day} {hijri.month_name(names)} {hijri.year} {hijri.notation(names)}", language, digits)


def in_zone(when: datetime, zone: tzinfo) -> str:
    """A moment as commands and alerts show it to editors: in the zone of the site, with the zone's name.

    Args:
        when: The moment, timezone-aware.
        zone: Of the site.
    """
    return f"{when.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def in_digits(text: str, language: str, digits: Digits) -> str:
    """Write the Latin digits of a text in the digits asked for.

    Args:
        text: Plain text, of any length.
        language: Language tag; Persian and Urdu have digit forms of their own.
        digits: ``latin`` leaves the text as it is.
    """
    if digits == "latin":
        return text
    eastern = _base(language) in ("fa", "ur", "ps", "sd")
    return text.translate(_EASTERN_ARABIC_INDIC if eastern else _ARABIC_INDIC)


def plural(n: int, language: str, forms: Mapping[str, str], digits: Digits = "latin") -> str:
    """Choose the form of a word that goes with a number, by CLDR's plural rules (six of them in Arabic).

    Args:
        n: The number to write.
        language: Language of the words, as ``ar`` or ``en``.
        forms: Texts by category: ``zero``, ``one``, ``two``, ``few``, ``many`` and ``other`` (needed);
            ``{n}`` in them becomes the number.
        digits: ``latin`` or ``arabic-indic``: the digits that ``{n}`` is written in.
    """
    category = locale_of(language).plural_form(n)
    return str(forms.get(category, forms["other"])).replace("{n}", in_digits(str(n), language, digits))


def _base(language: str) -> str:
    return language.replace("_", "-").split("-")[0].lower()


def locale_of(language: str) -> Any:
    """Babel's locale for a language tag; the language alone, then English, when it does not know the rest.

    Args:
        language: ``ar``, ``ar_DZ``, ``ar-DZ``, ``fr`` …
    """
    from babel import Locale, UnknownLocaleError

    wanted = language.replace("-", "_")
    for tag in (wanted, wanted.split("_")[0], "en"):
        try:
            return Locale.parse(tag)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")
