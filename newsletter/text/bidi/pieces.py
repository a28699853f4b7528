"""What the rule takes a text apart into: gaps between right-to-left letters, words in them, phrases of words."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Gap:
    """A stretch of text without right-to-left letters, by its place in the paragraph."""

    start: int
    end: int
    partner: dict[int, int] = field(default_factory=dict)
    """For each opening bracket or quotation mark in it: where the closing one stands."""


@dataclass(slots=True)
class Word:
    """A word of a gap, by its place in the paragraph."""

    start: int
    end: int
    latin: bool
    """Whether a left-to-right letter stands in it."""
    outer_start: int
    """Where the bracket or quotation mark round it begins; ``start`` itself where there is none."""
    outer_end: int
    quoted: bool = False
    """Whether quotation marks stand round it."""


@dataclass(slots=True)
class Phrase:
    """Words that stand in one isolate, if they need one."""

    first: Word
    last: Word
    latin: bool
    words: int = 1

    @property
    def start(self) -> int:
        """Where it begins; the bracket round a single word stays outside."""
        return self.first.start if self.words == 1 else self.first.outer_start

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.last.end if self.words == 1 else self.last.outer_end
