"""No word is lost: by two who write at once, by a file that changes, by a desk that dies, by a disk that is full."""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import desk_newsroom
import pytest
from desk_hands import SAVED, Hands, until
from desk_served import patient, served, visitor
from reader_pages import free_port

from newsletter import issues

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = [pytest.mark.browser, pytest.mark.slow]

EDITS = 200
TAKEN = "document.querySelector('#issue').textContent.includes('350')"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return desk_newsroom.make(tmp_path_factory.mktemp("words") / "w", readers=3, sent=False)


@pytest.fixture
def root(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "w"))


def text_of(root: Path) -> str:
    return (root / "issues" / "13" / "issue.md").read_text("utf-8")


@contextmanager
def on_its_way(page: Page) -> Iterator[None]:
    """What the page sends meanwhile reaches the desk afterwards."""
    sent: list[Route] = []
    held = True

    def hold(route: Route) -> None:
        if held:
            sent.append(route)
        else:
            route.continue_()

    page.route("**/op", hold)
    yield
    while not sent:
        page.wait_for_timeout(10)
    held = False
    for one in sent:
        one.continue_()


def test_two_who_write_at_once_lose_no_word(root: Path, playwright_chromium: Browser) -> None:
    chance = random.Random(200)
    with (
        served(root) as desk,
        visitor(playwright_chromium, desk) as first,
        visitor(playwright_chromium, desk) as second,
    ):
        hands = [Hands(one.page) for one in (first, second)]
        for one in hands:
            one.page.goto(f"{desk.base}/issue/13")
        told = []
        for number in range(EDITS):
            who = chance.randrange(2)
            story = chance.choice(((0, 2, 4, 6), (1, 3, 5))[who])
            told.append(f" كلمة{number}")
            hands[who].write(story, chance.choice(("title", "summary")), told[-1])
            # 0 to 3 seconds, twenty times as fast: within the time that typing waits, and behind it.
            hands[who].page.wait_for_timeout(chance.choice((0, 0, 5, 10, 30, 150)))
        for one in hands:
            one.saved()
        text = text_of(root)
        assert [word for word in told if word not in text] == []
        assert [one.headline for one in issues.read(root / "issues" / "13" / "issue.md").stories] == hands[
            0
        ].headlines()
        assert first.troubles == second.troubles == []


def test_what_changes_elsewhere_in_the_file_is_taken_and_the_same_place_asks(
    root: Path, playwright_chromium: Browser
) -> None:
    with served(root) as desk, visitor(playwright_chromium, desk) as seen:
        hands, path = Hands(seen.page), desk.issue_file
        seen.page.goto(f"{desk.base}/issue/13")
        hands.saved()
        # Nobody types: the page takes it and says so.
        path.write_text(text_of(root).replace("نوارس الريحان يهزم", "نوارس الريحان تهزم"), "utf-8")
        until(seen.page, "document.querySelector('#issue').textContent.includes('تهزم')", seconds=10)
        # Somebody types in one place while another changes.
        with on_its_way(seen.page):
            hands.add_words(hands.field(0, "title"), " كلمتي")
            path.write_text(text_of(root).replace("340 مترًا", "350 مترًا"), "utf-8")
        until(seen.page, f"!document.querySelector('#conflict').hidden || ({TAKEN} && {SAVED})", seconds=20)
        both = seen.page.locator("#conflict:not([hidden])")
        if both.count():
            both.get_by_role("button", name="أبقِ التعديلين معًا").click()
        hands.saved()
        until(seen.page, TAKEN)
        text = text_of(root)
        assert "كلمتي" in text
        assert "350 مترًا" in text
        # The same place: both texts are shown, and the editor chooses.
        with on_its_way(seen.page):
            hands.add_words(hands.field(0, "title"), " أولى")
            path.write_text(text_of(root).replace("يفتح رصيفه الجديد", "يدشّن رصيفه الجديد"), "utf-8")
        seen.page.wait_for_selector("#conflict:not([hidden])", timeout=60_000)
        shown = seen.page.inner_text("#conflict")
        assert "أولى" in shown
        assert "يدشّن" in shown
        seen.page.get_by_role("button", name="أبقِ ما كتبتَه أنت").click()
        hands.saved()
        assert "أولى" in text_of(root)


