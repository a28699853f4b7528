"""The picture of a letter that others show when somebody shares its address: its headline drawn, in any script."""

from __future__ import annotations

from newsletter.sharing.drawing import HEIGHT, WIDTH, draw
from newsletter.sharing.fonts import FontShelf, NoFontError
from newsletter.sharing.models import ShareCard

__all__ = ["HEIGHT", "WIDTH", "FontShelf", "NoFontError", "ShareCard", "draw"]
