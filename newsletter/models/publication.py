"""A newsroom, and what its letters look like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SocialKind = Literal[
    "facebook",
    "x",
    "instagram",
    "youtube",
    "telegram",
    "whatsapp",
    "tiktok",
    "linkedin",
    "threads",
    "bluesky",
    "mastodon",
    "rss",
    "mail",
    "website",
]
"""What a page elsewhere is, which its sign tells."""


RTL_LANGUAGES = frozenset({"ar", "fa", "he", "ur", "ckb", "ps", "sd", "ug", "yi", "dv"})


@dataclass(frozen=True, slots=True)
class Theme:
    """How a newsroom's letters look, as it was set; what is empty is the style's own."""

    style: Literal["", "signature", "classic", "digest", "bulletin"] = ""
    header: Literal["", "band", "plain", "centred", "picture"] = ""
    """The head of the letter: a coloured band, the name at the side, the name in the middle, or a picture."""
    picture: str = ""
    """For ``header = "picture"``: https address or a path relative to the workspace."""
    second: str = ""
    """A second colour, as ``#rrggbb``, for labels and fine lines."""
    paper: str = ""
    """The ground around the letter, as ``#rrggbb``."""
    card: str = ""
    """The ground of the letter itself, as ``#rrggbb``."""
    headings: str = ""
    """Fonts of headlines: ``sans``, ``serif`` or a CSS list of families."""
    text: str = ""
    """Fonts of everything else, in the same way."""
    hero: Literal["", "edge", "inset", "none"] = ""
    """The leading story's picture: from edge to edge, within the margins, or none."""
    rows: Literal["", "cards", "rows", "text"] = ""
    """The other stories: cards in two columns, rows with a small picture, or words alone."""
    align: Literal["", "start", "centre"] = ""
    """Where headings stand."""
    corners: Literal["", "round", "soft", "square"] = ""
    density: Literal["", "airy", "normal", "tight"] = ""
    subtitle: Literal["", "none", "preheader"] = ""
    """What stands under the head as a line of its own."""
    contents: bool | Literal["auto"] = "auto"
    """Whether a list of what is inside stands behind the first story; ``auto`` is the style's own."""
    logo_dark: str = ""
    """The logo for dark grounds, as ``Publication.logo``."""
    editor: str = ""
    """Who signs the editor's words."""
    role: str = ""
    portrait: str = ""
    """Picture of the editor: https address or a path relative to the workspace; without it the first letter."""
    footer: str = ""
    """Words of the newsroom's own at the foot."""
    social: tuple[tuple[str, str], ...] = ()
    """Pages elsewhere: (what it is, for example ``telegram``; address)."""


@dataclass(frozen=True, slots=True)
class Publication:
    """Who publishes: everything a letter says about its newsroom, taken from the settings."""

    name: str
    url: str
    """The site's address, absolute."""
    language: str = "ar"
    """``ar``, ``en``, ``fr``, ``fa``, ``he``, ``ur`` … decides direction and words."""
    timezone: str = "UTC"
    """IANA name of the site's zone."""
    postal_address: str = ""
    accent: str = "#0f766e"
    """Colour of links, rules and buttons."""
    logo: str = ""
    """https address or the name of a file in the workspace; empty shows the name."""
    tagline: str = ""
    """One line under the name."""
    digits: Literal["latin", "arabic-indic"] = "latin"
    """Digits of dates and numbers that we write ourselves; the editor's text stays as it is."""
    months: str = ""
    """Locale of the month names, as ``ar_DZ`` or ``ar_LB``; empty takes the language's common ones."""
    hijri: bool = False
    """Whether the Hijri date stands beside the Gregorian one."""
    jalali: bool = False
    """Whether dates are those of the Jalali calendar; the Gregorian one then stands beside the letter's."""
    fonts: str = ""
    """CSS list of font families; empty takes fonts that every system has."""
    links: tuple[tuple[str, str], ...] = ()
    """Pages named at the foot: (name, address)."""
    theme: Theme = Theme()

    @property
    def files(self) -> tuple[tuple[str, str], ...]:
        """The pictures that the settings name: the key, as messages show it, and the address or file."""
        return (("newsletter.toml: [letter] logo", self.logo),)

    @property
    def direction(self) -> Literal["rtl", "ltr"]:
        """Writing direction of the language (CLDR's right-to-left scripts)."""
        return "rtl" if self.language.split("-")[0].split("_")[0] in RTL_LANGUAGES else "ltr"
