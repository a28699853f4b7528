"""HTML as sites send it, parsed within limits of size and depth."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter.sources.clean.attributes import classes
from newsletter.text import tags
from newsletter.text.tidy import tidy

if TYPE_CHECKING:
    from lxml.html import HtmlElement

__all__ = ["MOST_HTML", "classes", "text_of", "tree"]

MOST_HTML = 2_000_000
"""Characters of HTML that are looked at: extraction of 9 MB takes over a minute, of 2 MB some seconds."""

# What XML and lxml cannot hold, and the prolog that makes lxml refuse a text already decoded.
_UNHOLDABLE = re.compile("[\x00-\x08\x0b\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_UNSEEN = frozenset({"script", "style", "svg", "noscript", "template", "button", "select", "textarea"})
_APART = frozenset(
    {
        *("br", "p", "div", "li", "ul", "ol", "td", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6", "section"),
        *("article", "header", "footer", "blockquote", "figure", "figcaption", "dd", "dt", "hr", "img"),
    }
)
_PROLOG = re.compile(r"^\s*(?:<\?xml[^>]*\?>\s*)+", re.IGNORECASE)


def tree(html: str) -> HtmlElement | None:
    """Parse a document or a fragment of one.

    What is nested deeper than 254 elements is dropped by libxml2 itself, which also keeps every later walk
    over the tree, and nh3 (quadratic in depth), quick.

    Elements that never have content end at once, also where libxml2 does not know them (see newsletter.text.tags).

    Args:
        html: Text already decoded; only its first MOST_HTML characters are read.

    Returns:
        The ``html`` element, or None when there is nothing in it.
    """
    import lxml.etree
    import lxml.html

    html = tags.ended(_PROLOG.sub("", _UNHOLDABLE.sub("", html[:MOST_HTML])))
    if not html.strip():
        return None
    try:
        return lxml.html.document_fromstring(html)
    except (lxml.etree.ParserError, lxml.etree.XMLSyntaxError, AssertionError):
        return None


def text_of(element: HtmlElement) -> str:
    """Tidy text of an element, without scripts and without what is meant for screen readers only.

    Args:
        element: Any element.
    """
    pieces: list[str] = []

    def gather(node: HtmlElement) -> None:
        apart = node.tag in _APART
        pieces.append(" " if apart else "")
        pieces.append(node.text or "")
        for child in node:
            if isinstance(child.tag, str) and child.tag not in _UNSEEN and "screen-reader-text" not in classes(child):
                gather(child)
            pieces.append(child.tail or "")
        pieces.append(" " if apart else "")

    gather(element)
    return tidy("".join(pieces))
