"""Flat, well-formed blocks out of any tree of elements."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from newsletter.sources.clean.attributes import direction_of
from newsletter.sources.clean.elements import (
    DROPPED,
    HEADINGS,
    INLINE,
    TRANSPARENT,
    is_code,
    is_furniture,
    is_hidden,
    is_note,
    numbering,
    visible_text,
)
from newsletter.sources.clean.markup import classes
from newsletter.sources.clean.notes import fragment_of, leads_back, noted, paired, sign_of
from newsletter.sources.clean.pictures import picture
from newsletter.sources.clean.players import (
    TAGS,
    Player,
    address_alone,
    language_of,
    player,
    player_around,
    player_at,
)
from newsletter.sources.clean.tables import holds_blocks, simple_table, table_html
from newsletter.sources.clean.writer import LONGEST_BLOCK, BlockWriter
from newsletter.sources.links import absolute, link_to
from newsletter.text.tidy import tidy

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_DEEPEST = 150
_RAISED = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
_LOWERED = str.maketrans("0123456789+-", "₀₁₂₃₄₅₆₇₈₉₊₋")
_HARMFUL = re.compile("[\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff]")
_LONGEST_NUMBER = 40
_DEEPEST_FIGURE = 3
"""A gallery is a figure of figures; each is looked through for what it shows."""


def blocks_of(root: HtmlElement, base: str) -> str:
    """Write a tree as blocks: ``p``, ``h2``-``h4``, lists, ``blockquote`` and ``figure``, one after the other.

    Args:
        root: Any tree; elements nested deeper than 150 give their text only.
        base: Address that links and pictures are relative to; may be empty.
    """
    return _Blocks(base).written(root)


class _Blocks(BlockWriter):
    """Walks a tree once and writes it as blocks."""

    def __init__(self, base: str) -> None:
        super().__init__(base)
        self.depth = 0
        self.language = ""
        self.figures = 0
        self.places: dict[str, int] = {}
        """Where footnotes are told, by the place that their sign leads to."""
        self.bodies: dict[HtmlElement, int] = {}
        self.in_note = False

    def written(self, root: HtmlElement) -> str:
        """Walk a tree and return all of its blocks.

        Args:
            root: The tree.
        """
        self.root = root
        self.places, self.bodies = noted(root)
        self._walk(root)
        self._flush()
        return paired("".join(self.out))

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
        if node not in self.bodies:
            self._shown(node)
            return
        self._flush()
        self.note, self.in_note = self.bodies[node], True
        self._shown(node)
        self._flush()
        self.note, self.in_note = 0, False

    def _shown(self, node: HtmlElement) -> None:
        tag = node.tag.rpartition(":")[2].lower()
        if tag == "br":
            self._line_break()
        elif tag in ("img", "amp-img"):
            self._image(node)
        elif tag == "noscript":
            self._without_scripts(node)
        elif is_furniture(node) or self._plays(node, tag) or tag in DROPPED:
            return
        elif tag in ("sup", "sub"):
            self._raised(node, tag)
        elif tag in INLINE:
            self._inline_element(node, tag)
        elif tag in TRANSPARENT:
            self._walk(node)
        elif tag in HEADINGS:
            self._block(node, HEADINGS[tag])
        elif tag in ("ul", "ol"):
            self._list(node, tag)
        elif tag == "p" and (found := address_alone(node)) is not None:
            self._player_block(found)
        elif tag == "li":
            self._item(node)
        elif tag == "dt":
            self._term(node)
        elif tag == "pre" and is_code(node):
            self._code(node)
        elif tag == "blockquote":
            self._container(node, "blockquote")
        elif self.figures < _DEEPEST_FIGURE and (tag == "figure" or "wp-caption" in classes(node)):
            self.figures += 1
            self._figure(node)
            self.figures -= 1
        elif tag == "table" and not self.item_depth and self._table(node):
            return
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

    def _inline_element(self, node: HtmlElement, tag: str) -> None:
        opening = f"<{tag}>"
        if tag == "a":
            href = (node.get("href") or "").strip()
            fragment = fragment_of(href)
            words = tidy(visible_text(node)) if fragment is not None else ""
            if words and leads_back(node, words):
                return
            if sign_of(words) and (fragment in self.places or is_note(node, href)):
                self._reference(fragment or "", sign_of(words))
                return
            target = link_to(self.base, href)
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
        way, self.direction = self.direction, direction_of(node) or self.direction
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
        self.out.append(f"<{tag}{numbering(node) if tag == 'ol' else ''}>")
        before, self.kind = self.kind, "li"
        self.item_depth += 1
        self.is_fresh = True
        self._walk(node)
        self._flush()
        self.item_depth -= 1
        self.is_fresh = False
        self.kind = before
        self._close(at, tag)
        if inside and self.out[-1] == "<li>":
            self.out.pop()
        elif inside:
            self.out.append("</li>")

    def _item(self, node: HtmlElement) -> None:
        """An item of a list: all of its blocks stay in it, so that those after it keep their numbers."""
        self._flush()
        value = (node.get("value") or "").strip()
        self.is_fresh, self.number = True, value if re.fullmatch("[0-9]{1,9}", value) else ""
        self._block(node, "p")
        self.is_fresh, self.number = False, ""

    def _term(self, node: HtmlElement) -> None:
        """The term of a definition, over what defines it."""
        self._flush()
        before, self.kind = self.kind, "li" if self.item_depth else "p"
        self._inline_element(node, "strong")
        self._flush()
        self.kind = before

    def _code(self, node: HtmlElement) -> None:
        """Code with its line breaks and indents."""
        self._flush()
        for each in node.iter("br"):
            each.tail = "\n" + (each.tail or "")
        lines = (line.rstrip() for line in _HARMFUL.sub("", node.text_content()).expandtabs(4).splitlines())
        text = "\n".join(lines).strip("\n")
        for start in range(0, len(text), LONGEST_BLOCK):
            written = f"<pre><code>{html.escape(text[start : start + LONGEST_BLOCK], quote=False)}</code></pre>"
            self._apart(written)

    def _raised(self, node: HtmlElement, tag: str) -> None:
        """The sign of a footnote; other figures as the signs that Unicode has for them."""
        words = tidy(visible_text(node)) if len(node.text_content()) <= _LONGEST_NUMBER else ""
        link = next(node.iter("a"), None)
        fragment = fragment_of(link.get("href") or "") if link is not None else None
        if fragment is not None and sign_of(words):
            self._reference(fragment, sign_of(words))
        elif link is None and re.fullmatch("[0-9+-]{1,6}", words):
            self._words(words.translate(_RAISED if tag == "sup" else _LOWERED))
        else:
            self._walk(node)

    def _reference(self, fragment: str, sign: str) -> None:
        """The sign of a footnote, which leads to its words if they are known; else it is text in brackets."""
        key = self.places.get(fragment)
        if key is not None and not any(name in ("a", "code") for name, _ in self.inline):
            self._raw(f'<sup><a href="#note-{key}">{html.escape(sign)}</a></sup>')
        elif not self.in_note or key is not None:
            self._words(f"[{sign}]")
        # What is left leads from a footnote to its sign, which it has in the letter by itself.

    def _without_scripts(self, node: HtmlElement) -> None:
        """What is shown without scripts, if the element beside it, which scripts fill, shows nothing by itself."""
        for beside in (node.getprevious(), node.getnext()):
            if beside is not None and isinstance(beside.tag, str) and self._shows(beside):
                return
        for each in list(node.iter("img", "iframe")):
            if each.tag == "img":
                self._image(each)
            else:
                self._plays(each, each.tag)

    def _shows(self, node: HtmlElement) -> bool:
        images = (each for each in node.iter("img", "amp-img") if picture(each, self.base))
        return next(images, None) is not None or player(node, self.base) is not None

    def _plays(self, node: HtmlElement, tag: str) -> bool:
        """Write an element that plays something, or shows a piece of another site; say whether it is one."""
        if tag not in TAGS and not node.get("class"):
            return False
        names = classes(node)
        if "twitter-tweet" in names and tidy(visible_text(node)):
            return False  # a quotation like any other, with its own link
        found = player(node, self.base)
        if found is None and "twitter-tweet" in names:
            found = next((one for link in node.iter("a") if (one := player_at(link.get("href") or ""))), None)
        if found is None:
            return False
        self._player_block(found)
        return True

    def _player_block(self, found: Player, caption: str = "", words: str = "") -> None:
        self.language = self.language or language_of(self.root)
        words = words or found.words(self.language)
        self._flush()
        label = html.escape(words, quote=False)
        if found.picture:
            label = f'<img src="{html.escape(found.picture)}" alt="{html.escape(words)}">'
        under = f"<figcaption>{html.escape(caption, quote=False)}</figcaption>" if caption else ""
        self._apart(f'<figure><a href="{html.escape(found.address)}">{label}</a>{under}</figure>')

    def _figure(self, node: HtmlElement) -> None:
        caption = next(
            (each for each in node.iter() if each.tag == "figcaption" or "wp-caption-text" in classes(each)), None
        )
        words = tidy(visible_text(caption)) if caption is not None else ""
        if self._player_figure(node, words):
            return
        images = [image for image in node.iter("img", "amp-img") if picture(image, self.base)]
        if len(images) != 1 or next(node.iter("table", "blockquote", "pre"), None) is not None:
            self._block(node, "p")
            return
        self._picture_block(picture(images[0], self.base), words, player_around(images[0], self.base))

    def _player_figure(self, node: HtmlElement, caption: str) -> bool:
        """Write a figure round one player, round one link, or round the bare address of something that plays."""
        frames = [found for each in node.iter() if isinstance(each.tag, str) and (found := player(each, self.base))]
        text = tidy(visible_text(node)).removesuffix(caption).strip()
        if len(frames) == 1 and not text and next(node.iter("blockquote", "img"), None) is None:
            self._player_block(frames[0], caption)
            return True
        if frames or next(node.iter("img", "table", "blockquote", "pre"), None) is not None:
            return False
        links = [each for each in node.iter("a") if link_to(self.base, each.get("href") or "")]
        target = absolute(self.base, text) if re.fullmatch(r"https?://\S+", text) else ""
        if target:
            self._player_block(player_at(target) or Player(target, ""), caption)
            return True
        if len(links) == 1 and text and tidy(visible_text(links[0])) == text:
            self._player_block(Player(link_to(self.base, links[0].get("href") or ""), ""), caption, text)
            return True
        return False

    def _image(self, node: HtmlElement) -> None:
        names = classes(node)
        if names & {"wp-smiley", "emoji"}:
            self._words(node.get("alt") or "")
            return
        self._picture_block(picture(node, self.base), "", player_around(node, self.base))

    def _picture_block(self, shown: str, caption: str = "", leads_to: str = "") -> None:
        if not shown:
            return
        self._flush()
        if leads_to:  # a picture in front of a film: the link is what it is for
            shown = f'<a href="{html.escape(leads_to)}">{shown}</a>'
        words = f"<figcaption>{html.escape(caption, quote=False)}</figcaption>" if caption else ""
        self._apart(f"<figure>{shown}{words}</figure>")

    def _table(self, node: HtmlElement) -> bool:
        """Write a simple table with its caption; say whether it is one."""
        found = simple_table(node)
        if found is None:
            return False
        rows, has_head = found
        written = [[self._cell(cell) for cell in row] for row in rows]
        if any(cell is None for row in written for cell in row) or not any(cell for row in written for cell in row):
            return False
        for caption in node.iter("caption"):
            self._block(caption, "p")
        self._flush()
        self.out.append(table_html(written, has_head=has_head))
        return True

    def _cell(self, cell: HtmlElement) -> str | None:
        """What stands in a cell, as one line; None where that is not enough for it."""
        inside = _Blocks(self.base)
        inside.root, inside.places, inside.depth = self.root, self.places, self.depth
        inside._walk(cell)
        inside._flush()
        text = "".join(inside.out)
        found = re.fullmatch(r"<p(?: dir=\"\w+\")?>((?:(?!</p>).)*)</p>", text, re.DOTALL)
        return found[1].replace("<br>", " ") if found is not None else None if text else ""

    def _row(self, node: HtmlElement) -> None:
        """A row of short cells is one paragraph; cells that hold blocks (a page laid out in tables) are blocks."""
        cells = [cell for cell in node if cell.tag in ("td", "th") and not is_hidden(cell)]
        texts = [tidy(visible_text(cell)) for cell in cells]
        if holds_blocks(cells):
            self._block(node, "p")
            return
        self._flush()
        self._words(" · ".join(text for text in texts if text))
        self._flush()
