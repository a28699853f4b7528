"""The isolates that stand in a text already: those that mean nothing taken out, the others found."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from newsletter.text.bidi.roles import ISOLATED
from newsletter.text.bidi.still import Direction

LRI, RLI, FSI, PDI = "\u2066", "\u2067", "\u2068", "\u2069"
OPENING = (LRI, RLI, FSI)
SIGNS = re.compile(f"[\u2066-\u2069{ISOLATED}]")
"""Every sign of an isolate, and what stands for one."""
_OWN = re.compile("[\u2066-\u2069]")

# Embeddings and overrides: they leak past the run they were meant for, and overrides disguise text.
EMBEDDINGS = re.compile("[\u202a-\u202e]")
_STEERING = re.compile("[\u2066-\u2069\u202a-\u202e]")
_DEEPEST = 125
"""Of isolates in each other: none deeper has an effect (UAX #9, BD2)."""
# What ends a paragraph ends every isolate in it (UAX #9, BD1 and X8).
PARAGRAPHS = re.compile("([\n\r\x1c\x1d\x1e\x85\u2029]+)")


def clean(text: str) -> str:
    """Take out embeddings, overrides and every isolate that is not closed in its own paragraph.

    Args:
        text: Plain text, of any length.
    """
    text = EMBEDDINGS.sub("", text)
    if not SIGNS.search(text):
        return text
    return "".join(_balanced(part) for part in PARAGRAPHS.split(text))


def _balanced(paragraph: str) -> str:
    open_at: list[int] = []
    drop: set[int] = set()
    for at, sign in enumerate(paragraph):
        if sign in OPENING:
            open_at.append(at)
            if len(open_at) > _DEEPEST:
                drop.add(at)
        elif sign == PDI:
            if not open_at or len(open_at) > _DEEPEST:
                drop.add(at)
            if open_at:
                open_at.pop()
    drop.update(open_at)
    return "".join(sign for at, sign in enumerate(paragraph) if at not in drop)


def strip(text: str) -> str:
    """Take out every isolate, embedding and override; the single marks LRM, RLM and ALM stay.

    Args:
        text: Plain text, of any length.
    """
    return _STEERING.sub("", text)


def has_letters(text: str, direction: Direction) -> bool:
    """Tell whether a strong letter of this direction stands in the text.

    Args:
        text: Plain text, of any length.
        direction: ``rtl`` (bidi classes R and AL) or ``ltr`` (letters of class L).
    """
    return _letters(direction).search(text) is not None


@cache
def _letters(direction: Direction) -> Any:
    """The pattern of one strong letter: ``rtl`` (bidi classes R and AL) or ``ltr`` (letters of class L)."""
    import regex

    # The regex module takes code points that are not assigned for right-to-left ones.
    rtl, ltr = r"[[\p{bc=R}\p{bc=AL}]--[\u200f\u061c\p{Cn}\p{Cs}]]", r"[\p{L}&&\p{bc=L}]"
    return regex.compile(f"(?V1){rtl if direction == 'rtl' else ltr}")


def outermost(text: str) -> list[str]:
    """Cut at the outermost isolates; each of them is one piece, with its own signs.

    Args:
        text: A text whose isolates are all closed, as ``clean`` gives it.
    """
    if not SIGNS.search(text):
        return [text] if text else []
    pieces: list[str] = []
    depth = start = 0
    for at, sign in enumerate(text):
        if depth == 0 and sign in (*OPENING, ISOLATED):
            pieces.append(text[start:at])
            start = at
        depth += (sign in OPENING) - (sign == PDI)
        if depth == 0 and sign in (PDI, ISOLATED):
            pieces.append(text[start : at + 1])
            start = at + 1
    return [piece for piece in [*pieces, text[start:]] if piece]


def inside(piece: str, base: Direction) -> list[tuple[str, Direction | None]]:
    """An isolate of the writer's own, taken apart: text, ``""`` with a side where one opens, ``""`` where one closes.

    Args:
        piece: One isolate with its signs, as ``outermost`` gives it.
        base: Direction of what stands round it, for one without a letter that goes by its first letter.
    """
    closed: dict[int, int] = {}
    open_at: list[int] = []
    for match in _OWN.finditer(piece):
        if match.group() == PDI:
            closed[open_at.pop()] = match.start()
        else:
            open_at.append(match.start())
    parts: list[tuple[str, Direction | None]] = []
    at = 0
    for match in _OWN.finditer(piece):
        if match.start() > at:
            parts.append((piece[at : match.start()], None))
        at, sign = match.end(), match.group()
        parts.append(("", None if sign == PDI else _side(sign, piece[at : closed[match.start()]], base)))
    return parts


def _side(sign: str, inner: str, base: Direction) -> Direction:
    return "ltr" if sign == LRI else "rtl" if sign == RLI else _first_strong(inner, base)


def _first_strong(text: str, base: Direction) -> Direction:
    rtl, ltr = _letters("rtl").search(text), _letters("ltr").search(text)
    if rtl is None or ltr is None:
        return "rtl" if rtl else "ltr" if ltr else base
    return "rtl" if rtl.start() < ltr.start() else "ltr"
