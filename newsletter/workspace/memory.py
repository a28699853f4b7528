"""What a workspace remembers outside its database: which one it has, how far that had come, and what was sent.

Two things lie beside the database. ``database.toml`` holds its id and its generation, a number that grows in both
whenever letters begin to go or have gone: a database that counts fewer has been put back to an older state. And each
send leaves a stamp (``newsletter.workspace.stamps``).

The order of writes is the promise. Before a letter of a send can go: its stamp says ``freezing`` (on the disk), the
freezing transaction is committed, the stamp says ``frozen``, the generation is committed and then written here. So a
stamp of a send that the database does not know is a crash between two of these writes only while it says ``freezing``
and the database is not behind; nothing had gone then. In every other case something may have gone, and nobody freezes
the issue again until an editor says how.
"""

from __future__ import annotations

import contextlib
import errno
import threading
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
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
from newsletter.workspace.stamps import FILE as STAMPS
from newsletter.workspace.stamps import FREEZING, FROZEN, SETTLED, UNDONE, Stamp, Stamps, quoted, write_whole

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.ledger import Send
    from newsletter.storage.database import Database
    from newsletter.storage.retry import Retrying

FILE: Final = "database.toml"
BEAT: Final = 5.0
"""Seconds between two generations while letters go."""
_SQLITE: Final = "sqlite:///"
_HEAD = """\
# Which database this workspace has, and how far it had come when letters went last: so that one that is missing, taken
# for another or restored from a backup is noticed before anybody gets a letter twice. Written by newsletter, not for
# git. What to do then: newsletter database adopt --help
"""
_READ_ONLY: Final = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


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

    def text(self) -> str:
        """The file that says so."""
        at = f"at = {self.at.astimezone(UTC).isoformat(timespec='seconds')}\n" if self.at is not None else ""
        return f"{_HEAD}\nid = {quoted(self.id)}\nwhere = {quoted(self.where)}\ngeneration = {self.generation}\n{at}"


