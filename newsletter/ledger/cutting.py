"""New batches made of parts of others: halves of one, the rest of one that is too large, letters that wait longer.

Only deliveries without a state of their own move, and always into a batch that is ``queued``; the letter stays.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from newsletter.ledger.models import Batch
from newsletter.storage.clock import clock

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

_MOST_IDS = 500
"""In one statement; old builds of SQLite take 999."""


def split(connection: Connection, batch: Batch) -> None:
    """Make two batches of one that is queued, since something in one of its halves was refused.

    Args:
        connection: A writing transaction.
        batch: As it was claimed.
    """
    ids = _ids(connection, batch.id)
    if len(ids) > 1:
        cut(connection, batch, len(ids) // 2)


def cut(connection: Connection, batch: Batch, size: int, *, attempt: int = 0) -> int:
    """Leave a batch its first deliveries; the rest becomes a batch of its own that anybody may claim at once.

    Args:
        connection: A writing transaction; the one in which the batch was claimed, or was written down as queued.
        batch: As it was claimed.
        size: Deliveries that it keeps.
        attempt: Tries that the rest has had.

    Returns:
        How many deliveries moved.
    """
    from sqlalchemy import select, update

    from newsletter.storage.tables import delivery

    mine = (delivery.c.batch_id == batch.id) & delivery.c.state.is_(None)
    query = select(delivery.c.id).where(mine).order_by(delivery.c.id).offset(size).limit(1)
    first = connection.execute(query).scalar_one_or_none()
    if first is None:
        return 0
    new = _batch(connection, batch, attempt)
    return connection.execute(update(delivery).where(mine, delivery.c.id >= first).values(batch_id=new)).rowcount


def put_off(
    connection: Connection, batch: Batch, delivery_ids: Collection[int], seconds: float, *, attempt: int | None = None
) -> int:
    """Let some deliveries of a batch wait, while the others go on: they become a batch of their own with its own hour.

    Args:
        connection: A writing transaction.
        batch: As it was claimed; nothing moves when somebody else has it by now.
        delivery_ids: Which; those that have a state of their own stay where they are.
        seconds: Before anybody may try them, by the database's clock.
        attempt: Tries they have had; by default those of the batch.

    Returns:
        How many wait now.
    """
    if not delivery_ids or not _is_ours(connection, batch):
        return 0
    return move_out(connection, batch, delivery_ids, seconds, attempt=attempt)


def _is_ours(connection: Connection, batch: Batch) -> bool:
    """Whether a batch is as it was claimed, queued; it stays so until the transaction ends."""
    from sqlalchemy import select

    from newsletter.storage.tables import batch as table

    held = select(table.c.id).where(table.c.id == batch.id, table.c.token == batch.token, table.c.state == "queued")
    return connection.execute(held.with_for_update()).first() is not None


def let_wait(connection: Connection, batch: Batch, seconds: float) -> bool:
    """Let a batch of which nothing goes now wait as it is, as if it had not been claimed; False when it was lost.

    Args:
        connection: A writing transaction.
        batch: As it was claimed, queued.
        seconds: Before anybody may try it, by the database's clock.
    """
    from sqlalchemy import update

    from newsletter.storage.tables import batch as table

    mine = (table.c.id == batch.id) & (table.c.token == batch.token) & (table.c.state == "queued")
    waits = {"token": None, "lease_until": clock(connection) + seconds, "attempt": batch.attempt - 1}
    return connection.execute(update(table).where(mine).values(waits)).rowcount == 1


def join_waiting(
    connection: Connection, batch: Batch, delivery_ids: Sequence[int], seconds: float, *, window: float, most: int
) -> int:
    """As ``put_off``, but into a batch that waits for about that hour already, so that those stay few.

    Args:
        connection: A writing transaction.
        batch: As it was claimed; what is put off has had one try less. Nothing moves when somebody else has it by now.
        delivery_ids: Which of them wait.
        seconds: Before anybody may try them.
        window: Seconds into which hours are divided: those in one go together.
        most: Deliveries that one batch takes.

    Returns:
        How many wait there now; 0 when no batch has room, or the batch was lost.
    """
    from sqlalchemy import func, select, update

    from newsletter.storage.tables import batch as table
    from newsletter.storage.tables import delivery

    if not _is_ours(connection, batch):
        return 0
    due = clock(connection) + seconds
    begin = due // window * window
    alike = (
        (table.c.send_id == batch.send_id)
        & (table.c.letter_id == batch.letter_id)
        & (table.c.state == "queued")
        & table.c.token.is_(None)
        & (table.c.id != batch.id)
        & (table.c.attempt == batch.attempt - 1)
    )
    there = select(table.c.id, table.c.lease_until).where(
        alike, table.c.lease_until >= begin, table.c.lease_until < begin + window
    )
    for row in connection.execute(there.order_by(table.c.id).with_for_update(skip_locked=True)).all():
        inside = select(func.count()).select_from(delivery).where(delivery.c.batch_id == row.id)
        if connection.execute(inside).scalar_one() + len(delivery_ids) > most:
            continue
        moved = 0
        for start in range(0, len(delivery_ids), _MOST_IDS):
            part = delivery.c.id.in_(delivery_ids[start : start + _MOST_IDS])
            mine = update(delivery).where(part, delivery.c.batch_id == batch.id, delivery.c.state.is_(None))
            moved += connection.execute(mine.values(batch_id=row.id)).rowcount
        connection.execute(update(table).where(table.c.id == row.id).values(lease_until=max(due, row.lease_until)))
        return moved
    return 0


def discard_empty(connection: Connection, batch: Batch) -> None:
    """Take a batch out of which every delivery has moved to another one.

    Args:
        connection: A writing transaction.
        batch: As it was claimed.
    """
    from sqlalchemy import exists, select

    from newsletter.storage.tables import batch as table
    from newsletter.storage.tables import delivery

    members = exists(select(delivery.c.id).where(delivery.c.batch_id == batch.id))
    connection.execute(table.delete().where(table.c.id == batch.id, table.c.token == batch.token, ~members))


def move_out(
    connection: Connection, batch: Batch, delivery_ids: Collection[int], seconds: float, *, attempt: int | None = None
) -> int:
    """As ``put_off``, by whoever knows that nothing of these deliveries is under way.

    Args:
        connection: A writing transaction.
        batch: As it was claimed.
        delivery_ids: Which of them wait.
        seconds: Before anybody may try them.
        attempt: Tries they have had; by default those of the batch.

    Returns:
        How many wait now.
    """
    from sqlalchemy import update

    from newsletter.storage.tables import batch as table
    from newsletter.storage.tables import delivery

    ids = sorted(delivery_ids)
    until = clock(connection) + seconds if seconds else None
    new = _batch(connection, batch, batch.attempt if attempt is None else attempt, until)
    moved = 0
    for start in range(0, len(ids), _MOST_IDS):
        part = delivery.c.id.in_(ids[start : start + _MOST_IDS])
        rows = update(delivery).where(part, delivery.c.batch_id == batch.id, delivery.c.state.is_(None))
        moved += connection.execute(rows.values(batch_id=new)).rowcount
    if not moved:
        connection.execute(table.delete().where(table.c.id == new))
    return moved


def take_apart(
    connection: Connection, send_id: int, who: Select[tuple[int]], letter_for: Callable[[int], int | None]
) -> int:
    """Give some subscribers another letter than the others of their batch, as far as nobody has their batch in hand.

    Args:
        connection: A writing transaction.
        send_id: Id of the send; batches that are held for the decision of a trial stay as they are.
        who: Query for ids of subscribers.
        letter_for: Gives the id of the letter that they get in the place of one; None leaves them that.

    Returns:
        How many get another one.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import batch, delivery

    mine = (delivery.c.batch_id == batch.c.id) & delivery.c.state.is_(None) & delivery.c.subscriber_id.in_(who)
    open_ = (batch.c.send_id == send_id) & (batch.c.state == "queued") & batch.c.token.is_(None) & (batch.c.held == 0)
    found = select(batch.c.id).where(open_, select(delivery.c.id).where(mine).exists()).order_by(batch.c.id)
    ids = list(connection.execute(found.with_for_update(skip_locked=True)).scalars())
    moved = 0
    for row in (connection.execute(select(batch).where(batch.c.id == one)).one() for one in ids):
        other = letter_for(row.letter_id)
        if other is None:
            continue
        like = Batch(row.id, row.send_id, other, row.state, "", "", row.attempt, row.sender)
        pause = max(0.0, (row.lease_until or 0.0) - clock(connection))
        members = select(delivery.c.id).where(
            delivery.c.batch_id == row.id, delivery.c.state.is_(None), delivery.c.subscriber_id.in_(who)
        )
        some = connection.execute(members).scalars().all()
        moved += move_out(connection, like, some, pause)
    return moved


