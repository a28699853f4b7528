"""The mailbox that answers come to: each kind of message understood, each applied once, and no stranger believed."""

from __future__ import annotations

import itertools
import json
import mailbox
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest
from command import complains, here, make_workspace
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from test_ledger import claim, freeze
from who_may import eligible

from newsletter import ledger
from newsletter.delivery.names import name_of
from newsletter.errors import SourceError
from newsletter.events import inbox
from newsletter.events.inbox import InboxOutcome
from newsletter.events.inbox.answers import (
    fold,
    own_words,
    plain,
    says_no,
    says_yes,
)
from newsletter.events.inbox.messages import (
    MOST_BYTES,
    Kind,
    ParsedMessage,
    understand,
)
from newsletter.events.inbox.statuses import meaning
from newsletter.letters.catalogue import words as catalogue
from newsletter.letters.templates import environment
from newsletter.storage.database import Database
from newsletter.web.pages import DOMAIN
from newsletter.wiring import open_workspace
from subscribers import actions, store, tokens
from subscribers.addresses import normalise
from subscribers.store.limits import Caps

DATA = Path(__file__).parent / "data" / "inbox"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LINKS, SUPPRESSIONS = {1: b"l" * 32}, {1: b"s" * 32}
OWN = "news@example.org"
NAME, ADDRESS = "0123456789abcdef.1", "reader0@example.net"
LEAVE, TOKEN = "L" * 52, "T" * 43


def filled(message: str, /, **values: str) -> bytes:
    raw = (DATA / f"{message}.eml").read_bytes()
    for key, value in {"name": NAME, "address": ADDRESS, "leave": LEAVE, "token": TOKEN, **values}.items():
        raw = raw.replace(b"{%s}" % key.encode(), value.encode())
    return raw


# ---- one message


@pytest.mark.parametrize("path", sorted(DATA.glob("*.eml")), ids=lambda path: path.stem)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_every_kind_of_message_is_understood(path: Path, line_end: bytes) -> None:
    expected = json.loads(path.with_suffix(".json").read_text().replace("{leave}", LEAVE).replace("{token}", TOKEN))
    found = understand(filled(path.stem).replace(b"\n", line_end), OWN)
    assert found.kind == expected["kind"]
    assert [[one.kind, one.bounce] for one in found.notices] == expected.get("notices", [])
    assert list(found.tokens) == expected.get("tokens", [])
    for notice in found.notices:
        assert notice.name == NAME
        assert ADDRESS in notice.addresses
        assert "\n" not in notice.reason
    if path.stem != "empty":
        assert found.at is not None
        assert found.at.date() == NOW.date()


@pytest.mark.parametrize(
    ("action", "status", "words", "expected"),
    [
        ("failed", "5.1.1", "", ("bounced", "hard")),
        ("FAILED ", "5.1.1 (bad mailbox)", "", ("bounced", "hard")),
        ("failed", "5.1.3", "", ("bounced", "invalid")),
        ("failed", "5.1.8", "", ("bounced", "policy")),
        ("failed", "5.2.2", "", ("bounced", "soft")),
        ("failed", "5.4.1", "", ("bounced", "blocked")),
        ("failed", "5.6.0", "", ("bounced", "policy")),
        ("failed", "5.7.26", "", ("bounced", "policy")),
        ("failed", "4.2.2", "", ("bounced", "soft")),
        ("failed", "5.9.9", "", ("bounced", "soft")),
        ("failed", "", "smtp; 550 5.1.1 gone", ("bounced", "hard")),
        ("failed", "", "550 the account does not exist", ("bounced", "hard")),
        ("failed", "", "550 mailbox unavailable", ("bounced", "hard")),
        ("failed", "", "552 mailbox is full", ("bounced", "soft")),
        ("failed", "", "421 try later", ("bounced", "soft")),
        ("failed", "", "", ("bounced", "soft")),
        ("failed", "nonsense", "nonsense", ("bounced", "soft")),
        ("delayed", "4.4.1", "", ("deferred", None)),
        ("", "5.1.1", "", ("unknown", None)),
        ("relayed", "2.0.0", "", ("unknown", None)),
        ("expanded", "2.0.0", "", ("unknown", None)),
    ],
)
def test_statuses_have_their_meaning(action: str, status: str, words: str, expected: tuple[str, str | None]) -> None:
    assert meaning(action, status, words) == expected


SAMPLES = [filled(path.stem) for path in sorted(DATA.glob("*.eml"))]


@pytest.mark.slow
@given(st.sampled_from(SAMPLES), st.integers(0), st.binary(max_size=40), st.integers(0, 60))
@settings(max_examples=400)
def test_no_message_breaks_it(sample: bytes, place: int, junk: bytes, cut: int) -> None:
    at = place % (len(sample) + 1)
    found = understand(sample[:at] + junk + sample[at + cut :], OWN)
    assert found.kind in get_args(Kind)


@given(st.binary(max_size=2000))
def test_no_bytes_break_it(raw: bytes) -> None:
    assert understand(raw, OWN).kind != "report"


def nested(depth: int) -> bytes:
    return b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(depth))


