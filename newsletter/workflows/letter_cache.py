"""Letters of an issue, each made and checked once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from newsletter.check import Known, check
from newsletter.errors import IssueError, RenderError
from newsletter.models import Letter, Problem, Section
from newsletter.rhythms.topics import Cut
from newsletter.workflows import letter as letters

if TYPE_CHECKING:
    from newsletter.wiring import Workspace


class _LetterCache:
    """Makes the letters of an issue, each only once, and looks at each.

    Args:
        workspace: The workspace.
        now: Aware.
        made: Letters that are there already, by the sections they hold.
    """

    def __init__(self, workspace: Workspace, now: datetime, made: dict[tuple[Section, ...], Letter]) -> None:
        self.workspace = workspace
        self.now = now
        self.problems: dict[Problem, None] = {}
        self._made = made

    def letter(self, cut: Cut, *, strict: bool = True) -> Letter | None:
        """The letter of a cut issue; None when it is for nobody, or cannot go and need not.

        Args:
            cut: How the issue is cut.
            strict: What is wrong with it keeps the issue from going.

        Raises:
            RenderError: It gives no letter, and must.
        """
        if cut.issue is None:
            return None
        if cut.issue.sections not in self._made:
            try:
                letter = letters.of_issue(self.workspace, cut.issue)
            except (RenderError, IssueError):
                if strict:
                    raise
                return None
            found = _found(self.workspace, cut, letter, self.now)
            if found and not strict:
                return None
            self.problems.update(dict.fromkeys(found))
            self._made[cut.issue.sections] = letter
        return self._made[cut.issue.sections]


def _found(workspace: Workspace, cut: Cut, letter: Letter, now: datetime) -> list[Problem]:
    """Errors in one variant; warnings are those of the whole letter, and told there."""
    assert cut.issue is not None
    without = "، ".join(f"«{title}»" for title in cut.without)
    problems = check(cut.issue, letter, Known(publication=workspace.publication, now=now))
    return [
        replace(problem, words=f"{problem.words} (in the letter without {without})")
        for problem in problems
        if problem.level == "error"
    ]
