"""Whether anything was written to a database since somebody looked last, whoever wrote it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.storage.database import Database

_SETTLED = 0.1
"""Seconds after which a file that is written again has another time: kernels count it in steps of some milliseconds."""


def change_mark(database: Database, connection: Connection) -> str:
    """A mark that is the same as long as nothing was committed; empty when nobody can tell.

    Of SQLite it is size and time of its two files: every commit is written to the log of committed pages, and whoever
    takes the log into the file writes that. Of PostgreSQL it is which transactions are over (its manual, 9.27): other
    databases of the server count too, so it may change though nothing did.

    Args:
        database: The database.
        connection: An open connection to it, in the transaction of which the mark is to tell.
    """
    if not database.is_sqlite:
        return str(connection.exec_driver_sql("SELECT pg_current_snapshot()::text").scalar_one())
    path = Path(str(database.engine.url.database))
    marks: list[str] = []
    for file in (path, Path(f"{path.resolve()}-wal")):
        try:
            found = file.stat()
        except OSError:
            marks.append("-")
            continue
        if abs(time.time() - found.st_mtime) < _SETTLED:
            return ""
        marks.append(f"{found.st_mtime_ns}/{found.st_size}")
    return " ".join(marks)