@pytest.mark.slow
@pytest.mark.parametrize(
    "raw",
    [
        nested(5000),
        b"Subject: " + b"=?utf-8?q?=41?= " * 60_000 + b"\n\n",
        b"To: " + b"(" * 900_000 + b"\n\n",
        b"Content-Type: multipart/report; boundary=b\n\n"
        + b"--b\nContent-Type: message/delivery-status\n\n\n" * 20_000,
        b"Content-Type: message/delivery-status\n\n" + b"Action: failed\n\n" * 60_000,
        b"References: " + b"<0123456789abcdef." * 50_000 + b"\n\n",
        b"\n\n" + b"On " * 300_000 + b":\n",
        b"\n\n" + b"<" * 900_000,
        b"A" * MOST_BYTES * 3,
    ],
    ids=["nested", "words", "comment", "reports", "blocks", "references", "quote", "tags", "long"],
)
def test_hostile_messages_take_no_time(raw: bytes) -> None:
    start = time.process_time()
    understand(raw, OWN)
    assert time.process_time() - start < 2


# ---- a mailbox


@dataclass
class Room:
    """A database with five subscribers, a send on its way, and a Maildir."""

    database: Database
    maildir: Path
    public_id: str
    leaves: list[str]
    confirmation: str
    counter: Iterator[int] = field(default_factory=itertools.count)

    def setup(self, **more: object) -> inbox.InboxSetup:
        setup = inbox.InboxSetup(self.database, OWN, LINKS, SUPPRESSIONS, NOW)
        return replace(setup, **more)  # type: ignore[arg-type]

    def put(self, message: str, /, *, number: int = 0, folder: str = "new", **values: str) -> Path:
        """A message about the delivery to reader ``number``; deliveries and subscribers are numbered alike."""
        own = {
            "name": f"{self.public_id}.{number + 1}",
            "address": f"reader{number}@example.net",
            "leave": self.leaves[number],
            "token": self.confirmation,
        }
        raw = filled(message, **{**own, **values})
        path = self.maildir / folder / f"{1795503600 + next(self.counter)}.{message}.{number}.mail"
        path.write_bytes(raw)
        return path

    def read(self, **more: object) -> InboxOutcome:
        return inbox.read(self.setup(), self.maildir, **more)  # type: ignore[arg-type]

    def suppressed(self) -> int:
        with self.database.read() as connection:
            return sum(store.suppressions(connection).values())

    def status(self, number: int, list_id: int = 1) -> str | None:
        with self.database.read() as connection:
            found = store.subscription_of(connection, number + 1, list_id)
        return found.status if found is not None else None

    def dump(self) -> list[tuple[object, ...]]:
        """Every row that matters."""
        tables = ("subscription", "consent", "suppression", "small_letter", "event", "delivery", "send", "mark")
        with self.database.read() as connection:
            return [tuple(row) for table in tables for row in connection.execute(text(f"SELECT * FROM {table}"))]


@pytest.fixture
def room(database: Database, tmp_path: Path) -> Room:
    return furnished(database, tmp_path)


def furnished(database: Database, tmp_path: Path) -> Room:
    for name in ("cur", "new", "tmp"):
        (tmp_path / "mail" / name).mkdir(parents=True)
    with database.write() as connection:
        store.add_list(connection, "readers", "الموجة", now=NOW)
        store.add_list(connection, "pending", "قائمة", now=NOW)
        for number in range(5):
            actions.add_subscriber(connection, f"reader{number}@example.net", "readers", now=NOW)
        send = freeze(connection, audience=range(1, 6), size=10)
        batch = claim(connection, send)
        assert ledger.mark_submitting(connection, batch, skipped={}, lease=30)
        ledger.record(connection, batch, "submitted", {})
        people = [store.find_id(connection, number) for number in range(1, 6)]
        leaves = [
            tokens.make("leave", LINKS, public_id=person.public_id, list_id=1, epoch=person.epoch)
            for person in people
            if person is not None
        ]
        actions.subscribe(
            connection, "reader0@example.net", "pending", now=NOW, keys=SUPPRESSIONS, how="form", words="نعم"
        )
        confirmation = actions.make_confirmation(connection, 1, 2, now=NOW)
    return Room(database, tmp_path / "mail", send.public_id, leaves, confirmation)


def test_bounces_reach_the_ledger_and_suppress(room: Room) -> None:
    for number, name in enumerate(("hard", "full", "delayed", "complaint")):
        room.put(name, number=number)
    assert room.read() == InboxOutcome(read=4, bounced=2, complained=1, reported=1)
    assert room.suppressed() == 2
    with room.database.read() as connection:
        assert set(eligible(connection, 1, range(1, 6), NOW)) == {2, 3, 5}
        kinds = connection.execute(text("SELECT delivery_id, kind, bounce, at FROM event ORDER BY delivery_id")).all()
    moment = int(datetime(2026, 11, 24, 7, 30, tzinfo=UTC).timestamp())
    assert [tuple(row) for row in kinds] == [
        (1, "bounced", "hard", moment),
        (2, "bounced", "soft", moment),
        (3, "deferred", None, moment),
        (4, "complained", None, moment),
    ]


def test_a_bounce_settles_what_was_unknown(room: Room) -> None:
    with room.database.write() as connection:
        connection.execute(text("UPDATE delivery SET state = 'unknown' WHERE id = 1"))
        connection.execute(text("UPDATE delivery SET state = 'submitting' WHERE id = 2"))
    room.put("full", number=0)
    room.put("full", number=1)
    assert room.read().bounced == 2
    with room.database.read() as connection:
        assert ledger.account(connection, 1).submitted == 5


