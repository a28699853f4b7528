"""How everything is: what status says and its exit code, health, metrics and logs for programs that watch."""

from __future__ import annotations

import json
import logging
import re
import signal
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from command import command, complains, environment, here, make_workspace
from hypothesis import given
from hypothesis import strategies as st
from reader_pages import free_port
from settings_text import with_settings
from starlette.testclient import TestClient
from test_ledger import claim, freeze

from newsletter import ledger
from newsletter.errors import SettingsError
from newsletter.ledger import overview
from newsletter.ledger.cursors import ALIVE, NEXT_SIGN, SCHEDULE, set_cursor
from newsletter.storage import tables
from newsletter.storage.database import Database
from newsletter.wiring import open_workspace
from newsletter.workflows import alerts, health, logs, status
from newsletter.workflows.metrics import CONTENT_TYPE, metrics_text
from newsletter.workflows.serve import app_of
from newsletter.workflows.status.findings import filled, without_addresses
from newsletter.workflows.status.texts import KINDS, TEXTS
from subscribers import store

BASE = "https://news.example.org"
TOKEN = "a-token-of-some-length"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


# ---- counts


@given(st.data())
def test_quick_counts_are_those_of_the_account(sqlite_ledger: Database, data: st.DataObject) -> None:
    """Deliveries of two sends in any states: both ways of counting agree."""
    from sqlalchemy import update

    from newsletter.storage.tables import batch, delivery

    states = ("queued", "submitting", "submitted", "refused", "unknown", "skipped")
    with sqlite_ledger.write() as connection:
        for send in ledger.sends(connection):
            for row in connection.execute(batch.select().where(batch.c.send_id == send.id)).all():
                drawn = data.draw(st.sampled_from(states[:5]))
                connection.execute(update(batch).where(batch.c.id == row.id).values(state=drawn))
                for one in connection.execute(delivery.select().where(delivery.c.batch_id == row.id)).all():
                    own = data.draw(st.sampled_from((None, *states)))
                    connection.execute(update(delivery).where(delivery.c.id == one.id).values(state=own))
        sends = ledger.sends(connection)
        troubled = overview.refused_and_unknown(connection, sends)
        for send in sends:
            account = ledger.account(connection, send.id)
            assert overview.quick_account(connection, send.id) == replace(account, reasons=None)
            assert troubled.get(send.id, (0, 0)) == (account.refused, account.unknown)
        assert overview.refused_and_unknown(connection, sends[1:]).get(sends[0].id) is None


@pytest.fixture(scope="module")
def sqlite_ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    from newsletter.storage.database import open_database, upgrade

    database = open_database(f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'l.db'}")
    upgrade(database)
    with database.write() as connection:
        store.add_list(connection, "readers", "الموجة", now=NOW)
        freeze(connection, audience=range(1, 8), size=3)
        freeze(connection, audience=range(1, 6), size=2, key="13")
    yield database
    database.close()


def test_counts_on_both_databases(database: Database) -> None:
    with database.write() as connection:
        store.add_list(connection, "readers", "الموجة", now=NOW)
        send = freeze(connection, audience=range(1, 8), size=3)
        assert not overview.at_work(connection, send.id)
        batch = claim(connection, send)
        assert overview.at_work(connection, send.id)
        # Whoever held it went silent: its lease runs out by itself.
        held = tables.batch.c.id == batch.id
        connection.execute(tables.batch.update().where(held).values(lease_until=1.0))
        assert not overview.at_work(connection, send.id)
        connection.execute(tables.batch.update().where(held).values(lease_until=4e9))
        assert ledger.mark_submitting(connection, batch, skipped={}, lease=30)
        ledger.record(connection, batch, "submitted", {1: ("refused", "no such user"), 2: ("unknown", "")})
        assert not overview.at_work(connection, send.id)
        account = ledger.account(connection, send.id)
        assert (account.refused, account.unknown) == (1, 1)
        assert overview.quick_account(connection, send.id) == replace(account, reasons=None)
        assert overview.refused_and_unknown(connection, [send]) == {send.id: (1, 1)}
        assert overview.reported(connection, [send]) == {}


