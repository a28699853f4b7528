"""Who writes to a SQLite file next: in the order they came, and a process that writes all the time lets others in.

SQLite has one writer at a time and no queue. Who finds it busy looks again after 1, 2, 5 … 100 ms, so that who came
last goes first, and who has waited long waits ever longer (sqlite3.c, ``sqliteDefaultBusyCallback``). With 15 threads
that want to write, one in a hundred waited 3 s for others that took 2 ms each.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LOOK_AGAIN = 0.001
"""Seconds between two looks whether another process is done."""
DOOR_SECONDS = 2.0
"""How long one stands before the door at most. Who does not find it free then goes in by SQLite's own lock alone."""
STRANGER_SECONDS = 60.0
"""How long nobody stands before a door that was shut while nobody wrote: whoever shut it is none of us."""


class TurnError(Exception):
    """Others wrote for longer than one was ready to wait."""


class Turns:
    """The queue of those who want to write to one file.

    Within a process they stand in line. Of each process one stands at the door, where only one at a time is let in: it
    waits for who is writing, and steps away from the door when its transaction has begun. So who has just written, and
    wants to again, comes behind whoever waits at the door of another process. The door is a lock (flock) on the folder
    of the file; where there is none, or somebody else keeps it (``flock FOLDER newsletter send`` in a crontab, a backup
    into the same folder), SQLite's own lock alone decides.

    Args:
        path: The file.
        seconds: How long one waits at most.
    """

    def __init__(self, path: Path, seconds: float) -> None:
        self._folder = path.absolute().parent
        self._seconds = seconds
        self._lock = threading.Lock()
        self._busy = False
        self._waiting: deque[threading.Lock] = deque()
        self._shut_until = 0.0

    @contextmanager
    def turn(self) -> Iterator[float]:
        """Be the one of this process that may write; the moment (time.monotonic) until which it may wait for others.

        Raises:
            TurnError: The others of this process did not come to an end.
        """
        until = time.monotonic() + self._seconds
        self._take()
        try:
            yield until
        finally:
            self._give()

    def enter(self, begin: Callable[[], bool], until: float) -> None:
        """Begin a transaction as soon as other processes let us; in a turn.

        Args:
            begin: Begins it, or says that another one has not ended.
            until: What `turn` gave.

        Raises:
            TurnError: They did not come to an end.
        """
        with self._door(until) as shut:
            if begin():
                if shut:
                    self._shut_until = time.monotonic() + STRANGER_SECONDS
                return
            while not begin():
                _pause(until)

    def _take(self) -> None:
        with self._lock:
            if not self._busy:
                self._busy = True
                return
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        try:
            taken = mine.acquire(timeout=self._seconds)
        except BaseException:
            # A signal's handler ended the wait. A turn given to nobody would never come back.
            if not self._left(mine):
                self._give()
            raise
        if not taken and self._left(mine):
            raise TurnError

    def _left(self, mine: threading.Lock) -> bool:
        """Step out of the line; False when the turn became ours in the last moment."""
        with self._lock:
            if mine not in self._waiting:
                return False
            self._waiting.remove(mine)
            return True

    def _give(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._busy = False

    @contextmanager
    def _door(self, until: float) -> Iterator[bool]:
        """Have the door for oneself; whether it stayed shut instead."""
        if time.monotonic() < self._shut_until:
            yield False
            return
        try:
            import fcntl

            descriptor = os.open(self._folder, os.O_RDONLY)
        except (ImportError, OSError):
            yield False
            return
        latest, shut = time.monotonic() + DOOR_SECONDS, False
        try:
            with contextlib.suppress(_NoDoorError):
                while not _locked(fcntl.flock, descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB):
                    shut = time.monotonic() > latest
                    if shut:
                        break
                    _pause(until)
            yield shut
        finally:
            os.close(descriptor)


class _NoDoorError(Exception):
    pass


def _locked(flock: Callable[[int, int], None], descriptor: int, how: int) -> bool:
    try:
        flock(descriptor, how)
    except BlockingIOError:
        return False
    except OSError:
        # A file system without such locks.
        raise _NoDoorError from None
    return True


def _pause(until: float) -> None:
    if time.monotonic() > until:
        raise TurnError
    time.sleep(LOOK_AGAIN)


def begun(raw: Any) -> bool:
    """Whether a writing transaction of a connection of SQLite has begun; not while another process is in one."""
    import sqlite3

    try:
        raw.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:  # its lower byte: https://www.sqlite.org/rescode.html
            raise
        return False
    return True
