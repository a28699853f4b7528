"""HTML as sites send it, parsed within limits of size and depth."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement

MOST_HTML = 2_000_000
"""Characters of HTML that are looked at: extraction of 9 MB takes over a minute, of 2 MB some seconds."""

# What XML and lxml cannot hold, and the prolog that makes lxml refuse a text already decoded.
_UNHOLDABLE = re.compile("[\x00-\x08\x0b\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_PROLOG = re.compile(r"^\s*(?:<\?xml[^>]*\?>\s*)+", re.IGNORECASE)


def tree(html: str) -> HtmlElement | None:
    """Parse a document or a fragment of one.

    What is nested deeper than 254 elements is dropped by libxml2 itself, which also keeps every later walk
    over the tree, and nh3 (quadratic in depth), quick.

    Args:
        html: Text already decoded; only its first MOST_HTML characters are read.

    Returns:
        The ``html`` element, or None when there is nothing in it.
    """
    import lxml.etree
    import lxml.html

    html = _PROLOG.sub("", _UNHOLDABLE.sub("", html[:MOST_HTML]))
    if not html.strip():
        return None
    try:
        return lxml.html.document_fromstring(html)
    except (lxml.etree.ParserError, lxml.etree.XMLSyntaxError, AssertionError):
        return None


def classes(element: HtmlElement) -> frozenset[str]:
    """The class names of an element.

    Args:
        element: Any element.
    """
    return frozenset((element.get("class") or "").lower().split())
