"""The brake of a send: what stopped it, and the trial letters by which it finds out when it can go on.

A brake belongs to the send, not to a process: it is written into the ledger, so that every process obeys it, and a
crash keeps it. A send whose brake has an hour (``probe_at``) is tried again then by whoever comes first, with one
letter; only when that one is taken does the send run again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from newsletter.storage.clock import clock

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

PROVIDER = "provider"
"""Who pauses a send that cannot go on for a reason of the letter, the account, the server or the moment."""
WARM_UP = "warm-up"
"""Who pauses a send whose account may take no more letters on this day."""
UNPAUSED: Final[Mapping[str, str | int | None]] = {"paused_by": "", "reason": "", "probe_at": None, "probes": 0}
"""What a send says of its pause while nothing pauses it."""

FIRST_PAUSE, LONGEST_PAUSE = 60.0, 3600.0
"""Seconds until a send that was stopped is tried again by itself; doubled from one trial letter to the next."""


def pause_before(probes: int, first: float = FIRST_PAUSE) -> float:
    """Seconds until the next trial letter.

    Args:
        probes: Number of trial letters so far.
        first: Seconds before the first one.
    """
    return float(min(first * 2 ** min(probes, 20), LONGEST_PAUSE))


def brake(connection: Connection, send_id: int, *, by: str, reason: str, probe_in: float | None) -> bool:
    """Pause a running send, or let one that was tried in vain wait for its next trial letter.

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


def stop(connection: Connection, send_id: int, reason: str, *, first: float = FIRST_PAUSE, tried: bool = False) -> bool:
    """Brake a send for what its provider does, until a trial letter shows that it takes letters again.

    Args:
        connection: A writing transaction. On PostgreSQL whoever writes batches in it too does so afterwards, or holds
            none that somebody waits for who holds the send.
        send_id: Id of the send.
        reason: Why, for people.
        first: Seconds before the first trial letter.
        tried: This was a trial letter; else a send that another thread has stopped already stays as it is.

    Returns:
        Whether it is paused by this call.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import send

    row = connection.execute(select(send.c.state, send.c.probes).where(send.c.id == send_id)).one()
    if row.state != ("paused" if tried else "running"):
        return False
    return brake(connection, send_id, by=PROVIDER, reason=reason, probe_in=pause_before(row.probes, first))


def due_probes(connection: Connection) -> list[int]:
    """Ids of the sends that are to be tried now, oldest first."""
    from sqlalchemy import select

    from newsletter.storage.tables import send

    query = select(send.c.id).where(*_braked(connection, at_once=False)).order_by(send.c.id)
    return list(connection.execute(query).scalars())


def take_probe(connection: Connection, send_id: int, *, lasts: float, at_once: bool = False) -> bool:
    """Take the trial letter of a send, so that nobody else tries it meanwhile; False when not due, or no longer braked.

    Args:
        connection: A writing transaction, committed before the letter goes.
        send_id: Id of the send.
        lasts: Seconds that it may take; after them somebody else may try.
        at_once: Before it is due, by an editor's word.
    """
    from sqlalchemy import update

    from newsletter.storage.tables import send

    now = clock(connection)
    taken = update(send).where(send.c.id == send_id, *_braked(connection, at_once=at_once))
    return connection.execute(taken.values(probe_at=now + lasts)).rowcount == 1


def go_on(connection: Connection, send_id: int) -> bool:
    """Let a braked send run again, since a letter was taken; False when an editor has decided otherwise meanwhile."""
    from sqlalchemy import update

    from newsletter.storage.tables import send

    braked = (send.c.id == send_id) & (send.c.state == "paused") & (send.c.paused_by == PROVIDER)
    return connection.execute(update(send).where(braked).values(state="running", **UNPAUSED)).rowcount == 1


def _braked(connection: Connection, *, at_once: bool) -> list[ColumnElement[bool]]:
    from sqlalchemy import or_

    from newsletter.storage.tables import send

    braked = [send.c.state == "paused", send.c.paused_by == PROVIDER]
    if not at_once:
        now = clock(connection)
        # Later than it could have been set: a clock was set back, and nobody waits for that.
        braked.append(or_(send.c.probe_at <= now, send.c.probe_at > now + 2 * LONGEST_PAUSE))
    return braked
