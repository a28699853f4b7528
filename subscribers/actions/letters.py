"""Small letters that a person may get at most once a day, whatever is pressed how often.

Every link of ours can be pressed again and again, by its reader or by whoever got hold of it; forty times "leave" and
"undo" shall not fill a mailbox.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from subscribers import store
from subscribers.models import LetterKind

if TYPE_CHECKING:
    from sqlalchemy import Connection

A_DAY = timedelta(hours=24)

MOST: tuple[tuple[int, int], ...] = ((1, 1), (30, 3))
"""(Days, letters of one kind that a person gets at most in them, over all lists), where anybody may ask for them: a
stranger may be filling in the form."""


def had_enough(connection: Connection, kind: LetterKind, subscriber_id: int, *, now: datetime) -> bool:
    """Whether a person got as many letters of a kind lately as `MOST` allows.

    Confirmation letters that were answered with yes do not count: so who leaves by mistake can come back on the same
    day.

    Args:
        connection: An open connection to the database.
        kind: What the letter is for.
        subscriber_id: Id of the subscriber.
        now: The present moment, timezone-aware.
    """
    since = [now - timedelta(days=days) for days, _ in MOST]
    numbers = store.letters_since(connection, kind, subscriber_id, since=since)
    answered = [0] * len(since)
    if kind == "confirmation":
        answered = store.confirmed_since(connection, subscriber_id, since=since)
    return any(number - yes >= most for number, yes, (_, most) in zip(numbers, answered, MOST, strict=True))


def queue_daily(
    connection: Connection,
    kind: LetterKind,
    subscriber_id: int,
    list_id: int,
    *,
    now: datetime,
    address: str = "",
) -> bool:
    """Write a small letter down unless this person got one of its kind within 24 hours, over all lists.

    Args:
        connection: A connection in a writing transaction.
        kind: What the letter is for.
        subscriber_id: Id of the subscriber.
        list_id: Id of the list it is about.
        now: The present moment, timezone-aware.
        address: Where it goes when that is not the address the subscriber has.

    Returns:
        Whether it will go.
    """
    # Two requests at once must not both find that there was none.
    store.subscription_of(connection, subscriber_id, list_id, lock=True)
    if store.letters_since(connection, kind, subscriber_id, since=[now - A_DAY]) != [0]:
        return False
    store.queue_letter(connection, kind, subscriber_id, list_id, now=now, address=address)
    return True
