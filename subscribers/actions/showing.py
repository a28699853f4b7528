"""Showing what is known: of one person, and of the lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from subscribers import store
from subscribers.addresses import normalise
from subscribers.errors import UnknownSubscriber
from subscribers.models import Consent, List, ListStats, Subscriber, Subscription, Suppression, WaitingWishes

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Person:
    """Everything that is known of one person."""

    subscriber: Subscriber
    subscriptions: tuple[tuple[List, Subscription], ...]
    consents: tuple[Consent, ...]
    suppression: Suppression | None
    rows: Mapping[str, list[dict[str, Any]]]
    """Every row of every table that holds something of them, for the copy a person can ask for."""


def show(connection: Connection, address: str, *, keys: Mapping[int, bytes]) -> Person:
    """Everything that is known of the person with this address.

    Args:
        connection: An open connection to the database.
        address: As it was typed.
        keys: Secret keys of suppressed addresses.

    Raises:
        AddressError: Not an address.
        UnknownSubscriber: Nobody has this address; says whether it is suppressed all the same.
        SecretError: The database needs a key that is not there.
    """
    wanted = normalise(address)
    stopped = store.suppression_of(connection, wanted.key, keys)
    person = store.find(connection, wanted)
    if person is None:
        also = f", and it must not be mailed ({stopped.reason}, {stopped.at:%Y-%m-%d})" if stopped else ""
        raise UnknownSubscriber(f"nobody has the address {wanted.address}{also}", mend="check its spelling")
    return _person(connection, person, stopped)


def person_behind(connection: Connection, public_id: bytes, *, keys: Mapping[int, bytes]) -> Person:
    """Everything that is known of the person whom a link or a page of the editors stands for.

    Args:
        connection: An open connection to the database.
        public_id: Their 16 bytes.
        keys: Secret keys of suppressed addresses.

    Raises:
        UnknownSubscriber: Nobody has it, or not any more.
        SecretError: The database needs a key that is not there.
    """
    person = store.find_public(connection, public_id)
    if person is None:
        raise UnknownSubscriber("this reader is not known any more", mend="look for them in the list of readers")
    return _person(connection, person, store.suppression_of(connection, normalise(person.address).key, keys))


def _person(connection: Connection, person: Subscriber, stopped: Suppression | None) -> Person:
    return Person(
        subscriber=person,
        subscriptions=tuple(
            (store.list_by_id(connection, one.list_id), one) for one in store.subscriptions_of(connection, person.id)
        ),
        consents=tuple(store.consents_of(connection, person.id)),
        suppression=stopped,
        rows=store.everything_about(connection, person.id),
    )


def stats(connection: Connection, *, now: datetime, days: int = 30) -> list[ListStats]:
    """How each list stands and moved lately, oldest list first.

    Args:
        connection: An open connection to the database.
        now: The present moment, timezone-aware.
        days: How far "lately" goes back.
    """
    return store.list_stats(connection, now=now, since=now - timedelta(days=days))


def wishes_waiting(connection: Connection) -> WaitingWishes:
    """How many wishes to subscribe wait to be asked about, since when, and from how many networks."""
    return store.waiting_wishes(connection)
