"""How far something outside was read: a name and a moment, so that the next run begins where the last one ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from subscribers.store.dialect import insert

if TYPE_CHECKING:
    from sqlalchemy import Connection

ALIVE = "worker"
"""The cursor that workers move to the present moment as a sign of life."""
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
