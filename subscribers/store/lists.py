"""Lists and how many subscriptions each has."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa  # noqa: TID253  this module is nothing but SQL, and is imported late itself

from subscribers.consent import GIVING, PARTING
from subscribers.display import shown
from subscribers.errors import ClosedList, ListError, UnknownList
from subscribers.models import RHYTHMS, List, ListCount, ListStats
from subscribers.moments import to_moment, to_seconds
from subscribers.store.tables import (
    consent,
    kept_wish,
    list_,
    subscription,
    suppression,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

_LIST_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")  # also a label of the List-ID (RFC 2919)


def add_list(connection: Connection, name: str, title: str, *, now: datetime) -> List:
    """Make a list.

    Args:
        connection: An open connection to the database.
        name: Small Latin letters, digits and hyphens, at most 63.
        title: Name of the list as readers see it.
        now: The present moment, timezone-aware.

    Raises:
        ListError: The name is taken or cannot be used.
    """
    check_new_name(connection, name)
    row = connection.execute(
        sa.insert(list_).values(name=name, title=title.strip() or name, created=to_seconds(now)).returning(*list_.c)
    ).one()
    return _list(row)


def check_new_name(connection: Connection, name: str) -> None:
    """Look whether a list may be called so.

    Args:
        connection: An open connection to the database.
        name: As it is wanted.

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


def rename_list(connection: Connection, list_id: int, *, name: str, title: str) -> None:
    """Give a list another name and title; its id, which links hold, stays.

    Args:
        connection: A connection in a writing transaction.
        list_id: Of the list.
        name: Its own, or one that ``check_new_name`` let through.
        title: What readers see.
    """
    connection.execute(sa.update(list_).where(list_.c.id == list_id).values(name=name, title=title))


def set_closed(connection: Connection, list_id: int, closed: datetime | None) -> None:
    """Close a list, or open it again.

    Args:
        connection: A connection in a writing transaction.
        list_id: Of the list.
        closed: Since when, an aware datetime; None opens it.
    """
    since = None if closed is None else to_seconds(closed)
    connection.execute(sa.update(list_).where(list_.c.id == list_id).values(closed=since))


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
    raise unknown_list(name, [one.name for one in all_lists(connection)])


def open_list_named(connection: Connection, name: str) -> List:
    """The list of that name, which people can join and letters go out to.

    Raises:
        UnknownList: There is none; names those there are.
        ClosedList: It is closed.
    """
    return open_or_refuse(list_named(connection, name))


def open_or_refuse(listed: List) -> List:
    """The list, if it is open.

    Raises:
        ClosedList: It is closed.
    """
    if listed.closed is None:
        return listed
    raise ClosedList(
        f"the list '{listed.name}' is closed since {listed.closed:%Y-%m-%d}: nobody can join it, and nothing goes out",
        mend=f"open it again with: newsletter lists open {listed.name}",
    )


def unknown_list(name: str, names: Sequence[str]) -> UnknownList:
    """What is raised when no list has a name.

    Args:
        name: As it was asked for.
        names: Those there are, oldest first.
    """
    if not names:
        return UnknownList(
            f"no list is called '{shown(name)}', and there is no list yet",
            mend="make the list first",
        )
    near = difflib.get_close_matches(name, names, n=1)
    known = ", ".join(f"'{one}'" for one in names)
    return UnknownList(
        f"no list is called '{shown(name)}'; there is {known}",
        mend=f"did you mean '{near[0]}'?" if near else "write one of these names",
    )


def all_lists(connection: Connection) -> list[List]:
    """Every list, oldest first, without counting who is on it."""
    return [_list(row) for row in connection.execute(sa.select(list_).order_by(list_.c.id))]


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


def list_stats(connection: Connection, *, now: datetime, since: datetime) -> list[ListStats]:
    """How every list stands, oldest first, and how it moved since a moment.

    Args:
        connection: An open connection to the database.
        now: The present moment, timezone-aware.
        since: An aware datetime; only what happened from then on counts.
    """
    rhythms = _by_list(connection, subscription.c.rhythm, subscription.c.status == "confirmed")
    paused = _by_list(
        connection,
        sa.literal("paused"),
        subscription.c.status == "confirmed",
        subscription.c.paused_until > to_seconds(now),
    )
    suppressed = _by_list(
        connection,
        sa.literal("suppressed"),
        subscription.c.status == "confirmed",
        sa.exists().where(suppression.c.subscriber_id == subscription.c.subscriber_id),
    )
    moves = {
        (row.list_id, row.act): row.number
        for row in connection.execute(
            sa.select(consent.c.list_id, consent.c.act, sa.func.count().label("number"))
            .where(consent.c.at >= to_seconds(since))
            .group_by(consent.c.list_id, consent.c.act)
        )
    }
    wishes = sa.select(kept_wish.c.list_id, sa.func.count().label("number")).group_by(kept_wish.c.list_id)
    waiting = {row.list_id: row.number for row in connection.execute(wishes)}
    return [
        ListStats(
            list=one.list,
            pending=one.pending,
            confirmed=one.confirmed,
            left=one.left,
            rhythms=tuple((rhythm, rhythms.get((one.list.id, rhythm), 0)) for rhythm in RHYTHMS),
            paused=paused.get((one.list.id, "paused"), 0),
            suppressed=suppressed.get((one.list.id, "suppressed"), 0),
            joined=sum(moves.get((one.list.id, act), 0) for act in GIVING),
            parted=sum(moves.get((one.list.id, act), 0) for act in PARTING),
            waiting=waiting.get(one.list.id, 0),
        )
        for one in lists(connection)
    ]


def _by_list(
    connection: Connection, by: sa.ColumnElement[Any], *conditions: sa.ColumnElement[bool]
) -> dict[tuple[int, str], int]:
    query = (
        sa.select(subscription.c.list_id, by.label("by"), sa.func.count().label("number"))
        .where(*conditions)
        .group_by(subscription.c.list_id, "by")
    )
    return {(row.list_id, row.by): row.number for row in connection.execute(query)}


def _list(row: Any) -> List:
    closed = None if row.closed is None else to_moment(row.closed)
    return List(row.id, row.name, row.title, to_moment(row.created), closed)
