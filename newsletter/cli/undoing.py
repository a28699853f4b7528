"""The command that ends a send for good, and says what is free again by that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli.accounts import account_data
from newsletter.cli.app import workspace_of
from newsletter.cli.options import AsJson, SendName
from newsletter.cli.output import ask, json_data, plural, say

if TYPE_CHECKING:
    from newsletter.ledger import Send, SendCounts, UndoOutcome
    from newsletter.wiring import Workspace


def cancel(
    context: typer.Context,
    name: SendName,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """End a send for good: what has not gone will not go.

    What went to nobody is undone: the issue, its stories and its week are free, and it can be changed and sent again.
    What went to some can go to the others, as issue.md stands then, with: newsletter send ISSUE --rest. A letter whose
    last byte was under way is unknown from then on.

    \b
    Examples:
      newsletter sends cancel 12
      newsletter sends cancel 12 --yes
    """
    from newsletter import ledger

    with workspace_of(context) as workspace:
        with workspace.database.read() as connection:
            send = ledger.named(connection, name)
            # An older database would call undone what has gone.
            workspace.memory.refuse_behind(connection)
            account = ledger.account(connection, send.id)
        if send.state in ledger.UNFINISHED and not yes:
            say(_would(send, account))
            if ask(f"Type {send.issue} to cancel it, anything else to stop") != send.issue:
                say("Nothing changed.")
                raise typer.Exit(1)
        with workspace.database.write() as connection:
            ended = ledger.cancel(connection, send, reason="by an editor")
        told = cancelled_words(ended)
    for line in told:
        say(line)
    if as_json:
        json_data(_data(ended))


def free_what_is_undone(workspace: Workspace) -> None:
    """Free what cancelled sends still hold though their letters went to nobody, and say so.

    Args:
        workspace: An open workspace.
    """
    from newsletter import ledger

    with workspace.database.read() as connection:
        if not ledger.may_undo(connection):
            return
    with workspace.database.write() as connection:
        undone = ledger.undo_cancelled(connection)
    for one in undone:
        say(f"note: issue {one.issue} was cancelled and went to nobody: it can be sent again")


def cancelled_words(ended: UndoOutcome) -> list[str]:
    """What came of a cancel, and what can be done next.

    Args:
        ended: As ``ledger.cancel`` gave it.
    """
    issue, account = ended.send.issue, ended.account
    if ended.undone:
        again = f"edit it, then: newsletter send {issue}" if issue.isdecimal() else "its articles wait for the next one"
        return [f"Issue {issue} is cancelled and undone, it went to nobody. Its stories and its week are free; {again}"]
    whom = f"{plural(account.submitted, 'subscriber has', 'subscribers have')} it"
    left = account.total - account.submitted - account.unknown
    doubt = f", of {account.unknown:,} nobody knows" if account.unknown else ""
    lines = [f"Issue {issue} is cancelled: {whom}{doubt}, {left:,} do not get it."]
    if ended.doubted:
        see = f"newsletter sends show {ended.send.public_id} --unknown"
        lines.append(f"{plural(ended.doubted, 'letter was', 'letters were')} under way. See whose with: {see}")
    if issue.isdecimal():
        lines.append(f"To send it, as issue.md stands then, to those who have had none: newsletter send {issue} --rest")
    else:
        lines.append("Those who have had none get its articles with their next letter.")
    return lines


def _would(send: Send, account: SendCounts) -> str:
    none = account.submitted + account.unknown + account.submitting == 0
    if none:
        return (
            f"Issue {send.issue} has gone to nobody: {plural(account.open, 'letter')} will not go, and its stories and "
            "its week are free again."
        )
    under_way = f", {account.submitting:,} are under way and may arrive" if account.submitting else ""
    doubt = f", of {account.unknown:,} nobody knows" if account.unknown else ""
    return (
        f"Issue {send.issue} has gone to {plural(account.submitted, 'subscriber')}{doubt}{under_way}; "
        f"{plural(account.queued, 'letter')} will not go. What has gone cannot be called back."
    )


def _data(ended: UndoOutcome) -> dict[str, Any]:
    return {
        "send": ended.send.public_id,
        "issue": ended.send.issue,
        "state": ended.send.state,
        "undone": ended.undone,
        "doubted": ended.doubted,
        **account_data(ended.account),
    }
