"""The pages elsewhere that a letter names at its foot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.letters.render.views import PictureView

SIGN = "sign:"
"""What stands before the kind of a page in the name of its picture, which no file can be called."""

NAMES: Mapping[str, str] = {
    "facebook": "Facebook",
    "x": "X",
    "instagram": "Instagram",
    "youtube": "YouTube",
    "telegram": "Telegram",
    "whatsapp": "WhatsApp",
    "tiktok": "TikTok",
    "linkedin": "LinkedIn",
    "threads": "Threads",
    "bluesky": "Bluesky",
    "mastodon": "Mastodon",
    "rss": "RSS feed",
    "mail": "Write to us",
    "website": "Our website",
}
"""What each is called, as the catalogue knows it."""


@dataclass(frozen=True, slots=True)
class SocialLink:
    """A page elsewhere, ready for a template."""

    kind: str
    title: str
    href: str
    sign: PictureView | None
    """Its sign; None where the letter carries none, and its title stands for it."""
