"""Colours of a letter, worked out from the publication's one accent so that every text stays readable."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
# WCAG 2.2 success criterion 1.4.3 for text of normal size.
ENOUGH = 4.5

PAPER, CARD, INK = "#f3f1ec", "#ffffff", "#1b1f1e"
DARK_PAPER, DARK_CARD = "#111413", "#1c2120"


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours in light and in dark, as ``#rrggbb``."""

    accent: str
    """The publication's colour, for rules and button."""
    accent_text: str
    """The same, dark enough for text on the card."""
    on_accent: str
    """Text on the button."""
    tint: str
    """A breath of the accent, for panels."""
    dark_accent: str
    """Light enough for text on the dark card."""
    dark_tint: str
    paper: str = PAPER
    card: str = CARD
    ink: str = INK
    soft: str = "#3d4442"
    """Running text of summaries."""
    muted: str = "#636b69"
    """Bylines, dates and footer."""
    line: str = "#e0ddd5"
    dark_paper: str = DARK_PAPER
    dark_card: str = DARK_CARD
    dark_ink: str = "#f0f2f1"
    dark_soft: str = "#cfd5d3"
    dark_muted: str = "#9da6a3"
    dark_line: str = "#39403e"


@lru_cache(maxsize=32)
def palette(accent: str) -> Palette:
    """Work out all colours from one.

    Args:
        accent: The publication's colour, as ``#rgb`` or ``#rrggbb``.

    Raises:
        ValueError: It is not such a colour.
    """
    if not _HEX.fullmatch(accent):
        raise ValueError(f"{accent!r} is not a colour such as #0f766e")
    accent = accent.lower()
    if len(accent) == 4:
        accent = "#" + "".join(sign * 2 for sign in accent[1:])
    tint, dark_tint = mixed(accent, CARD, 0.07), mixed(accent, DARK_CARD, 0.14)
    return Palette(
        accent=accent,
        accent_text=_readable(accent, (CARD, tint), "#000000"),
        on_accent="#ffffff" if contrast("#ffffff", accent) >= contrast(INK, accent) else INK,
        tint=tint,
        dark_accent=_readable(accent, (DARK_CARD, dark_tint), "#ffffff"),
        dark_tint=dark_tint,
    )


def _readable(colour: str, grounds: tuple[str, ...], towards: str) -> str:
    """Move a colour towards black or white until text in it can be read on every ground."""
    for step in range(21):
        moved = mixed(towards, colour, step / 20)
        if all(contrast(moved, ground) >= ENOUGH for ground in grounds):
            return moved
    return towards


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


def _luminance(colour: str) -> float:
    parts = [channel / 255 for channel in _channels(colour)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
