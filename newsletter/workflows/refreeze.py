"""An issue frozen anew that was edited since, while nothing of it has gone: its letter and readers as they are now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from newsletter import issues, ledger
from newsletter.errors import SendError
from newsletter.workflows import plan as plans
from newsletter.workflows.snapshot import Snapshot
from newsletter.workflows.source import changed_since

if TYPE_CHECKING:
    from newsletter.ledger import Send
    from newsletter.wiring import Workspace
    from newsletter.workflows.plan import Plan


@dataclass(frozen=True, slots=True)
class RefreezePlan:
    """What freezing a send anew would do."""

    old: Send
    plan: Plan
    """The issue as it is now, for the same list and rhythm."""
    edited: bool
    """Whether its file was edited since it was frozen, or is gone."""

    @property
    def audience(self) -> int:
        """Subscribers for whom there would be a delivery."""
        return self.plan.audience + self.plan.skipped


def prepare(workspace: Workspace, name: str) -> RefreezePlan:
    """See what freezing a send anew would do; nothing is written.

    Args:
        workspace: An open workspace.
        name: The public id of the send, or the number of its issue.

    Raises:
        SendError: None is called so, or it does not wait any more.
        IssueError, RenderError: The issue gives no letter.
    """
    with workspace.database.read() as connection:
        old = ledger.named(connection, name)
    if old.state not in {"scheduled", "paused"}:
        pause = f"newsletter sends pause {old.public_id}, or " if old.state == "running" else ""
        raise SendError(
            f"the send of issue {old.issue} is {old.state}; only one that waits is frozen anew",
            mend=f"{pause}see: newsletter sends show {old.public_id}",
        )
    snapshot = Snapshot.take(workspace)
    snapshot = replace(snapshot, sends=tuple(one for one in snapshot.sends if one.id != old.id))
    target = next(one.name for one in snapshot.lists if one.id == old.list_id)
    issue = issues.find(workspace.root, old.issue)
    plan = plans.make(workspace, issue, list_name=target, rhythm=old.rhythm, snapshot=snapshot)
    return RefreezePlan(old, plan, changed_since(workspace, old) is not None)


def carry_out(workspace: Workspace, prepared: RefreezePlan, *, by: str = "program") -> Send:
    """Freeze it, at the hour it had, and cancel the old send in the same step.

    Args:
        workspace: An open workspace.
        prepared: With no error among the problems of its plan.
        by: Who does it, for the log of acts.

    Returns:
        The new send.

    Raises:
        SendError: Something of the old one has gone meanwhile.
    """
    new = plans.freeze_plan(workspace, prepared.plan, send_at=prepared.old.send_at, replaces=prepared.old, by=by)
    workspace.memory.undone(prepared.old)
    return new
