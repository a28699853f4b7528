"""What a subscriber chooses: rhythm, topics, a pause; and who holds a link."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from subscribers import store, tokens
from subscribers.errors import ConsentError, LinkError
from subscribers.models import Rhythm, Subscriber, Subscription
from subscribers.tokens import Purpose

if TYPE_CHECKING:
    from sqlalchemy import Connection


def holder_of(
    connection: Connection, token: str, purpose: Purpose, keys: Mapping[int, bytes]
) -> tuple[Subscriber, int]:
    """Verify a signed link; gives the subscriber it belongs to and the id of its list (0: every list).

    Args:
        connection: An open connection to the database.
        token: What stood in the link.
        purpose: What the link must be for.
        keys: The keys that sign links.

    Raises:
        LinkError: Not a link of ours, for something else, revoked, or of somebody who was erased.
    """
    claim = tokens.read(token, purpose)
    person = store.find_public(connection, claim.public_id)
    # Also checked when nobody is found, so that time tells nothing.
    if not tokens.verify(claim, keys, person.epoch if person else 0) or person is None:
        raise LinkError("this link is not good any more", mend="open the link of a newer letter")
    return person, claim.list_id


def prefer(
    connection: Connection,
    subscriber_id: int,
    list_id: int,
    *,
    now: datetime,
    rhythm: Rhythm,
    declined_topics: int = 0,
    paused_until: datetime | None = None,
) -> Subscription:
    """Keep what a person chose for a subscription: rhythm, topics and pause, as their page shows them.

    Args:
        connection: A connection in a writing transaction.
        subscriber_id: Id of the subscriber.
        list_id: Id of the list.
        now: The present moment, timezone-aware.
        rhythm: How often they want letters: ``instant``, ``daily`` or ``weekly``.
        declined_topics: Bit n is set when topic n is not wanted; 0 to 255.
        paused_until: Aware; no letter before it. None for no pause.

    Raises:
        ConsentError: The person has no subscription to this list, or has left it.
    """
    before = store.subscription_of(connection, subscriber_id, list_id, lock=True)
    if before is None or before.status == "left":
        raise ConsentError("there is no subscription to change", mend="subscribe again on the site")
    store.set_preferences(
        connection,
        subscriber_id,
        list_id,
        rhythm=rhythm,
        declined_topics=declined_topics,
        paused_until=paused_until,
        now=now,
    )
    kept = store.subscription_of(connection, subscriber_id, list_id)
    return kept or before
