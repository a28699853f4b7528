"""Ask every source at once; keep the good articles, list the troubles."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path

from newsletter.errors import SourceError
from newsletter.models import Article
from newsletter.sources import file, kinds, page, web
from newsletter.sources.documents import ArticleFilter, Document, ListedLink, NoArticleError, Refusal, SourceResult
from newsletter.sources.fence import Fence
from newsletter.sources.http.models import FetcherProtocol, Validator
from newsletter.sources.identity import article_keys, contradict, normal_url
from newsletter.sources.links import host, is_web, unwrapped

_WORKERS = 8
_MOST = 50
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")

Progress = Callable[[str, int], None]
"""Called with a target and how many articles it gave, as each one is done."""


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


@dataclass(frozen=True, slots=True)
class Arrival:
    """What one target brought, or one link of a list."""

    target: str
    place: tuple[int, int]
    """Number of the target, and of the link within it."""
    result: SourceResult = field(default_factory=SourceResult)
    trouble: SourceError | None = None
    """Why it brought nothing."""
    unchanged: bool = False
    """Whether its site says that nothing has changed since it was read last."""
    moved: Mapping[str, str] = field(default_factory=dict)
    """Host that answered to the host that was asked, where the site leads to another one."""


@dataclass(frozen=True, slots=True)
class _Task:
    target: str
    place: tuple[int, int]
    link: ListedLink | None = None
    """The line of a list that it comes from."""


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
    found: list[Arrival] = []
    wanted = ArticleFilter(now, zone, most, since, until)
    marks = validators or {}
    for arrival in arrivals(targets, wanted, fetcher=fetcher, validators=marks, workers=workers, fence=fence):
        found.append(arrival)
        if progress:
            progress(arrival.target, len(arrival.result.articles))
    found.sort(key=lambda one: one.place)
    once = merged([article for one in found for article in one.result.articles])
    return CollectedArticles(
        once,
        tuple(one.trouble for one in found if one.trouble),
        (*(note for one in found for note in one.result.notes), *([fence.note] if fence and fence.note else [])),
        {one.target: one.result.validator for one in found if one.result.validator},
    )


def arrivals(
    targets: Sequence[str],
    wanted: ArticleFilter,
    *,
    fetcher: FetcherProtocol,
    validators: Mapping[str, Validator],
    workers: int = _WORKERS,
    fence: Fence | None = None,
) -> Iterator[Arrival]:
    """Collect from files and web addresses, each handed over as it is done; a bad one never stops the others.

    Args:
        targets: As for ``collect``; each is asked once.
        wanted: Which articles of a source that has many.
        fetcher: Brings what is at an address.
        validators: Marks of the last round, by target.
        workers: Most targets under way at once.
        fence: Reads them in processes of their own, within limits; None reads them here.
    """
    with ThreadPoolExecutor(max_workers=max(1, workers), thread_name_prefix="collect") as pool:
        tasks = [_Task(target, (number, 0)) for number, target in enumerate(dict.fromkeys(targets))]
        yield from _Round(pool, fetcher, wanted, validators, fence).arrivals(tasks)


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
    found: list[Article] = []
    by_key: dict[str, int] = {}
    for article in articles:
        keys = article_keys(article)
        same = next((by_key[key] for key in keys if key in by_key), None)
        if same is None or (keys[0] not in by_key and contradict(keys, article_keys(found[same]))):
            same = len(found)
            found.append(article)
        else:
            found[same] = _joined(found[same], article)
        by_key |= {key: same for key in keys if key not in by_key}
    return tuple(found)


def _joined(first: Article, other: Article) -> Article:
    missing = {
        field.name: getattr(other, field.name)
        for field in fields(first)
        if not getattr(first, field.name) and getattr(other, field.name)
    }
    if first.image or "image" not in missing:  # the words of a picture belong to that picture
        missing.pop("image_alt", None)
    missing["identities"] = tuple(dict.fromkeys([*first.identities, *other.identities]))
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

    def arrivals(self, tasks: Sequence[_Task]) -> Iterator[Arrival]:
        """What came of each target as it is done; of a list, what came of the list and of each of its links.

        Files come in their order: none of them waits for a site, and whoever names three expects them as named.
        """
        waiting = {self._pool.submit(self._one, task) for task in tasks}
        files = [task.target for task in tasks if not is_web(task.target)]
        read: dict[str, Arrival] = {}
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            ready: list[Arrival] = []
            for arrival in sorted((one.result() for one in done), key=lambda one: one.place):
                links = enumerate(arrival.result.links, start=1)
                further = [_Task(link.url, (arrival.place[0], number), link) for number, link in links]
                waiting |= {self._pool.submit(self._one, task) for task in further}
                if arrival.target in files:
                    read[arrival.target] = arrival
                else:
                    ready.append(arrival)
            while files and files[0] in read:
                ready.append(read.pop(files.pop(0)))
            # A list itself is told of only when there is something to say beside its links.
            yield from (one for one in ready if not one.result.links or one.result.notes or one.result.refused)

    def _one(self, task: _Task) -> Arrival:
        try:
            return self._arrival(task)
        except NoArticleError as error:
            if task.link is None or not task.link.is_single:
                return Arrival(task.target, task.place, trouble=error)
            title = task.link.stated.title if task.link.stated else ""
            return Arrival(task.target, task.place, SourceResult(refused=(Refusal(title or task.target, error.what),)))
        except SourceError as error:
            return Arrival(task.target, task.place, trouble=error)

    def _arrival(self, task: _Task) -> Arrival:
        if not is_web(task.target):
            _refuse_what_is_no_path(task.target)
            return Arrival(task.target, task.place, self._read(file.document(Path(task.target).expanduser())))
        validator = self._known.get(task.target)
        document = web.document(task.target, self._fetcher, validator)
        if isinstance(document, Validator):
            return Arrival(task.target, task.place, SourceResult(validator=document), unchanged=True)
        result = self._read(document, task.link)
        if task.link is not None and result.links:
            raise SourceError("this is a list within a list", where=task.target, mend="collect from it by itself")
        if task.link is not None:
            result = _as_listed(result, task.link, self._wanted)
        asked, answered = host(unwrapped(task.target)), host(document.url)
        moved = {answered: asked} if asked != answered else {}
        return Arrival(task.target, task.place, _as_asked(result, task.target, document.url), moved=moved)

    def _read(self, document: Document, link: ListedLink | None = None) -> SourceResult:
        wanted = replace(self._wanted, is_single=link is not None and link.is_single)
        if self._fence is None:
            return kinds.read(document, wanted)
        return self._fence.run(kinds.read, document, wanted, where=document.where, door=document.door)


def _refuse_what_is_no_path(target: str) -> None:
    if not target.strip():
        raise SourceError("an empty name", mend="name a file, or an address that begins with https://")
    scheme = _SCHEME.match(target)
    if scheme is not None:
        mend = "give the path alone" if scheme[1].lower() == "file" else "give an address that begins with https://"
        raise SourceError(f"{scheme[1]}: addresses are not collected from", where=target, mend=mend)


def _as_listed(brought: SourceResult, link: ListedLink, wanted: ArticleFilter) -> SourceResult:
    """What the editor wrote in the list wins: the section for all articles, the rest for a single one.

    What a program wrote there only adds what the page does not say, and then the days asked for are looked at.
    """
    if link.is_single:
        whole = [_joined(each, link.stated) if link.stated else each for each in brought.articles]
        kept, left = wanted.chosen(whole, None)
        return replace(brought, articles=tuple(kept), refused=(*brought.refused, *left))
    names = ("title", "summary", "author", "section") if len(brought.articles) == 1 else ("section",)
    written = {name: value for name in names if (value := getattr(link, name))}
    return replace(brought, articles=tuple(replace(article, **written) for article in brought.articles))


def _as_asked(result: SourceResult, target: str, answered: str) -> SourceResult:
    """A single article goes on being known by the address that led to it, which it had before perhaps."""
    if len(result.articles) != 1 or normal_url(target) == normal_url(answered):
        return result
    (article,) = result.articles
    return replace(result, articles=(replace(article, identities=(*article.identities, target)),))
