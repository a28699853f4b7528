"""Who delivers a send at this moment: noted while a command does it, and asked by one that comes second."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.errors import DatabaseError
from newsletter.ledger.deliverers import SendRun, at_work, enter, leave

if TYPE_CHECKING:
    from newsletter.ledger import Send
    from newsletter.wiring import Workspace

_LONGEST = timedelta(days=2)
"""After which a process of another machine is taken for gone, since nobody here can look."""


@contextlib.contextmanager
def delivering(workspace: Workspace, send: Send) -> Iterator[list[SendRun]]:
    """Note that this process delivers a send, as long as it lasts.

    Args:
        workspace: An open workspace.
        send: The send.

    Yields:
        The other processes that deliver it already, the oldest first.
    """
    mine = SendRun(send.public_id, os.getpid(), socket.gethostname(), workspace.now())
    with workspace.database.write() as connection:
        found = [one for one in at_work(connection, send.public_id) if one.name != mine.name]
        others = [one for one in found if _lives(one, workspace)]
        for gone in found:
            if gone not in others:
                leave(connection, gone)
        enter(connection, mine)
    try:
        yield others
    finally:
        # It is only a note: a database that is away has been told of by whoever delivers.
        with contextlib.suppress(DatabaseError), workspace.database.write() as connection:
            leave(connection, mine)


def where(run: SendRun) -> str:
    """The machine of a process, for people: ``this machine`` or its name."""
    return "this machine" if run.machine == socket.gethostname() else run.machine


def _lives(run: SendRun, workspace: Workspace) -> bool:
    if run.machine != socket.gethostname():
        return workspace.now() - run.since < _LONGEST
    with contextlib.suppress(OSError):
        # On Linux; a process that is younger than the note has only got its number.
        return Path(f"/proc/{run.process}").stat().st_ctime <= run.since.timestamp() + 5
    if Path("/proc/self").exists():
        return False
    try:
        os.kill(run.process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
