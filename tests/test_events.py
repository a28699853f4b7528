"""Events of providers: genuine ones only, each with one effect, in whatever order they come."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from sqlalchemy.event import listen
from test_ledger import claim, freeze
from who_may import eligible

from newsletter import ledger
from newsletter.delivery.names import name_of
from newsletter.events import apply
from newsletter.events.apply import ReportOutcome
from newsletter.events.hook import report_hook
from newsletter.ledger import Batch, Send
from newsletter.senders.reports import EventReport
from newsletter.senders.sendgrid.events import SIGNATURE, TIMESTAMP, SignedReports, genuine, reports
from newsletter.storage import tables
from newsletter.storage.database import Database, open_database
from newsletter.storage.tables import batch as batches
from newsletter.storage.tables import delivery as deliveries
from subscribers import actions, store
from subscribers.models import Event
from subscribers.store import tables as readers

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
KEYS, LINKS = {1: b"k" * 32}, {1: b"l" * 32}
Workspace = tuple[Path, dict[str, str]]
"""A database to be copied, and names that events may be about, each with the attempt that its batch is at."""
KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = base64.b64encode(KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def signed(body: bytes, timestamp: str = "1795503600", key: ec.EllipticCurvePrivateKey = KEY) -> dict[str, str]:
    signature = key.sign(timestamp.encode() + body, ec.ECDSA(SHA256()))
    return {SIGNATURE: base64.b64encode(signature).decode(), TIMESTAMP: timestamp}


@pytest.fixture
def send(database: Database) -> Send:
    """A send of issue 12 to seven subscribers, not yet gone."""
    with database.write() as connection:
        store.add_list(connection, "readers", "الموجة", now=NOW)
        for number in range(1, 8):
            actions.add_subscriber(connection, f"reader{number}@example.net", "readers", now=NOW)
        return freeze(connection, size=10)


def submitting(database: Database, send: Send) -> Batch:
    with database.write() as connection:
        batch = claim(connection, send)
        assert ledger.mark_submitting(connection, batch, skipped={}, lease=30)
        return batch


def submit(database: Database, send: Send, state: str = "submitted") -> Batch:
    batch = submitting(database, send)
    with database.write() as connection:
        ledger.record(connection, batch, state, {})
    return batch


def item(send: Send, delivery: int, event: str, *, minute: int = 0, request: str = "", **fields: Any) -> dict[str, Any]:
    moment = int((NOW + timedelta(minutes=minute)).timestamp())
    return {
        "email": f"reader{delivery}@example.net",
        "timestamp": moment,
        "event": event,
        "sg_event_id": random.randbytes(8).hex(),  # as reported, it differs each time the same event is told
        "nashra_delivery": f"{send.public_id}.{delivery}",
        "nashra_request": request,
        **fields,
    }


def receive(database: Database, *items: dict[str, Any]) -> ReportOutcome:
    body = json.dumps(items).encode()
    return apply.receive(database, reports(body), now=NOW, link_keys=LINKS, suppression_keys=KEYS, count_clicks=True)


def suppressed(database: Database) -> int:
    with database.read() as connection:
        return sum(store.suppressions(connection).values())


def test_each_of_the_providers_words_has_one_of_ours(send: Send) -> None:
    items = [
        item(send, 1, "processed"),
        item(send, 1, "delivered"),
        item(send, 1, "deferred", response="later"),
        item(send, 1, "bounce", type="bounce", reason="550"),
        item(send, 1, "bounce", type="blocked", reason="554"),
        item(send, 1, "dropped", reason="Bounced Address"),
        item(send, 1, "dropped", reason="Invalid SMTPAPI header"),
        item(send, 1, "dropped", reason="Spam Reporting Address"),
        item(send, 1, "dropped", reason="Unsubscribed Address"),
        item(send, 1, "dropped", reason="Recipient List over Package Quota"),
        item(send, 1, "spamreport"),
        item(send, 1, "open"),
        item(send, 1, "click", url="https://example.org/a"),
        item(send, 1, "unsubscribe"),
        item(send, 1, "group_unsubscribe"),
        item(send, 1, "something_new"),
    ]
    understood = [(one.event.kind, one.event.bounce) for one in reports(json.dumps(items).encode())]
    assert understood == [
        ("unknown", None),
        ("delivered", None),
        ("deferred", None),
        ("bounced", "hard"),
        ("bounced", "blocked"),
        ("bounced", "hard"),
        ("bounced", "policy"),
        ("complained", None),
        ("left", None),
        ("bounced", "policy"),
        ("complained", None),
        ("opened", None),
        ("clicked", None),
        ("left", None),
        ("left", None),
        ("unknown", None),
    ]


def test_a_repeated_event_changes_nothing(database: Database, send: Send) -> None:
    submit(database, send)
    bounce = item(send, 1, "bounce", type="bounce")
    assert receive(database, bounce, bounce) == ReportOutcome(new=1, known=1)
    assert receive(database, bounce) == ReportOutcome(known=1)
    assert receive(database, {**bounce, "sg_event_id": "another"}) == ReportOutcome(known=1)
    assert suppressed(database) == 1


def test_a_hard_bounce_and_a_complaint_suppress_and_leaving_leaves(database: Database, send: Send) -> None:
    submit(database, send)
    receive(database, item(send, 1, "bounce"), item(send, 2, "spamreport"), item(send, 3, "unsubscribe"))
    assert suppressed(database) == 2
    with database.read() as connection:
        left = store.subscription_of(connection, 3, 1)
        assert left is not None
        assert left.status == "left"
        assert set(eligible(connection, 1, range(1, 8), NOW)) == {4, 5, 6, 7}


@pytest.mark.slow
@given(order=st.permutations(range(5)))
def test_order_does_not_matter(order: list[int]) -> None:
    database = open_database("sqlite:///:memory:")
    with database.write() as connection:
        readers.metadata.create_all(connection)
        tables.metadata.create_all(connection)
        store.add_list(connection, "readers", "الموجة", now=NOW)
        actions.add_subscriber(connection, "reader1@example.net", "readers", now=NOW)
        send = freeze(connection, audience=[1])
    submit(database, send)
    items = [
        item(send, 1, "processed"),
        item(send, 1, "delivered", minute=1),
        item(send, 1, "open", minute=2),
        item(send, 1, "click", minute=3, url="https://example.org/a"),
        item(send, 1, "spamreport", minute=4),
    ]
    for index in order:
        receive(database, items[index])
    with database.read() as connection:
        kinds = set(connection.execute(select(tables.event.c.kind)).scalars())
        assert kinds == {"unknown", "delivered", "complained"}
        assert ledger.account(connection, send.id).submitted == 1
    assert suppressed(database) == 1
    database.close()


def test_an_event_settles_the_whole_request_it_came_from(database: Database, send: Send) -> None:
    batch = submit(database, send, "unknown")
    with database.read() as connection:
        assert len(ledger.unknown_deliveries(connection, send.id)) == 7
    receive(database, item(send, 3, "processed", request=batch.request_id))
    with database.read() as connection:
        assert ledger.account(connection, send.id).submitted == 7
        assert ledger.unknown_deliveries(connection, send.id) == []


def test_an_event_of_another_attempt_proves_only_its_own_delivery(database: Database, send: Send) -> None:
    submit(database, send, "unknown")
    receive(database, item(send, 3, "delivered", request="an older one"))
    with database.read() as connection:
        account = ledger.account(connection, send.id)
    assert (account.submitted, account.unknown) == (1, 6)


def test_an_event_that_comes_before_the_answer_outlives_a_lost_answer(database: Database, send: Send) -> None:
    batch = submitting(database, send)
    receive(database, item(send, 1, "processed", request=batch.request_id))
    with database.write() as connection:
        assert ledger.account(connection, send.id).submitted == 7
        assert ledger.claim(connection, send.id, lease=30) is None
        ledger.record(connection, batch, "submitted", {})
        assert ledger.account(connection, send.id).submitted == 7


def test_what_the_editor_sends_again_is_not_sent_to_whom_an_event_proves_it(database: Database, send: Send) -> None:
    batch = submit(database, send, "unknown")
    with database.write() as connection:
        assert ledger.finish(connection, send.id, now=NOW)
        assert ledger.resend_unknown(connection, send.id) == 7
        assert ledger.state_of(connection, send.id) == "running"
    receive(database, item(send, 3, "delivered", request=batch.request_id))
    with database.write() as connection:
        again = claim(connection, send)
        assert [one.subscriber_id for one in ledger.deliveries(connection, again.id)] == [1, 2, 4, 5, 6, 7]


def test_the_editor_may_accept_what_is_unknown(database: Database, send: Send) -> None:
    submit(database, send, "unknown")
    with database.write() as connection:
        assert ledger.accept_unknown(connection, send.id) == 7
        account = ledger.account(connection, send.id)
        assert (account.submitted, account.unknown) == (7, 0)
        assert account.reasons == {"accepted by the editor": 7}
        assert ledger.accept_unknown(connection, send.id) == 0


@pytest.mark.parametrize("name", ["", "x", "ffffffffffffffff.1", "{}.99999", "{}.x", "{}.1.1", "{}." + "9" * 40])
def test_events_about_nothing_of_ours_change_nothing(database: Database, send: Send, name: str) -> None:
    submit(database, send)
    strange = {**item(send, 1, "bounce"), "nashra_delivery": name.format(send.public_id)}
    assert replace(receive(database, strange), unknown_sends={}) == ReportOutcome(strange=1)
    assert suppressed(database) == 0


# After a backup was put back: events of sends that the database does not know


LOST = "0123456789abcdef"


def lost(public_id: str, delivery: int, event: str) -> dict[str, Any]:
    return {"email": f"reader{delivery}@example.net", "timestamp": int(NOW.timestamp()), "event": event} | {
        "nashra_delivery": f"{public_id}.{delivery}",
        "sg_event_id": random.randbytes(8).hex(),
    }


def test_events_of_an_unknown_send_are_counted_and_nobody_is_named(database: Database, send: Send) -> None:
    submit(database, send)
    came = receive(
        database,
        lost(LOST, 1, "delivered"),
        lost(LOST, 2, "delivered"),
        lost(LOST, 2, "spamreport"),
        lost("fedcba9876543210", 5, "delivered"),
        item(send, 1, "delivered"),
        # Of this send, but no delivery of it; of a test letter; of somebody else's program.
        {**item(send, 1, "delivered"), "nashra_delivery": f"{send.public_id}.999"},
        lost("test-0123456789abcdef", 0, "delivered"),
        {**lost(LOST, 1, "delivered"), "nashra_delivery": "order-77"},
    )
    assert came.unknown_sends == {LOST: 3, "fedcba9876543210": 1}
    assert (came.new, came.strange) == (1, 7)
    with database.read() as connection:
        one, other = ledger.unknown_sends(connection)
        rows = [str(row) for row in connection.execute(select(tables.cursor))]
    assert (one.public_id, one.events, one.since, one.latest) == (LOST, {"delivered": 2, "complained": 1}, NOW, NOW)
    assert other.events == {"delivered": 1}
    assert not any("example.net" in row or f"{LOST}." in row for row in rows)
    receive(database, lost(LOST, 3, "bounce"))
    with database.write() as connection:
        assert ledger.unknown_sends(connection)[0].events == {"delivered": 2, "complained": 1, "bounced": 1}
        ledger.forget_unknown_sends(connection)
        assert ledger.unknown_sends(connection) == []


def test_no_more_than_a_few_unknown_sends_are_kept_apart(database: Database, send: Send) -> None:
    for start in range(0, 200, 40):
        receive(database, *(lost(f"{number:016x}", 1, "delivered") for number in range(start, start + 40)))
    with database.read() as connection:
        found = {one.public_id: one.events["delivered"] for one in ledger.unknown_sends(connection)}
    assert len(found) == 51
    assert found["others"] == 150
    assert sum(found.values()) == 200


def test_many_web_workers_count_unknown_sends_together(database: Database, send: Send) -> None:
    def tell(number: int) -> None:
        receive(database, lost(LOST, number, "delivered"), lost("fedcba9876543210", number, "delivered"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(tell, range(40)))
    with database.read() as connection:
        assert [one.events for one in ledger.unknown_sends(connection)] == [{"delivered": 40}] * 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bounces", "complaints", "state", "words"),
    [(10, 0, "running", ""), (11, 0, "paused", "11 of 200"), (0, 1, "paused", "1 of 200"), (0, 0, "running", "")],
)
def test_a_send_that_hurts_pauses_itself(
    database: Database, bounces: int, complaints: int, state: str, words: str
) -> None:
    with database.write() as connection:
        store.add_list(connection, "readers", "الموجة", now=NOW)
        for number in range(1, 301):
            actions.add_subscriber(connection, f"reader{number}@example.net", "readers", now=NOW)
        send = freeze(connection, audience=range(1, 301), size=200)
    submit(database, send)
    items = [item(send, number, "bounce" if number <= bounces else "delivered") for number in range(1, 201)]
    items += [item(send, number, "spamreport", minute=1) for number in range(100, 100 + complaints)]
    received = receive(database, *items)
    with database.read() as connection:
        assert ledger.state_of(connection, send.id) == state
        (kept,) = ledger.sends(connection)
    assert len(received.paused) == (state == "paused")
    assert all(words in reason for reason in received.paused)
    assert kept.reason == "".join(received.paused)


# ---- many at once


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Two sends of which every batch is in another state, and two small letters; to be copied."""
    path = tmp_path_factory.mktemp("events") / "newsletter.db"
    database = open_database(f"sqlite:///{path}")
    with database.write() as connection:
        readers.metadata.create_all(connection)
        tables.metadata.create_all(connection)
        store.add_list(connection, "readers", "الموجة", now=NOW)
        for number in range(1, 13):
            actions.add_subscriber(connection, f"reader{number}@example.net", "readers", now=NOW)
        letters = [store.queue_letter(connection, "welcome", number, 1, now=NOW) for number in (1, 2)]
        store.claim_letters(connection, token="t", now=NOW, lease=timedelta(seconds=30))
        store.submitting_letter(connection, letters[0], token="t", now=NOW)
        sends = freeze(connection, audience=range(1, 11), size=2), freeze(connection, key="13", audience=range(1, 4))
        for number, state in enumerate(("submitted", "unknown", "queued", "submitting", "refused", "unknown"), start=1):
            mine = batches.c.id == number
            connection.execute(update(batches).where(mine).values(state=state, request_id=f"request {number}"))
        for number, state in ((1, "skipped"), (6, "unknown"), (9, "queued"), (10, "submitting"), (13, "refused")):
            mine = deliveries.c.id == number
            connection.execute(update(deliveries).where(mine).values(state=state, reason="why"))
        of = dict(connection.execute(select(deliveries.c.id, batches.c.request_id).join(batches)).all())
    database.close()
    names = {f"{sends[number > 10].public_id}.{number}": of[number] for number in range(1, 14)}
    strange = (f"{sends[1].public_id}.1", name_of(99, LINKS), "x.1", "")  # the first is of the other send
    return path, {**names, **dict.fromkeys([*(name_of(letter, LINKS) for letter in letters), *strange], "")}


