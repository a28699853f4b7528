"""English sentences that keep what they are made of, so that somebody can be told them in another language. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Literal

_PART = re.compile(r"\{(\w+)\}")
PARTS_OF_OURS = frozenset({"reason", "why", "what", "words", "line", "mend", "fault", "wrong", "refusal", "note"})
"""Names of parts that are sentences of ours though they come as plain texts; under any other name a text is data."""


class Sentence(str):
    """A sentence in English, and at the same time its pattern and the parts that stand in it.

    Wherever a text is wanted it is one; a catalogue is asked for its pattern. A part may be a sentence itself.
    """

    pattern: str
    """With names in braces: what a catalogue knows it by."""
    many: str
    """The same for several things; empty when nothing is counted."""
    number: int
    """How many things are counted; stands as ``{n}``."""
    parts: Mapping[str, str]

    def __new__(cls, pattern: str, many: str, number: int, parts: Mapping[str, str]) -> Sentence:
        """Put the parts into the pattern; a part is never looked into."""
        shown = {"n": f"{number:,}", **parts} if many else parts
        form = many if many and number != 1 else pattern
        made = super().__new__(cls, _PART.sub(lambda found: str(shown.get(found[1], found[0])), form))
        made.pattern, made.many, made.number, made.parts = pattern, many, number, dict(parts)
        return made

    def __reduce__(self) -> tuple[type[Sentence], tuple[str, str, int, Mapping[str, str]]]:
        """Copied with its parts."""
        return Sentence, (self.pattern, self.many, self.number, self.parts)

    def __add__(self, more: str) -> Sentence:
        """The sentence and what follows it, both kept."""
        return Sentence("{first}{rest}", "", 0, {"first": self, "rest": more})

    def __radd__(self, before: str) -> Sentence:
        """What stands before it and the sentence, both kept."""
        return Sentence("{first}{rest}", "", 0, {"first": before, "rest": self})

    def cleaned(self, clean: Callable[[str], str]) -> Sentence:
        """The same with every part cleaned; the pattern is ours, and clean.

        Args:
            clean: Gives a text without what must not be told.
        """
        parts = {
            name: part.cleaned(clean) if isinstance(part, Sentence) else clean(part)
            for name, part in self.parts.items()
        }
        return Sentence(self.pattern, self.many, self.number, parts)


def said(pattern: str, /, **parts: object) -> Sentence:
    """A sentence of its pattern and its parts.

    Args:
        pattern: In English, with names in braces.
        parts: What stands in their place; whatever is no text is written as one. A plain text is data and said as it
            is, but under the names of ``PARTS_OF_OURS``.
    """
    return Sentence(pattern, "", 0, _texts(parts))


def counted(one: str, many: str, number: int, /, **parts: object) -> Sentence:
    """A sentence that counts things.

    Args:
        one: In English for one thing, which may name it as ``{n}``.
        many: The same for several.
        number: How many.
        parts: What else stands in it.
    """
    return Sentence(one, many, number, _texts(parts))


def joined(many: Iterable[str], sign: Literal["; ", ", ", " and ", "\n", ""] = "; ") -> Sentence:
    """Sentences, or parts of one, behind each other.

    Args:
        many: At least one; a plain text is a sentence, too: a name is given as ``said("{name}", name=…)``.
        sign: What stands between two of them.
    """
    first, *rest = many
    if not isinstance(first, Sentence):
        first = Sentence("{plain}", "", 0, {"plain": first})
    return said(f"{{first}}{sign}{{rest}}", first=first, rest=joined(rest, sign)) if rest else first


def _texts(parts: Mapping[str, object]) -> dict[str, str]:
    return {name: part if isinstance(part, str) else str(part) for name, part in parts.items()}


class Moment(str):
    """A moment as English has it, which can be written in another language too."""

    when: datetime
    """In the zone that it is told in."""

    def __new__(cls, text: str, when: datetime) -> Moment:
        """Keep the moment beside its words."""
        made = super().__new__(cls, text)
        made.when = when
        return made

    def __reduce__(self) -> tuple[type[Moment], tuple[str, datetime]]:
        """Copied with its moment."""
        return Moment, (str(self), self.when)

    def in_language(self, language: str) -> str:
        """The day in words and the time of day, as ``26 نوفمبر 2026، 18:00``, with the zone's name.

        Args:
            language: Language tag.
        """
        from babel.dates import format_date

        day = format_date(self.when.date(), "long", locale=language)
        sign = "،" if language == "ar" else ","
        zone = self.when.tzname() or ""
        return f"{day}{sign} {self.when:%H:%M}" + (f" \u2066{zone}\u2069" if zone and language == "ar" else "")
