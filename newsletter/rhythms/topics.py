"""Topics: which sections of an issue a reader gets, by what they chose not to get. Pure.

A section belongs to one topic, or to none and then goes to everybody. Topic n is bit n - 1 of what a subscription
declines, so 0 declines nothing, also no topic that the list gets later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from newsletter.issues.containers import is_sponsors
from newsletter.models import Issue, Prose, Section
from newsletter.text.tidy import arabic_fold

MOST = 8
"""Topics of one list; the bits of one byte."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What a reader can choose to get or not."""

    number: int
    """1 to 8; the same for good, since readers' choices are kept under it."""
    title: str
    """As readers see it."""
    sections: tuple[str, ...]
    """Titles of the sections that belong to it."""

    @property
    def bit(self) -> int:
        """Its bit in what a subscription declines."""
        return 1 << self.number - 1


@dataclass(frozen=True, slots=True)
class IssueCut:
    """The issue as those get it who decline the same topics."""

    declined: int
    """Bits of the declined topics among those that the issue has."""
    issue: Issue | None
    """None when it has nothing that they chose: they get no letter."""
    without: tuple[str, ...] = ()
    """Titles of the topics that are left out."""

    @property
    def variant(self) -> str:
        """A short name: the numbers of what is left out, as ``-2-5``; empty for the whole issue."""
        return "".join(f"-{number}" for number in numbers(self.declined))


def numbers(bits: int) -> tuple[int, ...]:
    """Numbers of the topics that are set in a mask, ascending."""
    return tuple(number for number in range(1, MOST + 1) if bits >> number - 1 & 1)


def titles(topics: Sequence[Topic]) -> tuple[str, ...]:
    """Titles in the order of their bits, up to the last one there is; empty where a number is not taken."""
    by_number = {topic.number: topic.title for topic in topics}
    return tuple(by_number.get(number, "") for number in range(1, max(by_number, default=0) + 1))


def present(issue: Issue, topics: Sequence[Topic]) -> int:
    """Bits of the topics that have something in this issue.

    Args:
        issue: The issue as the editor wrote it, with every section.
        topics: Of its list.
    """
    topic_of = _by_section(topics)
    found = 0
    for section in issue.sections:
        topic = topic_of.get(arabic_fold(section.title))
        if topic is not None and section.blocks:
            found |= topic.bit
    return found


def cut(issue: Issue, topics: Sequence[Topic], declined: int, *, lead: bool = True) -> IssueCut:
    """The issue without the sections of declined topics.

    The editor's words before the first section, sections of no topic and the chosen sections stay as they are.

    Args:
        issue: The issue as the editor wrote it, with every section.
        topics: Of its list.
        declined: Bits of topics that are not wanted.
        lead: Keep the leading story, which the subject speaks of, even when its section is declined; of that section
            nothing else stays but what a sponsor pays for.
    """
    topic_of = _by_section(topics)
    effective = declined & present(issue, topics)
    first = issue.stories[0] if lead and issue.stories else None
    kept: list[Section] = []
    chosen = False
    for section in issue.sections:
        topic = topic_of.get(arabic_fold(section.title))
        if topic is None or not topic.bit & effective:
            kept.append(section)
            chosen = chosen or bool(section.blocks)
        else:
            # Sponsors pay for every reader of the letter, whatever topics they have declined.
            paid = tuple(block for block in section.blocks if isinstance(block, Prose) and is_sponsors(block.markdown))
            if first is not None and any(block is first for block in section.blocks):
                kept.append(replace(section, blocks=(first, *paid)))
            elif paid:
                kept.append(Section("", paid, section.line))
    without = tuple(topic.title for topic in topics if topic.bit & effective)
    if not effective:
        return IssueCut(0, issue)
    return IssueCut(effective, replace(issue, sections=tuple(kept)) if chosen else None, without)


def cuts(issue: Issue, topics: Sequence[Topic], declinations: Iterable[int], *, lead: bool = True) -> list[IssueCut]:
    """Every way the issue is cut for these declinations, each once; the whole issue first, wanted or not.

    Args:
        issue: The issue as the editor wrote it, with every section.
        topics: Of its list.
        declinations: Bits of the topics that are declined, one for each combination somebody has.
        lead: As for ``cut``.
    """
    effective = {declined & present(issue, topics) for declined in declinations} | {0}
    return [cut(issue, topics, declined, lead=lead) for declined in sorted(effective)]


def _by_section(topics: Sequence[Topic]) -> Mapping[str, Topic]:
    """Topic by the folded title of its sections: «أخبارُ الأسبوع» and «اخبار الاسبوع» are one section."""
    return {arabic_fold(title): topic for topic in topics for title in topic.sections}
