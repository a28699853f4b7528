"""What the desk says about operations: of what was done, for those who hear the page, and of what could not be."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from newsletter.desk.complaints import as_data
from newsletter.issues.operations import (
    AddOperation,
    DropOperation,
    FixOperation,
    HistoryOperation,
    MoveOperation,
    Operation,
    SectionOperation,
    TakeOperation,
)

if TYPE_CHECKING:
    from newsletter.report.page.wording import PageWords
    from newsletter.workflows.editing import EditedIssue
    from subscribers.errors import Complaint


def said_of(words: PageWords, operation: Operation, edited: EditedIssue) -> str:
    """What was done, as plain text for a live region; empty where the page says enough by itself.

    Args:
        words: Of the desk.
        operation: What was done.
        edited: The issue as it is then.
    """
    said = _done(words, operation, edited)
    if edited.merged:
        beside = words.plain(words.say("What was changed elsewhere meanwhile is kept beside it."))
        return f"{said} {beside}".strip()
    return said


def _done(words: PageWords, operation: Operation, edited: EditedIssue) -> str:
    match operation:
        case AddOperation() | MoveOperation() | TakeOperation():
            return _place(words, edited)
        case DropOperation():
            return words.plain(words.say("Taken out: it waits among the candidates."))
        case SectionOperation(do="drop"):
            return words.plain(words.say("The section is gone; its stories wait among the candidates."))
        case SectionOperation(do="move" | "up" | "down"):
            return _section(words, edited)
        case FixOperation():
            return words.plain(words.say("Mended."))
        case HistoryOperation(do="undo"):
            return words.plain(words.say("That step is taken back."))
        case HistoryOperation():
            return words.plain(words.say("Done again."))
    return ""


def _place(words: PageWords, edited: EditedIssue) -> str:
    for section in edited.issue.sections if edited.issue is not None else ():
        lines = [story.line for story in section.stories]
        if edited.at in lines:
            at, count = words.amount(lines.index(edited.at) + 1), words.amount(len(lines))
            if section.title:
                return words.plain(words.say("Here: {n} of {m} in «{section}»", n=at, m=count, section=section.title))
            return words.plain(words.say("Here: {n} of {m}, before the first section", n=at, m=count))
    return ""


def _section(words: PageWords, edited: EditedIssue) -> str:
    titled = [section for section in edited.issue.sections if section.line] if edited.issue is not None else []
    lines = [section.line for section in titled]
    if edited.at not in lines:
        return ""
    at = lines.index(edited.at)
    n, m = words.amount(at + 1), words.amount(len(lines))
    return words.plain(words.say("«{section}» is section {n} of {m} now", section=titled[at].title, n=n, m=m))


def error_of(words: PageWords, error: Complaint) -> dict[str, str]:
    """An error in the language of the desk, as far as it is one that operations have.

    Args:
        words: Of the desk.
        error: What went wrong.
    """
    line = re.search(r":(\d+)\Z", error.where)
    place = words.plain(words.say("line {n} of issue.md", n=line[1])) if line is not None else ""
    for pattern, say in _ERRORS:
        if re.match(pattern, error.what):
            return {"what": words.plain(say(words)), "where": place, "mend": ""}
    return {**as_data(words, error), "where": place}


_ERRORS: tuple[tuple[str, Callable[[PageWords], str]], ...] = (
    (r"cannot be written \(No space", lambda words: words.say("The disk is full. What you wrote here stays.")),
    (
        "cannot be written",
        lambda words: words.say("The disk does not take the file. What you wrote here stays."),
    ),
    ("the file of this issue is not there|is not there any more", lambda words: words.say("The issue's file is gone.")),
    ("no .* begins on this line|nothing begins", lambda words: words.say("This is gone. Load the page again.")),
    ("is in the issue already", lambda words: words.say("This article is in the issue already.")),
    ("a story needs a headline", lambda words: words.say("A story needs a headline.")),
    ("a section needs a name", lambda words: words.say("A section needs a name.")),
    (
        "a section cannot be joined with itself",
        lambda words: words.say("A section cannot be joined with itself."),
    ),
    (
        "a heading or a rule in these words|a heading in these words",
        lambda words: words.say("A line of ## or --- in these words would begin something else."),
    ),
    (
        "these words would|this cannot be done without|a comment ",
        lambda words: words.say("This would change what stands around it. Close what the words begin."),
    ),
    (
        "the text of the element",
        lambda words: words.say("A line of ::: in this text ends it too early."),
    ),
    ("this cannot be mended", lambda words: words.say("This cannot be mended by itself: change it by hand.")),
    ("there is nothing to take back", lambda words: words.say("There is nothing to take back.")),
    ("there is nothing to do again", lambda words: words.say("There is nothing to do again.")),
    (
        "somebody else has changed the same lines",
        lambda words: words.say("Somebody else has changed the same lines since."),
    ),
    ("the picture|no picture came", lambda words: words.say("This file is no picture that a letter can show.")),
    ("subjects says the same twice", lambda words: words.say("Two of the subjects say the same.")),
    ("subjects has", lambda words: words.say("Two, three or four subjects can be tried.")),
)
"""How errors begin, and what the desk says of them; the others are said as the command says them."""
