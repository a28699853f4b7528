"""What people do themselves: subscribe, confirm, choose, leave."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from subscribers import store, tokens
from subscribers.actions.letters import had_enough, queue_daily
from subscribers.addresses import normalise
from subscribers.consent import Act, decide
from subscribers.errors import ConsentError, LinkError
from subscribers.models import List, Rhythm, SmallLetterRecord, Subscriber, Subscription
from subscribers.tokens import PUBLIC_ID_BYTES

if TYPE_CHECKING:
    from sqlalchemy import Connection

CONFIRMATION_LASTS = timedelta(hours=48)
"""How long a confirmation link works, from the moment its letter goes out."""

CONFIRMATION_BY_MAIL_LASTS = timedelta(days=7)
"""The same where a letter is the answer: people write when they get to it, and the mailbox is read now and then."""


@dataclass(frozen=True, slots=True)
class ConfirmationOutcome:
    """A confirmed subscription, and whether it was confirmed before."""

    subscriber: Subscriber
    list: List
    already: bool
    """The subscription had been confirmed before."""
    also: tuple[List, ...] = ()
    """The other lists that were asked for in the same act, and that the same answer confirmed."""


def subscribe(
    connection: Connection,
    address: str,
    list_name: str,
    *,
    now: datetime,
    keys: Mapping[int, bytes],
    how: str,
    words: str,
    rhythm: Rhythm = "weekly",
    act: Act = "subscribe",
    also: Sequence[str] = (),
    declined: Mapping[str, int] | None = None,
    remind: bool = False,
    page: str = "",
    network: str = "",
) -> Literal["asked", "reminded", "lately", "nothing"]:
    """Take a wish to subscribe; a confirmation letter is written down, or nothing happens.

    The one who asked must not learn which: it would tell whether somebody is subscribed.

    Args:
        connection: A connection in a writing transaction.
        address: As it was typed.
        list_name: Short name of the list, for example ``readers``.
        now: The present moment, timezone-aware.
        keys: Secret keys of suppressed addresses.
        how: The road it came by, for the record of consent.
        words: What the person was shown, for the record of consent.
        rhythm: What the person chose, if the subscription is new.
        act: ``subscribe``, or ``ask`` when an editor asks the person.
        also: More lists that are asked for in the same act; one letter asks about all of them.
        declined: By name of a list, the bits of the topics that are not wanted.
        remind: Send who is subscribed already the link to their preferences, at most once a day.
        page: Address of the form, for the record of consent.
        network: The network that the person said it from, where that is kept.

    Returns:
        Whether a letter that asks was written down, or one with the link to their preferences, or this person got as
        many as one may lately, or there is nothing to ask; for logs that count, not for the answer.

    Raises:
        AddressError: Not an address one can write to.
        UnknownList: No such list.
        SecretError: Nobody can tell whether the address may be mailed.
    """
    wanted = normalise(address)
    named = [store.list_named(connection, name) for name in dict.fromkeys((list_name, *also))]
    # A form that was made before a list was closed may still name it.
    targets = [one for one in named if one.closed is None]
    if store.suppression_of(connection, wanted.key, keys) is not None:
        return "nothing"
    person = store.add(connection, wanted, public_id=secrets.token_bytes(PUBLIC_ID_BYTES), now=now)
    before = [store.subscription_of(connection, person.id, target.id, lock=True) for target in targets]
    decisions = [
        (target, decide(one.status if one else None, act)) for target, one in zip(targets, before, strict=True)
    ]
    asked = [(target, decision) for target, decision in decisions if decision.letter is not None]
    if not asked:
        on = next((one for one in before if one is not None and one.status == "confirmed"), None)
        return _remind(connection, on, now) if remind and on is not None else "nothing"
    if had_enough(connection, "confirmation", person.id, now=now):
        return "lately"
    for target, decision in asked:
        if decision.changes and decision.status is not None:
            wanted_topics = None if declined is None else declined.get(target.name)
            store.set_status(
                connection,
                person.id,
                target.id,
                decision.status,
                now=now,
                rhythm=rhythm,
                declined_topics=wanted_topics,
            )
        # Of several, each is written down: that is how the answer to the one letter finds them all.
        if decision.changes or len(asked) > 1:
            store.record(
                connection, person.id, target.id, act, now=now, how=how, words=words, page=page, network=network
            )
    store.queue_letter(connection, "confirmation", person.id, asked[0][0].id, now=now)
    return "asked"


def _remind(connection: Connection, on: Subscription, now: datetime) -> Literal["reminded", "lately"]:
    """Write down the letter with the link to one's preferences, at most one a day and three in 30 days."""
    if had_enough(connection, "preferences", on.subscriber_id, now=now):
        return "lately"
    store.queue_letter(connection, "preferences", on.subscriber_id, on.list_id, now=now)
    return "reminded"


def make_confirmation(
    connection: Connection, subscriber_id: int, list_id: int, *, now: datetime, lasts: timedelta = CONFIRMATION_LASTS
) -> str:
    """Make the token of a confirmation link when its letter is about to be sent; only its hash is kept.

    Args:
        connection: A connection in a writing transaction.
        subscriber_id: Who will confirm with it.
        list_id: What they will confirm.
        now: The present moment, timezone-aware.
        lasts: How long the link works.

    Returns:
        43 characters of base64url, 256 random bits.
    """
    token = secrets.token_urlsafe(32)
    store.keep_confirmation(connection, tokens.hash_of(token), subscriber_id, list_id, now=now, expires=now + lasts)
    return token


