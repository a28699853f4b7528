"""Kill one process or the other of a send that two of them deliver, again and again, and count what arrived.

    python tests/torture.py --points N [--database postgresql] processes

The command is told to use two processes. The second one, or the first, or both are killed with SIGKILL at a moment
drawn anew for each point: from before the second has begun to long after. Then leases run out, and the same command
runs again, to be killed in its turn, until the send is at its end. A process that was killed may leave one request in
doubt for each of its connections.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import standin
import torture
from torture import BATCH, CONNECTIONS, Bench, Outcome

LETTERS = 60
"""Readers of one send: with two letters a request that lasts for several kills."""
WAYS = ("second", "first", "both", "second, then first", "first, then second")
ANSWER = 0.15
"""Seconds that the provider takes for an answer, so that a send lasts longer than its second process takes to come."""


def processes(bench: Bench, points: int) -> Iterator[tuple[str, Outcome]]:
    """SIGKILL to one of two processes, or to both, at each point."""
    chance = random.Random(points)
    folder = bench.folder / "large"
    folder.mkdir()
    with standin.running(folder, delay=ANSWER) as server:
        mine = Bench(folder, "sendgrid", server, CONNECTIONS, bench.databases, 4 * LETTERS)
        settings = mine.made / "newsletter.toml"
        settings.write_text(settings.read_text("utf-8").replace("[sender]\n", "[sender]\nprocesses = 2\n"), "utf-8")
        done = 0
        while done < points:
            with mine.workspace() as root:
                kills = at_work = 0
                while done < points:
                    way = WAYS[done % len(WAYS)]
                    second = struck(root, way, chance.uniform(0, 1.5), chance.uniform(0, 0.3))
                    if second is None:
                        break
                    done, kills, at_work = done + 1, kills + 1, at_work + second
                    torture.expire(root)
                    early = mine.outcome(root).faults(complete=False, requests=2 * CONNECTIONS * kills)
                    assert not early, (way, early)
                result = resumed(mine, root)
                where = f"{kills} kills in one send, {at_work} of them with two processes at work"
                # Each kill may leave every connection of both processes in doubt.
                yield where, replace(result, doubt=2 * BATCH * max(kills, 1), struck=at_work > 0)


def resumed(bench: Bench, root: Path) -> Outcome:
    """Run the send again after its leases have run out, to its end; with letters in doubt that is told by a 4."""
    torture.expire(root)
    code, words = torture.meanwhile(root, "send", "--yes")
    assert code in {0, 1, 4}, words
    return bench.outcome(root)


def struck(root: Path, way: str, after: float, between: float) -> bool | None:
    """Start the send and kill its processes; None when it came to its end before, else whether both were there."""
    first = torture.newsletter(root, "send", "--yes")
    second = 0
    while not second and first.poll() is None:
        time.sleep(0.02)
        second = child_of(first.pid)
    end = time.monotonic() + after
    while time.monotonic() < end and first.poll() is None:
        time.sleep(0.02)
    if first.poll() is not None:
        code, words = torture.done(first)
        assert code in {0, 1, 4}, words
        return None
    there = second in children(first.pid)
    for at, name in enumerate(way.split(", then ")):
        if at:
            time.sleep(between)
        for number in {"first": [first.pid], "second": [second], "both": [first.pid, second]}[name]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
    if way == "second":
        # The first goes on alone: for a while, or to the end.
        time.sleep(between)
        first.kill()
    first.wait(60)
    with contextlib.suppress(subprocess.TimeoutExpired, ValueError):
        first.communicate(timeout=60)
    # Without its parent the second comes to its end by itself, and what it has under way with it.
    limit = time.monotonic() + 60
    while Path(f"/proc/{second}/stat").exists() and not is_dead(second):
        assert time.monotonic() < limit, "the second process outlives the first"
        time.sleep(0.02)
    return there


def children(process: int) -> set[int]:
    """Processes that another one has started, from whichever of its threads."""
    found: set[int] = set()
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            found |= set(map(int, (task / "children").read_text().split()))
    return found


def child_of(process: int) -> int:
    """The second process of a send, or 0."""
    return max(children(process), default=0)


def is_dead(process: int) -> bool:
    """Whether a process is there only until its parent has taken notice."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    return True


MODES = {"processes": processes}
