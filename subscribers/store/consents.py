"""The record of consent: what each person said, when, where and in which words; lines are only ever added."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa  # noqa: TID253  this module is nothing but SQL, and is imported late itself

from subscribers.models import Consent
from subscribers.moments import to_moment, to_seconds
from subscribers.store.tables import consent

if TYPE_CHECKING:
    from sqlalchemy import Connection


def record(
    connection: Connection,
    subscriber_id: int,
    list_id: int,
    act: str,
    *,
    now: datetime,
    how: str,
    words: str,
    network: str = "",
    page: str = "",
    reason: str = "",
) -> None:
    """Add a line to the record of consent.

    Args:
        connection: An open connection to the database.
        subscriber_id: Id of the subscriber.
        list_id: Id of the list.
        act: What was done, one of `subscribers.consent.Act`.
        now: The present moment, timezone-aware.
        how: The road it came by.
        words: What the person was shown, or what the editor stated.
        network: The network that the person said it from; empty when it is not kept.
        page: Address of the page or form that they said it on.
        reason: Why they left, if they told.
    """
    connection.execute(
        sa.insert(consent).values(
            subscriber_id=subscriber_id,
            list_id=list_id,
            act=act,
            at=to_seconds(now),
            how=how,
            words=words,
            network=network,
            page=page,
            reason=reason,
        )
    )


def tell_reason(connection: Connection, subscriber_id: int, list_id: int, reason: str, *, since: datetime) -> bool:
    """Add why a person left to the line of the record that says so, if it is new and has no reason yet.

    Args:
        connection: A connection in a writing transaction.
        subscriber_id: Id of the subscriber.
        list_id: Of the list; 0 for every list that was left lately.
        reason: In their own words or those of the page.
        since: Lines before this moment stay as they are.

    Returns:
        Whether there was such a line.
    """
    done = connection.execute(
        sa.update(consent)
        .where(
            consent.c.subscriber_id == subscriber_id,
            consent.c.act == "leave",
            consent.c.at >= to_seconds(since),
            consent.c.reason == "",
            sa.true() if list_id == 0 else consent.c.list_id == list_id,
        )
        .values(reason=reason)
    )
    return bool(done.rowcount)


def consents_of(connection: Connection, subscriber_id: int) -> list[Consent]:
    """The record of consent of one person, oldest first."""
    query = sa.select(consent).where(consent.c.subscriber_id == subscriber_id).order_by(consent.c.id)
    return [
        Consent(
            row.subscriber_id,
            row.list_id,
            row.act,
            to_moment(row.at),
            row.how,
            row.words,
            network=row.network,
            page=row.page,
            reason=row.reason,
            source=row.source,
            recorded=None if row.recorded is None else to_moment(row.recorded),
        )
        for row in connection.execute(query)
    ]


def asked_together(connection: Connection, subscriber_id: int, list_id: int, *, at: datetime) -> list[int]:
    """The other lists that a person asked for in the same act as this one, in order of id.

    Args:
        connection: An open connection to the database.
        subscriber_id: Id of the subscriber.
        list_id: Id of the list that is known.
        at: The moment of the act, to the second.
    """
    query = sa.select(consent.c.list_id).where(
        consent.c.subscriber_id == subscriber_id,
        consent.c.list_id != list_id,
        consent.c.act.in_(("subscribe", "ask")),
        consent.c.at == to_seconds(at),
    )
    return sorted(set(connection.execute(query).scalars()))


def confirmed_since(connection: Connection, subscriber_id: int, *, since: Sequence[datetime]) -> list[int]:
    """How many times a person has confirmed a subscription since each of these moments, over all lists."""
    moments = connection.execute(
        sa.select(consent.c.at).where(
            consent.c.subscriber_id == subscriber_id,
            consent.c.act == "confirm",
            consent.c.at >= to_seconds(min(since)),
        )
    ).scalars()
    found = list(moments)
    return [sum(at >= to_seconds(one) for at in found) for one in since]
