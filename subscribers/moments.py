"""Moments as the database keeps them: whole seconds since 1970 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def to_seconds(moment: datetime) -> int:
    """Turn a moment into whole Unix seconds.

    Args:
        moment: An aware datetime.

    Raises:
        ValueError: The moment has no time zone, so nobody knows when it was.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return int(moment.timestamp() // 1)


def to_moment(seconds: int) -> datetime:
    """Turn Unix seconds into an aware moment in UTC."""
    return datetime.fromtimestamp(seconds, UTC)
