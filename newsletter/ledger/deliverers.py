"""Which commands deliver a send at this moment, so that a second one can say who was quicker.

Nothing depends on it but words: who delivers what the leases decide. The rows stand among the cursors.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from newsletter.ledger.cursors import cursors_named, drop_cursor, set_cursor

if TYPE_CHECKING:
    from sqlalchemy import Connection

_PREFIX = "delivering"


@dataclass(frozen=True, slots=True)
class SendRun:
    """One process that delivers a send."""

    send: str
    """Public id of the send."""
    process: int
    """Its number on its machine."""
    machine: str
    """Name of the machine."""
    since: datetime

    @property
    def name(self) -> str:
        """Of its row."""
        return f"{_PREFIX} {self.send} {self.process} {self.machine}"


def enter(connection: Connection, run: SendRun) -> None:
    """Note that a process delivers a send (needs a writing transaction)."""
    set_cursor(connection, run.name, int(run.since.timestamp()))


def leave(connection: Connection, run: SendRun) -> None:
    """Note that a process delivers a send no more, or is no more (needs a writing transaction)."""
    drop_cursor(connection, run.name)


def at_work(connection: Connection, public_id: str) -> list[SendRun]:
    """The processes that noted that they deliver a send, and did not take it back, the oldest first.

    Args:
        connection: An open connection to the database.
        public_id: Of the send.
    """
    found = []
    noted = cursors_named(connection, f"{_PREFIX} {public_id} ")
    for name, at in sorted(noted.items(), key=lambda pair: (pair[1], pair[0])):
        _, send, process, machine = name.split(" ", 3)
        found.append(SendRun(send, int(process), machine, datetime.fromtimestamp(at, UTC)))
    return found
