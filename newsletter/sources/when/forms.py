"""The forms in which a moment is written, each read by a function of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from enum import IntEnum

from newsletter.sources.when import clock, names
from newsletter.sources.when.calendars import from_hijri, from_persian


class Precision(IntEnum):
    """How far a moment that was read can be believed."""

    AROUND_THE_DAY = 1
    """A Hijri date: the day, or one beside it."""
    DAY = 2
    TIME = 3


@dataclass(frozen=True, slots=True)
class ParsedDate:
    """A moment that was read out of a text."""

    moment: datetime
    """Aware; midnight where no time of day is known."""
    precision: Precision


Reader = Callable[[str, tzinfo], Iterator[ParsedDate]]

_ISO = re.compile(
    r"(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:T\s*|\s+)(?=\d{1,2}:\d{2}))?"
    r"|(?<!\d)(\d{4})(\d{2})(\d{2})T(?=\d{4})"
)
_BASIC_CLOCK = re.compile(r"(\d{2})(\d{2})(\d{2})?(?:[.,]\d{1,9})?(?P<zone>Z|[+-]\d{2}:?\d{2})?(?!\d)")
_ENGLISH = "|".join(sorted(names.ENGLISH, key=len, reverse=True))
_RFC = re.compile(
    rf"(?<![\d/.-])(?P<day>\d{{1,2}})[\s-]+(?P<month>{_ENGLISH})\.?[\s-]+(?P<year>\d{{2,4}}),?[\sT]+(?=\d{{1,2}}:\d{{2}})",
    re.IGNORECASE,
)
_CTIME = re.compile(
    rf"(?<!\w)(?P<month>{_ENGLISH})\s+(?P<day>\d{{1,2}})\s+(?P<clock>\d{{1,2}}:\d{{2}}(?::\d{{2}})?"
    rf"(?:\s+(?:[A-Z]{{2,5}}|[A-Z]{{0,3}}[+-]\d{{1,2}}:?\d{{0,2}}))?)\s+(?P<year>\d{{4}})(?!\d)",
    re.IGNORECASE,
)
_EPOCH = re.compile(r"\s*(?:/Date\()?([1-9]\d{9}|[1-9]\d{12})(?:\.\d{1,9})?(?:(?:[+-]\d{4})?\)/)?\s*")
_NUMERIC = re.compile(r"(?<![\d/.-])(\d{1,4})\s?([/.-])\s?(\d{1,2})\s?\2\s?(\d{1,4})(?![\d/-])")
_LAST_PERSIAN, _FIRST_PERSIAN = 1500, 1300


def readings(text: str, zone: tzinfo) -> Iterator[ParsedDate]:
    """Every moment that can be read out of a text, the likeliest first: Gregorian before Persian before Hijri.

    Args:
        text: Folded text, with ASCII digits and single spaces.
        zone: Zone of moments that name none.
    """
    for reader in _READERS:
        yield from reader(text, zone)


def _epoch(text: str, _zone: tzinfo) -> Iterator[ParsedDate]:
    """Seconds or milliseconds since 1970, as programs write them; nothing else may stand beside them."""
    match = _EPOCH.fullmatch(text)
    if match:
        seconds = int(match[1]) / (1000 if len(match[1]) == 13 else 1)
        yield ParsedDate(datetime.fromtimestamp(seconds, UTC), Precision.TIME)


def _iso(text: str, zone: tzinfo) -> Iterator[ParsedDate]:
    """ISO 8601, and what is like it; its year may be a Persian or Hijri one (``1405-08-29T10:00:00+03:30``)."""
    for match in _ISO.finditer(text):
        if match[4]:
            day = _gregorian(int(match[4]), int(match[5]), int(match[6]))
            basic = _BASIC_CLOCK.match(text, match.end())
            if day and basic:
                written = f"{basic[1]}:{basic[2]}:{basic[3] or '00'}{basic['zone'] or ''}"
                yield _with_clock(day, "", written, zone)
            continue
        year, month, number = int(match[1]), int(match[2]), int(match[3])
        if _FIRST_PERSIAN < year < _LAST_PERSIAN:
            yield from _other_calendars(year, month, number, text, match, zone)
        elif day := _gregorian(year, month, number):
            yield _with_clock(day, text[: match.start()], text[match.end() :], zone)


def _rfc(text: str, zone: tzinfo) -> Iterator[ParsedDate]:
    """RFC 822 and 2822, RFC 850 and what feeds make of them.

    A year of two digits up to 49 is of this century, of 50 and more of the last; one of three digits counts from
    1900 (RFC 2822 section 4.3).
    """
    for match in _RFC.finditer(text):
        year = int(match["year"])
        if len(match["year"]) < 4:
            year += 2000 if len(match["year"]) == 2 and year < 50 else 1900
        day = _gregorian(year, names.ENGLISH[match["month"].lower()], int(match["day"]))
        if day:
            yield _with_clock(day, "", text[match.end() :], zone)


def _ctime(text: str, zone: tzinfo) -> Iterator[ParsedDate]:
    """``Fri Nov 20 10:00:00 2026``, as C's ``ctime`` and the command ``date`` write it."""
    for match in _CTIME.finditer(text):
        day = _gregorian(int(match["year"]), names.ENGLISH[match["month"].lower()], int(match["day"]))
        if day:
            yield _with_clock(day, "", match["clock"], zone)


