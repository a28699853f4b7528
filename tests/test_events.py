"""Events of providers: genuine ones only, each with one effect, in whatever order they come."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from test_ledger import claim, freeze
from who_may import eligible

from newsletter import events, ledger
from newsletter.database import Database
from newsletter.events import Received
from newsletter.ledger import Batch, Send
from newsletter.senders.sendgrid.events import SIGNATURE, TIMESTAMP, Report, genuine, reports
from newsletter.small_names import name_of
from subscribers import actions, store
from subscribers.models import Event

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
KEYS, LINKS = {1: b"k" * 32}, {1: b"l" * 32}
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


def receive(database: Database, *items: dict[str, Any]) -> Received:
    body = json.dumps(items).encode()
    return events.receive(database, reports(body), now=NOW, link_keys=LINKS, suppression_keys=KEYS)


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
        ("bounced", "invalid"),
        ("complained", None),
        ("left", None),
        ("bounced", "blocked"),
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
    assert receive(database, bounce, bounce) == Received(new=1, known=1)
    assert receive(database, bounce) == Received(known=1)
    assert receive(database, {**bounce, "sg_event_id": "another"}) == Received(known=1)
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


@given(order=st.permutations(range(5)))
def test_order_does_not_matter(order: list[int]) -> None:
    from sqlalchemy import select

    from newsletter.database import open_database
    from newsletter.tables import event, metadata
    from subscribers import tables

    database = open_database("sqlite:///:memory:")
    with database.write() as connection:
        tables.metadata.create_all(connection)
        metadata.create_all(connection)
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
        kinds = set(connection.execute(select(event.c.kind)).scalars())
        assert kinds == {"unknown", "delivered", "opened", "clicked", "complained"}
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
    assert receive(database, strange) == Received(strange=1)
    assert suppressed(database) == 0


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
    assert receive(database, about(small, "bounce"), about(small, "bounce")) == Received(new=1, known=1)
    assert suppressed(database) == 1
    assert small_state(database) == "submitted"
    with database.write() as connection:
        assert actions.unsuppress(connection, "reader1@example.net", keys=KEYS)
    # An editor has looked into it; the same event told again does not undo that.
    assert receive(database, about(small, "bounce")) == Received(known=1)
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
        assert receive(database, about(name, "bounce")) == Received(strange=1)
    assert suppressed(database) == 0
    assert small_state(database) == "submitting"
    with database.write() as connection:
        actions.erase(connection, "reader1@example.net", now=NOW, keys=KEYS)
    assert receive(database, about(small, "bounce")) == Received(strange=1)


# ---- the door


@pytest.fixture
def hook(database: Database, send: Send) -> Callable[..., int]:
    submit(database, send)
    return events.sendgrid_hook(database, public_key=PUBLIC, link_keys=LINKS, suppression_keys=KEYS, now=lambda: NOW)


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


def test_the_signature_of_ten_thousand_mutations_is_refused() -> None:
    body = b'[{"event":"bounce","nashra_delivery":"ab.1","timestamp":1795503600}]\r\n'
    headers = signed(body)
    assert genuine(PUBLIC, headers, body)
    lots = random.Random(1)
    for _ in range(10_000):
        changed = bytearray(body)
        changed[lots.randrange(len(body))] ^= 1 << lots.randrange(8)
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


@given(st.lists(st.dictionaries(names, values, max_size=11) | values, max_size=5))
def test_any_array_is_a_report(items: list[Any]) -> None:
    for report in reports(json.dumps(items).encode()):
        assert isinstance(report, Report)
        assert isinstance(report.event, Event)
        replace(report.event, kind="unknown")
