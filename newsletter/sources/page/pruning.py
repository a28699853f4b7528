"""What stands around an article on its page taken out, before its body is looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.sources.clean.boilerplate import (
    is_discover_heading,
    is_follow_line,
    is_read_also,
    is_related_heading,
    is_share_line,
    is_subscribe_sentence,
)
from newsletter.sources.clean.markup import classes, text_of
from newsletter.sources.page.outline import OF_THE_ARTICLE, is_body, names

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_LONGEST_CAPTION = 300
_CAPTIONS = frozenset(
    {
        *("caption", "wp-caption-text", "image-caption", "img-caption", "photo-caption", "media-caption", "figcaption"),
        *("credit", "photo-credit", "image-credit", "img-credit", "media-credit", "instagram-media"),
    }
)


def prune(root: HtmlElement) -> None:
    """Take out Jetpack's nameless block after an article, lists of other articles, and lines that lead to one."""
    for part in list(root.iter("div", "footer", "p", "ul", "section")):
        if names(part) & OF_THE_ARTICLE and part.getparent() is not None and next(part.iter("h1"), None) is None:
            part.drop_tree()
    for caption in list(root.iter("figcaption", "p", "div", "span", "small", "em")):
        is_caption = caption.tag == "figcaption" or bool(_CAPTIONS & names(caption))
        if is_caption and caption.getparent() is not None and len(text_of(caption)) < _LONGEST_CAPTION:
            _drop_caption(caption)
    for form in list(root.iter("form")):  # what is left of forms frames the page; extractors drop every form
        form.tag = "div"
    for element in list(root.iter("h1", "h2", "h3", "h4", "p", "div", "li", "strong")):
        if element.getparent() is None or (len(element) > 4 and element.tag != "p"):
            continue
        text = text_of(element)[:300]
        if is_follow_line(text):
            element.drop_tree()
        elif is_related_heading(text):
            _drop_list_under(element, text)
        elif is_discover_heading(text) or is_subscribe_sentence(text):
            group = next(
                (
                    each
                    for each in element.iterancestors()
                    if "wp-block-group" in classes(each) and len(text_of(each)) < 400
                ),
                element,
            )
            if group.getparent() is not None:
                group.drop_tree()
        elif text and (is_share_line(text) or (is_read_also(text) and link_share(element) > 0.4)):
            element.drop_tree()


def _drop_caption(caption: HtmlElement) -> None:
    """Make the words under a picture its alternative text, if it has none, and no part of the running text."""
    around = caption.getparent()
    picture = next(around.iter("img"), None) if around is not None else None
    if picture is not None and not (picture.get("alt") or "").strip():
        picture.set("alt", text_of(caption))
    caption.drop_tree()


def _drop_list_under(heading: HtmlElement, text: str) -> None:
    """Drop a heading such as "related news" with its list: the block that begins with it, or what follows it."""
    block = heading
    while (above := block.getparent()) is not None and above.tag not in ("body", "article", "main", "html"):
        whole = text_of(above)
        if not whole.startswith(text) or is_body(above) or next(above.iter("h1"), None) is not None:
            break
        block = above
    following = block.itersiblings() if block is heading else iter(())
    for each in list(following):
        if not isinstance(each.tag, str) or (each.tag not in ("ul", "ol") and link_share(each) < 0.6):
            break
        each.drop_tree()
    if block.getparent() is not None:
        block.drop_tree()


def link_share(element: HtmlElement) -> float:
    """How much of an element's text stands in links."""
    whole = len(text_of(element)) or 1
    links = [element] if element.tag == "a" else element.iterdescendants("a")
    return sum(len(text_of(link)) for link in links) / whole
