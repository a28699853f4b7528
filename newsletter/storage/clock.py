"""The database's own time, the one clock that all holders of leases share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection

CLOCK = {
    # julianday is older than unixepoch('subsec'), which needs SQLite 3.42.
    "sqlite": "(julianday('now') - 2440587.5) * 86400.0",
    "postgresql": "CAST(extract(epoch FROM clock_timestamp()) AS float8)",
}
"""How each database says its own time in Unix seconds."""


FARTHEST = 2 * 3600.0
"""Seconds ahead that a lease or an hour to wait for can lie at most, and some: what lies further was written before a
clock was set back, and counts as over."""


def clock(connection: Connection) -> float:
    """The database's own time in Unix seconds: the one clock that all holders of leases share."""
    from sqlalchemy import text

    return float(connection.execute(text(f"SELECT {CLOCK[connection.dialect.name]}")).scalar_one())
