"""The body of a page's article: what stands around it pruned, then trafilatura, then what it lost put back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from newsletter.sources import when
from newsletter.sources.boilerplate import (
    author_name,
    is_discover_heading,
    is_read_also,
    is_share_line,
    is_subscribe_sentence,
)
from newsletter.sources.clean import clean, paragraphs
from newsletter.sources.markup import MOST_HTML, classes, text_of, tree
from newsletter.sources.page.metadata import Metadata
from newsletter.text.tidy import arabic_fold

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_MOST_BLOCKS = 4000
_LEAD_LETTERS = 60
_LEAST_BODY = 120
_LEAST_SENTENCE = 25
_LEADING_BLOCKS = 12
_LONGEST_BYLINE = 120
_BLOCKS = ("p", "h2", "h3", "h4", "li", "blockquote", "div", "section", "td")
_BODY_NAMES = re.compile(
    r"^(?:(?:entry|post|article|story|news|single|page|body|main|td-post|theiaPost)[-_]{0,2}(?:content|body|text|details?)"
    r"|article__body|story__body|post__content|entry__content|articlebody|details[-_]?(?:body|text|content)|full[-_]?text)$",
    re.IGNORECASE,
)


def extract(root: HtmlElement, found: Metadata, now: datetime) -> str:
    """Find the body of an article and make it clean.

    Args:
        root: The page without the parts that are not the article's; it is changed.
        found: What the page says of itself.
        now: The present moment, to know a line that is only a date.
    """
    _prune(root)
    html = _trafilatura(root, found.url)
    body = clean(html, found.base)
    if len(" ".join(paragraphs(body))) < _LEAST_BODY:
        body = max(body, _own_container(root, found), key=lambda each: len(" ".join(paragraphs(each))))
    if not body:
        body = clean("".join(f"<p>{line}</p>" for line in found.article_body.splitlines()), found.base)
    body = _with_missing(body, root, found)
    return _trimmed(body, found, now)


def _prune(root: HtmlElement) -> None:
    """Take out Jetpack's nameless block after an article, and lines that only lead to other articles."""
    for form in list(root.iter("form")):  # what is left of forms frames the page; extractors drop every form
        form.tag = "div"
    for element in list(root.iter("h1", "h2", "h3", "h4", "p", "div", "li", "strong")):
        if element.getparent() is None or (len(element) > 4 and element.tag != "p"):
            continue
        text = text_of(element)[:300]
        if is_discover_heading(text) or is_subscribe_sentence(text):
            group = next(
                (
                    each
                    for each in element.iterancestors()
                    if "wp-block-group" in classes(each) and len(text_of(each)) < 400
                ),
                element,
            )
            if group.getparent() is not None:
                group.drop_tree()
        elif text and (is_share_line(text) or (is_read_also(text) and _link_share(element) > 0.4)):
            element.drop_tree()


def _trafilatura(root: HtmlElement, url: str) -> str:
    """The main part of a page as HTML, by trafilatura in its precise mode; empty when it finds none.

    It takes seconds for 16,000 paragraphs and cannot be stopped, so more than 4,000 are not handed over.
    """
    import lxml.etree
    import trafilatura

    if sum(1 for _ in root.iter("p", "div", "li", "br", "td", "span")) > 2 * _MOST_BLOCKS:
        return ""
    html = lxml.etree.tostring(root, encoding="unicode", method="html")
    if len(html) > MOST_HTML:
        return ""
    try:
        found = trafilatura.extract(
            html,
            url=url or None,
            output_format="html",
            favor_precision=True,
            include_comments=False,
            include_formatting=True,
            include_images=True,
            include_links=True,
            include_tables=True,
            with_metadata=False,
        )
    except Exception:  # a foreign page may upset it in any way; then there is no body
        return ""
    return found or ""


def _own_container(root: HtmlElement, found: Metadata) -> str:
    """The body by its own name, or the block that holds most running text; for what trafilatura gives up on."""
    from lxml.etree import tostring

    named = [each for each in root.iter("div", "section", "article", "td", "span") if _is_body(each)]
    containers = named or list(root.iter("article")) or _dense(root)
    best = max(containers, key=lambda each: len(text_of(each)), default=None)
    if best is None:
        return ""
    return clean(tostring(best, encoding="unicode", method="html", with_tail=False), found.base)


def _is_body(element: HtmlElement) -> bool:
    names = classes(element) | {(element.get("id") or "").lower()}
    return (element.get("itemprop") or "").lower() == "articlebody" or any(map(_BODY_NAMES.match, names))


