"""Addresses that must not be mailed, and what speaks against an address."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa  # noqa: TID253  this module is nothing but SQL, and is imported late itself

from subscribers.models import Suppression, SuppressionReason
from subscribers.moments import to_moment, to_seconds
from subscribers.store.dialect import insert
from subscribers.store.tables import held_bounce, recent_bounce, subscriber, suppression, trouble
from subscribers.suppression import BOUNCE_REASONS, LOOKS_BACK, fingerprint, fingerprints, newest

if TYPE_CHECKING:
    from sqlalchemy import Connection


def suppress(
    connection: Connection,
    address_key: str,
    keys: Mapping[int, bytes],
    *,
    reason: SuppressionReason,
    now: datetime,
) -> bool:
    """Remember that an address must not be mailed; what was remembered before stays.

    Only what a person said takes the place of a bounce: a bounce may turn out to be doubtful later.

    Args:
        connection: A connection in a writing transaction.
        address_key: The address as `subscribers.addresses` folds it for comparing.
        keys: Secret keys by id.
        reason: Why the address must not be mailed.
        now: The present moment, timezone-aware.

    Returns:
        Whether it is new.

    Raises:
        SecretError: No key, or not the one that the database needs.
    """
    stopped = suppression_of(connection, address_key, keys)
    if stopped is not None:
        if stopped.reason in BOUNCE_REASONS and reason not in BOUNCE_REASONS:
            _say_why(connection, address_key, keys, reason)
        return False
    key_id = newest(keys)
    person = connection.execute(
        sa.select(subscriber.c.id).where(subscriber.c.address_key == address_key)
    ).scalar_one_or_none()
    done = connection.execute(
        insert(connection, suppression)
        .values(
            fingerprint=fingerprint(address_key, keys[key_id]),
            key_id=key_id,
            subscriber_id=person,
            reason=reason,
            at=to_seconds(now),
        )
        .on_conflict_do_nothing(index_elements=["fingerprint"])
    )
    if person is not None:
        connection.execute(_FORGET_HELD, {"one": person})
    return bool(done.rowcount)


_FORGET_HELD = sa.delete(held_bounce).where(held_bounce.c.subscriber_id == sa.bindparam("one"))


def _say_why(connection: Connection, address_key: str, keys: Mapping[int, bytes], reason: SuppressionReason) -> None:
    prints = fingerprints(address_key, keys, used_keys(connection))
    connection.execute(sa.update(suppression).where(suppression.c.fingerprint.in_(prints)).values(reason=reason))


def suppression_of(connection: Connection, address_key: str, keys: Mapping[int, bytes]) -> Suppression | None:
    """Why an address must not be mailed; None when it may.

    Raises:
        SecretError: The database needs a key that is not there.
    """
    used = used_keys(connection)
    if not used:
        return None
    row = connection.execute(
        sa.select(suppression.c.reason, suppression.c.at, suppression.c.subscriber_id).where(
            suppression.c.fingerprint.in_(fingerprints(address_key, keys, used))
        )
    ).first()
    return None if row is None else _suppression(row)


def suppressions(connection: Connection) -> dict[SuppressionReason, int]:
    """How many addresses are suppressed for each reason."""
    query = (
        sa.select(suppression.c.reason, sa.func.count()).group_by(suppression.c.reason).order_by(suppression.c.reason)
    )
    return dict(connection.execute(query).all())


def lift(connection: Connection, address_key: str, keys: Mapping[int, bytes]) -> bool:
    """Forget that an address must not be mailed, and the troubles that led to it.

    Returns:
        Whether there was something to forget.

    Raises:
        SecretError: The database needs a key that is not there.
    """
    used = used_keys(connection)
    if not used:
        return False
    lifted = connection.execute(
        sa.delete(suppression)
        .where(suppression.c.fingerprint.in_(fingerprints(address_key, keys, used)))
        .returning(suppression.c.subscriber_id)
    ).all()
    for (person,) in lifted:
        if person is not None:
            forget_bounces(connection, person)
    return bool(lifted)


def forget_bounces(connection: Connection, subscriber_id: int) -> bool:
    """Forget what speaks against the address of a subscriber; a suppression stays.

    Returns:
        Whether a bounce was held.
    """
    for table in (trouble, recent_bounce):
        connection.execute(sa.delete(table).where(table.c.subscriber_id == subscriber_id))
    done = connection.execute(sa.delete(held_bounce).where(held_bounce.c.subscriber_id == subscriber_id))
    return bool(done.rowcount)


def used_keys(connection: Connection) -> frozenset[int]:
    """Ids of the secret keys that suppressed addresses stand under."""
    return frozenset(connection.execute(sa.select(suppression.c.key_id).distinct()).scalars())


def remember_trouble(connection: Connection, subscriber_id: int, delivery: str, *, now: datetime) -> None:
    """Note that a letter bounced softly or was blocked; the same letter counts once.

    Args:
        connection: A connection in a writing transaction.
        subscriber_id: Whose address it was.
        delivery: Name of the delivery.
        now: Aware; troubles older than the rule looks back are forgotten.
    """
    old = to_seconds(now - LOOKS_BACK)
    connection.execute(sa.delete(trouble).where(trouble.c.subscriber_id == subscriber_id, trouble.c.at < old))
    connection.execute(
        insert(connection, trouble)
        .values(subscriber_id=subscriber_id, delivery=delivery, at=to_seconds(now))
        .on_conflict_do_nothing(index_elements=["subscriber_id", "delivery"])
    )


def troubles_of(connection: Connection, subscriber_id: int, *, now: datetime, but: str = "") -> int:
    """How many letters to this person bounced softly or were blocked lately.

    Args:
        connection: An open connection to the database.
        subscriber_id: Id of the subscriber.
        now: The present moment, timezone-aware.
        but: Name of a delivery that does not count.
    """
    query = (
        sa.select(sa.func.count())
        .select_from(trouble)
        .where(
            trouble.c.subscriber_id == subscriber_id,
            trouble.c.at >= to_seconds(now - LOOKS_BACK),
            trouble.c.delivery != but,
        )
    )
    return connection.execute(query).scalar_one()


def _suppression(row: Any) -> Suppression:
    return Suppression(row.reason, to_moment(row.at), row.subscriber_id)
