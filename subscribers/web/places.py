"""How many requests of a kind are worked on at once; the others wait in the order they came, and hold nothing.

Whoever writes waits for whoever writes: in a thread and with a connection of the database, both of which readers of
other pages need. So they wait before they have either.
"""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary


class Places:
    """Places for so many at once.

    Args:
        number: How many.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        # A process that serves has one loop; tests may have several.
        self._of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()

    def one(self) -> asyncio.Semaphore:
        """One of them, to be entered with ``async with``."""
        return self._of_loops.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(self._number))
