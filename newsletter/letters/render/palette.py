"""Colours of a letter, worked out from the publication's own so that every word and every sign stays visible."""

from __future__ import annotations

import colorsys
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.models import Publication, Theme

_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
# WCAG 2.2 success criterion 1.4.3 for text of normal size.
ENOUGH = 4.5
# WCAG 2.2 success criterion 1.4.11 for what is no text: rules, and the grounds of buttons.
ENOUGH_FOR_SHAPES = 3.0

PAPER, CARD, INK = "#f3f1ec", "#ffffff", "#1b1f1e"
DARK_PAPER, DARK_CARD, DARK_INK = "#111413", "#1c2120", "#f0f2f1"
BLACK, WHITE = "#000000", "#ffffff"
_DIM = 0.05
"""Luminance of a ground that is dark already: it stays as it is in the dark."""
_GLARING = 0.75
"""Luminance of a band that would blind in the dark."""
_SEEN = 1.06
"""Contrast of a panel below which it does not stand out: a breath of yellow on white, of navy on black."""
_BESIDE = 30 / 360
"""Part of the wheel of colours between the accent and a second colour that nobody chose."""
_QUIETER = 0.8
"""How much of the accent's strength that colour has."""
_GREY = 0.12
"""Saturation below which a colour has no hue to speak of."""
_TURNS = 210
"""Brightness above which a ground turns dark where a program darkens a letter by itself."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours in light and in dark, as ``#rrggbb``."""

    accent: str
    """The publication's colour, as it was given."""
    on_accent: str
    """Text on the accent."""
    accent_text: str
    """The accent, moved until text in it can be read on card and panel."""
    rule: str
    """The accent, moved until a line in it can be seen on the card."""
    button: str
    """The accent, moved until a button of it can be seen on card and panel."""
    on_button: str
    second: str
    """The second colour, moved until a line in it can be seen on the card."""
    second_text: str
    band: str
    """Ground of a coloured band."""
    on_band: str
    band_soft: str
    """Less loud text on the band."""
    band_line: str
    """The second colour where it stands at the edge of the band."""
    tint: str
    """A breath of the accent, for panels."""
    paper: str
    card: str
    ink: str
    soft: str
    """Running text of summaries."""
    muted: str
    """Bylines and dates."""
    line: str
    paper_ink: str
    """Text on the paper: the footer."""
    paper_muted: str
    sign: str
    """Ground of the signs at the foot, the same in light and dark."""
    on_sign: str
    dark_accent: str
    """Light enough for text on the dark card."""
    dark_rule: str
    dark_button: str
    dark_on_button: str
    dark_second: str
    dark_second_text: str
    dark_band: str
    dark_on_band: str
    dark_band_soft: str
    dark_band_line: str
    dark_tint: str
    dark_paper: str
    dark_card: str
    dark_ink: str
    dark_soft: str
    dark_muted: str
    dark_line: str
    dark_paper_ink: str
    dark_paper_muted: str


def palette_of(about: Publication, theme: Theme | None = None) -> Palette:
    """The colours of a publication.

    Args:
        about: Who publishes.
        theme: Its looks, where an issue says them otherwise.

    Raises:
        ValueError: One of its colours is none.
    """
    theme = theme or about.theme
    return palette(about.accent, theme.second, theme.paper, theme.card)


@lru_cache(maxsize=32)
def palette(accent: str, second: str = "", paper: str = "", card: str = "") -> Palette:
    """Work out all colours from those that were chosen.

    Args:
        accent: The publication's colour, as ``#rgb`` or ``#rrggbb``.
        second: Its second colour; empty takes one beside the accent on the wheel of colours.
        paper: Ground around the letter; empty takes a warm grey.
        card: Ground of the letter; empty takes white.

    Raises:
        ValueError: One of them is not such a colour.
    """
    accent, paper, card = (_whole(colour) for colour in (accent, paper or PAPER, card or CARD))
    chosen, second = bool(second), _whole(second) if second else _beside(accent)
    dark_paper = paper if _luminance(paper) < _DIM else DARK_PAPER
    dark_card = card if _luminance(card) < _DIM else DARK_CARD
    dark_band = mixed(accent, DARK_CARD, 0.35) if _luminance(accent) > _GLARING else accent
    light = _side(accent, second, accent, paper, card, 0.07)
    dark = _side(accent, second, dark_band, dark_paper, dark_card, 0.14)
    if not chosen or second == accent:
        # A line that nobody chose does not run across the whole letter.
        light["band_line"], dark["band_line"] = light["band"], dark["band"]
    sign = _visible(accent, (dark_paper, paper), ENOUGH_FOR_SHAPES)
    return Palette(
        accent=accent,
        on_accent=_on(accent),
        sign=sign,
        on_sign=_on(sign),
        **light,
        **{f"dark_{'accent' if name == 'accent_text' else name}": colour for name, colour in dark.items()},
    )


