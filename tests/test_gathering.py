"""Collecting into the library: an unchanged feed is not read again, pictures are looked up when asked, files too."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from newsletter import library
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


def test_what_was_left_of_a_feed_comes_with_the_next_round(workspace: Workspace, site: Site) -> None:
    first = gather(workspace, [FEED], most=1)
    assert len(first.added) == 1
    (report,) = first.sources
    assert (report.seen, [one.reason for one in report.refused]) == (2, ["beyond the 1 asked for"])
    # Nothing that marks the feed as read was kept, for it was not.
    second = gather(workspace, [FEED])
    assert (len(second.added), len(second.known), second.sources[0].unchanged) == (1, 1, False)
    third = gather(workspace, [FEED])
    assert (third.sources[0].unchanged, third.sources[0].seen) == (True, 0)


def test_a_mark_that_comes_with_not_modified_replaces_the_one_before(
    workspace: Workspace, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    gather(workspace, [FEED])
    sent: list[str] = []

    def get(
        url: str, kind: Kind = "any", *, headers: Mapping[str, str] | None = None, statuses: Collection[int] = ()
    ) -> Fetched:
        sent.append((headers or {}).get("If-None-Match", ""))
        return Fetched(url, b"", "", "", 304, {"etag": '"two"'})

    monkeypatch.setattr(site, "get", get)
    gather(workspace, [FEED])
    gather(workspace, [FEED])
    assert [one for one in sent if one] == ['"one"', '"two"']


def test_a_feed_without_marks_that_comes_again_the_same_is_not_read_again(
    workspace: Workspace, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = site.get

    def unmarked(url: str, *arguments: Any, **options: Any) -> Fetched:
        return replace(get(url, *arguments, **options), headers={})

    monkeypatch.setattr(site, "get", unmarked)
    assert len(gather(workspace, [FEED]).added) == 2
    assert gather(workspace, [FEED]).sources[0].unchanged
    monkeypatch.setattr(
        site, "get", lambda url, *a, **o: replace(got := unmarked(url, *a, **o), data=got.data + b"<!-- -->")
    )
    again = gather(workspace, [FEED])
    assert (again.sources[0].unchanged, len(again.known)) == (False, 2)


def test_a_story_that_two_sources_tell_is_told_as_such_and_columns_of_numbers_are_not(workspace: Workspace) -> None:
    told = "افتتح معرض الكتاب أبوابه صباح الجمعة أمام آلاف الزوار الذين جاؤوا من المدن والقرى القريبة منذ الصباح."
    rates = "سعر الدينار اليوم {} مقابل الدرهم، وسعر الذهب {} في سوق المدينة القديمة بعد ساعة من افتتاح السوق."
    texts = [
        f"معرض الكتاب يفتح أبوابه\n{told}\n",
        f"آلاف الزوار في معرض الكتاب\n{told.replace('الجمعة', 'الجمعه')}\n",
        f"أسعار الصرف في 3 نوفمبر\n{rates.format(12, 410)}\n",
        f"أسعار الصرف في 4 نوفمبر\n{rates.format(13, 415)}\n",
    ]
    for number, text in enumerate(texts):
        (workspace.root / f"{number}.txt").write_text(text, "utf-8")
    found = gather(workspace, [str(workspace.root / f"{number}.txt") for number in range(4)])
    first, second, *_ = found.added
    assert found.alike == {second: first}


def test_a_source_is_stored_when_it_arrives(workspace: Workspace, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    # The second source ends the round as a killed process would; the first one is there all the same.
    class KilledError(BaseException):
        pass

    get = site.get

    def killed(url: str, *arguments: Any, **options: Any) -> Fetched:
        if "slow" in url:
            for _ in range(500):
                with workspace.database.read() as connection:
                    if library.newest(connection) == 2:
                        raise KilledError
                time.sleep(0.01)
        return get(url, *arguments, **options)

    monkeypatch.setattr(site, "get", killed)
    with pytest.raises(KilledError):
        gather(workspace, ["https://example.org/slow/", FEED])
    with workspace.database.read() as connection:
        assert len(library.holdings(connection)) == 2
        assert set(library.validators(connection, [FEED])) == {FEED}


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
