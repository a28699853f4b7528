"""Adding one person on an editor's word."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from subscribers import store
from subscribers.addresses import Address, normalise
from subscribers.consent import Act, decide
from subscribers.display import LONGEST_NAME, shown
from subscribers.errors import ConsentError, SuppressedError
from subscribers.models import List, Rhythm, Subscriber, Suppression
from subscribers.suppression import NO_KEYS
from subscribers.tokens import PUBLIC_ID_BYTES

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class AddedSubscriber:
    """A subscriber whom an editor added, or who was there."""

    subscriber: Subscriber
    already: bool
    """The person had a confirmed subscription before, and nothing was changed."""


def add_subscriber(
    connection: Connection,
    address: str,
    list_name: str,
    *,
    now: datetime,
    keys: Mapping[int, bytes] = NO_KEYS,
    rhythm: Rhythm = "weekly",
    how: str = "editor",
    words: str = "",
    restore: bool = False,
    name: str = "",
) -> AddedSubscriber:
    """Add a person to a list on an editor's word that they agreed; the subscription is confirmed at once.

    Args:
        connection: A connection in a writing transaction.
        address: As it was typed.
        list_name: Short name of the list, for example ``readers``.
        now: The present moment, timezone-aware.
        keys: Secret keys of suppressed addresses.
        rhythm: For a new subscription; who is subscribed keeps what they chose.
        how: The road it came by, for the record of consent.
        words: What the editor states, for the record of consent.
        restore: The person had left and asked to come back.
        name: What editors call a new one; it goes into no letter.

    Raises:
        AddressError: Not an address one can write to.
        UnknownList: No such list.
        ClosedList: Nobody can join it.
        SuppressedError: The address must not be mailed.
        ConsentError: The person left this list, and `restore` is not set.
        SecretError: Nobody can tell whether the address may be mailed.
    """
    wanted, target = who_and_where(connection, address, list_name, keys=keys)
    called = shown(name.strip(), LONGEST_NAME)
    person = store.add(connection, wanted, public_id=secrets.token_bytes(PUBLIC_ID_BYTES), now=now, name=called)
    before = store.subscription_of(connection, person.id, target.id, lock=True)
    act: Act = "restore" if restore else "add"
    decision = decide(before.status if before else None, act)
    if decision.refusal:
        raise ConsentError(
            f"{wanted.address} cannot be added to '{target.name}': {decision.refusal}",
            mend=LEFT_MEND,
        )
    if decision.changes and decision.status is not None:
        store.set_status(
            connection, person.id, target.id, decision.status, now=now, rhythm=rhythm if before is None else None
        )
        store.record(connection, person.id, target.id, act, now=now, how=how, words=words)
    return AddedSubscriber(person, already=not decision.changes)


REASONS = {
    "hard": "its mailbox does not exist",
    "invalid": "it is no address that can be reached",
    "soft": "its mailbox refused three letters within 30 days",
    "blocked": "its mail server blocked three letters within 30 days",
    "complained": "the person reported a letter as spam",
    "erased": "the person asked to be erased",
    "editor": "an editor stopped it",
    "import": "the program it was imported from had stopped it",
}


LEFT_MEND = "if they asked to come back, say so with --restore"


def who_and_where(
    connection: Connection, address: str, list_name: str, *, keys: Mapping[int, bytes]
) -> tuple[Address, List]:
    """Check an address and the name of a list before anybody is added.

    Raises:
        AddressError: Not an address one can write to.
        UnknownList: No such list.
        SuppressedError: The address must not be mailed.
        SecretError: Nobody can tell whether the address may be mailed.
    """
    wanted = normalise(address)
    target = store.open_list_named(connection, list_name)
    stopped = store.suppression_of(connection, wanted.key, keys)
    if stopped is not None:
        raise stopped_error(wanted.address, stopped)
    return wanted, target


def stopped_error(address: str, stopped: Suppression) -> SuppressedError:
    """Make the error for an address that must not be mailed, with the reason and the day."""
    return SuppressedError(
        f"{address} must not be mailed: {REASONS[stopped.reason]} (since {stopped.at:%Y-%m-%d})",
        mend="if that is no longer so, run: newsletter subscribers unsuppress",
    )
