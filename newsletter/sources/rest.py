"""Articles of a WordPress site through its REST interface: the site's, those of an archive page, or one list's own."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from newsletter.errors import SourceError
from newsletter.models import Article
from newsletter.sources import wordpress
from newsletter.sources.charset import decode
from newsletter.sources.documents import ArticleFilter, Document, SourceResult
from newsletter.sources.http.models import FetcherProtocol
from newsletter.sources.wordpress.models import ARCHIVES
from newsletter.sources.wordpress.reading import article_of, is_locked

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
    return bool(document.url and wordpress.interface_of(document.url)) or bool(_POSTS.match(head))


def read(document: Document, wanted: ArticleFilter) -> SourceResult:
    """Read the list, the post or the archive that an address of the interface stands for; its own query is respected.

    Args:
        document: The answer, of an address or saved in a file.
        wanted: Which articles.

    Raises:
        SourceError: It lists something else than articles, or the interface does not answer.
    """
    within = wordpress.interface_of(document.url) if document.url else None
    if document.door is None or within is None:
        return _saved(document, wanted)
    root, route = within
    if route in ("", "wp/v2"):
        return read_list(document.door, wordpress.RestLink(root), document.where, wanted)[0]
    named = _ROUTE.match(route)
    home = wordpress.RestLink(root).home
    if named is None or (named["name"] in _NO_ARTICLES and not (named["name"] in ARCHIVES and named["id"])):
        what = f"the route {route} lists no articles"
        raise SourceError(what, where=document.where, mend=f"give {root}wp/v2/posts, or the site's front page {home}")
    if named["id"] and named["name"] in ARCHIVES:
        sign = wordpress.RestLink(root, named["name"], int(named["id"]))
        return read_list(document.door, sign, document.where, wanted)[0]
    if named["id"]:
        return _saved(document, wanted)
    pairs = parse_qsl(urlsplit(document.url).query, keep_blank_values=True)
    own = wordpress.ListQuery(named["name"], tuple(pair for pair in pairs if pair[0] not in _SHOWING))
    return read_list(document.door, wordpress.RestLink(root), document.where, wanted, own=own)[0]


def read_list(
    door: FetcherProtocol,
    sign: wordpress.RestLink,
    where: str,
    wanted: ArticleFilter,
    *,
    own: wordpress.ListQuery | None = None,
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
    site = wordpress.open_site(door, sign.root)
    found = wordpress.listing(
        door, site, now=wanted.now, most=wanted.most, since=wanted.since, until=wanted.until, archive=sign, own=own
    )
    is_whole = found.trouble is None
    notes = [str(found.trouble)] if found.trouble else []
    if found.locked:
        notes.append(f"{where}: {found.locked} of its articles want a password and were left out")
    try:
        articles = wordpress.details(door, site, found.posts, now=wanted.now, route=own.route if own else "posts")
    except SourceError as error:
        is_whole = False
        articles = [each.article for each in found.posts]
        notes.append(f"{error.where}: {error.what}; headlines and excerpts only were taken")
    if own is not None:
        articles = [each for each in articles if wanted.has(each)]
    if not articles:
        notes.append(f"{where}: nothing was published in the time asked for")
    return SourceResult(tuple(articles), tuple(notes)), is_whole


def _saved(document: Document, wanted: ArticleFilter) -> SourceResult:
    """The posts that an answer holds itself; for more nobody is asked."""
    values = _values(document)
    locked = sum(map(is_locked, values))
    site = wordpress.WordPressSite(document.where, url=document.url, zone=wanted.zone or UTC)
    found = (article_of(each, site, wanted.now) for each in values if not is_locked(each))
    articles: Sequence[Article] = [each for each in found if each is not None and wanted.has(each)]
    if locked and len(values) == 1:
        raise wordpress.locked(document.where)
    if not articles and not values:
        raise SourceError("the list holds no article", where=document.where, mend="check the address")
    notes = [f"{document.where}: {locked} of its articles want a password and were left out"] if locked else []
    return SourceResult(tuple(articles[: wanted.limit(document)]), tuple(notes))


def _values(document: Document) -> list[dict[str, Any]]:
    try:
        value = json.loads(decode(document.data).lstrip("\ufeff"), strict=False)
    except (ValueError, RecursionError):
        raise SourceError("this is no JSON that can be read", where=document.where, mend="save it again") from None
    values = value if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, dict)]
