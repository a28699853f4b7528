"""More processes for one send: what they tell each other, and how they end."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import standin
import torture

from newsletter import delivery, ledger
from newsletter.delivery import cores
from newsletter.delivery.processes import GO, HelperProcess, HelperProcesses
from newsletter.wiring import LARGE, Workspace, open_workspace

COUNTS = """
def work(parent):
    if parent.may_begin():
        parent.told("submitted", 3)
        {then}
"""


class Heard:
    """What a process that runs a send hears of its helpers."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.helping: list[bool] = []
        self.first = threading.Event()

    def heard(self, state: str, count: int) -> None:
        self.counts[state] += count
        self.first.set()

    def helped(self, helping: bool) -> None:
        self.helping.append(helping)


def program(then: str) -> list[str]:
    text = COUNTS.format(then=then)
    text += "\nfrom newsletter.delivery.processes import help_parent\nimport sys\nsys.exit(help_parent(work))\n"
    return [sys.executable, "-c", textwrap.dedent(text)]


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_helper_tells_its_counts_and_stops_when_it_is_over() -> None:
    heard = Heard()
    helpers = HelperProcesses(program("parent.over.wait(30); parent.told('refused', 2)"), 1, heard)
    helpers.start()
    assert heard.first.wait(30)
    helpers.stop()
    helpers.wait()
    assert heard.counts == {"submitted": 3, "refused": 2}
    assert heard.helping == [True, False]


@pytest.mark.parametrize(
    ("then", "words"),
    [
        ("raise ValueError('no such thing')", "ValueError: no such thing"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "signal 9"),
        ("parent._tell.write(b'what?'); parent._tell.flush()", "it cannot be understood"),
    ],
)
def test_why_a_helper_ended_is_told_in_one_line(then: str, words: str, caplog: pytest.LogCaptureFixture) -> None:
    heard = Heard()
    helpers = HelperProcesses(program(then), 1, heard)
    with caplog.at_level(logging.WARNING):
        helpers.start()
        until(lambda: heard.helping[-1:] == [False])
        helpers.stop()
        helpers.wait()
    (record,) = caplog.records
    assert words in record.getMessage()
    assert "\n" not in record.getMessage()
    assert heard.counts["submitted"] == 3


def test_a_helper_that_cannot_be_started_is_told_and_nothing_else_happens(caplog: pytest.LogCaptureFixture) -> None:
    helpers = HelperProcesses(["/no/such/program"], 2, Heard())
    helpers.start()
    helpers.stop()
    helpers.wait()
    (record,) = caplog.records
    assert "No such file" in record.getMessage()


def test_a_helper_that_has_not_begun_is_ended_at_once() -> None:
    heard = Heard()
    helpers = HelperProcesses([sys.executable, "-c", "import time; time.sleep(600)"], 1, heard)
    start = time.monotonic()
    helpers.start()
    helpers.stop()
    helpers.wait()
    assert time.monotonic() - start < 200
    assert not heard.counts


def test_a_helper_notices_that_nobody_listens_any_more() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb", buffering=0) as tell:
        parent = HelperProcess(io.BytesIO(GO + b" \n"), tell)
        parent.told("submitted", 1)
        assert parent.over.is_set()


