"""Stories of a draft renewed when their site corrects them: what the editor wrote stays, what nobody touched changes.

Three versions decide: what the draft was written from, what the site shows now, and what stands in the file. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from newsletter.issues.compose import story_of
from newsletter.issues.lines import COMMENT_END
from newsletter.issues.manuscript import Manuscript
from newsletter.issues.writing import headline_line, picture_line
from newsletter.models import Article, Story, StoryChange

FIELDS = ("headline", "url", "summary", "image", "image_alt")
"""What a draft takes from an article."""
_MARK = re.compile(r" {0,3}<!-- withdrawn: ")
_ESCAPED = re.compile(r"\\(?=[^\w\s])")


def written(article: Article) -> dict[str, str]:
    """What a draft of an article is written from, by field.

    Args:
        article: Any article.
    """
    story = story_of(article)
    return {name: str(getattr(story, name)) for name in FIELDS}


def compared(
    story: Story, base: Mapping[str, str], now: Mapping[str, str]
) -> tuple[dict[str, str], list[StoryChange], dict[str, str]]:
    """Tell apart what may be renewed in a story and what its editor has written otherwise.

    Args:
        story: As it stands in the draft.
        base: What it was written from, as ``written`` gives it.
        now: The same of the article as its site has it now.

    Returns:
        Fields to be renewed with their new values; changes that the editor's own words stand against; and what the
        draft is written from once it is renewed.
    """
    fresh: dict[str, str] = {}
    against: list[StoryChange] = []
    after = dict(base)
    for name in FIELDS:
        old, new, ours = base.get(name, ""), now[name], str(getattr(story, name))
        if _same(old, new) or (name.startswith("image") and not (_is_remote(old) and _is_remote(new))):
            continue
        if _same(ours, old) and (name != "image_alt" or story.image):
            fresh[name] = new
            after[name] = new
        elif _same(ours, new):
            after[name] = new
        else:
            against.append(StoryChange(story, name, ours, new))
    return fresh, against, after


def renewed(manuscript: Manuscript, story: Story, fresh: Mapping[str, str], *, candidate: bool = False) -> Manuscript:
    """The file with other values in one story; its lines above and below stay as they are.

    Args:
        manuscript: The file.
        story: As it stands in it.
        fresh: Fields with their new values.
        candidate: It stands among the candidates, in a comment.
    """
    values: dict[str, Any] = dict(fresh)
    if fresh.get("image", story.image) != story.image:
        values["image_caption"] = ""  # it was said of the other picture
    new = replace(story, **values)
    changed = manuscript

    def put(first: int, last: int, text: str) -> None:
        nonlocal changed
        changed = changed.with_lines(first, last, text.replace(COMMENT_END, "--\\>") if candidate else text)

    if "summary" in fresh:
        last = _last(story)
        first = story.summary_line if story.summary else last + 1
        put(first, last, new.summary)
    if {"image", "image_alt"} & fresh.keys():
        if story.image:
            put(story.image_line, story.image_line, picture_line(new) if new.image else "")
        elif new.image:
            put(story.line + 1, story.line, picture_line(new))
    if {"headline", "url"} & fresh.keys():
        put(story.line, story.line, headline_line(new))
    return changed


def marked(manuscript: Manuscript, story: Story, reason: str) -> Manuscript:
    """The file with a mark above a story that its site took back; an empty reason takes the mark away.

    Args:
        manuscript: The file.
        story: As it stands in it.
        reason: Why its site shows it no more.
    """
    at = story.line - 1
    while at > 1 and not manuscript.lines[at - 1].strip():
        at -= 1  # an editor may have parted them
    is_marked = at > 0 and _MARK.match(manuscript.lines[at - 1]) is not None
    if bool(reason) == is_marked:
        return manuscript
    if is_marked:
        return manuscript.with_lines(at, at, "")
    return manuscript.with_lines(story.line, story.line - 1, f"<!-- withdrawn: {reason} {COMMENT_END}")


def without(manuscript: Manuscript, story: Story) -> Manuscript:
    """The file without a story, its mark and the empty lines behind it.

    Args:
        manuscript: The file.
        story: As it stands in it, or among its candidates.
    """
    cleared = marked(manuscript, story, "")
    shift = len(manuscript.lines) - len(cleared.lines)
    first, last = story.line - shift, _last(story) - shift
    lines = cleared.lines
    while last < len(lines) and not lines[last].strip():
        last += 1
    return cleared.with_lines(first, last, "")


def from_below(stories: Sequence[Story]) -> list[Story]:
    """The stories in the order in which they can be edited without moving one another's lines."""
    return sorted(stories, key=lambda story: -story.line)


def _last(story: Story) -> int:
    """The last line of a story."""
    lines = story.summary.count("\n") + 1 if story.summary else 0
    return max(story.line, story.image_line, story.summary_line + lines - 1 if lines else 0)


def _same(one: str, other: str) -> bool:
    """Whether two values say the same: an editor's program may break lines anew, and escape more or less."""
    return " ".join(_ESCAPED.sub("", one).split()) == " ".join(_ESCAPED.sub("", other).split())


def _is_remote(image: str) -> bool:
    return not image or image.startswith(("http://", "https://"))
