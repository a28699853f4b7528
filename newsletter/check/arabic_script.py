"""Letters of the Arabic script, who writes it, and what of a line is in another language than the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.text.languages import ARABIC_SCRIPT, base

LETTERS = (
    "\u0620-\u063f\u0641-\u064a\u066e\u066f\u0671-\u06d3\u06d5\u06ee\u06ef\u06fa-\u06fc\u06ff"
    "\u0750-\u077f\u0870-\u0887\u0889-\u088e\u08a0-\u08c8"
)
"""Letters of the Arabic script, for a character class."""
MARKS = "\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
"""Harakat and other marks over them."""
TATWEEL = "\u0640"
OBJECT = "\ufffc"
"""Stands for what is no text: an address, a picture, a piece of code (as in UAX #9 section 6.1)."""

_ARABIC = re.compile(f"[{LETTERS}]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_ARABIC_WORD = re.compile(f"[{LETTERS}{MARKS}{TATWEEL}\u200c]+")
_LATIN_WORD = re.compile("[A-Za-z\u00c0-\u024f]+")
_QUOTATIONS = tuple(
    map(
        re.compile,
        (
            "«[^«»]*»",
            "“[^“”]*”",
            "„[^„“”]*[“”]",
            '"[^"]*"',
            "‹[^‹›]*›",
            "‘[^‘’]*’",
            "﴿[^﴾﴿]*﴾",
            # An apostrophe inside a word opens nothing, and closes nothing.
            r"(?<![\w'])'(?=\S)[^']*(?<=\S)'(?![\w'])",
        ),
    )
)


def writes_arabic(language: str) -> bool:
    """Whether the language of a publication is written in Arabic letters; one that nobody knows counts as such.

    Args:
        language: Language tag, or nothing.
    """
    return not language or base(language) in ARABIC_SCRIPT


def has_arabic(text: str) -> bool:
    """Whether a letter of the Arabic script stands in a text."""
    return _ARABIC.search(text) is not None


def mostly_arabic(text: str) -> bool:
    """Whether a text has words in Arabic letters, and at least as many of them as Latin ones."""
    return has_arabic(text) and len(_ARABIC_WORD.findall(text)) >= len(_LATIN_WORD.findall(text))


def quotations(text: str) -> Iterator[tuple[int, int]]:
    """Where the words of each quotation begin and end, its marks left out; one may stand in another.

    Args:
        text: One line of plain text.
    """
    for pattern in _QUOTATIONS:
        for match in pattern.finditer(text):
            yield match.start() + 1, match.end() - 1


def without_latin_quotations(text: str) -> str:
    """A line of the same length in which nothing is left of the quotations that are not mostly in Arabic letters.

    Args:
        text: One line of plain text.
    """
    signs = list(text)
    for start, end in quotations(text):
        inside = text[start:end]
        if _LATIN.search(inside) and not mostly_arabic(inside):
            signs[start:end] = OBJECT * (end - start)
    return "".join(signs)
