"""Sitemaps of every kind, against a site that is a function; hostile ones end soon and are told in one line."""

from __future__ import annotations

import gzip
import subprocess
import sys
import time
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from command import environment
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.errors import SourceError
from newsletter.sources import kinds, sitemap_xml, web
from newsletter.sources.collect import CollectedArticles, collect
from newsletter.sources.documents import ArticleFilter, Document, Refusal, SourceResult
from newsletter.sources.http import Fetched, FetchError, Kind

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MAP = "https://example.org/sitemap.xml"
TEXT = "عاد النول القديم إلى العمل في دار النسيج بعد أن جمع أهل الحي خيوطه وأصلح النجار أخشابه في شهر واحد."
PAGE = "<!doctype html><title>{t}</title><article><h1>{t}</h1><p>{x}</p><p>{x}</p></article>"
NEWS = 'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
IMAGE = 'xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"'


class Site:
    """A site as a table of addresses; what is not in it is an article if its path begins with ``/a``, else a 404."""

    def __init__(self, files: Mapping[str, str | bytes]) -> None:
        self.files = {
            (name if name.startswith("http") else f"https://example.org/{name}"): data for name, data in files.items()
        }
        self.asked: list[str] = []

    def get(
        self, url: str, kind: Kind = "any", *, headers: Mapping[str, str] | None = None, statuses: Collection[int] = ()
    ) -> Fetched:
        self.asked.append(url)
        if url in self.files:
            data = self.files[url]
            media = "text/html" if url.endswith("/") else "application/xml"
            return Fetched(url, data if isinstance(data, bytes) else data.encode(), media)
        number = url.rpartition("/a")[2]
        if number.isdigit():
            title = f"النول القديم يعود إلى دار النسيج رقم {number}"
            return Fetched(url, PAGE.format(t=title, x=TEXT).encode(), "text/html")
        raise FetchError("the site answered 404", where=url, status=404)

    @property
    def pages(self) -> list[int]:
        """Numbers of the articles that were fetched, in order of their numbers."""
        return sorted(int(url.rpartition("/a")[2]) for url in self.asked if url.rpartition("/a")[2].isdigit())


def day(number: int) -> str:
    return f"{NOW - timedelta(days=number):%Y-%m-%d}"


def urls(*numbers: int, dated: bool = True, head: str = "") -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        + (
            "".join(
                f"<url><loc>https://example.org/a{number}</loc>"
                f"{f'<lastmod>{day(number)}</lastmod>' if dated else ''}</url>"
                for number in numbers
            )
            + "</urlset>"
        )
    )


def index(*named: tuple[str, str]) -> str:
    inner = "".join(
        f"<sitemap><loc>https://example.org/{name}</loc>{f'<lastmod>{moment}</lastmod>' if moment else ''}</sitemap>"
        for name, moment in named
    )
    return f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{inner}</sitemapindex>'


def gathered(files: Mapping[str, str | bytes], target: str = MAP, **wanted: Any) -> tuple[CollectedArticles, Site]:
    site = Site(files)
    return collect([target], fetcher=site, now=NOW, **wanted), site


def named(files: Mapping[str, str | bytes], target: str = MAP, **wanted: Any) -> SourceResult:
    """What a sitemap names, before any page of it is read."""
    document = web.document(target, Site(files))
    assert isinstance(document, Document)
    return kinds.read(document, ArticleFilter(NOW, **wanted))


def numbers(found: CollectedArticles) -> list[int]:
    return [int(article.title.rpartition(" ")[2]) for article in found.articles]


def test_the_newest_are_read_as_pages_and_the_others_are_told() -> None:
    found, site = gathered({"sitemap.xml": urls(9, 3, 1, 7, 5)}, most=3)
    assert (numbers(found), found.troubles) == ([1, 3, 5], ())
    assert site.pages == [1, 3, 5]
    assert named({"sitemap.xml": urls(9, 3, 1, 7, 5)}, most=3).refused == (
        Refusal("https://example.org/a7", "beyond the 3 asked for"),
        Refusal("https://example.org/a9", "beyond the 3 asked for"),
    )


