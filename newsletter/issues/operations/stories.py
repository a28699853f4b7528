"""Stories of an issue.md added, dropped, taken from the candidates, moved and edited in place."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from newsletter.issues.manuscript import Manuscript
from newsletter.issues.operations.asked import (
    AddOperation,
    DropOperation,
    EditOperation,
    MoveOperation,
    StoryPlace,
    TakeOperation,
)
from newsletter.issues.operations.cutting import put, put_behind, rewritten, text_of, without
from newsletter.issues.operations.layout import Done, Layout, checked, resolved, told
from newsletter.issues.operations.waiting import with_waiting
from newsletter.issues.reading import first_picture
from newsletter.issues.writing import blocks_of, headline_line, picture_line
from newsletter.models import Section, Story

_MARK = re.compile(r" {0,3}<!-- withdrawn: ")


def add(layout: Layout, operation: AddOperation, story: Story) -> Done:
    """An article as a story; one that waits as a candidate comes as it stands there.

    Args:
        layout: Of the file.
        operation: Where it is to go.
        story: The article, as a draft begins with it.

    Raises:
        IssueError: It is in the issue already, or there is no such place.
    """
    there = next((one for one in layout.issue.stories if story.url and one.url == story.url), None)
    if there is not None:
        raise layout.fault(there.line, f"is in the issue already: {there.headline}", "move it instead")
    waits = layout.candidates.stories if layout.candidates is not None else ()
    same = next((one for one in waits if story.url and one.url == story.url), None)
    place = replace(
        operation.place, section=story.label if operation.place.section is None else operation.place.section
    )
    if same is not None:
        return take(layout, TakeOperation(same.line, place))
    text = "\n\n".join(blocks_of(Section("", (story,))))
    said = _said_of(text, layout)
    return _placed(layout, place, text, said, told(layout.waiting))


def take(layout: Layout, operation: TakeOperation) -> Done:
    """A candidate as a story.

    Args:
        layout: Of the file.
        operation: Which one, and where it is to go.

    Raises:
        IssueError: No candidate begins on that line, or there is no such place.
    """
    row = layout.waiting
    at = next((n for n, one in enumerate(row) if one.line == operation.line and one.kind == "story"), None)
    if at is None or layout.candidates is None:
        raise layout.fault(operation.line, "no candidate begins on this line")
    place = operation.place
    if place.section is None:
        titles = [one.told[0] for one in row[:at] if one.kind == "section"]
        place = replace(place, section=titles[-1] if titles else "")
    spans = layout.candidates.spans
    here = next(n for n, span in enumerate(spans) if span.first == operation.line)
    text = text_of(layout.manuscript.lines[operation.line - 1 : spans[here].last])
    left = [one for n, one in enumerate(told(row)) if n != at]
    first, last = operation.line, spans[here].last
    ends = here + 1 == len(spans) or spans[here + 1].kind == "section"
    above = at - 1 if here and spans[here - 1].kind == "section" else None
    if above is not None and ends:
        # A heading goes when nothing is left below it, as candidates.without_stories has it.
        first = spans[here - 1].first
        del left[above]
    elif not ends and spans[here + 1].kind == "rule" and (here == 0 or spans[here - 1].kind != "story"):
        last = spans[here + 1].last
    target = resolved(layout, place)
    shorter = Layout.of(without(layout, first, last))
    return _put_at(layout, shorter, target, text, told(row)[at], left)


def drop(layout: Layout, operation: DropOperation, newest: int) -> Done:
    """A story out of the issue, in front of the candidates of its section; comments on lines of it stay where it was.

    Args:
        layout: Of the file.
        operation: Which one.
        newest: Id of the newest article of the library.

    Raises:
        IssueError: No story begins on that line.
    """
    at = layout.index(operation.line, "story")
    heading = layout.section_of(at)
    title = layout.parts[heading].told[0] if heading >= 0 else ""
    span = layout.spans[layout.span(at)]
    text = "\n".join(layout.seen[span.first - 1 : span.last])
    layout.refuse_half_comments(span.first, span.last)
    parts = [one for n, one in enumerate(told(layout.parts)) if n != at]
    out = without_story(layout, at, keep_comments=True)
    made, waits = with_waiting(Layout.of(out), title, text, [told(layout.parts)[at]], newest)
    return checked(layout, made, parts, waits), 0


def move(layout: Layout, operation: MoveOperation) -> Done:
    """A story to another place, with the comments on its lines and right above it.

    Args:
        layout: Of the file.
        operation: Which one, and where it is to go.

    Raises:
        IssueError: No story begins on that line, or there is no such place.
    """
    at = layout.index(operation.line, "story")
    target = resolved(layout, operation.place)
    if target in (at, at + 1):
        return layout, operation.line
    span = layout.spans[layout.span(at)]
    first = _with_mark(layout, span.first)
    layout.refuse_half_comments(first, span.last)
    text = text_of(layout.manuscript.lines[first - 1 : span.last])
    shorter = Layout.of(without_story(layout, at))
    if isinstance(target, int) and target > at:
        target -= 1
    return _put_at(layout, shorter, target, text, told(layout.parts)[at], told(layout.waiting))


def edit(layout: Layout, operation: EditOperation) -> Done:
    """Parts of a story written anew; its other lines stay as they are.

    Args:
        layout: Of the file.
        operation: Which one, and what is new.

    Raises:
        IssueError: No story begins on that line, or its words would begin or end something else.
    """
    at = layout.index(operation.line, "story")
    story = next(one for one in layout.issue.stories if one.line == operation.line)
    span = layout.spans[layout.span(at)]
    given: dict[str, Any] = {
        "headline": operation.title,
        "url": operation.url,
        "summary": operation.summary,
        "image": operation.image,
        "image_alt": operation.alt,
        "image_caption": operation.caption,
    }
    new = replace(story, **{name: value for name, value in given.items() if value is not None})
    if not new.headline.strip():
        raise layout.fault(operation.line, "a story needs a headline", "write one, or take the story out")
    if not new.image:
        new = replace(new, image_alt="", image_caption="")
    made = layout.manuscript
    if new.summary.strip("\n") != story.summary:
        made = _with_summary(layout, story, span.last, new.summary.strip("\n"))
    if (new.image, new.image_alt, new.image_caption) != (story.image, story.image_alt, story.image_caption):
        made = _with_picture(layout, made, story, new)
    if (new.headline, new.url) != (story.headline, story.url):
        made = made.with_lines(story.line, story.line, headline_line(new))
    after = Layout.of(made)
    _refuse_spill(layout, after, at)
    return after, operation.line


def _with_summary(layout: Layout, story: Story, last: int, summary: str) -> Manuscript:
    if not story.summary:
        return layout.manuscript.with_lines(last + 1, last, summary)
    if summary or any(story.summary_line <= begun and ended <= last for begun, ended in layout.comments):
        return rewritten(layout, story.summary_line, last, summary)
    return layout.manuscript.with_lines(story.summary_line, last, "")


def _with_picture(layout: Layout, made: Manuscript, story: Story, new: Story) -> Manuscript:
    text = picture_line(new) if new.image else ""
    if not story.image:
        return made.with_lines(story.line + 1, story.line, text)
    span = next(one for one in layout.spans if one.first == story.line)
    source, _ = first_picture("\n".join(layout.seen[story.image_line - 1 : span.last]).split("\n\n")[0])
    return made.with_lines(story.image_line, story.image_line + source.count("\n"), text)


def _refuse_spill(before: Layout, after: Layout, at: int) -> None:
    """The words of a story may say what they like, but they are still that story's, and nothing else has changed."""
    old, new = told(before.parts), told(after.parts)
    line = before.parts[at].line
    if len(new) > len(old) and new[:at] == old[:at]:
        raise before.fault(line, "a heading or a rule in these words would end the story", "write #### for a heading")
    same = len(new) == len(old) and new[:at] == old[:at] and new[at + 1 :] == old[at + 1 :] and new[at][0] == "story"
    if not same or told(before.waiting) != told(after.waiting):
        raise before.fault(line, "these words would swallow what stands behind the story", "close what they begin")


