"""HTML cut at its tags in one pass, and elements without an end written so that every parser ends them at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

RAW = frozenset({"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "plaintext"})
"""Elements whose content is text up to their own end tag, whatever stands in it."""

# A quotation mark opens a value behind an equals sign only, and only if it closes. Each sign can be read in one way
# alone, so a tag costs its length.
_VALUE = r"\"[^\"]*+\"|'[^']*+'"
_TAG = re.compile(rf"<(/?)([A-Za-z][^\s/>]*+)(?:[^>=]++|=\s*+(?:{_VALUE}|(?!{_VALUE})))*>")
# Void elements of the HTML standard (html.spec.whatwg.org, "Void elements"), and those its parser treats alike (the
# insertion mode "in body"; "command" was one of HTML 5.0), that libxml2 2.14 takes for elements with content. It knows
# the others: area, base, br, col, hr, img, input, link, meta, frame and param.
_UNKNOWN = ("embed", "source", "track", "wbr", "basefont", "bgsound", "command", "keygen", "image")
_SWALLOWING = re.compile(rf"<(?:{'|'.join(_UNKNOWN)})\b", re.IGNORECASE)


class HtmlTag(NamedTuple):
    """A tag where it stands in a text."""

    name: str
    """In lower case."""
    start: int
    end: int
    """Behind its ``>``; for the start tag of an element whose content is text, behind that content."""
    closes: bool
    """It is an end tag."""


def tag_at(html: str, at: int) -> HtmlTag | None:
    """The tag, comment or declaration that begins at a place.

    Args:
        html: A document or fragment.
        at: Where a ``<`` stands.

    Returns:
        None when the ``<`` is a sign like any other. A comment or declaration has no name; what is not closed reaches
        to the end of the text, so that looking for tags costs one pass.
    """
    following = html[at + 1 : at + 2]
    if following in ("!", "?"):
        is_comment = html.startswith("<!--", at)
        end = html.find("-->", at + 2) + 3 if is_comment else html.find(">", at) + 1
        return HtmlTag("", at, end if end > at else len(html), closes=False)
    if not (following.isascii() and (following.isalpha() or following == "/")):
        return None
    match = _TAG.match(html, at)
    if match is None:
        # "</ " is a bogus comment; a letter begins a tag that nothing closes.
        end = html.find(">", at) + 1 if not following.isalpha() else 0
        return HtmlTag("", at, end or len(html), closes=False)
    name = match[2].lower()
    return HtmlTag(name, at, match.end(), closes=bool(match[1]))


def tags(html: str) -> Iterator[HtmlTag]:
    """Every tag, comment and declaration of a text, in order; those inside scripts and the like are none.

    Args:
        html: A document or fragment.
    """
    at = html.find("<")
    while at >= 0:
        found = tag_at(html, at)
        if found is not None:
            yield found
            at = past(html, found)
        else:
            at += 1
        at = html.find("<", at)


def past(html: str, tag: HtmlTag) -> int:
    """Where a text goes on after a tag: behind its content too when that is text that no tag can stand in.

    Args:
        html: The text.
        tag: One of its tags.
    """
    if tag.closes or tag.name not in RAW:
        return tag.end
    closing = re.compile(rf"</{tag.name}(?=[\s/>])", re.IGNORECASE).search(html, tag.end)
    return closing.start() if closing else len(html)


def ended(html: str) -> str:
    """The same HTML for a parser of HTML 4: what it takes for an element with content gets its end tag at once.

    libxml2 finds everything after ``<embed>``, ``<source>``, ``<track>`` or ``<wbr>`` inside that element, so that
    whoever drops the element drops it all. ``<image>`` is ``<img>``, as the HTML standard has it.

    Args:
        html: A document or fragment.
    """
    if not _SWALLOWING.search(html):
        return html
    pieces: list[str] = []
    done = 0
    for tag in tags(html):
        if tag.name not in _UNKNOWN:
            continue
        pieces.append(html[done : tag.start])
        if tag.name == "image":
            pieces.append("" if tag.closes else "<img" + html[tag.start + len("<image") : tag.end])
        elif not tag.closes:
            pieces.append(f"{html[tag.start : tag.end]}</{tag.name}>")
        done = tag.end
    pieces.append(html[done:])
    return "".join(pieces)
