"""A send delivered with a bar, and what became of it in words; for every command that delivers."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from newsletter.cli import diverting
from newsletter.cli.app import NOTHING_SENT, STOPPED
from newsletter.cli.letters_bar import letters_bar
from newsletter.cli.moment import WESTERN_DIGITS
from newsletter.cli.outcome import (
    DeliveryOutcome,
    account_words,
    standing,
    waits_for_a_day,
    waits_for_its_trial,
    way_on,
)
from newsletter.cli.output import ask, on_terminal, plural, say
from newsletter.cli.posting import post_without_pages
from newsletter.cli.speaking import complained
from newsletter.errors import SendError
from newsletter.text.sentences import said
from subscribers.errors import Complaint

if TYPE_CHECKING:
    from newsletter.delivery import SendPausedError
    from newsletter.ledger import Send
    from newsletter.models import Issue
    from newsletter.wiring import Workspace
    from newsletter.workflows.source import FileChange


def deliver_now(
    workspace: Workspace,
    sent: Send,
    *,
    again: str,
    here: bool = False,
    with_this_sender: bool = False,
    asks: bool = True,
    at_once: bool = False,
) -> DeliveryOutcome:
    """Deliver what is open of a send, with a bar, and say what came of it.

    Args:
        workspace: An open workspace.
        sent: A send that runs, or that its brake paused.
        again: The command that goes on with it.
        here: Deliver from here, also when workers are there to do it.
        with_this_sender: Go on through the provider of the settings also when it was begun through another one.
        asks: Whether somebody may be asked about that.
        at_once: Try a send that its provider has stopped before its time, by an editor's word.
    """
    from newsletter.workflows import deliverers

    agreed = agree_to_sender(workspace, sent, again=again, with_this_sender=with_this_sender, asks=asks)
    if agreed is None:
        return standing(workspace, sent, exit_code=NOTHING_SENT)
    if agreed.state == "paused" and at_once:
        trial = "" if waits_for_a_day(agreed) else said(" One letter is tried first.")
        say(said("It was stopped: {reason}.{trial}", reason=agreed.reason, trial=trial))
    with deliverers.delivering(workspace, agreed) as others:
        if others:
            first = others[0]
            since = f"{first.since.astimezone(workspace.zone):%H:%M}"
            say(
                said(
                    "note: another `newsletter` (process {process} on {where}, since {since}) delivers issue {issue} "
                    "already; this one helps it",
                    process=first.process,
                    where=deliverers.where(first),
                    since=since,
                    issue=agreed.issue,
                )
            )
        return _deliver(workspace, agreed, again=again, here=here, at_once=at_once)


def _deliver(workspace: Workspace, sent: Send, *, again: str, here: bool, at_once: bool) -> DeliveryOutcome:
    from newsletter import delivery, ledger
    from newsletter.errors import DatabaseError
    from newsletter.workflows import alerts, watch

    setup = workspace.setup_of(sent)
    # A trial letter by an editor's word goes here.
    by_workers = not here and sent.state == "running" and watch.workers(workspace)
    with workspace.database.read() as connection:
        # Before anything is called stopped in the middle, or offered to another provider.
        workspace.memory.refuse_behind(connection)
        open_before = ledger.account(connection, sent.id).open
    counts = delivery.StateCounts()
    failure: BaseException | None = None
    with _stoppable(), letters_bar(open_before, counts) as progress:
        try:
            if by_workers and not watch.watch(workspace, sent, progress):
                say(said("No worker took anything for {IDLE} seconds: delivering from here.", IDLE=f"{watch.IDLE:.0f}"))
                by_workers = False
            if not by_workers:
                delivery.run(setup, sent, progress, at_once=at_once)
            elif (paused := _stopped(workspace, sent)) is not None:
                raise paused
        except (SendError, DatabaseError, KeyboardInterrupt) as error:
            failure = error
    if failure is not None:
        if by_workers and isinstance(failure, KeyboardInterrupt):
            say(said("No longer watched; the workers go on. See: newsletter sends show {send}", send=sent.public_id))
        else:
            words = complained(failure) if isinstance(failure, Complaint) else said("stopped by hand")
            say(said("error: {words}", words=words))
            if isinstance(failure, delivery.SendPausedError):
                say(_paused_words(workspace, failure, by_itself=watch.alive(workspace)))
            if isinstance(failure, SendError) and (through := diverting.offer(workspace, sent)) is not None:
                return _deliver(workspace, through, again=again, here=here, at_once=at_once)
            say(said("Stopped in the middle; nothing is lost. Go on with: {again}", again=again))
            alerts.tell(workspace, ended=True)
        # Its brake holds it: what went now is in the middle of it; else nothing was sent though it was due.
        # Of what is in doubt nobody can say that it was not sent.
        gone = counts.submitted or counts.states.get("unknown")
        code = NOTHING_SENT if isinstance(failure, delivery.SendPausedError) and not gone else STOPPED
        stopped = standing(workspace, sent, sent_now=counts.submitted, exit_code=code)
        if stopped.account.unknown:
            whom = plural(stopped.account.unknown, "letter")
            say(
                said(
                    "Nobody knows whether {whom} went; see: newsletter sends unknown {send}",
                    whom=whom,
                    send=sent.public_id,
                )
            )
        return stopped
    done = standing(workspace, sent, sent_now=counts.submitted)
    by = said("workers, ") if by_workers else ""
    say(
        account_words(done.account)
        + said(
            " {letters} now, through {by}{name}.",
            letters=plural(done.sent_now, "letter"),
            by=by,
            name=setup.sender.name,
        )
    )
    if done.exit == NOTHING_SENT or waits_for_a_day(done.send) or waits_for_its_trial(done.send):
        say(way_on(done.send, done.account, workspace.zone))
    if done.sent_now:
        tell_outbox(workspace)
    post_without_pages(workspace)
    alerts.tell(workspace, ended=True)
    return done


def tell_edited(workspace: Workspace, sent: Send | None) -> FileChange | None:
    """Say that the file of a send that still goes was edited or deleted after its letter was frozen, if it was.

    Args:
        workspace: A workspace.
        sent: The send, if there is one.

    Returns:
        What became of the file; None when nothing did, or nothing is to go any more.
    """
    from newsletter import ledger
    from newsletter.workflows.source import changed_since

    if sent is None or sent.state not in ledger.UNFINISHED:
        return None
    change = changed_since(workspace, sent)
    if change == "edited":
        step = said("to take it in while nothing has gone: newsletter sends refreeze {send}", send=sent.public_id)
        say(said("warning: the frozen letter differs from issue.md, and the frozen one goes; {step}", step=step))
    elif change == "gone":
        step = said("to keep it from going: newsletter sends cancel {send}", send=sent.public_id)
        say(
            said(
                "warning: issue.md of issue {issue} is gone, and the frozen letter goes all the same; {step}",
                issue=sent.issue,
                step=step,
            )
        )
    return change


def agree_to_sender(workspace: Workspace, sent: Send, *, again: str, with_this_sender: bool, asks: bool) -> Send | None:
    """The send as it may go on; None when it was begun through another provider or account and nobody agreed.

    Where nobody can be asked it is paused, so that no worker tries it again and again.

    Args:
        workspace: An open workspace.
        sent: A send that is to go on.
        again: The command that goes on with it.
        with_this_sender: Somebody agreed already.
        asks: Whether somebody may be asked.
    """
    from newsletter import delivery
    from newsletter.workflows import alerts

    setup = workspace.setup_of(sent)
    if not delivery.sender_changed(setup, sent):
        return sent
    words = said(
        "Issue {issue} was begun through «{sender}»; the settings say «{account}» now.",
        issue=sent.issue,
        sender=sent.sender,
        account=setup.account,
    )
    say(words)
    if not with_this_sender:
        if not asks or not on_terminal():
            delivery.pause_for_sender(setup, sent)
            alerts.tell(workspace, ended=True)
            say(
                said(
                    "Nothing sent. Set the settings back, or go on through the new one: {again} --with-this-sender",
                    again=again,
                )
            )
            return None
        if (
            ask(said("Type {issue} to go on through the new one, anything else to stop", issue=sent.issue))
            != sent.issue
        ):
            say("Nothing sent.")
            return None
    with workspace.database.write() as connection:
        return delivery.agree_to_sender(setup, connection, sent)


def _stopped(workspace: Workspace, sent: Send) -> SendPausedError | None:
    """What to tell when the workers' provider has stopped a send."""
    from newsletter.delivery import probing

    with workspace.database.read() as connection:
        return probing.paused(connection, sent.id)


