"""RSS, Atom, RDF and JSON feeds: bytes to Articles, whatever is wrong with the bytes."""

from __future__ import annotations

import html
import io
import json
import re
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from newsletter.errors import SourceError
from newsletter.models import Article
from newsletter.sources import when
from newsletter.sources.charset import decode
from newsletter.sources.clean import clean, first_image, opening, plain
from newsletter.sources.clean.boilerplate import author_name, section_name, without_first_on
from newsletter.sources.clean.teaser import LONGEST, teaser
from newsletter.sources.documents import Refusal
from newsletter.sources.feed_xml import DEEPEST, HEAD, MOST_ENTRIES, bounded, depth_of, root_of, well_formed
from newsletter.sources.http.models import LIMITS
from newsletter.sources.http.unpack import UnpackedTooLargeError, unpacked
from newsletter.sources.identity import normal_url, of_guid
from newsletter.sources.links import absolute
from newsletter.sources.wordpress.signs import wants_password
from newsletter.text.tidy import summary

_NEXT_LINK = re.compile(r"<(?:\w{1,20}:)?link\b[^>]{0,400}\brel\s*=\s*[\"']next[\"'][^>]{0,400}>", re.IGNORECASE)
_HREF = re.compile(r"\bhref\s*=\s*[\"']([^\"']{1,2000})")
_WORDPRESS = re.compile(r"<generator>\s*https?://wordpress\.(?:org|com)/", re.IGNORECASE)
_NEXT_WITHIN = 20_000


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """What one page of a feed holds."""

    articles: list[Article]
    """In its order."""
    refused: tuple[Refusal, ...] = ()
    """Entries that give none."""


def looks_like(data: bytes) -> bool:
    """Say whether bytes begin as a feed does.

    Args:
        data: The document.
    """
    head = decode(data[:HEAD])
    if head.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        return "jsonfeed.org/version" in head.replace("\\/", "/") or '"items"' in head
    return root_of(head) in ("rss", "feed", "rdf", "channel")


def parse(
    data: bytes, where: str, *, content_type: str = "", charset: str = "", now: datetime, zone: tzinfo = UTC
) -> ParsedFeed:
    """Read every article of a feed, in its order.

    Args:
        data: The feed; gzip is unpacked, and the code page found as decode says.
        where: URL or path it came from, for messages and relative links.
        content_type: Media type it was sent with; may be empty.
        charset: Code page it was sent with; may be empty.
        now: The present moment, aware; later dates are not believed.
        zone: Zone of dates that name none.

    Raises:
        SourceError: It is no feed, is empty or too large.
    """
    text = decode(_unpacked(data, where), charset)
    if not text.strip("\ufeff\x00 \t\r\n"):
        raise SourceError("the file is empty", where=where, mend="check the address")
    if text.lstrip("\ufeff \t\r\n").startswith("{") or content_type.endswith("json"):
        return _json_feed(text, where, now, zone)
    return _xml_feed(text, where, now, zone)


def next_page(data: bytes, where: str) -> str:
    """Address of the page with older articles, if the feed has one.

    Args:
        data: The feed.
        where: Its address.

    Returns:
        What its ``next`` link names (RFC 5005, or ``next_url`` of JSON Feed); for WordPress ``?paged=2`` and so on;
        empty when there is none.
    """
    text = decode(data)
    for link in _NEXT_LINK.finditer(text[:_NEXT_WITHIN]):
        href = _HREF.search(link[0])
        if href:
            return absolute(where, html.unescape(href[1]))
    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        try:
            return absolute(where, _text(json.loads(text.lstrip("\ufeff")), "next_url"))
        except (ValueError, RecursionError, AttributeError):
            return ""
    if not _WORDPRESS.search(text[:_NEXT_WITHIN]):
        return ""
    parts = urlsplit(where)
    query = parse_qsl(parts.query, keep_blank_values=True)
    number = next((int(value) for name, value in query if name == "paged" and value.isdecimal()), 1)
    query = [(name, value) for name, value in query if name != "paged"] + [("paged", str(number + 1))]
    return urlunsplit(parts._replace(query=urlencode(query)))


