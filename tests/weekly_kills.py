"""A week in a process of its own that dies by SIGKILL at a chosen step: a commit of the database, or a rename.

Each step is told of before it is made, so ``kill_at=n`` dies with the first n - 1 of them done.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from newsroom import WordPress, open_newsroom, posts

if TYPE_CHECKING:
    from sqlalchemy import Connection

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(
    ["newsletter.workflows.weekly", "newsletter.workflows.latest", "newsroom", "sqlalchemy.dialects.sqlite"]
)


def steps(root: Path, now: datetime, *, kill_at: int = 0, what: str = "weekly") -> tuple[int, list[str]]:
    """Run a week, or the daily letter, in a child.

    Args:
        root: The workspace.
        now: What its clock says.
        kill_at: The step at which it dies, counted from 1; 0 never.
        what: ``weekly`` or ``daily``.

    Returns:
        Its exit code, -9 when it was killed, and the names of the steps it came to.
    """
    log = root / "steps.log"
    log.write_text("")
    child = _SERVER.Process(target=_child, args=(str(root), now, kill_at, what, str(log)))
    child.start()
    child.join()
    assert child.exitcode is not None
    return child.exitcode, log.read_text().split()


def _child(root: str, now: datetime, kill_at: int, what: str, log: str) -> None:
    from sqlalchemy import event

    from newsletter.workflows import latest, weekly

    counter = itertools.count(1)
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND)

    def step(name: str) -> None:
        os.write(descriptor, f"{name} ".encode())
        if next(counter) == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def audit(name: str, arguments: tuple[object, ...]) -> None:
        if name in {"os.rename", "os.link"}:
            # Both give a finished file the name that others look for.
            step(f"{name.removeprefix('os.')}:{Path(os.fsdecode(arguments[1])).suffix}")  # type: ignore[arg-type]

    def clock() -> datetime:
        return now

    def writes(connection: Connection) -> bool:
        return bool(connection.get_execution_options().get("nashra_write"))

    with open_newsroom(Path(root), clock, WordPress(posts(40, 21), clock)) as workspace:
        event.listen(
            workspace.database.engine, "commit", lambda connection: step("commit") if writes(connection) else None
        )
        sys.addaudithook(audit)
        if what == "weekly":
            weekly.run(workspace)
        else:
            weekly.gather(workspace)
            latest.run(workspace, "daily")
