"""From articles and a few rules to the draft of an issue. Pure: what goes in decides what comes out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import PurePath

from newsletter.issues import prose
from newsletter.issues.escaping import escape
from newsletter.issues.markdown import from_html
from newsletter.models import Article, Holding, Issue, Section, Story
from newsletter.text.subject import LONGEST_PREHEADER, fitting, says_the_same, subject_of
from newsletter.text.tidy import arabic_fold, sentences, shorten

PICTURES = "pictures"
"""Folder inside an issue's folder that holds its local pictures."""
_WANTED = ("yes", "lead")
"""What the box beside a post says of one that is to be in the letter."""
_HEADLINE = 500
"""Characters of a headline: one of thousands is an attack, or a text that lost its own."""
_OPENING = 140
"""Columns of a preheader that tells how a story begins; more than that inbox lists rarely show."""


@dataclass(frozen=True, slots=True)
class ComposeRules:
    """Which articles an issue takes by itself."""

    most: int = 0
    """Stories in all; 0 sets no limit, here and below."""
    per_section: int = 0
    days: int = 0
    """Nothing that was published longer ago."""
    exclude: Collection[str] = ()
    """Sections and tags whose articles stay out, and ids of articles."""
    pin_sticky: bool = True
    """What the site holds above the others comes first."""


def choose(holdings: Sequence[Holding], rules: ComposeRules, *, now: datetime) -> list[Holding]:
    """Those of the articles that the rules let in, in their order; sticky ones first.

    What the box beside a post says wins: ``no`` stays out, ``yes`` comes whatever the rules say of sections and
    numbers, and what leads comes first.

    Args:
        holdings: In order of preference, newest first for example.
        rules: Of the settings or of the editor.
        now: The present moment, timezone-aware.
    """
    out = {arabic_fold(word) for word in rules.exclude}
    earliest = oldest(rules, now)
    in_section: Counter[str] = Counter()
    chosen: list[Holding] = []
    ordered = sorted(holdings, key=lambda one: not one.article.sticky) if rules.pin_sticky else list(holdings)
    ordered.sort(key=lambda one: one.box.letter != "lead")
    ordered = [one for one in ordered if one.box.letter != "no" and (earliest is None or when(one) >= earliest)]
    wanted = sum(one.box.letter in _WANTED for one in ordered)
    for holding in ordered:
        article = holding.article
        section = arabic_fold(article.section)
        if holding.box.letter in _WANTED:
            wanted -= 1
            in_section[section] += 1
            chosen.append(holding)
            continue
        words = {section, str(holding.id), *map(arabic_fold, article.tags)}
        if words & out:
            continue
        if rules.per_section and in_section[section] >= rules.per_section:
            continue
        # Room is kept for those that are wanted and still to come.
        if rules.most and len(chosen) + wanted >= rules.most:
            continue
        in_section[section] += 1
        chosen.append(holding)
    return chosen


def oldest(rules: ComposeRules, now: datetime) -> datetime | None:
    """Nothing from before this moment is taken; None sets no limit."""
    return now - timedelta(days=rules.days) if rules.days else None


def when(holding: Holding) -> datetime:
    """When an article was published, or collected if its source does not say."""
    return holding.article.published or holding.collected


def draft(holdings: Sequence[Holding], *, number: int, newsletter: str, list_name: str) -> Issue:
    """The draft of an issue: stories by section, each section where its first article stands.

    Args:
        holdings: The articles in the order they shall stand; the first one leads. There may be none yet.
        number: Number that the issue gets.
        newsletter: Name of the newsletter, for the subject.
        list_name: The list it is for.
    """
    sections: dict[str, list[Story]] = {}
    title = ""
    for story in (story_of(holding.article) for holding in holdings):
        # An article without a section of its own stays beside the one before it.
        title = story.label or title
        sections.setdefault(title, []).append(story)
    made = Issue(number, "", list=list_name, sections=tuple(Section(one, tuple(sections[one])) for one in sections))
    subject, preheader = inbox_lines(newsletter, made.stories)
    return replace(made, subject=subject, preheader=preheader)


def inbox_lines(newsletter: str, stories: Sequence[Story]) -> tuple[str, str]:
    """The subject and the preheader that an issue of these stories gets, within what inbox lists show.

    The subject is the first headline, behind the newsletter's name where both have room. The preheader tells what the
    next stories are, or else how the first one begins: whatever the subject does not say already.

    Args:
        newsletter: Name of the newsletter; may be empty.
        stories: In the order they stand; there may be none.
    """
    subject = subject_of(newsletter, stories[0].headline if stories else "")
    return subject, next((one for one in _preheaders(stories, subject) if not says_the_same(one, subject)), "")


def _preheaders(stories: Sequence[Story], subject: str) -> Iterator[str]:
    others = [story.headline for story in stories[1:] if not says_the_same(story.headline, subject)]
    if others:
        yield fitting(" · ".join(others[:2]), LONGEST_PREHEADER)
    for story in stories:
        left = list(sentences(prose.read(story.summary).words()))
        while left and arabic_fold(left[0]) in arabic_fold(subject):
            del left[0]  # many a summary begins with its headline
        for at in range(len(left)):
            yield fitting(" ".join(left[at:]), _OPENING)


def with_more(issue: Issue, holdings: Sequence[Holding]) -> Issue:
    """The issue with further articles, each at the end of its section, or in a section of its own at the end."""
    sections = list(issue.sections)
    for holding in holdings:
        story = story_of(holding.article)
        key = arabic_fold(holding.article.section)
        at = next((at for at, section in enumerate(sections) if arabic_fold(section.title) == key), None)
        if at is None:
            sections.append(Section(holding.article.section, (story,)))
        else:
            sections[at] = replace(sections[at], blocks=(*sections[at].blocks, story))
    return replace(issue, sections=tuple(sections))


def with_local_pictures(issue: Issue, *, first: int = 1) -> tuple[Issue, dict[str, str]]:
    """The issue with its local pictures in a folder of its own, and which file each of them is copied from.

    Args:
        issue: With absolute paths of its local pictures.
        first: Number of the first picture; those before it are in the folder already.
    """
    copies: dict[str, str] = {}

    def moved(story: Story) -> Story:
        if not story.image or re.match(r"https?://", story.image):
            return story
        path = PurePath(story.image)
        name = f"{PICTURES}/{first + len(copies)}-{path.name}"
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


def story_of(article: Article, *, image: str | None = None) -> Story:
    """An article as a story, as a draft begins with it.

    Args:
        article: Of the library.
        image: The name that a local picture of it has in the issue; None takes the article's own.
    """
    # An article with no address of its own cannot be read elsewhere: it stands whole in the letter.
    summary = (
        escape(article.summary)
        if article.url
        else from_html(article.body, without=article.image) or escape(article.summary)
    )
    is_local = image is not None and not re.match(r"https?://", article.image)
    return Story(
        headline=article.title if len(article.title) <= _HEADLINE else shorten(article.title, _HEADLINE),
        url=article.url,
        summary=summary,
        image=image if is_local and image is not None else article.image,
        image_alt=article.image_alt,
        author=article.author,
        published=article.published,
        label=article.section,
    )
