"""Habits of typing that a letter should not show: where each stands in a line of text, and what belongs there.

One list for both sides: ``writing`` tells what it finds here, and ``newsletter check --fix`` writes what belongs
there. A span without a replacement is told and left to the editor.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

LETTERS = (
    "\u0620-\u063f\u0641-\u064a\u066e\u066f\u0671-\u06d3\u06d5\u06ee\u06ef\u06fa-\u06fc\u06ff"
    "\u0750-\u077f\u0870-\u0887\u0889-\u088e\u08a0-\u08c8"
)
"""Letters of the Arabic script, for a character class."""
MARKS = "\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
"""Harakat and other marks over them."""
TATWEEL = "\u0640"

_ARABIC = re.compile(f"[{LETTERS}]")
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>«»]+|[\w.+%-]+@[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
_OBJECT = "\ufffc"


@dataclass(frozen=True, slots=True)
class Correction:
    """A piece of a line that should be another."""

    start: int
    end: int
    better: str | None
    """What belongs there; None when only the editor can tell."""


@dataclass(frozen=True, slots=True)
class TypingHabit:
    """One habit, under the code of its problem."""

    code: str
    words: str
    """What is wrong; ``{piece}`` is what stands there."""
    mend: str
    """What to do; ``{better}`` is what belongs there."""
    find: Callable[[str], Iterator[Correction]]


def spans(habit: TypingHabit, text: str) -> list[Correction]:
    """Where a habit shows in a line of text; web and mail addresses in it are passed over.

    Args:
        habit: The habit to look for.
        text: One line of plain text.
    """
    return list(habit.find(_ADDRESS.sub(lambda match: _OBJECT * len(match[0]), text)))


def fixed(habit: TypingHabit, text: str) -> str:
    """A line of text without a habit, as far as that is certain.

    Args:
        habit: The habit to look for.
        text: One line of plain text.
    """
    for span in reversed(spans(habit, text)):
        if span.better is not None:
            text = text[: span.start] + span.better + text[span.end :]
    return text


def has_arabic(text: str) -> bool:
    """Whether a letter of the Arabic script stands in a text."""
    return _ARABIC.search(text) is not None


def _by(
    pattern: str, better: str | Callable[[re.Match[str]], str | None] | None
) -> Callable[[str], Iterator[Correction]]:
    compiled = re.compile(pattern)

    def find(text: str) -> Iterator[Correction]:
        for match in compiled.finditer(text):
            yield Correction(match.start(), match.end(), better(match) if callable(better) else better)

    return find


def _in_arabic(find: Callable[[str], Iterator[Correction]]) -> Callable[[str], Iterator[Correction]]:
    """The same, but only in a line with Arabic letters: French puts a comma behind a guillemet."""

    def found(text: str) -> Iterator[Correction]:
        return find(text) if has_arabic(text) else iter(())

    return found


_EMBEDDING = "[\u202a-\u202e]"
_OPENERS, _CLOSER = "\u2066\u2067\u2068", "\u2069"
_SPACE = "[ \u00a0\u202f]"
_AFTER_ARABIC = f"(?<=[{LETTERS}{MARKS}{TATWEEL}])"
_ARABIC_SIGNS = {",": "،", ";": "؛", "?": "؟"}


def _unbalanced(text: str) -> Iterator[Correction]:
    """Isolates that are opened and not closed in this line, or closed and not opened (UAX #9, BD9)."""
    open_at: list[int] = []
    for at, sign in enumerate(text):
        if sign in _OPENERS:
            open_at.append(at)
        elif sign == _CLOSER:
            if open_at:
                open_at.pop()
            else:
                yield Correction(at, at + 1, "")
    yield from (Correction(at, at + 1, "") for at in open_at)


def _quotes(text: str) -> Iterator[Correction]:
    """Straight quotes; pairs of them become guillemets."""
    # After a digit it is the sign of an inch.
    marks = [match.start() for match in re.finditer('(?<![0-9\u0660-\u0669])"', text)]
    pairs = list(zip(marks[::2], marks[1::2], strict=False))
    sure = len(marks) % 2 == 0 and all(_quotes_well(text, start, end) for start, end in pairs)
    for at, place in enumerate(marks):
        yield Correction(place, place + 1, ("»" if at % 2 else "«") if sure else None)


def _quotes_well(text: str, start: int, end: int) -> bool:
    inside = text[start + 1 : end]
    return bool(inside) and inside == inside.strip() and not re.search("[«»“”]", inside)


def _stretched(match: re.Match[str]) -> str:
    return match[0].replace(TATWEEL, "")


def _plain_form(match: re.Match[str]) -> str:
    plain = unicodedata.normalize("NFKC", match[0])
    # Isolated marks come with the space or tatweel they sit on.
    bare = plain.lstrip(" " + TATWEEL)
    return bare if bare and all(unicodedata.combining(sign) for sign in bare) else plain


HABITS: tuple[TypingHabit, ...] = (
    TypingHabit(
        "character-invisible",
        "an invisible character ({piece}) stands in the text",
        "take it out; it breaks searching and cutting",
        _by("[\u00ad\u180e\u200b\u2060-\u2064\ufeff]", ""),
    ),
    TypingHabit(
        "character-control",
        "a control character ({piece}) stands in the text",
        "take it out",
        _by("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufff9-\ufffb\ufffe\uffff]", ""),
    ),
    TypingHabit(
        "letters-presentation",
        "{piece} is a drawn form of a letter, as old PDF files hold them, and not the letter itself",
        "write {better}",
        # Unicode's Arabic presentation forms, without the five signs that are read as signs (ﷺ ﷻ ﷽ ﴾ ﴿).
        _by("[\ufb50-\ufd3d\ufd40-\ufdcf\ufdf0-\ufdf9\ufdfc\ufdfe\ufdff\ufe70-\ufefc]+", _plain_form),
    ),
    TypingHabit(
        "bidi-embedding",
        "an old direction sign ({piece}) stands in the text, which can turn the words after it around",
        "take it out; the letter isolates what needs it by itself",
        _by(_EMBEDDING, ""),
    ),
    TypingHabit(
        "bidi-unbalanced",
        "a direction isolate ({piece}) is opened and not closed in its line, or closed and not opened",
        "take it out; the letter isolates what needs it by itself",
        _unbalanced,
    ),
    TypingHabit(
        "tatweel",
        "{piece} is stretched with tatweel",
        "write {better}; bold (**…**) gives weight",
        # A dagger alef or a hamza may sit on a tatweel (الرحمـٰن), and a short form may end in one (هـ، الـ36).
        _by(
            f"[{LETTERS}{MARKS}]+{TATWEEL}+(?![\u0670\u0654\u0655])[{MARKS}]*"
            f"(?=[{LETTERS}])[{LETTERS}{MARKS}{TATWEEL}]*",
            _stretched,
        ),
    ),
    TypingHabit("quotes-straight", "a straight quotation mark in Arabic text", "write «…»", _in_arabic(_quotes)),
    TypingHabit(
        "punctuation-latin",
        "a Latin {piece} after an Arabic word",
        "write {better}",
        _in_arabic(_by(f"(?<=[{LETTERS}{MARKS}»])[,;?](?=[\\s»”)!؟.?]|$)", lambda match: _ARABIC_SIGNS[match[0]])),
    ),
    TypingHabit(
        "space-before-sign",
        "a space before «{piece}»",
        "take the space out",
        _in_arabic(_by(f"(?<=[{LETTERS}{MARKS}{TATWEEL}»)]){_SPACE}+(?=[،؛؟!.:,;?](?![.!؟?\\w]|{_SPACE}?[()]))", "")),
    ),
    TypingHabit(
        "space-inside-quotes",
        "a space inside quotation marks or brackets",
        "take the space out",
        _by(f"(?<=[«(]){_SPACE}+(?=[{LETTERS}])|{_AFTER_ARABIC}{_SPACE}+(?=[»)])", ""),
    ),
    TypingHabit(
        "space-missing",
        "no space after «{piece}»",
        "add one",
        _by(f"{_AFTER_ARABIC}[،؛؟](?=[{LETTERS}])", lambda match: match[0] + " "),
    ),
    TypingHabit(
        "space-double", "more than one space between two words", "leave one", _by(f"(?<=\\S){_SPACE}{{2,}}(?=\\S)", " ")
    ),
)


def named(piece: str) -> str:
    """A piece of text for a message: signs that show nothing by their code points.

    Args:
        piece: What stands in the text.
    """
    if piece and all(unicodedata.category(sign) in {"Cc", "Cf", "Zs", "Cn", "Co"} for sign in piece):
        return " ".join(f"U+{ord(sign):04X}" for sign in piece[:3])
    return piece
