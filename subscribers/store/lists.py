"""Lists and how many subscriptions each has."""

from __future__ import annotations

import difflib
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa  # noqa: TID253  this module is nothing but SQL, and is imported late itself

from subscribers.addresses import shown
from subscribers.errors import ListError, UnknownList
from subscribers.models import List, ListCount
from subscribers.moments import to_moment, to_seconds
from subscribers.tables import list_, subscription

if TYPE_CHECKING:
    from sqlalchemy import Connection

_LIST_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")  # also a label of the List-ID (RFC 2919)


def add_list(connection: Connection, name: str, title: str, *, now: datetime) -> List:
    """Make a list.

    Args:
        connection: Open.
        name: Small Latin letters, digits and hyphens, at most 63.
        title: What readers see.
        now: Aware.

    Raises:
        ListError: The name is taken or cannot be used.
    """
    if _LIST_NAME.fullmatch(name) is None:
        raise ListError(
            f"'{shown(name)}' cannot be the name of a list",
            mend="use small Latin letters, digits and hyphens, for example 'readers'; its title may be Arabic",
        )
    if list_or_none(connection, name) is not None:
        raise ListError(f"there is already a list called '{name}'", mend="choose another name")
    row = connection.execute(
        sa.insert(list_).values(name=name, title=title.strip() or name, created=to_seconds(now)).returning(*list_.c)
    ).one()
    return _list(row)


def list_or_none(connection: Connection, name: str) -> List | None:
    """The list of that name, if there is one."""
    row = connection.execute(sa.select(list_).where(list_.c.name == name)).one_or_none()
    return None if row is None else _list(row)


def list_by_id(connection: Connection, list_id: int) -> List:
    """The list of that id, which something in the database refers to."""
    return _list(connection.execute(sa.select(list_).where(list_.c.id == list_id)).one())


def list_named(connection: Connection, name: str) -> List:
    """The list of that name.

    Raises:
        UnknownList: There is none; names those there are.
    """
    found = list_or_none(connection, name)
    if found is not None:
        return found
    names = list(connection.execute(sa.select(list_.c.name).order_by(list_.c.id)).scalars())
    if not names:
        raise UnknownList(
            f"no list is called '{shown(name)}', and there is no list yet",
            mend="make one with: newsletter lists add readers",
        )
    near = difflib.get_close_matches(name, names, n=1)
    known = ", ".join(f"'{one}'" for one in names)
    raise UnknownList(
        f"no list is called '{shown(name)}'; there is {known}",
        mend=f"did you mean '{near[0]}'?" if near else "write one of these names",
    )


def lists(connection: Connection) -> list[ListCount]:
    """Every list, oldest first, with its number of subscriptions in each status."""
    counted = {
        (row.list_id, row.status): row.number
        for row in connection.execute(
            sa.select(subscription.c.list_id, subscription.c.status, sa.func.count().label("number")).group_by(
                subscription.c.list_id, subscription.c.status
            )
        )
    }
    return [
        ListCount(
            list=_list(row),
            pending=counted.get((row.id, "pending"), 0),
            confirmed=counted.get((row.id, "confirmed"), 0),
            left=counted.get((row.id, "left"), 0),
        )
        for row in connection.execute(sa.select(list_).order_by(list_.c.id))
    ]


def _list(row: Any) -> List:
    return List(row.id, row.name, row.title, to_moment(row.created))
