"""Footnotes of an article: which link leads to which words, however a site marks them up.

WordPress' own block writes ``<sup data-fn class="fn"><a href="#uuid">1</a></sup>`` and, in a list,
``<li id="uuid">``; Markdown programs ``#fn1`` and ``<li id="fn1">``; Word ``<a href="#_ftn1">[1]</a>`` and
``<a name="_ftn1">`` in a paragraph. What all of them share: a short sign that leads to words further down.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from newsletter.sources.clean.elements import INLINE, TRANSPARENT, is_note, visible_text
from newsletter.text.tidy import tidy

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_SIGN = re.compile(r"[\[(]?([\d*†‡]{1,4})[\])]?")
_FRAGMENT = re.compile(r"[^#]*#(\S*)")
_BACK = re.compile("[\\s↩↑⤴⬆^↵⏎\ufe0e\ufe0f]+")
_BACK_NAME = re.compile(r"backlink|backref|footnote-back|to-top|footnote-return")
_BODIES = frozenset({"li", "p", "dd"})
_AROUND = frozenset({"li", "blockquote", "table", "figure", "pre"})
"""What a footnote of ours cannot stand in."""
_REFERENCE = re.compile(r'<sup><a href="#note-(\d+)">([^<]*)</a></sup>')
_WORDS = re.compile(r'(<(?:li|p)\b[^<>]*?) id="note-(\d+)"([^<>]*>)([^<]{0,12})')
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def sign_of(words: str) -> str:
    """The sign of a footnote without its brackets; empty when words are none.

    Args:
        words: Tidy text of a link.
    """
    found = _SIGN.fullmatch(words)
    return found[1] if found is not None else ""


def fragment_of(href: str) -> str | None:
    """The place within a page that an address leads to; None when it leads to a page as a whole.

    Args:
        href: Target of a link.
    """
    found = _FRAGMENT.fullmatch(href.strip())
    return unquote(found[1]) if found is not None else None


def leads_back(node: HtmlElement, words: str) -> bool:
    """Whether a link within a page leads from a footnote to where it was told.

    Args:
        node: The link.
        words: Its tidy text.
    """
    named = f"{node.get('class') or ''} {node.get('role') or ''} {node.get('rev') or ''}"
    return bool(_BACK.fullmatch(words) or _BACK_NAME.search(named))


def noted(root: HtmlElement) -> tuple[dict[str, int], dict[HtmlElement, int]]:
    """Each place that a sign leads to, and the element with its words, both with the number that pairs them.

    Words stand behind their sign, in an item or paragraph that no other footnote shares.

    Args:
        root: Any tree.
    """
    signs: list[tuple[str, int]] = []
    places: dict[str, HtmlElement] = {}
    order: dict[HtmlElement, int] = {}
    for at, node in enumerate(root.iter()):
        if not isinstance(node.tag, str):
            continue
        order[node] = at
        for name in (node.get("id"), node.get("name") if node.tag == "a" else None):
            if name:
                places.setdefault(name, node)
        fragment = fragment_of(node.get("href") or "") if node.tag == "a" else None
        if fragment and _is_sign(node):
            signs.append((fragment, at))
    by_place: dict[str, int] = {}
    bodies: dict[HtmlElement, int] = {}
    shared: set[int] = set()
    for fragment, at in signs:
        body = _body(places[fragment]) if fragment in places and fragment not in by_place else None
        if body is None or order[body] < at:
            continue
        by_place[fragment] = len(by_place) + 1
        shared |= {by_place[fragment], bodies[body]} if body in bodies else set()
        bodies.setdefault(body, by_place[fragment])
    return (
        {fragment: key for fragment, key in by_place.items() if key not in shared},
        {body: key for body, key in bodies.items() if key not in shared},
    )


def _is_sign(node: HtmlElement) -> bool:
    """Whether a link within the page is the short sign of a footnote."""
    # Nobody reads a long text whole only to see that it is long.
    if len(node.text or "") > 20 or not sign_of(tidy(visible_text(node))):
        return False
    return is_note(node, node.get("href") or "") or next(node.iter("sup"), None) is not None


def _body(place: HtmlElement) -> HtmlElement | None:
    """The item or paragraph that a place stands in; None when it is of no use as a footnote."""
    body: HtmlElement | None = None
    for each in (place, *place.iterancestors()):
        if each.tag in _BODIES or (each is place and each.tag in ("div", "aside")):
            body = each
            break
        if each.tag not in INLINE and each.tag not in TRANSPARENT:
            return None
    if body is None:
        return None
    around = body.getparent()
    if body.tag == "p" and around is not None and around.tag == "li" and around[0] is body:
        body = around
    return None if any(each.tag in _AROUND for each in body.iterancestors()) else body


def paired(body: str) -> str:
    """A body whose footnotes count from 1 in the order of their signs; what has no partner is text.

    Args:
        body: As it was written, with ``<sup><a href="#note-…">`` and ``id="note-…"``.
    """
    if "note-" not in body:
        return body
    signs = dict(reversed([(found[1], found[2]) for found in _REFERENCE.finditer(body)]))
    known = {found[2] for found in _WORDS.finditer(body)}
    keys = [key for key in dict.fromkeys(found[1] for found in _REFERENCE.finditer(body)) if key in known]
    numbers = {key: number for number, key in enumerate(keys, 1)}

    def sign(found: re.Match[str]) -> str:
        number = numbers.get(found[1])
        return f'<sup><a href="#note-{number}">{found[2]}</a></sup>' if number else f"[{found[2]}]"

    def words(found: re.Match[str]) -> str:
        number = numbers.get(found[2])
        if not number:
            return f"{found[1]}{found[3]}{found[4]}"
        own = _own_sign(signs[found[2]], found[4])
        return f'{found[1]} id="note-{number}"{found[3]}{found[4][own:]}'

    return _WORDS.sub(words, _REFERENCE.sub(sign, body))


def _own_sign(sign: str, words: str) -> int:
    """Signs that a site wrote before the words of a footnote for its number: ``[1] ``, ``1. ``, ``¹ ``."""
    shown, raised = re.escape(sign), re.escape(sign.translate(_RAISED))
    own = rf"\[{shown}\]|\({shown}\)|{shown}[.):\-–]|{raised}(?!\d)" if sign.isdecimal() else shown
    found = re.match(rf"(?:{own}) +(?=\S|$)", words)
    return found.end() if found is not None else 0
