"""Whether a table fits a telephone with its words whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.issues.prose.parts import Block

MANY = 4
"""Columns from which on the face of a table is smaller."""
_TELEPHONE = 335
"""Pixels of a table on a telephone of 375, less its margins of 20."""
_ADVANCE = 0.56
"""Width of a sign by the height of its face, in the mean of Arabic and Latin words (measured in Chromium with Noto)."""
_FACES = {"": (15, 20), " many": (13, 12), " most": (12, 8)}
"""Pixels of the face and of the room beside it in a cell, by the size in ``email/look.mjml.j2``."""
_FEWEST = 3


def size_of(table: Block) -> str:
    """What its cells are called beyond ``data td``, by how many columns it has: nothing, ``many`` or ``most``.

    Args:
        table: Rows of cells.
    """
    columns = len(table.children[0].children) if table.children else 0
    return " most" if columns > MANY else " many" if columns == MANY else ""


def stacks(table: Block) -> bool:
    """Whether its longest words do not stand beside each other on a telephone, so that each row has to become a list.

    Args:
        table: Rows of cells.
    """
    face, beside = _FACES[size_of(table)]
    columns = list(zip(*([_longest(cell) for cell in row.children] for row in table.children), strict=False))
    needed = sum(max(column) * face * _ADVANCE + beside for column in columns)
    return len(columns) >= _FEWEST and needed > _TELEPHONE


def _longest(cell: Block) -> int:
    """Signs of the longest word of a cell, without those that stand above or below others."""
    from unicodedata import combining

    words = cell.inline.text.split() if cell.inline is not None else []
    return max((sum(not combining(sign) for sign in word) for word in words), default=0)
