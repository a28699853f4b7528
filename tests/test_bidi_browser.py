"""The oracle beside a browser: Chromium puts the graphemes of mixed text in the order that ICU says."""

from __future__ import annotations

import html

import pytest
import regex
from bidi_corpus import Case, cases, sentences
from bidi_oracle import LRI, LRO, PDF, PDI, RLI, from_spans, marked, order
from browser import Browser, Page

from newsletter.text import bidi

pytestmark = pytest.mark.browser

# Graphemes of each line by the middle of their box; what has no width is not seen, and its place says nothing.
SEEN = """
[...document.querySelectorAll('p')].map(line => {
  const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT), range = document.createRange(), found = [];
  const graphemes = new Intl.Segmenter('en', {granularity: 'grapheme'});
  while (walker.nextNode()) {
    for (const {segment, index} of graphemes.segment(walker.currentNode.data)) {
      range.setStart(walker.currentNode, index);
      range.setEnd(walker.currentNode, index + segment.length);
      const box = range.getBoundingClientRect();
      if (box.width > 0) found.push([(box.left + box.right) / 2, segment]);
    }
  }
  return found.sort((one, other) => one[0] - other[0]).map(each => each[1]);
})
"""
TAGS = {LRI: '<span dir="ltr">', RLI: '<span dir="rtl">', PDI: "</span>", LRO: '<bdo dir="ltr">', PDF: "</bdo>"}


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Page:
    return chromium.page()


def sample() -> list[Case]:
    """Two hundred cases of all languages and categories, sentences among them."""
    found = [*cases()[:: len(cases()) // 150], *sentences()[::3]]
    # A soft hyphen has no width, and a line of Latin alone is no mixture.
    return [case for case in found if "\u00ad" not in case.text]


def as_html(text: str) -> str:
    """A text with isolates and overrides as the markup that means the same."""
    return "".join(TAGS.get(sign) or html.escape(sign) for sign in text)


def in_the_browser(page: Page, found: list[tuple[Case, str]]) -> list[list[str]]:
    lines = "".join(f'<p dir="{case.base}" style="margin:0;white-space:pre">{markup}</p>' for case, markup in found)
    page.show(f'<!doctype html><meta charset="utf-8"><body style="font:16px sans-serif">{lines}', width=2400)
    seen: list[list[str]] = page.run(SEEN)
    return seen


def by_the_oracle(case: Case, text: str) -> list[str]:
    """Graphemes of a text from left to right, without those that have no width of their own."""
    place = {at: number for number, at in enumerate(order(text, case.base))}
    graphemes = [(place[match.start()], match.group()) for match in regex.finditer(r"\X", text)]
    return [grapheme for _, grapheme in sorted(graphemes) if not UNSEEN.fullmatch(grapheme)]


UNSEEN = regex.compile("[\u00ad\u200b-\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff\u2060]")


def without_unseen(graphemes: list[str]) -> list[str]:
    return [UNSEEN.sub("", grapheme) for grapheme in graphemes if UNSEEN.sub("", grapheme)]


@pytest.mark.parametrize("way", ["nothing isolated", "as an editor marked it", "as the product writes it"])
def test_a_browser_orders_mixed_text_as_the_oracle_does(way: str, page: Page) -> None:
    found = sample()
    assert len(found) >= 200
    assert {case.language for case in found} >= {"ar", "fa", "he", "ur", "en"}
    if way == "nothing isolated":
        written = [(case, html.escape(case.text), case.text) for case in found]
    elif way == "as an editor marked it":
        written = [(case, as_html(marked(case.forms[0])), marked(case.forms[0])) for case in found]
    else:
        markup = [str(bidi.to_html(case.text, case.base)) for case in found]
        written = [(case, one, from_spans(one)) for case, one in zip(found, markup, strict=True)]
    seen = in_the_browser(page, [(case, markup) for case, markup, _ in written])
    wanted = [without_unseen(by_the_oracle(case, text)) for case, _, text in written]
    unlike = [
        (case.text, "".join(one), "".join(two))
        for (case, _, _), one, two in zip(written, map(without_unseen, seen), wanted, strict=True)
        if one != two
    ]
    assert unlike == []
