"""What a delivery needs of the workspace, and whom it tells how it goes."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from newsletter.delivery.dues import FIRST
from newsletter.ledger import RateLimit
from newsletter.ledger.brakes import FIRST_PAUSE
from newsletter.senders import Sender

if TYPE_CHECKING:
    from newsletter.delivery.counting import Counting
    from newsletter.storage.database import Database
    from newsletter.workspace.memory import Memory


NO_LIMIT = RateLimit()

Progress = Callable[[str, int], None]
"""Told of a state and how many deliveries have just reached it; ``waiting`` with seconds while others hold the rest,
``full`` while others have all connections."""


def random_id() -> str:
    """The public id of a send, which nobody can guess."""
    return secrets.token_hex(8)


WAITS = frozenset({"waiting", "full"})
"""What a ``Progress`` is told that is no state of a delivery."""


class StateCounts:
    """A ``Progress`` that counts how many deliveries have reached each state."""

    def __init__(self) -> None:
        self.states: dict[str, int] = {}
        """State to number of deliveries, in the order in which the states came."""

    def __call__(self, state: str, count: int) -> None:
        """Count what was told; that others hold the rest is no state.

        Args:
            state: A state of deliveries, or one of ``WAITS``.
            count: How many deliveries have just reached it.
        """
        if state not in WAITS:
            self.states[state] = self.states.get(state, 0) + count

    @property
    def submitted(self) -> int:
        """Letters that the provider took."""
        return self.states.get("submitted", 0)


@dataclass(frozen=True, slots=True)
class DeliverySetup:
    """What a delivery needs of the workspace."""

    database: Database
    sender: Sender
    keys: Mapping[int, bytes]
    """Keys of signed links by key id."""
    lease: float
    """Seconds a batch stays with a process that went silent."""
    now: Callable[[], datetime]
    sleep: Callable[[float], None] = time.sleep
    backoff: float = 1.0
    """Seconds before the first new try after the provider was busy or out of reach; doubled for each further one."""
    patience: float = 300.0
    """Seconds without one letter taken after which a send stops, to be run again later."""
    rate_limit: RateLimit = NO_LIMIT
    """How fast letters may go, all processes together."""
    connections: int = 0
    """Connections to the provider that may be open at once, all processes together; 0 is no limit."""
    first_batch: int = 50
    """Subscribers in the first request of a run, which goes alone; doubled with each one that is taken."""
    probe_pause: float = FIRST_PAUSE
    """Seconds before a send that its provider has stopped is tried again; doubled for each further trial."""
    put_off: float = FIRST
    """Seconds before a letter that the server put off comes again; doubled for each further try."""
    account: str = ""
    """Which provider and account this is, in words without a secret; empty where nobody compares them."""
    warm_up: int = 0
    """Letters of this account on its first day; doubled on each further one on which some go. 0: no such plan."""
    zone: tzinfo = UTC
    """In which the days of a warm-up begin."""
    may_move: bool = False
    """Whether a send can go on through another provider while this one is at it; then that is looked at."""
    pace: Mapping[str, float] = field(default_factory=dict)
    """Letters a minute to each domain that has a pace of its own, all processes together."""
    durable: bool = True
    """Whether letters that go one by one are marked on the disk, for when the power fails, or only in the database."""
    processes: int = 1
    """Processes on this machine that a command uses for one send."""
    helped_from: int = 2
    """Open letters from which on they are used: starting one takes as long as some ten thousand letters."""
    helper: Sequence[str] = ()
    """Program and first arguments of another process for a send, whose id follows; empty where none can be started."""
    counting: Counting | None = None
    """How clicks are counted; None when they are not."""
    memory: Memory | None = None
    """What is remembered outside the database of what was sent; None where nothing is."""
    new_id: Callable[[], str] = random_id
    """Makes the public id of a send, by which its sample is drawn where subjects are tried; each time another one."""

    @property
    def batch_size(self) -> int:
        """Subscribers in one batch: what the sender takes at once, or fewer, so that a rate limit is kept evenly."""
        return self.rate_limit.batch(self.sender.batch_size)
