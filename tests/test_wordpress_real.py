"""A real WordPress on loopback, asked by the real command, against what its own database says was published."""

from __future__ import annotations

import html
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest
from real_wordpress import NEEDED, Site, running

ALGIERS = ZoneInfo("Africa/Algiers")
SPORT = "%d8%b1%d9%8a%d8%a7%d8%b6%d8%a9"
LOCKED = "%d8%ae%d9%84%d9%81-%d9%83%d9%84%d9%85%d8%a9-%d8%b3%d8%b1"

pytestmark = NEEDED


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running() as made:
        yield made


@pytest.fixture
def closed(site: Site) -> Iterator[None]:
    """The site with its REST interface closed by a plugin."""
    (site.folder / "closed").touch()
    yield
    (site.folder / "closed").unlink()


def in_order(articles: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(articles, key=lambda each: not each["sticky"])


def moment(article: dict[str, Any]) -> str:
    return datetime.fromisoformat(article["date"]).replace(tzinfo=ALGIERS).isoformat()


def picture(article: dict[str, Any], base: str) -> str:
    """The smallest at least 600 pixels wide, else the largest, by what the database holds of its sizes."""
    if "<img" in article["content"]:
        return f"{base}wp-content/uploads/في-النص.png"
    details = article["picture"]
    if not details:
        return ""
    folder = details["file"].rpartition("/")[0]
    named = [(size["width"], f"{folder}/{size['file']}") for size in details["sizes"].values()]
    offers = sorted([*named, (details["width"], details["file"])])
    return f"{base}wp-content/uploads/{next((name for width, name in offers if width >= 600), offers[-1][1])}"


def test_everything_published_is_found_once_in_order_and_as_the_database_has_it(site: Site, tmp_path: Path) -> None:
    began = time.process_time()
    found = site.collect(tmp_path / "w", site.url, "--most", "200")
    assert time.process_time() - began < 30
    assert found["troubles"] == []
    assert found["notes"] == [f"{site.url}: 1 of its articles want a password and were left out"]
    expected = in_order(site.articles)
    assert len(expected) == 120
    got = found["articles"]
    assert [each["title"] for each in got] == [each["title"] for each in expected]
    assert [each["url"] for each in got] == [site.address(each) for each in expected]
    assert [each["published"] for each in got] == [moment(each) for each in expected]
    assert [each["sticky"] for each in got] == [each["sticky"] for each in expected]
    assert [unquote(each["image"]) for each in got] == [picture(each, site.url) for each in expected]
    for article, wanted in zip(got, expected, strict=True):
        assert article["author"] == ("" if wanted["author"] == "admin" else wanted["author"])
        names = {html.unescape(name) for name in (*wanted["categories"], *wanted["tags"])} - {"Uncategorized"}
        assert set(filter(None, [article["section"], *article["tags"]])) == names
        assert article["section"] not in article["tags"]
        assert article["section"] in {html.unescape(name) for name in wanted["categories"]} | {""}
        if wanted["excerpt"]:
            assert article["summary"] == wanted["excerpt"]
        elif wanted["content"]:
            assert article["summary"].endswith("مما كان.")
            assert wanted["content"].count(article["summary"].partition(".")[0]) == 1
        else:
            assert (article["summary"], article["paragraphs"]) == ("", [])
        if "<img" not in wanted["content"]:
            assert article["image_alt"] == (wanted["alt"] if wanted["picture"] else "")
    again = site.collect(tmp_path / "w", site.url, "--most", "200")
    assert [each["id"] for each in again["articles"]] == [each["id"] for each in got]
    assert {each["status"] for each in again["articles"]} == {"known"}


@pytest.mark.parametrize("day", ["2025-11-12", "2025-11-13"])
def test_a_day_is_one_of_the_site_s_zone(site: Site, tmp_path: Path, day: str) -> None:
    found = site.collect(tmp_path / "w", site.url, "--since", day, "--until", day)
    expected = [moment(each) for each in in_order(site.articles) if each["date"].startswith(day)]
    assert [each["published"] for each in found["articles"]] == expected
    border = {"2025-11-12": "2025-11-12T23:30:00+01:00", "2025-11-13": "2025-11-13T00:30:00+01:00"}
    assert border[day] in expected


def test_a_pasted_article_comes_whole_from_its_twin(site: Site, tmp_path: Path) -> None:
    wanted = next(each for each in site.articles if each["date"] == "2025-11-13 00:30:00")
    (article,) = site.collect(tmp_path / "w", site.address(wanted))["articles"]
    assert (article["title"], article["published"]) == (wanted["title"], moment(wanted))
    assert article["source"] == f"{site.url}wp-json/"
    assert len(article["paragraphs"]) == 3


@pytest.mark.usefixtures("closed")
def test_a_closed_interface_gives_the_same_articles_by_the_feed(site: Site, tmp_path: Path) -> None:
    found = site.collect(tmp_path / "w", site.url, "--most", "200")
    assert found["troubles"] == []
    (note,) = found["notes"]
    assert note == (
        f"{site.url}wp-json/: its REST interface is closed (401 rest_not_logged_in); its feed was read instead"
    )
    got = found["articles"]
    assert [each["title"] for each in got] == [each["title"] for each in site.articles]
    assert [each["url"] for each in got] == [site.address(each) for each in site.articles]
    assert [each["published"] for each in got] == [moment(each) for each in site.articles]
    day = site.collect(tmp_path / "w", site.url, "--since", "2025-11-13", "--until", "2025-11-13")
    expected = [each["title"] for each in site.articles if each["date"].startswith("2025-11-13")]
    assert [each["title"] for each in day["articles"]] == expected
    # What was read by one road is known by the other.
    (site.folder / "closed").rename(site.folder / "open")
    by_rest = site.collect(tmp_path / "w", site.url, "--most", "200")
    (site.folder / "open").rename(site.folder / "closed")
    assert sorted(each["id"] for each in by_rest["articles"]) == sorted(each["id"] for each in got)
    assert {each["status"] for each in by_rest["articles"]} == {"updated"}  # with pictures, authors, tags


@pytest.mark.usefixtures("closed")
def test_a_section_of_a_closed_site_is_that_section(site: Site, tmp_path: Path) -> None:
    found = site.collect(tmp_path / "w", f"{site.url}category/{SPORT}/", "--most", "100")
    expected = [each["title"] for each in site.articles if "رياضة" in each["categories"]]
    assert [each["title"] for each in found["articles"]] == expected


@pytest.mark.usefixtures("closed")
def test_a_pasted_article_of_a_closed_site_is_read_from_its_page(site: Site, tmp_path: Path) -> None:
    wanted = next(each for each in site.articles if each["author"] == "سلمى الراوي" and len(each["categories"]) > 1)
    found = site.collect(tmp_path / "w", site.address(wanted))
    (article,) = found["articles"]
    assert (article["title"], article["published"]) == (wanted["title"], moment(wanted))
    assert (article["author"], article["section"]) == ("سلمى الراوي", html.unescape(wanted["categories"][0]))
    assert len(article["paragraphs"]) == 3
    assert found["notes"][0].endswith("the page itself was read instead")


@pytest.mark.parametrize("is_closed", [False, True])
def test_an_article_that_wants_a_password_is_a_trouble(
    site: Site, tmp_path: Path, is_closed: bool, request: pytest.FixtureRequest
) -> None:
    if is_closed:
        request.getfixturevalue("closed")
    found = site.collect(tmp_path / "w", f"{site.url}2025/11/{LOCKED}/", code=1)
    assert found["articles"] == []
    assert [trouble["what"] for trouble in found["troubles"]] == ["the article wants a password"]


def test_a_feed_gives_what_its_site_gives(site: Site, tmp_path: Path) -> None:
    by_site = site.collect(tmp_path / "w", site.url, "--most", "30")
    for feed in ("feed/", "?feed=rss2", "feed/atom/"):
        by_feed = site.collect(tmp_path / "w", f"{site.url}{feed}", "--most", "30")
        assert (by_feed["troubles"], by_feed["notes"]) == ([], [])
        assert [each["id"] for each in by_feed["articles"]] == [each["id"] for each in by_site["articles"]]
        assert {each["status"] for each in by_feed["articles"]} == {"known"}
    assert any(each["image"] for each in by_site["articles"])
    unchanged = site.collect(tmp_path / "w", f"{site.url}feed/", "--most", "30")
    assert unchanged["articles"] == []  # 304: the interface was not asked at all
    section = site.collect(tmp_path / "v", f"{site.url}category/{SPORT}/feed/", "--most", "100")
    expected = [each["title"] for each in in_order(site.articles) if "رياضة" in each["categories"]]
    assert [each["title"] for each in section["articles"]] == expected
    month = site.collect(tmp_path / "u", f"{site.url}2025/11/feed/")
    assert {each["source"] for each in month["articles"]} == {f"{site.url}2025/11/feed/"}


@pytest.mark.usefixtures("closed")
def test_a_feed_of_a_closed_site_is_read_itself(site: Site, tmp_path: Path) -> None:
    found = site.collect(tmp_path / "w", f"{site.url}feed/", "--most", "30")
    assert [each["title"] for each in found["articles"]] == [each["title"] for each in site.articles[:30]]
    (note,) = found["notes"]
    assert note.endswith("its feed was read instead")


@pytest.mark.parametrize("name", ["wp-sitemap.xml", "robots.txt", "wp-sitemap-posts-post-1.xml"])
def test_its_own_sitemap_leads_to_the_newest_articles(site: Site, tmp_path: Path, name: str) -> None:
    found = site.collect(tmp_path / "w", f"{site.url}{name}", "--most", "5")
    by_number = sorted(site.articles, key=lambda each: each["id"], reverse=True)
    titles = {each["title"] for each in found["articles"]}
    assert len(titles) >= 4  # the article that wants a password may be among the newest five
    assert titles <= {each["title"] for each in by_number[:5]}
    assert all(each["source"] == f"{site.url}wp-json/" for each in found["articles"])


def test_a_list_of_the_interface_is_that_list(site: Site, tmp_path: Path) -> None:
    found = site.collect(tmp_path / "w", f"{site.url}wp-json/wp/v2/posts?per_page=4&offset=2")
    assert [each["title"] for each in found["articles"]] == [each["title"] for each in site.articles[2:6]]
    by_query = site.collect(tmp_path / "w", f"{site.url}?rest_route=/wp/v2/posts&per_page=3")
    assert [each["title"] for each in by_query["articles"]] == [each["title"] for each in site.articles[:3]]


@pytest.mark.parametrize(
    ("tail", "what"),
    [
        ("2025/11/", "this is the archive of a day, a month or a year, not an article"),
        ("?s=%D8%B3%D9%88%D9%82", "these are the results of a search, not an article"),
        ("wp-login.php", "this is a page to log in, not an article"),
        ("page/2/", "this is a page that only lists articles, not an article"),
    ],
)
@pytest.mark.parametrize("is_closed", [False, True])
def test_what_is_no_article_is_refused(
    site: Site, tmp_path: Path, tail: str, what: str, is_closed: bool, request: pytest.FixtureRequest
) -> None:
    if is_closed:
        request.getfixturevalue("closed")
    found = site.collect(tmp_path / "w", f"{site.url}{tail}", code=1)
    assert found["articles"] == []
    assert what in [trouble["what"] for trouble in found["troubles"]]
