"""A send written into the ledger: its letters, and one delivery for each subscriber, in batches; all or nothing."""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from newsletter.errors import SendError
from newsletter.ledger.models import Send

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select


def issue_id(connection: Connection, key: str) -> int:
    """The id of the issue with this key, made when it is asked for the first time (needs a writing transaction)."""
    from sqlalchemy import insert, select

    from newsletter.storage.tables import issue

    found = connection.execute(select(issue.c.id).where(issue.c.key == key)).scalar_one_or_none()
    if found is not None:
        return int(found)
    return int(connection.execute(insert(issue).values(key=key).returning(issue.c.id)).scalar_one())


@dataclass(frozen=True, slots=True)
class Mailing:
    """A letter and who gets it; without a letter, who gets none and why."""

    letter: str
    """As ``letters.mime.to_json`` makes it."""
    audience: Select[tuple[int]]
    """Query for the ids of subscribers, ascending."""
    variant: str = ""
    """What sets this letter apart from the others of the send."""
    skipped: str = ""
    """Why these subscribers get nothing of this issue; then there is no letter."""


def write_send(
    connection: Connection,
    mailings: Sequence[Mailing],
    *,
    key: str,
    list_id: int,
    rhythm: str,
    subject: str,
    batch_size: int,
    now: datetime,
    send_at: datetime | None = None,
    sender: str = "",
    source: str = "",
    public_id: str = "",
) -> Send:
    """Write down a send: its letters as they are, and one delivery for each subscriber who has none for this issue.

    Args:
        connection: A writing transaction; nothing exists unless all of it does.
        mailings: The letters with their audiences; who is in two of them gets the first.
        key: Key of the issue.
        list_id: Id of the list it goes to.
        rhythm: ``instant``, ``daily``, ``weekly`` or ``all``.
        subject: For people who read the ledger.
        batch_size: Subscribers in one batch.
        now: The present moment, timezone-aware.
        send_at: When it starts, timezone-aware; None at once.
        sender: Which provider and account it is frozen for.
        source: Digest of what its letters were made of; empty when that was no file.
        public_id: The id it gets, which is random and may be written down elsewhere first; empty makes one.

    Returns:
        The send, running, or scheduled when ``send_at`` is given.

    Raises:
        SendError: This issue went, or is going, to this list in this rhythm.
    """
    from sqlalchemy import insert, select, update

    from newsletter.storage.tables import delivery, send
    from newsletter.storage.tables import letter as letters

    issue = issue_id(connection, key)
    taken = select(send.c.id).where(
        send.c.issue_id == issue, send.c.list_id == list_id, send.c.rhythm == rhythm, send.c.state != "cancelled"
    )
    if connection.execute(taken).first() is not None:
        raise SendError(f"issue {key} is already on its way to this list")
    public_id = public_id or secrets.token_hex(8)
    state = "running" if send_at is None else "scheduled"
    row = {
        "public_id": public_id,
        "issue_id": issue,
        "list_id": list_id,
        "rhythm": rhythm,
        "state": state,
        "subject": subject,
        "audience": 0,
        "created": int(now.timestamp()),
        "send_at": int(send_at.timestamp()) if send_at is not None else None,
        "sender": sender,
        "source": source,
    }
    send_id = connection.execute(insert(send).values(row).returning(send.c.id)).scalar_one()
    # Nearly always an issue is new, and then nobody can have it already.
    first = connection.execute(select(delivery.c.id).where(delivery.c.issue_id == issue).limit(1)).first() is None
    position = count = 0
    for mailing in mailings:
        letter_id = None
        if not mailing.skipped:
            frozen = {
                "send_id": send_id,
                "variant": mailing.variant,
                "frozen": zlib.compress(mailing.letter.encode("utf-8")),
            }
            letter_id = connection.execute(insert(letters).values(frozen).returning(letters.c.id)).scalar_one()
        members = without_delivery(mailing.audience, key) if count or not first else mailing.audience
        number = _count(connection, members)
        batches = -(-number // batch_size)
        _add_batches(connection, send_id, letter_id, range(position, position + batches))
        number = _add_deliveries(
            connection, send_id, issue, members, range(position, position + batches), batch_size, mailing.skipped
        )
        position += batches
        count += number
    connection.execute(update(send).where(send.c.id == send_id).values(audience=count))
    return Send(
        send_id,
        public_id,
        key,
        issue,
        list_id,
        rhythm,
        state,
        subject,
        count,
        now,
        send_at=send_at,
        sender=sender,
        source=source,
    )


def without_delivery(audience: Select[tuple[int]], key: str) -> Select[tuple[int]]:
    """Those of an audience who have no delivery of the issue with this key yet.

    Args:
        audience: Query for ids of subscribers.
        key: Of the issue.

    Returns:
        A query of the same kind, in no order.
    """
    from sqlalchemy import exists, select

    from newsletter.storage.tables import delivery, issue

    who = audience.order_by(None).subquery("who")
    (member,) = who.c
    has_one = exists(
        select(delivery.c.id)
        .join(issue, issue.c.id == delivery.c.issue_id)
        .where(issue.c.key == key, delivery.c.subscriber_id == member)
    )
    return select(member).where(~has_one)


def count_without_delivery(connection: Connection, audience: Select[tuple[int]], key: str) -> int:
    """How many of an audience have no delivery of the issue with this key yet.

    Args:
        connection: An open connection to the database.
        audience: Query for ids of subscribers.
        key: Of the issue.
    """
    return _count(connection, without_delivery(audience, key))


def letter_of(connection: Connection, letter_id: int) -> str:
    """The text of the frozen letter with this id, for ``letters.mime.from_json``."""
    from sqlalchemy import select

    from newsletter.storage.tables import letter

    frozen = connection.execute(select(letter.c.frozen).where(letter.c.id == letter_id)).scalar_one()
    return zlib.decompress(frozen).decode("utf-8")


def _count(connection: Connection, members: Select[tuple[int]]) -> int:
    from sqlalchemy import func, select

    return connection.execute(select(func.count()).select_from(members.subquery())).scalar_one()


def _add_batches(connection: Connection, send_id: int, letter_id: int | None, positions: range) -> None:
    from sqlalchemy import insert

    from newsletter.storage.tables import batch

    # Nobody works on a batch without a letter: each of its deliveries says for itself why it was skipped.
    state = "queued" if letter_id is not None else "submitted"
    rows = [{"send_id": send_id, "letter_id": letter_id, "state": state, "position": at} for at in positions]
    if rows:
        connection.execute(insert(batch), rows)


def _add_deliveries(
    connection: Connection,
    send_id: int,
    issue: int,
    members: Select[tuple[int]],
    positions: range,
    batch_size: int,
    skipped: str,
) -> int:
    """One statement for all rows: the members, numbered in order, fill one batch after the other; how many they were.

    PostgreSQL may see members who were not there when the batches were counted; those beyond the last one are late.
    """
    from sqlalchemy import func, insert, literal, null, select

    from newsletter.storage.tables import batch, delivery

    who = members.order_by(None).subquery("members")
    (member,) = who.c
    number = func.row_number().over(order_by=member) - 1
    position = (number // batch_size + positions.start).label("position")
    dealt = select(member.label("subscriber"), position).subquery("dealt")
    # A query of its own for each row: a join would write all of them into a table first, and sort it again.
    own = select(batch.c.id).where(batch.c.send_id == send_id, batch.c.position == dealt.c.position).scalar_subquery()
    outcome = (literal("skipped"), literal(skipped)) if skipped else (null(), null())
    rows = select(literal(issue), dealt.c.subscriber, own, *outcome).where(dealt.c.position < positions.stop)
    columns = ["issue_id", "subscriber_id", "batch_id", "state", "reason"]
    statement = insert(delivery).from_select(columns, rows).execution_options(preserve_rowcount=True)
    return connection.execute(statement).rowcount
