"""From the rows of a batch to parcels for a sender: who may still get the letter, and the two links of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter import ledger
from newsletter.ledger import Batch, Send
from newsletter.letters.mime import LEAVE, PREFERENCES
from newsletter.senders import Parcel
from subscribers import store, tokens

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.delivery.setup import DeliverySetup


def parcels_of(
    setup: DeliverySetup, send: Send, batch: Batch, connection: Connection
) -> tuple[list[Parcel], dict[int, str]]:
    """The parcels of those of a batch who are still eligible, and the other deliveries with the reason.

    Args:
        setup: What every delivery needs.
        send: The send.
        batch: As it was claimed.
        connection: An open connection to the database.

    Returns:
        The parcels, and the ids of the deliveries that get none, each with the reason.
    """
    rows = store.standing(connection, send.list_id, ledger.members(batch.id), setup.now())
    skipped = {row[0]: "no longer subscribed" for row in rows if not row[5]}
    if skipped:
        rows = [row for row in rows if row[5]]
    if not rows:
        return [], skipped
    # Columns instead of rows: what is done to each subscriber is done by loops that are not Python's.
    ids, addresses, public_ids, epochs, utf8, _ = zip(*rows, strict=True)
    leave, choose = tokens.pairs(setup.keys, list_id=send.list_id)(zip(public_ids, epochs, strict=True))
    before = f"{send.public_id}."
    names = [f"{before}{delivery}" for delivery in ids]
    slots = [{LEAVE: one, PREFERENCES: other} for one, other in zip(leave, choose, strict=True)]
    return list(map(Parcel._make, zip(ids, names, addresses, slots, map(bool, utf8), strict=True))), skipped


def name_of(send: Send, delivery: int) -> str:
    """The name of a delivery at the provider: the left side of its Message-ID, the name of its file.

    Args:
        send: The send.
        delivery: Id of the delivery.
    """
    return f"{send.public_id}.{delivery}"
