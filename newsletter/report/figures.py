"""Figures of a report made of counted numbers: hours, stories, shares and their median. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING, Any

from newsletter.report.models import (
    ComparedShare,
    HourCounts,
    IssueComparison,
    LinkCounts,
    PastIssue,
    StoryCounts,
)

if TYPE_CHECKING:
    from datetime import tzinfo

    from newsletter.clicks import LinkClicks

FEWEST_ISSUES = 3
"""A median of fewer says nothing."""
_HOUR = 3600
_BY_PROVIDER = ("delivered", "bounced", "complained")
"""What is known only where the provider tells what became of letters."""


def hours_of(
    told: Mapping[tuple[int, str], int], links: Sequence[LinkClicks], *, begun: datetime, zone: tzinfo
) -> tuple[HourCounts, ...]:
    """What was told in each hour, oldest first; hours without anything are left out.

    Args:
        told: (Unix time in hours, what was told) to a number.
        links: Of the issue.
        begun: When its first letter could go, timezone-aware; what a provider's clock sets before it counts in hour 0.
        zone: Of the site.
    """
    first = int(begun.timestamp()) // _HOUR
    found: dict[int, dict[str, Any]] = {}

    def add(hour: int, what: str, number: int) -> None:
        counts = found.setdefault(max(hour - first, 0), {})
        counts[what] = counts.get(what, 0) + number

    for (hour, what), number in told.items():
        add(hour, what, number)
    for link in links:
        for hour, number in link.hours.items():
            add(hour, "clicked", number)
    return tuple(
        HourCounts(hour, datetime.fromtimestamp((first + hour) * _HOUR, UTC).astimezone(zone), **counts)
        for hour, counts in sorted(found.items())
    )


def stories_of(links: Sequence[LinkClicks], issue: str) -> tuple[StoryCounts, ...]:
    """How often each story was pressed, over all letters of an issue; most pressed first, what is no story last.

    Args:
        links: Of the issue.
        issue: Its key.
    """
    stories: dict[str, dict[tuple[str, str], list[int]]] = {}
    for link in links:
        pressed = stories.setdefault(link.story, {}).setdefault((link.url, link.sponsor), [0, 0])
        pressed[0] += link.people
        pressed[1] += link.machines
    told = []
    for story, pressed_of in stories.items():
        counts = [LinkCounts(url, people, machines, by) for (url, by), (people, machines) in pressed_of.items()]
        counts.sort(key=lambda one: -one.people)
        people, machines = sum(one.people for one in counts), sum(one.machines for one in counts)
        told.append(StoryCounts(story, people, machines, tuple(counts), issue))
    return tuple(sorted(told, key=lambda one: (not one.story, -one.people)))


def comparison(here: PastIssue, past: Sequence[PastIssue]) -> IssueComparison:
    """An issue beside those before it.

    A share is left out where nobody tells of it: of what a provider reports, where it reported nothing of this issue or
    of fewer than three of the others.

    Args:
        here: The issue, as if it were one of them.
        past: Oldest first.
    """
    shares = []
    for what in (*_BY_PROVIDER, "left", "clicked"):
        known = [one for one in past if _knows(one, what)]
        if _knows(here, what) and len(known) >= FEWEST_ISSUES:
            shares.append(ComparedShare(what, _share(here, what), median(_share(one, what) for one in known)))
    return IssueComparison(tuple(past), tuple(shares))


def _knows(issue: PastIssue, what: str) -> bool:
    if not issue.submitted:
        return False
    if what == "clicked":
        return issue.clicks_counted
    return what not in _BY_PROVIDER or issue.delivered + issue.bounced > 0


def _share(issue: PastIssue, what: str) -> float:
    return int(getattr(issue, what)) / issue.submitted
