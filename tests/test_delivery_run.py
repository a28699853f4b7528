"""The sending loop, step by step, with a provider that answers as it is told and a real ledger."""

from __future__ import annotations

import gc
import itertools
import random
import threading
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from scripted import KEYS, LETTER, NOW, Bench, Carrier, OneByOne, Provider, bench

from newsletter import delivery, ledger
from newsletter.delivery import answering
from newsletter.delivery.dues import backoff
from newsletter.errors import NashraError, SendError
from newsletter.ledger import RateLimit, SendCounts
from newsletter.letters.mime import LEAVE
from newsletter.models import Letter, Rendered
from newsletter.senders import Answer, Parcel, UnreachableError
from newsletter.storage.clock import CLOCK
from newsletter.storage.database import Database, DatabaseAwayError
from subscribers import store, tokens

OTHER = replace(LETTER, rendered=Rendered("رسالة أخرى", LETTER.rendered.html, LETTER.rendered.text))


def busy(**more: Any) -> Answer:
    """Nothing was taken."""
    return Answer("queued", reason="the provider is busy", **more)


def refused(*deliveries: int) -> Answer:
    """All were taken but these."""
    return Answer(apart=dict.fromkeys(deliveries, ("refused", "no such mailbox")))


UNKNOWN = Answer("unknown", reason="the connection broke after the last byte")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What the loop takes for time; it stands until a test moves it."""
    clock = SimpleNamespace(now=1000.0)
    clock.monotonic = lambda: clock.now
    monkeypatch.setattr(answering, "time", clock)
    return clock


@pytest.fixture
def least(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float]]:
    """Between which shares each pause is spread; the most is taken."""
    drawn: list[tuple[float, float]] = []

    def most(low: float, high: float) -> float:
        drawn.append((low, high))
        return high

    monkeypatch.setattr(random, "uniform", most)
    return drawn


# All goes well


def test_everybody_is_handed_over_once_batch_after_batch(database: Database) -> None:
    here = bench(database, 5)
    send = here.freeze()
    assert here.deliver(send) == SendCounts(submitted=5, reasons={})
    provider = here.provider
    assert provider.sizes == [2, 2, 1]
    assert provider.loaded == [LETTER]
    assert sorted(provider.taken) == sorted(one.delivery for parcels in provider.handed for one in parcels)
    assert len(set(provider.taken)) == 5
    assert len(set(provider.requests)) == 3
    assert [one.address for parcels in provider.handed for one in parcels] == [
        f"reader{number}@example.net" for number in range(5)
    ]
    assert here.told == [("submitted", 2), ("submitted", 2), ("submitted", 1)]
    assert here.slept == []
    assert (provider.open, provider.abandoned, provider.asked) == (0, 0, [])
    assert {(state, token) for state, token, _ in here.states()} == {("submitted", None)}
    with database.read() as connection:
        assert ledger.state_of(connection, send.id) == "finished"


def test_a_parcel_has_its_own_name_and_link(database: Database) -> None:
    here = bench(database, 3)
    send = here.freeze()
    here.deliver(send)
    with database.read() as connection:
        people = {person.address: person for person, _ in store.subscribers(connection, 1)}
    for parcel in (one for parcels in here.provider.handed for one in parcels):
        assert parcel.name == f"{send.public_id}.{parcel.delivery}"
        assert parcel.needs_smtputf8 is False
        claim = tokens.read(parcel.slots[LEAVE].decode(), "leave")
        person = people[parcel.address]
        assert (claim.public_id, claim.list_id) == (person.public_id, 1)
        assert tokens.verify(claim, KEYS, person.epoch)


def test_the_next_batch_is_claimed_with_the_answer_of_the_last_one(database: Database) -> None:
    here = bench(database, 6)
    send = here.freeze()
    before = here.database.writes
    here.deliver(send)
    # The first claim, then a mark and an answer for each batch, then the end.
    assert here.database.writes - before == 1 + 2 * 3 + 1


def test_threads_share_a_send_and_write_one_after_the_other(database: Database) -> None:
    here = bench(database, 40, Provider(connections=4))
    assert here.deliver(here.freeze()).submitted == 40
    assert len(set(here.provider.taken)) == len(here.provider.taken) == 40
    assert here.provider.open == 0
    if database.is_sqlite:
        assert here.database.most_inside == 1


def test_each_letter_is_loaded_once_and_the_connections_go_on(database: Database) -> None:
    here = bench(database, 6)
    send = here.freeze((LETTER, here.readers[:3]), (OTHER, here.readers[3:]))
    assert here.deliver(send).submitted == 6
    provider = here.provider
    assert [letter.rendered.subject for letter in provider.loaded] == ["أسبوع على الساحل", "رسالة أخرى"]
    assert (provider.inherited, provider.open) == (1, 0)
    assert provider.sizes == [2, 1, 2, 1]


def test_a_send_that_is_done_is_not_begun_again(database: Database) -> None:
    here = bench(database, 2)
    send = here.freeze()
    here.deliver(send)
    assert here.deliver(send).submitted == 2
    assert here.provider.sizes == [2]


def test_what_is_claimed_is_held_for_the_lease_and_no_longer(database: Database) -> None:
    here = bench(database, 2, lease=45.0)
    seen: list[float] = []
    held = "SELECT lease_until FROM batch"
    now = f"SELECT {CLOCK[database.engine.dialect.name]}"

    def look() -> Answer:
        seen.append(float(here.ask(held)[0][0]) - float(here.ask(now)[0][0]))
        return Answer()

    here.provider.beginning, here.provider.finishing = [look], [look]
    here.deliver(here.freeze())
    assert all(44 < one <= 45 for one in seen)
    assert len(seen) == 2


# Who may not get it any more


def test_who_left_is_left_out_with_the_reason(database: Database) -> None:
    here = bench(database, 4)
    send = here.freeze()
    with database.write() as connection:
        for reader in here.readers[1:]:
            store.set_status(connection, reader, 1, "left", now=NOW)
    account = here.deliver(send)
    assert account == SendCounts(submitted=1, skipped=3, reasons={"no longer subscribed": 3})
    # The second batch is settled without the provider.
    assert here.provider.sizes == [1]
    assert sorted(here.told) == [("skipped", 1), ("skipped", 2), ("submitted", 1)]


def test_a_letter_that_nobody_may_get_any_more_proves_no_connection(database: Database, clock: SimpleNamespace) -> None:
    here = bench(database, 3, Provider([busy()], batch_size=1), patience=60)
    send = here.freeze()
    with database.write() as connection:
        store.set_status(connection, here.readers[0], 1, "left", now=NOW)

    def tell(state: str, _count: int) -> None:
        clock.now += 61 if state == "skipped" else 0

    here.on_tell = tell
    with pytest.raises(SendError, match="the provider is busy"):
        here.deliver(send)
    assert here.account(send).queued == 2


# The provider takes nothing now


def test_a_busy_provider_is_asked_again_later_and_later(database: Database, least: list[Any]) -> None:
    here = bench(database, 1, Provider([busy()] * 8), backoff=1.0, patience=10_000)
    send = here.freeze()
    began = time.monotonic()
    assert here.deliver(send).submitted == 1
    really = time.monotonic() - began
    # Doubled each time, up to a minute; spread over the upper half, so that not all come at once.
    pauses = [1, 2, 4, 8, 16, 32, 60, 60]
    assert least == [(0.5, 1.0)] * 8
    # Some real time passes too, more of it on a slow machine, and is not waited for again.
    assert sum(pauses) - 8 - really <= here.now <= sum(pauses) + 8
    assert max(here.slept) == 1.0
    waits = [count for state, count in here.told if state == "waiting"]
    assert waits[0] == 1
    assert max(waits) == 60
    assert here.total("submitted") == 1
    assert here.states()[0][2] == 9
    assert len(set(here.provider.requests)) == 9
    assert here.provider.open == 0


def test_a_long_backoff_stays_within_a_minute(database: Database, least: list[Any]) -> None:
    here = bench(database, 1, Provider([busy()]), backoff=45.0)
    assert here.deliver(here.freeze()).submitted == 1
    assert here.now == pytest.approx(45, abs=1.5)
    assert len(least) == 1


def test_the_exponent_has_an_end(least: list[Any]) -> None:
    assert backoff(0.01, 1) == 0.01
    assert backoff(0.01, 2) == 0.02
    assert backoff(0.01, 11) == backoff(0.01, 5000) == pytest.approx(0.01 * 1024)
    assert backoff(0.5, 30) == 60.0


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [(busy(pause=7.0), 7), (busy(again=True), 0), (busy(again=True, pause=9.0), 0)],
)
def test_the_pause_is_the_one_the_provider_asks_for(database: Database, answer: Answer, seconds: int) -> None:
    here = bench(database, 2, Provider([answer]), backoff=20.0)
    assert here.deliver(here.freeze()).submitted == 2
    assert here.now == pytest.approx(seconds, abs=1.2)
    assert here.provider.sizes == [2, 2]
    assert [count for state, count in here.told if state == "waiting"][:1] == ([7] if seconds else [])


def test_while_one_batch_waits_the_others_go(database: Database) -> None:
    here = bench(database, 6, Provider([busy(pause=5.0)]))
    assert here.deliver(here.freeze()).submitted == 6
    first, second, third, again = (parcels[0].delivery for parcels in here.provider.handed)
    assert again == first
    assert len({first, second, third}) == 3


def test_a_provider_out_of_reach_is_tried_again(database: Database) -> None:
    here = bench(database, 3, Provider(beginning=[UnreachableError("no route to it")]))
    began = time.monotonic()
    assert here.deliver(here.freeze()).submitted == 3
    assert here.provider.sizes == [2, 1, 2]
    assert 0.4 - (time.monotonic() - began) < here.now < 2.0
    assert here.total("submitted") == 3
    # A lane that comes to the batch when its pause is just over has nothing to wait for.
    assert {"submitted"} <= {state for state, _ in here.told} <= {"submitted", "waiting"}


def test_nothing_taken_for_too_long_stops_the_send_and_keeps_it(database: Database, clock: SimpleNamespace) -> None:
    here = bench(database, 4, Provider([busy(pause=30.0)] * 100), patience=100)
    here.on_sleep = lambda seconds: setattr(clock, "now", clock.now + seconds)
    send = here.freeze()
    with pytest.raises(SendError, match="the provider is busy") as caught:
        here.deliver(send)
    assert caught.value.mend == "mend it, then run the same command again"
    assert 100 <= here.now <= 135
    assert here.account(send).queued == 4
    # Whoever comes next need not wait longer than the provider asked for.
    here.provider.finishing = []
    assert here.deliver(send).submitted == 4


@pytest.mark.parametrize(("after", "stops"), [(100.0, False), (100.5, True)])
def test_patience_ends_behind_its_last_second(
    database: Database, clock: SimpleNamespace, after: float, stops: bool
) -> None:
    def late() -> Answer:
        clock.now += after
        return busy(again=True)

    here = bench(database, 1, Provider([late]), patience=100)
    send = here.freeze()
    if stops:
        with pytest.raises(SendError):
            here.deliver(send)
    assert here.deliver(send).submitted == 1


def test_every_letter_that_is_taken_renews_the_patience(database: Database, clock: SimpleNamespace) -> None:
    def step(answer: Answer) -> Any:
        def act() -> Answer:
            clock.now += 60
            return answer

        return act

    taken, not_now = step(Answer()), step(busy(again=True))
    here = bench(database, 3, Provider([taken, not_now, taken, not_now, taken], batch_size=1), patience=100)
    assert here.deliver(here.freeze()).submitted == 3


def test_who_refuses_every_letter_is_not_stopped_but_renews_nothing(database: Database, clock: SimpleNamespace) -> None:
    def all_refused() -> Answer:
        clock.now += 60
        return refused(*(parcel.delivery for parcel in here.provider.handed[-1]))

    def not_now() -> Answer:
        clock.now += 1
        return busy(again=True)

    here = bench(database, 4, Provider([all_refused, all_refused, not_now], batch_size=1), patience=100)
    send = here.freeze()
    with pytest.raises(SendError):
        here.deliver(send)
    account = here.account(send)
    assert (account.refused, account.queued) == (2, 2)
    assert here.told == [("refused", 1), ("refused", 1)]


def test_what_must_be_mended_first_stops_at_once(database: Database) -> None:
    here = bench(database, 4, Provider([Answer("queued", reason="the key is revoked", stop=True)]))
    send = here.freeze()
    with pytest.raises(SendError, match="the key is revoked") as caught:
        here.deliver(send)
    assert caught.value.mend == "mend it, then run the same command again"
    assert here.provider.sizes == [2]
    # Nobody has to wait for a lease.
    assert {(state, token) for state, token, _ in here.states()} == {("queued", None)}
    assert here.deliver(send).submitted == 4
    assert here.slept == []


def test_an_error_of_the_sender_is_told_and_lets_go_of_the_batch(database: Database) -> None:
    here = bench(database, 4, Provider(beginning=[None, SendError("the disk is full")]))
    send = here.freeze()
    with pytest.raises(SendError, match="the disk is full"):
        here.deliver(send)
    assert {token for _, token, _ in here.states()} == {None}
    assert here.provider.open == 0
    assert here.deliver(send).submitted == 4
    assert here.slept == []


def test_the_first_failure_is_the_one_that_is_told(database: Database) -> None:
    both = threading.Barrier(2, timeout=120)
    release = threading.Event()

    def fails(words: str, *, last: bool) -> Any:
        def act() -> None:
            both.wait()
            if last:
                release.wait(120)
                time.sleep(0.05)
            else:
                release.set()
            raise SendError(words)

        return act

    # Before something was taken there is one request at a time.
    beginning = [None, fails("the first", last=False), fails("the second", last=True)]
    here = bench(database, 6, Provider(beginning=beginning, connections=2))
    with pytest.raises(SendError, match="the first"):
        here.deliver(here.freeze())


# What the provider says of some


def test_letters_that_differ_from_their_batch_keep_their_own_answer(database: Database) -> None:
    here = bench(database, 3, Provider(batch_size=3))
    here.provider.finishing = [lambda: refused(here.provider.handed[0][1].delivery)]
    account = here.deliver(here.freeze())
    assert account == SendCounts(submitted=2, refused=1, reasons={"no such mailbox": 1})
    assert sorted(here.told) == [("refused", 1), ("submitted", 2)]


def test_what_was_wrong_with_one_is_taken_out_and_the_rest_goes_at_once(database: Database) -> None:
    here = bench(database, 3, Provider(batch_size=3))
    here.provider.finishing = [
        lambda: busy(again=True, apart={here.provider.handed[0][0].delivery: ("refused", "no such mailbox")})
    ]
    account = here.deliver(here.freeze())
    assert (account.submitted, account.refused) == (2, 1)
    assert here.provider.sizes == [3, 2]
    assert here.slept == []
    assert sorted(here.told) == [("refused", 1), ("submitted", 2)]


def test_a_batch_that_is_refused_whole_is_refused(database: Database) -> None:
    here = bench(database, 4, Provider([Answer("refused", reason="not this one")]))
    account = here.deliver(here.freeze())
    assert (account.refused, account.submitted) == (2, 2)
    assert here.told == [("refused", 2), ("submitted", 2)]


def test_a_batch_is_halved_until_the_one_that_is_wrong_stands_alone(database: Database) -> None:
    here = bench(database, 5, Provider(batch_size=5))
    here.provider.finishing = [busy(split=True), busy(split=True)]
    assert here.deliver(here.freeze()).submitted == 5
    # Two and three of five, one and two of the three: halves differ by one at most, and the one made last goes first.
    assert here.provider.sizes == [5, 3, 2, 2, 1]
    assert here.slept == []
    assert len(here.provider.taken) - 5 - 3 == 5


def test_halves_are_not_made_of_a_batch_that_is_somebody_elses_by_now(database: Database) -> None:
    here = bench(database, 4, Provider(batch_size=4))

    def overtaken() -> Answer:
        # Somebody took this process for dead: another attempt is on the way.
        here.run("UPDATE batch SET request_id = 'of another', token = 'of another', lease_until = lease_until + 30")
        return busy(split=True)

    def other_is_done(_seconds: float) -> None:
        here.run("UPDATE batch SET state = 'submitted', token = NULL, lease_until = NULL")

    here.provider.finishing, here.on_sleep = [overtaken], other_is_done
    assert here.deliver(here.freeze()).submitted == 4
    assert here.ask("SELECT count(*) FROM batch") == [(1,)]
    assert here.provider.sizes == [4]
    assert here.told == [("waiting", pytest.approx(60, abs=2))]


# Nobody knows what became of it


def test_a_dead_line_stops_the_send_before_the_whole_list_is_unknown(database: Database) -> None:
    here = bench(database, 20, Provider([UNKNOWN] * 20, batch_size=1))
    send = here.freeze()
    with pytest.raises(SendError, match="the connection broke after the last byte") as caught:
        here.deliver(send)
    assert "run the same command again" in caught.value.mend
    # Three in a row, beyond one for each connection.
    assert here.told == [("unknown", 1)] * 4
    account = here.account(send)
    assert (account.unknown, account.queued) == (4, 16)
    # Those in doubt are never sent again.
    here.provider.finishing = []
    assert here.deliver(send).submitted == 16
    assert len(set(here.provider.taken)) == len(here.provider.taken) == 20


def test_only_unknown_ones_in_a_row_stop_it(database: Database) -> None:
    here = bench(database, 9, Provider([UNKNOWN] * 3 + [Answer()] + [UNKNOWN] * 3, batch_size=1))
    account = here.deliver(here.freeze())
    assert (account.unknown, account.submitted) == (6, 3)


def test_each_connection_may_leave_one_more_in_doubt(database: Database) -> None:
    here = bench(database, 30, Provider([UNKNOWN] * 30, batch_size=1, connections=3))
    send = here.freeze()
    with pytest.raises(SendError):
        here.deliver(send)
    # Those that the other threads had under way come to their end.
    assert 6 <= here.account(send).unknown <= 8


def left_in_doubt(here: Bench) -> Any:
    """A send whose first batch was left by a process that died after its last byte."""
    send = here.freeze()
    with here.database.write() as connection:
        batch = ledger.claim(connection, send.id, lease=30, sender="scripted")
        assert batch is not None
        assert ledger.mark_submitting(connection, batch, skipped={}, lease=30)
    here.run("UPDATE batch SET lease_until = 1 WHERE lease_until IS NOT NULL")
    return send


def test_what_went_before_a_crash_is_found_and_the_rest_is_sent(database: Database) -> None:
    here = bench(database, 4, Provider(batch_size=3))
    send = left_in_doubt(here)
    old = here.ask("SELECT request_id FROM batch ORDER BY id")[0][0]
    first = [row[0] for row in here.ask("SELECT id FROM delivery ORDER BY id")][:3]
    here.provider.known = {f"{send.public_id}.{first[1]}", "somebody.else"}
    assert here.deliver(send).submitted == 4
    assert here.provider.asked == [{f"{send.public_id}.{one}" for one in first}]
    assert [parcel.delivery for parcel in here.provider.handed[0]] == [first[0], first[2]]
    assert here.provider.requests[0] != old
    assert here.told == [("submitted", 1), ("submitted", 2), ("submitted", 1)]


def test_what_a_provider_cannot_tell_is_unknown_for_good(database: Database) -> None:
    here = bench(database, 4, Provider(batch_size=3))
    send = left_in_doubt(here)
    account = here.deliver(send)
    assert (account.unknown, account.submitted) == (3, 1)
    assert here.provider.sizes == [1]
    assert here.told == [("unknown", 3), ("submitted", 1)]
    assert {token for _, token, _ in here.states()} == {None}


@pytest.mark.parametrize("began", ["smtp", None])
def test_what_another_provider_began_this_one_never_finishes(database: Database, began: str | None) -> None:
    here = bench(database, 4, Provider(batch_size=3))
    send = left_in_doubt(here)
    here.run("UPDATE batch SET sender = :began WHERE state = 'submitting'", began=began)
    here.provider.known = set()
    account = here.deliver(send)
    assert (account.unknown, account.submitted, here.provider.asked) == (3, 1, [])
    assert here.provider.sizes == [1]


def test_who_is_overtaken_while_asking_sends_nothing(database: Database) -> None:
    here = bench(database, 2)
    send = left_in_doubt(here)
    asking = Carrier.settle

    class Slow(Provider):
        def load(self, letter: Letter) -> Carrier:
            carrier = super().load(letter)

            def settle(names: Any) -> set[str] | None:
                here.run("UPDATE batch SET token = 'of another', lease_until = lease_until + 30")
                return asking(carrier, names)

            carrier.settle = settle  # type: ignore[method-assign]
            return carrier

    here.provider = Slow(known=set())
    here.on_sleep = lambda _: here.run("UPDATE batch SET state = 'submitted', token = NULL, lease_until = NULL")
    here.deliver(send)
    assert (here.provider.handed, here.total("submitted")) == ([], 0)


# Others stop it, or take over


def test_who_lost_the_lease_lets_no_byte_go(database: Database) -> None:
    here = bench(database, 4)
    here.provider.beginning = [
        lambda: here.run("UPDATE batch SET lease_until = 1 WHERE lease_until IS NOT NULL"),
    ]
    assert here.deliver(here.freeze()).submitted == 4
    assert here.provider.abandoned == 1
    assert len(here.provider.taken) == len(set(here.provider.taken)) == 4
    assert here.slept == []


def test_a_paused_send_stops_before_the_last_byte(database: Database) -> None:
    here = bench(database, 4)
    send = here.freeze()

    def pause() -> None:
        with Database(database.engine).write() as connection:
            ledger.move(connection, send, "paused")

    here.provider.beginning = [pause]
    account = here.deliver(send)
    assert (account.queued, here.provider.taken, here.provider.abandoned) == (4, [], 1)
    # It goes on at once when it is told to.
    assert {token for _, token, _ in here.states()} == {None}
    assert here.told == []
    assert here.slept == []


def test_it_waits_while_others_have_the_rest(database: Database) -> None:
    here = bench(database, 4)
    send = here.freeze()
    with database.write() as connection:
        other = ledger.claim(connection, send.id, lease=4.0)
        assert other is not None
    assert here.deliver(send).submitted == 4
    assert here.now == pytest.approx(4.0, abs=1.2)
    assert here.told[:2] == [("submitted", 2), ("waiting", 4)]
    assert all(0 < seconds <= 1.0 for seconds in here.slept)


def test_a_process_waits_for_its_own_threads_without_sleeping(database: Database) -> None:
    release = threading.Event()
    here = bench(database, 2, Provider([lambda: release.wait(120) and Answer()], connections=2))  # type: ignore[list-item,return-value,arg-type]
    here.on_tell = lambda state, _: None
    timer = threading.Timer(0.3, release.set)
    timer.start()
    began = time.monotonic()
    assert here.deliver(here.freeze()).submitted == 2
    timer.join()
    assert (here.slept, here.told) == ([], [("submitted", 2)])
    assert time.monotonic() - began < 60


def test_told_that_it_is_over_it_begins_nothing_and_lets_go_of_what_it_claimed(database: Database) -> None:
    here = bench(database, 6)
    over = threading.Event()
    send = here.freeze()

    def tell(_state: str, _count: int) -> None:
        over.set()
        time.sleep(0.3)

    here.on_tell = tell
    assert here.deliver(send, over).submitted == 2
    assert here.provider.sizes == [2]
    assert [(state, token) for state, token, _ in here.states()] == [
        ("submitted", None),
        ("queued", None),
        ("queued", None),
    ]
    assert here.provider.open == 0
    here.on_tell = lambda _state, _count: None
    assert here.deliver(send).submitted == 6
    assert here.slept == []


def test_an_interrupt_lets_what_is_under_way_come_to_its_end(database: Database) -> None:
    class Interrupted(threading.Event):
        """As Ctrl-C strikes while the threads are waited for."""

        looks = 0

        def is_set(self) -> bool:
            self.looks += 1
            if self.looks == 2:
                began.wait(120)
                raise KeyboardInterrupt
            return False

    began = threading.Event()

    def slow() -> Answer:
        began.set()
        time.sleep(0.4)
        return Answer()

    here = bench(database, 8, Provider([slow], batch_size=1))
    send = here.freeze()
    with pytest.raises(KeyboardInterrupt):
        here.deliver(send, Interrupted())
    # Nothing runs on behind the back of whoever called.
    assert here.provider.open == 0
    account = here.account(send)
    assert (account.submitted, account.submitting, account.queued) == (1, 0, 7)
    assert {token for _, token, _ in here.states()} == {None}


# Little at first, and a brake that belongs to the send


def test_the_first_request_is_small_and_alone_and_each_that_is_taken_doubles_the_next(database: Database) -> None:
    beginning, at_once, most = threading.Lock(), 0, 0

    def begins() -> None:
        nonlocal at_once, most
        with beginning:
            at_once += 1
            most = max(most, at_once if not here.provider.taken else 0)

    here = bench(database, 100, Provider(batch_size=32, connections=3, beginning=[begins] * 50), first_batch=4)
    assert here.deliver(here.freeze()).submitted == 100
    sizes = here.provider.sizes
    assert sizes[0] == 4
    assert sizes[1] <= 8
    assert max(sizes) <= 32
    assert most == 1
    assert len(here.provider.taken) == len(set(here.provider.taken)) == 100


def test_growth_is_regular_with_one_connection(database: Database) -> None:
    here = bench(database, 64, Provider(batch_size=16), first_batch=2)
    assert here.deliver(here.freeze()).submitted == 64
    # Each of the four batches is cut to what may go; what was left of the first ones comes at the end.
    assert here.provider.sizes == [2, 4, 8, 16, 14, 12, 8]


def test_after_a_request_without_an_answer_a_single_letter_goes(database: Database) -> None:
    here = bench(database, 64, Provider([Answer(), Answer(), UNKNOWN], batch_size=16), first_batch=4)
    account = here.deliver(here.freeze())
    assert (account.unknown, account.submitted) == (16, 48)
    assert here.provider.sizes[:6] == [4, 8, 16, 1, 2, 4]


def braked(here: Bench) -> tuple[Any, ...]:
    return tuple(here.ask("SELECT state, paused_by, reason, probes FROM send")[0])


def wait_for(here: Bench) -> float:
    now = f"SELECT probe_at - {CLOCK[here.database.engine.dialect.name]} FROM send"
    return float(here.ask(now)[0][0])


def test_what_stops_a_send_pauses_it_and_one_letter_lets_it_go_on(database: Database) -> None:
    blocked = Answer("queued", reason="554 blocked", stop=True, about="server")
    here = bench(database, 30, Provider([blocked], batch_size=10), first_batch=3)
    send = here.freeze()
    with pytest.raises(delivery.SendPausedError, match="554 blocked") as caught:
        here.deliver(send)
    assert caught.value.probe_at is not None
    assert braked(here) == ("paused", "provider", "554 blocked", 1)
    assert wait_for(here) == pytest.approx(60, abs=2)
    # Who may not try it before its time leaves it alone.
    with pytest.raises(delivery.SendPausedError, match="554 blocked") as early:
        delivery.run(here.setup, send, here.tell, at_once=False)
    assert (caught.value.tried, early.value.tried) == (True, False)
    assert here.provider.sizes == [3]
    for number, pause in enumerate((120, 240, 480), 2):
        here.provider.finishing = [blocked]
        with pytest.raises(delivery.SendPausedError):
            here.deliver(send)
        assert here.provider.sizes[-1] == 1
        assert braked(here) == ("paused", "provider", "554 blocked", number)
        assert wait_for(here) == pytest.approx(pause, abs=2)
    assert here.account(send) == SendCounts(queued=30, reasons={})
    here.run("UPDATE send SET probe_at = 1")
    assert delivery.run(here.setup, send, here.tell, at_once=False).submitted == 30
    # Every trial has left its letter in a batch of its own.
    assert here.provider.sizes[4] == 1
    assert sum(here.provider.sizes[4:]) == 30
    assert braked(here) == ("finished", "", "", 0)
    assert here.slept == []


@pytest.mark.parametrize("answer", [UNKNOWN, Answer("refused", reason="no such mailbox"), busy()])
def test_a_trial_that_is_not_taken_costs_one_letter_and_refuses_nobody(database: Database, answer: Answer) -> None:
    here = bench(database, 4, Provider([Answer("queued", reason="500", stop=True), answer], batch_size=4))
    send = here.freeze()
    for _ in range(2):
        with pytest.raises(delivery.SendPausedError):
            here.deliver(send)
    assert here.provider.sizes == [4, 1]
    account = here.account(send)
    assert (account.unknown, account.refused) == (int(answer is UNKNOWN), int(answer.state == "refused"))


@pytest.mark.parametrize("kind", [Provider, OneByOne])
def test_a_letter_that_is_refused_in_a_trial_makes_room_for_another(database: Database, kind: type[Provider]) -> None:
    about = Answer("queued", reason="400", about="address")
    here = bench(database, 3, kind([Answer("queued", reason="500", stop=True), about], batch_size=3))
    if isinstance(here.provider, OneByOne):
        here.provider.last = Answer("queued", reason="500", stop=True, about="address")
        here.provider.finishing = [about] * 4
    send = here.freeze()
    for _ in range(2):
        with pytest.raises(delivery.SendPausedError):
            here.deliver(send)
    if isinstance(here.provider, OneByOne):
        here.provider.last = None
    assert here.deliver(send).submitted == 3
    first, second, third = (parcels[0].delivery for parcels in here.provider.handed[:3])
    assert first == second != third
    assert here.slept == []


def test_only_one_tries_at_a_time(database: Database) -> None:
    here = bench(database, 4, Provider([Answer("queued", reason="500", stop=True)]))
    send = here.freeze()
    with pytest.raises(delivery.SendPausedError):
        here.deliver(send)
    here.run("UPDATE send SET probe_at = 1")
    seen: list[int] = []

    def another() -> None:
        before = len(here.provider.handed)
        with pytest.raises(delivery.SendPausedError) as caught:
            delivery.run(here.setup, send, here.tell, at_once=False)
        assert not caught.value.tried
        seen.append(len(here.provider.handed) - before)

    here.provider.beginning = [another]
    assert delivery.run(here.setup, send, here.tell, at_once=False).submitted == 4
    assert seen == [0]


@pytest.mark.parametrize("word", ["cancel", "pause"])
def test_an_editors_word_wins_over_a_trial(database: Database, word: str) -> None:
    here = bench(database, 4, Provider([Answer("queued", reason="500", stop=True)]))
    send = here.freeze()
    with pytest.raises(delivery.SendPausedError):
        here.deliver(send)

    def decide() -> None:
        state, by = ("cancelled", "") if word == "cancel" else ("paused", "editor")
        here.run("UPDATE send SET state = :state, paused_by = :by, reason = 'by hand'", state=state, by=by)

    here.provider.beginning = [decide]
    here.deliver(send)
    assert (here.provider.taken, here.provider.abandoned) == ([1, 2], 1)
    assert braked(here)[:3] == (("cancelled", "") if word == "cancel" else ("paused", "editor")) + ("by hand",)


def test_over_one_by_one_a_brake_is_tried_with_one_letter_too(database: Database) -> None:
    provider = OneByOne([busy(), busy(), busy(), busy(), Answer()], batch_size=6)
    provider.last = Answer("queued", reason="554 blocked", stop=True, about="server")
    here = bench(database, 6, provider)
    send = here.freeze()
    with pytest.raises(delivery.SendPausedError, match="554 blocked"):
        here.deliver(send)
    assert here.provider.sizes == [5]
    provider.finishing = [busy()]
    with pytest.raises(delivery.SendPausedError):
        here.deliver(send)
    provider.last = None
    assert here.deliver(send).submitted == 6
    # The letter of the trial that failed comes last.
    assert here.provider.sizes == [5, 1, 1, 3, 1]


# Halves


def mute(**more: Any) -> Answer:
    return Answer("queued", reason="400 Bad Request", about="address", **more)


class Picky(Provider):
    """Refuses every request with one of some addresses in it, and does not say why."""

    def __init__(self, poison: set[str], **more: Any) -> None:
        super().__init__(**more)
        self.poison = poison
        self.finishing = [self._answer] * 100_000  # type: ignore[list-item]

    def _answer(self) -> Answer:
        parcels = self.handed[-1]
        if not any(one.address in self.poison for one in parcels):
            return Answer()
        self.taken = [one for one in self.taken if one not in {parcel.delivery for parcel in parcels}]
        return mute(split=len(parcels) > 1)


@pytest.mark.parametrize("places", [(0, 1), (700, 1500), (3, 1999 - 700)])
def test_two_poison_addresses_among_2000_are_found_alone(database: Database, places: tuple[int, int]) -> None:
    if not database.is_sqlite:
        pytest.skip("the rule is the same")
    provider = Picky({f"reader{number}@example.net" for number in places}, batch_size=1000)
    here = bench(database, 2000, provider, put_off=3.0)
    account = here.deliver(here.freeze())
    assert (account.refused, account.submitted) == (2, 1998)
    print(f"{len(provider.handed)} requests for two mute poison addresses at {places} of 2,000")
    assert len(provider.handed) <= 60
    assert here.ask("SELECT count(*) FROM delivery WHERE state = 'refused' AND reason = '400 Bad Request'") == [(2,)]


def test_a_provider_that_refuses_everything_without_a_word_refuses_nobody(database: Database) -> None:
    here = bench(database, 200, Provider(batch_size=100))
    here.provider.finishing = [lambda: mute(split=len(here.provider.handed[-1]) > 1)] * 1000
    send = here.freeze()
    with pytest.raises(delivery.SendPausedError, match="requests were refused one after the other"):
        here.deliver(send)
    assert here.account(send) == SendCounts(queued=200, reasons={})
    assert len(here.provider.handed) <= 8


def test_a_glitch_of_seconds_refuses_nobody(database: Database) -> None:
    here = bench(database, 400, Provider(batch_size=50), put_off=3.0)
    steps: list[Any] = [Answer()] * 3 + [lambda: mute(split=len(here.provider.handed[-1]) > 1)] * 6 + [Answer()] * 99
    here.provider.finishing = steps
    assert here.deliver(here.freeze()).submitted == 400


# Letters that are put off


def test_each_letter_that_was_put_off_comes_again_at_its_own_time(database: Database) -> None:
    named = Answer("queued", reason="450 greylisted, come back in 40 seconds")
    here = bench(database, 5, OneByOne([busy(), Answer(), named, Answer()], batch_size=5))
    assert here.deliver(here.freeze()).submitted == 5
    # Nobody waits for them: the first is there after ten seconds, the other when it was told to be.
    assert here.provider.sizes == [5, 1, 1]
    assert here.now == pytest.approx(40, abs=2)


@pytest.mark.parametrize("worker", [False, True])
def test_who_only_waits_for_letters_that_were_put_off_is_told_when_to_come_back(
    database: Database, worker: bool
) -> None:
    later = Answer("queued", reason="450 try again in 10 minutes")
    here = bench(database, 2, OneByOne([Answer(), later]), patience=100)
    send = here.freeze()
    if not worker:
        with pytest.raises(delivery.LettersWaitingError, match=r"tried again from 09:(09:59|10)"):
            here.deliver(send)
    else:
        assert here.deliver(send, threading.Event()).queued == 1
    assert here.now < 5
    assert here.ask("SELECT state FROM send") == [("running",)]


def test_a_clock_that_was_set_back_keeps_nobody_waiting(database: Database) -> None:
    here = bench(database, 4)
    send = here.freeze()
    here.run("UPDATE batch SET lease_until = :far, token = 'of one who is gone'", far=9e9)
    assert here.deliver(send).submitted == 4
    assert here.slept == []


# The database is away


def test_a_mark_whose_answer_is_lost_lets_no_byte_go_and_the_batch_is_tried_again(database: Database) -> None:
    here = bench(database, 2)
    send = here.freeze()
    seen: list[tuple[str, int]] = []

    def lost() -> bool:
        marked = here.ask("SELECT state FROM batch")[0][0]
        seen.append((marked, here.provider.abandoned))
        return [state for state, _ in seen].count("submitting") == 1 and marked == "submitting"

    here.database.lost = lost
    assert here.deliver(send).submitted == 2
    # The provider need not wait until the database is back.
    assert seen[:3] == [("queued", 0), ("submitting", 0), ("queued", 1)]
    assert here.provider.abandoned == 1
    assert here.provider.sizes == [2, 2]
    assert len(here.provider.taken) == 2
    assert here.told == [("submitted", 2)]
    assert here.slept == []


def test_a_claim_whose_answer_is_lost_is_let_go_of_when_it_comes_again(database: Database) -> None:
    here = bench(database, 4)
    send = here.freeze()
    lost = iter([True])
    here.database.lost = lambda: next(lost, False)
    assert here.deliver(send).submitted == 4
    # No lease had to run out.
    assert here.now < 1
    assert here.told == [("submitted", 2), ("submitted", 2)]


def test_a_database_that_stays_away_is_told_and_not_asked_once_more(database: Database) -> None:
    here = bench(database, 4, patience=1.0)
    send = here.freeze()
    gone = threading.Event()
    here.database.away = gone.is_set
    here.provider.finishing = [lambda: gone.set() or Answer()]  # type: ignore[func-returns-value,list-item]
    here.on_sleep = lambda _: counted.append(here.database.writes)
    counted: list[int] = []
    with pytest.raises(DatabaseAwayError):
        here.deliver(send)
    # The last try was the last: what is still held runs out by itself.
    assert here.database.writes == counted[-1] + 1
    assert here.provider.open == 0


def test_trouble_with_letting_go_does_not_hide_what_went_wrong(database: Database) -> None:
    here = bench(database, 4)
    send = here.freeze()
    gone = threading.Event()
    here.database.away = gone.is_set

    def fails() -> None:
        gone.set()
        raise SendError("the disk is full")

    here.provider.beginning = [fails]
    with pytest.raises(SendError, match="the disk is full") as caught:
        here.deliver(send)
    assert not isinstance(caught.value, DatabaseAwayError)
    assert isinstance(caught.value, NashraError)


# Letters that go one by one


def test_letters_that_go_one_by_one_are_each_marked_and_answered(database: Database) -> None:
    provider = OneByOne([Answer(), Answer("refused", reason="no such mailbox"), UNKNOWN], batch_size=4)
    here = bench(database, 4, provider, lease=30.0)
    account = here.deliver(here.freeze())
    assert (account.submitted, account.refused, account.unknown) == (2, 1, 1)
    assert here.told == [("submitted", 1), ("refused", 1), ("unknown", 1), ("submitted", 1)]
    # Over one connection, since none is known to work.
    assert (provider.renew, provider.most) == ([10.0], [1])
    assert {(state, token) for state, token, _ in here.states()} == {("submitted", None)}
    assert here.slept == []


def test_one_by_one_too_who_left_is_left_out(database: Database) -> None:
    here = bench(database, 3, OneByOne(batch_size=3))
    send = here.freeze()
    with database.write() as connection:
        store.set_status(connection, here.readers[1], 1, "left", now=NOW)
    account = here.deliver(send)
    assert account == SendCounts(submitted=2, skipped=1, reasons={"no longer subscribed": 1})
    assert sorted(here.told) == [("skipped", 1), ("submitted", 1), ("submitted", 1)]


def test_one_that_is_wanted_later_waits_and_is_tried_again(database: Database) -> None:
    here = bench(database, 2, OneByOne([busy()]), put_off=3.0)
    assert here.deliver(here.freeze()).submitted == 2
    assert here.provider.sizes == [2, 1]
    assert here.now == pytest.approx(3.0, abs=1.1)
    assert here.told[:2] == [("submitted", 1), ("waiting", 3)]
    assert here.total("submitted") == 2


def test_one_by_one_nothing_taken_for_too_long_stops_the_send(database: Database, clock: SimpleNamespace) -> None:
    here = bench(database, 1, OneByOne([busy()] * 50), backoff=30.0, patience=100)
    here.on_sleep = lambda seconds: setattr(clock, "now", clock.now + seconds)
    send = here.freeze()
    with pytest.raises(SendError, match="try again") as caught:
        here.deliver(send)
    assert "run the same command again" in caught.value.mend
    assert 100 < here.now < 240
    assert here.account(send).queued == 1


def test_one_letter_that_is_taken_renews_the_patience_of_all(database: Database, clock: SimpleNamespace) -> None:
    def late(answer: Answer) -> Any:
        def act() -> Answer:
            clock.now += 60
            return answer

        return act

    here = bench(database, 3, OneByOne([late(busy()), late(Answer()), late(busy())], batch_size=3), patience=100)
    assert here.deliver(here.freeze()).submitted == 3


def test_one_by_one_what_must_be_mended_first_stops_at_once(database: Database) -> None:
    provider = OneByOne([busy()])
    provider.last = Answer("queued", reason="the password is wrong", stop=True)
    here = bench(database, 2, provider)
    send = here.freeze()
    with pytest.raises(SendError, match="the password is wrong"):
        here.deliver(send)
    assert [(state, token) for state, token, _ in here.states()] == [("queued", None)]
    # Nobody waits after it was mended.
    provider.last = None
    assert here.deliver(send).submitted == 2
    assert here.slept == []


def test_over_one_by_one_nothing_new_goes_and_what_is_in_the_air_is_written_down(database: Database) -> None:
    over = threading.Event()

    def ends() -> Answer:
        over.set()
        time.sleep(0.3)
        return Answer()

    here = bench(database, 3, OneByOne([ends], batch_size=3))
    send = here.freeze()
    account = here.deliver(send, over)
    assert (account.submitted, account.queued, account.submitting) == (1, 2, 0)
    assert len(here.provider.taken) == 1
    # The next run waits for nothing.
    assert here.states()[0][:2] == ("queued", None)
    assert here.ask("SELECT lease_until FROM batch") == [(None,)]


def test_a_paused_send_lets_no_further_letter_go(database: Database) -> None:
    here = bench(database, 3, OneByOne(batch_size=3))
    send = here.freeze()

    def pauses() -> Answer:
        with Database(database.engine).write() as connection:
            ledger.move(connection, send, "paused")
        return Answer()

    here.provider.finishing = [pauses]
    account = here.deliver(send)
    assert (account.submitted, account.queued) == (1, 2)


def test_letters_left_in_the_air_by_a_dead_process_are_unknown_and_told(database: Database) -> None:
    here = bench(database, 3, OneByOne(batch_size=3))
    send = here.freeze()
    with database.write() as connection:
        batch = ledger.claim(connection, send.id, lease=30)
        assert batch is not None
        first = ledger.deliveries(connection, batch.id)[0].id
        assert ledger.advance(connection, batch, answers={}, going=[first], marked=set(), lease=30) == {first}
    here.run("UPDATE batch SET lease_until = 1")
    account = here.deliver(send)
    assert (account.unknown, account.submitted) == (1, 2)
    assert here.told[0] == ("unknown", 1)
    assert first not in here.provider.taken


def test_one_by_one_the_connections_that_are_held_are_the_most(database: Database) -> None:
    provider = OneByOne(batch_size=2, sockets=4)
    here = bench(database, 4, provider, connections=3)
    assert here.deliver(here.freeze()).submitted == 4
    assert provider.most == [1, 3]
    assert here.ask("SELECT count(*) FROM seat WHERE token IS NOT NULL") == [(0,)]


# Limits that all processes share


def test_a_rate_limit_is_kept_by_waiting_and_what_is_not_used_is_given_back(database: Database) -> None:
    here = bench(database, 8, rate_limit=RateLimit(per_second=4))
    send = here.freeze()
    with database.write() as connection:
        store.set_status(connection, here.readers[0], 1, "left", now=NOW)
    assert here.setup.batch_size == 2
    assert here.deliver(send).submitted == 7
    # A bucket holds 4; the other three, without the one who left, take three quarters of a second.
    assert here.now == pytest.approx(0.75, abs=0.3)
    assert all(seconds <= 1.0 for seconds in here.slept)
    assert here.provider.sizes == [1, 2, 2, 2]
    (tokens_left,) = here.ask("SELECT tokens FROM pace")
    assert -0.1 <= float(tokens_left[0]) <= 2.5


def test_nothing_is_taken_from_the_limit_when_nothing_is_left_to_send(database: Database) -> None:
    here = bench(database, 2, rate_limit=RateLimit(per_second=4))
    send = here.freeze()
    here.deliver(send)
    before = here.ask("SELECT tokens FROM pace")
    here.deliver(send)
    assert here.ask("SELECT tokens FROM pace") == before


def test_a_long_wait_for_the_limit_is_taken_in_small_steps(database: Database) -> None:
    here = bench(database, 4, rate_limit=RateLimit(per_second=0.5))
    assert here.deliver(here.freeze()).submitted == 4
    # So that a pause, an end or another setting is felt.
    assert max(here.slept) == 1.0
    assert here.now == pytest.approx(4.0, abs=2.1)


def test_what_was_taken_for_a_batch_that_others_had_first_is_given_back(database: Database) -> None:
    here = bench(database, 2, rate_limit=RateLimit(per_second=4))
    send = here.freeze()
    transactions = itertools.count(1)

    def overtaken() -> bool:
        # Between the tokens and the claim.
        if next(transactions) == 2:
            with Database(database.engine).write() as connection:
                assert ledger.claim(connection, send.id, lease=30) is not None
        return False

    here.database.away = overtaken
    here.on_sleep = lambda _: here.run("UPDATE batch SET state = 'submitted', token = NULL, lease_until = NULL")
    here.deliver(send)
    assert here.provider.handed == []
    # Two of the four were taken; meanwhile some may have come back by themselves.
    assert here.ask("SELECT tokens FROM pace")[0][0] > 3.9


def test_connections_are_held_while_it_sends_and_given_back(database: Database) -> None:
    here = bench(database, 4, connections=3)
    held: list[int] = []
    here.provider.sockets = 2
    here.provider.beginning = [
        lambda: held.append(here.ask("SELECT count(*) FROM seat WHERE token IS NOT NULL")[0][0]),
    ]
    assert here.deliver(here.freeze()).submitted == 4
    assert held == [2]
    assert here.ask("SELECT count(*) FROM seat WHERE token IS NOT NULL") == [(0,)]


def test_without_a_connection_it_waits_and_keeps_none_open(database: Database) -> None:
    here = bench(database, 2, connections=1)
    send = here.freeze()
    with database.write() as connection:
        ledger.hold(connection, "scripted", connections=1, want=1, token="of another", lease=2.5)
    assert here.deliver(send).submitted == 2
    assert here.told == [("full", 1)] * 3 + [("submitted", 2)]
    assert here.slept == [1.0] * 3


@pytest.mark.parametrize(("seconds", "kept"), [(2.5, 1), (9.0, 0)])
def test_a_connection_that_others_may_want_rests_only_shortly(database: Database, seconds: float, kept: int) -> None:
    here = bench(database, 4, connections=1)
    send = here.freeze()
    with database.write() as connection:
        assert ledger.claim(connection, send.id, lease=seconds) is not None
    seen: list[tuple[int, int]] = []
    here.on_sleep = lambda _: seen.append(
        (here.provider.open, here.ask("SELECT count(*) FROM seat WHERE token IS NOT NULL")[0][0])
    )
    assert here.deliver(send).submitted == 4
    assert seen[0] == (kept, kept)
    assert here.provider.open == 0


# What a send does to the process it runs in


def test_the_collector_comes_less_often_while_something_is_sent(database: Database) -> None:
    before = gc.get_threshold()
    seen: list[int] = []
    here = bench(database, 2)
    here.provider.beginning = [lambda: seen.append(gc.get_threshold()[0])]
    here.deliver(here.freeze())
    assert seen == [50_000]
    assert gc.get_threshold() == before


@pytest.mark.parametrize(("own", "meanwhile"), [((900, 7, 5), 50_000), ((60_000, 10, 10), 60_000)])
def test_the_collector_is_left_as_it_was_when_several_sends_end_in_turn(
    own: tuple[int, int, int], meanwhile: int
) -> None:
    before = gc.get_threshold()
    gc.set_threshold(*own)
    try:
        one, two = delivery._fewer_collections(), delivery._fewer_collections()
        with one:
            assert gc.get_threshold() == (meanwhile, *own[1:])
            with two:
                assert gc.get_threshold()[0] == meanwhile
            assert gc.get_threshold()[0] == meanwhile
        assert gc.get_threshold() == own
        gc.disable()
        with delivery._fewer_collections():
            assert gc.get_threshold()[0] == 0
        gc.enable()
        assert gc.get_threshold() == own
    finally:
        gc.enable()
        gc.set_threshold(*before)


# A letter to try


@pytest.mark.parametrize("state", ["refused", "unknown", "queued"])
def test_a_test_letter_that_is_not_taken_is_said(database: Database, state: Any) -> None:
    here = bench(database, 1, Provider([Answer(state)]))
    with pytest.raises(SendError, match=f"the test letter to editor@example.org is {state}"):
        delivery.send_test(here.setup, LETTER, "editor@example.org")
    assert here.provider.open == 0


def test_a_test_letter_has_a_link_of_the_right_width_that_opens_nothing(database: Database) -> None:
    here = bench(database, 1)
    name = delivery.send_test(here.setup, LETTER, "editor@example.org")
    ((parcel,),) = here.provider.handed
    assert isinstance(parcel, Parcel)
    assert (parcel.delivery, parcel.name, parcel.address) == (0, name, "editor@example.org")
    assert name.startswith("test-")
    assert name.endswith(".0")
    assert len(parcel.slots[LEAVE]) == tokens.WIDTH
    assert here.provider.open == 0
    assert here.ask("SELECT count(*) FROM delivery") == [(0,)]


def test_the_last_batch_that_is_settled_between_two_looks_is_not_waited_for(database: Database) -> None:
    """One thread finds all that is left held; before it looks who holds it, that one is done."""

    here = bench(database, 5)
    send = here.freeze()
    run = delivery.Run(here.setup, send, lambda _state, _count: None)
    with here.database.write() as connection:
        while (batch := ledger.claim(connection, send.id, lease=30)) is not None:
            ledger.record(connection, batch, "submitted", {})
    assert run._worth_waiting()
