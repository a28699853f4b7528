"""Foreign HTML made the body of an article: few elements, plain blocks, absolute links, no tracking."""

from __future__ import annotations

import html as htmllib
import re
from typing import TYPE_CHECKING

from newsletter.sources.clean.blocks import blocks_of
from newsletter.sources.clean.elements import visible_text
from newsletter.sources.clean.markup import tree
from newsletter.text import shortcodes
from newsletter.text.tidy import tidy

if TYPE_CHECKING:
    from lxml.html import HtmlElement

ALLOWED = frozenset(
    {
        *("p", "br", "a", "b", "strong", "i", "em", "u", "ul", "ol", "li", "blockquote"),
        *("h2", "h3", "h4", "img", "figure", "figcaption", "pre", "code", "sup", "table", "tr", "th", "td"),
    }
)
_MOST_TAGS = 20_000
"""Books have as many; 300,000 elements within and after one another take half a minute."""
_ATTRIBUTES = {
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "p": {"dir", "id"},
    "li": {"dir", "value", "id"},
    "ol": {"start", "reversed"},
}


def clean(html: str, base: str = "") -> str:
    """Make foreign HTML the body of an article.

    Shortcodes that nobody ran go, and their words stay (see newsletter.text.shortcodes).
    Every block becomes a ``p``, ``h2``-``h4``, list, ``blockquote`` or ``figure``; text that stood bare, in
    a ``div`` or between double line breaks becomes paragraphs. Simple tables stay tables, rows of others become
    paragraphs. A footnote is ``<sup><a href="#note-1">`` and the item or paragraph with ``id="note-1"``. Code
    stays code, lists keep their numbers, and what plays becomes a named link, with its picture if it has one.
    Scripts, forms, sharing and subscribing furniture, hidden parts and tracking pictures go. Links and
    pictures become absolute http(s) addresses (mailto links stay), or lose their element. nh3 passes over the
    result with the same allow-list, so that nothing depends on this code alone.

    Args:
        html: A document or fragment, already decoded; what is beyond 2,000,000 characters or 20,000 tags, or nested
            deeper than 254 elements, is not read.
        base: Address that relative links are relative to; may be empty.
    """
    import nh3

    root = tree(opening(shortcodes.as_html(html)))
    if root is None:
        return ""
    return nh3.clean(
        blocks_of(root, base),
        tags=set(ALLOWED),
        attributes=_ATTRIBUTES,
        attribute_filter=_only_safe,
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
        strip_comments=True,
    )


def opening(html: str) -> str:
    """As much of foreign HTML as is looked at: its first 20,000 tags.

    Args:
        html: A document or fragment, already decoded.
    """
    return "<".join(html.split("<", _MOST_TAGS)[:-1]) if html.count("<") > _MOST_TAGS else html


def paragraphs(html: str, *, headings: bool = True) -> list[str]:
    """The text of a body, one tidy line for each paragraph, heading, list item, row or line of a quotation.

    Args:
        html: A body as clean makes it.
        headings: Whether headings are wanted among them.
    """
    root = tree(html)
    if root is None:
        return []
    wanted = {"p", "li", "tr", "h2", "h3", "h4"} if headings else {"p", "li", "tr"}
    lines = (_line(block) for block in root.iter() if block.tag in wanted)
    return [line for line in lines if line]


def plain(fragment: str) -> str:
    """One tidy line of a fragment that may hold tags and entities, such as a headline of a feed.

    Entities are resolved once, tags and shortcodes dropped.

    Args:
        fragment: Text or HTML.
    """
    fragment = shortcodes.without(fragment)
    if "<" in fragment:
        root = tree(f"<div>{fragment}</div>")
        return tidy(visible_text(root)) if root is not None else ""
    return tidy(htmllib.unescape(fragment))


def first_image(html: str, least: int = 200) -> tuple[str, str]:
    """The first picture of a body that is wide enough to stand over a story.

    Args:
        html: A body as clean makes it.
        least: Pixels below which a picture that says its width or height is passed over.

    Returns:
        Its address and its alternative text; both empty when there is none.
    """
    root = tree(html)
    for image in root.iter("img") if root is not None else ():
        sizes = [int(value) for value in (image.get("width"), image.get("height")) if value and value.isdigit()]
        if image.get("src") and all(size >= least for size in sizes[:1]):
            return image.get("src", ""), image.get("alt", "")
    return "", ""


def _line(block: HtmlElement) -> str:
    if block.tag != "tr":
        return tidy(_own_text(block))
    return " · ".join(text for cell in block if (text := tidy(_own_text(cell))))


def _own_text(block: HtmlElement) -> str:
    """Text of a block without that of the lists inside it."""
    pieces: list[str] = [block.text or ""]
    for child in block:
        if child.tag == "br":
            pieces.append(" ")
        elif child.tag == "sup":
            pieces.append(f"[{_own_text(child)}]")
        elif child.tag not in ("ul", "ol", "figure"):
            pieces.append(_own_text(child))
        pieces.append(child.tail or "")
    return "".join(pieces)


def _only_safe(_tag: str, attribute: str, value: str) -> str | None:
    """The last word on every attribute: addresses of the web only, whatever obfuscates them."""
    if attribute == "href":
        return value if re.match(r"https?://|mailto:|#note-[0-9]{1,5}\Z", value) else None
    if attribute == "id":
        return value if re.fullmatch(r"note-[0-9]{1,5}", value) else None
    if attribute == "src":
        return value if re.match(r"https?://", value) else None
    return value
