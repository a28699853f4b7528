"""SendGrid: right bodies, everything it can answer, and nothing lost or doubled in a storm."""

from __future__ import annotations

import copy
import json
import logging
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import standin
from hypothesis import given
from hypothesis import strategies as st
from test_deliver import ISSUE, LETTER, make, run

from newsletter import delivery, ledger
from newsletter.delivery import DeliverySetup
from newsletter.errors import SendError
from newsletter.ledger import SendCounts
from newsletter.letters.mime import LEAVE, slot
from newsletter.models import Picture, Rendered
from newsletter.senders import Parcel, UnreachableError, https, load
from newsletter.senders.https import connect
from newsletter.senders.sendgrid.answers import understand
from newsletter.senders.sendgrid.body import MailSendBody, sort_out, substitution_tag
from newsletter.senders.sendgrid.options import SendGridOptions
from newsletter.senders.sendgrid.sender import SendGrid
from newsletter.wiring import Workspace, open_workspace

MAIL_SEND = Path(__file__).parent / "data" / "sendgrid" / "mail_send.json"
"""Our own reading of the vendor's documentation of the body, as JSON Schema."""
OPTIONS = SendGridOptions(key="SG.test")


def changed(**options: Any) -> SendGridOptions:
    # Not checked: tests wait less than a setting may say.
    return OPTIONS.model_copy(update=options)


def parcel(number: int, address: str = "", **fields: Any) -> Parcel:
    return Parcel(number, f"ab12.{number}", address or f"reader{number}@example.net", {LEAVE: b"T" * 52}, **fields)