def test_days_are_looked_at_before_anything_is_fetched() -> None:
    files = {"sitemap.xml": urls(*range(1, 30))}
    found, site = gathered(files, since=date(2026, 11, 18), until=date(2026, 11, 20))
    assert (numbers(found), site.pages) == ([4, 5, 6], [4, 5, 6])
    refused = named(files, since=date(2026, 11, 18), until=date(2026, 11, 20)).refused
    assert {each.reason for each in refused} == {
        "last changed before the time asked for",
        "last changed after the time asked for",
    }
    assert len(refused) == 20 + 1 + 3  # twenty by name, how many more, and three that are too new
    assert Refusal("3 more addresses", "last changed before the time asked for") in refused


def test_a_sitemap_of_news_gives_what_the_page_does_not_say() -> None:
    entry = (
        "<url><loc>https://example.org/a1</loc><news:news><news:publication><news:name>الواحة</news:name>"
        "<news:language>ar</news:language></news:publication><news:publication_date>{moment}</news:publication_date>"
        "<news:title>عنوان الخريطة &amp; غيره</news:title></news:news><image:image><image:loc>https://example.org/p.jpg"
        "</image:loc><image:title>صورة</image:title></image:image></url>"
    )
    head = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" {NEWS} {IMAGE}>'
    text = f"{head}{entry.format(moment='2026-11-23T08:15:00+03:00')}</urlset>"
    found, _ = gathered({"sitemap.xml": text})
    (article,) = found.articles
    assert article.title == "النول القديم يعود إلى دار النسيج رقم 1"
    assert article.published is not None
    assert article.published.isoformat() == "2026-11-23T08:15:00+03:00"
    assert article.image == "https://example.org/p.jpg"
    assert sitemap_xml.parse(text.encode(), MAP, now=NOW).entries[0].title == "عنوان الخريطة & غيره"
    # What was published in the days asked for is known without the page; a page that says another day is looked at too.
    late = {"sitemap.xml": text, "a1": PAGE.format(t="خبر آخر من النول القديم", x=TEXT) + "<time datetime=2026-11-02>"}
    result, site = gathered(late, since=date(2026, 11, 20))
    assert site.asked[-1] == "https://example.org/a1"
    assert len(result.articles) <= 1


@pytest.mark.parametrize(
    ("named_in", "expected"),
    [
        ([("old.xml", day(9)), ("new.xml", day(1))], ["new.xml"]),
        ([("sitemap-2026-10.xml", ""), ("sitemap-2026-11.xml", "")], ["sitemap-2026-11.xml"]),
        ([("page-sitemap.xml", ""), ("post-sitemap.xml", "")], ["post-sitemap.xml"]),
        ([("post-sitemap.xml", day(1)), ("news-sitemap.xml", day(2))], ["news-sitemap.xml", "post-sitemap.xml"]),
        ([("wp-sitemap-posts-post-1.xml", ""), ("wp-sitemap-posts-post-12.xml", "")], ["wp-sitemap-posts-post-12.xml"]),
        ([("category-sitemap.xml", ""), ("author-sitemap.xml", ""), ("x.xml", "")], ["x.xml"]),
        ([("wp-sitemap-users-1.xml", ""), ("wp-sitemap-posts-page-1.xml", "")], ["wp-sitemap-posts-page-1.xml"]),
    ],
)
def test_of_an_index_only_the_newest_are_fetched(named_in: list[tuple[str, str]], expected: list[str]) -> None:
    files = {name: urls(*range(2, 6)) for name, _ in named_in} | {"sitemap.xml": index(*named_in)}
    found, site = gathered(files, most=3)
    assert site.asked[1 : 1 + len(expected)] == [f"https://example.org/{name}" for name in expected]
    assert len([url for url in site.asked if url.endswith(".xml")]) == 1 + len(expected)
    assert (numbers(found), found.troubles) == ([2, 3, 4], ())


def test_a_sitemap_changed_before_the_days_asked_for_is_not_fetched() -> None:
    files = {
        "sitemap.xml": index(("new.xml", day(1)), ("old.xml", day(20))),
        "new.xml": urls(1, 2),
        "old.xml": urls(20),
    }
    site = Site(files)
    document = web.document(MAP, site)
    assert isinstance(document, Document)
    result = kinds.read(document, ArticleFilter(NOW, since=date(2026, 11, 10)))
    assert [link.url for link in result.links] == ["https://example.org/a1", "https://example.org/a2"]
    assert site.asked == [MAP, "https://example.org/new.xml"]
    reason = "this sitemap was changed before the time asked for"
    assert result.refused == (Refusal("https://example.org/old.xml", reason),)


