"""The one engine of a workspace, SQLite file or PostgreSQL, with its transactions, its version and its copy.

Every writing transaction on SQLite starts with BEGIN IMMEDIATE: a deferred one that reads first and writes later
fails at once with "database is locked" whatever the time-out (measured: 909 of 1,276), and two claimers can read
the same free row. WAL lets readers go on meanwhile; synchronous FULL keeps what was committed through a power cut.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from newsletter.errors import DatabaseError, NewSchemaError, OldSchemaError, file_limit_error
from newsletter.installing import DRIVER, installing
from subscribers.newfile import NameTakenError, new_file

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

HEAD = "0014"
"""The newest revision in migrations/versions; a test holds it equal to Alembic's own head."""
ID, GENERATION = "database id", "database generation"
"""Names of the two cursors that tell a database from every other one, and from older states of itself."""
BUSY_SECONDS = 30
"""How long a writer waits for another one on SQLite."""


class DatabaseAwayError(DatabaseError):
    """The server cannot be reached, or broke off: the same thing may work in a while."""


class Database:
    """An open database. Make it with ``open_database``; close it when done."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
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
        with self._words(), self.engine.connect() as connection, self._blind(connection, rebuilds):
            writer = connection.execution_options(nashra_write=True, nashra_relaxed=not durable)
            with writer.begin():
                if not durable and not self.is_sqlite:
                    writer.exec_driver_sql("SET LOCAL synchronous_commit TO off")
                yield writer

    @contextmanager
    def _blind(self, connection: Connection, rebuilds: bool) -> Iterator[None]:
        raw = connection.connection.driver_connection if rebuilds and self.is_sqlite else None
        if raw is None:
            yield
            return
        # Of the connection, and without effect inside a transaction.
        raw.execute("PRAGMA foreign_keys=OFF")
        try:
            yield
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
        # Where SQLite keeps it: beside the file that a link leads to. Never the database file itself: to close that
        # would let go of all locks that this process holds on it (https://www.sqlite.org/howtocorrupt.html 2.2).
        # The log of committed pages has none.
        try:
            descriptor = os.open(f"{os.path.realpath(str(self.engine.url.database))}-wal", os.O_RDWR)
            try:
                getattr(os, "fdatasync", os.fsync)(descriptor)
            finally:
                os.close(descriptor)
        except FileNotFoundError:
            return  # it was taken into the database file, which is synced before the log goes
        except OSError as error:
            if (full := file_limit_error(error)) is not None:
                raise full from error
            reason = f"disk I/O error ({error.strerror})"
            self._unsynced = DatabaseError(*_words(reason), where=self.where)
            raise self._unsynced from error

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()

    @contextmanager
    def _words(self) -> Iterator[None]:
        import sqlite3

        from sqlalchemy import exc

        try:
            yield
        except sqlite3.Error as error:
            # Of what goes to the driver itself.
            if (full := file_limit_error(error)) is not None:
                raise full from error
            if isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError:
                raise DatabaseError(*_words(str(error)), where=self.where) from error
            raise
        except exc.DBAPIError as error:
            # SQLite tells of a damaged file with the class above OperationalError, and nothing else.
            outside = isinstance(error, exc.OperationalError) or type(error) is exc.DatabaseError
            # PostgreSQL tells of a table that is not there as of a fault in the statement.
            outside = outside or "does not exist" in str(error.orig)
            if (full := file_limit_error(error)) is not None:
                raise full from error
            if not self.is_sqlite and (error.connection_invalidated or _is_away(error.orig)):
                raise DatabaseAwayError(*_words(str(error.orig)), where=self.where) from error
            if outside or error.connection_invalidated:
                raise DatabaseError(*_words(str(error.orig)), where=self.where) from error
            raise


def _is_away(error: BaseException | None) -> bool:
    """Whether a server may be back in a while (PostgreSQL's manual, appendix A: classes 08, 57P and more).

    Without a code it was libpq that could not connect, or whose connection broke; but a wrong password or a name that
    does not exist comes without one too.
    """
    import psycopg

    if not isinstance(error, psycopg.Error):
        return False
    if error.sqlstate:
        # 25P03: the server lost patience with a transaction of ours in which nothing happened.
        # 40P01 and 40001: two transactions waited for each other, and this one was rolled back.
        return error.sqlstate.startswith(("08", "57P0")) or error.sqlstate in {"53300", "25P03", "40P01", "40001"}
    if not isinstance(error, psycopg.OperationalError):
        return False
    words = str(error)
    if "FATAL" in words:
        return any(sign in words for sign in ("starting up", "shutting down", "too many", "recovery", "terminating"))
    return "resolve" not in words


def _words(reason: str) -> tuple[str]:
    reason = reason.strip().splitlines()[0] if reason.strip() else "no reason given"
    mends = {
        "full": "free some space and run the same command again; what was committed is safe",
        "No space left": "free some space and run the same command again; what was committed is safe",
        "locked": f"another command held it for {BUSY_SECONDS} seconds; run this one again",
        "readonly": "make the file and its folder writable",
        "read-only": "make the file and its folder writable",
        "unable to open": "check that its folder exists and can be written to",
        # What a full disk is to the write-ahead log.
        "disk I/O": "free some space, or check the disk; then run the same command again",
        "not a database": "the file is damaged or something else; restore a backup",
        "malformed": "the file is damaged; restore a backup",
        "no such table": "run: newsletter database upgrade",
        "does not exist": "check [database] url; then run: newsletter database upgrade",
        "connect": "check [database] url and that the server runs",
    }
    mend = next((words for sign, words in mends.items() if sign in reason), "")
    return (f"the database says: {reason}" + (f"; {mend}" if mend else ""),)


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
        if path != ":memory:":
            _keep_private(Path(path))
        address = URL.create("sqlite", database=path)
        engine = create_engine(address, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return Database(engine)
    try:
        return Database(create_engine(url, pool_pre_ping=True, hide_parameters=True))
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
    writes = options.get("nashra_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


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
