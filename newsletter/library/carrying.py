"""Which issue carried which article to whom."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from subscribers.store.dialect import insert as insert_or_update

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

MOST_IDS = 1000
"""In one ``IN (…)``; SQLite takes 32,766 parameters and PostgreSQL 65,535."""


def carried_to(connection: Connection, list_id: int, rhythm: str) -> set[int]:
    """Ids of the articles that the subscribers of a list with this rhythm were sent, as far as they wanted them."""
    from sqlalchemy import select

    from newsletter.storage.tables import carried as table

    query = select(table.c.article_id).where(table.c.list_id == list_id, table.c.rhythm == rhythm)
    return set(connection.execute(query).scalars())


def remember(
    connection: Connection,
    article_ids: Iterable[int],
    *,
    issue_id: int,
    list_id: int,
    rhythms: Sequence[str],
    newest: int | None = None,
) -> None:
    """Note that an issue carried these articles to the subscribers of a list with these rhythms.

    Args:
        connection: A connection in a writing transaction.
        article_ids: Ids of the articles that it carried.
        issue_id: Id of the issue in the database.
        list_id: Id of the list.
        rhythms: Of the subscribers who got it.
        newest: Whoever got it begins behind this article should they read in another rhythm from now on. None takes
            the newest it carried: what came while an editor was at work is still news to its readers.
    """
    from sqlalchemy import update

    from newsletter.storage.tables import carried as table
    from newsletter.storage.tables import issue

    ids = list(dict.fromkeys(article_ids))
    behind = newest if newest is not None else max(ids, default=0)
    first = update(issue).where(issue.c.id == issue_id, issue.c.newest.is_(None))
    connection.execute(first.values(newest=behind))
    rows = [
        {"article_id": article, "issue_id": issue_id, "list_id": list_id, "rhythm": rhythm}
        for article in ids
        for rhythm in rhythms
    ]
    if rows:
        # An issue may go twice: first to weekly readers, then to all.
        connection.execute(insert_or_update(connection, table).on_conflict_do_nothing(), rows)


def links(connection: Connection, ids: Collection[int]) -> list[str]:
    """Addresses of articles, in the order of their ids; one without an address is left out.

    Args:
        connection: An open connection to the database.
        ids: Ids of articles.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import article

    found: list[str] = []
    wanted = sorted(ids)
    for start in range(0, len(wanted), MOST_IDS):
        part = select(article.c.url).where(article.c.id.in_(wanted[start : start + MOST_IDS])).order_by(article.c.id)
        found += [url for url in connection.execute(part).scalars() if url]
    return found


def with_links(connection: Connection, urls: Sequence[str]) -> list[int]:
    """Ids of the articles that have one of these addresses.

    Args:
        connection: An open connection to the database.
        urls: As ``links`` gives them.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import article

    found: set[int] = set()
    for start in range(0, len(urls), MOST_IDS):
        found.update(
            connection.execute(select(article.c.id).where(article.c.url.in_(urls[start : start + MOST_IDS]))).scalars()
        )
    return sorted(found)


def carried_by(connection: Connection, keys: Collection[str], *, since: datetime) -> list[int]:
    """Ids of the articles that issues carried and that are no older than a moment.

    Args:
        connection: An open connection to the database.
        keys: Of the issues.
        since: When they were published, or else collected, at the earliest; aware.
    """
    from sqlalchemy import func, select

    from newsletter.storage.tables import article, carried, issue

    newest = func.coalesce(article.c.published, article.c.collected)
    query = (
        select(carried.c.article_id)
        .join(issue, issue.c.id == carried.c.issue_id)
        .join(article, article.c.id == carried.c.article_id)
        .where(newest >= int(since.timestamp()))
        .distinct()
    )
    found: set[int] = set()
    wanted = sorted(keys)
    for start in range(0, len(wanted), MOST_IDS):
        part = query.where(issue.c.key.in_(wanted[start : start + MOST_IDS]))
        found.update(connection.execute(part).scalars())
    return sorted(found)


def carried_in(connection: Connection, ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """Keys of the issues that carried each of these articles and were sent; what none has carried is missing.

    Args:
        connection: An open connection to the database.
        ids: Ids of articles.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import carried, issue

    query = (
        select(carried.c.article_id, issue.c.key)
        .join(issue, issue.c.id == carried.c.issue_id)
        .distinct()
        .order_by(carried.c.article_id, issue.c.key)
    )
    if len(ids) <= MOST_IDS:
        query = query.where(carried.c.article_id.in_(ids))
    found: dict[int, tuple[str, ...]] = {}
    for article_id, key in connection.execute(query):
        found[article_id] = (*found.get(article_id, ()), key)
    return found
