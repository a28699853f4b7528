"""Collecting into the library: an unchanged feed is not read again, pictures are looked up when asked, files too."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from pathlib import Path

import pytest

from newsletter.errors import SourceError
from newsletter.sources.http import Fetched, Kind
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows.collect import gather, sources_of
from newsletter.workspace import folder

FEED = "https://example.org/feed/"
ITEM = """<item><title>خبر {number}</title><link>https://example.org/{number}</link>
<description>ملخص الخبر رقم {number} من مرسى الريحان.</description>
<pubDate>Fri, {day} Nov 2026 08:00:00 +0000</pubDate></item>"""


class Site:
    """A site with a feed of two posts and a page with a picture for each; what is asked for is written down."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def get(
        self, url: str, kind: Kind = "any", *, headers: Mapping[str, str] | None = None, statuses: Collection[int] = ()
    ) -> Fetched:
        self.asked.append(url)
        if url == FEED:
            if (headers or {}).get("If-None-Match") == '"one"':
                return Fetched(url, b"", "", "", 304, {})
            items = ITEM.format(number=1, day="06") + ITEM.format(number=2, day="20")
            feed = f"<?xml version='1.0'?><rss version='2.0'><channel><title>الموجة</title>{items}</channel></rss>"
            return Fetched(url, feed.encode(), "application/rss+xml", "utf-8", 200, {"etag": '"one"'})
        if url.rstrip("/").rpartition("/")[2] in {"1", "2"}:
            page = f'<html><head><meta property="og:image" content="{url}.jpg"></head><body><p>نص</p></body></html>'
            return Fetched(url, page.encode(), "text/html", "utf-8", 200, {})
        raise SourceError("there is nothing at this address (404)", where=url)

    def ask(self, _method: str, url: str, kind: Kind = "any", *, statuses: Collection[int] = ()) -> Fetched:
        return self.get(url, kind, statuses=statuses)

    def close(self) -> None:
        pass


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def workspace(tmp_path: Path, site: Site) -> Iterator[Workspace]:
    folder.make(
        tmp_path / "w",
        name="الموجة",
        url="https://example.org",
        sender="news@example.org",
        web="",
        language="ar",
        timezone="Africa/Algiers",
    )
    with open_workspace(tmp_path / "w", {"NASHRA_COLLECT__SOURCES": f"{FEED},notes/a.txt"}) as workspace:
        workspace.__dict__["fetcher"] = site
        yield workspace


def write_note(workspace: Workspace) -> None:
    (workspace.root / "notes").mkdir()
    (workspace.root / "notes" / "a.txt").write_text("عنوان الملف\nفقرة واحدة من ملف في مجلد الجريدة.\n", "utf-8")


def test_the_sources_of_the_settings_are_asked_and_read_again_only_when_changed(
    workspace: Workspace, site: Site
) -> None:
    write_note(workspace)
    assert sources_of(workspace) == [FEED, str(workspace.root / "notes" / "a.txt")]
    first = gather(workspace)
    assert [holding.article.title for holding in first.holdings] == ["خبر 1", "خبر 2", "عنوان الملف"]
    assert (len(first.added), first.troubles) == (3, ())
    again = gather(workspace)
    assert (again.added, len(again.known), again.troubles) == ((), 1, ())
    # A day asked for is a question of its own: that the feed is the same does not answer it.
    assert [one.article.title for one in gather(workspace, [FEED], since=date(2026, 11, 20)).holdings] == ["خبر 2"]


def test_pictures_are_looked_up_when_asked(workspace: Workspace, site: Site) -> None:
    assert [one.article.image for one in gather(workspace, [FEED]).holdings] == ["", ""]
    found = gather(workspace, [FEED], since=date(2026, 11, 1), pictures=True)
    assert [one.article.image for one in found.holdings] == ["https://example.org/1.jpg", "https://example.org/2.jpg"]
    assert len(found.updated) == 2


def test_a_source_that_is_gone_stops_nothing_else(workspace: Workspace) -> None:
    found = gather(workspace)
    assert len(found.added) == 2
    (trouble,) = found.troubles
    assert "notes/a.txt" in trouble.where


def test_without_sources_the_library_stays(tmp_path: Path, workspace: Workspace) -> None:
    with open_workspace(workspace.root, {}) as bare:
        assert gather(bare).holdings == ()
