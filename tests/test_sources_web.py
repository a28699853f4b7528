"""A web address as what it turns out to be: feeds with their marks and pages, front pages, robot checks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime

import pytest

from newsletter.errors import SourceError
from newsletter.models import Article
from newsletter.sources import feed, kinds, web
from newsletter.sources.collect import collect, with_pictures
from newsletter.sources.documents import ArticleFilter, SourceResult
from newsletter.sources.http import Fetched, FetchError, Kind
from newsletter.sources.http.challenges import guard_of

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WANTED = ArticleFilter(NOW)
TEXT = "افتتح نادي القراءة موسمه الجديد مساء الأحد بلقاء مفتوح في حديقة المكتبة حضره عشرات القراء من كل الأعمار."


class Site:
    """A site as a function from address and headers to an answer."""

    def __init__(self, answer: Callable[[str, Mapping[str, str]], Fetched]) -> None:
        self._answer = answer
        self.asked: list[tuple[str, Mapping[str, str]]] = []

    def get(
        self, url: str, kind: Kind = "any", *, headers: Mapping[str, str] | None = None, statuses: Collection[int] = ()
    ) -> Fetched:
        self.asked.append((url, headers or {}))
        got = self._answer(url, headers or {})
        if got.status != 200 and got.status not in statuses:
            raise FetchError(f"the site answered {got.status}", where=url, mend="try again later", status=got.status)
        return got


def items(first: int, last: int) -> str:
    return "".join(
        f"<item><title>خبر رقم {number}</title><link>https://example.org/{number}</link>"
        f"<pubDate>{format_datetime(NOW - timedelta(days=number))}</pubDate></item>"
        for number in range(first, last + 1)
    )


def rss(inner: str, head: str = "<generator>https://wordpress.org/?v=6.6</generator>") -> bytes:
    return f'<rss version="2.0"><channel><title>م</title>{head}{inner}</channel></rss>'.encode()


def read(url: str, site: Site, wanted: ArticleFilter) -> SourceResult:
    document = web.document(url, site)
    assert document is not None
    return kinds.read(document, wanted)


def feeds_of(site: Site) -> list[str]:
    """Which feeds were asked for; of WordPress' the front page is asked too, for the way to the interface."""
    return [url for url, _ in site.asked if "/feed/" in url]


def titles(brought: SourceResult) -> list[str]:
    return [article.title for article in brought.articles]


# Marks of feeds


@pytest.mark.parametrize(
    ("headers", "sent"),
    [
        ({"etag": '"abc"', "last-modified": "Fri, 20 Nov 2026 10:00:00 GMT"}, {"If-None-Match": '"abc"'}),
        ({"etag": 'W/"abc"'}, {"If-None-Match": '"abc"'}),
        (
            {"last-modified": "Fri, 20 Nov 2026 10:00:00 GMT"},
            {"If-Modified-Since": "Fri, 20 Nov 2026 10:00:00 GMT"},
        ),
    ],
)
def test_a_feed_that_has_not_changed_is_not_fetched_again(headers: dict[str, str], sent: dict[str, str]) -> None:
    def answer(url: str, asked: Mapping[str, str]) -> Fetched:
        return Fetched(url, b"", status=304) if asked == sent else Fetched(url, rss(items(1, 2)), headers=headers)

    site = Site(answer)
    first = collect(["https://example.org/feed/"], fetcher=site, now=NOW)
    assert len(first.articles) == 2
    del site.asked[:]
    again = collect(["https://example.org/feed/"], fetcher=site, now=NOW, validators=first.validators)
    assert (again.articles, again.troubles, again.validators) == ((), (), first.validators)
    assert site.asked == [("https://example.org/feed/", sent)]


def test_a_feed_without_marks_is_known_by_its_bytes() -> None:
    site = Site(lambda url, _: Fetched(url, rss(items(1, 1))))
    (mark,) = collect(["https://example.org/feed/"], fetcher=site, now=NOW).validators.values()
    assert (mark.etag, mark.modified, len(mark.digest)) == ("", "", 64)


# Pages of feeds


def paged(url: str, _: Mapping[str, str]) -> Fetched:
    number = int(url.partition("paged=")[2] or 1)
    if number > 3:
        return Fetched(url, rss(""), status=404)
    return Fetched(url, rss(items(10 * number - 9, 10 * number)))


def test_one_page_is_enough_when_no_time_is_asked_for() -> None:
    site = Site(paged)
    assert len(read("https://example.org/feed/", site, WANTED).articles) == 10
    assert feeds_of(site) == ["https://example.org/feed/"]


