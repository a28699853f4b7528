"""Letters that another language's keyboard put into a text: they look right, and no search finds the word.

Arabic writes ك ي ه, Persian and Kurdish ک ی, Urdu ک ی ہ, Sorani Kurdish ە for its vowel. Each is a character of its
own (The Unicode Standard, section 9.2, and the names in its code chart of the block Arabic: U+0643 beside U+06A9,
U+064A and U+0649 beside U+06CC, U+0647 beside U+06C1, U+06BE and U+06D5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from newsletter.check.arabic_script import LETTERS, MARKS, TATWEEL, quotations
from newsletter.text.languages import base

_JOINER = "\u200c"
_WORD = re.compile(f"[{LETTERS}{MARKS}{TATWEEL}{_JOINER}]+|[\u0660-\u0669\u06f0-\u06f9]+")
_ARABIC_DIGITS, _EASTERN_DIGITS = "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹"
_TO_EASTERN = dict(zip(_ARABIC_DIGITS, _EASTERN_DIGITS, strict=True))
_TO_ARABIC = dict(zip(_EASTERN_DIGITS, _ARABIC_DIGITS, strict=True))


@dataclass(frozen=True, slots=True)
class Keyboard:
    """What the keyboard of one language has, and what stands for it on those of its neighbours."""

    foreign: Mapping[str, str]
    """Letter of another keyboard to the one meant, wherever it stands."""
    own: str
    """Letters that a text in this language has and those of its neighbours have not."""
    others: str
    """Signs of a neighbour's language: letters this one never writes."""
    words: str
    """Everyday words of those languages, parted by blanks."""


# Persian writes أ too (تأکید).
_ARABIC_SIGNS = "ةإٱ"
_ARABIC_WORDS = "في على إلى الذي التي هذا هذه قد"
_KEYBOARDS: Mapping[str, Keyboard] = {
    "ar": Keyboard(
        {"ک": "ك", "ڪ": "ك", "ہ": "ه", "ۃ": "ة", **_TO_ARABIC},
        "كيةىأإ",
        "پچژگٹڈڑںےۆێڕڵ" + _JOINER,
        "این که است برای های می را ہے کے میں اور",
    ),
    "fa": Keyboard(
        {"ك": "ک", "ڪ": "ک", "ي": "ی", "ى": "ی", "ہ": "ه", **_TO_EASTERN}, "کیپچژگ", _ARABIC_SIGNS, _ARABIC_WORDS
    ),
    "ur": Keyboard({"ك": "ک", "ڪ": "ک", "ي": "ی", "ى": "ی", **_TO_EASTERN}, "ٹڈڑںہھے", _ARABIC_SIGNS, _ARABIC_WORDS),
    "ckb": Keyboard({"ك": "ک", "ي": "ی", "ى": "ی", **_TO_ARABIC}, "کیپچژگۆێڕڵەڤ", _ARABIC_SIGNS, _ARABIC_WORDS),
}

# Whether a yeh without dots at a word's end is ي or ى is known of these words alone: علی is a name or a preposition.
_FINAL_YEH = {"فی": "في", "الذی": "الذي", "التی": "التي", "هی": "هي", "إلی": "إلى", "حتی": "حتى"}
# Urdu writes these with a breath as one sound: بھ. Behind them nobody can tell ہ from ھ.
_BREATHED = "بپتٹجچدڈرڑکكگلمن"

_MANY = "یەھه"
"""Letters that mean one thing here and another there."""
_LOOKED_AT = 12
"""Letters before one of them that are looked at: more than the longest word above, and its marks, has."""
_NO_LETTERS = re.compile(f"[{MARKS}{TATWEEL}{_JOINER}]+")


@dataclass(frozen=True, slots=True)
class ForeignWord:
    """A word, or a number, with a letter of another keyboard."""

    start: int
    end: int
    better: str
    """The word with what is certain mended; the same word when nothing is."""
    doubtful: bool
    """A letter is left in it of which only the editor knows what was meant."""


