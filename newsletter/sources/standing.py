"""Articles looked at again where they were published: still there as they were, changed, or taken back.

Nothing here believes a silence: only an answer that says so makes an article withdrawn. A site that does not answer in
time is named, and keeps nobody waiting.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from newsletter.errors import SourceError
from newsletter.models import Article
from newsletter.sources import page, wordpress
from newsletter.sources.charset import decode
from newsletter.sources.clean import paragraphs
from newsletter.sources.http.models import FetcherProtocol
from newsletter.sources.identity import of_wordpress
from newsletter.sources.links import absolute, host, is_front, is_web
from newsletter.sources.page.shape import MISSING
from newsletter.sources.wordpress.again import PASSWORD, again
from newsletter.text.likeness import THRESHOLD, containment, shares_words

if TYPE_CHECKING:
    from newsletter.sources.fence import Fence

_GONE = frozenset({404, 410})
_ADDRESS = "its address"
"""Begins the reasons that the page of an article gave, not the interface of its site."""
_WORKERS = 8
_SUSPICIOUS = 3
"""So many articles of a site, and all of them gone at once: that is a site in trouble."""


@dataclass(frozen=True, slots=True)
class PublishedArticle:
    """An article to be looked at again."""

    id: int
    article: Article
    """As it is known, with the road it came by and its source."""
    posts: Sequence[tuple[str, int]] = ()
    """Site and number, if it is a post of WordPress."""
    withdrawn: str = ""
    """Why it was found withdrawn before; empty when it was not."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a site says of one of its articles now."""

    withdrawn: str = ""
    """Why it is not shown any more, in plain words; empty when it is."""
    is_shown: bool = False
    """Whether the answer proves that it is there: many a 200 is a door, a notice or a wall."""
    article: Article | None = None
    """As the site has it now, where the same road was asked that it came by."""
    trouble: str = ""
    """Why nothing is known: one line."""
    by_page: bool = False
    """Whether its page alone says so: a server in trouble says it of every page."""


