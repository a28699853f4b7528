"""What only the reader pages ask for: what a confirmation link would do, and taking a goodbye back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from subscribers import store
from subscribers.actions.subscribing import confirmation_behind, lists_behind
from subscribers.consent import Act, decide
from subscribers.models import List, Status

if TYPE_CHECKING:
    from sqlalchemy import Connection

UNDO_LASTS = timedelta(hours=24)
"""How long after leaving a person can take it back with the link that they left with."""

_JOINED: tuple[Act, ...] = ("confirm", "add", "restore", "import")


@dataclass(frozen=True, slots=True)
class ConfirmationLink:
    """What a confirmation link is about."""

    list: List
    status: Status
    """Pending too while another list that was asked for together with it still waits."""
    also: tuple[List, ...] = ()
    """The others that the same answer confirms."""


def read_confirmation(connection: Connection, token: str, *, now: datetime) -> ConfirmationLink | None:
    """What a confirmation link would confirm, without doing it; None when it is too old or not ours.

    Args:
        connection: An open connection to the database.
        token: What stood in the link.
        now: The present moment, timezone-aware.
    """
    found = confirmation_behind(connection, token, now=now)
    if found is None:
        return None
    subscriber_id, list_id = found
    theirs = store.subscription_of(connection, subscriber_id, list_id)
    if theirs is None:
        return None
    listed = store.list_by_id(connection, list_id)
    also = tuple(store.list_by_id(connection, one) for one in lists_behind(connection, token, *found))
    if listed.closed is not None and theirs.status == "pending":
        return ConfirmationLink(also[0], "pending", also[1:]) if also else None
    status: Status = "pending" if also and theirs.status == "confirmed" else theirs.status
    return ConfirmationLink(listed, status, also)


def left_lately(connection: Connection, subscriber_id: int, list_id: int, *, now: datetime) -> list[int]:
    """The lists that this person has left within `UNDO_LASTS`, after having been subscribed.

    Who never confirmed cannot come back to what never was.

    Args:
        connection: An open connection to the database.
        subscriber_id: Id of the subscriber.
        list_id: Of the list; 0 for every list.
        now: The present moment, timezone-aware.
    """
    joined = {line.list_id for line in store.consents_of(connection, subscriber_id) if line.act in _JOINED}
    return [
        one.list_id
        for one in store.subscriptions_of(connection, subscriber_id)
        if list_id in (0, one.list_id)
        and one.list_id in joined
        and one.status == "left"
        and one.changed >= now - UNDO_LASTS
    ]


def undo_leave(
    connection: Connection,
    subscriber_id: int,
    list_id: int,
    *,
    now: datetime,
    how: str,
    words: str,
    page: str = "",
    network: str = "",
) -> list[int]:
    """Take a goodbye back, with everything the person had chosen; no letter goes out for it.

    Args:
        connection: A connection in a writing transaction.
        subscriber_id: Id of the subscriber.
        list_id: Of the list; 0 for every list that was left lately.
        now: The present moment, timezone-aware.
        how: The road it came by, for the record of consent.
        words: What the person was shown, for the record of consent.
        page: Address of the page that they said it on, without a token.
        network: The network that they said it from, where that is kept.

    Returns:
        Ids of the lists that the person is on again.
    """
    back = []
    for one in left_lately(connection, subscriber_id, list_id, now=now):
        before = store.subscription_of(connection, subscriber_id, one, lock=True)
        decision = decide(before.status if before else None, "restore")
        if decision.changes and decision.status is not None:
            store.set_status(connection, subscriber_id, one, decision.status, now=now)
            store.record(
                connection, subscriber_id, one, "restore", now=now, how=how, words=words, network=network, page=page
            )
            back.append(one)
    return back
