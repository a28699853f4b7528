"""The body of a page's article: what stands around it pruned, then its name or its density, then what was lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from newsletter.sources import when
from newsletter.sources.clean import clean, paragraphs
from newsletter.sources.clean.boilerplate import (
    author_name,
    is_discover_heading,
    is_read_also,
    is_share_line,
    is_subscribe_sentence,
)
from newsletter.sources.clean.elements import is_hidden
from newsletter.sources.clean.markup import text_of, tree
from newsletter.sources.page.holders import (
    beside,
    columns,
    entries_of,
    is_sentence,
    own_length,
    part_of_headline,
    pieces,
    row_of,
)
from newsletter.sources.page.metadata import Metadata
from newsletter.sources.page.outline import is_body, names
from newsletter.sources.page.pruning import link_share, prune
from newsletter.text.tidy import arabic_fold

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_MOST_BLOCKS = 4000
_LEAD_LETTERS = 60
_LEAST_BODY = 120
_LEAST_SENTENCE = 25
_LONG_SENTENCE = 90
_LEAST_AFTER = 5
_TIMES_LONGER = 3
_NEARLY_ALL = 0.9
_LEADING_BLOCKS = 12
_LONGEST_BYLINE = 120
_TOP_LINES = ("h3", "h4", "h5")
_INLINE = ("strong", "b", "em", "i", "u")
_BOLD = re.compile(r"<p[^>]*><(?:strong|b)>[^<]*</(?:strong|b)></p>")
_SPOKEN = re.compile(r"\w\W*[.؟?!:…][»\"”)]?$|^[-–—]\s")
_HOLDERS = (
    *("p", "div", "td", "section", "span", "article", "main", "font", "center", "dd", "pre", "blockquote", "li"),
    *("body", *_TOP_LINES, *_INLINE),
)
_BLOCKS = ("p", "h1", "h2", "h3", "h4", "li", "blockquote", "div", "section", "td")
_LEADS = re.compile(
    r"^(?:(?:article|post|entry|news|story)[-_]{0,2})?(?:lead|lede|standfirst|intro|introtext|chapeau|itemintrotext|leadtext)$"
)


def extract(root: HtmlElement, found: Metadata, now: datetime) -> str:
    """Find the body of an article and make it clean.

    Args:
        root: The page without the parts that are not the article's; it is changed.
        found: What the page says of itself.
        now: The present moment, to know a line that is only a date.
    """
    if sum(1 for _ in root.iter(*_BLOCKS)) > _MOST_BLOCKS:
        return _dense(root, found)  # no article is that long: only its plainest reading is worth the time
    prune(root)
    _drop_hidden(root, found.headline)
    part = _own_article(root, found.headline)
    body = _named(part, found.base) or _dense(part, found)
    if not body:  # a flash of one sentence
        body = _named(part, found.base, _LEAST_SENTENCE) or _dense(part, found, _LEAST_SENTENCE)
    if not body or _is_another(body, found.article_body):
        body = clean("".join(f"<p>{line}</p>" for line in found.article_body.splitlines()), found.base)
    return _trimmed(_with_missing(body, root, found), found, now)


def _drop_hidden(root: HtmlElement, headline: HtmlElement | None) -> None:
    """Drop what a page does not show, which no body keeps, so that it is not taken for the longest text."""
    kept = {headline, *headline.iterancestors()} if headline is not None else set()
    for element in list(root.iter("div", "section", "p", "ul", "table")):
        if is_hidden(element) and element not in kept and element.getparent() is not None:
            element.drop_tree()


def _is_another(body: str, stated: str) -> bool:
    """Whether a body and what the page's JSON-LD states as the article's have no words in common."""
    shown, told = arabic_fold(" ".join(paragraphs(body))), arabic_fold(stated)
    return len(told) >= _LEAST_BODY and _share_in(shown, told) < 0.1 and _share_in(told, shown) < 0.1


def _own_article(root: HtmlElement, headline: HtmlElement | None) -> HtmlElement:
    """What holds the headline and its article, where whole other articles follow on the same page; else the page."""
    for own in headline.iterancestors("article", "div", "section") if headline is not None else ():
        alike = (each for each in own.itersiblings(own.tag) if each.get("class") == own.get("class"))
        others = (each for each in alike if own.tag == "article" or next(each.iter("h1"), None) is not None)
        if any(len(text_of(each)) > _LEAST_BODY for each in others) and len(text_of(own)) >= 2 * _LEAST_BODY:
            return own
    return root


def _named(root: HtmlElement, base: str, least: int = _LEAST_BODY) -> str:
    """The body by its own name, without the blocks in it that lead elsewhere; empty when none has such a name."""
    named = [each for each in root.iter("div", "section", "article", "td") if is_body(each)]
    sizes = {each: len(text_of(each)) for each in named}
    best = max(named, key=lambda each: sizes[each], default=None)
    if best is None or sizes[best] < least:
        return ""
    while True:
        within = (each for each in named if best in each.iterancestors() and sizes[each] >= 0.7 * sizes[best])
        inner = next(within, None)
        # Not by its truth: an element without children has none.
        if inner is None:
            break
        best = inner
    body = _prose_of(best, base)
    return body if _length(body) >= least else ""


def _prose_of(element: HtmlElement, base: str) -> str:
    """The blocks of an element that are text of the article, and between them the short rows of a table or a list."""
    blocks = _top_blocks(_block(element, base))
    wanted = [_belongs(block) for block in blocks]
    if True in wanted and next(element.iter("table", "dl"), None) is not None:
        first = 0 if element.tag == "dl" else wanted.index(True)  # its first term stands before the first text
        last = len(wanted) - wanted[::-1].index(True)
        for at in range(first, last):
            wanted[at] = wanted[at] or "<a " not in blocks[at]
    return "".join(block for block, each in zip(blocks, wanted, strict=True) if each)


def _belongs(block: str) -> bool:
    """Whether a block of a body is text of the article: it reads like prose, or is a picture."""
    root = tree(block)
    text = " ".join(paragraphs(block))
    if root is None or not text:
        return root is not None and "<img" in block
    share = link_share(root)
    if 0.5 <= share < 0.9 and block.startswith("<p>"):
        return _is_around_link(root)
    if share == 0 and (_BOLD.fullmatch(block) or _SPOKEN.search(text)):  # a question or an answer of an interview
        return not is_share_line(text)
    return share < 0.5 and (len(text) >= _LEAST_SENTENCE or bool(re.match(r"<(?:h[2-4]|ul|ol|blockquote)", block)))


def _is_around_link(root: HtmlElement) -> bool:
    """Whether a sentence begins before its first link and goes on after its last, as no line that leads away does."""
    links = list(root.iter("a"))
    whole = text_of(root)
    before, after = whole.partition(text_of(links[0]))[0], whole.rpartition(text_of(links[-1]))[2]
    return bool(before.strip()) and len(after.strip()) >= _LEAST_AFTER and bool(_SPOKEN.search(whole))


def _dense(root: HtmlElement, found: Metadata, least: int = _LEAST_BODY) -> str:
    """The element whose own paragraphs, or own text between line breaks, are the longest."""
    lengths: dict[HtmlElement, int] = {}
    told = part_of_headline(found.headline)
    for element in root.iter(*_HOLDERS):
        own, is_whole = own_length(element)
        if own < _LEAST_SENTENCE or link_share(element) >= 0.5:
            continue
        holders = [row_of(element)] if is_whole else [element, row_of(element)]
        for holder in (*holders, entries_of(holders[-1], told)):
            if holder is not None:
                lengths[holder] = lengths.get(holder, 0) + own
    deep = {element: sum(1 for _ in element.iterancestors()) for element in lengths}
    best = max(lengths, key=lambda each: (lengths[each], deep[each]), default=None)
    near = beside(found.headline, lengths)
    if best is not None and near and best not in near:
        nearest = max(near, key=lambda each: (lengths[each], deep[each]))
        best = nearest if lengths[best] < _TIMES_LONGER * lengths[nearest] else best
    if best is None or lengths[best] < least:
        return ""
    inner = [each for each in lengths if lengths[each] >= _NEARLY_ALL * lengths[best] and deep[each] > deep[best]]
    inner = [each for each in inner if best in each.iterancestors()]
    best = max(inner, key=lambda each: deep[each], default=best)  # without the headline and date that stand before it
    best = columns(best, found.headline)
    if len(lengths) > _MOST_BLOCKS:
        return _block(best, found.base)
    return "".join(_prose_of(each, found.base) for each in pieces(best, found.headline))


# What was lost


def _with_missing(body: str, root: HtmlElement, found: Metadata) -> str:
    """Put back what belongs to the body: the lead in a container of its own, paragraphs lost in the middle.

    A paragraph is put back if the page's description begins as it does; if it stands between headline and body and is
    named a lead or reads like a sentence; if the page's JSON-LD has it in the article's body;
    or if it is the sibling of two paragraphs that were found. Never if the body has it already, in any spelling.
    """
    blocks = _top_blocks(body)
    if not blocks:
        return body
    folded = [arabic_fold(" ".join(paragraphs(block))) for block in blocks]
    held = " ".join(folded)
    lead = arabic_fold(found.description.rstrip("…"))[:_LEAD_LETTERS]
    stated = arabic_fold(found.article_body)
    is_under = found.headline is None
    matched: set[HtmlElement] = set()
    missing: list[tuple[int, HtmlElement, str]] = []
    at = 0
    for element, text in _leaves(root, found.headline):
        is_under = is_under or element is found.headline
        words = arabic_fold(text)
        is_short = len(words) < _LEAST_SENTENCE  # a word of the menu stands in many a sentence
        there = (n for n in range(at, len(folded)) if words == folded[n] or (words in folded[n] and not is_short))
        place = next(there, None)
        if not words or (place is None and words in held):
            continue
        if place is not None:
            at = place
            matched.add(element)
        elif matched or is_under:
            missing.append((at + 1 if matched else 0, element, words))
    parents = [element.getparent() for element in matched]
    leads = ("p", "div", "h2", "h3", "h4") if matched else ("p",)  # what stands before a body, not somewhere
    for place, element, words in reversed(missing):
        has_siblings = parents.count(element.getparent()) >= 2
        is_between = 0 < place < len(blocks) and element.tag in ("h2", "h3", "h4") and link_share(element) == 0
        is_prose = _is_prose(element, words)
        is_opening = place == 0 and is_prose and len(words) >= _LEAD_LETTERS
        is_wanted = (
            (len(lead) >= _LEAD_LETTERS // 2 and words.startswith(lead))
            or (is_opening and (_is_named_lead(element) or is_sentence(element, leads)))
            or (len(words) >= _LEAD_LETTERS and words in stated)
            or (has_siblings and ((element.tag == "p" and is_prose) or is_between))
        )
        if is_wanted and _share_in(words, held) < 0.6:
            blocks.insert(0 if words.startswith(lead) and lead else place, _block(element, found.base))
    return "".join(blocks)


def _is_named_lead(element: HtmlElement) -> bool:
    parent = element.getparent()
    around = names(element) | (names(parent) if parent is not None else frozenset())
    return any(map(_LEADS.match, around))


def _top_blocks(body: str) -> list[str]:
    """The blocks of a body as clean made it, each as HTML of its own."""
    from lxml.etree import tostring

    root = tree(f"<div>{body}</div>")
    holder = next(root.iter("div"), None) if root is not None else None
    if holder is None:
        return []
    return [tostring(each, encoding="unicode", method="html", with_tail=False) for each in holder]


def _leaves(root: HtmlElement, headline: HtmlElement | None) -> Iterator[tuple[HtmlElement, str]]:
    """Every block without a block inside, and the headline, with its text, in order."""
    for number, element in enumerate(root.iter(*_BLOCKS)):
        if number > _MOST_BLOCKS:
            return
        if element is headline or next(element.iterdescendants(*_BLOCKS), None) is None:
            yield element, text_of(element)


def _is_prose(element: HtmlElement, words: str) -> bool:
    return len(words) >= _LEAST_SENTENCE and link_share(element) < 0.5 and not is_read_also(text_of(element))


def _length(body: str) -> int:
    return sum(map(len, paragraphs(body)))


def _share_in(words: str, held: str) -> float:
    """How many of a text's three-word runs are in another; both folded."""
    parts = words.split()
    runs = [" ".join(parts[at : at + 3]) for at in range(max(1, len(parts) - 2))]
    return sum(run in held for run in runs) / len(runs)