def test_a_sitemap_of_wordpress_without_dates_has_the_oldest_first() -> None:
    files = {
        "wp-sitemap.xml": index(("wp-sitemap-posts-post-1.xml", ""), ("wp-sitemap-taxonomies-category-1.xml", "")),
        "wp-sitemap-posts-post-1.xml": urls(1, 2, 3, 4, dated=False),
    }
    _, site = gathered(files, "https://example.org/wp-sitemap.xml", most=2)
    assert site.pages == [3, 4]


def test_a_sitemap_that_fails_stops_no_other() -> None:
    files = {"sitemap.xml": index(("gone.xml", day(1)), ("bad.xml", day(2)), ("b.xml", day(3))), "bad.xml": "<html>"}
    found, _ = gathered(files | {"b.xml": urls(3, 4)})
    assert (numbers(found), found.troubles) == ([3, 4], ())
    assert sorted(found.notes) == [
        "https://example.org/bad.xml: this is no sitemap; check the address",
        "https://example.org/gone.xml: the site answered 404",
    ]


def test_packed_sitemaps_and_robots_are_read() -> None:
    robots = "User-agent: *\nDisallow: /x\nsitemap: https://example.org/sitemap.xml.gz\n  SITEMAP : /second.xml\n"
    files: dict[str, str | bytes] = {
        "robots.txt": robots,
        "sitemap.xml.gz": gzip.compress(urls(1, 2).encode()),
        "second.xml": urls(3),
    }
    assert numbers(gathered(files, "https://example.org/sitemap.xml.gz")[0]) == [1, 2]
    assert numbers(gathered(files, "https://example.org/robots.txt")[0]) == [1, 2, 3]
    found, _ = gathered({"robots.txt": "User-agent: *"}, "https://example.org/robots.txt")
    assert str(found.troubles[0]) == (
        "https://example.org/robots.txt: this robots.txt names no sitemap; give the front page"
    )


def test_a_page_that_is_no_article_is_refused_and_no_trouble() -> None:
    head = "<!doctype html><title>الواحة</title><link rel=alternate type=application/rss+xml href=/feed.xml>"
    files = {
        "sitemap.xml": (
            "<urlset><url><loc>https://example.org/</loc></url><url><loc>https://example.org/feed.xml</loc></url>"
            "<url><loc>javascript:alert(1)</loc></url><url><loc>https://example.org/a1</loc></url></urlset>"
        ),
        "": head,
        "feed.xml": "<rss version='2.0'><channel><item><title>خبر</title></item></channel></rss>",
    }
    found, site = gathered(files)
    assert (numbers(found), found.troubles) == ([1], ())
    assert site.asked.count("https://example.org/feed.xml") == 1
    assert named(files).refused == (
        Refusal("1 entries of https://example.org/sitemap.xml", "they name no web address"),
        Refusal("https://example.org/", "this is a front page, not an article"),
    )


def test_a_file_that_names_further_sitemaps_cannot_be_followed(tmp_path: Path) -> None:
    path = tmp_path / "sitemap.xml"
    path.write_text(index(("a.xml", "")), encoding="utf-8")
    found = collect([str(path)], fetcher=Site({}), now=NOW)
    assert "this only names further sitemaps; give the address of the sitemap" in str(found.troubles[0])
    path.write_text(urls(1, 2), encoding="utf-8")
    assert numbers(collect([str(path)], fetcher=Site({}), now=NOW)) == [1, 2]


# Hostile ones


def test_sitemaps_that_name_each_other_end() -> None:
    files = {
        "sitemap.xml": index(("sitemap.xml", ""), ("b.xml", "")),
        "b.xml": index(("sitemap.xml", ""), ("b.xml", ""), ("c.xml", "")),
        "c.xml": urls(1),
    }
    found, site = gathered(files)
    assert numbers(found) == [1]
    assert len(site.asked) == 4


