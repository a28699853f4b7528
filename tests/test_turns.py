"""Who writes next, and when the disk is waited for: in order, holding nothing, one wait for all who wait."""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command import make_workspace
from conftest import MakeDatabase
from reader_pages import Workspace, stamp_of
from sqlalchemy import event, text

from newsletter.errors import DatabaseError
from newsletter.storage import turns as turns_module
from newsletter.storage.database import Database, open_database
from newsletter.storage.disk import GroupCommit
from newsletter.storage.turns import TurnError, Turns
from newsletter.workflows import serve


def until(true: Callable[[], bool]) -> None:
    """Wait for what another thread is about to do."""
    latest = time.monotonic() + 60
    while not true():
        assert time.monotonic() < latest
        time.sleep(0.001)


def begun(act: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    return thread


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Database]:
    with contextlib.closing(open_database(f"sqlite:///{tmp_path / 'x.db'}")) as database:
        with database.write() as connection:
            connection.execute(text("CREATE TABLE t (n INTEGER)"))
        yield database


# ---- turns


def test_those_of_one_process_write_in_the_order_they_came(tmp_path: Path) -> None:
    turns, went = Turns(tmp_path / "x.db", 30), list[int]()

    def act(number: int) -> None:
        with turns.turn():
            went.append(number)

    threads = []
    with turns.turn():
        for number in range(6):
            threads.append(begun(lambda number=number: act(number)))
            until(lambda number=number: len(turns._waiting) > number)
    for thread in threads:
        thread.join(30)
    assert went == [0, 1, 2, 3, 4, 5]


def test_who_has_just_written_comes_behind_another_process(tmp_path: Path) -> None:
    """Each of the three has turns of its own, as processes have; the lock is what SQLite has of its own."""
    lock, went = threading.Lock(), list[str]()
    asked = dict.fromkeys(("other", "again"), 0)

    def act(name: str) -> None:
        def begin() -> bool:
            asked[name] += 1
            return lock.acquire(blocking=False)

        turns = Turns(tmp_path / "x.db", 30)
        with turns.turn() as latest:
            turns.enter(begin, latest)
            went.append(name)
            lock.release()

    with lock:
        other = begun(lambda: act("other"))
        until(lambda: asked["other"] > 0)
        again = begun(lambda: act("again"))
        before = asked["other"]
        until(lambda: asked["other"] > before + 20)
        assert asked["again"] == 0  # it does not even try
    other.join(30)
    again.join(30)
    assert went == ["other", "again"]


def test_who_waits_for_a_turn_holds_no_connection(file: Database) -> None:
    assert file._turns is not None

    def act() -> None:
        with file.write() as connection:
            connection.execute(text("INSERT INTO t VALUES (1)"))

    with file.write():
        threads = [begun(act) for _ in range(20)]
        until(lambda: file._turns is not None and len(file._turns._waiting) == 20)
        assert file.engine.pool.checkedout() == 1  # type: ignore[attr-defined]
        with file.read() as connection:
            assert connection.execute(text("SELECT count(*) FROM t")).scalar_one() == 0
    for thread in threads:
        thread.join(30)
    with file.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM t")).scalar_one() == 20


def test_nobody_waits_for_ever(file: Database, tmp_path: Path) -> None:
    file._turns = turns = Turns(tmp_path / "x.db", 0.05)
    with file.write():
        found: list[BaseException] = []

        def act() -> None:
            try:
                with file.write():
                    pass
            except DatabaseError as error:
                found.append(error)

        begun(act).join(30)
        assert "database is locked" in str(found[0])
        assert "run this one again" in str(found[0])
        assert not turns._waiting
    with turns.turn() as latest, pytest.raises(TurnError):
        turns.enter(lambda: False, latest)
    with file.write():
        pass


def test_connections_are_kept_for_the_next_readers(database: Database) -> None:
    made: list[int] = []
    event.listen(database.engine, "connect", lambda *_: made.append(1))
    for _ in range(3):
        with contextlib.ExitStack() as stack:
            for _ in range(12):
                stack.enter_context(database.read()).execute(text("SELECT 1"))
    assert len(made) <= 12