def test_every_message_is_handled_once_wherever_a_mail_program_moves_it(room: Room) -> None:
    paths = [room.put("leave", number=0), room.put("hard", number=1), room.put("ordinary")]
    assert room.read() == InboxOutcome(read=3, left=1, bounced=1, other=1)
    with room.database.write() as connection:
        actions.add_subscriber(connection, "reader0@example.net", "readers", now=NOW, restore=True, keys=SUPPRESSIONS)
    before = room.dump()
    assert room.read() == InboxOutcome()
    for path in paths:
        path.rename(room.maildir / "cur" / f"{path.name}:2,S")
    assert room.read() == InboxOutcome()
    assert room.dump() == before
    (moved,) = (room.maildir / "cur").glob("*.leave.*")
    moved.rename(room.maildir / "new" / "1795509999.another-name")
    assert room.read() == InboxOutcome()
    assert room.status(0) == "confirmed"


def test_who_asks_to_leave_by_mail_has_left(room: Room) -> None:
    room.put("leave", number=2)
    room.put("leave-generated", number=3)
    room.put("leave-answered", number=4)
    assert room.read() == InboxOutcome(read=3, left=2, automatic=1)
    assert [room.status(number) for number in range(5)] == ["confirmed", "confirmed", "left", "left", "confirmed"]
    with room.database.read() as connection:
        (record,) = [one for one in store.consents_of(connection, 3) if one.act == "leave"]
        goodbyes = connection.execute(text("SELECT count(*) FROM small_letter WHERE kind = 'goodbye'")).scalar_one()
    assert (record.how, record.words.split()[0]) == ("mail", "unsubscribe")
    assert goodbyes == 2


def test_a_reply_that_carries_the_link_confirms(room: Room) -> None:
    assert room.status(0, 2) == "pending"
    room.put("confirm-reply")
    room.put("confirm-subject")
    assert room.read() == InboxOutcome(read=2, confirmed=1, known=1)
    assert room.status(0, 2) == "confirmed"
    with room.database.read() as connection:
        (record,) = [one for one in store.consents_of(connection, 1) if one.act == "confirm"]
    assert (record.how, record.words) == ("mail", "Re: أكد اشتراكك")


@pytest.mark.parametrize(
    "name",
    [
        "vacation", "vacation-precedence", "vacation-bare", "null-path", "mailing-list", "loop", "qmail",
        "whole-letter", "read-receipt", "confirm-refused", "confirm-refused-arabic", "leave-quoted",
        "leave-forwarded", "leave-answered",
    ],
)  # fmt: skip
def test_answers_of_machines_refusals_and_bounces_confirm_nobody_and_let_nobody_leave(room: Room, name: str) -> None:
    room.put(name)
    room.read()
    assert (room.status(0), room.status(0, 2)) == ("confirmed", "pending")


def test_links_that_are_not_ours_do_nothing(room: Room) -> None:
    person = tokens.make("preferences", LINKS, public_id=b"p" * 16, list_id=1, epoch=0)
    stranger = tokens.make("leave", {1: b"x" * 32}, public_id=b"p" * 16, list_id=1, epoch=0)
    for leave in (person, stranger, LEAVE, room.leaves[0][:-1] + ("A" if room.leaves[0][-1] != "A" else "B")):
        room.put("leave", leave=leave)
    room.put("confirm-subject", token=TOKEN)
    room.put("confirm-reply", token=TOKEN)
    assert room.read() == InboxOutcome(read=6, refused=5, other=1)
    assert room.status(0) == "confirmed"


def test_a_confirmation_that_is_too_old_does_nothing(room: Room) -> None:
    room.put("confirm-subject")
    result = inbox.read(room.setup(now=NOW + timedelta(days=3)), room.maildir)
    assert result == InboxOutcome(read=1, refused=1)
    assert room.status(0, 2) == "pending"


def test_who_left_meanwhile_is_not_confirmed_by_an_older_link(room: Room) -> None:
    with room.database.write() as connection:
        actions.leave(connection, 1, 2, now=NOW, how="page")
    room.put("confirm-subject")
    assert room.read() == InboxOutcome(read=1, refused=1)
    assert room.status(0, 2) == "left"


def test_a_forged_bounce_needs_the_address_of_the_reader(room: Room) -> None:
    """Names of deliveries stand in every letter and can be counted up; what they belong to cannot."""
    room.put("hard", number=1, name=f"{room.public_id}.1")
    room.put("complaint", number=1, name=f"{room.public_id}.1")
    room.put("hard", name="ffffffffffffffff.1")
    room.put("hard", name=f"{room.public_id}.999999999999999999")
    assert room.read() == InboxOutcome(read=4, refused=4)
    assert room.suppressed() == 0


