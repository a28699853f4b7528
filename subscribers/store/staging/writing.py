"""Staged people made into subscribers, subscriptions and lines of consent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa  # noqa: TID253  this module is nothing but SQL, and is imported late itself

from subscribers.consent import Act, decide
from subscribers.csvfile.own_export import record_from_json
from subscribers.models import Rhythm, Status
from subscribers.moments import to_seconds
from subscribers.store.dialect import insert
from subscribers.store.staging.rows import (
    LEFT,
    PAGE,
    SUPPRESSED,
    StagedGroup,
    driver,
    people_of,
    staged,
)
from subscribers.store.tables import (
    consent,
    subscriber,
    subscription,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

_ACT_OF: dict[str, Act] = {"pending": "import-pending", "confirmed": "import", "left": "import-left"}
_MANY = 1000


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
    batch_id: int | None = None,
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
        batch_id: Id of the import, which the new subscriptions are marked with.
    """
    at = to_seconds(now)
    written = 0
    _insert_people(connection, at, asking=asking)
    _keep_uncounted(connection)
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
            _subscribe(connection, list_id, group, decision.status, rhythm=rhythm, at=at, batch_id=batch_id)
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


def _record(
    connection: Connection, list_id: int, group: StagedGroup, act: Act, *, at: int, source: str, words: str
) -> None:
    said = (sa.literal(act), sa.literal(at), sa.literal(source), sa.literal(words), sa.literal(source))
    people = people_of(list_id, group, subscriber.c.id, sa.literal(list_id), *said)
    names = ["subscriber_id", "list_id", "act", "at", "how", "words", "source"]
    connection.execute(sa.insert(consent).from_select(names, people))


_LINE = ("subscriber_id", "list_id", "act", "at", "how", "words", "network", "page", "reason", "source", "recorded")


def _record_lines(connection: Connection, list_id: int, group: StagedGroup, *, at: int, source: str) -> None:
    """Write what the file tells: everything of new people, of those who are known what happened last."""
    last = ""
    query = people_of(list_id, group, staged.c.address_key, subscriber.c.id, staged.c.record).limit(PAGE)
    while True:
        page = connection.execute(query.where(staged.c.address_key > last)).all()
        records = ((id_, record_from_json(record)) for _, id_, record in page)
        _insert_lines(
            connection,
            [
                (id_, list_id, *line, source, at)
                for id_, record in records
                for line in (record if group.before is None else record[-1:])
            ],
        )
        if len(page) < PAGE:
            return
        last = page[-1].address_key


def _insert_lines(connection: Connection, lines: list[tuple[Any, ...]]) -> None:
    names = ", ".join(_LINE)
    if connection.dialect.name != "postgresql":
        places = ", ".join("?" * len(_LINE))
        statement = f"INSERT INTO consent ({names}) VALUES ({places})"  # noqa: S608  names of our own columns
        driver(connection).executemany(statement, lines)
        return
    with driver(connection).cursor() as cursor, cursor.copy(f"COPY consent ({names}) FROM STDIN") as copy:
        for line in lines:
            copy.write_row(line)


def _subscribe(
    connection: Connection,
    list_id: int,
    group: StagedGroup,
    status: Status,
    *,
    rhythm: Rhythm,
    at: int,
    batch_id: int | None,
) -> None:
    people = people_of(
        list_id,
        group,
        sa.literal(list_id),
        subscriber.c.id,
        sa.literal(status),
        sa.func.coalesce(staged.c.rhythm, sa.literal(rhythm)),
        staged.c.declined_topics,
        staged.c.paused_until,
        sa.func.coalesce(staged.c.created, sa.literal(at)).label("created"),
        sa.func.coalesce(staged.c.changed, staged.c.created, sa.literal(at)).label("changed"),
        sa.literal(batch_id, sa.BigInteger),
    )
    names = ["list_id", "subscriber_id", "status", "rhythm", "declined_topics", "paused_until", "created", "changed"]
    names.append("batch_id")
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
            subscription.c.subscriber_id.in_(people_of(list_id, group, subscriber.c.id)),
        )
        .values(status=status, changed=at)
    )


def _keep_uncounted(connection: Connection) -> None:
    """Who wants no counting of clicks, here or where the file comes from, is not counted."""
    unwilling = sa.select(staged.c.address_key).where(staged.c.uncounted.is_(sa.true()))
    change = sa.update(subscriber).where(subscriber.c.address_key.in_(unwilling))
    connection.execute(change.values(count_clicks=False))


def _insert_people(connection: Connection, at: int, *, asking: bool) -> None:
    """Everybody in the file who is not known yet, in order of key: the unique index then grows at one end."""
    columns = [staged.c.address, staged.c.address_key, staged.c.public_id, staged.c.needs_smtputf8]
    called = [sa.func.coalesce(column, "").label(column.name) for column in (staged.c.name, staged.c.name_key)]
    new = (
        sa.select(*columns, sa.func.coalesce(staged.c.created, sa.literal(at)).label("created"), *called)
        .where(
            sa.or_(
                staged.c.standing == LEFT,
                sa.false() if asking else staged.c.standing < LEFT,
                sa.false() if asking else sa.and_(staged.c.standing == SUPPRESSED, staged.c.status.is_not(None)),
            ),
            ~sa.exists().where(subscriber.c.address_key == staged.c.address_key),
        )
        .order_by(staged.c.address_key)
    )
    connection.execute(
        insert(connection, subscriber)
        .from_select([*(column.name for column in columns), "created", "name", "name_key"], new)
        .on_conflict_do_nothing(index_elements=["address_key"])
    )
