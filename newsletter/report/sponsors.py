"""What a sponsor is told: the letters that carried its element, and how often its links were pressed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from newsletter.report.models import LinkCounts


@dataclass(frozen=True, slots=True)
class SponsorLetter:
    """One issue that carried a sponsor's element, as it went to one list."""

    issue: int
    subject: str
    list: str
    begun: datetime
    """When the first of its letters went, in the site's time zone."""
    audience: int
    submitted: int
    """Letters that the provider took."""
    delivered: int
    """Letters that mail servers took, as far as the provider has told."""
    told: bool
    """Whether the provider has told anything of it yet."""
    clicks: int | None
    """Presses of the sponsor's links by people; None where clicks are not counted."""
    links: tuple[LinkCounts, ...] = ()
    """Each of them, most pressed first."""


@dataclass(frozen=True, slots=True)
class WaitingBooking:
    """Something that is booked and has not gone yet."""

    place: str
    """``top``, ``middle``, ``end`` or ``after``."""
    section: str
    """For ``after``."""
    issues: tuple[int, ...] = ()
    """Numbers that are still to come."""
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class SponsorReport:
    """All that a sponsor is told."""

    sponsor: str
    letters: tuple[SponsorLetter, ...]
    """Oldest first."""
    ahead: tuple[WaitingBooking, ...]
    made: datetime
    """In the site's time zone."""
    zone: str
    language: str = ""
    """Of the sponsor; empty for the newsroom's."""

    @property
    def submitted(self) -> int:
        """Letters that the provider took."""
        return sum(one.submitted for one in self.letters)

    @property
    def delivered(self) -> int:
        """Letters that mail servers took, as far as that was told."""
        return sum(one.delivered for one in self.letters)

    @property
    def told(self) -> bool:
        """Whether anything was told of what became of them."""
        return any(one.told for one in self.letters)

    @property
    def clicks(self) -> int | None:
        """Presses of the sponsor's links by people; None where clicks are not counted for any of the letters."""
        counted = [one.clicks for one in self.letters if one.clicks is not None]
        return sum(counted) if counted else None
