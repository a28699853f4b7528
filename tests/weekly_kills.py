"""A week in a process of its own that dies by SIGKILL at a chosen step: a commit of the database, or a rename.

Each step is told of before it is made, so ``kill_at=n`` dies with the first n - 1 of them done.
"""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import secrets
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from newsroom import SITE, WordPress, open_newsroom, posts

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.wiring import Workspace

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(
    ["newsletter.workflows.weekly", "newsletter.workflows.latest", "newsroom", "sqlalchemy.dialects.sqlite"]
)


def steps(root: Path, now: datetime, *, kill_at: int = 0, what: str = "weekly") -> tuple[int, list[str]]:
    """Run a week, the daily letter, or what follows a knock of the site, in a child.

    Args:
        root: The workspace.
        now: What its clock says.
        kill_at: The step at which it dies, counted from 1; 0 never.
        what: ``weekly``, ``daily`` or ``knock``.

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
        sys.dont_write_bytecode = True  # which renames a file, too
        sys.addaudithook(audit)
        if what == "weekly":
            weekly.run(workspace)
        elif what == "knock":
            _knock(workspace)
        else:
            weekly.gather(workspace)
            latest.run(workspace, "daily")


def _knock(workspace: Workspace) -> None:
    """The site tells of its first post, which is looked at."""
    from newsletter.site_hook.hook import knock_hook
    from newsletter.site_hook.signing import HEADER, sign_body
    from newsletter.workflows.site_posts.looking import look
    from newsletter.workspace.plugin_secret import plugin_secrets

    now = workspace.now()
    keys = plugin_secrets(workspace.root, now)
    said = {"id": secrets.token_hex(16), "site": f"{SITE}/", "post": 1, "status": "publish", "address": f"{SITE}/1/"}
    more = {"modified": 1, "moment": 1, "values": {"headline": "عنوان الصندوق"}}
    body = json.dumps(said | more).encode()
    hook = knock_hook(workspace.database, lambda _: keys, now=workspace.now)
    assert hook({HEADER: sign_body(keys[0], body, now=now)}, body) == 200
    look(workspace)