@pytest.mark.parametrize("parts", [2, 49])
def test_a_forged_bounce_tries_one_letter_and_not_many(room: Room, parts: int) -> None:
    """Each part with an envelope id of its own would be a guess."""
    blocks = "".join(
        f"--b\nContent-Type: message/delivery-status\n\nOriginal-Envelope-Id: {room.public_id}.{number}\n\n"
        "Final-Recipient: rfc822; reader0@example.net\nAction: failed\nStatus: 5.1.1\n\n"
        for number in range(1, parts + 1)
    )
    head = f"Date: {NOW:%a, %d %b %Y %T} +0000\nContent-Type: multipart/report; boundary=b\n\n"
    (room.maildir / "new" / "1.forged").write_text(f"{head}{blocks}--b--\n")
    assert room.read() == InboxOutcome(read=1, refused=1)
    assert room.suppressed() == 0
    one = blocks[: blocks.index("--b", 3)]
    (room.maildir / "new" / "2.same").write_text(f"{head}{one}{one}--b--\n")
    assert room.read() == InboxOutcome(read=1, bounced=1)


def test_the_spelling_of_the_address_does_not_matter(room: Room) -> None:
    room.put("hard", address="Reader0@EXAMPLE.net")
    assert room.read() == InboxOutcome(read=1, bounced=1)


def test_a_bounce_of_somebody_who_was_erased_does_nothing(room: Room) -> None:
    with room.database.write() as connection:
        actions.erase(connection, "reader0@example.net", now=NOW, keys=SUPPRESSIONS)
    room.put("hard")
    room.put("leave")
    assert room.read() == InboxOutcome(read=2, refused=2)


def test_a_dry_run_tells_the_same_and_writes_nothing(room: Room) -> None:
    for name in ("hard", "complaint", "leave", "confirm-reply", "vacation", "ordinary", "delayed", "read-receipt"):
        room.put(name)
    before = room.dump()
    told = room.read(dry_run=True)
    assert room.dump() == before
    assert replace(told, dry_run=False) == InboxOutcome(
        read=8, bounced=1, complained=1, left=1, confirmed=1, automatic=1, other=1, reported=1, refused=1
    )
    assert room.read() == replace(told, dry_run=False)


def test_a_dry_run_tells_the_same_of_what_was_done_before(room: Room) -> None:
    with room.database.write() as connection:
        actions.confirm(connection, room.confirmation, now=NOW, how="page")
        actions.leave(connection, 2, 1, now=NOW, how="page")
    room.put("confirm-subject")  # confirmed before
    room.put("leave", number=1)  # left before
    room.put("leave", number=2)
    room.put("leave-generated", number=2)  # the same again in another message
    room.put("hard", number=3)
    room.put("hard", number=3, folder="cur", leave="x")
    room.put("confirm-subject", token=TOKEN)
    (room.maildir / "new" / "9.wish").write_text(
        f"From: a@example.net\nDate: {NOW:%a, %d %b %Y %T} +0000\nSubject: subscribe\n\n"
    )
    (room.maildir / "new" / "9.wish-again").write_text(
        f"From: a+1@example.net\nDate: {NOW:%a, %d %b %Y %T} +0000\nSubject: subscribe\n\n"
    )
    before = room.dump()
    setup = room.setup(lists=("readers",))
    told = inbox.read(setup, room.maildir, dry_run=True)
    assert room.dump() == before
    assert replace(told, dry_run=False) == inbox.read(setup, room.maildir)
    assert (told.known, told.left, told.bounced, told.asked, told.refused) == (4, 1, 1, 1, 2)


def test_a_dry_run_tells_of_one_who_left_after_asking(room: Room) -> None:
    with room.database.write() as connection:
        actions.leave(connection, 1, 2, now=NOW, how="page")
    room.put("confirm-subject")
    told = room.read(dry_run=True)
    assert (told.refused, told.confirmed) == (1, 0)
    assert room.read() == replace(told, dry_run=False)


def test_a_dry_run_says_that_a_send_would_be_paused(room: Room) -> None:
    with room.database.write() as connection:
        connection.execute(text("UPDATE send SET answered = 200, bounced = 10"))
    room.put("hard")
    assert "bounced for good" in room.read(dry_run=True).paused[0]
    with room.database.read() as connection:
        assert ledger.sends(connection)[0].state != "paused"


def test_too_many_bounces_pause_the_send(room: Room) -> None:
    with room.database.write() as connection:
        connection.execute(text("UPDATE send SET answered = 200, bounced = 10"))
    room.put("hard")
    result = room.read()
    assert "bounced for good" in result.paused[0]
    with room.database.read() as connection:
        assert ledger.sends(connection)[0].state == "paused"


def test_an_mbox_is_read_like_a_maildir(room: Room, tmp_path: Path) -> None:
    for name in ("hard", "leave", "confirm-reply", "vacation", "ordinary"):
        room.put(name)
    box = mailbox.mbox(tmp_path / "box")
    for path in sorted((room.maildir / "new").iterdir()):
        box.add(path.read_bytes())
    box.close()
    raw = (tmp_path / "box").read_bytes()
    expected = InboxOutcome(read=5, bounced=1, left=1, confirmed=1, automatic=1, other=1)
    assert inbox.read(room.setup(), tmp_path / "box") == expected
    assert (tmp_path / "box").read_bytes() == raw
    # A mail program notes what it did in the messages themselves.
    (tmp_path / "box").write_bytes(raw.replace(b"\nReceived:", b"\nStatus: RO\nX-Status: A\nReceived:"))
    assert inbox.read(room.setup(), tmp_path / "box") == InboxOutcome()
    # The same messages in a Maildir are known too.
    assert room.read() == InboxOutcome()


