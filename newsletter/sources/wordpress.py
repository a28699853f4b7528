"""WordPress sites through their REST interface: better than any reading of their pages, where it is open.

Facts are WordPress' own: developer.wordpress.org/rest-api (discovery, pagination, embedding), and what 6.1 and 6.6
answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from newsletter.errors import SourceError
from newsletter.models import Article
from newsletter.sources import when
from newsletter.sources.boilerplate import author_name, section_name
from newsletter.sources.charset import decode
from newsletter.sources.clean import clean, first_image, plain
from newsletter.sources.http import Door, Fetched, FetchError
from newsletter.sources.identity import normal_url
from newsletter.sources.links import absolute
from newsletter.sources.markup import tree
from newsletter.sources.teaser import teaser

_SHORT = "id,date,date_gmt,link,title,excerpt,categories,featured_media,jetpack_featured_media_url,sticky"
_WHOLE = f"{_SHORT},content,author,_links,_embedded"
_EMBED = "author,wp:featuredmedia,wp:term"
_PER_PAGE = 100
_AT_ONCE = 25
"""Posts whose content and embeds are asked for at once: about 17 KB each."""
_MOST_PAGES = 50
_WIDEST_LETTER = 600
"""Pixels of a letter's column: the smallest picture at least as wide is the best."""
_LINK = re.compile(r"<([^<>]*)>((?:\s*;\s*[\w-]+\s*=\s*(?:\"[^\"]*\"|[^\s;,\"]+))*)")
_PARAMETER = re.compile(r"([\w-]+)\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))")
_ROUTE = re.compile(r"wp/v2/([\w-]{1,40})/(\d{1,12})/?$")
_ARCHIVES = {"categories": "categories", "tags": "tags", "users": "author"}
"""Routes of what is not an article but chooses some, with the parameter that does it."""
_API = "https://api.w.org/"
_LOCK = re.compile(r"<form\b[^>]{0,1000}\baction=postpass\b", re.IGNORECASE)
_NO_EXCERPT = frozenset(
    {
        "There is no excerpt because this is a protected post.",
        "لا يوجد مختصر لأن هذه التدوينة محمية بكلمة مرور.",
    }
)
"""From WordPress' own words and their Arabic translation."""


@dataclass(frozen=True, slots=True)
class Signpost:
    """What a page of a WordPress site says about its REST interface."""

    root: str
    """Address of the interface, for example ``https://example.org/wp-json/``."""
    route: str = ""
    """What the page itself shows: ``posts``, ``pages``, ``categories`` …, or empty when it does not say."""
    id: int = 0

    @property
    def is_archive(self) -> bool:
        """Whether the page lists the posts of a category, tag or author."""
        return self.route in _ARCHIVES


@dataclass(frozen=True, slots=True)
class Site:
    """A site whose interface answered."""

    root: str
    name: str = ""
    url: str = ""
    zone: tzinfo = UTC


@dataclass(frozen=True, slots=True)
class Listed:
    """One post as the short listing gives it: enough to choose, a tenth of the bytes."""

    id: int
    article: Article
    is_sticky: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """What a site lists."""

    posts: tuple[Listed, ...]
    """Sticky ones first, then by date, newest first."""
    locked: int = 0
    """Posts left out because they want a password."""
    trouble: SourceError | None = None
    """Why the listing breaks off, if it does."""


@dataclass(frozen=True, slots=True)
class _Answer:
    values: list[Mapping[str, Any]]
    headers: Mapping[str, str] = field(default_factory=dict)


def signpost(got: Fetched) -> Signpost | None:
    """Find the way from a page to the REST interface of its site.

    Args:
        got: Any page of the site; its Link headers are read first, then its link elements.

    Returns:
        The signpost, or None where no WordPress shows itself.
    """
    links = [*_header_links(got.headers.get("link", "")), *_element_links(got)]
    root = next((absolute(got.url, target) for target, values in links if values.get("rel") == _API), "")
    if not root:
        return None
    for target, values in links:
        route = _ROUTE.search(unquote(target))
        if values.get("rel") == "alternate" and values.get("type") == "application/json" and route:
            return Signpost(root, route[1], int(route[2]))
    return Signpost(root)


