"""The editor's words and elements of an issue.md: written, changed and taken out where they stand."""

from __future__ import annotations

from newsletter.issues.operations.asked import ElementOperation, StoryPlace, WordsOperation
from newsletter.issues.operations.cutting import put, put_behind, rewritten, without
from newsletter.issues.operations.elements import elements
from newsletter.issues.operations.layout import Done, Layout, resolved, told


def words(layout: Layout, operation: WordsOperation) -> Done:
    """Other words of the editor, new ones at a place, or none.

    Args:
        layout: Of the file.
        operation: Which passage, and what it is to say.

    Raises:
        IssueError: No passage begins on that line, or the words would begin or end something else.
    """
    text = operation.text.strip("\n")
    if operation.line is None:
        return _put(layout, operation.place, text)
    if not operation.line:
        opening = next((n for n, one in enumerate(layout.parts) if one.kind != "prose"), len(layout.parts))
        if not opening:
            return _opening(layout, text)
        first, count = layout.parts[0].line, opening
        last = layout.spans[layout.span(opening - 1)].last
    else:
        at = layout.index(operation.line, "prose")
        first, last, count = operation.line, layout.spans[layout.span(at)].last, 1
        if operation.last:
            inner = [n for n, one in enumerate(layout.parts) if first <= one.line <= operation.last]
            if any(layout.parts[n].kind != "prose" for n in inner):
                raise layout.fault(operation.last, "other things than words stand on these lines")
            last, count = layout.spans[layout.span(inner[-1])].last, len(inner)
    at = layout.index(first, "prose")
    if not text and not any(first <= begun <= last for begun, _ in layout.comments):
        made = without(layout, first, last)
    else:
        made = rewritten(layout, first, last, text)
    return _still(layout, Layout.of(made), at, count), first if text else 0


def element(layout: Layout, operation: ElementOperation) -> Done:
    """An element inserted at a place or at the end of a story, written anew, or removed.

    Args:
        layout: Of the file.
        operation: Which one, and what it is to be.

    Raises:
        IssueError: None begins on that line, or its text ends it too early.
    """
    text = _text(operation)
    if operation.do == "insert":
        if not operation.within:
            after, line = _put(layout, operation.place, text)
        else:
            at = layout.index(operation.within, "story")
            made, line = put_behind(layout.manuscript, layout.spans[layout.span(at)].last, text)
            after = _still(layout, Layout.of(made), at, 1)
        _refuse_open(layout, after, line, text)
        return after, line
    there = next((one for one in elements(layout) if one.line == operation.line), None)
    if there is None:
        raise layout.fault(operation.line, "no element begins on this line")
    at = layout.index(there.story, "story") if there.story else layout.index(there.line, "prose")
    if operation.do == "remove":
        layout.refuse_half_comments(there.line, there.last)
        after = Layout.of(without(layout, there.line, there.last))
        return _still(layout, after, at, 1, gone=not there.story), there.story
    after = Layout.of(rewritten(layout, there.line, there.last, text))
    _refuse_open(layout, after, there.line, text)
    return _still(layout, after, at, 1), there.line


def _text(operation: ElementOperation) -> str:
    return "\n".join([f"::: {operation.kind} {operation.title}".rstrip(), *filter(None, [operation.text]), ":::"])


def _refuse_open(before: Layout, after: Layout, line: int, text: str) -> None:
    """The lines of an element are one element.

    Raises:
        IssueError: They hold colons that end it before its end, or something that swallows its end.
    """
    there = next((one for one in elements(after) if one.line == line), None)
    if there is None or there.last - there.line < text.count("\n"):
        raise before.fault(line, "the text of the element ends it too early, or hides its end", "look at its colons")


def _opening(layout: Layout, text: str) -> Done:
    """The first words of an issue that has none."""
    if not text:
        return layout, 0
    made, line = put_behind(layout.manuscript, layout.body_at, text)
    return _still(layout, Layout.of(made), 0, 0), line


def _put(layout: Layout, place: StoryPlace, text: str) -> Done:
    """Words at a place."""
    if not text:
        return layout, 0
    target = resolved(layout, place)
    if isinstance(target, str):
        raise layout.fault(layout.body_at + 1, f"no section is called {target}", "add the section first")
    made, line = put(layout, target, text, story=False)
    return _still(layout, Layout.of(made), target, 0), line


def _still(before: Layout, after: Layout, at: int, count: int, *, gone: bool = False) -> Layout:
    """The layout with other words in some of its parts, if everything around them is as it was.

    Args:
        before: The layout as it was.
        after: The layout as it is.
        at: The first part that was changed.
        count: How many parts were changed; 0 for none, where words came in.
        gone: Whether nothing is to stand there any more.

    Raises:
        IssueError: The words begin a section or a story, or swallow what stands behind them.
    """
    old, new = told(before.parts), told(after.parts)
    line = before.parts[at].line if at < len(before.parts) else before.body_at + 1
    behind = len(old) - at - count
    own = new[at : len(new) - behind]
    kinds = {"story"} if count and old[at][0] == "story" else {"prose"}
    around = new[:at] == old[:at] and new[len(new) - behind :] == old[at + count :] and len(new) >= at + behind
    if told(before.waiting) != told(after.waiting) or not around or (gone and own):
        raise before.fault(line, "these words would change what stands around them", "close what they begin")
    if any(one[0] not in kinds for one in own) or (kinds == {"story"} and len(own) != 1):
        raise before.fault(
            line, "a heading in these words would begin a section or a story", "write #### for a heading"
        )
    return after
