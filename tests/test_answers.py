"""What an answer is about: a table for each provider, and no answer that refuses more readers than it names."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import smtp_standin
from hypothesis import given
from hypothesis import strategies as st
from test_deliver import LETTER
from test_senders_smtp import Book, carry, load, options, parcel

from newsletter.senders import Answer, Parcel, UnreachableError
from newsletter.senders.https import PreparedRequest
from newsletter.senders.postmark.answers import understand as postmark
from newsletter.senders.postmark.options import PostmarkOptions
from newsletter.senders.postmark.sender import Postmark
from newsletter.senders.refusals import (
    FEW_ALONE,
    FEW_AT_LAST,
    MOST_AT_FIRST,
    MOST_NAMED,
    MOST_REFUSED,
    MOST_TIMES,
    SPLIT_EVERY,
    AddressRefusals,
    RefusalRecord,
)
from newsletter.senders.sendgrid.answers import understand as sendgrid
from newsletter.senders.sendgrid.options import SendGridOptions
from newsletter.senders.sendgrid.request import MailSend
from newsletter.senders.sendgrid.sender import SendGrid
from newsletter.senders.smtp.meaning import meaning
from newsletter.senders.smtp.replies import Reply
from newsletter.senders.smtp.session import PipeliningState, Session

HTML = b"<html><head><title>400 Bad Request</title></head><body>nginx</body></html>"
TWO = [parcel(1), parcel(2)]


def errors(message: str = "Bad Request", field: object = None) -> bytes:
    return json.dumps({"errors": [{"message": message, "field": field, "help": None}]}).encode()


def facts(answer: Answer) -> str:
    """State, whom it is about, and what to do, on one line."""
    flags = [name for name in ("again", "split", "stop") if getattr(answer, name)]
    refused = sorted(one for one, (state, _) in answer.apart.items() if state == "refused")
    return " ".join([answer.state, answer.about, *flags, *(f"refused={one}" for one in refused)])


ACCOUNT = "queued account stop"


# ---- SendGrid: status, content; what it is about for a request of two, and for one alone

SENDGRID: list[tuple[int, bytes, str, str]] = [
    (400, errors(), "queued address split", "queued address"),
    (400, errors(field=""), "queued address split", "queued address"),
    (400, errors(field=7), "queued letter stop", "queued letter stop"),
    (400, b"", "queued address split", "queued address"),
    (400, b"\r\n", "queued address split", "queued address"),
    (400, HTML, "queued server split", "queued server"),
    (400, b"{", "queued server split", "queued server"),
    (400, b"[]", "queued server split", "queued server"),
    (400, b'{"errors": null}', "queued server split", "queued server"),
    (400, b"[" * 100_000, "queued server split", "queued server"),
    (400, b'{"errors": []}', "queued address split", "queued address"),
    (400, errors(field="personalizations"), "queued address split", "queued address"),
    (400, errors(field="personalizations.7.to"), "queued address split", "queued address"),
    (400, errors(field="personalizations." + "9" * 5000), "queued address split", "queued address"),
    (400, errors(field="personalizations.-1.to"), "queued address split", "queued address"),
    (
        400,
        errors(field="personalizations.0.to.0.email"),
        "queued address again refused=1",
        "queued address again refused=1",
    ),
    (400, errors(field="personalizations[1].to"), "queued address again refused=2", "queued address"),
    (400, errors(field="personalizations.0"), "queued address again refused=1", "queued address again refused=1"),
    # What each reader's part has alike is the letter's, whomever it is named for.
    (400, errors(field="personalizations.0.substitutions"), "queued letter stop", "queued letter stop"),
    (400, errors(field="personalizations.0.headers.List-Unsubscribe"), "queued letter stop", "queued letter stop"),
    (400, errors(field="personalizations.0.custom_args"), "queued letter stop", "queued letter stop"),
    (400, errors(field="from.email"), "queued letter stop", "queued letter stop"),
    (400, errors(field="content.0.value"), "queued letter stop", "queued letter stop"),
    (400, errors("The from address does not match a verified Sender Identity", "from"), ACCOUNT, ACCOUNT),
    (400, errors("Maximum credits exceeded"), ACCOUNT, ACCOUNT),
    (401, errors("Maximum credits exceeded"), ACCOUNT, ACCOUNT),
    (401, errors("The provided authorization grant is invalid, expired, or revoked"), ACCOUNT, ACCOUNT),
    (401, HTML, "queued server stop", "queued server stop"),
    (403, errors("Too many bad requests. Temporary block"), ACCOUNT, ACCOUNT),
    (403, errors("You cannot send emails from an unverified sender identity", "from"), ACCOUNT, ACCOUNT),
    (403, HTML, "queued server stop", "queued server stop"),
    (451, errors("not in this region"), ACCOUNT, ACCOUNT),
    (404, b"", "queued server stop", "queued server stop"),
    (405, HTML, "queued server stop", "queued server stop"),
    (302, b"", "queued server stop", "queued server stop"),
    (406, errors("Accept"), "queued server stop", "queued server stop"),
    (413, b"", "queued letter split", "queued letter stop"),
    (429, errors("too many requests"), "queued moment", "queued moment"),
    (503, HTML, "queued moment", "queued moment"),
    (500, b"", "unknown server", "unknown server"),
    (502, HTML, "unknown server", "unknown server"),
    (200, HTML, "unknown server", "unknown server"),
    (202 + 1, b"", "unknown server", "unknown server"),
]


@pytest.mark.parametrize(("status", "content", "of_two", "alone"), SENDGRID, ids=lambda value: str(value)[:60])
def test_whom_an_answer_of_sendgrid_is_about(status: int, content: bytes, of_two: str, alone: str) -> None:
    assert facts(sendgrid(status, {}, content, TWO, {})) == of_two
    assert facts(sendgrid(status, {}, content, TWO[:1], {})) == alone


def test_the_words_of_sendgrid_hold_no_address_and_fit_the_ledger() -> None:
    said = "the address ada@example.net\0\ud800 is\n bad " + "x" * 5000
    answer = sendgrid(400, {}, json.dumps({"errors": [{"message": said, "field": None}]}).encode(), TWO, {})
    assert "ada@example.net" not in answer.reason
    assert answer.reason.isprintable()
    assert answer.reason.encode()
    assert len(answer.reason) < 1200


# ---- Postmark: status, content; for a batch of two


def results(*codes: tuple[int, str]) -> bytes:
    return json.dumps([{"ErrorCode": code, "Message": message} for code, message in codes]).encode()


def one(code: int, message: str = "no") -> bytes:
    return json.dumps({"ErrorCode": code, "Message": message}).encode()


FINE = (0, "OK")
POSTMARK: list[tuple[int, bytes, str]] = [
    (200, results(FINE, FINE), "submitted moment"),
    (200, results(FINE, (406, "inactive")), "submitted moment refused=2"),
    (200, results((300, "Invalid 'To' address: 'x'."), FINE), "submitted moment refused=1"),
    (200, results((300, "Invalid 'From' address."), FINE), "queued letter stop"),
    (200, results(FINE, (405, "Not allowed to send: out of credits")), "queued account stop"),
    (200, results((400, "Sender signature not found"), FINE), "queued account stop"),
    (200, results((401, "Sender signature not confirmed"), FINE), "queued account stop"),
    (200, results((412, "pending approval"), (406, "inactive")), "queued account stop refused=2"),
    (200, results((413, "may not send"), FINE), "queued account stop"),
    (200, results((1235, "no such stream"), FINE), "queued account stop"),
    (200, results((411, "forbidden attachment"), FINE), "queued letter stop"),
    (200, results((429, "rate"), FINE), "queued moment"),
    (200, results((429, "rate"), (405, "credits")), "queued account stop"),
    (200, results((100, "maintenance"), (100, "maintenance")), "queued moment"),
    (200, results((9999, "new"), FINE), "queued server stop"),
    (200, HTML, "unknown server"),
    (200, b"", "unknown server"),
    (200, results(FINE), "unknown server"),
    (200, b"[" * 100_000, "unknown server"),
    (422, one(10, "bad token"), "queued account stop"),
    (401, one(10, "bad token"), "queued account stop"),
    (401, HTML, "queued server stop"),
    (403, HTML, "queued server stop"),
    (404, HTML, "queued server stop"),
    (400, HTML, "queued server stop"),
    (422, HTML, "queued server stop"),
    (422, one(402, "invalid JSON"), "queued letter stop"),
    (422, one(300, "Invalid 'To'"), "queued address split"),
    (422, one(406, "inactive"), "queued address split"),
    (422, one(410, "too many"), "queued letter split"),
    (413, b"", "queued letter split"),
    (422, one(429), "queued moment"),
    (429, b"", "queued moment"),
    (503, HTML, "queued moment"),
    (500, HTML, "unknown server"),
    (502, b"", "unknown server"),
]


@pytest.mark.parametrize(("status", "content", "expected"), POSTMARK, ids=lambda value: str(value)[:60])
def test_whom_an_answer_of_postmark_is_about(status: int, content: bytes, expected: str) -> None:
    assert facts(postmark(status, {}, content, TWO, {})) == expected


# ---- SMTP: code, words, command; state, whom it is about, and what is special

SMTP: list[tuple[int, str, str, str]] = [
    # The mailbox: refused.
    (550, "5.1.1 <(address)>: no such user here", "RCPT", "refused address"),
    (550, "5.1.1", "RCPT", "refused address"),
    (550, "5.1.10 recipient not found", "RCPT", "refused address"),
    (550, "5.2.1 The email account that you tried to reach is disabled", "RCPT", "refused address"),
    (550, "Requested action not taken: mailbox unavailable", "RCPT", "refused address"),
    (551, "User not local; please try <(address)>", "RCPT", "refused address"),
    (553, "5.1.3 bad address syntax", "RCPT", "refused address"),
    (501, "5.1.3 Bad recipient address syntax", "RCPT", "refused address"),
    (556, "5.1.10 domain does not accept mail", "RCPT", "refused address"),
    (550, "user unknown", ".", "refused address"),
    (550, "المستخدم غير موجود", "RCPT", "refused address"),
    # No, and not why: about the address only if it is said again while others are taken.
    (550, "", "RCPT", "refused address unclear"),
    (550, "No", "RCPT", "refused address unclear"),
    (554, "", "RCPT", "refused address unclear"),
    (554, "Transaction failed", ".", "refused address unclear"),
    (553, "5.3.0 Mailbox name not allowed", "RCPT", "refused address unclear"),
    (550, "5.4.1 Recipient address rejected: Access denied", "RCPT", "refused address unclear"),
    # The server's lists and rules.
    (554, "5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.example", "RCPT", "queued server"),
    (550, "5.7.1 Service unavailable; Client host blocked", "RCPT", "queued server"),
    (554, "blocked", "RCPT", "queued server"),
    (
        550,
        "5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent: part of their network is on our block list",
        ".",
        "queued server",
    ),
    (521, "5.3.2 host does not accept mail", "RCPT", "queued server"),
    (500, "", "RCPT", "queued server"),
    (503, "5.5.1 MAIL first", "RCPT", "queued server"),
    (554, "", "DATA", "queued server"),
    # Our account, our sender.
    (550, "5.7.26 Unauthenticated email from example.org is not accepted", ".", "queued account"),
    (553, "5.7.1 <(address)>: Sender address rejected: not owned by user", "RCPT", "queued account"),
    (550, "Maximum credits exceeded", "RCPT", "queued account"),
    (550, "5.7.1 Relay access denied", "RCPT", "queued account"),
    (535, "5.7.8", "MAIL", "queued account"),
    # What the letter holds.
    (554, "5.7.1 spam", ".", "queued letter"),
    (550, "5.7.1 Message rejected as spam by Content Filtering", ".", "queued letter"),
    (552, "5.3.4 Message size exceeds fixed limit", ".", "queued letter"),
    # The moment.
    (552, "5.2.2 Mailbox full", "RCPT", "queued moment"),
    (552, "", ".", "queued moment"),
    (452, "4.2.2 over quota", "RCPT", "queued moment"),
    (450, "4.2.1 mailbox busy", "RCPT", "queued moment"),
    (451, "4.7.500 Server busy. Please try again later", "RCPT", "queued moment"),
    (451, "4.7.1 Service unavailable - try again later", "RCPT", "queued moment"),
    (451, "4.3.0 trouble", "MAIL", "queued moment"),
    (450, "", "RCPT", "queued moment"),
    # Greylisting: each by themselves.
    (450, "4.2.0 Recipient address rejected: Greylisted, see http://postgrey.example", "RCPT", "queued moment alone"),
    (451, "4.7.1 Greylisting in action, please come back in 00:05:00", "RCPT", "queued moment alone"),
    (451, "Temporary failure, please try again later.", "RCPT", "queued moment alone"),
    (450, "4.7.1 Try again later", "RCPT", "queued moment alone"),
    (450, "4.7.1 Greylisted", "MAIL", "queued moment"),
    (354, "go on", ".", "unknown server"),
    (250, "2.0.0 taken", ".", "submitted moment"),
]


@pytest.mark.parametrize(("code", "words", "command", "expected"), SMTP, ids=lambda value: str(value)[:60])
def test_whom_an_answer_of_a_mail_server_is_about(code: int, words: str, command: str, expected: str) -> None:
    told = meaning(Reply(code, (words,)), command)
    special = ["unclear"] * (not told.clear) + ["alone"] * told.alone
    assert " ".join([told.state, told.about, *special]) == expected


@given(code=st.integers(400, 599), words=st.text(max_size=80), command=st.sampled_from(["MAIL", "RCPT", "DATA", "."]))
def test_no_words_of_a_mail_server_refuse_anybody_but_for_good(code: int, words: str, command: str) -> None:
    told = meaning(Reply(code, (words,)), command)
    assert told.state != "refused" or (code >= 500 and told.about == "address")
    assert told.reason
    assert told.state != "submitted"


# ---- no bytes of an answer refuse more than the addresses it names


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    """Bytes that an API or a machine in between may answer with."""
    fields = st.one_of(
        st.none(),
        st.text(max_size=30),
        st.integers(),
        st.lists(st.text(max_size=3), max_size=2),
        st.builds(
            "personalizations.{}.{}".format, st.integers(-2, 1200), st.sampled_from(["to", "to.0.email", "headers", ""])
        ),
        st.builds("personalizations[{}]".format, st.integers(0, 12)),
    )
    error = st.fixed_dictionaries({}, optional={"message": st.one_of(st.none(), st.text(max_size=40)), "field": fields})
    result = st.fixed_dictionaries(
        {},
        optional={
            "ErrorCode": st.one_of(st.sampled_from([0, 300, 406, 405, 429]), st.text()),
            "Message": st.text(max_size=40),
        },
    )
    value = draw(
        st.one_of(
            st.fixed_dictionaries(
                {"errors": st.one_of(st.none(), st.lists(st.one_of(error, st.integers()), max_size=5))}
            ),
            result,
            st.lists(result, max_size=6),
            st.integers(),
            st.text(max_size=20),
        )
    )
    return draw(st.one_of(st.just(json.dumps(value).encode()), st.binary(max_size=60), st.just(HTML)))


def positions_named(content: bytes) -> set[int]:
    """Positions that an answer of SendGrid names, read as naively as can be."""
    return {
        number for number in range(12) for mark in (".", "[") if f"personalizations{mark}{number}".encode() in content
    }


@given(
    status=st.one_of(st.sampled_from([200, 202, 400, 401, 403, 413, 422, 429, 500]), st.integers(200, 599)),
    content=contents(),
    size=st.integers(1, 12),
)
def test_no_bytes_of_sendgrid_refuse_more_than_they_name(status: int, content: bytes, size: int) -> None:
    people = [parcel(number) for number in range(size)]
    answer = sendgrid(status, {}, content, people, {})
    refused = {number for number, (state, _) in answer.apart.items() if state == "refused"}
    assert refused <= positions_named(content)
    assert not refused or status == 400
    assert answer.state in {"queued", "unknown"}


@given(
    status=st.one_of(st.sampled_from([200, 401, 422, 500]), st.integers(200, 599)),
    content=contents(),
    size=st.integers(1, 6),
)
def test_no_bytes_of_postmark_refuse_more_than_have_such_a_result(status: int, content: bytes, size: int) -> None:
    answer = postmark(status, {}, content, [parcel(number) for number in range(size)], {})
    refused = [number for number, (state, _) in answer.apart.items() if state == "refused"]
    assert len(refused) <= content.count(b"300") + content.count(b"406")
    assert answer.state != "refused"
    assert not (answer.state == "submitted" and status not in {200, 422})


# ---- refusals are believed while others are taken


def mail_send(named: AddressRefusals | None = None) -> MailSend:
    carrier = SendGrid(SendGridOptions(key="SG.test")).load(LETTER)
    if named is not None:
        carrier.remember(named)
    return carrier


def ask(carrier: Any, people: Sequence[Parcel], status: int, content: bytes) -> tuple[PreparedRequest, Answer]:
    """What becomes of a request that is answered so."""
    request = carrier.build(people, "req")
    return request, request.answer or carrier.understand(status, {}, content, request)


def test_an_address_that_sendgrid_names_is_left_out_and_refused_once_the_others_are_taken() -> None:
    carrier, people = mail_send(), [parcel(1), parcel(2), parcel(3)]
    _, answer = ask(carrier, people, 400, errors("no", "personalizations.1.to.0.email"))
    assert (facts(answer), dict(answer.apart)) == ("queued address again", {})
    request, answer = ask(carrier, people, 503, b"")
    assert [one.delivery for one in request.parcels] == [1, 3]
    assert (answer.state, dict(answer.apart)) == ("queued", {})
    _, answer = ask(carrier, people, 202, b"")
    assert (answer.state, dict(answer.apart)) == ("submitted", {2: ("refused", "SendGrid refuses it: no")})


def test_a_named_address_is_refused_also_when_nobody_knows_of_the_others() -> None:
    carrier = mail_send()
    ask(carrier, TWO, 400, errors("no", "personalizations.0.to"))
    assert facts(ask(carrier, TWO, 500, b"")[1]) == "unknown server refused=1"


def test_a_server_that_names_the_first_address_of_every_request_refuses_nobody() -> None:
    carrier, people = mail_send(), [parcel(number) for number in range(2 * MOST_NAMED)]
    for tries in range(1, MOST_NAMED + 1):
        _, answer = ask(carrier, people, 400, errors("no", "personalizations.0.to.0.email"))
        assert dict(answer.apart) == {}
        last, half = tries == MOST_NAMED, tries % SPLIT_EVERY == 0
        assert (answer.again, answer.split, answer.stop) == (not last and not half, not last and half, last)
    assert answer.about == "server"
    assert f"{MOST_NAMED} times in a row" in answer.reason
    # It was nobody's fault: all are in the next request.
    assert len(carrier.build(people, "req").parcels) == len(people)


def test_a_row_of_named_addresses_is_refused_when_they_are_named_again() -> None:
    carrier, people = mail_send(), [parcel(number) for number in range(100)]
    for _ in range(FEW_AT_LAST + 1):
        ask(carrier, people, 400, errors("no", "personalizations.0.to"))
    _, answer = ask(carrier, people, 202, b"")
    assert answer.state == "submitted"
    assert {one: state for one, (state, _) in answer.apart.items()} == dict.fromkeys(range(FEW_AT_LAST + 1), "queued")
    # Those waited in a batch of their own. One was really bad, and is named again; the others were not.
    ask(carrier, people[: FEW_AT_LAST + 1], 400, errors("no", "personalizations.3.to"))
    _, answer = ask(carrier, people[: FEW_AT_LAST + 1], 202, b"")
    assert dict(answer.apart) == {3: ("refused", "SendGrid refuses it: no")}


def test_many_bad_addresses_by_themselves_are_refused_when_they_were_named_beside_others() -> None:
    carrier, people = mail_send(), [parcel(number) for number in range(40)]
    for _ in range(30):
        ask(carrier, people, 400, errors("no", "personalizations.0.to"))
    ask(carrier, people, 202, b"")
    for _ in range(30):
        ask(carrier, people[:30], 400, errors("no", "personalizations.0.to"))
    _, answer = ask(carrier, people[:30], 202, b"")
    assert (answer.state, Counter(state for state, _ in answer.apart.values())) == ("submitted", {"refused": 30})


def test_a_server_that_names_every_address_refuses_nobody() -> None:
    carrier, people = mail_send(), [parcel(number) for number in range(FEW_AT_LAST + 1)]
    found = [{"message": "no", "field": f"personalizations.{number}.to"} for number in range(len(people))]
    ask(carrier, people, 400, json.dumps({"errors": found}).encode())
    _, answer = ask(carrier, people, 202, b"")
    assert facts(answer) == "queued server stop"


@pytest.mark.parametrize("count", [1, FEW_ALONE, MOST_AT_FIRST - 1, FEW_AT_LAST])
@pytest.mark.parametrize("taken", ["never", "in an earlier run", "now"])
def test_a_few_named_addresses_with_nobody_beside_them(count: int, taken: str) -> None:
    carrier = mail_send(AddressRefusals(RefusalRecord(taken_before=taken == "in an earlier run")))
    if taken == "now":
        ask(carrier, [parcel(900)], 202, b"")
    people, answers = [parcel(number) for number in range(count)], []
    for _ in range(MOST_TIMES):
        for _ in people:
            ask(carrier, people, 400, errors("no", "personalizations.0.to"))
        answers.append(ask(carrier, people, 202, b"")[1])
    stops = taken == "never" and count >= MOST_AT_FIRST
    assert facts(answers[0]) == ("queued server stop" if stops else "queued address")
    if taken == "never":
        assert facts(answers[-1]) == "queued server stop"
        assert all(not answer.apart for answer in answers)
    else:
        assert (answers[1].state, len(answers[1].apart)) == ("submitted", count)


def test_letters_of_no_send_are_refused_for_an_address_that_is_named() -> None:
    carrier, people = mail_send(), [parcel(number) for number in range(FEW_ALONE + 1)]
    for one in people:
        assert facts(ask(carrier, [one], 400, errors("no", "personalizations.0.to"))[1]) == "queued address again"
        answer = ask(carrier, [one], 202, b"")[1]
        believed = one.delivery < FEW_ALONE
        assert (answer.state, len(answer.apart)) == (("submitted", 1) if believed else ("queued", 0))


def test_a_postmark_that_refuses_everybody_refuses_nobody() -> None:
    carrier = Postmark(PostmarkOptions(token="t")).load(LETTER)
    carrier.remember(AddressRefusals())
    people = [parcel(number) for number in range(MOST_AT_FIRST)]
    _, answer = ask(carrier, people, 200, results(*[(406, "inactive")] * len(people)))
    assert (facts(answer), dict(answer.apart)) == ("queued server stop", {})
    _, answer = ask(carrier, people, 200, results(*[(406, "inactive")] * (len(people) - 1), FINE))
    assert (answer.state, len(answer.apart)) == ("submitted", len(people) - 1)
    # Since somebody was taken, a few more are believed by themselves, when it says so again.
    late = [parcel(number) for number in (50, 51)]
    _, answer = ask(carrier, late, 200, results((406, "inactive"), (406, "inactive")))
    assert (facts(answer), dict(answer.apart)) == ("queued address", {})
    _, answer = ask(carrier, late, 200, results((406, "inactive"), (406, "inactive")))
    assert facts(answer) == "submitted moment refused=50 refused=51"


def test_postmark_stopping_for_the_account_refuses_nobody_beside_it() -> None:
    carrier = Postmark(PostmarkOptions(token="t")).load(LETTER)
    _, answer = ask(carrier, TWO, 200, results((405, "credits"), (406, "inactive")))
    assert (facts(answer), dict(answer.apart)) == ("queued account stop", {})


@given(st.booleans(), st.lists(st.one_of(st.just("taken"), st.integers(0, 12)), max_size=80))
def test_refusals_are_proved_by_letters_taken_between_and_counted_by_their_readers(
    before: bool, story: list[Any]
) -> None:
    watch, seen = RefusalRecord(taken_before=before), dict[int, list[int]]()
    for moment, event in enumerate(story):
        if event == "taken":
            watch.took()
        else:
            watch.refused(event)
            seen.setdefault(event, []).append(moment)
        for delivery, moments in seen.items():
            between = "taken" in story[moments[0] : moment + 1]
            assert watch.proved(delivery) == (len(moments) > 1 and between)
    taken = "taken" in story
    row = Counter(itertools.takewhile(lambda event: event != "taken", reversed(story)))
    most = MOST_REFUSED if taken else FEW_AT_LAST + 1 if before else MOST_AT_FIRST
    assert watch.in_a_row == len(row)
    assert watch.about_everybody == (len(row) >= most or max(row.values(), default=0) >= MOST_TIMES)
    for delivery in row:
        if not (taken or before):
            assert not watch.believed(delivery, clear=True, beside=True)
        elif not watch.proved(delivery):
            twice = len(seen[delivery]) > 1
            assert watch.believed(delivery, clear=False) == (twice and len(row) <= FEW_AT_LAST)
            assert watch.believed(delivery, clear=True, beside=True) == (len(row) <= FEW_AT_LAST)


# ---- through a conversation with a mail server


class Ledger:
    """Keeps what a ledger would be told last of each delivery, in order."""

    def __init__(self) -> None:
        self.states: dict[int, str] = {}
        self.story: list[tuple[int, str]] = []

    def __call__(self, answers: Mapping[int, tuple[str, str]], going: Sequence[int]) -> Collection[int]:
        for delivery, (state, _) in answers.items():
            self.states[delivery] = state
            self.story.append((delivery, state))
        return going

    def counts(self) -> Counter[str]:
        return Counter(self.states.values())


def test_a_bad_mailbox_among_good_ones_is_refused_and_only_it(tmp_path: Path) -> None:
    people = [parcel(number) for number in range(20)] + [parcel(50, "poison@example.net")] + [parcel(51), parcel(52)]
    with smtp_standin.running(tmp_path) as server:
        answer, book = carry(options(server, connections=1), *people)
    assert answer == Answer()
    assert {number for number, (state, _) in book.answers.items() if state == "refused"} == {50}


def test_a_row_of_refused_mailboxes_is_asked_again_before_it_is_believed(tmp_path: Path) -> None:
    """A server that forgets its readers for a moment says what it says of those who are gone."""
    gone = [parcel(100 + number, f"poison{number}@example.net") for number in range(FEW_AT_LAST + 5)]
    book = Ledger()
    with smtp_standin.running(tmp_path) as server:
        carrier = load(options(server, connections=1))
        people = [parcel(number) for number in range(5)]
        answer = carrier.carry([*people, *gone, parcel(50), parcel(51)], book, renew=10.0)
        assert (answer.state, answer.about, answer.stop) == ("queued", "address", False)
        assert book.counts() == {"submitted": 7, "queued": len(gone)}
        # One of them is there again.
        back = [one._replace(address="back@example.net") if one.delivery == 103 else one for one in gone]
        assert carrier.carry(back, book, renew=10.0) == Answer()
        carrier.close()
    assert book.counts() == {"submitted": 8, "refused": len(gone) - 1}
    assert book.states[103] == "submitted"


def test_a_bad_mailbox_at_the_end_is_refused_since_others_were_taken(tmp_path: Path) -> None:
    with smtp_standin.running(tmp_path) as server:
        answer, book = carry(options(server, connections=1), parcel(1), parcel(2, "poison@example.net"))
    assert answer == Answer()
    assert book.states() == {"submitted": 1, "refused": 1}


def test_what_is_refused_at_the_dot_is_not_in_doubt_while_it_waits_to_be_believed(tmp_path: Path) -> None:
    book = Book()
    with smtp_standin.running(tmp_path, answers={".": "550 5.1.1 no such user"}) as server:
        carrier = load(options(server, connections=1))
        answer = carrier.carry([parcel(number) for number in range(4)], book, renew=10.0)
        carrier.close()
    assert (answer.state, answer.about, answer.stop) == ("queued", "address", False)
    assert book.states() == {"queued": 4}
    assert book.most_in_air == 1


def test_a_no_without_words_is_believed_when_it_is_said_again_and_others_are_taken(tmp_path: Path) -> None:
    people = [parcel(1), parcel(2, "silent@example.net"), *(parcel(number) for number in range(3, 9))]
    book = Ledger()
    with smtp_standin.running(tmp_path, refuses={"silent": "550"}) as server:
        carrier = load(options(server, connections=1))
        answer = carrier.carry(people, book, renew=10.0)
        assert (answer.state, answer.about, book.states[2]) == ("queued", "address", "queued")
        assert carrier.carry([people[1]], book, renew=10.0) == Answer()
        carrier.close()
    assert book.counts() == {"submitted": 7, "refused": 1}


def test_a_no_without_words_to_somebody_alone_refuses_nobody(tmp_path: Path) -> None:
    book = Ledger()
    with smtp_standin.running(tmp_path, refuses={"silent": "550"}) as server:
        carrier = load(options(server))
        for _ in range(MOST_TIMES - 1):
            answer = carrier.carry([parcel(2, "silent@example.net")], book, renew=10.0)
            assert (answer.state, answer.about, answer.stop) == ("queued", "address", False)
        answer = carrier.carry([parcel(2, "silent@example.net")], book, renew=10.0)
        assert (answer.state, answer.about, answer.stop) == ("queued", "server", True)
        assert "1 reader was refused again and again and nobody was taken" in answer.reason
        answer = carrier.begin([parcel(2, "silent@example.net")], "r").finish()
        assert (answer.state, answer.about) == ("queued", "address")
        carrier.close()
    assert book.counts() == {"queued": 1}


@pytest.mark.parametrize("command", ["RCPT", "DATA", "."])
@pytest.mark.parametrize("connections", [1, 4])
def test_a_server_that_blocks_us_costs_a_handful_of_tries_and_refuses_nobody(
    tmp_path: Path, command: str, connections: int
) -> None:
    words = "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.example"
    with smtp_standin.running(tmp_path, answers={command: words}) as server:
        answer, book = carry(options(server, connections=connections), *(parcel(number) for number in range(200)))
    assert (answer.state, answer.stop, answer.about) == ("queued", True, "server")
    assert words in answer.reason
    assert set(book.states()) == {"queued"}
    assert book.states()["queued"] <= 3 + connections


def test_sixty_that_are_greylisted_are_all_tried_in_the_first_pass(tmp_path: Path) -> None:
    words = "451 4.7.1 Greylisting in action, please come back in 00:00:10"
    with smtp_standin.running(tmp_path, answers={"RCPT": words}) as server:
        answer, book = carry(options(server), *(parcel(number) for number in range(60)))
    assert (answer.state, answer.stop, answer.about) == ("queued", False, "moment")
    assert book.states() == {"queued": 60}


def test_a_full_mailbox_is_tried_later_and_the_others_go(tmp_path: Path) -> None:
    people = [parcel(1, "full@example.net"), *(parcel(number) for number in range(2, 12))]
    with smtp_standin.running(tmp_path, refuses={"full": "552 5.2.2 mailbox full"}) as server:
        answer, book = carry(options(server, connections=1), *people)
    assert (answer.state, answer.about) == ("queued", "moment")
    assert book.states() == {"queued": 1, "submitted": 10}


# ---- a server that lies about PIPELINING

LIES = "offers PIPELINING and does not answer commands that are written ahead"


@pytest.mark.parametrize("liar", ["deaf", "drop", "deaf after dot"])
@pytest.mark.parametrize("connections", [1, 4])
def test_a_server_that_lies_about_pipelining_is_found_out_and_gets_every_letter_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, liar: str, connections: int
) -> None:
    monkeypatch.setattr("newsletter.senders.smtp.session.AHEAD_PATIENCE", 0.2)
    people, book = [parcel(number) for number in range(30)], Ledger()
    with smtp_standin.running(tmp_path, liar=liar) as server:
        # Without finding out, one wait for an answer would last longer than the test may.
        carrier = load(options(server, connections=connections, timeout=60.0))
        for _ in range(3):
            left = [one for one in people if book.states.get(one.delivery) != "submitted"]
            if left:
                carrier.carry(left, book, renew=10.0)
        carrier.close()
        assert server.faults() == []
        assert set(server.addresses().values()) == {1}
    assert book.counts() == {"submitted": 30}
    assert [record.message.count(LIES) for record in caplog.records] == [1]
    assert "Write pipelining = false under [smtp]" in caplog.text


@pytest.mark.parametrize("liar", ["deaf", "drop"])
def test_a_small_letter_finds_a_liar_out_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, liar: str
) -> None:
    monkeypatch.setattr("newsletter.senders.smtp.session.AHEAD_PATIENCE", 0.2)
    with smtp_standin.running(tmp_path, liar=liar) as server:
        carrier = load(options(server, timeout=60.0))
        with contextlib.suppress(UnreachableError):
            carrier.begin([parcel(1)], "r").finish()
        if not server.taken():
            assert carrier.begin([parcel(1)], "r").finish() == Answer()
        carrier.close()
        assert server.addresses() == {"reader1@example.net": 1}
    assert LIES in caplog.text


@pytest.mark.parametrize("plan", [{}, {"most": 1}, {"faults": {"RCPT drop": 0.2}}, {"answers": {"DATA": "drop"}}])
def test_a_server_that_does_not_lie_is_not_accused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, plan: dict[str, Any]
) -> None:
    with smtp_standin.running(tmp_path, **plan) as server:
        carrier = load(options(server, connections=2))
        carrier.carry([parcel(number) for number in range(6)], Ledger(), renew=10.0)
        carrier.close()
    assert LIES not in caplog.text


def test_with_the_setting_nothing_is_written_ahead_and_nothing_is_to_be_found_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with smtp_standin.running(tmp_path, liar="deaf") as server:
        answer, book = carry(options(server, pipelining=False), *(parcel(number) for number in range(6)))
    assert (answer, book.states()) == (Answer(), {"submitted": 6})
    assert caplog.text == ""


def test_one_connection_that_closes_proves_nothing_and_silence_does() -> None:
    closed, silent = SimpleNamespace(silent=False), SimpleNamespace(silent=True)
    session = Session(cast("Any", closed), options(1), {}, PipeliningState())
    assert [session._suspicious() for _ in range(3)] == [False, True, True]
    after_a_letter = Session(cast("Any", closed), options(1), {}, PipeliningState())
    after_a_letter._with_dot = True
    assert not any(after_a_letter._suspicious() for _ in range(5))
    assert Session(cast("Any", silent), options(1), {}, PipeliningState())._suspicious()
