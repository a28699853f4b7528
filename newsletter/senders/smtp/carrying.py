"""What a batch under way needs of the carrier that it goes through: its memory, and its connections."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from newsletter.senders import Parcel
    from newsletter.senders.refusals import RefusalRecord
    from newsletter.senders.smtp.session import Envelope, PipeliningState, Session
    from newsletter.senders.smtp.wire import ConnectionBrokenError


@dataclass(slots=True)
class CarrierState:
    """What a carrier remembers from one batch to the next."""

    watch: RefusalRecord
    """Whether refusals of addresses are to be believed."""
    ahead: PipeliningState
    """Whether the server answers commands that were written ahead."""
    deferred: dict[int, int] = field(default_factory=dict)
    """How often each delivery was put off, so that others go first."""
    blocked: int = 0
    """Letters refused for good, and not for their readers, since the last that was taken."""
    busy: int = 0
    """Letters to be tried later since the last that was taken."""
    unanswered: int = 0
    """Letters without an answer since the last that had one."""
    disk: float = 0.0
    """Seconds that the disk took for the marks of late."""


class SessionPool(Protocol):
    """What a round needs of its carrier."""

    @property
    def most(self) -> int:
        """Connections there may be at once."""

    def hand(self, parcel: Parcel) -> Envelope:
        """Fill the letter for one subscriber."""

    async def session(self) -> Session:
        """A connection that is ready."""

    async def give_back(self, session: Session) -> None:
        """Keep or close a connection."""

    def broken(self, error: ConnectionBrokenError) -> str:
        """Words for a connection that is not to be had."""

    def tell_lie(self) -> None:
        """Tell that the server does not answer what was written ahead, though it offers to."""
