"""From a frozen send to letters at the provider: claim, ask who is still eligible, submit, record; and resume.

The order of writes is the promise. A delivery is ``queued`` until everything but the last byte is with the provider;
then one committed UPDATE, which only the holder of the lease can make, says ``submitting``; then the last byte goes,
and the answer is recorded. So a process that dies leaves either a batch whose last byte never went, which is simply
tried again, or one in doubt, which the sender settles by looking or the ledger keeps as ``unknown``.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from newsletter import ledger, library
from newsletter.errors import NashraError, SendError
from newsletter.ledger import ALL, Account, Batch, Delivery, Send
from newsletter.mail import LEAVE, freeze, thaw
from newsletter.models import Issue, Letter
from newsletter.senders import Answer, Carrier, Parcel, Sender
from subscribers import store, tokens
from subscribers.models import RHYTHMS, Rhythm

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.database import Database
    from subscribers.models import Recipient

SLOT_WIDTHS = {LEAVE: tokens.WIDTH}
"""Bytes of the value of each slot that stands in the body of a letter."""

Progress = Callable[[str, int], None]
"""Told of a state and how many deliveries have just reached it; ``waiting`` with seconds while others hold the rest."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What a delivery needs of the workspace."""

    database: Database
    sender: Sender
    keys: Mapping[int, bytes]
    """Keys of signed links by key id."""
    lease: float
    """Seconds a batch stays with a process that went silent."""
    now: Callable[[], datetime]
    sleep: Callable[[float], None] = time.sleep


def rhythms_of(rhythm: str) -> tuple[Rhythm, ...]:
    """The rhythms of subscriptions that a send in this rhythm reaches."""
    return tuple(known for known in RHYTHMS if rhythm in {ALL, known})


def audience(connection: Connection, list_id: int, rhythm: str, now: datetime) -> Iterator[int]:
    """Ids of the subscribers a send would go to now."""
    return store.audience(connection, list_id, rhythms=rhythms_of(rhythm), now=now)


def freeze_send(desk: Desk, issue: Issue, letter: Letter, *, list_id: int, rhythm: str) -> Send:
    """Write down, in one transaction, what goes to whom: nothing is rendered or counted again after this.

    Args:
        desk: The workspace.
        issue: The issue; its number is the key that can be sent once.
        letter: As it was rendered and checked.
        list_id: The list it goes to.
        rhythm: ``weekly``, or ``all`` for everybody.

    Raises:
        SendError: This issue went, or is going, to this list; or the list has nobody it could go to.
    """
    now = desk.now()
    with desk.database.write() as connection:
        send = ledger.freeze(
            connection,
            key=str(issue.number),
            list_id=list_id,
            rhythm=rhythm,
            subject=issue.subject,
            letter=freeze(letter),
            audience=audience(connection, list_id, rhythm, now),
            batch_size=desk.sender.batch_size,
            now=now,
        )
        if not send.audience:
            raise SendError(
                f"nobody on the list {issue.list} is waiting for issue {issue.number}",
                mend="add subscribers with: newsletter subscribers import FILE",
            )
        holdings = library.by_address(connection, [story.url for story in issue.stories])
        library.remember(
            connection,
            [holding.id for holding in holdings.values()],
            issue_id=send.issue_id,
            list_id=list_id,
            rhythms=rhythms_of(rhythm),
        )
    return send


def run(desk: Desk, send: Send, progress: Progress) -> Account:
    """Deliver everything of a send that is still open, and close it when nothing is.

    Any number of processes may run the same send at once. What was interrupted is continued, with the letter as it
    was frozen.

    Raises:
        SendError: The provider or the outbox takes nothing more; everything is kept for the next run.
        DatabaseError: The ledger cannot be written; the same.
    """
    carriers: dict[int, Carrier] = {}
    try:
        while _step(desk, send, carriers, progress):
            pass
    finally:
        for carrier in carriers.values():
            carrier.close()
    with desk.database.read() as connection:
        return ledger.account(connection, send.id)


def send_test(desk: Desk, letter: Letter, address: str) -> str:
    """Send the letter to one address without writing it into the ledger; its unsubscribe link is nobody's.

    Returns:
        The name of the letter, the left side of its Message-ID.
    """
    name = f"test-{secrets.token_hex(8)}.0"
    carrier = desk.sender.load(letter)
    try:
        parcel = Parcel(0, name, address, {LEAVE: secrets.token_urlsafe(tokens.WIDTH)[: tokens.WIDTH].encode()})
        answer = carrier.begin([parcel], secrets.token_hex(16)).finish()
    finally:
        carrier.close()
    if answer.state != "submitted":
        raise SendError(f"the test letter to {address} is {answer.state}")
    return name


