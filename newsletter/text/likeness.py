"""Texts that tell the same: copies, re-spellings, openings and slightly edited versions of one another."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from newsletter.text.tidy import arabic_fold

THRESHOLD = 0.5
"""Of 13 Arabic news texts and five kinds of variant of each, unrelated pairs shared at most 0.02 of their runs of three
words and true variants at least 0.76."""
_LEAST_RUNS = 6
_MOST_HOLDERS = 30
"""Texts that one run is looked up in; what more unlike texts share is boilerplate and says nothing."""


def mark(texts: Sequence[str], *, threshold: float = THRESHOLD) -> dict[int, int]:
    """Find the texts that repeat an earlier one.

    Two texts are alike when the shorter has this share of its runs of three words in common with the longer
    (containment, so that an opening is like its whole). Spelling of hamza, ta marbuta and alef maqsura, marks and
    punctuation do not count. An index of runs keeps the work near the number of words, not of pairs.

    Args:
        texts: Plain texts, the preferred version of each first.
        threshold: Share between 0 and 1.

    Returns:
        Number of each repeating text with the number of the one it repeats, which repeats none itself.
    """
    numbers: dict[str, int] = {}
    holders: defaultdict[int, list[int]] = defaultdict(list)
    sizes: dict[int, int] = {}
    whole: dict[str, int] = {}
    repeats: dict[int, int] = {}
    for at, text in enumerate(texts):
        folded = arabic_fold(text)
        runs = _runs(folded, numbers)
        original = whole.get(folded) if folded else None
        if original is None and len(runs) >= _LEAST_RUNS:
            original = _most_alike(runs, holders, sizes, threshold)
        if original is not None:
            repeats[at] = original
            continue
        if folded:
            whole[folded] = at
        if len(runs) >= _LEAST_RUNS:
            sizes[at] = len(runs)
            for run in runs:
                if len(holders[run]) < _MOST_HOLDERS:
                    holders[run].append(at)
    return repeats


def containment(one: str, other: str) -> float:
    """How much of the shorter of two texts is in the longer, in runs of three words.

    Args:
        one: A text without markup.
        other: The other text without markup.

    Returns:
        Share between 0 and 1; 0 when one of them has fewer than three words.
    """
    numbers: dict[str, int] = {}
    first, second = _runs(arabic_fold(one), numbers), _runs(arabic_fold(other), numbers)
    return len(first & second) / min(len(first), len(second)) if first and second else 0.0


def _runs(folded: str, numbers: dict[str, int]) -> set[int]:
    """Every run of three words as one number; words are numbered as they come."""
    words = [numbers.setdefault(word, len(numbers)) for word in folded.split()]
    return {a << 48 | b << 24 | c for a, b, c in zip(words, words[1:], words[2:], strict=False)}


def _most_alike(runs: set[int], holders: dict[int, list[int]], sizes: dict[int, int], threshold: float) -> int | None:
    common = Counter(at for run in runs if run in holders for at in holders[run])
    best = max(common, key=lambda at: (common[at] / min(len(runs), sizes[at]), -at), default=None)
    return best if best is not None and common[best] >= threshold * min(len(runs), sizes[best]) else None
