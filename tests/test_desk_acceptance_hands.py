"""The issue made with keys alone, a mouse and a finger; and an hour that is the site's, wherever the browser is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import desk_newsroom
import pytest
from desk_hands import Hands, until
from desk_served import ServedDesk, served, visitor
from newsroom import received

from newsletter import issues, ledger

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WANTED = ("مهرجان الخط", "محطة رصد", "عيادة متنقلة", "متحف البحر", "الدلافين", "حافلات كهربائية")
"""Words of six of the forty articles, as an editor searches for them."""

FOUND = """
words => { const all = document.querySelectorAll('#rows > .article'); return all[0]?.innerText.includes(words); }
"""
SETTLED = "document.querySelector('#rows').getAttribute('aria-busy') !== 'true'"
ADDED = "document.querySelector('#rows .round').getAttribute('aria-pressed') === 'true'"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return desk_newsroom.make(tmp_path_factory.mktemp("hands") / "w", readers=40, sent=False)


@pytest.fixture
def desk(template: Path, tmp_path: Path) -> Iterator[ServedDesk]:
    with served(Path(shutil.copytree(template, tmp_path / "w"))) as desk:
        yield desk


def stories(desk: ServedDesk) -> list[str]:
    return [one.headline for one in issues.read(desk.issue_file).stories]


def test_an_issue_is_made_tested_and_scheduled_with_keys_alone(desk: ServedDesk, playwright_chromium: Browser) -> None:
    with visitor(playwright_chromium, desk) as seen:
        page, hands = seen.page, Hands(seen.page)
        page.goto(f"{desk.base}/issue/13")
        for words in WANTED:
            page.keyboard.press("/")
            hands.press("Control+a")
            page.keyboard.type(words)
            until(page, FOUND, words.split()[0])
            until(page, SETTLED)
            hands.press("ArrowDown", "Enter")
            until(page, ADDED)
        hands.saved()
        assert len(stories(desk)) == 7 + 6
        # Lift the second story over the next section's, and drop it.
        before = hands.sections()
        hands.press("2")
        hands.tab_to("#issue .section .story + .story .grip")
        moved = before["أخبار"][1]
        assert moved[:20] in hands.at()
        said = hands.live()
        hands.press(" ")
        said = hands.told(said)
        assert "1" in said or "أخبار" in said
        while "اقتصاد" not in said:
            hands.press("ArrowDown")
            said = hands.told(said)
        hands.press("Enter")
        hands.saved()
        assert hands.sections()["اقتصاد"][0] == moved
        assert moved[:20] in hands.at(), "the focus stays on the moved story"
        # Lift and put back: nothing has changed.
        text = desk.issue_file.read_bytes()
        hands.press(" ", "ArrowDown", "ArrowDown", "Escape")
        hands.saved()
        assert desk.issue_file.read_bytes() == text
        # Open it, write in it, mend the comma that the check found.
        hands.tab_to("#issue .story .opens")
        hands.press("Enter")
        hands.tab_to("[data-edit=summary]")
        hands.press("Control+End")
        page.keyboard.type(" تجربة لوحة المفاتيح.")
        hands.saved()
        hands.press("Escape")
        hands.press("n", ".")
        hands.saved()
        assert "المصدر," not in desk.issue_file.read_text("utf-8")
        assert "تجربة لوحة المفاتيح." in desk.issue_file.read_text("utf-8")
        # A test letter, then a moment.
        page.keyboard.press("t")
        page.wait_for_url("**/send/**")
        page.wait_for_load_state()
        hands.tab_to("#test-to")
        hands.press("Control+a")
        page.keyboard.type("leila@almawja.example.org")
        page.keyboard.press("Enter")
        until(page, "document.body.textContent.includes('leila')")
        assert [letter.to for letter in received(desk.workspace.root)] == ["leila@almawja.example.org"]
        hands.tab_to("input[name=when]")
        hands.press("ArrowDown")
        hands.tab_to("#day")
        page.keyboard.type("الخميس")
        hands.tab_to("button[form=going]")
        hands.press("Enter")
        page.wait_for_selector("dialog[open]")
        hands.tab_to("dialog[open] button.main")
        page.keyboard.press("Enter")
        until(page, "document.querySelector('[data-state=scheduled]')")
        with desk.workspace.database.read() as connection:
            assert [one.state for one in ledger.sends(connection)] == ["scheduled"]
        assert seen.troubles == []


def test_ten_o_clock_is_ten_o_clock_of_the_site(desk: ServedDesk, playwright_chromium: Browser) -> None:
    with visitor(playwright_chromium, desk, timezone="Asia/Tokyo") as seen:
        page = seen.page
        page.goto(f"{desk.base}/send/13")
        schedule(page)
        with desk.workspace.database.read() as connection:
            sends = ledger.sends(connection)
        assert [(one.state, one.send_at) for one in sends] == [("scheduled", datetime(2026, 12, 3, 9, tzinfo=UTC))]


def schedule(page: Page) -> None:
    """Choose Thursday, ten o'clock, and confirm."""
    page.locator("#later").check()
    page.locator("#day").select_option("2026-12-03")
    page.locator("#hour").select_option("10:00")
    page.locator("button[form=going]").click()
    page.locator("dialog[open] button.main, .confirm button.main").first.click()
    until(page, "document.querySelector('[data-state=scheduled]')")


