"""What stands where in an issue.md, also in one that has faults, and how lines come in and go out between its parts.

The parts of the body, in order, are one flat row: headings of sections, stories, passages of the editor. An operation
says what that row is afterwards; lines that do not give it are not written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal

from newsletter.errors import IssueError
from newsletter.issues.candidates import Candidates, candidates
from newsletter.issues.lines import HEAD, comments, lines_of, visible, without_comments
from newsletter.issues.manuscript import Manuscript
from newsletter.issues.operations.asked import StoryPlace
from newsletter.issues.reading import LineSpan, begin, parse, spans_of
from newsletter.models import Issue, Prose, Section, Story
from newsletter.text.tidy import arabic_fold


@dataclass(frozen=True, slots=True)
class IssuePart:
    """One part of the body."""

    kind: Literal["section", "story", "prose"]
    line: int
    told: tuple[str, ...]
    """Everything that it says; a heading its title, a story its headline first."""


@dataclass(frozen=True, slots=True)
class Layout:
    """An issue.md with the place of everything in it. Lines are counted from 1."""

    manuscript: Manuscript
    issue: Issue
    faults: tuple[IssueError, ...]
    """What is wrong with its body."""
    seen: tuple[str, ...]
    """Its lines as they are read: nothing where comments or the front matter stand."""
    body_at: int
    """Lines of the front matter."""
    comments: tuple[tuple[int, int], ...]
    """First and last line of each comment, candidates among them."""
    spans: tuple[LineSpan, ...]
    parts: tuple[IssuePart, ...]
    candidates: Candidates | None

    @classmethod
    def of(cls, manuscript: Manuscript) -> Layout:
        """Understand a manuscript as far as it can be understood.

        Raises:
            IssueError: Its front matter cannot be understood, or a comment has no end.
        """
        return replace(_understood(manuscript.text, manuscript.path), manuscript=manuscript)

    @property
    def waiting(self) -> tuple[IssuePart, ...]:
        """The parts of the candidates."""
        return parts_of((), self.candidates.sections) if self.candidates is not None else ()

    def again(self, manuscript: Manuscript) -> Layout:
        """The layout of the file with other lines.

        Raises:
            IssueError: As for ``of``.
        """
        return Layout.of(manuscript)

    def index(self, line: int, *kinds: str) -> int:
        """Which part begins on a line.

        Raises:
            IssueError: None of these kinds does.
        """
        for at, part in enumerate(self.parts):
            if part.line == line and part.kind in kinds:
                return at
        raise self.fault(line, f"no {' and no '.join(kinds)} begins on this line")

    def fault(self, line: int, what: str, mend: str = "load the page again") -> IssueError:
        """An error at one of its lines."""
        return IssueError(what, where=f"{self.manuscript.path}:{line}", mend=mend)

    def end(self, at: int) -> int:
        """Behind the last part of the section whose heading is a part; -1 for what stands before the first heading."""
        return next((n for n in range(at + 1, len(self.parts)) if self.parts[n].kind == "section"), len(self.parts))

    def section_of(self, at: int) -> int:
        """The part that is the heading above a part; -1 when there is none."""
        return next((n for n in range(at, -1, -1) if self.parts[n].kind == "section"), -1)

    def titled(self, title: str) -> int | None:
        """The part that is the heading of this title, spelling of hamza and harakat aside."""
        same = (n for n, one in enumerate(self.parts) if one.kind == "section" and _same(one.told[0], title))
        return next(same, None)

    def span(self, at: int) -> int:
        """The place among all spans of the one that a part is."""
        line = self.parts[at].line
        return next(n for n, span in enumerate(self.spans) if span.first == line)

    def first(self, line: int) -> int:
        """First line of what begins on a line, with the editor's comments right above it; candidates stay apart."""
        raw = self.manuscript.lines
        while True:
            above = next((one for one in self.comments if one[1] == line - 1), None)
            if above is None or HEAD.match(raw[above[0] - 1]) or self.seen[above[1] - 1].strip():
                return line
            line = above[0]

    def refuse_half_comments(self, first: int, last: int) -> None:
        """Lines that are to go somewhere else hold comments as a whole, or none.

        Raises:
            IssueError: A comment begins before them, or ends behind them.
        """
        for begun, ended in self.comments:
            if begun < first <= ended or begun <= last < ended:
                line = begun if begun >= first else ended
                raise self.fault(line, "a comment stands on a line of a story", "put it on lines of its own")


