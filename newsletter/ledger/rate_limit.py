"""How fast letters may go: one bucket of tokens for each limit, in the database, shared by every process.

A letter costs a token; tokens come back at the rate that was set, by the database's own clock, and a bucket holds at
most those of one second (of one minute, for a limit by the hour). So in any span of time go no more letters than come
back in it and one bucket full. Whoever finds too few waits outside the transaction and asks again, so that a process
that dies while it waits has taken nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.storage.clock import clock
from subscribers.store.dialect import insert

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class RateLimit:
    """The limits of a workspace; 0 is none."""

    per_second: float = 0.0
    """Letters in a second."""
    per_hour: float = 0.0
    """Letters in an hour."""

    @property
    def limits(self) -> dict[str, tuple[float, float]]:
        """Name of each limit that is set, with tokens a second and what its bucket holds."""
        found = {}
        # Two at least, so that what comes back while somebody is late to ask is not lost.
        if self.per_hour:
            found["hour"] = (self.per_hour / 3600, max(self.per_hour / 60, 2.0))
        if self.per_second:
            found["second"] = (self.per_second, max(self.per_second, 2.0))
        return found

    def batch(self, size: int) -> int:
        """Letters that should go in one piece: half a bucket at most, so that none waits for a full one."""
        return max(1, min([size, *(int(holds / 2) for _, holds in self.limits.values())]))


_ROUNDING = 1e-6
"""Seconds that the sums of floating numbers may be off, so that nobody is told to wait for nothing again and again."""

_BACK = 5.0
"""Seconds that two readings of one clock, in two transactions, are never apart the wrong way."""


def take(connection: Connection, rate_limit: RateLimit, number: int) -> float:
    """Take a token for each of ``number`` letters, from every limit or from none.

    A number that no bucket holds may go as soon as half of it is there; the rest is owed, and everybody waits for it.

    Args:
        connection: A writing transaction, short and of its own.
        rate_limit: The limits of the workspace.
        number: How many letters.

    Returns:
        0 when they are taken; else seconds to wait before asking again.
    """
    buckets = _buckets(connection, rate_limit)
    wait = 0.0
    for name, (rate, holds) in rate_limit.limits.items():
        missing = min(float(number), max(holds / 2, 1.0)) - buckets[name]
        wait = max(wait, missing / rate)
    if wait > _ROUNDING:
        return wait
    _put(connection, {name: tokens - number for name, tokens in buckets.items()})
    return 0.0


def charge(connection: Connection, rate_limit: RateLimit, number: int) -> None:
    """Count letters that go without asking; less than 0 gives back what was taken and not used.

    Args:
        connection: A writing transaction.
        rate_limit: The limits of the workspace.
        number: Number of letters.
    """
    if number and rate_limit.limits:
        _put(connection, {name: tokens - number for name, tokens in _buckets(connection, rate_limit).items()})


def since(at: float, now: float) -> float:
    """From when on tokens come back: from the later of two moments, unless one lies so far ahead that the clock must
    have been set back since; then from now on, or none would come until the clock is there again.

    Args:
        at: When the bucket was looked at last, by the database's clock.
        now: The present moment by it.
    """
    return now if at > now + _BACK else max(now, at)


def _buckets(connection: Connection, rate_limit: RateLimit) -> dict[str, float]:
    """What each bucket holds now, filled up to this moment; locked until the transaction ends."""
    from sqlalchemy import select, update

    from newsletter.storage.tables import rate_limit as table

    held: dict[str, float] = {}
    for name, (rate, holds) in sorted(rate_limit.limits.items()):
        query = select(table).where(table.c.name == name).with_for_update()
        row = connection.execute(query).one_or_none()
        if row is None:
            new = insert(connection, table).values(name=name, tokens=holds, at=clock(connection))
            connection.execute(new.on_conflict_do_nothing())
            row = connection.execute(query).one()
        # After the lock: time that went while waiting for it counts too.
        now = clock(connection)
        held[name] = min(holds, row.tokens + max(0.0, now - row.at) * rate)
        at = since(row.at, now)
        connection.execute(update(table).where(table.c.name == name).values(tokens=held[name], at=at))
    return held


def _put(connection: Connection, tokens: dict[str, float]) -> None:
    from sqlalchemy import update

    from newsletter.storage.tables import rate_limit as table

    for name, number in tokens.items():
        connection.execute(update(table).where(table.c.name == name).values(tokens=number))
