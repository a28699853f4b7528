"""What a browser makes of the letters: sides, glyph order, room, contrast and accessibility, in every mode and width.

Outlook on Windows is stood in for by switching its conditional comments on; that shows its tables, not Word's layout.
"""

from __future__ import annotations

import re
from dataclasses import replace

import golden_letters as golden
import pytest
from browser import Browser, Mode, Page
from jinja2 import Environment
from letter_judges import axe_source, dim, judged, look
from looks import with_flat_pictures
from mail_programs import outlook
from test_text_bidi import LTR_CASES, RTL_CASES

from newsletter.letters.templates import environment
from newsletter.models import Rendered
from newsletter.text import bidi

pytestmark = pytest.mark.browser

# Every golden issue in its own theme, and two of them in every theme.
LETTERS = sorted(
    {(name, golden.golden(name).issue.template) for name in golden.NAMES}
    | {(name, theme) for name in ("week", "english") for theme in golden.THEMES}
)


@pytest.fixture(scope="module")
def templates() -> Environment:
    return environment()


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Page:
    return chromium.page()


def shown(name: str, theme: str, templates: Environment) -> tuple[golden.Golden, Rendered, str]:
    """A golden letter in a theme, and its HTML with pictures that need no network."""
    one = golden.golden(name)
    one = replace(one, issue=replace(one.issue, template=theme))
    made = golden.rendered(one, templates)
    return one, made, with_flat_pictures(made.html, one.pictures.values())


@pytest.fixture(scope="module")
def axe() -> str:
    return axe_source()


@pytest.mark.parametrize(("name", "theme"), LETTERS)
def test_every_text_stands_on_its_side_and_nothing_scrolls_sideways(
    name: str, theme: str, page: Page, templates: Environment
) -> None:
    _, _, html = shown(name, theme, templates)
    for width, variant in ((375, html), (700, html), (320, html), (700, outlook(html))):
        page.show(variant, width=width)
        seen = look(page)
        assert seen["texts"] > 8
        assert seen["bad"] == [], width
        assert seen["across"] <= width
        assert seen["lowest"] >= 1.59
        assert seen["tight"] >= 1.39
        for image in seen["images"]:
            assert image["alt"] is not None
            assert image["width"] <= width
            assert image["fit"] == "cover" or abs(image["shape"] / image["drawn"] - 1) < 0.03, image


@pytest.mark.parametrize("mode", ["light", "dark", "forced"])
@pytest.mark.parametrize(("name", "theme"), LETTERS)
def test_every_text_can_be_read(name: str, theme: str, mode: Mode, page: Page, templates: Environment) -> None:
    _, _, html = shown(name, theme, templates)
    page.show(html, width=375, mode=mode)
    assert dim(page, dark=mode != "light") == []


@pytest.mark.parametrize("language", ["ar", "fr"])
@pytest.mark.parametrize("kind", golden.SMALL)
def test_small_letters_are_no_worse(kind: str, language: str, page: Page, templates: Environment, axe: str) -> None:
    html = golden.small(kind, language, templates).rendered.html
    modes: tuple[Mode, ...] = ("light", "dark", "forced")
    for mode in modes:
        for width, variant in ((320, html), (700, outlook(html)), (375, html)):
            page.show(variant, width=width, mode=mode)
            seen = look(page)
            assert seen["bad"] == []
            assert seen["across"] <= width
            assert seen["lowest"] >= 1.59
        assert dim(page, dark=mode != "light") == []
        if mode != "forced":
            assert judged(page, axe) == []


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize(("name", "theme"), LETTERS)
def test_axe_finds_nothing_serious(
    name: str, theme: str, mode: Mode, page: Page, templates: Environment, axe: str
) -> None:
    _, _, html = shown(name, theme, templates)
    page.show(html, width=375, mode=mode)
    assert judged(page, axe) == []


def test_axe_sees_what_is_seeded(page: Page, axe: str) -> None:
    page.show('<html lang="ar"><title>x</title><img src=""><p style="color:#ccc;background:#fff">كلام</p>', width=375)
    assert {rule for rule, _ in judged(page, axe)} == {"image-alt", "color-contrast"}


# The order of glyphs


