"""How the issue is built: stories with their links and texts, sections, headings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from newsletter.check.context import (
    CheckInput,
    Rule,
    in_line,
    shown,
    teller,
)
from newsletter.models import Level, Problem
from newsletter.text.tidy import arabic_fold

CODES: Mapping[str, Level] = {
    "issue-empty": "error",
    "story-without-headline": "error",
    "story-empty": "error",
    "story-without-link": "warning",
    "section-empty": "warning",
    "section-twice": "warning",
    "heading-order": "warning",
}
_tell = teller(CODES)

WHOLE = 25
"""Words from which the text of a story may be the story itself, which needs no page to read on."""


def issue_empty(case: CheckInput) -> Iterator[Problem]:
    """An issue with no story and no word of the editor."""
    if not case.issue.stories and not any(run.kind == "text" for run in case.reading.runs):
        yield _tell("issue-empty", "there is nothing in this issue", case.issue.path, "add a story or some words")


def story_without_headline(case: CheckInput) -> Iterator[Problem]:
    """A story whose ``###`` line has no words."""
    for story in case.issue.stories:
        if not story.headline.strip():
            yield _tell(
                "story-without-headline",
                "a story has no headline",
                case.at(story.line),
                "write ### [headline](https://address)",
            )


def story_without_link(case: CheckInput) -> Iterator[Problem]:
    """A story that cannot be read elsewhere: an error when it says nothing here either."""
    for story in case.issue.stories:
        if story.url:
            continue
        mend = "write ### [headline](https://address)"
        if not story.summary.strip():
            words = f"the story «{shown(story.headline)}» has no link and no text"
            yield _tell("story-empty", words, case.at(story.line), mend)
        elif len(story.summary.split()) < WHOLE and "\n\n" not in story.summary:
            words = f"the story «{shown(story.headline)}» ends after a few words, and has no link to read on"
            yield _tell("story-without-link", words, case.at(story.line), f"{mend}, or the whole text below it")


def section_empty(case: CheckInput) -> Iterator[Problem]:
    """A heading with nothing under it."""
    for section in case.issue.sections:
        if not section.blocks:
            yield _tell(
                "section-empty",
                f"the section «{shown(section.title)}» is empty",
                case.at(section.line),
                "add a story or take the heading out",
            )


def section_twice(case: CheckInput) -> Iterator[Problem]:
    """Two sections of one name: readers see the same heading again."""
    seen: dict[str, int] = {}
    for section in case.issue.sections:
        name = arabic_fold(section.title)
        if name and name in seen:
            yield _tell(
                "section-twice",
                f"the section «{shown(section.title)}» is there already{in_line(seen[name])}",
                case.at(section.line),
                "put its stories under the first one, or name it otherwise",
            )
        seen.setdefault(name, section.line)


def heading_order(case: CheckInput) -> Iterator[Problem]:
    """A heading that leaves out a level: programs that read aloud list a letter by its headings (WCAG 2.2, 1.3.1)."""
    before = 2
    for heading in case.reading.headings:
        if heading.level > before + 1:
            yield _tell(
                "heading-order",
                f"«{shown(heading.text)}» is a heading of level {heading.level} under one of level {before}",
                case.at(heading.line),
                f"write it with {'#' * (before + 1)}, or as bold text",
            )
        before = heading.level


RULES: tuple[Rule, ...] = (
    issue_empty,
    story_without_headline,
    story_without_link,
    section_empty,
    section_twice,
    heading_order,
)
