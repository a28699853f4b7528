"""A week done in the desk alone, from the site's address to the report; and the same issue.md sent from a terminal.

With SQLite the desk delivers by itself; with PostgreSQL a worker does, in a process of its own.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import desk_newsroom
import pytest
from command import environment, here
from conftest import MakeDatabase
from desk_hands import Hands, until
from desk_newsroom import NOW, Clock
from desk_served import served, visitor
from newsroom import SITE, WordPress, posts

from newsletter import ledger
from newsletter.wiring import Workspace
from newsletter.workflows import watch

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from newsletter.ledger import Send

pytestmark = [pytest.mark.browser, pytest.mark.slow]

IDS = re.compile(rb"(?m)^Message-ID: <[0-9a-f]+|=_[ar][0-9a-f]+")
"""What every send has of its own: its id in each letter's name, and a mark between the parts of a letter."""

WORKER = """
import sys
from datetime import datetime
from newsletter.cli import main
from newsletter.wiring import Workspace
moment = datetime.fromisoformat(sys.argv.pop(1))
Workspace.now = lambda self: moment
main()
"""
"""``newsletter`` by a clock that stands."""


@contextmanager
def worker(root: Path, clock: Clock) -> Iterator[subprocess.Popen[str]]:
    """A worker as its own process; ended, as its machine ends it, when it has nothing left in the middle."""
    words = [sys.executable, "-c", WORKER, clock.now.isoformat(), "-C", str(root), "worker"]
    with subprocess.Popen(words, env=environment(), stderr=subprocess.PIPE, text=True, encoding="utf-8") as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)
    assert process.returncode == 0


def copied(desk: Path, root: Path, *, moved: bool) -> Path:
    """The folder of a desk for a terminal of its own; what is in PostgreSQL goes into a file of SQLite."""
    shutil.copytree(desk, root)
    if moved:
        target = f"sqlite:///{root / 'copy.db'}"
        assert here("-C", desk, "database", "copy", "--to", target).code == 0
        settings = root / "newsletter.toml"
        settings.write_text(
            re.sub(r"(?m)^url = \"postgres.*", f'url = "{target}"', settings.read_text("utf-8")), "utf-8"
        )
    return root


def letters(root: Path) -> dict[bytes, bytes]:
    """Every letter in the outbox by whom it is to, without what no two sends have in common."""
    found = {}
    for path in (root / "outbox" / "new").glob("*.eml"):
        data = path.read_bytes()
        to = re.search(rb"(?m)^To: (.*?)\r?$", data)
        assert to is not None
        found[to[1]] = IDS.sub(b"", data)
    return found


def sends(workspace: Workspace) -> list[Send]:
    with workspace.database.read() as connection:
        return ledger.sends(connection)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_week_is_done_in_the_desk_alone_and_a_terminal_sends_the_same_letter(
    kind: str, tmp_path: Path, ready_urls: MakeDatabase, playwright_chromium: Browser
) -> None:
    database = ready_urls(kind) if kind == "postgresql" else ""
    root = desk_newsroom.make(tmp_path / "w", database=database, readers=40, issue=False, sent=False, articles=False)
    clock = Clock()
    site = WordPress(posts(30, 6, start=clock.now - timedelta(days=6)), clock)
    with served(root, clock, site=site, delivers=True) as desk, visitor(playwright_chromium, desk) as seen:
        page, hands = seen.page, Hands(seen.page)
        # The first time: the site's address becomes a draft.
        page.goto(desk.base)
        page.wait_for_url("**/first")
        page.locator("input[name=url]").fill(SITE)
        page.keyboard.press("Enter")
        page.wait_for_url("**/issue/*", timeout=60_000)
        slug = page.url.rsplit("/", 1)[1]
        assert len(hands.headlines()) >= 7
        # The issue: a subject, words, a story more and a story less.
        subject = page.locator("#subject")
        subject.fill("أسبوع المدينة")
        hands.add_words(hands.field(0, "summary"), " وهذه كلمة المحررة.")
        hands.saved()
        file = root / "issues" / slug / "issue.md"
        assert "وهذه كلمة المحررة." in file.read_text("utf-8")
        # A test letter, then the letter itself.
        page.goto(f"{desk.base}/send/{slug}#test")
        page.locator("#test-to").fill("leila@almawja.example.org")
        page.locator("#test form button").last.click()
        until(page, "document.querySelector('#test').textContent.includes('leila')")
        assert list(letters(root)) == [b"leila@almawja.example.org"]
        shutil.rmtree(root / "outbox")
        terminal = copied(root, tmp_path / "terminal", moved=bool(database))
        page.locator("input[name=when][value=now]").check()
        page.locator("button[form=going]").click()
        told = page.locator("dialog[open] h2").inner_text()
        page.locator("dialog[open] button.main").click()
        page.wait_for_selector("[data-state=leaving]")
        assert [one.state for one in sends(desk.workspace)] == ["scheduled"]
        if database:
            with worker(root, Clock(NOW + timedelta(seconds=11))) as process:
                assert process.stderr is not None
                delivered = next(line for line in process.stderr if "still open" in line)
                clock.forward(seconds=11)
                assert watch.alive(desk.workspace), "and so the desk itself stands aside"
                page.wait_for_selector("[data-state=finished]", timeout=120_000)
            counted = re.search(r"([\d,]+) submitted here; 0 of ([\d,]+) still open", delivered)
            assert counted is not None, delivered
            assert counted[1] == counted[2] == str(len(letters(root)))
        else:
            clock.forward(seconds=11)
            page.wait_for_selector("[data-state=finished]", timeout=120_000)
        page.wait_for_timeout(200)
        sent = letters(root)
        assert re.sub(r"\D", "", told) == str(len(sent)), "as many as the confirmation named"
        # The report.
        page.goto(f"{desk.base}/report")
        assert "أسبوع المدينة" in page.inner_text("main")
        assert seen.troubles == []
    with mock.patch.object(Workspace, "now", return_value=NOW):
        done = here("-C", terminal, "send", slug, "--yes")
    assert done.code == 0, done
    assert letters(terminal) == sent
