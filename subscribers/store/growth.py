"""How lists grew, read from the record of consent; and what a report of letters needs of readers, as queries.

Only numbers leave the database. Whoever was erased is in none of them, since nothing of them is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa  # noqa: TID253  this module is nothing but SQL, and is imported late itself

from subscribers.consent import ACTS, ASKING, GIVING, LEAVING_REASONS, LET_GO, PARTING
from subscribers.moments import to_seconds
from subscribers.store.tables import consent, subscriber, subscription, suppression
from subscribers.suppression import BOUNCE_REASONS, SAME_MAILBOXES

if TYPE_CHECKING:
    from sqlalchemy import Connection

OWN_WORDS, NO_REASON = "own words", "none"


class RoadRow(NamedTuple):
    """How many came to a list by one road."""

    list_id: int
    how: str
    page: str
    asked: int
    confirmed: int


def leavings(list_id: int, *, since: datetime, until: datetime | None) -> sa.Select[tuple[int, int, str]]:
    """The query for those who ended their subscription to a list between two moments, and have not come back since.

    Who was let go, since they answered nothing, has not ended it.

    Args:
        list_id: Id of the list.
        since: An aware datetime; only what happened from then on counts.
        until: Aware; None for no end.

    Returns:
        Columns ``subscriber_id``, ``at`` (Unix seconds) and ``reason``: one that the page offers, ``own words``, or
        ``none``; one row for each person.
    """
    ends = [consent.c.list_id == list_id, consent.c.act.in_(PARTING), consent.c.at >= to_seconds(since)]
    ends.append(consent.c.how != LET_GO)
    if until is not None:
        ends.append(consent.c.at < to_seconds(until))
    last = sa.select(sa.func.max(consent.c.id)).where(*ends).group_by(consent.c.subscriber_id)
    return (
        sa.select(consent.c.subscriber_id, consent.c.at, _reason().label("reason"))
        .join(
            subscription,
            (subscription.c.subscriber_id == consent.c.subscriber_id) & (subscription.c.list_id == consent.c.list_id),
        )
        .where(consent.c.id.in_(last), subscription.c.status == "left")
    )


def subscribed(list_id: int, who: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """The condition that somebody has a subscription to a list that has not ended, be it confirmed or not.

    Args:
        list_id: Id of the list.
        who: Column with the id of a subscriber.
    """
    mine = (subscription.c.list_id == list_id, subscription.c.subscriber_id == who)
    return sa.exists().where(*mine, subscription.c.status != "left")


def domains(connection: Connection) -> sa.Select[tuple[int, str]]:
    """The query for the domain of every subscriber's address, one name for Gmail's two: ``subscriber_id``, ``domain``.

    Args:
        connection: Of the database that it is for.
    """
    place = sa.func.strpos if connection.dialect.name == "postgresql" else sa.func.instr
    # The local part of an address that we take has no at sign (subscribers.addresses).
    written = sa.func.substr(subscriber.c.address, place(subscriber.c.address, "@") + 1)
    domain = sa.case(SAME_MAILBOXES, value=written, else_=written)
    return sa.select(subscriber.c.id.label("subscriber_id"), domain.label("domain"))


def moves(connection: Connection, edges: Sequence[int]) -> dict[tuple[int, str, int], int]:
    """How many asked, became subscribed, left and were let go, by list and span of time.

    Who leaves before they confirmed was never subscribed, and has not left.

    Args:
        connection: An open connection to the database.
        edges: Unix seconds, ascending; span 0 lies from the first to the second, the last one has no end.

    Returns:
        (id of the list, ``asked``, ``confirmed``, ``left`` or ``let_go``, span) to a number; only zeros are missing.
    """
    before = consent.alias("before")
    previous = (
        sa.select(before.c.act)
        .where(before.c.subscriber_id == consent.c.subscriber_id, before.c.list_id == consent.c.list_id)
        .where(before.c.id < consent.c.id, before.c.act.in_(ACTS))
        .order_by(before.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    kind = sa.case(
        (consent.c.act.in_(ASKING), "asked"),
        (consent.c.act.in_(GIVING), "confirmed"),
        (previous.in_(GIVING), sa.case((consent.c.how == LET_GO, "let_go"), else_="left")),
        else_="",
    )
    found = (
        sa.select(consent.c.list_id, kind.label("kind"), _span(consent.c.at, edges).label("span"))
        .where(consent.c.at >= edges[0], consent.c.act.in_(ACTS))
        .subquery()
    )
    query = sa.select(found, sa.func.count()).where(found.c.kind != "").group_by(*found.c)
    return {(list_id, kind, span): number for list_id, kind, span, number in connection.execute(query)}


def stopped(connection: Connection, edges: Sequence[int]) -> dict[tuple[int, str, int], int]:
    """How many of those subscribed cannot be mailed any more since they bounced or complained, by list and span.

    Args:
        connection: An open connection to the database.
        edges: As for ``moves``.

    Returns:
        (id of the list, ``bounced`` or ``complained``, span) to a number.
    """
    kind = sa.case((suppression.c.reason == "complained", "complained"), else_="bounced")
    found = (
        sa.select(subscription.c.list_id, kind.label("kind"), _span(suppression.c.at, edges).label("span"))
        .join(subscription, subscription.c.subscriber_id == suppression.c.subscriber_id)
        .where(
            suppression.c.at >= edges[0],
            suppression.c.reason.in_((*BOUNCE_REASONS, "complained")),
            subscription.c.status == "confirmed",
        )
        .subquery()
    )
    query = sa.select(found, sa.func.count()).group_by(*found.c)
    return {(list_id, kind, span): number for list_id, kind, span, number in connection.execute(query)}


def erasures(connection: Connection, edges: Sequence[int]) -> dict[int, int]:
    """How many people were erased in each span; of which lists they were, nobody knows any more.

    Args:
        connection: An open connection to the database.
        edges: As for ``moves``.
    """
    found = (
        sa.select(_span(suppression.c.at, edges).label("span"))
        .where(suppression.c.at >= edges[0], suppression.c.reason == "erased")
        .subquery()
    )
    query = sa.select(found.c.span, sa.func.count()).group_by(found.c.span)
    return dict(connection.execute(query).all())


def reached(connection: Connection) -> dict[int, int]:
    """How many of the confirmed of each list can be mailed: their address is not suppressed."""
    query = (
        sa.select(subscription.c.list_id, sa.func.count())
        .where(subscription.c.status == "confirmed")
        .where(~sa.exists().where(suppression.c.subscriber_id == subscription.c.subscriber_id))
        .group_by(subscription.c.list_id)
    )
    return dict(connection.execute(query).all())


def roads(connection: Connection, *, since: int) -> list[RoadRow]:
    """By which roads people came to each list since a moment, most confirmed first.

    Who confirmed came by the road on which they asked before; the page of the confirmation says nothing.

    Args:
        connection: An open connection to the database.
        since: Unix seconds.
    """
    before = consent.alias("before")
    asking = (
        sa.select(sa.func.max(before.c.id))
        .where(before.c.subscriber_id == consent.c.subscriber_id, before.c.list_id == consent.c.list_id)
        .where(before.c.id < consent.c.id, before.c.act.in_(ASKING))
        .scalar_subquery()
    )
    came = consent.alias("came")
    line = sa.case((consent.c.act == "confirm", sa.func.coalesce(asking, consent.c.id)), else_=consent.c.id)
    each = (
        sa.select(consent.c.list_id, consent.c.act, line.label("line"))
        .where(consent.c.at >= since, consent.c.act.in_((*ASKING, *GIVING)))
        .subquery()
    )
    # Grouped outside: PostgreSQL takes an expression with parameters for another one each time it is written.
    known = (
        sa.select(
            each.c.list_id,
            _road(connection, came.c.how).label("how"),
            came.c.page,
            sa.case((each.c.act.in_(ASKING), 1), else_=0).label("asked"),
            sa.case((each.c.act.in_(GIVING), 1), else_=0).label("confirmed"),
        )
        .join(came, came.c.id == each.c.line)
        .subquery()
    )
    asked, confirmed = sa.func.sum(known.c.asked), sa.func.sum(known.c.confirmed)
    query: sa.Select[Any] = (
        sa.select(known.c.list_id, known.c.how, known.c.page, asked, confirmed)
        .group_by(known.c.list_id, known.c.how, known.c.page)
        .order_by(confirmed.desc(), asked.desc(), known.c.how, known.c.page)
    )
    return [
        RoadRow(list_id, how, page, int(asked), int(confirmed))
        for list_id, how, page, asked, confirmed in connection.execute(query)
    ]


def _span(at: sa.ColumnElement[int], edges: Sequence[int]) -> sa.ColumnElement[int]:
    """Which of the spans a moment lies in, from 0."""
    last = len(edges) - 1
    return sa.case(*((at < edge, place) for place, edge in enumerate(edges[1:])), else_=last) if last else sa.literal(0)


def _reason() -> sa.ColumnElement[str]:
    """Why somebody left, without their own words: those can hold a name or an address."""
    known = [
        ((consent.c.reason == one) | consent.c.reason.startswith(f"{one}: ", autoescape=True), one)
        for one in LEAVING_REASONS
    ]
    return sa.case((consent.c.reason == "", NO_REASON), *known, else_=OWN_WORDS)


def _road(connection: Connection, how: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """The road of an act without the network and browser that may stand behind it (``subscribers.web.requests``)."""
    if connection.dialect.name == "postgresql":
        return sa.func.split_part(how, "; ", 1)
    # A mark behind it, so that there is one to cut at.
    return sa.func.substr(how, 1, sa.func.instr(how.concat("; "), "; ") - 1)
