"""Waiting until the disk has what SQLite has committed, apart from the commit: one wait for all who wait."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path


class CommitLog:
    """Where SQLite keeps what was committed to a file before it is taken into it: the log beside it, ``-wal``.

    It is opened once and stays open: an error of the disk is told once to each of those who have the file open, but to
    nobody who opens it afterwards (Linux since 4.13, fsync(2)). Never the database file itself: to close that would let
    go of all locks that this process holds on it (https://www.sqlite.org/howtocorrupt.html 2.2); the log has none.

    Args:
        path: The file, or a link to it: the log stands beside what it leads to.
    """

    def __init__(self, path: Path) -> None:
        self._path = Path(f"{os.path.realpath(path)}-wal")
        self._lock = threading.Lock()
        self._open: dict[tuple[int, int], int] = {}

    def sync(self) -> None:
        """Wait until the disk has all that was committed before.

        Raises:
            OSError: The disk does not take it.
        """
        if (descriptor := self._descriptor()) is not None:
            getattr(os, "fdatasync", os.fsync)(descriptor)

    def close(self) -> None:
        """Let go of it."""
        with self._lock:
            while self._open:
                os.close(self._open.popitem()[1])

    def _descriptor(self) -> int | None:
        """Of the log that is there now; None when it was taken into the database file, which is synced before."""
        with self._lock:
            try:
                now = self._path.stat()
                # Another one, after all had closed the database: whoever waits on the one before keeps it.
                if (now.st_dev, now.st_ino) not in self._open:
                    descriptor = os.open(self._path, os.O_RDWR)
                    now = os.fstat(descriptor)
                    self._open[now.st_dev, now.st_ino] = descriptor
            except FileNotFoundError:
                return None
            return self._open[now.st_dev, now.st_ino]


class GroupCommit:
    """Those who wait for the disk: one of them asks it for all who had committed by then, and the others wait."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._asked = 0
        self._taken = 0
        self._asks = False

    def wait(self, sync: Callable[[], None]) -> None:
        """Wait until the disk has what the caller has committed; what ``sync`` raises goes to the one who asked.

        Args:
            sync: Asks the disk for all that was committed before; the others ask for themselves after it has failed.
        """
        with self._changed:
            self._asked += 1
            mine = self._asked
            while self._taken < mine:
                if self._asks:
                    self._changed.wait()
                    continue
                # Whoever comes later may have committed after the disk was asked.
                upto, self._asks = self._asked, True
                self._changed.release()
                try:
                    sync()
                finally:
                    self._changed.acquire()
                    self._asks = False
                    self._changed.notify_all()
                self._taken = max(self._taken, upto)
