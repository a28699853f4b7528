"""Two wordings of the same thing: which fields of a story two people changed, and how both wordings can be kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from newsletter.issues.operations.asked import EditOperation, Operation, ValueOperation, WordsOperation

if TYPE_CHECKING:
    from newsletter.issues.operations.layout import Layout
    from newsletter.models import Story

FIELDS = {
    "title": "headline",
    "url": "url",
    "summary": "summary",
    "image": "image",
    "alt": "image_alt",
    "caption": "image_caption",
}
"""What an operation calls the parts of a story, and what the story calls them."""
_PICTURE = ("image", "alt", "caption")
_SIGN = "،؛؟.,;:!?…()«»\"'"
_PART = rf"[{_SIGN}]+|\S*[^\s{_SIGN}]"
_PARTS = re.compile(rf"\s+|{_PART}")
_WORDS = re.compile(rf"(?:{_PART})\s*|\s+")
"""A word, or signs between words, with the space behind it."""
MOST_WORDS = 3000
"""Words of a text that are compared one by one: it costs the square of their number."""


@dataclass(frozen=True, slots=True)
class FieldWordings:
    """One field, as it was, as somebody wants it, and as somebody else wrote it meanwhile."""

    name: str
    """As operations call it; ``text`` for words of the editor."""
    base: str
    mine: str
    theirs: str
    both: str = ""
    """Both of them together; empty where they cannot be."""


def story_at(layout: Layout, line: int) -> Story | None:
    """The story whose headline stands on a line; None when there is none.

    Args:
        layout: Of the file.
        line: From 1.
    """
    return next((one for one in layout.issue.stories if one.line == line), None)


def clashing(operation: EditOperation, base: Story, newer: Story) -> tuple[FieldWordings, ...]:
    """The fields that an operation changes and somebody else has changed otherwise; a picture and its words are one.

    Args:
        operation: Made for the older story.
        base: The older one.
        newer: The newer one.
    """
    asked = {key: value for key in FIELDS if (value := getattr(operation, key)) is not None}
    if asked.keys() & set(_PICTURE):
        asked = {key: getattr(base, FIELDS[key]) for key in _PICTURE} | asked
    found = []
    for key, mine in asked.items():
        before, theirs = (getattr(one, FIELDS[key]) for one in (base, newer))
        if theirs not in (before, mine):
            both = joined(before, mine, theirs, one_line=key != "summary") if key not in ("url", "image") else ""
            found.append(FieldWordings(key, before, mine, theirs, both))
    return tuple(found)


def with_both(operation: Operation, fields: Sequence[FieldWordings]) -> Operation | None:
    """The operation so that it leaves both wordings; None where they cannot stand together.

    Args:
        operation: As it was asked for.
        fields: What it clashes in.
    """
    if not fields or not all(one.both for one in fields):
        return None
    if isinstance(operation, EditOperation):
        texts: dict[str, Any] = {one.name: one.both for one in fields}
        return replace(operation, **texts)
    if isinstance(operation, ValueOperation):
        return replace(operation, value=fields[0].both)
    return replace(operation, text=fields[0].both) if isinstance(operation, WordsOperation) else None


def joined(base: str, mine: str, theirs: str, *, one_line: bool) -> str:
    """Both changes of a text in one, or the two texts behind one another where the same words were changed.

    Args:
        base: What it was.
        mine: What one made of it.
        theirs: What the other made of it.
        one_line: Whether it may have no line ends.
    """
    parts = [_PARTS.findall(one) for one in (base, mine, theirs)]
    made = merged(*parts) if max(map(len, parts)) <= 2 * MOST_WORDS else None
    if made is not None:
        return "".join(made)
    return " / ".join((theirs, mine)) if one_line else f"{theirs}\n\n{mine}"


def changes(old: str, new: str) -> list[tuple[str, str]]:
    """What became of a text, word by word: ``same``, ``out`` or ``in``, and the words.

    Args:
        old: What it was.
        new: What it is.
    """
    before, after = (_WORDS.findall(one) for one in (old, new))
    if max(len(before), len(after)) > MOST_WORDS:
        return [("out", old), ("in", new)] if old != new else [("same", new)]
    # A word is the same with whatever space behind it.
    steps = SequenceMatcher(None, [one.strip() for one in before], [one.strip() for one in after], autojunk=False)
    found: list[tuple[str, str]] = []
    for kind, start, end, first, last in steps.get_opcodes():
        if kind == "equal":
            found.append(("same", "".join(after[first:last])))
            continue
        found += [("out", "".join(before[start:end]))] if start < end else []
        found += [("in", "".join(after[first:last]))] if first < last else []
    return found


def merged(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> list[str] | None:
    """Both changes of the same lines made together; None when they touch the same ones.

    Args:
        base: The lines that both began with.
        ours: What one made of them.
        theirs: What the other made of them.
    """
    changes = sorted({*_changes(base, ours), *_changes(base, theirs)}, reverse=True)
    made, edge = list(base), len(base) + 1
    for start, end, lines in changes:
        if end > edge or (end == edge and start == end):
            return None
        made[start:end] = lines
        edge = start
    return made


def _changes(base: Sequence[str], other: Sequence[str]) -> list[tuple[int, int, tuple[str, ...]]]:
    steps = SequenceMatcher(None, base, other, autojunk=False).get_opcodes()
    return [(start, end, tuple(other[a:b])) for kind, start, end, a, b in steps if kind != "equal"]
