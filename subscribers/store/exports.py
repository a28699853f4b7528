"""A list as rows of text, a page at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import sqlalchemy as sa  # noqa: TID253  this module is nothing but SQL, and is imported late itself

from subscribers.models import Status
from subscribers.store.tables import (
    consent,
    subscriber,
    subscription,
    suppression,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from subscribers.csvfile.own_export import ConsentLine

_PAGE = 1000


def exported(connection: Connection, list_id: int, *, statuses: Collection[Status]) -> Iterator[tuple[str, ...]]:
    """Everybody of a list, in order of subscriber id, as the cells of `subscribers.csvfile.own_export.COLUMNS`.

    Args:
        connection: An open connection to the database.
        list_id: Id of the list.
        statuses: Only subscriptions of these statuses.
    """
    # Whoever sends needs nothing of files.
    from subscribers.csvfile.own_export import consent_cells, written_counting, written_moment

    query = (
        sa.select(
            subscription.c.subscriber_id,
            subscriber.c.address,
            subscription.c.status,
            subscription.c.rhythm,
            subscription.c.declined_topics,
            subscription.c.paused_until,
            subscriber.c.count_clicks,
            subscription.c.created,
            subscription.c.changed,
            suppression.c.reason,
            suppression.c.at,
            subscriber.c.name,
        )
        .join(subscriber, subscriber.c.id == subscription.c.subscriber_id)
        .outerjoin(suppression, suppression.c.subscriber_id == subscription.c.subscriber_id)
        .where(subscription.c.list_id == list_id, subscription.c.status.in_(sorted(statuses)))
        .order_by(subscription.c.subscriber_id)
        .limit(_PAGE)
    )
    last = 0
    while True:
        page = connection.execute(query.where(subscription.c.subscriber_id > last)).all()
        records = _records(connection, list_id, [row[0] for row in page])
        for id_, address, status, rhythm, declined, paused, counted, created, changed, reason, stopped, name in page:
            yield (
                address,
                status,
                rhythm,
                str(declined),
                written_moment(paused),
                written_counting(bool(counted)),
                *map(written_moment, (created, changed)),
                reason or "",
                written_moment(stopped),
                *consent_cells(records[id_]),
                name,
            )
        if len(page) < _PAGE:
            return
        last = page[-1][0]


def _records(connection: Connection, list_id: int, people: list[int]) -> dict[int, list[ConsentLine]]:
    """The record of consent of some people for a list, oldest line first."""
    from subscribers.csvfile.own_export import ConsentLine

    said = (consent.c[name] for name in ConsentLine._fields)
    found: dict[int, list[ConsentLine]] = defaultdict(list)
    query = sa.select(consent.c.subscriber_id, *said).where(
        consent.c.list_id == list_id, consent.c.subscriber_id.in_(people)
    )
    for id_, *line in connection.execute(query.order_by(consent.c.id)):
        found[id_].append(ConsentLine(*line))
    return found
