"""What providers tell besides the answer to a request: events, lists of addresses they do not mail, what became of a
request in doubt, and how they sign.

Protocols and plain values only; each provider's folder has what fills them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from newsletter.errors import SendError
from subscribers.models import Event, SuppressionReason


@dataclass(frozen=True, slots=True)
class EventReport:
    """One event with the names that travelled with its letter."""

    event: Event
    request_id: str
    """The request it belongs to, when that was taken as a whole, so that the event proves all of it; else empty."""


class ReportReader(Protocol):
    """Verifies and reads the event reports of one account at a provider."""

    def genuine(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether the provider sent this.

        Args:
            headers: Of the request, names in lower case.
            body: Raw, before any parsing.
        """

    def read(self, body: bytes) -> Sequence[EventReport]:
        """The events that name a delivery of ours, in the order they came; others are passed over.

        Raises:
            ValueError: The body is no report.
        """


LEFT: Final = "left"


@dataclass(frozen=True, slots=True)
class SuppressionEntry:
    """One address on a list of a provider."""

    address: str
    at: int
    """Unix seconds."""
    effect: SuppressionReason | Literal["left"] | None
    """Why it is not to be mailed; ``left`` for one who unsubscribed; None when it changes nothing here."""


class SuppressionLists(Protocol):
    """The lists that a provider keeps of addresses it does not mail."""

    @property
    def names(self) -> Sequence[str]:
        """Each list is read on its own, from where the last reading ended."""

    def entries(self, name: str, *, since: int) -> Iterator[SuppressionEntry]:
        """Everything on one list from a moment on.

        Args:
            name: One of ``names``.
            since: Unix seconds; 0 for all.

        Raises:
            SendError: The provider cannot be reached, refuses the key, or answers something else than a list.
        """


@dataclass(frozen=True, slots=True)
class Question:
    """What a provider is asked of deliveries in doubt: whether it has a letter of them."""

    request_id: str
    """Of the request that all of them were in."""
    deliveries: Sequence[tuple[str, str]]
    """Name and address of each, of a few of them at most."""
    since: int
    """Unix seconds before which nothing of it went."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a provider has of the deliveries that it was asked about. What is not here proves nothing."""

    request: bool = False
    """It has a letter of the request and takes requests as a whole or not at all: so it has all of them."""
    deliveries: frozenset[str] = frozenset()
    """Names of those of which it has the letter itself."""


class NotShownError(SendError):
    """The account or its key is not shown what was sent; asking again is no use before somebody has changed that."""

    def __init__(self, message: str, *, where: str = "", mend: str = "", status: int = 0) -> None:
        super().__init__(message, where=where, mend=mend)
        self.status = status
        """Of HTTP."""


class SentMessages(Protocol):
    """What a provider shows of the messages that it took."""

    @property
    def a_minute(self) -> int:
        """Questions that it answers in a minute."""

    def find(self, question: Question) -> Found:
        """Look for the letters of one request.

        Raises:
            NotShownError: The account or the key may not see them.
            SendError: No answer, too many questions, or an answer that is none; it may be asked again later.
        """


@dataclass(frozen=True, slots=True)
class AccountFault:
    """Something at a provider that keeps letters, or news of them, from going as they should."""

    words: str
    """One sentence without a full stop."""
    mend: str
    """As an order."""
    is_grave: bool = True
    """Whether no letter can go like this."""


@dataclass(frozen=True, slots=True)
class AccountState:
    """What a provider says of the account when it is asked without changing anything."""

    words: str
    """What was seen, in one sentence without a secret."""
    faults: Sequence[AccountFault] = ()
    date: float = 0.0
    """Unix seconds by the provider's own clock, as its answer bears them; 0 when it bears none."""
    asked_at: float = 0.0
    """Unix seconds by our clock when that answer came."""


@dataclass(frozen=True, slots=True)
class Authentication:
    """How a provider's letters are authenticated, as far as the sender's DNS shows it."""

    selectors: tuple[str, ...] = ()
    """Names of the DKIM keys it signs with, when they are the same for every account (RFC 6376 section 3.1)."""
    own_bounces: bool = False
    """Bounces go to a name that the provider looks after, so the sender's own SPF record is not asked for them."""
    aligns_by_dkim: bool = False
    """Only DKIM can satisfy a DMARC policy of the sender (RFC 9989): the bounce address never aligns by itself."""