def test_many_messages_are_taken_in_groups(room: Room) -> None:
    for number in range(250):
        path = room.put("ordinary")
        path.write_bytes(path.read_bytes() + f"{number}\n".encode())
    room.put("leave")
    assert room.read() == InboxOutcome(read=251, other=250, left=1)
    assert room.read() == InboxOutcome()


def test_what_is_no_mailbox_is_said(room: Room, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("hello")
    for path, words in (
        (tmp_path / "nowhere", "No such file"),
        (tmp_path / "file", "is no mailbox"),
        (tmp_path, "no Maildir"),
    ):
        with pytest.raises(SourceError, match=words):
            inbox.read(room.setup(), path)
    (tmp_path / "empty").touch()
    assert inbox.read(room.setup(), tmp_path / "empty") == InboxOutcome()


# ---- who wants to subscribe


def wishes(room: Room, subject: str, sender: str = "Salma <salma@example.net>", **headers: str) -> InboxOutcome:
    """What comes of a message with this subject; it is dated as the others are."""
    number = next(room.counter)
    lines = {"From": sender, "To": OWN, "Date": "Tue, 24 Nov 2026 09:29:58 +0200", **headers, "X-Number": str(number)}
    raw = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in lines.items())
    path = room.maildir / "new" / f"{1795503600 + number}.wish.mail"
    path.write_bytes(f"{raw}Subject: {subject}\n\n".encode())
    return inbox.read(room.setup(lists=("readers",)), room.maildir)


def statuses(room: Room, address: str) -> list[str]:
    with room.database.read() as connection:
        person = store.find(connection, normalise(address))
        return [] if person is None else [one.status for one in store.subscriptions_of(connection, person.id)]


@pytest.mark.parametrize(
    "subject",
    ["subscribe", " Subscribe! ", "SUBSCRIBE readers", "اشتراك", "اشترك.", "أشترك", "الاشتراك readers", "S’abonner",
     "=?utf-8?B?2KfYtNiq2LHYp9mD?="],
)  # fmt: skip
def test_who_asks_by_mail_gets_a_confirmation_letter(room: Room, subject: str) -> None:
    assert wishes(room, subject) == InboxOutcome(read=1, asked=1)
    assert statuses(room, "salma@example.net") == ["pending"]
    with room.database.read() as connection:
        kinds = connection.execute(text("SELECT kind FROM small_letter WHERE list_id = 1")).scalars().all()
        person = store.find(connection, normalise("salma@example.net"))
        assert person is not None
        (record,) = store.consents_of(connection, person.id)
    assert kinds == ["confirmation"]
    assert (record.act, record.how) == ("subscribe", "mail")


@pytest.mark.parametrize(
    "subject",
    ["Re: subscribe", "subscribe me please", "subscribe pending", "subscribe nowhere", "unsubscribe", "اشتراكي انتهى"],
)
def test_other_words_are_for_people(room: Room, subject: str) -> None:
    assert wishes(room, subject) == InboxOutcome(read=1, other=1)
    assert statuses(room, "salma@example.net") == []


@pytest.mark.parametrize(
    "headers",
    [{"Auto_Submitted": "auto-generated"}, {"Auto_Submitted": "auto-replied"}, {"Precedence": "bulk"},
     {"List_Id": "<a.example.net>"}, {"Return_Path": "<>"}, {"X_Loop": "a"}, {"From": "<news@example.org>"},
     {"From": "<noreply@example.net>"}],
)  # fmt: skip
def test_machines_subscribe_nobody(room: Room, headers: dict[str, str]) -> None:
    assert wishes(room, "subscribe", **headers) == InboxOutcome(read=1, automatic=1)
    assert statuses(room, "salma@example.net") == []


@pytest.mark.parametrize(
    ("headers", "counts"),
    [({"From": "a@example.net, b@example.net"}, "other"), ({"From": "nobody"}, "other"), ({"From": ""}, "other"),
     ({"From": "<a b@example.net>"}, "refused"), ({"From": "<a@nodots>"}, "refused"), ({"Date": "never"}, "refused"),
     ({"Date": "Mon, 16 Nov 2026 09:00:00 +0200"}, "refused")],
)  # fmt: skip
def test_a_wish_needs_one_address_and_a_fresh_date(room: Room, headers: dict[str, str], counts: str) -> None:
    assert wishes(room, "subscribe", **headers) == InboxOutcome(**{"read": 1, counts: 1})
    with room.database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM subscriber")).scalar_one() == 5


def test_the_caps_of_the_form_hold_by_mail_too(room: Room) -> None:
    assert wishes(room, "subscribe", "salma@example.net").asked == 1
    assert wishes(room, "subscribe", "salma+1@example.net") == InboxOutcome(read=1, refused=1)
    assert wishes(room, "اشتراك", "salma@example.net") == InboxOutcome(read=1, refused=1)


