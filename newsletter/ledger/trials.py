"""Subjects tried on a part of an audience (A/B test): what each brought, and the one that the rest gets.

The decision is one transaction: the held batches get the letter with the chosen subject, are held no more, and the send
runs. Whoever comes first makes it; until then everything is as ``ledger.trying`` left it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from newsletter import clicks
from newsletter.ledger.brakes import UNPAUSED
from newsletter.ledger.comparing import compare, interval
from newsletter.ledger.models import UNDONE
from newsletter.ledger.trying import TRIAL, Measure
from subscribers.store import growth
from subscribers.store.lists import list_by_id

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Row, Select


@dataclass(frozen=True, slots=True)
class TriedSubject:
    """One of the subjects tried, and what came of it."""

    number: int
    """Its place in the editor's order, from 1."""
    words: str
    readers: int
    """Drawn for it."""
    sent: int = 0
    """Letters with it that the provider took; once it is decided, those of the sample until then."""
    counted: int = 0
    """Clicks, or readers who left or complained, as ``TrialResult.measure`` says; until the decision alone."""
    chance: float = 0.0
    """That it is the best of those tried, from 0 to 1."""

    @property
    def rate(self) -> float:
        """What was counted, as a share of what was sent."""
        return min(self.counted, self.sent) / self.sent if self.sent else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the rate, after Wilson, from 0 to 1."""
        return interval(self.counted, self.sent)


@dataclass(frozen=True, slots=True)
class TrialResult:
    """The trial of one send: as it stands, or as it was decided."""

    send_id: int
    send: str
    """Public id of the send."""
    issue: str
    list_id: int
    rhythm: str
    state: str
    """Of the send."""
    measure: Measure
    subjects: tuple[TriedSubject, ...]
    begun: datetime
    """When the send was frozen, or was to start."""
    rest: int
    """Readers who wait for the decision, or waited for it."""
    wait: timedelta
    asks: bool
    """Whether an editor decides."""
    decide_at: datetime | None = None
    """When it is decided, or an editor asked; None until the sample has gone."""
    decided_at: datetime | None = None
    decided_by: Literal["", "itself", "editor"] = ""
    verdict: Literal["", "better", "no difference"] = ""
    """Whether one is better than all others; while it is not decided, as far as can be told by now."""
    best: int = 0
    """Number of the better one; 0 while no difference can be told."""
    chosen: int = 0
    """Number of the subject that the rest gets; 0 until it is decided."""

    @property
    def proposed(self) -> int:
        """Number of the subject that the rest would get: the better one, or the first where none is."""
        return self.best or 1

    def words_of(self, number: int) -> str:
        """A subject by its number."""
        return self.subjects[number - 1].words


Counts = Mapping[int, int]
"""Number of a subject to what was counted of it."""
_UNFINISHED = ("scheduled", "running", "paused")


def of_issue(connection: Connection, issue: str) -> list[TrialResult]:
    """The trials of an issue, one for each of its sends that had one, oldest first.

    Args:
        connection: An open connection to the database.
        issue: Key of the issue.
    """
    from newsletter.storage.tables import issue as issues

    return _found(connection, issues.c.key == issue)


def every(connection: Connection) -> list[TrialResult]:
    """Every trial of the workspace, oldest first.

    Args:
        connection: An open connection to the database.
    """
    return _found(connection)


def of_send(connection: Connection, send_id: int) -> TrialResult | None:
    """The trial of a send; None when it has none.

    Args:
        connection: An open connection to the database.
        send_id: Id of the send.
    """
    from newsletter.storage.tables import send

    return next(iter(_found(connection, send.c.id == send_id)), None)


def was_decided(connection: Connection, send_id: int) -> bool:
    """Whether a send has a trial that is decided.

    Args:
        connection: An open connection to the database.
        send_id: Id of the send.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import trial

    query = select(trial.c.send_id).where(trial.c.send_id == send_id, trial.c.decided_at.is_not(None))
    return connection.execute(query).first() is not None


