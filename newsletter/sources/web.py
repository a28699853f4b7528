"""A web address to articles, whatever it turns out to be: a feed, an article, a WordPress site, a front page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, tzinfo
from urllib.parse import parse_qsl, urlsplit

from newsletter.errors import SourceError
from newsletter.models import Article
from newsletter.sources import feed, page, wordpress
from newsletter.sources.charset import decode
from newsletter.sources.clean.markup import tree
from newsletter.sources.http import Door, Fetched, FetchError
from newsletter.sources.http.models import Validator
from newsletter.sources.identity import normal_url
from newsletter.sources.links import absolute

_FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json"})
_COMMENTS = ("التعليقات", "تعليقات", "comments")
_MOST_FEEDS = 3
_MOST_PAGES = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which articles are wanted of a source that has many."""

    now: datetime
    """The present moment, aware."""
    zone: tzinfo = UTC
    """Zone of moments that name none, and of dates below."""
    most: int = 50
    since: datetime | date | None = None
    """Not before; a date means its first moment in the site's zone where that is known."""
    until: datetime | date | None = None
    """Not after; a date means its last moment."""

    def has(self, article: Article) -> bool:
        """Whether an article falls between since and until; one without a date does.

        Args:
            article: Any article.
        """
        moment = article.published
        if moment is None:
            return True
        since, until = _bound(self.since, time.min, self.zone), _bound(self.until, time.max, self.zone)
        return (since is None or moment >= since) and (until is None or moment <= until)

    def ends_before(self, article: Article) -> bool:
        """Whether an article, and so all that are older, was published before what is wanted.

        Args:
            article: Any article.
        """
        since = _bound(self.since, time.min, self.zone)
        return since is not None and article.published is not None and article.published < since


@dataclass(frozen=True, slots=True)
class Brought:
    """What one address gave."""

    articles: tuple[Article, ...] = ()
    notes: tuple[str, ...] = ()
    """What the editor should know though nothing went wrong, one line each."""
    validator: Validator | None = None
    """To be remembered for the next time, if the address itself is a feed."""


def read(url: str, door: Door, wanted: Wanted, validator: Validator | None = None) -> Brought:
    """Fetch an address and read it as what it turns out to be.

    Args:
        url: http or https address.
        door: Fetches.
        wanted: Which articles.
        validator: The feed's marks of the last time; if it has not changed, nothing is brought.

    Raises:
        SourceError: There is no article to be had.
    """
    got = door.get(url, headers=validator.headers() if validator else None, statuses={304} if validator else ())
    if got.status == 304:
        return Brought(validator=validator)
    if feed.looks_like(got.data) or got.content_type in _FEED_TYPES:
        return _feed(got, door, wanted)
    # What marks the feed of a site says nothing of the page that names it.
    return replace(_site_or_page(got, door, wanted), validator=None)


def _site_or_page(got: Fetched, door: Door, wanted: Wanted) -> Brought:
    sign = wordpress.signpost(got)
    if sign is None:
        return _page_or_feed(got, door, wanted)
    try:
        return _wordpress(got, sign, door, wanted)
    except FetchError as error:
        other = _page_or_feed(got, door, wanted, is_list=_is_list(got, sign))
        is_page = any(article.source == got.url for article in other.articles)
        way = "the page itself" if is_page else "its feed"
        if is_page:
            other = replace(other, articles=tuple(_completed(each, door, wanted) for each in other.articles))
        return replace(other, notes=(f"{error.where}: {error.what}; {way} was read instead", *other.notes))


def _completed(article: Article, door: Door, wanted: Wanted) -> Article:
    """Author, section and moment of an article whose page hides them, from the feed that WordPress has of every one."""
    if article.author and article.section and article.published:
        return article
    address = wordpress.feed_of(article.url)
    try:
        got = door.get(address, "feed")
        entries = feed.parse(
            got.data, got.url, content_type=got.content_type, charset=got.charset, now=wanted.now, zone=wanted.zone
        )
    except SourceError:
        return article
    own = next((each for each in entries if normal_url(each.url) == normal_url(article.url)), article)
    return replace(
        article,
        author=article.author or own.author,
        section=article.section or own.section,
        published=article.published or _in_zone(own, wanted.zone).published,
    )


def _wordpress(got: Fetched, sign: wordpress.Signpost, door: Door, wanted: Wanted) -> Brought:
    site = wordpress.open_site(door, sign.root)
    if not _is_list(got, sign):
        article = wordpress.twin(door, site, sign, got, now=wanted.now)
        return Brought((article,)) if article else _page_or_feed(got, door, wanted)
    found = wordpress.listing(
        door, site, now=wanted.now, most=wanted.most, since=wanted.since, until=wanted.until, archive=sign
    )
    notes = [str(found.trouble)] if found.trouble else []
    if found.locked:
        notes.append(f"{got.url}: {found.locked} of its articles want a password and were left out")
    try:
        articles = wordpress.details(door, site, found.posts, now=wanted.now)
    except SourceError as error:
        articles = [each.article for each in found.posts]
        notes.append(f"{error.where}: {error.what}; headlines and excerpts only were taken")
    if not articles:
        notes.append(f"{got.url}: nothing was published in the time asked for")
    return Brought(tuple(articles), tuple(notes))


