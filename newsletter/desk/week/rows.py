"""What stands on the page of an issue, as values: its sections with all that is in them, and what is wrong there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.models import Story

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class ToldProblem:
    """A problem at its place on the page."""

    code: str
    level: str
    words: Markup
    line: int
    """0 when it is not about a line of this issue."""
    mends: bool
    target: str
    """Id of what it is about on the page; empty when it is about the whole."""


@dataclass(frozen=True, slots=True)
class StoryRow:
    """A story of the issue, or one that waits among the candidates."""

    key: str
    """Its id on the page and in the frame of the letter, whatever line it comes to stand on."""
    number: int
    story: Story
    teaser: str
    picture: str
    """Address at this desk; empty without one."""
    problems: tuple[ToldProblem, ...] = ()

    @property
    def words(self) -> int:
        """Words of its summary."""
        return len(self.teaser.split())


@dataclass(frozen=True, slots=True)
class WordsRow:
    """Words of the editor's own between stories, or before them."""

    key: str
    line: int
    """Of its first line; 0 for the opening words as a whole."""
    last: int
    text: str
    problems: tuple[ToldProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class ElementRow:
    """An element: its kind, what stands behind its name, and what stands in it."""

    key: str
    line: int
    kind: str
    title: str
    text: str
    titled: bool
    problems: tuple[ToldProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class SectionRow:
    """A section with everything under its heading."""

    key: str
    title: str
    line: int
    cards: tuple[StoryRow | WordsRow | ElementRow, ...]
    problems: tuple[ToldProblem, ...] = ()

    @property
    def told(self) -> tuple[StoryRow, ...]:
        """Its stories."""
        return tuple(card for card in self.cards if isinstance(card, StoryRow))

    @property
    def stories(self) -> int:
        """How many stories stand in it."""
        return len(self.told)
