"""Numbers: which groups of digits are one, and which numbers the algorithm shows right by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.text.bidi import known
from newsletter.text.bidi.pieces import Phrase, Word

_GROUP = re.compile(r"\(?\+?\d{1,15}\)?")
_GROUPS = re.compile(r"(?:\d{1,3}:)?\(?\+?\d{1,15}\)?(?:(?:[.\-‑‒/]\(?|(?<=\))|\()\d{1,15}\)?){0,8}(?:,\d+)?")
_THREE = re.compile(r"\d{3}")
_LAST_THREE = re.compile(r"\d{3}(?:[.,]\d+)?")
_YEAR = re.compile(r"(?:1[3-9]|20)\d\d|[١٢]\d\d\d")
_BETWEEN_GROUPS = re.compile("[)]?[ ][(]?")
_SCALED = re.compile(r"(?:\d{1,3}:)?\d{1,3}")
# A per cent or currency sign one blank behind, when no figure follows it.
_SIGN_BEHIND = re.compile(" ([%$p])(?![^ bua]*[lLdin])")
_FEWEST_DIGITS, _MOST_DIGITS = 7, 17
"""Of a telephone number: a local one, and the 15 of E.164 behind the ``00`` that some dial first."""

_PLAIN = re.compile(r"\d+(?:[.,:/٫٬]\d+)*")
"""Digits with single separators: levels of their own keep them in order (UAX #9, W4)."""

_DIALLED = re.compile(r"(?:\+|[0٠]{1,2})\d[\d\-‐‑‒.]*\d")
_DATED = re.compile(r"\d{4}-\d{1,2}-\d{1,2}|\d{1,2}-\d{1,2}-\d{2,4}")
_THREE_GROUPS = re.compile(r"\d+(?:[-‐‑‒–]\d+){2,}")
_DIGIT = re.compile(r"\d")


def grouped_words(text: str, found: Iterator[Word], roles: str) -> list[Word]:
    """The words with every number that is written in groups made one, and its sign behind a blank taken to it.

    Args:
        text: The paragraph.
        found: The words of one gap.
        roles: The roles of the characters of the paragraph.
    """
    made: list[Word] = []
    row: list[Word] = []
    for word in found:
        if word.latin or not _GROUPS.fullmatch(text, word.start, word.end):
            made += _in_groups(text, row)
            row = []
            made.append(word)
            continue
        if row and not _BETWEEN_GROUPS.fullmatch(roles, row[-1].end, word.start):
            made += _in_groups(text, row)
            row = []
        row.append(word)
    made += _in_groups(text, row)
    for word in made:
        sign = _SIGN_BEHIND.match(roles, word.end)
        if (
            sign is not None
            and word.latin
            and (sign.group(1) != "$" or not known.measures(text[word.start : word.end]))
        ):
            continue
        if sign is not None and (sign.group(1) != "p" or roles[word.end - 1] == "d"):
            word.end = sign.end(1)
            word.outer_end = max(word.outer_end, word.end)
    return made


def _in_groups(text: str, row: list[Word]) -> list[Word]:
    """One word for a row of groups that is a number, or for the part of it that is a telephone number."""
    if len(row) < 2:
        return row
    groups = [text[word.start : word.end] for word in row]
    if _is_dialled(groups) or _is_counted(groups) or _is_listed(groups):
        return [_one(row)]
    for at in range(1, len(row) - 1):
        if groups[at][0] in "+(0٠۰":
            return [*row[:at], _one(row[at:])] if _is_dialled(groups[at:]) else row
    return row


def _is_dialled(groups: list[str]) -> bool:
    if not groups[0].lstrip("(").startswith(("+", "0", "٠", "۰")):
        return False
    return sum(len(_DIGIT.findall(group)) for group in groups[:16]) >= _FEWEST_DIGITS


def _is_counted(groups: list[str]) -> bool:
    return (
        _SCALED.fullmatch(groups[0]) is not None
        and all(_THREE.fullmatch(group) for group in groups[1:-1])
        and _LAST_THREE.fullmatch(groups[-1]) is not None
    )


def _is_listed(groups: list[str]) -> bool:
    if len(groups) < (4 if len(groups[0]) == 1 else 3):
        return False
    if not groups[0].isdigit() or not all(group.isdigit() and 2 <= len(group) <= 4 for group in groups[1:]):
        return False
    return not all(_YEAR.fullmatch(group) for group in groups)


def _one(row: list[Word]) -> Word:
    first, last = row[0], row[-1]
    return Word(first.outer_start, last.outer_end, False, first.outer_start, last.outer_end)


def needed(text: str, roles: str, phrase: Phrase) -> bool:
    """Whether a phrase must be isolated: all but numbers that the algorithm shows right by itself.

    Args:
        text: The paragraph.
        roles: The roles of its characters.
        phrase: A phrase of it.
    """
    if phrase.latin:
        return True
    shown, parts = text[phrase.start : phrase.end], roles[phrase.start : phrase.end]
    if "d" in parts or "n" in parts:
        return _PLAIN.fullmatch(shown) is None
    return _is_telephone(shown)


def _is_telephone(run: str) -> bool:
    """Whether Arabic-Indic digits must stand from left to right although their groups would not."""
    if len(groups := run.split()) > 1:
        return all(_GROUPS.fullmatch(group) for group in groups) and len(groups) > 1
    grouped = _THREE_GROUPS.fullmatch(run) is not None
    many = len(_DIGIT.findall(run)) >= _FEWEST_DIGITS
    return many and (_DIALLED.fullmatch(run) is not None or (grouped and _DATED.fullmatch(run) is None))
