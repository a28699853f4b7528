"""The report, the doctor and the settings in Chromium: what axe finds, room on a phone, what can be pressed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import newsroom
import pytest
import report_pages as made
from browser import Browser, Mode, Page
from desk_visits import at_desk
from letter_judges import LATIN, axe_source

from newsletter.desk.examining.run import DoctorView
from newsletter.desk.examining.view import page_values as doctor_values
from newsletter.desk.frame import DeskPages
from newsletter.desk.models import Editor
from newsletter.desk.reporting.view import page_values
from newsletter.letters.templates import environment
from newsletter.text.sentences import said
from newsletter.wiring import open_workspace
from newsletter.workflows.doctor import LINES, Examined
from newsletter.workflows.reports import ReportedIssue

pytestmark = pytest.mark.browser
NOW = datetime(2026, 11, 28, 9, 40, tzinfo=UTC)
AXE = """
axe.run(document, {resultTypes: ['violations']}).then(found => found.violations
  .map(one => [one.id, one.nodes.map(node => node.html.slice(0, 160))]))
"""
ROOM = """
(() => {
  const outside = [], small = [], low = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const own = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !own.getClientRects().length) continue;
    if (own.closest('.unseen, .aside, .skip, option')) continue;
    const at = own.getBoundingClientRect();
    if (parseFloat(getComputedStyle(own).fontSize) < 13) small.push(own.textContent.trim());
    if (!own.closest('.table') && (at.left < -1 || at.right > innerWidth + 1)) outside.push(own.textContent.trim());
  }
  for (const one of document.querySelectorAll('main button, main .button, main summary, main input, main select')) {
    const at = one.getBoundingClientRect();
    if (!at.height || one.type === 'hidden') continue;
    const after = getComputedStyle(one, '::after');
    const more = after.position === 'absolute' ? -parseFloat(after.top) * 2 : 0;
    const room = one.closest('label') ? one.closest('label').getBoundingClientRect().height + 10 : at.height + more;
    if (room < 43.5) low.push([one.textContent.trim(), room]);
  }
  return {across: document.documentElement.scrollWidth, outside, small, low};
})()
"""
OPENED = "document.querySelectorAll('details').forEach(one => one.open = true)"


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    tab = chromium.page()
    yield tab
    tab.close()


@pytest.fixture(scope="module")
def axe() -> str:
    return axe_source()


@pytest.fixture(scope="module")
def screens(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Each screen as one HTML document with the stylesheet in it."""
    pages = DeskPages(environment(), made.publication("ar"), "ar")
    common = {"editor": Editor("ليلى ب.", frozenset({"edit", "send"})), "csrf": "x", "warnings": 2}
    issues = [ReportedIssue(str(at), "رسالة الأسبوع", made.BEGUN) for at in range(12, 2, -1)]
    report = page_values(made.whole("ar"), pages, issues, [])
    silent = page_values(made.silent(), pages, issues, [])
    found = {
        "report": ("desk/reporting/page.html.j2", {**report, "clicks_are_on": True, "place": "report"}),
        "silent": ("desk/reporting/page.html.j2", {**silent, "clicks_are_on": False, "place": "report"}),
        "doctor": (
            "desk/examining/page.html.j2",
            {**doctor_values(DoctorView(tuple(lines()), NOW), pages, NOW), "place": "doctor", "tab": "doctor"},
        ),
        "running": (
            "desk/examining/page.html.j2",
            {
                **doctor_values(DoctorView((), None, True, "Domain of From", 3), pages, NOW),
                "place": "doctor",
                "tab": "doctor",
            },
        ),
    }
    made_ones = {name: pages.fill(template, {**common, **values}) for name, (template, values) in found.items()}
    root = newsroom.make(tmp_path_factory.mktemp("screens") / "w", readers=0)
    with open_workspace(root, {}) as workspace:
        visitor = at_desk(workspace)
        for name in ("", "/letter", "/ways", "/sender", "/smtp"):
            made_ones[f"settings{name}"] = visitor.get(f"/settings{name}").text
        made_ones["wrong"] = visitor.post("/settings/letter", data={"mark": "other", "accent": "red"}).text
    style = "<style>" + "".join(pages.styles[place] for place in ("report", "doctor")) + "</style>"
    return {
        name: re.sub(r'<link rel="stylesheet"[^>]*>', lambda _: style, re.sub(r"<meta http-equiv[^>]*>", "", html))
        for name, html in made_ones.items()
    }


def lines() -> Iterator[Examined]:
    """A line of every kind, with long and short sentences."""
    for at, name in enumerate(LINES):
        state = ("ok", "warn", "ok", "fail", "skipped")[at % 5]
        words = said("{place} takes no mail, so that no bounce ever arrives", place="a-rather-long-name.example.org")
        record = '_dmarc.example.org TXT "v=DMARC1; p=none; rua=mailto:dmarc@example.org"' if name == "dmarc" else ""
        yield Examined(name, state, words, "add the record", record)  # type: ignore[arg-type]


SCREENS = (
    "report",
    "silent",
    "doctor",
    "running",
    "settings",
    "settings/letter",
    "settings/ways",
    "settings/smtp",
    "wrong",
)


@pytest.mark.parametrize("name", SCREENS)
@pytest.mark.parametrize(("width", "mode"), [(1280, "light"), (768, "dark"), (390, "light"), (390, "dark")])
def test_axe_finds_nothing_and_everything_has_room(
    name: str, width: int, mode: Mode, screens: dict[str, str], page: Page, axe: str
) -> None:
    page.show(screens[name], width=width, mode=mode)
    page.run(OPENED)
    room = page.run(ROOM)
    assert (room["across"], room["outside"], room["small"], room["low"]) == (width, [], [], [])
    page.run(axe)
    assert page.run(AXE) == []
    page.run(LATIN)
    assert page.run(AXE) == []


def test_bars_of_the_report_grow_from_the_right(screens: dict[str, str], page: Page) -> None:
    page.show(screens["report"], width=1280)
    first = page.run(
        "(() => {const bar = document.querySelector('svg.bar').getBoundingClientRect();"
        "const front = document.querySelectorAll('svg.bar .front')[1].getBoundingClientRect();"
        "return [Math.round(bar.right - front.right), front.left > bar.left]})()"
    )
    assert first == [0, True]


def test_in_print_every_table_is_there_and_no_button(screens: dict[str, str], page: Page) -> None:
    page.show(screens["report"], width=1000)
    page.send("Emulation.setEmulatedMedia", {"media": "print"})
    seen = page.run(
        "({plate: getComputedStyle(document.querySelector('.plate')).display,"
        "tools: getComputedStyle(document.querySelector('.tools')).display,"
        "ground: getComputedStyle(document.body).backgroundColor,"
        "tables: [...document.querySelectorAll('.report table')].filter(one => one.checkVisibility()).length})"
    )
    assert (seen["plate"], seen["tools"], seen["ground"]) == ("none", "none", "rgb(255, 255, 255)")
    assert seen["tables"] >= 8
