"""The words of a gap: each from its first to its last letter or digit, with the signs that belong to it.

``-5%``, ``C++``, ``$12``, ``*100#`` and ``16"`` are words with their signs; the full stop, the comma and the question
mark behind a word are the sentence's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from newsletter.text.bidi import known
from newsletter.text.bidi.pieces import Gap, Word
from newsletter.text.bidi.roles import DIGIT, HELD, ISOLATE, RTL

_WORD = re.compile("[^ bu]+")
_FIRST = re.compile("[lLdin]")
_TO_LAST = re.compile("[^ bu]*[lLdin]m*")
_LATIN = re.compile("[lL]")
# Behind an Arabic letter these stand between two things: a hyphen, a slash, a sum.
_INFIX = re.compile(r"[-h/_.=<>c*&:^|'~D]*")
_HYPHENS = re.compile(r"[-h/_]*")
_BEFORE = frozenset("+~$#@%pS&orz<>=c/._vD^P")
_BEHIND = frozenset("+%$Do#*rnzmS_")
_ELLIPSIS = re.compile(r"(?:…|\.{3,})\Z")
_JOINER_OFF = "\u200c"
_MOST_SIGNS = 8
"""Longest row of signs before a word that is looked at."""

_PARTICLE = re.compile("(?<!\\w)(?:[وו]|[وف]?(?:ال|بال|كال|لل|[بلكس])ـ+|[وف]ـ+)\\Z")
# Hebrew writes a hyphen between its particles and a figure or a foreign word (ב-3, ו-2020).
_HEBREW_PARTICLE = re.compile("(?<!\\w)[ומשהכלב]{1,3}\\Z")
_PREPOSITION = re.compile("(?<!\\w)[فبلكומשהכלב]\\Z")
_LONGEST_PARTICLE = 12
_ABBREVIATED = re.compile(r"(?:[^\W\d_]\.-?)+[^\W\d_]|(?:[^\W\d_a-z][^\W\d_A-Z]?\.)+[^\W\d_]{1,2}")
_GRADE = re.compile("L[Ld]{0,2}")


def words(text: str, roles: str, gap: Gap) -> Iterator[Word]:
    """The words of a gap in their order.

    Args:
        text: The paragraph.
        roles: The roles of its characters.
        gap: One gap of it.
    """
    for match in _WORD.finditer(roles, gap.start, gap.end):
        first = _FIRST.search(roles, match.start(), match.end())
        if first is not None:
            yield _word(text, roles, gap.partner, match.start(), match.end(), first.start())


def _word(text: str, roles: str, partner: Mapping[int, int], begun: int, ended: int, first: int) -> Word:
    last_match = _TO_LAST.match(roles, first, ended)
    last = last_match.end() if last_match else ended
    start, wrapped = _signs_before(text, roles, partner, begun, first, last)
    if wrapped is not None:
        inner_start, inner_end = wrapped + 1, partner[wrapped]
        content = text[inner_start:inner_end]
        inner_start += len(content) - len(content.lstrip())
        inner_end -= len(content) - len(content.rstrip())
        if HELD not in roles[inner_start:inner_end]:
            # The ellipsis behind a single word, an address say, is the sentence's.
            content = text[inner_start:inner_end]
            inner_end -= len(content) - len(_ELLIPSIS.sub("", content))
        latin = _LATIN.search(roles, inner_start, inner_end) is not None
        quoted = roles[wrapped] == "{"
        if not quoted and not latin:
            inner_start, _ = _signs_before(text, roles, partner, inner_start, first, last)
            inner_end = _signs_behind(text, roles, partner, inner_start, last, inner_end)
        return Word(inner_start, inner_end, latin, wrapped, partner[wrapped] + 1, quoted)
    end = _signs_behind(text, roles, partner, start, last, ended)
    latin = _LATIN.search(roles, start, end) is not None
    if text[end - 1] == _JOINER_OFF:
        end -= 1  # it belongs to the ending that follows (PDF‌ها); the cut is made behind it all the same
    return Word(start, end, latin, start, end)


def _signs_before(
    text: str, roles: str, partner: Mapping[int, int], begun: int, first: int, last: int
) -> tuple[int, int | None]:
    """Where the word begins, and the bracket or quotation mark round the whole of it."""
    joined = _joined_to_letter(text, roles, begun)
    if joined and roles[begun] == "h":
        # A dash between two words leaves the second as free as a blank does.
        begun, joined = begun + 1, False
    if (
        joined
        and roles[begun] == "-"
        and text[begun] != "−"
        and _HEBREW_PARTICLE.search(text[max(0, begun - 4) : begun])
    ):
        joined = text[begun - 1] == "ו" and "D" in roles[first : first + 8] and begun + 1 == first
        begun, joined = (begun, False) if joined else (begun + 1, False)
    for at in range(begun, min(first, begun + _MOST_SIGNS)) if partner else ():
        if roles[at] in "({":
            if partner.get(at, -1) >= last and (at == begun or not _hangs(roles, begun, at)):
                return at + 1, at
            break
    limit = begun
    if joined:
        # A single letter can be a preposition, before which all signs but these belong to the word.
        infix = (_HYPHENS if _PREPOSITION.search(text[max(0, begun - 2) : begun]) else _INFIX).match(
            roles, begun, first
        )
        limit = infix.end() if infix else begun
    limit, at = max(limit, first - _MOST_SIGNS), first
    while at > limit:
        sign = roles[at - 1]
        if sign in "({":
            if at - 1 not in partner:
                break
        elif sign == "m":
            if at - 1 == limit or roles[at - 2] not in _BEFORE:
                break
        elif sign in "-h":
            if not _negative(roles, at - 1, begun):
                break
        elif sign == "*":
            if roles[at] != "." and "#" not in roles[last : last + 3]:
                break
        elif sign == ":":
            if roles[at - 2 : at - 1] == ":" and at - 2 >= limit:
                at -= 1
            else:
                break
        elif sign == "'":
            if at - 1 > begun and roles[at - 2] not in "({":
                break
        elif sign not in _BEFORE:
            break
        at -= 1
    if at == begun and not joined and begun >= 2 and roles[begun - 1] == " " and roles[begun - 2] in "c<>~rS$":
        at = _from_comparison(text, roles, begun)
    return at, None


def _hangs(roles: str, begun: int, opening: int) -> bool:
    """Whether signs before a bracket belong to what the bracket holds, as in ``-(a+b)``."""
    return all(sign in "-+~$#@%r=c" for sign in roles[begun:opening])


def _joined_to_letter(text: str, roles: str, at: int) -> bool:
    """Whether a right-to-left letter touches the word: not a particle that is written as a part of every word."""
    if at == 0 or roles[at - 1] not in (RTL, ISOLATE, "m"):
        return False
    return roles[at - 1] == ISOLATE or _PARTICLE.search(text[max(0, at - _LONGEST_PARTICLE) : at]) is None


def _negative(roles: str, at: int, begun: int) -> bool:
    """Whether a hyphen or dash at the beginning of a word is a minus sign."""
    if roles[at] == "h" and roles[at + 1] not in "din$":
        return False
    if at > begun:
        return roles[at - 1] in "+-~$({:=z'/<>cr"
    return True


def _from_comparison(text: str, roles: str, begun: int) -> int:
    """Where ``≤ 5%`` begins; a single Arabic letter before the sign is what is compared."""
    at = begun - 2
    while at and roles[begun - 2] == "$" and roles[at - 1] in "$/" and begun - at < _MOST_SIGNS:
        at -= 1
    before = roles[at - 1 : at]
    if roles[at] == "$" and before == " " and roles[at - 2 : at - 1] in tuple("lLdin"):
        return begun
    if before == "-" and _HEBREW_PARTICLE.search(text[max(0, at - 5) : at - 1]):
        return at
    if before not in ("", " ", "u", "b", "h", "(", "{"):
        free = before == RTL and (
            not _joined_to_letter(text, roles, at) or _PREPOSITION.search(text[max(0, at - 2) : at])
        )
        return at if free else begun
    compared = roles[max(0, at - 3) : at]
    variable = compared[-2:] == f"{RTL} " and compared[:-2] != RTL and text[at - 2] not in "وו"
    return begun if variable else at


def _signs_behind(text: str, roles: str, partner: Mapping[int, int], start: int, last: int, ended: int) -> int:
    """Where the word ends."""
    at = last
    # What is open in the word reaches to where it closes.
    at = (
        max((partner[opening] + 1 for opening in range(start, last) if opening in partner), default=at)
        if partner
        else at
    )
    at = max(at, last)
    while at < ended:
        sign = roles[at]
        if sign in _BEHIND:
            pass
        elif sign == "(" and partner.get(at) == at + 1:
            at += 1
        elif sign == "'":
            if roles[at - 1] not in "din'D" and not (at + 1 == ended and _LATIN.match(roles, at + 2)):
                break
        elif sign == "p":
            if roles[at - 1] != DIGIT:
                break
        elif sign == "-":
            if not _GRADE.fullmatch(roles, start, at) or roles[at + 1 : at + 2] in tuple("lLdina-"):
                break
        elif sign == ".":
            if not _abbreviates(text[start:at], roles, at):
                break
        elif sign == "!":
            if text[start : at + 1] not in known.WITH_A_SIGN and "v" not in roles[start:last]:
                break
        elif sign == "?":
            if "v" not in roles[start:last]:
                break
        elif sign == "/":
            if roles[at + 1 : at + 2] != "$" and ("/" not in roles[start:last] or roles[at + 1 : at + 2] == RTL):
                break
        elif sign == "&":
            if roles[at - 1] not in "lL" or roles[at + 1 : at + 2] in tuple("lLdin"):
                break
        elif sign == ">":
            if roles[start] != "<":
                break
        else:
            break
        at += 1
    return at


def _abbreviates(word: str, roles: str, at: int) -> bool:
    """Whether the full stop behind a word is the word's own."""
    word = word[word.rfind(" ") + 1 :]
    if len(word) > 12:
        return False
    if _ABBREVIATED.fullmatch(word) or known.ends_a_phrase(word):
        return True
    behind = roles[at + 1 : at + 3]
    if behind == " :":
        return known.stands_before(word)
    if behind[:1] != " " or behind[1:] not in tuple("lLdin"):
        return False
    if len(word) == 1:
        return word.isupper() or known.stands_before(word)
    # Beside a figure they read as one in any text: no letter of the other direction stands between.
    return known.stands_before(word) or (len(word) <= 4 and word.istitle() and behind[1:] in tuple("din"))
