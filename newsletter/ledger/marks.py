"""How far something outside was read: a name and a moment, so that the next run begins where the last one ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from subscribers.store.dialect import insert

if TYPE_CHECKING:
    from sqlalchemy import Connection


def mark(connection: Connection, name: str) -> int:
    """The moment of this name, in Unix seconds; 0 when it was never set."""
    from sqlalchemy import select

    from newsletter.tables import mark as table

    return connection.execute(select(table.c.at).where(table.c.name == name)).scalar_one_or_none() or 0


def set_mark(connection: Connection, name: str, at: int) -> None:
    """Set the moment of this name."""
    from newsletter.tables import mark as table

    statement = insert(connection, table).values(name=name, at=at)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"at": at}))


def advance_mark(connection: Connection, name: str, at: int) -> bool:
    """Set the moment of this name if it lies before; False when it does not, so that one of many callers gets it."""
    from newsletter.tables import mark as table

    statement = insert(connection, table).values(name=name, at=at)
    statement = statement.on_conflict_do_update(index_elements=["name"], set_={"at": at}, where=table.c.at < at)
    return connection.execute(statement.returning(table.c.at)).first() is not None
