"""Who gets a letter: everybody eligible, and how some stand to a list at this moment."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa  # noqa: TID253  this module is nothing but SQL, and is imported late itself

from subscribers.consent import GIVING
from subscribers.models import Rhythm
from subscribers.moments import to_moment, to_seconds
from subscribers.store.tables import (
    consent,
    subscriber,
    subscription,
    suppression,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MOST_IDS = 1000  # in one IN (…): far below SQLite's 32,766 and PostgreSQL's 65,535 parameters


def audience(
    list_id: int, *, rhythms: Collection[Rhythm], now: datetime, declined: tuple[int, int] = (0, 0)
) -> sa.Select[tuple[int]]:
    """The query for the ids of everybody eligible for a letter of this list, ascending.

    A query and not its answer, so that whoever writes a million deliveries does it in one statement.

    Args:
        list_id: Id of the list.
        rhythms: Whose rhythm is one of these.
        now: Aware; whoever has paused beyond it is not in.
        declined: Of these topics (bits of the first number) exactly those of the second are not wanted.
    """
    topics, unwanted = declined
    return (
        sa.select(subscription.c.subscriber_id)
        .where(
            subscription.c.list_id == list_id,
            subscription.c.rhythm.in_(sorted(rhythms)),
            *_eligible_now(to_seconds(now)),
            *([subscription.c.declined_topics.bitwise_and(topics) == unwanted] if topics else []),
        )
        .order_by(subscription.c.subscriber_id)
    )


def by_counting(everybody: sa.Select[tuple[int]], *, counted: bool) -> sa.Select[tuple[int]]:
    """The query for those of an audience whose clicks may be counted, or for those who want no counting.

    Args:
        everybody: Query for ids of subscribers.
        counted: Which of the two.
    """
    who = everybody.order_by(None).subquery("everybody")
    (member,) = who.c
    unwilling = sa.exists().where(subscriber.c.id == member, subscriber.c.count_clicks.is_(sa.false()))
    return sa.select(member).where(~unwilling if counted else unwilling).order_by(member)


def uncounted() -> sa.Select[tuple[int]]:
    """The query for the ids of all who want no counting of clicks."""
    return sa.select(subscriber.c.id).where(subscriber.c.count_clicks.is_(sa.false()))


def anybody_uncounted(connection: Connection) -> bool:
    """Whether there is anybody who wants no counting of clicks."""
    query = sa.select(subscriber.c.id).where(subscriber.c.count_clicks.is_(sa.false())).limit(1)
    return connection.execute(query).first() is not None


def count_up_to(connection: Connection, everybody: sa.Select[tuple[int]], most: int) -> int:
    """How many are in an audience, as far as they are no more than so many.

    Args:
        connection: An open connection to the database.
        everybody: Query for ids of subscribers.
        most: Where counting ends.
    """
    some = everybody.order_by(None).limit(most).subquery("some")
    return connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()


def declinations(
    connection: Connection, list_id: int, *, rhythms: Collection[Rhythm], now: datetime, topics: int
) -> list[int]:
    """Every combination of declined topics that somebody eligible has, once, as bits of these topics."""
    return list(declination_counts(connection, list_id, rhythms=rhythms, now=now, topics=topics))


def declination_counts(
    connection: Connection, list_id: int, *, rhythms: Collection[Rhythm], now: datetime, topics: int
) -> dict[int, int]:
    """How many of those eligible have each combination of declined topics, by the bits of these topics, ascending."""
    declined = subscription.c.declined_topics.bitwise_and(topics).label("declined")
    query = (
        sa.select(declined, sa.func.count())
        .where(
            subscription.c.list_id == list_id,
            subscription.c.rhythm.in_(sorted(rhythms)),
            *_eligible_now(to_seconds(now)),
        )
        .group_by("declined")
        .order_by("declined")
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def among(members: Sequence[int], everybody: sa.Select[tuple[int]]) -> sa.Select[tuple[int]]:
    """The query for those of some subscribers who are in an audience.

    Args:
        members: Ids; at most some thousands, since each is a parameter of the query.
        everybody: As ``audience`` gives it.
    """
    return everybody.where(subscription.c.subscriber_id.in_(members))


def declined_of(connection: Connection, list_id: int, ids: Sequence[int]) -> dict[int, int]:
    """Bits of the topics that each of these subscribers does not want of a list."""
    found: dict[int, int] = {}
    for start in range(0, len(ids), _MOST_IDS):
        query = sa.select(subscription.c.subscriber_id, subscription.c.declined_topics).where(
            subscription.c.list_id == list_id, subscription.c.subscriber_id.in_(ids[start : start + _MOST_IDS])
        )
        found.update((row[0], row[1]) for row in connection.execute(query))
    return found


def beginnings(connection: Connection, list_id: int, ids: Sequence[int], now: datetime) -> dict[int, datetime]:
    """When each of these subscribers last began to get letters of a list: by joining it, or by the end of a pause.

    Args:
        connection: An open connection to the database.
        list_id: Id of the list.
        ids: Ids of the subscribers to look at.
        now: Aware; a pause that goes on beyond it has not ended.
    """
    found: dict[int, int] = {}
    for start in range(0, len(ids), _MOST_IDS):
        some = ids[start : start + _MOST_IDS]
        joined = (
            sa.select(consent.c.subscriber_id, sa.func.max(consent.c.at))
            .where(consent.c.list_id == list_id, consent.c.subscriber_id.in_(some), consent.c.act.in_(GIVING))
            .group_by(consent.c.subscriber_id)
        )
        paused = sa.select(subscription.c.subscriber_id, subscription.c.paused_until).where(
            subscription.c.list_id == list_id,
            subscription.c.subscriber_id.in_(some),
            subscription.c.paused_until <= to_seconds(now),
        )
        for query in (joined, paused):
            for member, at in connection.execute(query):
                found[member] = max(found.get(member, 0), at)
    return {member: to_moment(at) for member, at in found.items()}


def standing(
    connection: Connection, list_id: int, asked: sa.Select[int, int], now: datetime
) -> Sequence[sa.Row[int, str, bytes, int, int, int]]:
    """Tell which of some subscribers may still get a letter of a list, and where it goes; one query for a whole batch.

    Args:
        connection: An open connection to the database.
        list_id: Id of the list.
        asked: Query for keys of the caller's own, each with the id of a subscriber.
        now: The present moment, timezone-aware.

    Returns:
        By key, ascending: the key, then address, public id, epoch and whether the address needs SMTPUTF8 as in
        ``Recipient``, and 1 if they may still get a letter of this list, else 0. Of whoever was erased only the key
        and the 0 are there.
    """
    about = asked.subquery("asked")
    key, member = about.c
    mine = sa.and_(
        subscription.c.list_id == list_id, subscription.c.subscriber_id == member, *_eligible_now(to_seconds(now))
    )
    query = (
        sa.select(
            key,
            subscriber.c.address,
            # As the driver gives it: a function of SQLAlchemy's for each of a million rows would be felt.
            sa.type_coerce(subscriber.c.public_id, sa.types.NullType()),
            subscriber.c.epoch,
            sa.type_coerce(subscriber.c.needs_smtputf8, sa.Integer),
            sa.case((sa.and_(subscription.c.subscriber_id.is_not(None), subscriber.c.id.is_not(None)), 1), else_=0),
        )
        .select_from(about)
        .outerjoin(subscriber, subscriber.c.id == member)
        .outerjoin(subscription, mine)
        .order_by(key)
    )
    return connection.execute(query).all()


def _eligible_now(at: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        subscription.c.status == "confirmed",
        sa.or_(subscription.c.paused_until.is_(None), subscription.c.paused_until <= at),
        ~sa.exists().where(suppression.c.subscriber_id == subscription.c.subscriber_id),
    )
