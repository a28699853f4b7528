"""The report of an issue, read from the ledger and from the record of consent."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from newsletter import ledger
from newsletter.errors import SendError
from newsletter.ledger.counts import Tally, tallies
from newsletter.report.counts import (
    EVENTS,
    STATES,
    Counts,
    Part,
    Report,
)
from subscribers import store

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.ledger import Send


def of_issue(connection: Connection, name: str) -> Report:
    """What became of an issue: the one an editor names, or without a name the last one that went out.

    Args:
        connection: An open connection to the database.
        name: Number of an issue, key of a letter of the latest posts, id of a send; or empty.

    Raises:
        SendError: Nothing was sent, or nothing by that name.
    """
    every = ledger.sends(connection)
    if not every:
        raise SendError("nothing was sent yet", mend="send an issue with: newsletter weekly")
    named = [send for send in every if name in {send.issue, send.public_id}] if name else every
    if not named:
        raise SendError(f"nothing was sent that is called {name!r}", mend="see: newsletter sends list")
    sends = [send for send in every if send.issue_id == named[-1].issue_id]
    lists = {count.list.id: count.list.name for count in store.lists(connection)}
    leavers: set[int] = set()
    for send in sends:
        leavers |= store.leavers(connection, send.list_id, since=send.created, until=_next(every, send))
    by_id = {send.id: send for send in sends}
    parts = [
        Part(
            by_id[send].public_id,
            lists.get(by_id[send].list_id, "?"),
            by_id[send].rhythm,
            variant,
            _counts(tally),
        )
        for (send, variant), tally in sorted(tallies(connection, sends, leavers).items())
    ]
    return Report(sends[0].issue, sends[0].subject, tuple(send.state for send in sends), tuple(parts))


def _next(every: list[Send], send: Send) -> datetime | None:
    """When the next letter went to the same readers: whoever leaves after it leaves that one."""
    later = [
        one.created
        for one in every
        if one.id > send.id
        and one.issue_id != send.issue_id
        and one.list_id == send.list_id
        and (one.rhythm == send.rhythm or ledger.ALL in {one.rhythm, send.rhythm})
    ]
    return min(later, default=None)


def _counts(tally: Tally) -> Counts:
    states = {name: tally.states.get(name, 0) for name in STATES}
    events = {name: tally.events.get(name, 0) for name in EVENTS if name != "left"}
    return Counts(**states, **events, left=len(tally.left), reasons=dict(tally.reasons))
