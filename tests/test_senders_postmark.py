"""Postmark: right messages, every result it can give, what it reports, and nothing lost or doubled wherever it dies."""

from __future__ import annotations

import base64
import json
import logging
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import kills
import postmark_standin
import pytest
from hypothesis import given
from hypothesis import strategies as st
from settings_text import with_settings
from starlette.testclient import TestClient
from test_deliver import ISSUE, LETTER, Mute, make, run
from test_events import KEYS, LINKS, NOW, item, submit, submitting, suppressed
from test_events import receive as receive_others
from test_events import send as of_seven
from who_may import eligible

from newsletter import delivery, ledger
from newsletter.delivery import DeliverySetup, answering
from newsletter.errors import SendError, SettingsError
from newsletter.events import apply
from newsletter.events.apply import ReportOutcome
from newsletter.ledger import Send, SendCounts
from newsletter.letters.mime import LEAVE, slot, to_json
from newsletter.models import Picture
from newsletter.senders import Answer, Parcel
from newsletter.senders.postmark import body as bodies
from newsletter.senders.postmark.answers import understand
from newsletter.senders.postmark.body import Messages, sort_out
from newsletter.senders.postmark.events import TOKEN, GuardedReports
from newsletter.senders.postmark.options import PostmarkOptions
from newsletter.senders.postmark.sender import Postmark
from newsletter.senders.reports import EventReport
from newsletter.storage.database import Database
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows import suppressions
from newsletter.workflows.serve import app_of
from newsletter.workflows.suppressions import SuppressionsOutcome
from subscribers import store

send = of_seven
"""The fixture."""
OPTIONS = PostmarkOptions(token=postmark_standin.TOKEN)


def changed(**options: Any) -> PostmarkOptions:
    # Not checked: tests wait less than a setting may say.
    return OPTIONS.model_copy(update=options)


def parcel(number: int, address: str = "", **fields: Any) -> Parcel:
    return Parcel(number, f"ab12.{number}", address or f"reader{number}@example.net", {LEAVE: b"T" * 52}, **fields)


def messages(*parcels: Parcel, options: PostmarkOptions = OPTIONS, **letter: Any) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = json.loads(Messages(replace(LETTER, **letter), options).encode(parcels))
    return made


# ---- what is sent


def test_each_reader_has_a_message_with_their_own_token_and_names() -> None:
    first, second = messages(parcel(1), parcel(2, '"odd\\one"@example.net'))
    token = "T" * 52
    assert second["To"] == '"odd\\one"@example.net'
    assert second["Metadata"] == {"nashra_delivery": "ab12.2"}
    headers = {one["Name"]: one["Value"] for one in first["Headers"]}
    assert headers == {
        "Message-ID": "<ab12.1@example.org>",
        "X-PM-KeepID": "true",
        "List-Unsubscribe": f"<https://news.example.org/leave/{token}>, <mailto:news@example.org>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": "readers <readers.example.org>",
        "Content-Language": "ar",
    }
    assert first["From"] == '"نشرة الموجة" <news@example.org>'
    assert (first["MessageStream"], first["TrackOpens"], first["TrackLinks"]) == ("broadcast", False, "None")
    for part in (first["TextBody"], first["HtmlBody"]):
        assert token in part
        assert slot(LETTER.marker, LEAVE) not in part
    assert {**first, "To": "", "Metadata": {}, "Headers": []} == {**second, "To": "", "Metadata": {}, "Headers": []}


def test_a_comma_in_the_name_begins_no_other_address() -> None:
    (made,) = messages(parcel(1), options=changed(from_name='Almawja, "weekly"'))
    assert made["From"] == '"Almawja, \\"weekly\\"" <news@example.org>'


