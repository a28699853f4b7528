"""The rows of a file on their way in: one temporary table, then a few statements that see all rows at once.

A million rows go through the driver's own executemany on SQLite and through COPY on PostgreSQL (measured: two and
three times as fast as SQLAlchemy's inserts). What may happen to a subscription is not decided here: the statements
follow the table of `subscribers.consent`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import sqlalchemy as sa  # noqa: TID253  this module is nothing but SQL, and is imported late itself

from subscribers.consent import Act, decide
from subscribers.csvfile.own_export import record_from_json
from subscribers.models import Rhythm, Status
from subscribers.moments import to_seconds
from subscribers.store.dialect import insert
from subscribers.store.suppressions import used_keys
from subscribers.store.tables import (
    consent,
    kept_wish,
    small_letter,
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
    created: int | None = None
    """Since when they have the subscription, if the file says so; Unix seconds as below."""
    changed: int | None = None
    status: int | None = None
    """Index into STANDINGS: how a suppressed person stands besides; None keeps the suppression alone."""
    suppressed_for: str | None = None
    suppressed_at: int | None = None
    record: str | None = None
    """What the file says of their consent, see ``own_export.record_as_json``; None when it says nothing."""


class StagedGroup(NamedTuple):
    """Staged addresses in the same case: their status on the list before, what the file says, how many they are."""

    before: Status | None
    standing: str
    number: int
    status: Status | None = None
    """How suppressed people stand besides, when the file says so."""
    evident: bool = False
    """The file tells how they agreed, or left."""


_TOLD = ("standing", "changed", "status", "suppressed_for", "suppressed_at", "record")
"""Columns that go together when two rows speak of one address."""


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
    sa.Column("created", sa.BigInteger),
    sa.Column("changed", sa.BigInteger),
    sa.Column("status", sa.SmallInteger),
    sa.Column("suppressed_for", sa.Text),
    sa.Column("suppressed_at", sa.BigInteger),
    sa.Column("record", sa.Text),
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
    yield connection.execute(sa.select(sa.func.count()).select_from(_staged)).scalar_one()
    # Not in a finally: after an error the transaction is rolled back, and the table with it.
    _staged.drop(connection)


def _fill_sqlite(connection: Connection, rows: Iterable[tuple[Any, ...]], names: tuple[str, ...]) -> None:
    _staged.create(connection)
    replaced = ", ".join(f"{name} = excluded.{name}" for name in _TOLD)
    places = ", ".join("?" * len(names))
    _driver(connection).executemany(
        f"INSERT INTO staged ({', '.join(names)}) VALUES ({places}) "  # noqa: S608  names of our own columns
        f"ON CONFLICT (address_key) DO UPDATE SET {replaced} WHERE excluded.standing > standing",
        rows,
    )


def _fill_postgresql(connection: Connection, rows: Iterable[tuple[Any, ...]], names: tuple[str, ...]) -> None:
    connection.exec_driver_sql(
        'CREATE TEMPORARY TABLE staged_raw (address_key TEXT COLLATE "C", address TEXT, public_id BYTEA, '
        "needs_smtputf8 BOOLEAN, standing SMALLINT, rhythm TEXT, declined_topics SMALLINT, paused_until BIGINT, "
        "line BIGINT, created BIGINT, changed BIGINT, status SMALLINT, suppressed_for TEXT, suppressed_at BIGINT, "
        "record TEXT)"
    )
    statement = f"COPY staged_raw ({', '.join(names)}) FROM STDIN"
    with _driver(connection).cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
    connection.exec_driver_sql(
        "CREATE TEMPORARY TABLE staged AS SELECT DISTINCT ON (address_key) * FROM staged_raw ORDER BY address_key, line"
    )
    # It is sorted already; without the index every page of `_key_pages` would read the whole table.
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
        said = connection.execute(
            sa.select(_staged.c.address_key, _staged.c.suppressed_for, _staged.c.suppressed_at, subscriber.c.id)
            .outerjoin_from(_staged, subscriber, subscriber.c.address_key == _staged.c.address_key)
            .where(_staged.c.address_key.in_(page))
            .order_by(_staged.c.address_key)
        ).all()
        connection.execute(
            sa.insert(suppression),
            [
                {
                    "fingerprint": fingerprint(key, keys[key_id]),
                    "key_id": key_id,
                    "subscriber_id": id_,
                    "reason": reason or "import",
                    "at": at if since is None else since,
                }
                for key, reason, since, id_ in said
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
    kinds = (subscription.c.status, _staged.c.standing, _staged.c.status, _staged.c.record.is_not(None))
    query = sa.select(sa.func.count(), *kinds).select_from(_known_people(list_id, everybody=True)).group_by(*kinds)
    return [
        StagedGroup(
            before, STANDINGS[standing], number, None if status is None else _status(STANDINGS[status]), bool(evident)
        )
        for number, before, standing, status, evident in connection.execute(query)
    ]


def _status(standing: str) -> Status:
    return cast("Status", standing)


def write(
    connection: Connection,
    list_id: int,
    found: Iterable[StagedGroup],
    *,
    rhythm: Rhythm,
    now: datetime,
    source: str,
    words: str,
    asking: bool = False,
) -> None:
    """Make subscribers and subscriptions of the staged rows, and put every change into the record of consent.

    Args:
        connection: The connection that `stage` was given, inside its block.
        list_id: Id of the list.
        found: From `groups`; what it does not name is not touched.
        rhythm: For new subscriptions whose row names none.
        now: The present moment, timezone-aware.
        source: Name of the file, as the record of consent has it: ``file readers.csv``.
        words: What the editor states, for those of whom the file says nothing.
        asking: Only who has left is written; the others are to be asked, see `to_ask`.
    """
    at = to_seconds(now)
    written = 0
    _insert_people(connection, at, asking=asking)
    for group in found:
        act = None if asking and group.standing != "left" else _act(group)
        decision = None if act is None else decide(group.before, act)
        if act is None or decision is None or decision.status is None or not decision.changes:
            continue
        # The record first: it looks for the status that the next statement changes.
        if group.evident:
            _record_lines(connection, list_id, group, at=at, source=source)
        else:
            _record(connection, list_id, group, act, at=at, source=source, words=words)
        if group.before is None:
            _subscribe(connection, list_id, group, decision.status, rhythm=rhythm, at=at)
        else:
            _move(connection, list_id, group, decision.status, at=at)
        written += group.number
    if written >= _MANY and connection.dialect.name == "postgresql":
        # Without it the planner still takes the tables for empty, and an audience is read seven times slower
        # (measured with 300,000 subscribers).
        connection.exec_driver_sql("ANALYZE subscriber, subscription, consent")


def _act(group: StagedGroup) -> Act | None:
    """What the file does to the subscriptions of a group; None when it only stops letters, or nothing."""
    if group.standing == "suppressed":
        return _ACT_OF[group.status] if group.before is None and group.status is not None else None
    return _ACT_OF.get(group.standing)


class StagedWish(NamedTuple):
    """Somebody in the file who is to be asked."""

    address_key: str
    address: str
    rhythm: Rhythm | None
    declined_topics: int


def to_ask(connection: Connection, list_id: int) -> Iterator[StagedWish]:
    """Who is to be asked by letter: whom the file would bring in, and nobody who was asked or waits to be.

    Args:
        connection: Inside `stage`, after `mark_suppressed`.
        list_id: Id of the list.
    """
    last = ""
    columns = (_staged.c.address_key, _staged.c.address, _staged.c.rhythm, _staged.c.declined_topics)
    query = _unasked(list_id, *columns).order_by(_staged.c.address_key).limit(_PAGE)
    while True:
        page = connection.execute(query.where(_staged.c.address_key > last)).all()
        yield from (StagedWish(*row) for row in page)
        if len(page) < _PAGE:
            return
        last = page[-1].address_key


def count_to_ask(connection: Connection, list_id: int) -> tuple[int, int]:
    """How many `to_ask` would name, and how many people of files wait to be asked already, over all lists."""
    waiting = sa.select(sa.func.count()).where(kept_wish.c.road == "file")
    return (
        connection.execute(_unasked(list_id, sa.func.count())).scalar_one(),
        connection.execute(waiting).scalar_one(),
    )


def _unasked(list_id: int, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    asked = sa.exists().where(
        small_letter.c.subscriber_id == subscription.c.subscriber_id,
        small_letter.c.list_id == list_id,
        small_letter.c.kind == "confirmation",
    )
    waits = sa.exists().where(kept_wish.c.list_id == list_id, kept_wish.c.address_key == _staged.c.address_key)
    return (
        sa.select(*columns)
        .select_from(_known_people(list_id, everybody=True))
        .where(
            _staged.c.standing < _LEFT,
            sa.or_(subscription.c.status.is_(None), sa.and_(subscription.c.status == "pending", ~asked)),
            ~waits,
        )
    )


def _record(
    connection: Connection, list_id: int, group: StagedGroup, act: Act, *, at: int, source: str, words: str
) -> None:
    said = (sa.literal(act), sa.literal(at), sa.literal(source), sa.literal(words), sa.literal(source))
    people = _people_of(list_id, group, subscriber.c.id, sa.literal(list_id), *said)
    names = ["subscriber_id", "list_id", "act", "at", "how", "words", "source"]
    connection.execute(sa.insert(consent).from_select(names, people))


_LINE = ("subscriber_id", "list_id", "act", "at", "how", "words", "network", "page", "reason", "source", "recorded")


def _record_lines(connection: Connection, list_id: int, group: StagedGroup, *, at: int, source: str) -> None:
    """Write what the file tells: everything of new people, of those who are known what happened last."""
    last = ""
    query = _people_of(list_id, group, _staged.c.address_key, subscriber.c.id, _staged.c.record).limit(_PAGE)
    while True:
        page = connection.execute(query.where(_staged.c.address_key > last)).all()
        records = ((id_, record_from_json(record)) for _, id_, record in page)
        _insert_lines(
            connection,
            [
                (id_, list_id, *line, source, at)
                for id_, record in records
                for line in (record if group.before is None else record[-1:])
            ],
        )
        if len(page) < _PAGE:
            return
        last = page[-1].address_key


def _insert_lines(connection: Connection, lines: list[tuple[Any, ...]]) -> None:
    names = ", ".join(_LINE)
    if connection.dialect.name != "postgresql":
        places = ", ".join("?" * len(_LINE))
        statement = f"INSERT INTO consent ({names}) VALUES ({places})"  # noqa: S608  names of our own columns
        _driver(connection).executemany(statement, lines)
        return
    with _driver(connection).cursor() as cursor, cursor.copy(f"COPY consent ({names}) FROM STDIN") as copy:
        for line in lines:
            copy.write_row(line)


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
        sa.func.coalesce(_staged.c.created, sa.literal(at)).label("created"),
        sa.func.coalesce(_staged.c.changed, _staged.c.created, sa.literal(at)).label("changed"),
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


def _insert_people(connection: Connection, at: int, *, asking: bool) -> None:
    """Everybody in the file who is not known yet, in order of key: the unique index then grows at one end."""
    columns = [_staged.c.address, _staged.c.address_key, _staged.c.public_id, _staged.c.needs_smtputf8]
    new = (
        sa.select(*columns, sa.func.coalesce(_staged.c.created, sa.literal(at)).label("created"))
        .where(
            sa.or_(
                _staged.c.standing == _LEFT,
                sa.false() if asking else _staged.c.standing < _LEFT,
                sa.false() if asking else sa.and_(_staged.c.standing == _SUPPRESSED, _staged.c.status.is_not(None)),
            ),
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
            _staged.c.status.is_(None) if group.status is None else _staged.c.status == STANDINGS.index(group.status),
            _staged.c.record.is_not(None) if group.evident else _staged.c.record.is_(None),
        )
        .order_by(_staged.c.address_key)
    )


def _known_people(list_id: int, *, everybody: bool = False) -> sa.FromClause:
    same = subscriber.c.address_key == _staged.c.address_key
    theirs = sa.and_(subscription.c.subscriber_id == subscriber.c.id, subscription.c.list_id == list_id)
    return _staged.join(subscriber, same, isouter=everybody).outerjoin(subscription, theirs)
