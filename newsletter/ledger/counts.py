"""What a report counts: deliveries by state and reason, provider's events, readers who left; by send and variant."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from newsletter.ledger.keys import GONE, aside_key
from newsletter.ledger.models import Send

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

_MOST_IDS = 1000
_NO_LETTER = "no letter"

Group = tuple[int, str]
"""Id of a send and name of a variant."""


@dataclass(slots=True)
class VariantCounts:
    """Counts of one group while they are gathered."""

    states: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)
    bounces: dict[str, int] = field(default_factory=dict)
    """Deliveries that bounced, by the kind of bounce."""
    left: set[int] = field(default_factory=set)
    """Deliveries whose reader left."""


def tallies(connection: Connection, sends: Sequence[Send], leavers: Collection[int]) -> dict[Group, VariantCounts]:
    """The counts of some sends, by send and variant; whom a cancelled one left to a later one counts there alone.

    Args:
        connection: An open connection to the database.
        sends: All of one issue.
        leavers: Ids of subscribers who ended their subscription since it went.

    Returns:
        The counts of each (send id, name of the variant); ``no letter`` stands for those who got none.
    """
    found: dict[Group, VariantCounts] = {}
    for group, state, reason, count in _states(connection, sends):
        tally = found.setdefault(group, VariantCounts())
        tally.states[state] = tally.states.get(state, 0) + count
        if reason:
            tally.reasons[reason] = tally.reasons.get(reason, 0) + count
    for group, kind, count in _events(connection, [send.id for send in sends]):
        found.setdefault(group, VariantCounts()).events[kind] = count
    for group, bounce, count in _bounces(connection, [send.id for send in sends]):
        found.setdefault(group, VariantCounts()).bounces[bounce] = count
    for group, delivery in _left(connection, sends, leavers):
        found.setdefault(group, VariantCounts()).left.add(delivery)
    return found


def _states(connection: Connection, sends: Sequence[Send]) -> Iterable[tuple[Group, str, str, int]]:
    from sqlalchemy import func, select, true

    from newsletter.storage.tables import batch, delivery, letter

    state = func.coalesce(delivery.c.state, batch.c.state)
    cancelled = [send for send in sends if send.state == "cancelled"]
    query = (
        select(batch.c.send_id, letter.c.variant, state, delivery.c.reason, func.count())
        .select_from(delivery)
        .join(batch, batch.c.id == delivery.c.batch_id)
        .outerjoin(letter, letter.c.id == batch.c.letter_id)
        .where(batch.c.send_id.in_([send.id for send in sends]))
        .where(~_taken_up(cancelled) if cancelled and len(sends) > 1 else true())
        .group_by(batch.c.send_id, letter.c.variant, state, delivery.c.reason)
        .order_by(batch.c.send_id, letter.c.variant)
    )
    for send, variant, name, reason, count in connection.execute(query):
        yield (send, _named(variant)), name, reason or "", count


def _taken_up(cancelled: Sequence[Send]) -> ColumnElement[bool]:
    """The condition for a delivery, joined with its batch, that a later send of its issue took its reader up."""
    from sqlalchemy import and_, exists, or_, select

    from newsletter.storage.tables import batch, delivery, issue

    other, later = delivery.alias("other"), batch.alias("later")
    # By issue and reader, for which there is an index: also those that were let go of when the next send was frozen.
    keys = issue.c.key.in_([aside_key(send) for send in cancelled])
    issues = select(issue.c.id).where(or_(keys, issue.c.id.in_({send.issue_id for send in cancelled})))
    again = exists(
        select(other.c.id)
        .join(later, later.c.id == other.c.batch_id)
        .where(other.c.issue_id.in_(issues), other.c.subscriber_id == delivery.c.subscriber_id)
        .where(later.c.send_id > batch.c.send_id)
    )
    return and_(batch.c.send_id.in_([send.id for send in cancelled]), again)


def _events(connection: Connection, send_ids: Sequence[int]) -> Iterable[tuple[Group, str, int]]:
    from sqlalchemy import func, select

    from newsletter.storage.tables import (
        batch,
        delivery,
        event,
        letter,
    )

    query = (
        select(batch.c.send_id, letter.c.variant, event.c.kind, func.count(event.c.delivery_id.distinct()))
        .select_from(event)
        .join(delivery, delivery.c.id == event.c.delivery_id)
        .join(batch, batch.c.id == delivery.c.batch_id)
        .outerjoin(letter, letter.c.id == batch.c.letter_id)
        .where(batch.c.send_id.in_(send_ids), event.c.kind != "left")
        .group_by(batch.c.send_id, letter.c.variant, event.c.kind)
    )
    for send, variant, kind, count in connection.execute(query):
        yield (send, _named(variant)), kind, count


def _bounces(connection: Connection, send_ids: Sequence[int]) -> Iterable[tuple[Group, str, int]]:
    """How many deliveries bounced, by kind; one that bounced in two ways counts in both."""
    from sqlalchemy import func, select

    from newsletter.storage.tables import (
        batch,
        delivery,
        event,
        letter,
    )

    kind = func.coalesce(event.c.bounce, "soft")
    query = (
        select(batch.c.send_id, letter.c.variant, kind, func.count(event.c.delivery_id.distinct()))
        .select_from(event)
        .join(delivery, delivery.c.id == event.c.delivery_id)
        .join(batch, batch.c.id == delivery.c.batch_id)
        .outerjoin(letter, letter.c.id == batch.c.letter_id)
        .where(batch.c.send_id.in_(send_ids), event.c.kind == "bounced")
        .group_by(batch.c.send_id, letter.c.variant, kind)
    )
    for send, variant, bounce, count in connection.execute(query):
        yield (send, _named(variant)), bounce, count


def _left(connection: Connection, sends: Sequence[Send], leavers: Collection[int]) -> Iterable[tuple[Group, int]]:
    """Deliveries whose reader left, by the provider's word or on our own pages; each may come twice."""
    from sqlalchemy import func, select

    from newsletter.storage.tables import (
        batch,
        delivery,
        event,
        letter,
    )

    query: Any = (
        select(batch.c.send_id, letter.c.variant, delivery.c.id)
        .select_from(delivery)
        .join(batch, batch.c.id == delivery.c.batch_id)
        .outerjoin(letter, letter.c.id == batch.c.letter_id)
        .where(batch.c.send_id.in_([send.id for send in sends]))
    )
    told = query.join(event, event.c.delivery_id == delivery.c.id).where(event.c.kind == "left")
    queries = [told]
    people, issues = sorted(leavers), {send.issue_id for send in sends}
    for start in range(0, len(people), _MOST_IDS):
        some = delivery.c.subscriber_id.in_(people[start : start + _MOST_IDS])
        got_it = func.coalesce(delivery.c.state, batch.c.state).in_(GONE)
        queries.append(query.where(delivery.c.issue_id.in_(issues), some, got_it))
    for one in queries:
        for send, variant, number in connection.execute(one):
            yield (send, _named(variant)), number


def _named(variant: str | None) -> str:
    return _NO_LETTER if variant is None else variant
