"""Sections of an issue.md added, renamed, moved, joined with another, and dropped to the candidates."""

from __future__ import annotations

from newsletter.issues.operations.asked import SectionOperation
from newsletter.issues.operations.cutting import RULE, put_before, put_behind, text_of, without
from newsletter.issues.operations.layout import Done, Layout, checked, told
from newsletter.issues.operations.waiting import with_waiting
from newsletter.issues.writing import blocks_of
from newsletter.models import Section


def change(layout: Layout, operation: SectionOperation, newest: int) -> Done:
    """What an operation on sections makes of the file.

    Args:
        layout: Of the file.
        operation: What is to be done.
        newest: Id of the newest article of the library.

    Raises:
        IssueError: No section begins on the line that it names, or what stands around it would change.
    """
    if operation.do == "add" or (operation.do == "rename" and not operation.line):
        return _add(layout, operation)
    at = layout.index(operation.line, "section")
    if operation.do == "rename":
        return _rename(layout, at, operation.title)
    if operation.do == "join":
        return _join(layout, at, layout.index(operation.into, "section") if operation.into else -1)
    if operation.do == "drop":
        return _drop(layout, at, newest)
    headings = [n for n, one in enumerate(layout.parts) if one.kind == "section"]
    here = headings.index(at)
    if operation.do == "move":
        before = layout.index(operation.before, "section") if operation.before else len(layout.parts)
    elif operation.do == "up":
        before = headings[max(here - 1, 0)]
    else:
        before = headings[here + 2] if here + 2 < len(headings) else len(layout.parts)
    return _move(layout, at, before)


def _add(layout: Layout, operation: SectionOperation) -> Done:
    row = told(layout.parts)
    heading = blocks_of(Section(operation.title))[0]
    if operation.do == "rename":
        # The name of what stands before the first heading: its first story is where the section begins.
        at = next((n for n, one in enumerate(layout.parts) if one.kind != "prose"), None)
        if at is None or layout.parts[at].kind != "story":
            raise layout.fault(layout.body_at + 1, "no story stands before the first section", "add a section instead")
    elif operation.before:
        at = layout.index(operation.before, "section")
    else:
        at = len(row)
    if at < len(row):
        made, line = put_before(layout.manuscript, layout.first(layout.parts[at].line), heading)
    else:
        made, line = put_behind(layout.manuscript, _last_line(layout), heading)
    return checked(layout, made, [*row[:at], ("section", operation.title), *row[at:]]), line


def _rename(layout: Layout, at: int, title: str) -> Done:
    row = told(layout.parts)
    span = layout.spans[layout.span(at)]
    made = layout.manuscript.with_lines(span.first, span.last, blocks_of(Section(title))[0])
    return checked(layout, made, [*row[:at], ("section", title), *row[at + 1 :]]), span.first


def _move(layout: Layout, at: int, before: int) -> Done:
    end = layout.end(at)
    if at <= before <= end:
        return layout, layout.parts[at].line
    first, last = layout.first(layout.parts[at].line), _last_of(layout, at)
    layout.refuse_half_comments(first, last)
    text = text_of(layout.manuscript.lines[first - 1 : last])
    row = told(layout.parts)
    moved = row[at:end]
    shorter = Layout.of(without(layout, first, last))
    left = [*row[:at], *row[end:]]
    target = before - len(moved) if before > at else before
    if target < len(left):
        made, line = put_before(shorter.manuscript, shorter.first(shorter.parts[target].line), text)
    else:
        made, line = put_behind(shorter.manuscript, _last_line(shorter), text)
    after = checked(layout, made, [*left[:target], *moved, *left[target:]])
    return after, next(one.line for one in after.parts if one.line >= line and one.kind == "section")


def _join(layout: Layout, at: int, into: int) -> Done:
    end, row = layout.end(at), told(layout.parts)
    if into == at:
        raise layout.fault(layout.parts[at].line, "a section cannot be joined with itself", "choose another one")
    heading, last = layout.spans[layout.span(at)], _last_of(layout, at)
    moved, left = row[at + 1 : end], [*row[:at], *row[end:]]
    target = into - (end - at) if into > at else into
    layout.refuse_half_comments(heading.last + 1, last)
    shorter = Layout.of(without(layout, heading.first, last))
    if not moved:
        return checked(layout, shorter.manuscript, left), shorter.parts[target].line if target >= 0 else 0
    text = text_of(layout.manuscript.lines[heading.last : last]).strip("\n")
    behind = shorter.end(target)
    following = shorter.span(behind) if behind < len(left) else len(shorter.spans)
    before = shorter.spans[following - 1] if following else None
    if moved[0][0] == "prose" and before is not None and before.kind == "story":
        text = f"{RULE}\n\n{text}"
    made, line = put_behind(shorter.manuscript, before.last if before is not None else shorter.body_at, text)
    after = checked(layout, made, [*left[:behind], *moved, *left[behind:]])
    return after, after.parts[target].line if target >= 0 else line


def _drop(layout: Layout, at: int, newest: int) -> Done:
    end, row = layout.end(at), told(layout.parts)
    heading = layout.spans[layout.span(at)]
    last = _last_of(layout, at)
    layout.refuse_half_comments(heading.first, last)
    left, gone = [*row[:at], *row[end:]], row[at + 1 : end]
    lines = [n for n in range(heading.first, last + 1) if any(a <= n <= b for a, b in layout.comments)]
    raw = layout.manuscript.lines
    if lines:
        made = layout.manuscript.with_lines(heading.first, last, text_of([raw[line - 1] for line in lines]))
    else:
        made = without(layout, heading.first, last)
    if not gone:
        return checked(layout, made, left), 0
    text = "\n".join(layout.seen[heading.last : last]).strip("\n")
    made, waits = with_waiting(Layout.of(made), layout.parts[at].told[0], text, gone, newest)
    return checked(layout, made, left, waits), 0


def _last_of(layout: Layout, at: int) -> int:
    """Last line of a section."""
    end = layout.end(at)
    following = layout.span(end) if end < len(layout.parts) else len(layout.spans)
    return layout.spans[following - 1].last


def _last_line(layout: Layout) -> int:
    return layout.spans[-1].last if layout.spans else layout.body_at
