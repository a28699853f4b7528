"""Deliveries in doubt, grouped by the request they were in: what is known of each, and what a proof makes of them.

Nothing but a proof or an editor's word settles them. When one was seen first, and when its provider was asked about
it, stand in cursor rows, since a batch keeps no moment of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from newsletter.ledger.cursors import set_cursor

if TYPE_CHECKING:
    from sqlalchemy import Connection

_SEEN, _ASKED, _TIMES = "doubt since", "doubt asked", "doubt times"
_MOST_IDS = 400
"""In one statement; old builds of SQLite take 999."""


@dataclass(frozen=True, slots=True)
class DoubtfulRequest:
    """Deliveries of one batch that nobody knows the outcome of."""

    batch_id: int
    send_id: int
    request_id: str
    """Of the attempt they were in; empty for one of an older version."""
    sender: str
    """Name of the provider that carried it; empty when an older version did."""
    whole: bool
    """Whether they went as one request. Else each letter had a last byte of its own."""
    count: int
    """How many deliveries."""
    told: int
    """Deliveries of the same batch of which the provider has reported something."""
    seen: int
    """Unix seconds when it was noticed first; 0 when nobody has."""
    asked: int
    """Unix seconds when the provider was asked last, and did not have it; 0 when it never was."""
    times: int
    """How often it was asked."""


def in_doubt(connection: Connection, send_id: int) -> list[DoubtfulRequest]:
    """Everything in doubt of a send, request by request, oldest first.

    Args:
        connection: An open connection to the database.
        send_id: Id of the send.
    """
    from sqlalchemy import func, select

    from newsletter.storage.tables import batch, delivery

    own = func.coalesce(delivery.c.state, batch.c.state) == "unknown"
    query = (
        select(batch.c.id, batch.c.send_id, batch.c.request_id, batch.c.sender, batch.c.state, func.count())
        .join(delivery, delivery.c.batch_id == batch.c.id)
        .where(batch.c.send_id == send_id, own)
        .group_by(batch.c.id)
        .order_by(batch.c.id)
    )
    return _requests(connection, connection.execute(query).all())


def whole_requests_in_doubt(connection: Connection, since: int) -> list[DoubtfulRequest]:
    """Requests in doubt as a whole, of every send frozen since a moment; without a look at each delivery of it.

    Args:
        connection: An open connection to the database.
        since: Unix seconds.
    """
    from sqlalchemy import func, select

    from newsletter.storage.tables import batch, delivery, send

    query = (
        select(batch.c.id, batch.c.send_id, batch.c.request_id, batch.c.sender, batch.c.state, func.count())
        .join(send, send.c.id == batch.c.send_id)
        .join(delivery, delivery.c.batch_id == batch.c.id)
        .where(send.c.created >= since, batch.c.state == "unknown", delivery.c.state.is_(None))
        .group_by(batch.c.id)
        .order_by(batch.c.id)
    )
    return _requests(connection, connection.execute(query).all())


def doubtful_deliveries(connection: Connection, batch_id: int, most: int | None = None) -> list[tuple[int, int]]:
    """Delivery and subscriber ids of what is in doubt of a batch, in order.

    Args:
        connection: An open connection to the database.
        batch_id: Id of the batch.
        most: So many at most; None for all.
    """
    from sqlalchemy import func, select

    from newsletter.storage.tables import batch, delivery

    query = (
        select(delivery.c.id, delivery.c.subscriber_id)
        .join(batch, batch.c.id == delivery.c.batch_id)
        .where(batch.c.id == batch_id, func.coalesce(delivery.c.state, batch.c.state) == "unknown")
        .order_by(delivery.c.id)
    )
    rows = connection.execute(query.limit(most) if most is not None else query)
    return [(row.id, row.subscriber_id) for row in rows]


def prove_request(connection: Connection, request: DoubtfulRequest) -> int:
    """Count all of a request as taken, since its provider has a letter of it.

    Args:
        connection: A writing transaction.
        request: As it was found in doubt; what has become another attempt since, or was settled, stays as it is.

    Returns:
        How many deliveries are no longer in doubt.
    """
    from sqlalchemy import func, select, update

    from newsletter.storage.tables import batch, delivery

    mine = (batch.c.id == request.batch_id) & (batch.c.request_id == request.request_id) & (batch.c.state == "unknown")
    if not connection.execute(select(batch.c.id).where(mine).with_for_update()).first():
        return 0
    alike = (delivery.c.batch_id == request.batch_id) & delivery.c.state.is_(None)
    count = int(connection.execute(select(func.count()).select_from(delivery).where(alike)).scalar_one())
    connection.execute(update(batch).where(mine).values(state="submitted", token=None, lease_until=None))
    return count


def prove_deliveries(connection: Connection, batch_id: int, ids: Collection[int]) -> int:
    """Count deliveries of a batch as taken, since their provider has the very letter of each.

    Args:
        connection: A writing transaction.
        batch_id: Id of the batch; a delivery that moved to another one is left alone.
        ids: Of the deliveries.

    Returns:
        How many are no longer in doubt.
    """
    from sqlalchemy import func, select, update

    from newsletter.storage.tables import batch, delivery

    # Held, so that nobody turns the batch into another attempt meanwhile.
    state = select(batch.c.state).where(batch.c.id == batch_id).with_for_update()
    of_batch = connection.execute(state).scalar_one_or_none()
    proved, every = 0, sorted(ids)
    for start in range(0, len(every), _MOST_IDS):
        mine = (delivery.c.batch_id == batch_id) & delivery.c.id.in_(every[start : start + _MOST_IDS])
        unknown = mine & (func.coalesce(delivery.c.state, of_batch) == "unknown")
        proved += connection.execute(update(delivery).where(unknown).values(state="submitted", reason=None)).rowcount
    return proved


def note_seen(connection: Connection, batch_ids: Collection[int], at: int) -> None:
    """Note when requests in doubt were noticed first.

    Args:
        connection: A writing transaction.
        batch_ids: Of their batches; what is noted stays.
        at: Unix seconds.
    """
    from newsletter.storage.tables import cursor
    from subscribers.store.dialect import insert

    for batch_id in batch_ids:
        row = insert(connection, cursor).values(name=f"{_SEEN} {batch_id}", at=at)
        connection.execute(row.on_conflict_do_nothing())


def note_asked(connection: Connection, request: DoubtfulRequest, at: int) -> None:
    """Note that the provider of a request was asked, and did not have all of it.

    Args:
        connection: A writing transaction.
        request: As it was found in doubt.
        at: Unix seconds.
    """
    set_cursor(connection, f"{_ASKED} {request.batch_id}", at)
    set_cursor(connection, f"{_TIMES} {request.batch_id}", request.times + 1)


def forget_doubts(connection: Connection, batch_ids: Collection[int]) -> None:
    """Take out what was noted of requests that are no longer in doubt.

    Args:
        connection: A writing transaction.
        batch_ids: Of their batches.
    """
    from newsletter.storage.tables import cursor

    names = [f"{kind} {batch_id}" for batch_id in batch_ids for kind in (_SEEN, _ASKED, _TIMES)]
    for start in range(0, len(names), _MOST_IDS):
        connection.execute(cursor.delete().where(cursor.c.name.in_(names[start : start + _MOST_IDS])))


def _requests(connection: Connection, rows: Sequence[Any]) -> list[DoubtfulRequest]:
    ids = [row.id for row in rows]
    noted, told = _noted(connection, ids), _told(connection, ids)
    return [
        DoubtfulRequest(
            batch_id=row.id,
            send_id=row.send_id,
            request_id=row.request_id or "",
            sender=row.sender or "",
            whole=row.state == "unknown",
            count=row[5],
            told=told.get(row.id, 0),
            seen=noted.get(f"{_SEEN} {row.id}", 0),
            asked=noted.get(f"{_ASKED} {row.id}", 0),
            times=noted.get(f"{_TIMES} {row.id}", 0),
        )
        for row in rows
    ]


def _noted(connection: Connection, ids: Sequence[int]) -> dict[str, int]:
    from sqlalchemy import select

    from newsletter.storage.tables import cursor

    names = [f"{kind} {batch_id}" for batch_id in ids for kind in (_SEEN, _ASKED, _TIMES)]
    found: dict[str, int] = {}
    for start in range(0, len(names), _MOST_IDS):
        part = cursor.c.name.in_(names[start : start + _MOST_IDS])
        found.update((row.name, row.at) for row in connection.execute(select(cursor).where(part)))
    return found


def _told(connection: Connection, ids: Sequence[int]) -> dict[int, int]:
    from sqlalchemy import func, select

    from newsletter.storage.tables import delivery, event

    found: dict[int, int] = {}
    for start in range(0, len(ids), _MOST_IDS):
        query = (
            select(delivery.c.batch_id, func.count(event.c.delivery_id.distinct()))
            .join(event, event.c.delivery_id == delivery.c.id)
            .where(delivery.c.batch_id.in_(ids[start : start + _MOST_IDS]))
            .group_by(delivery.c.batch_id)
        )
        found.update((row[0], row[1]) for row in connection.execute(query))
    return found