def test_a_door_that_somebody_else_keeps_shuts_nobody_out(
    file: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As ``flock FOLDER newsletter send`` does, and whoever may read the folder could."""
    fcntl = pytest.importorskip("fcntl")
    monkeypatch.setattr(turns_module, "DOOR_SECONDS", 0.05)
    asked: list[int] = []

    def flock(descriptor: int, how: int) -> None:
        asked.append(how)
        real(descriptor, how)

    stranger, real = os.open(tmp_path, os.O_RDONLY), fcntl.flock
    try:
        real(stranger, fcntl.LOCK_EX)
        monkeypatch.setattr(fcntl, "flock", flock)
        file._turns = Turns(tmp_path / "x.db", 5)
        with file.write() as connection:
            connection.execute(text("INSERT INTO t VALUES (1)"))
        assert asked
        asked.clear()
        with file.write() as connection:
            connection.execute(text("INSERT INTO t VALUES (2)"))
        assert not asked  # who has found out does not wait there each time
    finally:
        os.close(stranger)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="signals of another system")
def test_who_is_interrupted_in_the_line_takes_no_turn_away(tmp_path: Path) -> None:
    turns, end = Turns(tmp_path / "x.db", 30), threading.Event()

    def hold() -> None:
        with turns.turn():
            end.wait(30)

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    holder, usual = begun(hold), signal.signal(signal.SIGALRM, interrupt)
    try:
        until(lambda: turns._busy)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt), turns.turn():
            pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, usual)
        end.set()
    holder.join(30)
    assert not turns._busy
    assert not turns._waiting


# ---- the disk


def test_one_wait_serves_all_who_wait() -> None:
    together, go, syncs = GroupCommit(), threading.Event(), list[int]()

    together, go, syncs = GroupCommit(), threading.Event(), list[int]()

    def sync() -> None:
        syncs.append(together._asked)
        go.wait(30)

    threads = [begun(lambda: together.wait(sync))]
    until(lambda: syncs == [1])
    # These have committed after the disk was asked: that answer is none for them.
    threads += [begun(lambda: together.wait(sync)) for _ in range(5)]
    until(lambda: together._asked == 6)
    go.set()
    for thread in threads:
        thread.join(30)
    assert syncs == [1, 6]


def test_a_disk_that_fails_is_told_to_everybody() -> None:
    together, told = GroupCommit(), list[str]()

    def sync() -> None:
        raise OSError(errno.EIO, "lost")

    def act() -> None:
        try:
            together.wait(sync)
        except OSError as error:
            told.append(str(error))

    threads = [begun(act) for _ in range(4)]
    for thread in threads:
        thread.join(30)
    assert len(told) == 4


def test_the_next_one_writes_while_the_disk_is_waited_for(file: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    go, asked, done = threading.Event(), list[int](), list[int]()

    def slow(_descriptor: int) -> None:
        asked.append(1)
        go.wait(30)

    monkeypatch.setattr(os, "fdatasync", slow, raising=False)
    file.wait_together(when_lost=lambda: None)

    def act(number: int) -> None:
        with file.write() as connection:
            connection.execute(text(f"INSERT INTO t VALUES ({number})"))
        done.append(number)

    def written() -> int:
        with file.read() as connection:
            return int(connection.execute(text("SELECT count(*) FROM t")).scalar_one())

    threads = [begun(lambda: act(1))]
    until(lambda: bool(asked))
    threads += [begun(lambda number=number: act(number)) for number in (2, 3, 4)]
    until(lambda: written() == 4)
    # All have committed, and none of them says so before the disk does.
    assert done == []
    go.set()
    for thread in threads:
        thread.join(30)
    assert sorted(done) == [1, 2, 3, 4]
    assert len(asked) == 2


def test_nobody_is_told_saved_that_the_disk_did_not_take(
    ready_urls: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    with contextlib.closing(open_database(ready_urls("sqlite"))) as database:
        _not_saved(database, monkeypatch)


def _not_saved(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = list[str]()
    database.wait_together(when_lost=lambda: ended.append("this process"))
    pages = Workspace(database)
    client = pages.client()
    form = {"email": "salma@example.net", "at": stamp_of(client.get("/").text)}
    pages.clock.later(seconds=5)

    def lost(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", lost, raising=False)
    assert client.post("/subscribe", data=form).status_code == 503
    monkeypatch.undo()
    # It tells of what it lost once.
    assert client.post("/subscribe", data=form).status_code == 503
    assert ended == ["this process"]


def test_the_log_stays_open_and_another_one_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[tuple[int, int]]()
    monkeypatch.setattr(
        os, "fdatasync", lambda descriptor: asked.append((descriptor, os.fstat(descriptor).st_ino)), raising=False
    )
    path = tmp_path / "x.db"
    with contextlib.closing(open_database(f"sqlite:///{path}")) as database:
        for _ in range(2):
            with database.write(durable=False) as connection:
                connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS t (n INTEGER)")
            database.sync()
        # An error is told to who has the file open, and not to who opens it afterwards.
        assert asked == [asked[0], asked[0]]
        log = Path(f"{path}-wal")
        log.rename(tmp_path / "the one before")
        log.touch()
        database.sync()
        assert asked[2] == (asked[2][0], log.stat().st_ino)
        assert asked[2] != asked[0]
        held = [descriptor for descriptor, _ in asked]
    for descriptor in held:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)


def test_a_server_whose_disk_fails_ends_so_that_it_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = list[tuple[int, int]]()
    monkeypatch.setattr(os, "kill", lambda process, number: sent.append((process, number)))
    serve._end()
    assert sent == [(os.getpid(), signal.SIGTERM)]


def test_the_processes_that_serve_wait_together(tmp_path: Path) -> None:
    interval = sys.getswitchinterval()
    app = serve._built(make_workspace(tmp_path / "w", readers=1), {})
    try:
        assert isinstance(app.site.database, Database)
        assert app.site.database._group_commit is not None
        assert app.site.database._when_lost is serve._end
        assert sys.getswitchinterval() == pytest.approx(serve.SWITCH_SECONDS)
    finally:
        gc.unfreeze()
        sys.setswitchinterval(interval)
        assert app.closing is not None
        app.closing()
