"""A list as rows of text, a page at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import sqlalchemy as sa  # noqa: TID253  this module is nothing but SQL, and is imported late itself

from subscribers.models import Status
from subscribers.moments import to_moment
from subscribers.store.tables import (
    consent,
    subscriber,
    subscription,
    suppression,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

_PAGE = 1000


def exported(connection: Connection, list_id: int, *, statuses: Collection[Status]) -> Iterator[tuple[str, ...]]:
    """Everybody of a list, in order of subscriber id, as the cells of `subscribers.actions.exporting.COLUMNS`.

    Args:
        connection: An open connection to the database.
        list_id: Id of the list.
        statuses: Only subscriptions of these statuses.
    """
    latest = (
        sa.select(sa.func.max(consent.c.id))
        .where(consent.c.subscriber_id == subscription.c.subscriber_id, consent.c.list_id == subscription.c.list_id)
        .correlate(subscription)
        .scalar_subquery()
    )
    query = (
        sa.select(
            subscription.c.subscriber_id,
            subscriber.c.address,
            subscription.c.status,
            subscription.c.rhythm,
            subscription.c.declined_topics,
            subscription.c.paused_until,
            subscription.c.created,
            subscription.c.changed,
            suppression.c.reason,
            consent.c.act,
            consent.c.at,
            consent.c.how,
            consent.c.words,
        )
        .join(subscriber, subscriber.c.id == subscription.c.subscriber_id)
        .outerjoin(suppression, suppression.c.subscriber_id == subscription.c.subscriber_id)
        .outerjoin(consent, consent.c.id == latest)
        .where(subscription.c.list_id == list_id, subscription.c.status.in_(sorted(statuses)))
        .order_by(subscription.c.subscriber_id)
        .limit(_PAGE)
    )
    last = 0
    while True:
        page = connection.execute(query.where(subscription.c.subscriber_id > last)).all()
        for _, address, status, rhythm, declined, paused, created, changed, reason, act, at, how, words in page:
            yield (
                address,
                status,
                rhythm,
                str(declined),
                _written(paused),
                _written(created),
                _written(changed),
                reason or "",
                act or "",
                _written(at),
                how or "",
                words or "",
            )
        if len(page) < _PAGE:
            return
        last = page[-1][0]


def _written(seconds: int | None) -> str:
    return "" if seconds is None else to_moment(seconds).isoformat()
