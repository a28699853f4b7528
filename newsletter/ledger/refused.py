"""Refused deliveries once more, as an editor decided: the provider was wrong, or another one takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from newsletter.errors import SendError
from newsletter.ledger.sends import state_of

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from newsletter.ledger.models import Send

_MOST_IDS = 500
_GOES_ON = ("scheduled", "running", "paused", "finished")


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
    from sqlalchemy import select, update

    from newsletter.storage.tables import batch, delivery
    from newsletter.storage.tables import send as table

    state = state_of(connection, send.id)
    _must_go_on(send, state)
    members: dict[int, list[int]] = {}
    for row in _refused(connection, send.id, containing):
        members.setdefault(row.letter_id, []).append(row.id)
    queued = 0
    for letter_id, ids in members.items():
        for start in range(0, len(ids), _MOST_IDS):
            new = connection.execute(
                batch.insert().values(send_id=send.id, letter_id=letter_id, state="queued").returning(batch.c.id)
            ).scalar_one()
            # An event may have proved one of them since it was read.
            still = delivery.c.state.is_(None) | (delivery.c.state == "refused")
            moved = update(delivery).where(delivery.c.id.in_(ids[start : start + _MOST_IDS]), still)
            queued += connection.execute(moved.values(batch_id=new, state=None, reason=None)).rowcount
    # After the batches, as a cancel takes its locks; and locked, so that nobody cancels or finishes it meanwhile.
    state = str(connection.execute(select(table.c.state).where(table.c.id == send.id).with_for_update()).scalar_one())
    _must_go_on(send, state)
    if queued and state == "finished":
        again = update(table).where(table.c.id == send.id, table.c.state == "finished")
        connection.execute(
            again.values(state="running", finished=None, reason="", paused_by="", probe_at=None, probes=0)
        )
    return queued


def _must_go_on(send: Send, state: str) -> None:
    if state not in _GOES_ON:
        raise SendError(f"the send of issue {send.issue} is {state}, and nothing more of it goes")


def _refused(connection: Connection, send_id: int, containing: str) -> list[Row[Any]]:
    """The refused deliveries of a send: id, letter and reason."""
    from sqlalchemy import func, select

    from newsletter.storage.tables import batch, delivery

    query = (
        select(delivery.c.id, batch.c.letter_id, delivery.c.reason)
        .join(batch, batch.c.id == delivery.c.batch_id)
        .where(batch.c.send_id == send_id, func.coalesce(delivery.c.state, batch.c.state) == "refused")
        .order_by(delivery.c.id)
    )
    words = containing.casefold()
    # Compared here: databases differ in what LIKE folds, and in what its signs mean.
    rows: list[Row[Any]] = list(connection.execute(query))
    return [row for row in rows if words in (row.reason or "").casefold()]
