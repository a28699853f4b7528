"""Torture of what is undone: a send cancelled at any moment, a cancel killed at any moment, another sender in between.

- ``cancel``: the send is stopped at a call, cancelled by another process, and goes on; then the issue is edited, and it
  or its rest is sent again.
- ``cancel-kill``: a send was killed half-way, and the cancel itself is killed at each of its calls; then both again.
- ``sender``: a send through a provider is killed at a call, the settings say the outbox then, and it goes on: not at
  once, and by the word ``--with-this-sender``.

Afterwards every reader has the letter once, or is among those of whom nobody knows.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from torture import (
    DOUBT,
    UNLOCKED,
    Bench,
    Outcome,
    calls_of,
    done,
    expire,
    inject,
    kept,
    meanwhile,
    newsletter,
    rows,
    spread,
    stopped,
    wake,
)

PATIENCE = 20.0
"""Seconds that a cancel gets while the send is stopped; it may wait for a lock that the stopped one has."""


def result_of(bench: Bench, root: Path) -> Outcome:
    """What all sends of the issue came to together: of a reader's deliveries the one that went counts."""
    states: dict[str, str] = {}
    worth = ("submitted", "unknown")
    for address, state in sorted(rows(root), key=lambda row: row[1] not in worth):
        before = states.get(address)
        assert not (before in worth and state in worth), f"{address} is {before} and {state}"
        states.setdefault(address, state)
    taken = bench.taken(root) + (kept(root) if bench.server else Counter())
    return Outcome(states, taken, DOUBT[bench.sender], readers=bench.readers)


def sent_again(bench: Bench, root: Path) -> Outcome:
    """Edit the issue and send it once more, or its rest, to the end."""
    path = root / "issues" / "one" / "issue.md"
    path.write_text(path.read_text("utf-8").replace("ملخص.", "ملخص أدق."), "utf-8")
    expire(root)
    code, words = meanwhile(root, "send", "1", "--yes")
    if code == 5:
        assert "--rest" in words, words
        code, words = meanwhile(root, "send", "1", "--rest", "--yes")
        # All may have had it, or be in doubt.
        assert code in {0, 4} or "nobody on the list is waiting" in words, words
    else:
        assert code in {0, 4}, words
    assert "Traceback" not in words, words
    return result_of(bench, root)


def cancelled(root: Path) -> tuple[int, str]:
    """Cancel the send; there may be none yet, or it may be over."""
    return meanwhile(root, "sends", "cancel", "1", "--yes")


def cancel(bench: Bench, points: int) -> Iterator[tuple[str, Outcome]]:
    """Stop the send at each point, cancel it meanwhile, let it go on, and send the issue again."""
    calls = [(name, count) for name, count in bench.calls() if name in UNLOCKED.split(",")]
    for number in spread(len(calls), points):
        name, count = calls[number - 1]
        with bench.workspace() as root:
            first = newsletter(root, "send", "--yes", tracer=inject(name, "signal=SIGSTOP", str(count)))
            tracee = stopped(first)
            second = newsletter(root, "sends", "cancel", "1", "--yes")
            with contextlib.suppress(subprocess.TimeoutExpired):
                second.wait(PATIENCE if tracee else None)
            wake(first, tracee)
            code, words = done(second)
            assert code in {0, 1}, words
            assert "Traceback" not in words, words
            _, told = done(first)
            assert "Traceback" not in told, told
            early = result_of(bench, root)
            assert not early.faults(complete=False), (number, early.faults(complete=False))
            where = f"cancelled at call {number} of {len(calls)}, {name}"
            yield where, replace(sent_again(bench, root), struck=bool(tracee) and code == 0)


def half_gone(root: Path, call: tuple[str, int]) -> None:
    """A send that was killed half-way."""
    name, count = call
    done(newsletter(root, "send", "--yes", tracer=inject(name, "signal=SIGKILL", str(count))))


def cancel_kill(bench: Bench, points: int) -> Iterator[tuple[str, Outcome]]:
    """Kill the cancel at each of its calls, cancel again, and send the issue again."""
    calls = bench.calls()
    with bench.workspace() as root:
        half_gone(root, calls[len(calls) // 2])
        own = calls_of(bench.folder / "trace-cancel", root, "sends", "cancel", "1", "--yes")
    for place, number in enumerate(spread(len(own), points)):
        name, count = own[number - 1]
        with bench.workspace() as root:
            # Half-way, near the begin, near the end.
            half_gone(root, calls[len(calls) * (5 + place % 5) // 10])
            tracer = inject(name, "signal=SIGKILL", str(count))
            code, _ = done(newsletter(root, "sends", "cancel", "1", "--yes", tracer=tracer))
            again, words = cancelled(root)
            assert again == 0 or "cannot be cancelled" in words or "cancelled already" in words, words
            where = f"cancel killed at call {number} of {len(own)}, {name}"
            yield where, replace(sent_again(bench, root), struck=code == -signal.SIGKILL)


def sender(bench: Bench, points: int) -> Iterator[tuple[str, Outcome]]:
    """Kill a send at each point, change the settings to the outbox, and go on by word alone."""
    assert bench.server is not None, "it is to begin through a provider"
    calls = bench.calls()
    for number in spread(len(calls), points):
        name, count = calls[number - 1]
        with bench.workspace() as root:
            code, _ = done(newsletter(root, "send", "--yes", tracer=inject(name, "signal=SIGKILL", str(count))))
            struck = code == -signal.SIGKILL
            before = result_of(bench, root)
            toml = root / "newsletter.toml"
            toml.write_text(toml.read_text("utf-8").replace(f'kind = "{bench.sender}"', 'kind = "outbox"'), "utf-8")
            expire(root)
            code, words = meanwhile(root, "send", "--yes")
            if before.states and any(state not in {"submitted", "unknown"} for state in before.states.values()):
                assert code == 5, words
                assert "--with-this-sender" in words, words
                # What the provider took may come late: its last bytes were gone when the send was killed.
                assert not list((root / "outbox").glob("*/*.eml")), "it went on without the word"
            expire(root)
            code, words = meanwhile(root, "send", "1", "--yes", "--with-this-sender")
            assert code in {0, 4}, words
            where = f"sender changed at call {number} of {len(calls)}, {name}"
            yield where, replace(result_of(bench, root), struck=struck)


MODES = {"cancel": cancel, "cancel-kill": cancel_kill, "sender": sender}
