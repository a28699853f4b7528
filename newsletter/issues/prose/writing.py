"""Blocks written down: as HTML with inline styles, as plain text, as words alone."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from newsletter.issues.prose.elements.phrases import payer_and_label
from newsletter.issues.prose.parts import (
    ELEMENTS,
    OBJECT,
    Block,
    Inline,
    Mark,
    PictureAddress,
    ProseSetup,
)
from newsletter.issues.targets import split_caption
from newsletter.text import bidi

ROOM = 576
"""CSS pixels of the text of a letter: 640 less its margins."""
_INDENTS = {"li": 24, "blockquote": 22}
_LEAST_ROOM = 240
_FITTING = "max-width:100%;height:auto;"
_OWN_SIZE = "width:auto;"
"""Of a picture whose size nobody knows: as large as it is, and the attribute is for Word alone."""
_SPLIT = re.compile(f"([{OBJECT}\n])")


class HtmlWriter:
    """Blocks to HTML; ``element`` writes those that are elements."""

    def __init__(
        self,
        styles: Mapping[str, str],
        base: bidi.Direction,
        rank: int,
        setup: ProseSetup,
        element: Callable[[HtmlWriter, Block], Iterator[str]],
        room: int = ROOM,
    ) -> None:
        self.styles = styles
        self.base = base
        self.rank = rank
        self.setup = setup
        self.element = element
        self.room = room
        """CSS pixels that a picture may have across."""

    def open(self, tag: str, key: str = "", **attributes: object) -> str:
        """A start tag with the style and class of its key."""
        key = key or tag
        given = {name: value for name, value in attributes.items() if value != ""}
        if self.styles.get(f"{key}.class"):
            given["class"] = self.styles[f"{key}.class"]
        if self.styles.get(key):
            given["style"] = self.styles[key]
        return f"<{tag}" + "".join(f' {name}="{html.escape(str(value))}"' for name, value in given.items()) + ">"

    def blocks(self, blocks: tuple[Block, ...], within: str = "") -> Iterator[str]:
        """The blocks one after another, without a line break between tags; ``within`` is the kind around them."""
        for block in blocks:
            if block.kind in ELEMENTS:
                yield from self.element(self, block)
            elif block.kind == "hr":
                # Not the element of that name, which Outlook on Windows draws as it likes.
                yield self.open("p", "hr", role="separator") + "&#160;</p>"
            elif block.kind == "button" and block.inline is not None:
                yield from self.button(block.inline)
            elif block.kind == "captioned" and block.inline is not None:
                yield from self.captioned(block.inline)
            elif block.kind == "pre":
                code = self.open("pre", dir="ltr") + html.escape(block.inline.text if block.inline else "") + "</pre>"
                yield from self.in_cell("pre", iter((code,)))
            elif block.kind == "blockquote":
                yield from self.in_cell("blockquote", self.container(block))
            elif block.inline is not None:
                tag = f"h{self.rank}" if block.kind == "h" else "p"
                key = self.quoted(block, blocks) if within == "blockquote" else block.kind
                yield self.open(tag, key) + "".join(self.inline(block.inline)) + f"</{tag}>"
            else:
                yield from self.container(block)

    def container(self, block: Block) -> Iterator[str]:
        """A block that holds others: a list, its item, a quotation."""
        number = block.start if block.kind == "ol" and block.start != 1 else ""
        yield self.open(block.kind, start=number)
        only = block.children[0].inline if block.kind == "li" and block.children else None
        room, self.room = self.room, max(self.room - _INDENTS.get(block.kind, 0), _LEAST_ROOM)
        # A short item needs no paragraph of its own, which would bring the paragraph's margin.
        if only is not None and block.children[0].kind == "p":
            yield from self.inline(only)
            yield from self.blocks(block.children[1:])
        else:
            yield from self.blocks(block.children, block.kind)
        self.room = room
        yield f"</{block.kind}>"

    def in_cell(self, key: str, inside: Iterator[str]) -> Iterator[str]:
        """Something in the cell of a table, where the styles have one for it (``pre cell``).

        Outlook on Windows keeps the padding of cells alone (caniemail.com, "padding").
        """
        if f"{key} cell" not in self.styles:
            yield from inside
            return
        table = self.open(
            "table", "cell.table", role="presentation", border=0, cellpadding=0, cellspacing=0, width="100%"
        )
        yield f"{table}<tr>{self.open('td', 'element')}{table}<tr>{self.open('td', f'{key} cell')}"
        yield from inside
        yield "</td></tr></table></td></tr></table>"

    def quoted(self, block: Block, blocks: tuple[Block, ...]) -> str:
        """The style of a paragraph of a quotation: who said it stands last, in bold or behind a dash."""
        if block.kind != "p" or block is not blocks[-1]:
            return block.kind
        first, marks = block.inline.pieces[0] if block.inline and block.inline.pieces else ("", ())
        names = len(blocks) > 1 and (first.startswith(("—", "–", "-")) or any(mark.tag == "strong" for mark in marks))
        key = "cite" if names else "blockquote p"
        return key if key in self.styles else "p"

    def captioned(self, inline: Inline) -> Iterator[str]:
        """A picture with what is said under it."""
        shown, _ = inline.pictures[0]
        caption, credit = (bidi.to_html(part, self.base) for part in split_caption(shown.caption))
        # Outlook on Windows knows no figure: paragraphs part the lines there.
        yield self.open("figure", "captioned") + self.open("p", "captioned p") + "".join(self.inline(inline)) + "</p>"
        yield "<figcaption>" + self.open("p", "figcaption") + str(caption)
        yield "&#160;· " if caption and credit else ""
        yield f"{self.open('span', 'credit')}{credit}</span>" if credit else ""
        yield "</p></figcaption></figure>"

    def styled(self, styles: Mapping[str, str]) -> HtmlWriter:
        """The same with other styles."""
        return HtmlWriter(styles, self.base, self.rank, self.setup, self.element, self.room)

    def button(self, inline: Inline) -> Iterator[str]:
        """A link as a button."""
        # Outlook on Windows keeps the padding of a cell, and drops that of a link (caniemail.com).
        yield self.open("table", "button.table", role="presentation", border=0, cellpadding=0, cellspacing=0)
        yield f"<tr>{self.open('td', 'button')}"
        styles = {**self.styles, "a": self.styles.get("button a", ""), "a.class": ""}
        yield from self.styled(styles).inline(inline)
        yield "</td></tr></table>"

    def inline(self, inline: Inline) -> Iterator[str]:
        """The text of a paragraph with its marks, every run isolated that needs it."""
        if len(inline.pieces) == 1 and not inline.pieces[0][1] and not _SPLIT.search(inline.pieces[0][0]):
            yield bidi.to_html(inline.pieces[0][0], self.base)
            return
        stack: list[Mark] = []
        pictures = iter(inline.pictures)
        for text, marks in _isolated(inline.pieces, self.base):
            kept = 0
            while kept < min(len(stack), len(marks)) and stack[kept] is marks[kept]:
                kept += 1
            yield from (f"</{mark.tag}>" for mark in reversed(stack[kept:]))
            yield from (self.open(mark.tag, **dict(mark.attributes)) for mark in marks[kept:])
            stack = list(marks)
            for part in _SPLIT.split(text):
                if not part:
                    continue
                if part == "\n":
                    yield "<br />"
                elif part == OBJECT and (shown := next(pictures, None)) is not None:
                    yield self.picture(*shown)
                else:
                    yield html.escape(part)
        yield from (f"</{mark.tag}>" for mark in reversed(stack))

    def picture(self, shown: PictureAddress, alt: str) -> str:
        """A picture among text."""
        # Word takes the width from the attribute alone, and would show a picture without one as wide as its file is.
        width = min(shown.width, self.room) if shown.width else self.room
        style = self.styles.get("img", "")
        # All stands in tables, where max-width alone does not hold a picture that is not loaded.
        style += f"width:100%;max-width:{width}px;" if style and shown.width else ""
        if not shown.width:
            style = (style or _FITTING) + _OWN_SIZE
        writer = self.styled({**self.styles, "img": style})
        return writer.open("img", src=shown.src, alt=bidi.isolate(alt, self.base) or " ", width=width)[:-1] + " />"


_Pieces = list[tuple[str, tuple[Mark, ...]]]


def _isolated(pieces: _Pieces, base: bidi.Direction) -> Iterator[tuple[str, tuple[Mark, ...]]]:
    """Lay the runs that must be isolated over the marks; a run that crosses marks gets one span round all of them."""
    steps = bidi.steps("".join(text for text, _ in pieces), base)
    # A sign of the editor's own could open in one tag and close in another; as a step it opens round both.
    left = [(text, marks) for text, marks in ((bidi.strip(text), marks) for text, marks in pieces) if text]
    open_runs: list[tuple[_Pieces, tuple[Mark, ...]]] = [(left, ())]
    for at, (text, side) in enumerate(steps):
        left, around = open_runs[-1]
        if text:
            yield from ((shown, (*around, *marks)) for shown, marks in _taken(left, text))
        elif side is None:
            open_runs.pop()
        else:
            run = _run(steps, at)
            taken = _taken(left, run)
            common = 0
            while taken and all(len(marks) > common and marks[common] is taken[0][1][common] for _, marks in taken):
                common += 1
            style = (("style", bidi.WHOLE),) if bidi.whole(run) else ()
            outer = taken[0][1][:common] if taken else ()
            inner = [(shown, marks[common:]) for shown, marks in taken]
            open_runs.append((inner, (*around, *outer, Mark("span", (("dir", side), *style)))))


def _run(steps: list[tuple[str, bidi.Direction | None]], at: int) -> str:
    """The text of the run that opens at a step."""
    texts: list[str] = []
    depth = 0
    while True:
        text, side = steps[at]
        texts.append(text)
        depth += 0 if text else -1 if side is None else 1
        if depth == 0:
            return "".join(texts)
        at += 1


def _taken(left: _Pieces, text: str) -> _Pieces:
    """Take a text off the pieces that are left; a mark that was put into it stays with what it follows."""
    taken: _Pieces = []
    at = 0
    while at < len(text) and left:
        piece, marks = left[0]
        used = min(len(piece), len(text) - at)
        begun, at = at, at + used
        if text[begun:at] != piece[:used]:
            at, used = begun, 0
            while at < len(text) and used < len(piece):
                used += text[at] == piece[used]
                at += 1
        taken.append((text[begun:at], marks))
        left[:1] = [(piece[used:], marks)] if len(piece) > used else []
    return taken


PlainElement = Callable[[Block, "PlainBlocks", Callable[[Inline], str]], str]
"""Writes one element: of the block, what writes those within it, and what writes the text of a paragraph."""
PlainBlocks = Callable[[tuple[Block, ...]], Iterator[str]]


def plain(blocks: tuple[Block, ...], element: PlainElement) -> Iterator[str]:
    """Each block as plain text, links on lines of their own; ``element`` writes those that are elements."""
    for block in blocks:
        if block.kind in ELEMENTS:
            yield element(block, partial(plain, element=element), _plain_inline)
        elif block.kind == "hr":
            yield "* * *"
        elif block.inline is not None:
            yield _plain_inline(block.inline)
        elif block.kind == "blockquote":
            inside = "\n\n".join(plain(block.children, element))
            yield "\n".join(f"> {line}".rstrip() for line in inside.split("\n"))
        elif block.kind in ("ul", "ol"):
            items = []
            for number, item in enumerate(block.children, block.start):
                head = f"{number}. " if block.kind == "ol" else "• "
                body = "\n".join(plain(item.children, element))
                items.append(head + body.replace("\n", "\n" + " " * len(head)))
            yield "\n".join(items)


def _plain_inline(inline: Inline) -> str:
    text = inline.text.replace(OBJECT, "").strip()
    lines = [text]
    for shown, alt in inline.pictures:
        lines += [f"[{alt}]"] if alt else []
        lines += [" · ".join(part for part in split_caption(shown.caption) if part)] if shown.caption else []
    lines += [plain for label, url in inline.links if label != (plain := url.removeprefix("mailto:"))]
    return "\n".join(line for line in lines if line)


_UNSAID = ELEMENTS - {"callout", "columns", "quote"}


def words(blocks: tuple[Block, ...]) -> Iterator[str]:
    """The text of each block alone; of elements, only what is text of the editor's own."""
    for block in blocks:
        if block.kind in _UNSAID:
            continue
        if block.inline is not None:
            yield "".join(text for text, marks in block.inline.pieces if not any(mark.tag == "sup" for mark in marks))
        yield from words(block.children)


def sponsored(blocks: tuple[Block, ...], payer: str | None = None) -> Iterator[tuple[str, str]]:
    """Address of each link in the elements of sponsors, and whose it is.

    Args:
        blocks: Of a passage, or what stands in an element.
        payer: Name of the sponsor in whose element the blocks stand; None outside of one.
    """
    for block in blocks:
        within = payer_and_label(block.title)[0] if block.kind == "sponsor" else payer
        if within is not None and block.inline is not None:
            yield from ((url, within) for _, url in block.inline.links)
        if within is not None and block.link:
            yield block.link, within
        yield from sponsored(block.children, within)
