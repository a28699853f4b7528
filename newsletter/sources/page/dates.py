"""Dates that a page shows to its readers, the likeliest day of publication first."""

from __future__ import annotations

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
        return
    order = {element: number for number, element in enumerate(root.iter())}
    place = order[headline]
    under = list(_under(root, headline))
    changed = [text for text in under if _CHANGED.search(text)]
    yield from (text for text in under if text not in changed)
    before = [part for part in parts if place - _NEAR <= order[part] < place]
    for part in reversed(before):
        yield from _texts(part)
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
    text = text_of(part)
    yield text if len(text) <= _LONGEST_DATE else ""


def _under(root: HtmlElement, headline: HtmlElement) -> Iterator[str]:
    """Machine dates and short lines between the headline and the first long paragraph."""
    is_under = False
    for element in root.iter("h1", *_SMALL_BLOCKS):
        if element is headline:
            is_under = True
        elif is_under:
            if element.tag == "time":
                yield from _texts(element)
            if len(element) <= 4:
                text = text_of(element)
                if len(text) >= _LONG_PARAGRAPH:
                    return
                yield text if len(text) <= _LONGEST_DATE else ""
