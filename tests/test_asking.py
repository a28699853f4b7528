"""Providers are asked about what is in doubt: what they have is a proof, and nothing else they say decides anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import postmark_standin
import pytest
import standin
from command import here
from conftest import MakeDatabase
from newsroom import Clock
from settings_text import with_settings
from sqlalchemy import update
from test_deliver import LETTER
from test_postgresql import ok, populated
from test_senders_postmark import parcel
from test_senders_sendgrid import changed
from test_worker import freeze

from newsletter import delivery, ledger
from newsletter.errors import SendError
from newsletter.ledger import Send
from newsletter.senders.postmark.options import PostmarkOptions
from newsletter.senders.postmark.sender import Postmark
from newsletter.senders.reports import NotShownError, Question
from newsletter.senders.sendgrid.sender import SendGrid
from newsletter.storage.tables import batch, send
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows import asking
from newsletter.workflows.worker import Worker

READERS = 5


class Newsroom(Workspace):
    """A workspace with a clock of ours."""

    clock: Clock

    def now(self) -> datetime:
        return self.clock()


@pytest.fixture(params=["sqlite", "postgresql"])
def root(request: pytest.FixtureRequest, tmp_path: Path, ready_urls: MakeDatabase) -> Path:
    return populated(tmp_path / "w", request.param, ready_urls, batch=2, readers=READERS)


def through_sendgrid(root: Path, host: str, **options: object) -> None:
    path = root / "newsletter.toml"
    text = path.read_text("utf-8").replace('kind = "outbox"', 'kind = "sendgrid"')
    lines = [f'host = "{host}"', 'key = "SG.test"', "timeout = 1", "connections = 1", "batch = 5"]
    lines += [f"{name} = {json.dumps(value)}" for name, value in options.items()]
    path.write_text(with_settings(text, "[sendgrid]\n" + "\n".join(lines) + "\n"), "utf-8")


def in_doubt(workspace: Workspace) -> Send:
    """A send whose one request was taken, and whose answer nobody saw."""
    sent = freeze(workspace)
    delivery.run(workspace.delivery_setup, sent, lambda *_: None)
    with workspace.database.write() as connection:
        connection.execute(update(batch).where(batch.c.send_id == sent.id).values(state="unknown"))
    assert unknown(workspace, sent) == READERS
    return sent


def unknown(workspace: Workspace, sent: Send) -> int:
    with workspace.database.read() as connection:
        return ledger.account(connection, sent.id).unknown


@pytest.fixture
def told() -> list[str]:
    return []


def opened(root: Path, clock: Clock | None = None) -> Newsroom:
    with open_workspace(root, {}) as workspace:
        mine = Newsroom(workspace.root, workspace.settings)
    mine.clock = clock or Clock(workspace.now())
    return mine


@pytest.fixture
def newsroom(request: pytest.FixtureRequest, root: Path, tmp_path: Path) -> Iterator[Newsroom]:
    """A newsroom that sends through a stand-in with the plan of ``@pytest.mark.parametrize``."""
    with standin.running(tmp_path, shows=getattr(request, "param", {"activity": {}})) as server:
        through_sendgrid(root, server.host)
        workspace = opened(root)
        try:
            yield workspace
        finally:
            workspace.close()


def look(workspace: Newsroom, told: list[str], **later: float) -> None:
    workspace.clock.forward(**later)
    asking.ask_due(workspace, told.append)


BOTH = pytest.mark.parametrize("newsroom", [{"activity": {}}, {"logs": {}}], ids=["activity", "logs"], indirect=True)


@BOTH
def test_what_the_provider_has_is_submitted_after_five_minutes(newsroom: Newsroom, told: list[str]) -> None:
    sent = in_doubt(newsroom)
    look(newsroom, told)
    look(newsroom, told, minutes=4)
    assert unknown(newsroom, sent) == READERS
    look(newsroom, told, minutes=2)
    assert unknown(newsroom, sent) == 0
    assert told == ["SendGrid has what was in doubt: 5 unknown deliveries are submitted"]
    with newsroom.database.read() as connection:
        assert ledger.account(connection, sent.id).submitted == READERS
        assert ledger.in_doubt(connection, sent.id) == []


@pytest.mark.parametrize("newsroom", [{"activity": {"lag": 3600}}], indirect=True)
def test_what_it_has_not_is_asked_at_growing_intervals_and_proves_nothing(newsroom: Newsroom, told: list[str]) -> None:
    sent = in_doubt(newsroom)
    look(newsroom, told)
    start, times = newsroom.clock.now, []
    for minute in [*range(2, 70, 2), *range(75, 4 * 24 * 60, 15)]:
        newsroom.clock.now = start + timedelta(minutes=minute)
        look(newsroom, told)
        with newsroom.database.read() as connection:
            (one,) = ledger.in_doubt(connection, sent.id)
        if one.times > len(times):
            times.append(minute)
    assert times == pytest.approx([5, 15, 60, 6 * 60, 24 * 60, 48 * 60, 72 * 60], abs=15)
    assert times[:3] == pytest.approx([5, 15, 60], abs=2)
    assert (unknown(newsroom, sent), told) == (READERS, [])


@pytest.mark.parametrize(
    ("newsroom", "words"),
    [
        ({}, "shows nothing at /v3/messages (403: access forbidden)"),
        ({"activity": {"answer": "401"}}, "shows nothing at /v3/messages (401: as planned)"),
        ({"activity": {"answer": "404"}, "logs": {"answer": "403"}}, "shows nothing at /v3/messages (404: as planned)"),
    ],
    indirect=["newsroom"],
)
def test_a_key_that_may_not_is_told_once_and_rests_a_day(newsroom: Newsroom, told: list[str], words: str) -> None:
    sent = in_doubt(newsroom)
    look(newsroom, told)
    look(newsroom, told, minutes=6)
    assert len(told) == 1
    assert words in told[0]
    assert "5 unknown deliveries" in told[0]
    for _ in range(40):
        look(newsroom, told, hours=1)
    assert len(told) == 1
    with newsroom.database.read() as connection:
        (one,) = ledger.in_doubt(connection, sent.id)
        assert (one.times, one.asked) == (0, 0)
        assert ledger.cursor(connection, "asking sendgrid rests") > newsroom.now().timestamp() - 24 * 3600


ODD = ["500", "html", "huge", "deep", "odd", "drip", "429"]


@pytest.mark.parametrize("newsroom", [{"activity": {"answer": one}} for one in ODD], ids=ODD, indirect=True)
def test_answers_that_are_none_settle_nothing_and_raise_nothing(newsroom: Newsroom, told: list[str]) -> None:
    sent = in_doubt(newsroom)
    look(newsroom, told)
    look(newsroom, told, minutes=6)
    look(newsroom, told, minutes=2)
    assert (unknown(newsroom, sent), told) == (READERS, [])


@pytest.mark.parametrize("kind", ["activity", "logs"])
def test_a_search_that_does_not_know_its_filter_proves_nothing(root: Path, tmp_path: Path, kind: str) -> None:
    with standin.running(tmp_path, shows={kind: {"unfiltered": True}}) as server:
        through_sendgrid(root, server.host)
        workspace = opened(root)
        sent = in_doubt(workspace)
        with workspace.database.write() as connection:
            # As if this request had never come: what the provider has is another one.
            connection.execute(update(batch).where(batch.c.send_id == sent.id).values(request_id="0" * 32))
        told: list[str] = []
        look(workspace, told)
        look(workspace, told, minutes=6)
        assert unknown(workspace, sent) == READERS
        workspace.close()


def test_no_more_is_asked_in_a_minute_than_the_provider_answers(root: Path, tmp_path: Path) -> None:
    with standin.running(tmp_path, shows={"activity": {"a_minute": 6}}) as server:
        through_sendgrid(root, server.host)
        path = root / "newsletter.toml"
        path.write_text(path.read_text("utf-8").replace("batch = 5", "batch = 1"), "utf-8")
        workspace = opened(root)
        sent = in_doubt(workspace)
        told: list[str] = []
        look(workspace, told)
        look(workspace, told, minutes=6)
        before = unknown(workspace, sent)
        assert before == READERS - 2
        # Another worker in the same minute asks nothing.
        look(workspace, told)
        assert unknown(workspace, sent) == before
        look(workspace, told, minutes=1)
        # The stand-in counts by a clock of its own: the seventh search of its minute is a 429, which is no answer.
        assert (unknown(workspace, sent), told[2:]) == (before - 1, told[:1])
        workspace.close()


def test_what_became_another_attempt_or_was_settled_is_left_alone(newsroom: Newsroom) -> None:
    sent = in_doubt(newsroom)
    with newsroom.database.write() as connection:
        (one,) = ledger.in_doubt(connection, sent.id)
        first, *_ = ledger.doubtful_deliveries(connection, one.batch_id)
        assert ledger.resend_unknown(connection, sent.id) == READERS
        assert ledger.prove_request(connection, one) == 0
        assert ledger.prove_deliveries(connection, one.batch_id, [first[0]]) == 0
        assert ledger.account(connection, sent.id).queued == READERS


def test_a_worker_asks_by_itself(newsroom: Newsroom, told: list[str]) -> None:
    sent = in_doubt(newsroom)
    worker = Worker(newsroom, tell=told.append)
    worker.once()
    newsroom.clock.forward(minutes=6)
    worker.once()
    assert unknown(newsroom, sent) == 0
    assert "SendGrid has what was in doubt: 5 unknown deliveries are submitted" in told


def test_a_send_that_is_older_than_what_they_keep_is_not_asked_about(newsroom: Newsroom, told: list[str]) -> None:
    sent = in_doubt(newsroom)
    with newsroom.database.write() as connection:
        long_ago = int((newsroom.now() - timedelta(days=31)).timestamp())
        connection.execute(update(send).where(send.c.id == sent.id).values(created=long_ago))
    look(newsroom, told)
    look(newsroom, told, minutes=6)
    assert unknown(newsroom, sent) == READERS


def test_postmark_is_asked_about_each_letter_and_each_proves_itself_alone(tmp_path: Path) -> None:
    with postmark_standin.running(tmp_path) as server:
        options = PostmarkOptions(token=postmark_standin.TOKEN, host=server.host)
        shown = Postmark(options).sent_messages()
        carrier = Postmark(options).load(LETTER)
        carrier.begin([parcel(1), parcel(2)], "r1").finish()
        carrier.close()
        names = [(parcel(number).name, parcel(number).address) for number in (1, 2, 3)]
        found = shown.find(Question("r1", names, 0))
        assert (found.request, found.deliveries) == (False, {names[0][0], names[1][0]})
    with postmark_standin.running(tmp_path, unfiltered=True) as server:
        options = PostmarkOptions(token=postmark_standin.TOKEN, host=server.host)
        carrier = Postmark(options).load(LETTER)
        carrier.begin([parcel(1)], "r1").finish()
        carrier.close()
        assert Postmark(options).sent_messages().find(Question("r1", names[1:], 0)).deliveries == frozenset()
    with pytest.raises(SendError, match="cannot be reached"):
        shown.find(Question("r1", names, 0))
    with postmark_standin.running(tmp_path) as server, pytest.raises(NotShownError, match="401"):
        Postmark(PostmarkOptions(token="other", host=server.host)).sent_messages().find(Question("r1", names, 0))


def test_an_address_that_would_change_the_question_is_not_asked_about(tmp_path: Path) -> None:
    with standin.running(tmp_path, shows={"logs": {}}) as server:
        shown = SendGrid(changed(host=server.host)).sent_messages()
        assert not shown.find(Question("r1", [("ab12.1", 'a"b@example.net')], 0)).request


# ---- the command


def test_the_command_groups_tells_and_asks(newsroom: Newsroom, root: Path) -> None:
    assert "Nothing is unknown." in ok(here("-C", root, "sends", "unknown")).err
    sent = in_doubt(newsroom)
    shown = ok(here("-C", root, "sends", "unknown", "1"))
    for words in (
        f"Issue 1 (send {sent.public_id}): 5 unknown, in 1 request.",
        "5 letters through SendGrid, noticed",
        "no report came of any letter in it",
        "not asked yet; a worker does it, or now: --ask",
        "--resend-unknown   at most 5 readers get it twice",
        "--accept-unknown   at most 5 readers never get it",
    ):
        assert words in shown.err
    assert "@" not in shown.out + shown.err
    (one,) = json.loads(ok(here("-C", root, "sends", "unknown", "--addresses", "--json")).out)["sends"]
    assert (one["unknown"], one["most_doubled_by_resend"], one["most_lost_by_accept"]) == (5, 5, 5)
    (request,) = one["requests"]
    assert (request["provider"], request["one_request"], request["asked"]) == ("sendgrid", True, 0)
    assert all(person["address"].endswith("@example.net") for person in request["deliveries"])
    assert len(request["deliveries"]) == READERS
    assert "Asked about 5 letters: found; 5 submitted." in ok(here("-C", root, "sends", "unknown", "--ask")).err
    assert unknown(newsroom, sent) == 0


@pytest.mark.parametrize("newsroom", [{"activity": {"lag": 3600}}], indirect=True)
def test_the_command_says_what_absence_is_worth(newsroom: Newsroom, root: Path) -> None:
    sent = in_doubt(newsroom)
    shown = ok(here("-C", root, "sends", "unknown", "--ask")).err
    assert unknown(newsroom, sent) == READERS
    assert "Asked about 5 letters: not found." in shown
    assert "asked 1 time: not found after less than an hour, which says nothing yet" in shown
    with newsroom.database.write() as connection:
        (one,) = ledger.in_doubt(connection, sent.id)
        ledger.note_asked(connection, one, one.seen + 26 * 3600)
    assert "asked 2 times: not found after 26 hours\n" in ok(here("-C", root, "sends", "unknown")).err


@pytest.mark.parametrize("newsroom", [{}], indirect=True)
def test_the_command_says_why_nobody_can_be_asked(newsroom: Newsroom, root: Path) -> None:
    sent = in_doubt(newsroom)
    shown = ok(here("-C", root, "sends", "unknown", "--ask")).err
    assert "shows nothing at /v3/messages (403: access forbidden)" in shown
    assert unknown(newsroom, sent) == READERS
