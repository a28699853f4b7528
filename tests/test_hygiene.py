"""Readers whose letters come back for months: found, asked once, kept when they answer, let go when they do not."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from command import here, make_workspace
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, text, update
from starlette.testclient import TestClient
from test_inbox import LINKS, SUPPRESSIONS
from test_ledger import query

from newsletter import ledger
from newsletter.delivery.names import name_of
from newsletter.events import apply, inbox
from newsletter.ledger import Mailing
from newsletter.ledger.hygiene import ReaderLetter, reached_since, returned_since, returning_readers
from newsletter.senders.reports import EventReport
from newsletter.storage.database import Database
from newsletter.wiring import open_workspace
from newsletter.workflows import hygiene, small_letters
from subscribers import actions, store, tokens
from subscribers.actions.hygiene import ask_whether_wanted, let_go
from subscribers.addresses import normalise
from subscribers.models import BounceKind, Event
from subscribers.store.limits import Caps

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def month(number: int) -> datetime:
    return START + 31 * DAY * number


def send_letters(database: Database, key: str, readers: list[int], at: datetime, list_id: int = 1) -> Any:
    """One issue to some readers, taken by the provider."""
    from newsletter.storage.tables import send as sends

    with database.write() as connection:
        send = ledger.write_send(
            connection,
            [Mailing("نص", query(readers))],
            key=key,
            list_id=list_id,
            rhythm="weekly",
            subject="عدد",
            batch_size=1000,
            now=at,
        )
        batch = ledger.claim(connection, send.id, lease=30)
        assert batch is not None
        assert ledger.mark_submitting(connection, batch, skipped={}, lease=30)
        ledger.record(connection, batch, "submitted", {})
        connection.execute(update(sends).where(sends.c.id == send.id).values(created=int(at.timestamp())))
        rows = connection.execute(
            text("SELECT d.subscriber_id, d.id FROM delivery d JOIN batch b ON b.id = d.batch_id WHERE b.send_id = :s"),
            {"s": send.id},
        )
        return {row.subscriber_id: f"{send.public_id}.{row.id}" for row in rows}


def tell(database: Database, name: str, kind: Any, at: datetime, bounce: BounceKind | None = None) -> None:
    event = Event(kind, at, name, bounce=bounce, reason="452 4.2.2 mailbox full" if bounce == "soft" else "")
    apply.receive(database, [EventReport(event, "")], now=at, link_keys=LINKS, suppression_keys=SUPPRESSIONS)


def furnish(database: Database, number: int) -> None:
    with database.write() as connection:
        store.add_list(connection, "readers", "نشرة", now=START)
        for one in range(number):
            actions.add_subscriber(connection, f"reader{one}@example.net", "readers", now=START)


# ---- who counts

DEAD = ReaderLetter(0, came=False, returned=True, told=True)


@pytest.mark.parametrize(
    ("letters", "found"),
    [
        ([], []),
        ([DEAD._replace(sent=3), DEAD._replace(sent=1), DEAD._replace(sent=2)], [3, 2, 1]),
        ([DEAD._replace(sent=1), DEAD._replace(sent=2, came=True), DEAD._replace(sent=3)], [3]),
        ([DEAD._replace(sent=1), DEAD._replace(sent=3, came=True)], []),
        # Nobody tells of it: it arrived long ago, or is still on its way.
        ([DEAD._replace(sent=1), ReaderLetter(2, came=False, returned=False, told=False), DEAD._replace(sent=3)], [3]),
        ([DEAD._replace(sent=1), ReaderLetter(9_999_000, came=False, returned=False, told=False)], [1]),
        # Deferred, or refused for our sake: says nothing of the mailbox either way.
        (
            [DEAD._replace(sent=1), ReaderLetter(2, came=False, returned=False, told=True), DEAD._replace(sent=3)],
            [3, 1],
        ),
    ],
)
def test_letters_that_came_back_since_one_arrived(letters: list[ReaderLetter], found: list[int]) -> None:
    assert returned_since(letters, now=10_000_000) == found


@given(
    st.lists(
        st.builds(
            ReaderLetter, sent=st.integers(0, 10**7), came=st.booleans(), returned=st.booleans(), told=st.booleans()
        )
    )
)
def test_nothing_counts_from_before_a_letter_arrived(letters: list[ReaderLetter]) -> None:
    found = returned_since(letters, now=10**7)
    last = max((one.sent for one in letters if one.came), default=-1)
    assert all(sent >= last for sent in found)
    assert found == sorted(found, reverse=True)


def test_readers_are_found_by_months_of_soft_bounces_alone(database: Database) -> None:
    furnish(database, 8)
    readers = list(range(1, 9))
    for number in range(5):
        names = send_letters(database, str(number), readers, month(number))
        at = month(number) + timedelta(minutes=5)
        tell(database, names[1], "bounced", at, "soft")
        tell(database, names[2], "delivered" if number == 3 else "bounced", at, None if number == 3 else "soft")
        tell(database, names[3], "bounced", at, "policy")
        if number >= 3:
            tell(database, names[4], "bounced", at, "soft")
        tell(database, names[5], "deferred", at)
        tell(database, names[6], "delivered", at)
        # 7: nobody tells anything. 8: came back without a word of whose fault it is.
        tell(database, names[8], "bounced", at, "blocked")
        tell(database, names[8], "deferred", at)
    now = month(4) + 6 * DAY
    with database.read() as connection:
        found = returning_readers(connection, now=now)
        assert [(one.subscriber_id, one.letters) for one in found] == [(1, 5), (8, 5)]
        assert (found[0].first, found[0].last) == (month(0), month(4))
        assert returning_readers(connection, now=now, letters=6) == []
        assert returning_readers(connection, now=now, days=125) == []
        since = dict.fromkeys(readers, month(3))
        assert reached_since(connection, since, now=now) == {2, 6, 7}
        assert reached_since(connection, dict.fromkeys(readers, month(5)), now=now) == set()


# ---- asked


def planned(connection: Connection, *ids: int, now: datetime, days: int = 30) -> int:
    able = store.can_be_asked(connection, [(one, 1) for one in ids], now=now)
    return store.plan_to_ask(connection, sorted(able), days=days, now=now)


def test_who_may_not_be_asked_is_not(database: Database) -> None:
    furnish(database, 6)
    now = month(5)
    with database.write() as connection:
        actions.leave(connection, 1, 1, now=now, how="page")
        actions.suppress(connection, "reader1@example.net", now=now, keys=SUPPRESSIONS, reason="complained")
        theirs = store.subscription_of(connection, 3, 1)
        assert theirs is not None
        actions.prefer(
            connection, 3, 1, now=now, rhythm="weekly", declined_topics=0, paused_until=now + timedelta(days=9)
        )
        assert planned(connection, 1, 2, 3, 4, 99, now=now) == 1
        assert planned(connection, 4, now=now) == 0  # once
        # Between the editor's word and the letter somebody leaves.
        assert planned(connection, 5, 6, now=now) == 2
        actions.leave(connection, 5, 1, now=now, how="page")
        assert ask_whether_wanted(connection, now=now, keys=SUPPRESSIONS, caps=Caps()) == 2
        assert ask_whether_wanted(connection, now=now, keys=SUPPRESSIONS, caps=Caps()) == 0
        kinds = connection.execute(
            text("SELECT subscriber_id FROM small_letter WHERE kind = 'still-wanted' ORDER BY subscriber_id")
        )
        assert list(kinds.scalars()) == [4, 6]


def test_letters_go_no_faster_than_the_caps_allow(database: Database) -> None:
    furnish(database, 10)
    now = month(5)
    caps = Caps(total_an_hour=6)
    with database.write() as connection:
        assert planned(connection, *range(1, 11), now=now) == 10
        assert ask_whether_wanted(connection, now=now, keys=SUPPRESSIONS, caps=caps) == caps.file_an_hour == 3
        assert ask_whether_wanted(connection, now=now, keys=SUPPRESSIONS, caps=caps) == 0
        assert store.still_wanted_waits(connection)
        later = now + timedelta(hours=2)
        assert ask_whether_wanted(connection, now=later, keys=SUPPRESSIONS, caps=caps) == 3
        (counts,) = store.hygiene_counts(connection)
        assert (counts.asked, counts.waiting) == (6, 4)


def test_who_reads_two_lists_keeps_nobody_waiting(database: Database) -> None:
    """A mailbox gets one question a day, and all others are asked meanwhile, as fast as the caps allow."""
    furnish(database, 12)
    now = month(5)
    with database.write() as connection:
        other = store.add_list(connection, "second", "نشرة أخرى", now=START)
        for number in range(6):
            actions.add_subscriber(connection, f"reader{number}@example.net", "second", now=START)
        pairs = [(number, one) for number in range(1, 13) for one in ((1, other.id) if number <= 6 else (1,))]
        assert store.plan_to_ask(connection, pairs, days=30, now=now) == 18
        caps = {"keys": SUPPRESSIONS, "caps": Caps()}
        assert sum(ask_whether_wanted(connection, now=now, limit=4, **caps) for _ in range(6)) == 12
        assert ask_whether_wanted(connection, now=now + 2 * DAY, **caps) == 6
        assert not store.still_wanted_waits(connection)


def went(connection: Connection, state: str = "submitted") -> None:
    connection.execute(text("UPDATE small_letter SET state = :state"), {"state": state})


def status_of(connection: Connection, subscriber_id: int) -> str | None:
    theirs = store.subscription_of(connection, subscriber_id, 1)
    return None if theirs is None else theirs.status


@pytest.mark.parametrize("state", ["queued", "refused", "unknown", "submitting"])
def test_nobody_is_let_go_by_a_letter_that_did_not_go(database: Database, state: str) -> None:
    furnish(database, 1)
    now = month(5)
    with database.write() as connection:
        planned(connection, 1, now=now)
        ask_whether_wanted(connection, now=now, keys=SUPPRESSIONS, caps=Caps())
        went(connection, state)
        assert let_go(connection, now=now + 32 * DAY) == 0
        assert status_of(connection, 1) == "confirmed"


def test_the_day_that_is_named_is_the_readers_until_its_end(database: Database) -> None:
    furnish(database, 1)
    now = month(5)
    with database.write() as connection:
        planned(connection, 1, now=now, days=14)
        ask_whether_wanted(connection, now=now, keys=SUPPRESSIONS, caps=Caps())
        went(connection)
        assert let_go(connection, now=now + 14 * DAY + timedelta(hours=23)) == 0
        assert let_go(connection, now=now + 15 * DAY) == 1
        assert let_go(connection, now=now + 15 * DAY) == 0
        assert status_of(connection, 1) == "left"
        line = store.consents_of(connection, 1)[-1]
        assert (line.act, line.how) == ("leave", "no answer")
        assert not connection.execute(text("SELECT 1 FROM small_letter WHERE kind = 'goodbye'")).first()


def test_nobody_stays_unanswered_since_the_letter_that_asked_was_forgotten(database: Database) -> None:
    """Nothing ran for weeks, and then more are due than one transaction takes."""
    furnish(database, 230)
    now = month(5)
    with database.write() as connection:
        planned(connection, *range(1, 231), now=now)
        ask_whether_wanted(connection, now=now, keys=SUPPRESSIONS, caps=Caps(), limit=230)
        went(connection)
    upkeep, more = actions.Upkeep(keys=SUPPRESSIONS), 1
    while more:
        with database.write() as connection:
            more = upkeep.forget(connection, now=now + 60 * DAY)
    with database.read() as connection:
        assert {status_of(connection, number) for number in range(1, 231)} == {"left"}
        assert not connection.execute(text("SELECT 1 FROM small_letter")).first()


def test_late_answers_bring_back_and_leaving_stays_leaving(database: Database) -> None:
    furnish(database, 3)
    now = month(5)
    answer = {"how": "page", "words": "yes"}
    with database.write() as connection:
        planned(connection, 1, 2, 3, now=now)
        ask_whether_wanted(connection, now=now, keys=SUPPRESSIONS, caps=Caps())
        went(connection)
        let_go(connection, now=now + 31 * DAY)
        later = now + 40 * DAY
        assert actions.stay(connection, 1, 1, now=later, **answer) == "back"
        assert actions.stay(connection, 1, 1, now=later, **answer) == "stays"
        assert status_of(connection, 1) == "confirmed"
        # Back on the list, and then gone by their own wish: the old letter brings nobody back.
        actions.leave(connection, 1, 1, now=later + DAY, how="page")
        assert actions.stay(connection, 1, 1, now=later + 2 * DAY, **answer) == "nothing"
        assert status_of(connection, 1) == "left"
        assert actions.stay(connection, 99, 1, now=later, **answer) == "nothing"
        (counts,) = store.hygiene_counts(connection)
        assert (counts.asked, counts.kept, counts.let_go) == (3, 1, 2)


def test_a_sign_of_life_keeps_as_an_answer_does(database: Database) -> None:
    """Left and came back, chose something, has another address now: nobody of these is let go."""
    furnish(database, 4)
    now = month(5)
    with database.write() as connection:
        planned(connection, 1, 2, 3, 4, now=now)
        ask_whether_wanted(connection, now=now, keys=SUPPRESSIONS, caps=Caps())
        went(connection)
        actions.leave(connection, 1, 1, now=now + DAY, how="page")
        store.set_status(connection, 1, 1, "confirmed", now=now + 2 * DAY)
        actions.prefer(connection, 2, 1, now=now + DAY, rhythm="daily", declined_topics=0, paused_until=None)
        store.change_address(connection, 3, normalise("new@example.net"))
        assert let_go(connection, now=now + 32 * DAY) == 1
        assert [status_of(connection, number) for number in (1, 2, 3, 4)] == ["confirmed"] * 3 + ["left"]


# ---- the whole journey


def only_letter(root: Path, address: str) -> Any:
    found = []
    for path in (root / "outbox" / "new").iterdir():
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        if message["To"] is not None and address in str(message["To"]):
            found.append(message)
    return found


def test_months_of_bounces_a_question_and_what_comes_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One answers, one does not, one was erased, one left meanwhile, one gets a letter again; killed in the middle."""
    root = make_workspace(tmp_path / "w", readers=7)
    with open_workspace(root) as workspace:
        database, real = workspace.database, workspace.now()
        start = real - timedelta(days=130)
        for number in range(4):
            names = send_letters(database, f"9{number}", list(range(1, 8)), start + 31 * DAY * number)
            for reader in range(1, 8):
                at = start + 31 * DAY * number + timedelta(minutes=3)
                tell_here(workspace, names[reader], "delivered" if reader == 7 else "bounced", at)
    seen = json.loads(here("-C", root, "subscribers", "hygiene", "--json").out)
    (row,) = seen["lists"]
    assert (row["returning"], row["to_ask"], row["asked"]) == (6, 6, 0)
    rehearsed = here("-C", root, "subscribers", "hygiene", "ask", "--dry-run", "--json")
    assert json.loads(rehearsed.out) == {"found": 6, "asked": 0, "answer_days": 30, "dry_run": True}
    assert here("-C", root, "subscribers", "erase", "reader3@example.net", "--yes").code == 0

    with open_workspace(root) as workspace:
        _, readers = hygiene.look(workspace)
        assert len(readers) == 5
        monkeypatch.setattr(hygiene, "AT_ONCE", 2)
        steps = []

        def stop(done: int, _all: int) -> None:
            steps.append(done)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            hygiene.ask(workspace, readers, tell=stop)
        assert steps == [2]
        # Once more: those that were written down are not again.
        assert hygiene.ask(workspace, readers) == 3
        small_letters.of_workspace(workspace).drain()
        small_letters.of_workspace(workspace).drain()
    done = here("-C", root, "subscribers", "hygiene", "ask", "--yes", "--json")
    assert json.loads(done.out)["asked"] == 0
    letters = {number: only_letter(root, f"reader{number}@") for number in range(7)}
    assert [len(letters[number]) for number in range(7)] == [1, 1, 1, 0, 1, 1, 0]
    (letter,) = letters[0]
    html = letter.get_body(("html",)).get_content()
    assert str(letter["Subject"]).strip("\u200f\u2067").startswith("أما زلت تريد")
    (token,) = set(re.findall(r"/stay/([A-Za-z0-9_-]{52})", html))

    with open_workspace(root) as workspace:
        database = workspace.database
        from newsletter.workflows.serve import app_of

        with TestClient(app_of(workspace, postman=False), base_url="https://news.example.org") as client:
            for method in ("GET", "HEAD", "GET"):
                assert client.request(method, f"/stay/{token}").status_code == 200
            with database.read() as connection:
                assert store.hygiene_counts(connection)[0].kept == 0
            assert client.post(f"/stay/{token}").status_code == 200  # without the button: nothing
            with database.read() as connection:
                assert store.hygiene_counts(connection)[0].kept == 0
            page = client.post(f"/stay/{token}", data={"act": "stay"})
            assert page.status_code == 200
            assert "شكرًا" in page.text
            bad = ("A" if token[20] != "A" else "B").join((token[:20], token[21:]))
            assert client.post(f"/stay/{bad}", data={"act": "stay"}).status_code == 404
            # The link opens nothing else, and no other opens it.
            assert client.get(f"/leave/{token}").status_code == 404
        with database.write() as connection:
            actions.leave(connection, 2, 1, now=workspace.now(), how="page")  # reader1 left meanwhile
        # A letter reaches reader4 again.
        names = send_letters(database, "99", [5], workspace.now() + DAY)
        tell_here(workspace, names[5], "delivered", workspace.now() + 2 * DAY)
        later = workspace.now() + 32 * DAY
        upkeep = workspace.upkeep
        with database.write() as connection:
            while upkeep.forget(connection, now=later):
                pass
            states = {number: status_of(connection, number + 1) for number in range(7)}
            (counts,) = store.hygiene_counts(connection)
        assert states == {
            0: "confirmed",  # answered
            1: "left",  # by themselves
            2: "left",  # let go
            3: None,  # erased
            4: "confirmed",  # a letter came
            5: "left",  # let go
            6: "confirmed",  # was never asked
        }
        assert (counts.kept, counts.let_go) == (1, 2)