def centre(page: Page, selector: str) -> tuple[float, float]:
    page.locator(selector).first.evaluate("one => one.scrollIntoView({block: 'center'})")
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


class Mouse:
    """Drags with the mouse."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def down(self, x: float, y: float) -> None:
        self.page.mouse.move(x, y)
        self.page.mouse.down()

    def move(self, x: float, y: float) -> None:
        self.page.mouse.move(x, y, steps=8)

    def up(self) -> None:
        self.page.mouse.up()


class Finger:
    """Drags with a finger."""

    def __init__(self, page: Page) -> None:
        self.session: CDPSession = page.context.new_cdp_session(page)
        self.page = page
        self.at = (0.0, 0.0)

    def down(self, x: float, y: float) -> None:
        self.at = (x, y)
        self._touch("touchStart")
        self.page.wait_for_timeout(320)

    def move(self, x: float, y: float) -> None:
        (left, top), steps = self.at, 8
        for step in range(1, steps + 1):
            self.at = (left + (x - left) * step / steps, top + (y - top) * step / steps)
            self._touch("touchMove")

    def up(self) -> None:
        self.session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def _touch(self, kind: str) -> None:
        points = [{"x": self.at[0], "y": self.at[1]}]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


@pytest.mark.parametrize("kind", [Mouse, Finger])
def test_stories_are_dragged_between_sections_to_the_first_place_and_to_the_end(
    kind: type[Mouse | Finger], desk: ServedDesk, playwright_chromium: Browser
) -> None:
    with visitor(playwright_chromium, desk, height=700, has_touch=True) as seen:
        page, hands = seen.page, Hands(seen.page)
        page.goto(f"{desk.base}/issue/13")
        pointer = kind(page)
        before = hands.headlines()
        # The second story before the first.
        pointer.down(*centre(page, "#issue .story:nth-of-type(2) .grip"))
        box = page.locator("#issue .story").first.bounding_box()
        assert box is not None
        pointer.move(box["x"] + box["width"] / 2, box["y"] + 40)
        pointer.up()
        until(page, "first => document.querySelector('#issue .story .opens').textContent.trim() === first", before[1])
        hands.saved()
        assert stories(desk)[:2] == [before[1], before[0]]
        # The first to the end, which only comes into view by itself.
        text = desk.issue_file.read_bytes()
        middle = page.locator("#middle").bounding_box()
        assert middle is not None
        page.locator("#issue .story .grip").first.scroll_into_view_if_needed()
        pointer.down(*centre(page, "#issue .story .grip"))
        pointer.move(middle["x"] + middle["width"] / 2, middle["y"] + middle["height"] - 70)
        bottom = "(() => { const one = document.querySelector('#middle'); return one.scrollTop > 200; })()"
        until(page, bottom, seconds=8)
        # Esc in the middle: nothing has changed.
        page.keyboard.press("Escape")
        pointer.up()
        hands.saved()
        assert desk.issue_file.read_bytes() == text
        assert hands.headlines()[:2] == [before[1], before[0]]
        assert seen.troubles == []
