"""What the doctor says, in the language of the desk: each sentence by its pattern, with its parts put in again."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from markupsafe import Markup

from newsletter.letters import catalogue
from newsletter.text import bidi, dates
from newsletter.text.sentences import Sentence

if TYPE_CHECKING:
    from gettext import NullTranslations

    from newsletter.desk.frame import DeskPages

DOMAINS = ("doctor", "alerts")
"""Catalogues that are asked, in this order: findings of ``newsletter status`` are those of the alerts."""
_PART = re.compile(r"\{(\w+)\}")
_GLUED = re.compile(r"([\w/.=…\[\"-]*\{\w+\}(?:[\w/.=\]\"-]|\{\w+\})*)", re.ASCII)
"""A part with what stands close to it, as in ``secrets/{name}``: one piece."""
_LATIN = re.compile("[A-Za-z]")
_DATE = re.compile(r"\d-\d")
_FROM_THE_RIGHT = re.compile("[\u0590-\u08ff]")


class DoctorWords:
    """Sentences of the doctor in one language.

    Args:
        pages: Of the desk.
    """

    def __init__(self, pages: DeskPages) -> None:
        self._pages = pages
        self._about = pages.publication

    @cached_property
    def _catalogues(self) -> list[NullTranslations]:
        environment = self._pages.environment
        return [catalogue.words(environment, self._about.language, domain) for domain in DOMAINS]

    def html(self, text: str) -> Markup:
        """A sentence as markup, each of its parts isolated, so that a name beside a number does not change its place.

        Args:
            text: A sentence, or a text that the catalogue knows; anything else stays as it is.
        """
        if not isinstance(text, Sentence):
            return self._isolated(self._known(text))
        parts: dict[str, str] = {"n": f"{text.number:,}"} if text.many else {}
        parts |= text.parts
        made = Markup()
        for at, piece in enumerate(_GLUED.split(self._pattern(text))):
            if at % 2 == 0:
                made += bidi.to_html(piece, self._about.direction, styled=False)
            elif (alone := _PART.fullmatch(piece)) is not None:
                made += self.html(parts.get(alone[1], piece))
            else:
                made += self._isolated(_PART.sub(lambda found: parts.get(found[1], found[0]), piece))
        return made

    def _isolated(self, text: str) -> Markup:
        shown = bidi.to_html(text, self._about.direction, styled=False)
        foreign = (_LATIN.search(text) or _DATE.search(text)) and not _FROM_THE_RIGHT.search(text)
        if self._about.direction == "rtl" and foreign:
            # A date that is broken in two reads as two numbers.
            kind = Markup(' class="whole"') if _DATE.search(text) and len(text) < 24 else ""
            return Markup('<bdi dir="ltr"{}>{}</bdi>').format(kind, text)
        return shown

    def _pattern(self, text: Sentence) -> str:
        if text.many:
            return self._written(self._catalogues[0].ngettext(text.pattern, text.many, text.number))
        return self._known(text.pattern)

    def _known(self, text: str) -> str:
        for one in self._catalogues:
            if text and (said := one.gettext(text)) != text:
                return self._written(said)
        return text

    def _written(self, said: str) -> str:
        return dates.in_digits(said, self._about.language, self._about.digits)
