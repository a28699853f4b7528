"""Arabic text made presentable and cut at the right places: one line, a shorter one, a summary."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

_LETTERS = (
    "\u0620-\u063f\u0641-\u064a\u066e\u066f\u0671-\u06d3\u06d5\u06ee\u06ef\u06fa-\u06fc\u06ff"
    "\u0750-\u077f\u0870-\u0887\u0889-\u088e\u08a0-\u08c8"
)
_MARKS = (
    "\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
    "\u0898-\u089f\u08ca-\u08e1\u08e3-\u08ff"
)
_TATWEEL = "\u0640"

_SPACES = re.compile(r"[\s\x1c-\x1f\x85]+")
# Cut out: C0 and C1 controls, soft hyphen, zero-width space, word joiner and its invisible kin, bidi
# embeddings, overrides and isolates, BOM, interlinear marks, lone surrogates, the 66 noncharacters.
# Kept: ZWNJ and ZWJ (Persian, Kurdish, emoji) and the single marks LRM, RLM and ALM.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u180e\u200b\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\ufdd0-\ufdef"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
    + "]"
)
# Unicode's Arabic presentation forms, without the five signs that are read as signs (ﷺ ﷻ ﷽ ﴾ ﴿).
_PRESENTATION = re.compile("[\ufb50-\ufd3d\ufd40-\ufdcf\ufdf0-\ufdf9\ufdfc\ufdfe\ufdff\ufe70-\ufefc]")
_UNUSUAL = re.compile(f"{_INVISIBLE.pattern}|{_PRESENTATION.pattern}|{_TATWEEL}")
_STRETCHED = re.compile(f"(?<=[{_LETTERS}])([{_MARKS}]*{_TATWEEL}[{_MARKS}{_TATWEEL}]*)(?=[{_LETTERS}])")

# Nothing but what tidy leaves as it is: letters, digits and signs of everyday Arabic and Latin text, each a starter
# that NFC leaves alone, and single spaces. To tell so takes a twenty-fifth of the time of looking for the unusual.
_EVERYDAY = re.compile(
    "[ -~\u00e0-\u00ff\u00ab\u00bb\u060c\u061b\u061f\u0621-\u063f\u0641-\u064a\u0660-\u0669\u0671-\u06d3\u06f0-\u06f9"
    "\u2013\u2014\u2018-\u201d\u2026]*"
)
_NOT_WORD_RUN = re.compile(r"[^\w\s]{60,}")
_MOST_MARKS = 30
"""On one letter (UAX 15, Stream-Safe Text Format); normalising takes time that grows with the square of their number:
600,000 take more than a minute."""

_TRAILING = " \t\n،؛:,;.-–—«(["
_OPENING_QUOTES = "\"“‘'"

_SENTENCE_END = re.compile(r"[.!؟?…]+[\"”’»)\]]*(?=\s|$)")
_ABBREVIATION = re.compile(r"(?:^|[\s(«\"“\[])(?:[دمأصج]|هـ|[A-Z]|أ\.د|ص\.ب|ق\.م|Mr|Mrs|Dr|St|M|Mme)$")
_CREDIT_LENGTH = 30
_IN_WORDS = re.compile(r"\w")

_FOLD = {
    **dict.fromkeys("أإآٱ", "ا"),
    **dict.fromkeys("ىیېئ", "ي"),
    **dict.fromkeys("ةە", "ه"),
    "ک": "ك",
    "ؤ": "و",
}
_UNFOLDED = re.compile(f"[{_MARKS}{_TATWEEL}\u200b-\u200f\u061c]+")
_DIGIT = re.compile(r"[^\D\x00-\x7f]")
_NOT_WORDS = re.compile(r"[\W_]+")


def polish(text: str) -> str:
    """Do what tidy does, but keep one space where white space stood at either end (for pieces of a line).

    Args:
        text: Plain text, of any length.
    """
    if "  " not in text and _EVERYDAY.fullmatch(text):
        return text
    if _UNUSUAL.search(text):
        text = _INVISIBLE.sub("", text)
        text = _PRESENTATION.sub(_plain_form, text)
        text = _STRETCHED.sub(lambda match: match[1].replace(_TATWEEL, ""), text)
    if len(text) > _MOST_MARKS**2:
        text = _NOT_WORD_RUN.sub(_with_few_marks, text)
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text))


def tidy(text: str) -> str:
    """Make one clean line of a text: NFC, no presentation forms, no ornament, no invisible characters.

    Compatibility normalisation is done on the Arabic presentation forms only (NFKC elsewhere would turn
    ``…`` into three dots and ``½`` into ``1⁄2``). A tatweel goes when it stands between two Arabic letters
    and stays in ``هـ``, ``الـ36`` and ``بـ«الصباح»``. Harakat stay.

    Args:
        text: Any text; line breaks become spaces.
    """
    return polish(text).strip()


def shorten(text: str, limit: int) -> str:
    """Cut a text at a word so that it has at most so many characters as a reader counts them, with ``…``.

    Args:
        text: One line of plain text.
        limit: Most grapheme clusters (Unicode UAX 29) of the result, the ``…`` included; at least 1.

    Raises:
        ValueError: A limit below 1.
    """
    import regex

    if limit < 1:
        raise ValueError("limit must be at least 1")
    text = text.strip()
    if len(text) <= limit:
        return text
    clusters: list[str] = regex.findall(r"\X", text)
    if len(clusters) <= limit:
        return text
    kept = "".join(clusters[: limit - 1])
    if not clusters[limit - 1].isspace() and not kept.endswith(" "):
        head, gap, _ = kept.rpartition(" ")
        kept = head if gap else kept
    return _strip_tail(kept) + "…"


def sentences(text: str) -> Iterator[str]:
    """Cut a paragraph into its sentences, in order, white space between them dropped.

    A sentence ends at ``. ! ؟ ? …`` with any closing quotes and brackets, before white space; not after an
    abbreviation such as ``د.`` or ``ص.ب.``.

    Args:
        text: The text of one paragraph.
    """
    start = 0
    for match in _SENTENCE_END.finditer(text):
        before = text[start : match.start()]
        if match[0] == "." and (before.strip().isdecimal() or _ABBREVIATION.search(before)):
            continue
        piece = text[start : match.end()].strip()
        if piece:
            yield piece
        start = match.end()
    rest = text[start:].strip()
    if rest:
        yield rest


def summary(text: str, *, least: int = 160, most: int = 240) -> str:
    """Take the opening of a text as a summary: whole sentences, or a cut at a comma or word with ``…``.

    In 143 sentences of Arabic news the median was 144 characters and 91 % had at most 300, so one sentence
    that runs over ``most`` by up to a third is kept whole. Lines shorter than 30 characters (credits, the
    names in an interview) are passed over while longer ones follow.

    Args:
        text: Plain text, one paragraph a line.
        least: Characters below which another sentence is taken, if it fits.
        most: Characters the summary should not pass; a whole sentence may pass it by a third.
    """
    allowed = most + most // 3
    taken = ""
    for sentence in _opening(text):
        candidate = f"{taken} {sentence}" if taken else sentence
        if len(candidate) <= most or (len(candidate) <= allowed and len(taken) < least):
            taken = candidate
        elif not taken:
            return _cut(sentence, most, least // 2)
        elif len(taken) < least // 2:
            return _cut(candidate, most, len(taken) + 1)
        else:
            break
        if len(taken) >= least:
            break
    return taken


def reading_minutes(text: str, words_per_minute: int = 150) -> int:
    """Estimate whole minutes of reading, at least 1; 0 for a text without a word.

    150 is 138 Arabic words a minute read aloud (Trauzettel-Klosinski & Dietz 2012, doi 10.1167/iovs.11-8284)
    raised by what silent reading gains in English (Brysbaert 2019, doi 10.1016/j.jml.2019.104047).

    Args:
        text: Text without markup.
        words_per_minute: Words that somebody reads in a minute.
    """
    # Not by one pattern of both: signs without a word would be read from each of them to the last.
    words = sum(1 for part in text.split() if _IN_WORDS.search(part) is not None)
    return max(1, (2 * words + words_per_minute) // (2 * words_per_minute)) if words else 0


def arabic_fold(text: str) -> str:
    """Reduce a text to what two spellings of it share, for comparing only, never for showing.

    Hamza seats, alef maqsura, ta marbuta and their Persian twins become one letter each; marks, tatweel,
    punctuation and case go; every digit becomes ASCII.

    Args:
        text: Plain text, of any length.
    """
    text = _folded(unicodedata.normalize("NFKC", tidy(text)))
    small = unicodedata.normalize("NFKC", text.casefold())
    if small != text:
        text = _folded(small)
    text = _DIGIT.sub(lambda match: str(unicodedata.decimal(match[0])), text)
    return _NOT_WORDS.sub(" ", text).strip()


def _with_few_marks(match: re.Match[str]) -> str:
    """A run of signs without the combining marks that no letter can carry."""
    if match[0].isascii():
        return match[0]
    kept, count = [], 0
    for char in match[0]:
        count = count + 1 if unicodedata.combining(char) else 0
        if count <= _MOST_MARKS:
            kept.append(char)
    return "".join(kept)


def _folded(text: str) -> str:
    # One letter after the other: a tenth of the time of a pattern that asks a function for each. None becomes another.
    for letter, plain in _FOLD.items():
        text = text.replace(letter, plain)
    return _UNFOLDED.sub("", text)


def _plain_form(match: re.Match[str]) -> str:
    """The ordinary letters of a presentation form; isolated harakat lose the space or tatweel they sit on."""
    plain = unicodedata.normalize("NFKC", match[0])
    bare = plain.lstrip(" " + _TATWEEL)
    return bare if bare and all(unicodedata.combining(char) for char in bare) else plain


def _opening(text: str) -> Iterator[str]:
    lines = [line for line in map(tidy, text.splitlines()) if line]
    prose: Iterable[str] = [line for line in lines if len(line) >= _CREDIT_LENGTH] or lines
    for line in prose:
        yield from sentences(line)


def _cut(sentence: str, most: int, least: int) -> str:
    """Cut one long sentence at its last comma between least and most, else at a word."""
    place = max(sentence.rfind(mark, least, most - 1) for mark in "،؛")
    return _strip_tail(sentence[:place]) + "…" if place > 0 else shorten(sentence, most)


def _strip_tail(text: str) -> str:
    """Drop what must not stand before an ellipsis: separators, and a quote or bracket just opened."""
    while True:
        bare = text.rstrip(_TRAILING)
        if bare[-1:] in _OPENING_QUOTES and bare[-2:-1] in ("", " "):
            bare = bare[:-1]
        if bare == text:
            return text
        text = bare
