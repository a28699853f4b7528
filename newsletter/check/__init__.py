"""What is wrong with an issue and its letter before it goes: every rule has a code that docs/en/checks.md explains.

Pure: the issue, the rendered letter and what is known go in, problems come out. An ``error`` keeps a letter from
going; a ``warning`` is told. One file for each family of rules:

``structure`` stories and sections · ``subject`` what inbox lists show · ``writing`` signs and letters · ``digits`` ·
``wording`` what the words do · ``links`` · ``images`` · ``letter`` size, foot and colours · ``history`` what went
before · ``sponsors`` what is booked · ``sender`` the address · ``authentication`` its DNS · ``mjml`` own templates
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from newsletter.check import (
    authentication,
    digits,
    history,
    images,
    letter,
    links,
    mjml,
    sender,
    sponsors,
    structure,
    subject,
    wording,
    writing,
)
from newsletter.check.context import CheckContext, CheckInput, Rule
from newsletter.models import Issue, Letter, Level, Problem

__all__ = ["CODES", "RULES", "CheckContext", "CheckInput", "check", "has_errors"]

_FAMILIES = (
    *(structure, subject, writing, digits, wording, links, images, letter, history, sponsors),
    *(sender, authentication, mjml),
)
RULES: tuple[Rule, ...] = tuple(rule for family in _FAMILIES for rule in family.RULES)
CODES: Mapping[str, Level] = dict(pair for family in _FAMILIES for pair in family.CODES.items())
"""Every code and its level."""


def check(issue: Issue, letter: Letter | None, known: CheckContext | None = None) -> list[Problem]:
    """Everything the rules find, errors first, then by place in the file.

    Args:
        issue: With author and date of its stories, if the library knows them.
        letter: Its letter; None when it could not be rendered.
        known: What else is known; rules that need what is not known stay silent.
    """
    case = CheckInput(issue, letter, known or CheckContext())
    problems = dict.fromkeys(problem for rule in RULES for problem in rule(case))
    errors = Counter((one.place, one.code) for one in problems if one.level == "error")
    by_place: dict[str, set[str]] = {}
    for place, code in errors:
        by_place.setdefault(place, set()).add(code)
    for failure in case.known.failures:
        if failure in problems and _told_better(failure, by_place):
            del problems[failure]
            told = (failure.place, failure.code)
            errors[told] -= 1
            if failure.level == "error" and not errors[told]:
                by_place[failure.place].discard(failure.code)
    return sorted(problems, key=_order)


def _told_better(failure: Problem, errors: Mapping[str, set[str]]) -> bool:
    """Whether a rule tells of the very line that gave no letter, or of the fault of a template that gave none."""
    if errors.get(failure.place, set()) - {failure.code}:
        return True
    of_templates = mjml.CODES.keys() - {failure.code}
    return failure.place.startswith("email/") and any(codes & of_templates for codes in errors.values())


def has_errors(problems: Sequence[Problem]) -> bool:
    """Whether the letter must not go."""
    return any(problem.level == "error" for problem in problems)


def _order(problem: Problem) -> tuple[str, str, int]:
    path, _, line = problem.place.rpartition(":")
    return (problem.level, path, int(line)) if line.isdecimal() else (problem.level, problem.place, 0)