def _side(accent: str, second: str, band: str, paper: str, card: str, breath: float) -> dict[str, str]:
    """The colours of one side, light or dark.

    Args:
        accent: The accent, as ``#rrggbb``.
        second: The second colour.
        band: Ground of the band.
        paper: Ground around the letter.
        card: Ground of the letter.
        breath: Share of the accent in a panel, 0 to 1.
    """
    tint, breathing = card, accent
    if contrast(mixed(accent, card, breath), card) < _SEEN:
        breathing = _moved(accent, (card,), ENOUGH_FOR_SHAPES)
    for share in (breath, breath / 2, 0):
        tint = mixed(breathing, card, share)
        if _pole((card, tint)):
            break
    grounds = (card, tint)
    ink, paper_ink = _ink(grounds), _ink((paper,))
    button = _button(accent, grounds)
    band = _turning(band)
    on_band = _on(band)
    return {
        "accent_text": _moved(accent, grounds, ENOUGH),
        "rule": _moved(accent, grounds, ENOUGH_FOR_SHAPES),
        "button": button,
        "on_button": _on(button),
        "second": _moved(second, grounds, ENOUGH_FOR_SHAPES),
        "second_text": _moved(second, grounds, ENOUGH),
        "band": band,
        "on_band": on_band,
        "band_soft": _toned(on_band, band, 0.82, (band,)),
        "band_line": _moved(second, (band,), ENOUGH_FOR_SHAPES),
        "tint": tint,
        "paper": paper,
        "card": card,
        "ink": ink,
        "soft": _toned(ink, card, 0.84, grounds),
        "muted": _toned(ink, card, 0.66, grounds),
        "line": mixed(ink, card, 0.15),
        "paper_ink": paper_ink,
        "paper_muted": _toned(paper_ink, paper, 0.68, (paper,)),
    }


def _beside(colour: str) -> str:
    """A quiet companion: a neighbour on the wheel of colours, as dark and less strong; a grey stays alone.

    From orange to green it is the warmer neighbour, since yellows and limes are hard to read; else the next one on.
    """
    hue, light, strength = colorsys.rgb_to_hls(*(channel / 255 for channel in _channels(colour)))
    if strength < _GREY:
        return colour
    turn = -_BESIDE if 15 / 360 <= hue <= 110 / 360 else _BESIDE
    channels = colorsys.hls_to_rgb((hue + turn) % 1, light, strength * _QUIETER)
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in channels)


def _whole(colour: str) -> str:
    if not _HEX.fullmatch(colour):
        raise ValueError(f"{colour!r} is not a colour such as #0f766e")
    colour = colour.lower()
    return "#" + "".join(sign * 2 for sign in colour[1:]) if len(colour) == 4 else colour


def _readable(colour: str, grounds: Sequence[str], enough: float = ENOUGH) -> bool:
    return all(contrast(colour, ground) >= enough for ground in grounds)


def _pole(grounds: Sequence[str]) -> str:
    """Black or white, whichever can be read on every ground; empty when neither can."""
    return next((pole for pole in (BLACK, WHITE) if _readable(pole, grounds)), "")


def _ink(grounds: Sequence[str]) -> str:
    """Text that can be read on every ground: a soft black or white where that is enough."""
    return next((ink for ink in (INK, DARK_INK) if _readable(ink, grounds)), "") or _pole(grounds)


def _on(ground: str) -> str:
    """Text on a ground of any colour: white where that can be read, else nearly black, else black."""
    # Between luminances 0.183 and 0.236 neither white nor our own black is enough; pure black is from 0.175 on.
    return next(ink for ink in (WHITE, INK, BLACK) if _readable(ink, (ground,)))


def _moved(colour: str, grounds: Sequence[str], enough: float) -> str:
    """A colour moved towards black or white until it stands out from every ground."""
    pole = _pole(grounds)
    for step in range(21):
        moved = mixed(pole, colour, step / 20)
        if _readable(moved, grounds, enough):
            return moved
    return pole


def _button(colour: str, grounds: Sequence[str]) -> str:
    """Ground of a button: seen on every ground, with white words if it can be, else with words that turn with it."""
    pole = _pole(grounds)
    steps = [mixed(pole, colour, step / 20) for step in range(21)]
    seen = [moved for moved in steps if _readable(moved, grounds, ENOUGH_FOR_SHAPES)] or [pole]
    if pole == WHITE:
        return next((moved for moved in seen if _on(moved) != BLACK), seen[0])
    return next((moved for moved in seen if _on(moved) == WHITE), seen[0])


def _turning(ground: str) -> str:
    """A ground with dark words, light enough that programs which darken a letter turn both, and not the words alone.

    Measured on Chromium's forced dark: words below a brightness of 150 turn light, grounds from 208 on turn dark.
    """
    if _on(ground) == WHITE:
        return ground
    steps = (mixed(WHITE, ground, step / 20) for step in range(21))
    return next(moved for moved in steps if _brightness(moved) > _TURNS)


def _visible(colour: str, grounds: Sequence[str], enough: float) -> str:
    """A colour moved as little as possible until it stands out from every ground, or from as many as can be."""
    steps = [mixed(pole, colour, step / 20) for step in range(21) for pole in (BLACK, WHITE)]
    return next(
        (moved for moved in steps if _readable(moved, grounds, enough)),
        max(steps, key=lambda moved: min(contrast(moved, ground) for ground in grounds)),
    )


def _toned(ink: str, ground: str, share: float, grounds: Sequence[str]) -> str:
    """Ink with some of the ground in it, as long as it can be read on every ground."""
    for step in range(21):
        toned = mixed(ink, ground, share + (1 - share) * step / 20)
        if _readable(toned, grounds):
            return toned
    return ink


def mixed(colour: str, other: str, share: float) -> str:
    """Mix two colours.

    Args:
        colour: A colour, as ``#rrggbb``.
        other: The other colour, as ``#rrggbb``.
        share: How much of the first, 0 to 1.
    """
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(one * share + two * (1 - share)):02x}" for one, two in pairs)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2).

    Args:
        one: A colour, as ``#rrggbb``.
        other: The other colour, as ``#rrggbb``.
    """
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _brightness(colour: str) -> float:
    red, green, blue = _channels(colour)
    return 0.299 * red + 0.587 * green + 0.114 * blue


def _luminance(colour: str) -> float:
    parts = [channel / 255 for channel in _channels(colour)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
