"""What stands on the share picture of a letter, in the colours and fonts of its newsroom."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from newsletter.letters.render import palette
from newsletter.models import Publication
from newsletter.sharing import ShareCard
from newsletter.sharing.fonts import families

if TYPE_CHECKING:
    from newsletter.web.pages import Pages

NAME = "share.png"
"""What the picture is called beside the other parts of a letter's page."""
_DARK = 7.0
"""Contrast to black below which a ground counts as dark."""


def share_card(pages: Pages, *, subject: str, number: str, sent: datetime, logo: Callable[[str], bytes]) -> ShareCard:
    """The share picture of a letter, as values.

    Args:
        pages: For words, digits and dates.
        subject: As it was mailed.
        number: The issue's number in the publication's digits; empty for a letter of the latest posts.
        sent: When it went out.
        logo: Reads the file of a logo; empty bytes where there is none.
    """
    about = pages.publication
    colours = palette.palette_of(about)
    theme = about.theme
    band = (theme.header or ("band" if theme.style == "signature" else "")) == "band"
    ground = colours.band if band else colours.card
    dark = palette.contrast(ground, palette.BLACK) < _DARK
    own = logo(theme.logo_dark) if dark else b""
    picture = own or logo(about.logo)
    date = pages.date(sent)
    return ShareCard(
        headline=subject,
        name=about.name,
        when=f"{pages.text('Issue {n}').replace('{n}', number)} · {date}" if number else date,
        site=re.sub(r"^https?://(?:www\.)?|/$", "", about.url),
        language=about.language,
        direction=about.direction,
        ground=ground,
        ink=colours.on_band if band else colours.ink,
        quiet=colours.band_soft if band else colours.muted,
        loud=colours.on_band if band else colours.accent_text,
        mark=colours.band_line if band else colours.accent,
        line=colours.band_soft if band else colours.line,
        centred=theme.align == "centre" or theme.header == "centred",
        families=_families(about),
        logo=picture,
        # A logo that was drawn for a light ground keeps one.
        plate=palette.WHITE if picture and dark and not own else "",
    )


def _families(about: Publication) -> tuple[str, ...]:
    return families(about.theme.headings or about.theme.text or about.fonts)
