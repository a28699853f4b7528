"""A send that its provider has stopped, and the trial letter that lets it go on, over one connection."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from newsletter import ledger
from newsletter.errors import SendError
from newsletter.ledger import Send
from newsletter.ledger.brakes import PROVIDER, WARM_UP

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.delivery.setup import DeliverySetup

SHORTEST = 60.0
"""Seconds that a trial letter may take at least, before somebody else may try."""


class SendPausedError(SendError):
    """The provider takes nothing of a send: it is paused, and tried again by itself, with one letter at a time.

    Args:
        reason: What the provider said.
        probe_at: When it is tried again; None when only an editor lets it go on.
        tried: Whether it was tried just now; else it is not time yet, or somebody else is trying it.
    """

    def __init__(self, reason: str, probe_at: datetime | None, *, tried: bool = True) -> None:
        super().__init__(reason, mend="mend it, then run the same command again")
        self.probe_at = probe_at
        self.tried = tried


class LettersWaitingError(SendError):
    """All that is left of a send was put off, for longer than a command stays; it goes on at its time."""


def is_braked(send: Send) -> bool:
    """Whether a send is paused for what its provider does, or by a warm-up: then a run looks whether it can go on."""
    return send.state == "paused" and send.paused_by in {PROVIDER, WARM_UP}


def paused(connection: Connection, send_id: int, *, tried: bool = True) -> SendPausedError | None:
    """What to tell of a send that is braked now; None when it is not."""
    send = ledger.send(connection, send_id)
    if send is None or send.state != "paused" or send.paused_by != PROVIDER:
        return None
    return SendPausedError(send.reason, send.probe_at, tried=tried)


def take(setup: DeliverySetup, connection: Connection, send_id: int, *, at_once: bool) -> bool:
    """Take the trial letter of a braked send; False when it is not due, or somebody else has taken it."""
    lasts = max(2 * setup.lease, SHORTEST)
    return ledger.take_probe(connection, send_id, lasts=lasts, at_once=at_once)


def hour(moment: datetime, zone: tzinfo) -> str:
    """A moment of these hours for people, in the zone of the site, with the zone's name."""
    return f"{moment.astimezone(zone):%H:%M:%S %Z}"
