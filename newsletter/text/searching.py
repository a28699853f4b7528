"""Words looked for in Arabic texts, however either is spelt, and where in a text they stand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from newsletter.text.tidy import arabic_fold

MOST_WORDS = 12
"""Words of a search that are looked for; what is pasted by mistake may be a whole article."""


def search_words(text: str) -> tuple[str, ...]:
    """The words that a search looks for, folded, each once.

    Args:
        text: What somebody typed.
    """
    return tuple(dict.fromkeys(arabic_fold(text).split()))[:MOST_WORDS]


def says(folded: str, words: Sequence[str]) -> bool:
    """Whether a text has all of the words, as words or within others.

    Args:
        folded: The text as ``arabic_fold`` gives it.
        words: As ``search_words`` gives them.
    """
    return all(word in folded for word in words)


def hits(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Where the words stand in a text: first character and the one behind the last, in order, none within another.

    Args:
        text: The text as it is shown.
        words: As ``search_words`` gives them.
    """
    folded: list[str] = []
    places: list[int] = []
    for at, char in enumerate(text):
        plain = _plain(char)
        folded.extend(plain)
        places.extend([at] * len(plain))
    line = "".join(folded)
    found: list[tuple[int, int]] = []
    for word in words:
        start = line.find(word)
        while start >= 0:
            last = places[start + len(word) - 1] + 1
            while last < len(text) and not _plain(text[last]):
                last += 1  # harakat belong to the letter before them
            found.append((places[start], last))
            start = line.find(word, start + len(word))
    return _merged(sorted(found))


@lru_cache(maxsize=4096)
def _plain(char: str) -> str:
    """What a character is folded to within a word: nothing, or a space where it parts two words."""
    return arabic_fold(f"ب{char}ب")[1:-1]


def _merged(found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in found:
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged
