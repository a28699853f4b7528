"""How many requests of a kind are worked on at once; the others wait in the order they came, and hold nothing.

Whoever writes waits for whoever writes: in a thread and with a connection of the database, both of which readers of
other pages need. So they wait before they have either.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

LINE_SECONDS = 20.0
"""How long one stands in line: with the wait for the database (30 s) less than proxies wait for an answer (60 s)."""


class NoPlaceError(Exception):
    """Those before in the line did not come to an end."""


class Places:
    """Places for so many at once.

    Args:
        number: How many.
        seconds: How long one waits for a place at most. Who is told so can try again; who waits on is told by the proxy
            that nothing answers, since each of those before may wait for the database as long as that lets them.
    """

    def __init__(self, number: int, seconds: float = LINE_SECONDS) -> None:
        self._number, self._seconds = number, seconds
        # A process that serves has one loop; tests may have several.
        self._of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Have one of them.

        Raises:
            NoPlaceError: None became free in time.
        """
        places = self._of_loops.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(self._number))
        try:
            async with asyncio.timeout(self._seconds):
                await places.acquire()
        except TimeoutError:
            raise NoPlaceError from None
        try:
            yield
        finally:
            places.release()
