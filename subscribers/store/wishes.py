"""Wishes to subscribe that wait: kept because too many came at once, or because a whole file is to be asked."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

from subscribers.models import KeptWish
from subscribers.moments import to_seconds
from subscribers.store.dialect import insert
from subscribers.store.tables import kept_wish

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MANY = 1000


def keep_wishes(connection: Connection, wishes: Iterable[KeptWish]) -> int:
    """Keep wishes to be asked about later; who waits for the same list already waits as before.

    Args:
        connection: A connection in a writing transaction.
        wishes: In the order in which they are to be asked.

    Returns:
        How many are new.
    """
    number, waiting = 0, iter(wishes)
    while some := list(islice(waiting, _MANY)):
        rows = [
            {
                "list_id": one.list_id,
                "address_key": one.address_key,
                "address": one.address,
                "road": one.road,
                "rhythm": one.rhythm,
                "declined_topics": one.declined_topics,
                "how": one.how,
                "words": one.words,
                "network": one.network,
                "page": one.page,
                "created": to_seconds(one.created),
                "expires": to_seconds(one.expires),
            }
            for one in some
        ]
        statement = insert(connection, kept_wish).on_conflict_do_nothing(index_elements=["list_id", "address_key"])
        number += connection.execute(statement.values(rows)).rowcount
    return number
