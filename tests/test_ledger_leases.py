"""Leases from every side: who may claim, mark, answer, split, put back and let go, and who may not any more."""

from __future__ import annotations

from typing import Any

import pytest
from scripted import NOW, Bench, bench

from newsletter import ledger
from newsletter.ledger import Batch, Send
from newsletter.ledger.cutting import split
from newsletter.ledger.leases import deliveries, settle
from newsletter.storage.clock import clock
from newsletter.storage.database import Database

ROW = "SELECT id, state, token, lease_until, request_id, attempt FROM batch ORDER BY id"


@pytest.fixture
def here(database: Database) -> Bench:
    return bench(database, 7)


@pytest.fixture
def send(here: Bench) -> Send:
    """Seven deliveries in batches of three, three and one."""
    here.provider.batch_size = 3
    return here.freeze()


def claim(here: Bench, send: Send, *, lease: float = 30.0, token: str = "") -> Batch:
    with here.database.write() as connection:
        batch = ledger.claim(connection, send.id, lease=lease, token=token)
    assert batch is not None
    return batch


def do(here: Bench, act: Any, *arguments: Any, **more: Any) -> Any:
    with here.database.write() as connection:
        return act(connection, *arguments, **more)


def now(here: Bench) -> float:
    with here.database.read() as connection:
        return clock(connection)


def run_out(here: Bench, batch: Batch) -> None:
    here.run("UPDATE batch SET lease_until = 1.0 WHERE id = :one", one=batch.id)


def reasons(here: Bench) -> list[tuple[str | None, str | None]]:
    return here.ask("SELECT state, reason FROM delivery ORDER BY id")


def test_a_claim_says_who_holds_it_until_when_and_for_which_attempt(here: Bench, send: Send) -> None:
    batch = claim(here, send, lease=40.0, token="mine")
    (id_, state, token, until, request, attempt), *others = here.ask(ROW)
    assert (batch.id, batch.state, batch.token, batch.request_id, batch.attempt) == (
        id_,
        state,
        token,
        request,
        attempt,
    )
    assert (state, token, attempt, batch.send_id) == ("queued", "mine", 1, send.id)
    assert until - now(here) == pytest.approx(40, abs=2)
    assert [row[1:] for row in others] == [("queued", None, None, None, 0)] * 2
    second = claim(here, send)
    assert second.id == batch.id + 1
    assert len({second.token, batch.token, "mine"}) == 2
    assert second.request_id != batch.request_id
    assert len(second.token) == len(second.request_id) == 32


def test_only_its_own_send_is_looked_at(here: Bench, send: Send) -> None:
    other = here.freeze((_letter(), here.readers), key="8")
    for _ in range(3):
        claim(here, send)
    assert do(here, ledger.claim, send.id, lease=30.0) is None
    assert do(here, ledger.free, send.id) is False
    assert do(here, ledger.free, other.id) is True
    assert claim(here, other).send_id == other.id


def _letter() -> Any:
    from scripted import LETTER

    return LETTER


def test_a_lease_that_ran_out_frees_a_queued_batch_as_a_new_attempt(here: Bench, send: Send) -> None:
    first = claim(here, send)
    claim(here, send)
    claim(here, send)
    assert do(here, ledger.free, send.id) is False
    run_out(here, first)
    assert do(here, ledger.free, send.id) is True
    again = claim(here, send)
    assert (again.id, again.attempt, again.state) == (first.id, 2, "queued")
    assert again.request_id != first.request_id
    assert again.token != first.token


def test_a_batch_in_doubt_is_handed_out_with_its_request(here: Bench, send: Send) -> None:
    first = claim(here, send)
    assert do(here, ledger.mark_submitting, first, skipped={}, lease=30.0) is True
    assert claim(here, send).id != first.id
    run_out(here, first)
    again = claim(here, send)
    assert (again.id, again.state, again.attempt, again.request_id) == (first.id, "submitting", 1, first.request_id)
    assert again.token != first.token


@pytest.mark.parametrize("state", ["submitted", "refused", "unknown"])
def test_what_is_settled_is_never_handed_out(here: Bench, send: Send, state: str) -> None:
    batches = [claim(here, send) for _ in range(3)]
    for batch in batches:
        assert do(here, ledger.mark_submitting, batch, skipped={}, lease=30.0) is True
        assert do(here, ledger.record, batch, state, {}) is True
    assert do(here, ledger.claim, send.id, lease=30.0) is None
    assert do(here, ledger.waiting, send.id) is None


