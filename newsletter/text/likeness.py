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
_LONG = 128
"""Runs from which on a text is looked up, and found, by every eighth of them: which ones the run itself decides."""
_GOLDEN = 0x9E3779B97F4A7C15
"""2 to the 64th, divided by the golden ratio: multiplied by it, neighbouring numbers part (Knuth, volume 3, 6.4)."""
_MOST_COMPARED = 5
"""Texts that share most of the sample with one, which are compared with it run by run."""


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
    kept: dict[int, set[int]] = {}
    whole: dict[str, int] = {}
    repeats: dict[int, int] = {}
    for at, text in enumerate(texts):
        folded = arabic_fold(text)
        runs = _runs(folded, numbers)
        original = whole.get(folded) if folded else None
        if original is None and len(runs) >= _LEAST_RUNS:
            original = _most_alike(runs, holders, kept, threshold)
        if original is not None:
            repeats[at] = original
            continue
        if folded:
            whole[folded] = at
        if len(runs) >= _LEAST_RUNS:
            kept[at] = runs
            for run in _sample(runs):
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


def shares_words(one: str, other: str) -> bool:
    """Whether two headlines share half of the words of the shorter one.

    Args:
        one: A headline.
        other: Another one.
    """
    first, second = set(arabic_fold(one).split()), set(arabic_fold(other).split())
    common = len(first & second)
    return common > 0 and common * 2 >= min(len(first), len(second))


def _runs(folded: str, numbers: dict[str, int]) -> set[int]:
    """Every run of three words as one number; words are numbered as they come."""
    words = [numbers.setdefault(word, len(numbers)) for word in folded.split()]
    return {a << 48 | b << 24 | c for a, b, c in zip(words, words[1:], words[2:], strict=False)}


def _sample(runs: set[int]) -> set[int]:
    """The runs that a text is looked up by: all of a short one, about an eighth of a long one."""
    return {run for run in runs if not run * _GOLDEN >> 61 & 7} if len(runs) >= _LONG else runs


def _most_alike(
    runs: set[int], holders: dict[int, list[int]], kept: dict[int, set[int]], threshold: float
) -> int | None:
    common = Counter(at for run in _sample(runs) if run in holders for at in holders[run])
    shares = [
        (len(runs & kept[at]) / min(len(runs), len(kept[at])), -at) for at, _ in common.most_common(_MOST_COMPARED)
    ]
    share, best = max(shares, default=(0.0, 0))
    return -best if share >= threshold else None
