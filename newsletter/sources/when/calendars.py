"""The two calendars beside the Gregorian one that sites of the region date by: Solar Hijri (Persian) and Hijri."""

from __future__ import annotations

from datetime import date, timedelta

_BEFORE_PERSIAN = 226_894
"""What ``date.toordinal`` gives for the day before 1 Farvardin of the year 1 (Julian day 1,948,319)."""
_HALF_A_YEAR = 186


def from_persian(year: int, month: int, day: int) -> date:
    """The Gregorian day of a Solar Hijri date, as Iran and Afghanistan count: exact from 1995 until 2061 and beyond.

    Leap years by the cycle of 33 years, which ICU uses too (``persncal.cpp``); every day from 1995 to 2060 was
    compared with ICU 78 and is the same. The first six months have 31 days, the others 30, the last 29 or 30.

    Args:
        year: For example 1405.
        month: 1 (Farvardin) to 12 (Esfand).
        day: Day of the month.

    Raises:
        ValueError: There is no such day.
    """
    length = 31 if month <= 6 else 30 if month < 12 or is_persian_leap(year) else 29
    if not (1 <= month <= 12 and 1 <= day <= length):
        raise ValueError(f"no day {day} in month {month} of {year}")
    before = 31 * (month - 1) if month <= 7 else _HALF_A_YEAR + 30 * (month - 7)
    return date.fromordinal(_BEFORE_PERSIAN + _days_before(year) + before + day)


def is_persian_leap(year: int) -> bool:
    """Say whether a Solar Hijri year has 366 days.

    Args:
        year: For example 1403, which has.
    """
    return _days_before(year + 1) - _days_before(year) == 366


def from_hijri(year: int, month: int, day: int) -> date:
    """The Gregorian day of a Hijri date by the Umm al-Qura calendar of Saudi Arabia.

    It can be off: where the moon is sighted a month begins a day, rarely two, earlier or later. And the tables
    of the calendar themselves differ by a day before 1420 (1999) and for the years after 1450, which are forecasts
    (hijridate 2.6 beside ICU 78). So whoever asks may believe the day nearly, and an hour not at all.

    Args:
        year: 1343 to 1500.
        month: 1 (Muharram) to 12 (Dhu al-Hijja).
        day: Day of the month; a thirtieth that this calendar lacks is the day after the 29th.

    Raises:
        ValueError: There is no such day.
        OverflowError: The year is beyond the table.
    """
    from hijridate import Hijri

    if day == 30:
        return Hijri(year, month, 29).to_gregorian() + timedelta(days=1)
    return Hijri(year, month, day).to_gregorian()


def _days_before(year: int) -> int:
    return 365 * (year - 1) + (8 * year + 21) // 33