def test_options_reach_the_messages() -> None:
    picture = Picture("picture-1@example.org", "image/png", b"\x89PNG", "ميناء.png")
    options = changed(message_stream="weekly")
    rendered = replace(LETTER.rendered, pictures=(picture,))
    (made,) = messages(parcel(1), options=options, reply_to="م <editor@example.org>", rendered=rendered, tracked=True)
    assert (made["MessageStream"], made["TrackOpens"], made["TrackLinks"]) == ("weekly", False, "HtmlOnly")
    assert made["ReplyTo"] == '"م" <editor@example.org>'
    (attachment,) = made["Attachments"]
    assert attachment == {
        "Name": "ميناء.png",
        "Content": base64.b64encode(b"\x89PNG").decode(),
        "ContentType": "image/png",
        "ContentID": "cid:picture-1@example.org",
    }


def test_small_letters_go_in_the_transactional_stream() -> None:
    (made,) = messages(parcel(1), automatic=True)
    assert made["MessageStream"] == "outbound"
    assert {"Name": "Auto-Submitted", "Value": "auto-generated"} in made["Headers"]


def test_without_reader_pages_there_is_no_one_click() -> None:
    mail = f"mailto:news@example.org?subject=unsubscribe%20{slot(LETTER.marker, LEAVE)}"
    (made,) = messages(parcel(1), unsubscribe_url="", unsubscribe_mail=mail)
    names = {one["Name"]: one["Value"] for one in made["Headers"]}
    assert names["List-Unsubscribe"] == f"<mailto:news@example.org?subject=unsubscribe%20{'T' * 52}>"
    assert "List-Unsubscribe-Post" not in names


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20), max_size=5))
def test_any_address_stays_one_address_and_its_size_is_not_guessed_too_small(addresses: list[str]) -> None:
    parcels = [parcel(number, address) for number, address in enumerate(addresses)]
    good, refused = sort_out(parcels)
    assert all("," not in one.address and "<" not in one.address for one in good)
    assert len(good) + len(refused) == len(parcels)
    made = Messages(LETTER, OPTIONS)
    body = made.encode(good)
    assert [one["To"] for one in json.loads(body)] == [one.address for one in good]
    assert not good or len(body) <= made.size(good)


def test_addresses_that_postmark_could_not_take_are_refused_before() -> None:
    odd = [parcel(1, "a,b@example.net"), parcel(2, "سمير@example.net", needs_smtputf8=True), parcel(3)]
    good, refused = sort_out(odd)
    assert [one.delivery for one in good] == [3]
    assert {state for state, _ in refused.values()} == {"refused"}


def test_a_letter_over_ten_megabytes_is_said_before_anything_is_sent() -> None:
    picture = Picture("picture-1@example.org", "image/png", b"x" * 8_000_000, "a.png")
    with pytest.raises(SendError, match="Postmark takes 10 MB"):
        Postmark(OPTIONS).load(replace(LETTER, rendered=replace(LETTER.rendered, pictures=(picture,))))


def test_a_missing_token_is_said_before_anything_is_sent() -> None:
    with pytest.raises(SendError, match="the token of the Postmark server is missing"):
        Postmark(PostmarkOptions())


# ---- what it answers


def results(*codes: int | tuple[int, str]) -> bytes:
    pairs = [(code, "as told") if isinstance(code, int) else code for code in codes]
    return json.dumps([{"ErrorCode": code, "Message": words} for code, words in pairs]).encode()


def error(code: int) -> bytes:
    return json.dumps({"ErrorCode": code, "Message": "as told"}).encode()


@pytest.mark.parametrize(
    ("status", "headers", "content", "expected"),
    [
        (200, {}, results(0, 0), {"state": "submitted"}),
        (200, {}, results(0), {"state": "unknown"}),
        (200, {}, b"<html>", {"state": "unknown"}),
        (200, {}, b"[" * 100_000, {"state": "unknown"}),
        (201, {}, results(0, 0), {"state": "unknown"}),
        (401, {}, error(10), {"state": "queued", "stop": True}),
        (302, {"Location": "https://evil.example"}, b"", {"state": "queued", "stop": True}),
        (404, {}, b"", {"state": "queued", "stop": True}),
        (413, {}, b"", {"state": "queued", "split": True}),
        (422, {}, error(402), {"state": "queued", "stop": True}),
        (422, {}, error(405), {"state": "queued", "stop": True}),
        (422, {}, error(410), {"state": "queued", "split": True}),
        (422, {}, error(300), {"state": "queued", "split": True}),
        (422, {}, error(100), {"state": "queued"}),
        (422, {"Retry-After": "7"}, error(429), {"state": "queued", "pause": 7.0}),
        (429, {"Retry-After": "9999"}, b"", {"state": "queued", "pause": 300.0}),
        (503, {}, b"", {"state": "queued"}),
        (500, {}, b"", {"state": "unknown"}),
        (502, {}, b"<html>", {"state": "unknown"}),
    ],
)
def test_every_answer_has_its_meaning(
    status: int, headers: dict[str, str], content: bytes, expected: dict[str, Any]
) -> None:
    answer = understand(status, headers, content, [parcel(1), parcel(2)], {})
    wanted = {"pause": 0.0, "split": False, "stop": False, "again": False} | expected
    assert {name: getattr(answer, name) for name in wanted} == wanted
    assert answer.apart == {}


