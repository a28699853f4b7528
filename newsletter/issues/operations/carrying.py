"""An operation that was made for one text of an issue.md, carried over to a newer text of it.

What the operation speaks of is found again in the newer text by what it says. When somebody else has changed that very
thing meanwhile, the two clash, and a person decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Literal

from newsletter.issues.operations.asked import (
    AddOperation,
    DropOperation,
    EditOperation,
    ElementOperation,
    FixOperation,
    MoveOperation,
    Operation,
    SectionOperation,
    StoryPlace,
    TakeOperation,
    ValueOperation,
    WordsOperation,
)
from newsletter.issues.operations.elements import elements
from newsletter.issues.operations.layout import IssuePart, Layout, told
from newsletter.issues.operations.wordings import clashing, story_at


@dataclass(frozen=True, slots=True)
class Clash:
    """Why an operation cannot be carried over by itself."""

    kind: Literal["same", "gone"]
    """Somebody else changed the same thing, or took it away."""
    part: IssuePart | None = None
    """What it speaks of in the older text; None for a value of the front matter."""
    other: IssuePart | None = None
    """The same in the newer text."""


class _ClashError(Exception):
    def __init__(self, clash: Clash) -> None:
        self.clash = clash


def carried(operation: Operation, base: Layout, newer: Layout, *, anyway: bool = False) -> Operation | Clash:
    """The operation for the newer text, or why there is none.

    Args:
        operation: Made for the older text.
        base: The older text.
        newer: The newer one.
        anyway: Also where somebody else changed the same thing: it wins over them.
    """
    try:
        return _Carrier(base, newer, anyway).carry(operation)
    except _ClashError as error:
        return error.clash


def found_again(base: Sequence[IssuePart], newer: Sequence[IssuePart]) -> dict[int, tuple[int, bool]]:
    """Where parts of one text are in another, and whether they say the same there.

    Args:
        base: The parts of the older text.
        newer: The parts of the newer one.
    """
    old, new = told(base), told(newer)
    times, later = Counter(old), Counter(new)
    places = {one: at for at, one in enumerate(new)}
    # What says the same and stands once in both is the same, wherever it went.
    found = {at: (places[one], True) for at, one in enumerate(old) if times[one] == later[one] == 1}
    steps = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for kind, start, end, new_start, _ in steps:
        if kind == "equal":
            for at in range(start, end):
                found.setdefault(at, (new_start + at - start, True))
    taken = {at for at, _ in found.values()}
    for at, one in enumerate(old):
        if one[0] == "story" and one[2] and at not in found:
            same = [n for n, other in enumerate(new) if n not in taken and other[0] == "story" and other[2] == one[2]]
            if len(same) == 1:
                found[at] = same[0], False
                taken.add(same[0])
    for kind, start, end, new_start, new_end in steps:
        left = [at for at in range(start, end) if at not in found]
        free = [at for at in range(new_start, new_end) if at not in taken]
        if kind == "replace" and [old[at][0] for at in left] == [new[at][0] for at in free]:
            found |= {at: (other, False) for at, other in zip(left, free, strict=True)}
    return found


class _Carrier:
    def __init__(self, base: Layout, newer: Layout, anyway: bool) -> None:
        self.base = base
        self.newer = newer
        self.anyway = anyway
        self.parts = found_again(base.parts, newer.parts)

    def carry(self, operation: Operation) -> Operation:
        match operation:
            case ValueOperation():
                return self._value(operation)
            case WordsOperation():
                return self._words(operation)
            case AddOperation():
                return replace(operation, place=self._place(operation.place))
            case DropOperation():
                return replace(operation, line=self._line(operation.line))
            case TakeOperation():
                waiting = found_again(self.base.waiting, self.newer.waiting)
                line = self._line(operation.line, self.base.waiting, self.newer.waiting, waiting)
                return replace(operation, line=line, place=self._place(operation.place))
            case MoveOperation():
                # Where it stands is one thing, what it says another.
                line = self._line(operation.line, same=False)
                return replace(operation, line=line, place=self._place(operation.place))
            case EditOperation():
                return self._edit(operation)
            case SectionOperation():
                return self._section(operation)
            case ElementOperation():
                return self._element(operation)
            case FixOperation():
                return replace(operation, line=self._inner(operation.line))
            case _:
                raise _ClashError(Clash("same"))

    def _value(self, operation: ValueOperation) -> ValueOperation:
        keys = ("subject", "subjects") if operation.key in ("subject", "subjects") else (operation.key,)
        if not self.anyway and any(getattr(self.base.issue, key) != getattr(self.newer.issue, key) for key in keys):
            raise _ClashError(Clash("same"))
        return operation

    def _words(self, operation: WordsOperation) -> WordsOperation:
        if operation.line is None:
            return replace(operation, place=self._place(operation.place))
        if not operation.line:
            before, after = (_opening(one) for one in (self.base, self.newer))
            if told(before) != told(after) and not self.anyway:
                raise _ClashError(Clash("same", *(IssuePart("prose", 0, (_markdown(one),)) for one in (before, after))))
            return operation
        line = self._line(operation.line)
        inner = [one.line for one in self.base.parts if operation.line <= one.line <= operation.last]
        lines = [self._line(one) for one in inner]
        return replace(operation, line=line, last=max(lines, default=0))

    def _edit(self, operation: EditOperation) -> EditOperation:
        """Two people may work on one story: only the same field of it is one thing."""
        line = self._line(operation.line, same=False)
        old, new = story_at(self.base, operation.line), story_at(self.newer, line)
        if old is None or new is None or (clashing(operation, old, new) and not self.anyway):
            line = self._line(operation.line)
        return replace(operation, line=line)

    def _section(self, operation: SectionOperation) -> SectionOperation:
        line = self._line(operation.line, same=operation.do == "rename") if operation.line else 0
        if operation.do == "drop":
            at = next(n for n, one in enumerate(self.base.parts) if one.line == operation.line)
            for one in self.base.parts[at : self.base.end(at)]:
                self._line(one.line)
        before = self._line(operation.before, same=False) if operation.before else 0
        into = self._line(operation.into, same=False) if operation.into else 0
        return replace(operation, line=line, before=before, into=into)

    def _element(self, operation: ElementOperation) -> ElementOperation:
        if operation.do == "insert":
            within = self._line(operation.within, same=False) if operation.within else 0
            place = operation.place if within else self._place(operation.place)
            return replace(operation, within=within, place=place)
        return replace(operation, line=self._inner(operation.line))

    def _inner(self, line: int) -> int:
        """A line within a part, or one of the front matter."""
        key = next((key for key, at in self.base.issue.lines.items() if at == line), "")
        if key:
            old, new = (getattr(one.issue, key, None) for one in (self.base, self.newer))
            if old != new or key not in self.newer.issue.lines:
                raise _ClashError(Clash("same"))
            return self.newer.issue.lines[key]
        above = [one.line for one in self.base.parts if one.line <= line]
        if not above:
            raise _ClashError(Clash("gone"))
        moved = self._line(above[-1])
        own = [one.line for one in elements(self.base) if above[-1] <= one.line]
        if line in own:
            there = [one.line for one in elements(self.newer) if moved <= one.line]
            return there[own.index(line)]
        return moved + line - above[-1]

    def _place(self, place: StoryPlace) -> StoryPlace:
        section = place.section
        if isinstance(section, int) and section:
            section = self._line(section, same=False)
        return StoryPlace(section, self._line(place.before, same=False) if place.before else 0)

    def _line(
        self,
        line: int,
        base: Sequence[IssuePart] | None = None,
        newer: Sequence[IssuePart] | None = None,
        found: dict[int, tuple[int, bool]] | None = None,
        *,
        same: bool = True,
    ) -> int:
        """Where a part begins in the newer text.

        Args:
            line: Where it begins in the older one.
            base: The parts of the older text; None for those of the body.
            newer: The parts of the newer one.
            found: Where each is.
            same: Whether it must say the same there.
        """
        old, new = (self.base.parts, self.newer.parts) if base is None or newer is None else (base, newer)
        at = next((n for n, one in enumerate(old) if one.line == line), None)
        if at is None:
            raise _ClashError(Clash("gone"))
        there = (self.parts if found is None else found).get(at)
        if there is None:
            raise _ClashError(Clash("gone", old[at]))
        if same and not there[1] and not self.anyway:
            raise _ClashError(Clash("same", old[at], new[there[0]]))
        return new[there[0]].line


def _opening(layout: Layout) -> list[IssuePart]:
    end = next((n for n, one in enumerate(layout.parts) if one.kind != "prose"), len(layout.parts))
    return list(layout.parts[:end])


def _markdown(parts: Sequence[IssuePart]) -> str:
    return "\n\n".join(one.told[0] for one in parts)
