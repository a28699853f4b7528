"""Subscribers, their subscriptions and the record of consent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa  # noqa: TID253  this module is nothing but SQL, and is imported late itself

from subscribers.addresses import Address
from subscribers.display import LONGEST_NAME, shown
from subscribers.folding import fold
from subscribers.models import Rhythm, Status, Subscriber, Subscription
from subscribers.moments import to_moment, to_seconds
from subscribers.store.dialect import insert
from subscribers.store.tables import (
    held_bounce,
    kept_wish,
    metadata,
    recent_bounce,
    still_wanted,
    subscriber,
    subscription,
    suppression,
    trouble,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection


def add(connection: Connection, address: Address, *, public_id: bytes, now: datetime, name: str = "") -> Subscriber:
    """Keep an address, or find the subscriber who has it already.

    Args:
        connection: An open connection to the database.
        address: The address, as `subscribers.addresses.normalise` gives it.
        public_id: 16 random bytes, used if the subscriber is new.
        now: The present moment, timezone-aware.
        name: What editors call them; who is known already keeps the name they have.
    """
    connection.execute(
        insert(connection, subscriber)
        .values(
            address=address.address,
            address_key=address.key,
            public_id=public_id,
            needs_smtputf8=address.needs_smtputf8,
            created=to_seconds(now),
            name=name,
            name_key=fold(name),
        )
        .on_conflict_do_nothing(index_elements=["address_key"])
    )
    found = find(connection, address)
    if found is None:  # pragma: no cover  only a broken unique index could do this
        raise LookupError("an address that was just kept is not there")
    return found


def find(connection: Connection, address: Address) -> Subscriber | None:
    """The subscriber who has this address, however its letters are cased."""
    return _one_subscriber(connection, subscriber.c.address_key == address.key)


def ids_of(connection: Connection, keys: Sequence[str]) -> set[int]:
    """The ids of those subscribers who have one of these addresses.

    Args:
        connection: An open connection to the database.
        keys: Keys of addresses, as `subscribers.addresses.normalise` gives them.
    """
    found: set[int] = set()
    for start in range(0, len(keys), _MOST_KEYS):
        part = sa.select(subscriber.c.id).where(subscriber.c.address_key.in_(keys[start : start + _MOST_KEYS]))
        found.update(connection.execute(part).scalars())
    return found


_MOST_KEYS = 500
"""In one ``IN (…)``; old builds of SQLite take 999 parameters."""


def find_public(connection: Connection, public_id: bytes) -> Subscriber | None:
    """The subscriber whom a link stands for."""
    return _one_subscriber(connection, subscriber.c.public_id == public_id)


def find_id(connection: Connection, subscriber_id: int) -> Subscriber | None:
    """The subscriber of that id."""
    return _one_subscriber(connection, subscriber.c.id == subscriber_id)


def subscribers(
    connection: Connection, list_id: int, *, after: int = 0, limit: int = 100, status: Status | None = None
) -> list[tuple[Subscriber, Subscription]]:
    """One page of a list, in order of subscriber id.

    Args:
        connection: An open connection to the database.
        list_id: Id of the list.
        after: Id of the last subscriber of the page before; 0 for the first page.
        limit: How many rows to give at most.
        status: Only these; None for all.
    """
    query = (
        sa.select(*(column.label(f"subscriber_{column.name}") for column in subscriber.c), *subscription.c)
        .join(subscription, subscription.c.subscriber_id == subscriber.c.id)
        .where(subscription.c.list_id == list_id, subscription.c.subscriber_id > after)
        .order_by(subscription.c.subscriber_id)
        .limit(limit)
    )
    if status is not None:
        query = query.where(subscription.c.status == status)
    # Both tables have subscriber_id: the subscription's own and the subscriber's labelled one are the same number.
    return [
        (_subscriber(row[: len(subscriber.c)]), _subscription(row[len(subscriber.c) :]))
        for row in connection.execute(query)
    ]


def subscription_of(
    connection: Connection, subscriber_id: int, list_id: int, *, lock: bool = False
) -> Subscription | None:
    """The subscription of one person to one list, if there is one.

    Args:
        connection: An open connection to the database.
        subscriber_id: Id of the subscriber.
        list_id: Id of the list.
        lock: Let nobody else change anything about this person before the transaction ends. PostgreSQL locks the
            subscriber, since a subscription that is not there yet cannot be locked; SQLite has one writer anyway.
    """
    if lock:
        lock_person(connection, subscriber_id)
    row = connection.execute(
        sa.select(subscription).where(subscription.c.list_id == list_id, subscription.c.subscriber_id == subscriber_id)
    ).one_or_none()
    return None if row is None else _subscription(row)


def subscriptions_of(connection: Connection, subscriber_id: int) -> list[Subscription]:
    """Every subscription of one person, in order of list id."""
    query = sa.select(subscription).where(subscription.c.subscriber_id == subscriber_id)
    return [_subscription(row) for row in connection.execute(query.order_by(subscription.c.list_id))]


def set_status(
    connection: Connection,
    subscriber_id: int,
    list_id: int,
    status: Status,
    *,
    now: datetime,
    rhythm: Rhythm | None = None,
    declined_topics: int | None = None,
) -> Subscription:
    """Make the subscription, or give it another status.

    Args:
        connection: An open connection to the database.
        subscriber_id: Id of the subscriber.
        list_id: Id of the list.
        status: The status that the subscription has from now on.
        now: The present moment, timezone-aware.
        rhythm: The new one; None keeps what it is (a new subscription gets ``weekly``).
        declined_topics: Bit n is set when topic n is not wanted; None keeps what it is (new: 0, all are wanted).
    """
    at = to_seconds(now)
    changed: dict[str, Any] = {"status": status, "changed": at}
    if rhythm is not None:
        changed["rhythm"] = rhythm
    if declined_topics is not None:
        changed["declined_topics"] = declined_topics
    connection.execute(
        insert(connection, subscription)
        .values(
            list_id=list_id,
            subscriber_id=subscriber_id,
            status=status,
            rhythm=rhythm or "weekly",
            declined_topics=declined_topics or 0,
            created=at,
            changed=at,
        )
        .on_conflict_do_update(index_elements=["list_id", "subscriber_id"], set_=changed)
    )
    kept = subscription_of(connection, subscriber_id, list_id)
    if kept is None:  # pragma: no cover  only a broken unique index could do this
        raise LookupError("a subscription that was just kept is not there")
    return kept


def set_preferences(
    connection: Connection,
    subscriber_id: int,
    list_id: int,
    *,
    rhythm: Rhythm,
    declined_topics: int,
    paused_until: datetime | None,
    now: datetime,
) -> None:
    """Keep what the person chose for one subscription, all of it at once.

    Args:
        connection: A connection in a writing transaction.
        subscriber_id: Id of the subscriber.
        list_id: Id of the list.
        rhythm: How often they want letters: ``instant``, ``daily`` or ``weekly``.
        declined_topics: Bit n is set when topic n is not wanted; 0 to 255.
        paused_until: Aware; no letter before it. None for no pause.
        now: The present moment, timezone-aware.
    """
    connection.execute(
        sa.update(subscription)
        .where(subscription.c.list_id == list_id, subscription.c.subscriber_id == subscriber_id)
        .values(
            rhythm=rhythm,
            declined_topics=declined_topics,
            paused_until=None if paused_until is None else to_seconds(paused_until),
            changed=to_seconds(now),
        )
    )


def set_counting(connection: Connection, subscriber_id: int, *, counted: bool) -> None:
    """Keep whether clicks in a person's letters may be counted, without them.

    Args:
        connection: A connection in a writing transaction.
        subscriber_id: Id of the subscriber.
        counted: What they chose.
    """
    change = sa.update(subscriber).where(subscriber.c.id == subscriber_id, subscriber.c.count_clicks != counted)
    connection.execute(change.values(count_clicks=counted))


def set_name(connection: Connection, subscriber_id: int, name: str) -> None:
    """Keep what editors call a person who has no name so far.

    Args:
        connection: A connection in a writing transaction.
        subscriber_id: Id of the subscriber.
        name: As it was typed.
    """
    kept = shown(name.strip(), LONGEST_NAME)
    change = sa.update(subscriber).where(subscriber.c.id == subscriber_id, subscriber.c.name == "")
    connection.execute(change.values(name=kept, name_key=fold(kept)))


def lock_person(connection: Connection, subscriber_id: int) -> None:
    """Let nobody else change anything about this person before the transaction ends.

    Args:
        connection: A connection in a writing transaction.
        subscriber_id: Id of the subscriber.
    """
    if connection.dialect.name != "sqlite":
        connection.execute(sa.select(subscriber.c.id).where(subscriber.c.id == subscriber_id).with_for_update())


def change_address(connection: Connection, subscriber_id: int, address: Address) -> None:
    """Give a subscriber another address. What is known against the old one stays with that address, not with them.

    Args:
        connection: A connection in a writing transaction.
        subscriber_id: Id of the subscriber.
        address: The address they have from now on; nobody else has it.
    """
    connection.execute(
        sa.update(suppression).where(suppression.c.subscriber_id == subscriber_id).values(subscriber_id=None)
    )
    for table in (trouble, held_bounce, recent_bounce):
        connection.execute(sa.delete(table).where(table.c.subscriber_id == subscriber_id))
    # Letters came back from the address that they had.
    asked = still_wanted.c.subscriber_id == subscriber_id
    connection.execute(sa.delete(still_wanted).where(asked, still_wanted.c.let_go.is_(None)))
    connection.execute(
        sa.update(subscriber)
        .where(subscriber.c.id == subscriber_id)
        .values(address=address.address, address_key=address.key, needs_smtputf8=address.needs_smtputf8)
    )


def revoke_links(connection: Connection, subscriber_id: int) -> None:
    """Make every link void that this person was ever sent: their epoch becomes the next one."""
    connection.execute(
        sa.update(subscriber).where(subscriber.c.id == subscriber_id).values(epoch=subscriber.c.epoch + 1)
    )


def everything_about(connection: Connection, subscriber_id: int) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table that holds something of this person, by table, as plain values.

    It goes by the columns of the schema, so a table that comes later cannot be forgotten. Bytes are given in hex,
    moments as Unix seconds.
    """
    found = {}
    for table, column in tables_with_people():
        rows = connection.execute(sa.select(table).where(column == subscriber_id)).mappings()
        found[table.name] = [
            {
                name: bytes(value).hex() if isinstance(value, bytes | memoryview) else value
                for name, value in row.items()
            }
            for row in rows
        ]
    theirs = sa.select(subscriber.c.address_key).where(subscriber.c.id == subscriber_id).scalar_subquery()
    wishes = connection.execute(sa.select(kept_wish).where(kept_wish.c.address_key == theirs)).mappings()
    return found | {kept_wish.name: [dict(row) for row in wishes]}


