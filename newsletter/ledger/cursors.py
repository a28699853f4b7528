"""How far something outside was read: a name and a moment, so that the next run begins where the last one ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection


from collections.abc import Sequence
from typing import TYPE_CHECKING

from subscribers.store.dialect import insert

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MOST_NAMES = 500


def cursor(connection: Connection, name: str) -> int:
    """The moment of this name, in Unix seconds; 0 when it was never set."""
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
    """Set the moment of this name."""
    from newsletter.storage.tables import cursor as table

    statement = insert(connection, table).values(name=name, at=at)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"at": at}))


def advance_cursor(connection: Connection, name: str, at: int) -> bool:
    """Set the moment of this name if it lies before; False when it does not, so that one of many callers gets it."""
    from newsletter.storage.tables import cursor as table

    statement = insert(connection, table).values(name=name, at=at)
    statement = statement.on_conflict_do_update(index_elements=["name"], set_={"at": at}, where=table.c.at < at)
    return connection.execute(statement.returning(table.c.at)).first() is not None


SIGN_OF_LIFE = 10.0
"""Seconds between two signs of life of a worker, for whoever waits for one."""


ALIVE = "worker"
