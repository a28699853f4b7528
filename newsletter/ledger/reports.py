"""What a provider reports of deliveries, each thing once; and what it proves of deliveries nobody knew about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from subscribers.store.dialect import insert

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from subscribers.models import Event

LEAST_ANSWERED = 200
"""Answers before a send may be paused for what they say."""
MOST_BOUNCED = 0.05
MOST_COMPLAINED = 0.003
"""Gmail's and Yahoo's rules for bulk senders hold complaints under 0.3 %."""


@dataclass(frozen=True, slots=True)
class Noted:
    """A delivery that an event is about."""

    subscriber_id: int
    list_id: int
    send_id: int
    new: bool
    """False when the same event was told before; then nothing is to be done."""


def subscriber_of(connection: Connection, name: str) -> int | None:
    """The id of the subscriber whose delivery has this name, or None when there is no such delivery."""
    from sqlalchemy import select

    from newsletter.tables import batch, delivery, send

    public_id, _, number = name.partition(".")
    if not number.isdecimal() or len(number) > 18:
        return None
    query = (
        select(delivery.c.subscriber_id)
        .join(batch, batch.c.id == delivery.c.batch_id)
        .join(send, send.c.id == batch.c.send_id)
        .where(delivery.c.id == int(number), send.c.public_id == public_id)
    )
    found = connection.execute(query).scalar_one_or_none()
    return int(found) if found is not None else None


def note(connection: Connection, event: Event, request_id: str) -> Noted | None:
    """Write an event down, and settle by it what was unknown; None when it is about no delivery of ours.

    Any event proves that the provider took the request it came from, and a request is taken as a whole. An event of
    an older attempt proves it of its own delivery: that one is not sent again.

    Args:
        connection: A writing transaction.
        event: In our words; its ``delivery`` is the name that travelled with the letter.
        request_id: The attempt that travelled with it; may be empty.
    """
    from sqlalchemy import select, update

    from newsletter.tables import batch, delivery, send
    from newsletter.tables import event as table

    public_id, _, number = event.delivery.partition(".")
    if not number.isdecimal() or len(number) > 18:
        return None
    query = (
        select(
            delivery.c.subscriber_id,
            delivery.c.state,
            batch.c.id.label("batch_id"),
            batch.c.state.label("batch_state"),
            batch.c.request_id,
            send.c.id.label("send_id"),
            send.c.list_id,
        )
        .join(batch, batch.c.id == delivery.c.batch_id)
        .join(send, send.c.id == batch.c.send_id)
        .where(delivery.c.id == int(number), send.c.public_id == public_id)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    before = {
        (known.kind, known.bounce)
        for known in connection.execute(select(table.c.kind, table.c.bounce).where(table.c.delivery_id == int(number)))
    }
    values = {
        "delivery_id": int(number),
        "kind": event.kind,
        "at": int(event.at.timestamp()),
        "url": event.url,
        "bounce": event.bounce,
    }
    told = insert(connection, table).values(values).on_conflict_do_nothing().returning(table.c.kind)
    if connection.execute(told).first() is None:
        return Noted(row.subscriber_id, row.list_id, row.send_id, new=False)
    _count(connection, event, before, row.send_id)
    if request_id and request_id == row.request_id and row.batch_state in {"submitting", "unknown"}:
        taken = update(batch).where(batch.c.id == row.batch_id)
        connection.execute(taken.values(state="submitted", token=None, lease_until=None))
    elif row.state == "submitting" or (row.state or row.batch_state) in {"queued", "unknown"}:
        connection.execute(update(delivery).where(delivery.c.id == int(number)).values(state="submitted", reason=None))
    return Noted(row.subscriber_id, row.list_id, row.send_id, new=True)


def ill(connection: Connection, send_id: int) -> str:
    """Why a running send should be paused, by what its provider reports; empty when all is well."""
    from sqlalchemy import select

    from newsletter.tables import send

    row = connection.execute(select(send).where(send.c.id == send_id)).one()
    if row.state != "running" or row.answered < LEAST_ANSWERED:
        return ""
    if row.bounced > MOST_BOUNCED * row.answered:
        return f"{row.bounced:,} of {row.answered:,} answered letters bounced for good, more than {MOST_BOUNCED:.0%}"
    if row.complained > MOST_COMPLAINED * row.answered:
        return f"{row.complained:,} of {row.answered:,} readers called it spam, more than {MOST_COMPLAINED:.1%}"
    return ""


def _count(connection: Connection, event: Event, before: set[tuple[str, str | None]], send_id: int) -> None:
    """Keep the sums of a send: a delivery counts as answered once, as bounced once, as complained once.

    Args:
        connection: A writing transaction.
        event: A new one.
        before: Kind and bounce of the earlier events of the same delivery.
        send_id: Its send.
    """
    from sqlalchemy import update

    from newsletter.tables import send

    kinds = {kind for kind, _ in before}
    more = {}
    if event.kind in {"delivered", "bounced"} and not kinds & {"delivered", "bounced"}:
        more["answered"] = send.c.answered + 1
    if event.bounce in {"hard", "invalid"} and not before & {("bounced", "hard"), ("bounced", "invalid")}:
        more["bounced"] = send.c.bounced + 1
    if event.kind == "complained" and "complained" not in kinds:
        more["complained"] = send.c.complained + 1
    if more:
        connection.execute(update(send).where(send.c.id == send_id).values(more))
