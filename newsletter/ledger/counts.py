"""What a report counts: deliveries by state and reason, what was told of them and when, readers who left.

All of it is counted in the database, since an issue has a million deliveries: none of its rows comes here. Every
number is one of deliveries, so what a provider tells twice counts once, and an order of telling changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa  # noqa: TID253  this module is nothing but SQL, and is imported late itself

from newsletter.ledger import told
from newsletter.ledger.keys import GONE
from newsletter.ledger.models import Send
from newsletter.ledger.overview import quick_account
from newsletter.storage.tables import batch, delivery, letter

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Select

_NO_LETTER = "no letter"


Group = tuple[int, str, int]
"""Id of a send, name of a variant, and which of the subjects tried (0: it has one)."""


@dataclass(slots=True)
class VariantCounts:
    """Counts of one group while they are gathered."""

    states: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)
    """Deliveries by what was told of them; also ``still_deferred``, ``bounced_later`` and ``left``."""
    bounces: dict[str, int] = field(default_factory=dict)
    """Deliveries that bounced, by the kind of bounce."""
    leaving: dict[str, int] = field(default_factory=dict)
    """Deliveries whose reader left, by why."""


@dataclass(slots=True)
class IssueCounts:
    """All counts of some sends."""

    variants: dict[Group, VariantCounts] = field(default_factory=dict)
    """``no letter`` is the variant of those who got none."""
    hours: dict[tuple[int, str], int] = field(default_factory=dict)
    """(Unix time in hours, what was told) to deliveries of which it was told in that hour first."""

    def add(self, group: Group, table: str, key: str, number: int) -> None:
        """Add a number to one of the tables of a group.

        Args:
            group: Send, variant and subject.
            table: Name of a field of ``VariantCounts``.
            key: What is counted.
            number: How many more.
        """
        counts: dict[str, int] = getattr(self.variants.setdefault(group, VariantCounts()), table)
        counts[key] = counts.get(key, 0) + number

    def add_hour(self, hour: int, kind: str, number: int) -> None:
        """Add a number to an hour.

        Args:
            hour: Unix time in hours.
            kind: What was told.
            number: Of how many deliveries more.
        """
        self.hours[hour, kind] = self.hours.get((hour, kind), 0) + number


def counted(
    connection: Connection, sends: Sequence[Send], leavings: Mapping[int, Select[Any]], subscribed: told.Subscribed
) -> IssueCounts:
    """The counts of some sends, by send and variant, and by hour; whom a cancelled one left to another counts there.

    Args:
        connection: An open connection to the database.
        sends: All of one issue.
        leavings: Id of a send to the query for those who left since it went: id of the subscriber, when, and why.
        subscribed: Gives the condition that somebody is subscribed to a list now; who came back has not left.
    """
    found = IssueCounts()
    ids = [send.id for send in sends]
    reach = _reach(connection, ids)
    asked = sa.select(letter.c.id, letter.c.variant, letter.c.subject).where(letter.c.send_id.in_(ids))
    names = {row.id: (row.variant, row.subject) for row in connection.execute(asked)}

    def group(send: int, letter_id: int | None) -> Group:
        return (send, *((_NO_LETTER, 0) if letter_id is None else names[letter_id]))

    for send, letter_id, state, reason, number in _states(connection, sends):
        found.add(group(send, letter_id), "states", state, number)
        if reason:
            found.add(group(send, letter_id), "reasons", reason, number)
    if reach is None:
        return found
    for send, letter_id, kind, hour, number in connection.execute(told.first_told(ids, reach)):
        found.add(group(send, letter_id), "events", kind, number)
        found.add_hour(hour, kind, number)
    for name, query in (
        ("still_deferred", told.unsettled(ids, reach)),
        ("bounced_later", told.bounced_after_all(ids, reach)),
    ):
        for send, letter_id, number in connection.execute(query):
            found.add(group(send, letter_id), "events", name, number)
    for send, letter_id, bounce, number in connection.execute(told.bounces(ids, reach)):
        found.add(group(send, letter_id), "bounces", bounce, number)
    for send, letter_id, reason, hour, number in connection.execute(
        told.left(connection, sends, reach, leavings, subscribed)
    ):
        found.add(group(send, letter_id), "events", "left", number)
        found.add(group(send, letter_id), "leaving", reason, number)
        found.add_hour(hour, "left", number)
    return found


def by_domain(connection: Connection, sends: Sequence[Send], domains: Select[Any]) -> dict[str, dict[str, int]]:
    """What became of the letters to each domain: ``submitted``, what was told, ``bounced hard``, ``bounced soft`` …

    Args:
        connection: An open connection to the database.
        sends: All of one issue.
        domains: The query for the domain of each subscriber: id, domain.

    Returns:
        Domain to counts of deliveries; an empty domain is that of readers who are not there any more.
    """
    ids = [send.id for send in sends]
    reach = _reach(connection, ids)
    found: dict[str, dict[str, int]] = {}
    if reach is None:
        return found
    mine = delivery.c.id.between(*reach)
    state = sa.func.coalesce(delivery.c.state, batch.c.state)
    submitted = (
        sa.select(delivery.c.subscriber_id, sa.literal("submitted").label("what"))
        .join(batch, batch.c.id == delivery.c.batch_id)
        .where(batch.c.send_id.in_(ids), mine, state == "submitted")
    )
    first = told.firsts(reach, told.TOLD).subquery("first")
    heard = (
        sa.select(delivery.c.subscriber_id, first.c.kind.label("what"))
        .join(first, first.c.delivery_id == delivery.c.id)
        .join(batch, batch.c.id == delivery.c.batch_id)
        .where(batch.c.send_id.in_(ids), mine)
    )
    kinds = told.each_bounce(reach).subquery("kinds")
    bounced = (
        sa.select(delivery.c.subscriber_id, sa.literal("bounced ").concat(kinds.c.bounce).label("what"))
        .join(kinds, kinds.c.delivery_id == delivery.c.id)
        .join(batch, batch.c.id == delivery.c.batch_id)
        .where(batch.c.send_id.in_(ids))
    )
    waits = (
        sa.select(delivery.c.subscriber_id, sa.literal("still_deferred").label("what"))
        .join(batch, batch.c.id == delivery.c.batch_id)
        .where(
            batch.c.send_id.in_(ids),
            mine,
            told.was_told("deferred"),
            ~told.was_told("delivered"),
            ~told.was_told("bounced"),
        )
    )
    names = domains.subquery("names")
    for one in (submitted, heard, bounced, waits):
        each = one.subquery("each")
        domain = sa.func.coalesce(names.c.domain, "").label("domain")
        named = (
            sa.select(domain, each.c.what).outerjoin_from(each, names, names.c.subscriber_id == each.c.subscriber_id)
        ).subquery("named")
        query = sa.select(named.c.domain, named.c.what, sa.func.count()).group_by(named.c.domain, named.c.what)
        for name, what, number in connection.execute(query):
            found.setdefault(name, {})[what] = number
    return found


def told_of(connection: Connection, sends: Sequence[Send]) -> dict[str, int]:
    """How many deliveries of some sends were submitted, delivered, bounced and complained of; quicker than a report.

    Args:
        connection: An open connection to the database.
        sends: All of one issue.
    """
    ids = [send.id for send in sends]
    found = {"submitted": sum(quick_account(connection, one).submitted for one in ids)}
    if (reach := _reach(connection, ids)) is not None:
        first = told.firsts(reach, ("delivered", "bounced", "complained")).subquery("first")
        query = (
            sa.select(first.c.kind, sa.func.count())
            .join(delivery, delivery.c.id == first.c.delivery_id)
            .join(batch, batch.c.id == delivery.c.batch_id)
            .where(batch.c.send_id.in_(ids))
            .group_by(first.c.kind)
        )
        found |= dict(connection.execute(query).all())
    return found


def left_of(
    connection: Connection, sends: Sequence[Send], leavings: Mapping[int, Select[Any]], subscribed: told.Subscribed
) -> int:
    """How many readers left after they got a letter of some sends.

    Args:
        connection: An open connection to the database.
        sends: All of one issue.
        leavings: As for ``counted``.
        subscribed: As for ``counted``.
    """
    reach = _reach(connection, [send.id for send in sends])
    if reach is None:
        return 0
    return sum(row[-1] for row in connection.execute(told.left(connection, sends, reach, leavings, subscribed)))


def _reach(connection: Connection, ids: Sequence[int]) -> tuple[int, int] | None:
    """The first and the last delivery of some sends: only events between them are read. None when there is none."""
    mine = delivery.c.batch_id.in_(sa.select(batch.c.id).where(batch.c.send_id.in_(ids)))
    first, last = connection.execute(
        sa.select(sa.func.min(delivery.c.id), sa.func.max(delivery.c.id)).where(mine)
    ).one()
    return None if first is None else (first, last)


def _states(connection: Connection, sends: Sequence[Send]) -> Iterable[tuple[int, int | None, str, str | None, int]]:
    """Send, letter, state, reason, and how many deliveries; batches first, which are a thousand times fewer."""
    cancelled = [send for send in sends if send.state == "cancelled"]
    batches = sa.select(batch.c.id).where(batch.c.send_id.in_([send.id for send in sends]))
    each = (
        sa.select(delivery.c.batch_id, delivery.c.state, delivery.c.reason, sa.func.count().label("number"))
        .where(delivery.c.batch_id.in_(batches))
        .group_by(delivery.c.batch_id, delivery.c.state, delivery.c.reason)
    )
    if cancelled:
        each = each.join(batch, batch.c.id == delivery.c.batch_id).where(~_taken_up(connection, cancelled))
    rows = each.subquery("each")
    state = sa.func.coalesce(rows.c.state, batch.c.state)
    query = (
        sa.select(batch.c.send_id, batch.c.letter_id, state, rows.c.reason, sa.func.sum(rows.c.number))
        .join(batch, batch.c.id == rows.c.batch_id)
        .group_by(batch.c.send_id, batch.c.letter_id, state, rows.c.reason)
        .order_by(batch.c.send_id, batch.c.letter_id)
    )
    for send, letter_id, name, reason, number in connection.execute(query):
        yield send, letter_id, name, reason, int(number)


def _taken_up(connection: Connection, cancelled: Sequence[Send]) -> ColumnElement[bool]:
    """The condition for a delivery, joined with its batch, that went to nobody and that a later send took up.

    One that went, or may have gone, is a letter of its own also where the reader got another one.
    """
    other, later = delivery.alias("other"), batch.alias("later")
    again = sa.exists(
        sa.select(other.c.id)
        .join(later, later.c.id == other.c.batch_id)
        .where(
            other.c.issue_id.in_(told.rows_of_issues(connection, cancelled)),
            other.c.subscriber_id == delivery.c.subscriber_id,
        )
        .where(later.c.send_id > batch.c.send_id)
    )
    nobody_has_it = sa.func.coalesce(delivery.c.state, batch.c.state).not_in(GONE)
    return sa.and_(batch.c.send_id.in_([send.id for send in cancelled]), nobody_has_it, again)
