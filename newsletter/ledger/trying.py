"""A send that tries subjects on a part of its readers, from the freeze to the decision: what is written of it.

When such a send is frozen, its sample is drawn and the batches of all others are ``held``: they are free for nobody.
When the sample has gone, the send pauses itself until the hour of the decision, which ``ledger.trials`` makes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from newsletter.ledger.brakes import UNPAUSED
from newsletter.storage.clock import clock

if TYPE_CHECKING:
    from sqlalchemy import Connection

TRIAL = "trial"
"""Who pauses a send whose subjects are being tried."""
_SLACK = 300
"""Seconds by which a clock may be set back without a word."""
Measure = Literal["clicks", "losses"]
"""What is compared: clicks of people, or readers who left or complained, of whom fewer are better."""


@dataclass(frozen=True, slots=True)
class TrialTerms:
    """How the subjects of an issue are to be tried."""

    subjects: tuple[str, ...]
    """In the editor's order: where no difference can be told, the first one goes."""
    share: float
    """Of the audience that they are tried on, above 0 and below 1."""
    least: int
    """Readers for each subject at least."""
    wait: timedelta
    """From the last letter of the sample to the decision."""
    asks: bool = False
    """Whether an editor decides."""
    measure: Measure = "losses"

    def readers(self, audience: int) -> int:
        """How many readers get each subject first; 0 when they are too few for a trial.

        Args:
            audience: Readers who get a letter of the issue.
        """
        each = max(self.least, -int(-audience * self.share // len(self.subjects)))
        return each if each * len(self.subjects) < audience else 0


def begin(connection: Connection, send_id: int, terms: TrialTerms, *, each: int, rest: int) -> None:
    """Write down that a send tries subjects, in the transaction that freezes it.

    Args:
        connection: A writing transaction.
        send_id: Id of the send.
        terms: How they are tried.
        each: Readers drawn for each subject.
        rest: Readers who wait for the decision.
    """
    from sqlalchemy import insert

    from newsletter.storage.tables import trial, trial_subject

    row = {
        "send_id": send_id,
        "measure": terms.measure,
        "asks": int(terms.asks),
        "wait": int(terms.wait.total_seconds()),
        "rest": rest,
    }
    connection.execute(insert(trial).values(row))
    rows = [
        {"send_id": send_id, "number": number, "words": words, "readers": each}
        for number, words in enumerate(terms.subjects, 1)
    ]
    connection.execute(insert(trial_subject), rows)


def rest(connection: Connection, send_id: int, now: datetime) -> None:
    """Let a running send rest for its trial, when all of the sample that can go has gone.

    Letters that a server has put off are no reason to wait: from when every letter of the sample was tried, the hour of
    the decision stands, and it comes also while some of them are tried again.

    Args:
        connection: A writing transaction.
        send_id: Id of the send; nothing is done for one without a trial, or whose trial is decided.
        now: The present moment, timezone-aware.
    """
    from sqlalchemy import func, select, update

    from newsletter.storage.tables import batch, send, trial

    undecided = select(trial).where(trial.c.send_id == send_id, trial.c.decided_at.is_(None))
    if connection.execute(undecided).first() is None:
        return
    # The send first, as whoever decides holds it: else one decided meanwhile would rest for a decision that has come.
    connection.execute(select(send.c.id).where(send.c.id == send_id).with_for_update())
    row = connection.execute(undecided).first()
    if row is None:
        return
    open_ = (batch.c.send_id == send_id) & batch.c.state.in_(("queued", "submitting")) & (batch.c.held == 0)
    put_off = (batch.c.state == "queued") & batch.c.token.is_(None) & (batch.c.attempt > 0)
    put_off &= func.coalesce(batch.c.lease_until, 0.0) > clock(connection)
    if connection.execute(select(batch.c.id).where(open_, ~put_off).limit(1)).first() is not None:
        return
    at = int(now.timestamp()) + row.wait
    # A clock that was set back since would have everybody wait for longer than was said.
    moment = min(row.decide_at, at) if row.decide_at is not None else at
    if moment != row.decide_at:
        connection.execute(update(trial).where(trial.c.send_id == send_id).values(decide_at=moment))
    if connection.execute(select(batch.c.id).where(open_).limit(1)).first() is not None:
        return
    pause = {"state": "paused", **UNPAUSED, "paused_by": TRIAL, "reason": WAITS, "probe_at": float(moment)}
    connection.execute(update(send).where(send.c.id == send_id, send.c.state == "running").values(pause))


WAITS = "its subjects are tried on a part of its readers; the others wait for the decision"
ASKS = "its subjects have been tried, and an editor decides which one the others get"


def due(connection: Connection, now: datetime, send_id: int | None = None) -> list[int]:
    """Ids of the sends whose trial is to be decided now, or its hour set anew, and that nothing else keeps from going.

    Args:
        connection: An open connection to the database.
        now: The present moment, timezone-aware.
        send_id: Only this one; None for all.
    """
    from sqlalchemy import and_, or_, select

    from newsletter.storage.tables import send, trial

    at = int(now.timestamp())
    rests = and_(send.c.state == "paused", send.c.paused_by == TRIAL)
    # An editor is asked once, when all of the sample has gone.
    goes = or_(and_(send.c.state == "running", trial.c.asks == 0), and_(rests, send.c.probe_at.is_not(None)))
    # Later than it can have been set: a clock was set back, see `wait_anew`.
    past = or_(trial.c.decide_at <= at, trial.c.decide_at > at + trial.c.wait + _SLACK)
    query = select(send.c.id).join(trial, trial.c.send_id == send.c.id).where(goes, past, trial.c.decided_at.is_(None))
    if send_id is not None:
        query = query.where(send.c.id == send_id)
    return list(connection.execute(query.order_by(send.c.id)).scalars())


def wait_anew(connection: Connection, send_id: int, now: datetime) -> bool:
    """Set the hour of a decision anew when it is later than it can have been set; whether it was.

    A clock was set back since. Nobody waits for where it was; but nothing is decided at once either, since nobody knows
    how long the sample has been out.

    Args:
        connection: A writing transaction.
        send_id: Id of the send.
        now: The present moment, timezone-aware.
    """
    from sqlalchemy import select, update

    from newsletter.storage.tables import send, trial

    at = int(now.timestamp())
    connection.execute(select(send.c.id).where(send.c.id == send_id).with_for_update())
    far = (trial.c.send_id == send_id) & trial.c.decided_at.is_(None) & (trial.c.decide_at > at + trial.c.wait + _SLACK)
    row = connection.execute(select(trial.c.wait).where(far)).first()
    if row is None:
        return False
    moment = at + row.wait
    connection.execute(update(trial).where(trial.c.send_id == send_id).values(decide_at=moment))
    rests = (send.c.id == send_id) & (send.c.state == "paused") & (send.c.paused_by == TRIAL)
    connection.execute(update(send).where(rests, send.c.probe_at.is_not(None)).values(probe_at=float(moment)))
    return True


def ask(connection: Connection, send_id: int) -> bool:
    """Let a send whose hour has come wait for an editor's decision; whether it begins to wait by this call.

    Args:
        connection: A writing transaction.
        send_id: Id of the send.
    """
    from sqlalchemy import update

    from newsletter.storage.tables import send

    mine = (send.c.id == send_id) & (send.c.state == "paused") & (send.c.paused_by == TRIAL)
    waits = update(send).where(mine, send.c.probe_at.is_not(None))
    return connection.execute(waits.values(probe_at=None, reason=ASKS)).rowcount == 1
