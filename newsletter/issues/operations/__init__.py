"""Operations of an editor on an issue.md: read from JSON, applied to its lines, carried over to a newer text of it.

Whatever an operation does not touch stays as it is, byte for byte; one that would change what stands around it is
refused in words.
"""

from __future__ import annotations

from newsletter.errors import IssueError
from newsletter.issues.manuscript import Manuscript
from newsletter.issues.operations import passages, sections, stories
from newsletter.issues.operations.asked import (
    AddOperation,
    DropOperation,
    EditOperation,
    ElementOperation,
    FixOperation,
    HistoryOperation,
    LineOperation,
    MoveOperation,
    Operation,
    SectionOperation,
    StoryPlace,
    TakeOperation,
    ValueOperation,
    WordsOperation,
    parsed,
)
from newsletter.issues.operations.carrying import Clash, carried
from newsletter.issues.operations.elements import PlacedElement, elements
from newsletter.issues.operations.layout import IssuePart, Layout
from newsletter.issues.operations.wordings import FieldWordings, changes, clashing, joined, merged, story_at, with_both
from newsletter.models import Story

__all__ = [
    "AddOperation",
    "Clash",
    "DropOperation",
    "EditOperation",
    "ElementOperation",
    "FieldWordings",
    "FixOperation",
    "HistoryOperation",
    "IssuePart",
    "Layout",
    "LineOperation",
    "MoveOperation",
    "Operation",
    "PlacedElement",
    "SectionOperation",
    "StoryPlace",
    "TakeOperation",
    "ValueOperation",
    "WordsOperation",
    "apply",
    "carried",
    "changes",
    "clashing",
    "elements",
    "joined",
    "merged",
    "parsed",
    "story_at",
    "with_both",
]


def apply(
    manuscript: Manuscript, operation: Operation, *, newest: int = 0, story: Story | None = None
) -> tuple[Manuscript, int]:
    """What an operation makes of an issue.md, and the line on which stands what it was about (0: it is gone).

    Args:
        manuscript: As it was read.
        operation: What is to be done; neither a step of the history nor a mend of the check, which need more than it.
        newest: Id of the newest article of the library, for a file that gets its first candidates.
        story: For ``add``: the article as a story.

    Raises:
        IssueError: It cannot be done, and why.
    """
    if isinstance(operation, LineOperation):
        return _with_line(manuscript, operation), operation.line
    layout = Layout.of(manuscript)
    match operation:
        case ValueOperation():
            return _with_value(layout, operation)
        case WordsOperation():
            after, line = passages.words(layout, operation)
        case AddOperation() if story is not None:
            after, line = stories.add(layout, operation, story)
        case DropOperation():
            after, line = stories.drop(layout, operation, newest)
        case TakeOperation():
            after, line = stories.take(layout, operation)
        case MoveOperation():
            after, line = stories.move(layout, operation)
        case EditOperation():
            after, line = stories.edit(layout, operation)
        case SectionOperation():
            after, line = sections.change(layout, operation, newest)
        case ElementOperation():
            after, line = passages.element(layout, operation)
        case _:
            raise TypeError(f"{operation} needs more than the text of the issue")
    return after.manuscript, line


def _with_value(layout: Layout, operation: ValueOperation) -> tuple[Manuscript, int]:
    key, instead, tried = operation.key, "", layout.issue.subjects
    value: str | tuple[str, ...] = operation.value
    if key == "subjects":
        given = tuple(one for one in value if one.strip())
        if len(given) > 1:
            value, instead = given, "" if tried else "subject"
        else:
            key, value = "subject", given[0] if given else layout.issue.subject
            instead = "subjects" if tried else ""
    elif key == "subject" and tried:
        key, value = "subjects", (str(value), *tried[1:])
    manuscript = layout.manuscript
    if instead or getattr(layout.issue, key) != value:
        manuscript = manuscript.with_value(key, value, instead_of=instead)
    after = Layout.of(manuscript)
    return manuscript, after.issue.lines.get(key, 0)


def _with_line(manuscript: Manuscript, operation: LineOperation) -> Manuscript:
    if operation.line > len(manuscript.lines):
        raise IssueError("the file has no such line", where=f"{manuscript.path}:{operation.line}")
    text = operation.text
    first = operation.line
    made = manuscript.with_lines(first, first, text or "\n")
    return made if text else made.with_lines(first + 1, first + 1, "")
