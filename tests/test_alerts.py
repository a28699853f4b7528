"""Somebody is told: twelve troubles, each provoked for real, each told once by every way, and its end once more."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import kills
import pytest
import smtp_standin
import standin
from alerted import EDITOR, Receiver, letters_to_editor, receiving, with_alerts
from command import complains, environment, here, make_workspace
from conftest import MakeDatabase
from hypothesis import given, settings
from hypothesis import strategies as st
from reader_pages import stamp_of
from settings_text import with_settings
from sqlalchemy import update
from starlette.testclient import TestClient
from test_events import PUBLIC, signed
from test_ledger import claim, freeze
from test_postgresql import on

from newsletter import ledger
from newsletter.events import genuine
from newsletter.ledger.cursors import ALIVE, NEXT_SIGN, SCHEDULE, set_cursor
from newsletter.storage.database import Database, upgrade
from newsletter.storage.tables import batch
from newsletter.storage.tables import send as sends
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows import alerts, status
from newsletter.workflows.alerts import memory, ways
from newsletter.workflows.alerts.writing import message_of
from newsletter.workflows.serve import app_of
from newsletter.workflows.status import Finding, findings_of, reading, workspace_state
from newsletter.workflows.status.reading import DiskSpace
from subscribers import actions, store

ARABIC = re.compile(r"[\u0621-\u064a]{2,}")


@pytest.fixture(autouse=True)
def _no_sendmail(monkeypatch: pytest.MonkeyPatch) -> None:
    """No mail server of the machine that runs the tests is ever asked."""
    monkeypatch.setattr(ways, "SENDMAIL", ())


def look(root: Path, *, ended: bool = False, find: Any = status.findings) -> None:
    with open_workspace(root, {}) as workspace:
        alerts.tell(workspace, ended=ended, find=find)


def told_once(root: Path, receiver: Receiver, kind: str, *, find: Any = status.findings) -> None:
    """It was told in Arabic, by program and server, without an address or a secret; further looks are quiet."""
    assert receiver.kinds().count(kind) == 1, receiver.told()
    for one in range(3):
        look(root, ended=one == 0, find=find)
    assert receiver.kinds().count(kind) == 1, receiver.told()
    assert receiver.posted == receiver.told()
    for message in receiver.told():
        assert ARABIC.search(message["text"]), message
        assert "الموجة" in message["subject"]
        assert not re.search(r"reader\d|poison|@|very-secret", json.dumps(message)), message


def exit_code(root: Path) -> int:
    done = here("-C", root, "status", "--json")
    found = json.loads(done.out)
    assert found["ok"] is (done.code == 0)
    return done.code


def through(root: Path, kind: str, place: object) -> None:
    """Let a workspace send through a stand-in on loopback."""
    settings = {"sender.kind": kind, "sender.patience": "1"}
    if kind == "smtp":
        settings |= {"smtp.host": "127.0.0.1", "smtp.port": str(place), "smtp.security": "none"}
    else:
        settings |= {"sendgrid.host": str(place), "sendgrid.key": "SG.test"}
    for name, value in settings.items():
        (root / "secrets" / name).write_text(value, "utf-8")


# ---- 1 and 2: the provider takes nothing


def test_a_server_that_blocks_everything(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    with (
        receiving(root, mail=True) as receiver,
        smtp_standin.running(tmp_path, answers={"RCPT": "554 5.7.1 blocked"}) as server,
    ):
        through(root, "smtp", server.port)
        assert here("-C", root, "send", "--yes").code == 5
        assert here("-C", root, "weekly", "--yes").code == 5
        (kind,) = set(receiver.kinds())
        assert kind == "brake"
        told_once(root, receiver, kind)
        assert exit_code(root) == 1
        assert server.taken() == []
    # The letter cannot go by what is broken: it is kept, in the language of the site.
    ((subject, text, html),) = letters_to_editor(root)
    assert "العدد 1" in re.sub("[\u2066-\u2069\u200f]", "", subject)
    assert 'dir="rtl"' in html
    assert "newsletter status" in text


def test_a_key_that_the_provider_does_not_take(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    with receiving(root) as receiver, standin.running(tmp_path) as server:
        through(root, "sendgrid", server.host)
        (root / "secrets" / "sendgrid.key").write_text("SG.wrong", "utf-8")
        assert here("-C", root, "send", "--yes").code == 5
        (kind,) = set(receiver.kinds())
        assert kind == "brake"
        told_once(root, receiver, kind)
        assert exit_code(root) == 1


# ---- 3 and 4: it ends, and not well


def test_a_send_that_ends_in_doubt(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    with receiving(root) as receiver, standin.running(tmp_path, faults={"drop_after": 1.0}) as server:
        through(root, "sendgrid", server.host)
        # Nobody knows, and it does not go on by itself: the provider is silent.
        assert here("-C", root, "send", "--yes").code in {4, 5}
        assert "unknown" in receiver.kinds()
        told_once(root, receiver, "unknown")
        assert exit_code(root) == 1


def test_a_send_with_refused_addresses(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w", readers=20)
    assert here("-C", root, "subscribers", "add", "poison@example.net").code == 0
    with receiving(root) as receiver, standin.running(tmp_path) as server:
        through(root, "sendgrid", server.host)
        assert here("-C", root, "send", "--yes").code == 4
        assert len(server.taken()) == 20
        assert here("-C", root, "send", "1", "--yes").code == 4  # nothing is left to do, and somebody lacks it
        assert receiver.kinds() == ["refused"]
        told_once(root, receiver, "refused")
        assert exit_code(root) == 1
        done = here("-C", root, "status")
        assert "The provider refused 1 addresses of issue 1; newsletter sends show" in done.out
        assert "needs a person" in done.err


# ---- 5: what comes back


def test_a_send_that_pauses_itself_for_its_bounces(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w", readers=0)
    with receiving(root) as receiver, open_workspace(root, {}) as workspace:
        now = workspace.now()
        with workspace.database.write() as connection:
            for number in range(1, 301):
                actions.add_subscriber(connection, f"reader{number}@host{number}.example.net", "readers", now=now)
            send = freeze(connection, audience=range(1, 301), size=250)
            batch = claim(connection, send)
            assert ledger.mark_submitting(connection, batch, skipped={}, lease=30)
            ledger.record(connection, batch, "submitted", {})
        items = [
            {
                "email": f"reader{number}@host{number}.example.net",
                "timestamp": int(now.timestamp()),
                "event": "bounce" if number <= 20 else "delivered",
                "type": "bounce",
                "reason": f"550 5.1.1 <reader{number}@host{number}.example.net> user unknown",
                "sg_event_id": f"e{number}",
                "nashra_delivery": f"{send.public_id}.{number}",
            }
            for number in range(1, 251)
        ]
        (root / "secrets" / "sendgrid.webhook_key").write_text(PUBLIC, "utf-8")
        body = json.dumps(items).encode()
        with open_workspace(root, {}) as pages:
            client = TestClient(app_of(pages, postman=False), base_url="https://news.example.org")
            assert client.post("/hooks/sendgrid", content=body, headers=signed(body)).status_code == 200
        alerts.tell(workspace)
        assert receiver.kinds() == ["reports"]
        told_once(root, receiver, "reports")
        assert exit_code(root) == 1
        # An editor lets it go on; that it did is told once, and not before it lasted a minute.
        with workspace.database.write() as connection:
            ledger.move(connection, send, "running")
        alerts.tell(workspace)
        assert receiver.over() == []
        for _ in range(2):
            later(workspace, seconds=61)
            alerts.tell(workspace)
    assert receiver.over() == [f"reports {send.public_id}"]


def later(workspace: Workspace, **much: float) -> None:
    """Let the clock of a workspace go forward."""
    before = workspace.now()
    workspace.now = lambda: before + timedelta(**much)  # type: ignore[method-assign]


# ---- 6 and 7: the clock


def test_a_moment_of_the_schedule_that_nobody_kept(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    with receiving(root) as receiver, open_workspace(root, {}) as workspace:
        hours_ago = workspace.now() - timedelta(hours=2)
        schedule(root, f'daily = "{hours_ago:%H:%M}"')
        with workspace.database.write() as connection:
            set_cursor(connection, f"{SCHEDULE}daily", int((hours_ago - timedelta(days=1)).timestamp()))
        look(root)
        assert receiver.kinds() == ["missed"]
        told_once(root, receiver, "missed")
        assert exit_code(root) == 1
        # The next moment has just come: nobody kept that one either, and nobody is told that all is well.
        with open_workspace(root, {}) as next_day:
            later(next_day, hours=22, minutes=1)
            (found,) = [one for one in status.findings(next_day) if one.kind == "missed"]
            assert found.since == hours_ago.replace(second=0, microsecond=0)
        # Somebody keeps it after all.
        done = here("-C", root, "schedule", "--run")
        assert done.code == 0, done
        assert exit_code(root) == 0


def schedule(root: Path, line: str) -> None:
    path = root / "newsletter.toml"
    path.write_text(with_settings(path.read_text("utf-8"), f"[schedule]\n{line}\n"), "utf-8")


@pytest.mark.slow
def test_a_worker_that_was_killed_while_a_send_waits_for_it(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    with receiving(root) as receiver, open_workspace(root, {}) as workspace:
        assert here("-C", root, "send", "--yes", "--at", at(workspace, hours=30)).code == 0
        assert exit_code(root) == 1  # planned, and no worker has ever been there to start it
        worker = subprocess.Popen(
            [sys.executable, "-m", "newsletter", "-C", str(root), "worker"],
            env=environment(),
            stderr=subprocess.DEVNULL,
        )
        try:
            deadline = time.monotonic() + 120
            while exit_code(root):
                assert time.monotonic() < deadline
                time.sleep(0.2)
        finally:
            worker.kill()
            worker.wait()
        look(root)
        assert receiver.kinds().count("worker") == 0
        later(workspace, minutes=5)
        alerts.tell(workspace)
        assert receiver.kinds().count("worker") == 1
        alerts.tell(workspace)
        assert receiver.kinds().count("worker") == 1
        # It lives again: told when that has lasted.
        with workspace.database.write() as connection:
            set_cursor(connection, ALIVE, int(workspace.now().timestamp()))
            set_cursor(connection, NEXT_SIGN, int(workspace.now().timestamp()) + 6000)
        alerts.tell(workspace)
        later(workspace, minutes=2)
        alerts.tell(workspace)
        alerts.tell(workspace)
        assert receiver.over().count("worker") == 1


def at(workspace: Workspace, **much: float) -> str:
    return f"{(workspace.now() + timedelta(**much)).astimezone(workspace.zone):%Y-%m-%d %H:%M}"


# ---- 8 and 9: the pages


def test_a_flooded_form(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    path = root / "newsletter.toml"
    path.write_text(with_settings(path.read_text("utf-8"), "[web]\nletters_an_hour = 5"), "utf-8")
    with receiving(root) as receiver, open_workspace(root, {}) as workspace:
        clock = {"now": workspace.now()}
        workspace.now = lambda: clock["now"]  # type: ignore[method-assign]
        app = app_of(workspace, postman=False)
        for number in range(12):
            client = TestClient(app, base_url="https://news.example.org", client=(f"203.{number}.113.7", 50_000))
            stamp = stamp_of(client.get("/").text)
            clock["now"] += timedelta(seconds=5)
            address = f"reader{number}@host{number}.example.org"
            assert client.post("/subscribe", data={"email": address, "at": stamp}).status_code == 200
        alerts.tell(workspace)
        assert receiver.kinds() == ["flooded"]
        told_once(root, receiver, "flooded")
        assert exit_code(root) == 1


def test_reports_with_a_wrong_signature(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(genuine, "WRITE_EVERY", 0.0)
    root = make_workspace(tmp_path / "w")
    (root / "secrets" / "sendgrid.webhook_key").write_text(PUBLIC, "utf-8")
    with receiving(root) as receiver, open_workspace(root, {}) as workspace:
        client = TestClient(app_of(workspace, postman=False), base_url="https://news.example.org")
        body = b"[]"
        for _ in range(4):
            assert client.post("/hooks/sendgrid", content=body).status_code == 403
        alerts.tell(workspace)
        assert receiver.kinds() == []  # a stranger's try or two
        assert client.post("/hooks/sendgrid", content=body).status_code == 403
        alerts.tell(workspace)
        assert receiver.kinds() == ["webhook"]
        told_once(root, receiver, "webhook")
        assert exit_code(root) == 1
        assert client.post("/hooks/sendgrid", content=body, headers=signed(body)).status_code == 200
        assert exit_code(root) == 0
        alerts.tell(workspace)
        later(workspace, minutes=2)
        alerts.tell(workspace)
        assert receiver.over() == ["webhook sendgrid"]


# ---- 10 to 12: the machine


def test_a_disk_that_is_nearly_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_workspace(tmp_path / "w")
    assert exit_code(root) == 0
    # What the system says of every disk: nobody fills one for a test.
    monkeypatch.setattr(reading.shutil, "disk_usage", lambda _: (10_000_000_000, 9_910_000_000, 90_000_000))
    with receiving(root) as receiver:
        # A command that goes well says so, and tells at its end.
        assert here("-C", root, "send", "--yes").code == 0
        assert receiver.kinds() == ["disk"]
        told_once(root, receiver, "disk")
        assert "90" in receiver.told()[0]["findings"][0]["words"]
        assert exit_code(root) == 1
        monkeypatch.undo()
        assert exit_code(root) == 0


def test_a_database_that_is_away(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    file = root / "newsletter.db"
    good = file.read_bytes()
    with receiving(root, mail=True) as receiver:
        for name in ("newsletter.db-wal", "newsletter.db-shm"):
            (root / name).unlink(missing_ok=True)
        file.write_bytes(b"this is no database, whatever its name says; " * 100)
        complains_of = here("-C", root, "status")
        assert complains_of.code == 1
        assert "The database cannot be reached" in complains_of.out
        look(root)
        assert receiver.kinds() == []  # a server that restarts is back within seconds
        seen = root / ".alerts" / "database-seen"
        os.utime(seen, (time.time() - 120, time.time() - 120))
        look(root)
        assert receiver.kinds() == ["database"]
        told_once(root, receiver, "database")
        file.write_bytes(good)
        for _ in range(3):
            look(root)
        assert receiver.over() == ["database"]
        assert exit_code(root) == 0
    assert len(letters_to_editor(root)) == 2
    assert subprocess.run(["git", "init", "-q", root], check=False).returncode == 0
    ignored = subprocess.run(["git", "-C", root, "status", "--short"], capture_output=True, text=True, check=True)
    assert ".alerts" not in ignored.stdout


def test_a_backup_that_is_too_old(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    with receiving(root) as receiver:
        look(root)
        assert receiver.kinds() == []  # nobody makes backups here
        assert exit_code(root) == 0
        assert here("-C", root, "database", "backup").code == 0
        (copy,) = (root / "backups").glob("*.db")
        old = time.time() - 20 * 86_400
        os.utime(copy, (old, old))
        look(root)
        assert receiver.kinds() == ["backup"]
        told_once(root, receiver, "backup")
        assert exit_code(root) == 1
        assert here("-C", root, "database", "backup").code == 0
        assert exit_code(root) == 0


# ---- and what else stands still


def test_a_send_whose_process_was_killed(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    with receiving(root) as receiver:
        # A command that planned it, and then one that died of SIGKILL in the middle.
        with open_workspace(root, {}) as workspace:
            assert here("-C", root, "send", "--yes", "--at", at(workspace, hours=30)).code == 0
            with workspace.database.write() as connection:
                (send,) = ledger.sends(connection)
                ledger.move(connection, send, "running")
        assert kills.send(root, kill_at=3) == -9
        with open_workspace(root, {}) as workspace:
            # Its hold runs out first; until then nobody can know that it is dead.
            later(workspace, minutes=30)
            with workspace.database.write() as connection:
                connection.execute(update(batch).where(batch.c.token.is_not(None)).values(lease_until=1.0))
                connection.execute(update(sends).values(created=sends.c.created - 3600, send_at=sends.c.created - 3000))
            alerts.tell(workspace)
            assert receiver.kinds().count("stopped") == 0
            later(workspace, minutes=6)
            for _ in range(2):
                alerts.tell(workspace)
            assert receiver.kinds().count("stopped") == 1
        done = here("-C", root, "status")
        assert (done.code, "newsletter send 1" in done.out) == (1, True)
        # The command that status names ends it.
        assert here("-C", root, "send", "1", "--yes").code == 0
        assert exit_code(root) == 0


def test_a_planned_send_that_nobody_started(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    with receiving(root) as receiver, open_workspace(root, {}) as workspace:
        assert here("-C", root, "send", "--yes", "--at", at(workspace, hours=1)).code == 0
        later(workspace, hours=2)
        alerts.tell(workspace)
        alerts.tell(workspace)
        assert receiver.kinds().count("late") == 1
        with workspace.database.write() as connection:
            connection.execute(update(sends).values(send_at=int(datetime.now(UTC).timestamp()) - 3600))
        assert exit_code(root) == 1
        assert here("-C", root, "worker", "--once").code == 0
        assert exit_code(root) == 0


def test_small_letters_that_cannot_go(tmp_path: Path) -> None:
    """A reader asked at the form, and the mail server takes nothing."""
    root = make_workspace(tmp_path / "w")
    with (
        receiving(root) as receiver,
        smtp_standin.running(tmp_path, answers={"MAIL": "451 4.3.2 try again later"}) as server,
        open_workspace(root, {}) as workspace,
    ):
        through(root, "smtp", server.port)
        clock = {"now": workspace.now()}
        workspace.now = lambda: clock["now"]  # type: ignore[method-assign]
        client = TestClient(app_of(workspace, postman=False), base_url="https://news.example.org")
        stamp = stamp_of(client.get("/").text)
        clock["now"] += timedelta(seconds=5)
        assert client.post("/subscribe", data={"email": "salma@example.org", "at": stamp}).status_code == 200
        assert here("-C", root, "subscribers", "letters").code == 75
        alerts.tell(workspace)
        assert receiver.kinds() == []
        clock["now"] += timedelta(minutes=20)
        for _ in range(2):
            alerts.tell(workspace)
        assert receiver.kinds().count("letters") == 1


# ---- once, whoever looks


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_of_many_processes_one_tells(tmp_path: Path, kind: str, ready_urls: MakeDatabase) -> None:
    root = make_workspace(tmp_path / "w", readers=0)
    if kind == "postgresql":
        on(root, ready_urls(kind))
    with open_workspace(root, {}) as workspace:
        with workspace.database.write() as connection:
            if store.list_or_none(connection, "readers") is None:
                store.add_list(connection, "readers", "الموجة", now=workspace.now())
            send = freeze(connection, audience=range(1, 4), size=1)
            ledger.move(connection, send, "paused", reason="554 5.7.1 blocked", by="provider")
        with receiving(root, url=False) as receiver:
            start = tmp_path / "start"
            code = (
                "import sys, time; from pathlib import Path\n"
                "from newsletter.wiring import open_workspace; from newsletter.workflows import alerts\n"
                "with open_workspace(Path(sys.argv[1]), {}) as workspace:\n"
                "    workspace.database; print('ready', flush=True)\n"
                "    while not Path(sys.argv[2]).exists(): time.sleep(0.001)\n"
                "    for _ in range(5): alerts.tell(workspace)\n"
            )
            words = [sys.executable, "-c", code, str(root), str(start)]
            looking = [subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE) for _ in range(4)]
            for process in looking:
                assert process.stdout is not None
                assert process.stdout.readline() == b"ready\n"
            start.touch()
            for process in looking:
                process.communicate(timeout=60)
                assert process.returncode == 0
            assert receiver.kinds() == ["brake"]


@settings(max_examples=15)
@given(steps=st.lists(st.tuples(st.booleans(), st.integers(1, 200), st.integers(1, 3)), max_size=25))
def test_each_spell_of_a_trouble_is_told_once(steps: list[tuple[bool, int, int]]) -> None:
    """A trouble comes and goes by chance, and several look: it is told once for each spell, and its end once."""
    from newsletter.storage.database import open_database

    database = open_database("sqlite:///:memory:")
    try:
        upgrade(database)
        one = Finding("disk", "disk workspace", "full", lasting=0.0)
        now, told, ended = 1_000_000, 0, 0
        spell, missing_since = False, None
        expected_told = expected_ended = 0
        for there, seconds, looks in steps:
            now += seconds
            for _ in range(looks):
                found = [one] if there else []
                with database.write() as connection:
                    mine = memory.due(connection, found, now)
                    over = memory.over(connection, found, now)
                    memory.told(connection, mine, now)
                told += len(mine)
                ended += len(over)
            if there:
                expected_told += not spell
                spell, missing_since = True, None
            elif spell:
                if missing_since is None:
                    missing_since = now
                elif now - missing_since >= memory.REALLY_GONE:
                    spell, missing_since = False, None
                    expected_ended += 1
        assert (told, ended) == (expected_told, expected_ended)
    finally:
        database.close()


def test_a_process_that_dies_while_it_tells_is_taken_over(database: Database) -> None:
    one = Finding("disk", "disk workspace", "full")
    with database.write() as connection:
        assert memory.due(connection, [one], 1000) == [one]  # and is killed
        assert memory.due(connection, [one], 1000 + memory.TELLING - 1) == []
        assert memory.due(connection, [one], 1000 + memory.TELLING + 1) == [one]
        memory.told(connection, [one], 1000 + memory.TELLING + 1)
        assert memory.due(connection, [one], 9_000_000) == []


# ---- the ways


def test_a_way_that_fails_hides_no_other_and_is_tried_again(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    with receiving(root) as receiver, open_workspace(root, {}) as workspace:
        one = Finding(
            "disk",
            "disk workspace",
            "The disk of the {place} is nearly full: {free} MB are free",
            {"place": "x", "free": "1"},
        )
        receiver.status = 302
        outcomes = alerts.tell(workspace, find=lambda _: [one])
        assert [(each.way, each.sent, each.words) for each in outcomes] == [
            ("command", True, ""),
            ("url", False, "127.0.0.1 answered 302"),
        ]
        # No way at all: told later, by whoever looks then.
        other = Finding("backup", "backup", "The newest backup is {days} days old", {"days": "9"})
        (tmp_path / "tell me.py").write_text(
            "import sys; print('no room for reader1@example.net'); sys.exit(7)", "utf-8"
        )
        outcomes = alerts.tell(workspace, find=lambda _: [one, other])
        assert [each.sent for each in outcomes] == [False, False]
        assert outcomes[0].words == "the program ended with 7: no room for …"
        assert alerts.tell(workspace, find=lambda _: [one, other]) == []
        later(workspace, seconds=alerts.PAUSE + 1)
        receiver.status = 204
        assert [each.sent for each in alerts.tell(workspace, find=lambda _: [one, other])] == [False, True]
        assert receiver.posted[-1]["findings"][0]["kind"] == "backup"
        assert alerts.tell(workspace, find=lambda _: [one, other]) == []


def test_a_program_is_called_without_a_shell_and_ended_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways, "COMMAND_SECONDS", 0.5)
    root = make_workspace(tmp_path / "w")
    path = root / "newsletter.toml"
    before = path.read_text("utf-8")
    for command, words in (
        (f"{sys.executable} -c 'import time; time.sleep(600)'", "the program cannot be started"),
        ("no-such-program; touch pwned", "the program cannot be started (No such file or directory)"),
    ):
        path.write_text(with_alerts(before, f"command = {json.dumps(command)}"), "utf-8")
        started = time.monotonic()
        done = here("-C", root, "status", "--test-alert")
        assert done.code == 1
        assert words in done.err, done
        assert time.monotonic() - started < 200
    assert not (root / "pwned").exists()
    path.write_text(with_alerts(before, 'command = "unfinished \'"'), "utf-8")
    complains(here("-C", root, "status"), "command: found a secret", "a program with its arguments is wanted")


def test_no_private_host_is_asked(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    path = root / "newsletter.toml"
    before = path.read_text("utf-8")
    path.write_text(with_alerts(before, 'url = "https://10.1.2.3/hook?key=very-secret"'), "utf-8")
    done = here("-C", root, "status", "--test-alert")
    assert done.code == 1
    assert "10.1.2.3 is no public address; name it in [collect] allow_private_hosts" in done.err
    assert "very-secret" not in done.err
    for wrong in (
        "http://example.org/x",
        "https://user:word@example.org/",
        "ftp://example.org",
        "https://exa mple.org",
    ):
        path.write_text(with_alerts(before, f'url = "{wrong}"'), "utf-8")
        done = here("-C", root, "status")
        complains(done, "found a secret")
        assert wrong not in done.err


@pytest.mark.parametrize("language", ["ar", "en", "fr", "fa", "he"])
def test_a_test_letter_in_every_language(tmp_path: Path, language: str) -> None:
    root = make_workspace(tmp_path / "w")
    with receiving(root, mail=True, language=language) as receiver:
        # A setting in the environment may be a secret: the program does not get it, and looks itself.
        done = here("-C", root, "status", "--test-alert", more={"NASHRA_SENDGRID__KEY": "SG.secret"})
        # The outbox reaches nobody, and says so.
        assert done.code == 1
        assert "mail: failed: letters stay on this machine; no sendmail on this machine; the letter lies in" in done.err
        assert "command: sent" in done.err
        assert "url: sent" in done.err
        assert receiver.posted[0]["test"] is True
    ((subject, text, html),) = letters_to_editor(root)
    direction = "ltr" if language in ("en", "fr") else "rtl"
    assert f'dir="{direction}"' in html
    assert "الموجة" in subject
    assert ("This is a test" in text) is (language == "en")
    assert bool(re.search(r"[\u0590-\u06ff]", text.replace("الموجة", ""))) is (direction == "rtl")


def test_a_moment_and_a_path_stay_whole_in_a_letter_from_right_to_left(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    with open_workspace(root) as workspace:
        state = replace(workspace_state(workspace), disks=(DiskSpace("outbox", "/srv/nashra", 1, 10**12),))
        since = datetime(2026, 11, 24, 9, 55, tzinfo=UTC)
        state = replace(state, letters=3, letters_since=since, now=since + timedelta(hours=1))
        message = message_of(workspace, findings_of(state))
    text, html = message.letter.rendered.text, message.letter.rendered.html
    assert "\u2066/srv/nashra\u2069" in text
    assert re.search("\u2066\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d \\S+\u2069", text)
    assert re.search('<code dir="ltr"[^>]*>/srv/nashra</code>', html)
    # For a program and a chat there are no marks in it.
    assert not re.search("[\u2066-\u2069]", message.subject + message.text + str(message.data))


def test_an_alert_counts_in_the_digits_of_the_letters(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    for digits, shown in (("arabic-indic", "١٢٬٣٤٥"), ("latin", "12,345")):
        with open_workspace(root, {"NASHRA_LETTER__DIGITS": digits}) as workspace:
            since = datetime(2026, 11, 24, 9, 55, tzinfo=UTC)
            now = since + timedelta(hours=1)
            state = replace(workspace_state(workspace), letters=12_345, letters_since=since, now=now)
            assert f" {shown} " in message_of(workspace, findings_of(state)).text


def test_a_letter_goes_by_the_mail_server_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_workspace(tmp_path / "w")
    program = tmp_path / "sendmail"
    program.write_text(f'#!/bin/sh\necho "$@" > "{tmp_path}/arguments"\ncat > "{tmp_path}/mail"\n', "utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(ways, "SENDMAIL", (program,))
    with receiving(root, mail=True):
        done = here("-C", root, "status", "--test-alert")
        assert done.code == 0, done
        assert "mail: by the mail server of this machine (letters stay on this machine)" in done.err
    assert (tmp_path / "arguments").read_text("utf-8").split()[-2:] == ["--", EDITOR]
    assert f"To: {EDITOR}\n" in (tmp_path / "mail").read_text("utf-8")


def test_a_letter_goes_by_the_provider_while_that_is_well(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    with receiving(root, mail=True), smtp_standin.running(tmp_path) as server:
        through(root, "smtp", server.port)
        done = here("-C", root, "status", "--test-alert")
        assert done.code == 0, done
        assert done.err.splitlines()[0] == "mail: sent"
        assert [one["address"] for one in server.taken()] == [EDITOR]
        assert server.faults() == []
    assert letters_to_editor(root) == []


def test_alerts_never_break_what_called_them(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    root = make_workspace(tmp_path / "w")

    def broken(_: Workspace) -> Sequence[Finding]:
        raise RuntimeError("reader1@example.net")

    with receiving(root), open_workspace(root, {}) as workspace:
        assert alerts.tell(workspace, find=broken) == []
    assert "reader1" not in caplog.text
    assert "RuntimeError" in caplog.text


def test_a_quiet_look_writes_nothing(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    with receiving(root), open_workspace(root, {}) as workspace:
        one = Finding("disk", "disk workspace", "full")
        alerts.tell(workspace, find=lambda _: [one])

        def write(*_: Any, **__: Any) -> Any:
            raise AssertionError("nothing is new")

        workspace.database.write = write  # type: ignore[method-assign]
        assert alerts.tell(workspace, find=lambda _: [one]) == []