def confirm(
    connection: Connection,
    token: str,
    *,
    now: datetime,
    how: str,
    words: str = "",
    page: str = "",
    network: str = "",
) -> ConfirmationOutcome:
    """Confirm a subscription; doing it twice is no error.

    Args:
        connection: A connection in a writing transaction.
        token: What stood in the link.
        now: The present moment, timezone-aware.
        how: The road it came by, for the record of consent.
        words: What the person was shown, for the record of consent.
        page: Address of the page that they said it on, without a token.
        network: The network that they said it from, where that is kept.

    Raises:
        LinkError: Not a link of ours, or too old.
        ConsentError: The person left after asking for it.
    """
    found = confirmation_behind(connection, token, now=now)
    if found is None:
        raise LinkError("this link is too old or not complete", mend="subscribe again to get a new one")
    also = lists_behind(connection, token, *found)
    return _confirm(connection, *found, also, now=now, how=how, words=words, page=page, network=network)


def lists_behind(connection: Connection, token: str, subscriber_id: int, list_id: int) -> list[int]:
    """Ids of the other lists that were asked for together with the one of a confirmation link, and still wait.

    Args:
        connection: An open connection to the database.
        token: What stood in the link.
        subscriber_id: Whose link it is.
        list_id: The list it is made for.
    """
    return _together(
        connection, subscriber_id, list_id, store.confirmation_letter_of(connection, tokens.hash_of(token))
    )


def _together(connection: Connection, subscriber_id: int, list_id: int, at: datetime | None) -> list[int]:
    if at is None:
        return []
    theirs = {one.list_id: one.status for one in store.subscriptions_of(connection, subscriber_id)}
    others = store.asked_together(connection, subscriber_id, list_id, at=at)
    waiting = [one for one in others if theirs.get(one) == "pending"]
    return [one for one in waiting if store.list_by_id(connection, one).closed is None]


def confirm_letter(
    connection: Connection, letter_id: int, *, now: datetime, how: str, words: str = ""
) -> ConfirmationOutcome:
    """Confirm the subscription that a confirmation letter asked about, for who answered that letter.

    Args:
        connection: A connection in a writing transaction.
        letter_id: Of the letter; the answer must have proved that it is to this letter.
        now: The present moment, timezone-aware.
        how: The road it came by, for the record of consent.
        words: What the person wrote, for the record of consent.

    Raises:
        LinkError: No letter that asks anything, or it can be answered no more.
        ConsentError: The person left after asking for it.
    """
    letter = letter_open(connection, letter_id, now=now)
    if letter is None:
        raise LinkError("this letter can be answered no more", mend="subscribe again to get a new one")
    also = _together(connection, letter.subscriber_id, letter.list_id, letter.created)
    return _confirm(connection, letter.subscriber_id, letter.list_id, also, now=now, how=how, words=words)


def letter_open(connection: Connection, letter_id: int, *, now: datetime) -> SmallLetterRecord | None:
    """The confirmation letter of this id, as long as it can be answered; None for every other one."""
    letter = store.small_letter_of(connection, letter_id)
    if letter is None or letter.kind != "confirmation":
        return None
    still = store.confirmation_open(connection, letter.subscriber_id, letter.list_id, since=letter.created, now=now)
    return letter if still else None


def _confirm(
    connection: Connection,
    subscriber_id: int,
    list_id: int,
    others: Sequence[int],
    *,
    now: datetime,
    how: str,
    words: str,
    page: str = "",
    network: str = "",
) -> ConfirmationOutcome:
    person = store.find_id(connection, subscriber_id)
    before = store.subscription_of(connection, subscriber_id, list_id, lock=True)
    decision = decide(before.status if before else None, "confirm")
    if person is None or decision.refusal or decision.status is None:
        raise ConsentError(decision.refusal or "this subscription is gone", mend="subscribe again on the site")
    if decision.changes and store.list_by_id(connection, list_id).closed is not None:
        # It was closed after the letter went; what else was asked for together is confirmed without it.
        if not others:
            raise ConsentError("this list is closed", mend="subscribe to another one on the site")
        return _confirm(
            connection,
            subscriber_id,
            others[0],
            others[1:],
            now=now,
            how=how,
            words=words,
            page=page,
            network=network,
        )
    if decision.changes:
        store.set_status(connection, person.id, list_id, decision.status, now=now)
        store.record(
            connection, person.id, list_id, "confirm", now=now, how=how, words=words, network=network, page=page
        )
    if decision.letter is not None or others:
        # One letter says welcome to all of them.
        queue_daily(connection, "welcome", person.id, list_id, now=now)
    for other in others:
        store.set_status(connection, person.id, other, "confirmed", now=now)
        store.record(connection, person.id, other, "confirm", now=now, how=how, words=words, network=network, page=page)
    return ConfirmationOutcome(
        person,
        store.list_by_id(connection, list_id),
        already=not decision.changes and not others,
        also=tuple(store.list_by_id(connection, other) for other in others),
    )


def confirmation_behind(connection: Connection, token: str, *, now: datetime) -> tuple[int, int] | None:
    """(Subscriber id, list id) that a confirmation link is about; None when it is too old or not ours."""
    return store.confirmation_of(connection, tokens.hash_of(token), now=now)