def _unpacked(data: bytes, where: str) -> bytes:
    limit = LIMITS["feed"]
    try:
        return unpacked(data, limit)
    except zlib.error:
        raise SourceError("its gzip packing is broken", where=where, mend="fetch it again") from None
    except UnpackedTooLargeError:
        size = limit // 1_000_000
        raise SourceError(
            f"the feed is larger than {size} MB", where=where, mend="ask the site for a shorter feed"
        ) from None


def _xml_feed(text: str, where: str, now: datetime, zone: tzinfo) -> ParsedFeed:
    import feedparser  # type: ignore[import-untyped]  # it has no types, nor has anyone made stubs

    text = bounded(well_formed(text))
    if depth_of(text) > DEEPEST:
        raise SourceError("the feed opens tags and hardly closes them", where=where, mend="tell the site's operator")
    # Handed over as a stream of bytes we made ourselves: feedparser opens a str or bytes that names a file.
    stream = io.BytesIO(b'<?xml version="1.0" encoding="utf-8"?>' + text.encode("utf-8", errors="replace"))
    try:
        feed = feedparser.parse(stream, sanitize_html=False, resolve_relative_uris=False)
    except MemoryError:
        raise
    except Exception as error:  # its parsers are fed hostile bytes; whatever they raise, this feed is unreadable
        words = f"the feed cannot be read ({type(error).__name__})"
        raise SourceError(words, where=where, mend="tell the site's operator") from None
    if not feed.get("version") and not feed.entries:
        if root_of(text[:HEAD]) in ("html", "head", "body"):
            raise SourceError("this is a web page, not a feed", where=where, mend="give the address of the feed")
        raise SourceError("this is no feed", where=where, mend="check the address")
    base = absolute(where, str(feed.feed.get("link", ""))) or where
    return _parsed([_entry(entry, base, where, now, zone) for entry in feed.entries[:MOST_ENTRIES]])


def _parsed(entries: Sequence[Article | Refusal]) -> ParsedFeed:
    """Articles and refusals apart; a guid that entries of different addresses share says nothing of any of them."""
    links: defaultdict[str, set[str]] = defaultdict(set)
    articles = [one for one in entries if isinstance(one, Article)]
    for one in articles:
        for name in one.identities:
            links[name].add(normal_url(one.url) or one.title)
    sound = [
        replace(one, identities=tuple(name for name in one.identities if len(links[name]) == 1)) for one in articles
    ]
    return ParsedFeed(sound, tuple(one for one in entries if isinstance(one, Refusal)))


def _entry(entry: Mapping[str, Any], base: str, where: str, now: datetime, zone: tzinfo) -> Article | Refusal:
    url = absolute(base, _text(entry, "feedburner_origlink")) or absolute(base, _text(entry, "link"))
    title = _headline(entry)
    contents = [opening(str(each.get("value", ""))) for each in entry.get("content", ()) if each.get("value")]
    fragment = opening(_text(entry, "summary"))
    if any(map(wants_password, (*contents, fragment))):
        return Refusal(title or url, "it wants a password")
    body = without_first_on(clean(max(contents, key=len), url or base)) if contents else ""
    if not body and len(plain(fragment)) > LONGEST:
        body = without_first_on(clean(fragment, url or base))
    image, alt = _picture(entry, url or base)
    if not image:
        image, alt = first_image(body or clean(fragment, url or base))
    short = teaser(fragment, body, title)
    if not title and not short:
        return Refusal(url or where, "it has neither a headline nor words")
    return Article(
        title=title or summary(short, least=20, most=80),
        url=url,
        summary=short,
        body=body,
        image=image,
        image_alt=alt,
        author=_authors(entry),
        section=section_name([plain(str(tag.get("term") or tag.get("label") or "")) for tag in entry.get("tags", ())]),
        published=_published(entry, now, zone),
        source=where,
        identities=of_guid(_text(entry, "id"), base, url),
        reading="feed",
    )


def _headline(entry: Mapping[str, Any]) -> str:
    detail = entry.get("title_detail") or {}
    return plain(str(detail.get("value") or _text(entry, "title")))


def _authors(entry: Mapping[str, Any]) -> str:
    people = [str(each.get("name", "")) for each in entry.get("authors", ()) if each] or [_text(entry, "author")]
    if len(people) == 1 and "@" in _text(entry, "author"):  # feedparser cuts an address of a newer domain in two
        people = [_text(entry, "author")]
    return "، ".join(dict.fromkeys(name for name in map(author_name, map(plain, people)) if name))


