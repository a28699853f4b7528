"""Mixed directions: which runs of a text must be isolated so that they read right, and how that is written down.

The Unicode bidirectional algorithm (UAX #9) orders a run by its neighbours. In right-to-left text that turns
``3-1`` into ``1-3``, ``C++`` into ``++C`` and a phone number back to front. Isolating those runs mends it:
in HTML with ``<span dir="ltr">`` (Gmail, Outlook and Yahoo drop ``<bdi>``, caniemail.com), in subjects and plain
text with the isolate characters of UAX #9 section 2.4.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from newsletter.text.bidi.cutting import cut, merged
from newsletter.text.bidi.isolates import (
    EMBEDDINGS,
    LRI,
    OPENING,
    PARAGRAPHS,
    PDI,
    RLI,
    SIGNS,
    clean,
    first_strong,
    has_letters,
    inside,
    outermost,
    strip,
)
from newsletter.text.bidi.roles import ISOLATED
from newsletter.text.bidi.still import Direction, quiet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markupsafe import Markup

__all__ = [
    "LRI",
    "OPENING",
    "PDI",
    "Direction",
    "clean",
    "first_strong",
    "grouped",
    "has_letters",
    "isolate",
    "outermost",
    "quiet",
    "runs",
    "steered",
    "steps",
    "strip",
    "to_html",
    "whole",
]

WHOLE = "white-space:nowrap;"
"""Style of a run that no line break should tear."""
_NUMBER = re.compile("(?=.{3,20}\\Z)[0-9\u0660-\u0669+(][^A-Za-z]*[ –−-][^A-Za-z]*[0-9\u0660-\u0669]")
_CODE = re.compile(r"(?=.{3,20}\Z)(?=[^0-9]*[0-9])[A-Za-z0-9]+(?:-[A-Za-z0-9]+)+")
_GROUPS = re.compile(r"[\u0660-\u0669]++(?=[^\u0660-\u0669]++[\u0660-\u0669])")
RLM, LRM = "\u200f", "\u200e"


def whole(run: str) -> bool:
    """Whether no line break should tear a run: a number in groups (a phone number, a score, two years), or a code.

    A code is letters and digits with hyphens between, of at most 20 signs: ``CSV-2025-11``, ``F-16``.

    Args:
        run: A run that must be isolated.
    """
    return _NUMBER.fullmatch(run) is not None or _CODE.fullmatch(run) is not None


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
    if not SIGNS.search(text):
        parts = PARAGRAPHS.split(EMBEDDINGS.sub("", text))
        return tuple(merged([run for part in parts for run in cut(part, base)]))
    found: list[tuple[str, bool]] = []
    for part in PARAGRAPHS.split(clean(text)):
        pieces = outermost(part)
        isolated = [piece for piece in pieces if piece[0] in (*OPENING, ISOLATED)]
        text_around = "".join(ISOLATED if piece[0] in OPENING else piece for piece in pieces)
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


def to_html(text: str, base: Direction = "rtl", *, styled: bool = True) -> Markup:
    """Escape a text for HTML and wrap every run that needs it in ``<span dir=…>``.

    Args:
        text: Any text; isolates in it become spans too.
        base: Direction of the element it will stand in.
        styled: What must not be broken across lines says so itself; else it has the class ``whole``, for pages whose
            policy forbids styles of elements.
    """
    from markupsafe import Markup

    if quiet(text, base):
        return Markup(html.escape(text))  # noqa: S704 - escaped here
    found = steps(text, base)
    parts: list[str] = []
    for at, (piece, side) in enumerate(found):
        if piece:
            parts.append(html.escape(piece))
        elif side is None:
            parts.append("</span>")
        else:
            style = (f' style="{WHOLE}"' if styled else ' class="whole"') if whole(found[at + 1][0]) else ""
            parts.append(f'<span dir="{side}"{style}>')
    return Markup("".join(parts))  # noqa: S704 - every part is escaped


def steps(text: str, base: Direction) -> list[tuple[str, Direction | None]]:
    """A text as it is written from start to end, with the places where a run of a direction opens and closes.

    Args:
        text: Any text; isolates in it open and close runs too, and what stands in them is left as it is.
        base: Direction of the element it will stand in.

    Returns:
        A piece of text and None; where a run opens nothing and its direction; where it closes nothing and None.
    """
    found: list[tuple[str, Direction | None]] = []
    for run, needed in _runs(text, base):
        if needed and base == "rtl":
            found += [("", "ltr"), (grouped(run), None), ("", None)]
        elif needed:
            # Inside a right-to-left run of a left-to-right paragraph a score would turn round again.
            found += [("", "rtl"), *steps(run, "rtl"), ("", None)]
        else:
            for piece in outermost(run):
                found += inside(piece, base) if piece[0] in OPENING else [(piece, None)]
    return found
