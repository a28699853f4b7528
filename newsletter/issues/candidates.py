"""The candidates of a draft: stories that wait to be chosen, in a comment of its issue.md.

A comment begins a line with ``<!--`` and ends with ``-->``, as in any Markdown (CommonMark 0.31 section 4.6, kind 2),
where it shows as nothing. The comment whose first word is ``candidates`` holds what an editor may cut and paste above;
what came last stands first. The number behind the word is the newest article that was ever offered, so a candidate
that the editor deletes does not come back.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from newsletter.errors import IssueError
from newsletter.issues.lines import CANDIDATES, COMMENT_END, HEAD, HINT, TOOL_TEXT, comments, lines_of, visible
from newsletter.issues.manuscript import Manuscript
from newsletter.issues.reading import LineSpan, begin, body_of, spans_of
from newsletter.issues.writing import blocks_of
from newsletter.models import Section, Story
from newsletter.text.tidy import arabic_fold

_COUNT = re.compile(r"Not\s+shown\s+here:\s+([\d,]+)")
_REPEATS = re.compile(r"Left\s+out,\s+since\s+each\s+repeats\s+another:\s+(.*?)\.(?:\s|$)")


@dataclass(frozen=True, slots=True)
class Candidates:
    """The part of an issue.md that holds stories to choose from."""

    first: int
    """Line of ``<!-- candidates``; 1-based."""
    last: int
    """Line of ``-->``."""
    newest: int
    """Id of the newest article that was offered."""
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()
    """What it says of articles that are not among them."""
    spans: tuple[LineSpan, ...] = ()
    """Where its headings, its stories and the words between stand."""

    @property
    def stories(self) -> tuple[Story, ...]:
        """Every candidate, in order."""
        return tuple(story for section in self.sections for story in section.stories)

    @property
    def unshown(self) -> int:
        """How many articles are not among them, since they are not the newest."""
        return next((int(found[1].replace(",", "")) for note in self.notes if (found := _COUNT.match(note))), 0)

    @property
    def repeats(self) -> str:
        """Which articles are not among them, since they repeat another: ``58 = 57, 61 = issue 3``."""
        return next((found[1] for note in self.notes if (found := _REPEATS.match(note))), "")


def candidates(manuscript: Manuscript, faults: list[IssueError] | None = None) -> Candidates | None:
    """The candidates of an issue, or None when it has no such part.

    Args:
        manuscript: As it was read.
        faults: Takes what is wrong with the stories in it, and what can be understood of them is given; None gives
            nothing then.

    Raises:
        IssueError: What stands in it cannot be understood; with its line.
    """
    text = manuscript.text.removeprefix("\ufeff")
    lines, body_at = visible(lines_of(text)), begin(text, manuscript.path)
    for first, last in comments(lines, body_at, manuscript.path):
        head = HEAD.match(lines[first])
        if head is None:
            continue
        inside, before = lines[first + 1 : last], first + 1
        told: list[IssueError] | None = None if faults is None else []
        _, sections = body_of(inside, manuscript.path, told, offset=before)
        notes = tuple(line for line in inside if HINT not in line and TOOL_TEXT.match(line))
        spans = spans_of(inside, manuscript.path, None if faults is None else [], offset=before)
        if faults is not None:
            faults += told or ()
        return Candidates(first + 1, last + 1, int(head[1] or 0), sections, notes, spans)
    return None


def with_candidates(manuscript: Manuscript, sections: Sequence[Section], newest: int) -> Manuscript:
    """The issue with more candidates in front of those it has; every other line stays as it is.

    Args:
        manuscript: As it was read.
        sections: Stories to choose from.
        newest: Id of the newest article offered by now.
    """
    there = candidates(manuscript)
    if there is None:
        text = "\n\n".join([f"<!-- {CANDIDATES} {newest}\n{HINT}", *_blocks(sections), COMMENT_END])
        end = len(manuscript.lines)
        blank = "\n" if end and manuscript.lines[-1].strip() else ""
        return manuscript.with_lines(end + 1, end, blank + text)
    untitled = list(takewhile(lambda section: not section.title, sections))
    manuscript = _with_titled(manuscript, there, sections[len(untitled) :])
    if untitled:
        manuscript = _inserted(manuscript, there, "story", untitled)
    if newest == there.newest:
        return manuscript
    head = manuscript.lines[there.first - 1].rstrip("\r\n")
    found = HEAD.match(head)
    assert found is not None
    changed = f"{head[: found.start(1)].rstrip()} {newest}{head[found.end(1) :]}"
    return manuscript.with_lines(there.first, there.first, changed)


def without_stories(manuscript: Manuscript, lines: Collection[int]) -> Manuscript:
    """The issue without some of its candidates, and without the headings that have none left.

    Args:
        manuscript: With a part of candidates.
        lines: Lines on which the stories begin that go.
    """
    there = candidates(manuscript)
    spans = there.spans if there is not None else ()
    going = [span for span in spans if span.kind == "story" and span.first in lines]
    for at, span in enumerate(spans):
        under = list(takewhile(lambda one: one.kind != "section", spans[at + 1 :]))
        if span.kind == "section" and under and all(one in going for one in under):
            going.append(span)
    for span in sorted(going, key=lambda one: -one.first):
        last = span.last
        while not manuscript.lines[last].strip():
            last += 1
        manuscript = manuscript.with_lines(span.first, last, "")
    return manuscript


def with_notes(manuscript: Manuscript, notes: Sequence[str]) -> Manuscript:
    """The issue with these notes for its editor under the first line of its candidates, instead of those it has.

    Args:
        manuscript: With a part of candidates, or without: then nothing changes.
        notes: One line each.
    """
    there = candidates(manuscript)
    if there is None:
        return manuscript
    inside = range(there.first + 1, there.last)
    hint = next((line for line in inside if HINT in manuscript.lines[line - 1]), there.first)
    old = [line for line in inside if line != hint and TOOL_TEXT.match(manuscript.lines[line - 1])]
    if [manuscript.lines[line - 1].rstrip("\r\n") for line in old] == list(notes):
        return manuscript
    for line in reversed(old):
        manuscript = manuscript.with_lines(line, line, "")
    return manuscript.with_lines(hint + 1, hint, "\n".join(notes)) if notes else manuscript


def taken(manuscript: Manuscript, sections: Sequence[Section]) -> Manuscript:
    """The issue with these sections of stories in front of its candidates, of which none is left.

    Args:
        manuscript: With a part of candidates.
        sections: What becomes part of the issue.

    Raises:
        IssueError: It has no candidates.
    """
    there = candidates(manuscript)
    if there is None:
        raise IssueError("has no candidates", where=str(manuscript.path), mend="run: newsletter compose --refresh")
    part = f"<!-- {CANDIDATES} {there.newest}\n{HINT}\n\n{COMMENT_END}"
    stories = "\n\n".join(_blocks(sections, comment=False))
    return manuscript.with_lines(there.first, there.last, f"{stories}\n\n{part}")


def text_of(story: Story) -> str:
    """A story as it is written among the candidates.

    Args:
        story: As the draft begins with it.
    """
    return next(_blocks((Section("", (story,)),)))


def merged(sections: Sequence[Section]) -> tuple[Section, ...]:
    """Sections of the same title made one, where the first of them stands."""
    by_title: dict[str, Section] = {}
    for section in sections:
        key = arabic_fold(section.title)
        before = by_title.get(key)
        by_title[key] = section if before is None else replace(before, blocks=(*before.blocks, *section.blocks))
    return tuple(by_title.values())


def _with_titled(manuscript: Manuscript, there: Candidates, sections: Sequence[Section]) -> Manuscript:
    """Sections in front of the first heading; where that says what the last of them says, it goes."""
    heading = next((span for span in there.spans if span.kind == "section"), None)
    named = {section.line: section.title for section in there.sections}
    same = heading is not None and sections and named[heading.first] == sections[-1].title
    if same and heading is not None:
        last = heading.last
        while last < there.last - 1 and not manuscript.lines[last].strip():
            last += 1
        text = "\n\n".join(_blocks(sections)) + "\n"
        return manuscript.with_lines(heading.first, last, text)
    return _inserted(manuscript, there, "section", sections) if sections else manuscript


def _inserted(manuscript: Manuscript, there: Candidates, before: str, sections: Sequence[Section]) -> Manuscript:
    """Sections in front of the first story or heading, or where there is none at the end."""
    kinds = {"section", "story"} if before == "story" else {before}
    at = next((span.first for span in there.spans if span.kind in kinds), there.last)
    blank = "" if not manuscript.lines[at - 2].strip() else "\n"
    return manuscript.with_lines(at, at - 1, blank + "\n\n".join(_blocks(sections)) + "\n")


def _blocks(sections: Sequence[Section], *, comment: bool = True) -> Iterator[str]:
    """The text of sections, block by block.

    Args:
        sections: The sections, in the order to be written.
        comment: It stands in a comment, which must not end in the middle of it.
    """
    for section in sections:
        for block in blocks_of(section):
            # An escaped bracket reads back as the same bracket.
            yield block.replace(COMMENT_END, "--\\>") if comment else block
