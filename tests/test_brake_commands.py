"""Held bounces from a provider's report to an editor's decision: webhook, lists of the provider, commands."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from command import Done, here
from test_deliver import make
from test_events import KEYS, LINKS, NOW, PUBLIC, reports, signed
from test_ledger import claim, freeze
from test_synchronise import account, environment
from who_may import eligible

from newsletter import ledger
from newsletter.events import apply
from newsletter.events.apply import ReportOutcome
from newsletter.events.hook import report_hook
from newsletter.senders.sendgrid.events import SignedReports
from newsletter.storage.database import Database
from newsletter.wiring import open_workspace
from newsletter.workflows import suppressions
from newsletter.workflows.suppressions import SuppressionsOutcome
from subscribers import actions, store

READERS = 30
WAITING = "bounces of example.net came too many at once to be believed and wait for you"


@pytest.fixture
def sent(database: Database) -> str:
    """The public id of a send that went to thirty readers of a domain."""
    with database.write() as connection:
        store.add_list(connection, "readers", "الموجة", now=NOW)
        for number in range(1, READERS + 1):
            actions.add_subscriber(connection, f"reader{number}@example.net", "readers", now=NOW)
        send = freeze(connection, audience=range(1, READERS + 1), size=READERS)
        batch = claim(connection, send)
        assert ledger.mark_submitting(connection, batch, skipped={}, lease=30)
        ledger.record(connection, batch, "submitted", {})
    return send.public_id


def about(public_id: str, number: int, event: str, *, minute: int = 0, **fields: Any) -> dict[str, Any]:
    return {
        "email": f"reader{number}@example.net",
        "timestamp": int((NOW + timedelta(minutes=minute)).timestamp()),
        "event": event,
        "sg_event_id": random.randbytes(8).hex(),
        "nashra_delivery": f"{public_id}.{number}",
        **({"type": "bounce", "reason": "550 5.1.1 user unknown"} if event == "bounce" else {}),
        **fields,
    }


def receive(database: Database, *items: dict[str, Any], now: datetime = NOW) -> ReportOutcome:
    return apply.receive(database, reports(json.dumps(items).encode()), now=now, link_keys=LINKS, suppression_keys=KEYS)


def mailed(database: Database) -> int:
    with database.read() as connection:
        return len(eligible(connection, 1, range(1, READERS + 1), NOW))


def held(database: Database) -> int:
    with database.read() as connection:
        return sum(one.number for one in actions.held(connection))


@pytest.mark.parametrize("size", [1, 7, READERS])
def test_a_domain_that_bounces_is_held_in_reports_of_any_size(database: Database, sent: str, size: int) -> None:
    items = [about(sent, number, "bounce") for number in range(1, 26)]
    outcomes = [receive(database, *items[start : start + size]) for start in range(0, 25, size)]
    assert sum(one.new for one in outcomes) == 25
    assert outcomes[-1].held == (f"25 {WAITING}, 83% of its readers",)
    assert (mailed(database), held(database)) == (READERS, 25)
    # Told again, nothing changes.
    again = receive(database, *items)
    assert (again.known, again.new, again.held) == (25, 0, ())
    assert (mailed(database), held(database)) == (READERS, 25)


def test_told_again_what_an_editor_decided_stays(database: Database, sent: str) -> None:
    items = [about(sent, number, "bounce") for number in range(1, 26)]
    receive(database, *items)
    with database.write() as connection:
        actions.dismiss_held(connection)
    assert receive(database, *items).known == 25
    assert (mailed(database), held(database)) == (READERS, 0)


def test_a_later_letter_that_arrives_releases_and_an_earlier_does_not(database: Database, sent: str) -> None:
    receive(database, *(about(sent, number, "bounce") for number in range(1, 26)))
    receive(database, about(sent, 1, "delivered", minute=-5), about(sent, 2, "opened", minute=60))
    assert held(database) == 25
    later = about(sent, 3, "delivered", minute=60)
    receive(database, later, about(sent, 4, "delivered", minute=-1), about(sent, 30, "delivered", minute=60))
    assert (held(database), mailed(database)) == (24, READERS)
    receive(database, later)
    assert held(database) == 24


def test_the_server_says_what_is_held(database: Database, sent: str, caplog: pytest.LogCaptureFixture) -> None:
    hook = report_hook(SignedReports(PUBLIC), database, link_keys=LINKS, suppression_keys=KEYS, now=lambda: NOW)
    body = json.dumps([about(sent, number, "bounce") for number in range(1, 26)]).encode()
    with caplog.at_level(logging.WARNING, "nashra"):
        assert hook(signed(body), body) == 200
        assert hook(signed(body), body) == 200
    [line] = [record.getMessage() for record in caplog.records]
    assert line == f"25 {WAITING}, 83% of its readers; see: newsletter subscribers bounces"
    assert "reader1@" not in caplog.text


# ---- a provider's own list


@pytest.fixture
def root(tmp_path: Path) -> Path:
    make(tmp_path / "w", READERS, batch=10)
    return tmp_path / "w"


def entry(number: int, at: int) -> dict[str, Any]:
    return {"email": f"reader{number}@example.net", "created": at, "reason": "550 5.1.1", "status": "5.1.1"}


def still(root: Path) -> int:
    with open_workspace(root, {}) as workspace, workspace.database.read() as connection:
        return len(eligible(connection, 1, range(1, READERS + 1), workspace.now()))


def test_a_list_that_tells_of_one_bad_hour_is_held_and_of_many_days_believed(root: Path) -> None:
    together = [entry(number, 1795000000 + number) for number in reversed(range(22))]
    apart = [entry(number, 1790000000 + number * 86_400) for number in range(22, 28)]
    with account({"bounces": [*together, *apart]}, []) as host, open_workspace(root, environment(host)) as workspace:
        assert suppressions.run(workspace) == SuppressionsOutcome(read=28, suppressed=6, held=22)
        assert still(root) == READERS - 6
        # The last hour is read again each time; what an editor decided meanwhile stays.
        with workspace.database.write() as connection:
            assert actions.dismiss_held(connection) == 22
        assert suppressions.run(workspace) == SuppressionsOutcome(read=22, known=22)
    assert still(root) == READERS - 6


def test_who_was_taken_back_is_not_suppressed_by_the_same_entry(root: Path) -> None:
    with account({"bounces": [entry(1, 1795000000)]}, []) as host, open_workspace(root, environment(host)) as workspace:
        assert suppressions.run(workspace) == SuppressionsOutcome(read=1, suppressed=1)
        with workspace.database.write() as connection:
            actions.unsuppress(connection, "reader1@example.net", keys=workspace.keys.suppression)
        assert suppressions.run(workspace) == SuppressionsOutcome(read=1, known=1)
    assert still(root) == READERS


def test_sync_says_what_waits(root: Path) -> None:
    found = [entry(number, 1795000000 + number) for number in range(22)]
    with account({"bounces": found}, []) as host:
        done = here("-C", root, "subscribers", "sync", more=environment(host))
        assert done.code == 0
        assert f"held: 22 {WAITING}, 73% of its readers." in done.err
        assert "newsletter subscribers bounces" in done.err
        again = json.loads(here("-C", root, "subscribers", "sync", "--json", more=environment(host)).out)
    assert again["waiting"] == [f"22 {WAITING}, 73% of its readers"]


# ---- commands


@pytest.fixture
def waiting(root: Path) -> Iterator[Path]:
    """A workspace in which 22 bounces of a domain and 20 of another are held."""
    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        for number in range(20):
            actions.add_subscriber(connection, f"other{number}@other.example.org", "readers", now=workspace.now())
        for number in (*range(1, 23), *range(READERS + 1, READERS + 21)):
            event = apply.Event("bounced", workspace.now(), f"x{number}", bounce="hard")
            keys = workspace.keys.suppression
            actions.receive(connection, event, subscriber_id=number, list_id=1, now=workspace.now(), keys=keys)
    return root


def bounces(root: Path, *words: str) -> Done:
    return here("-C", root, "subscribers", "bounces", *words)


def told(root: Path) -> dict[str, int]:
    return {one["domain"]: one["number"] for one in json.loads(bounces(root, "--json").out)["domains"]}


BOTH = {"example.net": 22, "other.example.org": 20}


def test_what_is_held_is_listed(waiting: Path) -> None:
    done = bounces(waiting)
    assert done.code == 0
    lines = [line.split("\t")[:4] for line in done.out.splitlines()]
    assert lines == [["example.net", "22", "73%", "22 hard"], ["other.example.org", "20", "100%", "20 hard"]]
    assert "bounces accept --domain" in done.err
    assert "bounces dismiss --domain" in done.err
    [first, _] = json.loads(bounces(waiting, "--json").out)["domains"]
    assert (first["readers"], first["reasons"]) == (30, {"hard": 22})
    assert first["share"] == pytest.approx(22 / 30)
    for words in (("subscribers", "stats"),):
        assert f"held: 22 {WAITING}" in here("-C", waiting, *words).err


def test_nothing_is_held(root: Path) -> None:
    assert bounces(root).err == "No bounces are held.\n"
    assert json.loads(bounces(root, "--json").out) == {"domains": []}
    done = bounces(root, "accept", "--all", "--yes")
    assert (done.code, done.err) == (0, "0 addresses would be suppressed.\n")
    done = bounces(root, "dismiss", "--domain", "example.net")
    assert done.code == 1
    assert "no bounce of example.net is held" in done.err
    assert "held:" not in here("-C", root, "subscribers", "stats").err


@pytest.mark.parametrize("verb", ["accept", "dismiss"])
def test_a_decision_is_for_a_domain_or_for_all_and_is_asked(waiting: Path, verb: str) -> None:
    for words in ((), ("--all", "--domain", "example.net")):
        done = bounces(waiting, verb, *words, "--yes")
        assert (done.code, "--domain" in done.err) == (2, True)
    assert bounces(waiting, verb, "--all").code == 2  # nobody is here to ask
    assert bounces(waiting, verb, "--all", "--dry-run").code == 0
    assert json.loads(bounces(waiting, verb, "--all", "--dry-run", "--json").out)["held"] == 42
    assert told(waiting) == BOTH
    done = bounces(waiting, verb, "--domain", "Example.NET", "--yes")
    assert done.code == 0
    assert "22 " in done.err
    assert told(waiting) == {"other.example.org": 20}
    assert still(waiting) == (READERS - 22 if verb == "accept" else READERS)
    assert json.loads(bounces(waiting, verb, "--all", "--yes", "--json").out)["held"] == 20
    assert told(waiting) == {}


def unsuppress(root: Path, *words: str) -> Done:
    return here("-C", root, "subscribers", "unsuppress", *words)


def test_many_are_taken_back_at_once(waiting: Path) -> None:
    bounces(waiting, "accept", "--all", "--yes")
    here("-C", waiting, "subscribers", "suppress", "nobody@example.net")
    here("-C", waiting, "subscribers", "suppress", "reader29@example.net")
    assert still(waiting) == READERS - 23

    done = unsuppress(waiting, "--domain", "example.net", "--reason", "hard", "--dry-run")
    assert (done.code, "22 addresses may be mailed again (22 hard)" in done.err) == (0, True)
    assert unsuppress(waiting, "--domain", "example.net").code == 2  # nobody is here to ask
    assert still(waiting) == READERS - 23
    done = unsuppress(waiting, "--domain", "example.net", "--yes")
    assert done.code == 0
    assert "1 editor, 22 hard" in done.err
    assert "1 suppressed addresses belong to no subscriber" in done.err
    assert still(waiting) == READERS
    found = json.loads(unsuppress(waiting, "--since", "2020-01-01", "--yes", "--json").out)
    assert (found["lifted"], found["reasons"], found["dry_run"]) == (21, {"editor": 1, "hard": 20}, False)
    assert json.loads(unsuppress(waiting, "--since", "2999-01-01", "--yes", "--json").out)["lifted"] == 0


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("a@example.org", "--domain", "example.org"),
        ("a@example.org", "--dry-run"),
        ("a@example.org", "--json"),
        ("--asked", "--domain", "example.org"),
        ("--since", "yesterday"),
        ("--reason", "complained"),
        ("--reason", "erased"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(root: Path, words: tuple[str, ...]) -> None:
    done = unsuppress(root, *words)
    assert done.code == 2
    assert done.err.strip()


def test_a_domain_that_is_none_is_told(root: Path) -> None:
    done = unsuppress(root, "--domain", "no domain", "--yes")
    assert done.code == 1
    assert "Traceback" not in done.err
