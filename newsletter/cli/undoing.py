"""Commands that undo: a send that ends for good and frees what nobody has got, and a letter that is frozen anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli.accounts import account_data, problem_lines
from newsletter.cli.acting import at_terminal
from newsletter.cli.app import FOUND_ERRORS, workspace_of
from newsletter.cli.options import AsJson, SendName
from newsletter.cli.output import ask, json_data, plural, say
from newsletter.text.dates import in_zone

if TYPE_CHECKING:
    from newsletter.ledger import Send, SendCounts, UndoOutcome


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
    from newsletter.workflows import cancelling

    with workspace_of(context) as workspace:
        with workspace.database.read() as connection:
            send = ledger.named(connection, name)
            workspace.memory.refuse_behind(connection)
            account = ledger.account(connection, send.id)
        if send.state in ledger.UNFINISHED and not yes:
            say(_would(send, account))
            if ask(f"Type {send.issue} to cancel it, anything else to stop") != send.issue:
                say("Nothing changed.")
                raise typer.Exit(1)
        ended = cancelling.cancel(workspace, send.public_id, by=at_terminal())
    for line in cancelled_words(ended):
        say(line)
    if as_json:
        json_data(_data(ended))


def refreeze(
    context: typer.Context,
    name: SendName,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Tell what would happen, write nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Freeze an issue anew that was edited since: its letter and its readers as they are now, at the hour it had.

    Only while nothing of it has gone. The issue is checked and rendered as for `send`; the new send has an id of its
    own, and the old one is cancelled in the same step. Exit code 3: the check found errors.

    \b
    Examples:
      newsletter sends refreeze 12 --dry-run
      newsletter sends refreeze 12 --yes
    """
    from newsletter.check import has_errors
    from newsletter.workflows import refreeze as anew

    with workspace_of(context) as workspace:
        prepared = anew.prepare(workspace, name)
        old, plan = prepared.old, prepared.plan
        for line in problem_lines(plan.problems):
            say(line)
        say(
            f"Issue {old.issue} «{plan.issue.subject}»: {'edited' if prepared.edited else 'not edited'} since it was "
            f"frozen; {old.audience:,} subscribers then, {prepared.audience:,} now."
        )
        if has_errors(plan.problems):
            say(f"Issue {old.issue} cannot go like this. It stays as it was frozen.")
            raise typer.Exit(FOUND_ERRORS)
        told = {"issue": old.issue, "replaces": old.public_id, "edited": prepared.edited, "before": old.audience}
        if dry_run:
            if as_json:
                json_data({**told, "send": None, "state": old.state, "audience": prepared.audience})
            return
        if not yes and ask(f"Type {old.issue} to freeze it anew, anything else to stop") != old.issue:
            say("Nothing changed.")
            raise typer.Exit(1)
        new = anew.carry_out(workspace, prepared, by=at_terminal())
        starts = f", starts {in_zone(new.send_at, workspace.zone)}" if new.send_at is not None else ""
    say(f"Frozen anew: issue {new.issue}, {plural(new.audience, 'subscriber')}, {new.state}{starts} ({new.public_id}).")
    if as_json:
        json_data({**told, "send": new.public_id, "state": new.state, "audience": new.audience})


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
