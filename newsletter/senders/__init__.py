"""One provider, one folder. What every one of them promises to ``delivery`` is written here; ``registry`` lists them.

A submission has two halves, so that a crash leaves the least doubt: ``begin`` hands the provider everything but the
last byte, which commits it to nothing; only when the ledger has committed ``submitting`` does ``finish`` let the
last byte go and wait for the answer.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final, Literal, NamedTuple, Protocol

from newsletter.errors import SendError
from newsletter.models import Letter

if TYPE_CHECKING:
    from newsletter.senders.refusals import AddressRefusals

QUEUED: Final = "queued"
SUBMITTED: Final = "submitted"
REFUSED: Final = "refused"
UNKNOWN: Final = "unknown"


About = Literal["address", "letter", "account", "server", "moment"]
"""Whom a refusal is about. Only one about an address refuses a reader; all others leave everybody ``queued``."""


class UnreachableError(SendError):
    """The provider could not be reached, or broke off before the last byte: nothing was taken."""


class Parcel(NamedTuple):
    """One delivery as a sender needs it; a tuple, since a send makes millions."""

    delivery: int
    name: str
    """Name of the delivery, unique in the world; the left side of its Message-ID."""
    address: str
    slots: Mapping[str, bytes]
    """The values of the letter's slots for this subscriber."""
    needs_smtputf8: bool = False
    """The local part is not ASCII (RFC 6531)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider said of one submission."""

    state: Literal["submitted", "refused", "unknown", "queued"] = SUBMITTED
    """What all its parcels are now. ``queued`` says that nothing was taken and they may be tried again."""
    apart: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    """Deliveries that differ, with state and reason."""
    reason: str = ""
    """The provider's words, for the editor."""
    pause: float = 0.0
    """With ``queued``: seconds the provider asks to wait; 0 leaves it to us."""
    again: bool = False
    """With ``queued``: try at once, since what was wrong is taken out."""
    split: bool = False
    """With ``queued``: try the halves apart, one of them holds what is wrong."""
    stop: bool = False
    """With ``queued``: no letter of this send can go, until somebody has mended ``reason``."""
    about: About = "moment"
    """With ``queued``: whom ``reason`` is about. ``address`` with one parcel alone says that it was refused and not
    why: that is a word about its reader only while others are taken."""


class Submission(Protocol):
    """A submission that waits for its last byte."""

    def finish(self) -> Answer:
        """Let the last byte go and return the answer."""

    def abandon(self) -> None:
        """Close without the last byte; the provider has taken nothing."""


Commit = Callable[[Mapping[int, tuple[str, str]], Sequence[int]], Collection[int] | None]
"""Writes answers down (delivery to state and reason, ``queued`` for what was not taken) and marks other deliveries
``submitting``, in one transaction. Gives those whose last byte may go now; None when nothing more of this batch may."""


class Carrier(ABC):
    """A sender that is loaded with one letter, for one thread.

    ``begin`` and ``close`` are what every provider has. The others have a default, which is right for a
    provider that gains nothing by them.
    """

    one_by_one: ClassVar[bool] = False
    """Whether letters each have a last byte of their own, so that only one for each connection is in doubt: then
    ``carry`` is there, and used by whoever can mark letters one by one."""

    @abstractmethod
    def begin(self, parcels: Sequence[Parcel], request_id: str) -> Submission:
        """Hand over everything but the last byte.

        Raises:
            UnreachableError: Nothing was taken; the same submission may be tried again in a while.
            SendError: Nothing was taken, and trying again is no use before something is mended.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of connections and files."""

    def settle(self, names: Collection[str]) -> set[str] | None:  # noqa: ARG002  for those that can look
        """Which of the deliveries with these names were taken by an earlier submission; None if it cannot tell.

        By default it cannot: what is in doubt is ``unknown`` until an event proves it.
        """
        return None

    def pack(self, parcels: Sequence[Parcel], request_id: str) -> Callable[[], Submission]:
        """Do what needs no connection; what comes back hands over everything but the last byte, as ``begin``.

        Threads of one process take turns at this, and hand over side by side: a thread that computes keeps the others
        from what they wait for by up to 5 ms each time (``sys.setswitchinterval``). By default nothing is done ahead.
        """
        return partial(self.begin, parcels, request_id)

    def inherit(self, other: Carrier) -> None:  # noqa: B027  nothing to inherit is a right answer
        """Take the connections of ``other`` over, a carrier of the same sender with another letter; it has none then.

        By default there are none that outlive a letter.
        """

    def remember(self, refusals: AddressRefusals) -> None:  # noqa: B027  as for inherit
        """Believe refusals of addresses by what the whole run of a send has seen, in all of its threads.

        By default they are believed as they come.
        """

    def carry(  # for those that say so by ``one_by_one``
        self,
        parcels: Sequence[Parcel],  # noqa: ARG002
        commit: Commit,  # noqa: ARG002
        *,
        renew: float,  # noqa: ARG002
        most: int = 0,  # noqa: ARG002
        sync: Callable[[], None] | None = None,  # noqa: ARG002
    ) -> Answer:
        """Deliver letters, each last byte held back until ``commit`` has given its delivery; with ``one_by_one``.

        Args:
            parcels: Each to be tried once.
            commit: As above; on each connection an answer is written down before, or with, the next mark.
            renew: Seconds that may pass between two calls of ``commit``, which keep the lease.
            most: Connections that may be open, if fewer than its own; 0 for as many as it has.
            sync: Waits until the disk has what ``commit`` wrote; called in another thread after ``commit`` and before
                the last bytes that it gave, while other letters go on. None when ``commit`` has waited itself.

        Returns:
            ``submitted`` when every parcel has an answer; ``queued`` with a reason when some may be tried again.
            What became of each was told to ``commit``.
        """
        raise TypeError(f"{type(self).__name__} does not carry letters one by one")


def load(sender: Sender, letter: Letter, before: Carrier | None) -> Carrier:
    """Load a sender with a letter; the carrier that had the letter before it is closed, its connections go on.

    Args:
        sender: Of both letters.
        letter: The next one.
        before: The carrier with the last one, or None; for the same thread.

    Raises:
        SendError: As ``Sender.load``; the carrier before stays as it is.
    """
    carrier = sender.load(letter)
    if before is not None:
        carrier.inherit(before)
        before.close()
    return carrier


class Sender(Protocol):
    """A provider of a workspace."""

    name: str
    batch_size: int
    """Subscribers in one submission."""
    connections: int
    """Submissions that may be under way at once."""
    sockets: int
    """Connections that one submission may use."""

    def load(self, letter: Letter) -> Carrier:
        """Make ready to carry this letter."""