def tell_here(workspace: Any, name: str, kind: Any, at: datetime) -> None:
    event = Event(kind, at, name, bounce="soft" if kind == "bounced" else None)
    apply.receive(
        workspace.database,
        [EventReport(event, "")],
        now=at,
        link_keys=workspace.keys.tokens,
        suppression_keys=workspace.keys.suppression,
    )


def test_an_answer_by_mail_keeps(database: Database, tmp_path: Path) -> None:
    furnish(database, 3)
    now = month(5)
    with database.write() as connection:
        planned(connection, 1, 2, 3, now=now)
        ask_whether_wanted(connection, now=now, keys=SUPPRESSIONS, caps=Caps())
        people = [store.find_id(connection, number) for number in (1, 2, 3)]
        links = [
            tokens.make("stay", LINKS, public_id=one.public_id, list_id=1, epoch=one.epoch)
            for one in people
            if one is not None
        ]
    for name in ("cur", "new", "tmp"):
        (tmp_path / "mail" / name).mkdir(parents=True)
    for number, (subject, words) in enumerate(
        [
            (f"stay {links[0]}", ""),
            (f"Re: stay {links[1]}", "No, stop it please"),
            (f"stay {links[2][::-1]}", ""),
            ("Re: letters", "نعم، من فضلك"),
        ]
    ):
        answered = f"In-Reply-To: <{name_of(3, LINKS)}@example.org>\n" if number == 3 else ""
        head = f"From: reader{number}@example.net\nSubject: {subject}\n{answered}"
        raw = f"{head}Content-Type: text/plain; charset=utf-8\n\n{words}\n".encode()
        (tmp_path / "mail" / "new" / f"{number}.mail").write_bytes(raw)
    setup = inbox.InboxSetup(database, "news@example.org", LINKS, SUPPRESSIONS, now + DAY)
    came = inbox.read(setup, tmp_path / "mail")
    assert (came.stayed, came.other, came.refused) == (2, 1, 1)
    with database.read() as connection:
        assert store.hygiene_counts(connection)[0].kept == 2
