"""One row for each post that the site told of: how it stands, what its editors want, and when it is looked at."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from newsletter.models import PostBox
from newsletter.site_hook.signing import WINDOW
from subscribers.store.dialect import insert as insert_or_update

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.site_hook.knocks import Knock

LEASE = timedelta(seconds=120)
"""After that somebody else looks at a post whose look did not come to its end."""
PAUSES = (10, 20, 60, 300, 900, 3600, 3600, 3600)
"""Seconds until a post is looked at again that could not be fetched; after the last one its source alone brings it."""
_MOST = 500


@dataclass(frozen=True, slots=True)
class ToldPost:
    """A post as its site told it last."""

    id: int
    name: str
    """As the library knows it: ``id:wordpress:example.org#8``."""
    site: str
    number: int
    state: str
    url: str
    before: str
    moment: int
    box: PostBox
    correction: str
    noted: str
    """Lists whose readers the correction is brought to, each with the number of each issue: ``1:12 2:3``."""
    tries: int
    wrong: str
    article: int | None = None
    """Its id in the library."""

    def noted_in(self, list_id: int) -> frozenset[str]:
        """Numbers of the issues of this list that the correction was put into, whatever became of them since."""
        noted = (one.partition(":") for one in self.noted.split())
        return frozenset(number for named, _, number in noted if named == str(list_id))


def let_in(connection: Connection, knock_id: str, *, now: datetime) -> bool:
    """Whether a knock is heard for the first time; what is older than the window of signatures is forgotten.

    Args:
        connection: A connection in a writing transaction.
        knock_id: Its random id.
        now: The present moment, aware.
    """
    from sqlalchemy import delete

    from newsletter.storage.site_tables import site_knock as table

    at = int(now.timestamp())
    # Both ends of the window: a signature may be made by a clock that runs ahead.
    connection.execute(delete(table).where(table.c.at < at - 2 * int(WINDOW.total_seconds()) - 1))
    statement = insert_or_update(connection, table).values(knock=knock_id, at=at).on_conflict_do_nothing()
    return connection.execute(statement.returning(table.c.knock)).first() is not None


def note(connection: Connection, knocks: Collection[Knock], *, now: datetime) -> None:
    """Write down how posts stand; what the site said later stays.

    Args:
        connection: A connection in a writing transaction.
        knocks: As the site told them.
        now: The present moment, aware.
    """
    from sqlalchemy import case

    from newsletter.storage.site_tables import site_post as table

    at = int(now.timestamp())
    # No clock that counts runs further ahead: a moment out of the future would be the last word for good.
    latest = (at + int(WINDOW.total_seconds())) * 1000
    for one in knocks:
        moment = min(one.moment, latest)
        row = {
            "name": one.name,
            "site": one.site,
            "number": one.number,
            "state": one.state,
            "url": one.url,
            "before": one.before,
            "modified": int(one.modified.timestamp()),
            "moment": moment,
            "told": at,
            "letter": one.box.letter,
            "headline": one.box.headline,
            "summary": one.box.summary,
            "section": one.box.section,
            "at_once": int(one.box.at_once),
            "correction": one.correction,
            "due": at,
        }
        statement = insert_or_update(connection, table).values(**row)
        # Another correction is another note.
        noted = case((table.c.correction == one.correction, table.c.noted), else_="")
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["name"],
                set_={**row, "noted": noted, "tries": 0, "wrong": ""},
                where=table.c.moment <= moment,
            )
        )


def waiting(connection: Connection, *, now: datetime, states: Collection[str] = ()) -> list[ToldPost]:
    """The posts that are to be looked at, not more than one look takes.

    Args:
        connection: An open connection to the database.
        now: The present moment, aware.
        states: Only posts in one of these; empty takes all.
    """
    from sqlalchemy import select

    from newsletter.storage.site_tables import site_post as table

    found = select(table.c.id).where(table.c.due <= int(now.timestamp())).order_by(table.c.due).limit(_MOST)
    found = found.where(table.c.state.in_(states)) if states else found
    ids = list(connection.execute(found).scalars())
    return posts(connection, ids=ids) if ids else []


def claim(connection: Connection, *, now: datetime) -> list[ToldPost]:
    """Take the posts that are to be looked at; who dies with them leaves them to the next one after the lease.

    Args:
        connection: A connection in a writing transaction.
        now: The present moment, aware.
    """
    from sqlalchemy import select, update

    from newsletter.storage.site_tables import site_post as table

    at = int(now.timestamp())
    some = select(table.c.id).where(table.c.due <= at).order_by(table.c.due, table.c.id).limit(_MOST)
    if connection.dialect.name == "postgresql":
        some = some.with_for_update(skip_locked=True)
    statement = update(table).where(table.c.id.in_(some.scalar_subquery()), table.c.due <= at)
    values = {"due": at + int(LEASE.total_seconds()), "tries": table.c.tries + 1}
    ids = sorted(connection.execute(statement.values(**values).returning(table.c.id)).scalars())
    return posts(connection, ids=ids)


def posts(connection: Connection, *, ids: Collection[int] | None = None, number: int | None = None) -> list[ToldPost]:
    """What is known of posts, with their articles, in the order in which they were first told.

    Args:
        connection: An open connection to the database.
        ids: Of rows; None takes all.
        number: WordPress' number of the post; None takes all.
    """
    from sqlalchemy import func, select

    from newsletter.storage.site_tables import site_post as table
    from newsletter.storage.tables import article_key

    article = select(func.max(article_key.c.article_id)).where(article_key.c.key == table.c.name).scalar_subquery()
    query = select(table, article.label("article")).order_by(table.c.id)
    if ids is not None:
        query = query.where(table.c.id.in_(ids))
    if number is not None:
        query = query.where(table.c.number == number)
    return [
        ToldPost(
            row.id,
            row.name,
            row.site,
            row.number,
            row.state,
            row.url,
            row.before,
            row.moment,
            _box(row),
            row.correction,
            row.noted,
            row.tries,
            row.wrong,
            row.article,
        )
        for row in connection.execute(query)
    ]


