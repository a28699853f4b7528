"""Articles put into the library: which of them are new, which are known by any of their names, and what has changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from newsletter.library.carrying import MOST_IDS
from newsletter.library.rows import row_of
from newsletter.library.sameness import Known, KnownTexts, is_same_post, is_same_text
from newsletter.models import Article
from newsletter.sources.identity import GIVEN, article_keys, contradict, normal_url
from newsletter.sources.links import host
from newsletter.text.likeness import shares_words
from subscribers.store.dialect import insert as insert_or_ignore

if TYPE_CHECKING:
    from sqlalchemy import Connection

_RANKS: Mapping[str, int] = {"rest": 3, "page": 2, "feed": 1, "": 0}
"""Which reading of one article is the richer: WordPress' own fields, then the page, then what a feed gives."""
_STALE = 8 * 86_400
"""Seconds after which a road that shows an article no more leaves the word to a poorer one: more than a week, so that a
newsroom that collects once a week does not hear two roads in turns."""
_LOCK = 7_273_002
"""Of PostgreSQL's advisory locks: two that collect the same story at once must not both find it new."""
_SHOWN = ("title", "summary", "body", "image", "image_alt", "author", "section", "tags", "published", "url")

State = Literal["new", "updated", "known", "merged"]


@dataclass(frozen=True, slots=True)
class Shelved:
    """What became of one article that was collected."""

    id: int
    """Its id in the library."""
    state: State
    reason: str = ""
    """What changed, or what it was merged with."""


@dataclass(frozen=True, slots=True)
class LibraryChange:
    """What ``shelve`` did, as ids of the library."""

    added: tuple[int, ...]
    updated: tuple[int, ...]
    known: tuple[int, ...]
    outcomes: tuple[Shelved, ...] = field(default=(), compare=False)
    """What became of each article, in the order given."""
    returned: tuple[int, ...] = field(default=(), compare=False)
    """Those that their site had withdrawn and shows again."""


def shelve(
    connection: Connection,
    articles: Iterable[Article],
    *,
    now: datetime,
    moved: Mapping[str, str] | None = None,
    earlier: Collection[int] = (),
) -> LibraryChange:
    """Store articles in the library: new ones are added, changed ones updated, known ones left as they are.

    Args:
        connection: A connection in a writing transaction.
        articles: What was collected, in order.
        now: The present moment, timezone-aware.
        moved: Hosts that answered in place of others, as ``{"new.example.org": "old.example.org"}``.
        earlier: Ids of what other sources of the same round brought already.
    """
    wanted = list(articles)
    _alone(connection)
    shelf = _Shelf(connection, wanted, int(now.timestamp()), moved or {})
    outcomes = [shelf.put(article, keys, earlier) for article, keys in zip(wanted, shelf.keys, strict=True)]
    returned = shelf.write()
    ids = [Shelved(one.known.id, one.state, one.reason) for one in outcomes]
    added, updated = _ids(ids, "new"), _ids(ids, "updated")
    others = [one.id for one in ids if one.id not in {*added, *updated}]
    return LibraryChange(added, updated, tuple(dict.fromkeys(others)), tuple(ids), tuple(returned))


def _alone(connection: Connection) -> None:
    """Let one process at a time decide what is new; on SQLite a writing transaction is alone anyway."""
    from sqlalchemy import func, select

    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def _ids(outcomes: Sequence[Shelved], state: State) -> tuple[int, ...]:
    return tuple(dict.fromkeys(one.id for one in outcomes if one.state == state))


@dataclass(slots=True)
class _Outcome:
    known: Known
    state: State
    reason: str = ""


