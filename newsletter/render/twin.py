"""The plain-text twin of a letter: wrapped by what a reader sees, each line with a direction of its own."""

from __future__ import annotations

import re

from newsletter.text import bidi

COLUMNS = 78
"""RFC 5322 section 2.1.1 asks for lines of at most 78 characters."""

_LINK = re.compile(r"(?:https?://|mailto:|www\.)\S+|\S+@\S+\.\S+")
_HEAD = re.compile(r"\s*(?:(?:>\s?)+|[•–*-]\s+|\d{1,3}[.)]\s+)?\s*")
_BLANKS = re.compile(r"\n{3,}")
_WORD = re.compile(r"[^ \t]+[ \t]*|[ \t]+")
# Letters and signs that take one column each, and the marks that take none.
_MARKS = re.compile("[\u064b-\u065f\u0670]")
_NARROW = re.compile(r"[ -~\u00a0-\u00ac\u00ae-\u024f\u05d0-\u05ea\u0609-\u060f\u061b\u061d-\u066f\u0670-\u06d3]*")


def finish(text: str, direction: bidi.Direction) -> str:
    """Wrap a filled text template at 78 columns and steer each line's direction.

    A line's base direction is that of its first strong letter (UAX #9, P2), so a line of a right-to-left letter
    that starts with a Latin word or a number gets a right-to-left mark. Addresses stand unbroken, unmarked.

    Args:
        text: What the template gave.
        direction: The letter's direction.
    """
    lines: list[str] = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        bare = line.strip()
        if not bare or _LINK.fullmatch(bare):
            lines.append(line.rstrip())
        else:
            lines += [_steered(part, direction) for part in wrap(line.rstrip(), COLUMNS, direction)]
    return _BLANKS.sub("\n\n", "\n".join(lines)).strip("\n") + "\n"


def wrap(line: str, columns: int, direction: bidi.Direction = "rtl") -> list[str]:
    """Cut one line into lines no wider than so many columns; addresses, numbers and long words stay whole.

    Args:
        line: One line; a mark of quotation or of a list before it is kept, and what follows it is indented.
        columns: Width as a terminal shows it: marks count nothing, ideographs two.
        direction: Direction of the letter; what must be isolated in it and is short is not torn.
    """
    # The direction mark that may come first takes a column in programs that show it.
    limit = columns - 1
    if _width(line) <= limit or _LINK.fullmatch(line.strip()):
        return [line]
    match = _HEAD.match(line)
    head = match.group() if match else ""
    indent = head if ">" in head else " " * _width(head)
    lines: list[str] = []
    current: list[str] = []
    width = _width(head)
    words = _words(line[len(head) :], direction)
    for word, wide in zip(words, _widths(words), strict=True):
        if current and not current[-1].isspace() and width + wide - (len(word) - len(word.rstrip(" "))) > limit:
            lines.append((indent if lines else head) + "".join(current).rstrip())
            current, width = [], _width(indent)
        current.append(word)
        width += wide
    return [*lines, ((indent if lines else head) + "".join(current)).rstrip()]


def _width(text: str) -> int:
    """Columns that a terminal gives a text."""
    if _NARROW.fullmatch(text):
        return len(text) - len(_MARKS.findall(text))
    from rich.cells import cell_len

    return cell_len(text)


def _widths(words: list[str]) -> list[int]:
    if _NARROW.fullmatch("".join(words)):
        return [len(_MARKS.sub("", word)) for word in words]
    return [_width(word) for word in words]


def _words(text: str, direction: bidi.Direction) -> list[str]:
    """Words with the spaces behind them; a number or short name that must be isolated is one word."""
    if bidi.quiet(text, direction):
        return _WORD.findall(text)
    words: list[str] = []
    pending = ""
    for run, needed in bidi.runs(text, direction):
        if needed and len(run) <= 24 and len(run) < len(text.strip()):
            pending += run
            continue
        for part in _WORD.findall(run):
            pending += part
            if part[-1:] in (" ", "\t"):
                words.append(pending)
                pending = ""
    return [*words, pending] if pending else words


def _steered(line: str, direction: bidi.Direction) -> str:
    if not line.strip() or _LINK.fullmatch(line.strip()):
        return line
    if direction == "rtl" and "\u0621" <= line[0] <= "\u064a" and bidi.quiet(line, direction):
        return line
    isolated = bidi.isolate(line, direction)
    if direction == "ltr" or bidi.has_letters(_first_letter(line), "rtl"):
        return isolated
    return bidi.RLM + isolated if any(sign.isalnum() for sign in line) else isolated


def _first_letter(line: str) -> str:
    """The first letter or digit, which decides how the line starts."""
    return next((sign for sign in line if sign.isalnum()), "")
