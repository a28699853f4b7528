"""Articles as rows of the database, and back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from newsletter.errors import SourceError
from newsletter.library.carrying import carried_in
from newsletter.models import Article, Holding, PostBox
from newsletter.site_hook.rows import boxes

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

_LARGEST_ID = 2**63 - 1
_FIELDS = ("title", "url", "summary", "body", "image", "image_alt", "author", "section", "source", "reading")


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
    every = [row.id for row in rows]
    issues, said = carried_in(connection, every), boxes(connection, every)
    found = {row.id: boxed(holding(row, issues.get(row.id, ())), said.get(row.id)) for row in rows}
    if ids is None:
        return list(found.values())
    for wanted in ids:
        if wanted not in found:
            raise SourceError(f"the library holds no article {wanted}", mend="see: newsletter articles")
    return [found[wanted] for wanted in ids]


def boxed(holding: Holding, box: PostBox | None) -> Holding:
    """A holding as the editors of its site want it in letters.

    Args:
        holding: Of the library.
        box: What they said in the box beside its post; None when they said nothing.
    """
    if box is None:
        return holding
    article = holding.article
    article = replace(
        article,
        title=box.headline or article.title,
        summary=box.summary or article.summary,
        section=box.section or article.section,
    )
    return replace(holding, article=article, box=box)


def newest(connection: Connection) -> int:
    """Id of the article that was collected last; 0 while there is none."""
    from sqlalchemy import func, select

    from newsletter.storage.tables import article as table

    return int(connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one())


def row_of(article: Article) -> dict[str, Any]:
    """The columns of an article, as far as its source decides them.

    Args:
        article: Any article.
    """
    moment = article.published
    offset = moment.utcoffset() if moment is not None else None
    return {
        **{name: storable(getattr(article, name)) for name in _FIELDS},
        "tags": "\n".join(filter(None, (" ".join(storable(tag).split()) for tag in article.tags))),
        "sticky": None if article.sticky is None else int(article.sticky),
        "published": int(moment.timestamp()) if moment is not None else None,
        "zone": int(offset.total_seconds() // 60) if offset is not None else 0,
    }


def storable(text: str) -> str:
    """The text without what no database takes: the odd bytes of a file's name, and NUL, which PostgreSQL refuses."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").replace("\0", "")


def holding(row: Row[Any], carried: tuple[str, ...]) -> Holding:
    """A row of the library as what it holds.

    Args:
        row: All columns of an article.
        carried: Keys of the issues that carried it.
    """
    published = None
    if row.published is not None:
        published = datetime.fromtimestamp(row.published, timezone(timedelta(minutes=row.zone)))
    article = Article(
        **{name: getattr(row, name) for name in _FIELDS},
        published=published,
        tags=tuple(row.tags.split("\n")) if row.tags else (),
        sticky=None if row.sticky is None else bool(row.sticky),
    )
    return Holding(row.id, article, datetime.fromtimestamp(row.collected, UTC), carried, row.withdrawn_reason)
