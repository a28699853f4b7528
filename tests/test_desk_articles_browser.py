"""The column of articles in Chromium: search while typing, rows while scrolling, the keyboard alone; the first run."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import newsroom
import pytest
from desk_judges import across, axe, targets
from desk_newsroom import make
from desk_served import ServedDesk, served, visitor
from playwright.sync_api import Error as PageError

from newsletter.sources.http import FetchError
from newsletter.workflows import first
from newsletter.workflows.searching import ArticleSearch

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = [pytest.mark.browser, pytest.mark.slow]

EVERY = 5000


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedDesk]:
    """A newsroom with 5,000 articles, whose library has been read."""
    root = make(tmp_path_factory.mktemp("library") / "room", readers=20, more_articles=EVERY - 40)
    with served(root) as found:
        found.desk.library.index.renew()
        yield found


@pytest.fixture
def page(playwright_chromium: Browser, desk: ServedDesk) -> Iterator[Page]:
    with visitor(playwright_chromium, desk) as seen:
        seen.page.goto(f"{desk.base}/issue/13")
        until(seen.page, "document.querySelector('.round[tabindex=\"0\"]')")
        yield seen.page
        assert seen.troubles == []


def until(page: Page, script: str, *, seconds: float = 120) -> Any:
    """Ask again and again: the page's own policy forbids Playwright's way of waiting."""
    end = time.monotonic() + seconds
    while True:
        # A page that is just being left answers nothing.
        with contextlib.suppress(PageError):
            if found := page.evaluate(f"!!({script})"):
                return found
        assert time.monotonic() < end, f"never true: {script}"
        page.wait_for_timeout(15)


def focused(page: Page) -> int:
    """The article whose button has the focus."""
    return int(page.evaluate("+(document.activeElement.dataset.article || 0)"))


def rows(page: Page) -> list[int]:
    return list(page.evaluate("[...document.querySelectorAll('.article')].map(one => +one.dataset.id)"))


def test_search_while_typing_marks_hits_and_keeps_its_words_in_the_address(page: Page) -> None:
    page.focus("#seek")
    page.keyboard.type("الفوانيس")
    until(page, "document.querySelector('.article mark')")
    marked = page.evaluate("[...document.querySelectorAll('.article mark')].map(one => one.textContent)")
    assert set(marked) <= {"الفوانيس", "الفوانيسَ"}
    told = page.inner_text("#found")
    assert "نتيجة" in told or "نتائج" in told or "نتيجتان" in told
    assert page.inner_text("#live") == told
    assert "q=" in page.url
    assert page.evaluate("document.activeElement.id") == "seek"
    page.reload()
    until(page, "document.querySelector('.article mark')")
    assert page.input_value("#seek") == "الفوانيس"
    page.fill("#seek", "لا شيء كهذا في أي مكان")
    until(page, "document.querySelector('.last')?.textContent.includes('لا شيء كهذا')")
    assert rows(page) == []


def test_how_long_a_search_takes(page: Page) -> None:
    took: list[float] = []
    for word in ("الساحل", "القصبة", "المرفأ", "الريحان", "مدينة", "2026", "ميناء صغير"):
        with page.expect_response(lambda answer: "/articles?" in answer.url) as waiting:
            page.fill("#seek", word)
        timing = waiting.value.request.timing
        took.append(timing["responseStart"] - timing["requestStart"])
        page.wait_for_timeout(200)
    print(f"search over {EVERY} articles, answered in ms: {[round(one) for one in sorted(took)]}")
    assert min(took) < 1000


def test_rows_come_while_scrolling_each_once(page: Page) -> None:
    for wanted in range(84, 565, 60):
        page.evaluate("document.getElementById('articles').scrollTop = 1e9")
        until(page, f"document.querySelectorAll('.article').length >= {wanted}")
    seen = rows(page)
    assert len(seen) == len(set(seen))
    frames = page.evaluate(
        """new Promise(done => {
            const box = document.getElementById("articles"), times = [];
            box.scrollTop = 0;
            const step = now => {
                times.push(now);
                box.scrollTop += 60;
                if (times.length < 120) requestAnimationFrame(step);
                else done((times.length - 1) * 1000 / (times.at(-1) - times[0]));
            };
            requestAnimationFrame(step);
        })"""
    )
    print(f"scrolling {len(seen)} rows: {frames:.0f} frames a second")
    assert frames > 5


def test_rows_whose_answer_was_lost_are_asked_for_again(page: Page) -> None:
    lost: list[str] = []

    def lose(route: Route) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route.request.url)
            route.fulfill(status=204)

    page.route("**/articles?*", lose)
    page.evaluate("document.getElementById('articles').scrollTop = 1e9")
    until(page, "document.querySelectorAll('.article').length >= 84")
    assert lost


def test_the_keyboard_alone_finds_moves_and_adds(page: Page, desk: ServedDesk) -> None:
    before = desk.issue_file.read_text("utf-8")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "seek"
    order = page.evaluate("[...document.querySelectorAll('.article > .round')].map(one => +one.dataset.article)")
    page.keyboard.press("ArrowDown")
    assert focused(page) == order[0]
    for key, at in (("j", 1), ("ArrowDown", 2), ("k", 1), ("ArrowUp", 0), ("End", len(order) - 1), ("Home", 0)):
        page.keyboard.press(key)
        assert focused(page) == order[at], key
    # The list is one stop of Tab: what follows is outside, and back leads to the same row.
    page.keyboard.press("j")
    here = focused(page)
    page.keyboard.press("Tab")
    assert page.evaluate("!document.activeElement.closest('#rows')")
    page.keyboard.press("Shift+Tab")
    assert focused(page) == here
    with page.expect_request(lambda asked: asked.url.endswith("/op")) as waiting:
        page.keyboard.press("Enter")
    sent = json.loads(waiting.value.post_data or "")
    assert (sent["op"], sent["article"]) == ("add", here)
    until(page, f"document.querySelector('.article[data-id=\"{here}\"]').classList.contains('in')")
    assert page.evaluate("document.getElementById('live').textContent") != ""
    assert focused(page) == here
    page.keyboard.press("Enter")
    until(page, f"!document.querySelector('.article[data-id=\"{here}\"]').classList.contains('in')")
    # The section that was made for it stays, and it waits among the candidates.
    now = desk.issue_file.read_text("utf-8").partition("<!--")
    assert now[0].startswith(before.partition("<!--")[0].rstrip())
    assert now[0].count("\n### ") == before.partition("<!--")[0].count("\n### ")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.id") == "seek"


def test_twins_open_by_keyboard_and_can_be_reached(page: Page) -> None:
    button = page.locator(".article:has(.twins) > .round").first
    button.focus()
    page.keyboard.press("ArrowLeft")
    until(page, "document.querySelector('.twins[open]')")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("!!document.activeElement.closest('.twin')")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    until(page, "!document.querySelector('.twins[open]')")


def test_rows_follow_what_the_issue_has(page: Page, desk: ServedDesk) -> None:
    before = desk.issue_file.read_text("utf-8")
    held = page.evaluate("document.querySelectorAll('.article .round[aria-pressed=\"true\"]').length")
    address = page.evaluate("fetch('/articles?slug=13').then(got => got.text())")
    assert 'class="article"' in address
    chosen = rows(page)[0]
    article = desk.desk.library.index.find(ArticleSearch(unsent=True, rows=1)).rows[0].outline
    assert article.id == chosen
    try:
        head = before.replace("\n## ", f"\n## قسم جديد\n\n### [عنوان]({article.url})\n\nملخص\n\n## ", 1)
        desk.issue_file.write_text(head, "utf-8")
        until(page, f"document.querySelector('.article[data-id=\"{chosen}\"]').classList.contains('in')")
        pressed = page.evaluate("document.querySelectorAll('.article .round[aria-pressed=\"true\"]').length")
        assert pressed == held + 1
        said = page.get_attribute(f".round[data-article='{chosen}']", "data-op")
        assert json.loads(said or "")["op"] == "drop"
    finally:
        desk.issue_file.write_text(before, "utf-8")


def test_filters_narrow_and_stay_in_the_address(page: Page) -> None:
    page.click(".picks .menu summary >> nth=0")
    page.click(".list[data-menu=section] label:has-text('رياضة')")
    until(page, "location.search.includes('section')")
    until(page, "[...document.querySelectorAll('.article .facts')].every(one => one.textContent.includes('رياضة'))")
    assert page.inner_text(".picks .on >> nth=0").strip() == "رياضة"
    page.click("label.chip")
    until(page, "location.search.includes('sent=all')")
    page.reload()
    until(page, "document.querySelector('.article')")
    assert page.inner_text(".picks .on >> nth=0").strip() == "رياضة"
    assert not page.is_checked("#unsent")


def test_sent_articles_are_told_of_and_shown_when_asked_for(page: Page, desk: ServedDesk) -> None:
    every = desk.desk.library.index.find(ArticleSearch(rows=EVERY)).rows
    sent = next(one.outline for one in every if one.sent_in)
    page.fill("#seek", sent.title)
    until(page, "document.querySelector('[data-sent]')")
    assert sent.id not in rows(page)
    page.click("[data-sent]")
    until(page, f"document.querySelector('.gone[data-id=\"{sent.id}\"]')")
    assert "أُرسلت في العدد 12" in (page.text_content(f".gone[data-id='{sent.id}']") or "")


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 768, 390])
def test_nothing_is_out_of_reach(playwright_chromium: Browser, desk: ServedDesk, width: int, mode: Any) -> None:
    with visitor(playwright_chromium, desk, width=width, mode=mode) as seen:
        seen.page.goto(f"{desk.base}/issue/13?show=articles&sent=all&q=الساحل")
        until(seen.page, "document.querySelector('.article mark')")
        assert axe(seen.page) == []
        assert across(seen.page) == []
        # What a browser has not drawn yet cannot be hit.
        seen.page.evaluate(
            "for (const one of document.querySelectorAll('.article')) one.style.contentVisibility = 'visible'"
        )
        assert [one for one in targets(seen.page) if "round" in str(one) or "chip" in str(one)] == []


def test_the_first_run_shows_its_steps_and_opens_the_issue(playwright_chromium: Browser, tmp_path: Path) -> None:
    root = tmp_path / "new"
    first.begin(root, timezone="Africa/Algiers")
    with served(root) as desk:
        site = newsroom.WordPress(newsroom.posts(40, 14, start=newsroom.START.replace(day=10)), desk.workspace.now)

        class Slow:
            def get(self, url: str, *more: Any, **others: Any) -> Any:
                if "wrong" in url:
                    raise FetchError("no connection: its name has no address", where=url)
                time.sleep(0.3)
                return site.get(url, *more, **others)

            def close(self) -> None:
                pass

        desk.workspace.__dict__["fetcher"] = Slow()
        with visitor(playwright_chromium, desk) as seen:
            page = seen.page
            assert page.url.endswith("/first")
            page.fill("#url", "wrong.example.org")
            page.keyboard.press("Enter")
            until(page, "document.getElementById('why')")
            assert axe(page) == []
            assert across(page) == []
            began = time.monotonic()
            page.fill("#url", "almawja.example.org")
            page.keyboard.press("Enter")
            until(page, "document.querySelector('#steps .icon')")
            end = time.monotonic() + 60
            while "/issue/" not in page.url:
                assert time.monotonic() < end
                page.wait_for_timeout(50)
            print(f"from the address to the issue: {time.monotonic() - began:.1f} s")
            until(page, "document.querySelectorAll('.article .round[aria-pressed=\"true\"]').length > 2")
            assert seen.troubles == []
