"""What a page tells of its site: its REST interface, the feed of one article, and whether that is locked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from newsletter.errors import SourceError
from newsletter.sources.charset import decode
from newsletter.sources.clean.markup import tree
from newsletter.sources.http.models import Fetched
from newsletter.sources.links import absolute
from newsletter.sources.wordpress.models import RestLink
from newsletter.text.tracking import is_tracking

_LINK = re.compile(r"<([^<>]*)>((?:\s*;\s*[\w-]+\s*=\s*(?:\"[^\"]*\"|[^\s;,\"]+))*)")
_PARAMETER = re.compile(r"([\w-]+)\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))")
_ROUTE = re.compile(r"wp/v2/([\w-]{1,40})/(\d{1,12})/?$")
_FEED_TYPES = frozenset({"feed", "rss2", "rss", "rdf", "atom"})
_FEED_PATH = re.compile(r"/(?:feed(?:/(?:feed|rss2?|rdf|atom))?|wp-(?:feed|rss2?|rdf|atom)\.php)/?$", re.IGNORECASE)
_INTERFACE = re.compile(r"^(?P<root>.*?/wp-json)(?P<route>(?:/.*)?)$")
_API = "https://api.w.org/"
_LOCK = re.compile(r"<form\b[^>]{0,1000}\baction=postpass\b", re.IGNORECASE)
_NO_EXCERPT = frozenset(
    {
        "There is no excerpt because this is a protected post.",
        "لا يوجد مختصر لأن هذه التدوينة محمية بكلمة مرور.",
    }
)
"""From WordPress' own words and their Arabic translation."""


def signpost(got: Fetched) -> RestLink | None:
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
            return RestLink(root, route[1], int(route[2]))
    return RestLink(root)


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


def page_of_feed(url: str) -> str:
    """Address of the page that a feed of WordPress belongs to: the front page, an archive page, an article.

    Args:
        url: Address of the feed, with or without pretty permalinks.

    Returns:
        For example ``https://example.org/category/x/``; empty when the address has no shape of WordPress' feeds, or
        chooses posts in more ways than one archive page does.
    """
    parts = urlsplit(url)
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not is_tracking(pair[0])]
    path = _FEED_PATH.sub("/", parts.path)
    rest = [(name, value) for name, value in query if name != "feed"]
    is_feed = path != parts.path or any(name == "feed" and value in _FEED_TYPES for name, value in query)
    is_plain = len(rest) + (path.strip("/") not in ("", "index.php") and path != parts.path) <= 1
    several = any(sign in value for value in (unquote(path), *(value for _, value in rest)) for sign in "+,") or any(
        value.startswith("-") for _, value in rest
    )
    if not is_feed or not is_plain or several or any(name == "paged" for name, _ in rest):
        return ""
    return urlunsplit((parts.scheme, parts.netloc, path, urlencode(rest), ""))


def interface_of(url: str) -> tuple[str, str] | None:
    """Take the address of something within a REST interface apart.

    Args:
        url: Any address.

    Returns:
        The address of the interface, and the route below it (``wp/v2/posts``, or empty); None when it is none.
    """
    parts = urlsplit(url)
    within = _INTERFACE.match(parts.path)
    if within:
        return urlunsplit((parts.scheme, parts.netloc, within["root"] + "/", "", "")), within["route"].strip("/")
    route = next((value for name, value in parse_qsl(parts.query) if name == "rest_route"), None)
    if route is None:
        return None
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "rest_route=/", "")), route.strip("/")


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
