"""A provider in trouble for as long as a worker tries it again and again: nobody is refused, little is left in doubt.

    python tests/torture.py --points N [--sender sendgrid|smtp] nofield|blocked|hanging|failing
    python tests/torture.py --points N --sender sendgrid early

- ``nofield``: SendGrid answers 400 and names no field; ``blocked``: the mail server says ``554 … blocked``;
  ``hanging``: nothing is answered; ``failing``: 500 (SMTP: 451). A worker makes N trials meanwhile; pauses between them
  are short here, and double as they do. Then the trouble ends, and one call of ``send`` brings it to its end.
- ``early``: SendGrid takes every request and reports it, and never answers: what was reported is never unknown.
"""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import smtp_standin
import standin
import torture
from torture import BATCH, CONNECTIONS, Bench, Outcome, Server

from newsletter import ledger
from newsletter.delivery import MOST_UNKNOWN_IN_A_ROW
from newsletter.wiring import open_workspace
from subscribers.models import Event

PAUSE = 0.5
"""Seconds before the first trial."""
MOST_TRIES = 10
"""Letters that a server which blocks everything may see in the trials of an hour."""
TROUBLES: dict[str, dict[str, dict[str, Any]]] = {
    "nofield": {"sendgrid": {"faults": {"400_no_field": 1.0}}},
    "blocked": {"smtp": {"answers": {"RCPT": "554 5.7.1 Client host [192.0.2.1] blocked using bl.example"}}},
    "hanging": {"sendgrid": {"faults": {"hang_before": 1.0}}, "smtp": {"faults": {"dot hang-after": 1.0}}},
    "failing": {"sendgrid": {"faults": {"500": 1.0}}, "smtp": {"answers": {".": "451 4.3.0 try again later"}}},
}


def towards(root: Path, server: Server) -> None:
    """Let a workspace send to another stand-in."""
    path = root / "newsletter.toml"
    text = path.read_text("utf-8")
    if isinstance(server, standin.StandIn):
        text = re.sub(r'(?m)^host = "[^"]*"', f'host = "{server.host}"', text)
    else:
        text = re.sub(r"(?m)^port = \d+", f"port = {server.port}", text)
    path.write_text(re.sub(r"(?m)^patience = 2\b", "patience = 4", text), "utf-8")


@contextlib.contextmanager
def another(bench: Bench, name: str, **plan: Any) -> Iterator[Server]:
    """A second stand-in of the same kind, with a plan."""
    folder = bench.folder / f"{name}{bench.count}"
    folder.mkdir()
    running = smtp_standin.running if bench.sender == "smtp" else standin.running
    with running(folder, **plan) as server:
        yield server


def tried(root: Path) -> tuple[str, int]:
    """The state of the send, and how often it was stopped."""
    with open_workspace(root, {}) as workspace, workspace.database.read() as connection:
        (send,) = ledger.sends(connection)
        return send.state, send.probes


