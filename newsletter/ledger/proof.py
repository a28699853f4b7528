"""What the events in the ledger prove of deliveries that were written down as unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.ledger import states
from newsletter.ledger.keys import is_now, of_send

if TYPE_CHECKING:
    from sqlalchemy import Connection


def prove(connection: Connection, send_id: int) -> int:
    """Count as taken what is unknown, or counts as refused, although an event of it is there; how many those were.

    Args:
        connection: A writing transaction. Nobody writes an event of this send down until it ends.
        send_id: Id of the send.
    """
    from sqlalchemy import exists, select, update

    from newsletter.storage.tables import delivery, event, send

    # As whoever writes events holds it.
    connection.execute(select(send.c.id).where(send.c.id == send_id).with_for_update(key_share=True))
    wrong = update(delivery).where(
        of_send(send_id),
        is_now(states.MOVES["resend"].of),
        exists(select(event.c.delivery_id).where(event.c.delivery_id == delivery.c.id)),
    )
    return connection.execute(wrong.values(state=states.MOVES["event"].to, reason=None)).rowcount
