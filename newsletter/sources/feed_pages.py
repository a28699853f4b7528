"""A feed read to the end of what is wanted: its first page, and those with older articles behind it."""

from __future__ import annotations

from dataclasses import replace
from datetime import tzinfo

from newsletter.errors import SourceError
from newsletter.models import Article
from newsletter.sources import feed
from newsletter.sources.documents import ArticleFilter, Document, Refusal, SourceResult
from newsletter.sources.feed import ParsedFeed
from newsletter.sources.http.models import FetchError, Validator

SUFFIXES = frozenset({".xml", ".rss", ".atom", ".rdf", ".json"})
MEDIA = frozenset({"application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json"})
"""Media types that only feeds have."""
_MOST_PAGES = 20


def holds(document: Document) -> bool:
    """Say whether a document is a feed, by its bytes or by a media type that only feeds have.

    Args:
        document: Any document.
    """
    return feed.looks_like(document.data) or document.content_type in MEDIA


def read(document: Document, wanted: ArticleFilter, *, is_site: bool = False) -> SourceResult:
    """Read a feed, and its further pages while they may hold what is wanted; a file has one page.

    Without a time asked for, a feed is its newest page; where it stands for a whole site it is read on to the number
    wanted, as the site itself would be, and its moments, which WordPress gives in UTC, come in the zone of the site.

    Args:
        document: The feed.
        wanted: Which articles.
        is_site: Whether it stands for the site that names it.

    Raises:
        SourceError: It cannot be read, or holds no article.
    """
    goes_on = document.door is not None and (is_site or wanted.since is not None or wanted.until is not None)
    found: list[Article] = []
    refused: list[Refusal] = []
    notes: list[str] = []
    where, page, limit = document.where, document, wanted.limit(document)
    for number in range(1, _MOST_PAGES + 1):
        there = parsed(page, wanted)
        refused += there.refused
        known = {(each.url, each.title, each.identities) for each in found}
        fresh = [each for each in there.articles if (each.url, each.title, each.identities) not in known]
        found += fresh
        onward = feed.next_page(page.data, page.url) if goes_on else ""
        is_enough = limit is not None and sum(map(wanted.has, found)) >= limit
        if not fresh or not onward or is_enough or wanted.ends_before(fresh[-1]):
            break
        assert document.door is not None
        try:
            got = document.door.get(onward, "feed")
        except FetchError as error:
            if error.status != 404:  # past the last page WordPress answers so
                notes.append(f"{error}; the newest {len(found)} articles were taken")
            break
        page = replace(document, data=got.data, where=got.url, got=got)
        if number == _MOST_PAGES:
            notes.append(f"{where}: it has more than {_MOST_PAGES} pages; the newest {len(found)} articles were taken")
    if not found and not refused:
        mend = "check the address" if document.url else "check the file"
        raise SourceError("the feed holds no article", where=where, mend=mend)
    kept, left = wanted.chosen([_in_zone(each, wanted.zone) if is_site else each for each in found], limit)
    if found and not kept:
        notes.append(f"{where}: nothing was published in the time asked for")
    # What marks the feed says "nothing new" the next time: that is true only if nothing of it was left.
    validator = _validator(document) if not left else None
    return SourceResult(tuple(kept), tuple(notes), validator, refused=(*refused, *left))


def parsed(document: Document, wanted: ArticleFilter) -> ParsedFeed:
    """Every article of one page of a feed, in its order.

    Args:
        document: The page.
        wanted: Says what the time is, and the zone of moments that name none.

    Raises:
        SourceError: It is no feed, is empty or too large.
    """
    return feed.parse(
        document.data,
        document.where,
        content_type=document.content_type,
        charset=document.charset,
        now=wanted.now,
        zone=wanted.zone,
    )


def _validator(document: Document) -> Validator | None:
    return Validator.of(document.got) if document.got else None


def _in_zone(article: Article, zone: tzinfo) -> Article:
    return replace(article, published=article.published.astimezone(zone)) if article.published else article
