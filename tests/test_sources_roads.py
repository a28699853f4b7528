"""One article by every road of its site: known each time by the same name, and never "updated" in turns."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from test_sources_wordpress import NOW, REFUSALS, ROOT, WordPress, post

from newsletter import library
from newsletter.sources.collect import collect
from newsletter.sources.http import Fetched
from newsletter.storage.database import Database

HOME = "https://example.org/"
ROADS = {
    "site": HOME,
    "feed": f"{HOME}feed/",
    "section": f"{HOME}category/x/",
    "section's feed": f"{HOME}category/x/feed/",
    "list": f"{ROOT}wp/v2/posts?categories=2",
    "own address": post(1)["link"],
    "sitemap": f"{HOME}wp-sitemap.xml",
}


def sitemap(url: str) -> Fetched | None:
    text = f"<urlset><url><loc>{post(1)['link']}</loc></url></urlset>"
    return Fetched(url, text.encode(), "application/xml") if url.endswith("sitemap.xml") else None


def closed(url: str) -> Fetched | None:
    return REFUSALS["401"] if "/wp-json/" in url else sitemap(url)


def shelved(database: Database, road: str, now: datetime = NOW, *, is_closed: bool = False) -> tuple[int, int, int]:
    """How many were added, updated and known when the site was read by this road."""
    site = WordPress([post(1)], closed if is_closed else sitemap)
    articles = collect([ROADS[road]], fetcher=site, now=now).articles
    assert len(articles) == 1
    with database.write() as connection:
        change = library.shelve(connection, articles, now=now)
    return len(change.added), len(change.updated), len(change.known)


@pytest.mark.parametrize("first", sorted(ROADS))
def test_every_road_of_an_open_site_brings_the_same_article(database: Database, first: str) -> None:
    assert shelved(database, first) == (1, 0, 0)
    for road in sorted(ROADS):
        assert shelved(database, road) == (0, 0, 1), road


@pytest.mark.parametrize("second", ["site", "feed", "own address", "sitemap"])
@pytest.mark.parametrize("first", ["site", "feed", "own address"])
def test_an_interface_that_opens_and_closes_makes_no_updates_in_turns(
    database: Database, first: str, second: str
) -> None:
    assert shelved(database, first) == (1, 0, 0)
    for hours in range(1, 12):
        now = NOW + timedelta(hours=hours)
        assert shelved(database, second, now, is_closed=bool(hours % 2)) == (0, 0, 1), hours


def test_what_a_closed_interface_gave_is_made_better_once(database: Database) -> None:
    assert shelved(database, "feed", is_closed=True) == (1, 0, 0)
    assert shelved(database, "own address", is_closed=True)[0] == 0
    shelved(database, "site")
    for road in sorted(ROADS):
        for is_closed in (False, True):
            if is_closed and road == "list":
                continue  # what to give instead is told
            assert shelved(database, road, is_closed=is_closed) == (0, 0, 1), road
