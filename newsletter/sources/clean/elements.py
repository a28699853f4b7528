"""Kinds of elements: what runs in a line, what breaks it, what is never part of an article."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter.sources.clean.attributes import classes

if TYPE_CHECKING:
    from lxml.html import HtmlElement

INLINE = frozenset({"a", "b", "strong", "i", "em", "u", "code"})
HEADINGS = {"h1": "h2", "h2": "h2", "h3": "h3", "h4": "h4", "h5": "h4", "h6": "h4"}
TRANSPARENT = frozenset(
    {
        *("span", "font", "abbr", "acronym", "bdi", "bdo", "big", "small", "cite", "data", "del"),
        *("dfn", "ins", "kbd", "label", "mark", "q", "s", "samp", "strike", "sub", "sup", "time", "tt"),
        *("var", "wbr", "nobr", "ruby", "rb", "rt", "rp", "noindex", "output", "amp-img", "picture", "body"),
        *("html",),
    }
)
DROPPED = frozenset(
    {
        *("script", "style", "noscript", "template", "svg", "math", "iframe", "object", "embed", "applet"),
        *("form", "button", "input", "select", "textarea", "option", "video", "audio", "canvas", "map"),
        *("head", "title", "meta", "link", "base", "frame", "frameset", "noframes", "dialog", "source"),
        *("track", "param", "progress", "meter", "datalist", "nav"),
    }
)
_FURNITURE = frozenset(
    {
        *("sharedaddy", "sd-sharing", "sd-like", "jp-relatedposts", "jetpack-likes-widget", "jetpack-subscribe-modal"),
        *("wp-block-jetpack-subscriptions", "wp-block-jetpack-subscriptions__container", "jetpack_subscription_widget"),
        *("screen-reader-text", "more-link", "yarpp-related", "addtoany_share_save_container", "a2a_kit"),
        *("wp-block-jetpack-related-posts", "wp-block-jetpack-sharing-buttons", "wp-block-jetpack-like"),
    }
)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_NOTE_NAME = re.compile(r"#?_?(?:fn|ftn|footnote|note|easy-footnote|cite_note|sdfootnote)", re.IGNORECASE)
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff]")
_CODE_NAMES = re.compile(r"\b(?:language-|lang-|brush|prettyprint|hljs|highlight|wp-block-code|codehilite)")


def is_hidden(node: HtmlElement) -> bool:
    """Say whether an element itself says that it is not shown.

    Args:
        node: Any element.
    """
    return node.get("hidden") is not None or bool(_HIDDEN.search(node.get("style") or ""))


def is_furniture(node: HtmlElement) -> bool:
    """Say whether an element is hidden, or a block for sharing, liking, subscribing or related articles.

    Args:
        node: Any element.
    """
    names = classes(node)
    if names & _FURNITURE or is_hidden(node):
        return True
    # Jetpack's block after an article: a group without a name of its own around the subscription form.
    return "wp-block-group" in names and any(
        "wp-block-jetpack-subscriptions" in classes(each)
        for each in node.iterdescendants()
        if isinstance(each.tag, str)
    )


def visible_text(element: HtmlElement) -> str:
    """Text of an element without the parts that clean drops, blocks and line breaks apart by a space.

    Args:
        element: Any element.
    """
    pieces: list[str] = []

    def gather(node: HtmlElement) -> None:
        tag = node.tag.lower() if isinstance(node.tag, str) else "script"
        if tag not in DROPPED and not classes(node) & _FURNITURE:
            inline = tag in INLINE or tag in TRANSPARENT
            pieces.append("" if inline else " ")
            pieces.append(node.text or "")
            if tag == "img" and classes(node) & {"wp-smiley", "emoji"}:
                pieces.append(node.get("alt") or "")
            for child in node:
                gather(child)
                pieces.append(child.tail or "")
            pieces.append("" if inline else " ")

    gather(element)
    return "".join(pieces)


def is_note(node: HtmlElement, href: str) -> bool:
    """Whether a link within the page is that to a footnote.

    Args:
        node: The link.
        href: Its target.
    """
    parent = node.getparent()
    named = f"{node.get('class') or ''} {node.get('role') or ''} {node.get('epub:type') or ''}"
    return (
        "note" in named
        or bool(_NOTE_NAME.match(href[href.find("#") :]))
        or (parent is not None and parent.tag == "sup")
    )


def is_code(node: HtmlElement) -> bool:
    """Whether preformatted text is code: it says so, or no letter of it is of a script that poems here are in.

    Args:
        node: A ``pre``.
    """
    names = f"{node.get('class') or ''} {node.get('data-lang') or ''}"
    if "wp-block-verse" in names:
        return False
    return (
        next(node.iter("code"), None) is not None
        or bool(_CODE_NAMES.search(names))
        or not _RIGHT_TO_LEFT.search(node.text_content())
    )


def numbering(node: HtmlElement) -> str:
    """Where the numbers of a list begin, and whether they count down, as attributes.

    Args:
        node: An ``ol``.
    """
    start = (node.get("start") or "").strip()
    backwards = node.get("reversed") is not None
    if not re.fullmatch("[0-9]{1,9}", start):
        start = str(sum(1 for each in node if each.tag == "li")) if backwards else "1"
    first = f' start="{int(start)}"' if int(start) != 1 or backwards else ""
    return f'{first} reversed=""' if backwards else first
