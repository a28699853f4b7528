"""Writing a send down: the letter as it is, and one delivery for each subscriber, in batches; all of it or nothing."""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from newsletter.errors import SendError
from newsletter.ledger.models import Send

if TYPE_CHECKING:
    from sqlalchemy import Connection


def issue_id(connection: Connection, key: str) -> int:
    """The id of the issue with this key, made when it is asked for the first time (needs a writing transaction)."""
    from sqlalchemy import insert, select

    from newsletter.tables import issue

    found = connection.execute(select(issue.c.id).where(issue.c.key == key)).scalar_one_or_none()
    if found is not None:
        return int(found)
    return int(connection.execute(insert(issue).values(key=key).returning(issue.c.id)).scalar_one())


def freeze(
    connection: Connection,
    *,
    key: str,
    list_id: int,
    rhythm: str,
    subject: str,
    letter: str,
    audience: Iterable[int],
    batch_size: int,
    now: datetime,
) -> Send:
    """Write down a send: the letter as it is, and one delivery for each subscriber who has none for this issue yet.

    Args:
        connection: A writing transaction; nothing exists unless all of it does.
        key: Key of the issue.
        list_id: The list it goes to.
        rhythm: ``instant``, ``daily``, ``weekly`` or ``all``.
        subject: For people who read the ledger.
        letter: The frozen letter, as ``mail.freeze`` makes it.
        audience: Ids of the subscribers, in order; may be a stream.
        batch_size: Subscribers in one batch.
        now: When; aware.

    Raises:
        SendError: This issue went, or is going, to this list in this rhythm.
    """
    from sqlalchemy import insert, select, update

    from newsletter.tables import letter as letters
    from newsletter.tables import send

    issue = issue_id(connection, key)
    taken = select(send.c.id).where(send.c.issue_id == issue, send.c.list_id == list_id, send.c.rhythm == rhythm)
    if connection.execute(taken).first() is not None:
        raise SendError(f"issue {key} is already on its way to this list")
    public_id = secrets.token_hex(8)
    row = {
        "public_id": public_id,
        "issue_id": issue,
        "list_id": list_id,
        "rhythm": rhythm,
        "state": "running",
        "subject": subject,
        "audience": 0,
        "created": int(now.timestamp()),
    }
    send_id = connection.execute(insert(send).values(row).returning(send.c.id)).scalar_one()
    frozen = {"send_id": send_id, "variant": "", "frozen": zlib.compress(letter.encode("utf-8"))}
    letter_id = connection.execute(insert(letters).values(frozen).returning(letters.c.id)).scalar_one()
    count = 0
    members = iter(without_delivery(connection, key, audience))
    while slice_ := list(islice(members, batch_size)):
        _add_batch(connection, send_id, letter_id, issue, slice_)
        count += len(slice_)
    connection.execute(update(send).where(send.c.id == send_id).values(audience=count))
    return Send(send_id, public_id, key, issue, list_id, rhythm, "running", subject, count, now, None)


def without_delivery(connection: Connection, key: str, audience: Iterable[int]) -> Iterator[int]:
    """Those of a stream of subscribers who have no delivery of the issue with this key yet, each once."""
    from sqlalchemy import select

    from newsletter.tables import delivery, issue

    members = iter(audience)
    while ids := list(dict.fromkeys(islice(members, 500))):
        query = (
            select(delivery.c.subscriber_id)
            .join(issue, issue.c.id == delivery.c.issue_id)
            .where(issue.c.key == key, delivery.c.subscriber_id.in_(ids))
        )
        have = set(connection.execute(query).scalars())
        yield from (id_ for id_ in ids if id_ not in have)


def letter_of(connection: Connection, letter_id: int) -> str:
    """The frozen letter with this id, for ``mail.thaw``."""
    from sqlalchemy import select

    from newsletter.tables import letter

    frozen = connection.execute(select(letter.c.frozen).where(letter.c.id == letter_id)).scalar_one()
    return zlib.decompress(frozen).decode("utf-8")


def _add_batch(connection: Connection, send_id: int, letter_id: int, issue: int, subscribers: Collection[int]) -> None:
    from sqlalchemy import insert

    from newsletter.tables import batch, delivery

    row = {"send_id": send_id, "letter_id": letter_id, "state": "queued"}
    batch_id = connection.execute(insert(batch).values(row).returning(batch.c.id)).scalar_one()
    connection.execute(
        insert(delivery),
        [{"issue_id": issue, "subscriber_id": subscriber, "batch_id": batch_id} for subscriber in subscribers],
    )
