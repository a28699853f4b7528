"""The one engine of a workspace, SQLite file or PostgreSQL, with its transactions, its version and its copy.

Every writing transaction on SQLite starts with BEGIN IMMEDIATE: a deferred one that reads first and writes later
fails at once with "database is locked" whatever the time-out (measured: 909 of 1,276), and two claimers can read
the same free row. WAL lets readers go on meanwhile; synchronous FULL keeps what was committed through a power cut.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from newsletter.errors import DatabaseError, NewSchemaError, OldSchemaError, file_limit_error
from newsletter.installing import DRIVER, installing
from newsletter.storage.disk import CommitLog, GroupCommit
from newsletter.storage.faults import BUSY_SECONDS, complaint, is_away
from newsletter.storage.turns import TurnError, Turns, begun
from subscribers.newfile import NameTakenError, new_file

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

HEAD = "0014"
"""The newest revision in migrations/versions; a test holds it equal to Alembic's own head."""
ID, GENERATION = "database id", "database generation"
"""Names of the two cursors that tell a database from every other one, and from older states of itself."""


POOL = {"pool_size": 15, "max_overflow": 0}
"""Connections of a process at most. None is closed when it is given back: with many readers at once PostgreSQL made and
ended a process for every few pages."""


class DatabaseAwayError(DatabaseError):
    """The server cannot be reached, or broke off: the same thing may work in a while."""


