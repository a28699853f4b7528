"""Articles looked at again on their sites: only an answer that says so makes one withdrawn."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
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
NOTICE = "<p>نعمل على تحسين خدماتنا، ونعود إليكم بعد ساعات قليلة، فعذرا على الإزعاج وشكرا على صبركم الجميل.</p>"
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


def gone(status: int) -> Callable[[str], Fetched]:
    """A site that is up and does not have the article."""
    return lambda url: Fetched(url, b"<html></html>", status=200 if url.endswith(".org/") else status)


def look(answer: Callable[[str], Fetched], *articles: PublishedArticle, seconds: float = 10.0) -> dict[int, Standing]:
    return asked_again(articles, fetcher=Site(answer), now=NOW, seconds=seconds)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (gone(404), "its address answers 404"),
        (gone(410), "its address answers 410"),
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
        lambda url: Fetched(url, bytes(range(256)) * 100),
        lambda url: Fetched(url, b"", status=404),  # the front page too: the site is down
        lambda url: Fetched(url, PAGE.replace(TITLE, "الموقع قيد الصيانة").replace(WORDS, NOTICE * 3).encode()),
        lambda _: Fetched(
            "https://login.example.net/", PAGE.replace(TITLE, "الباب").replace(WORDS, NOTICE * 3).encode()
        ),
    ],
)
def test_answers_that_say_nothing_of_it(answer: Callable[[str], Fetched]) -> None:
    found = look(answer, page())[1]
    assert (found.withdrawn, found.is_shown, found.article) == ("", False, None)


def test_an_article_that_moved_is_there() -> None:
    found = look(lambda _: Fetched("https://other.example.org/elsewhere/", PAGE.encode()), page())[1]
    assert (found.withdrawn, found.is_shown) == ("", True)


def test_a_page_that_shows_it_proves_that_it_is_there() -> None:
    def answer(url: str) -> Fetched:
        return Fetched(url, PAGE.encode())

    assert look(answer, page(reading="feed"))[1] == Standing(is_shown=True)
    by_interface = replace(page(), article=replace(page().article, reading="rest"), withdrawn="it is private")
    # What the interface took back may stand in a store of pages.
    assert look(answer, by_interface)[1] == Standing()
    by_page = replace(by_interface, withdrawn="its address answers 404")
    assert look(answer, by_page)[1] == Standing(is_shown=True)


def test_a_page_that_is_there_is_given_as_it_is_now() -> None:
    shown = look(lambda url: Fetched(url, PAGE.encode()), page(), page(2, "feed"))
    assert shown[1].article is not None
    assert shown[1].article.title == TITLE
    assert shown[2] == Standing(is_shown=True)  # the words of its page are not those of its feed


def test_a_site_that_hangs_is_left_and_named() -> None:
    hanging = threading.Event()

    def answer(url: str) -> Fetched:
        if "site2" in url:
            hanging.wait(60)
        return gone(404)(url)

    found = look(answer, page(1), page(2), seconds=0.5)
    hanging.set()
    assert found[1].withdrawn
    assert found[2] == Standing(trouble="https://site2.example.org/2/: no answer within 0 s")


def test_a_fault_in_one_answer_is_trouble_of_that_one() -> None:
    def answer(url: str) -> Fetched:
        if "site1" in url:
            raise ZeroDivisionError
        return gone(404)(url)

    found = look(answer, page(1), page(2))
    assert "cannot be looked at (ZeroDivisionError)" in found[1].trouble
    assert found[2].withdrawn


def test_a_site_that_misses_all_its_pages_at_once_is_not_believed() -> None:
    def at(number: int) -> PublishedArticle:
        url = f"https://example.org/{number}/"
        return PublishedArticle(number, Article(TITLE, url, source=url, reading="page"))

    found = look(gone(404), at(1), at(2), at(3))
    assert {one.withdrawn for one in found.values()} == {""}
    assert all("not believed" in one.trouble for one in found.values())
    two = look(gone(404), at(1), at(2))
    assert all(one.withdrawn for one in two.values())


def test_what_came_from_a_file_is_not_asked_for() -> None:
    note = PublishedArticle(1, Article(TITLE, "https://example.org/a", source="/srv/notes/a.txt", reading=""))

    def answer(url: str) -> Fetched:
        raise AssertionError(url)

    assert look(answer, note) == {}


def test_nothing_to_ask() -> None:
    assert look(lambda url: Fetched(url, b"")) == {}
