"""When two people changed the same thing: what each wrote, side by side, for one of them to decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from newsletter.errors import IssueError
from newsletter.issues.operations import FieldWordings, clashing, joined, story_at
from newsletter.issues.operations.asked import EditOperation, ValueOperation, WordsOperation

if TYPE_CHECKING:
    from newsletter.issues.operations import Clash, Layout, Operation


@dataclass(frozen=True, slots=True)
class Conflict:
    """A change that was made for a text that the file does not hold any more."""

    kind: Literal["apart", "same", "gone", "unknown"]
    """Whether the other change is elsewhere, at the same place, took the place away, or what it was is not known."""
    etag: str
    """Of the file as it is."""
    about: str = ""
    """The story or section that it is about, or the key of a value."""
    base: str = ""
    mine: str = ""
    theirs: str = ""
    """What stood there, what was to stand there, and what stands there."""
    fields: tuple[FieldWordings, ...] = ()
    """The same, field by field, where what was changed has any."""


class ConflictError(IssueError):
    """A change that waits for somebody's decision.

    Args:
        conflict: What was changed by whom.
        path: Of the file.
    """

    def __init__(self, conflict: Conflict, path: str) -> None:
        super().__init__(_SAID[conflict.kind], where=path, mend="look at both, and choose")
        self.conflict = conflict


_SAID = {
    "apart": "was changed meanwhile, at another place",
    "same": "somebody else changed the same thing meanwhile",
    "gone": "somebody else took away meanwhile what this was about",
    "unknown": "was changed meanwhile, and what it said before is not known any more",
}


def conflict_of(
    etag: str, operation: Operation, base: Layout, newer: Layout, clash: Clash | None, mine: str
) -> Conflict:
    """What is shown of a conflict.

    Args:
        etag: Of the newer text.
        operation: What was to be done to the older one.
        base: The older text.
        newer: The newer one.
        clash: Why it cannot be done to the newer one; None when it can.
        mine: What it would have made of its place in the older one; a value speaks for itself.
    """
    if isinstance(operation, ValueOperation):
        old, new = (_value(one, operation.key) for one in (base, newer))
        mine = operation.value if isinstance(operation.value, str) else " | ".join(operation.value)
        kind: Literal["same", "apart"] = "same" if clash is not None else "apart"
        return Conflict(kind, etag, operation.key, old, mine, new, fields_of(operation, base, newer, clash))
    kinds: Literal["same", "gone", "apart"] = clash.kind if clash is not None else "apart"
    part = clash.part if clash is not None else None
    if part is None:
        return Conflict(kinds, etag, mine=mine)
    other = clash.other if clash is not None else None
    old = part.told[0] if part.kind == "prose" and not part.line else block(base, part.line)
    new = "" if other is None else other.told[0] if not other.line else block(newer, other.line)
    about = part.told[0] if part.kind != "prose" else ""
    return Conflict(kinds, etag, about, old, mine, new, fields_of(operation, base, newer, clash))


def fields_of(operation: Operation, base: Layout, newer: Layout, clash: Clash | None) -> tuple[FieldWordings, ...]:
    """What an operation and somebody else have changed both, field by field; nothing where it has no fields.

    Args:
        operation: Made for the older text.
        base: The older text.
        newer: The newer one.
        clash: Why it cannot be carried over.
    """
    if clash is None or clash.kind != "same":
        return ()
    if isinstance(operation, ValueOperation):
        old, theirs = (_value(one, operation.key) for one in (base, newer))
        if not isinstance(operation.value, str) or operation.key not in ("subject", "preheader"):
            return ()
        both = joined(old, operation.value, theirs, one_line=True)
        return (FieldWordings(operation.key, old, operation.value, theirs, both),)
    if clash.part is None or clash.other is None:
        return ()
    if isinstance(operation, EditOperation):
        before, after = story_at(base, operation.line), story_at(newer, clash.other.line)
        return clashing(operation, before, after) if before is not None and after is not None else ()
    if isinstance(operation, WordsOperation):
        first = operation.line or 0
        if sum(first <= one.line <= operation.last for one in base.parts) <= 1:
            old, mine, theirs = clash.part.told[0], operation.text, clash.other.told[0]
            return (FieldWordings("text", old, mine, theirs, joined(old, mine, theirs, one_line=False)),)
    return ()


def block(layout: Layout, line: int) -> str:
    """The lines of what begins on a line, as they are read."""
    spans = (*layout.spans, *(layout.candidates.spans if layout.candidates is not None else ()))
    last = next((span.last for span in spans if span.first == line), line)
    lines = layout.manuscript.lines[line - 1 : last]
    return "\n".join(one.rstrip("\r\n") for one in lines)


def _value(layout: Layout, key: str) -> str:
    value = getattr(layout.issue, key)
    return value if isinstance(value, str) else " | ".join(value)
