"""Lines of an issue.md taken out, put in and written anew, so that what stands around them reads as before."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from newsletter.issues.manuscript import Manuscript

if TYPE_CHECKING:
    from newsletter.issues.operations.layout import Layout

RULE = "---"
"""Ends a story, so that the words behind it are the editor's."""


def without(layout: Layout, first: int, last: int) -> Manuscript:
    """The file without some lines and the empty ones behind them; what is left stays apart.

    Args:
        layout: Of the file.
        first: First line that goes.
        last: Last line that goes.
    """
    raw = layout.manuscript.lines
    behind = last
    while behind < len(raw) and not raw[behind].strip():
        behind += 1
    stands_apart = first == 1 or not raw[first - 2].strip()
    if behind > last and behind < len(raw) and not stands_apart:
        behind -= 1
    return layout.manuscript.with_lines(first, behind, "")


def put_before(manuscript: Manuscript, line: int, text: str) -> tuple[Manuscript, int]:
    """The file with a block before a line, empty lines around it, and the line on which it begins.

    Args:
        manuscript: The file.
        line: What comes behind the block.
        text: The block.
    """
    blank = "\n" if line > 1 and manuscript.lines[line - 2].strip() else ""
    return manuscript.with_lines(line, line - 1, f"{blank}{text}\n"), line + len(blank)


def put_behind(manuscript: Manuscript, line: int, text: str) -> tuple[Manuscript, int]:
    """The file with a block behind a line, empty lines around it, and the line on which it begins.

    Args:
        manuscript: The file.
        line: What comes before the block.
        text: The block.
    """
    raw = manuscript.lines
    if line == len(raw):
        return manuscript.with_lines(line + 1, line, f"\n{text}"), line + 2
    if raw[line].strip():
        return manuscript.with_lines(line + 1, line, f"\n{text}\n"), line + 2
    more = line + 1 < len(raw) and raw[line + 1].strip()
    return manuscript.with_lines(line + 2, line + 1, f"{text}\n" if more else text), line + 2


def put(layout: Layout, at: int, text: str, *, story: bool) -> tuple[Manuscript, int]:
    """The file with a story or a passage at a place of the row of parts, and the line on which it begins.

    Args:
        layout: Of the file.
        at: The part that it comes before; that of the next heading, or behind the last, for the end of a section.
        text: Its lines.
        story: Whether it is a story, which ends where a rule stands, or words, which need one behind a story.
    """
    parts, spans, manuscript = layout.parts, layout.spans, layout.manuscript
    inner = at < len(parts) and parts[at].kind != "section"
    here = layout.span(at) if at < len(parts) else len(spans)
    before = spans[here - 1] if here else None
    hidden = before is not None and before.kind == "rule" and here > 1 and spans[here - 2].kind == "story"
    lead = "" if story or before is None or before.kind != "story" else f"{RULE}\n\n"
    shift = lead.count("\n")
    if not inner:
        made, line = put_behind(manuscript, before.last if before is not None else layout.body_at, lead + text)
        return made, line + shift
    if story and parts[at].kind == "prose":
        if hidden and before is not None:
            return put_before(manuscript, layout.first(before.first), text)
        return put_before(manuscript, layout.first(parts[at].line), f"{text}\n\n{RULE}")
    made, line = put_before(manuscript, layout.first(parts[at].line), lead + text)
    return made, line + shift


def rewritten(layout: Layout, first: int, last: int, text: str) -> Manuscript:
    """The file with other words on some lines: a line that says the same stays, byte for byte, and so do comments.

    Args:
        layout: Of the file.
        first: First line that may go.
        last: Last line that may go.
        text: What these lines are to say, as they are read.
    """
    old, new = list(layout.seen[first - 1 : last]), text.split("\n")
    inner = [(begun - first, ended - first + 1) for begun, ended in layout.comments if first <= begun and ended <= last]
    manuscript, raw = layout.manuscript, layout.manuscript.lines[first - 1 : last]
    for start, end, new_start, new_end in reversed(_steps(old, new, inner)):
        kept = [raw[at].rstrip("\r\n") for begun, ended in inner if start <= begun < end for at in range(begun, ended)]
        fresh = new[new_start:new_end]
        for _ in kept:
            # What was read of a comment is an empty line.
            if "" in fresh:
                fresh.remove("")
        lines = kept + fresh
        # One empty line is a text that ``with_lines`` takes for none.
        manuscript = manuscript.with_lines(first + start, first + end - 1, "\n" if lines == [""] else "\n".join(lines))
        if lines == [""]:
            manuscript = manuscript.with_lines(first + start, first + start, "")
    return manuscript


def _steps(old: list[str], new: list[str], comments: list[tuple[int, int]]) -> list[tuple[int, int, int, int]]:
    """What changes between lines, as ranges of both; a comment is within one of them as a whole, or in none."""
    found = [step[1:] for step in SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if step[0] != "equal"]
    for begun, ended in comments:
        touching = [one for one in found if one[0] < ended and one[1] > begun]
        if touching:
            start, end, new_start, new_end = (*touching[0][:1], touching[-1][1], touching[0][2], touching[-1][3])
            # Beside the changes both say the same.
            new_start -= max(start - begun, 0)
            new_end += max(ended - end, 0)
            whole = (min(start, begun), max(end, ended), new_start, new_end)
            found = sorted([*(one for one in found if one not in touching), whole])
    return found


def text_of(lines: Sequence[str]) -> str:
    """Lines of a file as text without a line end behind the last.

    Args:
        lines: With their line ends, of whatever kind.
    """
    return "".join(lines).replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
