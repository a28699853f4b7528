"""What people write to the mailbox, done: to leave, to stay, to confirm, to subscribe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from newsletter.delivery.names import letter_of
from subscribers import actions, store
from subscribers.addresses import Address, normalise
from subscribers.errors import AddressError, ConsentError, LinkError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.events.inbox import InboxSetup
    from newsletter.events.inbox.messages import ParsedMessage

ROAD = "mail"
"""What the record of consent says of how it came."""
WISH_LASTS = timedelta(days=7)
"""How old a message may be that wants to subscribe: a mailbox may hold years of them when it is read at first."""


def _leave(setup: InboxSetup, connection: Connection, message: ParsedMessage) -> str:
    try:
        person, list_id = actions.holder_of(connection, message.tokens[0], "leave", setup.link_keys)
    except LinkError:
        return "refused"
    ended = actions.leave(connection, person.id, list_id, now=setup.now, how=ROAD, words=message.words)
    return "left" if ended else "known"


def _stay(setup: InboxSetup, connection: Connection, message: ParsedMessage) -> str:
    try:
        person, list_id = actions.holder_of(connection, message.tokens[0], "stay", setup.link_keys)
    except LinkError:
        return "refused"
    came = actions.stay(connection, person.id, list_id, now=setup.now, how=ROAD, words=message.words)
    return "refused" if came == "nothing" else "stayed"


def _confirm(setup: InboxSetup, connection: Connection, message: ParsedMessage) -> str:
    for letter_id in _answered(setup, message):
        about = store.small_letter_of(connection, letter_id)
        if about is not None and about.kind == "still-wanted":
            came = actions.stay(
                connection, about.subscriber_id, about.list_id, now=setup.now, how=ROAD, words=message.words
            )
            return "refused" if came == "nothing" else "stayed"
    tries = [partial(actions.confirm, token=token) for token in message.tokens]
    tries += [partial(actions.confirm_letter, letter_id=letter_id) for letter_id in _answered(setup, message)]
    for attempt in tries:
        try:
            done = attempt(connection, now=setup.now, how=ROAD, words=message.words)
        except LinkError:
            continue
        except ConsentError:
            return "refused"
        return "known" if done.already else "confirmed"
    return "refused" if message.pressed else "other"


def _answered(setup: InboxSetup, message: ParsedMessage) -> list[int]:
    """Ids of the small letters that a message answers with yes; a name that verifies was read off its letter."""
    return [found for name in message.letters if (found := letter_of(name, setup.link_keys)) is not None]


def _subscribe(setup: InboxSetup, connection: Connection, message: ParsedMessage) -> str:
    wanted = _wanted(setup, connection, message)
    if isinstance(wanted, str):
        return wanted
    address, list_name = wanted
    came = actions.wish(
        connection,
        address,
        list_name,
        now=setup.now,
        keys=setup.suppression_keys,
        caps=setup.caps,
        how=ROAD,
        words=message.words,
        road="mail",
        rhythm=setup.rhythms.get(list_name, setup.rhythm),
    )
    return "refused" if came in {"lately", "nothing"} else came


def _wanted(setup: InboxSetup, connection: Connection, message: ParsedMessage) -> tuple[Address, str] | str:
    """The address and the list that a message asks for, or what the message counts as without a letter to anybody."""
    if not setup.lists:
        return "other"
    if message.at is None or message.at < setup.now - WISH_LASTS:
        return "refused"
    try:
        address = normalise(message.sender)
    except AddressError:
        return "refused"
    target = store.list_or_none(connection, message.list or setup.lists[0])
    if target is None or target.closed is not None:
        return "other"
    status = actions.status_of(connection, address, target.id)
    # Who was on a list that is offered to nobody may come back to it.
    if target.name not in setup.lists and status is None:
        return "other"
    if store.suppression_of(connection, address.key, setup.suppression_keys) is not None:
        return "refused"
    return "known" if status == "confirmed" else (address, target.name)


ACTS: Mapping[str, Callable[[InboxSetup, Connection, ParsedMessage], str]] = {
    "leave": _leave,
    "stay": _stay,
    "confirm": _confirm,
    "subscribe": _subscribe,
}
"""What is done for each kind of message that somebody wrote; gives the name of what came of it."""
