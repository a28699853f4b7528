"""What a database that was put back to an older state says of letters that may have gone since."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from newsletter.ledger.keys import is_now, of_send
from newsletter.ledger.sends import UNFINISHED, sends

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.ledger.models import Send

WHY = "the database was restored"
"""Reason of deliveries that may have gone since."""
_MOST_IDS = 500
"""In one ``IN (…)``; old builds of SQLite take 999 parameters."""


def unfinished(connection: Connection) -> list[Send]:
    """Every send that has not come to its end, oldest first.

    Args:
        connection: An open connection to the database.
    """
    return [one for one in sends(connection) if one.state in UNFINISHED]


def queued(connection: Connection, send_id: int, *, under_way: bool = False) -> list[int]:
    """Ids of the deliveries of a send that count as not begun, in order.

    Args:
        connection: An open connection to the database.
        send_id: Id of the send.
        under_way: Also those whose last byte was going, and whose answer is not in the database.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import delivery

    states = ("queued", "submitting") if under_way else ("queued",)
    query = select(delivery.c.id).where(of_send(send_id), is_now(states)).order_by(delivery.c.id)
    return list(connection.execute(query).scalars())


def prove_kept(connection: Connection, deliveries: Sequence[int]) -> None:
    """Count deliveries as taken, since their letters were found.

    Args:
        connection: A writing transaction.
        deliveries: Their ids; all of them queued.
    """
    from sqlalchemy import update

    from newsletter.storage.tables import delivery

    for start in range(0, len(deliveries), _MOST_IDS):
        part = update(delivery).where(delivery.c.id.in_(deliveries[start : start + _MOST_IDS]))
        connection.execute(part.values(state="submitted", reason=None))


def doubt_queued(connection: Connection, send_id: int, *, under_way: bool = False) -> int:
    """Take every delivery of a send that counts as not begun for one that may have gone; gives how many.

    Args:
        connection: A writing transaction.
        send_id: Id of the send.
        under_way: Also those whose last byte was going: what would be asked of them knows nothing of them here.
    """
    from sqlalchemy import update

    from newsletter.storage.tables import batch, delivery

    states = ("queued", "submitting") if under_way else ("queued",)
    count = connection.execute(
        update(delivery).where(of_send(send_id), is_now(states)).values(state="unknown", reason=WHY)
    ).rowcount
    # Each of their deliveries says for itself what it is; nobody is to take them up again.
    over = update(batch).where(batch.c.send_id == send_id, batch.c.state.in_(states))
    connection.execute(over.values(state="unknown", token=None, lease_until=None, held=0))
    return count
