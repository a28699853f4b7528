"""What people asked for on their own page and have to confirm by a letter: another address, or to be erased."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa  # noqa: TID253  this module is nothing but SQL, and is imported late itself

from subscribers.models import AccountRequest, KeptRequest
from subscribers.moments import to_moment, to_seconds
from subscribers.store.tables import account_request

if TYPE_CHECKING:
    from sqlalchemy import Connection


def keep_request(
    connection: Connection,
    token_hash: bytes,
    subscriber_id: int,
    kind: AccountRequest,
    *,
    now: datetime,
    expires: datetime,
    address: str | None = None,
) -> None:
    """Keep the hash of the link that confirms a request; those that are no longer good are thrown away.

    Args:
        connection: A connection in a writing transaction.
        token_hash: SHA-256 of the link's token.
        subscriber_id: Who asked for it.
        kind: ``address`` or ``erase``.
        now: The present moment, timezone-aware.
        expires: When the link stops working, an aware datetime.
        address: The address that they want to have from now on.
    """
    connection.execute(sa.delete(account_request).where(account_request.c.expires < to_seconds(now)))
    connection.execute(
        sa.insert(account_request).values(
            token_hash=token_hash,
            subscriber_id=subscriber_id,
            kind=kind,
            address=address,
            created=to_seconds(now),
            expires=to_seconds(expires),
        )
    )


def request_of(connection: Connection, token_hash: bytes, kind: AccountRequest, *, now: datetime) -> KeptRequest | None:
    """The request that a link confirms; None when it is not ours, for something else, or too old.

    Args:
        connection: An open connection to the database.
        token_hash: SHA-256 of the link's token.
        kind: What the link must be for.
        now: The present moment, timezone-aware.
    """
    row = connection.execute(
        sa.select(account_request).where(
            account_request.c.token_hash == token_hash,
            account_request.c.kind == kind,
            account_request.c.expires >= to_seconds(now),
        )
    ).one_or_none()
    if row is None:
        return None
    return KeptRequest(row.subscriber_id, row.kind, row.address or "", to_moment(row.created))


def drop_requests(connection: Connection, subscriber_id: int, kind: AccountRequest) -> None:
    """Make the links void that would confirm the requests of one kind of this person.

    Args:
        connection: A connection in a writing transaction.
        subscriber_id: Id of the subscriber.
        kind: ``address`` or ``erase``.
    """
    connection.execute(
        sa.delete(account_request).where(
            account_request.c.subscriber_id == subscriber_id, account_request.c.kind == kind
        )
    )
