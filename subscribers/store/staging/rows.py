"""The temporary table that a file goes through, and the questions that are asked of all its rows at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import sqlalchemy as sa  # noqa: TID253  this module is nothing but SQL, and is imported late itself

from subscribers.models import Status
from subscribers.store.tables import (
    subscriber,
    subscription,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection


STANDINGS = ("pending", "confirmed", "left", "suppressed", "stopped")
"""What a row says, weakest first: when two rows of a file speak of one address, the stronger word counts.

``suppressed`` is the file's word; ``stopped`` is ours, for an address that must not be mailed here already.
"""

LEFT, SUPPRESSED, STOPPED = (STANDINGS.index(name) for name in ("left", "suppressed", "stopped"))
"""Their indexes."""


PAGE = 1000
"""Rows of one page of an answer."""


class StagedRow(NamedTuple):
    """A row as the temporary table holds it, in the order of its columns."""

    address_key: str
    address: str
    public_id: bytes
    needs_smtputf8: bool
    standing: int
    """Index into STANDINGS."""
    rhythm: str | None
    declined_topics: int
    paused_until: int | None
    line: int
    created: int | None = None
    """Since when they have the subscription, if the file says so; Unix seconds as below."""
    changed: int | None = None
    status: int | None = None
    """Index into STANDINGS: how a suppressed person stands besides; None keeps the suppression alone."""
    suppressed_for: str | None = None
    suppressed_at: int | None = None
    record: str | None = None
    """What the file says of their consent, see ``own_export.record_as_json``; None when it says nothing."""
    uncounted: bool | None = None
    """Whether the file says that they want no counting of clicks."""
    name: str | None = None
    """What they are called, where that is to be kept; of two rows with one address, that of the first."""
    name_key: str | None = None
    """The same folded."""


class StagedGroup(NamedTuple):
    """Staged addresses in the same case: their status on the list before, what the file says, how many they are."""

    before: Status | None
    standing: str
    number: int
    status: Status | None = None
    """How suppressed people stand besides, when the file says so."""
    evident: bool = False
    """The file tells how they agreed, or left."""


_TOLD = ("standing", "changed", "status", "suppressed_for", "suppressed_at", "record", "uncounted")
"""Columns that go together when two rows speak of one address."""


# In a collection of its own: it is no part of the schema.
staged = sa.Table(
    "staged",
    sa.MetaData(),
    sa.Column("address_key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), primary_key=True),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("public_id", sa.LargeBinary, nullable=False),
    sa.Column("needs_smtputf8", sa.Boolean, nullable=False),
    sa.Column("standing", sa.SmallInteger, nullable=False),
    sa.Column("rhythm", sa.Text),
    sa.Column("declined_topics", sa.SmallInteger, nullable=False),
    sa.Column("paused_until", sa.BigInteger),
    sa.Column("line", sa.BigInteger, nullable=False),
    sa.Column("created", sa.BigInteger),
    sa.Column("changed", sa.BigInteger),
    sa.Column("status", sa.SmallInteger),
    sa.Column("suppressed_for", sa.Text),
    sa.Column("suppressed_at", sa.BigInteger),
    sa.Column("record", sa.Text),
    sa.Column("uncounted", sa.Boolean),
    sa.Column("name", sa.Text),
    sa.Column("name_key", sa.Text),
    prefixes=["TEMPORARY"],
    sqlite_with_rowid=False,
)


@contextmanager
def stage(connection: Connection, rows: Iterable[tuple[Any, ...]], *, past: bool) -> Iterator[int]:
    """Put rows into a temporary table, one for each address; it is gone at the end of the block.

    Args:
        connection: A connection in a writing transaction.
        rows: Read once, each a ``StagedRow``; of two with one key the first counts, with the stronger standing of both
            and what tells of it.
        past: The file tells of the past. If not, the rows end before what has a default in ``StagedRow``, which
            spares a million empty cells for each of those columns.

    Returns:
        (as context) the number of addresses.
    """
    names = StagedRow._fields if past else StagedRow._fields[: -len(StagedRow._field_defaults)]
    (_fill_postgresql if connection.dialect.name == "postgresql" else _fill_sqlite)(connection, rows, names)
    yield connection.execute(sa.select(sa.func.count()).select_from(staged)).scalar_one()
    # Not in a finally: after an error the transaction is rolled back, and the table with it.
    staged.drop(connection)


def _fill_sqlite(connection: Connection, rows: Iterable[tuple[Any, ...]], names: tuple[str, ...]) -> None:
    staged.create(connection)
    replaced = ", ".join(f"{name} = excluded.{name}" for name in _TOLD)
    places = ", ".join("?" * len(names))
    driver(connection).executemany(
        f"INSERT INTO staged ({', '.join(names)}) VALUES ({places}) "  # noqa: S608  names of our own columns
        f"ON CONFLICT (address_key) DO UPDATE SET {replaced} WHERE excluded.standing > standing",
        rows,
    )


def _fill_postgresql(connection: Connection, rows: Iterable[tuple[Any, ...]], names: tuple[str, ...]) -> None:
    connection.exec_driver_sql(
        'CREATE TEMPORARY TABLE staged_raw (address_key TEXT COLLATE "C", address TEXT, public_id BYTEA, '
        "needs_smtputf8 BOOLEAN, standing SMALLINT, rhythm TEXT, declined_topics SMALLINT, paused_until BIGINT, "
        "line BIGINT, created BIGINT, changed BIGINT, status SMALLINT, suppressed_for TEXT, suppressed_at BIGINT, "
        "record TEXT, uncounted BOOLEAN, name TEXT, name_key TEXT)"
    )
    statement = f"COPY staged_raw ({', '.join(names)}) FROM STDIN"
    with driver(connection).cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
    connection.exec_driver_sql(
        "CREATE TEMPORARY TABLE staged AS SELECT DISTINCT ON (address_key) * FROM staged_raw ORDER BY address_key, line"
    )
    # It is sorted already; without the index every page of `key_pages` would read the whole table.
    connection.exec_driver_sql("ALTER TABLE staged ADD PRIMARY KEY (address_key)")
    replaced = ", ".join(f"{name} = stronger.{name}" for name in _TOLD)
    connection.exec_driver_sql(
        f"UPDATE staged SET {replaced} FROM ("  # noqa: S608  names of our own columns
        "SELECT DISTINCT ON (address_key) staged_raw.* FROM staged_raw JOIN staged AS first USING (address_key) "
        "WHERE staged_raw.standing > first.standing ORDER BY address_key, staged_raw.standing DESC, staged_raw.line"
        ") AS stronger WHERE staged.address_key = stronger.address_key"
    )
    connection.exec_driver_sql("DROP TABLE staged_raw")
    connection.exec_driver_sql("ANALYZE staged")


def driver(connection: Connection) -> Any:
    """The driver's connection under SQLAlchemy's, inside the same transaction."""
    return connection.connection.driver_connection


def key_pages(connection: Connection, condition: sa.ColumnElement[bool]) -> Iterator[list[str]]:
    """Folded addresses of staged rows, ascending, a page at a time."""
    last = ""
    while True:
        query = (
            sa.select(staged.c.address_key)
            .where(condition, staged.c.address_key > last)
            .order_by(staged.c.address_key)
            .limit(PAGE)
        )
        page = list(connection.execute(query).scalars())
        if page:
            yield page
        if len(page) < PAGE:
            return
        last = page[-1]


def groups(connection: Connection, list_id: int) -> list[StagedGroup]:
    """Count the staged addresses by what is known of them here and by what the file says.

    Args:
        connection: The connection that `stage` was given, inside its block.
        list_id: Of the list they are meant for.
    """
    kinds = (subscription.c.status, staged.c.standing, staged.c.status, staged.c.record.is_not(None))
    query = sa.select(sa.func.count(), *kinds).select_from(known_people(list_id, everybody=True)).group_by(*kinds)
    return [
        StagedGroup(
            before,
            STANDINGS[standing],
            number,
            None if status is None else status_of_standing(STANDINGS[status]),
            bool(evident),
        )
        for number, before, standing, status, evident in connection.execute(query)
    ]


def status_of_standing(standing: str) -> Status:
    """The status that a standing other than suppression is."""
    return cast("Status", standing)


def people_of(list_id: int, group: StagedGroup, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """These columns of the known people of one group, in order of their folded address."""
    return (
        sa.select(*columns)
        .select_from(known_people(list_id))
        .where(
            staged.c.standing == STANDINGS.index(group.standing),
            subscription.c.status.is_(None) if group.before is None else subscription.c.status == group.before,
            staged.c.status.is_(None) if group.status is None else staged.c.status == STANDINGS.index(group.status),
            staged.c.record.is_not(None) if group.evident else staged.c.record.is_(None),
        )
        .order_by(staged.c.address_key)
    )


def known_people(list_id: int, *, everybody: bool = False) -> sa.FromClause:
    """Staged rows beside the subscribers who have these addresses and their subscriptions to a list.

    Args:
        list_id: Of the list.
        everybody: Also the rows that nobody has yet.
    """
    same = subscriber.c.address_key == staged.c.address_key
    theirs = sa.and_(subscription.c.subscriber_id == subscriber.c.id, subscription.c.list_id == list_id)
    return staged.join(subscriber, same, isouter=everybody).outerjoin(subscription, theirs)
