"""What a browser makes of the report: sides, order, print, room on a phone, and what axe finds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import report_pages as made
from browser import Browser, Mode, Page
from letter_judges import LATIN, axe_source

from newsletter.letters.templates import environment
from newsletter.report.page import page as report_page
from newsletter.report.page.sponsor import sponsor_page

pytestmark = pytest.mark.browser

ENVIRONMENT = environment()
AXE = """
axe.run(document, {resultTypes: ['violations']}).then(found => found.violations
  .map(one => [one.id, one.nodes.map(node => node.html.slice(0, 200))]))
"""
BOXES = """
(() => {
  const box = one => { const at = one.getBoundingClientRect(); return [at.left, at.right, at.top, at.bottom]; };
  const inside = (whole, name) => [...whole.querySelectorAll(name)].map(box);
  const all = name => inside(document, name);
  return {
    bars: [...document.querySelectorAll('svg.bar')].map(one => [box(one), ...inside(one, '.front')]),
    columns: [...document.querySelectorAll('svg.columns')].map(one =>
      [inside(one, '.front'), inside(one, '.axis').filter(at => at[1] > at[0]), inside(one, '.scale')]),
    line: all('.lines .trend'), dot: all('.lines .dot'), steps: all('.lines .scale'),
  };
})()
"""
ROOM = """
(() => {
  const seen = [], small = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const own = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !own.getClientRects().length || own.closest('.aside')) continue;
    const size = parseFloat(getComputedStyle(own).fontSize), at = own.getBoundingClientRect();
    if (size < 13) small.push(own.textContent);
    if (!own.closest('.table') && (at.left < -1 || at.right > innerWidth + 1)) seen.push(own.textContent);
  }
  return {across: document.documentElement.scrollWidth, outside: seen, small,
    summaries: [...document.querySelectorAll('summary')].map(one => one.getBoundingClientRect().height)};
})()
"""
OPENED = "document.querySelectorAll('details').forEach(one => one.open = true)"


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    # A tab of its own: what one page forbids by its policy is forbidden to the next that is written into the same tab.
    tab = chromium.page()
    yield tab
    tab.close()


@pytest.fixture(scope="module")
def axe() -> str:
    return axe_source()


def html(language: str, **settings: object) -> str:
    return report_page(made.whole(language), made.publication(language, **settings), ENVIRONMENT)


@pytest.mark.parametrize(
    ("language", "width", "mode"),
    [("ar", 375, "light"), ("ar", 1280, "dark"), ("en", 1280, "light"), ("fa", 375, "dark")],
)
def test_axe_finds_nothing_of_any_weight(language: str, width: int, mode: Mode, page: Page, axe: str) -> None:
    page.show(html(language), width=width, mode=mode)
    page.run(OPENED)
    page.run(axe)
    assert page.run(AXE) == []
    # Joined letters are taken for an icon font, whose contrast axe leaves alone.
    page.run(LATIN)
    assert page.run(AXE) == []


@pytest.mark.parametrize(("language", "mode"), [("ar", "light"), ("en", "dark")])
def test_a_sponsors_page_has_room_on_a_phone_and_axe_finds_nothing(
    language: str, mode: Mode, page: Page, axe: str
) -> None:
    page.show(sponsor_page(made.sponsor(), made.publication(language), ENVIRONMENT), width=375, mode=mode)
    page.run(OPENED)
    room = page.run(ROOM)
    assert (room["across"], room["outside"], room["small"]) == (375, [], [])
    page.run(axe)
    assert page.run(AXE) == []


def test_axe_finds_nothing_where_there_is_little(page: Page, axe: str) -> None:
    both = replace(made.silent(), reports=(made.silent().reports[0], made.issue("ar", clicks=False)))
    for shown in (made.silent(), both):
        page.show(report_page(shown, made.publication("ar"), ENVIRONMENT), width=700)
        page.run(axe)
        assert page.run(AXE) == []


def test_axe_sees_what_is_seeded(page: Page, axe: str) -> None:
    seeded = html("en").replace('class="title"', 'class="title" style="color:#ccc"', 1).replace("aria-label", "data-x")
    page.show(seeded.replace("style-src", "style-src-elem"), width=1280)
    page.run(axe)
    assert "svg-img-alt" in {rule for rule, _ in page.run(AXE)}


@pytest.mark.parametrize("language", ["ar", "en", "he"])
def test_bars_and_time_run_the_way_the_page_is_read(language: str, page: Page) -> None:
    page.show(html(language), width=1280)
    seen: dict[str, Any] = page.run(BOXES)
    from_right = language != "en"
    side = 1 if from_right else 0
    assert len(seen["bars"]) > 20
    for track, *front in seen["bars"]:
        for bar in front:
            assert abs(bar[side] - track[side]) < 0.6
    assert len(seen["columns"]) == 2
    for fronts, labels, scale in seen["columns"]:
        for boxes in (fronts, labels):
            middles = [(left + right) / 2 for left, right, _, _ in boxes]
            assert middles == sorted(middles, reverse=from_right)
            assert len(middles) > 3
        # The scale stands before the first column, and touches none.
        edge = max(right for _, right, _, _ in fronts) if from_right else min(left for left, _, _, _ in fronts)
        assert all(left >= edge if from_right else right <= edge for left, right, _, _ in scale)
    starts = [left for left, _, _, _ in seen["line"]]
    assert starts == sorted(starts, reverse=from_right)
    ends = [(left + right) / 2 for left, right, _, _ in seen["dot"]]
    assert all(end <= min(starts) + 1 if from_right else end > max(starts) for end in ends)
    # More readers stand higher.
    assert seen["line"][-1][2] < seen["line"][0][2]


def test_the_highest_bar_is_the_largest_number(page: Page) -> None:
    page.show(html("ar"), width=1280)
    hours = page.run(BOXES)["columns"][1][0]
    heights = [round(bottom - top) for _, _, top, bottom in hours]
    wanted = [number for number in made.HOURS if number]
    assert heights == [max(round(176 * number / 500), 2) for number in wanted]


@pytest.mark.parametrize("language", ["ar", "fr"])
@pytest.mark.parametrize("width", [320, 375, 768, 1280])
def test_nothing_is_cut_or_too_small(language: str, width: int, page: Page) -> None:
    page.show(html(language), width=width)
    page.run(OPENED)
    seen = page.run(ROOM)
    assert seen["across"] <= width
    assert seen["outside"] == []
    assert seen["small"] == []
    assert min(seen["summaries"]) >= 44


def test_a_long_headline_breaks_and_a_large_number_stays_whole(page: Page) -> None:
    one = made.issue("ar")
    title = "كلمة" * 40 + " C++ " + "x" * 160
    stories = tuple(replace(story, story=title, people=story.people * 10_000) for story in one.stories)
    shown = replace(made.whole("ar"), reports=(replace(one, subject=title, stories=stories),))
    page.show(report_page(shown, made.publication("ar"), ENVIRONMENT), width=320)
    page.run(OPENED)
    seen = page.run(ROOM)
    assert seen["across"] <= 320
    assert seen["outside"] == []


def test_paper_shows_the_tables_and_black_on_white(page: Page) -> None:
    page.show(html("ar"), width=680, mode="dark")
    shown = "[...document.querySelectorAll('table')].map(one => one.checkVisibility() && one.offsetHeight > 20)"
    assert True not in page.run(shown)[:3]
    try:
        page.send("Emulation.setEmulatedMedia", {"media": "print"})
        page.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))")
        assert set(page.run(shown)) == {True}
        assert page.run("[...document.querySelectorAll('summary')].every(one => !one.getClientRects().length)")
        colours = "(one => [getComputedStyle(one).color, getComputedStyle(one).backgroundColor])(document.body)"
        assert page.run(colours) == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
        whole = "[...document.querySelectorAll('.bars li, .chart, tr, .drawing')]"
        cut = f"{whole}.map(one => getComputedStyle(one).breakInside)"
        assert set(page.run(cut)) == {"avoid"}
    finally:
        page.send("Emulation.setEmulatedMedia", {"media": ""})


def test_without_colours_outline_and_bar_are_told_apart(page: Page) -> None:
    page.show(html("ar"), width=1280)
    told = "(name => { const s = getComputedStyle(document.querySelector(name)); return [s.fill, s.stroke]; })"
    back, front = page.run(f"{told}('.columns .back')"), page.run(f"{told}('.columns .front')")
    assert front[1] == "none"
    assert back[1] != "none"
    both = "[one.getBBox().width, one.nextElementSibling.getBBox().width]"
    widths = page.run(f"[...document.querySelectorAll('.columns .back')].map(one => {both})")
    assert len(widths) == 11
    assert all(outer > inner * 1.3 for outer, inner in widths)
