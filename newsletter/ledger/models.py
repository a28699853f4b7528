"""The ledger's words as values: send, batch, delivery, and the account of a send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

ALL = "all"
"""The rhythm of a send that goes to the subscribers of every rhythm."""
UNDONE = "/cancelled/"
"""Stands in the key of an undone send's issue, between the key that it had and its public id."""
BEGUN_THROUGH = "begun through"
"""How the reason of a pause begins when the settings name another provider or account than at its freeze."""
STATES = ("queued", "submitting", "submitted", "refused", "unknown", "skipped")


@dataclass(frozen=True, slots=True)
class Send:
    """One issue going out to one list."""

    id: int
    public_id: str
    issue: str
    """Key of the issue."""
    issue_id: int
    list_id: int
    rhythm: str
    state: str
    subject: str
    audience: int
    created: datetime
    finished: datetime | None = None
    reason: str = ""
    """Why it is paused or cancelled."""
    send_at: datetime | None = None
    """When it starts; None at once."""
    paused_by: str = ""
    """What paused it: ``editor``, ``provider`` (the brake), ``reports``, ``warm-up`` or ``trial``; empty while it
    is not."""
    probe_at: datetime | None = None
    """When a paused send is tried again by itself; None when only an editor lets it go on."""
    probes: int = 0
    """How often it was tried since the brake stopped it."""
    sender: str = ""
    """Which provider and account it was frozen for; empty for a send of an older version."""
    source: str = ""
    """Digest of what its letters were made of; empty when that was no file."""
    undone: bool = False
    """Whether it was cancelled and its letters went to nobody: then its issue, stories and periods are free again."""

    @property
    def waits_for_its_sender(self) -> bool:
        """Whether it rests since the settings name another provider or account than it was begun through."""
        return self.state == "paused" and self.probe_at is None and self.reason.startswith(BEGUN_THROUGH)


@dataclass(frozen=True, slots=True)
class Batch:
    """A slice of a send that one worker holds."""

    id: int
    send_id: int
    letter_id: int
    state: str
    token: str
    request_id: str
    attempt: int
    sender: str | None = None
    """Name of the provider of its last attempt; None when an older version began it."""
    probing: bool = False
    """Claimed to try a send that its provider has stopped: its letter may go though the send is paused."""


class Delivery(NamedTuple):
    """One issue to one subscriber; a tuple, since a send makes millions."""

    id: int
    subscriber_id: int


@dataclass(frozen=True, slots=True)
class SendCounts:
    """How many deliveries of a send are in each state, and why some were skipped or refused."""

    queued: int = 0
    submitting: int = 0
    submitted: int = 0
    refused: int = 0
    unknown: int = 0
    skipped: int = 0
    reasons: Mapping[str, int] | None = None

    @property
    def total(self) -> int:
        """Every delivery of the send."""
        return sum(getattr(self, state) for state in STATES)

    @property
    def open(self) -> int:
        """Deliveries that still have to go."""
        return self.queued + self.submitting
