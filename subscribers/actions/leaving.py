"""Leaving a list: by a link, by an address."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from subscribers import store
from subscribers.actions.letters import queue_daily
from subscribers.addresses import normalise
from subscribers.consent import decide
from subscribers.errors import UnknownSubscriber

if TYPE_CHECKING:
    from sqlalchemy import Connection


def leave(
    connection: Connection,
    subscriber_id: int,
    list_id: int,
    *,
    now: datetime,
    how: str,
    words: str = "",
    page: str = "",
    network: str = "",
    letters: bool = True,
) -> list[int]:
    """End a subscription, or every one; doing it twice is no error.

    Args:
        connection: A connection in a writing transaction.
        subscriber_id: Id of the subscriber.
        list_id: Of the list; 0 for every list.
        now: The present moment, timezone-aware.
        how: The road it came by, for the record of consent.
        words: What the person said or was shown, for the record of consent.
        page: Address of the page that they said it on, without a token.
        network: The network that they said it from, where that is kept.
        letters: Write the goodbye letter down; not for somebody who complained.

    Returns:
        Ids of the lists that were left now.
    """
    ended = []
    for one in store.subscriptions_of(connection, subscriber_id):
        if list_id not in (0, one.list_id):
            continue
        before = store.subscription_of(connection, subscriber_id, one.list_id, lock=True)
        decision = decide(before.status if before else None, "leave")
        if not decision.changes or decision.status is None:
            continue
        store.set_status(connection, subscriber_id, one.list_id, decision.status, now=now)
        store.record(
            connection, subscriber_id, one.list_id, "leave", now=now, how=how, words=words, network=network, page=page
        )
        if decision.letter is not None and letters:
            queue_daily(connection, decision.letter, subscriber_id, one.list_id, now=now)
        ended.append(one.list_id)
    return ended


def leave_address(
    connection: Connection,
    address: str,
    list_name: str | None = None,
    *,
    now: datetime,
    how: str = "editor",
    words: str = "",
    letters: bool = False,
) -> list[int]:
    """End the subscription of an address, for somebody who wrote to the editors instead of using the link.

    Args:
        connection: A connection in a writing transaction.
        address: As it was typed.
        list_name: Of the list; None for every list.
        now: The present moment, timezone-aware.
        how: For the record of consent.
        words: For the record of consent.
        letters: Write the goodbye letter down.

    Returns:
        Ids of the lists that were left now.

    Raises:
        AddressError: Not an address.
        UnknownList: No such list.
        UnknownSubscriber: Nobody has this address.
    """
    wanted = normalise(address)
    list_id = 0 if list_name is None else store.list_named(connection, list_name).id
    person = store.find(connection, wanted)
    if person is None:
        raise UnknownSubscriber(f"nobody has the address {wanted.address}", mend="check its spelling")
    return leave(connection, person.id, list_id, now=now, how=how, words=words, letters=letters)
