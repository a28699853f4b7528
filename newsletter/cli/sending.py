"""The command that sends."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli.accounts import account_data, problem_lines
from newsletter.cli.acting import at_terminal, note_act
from newsletter.cli.app import FOUND_ERRORS, workspace_of
from newsletter.cli.delivering import ask_for_number, deliver_now, send_test, tell_edited
from newsletter.cli.options import (
    AsJson,
    IssueName,
    SendRhythm,
    ToOtherList,
    ToRhythm,
    WithoutWithdrawn,
    WithThisSender,
)
from newsletter.cli.outcome import account_words, exit_of, way_on
from newsletter.cli.output import json_data, plural, say
from newsletter.cli.restoring import AfterRestore, before_freezing, take_restored
from newsletter.cli.speaking import complaint_lines
from newsletter.cli.trying import plan_data, tell_frozen, would_try
from newsletter.errors import NotApprovedError, SendError
from newsletter.text.dates import in_zone
from newsletter.text.sentences import joined, said

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.cli.outcome import DeliveryOutcome
    from newsletter.ledger import Send, SendCounts
    from newsletter.models import Issue
    from newsletter.wiring import Workspace
    from newsletter.workflows.plan import Plan
    from newsletter.workflows.snapshot import Snapshot


def send(
    context: typer.Context,
    name: IssueName = "",
    list_name: ToOtherList = "",
    rhythm: ToRhythm = SendRhythm.WEEKLY,
    test: Annotated[str, typer.Option(metavar="ADDRESS", help="Send the letter to this address only.")] = "",
    at: Annotated[
        str, typer.Option("--at", metavar="MOMENT", help="Freeze now, start at '2026-11-26 18:00' (site's zone).")
    ] = "",
    here: Annotated[bool, typer.Option("--here", help="Deliver from here, also when workers run.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Tell what would happen, write nothing.")] = False,
    without_withdrawn: WithoutWithdrawn = False,
    rest: Annotated[
        bool, typer.Option("--rest", help="Of a cancelled issue: send it to those who have had none, as it stands now.")
    ] = False,
    with_this_sender: WithThisSender = False,
    after_restore: AfterRestore = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask (for cron).")] = False,
    as_json: AsJson = False,
) -> None:
    """Send an issue to its list: each subscriber gets it once, whatever happens in between.

    Without ISSUE the newest one that has not gone yet, if none went after it. The letter and the list of subscribers
    are frozen first; a send that was interrupted goes on where it stopped, with the same letter. Exit codes: 0 all
    taken, 3 the check found errors, 4 some letters were refused or are unknown, 5 nothing sent though something was due
    (paused, cancelled, nobody to ask), 75 stopped in the middle, run the same command again.

    \b
    Examples:
      newsletter send --test me@example.org
      newsletter send 12 --dry-run
      newsletter send 12 --yes
      newsletter send 12 --at "2026-11-26 18:00"
      newsletter send 12 --rest
    """
    from newsletter.check import has_errors
    from newsletter.cli.moment import moment
    from newsletter.workflows import cancelling
    from newsletter.workflows import plan as plans
    from newsletter.workflows.snapshot import Snapshot

    with workspace_of(context) as workspace:
        send_at = moment(at, workspace.zone, workspace.now()) if at else None
        take_restored(workspace, yes=yes, wanted=after_restore and not dry_run)
        _start_due(workspace)
        for one in cancelling.free_undone(workspace):
            say(said("note: issue {issue} was cancelled and went to nobody: it can be sent again", issue=one.issue))
        snapshot = Snapshot.take(workspace)
        issue = plans.choose(workspace, name, list_name=list_name, rhythm=rhythm.value, snapshot=snapshot)
        if test:
            _test(workspace, issue.path, test, list_name)
            return
        if without_withdrawn and not dry_run:
            issue, snapshot = _without_withdrawn(workspace, issue, snapshot)
        plan = plans.make(workspace, issue, list_name=list_name, rhythm=rhythm.value, rest=rest, snapshot=snapshot)
        tell_edited(workspace, plan.earlier)
        if plan.earlier is not None and not _goes_on(plan.earlier):
            _leave(workspace, plan, as_json)
            return
        for line in problem_lines(plan.problems):
            say(line)
        if has_errors(plan.problems):
            say(said("Issue {number} cannot go like this.", number=issue.number))
            _end(plan, None, as_json, FOUND_ERRORS)
        if plan.earlier is None:
            before_freezing(workspace, plan, after_restore=after_restore, dry_run=dry_run)
            _approved(workspace, plan, dry_run=dry_run)
        if dry_run:
            say(_would(plan, workspace.sender.name))
            if as_json:
                json_data(_account(plan, plan.earlier, plan.account, sent_now=0, code=0))
            return
        if plan.earlier is None:
            plan = _agreed(workspace, plan, yes=yes, drop_withdrawn=without_withdrawn)
        if send_at is not None:
            _schedule(workspace, plan, send_at, as_json)
            return
        _run(workspace, plan, as_json, here=here, with_this_sender=with_this_sender, asks=not yes)


def _approved(workspace: Workspace, plan: Plan, *, dry_run: bool) -> None:
    """Say early that a letter needs an approval which it does not have."""
    from newsletter.workflows import approving

    try:
        with workspace.database.read() as connection:
            approving.refuse(workspace, connection, str(plan.issue.number), plan.fingerprint)
    except NotApprovedError as error:
        if not dry_run:
            raise
        for line in complaint_lines(error):
            say(said("note: {line}", line=line))


def _goes_on(earlier: Send) -> bool:
    """Whether this command goes on with a send: it runs, or its brake holds it and a try may let it go."""
    from newsletter.delivery import is_braked

    return earlier.state == "running" or is_braked(earlier)


def _leave(workspace: Workspace, plan: Plan, as_json: bool) -> None:
    """Say how a send stands that this command does not go on with, and end with the exit code that follows."""
    assert plan.earlier is not None
    assert plan.account is not None
    if plan.earlier.paused_by == "trial":
        with workspace.database.read() as connection:
            workspace.memory.refuse_behind(connection)  # what it waits for may have come and gone
    say(_already(workspace, plan))
    code = exit_of(plan.earlier, plan.account)
    if as_json:
        json_data(_account(plan, plan.earlier, plan.account, sent_now=0, code=code))
    if code:
        raise typer.Exit(code)


def _end(plan: Plan, done: DeliveryOutcome | None, as_json: bool, code: int) -> None:
    """Print what came of it as data, and end with an exit code."""
    if as_json and done is not None:
        json_data(_account(plan, done.send, done.account, sent_now=done.sent_now, code=code))
    elif as_json:
        json_data(_account(plan, plan.earlier, plan.account, sent_now=0, code=code))
    if code:
        raise typer.Exit(code)


def _agreed(workspace: Workspace, plan: Plan, *, yes: bool, drop_withdrawn: bool) -> Plan:
    """The plan as it may go: agreed to, and looked at again on its sites; what they changed meanwhile is asked anew."""
    from newsletter.workflows import plan as plans

    while True:
        if not yes:
            say(_would(plan, workspace.sender.name))
            ask_for_number(plan.issue, nobody=said(" to send it without asking"), refused="Nothing sent.")
        elif plan.trial is not None:
            for line in would_try(plan):
                say(line)
        before = plan
        plan, looked, dropped = plans.look_again(workspace, plan, drop_withdrawn=drop_withdrawn)
        for line in (
            *looked.notes,
            *(said("«{headline}» was taken out of the draft", headline=headline) for headline in dropped),
        ):
            say(said("note: {line}", line=line))
        if plan.problems != before.problems:
            for line in problem_lines(plan.problems):
                say(line)
        if not plan.ready:
            say(said("Issue {number} cannot go like this. Nothing sent.", number=plan.issue.number))
            raise typer.Exit(FOUND_ERRORS)
        if yes or plan is before:
            return plan


def _without_withdrawn(workspace: Workspace, issue: Issue, snapshot: Snapshot) -> tuple[Issue, Snapshot]:
    """The issue without what its sites took back, as far as is known by now."""
    from pathlib import Path

    from newsletter.workflows import renewing

    issue, dropped = renewing.without_withdrawn(workspace, issue)
    for headline in dropped:
        say(said("note: «{headline}» was taken out of the draft", headline=headline))
    return issue, snapshot.with_file(Path(issue.path)) if dropped else snapshot


def _start_due(workspace: Workspace) -> None:
    """A send whose moment has come runs, also when no worker is there to start it, or to decide its trial."""
    from newsletter import ledger
    from newsletter.workflows import deciding

    deciding.decide_due(workspace, say)
    with workspace.database.write() as connection:
        ledger.start_due(connection, workspace.now())


def _schedule(workspace: Workspace, plan: Plan, send_at: datetime, as_json: bool) -> None:
    from newsletter.workflows import plan as plans

    if plan.earlier is not None:
        raise SendError(
            said("issue {number} is on its way already", number=plan.issue.number), mend="send it on without --at"
        )
    sent = plans.freeze_plan(workspace, plan, send_at=send_at, by=at_terminal())
    when = in_zone(send_at, workspace.zone)
    tell_frozen(workspace, plan, sent, when)
    number = plan.issue.number
    say(said("A running newsletter worker starts it then; without one, run: newsletter send {number}", number=number))
    if as_json:
        json_data(_account(plan, sent, None, sent_now=0, code=0))


def _run(workspace: Workspace, plan: Plan, as_json: bool, *, here: bool, with_this_sender: bool, asks: bool) -> None:
    """Freeze a send, or go on with the one there is, and deliver it."""
    sent, plan = (plan.earlier, plan) if plan.earlier is not None else _frozen(workspace, plan)
    if plan.earlier is not None:
        if not _goes_on(sent):
            _leave(workspace, plan, as_json)
            return
        assert plan.account is not None
        still = said("{open} of {total}", open=f"{plan.account.open:,}", total=f"{plan.account.total:,}")
        say(said("Going on with issue {number}: {still} are still to go.", number=plan.issue.number, still=still))
    done = deliver_now(
        workspace,
        sent,
        again=f"newsletter send {plan.issue.number}",
        here=here,
        with_this_sender=with_this_sender,
        asks=asks,
        at_once=True,
    )
    _end(plan, done, as_json, done.exit)


def _frozen(workspace: Workspace, plan: Plan) -> tuple[Send, Plan]:
    """The send, frozen now, or by another run that was quicker; and the plan, which says then what that one froze."""
    from newsletter.ledger import FrozenError
    from newsletter.workflows import plan as plans

    try:
        sent = plans.freeze_plan(workspace, plan, by=at_terminal())
    except FrozenError:
        plan = plans.make(workspace, plan.issue, list_name=plan.target.name, rhythm=plan.rhythm, rest=plan.rest)
        if plan.earlier is None:
            raise
        say(said("note: another run was quicker and has frozen issue {number} already", number=plan.issue.number))
        return plan.earlier, plan
    tell_frozen(workspace, plan, sent)
    return sent, plan


def _test(workspace: Workspace, path: str, address: str, list_name: str) -> None:
    from pathlib import Path

    from newsletter import issues
    from newsletter.workflows.check import inspect

    issue = issues.read(Path(path))
    # Where an editor looks at the pictures, pages that do not give them are to be told.
    inspected = inspect(workspace, issue, list_name=list_name, before_send=workspace.settings.hosts_pictures)
    if inspected.failure is not None:
        raise inspected.failure
    for line in problem_lines(inspected.problems):
        say(line)
    send_test(workspace, replace(issue, list=list_name or issue.list), address)
    note_act(workspace, "test", issue.number)


def _would(plan: Plan, sender: str) -> str:
    if plan.earlier is not None and plan.account is not None:
        return said(
            "Would go on with issue {number}: {open} of {total} to go.",
            number=plan.issue.number,
            open=f"{plan.account.open:,}",
            total=f"{plan.account.total:,}",
        )
    whom = plural(plan.audience, "subscriber")
    none = (
        said("; {skipped} chose none of its sections and get nothing", skipped=f"{plan.skipped:,}")
        if plan.skipped
        else ""
    )
    goes = said(
        "Issue {number} «{subject}» would go to {whom} of '{name}' through {sender}{none}.",
        number=plan.issue.number,
        subject=plan.issue.subject,
        whom=whom,
        name=plan.target.name,
        sender=sender,
        none=none,
    )
    return joined([goes, *would_try(plan)], "\n")


def _already(workspace: Workspace, plan: Plan) -> str:
    assert plan.earlier is not None
    assert plan.account is not None
    sent, zone = plan.earlier, workspace.zone
    if sent.state == "scheduled" and sent.send_at is not None:
        return said(
            "Issue {number} is frozen and starts {moment}. Start it now with: newsletter sends resume {number}",
            number=plan.issue.number,
            moment=in_zone(sent.send_at, zone),
        )
    if sent.state in {"paused", "cancelled"}:
        return said("Nothing sent now. {way_on}", way_on=way_on(sent, plan.account, zone))
    when = in_zone(sent.finished or sent.created, zone)
    if not plan.account.submitted and (plan.account.refused or plan.account.unknown):
        words = said(
            "Of issue {number} to '{name}' no letter was taken ({when}).",
            number=plan.issue.number,
            name=plan.target.name,
            when=when,
        )
    else:
        words = said(
            "Issue {number} went to '{name}' already ({state}, {when}).",
            number=plan.issue.number,
            name=plan.target.name,
            state=said(sent.state),
            when=when,
        )
    return said("{words} {account_words} Nothing sent now.", words=words, account_words=account_words(plan.account))


def _account(plan: Plan, sent: Send | None, account: SendCounts | None, *, sent_now: int, code: int) -> dict[str, Any]:
    return {
        "issue": plan.issue.number,
        "list": plan.target.name,
        "rhythm": plan.rhythm,
        "send": sent.public_id if sent is not None else None,
        "state": sent.state if sent is not None else None,
        "audience": sent.audience if sent is not None else plan.audience,
        "sent_now": sent_now,
        "trial": plan_data(plan),
        "exit": code,
        **account_data(account),
    }
