"""What Markdown becomes before it is written down: blocks, the text of a paragraph, and the marks over it."""

from __future__ import annotations

from dataclasses import dataclass, field

BUTTON = "{.button}"
"""Behind a link that is alone in its paragraph: the link is a button."""
OBJECT = "\ufffc"
"""Stands for a picture among text, as in UAX #9 section 6.1."""


@dataclass(frozen=True, slots=True)
class MarkdownFault:
    """Something in the editor's Markdown that cannot stand in a letter."""

    line: int
    """1-based line of the file it was read from."""
    what: str
    mend: str


@dataclass(frozen=True, slots=True)
class PictureAddress:
    """Where a picture is loaded from, its size in pixels (0 when unknown), and what stands under it."""

    src: str
    width: int = 0
    height: int = 0
    caption: str = ""
    """``caption | credit``: its Markdown title."""


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """A tag round some text; two marks are the same only when they are the same tag of the source."""

    tag: str
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Inline:
    """The text of one paragraph, with the marks over each piece of it."""

    pieces: list[tuple[str, tuple[Mark, ...]]] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    """Label and address of each link, in order."""
    pictures: list[tuple[PictureAddress, str]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All of it, a picture as ``OBJECT``."""
        return "".join(piece for piece, _ in self.pieces)


@dataclass(frozen=True, slots=True)
class Block:
    """``p``, ``h``, ``ul``, ``ol``, ``li``, ``blockquote``, ``pre``, ``button``, ``figure`` or ``hr``.

    A leaf has inline, a branch children; a button's inline is one link, a figure's one picture with a caption.
    """

    kind: str
    inline: Inline | None = None
    children: tuple[Block, ...] = ()
    start: int = 1
    level: int = 0
