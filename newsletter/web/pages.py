"""The pages that readers see, filled: templates, words and colours of the publication in one function."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from newsletter.letters import catalogue
from newsletter.letters.render import FONTS, fill, palette
from newsletter.letters.render.views import web_address
from newsletter.models import Publication
from newsletter.text import bidi, dates, numbers
from newsletter.web.places import ArchivePlaces

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

DOMAIN = "pages"
"""Name of the catalogue of reader pages and small letters."""


class Pages:
    """The reader pages of one publication.

    Args:
        environment: Where templates and catalogues come from.
        publication: Who publishes. A language without a catalogue of its own gets English pages.
        address: Base of the pages without a slash at its end; may be empty.
        counts_clicks: Whether links of letters are counted, which the foot of every page then says.
        places: Where the archive stands; without it at the reader pages.
    """

    def __init__(
        self,
        environment: Environment,
        publication: Publication,
        address: str,
        *,
        counts_clicks: bool = False,
        places: ArchivePlaces | None = None,
    ) -> None:
        self.counts_clicks = counts_clicks
        self.environment = environment
        if not speaks(environment, publication.language):
            publication = replace(publication, language="en")
        self.publication = publication
        self.address = address
        self.base = urlsplit(address).path.rstrip("/")
        """The path of the address, mostly empty: what stands before every link to one of our pages."""
        self.places = places or ArchivePlaces(self.base, address, f"{self.base}/")
        self._catalogue = catalogue.words(environment, publication.language, DOMAIN)

    def __call__(self, template: str, values: Mapping[str, Any]) -> str:
        """Fill a template.

        Raises:
            RenderError: The template is missing or broken.
        """
        return fill(self.environment, template, {**self._common, **values})

    def text(self, text: str) -> str:
        """One of our texts in the language of the pages, its numbers in the publication's digits."""
        return self.digits(self._catalogue.gettext(text))

    def say(self, text: str, **parts: object) -> str | Markup:
        """A text for a page, with parts put into it; what is markup stays markup."""
        from markupsafe import Markup, escape

        said = self.text(text)
        if not parts:
            return said
        made = str(escape(said))
        for name, value in parts.items():
            made = made.replace(f"{{{name}}}", str(escape(value)))
        return Markup(made)  # noqa: S704 - every part is escaped

    def date(self, moment: datetime) -> str:
        """A date in the publication's words, calendar, zone and digits."""
        return dates.newsroom_date(moment, self.publication)

    def amount(self, value: int) -> str:
        """A count in the publication's digits, with its sign between thousands."""
        return numbers.number(value, self.publication.language, self.publication.digits)

    def digits(self, text: str) -> str:
        """A number in the publication's digits."""
        return dates.in_digits(text, self.publication.language, self.publication.digits)

    @cached_property
    def _plain(self) -> dict[str, Any]:
        from markupsafe import Markup

        about = self.publication
        rtl = about.direction == "rtl"
        return {
            "language": about.language.replace("_", "-"),
            "direction": about.direction,
            "start": "right" if rtl else "left",
            "fonts": Markup(about.fonts or FONTS),  # noqa: S704 - the settings and `render` judge it
            "colours": palette.palette_of(about),
            "publication": about,
            "home": web_address(about.url),
            "home_text": re.sub(r"^https?://(?:www\.)?|/$", "", about.url),
            "address": self.address,
            "base": self.base,
            "places": self.places,
            "say": self.say,
            "html": self._html,
            "date": self.date,
            "amount": self.amount,
            "digits": self.digits,
        }

    @cached_property
    def _common(self) -> dict[str, Any]:
        # The stylesheet has its own content in its address, so that a browser never uses an old one.
        style = fill(self.environment, "web/style.css.j2", {**self._plain, "version": ""})
        version = hashlib.sha256(style.encode("utf-8")).hexdigest()[:12]
        return {**self._plain, "version": version, "counts_clicks": self.counts_clicks}

    def _html(self, text: str) -> Markup:
        return bidi.to_html(" ".join(text.split()), self.publication.direction)


def speaks(environment: Environment, language: str) -> bool:
    """Whether there is a catalogue of the pages in this language, or in it without its country."""
    return catalogue.speaks(environment, language, DOMAIN)