def open_site(door: Door, root: str) -> Site:
    """Ask a site for its name and zone.

    Args:
        door: Fetches.
        root: Address of the interface.

    Raises:
        SourceError: The interface is closed or answers with something else than JSON.
    """
    values = _ask(door, root, "", {"_fields": "name,url,gmt_offset,timezone_string"}).values
    index = values[0] if values else {}
    return Site(root, plain(_text(index.get("name"))), absolute("", _text(index.get("url"))), _zone(index))


def listing(
    door: Door,
    site: Site,
    *,
    now: datetime,
    most: int,
    since: datetime | date | None = None,
    until: datetime | date | None = None,
    archive: Signpost | None = None,
) -> Listing:
    """List posts in the short form, page by page, to the end or to the number wanted.

    Args:
        door: Fetches.
        site: As open_site gave it.
        now: The present moment, aware.
        most: Most posts wanted.
        since: Not before; a date means its first moment in the site's own zone, a datetime is aware.
        until: Not after; a date means its last moment.
        archive: A page of a category, tag or author, to list only its posts.

    Raises:
        SourceError: The first page cannot be had; of a later one the listing tells instead.
    """
    asked = {"per_page": str(min(most, _PER_PAGE)), "_fields": f"{_SHORT},content.protected"}
    if archive is not None and archive.is_archive:
        asked[_ARCHIVES[archive.route]] = str(archive.id)
    if since is not None:
        asked["after"] = _moment(since, time.min, -1)
    if until is not None:
        asked["before"] = _moment(until, time.max, 1)
    posts: list[Listed] = []
    locked = 0
    trouble = None
    for number in range(1, _MOST_PAGES + 1):
        try:
            answer = _ask(door, site.root, "wp/v2/posts", asked | {"page": str(number)}, past_the_end=number > 1)
        except SourceError as error:
            if number == 1:
                raise
            trouble = error
            break
        locked += sum(map(_is_locked, answer.values))
        posts += [each for value in answer.values if not _is_locked(value) and (each := _listed(value, site, now))]
        pages = answer.headers.get("x-wp-totalpages", "")
        is_last = number >= int(pages) if pages.isdecimal() else len(answer.values) < int(asked["per_page"])
        if is_last or len(posts) >= most:
            break
    posts.sort(key=lambda each: not each.is_sticky)
    return Listing(tuple(posts[:most]), locked, trouble)


def details(door: Door, site: Site, posts: Sequence[Listed], *, now: datetime) -> list[Article]:
    """Fetch content, picture, author and section names of chosen posts.

    Args:
        door: Fetches.
        site: As open_site gave it.
        posts: The chosen ones.
        now: The present moment, aware.

    Returns:
        Their articles, in the same order; the short form stays where the site gives nothing more.

    Raises:
        SourceError: An answer cannot be had.
    """
    whole: dict[int, Article] = {}
    for at in range(0, len(posts), _AT_ONCE):
        numbers = ",".join(str(each.id) for each in posts[at : at + _AT_ONCE])
        asked = {"include": numbers, "per_page": str(_AT_ONCE), "_embed": _EMBED, "_fields": _WHOLE}
        for value in _ask(door, site.root, "wp/v2/posts", asked).values:
            article = _article(value, site, now)
            if article and isinstance(value.get("id"), int):
                whole[value["id"]] = article
    return [whole.get(each.id, each.article) for each in posts]


def twin(door: Door, site: Site, sign: Signpost, got: Fetched, *, now: datetime) -> Article | None:
    """Fetch the REST twin of a page that shows one post or page.

    Args:
        door: Fetches.
        site: As open_site gave it.
        sign: What the page says of itself; where it does not name its post, the last part of its address is tried
            as the post's slug.
        got: The page.
        now: The present moment, aware.

    Returns:
        The article, or None when the page shows none.

    Raises:
        SourceError: The interface does not answer, or the post wants a password.
    """
    whole = {"_embed": _EMBED, "_fields": _WHOLE}
    if sign.route and not sign.is_archive:
        values = _ask(door, site.root, f"wp/v2/{sign.route}/{sign.id}", whole).values
    else:
        slug = urlsplit(got.url).path.rstrip("/").rpartition("/")[2]
        if sign.is_archive or not slug:
            return None
        values = _ask(door, site.root, "wp/v2/posts", whole | {"slug": unquote(slug)}).values
        values = [each for each in values if normal_url(_text(each.get("link"))) == normal_url(got.url)]
    if values and _is_locked(values[0]):
        raise locked(got.url)
    return _article(values[0], site, now) if values else None


