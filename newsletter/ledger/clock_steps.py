"""A clock that was set back: by NTP, with a machine that was restored, or since it had run ahead before.

Nothing waits for the clock to come to where it was: every lease, hour and limit that lies further ahead than it could
have been written counts as over. But what is planned for a moment waits for it by the new clock; so a step back is
noted by whoever writes the present moment down anyway (a worker's sign of life, a freezing), and told for a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from newsletter.ledger.cursors import cursor, set_cursor
from newsletter.storage.clock import clock

if TYPE_CHECKING:
    from sqlalchemy import Connection

APART = 60
"""Seconds that the clocks of machines may differ, or be put right by, before anybody is told."""
TOLD_FOR = 86_400
"""Seconds for which a step back is told."""
_LATEST = "clock latest "
"""Before whose clock it is: the latest moment that was written down by it."""
_STEP, _STEP_AT = "clock step ", "clock step at "
_OURS, _DATABASE = "here", "database"


@dataclass(frozen=True, slots=True)
class ClockStep:
    """A step back of a clock."""

    seconds: int
    """How far."""
    noted: int
    """When it was noted, in Unix seconds by that clock."""
    of_database: bool
    """Whether it is the clock of the machine of the database, not the one of this machine."""


def note_clock(connection: Connection, now: datetime) -> ClockStep | None:
    """Write the present moment down; gives the step back when a clock was set back since that was done last.

    Of many processes one is told.

    Args:
        connection: A writing transaction.
        now: The present moment by our own clock, timezone-aware.
    """
    found = None
    for whose, at in _clocks(connection, now):
        latest = cursor(connection, _LATEST + whose)
        if latest - at > APART:
            found = found or ClockStep(latest - at, at, whose == _DATABASE)
            set_cursor(connection, _STEP + whose, latest - at)
            set_cursor(connection, _STEP_AT + whose, at)
        if at > latest or latest - at > APART:
            set_cursor(connection, _LATEST + whose, at)
    return found


def clock_step(connection: Connection, now: datetime) -> ClockStep | None:
    """The step back that is to be told now: one that was noted within a day, or that nobody has noted yet.

    Args:
        connection: An open connection to the database.
        now: The present moment by our own clock, timezone-aware.
    """
    for whose, at in _clocks(connection, now):
        latest = cursor(connection, _LATEST + whose)
        if latest - at > APART:
            return ClockStep(latest - at, at, whose == _DATABASE)
        seconds, noted = cursor(connection, _STEP + whose), cursor(connection, _STEP_AT + whose)
        if seconds and -APART <= at - noted < TOLD_FOR:
            return ClockStep(seconds, noted, whose == _DATABASE)
    return None


def _clocks(connection: Connection, now: datetime) -> list[tuple[str, int]]:
    ours = [(_OURS, int(now.timestamp()))]
    # The file of SQLite is on a machine whose clock is ours.
    return ours if connection.dialect.name == "sqlite" else [*ours, (_DATABASE, int(clock(connection)))]
