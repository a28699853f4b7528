"""Sitemaps, as a site writes them for search engines: the newest addresses they name are read as pages.

An index names further sitemaps; robots.txt names where they are (sitemaps.org/protocol.html). Of an index only those
are fetched that may hold what is wanted, the newest first. Facts about WordPress' own (``wp-sitemap.xml``) are from
6.1: its index says no date, and a sitemap of posts has the oldest first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from newsletter.errors import SourceError
from newsletter.models import Article
from newsletter.sources import sitemap_xml
from newsletter.sources.charset import decode
from newsletter.sources.documents import ArticleFilter, Document, ListedLink, Refusal, SourceResult
from newsletter.sources.http.models import FetcherProtocol
from newsletter.sources.identity import normal_url
from newsletter.sources.links import absolute
from newsletter.sources.sitemap_xml import SitemapEntry

_ROBOTS = re.compile(r"^[ \t]*sitemap[ \t]*:[ \t]*(\S+)", re.IGNORECASE | re.MULTILINE)
_MOST_SITEMAPS = 20
"""Fetched for one target."""
_DEEPEST = 3
"""An index within an index is not allowed by the protocol, and is seen all the same."""
_TOLD = 20
"""Addresses left out for one reason that are named; of the others the number is told."""
_NO_ARTICLES = re.compile(
    r"(?:^|[-_.])(?:taxonom(?:y|ies)|categor(?:y|ies)|(?:post[-_])?tags?|authors?|users?|post_format|videos?|images?"
    r"|products?|attachments?|local)(?:[-_.\d]|$)",
    re.IGNORECASE,
)
_RANKS = (
    re.compile(r"news", re.IGNORECASE),
    re.compile(r"(?:^|[-_.])(?:posts?|articles?|stor(?:y|ies)|blog)(?![a-z])(?!-page)", re.IGNORECASE),
)
_PAGES = re.compile(r"(?:^|[-_.])pages?(?![a-z])", re.IGNORECASE)
_IN_NAME = re.compile(r"(?<!\d)(20\d\d)(?:[-_/]?(0[1-9]|1[0-2])(?:[-_/]?(0[1-9]|[12]\d|3[01]))?)?(?!\d)")
_NUMBER = re.compile(r"(\d{1,6})\D*$")
_OLDEST_FIRST = re.compile(r"wp-sitemap-posts-")
_NEVER = datetime(1, 1, 1, tzinfo=UTC)


def holds(document: Document) -> bool:
    """Say whether a document is a sitemap, an index of sitemaps, or the robots.txt that names them.

    Args:
        document: Any document.
    """
    return _is_robots(document) or sitemap_xml.looks_like(document.data)


def read(document: Document, wanted: ArticleFilter) -> SourceResult:
    """Read which pages a sitemap names; the newest are still to be read themselves, as many as are wanted.

    Args:
        document: The sitemap.
        wanted: Which articles. What a sitemap says was changed before, or after, is not fetched.

    Raises:
        SourceError: It names no page that can be had.
    """
    walk = _Walk(document.door, wanted)
    if _is_robots(document):
        named = [absolute(document.url, each) for each in _ROBOTS.findall(decode(document.data[:500_000]))]
        if not any(named):
            raise SourceError("this robots.txt names no sitemap", where=document.where, mend="give the front page")
        walk.further([SitemapEntry(each) for each in named if each], document.where, 0)
    else:
        walk.take(document.data, document.where, 0)
    return walk.result(document.where)


def _is_robots(document: Document) -> bool:
    name = document.path.name if document.path else urlsplit(document.url).path.rpartition("/")[2]
    return name.lower() == "robots.txt" and not decode(document.data[:200]).lstrip("\ufeff \r\n\t").startswith("<")


class _Walk:
    """From a sitemap to the addresses that are wanted, each sitemap fetched once.

    Args:
        door: Fetches further sitemaps; None for a file.
        wanted: Which articles.
    """

    def __init__(self, door: FetcherProtocol | None, wanted: ArticleFilter) -> None:
        self._door, self._wanted = door, wanted
        self._found: dict[str, SitemapEntry] = {}
        self._asked: set[str] = set()
        self._refused: list[Refusal] = []
        self._notes: list[str] = []

    def take(self, data: bytes, where: str, depth: int) -> None:
        """Read one sitemap, and what it names where that are sitemaps."""
        parsed = sitemap_xml.parse(data, where, now=self._wanted.now, zone=self._wanted.zone)
        self._asked.add(normal_url(where))
        if parsed.bad:
            self._refused.append(Refusal(f"{parsed.bad} entries of {where}", "they name no web address"))
        if parsed.is_cut:
            self._notes.append(f"{where}: it names more than {len(parsed.entries)} addresses; the first were looked at")
        if parsed.is_index:
            self.further(parsed.entries, where, depth)
            return
        named = [each for each in parsed.entries if not self._refuses(each)]
        is_reversed = bool(_OLDEST_FIRST.search(where)) and not any(each.moment for each in named)
        for entry in reversed(named) if is_reversed else named:
            self._found.setdefault(entry.url, entry)

    def further(self, sitemaps: Sequence[SitemapEntry], where: str, depth: int) -> None:
        """Read the sitemaps that an index names, the newest first, until what is wanted is found."""
        if self._door is None:
            mend = "give the address of the sitemap, or one of the files it names"
            raise SourceError("this only names further sitemaps", where=where, mend=mend)
        for entry in self._in_order(sitemaps):
            moment = entry.moment or _of_name(entry.url)
            if self._is_enough(moment):
                self._refused.append(Refusal(entry.url, "nothing newer can stand in this sitemap"))
            elif moment is not None and self._wanted.is_before(moment):
                self._refused.append(Refusal(entry.url, "this sitemap was changed before the time asked for"))
            elif depth >= _DEEPEST or len(self._asked) > _MOST_SITEMAPS:
                self._refused.append(Refusal(entry.url, f"beyond the {_MOST_SITEMAPS} sitemaps that are looked into"))
            elif normal_url(entry.url) not in self._asked:
                self._fetch(entry.url, depth)

    def result(self, where: str) -> SourceResult:
        """The links to be read, and what was left out."""
        entries = sorted(self._found.values(), key=lambda each: each.moment or _NEVER, reverse=True)
        kept, beyond = entries[: self._wanted.most], entries[self._wanted.most :]
        self._refused += [
            Refusal(each.title or each.url, f"beyond the {self._wanted.most} asked for") for each in beyond
        ]
        if not kept and not self._refused and not self._notes:
            raise SourceError("the sitemap names no page", where=where, mend="give the site's front page")
        if not kept:
            self._notes.append(f"{where}: it names no page that is wanted")
        links = tuple(ListedLink(each.url, stated=_stated(each), is_single=True) for each in kept)
        return SourceResult(links=links, notes=tuple(self._notes), refused=tuple(_summed(self._refused)))

    def _fetch(self, url: str, depth: int) -> None:
        assert self._door is not None
        self._asked.add(normal_url(url))
        try:
            self.take(self._door.get(url, "feed").data, url, depth + 1)
        except SourceError as error:
            self._notes.append(str(error))

    def _in_order(self, sitemaps: Sequence[SitemapEntry]) -> list[SitemapEntry]:
        """Those that may name articles: of news, of posts, others, of pages; within each the newest first."""
        several = len(sitemaps) > 1
        chosen: list[tuple[tuple[int, float, int], SitemapEntry]] = []
        for place, entry in enumerate(sitemaps):
            name = PurePosixPath(unquote(urlsplit(entry.url).path)).name
            if several and _NO_ARTICLES.search(name):
                self._refused.append(Refusal(entry.url, "this sitemap names archive pages or pictures, not articles"))
                continue
            moment = entry.moment or _of_name(entry.url) or _NEVER
            number = _NUMBER.search(name)
            is_numbered = bool(_OLDEST_FIRST.search(name)) and number is not None
            order = -int(number[1]) if is_numbered and number else place
            chosen.append(((_rank(name), -(moment - _NEVER).total_seconds(), order), entry))
        return [entry for _, entry in sorted(chosen, key=lambda pair: pair[0])]

    def _is_enough(self, moment: datetime | None) -> bool:
        """Whether a sitemap changed at this moment can hold nothing newer than what was found."""
        most = self._wanted.most
        if len(self._found) < most:
            return False
        newest = sorted((each.moment or _NEVER for each in self._found.values()), reverse=True)
        return moment is None or moment <= newest[most - 1]

    def _refuses(self, entry: SitemapEntry) -> bool:
        """Leave an address out that is not wanted, and say why."""
        parts = urlsplit(entry.url)
        moment = entry.moment
        reason = ""
        if parts.path.rstrip("/") in ("", "/index.php", "/index.html") and not parts.query:
            reason = "this is a front page, not an article"
        elif moment is not None and self._wanted.is_before(moment):
            reason = "last changed before the time asked for"
        elif moment is not None and self._wanted.is_after(moment):
            reason = "last changed after the time asked for"
        if reason:
            self._refused.append(Refusal(entry.title or entry.url, reason))
        return bool(reason)


def _rank(name: str) -> int:
    if _PAGES.search(name):
        return len(_RANKS) + 1
    return next((rank for rank, pattern in enumerate(_RANKS) if pattern.search(name)), len(_RANKS))


def _of_name(url: str) -> datetime | None:
    """The end of the year, month or day that the name of a sitemap tells: ``sitemap-2026-11.xml``."""
    parts = urlsplit(url)
    found = _IN_NAME.search(f"{parts.path.rpartition('/')[2]}?{parts.query}")
    if found is None:
        return None
    year, month = int(found[1]), int(found[2] or 12)
    if found[3]:
        return datetime(year, month, min(int(found[3]), 28), 23, 59, tzinfo=UTC).replace(
            day=_day(year, month, found[3])
        )
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)


def _day(year: int, month: int, text: str) -> int:
    """The day, or the last one of a month that has no such."""
    from calendar import monthrange

    return min(int(text), monthrange(year, month)[1])


def _stated(entry: SitemapEntry) -> Article:
    return Article(entry.title, url=entry.url, image=entry.image, published=entry.published)


def _summed(refused: Iterable[Refusal]) -> list[Refusal]:
    """Each reason with its first addresses, and how many more there are: a sitemap may name fifty thousand."""
    count: Counter[str] = Counter()
    told: list[Refusal] = []
    for each in refused:
        count[each.reason] += 1
        if count[each.reason] <= _TOLD:
            told.append(each)
    return told + [
        Refusal(f"{number - _TOLD} more addresses", reason) for reason, number in count.items() if number > _TOLD
    ]
