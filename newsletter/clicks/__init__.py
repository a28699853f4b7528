"""How often the links of letters are asked for: a number for each link and hour, and nobody who asked.

The links are kept when a letter is frozen. Whoever counts names a link and an hour; there is no way to name a reader.
"""

from __future__ import annotations

from typing import Protocol

from newsletter.clicks.links import freeze, letter_of_link, name_of, named, newest_letters, urls_of
from newsletter.clicks.numbers import HOUR, LinkClicks, add, by_subject, of_issue
from newsletter.clicks.reported import ReportedClick, count_reported

__all__ = [
    "HOUR",
    "LinkClicks",
    "ReportedClick",
    "add",
    "by_subject",
    "count_reported",
    "counting",
    "freeze",
    "letter_of_link",
    "name_of",
    "named",
    "newest_letters",
    "of_issue",
    "urls_of",
]


class _Tracking(Protocol):
    @property
    def clicks(self) -> str: ...


class _Settings(Protocol):
    @property
    def tracking(self) -> _Tracking: ...


def counting(settings: _Settings) -> bool:
    """Whether the settings say that clicks are counted, in one way or another.

    Args:
        settings: Of the workspace.
    """
    return settings.tracking.clicks != "off"
