"""A cancelled send frees what nobody has got of it, at every state of its letters, on both databases."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from scripted import LETTER, NOW, Bench, bench

from newsletter import delivery, ledger, library
from newsletter.errors import SendError
from newsletter.ledger import Mailing, Send
from newsletter.letters.mime import to_json
from newsletter.models import Article
from newsletter.rhythms.audience import audience
from newsletter.storage.database import Database

WEEK = "2026-11-22"


@pytest.fixture
def here(database: Database) -> Bench:
    made = bench(database, 6)
    with database.write() as connection:
        library.shelve(connection, [Article("خبر", "https://example.org/1/")], now=NOW)
    return made


def freeze(here: Bench, key: str = "7", *, rhythm: str = "weekly", **more: Any) -> Send:
    return delivery.freeze(
        here.setup,
        [Mailing(to_json(LETTER), audience(1, rhythm, NOW))],
        key=key,
        subject="أسبوع",
        list_id=1,
        rhythm=rhythm,
        now=NOW,
        articles=lambda _: [1],
        periods=[WEEK],
        **more,
    )


def cancel(here: Bench, send: Send) -> ledger.UndoOutcome:
    with here.database.write() as connection:
        return ledger.cancel(connection, send, reason="by an editor")


def claim(here: Bench, send: Send) -> ledger.Batch:
    with here.database.write() as connection:
        batch = ledger.claim(connection, send.id, lease=30)
    assert batch is not None
    return batch


def mark(here: Bench, batch: ledger.Batch) -> bool:
    with here.database.write() as connection:
        return ledger.mark_submitting(connection, batch, skipped={}, lease=30)


def take(here: Bench, send: Send, state: str = "submitted") -> ledger.Batch:
    batch = claim(here, send)
    assert mark(here, batch)
    with here.database.write() as connection:
        ledger.record(connection, batch, state, {})
    return batch


def counts(here: Bench, send: Send) -> ledger.SendCounts:
    with here.database.read() as connection:
        return ledger.account(connection, send.id)


def holds(here: Bench) -> tuple[str | None, set[int]]:
    """Who has the week, and which articles the weekly readers were sent."""
    with here.database.read() as connection:
        return ledger.holder(connection, 1, "weekly", WEEK), library.carried_to(connection, 1, "weekly")


@pytest.mark.parametrize("state", ["scheduled", "running", "claimed", "paused", "refused"])
def test_what_went_to_nobody_frees_issue_stories_week_and_readers(here: Bench, state: str) -> None:
    send = freeze(here, send_at=NOW if state == "scheduled" else None)
    batch = claim(here, send) if state == "claimed" else None
    if state == "refused":
        take(here, send, "refused")
    if state == "paused":
        with here.database.write() as connection:
            ledger.move(connection, send, "paused")
    assert holds(here) == ("7", {1})
    ended = cancel(here, send)
    assert (ended.undone, ended.doubted, ended.send.state, ended.send.issue) == (True, 0, "cancelled", "7")
    assert holds(here) == (None, set())
    if batch is not None:
        assert not mark(here, batch)
    with here.database.read() as connection:
        assert ledger.sends_of(connection, "7") == ledger.sends_of_issues(connection) == []
        assert ledger.last_send(connection) is None
        assert ledger.last_of(connection, 1, ("weekly",)) is None
        assert ledger.first_reach(connection, 1, ("weekly",)) is None
        assert ledger.count_without_delivery(connection, audience(1, "weekly", NOW), "7") == 6
        assert ledger.named(connection, send.public_id).undone
        # A reader's export still tells what was to come and did not.
        assert len(ledger.letters_to(connection, here.readers[0])) == 1
    before = counts(here, send)
    again = freeze(here)
    assert again.audience == 6
    assert holds(here) == ("7", {1})
    assert counts(here, send) == before  # the account of the cancelled one stays
    here.deliver(again)
    assert sorted(here.provider.taken) == [row[0] for row in here.ask("SELECT id FROM delivery ORDER BY id")[6:]]
    assert counts(here, again).submitted == 6
    with here.database.read() as connection:
        letters = ledger.letters_to(connection, here.readers[0])
    assert [letter[2] for letter in letters][1:] == ["submitted"]


def test_what_went_to_some_goes_to_the_others_alone(here: Bench) -> None:
    send = freeze(here)
    take(here, send)
    take(here, send, "unknown")
    ended = cancel(here, send)
    assert (ended.undone, ended.account.submitted, ended.account.unknown, ended.account.queued) == (False, 2, 2, 2)
    assert holds(here) == ("7", {1})
    with here.database.read() as connection:
        assert ledger.count_without_delivery(connection, audience(1, "weekly", NOW), "7") == 2
        assert ledger.reached(connection, 1, here.readers, above=0).keys() == set(here.readers[:4])
        assert ledger.received(connection, 1, here.readers, [1]).keys() == set(here.readers[:4])
        assert not ledger.may_undo(connection)
    rest = freeze(here)
    assert rest.audience == 2
    here.deliver(rest)
    assert counts(here, rest).submitted == 2
    assert counts(here, send) == ended.account
    got = here.ask("SELECT count(DISTINCT subscriber_id), count(*) FROM delivery WHERE issue_id = :one", one=1)
    assert got == [(6, 6)]


def test_a_last_byte_under_way_is_in_doubt_and_its_answer_still_counts(here: Bench) -> None:
    send = freeze(here)
    batch = claim(here, send)
    assert mark(here, batch)
    ended = cancel(here, send)
    assert (ended.doubted, ended.account.unknown, ended.undone) == (2, 2, False)
    with here.database.write() as connection:
        ledger.record(connection, batch, "submitted", {})
    assert counts(here, send).submitted == 2
    assert freeze(here).audience == 4


def test_a_late_answer_that_nothing_went_frees_the_issue(here: Bench) -> None:
    send = freeze(here)
    batch = claim(here, send)
    assert mark(here, batch)
    assert not cancel(here, send).undone
    with here.database.write() as connection:
        ledger.record(connection, batch, "refused", {})
    with here.database.write() as connection:
        assert ledger.may_undo(connection)
        assert [one.id for one in ledger.undo_cancelled(connection)] == [send.id]
        assert ledger.undo_cancelled(connection) == []
    assert holds(here) == (None, set())
    assert freeze(here).audience == 6


def test_letters_one_by_one_are_in_doubt_each_for_itself(here: Bench) -> None:
    send = freeze(here)
    batch = claim(here, send)
    with here.database.read() as connection:
        first, second = (one.id for one in ledger.deliveries(connection, batch.id))
    with here.database.write() as connection:
        ledger.advance(connection, batch, answers={}, going=[first], marked=(), lease=30)
    ended = cancel(here, send)
    assert (ended.doubted, ended.account.unknown, ended.account.queued) == (1, 1, 5)
    with here.database.write() as connection:
        answers = {first: ("submitted", "")}
        assert ledger.advance(connection, batch, answers=answers, going=[second], marked={first}, lease=30) is None
    assert (counts(here, send).submitted, counts(here, send).queued) == (1, 5)
    with here.database.write() as connection:
        ledger.close(connection, batch)
    assert freeze(here).audience == 5


def test_another_send_of_the_issue_keeps_what_it_holds(here: Bench) -> None:
    weekly = freeze(here)
    here.deliver(weekly)
    here.run("UPDATE subscription SET rhythm = 'daily' WHERE subscriber_id = :one", one=here.readers[0])
    with here.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM delivery WHERE id = 1")
    everybody = freeze(here, rhythm="all")
    with here.database.read() as connection:
        assert library.carried_to(connection, 1, "daily") == {1}
    assert cancel(here, everybody).undone
    assert holds(here) == ("7", {1})
    with here.database.read() as connection:
        assert library.carried_to(connection, 1, "daily") == set()


def test_it_is_cancelled_once(here: Bench) -> None:
    send = freeze(here)
    cancel(here, send)
    with pytest.raises(SendError, match="is cancelled already"):
        cancel(here, send)


def test_an_undone_send_can_be_undone_again_and_again(here: Bench) -> None:
    sends = []
    for _ in range(3):
        sends.append(freeze(here))
        assert cancel(here, sends[-1]).undone
    assert freeze(here).audience == 6
    assert [counts(here, one).queued for one in sends] == [6, 6, 6]
    with here.database.read() as connection:
        assert len(ledger.sends(connection)) == 4


def test_no_last_byte_goes_behind_a_cancel_that_waits_to_be_committed(here: Bench) -> None:
    """PostgreSQL: a statement that began before the commit must not see the send as it was."""
    send = freeze(here)
    batch = claim(here, send)
    marked: list[bool] = []
    with here.database.write() as connection:
        ledger.cancel(connection, send)
        thread = threading.Thread(target=lambda: marked.append(mark(here, batch)))
        thread.start()
        time.sleep(0.3)
    thread.join(120)
    assert marked == [False]
