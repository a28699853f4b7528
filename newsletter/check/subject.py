"""What inbox lists show: the subject and the line behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from newsletter.check.context import (
    CheckInput,
    Rule,
    shown,
    teller,
)
from newsletter.models import Level, Problem
from newsletter.text.subject import LONGEST_PREHEADER, LONGEST_SUBJECT, SHORTEST_SUBJECT, columns, says_the_same
from newsletter.text.tidy import arabic_fold

CODES: Mapping[str, Level] = {
    "subject-empty": "error",
    "subject-long": "warning",
    "subject-short": "warning",
    "subject-name-only": "warning",
    "subject-repeated": "warning",
    "preheader-empty": "warning",
    "preheader-long": "warning",
    "preheader-repeats-subject": "warning",
}
_tell = teller(CODES)


def subject_empty(case: CheckInput) -> Iterator[Problem]:
    """A letter without a subject looks like spam, and is filed as such."""
    if not case.issue.subject.strip():
        yield _tell("subject-empty", "the subject is empty", case.key("subject"), "write what the letter brings")


def subject_length(case: CheckInput) -> Iterator[Problem]:
    """A subject that is cut before it says something, or that says nothing."""
    wide = columns(case.issue.subject.strip())
    if wide > LONGEST_SUBJECT:
        yield _tell(
            "subject-long",
            f"the subject is {wide} columns wide; phones show about 40, and no list more than {LONGEST_SUBJECT}",
            case.key("subject"),
            "say the most important in the first 40, and move the rest to the preheader",
        )
    elif 0 < wide < SHORTEST_SUBJECT:
        yield _tell(
            "subject-short",
            f"the subject is too short to say anything ({wide} columns)",
            case.key("subject"),
            "say what this issue brings",
        )


def subject_name_only(case: CheckInput) -> Iterator[Problem]:
    """A subject that repeats what From says already."""
    about = case.known.publication
    subject = _without_number(case.issue.subject)
    if about is not None and subject and subject == _without_number(about.name):
        yield _tell(
            "subject-name-only",
            "the subject is the newsletter's name, which stands beside it as the sender",
            case.key("subject"),
            "say what this issue brings",
        )


def subject_repeated(case: CheckInput) -> Iterator[Problem]:
    """The subject of the last issue again; mail programs put both letters into one thread."""
    before, subject = case.known.last_subject, case.issue.subject
    if not before or not arabic_fold(subject):
        return
    same = arabic_fold(before) == arabic_fold(subject)
    if same or (_without_number(before) and _without_number(before) == _without_number(subject)):
        yield _tell(
            "subject-repeated",
            "the subject is that of the last issue" + ("" if same else ", but for its number"),
            case.key("subject"),
            "say what is new in this one",
        )


def preheader(case: CheckInput) -> Iterator[Problem]:
    """The line behind the subject: there, not cut, and not the subject once more."""
    if not arabic_fold(case.issue.preheader) and not any(run.kind == "text" for run in case.reading.runs):
        yield _tell(
            "preheader-empty",
            "there is no preheader, and no text to make one of; inbox lists would show the foot of the letter",
            case.key("preheader"),
            'add a line preheader = "…"',
        )
    wide = columns(case.issue.preheader.strip())
    if wide > LONGEST_PREHEADER:
        yield _tell(
            "preheader-long",
            f"the preheader is {wide} columns wide; no list shows more than {LONGEST_PREHEADER}",
            case.key("preheader"),
            "shorten it",
        )
    subjects = case.issue.subjects or (case.issue.subject,)
    if any(says_the_same(case.issue.preheader, one) for one in subjects):
        yield _tell(
            "preheader-repeats-subject",
            f"the preheader says what the subject says: {shown(case.issue.preheader)}",
            case.key("preheader"),
            "say something else that the issue brings",
        )


def _of_each(rule: Rule) -> Rule:
    """A rule that looks at every subject that is tried, and says which one it means."""

    def look(case: CheckInput) -> Iterator[Problem]:
        if not case.issue.subjects:
            yield from rule(case)
        for words in case.issue.subjects:
            for problem in rule(replace(case, issue=replace(case.issue, subject=words))):
                yield replace(problem, words=f"{problem.words}: {shown(words)}")

    return look


def _without_number(text: str) -> str:
    """A text without digits, and the words that stand for an issue's number."""
    words = re.sub(r"\d+", " ", arabic_fold(text)).split()
    return " ".join(word for word in words if word not in {"العدد", "عدد", "رقم", "issue", "no", "numero", "n"})


RULES: tuple[Rule, ...] = (
    _of_each(subject_empty),
    _of_each(subject_length),
    _of_each(subject_name_only),
    _of_each(subject_repeated),
    preheader,
)