def contents(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with database.read() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for wing in (tables, readers)
            for table in wing.metadata.sorted_tables
        }


def told_in(workspace: Workspace, items: list[dict[str, Any]], size: int) -> tuple[list[int], dict[str, Any]]:
    """What comes of these when they are told in requests of this size: the counts, and every row."""
    counts = [0, 0, 0]
    with TemporaryDirectory() as folder:
        database = open_database(f"sqlite:///{copyfile(workspace[0], f'{folder}/newsletter.db')}")
        for start in range(0, len(items), size):
            one = receive(database, *items[start : start + size])
            counts = [sum(pair) for pair in zip(counts, (one.new, one.known, one.strange), strict=True)]
        rows = contents(database)
        database.close()
    return counts, rows


@pytest.mark.slow
@settings(max_examples=25)
@given(data=st.data(), size=st.integers(2, 12))
def test_told_together_or_one_by_one_comes_to_the_same(workspace: Workspace, data: st.DataObject, size: int) -> None:
    words: list[dict[str, str]] = [
        {"event": "processed"},
        {"event": "delivered"},
        {"event": "deferred"},
        {"event": "bounce", "type": "bounce"},
        {"event": "bounce", "type": "blocked"},
        {"event": "dropped", "reason": "Invalid"},
        {"event": "spamreport"},
        {"event": "unsubscribe"},
        {"event": "open"},
        {"event": "click", "url": "https://example.org/a"},
        {"event": "click", "url": "https://example.org/b"},
        {"event": "something_new"},
    ]
    item = st.builds(
        lambda word, minute, name, request: {
            **word,
            "timestamp": int(NOW.timestamp()) + 60 * minute,
            "nashra_delivery": name,
            "nashra_request": workspace[1][name] if request == "its own" else request,
        },
        st.sampled_from(words),
        st.integers(0, 1),
        st.sampled_from([*workspace[1]]),
        st.sampled_from(["its own", "an older one", ""]),
    )
    items = data.draw(st.lists(item, min_size=1, max_size=30))
    # Told again, in between and within the same request.
    items += data.draw(st.lists(st.sampled_from(items), max_size=5))
    counts, rows = told_in(workspace, items, 1)
    assert told_in(workspace, items, len(items)) == (counts, rows)
    assert told_in(workspace, items, size) == (counts, rows)
    # The sums are what the kept events say.
    for send in rows["send"]:
        of_send = {row[0] for row in rows["delivery"] if batch_of(rows, row[3])[1] == send[0]}
        kept = [row for row in rows["event"] if row[0] in of_send]
        answered = {row[0] for row in kept if row[1] in {"delivered", "bounced"}}
        bounced = {row[0] for row in kept if row[3] in {"hard", "invalid"}}
        complained = {row[0] for row in kept if row[1] == "complained"}
        assert send[-3:] == (len(answered), len(bounced), len(complained))


