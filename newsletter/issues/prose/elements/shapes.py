"""What elements are built of: tables, cells and boxes, as every mail program draws them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from newsletter.issues.prose.parts import Block, Inline, ProseSetup
    from newsletter.text import bidi

BOX = 44
"""Pixels that the sides of a box take of its width."""


class BlockHtml(Protocol):
    """What writes the blocks around elements, and those within them."""

    base: bidi.Direction
    setup: ProseSetup
    room: int
    """Pixels that a picture may be wide here."""

    def open(self, tag: str, key: str = "", **attributes: object) -> str:
        """A start tag with the style and class of its key."""

    def blocks(self, blocks: tuple[Block, ...], within: str = "") -> Iterator[str]:
        """Blocks one after the other."""

    def inline(self, inline: Inline) -> Iterator[str]:
        """The text of a paragraph."""


def table(writer: BlockHtml, key: str = "", width: str = "100%") -> str:
    """The start of a table that is there for its shape."""
    return writer.open("table", key, role="presentation", border=0, cellpadding=0, cellspacing=0, width=width)


def cell(writer: BlockHtml, key: str, **more: object) -> str:
    """The start of a cell; what is in it begins where a line does."""
    side = "right" if writer.base == "rtl" else "left"
    return writer.open("td", key, **{"align": side, "valign": "top", **more})


def apart(writer: BlockHtml, inside: Iterator[str]) -> Iterator[str]:
    """Something with room above and below it: a margin of a table is none in Word."""
    yield f"{table(writer)}<tr>{cell(writer, 'element')}"
    yield from inside
    yield "</td></tr></table>"


def boxed(writer: BlockHtml, key: str, inside: Iterator[str], narrower: int = BOX) -> Iterator[str]:
    """Something in a box of its own, with room above and below it."""

    def box() -> Iterator[str]:
        yield f"{table(writer, 'box')}<tr>{cell(writer, key)}"
        yield from within(writer, writer.room - narrower, inside)
        yield "</td></tr></table>"

    yield from apart(writer, box())


def within(writer: BlockHtml, room: int, inside: Iterator[str]) -> Iterator[str]:
    """What is written while pictures have so much room."""
    before, writer.room = writer.room, room
    yield from inside
    writer.room = before
