"""Jobs of Procrastinate: asked for once, done by whoever works, and nothing where there are none."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator

import pytest
from conftest import MakeDatabase
from sqlalchemy import text

from newsletter.delivery import jobs
from newsletter.storage.database import Database, open_database

pytestmark = pytest.mark.postgresql


@pytest.fixture
def postgres(ready_urls: MakeDatabase) -> Iterator[Database]:
    database = open_database(ready_urls("postgresql"))
    yield database
    database.close()


def waiting(database: Database) -> list[dict[str, int]]:
    with database.read() as connection:
        query = "SELECT args FROM procrastinate_jobs WHERE status = 'todo' AND queue_name = 'nashra' ORDER BY id"
        return list(connection.execute(text(query)).scalars())


def test_without_their_tables_nothing_is_asked_for(postgres: Database) -> None:
    with postgres.write() as connection:
        assert jobs.there(connection) is False
        assert jobs.enqueue(connection, 1) is False


def test_sqlite_has_no_jobs(ready_urls: MakeDatabase) -> None:
    database = open_database(ready_urls("sqlite"))
    assert jobs.make_ready(database) is False
    with database.write() as connection:
        assert jobs.there(connection) is False
        assert jobs.enqueue(connection, 1) is False
    database.close()


def test_the_tables_are_made_once(postgres: Database) -> None:
    assert jobs.make_ready(postgres) is True
    assert jobs.make_ready(postgres) is False
    with postgres.read() as connection:
        assert jobs.there(connection) is True


def test_half_of_them_is_not_enough(postgres: Database) -> None:
    jobs.make_ready(postgres)
    with postgres.write() as connection:
        connection.execute(text("DROP FUNCTION procrastinate_defer_jobs_v1(procrastinate_job_to_defer_v1[])"))
        assert jobs.there(connection) is False


def test_without_the_package_there_are_none(postgres: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    assert jobs.installed() is True
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert jobs.installed() is False
    assert jobs.make_ready(postgres) is False
    with postgres.read() as connection:
        assert jobs.there(connection) is False


def test_a_send_is_asked_for_once(postgres: Database) -> None:
    jobs.make_ready(postgres)
    with postgres.write() as connection:
        assert jobs.enqueue(connection, 5) is True
        assert jobs.enqueue(connection, 5) is False
        assert jobs.enqueue(connection, 6) is True
    assert waiting(postgres) == [{"send_id": 5}, {"send_id": 6}]


def test_what_is_rolled_back_was_not_asked_for(postgres: Database) -> None:
    jobs.make_ready(postgres)
    with postgres.write() as connection:
        jobs.enqueue(connection, 5)
        connection.rollback()
    assert waiting(postgres) == []


def test_a_worker_does_what_is_asked_for_and_ends_when_told(postgres: Database) -> None:
    jobs.make_ready(postgres)
    with postgres.write() as connection:
        for number in (5, 6, 7):
            jobs.enqueue(connection, number)
    done: list[int] = []
    over = threading.Event()

    def deliver(send_id: int) -> None:
        done.append(send_id)
        if len(done) == 3:
            over.set()

    thread = threading.Thread(target=jobs.work, args=(postgres, deliver, over), kwargs={"concurrency": 2}, daemon=True)
    thread.start()
    thread.join(120)
    assert not thread.is_alive()
    assert sorted(done) == [5, 6, 7]
    assert waiting(postgres) == []


def test_how_a_worker_is_run(postgres: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    import procrastinate

    jobs.make_ready(postgres)
    asked: dict[str, object] = {}
    over = threading.Event()

    async def run_worker(_app: object, **options: object) -> None:
        asked.update(options)
        over.set()

    monkeypatch.setattr(procrastinate.App, "run_worker_async", run_worker)
    jobs.work(postgres, lambda _: None, over, concurrency=3, name="worker of a test")
    assert asked == {
        "queues": ["nashra"],
        "name": "worker of a test",
        "concurrency": 3,
        # It runs in a thread, and whoever started it hears the signals.
        "install_signal_handlers": False,
        # Notifications may be lost with a connection; a look every two seconds finds what they told.
        "fetch_job_polling_interval": 2.0,
        # Several signs of life before it is taken for dead.
        "update_heartbeat_interval": 5.0,
        "stalled_worker_timeout": 30.0,
        "delete_jobs": "successful",
    }


def test_when_the_server_breaks_off_it_comes_back_later_and_later(
    postgres: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Over(threading.Event):
        """Is over after so many pauses, and waits for none of them."""

        def __init__(self) -> None:
            super().__init__()
            self.pauses: list[float] = []

        def wait(self, timeout: float | None = None) -> bool:
            assert timeout is not None
            self.pauses.append(timeout)
            return len(self.pauses) == 8

    tries: list[tuple[object, ...]] = []

    async def fails(*arguments: object) -> None:
        tries.append(arguments)
        if len(tries) != 7:
            raise ConnectionError("the server is away\nand more of it")

    monkeypatch.setattr(jobs, "_work", fails)
    over = Over()
    with caplog.at_level(logging.WARNING, logger="nashra.jobs"):
        jobs.work(postgres, lambda _: None, over, concurrency=3, name="worker of a test")
    assert over.pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 0.5, 1.0]
    assert tries[0][3:] == (3, "worker of a test")
    assert caplog.messages[0] == "jobs: the server is away; again in 0.5 s"
    over = Over()
    over.set()
    jobs.work(postgres, lambda _: None, over, concurrency=1)
    assert over.pauses == []


def test_what_ends_the_worker_is_told(postgres: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    import procrastinate

    async def run_worker(_app: object, **_options: object) -> None:
        raise ConnectionError("the server is away")

    jobs.make_ready(postgres)
    monkeypatch.setattr(procrastinate.App, "run_worker_async", run_worker)
    arguments = (jobs._conninfo(postgres), lambda _: None, threading.Event(), 1, "worker of a test")
    with pytest.raises(ConnectionError, match="the server is away"):
        asyncio.run(jobs._work(*arguments))


def test_jobs_of_dead_workers_are_looked_for_at_once_and_then_in_time(
    postgres: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three looks in the time after which a worker counts as dead; whether it is over is asked five times a second."""
    import procrastinate

    async def run_worker(_app: object, **_options: object) -> None:
        await asyncio.Event().wait()

    jobs.make_ready(postgres)
    over, passed, looks = threading.Event(), [0.0], list[float]()

    async def wait(_tasks: object, *, timeout: float) -> None:
        assert timeout == 0.2
        passed[0] += timeout
        if passed[0] > 25:
            over.set()

    async def revive(_app: object) -> None:
        looks.append(passed[0])

    monkeypatch.setattr(procrastinate.App, "run_worker_async", run_worker)
    monkeypatch.setattr(asyncio, "wait", wait)
    monkeypatch.setattr(jobs, "_revive", revive)
    asyncio.run(jobs._work(jobs._conninfo(postgres), lambda _: None, over, 1, "worker of a test"))
    assert looks == pytest.approx([0.2, 10.2, 20.2], abs=0.41)
    assert looks[1] - looks[0] >= 9.99, "not before it is time"


def test_a_worker_keeps_few_connections_and_knows_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    import procrastinate

    class Made(Exception):
        """Enough was seen."""

    def connector(**options: object) -> None:
        asked.update(options)
        raise Made

    asked: dict[str, object] = {}
    database = open_database("postgresql+psycopg://nashra:s3cret@db.example.org/nashra")
    monkeypatch.setattr(procrastinate, "PsycopgConnector", connector)
    with pytest.raises(Made):
        asyncio.run(jobs._work(jobs._conninfo(database), lambda _: None, threading.Event(), 1, "worker of a test"))
    database.close()
    conninfo = "postgresql://nashra:s3cret@db.example.org/nashra"
    assert asked == {"conninfo": conninfo, "min_size": 1, "max_size": 4}
