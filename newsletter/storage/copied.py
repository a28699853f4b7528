"""A copy of the database in one file, of one moment, and opened again before anybody relies on it.

SQLite copies itself with its online backup (https://www.sqlite.org/backup.html), PostgreSQL through ``pg_dump``
(``newsletter.storage.dumping``). Rows are counted in the transaction that the copy is made of, and again in the copy.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.errors import DatabaseError, file_limit_error
from newsletter.storage.database import GENERATION, ID
from newsletter.storage.faults import BUSY_SECONDS
from newsletter.storage.transfer import every_table

if TYPE_CHECKING:
    from newsletter.storage.database import Database


@dataclass(frozen=True, slots=True)
class CopiedDatabase:
    """What a copy of a database holds, as it was found in the copy itself."""

    revision: str
    """Of its schema."""
    id: str
    """Of the database, sixteen hexadecimal digits."""
    generation: int
    """How often letters began to go, or had gone, by then."""
    rows: Mapping[str, int]
    """Rows of each table."""


def copy_file(database: Database, path: Path) -> CopiedDatabase:
    """Copy a SQLite database into a new file for its owner alone, also while letters go, and make sure it is whole.

    Args:
        database: Of SQLite, with the schema of this version.
        path: Of the file to make.

    Raises:
        DatabaseError: It cannot be copied, or the copy is not what was copied.
    """
    source = Path(str(database.engine.url.database))
    make_private(path)
    try:
        with (
            contextlib.closing(_opened(f"{source.absolute().as_uri()}?mode=rw")) as origin,
            contextlib.closing(_opened(f"{path.absolute().as_uri()}?mode=rw")) as goal,
        ):
            # All pages in one step: in several, each commit of a send would let it begin anew, and it might never end.
            # Writers go on meanwhile, in the log.
            origin.execute("BEGIN")
            expected = _found(origin)
            origin.backup(goal)
            origin.execute("ROLLBACK")
            # Else a log would come to lie beside it whenever somebody looks into it.
            goal.execute("PRAGMA journal_mode=DELETE")
        with contextlib.closing(_opened(f"{path.absolute().as_uri()}?mode=ro&immutable=1")) as copy:
            damage = " ".join(str(copy.execute("PRAGMA integrity_check(1)").fetchone()[0]).split())
            found = _found(copy)
    except sqlite3.Error as error:
        if (full := file_limit_error(error)) is not None:
            raise full from error
        full_disk = "is full" in str(error) or "disk I/O" in str(error)
        mend = "free some space where backups lie, or name another folder" if full_disk else "run: newsletter doctor"
        raise DatabaseError(f"cannot be copied ({error})", where=str(source), mend=mend) from None
    if damage != "ok":
        raise DatabaseError(
            f"it is damaged ({damage}); nothing was kept", where=str(source), mend="restore a backup of before"
        )
    require_equal(expected, found, database)
    return found


def require_equal(expected: CopiedDatabase, found: CopiedDatabase, database: Database) -> None:
    """Raise DatabaseError unless a copy holds what was counted where it comes from.

    Args:
        expected: As counted in the database.
        found: As counted in the copy.
        database: For the message.
    """
    if expected == found:
        return
    wrong = [name for name in expected.rows if expected.rows[name] != found.rows.get(name)]
    what = f"rows of {', '.join(wrong)}" if wrong else "what it says of itself"
    raise DatabaseError(
        f"the copy is not what was copied ({what}); nothing was kept", where=database.where, mend="check the disk"
    )


def make_private(path: Path) -> None:
    """Make an empty file that only its owner can read, before anything is written into it.

    Args:
        path: Of the file; nothing has that name.

    Raises:
        DatabaseError: It cannot be made.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise DatabaseError(
            f"cannot be written ({error.strerror})", where=str(path.parent), mend="make it a folder that you may write"
        ) from error


def _opened(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)


def _found(connection: sqlite3.Connection) -> CopiedDatabase:
    marks = dict(connection.execute("SELECT name, at FROM mark WHERE name IN (?, ?)", (ID, GENERATION)).fetchall())
    (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    rows = {
        table.name: int(connection.execute(f'SELECT count(*) FROM "{table.name}"').fetchone()[0])  # noqa: S608  our own names
        for table in every_table()
    }
    return CopiedDatabase(str(revision), f"{marks.get(ID, 0):016x}", marks.get(GENERATION, 0), rows)
