"""What the threads of a run have at hand: each for itself, and all of them together."""

from __future__ import annotations

import contextlib
import secrets
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from newsletter import ledger
from newsletter.delivery.growth import Growth
from newsletter.delivery.halving import Halving
from newsletter.ledger import Batch
from newsletter.senders.refusals import AddressRefusals, RefusalRecord
from newsletter.storage.retry import Retrying

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.delivery.setup import DeliverySetup, Progress
    from newsletter.ledger import Send
    from newsletter.senders import Carrier

Claimed = tuple[Batch | None, int]
"""A batch that was claimed, and how many of its letters became unknown by that."""


@dataclass(slots=True)
class Lane:
    """What one thread has at hand."""

    carrier: Carrier | None = None
    """Loaded with the letter of the last batch."""
    letter_id: int = 0
    taken: int = 0
    """Tokens of the rate limit taken for the batch it is at."""
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    """Names this thread as the holder of its connections in the ledger."""
    connections: int = 0
    """Connections it may have open, where that is limited."""
    allowed: int = 0
    """Letters that were counted for the batch it is at, in the warm-up of the account."""
    used: int = 0
    """Those of them that went, or may have gone."""
    core: int | None = None
    """The one core that it keeps to; None for all."""
    next: Claimed | None = None
    """What it does next, when that was claimed along with the last answer."""


class RunState:
    """What the threads of one run share.

    Args:
        setup: What every delivery needs.
        send: The send.
        progress: Told what becomes of the letters.
        probes: Whether it brings the trial letter of a send that its provider has stopped, and ends with it.
    """

    def __init__(self, setup: DeliverySetup, send: Send, progress: Progress, *, probes: bool) -> None:
        self.setup = setup
        self.send = send
        self.probes = probes
        self.growth = Growth(1 if probes else setup.first_batch, setup.sender.batch_size)
        self.halving = Halving()
        self.lock = threading.Lock()
        """Held for what threads count together, and while one tells of it."""
        # SQLite has one writer at a time, and who finds it taken sleeps: so they wait for each other here.
        self.pen = threading.Lock() if setup.database.is_sqlite else contextlib.nullcontext()
        self.over = threading.Event()
        """Set when nothing new is to be begun."""
        self.retrying = Retrying(
            setup.database, patience=setup.patience, sleep=setup.sleep, hurry=self.over.is_set, gate=self.pen
        )
        taken_before = self.retrying.read(lambda connection: ledger.has_taken(connection, send.id, setup.sender.name))
        self.refusals = AddressRefusals(RefusalRecord(taken_before=taken_before))
        self._progress = progress

    def tell(self, state: str, count: int) -> None:
        """Tell whoever follows it how many deliveries have just reached a state."""
        if count:
            with self.lock:
                self._progress(state, count)

    def moved(self, connection: Connection) -> bool:
        """Whether another provider has taken the send over: then nothing more of it is begun through this one."""
        return self.setup.may_move and ledger.goes_elsewhere(connection, self.send.id, self.setup.account)