def part_begun(connection: Connection, send_id: int) -> None:
    """Give what is left of batches that a provider has begun letter by letter batches of their own, for another one.

    A batch knows the provider of its last attempt alone: the next one would be taken for whoever had its first letters.
    What is held by somebody stays; a hold that ran out leaves its letters in doubt, as for whoever claims it next.

    Args:
        connection: A writing transaction.
        send_id: Id of the send.
    """
    from sqlalchemy import exists, or_, select, update

    from newsletter.storage.tables import batch, delivery

    own = (delivery.c.batch_id == batch.c.id) & delivery.c.state.in_(("submitted", "refused", "unknown", "submitting"))
    free = or_(batch.c.token.is_(None), batch.c.lease_until < clock(connection))
    begun = select(batch).where(
        batch.c.send_id == send_id,
        batch.c.state == "queued",
        batch.c.sender.is_not(None),
        free,
        exists(select(delivery.c.id).where(own)),
    )
    for row in connection.execute(begun.order_by(batch.c.id).with_for_update()).all():
        like = Batch(row.id, row.send_id, row.letter_id, row.state, "", "", row.attempt, row.sender)
        pause = 0.0 if row.token is not None else max(0.0, (row.lease_until or 0.0) - clock(connection))
        if left := _ids(connection, row.id):
            move_out(connection, like, left, pause)
        doubtful = (delivery.c.batch_id == row.id) & (delivery.c.state == "submitting")
        connection.execute(update(delivery).where(doubtful).values(state="unknown"))
        done = update(batch).where(batch.c.id == row.id)
        connection.execute(done.values(state="submitted", token=None, lease_until=None))


def _batch(connection: Connection, like: Batch, attempt: int, until: float | None = None) -> int:
    """A new batch of the same letter that nobody holds; its id."""
    from sqlalchemy import insert

    from newsletter.storage.tables import batch as table

    row = {
        "send_id": like.send_id,
        "letter_id": like.letter_id,
        "state": "queued",
        "attempt": attempt,
        "lease_until": until,
    }
    return int(connection.execute(insert(table).values(row).returning(table.c.id)).scalar_one())


def _ids(connection: Connection, batch_id: int) -> Sequence[int]:
    from sqlalchemy import select

    from newsletter.storage.tables import delivery

    mine = (delivery.c.batch_id == batch_id) & delivery.c.state.is_(None)
    return connection.execute(select(delivery.c.id).where(mine).order_by(delivery.c.id)).scalars().all()
