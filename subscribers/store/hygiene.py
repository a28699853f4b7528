"""Readers whose letters do not arrive any more, asked once whether they still want them; and what waits unconfirmed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa  # noqa: TID253  this module is nothing but SQL, and is imported late itself

from subscribers.models import Recipient
from subscribers.moments import to_moment, to_seconds
from subscribers.store.dialect import insert
from subscribers.store.tables import list_, small_letter, still_wanted, subscriber, subscription, suppression

if TYPE_CHECKING:
    from sqlalchemy import Connection

_PART = 500
_DAY = 86400


class StillWanted(NamedTuple):
    """What is known of asking one reader whether they still want one list."""

    subscriber_id: int
    list_id: int
    created: datetime
    """When an editor said yes to asking."""
    asked: datetime | None
    """When the letter was written down; None while it waits for the caps."""
    until: datetime | None
    """The day that the letter names; who has not answered by its end is let go."""
    answered: datetime | None
    let_go: datetime | None


class SignUpCount(NamedTuple):
    """Sign-ups of one list that wait for their confirmation."""

    list: str
    number: int
    oldest: datetime


class HygieneCounts(NamedTuple):
    """What became of asking the readers of one list whether they still want it."""

    list: str
    asked: int
    kept: int
    """Of those, who said yes, before or after they were let go."""
    let_go: int
    """Who did not answer, and left by that."""
    waiting: int
    """To be asked when the caps allow it."""


def can_be_asked(connection: Connection, pairs: Collection[tuple[int, int]], *, now: datetime) -> set[tuple[int, int]]:
    """Of some subscribers and lists those that may be asked: confirmed, not paused, mailable, and never asked before.

    Args:
        connection: An open connection to the database.
        pairs: Ids of subscriber and list.
        now: The present moment, timezone-aware.
    """
    at = to_seconds(now)
    wanted = set(pairs)
    found: set[tuple[int, int]] = set()
    ids = sorted({subscriber_id for subscriber_id, _ in wanted})
    for part in _parts(ids):
        query = (
            sa.select(subscription.c.subscriber_id, subscription.c.list_id)
            .join(list_, list_.c.id == subscription.c.list_id)
            .where(
                subscription.c.subscriber_id.in_(part),
                subscription.c.status == "confirmed",
                sa.or_(subscription.c.paused_until.is_(None), subscription.c.paused_until <= at),
                list_.c.closed.is_(None),
                ~sa.exists().where(suppression.c.subscriber_id == subscription.c.subscriber_id),
                ~sa.exists().where(
                    still_wanted.c.subscriber_id == subscription.c.subscriber_id,
                    still_wanted.c.list_id == subscription.c.list_id,
                ),
            )
        )
        found.update((row.subscriber_id, row.list_id) for row in connection.execute(query))
    return found & wanted


def plan_to_ask(connection: Connection, pairs: Sequence[tuple[int, int]], *, days: int, now: datetime) -> int:
    """Write down that these are to be asked; who was before is not again. How many are new.

    Args:
        connection: In a writing transaction.
        pairs: Ids of subscriber and list.
        days: How long they have to answer.
        now: The present moment, timezone-aware.
    """
    number = 0
    for subscriber_id, list_id in pairs:
        row = insert(connection, still_wanted).values(
            subscriber_id=subscriber_id, list_id=list_id, created=to_seconds(now), days=days
        )
        # Rows that are there already are told by what comes back: drivers count them differently.
        new = row.on_conflict_do_nothing().returning(still_wanted.c.subscriber_id)
        number += connection.execute(new).first() is not None
    return number


def next_to_ask(connection: Connection, *, now: datetime, limit: int) -> list[tuple[Recipient, str, int, int]]:
    """Recipient, folded address, id of the list and days to answer of those who wait to be asked, oldest first.

    Those who may not be asked any more are forgotten: they left, paused, or must not be mailed. Who was asked about
    another list within a day is left for later, so that nobody waits behind them.

    Args:
        connection: In a writing transaction.
        now: The present moment, timezone-aware.
        limit: How many at most.
    """
    at = to_seconds(now)
    still = sa.exists().where(
        subscription.c.subscriber_id == still_wanted.c.subscriber_id,
        subscription.c.list_id == still_wanted.c.list_id,
        subscription.c.status == "confirmed",
        sa.or_(subscription.c.paused_until.is_(None), subscription.c.paused_until <= at),
        list_.c.id == subscription.c.list_id,
        list_.c.closed.is_(None),
    )
    stopped = sa.exists().where(suppression.c.subscriber_id == still_wanted.c.subscriber_id)
    waits = still_wanted.c.asked.is_(None)
    connection.execute(sa.delete(still_wanted).where(waits, sa.or_(~still, stopped)))
    other = still_wanted.alias("other")
    lately = sa.exists().where(other.c.subscriber_id == still_wanted.c.subscriber_id, other.c.asked > at - _DAY)
    query = (
        sa.select(still_wanted.c.list_id, still_wanted.c.days, subscriber)
        .join(subscriber, subscriber.c.id == still_wanted.c.subscriber_id)
        .where(waits, ~lately)
        .order_by(still_wanted.c.created, still_wanted.c.subscriber_id, still_wanted.c.list_id)
        .limit(limit)
        .with_for_update(of=still_wanted, skip_locked=True)
    )
    return [
        (
            Recipient(row.id, row.address, bytes(row.public_id), row.epoch, row.needs_smtputf8),
            row.address_key,
            row.list_id,
            row.days,
        )
        for row in connection.execute(query)
    ]


def still_wanted_waits(connection: Connection) -> bool:
    """Whether somebody waits to be asked whether they still want their letters."""
    return connection.execute(sa.select(sa.literal(1)).where(still_wanted.c.asked.is_(None))).first() is not None


def mark_asked(
    connection: Connection, subscriber_id: int, list_id: int, *, letter_id: int, now: datetime, until: datetime
) -> None:
    """Write down that a reader is asked now.

    Args:
        connection: In a writing transaction.
        subscriber_id: Id of the subscriber.
        list_id: Id of the list.
        letter_id: Of the small letter that asks.
        now: The present moment, timezone-aware.
        until: The day that the letter names.
    """
    connection.execute(
        sa.update(still_wanted)
        .where(*_one(subscriber_id, list_id))
        .values(asked=to_seconds(now), until=to_seconds(until), letter_id=letter_id)
    )


def still_wanted_of(
    connection: Connection, subscriber_id: int, list_id: int, *, lock: bool = False
) -> StillWanted | None:
    """What is known of asking one reader; None when nobody did.

    Args:
        connection: An open connection to the database.
        subscriber_id: Id of the subscriber.
        list_id: Id of the list.
        lock: Keep it from others until the transaction ends.
    """
    query = sa.select(still_wanted).where(*_one(subscriber_id, list_id))
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _made(row)


def mark_answered(connection: Connection, subscriber_id: int, list_id: int, *, now: datetime) -> None:
    """Write down that a reader said that they still want a list.

    Args:
        connection: In a writing transaction.
        subscriber_id: Id of the subscriber.
        list_id: Id of the list.
        now: The present moment, timezone-aware.
    """
    mine = _one(subscriber_id, list_id)
    connection.execute(
        sa.update(still_wanted).where(*mine, still_wanted.c.answered.is_(None)).values(answered=to_seconds(now))
    )


def unanswered(connection: Connection, *, now: datetime, limit: int) -> list[StillWanted]:
    """Those whose day is over without an answer, and whose letter went; kept from others until the transaction ends.

    Args:
        connection: In a writing transaction.
        now: The present moment, timezone-aware.
        limit: How many at most.
    """
    query = (
        sa.select(still_wanted)
        .join(small_letter, small_letter.c.id == still_wanted.c.letter_id)
        .join(
            subscription,
            (subscription.c.subscriber_id == still_wanted.c.subscriber_id)
            & (subscription.c.list_id == still_wanted.c.list_id),
        )
        .where(
            still_wanted.c.answered.is_(None),
            still_wanted.c.let_go.is_(None),
            # The day that the letter names belongs to the reader until its end, in whatever zone.
            still_wanted.c.until <= to_seconds(now - timedelta(days=1)),
            small_letter.c.state == "submitted",
            # Whoever joined again or chose something since is there.
            subscription.c.changed <= still_wanted.c.asked,
            subscription.c.status == "confirmed",
            sa.or_(subscription.c.paused_until.is_(None), subscription.c.paused_until <= to_seconds(now)),
        )
        .order_by(still_wanted.c.subscriber_id, still_wanted.c.list_id)
        .limit(limit)
        .with_for_update(of=still_wanted, skip_locked=True)
    )
    return [_made(row) for row in connection.execute(query)]


def mark_let_go(connection: Connection, subscriber_id: int, list_id: int, *, now: datetime) -> None:
    """Write down that a reader did not answer, and was let go.

    Args:
        connection: In a writing transaction.
        subscriber_id: Id of the subscriber.
        list_id: Id of the list.
        now: The present moment, timezone-aware.
    """
    connection.execute(sa.update(still_wanted).where(*_one(subscriber_id, list_id)).values(let_go=to_seconds(now)))


def forget_asked(connection: Connection, subscriber_id: int, list_id: int) -> None:
    """Forget that a reader was asked: a letter has reached them since.

    Args:
        connection: In a writing transaction.
        subscriber_id: Id of the subscriber.
        list_id: Id of the list.
    """
    connection.execute(sa.delete(still_wanted).where(*_one(subscriber_id, list_id)))


def pending_counts(connection: Connection, *, before: datetime | None = None) -> list[SignUpCount]:
    """How many sign-ups of each list wait for their confirmation, and since when.

    Args:
        connection: An open connection to the database.
        before: Only those that have waited since before this moment; None for all.
    """
    query = (
        sa.select(list_.c.name, sa.func.count(), sa.func.min(subscription.c.changed))
        .join(list_, list_.c.id == subscription.c.list_id)
        .where(subscription.c.status == "pending")
        .where(sa.true() if before is None else subscription.c.changed < to_seconds(before))
        .group_by(list_.c.name)
        .order_by(list_.c.name)
    )
    return [SignUpCount(row[0], row[1], to_moment(int(row[2]))) for row in connection.execute(query)]


def hygiene_counts(
    connection: Connection, *, since: datetime | None = None, until: datetime | None = None
) -> list[HygieneCounts]:
    """What became of asking, by list: for reports.

    Args:
        connection: An open connection to the database.
        since: Only those who were asked from then on, or wait; None for all.
        until: Only those who were asked before; None for all.
    """
    row = still_wanted.c
    spans = []
    if since is not None:
        spans.append(sa.or_(row.asked.is_(None), row.asked >= to_seconds(since)))
    if until is not None:
        spans.append(sa.or_(row.asked.is_(None), row.asked < to_seconds(until)))
    query = (
        sa.select(
            list_.c.name,
            _number(row.asked.is_not(None)),
            _number(row.answered.is_not(None)),
            _number(sa.and_(row.let_go.is_not(None), row.answered.is_(None))),
            _number(row.asked.is_(None)),
        )
        .join(list_, list_.c.id == row.list_id)
        .where(*spans)
        .group_by(list_.c.name)
        .order_by(list_.c.name)
    )
    return [HygieneCounts(one[0], *(int(number) for number in one[1:])) for one in connection.execute(query)]


def _number(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.sum(sa.case((condition, 1), else_=0))


def _one(subscriber_id: int, list_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return still_wanted.c.subscriber_id == subscriber_id, still_wanted.c.list_id == list_id


def _made(row: Any) -> StillWanted:
    moments = (
        None if value is None else to_moment(int(value)) for value in (row.asked, row.until, row.answered, row.let_go)
    )
    return StillWanted(row.subscriber_id, row.list_id, to_moment(row.created), *moments)


def _parts(values: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(values), _PART):
        yield values[start : start + _PART]
