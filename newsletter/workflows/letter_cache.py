"""Letters of one run, each made and checked once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from newsletter.check import CheckContext, check
from newsletter.models import Issue, Letter, Problem
from newsletter.workflows import letter as letters

if TYPE_CHECKING:
    from newsletter.wiring import Workspace

_Key = tuple[object, ...]


class LetterCache:
    """Makes the letters of issues, each only once, and looks at each only once.

    Two issues give one letter when they say the same: subject, preheader, template, opening and sections. Their number
    is not looked at, so one cache serves the issues of one number.

    Args:
        workspace: The workspace.
        now: The moment for which letters are checked, timezone-aware.
        made: Issues with letters that were made and checked before.
    """

    def __init__(self, workspace: Workspace, now: datetime, made: Iterable[tuple[Issue, Letter]] = ()) -> None:
        self.workspace = workspace
        self.now = now
        self._letters: dict[_Key, Letter] = {}
        self._errors: dict[_Key, tuple[Problem, ...]] = {}
        for issue, letter in made:
            self._letters[_key(issue)], self._errors[_key(issue)] = letter, ()

    def letter(self, issue: Issue) -> Letter:
        """The letter of an issue.

        Args:
            issue: Whole, or cut for those who chose some of its topics.

        Raises:
            IssueError: A picture or template it names is not there.
            RenderError: A template that gives no letter.
        """
        key = _key(issue)
        if key not in self._letters:
            self._letters[key] = letters.of_issue(self.workspace, issue)
        return self._letters[key]

    def errors(self, issue: Issue) -> tuple[Problem, ...]:
        """What keeps the letter of an issue from going: errors, no warnings; nothing for one that was made before.

        Args:
            issue: As for ``letter``.

        Raises:
            IssueError, RenderError: It gives no letter.
        """
        letter, key = self.letter(issue), _key(issue)
        if key not in self._errors:
            known = CheckContext(publication=self.workspace.settings.publication_of(issue.list), now=self.now)
            self._errors[key] = tuple(one for one in check(issue, letter, known) if one.level == "error")
        return self._errors[key]


def _key(issue: Issue) -> _Key:
    return (
        issue.list,
        issue.subject,
        issue.preheader,
        issue.template,
        tuple(issue.theme.items()),
        issue.opening,
        issue.sections,
    )
