"""How far something outside was read: a name and a moment, so that the next run begins where the last one ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from subscribers.store.dialect import insert

if TYPE_CHECKING:
    from sqlalchemy import Connection

ALIVE = "worker"
"""The cursor that workers move to the present moment as a sign of life."""
BACKUP = "backup"
"""The cursor that says when the last backup was made in a folder of its own."""
SIGN_OF_LIFE = 10.0
"""Seconds between two signs of life of a worker."""
_MOST_NAMES = 500
"""In one ``IN (…)``; old builds of SQLite take 999 parameters."""


def cursor(connection: Connection, name: str) -> int:
    """How far something was read: a moment in Unix seconds, or what else counts up; 0 when it was never set."""
    from sqlalchemy import select

    from newsletter.storage.tables import cursor as table

    return connection.execute(select(table.c.at).where(table.c.name == name)).scalar_one_or_none() or 0


def known_cursors(connection: Connection, names: Sequence[str]) -> frozenset[str]:
    """Those of these names that were set."""
    from sqlalchemy import select

    from newsletter.storage.tables import cursor as table

    found: set[str] = set()
    for start in range(0, len(names), _MOST_NAMES):
        part = select(table.c.name).where(table.c.name.in_(names[start : start + _MOST_NAMES]))
        found.update(connection.execute(part).scalars())
    return frozenset(found)


def set_cursor(connection: Connection, name: str, at: int) -> None:
    """Set how far something was read.

    Args:
        connection: A writing transaction.
        name: Of what is read.
        at: Unix seconds.
    """
    from newsletter.storage.tables import cursor as table

    statement = insert(connection, table).values(name=name, at=at)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"at": at}))


def advance_cursor(connection: Connection, name: str, at: int) -> bool:
    """Move a cursor forward, never back.

    Args:
        connection: A writing transaction.
        name: Of what is read.
        at: Unix seconds.

    Returns:
        Whether it lay before ``at``; of many callers with the same ``at`` one is told True.
    """
    from newsletter.storage.tables import cursor as table

    statement = insert(connection, table).values(name=name, at=at)
    statement = statement.on_conflict_do_update(index_elements=["name"], set_={"at": at}, where=table.c.at < at)
    return connection.execute(statement.returning(table.c.at)).first() is not None


def take_minute(connection: Connection, name: str, now: int) -> bool:
    """Take this minute for something that is done once in each, by one of many.

    Args:
        connection: A writing transaction.
        name: Of the cursor; what stands minutes ahead in it was written before a clock was set back, and is over.
        now: Unix seconds.

    Returns:
        Whether this caller does it.
    """
    from newsletter.storage.tables import cursor as table

    minute = now // 60 * 60
    other = (table.c.at < minute) | (table.c.at > minute + _MINUTES_APART)
    statement = insert(connection, table).values(name=name, at=minute)
    statement = statement.on_conflict_do_update(index_elements=["name"], set_={"at": minute}, where=other)
    return connection.execute(statement.returning(table.c.at)).first() is not None


_MINUTES_APART = 120
"""Seconds that the clocks of the machines of a database may be apart."""
SCHEDULE = "schedule "
"""Before the name of a job: the appointed moment of it that was handled last."""
NEXT_SIGN = "worker next"
"""The moment before which a worker gives its next sign of life, as the last one said."""


def drop_cursor(connection: Connection, name: str) -> bool:
    """Forget a cursor; of many callers one is told True.

    Args:
        connection: A writing transaction.
        name: Of the cursor.
    """
    from sqlalchemy import delete

    from newsletter.storage.tables import cursor as table

    return bool(connection.execute(delete(table).where(table.c.name == name)).rowcount)


def cursors_named(connection: Connection, beginning: str) -> dict[str, int]:
    """Every cursor whose name begins so, with where it stands.

    Args:
        connection: An open connection to the database.
        beginning: Of the names.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import cursor as table

    query = select(table.c.name, table.c.at).where(table.c.name.startswith(beginning, autoescape=True))
    return {row.name: int(row.at) for row in connection.execute(query) if row.name.startswith(beginning)}
