"""One provider, one file. What every one of them promises to ``deliver`` is written here.

A submission has two halves, so that a crash leaves the least doubt: ``begin`` hands the provider everything but the
last byte, which commits it to nothing; only when the ledger has committed ``submitting`` does ``finish`` let the
last byte go and wait for the answer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from newsletter.models import Letter


@dataclass(frozen=True, slots=True)
class Parcel:
    """One delivery as a sender needs it."""

    delivery: int
    name: str
    """Name of the delivery, unique in the world; the left side of its Message-ID."""
    address: str
    slots: Mapping[str, bytes]
    """The values of the letter's slots for this subscriber."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider said of one submission."""

    state: str = "submitted"
    """What all its parcels are now: ``submitted``, ``refused`` or ``unknown``."""
    apart: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    """Deliveries that differ, with state and reason."""


class Submission(Protocol):
    """A submission that waits for its last byte."""

    def finish(self) -> Answer:
        """Let the last byte go and return the answer."""

    def abandon(self) -> None:
        """Close without the last byte; the provider has taken nothing."""


class Carrier(Protocol):
    """A sender that is loaded with one letter."""

    def begin(self, parcels: Sequence[Parcel], request_id: str) -> Submission:
        """Hand over everything but the last byte.

        Raises:
            SendError: Nothing was taken; the same submission may be tried again.
        """

    def settle(self, names: Collection[str]) -> set[str] | None:
        """Which of the deliveries with these names were taken by an earlier submission; None if it cannot tell."""

    def close(self) -> None:
        """Let go of connections and files."""


class Sender(Protocol):
    """A provider of a workspace."""

    name: str
    batch_size: int
    """Subscribers in one submission."""

    def load(self, letter: Letter) -> Carrier:
        """Make ready to carry this letter."""
