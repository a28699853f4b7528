"""What can be sent once for a list and rhythm: a week, a day, an article; and where somebody's next letter begins."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from newsletter.ledger.keys import counts_as_sent
from newsletter.ledger.models import UNDONE
from subscribers.store.dialect import insert

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MOST_IDS = 500
"""In one ``IN (…)``, beside the ids of the issues; SQLite takes 32,766 parameters."""


def article_period(article_id: int) -> str:
    """The name under which an article can be sent once."""
    return f"article {article_id}"


def take(connection: Connection, list_id: int, rhythm: str, names: Iterable[str], issue_id: int) -> list[str]:
    """Take periods for an issue; those that another issue has are left alone, also when it takes them at this moment.

    Args:
        connection: A writing transaction.
        list_id: The list.
        rhythm: Whose periods they are.
        names: Of the periods.
        issue_id: The issue that takes them.

    Returns:
        Names of those that are taken now.
    """
    from newsletter.storage.tables import period

    rows = [{"list_id": list_id, "rhythm": rhythm, "name": name, "issue_id": issue_id} for name in dict.fromkeys(names)]
    taken: list[str] = []
    for row in rows:
        statement = insert(connection, period).values(row).on_conflict_do_nothing().returning(period.c.name)
        taken += connection.execute(statement).scalars()
    return taken


def holder(connection: Connection, list_id: int, rhythm: str, name: str) -> str | None:
    """Key of the issue that has a period; None while it is free.

    Args:
        connection: An open connection to the database.
        list_id: Id of the list.
        rhythm: Whose period it is.
        name: Of the period: a day, the first day of a week, or as ``article_period`` gives it.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import issue, period

    query = (
        select(issue.c.key)
        .join(period, period.c.issue_id == issue.c.id)
        .where(period.c.list_id == list_id, period.c.rhythm == rhythm, period.c.name == name)
    )
    return connection.execute(query).scalar_one_or_none()


def first_reach(connection: Connection, list_id: int, rhythms: Collection[str]) -> int | None:
    """The newest article there was when the first letter of a list in one of these rhythms was frozen.

    Args:
        connection: An open connection to the database.
        list_id: Id of the list.
        rhythms: Such as ``daily`` and ``all``.

    Returns:
        Id of an article; None before the first letter.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import issue, send

    query = (
        select(issue.c.newest)
        .join(send, send.c.issue_id == issue.c.id)
        .where(send.c.list_id == list_id, send.c.rhythm.in_(list(rhythms)), issue.c.key.not_like(f"%{UNDONE}%"))
        .order_by(send.c.id)
        .limit(1)
    )
    return connection.execute(query).scalar_one_or_none()


def last_of(connection: Connection, list_id: int, rhythms: Collection[str]) -> str | None:
    """Key of the issue of the last send of a list in one of these rhythms.

    Args:
        connection: An open connection to the database.
        list_id: Id of the list.
        rhythms: Such as ``daily`` and ``all``.

    Returns:
        None before the first send.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import issue, send

    query = (
        select(issue.c.key)
        .join(send, send.c.issue_id == issue.c.id)
        .where(send.c.list_id == list_id, send.c.rhythm.in_(list(rhythms)), issue.c.key.not_like(f"%{UNDONE}%"))
        .order_by(send.c.id.desc())
        .limit(1)
    )
    return connection.execute(query).scalar_one_or_none()


def reached(
    connection: Connection, list_id: int, members: Sequence[int], *, above: int
) -> dict[int, tuple[int, datetime]]:
    """How far the library reached when each of these subscribers got their last letter of a list, and when that was.

    Args:
        connection: An open connection to the database.
        list_id: The list.
        members: Ids of subscribers.
        above: Only letters that were frozen when the library reached beyond this article, and the one before those:
            what is older makes no difference.

    Returns:
        Subscriber to (article id, moment); who got none of these letters is missing.
    """
    from sqlalchemy import func, select

    from newsletter.storage.tables import batch, delivery, issue, send

    sends = (
        select(send.c.issue_id, func.min(send.c.created).label("created"), issue.c.newest)
        .join(issue, issue.c.id == send.c.issue_id)
        .where(send.c.list_id == list_id, issue.c.newest.is_not(None))
        .group_by(send.c.issue_id, issue.c.newest)
        .order_by(send.c.issue_id.desc())
    )
    letters: dict[int, tuple[int, datetime]] = {}
    for row in connection.execute(sends):
        letters[row.issue_id] = (int(row.newest), datetime.fromtimestamp(row.created, UTC))
        if row.newest <= above and len(letters) >= _LEAST_LETTERS:
            break
    found: dict[int, tuple[int, datetime]] = {}
    for start in range(0, len(members), _MOST_IDS):
        some = members[start : start + _MOST_IDS]
        query = (
            select(delivery.c.subscriber_id, func.max(delivery.c.issue_id))
            .join(batch, batch.c.id == delivery.c.batch_id)
            .join(send, send.c.id == batch.c.send_id)
            .where(delivery.c.subscriber_id.in_(some), delivery.c.issue_id.in_(list(letters)), counts_as_sent())
        )
        for member, last in connection.execute(query.group_by(delivery.c.subscriber_id)):
            found[member] = letters[last]
    return found


_LEAST_LETTERS = 50
"""Letters looked back on at least, so that whoever is in none of them was sent nothing for long."""


def received(
    connection: Connection, list_id: int, members: Sequence[int], article_ids: Collection[int]
) -> dict[int, set[int]]:
    """Which of these articles each of these subscribers was sent already, by any letter of a list.

    Args:
        connection: An open connection to the database.
        list_id: Id of the list.
        members: Ids of subscribers.
        article_ids: Ids of articles.

    Returns:
        Subscriber to ids of articles; who was sent none of them is missing.
    """
    from sqlalchemy import func, select

    from newsletter.storage.tables import batch, carried, delivery, send

    found: dict[int, set[int]] = {}
    pairs = select(carried.c.issue_id, carried.c.article_id).where(carried.c.list_id == list_id).distinct()
    inside: dict[int, set[int]] = {}
    ids = sorted(article_ids)
    for start in range(0, len(ids), _MOST_IDS):
        for issue_id, article in connection.execute(
            pairs.where(carried.c.article_id.in_(ids[start : start + _MOST_IDS]))
        ):
            inside.setdefault(issue_id, set()).add(article)
    for start in range(0, len(members), _MOST_IDS):
        some = members[start : start + _MOST_IDS]
        query = (
            select(delivery.c.subscriber_id, delivery.c.issue_id)
            .join(batch, batch.c.id == delivery.c.batch_id)
            .join(send, send.c.id == batch.c.send_id)
            .where(
                delivery.c.subscriber_id.in_(some),
                delivery.c.issue_id.in_(list(inside)),
                func.coalesce(delivery.c.state, "") != "skipped",
                counts_as_sent(),
            )
        )
        for member, issue_id in connection.execute(query):
            found.setdefault(member, set()).update(inside[issue_id])
    return found
