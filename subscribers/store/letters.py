"""Small letters that wait to be sent, and the links of confirmation letters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa  # noqa: TID253  this module is nothing but SQL, and is imported late itself

from subscribers.models import LetterKind, LetterState, List, Recipient, SmallLetter, SmallLetterRecord
from subscribers.moments import to_moment, to_seconds
from subscribers.store.tables import (
    confirmation,
    list_,
    small_letter,
    subscriber,
    suppression,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

_FARTHEST = 2 * 3600
"""Seconds ahead that a lease can end at most."""


def queue_letter(
    connection: Connection,
    kind: LetterKind,
    subscriber_id: int,
    list_id: int,
    *,
    now: datetime,
    address: str = "",
) -> int:
    """Write a small letter down to be sent, in the transaction of what caused it.

    Args:
        connection: A connection in a writing transaction.
        kind: What the letter is for, for example ``welcome``.
        subscriber_id: Id of the subscriber it goes to.
        list_id: Id of the list it is about.
        now: The present moment, timezone-aware.
        address: Where it goes when that is not the address the subscriber has; the caller has judged that it may be
            mailed.

    Returns:
        Its id.
    """
    row = connection.execute(
        sa.insert(small_letter)
        .values(
            kind=kind,
            subscriber_id=subscriber_id,
            list_id=list_id,
            created=to_seconds(now),
            address=address or None,
        )
        .returning(small_letter.c.id)
    )
    return int(row.scalar_one())


def refuse_letter(connection: Connection, letter_id: int, *, reason: str) -> None:
    """Write down that a letter which was just queued does not go.

    Args:
        connection: In a writing transaction.
        letter_id: Id of the small letter.
        reason: In plain words, without the address.
    """
    connection.execute(
        sa.update(small_letter)
        .where(small_letter.c.id == letter_id, small_letter.c.state == "queued")
        .values(state="refused", reason=reason, address=None)
    )


def letters_since(
    connection: Connection, kind: LetterKind, subscriber_id: int, *, since: Sequence[datetime]
) -> list[int]:
    """How many small letters of a kind were written down for a person since each of these moments, over all lists."""
    moments = connection.execute(
        sa.select(small_letter.c.created).where(
            small_letter.c.subscriber_id == subscriber_id,
            small_letter.c.kind == kind,
            small_letter.c.created >= to_seconds(min(since)),
        )
    ).scalars()
    found = list(moments)
    return [sum(at >= to_seconds(one) for at in found) for one in since]


def claim_letters(
    connection: Connection, *, token: str, now: datetime, lease: timedelta, limit: int = 50
) -> list[SmallLetter]:
    """Take small letters to send, oldest first; nobody else gets them while the lease runs.

    A letter to an address that must not be mailed is refused here, whatever it says.

    Args:
        connection: In a writing transaction.
        token: Random; stands for this claim in the functions below.
        now: The present moment, timezone-aware.
        lease: How long the claim lasts unless it is settled before.
        limit: How many letters to claim at most.
    """
    at = to_seconds(now)
    _settle(connection, at)
    waiting = (
        sa.select(small_letter.c.id)
        .where(
            small_letter.c.state == "queued",
            sa.or_(small_letter.c.lease_until.is_(None), _over(at)),
        )
        .order_by(small_letter.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(connection.execute(waiting).scalars())
    connection.execute(
        sa.update(small_letter)
        .where(small_letter.c.id.in_(ids))
        .values(token=token, lease_until=at + int(lease.total_seconds()))
    )
    query = (
        sa.select(small_letter, subscriber, list_)
        .join(subscriber, subscriber.c.id == small_letter.c.subscriber_id)
        .join(list_, list_.c.id == small_letter.c.list_id)
        .where(small_letter.c.id.in_(ids))
        .order_by(small_letter.c.id)
    ).set_label_style(sa.LABEL_STYLE_TABLENAME_PLUS_COL)
    return [
        SmallLetter(
            id=row.small_letter_id,
            kind=row.small_letter_kind,
            list=List(
                row.list_id,
                row.list_name,
                row.list_title,
                to_moment(row.list_created),
                None if row.list_closed is None else to_moment(row.list_closed),
            ),
            recipient=Recipient(
                subscriber_id=row.subscriber_id,
                address=row.small_letter_address or row.subscriber_address,
                public_id=bytes(row.subscriber_public_id),
                epoch=row.subscriber_epoch,
                needs_smtputf8=(
                    not row.small_letter_address.isascii()
                    if row.small_letter_address
                    else row.subscriber_needs_smtputf8
                ),
            ),
            created=to_moment(row.small_letter_created),
        )
        for row in connection.execute(query)
    ]


def _over(at: int) -> sa.ColumnElement[bool]:
    """Whether a lease ran out; one that lies too far ahead was written before a clock was set back."""
    return sa.or_(small_letter.c.lease_until < at, small_letter.c.lease_until > at + _FARTHEST)


def letters_waiting(connection: Connection, *, now: datetime) -> bool:
    """Whether there is a small letter that `claim_letters` would do something with now.

    Args:
        connection: Open; nothing is written.
        now: The present moment, timezone-aware.
    """
    at = to_seconds(now)
    free = sa.or_(small_letter.c.lease_until.is_(None), _over(at))
    query = sa.select(small_letter.c.id).where(small_letter.c.state.in_(("queued", "submitting")), free).limit(1)
    return connection.execute(query).first() is not None


def letters_in_doubt(connection: Connection, *, now: datetime) -> list[tuple[int, str]]:
    """(Id, token of the claim) of the letters whose sender vanished after saying that it hands them over.

    `claim_letters` makes them unknown; whoever can find out whether they went settles them first.

    Args:
        connection: An open connection to the database.
        now: The present moment, timezone-aware.
    """
    query = sa.select(small_letter.c.id, small_letter.c.token).where(
        small_letter.c.state == "submitting", _over(to_seconds(now))
    )
    return [(row.id, row.token or "") for row in connection.execute(query)]


def _settle(connection: Connection, at: int) -> None:
    """Letters to suppressed addresses are refused; one whose sender vanished after handing it over is unknown."""
    connection.execute(
        sa.update(small_letter)
        .where(
            small_letter.c.state == "queued",
            # Another address than the subscriber's own was judged by itself.
            small_letter.c.address.is_(None),
            sa.exists().where(suppression.c.subscriber_id == small_letter.c.subscriber_id),
        )
        .values(state="refused", reason="suppressed")
    )
    connection.execute(
        sa.update(small_letter)
        .where(small_letter.c.state == "submitting", _over(at))
        .values(state="unknown", reason="the sender stopped before the answer came")
    )


def submitting_letter(connection: Connection, letter_id: int, *, token: str, now: datetime) -> bool:
    """Mark a claimed letter as being handed over, before its last byte goes out.

    Returns:
        False when the lease ran out and somebody else may have it: then do not send it.
    """
    done = connection.execute(
        sa.update(small_letter)
        .where(
            small_letter.c.id == letter_id,
            small_letter.c.state == "queued",
            small_letter.c.token == token,
            small_letter.c.lease_until > to_seconds(now),
        )
        .values(state="submitting")
    )
    return bool(done.rowcount)


def settle_letter(connection: Connection, letter_id: int, state: LetterState, *, token: str, reason: str = "") -> None:
    """Record the answer for a claimed letter, also when it comes after the lease ran out.

    Args:
        connection: A connection in a writing transaction.
        letter_id: Id of the small letter.
        state: ``submitted``, ``refused`` or ``unknown``; ``queued`` gives it back to be tried again.
        token: The random token that the letter was claimed with.
        reason: In plain words, without the address.
    """
    connection.execute(
        sa.update(small_letter)
        .where(small_letter.c.id == letter_id, small_letter.c.token == token)
        .values(state=state, reason=reason, **_address_kept(state))
    )


def _address_kept(state: LetterState) -> dict[str, None]:
    """What to write over the other address of a letter: nobody needs it once the letter went or was refused."""
    return {} if state in ("queued", "submitting", "unknown") else {"address": None}


def small_letter_of(connection: Connection, letter_id: int) -> SmallLetterRecord | None:
    """What is kept of a small letter, whatever became of it; None when its reader was erased.

    Args:
        connection: An open connection to the database.
        letter_id: Id of the small letter.
    """
    row = connection.execute(sa.select(small_letter).where(small_letter.c.id == letter_id)).one_or_none()
    return None if row is None else SmallLetterRecord(row.kind, row.subscriber_id, row.list_id, to_moment(row.created))


def taken(connection: Connection, letter_id: int) -> None:
    """Mark a small letter in doubt as submitted, since an event or an answer shows that the provider took it.

    Args:
        connection: In a writing transaction.
        letter_id: Id of the small letter.
    """
    connection.execute(
        sa.update(small_letter)
        .where(small_letter.c.id == letter_id, small_letter.c.state.in_(("submitting", "unknown")))
        .values(state="submitted", reason="", address=None)
    )


def queued_letters(connection: Connection) -> int:
    """How many small letters are still to go."""
    waiting = sa.select(sa.func.count()).select_from(small_letter)
    return connection.execute(waiting.where(small_letter.c.state.in_(("queued", "submitting")))).scalar_one()


def queued_since(connection: Connection) -> datetime | None:
    """When the oldest small letter was written down that is still to go; None when none is."""
    oldest = sa.select(sa.func.min(small_letter.c.id)).where(small_letter.c.state.in_(("queued", "submitting")))
    written = sa.select(small_letter.c.created).where(small_letter.c.id == oldest.scalar_subquery())
    seconds = connection.execute(written).scalar()
    return None if seconds is None else to_moment(int(seconds))


# ---- links of confirmation letters


def keep_confirmation(
    connection: Connection, token_hash: bytes, subscriber_id: int, list_id: int, *, now: datetime, expires: datetime
) -> None:
    """Keep the hash of a confirmation link; those that are no longer good are thrown away.

    Args:
        connection: A connection in a writing transaction.
        token_hash: SHA-256 of the link's token.
        subscriber_id: Who confirms with it.
        list_id: Id of the list that is to be confirmed.
        now: The present moment, timezone-aware.
        expires: When the link stops working, an aware datetime.
    """
    connection.execute(sa.delete(confirmation).where(confirmation.c.expires < to_seconds(now)))
    connection.execute(
        sa.insert(confirmation).values(
            token_hash=token_hash,
            subscriber_id=subscriber_id,
            list_id=list_id,
            created=to_seconds(now),
            expires=to_seconds(expires),
        )
    )


def confirmation_of(connection: Connection, token_hash: bytes, *, now: datetime) -> tuple[int, int] | None:
    """(Subscriber id, list id) of a confirmation link that is still good."""
    row = connection.execute(
        sa.select(confirmation.c.subscriber_id, confirmation.c.list_id).where(
            confirmation.c.token_hash == token_hash, confirmation.c.expires >= to_seconds(now)
        )
    ).one_or_none()
    return None if row is None else (row.subscriber_id, row.list_id)


def confirmation_letter_of(connection: Connection, token_hash: bytes) -> datetime | None:
    """When the letter was written down that carries a confirmation link; None when neither is known any more.

    Args:
        connection: An open connection to the database.
        token_hash: SHA-256 of the link's token.
    """
    query = (
        sa.select(sa.func.max(small_letter.c.created))
        .select_from(confirmation)
        .join(
            small_letter,
            sa.and_(
                small_letter.c.subscriber_id == confirmation.c.subscriber_id,
                small_letter.c.list_id == confirmation.c.list_id,
                small_letter.c.kind == "confirmation",
                # A link is made when its letter is about to go, and before the next one is written down.
                small_letter.c.created <= confirmation.c.created,
            ),
        )
        .where(confirmation.c.token_hash == token_hash)
    )
    written = connection.execute(query).scalar()
    return None if written is None else to_moment(int(written))


def confirmation_open(
    connection: Connection, subscriber_id: int, list_id: int, *, since: datetime, now: datetime
) -> bool:
    """Whether a confirmation letter that went out since a moment can still be answered.

    Args:
        connection: An open connection to the database.
        subscriber_id: Id of the subscriber who would confirm.
        list_id: What they would confirm.
        since: An aware datetime; only what happened from then on counts.
        now: The present moment, timezone-aware.
    """
    query = sa.select(confirmation.c.created).where(
        confirmation.c.subscriber_id == subscriber_id,
        confirmation.c.list_id == list_id,
        confirmation.c.created >= to_seconds(since),
        confirmation.c.expires >= to_seconds(now),
    )
    return connection.execute(query.limit(1)).first() is not None
