"""What a browser makes of the letters: sides, glyph order, room, contrast and accessibility, in every mode and width.

Outlook on Windows is stood in for by switching its conditional comments on; that shows its tables, not Word's layout.
"""

from __future__ import annotations

import base64
import io
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import golden_letters as golden
import pytest
from browser import Browser, Mode, Page, opened
from jinja2 import Environment
from mail_programs import outlook
from PIL import Image
from test_text_bidi import LTR_CASES, RTL_CASES

from newsletter.letters.render.palette import contrast
from newsletter.letters.templates import environment
from newsletter.models import Rendered
from newsletter.text import bidi

pytestmark = pytest.mark.browser

AXE = Path(__file__).parent / "node" / "node_modules" / "axe-core" / "axe.min.js"

# Every golden issue in its own theme, and two of them in every theme.
LETTERS = sorted(
    {(name, golden.golden(name).issue.template) for name in golden.NAMES}
    | {(name, theme) for name in ("week", "english") for theme in golden.THEMES}
)


@pytest.fixture(scope="module")
def templates() -> Environment:
    return environment()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with opened(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Page:
    return chromium.page()


@cache
def picture(width: int, height: int) -> str:
    """A picture of this size, made here: one colour, a tenth as large, which is enough for the layout."""
    data = io.BytesIO()
    Image.new("RGB", (width, height), (96, 128, 112)).save(data, "PNG")
    return "data:image/png;base64," + base64.b64encode(data.getvalue()).decode()


def shown(name: str, theme: str, templates: Environment) -> tuple[golden.Golden, Rendered, str]:
    """A golden letter in a theme, and its HTML with pictures that need no network."""
    one = golden.golden(name)
    one = replace(one, issue=replace(one.issue, template=theme))
    made = golden.rendered(one, templates)
    return one, made, with_pictures(one, made.html)


def with_pictures(one: golden.Golden, html: str) -> str:
    """The HTML of a golden letter with pictures of the right sizes that need no network."""
    sizes = {f"cid:{each.cid}": (each.width, each.height) for each in one.pictures.values()}
    return re.sub(
        r'src="((?:cid|https):[^"]*)"', lambda match: f'src="{picture(*sizes.get(match[1], (960, 640)))}"', html
    )


LOOK = """
(() => {
  const wanted = document.documentElement.dir, bad = [], rects = [];
  const side = wanted === 'rtl' ? 'right' : 'left', other = wanted === 'rtl' ? 'left' : 'right';
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let lowest = 9, texts = 0;
  while (walker.nextNode()) {
    const node = walker.currentNode, text = node.data.trim(), own = node.parentElement;
    if (!text || own.closest('script,style') || !own.getClientRects().length) continue;
    const style = getComputedStyle(own), name = text.slice(0, 40);
    texts++;
    if (style.direction !== wanted && !own.closest('span[dir],pre[dir]')) bad.push('direction: ' + name);
    let block = own;
    while (getComputedStyle(block).display.startsWith('inline')) block = block.parentElement;
    if (getComputedStyle(block).direction !== wanted && !block.closest('pre[dir]')) bad.push('block: ' + name);
    const at = getComputedStyle(block).textAlign.replace('-webkit-', '');
    const meant = block.closest('pre[dir]') || block.matches(`td[align=${other}]`) || own.closest('.btn,.mj-btn');
    if (![side, 'start'].includes(at) && !meant) bad.push(at + ': ' + name);
    if (style.fontStyle !== 'normal' && wanted === 'rtl') bad.push('slanted: ' + name);
    if (style.letterSpacing !== 'normal') bad.push('spaced: ' + name);
    const size = parseFloat(style.fontSize), height = parseFloat(style.lineHeight);
    if (height && text.length > 1) lowest = Math.min(lowest, height / size);
    if (size < 13) bad.push('small: ' + name);
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    rects.push([name, box.left, box.top, box.right, box.bottom]);
    if (box.height > 2.5 * height && box.width < 80) bad.push('squeezed: ' + name);
  }
  const images = [...document.images].map(image => ({alt: image.getAttribute('alt'), width: image.width,
    shape: image.naturalWidth / image.naturalHeight, drawn: image.width / image.height,
    fit: getComputedStyle(image).objectFit}));
  const root = document.documentElement;
  return {bad, rects, texts, lowest, images, across: root.scrollWidth, room: root.clientWidth};
})()
"""


def look(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.run(LOOK)
    return found


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
        for image in seen["images"]:
            assert image["alt"] is not None
            assert image["width"] <= width
            assert image["fit"] == "cover" or abs(image["shape"] / image["drawn"] - 1) < 0.03, image


@pytest.mark.parametrize("mode", ["light", "dark", "forced"])
@pytest.mark.parametrize(("name", "theme"), LETTERS)
def test_every_text_can_be_read(name: str, theme: str, mode: Mode, page: Page, templates: Environment) -> None:
    _, _, html = shown(name, theme, templates)
    page.show(html, width=375, mode=mode)
    assert dim(page, mode) == []


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
        assert dim(page, mode) == []
        if mode != "forced":
            assert judged(page, axe) == []


def dim(page: Page, mode: Mode) -> list[tuple[str, str, str]]:
    """The texts that cannot be read, measured on the picture: the darkest and the lightest dot of each are close."""
    drawn = Image.open(io.BytesIO(page.picture(width=375))).convert("RGB")
    # The ground tells whether the mode is on at all.
    corner = max(drawn.getpixel((2, drawn.height - 3)))  # type: ignore[type-var, arg-type]
    assert corner > 200 if mode == "light" else corner < 60
    found = []
    for text, left, top, right, bottom in look(page)["rects"]:
        box = (int(left), int(top), int(right) + 1, min(int(bottom) + 1, drawn.height))
        if box[1] >= drawn.height or not re.search(r"\w{2}", text):
            continue
        dots = drawn.crop(box).getcolors(1 << 20) or []
        shades = sorted({dot for _, dot in dots}, key=sum)  # type: ignore[arg-type]
        darkest, lightest = (f"#{r:02x}{g:02x}{b:02x}" for r, g, b in (shades[0], shades[-1]))  # type: ignore[misc]
        if contrast(darkest, lightest) < 4:
            found.append((text, darkest, lightest))
    return found


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.is_file():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{AXE} is missing, and in CI every letter must be judged")
        pytest.skip("axe-core is not installed: npm install --no-package-lock --ignore-scripts in tests/node")
    return AXE.read_text("utf-8") + "; null"


JUDGE = """
axe.run(document, {resultTypes: ['violations'], OPTIONS}).then(result => result.violations
  .filter(one => ['serious', 'critical'].includes(one.impact))
  .map(one => [one.id, one.nodes.map(node => node.html.slice(0, 200))]))
"""
# axe takes joined letters for the ligatures of an icon font and leaves their contrast alone: it gets Latin ones.
LATIN = """
(() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode())
    walker.currentNode.data = walker.currentNode.data.replace(/[\\u0590-\\u08ff]/g, 'x');
})()
"""


def judged(page: Page, axe: str) -> list[Any]:
    page.run(axe)
    found = page.run(JUDGE.replace("OPTIONS", ""))
    page.run(LATIN)
    contrasts = page.run(JUDGE.replace("OPTIONS", "runOnly: ['color-contrast']"))
    return [*found, *contrasts]


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
