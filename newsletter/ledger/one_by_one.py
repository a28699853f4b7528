"""Batches whose letters go one by one (SMTP): each delivery is marked and answered on its own row.

The batch stays ``queued`` under its lease all the while. A row without a state is still to go; ``submitting`` says that
its last byte may be gone, and is committed before that. When the lease ran out, the next holder makes ``submitting``
rows ``unknown`` and goes on with those that have no state.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from newsletter.ledger.models import Batch
from newsletter.storage.clock import CLOCK, clock

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MOST_IDS = 500


def doubt(connection: Connection, batch: Batch) -> int:
    """Make ``unknown`` what an earlier holder of this batch let go without seeing the answer.

    Args:
        connection: The writing transaction in which the batch was claimed.
        batch: As it was claimed.

    Returns:
        How many deliveries that were.
    """
    from sqlalchemy import update

    from newsletter.storage.tables import delivery

    left = (delivery.c.batch_id == batch.id) & (delivery.c.state == "submitting")
    return connection.execute(update(delivery).where(left).values(state="unknown")).rowcount


def advance(
    connection: Connection,
    batch: Batch,
    *,
    answers: Mapping[int, tuple[str, str]],
    going: Sequence[int],
    marked: Collection[int],
    lease: float,
) -> frozenset[int] | None:
    """Write answers down and mark the letters whose last byte goes next, in one transaction.

    Answers to marked letters are written also when the lease ran out meanwhile: they still tell what happened. A letter
    that was not taken is tried again only while nobody else has the batch; else it stays unknown.

    Args:
        connection: A writing transaction, committed before any last byte goes.
        batch: As it was claimed.
        answers: Id of each delivery, with its state and reason; ``queued`` was not taken and may be tried again.
        going: Ids of deliveries whose last byte is to go.
        marked: Those of ``answers`` that this holder had marked before.
        lease: Seconds until the next call.

    Returns:
        Those of ``going`` whose last byte may go; None when the lease is lost or the send no longer runs, and then
        nothing more of this batch may go.
    """
    words, run = _words(connection.dialect.name), _driver(connection)
    who = {"batch": batch.id, "token": batch.token}
    renewal = {**who, "send": batch.send_id, "lease": lease, "probing": "provider" if batch.probing else "nobody"}
    mine = run(words.renew, [renewal]) == 1
    # Nobody else has touched the rows as long as the token is ours, whether the lease ran out or not.
    untouched = mine or connection.exec_driver_sql(words.held, who).first() is not None
    _write_down(run, words, batch, {one: answers[one] for one in answers if untouched or one in marked}, untouched)
    if not mine or not going:
        return frozenset() if mine else None
    if run(words.mark, [{"one": one, "batch": batch.id} for one in going]) == len(going):
        return frozenset(going)
    return _marked(connection, batch, going)


def close(connection: Connection, batch: Batch, *, pause: float = 0.0) -> None:
    """Let go of a batch: it is done when no row of it is still to go, else it is queued for another try.

    Args:
        connection: A writing transaction.
        batch: As it was claimed.
        pause: Seconds before anybody may try again.
    """
    from sqlalchemy import exists, select, update

    from newsletter.storage.tables import batch as table
    from newsletter.storage.tables import delivery

    held = (table.c.id == batch.id) & (table.c.token == batch.token)
    if connection.execute(select(table.c.id).where(held).with_for_update()).first() is None:
        return
    doubt(connection, batch)
    open_rows = exists(select(delivery.c.id).where(delivery.c.batch_id == batch.id, delivery.c.state.is_(None)))
    still_open = connection.execute(select(open_rows)).scalar_one()
    state = "queued" if still_open else "submitted"
    until = clock(connection) + pause if still_open and pause else None
    connection.execute(update(table).where(held).values(state=state, token=None, lease_until=until))


_Driver = Callable[[str, list[dict[str, Any]]], int]
"""Runs a statement for each of some rows of values; gives how many rows it changed."""


def _driver(connection: Connection) -> _Driver:
    """The shortest way to the database from within a transaction of it.

    On SQLite that is the driver itself: the way there through SQLAlchemy takes four times as long as the statements.
    """
    if connection.dialect.name == "sqlite":
        raw: Any = connection.connection.driver_connection
        return lambda statement, rows: int(raw.executemany(statement, rows).rowcount)
    return lambda statement, rows: connection.exec_driver_sql(statement, rows).rowcount


def _write_down(
    run: _Driver, words: _Words, batch: Batch, answers: Mapping[int, tuple[str, str]], untouched: bool
) -> None:
    settled = [
        {"one": one, "batch": batch.id, "becomes": state, "why": reason or None}
        for one, (state, reason) in answers.items()
        if state != "queued"
    ]
    if settled:
        run(words.settle if untouched else words.settle_late, settled)
    again = [{"one": one, "batch": batch.id} for one, (state, _) in answers.items() if state == "queued"]
    if again and untouched:
        run(words.put_back, again)


def _marked(connection: Connection, batch: Batch, going: Sequence[int]) -> frozenset[int]:
    """Those that could be marked; the others were settled by an event meanwhile."""
    from sqlalchemy import select

    from newsletter.storage.tables import delivery

    found: set[int] = set()
    for start in range(0, len(going), _MOST_IDS):
        part = delivery.c.id.in_(going[start : start + _MOST_IDS])
        query = select(delivery.c.id).where(part, delivery.c.batch_id == batch.id, delivery.c.state == "submitting")
        found.update(connection.execute(query).scalars())
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class _Words:
    """The statements of ``advance`` in the words of the driver.

    It runs for every few letters, and their way through SQLAlchemy takes longer than what the database does with them.
    """

    renew: str = """UPDATE batch SET lease_until = {now} + :lease
        WHERE id = :batch AND token = :token AND lease_until > {now} AND state = 'queued'
        AND EXISTS (SELECT 1 FROM send WHERE id = :send
            AND (state = 'running' OR (state = 'paused' AND paused_by = :probing)))"""
    held: str = "SELECT id FROM batch WHERE id = :batch AND token = :token"
    mark: str = """UPDATE delivery SET state = 'submitting', reason = NULL
        WHERE id = :one AND batch_id = :batch AND state IS NULL"""
    # What an event has settled meanwhile stays.
    settle: str = """UPDATE delivery SET state = :becomes, reason = :why
        WHERE id = :one AND batch_id = :batch AND (state IS NULL OR state IN ('submitting', 'unknown'))"""
    settle_late: str = """UPDATE delivery SET state = :becomes, reason = :why
        WHERE id = :one AND batch_id = :batch AND state IN ('submitting', 'unknown')"""
    put_back: str = """UPDATE delivery SET state = NULL, reason = NULL
        WHERE id = :one AND batch_id = :batch AND state = 'submitting'"""


@cache
def _words(dialect: str) -> _Words:
    def words(statement: str) -> str:
        statement = statement.format(now=CLOCK[dialect])
        return statement if dialect == "sqlite" else re.sub(r":(\w+)", r"%(\1)s", statement)

    return _Words(**{name: words(statement) for name, statement in asdict(_Words()).items()})
