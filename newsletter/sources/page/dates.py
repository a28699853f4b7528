"""Dates that a page shows to its readers, the likeliest day of publication first."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from newsletter.sources.clean.markup import classes, text_of
from newsletter.sources.page.outline import names

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_DATE_NAMES = re.compile(
    r"(?:^|[-_])(?:date|time|published|pubdate|posted|timestamp|datetime|postdate|entrydate|newsdate)(?:$|[-_])"
)
_CHANGED = re.compile(r"modif|updat|edit|تحديث|تعديل", re.IGNORECASE)
_SMALL_BLOCKS = (
    *("a", "span", "div", "p", "li", "address", "small", "strong", "b", "em", "i", "h4", "h5", "h6", "td", "abbr"),
    *("font", "ul", "dd", "h2", "h3", "meta", "time"),
)
_MACHINE_DATES = ("data-time", "data-date", "data-timestamp", "data-datetime", "data-published", "data-utime")
_LABEL = re.compile(
    r"\W*(?:تاريخ (?:ال)?(?:نشر|إضافة|الإضافة)|نُ?شرت?(?: هذا الخبر| المقال)? (?:في|بتاريخ|يوم)|أُ?ضيفت? (?:في|بتاريخ)"
    r"|تاریخ (?:انتشار|خبر)|زمان انتشار|منتشر شده در|published|publié)",
    re.IGNORECASE,
)
_MOST_LOOKED_AT = 4000
_LONGEST_DATE = 120
_LONG_PARAGRAPH = 140
_NEAR = 8
"""Elements before the headline within which a date belongs to it; further up, it is today's."""


def shown_dates(root: HtmlElement, headline: HtmlElement | None) -> Iterator[str]:
    """Texts in which the day of publication may stand, the likeliest first; dates of changes last.

    First what is marked as published, then what stands between the headline and the first long paragraph, then just
    before the headline, and last the only date after the text: of several there, none is known to be the article's.

    Args:
        root: The page without the parts that are not the article's.
        headline: The element that shows the headline, if one does.
    """
    parts = [part for part in after_first(named_parts(root), headline) if _is_date(part)]
    for part in parts:
        if (part.get("itemprop") or "").lower() == "datepublished" or "published" in classes(part):
            yield from _texts(part)
    if headline is None:
        for part in parts:
            yield from _texts(part)
        yield from _labelled(root)
        return
    order = {element: number for number, element in enumerate(root.iter())}
    place = order[headline]
    lines = [text for each in under(root, headline) for text in _lines(each)]
    changed = [text for text in lines if _CHANGED.search(text)]
    yield from (text for text in lines if text not in changed)
    before = [part for part in parts if place - _NEAR <= order[part] < place]
    for part in reversed(before):
        yield from _texts(part)
    yield from _labelled(root)
    yield from changed
    after = {text for part in parts if order[part] > place for text in list(_texts(part))[:1]}
    if len(after) == 1:
        yield from after


def named_parts(root: HtmlElement) -> Iterator[HtmlElement]:
    """The elements that may carry a byline or a date: those with a class, id, rel or itemprop, up to a limit.

    Args:
        root: The page.
    """
    seen = 0
    for element in root.iter(*_SMALL_BLOCKS):
        if element.tag == "time" or any(map(element.get, ("class", "itemprop", "rel", "id"))):
            seen += 1
            if seen > _MOST_LOOKED_AT:
                return
            yield element


def after_first(elements: Iterable[HtmlElement], headline: HtmlElement | None) -> Iterator[HtmlElement]:
    """Elements after the headline in order, then those before it.

    Args:
        elements: Any of the page, in order.
        headline: The element that shows the headline; without one the order stays.
    """
    if headline is None:
        yield from elements
        return
    order = {element: number for number, element in enumerate(headline.getroottree().iter())}
    place = order[headline]
    everything = list(elements)
    yield from (each for each in everything if order.get(each, 0) > place)
    yield from (each for each in everything if order.get(each, 0) <= place)


def _is_date(part: HtmlElement) -> bool:
    known_as = names(part) | {(part.get("itemprop") or "").lower()}
    if any(map(_CHANGED.search, known_as)) and "published" not in known_as:
        return False
    return part.tag == "time" or (len(part) <= 6 and any(map(_DATE_NAMES.search, known_as)))


def _texts(part: HtmlElement) -> Iterator[str]:
    yield part.get("datetime") or part.get("content") or ""
    yield from (part.get(name) or "" for name in _MACHINE_DATES)
    text = text_of(part)
    yield text if len(text) <= _LONGEST_DATE else ""
    yield part.get("title") or ""


def _labelled(root: HtmlElement) -> Iterator[str]:
    """Short lines anywhere that say of themselves that they are the day of publication."""
    for part in itertools.islice(root.iter(*_SMALL_BLOCKS), _MOST_LOOKED_AT):
        text = text_of(part) if len(part) <= 4 else ""
        if len(text) <= _LONGEST_DATE and _LABEL.match(text) and not _CHANGED.search(text):
            yield text


def under(root: HtmlElement, headline: HtmlElement) -> Iterator[HtmlElement]:
    """The small elements between the headline and the first long paragraph.

    Args:
        root: The page without the parts that are not the article's.
        headline: The element that shows the headline.
    """
    is_under = False
    for element in root.iter("h1", *_SMALL_BLOCKS):
        if element is headline:
            is_under = True
        elif is_under:
            if len(element) <= 4 and len(text_of(element)) >= _LONG_PARAGRAPH:
                return
            yield element


def _lines(element: HtmlElement) -> Iterator[str]:
    """Machine dates and a short line of an element under the headline."""
    if element.tag == "time" or any(map(element.get, _MACHINE_DATES)):
        yield from _texts(element)
    if len(element) <= 4:
        text = text_of(element)
        yield text if len(text) <= _LONGEST_DATE else ""