def _block(element: HtmlElement, base: str) -> str:
    from lxml.etree import tostring

    return clean(tostring(element, encoding="unicode", method="html", with_tail=False), base)


# What is too much


def _trimmed(body: str, found: Metadata, now: datetime) -> str:
    """Drop the headline, byline and date that a layout put into the body, and lines that lead elsewhere."""
    blocks = _top_blocks(body)
    lines = [" ".join(paragraphs(block)) for block in blocks]
    start = _after_headline(lines, found.title)
    headline = arabic_fold(found.title)
    kept = []
    for number in range(start, len(blocks)):
        line = lines[number]
        if line and (is_share_line(line) or is_subscribe_sentence(line) or is_discover_heading(line)):
            continue
        is_edge = number - start <= 3 or number >= len(blocks) - 3
        if is_edge and line and (arabic_fold(line) == headline or _is_byline(line, found, now)):
            continue
        kept.append(blocks[number])
    # A heading over what was pruned; a long one is a paragraph of a site that makes headings of all.
    while kept and re.match(r"<h[2-4]", kept[-1]) and len("".join(paragraphs(kept[-1]))) < _LONG_SENTENCE:
        kept.pop()
    return "".join(kept)


def _after_headline(lines: list[str], title: str) -> int:
    """Number of the block after the headline, if the body repeats it with nothing of weight before."""
    headline = arabic_fold(title)
    for number, line in enumerate(lines[:_LEADING_BLOCKS]):
        if headline and arabic_fold(line) == headline:
            before = sum(len(each) for each in lines[:number])
            return number + 1 if before * 5 < sum(map(len, lines)) else 0
    return 0


def _is_byline(line: str, found: Metadata, now: datetime) -> bool:
    if len(line) > _LONGEST_BYLINE:
        return False
    name = arabic_fold(author_name(line))
    if found.author and name and name in arabic_fold(found.author):
        return True
    # A line that is nothing but a date: at most a few words beside it, and no sentence.
    words = arabic_fold(line).split()
    is_short = len(words) <= 14 and not line.endswith((".", "؟", "!", ":"))
    has_clock_or_day = bool(re.search(r"\d{4}", line.translate(_DIGITS)))
    return is_short and has_clock_or_day and when.parse(line, now=now) is not None and len(_CALENDAR.sub("", line)) < 40


_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
_CALENDAR = re.compile(r"[\d٠-٩:/.،,\-–|]+|الأحد|الاثنين|الإثنين|الثلاثاء|الأربعاء|الخميس|الجمعة|السبت|الموافق|الساعة")
