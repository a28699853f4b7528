"""What stands on a share picture, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ShareCard:
    """The words, colours and fonts of one share picture."""

    headline: str
    name: str
    """Who publishes."""
    when: str
    """The issue's number and date, in words."""
    site: str = ""
    """The site as readers know it, without a scheme."""
    language: str = "ar"
    direction: Literal["rtl", "ltr"] = "rtl"
    ground: str = "#ffffff"
    """Colours, as ``#rrggbb``."""
    ink: str = "#1b1f1e"
    quiet: str = "#555a58"
    """Number, date and site."""
    loud: str = "#0f766e"
    """The name."""
    mark: str = "#0f766e"
    """The strip at the edge."""
    line: str = "#dddddd"
    centred: bool = False
    families: tuple[str, ...] = ()
    """Fonts of the headline by name, as the newsroom chose them; ``serif`` and ``sans`` are kinds."""
    logo: bytes = b""
    """A picture; empty when there is none."""
    plate: str = ""
    """Colour behind the logo, where it was not made for this ground."""
