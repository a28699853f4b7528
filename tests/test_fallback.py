"""Another provider goes on with what its first one stopped: only what is queued, once, and by whose word it says."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import smtp_standin
import standin
from command import here
from conftest import MakeDatabase
from newsroom import Clock
from settings_text import with_settings
from sqlalchemy import update
from test_asking import Newsroom, opened
from test_deliver import LETTER, make
from test_postgresql import ok, populated
from test_senders_smtp import configure
from test_worker import freeze

from newsletter import delivery, ledger
from newsletter.delivery.parcels import parcels_of
from newsletter.errors import SendError, SettingsError
from newsletter.ledger import Send
from newsletter.senders.smtp.sender import Smtp
from newsletter.storage.tables import batch
from newsletter.storage.tables import send as sends
from newsletter.wiring import open_workspace
from newsletter.workflows import fallback
from newsletter.workflows.worker import Worker

READERS = 12


def two_providers(root: Path, server: standin.StandIn, mail: smtp_standin.StandIn, *lines: str) -> None:
    """SendGrid first, SMTP as the way round it."""
    configure(root, mail, "connections = 1")
    path = root / "newsletter.toml"
    text = path.read_text("utf-8").replace(
        'kind = "smtp"', "\n".join(['kind = "sendgrid"', 'fallback = "smtp"', *lines])
    )
    options = f'host = "{server.host}"\nkey = "SG.test"\ntimeout = 1\nconnections = 1\nbatch = 3\n'
    path.write_text(with_settings(text, f"[sendgrid]\n{options}"), "utf-8")


@pytest.fixture(params=["sqlite", "postgresql"])
def root(request: pytest.FixtureRequest, tmp_path: Path, ready_urls: MakeDatabase) -> Path:
    return populated(tmp_path / "w", request.param, ready_urls, batch=2, readers=READERS)


class Ways:
    """A newsroom with two providers, of which both say what they took."""

    def __init__(self, root: Path, server: standin.StandIn, mail: smtp_standin.StandIn) -> None:
        self.root, self.server, self.mail = root, server, mail
        self.workspace: Newsroom = opened(root)

    def read(self) -> Send:
        with self.workspace.database.read() as connection:
            return ledger.sends(connection)[-1]

    def account(self) -> ledger.SendCounts:
        with self.workspace.database.read() as connection:
            return ledger.account(connection, self.read().id)

    def stopped_after(self, taken: int, *, doubtful: int = 0, reason: str = "the account is over its limit") -> Send:
        """A send of which the first provider took some requests of three, left some in doubt, and then stopped it."""
        sent = freeze(self.workspace)
        assert sent.sender.startswith("sendgrid ")
        setup = self.workspace.delivery_setup
        for number in range(taken + doubtful):
            with setup.database.write() as connection:
                one = ledger.claim(connection, sent.id, lease=30, sender="sendgrid")
                assert one is not None
            carrier = setup.sender.load(LETTER)
            with setup.database.read() as connection:
                parcels, _ = parcels_of(setup, sent, one, connection)
            request = carrier.begin(parcels, one.request_id)
            with setup.database.write() as connection:
                assert ledger.mark_submitting(connection, one, skipped={}, lease=30)
            answer = request.finish()
            carrier.close()
            if number < taken:
                with setup.database.write() as connection:
                    ledger.record(connection, one, answer.state, answer.apart)
            else:
                with setup.database.write() as connection:
                    # Nobody saw the answer, and its lease is over.
                    connection.execute(update(batch).where(batch.c.id == one.id).values(lease_until=1.0))
        with setup.database.write() as connection:
            assert ledger.brake(connection, sent.id, by="provider", reason=reason, probe_in=60)
        return self.read()

    def everybody_once(self, *, doubtful: int = 0) -> None:
        taken = Counter(one["address"].lower() for one in self.server.taken())
        taken.update(one["to"].lower() for one in self.mail.taken())
        assert taken == Counter(f"reader{number}@example.net" for number in range(READERS))
        assert (self.account().submitted, self.account().unknown) == (READERS - doubtful, doubtful)


@pytest.fixture
def ways(root: Path, tmp_path: Path) -> Iterator[Ways]:
    with standin.running(tmp_path) as server, smtp_standin.running(tmp_path / "w") as mail:
        two_providers(root, server, mail)
        made = Ways(root, server, mail)
        try:
            yield made
        finally:
            made.workspace.close()


def test_only_what_is_queued_goes_the_other_way(ways: Ways) -> None:
    send = ways.stopped_after(1, doubtful=1)
    assert fallback.possible(ways.workspace, send)
    through = fallback.take_over(ways.workspace, send)
    assert through is not None
    assert (through.state, through.paused_by, through.probe_at, through.probes) == ("running", "", None, 0)
    assert through.sender.startswith("smtp ")
    delivery.run(ways.workspace.setup_of(through), through, lambda *_: None)
    ways.everybody_once(doubtful=3)
    with ways.workspace.database.read() as connection:
        assert ledger.submitted_through(connection, send.id) == {"sendgrid": 3, "smtp": 6}
        (doubt,) = ledger.in_doubt(connection, send.id)
    assert (doubt.sender, doubt.count) == ("sendgrid", 3)
    assert ways.read().state == "finished"


def test_each_provider_has_a_send_once_until_an_editor_says_otherwise(ways: Ways) -> None:
    send = ways.stopped_after(1)
    assert fallback.take_over(ways.workspace, send) is not None
    assert fallback.take_over(ways.workspace, send) is None
    with ways.workspace.database.write() as connection:
        assert ledger.brake(connection, send.id, by="provider", reason="blocked", probe_in=60)
    assert not fallback.possible(ways.workspace, ways.read())
    assert "goes through the other one already" in here("-C", ways.root, "sends", "divert", "1", "--yes").err
    back = fallback.go_back(ways.workspace, ways.read())
    assert (back.state, back.sender) == ("running", ways.workspace.account)
    with pytest.raises(SendError, match="does not go through a fallback"):
        fallback.go_back(ways.workspace, back)
    delivery.run(ways.workspace.setup_of(back), back, lambda *_: None)
    ways.everybody_once()
    assert ways.mail.taken() == []


@pytest.mark.parametrize("state", ["running", "by an editor", "without an hour", "of the letter", "of another account"])
def test_it_takes_over_nothing_else(ways: Ways, state: str) -> None:
    send = ways.stopped_after(1)
    values = {
        "running": {"state": "running", "paused_by": ""},
        "by an editor": {"paused_by": "editor"},
        "without an hour": {"probe_at": None},
        "of the letter": {"reason": f"{ledger.OF_THE_LETTER}it is too large"},
        "of another account": {"sender": "sendgrid eu 00000000"},
    }[state]
    with ways.workspace.database.write() as connection:
        connection.execute(update(sends).where(sends.c.id == send.id).values(values))
    assert not fallback.possible(ways.workspace, ways.read())
    if state in {"running", "by an editor", "without an hour"}:
        assert fallback.take_over(ways.workspace, send) is None
    assert ways.read().sender == values.get("sender", ways.workspace.account)


def test_who_is_at_it_through_the_first_one_begins_nothing_more(ways: Ways) -> None:
    send = ways.stopped_after(0)
    before = ways.workspace.setup_of(send)
    assert fallback.take_over(ways.workspace, send) is not None
    # As if its threads were still there: a run of the first provider finds nothing for it, and ends.
    run = delivery.Run(before, replace(send, state="running"), lambda *_: None)
    ended = threading.Event()
    run.work(ended)
    assert ended.is_set()
    assert run.failure is None
    assert ways.server.taken() == []


# ---- by a rule


def test_a_worker_takes_over_when_it_has_stood_still_for_long_enough(root: Path, tmp_path: Path) -> None:
    with standin.running(tmp_path) as server, smtp_standin.running(tmp_path / "w") as mail:
        two_providers(root, server, mail, 'fallback_after = "30m"')
        ways = Ways(root, server, mail)
        ways.stopped_after(1)
        told: list[str] = []
        clock: Clock = ways.workspace.clock
        fallback.take_over_due(ways.workspace, told.append)
        clock.forward(minutes=29)
        fallback.take_over_due(ways.workspace, told.append)
        assert told == []
        # It went on meanwhile, and was stopped again: that counts from now.
        with ways.workspace.database.write() as connection:
            connection.execute(update(sends).values(state="running"))
        fallback.take_over_due(ways.workspace, told.append)
        with ways.workspace.database.write() as connection:
            connection.execute(update(sends).values(state="paused"))
        fallback.take_over_due(ways.workspace, told.append)
        clock.forward(minutes=29)
        fallback.take_over_due(ways.workspace, told.append)
        assert told == []
        clock.forward(minutes=2)
        Worker(ways.workspace, tell=told.append).once()
        assert told[0] == "issue 1 goes on through an SMTP server, since the account is over its limit"
        ways.everybody_once()
        ways.workspace.close()


def test_by_default_no_worker_takes_over(ways: Ways) -> None:
    ways.stopped_after(1)
    told: list[str] = []
    for _ in range(3):
        fallback.take_over_due(ways.workspace, told.append)
        ways.workspace.clock.forward(days=1)
    assert (told, ways.read().state) == ([], "paused")


# ---- by an editor


def test_the_command_tells_asks_and_does_it(ways: Ways) -> None:
    send = ways.stopped_after(1, doubtful=1)
    refused = here("-C", ways.root, "sends", "divert", "1")
    assert refused.code == 2
    assert "Issue 1 was stopped: the account is over its limit" in refused.err
    assert "6 letters can go through" in refused.err
    assert "3 letters in doubt will not: the first provider may have them." in refused.err
    assert ways.read().state == "paused"
    ok(here("-C", ways.root, "sends", "divert", send.public_id, "--yes"))
    assert (ways.read().state, ways.read().sender) == ("running", ways.workspace.fallback_account)
    done = here("-C", ways.root, "sends", "show", "1", "--json")
    assert json.loads(done.out)["submitted_through"] == {"sendgrid": 3}
    # It has gone through one provider alone so far.
    assert json.loads(done.out)["by_provider"] == {}
    assert "more than one provider" not in here("-C", ways.root, "sends", "list").err


def test_list_and_show_tell_what_each_provider_had(ways: Ways) -> None:
    send = ways.stopped_after(1, doubtful=1)
    ok(here("-C", ways.root, "sends", "divert", "1", "--yes"))
    through = ways.read()
    delivery.run(ways.workspace.setup_of(through), through, lambda *_: None)
    counts = {"sendgrid": {"submitted": 3, "unknown": 3}, "smtp": {"submitted": 6}}
    shown = here("-C", ways.root, "sends", "show", "1")
    assert "through SendGrid\t3 submitted, 3 unknown\n" in shown.out
    assert "through an SMTP server\t6 submitted\n" in shown.out
    assert json.loads(here("-C", ways.root, "sends", "show", "1", "--json").out)["by_provider"] == counts
    listed = here("-C", ways.root, "sends", "list")
    words = "went by more than one provider: SendGrid: 3 submitted, 3 unknown; an SMTP server: 6 submitted"
    assert f"{send.public_id} {words}" in listed.err
    (told,) = json.loads(here("-C", ways.root, "sends", "list", "--json").out)["sends"]
    assert told["by_provider"] == counts


def test_a_batch_that_smtp_began_letter_by_letter_is_counted_for_both(ways: Ways) -> None:
    """Its first letters stay the first provider's, whatever takes the rest."""
    sent = freeze(ways.workspace)
    with ways.workspace.database.write() as connection:
        one = ledger.claim(connection, sent.id, lease=30, sender="smtp")
        assert one is not None
        members = [each.id for each in ledger.deliveries(connection, one.id)]
        assert len(members) > 1
        assert ledger.advance(connection, one, answers={}, going=members[:1], marked=(), lease=30)
        taken = {members[0]: ("submitted", "")}
        ledger.advance(connection, one, answers=taken, going=(), marked=members[:1], lease=30)
        ledger.close(connection, one)
        assert ledger.brake(connection, sent.id, by="provider", reason="blocked", probe_in=60)
        assert ledger.take_over(connection, ledger.named(connection, "1"), "sendgrid x")
        while (rest := ledger.claim(connection, sent.id, lease=30, sender="sendgrid")) is not None:
            assert members[0] not in {each.id for each in ledger.deliveries(connection, rest.id)}
            assert ledger.mark_submitting(connection, rest, skipped={}, lease=30)
            assert ledger.record(connection, rest, "submitted", {})
        counts = ledger.by_provider(connection, sent.id)[sent.id]
        assert ledger.account(connection, sent.id).submitted == READERS
    assert counts == {"smtp": {"submitted": 1}, "sendgrid": {"submitted": READERS - 1}}


