"""Waiting until the disk has what SQLite has committed, apart from the commit: one wait for all who wait."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path


def sync_log(path: Path) -> None:
    """Wait until the disk has all that was committed to a SQLite file before.

    Args:
        path: The file, or a link to it.

    Raises:
        OSError: The disk does not take it.
    """
    # Where SQLite keeps it: beside the file that a link leads to. Never the database file itself: to close that
    # would let go of all locks that this process holds on it (https://www.sqlite.org/howtocorrupt.html 2.2).
    # The log of committed pages has none.
    try:
        descriptor = os.open(f"{os.path.realpath(path)}-wal", os.O_RDWR)
    except FileNotFoundError:
        return  # it was taken into the database file, which is synced before the log goes
    try:
        getattr(os, "fdatasync", os.fsync)(descriptor)
    finally:
        os.close(descriptor)


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
