"""Which database a workspace has, and how far it had come: kept in ``database.toml``, outside of it."""

from __future__ import annotations

import contextlib
import errno
import tomllib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Final

from newsletter.errors import DatabaseError, HeldSendError, WorkspaceError
from newsletter.storage.identity import (
    DatabaseIdentity,
    identity,
    make_identity,
    next_generation,
    reach_generation,
)
from newsletter.text.dates import in_zone
from newsletter.workspace.stamps import quoted
from subscribers.wholefile import write_whole

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.storage.database import Database

FILE: Final = "database.toml"
_SQLITE: Final = "sqlite:///"
_HEAD = """\
# Which database this workspace has, and how far it had come when letters went last: so that one that is missing, taken
# for another or restored from a backup is noticed before anybody gets a letter twice. Written by newsletter, not for
# git. What to do then: newsletter database adopt --help
"""
READ_ONLY: Final = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
"""What the system says of a folder that nobody may write to."""


class DatabaseRestoredError(HeldSendError):
    """The database does not know of letters that went: it was restored, replaced, or is another one."""


@dataclass(frozen=True, slots=True)
class RememberedDatabase:
    """What ``database.toml`` says."""

    id: str
    where: str
    """The file or URL, without a password."""
    generation: int = 0
    at: datetime | None = None
    """When letters went last, as far as this folder knows."""
    backup: datetime | None = None
    """When the backup was made that both came from, until somebody has said how to go on."""

    def text(self) -> str:
        """The file that says so."""
        at = f"at = {self.at.astimezone(UTC).isoformat(timespec='seconds')}\n" if self.at is not None else ""
        made = (
            f"backup = {self.backup.astimezone(UTC).isoformat(timespec='seconds')}\n" if self.backup is not None else ""
        )
        said = f"id = {quoted(self.id)}\nwhere = {quoted(self.where)}\ngeneration = {self.generation}\n"
        return f"{_HEAD}\n{said}{at}{made}"