def test_letters_under_way_of_a_provider_that_died_stay_its_doubt(ways: Ways) -> None:
    sent = freeze(ways.workspace)
    with ways.workspace.database.write() as connection:
        one = ledger.claim(connection, sent.id, lease=30, sender="smtp")
        assert one is not None
        members = [each.id for each in ledger.deliveries(connection, one.id)]
        assert ledger.advance(connection, one, answers={}, going=members[:1], marked=(), lease=30)
        connection.execute(update(batch).where(batch.c.id == one.id).values(lease_until=1.0))
        assert ledger.brake(connection, sent.id, by="provider", reason="blocked", probe_in=60)
        assert ledger.take_over(connection, ledger.named(connection, "1"), "sendgrid x")
        (doubt,) = ledger.in_doubt(connection, sent.id)
        assert (doubt.sender, doubt.count) == ("smtp", 1)
        account = ledger.account(connection, sent.id)
    assert (account.unknown, account.queued) == (1, READERS - 1)


def test_settings_that_lead_nowhere_are_told_when_they_are_read(tmp_path: Path) -> None:
    make(tmp_path / "w", 0, batch=2)
    path = tmp_path / "w" / "newsletter.toml"
    text = path.read_text("utf-8")
    for lines, words in (
        ('kind = "smtp"\nfallback = "smtp"', "another provider than kind"),
        ('kind = "smtp"\nfallback = "outbox"', "fallback"),
        ('kind = "outbox"\nfallback = "smtp"', "it has no host"),
        ('kind = "outbox"\nfallback = "sendgrid"', "it has no key"),
        ('kind = "outbox"\nfallback = "postmark"', "it has no token"),
        ('kind = "outbox"\nfallback_after = "30"', '"30m"'),
        ('kind = "outbox"\nfallback_after = "0m"', '"30m"'),
    ):
        path.write_text(text.replace('kind = "outbox"', lines, 1), "utf-8")
        with pytest.raises(SettingsError) as told, open_workspace(tmp_path / "w", {}):
            pass
        assert words in str(told.value), told.value


def test_opening_the_other_one_is_tried_before_anything_changes(ways: Ways, monkeypatch: pytest.MonkeyPatch) -> None:
    send = ways.stopped_after(1)

    def broken(*_: object) -> None:
        raise SendError("no such file", where="[smtp] ca")

    monkeypatch.setattr(Smtp, "__init__", broken)
    with pytest.raises(SendError, match="no such file"):
        fallback.take_over(ways.workspace, send)
    assert ways.read() == send
