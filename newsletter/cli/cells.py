"""Texts as wide as a terminal has room: cut and wrapped by its cells, every isolate closed on its own line.

A terminal ends its paragraphs where lines end, and tmux draws each row anew: an isolate left open there takes what
stands behind it with it, other columns too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_OPENING, _CLOSING = "\u2066\u2067\u2068", "\u2069"
_SIGN = re.compile(r"[\u200b-\u200f\u061c\u202a-\u202e\u2060-\u206f\ufeff]")
_UNIT = re.compile("(?:\u2066[^\u2066-\u2069]*\u2069|[^ ])+| +")
_WORD = re.compile(" +|[^ ]+")
ELLIPSIS = "…"


def width(text: str) -> int:
    """Cells of a terminal that a text takes; signs of direction take none.

    Args:
        text: On one line.
    """
    if text.isascii():
        return len(text)
    return sum(map(_cells, _clusters(text)))


def _clusters(text: str) -> list[str]:
    """A text cut where a reader sees one sign after another (Unicode UAX 29)."""
    import regex

    return [text] if len(text) == 1 else regex.findall(r"\X", text)


def _cells(cluster: str) -> int:
    from rich.cells import cell_len

    bare = _SIGN.sub("", cluster)
    return cell_len(bare) if bare else 0


def cut(text: str, room: int) -> str:
    """A text that fits: at most so many cells, with ``…`` for what was taken away, and every isolate closed.

    It is cut at a space where that leaves two thirds of the room.

    Args:
        text: On one line, with isolates or without.
        room: Cells; below 1 leaves nothing.
    """
    if width(text) <= room:
        return closed(text)
    if room < 1:
        return ""
    kept: list[str] = []
    left = room - 1
    for cluster in _clusters(text):
        left -= _cells(cluster)
        if left < 0:
            break
        kept.append(cluster)
    line = "".join(kept)
    head, gap, _ = line.rpartition(" ")
    if gap and text[len(line) : len(line) + 1] != " " and 3 * width(head) >= 2 * room:
        line = head
    return closed(line.rstrip(" ،,;؛:-–([«\u2066\u2067\u2068") + ELLIPSIS)


def closed(text: str) -> str:
    """A text whose isolates are all closed, and in which nothing is closed that was not opened.

    Args:
        text: On one line.
    """
    depth = 0
    kept: list[str] = []
    for sign in text:
        if sign in _OPENING:
            depth += 1
        elif sign == _CLOSING:
            if not depth:
                continue
            depth -= 1
        kept.append(sign)
    return "".join(kept) + _CLOSING * depth


def balanced(line: str) -> bool:
    """Whether every isolate of a line is closed on it, and nothing else is.

    Args:
        line: As it is printed.
    """
    return closed(line) == line


def wrapped(text: str, room: int) -> list[str]:
    """A text on as many lines as it needs, broken at spaces; what is open at a break is closed, and opened again.

    What reads from the left within it, a command or a path, stays whole where a line can hold it.

    Args:
        text: On one line, with isolates or without.
        room: Cells of a line; at least 1.
    """
    lines: list[str] = []
    open_now: list[str] = []
    line, taken, gap = "", 0, ""
    for piece in _pieces(_decided(closed(text)), room):
        if not piece.strip(" "):
            gap += piece
            continue
        cells = width(piece)
        if taken + len(gap) + cells > room:
            if taken:
                lines.append(line + _CLOSING * len(open_now))
                line, taken = "".join(open_now), 0
            gap = ""
        line, taken, gap = line + gap + piece, taken + len(gap) + cells, ""
        for sign in piece:
            if sign in _OPENING:
                open_now.append(sign)
            elif sign == _CLOSING:
                open_now.pop()
    return [*lines, line] if line or not lines else lines


def _decided(text: str) -> str:
    """A text whose isolates say their direction themselves: broken in two, the rest would go by another letter."""
    if "\u2068" not in text:
        return text
    from newsletter.text import bidi

    signs = list(text)
    for at, sign in enumerate(signs):
        if sign == "\u2068":
            signs[at] = "\u2067" if bidi.first_strong(text[at + 1 :], "ltr") == "rtl" else "\u2066"
    return "".join(signs)


def _pieces(text: str, room: int) -> Iterator[str]:
    """What is not broken, and the spaces between, in order; what no line holds in parts that fit."""
    for unit in _UNIT.findall(text):
        if width(unit) <= room or not unit.strip(" "):
            yield unit
            continue
        for piece in _WORD.findall(unit):
            if width(piece) <= room:
                yield piece
                continue
            part, taken = "", 0
            for cluster in _clusters(piece):
                cells = _cells(cluster)
                if part and taken + cells > room:
                    yield part
                    part, taken = "", 0
                part, taken = part + cluster, taken + cells
            yield part
