"""Values of a site's JSON, whatever stands there, and moments as the interface takes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Any


def as_moment(bound: datetime | date, of_day: time, seconds: int) -> str:
    """A bound as the interface takes it; it compares exclusively, so one second is given.

    Without an offset it means the site's own time, which is what a bare date means too.

    Args:
        bound: A datetime is aware.
        of_day: What a bare date means.
        seconds: How far the bound is moved.
    """
    shift = timedelta(seconds=seconds)
    if isinstance(bound, datetime):
        return (bound.astimezone(UTC) + shift).strftime("%Y-%m-%dT%H:%M:%SZ")
    moment = datetime.combine(bound, of_day.replace(microsecond=0)) + shift
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def zone_of(index: Mapping[str, Any]) -> tzinfo:
    """The zone of a site, by its name or else by its offset; UTC when it tells neither.

    Args:
        index: Root of the interface.
    """
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(as_text(index.get("timezone_string")) or "?")
    except (ValueError, OSError, KeyError):
        pass
    try:
        return timezone(timedelta(hours=float(index.get("gmt_offset") or 0)))
    except (ValueError, TypeError, OverflowError):
        return UTC


def as_text(value: object) -> str:
    """The value if it is text, else nothing.

    Args:
        value: Of any JSON.
    """
    return value if isinstance(value, str) else ""


def as_list(value: object) -> list[Any]:
    """The value if it is a list, else an empty one.

    Args:
        value: Of any JSON.
    """
    return value if isinstance(value, list) else []
