"""The report of an issue, read from the ledger and from the record of consent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from newsletter import ledger, polls
from newsletter.errors import SendError
from newsletter.ledger.counts import VariantCounts, tallies
from newsletter.report.counts import EVENTS
from newsletter.report.models import STATES, DeliveryCounts, Report, ReportPart
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
    last = ledger.last_send(connection)
    if last is None:
        raise SendError("nothing was sent yet", mend="send an issue with: newsletter weekly")
    named = ledger.sends_called(connection, name) if name else [last]
    if not named:
        raise SendError(f"nothing was sent that is called {name!r}", mend="see: newsletter sends list")
    sends = [named[-1]] if named[-1].undone else ledger.sends_of(connection, named[-1].issue)
    lists = {count.list.id: count.list.name for count in store.lists(connection)}
    leavers: set[int] = set()
    for send in sends:
        # Whoever leaves after the next letter leaves that one.
        until = ledger.next_letter_at(connection, send)
        leavers |= store.leavers(connection, send.list_id, since=send.created, until=until)
    by_id = {send.id: send for send in sends}
    parts = [
        ReportPart(
            by_id[send].public_id,
            lists.get(by_id[send].list_id, "?"),
            by_id[send].rhythm,
            variant,
            _ended(_counts(tally), by_id[send]),
        )
        for (send, variant), tally in sorted(tallies(connection, sends, leavers).items())
    ]
    asked = tuple(polls.of_issue(connection, sends[0].issue))
    return Report(sends[0].issue, sends[0].subject, tuple(send.state for send in sends), tuple(parts), asked)


def _ended(counts: DeliveryCounts, send: Send) -> DeliveryCounts:
    """Nothing of a cancelled send is still to go."""
    return replace(counts, queued=0, cancelled=counts.queued) if send.state == "cancelled" else counts


def _counts(tally: VariantCounts) -> DeliveryCounts:
    states: dict[str, Any] = {name: tally.states.get(name, 0) for name in STATES}
    events: dict[str, Any] = {name: tally.events.get(name, 0) for name in EVENTS if name != "left"}
    return DeliveryCounts(
        **states, **events, left=len(tally.left), reasons=dict(tally.reasons), bounces=dict(tally.bounces)
    )
