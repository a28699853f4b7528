"""Proof beats silence: whatever comes, in whatever order, states move forward only, and nobody gets a letter twice."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_ledger import NOW, freeze

from newsletter import ledger
from newsletter.ledger import Batch, states
from newsletter.storage.database import Database
from newsletter.storage.tables import batch as batches
from newsletter.storage.tables import delivery, event, send
from subscribers.models import Event

READERS, SIZE = 5, 2
ORDER = ("queued", "submitting", "unknown", "refused", "submitted")


def test_every_word_moves_forward_but_for_the_two_that_go_back() -> None:
    for word, move in states.MOVES.items():
        if word in {"not taken", "resend", "skip"}:
            continue
        for state in move.of:
            if state != "skipped":
                assert ORDER.index(state) < ORDER.index(move.to), (word, state)
    for word in states.MOVES:
        assert states.moved("submitted", word) == "submitted"
        assert word == "event" or states.moved("skipped", word) == "skipped"
    assert [word for word, move in states.MOVES.items() if move.to == "unknown"] == ["silence"]
    assert states.MOVES["silence"].of == ("submitting",)
    assert states.may_become("unknown") == ("submitting",)


class Ledger:
    """A send in a database, and beside it a plain model: what each delivery is, and who was handed out when."""

    def __init__(self, database: Database, key: str) -> None:
        self.database = database
        self.moments = itertools.count()
        with database.write() as connection:
            self.send = freeze(connection, key=key, audience=range(1, READERS + 1), size=SIZE)
            rows = connection.execute(
                sa.select(delivery.c.id).join(batches).where(batches.c.send_id == self.send.id).order_by(delivery.c.id)
            )
            self.ids = list(rows.scalars())
        self.held: list[Batch] = []
        """Every attempt that was claimed, also those whose lease ran out; each may still be answered."""
        self.gone: dict[str, list[int]] = {}
        """The deliveries whose last byte went, by request."""
        self.answered: set[str] = set()
        self.lasting: dict[str, tuple[str, dict[int, tuple[str, str]]]] = {}
        self.sent: dict[int, int] = dict.fromkeys(self.ids, 0)
        self.allowed: dict[int, int] = dict.fromkeys(self.ids, 1)
        """How often each may go: once, and once more for each answer that nothing was taken and each editor's word."""
        self.proved: set[int] = set()
        self.told: set[tuple[int, str, int]] = set()

    def write(self, act: Callable[[Any], Any]) -> Any:
        with self.database.write() as connection:
            return act(connection)

    def states(self) -> dict[int, str]:
        query = (
            sa.select(delivery.c.id, sa.func.coalesce(delivery.c.state, batches.c.state))
            .join(batches)
            .where(batches.c.send_id == self.send.id)
        )
        with self.database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    # What may happen

    def claim(self, _: int) -> None:
        batch = self.write(lambda connection: ledger.claim(connection, self.send.id, lease=30, sender="test"))
        if batch is not None:
            self.held.append(batch)

    def _pick(self, number: int) -> Batch | None:
        return self.held[number % len(self.held)] if self.held else None

    def mark(self, number: int) -> None:
        batch = self._pick(number)
        if batch is None or batch.state != "queued":
            return
        with self.database.read() as connection:
            going = [one.id for one in ledger.deliveries(connection, batch.id)]
        marked = self.write(
            lambda connection: ledger.mark_submitting(connection, batch, skipped={}, lease=30, going=len(going))
        )
        if marked:
            self.gone[batch.request_id] = going
            for one in going:
                self.sent[one] += 1

    def answer(self, number: int, state: str) -> None:
        batch = self._pick(number)
        if batch is None or (batch.request_id not in self.gone and state != "queued"):
            return
        before = self.states()
        apart: dict[int, tuple[str, str]] = {}
        going = self.gone.get(batch.request_id, [])
        if state == "submitted" and going and number % 3 == 0:
            apart = {going[0]: ("refused", "no such mailbox")}
        if state in {"submitted", "refused"}:
            # An attempt has one such answer, which may be written down again when it is not known whether it was.
            state, apart = self.lasting.setdefault(batch.request_id, (state, apart))
        ours = self.write(lambda connection: ledger.record(connection, batch, state, apart))
        if state == "submitted" and batch.request_id not in self.answered:
            self.proved.update(one for one in going if one not in apart and self._in(batch, one))
        if state == "queued" and ours and batch.request_id in self.gone:
            for one in going:
                if before[one] == "submitting":
                    self.allowed[one] += 1
        self.answered.add(batch.request_id)

    def _in(self, batch: Batch, one: int) -> bool:
        with self.database.read() as connection:
            row = connection.execute(sa.select(delivery.c.batch_id).where(delivery.c.id == one)).scalar_one()
            request = connection.execute(sa.select(batches.c.request_id).where(batches.c.id == row)).scalar_one()
        return row == batch.id and request == batch.request_id

    def settle(self, number: int) -> None:
        batch = self._pick(number)
        if batch is not None and batch.state == "submitting":
            self.write(lambda connection: ledger.record(connection, batch, "unknown", {}))

    def run_out(self, _: int) -> None:
        self.write(lambda connection: connection.execute(batches.update().values(lease_until=1.0)))

    def put_off(self, number: int) -> None:
        batch = self._pick(number)
        if batch is not None:
            self.write(
                lambda connection: ledger.put_off(
                    connection, batch, [one.id for one in ledger.deliveries(connection, batch.id)][:1], 0.0
                )
            )

    def cut(self, number: int) -> None:
        """A claim that takes less than it found."""
        count = len(self.held)
        self.claim(number)
        if len(self.held) > count and (batch := self.held[-1]).state == "queued":
            self.write(lambda connection: ledger.cut(connection, batch, 1))

    def hear(self, number: int, *, names_request: bool) -> None:
        one = self.ids[number % len(self.ids)]
        # Only of what went.
        requests = [request for request, going in self.gone.items() if one in going]
        if not requests:
            return
        request = requests[-1] if names_request else ""
        moment = number % 2
        told = Event(
            kind="delivered", at=NOW + timedelta(minutes=moment), delivery=f"{self.send.public_id}.{one}", bounce=None
        )
        noted = self.write(lambda connection: ledger.note(connection, [(told, request)]))
        assert noted[0].new is ((one, "delivered", moment) not in self.told)
        self.told.add((one, "delivered", moment))
        self.proved.add(one)

    def resend(self, _: int) -> None:
        before = self.states()
        self.write(lambda connection: ledger.resend_unknown(connection, self.send.id))
        after = self.states()
        for one in self.ids:
            if before[one] == "unknown" and after[one] == "queued":
                self.allowed[one] += 1

    def accept(self, _: int) -> None:
        before = self.states()
        self.write(lambda connection: ledger.accept_unknown(connection, self.send.id))
        self.proved.update(one for one in self.ids if before[one] == "unknown")

    # What always holds

    def look(self, before: dict[int, str]) -> dict[int, str]:
        now = self.states()
        for one in self.ids:
            if one in self.proved:
                assert now[one] == "submitted", (one, now[one])
            if before[one] == "submitted":
                assert now[one] == "submitted" or now[one] == "refused", (one, now[one])
            assert self.sent[one] <= self.allowed[one], f"{one} was handed out {self.sent[one]} times"
        with self.database.read() as connection:
            row = connection.execute(sa.select(send).where(send.c.id == self.send.id)).one()
            heard = connection.execute(
                sa.select(sa.func.count(event.c.delivery_id.distinct())).where(event.c.delivery_id.in_(self.ids))
            ).scalar_one()
            assert row.answered == heard == len({one for one, _, _ in self.told})
            assert ledger.account(connection, self.send.id).total == READERS
        return now