def asked_again(
    articles: Sequence[PublishedArticle],
    *,
    fetcher: FetcherProtocol,
    now: datetime,
    zone: tzinfo = UTC,
    seconds: float = 10.0,
    fence: Fence | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> dict[int, Standing]:
    """Ask the sites of articles what has become of them.

    WordPress is asked for all of its posts at once, by their numbers; of everything else the article's own page is
    looked at. What was read from a file is not asked for.

    Args:
        articles: Those in question.
        fetcher: Brings what is at an address.
        now: The present moment, aware.
        zone: Zone of dates that name none.
        seconds: After that, what has not answered is left, and told as trouble.
        fence: Reads the answers in processes of their own, within limits; None reads them here.
        clock: Seconds of a clock that is not set back.
    """
    answers: queue.SimpleQueue[Mapping[int, Standing]] = queue.SimpleQueue()
    work: queue.SimpleQueue[_Question | None] = queue.SimpleQueue()
    questions = list(_questions(articles))
    waiting = {one.id: one for question in questions for one in question.articles}
    for question in questions:
        work.put(question)
    for _ in range(min(_WORKERS, len(questions))):
        work.put(None)
        # A thread that nobody waits for: a site that hangs must not keep the program from ending.
        arguments = (work, answers, fetcher, now, zone, fence)
        threading.Thread(target=_answer, args=arguments, daemon=True, name="look-again").start()
    found: dict[int, Standing] = {}
    until = clock() + seconds
    while waiting and (left := until - clock()) > 0:
        try:
            answer = answers.get(timeout=left)
        except queue.Empty:
            break
        found.update(answer)
        for number in answer:
            waiting.pop(number, None)
    for number, one in waiting.items():
        words = f"{one.article.url or one.article.source}: no answer within {seconds:.0f} s"
        found[number] = Standing(trouble=words)
    return _believed(articles, found)


@dataclass(frozen=True, slots=True)
class _Question:
    root: str
    """Of an interface; empty for the page of one article."""
    articles: Sequence[PublishedArticle]


def _questions(articles: Sequence[PublishedArticle]) -> Iterator[_Question]:
    by_root: defaultdict[str, list[PublishedArticle]] = defaultdict(list)
    for one in articles:
        if one.article.reading == "rest" and one.posts and is_web(one.article.source):
            by_root[one.article.source].append(one)
        elif is_web(one.article.source) and is_web(one.article.url):
            yield _Question("", [one])
    for root, some in by_root.items():
        yield _Question(root, some)


def _answer(
    work: queue.SimpleQueue[_Question | None],
    answers: queue.SimpleQueue[Mapping[int, Standing]],
    fetcher: FetcherProtocol,
    now: datetime,
    zone: tzinfo,
    fence: Fence | None,
) -> None:
    while (question := work.get()) is not None:
        where = question.root or question.articles[0].article.url
        try:
            if fence is None:
                answers.put(_standings(question, fetcher, now, zone))
            else:
                answers.put(fence.run(_standings, question, fetcher, now, zone, where=where, door=fetcher))
        except SourceError as error:
            answers.put({one.id: Standing(trouble=str(error)) for one in question.articles})
        except Exception as error:  # nobody waits for this thread: what goes wrong in it is told as trouble
            words = f"cannot be looked at ({type(error).__name__})"
            answers.put({one.id: Standing(trouble=f"{one.article.url}: {words}") for one in question.articles})


def _standings(question: _Question, fetcher: FetcherProtocol, now: datetime, zone: tzinfo) -> dict[int, Standing]:
    if question.root:
        return _of_interface(question.root, question.articles, fetcher, now, zone)
    return {one.id: _of_page(one, fetcher, now, zone) for one in question.articles}


def _of_interface(
    root: str, articles: Sequence[PublishedArticle], fetcher: FetcherProtocol, now: datetime, zone: tzinfo
) -> dict[int, Standing]:
    try:
        site = wordpress.open_site(fetcher, root)
        home = of_wordpress(site.url or root, 0).removeprefix("wordpress:").rpartition("#")[0]
        # A number says something of its own site only.
        numbers = {one.id: number for one in articles if (number := dict(one.posts).get(home))}
        shown = again(fetcher, site, list(dict.fromkeys(numbers.values())), now=now)
    except SourceError:  # closed today: the pages are still there, or are not
        return {one.id: _of_page(one, fetcher, now, zone) for one in articles}
    found: dict[int, Standing] = {}
    for one in articles:
        number = numbers.get(one.id, 0)
        if number in shown.there:
            found[one.id] = Standing(is_shown=True, article=shown.there[number])
        elif number in shown.withdrawn:
            found[one.id] = Standing(withdrawn=shown.withdrawn[number])
        else:
            found[one.id] = _of_page(one, fetcher, now, zone, number=number if number in shown.missing else 0)
    return found


def _of_page(
    one: PublishedArticle, fetcher: FetcherProtocol, now: datetime, zone: tzinfo, *, number: int = 0
) -> Standing:
    """What the page of an article says.

    Args:
        one: The article.
        fetcher: Brings the page.
        now: The present moment, aware.
        zone: Zone of dates that name none.
        number: Of a post that the interface does not know any more; a page that shows it is a stored copy.
    """
    url = one.article.url
    if not is_web(url):
        return Standing(trouble=f"{one.article.source}: the article has no address")
    got = fetcher.get(url, "page", statuses=_GONE)
    if got.status in _GONE:
        fetcher.get(absolute(url, "/"), "page")  # a site that is down is trouble, not a withdrawal
        return Standing(withdrawn=f"{_ADDRESS} answers {got.status}", by_page=True)
    if is_front(got.url) and not is_front(url) and host(got.url) == host(url):
        return Standing(withdrawn=f"{_ADDRESS} leads to the front page", by_page=True)
    if wordpress.wants_password(decode(got.data, got.charset)):
        return Standing(withdrawn=PASSWORD)
    sign = wordpress.signpost(got)
    if number and sign is not None and (sign.route, sign.id) == ("posts", number):
        return Standing(withdrawn="its site has deleted it, and shows a stored copy of the page")
    try:
        shown = page.parse(got.data, got.url, charset=got.charset, now=now, zone=zone)
    except SourceError as error:
        if error.what.startswith(MISSING):
            return Standing(withdrawn=f"{_ADDRESS} shows an error instead", by_page=True)
        return Standing()  # it answers, with something that we cannot read: no word of it being taken back
    if not _tells_the_same(shown, one.article):
        return Standing()  # a door, a notice, another article: neither gone nor there
    # What an interface has taken back may still stand in a store of pages.
    is_proof = one.article.reading != "rest" or one.withdrawn.startswith(_ADDRESS)
    # The words of a page say nothing of what another road gave.
    return Standing(is_shown=is_proof, article=shown if one.article.reading == "page" else None)


def _tells_the_same(shown: Article, known: Article) -> bool:
    """Whether a page shows the article that was looked for: half of its headline's words, or of its text."""
    return (
        shares_words(shown.title, known.title)
        or containment(" ".join(paragraphs(shown.body)), " ".join(paragraphs(known.body))) >= THRESHOLD
    )


def _believed(articles: Sequence[PublishedArticle], found: Mapping[int, Standing]) -> dict[int, Standing]:
    """The answers, without those of a site that says of all its articles at once that they are gone."""
    by_host: defaultdict[str, list[int]] = defaultdict(list)
    for one in articles:
        if one.id in found:
            by_host[host(one.article.url)].append(one.id)
    believed = dict(found)
    for name, ids in by_host.items():
        if len(ids) >= _SUSPICIOUS and all(found[number].by_page for number in ids):
            words = f"{name}: says that all {len(ids)} of its articles are gone; that is not believed"
            believed |= dict.fromkeys(ids, Standing(trouble=words))
    return believed
