"""What a site took back: known on as an article, offered and sent no more until its site shows it again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection


def withdraw(connection: Connection, reasons: Mapping[int, str], *, now: datetime) -> list[int]:
    """Note that the site of these articles shows them no more.

    Args:
        connection: A connection in a writing transaction.
        reasons: Id of the article to what its site answers, in plain words.
        now: The present moment, aware.

    Returns:
        Ids of those that were not withdrawn before.
    """
    from sqlalchemy import update

    from newsletter.storage.tables import article as table

    done: list[int] = []
    for number, reason in reasons.items():
        statement = update(table).where(table.c.id == number, table.c.withdrawn.is_(None))
        values = statement.values(withdrawn=int(now.timestamp()), withdrawn_reason=reason).returning(table.c.id)
        done += connection.execute(values).scalars()
    return done


def missing(
    connection: Connection, source: str, *, oldest: datetime, before: datetime, shown: Collection[int]
) -> list[int]:
    """Articles that a source showed when it was read the time before, and does not show now though they are no older.

    Args:
        connection: An open connection to the database.
        source: As the articles have it.
        oldest: Moment of the oldest article that it shows now, aware.
        before: When it was read the time before, aware; what went missing earlier was asked for then.
        shown: Ids of those that it shows.

    Returns:
        Their ids, newest first; those that are withdrawn already are not among them.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import article as table

    query = select(table.c.id).where(
        table.c.source == source,
        table.c.published >= int(oldest.timestamp()),
        table.c.seen >= int(before.timestamp()),
        table.c.withdrawn.is_(None),
    )
    found = connection.execute(query.order_by(table.c.published.desc())).scalars()
    return [number for number in found if number not in shown]


def restore(connection: Connection, ids: Collection[int]) -> list[int]:
    """Note that the site shows these articles.

    Args:
        connection: A connection in a writing transaction.
        ids: Ids of articles.

    Returns:
        Ids of those that were withdrawn.
    """
    from sqlalchemy import update

    from newsletter.storage.tables import article as table

    back = update(table).where(table.c.id.in_(list(ids)), table.c.withdrawn.is_not(None))
    return list(connection.execute(back.values(withdrawn=None, withdrawn_reason="").returning(table.c.id)).scalars())