ORDER = """
(() => [...document.querySelectorAll('[data-run]')].map(line => {
  const spans = [...line.querySelectorAll('span[dir]')].filter(span => !span.parentElement.closest('span[dir]'));
  return spans.map(span => {
    const walker = document.createTreeWalker(span, NodeFilter.SHOW_TEXT), range = document.createRange();
    let text = '', lefts = [], tops = new Set();
    while (walker.nextNode()) {
      const node = walker.currentNode;
      for (let at = 0; at < node.data.length; at++) {
        if (node.data[at] === '\\u200e') continue;
        range.setStart(node, at);
        range.setEnd(node, at + 1);
        const box = range.getBoundingClientRect();
        text += node.data[at];
        lefts.push(box.left);
        tops.add(Math.round(box.top / 8));
      }
    }
    return {text, lefts};
  });
}))()
"""


def lines(texts: list[str], base: bidi.Direction, html: bool = True) -> str:
    side = "right" if base == "rtl" else "left"
    body = "".join(
        f'<p data-run style="text-align:{side}">{bidi.to_html(text, base) if html else text}</p>' for text in texts
    )
    return f'<!doctype html><html lang="ar" dir="{base}"><body style="font:16px sans-serif;width:1400px">{body}'


def test_left_to_right_runs_read_from_the_left(page: Page) -> None:
    texts = [re.sub(r"[\[\]]", "", case) for case in RTL_CASES]
    page.show(lines(texts, "rtl"), width=1500)
    found = page.run(ORDER)
    assert len(found) == len(RTL_CASES)
    count = 0
    for case, spans in zip(RTL_CASES, found, strict=True):
        assert [span["text"] for span in spans] == re.findall(r"\[(.*?)\]", case)
        for span in spans:
            # Marks of a letter stand on it; all else goes on to the right.
            assert span["lefts"] == sorted(span["lefts"]), (case, span)
            count += 1
    assert count > 50


def test_right_to_left_runs_read_from_the_right(page: Page) -> None:
    texts = [re.sub(r"[\[\]]", "", case) for case in LTR_CASES]
    page.show(lines(texts, "ltr"), width=1500)
    for case, spans in zip(LTR_CASES, page.run(ORDER), strict=True):
        assert [span["text"] for span in spans] == re.findall(r"\[(.*?)\]", case)
        for span in spans:
            arabic = [left for sign, left in zip(span["text"], span["lefts"], strict=True) if "ء" <= sign <= "ي"]
            # Two letters of a ligature may share a place.
            assert arabic == sorted(arabic, reverse=True), case


@pytest.mark.parametrize("run", ["3-1", "2023-2024", "+213 21 55 66 77", "-12.5%", "C++", "Yahoo!", "90+4"])
def test_without_isolation_the_same_runs_are_turned_round(run: str, page: Page) -> None:
    """The control: these would fail the tests above if nothing isolated them."""
    page.show(lines([f"كلمة <span>{run}</span> كلمة"], "rtl", html=False), width=1500)
    (spans,) = page.run(ORDER.replace("span[dir]", "span"))
    assert spans[0]["lefts"] != sorted(spans[0]["lefts"])
    page.show(lines([f"كلمة {run} كلمة"], "rtl"), width=1500)
    (spans,) = page.run(ORDER)
    assert spans[0]["lefts"] == sorted(spans[0]["lefts"])


@pytest.mark.parametrize("name", [name for name in golden.NAMES if golden.golden(name).publication.direction == "rtl"])
def test_lines_of_the_twin_stand_on_the_right(name: str, page: Page) -> None:
    """As a mail program shows plain text: each line is a paragraph that finds its own direction."""
    text = (golden.FOLDER / name / "letter.txt").read_text("utf-8")
    body = "".join(
        f'<p dir="auto" style="margin:0">{line.replace("&", "&amp;").replace("<", "&lt;")}</p>'
        for line in text.split("\n")
        if line.strip()
    )
    page.show(f'<!doctype html><html dir="rtl"><body style="font:16px sans-serif;width:1400px">{body}', width=1500)
    found = page.run(
        "[...document.querySelectorAll('p')].map(line => [line.textContent, getComputedStyle(line).direction])"
    )
    address = re.compile(r"\s*(?:https?://|www\.)\S+|\S+@\S+")
    wrong = [
        line
        for line, direction in found
        if direction != "rtl" and re.search(r"\w", line) and not address.fullmatch(line)
    ]
    assert wrong == []


# Room for what is long


def test_a_number_in_groups_is_not_torn(page: Page) -> None:
    text = "كلمة " * 5 + "+213 21 55 66 77 والنتيجة 2 - 0"
    for width in range(200, 420, 20):
        page.show(f'<html dir="rtl"><body style="width:{width}px;font:16px sans-serif">{bidi.to_html(text)}', width=500)
        heights = page.run("[...document.querySelectorAll('span')].map(span => span.getClientRects().length)")
        assert heights == [1, 1]