def _paused_words(workspace: Workspace, paused: SendPausedError, *, by_itself: bool) -> str:
    """When a send that its provider has stopped is tried again, and by whom."""
    from newsletter.delivery.probing import hour

    when = said("when an editor says so")
    if paused.probe_at is not None:
        when = said("from {hour} on", hour=hour(paused.probe_at, workspace.zone))
    if by_itself:
        return said("The send is paused; the running worker tries it again with one letter {when}.", when=when)
    return said(
        "The send is paused, and may be tried again {when}; no worker runs that would do so by itself.", when=when
    )


def tell_outbox(workspace: Workspace) -> None:
    """Where the letters are when none of them left this machine.

    Args:
        workspace: An open workspace.
    """
    if workspace.settings.sender.kind == "outbox":
        say(said("They stay on this machine, as files in {outbox}", outbox=workspace.settings.outbox / "new"))


def send_test(workspace: Workspace, issue: Issue, address: str) -> None:
    """Send the letter of an issue to one address alone, marked as a test, and say so; one for each subject tried.

    Args:
        workspace: An open workspace.
        issue: As its file says, with the list it goes to.
        address: As an editor wrote it.

    Raises:
        AddressError: Not an address.
        SendError: The provider did not take it.
    """
    from newsletter.workflows import test_letter
    from subscribers.addresses import normalise

    to = normalise(address).address
    for name, words in test_letter.send(workspace, issue, to):
        subject = said(" with «{subject}»", subject=words) if issue.subjects else ""
        say(
            said(
                "One test letter{subject} to {to} ({name}), through {name_2}.",
                subject=subject,
                to=to,
                name=name,
                name_2=workspace.sender.name,
            )
        )
    tell_outbox(workspace)


def ask_for_number(issue: Issue, *, nobody: str, refused: str) -> None:
    """Go on only if the editor types the issue's number; else exit with 1, or with 5 when nobody is there to ask.

    Args:
        issue: What is to be sent.
        nobody: What to do where nobody can be asked; ends the sentence.
        refused: Said when something else was typed.
    """
    number = str(issue.number)
    asked = said("Type {number} to send it, anything else to stop", number=number)
    if ask(asked, nobody=nobody, code=NOTHING_SENT).translate(WESTERN_DIGITS) != number:
        say(refused)
        raise typer.Exit(1)


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
