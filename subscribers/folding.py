"""Words as they are compared: without case, accents, vowel signs, spaces and spelling habits (pure)."""

from __future__ import annotations

import re
import unicodedata

_NOT_LETTERS = re.compile(r"[\W_]+")
# Alef with hamza, alef maqsura and ta marbuta are written both ways by everybody; tatweel is only drawn.
_SPELLINGS = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ى": "ي", "ة": "ه", "ـ": None})


def fold(text: str) -> str:
    """A word as we compare it: without case, accents, vowel signs, spaces, hyphens and spelling habits.

    Args:
        text: A column's name, a cell, or somebody's name.
    """
    letters = unicodedata.normalize("NFKD", text.translate(_SPELLINGS).casefold())
    return _NOT_LETTERS.sub("", "".join(letter for letter in letters if not unicodedata.combining(letter)))
