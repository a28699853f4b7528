"""The editor's Markdown as parts of a letter: HTML with inline styles, and plain text for the twin.

CommonMark without raw HTML and without code by indenting (pasted text is often indented). ``[words](address){.button}``
alone in its paragraph is a button, ``---`` between words a divider. Links lead to https or mailto only, and every run
that would read wrong in the paragraph's direction is isolated, across bold and links as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from newsletter.issues.prose import reading, writing
from newsletter.issues.prose.elements import phrases, plain
from newsletter.issues.prose.elements import writing as elements
from newsletter.issues.prose.parts import (
    BUTTON,
    OBJECT,
    PLAIN,
    Block,
    MarkdownFault,
    PictureAddress,
    ProseSetup,
)
from newsletter.issues.prose.reading import bidi_free, link_fault
from newsletter.models import Poll
from newsletter.text import bidi

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = [
    "BUTTON",
    "OBJECT",
    "MarkdownFault",
    "ParsedMarkdown",
    "PictureAddress",
    "ProseSetup",
    "bidi_free",
    "link_fault",
    "numbered",
    "read",
]

# Arabic and Hebrew have no italics; a slanted letter is a made-up one.
_UPRIGHT = {"em": "font-style:normal;font-weight:700;"}


@dataclass(frozen=True, slots=True)
class ParsedMarkdown:
    """Some of the editor's Markdown, read."""

    blocks: tuple[Block, ...]
    base: bidi.Direction
    rank: int = 4
    """Of its headings, which stand below the letter's title, sections and stories."""
    faults: tuple[MarkdownFault, ...] = ()
    setup: ProseSetup = PLAIN

    def __bool__(self) -> bool:
        return bool(self.blocks)

    @property
    def divides(self) -> bool:
        """Whether it is a divider and nothing else."""
        return bool(self.blocks) and all(block.kind == "hr" for block in self.blocks)

    def html(self, styles: Mapping[str, str] | None = None, room: int = writing.ROOM) -> Markup:
        """The passage as HTML that can stand inside mj-text, without a line break between tags.

        Args:
            styles: CSS by element name (``p``, ``h``, ``a``, ``ul``, ``ol``, ``li``, ``blockquote``, ``hr``, ``img``,
                ``code``, ``pre``, ``strong``, ``button``, ``button a``, ``captioned`` for a picture with a caption,
                ``captioned p``, ``figcaption``, ``credit``, ``blockquote p`` for the last paragraph of a quotation,
                ``cite`` when that says who said it), and as ``"<element>.class"`` its class.
            room: CSS pixels that a picture in it may have across.
        """
        from markupsafe import Markup

        upright = _UPRIGHT if self.base == "rtl" else {}
        styles = {**upright, **(styles or {})}
        writer = writing.HtmlWriter(styles, self.base, self.rank, self.setup, elements.element, room)
        return Markup("".join(writer.blocks(self.blocks)))  # noqa: S704 - the writer escapes every text

    def text(self) -> str:
        """The passage as plain text: a line for each paragraph, not wrapped, links on lines of their own."""
        return "\n\n".join(writing.plain(self.blocks, partial(plain.element, self.setup))).strip()

    @property
    def sponsored(self) -> tuple[tuple[str, str], ...]:
        """Address of each link that a sponsor pays for, in HTML ``rel="sponsored …"``, and the name (or empty)."""
        return tuple(writing.sponsored(self.blocks))

    @property
    def polls(self) -> tuple[Poll, ...]:
        """What it asks the readers, in order."""
        return tuple(_polls(self.blocks, self.setup))

    def words(self) -> str:
        """Its words alone on one line, without links, marks or lists (for a preheader)."""
        return " ".join(" ".join(writing.words(self.blocks)).replace(OBJECT, " ").split())


def _polls(blocks: Iterable[Block], setup: ProseSetup) -> Iterator[Poll]:
    for block in blocks:
        if block.poll is not None:
            yield phrases.poll_of(block, setup)
        yield from _polls(block.children, setup)


def read(
    markdown: str,
    *,
    line: int = 1,
    base: bidi.Direction = "rtl",
    rank: int = 4,
    picture: Callable[[str], PictureAddress | None] | None = None,
    setup: ProseSetup = PLAIN,
) -> ParsedMarkdown:
    """Read Markdown of an issue.

    Args:
        markdown: CommonMark; HTML in it is text.
        line: Line of the file it starts on, 1-based, for faults.
        base: Direction of the letter.
        rank: Of the headings in it.
        picture: Gives for a picture's address where it is loaded from, or None when it cannot be shown.
        setup: Words, dates and digits of the letter, its sections and the numbers of its notes.
    """
    blocks, faults = reading.blocks(markdown, line, picture, setup)
    return ParsedMarkdown(tuple(blocks), base, rank, tuple(faults), setup)


def numbered(texts: Iterable[str]) -> dict[str, int]:
    """Number of each footnote by its label, in the order in which a letter leads to them.

    Args:
        texts: Markdown of all passages of a letter, in order.
    """
    return reading.numbered(list(texts))
