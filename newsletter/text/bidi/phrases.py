"""Which pieces of a text form a run of the other direction: words, names, numbers, phones and links, one by one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any, Literal, NamedTuple

Direction = Literal["rtl", "ltr"]

_NAMES_WITH_A_SIGN = ("Yahoo!", "Yum!", "Joomla!", "Kahoot!", "Jeopardy!")
_UNITS = (
    "km/h|km²|km2|km|kg|cm|mm|m²|m³|m|mg|ml|kWh|MWh|GWh|kW|MW|GW|KB|kB|MB|GB|TB|Kbps|Mbps|Gbps|Hz|kHz|MHz|GHz|"
    "USD|EUR|GBP|DZD|MAD|TND|LYD|EGP|SAR|AED|QAR|KWD|JOD|IQD|°C|°F|am|pm|AM|PM"
)

_GAP = "[ \u00a0\u202f]"
_LTR = r"[\p{L}&&\p{bc=L}]"
# The regex module takes code points that are not assigned for right-to-left ones.
_RTL = r"[[\p{bc=R}\p{bc=AL}]--[\u200f\u061c\p{Cn}\p{Cs}]]"
_INSIDE = rf"(?:{_LTR}|[0-9\u00b2\u00b3\u00b9\u2070-\u209c]|\p{{M}}|_|[.&/:@'’\-–+](?:{_LTR}|[0-9]))"
_MONEY = "[$€£¥₪﷼]"
_PAIRS = {"(": ")", "[": "]", "“": "”", "«": "»", "‹": "›"}
_CLOSING = {closing: opening for opening, closing in _PAIRS.items()}

ISOLATED = "\ufdd0"
"""Stands for an isolate that was there already: its neighbours must be read as beside a letter."""
_NO_RTL = r"[^\n\p{bc=R}\p{bc=AL}\u2066-\u2069\ufdd0%s]"
# Quoted or bracketed words without one right-to-left letter are one run, their own "?" or "!" included.
_QUOTED = "|".join(
    rf"(?<={left})(?!\s){_NO_RTL % (left + right)}*?{_LTR}{_NO_RTL % (left + right)}*(?<!\s)(?={right})"
    for left, right in (("«", "»"), ("“", "”"), ("‹", "›"), (r"\(", r"\)"), (r"\[", r"\]"), ('"', '"'))
)
_PHONE = r"""
    (?<![\p{L}\p{N}\ufdd0]) (?: \(\+\p{Nd}{1,4}\) | \+\p{Nd}{1,4} | 00[0-9]{1,3} )
        (?: [ \u00a0\u202f.\-]? \(?\p{Nd}{1,4}\)? ){2,7} (?![\p{L}\p{N}\ufdd0])
  | (?<![\p{L}\p{N}\ufdd0]) \p{Nd}{2,3} (?: [ \u00a0\u202f] \p{Nd}{2,3} ){2,6} (?![\p{L}\p{N}\ufdd0])
  | (?<![\p{L}\p{N}\ufdd0]) \p{Nd}{1,3} (?: [ \u00a0\u202f] \p{Nd}{3} )+ (?![\p{L}\p{N}\ufdd0])
