"""A whole database copied into another one, of the same kind or not: every row, every id, and the ids to come."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from newsletter.errors import DatabaseError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

    from newsletter.storage.database import Database

ROWS = 1000
"""Rows in one statement."""
ROWS_OF = {"letter": 20, "media": 20}
"""Of tables whose rows hold pictures, up to megabytes each: a thousand of them would fill the memory."""

Progress = Callable[[int, int], None]
"""Told how many rows have been copied, of how many."""


def copy(source: Database, target: Database, tell: Progress = lambda _done, _total: None) -> dict[str, int]:
    """Copy everything of both wings; the target holds all of it or nothing.

    Ids stay what they are, and what was given away once is not given again, also when its row is gone.

    Args:
        source: With the schema of this version; it is only read, all of it as of one moment.
        target: Empty; its schema is made when it has none.
        tell: How far it is.

    Returns:
        Rows of each table, counted in the target.

    Raises:
        DatabaseError: The target is not empty, somebody is sending, or one of them fails.
    """
    from newsletter.storage.database import HEAD, upgrade, version

    found = version(target)
    if found is None:
        upgrade(target)
    elif found != HEAD:
        raise DatabaseError(
            f"its schema is {found}, this version needs {HEAD}", where=target.where, mend="name an empty database"
        )
    with snapshot(source) as origin, target.write() as goal:
        _refuse(origin, source, goal, target)
        counts = {table.name: _count(origin, table) for table in every_table()}
        done, total = 0, sum(counts.values())
        for table in every_table():
            with closing(_slices(origin, table)) as slices:
                for rows in slices:
                    goal.execute(table.insert(), rows)
                    done += len(rows)
                    tell(done, total)
            _keep_ids(origin, goal, table)
        arrived = {table.name: _count(goal, table) for table in every_table()}
        if arrived != counts:
            wrong = ", ".join(name for name in counts if counts[name] != arrived[name])
            raise DatabaseError(f"not every row arrived ({wrong}); nothing was kept", where=target.where)
    return arrived


def every_table() -> list[Table]:
    """Every table of both wings, each after those that it refers to."""
    from newsletter.storage import desk_tables, publish_tables, site_tables
    from subscribers.store.tables import metadata

    ours = dict.fromkeys(
        table for room in (desk_tables, site_tables, publish_tables) for table in room.metadata.sorted_tables
    )
    return [*metadata.sorted_tables, *ours]


@contextmanager
def snapshot(database: Database) -> Iterator[Connection]:
    """A reading transaction that sees one moment, on PostgreSQL too.

    Args:
        database: Either kind.
    """
    if database.is_sqlite:
        with database.read() as connection:
            yield connection
        return
    from newsletter.storage.database import Database

    engine = database.engine.execution_options(isolation_level="REPEATABLE READ")
    with Database(engine).read() as connection:
        yield connection


def _refuse(origin: Connection, source: Database, goal: Connection, target: Database) -> None:
    from sqlalchemy import func, select

    from newsletter.storage.clock import clock
    from newsletter.storage.database import GENERATION, ID
    from newsletter.storage.tables import batch, send

    full = [table.name for table in every_table() if goal.execute(select(table).limit(1)).first() is not None]
    # A new database has the list that every workspace begins with, and an id of its own.
    fresh = set(full) <= {"list", "mark"} and _count(goal, _named("list")) <= 1
    if fresh and not set(goal.execute(select(_named("mark").c.name)).scalars()) - {ID, GENERATION}:
        goal.execute(_named("list").delete())
        goal.execute(_named("mark").delete())
        full = []
    if full:
        raise DatabaseError(
            f"it is not empty ({', '.join(full)}); nothing was copied", where=target.where, mend="name an empty one"
        )
    held = select(func.count()).select_from(batch.join(send, send.c.id == batch.c.send_id))
    if origin.execute(held.where(send.c.state == "running", batch.c.lease_until > clock(origin))).scalar_one():
        # Whoever sends goes on in the old database, and the new one would send the same again.
        raise DatabaseError("somebody is sending", where=source.where, mend="pause it: newsletter sends pause SEND")


def _named(name: str) -> Table:
    return next(table for table in every_table() if table.name == name)


def _count(connection: Connection, table: Table) -> int:
    from sqlalchemy import func, select

    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _slices(connection: Connection, table: Table) -> Generator[list[dict[str, Any]], None, None]:
    """The rows of a table, a slice at a time, in the order of its key."""
    from sqlalchemy import select

    query = select(table).order_by(*table.primary_key.columns)
    # On PostgreSQL all rows would come at once without a cursor of the server's.
    with connection.execute(query, execution_options={"stream_results": True}) as result:
        for rows in result.mappings().partitions(ROWS_OF.get(table.name, ROWS)):
            yield [dict(row) for row in rows]


def _keep_ids(origin: Connection, goal: Connection, table: Table) -> None:
    """Let the target go on counting where the source is, not where its rows end."""
    from sqlalchemy import text

    if "id" not in table.c or table.c.id.identity is None:
        return
    if origin.dialect.name == "sqlite":
        query = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        last = origin.execute(query, {"name": table.name}).scalar()
    else:
        last = origin.execute(text(f"SELECT last_value FROM {_sequence(origin, table)} WHERE is_called")).scalar()  # noqa: S608  our own names
    if not last:  # none was given yet
        return
    if goal.dialect.name == "sqlite":
        goal.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
        new = text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)")
        goal.execute(new, {"name": table.name, "last": last})
        return
    goal.execute(text("SELECT setval(:sequence, :last)"), {"sequence": _sequence(goal, table), "last": last})


def _sequence(connection: Connection, table: Table) -> str:
    from sqlalchemy import text

    query = text("SELECT pg_get_serial_sequence(:name, 'id')")
    return str(connection.execute(query, {"name": f'"{table.name}"'}).scalar_one())
