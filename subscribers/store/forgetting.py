"""What is thrown away by itself: sign-ups that nobody confirmed, and rows whose use has ended.

Nothing of a person with a confirmed subscription is touched, but for letters and requests that were settled long ago.
Who had left, was asked again and did not answer has left as before, so no later file can bring them back.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa  # noqa: TID253  this module is nothing but SQL, and is imported late itself

from subscribers.consent import ASKING
from subscribers.moments import to_seconds
from subscribers.store.limits import lock
from subscribers.store.people import tables_with_people
from subscribers.store.tables import (
    account_request,
    confirmation,
    consent,
    kept_wish,
    small_letter,
    subscriber,
    subscription,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

LETTERS_KEPT = timedelta(days=35)
"""How long it is known what became of a small letter; the caps of a month look back 30 days."""


def forget_pending(connection: Connection, *, now: datetime, lasts: timedelta, limit: int = 200) -> int:
    """Delete subscriptions that nobody confirmed in time, and whoever is known for nothing else.

    Args:
        connection: In a writing transaction.
        now: The present moment, timezone-aware.
        lasts: How long a sign-up may wait for its answer.
        limit: Of so many people at most, so that the transaction is short.

    Returns:
        How many subscriptions.
    """
    lock(connection)  # nobody asks for a subscription of these people while it goes
    cutoff, at = to_seconds(now - lasts), to_seconds(now)
    asked_lately = sa.exists().where(
        small_letter.c.subscriber_id == subscription.c.subscriber_id,
        small_letter.c.kind == "confirmation",
        small_letter.c.created >= cutoff,
    )
    answerable = sa.exists().where(
        confirmation.c.subscriber_id == subscription.c.subscriber_id, confirmation.c.expires >= at
    )
    old = (
        sa.select(subscription.c.list_id, subscription.c.subscriber_id)
        .join(subscriber, subscriber.c.id == subscription.c.subscriber_id)
        .where(
            subscription.c.status == "pending",
            subscription.c.changed < cutoff,
            sa.not_(asked_lately),
            sa.not_(answerable),
        )
        .limit(limit)
        .with_for_update(of=subscriber, skip_locked=True)
    )
    found = connection.execute(old).all()
    for list_id, subscriber_id in found:
        _end_pending(connection, list_id, subscriber_id, at)
    for subscriber_id in dict.fromkeys(row.subscriber_id for row in found):
        _forget_unknown(connection, subscriber_id)
    return len(found)


def _end_pending(connection: Connection, list_id: int, subscriber_id: int, at: int) -> None:
    mine = subscription.c.list_id == list_id, subscription.c.subscriber_id == subscriber_id
    lines = consent.c.list_id == list_id, consent.c.subscriber_id == subscriber_id
    story = connection.execute(sa.select(consent.c.id).where(*lines, consent.c.act.not_in(ASKING)).limit(1)).first()
    if story is not None:
        connection.execute(
            sa.update(subscription).where(*mine, subscription.c.status == "pending").values(status="left", changed=at)
        )
        return
    connection.execute(sa.delete(consent).where(*lines))
    connection.execute(sa.delete(subscription).where(*mine, subscription.c.status == "pending"))


def _forget_unknown(connection: Connection, subscriber_id: int) -> None:
    """Delete a subscriber whom nothing holds any more but letters and links that nobody answered."""
    mine = [(table, column) for table, column in tables_with_people() if table is not subscriber]
    for table, column in mine:
        if table in (small_letter, confirmation):
            continue
        if connection.execute(sa.select(sa.literal(1)).select_from(table).where(column == subscriber_id)).first():
            return
    connection.execute(sa.delete(confirmation).where(confirmation.c.subscriber_id == subscriber_id))
    connection.execute(sa.delete(small_letter).where(small_letter.c.subscriber_id == subscriber_id))
    connection.execute(sa.delete(subscriber).where(subscriber.c.id == subscriber_id))


def forget_ended(connection: Connection, *, now: datetime, limit: int = 1000) -> int:
    """Delete letters settled long ago, links and requests that are too old, and wishes that waited too long.

    Args:
        connection: In a writing transaction.
        now: The present moment, timezone-aware.
        limit: So many letters at most, so that the transaction is short.

    Returns:
        How many rows.
    """
    at = to_seconds(now)
    letters = (
        sa.select(small_letter.c.id)
        .where(
            small_letter.c.created < to_seconds(now - LETTERS_KEPT),
            small_letter.c.state.not_in(("queued", "submitting")),
        )
        .limit(limit)
    )
    ids = list(connection.execute(letters).scalars())
    number = connection.execute(sa.delete(small_letter).where(small_letter.c.id.in_(ids))).rowcount
    for table in (confirmation, account_request, kept_wish):
        number += connection.execute(sa.delete(table).where(table.c.expires < at)).rowcount
    return int(number)
