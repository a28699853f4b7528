"""What was told of deliveries, and who left after one, as the queries that a report counts by.

``ids`` are those of sends, and ``reach`` the first and the last of their deliveries: only events between them are read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa  # noqa: TID253  this module is nothing but SQL, and is imported late itself

from newsletter.ledger.keys import GONE, aside_key
from newsletter.ledger.models import Send
from newsletter.ledger.sends import next_letter_at
from newsletter.storage.tables import batch, delivery, event, issue

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Select

TOLD = ("delivered", "deferred", "bounced", "complained")
"""Kinds of events that a report counts; of who left, the record of consent tells more than the provider."""
_HOUR = 3600

Subscribed = Callable[[int, "ColumnElement[int]"], "ColumnElement[bool]"]
"""Of the id of a list and the column of a subscriber's id the condition that they are subscribed to it now."""


def rows_of_issues(connection: Connection, sends: Sequence[Send]) -> list[int]:
    """Ids of the rows that deliveries of some sends name as their issue, for which and the reader there is an index.

    Of a cancelled send some were let go of when the next one was frozen; one of those may prove to have gone. They are
    asked for first: behind a query for them SQLite walks along all batches instead (measured: minutes, not a second).
    """
    keys = [aside_key(send) for send in sends if send.state == "cancelled"]
    own = {send.issue_id for send in sends}
    if not keys:
        return sorted(own)
    return sorted(own.union(connection.execute(sa.select(issue.c.id).where(issue.c.key.in_(keys))).scalars()))


def firsts(reach: tuple[int, int], kinds: Sequence[str]) -> Select[tuple[int, str, int]]:
    """Of each delivery and kind of event, when it was told first; in the order of the table's key."""
    return (
        sa.select(event.c.delivery_id, event.c.kind, sa.func.min(event.c.at).label("at"))
        .where(event.c.delivery_id.between(*reach), event.c.kind.in_(kinds))
        .group_by(event.c.delivery_id, event.c.kind)
    )


def first_told(ids: Sequence[int], reach: tuple[int, int]) -> Select[Any]:
    """Send, letter, kind of event, hour, and how many deliveries."""
    first = firsts(reach, TOLD).subquery("first")
    each = (
        sa.select(batch.c.send_id, batch.c.letter_id, first.c.kind, _hour(first.c.at).label("hour"))
        .join(delivery, delivery.c.id == first.c.delivery_id)
        .join(batch, batch.c.id == delivery.c.batch_id)
        .where(batch.c.send_id.in_(ids))
        .subquery("each")
    )
    return sa.select(each, sa.func.count()).group_by(*each.c)


def _hour(at: ColumnElement[int]) -> ColumnElement[int]:
    """A moment in whole hours; both databases cut off what is left of a division of whole numbers."""
    return at // _HOUR


def was_told(kind: str) -> ColumnElement[bool]:
    """The condition for a delivery that something was told of it."""
    told = event.alias()
    return sa.exists().where(told.c.delivery_id == delivery.c.id, told.c.kind == kind)


def _number_of(ids: Sequence[int], reach: tuple[int, int], kind: str, *more: ColumnElement[bool]) -> Select[Any]:
    """Send, letter, and how many deliveries of which this was told, with further conditions."""
    first = firsts(reach, (kind,)).subquery("first")
    return (
        sa.select(batch.c.send_id, batch.c.letter_id, sa.func.count())
        .select_from(first)
        .join(delivery, delivery.c.id == first.c.delivery_id)
        .join(batch, batch.c.id == delivery.c.batch_id)
        .where(batch.c.send_id.in_(ids), *more)
        .group_by(batch.c.send_id, batch.c.letter_id)
    )


def unsettled(ids: Sequence[int], reach: tuple[int, int]) -> Select[Any]:
    """Send, letter, and how many deliveries that were deferred and of which nothing more was told."""
    return _number_of(ids, reach, "deferred", ~was_told("delivered"), ~was_told("bounced"))


def bounced_after_all(ids: Sequence[int], reach: tuple[int, int]) -> Select[Any]:
    """Send, letter, and how many deliveries that bounced though they were told to be delivered."""
    return _number_of(ids, reach, "bounced", was_told("delivered"))


def each_bounce(reach: tuple[int, int]) -> Select[tuple[int, str]]:
    """Each delivery that bounced with each of its kinds of bounce, once."""
    kind = sa.func.coalesce(event.c.bounce, "soft").label("bounce")
    mine = (event.c.delivery_id.between(*reach), event.c.kind == "bounced")
    return sa.select(event.c.delivery_id, kind).where(*mine).distinct()


def bounces(ids: Sequence[int], reach: tuple[int, int]) -> Select[Any]:
    """Send, letter, kind of bounce, and how many deliveries; one that bounced in two ways counts in both."""
    kinds = each_bounce(reach).subquery("kinds")
    return (
        sa.select(batch.c.send_id, batch.c.letter_id, kinds.c.bounce, sa.func.count())
        .select_from(kinds)
        .join(delivery, delivery.c.id == kinds.c.delivery_id)
        .join(batch, batch.c.id == delivery.c.batch_id)
        .where(batch.c.send_id.in_(ids))
        .group_by(batch.c.send_id, batch.c.letter_id, kinds.c.bounce)
    )


def left(
    connection: Connection,
    sends: Sequence[Send],
    reach: tuple[int, int],
    leavings: Mapping[int, Select[Any]],
    subscribed: Subscribed,
) -> Select[Any]:
    """Send, letter, reason, hour, and how many deliveries whose reader left, by the provider's word or on our pages.

    The record of consent knows of the provider's words too, but not of who was erased since. By both roads a reader
    leaves the letter that went last, and one who came back has not left.
    """
    state = sa.func.coalesce(delivery.c.state, batch.c.state)
    columns = (batch.c.send_id, batch.c.letter_id, delivery.c.id)
    first = firsts(reach, ("left",)).subquery("first")
    here: list[ColumnElement[bool]] = []
    for send in sends:
        mine = sa.and_(batch.c.send_id == send.id, ~subscribed(send.list_id, delivery.c.subscriber_id))
        until = next_letter_at(connection, send)
        here.append(mine if until is None else sa.and_(mine, first.c.at < int(until.timestamp())))
    told = (
        sa.select(*columns, first.c.at, sa.literal("").label("reason"))
        .select_from(first)
        .join(delivery, delivery.c.id == first.c.delivery_id)
        .join(batch, batch.c.id == delivery.c.batch_id)
        .where(sa.or_(*here))
    )
    found = [told]
    for send in sends:
        if send.id in leavings:
            gone = leavings[send.id].subquery()
            found.append(
                sa.select(*columns, gone.c.at, gone.c.reason)
                .join(delivery, delivery.c.batch_id == batch.c.id)
                .join(gone, gone.c.subscriber_id == delivery.c.subscriber_id)
                .where(
                    delivery.c.issue_id.in_(rows_of_issues(connection, [send])),
                    batch.c.send_id == send.id,
                    state.in_(GONE),
                )
            )
    both = sa.union_all(*found).subquery("both")
    each = (
        sa.select(
            both.c.send_id,
            both.c.letter_id,
            sa.func.max(both.c.reason).label("reason"),
            _hour(sa.func.min(both.c.at)).label("hour"),
        )
        .group_by(both.c.send_id, both.c.letter_id, both.c.id)
        .subquery("each")
    )
    reason = sa.case((each.c.reason == "", "none"), else_=each.c.reason).label("reason")
    named = sa.select(each.c.send_id, each.c.letter_id, reason, each.c.hour).subquery("named")
    return sa.select(named, sa.func.count()).group_by(*named.c)
