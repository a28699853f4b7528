"""Where a right-to-left text stands open: the gaps between its letters, and what in a gap must stay together.

A link and a hashtag with Arabic letters in it are one piece; a quotation or bracket that holds no right-to-left
letter is one piece; every bracket without its partner in the gap parts what stands beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.text.bidi.pieces import Gap
from newsletter.text.bidi.roles import ARABIC_BORDER, BORDER, HELD, ISOLATE, LETTER, RTL, STRAY

_GAPS = re.compile(f"[{RTL}{ISOLATE}][{RTL}{ISOLATE}m ]*|([^{RTL}{ISOLATE}]+)")
_CORE = re.compile("[lLdin]")
# One plain number, as in a date: most gaps of most texts hold no more, and it needs nothing.
_PLAIN = re.compile("[ ub()]*d+(?:[.,:/]d+)*[ ub().,:;!?]*")
_LINK = re.compile('(?:https?://|mailto:|www\\.)[^\\s<>"«»“”—…،؛؟۔״׳\u200c\u2066-\u2069\ufdd0]+', re.IGNORECASE)
_PATH = re.compile('(?<![A-Za-z0-9.\\-/@])([A-Za-z0-9.\\-]{1,253}/)[^\\s<>"«»“”—…،؛؟۔״׳()\u200c\u2066-\u2069\ufdd0]+')
_HOST = re.compile(r"(?:[A-Za-z0-9\-]{1,63}\.)+[A-Za-z]{2,}/")
# A lone Arabic word behind a slash is as likely an alternative (example.org/الموقع) as a path.
_OF_PATH = re.compile(r"[A-Za-z0-9/_?=%\-]")
_TAG = re.compile("(?<![lLdinm])#(?:[lLdinm_]*_)?a[alLdinm_]*")
# Not the three dots of a chess move of Black (1...e5).
_ELLIPSIS = re.compile(r"(?<!d)\.{3,}|\.{3,}(?![lL.])")
_SIGNS_BEHIND = ".,:;!?'’\"*…"
_PARTNER = {")": "(", "]": "[", "}": "{", "»": "«", "”": "“", "›": "‹", "’": "‘"}
_PAIRING = re.compile("[()q\"']")
_OPERATOR_BEFORE = re.compile(r"[lL] ?\Z|[^ ub]\Z|[=+r<>c*&|] \Z")
_OPERATOR_BEHIND = re.compile(r" ?[=+r<>c*&|\-]")


def gaps(text: str, shape: str) -> tuple[str, list[Gap]]:
    """The gaps of a right-to-left paragraph in which a letter or number stands.

    Args:
        text: One paragraph, each isolate in it written as ``ISOLATED``.
        shape: The roles of its characters.

    Returns:
        The roles anew, in which what must stay together is held together, and the gaps in their order.
    """
    shape = _whole_pieces(text, shape)
    found: list[Gap] = []
    made: list[str] = []
    at = 0
    for match in _GAPS.finditer(shape):
        roles = match.group(1)
        if roles is None or not _CORE.search(roles) or _PLAIN.fullmatch(roles):
            continue
        gap = Gap(match.start(), match.end())
        found.append(gap)
        if _PAIRING.search(roles):
            made += [shape[at : gap.start], _paired(text, gap, roles)]
            at = gap.end
    return ("".join([*made, shape[at:]]) if made else shape), found


def _whole_pieces(text: str, shape: str) -> str:
    """Addresses become letters, tags with right-to-left letters become such letters, ellipses borders."""
    pieces: list[tuple[int, int, str]] = []
    if "/" in shape or ":" in shape or "." in shape:
        for match in _LINK.finditer(text):
            pieces.append((match.start(), _link_end(text, match.start(), match.end()), LETTER))
        for match in _PATH.finditer(text) if "/" in shape else ():
            end = _link_end(text, match.start(), match.end())
            is_path = _HOST.match(text, match.start(), end) and _OF_PATH.search(text, match.end(1), end)
            if is_path and RTL in shape[match.start() : end]:
                pieces.append((match.start(), end, LETTER))
    if "#" in shape:
        pieces += [(match.start(), match.end(), RTL) for match in _TAG.finditer(shape)]
    if '"' in shape:
        pieces += [(at, at + 1, "D") for at in _inches(shape)]
    if "..." in shape:
        pieces += [(match.start(), match.end(), BORDER) for match in _ELLIPSIS.finditer(shape)]
    if not pieces:
        return shape
    made, at = [], 0
    for start, end, role in sorted(pieces):
        if start >= at:
            made += [shape[at:start], role * (end - start)]
            at = end
    return "".join([*made, shape[at:]])


def _link_end(text: str, start: int, end: int) -> int:
    """Where a link ends without the sentence's signs; a bracket stays when it was opened in the link."""
    closing = {sign: text.count(sign, start, end) - text.count(_PARTNER[sign], start, end) for sign in ")]"}
    while end > start + 1:
        sign = text[end - 1]
        if sign in closing:
            if closing[sign] <= 0:
                break
            closing[sign] -= 1
        elif sign not in _SIGNS_BEHIND:
            break
        end -= 1
    return end


