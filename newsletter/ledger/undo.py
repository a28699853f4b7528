"""A send undone: what it had taken is free again, as far as nobody has its letter.

A cancelled send whose letters went to nobody moves to an issue row of its own (key ``12/cancelled/<public id>``), and
the issue's stories and periods are let go. So whatever asks whether an issue went asks as ever and finds nothing, while
the send keeps its rows and its account. A send that went to some stays with its issue; only those of its deliveries
that went to nobody are free. They move when the issue is frozen anew, since there can be a million of them and mostly
nobody asks again. No row is deleted, so no id of a delivery comes back.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from newsletter.errors import SendError
from newsletter.ledger.brakes import UNPAUSED
from newsletter.ledger.keys import GONE, aside
from newsletter.ledger.models import ALL, UNDONE, Send, SendCounts
from newsletter.ledger.sends import UNFINISHED, account, found_sends, send, send_query, state_of

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Select


@dataclass(frozen=True, slots=True)
class UndoOutcome:
    """What came of the end of a send."""

    send: Send
    before: Send
    """As it stood right before."""
    account: SendCounts
    doubted: int
    """Deliveries whose last byte was under way, and that are unknown now."""

    @property
    def undone(self) -> bool:
        """Whether the letter went to nobody, so that the issue is free again."""
        return self.send.undone


def cancel(connection: Connection, one: Send, *, reason: str = "") -> UndoOutcome:
    """End a send for good, and free what it had taken as far as nobody has its letter.

    Nobody who holds a batch of it sends a letter once this is committed: ``mark_submitting`` and ``advance`` look at
    the send's state in the statement that says the last byte goes.

    Args:
        connection: A writing transaction that has written nothing yet.
        one: The send; its state is looked at anew.
        reason: Why, for people who read the ledger.

    Raises:
        SendError: It has come to its end already.
    """
    from sqlalchemy import update

    from newsletter.storage.tables import send as table

    hold_batches(connection, one.id)
    before = send(connection, one.id)
    values = {"state": "cancelled", **UNPAUSED, "reason": reason}
    ended = update(table).where(table.c.id == one.id, table.c.state.in_(UNFINISHED)).values(values)
    if connection.execute(ended).rowcount != 1:
        state = state_of(connection, one.id)
        words = "is cancelled already" if state == "cancelled" else f"is {state} and cannot be cancelled"
        raise SendError(f"the send of issue {one.issue} {words}", mend=f"see: newsletter sends show {one.public_id}")
    doubted = _doubt(connection, one.id)
    _undo(connection, one)
    ended_send = send(connection, one.id)
    assert ended_send is not None
    assert before is not None
    return UndoOutcome(ended_send, before, account(connection, one.id), doubted)


def undo_cancelled(connection: Connection) -> list[Send]:
    """Free what cancelled sends still hold though it is known by now that their letters went to nobody.

    What was unknown at the cancel can be settled later: by a late answer, by an event, by an editor's word.

    Args:
        connection: A writing transaction.

    Returns:
        The sends that were undone now.
    """
    return [
        replace(one, undone=True)
        for one in found_sends(connection, send_query().where(*_to_undo()))
        if _undo(connection, one)
    ]


def may_undo(connection: Connection) -> bool:
    """Whether ``undo_cancelled`` would find something, so that nobody writes in vain."""
    from sqlalchemy import select

    from newsletter.storage.tables import send as table

    return connection.execute(select(table.c.id).where(*_to_undo()).limit(1)).first() is not None


def hold_batches(connection: Connection, send_id: int) -> None:
    """Keep every other process from claiming, marking or cutting a batch until this transaction ends.

    SQLite has one writer at a time anyway. On PostgreSQL a statement that began a moment before ours was committed
    would still see the send as running; a lock on the table lets it end first, or begin anew behind us (its manual,
    section 13.3.1). Some hold the send when they come to the table and some come the other way; so nobody is waited
    for with one of the two in hand.

    Args:
        connection: A writing transaction that has written nothing yet.
        send_id: The send whose batches it is about.

    Raises:
        SendError: Others were in the way for too long.
    """
    from sqlalchemy import exc, select, text

    from newsletter.storage.tables import send as table

    if connection.dialect.name != "postgresql":
        return
    mine = select(table.c.id).where(table.c.id == send_id).with_for_update(nowait=True)
    for _ in range(_TRIES):
        try:
            with connection.begin_nested():
                connection.execute(text("LOCK TABLE batch IN EXCLUSIVE MODE"))
                connection.execute(mine)
        except exc.OperationalError as error:
            if getattr(error.orig, "sqlstate", "") != _NOT_AVAILABLE:
                raise
            time.sleep(_PAUSE)
        else:
            return
    raise SendError("others write to this send all the time", mend="run the same command again")


_NOT_AVAILABLE = "55P03"
"""PostgreSQL's code for a row that somebody else holds (its manual, appendix A)."""
_TRIES, _PAUSE = 400, 0.05


