"""Ask every source at once; keep the good articles, list the troubles."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path

from newsletter.errors import SourceError
from newsletter.models import Article
from newsletter.sources import file, kinds, page, web
from newsletter.sources.clean import paragraphs
from newsletter.sources.documents import ArticleFilter, Document, ListedLink, SourceResult
from newsletter.sources.fence import Fence
from newsletter.sources.http.models import FetcherProtocol, Validator
from newsletter.sources.identity import article_key
from newsletter.sources.links import is_web
from newsletter.text.likeness import mark

_WORKERS = 8
_MOST = 50
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")

Progress = Callable[[str, int], None]
"""Called with a target and how many articles it gave, in the order of the targets, as each one is done."""


@dataclass(frozen=True, slots=True)
class CollectedArticles:
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
    link: ListedLink | None = None
    """The line of a list that it comes from."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    brought: SourceResult = field(default_factory=SourceResult)
    trouble: SourceError | None = None
    further: tuple[tuple[_Task, Future[_Outcome]], ...] = ()
    """What a list of links has set going."""


def collect(
    targets: Sequence[str],
    *,
    fetcher: FetcherProtocol,
    now: datetime,
    zone: tzinfo = UTC,
    since: datetime | date | None = None,
    until: datetime | date | None = None,
    most: int = _MOST,
    validators: Mapping[str, Validator] | None = None,
    progress: Progress | None = None,
    workers: int = _WORKERS,
    fence: Fence | None = None,
) -> CollectedArticles:
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
        fence: Reads them in processes of their own, within limits; None reads them here.
    """
    wanted = ArticleFilter(now, zone, most, since, until)
    articles: list[Article] = []
    troubles: list[SourceError] = []
    notes: list[str] = []
    marks: dict[str, Validator] = {}
    with ThreadPoolExecutor(max_workers=max(1, workers), thread_name_prefix="collect") as pool:
        tasks = [_Task(target) for target in dict.fromkeys(targets)]
        for task, outcome in _Round(pool, fetcher, wanted, validators or {}, fence).outcomes(tasks):
            articles += outcome.brought.articles
            notes += outcome.brought.notes
            if outcome.trouble:
                troubles.append(outcome.trouble)
            if outcome.brought.validator:
                marks[task.target] = outcome.brought.validator
            if progress:
                progress(task.target, len(outcome.brought.articles))
    if fence and fence.note:
        notes.append(fence.note)
    once = merged(articles)
    return CollectedArticles(once, tuple(troubles), tuple(notes), marks, alike(once))


def with_pictures(
    articles: Sequence[Article], *, fetcher: FetcherProtocol, workers: int = _WORKERS, fence: Fence | None = None
) -> tuple[Article, ...]:
    """Look on their pages for the pictures of articles that have none; what cannot be had stays without.

    Args:
        articles: The chosen ones; each that has an address and no picture costs one request.
        fetcher: Brings the pages.
        workers: Most pages under way at once.
        fence: Reads them in processes of their own, within limits; None reads them here.
    """

    def look(article: Article) -> Article:
        if article.image or not article.url:
            return article
        try:
            got = fetcher.get(article.url, "page")
            if fence is None:
                image, alt = page.picture(got.data, got.url, charset=got.charset)
            else:
                image, alt = fence.run(page.picture, got.data, got.url, got.charset, where=got.url)
        except SourceError:
            return article
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


def alike(articles: Sequence[Article]) -> dict[int, int]:
    """Find the articles that tell what an earlier one tells already: copies, re-spellings, openings.

    Args:
        articles: The preferred version of each first.

    Returns:
        Number of each repeating article with the number of the one it repeats.
    """
    return mark([f"{each.title}\n" + ("\n".join(paragraphs(each.body)) or each.summary) for each in articles])


def _joined(first: Article, other: Article) -> Article:
    missing = {
        field.name: getattr(other, field.name)
        for field in fields(first)
        if not getattr(first, field.name) and getattr(other, field.name)
    }
    if first.image or "image" not in missing:  # the words of a picture belong to that picture
        missing.pop("image_alt", None)
    return replace(first, **missing)


class _Round:
    """Targets under way at once; the links of a list join them as soon as it is read.

    Args:
        pool: Runs them.
        fetcher: Brings what is at an address.
        wanted: Which articles.
        known: Marks of the last round, by target.
        fence: Reads what was brought; None reads it here.
    """

    def __init__(
        self,
        pool: ThreadPoolExecutor,
        fetcher: FetcherProtocol,
        wanted: ArticleFilter,
        known: Mapping[str, Validator],
        fence: Fence | None,
    ) -> None:
        self._pool, self._fetcher, self._wanted, self._known = pool, fetcher, wanted, known
        self._fence = fence

    def outcomes(self, tasks: Sequence[_Task]) -> Iterator[tuple[_Task, _Outcome]]:
        """What came of each target, in their order; of a list, what came of each of its links."""
        for task, run in self._begun(tasks):
            outcome = run.result()
            if not outcome.further:
                yield task, outcome
            for link, of_link in outcome.further:
                yield link, of_link.result()

    def _begun(self, tasks: Sequence[_Task]) -> tuple[tuple[_Task, Future[_Outcome]], ...]:
        return tuple((task, self._pool.submit(self._one, task)) for task in tasks)

    def _one(self, task: _Task) -> _Outcome:
        try:
            brought = self._brought(task)
        except SourceError as error:
            return _Outcome(trouble=error)
        return _Outcome(brought, further=self._begun([_Task(link.url, link) for link in brought.links]))

    def _brought(self, task: _Task) -> SourceResult:
        if not is_web(task.target):
            _refuse_what_is_no_path(task.target)
            return self._read(file.document(Path(task.target).expanduser()))
        validator = self._known.get(task.target)
        document = web.document(task.target, self._fetcher, validator)
        if document is None:
            return SourceResult(validator=validator)
        brought = self._read(document)
        if task.link is None:
            return brought
        if brought.links:
            raise SourceError("this is a list within a list", where=task.target, mend="collect from it by itself")
        return _as_listed(brought, task.link)

    def _read(self, document: Document) -> SourceResult:
        if self._fence is None:
            return kinds.read(document, self._wanted)
        return self._fence.run(kinds.read, document, self._wanted, where=document.where, door=document.door)


def _refuse_what_is_no_path(target: str) -> None:
    if not target.strip():
        raise SourceError("an empty name", mend="name a file, or an address that begins with https://")
    scheme = _SCHEME.match(target)
    if scheme is not None:
        mend = "give the path alone" if scheme[1].lower() == "file" else "give an address that begins with https://"
        raise SourceError(f"{scheme[1]}: addresses are not collected from", where=target, mend=mend)


def _as_listed(brought: SourceResult, link: ListedLink) -> SourceResult:
    """What the editor wrote in the list wins: the section for all articles, the rest for a single one."""
    names = ("title", "summary", "author", "section") if len(brought.articles) == 1 else ("section",)
    written = {name: value for name in names if (value := getattr(link, name))}
    return replace(brought, articles=tuple(replace(article, **written) for article in brought.articles))
