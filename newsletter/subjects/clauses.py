"""A headline told shorter: cut only where a clause ends, so that what is left is a whole statement.

Never within a name, a number, a quotation or brackets, and never so that somebody's words become ours: what stands
before a colon is not taken away, since it says who speaks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.subjects.languages import LanguageRules
from newsletter.text.tidy import arabic_fold, tidy

_PAIRS = {"«": "»", "“": "”", "(": ")", "[": "]", "„": "“"}
_STRONG = re.compile(r"(?:\s*[؛;]|\s+[–—|-])\s+")
_DASH = re.compile(r"\s[–—-]\s")
_MARKS = re.compile(r"[\u064b-\u065f\u0670\u0640\u05b0-\u05c7]")
_EDGES = " \t،؛:,;.–—|-·"
_LABELS = re.compile(
    r"^\s*(?:#?\s*(?:عاجل|خاص|حصري[ًا]{0,2}|فيديو|صور|بالصور|بالفيديو|شاهد|breaking(?:\s+news)?|exclusive|video|photos|watch|"
    r"فوری|ویدیو|اختصاصی|דחוף|בלעדי|וידאו|urgent|exclusif|vidéo)\s*(?:[:|!–—-]+|\.\.\.|…)\s*)+",
    re.IGNORECASE,
)
_LEAST_WORDS = 3
_LONGEST = 400
"""Characters of a headline; what is longer is none, and looking at each of its words takes the square of its length."""


def headline(text: str) -> str:
    """A headline without what is no part of it: a label such as ``عاجل:``, repeated signs, a full stop at its end.

    Args:
        text: Plain text of one line.
    """
    before, text = "", tidy(text)
    while text != before:  # behind a label may stand another one, and a full stop behind a mark
        before = text
        text = _LABELS.sub("", text)
        text = re.sub(r"!+(?=[؟?])|(?<=[؟?])[!؟?]+|!{2,}|!+$", "", text)
        text = re.sub(r"(?<![.\d])\.$", "", text.strip()).strip()
    return text


def is_question(text: str) -> bool:
    """Whether a headline asks.

    Args:
        text: A headline.
    """
    return text.rstrip(' »"”').endswith(("؟", "?"))


def is_whole(text: str) -> bool:
    """Whether a headline says what it says to its end: no ellipsis, no bracket or quotation left open.

    Args:
        text: A headline.
    """
    return bool(text) and not re.search(r"(?:…|\.\.\.?)$|[،,:;؛–—-]$", text) and _balanced(text)


def shorter(text: str, rules: LanguageRules) -> tuple[str, ...]:
    """What is left of a headline when it ends, or begins, at a clause of it; the longest first, itself not among them.

    Args:
        text: A headline, as ``headline`` gives it.
        rules: Those of its language.
    """
    bare = text.rstrip(" ؟?!")
    found: dict[str, None] = {}
    if is_question(text) or len(text) > _LONGEST:
        return ()
    for start, end, strong in _boundaries(bare, rules):
        head, tail = bare[:start].strip(_EDGES), bare[end:].strip(_EDGES)
        if _between_dashes(bare, start, end, rules):
            continue
        if _stands(head, tail, rules, strong=strong):
            found[head] = None
        elif _begins_dependent(head, rules) and _is_statement(tail, rules):
            # The first clause only says when or why: the sentence is what follows.
            found[tail[:1].upper() + tail[1:]] = None
    return tuple(sorted((one for one in found if one != text), key=len, reverse=True))


def _boundaries(text: str, rules: LanguageRules) -> Iterator[tuple[int, int, bool]]:
    """Where a clause may end and the next one begins, and whether a strong sign parts them."""
    for match in _STRONG.finditer(text):
        yield match.start(), match.end(), True
    if rules.commas:
        for match in re.finditer(rf"\s?[{rules.commas}]\s+", text):
            yield match.start(), match.end(), False
    for match in re.finditer(r"\s+(?=\S)", text):
        if rules.adjuncts.match(_plain(text[match.end() :])) is None:
            continue
        before = text[: match.start()].split()
        # With a comma before it, the comma is the boundary. And what is said by somebody, or denied, is so of this time
        # or for this reason: "no flights before Thursday" is not "no flights".
        if (
            before
            and before[-1][-1] not in "،,;؛:–—-"
            and _folded(before[-1]) not in _folds(rules.sticky)
            and not any(word.endswith(":") or _folded(word) in _folds(rules.bound) for word in before)
        ):
            yield match.start(), match.end(), False


def _between_dashes(text: str, start: int, end: int, rules: LanguageRules) -> bool:
    """Whether a boundary stands at, or between, dashes that part no clauses.

    Two of them hold what is pushed in, or names of a list ("Rabat - capital of books - opens its doors"); one between
    names ("the line Oran - Tlemcen is back") stands before the first verb.
    """
    dashes = [match.start() for match in _DASH.finditer(text)]
    at_dash = _DASH.match(text[start:end]) is not None
    if len(dashes) > 1:
        return at_dash or dashes[0] < start < dashes[-1]
    return at_dash and not _says(text[:start], rules) and _says(text[end:], rules)


def _stands(head: str, tail: str, rules: LanguageRules, *, strong: bool) -> bool:
    """Whether what stands before a boundary can do without what follows."""
    if not _is_statement(head, rules, strict=not strong) or len(tail.split()) < 2:
        return False
    if strong:
        return True
    first = _plain(tail).split()[0]
    if first in rules.relative:
        return False
    # A list, or an apposition: the sentence goes on with its verb behind a later comma.
    segments = [part.strip() for part in re.split(rf"[{rules.commas or '،,'}]", _plain(tail))]
    return not any(rules.verb.match(part) for part in segments[1:])


def _is_statement(text: str, rules: LanguageRules, *, strict: bool = True) -> bool:
    """Whether it says something by itself; strict: by a verb or the name of an event that we know."""
    words = _plain(text).split()
    if len(words) < _LEAST_WORDS or not is_whole(text) or _begins_dependent(text, rules):
        return False
    if _folded(words[-1]) in _folds(rules.hanging) or (":" in text and not re.search(r":\s+\S+\s+\S+", text)):
        return False
    parts = re.split(rf"\s?[{rules.commas or '،,'}]\s+", _plain(text))
    if any(part.split()[0] in rules.relative for part in parts[1:] if part.split()):
        return False
    said = re.split(r":\s+", _plain(text))[-1]
    return rules.states.search(said) is not None if strict else len(words) > _LEAST_WORDS or _says(said, rules)


def _says(text: str, rules: LanguageRules) -> bool:
    return rules.states.search(text) is not None


def _begins_dependent(text: str, rules: LanguageRules) -> bool:
    words = text.split()
    return bool(words) and _folded(words[0]) in _folds(rules.dependent)


def _folds(words: frozenset[str]) -> frozenset[str]:
    return frozenset(_folded(word) for word in words)


def _folded(word: str) -> str:
    return arabic_fold(word)


def _plain(text: str) -> str:
    """The text without the marks over its letters, by which no rule goes."""
    return _MARKS.sub("", text)


def _balanced(text: str) -> bool:
    waiting: list[str] = []
    for sign in text:
        if sign in _PAIRS and not (waiting and sign == waiting[-1]):
            waiting.append(_PAIRS[sign])
        elif sign in _PAIRS.values() and (not waiting or waiting.pop() != sign):
            return False
    return not waiting and text.count('"') % 2 == 0
