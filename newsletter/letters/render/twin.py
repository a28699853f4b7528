"""The plain-text twin of a letter: wrapped by what a reader sees, each line with a direction of its own.

A left-to-right twin is also ``format=flowed`` (RFC 3676): a paragraph's soft line breaks end in a space, so that a
narrow screen can join and wrap them anew. A right-to-left one is not. Its lines carry isolates that are closed where
the line ends; joined again, two halves of one Latin phrase would stand in the wrong order.
"""

from __future__ import annotations

import re

from newsletter.text import bidi

COLUMNS = 78
"""RFC 5322 section 2.1.1 asks for lines of at most 78 characters; so does RFC 3676 section 4.2."""

_LINK = re.compile(r"(?:https?://|mailto:|www\.)\S+|\S+@\S+\.\S+")
_HEAD = re.compile(r"\s*(?:(?:>(?:\s|$))+|[•–*-]\s+|\d{1,3}[.)]\s+)?\s*")
_BLANKS = re.compile(r"\n{3,}")
_ISOLATES = re.compile("[\u2066-\u2069]")
# A word with the spaces behind it. A short run that stands isolated (a number, a name) is not torn.
_WORD = re.compile(r"(?:[\u2066\u2067][^\u2066-\u2069]{1,24}\u2069|[^ \t])+[ \t]*|[ \t]+")
# Letters and signs that take one column each, and the marks that take none.
_MARKS = re.compile("[\u064b-\u065f\u0670\u200e\u200f\u2066-\u2069]")
_NARROW = re.compile(
    r"[ -~\u00a0-\u00ac\u00ae-\u024f\u05d0-\u05ea\u0609-\u060f\u061b\u061d-\u066f\u0670-\u06d3"
    r"\u200e\u200f\u2010-\u2015\u2018-\u2027\u2066-\u2069]*"
)


def finish(text: str, direction: bidi.Direction) -> str:
    """Wrap a filled text template at 78 columns and steer each line's direction.

    A line's base direction is that of its first strong letter (UAX #9, P2), so a line of a right-to-left letter
    that starts with a Latin word or a number gets a right-to-left mark. Addresses stand unbroken, unmarked.

    Args:
        text: What the template gave.
        direction: Writing direction of the letter, ``rtl`` or ``ltr``.
    """
    lines: list[str] = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        bare = line.strip()
        if not bare or _LINK.fullmatch(bare) or _settled(line, direction):
            lines.append(line.rstrip())
        else:
            lines += wrap(line.rstrip(), COLUMNS, direction)
    whole = _BLANKS.sub("\n\n", "\n".join(lines)).strip("\n") + "\n"
    return whole if direction == "rtl" else _stuffed(whole)


def _settled(line: str, direction: bidi.Direction) -> bool:
    """Whether a line needs nothing, as most short ones do: told quickly."""
    arabic = direction == "rtl" and "\u0621" <= line[0] <= "\u064a"
    return arabic and len(line) < COLUMNS and bidi.quiet(line, direction)


def wrap(line: str, columns: int, direction: bidi.Direction = "rtl") -> list[str]:
    """Cut one line into lines no wider than so many columns, each steered; addresses, numbers and words stay whole.

    Args:
        line: One line; a mark of quotation or of a list before it is kept, and what follows it is indented.
        columns: Width as a terminal shows it: marks count nothing, ideographs two.
        direction: Direction of the letter. In a left-to-right one the line breaks of a paragraph are soft.
    """
    match = _HEAD.match(line)
    head = match.group() if match else ""
    body = bidi.isolate(line[len(head) :], direction)
    # The mark of direction or the space of a soft break may take a column.
    if _width(head) + _width(body) <= columns - 1:
        return [_steered(head + body, direction)]
    indent = head if ">" in head else " " * _width(head)
    soft = " " if direction == "ltr" and not head else ""
    made = [
        _steered((indent if at else head) + part, direction)
        for at, part in enumerate(_closed(_wrapped(body, columns - 1, _width(head))))
    ]
    return [*(part + soft for part in made[:-1]), made[-1]]


def _wrapped(body: str, limit: int, indent: int) -> list[str]:
    """Take words as long as they fit (greedily, as RFC 3676 section 4.2 has it); without the spaces at line ends."""
    lines: list[str] = []
    current: list[str] = []
    width = indent
    words = _WORD.findall(body)
    for word, wide in zip(words, _widths(words), strict=True):
        if current and not current[-1].isspace() and width + wide - (len(word) - len(word.rstrip(" "))) > limit:
            lines.append("".join(current).rstrip())
            current, width = [], indent
        current.append(word)
        width += wide
    return [*lines, "".join(current).rstrip()]


def _closed(lines: list[str]) -> list[str]:
    """Close every isolate where its line ends, and open it again on the next."""
    closed: list[str] = []
    still_open = ""
    for line in lines:
        reopened = still_open
        for sign in _ISOLATES.findall(line):
            still_open = still_open[:-1] if sign == bidi.PDI else still_open + sign
        closed.append(reopened + line + bidi.PDI * len(still_open))
    return closed


def _widths(words: list[str]) -> list[int]:
    if _NARROW.fullmatch("".join(words)):
        return [len(_MARKS.sub("", word)) for word in words]
    return [_width(word) for word in words]


def _width(text: str) -> int:
    """Columns that a terminal gives a text."""
    if _NARROW.fullmatch(text):
        return len(text) - len(_MARKS.findall(text))
    from rich.cells import cell_len

    return cell_len(text)


def _steered(line: str, direction: bidi.Direction) -> str:
    if "\u0621" <= line[:1] <= "\u064a" and direction == "rtl":
        return line
    if _LINK.fullmatch(bidi.strip(line).strip()):
        # An address is copied as it stands: without a sign that nobody sees.
        return bidi.strip(line)
    return bidi.steered(line, direction)


def _stuffed(text: str) -> str:
    """A space before lines that would mean something else in flowed text (RFC 3676 section 4.4)."""
    return re.sub(r"(?m)^(?= |From )", " ", text)
