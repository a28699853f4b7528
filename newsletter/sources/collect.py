"""Ask every source at once; keep the good articles, list the troubles."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path

from newsletter.errors import SourceError
from newsletter.models import Article
from newsletter.sources import file, listing, page, web
from newsletter.sources.http import Door
from newsletter.sources.http.models import Validator
from newsletter.sources.identity import alike, article_key
from newsletter.sources.links import is_web
from newsletter.sources.web import Brought, Wanted

_WORKERS = 8
_MOST = 50
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")

Progress = Callable[[str, int], None]
"""Called with a target and how many articles it gave, in the order of the targets, as each one is done."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What one round of collecting brought."""

    articles: tuple[Article, ...]
    """Each article once, in the order of the targets."""
    troubles: tuple[SourceError, ...]
    """What went wrong, in the order of the targets; one line each."""
    notes: tuple[str, ...] = ()
    """What the editor should know though nothing went wrong, one line each."""
    validators: Mapping[str, Validator] = field(default_factory=dict)
    """Marks of the feeds, by target, for the next round."""
    alike: Mapping[int, int] = field(default_factory=dict)
    """Number of each article that tells what an earlier one tells, with the number of that one."""


@dataclass(frozen=True, slots=True)
class _Task:
    target: str
    link: listing.ListedLink | None = None
    """The line of a list that it comes from."""
    trouble: SourceError | None = None
    """Why there is nothing to do."""


def collect(
    targets: Sequence[str],
    *,
    fetcher: Door,
    now: datetime,
    zone: tzinfo = UTC,
    since: datetime | date | None = None,
    until: datetime | date | None = None,
    most: int = _MOST,
    validators: Mapping[str, Validator] | None = None,
    progress: Progress | None = None,
    workers: int = _WORKERS,
) -> Collected:
    """Collect the articles of files and web addresses; a bad one never stops the others.

    Args:
        targets: Paths of articles, feeds, saved pages and lists of links; http(s) addresses of feeds, articles and
            sites.
        fetcher: Brings what is at an address.
        now: The present moment, aware; later dates are not believed.
        zone: Zone of dates that name none.
        since: Nothing published before, from sources that have many articles; a date means its first moment.
        until: Nothing published after; a date means its last moment.
        most: Most articles of one web address.
        validators: Marks of the last round; a feed that has not changed since gives nothing, and no trouble.
        progress: Told about each target when it is done.
        workers: Most targets under way at once.
    """
    wanted = Wanted(now, zone, most, since, until)
    known = validators or {}
    tasks = [task for target in dict.fromkeys(targets) for task in _tasks(target)]
    articles: list[Article] = []
    troubles: list[SourceError] = []
    notes: list[str] = []
    marks: dict[str, Validator] = {}
    with ThreadPoolExecutor(max_workers=max(1, min(workers, len(tasks) or 1)), thread_name_prefix="collect") as pool:
        runs = [pool.submit(_one, task, fetcher, wanted, known.get(task.target)) for task in tasks]
        for task, run in zip(tasks, runs, strict=True):
            brought, trouble = run.result()
            articles += brought.articles
            notes += brought.notes
            if trouble:
                troubles.append(trouble)
            if brought.validator:
                marks[task.target] = brought.validator
            if progress:
                progress(task.target, len(brought.articles))
    once = merged(articles)
    return Collected(once, tuple(troubles), tuple(notes), marks, alike(once))


def with_pictures(articles: Sequence[Article], *, fetcher: Door, workers: int = _WORKERS) -> tuple[Article, ...]:
    """Look on their pages for the pictures of articles that have none; what cannot be had stays without.

    Args:
        articles: The chosen ones; each that has an address and no picture costs one request.
        fetcher: Brings the pages.
        workers: Most pages under way at once.
    """

    def look(article: Article) -> Article:
        if article.image or not article.url:
            return article
        try:
            got = fetcher.get(article.url, "page")
        except SourceError:
            return article
        image, alt = page.picture(got.data, got.url, charset=got.charset)
        return replace(article, image=image, image_alt=alt) if image else article

    with ThreadPoolExecutor(
        max_workers=max(1, min(workers, len(articles) or 1)), thread_name_prefix="pictures"
    ) as pool:
        return tuple(pool.map(look, articles))


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


def _tasks(target: str) -> list[_Task]:
    """What a target asks for: itself, or every line of a list of links."""
    if is_web(target):
        return [_Task(target)]
    if (wrong := _no_source(target)) is not None:
        return [_Task(target, trouble=wrong)]
    path = Path(target).expanduser()
    try:
        data = file.content(path)
        if not listing.looks_like(data, path.suffix.lower()):
            return [_Task(target)]
        return [_Task(link.url, link) for link in listing.parse(data, target)]
    except SourceError as error:
        return [_Task(target, trouble=error)]


def _no_source(target: str) -> SourceError | None:
    if not target.strip():
        return SourceError("an empty name", mend="name a file, or an address that begins with https://")
    scheme = _SCHEME.match(target)
    if scheme is None:
        return None
    mend = "give the path alone" if scheme[1].lower() == "file" else "give an address that begins with https://"
    return SourceError(f"{scheme[1]}: addresses are not collected from", where=target, mend=mend)


def _one(task: _Task, fetcher: Door, wanted: Wanted, validator: Validator | None) -> tuple[Brought, SourceError | None]:
    if task.trouble:
        return Brought(), task.trouble
    try:
        if not is_web(task.target):
            return Brought(tuple(file.read(Path(task.target).expanduser(), wanted.now, zone=wanted.zone))), None
        brought = web.read(task.target, fetcher, wanted, validator)
        return (_as_listed(brought, task.link) if task.link else brought), None
    except SourceError as error:
        return Brought(), error


def _as_listed(brought: Brought, link: listing.ListedLink) -> Brought:
    """What the editor wrote in the list wins: the section for all articles, the rest for a single one."""
    names = ("title", "summary", "author", "section") if len(brought.articles) == 1 else ("section",)
    written = {name: value for name in names if (value := getattr(link, name))}
    return replace(brought, articles=tuple(replace(article, **written) for article in brought.articles))
