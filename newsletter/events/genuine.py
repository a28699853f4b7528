"""Whether a provider's reports verify: how many did not since the last one that did, kept for whoever looks.

Anybody can post to a webhook, so what they post costs a row that is written every few seconds at most, whatever they
do; and a report that verifies begins the count anew.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from newsletter.errors import NashraError
from newsletter.ledger.cursors import cursors_named, set_cursor

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from newsletter.storage.database import Database

HOOK = "hook "
"""Before the name of a provider and what is counted, in the names of cursors."""
WRITE_EVERY = 5.0
"""Seconds between two writings of a count that grows."""
GOOD_EVERY = 60.0
"""Seconds between two writings of the moment of a report that verified."""


@dataclass(frozen=True, slots=True)
class HookSigns:
    """What is known of the signatures of one provider's reports."""

    provider: str
    rejected: int = 0
    """Reports that did not verify since the last one that did."""
    since: datetime | None = None
    """When the first of those came."""
    good: datetime | None = None
    """When a report verified last; None when none ever did."""


class HookRecord:
    """Keeps count of one provider's reports that verify, and of those that do not.

    Args:
        provider: Its name.
        database: The workspace's.
        now: The clock.
    """

    def __init__(self, provider: str, database: Database, now: Callable[[], datetime]) -> None:
        self._name = f"{HOOK}{provider} "
        self._database = database
        self._now = now
        self._lock = threading.Lock()
        self._rejected = 0
        self._written = float("-inf")
        self._good = float("-inf")

    def note(self, genuine: bool) -> None:
        """Count one report; trouble with the database is none of the provider's business and is passed over.

        Args:
            genuine: Whether it verified.
        """
        with self._lock:
            self._rejected += not genuine
            at = time.monotonic()
            if genuine and (at - self._good > GOOD_EVERY or self._rejected):
                self._good, self._rejected = at, 0
                number = -1
            elif not genuine and at - self._written > WRITE_EVERY:
                self._written, number, self._rejected, self._good = at, self._rejected, 0, float("-inf")
            else:
                return
        try:
            with self._database.write() as connection:
                self._write(connection, number)
        except NashraError:
            return

    def _write(self, connection: Connection, number: int) -> None:
        at = int(self._now().timestamp())
        if number < 0:
            set_cursor(connection, f"{self._name}good", at)
            set_cursor(connection, f"{self._name}rejected", 0)
            return
        before = cursors_named(connection, self._name)
        known = before.get(f"{self._name}rejected", 0)
        set_cursor(connection, f"{self._name}rejected", known + number)
        if not known:
            set_cursor(connection, f"{self._name}since", at)


def hook_signs(connection: Connection) -> list[HookSigns]:
    """What is known of the reports of each provider that anything was posted for.

    Args:
        connection: An open connection to the database.
    """
    found = cursors_named(connection, HOOK)
    providers = sorted({name.removeprefix(HOOK).partition(" ")[0] for name in found})

    def moment(name: str) -> datetime | None:
        at = found.get(name, 0)
        return datetime.fromtimestamp(at, UTC) if at else None

    return [
        HookSigns(
            one,
            found.get(f"{HOOK}{one} rejected", 0),
            moment(f"{HOOK}{one} since"),
            moment(f"{HOOK}{one} good"),
        )
        for one in providers
    ]
