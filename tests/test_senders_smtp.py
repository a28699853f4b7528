"""SMTP: every answer a server can give, and never more than one letter of a connection in doubt."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import errno
import ipaddress
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import kills
import pytest
import smtp_standin
from command import environment, here
from hypothesis import given
from hypothesis import strategies as st
from settings_text import with_settings
from sqlalchemy import Connection, select, update
from test_deliver import ISSUE, LETTER, make, run
from test_ledger import claim, freeze, run_out

from newsletter import delivery as deliver
from newsletter import ledger
from newsletter.delivery import SLOT_WIDTHS, DeliverySetup
from newsletter.errors import DatabaseError, SendError, SettingsError
from newsletter.ledger import Batch, SendCounts
from newsletter.letters.mime import LEAVE
from newsletter.letters.mime import to_json as frozen
from newsletter.senders import Answer, Parcel, UnreachableError
from newsletter.senders.refusals import MOST_AT_FIRST, MOST_REFUSED
from newsletter.senders.smtp.carrier import SmtpCarrier
from newsletter.senders.smtp.meaning import meaning
from newsletter.senders.smtp.options import SmtpOptions
from newsletter.senders.smtp.replies import Replies, Reply, extensions
from newsletter.senders.smtp.round import FEWEST, MOST_BLOCKED, MOST_DEFERRED, MOST_UNKNOWN, QUICK
from newsletter.senders.smtp.sender import Smtp
from newsletter.senders.smtp.session import _xtext
from newsletter.storage.database import Database, open_database
from newsletter.storage.tables import batch as batches
from newsletter.storage.tables import delivery as rows
from newsletter.wiring import Workspace, open_workspace
from subscribers import actions, store

READERS = 50


def parcel(number: int, address: str = "", **fields: Any) -> Parcel:
    return Parcel(number, f"ab12.{number}", address or f"reader{number}@example.net", {LEAVE: b"T" * 52}, **fields)


def options(server: smtp_standin.StandIn | int, **more: Any) -> SmtpOptions:
    port = server if isinstance(server, int) else server.port
    chosen = {"host": "127.0.0.1", "port": port, "security": "none", "timeout": 2.0, "batch": 20, **more}
    # Not checked: tests wait less than a setting may say.
    return SmtpOptions().model_copy(update=chosen)


def load(given_options: SmtpOptions) -> SmtpCarrier:
    return Smtp(given_options, SLOT_WIDTHS).load(LETTER)


class Book:
    """What a ledger would be told; lets go what it is asked for."""

    def __init__(self) -> None:
        self.answers: dict[int, tuple[str, str]] = {}
        self.in_air: set[int] = set()
        self.commits = 0
        self.most_in_air = 0

    def __call__(self, answers: Mapping[int, tuple[str, str]], going: Sequence[int]) -> Collection[int] | None:
        self.commits += 1
        self.answers.update(answers)
        self.in_air -= answers.keys()
        self.in_air.update(going)
        self.most_in_air = max(self.most_in_air, len(self.in_air))
        return going

    def states(self) -> Counter[str]:
        return Counter(state for state, _ in self.answers.values())


def carry(given_options: SmtpOptions, *parcels: Parcel, book: Book | None = None) -> tuple[Answer, Book]:
    book = book or Book()
    carrier = load(given_options)
    try:
        return carrier.carry(parcels, book, renew=10.0), book
    finally:
        carrier.close()


# ---- what a server says


@given(
    st.lists(
        st.tuples(st.integers(200, 599), st.lists(st.text(st.characters(exclude_categories=["C", "Z"])), min_size=1))
    )
)
def test_replies_are_the_same_however_their_bytes_arrive(said: list[tuple[int, list[str]]]) -> None:
    raw = b""
    for code, lines in said:
        for number, line in enumerate(lines, 1):
            raw += f"{code}{' ' if number == len(lines) else '-'}{line}\r\n".encode()
    one_by_one, parser = [], Replies()
    for at in range(len(raw)):
        one_by_one += parser.feed(raw[at : at + 1])
    assert one_by_one == list(Replies().feed(raw)) == [Reply(code, tuple(lines)) for code, lines in said]
    assert not parser.pending


@given(st.binary(max_size=300))
def test_whatever_is_no_smtp_is_said_and_nothing_else_is_raised(raw: bytes) -> None:
    with contextlib.suppress(ValueError):
        for reply in Replies().feed(raw):
            assert 200 <= reply.code <= 599
            assert len(reply.words) <= 300
            assert reply.words.isprintable()


@pytest.mark.parametrize(
    "raw", [b"HTTP/1.1 400 Bad Request\r\n", b"\x15\x03\x01\x00\x02\x02P\n", b"250" * 2000, b"999 x\r\n"]
)
def test_another_protocol_is_recognised(raw: bytes) -> None:
    with pytest.raises(ValueError, match="not SMTP"):
        list(Replies().feed(raw))


def test_an_answer_without_end_is_cut_off() -> None:
    with pytest.raises(ValueError, match="no end"):
        list(Replies().feed(b"250-more\r\n" * 1000))


def test_the_words_of_a_server_hold_no_address() -> None:
    (reply,) = Replies().feed("550-5.1.1 <أمل@example.net>: no\r\n550 such user (a.b+c@mail.example.net)\r\n".encode())
    assert reply.words == "550 5.1.1 <(address)>: no such user ((address))"


def test_extensions_are_read_in_every_spelling() -> None:
    (reply,) = Replies().feed(b"250-hello\r\n250-size 100\r\n250-AUTH=LOGIN\r\n250-auth PLAIN\r\n250 Pipelining\r\n")
    assert extensions(reply) == {"SIZE": "100", "AUTH": "LOGIN PLAIN", "PIPELINING": ""}


@pytest.mark.parametrize(
    ("code", "command", "state"),
    [
        (250, ".", "submitted"),
        (251, ".", "submitted"),
        (354, ".", "unknown"),
        (421, ".", "queued"),
        (452, ".", "queued"),
        (550, ".", "refused"),
        (354, "MAIL", "queued"),
        (450, "RCPT", "queued"),
        (550, "RCPT", "refused"),
        (554, "DATA", "queued"),
    ],
)
def test_every_answer_has_its_meaning(code: int, command: str, state: str) -> None:
    assert meaning(Reply(code, ("words",)), command).state == state


def test_parameters_are_written_as_rfc_3461_wants() -> None:
    assert _xtext("a+b=c d@é.example") == "a+2Bb+3Dc+20d@+E9.example"


# ---- letters that go


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made") / "w"
    make(root, READERS, batch=2)
    return root


@pytest.fixture
def workspace(made: Path, tmp_path: Path) -> Iterator[Workspace]:
    shutil.copytree(made, tmp_path / "w")
    with open_workspace(tmp_path / "w", {}) as workspace:
        yield workspace


def desk_of(
    workspace: Workspace, server: smtp_standin.StandIn | int, *, lease: float = 5.0, **more: Any
) -> DeliverySetup:
    # Letters that the server puts off come again at once: how long they wait is no matter of the carrier's.
    return replace(
        workspace.delivery_setup,
        sender=Smtp(options(server, **more), SLOT_WIDTHS),
        backoff=0.01,
        put_off=0.02,
        lease=lease,
    )


def everybody() -> Counter[str]:
    return Counter(f"reader{number}@example.net" for number in range(READERS))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("plan", "settings"),
    [
        ({}, {}),
        ({}, {"pipelining": False}),
        ({"offers": ["SIZE", "8BITMIME"]}, {}),
        ({"offers": []}, {"connections": 1}),
        ({"plain": True}, {}),
        ({"dot_delay": 0.01}, {"connections": 8}),
    ],
)
def test_everybody_is_taken_once(
    workspace: Workspace, tmp_path: Path, plan: dict[str, Any], settings: dict[str, Any]
) -> None:
    with smtp_standin.running(tmp_path, **plan) as server:
        assert run(desk_of(workspace, server, **settings)) == SendCounts(submitted=READERS, reasons={})
        assert server.faults() == []
        assert server.addresses() == everybody()
        taken = server.taken()
        assert {one["connection"] for one in taken} <= set(range(1, settings.get("connections", 4) + 1))
        assert len({one["message_id"] for one in taken}) == READERS
        assert all(one["to"] == one["address"] for one in taken)
        assert sorted(server.said("quit")) == sorted({one["connection"] for one in taken})


def test_commits_are_shared_and_one_letter_of_a_connection_is_in_the_air(tmp_path: Path) -> None:
    with smtp_standin.running(tmp_path, dot_delay=0.02) as server:
        answer, book = carry(options(server, connections=8), *(parcel(number) for number in range(80)))
    assert answer == Answer()
    assert book.states() == {"submitted": 80}
    assert book.most_in_air <= 8
    assert book.commits < 75


def test_a_connection_carries_so_many_letters_and_no_more(tmp_path: Path) -> None:
    with smtp_standin.running(tmp_path) as server:
        answer, book = carry(options(server, letters=3, connections=2), *(parcel(number) for number in range(20)))
        assert answer == Answer()
        counts = Counter(one["connection"] for one in server.taken())
        assert max(counts.values()) == 3
        assert book.states() == {"submitted": 20}
        assert set(server.said("quit")) >= set(counts)
        assert server.faults() == []


def test_a_server_that_ends_each_connection_after_some_letters_gets_them_all(
    workspace: Workspace, tmp_path: Path
) -> None:
    with smtp_standin.running(tmp_path, most=4) as server:
        assert run(desk_of(workspace, server)) == SendCounts(submitted=READERS, reasons={})
        assert server.addresses() == everybody()
        assert max(Counter(one["connection"] for one in server.taken()).values()) == 4


def test_the_return_path_and_the_name_of_the_delivery_travel_with_each_letter(tmp_path: Path) -> None:
    with smtp_standin.running(tmp_path) as server:
        carry(options(server, return_path="bounces@example.org", verp=True), parcel(7, "a+b@example.net"))
        (taken,) = server.taken()
    assert taken["return_path"] == "bounces+ab12.7@example.org"
    assert (taken["envid"], taken["ret"]) == ("ab12.7", "HDRS")
    assert taken["message_id"] == "<ab12.7@example.org>"


def test_without_a_setting_bounces_go_to_the_sender(tmp_path: Path) -> None:
    with smtp_standin.running(tmp_path, offers=[]) as server:
        carry(options(server), parcel(7))
        assert server.taken()[0]["return_path"] == "news@example.org"


def test_an_address_beyond_ascii_goes_where_the_server_can_and_is_refused_where_not(tmp_path: Path) -> None:
    people = [parcel(1), parcel(2, "أمل@example.net", needs_smtputf8=True), parcel(3)]
    for offers, wanted in ((None, {"submitted": 3}), (["PIPELINING", "8BITMIME"], {"submitted": 2, "refused": 1})):
        folder = tmp_path / str(len(wanted))
        folder.mkdir()
        with smtp_standin.running(folder, **({"offers": offers} if offers else {})) as server:
            answer, book = carry(options(server), *people)
            assert answer == Answer()
            assert server.faults() == []
            assert book.states() == wanted
    assert "SMTPUTF8" in book.answers[2][1]
    assert "أمل" not in book.answers[2][1]


@pytest.mark.parametrize("address", ["a b@example.net", "a>\r\nRCPT TO:<x@example.net", "<a@example.net>"])
def test_an_address_that_would_break_out_of_the_envelope_is_refused(tmp_path: Path, address: str) -> None:
    with smtp_standin.running(tmp_path) as server:
        answer, book = carry(options(server), parcel(1, address), parcel(2))
        assert (answer.state, book.states()) == ("submitted", {"refused": 1, "submitted": 1})
        assert server.faults() == []


def test_a_letter_beyond_the_size_the_server_takes_stops_before_anything_goes(tmp_path: Path) -> None:
    with smtp_standin.running(tmp_path, offers=["SIZE 500", "PIPELINING"]) as server:
        answer, book = carry(options(server), parcel(1))
    assert answer.stop
    assert "the SMTP server takes 500; take out pictures" in answer.reason
    assert book.answers == {}


# ---- letters that do not go


def poisoned(workspace: Workspace, *pairs: tuple[int, str]) -> None:
    with workspace.database.write() as connection:
        for number, prefix in pairs:
            connection.exec_driver_sql(
                "UPDATE subscriber SET address = ? || address WHERE address = ?",
                (prefix, f"reader{number}@example.net"),
            )


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{}, {"pipelining": False}])
@pytest.mark.parametrize("always_354", [False, True])
def test_one_that_is_refused_is_named_without_its_address_and_the_others_go(
    workspace: Workspace, tmp_path: Path, settings: dict[str, Any], always_354: bool
) -> None:
    poisoned(workspace, (0, "poison-"), (3, "poison-"), (49, "poison-"))
    with smtp_standin.running(tmp_path, always_354=always_354) as server:
        account = run(desk_of(workspace, server, **settings))
        assert (account.submitted, account.refused) == (47, 3)
        assert server.faults() == []
        assert sum(server.addresses().values()) == 47
    assert account.reasons == {"the mail server refuses it: 550 5.1.1 <(address)>: no such user here": 3}


@pytest.mark.slow
def test_one_that_is_wanted_later_waits_while_the_others_go(workspace: Workspace, tmp_path: Path) -> None:
    poisoned(workspace, *((number, "later-") for number in range(15)))
    with smtp_standin.running(tmp_path) as server:
        setup = replace(desk_of(workspace, server), patience=0.3, put_off=10.0)
        with pytest.raises(SendError, match="wait for their time"):
            run(setup)
        assert sum(server.addresses().values()) == 35
    with workspace.database.write() as connection:
        (send,) = ledger.sends(connection)
        assert ledger.account(connection, send.id) == SendCounts(queued=15, submitted=35, reasons={})
        connection.exec_driver_sql("UPDATE subscriber SET address = replace(address, 'later-', '')")
        connection.execute(update(batches).where(batches.c.lease_until.is_not(None)).values(lease_until=1.0))
    with smtp_standin.running(tmp_path) as server:
        assert run(desk_of(workspace, server)).submitted == READERS
        assert server.addresses() == everybody()


# What the server says to a command, always, and what is then true of 30 letters: the state of the answer, whether it
# ends the send, the states told to the ledger, and words of the reason.
ALWAYS = [
    ({"greeting": "421 4.3.2 too busy"}, "queued", False, {}, "421 4.3.2 too busy"),
    ({"greeting": "554 5.7.1 go away"}, "queued", True, {}, "does not want us: 554 5.7.1 go away"),
    ({"EHLO": "421"}, "queued", False, {}, "421"),
    ({"EHLO": "550", "HELO": "550"}, "queued", True, {}, "does not want us: 550"),
    ({"EHLO": "500"}, "submitted", False, {"submitted": 30}, ""),
    ({"MAIL": "451 4.3.0 trouble"}, "queued", False, {"queued": MOST_DEFERRED}, "451 4.3.0 trouble"),
    ({"MAIL": "421"}, "queued", False, {}, "421"),
    ({"MAIL": "drop"}, "queued", False, {}, "closed the connection"),
    ({"MAIL": "530 5.7.0 log in first"}, "queued", True, {}, "does not carry our letters: 530 5.7.0 log in first"),
    ({"MAIL": "550 5.7.1 not yours"}, "queued", True, {}, "refuses our sender or our letter: 550 5.7.1 not yours"),
    ({"RCPT": "450"}, "queued", False, {"queued": MOST_DEFERRED}, "450"),
    ({"RCPT": "550 5.7.1 Relay access denied"}, "queued", True, {}, "does not carry our letters: 550 5.7.1 Relay"),
    ({"RCPT": "550 5.1.1"}, "queued", True, {"queued": MOST_AT_FIRST}, "refused one after the other"),
    ({"RCPT": "drop"}, "queued", False, {}, "closed the connection"),
    ({"DATA": "451"}, "queued", False, {"queued": MOST_DEFERRED}, "451"),
    ({"DATA": "554"}, "queued", True, {"queued": MOST_BLOCKED}, "3 letters in a row were not taken"),
    ({"DATA": "drop"}, "queued", False, {}, "closed the connection"),
    ({".": "451"}, "queued", False, {"queued": MOST_DEFERRED}, "451"),
    ({".": "554 5.7.1 spam"}, "queued", True, {"queued": MOST_BLOCKED}, "not for its reader: 554 5.7.1 spam"),
    ({"RCPT": "HTTP/1.1 200"}, "queued", False, {}, "not SMTP"),
]


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{}, {"pipelining": False}], ids=["pipelined", "one by one"])
@pytest.mark.parametrize(("answers", "state", "stop", "told", "words"), ALWAYS, ids=[str(one[0]) for one in ALWAYS])
def test_whatever_a_server_says_all_the_time_has_its_outcome(
    tmp_path: Path,
    settings: dict[str, Any],
    answers: dict[str, str],
    state: str,
    stop: bool,
    told: dict[str, int],
    words: str,
) -> None:
    with smtp_standin.running(tmp_path, answers=answers) as server:
        answer, book = carry(options(server, connections=2, **settings), *(parcel(number) for number in range(30)))
        assert (answer.state, answer.stop) == (state, stop)
        assert words in answer.reason
        states = book.states()
        if "queued" in told:
            # The other connection may have put one more off before it heard that it is enough.
            assert states.keys() == {"queued"}
            assert told["queued"] <= states["queued"] <= told["queued"] + 1
        else:
            assert states == told
        assert sum(server.addresses().values()) == states["submitted"]


def test_a_server_that_forgets_its_readers_in_mid_send_ends_it_and_nobody_is_refused(tmp_path: Path) -> None:
    people = [parcel(number, "" if number < 40 else f"poison{number}@example.net") for number in range(200)]
    with smtp_standin.running(tmp_path) as server:
        answer, book = carry(options(server), *people)
    assert (answer.stop, answer.about) == (True, "server")
    assert f"{MOST_REFUSED} readers were refused one after the other and nobody was taken" in answer.reason
    assert book.states()["submitted"] == 40
    assert book.states()["refused"] == 0
    assert MOST_REFUSED <= book.states()["queued"] <= MOST_REFUSED + 4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "arrived"), [("dot drop", False), ("dot drop-after", True), ("dot hang-after", True)]
)
def test_a_server_that_breaks_off_at_the_final_dot_leaves_one_letter_of_each_connection_unknown(
    workspace: Workspace, tmp_path: Path, fault: str, arrived: bool
) -> None:
    with smtp_standin.running(tmp_path, faults={fault: 1.0}, hang=5) as server:
        # Only one that hangs is to be waited for, and a busy machine is silent as long as some servers.
        setup = desk_of(workspace, server, connections=2, timeout=0.1 if "hang" in fault else 6.0)
        with pytest.raises(SendError, match="left without an answer one after the other"):
            run(setup)
        with workspace.database.read() as connection:
            (send,) = ledger.sends(connection)
            account = ledger.account(connection, send.id)
        # Until something was taken, letters go over one connection.
        assert 1 + MOST_UNKNOWN <= account.unknown <= 2 + MOST_UNKNOWN
        assert account.unknown + account.queued == READERS
        assert sum(server.addresses().values()) == (account.unknown if arrived else 0)


def test_a_storm_loses_and_doubles_nothing(workspace: Workspace, tmp_path: Path) -> None:
    faults = {
        "greeting 421": 0.05, "EHLO drop": 0.05, "MAIL 451": 0.05, "MAIL drop": 0.05, "RCPT 450": 0.05,
        "RCPT 421": 0.05, "DATA 451": 0.05, "DATA drop": 0.05, "dot 451": 0.1, "dot drop": 0.1, "dot drop-after": 0.1,
        "dot 421": 0.05,
    }  # fmt: skip
    with smtp_standin.running(tmp_path, faults=faults, seed=4) as server:
        account = run(desk_of(workspace, server, connections=6))
        taken = server.addresses()
        assert server.faults() == []
    assert max(taken.values()) == 1
    assert account.submitted + account.unknown == READERS
    assert account.unknown > 0
    with workspace.database.read() as connection:
        states = connection.exec_driver_sql(
            "SELECT subscriber.address, delivery.state FROM delivery JOIN subscriber ON subscriber.id = subscriber_id"
        ).all()
    for address, state in states:
        assert state != "submitted" or taken[address] == 1


def test_nobody_there_is_tried_until_patience_ends(workspace: Workspace) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(SendError, match=r"the SMTP server 127.0.0.1:\d+: it cannot be reached"):
        run(replace(desk_of(workspace, port), patience=0.2))
    with workspace.database.read() as connection:
        (send,) = ledger.sends(connection)
        assert ledger.account(connection, send.id).queued == READERS


def test_a_server_that_says_nothing_is_given_up_in_time(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        start = time.monotonic()
        answer, book = carry(options(silent.getsockname()[1], timeout=0.2), parcel(1))
    assert time.monotonic() - start < 5
    assert "it said nothing for 0.2 seconds" in answer.reason
    assert (answer.state, book.answers) == ("queued", {})


def test_who_cannot_be_found_is_said() -> None:
    answer, _ = carry(options(1, host="nowhere.invalid"), parcel(1))
    assert answer.state == "queued"
    assert "the SMTP server nowhere.invalid:1: it cannot be reached" in answer.reason


def test_a_connection_that_rested_is_asked_first_and_replaced_when_it_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.senders.smtp.carrier.REST", 0.0)
    book = Book()
    with smtp_standin.running(tmp_path) as server:
        carrier = load(options(server, connections=1))
        assert carrier.carry([parcel(1)], book, renew=1.0) == Answer()
        assert carrier.carry([parcel(2)], book, renew=1.0) == Answer()
        assert server.said("noop") == [1]
        port = server.port
    assert carrier.carry([parcel(3)], book, renew=1.0).state == "queued"
    carrier.close()
    assert port
    assert book.states() == {"submitted": 2}


# ---- TLS and log-in


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A certificate for localhost that nobody but its own file vouches for."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stand-in")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return {"certificate": str(folder / "cert.pem"), "key": str(folder / "key.pem")}


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("auth", ["PLAIN LOGIN", "LOGIN"])
def test_letters_go_over_tls_after_a_log_in(
    tmp_path: Path, certificate: dict[str, str], security: str, auth: str
) -> None:
    plan = {**certificate, "user": "نشرة", "password": "سرّ", "auth": auth, "tls": security == "tls"}
    with smtp_standin.running(tmp_path, **plan) as server:
        chosen = options(server, security=security, ca=certificate["certificate"], user="نشرة", password="سرّ")
        answer, book = carry(chosen, *(parcel(number) for number in range(20)))
        assert answer == Answer()
        assert book.states() == {"submitted": 20}
        assert server.faults() == []
        assert {(one["secure"], one["user"]) for one in server.taken()} == {(True, "نشرة")}


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_nobody_vouches_for_stops_the_send_before_the_log_in(
    tmp_path: Path, certificate: dict[str, str], security: str
) -> None:
    plan = {**certificate, "user": "u", "password": "p", "tls": security == "tls"}
    with smtp_standin.running(tmp_path, **plan) as server:
        answer, book = carry(options(server, security=security, user="u", password="p"), parcel(1))
    assert answer.stop
    assert "the certificate of the SMTP server is not good (self-signed certificate)" in answer.reason
    assert "under [smtp] ca" in answer.reason
    assert book.answers == {}


def test_the_certificate_of_somebody_else_stops_the_send(tmp_path: Path, certificate: dict[str, str]) -> None:
    with smtp_standin.running(tmp_path, **certificate) as server:
        chosen = options(server, security="starttls", ca=certificate["certificate"], host="127.0.0.2")
        answer, _ = carry(chosen.model_copy(update={"host": "127.0.0.1"}), parcel(1))
        assert answer == Answer()
        with contextlib.closing(forwarded("127.0.0.2", server.port)) as other:
            answer, _ = carry(chosen.model_copy(update={"port": other.getsockname()[1]}), parcel(1))
    assert answer.stop
    assert "IP address mismatch, certificate is not valid for '127.0.0.2'" in answer.reason


def forwarded(host: str, port: int) -> socket.socket:
    """A listener that hands its first connection on to a port of 127.0.0.1."""
    listener = socket.create_server((host, 0))

    def pump(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def serve() -> None:
        with contextlib.suppress(OSError):
            near, _ = listener.accept()
            with near, socket.create_connection(("127.0.0.1", port)) as far:
                back = threading.Thread(target=pump, args=(far, near))
                back.start()
                pump(near, far)
                back.join()

    threading.Thread(target=serve, daemon=True).start()
    return listener


def test_a_server_without_starttls_gets_nothing_in_the_clear(tmp_path: Path) -> None:
    with smtp_standin.running(tmp_path, user="u", password="p") as server:
        answer, book = carry(options(server, security="starttls", user="u", password="p"), parcel(1))
        assert answer.stop
        assert "does not offer STARTTLS" in answer.reason
        assert (server.taken(), book.answers) == ([], {})


def test_answers_slipped_in_before_tls_are_not_believed(tmp_path: Path, certificate: dict[str, str]) -> None:
    with smtp_standin.running(tmp_path, **certificate, injected="\r\n250-evil\r\n250 AUTH PLAIN") as server:
        chosen = options(server, security="starttls", ca=certificate["certificate"], user="u", password="p")
        answer, _ = carry(chosen, parcel(1))
    assert answer.stop
    assert "spoke between STARTTLS and TLS" in answer.reason


def test_tls_where_the_server_speaks_none_is_said(tmp_path: Path) -> None:
    with smtp_standin.running(tmp_path) as server:
        answer, _ = carry(options(server, security="tls"), parcel(1))
    assert answer.stop
    assert "587 is starttls, 465 is tls" in answer.reason


@pytest.mark.parametrize("auth", ["PLAIN", "LOGIN", "GSSAPI"])
def test_a_refused_log_in_stops_the_send_and_shows_no_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, auth: str
) -> None:
    caplog.set_level("DEBUG")
    with smtp_standin.running(tmp_path, user="u", password="p", auth=auth) as server:
        answer, _ = carry(options(server, user="u", password="geheim"), parcel(1))
    assert answer.stop
    assert ("no log-in that we know (it offers: GSSAPI)" if auth == "GSSAPI" else "535 5.7.8") in answer.reason
    assert "secrets/smtp.password" in answer.reason
    for secret in ("geheim", "Z2VoZWlt", "AHUAZ2VoZWlt"):
        assert secret not in answer.reason + caplog.text
    assert "example.net" not in caplog.text


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (SmtpOptions(host=""), "the SMTP server is missing"),
        (SmtpOptions(host="smtp.example.org", user="u"), "the password for the SMTP server is missing"),
        (
            SmtpOptions(host="smtp.example.org", user="u", password="p", security="none"),
            "would go to the SMTP server in the clear",
        ),
    ],
)
def test_settings_that_cannot_work_are_said_before_anything_is_sent(chosen: SmtpOptions, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        Smtp(chosen, SLOT_WIDTHS)


def test_certificates_that_are_none_are_said(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    for name in ("ca.pem", "missing.pem"):
        with pytest.raises(SettingsError, match="the certificates to trust cannot be read"):
            Smtp(SmtpOptions(host="a.example.org", ca=str(tmp_path / name)), SLOT_WIDTHS).load(LETTER)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('host = "smtp://mail.example.org"', "the name of a host"),
        ('host = "a@b"', "the name of a host"),
        ("port = 99999", "less than or equal to 65535"),
        ('security = "ssl"', "'starttls', 'tls' or 'none'"),
        ('return_path = "nobody"', "@-sign"),
        ("connections = 0", "greater than or equal to 1"),
        ("letters = 0", "greater than or equal to 1"),
        ("password = 5", "found a secret"),
        ("colour = 5", "is not a setting"),
    ],
)
def test_a_wrong_setting_is_said_with_its_line(made: Path, tmp_path: Path, line: str, words: str) -> None:
    root = tmp_path / "w"
    shutil.copytree(made, root)
    path = root / "newsletter.toml"
    path.write_text(with_settings(path.read_text("utf-8"), f"[smtp]\n{line}\n"), "utf-8")
    done = here("-C", root, "lists")
    assert done.code == 1
    assert words in done.err
    assert "newsletter.toml:" in done.err


# ---- the usual form, for small letters and test letters


def test_one_letter_goes_with_its_last_byte(tmp_path: Path) -> None:
    with smtp_standin.running(tmp_path) as server:
        carrier = load(options(server))
        assert carrier.one_by_one
        waiting = carrier.begin([parcel(1)], "r")
        assert server.taken() == []
        assert waiting.finish() == Answer()
        assert carrier.settle(["ab12.1"]) is None
        carrier.begin([parcel(2)], "r").abandon()
        assert carrier.begin([parcel(3)], "r").finish() == Answer()
        carrier.close()
        assert set(server.addresses()) == {"reader1@example.net", "reader3@example.net"}
        assert server.faults() == []


def test_the_answer_to_one_letter_is_that_of_its_submission(tmp_path: Path) -> None:
    with smtp_standin.running(tmp_path, answers={".": "451 4.3.0 later"}) as server:
        carrier = load(options(server))
        for address, state in (("poison@example.net", "refused"), ("later@example.net", "queued"), ("", "queued")):
            answer = carrier.begin([parcel(1, address)], "r").finish()
            assert (answer.state, bool(answer.reason), answer.apart) == (state, True, {})
        assert carrier.begin([parcel(1, "أمل@example.net")], "r").finish().state == "queued"
        carrier.close()


def test_several_letters_in_one_submission(tmp_path: Path) -> None:
    with smtp_standin.running(tmp_path) as server:
        carrier = load(options(server))
        people = [parcel(1), parcel(2, "poison@example.net"), parcel(3)]
        answer = carrier.begin(people, "r").finish()
        assert (answer.state, set(answer.apart)) == ("submitted", {2})
        answer = carrier.begin([*people, parcel(4, "later@example.net")], "r").finish()
        assert (answer.state, set(answer.apart)) == ("queued", {1, 2, 3})
        carrier.close()


def test_a_last_byte_without_answer_is_unknown(tmp_path: Path) -> None:
    with smtp_standin.running(tmp_path, faults={"dot drop-after": 1.0}) as server:
        carrier = load(options(server))
        answer = carrier.begin([parcel(1)], "r").finish()
        assert (answer.state, "closed the connection" in answer.reason) == ("unknown", True)
        carrier.close()
        assert server.addresses() == {"reader1@example.net": 1}


def test_what_cannot_be_handed_over_is_raised_before_the_last_byte(tmp_path: Path) -> None:
    with smtp_standin.running(tmp_path, answers={"DATA": "drop"}) as server:
        carrier = load(options(server))
        with pytest.raises(UnreachableError, match="closed the connection"):
            carrier.begin([parcel(1)], "r")
        carrier.close()
    with smtp_standin.running(tmp_path, answers={"MAIL": "550 5.7.1 not yours"}) as server:
        carrier = load(options(server))
        with pytest.raises(SendError, match=r"refuses our sender .*not yours; check \[sender\] from"):
            carrier.begin([parcel(1)], "r")
        carrier.close()


def test_a_test_letter_goes_through_the_command(made: Path, tmp_path: Path) -> None:
    root = tmp_path / "w"
    shutil.copytree(made, root)
    with smtp_standin.running(tmp_path, user="u", password="geheim") as server:
        configure(root, server, 'user = "u"')
        (root / "secrets" / "smtp.password").write_text("geheim\n")
        (root / "issues" / "one").mkdir(parents=True)
        text = '+++\nnumber = 1\nsubject = "أسبوع"\n+++\n\n### [عنوان](https://example.org/a)\nملخص.\n'
        (root / "issues" / "one" / "issue.md").write_text(text, "utf-8")
        done = here("-C", root, "send", "--test", "me@example.org")
        assert done.code == 0, done
        (taken,) = server.taken()
        assert (taken["address"], taken["user"]) == ("me@example.org", "u")


def configure(root: Path, server: smtp_standin.StandIn, *lines: str) -> None:
    path = root / "newsletter.toml"
    section = [f'host = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\ntimeout = 2', *lines]
    text = path.read_text("utf-8").replace('kind = "outbox"', 'kind = "smtp"')
    path.write_text(with_settings(text, "[smtp]\n" + "\n".join(section) + "\n"), "utf-8")


# ---- crash, lease, pause


@pytest.mark.slow
def test_wherever_it_dies_at_most_one_letter_of_each_connection_is_unknown(tmp_path: Path) -> None:
    addresses = make(tmp_path / "made", 3, batch=3)
    letter = frozen(LETTER)
    killed, unknown = 0, []
    with smtp_standin.running(tmp_path) as server:
        configure(tmp_path / "made", server, "connections = 2", "batch = 4")
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
                connection.exec_driver_sql("UPDATE batch SET lease_until = 1 WHERE lease_until IS NOT NULL")
            assert kills.send(root, frozen=letter) == 0
            taken = server.addresses()
            with open_workspace(root, {}) as workspace, workspace.database.read() as connection:
                (send,) = ledger.sends(connection)
                account = ledger.account(connection, send.id)
                assert send.state == "finished"
            assert max(taken.values()) == 1
            assert account.submitted + account.unknown == len(addresses)
            assert account.unknown <= 2
            assert account.submitted <= sum(taken.values())
            unknown.append(account.unknown)
    assert killed >= 6
    assert max(unknown) > 0


class Overtaken(Book):
    """Loses the lease at the third mark."""

    def __call__(self, answers: Mapping[int, tuple[str, str]], going: Sequence[int]) -> Collection[int] | None:
        may = super().__call__(answers, going)
        return may if len(self.in_air) + len(self.answers) < 3 else None


def test_who_lost_the_lease_lets_no_further_dot_go_and_still_tells_what_went(tmp_path: Path) -> None:
    book = Overtaken()
    with smtp_standin.running(tmp_path) as server:
        answer, _ = carry(options(server, connections=1), *(parcel(number) for number in range(10)), book=book)
        assert answer.state == "queued"
        assert book.states() == {"submitted": 2}
        assert sum(server.addresses().values()) == 2


def test_a_letter_that_was_settled_meanwhile_does_not_go(tmp_path: Path) -> None:
    class Settled(Book):
        def __call__(self, answers: Mapping[int, tuple[str, str]], going: Sequence[int]) -> Collection[int] | None:
            return super().__call__(answers, [one for one in going if one != 3])

    with smtp_standin.running(tmp_path) as server:
        answer, book = carry(options(server, connections=1), *(parcel(number) for number in range(6)), book=Settled())
        assert answer == Answer()
        assert book.states() == {"submitted": 5}
        assert server.addresses()["reader3@example.net"] == 0
        assert server.faults() == []


def test_a_ledger_that_fails_once_is_told_again_what_went(tmp_path: Path) -> None:
    class Failing(Book):
        failed = False

        def __call__(self, answers: Mapping[int, tuple[str, str]], going: Sequence[int]) -> Collection[int] | None:
            if self.commits >= 3 and not self.failed:
                self.failed = True
                raise SendError("the disk is full")
            return super().__call__(answers, going)

    book = Failing()
    with smtp_standin.running(tmp_path) as server:
        with pytest.raises(SendError, match="the disk is full"):
            carry(options(server, connections=2), *(parcel(number) for number in range(20)), book=book)
        assert book.states() == {"submitted": sum(server.addresses().values())}
        assert book.states()["submitted"] >= 2


@pytest.mark.slow
def test_a_long_wait_keeps_the_lease(tmp_path: Path) -> None:
    book = Book()
    with smtp_standin.running(tmp_path, dot_delay=1.0) as server:
        carrier = load(options(server))
        assert carrier.carry([parcel(1)], book, renew=0.2) == Answer()
        carrier.close()
    assert book.commits >= 4


@pytest.mark.slow
def test_a_paused_send_stops_within_a_letter(workspace: Workspace, tmp_path: Path) -> None:
    with smtp_standin.running(tmp_path, dot_delay=0.05) as server:
        setup = desk_of(workspace, server, connections=2, batch=50)
        send = deliver.freeze_letter(setup, ISSUE, LETTER, list_id=1, rhythm="weekly")
        seen: list[int] = []

        def progress(state: str, count: int) -> None:
            if state == "submitted" and not seen:
                with workspace.database.write() as connection:
                    ledger.move(connection, send, "paused")
                seen.append(count)

        account = deliver.run(setup, send, progress)
        assert account.submitted == sum(server.addresses().values())
        assert account.submitted <= 6
        assert (account.unknown, account.queued) == (0, READERS - account.submitted)
        with workspace.database.write() as connection:
            ledger.move(connection, send, "running")
        assert deliver.run(setup, send, lambda _state, _count: None).submitted == READERS
        assert server.addresses() == everybody()


@pytest.mark.slow
def test_ctrl_c_lets_what_is_in_the_air_come_to_its_end(made: Path, tmp_path: Path) -> None:
    root = tmp_path / "w"
    shutil.copytree(made, root)
    with smtp_standin.running(tmp_path, dot_delay=0.2) as server:
        configure(root, server, "connections = 2", "batch = 50")
        with open_workspace(root, {}) as workspace:
            deliver.freeze_letter(workspace.delivery_setup, ISSUE, LETTER, list_id=1, rhythm="weekly")
        (root / "issues" / "one").mkdir(parents=True)
        (root / "issues" / "one" / "issue.md").write_text('+++\nnumber = 1\nsubject = "أسبوع"\n+++\n', "utf-8")
        process = subprocess.Popen(
            [sys.executable, "-m", "newsletter", "-C", str(root), "send", "1", "--yes"],
            env=environment(),
            stderr=subprocess.PIPE,
        )
        deadline = time.monotonic() + 120
        while not server.taken() and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        _, words = process.communicate(timeout=30)
        assert process.returncode == 75, words
        with open_workspace(root, {}) as workspace, workspace.database.read() as connection:
            (send,) = ledger.sends(connection)
            account = ledger.account(connection, send.id)
        assert account.unknown + account.submitting == 0
        assert 0 < account.submitted == sum(server.addresses().values()) < READERS


# ---- the ledger's side, on both databases


def state_of(connection: Connection, batch: Batch) -> tuple[str, list[str | None]]:
    held = connection.execute(select(batches.c.state).where(batches.c.id == batch.id)).scalar_one()
    states = connection.execute(select(rows.c.state).where(rows.c.batch_id == batch.id).order_by(rows.c.id)).scalars()
    return held, list(states)


def advance(connection: Connection, batch: Batch, **more: Any) -> frozenset[int] | None:
    return ledger.advance(connection, batch, **{"answers": {}, "going": (), "marked": (), "lease": 30, **more})


def test_letters_are_marked_and_answered_row_by_row(connection: Connection) -> None:
    send = freeze(connection, size=4)
    batch = claim(connection, send)
    one, two, three, four = (delivery.id for delivery in ledger.deliveries(connection, batch.id))
    assert ledger.doubt(connection, batch) == 0
    assert advance(connection, batch, going=[one, two]) == {one, two}
    answers = {one: ("submitted", ""), two: ("queued", "busy"), four: ("skipped", "left")}
    assert advance(connection, batch, answers=answers, going=[three], marked=[one, two]) == {three}
    assert state_of(connection, batch) == ("queued", ["submitted", None, "submitting", "skipped"])
    assert advance(connection, batch, answers={three: ("refused", "550")}, marked=[three]) == frozenset()
    ledger.close(connection, batch, pause=60)
    assert state_of(connection, batch) == ("queued", ["submitted", None, "refused", "skipped"])
    run_out(connection, batch)
    again = claim(connection, send)
    assert [delivery.id for delivery in ledger.deliveries(connection, again.id)] == [two]
    assert advance(connection, again, going=[two]) == {two}
    advance(connection, again, answers={two: ("submitted", "")}, marked=[two])
    ledger.close(connection, again)
    assert state_of(connection, batch)[0] == "submitted"
    assert ledger.account(connection, send.id).submitted == 2


def test_a_batch_put_off_waits_as_long_as_it_should(connection: Connection) -> None:
    send = freeze(connection, size=7)
    batch = claim(connection, send)
    ledger.close(connection, batch, pause=60)
    assert ledger.claim(connection, send.id, lease=30) is None
    assert ledger.waiting(connection, send.id) == pytest.approx(60, abs=5)


def test_what_was_in_the_air_when_the_lease_ran_out_is_unknown_and_the_rest_goes_on(connection: Connection) -> None:
    send = freeze(connection, size=3)
    batch = claim(connection, send)
    one, two, three = (delivery.id for delivery in ledger.deliveries(connection, batch.id))
    assert advance(connection, batch, going=[one, two]) == {one, two}
    run_out(connection, batch)
    assert advance(connection, batch, going=[three], marked=[one, two]) is None
    other = claim(connection, send)
    assert other.id == batch.id
    assert ledger.doubt(connection, other) == 2
    assert [delivery.id for delivery in ledger.deliveries(connection, other.id)] == [three]
    # The first holder wakes up: it may let nothing go, and what it knows of its own letters is still the truth.
    late = {one: ("submitted", ""), two: ("queued", "busy"), three: ("refused", "550")}
    assert advance(connection, batch, answers=late, going=[three], marked=[one, two]) is None
    assert state_of(connection, batch) == ("queued", ["submitted", "unknown", None])
    assert advance(connection, other, going=[three]) == {three}
    assert advance(connection, other, answers={three: ("submitted", "")}, marked=[three]) == frozenset()
    ledger.close(connection, batch)
    assert state_of(connection, batch)[0] == "queued"
    ledger.close(connection, other)
    assert state_of(connection, batch) == ("submitted", ["submitted", "unknown", "submitted"])


def test_a_letter_that_an_event_settled_is_not_let_go(connection: Connection) -> None:
    send = freeze(connection, size=3)
    batch = claim(connection, send)
    one, two, _ = (delivery.id for delivery in ledger.deliveries(connection, batch.id))
    connection.execute(update(rows).where(rows.c.id == one).values(state="submitted"))
    assert advance(connection, batch, going=[one, two]) == {two}
    assert advance(connection, batch, going=[one, two]) == {two}
    assert advance(connection, batch, answers={one: ("refused", "550")}, marked=[one]) == frozenset()
    assert state_of(connection, batch)[1][:2] == ["submitted", "submitting"]


def test_nothing_goes_of_a_send_that_rests(connection: Connection) -> None:
    send = freeze(connection, size=3)
    batch = claim(connection, send)
    (first, *_) = ledger.deliveries(connection, batch.id)
    ledger.move(connection, send, "paused")
    assert advance(connection, batch, going=[first.id]) is None
    assert state_of(connection, batch)[1] == [None, None, None]


def test_marks_are_kept_by_a_dead_holder_until_the_next_claim(database: Database) -> None:
    with database.write() as connection:
        send = freeze(connection, size=3)
        batch = claim(connection, send, lease=0.05)
        first = ledger.deliveries(connection, batch.id)[0]
        assert ledger.advance(connection, batch, answers={}, going=[first.id], marked=(), lease=0.05) == {first.id}
    time.sleep(0.1)
    with database.write() as connection:
        again = claim(connection, send)
        assert ledger.doubt(connection, again) == 1
        assert ledger.account(connection, send.id).unknown == 1


def test_a_send_goes_through_a_storm_on_both_databases(database: Database, tmp_path: Path) -> None:
    now = datetime.datetime.now(datetime.UTC)
    with database.write() as connection:
        store.add_list(connection, "readers", "الموجة", now=now)
        for number in range(READERS):
            actions.add_subscriber(connection, f"reader{number}@example.net", "readers", now=now)
    with smtp_standin.running(tmp_path, faults={"dot drop": 0.1, "dot drop-after": 0.1, "RCPT 450": 0.1}) as server:
        sender = Smtp(options(server), SLOT_WIDTHS)
        setup = DeliverySetup(
            database, sender, {1: b"l" * 32}, 5.0, lambda: now, backoff=0.01, put_off=0.02, durable=False
        )
        for tries in range(5):
            try:
                account = run(setup)
                break
            except SendError:  # by chance too many drops come in a row: the send stops, and the same call goes on
                assert tries < 4
        taken = server.addresses()
    assert max(taken.values()) == 1
    assert account.submitted + account.unknown == READERS
    assert account.submitted <= sum(taken.values())


def test_marks_may_do_without_the_disk_and_nothing_else_does(database: Database) -> None:
    question, levels = (
        ("PRAGMA synchronous", (1, 2)) if database.is_sqlite else ("SHOW synchronous_commit", ("off", "on"))
    )
    for durable in (True, False, True, True, False, False):
        with database.write(durable=durable) as connection:
            assert connection.exec_driver_sql(question).scalar_one() == levels[durable]
    with database.write() as connection:
        assert connection.exec_driver_sql(question).scalar_one() == levels[True]


@pytest.mark.parametrize("fsync", [True, False])
def test_the_setting_says_whether_marks_wait_for_the_disk(made: Path, tmp_path: Path, fsync: bool) -> None:
    shutil.copytree(made, tmp_path / "w")
    with smtp_standin.running(tmp_path) as server:
        configure(tmp_path / "w", server)
        with open_workspace(tmp_path / "w", {"NASHRA_SENDER__FSYNC": str(fsync).lower()}) as workspace:
            synced: list[int] = []
            sync = workspace.database.sync
            workspace.database.sync = lambda: (sync(), synced.append(sum(server.addresses().values())))[0]  # type: ignore[method-assign]
            assert run(workspace.delivery_setup).submitted == READERS
    assert bool(synced) is fsync


def test_no_last_byte_goes_before_the_disk_has_its_mark(workspace: Workspace, tmp_path: Path) -> None:
    # A connection at a time: when the disk is asked, exactly the letters whose marks it has taken before have gone.
    with smtp_standin.running(tmp_path) as server:
        setup = replace(desk_of(workspace, server, connections=1), durable=True)
        database, seen = workspace.database, list[tuple[int, int]]()
        sync = database.sync

        def watched() -> None:
            with database.read() as connection:
                marked = connection.exec_driver_sql("SELECT count(*) FROM delivery WHERE state = 'submitting'").scalar()
            seen.append((int(marked or 0), sum(server.addresses().values())))
            time.sleep(0.01)
            assert sum(server.addresses().values()) == seen[-1][1]
            sync()

        database.sync = watched  # type: ignore[method-assign]
        assert run(setup).submitted == READERS
    assert seen == [(1, gone) for gone in range(READERS)]


@pytest.mark.parametrize("connections", [3, FEWEST + 2])  # waited for here, or by another thread
def test_a_disk_that_takes_no_mark_lets_no_letter_go_and_leaves_none_in_doubt(
    workspace: Workspace, tmp_path: Path, connections: int
) -> None:
    with smtp_standin.running(tmp_path) as server:
        setup = replace(desk_of(workspace, server, connections=connections), durable=True)
        database = workspace.database
        sync, asked = database.sync, list[int]()

        def broken() -> None:
            asked.append(1)
            if len(asked) > 7:
                raise DatabaseError("the disk is broken")
            sync()

        database.sync = broken  # type: ignore[method-assign]
        with pytest.raises(DatabaseError, match="the disk is broken"):
            run(setup)
        with database.read() as connection:
            send, account = ledger.send(connection, 1), ledger.account(connection, 1)
        assert send is not None
        taken = sum(server.addresses().values())
        assert 0 < taken < READERS
        assert (account.submitted, account.unknown) == (taken, 0)
        database.sync = sync  # type: ignore[method-assign]
        assert deliver.run(setup, send, lambda _state, _count: None).submitted == READERS
        assert set(server.addresses().values()) == {1}


def test_connections_go_on_while_the_disk_takes_the_marks_of_others(tmp_path: Path) -> None:
    book, lock, inside, both = Book(), threading.Lock(), set[int](), threading.Event()

    def sync() -> None:
        with lock:
            inside.add(threading.get_ident())
            if len(inside) == 2:
                both.set()
        both.wait(0.5)  # not longer: both connections may have asked at the same moment, for one commit
        with lock:
            inside.discard(threading.get_ident())

    with smtp_standin.running(tmp_path) as server:
        carrier = load(options(server, connections=2))
        try:
            answer = carrier.carry([parcel(number) for number in range(20)], book, renew=10.0, sync=sync)
        finally:
            carrier.close()
    assert both.is_set()
    assert answer == Answer()
    assert book.states() == {"submitted": 20}
    assert book.most_in_air <= 2


@pytest.mark.parametrize(
    ("connections", "slow", "apart"), [(2, False, False), (2, True, True), (FEWEST + 4, False, True)]
)
def test_another_thread_waits_for_a_slow_disk_or_beside_many_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, connections: int, slow: bool, apart: bool
) -> None:
    threads: list[int] = []
    if not slow:
        # A busy machine may keep a thread from work as long as a disk does.
        monkeypatch.setattr("newsletter.senders.smtp.round.QUICK", 60.0)
    # Nor do the first connections hand all letters over before the others are there.
    many = connections > FEWEST

    def sync() -> None:
        threads.append(threading.get_ident())
        if slow:
            time.sleep(20 * QUICK)

    with smtp_standin.running(tmp_path, dot_delay=0.3 * many) as server:
        carrier = load(options(server, connections=connections))
        parcels = [parcel(number) for number in range(16 if many else 40)]
        try:
            assert carrier.carry(parcels, Book(), renew=10.0, sync=sync) == Answer()
        finally:
            carrier.close()
    assert any(one != threading.get_ident() for one in threads) is apart


def test_without_another_thread_the_disk_is_waited_for_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(asyncio.BaseEventLoop, "run_in_executor", none_left)
    synced: list[int] = []
    with smtp_standin.running(tmp_path) as server:
        carrier = load(options(server, connections=FEWEST + 1))
        parcels = [parcel(number) for number in range(20)]
        assert carrier.carry(parcels, Book(), renew=10.0, sync=lambda: synced.append(1)) == Answer()
        monkeypatch.undo()
        carrier.close()
        assert sum(server.addresses().values()) == 20
    assert synced


@pytest.mark.parametrize("linked", [False, True])
def test_a_sync_is_for_the_log_of_what_was_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, linked: bool
) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    path, log = folder / "x.db", folder / "x.db-wal"
    if linked:
        # SQLite keeps the log beside the file, and not beside a link to it.
        path.touch()
        (tmp_path / "link.db").symlink_to(path)
    database = open_database(f"sqlite:///{tmp_path / 'link.db' if linked else path}")
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino), raising=False)
    try:
        with database.write(durable=False) as connection:
            connection.exec_driver_sql("CREATE TABLE t (n INTEGER)")
        assert log.stat().st_size
        database.sync()
        assert synced == [log.stat().st_ino]
    finally:
        database.close()
    assert not log.exists()
    database.sync()  # there is no log any more: all of it was taken into the file


def test_a_disk_that_failed_once_is_not_believed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux tells of a lost page once; a file opened after that hears nothing of it (fsync(2), "ERRORS")."""
    database = open_database(f"sqlite:///{tmp_path / 'x.db'}")

    def full(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    try:
        with database.write(durable=False) as connection:
            connection.exec_driver_sql("CREATE TABLE t (n INTEGER)")
        monkeypatch.setattr(os, "fdatasync", full, raising=False)
        with pytest.raises(DatabaseError, match="disk I/O"):
            database.sync()
        monkeypatch.undo()
        with pytest.raises(DatabaseError, match="disk I/O"):
            database.sync()
    finally:
        database.close()


# ---- postfix's own sink, with its faults


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Any]:
    """Start smtp-sink with flags; gives its port."""
    program = shutil.which("smtp-sink", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("smtp-sink is missing, and CI may not skip it")
        pytest.skip("needs smtp-sink, of Debian's package postfix")
    processes = []

    def start(*flags: str) -> int:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = int(listener.getsockname()[1])
        user = ("-u", "postfix") if os.geteuid() == 0 else ()
        processes.append(
            subprocess.Popen([program, *user, *flags, f"127.0.0.1:{port}", "256"], stderr=subprocess.DEVNULL)
        )
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return port
            time.sleep(0.02)
        raise AssertionError("smtp-sink does not start")

    yield start
    for process in processes:
        process.kill()
        process.wait()


TEN = [parcel(number) for number in range(10)]
SINK = [
    (("-p",), "submitted", {"submitted": 10}, ""),
    (("-e",), "submitted", {"submitted": 10}, ""),
    (("-8",), "submitted", {"submitted": 10}, ""),
    (("-w", "1"), "submitted", {"submitted": 2}, ""),
    (("-r", "RCPT"), "queued", {"queued": 10}, "450"),
    (("-f", "RCPT"), "stop", {"queued": MOST_BLOCKED}, "not for its reader: 500"),
    (("-r", "MAIL"), "queued", {"queued": 10}, "450"),
    (("-f", "MAIL"), "stop", {}, "refuses our sender or our letter: 500"),
    (("-r", "DATA"), "queued", {"queued": 10}, "450"),
    (("-f", "DATA"), "stop", {"queued": MOST_BLOCKED}, "not for its reader: 500"),
    (("-r", "."), "queued", {"queued": 10}, "450"),
    (("-f", "."), "stop", {"queued": MOST_BLOCKED}, "not for its reader: 500"),
    (("-q", "CONNECT"), "queued", {}, "closed the connection"),
    (("-q", "MAIL"), "queued", {}, "closed the connection"),
    (("-q", "DATA"), "queued", {}, "closed the connection"),
    (("-q", "."), "queued", {"unknown": 2}, "closed the connection"),
    (("-Q", "RCPT"), "queued", {}, "421"),
    (("-Q", "."), "queued", {"queued": 10}, "421"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("flags", "state", "told", "words"), SINK, ids=[" ".join(one[0]) for one in SINK])
def test_each_fault_of_smtp_sink_has_its_outcome(
    sink: Any, flags: tuple[str, ...], state: str, told: dict[str, int], words: str
) -> None:
    people = TEN if "-w" not in flags else TEN[:2]
    answer, book = carry(options(sink(*flags), connections=2, timeout=3), *people)
    assert (answer.state, answer.stop) == (("queued", True) if state == "stop" else (state, False))
    if state == "stop" and told:
        assert told["queued"] <= book.states()["queued"] <= told["queued"] + 1
    else:
        assert book.states() == told
    assert words in answer.reason


def test_smtp_sink_that_ends_after_one_letter_leaves_none_in_doubt(sink: Any) -> None:
    answer, book = carry(options(sink("-M", "1"), connections=1), *TEN)
    assert answer.state == "queued"
    # The sink may end before its 250 is out.
    assert book.states()["submitted"] + book.states()["unknown"] == 1
