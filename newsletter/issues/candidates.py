"""What stands in an issue.md and is not part of the issue: comments, and in one of them the candidates.

A comment begins a line with ``<!--`` and ends with ``-->``, as in any Markdown (CommonMark 0.31 section 4.6, kind 2),
where it shows as nothing. The first comment whose first word is ``candidates`` holds stories that wait to be chosen:
an editor cuts one from there and pastes it above. The number behind the word is the newest article that was ever
offered, so a candidate that the editor deletes does not come back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from newsletter.errors import IssueError
from newsletter.issues.lines import CANDIDATES, COMMENT_END, HEAD, HINT, comments, lines_of, visible
from newsletter.issues.manuscript import Manuscript
from newsletter.issues.reading import begin, body_of
from newsletter.issues.writing import blocks_of
from newsletter.models import Section, Story
from newsletter.text.tidy import arabic_fold


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

    @property
    def stories(self) -> tuple[Story, ...]:
        """Every candidate, in order."""
        return tuple(story for section in self.sections for story in section.stories)


def candidates(manuscript: Manuscript) -> Candidates | None:
    """The candidates of an issue, or None when it has no such part.

    Raises:
        IssueError: What stands in it cannot be understood; with its line.
    """
    text = manuscript.text.removeprefix("\ufeff")
    lines, body_at = visible(lines_of(text)), begin(text, manuscript.path)
    for first, last in comments(lines, body_at, manuscript.path):
        head = HEAD.match(lines[first])
        if head is None:
            continue
        inside = [line if first < at < last else "" for at, line in enumerate(lines)]
        _, sections = body_of(inside, manuscript.path)
        return Candidates(first + 1, last + 1, int(head[1] or 0), sections)
    return None


def with_candidates(manuscript: Manuscript, sections: Sequence[Section], newest: int) -> Manuscript:
    """The issue with more candidates at the end of those it has; every other line stays as it is.

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
    if sections:
        title = there.sections[-1].title if there.sections else ""
        added = "\n\n".join(_blocks(sections, under=title))
        empty = not manuscript.lines[there.last - 2].strip()
        text = ("" if empty else "\n") + added + "\n"
        manuscript = manuscript.with_lines(there.last, there.last - 1, text)
    if newest == there.newest:
        return manuscript
    head = manuscript.lines[there.first - 1].rstrip("\r\n")
    found = HEAD.match(head)
    assert found is not None
    changed = f"{head[: found.start(1)].rstrip()} {newest}{head[found.end(1) :]}"
    return manuscript.with_lines(there.first, there.first, changed)


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


def merged(sections: Sequence[Section]) -> tuple[Section, ...]:
    """Sections of the same title made one, where the first of them stands."""
    by_title: dict[str, Section] = {}
    for section in sections:
        key = arabic_fold(section.title)
        before = by_title.get(key)
        by_title[key] = section if before is None else replace(before, blocks=(*before.blocks, *section.blocks))
    return tuple(by_title.values())


def _blocks(sections: Sequence[Section], *, under: str = "", comment: bool = True) -> Iterator[str]:
    """The text of sections, block by block.

    Args:
        sections: The sections, in the order to be written.
        under: Title of the section that stands before; its heading is not written again.
        comment: It stands in a comment, which must not end in the middle of it.
    """
    for at, section in enumerate(sections):
        titled = replace(section, title="") if at == 0 and section.title == under else section
        for block in blocks_of(titled):
            # An escaped bracket reads back as the same bracket.
            yield block.replace(COMMENT_END, "--\\>") if comment else block