def test_a_file_that_is_gone_or_broken_is_said_and_mended(root: Path, playwright_chromium: Browser) -> None:
    with served(root) as desk, visitor(playwright_chromium, desk) as seen:
        path, page = desk.issue_file, seen.page
        page.goto(f"{desk.base}/issue/13")
        text = text_of(root)
        path.write_text(text.replace('subject = "', "subject = ", 1), "utf-8")
        page.goto(f"{desk.base}/issue/13")
        assert "subject = " in page.locator("#middle textarea, #middle input").first.input_value()
        page.locator("#middle textarea, #middle input").first.fill(text.splitlines()[2])
        page.wait_for_selector("#issue .story")
        assert text_of(root) == text
        path.unlink()
        hands = Hands(page)
        hands.add_words(hands.field(0, "title"), " كلمة")
        until(page, f"!({SAVED})")
        page.wait_for_timeout(600)
        assert "كلمة" in hands.field(0, "title").input_value(), "what was written stays in the field"
        assert not path.exists(), "nothing is made anew unasked"


def test_a_full_disk_keeps_the_words_in_the_page_and_says_so(
    root: Path, playwright_chromium: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = True
    fsync = os.fsync

    def sync(descriptor: int) -> None:
        if full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    with served(root) as desk, visitor(playwright_chromium, desk) as seen:
        hands = Hands(seen.page)
        seen.page.goto(f"{desk.base}/issue/13")
        before = text_of(root)
        monkeypatch.setattr(os, "fsync", sync)
        hands.add_words(hands.field(0, "title"), " باقية")
        until(seen.page, "document.querySelector('#saved').textContent.includes('القرص')", seconds=10)
        assert text_of(root) == before
        assert "باقية" in hands.field(0, "title").input_value()
        full = False
        until(seen.page, SAVED, seconds=12)
        assert "باقية" in text_of(root)


@pytest.fixture
def process(root: Path) -> Iterator[DeskProcess]:
    one = DeskProcess(root)
    yield one
    one.kill()


class DeskProcess:
    """``newsletter desk`` as a process, which can be killed and started again at the same address."""

    def __init__(self, root: Path) -> None:
        self.root, self.port = root, free_port()
        self.start()

    def start(self) -> None:
        words = [
            sys.executable,
            "-m",
            "newsletter",
            "-C",
            str(self.root),
            "desk",
            "--port",
            str(self.port),
            "--no-open",
        ]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout is not None
        until = time.monotonic() + 120
        self.address = ""
        while "http://" not in self.address and time.monotonic() < until:
            self.address = self.process.stdout.readline()
        self.address = next(word for word in self.address.split() if word.startswith("http://"))

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(120)
        assert self.process.stdout is not None
        self.process.stdout.close()


def test_a_desk_that_is_killed_while_one_types_loses_no_word(
    root: Path, process: DeskProcess, playwright_chromium: Browser
) -> None:
    context = playwright_chromium.new_context(viewport={"width": 1280, "height": 900}, locale="ar")
    page = patient(context).new_page()
    page.goto(process.address)
    page.wait_for_selector("#issue .story")
    hands = Hands(page)
    field = hands.field(1, "summary")
    words = [f"حرف{number}" for number in range(12)]
    for number, word in enumerate(words):
        hands.add_words(field, f" {word}")
        page.wait_for_timeout(60)
        if number == 6:
            process.kill()
    until(page, "document.querySelector('#saved').textContent.includes('انقطع')", seconds=10)
    process.start()
    page.goto(process.address)
    page.wait_for_selector("#issue .story")
    page.wait_for_timeout(600)
    hands.saved()
    text = text_of(root)
    assert [word for word in words if word not in text] == []
    context.close()
