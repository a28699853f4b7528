"""What a provider reports of deliveries, each thing once; and what it proves of deliveries nobody knew about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from newsletter.ledger import states
from newsletter.ledger.evidence import BatchEvidence, DeliveryEvidence, SendEvidence, hear
from subscribers.store.dialect import insert

if TYPE_CHECKING:
    from sqlalchemy import BindParameter, Connection, Select, Update

    from subscribers.models import Event

_Value = TypeVar("_Value")

LEAST_ANSWERED = 200
"""Answers before a send may be paused for what they say."""
MOST_BOUNCED = 0.05
MOST_COMPLAINED = 0.003
"""Gmail's and Yahoo's rules for bulk senders hold complaints under 0.3 %."""

_MOST_VALUES = 500
"""In one statement; old builds of SQLite take 999."""


@dataclass(frozen=True, slots=True)
class ReportedDelivery:
    """A delivery that an event is about."""

    subscriber_id: int
    list_id: int
    send_id: int
    new: bool
    """False when the same event was told before, or is none that is kept; then nothing is to be done."""


def subscriber_of(connection: Connection, name: str) -> int | None:
    """The id of the subscriber whose delivery has this name, or None when there is no such delivery."""
    from sqlalchemy import select

    from newsletter.storage.tables import batch, delivery, send

    parts = _name(name)
    if parts is None:
        return None
    public_id, number = parts
    query = (
        select(delivery.c.subscriber_id)
        .join(batch, batch.c.id == delivery.c.batch_id)
        .join(send, send.c.id == batch.c.send_id)
        .where(delivery.c.id == number, send.c.public_id == public_id)
    )
    found = connection.execute(query).scalar_one_or_none()
    return int(found) if found is not None else None


def note(connection: Connection, told: Sequence[tuple[Event, str]]) -> list[ReportedDelivery | None]:
    """Write events down, and settle by them what was unknown; for each what it is about, None: no delivery of ours.

    It takes a handful of statements for any number of events. Whoever writes down events of the same send at the same
    moment waits for this one to be committed, so that each event is new to one of them and the sums are exact.

    Args:
        connection: A writing transaction.
        told: Events in our words, in any order, also the same one twice; ``delivery`` is the name that travelled with
            the letter. With each the attempt that travelled with it, which may be empty.
    """
    names = [_name(event.delivery) for event, _ in told]
    sends = _hold(connection, sorted({name[0] for name in names if name is not None}))
    found = _find(connection, sorted({name[1] for name in names if name is not None and name[0] in sends}), sends)
    noted: list[ReportedDelivery | None] = []
    for name, (event, request_id) in zip(names, told, strict=True):
        one = found.get(name) if name is not None else None
        if one is None:
            noted.append(None)
        else:
            new = hear(one, event, request_id)
            noted.append(ReportedDelivery(one.subscriber_id, one.send.list_id, one.send.id, new))
    _write(connection, list(found.values()))
    return noted


def subjects_of(connection: Connection, names: Sequence[str]) -> dict[str, int]:
    """Which of the subjects tried the letter of each delivery had, from 1; 0 when its send tried none.

    Args:
        connection: A connection in a reading or writing transaction.
        names: Names that travelled with letters; a strange one is missing in the answer.
    """
    from sqlalchemy import select

    from newsletter.storage.tables import batch, delivery, letter

    numbers = {parts[1]: name for name in names if (parts := _name(name)) is not None}
    query = (
        select(delivery.c.id, letter.c.subject)
        .join(batch, batch.c.id == delivery.c.batch_id)
        .join(letter, letter.c.id == batch.c.letter_id)
    )
    found: dict[str, int] = {}
    for part in _parts(sorted(numbers)):
        rows = connection.execute(query.where(delivery.c.id.in_(part)))
        found.update((numbers[row.id], int(row.subject)) for row in rows)
    return found


def ill(connection: Connection, send_id: int) -> str:
    """Why a running send should be paused, by what its provider reports; empty when all is well."""
    from sqlalchemy import select

    from newsletter.storage.tables import send

    row = connection.execute(select(send).where(send.c.id == send_id)).one()
    if row.state != "running" or row.answered < LEAST_ANSWERED:
        return ""
    if row.bounced > MOST_BOUNCED * row.answered:
        return f"{row.bounced:,} of {row.answered:,} answered letters bounced for good, more than {MOST_BOUNCED:.0%}"
    if row.complained > MOST_COMPLAINED * row.answered:
        return f"{row.complained:,} of {row.answered:,} readers called it spam, more than {MOST_COMPLAINED:.1%}"
    return ""


def _name(name: str) -> tuple[str, int] | None:
    """The public id of the send and the id of the delivery that the name of a delivery is made of."""
    public_id, _, number = name.partition(".")
    # A sign that no public id has might be one that a database refuses.
    if not public_id.isalnum() or not number.isdecimal() or len(number) > 18:
        return None
    return public_id, int(number)


def _hold(connection: Connection, public_ids: Sequence[str]) -> dict[str, SendEvidence]:
    """Sends by public id, each kept from other writers until the end of the transaction.

    They are taken in one order everywhere, so that nobody waits for one who waits for them.
    """
    query = _statements().sends
    rows = [row for part in _parts(public_ids) for row in connection.execute(query, {"public_ids": part})]
    return {row.public_id: SendEvidence(row.id, row.list_id) for row in rows}


def _find(
    connection: Connection, ids: Sequence[int], sends: Mapping[str, SendEvidence]
) -> dict[tuple[str, int], DeliveryEvidence]:
    """What is known of deliveries of these sends, by what their names are made of."""
    statements = _statements()
    by_id = {send.id: (public_id, send) for public_id, send in sends.items()}
    batches: dict[int, BatchEvidence] = {}
    found: dict[int, DeliveryEvidence] = {}
    for part in _parts(ids):
        for row in connection.execute(statements.deliveries, {"ids": part}):
            if row.send_id in by_id:
                batch = batches.setdefault(row.batch_id, BatchEvidence(row.batch_id, row.batch_state, row.request_id))
                send = by_id[row.send_id][1]
                found[row.id] = DeliveryEvidence(row.id, row.subscriber_id, row.state, send, batch)
        for row in connection.execute(statements.events, {"ids": part}):
            if row.delivery_id in found:
                found[row.delivery_id].told[row.kind, row.at] = row.bounce
    return {(by_id[one.send.id][0], one.id): one for one in found.values()}


def _write(connection: Connection, found: Sequence[DeliveryEvidence]) -> None:
    """Write what events said of these deliveries, in their order."""
    from newsletter.storage.tables import event

    statements = _statements()
    fresh = [
        {
            "delivery_id": one.id,
            "kind": key[0],
            "at": key[1],
            "bounce": one.told[key],
            "reason": one.reasons.get(key, ""),
        }
        for one in found
        for key in one.fresh
    ]
    sends = {one.send.id: one.send for one in found}
    batches = {one.batch.id: one.batch for one in found}
    counts = [
        {"one": send.id, "answers": send.answered, "bounces": send.bounced, "complaints": send.complained}
        for send in sends.values()
        if send.answered or send.bounced or send.complained
    ]
    for statement, rows in (
        (insert(connection, event).on_conflict_do_nothing(), fresh),
        (statements.count, counts),
        (
            statements.prove_batch,
            [{"one": batch.id, "of_request": batch.request_id} for batch in batches.values() if batch.proved],
        ),
        (statements.prove, [{"one": one.id} for one in found if one.proved]),
        (statements.prove_moved, [{"one": one.id, "was_in": one.batch.id} for one in found if one.leans]),
    ):
        if rows:
            connection.execute(statement, rows)


def _parts(values: Sequence[_Value]) -> Iterator[Sequence[_Value]]:
    for start in range(0, len(values), _MOST_VALUES):
        yield values[start : start + _MOST_VALUES]


@dataclass(frozen=True, slots=True)
class _Statements:
    """What runs for every report, made once."""

    sends: Select[Any]
    deliveries: Select[Any]
    events: Select[Any]
    count: Update
    prove_batch: Update
    prove: Update
    prove_moved: Update


@cache
def _statements() -> _Statements:
    from sqlalchemy import bindparam, or_, select, update

    from newsletter.storage.tables import (
        batch,
        delivery,
        event,
        send,
    )

    one: BindParameter[int] = bindparam("one")
    ids: BindParameter[Sequence[int]] = bindparam("ids", expanding=True)
    public_ids: BindParameter[Sequence[str]] = bindparam("public_ids", expanding=True)
    sums = {
        "answered": send.c.answered + bindparam("answers"),
        "bounced": send.c.bounced + bindparam("bounces"),
        "complained": send.c.complained + bindparam("complaints"),
    }
    about = (
        delivery.c.id,
        delivery.c.subscriber_id,
        delivery.c.state,
        batch.c.id.label("batch_id"),
        batch.c.state.label("batch_state"),
        batch.c.request_id,
        batch.c.send_id,
    )
    return _Statements(
        # The lock that an UPDATE takes; it lets others refer to the send. SQLite has one writer at a time anyway.
        sends=select(send.c.id, send.c.public_id, send.c.list_id)
        .where(send.c.public_id.in_(public_ids))
        .order_by(send.c.public_id)
        .with_for_update(key_share=True),
        deliveries=select(*about).join(batch, batch.c.id == delivery.c.batch_id).where(delivery.c.id.in_(ids)),
        events=select(event).where(event.c.delivery_id.in_(ids)),
        count=update(send).where(send.c.id == one).values(sums),
        # It may have become another attempt since it was read.
        prove_batch=update(batch)
        .where(batch.c.id == one, batch.c.request_id == bindparam("of_request"))
        .where(or_(*(batch.c.state == before for before in states.MOVES["event"].of)))
        .values(state="submitted", token=None, lease_until=None),
        prove_moved=update(delivery)
        .where(delivery.c.id == one, delivery.c.batch_id != bindparam("was_in"), delivery.c.state.is_(None))
        .values(state="submitted", reason=None),
        prove=update(delivery).where(delivery.c.id == one).values(state="submitted", reason=None),
    )