def _dense(root: HtmlElement) -> list[HtmlElement]:
    """The element whose own paragraphs, or own text between line breaks, are the longest."""
    lengths: dict[HtmlElement, int] = {}
    for element in root.iter("p", "div", "td", "section", "span"):
        parent = element.getparent()
        own = len((element.text or "").strip()) + sum(len((child.tail or "").strip()) for child in element)
        holder = parent if element.tag == "p" and parent is not None else element
        if own >= _LEAST_SENTENCE and _link_share(element) < 0.5:
            lengths[holder] = lengths.get(holder, 0) + own
    best = max(lengths, key=lambda each: lengths[each], default=None)
    return [best] if best is not None and lengths[best] >= _LEAST_BODY else []


# What was lost


def _with_missing(body: str, root: HtmlElement, found: Metadata) -> str:
    """Put back what belongs to the body: the lead in a container of its own, paragraphs lost in the middle.

    A paragraph is put back if the page's description begins as it does, if the page's JSON-LD has it in the
    article's body, or if it is the sibling of two paragraphs that were found; never if the body has it already,
    in this or another spelling.
    """
    blocks = _top_blocks(body)
    if not blocks:
        return body
    folded = [arabic_fold(" ".join(paragraphs(block))) for block in blocks]
    held = " ".join(folded)
    lead = arabic_fold(found.description.rstrip("…"))[:_LEAD_LETTERS]
    stated = arabic_fold(found.article_body)
    matched: set[HtmlElement] = set()
    missing: list[tuple[int, HtmlElement, str]] = []
    at = 0
    for element, text in _leaves(root):
        words = arabic_fold(text)
        if not words:
            continue
        place = next((n for n in range(at, len(folded)) if words in folded[n]), None)
        if place is None and words in held:
            continue
        if place is not None:
            at = place
            matched.add(element)
        else:
            missing.append((at + 1 if matched else 0, element, words))
    parents = [element.getparent() for element in matched]
    for place, element, words in reversed(missing):
        is_lead = len(lead) >= _LEAD_LETTERS // 2 and words.startswith(lead)
        is_stated = len(words) >= _LEAD_LETTERS and words in stated
        is_sibling = element.tag == "p" and parents.count(element.getparent()) >= 2 and _is_prose(element, words)
        if (is_lead or is_stated or is_sibling) and not _mostly_in(words, held):
            blocks.insert(0 if is_lead else place, _block(element, found.base))
    return "".join(blocks)


def _top_blocks(body: str) -> list[str]:
    """The blocks of a body as clean made it, each as HTML of its own."""
    from lxml.etree import tostring

    root = tree(f"<div>{body}</div>")
    holder = next(root.iter("div"), None) if root is not None else None
    if holder is None:
        return []
    return [tostring(each, encoding="unicode", method="html", with_tail=False) for each in holder]


def _leaves(root: HtmlElement) -> Iterator[tuple[HtmlElement, str]]:
    """Every block without a block inside, and its text, in order."""
    for number, element in enumerate(root.iter(*_BLOCKS)):
        if number > _MOST_BLOCKS:
            return
        if next(element.iterdescendants(*_BLOCKS), None) is None:
            yield element, text_of(element)


def _is_prose(element: HtmlElement, words: str) -> bool:
    return len(words) >= _LEAST_SENTENCE and _link_share(element) < 0.5 and not is_read_also(text_of(element))


def _link_share(element: HtmlElement) -> float:
    """How much of an element's text stands in links."""
    whole = len(text_of(element)) or 1
    links = [element] if element.tag == "a" else element.iterdescendants("a")
    return sum(len(text_of(link)) for link in links) / whole


def _mostly_in(words: str, held: str) -> bool:
    """Whether most three-word runs of a text are in another, so that it is there in other spelling."""
    parts = words.split()
    runs = [" ".join(parts[at : at + 3]) for at in range(max(1, len(parts) - 2))]
    return sum(run in held for run in runs) >= 0.6 * len(runs)


def _block(element: HtmlElement, base: str) -> str:
    from lxml.etree import tostring

    return clean(tostring(element, encoding="unicode", method="html", with_tail=False), base)


# What is too much


def _trimmed(body: str, found: Metadata, now: datetime) -> str:
    """Drop the headline, byline and date that a layout put into the body, and lines that lead elsewhere."""
    blocks = _top_blocks(body)
    lines = [" ".join(paragraphs(block)) for block in blocks]
    start = _after_headline(lines, found.title)
    kept = []
    for number in range(start, len(blocks)):
        line = lines[number]
        leading = number - start <= 3
        if line and (is_share_line(line) or is_subscribe_sentence(line) or is_discover_heading(line)):
            continue
        if leading and line and _is_byline(line, found, now):
            continue
        kept.append(blocks[number])
    while kept and re.match(r"<h[2-4]", kept[-1]):  # a heading over what was pruned
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
