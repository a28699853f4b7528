"""Headlines of somebody who wishes the editor ill: nothing of them runs, and no page asks another host for anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import desk_newsroom
import pytest
from desk_articles import HOSTILE
from desk_hands import until
from desk_served import ServedDesk, served, visitor
from desk_states import SCREENS

from newsletter import library

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


POLICY = "fetch(location.href).then(answer => answer.headers.get('content-security-policy'))"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedDesk]:
    root = desk_newsroom.make(tmp_path_factory.mktemp("strangers") / "w", hostile=True, readers=20)
    with served(root) as desk:
        yield desk


def broken(page: Page) -> list[object]:
    """What ran, in any frame."""
    return [found for frame in page.frames if (found := frame.evaluate("window.broken ?? null")) is not None]


def test_hostile_articles_are_words_in_the_library_the_issue_and_the_letter(
    desk: ServedDesk, playwright_chromium: Browser
) -> None:
    with visitor(playwright_chromium, desk) as seen:
        page = seen.page
        page.goto(f"{desk.base}/issue/13")
        with desk.workspace.database.read() as connection:
            ids = [one.id for one in library.holdings(connection) if one.article.url.split("/")[-2] in NUMBERS]
        assert len(ids) == len(HOSTILE)
        for number in ids:
            with page.expect_response("**/op"):
                page.evaluate(
                    "number => import(document.querySelector('script[src$=\"desk.js\"]').src)"
                    ".then(desk => { desk.send({op: 'add', article: number}); })",
                    number,
                )
        until(page, "document.querySelectorAll('#issue .story').length >= 15")
        page.wait_for_timeout(1000)
        assert page.locator("#issue script, #articles script, #issue iframe, #articles iframe").count() == 0
        assert broken(page) == []
        for name in ("phone", "desktop", "text"):
            page.locator(f"button[data-look={name}]").click()
            page.wait_for_timeout(300)
            assert broken(page) == []
        page.locator("#articles input[type=search]").fill("window.broken")
        page.wait_for_timeout(500)
        assert broken(page) == []
        assert [url for url in seen.requests if not url.startswith((desk.base, "data:", "blob:", "about:"))] == []


NUMBERS = {str(number) for number in range(201, 201 + len(HOSTILE))}
"""What stands in the addresses of the hostile ones."""


def test_no_page_runs_what_readers_and_articles_are_called(desk: ServedDesk, playwright_chromium: Browser) -> None:
    with visitor(playwright_chromium, desk) as seen:
        for screen in SCREENS:
            assert seen.page.goto(f"{desk.base}{screen.path}").status == 200, screen.path
            seen.page.wait_for_timeout(100)
            assert broken(seen.page) == []
            policy = seen.page.evaluate(
                "fetch(location.href).then(answer => answer.headers.get('content-security-policy'))"
            )
            assert "default-src 'none'" in policy
            assert "script-src 'self'" in policy
            assert "unsafe" not in policy.split("frame-src")[0]
        assert seen.troubles == []