def test_each_message_has_a_result_of_its_own() -> None:
    told = (406, "Found inactive addresses: reader2@example.net."), (300, "Invalid 'To' address: 'x'.")
    answer = understand(200, {}, results(0, *told), [parcel(1), parcel(2), parcel(3)], {9: ("refused", "before")})
    assert answer.state == "submitted"
    assert answer.apart == {
        9: ("refused", "before"),
        2: ("refused", "Postmark refuses it: Found inactive addresses: …."),
        3: ("refused", "Postmark refuses it: Invalid 'To' address: 'x'."),
    }


def test_what_is_wrong_with_the_letter_refuses_nobody_and_stops() -> None:
    for code, words in ((300, "Invalid 'From' address."), (300, "no word"), (400, "no signature"), (405, "no credit")):
        answer = understand(200, {}, results(0, (code, words)), [parcel(1), parcel(2)], {})
        assert (answer.state, answer.stop, answer.reason) == ("queued", True, f"Postmark says: {words} ({code})")
        # Who was taken is not sent to again.
        assert answer.apart == {1: ("submitted", "")}


def test_a_limit_in_the_middle_of_a_batch_lets_the_rest_wait() -> None:
    answer = understand(200, {"Retry-After": "3"}, results(0, 429), [parcel(1), parcel(2)], {})
    assert (answer.state, answer.stop, answer.pause, answer.apart) == ("queued", False, 3.0, {1: ("submitted", "")})
    both = understand(200, {}, results(429, (405, "no credit")), [parcel(1), parcel(2)], {})
    assert (both.stop, both.reason) == (True, "Postmark says: no credit (405)")


def test_a_result_without_a_code_is_unknown_alone() -> None:
    content = json.dumps([{"ErrorCode": 0}, {"ErrorCode": True}, None]).encode()
    answer = understand(200, {}, content, [parcel(1), parcel(2), parcel(3)], {})
    assert answer.state == "submitted"
    assert {one: state for one, (state, _) in answer.apart.items()} == {2: "unknown", 3: "unknown"}


# ---- whole sends


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made") / "w"
    make(root, 50, batch=2)
    return root


@pytest.fixture
def workspace(made: Path, tmp_path: Path) -> Iterator[Workspace]:
    shutil.copytree(made, tmp_path / "w")
    with open_workspace(tmp_path / "w", {}) as workspace:
        yield workspace


def setup_of(workspace: Workspace, host: str, *, batch: int = 7, timeout: float = 1.0, **options: Any) -> DeliverySetup:
    sender = Postmark(changed(host=host, timeout=timeout, batch=batch, **options))
    return replace(workspace.delivery_setup, sender=sender, backoff=0.01, lease=5.0)


EVERYBODY = {f"reader{number}@example.net" for number in range(50)}


def test_everybody_is_taken_once(workspace: Workspace, tmp_path: Path) -> None:
    with postmark_standin.running(tmp_path) as server:
        assert run(setup_of(workspace, server.host)) == SendCounts(submitted=50, reasons={})
        assert server.addresses() == Counter(EVERYBODY)
        taken = server.taken()
    assert len({one["nashra_delivery"] for one in taken}) == len({one["unsubscribe"] for one in taken}) == 50
    assert {one["message_id"] for one in taken} == {f"<{one['nashra_delivery']}@example.org>" for one in taken}


