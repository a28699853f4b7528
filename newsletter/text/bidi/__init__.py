"""Mixed directions: which runs of a text must be isolated so that they read right, and how that is written down.

The Unicode bidirectional algorithm (UAX #9) orders a run by its neighbours. In right-to-left text that turns
``3-1`` into ``1-3``, ``C++`` into ``++C`` and a phone number back to front. Isolating those runs mends it:
in HTML with ``<span dir="ltr">`` (Gmail, Outlook and Yahoo drop ``<bdi>``, caniemail.com), in subjects and plain
text with the isolate characters of UAX #9 section 2.4.
"""

from __future__ import annotations

import html
import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from newsletter.text.bidi.cutting import cut, merged
from newsletter.text.bidi.roles import ISOLATED
from newsletter.text.bidi.still import Direction, quiet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markupsafe import Markup

__all__ = [
    "Direction",
    "clean",
    "grouped",
    "has_letters",
    "isolate",
    "quiet",
    "runs",
    "steered",
    "strip",
    "to_html",
    "whole",
]

LRI, RLI, FSI, PDI = "\u2066", "\u2067", "\u2068", "\u2069"
WHOLE = "white-space:nowrap;"
"""Style of a run that no line break should tear."""
_NUMBER = re.compile("(?=.{3,20}\\Z)[0-9\u0660-\u0669+(][^A-Za-z]*[ –−-][^A-Za-z]*[0-9\u0660-\u0669]")
_GROUPS = re.compile(r"[\u0660-\u0669]++(?=[^\u0660-\u0669]++[\u0660-\u0669])")
RLM, LRM = "\u200f", "\u200e"

# Embeddings and overrides: they leak past the run they were meant for, and overrides disguise text.
_EMBEDDINGS = re.compile("[\u202a-\u202e]")
_ISOLATES = re.compile(f"[\u2066-\u2069{ISOLATED}]")
_SIGNS = re.compile("[\u2066-\u2069\u202a-\u202e]")
_DEEPEST = 125
"""Of isolates in each other: none deeper has an effect (UAX #9, BD2)."""
# What ends a paragraph ends every isolate in it (UAX #9, BD1 and X8).
_PARAGRAPHS = re.compile("([\n\r\x1c\x1d\x1e\x85\u2029]+)")


def whole(run: str) -> bool:
    """Whether a run is a number in groups (a phone number, a score, two years) that no line break should tear.

    Args:
        run: A run that must be isolated.
    """
    return _NUMBER.fullmatch(run) is not None


def has_letters(text: str, direction: Direction) -> bool:
    """Tell whether a strong letter of this direction stands in the text.

    Args:
        text: Plain text, of any length.
        direction: ``rtl`` (bidi classes R and AL) or ``ltr`` (letters of class L).
    """
    return _letters(direction).search(text) is not None


@cache
def _letters(direction: Direction) -> Any:
    """The pattern of one strong letter: ``rtl`` (bidi classes R and AL) or ``ltr`` (letters of class L)."""
    import regex

    # The regex module takes code points that are not assigned for right-to-left ones.
    rtl, ltr = r"[[\p{bc=R}\p{bc=AL}]--[\u200f\u061c\p{Cn}\p{Cs}]]", r"[\p{L}&&\p{bc=L}]"
    return regex.compile(f"(?V1){rtl if direction == 'rtl' else ltr}")


def clean(text: str) -> str:
    """Take out embeddings, overrides and every isolate that is not closed in its own paragraph.

    Args:
        text: Plain text, of any length.
    """
    text = _EMBEDDINGS.sub("", text)
    if not _ISOLATES.search(text):
        return text
    return "".join(_balanced(part) for part in _PARAGRAPHS.split(text))


def _balanced(paragraph: str) -> str:
    open_at: list[int] = []
    drop: set[int] = set()
    for at, sign in enumerate(paragraph):
        if sign in (LRI, RLI, FSI):
            open_at.append(at)
            if len(open_at) > _DEEPEST:
                drop.add(at)
        elif sign == PDI:
            if not open_at or len(open_at) > _DEEPEST:
                drop.add(at)
            if open_at:
                open_at.pop()
    drop.update(open_at)
    return "".join(sign for at, sign in enumerate(paragraph) if at not in drop)


def strip(text: str) -> str:
    """Take out every isolate, embedding and override; the single marks LRM, RLM and ALM stay.

    Args:
        text: Plain text, of any length.
    """
    return _SIGNS.sub("", text)


def runs(text: str, base: Direction = "rtl") -> list[tuple[str, bool]]:
    """Cut a text into runs and say which must be isolated; joined again they are ``clean(text)``.

    Args:
        text: Any text; runs that carry their own isolates already are left as they are.
        base: Direction of the paragraph it will stand in.

    Returns:
        Pairs of a run and whether it must be isolated.
    """
    return list(_runs(text, base))


# A headline, a byline or a name is asked for again and again: for HTML, attributes, subject and the text twin.
@lru_cache(maxsize=512)
def _runs(text: str, base: Direction) -> tuple[tuple[str, bool], ...]:
    if quiet(text, base):
        return ((text, False),) if text else ()
    if not _ISOLATES.search(text):
        parts = _PARAGRAPHS.split(_EMBEDDINGS.sub("", text))
        return tuple(merged([run for part in parts for run in cut(part, base)]))
    found: list[tuple[str, bool]] = []
    for part in _PARAGRAPHS.split(clean(text)):
        pieces = _outside_isolates(part)
        isolated = [piece for piece in pieces if piece[0] in (LRI, RLI, FSI, ISOLATED)]
        text_around = "".join(ISOLATED if piece[0] in (LRI, RLI, FSI) else piece for piece in pieces)
        found.extend(_restored(cut(text_around, base), iter(isolated)))
    return tuple(merged(found))