def test_only_the_holder_marks_and_only_while_the_lease_lasts(here: Bench, send: Send) -> None:
    batch, other = claim(here, send), claim(here, send)
    stranger = Batch(batch.id, send.id, batch.letter_id, "queued", "of another", batch.request_id, 1)
    assert do(here, ledger.mark_submitting, stranger, skipped={}, lease=30.0) is False
    run_out(here, batch)
    assert do(here, ledger.mark_submitting, batch, skipped={}, lease=30.0) is False
    assert do(here, ledger.mark_submitting, other, skipped={}, lease=55.0) is True
    # Twice is not allowed: the last byte may be on its way.
    assert do(here, ledger.mark_submitting, other, skipped={}, lease=55.0) is False
    rows = here.ask(ROW)
    assert [row[1] for row in rows] == ["queued", "submitting", "queued"]
    assert rows[1][3] - now(here) == pytest.approx(55, abs=2)


@pytest.mark.parametrize("state", ["paused", "cancelled", "finished"])
def test_no_byte_and_no_claim_of_a_send_that_does_not_run(here: Bench, send: Send, state: str) -> None:
    batch = claim(here, send)
    other = here.freeze((_letter(), here.readers), key="8")
    here.run("UPDATE send SET state = :state WHERE id = :one", state=state, one=send.id)
    assert do(here, ledger.mark_submitting, batch, skipped={}, lease=30.0) is False
    assert do(here, ledger.claim, send.id, lease=30.0) is None
    assert do(here, ledger.free, send.id) is False
    assert do(here, ledger.mark_submitting, claim(here, other), skipped={}, lease=30.0) is True


def test_who_is_left_out_is_settled_with_the_mark_and_only_then(here: Bench, send: Send) -> None:
    batch = claim(here, send)
    first, second, third = (one.id for one in do(here, deliveries, batch.id))
    run_out(here, batch)
    assert do(here, ledger.mark_submitting, batch, skipped={second: "paused"}, lease=30.0) is False
    assert reasons(here) == [(None, None)] * 7
    here.run("UPDATE batch SET lease_until = lease_until + 9e9")
    assert do(here, ledger.mark_submitting, batch, skipped={second: "paused"}, lease=30.0) is True
    assert reasons(here)[:3] == [(None, None), ("skipped", "paused"), (None, None)]
    assert [one.id for one in do(here, deliveries, batch.id)] == [first, third]


def test_an_answer_lets_go_and_a_pause_keeps_everybody_away(here: Bench, send: Send) -> None:
    batch, later = claim(here, send), claim(here, send)
    first = do(here, deliveries, batch.id)[0].id
    assert do(here, ledger.record, batch, "submitted", {first: ("refused", "")}) is True
    assert do(here, ledger.record, later, "queued", {}, pause=20.0) is True
    done, waits, _ = here.ask(ROW)
    assert done[1:4] == ("submitted", None, None)
    assert waits[1:3] == ("queued", None)
    assert waits[3] - now(here) == pytest.approx(20, abs=2)
    # No reason is no reason, not an empty one.
    assert reasons(here)[0] == ("refused", None)
    assert claim(here, send).id not in {batch.id, later.id}
    assert do(here, ledger.claim, send.id, lease=30.0) is None
    # What is taken is not to be sent again, whatever is said later.
    for late in ("queued", "unknown", "refused"):
        assert do(here, ledger.record, batch, late, {}) is False
    assert here.ask(ROW)[0][1:4] == ("submitted", None, None)


def test_the_answer_of_an_older_attempt_settles_its_own_letters_alone(here: Bench, send: Send) -> None:
    old = claim(here, send)
    first = do(here, deliveries, old.id)[0].id
    run_out(here, old)
    new = claim(here, send)
    assert do(here, ledger.record, old, "submitted", {first: ("refused", "no such mailbox")}) is False
    row = here.ask(ROW)[0]
    assert (row[1], row[2], row[4]) == ("queued", new.token, new.request_id)
    assert reasons(here)[0] == ("refused", "no such mailbox")


