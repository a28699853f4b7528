"""Staged people who are asked by a letter instead of being subscribed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa  # noqa: TID253  this module is nothing but SQL, and is imported late itself

from subscribers.models import Rhythm
from subscribers.store.staging.rows import LEFT, PAGE, known_people, staged
from subscribers.store.tables import (
    kept_wish,
    small_letter,
    subscription,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection


class StagedWish(NamedTuple):
    """Somebody in the file who is to be asked."""

    address_key: str
    address: str
    rhythm: Rhythm | None
    declined_topics: int


def to_ask(connection: Connection, list_id: int) -> Iterator[StagedWish]:
    """Who is to be asked by letter: whom the file would bring in, and nobody who was asked or waits to be.

    Args:
        connection: Inside `stage`, after `mark_suppressed`.
        list_id: Id of the list.
    """
    last = ""
    columns = (staged.c.address_key, staged.c.address, staged.c.rhythm, staged.c.declined_topics)
    query = _unasked(list_id, *columns).order_by(staged.c.address_key).limit(PAGE)
    while True:
        page = connection.execute(query.where(staged.c.address_key > last)).all()
        yield from (StagedWish(*row) for row in page)
        if len(page) < PAGE:
            return
        last = page[-1].address_key


def count_to_ask(connection: Connection, list_id: int) -> tuple[int, int]:
    """How many `to_ask` would name, and how many people of files wait to be asked already, over all lists."""
    waiting = sa.select(sa.func.count()).where(kept_wish.c.road == "file")
    return (
        connection.execute(_unasked(list_id, sa.func.count())).scalar_one(),
        connection.execute(waiting).scalar_one(),
    )


def _unasked(list_id: int, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    asked = sa.exists().where(
        small_letter.c.subscriber_id == subscription.c.subscriber_id,
        small_letter.c.list_id == list_id,
        small_letter.c.kind == "confirmation",
    )
    waits = sa.exists().where(kept_wish.c.list_id == list_id, kept_wish.c.address_key == staged.c.address_key)
    return (
        sa.select(*columns)
        .select_from(known_people(list_id, everybody=True))
        .where(
            staged.c.standing < LEFT,
            sa.or_(subscription.c.status.is_(None), sa.and_(subscription.c.status == "pending", ~asked)),
            ~waits,
        )
    )
