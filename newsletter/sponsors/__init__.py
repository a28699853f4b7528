"""Bookings of sponsors: whose element stands where in which letters. Pure.

The issue's file is what goes out: a booking only says what is to stand in it. ``placing`` writes the element and finds
it again; ``newsletter.workspace.sponsors`` reads the bookings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Literal

from newsletter.text.sentences import counted, said
from newsletter.text.tidy import arabic_fold

__all__ = ["PLACES", "Booking", "Place", "clashes", "due", "named"]

Place = Literal["top", "middle", "end", "after"]
"""Before the first section, between the sections, behind the last story, or behind a section that is named."""
PLACES: tuple[Place, ...] = ("top", "middle", "end", "after")


@dataclass(frozen=True, slots=True)
class Booking:
    """What a sponsor has paid for: an element with these words in these letters."""

    sponsor: str
    """Name, as readers see it."""
    link: str
    """https address that the picture and the button lead to."""
    text: str = ""
    """Markdown of one or more paragraphs."""
    picture: str = ""
    """https address, or a path relative to the workspace; empty for none."""
    alt: str = ""
    """What the picture shows."""
    button: str = ""
    """Words of the button; empty makes a link of the sponsor's name."""
    label: str = ""
    """What the element is called instead of an advertisement; empty for that, in the letter's language."""
    language: str = ""
    """Of the sponsor's own report; empty for the newsroom's."""
    place: Place = "top"
    section: str = ""
    """Title of the section that it follows, for ``after``."""
    list: str = "readers"
    issues: tuple[int, ...] = ()
    """Numbers of the issues that carry it; empty where days are given."""
    first: date | None = None
    """First day of the letters that carry it, in the site's time zone."""
    last: date | None = None
    """Last such day."""
    where: str = ""
    """File and line, for messages."""

    @property
    def spot(self) -> str:
        """Where it stands, in a word or two: ``top``, or ``after اقتصاد``."""
        return said("after {section}", section=self.section) if self.place == "after" else said(self.place)

    @property
    def moments(self) -> str:
        """When it goes: ``issues 12, 13``, or ``2026-12-01 to 2026-12-31``."""
        if self.issues:
            numbers = ", ".join(map(str, self.issues))
            return counted("issue {numbers}", "issues {numbers}", len(self.issues), numbers=numbers)
        return said("{since} to {until}", since=self.first, until=self.last)

    def covers(self, number: int, day: date) -> bool:
        """Whether a letter carries it.

        Args:
            number: Of the issue.
            day: On which it goes, in the site's time zone.
        """
        if self.issues:
            return number in self.issues
        return self.first is not None and self.last is not None and self.first <= day <= self.last


def due(bookings: Sequence[Booking], number: int, list_name: str, day: date) -> tuple[Booking, ...]:
    """What a letter has to carry, in the order in which it was booked.

    Args:
        bookings: All there are.
        number: Of the issue.
        list_name: The list it goes to.
        day: On which it goes, in the site's time zone.
    """
    return tuple(one for one in bookings if one.list == list_name and one.covers(number, day))


def named(bookings: Sequence[Booking], name: str) -> tuple[Booking, ...]:
    """The bookings of one sponsor, spelling of hamza and harakat aside.

    Args:
        bookings: All there are.
        name: Of the sponsor, as somebody typed it.
    """
    return tuple(one for one in bookings if arabic_fold(one.sponsor) == arabic_fold(name))


def clashes(bookings: Sequence[Booking]) -> tuple[tuple[Booking, Booking, str], ...]:
    """Pairs that want one place in one letter, each with the letters: ``issue 12``, ``2026-12-05 to 2026-12-12``.

    Whether an issue goes on certain days is not known before it goes: numbers and days are held against each other when
    the issue is there (``newsletter check``).

    Args:
        bookings: All there are.
    """
    found = []
    for one, other in combinations(bookings, 2):
        if same_place(one, other) and (common := _common(one, other)):
            found.append((one, other, common))
    return tuple(found)


def same_place(one: Booking, other: Booking) -> bool:
    """Whether two bookings want the same place of the letters of one list.

    Args:
        one: A booking.
        other: Another one.
    """
    return (one.list, one.place, arabic_fold(one.section)) == (other.list, other.place, arabic_fold(other.section))


def _common(one: Booking, other: Booking) -> str:
    """The letters that both cover, in words; empty when there are none, or nobody knows."""
    if one.issues and other.issues:
        numbers = sorted(set(one.issues) & set(other.issues))
        return f"issue {', '.join(map(str, numbers))}" if numbers else ""
    if one.first and one.last and other.first and other.last:
        first, last = max(one.first, other.first), min(one.last, other.last)
        return "" if first > last else f"{first} to {last}" if first < last else f"{first}"
    return ""
