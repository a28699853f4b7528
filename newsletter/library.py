"""The articles we know, each once, and which issue carried each.

The key of an article is its normalised address, or a digest of its content when it has none; collecting the same
article again adds nothing, and takes over what its source has corrected since.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from newsletter.errors import SourceError
from newsletter.models import Article, Holding, Issue
from newsletter.sources.identity import article_key
from subscribers.store.dialect import insert as insert_or_update

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from newsletter.sources.http.models import Validator

_LARGEST_ID = 2**63 - 1
_MOST_IDS = 1000
"""In one ``IN (…)``; SQLite takes 32,766 parameters and PostgreSQL 65,535."""
_FIELDS = ("title", "url", "summary", "body", "image", "image_alt", "author", "section", "source")


@dataclass(frozen=True, slots=True)
class LibraryChange:
    """What ``shelve`` did, as ids of the library."""

    added: tuple[int, ...]
    updated: tuple[int, ...]
    known: tuple[int, ...]


def shelve(connection: Connection, articles: Iterable[Article], *, now: datetime) -> LibraryChange:
    """Store articles in the library: new ones are added, changed ones updated, known ones left as they are.

    Args:
        connection: A connection in a writing transaction.
        articles: What was collected, in order.
        now: The present moment, timezone-aware.
    """
    from sqlalchemy import insert, select, update

    from newsletter.storage.tables import article as table

    done: dict[str, list[int]] = {"added": [], "updated": [], "known": []}
    for article in articles:
        row = _row(article)
        key = article_key(article)
        old = connection.execute(select(table).where(table.c.key == key)).one_or_none()
        if old is None:
            statement = insert(table).values(key=key, collected=int(now.timestamp()), **row).returning(table.c.id)
            done["added"].append(connection.execute(statement).scalar_one())
            continue
        # An empty field says that this source knows less than the one before, not that the article lost it.
        news = {name: value for name, value in row.items() if value not in ("", None) and value != getattr(old, name)}
        news.pop("source", None)
        if "published" not in news:
            news.pop("zone", None)
        if news:
            connection.execute(update(table).where(table.c.id == old.id).values(**news))
        if old.id not in done["added"]:
            done["updated" if news else "known"].append(old.id)
    return LibraryChange(*(tuple(dict.fromkeys(done[name])) for name in ("added", "updated", "known")))


def ids_of(connection: Connection, articles: Sequence[Article]) -> list[int]:
    """The ids of articles that the library holds, in the order given."""
    from sqlalchemy import select

    from newsletter.storage.tables import article as table

    query = select(table.c.id)
    return [connection.execute(query.where(table.c.key == article_key(one))).scalar_one() for one in articles]


def validators(connection: Connection, targets: Sequence[str]) -> dict[str, Validator]:
    """The validators that the feeds among these targets were answered with when they were read last."""
    from sqlalchemy import select

    from newsletter.sources.http.models import Validator
    from newsletter.storage.tables import validator as table

    rows = connection.execute(select(table).where(table.c.target.in_(targets))).all()
    return {row.target: Validator(row.etag, row.modified) for row in rows}


def keep_validators(connection: Connection, marks: Mapping[str, Validator]) -> None:
    """Keep the validators of feeds for the next collecting."""
    from newsletter.storage.tables import validator as table

    for target, mark in marks.items():
        values = {"etag": mark.etag, "modified": mark.modified}
        statement = insert_or_update(connection, table).values(target=target, **values)
        connection.execute(statement.on_conflict_do_update(index_elements=["target"], set_=values))


def holdings(
    connection: Connection,
    *,
    ids: Collection[int] | None = None,
    latest: int | None = None,
    since: datetime | None = None,
) -> list[Holding]:
    """What the library holds, newest first.

    Args:
        connection: An open connection to the database.
        ids: Only these, in the order given.
        latest: At most so many.
        since: Only what was published, or else collected, at this moment or later; aware.

    Raises:
        SourceError: An id that the library does not hold.
    """
    from sqlalchemy import func, select

    from newsletter.storage.tables import article as table

    newest = func.coalesce(table.c.published, table.c.collected)
    query = select(table).order_by(newest.desc(), table.c.id)
    if ids is not None:
        query = query.where(table.c.id.in_([wanted for wanted in ids if wanted <= _LARGEST_ID]))
    if since is not None:
        query = query.where(newest >= int(since.timestamp()))
    if latest is not None:
        query = query.limit(latest)
    rows = connection.execute(query).all()
    issues = _carried(connection, [row.id for row in rows])
    found = {row.id: _holding(row, issues.get(row.id, ())) for row in rows}
    if ids is None:
        return list(found.values())
    for wanted in ids:
        if wanted not in found:
            raise SourceError(f"the library holds no article {wanted}", mend="see: newsletter articles")
    return [found[wanted] for wanted in ids]


def by_address(connection: Connection, urls: Iterable[str]) -> dict[str, Holding]:
    """The holdings whose address is one of these, by the address as it was asked for."""
    from sqlalchemy import select

    from newsletter.storage.tables import article as table

    asked = {article_key(Article(title="", url=url)): url for url in urls if url}
    rows = connection.execute(select(table).where(table.c.key.in_(asked))).all()
    issues = _carried(connection, [row.id for row in rows])
    return {asked[row.key]: _holding(row, issues.get(row.id, ())) for row in rows}


def of_issue(connection: Connection, issue: Issue) -> list[int]:
    """Ids of the articles that the stories of an issue are: by their address, or by their headline without one."""
    from sqlalchemy import select

    from newsletter.storage.tables import article as table

    ids = [holding.id for holding in by_address(connection, [story.url for story in issue.stories]).values()]
    whole = [story.headline for story in issue.stories if not story.url]
    query = select(table.c.id).where(table.c.url == "", table.c.title.in_(whole)).order_by(table.c.id)
    return [*ids, *connection.execute(query).scalars()]


def unused(holdings: Iterable[Holding], drafts: Iterable[Issue]) -> list[Holding]:
    """The articles that no issue has carried and no draft holds; letters of the latest posts do not count as issues.

    A draft is its issue.md and nothing else: taking a story out of the file makes its article unused again.
    """
    stories = [story for draft in drafts for story in draft.stories]
    keys = {article_key(Article(title="", url=story.url)) for story in stories if story.url}
    whole = {story.headline for story in stories if not story.url}
    return [
        holding
        for holding in holdings
        if not any(key.isdecimal() for key in holding.carried_in)
        and (article_key(holding.article) not in keys if holding.article.url else holding.article.title not in whole)
    ]


def carried_to(connection: Connection, list_id: int, rhythm: str) -> set[int]:
    """Ids of the articles that the subscribers of a list with this rhythm were sent, as far as they wanted them."""
    from sqlalchemy import select

    from newsletter.storage.tables import carried as table

    query = select(table.c.article_id).where(table.c.list_id == list_id, table.c.rhythm == rhythm)
    return set(connection.execute(query).scalars())


def newest(connection: Connection) -> int:
    """Id of the article that was collected last; 0 while there is none."""
    from sqlalchemy import func, select

    from newsletter.storage.tables import article as table

    return int(connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one())


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


def _carried(connection: Connection, ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    from sqlalchemy import select

    from newsletter.storage.tables import carried, issue

    query = (
        select(carried.c.article_id, issue.c.key)
        .join(issue, issue.c.id == carried.c.issue_id)
        .distinct()
        .order_by(carried.c.article_id, issue.c.key)
    )
    if len(ids) <= _MOST_IDS:
        query = query.where(carried.c.article_id.in_(ids))
    found: dict[int, tuple[str, ...]] = {}
    for article_id, key in connection.execute(query):
        found[article_id] = (*found.get(article_id, ()), key)
    return found


def _row(article: Article) -> dict[str, Any]:
    moment = article.published
    offset = moment.utcoffset() if moment is not None else None
    return {
        **{name: _storable(getattr(article, name)) for name in _FIELDS},
        "tags": "\n".join(filter(None, (" ".join(_storable(tag).split()) for tag in article.tags))),
        "sticky": None if article.sticky is None else int(article.sticky),
        "published": int(moment.timestamp()) if moment is not None else None,
        "zone": int(offset.total_seconds() // 60) if offset is not None else 0,
    }


def _storable(text: str) -> str:
    """The text without what no database takes: the odd bytes of a file's name, and NUL, which PostgreSQL refuses."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").replace("\0", "")


def _holding(row: Row[Any], carried_in: tuple[str, ...]) -> Holding:
    published = None
    if row.published is not None:
        published = datetime.fromtimestamp(row.published, timezone(timedelta(minutes=row.zone)))
    article = Article(
        **{name: getattr(row, name) for name in _FIELDS},
        published=published,
        tags=tuple(row.tags.split("\n")) if row.tags else (),
        sticky=None if row.sticky is None else bool(row.sticky),
    )
    return Holding(row.id, article, datetime.fromtimestamp(row.collected, UTC), carried_in)