WORDS: dict[str, Callable[[Ledger, int], None]] = {
    "claim": Ledger.claim,
    "claim again": Ledger.claim,
    "cut": Ledger.cut,
    "mark": Ledger.mark,
    "mark again": Ledger.mark,
    "taken": lambda one, number: one.answer(number, "submitted"),
    "not taken": lambda one, number: one.answer(number, "queued"),
    "time-out": lambda one, number: one.answer(number, "unknown"),
    "refused": lambda one, number: one.answer(number, "refused"),
    "settled": Ledger.settle,
    "lease": Ledger.run_out,
    "put off": Ledger.put_off,
    "event": lambda one, number: one.hear(number, names_request=False),
    "event of a request": lambda one, number: one.hear(number, names_request=True),
    "resend": Ledger.resend,
    "accept": Ledger.accept,
}


keys = itertools.count()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))  # one database
@given(words=st.lists(st.tuples(st.sampled_from(sorted(WORDS)), st.integers(0, 11)), min_size=4, max_size=40))
def test_in_any_order_proof_stands_and_nobody_is_handed_out_twice(
    database: Database, words: list[tuple[str, int]]
) -> None:
    one = Ledger(database, f"k{next(keys)}")
    before = one.states()
    for word, number in words:
        WORDS[word](one, number)
        before = one.look(before)