def without_story(layout: Layout, at: int, *, keep_comments: bool = False) -> Manuscript:
    """The file without a story; a rule that ended it goes too, where it would part words of the editor then.

    Args:
        layout: Of the file.
        at: Which part it is.
        keep_comments: The comments on lines of it stay; else they go with it, and those right above it too.
    """
    here = layout.span(at)
    span, spans = layout.spans[here], layout.spans
    follows = spans[here + 1] if here + 1 < len(spans) else None
    mark, last = _mark(layout, span.first), span.last
    first = mark or span.first if keep_comments else _with_mark(layout, span.first)
    if follows is not None and follows.kind == "rule" and (here == 0 or spans[here - 1].kind != "story"):
        last = follows.last
    kept = range(first if keep_comments else span.last + 1, last + 1)
    lines = [line for line in kept if line != mark and any(begun <= line <= end for begun, end in layout.comments)]
    if not lines:
        return without(layout, first, last)
    return layout.manuscript.with_lines(first, last, text_of([layout.manuscript.lines[line - 1] for line in lines]))


def _mark(layout: Layout, line: int) -> int:
    """The line above a story that says its site took it back; 0 when there is none."""
    above, raw = line - 1, layout.manuscript.lines
    while above > layout.body_at and not raw[above - 1].strip():
        above -= 1
    return above if above > layout.body_at and _MARK.match(raw[above - 1]) and (above, above) in layout.comments else 0


def _with_mark(layout: Layout, line: int) -> int:
    """First line of a story with its mark and the comments right above it."""
    return layout.first(_mark(layout, line) or line)


def _placed(layout: Layout, place: StoryPlace, text: str, said: tuple[str, ...], waits: list[tuple[str, ...]]) -> Done:
    return _put_at(layout, layout, resolved(layout, place), text, said, waits)


def _put_at(
    before: Layout, layout: Layout, target: int | str, text: str, said: tuple[str, ...], waits: list[tuple[str, ...]]
) -> Done:
    """A story at a place of the file, whose section is made at the end when it has none."""
    parts = told(layout.parts)
    if isinstance(target, str):
        last = layout.spans[-1].last if layout.spans else layout.body_at
        heading = blocks_of(Section(target))[0]
        made, line = put_behind(layout.manuscript, last, f"{heading}\n\n{text}")
        after = checked(before, made, [*parts, ("section", target), said], waits)
    else:
        made, line = put(layout, target, text, story=True)
        after = checked(before, made, [*parts[:target], said, *parts[target:]], waits)
    return after, next(one.line for one in after.parts if one.line >= line and one.kind == "story")


def _said_of(text: str, layout: Layout) -> tuple[str, ...]:
    """What the lines of a story say, when they are read alone."""
    alone = Manuscript(f'+++\nnumber = 1\nsubject = ""\n+++\n\n{text}\n', layout.manuscript.path)
    return told(Layout.of(alone).parts)[0]
