"""What an editor says of deliveries that are unknown or were refused: they count as taken, or they go once more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from newsletter.errors import SendError
from newsletter.ledger.brakes import UNPAUSED
from newsletter.ledger.keys import is_now, of_send
from newsletter.ledger.proof import prove
from newsletter.ledger.sends import state_of
from newsletter.ledger.states import MOVES

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from newsletter.ledger.models import Send

_MOST_IDS = 500
_GOES_ON = ("scheduled", "running", "paused", "finished")


# ---- unknown


def unknown_deliveries(connection: Connection, send_id: int) -> list[tuple[int, int]]:
    """Delivery and subscriber ids of a send that nobody knows the outcome of, in order."""
    return [(row.id, row.subscriber_id) for row in _those(connection, send_id, "unknown")]


def accept_unknown(connection: Connection, send_id: int) -> int:
    """Count what is unknown as taken by the provider; gives the number of deliveries."""
    from sqlalchemy import update

    from newsletter.storage.tables import delivery

    statement = update(delivery).where(of_send(send_id), is_now(MOVES["accept"].of))
    taken = statement.values(state=MOVES["accept"].to, reason="accepted by the editor")
    return connection.execute(taken).rowcount


def resend_unknown(connection: Connection, send_id: int) -> int:
    """Queue what is unknown once more and let the send run again, as an editor decided.

    Whoever has the letter already gets it a second time; so nothing else in the program does this. Those of whom the
    provider has reported anything have it, and are left out.

    Args:
        connection: A writing transaction.
        send_id: Id of the send.

    Returns:
        How many deliveries were queued.
    """
    prove(connection, send_id)
    queued = _queue(connection, send_id, _those(connection, send_id, "unknown"), "unknown")
    if queued:
        _run_again(connection, send_id)
    return queued


def deliveries_in(connection: Connection, send_id: int, state: str, *, limit: int) -> list[tuple[int, int, str]]:
    """The first deliveries of a send in a state, in order: delivery, subscriber, and the reason that is kept.

    Args:
        connection: An open connection to the database.
        send_id: Id of the send.
        state: ``queued``, ``submitted``, ``refused``, ``unknown`` …
        limit: At most so many.
    """
    rows = _those(connection, send_id, state, limit)
    return [(row.id, row.subscriber_id, row.reason or "") for row in rows]


# ---- refused


def refused_reasons(connection: Connection, send_id: int, containing: str = "") -> dict[str, int]:
    """Why deliveries of a send were refused, with how many; the most frequent reason first.

    Args:
        connection: An open connection to the database.
        send_id: Id of the send.
        containing: Only reasons with these words, in small letters or capitals; empty takes all.
    """
    counts: dict[str, int] = {}
    for row in _refused(connection, send_id, containing):
        counts[row.reason or ""] = counts.get(row.reason or "", 0) + 1
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def resend_refused(connection: Connection, send: Send, containing: str = "") -> int:
    """Queue refused deliveries once more; a finished send runs again, one that rests goes on resting.

    Nobody gets a letter twice by this: what is refused was not taken. Who must not be mailed any more is skipped when
    it is sent, as ever.

    Args:
        connection: A writing transaction.
        send: Their send; its state is looked at anew.
        containing: Only those with these words in their reason; empty takes all.

    Returns:
        How many deliveries were queued.

    Raises:
        SendError: The send was cancelled.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import send as table

    _must_go_on(send, state_of(connection, send.id))
    queued = _queue(connection, send.id, _refused(connection, send.id, containing), "refused")
    # After the batches, as a cancel takes its locks; and locked, so that nobody cancels or finishes it meanwhile.
    state = str(connection.execute(select(table.c.state).where(table.c.id == send.id).with_for_update()).scalar_one())
    _must_go_on(send, state)
    if queued:
        _run_again(connection, send.id)
    return queued


def _must_go_on(send: Send, state: str) -> None:
    if state not in _GOES_ON:
        raise SendError(f"the send of issue {send.issue} is {state}, and nothing more of it goes")


def _refused(connection: Connection, send_id: int, containing: str) -> list[Row[Any]]:
    words = containing.casefold()
    # Compared here: databases differ in what LIKE folds, and in what its signs mean.
    return [row for row in _those(connection, send_id, "refused") if words in (row.reason or "").casefold()]


# ---- shared


def _those(connection: Connection, send_id: int, state: str, limit: int | None = None) -> list[Row[Any]]:
    """The deliveries of a send in this state, in order: id, subscriber, letter and reason."""
    from sqlalchemy import func, select

    from newsletter.storage.tables import batch, delivery

    query = (
        select(delivery.c.id, delivery.c.subscriber_id, batch.c.letter_id, delivery.c.reason)
        .join(batch, batch.c.id == delivery.c.batch_id)
        .where(batch.c.send_id == send_id, func.coalesce(delivery.c.state, batch.c.state) == state)
        .order_by(delivery.c.id)
        .limit(limit)
    )
    return list(connection.execute(query))


def _queue(connection: Connection, send_id: int, rows: Iterable[Row[Any]], state: str) -> int:
    """Move deliveries into new batches of their letters that anybody may claim; how many were still in that state."""
    from sqlalchemy import update

    from newsletter.storage.tables import batch, delivery

    members: dict[int, list[int]] = {}
    for row in rows:
        members.setdefault(row.letter_id, []).append(row.id)
    queued = 0
    for letter_id, ids in members.items():
        for start in range(0, len(ids), _MOST_IDS):
            new = {"send_id": send_id, "letter_id": letter_id, "state": MOVES["resend"].to}
            batch_id = connection.execute(batch.insert().values(new).returning(batch.c.id)).scalar_one()
            # An answer or an event may have settled one of them since it was read.
            moved = update(delivery).where(delivery.c.id.in_(ids[start : start + _MOST_IDS]), is_now((state,)))
            queued += connection.execute(moved.values(batch_id=batch_id, state=None, reason=None)).rowcount
    return queued


def _run_again(connection: Connection, send_id: int) -> None:
    """Let a send that was finished run again; any other stays as it is."""
    from sqlalchemy import update

    from newsletter.storage.tables import send as table

    ended = update(table).where(table.c.id == send_id, table.c.state == "finished")
    connection.execute(ended.values(state="running", finished=None, **UNPAUSED))
