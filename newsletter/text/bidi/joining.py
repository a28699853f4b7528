"""Which neighbouring words of a gap are one run: a name, a sum, a number with its unit, a quotation."""

from __future__ import annotations

import re

from newsletter.text.bidi import known
from newsletter.text.bidi.pieces import Phrase, Word

_LONGEST_JOINT = 6
_BLANK = re.compile(" +")
_OPERATOR = re.compile(" ?(?=[^ ]*[=+rc<>~*&|])[-=+rc<>~*&|!:]{1,3} ?")
_AT = re.compile(" @ ")
_FRACTION = re.compile("[¼½¾⅐-⅞]")
_DASH = re.compile(" ?[-h/] ")
_COMMA = re.compile("(?:[,:;]| [:;]) ")
_LONG = 3
"""Words of a phrase that can be a sentence of a quotation."""
_SENTENCE = re.compile("[.!?;][\"')]? ")
_BARE = re.compile(r"\d{1,3}(?:[.,]\d+)?[²³¹⁰-⁹]*")
_CHESS_NUMBER = re.compile(r"\d{1,3}")
_CHESS_MOVE = re.compile(r"(?:[KQRBN]?[a-h]?[1-8]?x?[a-h][1-8](?:=[QRBN])?|O-O(?:-O)?)[+#]?\b")
_DIGITS = re.compile("d+|i+")


def joined(text: str, roles: str, found: list[Word]) -> list[Phrase]:
    """The words of a gap joined into phrases.

    Args:
        text: The paragraph.
        roles: The roles of its characters.
        found: The words of the gap.
    """
    made: list[Phrase] = []
    for at, word in enumerate(found):
        if made and _joins(text, roles, made[-1], word, found[at + 1] if at + 1 < len(found) else None):
            phrase = made[-1]
            phrase.last = word
            phrase.latin = phrase.latin or word.latin
            phrase.words += 1
        else:
            made.append(Phrase(word, word, word.latin))
    for phrase in made:
        if phrase.words > 1 and text[phrase.start] == "<" and text[phrase.end : phrase.end + 1] == ">":
            phrase.last.outer_end += 1
    return made


def _joins(text: str, roles: str, run: Phrase, word: Word, following: Word | None) -> bool:
    """Whether a word goes on with the run before it."""
    if word.outer_start - run.last.outer_end > _LONGEST_JOINT:
        return False
    if not word.latin and _arabic_indic(roles, word) and run.latin:
        return False
    between = roles[run.last.outer_end : word.outer_start]
    if run.last.quoted and run.words == 1 and not _OPERATOR.fullmatch(between):
        return False
    if word.quoted and text[word.outer_start] in "«‹" and not _goes_on(roles, word, following):
        return False
    if _BLANK.fullmatch(between):
        return run.latin or _measured(text, roles, run, word)
    if _OPERATOR.fullmatch(between):
        return run.latin or word.latin or not _arabic_indic(roles, word)
    if _AT.fullmatch(between):
        return run.latin
    if _DASH.fullmatch(between):
        if _alike(roles, run.last, word):
            return True
        # A minus sign stands in a sum; a hyphen or dash parts what a slash between two names does not.
        minus = "−" in text[run.last.outer_end : word.outer_start]
        return (minus and (run.latin or word.latin)) or (run.latin and word.latin and between == " / ")
    if between == ". ":
        return _is_chess(text, run, word)
    return run.latin and (not between or _COMMA.fullmatch(between) is not None)


def _arabic_indic(roles: str, word: Word) -> bool:
    return "i" in roles[word.start : word.end]


def _goes_on(roles: str, word: Word, following: Word | None) -> bool:
    """Whether a quotation stands in the midst of left-to-right words."""
    return (
        following is not None
        and following.latin
        and not following.quoted
        and _BLANK.fullmatch(roles, word.outer_end, following.outer_start) is not None
    )


def _measured(text: str, roles: str, run: Phrase, word: Word) -> bool:
    """Whether a left-to-right word behind a number belongs to it: ``12 kg``, ``50 Cent``; not ``2026 Sonatrach``."""
    if roles[word.start] in "=<>cr" and roles[run.last.end - 1] in "dn%D$":
        return True
    if not word.latin:
        return (
            _FRACTION.fullmatch(text, word.start, word.end) is not None
            and text[run.last.start : run.last.end].isdecimal()
        )
    if _arabic_indic(roles, run.last):
        return False
    if text[run.start] == "©":
        return True
    if run.words == 1 and _BARE.fullmatch(text, run.last.start, run.last.end):
        return True
    if not _counts(roles[run.last.start : run.last.end]):
        return False
    return known.measures(text[word.start : word.end])


def _counts(roles: str) -> bool:
    """Whether a word is a number that can have a unit: signs, digits and separators."""
    return "%" not in roles and roles[-1:] in "dnD'$"


def _alike(roles: str, before: Word, word: Word) -> bool:
    """Whether two numbers are of one roles, as in ``3 - 1``, ``2023 – 2024`` and ``14:30 - 16:00``."""
    if before.latin or word.latin:
        return False
    first, second = (_DIGITS.sub(_width, roles[one.start : one.end]) for one in (before, word))
    return first == second and "I" not in first


def _width(digits: re.Match[str]) -> str:
    return "I" if digits.group()[0] == "i" else "n" if len(digits.group()) < 4 else "y"


def _is_chess(text: str, run: Phrase, word: Word) -> bool:
    number = _CHESS_NUMBER.fullmatch(text, run.last.start, run.last.end)
    return number is not None and _CHESS_MOVE.match(text, word.start) is not None


def sentences(roles: str, found: list[Phrase]) -> list[Phrase]:
    """Join two phrases over a full stop when both are long enough to be a quotation.

    Args:
        roles: The roles of the characters of the paragraph.
        found: The phrases of a gap that must be isolated.
    """
    made: list[Phrase] = []
    for phrase in found:
        before = made[-1] if made else None
        if (
            before is not None
            and before.latin
            and phrase.latin
            and min(before.words, phrase.words) >= _LONG
            and _SENTENCE.fullmatch(roles, before.end, phrase.start)
        ):
            before.last = phrase.last
            before.words += phrase.words
        else:
            made.append(phrase)
    return made
