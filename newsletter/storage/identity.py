"""Which database this is and how far it has come: two numbers that a copy outside it is held against.

Both are rows of the table of cursors. The id is made once; the generation grows by one each time that letters begin to
go or have gone. Written as text, since every command asks for it, also those that need no other table.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.storage.database import GENERATION, ID

if TYPE_CHECKING:
    from sqlalchemy import Connection


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
    from sqlalchemy import text

    query = text("SELECT name, at FROM mark WHERE name IN (:id, :generation)")
    found = {row.name: row.at for row in connection.execute(query, {"id": ID, "generation": GENERATION})}
    return DatabaseIdentity(f"{found[ID]:016x}", found.get(GENERATION, 0)) if ID in found else None


def make_identity(connection: Connection) -> DatabaseIdentity:
    """Give the database an id, unless it has one; gives which it has.

    Args:
        connection: A writing transaction.
    """
    from sqlalchemy import text

    row = text("INSERT INTO mark (name, at) VALUES (:name, :at) ON CONFLICT (name) DO NOTHING")
    connection.execute(row, {"name": ID, "at": secrets.randbits(62)})
    found = identity(connection)
    assert found is not None
    return found


def next_generation(connection: Connection) -> int:
    """Count one generation more and give it.

    Args:
        connection: A writing transaction.
    """
    from sqlalchemy import text

    row = "INSERT INTO mark (name, at) VALUES (:name, 1) ON CONFLICT (name) DO UPDATE SET at = mark.at + 1 RETURNING at"
    return int(connection.execute(text(row), {"name": GENERATION}).scalar_one())


def reach_generation(connection: Connection, least: int) -> None:
    """Let the database count from a generation on that somebody else has seen; it never counts back.

    Args:
        connection: A writing transaction.
        least: The generation.
    """
    from sqlalchemy import text

    row = (
        "INSERT INTO mark (name, at) VALUES (:name, :least) "
        "ON CONFLICT (name) DO UPDATE SET at = :least WHERE mark.at < :least"
    )
    connection.execute(text(row), {"name": GENERATION, "least": least})