def test_refused_ones_are_found_whose_letters_were_put_off(database: Database) -> None:
    """The first deliveries of the oldest batch may be in another batch at the end."""
    with database.write() as connection:
        store.add_list(connection, "readers", "الموجة", now=NOW)
        send = freeze(connection, audience=range(1, 4), size=3)
        batch = claim(connection, send)
        (first, *_) = ledger.deliveries(connection, batch.id)
        assert ledger.put_off(connection, batch, [first.id], 0.0) == 1
        ledger.record(connection, batch, "submitted", {})
        later = claim(connection, send)
        ledger.record(connection, later, "submitted", {first.id: ("refused", "no such user")})
        assert overview.refused_and_unknown(connection, [send]) == {send.id: (1, 0)}


# ---- words


def test_every_kind_has_its_texts_in_the_catalogue() -> None:
    from babel.messages.pofile import read_po

    from newsletter.workflows.alerts.writing import OWN_TEXTS
    from newsletter.workflows.status.texts import STEPS

    path = Path(__file__).resolve().parents[1] / "templates" / "locale" / "ar" / "alerts.po"
    with path.open("rb") as file:
        known = {str(one.id) for one in read_po(file) if one.id}
    wanted = {text for pair in TEXTS.values() for text in pair if text} | set(STEPS) | set(OWN_TEXTS)
    assert wanted == known


def test_a_value_is_never_looked_into() -> None:
    assert filled("{a} and {b}, {c}", {"a": "{b}", "b": "two"}) == "{b} and two, {c}"


@pytest.mark.parametrize(
    "text",
    [
        "550 5.1.1 <reader@example.net>: no such user",
        "550 to=reader+tag@example.net, blocked",
        "قارئ@مثال.إختبار unknown",
        "mailto:reader%40example.net bounced",
        "reader\n@example.net reader@example.net\0",
    ],
)
def test_no_address_gets_into_a_finding(text: str) -> None:
    said = without_addresses(text)
    assert not re.search(r"\S+(@|%40)\S+", said), said
    assert "\n" not in said


# ---- the command


