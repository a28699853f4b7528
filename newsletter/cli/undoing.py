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
from newsletter.text.sentences import counted, said

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
            if ask(said("Type {issue} to cancel it, anything else to stop", issue=send.issue)) != send.issue:
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
            said(
                "Issue {issue} «{subject}»: {edited} since it was frozen; {before} subscribers then, {audience} now.",
                issue=old.issue,
                subject=plan.issue.subject,
                edited=said("edited") if prepared.edited else said("not edited"),
                before=f"{old.audience:,}",
                audience=f"{prepared.audience:,}",
            )
        )
        if has_errors(plan.problems):
            say(said("Issue {issue} cannot go like this. It stays as it was frozen.", issue=old.issue))
            raise typer.Exit(FOUND_ERRORS)
        told = {"issue": old.issue, "replaces": old.public_id, "edited": prepared.edited, "before": old.audience}
        if dry_run:
            if as_json:
                json_data({**told, "send": None, "state": old.state, "audience": prepared.audience})
            return
        if not yes and ask(said("Type {issue} to freeze it anew, anything else to stop", issue=old.issue)) != old.issue:
            say("Nothing changed.")
            raise typer.Exit(1)
        new = anew.carry_out(workspace, prepared, by=at_terminal())
        state: str = said(new.state)
        if new.send_at is not None:
            state = said("{state}, starts {moment}", state=state, moment=in_zone(new.send_at, workspace.zone))
    say(
        said(
            "Frozen anew: issue {issue}, {subscribers}, {state} ({public_id}).",
            issue=new.issue,
            subscribers=plural(new.audience, "subscriber"),
            state=state,
            public_id=new.public_id,
        )
    )
    if as_json:
        json_data({**told, "send": new.public_id, "state": new.state, "audience": new.audience})


def cancelled_words(ended: UndoOutcome) -> list[str]:
    """What came of a cancel, and what can be done next.

    Args:
        ended: As ``ledger.cancel`` gave it.
    """
    issue, account = ended.send.issue, ended.account
    if ended.undone:
        again = (
            said("edit it, then: newsletter send {issue}", issue=issue)
            if issue.isdecimal()
            else said("its articles wait for the next one")
        )
        return [
            said(
                "Issue {issue} is cancelled and undone, it went to nobody. Its stories and its week are free; {again}",
                issue=issue,
                again=again,
            )
        ]
    whom: str = counted("{n} subscriber has it", "{n} subscribers have it", account.submitted)
    left = account.total - account.submitted - account.unknown
    if account.unknown:
        whom = said("{whom}, of {unknown} nobody knows", whom=whom, unknown=f"{account.unknown:,}")
    lines: list[str] = [
        said("Issue {issue} is cancelled: {whom}, {left} do not get it.", issue=issue, whom=whom, left=f"{left:,}")
    ]
    if ended.doubted:
        lines.append(
            counted(
                "{n} letter was under way. See whose with: newsletter sends show {public_id} --unknown",
                "{n} letters were under way. See whose with: newsletter sends show {public_id} --unknown",
                ended.doubted,
                public_id=ended.send.public_id,
            )
        )
    lines.append(
        said(
            "To send it, as issue.md stands then, to those who have had none: newsletter send {issue} --rest",
            issue=issue,
        )
        if issue.isdecimal()
        else said("Those who have had none get its articles with their next letter.")
    )
    return lines


def _would(send: Send, account: SendCounts) -> str:
    none = account.submitted + account.unknown + account.submitting == 0
    if none:
        return said(
            "Issue {issue} has gone to nobody: {letters} will not go, and its stories and its week are free again.",
            issue=send.issue,
            letters=plural(account.open, "letter"),
        )
    whom: str = plural(account.submitted, "subscriber")
    if account.unknown:
        whom = said("{whom}, of {unknown} nobody knows", whom=whom, unknown=f"{account.unknown:,}")
    if account.submitting:
        whom = said("{whom}, {number} are under way and may arrive", whom=whom, number=f"{account.submitting:,}")
    return said(
        "Issue {issue} has gone to {whom}; {letters} will not go. What has gone cannot be called back.",
        issue=send.issue,
        whom=whom,
        letters=plural(account.queued, "letter"),
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