def batch_of(rows: dict[str, Any], batch_id: int) -> tuple[Any, ...]:
    return next(tuple(row) for row in rows["batch"] if row[0] == batch_id)


def sums(database: Database) -> tuple[int, int, int]:
    with database.read() as connection:
        query = select(tables.send.c.answered, tables.send.c.bounced, tables.send.c.complained)
        answered, bounced, complained = connection.execute(query).one()
    return answered, bounced, complained


def test_a_reader_counts_once_in_each_sum(database: Database, send: Send) -> None:
    submit(database, send)
    words = ("delivered", "bounce", "dropped", "spamreport")
    items = [item(send, 1, word, minute=minute, reason="Invalid") for minute in range(3) for word in words]
    assert receive(database, *items, item(send, 2, "spamreport")).new == len(items) + 1 - 3  # bounced is told twice
    assert sums(database) == (1, 1, 2)
    assert receive(database, item(send, 1, "bounce", minute=9), item(send, 1, "spamreport", minute=9)).new == 2
    assert sums(database) == (1, 1, 2)


def test_each_event_of_a_report_sees_what_the_earlier_ones_proved(database: Database, send: Send) -> None:
    batch = submit(database, send, "unknown")
    older = item(send, 1, "delivered", request="an older one")
    receive(
        database,
        older,
        item(send, 2, "open", request=batch.request_id),
        {**older, "nashra_delivery": f"{send.public_id}.3"},
    )
    with database.read() as connection:
        assert connection.execute(select(batches.c.state)).scalars().all() == ["submitted"]
        # The others had nothing left to prove: their batch had been.
        own = select(deliveries.c.id).where(deliveries.c.state == "submitted")
        assert connection.execute(own).scalars().all() == [1]