def _restored(found: list[tuple[str, bool]], isolated: Iterator[str]) -> Iterator[tuple[str, bool]]:
    for run, needed in found:
        yield "".join(next(isolated) if sign == ISOLATED else sign for sign in run), needed


def isolate(text: str, base: Direction = "rtl") -> str:
    """Put isolate characters round every run that needs them (for subjects, preheaders and plain text).

    Args:
        text: Any text; done twice it stays the same.
        base: Direction of the paragraph it will stand in.
    """
    if quiet(text, base):
        return text
    return "".join(_signed(run, base) if needed else run for run, needed in _runs(text, base))


def _signed(run: str, base: Direction) -> str:
    # Inside a right-to-left run of a left-to-right paragraph a score would turn round again.
    return f"{LRI}{grouped(run)}{PDI}" if base == "rtl" else f"{RLI}{isolate(run, 'rtl')}{PDI}"


def grouped(run: str) -> str:
    """A run whose groups of Arabic-Indic digits go on from left to right, as in a telephone number.

    These digits count as right-to-left for what stands between them (UAX #9, N1), even in a left-to-right isolate;
    a mark behind each group mends it.

    Args:
        run: A left-to-right run of text.
    """
    return _GROUPS.sub(rf"\g<0>{LRM}", run)


def steered(text: str, base: Direction) -> str:
    """Put a mark before a line whose first letter would turn it round where a program goes by that letter.

    Many programs take the direction of a line from its first strong letter, some of them looking into isolates
    (HTML's ``dir="auto"`` does); so a right-to-left line that begins with a name or number in Latin script gets a
    right-to-left mark, and a left-to-right one that begins in Arabic a left-to-right mark.

    Args:
        text: One line, its runs isolated.
        base: Direction it shall have.
    """
    if "\u0621" <= text[:1] <= "\u064a" and base == "rtl":
        return text
    first = next((sign for sign in text if sign.isalnum()), "")
    if base == "rtl":
        return RLM + text if first and not has_letters(first, "rtl") and text[0] not in RLM + LRM else text
    return LRM + text if first and has_letters(first, "rtl") and text[0] not in RLM + LRM else text


def to_html(text: str, base: Direction = "rtl") -> Markup:
    """Escape a text for HTML and wrap every run that needs it in ``<span dir=…>``.

    Args:
        text: Any text; isolates in it become spans too.
        base: Direction of the element it will stand in.
    """
    from markupsafe import Markup

    if quiet(text, base):
        return Markup(html.escape(text))  # noqa: S704 - escaped here
    return Markup("".join(_spans(text, base)))  # noqa: S704 - every part is escaped in _spans


def _spans(text: str, base: Direction) -> list[str]:
    away: Direction = "ltr" if base == "rtl" else "rtl"
    parts: list[str] = []
    for run, needed in _runs(text, base):
        if needed:
            inside = [html.escape(grouped(run))] if away == "ltr" else _spans(run, "rtl")
            parts += [_open_span(away, run), *inside, "</span>"]
            continue
        for piece in _outside_isolates(run):
            if piece[:1] not in (LRI, RLI, FSI):
                parts.append(html.escape(piece))
                continue
            parts += _own_spans(piece, base)
    return parts


def _own_spans(piece: str, base: Direction) -> Iterator[str]:
    """An isolate of the writer's own as spans: what stands in it is theirs, and nothing in it is isolated anew."""
    at = 0
    closed_by = _closed_by(piece)
    for match in _ISOLATES.finditer(piece):
        yield html.escape(piece[at : match.start()])
        at, sign = match.end(), match.group()
        if sign == PDI:
            yield "</span>"
        else:
            inner = piece[at : closed_by[match.start()]]
            yield _open_span(_side(sign, inner, base), inner)


def _closed_by(piece: str) -> dict[int, int]:
    """Where each isolate of a balanced text is closed, by where it opens."""
    closed: dict[int, int] = {}
    open_at: list[int] = []
    for match in _ISOLATES.finditer(piece):
        if match.group() == PDI:
            closed[open_at.pop()] = match.start()
        else:
            open_at.append(match.start())
    return closed


def _side(sign: str, inner: str, base: Direction) -> Direction:
    return "ltr" if sign == LRI else "rtl" if sign == RLI else _first_strong(inner, base)


def _open_span(direction: Direction, run: str) -> str:
    return f'<span dir="{direction}" style="{WHOLE}">' if whole(run) else f'<span dir="{direction}">'


def _first_strong(text: str, base: Direction) -> Direction:
    rtl, ltr = _letters("rtl").search(text), _letters("ltr").search(text)
    if rtl is None or ltr is None:
        return "rtl" if rtl else "ltr" if ltr else base
    return "rtl" if rtl.start() < ltr.start() else "ltr"


def _outside_isolates(text: str) -> list[str]:
    """Cut at the outermost isolates; each of them is one piece, with its own signs."""
    if not _ISOLATES.search(text):
        return [text] if text else []
    pieces: list[str] = []
    depth = start = 0
    for at, sign in enumerate(text):
        if depth == 0 and sign in (LRI, RLI, FSI, ISOLATED):
            pieces.append(text[start:at])
            start = at
        depth += (sign in (LRI, RLI, FSI)) - (sign == PDI)
        if depth == 0 and sign in (PDI, ISOLATED):
            pieces.append(text[start : at + 1])
            start = at + 1
    return [piece for piece in [*pieces, text[start:]] if piece]