def test_a_wish_that_only_the_crowd_keeps_back_is_tried_again(room: Room) -> None:
    """Whoever floods the mailbox with forged wishes must not lose those of others for them."""
    for number in range(30):
        (room.maildir / "new" / f"{1000 + number}.wish").write_text(
            f"From: r{number}@d{number}.example.net\nDate: {NOW:%a, %d %b %Y %T} +0000\nSubject: subscribe\n\n"
        )
    setup = room.setup(lists=("readers",), caps=Caps(total_an_hour=50))
    told = inbox.read(setup, room.maildir, dry_run=True)
    assert told == InboxOutcome(read=30, asked=10, later=20, dry_run=True)
    assert inbox.read(setup, room.maildir) == InboxOutcome(read=30, asked=10, later=20)
    assert inbox.read(setup, room.maildir) == InboxOutcome(read=20, later=20)
    hour = timedelta(minutes=71)
    assert inbox.read(replace(setup, now=NOW + hour), room.maildir) == InboxOutcome(read=20, asked=10, later=10)
    assert inbox.read(replace(setup, now=NOW + 2 * hour), room.maildir) == InboxOutcome(read=10, asked=10)
    assert inbox.read(replace(setup, now=NOW + 2 * hour), room.maildir) == InboxOutcome()


def test_many_wishes_to_one_domain_hold_no_other_up(room: Room) -> None:
    for number, host in enumerate(["a.example.net"] * 5 + ["b.example.net"]):
        (room.maildir / "new" / f"{number}.wish").write_text(
            f"From: r{number}@{host}\nDate: {NOW:%a, %d %b %Y %T} +0000\nSubject: subscribe\n\n"
        )
    caps = Caps(total_an_hour=20)
    with room.database.write() as connection:
        for number in range(8):
            who = normalise(f"f{number}@a.example.net")
            actions.wish(
                connection, who, "readers", now=NOW, keys=SUPPRESSIONS, caps=caps, how="form", words="", network="n"
            )
    assert inbox.read(room.setup(lists=("readers",), caps=caps), room.maildir) == InboxOutcome(read=6, asked=3, later=3)
    assert statuses(room, "r5@b.example.net") == ["pending"]


def test_a_wish_does_not_tell_or_change_what_somebody_is(room: Room) -> None:
    assert wishes(room, "subscribe", "reader1@example.net") == InboxOutcome(read=1, known=1)
    with room.database.write() as connection:
        actions.suppress(connection, "reader2@example.net", now=NOW, keys=SUPPRESSIONS)
        actions.leave(connection, 4, 1, now=NOW, how="page", letters=False)
        actions.erase(connection, "reader4@example.net", now=NOW, keys=SUPPRESSIONS)
    assert wishes(room, "subscribe", "reader2@example.net") == InboxOutcome(read=1, refused=1)
    assert wishes(room, "subscribe", "reader4@example.net") == InboxOutcome(read=1, refused=1)
    assert wishes(room, "subscribe", "reader3@example.net") == InboxOutcome(read=1, asked=1)
    assert [room.status(number) for number in range(4)] == ["confirmed", "confirmed", "confirmed", "pending"]


def test_who_left_a_list_that_is_not_offered_may_come_back_to_it(room: Room) -> None:
    with room.database.write() as connection:
        actions.leave(connection, 1, 2, now=NOW, how="page")
    # One confirmation letter a day, for everybody: the one of the fixture was today.
    assert wishes(room, "subscribe pending", "reader0@example.net") == InboxOutcome(read=1, refused=1)
    with room.database.write() as connection:
        connection.execute(text("UPDATE small_letter SET created = created - 90000"))
    assert wishes(room, "subscribe pending", "reader0@example.net") == InboxOutcome(read=1, asked=1)
    assert room.status(0, 2) == "pending"


def test_a_dry_run_of_a_wish_writes_nothing(room: Room) -> None:
    path = room.maildir / "new" / "1.wish"
    path.write_bytes(
        f"From: s@example.net\nTo: {OWN}\nDate: {NOW:%a, %d %b %Y %T} +0000\nSubject: subscribe\n\n".encode()
    )
    before = room.dump()
    assert inbox.read(room.setup(lists=("readers",)), room.maildir, dry_run=True).asked == 1
    assert room.dump() == before
    assert inbox.read(room.setup(lists=()), room.maildir) == InboxOutcome(read=1, other=1)


# ---- small letters that come back, and answers to them


def small(room: Room, address: str = "salma@example.net") -> str:
    """The name of a confirmation letter to a new address, as it goes out."""
    with room.database.write() as connection:
        actions.subscribe(connection, address, "readers", now=NOW, keys=SUPPRESSIONS, how="form", words="")
        person = store.find(connection, normalise(address))
        assert person is not None
        actions.make_confirmation(connection, person.id, 1, now=NOW)
        number = connection.execute(text("SELECT max(id) FROM small_letter")).scalar_one()
    return name_of(int(number), LINKS)


@pytest.mark.parametrize("sample", ["hard", "return-path", "envelope-id", "invalid", "complaint"])
def test_a_small_letter_that_comes_back_suppresses(room: Room, sample: str) -> None:
    name = small(room)
    room.put(sample, name=name, address="salma@example.net")
    result = room.read()
    assert (result.read, result.bounced + result.complained) == (1, 1), result
    assert room.suppressed() == 1
    room.put(sample, name=name, address="salma@example.net", leave="x")
    assert room.read().bounced == 0
    assert room.suppressed() == 1