def _doubt(connection: Connection, send_id: int) -> int:
    """What is ``submitting`` becomes ``unknown``; how many deliveries that were."""
    from sqlalchemy import select, update

    from newsletter.storage.tables import batch, delivery

    before = account(connection, send_id).submitting
    mine = batch.c.send_id == send_id
    rows = delivery.c.batch_id.in_(select(batch.c.id).where(mine)) & (delivery.c.state == "submitting")
    connection.execute(update(delivery).where(rows).values(state="unknown"))
    connection.execute(update(batch).where(mine, batch.c.state == "submitting").values(state="unknown"))
    return before


def _undo(connection: Connection, one: Send) -> bool:
    """Free an issue of a cancelled send whose letters went to nobody; whether they did."""
    from sqlalchemy import delete, select, update

    from newsletter.storage.tables import carried, issue, period
    from newsletter.storage.tables import send as table

    if connection.execute(_gone(one.id).limit(1)).first() is not None:
        return False
    connection.execute(update(table).where(table.c.id == one.id).values(issue_id=aside(connection, one)))
    others = select(table.c.rhythm, table.c.list_id).where(table.c.issue_id == one.issue_id)
    standing = list(connection.execute(others))
    here = {rhythm for rhythm, list_id in standing if list_id == one.list_id}
    for rhythm in _rhythms(one.rhythm) - {each for other in here for each in _rhythms(other)}:
        mine = (carried.c.issue_id == one.issue_id, carried.c.list_id == one.list_id, carried.c.rhythm == rhythm)
        connection.execute(delete(carried).where(*mine))
    own = _own(one.rhythm)
    if own not in {_own(rhythm) for rhythm in here}:
        held = (period.c.issue_id == one.issue_id, period.c.list_id == one.list_id, period.c.rhythm == own)
        connection.execute(delete(period).where(*held))
    if not standing:
        # It is written anew with the next letter of this key, when the library may reach further.
        connection.execute(update(issue).where(issue.c.id == one.issue_id).values(newest=None))
    return True


def _to_undo() -> tuple[ColumnElement[bool], ...]:
    from sqlalchemy import exists, select

    from newsletter.storage.tables import issue
    from newsletter.storage.tables import send as table

    # A correlated look for a delivery that went; the first one found is enough.
    undone = exists(
        select(issue.c.id)
        .where(issue.c.id == table.c.issue_id, issue.c.key.contains(UNDONE, autoescape=True))
        .correlate(table)
    )
    return (table.c.state == "cancelled", ~undone, ~exists(_gone(table.c.id).correlate(table)))


def _gone(send_id: int | ColumnElement[int]) -> Select[tuple[int]]:
    """The query for deliveries of a send whose reader has the letter, or may have it."""
    from sqlalchemy import func, select

    from newsletter.storage.tables import batch, delivery

    state = func.coalesce(delivery.c.state, batch.c.state)
    joined = select(delivery.c.id).join(batch, batch.c.id == delivery.c.batch_id)
    return joined.where(batch.c.send_id == send_id, state.in_(GONE))


def _rhythms(rhythm: str) -> set[str]:
    """The rhythms of the readers that a send of this rhythm reaches."""
    return {"instant", "daily", "weekly"} if rhythm == ALL else {rhythm}


def _own(rhythm: str) -> str:
    """The rhythm whose periods a send of this rhythm takes."""
    return "weekly" if rhythm == ALL else rhythm
