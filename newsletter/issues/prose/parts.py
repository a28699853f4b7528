"""What Markdown becomes before it is written down: blocks, the text of a paragraph, and the marks over it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from newsletter.issues.containers import KINDS, MarkdownFault
from newsletter.models import CalendarEvent, Poll

__all__ = [
    "BUTTON",
    "ELEMENTS",
    "OBJECT",
    "PAID",
    "PLAIN",
    "Block",
    "ElementDate",
    "Inline",
    "Mark",
    "MarkdownFault",
    "PictureAddress",
    "ProseSetup",
]

BUTTON = "{.button}"
"""Behind a link that is alone in its paragraph: the link is a button."""
PAID = "sponsored nofollow noopener"
"""Link types of what somebody pays for: search engines do not count it (Google's "Qualify your outbound links"), and
the page it opens gets no hold on ours (HTML, section Link types)."""
OBJECT = "\ufffc"
"""Stands for a picture among text, as in UAX #9 section 6.1."""


ELEMENTS = frozenset({*(kind.name for kind in KINDS), "table", "note"})
"""Kinds of blocks that are written in ways of their own."""


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
class ElementDate:
    """When an event takes place, as its editor wrote it: by the clock of the newsroom's zone."""

    starts: datetime
    """Without a zone."""
    ends: datetime | None = None
    timed: bool = True
    """Whether an hour was given, and not the day alone."""


@dataclass(frozen=True, slots=True)
class Block:
    """``p``, ``h``, ``ul``, ``ol``, ``li``, ``blockquote``, ``pre``, ``button``, ``captioned``, ``hr``, ``table``,
    ``tr``, ``note`` or the name of an element.

    A leaf has inline, a branch children; a button's inline is one link, a captioned's one picture.
    Cells of a table are children of its rows, the first of which is its head.
    """

    kind: str
    inline: Inline | None = None
    children: tuple[Block, ...] = ()
    start: int = 1
    level: int = 0
    title: str = ""
    """Words of an element behind its name; label of a note."""
    pictures: tuple[tuple[PictureAddress, str], ...] = ()
    """Address and alternative text of what an element shows beside its words."""
    link: str = ""
    """Where an element leads to as a whole."""
    scheduled: ElementDate | None = None
    paid: bool = False
    """Whether a sponsor pays for it: it stands in the sponsor's element."""
    poll: Poll | None = None
    """What is asked; without a question or answers it has those of the letter's language."""


def _said(text: str, **parts: object) -> str:
    for name, part in parts.items():
        text = text.replace(f"{{{name}}}", str(part))
    return text


@dataclass(frozen=True, slots=True)
class ProseSetup:
    """What passages take from the letter they stand in: its language's words, dates and digits, sections and notes."""

    say: Callable[..., str] = _said
    """A text of ours in the letter's language."""
    date: Callable[[datetime], str] = field(default=lambda moment: f"{moment:%Y-%m-%d}")
    """A day in the newsroom's calendar."""
    digits: Callable[[str], str] = str
    """The Latin digits of a text as the publication writes them."""
    contents: tuple[tuple[str, str], ...] = ()
    """Title and anchor of each section."""
    notes: Mapping[str, int] = field(default_factory=dict)
    """Number of each footnote by its label."""
    answer: Callable[[Poll, int], str] | None = None
    """Where pressing an answer leads to, by its place from 0; None where no answer could arrive."""
    calendar: Callable[[CalendarEvent], str] | None = None
    """Where the calendar file of an event is; None where nobody serves it."""


PLAIN = ProseSetup()