def test_a_forged_bounce_of_a_small_letter_does_nothing(room: Room) -> None:
    name = small(room)
    room.put("hard", name=name, address="reader1@example.net")
    room.put("hard", name=f"small-{'0' * 16}.{name.partition('.')[2]}", address="salma@example.net")
    room.put("hard", name=name_of(999, LINKS), address="salma@example.net")
    assert room.read() == InboxOutcome(read=3, refused=3)
    assert room.suppressed() == 0


@pytest.mark.parametrize("said", ["نعم", "نَعَم!", "Yes, please.", "OK", "Oui", "«نعم»", "موافق", "D’accord"])
def test_a_yes_to_the_letter_confirms(room: Room, said: str) -> None:
    assert wishes(room, f"Re: hello\nIn-Reply-To: <{small(room)}@example.org>\n\n{said}\n\n-- \nSalma").confirmed == 1
    assert statuses(room, "salma@example.net") == ["confirmed"]


@pytest.mark.parametrize(
    "said", ["", "I am away until Sunday.", "Yes? No!", "لا", "نعم؟ لا أريد", "Okay, but who are you?", "yesterday"]
)
def test_what_is_no_yes_confirms_nobody(room: Room, said: str) -> None:
    assert wishes(room, f"Re: hello\nIn-Reply-To: <{small(room)}@example.org>\n\n{said}").confirmed == 0
    assert statuses(room, "salma@example.net") == ["pending"]


LETTER = name_of(7, LINKS)


def answered(said: str, subject: str = "Re: news", *, quoted: bool = True, kind: str = "plain") -> ParsedMessage:
    """An answer that quotes the confirmation letter and names it, as help desks and filters do too."""
    quote = f"> Somebody asked for it.\n> https://news.example.org/confirm/{TOKEN}\n"
    whole = said.replace("{quote}", quote) if "{quote}" in said else f"{said}\n\nOn Tuesday News wrote:\n{quote}"
    head = f"From: Salma <salma@example.net>\nTo: {OWN}\nDate: Tue, 24 Nov 2026 09:29:58 +0200\nSubject: {subject}\n"
    head += f"In-Reply-To: <{LETTER}@example.org>\nContent-Type: text/{kind}; charset=utf-8\n\n"
    return understand((head + (whole if quoted else said)).encode(), OWN)


@pytest.mark.parametrize(
    "said",
    [
        "What is this?", "I don't want this", "Delete me please", "Nein danke", "من أنتم؟", "من أنتم", "كلا", "لأ",
        "لَا أريد", "أزيلوا بريدي", "الغاء الاشتراك", "إلغاء الاشتراك", "اوقفوا الرسائل", "أَوْقِفُوا الرسائل", "",
        "{quote}\n\nNo! I do not want this. Stop.", "نعم\n\n{quote}\n\nلا، لا أريدها", "{quote}",
        "Your ticket 4711 has been received.\nThank you, the team", "Please look into this.", "Message blocked",
        "Message blocked by the filter of example.net:", "تم استلام رسالتك", "Yes?", "Yes, who are you", "oui non",
        "Ok, thanks, I will look into this", "Yes, we have received your message.", "تمام، شكرا", "ولا أريد",
        "Yes\n\nNo, I do not want it.", "I said yes", "yesterday",
    ],
)  # fmt: skip
def test_an_answer_that_is_no_plain_yes_confirms_nobody(said: str) -> None:
    found = answered(said)
    assert (found.kind, found.tokens, found.letters) == ("other", (), ())


@pytest.mark.parametrize(
    "said",
    [
        "نعم", "نَعَم", "نعـــم!", "نعم أؤكد", "نعم، أريد النشرة. شكرًا جزيلًا", "السلام عليكم،\nنعم من فضلكم", "أوافق",
        "Yes", "yes please", "Hello,\n\nYes, of course.", "oui", "Oui, je veux m’abonner, merci", "ok", "D'accord",
        "Ja, gerne", "Sí, por favor", "بله", "כן", "Yes\n\nSent from my iPhone", "نعم\n\nأُرسلت من الـ iPhone",
        "نعم\n-- \nسلمى\nلا تردوا هنا",
        "Yes.\n\nSalma Haddad\nThis e-mail is confidential.\nIf you are not the one it is for, delete it.",
        "{quote}\n\nنعم", "نعم\n\nOn Tue, 24 Nov 2026 at 09:30 لا للفساد\n<news@example.org> wrote:\n\n{quote}",
        "Yes\n\nFrom: News\nSent: Tuesday\nDo nothing if it was not you. Questions? Write to us.",
        "oui\n-----Message d'origine-----\nSi ce n'était pas vous, ne faites rien.",
        "\u200fنعم\u200e",
    ],
)  # fmt: skip
def test_a_plain_yes_confirms_whatever_a_mail_program_adds(said: str) -> None:
    found = answered(said)
    assert (found.kind, found.tokens, found.letters) == ("confirm", (TOKEN,), (LETTER,))


@pytest.mark.parametrize(
    "below",
    [
        "On Tuesday News wrote:\n\nIf it was not you, do nothing.",
        "From: News\nSent: Tuesday\n\nIf it was not you, do nothing.",
        "________________________________\nمن: الموجة\n\nإن لم تكن أنت فلا تفعل شيئًا.",
        "----- Original Message -----\nIf it was not you, do nothing.",
    ],
)
def test_a_letter_that_is_quoted_without_marks_is_not_taken_for_words_of_the_reader(below: str) -> None:
    assert own_words(f"نعم\n\n{below}") == "نعم"


