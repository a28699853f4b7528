"""Wishes to subscribe that wait: kept because too many came at once, or because a whole file is to be asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa  # noqa: TID253  this module is nothing but SQL, and is imported late itself

from subscribers.models import KeptWish, WaitingWishes
from subscribers.moments import to_moment, to_seconds
from subscribers.store.dialect import insert
from subscribers.store.limits import widest
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
                "block": widest(one.network)[1],
                "page": one.page,
                "created": to_seconds(one.created),
                "expires": to_seconds(one.expires),
                "batch_id": one.batch_id,
            }
            for one in some
        ]
        statement = insert(connection, kept_wish).on_conflict_do_nothing(index_elements=["list_id", "address_key"])
        number += connection.execute(statement.values(rows)).rowcount
    return number


def make_room(connection: Connection, network: str, number: int, *, most: int, most_of_block: int) -> None:
    """Let the oldest wishes of the fullest block go, so that some more can be kept; those of files do not count.

    Args:
        connection: A connection in a writing transaction.
        network: Where the new ones come from.
        number: How many there will be.
        most: How many may wait in all, the new ones among them.
        most_of_block: How many of one block.
    """
    block = widest(network)[1]
    here = kept_wish.c.road != "file", kept_wish.c.block == block
    _drop_oldest(connection, block, _number(connection, *here) + number - most_of_block)
    beyond = _number(connection, kept_wish.c.road != "file") + number - most
    if beyond > 0:
        fullest = (
            sa.select(kept_wish.c.block)
            .where(kept_wish.c.road != "file")
            .group_by(kept_wish.c.block)
            .order_by(sa.func.count().desc(), sa.func.min(kept_wish.c.created), kept_wish.c.block)
        )
        _drop_oldest(connection, connection.execute(fullest.limit(1)).scalar_one(), beyond)


def _number(connection: Connection, *conditions: sa.ColumnElement[bool]) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(kept_wish).where(*conditions)).scalar_one()


def _drop_oldest(connection: Connection, block: str, number: int) -> None:
    if number <= 0:
        return
    oldest = (
        sa.select(kept_wish.c.list_id, kept_wish.c.address_key)
        .where(kept_wish.c.road != "file", kept_wish.c.block == block)
        .order_by(kept_wish.c.created, kept_wish.c.address_key)
        .limit(number)
    )
    for row in connection.execute(oldest).all():
        drop_wish(connection, row.address_key, (row.list_id,))


def wishes_wait(connection: Connection) -> bool:
    """Whether anybody waits to be asked."""
    return connection.execute(sa.select(kept_wish.c.list_id).limit(1)).first() is not None


def form_wishes_wait(connection: Connection) -> bool:
    """Whether anybody who asked at the form waits."""
    query = sa.select(kept_wish.c.list_id).where(kept_wish.c.road != "file")
    return connection.execute(query.limit(1)).first() is not None


def waiting_wishes(connection: Connection) -> WaitingWishes:
    """How many wait, since when, and from how many networks."""
    row = connection.execute(
        sa.select(
            sa.func.count(),
            sa.func.coalesce(sa.func.sum(sa.case((kept_wish.c.road == "file", 1), else_=0)), 0),
            sa.func.min(kept_wish.c.created),
            sa.func.count(sa.distinct(sa.case((kept_wish.c.road != "file", kept_wish.c.network)))),
        )
    ).one()
    number, files, oldest, networks = row
    since = None if oldest is None else to_moment(oldest)
    return WaitingWishes(number=int(number), of_files=int(files), since=since, networks=int(networks))


def waiting_blocks(connection: Connection) -> list[tuple[str, int, datetime]]:
    """Each block that wishes of the form wait from, how many, and the moment of its oldest."""
    query = (
        sa.select(kept_wish.c.block, sa.func.count(), sa.func.min(kept_wish.c.created))
        .where(kept_wish.c.road != "file")
        .group_by(kept_wish.c.block)
    )
    return [(block, number, to_moment(created)) for block, number, created in connection.execute(query)]


def next_wish(
    connection: Connection, block: str | None, *, domains: Collection[str] = (), networks: Collection[str] = ()
) -> tuple[KeptWish, ...]:
    """The oldest wish that waits, with what the same person asked for in the same act; empty when there is none.

    Args:
        connection: An open connection to the database.
        block: Of this block; None for those of files.
        domains: But to no address of these.
        networks: And from none of these.
    """
    road = kept_wish.c.road == "file" if block is None else kept_wish.c.road != "file"
    query = sa.select(kept_wish).where(road, kept_wish.c.network.not_in(networks))
    if block is not None:
        query = query.where(kept_wish.c.block == block)
    for domain in domains:
        query = query.where(sa.not_(kept_wish.c.address_key.endswith(f"@{domain}", autoescape=True)))
    first = connection.execute(query.order_by(kept_wish.c.created, kept_wish.c.address_key).limit(1)).one_or_none()
    if first is None:
        return ()
    together = sa.select(kept_wish).where(
        kept_wish.c.address_key == first.address_key,
        kept_wish.c.created == first.created,
        kept_wish.c.road == first.road,
    )
    return tuple(_wish(row) for row in connection.execute(together.order_by(kept_wish.c.list_id)))


def drop_wish(connection: Connection, address_key: str, list_ids: Collection[int]) -> None:
    """Let wishes of one address go, because they were asked about or there is nothing to ask.

    Args:
        connection: A connection in a writing transaction.
        address_key: The folded address.
        list_ids: Of the lists they are for.
    """
    connection.execute(
        sa.delete(kept_wish).where(kept_wish.c.address_key == address_key, kept_wish.c.list_id.in_(list_ids))
    )


def _wish(row: Any) -> KeptWish:
    return KeptWish(
        list_id=row.list_id,
        address=row.address,
        address_key=row.address_key,
        road=row.road,
        rhythm=row.rhythm,
        how=row.how,
        words=row.words,
        created=to_moment(row.created),
        expires=to_moment(row.expires),
        declined_topics=row.declined_topics,
        network=row.network,
        page=row.page,
    )
