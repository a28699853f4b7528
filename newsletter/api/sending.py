"""A send as another program asks for it, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from newsletter.errors import SendError

if TYPE_CHECKING:
    from newsletter.ledger import Send, SendCounts
    from newsletter.models import Problem
    from newsletter.wiring import Workspace
    from newsletter.workflows.plan import Plan


@dataclass(frozen=True, slots=True)
class SendReport:
    """What a send did, or in a dry run would do."""

    issue: int
    """Number of the issue."""
    list: str
    """Name of the list, for example ``readers``."""
    rhythm: str
    """Whom it goes to: ``weekly``, ``daily``, ``instant``, or ``all``."""
    state: str
    """``planned`` when nothing is frozen (a dry run); else the state of the send, as docs/words.md draws it:
    ``scheduled``, ``running``, ``paused``, ``finished`` or ``cancelled``."""
    audience: int
    """Subscribers who get a letter."""
    sent_now: int = 0
    """Letters that the provider took during this call."""
    submitted: int = 0
    """Letters that the provider has taken since the send began."""
    refused: int = 0
    """Letters that the provider will not take."""
    unknown: int = 0
    """Letters whose fate nobody knows; they are never sent again by themselves."""
    skipped: int = 0
    """Deliveries that need no letter any more: the person left, paused, or was suppressed meanwhile."""
    open: int = 0
    """Letters that still have to go."""
    send_id: str = ""
    """Public id of the send, as ``newsletter sends`` shows it; empty in a dry run of what has not begun."""
    undone: bool = False
    """Whether it was cancelled before it went to anybody, so that the issue can be sent as if it never had been."""
    problems: Sequence[Problem] = field(default=())
    """What the check found; an error among them keeps the issue from going."""

    @property
    def ready(self) -> bool:
        """Whether nothing keeps it from going."""
        return not any(problem.level == "error" for problem in self.problems)


def send(
    workspace: Workspace,
    path: str,
    *,
    list_name: str,
    rhythm: str,
    dry_run: bool,
    at: datetime | None,
    rest: bool = False,
    with_this_sender: bool = False,
    progress: Callable[[str, int], None] | None,
) -> SendReport:
    """Send an issue, or tell what would happen; ``Newsroom.send`` says what each argument means.

    Args:
        workspace: The open workspace.
        path: Path of the issue.md; empty takes the newest issue that has not gone yet.
        list_name: Another list than the one the issue names; empty for that one.
        rhythm: ``weekly`` or ``all``.
        dry_run: Write nothing.
        at: The aware moment at which it starts; None at once.
        rest: Send it to those who have had none of a cancelled send.
        with_this_sender: Go on through the sender of the settings, though it was begun through another one.
        progress: Told of a state and how many letters reached it; None for nobody.

    Raises:
        IssueError, RenderError: The issue gives no letter.
        UnknownList: No such list.
        SendError: It cannot start, or cannot go on.
        DatabaseError: The ledger cannot be written.
    """
    from newsletter import delivery, ledger
    from newsletter.check import has_errors
    from newsletter.workflows import cancelling
    from newsletter.workflows import plan as plans

    if at is not None and at.tzinfo is None:
        raise SendError("the moment to start has no time zone", mend="give an aware datetime")
    if not dry_run:
        with workspace.database.write() as connection:
            ledger.start_due(connection, workspace.now())
        cancelling.free_undone(workspace)
    chosen = plans.choose(workspace, path, list_name=list_name, rhythm=rhythm)
    plan = plans.make(workspace, chosen, list_name=list_name, rhythm=rhythm, rest=rest)
    if plan.earlier is not None and with_this_sender and not dry_run:
        with workspace.database.write() as connection:
            agreed = delivery.agree_to_sender(workspace.setup_of(plan.earlier), connection, plan.earlier)
        plan = replace(plan, earlier=agreed)
    if dry_run or (plan.earlier is not None and not _goes_on(plan.earlier)):
        return _report(plan, plan.earlier, plan.account)
    if plan.earlier is not None and at is not None:
        raise SendError(f"issue {chosen.number} is on its way already", mend="send it on without a moment")
    if plan.earlier is None and not has_errors(plan.problems):
        plan, _, _ = plans.look_again(workspace, plan)  # what its sites took back meanwhile must not go
    if has_errors(plan.problems):
        raise _unfit(plan)
    send = plan.earlier if plan.earlier is not None else plans.freeze_plan(workspace, plan, send_at=at)
    if not _goes_on(send):
        return _report(plan, send, None)
    settled: dict[str, int] = {}

    def step(state: str, count: int) -> None:
        settled[state] = settled.get(state, 0) + count
        if progress is not None:
            progress(state, count)

    account = delivery.run(workspace.setup_of(send), send, step)
    with workspace.database.read() as connection:
        state = ledger.state_of(connection, send.id)
    return _report(plan, replace(send, state=state), account, sent_now=settled.get("submitted", 0))


def cancel(workspace: Workspace, name: str) -> SendReport:
    """End a send for good; ``Newsroom.cancel`` says what that means.

    Args:
        workspace: The open workspace.
        name: The public id of the send, or the number of its issue.

    Raises:
        SendError: None is called so, or it has come to its end already.
        DatabaseRestoredError: The database was restored, and does not know what has gone since.
    """
    from newsletter.workflows import cancelling
    from subscribers import store

    ended = cancelling.cancel(workspace, name)
    with workspace.database.read() as connection:
        target = store.list_by_id(connection, ended.send.list_id)
    send, account = ended.send, ended.account
    return SendReport(
        issue=int(send.issue) if send.issue.isdecimal() else 0,
        list=target.name,
        rhythm=send.rhythm,
        state=send.state,
        audience=send.audience,
        submitted=account.submitted,
        refused=account.refused,
        unknown=account.unknown,
        skipped=account.skipped,
        open=account.open,
        send_id=send.public_id,
        undone=ended.undone,
    )


def refreeze(workspace: Workspace, name: str, *, dry_run: bool) -> SendReport:
    """Freeze an issue anew that waits; ``Newsroom.refreeze`` says what that means.

    Args:
        workspace: The open workspace.
        name: The public id of the send, or the number of its issue.
        dry_run: Write nothing.

    Raises:
        IssueError, RenderError: The issue gives no letter.
        SendError: None is called so, it does not wait, something of it has gone, or the check finds errors.
    """
    from newsletter.check import has_errors
    from newsletter.workflows import refreeze as anew

    prepared = anew.prepare(workspace, name)
    if dry_run:
        send = replace(prepared.old, audience=prepared.audience)
        return _report(prepared.plan, send, None)
    if has_errors(prepared.plan.problems):
        raise _unfit(prepared.plan)
    return _report(prepared.plan, anew.carry_out(workspace, prepared), None)


def _unfit(plan: Plan) -> SendError:
    codes = ", ".join(dict.fromkeys(one.code for one in plan.problems if one.level == "error"))
    return SendError(f"cannot go like this: {codes}", where=plan.issue.path, mend="check() tells each with its mend")


def _report(plan: Plan, send: Send | None, account: SendCounts | None, *, sent_now: int = 0) -> SendReport:
    return SendReport(
        issue=plan.issue.number,
        list=plan.target.name,
        rhythm=plan.rhythm,
        state=send.state if send is not None else "planned",
        audience=send.audience if send is not None else plan.audience,
        sent_now=sent_now,
        submitted=account.submitted if account is not None else 0,
        refused=account.refused if account is not None else 0,
        unknown=account.unknown if account is not None else 0,
        skipped=account.skipped if account is not None else 0,
        open=account.open if account is not None else send.audience if send is not None else 0,
        send_id=send.public_id if send is not None else "",
        problems=tuple(plan.problems),
    )


def _goes_on(send: Send) -> bool:
    """Whether a send is delivered by a further call: it runs, or waits for its provider to take letters again."""
    from newsletter import delivery

    return send.state == "running" or delivery.is_braked(send)
