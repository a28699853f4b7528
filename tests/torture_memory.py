"""Kill a send anywhere, put the database back to what it was before, and send the week again.

    python tests/torture.py --points N --sender outbox|sendgrid restored

Half of the points go back to before the send was frozen, half to a send that was frozen and had not begun. ``weekly``
must either find that nothing had gone or refuse; then ``weekly --after-restore`` (``send`` for a frozen one) goes on.
With the outbox everybody has the letter exactly once in the end. A provider that cannot be asked leaves readers
without an answer: then nobody may have it twice, and nothing may be called sent that was not.
"""

from __future__ import annotations

import contextlib
import signal
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torture
from torture import Bench, Outcome


def restored(bench: Bench, points: int) -> Iterator[tuple[str, Outcome]]:
    """A send killed at each point, its database restored, and the week sent again."""
    calls = bench.calls()
    for at, number in enumerate(torture.spread(len(calls), points)):
        name, count = calls[number - 1]
        with bench.workspace() as root:
            if at % 2:
                frozen(root)
            aside = bench.folder / "aside.db"
            copy(root / "newsletter.db", aside)
            tracer = torture.inject(name, "signal=SIGKILL", str(count))
            code, _ = torture.done(torture.newsletter(root, "send", "--yes", tracer=tracer))
            had = bench.taken(root).total()
            for path in root.glob("newsletter.db*"):
                path.unlink()
            copy(aside, root / "newsletter.db")
            again = ("send", "--yes") if at % 2 else ("weekly", "--yes")
            refused, words = torture.meanwhile(root, *again)
            if refused:
                assert "database" in words, words
                assert "Traceback" not in words, words
                assert bench.taken(root).total() == had, "it refused, and sent"
                refused, words = torture.meanwhile(root, *again, "--after-restore")
                # Where nothing can tell who has had it, somebody must be asked, and nobody is here.
                assert refused == 0 or bench.sender != "outbox", words
            else:
                assert had == 0, f"{had} letters had gone, and it sent again"
            result = bench.outcome(root)
            where = f"killed at call {number} of {len(calls)}, {name}, {'frozen' if at % 2 else 'before'}, had {had}"
            if bench.sender == "outbox":
                assert result.taken.total() == bench.readers, (where, result.taken)
                settled = {one: "submitted" if state == "skipped" else state for one, state in result.states.items()}
                result = replace(result, states=settled)
                assert not result.faults(), (where, result.faults())
            else:
                # Everything in doubt is unknown, and nobody has it twice.
                result = replace(result, doubt=bench.readers)
                assert not result.faults(complete=False), (where, result.faults(complete=False))
                # Whoever is still queued waits for somebody who can be asked.
                open_ = {one: state for one, state in result.states.items() if state not in {"submitted", "unknown"}}
                states = {one: state for one, state in result.states.items() if one not in open_}
                result = replace(result, states=states, readers=len(states))
            yield where, replace(result, struck=code == -signal.SIGKILL)


def frozen(root: Path) -> None:
    """Write the send down, and let its moment come without anything of it going."""
    code, words = torture.meanwhile(root, "send", "--yes", "--at", "2999-01-01 00:00")
    assert code == 0, words
    with contextlib.closing(sqlite3.connect(root / "newsletter.db")) as database, database:
        database.execute("UPDATE send SET send_at = 1")


def copy(source: Path, target: Path) -> None:
    """A whole copy of a database, whatever of it is still in its log."""
    target.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(source)) as origin, contextlib.closing(sqlite3.connect(target)) as goal:
        origin.backup(goal)


MODES = {"restored": restored}
