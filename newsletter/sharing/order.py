"""The order of mixed directions on a line, by the Unicode bidirectional algorithm (UAX #9), with FriBidi's tables.

FriBidi is the library that Pillow itself looks for when it shapes a text, so nothing more is needed. Each isolate is
handed to it as a paragraph of its own and stands in its surroundings as one neutral sign, which is what the algorithm
says of isolates (X5a to X5c, BD13), and what version 1.0.8 gets wrong when it is left to do it: after an isolate that
ends in Arabic it turns the next one round.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from newsletter.text import bidi

Level = int
_NAMES = {"darwin": ("libfribidi.0.dylib", "libfribidi.dylib"), "win32": ("fribidi.dll", "libfribidi-0.dll")}
_PARAGRAPH = {"ltr": 0x110, "rtl": 0x111}
"""FRIBIDI_PAR_LTR and FRIBIDI_PAR_RTL (fribidi-bidi-types-list.h)."""
_HELD = "\ufffc"
_STEERING = frozenset("\u200e\u200f\u061c")


@lru_cache(maxsize=1)
def _fribidi() -> Any:
    for name in _NAMES.get(sys.platform, ("libfribidi.so.0", "libfribidi.so")):
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        if hasattr(library, "fribidi_get_par_embedding_levels_ex"):
            library.fribidi_get_par_embedding_levels_ex.restype = ctypes.c_int8
            return library
    return None


def is_there() -> bool:
    """Whether the library is installed."""
    return _fribidi() is not None


def levelled(text: str, base: bidi.Direction) -> tuple[str, tuple[Level, ...], tuple[bool, ...]]:
    """The signs of a paragraph that are drawn, the level of each, and whether a line may not break at it.

    Args:
        text: One paragraph; its runs of the other direction are isolated here, as in the letter.
        base: Direction of the paragraph.
    """
    signs: list[str] = []
    levels: list[int] = []
    firm: list[bool] = []
    paragraph = _Part(base, 1 if base == "rtl" else 0)
    open_parts = [paragraph]
    for piece, side in bidi.steps(text, base):
        if piece:
            open_parts[-1].text.extend(piece)
        elif side is not None:
            inner = _Part(side, _deeper(open_parts[-1].level, side))
            open_parts[-1].text.append(inner)
            open_parts.append(inner)
        elif len(open_parts) > 1:
            open_parts.pop()
    paragraph.write(signs, levels, firm, whole=False)
    return "".join(signs), tuple(levels), tuple(firm)


def _deeper(level: Level, side: bidi.Direction) -> Level:
    """The next level of a direction (UAX #9, X5a and X5b)."""
    odd = side == "rtl"
    return level + (2 if bool(level % 2) == odd else 1)


class _Part:
    """A paragraph, or an isolate in it."""

    def __init__(self, side: bidi.Direction, level: Level) -> None:
        self.side: bidi.Direction = side
        self.level = level
        self.text: list[str | _Part] = []

    def write(self, signs: list[str], levels: list[Level], firm: list[bool], *, whole: bool) -> None:
        flat = "".join(one if isinstance(one, str) else _HELD for one in self.text)
        whole = whole or (self.side == "ltr" and bidi.whole(flat))
        for one, level in zip(self.text, _levels(flat, self.side), strict=True):
            if isinstance(one, _Part):
                one.write(signs, levels, firm, whole=whole)
            elif one not in _STEERING:
                signs.append(one)
                levels.append(level - (self.side == "rtl") + self.level)
                firm.append(whole)


def _levels(text: str, side: bidi.Direction) -> Sequence[Level]:
    """The levels of a text without isolates, for a paragraph of level 0 or 1."""
    library, length = _fribidi(), len(text)
    if not text:
        return ()
    written = (ctypes.c_uint32 * length)(*map(ord, text))
    kinds, brackets = (ctypes.c_uint32 * length)(), (ctypes.c_uint32 * length)()
    found = (ctypes.c_int8 * length)()
    base = ctypes.c_uint32(_PARAGRAPH[side])
    library.fribidi_get_bidi_types(written, length, kinds)
    library.fribidi_get_bracket_types(written, length, kinds, brackets)
    library.fribidi_get_par_embedding_levels_ex(kinds, brackets, length, ctypes.byref(base), found)
    return list(found)


def visual(levels: Sequence[Level]) -> list[tuple[int, int, Level]]:
    """The runs of one line from left to right: where each starts and ends, and its level (UAX #9, L2).

    Args:
        levels: Of the line's signs, without blanks at its end.
    """
    runs: list[tuple[int, int, Level]] = []
    for at, level in enumerate(levels):
        if runs and runs[-1][2] == level:
            runs[-1] = (runs[-1][0], at + 1, level)
        else:
            runs.append((at, at + 1, level))
    odd = [level for *_, level in runs if level % 2]
    if not odd:
        return runs
    for height in range(max(level for *_, level in runs), min(odd) - 1, -1):
        at = 0
        while at < len(runs):
            end = at
            while end < len(runs) and runs[end][2] >= height:
                end += 1
            runs[at:end] = runs[at:end][::-1]
            at = max(end, at + 1)
    return runs