def _published(entry: Mapping[str, Any], now: datetime, zone: tzinfo) -> datetime | None:
    values = dict(entry.items())  # feedparser's own mapping answers "updated" from "published", with a warning
    for key in ("published", "created", "updated"):
        found = when.parse(str(values.get(key) or ""), now=now, zone=zone)
        if found:
            return found
    return None


def _picture(entry: Mapping[str, Any], base: str) -> tuple[str, str]:
    """A picture that the feed names by itself: media:content, enclosure, media:thumbnail, itunes:image."""
    found: list[tuple[int, str, str]] = []
    for each in (*entry.get("media_content", ()), *entry.get("enclosures", ())):
        kind = str(each.get("type") or each.get("medium") or "")
        url = str(each.get("url") or each.get("href") or "")
        if kind.startswith("image") or (not kind and re.search(r"\.(?:jpe?g|png|gif|webp|avif)(?:\?|$)", url, re.I)):
            found.append((_number(each.get("width")), url, plain(str(each.get("title") or ""))))
    widest = max(found, key=lambda each: each[0], default=None)
    if widest and absolute(base, widest[1]):
        return absolute(base, widest[1]), widest[2]
    for each in entry.get("media_thumbnail", ()):
        if absolute(base, str(each.get("url") or "")):
            return absolute(base, str(each.get("url"))), ""
    image = entry.get("image")
    return absolute(base, str(image.get("href") or "")) if isinstance(image, Mapping) else "", ""


def _json_feed(text: str, where: str, now: datetime, zone: tzinfo) -> ParsedFeed:
    """JSON Feed 1 and 1.1 (jsonfeed.org)."""
    try:
        feed = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        raise SourceError("this is no JSON that can be read", where=where, mend="check the address") from None
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        raise SourceError("this JSON is no feed: it has no list of items", where=where, mend="check the address")
    return _parsed([_item(item, feed, where, now, zone) for item in items[:MOST_ENTRIES] if isinstance(item, dict)])


def _item(
    item: Mapping[str, Any], feed: Mapping[str, Any], where: str, now: datetime, zone: tzinfo
) -> Article | Refusal:
    base = absolute(where, _text(feed, "home_page_url")) or where
    url = absolute(base, _text(item, "url")) or absolute(base, _text(item, "external_url"))
    if not url and _text(item, "id").startswith("http"):
        url = absolute("", _text(item, "id"))
    given = _text(item, "content_html") or "".join(f"<p>{line}</p>" for line in _escaped(_text(item, "content_text")))
    body = clean(given, url or base)
    title = plain(_text(item, "title"))
    short = teaser(_text(item, "summary"), body, title)
    if not title and not short:
        return Refusal(url or where, "it has neither a headline nor words")
    image, alt = absolute(base, _text(item, "image")) or absolute(base, _text(item, "banner_image")), ""
    if not image:
        image, alt = first_image(body)
    dates = (str(item.get(key) or "") for key in ("date_published", "date_modified"))  # some give seconds as a number
    published = next((found for each in dates if (found := when.parse(each, now=now, zone=zone))), None)
    return Article(
        title=title or summary(short, least=20, most=80),
        url=url,
        summary=short,
        body=body,
        image=image,
        image_alt=alt,
        author="، ".join(_people(item) or _people(feed)),
        section=section_name([tag for tag in _list(item.get("tags")) if isinstance(tag, str)]),
        published=published,
        source=where,
        identities=of_guid(_text(item, "id"), base, url),
        reading="feed",
    )


def _people(holder: Mapping[str, Any]) -> list[str]:
    people = _list(holder.get("authors")) or [holder.get("author")]
    names = (author_name(_text(each, "name")) for each in people if isinstance(each, Mapping))
    return [name for name in names if name]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _escaped(text: str) -> Iterable[str]:
    return (html.escape(line) for line in text.splitlines() if line.strip())


def _text(holder: Mapping[str, Any], key: str) -> str:
    value = holder.get(key)
    return value if isinstance(value, str) else ""


def _number(value: object) -> int:
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0
