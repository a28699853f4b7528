"""What the preview shows of one issue: its letter, how an inbox lists it, and what the check says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from newsletter import issues
from newsletter.desk.week import letter as living
from newsletter.desk.week.problems import told
from newsletter.errors import IssueError, NashraError
from newsletter.letters.mime import LEAVE, PREFERENCES, slot
from newsletter.text.mailbox import split_mailbox
from newsletter.workflows import preview
from subscribers import test_link

if TYPE_CHECKING:
    from newsletter.desk.frame import DeskPages
    from newsletter.models import Issue
    from newsletter.wiring import Workspace
    from newsletter.workflows.check import CheckResult


class LetterView:
    """The letter of one issue, as its file is whenever somebody asks.

    Args:
        workspace: The workspace, open.
        path: Its issue.md.
        pages: Of the desk.
    """

    def __init__(self, workspace: Workspace, path: Path, pages: DeskPages) -> None:
        self._workspace = workspace
        self._path = path
        self._pages = pages
        self._letters = living.ShownLetters(workspace)

    def values(self) -> dict[str, Any]:
        """What the page and its parts show."""
        issue, result, faults = self._read()
        words = self._pages.words
        problems = [("bad", words.html(one.what), words.html(one.mend), _line(one.where)) for one in faults]
        seen = {line for *_, line in problems if line}
        for one in sorted(result.problems, key=lambda one: one.level != "error") if result is not None else ():
            line = _line(one.place)
            if line not in seen or one.level != "error":
                problems.append(("bad" if one.level == "error" else "warn", told(words, one), words.html(""), line))
        letter = result.draft if result is not None else None
        sender = self._workspace.settings.sender.from_
        return {
            "issue": issue,
            "subject": issue.subject if issue is not None else "",
            "sender": split_mailbox(sender)[0] or sender,
            "preheader": living.preheader(letter) if letter is not None else "",
            "problems": problems,
            "now": self._workspace.now(),
            "mark": self._etag(),
            "file": f"{self._path.parent.name}/{self._path.name}",
        }

    def letter(self, *, text: bool, dark: bool) -> str:
        """The letter for its frame, or the sentence why there is none.

        Args:
            text: The plain text.
            dark: Its own dark look.
        """
        _, result, _ = self._read()
        letter = result.draft if result is not None else None
        if letter is not None and not text:
            return _anonymous(living.framed(letter, (), dark=dark), letter.marker)
        words, about = self._pages.words, self._pages.words.publication
        said = str(words.say("There is no letter until what is told beside it is mended.").unescape())
        if letter is not None:
            said = _anonymous(letter.rendered.text, letter.marker)
        title = str(words.say("Letter").unescape())
        return living.sheet(said, title=title, language=about.language, direction=about.direction, dark=dark)

    def picture(self, name: str) -> tuple[bytes, str] | None:
        """A picture of the letter by the name of its bytes, with its kind; None when there is no such one.

        Args:
            name: As the letter says it.
        """
        found = self._letters.picture(name)
        if found is None or not found.content_type.startswith("image/"):
            return None
        return found.data, found.content_type

    def _read(self) -> tuple[Issue | None, CheckResult | None, tuple[NashraError, ...]]:
        try:
            issue, faults = issues.Manuscript.read(self._path).draft
        except IssueError as error:
            return None, None, (error, *error.others)
        return issue, self._letters.checked(issue, self._etag()), tuple(faults)

    def _etag(self) -> str:
        return preview.digest(self._path)


def _line(place: str) -> int:
    line = place.rpartition(":")[2]
    return int(line) if line.isdecimal() else 0


def _anonymous(text: str, marker: str) -> str:
    for name in (LEAVE, PREFERENCES):
        text = text.replace(slot(marker, name), test_link.NOBODY)
    return text