def decide(
    connection: Connection, result: TrialResult, chosen: int, *, by: Literal["itself", "editor"], now: datetime
) -> bool:
    """Let the rest of a send get one of its subjects, in this one transaction; whether it was decided by this call.

    What else keeps the send from going (an editor, its provider, a warm-up) goes on keeping it.

    Args:
        connection: A writing transaction.
        result: The trial, with the counts by which it is decided; they are kept.
        chosen: Number of the subject.
        by: Who decides.
        now: The present moment, timezone-aware.
    """
    from sqlalchemy import select, update

    from newsletter.storage.tables import batch, letter, send, trial, trial_subject

    # The send first, as a cancel holds it: of many who decide at once the others wait here, and find it decided.
    state = connection.execute(select(send.c.state).where(send.c.id == result.send_id).with_for_update()).scalar_one()
    if state not in _UNFINISHED:
        return False
    mine = update(trial).where(trial.c.send_id == result.send_id, trial.c.decided_at.is_(None))
    decision = {
        "decided_at": int(now.timestamp()),
        "decided_by": by,
        "chosen": chosen,
        "verdict": result.verdict or "no difference",
    }
    if connection.execute(mine.values(decision)).rowcount != 1:
        return False
    for one in result.subjects:
        of_subject = (trial_subject.c.send_id == result.send_id) & (trial_subject.c.number == one.number)
        known = {"sent": one.sent, "counted": one.counted, "chance": one.chance}
        connection.execute(update(trial_subject).where(of_subject).values(known))
    frozen, best = letter.alias("frozen"), letter.alias("best")
    same = (best.c.send_id == frozen.c.send_id) & (best.c.variant == frozen.c.variant) & (best.c.subject == chosen)
    its_letter = select(best.c.id).join(frozen, same).where(frozen.c.id == batch.c.letter_id).scalar_subquery()
    held = (batch.c.send_id == result.send_id) & (batch.c.held == 1)
    connection.execute(update(batch).where(held).values(letter_id=its_letter, held=0))
    words = {"subject": result.words_of(chosen)}
    connection.execute(update(send).where(send.c.id == result.send_id).values(words))
    paused = (send.c.id == result.send_id) & (send.c.state == "paused") & (send.c.paused_by == TRIAL)
    connection.execute(update(send).where(paused).values(state="running", **UNPAUSED))
    return True


def counted(result: TrialResult, sent: Counts, counts: Counts) -> TrialResult:
    """A trial that is not decided, with what was counted of it by now.

    Args:
        result: As it was read.
        sent: Letters of each subject that were taken.
        counts: Clicks, or readers lost, of each.
    """
    known = [(counts.get(one.number, 0), sent.get(one.number, 0)) for one in result.subjects]
    compared = compare(known, fewer=result.measure == "losses")
    subjects = tuple(
        replace(one, counted=hits, sent=tries, chance=chance)
        for one, (hits, tries), chance in zip(result.subjects, known, compared.chances, strict=True)
    )
    better = compared.best is not None
    best = compared.best + 1 if compared.best is not None else 0
    return replace(result, subjects=subjects, best=best, verdict="better" if better else "no difference")


def sent_of(connection: Connection, send_id: int) -> dict[int, int]:
    """How many letters with each subject of a sample were taken; of no use any more once it is decided.

    Args:
        connection: An open connection to the database.
        send_id: Id of the send.
    """
    from sqlalchemy import func, select

    from newsletter.storage.tables import batch, delivery, letter

    state = func.coalesce(delivery.c.state, batch.c.state)
    query = (
        select(letter.c.subject, func.count())
        .select_from(delivery)
        .join(batch, batch.c.id == delivery.c.batch_id)
        .join(letter, letter.c.id == batch.c.letter_id)
        .where(batch.c.send_id == send_id, batch.c.held == 0, state == "submitted")
        .group_by(letter.c.subject)
    )
    return {int(number): int(count) for number, count in connection.execute(query)}


