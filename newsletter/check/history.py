"""What was before: stories that went already, that are old, or that stand here twice; numbers and lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

from newsletter.check.addresses import page
from newsletter.check.context import (
    CheckInput,
    Rule,
    in_line,
    shown,
    teller,
)
from newsletter.models import Level, Problem
from newsletter.text.likeness import mark
from newsletter.text.tidy import arabic_fold

CODES: Mapping[str, Level] = {
    "frozen-differs": "warning",
    "list-unknown": "error",
    "number-taken": "error",
    "number-twice": "warning",
    "story-sent-before": "warning",
    "story-withdrawn": "error",
    "story-changed": "warning",
    "stories-alike": "warning",
    "story-stale": "warning",
    "story-future": "warning",
}
_tell = teller(CODES)

STALE = timedelta(days=30)
SOON = timedelta(hours=1)
"""Clocks of two machines differ, and sites publish a little ahead."""


def list_unknown(case: CheckInput) -> Iterator[Problem]:
    """A list that nobody can be on."""
    lists = case.known.lists
    if lists is not None and case.issue.list not in lists:
        there = ", ".join(lists) or "none yet"
        yield _tell(
            "list-unknown",
            f"no list is called «{shown(case.issue.list)}»; there is {there}",
            case.key("list"),
            'write list = "…" with one of these names',
        )


def frozen_differs(case: CheckInput) -> Iterator[Problem]:
    """A file that was edited after its letter was frozen: what is in it now does not go."""
    if case.known.frozen:
        yield _tell(
            "frozen-differs",
            "the frozen letter differs from issue.md, and the frozen one goes",
            case.issue.path,
            f"to take the file in as it is now: newsletter sends refreeze {case.known.frozen}",
        )


def number_taken(case: CheckInput) -> Iterator[Problem]:
    """A number under which something else went out: the ledger would take this issue for that one."""
    sent = case.known.sent
    if not sent or not case.issue.stories:
        return
    pages = {page(address) for address, _ in sent if address}
    headlines = {arabic_fold(headline) for _, headline in sent}
    if not any(page(story.url) in pages or arabic_fold(story.headline) in headlines for story in case.issue.stories):
        yield _tell(
            "number-taken",
            f"issue {case.issue.number} was sent already, with other stories: «{shown(sent[0][1])}»",
            case.key("number"),
            "give this issue a number of its own",
        )


def number_twice(case: CheckInput) -> Iterator[Problem]:
    """Two folders of one number: only one of them can ever be sent."""
    for path in case.known.namesakes:
        yield _tell(
            "number-twice",
            f"{path} has the number {case.issue.number} too",
            case.key("number"),
            "give one of them another number",
        )


def sent_before(case: CheckInput) -> Iterator[Problem]:
    """A story that the same list got in an earlier issue."""
    for story in case.issue.stories:
        numbers = [number for number in case.known.carried.get(story.url, ()) if number != str(case.issue.number)]
        if numbers:
            yield _tell(
                "story-sent-before",
                f"«{shown(story.headline)}» went out in issue {', '.join(numbers)}",
                case.at(story.line),
                "take it out, unless it is meant to come again",
            )
        elif story.url in case.known.told_before:
            number, headline = case.known.told_before[story.url]
            yield _tell(
                "story-sent-before",
                f"«{shown(story.headline, 40)}» tells what issue {number} told: «{shown(headline, 40)}»",
                case.at(story.line),
                "take it out, unless it tells something new",
            )


def withdrawn(case: CheckInput) -> Iterator[Problem]:
    """A story that its site took back."""
    for story in case.issue.stories:
        if reason := case.known.withdrawn.get(story.url):
            yield _tell(
                "story-withdrawn",
                f"«{shown(story.headline)}» is not on its site any more: {reason}",
                case.at(story.line),
                "take it out, or publish it again and collect; weekly and send go on with --without-withdrawn",
            )


def changed(case: CheckInput) -> Iterator[Problem]:
    """A story that its site has corrected since the draft was written, where the editor wrote otherwise."""
    names = {"image": "picture", "image_alt": "picture's words", "url": "address"}
    for change in case.known.changes:
        name = names.get(change.field, change.field)
        yield _tell(
            "story-changed",
            f"the site has another {name} now: «{shown(change.theirs, 80)}»; here stands «{shown(change.ours, 80)}»",
            case.at(change.story.line),
            "see which is right; what you write stays",
        )


def dates(case: CheckInput) -> Iterator[Problem]:
    """Stories older than a month, and stories from the future."""
    now = case.known.now
    if now is None:
        return
    zone = ZoneInfo(case.known.publication.timezone) if case.known.publication is not None else None
    for story in case.issue.stories:
        if story.published is None:
            continue
        age = now - story.published
        if age > STALE:
            yield _tell(
                "story-stale",
                f"«{shown(story.headline)}» is {age.days} days old ({story.published:%Y-%m-%d})",
                case.at(story.line),
                "take it out, or say in the summary why it matters now",
            )
        elif -age > SOON:
            yield _tell(
                "story-future",
                f"«{shown(story.headline)}» is dated {story.published.astimezone(zone):%Y-%m-%d %H:%M %Z}, "
                "which is yet to come",
                case.at(story.line),
                "see on the site whether it is published, and collect it again",
            )


def alike(case: CheckInput) -> Iterator[Problem]:
    """Two stories that tell the same news under two addresses: in almost the same words here, or at their source."""
    stories = case.issue.stories
    repeats = mark([f"{story.headline}\n{story.summary}" for story in stories])
    repeats |= mark([story.headline for story in stories])
    places = {story.url: at for at, story in reversed(list(enumerate(stories)))}
    for again, told in case.known.retold.items():
        if again in places and told in places:
            # Of a pair the one that stands below is told.
            above, below = sorted((places[again], places[told]))
            repeats.setdefault(below, above)
    for at, first in sorted(repeats.items()):
        story, other = stories[at], stories[first]
        if story.url and other.url and page(story.url) == page(other.url):
            continue  # told as the same address
        yield _tell(
            "stories-alike",
            f"«{shown(story.headline, 40)}» tells the news of «{shown(other.headline, 40)}»{in_line(other.line)}",
            case.at(story.line),
            "keep one of them",
        )


RULES: tuple[Rule, ...] = (
    frozen_differs,
    list_unknown,
    number_taken,
    number_twice,
    sent_before,
    withdrawn,
    changed,
    dates,
    alike,
)
