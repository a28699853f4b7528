"""The truth about every delivery: sends, their frozen letters, batches under leases, one row per subscriber.

A batch goes ``queued`` → ``submitting`` → ``submitted``, ``refused`` or ``unknown``. Its deliveries follow it, but
for those whose own row says otherwise (``skipped``, or settled one by one). Whoever works on a batch holds it under
a lease: a random token and a moment by the database's own clock. A lease that ran out frees a ``queued`` batch; a
``submitting`` one is in doubt, since its last byte may have gone.

Only ids of subscribers are kept here, never an address.
"""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from newsletter.database import clock
from newsletter.errors import SendError

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Row

ALL = "all"
"""The rhythm of a send that goes to the subscribers of every rhythm."""
STATES = ("queued", "submitting", "submitted", "refused", "unknown", "skipped")


@dataclass(frozen=True, slots=True)
class Send:
    """One issue going out to one list."""

    id: int
    public_id: str
    issue: str
    """Key of the issue."""
    issue_id: int
    list_id: int
    rhythm: str
    state: str
    subject: str
    audience: int
    created: datetime
    finished: datetime | None


@dataclass(frozen=True, slots=True)
class Batch:
    """A slice of a send that one worker holds."""

    id: int
    send_id: int
    letter_id: int
    state: str
    token: str
    request_id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One issue to one subscriber."""

    id: int
    subscriber_id: int


@dataclass(frozen=True, slots=True)
class Account:
    """How many deliveries of a send are in each state, and why some were skipped or refused."""

    queued: int = 0
    submitting: int = 0
    submitted: int = 0
    refused: int = 0
    unknown: int = 0
    skipped: int = 0
    reasons: Mapping[str, int] | None = None

    @property
    def total(self) -> int:
        """Every delivery of the send."""
        return sum(getattr(self, state) for state in STATES)

    @property
    def open(self) -> int:
        """Deliveries that still have to go."""
        return self.queued + self.submitting


def issue_id(connection: Connection, key: str) -> int:
    """The id of the issue with this key, made when it is asked for the first time (needs a writing transaction)."""
    from sqlalchemy import insert, select

    from newsletter.tables import issue

    found = connection.execute(select(issue.c.id).where(issue.c.key == key)).scalar_one_or_none()
    if found is not None:
        return int(found)
    return int(connection.execute(insert(issue).values(key=key).returning(issue.c.id)).scalar_one())


def state_of(connection: Connection, send_id: int) -> str:
    """The state of a send now."""
    from sqlalchemy import select

    from newsletter.tables import send

    return str(connection.execute(select(send.c.state).where(send.c.id == send_id)).scalar_one())


def sends_of(connection: Connection, key: str) -> list[Send]:
    """Every send of the issue with this key, oldest first."""
    return [send for send in sends(connection) if send.issue == key]


def sends(connection: Connection) -> list[Send]:
    """Every send of the workspace, oldest first."""
    from sqlalchemy import select

    from newsletter.tables import issue, send

    query = select(send, issue.c.key).join(issue, issue.c.id == send.c.issue_id).order_by(send.c.id)
    return [_send(row) for row in connection.execute(query)]


def freeze(
    connection: Connection,
    *,
    key: str,
    list_id: int,
    rhythm: str,
    subject: str,
    letter: str,
    audience: Iterable[int],
    batch_size: int,
    now: datetime,
) -> Send:
    """Write down a send: the letter as it is, and one delivery for each subscriber who has none for this issue yet.

    Args:
        connection: A writing transaction; nothing exists unless all of it does.
        key: Key of the issue.
        list_id: The list it goes to.
        rhythm: ``instant``, ``daily``, ``weekly`` or ``all``.
        subject: For people who read the ledger.
        letter: The frozen letter, as ``mail.freeze`` makes it.
        audience: Ids of the subscribers, in order; may be a stream.
        batch_size: Subscribers in one batch.
        now: When; aware.

    Raises:
        SendError: This issue went, or is going, to this list in this rhythm.
    """
    from sqlalchemy import insert, select, update

    from newsletter.tables import letter as letters
    from newsletter.tables import send

    issue = issue_id(connection, key)
    taken = select(send.c.id).where(send.c.issue_id == issue, send.c.list_id == list_id, send.c.rhythm == rhythm)
    if connection.execute(taken).first() is not None:
        raise SendError(f"issue {key} is already on its way to this list")
    public_id = secrets.token_hex(8)
    row = {
        "public_id": public_id,
        "issue_id": issue,
        "list_id": list_id,
        "rhythm": rhythm,
        "state": "running",
        "subject": subject,
        "audience": 0,
        "created": int(now.timestamp()),
    }
    send_id = connection.execute(insert(send).values(row).returning(send.c.id)).scalar_one()
    frozen = {"send_id": send_id, "variant": "", "frozen": zlib.compress(letter.encode("utf-8"))}
    letter_id = connection.execute(insert(letters).values(frozen).returning(letters.c.id)).scalar_one()
    count = 0
    members = iter(without_delivery(connection, key, audience))
    while slice_ := list(islice(members, batch_size)):
        _add_batch(connection, send_id, letter_id, issue, slice_)
        count += len(slice_)
    connection.execute(update(send).where(send.c.id == send_id).values(audience=count))
    return Send(send_id, public_id, key, issue, list_id, rhythm, "running", subject, count, now, None)


def without_delivery(connection: Connection, key: str, audience: Iterable[int]) -> Iterator[int]:
    """Those of a stream of subscribers who have no delivery of the issue with this key yet, each once."""
    from sqlalchemy import select

    from newsletter.tables import delivery, issue

    members = iter(audience)
    while ids := list(dict.fromkeys(islice(members, 500))):
        query = (
            select(delivery.c.subscriber_id)
            .join(issue, issue.c.id == delivery.c.issue_id)
            .where(issue.c.key == key, delivery.c.subscriber_id.in_(ids))
        )
        have = set(connection.execute(query).scalars())
        yield from (id_ for id_ in ids if id_ not in have)


def letter_of(connection: Connection, letter_id: int) -> str:
    """The frozen letter with this id, for ``mail.thaw``."""
    from sqlalchemy import select

    from newsletter.tables import letter

    frozen = connection.execute(select(letter.c.frozen).where(letter.c.id == letter_id)).scalar_one()
    return zlib.decompress(frozen).decode("utf-8")


def claim(connection: Connection, send_id: int, *, lease: float) -> Batch | None:
    """Take one free batch of a running send under a lease, or None when none is free.

    A batch is free when it is queued and nobody holds it, or when its lease ran out; a batch in doubt (``submitting``
    and its lease ran out) is handed out too, in that state, so that its holder settles it first.

    Args:
        connection: A writing transaction.
        send_id: The send.
        lease: Seconds until the batch is free again should its holder go silent.
    """
    from sqlalchemy import or_, select

    from newsletter.tables import batch, send

    now = clock(connection)
    free = (
        select(batch.c.id)
        .join(send, send.c.id == batch.c.send_id)
        .where(
            batch.c.send_id == send_id,
            send.c.state == "running",
            batch.c.state.in_(("queued", "submitting")),
            or_(batch.c.lease_until.is_(None), batch.c.lease_until < now),
        )
        .order_by(batch.c.id)
        .limit(1)
        # On PostgreSQL other claimers pass by instead of waiting; SQLite has one writer at a time anyway.
        .with_for_update(of=batch, skip_locked=True)
    )
    found = connection.execute(free).scalar_one_or_none()
    if found is None:
        return None
    return _take(connection, batch.c.id == found, {"token": secrets.token_hex(16), "lease_until": now + lease})


def deliveries(connection: Connection, batch_id: int) -> list[Delivery]:
    """The deliveries of a batch that go with it: those with no state of their own."""
    from sqlalchemy import select

    from newsletter.tables import delivery

    query = (
        select(delivery.c.id, delivery.c.subscriber_id)
        .where(delivery.c.batch_id == batch_id, delivery.c.state.is_(None))
        .order_by(delivery.c.id)
    )
    return [Delivery(row.id, row.subscriber_id) for row in connection.execute(query)]


def mark_submitting(connection: Connection, batch: Batch, *, skipped: Mapping[int, str], lease: float) -> bool:
    """Say that the last byte goes now; False when somebody else has the batch, and then it must not go.

    Args:
        connection: A writing transaction, committed before the last byte goes.
        batch: As it was claimed.
        skipped: Deliveries that this batch leaves out, with the reason; settled in the same transaction.
        lease: Seconds the answer may take.
    """
    from sqlalchemy import update

    from newsletter.tables import batch as table

    now = clock(connection)
    mine = (
        update(table)
        .where(
            table.c.id == batch.id,
            table.c.token == batch.token,
            table.c.lease_until > now,
            table.c.state == "queued",
        )
        .values(state="submitting", lease_until=now + lease)
    )
    if connection.execute(mine).rowcount != 1:
        return False
    settle(connection, batch.id, {delivery: ("skipped", reason) for delivery, reason in skipped.items()})
    return True


def record(
    connection: Connection, batch: Batch, state: str, apart: Mapping[int, tuple[str, str]], *, pause: float = 0.0
) -> None:
    """Write down the answer, whatever became of the lease: a late truth is still the truth.

    Args:
        connection: A writing transaction.
        batch: As it was claimed.
        state: What its deliveries are now: ``submitted``, ``refused``, ``unknown``, or ``queued`` to be tried again.
        apart: Deliveries that differ, with state and reason.
        pause: With ``queued``: seconds before anybody may try again.
    """
    from sqlalchemy import update

    from newsletter.tables import batch as table

    settle(connection, batch.id, apart)
    # Another attempt may have begun since (the sender could tell what had gone): then the batch is its own.
    mine = (table.c.id == batch.id) & (table.c.request_id == batch.request_id)
    until = clock(connection) + pause if pause else None
    connection.execute(update(table).where(mine).values(state=state, token=None, lease_until=until))


def split(connection: Connection, batch: Batch) -> None:
    """Make two batches of one that is queued, since something in one of its halves was refused."""
    from sqlalchemy import insert, update

    from newsletter.tables import batch as table
    from newsletter.tables import delivery

    ids = [one.id for one in deliveries(connection, batch.id)]
    if len(ids) < 2:
        return
    row = {"send_id": batch.send_id, "letter_id": batch.letter_id, "state": "queued"}
    half = connection.execute(insert(table).values(row).returning(table.c.id)).scalar_one()
    moved = update(delivery).where(delivery.c.id.in_(ids[len(ids) // 2 :]), delivery.c.batch_id == batch.id)
    connection.execute(moved.values(batch_id=half))


def put_back(connection: Connection, batch: Batch, settled: Mapping[int, tuple[str, str]]) -> Batch | None:
    """Make a batch in doubt ``queued`` again once it is known which of its deliveries went.

    Its holder keeps the lease and works on at once, as a new attempt. None when the lease was lost meanwhile.
    """
    from newsletter.tables import batch as table

    mine = (table.c.id == batch.id) & (table.c.token == batch.token)
    taken = _take(connection, mine, {"state": "queued"})
    if taken is not None:
        settle(connection, batch.id, settled)
    return taken


def release(connection: Connection, batch: Batch) -> None:
    """Let go of a batch, so that the next claim need not wait for the lease to run out."""
    from sqlalchemy import update

    from newsletter.tables import batch as table

    mine = (table.c.id == batch.id) & (table.c.token == batch.token)
    connection.execute(update(table).where(mine).values(token=None, lease_until=None))


def settle(connection: Connection, batch_id: int, states: Mapping[int, tuple[str, str]]) -> None:
    """Give deliveries of a batch a state of their own, each with its reason."""
    from sqlalchemy import bindparam, update

    from newsletter.tables import delivery

    if states:
        statement = (
            update(delivery)
            .where(delivery.c.id == bindparam("one"), delivery.c.batch_id == batch_id)
            .values(state=bindparam("new"), reason=bindparam("why"))
        )
        rows = [{"one": id_, "new": state, "why": reason or None} for id_, (state, reason) in states.items()]
        connection.execute(statement, rows)


def waiting(connection: Connection, send_id: int) -> float | None:
    """Seconds until the first lease on an open batch of this send runs out, or None when no batch is open."""
    from sqlalchemy import func, select

    from newsletter.tables import batch

    query = select(func.count(), func.min(batch.c.lease_until)).where(
        batch.c.send_id == send_id, batch.c.state.in_(("queued", "submitting"))
    )
    count, first = connection.execute(query).one()
    if not count:
        return None
    return 0.0 if first is None else max(0.0, float(first) - clock(connection))


def finish(connection: Connection, send_id: int, *, now: datetime) -> bool:
    """Close a running send that has no open batch; False while it has one."""
    from sqlalchemy import exists, select, update

    from newsletter.tables import batch, send

    still_open = exists(
        select(batch.c.id).where(batch.c.send_id == send_id, batch.c.state.in_(("queued", "submitting")))
    )
    done = (
        update(send)
        .where(send.c.id == send_id, send.c.state == "running", ~still_open)
        .values(state="finished", finished=int(now.timestamp()))
    )
    return connection.execute(done).rowcount == 1


def account(connection: Connection, send_id: int) -> Account:
    """Count the deliveries of a send by state, and those with a reason by reason."""
    from sqlalchemy import func, select

    from newsletter.tables import batch, delivery

    state = func.coalesce(delivery.c.state, batch.c.state)
    query = (
        select(state, delivery.c.reason, func.count())
        .join(batch, batch.c.id == delivery.c.batch_id)
        .where(batch.c.send_id == send_id)
        .group_by(state, delivery.c.reason)
    )
    counts = dict.fromkeys(STATES, 0)
    reasons: dict[str, int] = {}
    for name, reason, count in connection.execute(query):
        counts[name] += count
        if reason:
            reasons[reason] = reasons.get(reason, 0) + count
    return Account(**counts, reasons=reasons)


def _take(connection: Connection, which: ColumnElement[bool], values: dict[str, Any]) -> Batch | None:
    """Change one batch into its holder's hands; what is queued becomes a new attempt with a request id of its own."""
    from sqlalchemy import case, literal, update

    from newsletter.tables import batch as table

    state = literal(values["state"]) if "state" in values else table.c.state
    fresh = {
        "request_id": case((state == "queued", secrets.token_hex(16)), else_=table.c.request_id),
        "attempt": table.c.attempt + case((state == "queued", 1), else_=0),
    }
    row = connection.execute(update(table).where(which).values({**values, **fresh}).returning(table)).one_or_none()
    if row is None:
        return None
    return Batch(row.id, row.send_id, row.letter_id, row.state, row.token, row.request_id, row.attempt)


def _add_batch(connection: Connection, send_id: int, letter_id: int, issue: int, subscribers: Collection[int]) -> None:
    from sqlalchemy import insert

    from newsletter.tables import batch, delivery

    row = {"send_id": send_id, "letter_id": letter_id, "state": "queued"}
    batch_id = connection.execute(insert(batch).values(row).returning(batch.c.id)).scalar_one()
    connection.execute(
        insert(delivery),
        [{"issue_id": issue, "subscriber_id": subscriber, "batch_id": batch_id} for subscriber in subscribers],
    )


def _send(row: Row[Any]) -> Send:
    finished = datetime.fromtimestamp(row.finished, UTC) if row.finished is not None else None
    created = datetime.fromtimestamp(row.created, UTC)
    return Send(
        row.id,
        row.public_id,
        row.key,
        row.issue_id,
        row.list_id,
        row.rhythm,
        row.state,
        row.subject,
        row.audience,
        created,
        finished,
    )
