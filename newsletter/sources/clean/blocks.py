"""Flat, well-formed blocks out of any tree of elements."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from newsletter.sources.clean.elements import DROPPED, HEADINGS, INLINE, TRANSPARENT, is_furniture, visible_text
from newsletter.sources.clean.markup import classes
from newsletter.sources.clean.pictures import picture
from newsletter.sources.links import absolute
from newsletter.text.tidy import polish, tidy

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_DEEPEST = 150
_LONGEST_BLOCK = 20_000  # nh3 is quadratic in the entities of one text


def blocks_of(root: HtmlElement, base: str) -> str:
    """Write a tree as blocks: ``p``, ``h2``-``h4``, lists, ``blockquote`` and ``figure``, one after the other.

    Args:
        root: Any tree; elements nested deeper than 150 give their text only.
        base: Address that links and pictures are relative to; may be empty.
    """
    return _Blocks(base).written(root)


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

    def written(self, root: HtmlElement) -> str:
        """Walk a tree and return all of its blocks.

        Args:
            root: The tree.
        """
        self._walk(root)
        self._flush()
        return "".join(self.out)

    def _walk(self, element: HtmlElement) -> None:
        if self.depth > _DEEPEST:
            self._words(element.text_content())
            return
        self.depth += 1
        self._text(element.text, element)
        for child in element:
            if isinstance(child.tag, str):
                self._element(child)
            self._text(child.tail, element)
        self.depth -= 1

    def _element(self, node: HtmlElement) -> None:
        tag = node.tag.rpartition(":")[2].lower()
        if tag == "br":
            self._line_break()
        elif tag in ("img", "amp-img"):
            self._image(node)
        elif tag in DROPPED or is_furniture(node):
            return
        elif tag in INLINE:
            self._inline_element(node, tag)
        elif tag in TRANSPARENT:
            self._walk(node)
        elif tag in HEADINGS:
            self._block(node, HEADINGS[tag])
        elif tag in ("ul", "ol"):
            self._list(node, tag)
        elif tag == "blockquote":
            self._container(node, "blockquote")
        elif tag == "figure" or "wp-caption" in classes(node):
            self._figure(node)
        elif tag == "tr":
            self._row(node)
        else:
            self._block(node, "p")

    def _text(self, text: str | None, parent: HtmlElement) -> None:
        if not text:
            return
        if parent.tag == "pre":
            for number, line in enumerate(text.split("\n")):
                if number:
                    self._line_break()
                self._words(line)
        else:
            self._words(text)

    def _words(self, text: str) -> None:
        piece = polish(text)
        if not piece:
            return
        if not piece.strip():
            if self.has_words and not self.breaks:
                self.buffer.append(" ")
            return
        self._settle_breaks()
        piece = piece if self.has_words else piece.lstrip()
        for at in range(0, len(piece), _LONGEST_BLOCK):
            if self.length >= _LONGEST_BLOCK:
                self._flush()
            part = piece[at : at + _LONGEST_BLOCK]
            self.buffer.append(html.escape(part, quote=False))
            self.has_words = True
            self.length += len(part)

    def _line_break(self) -> None:
        if self.has_words:
            self.breaks += 1

    def _settle_breaks(self) -> None:
        """One line break stays one; two in a row end the paragraph, where there can be another."""
        if not self.breaks:
            return
        if self.breaks > 1 and self.kind == "p" and not self.item_depth:
            self._flush()
        else:
            self.breaks = 0
            self.buffer.append("<br>")

    def _inline_element(self, node: HtmlElement, tag: str) -> None:
        opening = f"<{tag}>"
        if tag == "a":
            target = _link(self.base, node.get("href") or "")
            if not target or any(name == "a" for name, _ in self.inline):
                self._walk(node)
                return
            opening = f'<a href="{html.escape(target)}">'
        elif any(name == tag for name, _ in self.inline):
            self._walk(node)
            return
        self._settle_breaks()
        self.inline.append((tag, opening))
        self.buffer.append(opening)
        self._walk(node)
        self.inline.pop()
        if self.buffer and self.buffer[-1] == opening:
            self.buffer.pop()
            if self.buffer and self.buffer[-1] == "<br>":  # the break before it waits for words again
                self.buffer.pop()
                self.breaks = 1
        else:
            self.buffer.append(f"</{tag}>")

    def _block(self, node: HtmlElement, kind: str) -> None:
        if self.item_depth:
            kind = "li"
        self._flush()
        before, self.kind = self.kind, kind
        way, self.direction = self.direction, _direction(node) or self.direction
        self._walk(node)
        self._flush()
        self.kind, self.direction = before, way

    def _container(self, node: HtmlElement, tag: str) -> None:
        if self.item_depth:
            self._block(node, "li")
            return
        self._flush()
        at = len(self.out)
        self.out.append(f"<{tag}>")
        before, self.kind = self.kind, "p"
        self._walk(node)
        self._flush()
        self.kind = before
        self._close(at, tag)

    def _list(self, node: HtmlElement, tag: str) -> None:
        self._flush()
        inside = self._open_item() if self.item_depth else False
        at = len(self.out)
        self.out.append(f"<{tag}>")
        before, self.kind = self.kind, "li"
        self.item_depth += 1
        self._walk(node)
        self._flush()
        self.item_depth -= 1
        self.kind = before
        self._close(at, tag)
        if inside and self.out[-1] == "<li>":
            self.out.pop()
        elif inside:
            self.out.append("</li>")

    def _open_item(self) -> bool:
        """Make the last list item the one that a list inside it belongs to."""
        if self.out[-1].endswith("</li>"):
            self.out[-1] = self.out[-1].removesuffix("</li>")
        else:
            self.out.append("<li>")
        return True

    def _figure(self, node: HtmlElement) -> None:
        images = [image for image in node.iter("img", "amp-img") if picture(image, self.base)]
        if len(images) != 1 or next(node.iter("table", "blockquote"), None) is not None:
            self._block(node, "p")
            return
        caption = next(
            (each for each in node.iter() if each.tag == "figcaption" or "wp-caption-text" in classes(each)), None
        )
        words = tidy(visible_text(caption)) if caption is not None else ""
        self._picture_block(picture(images[0], self.base), words)

    def _image(self, node: HtmlElement) -> None:
        names = classes(node)
        if names & {"wp-smiley", "emoji"}:
            self._words(node.get("alt") or "")
            return
        self._picture_block(picture(node, self.base))

    def _picture_block(self, shown: str, caption: str = "") -> None:
        if not shown:
            return
        self._flush()
        words = f"<figcaption>{html.escape(caption, quote=False)}</figcaption>" if caption else ""
        figure = f"<figure>{shown}{words}</figure>"
        self.out.append(f"<li>{figure}</li>" if self.item_depth else figure)

    def _row(self, node: HtmlElement) -> None:
        """A row of short cells is one paragraph; cells that hold blocks (a page laid out in tables) are blocks."""
        cells = [cell for cell in node if cell.tag in ("td", "th")]
        texts = [tidy(visible_text(cell)) for cell in cells]
        is_layout = len(cells) < 2 or any(
            isinstance(each.tag, str) and each.tag in ("p", "div", "table", "ul", "ol", "h1", "h2", "h3", "img", "br")
            for cell in cells
            for each in cell.iterdescendants()
        )
        if is_layout:
            self._block(node, "p")
            return
        self._flush()
        self._words(" · ".join(text for text in texts if text))
        self._flush()

    def _flush(self) -> None:
        """End the block under way."""
        opened = len(self.inline)
        while self.buffer and (self.buffer[-1] in ("<br>", " ") or self._is_just_opened(opened)):
            opened -= self._is_just_opened(opened)
            self.buffer.pop()
        closing = "".join(f"</{tag}>" for tag, _ in reversed(self.inline[:opened]))
        if self.has_words:
            way = f' dir="{self.direction}"' if self.direction and self.kind in ("p", "li") else ""
            words = "".join(self.buffer).strip()
            self.out.append(f"<{self.kind}{way}>{words}{closing}</{self.kind}>")
        self.buffer = [opening for _, opening in self.inline]
        self.has_words = False
        self.breaks = 0
        self.length = 0

    def _is_just_opened(self, opened: int) -> bool:
        """Whether the innermost of so many open elements has nothing in it yet."""
        return opened > 0 and self.buffer[-1] == self.inline[opened - 1][1]

    def _close(self, at: int, tag: str) -> None:
        if len(self.out) == at + 1:
            self.out.pop()
        else:
            self.out.append(f"</{tag}>")


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