class _Shelf:
    """The part of the library that some articles may touch, read at once and written at once.

    Args:
        connection: A connection in a writing transaction.
        articles: What was collected.
        now: Unix seconds.
        moved: As for ``shelve``.
    """

    def __init__(self, connection: Connection, articles: Sequence[Article], now: int, moved: Mapping[str, str]) -> None:
        self._connection, self._now, self._moved = connection, now, moved
        self.keys = [article_keys(article, moved=moved) for article in articles]
        self._present = {key for keys in self.keys for key in keys if key.startswith(GIVEN)}
        self._by_key: defaultdict[str, list[Known]] = defaultdict(list)
        self._by_words = KnownTexts()
        self._touched: dict[int, Known] = {}
        self._new: list[Known] = []
        self._load(articles)

    def put(self, article: Article, keys: tuple[str, ...], earlier: Collection[int]) -> _Outcome:
        """Decide what becomes of an article, and remember what is to be written."""
        row = row_of(article)
        known = self._found(article, row, keys)
        if known is None:
            number = len(self._by_key[keys[0]]) + 1
            first = keys[0] if number == 1 else f"{keys[0]} ({number})"
            known = Known(0, {"key": first, "collected": self._now, "seen": self._now, **row}, set(keys), set(keys))
            self._new.append(known)
            self._index(known)
            return _Outcome(known, "new")
        is_first = known.id not in self._touched and known.id not in earlier and bool(known.id)
        for key in keys:
            if key not in known.keys:
                known.keys.add(key)
                known.fresh.add(key)
                self._by_key[key].append(known)
        news = self._news(known, row, is_first=is_first)
        known.row.update(news)
        known.changed.update(news)
        if known.id:
            self._touched[known.id] = known
        if not is_first:
            return _Outcome(known, "merged", f"the same article as «{known.row['title']}»")
        named = [name.replace("_", " ") for name in _SHOWN if name in news]
        return _Outcome(known, "updated" if named else "known", ", ".join(named))

    def write(self) -> list[int]:
        """Write what was decided; gives the ids of what its site had withdrawn and shows again."""
        from sqlalchemy import insert, update

        from newsletter.storage.tables import article as table
        from newsletter.storage.tables import article_key

        for at in range(0, len(self._new), MOST_IDS):
            some = self._new[at : at + MOST_IDS]
            # In their order, since ids grow as articles are collected.
            statement = insert(table).returning(table.c.id, sort_by_parameter_order=True)
            ids = self._connection.execute(statement, [known.row for known in some]).scalars()
            for known, number in zip(some, ids, strict=True):
                known.id = number
        names = [
            {"key": key, "article_id": known.id}
            for known in (*self._new, *self._touched.values())
            for key in sorted(known.fresh)
        ]
        if names:
            self._connection.execute(insert_or_ignore(self._connection, article_key).on_conflict_do_nothing(), names)
        for known in self._touched.values():
            if known.changed:
                values = {name: known.row[name] for name in known.changed}
                self._connection.execute(update(table).where(table.c.id == known.id).values(**values))
        return self._shown()

    def _shown(self) -> list[int]:
        """Note what its own road showed just now, and what is no longer withdrawn."""
        from sqlalchemy import update

        from newsletter.library.withdrawing import restore
        from newsletter.storage.tables import article as table

        own = [known.id for known in self._touched.values() if known.is_own]
        for at in range(0, len(own), MOST_IDS):
            seen = update(table).where(table.c.id.in_(own[at : at + MOST_IDS])).values(seen=self._now)
            self._connection.execute(seen)
        withdrawn = [known.id for known in self._touched.values() if known.row.get("withdrawn") is not None]
        return restore(self._connection, withdrawn) if withdrawn else []

    def _found(self, article: Article, row: Mapping[str, Any], keys: tuple[str, ...]) -> Known | None:
        """The article of the library that this one is, by the strongest name that says so."""
        own = f"url:{normal_url(article.url)}" if article.url else keys[0]
        for key in keys:
            for known in reversed(self._by_key[key]):
                if key.startswith(GIVEN):
                    if is_same_post(known, row):
                        return known
                elif (
                    key.startswith("url:")
                    and not self._is_here(known, key, own)
                    and not shares_words(known.row["title"], row["title"])
                ):
                    continue  # an address of before: sites lead what they deleted to something else, or use it again
                # One address and two names for good: two articles of a live blog, or one whose name was changed.
                elif not contradict(known.keys, keys) or (
                    not (known.keys & self._present) and is_same_text(known, row)
                ):
                    return known
        places = [host(article.url)] if article.url else [article.source]
        places += [self._moved[one] for one in places if one in self._moved]
        for known in self._by_words.near(row, places):
            if not contradict(known.keys, keys) and not (known.keys & set(keys)) and is_same_text(known, row):
                return known
        return None

    @staticmethod
    def _is_here(known: Known, key: str, own: str) -> bool:
        """Whether a key is the address that both have now."""
        return key == own == f"url:{normal_url(known.row['url'])}"

    def _news(self, known: Known, row: Mapping[str, Any], *, is_first: bool) -> dict[str, Any]:
        """What is to be changed of an article that is known, by what this reading of it says."""
        old = known.row
        is_own = old["reading"] == row["reading"] and self._road(row["source"]) == self._road(old["source"])
        is_richer = _RANKS.get(row["reading"], 0) > _RANKS.get(old["reading"], 0)
        is_stale = old["seen"] is None or self._now - old["seen"] > _STALE
        may_correct = is_richer or (is_first and (is_own or is_stale))
        # An empty field says that this reading knows less than the one before, not that the article lost it.
        news = {
            name: value
            for name, value in row.items()
            if name not in ("source", "reading", "zone")
            and value not in ("", None)
            and value != old[name]
            and (may_correct or old[name] in ("", None))
        }
        if old["image"] and "image" not in news and row["image"] != old["image"]:
            news.pop("image_alt", None)  # the words of a picture belong to that picture
        if "published" in news:
            news["zone"] = row["zone"]
        if may_correct and row["reading"]:
            news |= {name: row[name] for name in ("source", "reading") if row[name] != old[name]}
        known.is_own = known.is_own or is_own or may_correct
        return news

    def _road(self, source: str) -> str:
        """Where an article was read from, whatever its site changed in that: https, ``www.``, its host."""
        name = host(source)
        rest = source.partition("://")[2].partition("/")[2] if name else source
        return f"{self._moved.get(name, name)}/{rest}"

    # What there is

    def _load(self, articles: Sequence[Article]) -> None:
        from sqlalchemy import or_, select

        from newsletter.storage.tables import article as table
        from newsletter.storage.tables import article_key

        asked = list(dict.fromkeys(key for keys in self.keys for key in keys))
        ids: set[int] = set()
        found: set[str] = set()
        for at in range(0, len(asked), MOST_IDS):
            query = select(article_key).where(article_key.c.key.in_(asked[at : at + MOST_IDS]))
            for row in self._connection.execute(query):
                ids.add(row.article_id)
                found.add(row.key)
        # Only what no name of it is known by can be known by its words alone.
        strange = [each for each, keys in zip(articles, self.keys, strict=True) if not found & set(keys)]
        rows = [row_of(each) for each in strange]
        for at in range(0, len(rows), MOST_IDS):
            some = rows[at : at + MOST_IDS]
            moments = {row["published"] for row in some if row["published"] is not None}
            titles = {row["title"] for row in some if row["title"]}
            near = select(table.c.id).where(or_(table.c.published.in_(moments), table.c.title.in_(titles)))
            ids.update(self._connection.execute(near).scalars())
        for known in self._rows(sorted(ids)):
            self._index(known)

    def _rows(self, ids: Sequence[int]) -> Iterable[Known]:
        from sqlalchemy import select

        from newsletter.storage.tables import article as table
        from newsletter.storage.tables import article_key

        for at in range(0, len(ids), MOST_IDS):
            some = ids[at : at + MOST_IDS]
            names: defaultdict[int, set[str]] = defaultdict(set)
            for name in self._connection.execute(select(article_key).where(article_key.c.article_id.in_(some))):
                names[name.article_id].add(name.key)
            query = select(table).where(table.c.id.in_(some)).order_by(table.c.id)
            for row in self._connection.execute(query).mappings():
                yield Known(row["id"], dict(row), names[row["id"]])

    def _index(self, known: Known) -> None:
        for key in known.keys:
            self._by_key[key].append(known)
        self._by_words.add(known, host(known.row["url"]) if known.row["url"] else known.row["source"])
