"""Staged addresses that must not be mailed, here or by the word of the file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa  # noqa: TID253  this module is nothing but SQL, and is imported late itself

from subscribers.moments import to_seconds
from subscribers.store.staging.rows import LEFT, STOPPED, SUPPRESSED, key_pages, staged
from subscribers.store.suppressions import used_keys
from subscribers.store.tables import (
    subscriber,
    suppression,
)
from subscribers.suppression import fingerprint, fingerprints, newest

if TYPE_CHECKING:
    from sqlalchemy import Connection


def mark_suppressed(connection: Connection, keys: Mapping[int, bytes]) -> None:
    """Mark the staged addresses that must not be mailed here, whatever the file says.

    A person who has a subscription here and whom the file calls left is not marked: they leave.

    Args:
        connection: The connection that `stage` was given, inside its block.
        keys: Secret keys of suppressed addresses.

    Raises:
        SecretError: Addresses are suppressed under a key that is missing.
    """
    used = used_keys(connection)
    if not used:
        return
    known = sa.exists().where(subscriber.c.address_key == staged.c.address_key)
    for page in key_pages(connection, sa.or_(staged.c.standing != LEFT, ~known)):
        by_fingerprint = {one: key for key in page for one in fingerprints(key, keys, used)}
        hits = connection.execute(
            sa.select(suppression.c.fingerprint).where(suppression.c.fingerprint.in_(list(by_fingerprint)))
        ).scalars()
        stopped = [by_fingerprint[bytes(one)] for one in hits]
        if stopped:
            connection.execute(sa.update(staged).where(staged.c.address_key.in_(stopped)).values(standing=STOPPED))


def suppress(connection: Connection, keys: Mapping[int, bytes], *, now: datetime) -> None:
    """Suppress the staged addresses that the file says must not be mailed.

    Args:
        connection: Inside `stage`, after `mark_suppressed`.
        keys: Secret keys of suppressed addresses.
        now: The present moment, timezone-aware.

    Raises:
        SecretError: There are such addresses and there is no key.
    """
    at = to_seconds(now)
    for page in key_pages(connection, staged.c.standing == SUPPRESSED):
        key_id = newest(keys)
        said = connection.execute(
            sa.select(staged.c.address_key, staged.c.suppressed_for, staged.c.suppressed_at, subscriber.c.id)
            .outerjoin_from(staged, subscriber, subscriber.c.address_key == staged.c.address_key)
            .where(staged.c.address_key.in_(page))
            .order_by(staged.c.address_key)
        ).all()
        connection.execute(
            sa.insert(suppression),
            [
                {
                    "fingerprint": fingerprint(key, keys[key_id]),
                    "key_id": key_id,
                    "subscriber_id": id_,
                    "reason": reason or "import",
                    "at": at if since is None else since,
                }
                for key, reason, since, id_ in said
            ],
        )
