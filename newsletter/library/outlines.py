"""What is shown of every article in a list: all but its text, which is read for some of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from newsletter.library.carrying import MOST_IDS

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class ArticleOutline:
    """An article of the library without its text."""

    id: int
    title: str
    url: str
    summary: str
    image: str
    author: str
    section: str
    source: str
    moment: datetime
    """When it was published, as its site's clock shows it; or else collected."""
    withdrawn: str = ""
    """Why its site shows it no more, in plain words; empty while it does."""
    mark: tuple[object, ...] = field(default=(), repr=False)
    """Changes when anything of it does, its text included."""


def outlines(connection: Connection, known: Mapping[int, ArticleOutline] | None = None) -> list[ArticleOutline]:
    """Every article, newest first.

    Args:
        connection: An open connection to the database.
        known: What was given before, by id; an article that did not change since is given as the same object.
    """
    from sqlalchemy import LargeBinary, cast, func, select

    from newsletter.storage.tables import article as table

    # The bytes of a text are counted without reading it: SQLite keeps their number, and PostgreSQL too.
    on_sqlite = connection.dialect.name == "sqlite"
    size = func.length(cast(table.c.body, LargeBinary)) if on_sqlite else func.octet_length(table.c.body)
    moment = func.coalesce(table.c.published, table.c.collected)
    columns = (table.c.id, table.c.title, table.c.url, table.c.summary, table.c.image, table.c.author, table.c.section)
    more = (table.c.source, moment, table.c.published, table.c.zone, table.c.withdrawn_reason, size, table.c.seen)
    query = select(*columns, *more).order_by(moment.desc(), table.c.id.desc())
    before = known or {}
    found: list[ArticleOutline] = []
    for row in map(tuple, connection.execute(query).all()):
        one = before.get(row[0])
        found.append(one if one is not None and one.mark == row else _outline(row))
    return found


def _outline(row: tuple[Any, ...]) -> ArticleOutline:
    number, title, url, summary, image, author, section, source, when, published, zone, withdrawn, *_ = row
    there = UTC if published is None else timezone(timedelta(minutes=zone))
    moment = datetime.fromtimestamp(when, there)
    return ArticleOutline(number, title, url, summary, image, author, section, source, moment, withdrawn, row)


def bodies(connection: Connection, ids: Collection[int]) -> dict[int, str]:
    """The texts of some articles, as sanitised HTML.

    Args:
        connection: An open connection to the database.
        ids: Ids of articles; one that the library does not hold is missing from the answer.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import article as table

    found: dict[int, str] = {}
    wanted = sorted(ids)
    for start in range(0, len(wanted), MOST_IDS):
        query = select(table.c.id, table.c.body).where(table.c.id.in_(wanted[start : start + MOST_IDS]))
        found.update((number, body) for number, body in connection.execute(query).all())
    return found


def picture(connection: Connection, article_id: int) -> str:
    """Address or path of an article's picture; empty when it has none, or there is no such article.

    Args:
        connection: An open connection to the database.
        article_id: Id of the article.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import article as table

    found = connection.execute(select(table.c.image).where(table.c.id == article_id)).scalar_one_or_none()
    return str(found or "")


def last_carried(connection: Connection) -> int:
    """The article behind which news begins: whoever got the last issue begins their next letter there; 0 before one.

    Args:
        connection: An open connection to the database.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import issue

    rows = connection.execute(select(issue.c.key, issue.c.newest).where(issue.c.newest.is_not(None))).all()
    return max((int(newest) for key, newest in rows if key.isdecimal()), default=0)
