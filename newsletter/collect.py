"""Ask every source at once; keep the good articles, list the troubles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from newsletter.errors import SourceError
from newsletter.models import Article
from newsletter.sources import feed, file, page
from newsletter.sources.http import Door
from newsletter.sources.identity import article_key
from newsletter.sources.links import is_web

_WORKERS = 8

Progress = Callable[[str, int], None]
"""Called with a target and how many articles it gave, as each one is done; from one thread at a time."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What one round of collecting brought."""

    articles: tuple[Article, ...]
    """Each article once, in the order of the targets."""
    troubles: tuple[SourceError, ...]
    """What went wrong, in the order of the targets; one line each."""


def collect(
    targets: Sequence[str],
    *,
    fetcher: Door,
    now: datetime,
    zone: tzinfo = UTC,
    progress: Progress | None = None,
    workers: int = _WORKERS,
) -> Collected:
    """Collect the articles of files and web addresses; a bad one never stops the others.

    Args:
        targets: Paths of files, and http(s) addresses of feeds, articles or sites.
        fetcher: Brings what is at an address.
        now: The present moment, aware; later dates are not believed.
        zone: Zone of dates that name none.
        progress: Told about each target when it is done.
        workers: Most targets under way at once.
    """
    asked = list(dict.fromkeys(targets))
    articles: list[Article] = []
    troubles: list[SourceError] = []
    with ThreadPoolExecutor(max_workers=max(1, min(workers, len(asked) or 1)), thread_name_prefix="collect") as pool:
        runs = [pool.submit(_one, target, fetcher, now, zone) for target in asked]
        for target, run in zip(asked, runs, strict=True):
            found, trouble = run.result()
            articles += found
            troubles += trouble
            if progress:
                progress(target, len(found))
    return Collected(merged(articles), tuple(troubles))


def merged(articles: Sequence[Article]) -> tuple[Article, ...]:
    """Make one of the articles that are one: the first stays, and what it lacks comes from the later ones.

    Args:
        articles: In order of preference.
    """
    by_key: dict[str, Article] = {}
    for article in articles:
        key = article_key(article)
        by_key[key] = _joined(by_key[key], article) if key in by_key else article
    return tuple(by_key.values())


def _joined(first: Article, other: Article) -> Article:
    missing = {
        field.name: getattr(other, field.name)
        for field in fields(first)
        if not getattr(first, field.name) and getattr(other, field.name)
    }
    if first.image or "image" not in missing:  # the words of a picture belong to that picture
        missing.pop("image_alt", None)
    return replace(first, **missing)


def _one(target: str, fetcher: Door, now: datetime, zone: tzinfo) -> tuple[list[Article], list[SourceError]]:
    try:
        if is_web(target):
            return _from_web(target, fetcher, now, zone), []
        return file.read(Path(target).expanduser(), now, zone=zone), []
    except SourceError as error:
        return [], [error]


def _from_web(url: str, fetcher: Door, now: datetime, zone: tzinfo) -> list[Article]:
    """Fetch an address and read it as what it turns out to be."""
    got = fetcher.get(url)
    is_feed = feed.looks_like(got.data) or got.content_type in _FEED_TYPES
    if not is_feed:
        return [page.parse(got.data, got.url, charset=got.charset, now=now, zone=zone)]
    found = feed.parse(got.data, got.url, content_type=got.content_type, charset=got.charset, now=now, zone=zone)
    if not found:
        raise SourceError("the feed holds no article", where=url, mend="check the address")
    return found


_FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json"})
