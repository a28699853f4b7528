"""A week done in the desk alone, from the site's address to the report; and the same issue.md sent from a terminal."""

from __future__ import annotations

import re
import shutil
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import desk_newsroom
import pytest
from command import here
from conftest import MakeDatabase
from desk_hands import Hands, until
from desk_newsroom import Clock
from desk_served import served, visitor
from newsroom import SITE, WordPress, posts

from newsletter import ledger
from newsletter.wiring import Workspace

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from newsletter.ledger import Send

pytestmark = [pytest.mark.browser, pytest.mark.slow]

IDS = re.compile(rb"(?m)^Message-ID: <[0-9a-f]+|=_[ar][0-9a-f]+")
"""What every send has of its own: its id in each letter's name, and a mark between the parts of a letter."""


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
        before = tmp_path / "terminal"
        if not database:
            shutil.copytree(root, before)
        page.locator("input[name=when][value=now]").check()
        page.locator("button[form=going]").click()
        told = page.locator("dialog[open] h2").inner_text()
        page.locator("dialog[open] button.main").click()
        page.wait_for_selector("[data-state=leaving]")
        assert [one.state for one in sends(desk.workspace)] == ["scheduled"]
        clock.forward(seconds=11)
        page.wait_for_selector("[data-state=finished]", timeout=30_000)
        page.wait_for_timeout(200)
        sent = letters(root)
        assert re.sub(r"\D", "", told) == str(len(sent)), "as many as the confirmation named"
        # The report.
        page.goto(f"{desk.base}/report")
        assert "أسبوع المدينة" in page.inner_text("main")
        assert seen.troubles == []
    if not database:
        with mock.patch.object(Workspace, "now", return_value=desk_newsroom.NOW):
            done = here("-C", before, "send", slug, "--yes")
        assert done.code == 0, done
        assert letters(before) == sent