@pytest.mark.parametrize(
    ("subject", "said", "kind"),
    [
        ("confirm {token}", "", "confirm"),
        ("Re: رد: confirm  {token}", "", "confirm"),
        ("confirm\n {token}", "", "confirm"),
        ("\u200fCONFIRM {token}", "Sent from my iPhone", "confirm"),
        ("confirm%20{token}", "Salma", "confirm"),
        ("confirm {token}", "Who are you?", "other"),
        ("confirm {token}", "Delete me please", "other"),
        ("confirm {token}", "{quote}\n\nلا أريدها", "other"),
        ("Fwd: confirm {token}", "", "other"),
        ("confirm {token} now", "", "other"),
        ("I wonder: confirm {token}", "", "other"),
        ("[Ticket 4711] confirm {token}", "We have received your message.", "other"),
        ("[Ticket 4711] confirm {token}", "Yes", "confirm"),
    ],
)
def test_the_subject_that_the_button_writes(subject: str, said: str, kind: str) -> None:
    found = answered(said, subject.replace("{token}", TOKEN), quoted="{quote}" in said)
    assert found.kind == kind
    assert found.tokens == ((TOKEN,) if kind == "confirm" else ())


@pytest.mark.parametrize(
    ("html", "kind"),
    [
        ("<p>نعم</p><blockquote>{link}</blockquote>", "confirm"),
        ("<head><style>p{}</style><title>?</title></head><div>Yes</div><hr><p>Do nothing if … {link}</p>", "confirm"),
        ('<div>oui</div><div class="gmail_quote"><div>Le 2, N a écrit :</div><blockquote>{link} ?</div>', "confirm"),
        ("<blockquote>{link}</blockquote><p>نعم</p>", "confirm"),
        ("<p>Yes</p><blockquote>{link}<blockquote>a</blockquote>b</blockquote><p>No! Stop.</p>", "other"),
        ("<blockquote>{link}</blockquote><p>What is this?</p>", "other"),
        ("<blockquote>{link}<p>yes</p></blockquote>", "other"),
        ("<p>Your ticket has been received.</p><blockquote>{link}</blockquote>", "other"),
    ],
)
def test_an_answer_that_is_html_alone(html: str, kind: str) -> None:
    link = f'<a href="https://news.example.org/confirm/{TOKEN}">button</a>'
    assert answered(html.replace("{link}", link), quoted=False, kind="html").kind == kind


@given(st.text(max_size=300))
def test_no_answer_breaks_it(said: str) -> None:
    for own in (own_words(said), own_words(plain(said)), own_words(plain(f"<p>{said}<blockquote>{said}"))):
        assert not (says_yes(own) and says_no(own))
    assert fold(fold(said)) == fold(said)
    assert not says_yes(own_words("\n".join(f"> {line}" for line in ["نعم", *said.splitlines()])))


@pytest.mark.parametrize("language", ["ar", "en", "fr"])
def test_the_word_that_a_letter_asks_for_is_a_yes(room: Room, language: str) -> None:
    said = catalogue(environment(), language, DOMAIN).gettext("yes")
    assert wishes(room, f"Re: hello\nReferences: <{small(room)}@example.org>\n\n{said}").confirmed == 1


# ---- the command


@pytest.mark.slow
def test_the_command_reads_a_mailbox_and_tells_what_it_did(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    assert here("-C", root, "send", "--yes").code == 0
    letter = next(path for path in (root / "outbox" / "new").iterdir() if b"reader1@" in path.read_bytes())
    with open_workspace(root, {}) as workspace, workspace.database.read() as connection:
        person = store.find_id(connection, 3)
        assert person is not None
        leave = tokens.make("leave", workspace.keys.tokens, public_id=person.public_id, list_id=1, epoch=person.epoch)
    maildir = tmp_path / "mail"
    for name in ("cur", "new", "tmp"):
        (maildir / name).mkdir(parents=True)
    bounce = filled("hard", name=letter.name.removesuffix(".eml"), address="reader1@example.net")
    (maildir / "new" / "1.a").write_bytes(bounce.replace(b"example.org>", b"almawja.example.org>"))
    (maildir / "new" / "2.b").write_bytes(filled("leave", leave=leave))
    shutil.copy(DATA / "ordinary.eml", maildir / "new" / "3.c")
    done = here("-C", root, "subscribers", "inbox", maildir, "--dry-run", "--json")
    assert done.code == 0, done
    told = json.loads(done.out)
    assert (told["read"], told["bounced"], told["left"], told["other"], told["dry_run"]) == (3, 1, 1, 1, True)
    assert "3 new messages: 1 came back, 1 left, 1 for people (nothing was written)." in done.err
    done = here("-C", root, "subscribers", "inbox", maildir)
    assert (done.code, done.out) == (0, "")
    assert "3 new messages: 1 came back, 1 left, 1 for people." in done.err
    assert "0 new messages." in here("-C", root, "subscribers", "inbox", maildir).err
    complains(here("-C", root, "subscribers", "inbox", tmp_path / "nowhere"), "cannot be read", "nowhere")
    assert "example.net" not in done.err
