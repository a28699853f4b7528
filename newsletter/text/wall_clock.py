"""What a wall clock of a zone shows, as moments: hours that come twice, and hours that never come. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def readings(wall: datetime, zone: ZoneInfo) -> list[datetime]:
    """The moments at which the clocks of a zone show this, oldest first: one, two where they are set back, or none.

    Args:
        wall: Day and time without a zone.
        zone: The zone of the site.
    """
    both = [wall.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
    real = [one for one in both if one.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall]
    if len(real) == 2 and real[0].utcoffset() == real[1].utcoffset():
        return real[:1]
    return real
