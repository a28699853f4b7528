"""What an address of الإرسال asks for: which issue, to whom, and at which moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from newsletter import issues, ledger
from newsletter.errors import IssueError, SendError
from newsletter.text.wall_clock import readings
from newsletter.workflows import plan as plans

if TYPE_CHECKING:
    from newsletter.desk.request import DeskRequest
    from newsletter.ledger import Send
    from newsletter.models import Issue
    from newsletter.report.page.wording import PageWords
    from newsletter.wiring import Workspace
    from newsletter.workflows.plan import Plan


@dataclass(frozen=True, slots=True)
class SendChoice:
    """What somebody chose on the page."""

    rhythm: str = "weekly"
    rest: bool = False
    """Whether it is for those who have had none of a cancelled send."""
    later: bool = False
    day: str = ""
    hour: str = ""

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> SendChoice:
        """What the fields of a form, or of an address, say."""
        return cls(
            rhythm="all" if fields.get("rhythm") == "all" else "weekly",
            rest=fields.get("rest") == "1",
            later=fields.get("when") == "later",
            day=fields.get("day", "")[:10],
            hour=fields.get("hour", "")[:5],
        )

    @property
    def query(self) -> str:
        """As the end of an address; empty for what is usual."""
        chosen = {"rhythm": self.rhythm} if self.rhythm == "all" else {}
        if self.rest:
            chosen["rest"] = "1"
        return f"?{urlencode(chosen)}" if chosen else ""


def issue_of(workspace: Workspace, slug: str) -> Issue:
    """The issue whose folder has this name.

    Raises:
        IssueError: There is none, or it cannot be understood.
    """
    path = issues.folder_of(workspace.root, slug) / issues.FILE
    if not path.is_file():
        raise IssueError(f"no issue is called {slug!r}")
    return issues.read(path)


def current(workspace: Workspace) -> Issue | None:
    """The issue that goes, or goes next: of an unfinished send, else the newest; None when there is none yet."""
    found = issues.every(workspace.root)
    with workspace.database.read() as connection:
        going = [one.issue for one in ledger.sends_of_issues(connection) if one.state in ledger.UNFINISHED]
    under_way = [one for one in found if str(one.number) in going]
    return next(reversed(under_way or found), None)


def send_of(workspace: Workspace, issue: Issue) -> Send | None:
    """The send of an issue that its page is about: the unfinished one, else the last; None when it may go.

    A cancelled one that went to nobody counts for nothing.
    """
    with workspace.database.read() as connection:
        found = [one for one in ledger.sends_of(connection, str(issue.number)) if not one.undone]
    unfinished = [one for one in found if one.state in ledger.UNFINISHED]
    return next(reversed(unfinished or found), None)


def plan_of(workspace: Workspace, issue: Issue, choice: SendChoice) -> Plan:
    """The plan for what somebody chose.

    Raises:
        NashraError: The issue gives no letter, or its list is closed.
    """
    return plans.make(workspace, issue, list_name="", rhythm=choice.rhythm, rest=choice.rest)


def moment_of(words: PageWords, workspace: Workspace, choice: SendChoice) -> datetime:
    """The moment that was chosen, in the site's zone.

    Raises:
        SendError: It is over, is none, comes twice, or does not come at all.
    """
    try:
        wall = datetime.fromisoformat(f"{choice.day}T{choice.hour}")
    except ValueError:
        raise SendError(words.say("Choose a day and an hour").striptags()) from None
    try:
        found = readings(wall.replace(tzinfo=None), workspace.zone)
    except OverflowError:  # at an end of the calendar
        raise SendError(words.say("Choose a day and an hour").striptags()) from None
    if not found:
        told = words.say("This hour does not come on that day: the clocks jump over it. Choose another one")
        raise SendError(told.striptags())
    if len(found) > 1:
        told = words.say("This hour comes twice on that day: the clocks are set back. Choose another one")
        raise SendError(told.striptags())
    if found[0] <= workspace.now():
        raise SendError(words.say("This moment is over. Choose a later one").striptags())
    return found[0]


def slug_of(request: DeskRequest) -> str:
    """The name of the issue in the address."""
    return request.path["slug"]
