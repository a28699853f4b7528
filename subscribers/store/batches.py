"""What came in by one file, and taking it back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa  # noqa: TID253  this module is nothing but SQL, and is imported late itself

from subscribers.models import ImportBatch
from subscribers.moments import to_moment, to_seconds
from subscribers.store.people import tables_with_people
from subscribers.store.tables import (
    account_request,
    confirmation,
    consent,
    import_batch,
    kept_wish,
    small_letter,
    subscriber,
    subscription,
    suppression,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

# In a collection of its own: it is no part of the schema.
_going = sa.Table(
    "going",
    sa.MetaData(),
    sa.Column("subscriber_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
    prefixes=["TEMPORARY"],
)


def begin_batch(connection: Connection, name: str, list_id: int, *, by: str, now: datetime) -> int:
    """Keep that a file comes in; gives the id that its people are marked with.

    Args:
        connection: A connection in a writing transaction.
        name: Random, as editors call it.
        list_id: Of the list that it is for.
        by: Who brings it in.
        now: The present moment, timezone-aware.
    """
    row = sa.insert(import_batch).values(name=name, list_id=list_id, by=by, at=to_seconds(now))
    return int(connection.execute(row.returning(import_batch.c.id)).scalar_one())


def end_batch(connection: Connection, batch_id: int) -> int:
    """Count whom it brought, and mark where the record of consent stands; a batch of nobody is not kept.

    Args:
        connection: The connection that `begin_batch` was given, in the same transaction.
        batch_id: What it gave.

    Returns:
        How many it brought.
    """
    number = 0
    for table in (subscription, kept_wish):
        count = sa.select(sa.func.count()).select_from(table).where(table.c.batch_id == batch_id)
        number += connection.execute(count).scalar_one()
    mine = import_batch.c.id == batch_id
    if not number:
        connection.execute(sa.delete(import_batch).where(mine))
        return 0
    last = sa.select(sa.func.coalesce(sa.func.max(consent.c.id), 0)).scalar_subquery()
    connection.execute(sa.update(import_batch).where(mine).values(number=number, last_consent=last))
    return int(number)


def batch_named(connection: Connection, name: str, *, lock: bool = False) -> ImportBatch | None:
    """The import of that name, if there is one.

    Args:
        connection: An open connection to the database.
        name: As it was printed.
        lock: Let nobody else take it back before the transaction ends.
    """
    query = sa.select(import_batch).where(import_batch.c.name == name)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _batch(row)


def batches(connection: Connection, list_id: int, *, limit: int = 10) -> list[ImportBatch]:
    """The last imports into a list, the latest first.

    Args:
        connection: An open connection to the database.
        list_id: Id of the list.
        limit: How many at most.
    """
    query = sa.select(import_batch).where(import_batch.c.list_id == list_id).order_by(import_batch.c.id.desc())
    return [_batch(row) for row in connection.execute(query.limit(limit))]


def brought(batch_id: int) -> sa.Select[tuple[int]]:
    """The query for the ids of those who are subscribed by an import.

    Args:
        batch_id: Of the import.
    """
    return sa.select(subscription.c.subscriber_id).where(subscription.c.batch_id == batch_id)


def take_back(connection: Connection, batch: ImportBatch, *, by: str, now: datetime) -> tuple[int, int]:
    """Forget whom an import brought, but for those who have left or have acted since; whoever was there before stays.

    Suppressions stay, and what the file said of people who left: both only keep letters away.

    Args:
        connection: A connection in a writing transaction.
        batch: The import.
        by: Who takes it back.
        now: The present moment, timezone-aware.

    Returns:
        How many are taken back, and how many of it stay.
    """
    mine = subscription.c.batch_id == batch.id
    before = connection.execute(sa.select(sa.func.count()).select_from(subscription).where(mine)).scalar_one()
    last = sa.select(import_batch.c.last_consent).where(import_batch.c.id == batch.id).scalar_subquery()
    who = subscription.c.subscriber_id
    _going.create(connection)
    connection.execute(
        sa.insert(_going).from_select(
            ["subscriber_id"],
            sa.select(who).where(
                mine,
                subscription.c.status != "left",
                subscription.c.changed <= to_seconds(batch.at),
                ~sa.exists().where(consent.c.subscriber_id == who, consent.c.id > last),
                ~sa.exists().where(account_request.c.subscriber_id == who),
                # An import queues no letter: they asked for one since, whatever it is about.
                ~sa.exists().where(small_letter.c.subscriber_id == who, small_letter.c.created >= to_seconds(batch.at)),
            ),
        )
    )
    number = _forget(connection, batch.list_id)
    waiting = connection.execute(sa.delete(kept_wish).where(kept_wish.c.batch_id == batch.id)).rowcount
    _going.drop(connection)
    done = {"undone": to_seconds(now), "undone_by": by, "taken_back": number + waiting}
    connection.execute(sa.update(import_batch).where(import_batch.c.id == batch.id).values(done))
    return number + waiting, before - number


def _forget(connection: Connection, list_id: int) -> int:
    """Delete the subscriptions of those who go, and whoever of them is known for nothing else."""
    ids = sa.select(_going.c.subscriber_id)
    for table in (consent, confirmation, small_letter, subscription):
        gone = connection.execute(sa.delete(table).where(table.c.list_id == list_id, table.c.subscriber_id.in_(ids)))
    number = gone.rowcount
    for table, column in tables_with_people():
        if table not in (subscriber, suppression):
            connection.execute(sa.delete(_going).where(sa.exists().where(column == _going.c.subscriber_id)))
    connection.execute(sa.update(suppression).where(suppression.c.subscriber_id.in_(ids)).values(subscriber_id=None))
    connection.execute(sa.delete(subscriber).where(subscriber.c.id.in_(ids)))
    return int(number)


def _batch(row: Any) -> ImportBatch:
    return ImportBatch(
        id=row.id,
        name=row.name,
        list_id=row.list_id,
        by=row.by,
        at=to_moment(row.at),
        number=row.number,
        undone=None if row.undone is None else to_moment(row.undone),
        undone_by=row.undone_by,
        taken_back=row.taken_back,
    )
