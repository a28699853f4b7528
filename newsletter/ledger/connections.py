"""How many connections to a provider may be open at once: one row of the database each, shared by all processes.

Whoever opens a connection holds a row first and lets it go after closing; a row held by a process that died is free
again when its lease runs out. So there are never more connections than rows, but for those of dead processes that the
server has not closed yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.storage.clock import FARTHEST, clock
from subscribers.store.dialect import insert

if TYPE_CHECKING:
    from sqlalchemy import Connection


def hold(connection: Connection, provider: str, *, connections: int, want: int, token: str, lease: float) -> int:
    """Keep the connections that this holder has, and take free ones until it has enough.

    Args:
        connection: A writing transaction.
        provider: Name of the sender.
        connections: How many there may be for all processes together; with fewer than before, those beyond are lost.
        want: Connections wanted in all, those held already included.
        token: Names the holder; random for each.
        lease: Seconds until they are free again should the holder go silent.

    Returns:
        How many this holder has now, 0 to ``want``, or more when it had more before.
    """
    from sqlalchemy import func, or_, select, update

    from newsletter.storage.tables import provider_connection

    now = clock(connection)
    there = (
        select(func.count())
        .select_from(provider_connection)
        .where(provider_connection.c.provider == provider, provider_connection.c.number < connections)
    )
    if connection.execute(there).scalar_one() < connections:
        rows = [{"provider": provider, "number": number} for number in range(connections)]
        connection.execute(insert(connection, provider_connection).on_conflict_do_nothing(), rows)
    mine = (
        (provider_connection.c.provider == provider)
        & (provider_connection.c.number < connections)
        & (provider_connection.c.token == token)
    )
    held = connection.execute(update(provider_connection).where(mine).values(lease_until=now + lease)).rowcount
    if held >= want:
        return held
    # On PostgreSQL others pass by instead of waiting; SQLite has one writer at a time anyway.
    free = (
        select(provider_connection.c.number)
        .where(
            provider_connection.c.provider == provider,
            provider_connection.c.number < connections,
            or_(
                provider_connection.c.token.is_(None),
                provider_connection.c.lease_until < now,
                provider_connection.c.lease_until > now + FARTHEST,
            ),
        )
        .order_by(provider_connection.c.number)
        .limit(want - held)
        .with_for_update(skip_locked=True)
    )
    numbers = connection.execute(free).scalars().all()
    if numbers:
        taken = update(provider_connection).where(
            provider_connection.c.provider == provider, provider_connection.c.number.in_(numbers)
        )
        connection.execute(taken.values(token=token, lease_until=now + lease))
    return held + len(numbers)


def let_go(connection: Connection, token: str) -> None:
    """Free every connection of a holder.

    Args:
        connection: A writing transaction.
        token: Names the holder.
    """
    from sqlalchemy import update

    from newsletter.storage.tables import provider_connection

    connection.execute(
        update(provider_connection).where(provider_connection.c.token == token).values(token=None, lease_until=None)
    )
