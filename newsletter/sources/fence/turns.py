"""Turns at the processor: quick sources first, slow ones one after the other beside them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class ReadingTurns:
    """Lets so many quick sources be read at once, and so many slow ones beside them; the others wait.

    Hostile sources would otherwise hold every processor while good ones wait, or all be under way at once and none
    come to its end.

    Args:
        seats: Processors of the machine.
    """

    def __init__(self, seats: int) -> None:
        self.quick = threading.Semaphore(seats)
        self.slow = threading.Semaphore(seats)

    @contextmanager
    def turn(self) -> Iterator[ReadingTurn]:
        """Wait for a turn among the quick ones, and have it for the block."""
        turn = ReadingTurn(self)
        turn.resume()
        try:
            yield turn
        finally:
            turn.pause()


class ReadingTurn:
    """The turn of one source.

    Args:
        turns: Among which.
    """

    def __init__(self, turns: ReadingTurns) -> None:
        self._turns = turns
        self._lane = turns.quick
        self._has = False

    @property
    def is_slow(self) -> bool:
        """Whether it is no longer one of the quick ones."""
        return self._lane is self._turns.slow

    def pause(self) -> None:
        """Leave the processor to others, for example while something is fetched."""
        if self._has:
            self._lane.release()
        self._has = False

    def resume(self) -> None:
        """Wait until the processor is free again."""
        self._lane.acquire()
        self._has = True

    def slow_down(self, stop: Callable[[], None], go_on: Callable[[], None]) -> None:
        """Become one of the slow ones, and stand still until their processor is free.

        Args:
            stop: Lets the reader stand still.
            go_on: Lets it work again.
        """
        self.pause()
        self._lane = self._turns.slow
        if not self._lane.acquire(blocking=False):
            stop()
            try:
                self._lane.acquire()
            finally:
                go_on()
        self._has = True