class Database:
    """An open database. Make it with ``open_database``; close it when done."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._turns: Turns | None = None
        """Who writes next; None leaves it to the database."""
        self._group_commit: GroupCommit | None = None
        self._log = CommitLog(Path(str(engine.url.database)))
        self._when_lost: Callable[[], None] = _nothing
        self._unsynced: DatabaseError | None = None
        """What the disk said when it did not take something: it says so once, and no later wait proves anything."""

    @property
    def is_sqlite(self) -> bool:
        """Whether this is a SQLite file."""
        return self.engine.dialect.name == "sqlite"

    @property
    def where(self) -> str:
        """The file or URL, without a password, for messages."""
        if self.is_sqlite:
            return str(self.engine.url.database)
        return self.engine.url.render_as_string(hide_password=True)

    @contextmanager
    def write(self, *, durable: bool = True, rebuilds: bool = False) -> Iterator[Connection]:
        """One writing transaction: committed at the end of the block, rolled back when it raises.

        Args:
            durable: Whether the commit waits until the disk has it, for when the power fails. Without it the last
                moments before that may be lost, and nothing else; a killed process loses nothing either way.
            rebuilds: Whether tables are made anew under the name of old ones, to which others refer: SQLite can do so
                only while it does not look at that (https://www.sqlite.org/lang_altertable.html section 7).
        """
        together = self._group_commit
        with self._words(), self._turn() as enter, self._opened(rebuilds) as connection:
            options = {
                "nashra_write": True,
                "nashra_enter": enter,
                "nashra_relaxed": not durable or together is not None,
            }
            writer = connection.execution_options(**options)
            with writer.begin():
                if not durable and not self.is_sqlite:
                    writer.exec_driver_sql("SET LOCAL synchronous_commit TO off")
                yield writer
        if durable and together is not None:
            together.wait(self.sync)

    def wait_together(self, *, when_lost: Callable[[], None]) -> None:
        """From now on a commit lets the next one write before the disk has it, and one wait serves all who wait.

        `write` comes to an end when the disk has it, as before. But what the disk did not take can be read until the
        power fails: whoever writes like this must be able to do the same thing twice.

        Args:
            when_lost: Called when the disk has not taken something, after which no `write` of this process succeeds.
        """
        if self.syncs_apart:
            self._group_commit = GroupCommit()
            self._when_lost = when_lost

    @contextmanager
    def _turn(self) -> Iterator[Callable[[Callable[[], bool]], None] | None]:
        """What begins in our turn. Who waits for theirs holds no connection, since those who read need it."""
        if self._turns is None:
            yield None
            return
        with self._turns.turn() as until:
            yield partial(self._turns.enter, until=until)

    @contextmanager
    def _opened(self, rebuilds: bool) -> Iterator[Connection]:
        """A connection, for ``rebuilds`` one on which SQLite does not look at what refers to what."""
        with self.engine.connect() as connection:
            raw = connection.connection.driver_connection if rebuilds and self.is_sqlite else None
            if raw is None:
                yield connection
                return
            # Of the connection, and without effect inside a transaction.
            raw.execute("PRAGMA foreign_keys=OFF")
            try:
                yield connection
            finally:
                raw.execute("PRAGMA foreign_keys=ON")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One reading transaction: everything read in the block is of one moment."""
        with self._words(), self.engine.connect() as connection, connection.begin():
            yield connection

    @property
    def syncs_apart(self) -> bool:
        """Whether ``sync`` does the disk's part in commits that did not wait for it."""
        return self.is_sqlite and self.engine.url.database not in {None, "", ":memory:"}

    def sync(self) -> None:
        """Wait until the disk has all that was committed before, also what was committed without waiting for that.

        It is what SQLite does itself in a commit with ``synchronous=FULL``, the same call for the same file, and may be
        called from any thread at any time: nobody who reads or writes waits for it, and Python runs meanwhile.

        Raises:
            DatabaseError: The disk does not take it.
        """
        assert self.syncs_apart
        if self._unsynced is not None:
            raise self._unsynced
        try:
            self._log.sync()
        except OSError as error:
            if (full := file_limit_error(error)) is not None:
                raise full from error
            self._unsynced = DatabaseError(*complaint(f"disk I/O error ({error.strerror})"), where=self.where)
            self._when_lost()
            raise self._unsynced from error

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()
        self._log.close()

    @contextmanager
    def _words(self) -> Iterator[None]:
        import sqlite3

        from sqlalchemy import exc

        try:
            yield
        except TurnError as error:
            raise DatabaseError(*complaint("database is locked"), where=self.where) from error
        except sqlite3.Error as error:
            # Of what goes to the driver itself.
            if (full := file_limit_error(error)) is not None:
                raise full from error
            if isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError:
                raise DatabaseError(*complaint(str(error)), where=self.where) from error
            raise
        except exc.DBAPIError as error:
            # SQLite tells of a damaged file with the class above OperationalError, and nothing else.
            outside = isinstance(error, exc.OperationalError) or type(error) is exc.DatabaseError
            # PostgreSQL tells of a table that is not there as of a fault in the statement.
            outside = outside or "does not exist" in str(error.orig)
            if (full := file_limit_error(error)) is not None:
                raise full from error
            if not self.is_sqlite and (error.connection_invalidated or is_away(error.orig)):
                raise DatabaseAwayError(*complaint(str(error.orig)), where=self.where) from error
            if outside or error.connection_invalidated:
                raise DatabaseError(*complaint(str(error.orig)), where=self.where) from error
            raise


def _nothing() -> None:
    pass


def open_database(url: str) -> Database:
    """Open the database at a SQLAlchemy URL without looking at its schema.

    Args:
        url: SQLAlchemy URL: ``sqlite:////absolute/path`` or ``postgresql+psycopg://…``.

    Raises:
        DatabaseError: The driver for PostgreSQL is not installed.
    """
    from sqlalchemy import URL, create_engine, event

    if url.startswith("sqlite:///"):
        # Not parsed as a URL: the name of a folder may hold a question mark.
        path = url.removeprefix("sqlite:///")
        in_file = path != ":memory:"
        if in_file:
            _keep_private(Path(path))
        address = URL.create("sqlite", database=path)
        pool = POOL if in_file else {}  # in memory each thread has its one connection
        engine = create_engine(address, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True, **pool)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        database = Database(engine)
        if in_file:
            database._turns = Turns(Path(path), BUSY_SECONDS)
        return database
    try:
        return Database(create_engine(url, pool_pre_ping=True, hide_parameters=True, **POOL))
    except ModuleNotFoundError:
        raise _without_driver() from None


def open_to_look(url: str, *, seconds: int = 5) -> Database:
    """Open a database for somebody who only looks: nothing is made, upgraded or set, and no statement can write.

    Args:
        url: As for ``open_database``.
        seconds: Longest wait for a connection, and for a statement of PostgreSQL.

    Raises:
        DatabaseError: The driver for PostgreSQL is not installed.
    """
    import sqlite3

    from sqlalchemy import create_engine, event
    from sqlalchemy.pool import NullPool

    if url.startswith("sqlite:///"):
        path = url.removeprefix("sqlite:///")
        uri = f"{Path(path).absolute().as_uri()}?mode=rw"

        def connect() -> sqlite3.Connection:
            found = sqlite3.connect(uri, uri=True, timeout=seconds, check_same_thread=False, isolation_level=None)
            found.execute("PRAGMA query_only=ON")
            return found

        # Every reader its own connection: they ask from several threads.
        engine = create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)
        engine.url = engine.url.set(database=path)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        return Database(engine)
    asked = {
        "connect_timeout": seconds,
        "options": f"-c default_transaction_read_only=on -c statement_timeout={seconds * 1000}",
    }
    try:
        return Database(create_engine(url, connect_args=asked, poolclass=NullPool, hide_parameters=True))
    except ModuleNotFoundError:
        raise _without_driver() from None


