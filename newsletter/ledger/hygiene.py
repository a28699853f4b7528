"""Readers whose letters have come back for months, none of them for good, and none arrived in between.

Only what mail servers said of letters counts, never what a reader opened or pressed. A letter has arrived when its
provider says so; where nobody tells that (plain SMTP), when it was taken and no bounce came within ``SETTLED``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sqlalchemy import Connection

LETTERS, DAYS = 3, 90
"""Letters that must have come back, and the days between the first of them and the last."""
SETTLED = timedelta(days=5)
"""After which a letter that was taken, and of which nothing more was told, has arrived: servers try for five days at
most (RFC 5321 section 4.5.4.1)."""
_SOFT = ("soft", "blocked")
_PART = 400


class ReaderLetter(NamedTuple):
    """A letter to one reader, and what became of it."""

    sent: int
    """Unix seconds of its send."""
    came: bool
    """Its provider says that it was delivered."""
    returned: bool
    """It bounced, but not for good, and not for what we are or send."""
    told: bool
    """Something else was told: deferred, or another bounce."""


@dataclass(frozen=True, slots=True)
class ReturningReader:
    """A reader whose letters of one list come back."""

    subscriber_id: int
    list_id: int
    letters: int
    """That came back, since one arrived last."""
    first: datetime
    last: datetime


def returned_since(letters: Iterable[ReaderLetter], *, now: int) -> list[int]:
    """When the letters went that came back since one arrived last, newest first (pure).

    Args:
        letters: To one reader, in any order.
        now: Unix seconds.
    """
    found = []
    for one in sorted(letters, key=lambda letter: letter.sent, reverse=True):
        if one.came:
            break
        if one.returned:
            found.append(one.sent)
        elif not one.told and one.sent < now - int(SETTLED.total_seconds()):
            break
    return found


def returning_readers(
    connection: Connection, *, now: datetime, letters: int = LETTERS, days: int = DAYS
) -> list[ReturningReader]:
    """Readers of whose letters so many came back over so many days, and none arrived in between.

    Args:
        connection: An open connection to the database.
        now: The present moment, timezone-aware.
        letters: That came back, at least.
        days: Between the first of them and the last, at least.

    Returns:
        One for each reader and list, by id.
    """
    from sqlalchemy import distinct, func, or_, select

    from newsletter.storage.tables import batch, delivery, event, send

    # Roughly, to find the few whose letters are looked at one by one.
    rough = (
        select(delivery.c.subscriber_id, send.c.list_id)
        .select_from(event)
        .join(delivery, delivery.c.id == event.c.delivery_id)
        .join(batch, batch.c.id == delivery.c.batch_id)
        .join(send, send.c.id == batch.c.send_id)
        .where(event.c.kind == "bounced", or_(event.c.bounce.is_(None), event.c.bounce.in_(_SOFT)))
        .group_by(delivery.c.subscriber_id, send.c.list_id)
        .having(
            func.count(distinct(delivery.c.id)) >= letters,
            func.max(send.c.created) - func.min(send.c.created) >= days * 86400,
        )
        .order_by(delivery.c.subscriber_id, send.c.list_id)
    )
    pairs = [(row.subscriber_id, row.list_id) for row in connection.execute(rough)]
    at = int(now.timestamp())
    past = _past(connection, {subscriber_id for subscriber_id, _ in pairs}, since=0)
    found = []
    for subscriber_id, list_id in pairs:
        # A letter of any list that arrives shows that the mailbox works.
        mine = past.get(subscriber_id, {})
        arrived = [one for other, each in mine.items() if other != list_id for one in each if one.came]
        sent = returned_since([*mine.get(list_id, ()), *arrived], now=at)
        if len(sent) >= letters and sent[0] - sent[-1] >= days * 86400:
            first, last = (datetime.fromtimestamp(moment, UTC) for moment in (sent[-1], sent[0]))
            found.append(ReturningReader(subscriber_id, list_id, len(sent), first, last))
    return found


def reached_since(connection: Connection, since: Mapping[int, datetime], *, now: datetime) -> set[int]:
    """Of some readers those whom a letter has reached since a moment of their own.

    Args:
        connection: An open connection to the database.
        since: Id of a subscriber to that moment.
        now: The present moment, timezone-aware.
    """
    if not since:
        return set()
    settled = int((now - SETTLED).timestamp())
    past = _past(connection, set(since), since=int(min(since.values()).timestamp()))
    return {
        subscriber_id
        for subscriber_id, lists in past.items()
        for each in lists.values()
        for one in each
        if one.sent >= int(since[subscriber_id].timestamp())
        and (one.came or (not one.returned and not one.told and one.sent < settled))
    }


def _past(connection: Connection, ids: set[int], *, since: int) -> dict[int, dict[int, list[ReaderLetter]]]:
    """Letters that were taken, of these readers, by reader and list."""
    from sqlalchemy import func, select

    from newsletter.storage.tables import batch, delivery, event, send

    found: dict[int, dict[int, list[ReaderLetter]]] = {}
    for part in _parts(sorted(ids)):
        taken = (
            select(delivery.c.id, delivery.c.subscriber_id, send.c.list_id, send.c.created)
            .select_from(delivery)
            .join(batch, batch.c.id == delivery.c.batch_id)
            .join(send, send.c.id == batch.c.send_id)
            .where(delivery.c.subscriber_id.in_(part), send.c.created >= since)
            .where(func.coalesce(delivery.c.state, batch.c.state) == "submitted")
        )
        letters = connection.execute(taken).all()
        told: dict[int, list[tuple[str, str | None]]] = {}
        for some in _parts([row.id for row in letters]):
            query = select(event.c.delivery_id, event.c.kind, event.c.bounce).where(event.c.delivery_id.in_(some))
            for one in connection.execute(query):
                told.setdefault(one.delivery_id, []).append((one.kind, one.bounce))
        for row in letters:
            events = told.get(row.id, [])
            bounces = [bounce for kind, bounce in events if kind == "bounced"]
            letter = ReaderLetter(
                row.created,
                came=any(kind == "delivered" for kind, _ in events),
                returned=any(bounce is None or bounce in _SOFT for bounce in bounces),
                told=any(kind in {"bounced", "deferred"} for kind, _ in events),
            )
            found.setdefault(row.subscriber_id, {}).setdefault(row.list_id, []).append(letter)
    return found


def _parts(values: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(values), _PART):
        yield values[start : start + _PART]