def lost_of(connection: Connection, send_id: int, leavings: Select[Any]) -> dict[int, int]:
    """How many readers of a sample left or complained after their letter, by its subject; each counts once.

    Args:
        connection: An open connection to the database.
        send_id: Id of the send.
        leavings: Query with a ``subscriber_id`` for those who ended their subscription since it went, on our own pages
            or by mail.
    """
    from sqlalchemy import func, select

    from newsletter.storage.tables import batch, delivery, event, letter

    state = func.coalesce(delivery.c.state, batch.c.state)
    sample = (
        select(letter.c.subject, delivery.c.id)
        .select_from(delivery)
        .join(batch, batch.c.id == delivery.c.batch_id)
        .join(letter, letter.c.id == batch.c.letter_id)
        .where(batch.c.send_id == send_id, batch.c.held == 0, state == "submitted")
    )
    told = sample.join(event, event.c.delivery_id == delivery.c.id).where(event.c.kind.in_(("left", "complained")))
    found = {(int(row[0]), int(row[1])) for row in connection.execute(told)}
    gone = leavings.subquery("gone")
    left = sample.join(gone, gone.c.subscriber_id == delivery.c.subscriber_id)
    found.update((int(row[0]), int(row[1])) for row in connection.execute(left))
    counts: dict[int, int] = {}
    for number, _ in found:
        counts[number] = counts.get(number, 0) + 1
    return counts


def _found(connection: Connection, *which: ColumnElement[bool]) -> list[TrialResult]:
    from sqlalchemy import func, select

    from newsletter.storage.tables import issue, send, trial, trial_subject

    begun = func.coalesce(send.c.send_at, send.c.created).label("begun")
    query = select(trial, send.c.public_id, send.c.list_id, send.c.rhythm, send.c.state, begun, issue.c.key)
    query = query.join(send, send.c.id == trial.c.send_id).join(issue, issue.c.id == send.c.issue_id)
    found = []
    for row in connection.execute(query.where(*which).order_by(trial.c.send_id)).all():
        tried = select(trial_subject).where(trial_subject.c.send_id == row.send_id).order_by(trial_subject.c.number)
        found.append(_result(row, [_subject(one) for one in connection.execute(tried)]))
    return [one if one.decided_at is not None else _counted_now(connection, one) for one in found]


def _counted_now(connection: Connection, result: TrialResult) -> TrialResult:
    """A trial that is not decided, with what came back by now."""
    sent = sent_of(connection, result.send_id)
    if result.measure == "clicks":
        target = list_by_id(connection, result.list_id)
        return counted(result, sent, clicks.by_subject(connection, result.issue, target.name))
    gone = growth.leavings(result.list_id, since=result.begun, until=None)
    return counted(result, sent, lost_of(connection, result.send_id, gone))


def _subject(row: Row[Any]) -> TriedSubject:
    return TriedSubject(row.number, row.words, row.readers, row.sent or 0, row.counted or 0, row.chance or 0.0)


def _result(row: Row[Any], subjects: Sequence[TriedSubject]) -> TrialResult:
    def moment(seconds: int | None) -> datetime | None:
        return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None

    better = row.verdict == "better"
    return TrialResult(
        send_id=row.send_id,
        send=row.public_id,
        issue=row.key.partition(UNDONE)[0],
        list_id=row.list_id,
        rhythm=row.rhythm,
        state=row.state,
        measure=row.measure,
        subjects=tuple(subjects),
        begun=datetime.fromtimestamp(row.begun, UTC),
        rest=row.rest,
        wait=timedelta(seconds=row.wait),
        asks=bool(row.asks),
        decide_at=moment(row.decide_at),
        decided_at=moment(row.decided_at),
        decided_by=row.decided_by,
        verdict=row.verdict,
        best=max(subjects, key=lambda one: one.chance).number if better else 0,
        chosen=row.chosen,
    )