def feed_of(url: str) -> str:
    """Address of the feed that holds one article and nothing else; without its parameter it holds the comments.

    Args:
        url: Address of the article, with or without pretty permalinks.
    """
    parts = urlsplit(url)
    query = [*parse_qsl(parts.query, keep_blank_values=True), ("withoutcomments", "1")]
    if any(name in ("p", "page_id") for name, _ in query):
        return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode([*query, ("feed", "rss2")]), ""))
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + "/feed/", urlencode(query), ""))


def wants_password(fragment: str) -> bool:
    """Whether WordPress shows its form for a password in place of an article, or tells that there is no excerpt.

    Args:
        fragment: HTML of a page that shows one article, or of an article's content or excerpt in a feed.
    """
    return bool(_LOCK.search(fragment)) or fragment.strip() in _NO_EXCERPT


def locked(url: str) -> SourceError:
    """The complaint about an article that wants a password.

    Args:
        url: Its address.
    """
    return SourceError("the article wants a password", where=url, mend="publish it without one to collect it")


# Asking


def _ask(door: Door, root: str, route: str, asked: Mapping[str, str], *, past_the_end: bool = False) -> _Answer:
    """Ask for JSON: 200 with a list, or with one object, which is a list of one; anything else is a refusal."""
    url = _endpoint(root, route, asked)
    got = door.get(url, "json", statuses={400, 401, 403, 404})
    if past_the_end and got.status == 400 and b"rest_post_invalid_page_number" in got.data:
        return _Answer([])
    if got.status != 200:
        code = _text(_json(got).get("code")) if isinstance(_json(got), Mapping) else ""
        reason = f"{got.status} {code}".strip()
        raise FetchError(
            f"its REST interface is closed ({reason})",
            where=root,
            mend="the site's operator can open it for reading",
            status=got.status,
        )
    value = _json(got)
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(each, dict) for each in values):
        raise FetchError("its REST interface answers with no JSON", where=root, mend="read its feed", status=200)
    return _Answer(values, got.headers)


def _endpoint(root: str, route: str, asked: Mapping[str, str]) -> str:
    """Address of a route, for both shapes of an interface: ``/wp-json/`` and ``/?rest_route=/``."""
    parts = urlsplit(root)
    query = parse_qsl(parts.query, keep_blank_values=True)
    path = parts.path
    if any(name == "rest_route" for name, _ in query):
        query = [(name, value.rstrip("/") + "/" + route if name == "rest_route" else value) for name, value in query]
    else:
        path = path.rstrip("/") + "/" + route
    return urlunsplit((parts.scheme, parts.netloc, path, urlencode([*query, *asked.items()], safe=",:/"), ""))


