"""A clock that was set back: nothing waits for where it was, on both databases, and worker and status tell of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command import here, make_workspace
from conftest import MakeDatabase
from sqlalchemy import Connection, update
from test_ledger import freeze
from test_postgresql import on

from newsletter import ledger
from newsletter.ledger import (
    brakes,
    clock_steps,
    connections,
    domain_rate,
    rate_limit,
    take_domains,
    take_minute,
    take_rate,
    warm_up,
)
from newsletter.ledger.cursors import ALIVE, NEXT_SIGN, set_cursor
from newsletter.storage import clock as storage_clock
from newsletter.storage import tables
from newsletter.storage.database import upgrade
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows import status
from newsletter.workflows.alerts import memory
from newsletter.workflows.status import Finding
from newsletter.workflows.worker import Worker
from subscribers import store

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
DAY = 86_400.0


class Clock:
    """The clock of the database, set by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = NOW.timestamp()
        for module in (rate_limit, domain_rate, connections, brakes, clock_steps, storage_clock):
            monkeypatch.setattr(module, "clock", lambda _: self.now)


@pytest.fixture
def time_(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


# ---- nothing waits for where the clock was


def test_a_rate_limit_goes_on_at_once(connection: Connection, time_: Clock) -> None:
    limits = ledger.RateLimit(per_second=10)
    while not take_rate(connection, limits, 5):
        pass
    time_.now -= DAY
    went = 0
    for _ in range(100):
        wait = take_rate(connection, limits, 5)
        went += 0 if wait else 5
        time_.now += min(wait, 0.5)
    assert 40 * 10 * 0.5 <= went <= 100 * 10 * 0.5


def test_no_token_comes_twice_by_a_clock_that_was_set_back(connection: Connection, time_: Clock) -> None:
    limits = ledger.RateLimit(per_second=10)
    while not take_rate(connection, limits, 5):
        pass
    for _ in range(20):
        time_.now -= DAY
        assert take_rate(connection, limits, 5) > 0.4


def test_a_domain_with_a_pace_goes_on_at_once(connection: Connection, time_: Clock) -> None:
    pace = {"gmail.com": 60.0}
    (first,) = take_domains(connection, 1, {"gmail.com": 5000}, pace).values()
    assert first.later[0][1] < 60
    time_.now -= DAY
    (share,) = take_domains(connection, 1, {"gmail.com": 100}, pace).values()
    assert share.later[0][1] < 60, "it stands behind hours that are a day away"
    time_.now += 31
    (share,) = take_domains(connection, 1, {"gmail.com": 100}, pace).values()
    assert share.now >= 25, "no token came back"


def test_connections_of_the_dead_are_free(connection: Connection, time_: Clock) -> None:
    def hold(token: str) -> int:
        return ledger.hold(connection, "smtp", connections=2, want=2, token=token, lease=300)

    assert hold("one") == 2
    time_.now -= DAY
    assert hold("two") == 2
    assert hold("three") == 0  # these are held now


def test_a_minute_is_taken_again(connection: Connection) -> None:
    now = int(NOW.timestamp())
    assert take_minute(connection, "x", now)
    assert not take_minute(connection, "x", now)
    assert not take_minute(connection, "x", now - 60)  # the clock of another machine
    assert take_minute(connection, "x", now - 3600)
    assert not take_minute(connection, "x", now - 3600)
    assert take_minute(connection, "x", now - 3540)


def test_a_warm_up_goes_on(connection: Connection, time_: Clock) -> None:
    def take(day: int) -> int:
        return ledger.take_warm_up(connection, "smtp a", day=day, first=10, wanted=100)

    assert [take(100), take(101), take(100)] == [10, 20, 0]  # a day back is no new day
    # A month back: that day is one like any other, no step, and counted.
    assert [take(70), take(70), take(71)] == [20, 0, 40]
    store.add_list(connection, "readers", "الموجة", now=NOW)
    send = freeze(connection, audience=range(1, 4), size=1)
    connection.execute(
        update(tables.send)
        .where(tables.send.c.id == send.id)
        .values(state="paused", paused_by=warm_up.WARM_UP, probe_at=time_.now + DAY)
    )
    assert ledger.end_warm_up_pause(connection) == []
    time_.now -= 30 * DAY
    assert ledger.end_warm_up_pause(connection) == [send.id]


def test_small_letters_go_whose_lease_lies_in_the_future(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        assert store.queue_letter(connection, "welcome", 1, 1, now=NOW)
        lease = timedelta(minutes=5)
        later = NOW + timedelta(days=1)
        assert store.claim_letters(connection, token="a", now=later, lease=lease)
        assert not store.letters_waiting(connection, now=later)
        assert store.letters_waiting(connection, now=NOW)
        assert store.claim_letters(connection, token="b", now=NOW, lease=lease)
        assert not store.claim_letters(connection, token="c", now=NOW, lease=lease)


def test_an_alert_is_told_that_a_clock_kept_back(connection: Connection) -> None:
    now = int(NOW.timestamp())
    finding = Finding("late", "late 1", "x", lasting=60.0)
    assert memory.due(connection, [finding], now + 86_400, ended=False) == []
    assert memory.due(connection, [finding], now, ended=False) == []  # it lasts from now on
    assert memory.due(connection, [finding], now + 61, ended=False) == [finding]
    # Whoever was at it vanished, and the clock was set back.
    set_cursor(connection, memory.TOLD + finding.key, -(now + 86_400))
    assert memory.due(connection, [finding], now + 61, ended=False) == [finding]
    memory.told(connection, [finding], now + 61)
    assert memory.over(connection, [], now + 86_400) == []
    assert memory.over(connection, [], now) == []
    assert memory.over(connection, [], now + 60) == [finding.key]


# ---- and it is told


@pytest.fixture(params=["sqlite", "postgresql"])
def workspace(request: pytest.FixtureRequest, tmp_path: Path, ready_urls: MakeDatabase) -> Iterator[Workspace]:
    root = make_workspace(tmp_path / "w")
    if request.param == "postgresql":
        on(root, ready_urls("postgresql"))
    with open_workspace(root, {}) as workspace:
        upgrade(workspace.any_database)
        yield workspace


def clock_findings(workspace: Workspace) -> list[Finding]:
    return [one for one in status.findings(workspace) if one.kind == "clock"]


def test_the_worker_and_status_tell_of_it(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = {"now": NOW}
    monkeypatch.setattr(type(workspace), "now", lambda _: clock["now"])
    said: list[str] = []
    Worker(workspace, tell=said.append).once()
    clock["now"] = NOW - timedelta(seconds=40)  # NTP puts it right: nobody cares
    Worker(workspace, tell=said.append).once()
    assert (said, clock_findings(workspace)) == ([], [])
    clock["now"] = NOW - timedelta(hours=2, minutes=5)
    (one,) = clock_findings(workspace)  # before anybody noted it
    assert "The clock was set back by 2:05 (hours:minutes)" in one.words
    Worker(workspace, tell=said.append).once()
    Worker(workspace, tell=said.append).once()
    (line,) = said
    assert line.startswith("the clock of this machine was set back by 2:05 (hours:minutes), or had run ahead")
    (one,) = clock_findings(workspace)
    assert (one.needs_person, one.alert, one.since) == (True, True, clock["now"])
    clock["now"] += timedelta(hours=23)
    assert len(clock_findings(workspace)) == 1
    clock["now"] += timedelta(hours=2)
    assert clock_findings(workspace) == []


def test_a_small_step_is_a_note(workspace: Workspace) -> None:
    with workspace.database.write() as connection:
        assert ledger.note_clock(connection, workspace.now() + timedelta(minutes=10)) is None
        step = ledger.note_clock(connection, workspace.now())
    assert step is not None
    assert 590 <= step.seconds <= 600
    (one,) = clock_findings(workspace)
    assert (one.needs_person, one.alert) == (False, False)


@pytest.mark.postgresql
def test_the_clock_of_the_database_is_watched_too(
    tmp_path: Path, ready_urls: MakeDatabase, time_: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_workspace(tmp_path / "w")
    on(root, ready_urls("postgresql"))
    with open_workspace(root, {}) as workspace:
        upgrade(workspace.any_database)
        said: list[str] = []
        Worker(workspace, tell=said.append).once()
        time_.now -= 3 * 3600
        Worker(workspace, tell=said.append).once()
        assert [line.partition(" was")[0] for line in said] == ["the clock of the database"]
        assert len(clock_findings(workspace)) == 1


def test_a_freezing_notes_it(tmp_path: Path) -> None:
    """Where no worker runs the commands that send are who knows."""
    root = make_workspace(tmp_path / "w")
    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        ledger.note_clock(connection, workspace.now() + timedelta(hours=5))
    assert here("-C", root, "send", "--yes").code == 0
    with open_workspace(root, {}) as workspace, workspace.database.read() as connection:
        assert ledger.cursor(connection, "clock step here") >= 4 * 3600
    done = here("-C", root, "status")
    assert done.code == 1
    assert "The clock was set back by 5:00" in done.out


def test_a_sign_of_life_of_the_future_is_none(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    with open_workspace(root, {}) as workspace:
        later = int(workspace.now().timestamp()) + 7200
        with workspace.database.write() as connection:
            set_cursor(connection, ALIVE, later)
            set_cursor(connection, NEXT_SIGN, later + 60)
            freeze(connection, audience=range(1, 4), size=1)
        assert "worker" in {one.kind for one in status.findings(workspace)}
