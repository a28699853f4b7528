"""What a thread takes before it begins a batch, and gives back: the batch, connections, tokens, a share of the day."""

from __future__ import annotations

import contextlib
import itertools
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from newsletter import ledger
from newsletter.delivery import warming
from newsletter.errors import NashraError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.delivery.lane import Claimed, Lane, RunState
    from newsletter.ledger import Batch


class Claims:
    """What the threads of a run take of the ledger for a while.

    Args:
        shared: What the threads share.
    """

    def __init__(self, shared: RunState) -> None:
        self._shared = shared
        self._setup = shared.setup
        self._send = shared.send
        self._retrying = shared.retrying

    def claim(self, lane: Lane) -> Callable[[Connection], Claimed]:
        """What claims the next batch, and lets go of an earlier one when a transaction that claimed it comes again."""
        token, send, tries = secrets.token_hex(16), self._send.id, itertools.count()

        def claim(connection: Connection) -> Claimed:
            if next(tries):
                ledger.drop(connection, send, token)
            if self._shared.moved(connection):
                return None, 0
            # Who has nothing to send needs no connection.
            if self._setup.connections and not (
                (self._shared.probes or ledger.free(connection, send)) and self.keep_connections(lane, connection)
            ):
                return None, 0
            lease, name = self._setup.lease, self._setup.sender.name
            hunts = self._shared.halving.hunts and not self._shared.probes
            batch = ledger.claim(
                connection, send, lease=lease, token=token, sender=name, probing=self._shared.probes, newest=hunts
            )
            if batch is not None and batch.state == "queued":
                self.cut(connection, batch)
            # A first attempt has no holder before it who could have left something.
            return batch, ledger.doubt(connection, batch) if batch is not None and batch.attempt > 1 else 0

        return claim

    def cut(self, connection: Connection, batch: Batch) -> None:
        """Leave a batch of which nothing is under way what may be risked now; the rest has had one try less."""
        size = self._shared.growth.size
        if size is None and self._setup.may_move:
            # It may have been made for another provider, which takes more at once.
            size = self._setup.sender.batch_size
        if size is not None:
            ledger.cut(connection, batch, size, attempt=batch.attempt - 1)

    def let_go(self, batch: Batch) -> None:
        """Let go of a batch of which nothing is under way."""
        # The next run need not wait for the lease; should this fail too, the lease runs out by itself.
        with contextlib.suppress(NashraError), self._shared.pen, self._setup.database.write() as connection:
            ledger.release(connection, batch)

    def keep_connections(self, lane: Lane, connection: Connection, want: int = 0) -> bool:
        """Keep the connections of this thread, and take more up to those wanted; whether it may have any open."""
        setup = self._setup
        if not setup.connections:
            return True
        want = want or setup.sender.sockets
        lane.connections = ledger.hold(
            connection,
            setup.sender.name,
            connections=setup.connections,
            want=want,
            token=lane.token,
            lease=setup.lease,
        )
        return lane.connections > 0

    def disconnect(self, lane: Lane) -> None:
        """Close the connections of this thread, then let go of them in the ledger."""
        carrier, lane.carrier = lane.carrier, None
        if carrier is not None:
            carrier.close()
        if lane.connections:
            lane.connections = 0
            with contextlib.suppress(NashraError), self._shared.pen, self._setup.database.write() as connection:
                ledger.let_go(connection, lane.token)

    def in_time(self, lane: Lane) -> bool:
        """Take tokens for one batch, if there is one; False when it was not time yet, and some of it has passed."""
        setup = self._setup
        if not setup.rate_limit.limits:
            return True

        def take(connection: Connection) -> float:
            free = ledger.free(connection, self._send.id)
            return ledger.take_rate(connection, setup.rate_limit, setup.batch_size) if free else -1.0

        pause = self._retrying.write(take)
        lane.taken = 0 if pause else setup.batch_size
        if pause > 0:
            # Not longer, so that a pause, an end or another setting is felt.
            setup.sleep(min(pause, 1.0))
        return pause <= 0

    def use(self, lane: Lane, letters: int) -> None:
        """Give back the tokens that were not needed, or count what went beyond them."""
        rate_limit, missing = self._setup.rate_limit, letters - lane.taken
        if rate_limit.limits and missing:
            self._retrying.write(lambda connection: ledger.charge(connection, rate_limit, missing))

    def give_back(self, lane: Lane) -> None:
        """Take out of the count of a warm-up what was counted for a batch and did not go."""
        number, lane.allowed, lane.used = lane.allowed - lane.used, 0, 0
        if self._setup.warm_up and number > 0:
            with contextlib.suppress(NashraError):
                warming.give_back(self._setup, self._retrying, self._send, number)