def _gregorian_words(text: str, zone: tzinfo) -> Iterator[ParsedDate]:
    for shape in (names.day_first, names.month_first, names.year_first):
        pattern = shape(names.GREGORIAN)
        for match, year, month, number in _worded(pattern, names.GREGORIAN, text):
            day = _gregorian(year, month, number)
            if day:
                yield _with_clock(day, text[: match.start()], text[match.end() :], zone)


def _gregorian_numbers(text: str, zone: tzinfo) -> Iterator[ParsedDate]:
    """``2026/11/20`` and ``20/11/2026``; the day goes first, but for the American order where nothing else can be."""
    for match, year, month, number in _numbers(text):
        is_american = month > 12 and number <= 12
        day = _gregorian(year, number, month) if is_american else _gregorian(year, month, number)
        if day:
            yield _with_clock(day, text[: match.start()], text[match.end() :], zone)


def _other_words(text: str, zone: tzinfo) -> Iterator[ParsedDate]:
    for shape in (names.day_first, names.year_first):
        for match, year, month, number in _worded(shape(names.PERSIAN), names.PERSIAN, text):
            yield from _persian(year, month, number, text, match, zone)
    for shape in (names.day_first, names.year_first):
        for _match, year, month, number in _worded(shape(names.HIJRI), names.HIJRI, text):
            yield from _hijri(year, month, number, zone)


def _other_numbers(text: str, zone: tzinfo) -> Iterator[ParsedDate]:
    """``1405/08/29`` and ``29/5/1447``: a year is of the calendar in which it is not the future.

    Until 2036 no year is possible in both: the Hijri year 1415 ended in 1995.
    """
    for match, year, month, number in _numbers(text):
        if _FIRST_PERSIAN < year < _LAST_PERSIAN:
            yield from _other_calendars(year, month, number, text, match, zone)


def _other_calendars(
    year: int, month: int, number: int, text: str, match: re.Match[str], zone: tzinfo
) -> Iterator[ParsedDate]:
    yield from _persian(year, month, number, text, match, zone)
    yield from _hijri(year, month, number, zone)


def _persian(year: int, month: int, number: int, text: str, match: re.Match[str], zone: tzinfo) -> Iterator[ParsedDate]:
    try:
        day = from_persian(year, month, number)
    except (ValueError, OverflowError):
        return
    yield _with_clock(day, text[: match.start()], text[match.end() :], zone)


def _hijri(year: int, month: int, number: int, zone: tzinfo) -> Iterator[ParsedDate]:
    """A Hijri date; the time of day beside it is left out, since the day itself may be another."""
    try:
        day = from_hijri(year, month, number)
    except (ValueError, OverflowError):
        return
    yield ParsedDate(datetime(day.year, day.month, day.day, tzinfo=zone), Precision.AROUND_THE_DAY)


def _worded(
    pattern: re.Pattern[str], months: tuple[str, ...], text: str
) -> Iterator[tuple[re.Match[str], int, int, int]]:
    known = names.numbers(months)
    for match in pattern.finditer(text):
        number = known.get("".join(match["month"].lower().split()))
        if number:
            yield match, int(match["year"]), number, int(match["day"])


def _numbers(text: str) -> Iterator[tuple[re.Match[str], int, int, int]]:
    for match in _NUMERIC.finditer(text):
        if len(match[1]) == 4:
            yield match, int(match[1]), int(match[3]), int(match[4])
        elif len(match[4]) == 4:
            yield match, int(match[4]), int(match[3]), int(match[1])


def _gregorian(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _with_clock(day: date, before: str, after: str, zone: tzinfo) -> ParsedDate:
    """A day with the time of day that stands after it, else before it, or its midnight."""
    found = clock.find(after) or clock.find(before)
    if found is None:
        return ParsedDate(datetime(day.year, day.month, day.day, tzinfo=zone), Precision.DAY)
    moment = datetime(day.year, day.month, day.day, found.hour, found.minute, found.second, tzinfo=found.zone or zone)
    return ParsedDate(moment, Precision.TIME)


_READERS: tuple[Reader, ...] = (
    *(_epoch, _iso, _rfc, _ctime, _gregorian_words, _gregorian_numbers, _other_words, _other_numbers),
)
