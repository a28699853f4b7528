"""A letter as feed readers show it: its words, pictures and links, without tables, styles and what is hidden in it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urljoin

from newsletter.web.letter_page import LetterPage

_TAGS = {
    *("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "hr", "br", "div"),
    *("a", "img", "strong", "b", "em", "i", "span", "figure", "figcaption", "sub", "sup"),
}
_AROUND = frozenset({"head", "about", "band", "foot", "waytest"})
"""Classes of what stands around the stories: names, dates, ways to share and to leave."""
_HIDDEN = re.compile(r"#letter \.(s\d+),[^{]*\{[^}]*display:\s*none")
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""What no XML may hold (XML 1.0, section 2.2)."""
_ATTRIBUTES = {"a": {"href"}, "img": {"src", "alt", "width", "height"}, "*": {"dir", "lang"}}


def feed_body(view: LetterPage, address: str) -> str:
    """The HTML of a letter for a feed.

    Args:
        view: The letter as a page.
        address: Of that page, absolute; its links and pictures are named from there.
    """
    import lxml.html
    import nh3

    body: Any = lxml.html.document_fromstring(view.html).find("body")
    left_out = {*_AROUND, *_HIDDEN.findall(view.css)}
    for element in list(body.iter()):
        if not isinstance(element.tag, str) or left_out & set((element.get("class") or "").split()):
            if element.getparent() is not None:
                element.drop_tree()
            continue
        for name in ("href", "src"):
            if element.get(name):
                element.set(name, urljoin(address, element.get(name)))
    text = str(lxml.html.tostring(body, encoding="unicode"))
    cleaned = nh3.clean(
        text, tags=_TAGS, attributes=_ATTRIBUTES, link_rel=None, url_schemes={"http", "https", "mailto"}
    )
    return _tidy(cleaned)


def _tidy(html: str) -> str:
    """Without the boxes and blanks that layout leaves behind."""
    before = None
    while before != html:
        before = html
        html = re.sub(r"<(div|span|p|a)(?: [^>]*)?>(?:\s|&nbsp;|\u200c|\u034f)*</\1>", "", html)
        html = re.sub(r"<div>\s*<div>((?:(?!</?div).)*)</div>\s*</div>", r"<div>\1</div>", html, flags=re.DOTALL)
    return _NO_XML.sub("", re.sub(r"\s*\n\s*", "\n", html)).strip()
