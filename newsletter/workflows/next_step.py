"""What waits in a workspace, in short, and the command that comes next: what ``newsletter`` alone says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter import library
from newsletter.errors import IssueError
from newsletter.text.sentences import Sentence, counted, said
from newsletter.workflows import draft
from newsletter.workflows.first import PLACE
from newsletter.workflows.snapshot import Snapshot
from newsletter.workflows.status import Finding, findings
from newsletter.workspace.folder import FIRST_LIST
from subscribers import store

if TYPE_CHECKING:
    from newsletter.models import Issue
    from newsletter.wiring import Workspace

_MOST = 3
"""Things that need a person and are told one by one."""


@dataclass(frozen=True, slots=True)
class ListWaiting:
    """One list: its readers and its draft."""

    name: str
    readers: int
    issue: Issue | None = None
    candidates: int = 0
    last: str = ""
    """Number of the issue that was frozen for it last; empty before the first."""


@dataclass(frozen=True, slots=True)
class WorkspaceWaiting:
    """What waits in a workspace."""

    lists: tuple[ListWaiting, ...]
    has_articles: bool
    has_sources: bool
    site: str = ""
    """Address of the site; empty when nobody has named one."""
    broken: str = ""
    """What is wrong with an issue that cannot be understood."""
    needing: tuple[Finding, ...] = ()
    """What needs a person."""


def waiting(workspace: Workspace) -> WorkspaceWaiting:
    """Look what waits; nothing is changed.

    Args:
        workspace: The workspace.

    Raises:
        DatabaseError: The database cannot be used.
    """
    with workspace.database.read() as connection:
        counts = [one for one in store.lists(connection) if one.list.closed is None]
        has_articles = library.newest(connection) > 0
    snapshot = Snapshot.take(workspace)
    lists: list[ListWaiting] = []
    broken = ""
    for count in counts:
        issue, candidates = None, 0
        gone = [one.issue for one in snapshot.sends if one.list_id == count.list.id and not one.undone]
        try:
            issue = draft.current(workspace, count.list.name, snapshot=snapshot)
            candidates = draft.waiting(issue, snapshot=snapshot).waiting if issue is not None else 0
        except IssueError as error:
            broken = str(error)
        lists.append(ListWaiting(count.list.name, count.confirmed, issue, candidates, gone[-1] if gone else ""))
    return WorkspaceWaiting(
        tuple(lists),
        has_articles,
        bool(workspace.settings.collect.sources),
        url if (url := workspace.publication.url) != PLACE else "",
        broken,
        tuple(one for one in findings(workspace) if one.needs_person),
    )


def lines(about: WorkspaceWaiting) -> list[Sentence]:
    """What waits, in words, a line each.

    Args:
        about: What waits.
    """
    told = [
        said(
            "{readers} of the list '{name}'",
            readers=counted("{n} reader", "{n} readers", one.readers),
            name=one.name,
        )
        for one in about.lists
    ]
    for one in about.lists:
        if one.issue is not None:
            told.append(
                said(
                    "Issue {number} of '{name}' is a draft with {stories}; {candidates} to choose from",
                    number=one.issue.number,
                    name=one.name,
                    stories=counted("{n} story", "{n} stories", len(one.issue.stories)),
                    candidates=counted("{n} candidate", "{n} candidates", one.candidates),
                )
            )
        elif one.last:
            told.append(
                said(
                    "Issue {number} of '{name}' was the last; how it went: newsletter report {number}",
                    number=one.last,
                    name=one.name,
                )
            )
    if about.broken:
        told.append(said("An issue cannot be read: {why}", why=about.broken))
    told += [said("Needs you: {what}", what=one.told) for one in about.needing[:_MOST]]
    if (more := len(about.needing) - _MOST) > 0:
        told.append(counted("{n} more thing needs you", "{n} more things need you", more))
    return told


def next_steps(about: WorkspaceWaiting) -> list[str]:
    """The commands that come next, the likeliest first.

    Args:
        about: What waits.
    """
    if about.needing:
        return ["newsletter status"]
    drafts = [one for one in about.lists if one.issue is not None]
    if about.broken:
        return ["newsletter edit", "newsletter check"]
    if drafts:
        return _of_draft(drafts)
    if not about.has_articles:
        return ["newsletter collect" if about.has_sources else f"newsletter collect {about.site or 'FILE'}"]
    return ["newsletter collect", "newsletter compose"] if about.has_sources else ["newsletter compose"]


def _of_draft(drafts: Sequence[ListWaiting]) -> list[str]:
    one = drafts[0]
    assert one.issue is not None
    name = f" {one.issue.number}" if len(drafts) > 1 else ""
    to = "" if one.name == FIRST_LIST else f" --list {one.name}"
    steps = [f"newsletter edit{name}", f"newsletter open{name}"]
    if not one.readers:
        return [*steps, f"newsletter subscribers add ADDRESS{to}"]
    return [*steps, f"newsletter check{name}", f"newsletter send{name}"]