def test_of_two_who_are_told_the_same_at_once_one_writes_it_down(database: Database, send: Send) -> None:
    submit(database, send)
    items = [item(send, number, "bounce" if number > 5 else "delivered") for number in range(1, 8)]
    others = [item(send, number, "bounce", type="blocked", minute=1) for number in range(1, 8)]
    outcome: list[ReportOutcome] = []
    second = Thread(target=lambda: outcome.append(receive(database, *others, *items)))
    with database.write() as connection:
        told = [(report.event, report.request_id) for report in reports(json.dumps(items).encode())]
        noted = ledger.note(connection, told)
        assert [one.new for one in noted if one is not None] == [True] * 7
        second.start()
        second.join(0.3)
        assert second.is_alive()
    second.join(30)
    assert outcome == [ReportOutcome(new=7, known=7)]
    assert sums(database) == (7, 2, 0)


def test_many_web_workers_at_once_count_each_event_once(database: Database, send: Send) -> None:
    with database.write() as connection:
        other = freeze(connection, key="13", size=10)
    submit(database, send)
    submit(database, other)
    words = ("processed", "delivered", "open", "bounce", "spamreport")
    items = [item(send, number, word) for number in range(1, 8) for word in words]
    items += [item(other, number, word) for number in range(8, 15) for word in words]

    def worker(seed: int) -> int:
        mine = random.Random(seed).sample(items, len(items))
        return sum(receive(database, *mine[start : start + 20]).new for start in range(0, len(mine), 20))

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(worker, range(4))) == len(items) * 4 // 5
    with database.read() as connection:
        query = select(tables.send.c.answered, tables.send.c.bounced, tables.send.c.complained)
        assert connection.execute(query).all() == [(7, 7, 7), (7, 7, 7)]
        assert connection.execute(select(func.count()).select_from(tables.event)).scalar_one() == len(items) * 4 // 5


