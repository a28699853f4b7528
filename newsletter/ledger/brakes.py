"""The brake of a send: what stopped it, and the trials by which it finds out when it can go on.

A brake belongs to the send, not to a process: it is written into the ledger, so that every process obeys it, and a
crash keeps it. A send whose brake has an hour (``probe_at``) is tried again then by whoever comes first, with one
letter; only when that one is taken does the send run again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.storage.clock import clock

if TYPE_CHECKING:
    from sqlalchemy import Connection

PROVIDER = "provider"
"""Who pauses a send that cannot go on for a reason of the letter, the account, the server or the moment."""


def brake(connection: Connection, send_id: int, *, by: str, reason: str, probe_in: float | None) -> bool:
    """Pause a running send, or let one that was tried in vain wait for its next trial.

    An editor's word wins: what an editor has paused, cancelled or resumed meanwhile stays so.

    Args:
        connection: A writing transaction, the one that writes down what the provider answered.
        send_id: Id of the send.
        by: What pauses it: ``provider``, ``reports`` or ``warm-up``.
        reason: Why, for people.
        probe_in: Seconds until it is tried again by itself; None when only an editor lets it go on.

    Returns:
        Whether it is paused by this call.
    """
    from sqlalchemy import or_, update

    from newsletter.storage.tables import send

    ours = or_(send.c.state == "running", (send.c.state == "paused") & (send.c.paused_by == by))
    values = {
        "state": "paused",
        "paused_by": by,
        "reason": reason,
        "probe_at": None if probe_in is None else clock(connection) + probe_in,
        "probes": send.c.probes + 1,
    }
    return connection.execute(update(send).where(send.c.id == send_id, ours).values(values)).rowcount == 1
