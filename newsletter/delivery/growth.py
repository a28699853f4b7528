"""How much a run may risk in one request: little at first, more while all goes well.

What one kill or one broken answer leaves in doubt is a whole request. So the first one of a run is small and goes
alone; each one that is taken lets the next be twice as large, up to the sender's own size.
"""

from __future__ import annotations

import threading

FEW = 5
"""Letters that go one by one before anything was taken: over one connection, since none is known to work."""


class Growth:
    """What a run may risk, shared by its threads.

    Args:
        first: Subscribers in its first request.
        most: What the sender takes at once.
    """

    def __init__(self, first: int, most: int) -> None:
        self._lock = threading.Lock()
        self._first = min(first, most)
        self._most = most
        self._size = self._first
        self._alone: int | None = None
        """The thread that may have something under way while nothing was taken yet."""
        self.taken = False
        """Whether something was taken in this run, since the last trouble."""

    @property
    def size(self) -> int | None:
        """Subscribers in the next request at most; None for as many as the sender takes."""
        with self._lock:
            return None if self._size >= self._most else self._size

    def may_begin(self, thread: int) -> bool:
        """Whether this thread may begin something: any while letters are taken, else one alone."""
        with self._lock:
            if self.taken or self._alone in {None, thread}:
                self._alone = None if self.taken else thread
                return True
            return False

    def leave(self, thread: int) -> None:
        """This thread has nothing under way."""
        with self._lock:
            if self._alone == thread:
                self._alone = None

    def took(self, *, one_by_one: bool = False) -> None:
        """A request was taken, or a letter by itself, of which no other one depends."""
        with self._lock:
            self.taken = True
            self._size = self._most if one_by_one else min(self._size * 2, self._most)

    def doubted(self) -> None:
        """A request was left without an answer: the next one is a single letter."""
        with self._lock:
            self.taken = False
            self._size = 1