@dataclass(slots=True)
class Memory:
    """The memory of a workspace.

    Args:
        root: The workspace.
        url: SQLAlchemy URL of its database.
        zone: The site's, for the moments in files and messages.
    """

    root: Path
    url: str
    zone: tzinfo
    had: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Public ids of sends that the database does not know, of which an editor has said how to go on, each with the ids
    of those subscribers who are known to have had it."""

    @property
    def stamps(self) -> Stamps:
        """The stamps of the workspace."""
        return Stamps(self.root)

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
            at = values.get("at")
            good = isinstance(found, str) and len(found) == 16 and int(found, 16) >= 0
            good = good and isinstance(where, str) and type(generation) is int and isinstance(at, datetime | None)
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
        return RememberedDatabase(found, where, generation, at)

    # ---- which database

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
            used = f"; letters went last {self._moment(known.at)}" if known.at is not None else ""
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
        if known is None:
            if found is None:
                with database.write() as connection:
                    found = make_identity(connection)
            self._write(RememberedDatabase(found.id, database.where, found.generation), lenient=True)
            return
        if found is not None and found.id == known.id:
            if known.where != database.where:
                self._write(replace(known, where=database.where), lenient=True)
            return
        if not known.generation and known.where != database.where:
            # Nothing ever went from here: this workspace was only made with another one.
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

    # ---- freezing

    def refuse(self, connection: Connection, key: str, list_name: str, rhythm: str) -> None:
        """Keep an issue from being frozen that has gone already, as far as is known outside the database.

        Args:
            connection: A transaction.
            key: Of the issue.
            list_name: The list it is to go to.
            rhythm: In which it is to go.

        Raises:
            DatabaseRestoredError: The database is behind, or does not know a send of this issue, or of this stream.
            WorkspaceError: A file of stamps cannot be read or understood.
        """
        self.refuse_behind(connection)
        unknown = [one for one in self.unknown(connection, key, list_name, rhythm) if one.id not in self.had]
        if unknown:
            again = f"newsletter send {key}" if "/" not in key else f"newsletter latest --rhythm {rhythm}"
            what = f"issue {key}" if "/" not in key else f"letters to '{list_name}'"
            raise DatabaseRestoredError(
                f"{what} went already, which this database does not know: {'; '.join(map(self.words, unknown))}",
                where=str(self.stamps.path_of(key)),
                mend=f"if it was restored from a backup, say: {again} --after-restore, which asks first who has had it",
            )

    def words(self, stamp: Stamp) -> str:
        """A stamp in half a sentence.

        Args:
            stamp: The stamp.
        """
        whom = f"to {stamp.audience:,} of '{stamp.list}'"
        when = self._moment(stamp.began or stamp.frozen)
        begun = "" if stamp.began is not None else " (as far as is known here, it had not begun)"
        name = f"{stamp.issue} as " if "/" in stamp.issue else ""
        through = f" through {stamp.sender}" if stamp.sender else ""
        return f"{name}send {stamp.id}, {when}, {whom}{through}, in database {stamp.database}{begun}"

    def unknown(
        self, connection: Connection, key: str, list_name: str, rhythm: str, *, settled: bool = False
    ) -> list[Stamp]:
        """Stamps that keep an issue from being frozen: sends that may have gone, and the database does not know.

        Args:
            connection: A transaction.
            key: Of the issue.
            list_name: The list it is to go to.
            rhythm: In which it is to go.
            settled: Also those after which an editor has said how to go on: by them, too, somebody has had it.
        """
        automatic = "/" in key
        stamps = self.stamps.of_stream(list_name, rhythm) if automatic else self.stamps.of_issue(key)
        open_ = [one for one in stamps if one.state != UNDONE and (settled or one.state != SETTLED)]
        from newsletter import ledger

        known = ledger.known_sends(connection, [one.id for one in open_])
        return [one for one in open_ if one.id not in known and not self._crashed(connection, one)]

    def _crashed(self, connection: Connection, stamp: Stamp) -> bool:
        """Whether the program died before it was committed: the same database, not behind, and no letter could go."""
        found = identity(connection)
        same = found is not None and found.id == stamp.database
        return stamp.state == FREEZING and stamp.began is None and same and self.behind(connection) is None

    def stamp(
        self,
        connection: Connection,
        send: Send,
        *,
        list_name: str,
        sender: str,
        folder: Path | None = None,
        articles: Sequence[str] = (),
    ) -> None:
        """Write down that a send is being frozen; the last thing before its transaction is committed.

        Args:
            connection: The freezing transaction.
            send: As it was written there.
            list_name: Name of its list.
            sender: Name of what it goes through, for a send that does not say.
            folder: Of its issue; None looks for it.
            articles: Addresses of what an automatic letter carries.

        Raises:
            WorkspaceError: It cannot be written; then nothing is to be committed.
        """
        from newsletter import ledger

        found = make_identity(connection)
        made = self._stamp(send, FREEZING, found, list_name, sender, articles)
        stamps = self.stamps.of_issue(send.issue)
        known = ledger.known_sends(connection, [one.id for one in stamps])
        # What a crash left behind went to nobody.
        dead = {one.id for one in stamps if one.id not in known and self._crashed(connection, one)}
        path = folder / STAMPS if folder is not None else self.stamps.path_of(send.issue)
        self.stamps.change(path, lambda there: [*(one for one in there if one.id not in dead), made])

    def frozen(self, send: Send) -> None:
        """Write down that a send is frozen, and that what an editor answered for is settled by it.

        Args:
            send: Committed. What cannot be written now is written before its first letter goes.
        """
        with contextlib.suppress(WorkspaceError):
            self.stamps.mark(send.public_id, state=FROZEN)
            for public_id in self.had:
                self.stamps.mark(public_id, state=SETTLED)
            self.had = {}

    def undone(self, send: Send) -> None:
        """Write down that a send was taken back before any letter of it went.

        Args:
            send: Cancelled, and gone to nobody.

        Raises:
            WorkspaceError: It cannot be written.
        """
        self.stamps.mark(send.public_id, state=UNDONE)

    def _stamp(
        self,
        send: Send,
        state: str,
        database: DatabaseIdentity,
        list_name: str,
        sender: str,
        articles: Sequence[str] = (),
    ) -> Stamp:
        return Stamp(
            id=send.public_id,
            issue=send.issue,
            state=state,
            frozen=send.created.astimezone(self.zone),
            list=list_name,
            rhythm=send.rhythm,
            audience=send.audience,
            sender=send.sender or sender,
            database=database.id,
            articles=tuple(articles),
        )

    # ---- delivering

    @contextmanager
    def delivering(self, retrying: Retrying, send: Send, now: Callable[[], datetime], sender: str) -> Iterator[None]:
        """Remember that letters go, before, while and after they do.

        Args:
            retrying: The database.
            send: What is to be delivered.
            now: Gives the present moment, timezone-aware.
            sender: Name of what they go through, for a send that does not say.

        Raises:
            DatabaseRestoredError: The database is behind.
            WorkspaceError: It cannot be written down; then no letter goes.
        """
        retrying.read(self.refuse_behind)
        self._begun(retrying, send, now(), sender)
        retrying.write(next_generation)
        self._reached(retrying.database, retrying.read(identity), now())
        over = threading.Event()
        beats = threading.Thread(target=self._beat, args=(retrying.database, now, over), daemon=True)
        beats.start()
        try:
            yield
        finally:
            over.set()
            beats.join()
            self._count(retrying.database, now)

    def _beat(self, database: Database, now: Callable[[], datetime], over: threading.Event) -> None:
        while not over.wait(BEAT):
            self._count(database, now)

    def _count(self, database: Database, now: Callable[[], datetime]) -> None:
        # A database that is away, or a full disk, is told by those who send the letters; the next count makes it good.
        with contextlib.suppress(DatabaseError, WorkspaceError):
            with database.write() as connection:
                next_generation(connection)
            with database.read() as connection:
                found = identity(connection)
            self._reached(database, found, now())

    def _reached(self, database: Database, found: DatabaseIdentity | None, now: datetime) -> None:
        """Write down the generation that the database has reached, after that was committed."""
        known = self.remembered()
        if found is None or (known is not None and known.id == found.id and known.generation >= found.generation):
            return
        lenient = not database.is_sqlite
        self._write(RememberedDatabase(found.id, database.where, found.generation, now), lenient=lenient)

    def _begun(self, retrying: Retrying, send: Send, now: datetime, sender: str) -> None:
        """Write down that letters of a send can go, also where it was frozen on another machine."""
        from subscribers import store

        began = now.astimezone(self.zone)
        try:
            there = next((one for one in self.stamps.of_issue(send.issue) if one.id == send.public_id), None)
            if there is not None:
                if there.state != FROZEN or there.began is None:
                    self.stamps.mark(send.public_id, state=FROZEN, began=there.began or began)
                return
            found = retrying.read(identity) or retrying.write(make_identity)
            name = retrying.read(lambda connection: store.list_by_id(connection, send.list_id).name)
            made = replace(self._stamp(send, FROZEN, found, name, sender), began=began)
            self.stamps.change(self.stamps.path_of(send.issue), lambda stamps: [*stamps, made])
        except WorkspaceError as error:
            if not self._may_forget(retrying.database, error):
                raise

    # ---- shared

    def refuse_behind(self, connection: Connection) -> None:
        """Raise DatabaseRestoredError if the database is in an older state than is remembered of it."""
        known = self.behind(connection)
        if known is None:
            return
        found = identity(connection)
        count = found.generation if found is not None else 0
        last = f"; letters went last {self._moment(known.at)}" if known.at is not None else ""
        raise DatabaseRestoredError(
            f"the database is older than what was sent from here (it counts {count}, not {known.generation}){last}. "
            "Who has had a letter, left or was suppressed since then is not known in it",
            where=known.where,
            mend="if it was restored from a backup, say so: add --after-restore, or run newsletter database adopt",
        )

    def _write(self, known: RememberedDatabase, *, lenient: bool = False) -> None:
        try:
            write_whole(self.path, known.text())
        except OSError as error:
            if lenient and error.errno in _READ_ONLY:
                return
            raise WorkspaceError(
                f"cannot be written ({error.strerror})",
                where=str(self.path),
                mend="make it a file that you may write, or free some space",
            ) from error

    @staticmethod
    def _may_forget(database: Database, error: WorkspaceError) -> bool:
        """Whether a machine need not remember: a worker whose folder is read-only, beside a database elsewhere."""
        cause = error.__cause__
        return not database.is_sqlite and isinstance(cause, OSError) and cause.errno in _READ_ONLY

    def _moment(self, moment: datetime | None) -> str:
        return in_zone(moment, self.zone) if moment is not None else "at a time not known"