def test_who_is_refused_keeps_nobody_else_back(workspace: Workspace, tmp_path: Path) -> None:
    with workspace.database.write() as connection:
        connection.exec_driver_sql(
            "UPDATE subscriber SET address = 'poison-' || address WHERE address = 'reader3@example.net'"
        )
    with postmark_standin.running(tmp_path, inactive=["reader4@example.net"]) as server:
        account = run(setup_of(workspace, server.host))
        assert (account.submitted, account.refused) == (48, 2)
        assert server.addresses() == Counter(EVERYBODY - {"reader3@example.net", "reader4@example.net"})
    assert account.reasons is not None
    assert not any("@example.net" in reason for reason in account.reasons)


def test_a_fault_of_the_account_stops_in_the_middle_of_a_batch_and_the_rest_goes_later(
    workspace: Workspace, tmp_path: Path
) -> None:
    with (
        postmark_standin.running(tmp_path, codes={"reader10@example.net": 405}) as server,
        pytest.raises(SendError, match=r"as planned \(405\)"),
    ):
        run(setup_of(workspace, server.host, connections=1))
    before = server.addresses()
    assert before["reader9@example.net"] == before["reader11@example.net"] == 1
    with postmark_standin.running(tmp_path) as server:
        assert run(setup_of(workspace, server.host)).submitted == 50
        assert server.addresses() == Counter(EVERYBODY)


