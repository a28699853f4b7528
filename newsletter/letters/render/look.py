"""How a letter looks: what the issue, the newsroom and the style say, put together into one answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from newsletter.letters.render.palette import Palette, palette_of
from newsletter.models import Issue, Publication
from newsletter.text.theming import overlaid

FONTS = "'Segoe UI', -apple-system, Tahoma, 'Noto Sans Arabic', Arial, sans-serif"
"""Segoe UI and Tahoma carry Arabic on Windows, the system font on Apple's, Noto on Android and Linux."""
SERIF = "'Sakkal Majalla', 'Al Nile', 'Geeza Pro', 'Noto Naskh Arabic', Georgia, 'Times New Roman', serif"
"""Sakkal Majalla carries Arabic on Windows, Al Nile and Geeza Pro on Apple's, Noto Naskh on Android and Linux."""
SERIF_LATIN = "Georgia, 'Times New Roman', 'Noto Serif', serif"

TEMPLATES: Mapping[str, str] = {
    "signature": "signature",
    "classic": "weekly",
    "digest": "digest",
    "bulletin": "bulletin",
}
"""The pair of templates that draws each style."""
_STYLES: Mapping[str, str] = {template: style for style, template in TEMPLATES.items()} | {"classic": "classic"}

_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "signature": {
        "header": "band",
        "hero": "edge",
        "rows": "cards",
        "align": "start",
        "corners": "round",
        "density": "airy",
        "contents": True,
    },
    "classic": {
        "header": "plain",
        "hero": "inset",
        "rows": "rows",
        "align": "start",
        "corners": "soft",
        "density": "normal",
        "contents": False,
    },
    "digest": {
        "header": "plain",
        "hero": "none",
        "rows": "rows",
        "align": "start",
        "corners": "soft",
        "density": "tight",
        "contents": False,
    },
    "bulletin": {
        "header": "centred",
        "hero": "none",
        "rows": "text",
        "align": "start",
        "corners": "square",
        "density": "normal",
        "contents": True,
    },
}
_RADIUS = {"round": 12, "soft": 6, "square": 0}
_BUTTON_RADIUS = {"round": 26, "soft": 6, "square": 0}
_ROOM = {"airy": 1.25, "normal": 1.0, "tight": 0.75}


@dataclass(frozen=True, slots=True)
class Look:
    """A theme with nothing left open: what a template reads as ``theme``."""

    style: str
    template: str
    """Name of the pair of templates that draws it."""
    header: str
    hero: str
    rows: str
    align: str
    corners: str
    density: str
    subtitle: str
    contents: bool
    headings: str
    """CSS list of font families."""
    text: str
    picture: str
    logo_dark: str
    editor: str
    role: str
    portrait: str
    footer: str
    social: tuple[tuple[str, str], ...]
    colours: Palette

    @property
    def radius(self) -> int:
        """Pixels of a corner of pictures and panels."""
        return _RADIUS[self.corners]

    @property
    def button_radius(self) -> int:
        """Pixels of a corner of buttons."""
        return _BUTTON_RADIUS[self.corners]

    def room(self, pixels: int) -> int:
        """A space in pixels, wider or narrower as the density says.

        Args:
            pixels: The space where the density is normal.
        """
        return round(pixels * _ROOM[self.density])


def look_of(issue: Issue, publication: Publication) -> Look:
    """How an issue looks.

    The issue's own ``theme.style`` wins over its ``template``, unless that is one of the newsroom's own: such a
    template draws, and the style only says what it leaves open.

    Args:
        issue: The issue; its template may be empty.
        publication: Who publishes.

    Raises:
        ValueError: One of the colours is none.
    """
    theme = overlaid(publication.theme, issue.theme)
    shipped = _STYLES.get(issue.template, "")
    style = str(issue.theme.get("style") or shipped or theme.style or "classic")
    template = issue.template if issue.template and not shipped else TEMPLATES[style]
    usual = _DEFAULTS[style]
    rtl = publication.direction == "rtl"
    text = _stack(theme.text or publication.fonts, FONTS, rtl=rtl)
    return Look(
        style=style,
        template=template,
        **{name: getattr(theme, name) or usual[name] for name in ("header", "hero", "rows")},
        **{name: getattr(theme, name) or usual[name] for name in ("align", "corners", "density")},
        subtitle=theme.subtitle or "none",
        contents=bool(usual["contents"]) if theme.contents == "auto" else theme.contents,
        headings=_stack(theme.headings, text, rtl=rtl),
        text=text,
        **{name: getattr(theme, name) for name in ("picture", "logo_dark", "editor", "role", "portrait", "footer")},
        social=theme.social,
        colours=palette_of(publication, theme),
    )


def _stack(said: str, usual: str, *, rtl: bool) -> str:
    """The CSS list of families for what was said of fonts."""
    named = {"": usual, "sans": FONTS, "serif": SERIF if rtl else SERIF_LATIN}
    return named.get(said, said)
