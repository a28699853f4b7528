"""Batches made of parts of others, and the brake of a send, on SQLite and on PostgreSQL."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, select
from test_ledger import claim, freeze, run_out

from newsletter import ledger
from newsletter.storage.clock import clock
from newsletter.storage.tables import batch as batches
from newsletter.storage.tables import delivery, send


def rows(connection: Connection) -> list[Any]:
    """State, attempt and number of deliveries of every batch."""
    found = connection.execute(select(batches).order_by(batches.c.id)).all()
    return [(one.state, one.attempt, len(ledger.deliveries(connection, one.id))) for one in found]


def ids(connection: Connection, batch_id: int) -> list[int]:
    return [one.id for one in ledger.deliveries(connection, batch_id)]


def test_letters_put_off_wait_in_a_batch_of_their_own_until_their_hour(connection: Connection) -> None:
    sent = freeze(connection, size=7)
    held = claim(connection, sent)
    mine = ids(connection, held.id)
    assert ledger.put_off(connection, held, mine[1:3], 20.0, attempt=4) == 2
    assert rows(connection) == [("queued", 1, 5), ("queued", 4, 2)]
    new = connection.execute(select(batches).order_by(batches.c.id.desc()).limit(1)).one()
    assert (new.token, new.letter_id, new.send_id) == (None, held.letter_id, held.send_id)
    assert new.lease_until - clock(connection) == pytest.approx(20, abs=1)
    assert ids(connection, new.id) == mine[1:3]
    # Nobody may have them before; whoever asks is told how long that is.
    assert ledger.claim(connection, sent.id, lease=30) is None
    assert ledger.waiting(connection, sent.id) == pytest.approx(20, abs=1)
    connection.execute(batches.update().where(batches.c.id == new.id).values(lease_until=1.0))
    again = claim(connection, sent)
    assert (again.id, again.attempt) == (new.id, 5)


def test_what_is_settled_or_not_of_the_batch_is_not_put_off(connection: Connection) -> None:
    sent = freeze(connection, size=4)
    held, other = claim(connection, sent), claim(connection, sent)
    mine, others = ids(connection, held.id), ids(connection, other.id)
    ledger.settle(connection, held.id, {mine[0]: ("submitted", "")})
    assert ledger.put_off(connection, held, [mine[0], *others], 5.0) == 0
    assert ledger.put_off(connection, held, [], 5.0) == 0
    assert rows(connection) == [("queued", 1, 3), ("queued", 1, 3)]


def test_who_lost_the_batch_puts_nothing_off(connection: Connection) -> None:
    sent = freeze(connection, size=7)
    held = claim(connection, sent)
    run_out(connection, held)
    other = claim(connection, sent)
    assert other.id == held.id
    assert ledger.put_off(connection, held, ids(connection, held.id), 5.0) == 0
    assert not ledger.let_wait(connection, held, 5.0)
    assert rows(connection) == [("queued", 2, 7)]


def test_who_lost_the_batch_joins_nothing_to_another_one(connection: Connection) -> None:
    """Else letters whose last byte is on its way would go again with the batch that they were moved into."""
    sent = freeze(connection, size=7)
    held = claim(connection, sent)
    few = ids(connection, held.id)[:2]
    assert ledger.put_off(connection, held, few, 5.0, attempt=held.attempt - 1) == 2
    rest = ids(connection, held.id)
    run_out(connection, held)
    other = claim(connection, sent)
    assert other.id == held.id
    assert ledger.mark_submitting(connection, other, skipped={}, lease=30)
    assert ledger.join_waiting(connection, held, rest, 5.0, window=3600.0, most=100) == 0
    ledger.discard_empty(connection, held)
    assert ledger.record(connection, other, "submitted", {})
    assert ledger.account(connection, sent.id).submitted == 5


def test_what_waits_for_one_hour_joins_one_batch(connection: Connection) -> None:
    sent = freeze(connection, size=7)
    held = claim(connection, sent)
    first, second, *rest = ids(connection, held.id)
    assert ledger.put_off(connection, held, [first], 5.0, attempt=held.attempt - 1) == 1
    assert ledger.join_waiting(connection, held, [second], 5.0, window=36_000.0, most=2) == 1
    assert ledger.join_waiting(connection, held, rest, 5.0, window=36_000.0, most=2) == 0
    assert sorted(number for _, _, number in rows(connection)) == [2, 5]


@pytest.mark.parametrize(("size", "parts"), [(3, [3, 4]), (1, [1, 6]), (7, [7]), (50, [7])])
def test_a_batch_is_cut_to_what_may_go_now(connection: Connection, size: int, parts: list[int]) -> None:
    sent = freeze(connection, size=7)
    held = claim(connection, sent)
    everybody = ids(connection, held.id)
    assert ledger.cut(connection, held, size) == 7 - parts[0]
    assert [number for _, _, number in rows(connection)] == parts
    assert ids(connection, held.id) == everybody[:size]
    if len(parts) > 1:
        # Anybody may go on with the rest at once.
        rest = claim(connection, sent)
        assert ids(connection, rest.id) == everybody[size:]
    assert ledger.account(connection, sent.id).queued == 7


def test_the_provider_of_an_attempt_is_kept_while_it_is_in_doubt(connection: Connection) -> None:
    sent = freeze(connection, size=7)
    first = ledger.claim(connection, sent.id, lease=30, sender="smtp")
    assert first is not None
    assert first.sender == "smtp"
    run_out(connection, first)
    second = ledger.claim(connection, sent.id, lease=30, sender="sendgrid")
    assert second is not None
    assert second.sender == "sendgrid"
    assert ledger.mark_submitting(connection, second, skipped={}, lease=30)
    run_out(connection, second)
    third = ledger.claim(connection, sent.id, lease=30, sender="outbox")
    assert third is not None
    assert (third.state, third.sender, third.attempt) == ("submitting", "sendgrid", 2)


def standing(connection: Connection, send_id: int) -> Any:
    return connection.execute(select(send).where(send.c.id == send_id)).one()


def test_a_brake_pauses_a_send_with_its_reason_and_the_hour_of_the_next_trial(connection: Connection) -> None:
    sent = freeze(connection)
    held = claim(connection, sent)
    assert ledger.brake(connection, sent.id, by="provider", reason="554 blocked", probe_in=60)
    found = standing(connection, sent.id)
    assert (found.state, found.paused_by, found.reason, found.probes) == ("paused", "provider", "554 blocked", 1)
    assert found.probe_at - clock(connection) == pytest.approx(60, abs=1)
    # Whoever has a batch at hand lets no byte of it go.
    assert not ledger.mark_submitting(connection, held, skipped={}, lease=30)
    assert ledger.brake(connection, sent.id, by="provider", reason="still", probe_in=None)
    found = standing(connection, sent.id)
    assert (found.reason, found.probes, found.probe_at) == ("still", 2, None)
    loaded = ledger.send(connection, sent.id)
    assert loaded is not None
    assert (loaded.paused_by, loaded.probes) == ("provider", 2)


@pytest.mark.parametrize("word", ["paused", "cancelled"])
def test_an_editors_word_wins_over_a_brake(connection: Connection, word: str) -> None:
    sent = freeze(connection)
    if word == "cancelled":
        ledger.cancel(connection, sent, reason="by hand")
    else:
        ledger.move(connection, sent, word, reason="by hand")
    assert not ledger.brake(connection, sent.id, by="provider", reason="554 blocked", probe_in=60)
    found = standing(connection, sent.id)
    assert (found.state, found.reason, found.probe_at, found.probes) == (word, "by hand", None, 0)


def test_an_editor_lets_go_of_a_brake(connection: Connection) -> None:
    sent = freeze(connection)
    ledger.brake(connection, sent.id, by="provider", reason="554 blocked", probe_in=60)
    ledger.move(connection, sent, "running")
    found = standing(connection, sent.id)
    assert (found.state, found.paused_by, found.reason, found.probe_at, found.probes) == ("running", "", "", None, 0)
    assert connection.execute(select(delivery.c.state).distinct()).all() == [(None,)]
