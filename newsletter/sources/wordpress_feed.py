"""A feed of WordPress, read through the site's REST interface: that has the pictures, tags and names a feed lacks.

WordPress 6.1 sends the Link header of a page with its feed too: that of the site, and with the feed of a category, tag
or author the way to that archive. A feed that chooses its posts otherwise (a search, a month, two categories) is read
itself: never is the whole site taken where a part of it was asked for.
"""

from __future__ import annotations

import re
from dataclasses import replace

from newsletter.errors import SourceError
from newsletter.sources import feed_pages, rest, wordpress
from newsletter.sources.charset import decode
from newsletter.sources.documents import ArticleFilter, Document, SourceResult
from newsletter.sources.http.models import FetchError, Validator
from newsletter.sources.identity import normal_url
from newsletter.sources.links import host

_GENERATOR = re.compile(
    r"<generator[^>]{0,200}>\s*(?:https?://(?:www\.)?wordpress\.(?:org|com)/|WordPress\b)", re.IGNORECASE
)
_HEAD = 20_000
_ENTRIES = re.compile(rb"<(?:item|entry)[\s>]", re.IGNORECASE)
_OF_COMMENTS = re.compile(rb"<link>[^<]{0,2000}#comment-\d+\s*</link>|<thr:in-reply-to\b", re.IGNORECASE)
_CLOSED = frozenset({200, 401, 403, 404})
"""Statuses of an interface that is closed and stays so; whatever else went wrong may pass."""


def read(document: Document, wanted: ArticleFilter) -> SourceResult:
    """Read a feed; that of a WordPress site, or of an archive page, through the site's REST interface if it is open.

    Args:
        document: The feed.
        wanted: Which articles.

    Raises:
        SourceError: It cannot be read, holds no article, or is one of comments.
    """
    _refuse_comments(document)
    sign = _way(document)
    if sign is None or document.door is None:
        return feed_pages.read(document, wanted)
    try:
        found, is_whole = rest.read_list(document.door, sign, document.where, wanted)
    except FetchError as error:
        other = feed_pages.read(document, wanted, is_site=True)
        note = f"{error.where}: {error.what}; its feed was read instead"
        # The mark of the feed would keep the interface from being asked again once it answers.
        is_closed = error.status in _CLOSED
        return replace(other, notes=(note, *other.notes), validator=_mark(document, wanted) if is_closed else None)
    # The interface marks nothing, so the feed stays the question whether there is anything new.
    return replace(found, validator=_mark(document, wanted) if is_whole else None)


def _way(document: Document) -> wordpress.RestLink | None:
    """The way to the posts that a feed is of; None where they cannot be asked for as just these."""
    got, door = document.got, document.door
    if got is None or door is None:
        return None
    page = wordpress.page_of_feed(got.url)
    sign = wordpress.signpost(replace(got, data=b"")) if page else None
    if page and sign is None and _GENERATOR.search(decode(got.data[:_HEAD])):
        try:
            sign = wordpress.signpost(door.get(page, "page"))
        except SourceError:
            return None
    if sign is None or host(sign.root) != host(page):
        return None
    if sign.is_archive:
        return sign
    return wordpress.RestLink(sign.root) if normal_url(sign.home) == normal_url(page) else None


def _mark(document: Document, wanted: ArticleFilter) -> Validator | None:
    """What marks the feed, if all that it shows was taken."""
    is_narrow = wanted.since is not None or wanted.until is not None
    if is_narrow or document.got is None or wanted.most < len(_ENTRIES.findall(document.data)):
        return None
    headers = document.got.headers
    mark = Validator(headers.get("etag", ""), headers.get("last-modified", ""))
    return mark if mark.headers() else None


def _refuse_comments(document: Document) -> None:
    entries = len(_ENTRIES.findall(document.data))
    if not entries or len(_OF_COMMENTS.findall(document.data)) < entries:
        return
    page = wordpress.page_of_feed(document.url)
    home = page.removesuffix("comments/") or "the site's front page"
    raise SourceError("this is a feed of readers' comments, not of articles", where=document.where, mend=f"give {home}")
