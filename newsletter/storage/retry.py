"""Work that outlives a database server which is away for a while: PostgreSQL restarts in the middle of a send.

Whoever works like this must be able to do the same thing twice: a connection that breaks in the commit does not tell
whether it was committed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, TypeVar

from newsletter.storage.database import DatabaseAwayError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.storage.database import Database

T = TypeVar("T")

_OPEN = nullcontext()
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds between two tries, doubled from one to the other."""


class Retrying:
    """A database whose transactions are begun again while its server is away.

    Args:
        database: The database of the workspace.
        patience: Seconds after which the trouble is told instead.
        sleep: Waits for a number of seconds; ``time.sleep`` but in tests.
        hurry: Whether there is only little time left; then patience is ``LITTLE``.
        gate: Entered for each try of a writing transaction, and not while waiting for the next.
    """

    LITTLE = 10.0

    def __init__(
        self,
        database: Database,
        *,
        patience: float,
        sleep: Callable[[float], None] = time.sleep,
        hurry: Callable[[], bool] = lambda: False,
        gate: AbstractContextManager[object] = _OPEN,
    ) -> None:
        self.database = database
        self._patience = patience
        self._sleep = sleep
        self._hurry = hurry
        self._gate = gate

    def write(self, act: Callable[[Connection], T], *, durable: bool = True) -> T:
        """Do something in one writing transaction; it may be done more than once.

        Args:
            act: What to do in the transaction; called again with a new connection when it has to begin anew.
            durable: As for the database.

        Raises:
            DatabaseAwayError: The server stayed away for too long.
        """
        return self._again(lambda: self._write(act, durable))

    def read(self, act: Callable[[Connection], T]) -> T:
        """Do something in one reading transaction.

        Raises:
            DatabaseAwayError: The server stayed away for too long.
        """
        return self._again(lambda: self._read(act))

    def _write(self, act: Callable[[Connection], T], durable: bool) -> T:
        with self._gate, self.database.write(durable=durable) as connection:
            return act(connection)

    def _read(self, act: Callable[[Connection], T]) -> T:
        with self.database.read() as connection:
            return act(connection)

    def _again(self, act: Callable[[], T]) -> T:
        pause, waited, start = FIRST_PAUSE, 0.0, time.monotonic()
        while True:
            try:
                return act()
            except DatabaseAwayError:
                waited = max(waited, time.monotonic() - start)
                if waited > (min(self._patience, self.LITTLE) if self._hurry() else self._patience):
                    raise
            self._sleep(pause)
            waited += pause
            pause = min(pause * 2, LONGEST_PAUSE)
