"""What a page of figures says: texts, numbers and dates as the newsroom writes them, in its language. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, time
from functools import cached_property
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from newsletter.letters import catalogue
from newsletter.text import bidi, dates, numbers

if TYPE_CHECKING:
    from gettext import NullTranslations

    from jinja2 import Environment

    from newsletter.models import Publication

DOMAIN = "report"
"""Name of the catalogue of reports."""
_PART = re.compile(r"\{(\w+)\}")


class PageWords:
    """The words of one newsroom's pages of figures.

    Args:
        environment: Where templates and catalogues come from.
        publication: Who publishes. A language without a catalogue gets an English page.
        domain: Name of the catalogue.
    """

    def __init__(self, environment: Environment, publication: Publication, domain: str = DOMAIN) -> None:
        self.environment = environment
        self.domain = domain
        spoken = catalogue.speaks(environment, publication.language, domain)
        self.publication = publication if spoken else replace(publication, language="en")

    @cached_property
    def direction(self) -> Literal["rtl", "ltr"]:
        """The way the page is read."""
        return self.publication.direction

    @property
    def rtl(self) -> bool:
        """Whether it is read from right to left."""
        return self.direction == "rtl"

    @cached_property
    def _catalogue(self) -> NullTranslations:
        return catalogue.words(self.environment, self.publication.language, self.domain)

    def say(self, text: str, **parts: object) -> Markup:
        """A text for the page; parts that are no markup are escaped, and isolated where they would read wrong."""
        return self._put(self._catalogue.gettext(text), parts)

    def count(self, one: str, many: str, n: int, **parts: object) -> Markup:
        """The same with a number, in the plural form that goes with it.

        Args:
            one: The English text for one thing.
            many: The English text for several.
            n: How many; stands in the text as ``{n}``.
            parts: What else is put into it.
        """
        return self._put(self._catalogue.ngettext(one, many, n), {"n": self.amount(n), **parts})

    def html(self, text: str) -> Markup:
        """Plain text as HTML on one line: escaped, and every run that would read wrong isolated."""
        return bidi.to_html(" ".join(text.split()), self.direction, styled=False)

    def plain(self, text: str) -> str:
        """Text or markup as plain text for an attribute or the words of a drawing, isolated by characters."""
        bare = text.striptags() if isinstance(text, Markup) else " ".join(text.split())
        return bidi.isolate(bidi.strip(bare), self.direction)

    def amount(self, value: int) -> str:
        """A count in the newsroom's digits, with its sign between thousands."""
        return numbers.number(value, self.publication.language, self.publication.digits)

    def issue(self, key: str) -> Markup:
        """``Issue 12`` of its key; empty for letters of the latest posts, which have no number."""
        return self.say("Issue {number}", number=self.amount(int(key))) if numbered(key) else Markup()

    def percent(self, part: float, whole: float = 1) -> str:
        """A share as percent; a dash when there is nothing to have a share of.

        Args:
            part: How much of the whole.
            whole: What it is a share of.
        """
        if not whole:
            return "–"
        share = part / whole
        # What is not all must not look like all, nor a little like nothing (0.04 %).
        places = 1 if 0.001 <= share <= 0.999 or share in (0, 1) else 2
        return numbers.percent(share, self.publication.language, self.publication.digits, places)

    def day(self, moment: datetime, *, weekday: bool = False) -> str:
        """A date in words, by the newsroom's calendar.

        Args:
            moment: Any moment of that day, timezone-aware.
            weekday: Whether the name of the day stands before it.
        """
        return dates.newsroom_date(moment, self.publication, weekday=weekday)

    def day_of(self, day: date) -> str:
        """Day and month in words, without the year."""
        about = self.publication
        moment = datetime.combine(day, time(12), ZoneInfo(about.timezone))
        return dates.day_and_month(
            moment, about.language, about.timezone, months=about.months, digits=about.digits, jalali=about.jalali
        )

    def clock(self, moment: datetime) -> str:
        """The time of day at the newsroom, as ``10:05``; an hour that comes twice with its distance from UTC."""
        told = dates.clock(moment.astimezone(ZoneInfo(self.publication.timezone)))
        return dates.in_digits(told, self.publication.language, self.publication.digits)

    def hundred(self, part: float, whole: float) -> str:
        """How many for every hundred, with one decimal at most; a dash when there is no whole."""
        if not whole:
            return "–"
        return numbers.number(100 * part / whole, self.publication.language, self.publication.digits, places=1)

    def _put(self, said: str, parts: dict[str, object]) -> Markup:
        made = str(escape(dates.in_digits(said, self.publication.language, self.publication.digits)))
        shown = {name: value if isinstance(value, Markup) else self.html(str(value)) for name, value in parts.items()}
        # In one go: a headline may hold what looks like a part.
        return Markup(_PART.sub(lambda found: str(shown.get(found[1], found[0])), made))  # noqa: S704 - all is escaped


def numbered(key: str) -> bool:
    """Whether the key of an issue is its number.

    Args:
        key: Of an issue, or of a letter of the latest posts: ``readers/weekly/2026-11-07``.
    """
    return key.isascii() and key.isdigit() and len(key) < 10