def _without_driver() -> DatabaseError:
    return DatabaseError("the driver for PostgreSQL is missing", mend=installing(DRIVER))


def _keep_private(path: Path) -> None:
    """Make a file that is not there yet, for its owner alone: it will hold addresses. SQLite's other files follow."""
    with contextlib.suppress(OSError):  # SQLite says in its own words what is wrong
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Autocommit mode, so that the transaction begins with the statement of _begin_sqlite and not with Python's guess.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    level = "NORMAL" if options.get("nashra_relaxed") else "FULL"
    if connection.info.get("synchronous", "FULL") != level:
        # Of the connection, not of the transaction: the next one on it may want the other level.
        connection.exec_driver_sql(f"PRAGMA synchronous={level}")
        connection.info["synchronous"] = level
    enter = options.get("nashra_enter")
    if enter is None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("nashra_write") else "BEGIN")
        return
    raw = connection.connection.driver_connection
    assert raw is not None
    # SQLite itself waits by looking again, ever more seldom: whoever came later goes first.
    raw.execute("PRAGMA busy_timeout=0")
    try:
        enter(partial(begun, raw))
    finally:
        raw.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000:.0f}")


def version(database: Database) -> str | None:
    """The schema's revision, or None for an empty database.

    Raises:
        DatabaseError: It was made by a newer version of the program, or does not say by which.
    """
    from sqlalchemy import inspect, text

    with database.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    if len(found) != 1:
        raise DatabaseError("it does not say what version it is", where=database.where, mend="restore a backup")
    if str(found[0]) > HEAD:
        raise NewSchemaError(
            f"its schema is {found[0]}, made by a newer version (this one knows {HEAD})",
            where=database.where,
            mend="upgrade nashra on this machine",
        )
    return str(found[0])


def ready(database: Database, *, now: datetime) -> None:
    """Make sure the schema is the one this version of the program speaks.

    A SQLite file of an older version is copied and upgraded at once; PostgreSQL is upgraded only when told to,
    since other machines may still run the older program.

    Raises:
        DatabaseError: A newer schema, or an older one on PostgreSQL.
    """
    found = version(database)
    if found == HEAD:
        return
    if not database.is_sqlite:
        raise OldSchemaError(
            f"its schema is {found or 'empty'}, this version needs {HEAD}",
            where=database.where,
            mend="run: newsletter database upgrade",
        )
    if found is not None:
        backup(database, now=now)
    upgrade(database)


def upgrade(database: Database) -> None:
    """Bring the schema to HEAD in one transaction; nothing happens when it is there already."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    # Alembic reads a percent sign as the beginning of a name to be filled in.
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with database.write(rebuilds=True) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        if database.is_sqlite and (lost := connection.exec_driver_sql("PRAGMA foreign_key_check").first()):
            raise DatabaseError(
                f"rows of {lost[0]} refer to what is not there", where=database.where, mend="restore a backup"
            )


def backup(database: Database, *, now: datetime) -> Path:
    """Copy a SQLite database, also while it is in use, into ``backups/`` beside it.

    Args:
        now: Goes into the file's name, in UTC.

    Raises:
        DatabaseError: The database is PostgreSQL, or the copy cannot be written.
    """
    import sqlite3

    if not database.is_sqlite:
        raise DatabaseError(
            "PostgreSQL is backed up with its own tools",
            where=database.where,
            mend="run: newsletter database backup --to DIR",
        )
    source = Path(str(database.engine.url.database))
    folder, stem = source.parent / "backups", f"{source.stem}-{now.astimezone(UTC):%Y%m%d-%H%M%SZ}"
    number = 0
    while True:
        number += 1
        target = folder / (f"{stem}.db" if number == 1 else f"{stem}-{number}.db")
        try:
            # The folder holds addresses: only its owner reads it.
            folder.mkdir(mode=0o700, exist_ok=True)
            with new_file(target) as unfinished:
                _keep_private(unfinished)
                closing = contextlib.closing
                with closing(sqlite3.connect(source)) as origin, closing(sqlite3.connect(unfinished)) as copy:
                    origin.backup(copy)
            return target
        except NameTakenError:
            continue  # another copy of the same second
        except (OSError, sqlite3.Error) as error:
            raise DatabaseError(f"cannot be backed up ({error})", where=str(source), mend="check the disk") from None