def trouble(kind: str, bench: Bench, points: int) -> Iterator[tuple[str, Outcome]]:
    """A provider in trouble, a worker that tries it ``points`` times, then the end of the trouble."""
    plan = TROUBLES[kind].get(bench.sender)
    assert plan is not None, f"{kind} is for {', '.join(TROUBLES[kind])}"
    with bench.workspace() as root, another(bench, "trouble", **plan) as bad:
        towards(root, bad)
        code, words = torture.meanwhile(root, "send", "--yes")
        assert code in {5, 75}, words
        assert "paused" in words, words
        first = [state for _, state in torture.rows(root)].count("unknown")
        with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
            # The command counts in minutes.
            connection.exec_driver_sql("UPDATE send SET probe_at = 1")
        work = [sys.executable, __file__, str(root), str(PAUSE)]
        worker = subprocess.Popen(work, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            end = time.monotonic() + 30 + 10 * points + PAUSE * 2 ** (points + 1)
            while (standing := tried(root))[1] <= points:
                assert standing[0] == "paused", standing
                assert time.monotonic() < end, f"{standing} after all this time"
                time.sleep(0.2)
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait(60)
        states = Counter(state for _, state in torture.rows(root))
        assert states["refused"] == states["submitted"] == 0, states
        lost = states["unknown"]
        if kind in {"nofield", "blocked"}:
            assert lost == 0, states
        # A small request, single letters until the run gives up, and one more for each trial.
        assert first <= BATCH + CONNECTIONS + MOST_UNKNOWN_IN_A_ROW, first
        assert lost <= first + points + 1, states
        seen = bad.refusals() if isinstance(bad, smtp_standin.StandIn) else 0
        assert kind != "blocked" or points > 6 or seen <= MOST_TRIES, f"it saw {seen} letters"
        had = bad.addresses()
        assert bench.server is not None
        towards(root, bench.server)
        # What was put off has a time of its own.
        path = root / "newsletter.toml"
        path.write_text(re.sub(r"(?m)^patience = 4\b", "patience = 60", path.read_text("utf-8")), "utf-8")
        code, words = torture.meanwhile(root, "send", "--yes", "--with-this-sender")
        assert code in {0, 4}, words
        result = bench.outcome(root)
        result = replace(result, taken=result.taken + had, doubt=max(result.doubt, lost))
        yield f"{kind}: {points} trials, {first} unknown at first, {lost} after them, {seen} refusals seen", result


def early(bench: Bench, points: int) -> Iterator[tuple[str, Outcome]]:
    """Requests that are taken and reported, and never answered."""
    assert bench.sender == "sendgrid", "only a provider that reports"
    for number in range(points):
        with bench.workspace() as root, another(bench, "early", faults={"hang_after": 1.0}) as bad:
            towards(root, bad)
            over = threading.Event()
            reporting = threading.Thread(target=report, args=(root, bad, over, bool(number % 2)))
            reporting.start()
            try:
                code, words = torture.meanwhile(root, "send", "--yes")
            finally:
                over.set()
                reporting.join()
            assert code in {5, 75}, words
            assert bench.server is not None
            towards(root, bench.server)
            states = dict(torture.rows(root))
            had = bad.addresses()
            assert had
            wrong = [address for address in had if states[address] != "submitted"]
            assert not wrong, f"reported, and yet {[states[one] for one in wrong]}"
            code, words = torture.meanwhile(root, "sends", "resume", "1", "--resend-unknown", "--yes")
            code, words = torture.meanwhile(root, "send", "--yes", "--with-this-sender")
            assert code in {0, 4}, words
            result = bench.outcome(root)
            yield f"early, {number}", replace(result, taken=result.taken + had)


def report(root: Path, server: Server, over: threading.Event, names_request: bool) -> None:
    """Tell the events of everything that was taken, each as soon as it was, until it is over."""
    told: set[str] = set()
    with open_workspace(root, {}) as workspace:
        while not over.is_set():
            fresh = [one for one in server.taken() if one["nashra_delivery"] not in told]
            for one in fresh:
                event = Event("delivered", datetime.now(UTC), one["nashra_delivery"])
                request = one["nashra_request"] if names_request else ""
                with workspace.database.write() as connection:
                    ledger.note(connection, [(event, request)])
                told.add(one["nashra_delivery"])
            over.wait(0.05)


MODES = {**{kind: partial(trouble, kind) for kind in TROUBLES}, "early": early}


def work(root: Path, pause: float) -> None:
    """A worker in this process, whose pauses between trials are short."""
    from newsletter.workflows.worker import Worker

    with open_workspace(root) as workspace:
        worker = Worker(workspace, tell=lambda _: None, look_every=0.1, probe_pause=pause)
        signal.signal(signal.SIGTERM, lambda _number, _frame: worker.over.set())
        worker.run()


if __name__ == "__main__":
    work(Path(sys.argv[1]), json.loads(sys.argv[2]))
