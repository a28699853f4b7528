"""A moment as an editor writes it, in the zone of the site. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from newsletter.errors import SendError
from newsletter.text.sentences import said
from newsletter.text.wall_clock import readings

_WANTED = 'write a day and a time of the site\'s zone, "2026-11-26 18:00", or with an offset, "2026-11-26 18:00+02:00"'
_FORM = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(:\d\d)?\s*(Z|[+-]\d\d:?\d\d)?")
WESTERN_DIGITS = {0x660 + digit: str(digit) for digit in range(10)} | {0x6F0 + digit: str(digit) for digit in range(10)}
"""For ``str.translate``: Arabic and Persian digits to those of ASCII."""


def moment(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """The moment that is meant, timezone-aware, in UTC.

    Args:
        text: A day and a time, in the zone of the site unless an offset from UTC follows.
        zone: Of the site.
        now: The present moment, timezone-aware.

    Raises:
        SendError: It is no moment; it is over; or the clocks of the zone are changed then, so that it does not exist
            or comes twice.
    """
    found = _FORM.fullmatch(text.strip().translate(WESTERN_DIGITS))
    try:
        if found is None:
            raise ValueError
        read = datetime.fromisoformat(f"{found[1]}T{found[2]}{found[3] or ''}{found[4] or ''}")
    except ValueError:
        raise SendError(said("{text} is no moment", text=f"{text!r}"), where="--at", mend=_WANTED) from None
    when = read if read.tzinfo is not None else _local(read, zone, text)
    if when <= now:
        raise SendError(
            said("{text} is over", text=f"{text!r}"), where="--at", mend="name a later moment, or send without --at"
        )
    return when.astimezone(UTC)


def _local(wall: datetime, zone: ZoneInfo, text: str) -> datetime:
    """The one moment at which the clocks of the zone show this; what they show twice or never is asked (PEP 495)."""
    real = readings(wall, zone)
    if not real:
        # A missing time is read with the offset before the change: the same distance into the gap.
        after = wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
        raise SendError(
            said("{text} does not exist in {key}: the clocks jump over it", text=f"{text!r}", key=zone.key),
            where="--at",
            mend=said('{after} is the same after the jump; write --at "{after}"', after=f"{after:%Y-%m-%d %H:%M}"),
        )
    if len(real) == 2:
        first, second = (f"{wall:%Y-%m-%d %H:%M}{_offset(one.utcoffset())}" for one in real)
        raise SendError(
            said("{text} comes twice in {key}: the clocks are set back", text=f"{text!r}", key=zone.key),
            where="--at",
            mend=said('say which: --at "{first}" (the first) or --at "{second}"', first=first, second=second),
        )
    return real[0]


def _offset(distance: timedelta | None) -> str:
    minutes = round((distance or timedelta()).total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