def test_a_helper_outlives_neither_its_parent_nor_a_polite_end() -> None:
    for end in (lambda one: one.stdin.close(), lambda one: one.send_signal(signal.SIGTERM)):
        one = subprocess.Popen(
            program("parent.over.wait(60)"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert one.stdin is not None
        assert one.stdout is not None
        assert json.loads(one.stdout.readline()) == ["ready"]
        one.stdin.write(GO + b" \n")
        one.stdin.flush()
        assert json.loads(one.stdout.readline()) == ["counted", "submitted", 3]
        one.send_signal(signal.SIGINT)  # which is the parent's business
        end(one)
        assert one.wait(30) == 0
        one.stdout.close()
        if not one.stdin.closed:
            one.stdin.close()


def frozen(root: Path) -> None:
    code, words = torture.done(torture.newsletter(root, "send", "--yes", "--at", "2999-01-01 00:00"))
    assert code == 0, words


def running(workspace: Workspace) -> ledger.Send:
    with workspace.database.write() as connection:
        scheduled = ledger.send(connection, 1)
        assert scheduled is not None
        ledger.move(connection, scheduled, "running")
        found = ledger.send(connection, 1)
    assert found is not None
    return found


@pytest.mark.slow
def test_two_processes_deliver_each_letter_once_and_the_first_tells_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_helper: Counter[str] = Counter()
    heard = delivery.Run.heard

    def hear(run: delivery.Run, state: str, count: int) -> None:
        by_helper[state] += count
        heard(run, state, count)

    monkeypatch.setattr(delivery.Run, "heard", hear)
    allowed = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    kept: list[int | None] = []
    keep_to = cores.keep_to
    if allowed:
        monkeypatch.setattr(cores, "shared_out", lambda _processes: (allowed[0], allowed[-1]))
    monkeypatch.setattr(cores, "keep_to", lambda core: (kept.append(core), keep_to(core)))
    with standin.running(tmp_path, delay=0.2) as server:
        root = tmp_path / "w"
        torture.make(root, server, 1, readers=120)
        settings = root / "newsletter.toml"
        settings.write_text(settings.read_text("utf-8").replace("[sender]\n", "[sender]\nprocesses = 2\n"), "utf-8")
        frozen(root)
        with open_workspace(root) as workspace:
            told = delivery.StateCounts()
            setup = workspace.delivery_setup
            account = delivery.run(setup, running(workspace), told)
        assert account.submitted == told.submitted == 120
        assert 0 < by_helper["submitted"] < 120
        assert list(server.addresses().values()) == [1] * 120
        # The threads that delivered kept to one core while the helper had the other; this one never did.
        assert set(kept[:1]) == set(allowed[:1])
        assert not allowed or sorted(os.sched_getaffinity(0)) == allowed


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system keeps no thread to a core")
def test_a_helper_keeps_to_the_core_that_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    last = max(os.sched_getaffinity(0))
    monkeypatch.setattr(cores, "shared_out", lambda _processes: (last, last))
    heard = Heard()
    helpers = HelperProcesses(program("import os; parent.told(str(os.sched_getaffinity(0)), 1)"), 1, heard)
    helpers.start()
    helpers.wait()
    assert heard.counts == {"submitted": 3, str({last}): 1}


@pytest.mark.parametrize(
    ("allowed", "processes", "found"),
    [
        ({0, 1}, 2, (0, 1)),
        ({3, 5}, 2, (3, 5)),
        ({2}, 2, (2, 2)),
        ({0, 1}, 3, (0, 1, 0)),
        ({0, 1}, 1, ()),
        ({0, 1, 2}, 2, ()),
    ],
)
def test_cores_are_shared_out_where_there_are_as_many_processes(
    allowed: set[int], processes: int, found: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: allowed, raising=False)
    assert cores.shared_out(processes) == found


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system keeps no thread to a core")
def test_a_thread_that_kept_to_a_core_may_use_all_again() -> None:
    seen: list[set[int]] = []

    def act() -> None:
        for core in (min(os.sched_getaffinity(0)), None):
            cores.keep_to(core)
            seen.append(os.sched_getaffinity(0))

    before = os.sched_getaffinity(0)
    thread = threading.Thread(target=act)
    thread.start()
    thread.join()
    assert seen == [{min(before)}, before]
    assert os.sched_getaffinity(0) == before


@pytest.mark.parametrize("kind", ["sendgrid", "outbox"])
def test_how_many_processes_a_workspace_uses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    torture.make(tmp_path / "w", None, 1)
    for name in [one for one in os.environ if one.startswith("NASHRA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setenv("NASHRA_SENDER__KIND", kind)
    monkeypatch.setenv("NASHRA_SENDGRID__KEY", "SG.test")
    with open_workspace(tmp_path / "w") as workspace:
        setup = workspace.delivery_setup
        assert (setup.processes, setup.helped_from) == (2 if kind == "sendgrid" else 1, LARGE)
        assert setup.helper
    monkeypatch.setenv("NASHRA_SENDER__PROCESSES", "3")
    with open_workspace(tmp_path / "w") as workspace:
        assert (workspace.delivery_setup.processes, workspace.delivery_setup.helped_from) == (3, 2)
    with open_workspace(tmp_path / "w", {"NASHRA_SENDER__PATIENCE": "7"}) as workspace:
        # Another program would read other settings than these.
        assert workspace.helper == ()
