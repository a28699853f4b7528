"""What the rules look at: an issue, its letter, and whatever is known besides; and how they tell a problem."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from newsletter.check.found import Findings
from newsletter.check.reading import IssueContent, read
from newsletter.models import Issue, Letter, Level, Picture, Problem, Publication, StoryChange
from newsletter.senders.reports import Authentication
from newsletter.sponsors import Booking

SETTINGS = "newsletter.toml"


@dataclass(frozen=True, slots=True)
class CheckContext:
    """What is known besides the issue and its letter. Whatever is left out, the rules that need it stay silent."""

    publication: Publication | None = None
    now: datetime | None = None
    """Aware moment of the check."""
    lists: tuple[str, ...] | None = None
    """Names of the lists there are."""
    carried: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Address of a story to the numbers of the issues that carried it to the same list."""
    told_before: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Address of a story that tells again what an earlier issue told to the same list: its number, and the headline."""
    retold: Mapping[str, str] = field(default_factory=dict)
    """Address of a story to that of the one here whose story it tells again, as far as the library knows."""
    withdrawn: Mapping[str, str] = field(default_factory=dict)
    """Address of a story to the reason why its site shows it no more."""
    changes: tuple[StoryChange, ...] = ()
    """What sites have changed in stories that the editor has written otherwise."""
    last_subject: str = ""
    """Subject of the last issue that went to the same list."""
    sent: tuple[tuple[str, str], ...] = ()
    """Address and headline of the articles that went out under this issue's number, as far as the library knows."""
    frozen: str = ""
    """Id of a send that has not come to its end, and whose frozen letter was made of another issue.md."""
    namesakes: tuple[str, ...] = ()
    """Paths of other issues in the workspace that have the same number."""
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    """The local pictures as their files are, by the name the issue calls them."""
    moving: frozenset[str] = frozenset()
    """The names of those that are animations."""
    provider: str = ""
    """What letters really go out through, as ``[sender] kind`` says; empty when none leaves this machine."""
    idle_providers: tuple[str, ...] = ()
    """Providers that the settings describe, although letters stay on this machine."""
    authentication: Authentication = field(default_factory=Authentication)
    """How that provider authenticates letters."""
    fallback: str = ""
    """What goes on with a send that this provider stops, as ``[sender] fallback`` says it; empty for nothing that
    leaves this machine."""
    fallback_authentication: Authentication = field(default_factory=Authentication)
    """How that one authenticates letters."""
    web_url: str = ""
    """Base of the reader pages."""
    unwanted: frozenset[str] = frozenset()
    """Of ``preferences`` and ``view``, the ways on that the settings leave out of letters."""
    booked: tuple[Booking, ...] = ()
    """What sponsors have booked in this letter."""
    sponsors: frozenset[str] = frozenset()
    """Folded names of the sponsors who have booked anything in letters of this list."""
    templates: Mapping[str, str] = field(default_factory=dict)
    """Sources of the workspace's own MJML templates, by the path that a message shows."""
    found: Findings | None = None
    """What probe found; None when nobody asked."""
    failures: tuple[Problem, ...] = ()
    """Why there is no letter: everything that keeps it from being made."""


@dataclass(frozen=True)
class CheckInput:
    """One issue before the rules."""

    issue: Issue
    letter: Letter | None
    """None when it could not be rendered; rules about the letter are then passed over."""
    known: CheckContext

    @cached_property
    def reading(self) -> IssueContent:
        """The issue's texts, links and pictures with their lines."""
        return read(self.issue)

    def at(self, line: int) -> str:
        """A line of issue.md, as messages show it."""
        return f"{self.issue.path}:{line}" if line and self.issue.path else self.issue.path

    def key(self, name: str) -> str:
        """The line of a key of the front matter."""
        return self.at(self.issue.lines.get("subjects" if name == "subject" and self.issue.subjects else name, 0))


Rule = Callable[[CheckInput], Iterator[Problem]]
Tell = Callable[[str, str, str, str], Problem]


def teller(levels: Mapping[str, Level]) -> Tell:
    """How a family of rules makes its problems: code, words, place, mend; the level stands in its table.

    Args:
        levels: Level by code.
    """

    def tell(code: str, words: str, place: str, mend: str) -> Problem:
        return Problem(code, levels[code], words, place, mend)

    return tell


def setting(section: str, key: str) -> str:
    """A setting, as messages show its place."""
    return f"{SETTINGS}: [{section}] {key}"


def in_line(line: int) -> str:
    """Where something stands in the file, for the middle of a message; nothing when nobody knows.

    Args:
        line: 1-based, or 0.
    """
    return f" in line {line}" if line else ""


def shown(text: str, most: int = 60) -> str:
    """A text for a message: one line, cut."""
    from newsletter.text.tidy import shorten

    return shorten(" ".join(text.split()), most)
