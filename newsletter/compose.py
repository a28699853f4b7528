"""From articles and a few rules to the draft of an issue. Pure: what goes in decides what comes out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath

from newsletter.markdown import escape, from_html
from newsletter.models import Article, Holding, Issue, Section, Story

PICTURES = "pictures"
"""Folder inside an issue's folder that holds its local pictures."""


def draft(holdings: Sequence[Holding], *, number: int, newsletter: str, list_name: str) -> Issue:
    """The draft of an issue: stories by section, each section where its first article stands.

    Args:
        holdings: The articles in the order they shall stand; the first one leads.
        number: The issue's number.
        newsletter: Name of the newsletter, for the subject.
        list_name: The list it is for.
    """
    sections: dict[str, list[Story]] = {}
    title = ""
    for holding in holdings:
        # An article without a section of its own stays beside the one before it.
        title = holding.article.section or title
        sections.setdefault(title, []).append(_story(holding.article))
    lead, *others = [holding.article.title for holding in holdings]
    return Issue(
        number=number,
        subject=f"{newsletter}: {lead}",
        preheader=" · ".join(others[:2]),
        list=list_name,
        sections=tuple(Section(title, tuple(stories)) for title, stories in sections.items()),
    )


def with_local_pictures(issue: Issue) -> tuple[Issue, dict[str, str]]:
    """The issue with its local pictures in a folder of its own, and which file each of them is copied from."""
    copies: dict[str, str] = {}

    def moved(story: Story) -> Story:
        if not story.image or re.match(r"https?://", story.image):
            return story
        path = PurePath(story.image)
        name = f"{PICTURES}/{len(copies) + 1}-{path.name}"
        copies[name] = story.image
        return replace(story, image=name)

    sections = tuple(
        replace(section, blocks=tuple(moved(b) if isinstance(b, Story) else b for b in section.blocks))
        for section in issue.sections
    )
    return replace(issue, sections=sections), copies


def enriched(issue: Issue, known: Mapping[str, Holding]) -> Issue:
    """The issue with author, date and section label from the library; what stands in the file wins.

    Args:
        issue: As it was read.
        known: What the library holds, by the address of the story.
    """

    def completed(story: Story) -> Story:
        holding = known.get(story.url)
        if holding is None:
            return story
        article = holding.article
        return replace(
            story,
            author=story.author or article.author,
            published=story.published or article.published,
            label=story.label or article.section,
        )

    return replace(
        issue,
        sections=tuple(
            replace(section, blocks=tuple(completed(b) if isinstance(b, Story) else b for b in section.blocks))
            for section in issue.sections
        ),
    )


def next_number(used: Iterable[int]) -> int:
    """The number after the highest one that is taken."""
    return max(used, default=0) + 1


def _story(article: Article) -> Story:
    # An article with no address of its own cannot be read elsewhere: it stands whole in the letter.
    summary = escape(article.summary) if article.url else from_html(article.body) or escape(article.summary)
    return Story(
        headline=article.title,
        url=article.url,
        summary=summary,
        image=article.image,
        image_alt=article.image_alt,
        author=article.author,
        published=article.published,
        label=article.section,
    )
