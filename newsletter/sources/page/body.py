"""The body of a page's article: what stands around it pruned first, then trafilatura, then our own blocks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter.sources.boilerplate import is_discover_heading, is_subscribe_sentence
from newsletter.sources.clean import clean, paragraphs
from newsletter.sources.markup import MOST_HTML, classes
from newsletter.sources.page.metadata import Metadata, plain_text
from newsletter.text.tidy import arabic_fold

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_MOST_BLOCKS = 4000
_LEAD_LETTERS = 60
_FURNITURE = re.compile(
    r"^(?:sharedaddy|sd-|jp-relatedposts|jetpack[-_]|wp-block-jetpack|screen-reader-text$|more-link$|yarpp|addtoany|a2a_"
    r"|social[-_]?share|share[-_]?(?:buttons?|bar|links|post)|post[-_]?share|related[-_]?(?:posts?|articles?|news)|wpd-|comments?[-_]|comments?$"
    r"|comment-respond|respond$|author-box|post-tags|tags-links|entry-tags|newsletter[-_]|breadcrumbs?|post-navigation"
    r"|nav-links|adsbygoogle|advert|ad-(?:slot|unit|container)|code-block|sidebar|widget)"
)


def extract(root: HtmlElement, found: Metadata) -> str:
    """Find the body of an article and make it clean.

    Args:
        root: The page; it is changed.
        found: What the page says of itself.
    """
    _prune(root)
    body = clean(_trafilatura(root, found.url), found.url)
    body = _without_headline(body, found.title)
    return _with_lead(body, root, found)


def _prune(root: HtmlElement) -> None:
    for element in list(root.iter()):
        if not isinstance(element.tag, str) or element.tag in ("html", "body", "article", "main"):
            continue
        names = classes(element) | {(element.get("id") or "").lower()}
        if any(map(_FURNITURE.match, names)):
            _drop(element)
    for element in list(root.iter("h1", "h2", "h3", "h4", "p")):
        text = plain_text(element)[:200]
        if is_discover_heading(text) or is_subscribe_sentence(text):
            group = next(
                (
                    each
                    for each in element.iterancestors()
                    if "wp-block-group" in classes(each) and len(plain_text(each)) < 400
                ),
                element,
            )
            _drop(group)


def _drop(element: HtmlElement) -> None:
    if element.getparent() is not None:
        element.drop_tree()


def _trafilatura(root: HtmlElement, url: str) -> str:
    """The main part of a page as HTML, by trafilatura in its precise mode; empty when it finds none.

    It takes seconds for 16,000 paragraphs and cannot be stopped, so more than 4,000 are not handed over.
    """
    import lxml.etree
    import trafilatura

    blocks = sum(1 for _ in root.iter("p", "div", "li", "br", "td"))
    if blocks > _MOST_BLOCKS:
        return ""
    html = lxml.etree.tostring(root, encoding="unicode", method="html")
    if len(html) > MOST_HTML:
        return ""
    try:
        found = trafilatura.extract(
            html,
            url=url or None,
            output_format="html",
            favor_precision=True,
            include_comments=False,
            include_formatting=True,
            include_images=True,
            include_links=True,
            include_tables=True,
            with_metadata=False,
        )
    except Exception:  # a foreign page may upset it in any way; then there is no body
        return ""
    return found or ""


def _without_headline(body: str, title: str) -> str:
    match = re.match(r"<(h[2-4]|p)>(.*?)</\1>", body)
    if match and arabic_fold(re.sub(r"<[^>]*>", " ", match[2])) == arabic_fold(title):
        return body[match.end() :]
    return body


def _with_lead(body: str, root: HtmlElement, found: Metadata) -> str:
    """Put the opening paragraph back that stood in a container of its own and was lost.

    The page's description says how the article begins; if a paragraph of the page begins so and the body holds
    nothing alike, it goes first.
    """
    lead = arabic_fold(found.description)[:_LEAD_LETTERS]
    if len(lead) < _LEAD_LETTERS // 2:
        return body
    held = arabic_fold(" ".join(paragraphs(body)))
    if lead in held or _mostly_in(found.description, held):
        return body
    for element in root.iter("p", "div", "h2", "h3"):
        if len(element) <= 8 and arabic_fold(plain_text(element)).startswith(lead):
            from lxml.etree import tostring

            return clean(tostring(element, encoding="unicode", method="html", with_tail=False), found.url) + body
    return body


def _mostly_in(text: str, held: str) -> bool:
    """Whether most three-word runs of a text are in another, so that it is there in other spelling."""
    words = arabic_fold(text).split()
    runs = [" ".join(words[at : at + 3]) for at in range(max(1, len(words) - 2))]
    return sum(run in held for run in runs) >= 0.5 * len(runs)