def erase(connection: Connection, subscriber_id: int) -> None:
    """Delete every row that holds something of this person; a suppression stays, without the link to them.

    Args:
        connection: A connection in a writing transaction.
        subscriber_id: Of the person; nobody ever gets this id again.
    """
    connection.execute(
        sa.update(suppression).where(suppression.c.subscriber_id == subscriber_id).values(subscriber_id=None)
    )
    theirs = sa.select(subscriber.c.address_key).where(subscriber.c.id == subscriber_id).scalar_subquery()
    connection.execute(sa.delete(kept_wish).where(kept_wish.c.address_key == theirs))
    for table, column in reversed(tables_with_people()):
        if table is not suppression:
            connection.execute(sa.delete(table).where(column == subscriber_id))


def tables_with_people() -> list[tuple[sa.Table, sa.Column[Any]]]:
    """Tables whose rows belong to a person, with the column that says whose; a table stands after what it refers to."""
    return [
        (table, table.c.id if table is subscriber else table.c.subscriber_id)
        for table in metadata.sorted_tables
        if table is subscriber or "subscriber_id" in table.c
    ]


def _one_subscriber(connection: Connection, condition: sa.ColumnElement[bool]) -> Subscriber | None:
    row = connection.execute(sa.select(subscriber).where(condition)).one_or_none()
    return None if row is None else _subscriber(row)


def _subscriber(row: Sequence[Any]) -> Subscriber:
    id_, address, _key, public_id, epoch, needs_smtputf8, created, count_clicks, name, _name_key = row
    counted = bool(count_clicks)
    return Subscriber(id_, address, bytes(public_id), epoch, needs_smtputf8, to_moment(created), counted, name)


def _subscription(row: Sequence[Any]) -> Subscription:
    list_id, subscriber_id, status, rhythm, declined, paused_until, created, changed, _batch = row
    return Subscription(
        subscriber_id=subscriber_id,
        list_id=list_id,
        status=status,
        rhythm=rhythm,
        declined_topics=declined,
        paused_until=None if paused_until is None else to_moment(paused_until),
        created=to_moment(created),
        changed=to_moment(changed),
    )
