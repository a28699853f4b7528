"""Nobody can be bombed through the form: the counters hold, at any speed and from any number of processes."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa
from reader_pages import ADDRESS, ADDRESS_KEYS, BASE, START, Workspace, stamp_of
from sqlalchemy import Connection
from starlette.testclient import TestClient

from newsletter.storage.database import Database
from subscribers.errors import SecretError
from subscribers.store import limits
from subscribers.store.limits import Caps
from subscribers.store.tables import letter_count
from subscribers.web import create_app

POSTS = int(os.environ.get("WEB_POSTS", "400"))
"""Posts for one victim below; ``WEB_POSTS=10000`` for a long run."""
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def asks(
    connection: Connection,
    caps: Caps,
    *,
    who: str = ADDRESS,
    network: str = "192.0.2.0/24",
    road: limits.Road = "form",
    after: timedelta,
) -> bool:
    """Ask for a letter; whether it may go. If it may, it is counted."""
    now = START + after
    marks = limits.counter_keys(who, ADDRESS_KEYS, road=road, network=network)
    limits.lock(connection)
    free = not limits.exceeded(connection, marks, caps, now=now)
    limits.add(connection, marks, int(free), now=now)
    return free


def test_whoever_asks_of_no_counter_is_beyond_none_and_reads_none(connection: Connection) -> None:
    while asks(connection, Caps(), after=timedelta()):
        pass
    assert limits.exceeded(connection, {}, Caps(), now=START) == frozenset()
    limits.add(connection, {}, 1, now=START)


def test_one_letter_a_day_and_three_in_thirty_days(connection: Connection) -> None:
    caps = Caps()
    went = [minute for minute in range(0, 31 * 24 * 60, 150) if asks(connection, caps, after=minute * MINUTE)]
    assert len(went) == 4
    assert all(later - earlier >= 24 * 60 for earlier, later in pairwise(went))
    assert went[3] - went[0] >= 30 * 24 * 60
    # No cap costs more than the width of a bucket, here beside that of a step.
    assert went[1] - went[0] <= 24 * 60 + 10 + 150
    assert went[3] - went[0] <= 30 * 24 * 60 + 10 + 150


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("salma@example.net", "salma+news@example.net", True),
        ("s.al.ma@gmail.com", "salma+1@googlemail.com", True),
        ("s.alma@example.net", "salma@example.net", False),
        ("+a@example.net", "+b@example.net", False),
        ("salma@example.net", "salma@example.com", False),
    ],
)
def test_spellings_of_one_mailbox(one: str, other: str, same: bool) -> None:
    marks = [limits.counter_keys(key, ADDRESS_KEYS)["mailbox"] for key in (one, other)]
    assert (marks[0] == marks[1]) == same


def test_marks_give_nobody_away(connection: Connection) -> None:
    assert asks(connection, Caps(), after=MINUTE)
    rows = connection.execute(sa.select(letter_count)).all()
    assert {row.scope for row in rows} == {"hold", "mailbox", "network", "block", "domain", "total"}
    assert all(part not in repr(rows) for part in ("salma", "example", "192.0.2"))
    other = limits.counter_keys(ADDRESS, {1: bytes(32)}, network="192.0.2.0/24")
    assert set(other.values()) & set(limits.counter_keys(ADDRESS, ADDRESS_KEYS, network="192.0.2.0/24").values()) == {
        b""
    }
    with pytest.raises(SecretError):
        limits.counter_keys(ADDRESS, {})


@pytest.mark.parametrize(
    ("caps", "who", "network"),
    [
        (Caps(network_an_hour=5), "r{n}@d{n}.example", "192.0.2.0/24"),
        (Caps(total_an_hour=10), "r{n}@example.net", "2001:db8:0:{n}::/64"),
        (Caps(total_an_hour=5), "r{n}@d{n}.example", "2001:db8:0:{n}::/64"),
    ],
    ids=["network", "domain", "total"],
)
def test_caps_of_an_hour(connection: Connection, caps: Caps, who: str, network: str) -> None:
    went = []
    for n in range(60):
        free = asks(connection, caps, who=who.format(n=n), network=network.format(n=n), after=n * 2 * MINUTE)
        went += [n * 2] * free
    for start in range(0, 120, 2):
        assert sum(start <= minute < start + 60 for minute in went) <= 5
    assert len(went) >= 8  # within two hours


def test_a_flood_by_mail_leaves_the_form_open(connection: Connection) -> None:
    caps = Caps(total_an_hour=50)
    went = [asks(connection, caps, who=f"r{n}@d{n}.example", road="mail", after=MINUTE) for n in range(60)]
    assert went == [True] * 10 + [False] * 50
    went = [asks(connection, caps, who=f"f{n}@d{n}.example", network=f"n{n}", after=2 * MINUTE) for n in range(60)]
    # Those of the messages count among all, which so are no more than they may be.
    assert went == [True] * 40 + [False] * 20
    assert asks(connection, caps, who="later@d.example", road="mail", after=72 * MINUTE)


def test_what_an_editor_asks_takes_nothing_from_the_form(connection: Connection) -> None:
    caps = Caps(total_an_hour=5)
    assert all(asks(connection, caps, who=f"r{n}@example.net", road="editor", after=MINUTE) for n in range(30))
    assert not asks(connection, caps, who="r1@example.net", road="editor", after=MINUTE)
    assert not asks(connection, caps, who="r1@example.net", after=MINUTE)
    assert asks(connection, caps, who="f@example.net", after=MINUTE)


def test_old_counts_are_forgotten(connection: Connection) -> None:
    asks(connection, Caps(), after=MINUTE)
    assert limits.forget(connection, now=START + 30 * DAY) == 0
    assert limits.forget(connection, now=START + 31 * DAY) == 5
    assert [row.scope for row in connection.execute(sa.select(letter_count))] == ["hold"]
    limits.lock(connection)


@pytest.mark.slow
def test_posts_for_one_victim_from_hundreds_of_networks(tmp_path: Path) -> None:
    """For ten weeks, day and night; at most one letter a day and three in 30 days."""
    from newsletter.storage.database import open_database
    from subscribers.store.tables import metadata

    database = open_database(f"sqlite:///{tmp_path / 'w.db'}")
    with database.write() as connection:
        metadata.create_all(connection)
    workspace = Workspace(database)
    app = create_app(workspace.site)
    clients = [TestClient(app, base_url=BASE, client=(f"10.{n // 256}.{n % 256}.9", 5000)) for n in range(400)]
    spellings = (ADDRESS, "SALMA@example.net", "salma@EXAMPLE.net", "salma+a@example.net", " salma@example.net ")
    stamp = ""
    pause = 100_000 / POSTS
    for n in range(POSTS):
        if n % (POSTS // 100) == 0:
            stamp = stamp_of(clients[0].get("/").text)
        workspace.clock.later(minutes=pause)
        fields = {"email": spellings[n % len(spellings)], "at": stamp}
        assert clients[n % 400].post("/subscribe", data=fields).status_code == 200
    sent = sorted(row.created for row in workspace.rows()["small_letter"])
    database.close()
    assert 6 <= len(sent) <= 9
    for at in sent:
        assert sum(at <= other < at + 86_400 for other in sent) == 1
        assert sum(at <= other < at + 30 * 86_400 for other in sent) <= 3


_FLOOD = """
import sys
from reader_pages import BASE, Workspace, stamp_of
from starlette.testclient import TestClient
from newsletter.storage.database import open_database
from subscribers.store.limits import Caps
from subscribers.web import create_app
url, name = sys.argv[1:]
workspace = Workspace(open_database(url), changes={"caps": Caps(total_an_hour=20, network_an_hour=1000)})
client = workspace.client()
stamp = stamp_of(client.get("/").text)
workspace.clock.later(seconds=5)
for n in range(60):
    fields = {"email": f"{name}{n}@d{name}{n}.example.net", "at": stamp}
    assert client.post("/subscribe", data=fields).status_code == 200
workspace.database.close()
"""


@pytest.mark.slow
def test_the_cap_in_total_holds_with_four_processes(database: Database, tmp_path: Path) -> None:
    workspace = Workspace(database)
    url = database.engine.url.render_as_string(hide_password=False)
    tests = Path(__file__).parent
    command = [sys.executable, "-c", _FLOOD, url]
    environment = {"PYTHONPATH": f"{tests}:{tests.parent}", "PATH": "/usr/bin"}
    four = [subprocess.Popen([*command, name], env=environment, stderr=subprocess.PIPE) for name in "abcd"]
    for process in four:
        _, words = process.communicate(timeout=120)
        assert process.returncode == 0, words.decode()
    assert workspace.letters() == ["confirmation"] * 20
    assert len(workspace.rows()["subscriber"]) == 20
