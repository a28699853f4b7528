"""Subjects tried on a part of an audience: drawn, held, decided, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, event, func, select
from test_ledger import query

from newsletter import ledger
from newsletter.delivery import deciding
from newsletter.ledger import Mailing, Send, trials, trying
from newsletter.ledger.drawing import ordered
from newsletter.ledger.trying import TrialTerms
from newsletter.storage.database import Database
from newsletter.storage.tables import batch, delivery, letter

NOW = datetime(2026, 11, 26, 10, tzinfo=UTC)
SEED = "00112233aabbccdd"
WORDS = ("ميناء جديد", "الميناء يفتح أبوابه")


def terms(subjects: tuple[str, ...] = WORDS, *, share: float = 0.2, least: int = 5, asks: bool = False) -> TrialTerms:
    return TrialTerms(subjects, share, least, timedelta(hours=2), asks)


def freeze(
    connection: Connection,
    readers: int = 100,
    *,
    how: TrialTerms | None = None,
    seed: str = SEED,
    key: str = "12",
    batch_size: int = 10,
    others: int = 0,
) -> Send:
    """A send to readers 1, 2, …, of whom the last ones have another variant."""
    how = how or terms()
    parts = [("", range(1, readers - others + 1)), *([("-1", range(readers - others + 1, readers + 1))] * bool(others))]
    mailings = []
    for variant, members in parts:
        audience = query(list(members))
        mailings += [
            Mailing(f"letter{variant} {words}", audience, variant, subject=number)
            for number, words in enumerate(how.subjects, 1)
        ]
        mailings.append(Mailing(f"letter{variant} {how.subjects[0]}", audience, variant, subject=1, held=True))
    return ledger.write_send(
        connection,
        mailings,
        key=key,
        list_id=1,
        rhythm="weekly",
        subject=how.subjects[0],
        batch_size=batch_size,
        now=NOW,
        public_id=seed,
        trial=how,
    )


def parts_of(connection: Connection, send: Send) -> dict[tuple[int, int], list[int]]:
    """Subject and held to the readers."""
    rows = connection.execute(
        select(letter.c.subject, batch.c.held, delivery.c.subscriber_id)
        .join(batch, batch.c.letter_id == letter.c.id)
        .join(delivery, delivery.c.batch_id == batch.c.id)
        .where(batch.c.send_id == send.id)
        .order_by(delivery.c.subscriber_id)
    )
    found: dict[tuple[int, int], list[int]] = {}
    for subject, held, reader in rows:
        found.setdefault((subject, held), []).append(reader)
    return found


def test_everybody_has_one_delivery_and_the_sample_is_that_of_the_seed(connection: Connection) -> None:
    send = freeze(connection)
    parts = parts_of(connection, send)
    assert send.audience == 100
    assert sorted(reader for part in parts.values() for reader in part) == list(range(1, 101))
    order = ordered(range(1, 101), SEED)
    assert parts[1, 0] == sorted(order[0:20:2])
    assert parts[2, 0] == sorted(order[1:20:2])
    assert parts[1, 1] == sorted(order[20:])
    # Of a fixed seed, so that another version of the program draws the same.
    assert order[:8] == [66, 55, 97, 12, 35, 78, 61, 63]


def test_an_order_is_another_for_every_send_and_leaves_nobody_out() -> None:
    one, other = ordered(range(1, 2001), SEED), ordered(range(1, 2001), "ffeeddccbbaa9988")
    assert sorted(one) == sorted(other) == list(range(1, 2001))
    assert one != other
    assert one == ordered(range(2000, 0, -1), SEED)
    # As good as random: of the first half about half are among the first half of the ids.
    assert 440 < sum(reader <= 1000 for reader in one[:1000]) < 560


def test_letters_that_a_server_put_off_keep_nobody_waiting(connection: Connection) -> None:
    send = freeze(connection)
    while (one := ledger.claim(connection, send.id, lease=60)) is not None:
        late = one.id == 1
        ledger.record(connection, one, "queued" if late else "submitted", {}, pause=900.0 if late else 0.0)
        trying.rest(connection, send.id, NOW)
    (result,) = trials.of_issue(connection, "12")
    # It runs on for the one batch that is tried again, and the hour stands.
    assert result.decide_at == NOW + timedelta(hours=2)
    assert ledger.state_of(connection, send.id) == "running"
    assert trying.due(connection, NOW + timedelta(hours=2)) == [send.id]
    (decided,) = deciding.decide_due(connection, NOW + timedelta(hours=2))
    assert decided.proposed == 1
    assert ledger.free(connection, send.id)
    # Its hour is set once.
    trying.rest(connection, send.id, NOW + timedelta(hours=3))
    assert trying.due(connection, NOW + timedelta(hours=9)) == []


def test_what_nobody_has_tried_yet_sets_no_hour(connection: Connection) -> None:
    send = freeze(connection)
    held = ledger.claim(connection, send.id, lease=60)
    assert held is not None
    ledger.record(connection, held, "submitted", {})
    trying.rest(connection, send.id, NOW)
    last = ledger.claim(connection, send.id, lease=60)
    assert last is not None
    # Somebody holds the last one.
    trying.rest(connection, send.id, NOW)
    (result,) = trials.of_issue(connection, "12")
    assert result.decide_at is None
    assert ledger.state_of(connection, send.id) == "running"


def test_a_clock_that_was_set_back_makes_nobody_wait_longer(connection: Connection) -> None:
    send = freeze(connection)
    while (one := ledger.claim(connection, send.id, lease=60)) is not None:
        ledger.record(connection, one, "submitted", {})
    trying.rest(connection, send.id, NOW)
    assert trying.due(connection, NOW - timedelta(minutes=1)) == []
    before = NOW - timedelta(days=3)
    # Not at once either: by that clock nobody knows how long the sample has been out.
    assert deciding.decide_due(connection, before) == []
    (result,) = trials.of_issue(connection, "12")
    assert result.decide_at == before + timedelta(hours=2)
    waiting = ledger.send(connection, send.id)
    assert waiting is not None
    assert waiting.probe_at == result.decide_at
    assert trying.due(connection, before + timedelta(minutes=119)) == []
    assert len(deciding.decide_due(connection, before + timedelta(hours=2))) == 1


def test_a_provider_that_stops_the_sample_stops_no_trial(connection: Connection) -> None:
    send = freeze(connection)
    ledger.stop(connection, send.id, "it takes nothing")
    trying.rest(connection, send.id, NOW)
    assert trying.due(connection, NOW + timedelta(days=1)) == []
    stopped = ledger.send(connection, send.id)
    assert stopped is not None
    assert (stopped.state, stopped.paused_by) == ("paused", "provider")
    assert ledger.take_over(connection, stopped, "smtp other") is True
    while (one := ledger.claim(connection, send.id, lease=60)) is not None:
        ledger.record(connection, one, "submitted", {})
    trying.rest(connection, send.id, NOW)
    (decided,) = deciding.decide_due(connection, NOW + timedelta(hours=2))
    assert decided.chosen == 0
    again = ledger.send(connection, send.id)
    assert again is not None
    assert (again.state, again.sender) == ("running", "smtp other")


def test_who_had_it_already_is_neither_drawn_nor_held(connection: Connection) -> None:
    first = freeze(connection, 40, how=terms(share=0.5), key="12")
    ledger.cancel(connection, first)
    # Nobody has it: all 40 are there again.
    again = freeze(connection, 40, how=terms(share=0.5), seed="99112233aabbccdd")
    assert again.audience == 40
    while (one := ledger.claim(connection, again.id, lease=60)) is not None:
        ledger.record(connection, one, "submitted", {})
    ledger.cancel(connection, again)
    rest = freeze(connection, 40, how=terms(), seed="88112233aabbccdd")
    parts = parts_of(connection, rest)
    assert sorted(reader for part in parts.values() for reader in part) == sorted(parts_of(connection, again)[1, 1])
    assert {name: len(part) for name, part in parts.items()} == {(1, 0): 5, (2, 0): 5, (1, 1): 10}


@pytest.mark.parametrize(
    ("readers", "how", "each"),
    [
        (100, terms(), 10),
        (99, terms(), 10),
        (11, terms(), 5),
        (10, terms(), 0),
        (3, terms(), 0),
        (1000, terms(("a", "b", "c")), 67),
        (4000, terms(least=500), 500),
        (10_000, terms(least=500), 1000),
        (1000, terms(least=500), 0),
    ],
)
def test_how_many_get_each_subject(readers: int, how: TrialTerms, each: int) -> None:
    assert how.readers(readers) == each


def test_too_few_readers_all_get_the_first_subject(connection: Connection) -> None:
    send = freeze(connection, 10)
    assert parts_of(connection, send) == {(0, 0): list(range(1, 11))}
    assert trials.of_send(connection, send.id) is None
    assert trials.of_issue(connection, "12") == []
    assert connection.execute(select(func.count()).select_from(letter)).scalar_one() == 1
    batches = [ledger.claim(connection, send.id, lease=60) for _ in range(2)]
    assert [one is not None for one in batches] == [True, False]


def test_what_is_held_is_free_for_nobody_and_gets_the_letter_of_its_variant(connection: Connection) -> None:
    send = freeze(connection, 200, others=60)
    result = trials.of_send(connection, send.id)
    assert result is not None
    assert [one.readers for one in result.subjects] == [20, 20]
    assert (result.rest, result.chosen, result.decide_at) == (160, 0, None)
    while (one := ledger.claim(connection, send.id, lease=60)) is not None:
        ledger.mark_submitting(connection, one, skipped={}, lease=60)
        ledger.record(connection, one, "submitted", {})
    assert ledger.account(connection, send.id).submitted == 40
    assert ledger.finish(connection, send.id, now=NOW) is False
    assert ledger.waiting(connection, send.id) is None
    trying.rest(connection, send.id, NOW)
    resting = ledger.send(connection, send.id)
    assert resting is not None
    assert (resting.state, resting.paused_by) == ("paused", "trial")
    assert resting.probe_at == NOW + timedelta(hours=2)
    assert trying.due(connection, NOW + timedelta(minutes=119)) == []
    assert trying.due(connection, NOW + timedelta(hours=2)) == [send.id]
    result = trials.of_send(connection, send.id)
    assert result is not None
    assert [one.sent for one in result.subjects] == [20, 20]
    assert trials.decide(connection, result, 2, by="editor", now=NOW) is True
    assert trials.decide(connection, result, 1, by="editor", now=NOW) is False
    again = ledger.send(connection, send.id)
    assert again is not None
    assert (again.state, again.paused_by, again.subject) == ("running", "", WORDS[1])
    rows = connection.execute(
        select(letter.c.variant, letter.c.subject, func.count())
        .join(batch, batch.c.letter_id == letter.c.id)
        .join(delivery, delivery.c.batch_id == batch.c.id)
        .where(batch.c.state == "queued", batch.c.held == 0)
        .group_by(letter.c.variant, letter.c.subject)
    ).all()
    assert {(variant, subject) for variant, subject, _ in rows} == {("", 2), ("-1", 2)}
    assert sum(number for _, _, number in rows) == 160
    (decided,) = trials.of_issue(connection, "12")
    assert (decided.chosen, decided.decided_by, decided.decided_at) == (2, "editor", NOW)
    assert [one.sent for one in decided.subjects] == [20, 20]


def test_who_looks_while_another_decides_does_not_let_the_send_rest_again(database: Database) -> None:
    """Between two statements of one transaction PostgreSQL lets the other's be committed."""
    with database.write() as connection:
        send = freeze(connection)
        while (one := ledger.claim(connection, send.id, lease=60)) is not None:
            ledger.record(connection, one, "submitted", {})

    def decide() -> None:
        with database.write() as connection:
            result = trials.of_send(connection, send.id)
            assert result is not None
            assert trials.decide(connection, result, 2, by="editor", now=NOW)

    deciding_now = threading.Thread(target=decide)

    def before(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("UPDATE send") and not deciding_now.ident:
            deciding_now.start()
            deciding_now.join(0.3)  # as long as it may: it waits for us

    with database.write() as connection:
        event.listen(connection, "before_cursor_execute", before)
        trying.rest(connection, send.id, NOW)
    deciding_now.join()
    with database.read() as connection:
        assert ledger.state_of(connection, send.id) == "running"
        assert ledger.free(connection, send.id)


def test_some_get_another_letter_than_their_batch_while_nobody_has_it_in_hand(connection: Connection) -> None:
    send = freeze(connection, how=terms(WORDS[:1]))
    in_hand = ledger.claim(connection, send.id, lease=60)
    assert in_hand is not None
    beside: list[str] = []

    def letter_for(letter_id: int) -> int | None:
        def direct(text: str) -> str:
            beside.append(text)
            return f"{text}!"

        return ledger.letter_beside(connection, letter_id, "direct", direct)

    who = select(delivery.c.subscriber_id).where(delivery.c.subscriber_id.in_((3, 15, 16, 27)))
    assert ledger.take_apart(connection, send.id, who, letter_for) == 3
    assert len(set(beside)) == 1
    rows = connection.execute(
        select(delivery.c.subscriber_id, letter.c.variant)
        .join(batch, batch.c.id == delivery.c.batch_id)
        .join(letter, letter.c.id == batch.c.letter_id)
    ).all()
    assert sorted(reader for reader, variant in rows if variant == "direct") == [15, 16, 27]
    assert len(rows) == 100
    # Those who have it are left alone the next time.
    assert ledger.take_apart(connection, send.id, who, lambda _: None) == 0
    sent = 0
    ledger.record(connection, in_hand, "submitted", {})
    while (one := ledger.claim(connection, send.id, lease=60)) is not None:
        sent += len(ledger.deliveries(connection, one.id))
        ledger.record(connection, one, "submitted", {})
    assert sent == 90
    assert ledger.finish(connection, send.id, now=NOW)
