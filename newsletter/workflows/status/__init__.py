"""How a workspace is: what runs, waits, stopped or is in doubt, and what of it needs a person.

``workspace_state`` reads it, ``findings_of`` judges it (pure), ``findings`` does both. The command ``newsletter
status``, the alerts, the metrics and the answers about health are all made of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from newsletter.errors import NashraError
from newsletter.workflows.status.findings import Finding
from newsletter.workflows.status.judging import away, findings_of
from newsletter.workflows.status.reading import WorkspaceState, workspace_state

if TYPE_CHECKING:
    from newsletter.wiring import Workspace

__all__ = ["Finding", "WorkspaceState", "away", "findings", "findings_of", "workspace_state"]


def findings(workspace: Workspace) -> Sequence[Finding]:
    """What is to be said of a workspace now, what needs a person first; a database that is away is a finding too.

    Args:
        workspace: An open workspace.
    """
    try:
        return findings_of(workspace_state(workspace))
    except NashraError as error:
        return [away(error)]
