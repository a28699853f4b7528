"""الإرسال in Chromium: the confirmation as a dialog, by keyboard, by the clock of the site; and without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from desk_newsroom import Clock, make
from desk_served import Seen, ServedDesk, chromium, patient, served, visitor

from newsletter import ledger
from newsletter.workflows.outgoing import DeliveryThread

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ServedDesk]:
    root = tmp_path / "w"
    make(root, readers=40)
    with served(root, Clock()) as opened:
        yield opened


@contextmanager
def at_send(browser: Browser, desk: ServedDesk, **how: Any) -> Iterator[Seen]:
    """A tab on the page of issue 13; what it went through to come there is not looked at."""
    with visitor(browser, desk, **how) as seen:
        seen.page.goto(f"{desk.base}/send/13", wait_until="networkidle")
        seen.troubles.clear()
        yield seen


def live(desk: ServedDesk) -> list[ledger.Send]:
    with desk.workspace.database.read() as connection:
        return [one for one in ledger.sends_of(connection, "13") if not one.undone]


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent.trim()"))


def test_a_moment_is_chosen_and_confirmed_by_keyboard_in_tokyo_and_is_that_of_algiers(
    browser: Browser, desk: ServedDesk
) -> None:
    with at_send(browser, desk, timezone="Asia/Tokyo") as seen:
        page = seen.page
        page.focus("input[name=when][value=now]")
        page.keyboard.press("ArrowDown")
        assert page.evaluate("document.activeElement.value") == "later"
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "day"
        page.select_option("#day", "2026-12-03")
        page.select_option("#hour", "10:00")
        page.focus("text=إلى المراجعة الأخيرة")
        page.keyboard.press("Enter")
        page.wait_for_selector("#confirm[open]")
        heading = page.inner_text("#sentence")
        number = re.search(r"إلى (\d+)", heading)
        assert number is not None
        assert heading.endswith("الخميس 3 ديسمبر، 10:00")
        assert focused(page).startswith(f"أرسل إلى {number[1]}")
        page.keyboard.press("Escape")
        page.wait_for_selector("#confirm:not([open])", state="attached")
        assert focused(page) == "إلى المراجعة الأخيرة"
        page.keyboard.press("Enter")
        page.wait_for_selector("#confirm[open]")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=ينتظر موعده")
        (send,) = live(desk)
        assert (send.state, send.send_at and send.send_at.isoformat()) == ("scheduled", "2026-12-03T09:00:00+00:00")
        with desk.workspace.database.read() as connection:
            assert ledger.account(connection, send.id).queued == int(number[1])
        assert seen.troubles == []


def test_now_begins_with_the_focus_on_back_and_is_taken_back_with_one_button(
    browser: Browser, desk: ServedDesk
) -> None:
    with at_send(browser, desk, width=390) as seen:
        page = seen.page
        page.click("text=إلى المراجعة الأخيرة")
        page.wait_for_selector("#confirm[open]")
        assert focused(page) == "ارجع"
        page.keyboard.press("Enter")
        page.wait_for_selector("#confirm:not([open])", state="attached")
        assert live(desk) == []
        page.click("text=إلى المراجعة الأخيرة")
        page.wait_for_selector("#confirm[open]")
        page.click("#confirm button")
        page.wait_for_selector("h1:has-text('على وشك الإرسال')")
        box = page.locator("button", has_text="ألغِ").bounding_box()
        assert box is not None
        assert (box["height"] >= 60, box["width"] >= 300) == (True, True)
        desk.clock.forward(seconds=4)
        page.wait_for_selector(".figure b:has-text('6')")  # it counts down by itself
        page.click("button:has-text('ألغِ')")
        page.wait_for_url("**/issue/13")
        assert live(desk) == []


def test_it_goes_while_the_page_looks_on(browser: Browser, desk: ServedDesk) -> None:
    desk.desk.deliveries = thread = DeliveryThread(desk.workspace)
    thread.start()
    try:
        with at_send(browser, desk) as seen:
            page = seen.page
            page.click("text=إلى المراجعة الأخيرة")
            page.wait_for_selector("#confirm[open]")
            page.click("#confirm button")
            page.wait_for_selector("h1:has-text('على وشك الإرسال')")
            desk.clock.forward(seconds=11)
            page.wait_for_selector("h1:has-text('أُرسل العدد 13')", timeout=60_000)
            assert page.locator(".states .n").first.inner_text() == str(live(desk)[0].audience)
            assert seen.troubles == []
    finally:
        thread.stop()


def test_without_javascript_it_is_a_row_of_pages(browser: Browser, desk: ServedDesk) -> None:
    with visitor(browser, desk) as seen:
        cookies = seen.page.context.cookies()
    context = browser.new_context(java_script_enabled=False)
    try:
        context.add_cookies(cookies)  # type: ignore[arg-type]
        page = patient(context).new_page()
        page.goto(f"{desk.base}/send/13")
        page.click("text=إلى المراجعة الأخيرة")
        assert "/send/13/confirm?" in page.url
        page.click("button:has-text('الآن')")
        assert "على وشك الإرسال" in page.inner_text("h1")
        page.click("button:has-text('ألغِ')")
        assert live(desk) == []
    finally:
        context.close()


def test_nothing_scrolls_sideways(browser: Browser, desk: ServedDesk) -> None:
    for width, mode in ((1280, "light"), (768, "dark"), (390, "light"), (320, "dark")):
        with at_send(browser, desk, width=width, mode=mode) as seen:
            for path in ("", "/confirm?when=now", "/confirm?when=later&day=2026-12-03&hour=10:00"):
                seen.page.goto(f"{desk.base}/send/13{path}")
                assert seen.page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
            assert seen.troubles == []
