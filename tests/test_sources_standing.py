"""Articles looked at again on their sites: only an answer that says so makes one withdrawn."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime

import pytest

from newsletter.models import Article
from newsletter.sources.http import Fetched, FetchError, Kind
from newsletter.sources.standing import PublishedArticle, Standing, asked_again

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
TITLE = "افتتاح معرض الكتاب في المدينة القديمة"
WORDS = (
    "<p>افتتح معرض الكتاب أبوابه صباح الجمعة أمام آلاف الزوار الذين جاؤوا من المدن والقرى القريبة منذ الصباح.</p>" * 3
)
PAGE = f"<!doctype html><html lang=ar dir=rtl><head><title>{TITLE}</title></head><body><article><h1>{TITLE}</h1>{WORDS}"
ERROR = "<!doctype html><html><head><title>الصفحة غير موجودة</title></head><body class='error404'><h1>404</h1></body>"
LOCK = "<!doctype html><html><body><form action=postpass method=post></form></body></html>".replace(
    "postpass", '"/wp-login.php?action=postpass"'
)


class Site:
    """A function from address to answer."""

    def __init__(self, answer: Callable[[str], Fetched]) -> None:
        self._answer = answer

    def get(
        self, url: str, kind: Kind = "any", *, headers: Mapping[str, str] | None = None, statuses: Collection[int] = ()
    ) -> Fetched:
        got = self._answer(url)
        if got.status >= 300 and got.status not in statuses:
            raise FetchError(f"the site answered {got.status}", where=url, status=got.status)
        return got


def page(number: int = 1, reading: str = "page") -> PublishedArticle:
    url = f"https://site{number}.example.org/{number}/"
    return PublishedArticle(number, Article(TITLE, url, source=url, reading=reading))


def look(answer: Callable[[str], Fetched], *articles: PublishedArticle, seconds: float = 10.0) -> dict[int, Standing]:
    return asked_again(articles, fetcher=Site(answer), now=NOW, seconds=seconds)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda url: Fetched(url, b"", status=404), "its address answers 404"),
        (lambda url: Fetched(url, b"", status=410), "its address answers 410"),
        (lambda url: Fetched("https://site1.example.org/", PAGE.encode()), "its address leads to the front page"),
        (lambda url: Fetched(url, LOCK.encode()), "it wants a password now"),
        (lambda url: Fetched(url, ERROR.encode()), "its address shows an error instead"),
    ],
)
@pytest.mark.parametrize("reading", ["page", "feed"])
def test_answers_that_say_an_article_is_gone(answer: Callable[[str], Fetched], reason: str, reading: str) -> None:
    assert look(answer, page(reading=reading))[1].withdrawn == reason


@pytest.mark.parametrize(
    "answer",
    [
        lambda url: Fetched(url, b"", status=500),
        lambda url: Fetched(url, b"", status=403),
        lambda url: Fetched(url, b"", status=429),
        lambda url: Fetched(url, b"<html><body>checking your browser"),
        lambda url: Fetched("https://other.example.org/elsewhere/", PAGE.encode()),
        lambda url: Fetched(url, bytes(range(256)) * 100),
    ],
)
def test_answers_that_say_nothing_of_it(answer: Callable[[str], Fetched]) -> None:
    assert look(answer, page())[1].withdrawn == ""


def test_a_page_that_is_there_is_given_as_it_is_now() -> None:
    shown = look(lambda url: Fetched(url, PAGE.encode()), page(), page(2, "feed"))
    assert shown[1].article is not None
    assert shown[1].article.title == TITLE
    assert shown[2] == Standing()  # the words of its page are not those of its feed


def test_a_site_that_hangs_is_left_and_named() -> None:
    hanging = threading.Event()

    def answer(url: str) -> Fetched:
        if "site2" in url:
            hanging.wait(60)
        return Fetched(url, b"", status=404)

    found = look(answer, page(1), page(2), seconds=0.5)
    hanging.set()
    assert found[1].withdrawn
    assert found[2] == Standing(trouble="https://site2.example.org/2/: no answer within 0 s")


def test_a_fault_in_one_answer_is_trouble_of_that_one() -> None:
    def answer(url: str) -> Fetched:
        if "site1" in url:
            raise ZeroDivisionError
        return Fetched(url, b"", status=404)

    found = look(answer, page(1), page(2))
    assert "cannot be looked at (ZeroDivisionError)" in found[1].trouble
    assert found[2].withdrawn


def test_a_site_that_misses_all_its_pages_at_once_is_not_believed() -> None:
    def at(number: int) -> PublishedArticle:
        url = f"https://example.org/{number}/"
        return PublishedArticle(number, Article(TITLE, url, source=url, reading="page"))

    found = look(lambda url: Fetched(url, b"", status=404), at(1), at(2), at(3))
    assert {one.withdrawn for one in found.values()} == {""}
    assert all("not believed" in one.trouble for one in found.values())
    two = look(lambda url: Fetched(url, b"", status=404), at(1), at(2))
    assert all(one.withdrawn for one in two.values())


def test_what_came_from_a_file_is_not_asked_for() -> None:
    note = PublishedArticle(1, Article(TITLE, "https://example.org/a", source="/srv/notes/a.txt", reading=""))

    def answer(url: str) -> Fetched:
        raise AssertionError(url)

    assert look(answer, note) == {}


def test_nothing_to_ask() -> None:
    assert look(lambda url: Fetched(url, b"")) == {}
