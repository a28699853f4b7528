"""Batches under leases: claim one, say that its last byte goes, write down the answer.

A lease is a random token and a moment by the database's own clock. One that ran out frees a ``queued`` batch; a
``submitting`` one is in doubt, since its last byte may have gone.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from newsletter.database import clock
from newsletter.ledger.models import Batch, Delivery

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Select


def claim(connection: Connection, send_id: int, *, lease: float) -> Batch | None:
    """Take one free batch of a running send under a lease, or None when none is free.

    A batch is free when it is queued and nobody holds it, or when its lease ran out; a batch in doubt (``submitting``
    and its lease ran out) is handed out too, in that state, so that its holder settles it first.

    Args:
        connection: A writing transaction.
        send_id: The send.
        lease: Seconds until the batch is free again should its holder go silent.
    """
    from newsletter.tables import batch

    now = clock(connection)
    # On PostgreSQL other claimers pass by instead of waiting; SQLite has one writer at a time anyway.
    first = _free(send_id, now).order_by(batch.c.id).limit(1).with_for_update(of=batch, skip_locked=True)
    found = connection.execute(first).scalar_one_or_none()
    if found is None:
        return None
    return _take(connection, batch.c.id == found, {"token": secrets.token_hex(16), "lease_until": now + lease})


def free(connection: Connection, send_id: int) -> bool:
    """Whether a claim would find a batch of this send now."""
    return connection.execute(_free(send_id, clock(connection)).limit(1)).first() is not None


def _free(send_id: int, now: float) -> Select[tuple[int]]:
    from sqlalchemy import or_, select

    from newsletter.tables import batch, send

    return (
        select(batch.c.id)
        .join(send, send.c.id == batch.c.send_id)
        .where(
            batch.c.send_id == send_id,
            send.c.state == "running",
            batch.c.state.in_(("queued", "submitting")),
            or_(batch.c.lease_until.is_(None), batch.c.lease_until < now),
        )
    )


def deliveries(connection: Connection, batch_id: int) -> list[Delivery]:
    """The deliveries of a batch that go with it: those with no state of their own."""
    from sqlalchemy import select

    from newsletter.tables import delivery

    query = (
        select(delivery.c.id, delivery.c.subscriber_id)
        .where(delivery.c.batch_id == batch_id, delivery.c.state.is_(None))
        .order_by(delivery.c.id)
    )
    return [Delivery(*row) for row in connection.execute(query).all()]


def mark_submitting(connection: Connection, batch: Batch, *, skipped: Mapping[int, str], lease: float) -> bool:
    """Say that the last byte goes now; False when somebody else has the batch, and then it must not go.

    Args:
        connection: A writing transaction, committed before the last byte goes.
        batch: As it was claimed.
        skipped: Deliveries that this batch leaves out, with the reason; settled in the same transaction.
        lease: Seconds the answer may take.
    """
    from sqlalchemy import update

    from newsletter.tables import batch as table

    now = clock(connection)
    mine = (
        update(table)
        .where(
            table.c.id == batch.id,
            table.c.token == batch.token,
            table.c.lease_until > now,
            table.c.state == "queued",
        )
        .values(state="submitting", lease_until=now + lease)
    )
    if connection.execute(mine).rowcount != 1:
        return False
    settle(connection, batch.id, {delivery: ("skipped", reason) for delivery, reason in skipped.items()})
    return True


def record(
    connection: Connection, batch: Batch, state: str, apart: Mapping[int, tuple[str, str]], *, pause: float = 0.0
) -> None:
    """Write down the answer, whatever became of the lease: a late truth is still the truth.

    Args:
        connection: A writing transaction.
        batch: As it was claimed.
        state: What its deliveries are now: ``submitted``, ``refused``, ``unknown``, or ``queued`` to be tried again.
        apart: Deliveries that differ, with state and reason.
        pause: With ``queued``: seconds before anybody may try again.
    """
    from sqlalchemy import update

    from newsletter.tables import batch as table

    settle(connection, batch.id, apart)
    # Another attempt may have begun since (the sender could tell what had gone): then the batch is its own.
    mine = (table.c.id == batch.id) & (table.c.request_id == batch.request_id)
    until = clock(connection) + pause if pause else None
    connection.execute(update(table).where(mine).values(state=state, token=None, lease_until=until))


def split(connection: Connection, batch: Batch) -> None:
    """Make two batches of one that is queued, since something in one of its halves was refused."""
    from sqlalchemy import insert, update

    from newsletter.tables import batch as table
    from newsletter.tables import delivery

    ids = [one.id for one in deliveries(connection, batch.id)]
    if len(ids) < 2:
        return
    row = {"send_id": batch.send_id, "letter_id": batch.letter_id, "state": "queued"}
    half = connection.execute(insert(table).values(row).returning(table.c.id)).scalar_one()
    moved = update(delivery).where(delivery.c.id.in_(ids[len(ids) // 2 :]), delivery.c.batch_id == batch.id)
    connection.execute(moved.values(batch_id=half))


def put_back(connection: Connection, batch: Batch, settled: Mapping[int, tuple[str, str]]) -> Batch | None:
    """Make a batch in doubt ``queued`` again once it is known which of its deliveries went.

    Its holder keeps the lease and works on at once, as a new attempt. None when the lease was lost meanwhile.
    """
    from newsletter.tables import batch as table

    mine = (table.c.id == batch.id) & (table.c.token == batch.token)
    taken = _take(connection, mine, {"state": "queued"})
    if taken is not None:
        settle(connection, batch.id, settled)
    return taken


def release(connection: Connection, batch: Batch) -> None:
    """Let go of a batch, so that the next claim need not wait for the lease to run out."""
    from sqlalchemy import update

    from newsletter.tables import batch as table

    mine = (table.c.id == batch.id) & (table.c.token == batch.token)
    connection.execute(update(table).where(mine).values(token=None, lease_until=None))


def settle(connection: Connection, batch_id: int, states: Mapping[int, tuple[str, str]]) -> None:
    """Give deliveries of a batch a state of their own, each with its reason."""
    from sqlalchemy import bindparam, update

    from newsletter.tables import delivery

    if states:
        statement = (
            update(delivery)
            .where(delivery.c.id == bindparam("one"), delivery.c.batch_id == batch_id)
            .values(state=bindparam("new"), reason=bindparam("why"))
        )
        rows = [{"one": id_, "new": state, "why": reason or None} for id_, (state, reason) in states.items()]
        connection.execute(statement, rows)


def waiting(connection: Connection, send_id: int) -> float | None:
    """Seconds until the first lease on an open batch of this send runs out, or None when no batch is open."""
    from sqlalchemy import func, select

    from newsletter.tables import batch

    query = select(func.count(), func.min(batch.c.lease_until)).where(
        batch.c.send_id == send_id, batch.c.state.in_(("queued", "submitting"))
    )
    count, first = connection.execute(query).one()
    if not count:
        return None
    return 0.0 if first is None else max(0.0, float(first) - clock(connection))


def finish(connection: Connection, send_id: int, *, now: datetime) -> bool:
    """Close a running send that has no open batch; False while it has one."""
    from sqlalchemy import exists, select, update

    from newsletter.tables import batch, send

    still_open = exists(
        select(batch.c.id).where(batch.c.send_id == send_id, batch.c.state.in_(("queued", "submitting")))
    )
    done = (
        update(send)
        .where(send.c.id == send_id, send.c.state == "running", ~still_open)
        .values(state="finished", finished=int(now.timestamp()))
    )
    return connection.execute(done).rowcount == 1


def _take(connection: Connection, which: ColumnElement[bool], values: dict[str, Any]) -> Batch | None:
    """Change one batch into its holder's hands; what is queued becomes a new attempt with a request id of its own."""
    from sqlalchemy import case, literal, update

    from newsletter.tables import batch as table

    state = literal(values["state"]) if "state" in values else table.c.state
    fresh = {
        "request_id": case((state == "queued", secrets.token_hex(16)), else_=table.c.request_id),
        "attempt": table.c.attempt + case((state == "queued", 1), else_=0),
    }
    row = connection.execute(update(table).where(which).values({**values, **fresh}).returning(table)).one_or_none()
    if row is None:
        return None
    return Batch(row.id, row.send_id, row.letter_id, row.state, row.token, row.request_id, row.attempt)
