"""Asking readers whose letters have not arrived for months whether they still want them, once; and letting go of those
who do not answer.

Nobody is judged by what they open or press. Who answers stays, whenever it is: also after they were let go, with
everything they had chosen. Who left, paused or complained is never asked, and nobody is let go by a letter that did
not go, or when a letter has reached them since.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

from subscribers import store
from subscribers.actions.leaving import leave
from subscribers.consent import LET_GO, decide
from subscribers.store import limits
from subscribers.store.hygiene import StillWanted
from subscribers.store.limits import Caps

if TYPE_CHECKING:
    from sqlalchemy import Connection

LEAST_DAYS, MOST_DAYS = 7, 30
"""How long a reader may have to answer; what became of a small letter is known for a few days longer."""
ANSWER_DAYS = 30
QUESTION: Final = "Do you still want our letters?"
"""What is asked, for the record of consent."""
KIND: Final = "still-wanted"

Stayed = Literal["stays", "back", "nothing"]
"""``stays``: they are subscribed as before; ``back``: they had been let go and are on the list again; ``nothing``: they
left themselves, and this link brings nobody back."""

Reached = Callable[["Connection", Sequence[StillWanted]], set[tuple[int, int]]]
"""Of some that were asked: ids of subscriber and list of those whom a letter has reached since."""


def nobody_reached(_connection: Connection, _asked: Sequence[StillWanted]) -> set[tuple[int, int]]:
    """For who knows nothing of deliveries."""
    return set()


def ask_whether_wanted(
    connection: Connection, *, now: datetime, keys: Mapping[int, bytes], caps: Caps, limit: int = 50
) -> int:
    """Ask some of those who are to be asked, as far as the caps for files of addresses allow.

    Args:
        connection: In a writing transaction.
        now: The present moment, timezone-aware.
        keys: Secret keys of the counters.
        caps: How many letters may ask.
        limit: How many at most, so that the transaction is short.

    Returns:
        How many letters were written down.
    """
    limits.lock(connection)
    asked = 0
    for who, address_key, list_id, days in store.next_to_ask(connection, now=now, limit=limit):
        counted = limits.counter_keys(address_key, keys, road="file")
        beyond = limits.exceeded(connection, counted, caps, now=now)
        if beyond - {"mailbox"}:
            break
        if beyond:
            continue  # they got another letter of this kind lately: their turn comes later
        until = now + timedelta(days=days)
        letter_id = store.queue_letter(connection, KIND, who.subscriber_id, list_id, now=now)
        store.mark_asked(connection, who.subscriber_id, list_id, letter_id=letter_id, now=now, until=until)
        limits.add(connection, counted, 1, now=now)
        asked += 1
    return asked


def stay(
    connection: Connection,
    subscriber_id: int,
    list_id: int,
    *,
    now: datetime,
    how: str,
    words: str,
    page: str = "",
    network: str = "",
) -> Stayed:
    """Keep a reader who was asked and says that they still want a list. Saying it twice changes nothing more.

    Args:
        connection: In a writing transaction.
        subscriber_id: Id of the subscriber.
        list_id: Id of the list.
        now: The present moment, timezone-aware.
        how: The road it came by, for the record of consent.
        words: What the person was shown or wrote, for the record of consent.
        page: Address of the page that they said it on, without a token.
        network: The network that they said it from, where that is kept.
    """
    asked = store.still_wanted_of(connection, subscriber_id, list_id, lock=True)
    theirs = store.subscription_of(connection, subscriber_id, list_id, lock=True)
    if theirs is None or theirs.status == "pending":
        return "nothing"
    if theirs.status == "confirmed":
        if asked is not None:
            store.mark_answered(connection, subscriber_id, list_id, now=now)
        return "stays"
    if asked is None or asked.let_go is None or not _ended_by_us(connection, subscriber_id, list_id):
        return "nothing"
    decision = decide(theirs.status, "restore")
    if decision.status is None or not decision.changes:
        return "nothing"
    store.mark_answered(connection, subscriber_id, list_id, now=now)
    store.set_status(connection, subscriber_id, list_id, decision.status, now=now)
    store.record(
        connection, subscriber_id, list_id, "restore", now=now, how=how, words=words, network=network, page=page
    )
    return "back"


def _ended_by_us(connection: Connection, subscriber_id: int, list_id: int) -> bool:
    """Whether the last that is known of a subscription is that nobody answered, and not that the reader left."""
    lines = [one for one in store.consents_of(connection, subscriber_id) if one.list_id == list_id]
    return bool(lines) and lines[-1].act == "leave" and lines[-1].how == LET_GO


def let_go(connection: Connection, *, now: datetime, reached: Reached = nobody_reached, limit: int = 200) -> int:
    """End the subscriptions of some who were asked and have not answered by the day that was named.

    Args:
        connection: In a writing transaction.
        now: The present moment, timezone-aware.
        reached: Tells whom a letter has reached since they were asked: they are as if they had never been asked.
        limit: How many at most, so that the transaction is short.

    Returns:
        How many; 0 when nobody is left.
    """
    ended = 0
    while not ended and (found := store.unanswered(connection, now=now, limit=limit)):
        fine = reached(connection, found)
        for one in found:
            if (one.subscriber_id, one.list_id) in fine:
                store.forget_asked(connection, one.subscriber_id, one.list_id)
                continue
            # No goodbye letter: the one that asked has said it, and letters do not arrive there.
            leave(connection, one.subscriber_id, one.list_id, now=now, how=LET_GO, words=QUESTION, letters=False)
            store.mark_let_go(connection, one.subscriber_id, one.list_id, now=now)
            ended += 1
    return ended
