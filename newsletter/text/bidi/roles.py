"""What each character is for the order of a text: one letter per character, so that patterns can read a whole text.

The letters come from Unicode's properties (general category and bidirectional class, UAX #44), not from lists of
words; where one character plays a part of its own (a minus, a degree sign) it is named here.

    ======== ==============================================================================================
    a A      letter from right to left; a mark that stands for one (U+200F, U+061C)
    L l      capital letter from left to right; any other one
    d i n    European or Persian digit; Arabic-Indic digit; other number, as ½ and ²
    m P      mark on the sign before; sign that is one with what follows (U+0600)
    X z      isolate that was there already; left-to-right mark
    u b      border of any text, as an ellipsis; sign of the right-to-left sentence, as ، ؛ ؟
    H s      blank or sign inside a bracket or quotation that stays whole; what joins nothing, as ←
    ( ) { }  brackets; a quotation that stays whole
    q        quotation mark of two, as « » “ ”
    - h _    hyphen and minus; dashes; underscore and its kin
    $ % p    currency; per cent and per mille; ٪
    c r = o  comparison, as ≤; sign before a sum, as ± and √; other mathematics; other symbol, as ®
    e D S v  emoji; degree, minute, second; № © § ¶; ¿ ¡
    j        ٫ ٬, the separators of Arabic numbers
    ======== ==============================================================================================

Every other sign stands for itself (``+ . , : ; ! ? / " ' @ # & | * ^ ~ < >``), and a blank for every blank.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any

ISOLATED = "\ufdd0"
"""Stands for an isolate that was there already."""

RTL, RTL_MARK, CAPITAL, LETTER = "a", "A", "L", "l"
DIGIT, ARABIC_INDIC, OTHER_NUMBER = "d", "i", "n"
MARK, ISOLATE, BORDER, ARABIC_BORDER, HELD, STRAY = "m", "X", "u", "b", "H", "s"
"""``HELD`` is a blank or sign inside a bracket or quotation that stays whole; ``STRAY`` joins nothing."""

PREFIX = "P"
"""A sign that is one character with what follows it (Unicode's Prepended_Concatenation_Mark)."""

CORE = "lLdin"
"""Letters and numbers of a left-to-right word."""

_NAMED = {
    **{sign: sign for sign in "+-.,:;!?/\"'@#&|*^_~<>$%"},
    "\\": "/",
    ISOLATED: ISOLATE,
    "\u200e": "z",  # a left-to-right mark belongs to the word it touches
    "\u200f": RTL_MARK,
    "\u061c": RTL_MARK,
    "،": ARABIC_BORDER,
    "\ufffc": STRAY,  # stands for a picture among text
    "…": BORDER,
    "\u2028": BORDER,
    "\x0b": BORDER,
    "\x0c": BORDER,
    "\t": " ",
    "‐": "-",
    "‑": "-",
    "−": "-",
    "＋": "+",
    "٪": "p",
    "‰": "%",
    "‱": "%",
    "٫": "j",
    "٬": "j",
    "‘": "'",
    "’": "'",
    "„": "q",
    "¿": "v",
    "¡": "v",
    "№": "S",
    "©": "S",
    "§": "S",
    "¶": "S",
    **dict.fromkeys("°′″‴℃℉º", "D"),
    **dict.fromkeys("≤≥≈≠≪≫≲≳≃≅∼", "c"),
    **dict.fromkeys("±∓√∛∑∏∂∆∇∫¬", "r"),
    **dict.fromkeys("∞∅⁺⁻⁼₊₋₌", OTHER_NUMBER),
    "♯": "o",
    # Of no category of marks, but parts of the grapheme before them (UAX #29, GB9).
    **dict.fromkeys("\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff\uff9e\uff9f", MARK),
    **dict.fromkeys("←⇐⟵↔⇔⟷", STRAY),  # an arrow to the left is the right-to-left sentence's
}
_BY_CATEGORY = {
    "Lu": CAPITAL,
    "Lt": CAPITAL,
    "Nl": CAPITAL,
    "Ps": "(",
    "Pe": ")",
    "Pi": "q",
    "Pf": "q",
    "Pd": "h",
    "Pc": "_",
    "Sc": "$",
    "Sm": "=",
    "Zs": " ",
    "No": OTHER_NUMBER,
}


class _Roles(dict[int, str]):
    """A table for ``str.translate`` that learns each character when it is first met."""

    def __missing__(self, code: int) -> str:
        """The role of one character."""
        role = self[code] = _role(chr(code))
        return role


_ROLES = _Roles()


def shape(text: str) -> str:
    """The roles of a text, one letter for each character.

    Args:
        text: Plain text, of any length.
    """
    return text.translate(_ROLES)


def _role(sign: str) -> str:
    if sign in _NAMED:
        return _NAMED[sign]
    category, side = unicodedata.category(sign), unicodedata.bidirectional(sign)
    if category[0] == "M" or category == "Cf":
        return PREFIX if category == "Cf" and side in ("AN", "AL", "L") else MARK
    if side in ("R", "AL"):
        return RTL if category[0] in "LNS" else ARABIC_BORDER
    if category == "Nd":
        return {"EN": DIGIT, "AN": ARABIC_INDIC}.get(side, LETTER)
    if category == "So":
        return "e" if side == "L" or _emoji().match(sign) else "o"
    return _BY_CATEGORY.get(category) or (LETTER if category[0] == "L" else STRAY)


@cache
def _emoji() -> Any:
    import regex

    return regex.compile(r"(?V1)[\p{Emoji}--[©®™]]")