"""
_ALONE = r"(?<![\p{L}\p{M}\p{N}\ufdd0])"
# A particle that is written as part of the next word.
_AFTER_PARTICLE = rf"(?<={_ALONE}[وفبلك])"
_WORD = rf"""
    (?: [@\#] | (?: (?<!\S) | {_AFTER_PARTICLE} )\. | (?<![\p{{L}}\p{{N}}.,\ufdd0])[0-9]+[.\-]? )? {_LTR} {_INSIDE}*
    (?: \+{{1,2}} | \# | [®™©] | (?<=\.\p{{L}})\. | (?<={"|".join(name[:-1] for name in _NAMES_WITH_A_SIGN)})! )?
"""
_COUNT = rf"""
    (?: (?: {_ALONE} | {_AFTER_PARTICLE} )[+\-−±~≈]? {_MONEY}? | {_MONEY} | \# )? [0-9]+ (?: [.,:/\-–−×'’+=*][0-9]+ )*
    (?: {_GAP}? (?: [%‰] | {_MONEY} | (?:{_UNITS})(?![\p{{L}}\p{{N}}\ufdd0]) ) | \+(?![\p{{L}}\p{{N}}\ufdd0]) )?
"""
_RTL_WORD = rf"{_RTL} (?: {_RTL} | [\p{{M}}\u200c\u200d'’_] )*"
# Right-to-left letters and spaces come first because they are most of a text, and nothing else begins with them.
_ATOMS = rf"""(?xV1)
  (?P<rtl> {_RTL_WORD} )
| (?P<link> (?:https?://|mailto:|www\.) [^\s<>"«»“”،؛؟\u2066-\u2069]+
          | [A-Za-z0-9._%+\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+ )
| (?P<quoted> {_QUOTED} )
| (?P<phone> {_PHONE} )
| (?P<word> {_WORD} )
| (?P<count> {_COUNT} )
| (?P<other> [\s\S] )
"""

# A number that the algorithm shows right by itself: digits, one decimal part, or grouped by commas.
_PLAIN_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?|[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_SHORT = re.compile(r"[0-9]{1,2}")
_YEAR = re.compile(r"[0-9]{4}")
_TIME = re.compile(r"[0-9]{1,2}:[0-9]{2}")
_RANGE_SIGN = re.compile(rf"{_GAP}[-–×]{_GAP}")

# What may stand between two words of one left-to-right phrase: a space, a comma, a dash, a bracket, a quote.
_LTR_JOINT = re.compile(rf"(?:{_GAP}|[,:&/+|×·–—\-]|[()\[\]\"“”'’]){{1,4}}")
# A number belongs to the name before it (iPhone 15, Apple: 3) but not over a sign that parts a line's fields.
_NUMBER_JOINT = re.compile(rf"{_GAP}?[(\[]|:?{_GAP}|[\-–/#:]")
_RTL_JOINT = re.compile(rf"(?:{_GAP}|[،؛,:.\-–—/%٪]|[()\[\]\"“”'’«»]|\d){{1,16}}")
_SENTENCE_JOINT = re.compile(rf"[.!?;…][\"”’)]?{_GAP}")
_ABBREVIATION = re.compile(r"\w{1,3}")
_LINK_TAIL = ".,:;!?'’\"*…"

# Neither a digit nor a left-to-right letter, and nothing that steers direction: signs, spaces, Arabic and Hebrew.
_STILL = (
    r"[\t\n\r -/:-@\[-`{-~\u00a0-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7"
    r"\u0590-\u065f\u066a-\u06ef\u06fa-\u06ff\u0750-\u077f\u08a0-\u08ff"
    r"\u2000-\u2027\u202f-\u2064\u20a0-\u20c0\ufb1d-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc]"
)
# A number between words, as in a date, that the algorithm shows right as well.
_STILL_NUMBER = r"(?:\A|(?<=[\u0620-\u064a·،:] ))[0-9]++(?=\Z| [\u0620-\u064a]|، [\u0620-\u064a])"
# No possessive group anywhere here: Python before 3.11.5 matches one wrongly when something in it can give way.
_QUIET = re.compile(rf"(?:{_STILL}++|{_STILL_NUMBER})*")
_COMMON_LETTER = {"rtl": re.compile("[\u05d0-\u05ea\u0620-\u064a]"), "ltr": re.compile("[A-Za-z]")}
_STILL_WORDS = re.compile(rf"(?=[\u05d0-\u05ea\u0620-\u063f\u0641-\u064a]){_QUIET.pattern}")
# Spaces and signs with which nothing begins, unless they come right after an opening quote or bracket.
_PASSED = re.compile(rf"{_GAP}++|(?<![«“‹(\[\"])[،,:;!?»”›)\]]")
_TO_LAST_LETTER = re.compile(r"[\s\S]*[\u05d0-\u05ea\u0620-\u063f\u0641-\u064a][\u064b-\u065f\u0670\u200c\u200d'’_]*")
# Every block with right-to-left letters in it, and every sign that steers direction but for the single marks.
_LOUD = re.compile(
    "[\u0590-\u08ff\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefe\U00010800-\U00010fff\U0001e800-\U0001efff]"
)


class _Atom(NamedTuple):
    kind: str
    text: str


@cache
def _atoms() -> Any:
    import regex

    return regex.compile(_ATOMS)


@cache
def letters(direction: Direction) -> Any:
    """The pattern of one strong letter: ``rtl`` (bidi classes R and AL) or ``ltr`` (letters of class L)."""
    import regex

    return regex.compile(rf"(?V1){_RTL if direction == 'rtl' else _LTR}")


def quiet(text: str, base: Direction) -> bool:
    """Tell quickly of most texts that nothing in them needs isolating: no letter, digit or sign that could.

    Args:
        text: Plain text, of any length.
        base: Direction of the paragraph it will stand in.
    """
    if base == "rtl":
        return _QUIET.fullmatch(text) is not None
    return _LOUD.search(text) is None


def cut(text: str, base: Direction) -> list[tuple[str, bool]]:
    """Cut a text into runs and say which must be isolated; neighbours are not joined yet.

    Args:
        text: One paragraph, each isolate that was in it written as ``ISOLATED``.
        base: Direction of the paragraph it will stand in.
    """
    away: Direction = "ltr" if base == "rtl" else "rtl"
    own = _COMMON_LETTER[base].search(text) is not None
    if not own and letters(away).search(text) and not letters(base).search(text) and ISOLATED not in text:
        # Not a letter of the paragraph's own direction: its signs belong to it as well.
        body = text.strip()
        before, _, after = text.partition(body)
        return [(before, False), (body, True), (after, False)]
    atoms = _read(text, base)
    found: list[tuple[str, bool]] = []
    at = 0
    while at < len(atoms):
        end = _phrase(atoms, at, base)
        if end > at:
            found.append(("".join(atom.text for atom in atoms[at:end]), True))
            at = end
        else:
            found.append((atoms[at].text, False))
            at += 1
    return _sentences(found) if base == "rtl" else found


def _read(text: str, base: Direction) -> list[_Atom]:
    atoms: list[_Atom] = []
    read, at = _atoms().match, 0
    while at < len(text):
        if base == "rtl" and (still := _STILL_WORDS.match(text, at)) is not None:
            # Seen from a left-to-right word, all that begins with a right-to-left letter is one obstacle; but the
            # signs at its end may belong to the word that follows.
            words = _TO_LAST_LETTER.match(text, at, still.end())
            at = still.end() if words is None or still.end() == len(text) else words.end()
            atoms.append(_Atom("rtl", text[still.start() : at]))
            continue
        if (sign := _PASSED.match(text, at)) is not None:
            atoms.append(_Atom("other", sign.group()))
            at = sign.end()
            continue
        match = read(text, at)
        kind, value = match.lastgroup, match.group()
        if kind == "link":
            value = _without_tail(value)
        if not value:
            kind, value = "other", text[at]
        atoms.append(_Atom(kind, value))
        at += len(value)
    return atoms


def _without_tail(link: str) -> str:
    """A link without the sentence's signs behind it; a bracket stays when it was opened in the link."""
    while link and (
        link[-1] in _LINK_TAIL or (link[-1] in ")]" and link.count(link[-1]) > link.count(_CLOSING[link[-1]]))
    ):
        link = link[:-1]
    return link


def _phrase(atoms: list[_Atom], at: int, base: Direction) -> int:
    """Index behind the run that starts here, or ``at`` itself when none does."""
    first = atoms[at]
    if base == "ltr":
        return _grow(atoms, at, ("rtl",), _RTL_JOINT) if first.kind == "rtl" else at
    if first.kind in ("link", "phone"):
        return at + 1
    if first.kind == "count":
        end = _range_end(atoms, at)
        return end if end > at + 1 or not _PLAIN_NUMBER.fullmatch(first.text) else at
    if first.kind in ("word", "quoted"):
        return _grow(atoms, at, ("word", "quoted", "count", "phone", "link"), _LTR_JOINT)
    return at


def _range_end(atoms: list[_Atom], at: int) -> int:
    """A range or score written with spaces: ``3 - 1``, ``2023 – 2024``, ``14:30 - 16:00``."""
    sign = "".join(atom.text for atom in atoms[at + 1 : at + 4])
    if at + 4 < len(atoms) and _RANGE_SIGN.fullmatch(sign) and atoms[at + 4].kind == "count":
        for shape in (_SHORT, _YEAR, _TIME):
            if shape.fullmatch(atoms[at].text) and shape.fullmatch(atoms[at + 4].text):
                return at + 5
    return at + 1


def _grow(atoms: list[_Atom], at: int, kinds: tuple[str, ...], joint: re.Pattern[str]) -> int:
    """Go on over joints as long as more words of the run follow and its brackets and quotes close."""
    end = at + 1
    open_signs: list[tuple[str, int]] = []
    while True:
        following = end
        while following < len(atoms) and atoms[following].kind not in kinds and following - end < 16:
            if atoms[following].kind not in ("other", "count", "phone"):
                break
            following += 1
        if following >= len(atoms) or atoms[following].kind not in kinds:
            break
        between = "".join(atom.text for atom in atoms[end:following])
        fits = _NUMBER_JOINT if atoms[following].kind in ("count", "phone") and joint is _LTR_JOINT else joint
        if not _joins(between, atoms[end - 1].text, fits) or not _pair(between, open_signs, end):
            break
        end = following + 1
    return _closed(atoms, end, open_signs)


def _joins(between: str, before: str, joint: re.Pattern[str]) -> bool:
    if not between:
        return True
    if between == ". ":
        return _ABBREVIATION.fullmatch(before) is not None
    return joint.fullmatch(between) is not None


def _pair(between: str, open_signs: list[tuple[str, int]], end: int) -> bool:
    """Keep count of brackets and quotes; False when one closes that was not opened in this run."""
    for at, sign in enumerate(between):
        if sign in _PAIRS:
            open_signs.append((sign, end))
        elif sign in _CLOSING or (sign == '"' and at == 0):
            wanted = _CLOSING.get(sign, sign)
            if not open_signs or open_signs[-1][0] != wanted:
                return False
            open_signs.pop()
        elif sign == '"':
            open_signs.append((sign, end))
    return True


def _closed(atoms: list[_Atom], end: int, open_signs: list[tuple[str, int]]) -> int:
    """Take the closing signs that follow, or go back before the first one that stays open."""
    while open_signs and end < len(atoms) and atoms[end].text == _PAIRS.get(open_signs[-1][0], open_signs[-1][0]):
        open_signs.pop()
        end += 1
    return open_signs[0][1] if open_signs else end


def _sentences(found: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """Join two left-to-right runs over a full stop when both are long enough to be a quotation."""
    joined: list[tuple[str, bool]] = []
    for run, needed in merged(found):
        long_enough = needed and len(run.split()) >= 3
        if (
            long_enough
            and len(joined) >= 2
            and joined[-2][1]
            and len(joined[-2][0].split()) >= 3
            and _SENTENCE_JOINT.fullmatch(joined[-1][0])
        ):
            (before, _), (sign, _) = joined[-2:]
            joined[-2:] = [(before + sign + run, True)]
        else:
            joined.append((run, needed))
    return joined


def merged(found: Iterable[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """Join neighbours that need nothing, and drop what is empty."""
    joined: list[tuple[str, bool]] = []
    for run, needed in found:
        if joined and not needed and not joined[-1][1]:
            joined[-1] = (joined[-1][0] + run, False)
        elif run:
            joined.append((run, needed))
    return joined
