"""What elements say in HTML and in plain text alike."""

from __future__ import annotations

import re
from dataclasses import replace

from newsletter.issues.prose.parts import Block, ElementDate, ProseSetup
from newsletter.models import CalendarEvent, Poll

_POST = re.compile(
    r"https://(?:[\w-]+\.)*(?:(?:x|twitter)\.com/|instagram\.com/p/|t\.me/|telegram\.me/|facebook\.com/(?!watch|reel|.*/videos/))"
)
_SIGNS = {"video": "\u25b6\ufe0e", "audio": "\u266a", "file": "\u2193"}


def sign(kind: str, address: str) -> str:
    """What tells at a glance what a card leads to: something that plays, a post, something to fetch.

    Args:
        kind: ``video``, ``audio`` or ``file``.
        address: Where it leads.
    """
    return "@" if kind == "video" and _POST.match(address) else _SIGNS[kind]


def name_and_role(title: str) -> tuple[str, str]:
    """The name of a person and what they are, parted by the first comma.

    Args:
        title: What stands behind the name of the element.
    """
    at = min((title.index(sign) for sign in "،," if sign in title), default=len(title))
    return title[:at].strip(), title[at + 1 :].strip()


def payer_and_label(title: str) -> tuple[str, str]:
    """Who pays for a sponsor's element, and what it is called instead of an advertisement, parted by the last bar.

    Args:
        title: What stands behind the name of the element: ``name`` or ``name | label``.
    """
    name, bar, label = title.rpartition("|")
    return (name.strip(), label.strip()) if bar else (title.strip(), "")


def when(scheduled: ElementDate, setup: ProseSetup) -> str:
    """Day and hours of an event in the newsroom's words, calendar and digits.

    Args:
        scheduled: As its editor wrote it.
        setup: Of the letter.
    """
    day = setup.date(scheduled.starts)
    if not scheduled.timed:
        return day
    begins = setup.digits(f"{scheduled.starts:%H:%M}")
    if scheduled.ends is None:
        return str(setup.say("{day}, {time}", day=day, time=begins))
    ends = setup.digits(f"{scheduled.ends:%H:%M}")
    # In words: a dash between two hours would run from left to right.
    return str(setup.say("{day}, from {start} to {end}", day=day, start=begins, end=ends))


USUAL = ("Yes", "So-so", "No")
"""Answers to the question whether a letter was useful, where its editor gives none; in the letter's language."""


def poll_of(block: Block, setup: ProseSetup) -> Poll:
    """What an element asks, with the words of the letter's language where its editor left them to us.

    Args:
        block: A poll, or the question whether the letter was useful.
        setup: Of the letter.
    """
    given = block.poll or Poll("", ())
    return replace(
        given,
        question=given.question or str(setup.say("Was this letter useful to you?")),
        answers=given.answers or tuple(str(setup.say(words)) for words in USUAL),
    )


def event_of(block: Block) -> CalendarEvent | None:
    """What a calendar takes of an event; None for one without a day.

    Args:
        block: An event.
    """
    at = block.scheduled
    if at is None:
        return None
    first = block.children[0] if block.children else None
    place = first.inline.text if first is not None and first.kind == "p" and first.inline is not None else ""
    links = (address for one in block.children if one.inline is not None for _, address in one.inline.links)
    return CalendarEvent(block.title, at.starts, at.ends, at.timed, " ".join(place.split()), next(links, ""))
