"""The letter of an issue sent to an editor alone, marked as a test; one for each subject that is tried."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from newsletter import delivery
from newsletter.workflows.letter import of_issue
from subscribers.addresses import normalise

if TYPE_CHECKING:
    from newsletter.models import Issue
    from newsletter.wiring import Workspace


def send(workspace: Workspace, issue: Issue, address: str) -> list[tuple[str, str]]:
    """Send it; the name of each letter, with its subject.

    Args:
        workspace: An open workspace.
        issue: As its file says, with the list it goes to.
        address: As an editor wrote it.

    Raises:
        AddressError: Not an address.
        SendError: The provider did not take it.
        IssueError, RenderError: The issue gives no letter.
    """
    to = normalise(address).address
    # Subjects are tried on readers, but whoever looks at a test letter wants to see all of them.
    return [
        (delivery.send_test(workspace.delivery_setup, of_issue(workspace, one, test=True), to), one.subject)
        for one in [replace(issue, subject=words) for words in issue.subjects] or [issue]
    ]
