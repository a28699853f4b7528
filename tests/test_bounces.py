"""A bounce blames the right one: messages in many servers' manners, providers' reasons, the table behind both."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from test_inbox import LINKS, NOW, OWN, SUPPRESSIONS, Room, furnished, small
from test_ledger import claim, freeze
from test_senders_postmark import READER

from newsletter import ledger
from newsletter.delivery.names import name_of
from newsletter.events import apply, inbox
from newsletter.events.inbox import InboxOutcome, failures
from newsletter.events.inbox.messages import understand
from newsletter.senders.reports import EventReport
from newsletter.senders.sendgrid.events import reports
from newsletter.storage.database import Database
from newsletter.text.refusal_words import CODES, WORDS
from newsletter.text.refusals import MOST_WORDS, refusal
from subscribers import actions, store
from subscribers.addresses import normalise
from subscribers.models import BounceKind

DATA = Path(__file__).parent / "data"
MESSAGES = sorted((DATA / "bounces").glob("*/*.eml"))
NAME, ADDRESS = "0123456789abcdef.1", "reader0@example.net"
GONE = {"hard", "invalid"}


def filled(path: Path, name: str = NAME, address: str = ADDRESS) -> bytes:
    return path.read_bytes().replace(b"{name}", name.encode()).replace(b"{address}", address.encode())


def expected(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.with_suffix(".json").read_text())
    return found


# ---- whole messages


def test_the_table_is_wide() -> None:
    assert len(MESSAGES) >= 100
    manners = {path.parent.name for path in MESSAGES} - {"no-bounce"}
    assert len(manners) >= 15
    kinds = [expected(path)["bounce"] for path in MESSAGES]
    assert all(kinds.count(kind) >= 5 for kind in ("hard", "soft", "policy"))


@pytest.mark.parametrize("path", MESSAGES, ids=lambda path: f"{path.parent.name}/{path.stem}")
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_each_message_is_understood(path: Path, line_end: bytes) -> None:
    found = understand(filled(path).replace(b"\n", line_end), OWN)
    wanted = expected(path)
    assert found.kind == wanted["kind"]
    if wanted["kind"] != "report":
        assert found.notices == ()
        return
    (notice,) = found.notices
    assert (notice.name, notice.bounce) == (NAME, wanted["bounce"])
    assert notice.kind == ("bounced" if wanted["bounce"] else "deferred")
    assert ADDRESS in notice.addresses


@dataclass
class People:
    """A database with a reader for each of so many events, and a send that went to all of them."""

    database: Database
    public_id: str

    def address(self, number: int) -> str:
        # Of several domains: too many dead addresses of one would be held.
        return f"reader{number}@host{number % 9}.example.net"

    def name(self, number: int) -> str:
        return f"{self.public_id}.{number + 1}"

    def suppressed(self) -> set[int]:
        """Numbers of the readers whose address is suppressed."""
        with self.database.read() as connection:
            count = connection.execute(text("SELECT count(*) FROM subscriber")).scalar_one()
            keys = [normalise(self.address(number)).key for number in range(count)]
            found = [store.suppression_of(connection, key, SUPPRESSIONS) for key in keys]
        return {number for number, one in enumerate(found) if one is not None}

    def kinds(self) -> dict[str, int]:
        """How many events of each kind of bounce the ledger has."""
        with self.database.read() as connection:
            rows = connection.execute(
                text("SELECT bounce, count(*) FROM event WHERE kind = 'bounced' GROUP BY bounce")
            ).all()
        return {str(kind): int(count) for kind, count in rows}


def people(database: Database, size: int) -> People:
    with database.write() as connection:
        store.add_list(connection, "readers", "الموجة", now=NOW)
        for number in range(size):
            address = f"reader{number}@host{number % 9}.example.net"
            actions.add_subscriber(connection, address, "readers", now=NOW)
        send = freeze(connection, audience=range(1, size + 1), size=size)
        batch = claim(connection, send)
        assert ledger.mark_submitting(connection, batch, skipped={}, lease=30)
        ledger.record(connection, batch, "submitted", {})
    return People(database, send.public_id)


def test_no_good_reader_is_suppressed_and_every_dead_address_is(database: Database, tmp_path: Path) -> None:
    readers = people(database, len(MESSAGES))
    for name in ("cur", "new", "tmp"):
        (tmp_path / name).mkdir()
    for number, path in enumerate(MESSAGES):
        raw = filled(path, readers.name(number), readers.address(number))
        (tmp_path / "new" / f"{1795503600 + number}.{number}.mail").write_bytes(raw)
    outcome = inbox.read(inbox.InboxSetup(database, OWN, LINKS, SUPPRESSIONS, NOW), tmp_path)
    wanted = [expected(path) for path in MESSAGES]
    kinds = [one["bounce"] for one in wanted if one["bounce"]]
    assert outcome == InboxOutcome(
        read=len(MESSAGES),
        bounced=len(kinds),
        reported=sum(one["kind"] == "report" and not one["bounce"] for one in wanted),
        automatic=sum(one["kind"] == "automatic" for one in wanted),
        paused=outcome.paused,
    )
    assert readers.kinds() == {kind: kinds.count(kind) for kind in sorted(set(kinds))}
    dead = {number for number, one in enumerate(wanted) if one["bounce"] in GONE}
    assert readers.suppressed() == dead


def test_what_is_held_against_us_never_adds_up(database: Database) -> None:
    """Not after any number of letters; a refusal that names nobody does, at the third."""
    readers = people(database, 2)
    for bounce, number, letters in (("policy", 0, 9), ("blocked", 1, 3)):
        with database.write() as connection:
            for letter in range(letters):
                event = apply.Event("bounced", NOW, f"letter {bounce} {letter}", bounce=bounce)  # type: ignore[arg-type]
                actions.receive(connection, event, subscriber_id=number + 1, list_id=1, now=NOW, keys=SUPPRESSIONS)
    assert readers.suppressed() == {1}


# ---- bounces in words, and who may be believed


@pytest.fixture
def room(database: Database, tmp_path: Path) -> Room:
    return furnished(database, tmp_path)


def put(room: Room, case: str, *, number: int = 0, name: str = "", address: str = "") -> None:
    path = DATA / "bounces" / f"{case}.eml"
    raw = filled(path, name or f"{room.public_id}.{number + 1}", address or f"reader{number}@example.net")
    (room.maildir / "new" / f"{1795503600 + next(room.counter)}.mail").write_bytes(raw)


@pytest.mark.parametrize("case", ["qmail/verp-no-mailbox", "exim/verp-no-such-user", "exchange/verp-german-for-people"])
def test_a_bounce_in_words_needs_the_address_of_the_reader(room: Room, case: str) -> None:
    """The name in the address it comes to can be counted up by every reader of the send; whom it went to cannot."""
    put(room, case, number=1, name=f"{room.public_id}.1")
    put(room, case, name="ffffffffffffffff.1")
    assert room.read() == InboxOutcome(read=2, refused=2)
    assert room.suppressed() == 0
    put(room, case)
    assert room.read() == InboxOutcome(read=1, bounced=1)
    assert room.suppressed() == 1


def test_a_text_may_not_try_every_address_there_is(room: Room) -> None:
    many = ", ".join(f"<other{number}@example.net>" for number in range(failures.MOST_ADDRESSES))
    put(room, "qmail/verp-no-mailbox", address=f"someone@example.com>, {many}, <reader0@example.net")
    assert room.read() == InboxOutcome(read=1, refused=1)


@pytest.mark.parametrize("where", ["blocks", "returned"])
def test_a_report_may_not_try_every_address_there_is(room: Room, where: str) -> None:
    raw = filled(DATA / "bounces" / "postfix" / "user-unknown.eml", f"{room.public_id}.1", "{address}")
    many = [f"other{number}@example.net" for number in range(20)] + ["reader0@example.net"]
    if where == "returned":
        forged = raw.replace(b"To: {address}", f"To: {', '.join(many)}".encode())
    else:
        head, block, tail = raw.partition(b"Final-Recipient: rfc822; {address}\nOriginal-Recipient: rfc822;{address}\n")
        rest, end, more = tail.partition(b"\n\n--")
        blocks = [(block + rest).replace(b"{address}", address.encode()) for address in many]
        forged = head + b"\n\n".join(blocks) + end + more
    (room.maildir / "new" / "1.many").write_bytes(forged.replace(b"{address}", b"other0@example.net"))
    assert room.read() == InboxOutcome(read=1, refused=1)
    assert room.suppressed() == 0


def test_the_signed_name_of_a_small_letter_is_proof_where_no_address_is_told(room: Room) -> None:
    name = small(room)
    put(room, "qmail/verp-no-mailbox", name=name, address="the address you wrote to")
    assert room.read() == InboxOutcome(read=1, bounced=1)
    assert room.suppressed() == 1
    put(room, "qmail/verp-no-mailbox", name=name_of(999, LINKS), address="the address you wrote to")
    put(room, "qmail/verp-no-mailbox", name=f"small-{'0' * 16}.{name.partition('.')[2]}", address="nobody")
    put(room, "qmail/verp-no-mailbox", name=f"{room.public_id}.1", address="the address you wrote to")
    assert room.read() == InboxOutcome(read=3, refused=3)


def test_a_text_that_names_two_letters_says_nothing(room: Room) -> None:
    raw = filled(DATA / "bounces" / "qmail" / "returned-no-mailbox.eml", f"{room.public_id}.1", "reader0@example.net")
    twice = raw.replace(b"To: news@", f"To: bounces+{room.public_id}.2@".encode(), 1)
    (room.maildir / "new" / "1.two").write_bytes(twice)
    assert room.read() == InboxOutcome(read=1, automatic=1)


@pytest.mark.parametrize("sender", ["reader0@example.net", "Salma <salma@example.net>"])
def test_a_person_who_writes_like_a_server_is_none(room: Room, sender: str) -> None:
    raw = filled(DATA / "bounces" / "postfix" / "verp-without-delivery-status.eml", f"{room.public_id}.1")
    forged = raw.replace(b"MAILER-DAEMON@mx.example.org (Mail Delivery System)", sender.encode())
    forged = forged.replace(b"Return-Path: <>\n", b"")
    (room.maildir / "new" / "1.person").write_bytes(forged)
    room.read()
    assert room.suppressed() == 0


@pytest.mark.parametrize(
    ("subject", "said", "outcome"),
    [
        ("failure notice", "", "failed"),
        ("news", "Your message could not be delivered.", "failed"),
        ("Out of office", "Your message could not be delivered.", ""),
        ("news", "Your message could not be delivered: I am on vacation.", ""),
        ("news", "Your message could not be delivered. Please confirm that you wrote it.", ""),
        ("news", "Your message could not be delivered. Please confirm the address.\n550 5.1.1 no such user", "failed"),
        ("news", "The message has not been delivered yet. Delivery attempts will continue.", "delayed"),
        ("Warning: message 1a delayed 24 hours", "", "delayed"),
        ("news", "Thank you for your message.", ""),
        ("news", "550 5.1.1 no such user", ""),
    ],
)
def test_what_is_a_bounce_in_words(subject: str, said: str, outcome: str) -> None:
    assert failures.outcome(subject, said) == outcome


def test_only_what_stands_with_the_code_is_quoted() -> None:
    advice = "Perhaps the mailbox is full, or a policy blocks you."
    assert failures.quoted(f"{advice}\n\n<<< 550 no such user\nhere\n\n{advice}") == "550 no such user here"
    lines = [f"line {number}" for number in range(1, 20)]
    assert failures.quoted("\n".join(["550 no such user", *lines])) == " ".join(["550 no such user", *lines[:7]])
    assert (
        failures.quoted(f"{advice}\n\n<reader0@example.net>:\nno such\nuser") == "<reader0@example.net>: no such user"
    )
    assert failures.quoted("no such\nuser") == "no such user"


def test_addresses_of_ours_and_of_servers_are_not_whom_it_was_for() -> None:
    said = (
        f"postmaster@example.net {OWN.upper()} 'reader0@example.net' MicrosoftExchange329e@example.net <a@example.org>"
    )
    assert failures.addresses(said, OWN) == ["reader0@example.net", "a@example.org"]


def test_the_letter_that_is_returned_is_no_word_of_the_server() -> None:
    said, copy = failures.split("no such user\n\nReceived: from spam.example\nMessage-ID: <1@example.org>\n")
    assert (said, copy.partition(":")[0]) == ("no such user\n\n", "Received")
    assert failures.split("no such user") == ("no such user", "")
    assert failures.split("a" * 30_001) == ("a" * 30_000, "")


# ---- what providers report


def told(provider: str) -> list[tuple[dict[str, Any], str, BounceKind | None]]:
    return [
        (item, kind, bounce) for item, kind, bounce in json.loads((DATA / "reasons" / f"{provider}.json").read_text())
    ]


def sendgrid(item: dict[str, Any], delivery: str) -> EventReport:
    body = {**item, "nashra_delivery": delivery, "timestamp": int(NOW.timestamp())}
    (report,) = reports(json.dumps([body]).encode())
    return report


def postmark(item: dict[str, Any], delivery: str) -> EventReport:
    body = {"RecordType": "Bounce", "BouncedAt": NOW.isoformat(), "Metadata": {"nashra_delivery": delivery}, **item}
    (report,) = READER.read(json.dumps(body).encode())
    return report


@pytest.mark.parametrize(("provider", "read", "least"), [("sendgrid", sendgrid, 30), ("postmark", postmark, 20)])
def test_reasons_of_providers_blame_the_right_one(database: Database, provider: str, read: Any, least: int) -> None:
    table = told(provider)
    assert len(table) >= least
    readers = people(database, len(table))
    found = [read(item, readers.name(number)) for number, (item, _, _) in enumerate(table)]
    assert [(one.event.kind, one.event.bounce) for one in found] == [(kind, bounce) for _, kind, bounce in table]
    apply.receive(database, found, now=NOW, link_keys=LINKS, suppression_keys=SUPPRESSIONS)
    dead = {number for number, (_, kind, bounce) in enumerate(table) if bounce in GONE or kind == "complained"}
    assert readers.suppressed() == dead


@pytest.mark.parametrize("change_first", [True, False])
@pytest.mark.parametrize(("details", "gone"), [("smtp;550 5.1.1 user unknown", True), ("smtp;550 5.7.1 SPF", False)])
def test_that_a_provider_stops_an_address_does_not_hide_why(
    database: Database, change_first: bool, details: str, gone: bool
) -> None:
    """Both are told in the same second, in any order."""
    readers = people(database, 1)
    bounce = postmark({"Type": "HardBounce", "Details": details}, readers.name(0))
    stops = {"RecordType": "SubscriptionChange", "SuppressSending": True, "SuppressionReason": "HardBounce"}
    change = postmark({**stops, "ChangedAt": NOW.isoformat()}, readers.name(0))
    told = [change, bounce] if change_first else [bounce, change]
    for report in told:
        apply.receive(database, [report], now=NOW, link_keys=LINKS, suppression_keys=SUPPRESSIONS)
    assert readers.suppressed() == ({0} if gone else set())


# ---- the table of words and codes

AGAINST_US = (
    "policy", "SPF", "DKIM", "DMARC", "not authenticated", "not authorized", "blacklisted", "block list",
    "blocklist", "blocked using zen.spamhaus.org", "poor reputation", "rate limited", "at a rate", "greylisted",
    "graylisting", "over quota", "quota exceeded", "mailbox full", "mailbox is full", "spam", "unsolicited",
    "virus", "content rejected", "try again later", "temporarily deferred", "timed out", "TLS required",
    "STARTTLS", "certificate", "relaying denied", "message too large", "size limit exceeded", "reverse DNS",
    "HELO", "sender rejected", "too many connections", "5.7.26", "5.2.2", "5.7.606", "4.7.28", "5.3.4",
    "5.7.23",
)  # fmt: skip
AGAINST_THEM = (
    "550 5.1.1 user unknown", "550 5.1.1", "550 no such user", "550 mailbox unavailable",
    "550 5.1.10 recipient not found", "550 5.2.1 mailbox disabled", "550 5.1.2 domain does not exist",
    "550 5.1.6 user has moved", "550 invalid recipient",
)  # fmt: skip
STATUSES = ("", "5.1.1", "5.1.0", "5.1.2", "5.2.1", "5.0.0", "5.7.1")
fillers = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="@/.:-_"), max_size=12), max_size=3)


@pytest.mark.parametrize(("words", "status"), list(itertools.product(AGAINST_THEM, STATUSES)))
def test_words_about_the_mailbox_are_hard(words: str, status: str) -> None:
    assert refusal(f"smtp; {words}", status) == "hard"


@given(st.sampled_from(AGAINST_US), st.sampled_from(AGAINST_THEM), st.sampled_from(STATUSES), fillers, st.booleans())
def test_words_that_blame_us_the_moment_or_a_full_mailbox_are_never_hard(
    ours: str, theirs: str, status: str, between: list[str], first: bool
) -> None:
    pieces = [ours, *between, theirs] if first else [theirs, *between, ours]
    assert refusal(" ".join(pieces), status) not in GONE
    assert refusal("\n".join(pieces).upper(), status) not in GONE


@given(st.text(max_size=300), st.text(max_size=20))
def test_any_text_has_a_kind(words: str, status: str) -> None:
    assert refusal(words, status) in get_args(BounceKind)


@pytest.mark.parametrize(
    ("words", "status", "kind"),
    [
        ("550-5.7.26 Your mail\r\n550 5.7.26 was blocked", "5.1.1", "policy"),
        (
            "host mx.spam-policy.example.net[5.7.1.1] said: 550 5.1.1 no such user (in reply to RCPT TO)",
            "5.1.1",
            "hard",
        ),
        ("550 5.1.1 <spam.policy@example.net>: user unknown", "5.1.1", "hard"),
        ("550 5.1.1 user unknown, see https://mx.example.net/policy/spam", "5.1.1", "hard"),
        ("450 4.1.1 user unknown", "5.1.1", "soft"),
        ("450 bad address syntax", "5.1.3", "soft"),
        ("550 5.1.1 bad address syntax", "", "hard"),
        ("550 bad address syntax", "", "invalid"),
        ("550 Anfrage abgewiesen", "5.1.1", "blocked"),
        ("550 Anfrage abgewiesen", "5.7.26", "policy"),
        ("", "5.1.1", "hard"),
        ("smtp; 550", "5.1.1", "hard"),
        ("", "5.1.0", "blocked"),
        ("", "5.7.1", "policy"),
        ("", "5.7.17", "hard"),
        ("550 5.7.1", "5.1.1", "policy"),
        ("550 5.4.1 Recipient address rejected: Access denied", "5.1.1", "blocked"),
    ],
)
def test_the_servers_own_code_and_words_come_before_the_report(words: str, status: str, kind: str) -> None:
    assert refusal(words, status) == kind


@pytest.mark.parametrize(("code", "kind"), json.loads((DATA / "reasons" / "codes.json").read_text()).items())
def test_a_code_without_words_has_its_meaning(code: str, kind: BounceKind) -> None:
    assert refusal("", code) == kind
    assert refusal(f"smtp; {code}", "5.1.1" if not code.startswith("2") else "") == (
        "soft" if code == "5.0.0" else kind
    )


def test_who_knows_better_says_what_unclear_words_count_as() -> None:
    for unclear in ("hard", "soft", "blocked"):
        assert refusal("550 Anfrage abgewiesen", "5.0.0", unclear=unclear) == unclear
        assert refusal("550 Anfrage abgewiesen", "5.1.1", unclear=unclear) == unclear
    assert refusal("550 5.7.1 SPF", unclear="hard") == "policy"
    assert refusal("550 Access denied", unclear="hard") == "blocked"


def test_every_row_names_its_source_and_decides_something() -> None:
    assert all(source and pattern for _, source, pattern in WORDS)
    assert {kind for kind, _, _ in WORDS} == set(get_args(BounceKind))
    assert set(CODES.values()) == set(get_args(BounceKind))


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece",
    [
        "user ",
        "mailbox",
        "a.",
        "quota ",
        "550 ",
        "5.1.1 ",
        "sender",
        "could not be ",
        "@",
        "1",
        "-",
        "> ",
        "\t",
        "- ",
        "not been ",
        "received: ",
        "550 x\n",
    ],
)
def test_hostile_words_take_no_time(piece: str) -> None:
    words = piece * (40_000 // len(piece))
    start = time.process_time()
    refusal(words, words)
    own, _ = failures.split(words)
    failures.outcome(words[:4000], own)
    failures.quoted(own)
    failures.addresses(own, OWN)
    assert time.process_time() - start < 2
    assert len(words) > MOST_WORDS
