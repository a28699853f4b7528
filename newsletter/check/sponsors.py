"""What sponsors have booked, and what of it stands in the issue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import TYPE_CHECKING

from newsletter.check.context import CheckInput, Rule, in_line, shown, teller
from newsletter.models import Level, Problem
from newsletter.text.tidy import arabic_fold

if TYPE_CHECKING:
    from newsletter.sponsors.placing import PlacedSponsor

CODES: Mapping[str, Level] = {
    "sponsor-missing": "warning",
    "sponsor-twice": "warning",
    "sponsor-altered": "warning",
    "sponsor-clash": "warning",
    "sponsor-unbooked": "warning",
}
_tell = teller(CODES)


def missing_or_twice(case: CheckInput) -> Iterator[Problem]:
    """A booked sponsor that no reader would see, or would see more often than was booked."""
    there = _placed(case)
    number = case.issue.number
    for name in dict.fromkeys(one.sponsor for one in case.known.booked):
        booked = [one for one in case.known.booked if one.sponsor == name]
        found = [one for one in there if one.is_of(booked[0])]
        if len(found) < len(booked):
            one = booked[len(found)]
            yield _tell(
                "sponsor-missing",
                f"«{shown(name)}» is booked {one.spot} ({one.where}) and is not in the issue",
                case.at(0),
                f"put it in with: newsletter sponsors place {number}",
            )
        elif len(found) > len(booked):
            extra = found[len(booked)]
            times = "once" if len(booked) == 1 else f"{len(booked)} times"
            yield _tell(
                "sponsor-twice",
                f"«{shown(name)}» is booked {times} and stands here {len(found)} times{in_line(found[0].line)} first",
                case.at(extra.line),
                "take one out",
            )


def altered(case: CheckInput) -> Iterator[Problem]:
    """A link or label that is not the one that was booked: a sponsor's clicks would go elsewhere."""
    there = _placed(case)
    for name in dict.fromkeys(one.sponsor for one in case.known.booked):
        booked = [one for one in case.known.booked if one.sponsor == name]
        wanted, labels = {one.link for one in booked}, {one.label for one in booked}
        here = {arabic_fold(section.title) for section in case.issue.sections}
        for lost in (one for one in booked if one.place == "after" and arabic_fold(one.section) not in here):
            yield _tell(
                "sponsor-altered",
                f"«{shown(name)}» is booked after «{shown(lost.section)}» ({lost.where}), a section that is not here",
                case.at(0),
                "add the section, or book another place",
            )
        for one in there:
            if not one.is_of(booked[0]):
                continue
            if one.links and not wanted & set(one.links):
                yield _tell(
                    "sponsor-altered",
                    f"the link of «{shown(name)}» is {shown(one.links[0], 80)}; booked is {shown(booked[0].link, 80)}",
                    case.at(one.line),
                    f"write the one of {booked[0].where}, or change it there",
                )
            elif not one.links:
                yield _tell(
                    "sponsor-altered",
                    f"the element of «{shown(name)}» leads nowhere; booked is {shown(booked[0].link, 80)}",
                    case.at(one.line),
                    "add the link",
                )
            if one.label not in labels:
                label = booked[0].label or "the usual one"
                yield _tell(
                    "sponsor-altered",
                    f"the label of «{shown(name)}» is «{shown(one.label) or 'the usual one'}»; booked is «{label}»",
                    case.at(one.line),
                    f"write the one of {booked[0].where}, or change it there",
                )


def clash(case: CheckInput) -> Iterator[Problem]:
    """Two bookings for one place of this letter, one by its number and one by its day."""
    from newsletter.sponsors import same_place

    for one, other in combinations(case.known.booked, 2):
        if same_place(one, other):
            yield _tell(
                "sponsor-clash",
                f"«{shown(one.sponsor)}» ({one.where}) and «{shown(other.sponsor)}» ({other.where}) are both booked "
                f"{one.spot} in this letter",
                case.at(0),
                "give one of them another place in sponsors.toml",
            )


def unbooked(case: CheckInput) -> Iterator[Problem]:
    """A sponsor with bookings, none of them for this letter: most often its days are over."""
    for one in _placed(case):
        name = arabic_fold(one.name)
        if name in case.known.sponsors and not any(one.is_of(booking) for booking in case.known.booked):
            yield _tell(
                "sponsor-unbooked",
                f"«{shown(one.name)}» stands here and has not booked this letter",
                case.at(one.line),
                "take it out, or book it in sponsors.toml",
            )


def _placed(case: CheckInput) -> tuple[PlacedSponsor, ...]:
    if not case.known.sponsors:
        return ()
    from newsletter.sponsors.placing import placed

    return placed(case.issue)


RULES: tuple[Rule, ...] = (missing_or_twice, altered, clash, unbooked)
