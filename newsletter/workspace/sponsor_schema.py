"""What each key of sponsors.toml may be; imported late, since pydantic takes its time."""

from __future__ import annotations

import re
from datetime import date
from pathlib import PurePosixPath
from typing import Annotated, cast

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from newsletter.fields import SettingsSection, plain_line
from newsletter.issues import prose
from newsletter.sponsors import PLACES, Booking, Place
from newsletter.sponsors.placing import element_of
from newsletter.workspace import values

LONGEST_TEXT = 2000
_STRUCTURE = re.compile(r"^\s*(?:#{1,6}|:{3,}|\+{3,}|-{3,}\s*$|={3,}\s*$|<\s?!)", re.MULTILINE)
"""Lines that would begin something else in an issue.md than words of the sponsor."""


def _line(value: str) -> str:
    value = plain_line(value)
    if "|" in value or "](" in value:
        raise ValueError("a text without | and ]( is wanted")
    return value


def _optional_line(value: str) -> str:
    return _line(value) if value else value


def _days(value: object) -> object:
    """A day as TOML has it, or as text; a moment is none."""
    if isinstance(value, date) and type(value) is date:
        return value
    try:
        return date.fromisoformat(value.strip()) if isinstance(value, str) else _no_day()
    except ValueError:
        return _no_day()


def _no_day() -> date:
    raise ValueError("a day such as 2026-12-31 is wanted")


def _place(value: object) -> object:
    word = value.strip().casefold() if isinstance(value, str) else value
    if word not in PLACES:
        raise ValueError(f"one of {', '.join(PLACES)} is wanted")
    return word


def _numbers(value: object) -> object:
    single = [value] if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(single, list) or any(
        isinstance(one, bool) or not isinstance(one, int) or one < 1 for one in single
    ):
        raise ValueError("numbers of issues such as [12, 13] are wanted")
    return list(dict.fromkeys(single))


def _text(value: str) -> str:
    if len(value) > LONGEST_TEXT:
        raise ValueError(f"at most {LONGEST_TEXT:,} signs are wanted, and there are {len(value):,}")
    found = _STRUCTURE.search(value)
    if found is not None:
        raise ValueError(f"words, links and lists are wanted, and no line that begins with {found[0].strip()}")
    return value


def _picture(value: str) -> str:
    if not value:
        return value
    value = plain_line(value)
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", value):
        return values.page(value)
    parts = PurePosixPath(value).parts
    if value.startswith("/") or ".." in parts or "\\" in value:
        raise ValueError("a file beside sponsors.toml is wanted, such as sponsors/flour.jpg, or an https address")
    return value


class BookingSettings(SettingsSection):
    """One booking of a sponsor."""

    sponsor: Annotated[str, AfterValidator(_line)] = Field(
        description="name, as readers see it", examples=['sponsor = "مطاحن السهل"']
    )
    link: Annotated[str, AfterValidator(values.page)] = Field(
        description="https address", examples=['link = "https://example.net/"']
    )
    text: Annotated[str, AfterValidator(_text)] = Field(default="", description="words, in Markdown")
    picture: Annotated[str, AfterValidator(_picture)] = Field(
        default="", description="https address, or a file beside sponsors.toml"
    )
    alt: Annotated[str, AfterValidator(_optional_line)] = Field(default="", description="what the picture shows")
    button: Annotated[str, AfterValidator(_optional_line)] = Field(default="", description="words of the button")
    label: Annotated[str, AfterValidator(_optional_line)] = Field(
        default="", description="what the element is called instead of an advertisement"
    )
    language: Annotated[str, AfterValidator(lambda value: values.language(value) if value else value)] = Field(
        default="", description="language of the sponsor's own report"
    )
    place: Annotated[str, BeforeValidator(_place)] = Field(default="top", description="top, middle, end or after")
    section: Annotated[str, AfterValidator(_optional_line)] = Field(
        default="", description="title of the section that it follows"
    )
    list_: Annotated[str, AfterValidator(plain_line)] = Field(default="readers", alias="list", description="the list")
    issues: Annotated[list[int], BeforeValidator(_numbers)] = Field(default=[], description="numbers of the issues")
    first: Annotated[date | None, BeforeValidator(_days)] = Field(default=None, alias="from", description="first day")
    last: Annotated[date | None, BeforeValidator(_days)] = Field(default=None, alias="until", description="last day")

    @model_validator(mode="after")
    def _whole(self) -> BookingSettings:
        if bool(self.issues) == bool(self.first or self.last):
            raise ValueError("either issues = [12, 13] or the days from and until are wanted")
        if (self.first is None) != (self.last is None):
            raise ValueError("both days are wanted, from and until")
        if self.first and self.last and self.last < self.first:
            raise ValueError(f"until {self.last} comes before from {self.first}")
        if (self.place == "after") != bool(self.section):
            raise ValueError('place = "after" and section = "…" belong together')
        return self

    @model_validator(mode="after")
    def _readable(self) -> BookingSettings:
        picture = "https://example.org/picture.jpg" if self.picture else ""
        read = prose.read(element_of(self.booking(""), picture=picture), picture=prose.PictureAddress)
        if read.faults:
            raise ValueError(f"the element cannot stand in a letter: {read.faults[0].what}; {read.faults[0].mend}")
        return self

    def booking(self, where: str) -> Booking:
        """The booking as the other rooms know it.

        Args:
            where: File and line, for messages.
        """
        return Booking(
            **self.model_dump(exclude={"issues", "place", "list_"}),
            list=self.list_,
            place=cast("Place", self.place),
            issues=tuple(self.issues),
            where=where,
        )


class SponsorSettings(SettingsSection):
    """The whole of sponsors.toml."""

    booking: list[BookingSettings] = Field(default=[], description="one table for each booking")
