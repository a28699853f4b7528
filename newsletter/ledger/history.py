"""What went to one subscriber."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, select  # noqa: TID253  this module is nothing but SQL, and is imported late itself

from newsletter.ledger.keys import GONE
from newsletter.storage.tables import batch, delivery, event, issue, letter, send, trial_subject

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select


def letters_to(connection: Connection, subscriber_id: int) -> list[tuple[datetime, str, str]]:
    """Every issue that was to go to a subscriber, oldest first: when its send began, its subject, its state.

    Goes along the issues, for each of which the ledger finds a subscriber by an index, not through all deliveries.

    Args:
        connection: An open connection to the database.
        subscriber_id: Id of the subscriber.
    """
    query = (
        select(
            send.c.created,
            # As it stood in the letter to this reader, where several subjects were tried.
            func.coalesce(trial_subject.c.words, send.c.subject),
            func.coalesce(delivery.c.state, batch.c.state),
        )
        .join(batch, batch.c.send_id == send.c.id)
        .join(delivery, delivery.c.batch_id == batch.c.id)
        .outerjoin(letter, letter.c.id == batch.c.letter_id)
        .outerjoin(trial_subject, (trial_subject.c.send_id == send.c.id) & (trial_subject.c.number == letter.c.subject))
        .where(delivery.c.issue_id.in_(select(issue.c.id)), delivery.c.subscriber_id == subscriber_id)
        .order_by(send.c.created, send.c.id)
    )
    return [(datetime.fromtimestamp(at, UTC), subject, state) for at, subject, state in connection.execute(query)]


def reports_of(connection: Connection, subscriber_id: int) -> list[tuple[datetime, str]]:
    """What providers reported of letters to a subscriber that went wrong, oldest first: when, and what.

    Args:
        connection: An open connection to the database.
        subscriber_id: Id of the subscriber.
    """
    query = (
        select(event.c.at, event.c.kind, event.c.bounce)
        .join(delivery, delivery.c.id == event.c.delivery_id)
        .where(
            delivery.c.issue_id.in_(select(issue.c.id)),
            delivery.c.subscriber_id == subscriber_id,
            event.c.kind.in_(("bounced", "complained")),
        )
        .order_by(event.c.at)
    )
    return [
        (datetime.fromtimestamp(at, UTC), f"{kind} ({bounce})" if bounce else kind)
        for at, kind, bounce in connection.execute(query)
    ]


def gone_to(connection: Connection, list_id: int, who: Select[tuple[int]], *, since: datetime) -> bool:
    """Whether a letter of a list has reached one of some readers, or may have, since a moment.

    Args:
        connection: An open connection to the database.
        list_id: Of the list.
        who: The query for the ids of the readers.
        since: Aware; sends from before it are not looked at.
    """
    query = (
        select(delivery.c.id)
        .join(batch, batch.c.id == delivery.c.batch_id)
        .join(send, send.c.id == batch.c.send_id)
        .where(
            send.c.list_id == list_id,
            send.c.created >= int(since.timestamp()),
            func.coalesce(delivery.c.state, batch.c.state).in_(GONE),
            delivery.c.subscriber_id.in_(who),
        )
    )
    return connection.execute(query.limit(1)).first() is not None
