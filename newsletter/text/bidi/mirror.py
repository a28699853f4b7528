"""The mirror image: runs of right-to-left words in a left-to-right paragraph.

A run goes from its first right-to-left letter to its last, over everything that is not a left-to-right letter or the
end of a sentence; inside it the rule for right-to-left paragraphs holds again.
"""

from __future__ import annotations

import re

_WORD = re.compile("a[am]*")
_BETWEEN = re.compile("(?:[^alLXu.,;]|[.,;](?! ))*")
_BEFORE = re.compile("P?(?:[#@]|[di]+(?:[.,/j][di]+)*)?\\Z")
_LONGEST_NUMBER = 20
_BEHIND = re.compile("(?:[-/_.]?[di]+(?:[.,/j:][di]+)*|: [di]+(?:-[di]+)?(?![di])| [di]{4}(?!%|[.,:/-]?[di]))?")
_SIGNS = re.compile("[bp]*")
_BRACKETS = re.compile("[()q]")
_PARTNER = {")": "(", "]": "[", "}": "{", "»": "«", "”": "“", "›": "‹"}
_OPENING = frozenset(_PARTNER.values())


def right_to_left_runs(text: str, roles: str) -> list[tuple[int, int]]:
    """The runs of a left-to-right paragraph that must be isolated, each by its start and end.

    Args:
        text: One paragraph, each isolate in it written as ``ISOLATED``.
        roles: The roles of its characters.
    """
    found: list[tuple[int, int]] = []
    at = 0
    while (word := _WORD.search(roles, at)) is not None:
        start, end = word.span()
        waiting: list[tuple[str, int]] = []
        while (between := _BETWEEN.match(roles, end)) is not None:
            following = _WORD.match(roles, between.end())
            if following is None or not _balanced(text, roles, end, between.end(), waiting):
                break
            end = following.end()
        end = _closed(text, roles, end, waiting)
        before = _BEFORE.search(roles, max(at, start - _LONGEST_NUMBER), start)
        found.append((before.start() if before else start, end))
        at = end
    return found


def _balanced(text: str, roles: str, start: int, end: int, waiting: list[tuple[str, int]]) -> bool:
    """Keep count of brackets and quotation marks; False when one closes that was not opened in this run."""
    for match in _BRACKETS.finditer(roles, start, end):
        sign = text[match.start()]
        if sign in _OPENING:
            waiting.append((sign, start))
        elif waiting and waiting[-1][0] == _PARTNER.get(sign):
            waiting.pop()
        else:
            return False
    return True


def _closed(text: str, roles: str, end: int, waiting: list[tuple[str, int]]) -> int:
    """Take the number and the signs that follow; go back before the first bracket that stays open."""
    for pattern in (_BEHIND, _SIGNS):
        if (match := pattern.match(roles, end)) is not None:
            end = match.end()
    while waiting and end < len(text) and _PARTNER.get(text[end]) == waiting[-1][0]:
        waiting.pop()
        end += 1
    return waiting[0][1] if waiting else end
