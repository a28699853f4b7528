"""A share picture drawn: 1200 × 630 pixels, the size that every network shows whole (ogp.me, X's large card)."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from newsletter.sharing.fonts import FontShelf, NoFontError
from newsletter.sharing.models import ShareCard
from newsletter.sharing.order import is_there
from newsletter.sharing.script import ELLIPSIS, MOST_SIGNS, SetText, plain, shortened, without_unseen

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

WIDTH, HEIGHT = 1200, 630
MOST_BYTES = 150_000
_SIDE = 84
"""Room at both sides."""
_STRIP = 18
_HEAD, _HEAD_SIZE = 118, 40
"""Baseline and size of the name."""
_FOOT, _FOOT_SIZE = 562, 31
_TOP, _BOTTOM = 168, 490
"""What the headline may take."""
_SIZES = (128, 112, 96, 88, 80, 74, 68, 62, 57, 52, 48)
_LOUDEST = 100
"""Size from which only a headline of one line is written."""
_PITCH = 1.4
_MOST_LINES = 5
_LOGO = (240, 84)
_LOGO_PIXELS = 40_000_000


def draw(card: ShareCard, shelf: FontShelf) -> bytes:
    """The share picture as a PNG file.

    Args:
        card: What stands on it.
        shelf: The fonts to take.

    Raises:
        NoFontError: There is no font for one of its letters, or the library that orders mixed directions is missing.
    """
    from PIL import Image, ImageDraw

    _ready()
    headline = _headline(card, shelf)
    image = Image.new("RGB", (WIDTH, HEIGHT), card.ground)
    canvas = ImageDraw.Draw(image)
    rtl = card.direction == "rtl"
    side = (WIDTH - _STRIP, 0, WIDTH, HEIGHT) if rtl else (0, 0, _STRIP - 1, HEIGHT)
    canvas.rectangle((0, 0, WIDTH, _STRIP - 1) if card.centred else side, fill=card.mark)
    canvas.rectangle((_SIDE, 510, WIDTH - _SIDE, 511), fill=card.line)
    taken = _logo(image, card)
    _edge(canvas, _set(card.name, card, shelf, bold=True), card, _HEAD, _HEAD_SIZE, card.loud, taken=taken)
    site = _edge(canvas, _set(card.site, card, shelf), card, _FOOT, _FOOT_SIZE, card.quiet, far=True)
    _edge(canvas, _set(card.when, card, shelf), card, _FOOT, _FOOT_SIZE, card.quiet, taken=site)
    _write(canvas, headline, card)
    return _png(image)


def check(card: ShareCard, shelf: FontShelf) -> None:
    """Find out whether a card can be drawn, without drawing it.

    Args:
        card: What stands on it.
        shelf: The fonts to take.

    Raises:
        NoFontError: As `draw` does.
    """
    _ready()
    for words, bold in ((card.headline, True), (card.name, True), (card.when, False), (card.site, False)):
        shelf.chain(_cut(words) + ELLIPSIS, bold=bold)


def _ready() -> None:
    from PIL import features

    if not features.check("raqm") or not is_there():
        raise NoFontError(
            "share pictures need the library FriBidi, which joins Arabic letters and orders mixed directions",
            mend="install it (on Debian: apt-get install libfribidi0), then start the command again",
            lasting=True,
        )


def _cut(words: str) -> str:
    return shortened(plain(words), MOST_SIGNS)


@dataclass(frozen=True, slots=True)
class _Headline:
    text: SetText
    size: int
    lines: tuple[tuple[int, int], ...]


def _set(words: str, card: ShareCard, shelf: FontShelf, *, bold: bool = False) -> SetText:
    words = _cut(words)
    chain = shelf.chain(words + ELLIPSIS, bold=bold)
    return SetText(without_unseen(words, chain), card.direction, chain, card.language, bold=bold)


def _headline(card: ShareCard, shelf: FontShelf) -> _Headline:
    """The headline as large as it fits, and cut where it fits in no size."""
    words = _cut(card.headline)
    chain = shelf.chain(words + ELLIPSIS, bold=True)
    words = without_unseen(words, chain)
    while True:
        text = SetText(words, card.direction, chain, card.language, bold=True)
        fitted = _largest(text)
        if fitted is not None:
            return fitted
        words = shortened(words.rstrip(ELLIPSIS), len(words) * 9 // 10)


def _largest(text: SetText) -> _Headline | None:
    width, room = WIDTH - 2 * _SIDE, _BOTTOM - _TOP
    spare: _Headline | None = None
    for torn in (False, True):
        for size in _SIZES:
            most = 1 if size > _LOUDEST else min(_MOST_LINES, int(room / (size * _PITCH) + 0.05))
            for count in range(1, most + 1):
                found = text.fitted(width, size, count, torn=torn)
                if found is None:
                    continue
                if not found.orphan:
                    return _Headline(text, size, found.lines)
                spare = spare or _Headline(text, size, found.lines)
        if spare is not None:
            return spare
    return None


def _write(canvas: ImageDraw, headline: _Headline, card: ShareCard) -> None:
    pitch = headline.size * _PITCH
    top = (_TOP + _BOTTOM - pitch * len(headline.lines)) / 2
    for number, line in enumerate(headline.lines):
        width = headline.text.width(*line, headline.size)
        x = (WIDTH - width) / 2 if card.centred else (WIDTH - _SIDE - width if card.direction == "rtl" else _SIDE)
        baseline = top + pitch * number + headline.size * 1.02
        headline.text.draw(canvas, line, (x, baseline), headline.size, card.ink)


def _edge(
    canvas: ImageDraw,
    text: SetText,
    card: ShareCard,
    baseline: int,
    size: int,
    colour: str,
    *,
    taken: float = 0,
    far: bool = False,
) -> float:
    """Write one line at the side where reading starts, or at the other; return the room that it took."""
    room = WIDTH - 2 * _SIDE - taken
    words = text.words()
    while words and text.width(0, words[-1][1], size) > room:
        # The name of a newsroom of forty words: what does not fit is left out, smaller would not be read.
        words.pop()
    if not words:
        return 0
    line = (0, words[-1][1])
    width = text.width(*line, size)
    right = (card.direction == "rtl") != far
    gap = 0 if far else taken if baseline == _HEAD else 0
    x = WIDTH - _SIDE - gap - width if right else _SIDE + gap
    if card.centred and baseline == _HEAD and not gap:
        x = (WIDTH - width) / 2
    text.draw(canvas, line, (x, baseline), size, colour)
    return width + 40


def _logo(image: Any, card: ShareCard) -> float:
    """Put the logo at the side where reading starts; return the room that it took."""
    from PIL import Image, ImageDraw

    if not card.logo:
        return 0
    try:
        with Image.open(io.BytesIO(card.logo)) as opened:
            if opened.width * opened.height > _LOGO_PIXELS:
                return 0
            logo = opened.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        # A logo that no program can read: the check of the letter complains of it, the name stands here anyhow.
        return 0
    logo.thumbnail(_LOGO)
    pad = 12 if card.plate else 0
    width, height = logo.width + 2 * pad, logo.height + 2 * pad
    left = WIDTH - _SIDE - width if card.direction == "rtl" else _SIDE
    top = _HEAD - 14 - height // 2
    if card.plate:
        ImageDraw.Draw(image).rounded_rectangle((left, top, left + width, top + height), radius=10, fill=card.plate)
    image.paste(logo, (left + pad, top + pad), logo)
    return width + 24


def _png(image: Any) -> bytes:
    """The picture as PNG, with fewer colours where it would be too large."""
    from PIL.Image import Dither, Quantize

    data = b""
    for colours in (0, 256, 64, 16):
        made = image.quantize(colours, Quantize.MEDIANCUT, dither=Dither.NONE) if colours else image
        file = io.BytesIO()
        made.save(file, "PNG", compress_level=9)
        data = file.getvalue()
        if len(data) <= MOST_BYTES:
            break
    return data