@lru_cache(maxsize=16)
def _understood(whole: str, path: Path) -> Layout:
    """A text understood, remembered: one operation asks for the same text several times, and the page once more."""
    text, manuscript = whole.removeprefix("\ufeff"), Manuscript(whole, path)
    faults: list[IssueError] = []
    issue = parse(text, path, faults)
    lines, body_at = visible(lines_of(text)), begin(text, path)
    told = tuple((first + 1, last + 1) for first, last in comments(lines, body_at, path))
    seen = [""] * body_at + without_comments(lines, body_at, path)[body_at:]
    waiting = candidates(manuscript, faults)
    return Layout(
        manuscript,
        issue,
        tuple(faults),
        tuple(seen),
        body_at,
        told,
        spans_of(seen, path, []),
        parts_of(issue.opening, issue.sections),
        waiting,
    )


def parts_of(opening: Sequence[Prose], sections: Sequence[Section]) -> tuple[IssuePart, ...]:
    """The flat row of the parts of a body."""
    row = [IssuePart("prose", one.line, (one.markdown,)) for one in opening]
    for section in sections:
        if section.line:
            row.append(IssuePart("section", section.line, (section.title,)))
        row += [_part(block) for block in section.blocks]
    return tuple(row)


def told(parts: Sequence[IssuePart]) -> list[tuple[str, ...]]:
    """What parts say, wherever they stand."""
    return [(part.kind, *part.told) for part in parts]


def _part(block: Story | Prose) -> IssuePart:
    if isinstance(block, Prose):
        return IssuePart("prose", block.line, (block.markdown,))
    said = (block.headline, block.url, block.image, block.image_alt, block.image_caption, block.summary)
    return IssuePart("story", block.line, said)


def _same(one: str, other: str) -> bool:
    return one == other or arabic_fold(one) == arabic_fold(other)


Done = tuple[Layout, int]
"""The layout of the changed file, and the line on which stands what the operation was about; 0 when it is gone."""


def checked(
    before: Layout,
    manuscript: Manuscript,
    parts: Sequence[tuple[str, ...]],
    waiting: Sequence[tuple[str, ...]] | None = None,
) -> Layout:
    """The layout of a changed manuscript, if it says what was meant.

    Args:
        before: What it was made from.
        manuscript: The changed one.
        parts: What its parts are to say, in order.
        waiting: The same of its candidates; None for what they said before.

    Raises:
        IssueError: It cannot be understood, or says something else: what stands around the change reads it otherwise.
    """
    after = Layout.of(manuscript)
    here = told(before.waiting) if waiting is None else list(waiting)
    if told(after.parts) != list(parts) or told(after.waiting) != here:
        raise IssueError(
            "this cannot be done without changing what stands around it",
            where=str(manuscript.path),
            mend="do it in the file by hand",
        )
    return after


def resolved(layout: Layout, place: StoryPlace) -> int | str:
    """Before which part something goes, or the title of a section that is to be made.

    Raises:
        IssueError: There is no such place.
    """
    section = place.section
    if isinstance(section, str) and section:
        heading = layout.titled(section)
        if heading is None:
            return section
    elif isinstance(section, int) and section:
        heading = layout.index(section, "section")
    elif isinstance(section, int):
        heading = -1
    else:
        # What has no section of its own stands beside what came before it.
        heading = next((n for n in range(len(layout.parts) - 1, -1, -1) if layout.parts[n].kind == "section"), -1)
    if not place.before:
        return layout.end(heading)
    before = layout.index(place.before, "story", "prose")
    if layout.section_of(before) != heading:
        raise layout.fault(place.before, "stands in another section")
    return before
