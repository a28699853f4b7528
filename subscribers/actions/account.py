"""What people change about themselves on their own page, confirmed by a letter: another address, or to be erased."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from subscribers import store, tokens
from subscribers.actions.letters import had_enough, queue_daily
from subscribers.addresses import Address, normalise
from subscribers.errors import LinkError
from subscribers.models import AccountRequest, Subscriber
from subscribers.store import limits
from subscribers.store.limits import Caps

if TYPE_CHECKING:
    from sqlalchemy import Connection

REQUEST_LASTS = timedelta(hours=48)
"""How long the link of such a letter works."""

AddressAsked = Literal["asked", "same", "lately"]
"""``asked``: a letter is on its way if the address may get one; ``same``: they have this address already; ``lately``:
they asked for such a letter within a day, or three times within a month."""

AddressChanged = Literal["changed", "same", "taken", "refused"]
"""``taken``: somebody else is subscribed with this address; ``refused``: it must not be mailed."""


def ask_address(
    connection: Connection,
    person: Subscriber,
    wanted: Address,
    list_id: int,
    *,
    now: datetime,
    keys: Mapping[int, bytes],
    caps: Caps,
) -> AddressAsked:
    """Ask a new address whether it wants this person's letters; nothing changes before its owner says yes.

    What comes back tells nothing of the new address: neither whether it is known here nor whether it got a letter.
    The same statements are run for all. The letter counts for its mailbox like a confirmation letter, so that nobody
    can fill a stranger's mailbox from this page.

    Args:
        connection: In a writing transaction.
        person: Who asks.
        wanted: The new address, as `subscribers.addresses.normalise` gives it.
        list_id: A list of theirs, that the letter names.
        now: The present moment, timezone-aware.
        keys: Secret keys of suppressed addresses.
        caps: How many letters one mailbox may get.

    Raises:
        SecretError: Nobody can tell whether the address may be mailed.
    """
    if wanted.address == person.address:
        return "same"
    store.subscription_of(connection, person.id, list_id, lock=True)
    if had_enough(connection, "new-address", person.id, now=now):
        return "lately"
    asked = limits.counter_keys(wanted.key, keys, road="editor")
    limits.lock(connection)
    full = bool(limits.exceeded(connection, asked, caps, now=now))
    may = store.suppression_of(connection, wanted.key, keys) is None and not full
    letter = store.queue_letter(connection, "new-address", person.id, list_id, now=now, address=wanted.address)
    if not may:
        # It counts for the person as if it had gone, or the next try would tell that this one did not.
        store.refuse_letter(connection, letter, reason="the address gets no further letter now")
    limits.add(connection, asked, int(may), now=now)
    return "asked"


def ask_erasure(connection: Connection, person: Subscriber, list_id: int, *, now: datetime) -> bool:
    """Send a letter that asks once more whether everything about this person shall be erased.

    Args:
        connection: In a writing transaction.
        person: Who asks.
        list_id: A list of theirs, that the letter names.
        now: The present moment, timezone-aware.

    Returns:
        False when they got such a letter within a day, or three within a month.
    """
    store.subscription_of(connection, person.id, list_id, lock=True)
    if had_enough(connection, "erasure", person.id, now=now):
        return False
    return queue_daily(connection, "erasure", person.id, list_id, now=now)


def make_request(
    connection: Connection, subscriber_id: int, kind: AccountRequest, *, now: datetime, address: str = ""
) -> str:
    """Make the token of the link that confirms a request, when its letter is about to be sent; its hash is kept.

    Args:
        connection: A connection in a writing transaction.
        subscriber_id: Who asked.
        kind: ``address`` or ``erase``.
        now: The present moment, timezone-aware.
        address: The new address.

    Returns:
        43 characters of base64url, 256 random bits.
    """
    token = secrets.token_urlsafe(32)
    store.keep_request(
        connection,
        tokens.hash_of(token),
        subscriber_id,
        kind,
        now=now,
        expires=now + REQUEST_LASTS,
        address=address or None,
    )
    return token


def request_behind(
    connection: Connection, token: str, kind: AccountRequest, *, now: datetime
) -> tuple[Subscriber, str]:
    """The person who asked, and the new address if it is about one; nothing is changed.

    Args:
        connection: An open connection to the database.
        token: What stood in the link.
        kind: What the link must be for.
        now: The present moment, timezone-aware.

    Raises:
        LinkError: Not a link of ours, for something else, used, or too old.
    """
    found = store.request_of(connection, tokens.hash_of(token), kind, now=now)
    person = None if found is None else store.find_id(connection, found.subscriber_id)
    if found is None or person is None:
        raise LinkError("this link is not good any more", mend="ask for a new one on your page")
    return person, found.address


def change_address(
    connection: Connection,
    token: str,
    *,
    now: datetime,
    keys: Mapping[int, bytes],
    how: str,
    words: str,
    page: str = "",
    network: str = "",
) -> tuple[AddressChanged, Subscriber]:
    """Give a person the address that its owner has just confirmed; the one they had is told by a letter.

    Links in letters that they have go on working: whoever wants to leave with an old letter must be able to. A
    suppression of the old address stays with that address. Somebody else who has the new address keeps it: nothing is
    merged, since the records of consent of two subscriptions are not one.

    Args:
        connection: In a writing transaction.
        token: What stood in the link.
        now: The present moment, timezone-aware.
        keys: Secret keys of suppressed addresses.
        how: The road it came by, for the record of consent.
        words: What the person was shown, for the record of consent.
        page: Address of the page that they said it on, without a token.
        network: The network that they said it from, where that is kept.

    Raises:
        LinkError: Not a link of ours, used, or too old.
        SecretError: Nobody can tell whether the address may be mailed.
    """
    person, address = request_behind(connection, token, "address", now=now)
    wanted = normalise(address)
    if person.address == wanted.address:
        return "same", person
    store.lock_person(connection, person.id)
    other = store.find(connection, wanted)
    if other is not None and other.id != person.id:
        return "taken", person
    if store.suppression_of(connection, wanted.key, keys) is not None:
        return "refused", person
    old = normalise(person.address)
    stopped = store.suppression_of(connection, old.key, keys)
    store.change_address(connection, person.id, wanted)
    theirs = store.subscriptions_of(connection, person.id)
    for one in theirs:
        store.record(
            connection, person.id, one.list_id, "address", now=now, how=how, words=words, network=network, page=page
        )
    if stopped is None and theirs:
        queue_daily(connection, "address-changed", person.id, theirs[0].list_id, now=now, address=old.address)
    return "changed", person
