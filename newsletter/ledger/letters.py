"""Batches whose letters go one by one (SMTP): each delivery is marked and answered on its own row.

The batch stays ``queued`` under its lease all the while. A row without a state is still to go; ``submitting`` says that
its last byte may be gone, and is committed before that. When the lease ran out, the next holder makes ``submitting``
rows ``unknown`` and goes on with those that have no state.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from newsletter.database import clock
from newsletter.ledger.models import Batch

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MOST_IDS = 500


def doubt(connection: Connection, batch: Batch) -> int:
    """What an earlier holder of this batch let go without seeing the answer is unknown; how many that are.

    Args:
        connection: The writing transaction in which the batch was claimed.
        batch: As it was claimed.
    """
    from sqlalchemy import update

    from newsletter.tables import delivery

    left = (delivery.c.batch_id == batch.id) & (delivery.c.state == "submitting")
    return connection.execute(update(delivery).where(left).values(state="unknown")).rowcount


def advance(
    connection: Connection,
    batch: Batch,
    *,
    answers: Mapping[int, tuple[str, str]],
    going: Sequence[int],
    marked: Collection[int],
    lease: float,
) -> frozenset[int] | None:
    """Write answers down and mark the letters whose last byte goes next, in one transaction.

    Answers to marked letters are written whatever became of the lease: a late truth is still the truth. One that was
    not taken is tried again only while nobody else has the batch; else it stays unknown.

    Args:
        connection: A writing transaction, committed before any last byte goes.
        batch: As it was claimed.
        answers: Delivery to state and reason; ``queued`` was not taken and may be tried again.
        going: Deliveries whose last byte is to go.
        marked: Those of ``answers`` that this holder had marked before.
        lease: Seconds until the next call.

    Returns:
        Those of ``going`` whose last byte may go; None when the lease is lost or the send no longer runs, and then
        nothing more of this batch may go.
    """
    from sqlalchemy import select, update

    from newsletter.tables import batch as table
    from newsletter.tables import delivery, send

    now = clock(connection)
    held = (table.c.id == batch.id) & (table.c.token == batch.token)
    runs = select(send.c.state).where(send.c.id == batch.send_id).scalar_subquery() == "running"
    renewed = update(table).where(held, table.c.lease_until > now, table.c.state == "queued", runs)
    mine = connection.execute(renewed.values(lease_until=now + lease)).rowcount == 1
    # Nobody else has touched the rows as long as the token is ours, whether the lease ran out or not.
    untouched = mine or connection.execute(select(table.c.id).where(held)).first() is not None
    _write_down(connection, batch, {one: answers[one] for one in answers if untouched or one in marked}, untouched)
    if not mine:
        return None
    given: set[int] = set()
    for start in range(0, len(going), _MOST_IDS):
        part = going[start : start + _MOST_IDS]
        free = (delivery.c.id.in_(part)) & (delivery.c.batch_id == batch.id) & delivery.c.state.is_(None)
        marks = update(delivery).where(free).values(state="submitting", reason=None).returning(delivery.c.id)
        given.update(connection.execute(marks).scalars())
    return frozenset(given)


def close(connection: Connection, batch: Batch, *, pause: float = 0.0) -> None:
    """Let go of a batch: it is done when no row of it is still to go, else it is queued for another try.

    Args:
        connection: A writing transaction.
        batch: As it was claimed.
        pause: Seconds before anybody may try again.
    """
    from sqlalchemy import exists, select, update

    from newsletter.tables import batch as table
    from newsletter.tables import delivery

    held = (table.c.id == batch.id) & (table.c.token == batch.token)
    if connection.execute(select(table.c.id).where(held).with_for_update()).first() is None:
        return
    doubt(connection, batch)
    open_rows = exists(select(delivery.c.id).where(delivery.c.batch_id == batch.id, delivery.c.state.is_(None)))
    still_open = connection.execute(select(open_rows)).scalar_one()
    state = "queued" if still_open else "submitted"
    until = clock(connection) + pause if still_open and pause else None
    connection.execute(update(table).where(held).values(state=state, token=None, lease_until=until))


def _write_down(
    connection: Connection, batch: Batch, answers: Mapping[int, tuple[str, str]], untouched: bool
) -> None:
    from sqlalchemy import or_, update

    from newsletter.tables import delivery

    by_outcome: dict[tuple[str, str], list[int]] = {}
    for one, outcome in answers.items():
        by_outcome.setdefault(outcome, []).append(one)
    doubtful = delivery.c.state.in_(("submitting", "unknown"))
    # What an event has settled meanwhile stays.
    unsettled = or_(delivery.c.state.is_(None), doubtful) if untouched else doubtful
    for (state, reason), ids in by_outcome.items():
        for start in range(0, len(ids), _MOST_IDS):
            mine = delivery.c.id.in_(ids[start : start + _MOST_IDS]) & (delivery.c.batch_id == batch.id)
            if state != "queued":
                connection.execute(update(delivery).where(mine, unsettled).values(state=state, reason=reason or None))
            elif untouched:
                again = update(delivery).where(mine, delivery.c.state == "submitting")
                connection.execute(again.values(state=None, reason=None))
