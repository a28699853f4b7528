"""Foreign HTML made the body of an article: few elements, plain blocks, absolute links, no tracking."""

from __future__ import annotations

import html as htmllib
import re
from typing import TYPE_CHECKING

from newsletter.sources.links import absolute, host
from newsletter.sources.markup import classes, tree
from newsletter.text.tidy import polish, tidy

if TYPE_CHECKING:
    from lxml.html import HtmlElement

ALLOWED = frozenset(
    {
        *("p", "br", "a", "b", "strong", "i", "em", "u", "ul", "ol", "li", "blockquote"),
        *("h2", "h3", "h4", "img", "figure", "figcaption"),
    }
)
_ATTRIBUTES = {"a": {"href"}, "img": {"src", "alt", "width", "height"}, "p": {"dir"}, "li": {"dir"}}

_INLINE = frozenset({"a", "b", "strong", "i", "em", "u"})
_HEADINGS = {"h1": "h2", "h2": "h2", "h3": "h3", "h4": "h4", "h5": "h4", "h6": "h4"}
_TRANSPARENT = frozenset(
    {
        *("span", "font", "abbr", "acronym", "bdi", "bdo", "big", "small", "cite", "code", "data", "del"),
        *("dfn", "ins", "kbd", "label", "mark", "q", "s", "samp", "strike", "sub", "sup", "time", "tt"),
        *("var", "wbr", "nobr", "ruby", "rb", "rt", "rp", "noindex", "output", "amp-img", "picture", "body"),
        *("html",),
    }
)
_DROPPED = frozenset(
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
_TRACKERS = re.compile(
    r"^(?:pixel\.wp\.com|stats\.wp\.com|b\.scorecardresearch\.com|sb\.scorecardresearch\.com|pixel\.quantserve\.com"
    r"|(?:[\w-]+\.)*(?:google-analytics\.com|doubleclick\.net|googletagmanager\.com|feedsportal\.com)"
    r"|feedads\.g\.doubleclick\.net|pi\.feedsportal\.com|counter\.yadro\.ru)$"
)
_TRACKING_PATHS = re.compile(r"^(?:feeds\.feedburner\.com/~[rf]/|(?:\w+\.)?facebook\.com/tr\b)")
_LAZY = ("data-src", "data-lazy-src", "data-original", "data-orig-file", "data-large-file", "data-full-url")
_PLACEHOLDER = re.compile(
    r"^data:|blank\.gif|placeholder|/1x1\.|spacer\.gif|lazy[-_]?load|transparent\.png", re.IGNORECASE
)
_SIZE = re.compile(r"^\s*(\d{1,5})(?:\.\d+)?\s*(?:px)?\s*$")
_STYLE_SIZE = re.compile(r"(?:^|;)\s*(width|height)\s*:\s*(\d{1,5})(?:\.\d+)?px", re.IGNORECASE)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_TINY = 3
_DEEPEST = 150
_LONGEST_BLOCK = 20_000  # nh3 is quadratic in the entities of one text


def clean(html: str, base: str = "") -> str:
    """Make foreign HTML the body of an article.

    Every block becomes a ``p``, ``h2``-``h4``, list, ``blockquote`` or ``figure``; text that stood bare, in
    a ``div`` or between double line breaks becomes paragraphs; rows of a table become paragraphs. Scripts,
    forms, players, sharing and subscribing furniture, hidden parts and tracking pictures go. Links and
    pictures become absolute http(s) addresses (mailto links stay), or lose their element. nh3 passes over the
    result with the same allow-list, so that nothing depends on this code alone.

    Args:
        html: A document or fragment, already decoded; what is beyond 2,000,000 characters or nested deeper
            than 254 elements is not read.
        base: Address that relative links are relative to; may be empty.
    """
    import nh3

    root = tree(html)
    if root is None:
        return ""
    blocks = _Blocks(base)
    blocks.walk(root)
    blocks.flush()
    return nh3.clean(
        "".join(blocks.out),
        tags=set(ALLOWED),
        attributes=_ATTRIBUTES,
        attribute_filter=_only_safe,
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
        strip_comments=True,
    )


def paragraphs(html: str, *, headings: bool = True) -> list[str]:
    """The text of a body, one tidy line for each paragraph, heading, list item or line of a quotation.

    Args:
        html: A body as clean makes it.
        headings: Whether headings are wanted among them.
    """
    root = tree(html)
    if root is None:
        return []
    wanted = {"p", "li", "h2", "h3", "h4"} if headings else {"p", "li"}
    lines = (tidy(_own_text(block)) for block in root.iter() if block.tag in wanted)
    return [line for line in lines if line]


def plain(fragment: str) -> str:
    """One tidy line of a fragment that may hold tags and entities, such as a headline of a feed.

    Entities are resolved once, tags dropped.

    Args:
        fragment: Text or HTML.
    """
    if "<" in fragment:
        root = tree(f"<div>{fragment}</div>")
        return tidy(_visible_text(root)) if root is not None else ""
    return tidy(htmllib.unescape(fragment))


def first_image(html: str, least: int = 200) -> tuple[str, str]:
    """The first picture of a body that is wide enough to stand over a story.

    Args:
        html: A body as clean makes it.
        least: Pixels below which a picture that says its width or height is passed over.

    Returns:
        Its address and its alternative text; both empty when there is none.
    """
    root = tree(html)
    for image in root.iter("img") if root is not None else ():
        sizes = [int(value) for value in (image.get("width"), image.get("height")) if value and value.isdigit()]
        if image.get("src") and all(size >= least for size in sizes[:1]):
            return image.get("src", ""), image.get("alt", "")
    return "", ""


class _Blocks:
    """Walks a tree once and writes flat, well-formed blocks.

    ``buffer`` holds the inline pieces of the block under way, ``inline`` the elements open in it, so that a
    block that begins inside a link or bold text can close and reopen them around itself.
    """

    def __init__(self, base: str) -> None:
        self.base = base
        self.out: list[str] = []
        self.buffer: list[str] = []
        self.inline: list[tuple[str, str]] = []
        self.kind = "p"
        self.direction = ""
        self.item_depth = 0
        self.depth = 0
        self.has_words = False
        self.breaks = 0
        self.length = 0

    def walk(self, element: HtmlElement) -> None:
        if self.depth > _DEEPEST:
            self.words(element.text_content())
            return
        self.depth += 1
        self.text(element.text, element)
        for child in element:
            if isinstance(child.tag, str):
                self.element(child)
            self.text(child.tail, element)
        self.depth -= 1

    def element(self, node: HtmlElement) -> None:
        tag = node.tag.rpartition(":")[2].lower()
        if tag == "br":
            self.line_break()
        elif tag in ("img", "amp-img"):
            self.image(node)
        elif tag in _DROPPED or _is_furniture(node):
            return
        elif tag in _INLINE:
            self.inline_element(node, tag)
        elif tag in _TRANSPARENT:
            self.walk(node)
        elif tag in _HEADINGS:
            self.block(node, _HEADINGS[tag])
        elif tag in ("ul", "ol"):
            self.list(node, tag)
        elif tag == "blockquote":
            self.container(node, "blockquote")
        elif tag == "figure" or "wp-caption" in classes(node):
            self.figure(node)
        elif tag == "tr":
            self.row(node)
        else:
            self.block(node, "p")

    def text(self, text: str | None, parent: HtmlElement) -> None:
        if not text:
            return
        if parent.tag == "pre":
            for number, line in enumerate(text.split("\n")):
                if number:
                    self.line_break()
                self.words(line)
        else:
            self.words(text)

    def words(self, text: str) -> None:
        piece = polish(text)
        if not piece:
            return
        if not piece.strip():
            if self.has_words and not self.breaks:
                self.buffer.append(" ")
            return
        self.settle_breaks()
        piece = piece if self.has_words else piece.lstrip()
        for at in range(0, len(piece), _LONGEST_BLOCK):
            if self.length >= _LONGEST_BLOCK:
                self.flush()
            part = piece[at : at + _LONGEST_BLOCK]
            self.buffer.append(htmllib.escape(part, quote=False))
            self.has_words = True
            self.length += len(part)

    def line_break(self) -> None:
        if self.has_words:
            self.breaks += 1

    def settle_breaks(self) -> None:
        """One line break stays one; two in a row end the paragraph, where there can be another."""
        if not self.breaks:
            return
        if self.breaks > 1 and self.kind == "p" and not self.item_depth:
            self.flush()
        else:
            self.breaks = 0
            self.buffer.append("<br>")

    def inline_element(self, node: HtmlElement, tag: str) -> None:
        opening = f"<{tag}>"
        if tag == "a":
            target = _link(self.base, node.get("href") or "")
            if not target or any(name == "a" for name, _ in self.inline):
                self.walk(node)
                return
            opening = f'<a href="{htmllib.escape(target)}">'
        elif any(name == tag for name, _ in self.inline):
            self.walk(node)
            return
        self.settle_breaks()
        self.inline.append((tag, opening))
        self.buffer.append(opening)
        self.walk(node)
        self.inline.pop()
        if self.buffer and self.buffer[-1] == opening:
            self.buffer.pop()
        else:
            self.buffer.append(f"</{tag}>")

    def block(self, node: HtmlElement, kind: str) -> None:
        if self.item_depth:
            kind = "li"
        self.flush()
        before, self.kind = self.kind, kind
        way, self.direction = self.direction, _direction(node) or self.direction
        self.walk(node)
        self.flush()
        self.kind, self.direction = before, way

    def container(self, node: HtmlElement, tag: str) -> None:
        if self.item_depth:
            self.block(node, "li")
            return
        self.flush()
        at = len(self.out)
        self.out.append(f"<{tag}>")
        before, self.kind = self.kind, "p"
        self.walk(node)
        self.flush()
        self.kind = before
        self.close(at, tag)

    def list(self, node: HtmlElement, tag: str) -> None:
        self.flush()
        inside = self.open_item() if self.item_depth else False
        at = len(self.out)
        self.out.append(f"<{tag}>")
        before, self.kind = self.kind, "li"
        self.item_depth += 1
        self.walk(node)
        self.flush()
        self.item_depth -= 1
        self.kind = before
        self.close(at, tag)
        if inside and self.out[-1] == "<li>":
            self.out.pop()
        elif inside:
            self.out.append("</li>")

    def open_item(self) -> bool:
        """Make the last list item the one that a list inside it belongs to."""
        if self.out[-1].endswith("</li>"):
            self.out[-1] = self.out[-1].removesuffix("</li>")
        else:
            self.out.append("<li>")
        return True

    def figure(self, node: HtmlElement) -> None:
        images = [image for image in node.iter("img", "amp-img") if self.picture(image)]
        if len(images) != 1 or next(node.iter("table", "blockquote"), None) is not None:
            self.block(node, "p")
            return
        caption = next(
            (each for each in node.iter() if each.tag == "figcaption" or "wp-caption-text" in classes(each)), None
        )
        words = tidy(_visible_text(caption)) if caption is not None else ""
        self.picture_block(self.picture(images[0]), words)

    def image(self, node: HtmlElement) -> None:
        names = classes(node)
        if names & {"wp-smiley", "emoji"}:
            self.words(node.get("alt") or "")
            return
        self.picture_block(self.picture(node))

    def picture_block(self, picture: str, caption: str = "") -> None:
        if not picture:
            return
        self.flush()
        words = f"<figcaption>{htmllib.escape(caption, quote=False)}</figcaption>" if caption else ""
        shown = f"<figure>{picture}{words}</figure>"
        self.out.append(f"<li>{shown}</li>" if self.item_depth else shown)

    def picture(self, node: HtmlElement) -> str:
        """The element of a picture worth showing; empty for a tracker, a placeholder and a broken one."""
        width, height = _size(node, "width"), _size(node, "height")
        if (width is not None and width <= _TINY) or (height is not None and height <= _TINY):
            return ""
        address = absolute(self.base, _source(node))
        if not address or _is_tracker(address):
            return ""
        alt = htmllib.escape(tidy(node.get("alt") or ""))
        sizes = "".join(f' {name}="{size}"' for name, size in (("width", width), ("height", height)) if size)
        return f'<img src="{htmllib.escape(address)}" alt="{alt}"{sizes}>'

    def row(self, node: HtmlElement) -> None:
        """A row of short cells is one paragraph; cells that hold blocks (a page laid out in tables) are blocks."""
        cells = [cell for cell in node if cell.tag in ("td", "th")]
        texts = [tidy(_visible_text(cell)) for cell in cells]
        is_layout = len(cells) < 2 or any(
            isinstance(each.tag, str) and each.tag in ("p", "div", "table", "ul", "ol", "h1", "h2", "h3", "img", "br")
            for cell in cells
            for each in cell.iterdescendants()
        )
        if is_layout:
            self.block(node, "p")
            return
        self.flush()
        self.words(" · ".join(text for text in texts if text))
        self.flush()

    def flush(self) -> None:
        """End the block under way."""
        opened = len(self.inline)
        while opened and self.buffer and self.buffer[-1] == self.inline[opened - 1][1]:
            self.buffer.pop()  # opened, but nothing in it yet
            opened -= 1
        closing = "".join(f"</{tag}>" for tag, _ in reversed(self.inline[:opened]))
        if self.has_words:
            way = f' dir="{self.direction}"' if self.direction and self.kind in ("p", "li") else ""
            words = "".join(self.buffer).strip()
            self.out.append(f"<{self.kind}{way}>{words}{closing}</{self.kind}>")
        self.buffer = [opening for _, opening in self.inline]
        self.has_words = False
        self.breaks = 0
        self.length = 0

    def close(self, at: int, tag: str) -> None:
        if len(self.out) == at + 1:
            self.out.pop()
        else:
            self.out.append(f"</{tag}>")


def _is_furniture(node: HtmlElement) -> bool:
    names = classes(node)
    if names & _FURNITURE or node.get("hidden") is not None or _HIDDEN.search(node.get("style") or ""):
        return True
    # Jetpack's block after an article: a group without a name of its own around the subscription form.
    return "wp-block-group" in names and any(
        "wp-block-jetpack-subscriptions" in classes(each)
        for each in node.iterdescendants()
        if isinstance(each.tag, str)
    )


def _visible_text(element: HtmlElement) -> str:
    """Text of an element without the parts that clean drops, blocks and line breaks apart by a space."""
    pieces: list[str] = []

    def gather(node: HtmlElement) -> None:
        tag = node.tag.lower() if isinstance(node.tag, str) else "script"
        if tag not in _DROPPED and not classes(node) & _FURNITURE:
            inline = tag in _INLINE or tag in _TRANSPARENT
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


def _own_text(block: HtmlElement) -> str:
    """Text of a block without that of the lists inside it."""
    pieces: list[str] = [block.text or ""]
    for child in block:
        if child.tag == "br":
            pieces.append(" ")
        elif child.tag not in ("ul", "ol", "figure"):
            pieces.append(_own_text(child))
        pieces.append(child.tail or "")
    return "".join(pieces)


def _source(node: HtmlElement) -> str:
    """Address of a picture; a lazily loaded one keeps it in an attribute of its script."""
    source = (node.get("src") or "").strip()
    if source and not _PLACEHOLDER.search(source):
        return source
    for name in _LAZY:
        value = (node.get(name) or "").strip()
        if value and not value.startswith("data:"):
            return value
    candidates = (node.get("srcset") or node.get("data-srcset") or node.get("data-lazy-srcset") or "").split(",")
    return candidates[-1].strip().split(" ")[0] or source


def _size(node: HtmlElement, name: str) -> int | None:
    match = _SIZE.match(node.get(name) or "")
    if match:
        return int(match[1])
    for style in _STYLE_SIZE.finditer(node.get("style") or ""):
        if style[1].lower() == name:
            return int(style[2])
    return None


def _is_tracker(address: str) -> bool:
    name = host(address)
    path = address.partition("://")[2].removeprefix("www.")
    return bool(_TRACKERS.match(name) or _TRACKING_PATHS.match(path))


def _link(base: str, href: str) -> str:
    href = href.strip()
    if href.startswith("#"):
        return ""
    if href[:7].lower() == "mailto:":
        address = href[7:].partition("?")[0]
        return f"mailto:{address}" if re.fullmatch(r"[\w.+-]+@[\w.-]+", address, re.ASCII) else ""
    return absolute(base, href)


def _direction(node: HtmlElement) -> str:
    way = (node.get("dir") or "").lower()
    return way if way in ("rtl", "ltr") else ""


def _only_safe(_tag: str, attribute: str, value: str) -> str | None:
    """The last word on every attribute: addresses of the web only, whatever obfuscates them."""
    if attribute == "href":
        return value if re.match(r"https?://|mailto:", value) else None
    if attribute == "src":
        return value if re.match(r"https?://", value) else None
    return value
