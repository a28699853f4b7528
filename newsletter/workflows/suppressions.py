"""SendGrid's lists of addresses taken over into ours, each time only what is new since the last one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from newsletter import ledger
from newsletter.errors import SendError
from newsletter.senders.sendgrid import SendGrid
from newsletter.senders.sendgrid.suppressions import KINDS, Kind, SuppressionEntry
from subscribers import actions
from subscribers.errors import AddressError, UnknownSubscriber

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.wiring import Workspace
    from subscribers.models import SuppressionReason

OVERLAP = 3600
"""Seconds read again each time, since an entry may appear later than the moment it bears."""
REASONS: dict[Kind, SuppressionReason] = {"bounces": "hard", "spam_reports": "complained", "invalid_emails": "invalid"}


@dataclass(frozen=True, slots=True)
class Synchronised:
    """What was taken over."""

    read: int = 0
    suppressed: int = 0
    left: int = 0
    known: int = 0
    """Entries that changed nothing: known before, blocked only for now, or about nobody here."""


def run(workspace: Workspace) -> Synchronised:
    """Read every list of SendGrid from where the last run ended, each in one transaction with its mark.

    Raises:
        SendError: The workspace does not send through SendGrid, or SendGrid does not answer.
    """
    sender = workspace.sender
    if not isinstance(sender, SendGrid):
        raise SendError("this workspace does not send through SendGrid", mend='set [sender] kind = "sendgrid"')
    total = Synchronised()
    for kind in KINDS:
        with workspace.database.read() as connection:
            since = ledger.cursor(connection, f"sendgrid {kind}")
        found = list(sender.suppressions(kind, since=max(since - OVERLAP, 0)))
        with workspace.database.write() as connection:
            outcomes = [_apply(workspace, connection, entry) for entry in found]
            ledger.set_cursor(connection, f"sendgrid {kind}", max([since, *(entry.at for entry in found)]))
        total = Synchronised(
            total.read + len(found),
            total.suppressed + outcomes.count("suppressed"),
            total.left + outcomes.count("left"),
            total.known + outcomes.count("known"),
        )
    return total


def _apply(workspace: Workspace, connection: Connection, entry: SuppressionEntry) -> str:
    now, keys = workspace.now(), workspace.keys.suppression
    try:
        if entry.kind == "unsubscribes":
            moment = datetime.fromtimestamp(entry.at, UTC)
            words = f"SendGrid's list of unsubscribes, {moment:%Y-%m-%d}"
            left = actions.leave_address(connection, entry.address, now=now, how="provider", words=words)
            return "left" if left else "known"
        # A block says that a mail server refused one letter, not that the address is bad: events count those.
        if entry.kind in REASONS and actions.suppress(
            connection, entry.address, now=now, keys=keys, reason=REASONS[entry.kind]
        ):
            return "suppressed"
    except (AddressError, UnknownSubscriber):
        pass
    return "known"
