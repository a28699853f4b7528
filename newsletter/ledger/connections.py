"""How many connections to a provider there may be at once: one seat for each, in the database, shared by all processes.

Whoever opens a connection has a seat first and gives it back after closing; a process that dies leaves seats whose
lease runs out. So there are never more connections than seats, but for those of the dead that a server still keeps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.storage.database import clock
from subscribers.store.dialect import insert

if TYPE_CHECKING:
    from sqlalchemy import Connection


def hold(connection: Connection, provider: str, *, connections: int, want: int, token: str, lease: float) -> int:
    """Keep the seats one has, and take free ones until there are enough.

    Args:
        connection: A writing transaction.
        provider: Name of the sender.
        seats: How many there are, for all processes together; fewer than before take some away.
        want: Seats wanted in all.
        token: Whose they are; random for each holder.
        lease: Seconds until they are free again should the holder go silent.

    Returns:
        Seats held now, 0 to ``want``.
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
            or_(provider_connection.c.token.is_(None), provider_connection.c.lease_until < now),
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
    """Give back every seat of this holder; needs a writing transaction."""
    from sqlalchemy import update

    from newsletter.storage.tables import provider_connection

    connection.execute(
        update(provider_connection).where(provider_connection.c.token == token).values(token=None, lease_until=None)
    )