def test_further_pages_are_asked_until_the_time_is_passed() -> None:
    site = Site(paged)
    found = read("https://example.org/feed/", site, replace(WANTED, since=NOW - timedelta(days=15)))
    assert titles(found) == [f"خبر رقم {number}" for number in range(1, 16)]
    assert feeds_of(site) == ["https://example.org/feed/", "https://example.org/feed/?paged=2"]


def test_the_end_of_a_feed_is_no_trouble() -> None:
    found = read("https://example.org/feed/", Site(paged), replace(WANTED, since=date(2026, 1, 1)))
    assert len(found.articles) == 30
    assert found.notes == ()


def test_a_time_in_which_nothing_was_published_is_noted() -> None:
    site = Site(lambda url, _: Fetched(url, rss(items(1, 3), head="")))
    found = read("https://example.org/feed/", site, replace(WANTED, until=date(2026, 1, 1)))
    assert found.articles == ()
    assert found.notes == ("https://example.org/feed/: nothing was published in the time asked for",)


def test_a_feed_that_turns_in_a_circle_ends() -> None:
    site = Site(lambda url, _: Fetched(url, rss(items(1, 10))))
    assert len(read("https://example.org/feed/", site, replace(WANTED, since=date(2020, 1, 1))).articles) == 10
    assert len(feeds_of(site)) == 2


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (rss(""), "https://example.org/feed/?cat=3&paged=3"),
        (rss("", head=""), ""),
        (
            b'<feed xmlns="http://www.w3.org/2005/Atom"><link rel="next" href="/feed?page=2&amp;x=1"/></feed>',
            "https://example.org/feed?page=2&x=1",
        ),
        (b'{"items": [], "next_url": "https://example.org/2.json"}', "https://example.org/2.json"),
        (b'{"items": ', ""),
        (b"[]", ""),
    ],
)
def test_next_page(data: bytes, expected: str) -> None:
    assert feed.next_page(data, "https://example.org/feed/?cat=3&paged=2") == expected


# Front pages and pages without an article


def front(feeds: str, body: str = "<p>x") -> Callable[[str, Mapping[str, str]], Fetched]:
    def answer(url: str, _: Mapping[str, str]) -> Fetched:
        if url.endswith(("/rss", "/second")):
            return Fetched(url, rss(items(1, 2), head=""), "application/rss+xml")
        if url.endswith("/broken"):
            return Fetched(url, b"", status=500)
        return Fetched(url, f"<html><head><title>الواحة</title>{feeds}</head><body>{body}</body></html>".encode())

    return answer


LINK = '<link rel="alternate" type="application/rss+xml" title="{}" href="{}">'


def test_a_front_page_is_read_through_its_feed() -> None:
    site = Site(front(LINK.format("التعليقات", "/comments") + LINK.format("الأخبار", "/rss")))
    assert titles(read("https://example.org/", site, WANTED)) == ["خبر رقم 1", "خبر رقم 2"]
    assert [url for url, _ in site.asked] == ["https://example.org/", "https://example.org/rss"]


def test_the_next_feed_is_tried_when_one_is_broken() -> None:
    site = Site(front(LINK.format("a", "/broken") + LINK.format("b", "/second")))
    assert len(read("https://example.org/", site, WANTED).articles) == 2


def test_a_page_without_an_article_is_read_through_its_feed_too() -> None:
    site = Site(front(LINK.format("a", "/rss")))
    assert len(read("https://example.org/section/news", site, WANTED).articles) == 2


def test_a_front_page_without_a_feed_says_so() -> None:
    with pytest.raises(SourceError, match="this is a front page without a feed; give the addresses of its articles"):
        read("https://example.org/", Site(front("")), WANTED)
    with pytest.raises(SourceError, match="no article can be found in this page"):
        read("https://example.org/x", Site(front("")), WANTED)


def test_an_article_is_read_even_where_a_feed_is_named() -> None:
    body = f"<article><h1>نادي القراءة يبدأ موسمه</h1><p>{TEXT}</p><p>{TEXT}</p></article>"
    site = Site(front(LINK.format("a", "/rss"), body))
    assert titles(read("https://example.org/club", site, WANTED)) == ["نادي القراءة يبدأ موسمه"]


def test_an_archive_page_is_read_through_its_own_feed_and_never_through_that_of_the_site() -> None:
    teaser = f"<p>{TEXT}</p>"
    cards = "".join(f"<div><h3><a href=/n/{n}>خبر من أخبار نادي القراءة {n}</a></h3>{teaser}</div>" for n in range(7))
    site = Site(front(LINK.format("a", "/rss"), f"<h1>ثقافة</h1>{cards}"))
    with pytest.raises(SourceError, match="this is the archive of a section, not an article; give the feed it names"):
        read("https://example.org/category/culture/", site, WANTED)
    assert [url for url, _ in site.asked] == ["https://example.org/category/culture/"]
    own = LINK.format("a", "/rss") + LINK.format("b", "/category/culture/rss")
    site = Site(front(own, f"<h1>ثقافة</h1>{cards}"))
    assert len(read("https://example.org/category/culture/", site, WANTED).articles) == 2
    assert site.asked[-1][0] == "https://example.org/category/culture/rss"