@pytest.mark.parametrize(("size", "halves"), [(7, (3, 4)), (6, (3, 3)), (3, (1, 2)), (2, (1, 1)), (1, (1,))])
def test_halves_differ_by_one_at_most(here: Bench, size: int, halves: tuple[int, ...]) -> None:
    here.provider.batch_size = size
    send = here.freeze()
    batch = claim(here, send)
    before = [one.id for one in do(here, deliveries, batch.id)]
    count = here.ask("SELECT count(*) FROM batch")[0][0]
    assert do(here, ledger.record, batch, "queued", {}) is True
    do(here, split, batch)
    rows = here.ask("SELECT id, send_id, letter_id, state, token, attempt FROM batch ORDER BY id")
    assert len(rows) == count + len(halves) - 1
    made = [batch.id, *(row[0] for row in rows[count:])]
    found = [[one.id for one in do(here, deliveries, one)] for one in made]
    assert tuple(map(len, found)) == halves
    # In order: the first half stays.
    assert [one for half in found for one in half] == before
    for row in rows[count:]:
        assert row[1:] == (send.id, batch.letter_id, "queued", None, 0)


def test_who_is_settled_already_moves_into_no_half(here: Bench, send: Send) -> None:
    batch = claim(here, send)
    first, second, third = (one.id for one in do(here, deliveries, batch.id))
    do(here, ledger.record, batch, "queued", {third: ("refused", "")})
    do(here, split, batch)
    assert [one.id for one in do(here, deliveries, batch.id)] == [first]
    places = dict(here.ask("SELECT id, batch_id FROM delivery"))
    assert places[third] == places[first] == batch.id != places[second]


def test_only_the_holder_puts_back_and_goes_on_as_a_new_attempt(here: Bench, send: Send) -> None:
    batch = claim(here, send)
    do(here, ledger.mark_submitting, batch, skipped={}, lease=30.0)
    first = do(here, deliveries, batch.id)[0].id
    stranger = Batch(batch.id, send.id, batch.letter_id, "submitting", "of another", batch.request_id, 1)
    assert do(here, ledger.put_back, stranger, {first: ("submitted", "")}) is None
    assert reasons(here)[0] == (None, None)
    again = do(here, ledger.put_back, batch, {first: ("submitted", "")})
    assert (again.id, again.state, again.token, again.attempt) == (batch.id, "queued", batch.token, 2)
    assert again.request_id != batch.request_id
    assert len(again.request_id) == 32
    assert reasons(here)[0] == ("submitted", None)
    assert do(here, ledger.mark_submitting, again, skipped={}, lease=30.0) is True


def test_only_the_holder_lets_go(here: Bench, send: Send) -> None:
    batch, other = claim(here, send), claim(here, send)
    do(here, ledger.release, Batch(batch.id, send.id, batch.letter_id, "queued", "of another", "r", 1))
    assert [row[2] for row in here.ask(ROW)] == [batch.token, other.token, None]
    do(here, ledger.release, batch)
    assert here.ask(ROW)[0][2:4] == (None, None)
    assert here.ask(ROW)[1][2] == other.token
    assert claim(here, send).id == batch.id


def test_a_claim_is_dropped_by_its_token_unless_its_last_byte_may_have_gone(here: Bench, send: Send) -> None:
    other = here.freeze((_letter(), here.readers), key="8")
    first, second, gone = (claim(here, send, token=token) for token in ("one", "two", "gone"))
    elsewhere = claim(here, other, token="one")
    do(here, ledger.mark_submitting, gone, skipped={}, lease=30.0)
    do(here, ledger.drop, send.id, "one")
    do(here, ledger.drop, send.id, "gone")
    assert [row[2] for row in here.ask(ROW)][:4] == [None, "two", "gone", "one"]
    assert here.ask(ROW)[0][3] is None
    assert {first.id, second.id, gone.id, elsewhere.id} == {row[0] for row in here.ask(ROW)[:4]}


