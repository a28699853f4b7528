"""What an issue is in the ledger: the row of its key, which deliveries count as letters of it, and how they stand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from newsletter.ledger.models import UNDONE, Send

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

GONE = ("submitted", "unknown", "submitting")
"""States of a delivery whose reader has the letter, or may have it."""


def issue_id(connection: Connection, key: str) -> int:
    """The id of the issue with this key, made when it is asked for the first time (needs a writing transaction)."""
    from sqlalchemy import insert, select

    from newsletter.storage.tables import issue

    found = connection.execute(select(issue.c.id).where(issue.c.key == key)).scalar_one_or_none()
    if found is not None:
        return int(found)
    return int(connection.execute(insert(issue).values(key=key).returning(issue.c.id)).scalar_one())


def aside(connection: Connection, send: Send) -> int:
    """The id of the issue row that an undone send has for itself, made when it is asked for the first time."""
    return issue_id(connection, aside_key(send))


def aside_key(send: Send) -> str:
    """The key of the issue row that a send has for what it was undone of."""
    return f"{send.issue}{UNDONE}{send.public_id}"


def counts_as_sent() -> ColumnElement[bool]:
    """The condition for a delivery, joined with its batch and send, that its reader has the letter or is to get it."""
    from sqlalchemy import func, or_

    from newsletter.storage.tables import batch, delivery
    from newsletter.storage.tables import send as table

    return or_(table.c.state != "cancelled", func.coalesce(delivery.c.state, batch.c.state).in_(GONE))


def of_send(send_id: int) -> ColumnElement[bool]:
    """The condition for a delivery, by itself, that it is one of this send."""
    from sqlalchemy import select

    from newsletter.storage.tables import batch, delivery

    return delivery.c.batch_id.in_(select(batch.c.id).where(batch.c.send_id == send_id))


def may_have_gone(send_id: int | ColumnElement[int]) -> ColumnElement[bool]:
    """The condition that a letter of a send has reached somebody, or may have.

    Only batches that a provider was given are looked at: a send that waits has a million rows in others.

    Args:
        send_id: Id of the send; a column where it stands in a query of sends.
    """
    from sqlalchemy import exists, func, select

    from newsletter.storage.tables import batch, delivery

    tried = select(delivery.c.id).join(batch, batch.c.id == delivery.c.batch_id)
    tried = tried.where(batch.c.send_id == send_id, batch.c.sender.is_not(None))
    return exists(tried.where(func.coalesce(delivery.c.state, batch.c.state).in_(GONE)))


def is_now(states: Iterable[str]) -> ColumnElement[bool]:
    """The condition for a delivery, by itself, that its state, its own or else its batch's, is one of these."""
    from sqlalchemy import func, select

    from newsletter.storage.tables import batch, delivery

    of_batch = select(batch.c.state).where(batch.c.id == delivery.c.batch_id).scalar_subquery()
    return func.coalesce(delivery.c.state, of_batch).in_(list(states))