def _step(desk: Desk, send: Send, carriers: dict[int, Carrier], progress: Progress) -> bool:
    """Deliver one batch, or wait for others; False when this send needs no more of us."""
    with desk.database.write() as connection:
        batch = ledger.claim(connection, send.id, lease=desk.lease)
    if batch is not None:
        try:
            _deliver(desk, send, batch, carriers, progress)
        except BaseException:
            # The next run need not wait for the lease; should this fail too, the lease runs out by itself.
            with contextlib.suppress(NashraError), desk.database.write() as connection:
                ledger.release(connection, batch)
            raise
        return True
    with desk.database.write() as connection:
        if ledger.finish(connection, send.id, now=desk.now()) or ledger.state_of(connection, send.id) != "running":
            return False
        pause = ledger.waiting(connection, send.id)
    if pause:
        progress("waiting", round(pause))
        desk.sleep(min(pause + 0.05, 1.0))
    return True


def _deliver(desk: Desk, send: Send, batch: Batch, carriers: dict[int, Carrier], progress: Progress) -> None:
    with desk.database.read() as connection:
        if batch.letter_id not in carriers:
            carriers[batch.letter_id] = desk.sender.load(thaw(ledger.letter_of(connection, batch.letter_id)))
        carrier = carriers[batch.letter_id]
        deliveries = ledger.deliveries(connection, batch.id)
    if batch.state == "submitting":
        settled = _settle(desk, send, batch, carrier, deliveries, progress)
        if settled is None:
            return
        batch, deliveries = settled
    with desk.database.read() as connection:
        parcels, skipped = _parcels(desk, send, deliveries, connection)
    submission = carrier.begin(parcels, batch.request_id) if parcels else None
    try:
        with desk.database.write() as connection:
            mine = ledger.mark_submitting(connection, batch, skipped=skipped, lease=desk.lease)
    except BaseException:
        if submission is not None:
            submission.abandon()
        raise
    if not mine:
        if submission is not None:
            submission.abandon()
        return
    answer = submission.finish() if submission is not None else Answer()
    with desk.database.write() as connection:
        ledger.record(connection, batch, answer.state, answer.apart)
    if skipped:
        progress("skipped", len(skipped))
    progress(answer.state, len(parcels) - len(answer.apart))
    for state, _ in answer.apart.values():
        progress(state, 1)


def _settle(
    desk: Desk, send: Send, batch: Batch, carrier: Carrier, deliveries: list[Delivery], progress: Progress
) -> tuple[Batch, list[Delivery]] | None:
    """A batch in doubt: what is known to have gone is written down, the rest is to be sent.

    None when the provider cannot tell, and everything of it is ``unknown`` now, or when the lease was lost.
    """
    taken = carrier.settle([_name(send, delivery) for delivery in deliveries])
    if taken is None:
        with desk.database.write() as connection:
            ledger.record(connection, batch, "unknown", {})
        progress("unknown", len(deliveries))
        return None
    gone = {delivery.id for delivery in deliveries if _name(send, delivery) in taken}
    with desk.database.write() as connection:
        again = ledger.put_back(connection, batch, dict.fromkeys(gone, ("submitted", "")))
    if again is None:
        return None
    progress("submitted", len(gone))
    return again, [delivery for delivery in deliveries if delivery.id not in gone]


def _parcels(
    desk: Desk, send: Send, deliveries: list[Delivery], connection: Connection
) -> tuple[list[Parcel], dict[int, str]]:
    """The parcels of those who are still eligible, and the other deliveries with the reason."""
    ids = [delivery.subscriber_id for delivery in deliveries]
    recipients = store.eligible(connection, send.list_id, ids, desk.now())
    parcels: list[Parcel] = []
    skipped: dict[int, str] = {}
    for delivery in deliveries:
        recipient = recipients.get(delivery.subscriber_id)
        if recipient is None:
            skipped[delivery.id] = "no longer subscribed"
        else:
            parcels.append(_parcel(desk, send, delivery, recipient))
    return parcels, skipped


def _parcel(desk: Desk, send: Send, delivery: Delivery, recipient: Recipient) -> Parcel:
    token = tokens.make("leave", desk.keys, public_id=recipient.public_id, list_id=send.list_id, epoch=recipient.epoch)
    return Parcel(delivery.id, _name(send, delivery), recipient.address, {LEAVE: token.encode("ascii")})


def _name(send: Send, delivery: Delivery) -> str:
    """The name of a delivery at the provider: the left side of its Message-ID, the name of its file."""
    return f"{send.public_id}.{delivery.id}"
