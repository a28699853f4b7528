"""A send delivered with a bar, and what became of it in words; for every command that delivers."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from newsletter.cli import diverting
from newsletter.cli.app import STOPPED
from newsletter.cli.moment import WESTERN_DIGITS
from newsletter.cli.output import ask, plural, progress_bar, say
from newsletter.cli.posting import post_without_pages
from newsletter.errors import SendError

if TYPE_CHECKING:
    from newsletter.delivery import StateCounts
    from newsletter.ledger import Send, SendCounts
    from newsletter.models import Issue, Letter
    from newsletter.wiring import Workspace


def deliver_now(workspace: Workspace, sent: Send, *, again: str, here: bool = False) -> tuple[Send, SendCounts, int]:
    """Deliver what is open of a send, with a bar, and say what came of it; exit when it stops in the middle.

    Args:
        workspace: An open workspace.
        sent: A running send.
        again: The command that goes on with it.
        here: Deliver from here, also when workers are there to do it.

    Returns:
        The send and its account as they are then, and how many letters went now.
    """
    from newsletter import delivery, ledger
    from newsletter.errors import DatabaseError
    from newsletter.workflows import alerts, watch

    setup = workspace.setup_of(sent)
    by_workers = not here and watch.workers(workspace)
    with workspace.database.read() as connection:
        open_before = ledger.account(connection, sent.id).open
    counts = delivery.StateCounts()
    failure: BaseException | None = None
    with _stoppable(), _progress(open_before, counts) as progress:
        try:
            if by_workers and not watch.watch(workspace, sent, progress):
                say(f"No worker took anything for {watch.IDLE:.0f} seconds: delivering from here.")
                by_workers = False
            if not by_workers:
                delivery.run(setup, sent, progress)
        except (SendError, DatabaseError, KeyboardInterrupt) as error:
            failure = error
    if failure is not None:
        if by_workers and isinstance(failure, KeyboardInterrupt):
            say(f"No longer watched; the workers go on. See: newsletter sends show {sent.public_id}")
            raise typer.Exit(STOPPED)
        words = "stopped by hand" if isinstance(failure, KeyboardInterrupt) else str(failure)
        say(f"error: {words}")
        if isinstance(failure, SendError) and (through := diverting.offer(workspace, sent)) is not None:
            return deliver_now(workspace, through, again=again, here=here)
        say(f"Stopped in the middle; nothing is lost. Go on with: {again}")
        alerts.tell(workspace, ended=True)
        raise typer.Exit(STOPPED)
    with workspace.database.read() as connection:
        account = ledger.account(connection, sent.id)
        sent = ledger.send(connection, sent.id) or sent
    sent_now = counts.submitted
    by = "workers, " if by_workers else ""
    say(account_words(account) + f" {plural(sent_now, 'letter')} now, through {by}{setup.sender.name}.")
    if sent_now:
        tell_outbox(workspace)
    post_without_pages(workspace)
    alerts.tell(workspace, ended=True)
    return sent, account, sent_now


def tell_outbox(workspace: Workspace) -> None:
    """Where the letters are when none of them left this machine.

    Args:
        workspace: An open workspace.
    """
    if workspace.settings.sender.kind == "outbox":
        say(f"They stay on this machine, as files in {workspace.settings.outbox / 'new'}")


def send_test(workspace: Workspace, letter: Letter, address: str) -> None:
    """Send a letter to one address alone, and say so.

    Args:
        workspace: An open workspace.
        letter: As it was rendered.
        address: As an editor wrote it.

    Raises:
        AddressError: Not an address.
        SendError: The provider did not take it.
    """
    from newsletter import delivery
    from subscribers.addresses import normalise

    to = normalise(address).address
    name = delivery.send_test(workspace.delivery_setup, letter, to)
    say(f"One test letter to {to} ({name}), through {workspace.sender.name}.")
    tell_outbox(workspace)


def ask_for_number(issue: Issue, *, nobody: str, refused: str) -> None:
    """Go on only if the editor types the issue's number; else exit with 1, or with 2 when nobody is there to ask.

    Args:
        issue: What is to be sent.
        nobody: What to do where nobody can be asked; ends the sentence.
        refused: Said when something else was typed.
    """
    number = str(issue.number)
    asked = f"Type {number} to send it, anything else to stop"
    if ask(asked, nobody=nobody).translate(WESTERN_DIGITS) != number:
        say(refused)
        raise typer.Exit(1)


def account_words(account: SendCounts) -> str:
    """What became of the deliveries of a send, in one sentence.

    Args:
        account: Of the send.
    """
    counts = (("submitted", account.submitted), ("refused", account.refused), ("unknown", account.unknown))
    parts = [f"{count:,} {word}" for word, count in counts if count or word == "submitted"]
    if account.skipped:
        reasons = ", ".join(sorted(account.reasons or ()))
        parts.append(f"{account.skipped:,} skipped ({reasons})")
    return ", ".join(parts) + "."


@contextmanager
def _progress(total: int, counts: StateCounts) -> Iterator[Callable[[str, int], None]]:
    """A bar on stderr that shows what became of the letters, their speed and the time left."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
    )
    with progress_bar(*columns) as bar:
        task = bar.add_task("sending", total=total, speed="")

        def step(state: str, count: int) -> None:
            if state == "waiting":
                bar.update(task, description=f"another process holds the rest; at most {count} s")
                return
            if state == "full":
                bar.update(task, description="all connections of [sender] connections are in use")
                return
            counts(state, count)
            bar.advance(task, count)
            speed = bar.tasks[0].speed
            others = " ".join(
                f"{name} {counts.states[name]}" for name in ("refused", "unknown", "skipped") if name in counts.states
            )
            bar.update(task, description="sending", speed=f"{speed:,.0f}/s {others}" if speed else others)

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
