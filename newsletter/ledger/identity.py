"""Which database this is and how far it has come: two numbers that a copy outside it is held against.

Both are cursors. The id is made once; the generation grows by one each time that letters begin to go or have gone.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.ledger.cursors import advance_cursor
from newsletter.storage.database import GENERATION, ID
from subscribers.store.dialect import insert

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MOST_NAMES = 500
"""In one ``IN (…)``; old builds of SQLite take 999 parameters."""


@dataclass(frozen=True, slots=True)
class DatabaseIdentity:
    """A database, told apart from every other one and from older states of itself."""

    id: str
    """Sixteen hexadecimal digits."""
    generation: int = 0
    """How often letters began to go, or had gone."""


def identity(connection: Connection) -> DatabaseIdentity | None:
    """Which database this is; None when it was never given an id.

    Args:
        connection: An open connection to the database.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import cursor as table

    query = select(table.c.name, table.c.at).where(table.c.name.in_((ID, GENERATION)))
    found = {row.name: row.at for row in connection.execute(query)}
    return DatabaseIdentity(f"{found[ID]:016x}", found.get(GENERATION, 0)) if ID in found else None


def make_identity(connection: Connection) -> DatabaseIdentity:
    """Give the database an id, unless it has one.

    Args:
        connection: A writing transaction.
    """
    from newsletter.storage.tables import cursor as table

    row = insert(connection, table).values(name=ID, at=secrets.randbits(62))
    connection.execute(row.on_conflict_do_nothing())
    found = identity(connection)
    assert found is not None
    return found


def next_generation(connection: Connection) -> int:
    """Count one generation more and give it.

    Args:
        connection: A writing transaction.
    """
    from newsletter.storage.tables import cursor as table

    row = insert(connection, table).values(name=GENERATION, at=1)
    row = row.on_conflict_do_update(index_elements=["name"], set_={"at": table.c.at + 1})
    return int(connection.execute(row.returning(table.c.at)).scalar_one())


def reach_generation(connection: Connection, least: int) -> None:
    """Let the database count from a generation on that somebody else has seen; it never counts back.

    Args:
        connection: A writing transaction.
        least: The generation.
    """
    advance_cursor(connection, GENERATION, least)


def known_sends(connection: Connection, public_ids: Collection[str]) -> frozenset[str]:
    """Those of these public ids that are sends of this database.

    Args:
        connection: An open connection to the database.
        public_ids: Of sends.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import send

    names, found = sorted(public_ids), set[str]()
    for start in range(0, len(names), _MOST_NAMES):
        part = select(send.c.public_id).where(send.c.public_id.in_(names[start : start + _MOST_NAMES]))
        found.update(connection.execute(part).scalars())
    return frozenset(found)