def _is_list(got: Fetched, sign: wordpress.Signpost) -> bool:
    """Whether a page of WordPress lists articles: an archive, the front page, or the interface itself."""
    parts = urlsplit(got.url)
    is_interface = "/wp-json" in parts.path or "rest_route=" in parts.query
    home = sign.root.partition("wp-json")[0].partition("?")[0].removesuffix("index.php")
    return sign.is_archive or is_interface or _is_front(got.url) or normal_url(got.url) == normal_url(home)


def _is_front(url: str) -> bool:
    parts = urlsplit(url)
    return parts.path.rstrip("/") in ("", "/index.php", "/index.html", "/ar", "/en", "/fr") and not parts.query


def _page_or_feed(got: Fetched, door: Door, wanted: Wanted, *, is_list: bool = False) -> Brought:
    """Read a page as an article; a front page, and one in which no article is, through the feed it names."""
    is_list = is_list or _is_front(got.url)
    trouble: SourceError | None = None
    if not is_list:
        if wordpress.wants_password(decode(got.data, got.charset)):
            raise wordpress.locked(got.url)
        try:
            return Brought((page.parse(got.data, got.url, charset=got.charset, now=wanted.now, zone=wanted.zone),))
        except SourceError as error:
            trouble = error
    for address in _feeds_of(got, is_list=is_list):
        try:
            return _feed(door.get(address, "feed"), door, wanted, is_site=True)
        except SourceError as error:
            trouble = trouble or error
    if trouble:
        raise trouble
    raise SourceError("this is a front page without a feed", where=got.url, mend="give the addresses of its articles")


def _feeds_of(got: Fetched, *, is_list: bool) -> list[str]:
    """Addresses of the feeds that a page names, those of comments left out; for WordPress its usual one.

    An archive names the feed of the whole site first: its own is the one below its own address.
    """
    root = tree(decode(got.data, got.charset))
    found: dict[str, None] = {}
    for element in root.iter("link") if root is not None else ():
        kind = (element.get("type") or "").lower().strip()
        is_feed = kind in _FEED_TYPES and "alternate" in (element.get("rel") or "").lower().split()
        address = absolute(got.url, element.get("href") or "")
        title = (element.get("title") or "").lower()
        is_comments = any(word in title for word in _COMMENTS) or "/comments/" in address
        if is_feed and address and not is_comments and len(found) < _MOST_FEEDS:
            found[address] = None
    if not found and wordpress.signpost(got):
        found[absolute(got.url, got.url.partition("?")[0].rstrip("/") + "/feed/")] = None
    return sorted(found, key=lambda address: not (is_list and _is_below(address, got.url)))


def _is_below(address: str, page_url: str) -> bool:
    """Whether an address is one in the folder of a page, with its parameters: ``/a/feed/``, ``/?feed=rss2&cat=4``."""
    inner, outer = urlsplit(normal_url(address)), urlsplit(normal_url(page_url))
    return inner.path.startswith(outer.path) and set(parse_qsl(inner.query)) >= set(parse_qsl(outer.query))


def _feed(got: Fetched, door: Door, wanted: Wanted, *, is_site: bool = False) -> Brought:
    """Read a feed, and its further pages while they may hold what is wanted.

    Without a time asked for, a feed is its newest page; where it stands for a whole site it is read on to the number
    wanted, as the site itself would be, and its moments, which WordPress gives in UTC, come in the zone of the site.
    """
    validator = Validator(got.headers.get("etag", ""), got.headers.get("last-modified", ""))
    goes_on = is_site or wanted.since is not None or wanted.until is not None
    found: list[Article] = []
    notes: list[str] = []
    where = got.url
    for number in range(1, _MOST_PAGES + 1):
        articles = feed.parse(
            got.data, got.url, content_type=got.content_type, charset=got.charset, now=wanted.now, zone=wanted.zone
        )
        known = {(each.url, each.title) for each in found}
        fresh = [each for each in articles if (each.url, each.title) not in known]
        found += fresh
        onward = feed.next_page(got.data, got.url) if goes_on else ""
        is_enough = sum(map(wanted.has, found)) >= wanted.most
        if not fresh or not onward or is_enough or wanted.ends_before(fresh[-1]):
            break
        try:
            got = door.get(onward, "feed")
        except FetchError as error:
            if error.status != 404:  # past the last page WordPress answers so
                notes.append(f"{error}; the newest {len(found)} articles were taken")
            break
        if number == _MOST_PAGES:
            notes.append(f"{where}: it has more than {_MOST_PAGES} pages; the newest {len(found)} articles were taken")
    if not found:
        raise SourceError("the feed holds no article", where=where, mend="check the address")
    kept = [_in_zone(each, wanted.zone) if is_site else each for each in found if wanted.has(each)][: wanted.most]
    if not kept:
        notes.append(f"{where}: nothing was published in the time asked for")
    return Brought(tuple(kept), tuple(notes), validator if validator.headers() else None)


def _in_zone(article: Article, zone: tzinfo) -> Article:
    return replace(article, published=article.published.astimezone(zone)) if article.published else article


def _bound(bound: datetime | date | None, of_day: time, zone: tzinfo) -> datetime | None:
    if bound is None or isinstance(bound, datetime):
        return bound
    return datetime.combine(bound, of_day, tzinfo=zone)