def _inches(shape: str) -> Iterator[int]:
    """The straight quotation marks that stand for inches: behind a digit, while no quotation is open."""
    is_open = False
    at = shape.find('"')
    while at >= 0:
        if is_open:
            is_open = False
        elif at and shape[at - 1] in "din":
            yield at
        else:
            is_open = True
        at = shape.find('"', at + 1)


def _paired(text: str, gap: Gap, roles: str) -> str:
    """Find the partners of brackets and quotation marks; hold together what stands inside, or make them borders."""
    start, made = gap.start, list(roles)
    pairs: list[tuple[int, int, int, int, int]] = []
    waiting: list[tuple[int, str, int, int, int]] = []
    latin = arabic = blanks = last = 0
    for match in _PAIRING.finditer(roles):
        at = match.start()
        latin += roles.count("l", last, at) + roles.count("L", last, at)
        arabic += roles.count(ARABIC_BORDER, last, at)
        blanks += roles.count(" ", last, at)
        last = at
        sign, role = text[start + at], roles[at]
        if _closes(sign, roles, at, waiting):
            begun, _, *counts = waiting.pop()
            pairs.append((begun, at, latin - counts[0], arabic - counts[1], blanks - counts[2]))
        elif _opens(sign, role, roles, at):
            waiting.append((at, sign, latin, arabic, blanks))
        elif role != "'":
            made[at] = BORDER
    for at, _, *_ in waiting:
        if made[at] != "'":
            made[at] = BORDER
    covered = -1
    for begun, ended, letters, foreign, spaces in sorted(pairs):
        if ended <= covered:
            if roles[begun] == "(":
                gap.partner[start + begun] = start + ended
            continue
        quoted = roles[begun] not in "()"
        if (letters and not foreign) or (not quoted and spaces and not foreign and _bound(roles, begun, ended)):
            _hold(made, begun, ended)
            made[begun], made[ended] = "{}" if quoted else "()"
            covered = ended
        elif quoted or spaces:
            # A quoted figure among signs, as in f("5"), is no border; one among Arabic words is.
            inside = quoted and roles[begun - 1 : begun] == "(" and roles[ended + 1 : ended + 2] == ")"
            made[begun] = made[ended] = STRAY if inside else BORDER
            continue
        gap.partner[start + begun] = start + ended
    return "".join(made)


def _bound(roles: str, begun: int, ended: int) -> bool:
    """Whether a bracket without letters hangs on the word or sign before it or the sign behind it."""
    return bool(_OPERATOR_BEFORE.search(roles[max(0, begun - 2) : begun]) or _OPERATOR_BEHIND.match(roles, ended + 1))


def _hold(made: list[str], begun: int, ended: int) -> None:
    for at in range(begun + 1, ended):
        if made[at] == " ":
            made[at] = HELD
        elif made[at] in "q\"'" or made[at] == BORDER:
            made[at] = STRAY


def _opens(sign: str, role: str, roles: str, at: int) -> bool:
    """Whether this sign opens; a straight or single mark does behind a blank and before a word."""
    if role == "(":
        return True
    if sign in "«“‹„":
        return True
    if role in {'"', "'"}:
        before, behind = roles[at - 1 : at], roles[at + 1 : at + 2]
        return before in tuple(' (ub-hq"') or (not before and behind not in ("", " "))
    return False


def _closes(sign: str, roles: str, at: int, waiting: list[tuple[int, str, int, int, int]]) -> bool:
    if not waiting:
        return False
    role = roles[at]
    opened = waiting[-1][1]
    if role in "'\"":
        before, behind = roles[at - 1], roles[at + 1 : at + 2]
        return (opened == sign or _PARTNER.get(sign) == opened) and before != " " and (behind or " ") not in "lLdin"
    wanted = _PARTNER.get(sign)
    return opened == wanted if wanted else role == ")" and opened not in _PARTNER.values()
