"""Who begins a rhythm late: subscribers of an audience who were not in its last letter, and where each of them stands.

The rule itself is ``newsletter.rhythms.streams``; here is what the ledger and the record of consent say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from newsletter import delivery, ledger
from newsletter.ledger import ALL
from newsletter.models import Holding
from newsletter.rhythms import streams
from subscribers import store

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

_PART = 5_000
"""Subscribers that one query names one by one."""


@dataclass(frozen=True, slots=True)
class LatecomerStart:
    """Where somebody begins."""

    begins: int
    """Nothing up to this article is owed to them."""
    got: frozenset[int] = frozenset()
    """Ids of the news that they were sent already."""


def members(connection: Connection, list_id: int, rhythm: str, now: datetime) -> list[int]:
    """Those of the audience who were not in the last letter of the rhythm, ascending.

    Args:
        connection: An open connection to the database.
        list_id: The list.
        rhythm: ``instant``, ``daily`` or ``weekly``.
        now: The present moment, timezone-aware.
    """
    everybody = delivery.audience(list_id, rhythm, now)
    last = ledger.last_of(connection, list_id, (rhythm, ALL))
    query = everybody if last is None else ledger.without_delivery(everybody, last)
    found: list[Any] = list(connection.execute(query).scalars())
    return sorted(found)


def standings(
    connection: Connection,
    list_id: int,
    who: Sequence[int],
    news: Sequence[Holding],
    now: datetime,
    *,
    first: bool = False,
) -> dict[int, LatecomerStart]:
    """Where each of these subscribers begins, and what of the news they got.

    Args:
        connection: An open connection to the database.
        list_id: The list.
        who: As ``members`` gives it.
        news: As ``rhythms.candidates`` gives it.
        now: The present moment, timezone-aware.
        first: As for ``rhythms.start``.
    """
    if not who or not news:
        return {}
    last = ledger.reached(connection, list_id, who, above=min(one.id for one in news) - 1)
    beginnings = store.beginnings(connection, list_id, who, now)
    got = ledger.received(connection, list_id, who, {one.id for one in news})
    return {
        member: LatecomerStart(
            streams.start(last.get(member), beginnings.get(member), news, first=first),
            frozenset(got.get(member, ())),
        )
        for member in who
    }


def by_choice(
    connection: Connection, list_id: int, who: Sequence[int], bits: int
) -> tuple[dict[int, list[int]], Mapping[int, int]]:
    """Subscribers by what they decline of these topics; and all that each of them declines.

    Args:
        connection: An open connection to the database.
        list_id: Id of the list.
        who: Ids of subscribers.
        bits: Of the topics that matter; topic n is bit n - 1.

    Returns:
        Subscribers by the bits they decline among ``bits``; and for each subscriber all the bits they decline.
    """
    declined = store.declined_of(connection, list_id, who)
    found: dict[int, list[int]] = {}
    for member in who:
        found.setdefault(declined.get(member, 0) & bits, []).append(member)
    return found, declined


def queries(who: Sequence[int], everybody: Select[tuple[int]]) -> Iterator[tuple[str, Select[tuple[int]]]]:
    """Queries that name these subscribers as far as they are in an audience, each with an ending for its name.

    Args:
        who: Ids of subscribers.
        everybody: Query for the ids of the audience.

    Returns:
        An ending for the name, empty for the first one, and a query for at most 5,000 ids.
    """
    for number, start in enumerate(range(0, len(who), _PART)):
        yield f"/{number + 1}" if number else "", store.among(who[start : start + _PART], everybody)


def without(counts: Mapping[int, int], declined: Iterable[int], bits: int) -> dict[int, int]:
    """Counts by what is declined of these topics, less those who are counted apart.

    Args:
        counts: Number of subscribers by the bits they decline.
        declined: All that each of those apart declines, as bits.
        bits: Of the topics that matter.
    """
    left = dict(counts)
    for mask in declined:
        left[mask & bits] = left.get(mask & bits, 0) - 1
    return left
