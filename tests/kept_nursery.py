"""One nursery for all fences of a process of the tests: readers are forked from it as ever, and end with their fence.

Every workspace that collects begins a nursery, a Python of its own that loads every parser: a quarter of a second of
processor (measured), and most tests of articles, issues and letters collect one. Tests of the fence itself ask for the
fixture ``real_nursery``; a process of its own always begins its own.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from unittest import mock

from kept import Kept

from newsletter.sources import fence
from newsletter.sources.fence import processes
from newsletter.sources.fence.nursery import END, LOADED
from newsletter.sources.fence.processes import ReaderProcess, ReaderProcesses

_MOST = 3
"""Kept at once: one for each environment and search path that tests give to what they run."""


@dataclass
class Nursery:
    """A nursery that outlives its fences."""

    control: socket.socket
    process: subprocess.Popen[bytes]
    lock: threading.Lock = field(default_factory=threading.Lock)

    def end(self) -> None:
        """End it, and what it still has."""
        self.control.close()
        self.process.wait(60)


class KeptNursery(Kept):
    """Makes what stands where a fence's processes stood."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[object, Nursery] = {}

    def __call__(self, memory: int) -> ReaderProcesses:
        """The processes of one fence."""
        return ReaderProcesses(memory) if self.real else BorrowedProcesses(memory, self)

    def take(self) -> Nursery:
        """The nursery for this environment and search path."""
        key = (tuple(sorted(processes.kept_environment().items())), tuple(sys.path))
        nursery = self.kept.pop(key, None)
        if nursery is not None and nursery.process.poll() is not None:
            nursery.end()
            nursery = None
        if nursery is None:
            nursery = begun()
            while len(self.kept) >= _MOST:
                self.kept.pop(next(iter(self.kept))).end()
        self.kept[key] = nursery
        return nursery

    def forget(self, nursery: Nursery) -> None:
        """One that does not answer any more is ended, and another takes its place."""
        self.kept = {key: one for key, one in self.kept.items() if one is not nursery}
        nursery.end()

    def end(self) -> None:
        """End all."""
        while self.kept:
            self.kept.popitem()[1].end()


def begun() -> Nursery:
    """A nursery as a fence begins it; only that it loads everything before it is asked, since it lasts."""
    loads = f"\nimport {', '.join(LOADED)}\n"
    with mock.patch.object(processes, "BEGIN", processes.BEGIN.replace("\n", loads, 1)):
        return Nursery(*reversed(processes.begin_nursery()))


class BorrowedProcesses(ReaderProcesses):
    """The processes of one fence, forked from a nursery that others use too.

    Args:
        memory: Bytes that reading may take in one.
        keeper: Has the nursery.
    """

    def __init__(self, memory: int, keeper: KeptNursery) -> None:
        super().__init__(memory)
        self._keeper = keeper
        self._borrowed: Nursery | None = None
        self._mine: set[int] = set()

    def drop(self, process: ReaderProcess) -> int:
        self._mine.discard(process.pid)
        return super().drop(process)

    def close(self) -> None:
        with self._lock:
            for process in self._idle:
                process.channel.close()
            self._idle = []
            # A nursery of its own would end them with itself.
            for pid in self._mine if self._borrowed is not None else ():
                self._asked(END, pid, 0)
            self._mine = set()
            self._control = self._borrowed = None

    def _started(self) -> None:
        if self._borrowed is None:
            self._borrowed = self._keeper.take()
            self._control = self._borrowed.control

    def _asked(self, what: bytes, number: int, status: int, end: socket.socket | None = None) -> tuple[int, int]:
        assert self._borrowed is not None
        with self._borrowed.lock:
            number, status = super()._asked(what, number, status, end)
        if what != END and number > 0:
            self._mine.add(number)
        return number, status

    def _end_nursery(self) -> None:
        if self._borrowed is not None:
            self._keeper.forget(self._borrowed)
        self._control = self._borrowed = None


@contextmanager
def keeping() -> Iterator[KeptNursery]:
    """Let every fence of this process use a nursery that is there already."""
    keeper = KeptNursery()
    with mock.patch.object(fence, "ReaderProcesses", keeper):
        try:
            yield keeper
        finally:
            keeper.end()