def sites(connection: Connection, *, since: datetime) -> list[str]:
    """The sites that told of a post since a moment, in the order in which they first did.

    Args:
        connection: An open connection to the database.
        since: The moment, aware.
    """
    from sqlalchemy import func, select

    from newsletter.storage.site_tables import site_post as table

    found = select(table.c.site).where(table.c.told >= int(since.timestamp()))
    found = found.group_by(table.c.site).order_by(func.min(table.c.id))
    return list(connection.execute(found).scalars())


def settle(connection: Connection, looked: Sequence[ToldPost]) -> None:
    """Note that these were looked at and nothing is left to do; one that was told anew meanwhile stays due.

    Args:
        connection: A connection in a writing transaction.
        looked: As they were claimed.
    """
    from sqlalchemy import update

    from newsletter.storage.site_tables import site_post as table

    for one in looked:
        mine = (table.c.id == one.id) & (table.c.moment == one.moment)
        connection.execute(update(table).where(mine).values(due=None, tries=0, wrong=""))


def fail(connection: Connection, failed: Mapping[ToldPost, str], *, now: datetime) -> None:
    """Note why posts could not be looked at, and when they are tried again.

    Args:
        connection: A connection in a writing transaction.
        failed: Each as it was claimed, with the reason.
        now: The present moment, aware.
    """
    from sqlalchemy import update

    from newsletter.storage.site_tables import site_post as table

    for one, why in failed.items():
        again = PAUSES[one.tries - 1] if one.tries <= len(PAUSES) else None
        due = None if again is None else int(now.timestamp()) + again
        mine = (table.c.id == one.id) & (table.c.moment == one.moment)
        connection.execute(update(table).where(mine).values(due=due, wrong=why[:500]))


def boxes(connection: Connection, ids: Collection[int]) -> dict[int, PostBox]:
    """What the editors of a site said of these articles in the boxes beside their posts; who said nothing is missing.

    Args:
        connection: An open connection to the database.
        ids: Ids of articles.
    """
    from sqlalchemy import or_, select

    from newsletter.storage.site_tables import site_post as table
    from newsletter.storage.tables import article_key

    said = [table.c.letter != "", table.c.headline != "", table.c.summary != "", table.c.section != ""]
    query = select(article_key.c.article_id, table).join(table, table.c.name == article_key.c.key)
    query = query.where(or_(*said, table.c.at_once != 0))
    if len(ids) <= _MOST:
        query = query.where(article_key.c.article_id.in_(ids))
    return {row.article_id: _box(row) for row in connection.execute(query.order_by(table.c.moment))}


@dataclass(frozen=True, slots=True)
class LostPost:
    """A post that the site told of and nobody could fetch, or take back."""

    url: str
    wrong: str
    since: datetime
    again: datetime | None
    """When it is tried again; None when only its source brings it."""


def lost(connection: Connection, gone_states: Collection[str]) -> list[LostPost]:
    """The posts that could not be fetched, or taken back, more than once, and are not so far.

    Args:
        connection: An open connection to the database.
        gone_states: States in which a site shows a post to nobody.
    """
    from sqlalchemy import exists, or_, select

    from newsletter.storage.site_tables import site_post as table
    from newsletter.storage.tables import article, article_key

    its = select(article_key.c.key).where(article_key.c.key == table.c.name)
    shown = its.join(article, article.c.id == article_key.c.article_id).where(article.c.withdrawn.is_(None))
    # What is tried no more is left over where the library has not what the site shows, or shows what the site has not.
    gone = table.c.state.in_(gone_states)
    left = or_(table.c.due.is_not(None) & gone, ~gone & ~exists(its), gone & exists(shown))
    query = select(table).where(table.c.wrong != "", table.c.tries > 1, left).order_by(table.c.told)
    return [
        LostPost(
            row.url,
            row.wrong,
            datetime.fromtimestamp(row.told, UTC),
            None if row.due is None else datetime.fromtimestamp(row.due, UTC),
        )
        for row in connection.execute(query)
    ]


def _box(row: Any) -> PostBox:
    return PostBox(row.letter, row.headline, row.summary, row.section, bool(row.at_once))


def corrections(connection: Connection) -> list[ToldPost]:
    """The posts that have a correction, oldest first.

    Args:
        connection: An open connection to the database.
    """
    from sqlalchemy import select

    from newsletter.storage.site_tables import site_post as table

    found = select(table.c.id).where(table.c.correction != "")
    ids = list(connection.execute(found).scalars())
    return posts(connection, ids=ids) if ids else []


def mark_noted(connection: Connection, corrected: Sequence[ToldPost], *, list_id: int, issue: str) -> None:
    """Note which issue brings the corrections of posts to the readers of a list; other lists have their own.

    Args:
        connection: A connection in a writing transaction.
        corrected: The posts.
        list_id: Id of the list.
        issue: Its number.
    """
    from sqlalchemy import update

    from newsletter.storage.site_tables import site_post as table

    for one in corrected:
        if issue in one.noted_in(list_id):
            continue
        mine = (table.c.id == one.id) & (table.c.correction == one.correction)
        connection.execute(update(table).where(mine).values(noted=table.c.noted + f" {list_id}:{issue}"))
