"""Workers: whatever there is to do is done, once, however many there are and whatever dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command import command, environment, here, make_workspace
from conftest import MakeDatabase
from servers import Server, own_server
from sqlalchemy import text, update
from test_deliver import ISSUE, LETTER, make, received
from test_postgresql import on, people

from newsletter import delivery, ledger
from newsletter.delivery import jobs
from newsletter.errors import SendError
from newsletter.letters.mime import to_json
from newsletter.storage import tables
from newsletter.storage.database import Database, upgrade
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows.worker import Worker

pytestmark = pytest.mark.slow


@pytest.fixture(params=["sqlite", "postgresql", pytest.param("jobs", marks=pytest.mark.postgresql)])
def workspace(request: pytest.FixtureRequest, tmp_path: Path, ready_urls: MakeDatabase) -> Iterator[Workspace]:
    """A workspace whose workers look into the ledger, or do jobs."""
    root = tmp_path / "w"
    make(root, 0, batch=2)
    if request.param != "sqlite":
        on(root, ready_urls("postgresql"))
    with open_workspace(root, {}) as workspace:
        upgrade(workspace.any_database)
        if request.param == "jobs":
            assert jobs.make_ready(workspace.any_database)
            assert not jobs.make_ready(workspace.any_database)
        yield workspace


@contextmanager
def working(root: Path, number: int = 1) -> Iterator[list[Worker]]:
    """Workers in threads, each with a workspace of its own, stopped at the end."""
    workers, threads, problems = [], [], []

    def run(ready: threading.Event) -> None:
        try:
            with open_workspace(root, {}) as own:
                workers.append(Worker(own, tell=lambda _: None, look_every=0.1))
                ready.set()
                workers[-1].run()
        except BaseException as error:
            problems.append(error)
            ready.set()
            raise

    for _ in range(number):
        ready = threading.Event()
        threads.append(threading.Thread(target=run, args=(ready,)))
        threads[-1].start()
        ready.wait()
    try:
        yield workers
    finally:
        for worker in workers:
            worker.over.set()
        for thread in threads:
            thread.join(30)
        assert problems == []
        assert not any(thread.is_alive() for thread in threads)


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def state(database: Database) -> str:
    with database.read() as connection:
        return ledger.sends(connection)[-1].state


def freeze(workspace: Workspace, *, at: datetime | None = None) -> ledger.Send:
    now = workspace.now()
    mailing = ledger.Mailing(to_json(LETTER), delivery.audience(1, "weekly", now))
    return delivery.freeze(
        workspace.delivery_setup,
        [mailing],
        key="1",
        subject="x",
        list_id=1,
        rhythm="weekly",
        articles=lambda _: [],
        now=now,
        send_at=at,
    )


def test_once_does_what_there_is(workspace: Workspace) -> None:
    addresses = people(workspace, 7)
    freeze(workspace)
    Worker(workspace, tell=lambda _: None).once()
    assert state(workspace.database) == "finished"
    assert received(workspace.root) == Counter(addresses)
    Worker(workspace, tell=lambda _: None).once()
    assert received(workspace.root).total() == 7


def test_two_workers_share_a_send(workspace: Workspace) -> None:
    addresses = people(workspace, 80)
    with working(workspace.root, 2):
        freeze(workspace)
        until(lambda: state(workspace.database) == "finished")
    assert received(workspace.root) == Counter(addresses)


def test_a_send_starts_when_its_moment_has_come_and_not_before(workspace: Workspace) -> None:
    addresses = people(workspace, 4)
    send = freeze(workspace, at=workspace.now() + timedelta(hours=1))
    Worker(workspace, tell=lambda _: None).once()
    assert state(workspace.database) == "scheduled"
    assert not (workspace.root / "outbox").exists()
    with workspace.database.write() as connection:
        connection.execute(update(tables.send).values(send_at=int(workspace.now().timestamp()) - 1))
    told: list[str] = []
    Worker(workspace, tell=told.append).once()
    assert told[0] == "issue 1 starts, as planned"
    assert state(workspace.database) == "finished"
    assert received(workspace.root) == Counter(addresses)
    with workspace.database.write() as connection, pytest.raises(SendError, match="is finished and cannot be paused"):
        ledger.move(connection, send, "paused")


def test_a_paused_send_is_left_alone_and_goes_on_when_told(workspace: Workspace) -> None:
    addresses = people(workspace, 6)
    send = freeze(workspace)
    with workspace.database.write() as connection:
        ledger.move(connection, send, "paused")
    with working(workspace.root):
        time.sleep(0.5)
        assert not (workspace.root / "outbox").exists()
        with workspace.database.write() as connection:
            ledger.move(connection, send, "running")
        until(lambda: state(workspace.database) == "finished")
    assert received(workspace.root) == Counter(addresses)


def test_small_letters_go_too(tmp_path: Path) -> None:
    from subscribers import actions

    root = make_workspace(tmp_path / "w", readers=0)
    with open_workspace(root, {}) as workspace:
        with workspace.database.write() as connection:
            keys = workspace.keys.suppression
            actions.subscribe(
                connection, "amal@example.net", "readers", now=workspace.now(), keys=keys, how="form", words=""
            )
        Worker(workspace, tell=lambda _: None).once()
    assert len(list((root / "outbox" / "new").iterdir())) == 1


def test_one_worker_alone_looks_at_the_schedule_in_a_minute(workspace: Workspace) -> None:
    workers = [Worker(workspace, tell=lambda _: None) for _ in range(5)]
    assert [worker._my_minute() for worker in workers] == [True, False, False, False, False]


@pytest.mark.postgresql
def test_the_job_is_frozen_with_the_send_or_not_at_all(tmp_path: Path, database_urls: MakeDatabase) -> None:
    make(tmp_path / "w", 0, batch=2)
    on(tmp_path / "w", database_urls("postgresql"))
    with open_workspace(tmp_path / "w", {}) as workspace:
        upgrade(workspace.any_database)
        jobs.make_ready(workspace.any_database)
        waiting = text("SELECT args FROM procrastinate_jobs WHERE status = 'todo'")
        people(workspace, 0)
        with pytest.raises(SendError, match="nobody"):
            delivery.freeze_letter(workspace.delivery_setup, ISSUE, LETTER, list_id=1, rhythm="weekly")
        with workspace.database.read() as connection:
            assert connection.execute(waiting).all() == []
        with workspace.database.write() as connection:
            from subscribers import actions

            actions.add_subscriber(connection, "amal@example.net", "readers", now=workspace.now())
        send = freeze(workspace)
        with workspace.database.write() as connection:
            assert connection.execute(waiting).scalars().all() == [{"send_id": send.id}]
            assert not jobs.enqueue(connection, send.id)


def process(root: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command("-C", root, "worker"), env=environment(), stderr=subprocess.PIPE)


def test_a_signal_ends_it_cleanly(workspace: Workspace) -> None:
    people(workspace, 600)
    freeze(workspace)
    with process(workspace.root) as worker:
        until((workspace.root / "outbox" / "new").exists)
        worker.send_signal(signal.SIGTERM)
        _, words = worker.communicate(timeout=30)
    assert worker.returncode == 0, words
    assert b"Ended; nothing was left in the middle." in words
    with workspace.database.read() as connection:
        account = ledger.account(connection, 1)
        assert connection.execute(text("SELECT count(*) FROM batch WHERE token IS NOT NULL")).scalar_one() == 0
    assert (account.submitting, account.unknown) == (0, 0)
    assert account.submitted == received(workspace.root).total()
    assert account.queued > 0


@pytest.mark.postgresql
def test_send_watches_what_workers_do(tmp_path: Path, database_urls: MakeDatabase) -> None:
    root = make_workspace(tmp_path / "w", readers=0)
    on(root, database_urls("postgresql"))
    assert here("-C", root, "database", "upgrade").code == 0
    assert here("-C", root, "subscribers", "add", *(f"r{n}@example.net" for n in range(9))).code == 0
    with working(root):
        until(lambda: here("-C", root, "sends", "list").code == 0)
        with open_workspace(root, {}) as workspace:
            from newsletter.workflows.watch import workers

            until(lambda: workers(workspace))
        done = here("-C", root, "send", "--yes", "--json")
    assert done.code == 0, done
    sent = json.loads(done.out)
    assert (sent["state"], sent["submitted"]) == ("finished", 9)
    assert "through workers" in done.err
    assert received(root).total() == 9


@pytest.mark.postgresql
def test_send_delivers_itself_when_no_worker_takes_anything(
    tmp_path: Path, database_urls: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    from newsletter.workflows import watch

    monkeypatch.setattr(watch.watch, "__kwdefaults__", {"idle": 0.5, "sleep": time.sleep})
    root = make_workspace(tmp_path / "w", readers=0)
    on(root, database_urls("postgresql"))
    assert here("-C", root, "database", "upgrade").code == 0
    assert here("-C", root, "subscribers", "add", *(f"r{n}@example.net" for n in range(3))).code == 0
    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        # The last sign of a worker that died a moment ago.
        ledger.set_cursor(connection, "worker", int(workspace.now().timestamp()))
    done = here("-C", root, "send", "--yes")
    assert done.code == 0, done
    assert "No worker took anything" in done.err
    assert received(root).total() == 3


def test_a_send_may_be_planned(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w", readers=3)
    then = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d %H:%M}"
    done = here("-C", root, "send", "--at", then, "--yes")
    assert done.code == 0, done
    assert f"it starts {then} UTC" in done.err
    again = here("-C", root, "send", "1", "--yes")
    assert "is frozen and starts" in again.err
    assert not (root / "outbox").exists()
    assert here("-C", root, "worker", "--once").code == 0
    assert not (root / "outbox").exists()
    assert here("-C", root, "sends", "pause", "1").code == 0
    assert "as planned" in here("-C", root, "sends", "resume", "1").err
    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        assert ledger.sends(connection)[0].state == "scheduled"
        connection.execute(update(tables.send).values(send_at=1))
    done = here("-C", root, "send", "1", "--yes")
    assert "3 letters now" in done.err
    assert received(root).total() == 3


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with own_server() as server:
        yield server


@pytest.mark.parametrize("with_jobs", [False, True])
def test_workers_go_on_when_the_server_comes_back(tmp_path: Path, server: Server, with_jobs: bool) -> None:
    root = tmp_path / "w"
    make(root, 0, batch=2)
    on(root, server.database())
    with open_workspace(root, {}) as workspace:
        upgrade(workspace.any_database)
        if with_jobs:
            jobs.make_ready(workspace.any_database)
        addresses = people(workspace, 60)
        with working(root, 2):
            freeze(workspace)
            for _ in range(2):
                until((root / "outbox" / "new").exists)
                server.stop()
                time.sleep(0.5)
                server.start()
            # A lease of whoever held a batch when the server went runs out first, on a machine with other work.
            until(lambda: state(workspace.database) == "finished", 180)
        assert received(root) == Counter(addresses)


def test_a_worker_that_is_killed_is_followed_by_another(workspace: Workspace) -> None:
    addresses = people(workspace, 150)
    freeze(workspace)
    new, kills = workspace.root / "outbox" / "new", 0

    def goes_on(before: int) -> bool:
        # The one before may have written every letter, and died before it could say so: then only that is left.
        more = new.exists() and received(workspace.root).total() > before
        return more or state(workspace.database) == "finished"

    while kills < 3 and state(workspace.database) != "finished":
        before = received(workspace.root).total() if new.exists() else 0
        with process(workspace.root) as worker:
            try:
                until(lambda: goes_on(before))  # noqa: B023
            finally:
                os.kill(worker.pid, signal.SIGKILL)
        kills += 1
    assert kills
    with working(workspace.root):
        until(lambda: state(workspace.database) == "finished", 60)
    assert received(workspace.root) == Counter(addresses)
