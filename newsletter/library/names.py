"""By which names articles are found: stories of issues, posts of WordPress, and sites that moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from newsletter.library.carrying import MOST_IDS
from newsletter.library.rows import holdings
from newsletter.models import Holding, Issue, Story
from newsletter.sources.identity import normal_url, with_host
from newsletter.text.tidy import arabic_fold
from subscribers.store.dialect import insert as insert_or_ignore

if TYPE_CHECKING:
    from sqlalchemy import Connection

_WORDPRESS = "id:wordpress:"
_T = TypeVar("_T")


def of_stories(connection: Connection, stories: Iterable[Story]) -> dict[Story, Holding]:
    """What the library holds of stories: by any address the article ever had, or by the headline of a whole one.

    Where articles share an address, as the entries of a live blog do, the headline decides, else the newest.

    Args:
        connection: An open connection to the database.
        stories: Of issues; those that the library does not know are missing from the answer.
    """
    ids = _ids_of(connection, list(stories))
    found = {one.id: one for one in holdings(connection, ids=list(dict.fromkeys(ids.values())))}
    return {story: found[number] for story, number in ids.items()}


def of_issue(connection: Connection, issue: Issue) -> list[int]:
    """Ids of the articles that the stories of an issue are, in their order."""
    return list(dict.fromkeys(_ids_of(connection, issue.stories).values()))


def unused(connection: Connection, holdings: Iterable[Holding], drafts: Iterable[Issue]) -> list[Holding]:
    """The articles that no issue has carried and no draft holds; letters of the latest posts do not count as issues.

    A draft is its issue.md and nothing else: taking a story out of the file makes its article unused again.

    Args:
        connection: An open connection to the database.
        holdings: To choose from.
        drafts: Whose stories are no longer free.
    """
    held = set(_ids_of(connection, [story for draft in drafts for story in draft.stories]).values())
    return [one for one in holdings if one.id not in held and not any(key.isdecimal() for key in one.carried_in)]


def name_of_wordpress(connection: Connection, ids: Collection[int]) -> dict[int, list[tuple[str, int]]]:
    """Site and number of each of these articles that is a post of WordPress, as ``("example.org", 5)``.

    Args:
        connection: An open connection to the database.
        ids: Ids of articles.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import article_key as table

    found: dict[int, list[tuple[str, int]]] = {}
    for some in _slices(list(ids)):
        query = select(table).where(table.c.article_id.in_(some), table.c.key.startswith(_WORDPRESS))
        for row in connection.execute(query):
            site, _, number = row.key.removeprefix(_WORDPRESS).rpartition("#")
            found.setdefault(row.article_id, []).append((site, int(number)))
    return found


def move(connection: Connection, old: str, new: str) -> list[int]:
    """Know every article of a host under another one too, and give its address there.

    Doing it again changes nothing.

    Args:
        connection: A connection in a writing transaction.
        old: Host the site had, without ``www.``.
        new: Host it has now.

    Returns:
        Ids of the articles that are known under the new host from now on.
    """
    from sqlalchemy import bindparam, select, update

    from newsletter.storage.tables import article
    from newsletter.storage.tables import article_key as table

    rows = connection.execute(select(table).where(table.c.key.contains(old, autoescape=True))).all()
    there = [
        {"key": key, "article_id": row.article_id} for row in rows if (key := with_host(row.key, old, new)) != row.key
    ]
    moved = sorted({row["article_id"] for row in there})
    if there:
        connection.execute(insert_or_ignore(connection, table).on_conflict_do_nothing(), there)
    for some in _slices(moved):
        addresses = connection.execute(select(article.c.id, article.c.url).where(article.c.id.in_(some))).all()
        changed = [
            {"one": row.id, "there": at_host}
            for row in addresses
            if (at_host := _at_host(row.url, old, new)) != row.url
        ]
        if changed:
            statement = update(article).where(article.c.id == bindparam("one")).values(url=bindparam("there"))
            connection.execute(statement, changed)
    return moved


def _at_host(url: str, old: str, new: str) -> str:
    """The address at the other host, by its own scheme."""
    scheme, mark, rest = url.partition("://")
    key = with_host(f"url:https://{rest}", old, new)
    return scheme + mark + key.removeprefix("url:https://")


def _ids_of(connection: Connection, stories: Sequence[Story]) -> dict[Story, int]:
    from sqlalchemy import select

    from newsletter.storage.tables import article
    from newsletter.storage.tables import article_key as table

    keys = {story: f"url:{normal_url(story.url)}" for story in stories if story.url}
    by_key: defaultdict[str, list[Any]] = defaultdict(list)
    for some in _slices(list(dict.fromkeys(keys.values()))):
        query = select(table.c.key, article.c.id, article.c.url, article.c.title)
        query = query.join(article, article.c.id == table.c.article_id).where(table.c.key.in_(some))
        for row in connection.execute(query.order_by(article.c.id)):
            by_key[row.key].append(row)
    whole: dict[str, int] = {}
    for some in _slices(list(dict.fromkeys(story.headline for story in stories if not story.url))):
        query = select(article.c.title, article.c.id).where(article.c.url == "", article.c.title.in_(some))
        whole |= {row.title: row.id for row in connection.execute(query.order_by(article.c.id.desc()))}
    found: dict[Story, int] = {}
    for story in stories:
        if story.url and by_key[keys[story]]:
            found[story] = _nearest(story, keys[story], by_key[keys[story]])
        elif not story.url and story.headline in whole:
            found[story] = whole[story.headline]
    return found


def _nearest(story: Story, key: str, rows: Sequence[Any]) -> int:
    """Of the articles at an address the one that a story is: by its exact address, its headline, then the newest."""
    if len(rows) == 1:
        return int(rows[0].id)
    headline = arabic_fold(story.headline)

    def order(row: Any) -> tuple[bool, bool, bool, int]:
        is_here = f"url:{normal_url(row.url)}" == key
        return is_here and row.url == story.url, arabic_fold(row.title) == headline, is_here, int(row.id)

    return int(max(rows, key=order).id)


def _slices(values: Sequence[_T]) -> Iterable[Sequence[_T]]:
    return (values[at : at + MOST_IDS] for at in range(0, len(values), MOST_IDS))
