"""Subjects proposed for an issue of the workspace, and one of them written into its file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.errors import IssueError
from newsletter.issues import Manuscript
from newsletter.subjects import SubjectProposal, propose
from newsletter.workflows.snapshot import Snapshot

if TYPE_CHECKING:
    from newsletter.models import Issue
    from newsletter.wiring import Workspace


def proposals(workspace: Workspace, issue: Issue) -> tuple[SubjectProposal, ...]:
    """What could be the subject of an issue; none repeats that of the last letter to its list.

    Args:
        workspace: The workspace.
        issue: As its file says.
    """
    snapshot = Snapshot.take(workspace)
    target = next((one.id for one in snapshot.lists if one.name == issue.list), None)
    others = [one for one in snapshot.sends if one.list_id == target and one.issue != str(issue.number)]
    last = max(others, key=lambda one: (one.created, one.id), default=None)
    return propose(
        issue, workspace.settings.publication_of(issue.list), last_subject=last.subject if last is not None else ""
    )


def use(issue: Issue, proposal: SubjectProposal) -> Issue:
    """Write a proposal into the issue's file; every other byte stays.

    Args:
        issue: As its file says.
        proposal: One of its proposals; an empty preheader leaves the one that is there.

    Returns:
        The issue as its file is then.

    Raises:
        IssueError: The file cannot be understood or written, somebody else changed it meanwhile, or several subjects
            are tried in it.
    """
    if issue.subjects:
        raise IssueError(
            "has several subjects that are tried",
            where=f"{issue.path}:{issue.lines.get('subjects', 1)}",
            mend="write the proposal into subjects = [...] yourself",
        )
    manuscript = Manuscript.read(Path(issue.path)).with_value("subject", proposal.subject)
    if proposal.preheader:
        manuscript = manuscript.with_value("preheader", proposal.preheader)
    manuscript.save()
    return manuscript.issue
