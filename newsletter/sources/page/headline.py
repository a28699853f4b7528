"""The headline of a page: the one a reader sees, without the site's name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.sources.clean.markup import classes, text_of
from newsletter.sources.links import absolute
from newsletter.text.tidy import arabic_fold

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_LEAST = 13
"""Letters below which a heading may well be a section's name."""
_LONGEST = 400
_MOST = 60
_SEPARATORS = re.compile(r"(\s+[|\-–—:·•/]{1,3}\s+|\s*(?:\||::|»|«)\s*)")
_MARKED = re.compile(
    r"^(?:entry|post|article|single|story|news|page|content|detail|details|main|td-post|topic|subject)[-_]{0,2}"
    r"(?:title|headline|heading)$|^(?:headline|p-name|title-news|newstitle|titlenews|posttitle|entrytitle)$"
)
_LOGO = re.compile(r"(?:^|[-_])(?:logo|brand|branding|sitename|site[-_]?(?:name|title))(?:$|[-_])")


@dataclass(frozen=True, slots=True)
class Headline:
    """A headline and the element that shows it, if one does."""

    text: str
    element: HtmlElement | None = None


@dataclass(frozen=True, slots=True)
class _Shown:
    text: str
    folded: str
    element: HtmlElement
    is_h1: bool
    is_marked: bool


def find(root: HtmlElement, stated: Sequence[str], page_title: str, site: frozenset[str], home: str) -> Headline:
    """Find the headline.

    A heading that is shown wins over what is stated for search engines and social networks, if the two are about
    the same thing: one within the other, or several words in common. A heading that is the site's name or leads to
    its front page is none.

    Args:
        root: The page without the parts that are not the article's.
        stated: Headlines that the page states (OpenGraph, JSON-LD), the most trusted first.
        page_title: Text of its title element.
        site: Folded names of the site.
        home: Address of the site's front page; may be empty.
    """
    claims = [text for text in (*stated, page_title) if text]
    bare = [arabic_fold(without_site(text, site)) for text in claims]
    shown = [each for each in _shown(root, home) if each.folded not in site]
    for each in shown:
        if each.folded in bare:
            return Headline(each.text, each.element)
    within = [
        each for each in shown if len(each.text) >= _LEAST and any(f" {each.folded} " in f" {claim} " for claim in bare)
    ]
    around = [
        each for each in shown if any(len(claim) >= _LEAST and f" {claim} " in f" {each.folded} " for claim in bare)
    ]
    if within or around:
        best = max(within or around, key=lambda each: (len(each.text), each.is_h1))
        return Headline(best.text, best.element)
    alike = [(most, each) for each in shown if (most := max((_alike(each.folded, claim) for claim in bare), default=0))]
    if alike:
        best = max(alike, key=lambda pair: (pair[0], pair[1].is_h1))[1]
        return Headline(best.text, best.element)
    only = [each for each in shown if each.is_h1]
    if len(only) == 1 and (only[0].is_marked or not stated):
        return Headline(only[0].text, only[0].element)
    return Headline(_stated(stated, page_title, site) or (shown[0].text if shown else ""))


def without_site(text: str, site: frozenset[str]) -> str:
    """Take the site's name off either end of a headline.

    Args:
        text: For example ``الخبر - صحيفة الواحة``.
        site: Folded names of the site.
    """
    parts = _SEPARATORS.split(text)
    while len(parts) > 2 and arabic_fold(parts[-1]) in site | {""}:
        parts = parts[:-2]
    while len(parts) > 2 and arabic_fold(parts[0]) in site | {""}:
        parts = parts[2:]
    return "".join(parts).strip(" |«»:•·-–—/") if len(parts) > 1 else parts[0].strip()


def _stated(stated: Sequence[str], page_title: str, site: frozenset[str]) -> str:
    """The best of what is only stated; of two where one is within the other, the shorter has no site glued on."""
    names = [name for name in (without_site(text, site) for text in stated) if name and arabic_fold(name) not in site]
    if names:
        within = [each for each in names if len(each) >= _LEAST and arabic_fold(each) in arabic_fold(names[0])]
        return min(within or names[:1], key=len)
    parts = _SEPARATORS.split(without_site(page_title, site))
    if len(parts) > 2 and len(parts[-1]) * 2 < len("".join(parts[:-2])):  # what follows the last sign is the site
        parts = parts[:-2]
    title = "".join(parts).strip()
    return "" if arabic_fold(title) in site else title


def _shown(root: HtmlElement, home: str) -> list[_Shown]:
    found: list[_Shown] = []
    for element in root.iter("h1", "h2", "h3", "div", "p", "span"):
        names = classes(element) | {(element.get("id") or "").lower()}
        is_marked = (element.get("itemprop") or "").lower() in ("headline", "name headline") or any(
            map(_MARKED.match, names)
        )
        if element.tag != "h1" and not is_marked:
            continue
        if element.tag not in ("h1", "h2", "h3") and len(element) > 3:
            continue
        text = text_of(element)
        if text and len(text) <= _LONGEST and not _is_logo(element, names, home):
            found.append(_Shown(text, arabic_fold(text), element, element.tag == "h1", is_marked))
            if len(found) >= _MOST:
                break
    return found


def _is_logo(element: HtmlElement, names: frozenset[str], home: str) -> bool:
    """Whether a heading is the site's: by its name or its parent's, or because it leads to the front page."""
    parent = element.getparent()
    around = names | (classes(parent) if parent is not None else frozenset())
    if any(map(_LOGO.search, around)):
        return True
    links = [*element.iterdescendants("a"), *(each for each in element.iterancestors("a"))]
    targets = {absolute(home, each.get("href") or "").rstrip("/") for each in links} if home else set()
    return (bool(home) and home.rstrip("/") in targets) or any(
        (each.get("href") or "") in ("/", "./") for each in links
    )


def _alike(one: str, other: str) -> int:
    """Words in common, if they are three and two fifths of the shorter; else 0."""
    first, second = set(one.split()), set(other.split())
    common = len(first & second)
    return common if common >= 3 and common >= 0.4 * min(len(first), len(second)) else 0