def foreign_words(text: str, language: str) -> Iterator[ForeignWord]:
    """Words with letters of another keyboard, but for those of a passage that is in another language as a whole.

    Args:
        text: One line of plain text.
        language: Of the publication; other languages than Arabic, Persian, Urdu and Sorani Kurdish have none.
    """
    tag = base(language)
    if tag not in _KEYBOARDS or not _suspicious(tag).search(text):
        return
    foreign = _in_other_languages(text, tag)
    for match in _WORD.finditer(text):
        # A single word with a sign of a neighbour's language is quoted, with or without marks.
        if foreign[match.start()] or _has(match[0], _KEYBOARDS[tag].others):
            continue
        better, doubtful = _mended(match[0], tag)
        if doubtful or better != match[0]:
            yield ForeignWord(match.start(), match.end(), better, doubtful)


@cache
def _suspicious(tag: str) -> re.Pattern[str]:
    """Letters for which a line is looked at more closely; most lines have none."""
    special = {"ar": "یەھ", "fa": "ەھ", "ur": "هە", "ckb": "ه"}
    return re.compile(f"[{''.join(_KEYBOARDS[tag].foreign)}{special[tag]}]")


def _in_other_languages(text: str, tag: str) -> bytearray:
    """For each sign whether it stands in a passage of another language.

    Such is a quotation without any letter of one's own, and what stands around the quotations if it has none either
    and shows another language besides.
    """
    around = list(text)
    for start, end in quotations(text):
        around[start:end] = " " * (end - start)
    foreign = bytearray([_is_other("".join(around), tag)]) * len(text)
    for start, end in quotations(text):
        foreign[start:end] = bytes(end - start)
    for start, end in quotations(text):
        if not _has(text[start:end], _KEYBOARDS[tag].own):
            foreign[start:end] = b"\1" * (end - start)
    return foreign


def _is_other(text: str, tag: str) -> bool:
    keyboard = _KEYBOARDS[tag]
    if _has(text, keyboard.own):
        return False
    return _has(text, keyboard.others) or not set(keyboard.words.split()).isdisjoint(_WORD.findall(text))


def _has(text: str, letters: str) -> bool:
    return not set(text).isdisjoint(letters)


def _mended(word: str, tag: str) -> tuple[str, bool]:
    """A word by the keyboard of its language, and whether a letter in it is left to the editor."""
    if tag == "ckb":
        # Before ە had a code point of its own it was written with a joiner that parts it from the next letter.
        word = word.replace("ه" + _JOINER, "ە")
    foreign = _KEYBOARDS[tag].foreign
    letters: list[str] = []
    doubtful = False
    for at, letter in enumerate(word):
        better = foreign.get(letter)
        if better is None:
            better = _by_place("".join(letters[-_LOOKED_AT:]), letter, at, word, tag) if letter in _MANY else letter
        doubtful = doubtful or better is None
        letters.append(letter if better is None else better)
    return "".join(letters), doubtful


def _by_place(before: str, letter: str, at: int, word: str, tag: str) -> str | None:
    """What a letter means between the letters of its word; None when only the editor knows."""
    before = _NO_LETTERS.sub("", before)
    behind = _NO_LETTERS.match(word, at + 1)
    last = at + 1 == len(word) or (behind is not None and behind.end() == len(word))
    if letter == "ی" and tag == "ar":
        if not last:
            return "ي"
        known = _FINAL_YEH.get(before + letter) or _FINAL_YEH.get(before[1:] + letter if before[:1] in "وف" else "")
        return known[-1] if known else None
    if letter == "ە" and tag != "ckb":
        return ("ہ" if tag == "ur" else "ه") if last else None
    if letter == "ھ" and tag in ("ar", "fa"):
        # Alone it is the sign of the Hijri year, drawn as it is meant.
        return "ه" if before or not last else letter
    if letter == "ه" and tag == "ur":
        if last and not before:
            return letter  # the sign of the Hijri year
        return None if before[-1:] and before[-1] in _BREATHED else "ہ"
    if letter == "ه" and tag == "ckb":
        vowel = last and before and before[-1] not in "اەۆوێیه" and not before.endswith("لل")
        return None if vowel else letter
    return letter
