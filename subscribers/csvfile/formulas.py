"""Cells that a spreadsheet would calculate, made harmless and made whole again (pure).

A cell that begins with ``= + - @``, their full-width forms, a tab or a line break is read as a formula by Excel,
LibreOffice or Google Sheets (OWASP, "CSV Injection"). An apostrophe in front turns it into text. So that no text is
lost on the way back, a cell that begins with an apostrophe gets another one.
"""

from __future__ import annotations

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_GUARD = "'"


def neutral(cell: str) -> str:
    """A cell as it may stand in a file that somebody opens in a spreadsheet."""
    return _GUARD + cell if cell.startswith((*_DANGEROUS, _GUARD)) else cell


def restored(cell: str) -> str:
    """The cell that `neutral` was given."""
    return cell[1:] if cell.startswith(_GUARD) and cell[1:].startswith((*_DANGEROUS, _GUARD)) else cell