def gone(one: Ledger) -> Batch:
    """A batch whose last byte went."""
    one.claim(0)
    one.mark(len(one.held) - 1)
    return one.held[-1]


@pytest.mark.parametrize("names_request", [True, False])
@pytest.mark.parametrize("late", ["unknown", "refused", "queued"])
def test_what_comes_after_the_proof_takes_nothing_back(database: Database, names_request: bool, late: str) -> None:
    one = Ledger(database, f"k{next(keys)}")
    batch = gone(one)
    for number, id_ in enumerate(one.ids):
        if id_ in one.gone[batch.request_id]:
            one.hear(number, names_request=names_request)
    apart = {one.gone[batch.request_id][0]: ("unknown", "")} if late != "unknown" else {}
    one.write(lambda connection: ledger.record(connection, batch, late, apart))
    found = one.states()
    assert [found[id_] for id_ in one.gone[batch.request_id]] == ["submitted"] * 2
    one.write(lambda connection: ledger.resend_unknown(connection, one.send.id))
    assert one.states() == found


def test_an_event_that_is_told_again_heals_and_resend_leaves_out_who_has_it(database: Database) -> None:
    one = Ledger(database, f"k{next(keys)}")
    batch = gone(one)
    first, second = one.gone[batch.request_id]
    for id_ in (first, second):
        one.hear(one.ids.index(id_), names_request=False)
    # As an older version left it.
    spoil = delivery.update().where(delivery.c.id.in_([first, second])).values(state="unknown")
    one.write(lambda connection: connection.execute(spoil))
    one.hear(one.ids.index(first), names_request=False)
    assert (one.states()[first], one.states()[second]) == ("submitted", "unknown")
    assert one.write(lambda connection: ledger.resend_unknown(connection, one.send.id)) == 0
    assert one.states()[second] == "submitted"


def test_who_was_left_out_of_a_request_is_refused_though_the_request_is_proved(database: Database) -> None:
    one = Ledger(database, f"k{next(keys)}")
    batch = gone(one)
    first, second = one.gone[batch.request_id]
    one.hear(one.ids.index(second), names_request=True)
    one.write(lambda connection: ledger.record(connection, batch, "submitted", {first: ("refused", "bad address")}))
    assert (one.states()[first], one.states()[second]) == ("refused", "submitted")


def test_a_letter_that_was_reported_since_it_was_read_does_not_go_again(database: Database) -> None:
    one = Ledger(database, f"k{next(keys)}")
    batch = gone(one)
    one.answer(len(one.held) - 1, "queued")
    one.claim(0)
    again = one.held[-1]
    assert (again.id, again.attempt) == (batch.id, 2)
    one.hear(one.ids.index(one.gone[batch.request_id][0]), names_request=False)
    marked = one.write(lambda connection: ledger.mark_submitting(connection, again, skipped={}, lease=30, going=SIZE))
    assert marked is False
