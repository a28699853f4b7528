"""A feed of WordPress, read through the site's REST interface: that has the pictures, tags and names a feed lacks.

WordPress 6.1 sends the Link header of a page with its feed too: that of the site, and with the feed of a category, tag
or author the way to that archive. A feed that chooses its posts otherwise (a search, a month, two categories) is read
itself: never is the whole site taken where a part of it was asked for.
"""

from __future__ import annotations

import re
from dataclasses import replace

from newsletter.errors import SourceError
from newsletter.models import Article
from newsletter.sources import feed_pages, rest, wordpress
from newsletter.sources.charset import decode
from newsletter.sources.documents import ArticleFilter, Document, Refusal, SourceResult
from newsletter.sources.http.models import FetchError, Validator
from newsletter.sources.identity import article_keys, normal_url
from newsletter.sources.links import host

_GENERATOR = re.compile(
    r"<generator[^>]{0,200}>\s*(?:https?://(?:www\.)?wordpress\.(?:org|com)/|WordPress\b)", re.IGNORECASE
)
_HEAD = 20_000
_ENTRIES = re.compile(rb"<(?:item|entry)[\s>]", re.IGNORECASE)
_OF_COMMENTS = re.compile(rb"<link>[^<]{0,2000}#comment-\d+\s*</link>|<thr:in-reply-to\b", re.IGNORECASE)
_GONE = frozenset({404, 410})
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
    return replace(_with_missing(found, document, wanted), validator=_mark(document, wanted) if is_whole else None)


def _with_missing(found: SourceResult, document: Document, wanted: ArticleFilter) -> SourceResult:
    """The articles of the interface, and those that only the feed shows.

    Sites put a type of posts of their own into their feed, or list fewer posts to strangers than they publish.
    """
    try:
        shown = feed_pages.parsed(document, wanted).articles
    except SourceError:
        return found
    known = {key for article in found.articles for key in article_keys(article)}
    missing = [each for each in shown if not known.intersection(article_keys(each))]
    kept, left = wanted.chosen(missing, max(0, wanted.most - len(found.articles)))
    gone = [each for each in kept if _is_gone(each, document)]
    kept = [each for each in kept if each not in gone]
    left += [Refusal(each.title, "the feed still shows it, and its site no more") for each in gone]
    if not kept:
        return replace(found, refused=(*found.refused, *left))
    local = (each.published.astimezone(wanted.zone) if each.published else None for each in kept)
    taken = [replace(each, published=moment) for each, moment in zip(kept, local, strict=True)]
    many = f"{len(taken)} articles are" if len(taken) > 1 else "one article is"
    notes = [f"{document.where}: {many} not in the site's REST interface and came from the feed"]
    notes += [note for note in found.notes if not note.endswith("in the time asked for")]
    return replace(found, articles=(*found.articles, *taken), notes=tuple(notes), refused=(*found.refused, *left))


def _is_gone(article: Article, document: Document) -> bool:
    """Whether the page of an article is not there: caches show an old feed for hours after something was taken back."""
    if document.door is None or not article.url:
        return False
    try:
        document.door.get(article.url, "page")
    except FetchError as error:
        return error.status in _GONE
    return False


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
    return Validator.of(document.got)


def _refuse_comments(document: Document) -> None:
    entries = len(_ENTRIES.findall(document.data))
    if not entries or len(_OF_COMMENTS.findall(document.data)) < entries:
        return
    page = wordpress.page_of_feed(document.url)
    home = page.removesuffix("comments/") or "the site's front page"
    raise SourceError("this is a feed of readers' comments, not of articles", where=document.where, mend=f"give {home}")
