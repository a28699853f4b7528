"""Looking for articles in the library: by words however they are spelt, by section, source and age, each story once.

The library is held in memory, folded, and renewed when the database was written to: a text is read and folded once, and
again only when it changed. Who tells whose story is kept in the same way.
"""

from __future__ import annotations

import html
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from newsletter import library
from newsletter.issues import repeats
from newsletter.library import ArticleOutline
from newsletter.models import Article
from newsletter.sources.links import host
from newsletter.storage.changes import change_mark
from newsletter.text.retelling import ToldStories
from newsletter.text.searching import search_words
from newsletter.text.tidy import arabic_fold, reading_minutes

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.models import Issue
    from newsletter.wiring import Workspace

Counted = tuple[tuple[str, int], ...]
ROWS = 60
"""Rows of one answer."""
_WITHIN_WORDS = re.compile(r"</?(?:a|b|strong|i|em)\b[^>]*>")
_TAGS = re.compile(r"<[^>]*>")
_READ_AT_ONCE = 500
"""Texts that are in memory unfolded at one time."""


@dataclass(frozen=True, slots=True)
class ArticleSearch:
    """What somebody looks for in the library."""

    words: str = ""
    """As they were typed."""
    section: str = ""
    source: str = ""
    """Host of the site, or empty."""
    days: int = 0
    """Nothing older; 0 sets no limit."""
    unsent: bool = False
    """Only what no issue has carried."""
    after: str = ""
    """Where the last answer ended, as it says; empty begins with the newest."""
    rows: int = ROWS


@dataclass(frozen=True, slots=True)
class FoundArticle:
    """An article as a search gives it, with those that tell the same story folded under it."""

    outline: ArticleOutline
    minutes: int
    """Of reading; 0 when it has no text."""
    source: str
    """Host of the site that it came from, empty for the newsroom's own."""
    sent_in: str = ""
    """Number of the last issue that carried it; empty when none has."""
    is_new: bool = False
    """Whether it came after the last issue."""
    line: int = 0
    """Line of its story in the issue that is being made; 0 when it is not in it."""
    twins: tuple[FoundArticle, ...] = ()
    """Articles that tell the same story, newest first."""

    @property
    def id(self) -> int:
        """Its number in the library."""
        return self.outline.id


@dataclass(frozen=True, slots=True)
class FoundArticles:
    """One answer: some rows, newest first, and what there is besides."""

    rows: tuple[FoundArticle, ...]
    after: str = ""
    """Where the next answer begins; empty when there is no more."""
    count: int = 0
    """Stories found in all."""
    sent: int = 0
    """Stories that were left out only because an issue has carried them."""
    new: int = 0
    """Stories of the whole library that came after the last issue."""
    every: int = 0
    """Articles of the whole library."""
    words: tuple[str, ...] = ()
    """What was looked for, folded."""


@dataclass(slots=True)
class _Entry:
    outline: ArticleOutline
    source: str
    section: str
    """Folded."""
    minutes: int
    length: int
    folded: str
    story: int
    """Number of the first telling of its story."""


