"""Habits of typing that a letter should not show: where each stands in a line of text, and what belongs there.

One list for both sides: ``writing`` tells what it finds here, and ``newsletter check --fix`` writes what belongs
there. A span without a replacement is told and left to the editor.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from newsletter.check.arabic_script import (
    LETTERS,
    MARKS,
    OBJECT,
    TATWEEL,
    mostly_arabic,
    without_latin_quotations,
    writes_arabic,
)
from newsletter.check.keyboards import foreign_words

# Addresses, tags and handles: what leads somewhere is left as it is written.
_ADDRESS = re.compile(
    r"(?:https?://|www\.)[^\s<>«»]+|(?<![\w.+%-])[\w.+%-]{1,64}@[\w-]+(?:\.[\w-]+)+|(?<![A-Za-z0-9_&])[#@][\w\u200c]+"
    r"|(?<![\w.@/-])(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}/[^\s<>«»]+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Correction:
    """A piece of a line that should be another."""

    start: int
    end: int
    better: str | None
    """What belongs there; None when only the editor can tell."""


Finder = Callable[[str, str], Iterator[Correction]]
"""Finds a habit in a line of text of a publication in that language."""


@dataclass(frozen=True, slots=True)
class TypingHabit:
    """One habit, under the code of its problem."""

    code: str
    words: str
    """What is wrong; ``{piece}`` is what stands there."""
    mend: str
    """What to do; ``{better}`` is what belongs there, ``{signs}`` which signs differ, by their code points."""
    find: Finder
    mended: bool = True
    """Whether what belongs there is ever certain."""


@lru_cache(maxsize=2048)
def without_addresses(text: str) -> str:
    """A line of the same length in which nothing is left of web and mail addresses, hashtags and handles.

    Args:
        text: One line of plain text.
    """
    return _ADDRESS.sub(lambda match: OBJECT * len(match[0]), text)


def spans(habit: TypingHabit, text: str, language: str = "") -> list[Correction]:
    """Where a habit shows in a line of text; addresses, hashtags and handles in it are passed over.

    Args:
        habit: The habit to look for.
        text: One line of plain text.
        language: Of the publication, as a language tag; empty when nobody knows.
    """
    return list(_spans(habit, text, language))


@lru_cache(maxsize=8192)
def _spans(habit: TypingHabit, text: str, language: str) -> tuple[Correction, ...]:
    """Remembered: at the desk an issue is checked with each word that is typed, and most of its lines stay."""
    return tuple(habit.find(without_addresses(text), language))


def fixed(habit: TypingHabit, text: str, language: str = "") -> str:
    """A line of text without a habit, as far as that is certain.

    Args:
        habit: The habit to look for.
        text: One line of plain text.
        language: Of the publication, as a language tag; empty when nobody knows.
    """
    for span in reversed(spans(habit, text, language)):
        if span.better is not None:
            text = text[: span.start] + span.better + text[span.end :]
    return text


def _by(pattern: str, better: str | Callable[[re.Match[str]], str | None] | None) -> Finder:
    compiled = re.compile(pattern)

    def find(text: str, _language: str) -> Iterator[Correction]:
        for match in compiled.finditer(text):
            yield Correction(match.start(), match.end(), better(match) if callable(better) else better)

    return find


def _in_arabic(find: Finder) -> Finder:
    """The same, but only in an Arabic line of a publication that writes so: French puts a comma behind a guillemet.

    A line that is mostly Latin, and a quotation that is, is in another language with an Arabic word in it.
    """

    def found(text: str, language: str) -> Iterator[Correction]:
        text = without_latin_quotations(text)
        if writes_arabic(language) and mostly_arabic(text):
            yield from find(text, language)

    return found


def _of_arabic_publications(find: Finder) -> Finder:
    """The same, but only where the publication is written in Arabic letters: elsewhere such a word is quoted."""

    def found(text: str, language: str) -> Iterator[Correction]:
        if writes_arabic(language):
            yield from find(text, language)

    return found


def _keyboard(*, doubtful: bool) -> Finder:
    """Words with letters of another keyboard: those with a right form, or those that only the editor can mend."""

    def find(text: str, language: str) -> Iterator[Correction]:
        for word in foreign_words(text, language):
            if doubtful and word.doubtful:
                yield Correction(word.start, word.end, None)
            elif not doubtful and word.better != text[word.start : word.end]:
                yield Correction(word.start, word.end, word.better)

    return find


_EMBEDDING = "[\u202a-\u202e]"
_OPENERS, _CLOSER = "\u2066\u2067\u2068", "\u2069"
_SPACE = "[ \u00a0\u202f]"
# A dagger alef or a hamza may sit on a tatweel (الرحمـٰن).
_STRETCH = f"{TATWEEL}(?![\u0670\u0654\u0655])"
_AFTER_ARABIC = f"(?<=[{LETTERS}{MARKS}{TATWEEL}])"
_ARABIC_SIGNS = {",": "،", ";": "؛", "?": "؟"}
_DIGIT = "0-9\u0660-\u0669\u06f0-\u06f9"
_OPENING = "[«“(]?"
# Markdown's link and bold too: a blank that would break them is not added, since the line must read as before.
_BEFORE_WORD = r"(?:\*\*|[\[«“(])?"
# What an Arabic sentence may hold before its own comma: a number, a Latin name, an address, a closed bracket.
_HELD = f"{_DIGIT}A-Za-z\u00c0-\u024f%٪°)”{OBJECT}"


def _unbalanced(text: str, _language: str) -> Iterator[Correction]:
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


def _quotes(text: str, _language: str) -> Iterator[Correction]:
    """Straight quotes; pairs of them become guillemets."""
    # After a digit it is the sign of an inch.
    marks = [match.start() for match in re.finditer('(?<![0-9\u0660-\u0669\u06f0-\u06f9])"', text)]
    pairs = list(zip(marks[::2], marks[1::2], strict=False))
    sure = len(marks) % 2 == 0 and all(_quotes_well(text, start, end) for start, end in pairs)
    for at, place in enumerate(marks):
        yield Correction(place, place + 1, ("»" if at % 2 else "«") if sure else None)


def _quotes_well(text: str, start: int, end: int) -> bool:
    inside = text[start + 1 : end]
    return bool(inside) and inside == inside.strip() and not re.search("[«»“”]", inside)


_LATIN_SIGN = re.compile(
    f"(?<=[{LETTERS}{MARKS}»])[,;?](?=[\\s»”)!؟.?]|$)"
    f"|(?<=[{LETTERS}{MARKS}{OBJECT}])[,;](?=[{LETTERS}])"
    f"|(?<=[{_HELD}])[,;](?={_SPACE}+{_OPENING}[{LETTERS}])"
    f"|(?<=[{_DIGIT}%٪)”])\\?(?=\\s*$|{_SPACE}+{_OPENING}[{LETTERS}])"
)
_LIST_OF_NUMBERS = re.compile(f"[{_DIGIT}][,;] ?[{_DIGIT}][^\\s,;]*$")


def _latin_signs(text: str, _language: str) -> Iterator[Correction]:
    """Latin signs of an Arabic sentence; a list of numbers keeps all of its own, and not all but the last."""
    for match in _LATIN_SIGN.finditer(text):
        if _LIST_OF_NUMBERS.search(text, max(match.start() - 40, 0), match.start()) is None:
            yield Correction(match.start(), match.end(), _ARABIC_SIGNS[match[0]])


def _stretched(match: re.Match[str]) -> str:
    return re.sub(_STRETCH, "", match[0])


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
        # A short form may end in one (هـ، الـ36).
        _of_arabic_publications(
            _by(
                f"(?<![{LETTERS}{MARKS}])[{LETTERS}{MARKS}]+(?:{_STRETCH}[{MARKS}]*)+(?=[{LETTERS}])[{LETTERS}{MARKS}{TATWEEL}]*",
                _stretched,
            )
        ),
    ),
    TypingHabit("quotes-straight", "a straight quotation mark in Arabic text", "write «…»", _in_arabic(_quotes)),
    TypingHabit(
        "letters-keyboard",
        "{piece} has a letter or digit of another language's keyboard",
        "write {better}{signs}; it looks alike, and no search finds it as it is",
        _keyboard(doubtful=False),
    ),
    TypingHabit(
        "letters-doubtful",
        "{piece} has a letter of another language's keyboard, and it may stand for either of two",
        "write the word with the letters of the publication's language",
        _keyboard(doubtful=True),
        mended=False,
    ),
    TypingHabit(
        "punctuation-latin",
        "a Latin {piece} in Arabic text",
        "write {better}",
        _in_arabic(_latin_signs),
    ),
    TypingHabit(
        "space-before-sign",
        "a space before «{piece}»",
        "take the space out",
        _in_arabic(
            _by(
                f"(?<=[{LETTERS}{MARKS}{TATWEEL}»)]){_SPACE}+(?=[،؛؟!.:,;?](?![.!؟?\\w]|{_SPACE}?[()])|[,;][{LETTERS}])"
                # These signs belong to the word before them whatever it is; between two numbers they may be either's.
                f"|(?<=[^\\s(\\[«“\"'–—|{_DIGIT}-]){_SPACE}+(?=[،؛؟۔])"
                f"|(?<=[{_DIGIT}]){_SPACE}+(?=[،؛؟۔](?![{_DIGIT}]))",
                "",
            )
        ),
    ),
    TypingHabit(
        "space-inside-quotes",
        "a space inside quotation marks or brackets",
        "take the space out",
        _of_arabic_publications(_by(f"(?<=[«(]){_SPACE}+(?=[{LETTERS}])|{_AFTER_ARABIC}{_SPACE}+(?=[»)])", "")),
    ),
    TypingHabit(
        "space-missing",
        "no space after «{piece}»",
        "add one",
        _in_arabic(
            _by(
                f"{_AFTER_ARABIC}[،؛؟](?={_BEFORE_WORD}[{LETTERS}{_DIGIT}A-Za-z])"
                f"|(?<=[{_HELD}»])[،؛؟](?={_BEFORE_WORD}[{LETTERS}])",
                lambda match: match[0] + " ",
            )
        ),
    ),
    TypingHabit(
        "space-double", "more than one space between two words", "leave one", _by(f"(?<=\\S){_SPACE}{{2,}}(?=\\S)", " ")
    ),
)


def differing(piece: str, better: str | None) -> str:
    """Which signs of a piece of text become which, for a message: letters that look alike differ in nothing else.

    Args:
        piece: What stands in the text.
        better: What belongs there, or None.
    """
    if better is None or len(piece) != len(better):
        return ""
    changed = [(ord(old), ord(new)) for old, new in zip(piece, better, strict=True) if old != new]
    pairs = dict.fromkeys(f"U+{old:04X} becomes U+{new:04X}" for old, new in changed)
    return f" ({', '.join(pairs)})"


def named(piece: str) -> str:
    """A piece of text for a message: signs that show nothing by their code points.

    Args:
        piece: What stands in the text.
    """
    if piece and all(unicodedata.category(sign) in {"Cc", "Cf", "Zs", "Cn", "Co"} for sign in piece):
        return " ".join(f"U+{ord(sign):04X}" for sign in piece[:3])
    return piece
