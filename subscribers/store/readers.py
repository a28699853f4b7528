"""The readers of a list as an editor looks for them: a page of them by state and by words, and how many of each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa  # noqa: TID253  this module is nothing but SQL, and is imported late itself

from subscribers.folding import fold
from subscribers.models import READER_STATES, RHYTHMS, ReaderRow, ReaderState, Rhythm
from subscribers.moments import to_moment, to_seconds
from subscribers.store.tables import subscriber, subscription, suppression

if TYPE_CHECKING:
    from sqlalchemy import Connection

Cursor = tuple[int, int]
"""Where a page ended: since when its last reader is subscribed, in Unix seconds, and their id."""


class ReaderCounts(NamedTuple):
    """How many readers of a list stand how, and how many of the confirmed want which rhythm."""

    states: dict[ReaderState, int]
    """Every state, also with nobody in it."""
    rhythms: dict[Rhythm, int]
    """Of those whose subscription is confirmed, whatever keeps letters away; every rhythm."""


def readers_page(
    connection: Connection,
    list_id: int,
    *,
    now: datetime,
    state: ReaderState | None = None,
    words: str = "",
    domains: bool = True,
    after: Cursor | None = None,
    limit: int = 60,
) -> list[ReaderRow]:
    """One page of the readers of a list, who came last first.

    Args:
        connection: An open connection to the database.
        list_id: Id of the list.
        now: The present moment, timezone-aware; who has paused beyond it is paused.
        state: Only these; None for all.
        words: Part of an address or of a name, however its letters are cased, marked or spelled; empty for everybody.
        domains: Whether parts of what stands behind the at sign are looked for too. When not, only a whole address
            finds anybody by it, so that nobody can try out who is at a domain.
        after: Where the page before ended; None for the first page.
        limit: How many rows to give at most.
    """
    stands = _state(to_seconds(now))
    query = (
        sa.select(
            subscriber.c.id,
            subscriber.c.public_id,
            subscriber.c.address,
            subscriber.c.name,
            stands.label("state"),
            subscription.c.rhythm,
            subscription.c.declined_topics,
            subscription.c.paused_until,
            subscription.c.created,
            subscription.c.changed,
            suppression.c.reason,
        )
        .select_from(subscription)
        .join(subscriber, subscriber.c.id == subscription.c.subscriber_id)
        .outerjoin(suppression, suppression.c.subscriber_id == subscription.c.subscriber_id)
        .where(subscription.c.list_id == list_id)
        .order_by(subscription.c.created.desc(), subscription.c.subscriber_id.desc())
        .limit(limit)
    )
    if state is not None:
        query = query.where(stands == state)
    if words.strip():
        # Apart, so that it is one walk along the addresses and not a look at each of them in another order.
        found = sa.select(subscriber.c.id).where(_found(connection, words, domains=domains))
        query = query.where(subscription.c.subscriber_id.in_(found))
    if after is not None:
        at, last = after
        earlier = subscription.c.created < at
        query = query.where(sa.or_(earlier, sa.and_(subscription.c.created == at, subscription.c.subscriber_id < last)))
    return [_reader(row) for row in connection.execute(query)]


def cursor_of(row: ReaderRow) -> Cursor:
    """Where a page ended whose last row is this one."""
    return to_seconds(row.since), row.subscriber_id


def reader_counts(connection: Connection, list_id: int, *, now: datetime) -> ReaderCounts:
    """How many readers of a list stand how.

    Args:
        connection: An open connection to the database.
        list_id: Id of the list.
        now: The present moment, timezone-aware; who has paused beyond it is paused.
    """
    at = to_seconds(now)
    kinds = (subscription.c.status, subscription.c.rhythm, (subscription.c.paused_until > at).label("paused"))
    everybody = sa.select(*kinds, sa.func.count()).where(subscription.c.list_id == list_id).group_by(*kinds)
    # Whose address must not be mailed are few: counted apart, since looking for each reader takes far longer.
    stopped = everybody.join(suppression, suppression.c.subscriber_id == subscription.c.subscriber_id)
    counts = ReaderCounts(dict.fromkeys(READER_STATES, 0), dict.fromkeys(RHYTHMS, 0))
    for query, sign in ((everybody, 1), (stopped, -1)):
        for status, rhythm, paused, number in connection.execute(query):
            if status == "left":
                counts.states["left"] += number if sign > 0 else 0
                continue
            state: ReaderState = "pending" if status == "pending" else "paused" if paused else "subscribed"
            counts.states[state] += sign * number
            if status == "confirmed" and sign > 0:
                counts.rhythms[rhythm] += number
            if sign < 0:
                counts.states["stopped"] += number
    return counts


def reader_states(
    connection: Connection, list_id: int, keys: Sequence[str], *, now: datetime
) -> dict[str, ReaderState]:
    """How those stand on a list who have one of these addresses; who is not on it is left out.

    Args:
        connection: An open connection to the database.
        list_id: Id of the list.
        keys: Keys of addresses, as `subscribers.addresses.normalise` gives them; some hundreds at most.
        now: The present moment, timezone-aware; who has paused beyond it is paused.
    """
    query = (
        sa.select(subscriber.c.address_key, _state(to_seconds(now)).label("state"))
        .select_from(subscriber)
        .join(subscription, subscription.c.subscriber_id == subscriber.c.id)
        .outerjoin(suppression, suppression.c.subscriber_id == subscription.c.subscriber_id)
        .where(subscription.c.list_id == list_id, subscriber.c.address_key.in_(keys))
    )
    return {row.address_key: row.state for row in connection.execute(query)}


def _state(at: int) -> sa.Case[str]:
    """The word for how a reader stands; the suppression is joined."""
    return sa.case(
        (subscription.c.status == "left", "left"),
        (suppression.c.reason.is_not(None), "stopped"),
        (subscription.c.status == "pending", "pending"),
        (subscription.c.paused_until > at, "paused"),
        else_="subscribed",
    )


def _found(connection: Connection, words: str, *, domains: bool) -> sa.ColumnElement[bool]:
    place = sa.func.strpos if connection.dialect.name == "postgresql" else sa.func.instr
    key = subscriber.c.address_key
    # What no address and no name holds, and PostgreSQL takes in no text.
    said = words.replace("\0", "").encode("utf-8", "ignore").decode("utf-8").strip().casefold()
    if not said:
        return sa.false()
    found = [key == said]
    if domains:
        found.append(place(key, said) > 0)
    else:
        # The local part of an address that we take has no at sign (subscribers.addresses).
        found.append(place(sa.func.substr(key, 1, place(key, "@") - 1), said.removesuffix("@")) > 0)
    if folded := fold(said):
        found.append(place(subscriber.c.name_key, folded) > 0)
    return sa.or_(*found)


def _reader(row: Any) -> ReaderRow:
    return ReaderRow(
        subscriber_id=row.id,
        public_id=bytes(row.public_id),
        address=row.address,
        name=row.name,
        state=row.state,
        rhythm=row.rhythm,
        declined_topics=row.declined_topics,
        paused_until=None if row.paused_until is None else to_moment(row.paused_until),
        since=to_moment(row.created),
        changed=to_moment(row.changed),
        stopped=row.reason,
    )