def body(*parcels: Parcel, options: SendGridOptions = OPTIONS, **letter: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(MailSendBody(replace(LETTER, **letter), options).encode(parcels, "req-1"))
    return made


def test_each_subscriber_has_a_header_a_substitution_and_ids_of_their_own() -> None:
    made = body(parcel(1), parcel(2))
    token = "T" * 52
    assert made["personalizations"][1] == {
        "to": [{"email": "reader2@example.net"}],
        "headers": {
            "List-Unsubscribe": f"<https://news.example.org/leave/{token}>, <mailto:news@example.org>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        "substitutions": {substitution_tag(LETTER): token},
        "custom_args": {"nashra_delivery": "ab12.2", "nashra_request": "req-1"},
    }
    assert made["from"] == {"email": "news@example.org", "name": "نشرة الموجة"}
    assert [part["type"] for part in made["content"]] == ["text/plain", "text/html"]
    for part in made["content"]:
        assert substitution_tag(LETTER) in part["value"]
        assert slot(LETTER.marker, LEAVE) not in part["value"]
    assert made["headers"]["List-Id"] == "readers <readers.example.org>"


def test_nothing_is_tracked_but_clicks_in_a_letter_that_says_so() -> None:
    off = body(parcel(1))["tracking_settings"]
    assert {name: part["enable"] for name, part in off.items()} == {
        "click_tracking": False,
        "open_tracking": False,
        "subscription_tracking": False,
    }
    on = body(parcel(1), tracked=True)["tracking_settings"]
    assert {name for name, part in on.items() if part["enable"]} == {"click_tracking"}
    assert on["click_tracking"]["enable_text"] is False


def test_without_reader_pages_there_is_no_one_click() -> None:
    mail = f"mailto:news@example.org?subject=unsubscribe%20{slot(LETTER.marker, LEAVE)}"
    made = body(parcel(1), unsubscribe_url="", unsubscribe_mail=mail)
    headers = made["personalizations"][0]["headers"]
    assert headers == {"List-Unsubscribe": f"<mailto:news@example.org?subject=unsubscribe%20{'T' * 52}>"}


def test_options_reach_the_body() -> None:
    options = changed(from_name="Almawja; weekly, news", categories=["weekly"], sandbox=True)
    picture = Picture("picture-1@example.org", "image/png", b"\x89PNG", "ميناء.png")
    made = body(
        parcel(1),
        options=options,
        reply_to="editor@example.org",
        rendered=replace(LETTER.rendered, pictures=(picture,)),
    )
    assert made["from"]["name"] == "Almawja; weekly, news"
    assert made["categories"] == ["weekly"]
    assert made["mail_settings"]["sandbox_mode"]["enable"] is True
    assert made["reply_to"] == {"email": "editor@example.org"}
    (attachment,) = made["attachments"]
    assert (attachment["content_id"], attachment["disposition"]) == ("picture-1@example.org", "inline")


@pytest.mark.parametrize(
    ("reply_to", "expected"),
    [
        ("التحرير <editor@example.org>", {"email": "editor@example.org", "name": "التحرير"}),
        ("editor@example.org", {"email": "editor@example.org"}),
        # SendGrid would send answers to "Almawja".
        (
            '"Almawja, the editors; Tunis" <e@example.org>',
            {"email": "e@example.org", "name": "Almawja the editors Tunis"},
        ),
        ('", ;" <e@example.org>', {"email": "e@example.org"}),
    ],
)
def test_answers_go_to_the_name_they_are_to_go_to(reply_to: str, expected: dict[str, str]) -> None:
    assert body(parcel(1), reply_to=reply_to)["reply_to"] == expected


@pytest.mark.parametrize("name", ["Almawja, weekly", "الموجة, نشرة", "News; daily", "الموجة، نشرة", 'The "wave"'])
def test_the_name_of_the_sender_is_as_it_was_written(name: str) -> None:
    quoted = name.replace('"', '\\"')
    assert body(parcel(1), sender=f'"{quoted}" <news@example.org>')["from"] == {
        "email": "news@example.org",
        "name": name,
    }


def test_a_letter_in_latin1_letters_only_is_made_safe_for_its_charset() -> None:
    link = slot(LETTER.marker, LEAVE)
    made = body(parcel(1), rendered=Rendered("été", f"<p>été {link}</p>", f"hello {link}"))
    text, html = (part["value"] for part in made["content"])
    assert text.isascii()
    assert any(character > "\xff" for character in html)


def test_what_sendgrid_would_refuse_is_taken_out_first() -> None:
    parcels = [
        parcel(1),
        parcel(2, "Reader1@example.net"),
        parcel(3, "أمل@example.net", needs_smtputf8=True),
        parcel(4),
    ]
    good, refused = sort_out(parcels)
    assert [one.delivery for one in good] == [1, 4]
    assert {number: reason for number, (_, reason) in refused.items()} == {
        2: "the same address twice",
        3: "SendGrid takes no address with letters beyond ASCII",
    }


@given(st.lists(st.text(st.sampled_from('ab@."\\ \n\x1fإſ\u2028'), min_size=1), max_size=6))
def test_addresses_are_sorted_out_and_written_as_if_each_were_looked_at(addresses: list[str]) -> None:
    parcels = [parcel(number, address) for number, address in enumerate(addresses)]
    good, refused = sort_out(parcels)

    folded: list[str] = []
    for one in parcels:
        fits = one.address.isascii() and one.address.casefold() not in folded
        assert (one in good, one.delivery in refused) == (fits, not fits)
        folded += [one.address.casefold()] if fits else []
    carried = json.loads(MailSendBody(LETTER, OPTIONS).encode(parcels, "req"))["personalizations"]
    assert [person["to"] for person in carried] == [[{"email": address}] for address in addresses]


ERROR = json.dumps({"errors": [{"message": "no", "field": None}]}).encode()


def field(name: str) -> bytes:
    return json.dumps({"errors": [{"message": "no", "field": name, "help": None}]}).encode()


@pytest.mark.parametrize(
    ("status", "headers", "content", "expected"),
    [
        (429, {"Retry-After": "7"}, ERROR, {"state": "queued", "pause": 7.0}),
        (429, {}, b"not json", {"state": "queued", "pause": 0.0}),
        (503, {"Retry-After": "soon"}, b"", {"state": "queued", "pause": 0.0}),
        (429, {"Retry-After": "99999"}, b"", {"state": "queued", "pause": 300.0}),
        (
            429,
            {"X-RateLimit-Reset": "1795503630", "Date": "Tue, 24 Nov 2026 07:00:00 GMT"},
            b"",
            {"state": "queued", "pause": 30.0},
        ),
        (413, {}, b"", {"state": "queued", "split": True}),
        (401, {}, ERROR, {"state": "queued", "stop": True}),
        (403, {}, ERROR, {"state": "queued", "stop": True}),
        (404, {}, b"", {"state": "queued", "stop": True}),
        (302, {"Location": "https://evil.example"}, b"", {"state": "queued", "stop": True}),
        (500, {}, b"", {"state": "unknown"}),
        (502, {}, b"<html>", {"state": "unknown"}),
        (504, {}, b"", {"state": "unknown"}),
        (200, {}, b"", {"state": "unknown"}),
        (400, {}, ERROR, {"state": "queued", "split": True}),
        (400, {}, field("from.email"), {"state": "queued", "stop": True}),
        (400, {}, field("personalizations.1.to.0.email"), {"state": "queued", "again": True}),
        (400, {}, field("personalizations[1].to[0].email"), {"state": "queued", "again": True}),
        (400, {}, field("personalizations.99.to"), {"state": "queued", "split": True}),
    ],
)
def test_every_answer_has_its_meaning(
    status: int, headers: dict[str, str], content: bytes, expected: dict[str, Any]
) -> None:
    answer = understand(status, headers, content, [parcel(1), parcel(2)], {})
    wanted = {"pause": 0.0, "split": False, "stop": False, "again": False} | expected
    assert {name: getattr(answer, name) for name in wanted} == wanted
    assert set(answer.apart) == ({2} if expected.get("again") else set())
    assert answer.reason


def test_bodies_keep_to_the_vendors_description() -> None:
    jsonschema_rs = pytest.importorskip("jsonschema_rs")
    validator = jsonschema_rs.validator_for(json.loads(MAIL_SEND.read_text("utf-8")))
    options = changed(categories=["weekly"], sandbox=True)
    made = body(*(parcel(number) for number in range(1000)), options=options, reply_to="a@example.org")
    assert [str(error) for error in validator.iter_errors(made)] == []
    assert standin.inspect(made)
    picture = Picture("picture-1@example.org", "image/png", b"\x89PNG", "ميناء.png")
    confirmation = body(parcel(1), automatic=True, rendered=replace(LETTER.rendered, pictures=(picture,)))
    assert [str(error) for error in validator.iter_errors(confirmation)] == []
    slips: list[tuple[list[str | int], object]] = [
        (["categories"], ["x"] * 2),
        (["categories"], [str(number) for number in range(11)]),
        (["personalizations"], [made["personalizations"][0]] * 1001),
        (["personalizations"], []),
        (["personalizations", 0, "headers", "Reply-To"], "a@example.org"),
        (["personalizations", 0, "headers", "X-Title"], "عدد"),
        (["personalizations", 0, "substitutions", "-x-"], 1),
        (["personalizations", 0, "custom_args", "nashra_delivery"], 1),
        (["personalizations", 0, "to"], []),
        (["reply_to", "name"], "نشرة, الموجة"),
        (["subject"], ""),
        (["content"], made["content"][::-1]),
        (["tracking_settings", "click_tracking", "enable"], "false"),
        (["reply_too"], {"email": "a@example.org"}),
    ]
    for path, value in slips:
        wrong = copy.deepcopy({**made, "personalizations": made["personalizations"][:1]})
        at: Any = wrong
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value
        assert not validator.is_valid(wrong), path


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


def desk_of(workspace: Workspace, host: str, *, batch: int = 7, timeout: float = 1.0, **options: Any) -> DeliverySetup:
    sender = SendGrid(changed(host=host, timeout=timeout, batch=batch, **options))
    return replace(workspace.delivery_setup, sender=sender, backoff=0.01, lease=5.0)


def test_everybody_is_taken_once(workspace: Workspace, tmp_path: Path) -> None:
    with standin.running(tmp_path) as server:
        assert run(desk_of(workspace, server.host)) == SendCounts(submitted=50, reasons={})
        assert server.addresses() == Counter(f"reader{number}@example.net" for number in range(50))
        taken = server.taken()
        assert len({one["nashra_delivery"] for one in taken}) == 50
        assert len({one["nashra_request"] for one in taken}) == 8
        assert len({one["unsubscribe"] for one in taken}) == 50


def test_poison_addresses_are_named_and_the_others_go(workspace: Workspace, tmp_path: Path) -> None:
    poisoned = {"reader3@example.net", "reader4@example.net", "reader30@example.net"}
    with workspace.database.write() as connection:
        for address in poisoned:
            connection.exec_driver_sql(
                "UPDATE subscriber SET address = 'poison-' || address WHERE address = ?", (address,)
            )
    with standin.running(tmp_path) as server:
        account = run(desk_of(workspace, server.host))
        assert (account.submitted, account.refused) == (47, 3)
        everybody = {f"reader{number}@example.net" for number in range(50)}
        assert server.addresses() == Counter(everybody - poisoned)
    assert account.reasons is not None
    assert all("valid address" in reason for reason in account.reasons)


@pytest.mark.slow
def test_a_storm_loses_and_doubles_nothing(workspace: Workspace, tmp_path: Path) -> None:
    faults = dict.fromkeys(("429", "503", "500", "502", "drop_before", "drop_after", "hang_after"), 0.3 / 7)
    with standin.running(tmp_path, faults=faults, hang=1.5, seed=4) as server:
        setup = desk_of(workspace, server.host, batch=1, timeout=0.5, connections=6)
        account = run(setup)
        taken = server.addresses()
    assert max(taken.values()) == 1
    assert account.submitted + account.unknown == 50
    assert account.unknown > 0
    with workspace.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT subscriber.address, coalesce(delivery.state, batch.state) FROM delivery "
            "JOIN batch ON batch.id = batch_id JOIN subscriber ON subscriber.id = subscriber_id"
        ).all()
    for address, state in rows:
        if state == "submitted":
            assert taken[address] == 1


@pytest.mark.slow
def test_a_storm_over_hundreds_of_requests_with_poison_among_them(tmp_path: Path) -> None:
    # Faults strike requests, not readers: 2,000 in tens meet as many of them as 10,000 in fifties.
    readers, poison = 2000, 20
    root = tmp_path / "w"
    make(root, 0, batch=2)
    with open_workspace(root, {}) as workspace:
        with workspace.database.write() as connection:
            for number in range(readers):
                name = "poison" if number % (readers // poison) == 7 else "reader"
                address = f"{name}{number}@example.net"
                connection.exec_driver_sql(
                    "INSERT INTO subscriber (address, address_key, public_id, needs_smtputf8, created) "
                    "VALUES (?, ?, randomblob(16), 0, 0)",
                    (address, address),
                )
            connection.exec_driver_sql(
                "INSERT INTO subscription (list_id, subscriber_id, status, rhythm, created, changed) "
                "SELECT 1, id, 'confirmed', 'weekly', 0, 0 FROM subscriber"
            )
        faults = {"429": 0.08, "503": 0.07, "500": 0.05, "drop_before": 0.04, "drop_after": 0.04, "hang_after": 0.02}
        with standin.running(tmp_path, faults=faults, hang=2.0, seed=7) as server:
            account = run(desk_of(workspace, server.host, batch=10, timeout=1.5, connections=8))
            taken = server.addresses()
        with workspace.database.read() as connection:
            rows = connection.exec_driver_sql(
                "SELECT subscriber.address, coalesce(delivery.state, batch.state) FROM delivery "
                "JOIN batch ON batch.id = batch_id JOIN subscriber ON subscriber.id = subscriber_id"
            )
            states = {str(address): str(state) for address, state in rows}
    assert max(taken.values()) == 1
    assert account.submitted + account.unknown + account.refused == readers
    assert all(taken[address] == 1 for address, state in states.items() if state == "submitted")
    refused = {address for address, state in states.items() if state == "refused"}
    assert all(address.startswith("poison") for address in refused)
    # A poison address may be in a request nobody knows about; every other one is named.
    unknown = {address for address, state in states.items() if state == "unknown"}
    assert {address for address in states if address.startswith("poison")} <= refused | unknown
    # A fifth of the requests gets no answer that tells; how they fall on large and small ones is chance.
    assert 0 < account.unknown < readers // 3


@pytest.mark.parametrize("status", ["401", "403"])
def test_a_refused_key_stops_the_send_at_once_and_nothing_is_lost(
    workspace: Workspace, tmp_path: Path, status: str
) -> None:
    with (
        standin.running(tmp_path, faults={status: 1.0}) as server,
        pytest.raises(SendError, match=f"as planned .{status}."),
    ):
        run(desk_of(workspace, server.host))
    with workspace.database.read() as connection:
        (send,) = ledger.sends(connection)
        assert (send.state, ledger.account(connection, send.id).queued) == ("paused", 50)
    with standin.running(tmp_path) as server:
        assert run(desk_of(workspace, server.host)).submitted == 50
        assert set(server.addresses().values()) == {1}


def test_a_wrong_key_is_said_in_the_providers_words(workspace: Workspace, tmp_path: Path) -> None:
    with standin.running(tmp_path) as server, pytest.raises(SendError, match="authorization grant is invalid"):
        run(desk_of(workspace, server.host, key="SG.wrong"))


def test_a_provider_out_of_reach_is_tried_until_patience_ends(workspace: Workspace) -> None:
    setup = replace(desk_of(workspace, "http://127.0.0.1:9", connections=1), patience=0.2)
    with pytest.raises(SendError, match="cannot be reached"):
        run(setup)
    with workspace.database.read() as connection:
        (send,) = ledger.sends(connection)
        assert ledger.account(connection, send.id).queued == 50


def test_a_busy_provider_is_asked_again_when_it_says(workspace: Workspace, tmp_path: Path) -> None:
    with standin.running(tmp_path, faults={"429": 0.5}, retry_after="0.05", seed=2) as server:
        assert run(desk_of(workspace, server.host, batch=5)).submitted == 50
        assert set(server.addresses().values()) == {1}


def test_a_missing_key_is_said_before_anything_is_sent() -> None:
    with pytest.raises(SendError, match="the key of SendGrid is missing"):
        SendGrid(changed(key=""))


def test_no_key_no_address_and_no_body_reach_the_log(
    workspace: Workspace, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with standin.running(tmp_path) as server:
        run(desk_of(workspace, server.host))
    assert "SG.test" not in caplog.text
    assert "@example.net" not in caplog.text


def test_an_abandoned_request_is_not_taken(tmp_path: Path) -> None:
    with standin.running(tmp_path) as server:
        carrier = SendGrid(changed(host=server.host)).load(LETTER)
        carrier.begin([parcel(1)], "req-1").abandon()
        assert carrier.begin([parcel(2)], "req-2").finish().state == "submitted"
        carrier.close()
        assert server.addresses() == {"reader2@example.net": 1}


def test_the_next_letter_goes_over_the_same_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened_: list[object] = []

    def counted(*arguments: Any) -> object:
        opened_.append(connect(*arguments))
        return opened_[-1]

    monkeypatch.setattr(https, "connect", counted)
    other = replace(LETTER, rendered=replace(LETTER.rendered, subject="أسبوع آخر"))
    with standin.running(tmp_path) as server:
        sender = SendGrid(changed(host=server.host))
        first = load(sender, LETTER, None)
        assert first.begin([parcel(1)], "req-1").finish().state == "submitted"
        second = load(sender, other, first)
        assert second.begin([parcel(2)], "req-2").finish().state == "submitted"
        second.close()
        assert server.addresses() == {"reader1@example.net": 1, "reader2@example.net": 1}
    assert len(opened_) == 1


def test_a_connection_that_the_server_closed_is_not_in_doubt(tmp_path: Path) -> None:
    with standin.running(tmp_path) as server:
        carrier = SendGrid(changed(host=server.host)).load(LETTER)
        assert carrier.begin([parcel(1)], "req-1").finish().state == "submitted"
    with pytest.raises(UnreachableError):
        # The stand-in is gone: whatever half of the exchange shows it, no last byte went.
        carrier.begin([parcel(2)], "req-2")


def test_freezing_for_sendgrid_makes_batches_of_a_thousand(workspace: Workspace) -> None:
    sender = SendGrid(OPTIONS)
    assert (sender.batch_size, sender.connections) == (1000, 4)
    send = delivery.freeze_letter(
        replace(workspace.delivery_setup, sender=sender), ISSUE, LETTER, list_id=1, rhythm="weekly"
    )
    with workspace.database.read() as connection:
        assert len(connection.exec_driver_sql("SELECT id FROM batch WHERE send_id = ?", (send.id,)).all()) == 1
