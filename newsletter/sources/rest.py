"""Articles of a WordPress site through its REST interface: the site's, those of an archive page, or one list's own."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from newsletter.errors import SourceError
from newsletter.sources.charset import decode
from newsletter.sources.documents import ArticleFilter, Document, SourceResult
from newsletter.sources.http.models import FetcherProtocol
from newsletter.sources.links import absolute, is_web
from newsletter.sources.wordpress.models import ARCHIVES, ListRequest, RestLink, WordPressSite
from newsletter.sources.wordpress.posts import details, held, listing, open_site
from newsletter.sources.wordpress.signs import interface_of, locked
from newsletter.sources.wordpress.values import as_list, as_text

_ROUTE = re.compile(r"^wp/v2/(?P<name>[\w-]{1,40})(?:/(?P<id>\d{1,12}))?$")
_POSTS = re.compile(r'^\s*\[?\s*\{.{0,2000}?"title"\s*:\s*\{\s*"rendered"\s*:', re.DOTALL)
_NO_ARTICLES = frozenset(
    {
        *("categories", "tags", "users", "media", "comments", "types", "taxonomies", "statuses", "settings", "search"),
        *("themes", "plugins", "blocks", "block-types", "menus", "menu-items", "menu-locations", "sidebars", "widgets"),
        *("widget-types", "templates", "template-parts", "global-styles", "navigation", "pattern-directory"),
    }
)
"""Routes of WordPress' own that list something else; whatever else there is is a type of posts."""
_SHOWING = frozenset({"_fields", "_embed", "_envelope", "_jsonp", "_method", "_locale", "context", "rest_route"})
"""Parameters that choose how posts are shown, and not which."""


def holds(document: Document) -> bool:
    """Say whether a document is an answer of a REST interface, by its address or by posts as the interface gives them.

    Args:
        document: Any document.
    """
    head = decode(document.data[:20_000]).lstrip("\ufeff \t\r\n")
    if not head.startswith(("[", "{")):
        return False
    return bool(document.url and interface_of(document.url)) or bool(_POSTS.match(head))


def read(document: Document, wanted: ArticleFilter) -> SourceResult:
    """Read the list, the post or the archive that an address of the interface stands for; its own query is respected.

    Args:
        document: The answer, of an address or saved in a file.
        wanted: Which articles.

    Raises:
        SourceError: It lists something else than articles, or the interface does not answer.
    """
    within = interface_of(document.url) if document.url else None
    if document.door is None or within is None:
        return _saved(document, wanted)
    root, route = within
    if route in ("", "wp/v2"):
        return read_list(document.door, RestLink(root), document.where, wanted)[0]
    named = _ROUTE.match(route)
    home = RestLink(root).home
    if named is None or (named["name"] in _NO_ARTICLES and not (named["name"] in ARCHIVES and named["id"])):
        what = f"the route {route} lists no articles"
        raise SourceError(what, where=document.where, mend=f"give {root}wp/v2/posts, or the site's front page {home}")
    if named["id"] and named["name"] in ARCHIVES:
        sign = RestLink(root, named["name"], int(named["id"]))
        return read_list(document.door, sign, document.where, wanted)[0]
    if named["id"]:  # the answer itself has neither its picture nor its names
        own = ListRequest(named["name"], (("include", named["id"]),))
        return read_list(document.door, RestLink(root), document.where, wanted, own=own)[0]
    pairs = parse_qsl(urlsplit(document.url).query, keep_blank_values=True)
    own = ListRequest(named["name"], tuple(pair for pair in pairs if pair[0] not in _SHOWING))
    return read_list(document.door, RestLink(root), document.where, wanted, own=own)[0]


def read_list(
    door: FetcherProtocol,
    sign: RestLink,
    where: str,
    wanted: ArticleFilter,
    *,
    own: ListRequest | None = None,
) -> tuple[SourceResult, bool]:
    """Read the newest posts of a site, those of an archive page, or those of one list.

    Args:
        door: Fetches an address, as a Fetcher does.
        sign: The way to the interface; where it names an archive page, only its posts are read.
        where: Address to name in notes.
        wanted: Which articles.
        own: The list's own route and query.

    Returns:
        What it gave, and whether every answer came.

    Raises:
        SourceError: The interface does not answer.
    """
    site = open_site(door, sign.root)
    found = listing(
        door, site, now=wanted.now, most=wanted.most, since=wanted.since, until=wanted.until, archive=sign, own=own
    )
    is_whole = found.trouble is None
    notes = [*([str(found.trouble)] if found.trouble else []), *_locked(found.locked, where)]
    try:
        articles = details(door, site, found.posts, now=wanted.now, route=own.route if own else "posts")
    except SourceError as error:
        is_whole = False
        # The short form has no text: what a feed gives is as good.
        articles = [replace(each.article, reading="feed") for each in found.posts]
        notes.append(f"{error.where}: {error.what}; headlines and excerpts only were taken")
    kept, left = replace(wanted, zone=site.zone).chosen(articles, None)
    if not kept:
        notes.append(f"{where}: nothing was published in the time asked for")
    return SourceResult(tuple(kept), tuple(notes), refused=(*found.refused, *left)), is_whole


def _saved(document: Document, wanted: ArticleFilter) -> SourceResult:
    """The posts that an answer holds itself; for more nobody is asked."""
    values = _values(document)
    site = WordPressSite(document.where, url=_home(values), zone=wanted.zone)
    found = held(values, site, now=wanted.now)
    if found.locked and len(values) == 1:
        raise locked(document.where)
    if not values:
        raise SourceError("the list holds no article", where=document.where, mend="check the address")
    articles = [replace(each.article, reading="feed") for each in found.posts]  # without pictures, and never again
    kept, left = wanted.chosen(articles, wanted.limit(document))
    return SourceResult(tuple(kept), _locked(found.locked, document.where), refused=(*found.refused, *left))


def _home(values: list[dict[str, Any]]) -> str:
    """Front page of the site that saved posts are of, by what they say of their own place; empty when they do not."""
    links = values[0].get("_links") if values else None
    own = as_list(links.get("self")) if isinstance(links, dict) else []
    address = as_text(own[0].get("href")) if own and isinstance(own[0], dict) else ""
    within = interface_of(address) if is_web(address) else None
    return absolute("", RestLink(within[0]).home) if within else ""


def _locked(count: int, where: str) -> tuple[str, ...]:
    return (f"{where}: {count} of its articles want a password and were left out",) if count else ()


def _values(document: Document) -> list[dict[str, Any]]:
    try:
        value = json.loads(decode(document.data).lstrip("\ufeff"), strict=False)
    except (ValueError, RecursionError):
        raise SourceError("this is no JSON that can be read", where=document.where, mend="save it again") from None
    values = value if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, dict)]
