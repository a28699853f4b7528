"""The command that sends."""

from __future__ import annotations

import enum
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli.app import FOUND_ERRORS, STOPPED, App, house
from newsletter.cli.editing import AsJson, IssueName, problem_lines
from newsletter.cli.output import can_ask, errors, json_data, plural, say
from newsletter.cli.posting import post_without_pages
from newsletter.errors import SendError

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.ledger import Account, Send
    from newsletter.wiring import House
    from newsletter.workflows.plan import Plan

PANEL = "Sending"


class Reach(enum.StrEnum):
    """Whom an issue goes to."""

    WEEKLY = "weekly"
    ALL = "all"


ToRhythm = Annotated[Reach, typer.Option("--rhythm", help="all: also to those who asked for daily or instant letters.")]


def add_to(app: App) -> None:
    """Add these commands to the application."""
    from newsletter.cli import weekly

    app.add(send, PANEL)
    app.add(weekly.report, PANEL)


def send(
    context: typer.Context,
    name: IssueName = "",
    list_name: Annotated[str, typer.Option("--list", help="Another list than the one the issue names.")] = "",
    rhythm: ToRhythm = Reach.WEEKLY,
    test: Annotated[str, typer.Option(metavar="ADDRESS", help="Send the letter to this address only.")] = "",
    at: Annotated[
        str, typer.Option("--at", metavar="MOMENT", help="Freeze now, start at '2026-11-26 18:00' (site's zone).")
    ] = "",
    here: Annotated[bool, typer.Option("--here", help="Deliver from here, also when workers run.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Tell what would happen, write nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask (for cron).")] = False,
    as_json: AsJson = False,
) -> None:
    """Send an issue to its list: each subscriber gets it once, whatever happens in between.

    Without ISSUE the newest one that has not gone yet. The letter and the list of subscribers are frozen first; a
    send that was interrupted goes on where it stopped, with the same letter. Exit codes: 3 the check found errors,
    75 stopped in the middle, run the same command again.

    \b
    Examples:
      newsletter send --test me@example.org
      newsletter send 12 --dry-run
      newsletter send 12 --yes
      newsletter send 12 --at "2026-11-26 18:00"
    """
    from newsletter.check import has_errors
    from newsletter.cli.moment import moment
    from newsletter.workflows import plan as plans

    with house(context) as workspace:
        send_at = moment(at, workspace.zone, workspace.now()) if at else None
        _start_due(workspace)
        issue = plans.choose(workspace, name, list_name=list_name, rhythm=rhythm.value)
        if test:
            _test(workspace, issue.path, test)
            return
        plan = plans.make(workspace, issue, list_name=list_name, rhythm=rhythm.value)
        if plan.earlier is not None and plan.earlier.state != "running":
            say(_already(plan))
            if as_json:
                json_data(_account(plan, plan.earlier, plan.account, sent_now=0))
            return
        for line in problem_lines(plan.problems):
            say(line)
        if has_errors(plan.problems):
            say(f"Issue {issue.number} cannot go like this.")
            raise typer.Exit(FOUND_ERRORS)
        if dry_run:
            say(_would(plan, workspace.sender.name))
            if as_json:
                json_data(_account(plan, plan.earlier, plan.account, sent_now=0))
            return
        if plan.earlier is None and not yes:
            _ask(plan, workspace.sender.name)
        if send_at is not None:
            _schedule(workspace, plan, send_at, as_json)
            return
        _run(workspace, plan, as_json, here)


def _start_due(workspace: House) -> None:
    """A send whose moment has come runs, also when no worker is there to start it."""
    from newsletter import ledger

    with workspace.database.write() as connection:
        ledger.start_due(connection, workspace.now())


def _schedule(workspace: House, plan: Plan, send_at: datetime, as_json: bool) -> None:
    from newsletter.workflows import plan as plans

    if plan.earlier is not None:
        raise SendError(f"issue {plan.issue.number} is on its way already", mend="send it on without --at")
    sent = plans.freeze(workspace, plan, send_at=send_at)
    when = f"{send_at.astimezone(workspace.zone):%Y-%m-%d %H:%M %Z}"
    say(f"Frozen: issue {plan.issue.number}, {plural(sent.audience, 'subscriber')}; it starts {when}.")
    say("A running newsletter worker starts it then; without one, run: newsletter send " + str(plan.issue.number))
    if as_json:
        json_data(_account(plan, sent, None, sent_now=0))


