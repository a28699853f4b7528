"""Stylesheet and modules as they are served: without the remarks and the spaces that only their readers need. Pure."""

from __future__ import annotations

import re

_REMARK = re.compile(r"/\*.*?\*/", re.DOTALL)
_SPACE = re.compile(r"\s*([{};,])\s*|(?<=:)\s+")
_PIECE = re.compile(
    r"(?P<kept>\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`"
    r"|(?<=[(,=:?|&!\s])/(?![/*\s])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/[a-z]*)"
    r"|(?P<remark>//[^\n]*|/\*.*?\*/)|(?P<space>\s+)|(?P<rest>.)",
    re.DOTALL,
)
_SIGNS = frozenset("{}()[];,=*<>?:&|!")
"""Beside these no space is needed; beside ``+`` and ``-`` it may be."""


def styles(text: str) -> str:
    """A stylesheet without what only its readers need.

    Args:
        text: CSS without strings that hold braces, semicolons or two spaces.
    """
    return _SPACE.sub(lambda found: found[1] or "", _REMARK.sub("", text)).strip()


def script(text: str) -> str:
    """A module without what only its readers need; every name stays.

    Args:
        text: JavaScript whose statements end with semicolons, and without template literals within one another.
    """
    pieces: list[str] = []
    gap = False
    for found in _PIECE.finditer(text):
        if found["remark"] is not None or found["space"] is not None:
            gap = True
            continue
        piece = found[0]
        if piece == "}" and pieces and pieces[-1] == ";":
            pieces.pop()
        if gap and pieces and pieces[-1][-1] not in _SIGNS and piece[0] not in _SIGNS:
            pieces.append(" ")
        pieces.append(piece)
        gap = False
    return "".join(pieces)
