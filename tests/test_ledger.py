"""The ledger keeps the truth about every delivery, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import BigInteger, Connection, Select, column, literal, select, table, union_all, update

from newsletter import ledger
from newsletter.errors import SendError
from newsletter.ledger import Batch, Mailing, Send, writing
from newsletter.storage.database import Database
from newsletter.storage.tables import batch as batches

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)


def query(ids: Iterable[int]) -> Select[tuple[int]]:
    """An audience of just these."""
    return select(union_all(*(select(literal(id_).label("id")) for id_ in ids)).subquery().c.id)


def freeze(
    connection: Connection,
    *,
    key: str = "12",
    audience: Iterable[int] = range(1, 8),
    size: int = 3,
    list_id: int = 1,
) -> Send:
    return ledger.write_send(
        connection,
        [Mailing("نص الرسالة", query(audience))],
        key=key,
        list_id=list_id,
        rhythm="weekly",
        subject="أسبوع",
        batch_size=size,
        now=NOW,
    )


def claim(connection: Connection, send: Send, *, lease: float = 30) -> Batch:
    batch = ledger.claim(connection, send.id, lease=lease)
    assert batch is not None
    return batch


def run_out(connection: Connection, batch: Batch) -> None:
    """Let a lease end without waiting for it."""
    connection.execute(update(batches).where(batches.c.id == batch.id).values(lease_until=1.0))


def test_freezing_writes_one_delivery_for_each_subscriber(connection: Connection) -> None:
    send = freeze(connection)
    assert (send.issue, send.audience, send.state) == ("12", 7, "running")
    account = ledger.account(connection, send.id)
    assert (account.queued, account.total) == (7, 7)
    sizes = []
    while (batch := ledger.claim(connection, send.id, lease=30)) is not None:
        sizes.append(len(ledger.deliveries(connection, batch.id)))
        assert ledger.letter_of(connection, batch.letter_id) == "نص الرسالة"
    assert sizes == [3, 3, 1]


def test_an_issue_goes_to_a_list_once(connection: Connection) -> None:
    freeze(connection)
    with pytest.raises(SendError, match="issue 12 is already on its way"):
        freeze(connection)
    assert len(ledger.sends_of(connection, "12")) == 1


def test_who_got_the_issue_through_one_list_is_not_frozen_for_another(connection: Connection) -> None:
    freeze(connection, audience=[1, 2, 3])
    second = freeze(connection, audience=[2, 3, 4], list_id=2)
    assert second.audience == 1
    assert ledger.count_without_delivery(connection, query(range(1, 7)), "12") == 2


def test_lots_have_letters_of_their_own_and_who_gets_none_is_skipped(connection: Connection) -> None:
    send = ledger.write_send(
        connection,
        [
            Mailing("أ", query([1, 3, 5, 7, 9]), variant="1"),
            Mailing("ب", query([2, 4, 5]), variant="2"),
            Mailing("", query([6, 8]), skipped="no chosen section in this issue"),
        ],
        key="12",
        list_id=1,
        rhythm="weekly",
        subject="أسبوع",
        batch_size=2,
        now=NOW,
    )
    assert send.audience == 9
    got: dict[str, list[int]] = {}
    while (batch := ledger.claim(connection, send.id, lease=30)) is not None:
        members = [delivery.subscriber_id for delivery in ledger.deliveries(connection, batch.id)]
        assert 1 <= len(members) <= 2
        got.setdefault(ledger.letter_of(connection, batch.letter_id), []).extend(members)
    assert got == {"أ": [1, 3, 5, 7, 9], "ب": [2, 4]}
    account = ledger.account(connection, send.id)
    assert (account.queued, account.skipped) == (7, 2)
    assert account.reasons == {"no chosen section in this issue": 2}


def test_a_held_batch_is_nobody_elses_until_its_lease_ends(connection: Connection) -> None:
    send = freeze(connection, size=10)
    first = claim(connection, send)
    assert ledger.claim(connection, send.id, lease=30) is None
    pause = ledger.waiting(connection, send.id)
    assert pause is not None
    assert 25 < pause <= 30
    run_out(connection, first)
    second = claim(connection, send)
    assert second.id == first.id
    assert second.attempt == 2
    assert second.token != first.token
    assert second.request_id != first.request_id


def test_only_the_holder_may_let_the_last_byte_go(connection: Connection) -> None:
    send = freeze(connection, size=10)
    first = claim(connection, send)
    run_out(connection, first)
    assert not ledger.mark_submitting(connection, first, skipped={}, lease=30)
    second = claim(connection, send)
    assert not ledger.mark_submitting(connection, first, skipped={}, lease=30)
    assert ledger.mark_submitting(connection, second, skipped={}, lease=30)
    assert not ledger.mark_submitting(connection, second, skipped={}, lease=30)


def test_states_stand_on_the_batch_and_on_the_rows_that_differ(connection: Connection) -> None:
    send = freeze(connection, size=10)
    batch = claim(connection, send)
    ids = [delivery.id for delivery in ledger.deliveries(connection, batch.id)]
    assert ledger.mark_submitting(connection, batch, skipped={ids[0]: "no longer subscribed"}, lease=30)
    account = ledger.account(connection, send.id)
    assert (account.submitting, account.skipped, account.open) == (6, 1, 6)
    assert not ledger.finish(connection, send.id, now=NOW)
    ledger.record(connection, batch, "submitted", {ids[1]: ("refused", "no such mailbox")})
    account = ledger.account(connection, send.id)
    assert (account.submitted, account.refused, account.skipped, account.open) == (5, 1, 1, 0)
    assert account.reasons == {"no longer subscribed": 1, "no such mailbox": 1}
    assert ledger.waiting(connection, send.id) is None
    assert ledger.finish(connection, send.id, now=NOW)
    assert not ledger.finish(connection, send.id, now=NOW)
    (kept,) = ledger.sends(connection)
    assert (kept.state, kept.finished) == ("finished", NOW)


def test_a_batch_in_doubt_keeps_its_request_until_it_is_put_back(connection: Connection) -> None:
    send = freeze(connection, size=10)
    first = claim(connection, send)
    ids = [delivery.id for delivery in ledger.deliveries(connection, first.id)]
    assert ledger.mark_submitting(connection, first, skipped={}, lease=30)
    run_out(connection, first)
    second = claim(connection, send)
    assert (second.state, second.request_id, second.attempt) == ("submitting", first.request_id, 1)
    again = ledger.put_back(connection, second, {ids[0]: ("submitted", "")})
    assert again is not None
    assert (again.state, again.attempt) == ("queued", 2)
    assert again.request_id != first.request_id
    assert [delivery.id for delivery in ledger.deliveries(connection, again.id)] == ids[1:]
    # The first holder wakes up: it may neither put the batch back nor change what the new attempt is.
    assert ledger.put_back(connection, first, {}) is None
    ledger.record(connection, first, "submitted", {})
    assert ledger.account(connection, send.id).queued == 6


def test_a_late_answer_settles_what_was_unknown(connection: Connection) -> None:
    send = freeze(connection, size=10)
    first = claim(connection, send)
    assert ledger.mark_submitting(connection, first, skipped={}, lease=30)
    run_out(connection, first)
    second = claim(connection, send)
    ledger.record(connection, second, "unknown", {})
    assert ledger.account(connection, send.id).unknown == 7
    ledger.record(connection, first, "submitted", {})
    assert ledger.account(connection, send.id).submitted == 7


def test_a_released_batch_is_free_at_once(connection: Connection) -> None:
    send = freeze(connection, size=10)
    first = claim(connection, send)
    ledger.release(connection, first)
    assert ledger.waiting(connection, send.id) == 0.0
    second = claim(connection, send)
    ledger.release(connection, first)
    assert ledger.claim(connection, send.id, lease=30) is None
    assert second.id == first.id


def test_a_send_that_is_not_running_hands_out_nothing(connection: Connection) -> None:
    from newsletter.storage.tables import send as sends

    send = freeze(connection)
    connection.execute(update(sends).values(state="paused"))
    assert ledger.claim(connection, send.id, lease=30) is None
    assert ledger.state_of(connection, send.id) == "paused"


def test_a_failed_freeze_leaves_nothing(database: Database) -> None:
    def broken() -> None:
        with database.write() as connection:
            freeze(connection, audience=range(1, 5), size=2)
            raise RuntimeError("the disk is gone")

    with pytest.raises(RuntimeError):
        broken()
    with database.read() as connection:
        assert ledger.sends(connection) == []
        assert ledger.count_without_delivery(connection, query([1, 2]), "12") == 2


def test_two_claimers_never_get_the_same_batch(database: Database) -> None:
    import threading

    with database.write() as connection:
        send = freeze(connection, audience=range(1, 201), size=5)
    taken: list[int] = []

    def work() -> None:
        while True:
            with database.write() as connection:
                batch = ledger.claim(connection, send.id, lease=60)
            if batch is None:
                return
            taken.append(batch.id)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(taken) == len(set(taken)) == 40


def test_a_split_that_comes_again_leaves_other_hands_alone(connection: Connection) -> None:
    """The answer to its commit was lost, and somebody else has taken the first half meanwhile."""
    send = freeze(connection, audience=range(1, 5), size=4)
    batch = claim(connection, send)
    assert ledger.mark_submitting(connection, batch, skipped={}, lease=30)
    assert ledger.record(connection, batch, "queued", {})
    ledger.split(connection, batch)
    other = claim(connection, send)
    before = ledger.deliveries(connection, other.id)
    assert not ledger.record(connection, batch, "queued", {})
    assert ledger.deliveries(connection, other.id) == before
    assert ledger.mark_submitting(connection, other, skipped={}, lease=30)


def test_a_claim_that_comes_again_lets_go_of_the_first(connection: Connection) -> None:
    send = freeze(connection)
    lost = ledger.claim(connection, send.id, lease=30, token="mine")
    ledger.drop(connection, send.id, "mine")
    again = ledger.claim(connection, send.id, lease=30, token="mine")
    assert lost is not None
    assert again is not None
    assert (again.id, again.attempt) == (lost.id, 2)
    assert ledger.mark_submitting(connection, again, skipped={}, lease=30)
    ledger.drop(connection, send.id, "mine")  # what is in doubt is never let go
    assert ledger.account(connection, send.id).submitting == 3


@pytest.mark.parametrize("state", ["paused", "cancelled"])
def test_no_last_byte_of_a_send_that_was_stopped_since_it_was_claimed(connection: Connection, state: str) -> None:
    send = freeze(connection)
    batch = claim(connection, send)
    ledger.move(connection, send, state) if state == "paused" else ledger.cancel(connection, send)
    assert not ledger.mark_submitting(connection, batch, skipped={}, lease=30)


def test_who_comes_while_it_is_frozen_is_late(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL a statement sees what was committed since the one before; on SQLite nobody else can write."""
    members = [1, 2, 3, 4]
    add = writing._add_batches

    def somebody_comes(*arguments: Any) -> None:
        add(*arguments)
        with database.engine.connect() as other:
            if not database.is_sqlite:
                other.exec_driver_sql("INSERT INTO somebody VALUES (5)")
                other.commit()

    monkeypatch.setattr(writing, "_add_batches", somebody_comes)
    with database.write() as connection:
        connection.exec_driver_sql("CREATE TABLE somebody (id BIGINT)")
        for member in members:
            connection.exec_driver_sql(f"INSERT INTO somebody VALUES ({member})")
    everybody = select(column("id", BigInteger)).select_from(table("somebody", column("id", BigInteger)))
    with database.write() as connection:
        send = ledger.write_send(
            connection,
            [Mailing("نص", everybody)],
            key="12",
            list_id=1,
            rhythm="weekly",
            subject="أسبوع",
            batch_size=2,
            now=NOW,
        )
        assert send.audience == 4
        assert ledger.account(connection, send.id).total == 4