def _run(workspace: House, plan: Plan, as_json: bool, here: bool) -> None:
    from newsletter.workflows import plan as plans

    sent = plan.earlier
    if sent is None:
        sent = plans.freeze(workspace, plan)
        say(f"Frozen: issue {plan.issue.number}, {plural(sent.audience, 'subscriber')}.")
    else:
        assert plan.account is not None
        still = f"{plan.account.open:,} of {plan.account.total:,}"
        say(f"Going on with issue {plan.issue.number}: {still} are still to go.")
    sent, account, sent_now = deliver_now(workspace, sent, again=f"newsletter send {plan.issue.number}", here=here)
    if as_json:
        json_data(_account(plan, sent, account, sent_now=sent_now))


def deliver_now(workspace: House, sent: Send, *, again: str, here: bool = False) -> tuple[Send, Account, int]:
    """Deliver what is open of a send, with a bar, and say what came of it; exit when it stops in the middle.

    Args:
        workspace: Open.
        sent: A running send.
        again: The command that goes on with it.
        here: Deliver from here, also when workers are there to do it.

    Returns:
        The send and its account as they are then, and how many letters went now.
    """
    from newsletter import delivery, ledger
    from newsletter.errors import DatabaseError
    from newsletter.workflows import watch

    desk = workspace.desk
    by_workers = not here and watch.workers(workspace)
    with workspace.database.read() as connection:
        open_before = ledger.account(connection, sent.id).open
    settled: dict[str, int] = {}
    failure: BaseException | None = None
    with _stoppable(), _progress(open_before, settled) as progress:
        try:
            if by_workers and not watch.watch(workspace, sent, progress):
                say(f"No worker took anything for {watch.IDLE:.0f} seconds: delivering from here.")
                by_workers = False
            if not by_workers:
                delivery.run(desk, sent, progress)
        except (SendError, DatabaseError, KeyboardInterrupt) as error:
            failure = error
    if failure is not None:
        if by_workers and isinstance(failure, KeyboardInterrupt):
            say(f"No longer watched; the workers go on. See: newsletter sends show {sent.public_id}")
            raise typer.Exit(STOPPED)
        words = "stopped by hand" if isinstance(failure, KeyboardInterrupt) else str(failure)
        say(f"error: {words}")
        say(f"Stopped in the middle; nothing is lost. Go on with: {again}")
        raise typer.Exit(STOPPED)
    with workspace.database.read() as connection:
        account = ledger.account(connection, sent.id)
        sent = next(one for one in ledger.sends(connection) if one.id == sent.id)
    sent_now = settled.get("submitted", 0)
    by = "workers, " if by_workers else ""
    say(_told(account) + f" {plural(sent_now, 'letter')} now, through {by}{workspace.sender.name}.")
    if sent_now:
        tell_outbox(workspace)
    post_without_pages(workspace)
    return sent, account, sent_now


def _test(workspace: House, path: str, address: str) -> None:
    from pathlib import Path

    from newsletter import delivery, issues
    from newsletter.workflows.check import inspect
    from subscribers.addresses import normalise

    inspected = inspect(workspace, issues.read(Path(path)))
    if inspected.failure is not None:
        raise inspected.failure
    assert inspected.letter is not None
    for line in problem_lines(inspected.problems):
        say(line)
    to = normalise(address)
    name = delivery.send_test(workspace.desk, inspected.letter, to.address)
    say(f"One test letter to {to.address} ({name}), through {workspace.sender.name}.")
    tell_outbox(workspace)


def tell_outbox(workspace: House) -> None:
    """Where the letters are when none of them left this machine.

    Args:
        workspace: Open.
    """
    if workspace.settings.sender.kind == "outbox":
        say(f"They stay on this machine, as files in {workspace.settings.outbox / 'new'}")


