"""Who did what and when: one line for each act of an editor, at the desk or at a terminal."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from sqlalchemy import Connection

Act = Literal[
    # of letters
    "test",
    "ask-approval",
    "approve",
    "send",
    "schedule",
    "pause",
    "resume",
    "cancel",
    "decide",
    "resend",
    "accept-unknown",
    "publish",
    # of readers
    "import",
    "import-undone",
    "add",
    "leave",
    "pause-reader",
    "resume-reader",
    "erase",
    "suppress",
    "unsuppress",
    "export",
    "open-card",
    # of the newsroom
    "settings",
    "people",
    "sign-in",
    "sign-in-refused",
    "sign-out",
    "collect",
    "backup",
]
"""What is written down; a closed list, so that nobody reads two words for one thing."""
ACTS: tuple[str, ...] = get_args(Act)
KEPT_DAYS = 730
"""How long a line is kept; docs/en/privacy.md says so too."""


@dataclass(frozen=True, slots=True)
class ActivityLine:
    """One act."""

    at: datetime
    by: str
    """Name of a person at the desk, or ``terminal:`` with the name of an account."""
    act: str
    about: str
    """Number of an issue, public id of a reader or a send, a count; empty when the act says it all."""


def note(connection: Connection, act: Act, *, by: str, about: str = "", now: datetime) -> None:
    """Write down that somebody did something, in the transaction that does it.

    Args:
        connection: A writing transaction.
        act: What was done.
        by: Who did it.
        about: Number of an issue, a public id, or a count.
        now: The present moment, timezone-aware.

    Raises:
        ValueError: No such act, nobody did it, or what could be an address of a reader stands in it.
    """
    from sqlalchemy import insert

    from newsletter.storage.desk_tables import activity

    if act not in ACTS:
        raise ValueError(f"no act is called {act!r}")
    if not by.strip():
        raise ValueError("somebody must have done it")
    if "@" in by or "@" in about:
        raise ValueError("the log of acts takes no address")
    line = {"at": int(now.timestamp()), "person": by.strip(), "act": act, "about": about}
    connection.execute(insert(activity).values(line))


def read(
    connection: Connection,
    *,
    acts: Collection[str] = (),
    about: str = "",
    since: datetime | None = None,
    limit: int | None = None,
) -> list[ActivityLine]:
    """What was done, newest first.

    Args:
        connection: An open connection to the database.
        acts: Only these; empty for all.
        about: Only what is about this; empty for all.
        since: Only from this moment on.
        limit: At most so many.
    """
    from sqlalchemy import select

    from newsletter.storage.desk_tables import activity

    query = select(activity.c.at, activity.c.person, activity.c.act, activity.c.about)
    if acts:
        query = query.where(activity.c.act.in_(sorted(acts)))
    if about:
        query = query.where(activity.c.about == about)
    if since is not None:
        query = query.where(activity.c.at >= int(since.timestamp()))
    query = query.order_by(activity.c.at.desc(), activity.c.id.desc()).limit(limit)
    return [ActivityLine(datetime.fromtimestamp(row.at, UTC), *row[1:]) for row in connection.execute(query)]


def forget(connection: Connection, *, now: datetime) -> int:
    """Delete the lines whose time is over; how many they were.

    Args:
        connection: A writing transaction.
        now: The present moment, timezone-aware.
    """
    from sqlalchemy import delete

    from newsletter.storage.desk_tables import activity

    oldest = int((now - timedelta(days=KEPT_DAYS)).timestamp())
    return connection.execute(delete(activity).where(activity.c.at < oldest)).rowcount