@dataclass(slots=True)
class DatabaseMemory:
    """What a workspace remembers of its database.

    Args:
        root: The workspace.
        url: SQLAlchemy URL of its database.
        zone: The site's, for the moments in files and messages.
    """

    root: Path
    url: str
    zone: tzinfo

    @property
    def path(self) -> Path:
        """Of the file that remembers the database."""
        return self.root / FILE

    def remembered(self) -> RememberedDatabase | None:
        """What is remembered of the database; None in a workspace that has had none yet, such as a fresh clone.

        Raises:
            WorkspaceError: The file cannot be read or understood.
        """
        try:
            values = tomllib.loads(self.path.read_text("utf-8-sig"))
            found, where, generation = values["id"], values["where"], values["generation"]
            at, backup = values.get("at"), values.get("backup")
            good = isinstance(found, str) and len(found) == 16 and int(found, 16) >= 0
            good = good and isinstance(where, str) and type(generation) is int and isinstance(at, datetime | None)
            good = good and isinstance(backup, datetime | None)
            if not good:
                raise ValueError("a value is of the wrong kind")
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError) as error:
            reason = error.strerror if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
            raise WorkspaceError(
                f"cannot be read ({reason})",
                where=str(self.path),
                mend="restore it from a backup; or take the database as it is: newsletter database adopt",
            ) from None
        return RememberedDatabase(found, where, generation, at, backup)

    def expect(self) -> None:
        """Make sure that a database which was there still is: nobody makes a new one in its place in silence.

        Raises:
            DatabaseError: Its file is missing or empty.
        """
        if not self.url.startswith(_SQLITE):
            return
        path = Path(self.url.removeprefix(_SQLITE))
        with contextlib.suppress(OSError):
            if path.stat().st_size:
                return
        known = self.remembered()
        if known is not None:
            empty = "is empty" if path.exists() else "is not there"
            used = f"; letters went last {self.moment(known.at)}" if known.at is not None else ""
            raise DatabaseError(f"the database of this workspace {empty}{used}", where=str(path), mend=self._ways(path))

    def _ways(self, path: Path) -> str:
        copies = sorted((path.parent / "backups").glob("*.db"), key=lambda one: one.stat().st_mtime)
        restore = f"restore a backup (the newest: cp {copies[-1]} {path})" if copies else "put the file back"
        if known := self.remembered():
            elsewhere = known.where not in {str(path), ""}
            restore += f", or set [database] url to where it was ({known.where})" if elsewhere else ""
        return f"{restore}; or begin with an empty one: newsletter database adopt --new"

    def recognise(self, database: Database) -> None:
        """Make sure that the database is the one that this workspace has; the first one it meets is remembered.

        Args:
            database: Open, with the schema of this version.

        Raises:
            DatabaseError: It is another one.
        """
        with database.read() as connection:
            found = identity(connection)
        known = self.remembered()
        if known is not None and found is not None and found.id == known.id:
            if known.where != database.where:
                self._write(replace(known, where=database.where), lenient=True)
            return
        # Also where nothing ever went from: this workspace was only made with another one.
        if known is None or (not known.generation and known.where != database.where):
            if found is None:
                with database.write() as connection:
                    found = make_identity(connection)
            self._write(RememberedDatabase(found.id, database.where, found.generation), lenient=True)
            return
        path = Path(self.url.removeprefix(_SQLITE)) if database.is_sqlite else None
        back = self._ways(path).partition("; or begin")[0] if path else f"set [database] url to {known.where}"
        name = f"another one ({found.id}, not {known.id})" if found else f"one without an id, not {known.id}"
        raise DatabaseError(
            f"this is not the database of this workspace, but {name}",
            where=database.where,
            mend=f"{back}; or take this one as it is: newsletter database adopt",
        )

    def adopt(self, database: Database) -> None:
        """Take the database as this workspace's from now on; it counts on from wherever the last one was.

        Args:
            database: Open, with the schema of this version.
        """
        known: RememberedDatabase | None = None
        with contextlib.suppress(WorkspaceError):  # that the file is damaged is a reason to come here
            known = self.remembered()
        with database.write() as connection:
            found = make_identity(connection)
            if known is not None:
                reach_generation(connection, known.generation)
            generation = next_generation(connection)
        self._write(RememberedDatabase(found.id, database.where, generation, known.at if known is not None else None))

    def behind(self, connection: Connection) -> RememberedDatabase | None:
        """What is remembered of the database, if it is in an older state than that; None when it is not.

        Args:
            connection: An open connection to the database.
        """
        known = self.remembered()
        found = identity(connection)
        if known is None or (found is not None and found.id == known.id and found.generation >= known.generation):
            return None
        return known

    def refuse_behind(self, connection: Connection) -> None:
        """Raise DatabaseRestoredError if the database is in an older state than is remembered of it."""
        known = self.behind(connection)
        if known is None:
            return
        found = identity(connection)
        count = found.generation if found is not None else 0
        last = f"; letters went last {self.moment(known.at)}" if known.at is not None else ""
        if known.backup is not None:
            raise DatabaseRestoredError(
                f"the database came from the backup of {self.moment(known.backup)}. What was sent since then, who has "
                "left or was suppressed, is not known in it",
                where=known.where,
                mend="say how to go on: newsletter database adopt",
            )
        raise DatabaseRestoredError(
            f"the database is older than what was sent from here (it counts {count}, not {known.generation}){last}. "
            "Who has had a letter, left or was suppressed since then is not known in it",
            where=known.where,
            mend="if it was restored from a backup, say so: newsletter database adopt, or add --after-restore",
        )

    def reached(self, database: Database, found: DatabaseIdentity | None, now: datetime) -> None:
        """Write down the generation that the database has reached, after that was committed.

        Args:
            database: This workspace's.
            found: What it says of itself; None writes nothing.
            now: The present moment, timezone-aware.

        Raises:
            WorkspaceError: It cannot be written.
        """
        known = self.remembered()
        if found is None or (known is not None and known.id == found.id and known.generation >= found.generation):
            return
        lenient = not database.is_sqlite
        self._write(RememberedDatabase(found.id, database.where, found.generation, now), lenient=lenient)

    def _write(self, known: RememberedDatabase, *, lenient: bool = False) -> None:
        try:
            write_whole(self.path, known.text().encode("utf-8"))
        except OSError as error:
            if lenient and error.errno in READ_ONLY:
                return
            raise WorkspaceError(
                f"cannot be written ({error.strerror})",
                where=str(self.path),
                mend="make it a file that you may write, or free some space",
            ) from error

    def moment(self, moment: datetime | None) -> str:
        """A moment in words, in the zone of the site.

        Args:
            moment: Timezone-aware; None when nobody knows it.
        """
        return in_zone(moment, self.zone) if moment is not None else "at a time not known"
