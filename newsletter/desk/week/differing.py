"""Two wordings of one thing as a person reads them: without signs of Markdown, what differs marked word by word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.issues.operations import FieldWordings, changes

if TYPE_CHECKING:
    from newsletter.workflows.editing import Conflict

_TARGET = re.compile(r"(?<!\\)!?\[((?:[^\[\]\\]|\\.)*)\]\([^()\s]*(?: \"[^\"]*\")?\)")
"""A link or picture of Markdown: whoever compares words reads those in it."""
_SIGNS = re.compile(r"(?m)^ {0,3}(?:#{1,6}|>|:{3,}) *|(?<!\\)(?:\*\*|__)|\\(?=[!-/:-@\[-`{-~])")
_POINT = re.compile(r"(?m)^( *)[-*+] ")
MOST = 20_000
"""Signs of a text that is shown without those of Markdown."""


@dataclass(frozen=True, slots=True)
class ShownField:
    """One field of a conflict; each wording as what is the same, left out of what stood there, and new."""

    name: str
    """As operations call it; empty for lines of the file."""
    mine: tuple[tuple[str, str], ...]
    theirs: tuple[tuple[str, str], ...]
    both: str = ""
    behind: bool = False
    """Whether both wordings stand behind one another, since the same words were changed."""


def shown(conflict: Conflict) -> tuple[ShownField, ...]:
    """What a conflict shows, field by field.

    Args:
        conflict: As it was found.
    """
    fields: Sequence[FieldWordings] = conflict.fields
    if not fields and (conflict.mine or conflict.theirs):
        fields = (FieldWordings("", conflict.base, conflict.mine, conflict.theirs),)
    return tuple(_field(one) for one in fields)


def _field(field: FieldWordings) -> ShownField:
    base, mine, theirs, both = (readable(one) for one in (field.base, field.mine, field.theirs, field.both))
    if mine == theirs:
        # What differs is a sign, or where a link leads.
        base, mine, theirs, both = field.base, field.mine, field.theirs, field.both
    behind = field.both in (f"{field.theirs} / {field.mine}", f"{field.theirs}\n\n{field.mine}")
    # Without what stood there the two are compared with one another.
    return ShownField(
        field.name, tuple(changes(base or theirs, mine)), tuple(changes(base or mine, theirs)), both, behind
    )


def readable(text: str) -> str:
    """Markdown without its signs, as far as they are in the way of whoever compares words.

    Args:
        text: As it stands in the file.
    """
    if len(text) > MOST:
        return text
    return _POINT.sub(r"\1• ", _SIGNS.sub("", _TARGET.sub(r"\1", text))).strip()
