"""What receivers said of letters lately, in numbers: by week, domain and reason. Nothing here names a reader."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Select

WEEK = 7 * 86400
MONDAY = 4 * 86400
"""Seconds from the beginning of Unix time to its first Monday."""


class TroubleRow(NamedTuple):
    """Letters that came back or were deferred: each counts once for each reason, whatever kind of bounce it was."""

    week: int
    """Unix seconds of the Monday it begins with, UTC."""
    domain: str
    """Of the address now; empty for readers who were erased since."""
    kind: str
    """``bounced`` or ``deferred``."""
    reason: str
    letters: int


class RefusalRow(NamedTuple):
    """Letters that a provider refused at once, before it took them."""

    week: int
    domain: str
    words: str
    """Why, as the ledger keeps it: without an address."""
    letters: int


class DomainRow(NamedTuple):
    """Letters to one domain; each counts once in each number, however often a thing was told of it."""

    domain: str
    submitted: int
    delivered: int
    bounced: int
    deferred: int
    complained: int


def troubles(connection: Connection, since: datetime, domains: Select[Any]) -> Iterator[TroubleRow]:
    """What came back or was deferred since a moment.

    Args:
        connection: An open connection to the database.
        since: An aware datetime; what is older does not count.
        domains: The query for the domain of each subscriber: id, domain.
    """
    from sqlalchemy import func, select

    from newsletter.storage.tables import delivery, event

    each = (
        select(
            event.c.delivery_id,
            event.c.kind,
            event.c.reason,
            func.min(event.c.at).label("at"),
        )
        .where(event.c.kind.in_(("bounced", "deferred")), event.c.at >= int(since.timestamp()))
        .group_by(event.c.delivery_id, event.c.kind, event.c.reason)
    ).subquery("each")
    names = domains.subquery("names")
    # By columns of a query within: PostgreSQL does not know that two expressions with values of ours are the same.
    named = (
        select(
            ((each.c.at - MONDAY) // WEEK).label("week"),
            func.coalesce(names.c.domain, "").label("domain"),
            each.c.kind,
            each.c.reason,
        )
        .join(delivery, delivery.c.id == each.c.delivery_id)
        .outerjoin(names, names.c.subscriber_id == delivery.c.subscriber_id)
    ).subquery("named")
    query = select(*named.c, func.count()).group_by(*named.c).order_by(*named.c)
    for row in connection.execute(query):
        yield TroubleRow(int(row[0]) * WEEK + MONDAY, row[1], row[2], row[3], row[4])


def refused(connection: Connection, since: datetime, domains: Select[Any]) -> Iterator[RefusalRow]:
    """Letters of the sends since a moment that the provider refused at once.

    Args:
        connection: An open connection to the database.
        since: An aware datetime; what is older does not count.
        domains: The query for the domain of each subscriber: id, domain.
    """
    from sqlalchemy import func, select

    from newsletter.storage.tables import batch, delivery, send

    names = domains.subquery("names")
    named = (
        select(
            ((send.c.created - MONDAY) // WEEK).label("week"),
            func.coalesce(names.c.domain, "").label("domain"),
            func.coalesce(delivery.c.reason, "").label("words"),
        )
        .select_from(delivery)
        .join(batch, batch.c.id == delivery.c.batch_id)
        .join(send, send.c.id == batch.c.send_id)
        .outerjoin(names, names.c.subscriber_id == delivery.c.subscriber_id)
        .where(send.c.created >= int(since.timestamp()))
        # A batch that was refused as a whole leaves its deliveries without a state of their own.
        .where(func.coalesce(delivery.c.state, batch.c.state) == "refused")
    ).subquery("named")
    for row in connection.execute(select(*named.c, func.count()).group_by(*named.c)):
        yield RefusalRow(int(row[0]) * WEEK + MONDAY, row[1], row[2], row[3])


def letters(connection: Connection, since: datetime, domains: Select[Any]) -> list[DomainRow]:
    """Letters of the sends since a moment, by domain, and what became of these very letters, whenever that was told.

    So no number is larger than the letters it is a share of.

    Args:
        connection: An open connection to the database.
        since: An aware datetime; what is older does not count.
        domains: The query for the domain of each subscriber: id, domain.
    """
    from sqlalchemy import case, func, select

    from newsletter.storage.tables import batch, delivery, event, send

    taken = (
        select(delivery.c.id, delivery.c.subscriber_id)
        .join(batch, batch.c.id == delivery.c.batch_id)
        .join(send, send.c.id == batch.c.send_id)
        .where(send.c.created >= int(since.timestamp()))
        .where(func.coalesce(delivery.c.state, batch.c.state) == "submitted")
    )
    names = domains.subquery("names")

    def by_domain(each: Select[Any]) -> Iterator[Any]:
        """The sums of the columns behind the first two, by domain; without any, how many rows there are."""
        rows = each.subquery("each")
        named = (
            select(func.coalesce(names.c.domain, "").label("domain"), *list(rows.c)[2:])
            .select_from(rows)
            .outerjoin(names, names.c.subscriber_id == rows.c.subscriber_id)
        ).subquery("named")
        sums: list[ColumnElement[int]] = [func.sum(one) for one in list(named.c)[1:]]
        sums = sums or [func.count()]
        yield from connection.execute(select(named.c.domain, *sums).group_by(named.c.domain))

    flags = [func.max(case((event.c.kind == kind, 1), else_=0)).label(kind) for kind in DomainRow._fields[2:]]
    told = taken.add_columns(*flags).join(event, event.c.delivery_id == delivery.c.id)
    counts = {row[0]: [int(number) for number in row[1:]] for row in by_domain(told.group_by(*taken.selected_columns))}
    none = [0] * len(flags)
    return [DomainRow(domain, int(number), *counts.get(domain, none)) for domain, number in by_domain(taken)]


# ---- what is looked at every few seconds


class TroubleSigns(NamedTuple):
    """What of the last days may need a person."""

    answered: int = 0
    """Letters that came or came back, by the sums of their sends."""
    complained: int = 0
    blocklists: tuple[tuple[str, int], ...] = ()
    """Reason that names a blocklist, and letters it was told of, most first."""
    domains: tuple[tuple[str, int, int], ...] = ()
    """Domain that puts off or turns away much for our sake, letters of that, letters to it; most first."""


MOST_DOMAINS = 5
"""Domains that are looked at, those with most trouble."""
LEAST_TROUBLED = 20
"""Letters to one domain that must be in trouble before the domain is looked at: counting its readers takes long."""


_HAS_REASON = "event.reason <> ''"
"""As the index says it: SQLite takes a partial index for these very words only."""


def blocklists(connection: Connection, since: datetime) -> dict[str, int]:
    """Each reason that names a blocklist, and of how many letters it was told, whether they came back or wait.

    Args:
        connection: An open connection to the database.
        since: An aware datetime; what is older does not count.
    """
    from sqlalchemy import func, select, text

    from newsletter.storage.tables import event

    query = (
        select(event.c.reason, func.count(event.c.delivery_id.distinct()))
        .where(event.c.at >= int(since.timestamp()), text(_HAS_REASON), event.c.reason.startswith("blocklist "))
        .group_by(event.c.reason)
    )
    return {name: int(number) for name, number in connection.execute(query)}


def signs(connection: Connection, since: datetime, domains: Select[Any], *, kinds: tuple[str, ...]) -> TroubleSigns:
    """What may need a person, along an index of the few events that have a reason.

    Args:
        connection: An open connection to the database.
        since: An aware datetime; what is older does not count.
        domains: The query for the domain of each subscriber: id, domain.
        kinds: Reasons that speak of us and not of a reader; those that name a blocklist are always among them.
    """
    from sqlalchemy import func, or_, select, text

    from newsletter.storage.tables import delivery, event, send

    start = int(since.timestamp())
    sums = select(func.sum(send.c.answered), func.sum(send.c.complained)).where(send.c.created >= start)
    answered, complained = connection.execute(sums).one()
    lately = (event.c.at >= start, text(_HAS_REASON))
    ours = or_(event.c.reason.startswith("blocklist "), event.c.reason.in_(kinds))
    lists = sorted(blocklists(connection, since).items(), key=lambda one: (-one[1], one[0]))
    names = domains.subquery("names")
    number = func.count(event.c.delivery_id.distinct())
    troubled = (
        select(names.c.domain, number)
        .select_from(event)
        .join(delivery, delivery.c.id == event.c.delivery_id)
        .join(names, names.c.subscriber_id == delivery.c.subscriber_id)
        .where(*lately, ours)
        .group_by(names.c.domain)
        .having(number >= LEAST_TROUBLED)
    )
    most = sorted(((domain, count) for domain, count in connection.execute(troubled)), key=_most)[:MOST_DOMAINS]
    letters = _letters_to(connection, [domain for domain, _ in most], start, domains)
    return TroubleSigns(
        int(answered or 0),
        int(complained or 0),
        tuple(lists),
        tuple((domain, count, letters.get(domain, 0)) for domain, count in most),
    )


def _most(one: tuple[str, int]) -> tuple[int, str]:
    return -one[1], one[0]


def _letters_to(connection: Connection, wanted: list[str], start: int, domains: Select[Any]) -> dict[str, int]:
    """How many letters went to each of some domains; one walk along them for all."""
    from sqlalchemy import func, select

    from newsletter.storage.tables import batch, delivery, send

    if not wanted:
        return {}
    names = domains.subquery("names")
    query = (
        select(names.c.domain, func.count().label("number"))
        .select_from(delivery)
        .join(batch, batch.c.id == delivery.c.batch_id)
        .join(send, send.c.id == batch.c.send_id)
        .join(names, names.c.subscriber_id == delivery.c.subscriber_id)
        .where(send.c.created >= start, names.c.domain.in_(wanted))
        .where(func.coalesce(delivery.c.state, batch.c.state) == "submitted")
        .group_by(names.c.domain)
    )
    return {row[0]: row[1] for row in connection.execute(query)}
