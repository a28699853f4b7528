"""Words set in fonts: each line in the order in which it is read, every sign from a font that has it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from newsletter.sharing.fonts import FontFile, is_dear, needs_glyph
from newsletter.sharing.lines import BrokenText, broken
from newsletter.sharing.order import levelled, visual
from newsletter.text import bidi

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

ELLIPSIS = "…"
MOST_SIGNS = 240
"""A headline that is longer is cut: nobody reads more on a picture of this size."""
_MOST_MARKS = 4
"""Marks on one letter; what has more is a text that only wants to break out of its line."""
_AT = 100
"""Size at which everything is measured, in pixels."""
_BOLD_AXIS = 700
_LONG_WORD = 18
"""Letters from which a word may be torn where it fits no line."""

_JOINER = "\u200d"
_OPENING = frozenset("«‹(“[")
_CLOSING = frozenset("»›)”]:;?!%؟،؛")

Piece = tuple[str, FontFile, bool]
"""Signs in the order in which they are read, their font, and whether they go from right to left."""


class SetText:
    """A text that can be measured and drawn at any size.

    Args:
        text: One paragraph.
        base: Its direction.
        chain: Fonts that have its signs between them, the best first.
        language: For the shapes that a language prefers, for example ``fa``.
        bold: Whether a font with an axis of weight is set to bold.
    """

    def __init__(
        self, text: str, base: bidi.Direction, chain: Sequence[FontFile], language: str = "", *, bold: bool = False
    ) -> None:
        self.signs, self._levels, self._firm = levelled(text, base)
        self._base = 1 if base == "rtl" else 0
        self._chain = list(chain)
        self._language = re.split("[-_]", language)[0] or None
        self._bold = bold
        self._widths: dict[tuple[int, int], float] = {}

    def words(self, *, torn: bool = False) -> list[tuple[int, int]]:
        """Start and end of each word; what must not be torn (a phone number, a code) is one.

        Args:
            torn: Whether very long words are cut into parts.
        """
        found: list[tuple[int, int]] = []
        start = 0
        for at, sign in enumerate(self.signs):
            if sign == " " and not self._firm[at] and _may_break(self.signs, at):
                found.append((start, at))
                start = at + 1
        found.append((start, len(self.signs)))
        whole = [(start, end) for start, end in found if end > start]
        return [part for one in whole for part in (_torn(self.signs, *one) if torn else [one])]

    def width(self, start: int, end: int, size: float) -> float:
        """How wide these signs are on one line, in pixels."""
        if (start, end) not in self._widths:
            self._widths[start, end] = sum(
                _font(file, _AT, self._bold).getlength(text, **self._how(rtl))
                for text, file, rtl in self._pieces(start, end)
            )
        return self._widths[start, end] * size / _AT

    def fitted(self, width: float, size: float, count: int, *, torn: bool = False) -> BrokenText | None:
        """The text in so many lines of a width; None when it does not fit."""
        words = self.words(torn=torn)
        numbers = {at for at, (start, end) in enumerate(words) if self.signs[end - 1].isdecimal()}
        return broken(words, lambda start, end: self.width(start, end, size), width, count, clinging=numbers)

    def draw(self, canvas: ImageDraw, line: tuple[int, int], at: tuple[float, float], size: int, colour: str) -> None:
        """Draw one line.

        Args:
            canvas: What is drawn on.
            line: Start and end of its signs.
            at: The left end of its baseline.
            size: Of the fonts, in pixels.
            colour: As ``#rrggbb``.
        """
        x, y = at
        for text, file, rtl in self._pieces(*line):
            font = _font(file, size, self._bold)
            canvas.text((x, y), text, fill=colour, font=font, anchor="ls", **self._how(rtl))
            x += font.getlength(text, **self._how(rtl))

    def _how(self, rtl: bool) -> dict[str, Any]:
        return {"direction": "rtl" if rtl else "ltr", "language": self._language}

    def _pieces(self, start: int, end: int) -> list[Piece]:
        """The pieces of a line from left to right."""
        while end > start and self.signs[end - 1] == " ":
            end -= 1
        pieces: list[Piece] = []
        for first, last, level in visual(self._levels[start:end]):
            run = self._fonts(start + first, start + last)
            pieces += [(text, file, bool(level % 2)) for text, file in (reversed(run) if level % 2 else run)]
        return pieces

    def _fonts(self, start: int, end: int) -> list[tuple[str, FontFile]]:
        """A run of one direction cut where another font is needed, in the order in which it is read."""
        run = self.signs[start:end]
        letter = next((sign for sign in run if unicodedata.category(sign)[0] == "L"), "")
        # What stands among Latin letters is of their font too: the number of a model, a bracket.
        chain = sorted(self._chain, key=lambda one: not one.has(letter)) if letter else self._chain
        parts: list[tuple[str, FontFile]] = []
        for sign in run:
            stays = parts and (not needs_glyph(sign) or unicodedata.category(sign)[0] == "M")
            if stays or (parts and sign == " "):
                file = parts[-1][1]
            else:
                file = next((one for one in chain if one.has(sign)), chain[0])
            if parts and parts[-1][1] == file:
                parts[-1] = (parts[-1][0] + sign, file)
            else:
                parts.append((sign, file))
        return parts


def plain(text: str) -> str:
    """A text without what cannot be drawn: controls, heaps of marks, blanks in a row.

    Args:
        text: Any text, of any length.
    """
    text = "".join(" " if unicodedata.category(sign) in ("Cc", "Cs", "Co", "Cn") else sign for sign in bidi.clean(text))
    kept: list[str] = []
    marks = 0
    for sign in text:
        marks = marks + 1 if unicodedata.category(sign) in ("Mn", "Me") else 0
        if marks <= _MOST_MARKS:
            kept.append(sign)
    return " ".join("".join(kept).split())


def without_unseen(text: str, chain: Sequence[FontFile]) -> str:
    """A text without the signs that none of these fonts has and that say nothing: emoji, mostly.

    Args:
        text: Of which every letter is in one of the fonts.
        chain: The fonts.
    """
    kept: list[str] = []
    is_gone = False
    for sign in text:
        if "\ufe00" <= sign <= "\ufe0f" or "\U000e0020" <= sign <= "\U000e007f" or (is_gone and sign == _JOINER):
            continue  # selectors, and what held an emoji together: a letter beside it would be joined to nothing
        is_gone = needs_glyph(sign) and not is_dear(sign) and not any(one.has(sign) for one in chain)
        if not is_gone:
            kept.append(sign)
        elif kept and kept[-1] == _JOINER:
            kept.pop()
    words: list[str] = []
    for word in "".join(kept).split():
        # A mark of direction between two blanks keeps its meaning, and makes no second blank.
        if words and not any(map(needs_glyph, word)):
            words[-1] += word
        else:
            words.append(word)
    return " ".join(words)


def shortened(text: str, most: int) -> str:
    """A text of at most so many signs, cut at a word, with an ellipsis where something is missing.

    Args:
        text: Plain text.
        most: Signs at most.
    """
    if len(text) <= most:
        return text
    cut = text[:most]
    head, blank, _ = cut.rpartition(" ")
    return (head if blank and len(head) > most // 2 else cut).rstrip(" ،,;؛:.-–—") + ELLIPSIS


def _may_break(signs: str, at: int) -> bool:
    """Whether a line may end at a blank: not behind what opens a quotation, nor before a sign that closes or ends."""
    return signs[at - 1 : at] not in _OPENING and signs[at + 1 : at + 2] not in _CLOSING


def _torn(signs: str, start: int, end: int) -> list[tuple[int, int]]:
    if end - start <= _LONG_WORD:
        return [(start, end)]
    parts, first = [], start
    for at in range(start + 1, end):
        if at - first >= _LONG_WORD and unicodedata.category(signs[at])[0] != "M" and needs_glyph(signs[at]):
            parts.append((first, at))
            first = at
    return [*parts, (first, end)]


@lru_cache(maxsize=64)
def _font(file: FontFile, size: int, bold: bool) -> Any:
    from PIL import ImageFont

    font = ImageFont.truetype(str(file.path), size, index=file.index, layout_engine=ImageFont.Layout.RAQM)
    if file.variable and bold:
        set_to: list[float] = []
        for one in font.get_variation_axes():
            most, usual = one["maximum"] or _BOLD_AXIS, one["default"] or 0
            set_to.append(min(_BOLD_AXIS, most) if one["name"] in (b"Weight", "Weight") else usual)
        font.set_variation_by_axes(set_to)
    return font
