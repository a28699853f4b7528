"""The tables of a page in Markdown."""

from __future__ import annotations

import re

Row = list[str]


def tables(text: str) -> list[list[Row]]:
    """Each table that stands in no list, in order: its rows without the head, cells without marks."""
    found = re.findall(r"(?m)(?:^\|.*\n)+", text)
    return [[_cells(line) for line in one.splitlines()[2:]] for one in found]


def _cells(line: str) -> Row:
    return [re.sub(r"[*`\u200e\u200f]", "", cell).strip() for cell in line.strip("|").split("|")]