def test_settling_touches_the_rows_of_its_own_batch_alone(here: Bench, send: Send) -> None:
    batch, other = claim(here, send), claim(here, send)
    mine, theirs = do(here, deliveries, batch.id)[1].id, do(here, deliveries, other.id)[0].id
    do(here, settle, batch.id, {})
    assert reasons(here) == [(None, None)] * 7
    do(here, settle, batch.id, {mine: ("refused", "no such mailbox"), theirs: ("refused", "not ours")})
    assert reasons(here) == [(None, None), ("refused", "no such mailbox"), *[(None, None)] * 5]


def test_how_long_others_hold_the_rest(here: Bench, send: Send) -> None:
    other = here.freeze((_letter(), here.readers), key="8")
    claim(here, other, lease=3.0)
    # Nobody holds anything of it: at once.
    assert do(here, ledger.waiting, send.id) == 0.0
    batches = [claim(here, send, lease=lease) for lease in (50.0, 20.0, 90.0)]
    assert do(here, ledger.waiting, send.id) == pytest.approx(20, abs=2)
    do(here, ledger.mark_submitting, batches[1], skipped={}, lease=70.0)
    assert do(here, ledger.waiting, send.id) == pytest.approx(50, abs=2)
    run_out(here, batches[2])
    assert do(here, ledger.waiting, send.id) == 0.0
    for batch in batches:
        do(here, ledger.record, batch, "submitted", {})
    assert do(here, ledger.waiting, send.id) is None


@pytest.mark.parametrize("left", ["queued", "submitting"])
def test_a_send_is_finished_when_no_batch_of_it_is_open(here: Bench, send: Send, left: str) -> None:
    other = here.freeze((_letter(), here.readers), key="8")
    batches = [claim(here, send) for _ in range(3)]
    for batch in batches[1:]:
        do(here, ledger.record, batch, "submitted", {})
    if left == "submitting":
        do(here, ledger.mark_submitting, batches[0], skipped={}, lease=30.0)
    assert do(here, ledger.finish, send.id, now=NOW) is False
    do(here, ledger.mark_submitting, batches[0], skipped={}, lease=30.0)
    do(here, ledger.record, batches[0], "unknown", {})
    assert do(here, ledger.finish, send.id, now=NOW) is True
    assert do(here, ledger.finish, send.id, now=NOW) is False
    states = here.ask("SELECT state, finished FROM send ORDER BY id")
    assert states == [("finished", int(NOW.timestamp())), ("running", None)]
    assert other.id != send.id


def test_a_send_that_was_stopped_is_not_finished(here: Bench, send: Send) -> None:
    for batch in [claim(here, send) for _ in range(3)]:
        do(here, ledger.record, batch, "submitted", {})
    here.run("UPDATE send SET state = 'paused'")
    assert do(here, ledger.finish, send.id, now=NOW) is False
    assert here.ask("SELECT state FROM send") == [("paused",)]


def test_letters_rest_only_when_nobody_holds_one_and_some_are_left(here: Bench, send: Send) -> None:
    batches = [claim(here, send) for _ in range(3)]
    assert do(here, ledger.rests, send.id) is None
    for batch in batches[:2]:
        do(here, ledger.record, batch, "submitted", {})
    assert do(here, ledger.rests, send.id) is None
    do(here, ledger.record, batches[2], "queued", {}, pause=40.0)
    assert do(here, ledger.rests, send.id) == pytest.approx(40, abs=2)
    run_out(here, batches[2])
    assert do(here, ledger.rests, send.id) == 0.0
    do(here, ledger.record, claim(here, send), "submitted", {})
    assert do(here, ledger.rests, send.id) is None


def test_a_batch_that_is_free_is_not_waited_for(here: Bench, send: Send) -> None:
    waits, free, taken = (claim(here, send) for _ in range(3))
    do(here, ledger.record, waits, "queued", {}, pause=3600.0)
    do(here, ledger.record, taken, "submitted", {})
    do(here, ledger.release, free)
    assert do(here, ledger.rests, send.id) == 0.0
    assert do(here, ledger.waiting, send.id) == 0.0


def test_what_one_provider_took_says_nothing_of_another(here: Bench, send: Send) -> None:
    with here.database.write() as connection:
        batch = ledger.claim(connection, send.id, lease=30.0, sender="first")
        assert batch is not None
        ledger.record(connection, batch, "submitted", {})
        assert ledger.has_taken(connection, send.id, "first")
        assert not ledger.has_taken(connection, send.id, "second")