def test_status_of_a_quiet_workspace(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    assert here("-C", root, "send", "--yes").code == 0
    done = here("-C", root, "status")
    assert done.code == 0, done
    assert done.err == "Nothing needs a person.\n"
    told = json.loads(here("-C", root, "status", "--json").out)
    assert set(told) == {
        *("ok", "at", "findings", "database", "sends", "worker", "schedule", "small_letters", "bounces_held", "form"),
        *("disks", "backup", "unknown_sends"),
    }
    assert told["ok"] is True
    assert [one["kind"] for one in told["findings"]] == ["no-backup"]
    assert set(told["findings"][0]) == {"kind", "key", "words", "next", "needs_person", "since", "send"}
    assert told["sends"] == []
    assert told["backup"] == {"known": True, "newest": None}


def test_status_changes_nothing_and_tells_what_was_planned(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    assert here("-C", root, "send", "--yes", "--at", "2099-01-01 10:00").code == 0
    done = here("-C", root, "status")
    assert done.code == 1
    assert "Issue 1 is planned, and no worker is there to start it; start newsletter worker, or put this" in done.out
    assert here("-C", root, "worker", "--once").code == 0
    done = here("-C", root, "status")
    assert done.code == 0, done
    assert "issue 1 starts 2099-01-01 10:00" in done.out
    told = json.loads(here("-C", root, "status", "--json").out)
    assert [(one["issue"], one["state"]) for one in told["sends"]] == [("1", "scheduled")]
    assert told["worker"]["last_sign"] < told["worker"]["next_sign_before"]


def test_a_send_that_an_editor_paused_asks_for_a_person_and_tells_nobody(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    with open_workspace(root, {}) as workspace:
        with workspace.database.write() as connection:
            send = freeze(connection, audience=range(1, 4), size=1)
            ledger.move(connection, send, "paused", reason="by an editor")
        (one,) = [each for each in status.findings(workspace) if each.kind == "rests"]
        assert (one.needs_person, one.alert, one.send) == (True, False, send.public_id)
        with workspace.database.write() as connection:
            ledger.move(connection, send, "running")
            ledger.move(connection, send, "paused", reason="day 2", by="warm-up")
        (one,) = [each for each in status.findings(workspace) if each.kind == "warm-up"]
        assert (one.needs_person, one.alert) == (False, False)


def test_a_worker_is_only_missed_where_something_waits_for_it(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    with open_workspace(root, {}) as workspace:
        hour_ago = int((workspace.now() - timedelta(hours=1)).timestamp())
        with workspace.database.write() as connection:
            set_cursor(connection, ALIVE, hour_ago)
            set_cursor(connection, NEXT_SIGN, hour_ago + 60)
        state = status.workspace_state(workspace)
        assert "worker" not in {one.kind for one in status.findings_of(state)}
        with workspace.database.write() as connection:
            freeze(connection, audience=range(1, 4), size=1)
        found = {one.kind: one for one in status.findings(workspace)}
        assert found["worker"].needs_person
        assert "stopped" in found
        # A worker of cron is expected again within a quarter of an hour.
        with workspace.database.write() as connection:
            set_cursor(connection, NEXT_SIGN, int(workspace.now().timestamp()) + 600)
        assert {"worker", "stopped"}.isdisjoint(one.kind for one in status.findings(workspace))


def test_a_database_that_was_restored_is_told(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    assert here("-C", root, "database", "backup").code == 0
    assert here("-C", root, "send", "--yes").code == 0
    assert here("-C", root, "status").code == 0
    (copy,) = (root / "backups").glob("*.db")
    for name in ("newsletter.db-wal", "newsletter.db-shm"):
        (root / name).unlink(missing_ok=True)
    copy.rename(root / "newsletter.db")
    done = here("-C", root, "status")
    assert done.code == 1
    assert "The database is older than what this workspace remembers" in done.out
    assert "newsletter database adopt" in done.out


def test_a_database_of_a_newer_program_is_told_as_that(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    with closing(sqlite3.connect(root / "newsletter.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    done = here("-C", root, "status")
    assert done.code == 1
    assert "The database is newer than this program: its schema is 9999" in done.out
    assert "upgrade nashra on this machine" in done.out
    assert "reached" not in done.out
    (found,) = json.loads(here("-C", root, "status", "--json").out)["findings"]
    assert (found["kind"], found["needs_person"]) == ("new-schema", True)
    # Whoever watches the program hears of it, and alerts look nowhere for what they told before.
    with open_workspace(root) as workspace:
        assert health.Watched(workspace).health("")[0] == 503
        assert alerts.tell(workspace) == []


# ---- OpenMetrics


def parse(text: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    """A strict reader of OpenMetrics text 1.0.0, as far as gauges and infos go."""
    assert text.endswith("# EOF\n")
    lines = text.removesuffix("# EOF\n").splitlines()
    families: dict[str, list[tuple[dict[str, str], float]]] = {}
    kind, family, seen, samples_begun = "", "", [], False
    for line in lines:
        assert line == line.strip()
        assert line
        if line.startswith("# "):
            word, name, rest = re.fullmatch(r"# (TYPE|UNIT|HELP) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)", line).groups()  # type: ignore[union-attr]
            if name != family:
                assert name not in families, "a family stands in one piece"
                families[name], family, seen, samples_begun = [], name, [], False
            assert word not in seen, "once for a family"
            assert not samples_begun, "before its samples"
            seen.append(word)
            if word == "TYPE":
                kind = rest
                assert kind in ("gauge", "info")
            if word == "UNIT":
                assert name.endswith(f"_{rest}")
            if word == "HELP":
                assert not re.search(r'(?<!\\)"|\\[^\\n"]', rest)
            continue
        match = re.fullmatch(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?[0-9.e+-]+)", line)
        assert match, line
        name, inside, value = match.groups()
        assert name == family + ("_info" if kind == "info" else "")
        samples_begun = True
        labels = dict(re.findall(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"', inside or ""))
        assert ",".join(f'{key}="{text}"' for key, text in labels.items()) == (inside or "")
        assert labels not in [known for known, _ in families[family]], "no sample twice"
        families[family].append((labels, float(value)))
    return families


@pytest.mark.parametrize(
    "broken",
    [
        "# TYPE a gauge\na 1\n",
        "# TYPE a gauge\na 1\na 1\n# EOF\n",
        "# TYPE a gauge\nb 1\n# EOF\n",
        '# TYPE a gauge\na{x="1""} 1\n# EOF\n',
        "a 1\n# TYPE a gauge\n# EOF\n",
        "# TYPE a gauge\n# UNIT a seconds\na 1\n# EOF\n",
    ],
)
def test_the_reader_of_metrics_is_strict(broken: str) -> None:
    with pytest.raises(AssertionError):
        parse(broken)


def test_metrics_are_open_metrics_and_hold_no_reader(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    (root / "secrets" / "web.metrics").write_text(TOKEN, "utf-8")
    with open_workspace(root, {}) as workspace:
        with workspace.database.write() as connection:
            send = freeze(connection, audience=range(1, 8), size=3)
        client = TestClient(app_of(workspace, postman=False), base_url=BASE)
        for wrong in ({}, {"authorization": f"Bearer {TOKEN}x"}, {"authorization": TOKEN}, {"authorization": "é"}):
            raw = {name: value.encode("utf-8") for name, value in wrong.items()}
            answer = client.get("/metrics", headers=raw)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="metrics"')
        answer = client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200
        assert answer.headers["content-type"] == CONTENT_TYPE
        assert answer.headers["cache-control"] == "no-store"
        found = parse(answer.text)
        assert ({"state": "running"}, 1.0) in found["nashra_sends"]
        assert ({"send": send.public_id, "state": "queued"}, 7.0) in found["nashra_send_deliveries"]
        assert found["nashra_up"] == [({}, 1.0)]
        assert {labels["kind"] for labels, _ in found["nashra_findings"]} == set(KINDS)
        assert "reader" not in answer.text
        assert "@" not in answer.text


def test_without_a_token_there_are_no_metrics(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    with open_workspace(root, {}) as workspace:
        client = TestClient(app_of(workspace, postman=False), base_url=BASE)
        assert client.get("/metrics").status_code == 404
        assert client.get("/metrics", headers={"authorization": "Bearer "}).status_code == 404
        assert client.get("/health", headers={"authorization": "Bearer "}).json() == {"ok": True}
    (root / "secrets" / "web.metrics").write_text("short", "utf-8")
    complains(here("-C", root, "status"), "web.metrics: found a secret, but 16 to 200 letters")


def test_metrics_of_a_database_that_is_away_and_of_many_sends() -> None:
    found = parse(metrics_text(None, [], {}, '0.1"\\\n'))
    assert found["nashra_up"] == [({}, 0.0)]
    assert "nashra_sends" not in found


# ---- health


class Steps:
    """A monotonic clock that goes when it is told to."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def test_health_tells_details_only_to_who_has_the_token(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    (root / "secrets" / "web.metrics").write_text(TOKEN, "utf-8")
    file = root / "newsletter.db"
    with open_workspace(root, {}) as workspace:
        clock = Steps()
        watched = health.Watched(workspace, clock)
        assert watched.health("") == (200, {"ok": True})
        code, told = watched.health(f"Bearer {TOKEN}")
        assert (code, told["database"], told["worker"]) == (200, "ok", "ok")
        # A worker that died while a send waits.
        hour_ago = int((workspace.now() - timedelta(hours=1)).timestamp())
        with workspace.database.write() as connection:
            freeze(connection, audience=range(1, 4), size=1)
            set_cursor(connection, ALIVE, hour_ago)
        assert watched.health("")[0] == 200  # looked at a moment ago
        clock.at += health.KEPT
        assert watched.health("") == (503, {"ok": False})
        assert watched.health(f"Bearer {TOKEN}")[1]["worker"] == "silent"
        client = TestClient(app_of(workspace, postman=False), base_url=BASE)
        assert client.get("/health").status_code == 503
        # What stands before the pages must not take them away for that.
        assert client.get("/health/pages").json() == {"ok": True}
    for name in ("newsletter.db-wal", "newsletter.db-shm"):
        (root / name).unlink(missing_ok=True)
    file.write_bytes(b"no database " * 100)
    with open_workspace(root, {}) as workspace:
        assert health.Watched(workspace).health("") == (503, {"ok": False})
        told = health.Watched(workspace).health(f"Bearer {TOKEN}")[1]
        assert told["database"] == "away"


def test_nobody_waits_for_a_database_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    root = make_workspace(tmp_path / "w")
    with open_workspace(root, {}) as workspace:
        clock = Steps()
        watched = health.Watched(workspace, clock)
        assert watched.health("") == (200, {"ok": True})
        clock.at += health.KEPT
        asked, back = threading.Event(), threading.Event()

        def hang(_: object) -> status.WorkspaceState:
            asked.set()
            assert back.wait(30)
            raise SettingsError("away")

        monkeypatch.setattr(status, "workspace_state", hang)
        first = threading.Thread(target=watched.look)
        first.start()
        assert asked.wait(30)
        assert watched.health("") == (200, {"ok": True})
        back.set()
        first.join()
        assert watched.health("") == (503, {"ok": False})


@pytest.mark.slow
def test_a_served_workspace_answers_and_logs_json(tmp_path: Path) -> None:
    port = free_port()
    root = make_workspace(tmp_path / "w", readers=0)
    text = (root / "newsletter.toml").read_text("utf-8")
    (root / "newsletter.toml").write_text(text.replace(f'"{BASE}"', f'"http://127.0.0.1:{port}"'), "utf-8")
    words = command("-C", root, "serve", "--port", port, "--log", "json")
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(words, stderr=log, env=environment()) as process:
        try:
            assert fetched(f"http://127.0.0.1:{port}/health") == (200, {"ok": True})
            assert fetched(f"http://127.0.0.1:{port}/preferences/reader@example.net")[0] == 404
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(120)
    lines = [line for line in (tmp_path / "log").read_text("utf-8").splitlines() if not line.startswith("Serving at")]
    assert lines
    for line in lines:
        told = json.loads(line)
        assert set(told) >= {"time", "level", "event", "words"}
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told["time"])
        assert "@" not in line


def fetched(url: str, seconds: float = 120.0) -> tuple[int, Any]:
    """Status and JSON of an address, as soon as anybody answers there."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, None
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.mark.slow
def test_a_worker_tells_whether_it_is_well_and_logs_json(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    with open_workspace(root, {}) as workspace, workspace.database.read() as connection:
        assert ledger.sends(connection) == []
    port = free_port()
    words = command("-C", root, "worker", "--health", port, "--log", "json")
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(words, stderr=log, env=environment()) as process:
        try:
            assert fetched(f"http://127.0.0.1:{port}/health") == (200, {"ok": True})
            assert fetched(f"http://127.0.0.1:{port}/other")[0] == 404
            taken = here("-C", root, "worker", "--health", str(port))
            complains(taken, "cannot listen there", "--health")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(120)
    told = [json.loads(line) for line in (tmp_path / "log").read_text("utf-8").splitlines()]
    assert [one["event"] for one in told] == ["worker"] * len(told)
    assert told[-1]["words"] == "Ended; nothing was left in the middle."


def test_the_schedule_logs_json(tmp_path: Path) -> None:
    """From cron: every line of stderr is an object, whatever is done; stdout keeps what came of each duty."""
    root = make_workspace(tmp_path / "w")
    path = root / "newsletter.toml"
    text = with_settings(path.read_text("utf-8"), '[schedule]\ndaily = "00:00"\n')
    # Without pages it is this command that sends small letters.
    path.write_text(text.replace(f'url = "{BASE}"\n', "", 1), "utf-8")
    words = ("-C", root, "schedule", "--run", "--log", "json")

    def logged() -> list[dict[str, Any]]:
        done = subprocess.run(command(*words), capture_output=True, text=True, env=environment(), check=False)
        assert done.returncode in {0, 1}, done
        return [json.loads(line) for line in done.stderr.splitlines()]

    assert [(one["event"], one["words"]) for one in logged()] == [("schedule", "Nothing is due.")]
    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        set_cursor(connection, f"{SCHEDULE}daily", int((workspace.now() - timedelta(days=2)).timestamp()))
        store.queue_letter(connection, "welcome", 1, 1, now=workspace.now())
    told = logged()
    assert "Small letters: 1 submitted." in {one["words"] for one in told}
    assert any(one["words"].startswith("daily 'readers': ") for one in told)
    assert all(set(one) >= {"time", "level", "event", "words"} for one in told)
    complains(here("-C", root, "schedule", "--log", "json"), "--log goes with --run", code=2, lines=4)


def test_a_worker_whose_looks_do_not_end_is_not_well(tmp_path: Path) -> None:
    from newsletter.workflows.worker import Worker

    root = make_workspace(tmp_path / "w")
    with open_workspace(root, {}) as workspace:
        worker = Worker(workspace, tell=lambda _: None)
        server = health.HealthServer("127.0.0.1", 0, worker.ill)
        server.start()
        try:
            assert fetched(f"http://127.0.0.1:{server.port}/health") == (200, {"ok": True})
            worker._looked -= 1000
            assert fetched(f"http://127.0.0.1:{server.port}/health")[0] == 503
        finally:
            server.stop()


def test_a_line_of_the_log_names_its_send_and_no_address() -> None:
    record = logging.LogRecord("nashra.worker", logging.WARNING, "x", 1, "%s bounced\nhard", ("r@example.net",), None)
    with logs.about_send("abc"):
        line = logs.JsonLines().format(record)
    told = json.loads(line)
    assert "\n" not in line
    assert told.pop("time").endswith("Z")
    assert told == {"level": "warning", "event": "worker", "words": "… bounced hard", "send": "abc"}
    assert "send" not in json.loads(logs.JsonLines().format(record))