@pytest.mark.parametrize("is_same", [True, False])
def test_a_page_that_any_address_shows_is_no_article(is_same: bool) -> None:
    def answer(url: str, _: Mapping[str, str]) -> Fetched:
        words = TEXT if is_same or url.endswith("/note") else "لا شيء في هذا العنوان، وربما كان هنا شيء من قبل ثم نقل."
        shell = f"<title>أهلاً بكم في الواحة الجديدة</title><meta name=description content='{words}'><div id=app></div>"
        return Fetched(url, shell.encode())

    site = Site(answer)
    if not is_same:
        assert len(read("https://example.org/n/note", site, WANTED).articles) == 1
        return
    with pytest.raises(SourceError, match="the site shows the same at any address that does not exist"):
        read("https://example.org/n/note", site, WANTED)
    assert len(site.asked) == 2
    assert site.asked[1][0].startswith("https://example.org/n/")


@pytest.mark.parametrize(
    ("asked", "is_gone"),
    [
        ("https://example.org/2026/11/club/", True),
        ("https://example.org/the-reading-club-begins/", True),
        ("http://www.example.org/?p=12", True),
        ("https://example.org/ar", False),
        ("https://example.org/?utm_source=x", False),
        ("https://old.example.net/2026/11/", False),
    ],
)
def test_an_address_that_leads_home_holds_nothing_any_more(asked: str, is_gone: bool) -> None:
    def answer(url: str, _: Mapping[str, str]) -> Fetched:
        return Fetched("https://example.org/" if url == asked else url, rss(items(1, 2), head=""))

    found = collect([asked], fetcher=Site(answer), now=NOW)
    assert len(found.articles) == (0 if is_gone else 2)
    told = "this address leads to the site's front page: there is nothing at it any more; check the address, or give"
    assert is_gone is any(told in str(trouble) for trouble in found.troubles)


def test_an_article_with_its_day_asks_for_no_other_page() -> None:
    body = f"<h1>نادي القراءة يبدأ موسمه</h1><time datetime=2026-11-20>أمس</time><p>{TEXT}</p>"
    site = Site(lambda url, _: Fetched(url, body.encode()))
    assert len(read("https://example.org/n/note", site, WANTED).articles) == 1
    assert len(site.asked) == 1


# Pictures


def test_pictures_are_looked_for_on_the_pages_of_the_chosen_articles() -> None:
    page = "<meta property='og:image' content='/p.jpg'><meta property='og:image:alt' content='وصف'>"

    def answer(url: str, _: Mapping[str, str]) -> Fetched:
        if url.endswith("/gone"):
            return Fetched(url, b"", status=404)
        return Fetched(url, (page if url.endswith("/a") else "<p>x").encode())

    site = Site(answer)
    had = Article("أ", url="https://example.org/had", image="https://example.org/x.jpg")
    articles = [Article("أ", url=f"https://example.org/{name}") for name in ("a", "none", "gone")]
    found = with_pictures([*articles, had, Article("بلا عنوان")], fetcher=site)
    assert [article.image for article in found] == ["https://example.org/p.jpg", "", "", had.image, ""]
    assert found[0].image_alt == "وصف"
    assert len(site.asked) == 3


# Guards


@pytest.mark.parametrize(
    ("data", "headers", "name"),
    [
        (b"<html><head><title>Just a moment...</title>", {}, "Cloudflare"),
        (b"", {"cf-mitigated": "challenge"}, "Cloudflare"),
        (b"<script>window._cf_chl_opt={}</script>", {}, "Cloudflare"),
        (b'<meta http-equiv="refresh" content="0;/.well-known/sgcaptcha/?r=x">', {}, "SiteGround"),
        (b"<title>Sucuri WebSite Firewall - Access Denied</title>", {}, "Sucuri"),
        (b'<iframe src="/_Incapsula_Resource?x">', {}, "Imperva"),
        (b'<script src="/aes.js"></script><script>document.cookie="__test="+x', {}, "the hosting company"),
        (b"<title>Robot Challenge Screen</title>", {}, "a robot check"),
        (b"<html><title>Just another day</title><p>cloudflare</p>", {}, ""),
        (b"<title>Just a moment...</title>" + b" " * 200_000, {}, ""),
        (rss(items(1, 2)), {}, ""),
    ],
)
def test_guards_are_known_by_their_challenges(data: bytes, headers: dict[str, str], name: str) -> None:
    assert guard_of(data, headers) == name