class LibraryIndex:
    """The library of one workspace in memory; safe to ask from several threads.

    Args:
        workspace: The workspace.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()
        self._mark = ""
        self._entries: dict[int, _Entry] = {}
        self._newest_first: list[_Entry] = []
        self._stories: dict[int, list[_Entry]] = {}
        self._told = ToldStories()
        self._carried: Mapping[int, tuple[str, ...]] = {}
        self._last_carried = 0
        self._new = 0
        self._sections: Counted = ()
        self._sources: Counted = ()
        self._own = host(workspace.publication.url)
        self.is_ready = False
        """Whether the texts were read once."""

    def renew(self) -> None:
        """Read what changed since the last time."""
        with self._lock:
            self._renew()

    def find(self, search: ArticleSearch, *, issue: Issue | None = None) -> FoundArticles:
        """Look for articles, newest first, each story once.

        Of a story the row is the article that stands in the issue, or was sent, or else the one with a picture and the
        longest text; all of it is found when one of its articles is.

        Args:
            search: What is looked for.
            issue: The one that is being made, to tell which articles stand in it.
        """
        now = self._workspace.now()
        with self._lock:
            connected = self._renew(issue)
            return self._found(search, connected, now)

    def choices(self) -> tuple[Counted, Counted]:
        """Sections and foreign sources of the library, each with its articles, the largest first."""
        if self.is_ready:
            return self._sections, self._sources
        with self._workspace.database.read() as connection:
            found = library.outlines(connection)  # texts may take their time
        return _counted(one.section for one in found), _counted(map(self._source_of, found))

    def _source_of(self, outline: ArticleOutline) -> str:
        source = host(outline.source) or host(outline.url)
        return "" if source == self._own else source

    # What is kept

    def _renew(self, issue: Issue | None = None) -> dict[int, int]:
        """Bring memory up to date; gives the line of each article that stands in the issue."""
        database = self._workspace.database
        with database.read() as connection:
            mark = change_mark(database, connection)
            named = host(self._workspace.publication.url) == self._own
            if not mark or mark != self._mark or not self.is_ready or not named:
                self._read(connection)
                # What is committed while the files are looked at belongs to the next time.
                self._mark = mark if mark == change_mark(database, connection) else ""
                self.is_ready = True
            if issue is None:
                return {}
            known = library.of_stories(connection, issue.stories)
            return {holding.id: story.line for story, holding in reversed(known.items())}

    def _read(self, connection: Connection) -> None:
        own = host(self._workspace.publication.url)
        found = library.outlines(connection, {number: entry.outline for number, entry in self._entries.items()})
        if own != self._own or self._entries.keys() - {one.id for one in found}:
            # The newsroom has another site, or another database stands in the place of this one.
            self._own, self._entries, self._newest_first = own, {}, []
            self._told = ToldStories()
        entries = self._entries
        strange = [one for one in reversed(found) if one.id not in entries or entries[one.id].outline is not one]
        for at in range(0, len(strange), _READ_AT_ONCE):
            some = strange[at : at + _READ_AT_ONCE]
            texts = library.bodies(connection, [one.id for one in some])
            for one in some:
                self._entries[one.id] = self._entry(one, texts.get(one.id, ""))
        if strange or len(found) != len(self._newest_first):
            self._newest_first = [entries[one.id] for one in found]
            stories: defaultdict[int, list[_Entry]] = defaultdict(list)
            for entry in self._newest_first:
                stories[entry.story].append(entry)
            self._stories = stories
            self._sections = _counted(entry.outline.section for entry in self._newest_first)
            self._sources = _counted(entry.source for entry in self._newest_first)
        numbered = library.carried_in(connection, self._entries.keys())
        self._carried = {
            number: tuple(key for key in keys if key.isdecimal())
            for number, keys in numbered.items()
            if any(key.isdecimal() for key in keys)
        }
        self._last_carried = library.last_carried(connection)
        self._new = sum(1 for story in self._stories.values() if self._is_new(story))

    def _entry(self, outline: ArticleOutline, body: str) -> _Entry:
        article = Article(outline.title, outline.url, outline.summary, body, outline.image, author=outline.author)
        story = self._told.add(repeats.telling(article, outline.moment))
        plain = plain_text(body) if body else outline.summary
        return _Entry(
            outline,
            self._source_of(outline),
            arabic_fold(outline.section),
            reading_minutes(plain),
            len(plain),
            arabic_fold(searched_text(article)),
            story,
        )

    # What is found

    def _found(self, search: ArticleSearch, lines: Mapping[int, int], now: datetime) -> FoundArticles:
        words = search_words(search.words)
        section, oldest = arabic_fold(search.section), now - timedelta(days=search.days) if search.days else None
        fitting = self._newest_first if words or not search.words.strip() else []
        for word in words:
            fitting = [entry for entry in fitting if word in entry.folded]
        if section:
            fitting = [entry for entry in fitting if entry.section == section]
        if search.source:
            fitting = [entry for entry in fitting if entry.source == search.source]
        if oldest is not None:
            fitting = [entry for entry in fitting if entry.outline.moment >= oldest]
        seen: set[int] = set()
        here: set[int] = {entry.story for number in lines if (entry := self._entries.get(number))}
        gone = {entry.story for number in self._carried if (entry := self._entries.get(number))} - here
        heads: list[tuple[_Entry, list[_Entry]]] = []
        sent = 0
        for entry in fitting:
            if entry.story in seen or (entry.outline.withdrawn and entry.story not in here):
                continue
            seen.add(entry.story)
            if search.unsent and entry.story in gone:
                sent += 1
            else:
                heads.append((entry, self._stories[entry.story]))
        start = _place(heads, search.after)
        rows = tuple(self._row(entry, story, lines) for entry, story in heads[start : start + search.rows])
        more = len(heads) > start + search.rows
        last = heads[start + search.rows - 1][0].outline if more else None
        return FoundArticles(
            rows,
            f"{int(last.moment.timestamp())}-{last.id}" if last else "",
            len(heads),
            sent,
            self._new,
            len(self._entries),
            words,
        )

    def _is_new(self, story: Sequence[_Entry]) -> bool:
        """Whether all of a story came after the last issue, and no issue has it."""
        return all(one.outline.id > self._last_carried and one.outline.id not in self._carried for one in story)

    def _row(self, entry: _Entry, story: Sequence[_Entry], lines: Mapping[int, int]) -> FoundArticle:
        def worth(one: _Entry) -> tuple[bool, bool, bool, bool, int, int]:
            number = one.outline.id
            shown = not one.outline.withdrawn
            return number in lines, number in self._carried, shown, bool(one.outline.image), one.length, -number

        best = max(story, key=worth) if len(story) > 1 else entry
        twins = tuple(self._one(one, lines) for one in story if one is not best and not one.outline.withdrawn)
        return self._one(best, lines, twins, is_new=self._is_new(story))

    def _one(
        self, entry: _Entry, lines: Mapping[int, int], twins: tuple[FoundArticle, ...] = (), *, is_new: bool = False
    ) -> FoundArticle:
        number = entry.outline.id
        sent_in = max(self._carried.get(number, ()), key=int, default="")
        return FoundArticle(entry.outline, entry.minutes, entry.source, sent_in, is_new, lines.get(number, 0), twins)


def plain_text(body: str) -> str:
    """The words of a body in one line; a tag within a word does not part it.

    Args:
        body: Sanitised HTML.
    """
    # One space between words: folding such a line takes half the time.
    return " ".join(html.unescape(_TAGS.sub(" ", _WITHIN_WORDS.sub("", body))).split())


def searched_text(article: Article) -> str:
    """What of an article is searched: headline, summary, author and text, in one line.

    Args:
        article: The article.
    """
    return " ".join(f"{article.title} {article.summary} {article.author} {plain_text(article.body)}".split())


def _place(heads: Sequence[tuple[_Entry, list[_Entry]]], after: str) -> int:
    """Where an answer begins that goes on after another; one that nobody gave begins anew."""
    moment, _, number = after.partition("-")
    if not (moment.isdecimal() and number.isdecimal()):
        return 0
    last = int(moment), int(number)
    for at, (entry, _) in enumerate(heads):
        if (int(entry.outline.moment.timestamp()), entry.outline.id) < last:
            return at
    return len(heads)


def _counted(names: Iterable[str]) -> Counted:
    return tuple(Counter(name for name in names if name).most_common())
