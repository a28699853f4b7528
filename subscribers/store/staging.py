"""The rows of a file on their way in: one temporary table, then a few statements that see all rows at once.

A million rows go through the driver's own executemany on SQLite and through COPY on PostgreSQL (measured: two and
three times as fast as SQLAlchemy's inserts). What may happen to a subscription is not decided here: the statements
follow the table of `subscribers.consent`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa  # noqa: TID253  this module is nothing but SQL, and is imported late itself

from subscribers.consent import Act, decide
from subscribers.models import Rhythm, Status
from subscribers.moments import to_seconds
from subscribers.store.dialect import insert
from subscribers.store.suppressions import used_keys
from subscribers.store.tables import (
    consent,
    subscriber,
    subscription,
    suppression,
)
from subscribers.suppression import fingerprint, fingerprints, newest

if TYPE_CHECKING:
    from sqlalchemy import Connection

STANDINGS = ("pending", "confirmed", "left", "suppressed", "stopped")
"""What a row says, weakest first: when two rows of a file speak of one address, the stronger word counts.

``suppressed`` is the file's word; ``stopped`` is ours, for an address that must not be mailed here already.
"""

_LEFT, _SUPPRESSED, _STOPPED = (STANDINGS.index(name) for name in ("left", "suppressed", "stopped"))

_ACT_OF: dict[str, Act] = {"pending": "import-pending", "confirmed": "import", "left": "import-left"}


_PAGE = 1000
_MANY = 1000


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


class StagedGroup(NamedTuple):
    """Staged addresses in the same case: their status on the list before, what the file says, how many they are."""

    before: Status | None
    standing: str
    number: int


# In a collection of its own: it is no part of the schema.
_staged = sa.Table(
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
    prefixes=["TEMPORARY"],
    sqlite_with_rowid=False,
)


@contextmanager
def stage(connection: Connection, rows: Iterable[StagedRow]) -> Iterator[int]:
    """Put rows into a temporary table, one for each address; it is gone at the end of the block.

    Args:
        connection: A connection in a writing transaction.
        rows: Read once; of two with one key the first counts, with the stronger standing of both.

    Returns:
        (as context) the number of addresses.
    """
    (_fill_postgresql if connection.dialect.name == "postgresql" else _fill_sqlite)(connection, rows)
    yield connection.execute(sa.select(sa.func.count()).select_from(_staged)).scalar_one()
    # Not in a finally: after an error the transaction is rolled back, and the table with it.
    _staged.drop(connection)


def _fill_sqlite(connection: Connection, rows: Iterable[StagedRow]) -> None:
    _staged.create(connection)
    _driver(connection).executemany(
        "INSERT INTO staged VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (address_key) "
        "DO UPDATE SET standing = excluded.standing WHERE excluded.standing > standing",
        rows,
    )


def _fill_postgresql(connection: Connection, rows: Iterable[StagedRow]) -> None:
    connection.exec_driver_sql(
        'CREATE TEMPORARY TABLE staged_raw (address_key TEXT COLLATE "C", address TEXT, public_id BYTEA, '
        "needs_smtputf8 BOOLEAN, standing SMALLINT, rhythm TEXT, declined_topics SMALLINT, paused_until BIGINT, "
        "line BIGINT)"
    )
    with _driver(connection).cursor() as cursor, cursor.copy("COPY staged_raw FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    connection.exec_driver_sql(
        "CREATE TEMPORARY TABLE staged AS "
        "SELECT DISTINCT ON (address_key) address_key, address, public_id, needs_smtputf8, "
        "max(standing) OVER (PARTITION BY address_key) AS standing, rhythm, "
        "declined_topics, paused_until, line "
        "FROM staged_raw ORDER BY address_key, line"
    )
    connection.exec_driver_sql("DROP TABLE staged_raw")
    # It is sorted already; without the index every page of `_key_pages` would read the whole table.
    connection.exec_driver_sql("ALTER TABLE staged ADD PRIMARY KEY (address_key)")
    connection.exec_driver_sql("ANALYZE staged")


def _driver(connection: Connection) -> Any:
    """The driver's connection under SQLAlchemy's, inside the same transaction."""
    return connection.connection.driver_connection


def mark_suppressed(connection: Connection, keys: Mapping[int, bytes]) -> None:
    """Mark the staged addresses that must not be mailed here, whatever the file says.

    A person who has a subscription here and whom the file calls left is not marked: they leave.

    Args:
        connection: The connection that `stage` was given, inside its block.
        keys: Secret keys of suppressed addresses.

    Raises:
        SecretError: Addresses are suppressed under a key that is missing.
    """
    used = used_keys(connection)
    if not used:
        return
    known = sa.exists().where(subscriber.c.address_key == _staged.c.address_key)
    for page in _key_pages(connection, sa.or_(_staged.c.standing != _LEFT, ~known)):
        by_fingerprint = {one: key for key in page for one in fingerprints(key, keys, used)}
        hits = connection.execute(
            sa.select(suppression.c.fingerprint).where(suppression.c.fingerprint.in_(list(by_fingerprint)))
        ).scalars()
        stopped = [by_fingerprint[bytes(one)] for one in hits]
        if stopped:
            connection.execute(sa.update(_staged).where(_staged.c.address_key.in_(stopped)).values(standing=_STOPPED))


def suppress(connection: Connection, keys: Mapping[int, bytes], *, now: datetime) -> None:
    """Suppress the staged addresses that the file says must not be mailed.

    Args:
        connection: Inside `stage`, after `mark_suppressed`.
        keys: Secret keys of suppressed addresses.
        now: The present moment, timezone-aware.

    Raises:
        SecretError: There are such addresses and there is no key.
    """
    at = to_seconds(now)
    for page in _key_pages(connection, _staged.c.standing == _SUPPRESSED):
        key_id = newest(keys)
        ids = dict(
            connection.execute(
                sa.select(subscriber.c.address_key, subscriber.c.id).where(subscriber.c.address_key.in_(page))
            ).all()
        )
        connection.execute(
            sa.insert(suppression),
            [
                {
                    "fingerprint": fingerprint(key, keys[key_id]),
                    "key_id": key_id,
                    "subscriber_id": ids.get(key),
                    "reason": "import",
                    "at": at,
                }
                for key in page
            ],
        )


def _key_pages(connection: Connection, condition: sa.ColumnElement[bool]) -> Iterator[list[str]]:
    """Folded addresses of staged rows, ascending, a page at a time."""
    last = ""
    while True:
        query = (
            sa.select(_staged.c.address_key)
            .where(condition, _staged.c.address_key > last)
            .order_by(_staged.c.address_key)
            .limit(_PAGE)
        )
        page = list(connection.execute(query).scalars())
        if page:
            yield page
        if len(page) < _PAGE:
            return
        last = page[-1]


def groups(connection: Connection, list_id: int) -> list[StagedGroup]:
    """Count the staged addresses by what is known of them here and by what the file says.

    Args:
        connection: The connection that `stage` was given, inside its block.
        list_id: Of the list they are meant for.
    """
    query = (
        sa.select(subscription.c.status, _staged.c.standing, sa.func.count())
        .select_from(_known_people(list_id, everybody=True))
        .group_by(subscription.c.status, _staged.c.standing)
    )
    return [StagedGroup(before, STANDINGS[standing], number) for before, standing, number in connection.execute(query)]


def write(
    connection: Connection,
    list_id: int,
    found: Iterable[StagedGroup],
    *,
    rhythm: Rhythm,
    now: datetime,
    how: str,
    words: str,
) -> None:
    """Make subscribers and subscriptions of the staged rows, and put every change into the record of consent.

    Args:
        connection: The connection that `stage` was given, inside its block.
        list_id: Id of the list.
        found: From `groups`; what it does not name is not touched.
        rhythm: For new subscriptions whose row names none.
        now: The present moment, timezone-aware.
        how: For the record of consent.
        words: For the record of consent.
    """
    at = to_seconds(now)
    written = 0
    _insert_people(connection, at)
    for group in found:
        act = _ACT_OF.get(group.standing)
        decision = None if act is None else decide(group.before, act)
        if act is None or decision is None or decision.status is None or not decision.changes:
            continue
        # The record first: it looks for the status that the next statement changes.
        _record(connection, list_id, group, act, at=at, how=how, words=words)
        if group.before is None:
            _subscribe(connection, list_id, group, decision.status, rhythm=rhythm, at=at)
        else:
            _move(connection, list_id, group, decision.status, at=at)
        written += group.number
    if written >= _MANY and connection.dialect.name == "postgresql":
        # Without it the planner still takes the tables for empty, and an audience is read seven times slower
        # (measured with 300,000 subscribers).
        connection.exec_driver_sql("ANALYZE subscriber, subscription, consent")


def _record(
    connection: Connection, list_id: int, group: StagedGroup, act: Act, *, at: int, how: str, words: str
) -> None:
    said = (sa.literal(act), sa.literal(at), sa.literal(how), sa.literal(words))
    people = _people_of(list_id, group, subscriber.c.id, sa.literal(list_id), *said)
    names = ["subscriber_id", "list_id", "act", "at", "how", "words"]
    connection.execute(sa.insert(consent).from_select(names, people))


def _subscribe(
    connection: Connection, list_id: int, group: StagedGroup, status: Status, *, rhythm: Rhythm, at: int
) -> None:
    people = _people_of(
        list_id,
        group,
        sa.literal(list_id),
        subscriber.c.id,
        sa.literal(status),
        sa.func.coalesce(_staged.c.rhythm, sa.literal(rhythm)),
        _staged.c.declined_topics,
        _staged.c.paused_until,
        sa.literal(at).label("created"),
        sa.literal(at).label("changed"),
    )
    names = ["list_id", "subscriber_id", "status", "rhythm", "declined_topics", "paused_until", "created", "changed"]
    # Somebody may have subscribed since the counting (PostgreSQL): what they did stays.
    connection.execute(
        insert(connection, subscription)
        .from_select(names, people)
        .on_conflict_do_nothing(index_elements=["list_id", "subscriber_id"])
    )


def _move(connection: Connection, list_id: int, group: StagedGroup, status: Status, *, at: int) -> None:
    connection.execute(
        sa.update(subscription)
        .where(
            subscription.c.list_id == list_id,
            subscription.c.status == group.before,
            subscription.c.subscriber_id.in_(_people_of(list_id, group, subscriber.c.id)),
        )
        .values(status=status, changed=at)
    )


def _insert_people(connection: Connection, at: int) -> None:
    """Everybody in the file who is not known yet, in order of key: the unique index then grows at one end."""
    columns = [_staged.c.address, _staged.c.address_key, _staged.c.public_id, _staged.c.needs_smtputf8]
    new = (
        sa.select(*columns, sa.literal(at).label("created"))
        .where(
            _staged.c.standing < _SUPPRESSED,
            ~sa.exists().where(subscriber.c.address_key == _staged.c.address_key),
        )
        .order_by(_staged.c.address_key)
    )
    connection.execute(
        insert(connection, subscriber)
        .from_select([*(column.name for column in columns), "created"], new)
        .on_conflict_do_nothing(index_elements=["address_key"])
    )


def _people_of(list_id: int, group: StagedGroup, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    return (
        sa.select(*columns)
        .select_from(_known_people(list_id))
        .where(
            _staged.c.standing == STANDINGS.index(group.standing),
            subscription.c.status.is_(None) if group.before is None else subscription.c.status == group.before,
        )
        .order_by(_staged.c.address_key)
    )


def _known_people(list_id: int, *, everybody: bool = False) -> sa.FromClause:
    same = subscriber.c.address_key == _staged.c.address_key
    theirs = sa.and_(subscription.c.subscriber_id == subscriber.c.id, subscription.c.list_id == list_id)
    return _staged.join(subscriber, same, isouter=everybody).outerjoin(subscription, theirs)