class Partly(Mute):
    """Takes the first of each batch and wants the other later; each answer takes ten seconds of a made clock."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = 1_000.0

    def monotonic(self) -> float:
        return self.clock

    def finish(self) -> Answer:
        self.clock += 10.0
        self.taken.append(self.waiting[0])
        return Answer("queued", {self.waiting[0]: ("submitted", "")}, "the rest later", pause=1_000.0)

    def sleep(self, _seconds: float) -> None:
        raise SendError("nothing more to do now")


def test_a_send_that_is_taken_in_part_keeps_its_patience(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    partly = Partly()
    monkeypatch.setattr(answering, "time", partly)
    setup = replace(workspace.delivery_setup, sender=partly, patience=15.0, sleep=partly.sleep)
    with pytest.raises(SendError, match="wait for their time"):
        run(setup)
    assert len(partly.taken) == 25


def test_what_is_too_large_is_halved_until_it_fits(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Messages(LETTER, OPTIONS).size([parcel(1)])
    monkeypatch.setattr("newsletter.senders.postmark.request.MOST_BYTES", 4 * one)
    with postmark_standin.running(tmp_path) as server:
        assert run(setup_of(workspace, server.host, batch=25)).submitted == 50
        assert server.addresses() == Counter(EVERYBODY)
    assert bodies.MOST_BYTES == 49_000_000


@pytest.mark.slow
def test_a_storm_loses_and_doubles_nothing(workspace: Workspace, tmp_path: Path) -> None:
    faults = dict.fromkeys(("429", "503", "500", "502", "drop_before", "drop_after", "hang_after"), 0.3 / 7)
    with postmark_standin.running(tmp_path, faults=faults, hang=1.5, seed=4) as server:
        account = run(setup_of(workspace, server.host, batch=1, timeout=0.5, connections=6))
        taken = server.addresses()
    assert max(taken.values()) == 1
    assert account.submitted + account.unknown == 50
    assert account.unknown > 0
    with workspace.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT subscriber.address, coalesce(delivery.state, batch.state) FROM delivery "
            "JOIN batch ON batch.id = batch_id JOIN subscriber ON subscriber.id = subscriber_id"
        ).all()
    assert all(taken[address] == 1 for address, state in rows if state == "submitted")


def test_a_wrong_token_is_said_in_the_providers_words(workspace: Workspace, tmp_path: Path) -> None:
    with postmark_standin.running(tmp_path) as server, pytest.raises(SendError, match="absent or invalid"):
        run(setup_of(workspace, server.host, token="another"))


def test_no_token_no_address_and_no_body_reach_the_log(
    workspace: Workspace, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with postmark_standin.running(tmp_path) as server:
        run(setup_of(workspace, server.host))
    assert postmark_standin.TOKEN not in caplog.text
    assert "@example.net" not in caplog.text


def test_an_abandoned_request_is_not_taken(tmp_path: Path) -> None:
    with postmark_standin.running(tmp_path) as server:
        carrier = Postmark(changed(host=server.host)).load(LETTER)
        carrier.begin([parcel(1)], "req-1").abandon()
        assert carrier.begin([parcel(2)], "req-2").finish().state == "submitted"
        carrier.close()
        assert server.addresses() == {"reader2@example.net": 1}


def test_a_refused_test_letter_is_not_told_as_sent(workspace: Workspace, tmp_path: Path) -> None:
    with (
        postmark_standin.running(tmp_path, inactive=["editor@example.org"]) as server,
        pytest.raises(SendError, match="is refused: Postmark refuses it"),
    ):
        delivery.send_test(setup_of(workspace, server.host), LETTER, "editor@example.org")


def test_freezing_makes_batches_of_its_size(workspace: Workspace) -> None:
    sender = Postmark(changed(batch=500))
    assert (sender.batch_size, Postmark(OPTIONS).batch_size) == (500, 100)
    setup = replace(workspace.delivery_setup, sender=sender)
    send = delivery.freeze_letter(setup, ISSUE, LETTER, list_id=1, rhythm="weekly")
    with workspace.database.read() as connection:
        assert len(connection.exec_driver_sql("SELECT id FROM batch WHERE send_id = ?", (send.id,)).all()) == 1


@pytest.mark.slow
def test_wherever_it_dies_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    """Killed at every commit of a send in two batches, then run again: each reader is taken once, or unknown."""
    addresses = make(tmp_path / "made", 4, batch=2)
    path = tmp_path / "made" / "newsletter.toml"
    letter = to_json(LETTER)
    killed, unknown = 0, []
    with postmark_standin.running(tmp_path) as server:
        lines = f'token = "{postmark_standin.TOKEN}"\nhost = "{server.host}"\nconnections = 1\nbatch = 2\n'
        text = path.read_text("utf-8").replace('kind = "outbox"', 'kind = "postmark"')
        path.write_text(with_settings(text, f"[postmark]\n{lines}"), "utf-8")
        for kill_at in range(1, 100):
            root = tmp_path / str(kill_at)
            shutil.copytree(tmp_path / "made", root)
            server.log.write_text("")
            status = kills.send(root, kill_at=kill_at, steps="commit", frozen=letter)
            if status == 0:
                break
            assert status == -9
            killed += 1
            with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
                # The dead process's lease has run out.
                connection.exec_driver_sql("UPDATE batch SET lease_until = 1 WHERE lease_until IS NOT NULL")
            assert kills.send(root, frozen=letter) == 0
            taken = server.addresses()
            with open_workspace(root, {}) as workspace, workspace.database.read() as connection:
                (send,) = ledger.sends(connection)
                account = ledger.account(connection, send.id)
            assert send.state == "finished"
            assert max(taken.values()) == 1, f"killed at commit {kill_at}"
            assert account.submitted + account.unknown == len(addresses)
            assert account.unknown in {0, 2}
            assert account.submitted <= sum(taken.values())
            unknown.append(account.unknown)
        assert server.addresses() == Counter(addresses)
    assert killed >= 6
    # Between the mark and its answer nobody can know; at every other commit everything is known.
    assert 0 < sum(one > 0 for one in unknown) < killed


# ---- what it reports


def report(send: Send, number: int, record: str, **fields: Any) -> dict[str, Any]:
    times = dict.fromkeys(("DeliveredAt", "BouncedAt", "ChangedAt", "ReceivedAt"), "2026-11-24T12:00:00.1234567Z")
    return {
        "RecordType": record,
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "Metadata": {"nashra_delivery": f"{send.public_id}.{number}"},
        **times,
        **fields,
    }


READER = GuardedReports(changed(webhook_user="nashra", webhook_password="geheim", webhook_token="zeichen"))


def receive(database: Database, *items: dict[str, Any]) -> ReportOutcome:
    told = [one for found in items for one in READER.read(json.dumps(found).encode())]
    return apply.receive(database, told, now=NOW, link_keys=LINKS, suppression_keys=KEYS)


@pytest.mark.parametrize(
    ("record", "fields", "meaning"),
    [
        ("Delivery", {}, ("delivered", None)),
        ("Bounce", {"Type": "HardBounce", "TypeCode": 1, "ID": 42}, ("bounced", "hard")),
        ("Bounce", {"Type": "BadEmailAddress", "TypeCode": 100000}, ("bounced", "invalid")),
        ("Bounce", {"Type": "Transient", "TypeCode": 2}, ("deferred", None)),
        ("Bounce", {"Type": "SoftBounce", "TypeCode": 4096}, ("bounced", "soft")),
        ("Bounce", {"Type": "SpamNotification", "TypeCode": 512}, ("bounced", "policy")),
        ("Bounce", {"Type": "Unsubscribe", "TypeCode": 16}, ("left", None)),
        ("Bounce", {"Type": "AutoResponder", "TypeCode": 64}, ("unknown", None)),
        ("Bounce", {"Type": "SomethingNew", "TypeCode": 7}, ("bounced", "soft")),
        ("SpamComplaint", {"Type": "SpamComplaint"}, ("complained", None)),
        ("SubscriptionChange", {"SuppressSending": True, "SuppressionReason": "HardBounce"}, ("unknown", None)),
        ("SubscriptionChange", {"SuppressSending": True, "SuppressionReason": "SpamComplaint"}, ("complained", None)),
        (
            "SubscriptionChange",
            {"SuppressSending": True, "SuppressionReason": "ManualSuppression", "Origin": "Recipient"},
            ("left", None),
        ),
        (
            "SubscriptionChange",
            {"SuppressSending": True, "SuppressionReason": "ManualSuppression", "Origin": "Customer"},
            ("unknown", None),
        ),
        ("SubscriptionChange", {"SuppressSending": False, "SuppressionReason": None}, ("unknown", None)),
        ("Open", {"FirstOpen": True}, ("opened", None)),
        ("Click", {"OriginalLink": "https://example.org/a"}, ("clicked", None)),
    ],
)
def test_each_of_the_providers_words_has_one_of_ours(
    send: Send, record: str, fields: dict[str, Any], meaning: tuple[str, str | None]
) -> None:
    (told,) = READER.read(json.dumps(report(send, 1, record, **fields)).encode())
    assert (told.event.kind, told.event.bounce) == meaning
    assert told.event.at == NOW
    assert told.request_id == ""
    assert told.event.url == fields.get("OriginalLink", "")


def test_other_kinds_and_letters_that_are_not_ours_are_passed_over(send: Send) -> None:
    for change in (
        {"RecordType": "Inbound"},
        {"RecordType": None},
        {"RecordType": ["Delivery"]},
        {"Metadata": {}},
        {"Metadata": None},
        {"Metadata": {"nashra_delivery": 7}},
        {"DeliveredAt": "yesterday"},
        {"DeliveredAt": None},
        {"DeliveredAt": "0001-01-01T00:00:00+14:00"},
    ):
        assert READER.read(json.dumps({**report(send, 1, "Delivery"), **change}).encode()) == []
    for wrong in (b"[]", b"null", b"", b"{"):
        with pytest.raises(ValueError, match=r"object|Expecting"):
            READER.read(wrong)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
names = st.sampled_from(
    ["RecordType", "Metadata", "Type", "ID", "MessageID", "Details", "DeliveredAt", "BouncedAt", "SuppressSending"]
)
records = st.sampled_from(["Delivery", "Bounce", "SubscriptionChange", "Click"])


@given(st.dictionaries(names, values, max_size=9), records)
def test_any_object_is_a_report(found: dict[str, Any], record: str) -> None:
    named = {"RecordType": record, "Metadata": {"nashra_delivery": "ab.1"}, "BouncedAt": "2026-11-24T12:00:00Z"}
    for body in (found, {**found, **named}):
        assert all(isinstance(one, EventReport) for one in READER.read(json.dumps(body).encode()))


def test_told_again_it_changes_nothing(database: Database, send: Send) -> None:
    submit(database, send)
    bounce = report(send, 1, "Bounce", Type="HardBounce", ID=42)
    assert receive(database, bounce) == ReportOutcome(new=1)
    assert receive(database, bounce, {**bounce, "ID": 43}) == ReportOutcome(known=2)
    assert suppressed(database) == 1


def state_of(database: Database, number: int) -> str:
    with database.read() as connection:
        return str(
            connection.exec_driver_sql(
                "SELECT coalesce(delivery.state, batch.state) FROM delivery JOIN batch ON batch.id = batch_id "
                f"WHERE delivery.id = {number}"
            ).scalar_one()
        )


def test_an_event_proves_its_own_message_and_no_other(database: Database, send: Send) -> None:
    submit(database, send, "unknown")
    receive(database, report(send, 2, "Delivery"))
    assert [state_of(database, number) for number in (1, 2, 3)] == ["unknown", "submitted", "unknown"]


def test_an_event_that_comes_before_the_answer_is_lost_still_proves_it(database: Database, send: Send) -> None:
    batch = submitting(database, send)
    receive(database, report(send, 2, "Delivery"))
    with database.write() as connection:
        ledger.record(connection, batch, "unknown", {})
    assert [state_of(database, number) for number in (1, 2)] == ["unknown", "submitted"]


def test_an_event_that_names_its_request_proves_the_whole_of_it(database: Database, send: Send) -> None:
    batch = submit(database, send, "unknown")
    receive_others(database, item(send, 2, "delivered", request=str(batch.request_id)))
    assert {state_of(database, number) for number in (1, 2, 3)} == {"submitted"}


# ---- who may report


def login(user: str = "nashra", password: str = "geheim", scheme: str = "Basic") -> dict[str, str]:
    return {"authorization": f"{scheme} {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


def test_only_the_password_or_the_token_opens() -> None:
    assert READER.genuine(login(), b"")
    assert READER.genuine(login(scheme="basic"), b"")
    assert READER.genuine({TOKEN: "zeichen"}, b"")
    wrong: list[dict[str, str]] = [
        {},
        login(password=""),
        login(user=""),
        login(password="geheim "),
        login(user="Nashra"),
        login(scheme="Bearer"),
        {"authorization": "Basic"},
        {"authorization": "Basic ###"},
        {"authorization": "Basic ñ"},
        {TOKEN: ""},
        {TOKEN: "zeichen2"},
        {TOKEN: "\ud800"},
        {"x-webhook-token": "zeichen"},
    ]
    assert [READER.genuine(headers, b"") for headers in wrong] == [False] * len(wrong)
    right = login()["authorization"].partition(" ")[2]
    draw = random.Random(1)
    for _ in range(2_000):
        changed_ = list(right)
        changed_[draw.randrange(len(right) - 3)] = draw.choice("ABCDEFabcdef0123")
        if "".join(changed_) != right:
            assert not READER.genuine({"authorization": f"Basic {''.join(changed_)}"}, b"")


def test_what_is_not_set_opens_nothing() -> None:
    by_token = GuardedReports(changed(webhook_token="zeichen"))
    assert not by_token.genuine(login(user="", password=""), b"")
    assert not by_token.genuine({**login(), TOKEN: ""}, b"")
    assert not by_token.genuine({"authorization": "Basic "}, b"")
    by_login = GuardedReports(changed(webhook_user="nashra", webhook_password="geheim"))
    assert not by_login.genuine({TOKEN: ""}, b"")


def test_the_door_is_there_once_its_password_is_set(tmp_path: Path) -> None:
    root = tmp_path / "w"
    make(root, 3, batch=2)
    base = {"NASHRA_WEB__URL": "https://news.example.org"}
    secret = {"NASHRA_POSTMARK__WEBHOOK_USER": "nashra", "NASHRA_POSTMARK__WEBHOOK_PASSWORD": "geheim"}
    with open_workspace(root, {**base, **secret}) as workspace:
        assert run(workspace.delivery_setup).submitted == 3
        with workspace.database.read() as connection:
            (send,) = ledger.sends(connection)
        body = json.dumps(report(send, 1, "Bounce", Type="HardBounce", ID=42)).encode()
        client = TestClient(app_of(workspace, postman=False), base_url=base["NASHRA_WEB__URL"])
        for headers in ({}, login(password="falsch")):
            assert client.post("/hooks/postmark", content=body, headers=headers).status_code == 403
        assert client.post("/hooks/postmark", content=b"[]", headers=login()).status_code == 400
        for _ in range(3):
            assert client.post("/hooks/postmark", content=body, headers=login()).status_code == 200
        with workspace.database.read() as connection:
            assert sum(store.suppressions(connection).values()) == 1
    with open_workspace(root, base) as workspace:
        client = TestClient(app_of(workspace, postman=False), base_url=base["NASHRA_WEB__URL"])
        assert client.post("/hooks/postmark", content=body, headers=login()).status_code == 404


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('webhook_user = "nashra"', "wanted together"),
        ('webhook_password = "geheim"', "wanted together"),
        ('webhook_user = "a:b"\nwebhook_password = "geheim"', "without a colon"),
        ('message_stream = "Broad cast"', "message_stream"),
        ("connections = 33", "32"),
    ],
)
def test_settings_that_cannot_work_are_said_and_no_secret_is_shown(tmp_path: Path, lines: str, words: str) -> None:
    root = tmp_path / "w"
    make(root, 0, batch=2)
    path = root / "newsletter.toml"
    path.write_text(with_settings(path.read_text("utf-8"), f"[postmark]\n{lines}\n"), "utf-8")
    with pytest.raises(SettingsError, match=words) as caught, open_workspace(root, {}):
        pass
    assert "geheim" not in str(caught.value)


# ---- its lists


def entry(
    address: str, reason: str, origin: str = "Recipient", at: str = "2026-11-20T08:58:33-05:00"
) -> dict[str, str]:
    return {"EmailAddress": address, "SuppressionReason": reason, "Origin": origin, "CreatedAt": at}


def test_the_lists_of_both_streams_are_taken_over(tmp_path: Path) -> None:
    root = tmp_path / "w"
    make(root, 6, batch=2)
    asked = tmp_path / "asked"
    asked.touch()
    lists = {
        "broadcast": [
            entry("reader0@example.net", "HardBounce"),
            entry("reader1@example.net", "SpamComplaint"),
            entry("reader2@example.net", "ManualSuppression"),
            entry("reader3@example.net", "ManualSuppression", "Admin"),
            entry("not an address", "HardBounce"),
        ],
        "outbound": [entry("reader4@example.net", "HardBounce"), entry("stranger@example.org", "ManualSuppression")],
    }
    with postmark_standin.running(tmp_path, suppressions=lists, asked=str(asked)) as server:
        more = {
            "NASHRA_SENDER__KIND": "postmark",
            "NASHRA_POSTMARK__TOKEN": postmark_standin.TOKEN,
            "NASHRA_POSTMARK__HOST": server.host,
        }
        with open_workspace(root, more) as workspace:
            assert suppressions.run(workspace) == SuppressionsOutcome(read=7, suppressed=4, left=1, known=2)
            with workspace.database.read() as connection:
                assert set(eligible(connection, 1, range(1, 7), workspace.now())) == {6}
            asked.write_text("")
            assert suppressions.run(workspace) == SuppressionsOutcome(read=7, known=7)
        assert asked.read_text().splitlines() == [
            f"/message-streams/{name}/suppressions/dump?fromdate=2026-11-19" for name in ("broadcast", "outbound")
        ]
        with (
            open_workspace(root, {**more, "NASHRA_POSTMARK__MESSAGE_STREAM": "weekly"}) as workspace,
            pytest.raises(SendError, match=r"refuses to show /message-streams/weekly/suppressions/dump .404."),
        ):
            suppressions.run(workspace)
