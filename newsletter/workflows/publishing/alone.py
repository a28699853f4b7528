"""One at a time: whoever publishes an issue keeps every other process from publishing it meanwhile."""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.errors import WorkspaceError
from newsletter.publish import PublishInterruptedError

if TYPE_CHECKING:
    from newsletter.storage.database import Database
    from newsletter.wiring import Workspace

FOLDER = ".desk"
"""Where the lock of an issue lies; git leaves that folder alone."""
WAIT_SECONDS = 180.0
_STEP = 0.1
_ROOM = 0x6E6173  # of PostgreSQL's advisory locks: those of publishing


@contextmanager
def alone(workspace: Workspace, target: str, issue: str, *, wait: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the lock of an issue: on this machine by a file, on PostgreSQL over all machines.

    Both are let go by the system when their process dies, so that nobody waits for one that was killed.

    Args:
        workspace: The workspace.
        target: Name of the target.
        issue: Key of the issue.
        wait: Seconds to wait for another process.

    Raises:
        PublishInterruptedError: Another process is at it for longer than that.
        WorkspaceError: The lock cannot be made.
    """
    until = time.monotonic() + wait
    name = f"publish-{target}-{issue}.lock"
    with _file(workspace.root / FOLDER / name, until), _advisory(workspace.database, f"{target}/{issue}", until):
        yield


@contextmanager
def _file(path: Path, until: float) -> Iterator[None]:
    if os.name != "posix":
        yield
        return
    import fcntl

    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise WorkspaceError(
            f"cannot be written ({error.strerror})", where=str(path), mend="make it a file that you may write"
        ) from None

    def taken() -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True  # a file system of the network that locks no file
        return True

    try:
        _wait(taken, until)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _advisory(database: Database, name: str, until: float) -> Iterator[None]:
    if database.is_sqlite:
        yield
        return
    from sqlalchemy import func, select

    number = zlib.crc32(name.encode()) & 0x7FFFFFFF
    # In no transaction: it lasts as long as the connection, and nothing else waits for it.
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        _wait(lambda: bool(connection.scalar(select(func.pg_try_advisory_lock(_ROOM, number)))), until)
        try:
            yield
        finally:
            connection.scalar(select(func.pg_advisory_unlock(_ROOM, number)))


def _wait(taken: Callable[[], bool], until: float) -> None:
    while not taken():
        if time.monotonic() > until:
            raise PublishInterruptedError(
                "another process is publishing this issue", mend="run the command again when that is over"
            )
        time.sleep(_STEP)
