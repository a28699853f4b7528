"""Stopping letters to an address: by what a provider reports, or by an editor's word."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from subscribers import store
from subscribers.actions.adding import REASONS
from subscribers.actions.bouncing import bounced
from subscribers.actions.leaving import leave
from subscribers.addresses import Address, normalise
from subscribers.errors import SuppressedError
from subscribers.models import Event, SuppressionReason
from subscribers.suppression import judge

if TYPE_CHECKING:
    from sqlalchemy import Connection

Outcome = Literal["suppressed", "held", "remembered", "left", "nothing"]


def receive(
    connection: Connection,
    event: Event,
    *,
    subscriber_id: int,
    list_id: int,
    now: datetime,
    keys: Mapping[int, bytes],
) -> Outcome:
    """Do what an event of a provider means for the person it is about. Receiving it again changes nothing.

    Args:
        connection: In a transaction; the one in which the event itself is kept.
        event: What the provider reported, in our words.
        subscriber_id: Whose delivery it was.
        list_id: The list of that delivery; 0 when it is not known, and then leaving means every list.
        now: The present moment, timezone-aware.
        keys: Secret keys of suppressed addresses.

    Raises:
        SecretError: The address should be suppressed and there is no key to do it with.
    """
    person = store.find_id(connection, subscriber_id)
    if person is None:  # erased in the meantime, and so suppressed already
        return "nothing"
    if event.kind == "left":
        at = _left_at(connection, event, person.id, now)
        ended = leave(connection, person.id, list_id, now=at, how="provider", words=event.reason, letters=False)
        return "left" if ended else "nothing"
    troubles = store.troubles_of(connection, person.id, now=now, but=event.delivery)
    verdict, reason = judge(event, troubles)
    if verdict == "remember":
        store.remember_trouble(connection, person.id, event.delivery, now=now)
        return "remembered"
    if reason is None:
        return "nothing"
    if event.kind == "bounced":
        return bounced(connection, person, reason, at=now, now=now, keys=keys)
    new = store.suppress(connection, normalise(person.address).key, keys, reason=reason, now=now)
    return "suppressed" if new else "nothing"


def _left_at(connection: Connection, event: Event, subscriber_id: int, now: datetime) -> datetime:
    """When somebody left who is told of late: then, unless the record of consent has a later line of theirs."""
    last = max((one.at for one in store.consents_of(connection, subscriber_id)), default=event.at)
    return event.at if last <= event.at <= now else now


def suppress(
    connection: Connection,
    address: str,
    *,
    now: datetime,
    keys: Mapping[int, bytes],
    reason: SuppressionReason = "editor",
) -> bool:
    """Never mail an address again, whether somebody has it or not.

    Args:
        connection: A connection in a writing transaction.
        address: As it was typed.
        now: The present moment, timezone-aware.
        keys: Secret keys of suppressed addresses.
        reason: Why the address must not be mailed.

    Returns:
        Whether it is new.

    Raises:
        AddressError: Not an address.
        SecretError: No key.
    """
    return store.suppress(connection, normalise(address).key, keys, reason=reason, now=now)


def unsuppress(
    connection: Connection, address: str, *, keys: Mapping[int, bytes], asked: bool = False
) -> Address | None:
    """Let an address be mailed again. Who had subscriptions has them as before; nobody is subscribed by this.

    Args:
        connection: A connection in a writing transaction.
        address: As it was typed.
        keys: Secret keys of suppressed addresses.
        asked: The person asked for it themselves; needed when they had complained or asked to be erased.

    Returns:
        The address, or None when it was neither suppressed nor a bounce of it held.

    Raises:
        AddressError: Not an address.
        SuppressedError: The person had complained or been erased, and `asked` is not set.
        SecretError: The database needs a key that is not there.
    """
    wanted = normalise(address)
    stopped = store.suppression_of(connection, wanted.key, keys)
    if stopped is None:
        person = store.find(connection, wanted)
        held = person is not None and store.forget_bounces(connection, person.id)
        return wanted if held else None
    if stopped.reason in ("complained", "erased") and not asked:
        raise SuppressedError(
            f"{wanted.address} stays suppressed: {REASONS[stopped.reason]}",
            mend="if the person themselves asked for letters again, say so with --asked",
        )
    store.lift(connection, wanted.key, keys)
    return wanted
