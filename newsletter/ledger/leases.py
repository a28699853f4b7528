"""Batches under leases: claim one, say that its last byte goes, write down the answer.

A lease is a random token and a moment by the database's own clock. One that ran out frees a ``queued`` batch; a
``submitting`` one is in doubt, since its last byte may have gone.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from newsletter.ledger import cutting, states
from newsletter.ledger.brakes import PROVIDER
from newsletter.ledger.models import Batch, Delivery
from newsletter.storage.clock import FARTHEST, clock

if TYPE_CHECKING:
    from sqlalchemy import BindParameter, Connection, Select, Update
    from sqlalchemy.sql.dml import ReturningUpdate


def claim(
    connection: Connection,
    send_id: int,
    *,
    lease: float,
    token: str = "",
    sender: str | None = None,
    probing: bool = False,
    newest: bool = False,
) -> Batch | None:
    """Take one free batch of a running send under a lease, or None when none is free.

    A batch is free when it is queued and nobody holds it, or when its lease ran out; a batch in doubt (``submitting``
    and its lease ran out) is handed out too, in that state, so that its holder settles it first.

    Args:
        connection: A writing transaction.
        send_id: The send.
        lease: Seconds until the batch is free again should its holder go silent.
        token: Who holds it then; random for each claim. Made here if not given.
        sender: Name of the provider that is to carry it; written down with the attempt that this begins. A batch in
            doubt keeps the provider of its attempt, since no other one can tell what became of that.
        probing: To try a send that its provider has stopped.
        newest: The batch that was made last, which is a half of one that was refused, instead of the first.
    """
    statements, now = _statements(), clock(connection)
    # Who holds a batch whose lease lies too far ahead finds its token gone, and lets nothing go.
    which = {"of_send": send_id, "now": now, "far": now + FARTHEST, "probing": probing}
    found = connection.execute(statements.last if newest else statements.first, which).scalar_one_or_none()
    if found is None:
        return None
    row = {
        "one": found,
        "held_by": token or secrets.token_hex(16),
        "until": now + lease,
        "new_request": secrets.token_hex(16),
        "through": sender,
    }
    batch = _as_batch(connection, statements.take, row)
    return replace(batch, probing=True) if batch is not None and probing else batch


def drop(connection: Connection, send_id: int, token: str) -> None:
    """Let go of what was claimed with this token, if anything was: the answer to that commit may have been lost.

    Args:
        connection: A writing transaction.
        send_id: Id of the send.
        token: As it was given to ``claim``.
    """
    from sqlalchemy import update

    from newsletter.storage.tables import batch as table

    mine = (table.c.send_id == send_id) & (table.c.token == token) & (table.c.state == "queued")
    connection.execute(update(table).where(mine).values(token=None, lease_until=None))


def free(connection: Connection, send_id: int) -> bool:
    """Whether a claim would find a batch of this send now."""
    now = clock(connection)
    which = {"of_send": send_id, "now": now, "far": now + FARTHEST, "probing": False}
    return connection.execute(_statements().free, which).first() is not None


def members(batch_id: int) -> Select[int, int]:
    """The query for the deliveries of a batch that go with it (those with no state of their own), each with its
    subscriber, to be asked together with what is known of those."""
    from sqlalchemy import select

    from newsletter.storage.tables import delivery

    return select(delivery.c.id, delivery.c.subscriber_id).where(
        delivery.c.batch_id == batch_id, delivery.c.state.is_(None)
    )


def deliveries(connection: Connection, batch_id: int) -> list[Delivery]:
    """The deliveries of a batch that go with it: those with no state of their own."""
    from newsletter.storage.tables import delivery

    return [Delivery(*row) for row in connection.execute(members(batch_id).order_by(delivery.c.id))]


def mark_submitting(
    connection: Connection, batch: Batch, *, skipped: Mapping[int, str], lease: float, going: int | None = None
) -> bool:
    """Say that the last byte goes now; False when it must not: somebody else has the batch, or the send was stopped.

    Args:
        connection: A writing transaction, committed before the last byte goes.
        batch: As it was claimed.
        skipped: Ids of deliveries that this batch leaves out, with the reason; settled in the same transaction.
        lease: Seconds the answer may take.
        going: Deliveries that were read to go, those left out too. When an event has settled one of them since, False.
    """
    now = clock(connection)
    mine = {
        "one": batch.id,
        "held_by": batch.token,
        "now": now,
        "until": now + lease,
        "probing": batch.probing,
    }
    # Only an earlier attempt can have been reported meanwhile.
    if going is not None and batch.attempt > 1 and _members(connection, batch.id) != going:
        return False
    if connection.execute(_statements().submitting, mine).rowcount != 1:
        return False
    settle(connection, batch.id, {delivery: ("skipped", reason) for delivery, reason in skipped.items()})
    return True


def record(
    connection: Connection, batch: Batch, state: str, apart: Mapping[int, tuple[str, str]], *, pause: float = 0.0
) -> bool:
    """Write down what the provider answered, also when the lease ran out meanwhile: it still tells what happened.

    What is proved stays, whatever comes late: see ``ledger.states``.

    Args:
        connection: A writing transaction.
        batch: As it was claimed.
        state: What its deliveries are now: ``submitted``, ``refused``, ``unknown``, or ``queued`` to be tried again.
        apart: Ids of deliveries that differ, each with its state and reason. What is ``queued`` among them waits in a
            batch of its own when the others are not.
        pause: With ``queued``: seconds before anybody may try again.

    Returns:
        False when it was settled otherwise or another attempt has begun since; then of ``apart`` only what was taken
        or refused was written.
    """
    row = connection.execute(_statements().standing, {"one": batch.id}).one()
    # Another attempt may have begun since (the sender could tell what had gone): then the batch is its own.
    of_this_attempt = row.request_id == batch.request_id
    open_for = {word for word in _WORDS if of_this_attempt and row.state in states.may_become(word)}
    known = {one: answer for one, answer in apart.items() if answer[0] in open_for.union(_LASTING)}
    again = [one for one, (becomes, _) in known.items() if becomes == "queued"]
    settle(connection, batch.id, {one: answer for one, answer in known.items() if answer[0] != "queued"})
    if again and state != "queued":
        cutting.move_out(connection, batch, again, pause)
    if not of_this_attempt or row.state not in states.may_become(state):
        return False
    until = clock(connection) + pause if pause else None
    becomes = {"one": batch.id, "of_request": batch.request_id, "becomes": state, "until": until}
    return connection.execute(_statements().record, becomes).rowcount == 1


_WORDS = ("submitted", "refused", "unknown", "queued")
_LASTING = ("submitted", "refused")
"""Answers that say for good what became of a delivery, whichever attempt they are of."""


def put_back(connection: Connection, batch: Batch, settled: Mapping[int, tuple[str, str]]) -> Batch | None:
    """Make a batch in doubt ``queued`` again once it is known which of its deliveries went.

    Args:
        connection: A writing transaction.
        batch: As it was claimed, in the state ``submitting``.
        settled: Ids of the deliveries that went, each with its state and reason.

    Returns:
        The batch as a new attempt under the same lease; None when the lease was lost meanwhile.
    """
    mine = {"one": batch.id, "held_by": batch.token, "new_request": secrets.token_hex(16)}
    taken = _as_batch(connection, _statements().take_back, mine)
    if taken is not None:
        settle(connection, batch.id, settled)
    return taken


def release(connection: Connection, batch: Batch) -> None:
    """Let go of a batch, so that the next claim need not wait for the lease to run out."""
    from sqlalchemy import update

    from newsletter.storage.tables import batch as table

    mine = (table.c.id == batch.id) & (table.c.token == batch.token)
    connection.execute(update(table).where(mine).values(token=None, lease_until=None))


def settle(connection: Connection, batch_id: int, answers: Mapping[int, tuple[str, str]]) -> None:
    """Give deliveries of a batch a state of their own; what is settled already, and by more, stays.

    Args:
        connection: A writing transaction.
        batch_id: Id of the batch; a delivery that moved to another one is left alone.
        answers: Id of each delivery, with its state and its reason (empty for none).
    """
    from sqlalchemy import bindparam, or_, update

    from newsletter.storage.tables import delivery

    by_state: dict[str, list[dict[str, Any]]] = {}
    for one, (state, reason) in answers.items():
        by_state.setdefault(state, []).append({"one": one, "why": reason or None})
    for state, rows in by_state.items():
        # A word about one delivery is more than what was concluded for all of its batch.
        open_ = or_(delivery.c.state.is_(None), *(delivery.c.state == before for before in states.may_become(state)))
        which = (delivery.c.id == bindparam("one")) & (delivery.c.batch_id == batch_id)
        connection.execute(update(delivery).where(which, open_).values(state=state, reason=bindparam("why")), rows)


def _members(connection: Connection, batch_id: int) -> int:
    from sqlalchemy import func, select

    return connection.execute(select(func.count()).select_from(members(batch_id).subquery())).scalar_one()


def waiting(connection: Connection, send_id: int) -> float | None:
    """Seconds until the first lease on an open batch of this send runs out, or None when no batch is open.

    Batches that are held for the decision of a trial do not count: no hour of theirs is known here.
    """
    from sqlalchemy import func, select

    from newsletter.storage.tables import batch

    query = select(func.count(), func.min(func.coalesce(batch.c.lease_until, 0.0))).where(
        batch.c.send_id == send_id, batch.c.state.in_(("queued", "submitting")), batch.c.held == 0
    )
    count, first = connection.execute(query).one()
    if not count:
        return None
    left = 0.0 if first is None else max(0.0, float(first) - clock(connection))
    return left if left <= FARTHEST else 0.0


def rests(connection: Connection, send_id: int) -> float | None:
    """Seconds until the first of a send's letters may be tried, when all that are left wait for such a time.

    None when somebody holds an open batch, or none is open: in one statement, since another thread or process may
    settle or claim one between two.

    Args:
        connection: An open connection to the database.
        send_id: Id of the send.
    """
    from sqlalchemy import case, func, select

    from newsletter.storage.tables import batch

    now = clock(connection)
    is_held = batch.c.token.is_not(None) & (batch.c.lease_until > now)
    query = select(
        func.count(),
        func.coalesce(func.sum(case((is_held, 1), else_=0)), 0),
        func.min(func.coalesce(batch.c.lease_until, 0.0)),
    ).where(batch.c.send_id == send_id, batch.c.state.in_(("queued", "submitting")), batch.c.held == 0)
    count, held, first = connection.execute(query).one()
    if not count or held:
        return None
    left = 0.0 if first is None else max(0.0, float(first) - now)
    return left if left <= FARTHEST else 0.0


def finish(connection: Connection, send_id: int, *, now: datetime) -> bool:
    """Close a running send that has no open batch.

    Args:
        connection: A writing transaction.
        send_id: Id of the send.
        now: The present moment, timezone-aware.

    Returns:
        Whether it was closed by this call.
    """
    from sqlalchemy import exists, select, update

    from newsletter.storage.tables import batch, send

    still_open = exists(
        select(batch.c.id).where(batch.c.send_id == send_id, batch.c.state.in_(("queued", "submitting")))
    )
    done = (
        update(send)
        .where(send.c.id == send_id, send.c.state == "running", ~still_open)
        .values(state="finished", finished=int(now.timestamp()))
    )
    return connection.execute(done).rowcount == 1


def _as_batch(connection: Connection, statement: ReturningUpdate[Any], values: Mapping[str, Any]) -> Batch | None:
    row = connection.execute(statement, values).one_or_none()
    return Batch(*row) if row is not None else None


@dataclass(frozen=True, slots=True)
class _Statements:
    """What runs for every batch, made once."""

    free: Select[tuple[int]]
    first: Select[tuple[int]]
    last: Select[tuple[int]]
    take: ReturningUpdate[Any]
    take_back: ReturningUpdate[Any]
    submitting: Update
    standing: Select[tuple[str, str | None]]
    record: Update


@cache
def _statements() -> _Statements:
    from sqlalchemy import Boolean, Double, Text, and_, bindparam, case, exists, or_, select, update

    from newsletter.storage.tables import batch, send

    now: BindParameter[float] = bindparam("now", type_=Double())
    probing = bindparam("probing", type_=Boolean())
    braked = and_(probing, send.c.state == "paused", send.c.paused_by == PROVIDER)
    until: BindParameter[float] = bindparam("until", type_=Double())
    state = batch.c.state
    free = (
        select(batch.c.id)
        .join(send, send.c.id == batch.c.send_id)
        .where(
            batch.c.send_id == bindparam("of_send"),
            or_(send.c.state == "running", braked),
            state.in_(("queued", "submitting")),
            # Those whose subject is not decided yet wait.
            batch.c.held == 0,
            or_(
                batch.c.lease_until.is_(None),
                batch.c.lease_until < now,
                batch.c.lease_until > bindparam("far", type_=Double()),
            ),
        )
    )
    # Paused or cancelled since it was claimed: not one letter more.
    runs = exists(select(send.c.id).where(send.c.id == batch.c.send_id, or_(send.c.state == "running", braked)))
    one, mine = batch.c.id == bindparam("one"), batch.c.token == bindparam("held_by")
    whole = (
        batch.c.id,
        batch.c.send_id,
        batch.c.letter_id,
        state,
        batch.c.token,
        batch.c.request_id,
        batch.c.attempt,
        batch.c.sender,
    )
    request = bindparam("new_request", type_=Text())
    # What is queued becomes a new attempt with a request id of its own.
    take = {
        "token": bindparam("held_by"),
        "lease_until": until,
        "request_id": case((state == "queued", request), else_=batch.c.request_id),
        "attempt": batch.c.attempt + case((state == "queued", 1), else_=0),
        "sender": case((state == "queued", bindparam("through", type_=Text())), else_=batch.c.sender),
    }
    back = {"state": "queued", "request_id": request, "attempt": batch.c.attempt + 1}
    of_request = batch.c.request_id == bindparam("of_request")
    return _Statements(
        free=free.limit(1),
        # On PostgreSQL other claimers pass by instead of waiting; SQLite has one writer at a time anyway.
        first=free.order_by(batch.c.id).limit(1).with_for_update(of=batch, skip_locked=True),
        last=free.order_by(batch.c.id.desc()).limit(1).with_for_update(of=batch, skip_locked=True),
        take=update(batch).where(one).values(take).returning(*whole),
        take_back=update(batch).where(one, mine, state == "submitting").values(back).returning(*whole),
        submitting=update(batch)
        .where(one, mine, batch.c.lease_until > now, state == "queued", runs)
        .values(state="submitting", lease_until=until),
        # Kept from an event until it is written, as an event keeps it from us.
        standing=select(state, batch.c.request_id).where(one).with_for_update(),
        record=update(batch).where(one, of_request).values(state=bindparam("becomes"), token=None, lease_until=until),
    )
