"""Plain text as Markdown that reads back as the same text, with no more backslashes than that takes.

What an editor opens should look like what a reader gets: ``R&D``, ``5 * 3`` and ``[1]`` stay as they are. A sign is
escaped only where CommonMark 0.31 (and the tables and ``~~`` of GitHub's) would take it for markup at that place, or
where our own reading of an issue.md would (``<!--``, headings without a space).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html.entities import html5
from typing import Literal

Place = Literal["block", "heading", "link", "begin", "part"]
"""Where a text stands: lines of its own; behind the ``##`` of a heading; between the brackets of a link or picture;
the beginning of a line that goes on; a piece in the middle of one. What stands around the last two is not known."""

INVISIBLE = "\u00a0\u00ad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2064\u2066-\u206f\u3000\ufeff"
"""Signs that nobody sees, as the inside of a character class: direction marks and isolates, a byte order mark that
slipped in, and every space but the plain one. Before a sign of Markdown they keep it from being one."""
DASHES = "-\u2010-\u2015\u2212"
"""Hyphens, and what word processors make of two of them; as the inside of a character class."""
_LEAD = rf"^[ \t{INVISIBLE}]*+"
_SIGNS = re.compile(r"[\\`*_\[\]<&~#>+=|:)-]|[0-9][.]")
_BACKSLASH = re.compile(r"\\(?=[!-/:-@\[-`{-~\n])")
_AUTOLINK = re.compile(
    r"<(?=[A-Za-z][A-Za-z0-9+.-]{1,31}:[^<>\x00-\x20]*>|[^<>\x00-\x20]+@[^<>\x00-\x20]+>| ?! ?[-\u2010-\u2015\u2212])"
)
_ENTITY = re.compile(r"&(#[xX][0-9a-fA-F]{1,6};|#[0-9]{1,7};|[A-Za-z][A-Za-z0-9]{1,31};)")
_NOTE = re.compile(r"\[(?=\^)")
_FIRST_BRACKET = re.compile(rf"{_LEAD}\[", re.MULTILINE)
_CLOSING = re.compile(r"(?:^|(?<=[ \t]))#+[ \t]*$")
_LINE_STARTS = tuple(
    re.compile(_LEAD + rule, re.MULTILINE)
    for rule in (
        rf"(?P<sign>#)(?:#{{0,5}}(?=[\s{INVISIBLE}]|\Z)|#{{1,5}}(?!#))",  # a heading, also one without its space
        r"(?P<sign>>)",
        r"(?P<sign>[-+*])(?=[ \t\n]|\Z)",  # a list
        r"[0-9]{1,9}(?P<sign>[.)])(?=[ \t\n]|\Z)",
        r"(?P<sign>[-=])[-=]*[ \t]*$",  # the line under a heading of Markdown's other kind
        r"(?P<sign>[-*_])[ \t]*(?:[-*_][ \t]*){2,}$",  # a divider
        r"(?P<sign>`(?=``)|~(?=~~))",  # a fence of code
        r"(?P<sign>:)(?=::)",  # an element
        r"(?P<sign>[|:-])(?=[|: \t-]*$)(?=[^\n]*-)",  # the second line of a table
        rf"[{DASHES}]{{1,3}} ?(?P<sign>>)[ \t{INVISIBLE}]*$",  # the end of a comment
    )
)
# What this program writes for the editor of a draft, and refuses to show to readers, may stand in an article too.
_OURS = re.compile(
    r"Nothing\s+here\s+goes\s+out(\.)|Not\s+shown\s+here(:)|Left\s+out,\s+since\s+each\s+repeats\s+another(:)"
)
_HEAD = re.compile(r"^([^\w\n#]{0,8}candidates)[ ](?=[ ]*\d+\W{0,4}$)", re.MULTILINE)


def escape(text: str, place: Place = "block") -> str:
    """Plain text as Markdown that reads back as the same text.

    Args:
        text: One or more lines without markup.
        place: Where it is to stand.
    """
    if _SIGNS.search(text) or _OURS.search(text):
        marked = set(_marked(text, place))
        text = "".join(f"\\{sign}" if at in marked else sign for at, sign in enumerate(text))
    return _HEAD.sub(r"\1&#32;", text) if "candidates" in text else text


def _marked(text: str, place: Place) -> Iterator[int]:
    """Where the signs stand that need a backslash."""
    yield from (match.start() for match in _BACKSLASH.finditer(text))
    if text.endswith("\\") and place not in ("block", "heading"):
        yield len(text) - 1
    yield from _backticks(text, place)
    yield from _tildes(text, place)
    for sign in "*_":
        yield from _emphasis(text, sign, place)
    yield from _brackets(text, place)
    yield from (match.start() for match in _NOTE.finditer(text))
    yield from (match.start() for match in _AUTOLINK.finditer(text))
    if place in ("begin", "part") and (cut := re.search(r"<[^<>\s]*\Z", text)) is not None:
        yield cut.start()
    yield from (match.start() for match in _ENTITY.finditer(text) if match[1].startswith("#") or match[1] in html5)
    if place == "heading" and (closing := _CLOSING.search(text)) is not None:
        yield closing.start()
    yield from _line_starts(text, place)
    yield from (match.end() - 1 for match in _OURS.finditer(text))


def _line_starts(text: str, place: Place) -> Iterator[int]:
    for rule in _LINE_STARTS if place in ("block", "begin", "part") else ():
        for match in rule.finditer(text):
            # The first line of a piece goes on what stands before it.
            if place != "part" or "\n" in text[: match.end("sign")]:
                # What is left of a run of stars could be emphasis.
                run = re.compile(r"\*+|_+|.").match(text, match.start("sign"))
                yield from range(*run.span()) if run is not None else ()


def _backticks(text: str, place: Place) -> Iterable[int]:
    """One run of them alone is no code; among several any may end what another begins, escaped or not."""
    runs = list(re.finditer("`+", text))
    if len(runs) < 2 and place in ("block", "heading"):
        return ()
    return (at for run in runs for at in range(*run.span()))


def _tildes(text: str, place: Place) -> Iterable[int]:
    runs = list(re.finditer("~~+", text))
    if len(runs) < 2 and place not in ("begin", "part"):
        return ()
    return (at for run in runs for at in range(*run.span()))


def _emphasis(text: str, sign: str, place: Place) -> Iterator[int]:
    """Runs of stars or underscores of which one can open and a later one can close (section 6.2)."""
    if sign not in text:
        return
    runs = [match.span() for match in re.finditer(re.escape(sign) + "+", text)]
    kinds = [_flanks(text, run, sign, place) for run in runs]
    known = place not in ("begin", "part")
    opened = False
    pairs = False
    for opens, closes in kinds:
        pairs = pairs or (closes and opened)
        opened = opened or opens
    for run, (opens, closes) in zip(runs, kinds, strict=True):
        if (opens or closes) and (pairs or not known):
            yield from range(*run)


def _flanks(text: str, run: tuple[int, int], sign: str, place: Place) -> tuple[bool, bool]:
    """Whether a run can open, and whether it can close."""
    first, last = run
    if place in ("begin", "part") and (first == 0 or last == len(text)):
        return True, True
    before = text[first - 1] if first else "[" if place == "link" else " "
    behind = text[last] if last < len(text) else "]" if place == "link" else " "
    left = not behind.isspace() and (not _punctuation(behind) or before.isspace() or _punctuation(before))
    right = not before.isspace() and (not _punctuation(before) or behind.isspace() or _punctuation(behind))
    if sign == "*":
        return left, right
    return left and (not right or _punctuation(before)), right and (not left or _punctuation(behind))


def _punctuation(sign: str) -> bool:
    import unicodedata

    return unicodedata.category(sign)[0] in "PS"


def _brackets(text: str, place: Place) -> Iterator[int]:
    """Brackets that would be a link, the definition of one, or the end of the link they stand in."""
    if place in ("block", "heading"):
        yield from (match.start() for match in re.finditer(rf"\](?=[{INVISIBLE}]*\()", text))
        yield from _definitions(text)
        return
    depth, broken = 0, "](" in text
    for sign in text:
        depth += {"[": 1, "]": -1}.get(sign, 0)
        broken = broken or depth < 0
    if depth or broken:
        yield from (at for at, sign in enumerate(text) if sign in "[]")
    elif place == "begin":
        yield from _definitions(text)


def _definitions(text: str) -> Iterator[int]:
    """Brackets that begin a line and could begin a definition: ``]:`` may stand far behind, past escaped brackets."""
    last = text.rfind("]:")
    yield from (match.end() - 1 for match in _FIRST_BRACKET.finditer(text) if match.end() <= last)
