"""Kill a send that its first provider stops in the middle, and that goes on through another one.

    python tests/torture.py --points N [--database postgresql] fallback|fallback-steps

SendGrid takes 16 of 40 readers and then nothing more; ``sends divert`` lets SMTP go on with the rest. Each of the three
commands is killed at points spread over all its calls, then the same commands bring it to its end. Both providers are
held against the ledger together: nobody lost, nobody twice, and unknown at most one request of each connection.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import re
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import smtp_standin
import standin
import torture
from settings_text import with_settings
from torture import BATCH, CONNECTIONS, Bench, Call, Outcome

TAKES = 16
"""Readers that the first provider takes before it stops."""
SEND, DIVERT = ("send", "--yes"), ("sends", "divert", "1", "--yes")
COMMANDS = (SEND, DIVERT, SEND)
"""A whole send through both."""
CODES = (75, 0, 0)
"""How each of them ends when nobody kills it."""


class BothWays(Bench):
    """A workspace with two providers."""

    def __init__(self, folder: Path, first: standin.StandIn, second: smtp_standin.StandIn, like: Bench) -> None:
        self.second = second
        super().__init__(folder, "sendgrid", first, CONNECTIONS, like.databases)
        path = self.made / "newsletter.toml"
        lines = f'host = "127.0.0.1"\nport = {second.port}\nsecurity = "none"\nbatch = 15\nletters = 6\ntimeout = 2'
        text = path.read_text("utf-8").replace('kind = "sendgrid"', 'kind = "sendgrid"\nfallback = "smtp"')
        path.write_text(with_settings(text, f"[smtp]\n{lines}\nconnections = {CONNECTIONS}"), "utf-8")

    @contextlib.contextmanager
    def workspace(self) -> Iterator[Path]:
        """A fresh copy, and empty records of what was taken."""
        with super().workspace() as root:
            self.second.log.write_text("")
            yield root

    def taken(self, root: Path) -> Counter[str]:
        """What both took, by address."""
        return super().taken(root) + self.second.addresses()

    def calls_of_each(self) -> list[list[Call]]:
        """The calls of each command of a whole send."""
        found: list[list[Call]] = []
        with self.workspace() as root:
            for command, code in zip(COMMANDS, CODES, strict=True):
                found.append(torture.calls_of(self.folder / "trace", root, *command, code=code))
            result = self.outcome(root)
            assert not result.faults(), result.faults()
            # Two connections may both be under way when it stops.
            assert TAKES <= super().taken(root).total() <= TAKES + BATCH
            assert self.second.addresses().total() >= torture.READERS - TAKES - BATCH
        return found

    def complete(self, root: Path) -> Outcome:
        """Bring a send to its end as an editor would, whatever was killed."""
        for _ in range(5):
            torture.expire(root)
            code, words = torture.meanwhile(root, *SEND)
            if code in {0, 4}:
                return self.outcome(root)
            assert code in {5, 75}, (code, words)
            code, words = torture.meanwhile(root, *DIVERT)
            assert code == 0 or re.search("goes through the other one already|was not stopped", words), words
        raise AssertionError(f"it does not come to its end: {words}")


def fallback(bench: Bench, points: int) -> Iterator[tuple[str, Outcome]]:
    """SIGKILL at each point of a send that goes on through another provider."""
    folders = [bench.folder / name for name in ("first", "second", "ways")]
    for folder in folders:
        folder.mkdir()
    with (
        standin.running(folders[0], takes=TAKES) as first,
        smtp_standin.running(folders[1]) as second,
    ):
        ways = BothWays(folders[2], first, second, bench)
        calls = ways.calls_of_each()
        every = [(phase, call) for phase, mine in enumerate(calls) for call in mine]
        for number in torture.spread(len(every), points):
            phase, (name, count) = every[number - 1]
            with ways.workspace() as root:
                for command, expected in zip(COMMANDS[:phase], CODES[:phase], strict=True):
                    code, words = torture.meanwhile(root, *command)
                    assert code == expected, (command, code, words)
                tracer = torture.inject(name, "signal=SIGKILL", str(count))
                code, _ = torture.done(torture.newsletter(root, *COMMANDS[phase], tracer=tracer))
                result = replace(ways.complete(root), doubt=BATCH, struck=code == -signal.SIGKILL)
                yield f"command {phase + 1} killed at its call {name} {count}", result


# ---- quicker: without strace, killed at the steps that matter


def step_by_step(bench: Bench, points: int) -> Iterator[tuple[str, Outcome]]:
    """SIGKILL before and after each commit, and after each last byte, of one process that does all of it."""
    folders = [bench.folder / name for name in ("first", "second", "ways")]
    for folder in folders:
        folder.mkdir()
    with standin.running(folders[0], takes=TAKES) as first, smtp_standin.running(folders[1]) as second:
        ways = BothWays(folders[2], first, second, bench)
        code, words = torture.done(torture.newsletter(ways.made, "send", "--yes", "--at", "2999-01-01 00:00"))
        assert code == 0, words
        with ways.workspace() as root:
            count = folders[2] / "count"
            assert _process(root, 0, count) == 0
            total = int(count.read_text())
            assert not ways.outcome(root).faults()
        for number in torture.spread(total, points):
            with ways.workspace() as root:
                code = _process(root, number, count)
                torture.expire(root)
                assert _process(root, 0, count) == 0
                result = replace(ways.outcome(root), doubt=BATCH, struck=code == -signal.SIGKILL)
                yield f"killed at step {number} of {total}", result


_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(
    [
        "newsletter.delivery",
        "newsletter.wiring",
        "newsletter.workspace.schema",
        "newsletter.workflows.fallback",
        "newsletter.senders.smtp.carrier",
        "newsletter.senders.sendgrid.sender",
        "sendgrid",
        "sqlalchemy.dialects.sqlite",
        "sqlalchemy.dialects.postgresql",
        "psycopg",
    ]
)


def _process(root: Path, kill_at: int, count: Path) -> int:
    """The whole of it in a process of its own; its exit code, and the steps it made in a file."""
    child = _SERVER.Process(target=_work, args=(str(root), kill_at, str(count)))
    child.start()
    child.join()
    assert child.exitcode is not None
    return child.exitcode


def _work(root: str, kill_at: int, count: str) -> None:
    import http.client

    from sqlalchemy import event

    from newsletter import delivery, ledger
    from newsletter.senders.smtp import wire
    from newsletter.wiring import open_workspace
    from newsletter.workflows import fallback as ways

    counter = itertools.count(1)
    made = 0

    def step(*_: object) -> None:
        nonlocal made
        made = next(counter)
        if made == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    answer, send_bytes = http.client.HTTPConnection.getresponse, wire.SmtpConnection.write

    def getresponse(connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
        # The last byte has gone.
        step()
        return answer(connection)

    def write(self: wire.SmtpConnection, *arguments: Any) -> None:
        send_bytes(self, *arguments)
        step()

    http.client.HTTPConnection.getresponse = getresponse  # type: ignore[method-assign]
    wire.SmtpConnection.write = write  # type: ignore[method-assign]
    with open_workspace(Path(root), {}) as workspace:
        with workspace.database.write() as connection:
            connection.exec_driver_sql("UPDATE send SET state = 'running' WHERE state = 'scheduled'")
        event.listen(workspace.database.engine, "commit", step)
        event.listen(workspace.database.engine, "begin", step)
        for _ in range(6):
            with workspace.database.read() as connection:
                (one,) = ledger.sends(connection)
            if one.state == "finished":
                break
            try:
                delivery.run(workspace.setup_of(one), one, lambda *_: None)
            except delivery.SendPausedError:
                with workspace.database.read() as connection:
                    (one,) = ledger.sends(connection)
                if ways.possible(workspace, one):
                    ways.take_over(workspace, one)
    Path(count).write_text(str(made))


MODES = {"fallback": fallback, "fallback-steps": step_by_step}