def test_ten_events_or_four_hundred_take_as_many_statements(database: Database) -> None:
    with database.write() as connection:
        send = freeze(connection, audience=range(1, 201), size=200)
    submit(database, send)
    statements = []
    listen(database.engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))

    def taken(numbers: range) -> int:
        before = len(statements)
        items = [item(send, number, word) for number in numbers for word in ("delivered", "processed")]
        assert receive(database, *items).new == len(items)
        return len(statements) - before

    assert taken(range(1, 6)) == taken(range(6, 201)) <= 10


def test_more_deliveries_than_fit_into_one_statement(database: Database) -> None:
    with database.write() as connection:
        sends = [freeze(connection, key=key, audience=range(1, 301), size=300) for key in ("12", "13", "14")]
    for send in sends:
        submit(database, send)
    items = [item(sends[number // 300], number + 1, "delivered") for number in range(900)]
    assert receive(database, *items, *items) == ReportOutcome(new=900, known=900)
    with database.read() as connection:
        assert connection.execute(select(tables.send.c.answered)).scalars().all() == [300] * 3


LONG = "".join(map(chr, random.Random(1).choices(range(0x4E00, 0x9FFF), k=2000)))  # nothing that could be packed


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b", LONG, "\0" * 2000], ids=["zero", "half", "long", "zeros"])
def test_no_words_of_a_provider_keep_a_report_out(database: Database, send: Send, text: str) -> None:
    submit(database, send)
    items = [
        item(send, 1, "delivered"),
        item(send, 1, "click", url=text),
        item(send, 2, "unsubscribe", reason=text),
        {**item(send, 3, "bounce"), "nashra_delivery": f"{text}.3"},
        {**item(send, 3, "bounce"), "nashra_request": text},
    ]
    assert receive(database, *items) == ReportOutcome(new=4, strange=1)
    assert receive(database, *items) == ReportOutcome(known=4, strange=1)


# ---- small letters


@pytest.fixture
def small(database: Database) -> str:
    """The name of a confirmation letter to reader1@example.net, whose answer nobody saw."""
    with database.write() as connection:
        store.add_list(connection, "readers", "الموجة", now=NOW)
        actions.subscribe(connection, "reader1@example.net", "readers", now=NOW, keys=KEYS, how="form", words="")
        store.claim_letters(connection, token="t", now=NOW, lease=timedelta(seconds=30))
        store.submitting_letter(connection, 1, token="t", now=NOW)
    return name_of(1, LINKS)


def about(name: str, event: str, **fields: Any) -> dict[str, Any]:
    return {"timestamp": int(NOW.timestamp()), "event": event, "nashra_delivery": name, **fields}


def small_state(database: Database) -> str:
    with database.read() as connection:
        return str(connection.exec_driver_sql("SELECT state FROM small_letter WHERE id = 1").scalar_one())


def test_a_bounce_of_a_small_letter_suppresses_once_and_shows_that_it_went(database: Database, small: str) -> None:
    assert receive(database, about(small, "bounce"), about(small, "bounce")) == ReportOutcome(new=1, known=1)
    assert suppressed(database) == 1
    assert small_state(database) == "submitted"
    with database.write() as connection:
        assert actions.unsuppress(connection, "reader1@example.net", keys=KEYS)
    # An editor has looked into it; the same event told again does not undo that.
    assert receive(database, about(small, "bounce")) == ReportOutcome(known=1)
    assert suppressed(database) == 0


@pytest.mark.parametrize(("event", "fields", "stopped"), [
    ("spamreport", {}, {"complained": 1}), ("dropped", {"reason": "Invalid"}, {"invalid": 1}),
    ("bounce", {"type": "blocked"}, {}), ("delivered", {}, {}), ("open", {}, {}), ("deferred", {}, {}),
])  # fmt: skip
def test_each_event_of_a_small_letter_means_what_it_means_elsewhere(
    database: Database, small: str, event: str, fields: dict[str, str], stopped: dict[str, int]
) -> None:
    assert receive(database, about(small, event, **fields)).new == 1
    with database.read() as connection:
        assert dict(store.suppressions(connection)) == stopped
    assert small_state(database) == "submitted"


def test_three_small_letters_that_are_blocked_suppress(database: Database, small: str) -> None:
    with database.write() as connection:
        others = [store.queue_letter(connection, "welcome", 1, 1, now=NOW) for _ in range(2)]
    names = [small, *(name_of(one, LINKS) for one in others)]
    for number, name in enumerate(names):
        assert suppressed(database) == 0
        for _ in range(4):
            receive(database, about(name, "bounce", type="blocked", minute=number))
    assert suppressed(database) == 1


def test_leaving_through_the_provider_ends_the_subscription_of_that_letter(database: Database, small: str) -> None:
    with database.write() as connection:
        other = store.add_list(connection, "others", "أخرى", now=NOW)
        actions.add_subscriber(connection, "reader1@example.net", "others", now=NOW)
    receive(database, about(small, "unsubscribe"))
    with database.read() as connection:
        statuses = {one.list_id: one.status for one in store.subscriptions_of(connection, 1)}
    assert statuses == {1: "left", other.id: "confirmed"}


def test_a_small_letter_that_is_not_ours_or_of_nobody_changes_nothing(database: Database, small: str) -> None:
    forged = f"small-{'0' * 16}.1", name_of(1, {1: b"x" * 32}), name_of(99, LINKS), small.replace("small-", "")
    for name in forged:
        assert replace(receive(database, about(name, "bounce")), unknown_sends={}) == ReportOutcome(strange=1)
    assert suppressed(database) == 0
    assert small_state(database) == "submitting"
    with database.write() as connection:
        actions.erase(connection, "reader1@example.net", now=NOW, keys=KEYS)
    assert receive(database, about(small, "bounce")) == ReportOutcome(strange=1)


# ---- the door


@pytest.fixture
def hook(database: Database, send: Send) -> Callable[..., int]:
    submit(database, send)
    return report_hook(
        SignedReports(PUBLIC), database, link_keys=LINKS, suppression_keys=KEYS, now=lambda: NOW, count_clicks=True
    )


def test_a_genuine_report_is_stored(database: Database, send: Send, hook: Callable[..., int]) -> None:
    body = json.dumps([item(send, 1, "bounce")]).encode() + b"\r\n"
    for _ in range(10):
        assert hook(signed(body), body) == 200
    assert suppressed(database) == 1


def test_whatever_is_not_signed_so_is_refused(database: Database, send: Send, hook: Callable[..., int]) -> None:
    body = json.dumps([item(send, 1, "bounce")]).encode() + b"\r\n"
    good = signed(body)
    other = signed(body, key=ec.generate_private_key(ec.SECP256R1()))
    forged: list[tuple[dict[str, str], bytes]] = [
        ({}, body),
        (other, body),
        ({**good, SIGNATURE: ""}, body),
        ({**good, SIGNATURE: good[SIGNATURE][:-3]}, body),
        ({**good, SIGNATURE: "not base64!"}, body),
        ({**good, TIMESTAMP: "1795503601"}, body),
        ({**good, TIMESTAMP: ""}, body),
        ({**good, TIMESTAMP: "1795503600 "}, body),
        # Digits moved from the time stamp into the body still verify; the strict form refuses them.
        ({**good, TIMESTAMP: "179550360"}, b"0" + body),
        (good, body.rstrip()),
        (good, body[:-1]),
        (good, b"\xff" + body),
        (good, b""),
    ]
    assert [hook(headers, content) for headers, content in forged] == [403] * len(forged)
    assert suppressed(database) == 0


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"[", b"[" * 100_000])
def test_a_signed_body_that_is_no_report_is_a_bad_request(hook: Callable[..., int], body: bytes) -> None:
    assert hook(signed(body), body) == 400


def test_what_cannot_be_stored_is_to_be_told_again(database: Database, send: Send, hook: Callable[..., int]) -> None:
    body = json.dumps([item(send, 1, "bounce")]).encode()
    with database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE event RENAME TO hidden")
    assert hook(signed(body), body) == 503
    with database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE hidden RENAME TO event")
    assert hook(signed(body), body) == 200


@pytest.mark.slow
def test_the_signature_of_ten_thousand_mutations_is_refused() -> None:
    body = b'[{"event":"bounce","nashra_delivery":"ab.1","timestamp":1795503600}]\r\n'
    headers = signed(body)
    assert genuine(PUBLIC, headers, body)
    mailings = random.Random(1)
    for _ in range(10_000):
        changed = bytearray(body)
        changed[mailings.randrange(len(body))] ^= 1 << mailings.randrange(8)
        assert not genuine(PUBLIC, headers, bytes(changed))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
names = st.sampled_from(
    [
        "event",
        "timestamp",
        "nashra_delivery",
        "nashra_request",
        "reason",
        "type",
        "url",
        "sg_event_id",
        "category",
        "email",
        "response",
    ]
)


@pytest.mark.slow
@given(st.lists(st.dictionaries(names, values, max_size=11) | values, max_size=5))
def test_any_array_is_a_report(items: list[Any]) -> None:
    for report in reports(json.dumps(items).encode()):
        assert isinstance(report, EventReport)
        assert isinstance(report.event, Event)
        replace(report.event, kind="unknown")
