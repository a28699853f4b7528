"""The end of a subject trial: whoever comes first looks for its hour, and lets the better subject go to the rest."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from newsletter.delivery.counting import let_out
from newsletter.ledger import trials, trying
from newsletter.ledger.trials import TrialResult

if TYPE_CHECKING:
    from sqlalchemy import Connection


def look(connection: Connection, send_id: int, now: datetime) -> None:
    """Let a send of which nothing is free rest for its trial, or decide that when its hour has come.

    Args:
        connection: A writing transaction.
        send_id: Id of the send; nothing is done for one without a trial.
        now: The present moment, timezone-aware.
    """
    trying.rest(connection, send_id, now)
    decide_due(connection, now, send_id)


def decide_due(connection: Connection, now: datetime, send_id: int | None = None) -> list[TrialResult]:
    """Decide what is to be decided now; what an editor decides begins to wait for that.

    Args:
        connection: A writing transaction.
        now: The present moment, timezone-aware.
        send_id: Only this send; None for all.

    Returns:
        The trials that were decided by this call, as they were counted then; their sends run.
    """
    decided = []
    for one in trying.due(connection, now, send_id):
        if trying.wait_anew(connection, one, now):
            continue
        result = trials.of_send(connection, one)
        if result is None:
            continue
        if result.asks:
            trying.ask(connection, one)
        elif trials.decide(connection, result, result.proposed, by="itself", now=now):
            let_out(connection, one)
            decided.append(result)
    return decided
