"""A paragraph cut into runs, those of the other direction marked: the rule, step by step."""

from __future__ import annotations

import re
from collections.abc import Iterable

from newsletter.text.bidi.gaps import gaps
from newsletter.text.bidi.joining import joined, sentences
from newsletter.text.bidi.mirror import right_to_left_runs
from newsletter.text.bidi.numbers import grouped_words, needed
from newsletter.text.bidi.roles import ARABIC_BORDER, CORE, ISOLATE, MARK, RTL, RTL_MARK, shape
from newsletter.text.bidi.still import Direction
from newsletter.text.bidi.words import words

_LATIN = re.compile("[lL]")
# Numbers whose compatibility decomposition is <super> or <sub> (UnicodeData.txt).
_POWERS = re.compile("[\u00b2\u00b3\u00b9\u2070-\u209c]+")


def cut(text: str, base: Direction) -> list[tuple[str, bool]]:
    """Cut a paragraph into runs and say which must be isolated; neighbours are not joined yet.

    Args:
        text: One paragraph, each isolate that was in it written as ``ISOLATED``.
        base: Direction of the paragraph it will stand in.
    """
    roles = _with_powers(text, shape(text))
    latin, arabic = _LATIN.search(roles) is not None, RTL in roles
    own, away = (arabic, latin) if base == "rtl" else (latin, arabic)
    if away and not own and ISOLATE not in roles and (base == "ltr" or ARABIC_BORDER not in roles):
        # Not a letter of the paragraph's own direction: its signs belong to it as well.
        body = text.strip()
        before, _, after = text.partition(body)
        return [(before, False), (body, True), (after, False)]
    # A single right-to-left mark stands where its writer wanted a letter of the paragraph's direction.
    if base == "rtl":
        found = _in_right_to_left(text, roles.replace(RTL_MARK, RTL))
    else:
        mirrored = right_to_left_runs(text, roles.replace(RTL_MARK, MARK))
        found = [(start, _with_marks(roles, end)) for start, end in mirrored]
    made: list[tuple[str, bool]] = []
    at = 0
    for start, end in found:
        made += [(text[at:start], False), (text[start:end], True)]
        at = end
    return [*made, (text[at:], False)]


def _with_powers(text: str, roles: str) -> str:
    """The roles, with each power or index behind a right-to-left letter a mark of that letter, as in م² and س₁.

    What a left-to-right letter or a digit follows is the beginning of its word, as in و²³⁵U.
    """
    made, at = [], 0
    for match in _POWERS.finditer(text):
        if roles[match.end() : match.end() + 1] in tuple(CORE):
            continue
        letter = match.start() - 1
        while letter >= 0 and roles[letter] == MARK:
            letter -= 1
        if letter >= 0 and roles[letter] == RTL:
            made += [roles[at : match.start()], MARK * len(match[0])]
            at = match.end()
    return "".join([*made, roles[at:]]) if made else roles


def _in_right_to_left(text: str, roles: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    roles, open_places = gaps(text, roles)
    for gap in open_places:
        phrases = joined(text, roles, grouped_words(text, words(text, roles, gap), roles))
        phrases = sentences(roles, [phrase for phrase in phrases if needed(text, roles, phrase)])
        found += [(phrase.start, _with_marks(roles, phrase.end)) for phrase in phrases]
    return found


def _with_marks(roles: str, end: int) -> int:
    """Where the last character ends together with the marks on it."""
    while end < len(roles) and roles[end] == MARK:
        end += 1
    return end


def merged(found: Iterable[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """Join neighbours that need nothing, and drop what is empty.

    Args:
        found: Runs and whether each must be isolated.
    """
    made: list[tuple[str, bool]] = []
    for run, marked in found:
        if made and not marked and not made[-1][1]:
            made[-1] = (made[-1][0] + run, False)
        elif run:
            made.append((run, marked))
    return made
