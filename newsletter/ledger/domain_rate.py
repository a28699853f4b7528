"""How fast letters may go to one domain: a bucket of tokens for each, and the hours that were given to those who wait.

A bucket holds the letters of half a minute. What it has no token for is given an hour behind all that wait already, in
slices of half a minute, so that each comes when its tokens are there, and comes once. Nothing is reserved by that: a
slice that finds too few tokens (another send took them) goes to the end with what is left of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.ledger.rate_limit import since
from newsletter.storage.clock import clock
from subscribers.store.dialect import insert

if TYPE_CHECKING:
    from sqlalchemy import Connection

SLICE = 30.0
"""Seconds whose letters go together."""
FARTHEST = 90 * 60.0
"""Seconds ahead for which hours are given; the rest comes then and is given its own. A lease or an hour further ahead
than two hours is taken for one that a clock set back has left."""
_SLACK = 0.15
"""Share of a bucket that may be owed, since a slice may come a moment before its last token."""
_PLANNED, _TOKENS = "planned", "domain"
_FORGET = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class DomainShare:
    """What may go to one domain of what was asked for."""

    now: int
    """Letters that may go at once; their tokens are taken."""
    later: Sequence[tuple[int, float]]
    """Letters of each slice, with the seconds until it is due."""


def take_domains(
    connection: Connection, send_id: int, wanted: Mapping[str, int], per_minute: Mapping[str, float]
) -> dict[str, DomainShare]:
    """Take a token for each letter that may go now, and give the others their hours.

    Args:
        connection: A writing transaction.
        send_id: Id of the send; what waits of it waits in one line for each domain.
        wanted: Letters by domain; each of them has a limit.
        per_minute: Letters a minute by domain.
    """
    # One order everywhere, so that nobody waits for one who waits for them.
    return {name: _share(connection, send_id, name, wanted[name], per_minute[name]) for name in sorted(wanted)}


def _share(connection: Connection, send_id: int, domain: str, number: int, per_minute: float) -> DomainShare:
    from sqlalchemy import select, update

    from newsletter.storage.tables import rate_limit as table

    rate = per_minute / 60
    holds = max(rate * SLICE, 1.0)
    bucket, line = f"{_TOKENS} {domain}", f"{_PLANNED} {send_id} {domain}"
    for name, tokens in ((bucket, holds), (line, 0.0)):
        new = insert(connection, table).values(name=name, tokens=tokens, at=clock(connection))
        connection.execute(new.on_conflict_do_nothing())
    rows = connection.execute(
        select(table).where(table.c.name.in_((bucket, line))).order_by(table.c.name).with_for_update()
    )
    found = {row.name: row for row in rows}
    # After the lock: time that went while waiting for it counts too.
    now = clock(connection)
    before = found[bucket]
    tokens = min(holds, before.tokens + max(0.0, now - before.at) * rate)
    share = min(number, max(0, int(tokens + _SLACK * holds + 1e-6)))
    tokens -= share
    size = max(int(holds), 1)
    # The next one goes when there is a token for it; a line whose hours are past begins anew, and so does one that
    # lies further ahead than hours are given, since the clock was set back.
    first, given = now + max(0.0, 1 - tokens) / rate, found[line].at
    planned = first if given > now + FARTHEST + size / rate + 1 else max(first, given)
    later, planned = _slices(number - share, planned, now, rate, size)
    connection.execute(update(table).where(table.c.name == bucket).values(tokens=tokens, at=since(before.at, now)))
    connection.execute(update(table).where(table.c.name == line).values(at=planned))
    return DomainShare(share, later)


def _slices(number: int, start: float, now: float, rate: float, size: int) -> tuple[list[tuple[int, float]], float]:
    """The slices of letters that wait, and the hour at which the next one behind them could go."""
    later: list[tuple[int, float]] = []
    while number and start < now + FARTHEST:
        part = min(number, size)
        # Its last token is there when the ones before it have come too.
        later.append((part, start - now + (part - 1) / rate))
        start += part / rate
        number -= part
    if number:
        later.append((number, FARTHEST))
    return later, start


def forget_lines(connection: Connection) -> int:
    """Take out the lines of sends whose hours are long past; how many those were.

    Args:
        connection: A writing transaction.
    """
    from newsletter.storage.tables import rate_limit as table

    old = table.c.name.like(f"{_PLANNED} %") & (table.c.at < clock(connection) - _FORGET)
    return connection.execute(table.delete().where(old)).rowcount
