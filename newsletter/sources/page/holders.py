"""Which elements of a page hold running text, and which of them hold the text of one article together."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING

from newsletter.sources.clean.markup import text_of
from newsletter.sources.page.pruning import link_share

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_LONG_SENTENCE = 90
_MOST_IN_LEAD = 2
_MOST_COLUMNS = 4
_TOP_LINES = ("h3", "h4", "h5")
_INLINE = ("strong", "b", "em", "i", "u")
_BLOCKS = ("p", "h1", "h2", "h3", "h4", "li", "blockquote", "div", "section", "td")


def beside(headline: HtmlElement | None, holders: Iterable[HtmlElement]) -> list[HtmlElement]:
    """The holders of text that share the smallest part of the page with the headline: under a flash of one sentence,
    what the site says of its cookies is longer, but stands elsewhere.
    """
    above = list(headline.iterancestors()) if headline is not None else []
    ranks = {each: number for number, each in enumerate(above)}
    shared = {
        each: next((ranks[up] for up in (each, *each.iterancestors()) if up in ranks), len(above)) for each in holders
    }
    least = min(shared.values(), default=len(above))
    return [each for each, rank in shared.items() if rank == least < len(above)]


def own_length(element: HtmlElement) -> tuple[int, bool]:
    """Letters of an element's own text, and whether they are one paragraph, not lines between its children.

    Some sites put every paragraph into a heading, or the whole text between line breaks into one bold element.
    """
    if element.tag in _TOP_LINES:
        length = len(text_of(element))
        return (length if length >= _LONG_SENTENCE else 0), True
    if element.tag in _INLINE and element.find("br") is None:
        return 0, False
    if element.tag == "p" or (element.tag == "li" and next(element.iterdescendants(*_BLOCKS), None) is None):
        return len(text_of(element)), True
    return len((element.text or "").strip()) + sum(len((child.tail or "").strip()) for child in element), False


def columns(element: HtmlElement, headline: HtmlElement | None) -> HtmlElement:
    """What holds a body and the columns beside it in which it goes on; the body itself where there are none."""
    parent = element.getparent()
    if parent is None or not 2 <= len(parent) <= _MOST_COLUMNS or (headline is not None and headline in parent.iter()):
        return element
    are_alike = all(each.tag == element.tag and each.tag in ("div", "td", "section") for each in parent)
    is_text = (link_share(each) < 0.1 and any(map(is_sentence, each.iter("p"))) for each in parent)
    return parent if are_alike and all(is_text) else element


def pieces(element: HtmlElement, headline: HtmlElement | None) -> list[HtmlElement]:
    """All containers of a body that a layout cuts in pieces, between advertisements or pictures: alike, with nothing
    but paragraphs in them, where a comment has the name and the day of its writer too.
    """
    if not _is_piece(element):
        return [element]
    around = {headline, *headline.iterancestors()} if headline is not None else set()
    for piece, holder in pairwise([element, *element.iterancestors()]):
        if holder.tag == "html" or piece in around:
            break
        alike = [each for each in holder if each.tag == piece.tag and each.get("class") == piece.get("class")]
        whole = [each for each in alike if each is piece or _is_piece(each)]
        if len(whole) > 1:
            return whole
    return [element]


def _is_piece(element: HtmlElement) -> bool:
    if element.tag not in ("div", "section", "td") or link_share(element) >= 0.1:
        return False
    lines = list(element.iter("p"))
    letters = sum(len("".join(text_of(each).split())) for each in lines)
    return any(map(is_sentence, lines)) and letters == len("".join(text_of(element).split()))


def part_of_headline(headline: HtmlElement | None) -> HtmlElement | None:
    """The smallest part of a page that holds the headline and more than a lead; entries after it are comments."""
    before: HtmlElement | None = None
    sentences = 0
    for part in headline.iterancestors() if headline is not None else ():
        beside_it = (each for each in part if each is not before)  # every paragraph is read once, however deep it is
        sentences += sum(is_sentence(line) for each in beside_it for line in each.iter("p"))
        if sentences > _MOST_IN_LEAD:
            return part
        before = part
    return None


def entries_of(row: HtmlElement | None, told: HtmlElement | None) -> HtmlElement | None:
    """What holds the entries of a live blog, one of which a row is.

    They are alike, and each has a heading that is no link; or each has its time, and they stand under the headline,
    where the comments of readers do not.
    """
    if row is None or row.tag not in ("div", "article", "section", "li"):
        return None
    above = row.getparent()
    if told is not None and told not in row.iterancestors():
        return None
    is_timed = any(each.tag == "time" for each in row) and above is not None and any(each.tag == "h1" for each in above)
    if not is_timed and not _has_heading(row):
        return None
    neighbours = (row.getprevious(), row.getnext())
    is_alike = (
        each is not None and each.tag == row.tag and each.get("class") == row.get("class") for each in neighbours
    )
    return above if any(is_alike) else None


def _has_heading(element: HtmlElement) -> bool:
    heading = next((each for each in element if each.tag in ("h2", "h3", "h4")), None)
    return heading is not None and link_share(heading) == 0


def row_of(element: HtmlElement) -> HtmlElement | None:
    """The element in which a paragraph stands beside others, wrappers around it alone passed over."""
    while (parent := element.getparent()) is not None:
        is_alone = element.getprevious() is None and element.getnext() is None
        if not is_alone or (parent.text or "").strip():
            break
        element = parent
    return parent


def is_sentence(element: HtmlElement, tags: tuple[str, ...] = ("p",)) -> bool:
    """Whether a paragraph is long and ends as a sentence does, as no caption, date or byline is and does."""
    text = text_of(element)
    return element.tag in tags and len(text) >= _LONG_SENTENCE and text.endswith((".", "؟", "!", "…", ".»", '."', ".”"))