def test_an_endless_index_is_left_after_a_few() -> None:
    class Endless(Site):
        def get(self, url: str, kind: Kind = "any", **more: Any) -> Fetched:
            self.asked.append(url)
            step = len(self.asked)
            return Fetched(url, index(*((f"s{step}-{n}.xml", "") for n in range(500))).encode(), "application/xml")

    site = Endless({})
    found = collect([MAP], fetcher=site, now=NOW)
    assert found.articles == ()
    assert len(site.asked) <= 22
    assert found.notes[-1] == f"{MAP}: it names no page that is wanted"


GROWTH = """
import sys
from datetime import datetime
from pathlib import Path
from newsletter.sources import sitemap_xml

def most():
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024

text = sys.stdin.buffer.read()
before = most()
parsed = sitemap_xml.parse(text, sys.argv[1], now=datetime.fromisoformat(sys.argv[2]))
print(most() - before)
"""
"""Bytes by which the largest size of a process grows while it reads a sitemap."""


@pytest.mark.slow
def test_fifty_thousand_entries_are_read_in_time_and_memory() -> None:
    text = urls(*range(1, 60_000)).encode()
    began = time.thread_time()
    result = named({"sitemap.xml": text}, most=5)
    took = time.thread_time() - began
    assert [link.url for link in result.links] == [f"https://example.org/a{number}" for number in range(1, 6)]
    assert result.notes == (f"{MAP}: it names more than 50000 addresses; the first were looked at",)
    assert len(result.refused) == 21
    assert took < 8  # 1.8 on a quiet machine
    done = subprocess.run(
        [sys.executable, "-c", GROWTH, MAP, NOW.isoformat()],
        input=text,
        env=environment(),
        capture_output=True,
        check=True,
    )
    assert int(done.stdout) < 150_000_000  # to trace each piece of memory would take ten times as long


BOMB = '<!DOCTYPE urlset [<!ENTITY a "{a}">{rest}]>'.format(
    a="x" * 1000, rest="".join(f'<!ENTITY a{n} "{"&a;" * 10 if n == 0 else f"&a{n - 1};" * 10}">' for n in range(9))
)
FILE = '<!DOCTYPE urlset [<!ENTITY f SYSTEM "file:///etc/hostname">]>'


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        BOMB + "<urlset><url><loc>&a8;</loc></url><url><loc>https://example.org/a1</loc></url></urlset>",
        FILE + "<urlset><url><loc>https://example.org/&f;</loc></url></urlset>",
        "<urlset>" + "<url>" * 100_000,
        "<urlset><url><loc>" + "x" * 5_000_000,
        "<urlset" + " a='1'" * 100_000 + "><url><loc>https://example.org/a1</loc></url></urlset>",
        "<urlset>" + "<url/>" * 400_000,
        "<urlset><url>" + "<loc>https://example.org/a1</loc>" * 100_000 + "</url></urlset>",
        "<!DOCTYPE urlset [" + "<!ENTITY" * 100_000,
        "<urlset><!--" + "-" * 5_000_000,
    ],
    ids=["entities", "file", "nested", "long", "attributes", "empty", "locs", "doctype", "comment"],
)
def test_hostile_sitemaps_end_soon_and_reach_no_file(text: str) -> None:
    began = time.thread_time()
    try:
        parsed = sitemap_xml.parse(text.encode(), MAP, now=NOW)
    except SourceError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome is right
    else:
        host = Path("/etc/hostname").read_text("utf-8").strip() or "?"
        assert all(host not in entry.url for entry in parsed.entries)
    assert time.thread_time() - began < 4


@settings(deadline=None, max_examples=80)
@given(
    st.lists(
        st.sampled_from(
            [
                *(
                    "<urlset>",
                    "</urlset>",
                    "<url>",
                    "</url>",
                    "<loc>",
                    "</loc>",
                    "<lastmod>",
                    "2026-11-20",
                    "&",
                    "<!--",
                ),
                *("<sitemapindex>", "https://example.org/a1", "<news:title>", "\x00", "]]>", "<![CDATA[", "x" * 3000),
                *("<lastmod>99999-99-99</lastmod>", "<!DOCTYPE x [", "]>", "<loc>http://[</loc>", "\ud800"),
            ]
        ),
        max_size=20,
    ).map("".join)
)
def test_no_sitemap_raises_anything_but_our_own(text: str) -> None:
    data = ("<urlset>" + text).encode("utf-8", "surrogatepass")
    try:
        sitemap_xml.parse(data, MAP, now=NOW)
    except SourceError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome is right
