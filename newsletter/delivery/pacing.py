"""Letters to a domain that has a pace of its own: those over it wait for their hour and hold no others back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from newsletter import ledger
from newsletter.ledger import Batch, domain_rate
from newsletter.senders import Parcel

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.delivery.setup import DeliverySetup
    from newsletter.storage.retry import Retrying


def hold_back(setup: DeliverySetup, retrying: Retrying, batch: Batch, parcels: list[Parcel]) -> list[Parcel]:
    """Put those of a batch off that would go too fast to their domain; gives those that may go now.

    Args:
        setup: What every delivery needs.
        retrying: How to write.
        batch: As it was claimed, queued.
        parcels: Of the batch.
    """
    if not setup.pace:
        return parcels
    paced: defaultdict[str, list[int]] = defaultdict(list)
    for number, parcel in enumerate(parcels):
        domain = parcel.address.rpartition("@")[2]
        if domain in setup.pace:
            paced[domain].append(number)
    if not paced:
        return parcels
    late = retrying.write(partial(_put_off, setup, batch, parcels, paced))
    return [parcel for parcel in parcels if parcel.delivery not in late]


def _put_off(
    setup: DeliverySetup,
    batch: Batch,
    parcels: Sequence[Parcel],
    paced: defaultdict[str, list[int]],
    connection: Connection,
) -> set[int]:
    """Give those over the pace their hours, and tell which they are; the first of each domain go."""
    # The answer to an earlier commit of this may have been lost: what that has moved is in another batch by now.
    here = {one.id for one in ledger.deliveries(connection, batch.id)}
    late = {parcel.delivery for parcel in parcels} - here
    mine = {
        domain: [one for number in numbers if (one := parcels[number].delivery) in here]
        for domain, numbers in paced.items()
    }
    shares = ledger.take_domains(
        connection, batch.send_id, {domain: len(ids) for domain, ids in mine.items()}, setup.pace
    )
    pieces: list[tuple[float, list[int]]] = []
    for domain, share in shares.items():
        start = share.now
        for count, seconds in share.later:
            pieces.append((seconds, mine[domain][start : start + count]))
            start += count
    late.update(one for _, part in pieces for one in part)
    join = partial(ledger.join_waiting, connection, batch, window=domain_rate.SLICE, most=setup.batch_size)
    last = pieces.pop(pieces.index(max(pieces))) if pieces and len(late) == len(parcels) else None
    for seconds, part in pieces:
        # None of these was tried: what they come back as is as fresh as this one was.
        if not join(part, seconds):
            ledger.put_off(connection, batch, part, seconds, attempt=batch.attempt - 1)
    if last is not None:
        # Nothing of it goes now: it waits itself, and no batch is made for the last of its hours.
        if join(last[1], last[0]):
            ledger.discard_empty(connection, batch)
        else:
            ledger.let_wait(connection, batch, last[0])
    return late
