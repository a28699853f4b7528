"""Words that wait to be saved: none is lost when the disk is full, the desk is away, or the tab is closed."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from desk_hands import SAVED, until
from desk_newsroom import make
from desk_served import ServedDesk, served, visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

OP = "**/issue/13/op"
BAD = "document.getElementById('saved').dataset.state === 'bad'"


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("kept") / "room", readers=5, sent=False)


@pytest.fixture
def desk(newsroom: Path, tmp_path: Path) -> Iterator[ServedDesk]:
    with served(Path(shutil.copytree(newsroom, tmp_path / "room"))) as found:
        yield found


@pytest.fixture
def page(playwright_chromium: Browser, desk: ServedDesk) -> Iterator[Page]:
    with visitor(playwright_chromium, desk) as seen:
        seen.page.goto(f"{desk.base}/issue/13")
        yield seen.page


def typed(page: Page) -> None:
    page.click(".story .opens >> nth=1")
    page.keyboard.press("Control+End")
    page.keyboard.insert_text(" وأكثر")


def is_saved(page: Page, desk: ServedDesk) -> None:
    until(page, SAVED)
    assert "الصغيرة وأكثر" in desk.issue_file.read_text("utf-8")


@pytest.fixture
def refused(page: Page) -> list[float]:
    """When the page asked for a change, all of which its server refuses."""
    asked: list[float] = []

    def refuse(route: Any) -> None:
        asked.append(time.monotonic())
        route.fulfill(status=507, json={"error": {"what": "القرص ممتلئ", "mend": ""}})

    page.route(OP, refuse)
    return asked


def test_a_save_that_is_refused_goes_on_by_itself_with_growing_pauses(
    page: Page, desk: ServedDesk, refused: list[float]
) -> None:
    # Time goes by a hundred times as fast for the page.
    page.evaluate("window.setTimeout = (later => (does, ms, ...more) => later(does, ms / 100, ...more))(setTimeout)")
    typed(page)
    until(page, BAD)
    until(page, BAD)
    while len(refused) < 5:
        page.wait_for_timeout(20)
    pauses = [later - before for before, later in pairwise(refused)]
    assert pauses[-1] > 0.08, "each pause is twice as long as the one before"
    page.unroute(OP)
    is_saved(page, desk)


def test_who_closes_the_tab_while_words_wait_is_asked_and_finds_them_at_the_next_opening(
    page: Page, desk: ServedDesk
) -> None:
    page.context.route(OP, lambda route: route.abort())
    typed(page)
    until(page, BAD)
    asked: list[str] = []

    def close(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", close)
    with page.expect_event("close"):
        page.close(run_before_unload=True)
    assert asked == ["beforeunload"]
    assert "الصغيرة وأكثر" not in desk.issue_file.read_text("utf-8")
    later = page.context.new_page()
    later.context.unroute(OP)
    later.goto(f"{desk.base}/issue/13")
    until(later, "document.querySelectorAll('.story .headline')[1].value.endsWith('وأكثر')")
    is_saved(later, desk)
    # Once they are in the file nothing waits: not in this tab, and not for the one after it.
    later.reload()
    assert later.evaluate("Object.keys(localStorage).filter(one => one.includes('/issue/'))") == []


def test_a_link_waits_until_the_words_are_saved(page: Page, desk: ServedDesk) -> None:
    going: list[Any] = []
    page.route(OP, lambda route: going.append(route))  # noqa: PLW0108
    typed(page)
    page.click(".review")
    assert page.url.endswith("/issue/13")
    going[0].continue_()
    page.wait_for_url("**/send/13")
    assert "الصغيرة وأكثر" in desk.issue_file.read_text("utf-8")