def _json(got: Fetched) -> Any:
    """The JSON of an answer; notices that PHP printed before it are passed over."""
    text = decode(got.data).lstrip("\ufeff \r\n\t")
    begin = re.search(r"[\[{]\s*(?:[\"{\]}]|$)", text)
    for candidate in (text, text[begin.start() :] if begin else ""):
        try:
            return json.loads(candidate, strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _header_links(header: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Targets and parameters of a Link header (RFC 8288)."""
    for match in _LINK.finditer(header[:20_000]):
        yield match[1], {one[1].lower(): one[2] or one[3] for one in _PARAMETER.finditer(match[2])}


def _element_links(got: Fetched) -> Iterator[tuple[str, dict[str, str]]]:
    if b"api.w.org" not in got.data:
        return
    root = tree(decode(got.data, got.charset))
    for element in root.iter("link") if root is not None else ():
        yield element.get("href") or "", {name: element.get(name) or "" for name in ("rel", "type")}


def _moment(bound: datetime | date, of_day: time, seconds: int) -> str:
    """A bound as the interface takes it; it compares exclusively, so one second is given.

    Without an offset it means the site's own time, which is what a bare date means too.
    """
    shift = timedelta(seconds=seconds)
    if isinstance(bound, datetime):
        return (bound.astimezone(UTC) + shift).strftime("%Y-%m-%dT%H:%M:%SZ")
    moment = datetime.combine(bound, of_day.replace(microsecond=0)) + shift
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def _zone(index: Mapping[str, Any]) -> tzinfo:
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(_text(index.get("timezone_string")) or "?")
    except (ValueError, OSError, KeyError):
        pass
    try:
        return timezone(timedelta(hours=float(index.get("gmt_offset") or 0)))
    except (ValueError, TypeError, OverflowError):
        return UTC


# Reading


def _is_locked(value: Mapping[str, Any]) -> bool:
    """Whether a post wants a password: its content and excerpt are then empty, and say so."""
    return any(
        isinstance(part := value.get(name), Mapping) and part.get("protected") is True
        for name in ("content", "excerpt")
    )


def _listed(value: Mapping[str, Any], site: Site, now: datetime) -> Listed | None:
    article = _article(value, site, now)
    number = value.get("id")
    return Listed(number, article, value.get("sticky") is True) if article and isinstance(number, int) else None


def _article(value: Mapping[str, Any], site: Site, now: datetime) -> Article | None:
    url = absolute(site.url or site.root, _text(value.get("link")))
    title = plain(_rendered(value, "title"))
    body = clean(_rendered(value, "content"), url)
    short = teaser(_rendered(value, "excerpt"), body, title)
    if not title and not short:
        return None
    embedded = value.get("_embedded")
    parts = embedded if isinstance(embedded, Mapping) else {}
    image, alt = _picture(parts, url) or (absolute(url, _text(value.get("jetpack_featured_media_url"))), "")
    if not image:
        image, alt = first_image(body)
    categories = [name for name in _terms(parts, "category") if section_name([name])]
    section, sticky = section_name(categories), value.get("sticky")
    return Article(
        title=title or short,
        url=url,
        summary=short,
        body=body,
        image=image,
        image_alt=alt,
        author=_author(parts, site),
        section=section,
        published=_published(value, site, now),
        source=site.root,
        tags=tuple(
            name for name in dict.fromkeys([*categories, *_terms(parts, "post_tag")]) if name and name != section
        ),
        sticky=sticky if isinstance(sticky, bool) else None,
    )


def _published(value: Mapping[str, Any], site: Site, now: datetime) -> datetime | None:
    universal = when.parse(_text(value.get("date_gmt")), now=now)
    local = when.parse(_text(value.get("date")), now=now, zone=site.zone)
    return universal.astimezone(site.zone) if universal else local


def _author(parts: Mapping[str, Any], site: Site) -> str:
    """Names of the authors; where the users' route is blocked, an error stands in their place."""
    people = (_text(each.get("name")) for each in _list(parts.get("author")) if isinstance(each, Mapping))
    names = (author_name(plain(name), [site.name]) for name in people)
    return "، ".join(dict.fromkeys(name for name in names if name))


def _terms(parts: Mapping[str, Any], taxonomy: str) -> Iterator[str]:
    for terms in _list(parts.get("wp:term")):
        for term in _list(terms):
            if isinstance(term, Mapping) and term.get("taxonomy") == taxonomy:
                yield plain(_text(term.get("name")))


def _picture(parts: Mapping[str, Any], base: str) -> tuple[str, str] | None:
    """The featured picture in the smallest size that fills a letter, else the largest."""
    media = next(iter(_list(parts.get("wp:featuredmedia"))), None)
    if not isinstance(media, Mapping) or not _text(media.get("mime_type") or "image/").startswith("image/"):
        return None
    info = media.get("media_details")
    info = info if isinstance(info, Mapping) else {}
    sizes = info.get("sizes")
    named = list(sizes.values()) if isinstance(sizes, Mapping) else []
    offers = [
        each
        for each in (*named, {"source_url": media.get("source_url"), "width": info.get("width")})
        if isinstance(each, Mapping)
    ]
    widths = sorted(
        (width if isinstance(width := each.get("width"), int) else 0, address)
        for each in offers
        if (address := absolute(base, _text(each.get("source_url"))))
    )
    if not widths:
        return None
    best = next((address for width, address in widths if width >= _WIDEST_LETTER), widths[-1][1])
    return best, plain(_text(media.get("alt_text")))


def _rendered(value: Mapping[str, Any], name: str) -> str:
    part = value.get(name)
    return _text(part.get("rendered")) if isinstance(part, Mapping) else _text(part)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