def _ask(plan: Plan, sender: str) -> None:
    """Name what will happen, and go on only if the editor types the issue's number."""
    say(_would(plan, sender))
    if not can_ask():
        say("Nobody is here to ask; add --yes to send it without asking.")
        raise typer.Exit(2)
    number = str(plan.issue.number)
    answer = typer.prompt(f"Type {number} to send it, anything else to stop", default="", show_default=False, err=True)
    if answer.strip().translate(WESTERN_DIGITS) != number:
        say("Nothing sent.")
        raise typer.Exit(1)


WESTERN_DIGITS = {0x660 + digit: str(digit) for digit in range(10)} | {0x6F0 + digit: str(digit) for digit in range(10)}


def _would(plan: Plan, sender: str) -> str:
    if plan.earlier is not None and plan.account is not None:
        return f"Would go on with issue {plan.issue.number}: {plan.account.open:,} of {plan.account.total:,} to go."
    whom = plural(plan.audience, "subscriber")
    none = f"; {plan.skipped:,} chose none of its sections and get nothing" if plan.skipped else ""
    return (
        f"Issue {plan.issue.number} «{plan.issue.subject}» would go to {whom} of '{plan.target.name}' "
        f"through {sender}{none}."
    )


def _already(plan: Plan) -> str:
    assert plan.earlier is not None
    assert plan.account is not None
    if plan.earlier.state == "scheduled" and plan.earlier.send_at is not None:
        return (
            f"Issue {plan.issue.number} is frozen and starts {plan.earlier.send_at:%Y-%m-%d %H:%M} UTC. "
            f"Start it now with: newsletter sends resume {plan.issue.number}"
        )
    when = f"{plan.earlier.finished or plan.earlier.created:%Y-%m-%d %H:%M} UTC"
    return (
        f"Issue {plan.issue.number} went to '{plan.target.name}' already ({plan.earlier.state}, {when}). "
        f"{_told(plan.account)} Nothing sent now."
    )


def _told(account: Account) -> str:
    counts = (("submitted", account.submitted), ("refused", account.refused), ("unknown", account.unknown))
    parts = [f"{count:,} {word}" for word, count in counts if count or word == "submitted"]
    if account.skipped:
        reasons = ", ".join(sorted(account.reasons or ()))
        parts.append(f"{account.skipped:,} skipped ({reasons})")
    return ", ".join(parts) + "."


def _account(plan: Plan, sent: Send | None, account: Account | None, *, sent_now: int) -> dict[str, Any]:
    counts = ("queued", "submitting", "submitted", "refused", "unknown", "skipped")
    return {
        "issue": plan.issue.number,
        "list": plan.target.name,
        "rhythm": plan.rhythm,
        "send": sent.public_id if sent is not None else None,
        "state": sent.state if sent is not None else None,
        "audience": sent.audience if sent is not None else plan.audience,
        "sent_now": sent_now,
        **{name: getattr(account, name) if account is not None else 0 for name in counts},
        "reasons": dict(account.reasons or {}) if account is not None else {},
    }


@contextmanager
def _progress(total: int, settled: dict[str, int]) -> Iterator[Callable[[str, int], None]]:
    """A bar on stderr that shows what became of the letters, their speed and the time left."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
    )
    console = errors()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("sending", total=total, speed="")

        def step(state: str, count: int) -> None:
            if state == "waiting":
                bar.update(task, description=f"another process holds the rest; at most {count} s")
                return
            if state == "full":
                bar.update(task, description="all connections of [sender] connections are in use")
                return
            settled[state] = settled.get(state, 0) + count
            bar.advance(task, count)
            pace = bar.tasks[0].speed
            others = " ".join(
                f"{name} {settled[name]}" for name in ("refused", "unknown", "skipped") if name in settled
            )
            bar.update(task, description="sending", speed=f"{pace:,.0f}/s {others}" if pace else others)

        yield step


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let SIGTERM stop a send as Ctrl-C does: the batch in hand is given back before the process ends."""

    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
