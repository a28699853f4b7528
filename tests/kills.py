"""A send in a process of its own that dies by SIGKILL at a chosen step: a commit of the database, or a rename.

The steps are counted where they happen: SQLAlchemy tells of each commit before it is made, Python's audit hook of
each rename before it is done. So ``kill_at=n`` dies with the first n - 1 of them done, for every n there is.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import sys
from pathlib import Path

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(
    ["newsletter.delivery", "newsletter.wiring", "newsletter.senders.smtp.carrier", "sqlalchemy.dialects.sqlite"]
)


def send(root: Path, *, kill_at: int = 0, steps: str = "commit rename memory", frozen: str = "") -> int:
    """Run the workspace's send in a child; -9 when it was killed, 0 when it came to its end.

    Args:
        root: The workspace.
        kill_at: The step at which it dies, counted from 1; 0 never.
        steps: What counts as a step: ``commit``, ``rename`` of a letter, ``memory`` outside the database, or several.
        frozen: A letter, as ``letters.mime.to_json`` makes it, for a send that is not frozen yet.
    """
    child = _SERVER.Process(target=_child, args=(str(root), kill_at, steps, frozen))
    child.start()
    child.join()
    assert child.exitcode is not None
    return child.exitcode


def _child(root: str, kill_at: int, steps: str, frozen: str) -> None:
    from sqlalchemy import event

    from newsletter import delivery, ledger
    from newsletter.letters.mime import from_json
    from newsletter.models import Issue
    from newsletter.wiring import open_workspace

    counter = itertools.count(1)

    def step(kind: str) -> None:
        if kind in steps and next(counter) == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def audit(name: str, arguments: tuple[object, ...]) -> None:
        if name == "os.rename":
            step("memory" if str(arguments[1]).endswith(".toml") else "rename")

    with open_workspace(Path(root), {}) as workspace:
        setup = workspace.delivery_setup
        event.listen(workspace.database.engine, "commit", lambda _connection: step("commit"))
        sys.dont_write_bytecode = True  # which renames a file, too
        sys.addaudithook(audit)
        with workspace.database.read() as connection:
            sends = ledger.sends(connection)
        send = sends[0] if sends else delivery.freeze_letter(
            setup, Issue(1, "عدد"), from_json(frozen), list_id=1, rhythm="weekly"
        )  # fmt: skip
        delivery.run(setup, send, lambda _state, _count: None)
