"""How a send stands that a command has delivered: the exit code that follows, its account and its way on in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.cli.app import NOTHING_SENT, SOME_NOT_TAKEN, STOPPED
from newsletter.cli.output import plural
from newsletter.cli.trying import waits_words
from newsletter.text.sentences import counted, joined, said

if TYPE_CHECKING:
    from datetime import tzinfo

    from newsletter.ledger import Send, SendCounts
    from newsletter.wiring import Workspace


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """What came of a send that a command delivered."""

    send: Send
    account: SendCounts
    sent_now: int = 0
    """Letters that went now."""
    exit: int = 0
    """The exit code that follows."""


def standing(workspace: Workspace, sent: Send, *, sent_now: int = 0, exit_code: int | None = None) -> DeliveryOutcome:
    """How a send stands now.

    Args:
        workspace: An open workspace.
        sent: The send, as it was.
        sent_now: Letters that went now.
        exit_code: The exit code; None takes what follows from its state and account.
    """
    from newsletter import ledger
    from newsletter.errors import DatabaseError

    try:
        with workspace.database.read() as connection:
            account = ledger.account(connection, sent.id)
            sent = ledger.send(connection, sent.id) or sent
    except DatabaseError:
        # It has been told why it stopped; nobody can say more now.
        return DeliveryOutcome(sent, ledger.SendCounts(), sent_now, STOPPED)
    code = exit_of(sent, account) if exit_code is None else exit_code
    return DeliveryOutcome(sent, account, sent_now, code)


def exit_of(sent: Send, account: SendCounts) -> int:
    """The exit code that follows from how a send stands: 0 all taken, 4 some not, 5 it does not go on by itself.

    Args:
        sent: The send, as it is now.
        account: Of the send.
    """
    # What a warm-up leaves for the next day stopped as planned, and so did what waits for the end of its trial.
    stopped = sent.state == "paused" and account.open and not (waits_for_a_day(sent) or waits_for_its_trial(sent))
    if sent.state == "cancelled" or stopped:
        return NOTHING_SENT
    return SOME_NOT_TAKEN if account.refused or account.unknown else 0


def way_on(sent: Send, account: SendCounts, zone: tzinfo | None = None) -> str:
    """Why a send does not go on by itself, and the command by which it does.

    Args:
        sent: Paused or cancelled.
        account: Of the send.
        zone: Of the site, for hours; None tells them in UTC.
    """
    if sent.state == "paused" and sent.paused_by == "trial":
        return waits_words(sent, account, zone)
    if sent.state == "cancelled":
        return said(
            "Issue {issue} was cancelled after it went to {subscribers}. Send it to those who have had none with: "
            "newsletter send {issue} --rest",
            issue=sent.issue,
            subscribers=plural(account.submitted, "subscriber"),
        )
    why = said(": {reason}", reason=sent.reason) if sent.reason else ""
    if waits_for_a_day(sent):
        return said(
            "Issue {issue} waits for the next day{why}. {open} of {total} are still to go. A running worker goes on "
            "by itself, or then: newsletter send {issue}",
            issue=sent.issue,
            why=why,
            open=f"{account.open:,}",
            total=f"{account.total:,}",
        )
    if sent.waits_for_its_sender and sent.issue.isdecimal():
        return said(
            "Issue {issue} is paused{why}. {open} of {total} are still to go. Set the settings back, or go on through "
            "the new one: newsletter send {issue} --with-this-sender",
            issue=sent.issue,
            why=why,
            open=f"{account.open:,}",
            total=f"{account.total:,}",
        )
    return said(
        "Issue {issue} is paused{why}. {open} of {total} are still to go. Go on with: newsletter sends resume {send}",
        issue=sent.issue,
        why=why,
        open=f"{account.open:,}",
        total=f"{account.total:,}",
        send=sent.public_id,
    )


def waits_for_a_day(sent: Send) -> bool:
    """Whether a send has sent what its account may send today, by ``[sender] warm_up``."""
    return sent.state == "paused" and sent.paused_by == "warm-up"


def waits_for_its_trial(sent: Send) -> bool:
    """Whether a send waits for the hour at which its trial is decided; not for an editor who decides it."""
    return sent.state == "paused" and sent.paused_by == "trial" and sent.probe_at is not None


def account_words(account: SendCounts) -> str:
    """What became of the deliveries of a send, in one sentence.

    Args:
        account: Of the send.
    """
    counts = (("submitted", account.submitted), ("refused", account.refused), ("unknown", account.unknown))
    parts = [counted(f"{{n}} {word}", f"{{n}} {word}", count) for word, count in counts if count or word == "submitted"]
    if account.skipped:
        reasons = joined([said(one) for one in sorted(account.reasons or ("",))], ", ")
        parts.append(said("{skipped} skipped ({reasons})", skipped=f"{account.skipped:,}", reasons=reasons))
    return said("{counts}.", counts=joined(parts, ", "))
