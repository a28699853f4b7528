"""Which parts of a page are about its article, and which about the site, other articles or readers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_OUTSIDE_TAGS = frozenset({"aside", "footer", "nav", "dialog", "menu", "form"})
_OUTSIDE_ROLES = frozenset({"navigation", "complementary", "contentinfo", "search", "banner", "dialog"})
_OTHERS = re.compile(  # other articles, and what readers say
    r"(?:^|[-_])(?:related|recommended|recommendations?|comments?|commentlist|respond|popular|trending|mostread|yarpp)(?:$|[-_])"
    r"|(?:most|more|read|also|other|next|prev(?:ious)?)[-_](?:read|viewed|popular|news|posts?|articles?|stories|topics|also|more)"
    r"|^(?:jp-relatedposts|wpd-|outbrain|taboola|disqus)|^similar(?:[-_]|$)|^more[-_]from(?:[-_]|$)"
)
_FURNITURE = re.compile(
    r"(?:^|[-_])(?:sidebar|footer|latest|ticker|breaking|menu|navbar|breadcrumbs?|subscribe|subscription|newsletter|signup"
    r"|sharing|sharebar|addtoany|socials?|adsbygoogle|advert(?:isement)?s?|sponsored|promo|popup|modal|cookies?|gdpr|consent|author-?box"
    r"|pagination|sharedaddy)(?:$|[-_])"
    r"|(?:post|entry|article)[-_]?(?:share|nav(?:igation)?|tags|rating)"
    r"|(?:share|social)[-_](?:buttons?|bar|links|icons|post|this)"
    r"|^(?:a2a_|sd-(?:sharing|like|rating)|jetpack[-_]|wp-block-jetpack|screen-reader-text$|more-link$)"
    r"|^widgets?$|^widget_|^widgets?[-_](?:area|title|content)$"
    r"|^(?:ad|ads|tags|tag-list|tags-links|share)$|^ad[-_](?:slot|unit|container|box|wrapper|space)"
)
# Names that WordPress, Blogger, Drupal, Joomla and news systems give to the body of one article.
_BODY_NAMES = re.compile(
    r"(?:^|[-_])(?:article|entry|post|story|news|topic|item-?full|art)[-_]{0,2}(?:content|body|text|fulltext)(?:$|[-_])"
    r"|^(?:article|news|story|post)[-_]?details?$|^item-?body$|^field-?-?name-?-?body$|^field--name-body$|^articletext$"
    r"|^single[-_](?:post[-_])?content$|(?:^|[-_])content[-_]{1,2}body$|^long-?text$|mediator-article$|^full[-_]?(?:text|article)$|^(?:the|td-post)-content$|^wysiwyg$"
)
OF_THE_ARTICLE = frozenset({"post-footer", "entry-footer", "article-footer", "post-meta", "entry-meta"})
"""Parts that tell of the article, its author and day, but are not its text."""
_NAMING = ("class", "id", "aria-labelledby", "data-component", "data-testid", "data-e2e")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_FIXED = re.compile(r"position\s*:\s*fixed", re.IGNORECASE)
_LEAST_CARDS = 3
_LONGEST_CARD = 600
_HOLDS_THE_ARTICLE = 0.4
_LEAST_PIECE = 20
_NO_TEXT = frozenset({"script", "style", "noscript", "a", "option", "textarea"})
_HOLDS_EVERYTHING = 0.9
_LEAST_BODY = 120
_NEVER = frozenset({"html", "body", "article", "main", "head", "title", "h1", "time"})


def outside_parts(root: HtmlElement) -> frozenset[HtmlElement]:
    """Find the elements whose content is not the article's: by tag, role and name, but never by name alone.

    An element that holds the page's one headline, a body by name, or two fifths of the running text is a frame
    whatever it is called: Blogger keeps the whole article in a "widget", ASP.NET the whole page in a form. Comments
    and lists of other articles may hold more, under a short article they often do.

    Args:
        root: The page.

    Returns:
        The outermost ones only.
    """
    weights = _weights(root)
    total = weights.get(root, 0) or 1
    headings = list(root.iter("h1"))
    kept = {ancestor for each in headings for ancestor in each.iterancestors()} if len(headings) == 1 else set()
    for body in filter(is_body, root.iter("div", "section", "article", "td", "main")):
        kept |= {body, *body.iterancestors()} if weights.get(body, 0) >= _LEAST_BODY else set()
    cards = _cards(root)
    found: set[HtmlElement] = set()
    pending = [root]
    while pending:
        element = pending.pop()
        for child in element:
            if not isinstance(child.tag, str):
                continue
            most = _HOLDS_EVERYTHING if child in cards else _most_weight(child)
            if child not in kept and weights.get(child, 0) < most * total:
                found.add(child)
            else:
                pending.append(child)
    return frozenset(found)


def names(element: HtmlElement) -> frozenset[str]:
    """The names that a site gives an element: classes, id, and what it calls its components, in lower case.

    Args:
        element: Any element.

    Returns:
        ``relatedPosts`` as ``related-posts``, so that one spelling of a name is enough to know it.
    """
    values = " ".join(filter(None, (element.get(attribute) for attribute in _NAMING)))
    return frozenset(_HUMP.sub("-", values).lower().split())


def is_body(element: HtmlElement) -> bool:
    """Say whether an element is, by its own name, the body of an article.

    Args:
        element: Any element.
    """
    if "articlebody" in (element.get("itemprop") or "").lower().split():
        return True
    return any(map(_BODY_NAMES.search, names(element)))


def _most_weight(element: HtmlElement) -> float:
    """Share of the running text up to which an element is outside by its tag, role or name; 0 when it never is."""
    tag = element.tag.lower()
    if tag in _NEVER:
        return 0.0
    known_as = names(element)
    if known_as & OF_THE_ARTICLE:
        return 0.0
    if tag in _OUTSIDE_TAGS or (element.get("role") or "").lower() in _OUTSIDE_ROLES:
        return _HOLDS_THE_ARTICLE
    if any(map(_OTHERS.search, known_as)):
        return _HOLDS_EVERYTHING
    is_furniture = any(map(_FURNITURE.search, known_as)) or _FIXED.search(element.get("style") or "")
    return _HOLDS_THE_ARTICLE if is_furniture else 0.0


def _cards(root: HtmlElement) -> frozenset[HtmlElement]:
    """Blocks that lead to other articles: three or more alike side by side, each with a heading that is a link."""
    rows: dict[HtmlElement, dict[tuple[str, str], list[HtmlElement]]] = {}
    for heading in root.iter("h2", "h3", "h4", "h5", "h6"):
        for card in heading.iterancestors("article", "div", "li", "section"):
            row = card.getparent()
            if row is None or row in rows or not _leads_on(card):
                break
            alike = rows.setdefault(row, {})
            for each in row:
                if isinstance(each.tag, str) and _leads_on(each):
                    alike.setdefault((each.tag, each.get("class") or ""), []).append(each)
    return frozenset(
        card for row in rows.values() for alike in row.values() if len(alike) >= _LEAST_CARDS for card in alike
    )


def _leads_on(card: HtmlElement) -> bool:
    """Whether a block is short and has one heading, which is a link."""
    headings = list(card.iter("h1", "h2", "h3", "h4", "h5", "h6"))
    linked = [each for each in headings if next(each.iter("a"), None) is not None or _is_within_link(each)]
    return len(headings) == len(linked) == 1 and len(card.text_content()) <= _LONGEST_CARD


def _is_within_link(heading: HtmlElement) -> bool:
    return next(heading.iterancestors("a"), None) is not None


def _weights(root: HtmlElement) -> dict[HtmlElement, int]:
    """Letters of running text under each element: pieces of 20 letters or more outside links and scripts."""
    weights: dict[HtmlElement, int] = {}
    for element in root.iter():
        parent = element.getparent()
        tail = len((element.tail or "").strip())
        if tail >= _LEAST_PIECE and parent is not None:
            _add(weights, parent, tail)
        own = len((element.text or "").strip())
        if own >= _LEAST_PIECE and isinstance(element.tag, str) and element.tag not in _NO_TEXT:
            _add(weights, element, own)
    return weights


def _add(weights: dict[HtmlElement, int], holder: HtmlElement, letters: int) -> None:
    weights[holder] = weights.get(holder, 0) + letters
    for ancestor in holder.iterancestors():
        weights[ancestor] = weights.get(ancestor, 0) + letters
