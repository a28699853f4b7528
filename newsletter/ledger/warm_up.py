"""A warm-up: so many letters of an account on its first day, twice as many on each further day on which some went.

Mail servers that do not know a sender yet take few letters of it and watch what becomes of them (every large provider's
advice to senders). Where an account stands is kept in three cursors. A day on which nothing went is no step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.ledger.brakes import UNPAUSED, WARM_UP
from newsletter.ledger.cursors import cursor, set_cursor

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MOST_STEPS = 40
"""Doubled so often, any limit is beyond every list."""
_BACK = 2
"""Days. A clock that was set back by less begins no new day; by more, it had run ahead, and the day of it is a day like
any other, with the limit of the last one."""


@dataclass(frozen=True, slots=True)
class WarmUpDay:
    """Where an account stands today."""

    step: int
    """Days before this one on which letters went."""
    limit: int
    """Letters that may go today."""
    used: int

    @property
    def left(self) -> int:
        """Letters that may still go today."""
        return max(0, self.limit - self.used)


def warm_up_day(connection: Connection, account: str, *, day: int, first: int) -> WarmUpDay:
    """Where an account stands.

    Args:
        connection: An open connection to the database.
        account: Provider and account, as ``Send.sender`` says it.
        day: Today in the zone of the site, as an ordinal.
        first: Letters of the first day.
    """
    known, step, used = (cursor(connection, _name(account, what)) for what in ("day", "step", "used"))
    if day > known:
        step, used = (step + 1 if used else step), 0
    elif known - day >= _BACK:
        used = 0
    return WarmUpDay(step, first << min(step, _MOST_STEPS), used)


def take_warm_up(connection: Connection, account: str, *, day: int, first: int, wanted: int) -> int:
    """Count letters that go today, as many as may.

    Args:
        connection: A writing transaction.
        account: Provider and account.
        day: Today, as above.
        first: Letters of the first day.
        wanted: Letters that are to go.

    Returns:
        How many of them may go.
    """
    _hold(connection, account)
    today = warm_up_day(connection, account, day=day, first=first)
    taken = min(wanted, today.left)
    known = cursor(connection, _name(account, "day"))
    _keep(connection, account, day if known - day >= _BACK else max(day, known), today.step, today.used + taken)
    return taken


def give_back_warm_up(connection: Connection, account: str, number: int) -> None:
    """Take letters out of the count that did not go after all.

    Args:
        connection: A writing transaction.
        account: Provider and account.
        number: How many.
    """
    _hold(connection, account)
    name = _name(account, "used")
    set_cursor(connection, name, max(0, cursor(connection, name) - number))


def end_warm_up_pause(connection: Connection, send_id: int | None = None) -> list[int]:
    """Let sends run again that waited for a new day of their account.

    Args:
        connection: A writing transaction.
        send_id: This one, whether its day has come or not; None for all whose day has come.

    Returns:
        Ids of those that run now.
    """
    from sqlalchemy import or_, update

    from newsletter.storage.clock import clock
    from newsletter.storage.tables import send

    now = clock(connection)
    # Nobody waits for longer than a day; what is further was written before a clock was set back.
    due = or_(send.c.probe_at <= now, send.c.probe_at > now + _BACK * 86_400)
    which = send.c.id == send_id if send_id is not None else due
    waiting = update(send).where(which, send.c.state == "paused", send.c.paused_by == WARM_UP)
    return list(connection.execute(waiting.values(state="running", **UNPAUSED).returning(send.c.id)).scalars())


def _hold(connection: Connection, account: str) -> None:
    """Keep others from counting until this transaction ends."""
    from newsletter.storage.tables import cursor as table
    from subscribers.store.dialect import insert

    row = insert(connection, table).values(name=_name(account, "day"), at=0)
    connection.execute(row.on_conflict_do_update(index_elements=["name"], set_={"at": table.c.at}))


def _keep(connection: Connection, account: str, day: int, step: int, used: int) -> None:
    for what, number in (("day", day), ("step", step), ("used", used)):
        set_cursor(connection, _name(account, what), number)


def _name(account: str, what: str) -> str:
    return f"{WARM_UP} {what} {account}"
