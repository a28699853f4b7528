"""What passages take from the letter around them, and what the letter says of all of them: its length, its elements."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from newsletter.issues import containers, prose
from newsletter.letters.ways import Ways
from newsletter.models import Issue, Prose, Publication
from newsletter.text import dates
from newsletter.text.languages import base

if TYPE_CHECKING:
    from newsletter.letters.render.views import SectionView

WORDS_A_MINUTE: Mapping[str, int] = {"ar": 138, "he": 187, "en": 228, "fr": 195}
"""Words of running text that adults read aloud in a minute: Trauzettel-Klosinski and Dietz, "Standardized assessment
of reading performance: the new International Reading Speed Texts IReST" (Investigative Ophthalmology & Visual Science
53, 2012), table 2. Arabic writes its articles, pronouns and conjunctions as part of the word, so that a word of it
holds more."""
OTHER_WORDS_A_MINUTE = 184
"""The mean of the 17 languages of that study, for those that it has not measured, Persian among them."""


def passages(issue: Issue) -> Iterator[str]:
    """All Markdown of an issue, in the order of the letter.

    Args:
        issue: As it was read.
    """
    yield from (part.markdown for part in issue.opening)
    for section in issue.sections:
        for block in section.blocks:
            yield block.markdown if isinstance(block, Prose) else block.summary


def anchors(issue: Issue) -> dict[int, str]:
    """The anchor of each section that has a title, by the section's place in the issue; the same at each rendering.

    Args:
        issue: As it was read.
    """
    titled = [at for at, section in enumerate(issue.sections) if section.title.strip()]
    return {at: f"section-{number}" for number, at in enumerate(titled, 1)}


def setup(
    issue: Issue, publication: Publication, say: Callable[..., str], line: Callable[[str], str], ways: Ways
) -> prose.ProseSetup:
    """Words, dates and digits for the elements of an issue, its contents, and the numbers of its footnotes.

    Args:
        issue: As it was read.
        publication: Whose language, calendar, zone and digits they are in.
        say: A text of ours in its language.
        line: Makes a text printable.
        ways: Where answers to the letter's questions lead to, and the calendar files of its events.
    """

    def date(moment: datetime) -> str:
        return dates.newsroom_date(moment.replace(tzinfo=ZoneInfo(publication.timezone)), publication, weekday=True)

    def digits(text: str) -> str:
        return dates.in_digits(text, publication.language, publication.digits)

    contents = tuple((line(issue.sections[at].title), anchor) for at, anchor in anchors(issue).items())
    numbers = prose.numbered(passages(issue))
    return prose.ProseSetup(say, date, digits, contents, numbers, ways.answer, ways.calendar)


def elements(issue: Issue) -> frozenset[str]:
    """Names of the elements that stand in an issue, and ``table``; templates ask it for their styles.

    Args:
        issue: As it was read.
    """
    found: set[str] = set()
    for markdown in passages(issue):
        if ":::" in markdown:
            kinds = (containers.opened(info)[0] for info in re.findall(r"(?m)^[ \t]*:{3,}(.+)$", markdown))
            found.update(kind.name for kind in kinds if kind is not None)
        if re.search(r"(?m)^[ \t>|]*:?-+:?[ \t]*\|", markdown):
            found.add("table")
    return frozenset(found)


def reading_minutes(opening: Iterable[prose.ParsedMarkdown], sections: Iterable[SectionView], language: str) -> int:
    """Minutes that it takes to read a letter, at least 1.

    Args:
        opening: The editor's words before the first section.
        sections: The sections of the letter.
        language: Of the letter, as a language tag; another speed for each that was measured.
    """
    words = sum(len(passage.words().split()) for passage in opening)
    for group in (group for section in sections for group in section.groups):
        words += len(group.prose.words().split()) if group.prose else 0
        words += sum(len(f"{story.title} {story.summary.words()}".split()) for story in group.stories)
    return _minutes(words, language)


def minutes_of(issue: Issue, language: str) -> int:
    """Minutes that the letter of an issue will take to read, at least 1, before it is made.

    Args:
        issue: With the summaries that its letter shows.
        language: Of the letter, as a language tag.
    """
    texts = (*passages(issue), *(story.headline for story in issue.stories))
    return _minutes(sum(len(text.split()) for text in texts), language)


def _minutes(words: int, language: str) -> int:
    return max(1, math.ceil(words / WORDS_A_MINUTE.get(base(language), OTHER_WORDS_A_MINUTE)))
