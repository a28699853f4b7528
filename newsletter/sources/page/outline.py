"""Which parts of a page are about its article, and which about the site, other articles or readers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter.sources.markup import classes

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_OUTSIDE_TAGS = frozenset({"aside", "footer", "nav", "dialog", "menu", "form"})
_OUTSIDE_ROLES = frozenset({"navigation", "complementary", "contentinfo", "search", "banner", "dialog"})
_OUTSIDE_NAMES = re.compile(
    r"(?:^|[-_])(?:related|recommended|recommendations?|comments?|commentlist|respond|sidebar|widgets?|footer|popular"
    r"|trending|mostread|latest|ticker|breaking|menu|navbar|breadcrumbs?|subscribe|subscription|newsletter|signup"
    r"|sharing|sharebar|addtoany|socials?|adsbygoogle|advert(?:isement)?s?|sponsored|promo|popup|modal|cookies?|author-?box"
    r"|pagination|yarpp|sharedaddy)(?:$|[-_])"
    r"|(?:most|more|read|also|other|next|prev(?:ious)?)[-_](?:read|viewed|popular|news|posts?|articles?|stories|topics|also|more)"
    r"|(?:post|entry|article)[-_]?(?:share|nav(?:igation)?|tags|footer|rating)"
    r"|(?:share|social)[-_](?:buttons?|bar|links|icons|post|this)"
    r"|^(?:jp-relatedposts|a2a_|sd-(?:sharing|like|rating)|jetpack[-_]|wp-block-jetpack|wpd-|screen-reader-text$|more-link$)"
    r"|^(?:ad|ads|tags|tag-list|tags-links|share|comments)$|^ad[-_](?:slot|unit|container|box|wrapper|space)|^outbrain|^taboola"
)
_HOLDS_THE_ARTICLE = 0.4
_NEVER = frozenset({"html", "body", "article", "main", "head", "title", "h1", "time"})


def outside_parts(root: HtmlElement) -> frozenset[HtmlElement]:
    """Find the elements whose content is not the article's: by tag, role and name, but never by name alone.

    An element that holds the page's one headline, or two fifths of its running text, is a frame whatever it
    is called: Blogger keeps the whole article in a "widget", ASP.NET the whole page in a form.

    Args:
        root: The page.

    Returns:
        The outermost ones only.
    """
    weights = _weights(root)
    total = weights.get(root, 0) or 1
    headings = [each for each in root.iter("h1")]
    kept = {ancestor for each in headings for ancestor in each.iterancestors()} if len(headings) == 1 else set()
    found: set[HtmlElement] = set()
    pending = [root]
    while pending:
        element = pending.pop()
        for child in element:
            if not isinstance(child.tag, str):
                continue
            if _looks_outside(child) and child not in kept and weights.get(child, 0) < _HOLDS_THE_ARTICLE * total:
                found.add(child)
            else:
                pending.append(child)
    return frozenset(found)


def _looks_outside(element: HtmlElement) -> bool:
    tag = element.tag.lower()
    if tag in _NEVER:
        return False
    if tag in _OUTSIDE_TAGS or (element.get("role") or "").lower() in _OUTSIDE_ROLES:
        return True
    return any(map(_OUTSIDE_NAMES.search, classes(element) | {(element.get("id") or "").lower()}))


def _weights(root: HtmlElement) -> dict[HtmlElement, int]:
    """Letters of running text under each element: text outside links and scripts, of 20 letters or more."""
    weights: dict[HtmlElement, int] = {}
    for element in root.iter():
        if not isinstance(element.tag, str) or element.tag in (
            "script",
            "style",
            "noscript",
            "a",
            "option",
            "textarea",
        ):
            own = len((element.tail or "").strip()) if element.tag in ("a", "script", "style", "noscript") else 0
            holder = element.getparent()
        else:
            own = len((element.text or "").strip())
            holder = element
            tail = len((element.tail or "").strip())
            parent = element.getparent()
            if tail >= 20 and parent is not None:
                _add(weights, parent, tail)
        if own >= 20 and holder is not None:
            _add(weights, holder, own)
    return weights


def _add(weights: dict[HtmlElement, int], holder: HtmlElement, letters: int) -> None:
    weights[holder] = weights.get(holder, 0) + letters
    for ancestor in holder.iterancestors():
        weights[ancestor] = weights.get(ancestor, 0) + letters
