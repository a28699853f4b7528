"""What an event says of its delivery, its batch and its send, beside all that was known of them (pure).

What was read of a delivery is kept here while the events of a report are heard one after the other; each sees what
the earlier ones changed. What is to be written is collected on the way.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from newsletter.ledger import states
from subscribers.models import Event

Key = tuple[str, int]
"""What makes an event of a delivery the same one: kind, and moment in Unix seconds."""

_NOT_KEPT = frozenset({"opened", "clicked"})
"""What a reader does with a letter is none of our business: it proves that the letter was taken, and is forgotten."""


@dataclass(slots=True)
class SendEvidence:
    """A send, and what its sums are to grow by."""

    id: int
    list_id: int
    answered: int = 0
    bounced: int = 0
    complained: int = 0


@dataclass(slots=True)
class BatchEvidence:
    """A batch as it was read, and then as events proved it."""

    id: int
    state: str
    request_id: str | None
    proved: bool = False
    """An event showed that the provider took it; to be written."""


@dataclass(slots=True)
class DeliveryEvidence:
    """A delivery as it was read, and then as events proved it."""

    id: int
    subscriber_id: int
    state: str | None
    """None: as its batch."""
    send: SendEvidence
    batch: BatchEvidence
    told: dict[Key, str | None] = field(default_factory=dict)
    """Every event of it, with its kind of bounce."""
    reasons: dict[Key, str] = field(default_factory=dict)
    """Why it bounced or was deferred, of those that are to be written."""
    fresh: list[Key] = field(default_factory=list)
    """Those to be written."""
    proved: bool = False
    """An event showed that the provider took this one; to be written."""
    leans: bool = False
    """It is proved by its batch alone; should it have moved to another one meanwhile, it is proved for itself."""


def hear(found: DeliveryEvidence, event: Event, request_id: str) -> bool:
    """Take an event in; False when it was told before, or is not to be kept, and then no sum changes.

    An event proves that the provider took its own delivery, also one of an older attempt: that one is not sent again,
    whatever becomes of its batch. One that names the request of the batch proves that it took all of it.

    Args:
        found: The delivery it is about.
        event: In our words.
        request_id: The attempt that travelled with it; may be empty.
    """
    _prove(found, request_id)
    if event.kind in _NOT_KEPT:
        return False
    key = (event.kind, int(event.at.timestamp()))
    if key in found.told:
        return False
    _count(found, event)
    found.told[key] = event.bounce
    found.reasons[key] = event.named
    found.fresh.append(key)
    return True


def _prove(found: DeliveryEvidence, request_id: str) -> None:
    """What an event shows, however often it was told: so that telling it again mends what was written down wrongly."""
    batch = found.batch
    if request_id and request_id == batch.request_id and batch.state in states.MOVES["event"].of:
        batch.state, batch.proved = "submitted", True
    if (found.state or batch.state) in states.MOVES["event"].of:
        found.state, found.proved = "submitted", True
    elif found.state is None and batch.proved:
        found.leans = True


def _count(found: DeliveryEvidence, event: Event) -> None:
    """Keep the sums of a send: a delivery counts as answered once, as bounced once, as complained once."""
    if event.kind not in {"delivered", "bounced", "complained"}:
        return
    kinds = {kind for kind, _ in found.told}
    if event.kind == "complained":
        found.send.complained += "complained" not in kinds
        return
    found.send.answered += not kinds & {"delivered", "bounced"}
    if event.bounce in {"hard", "invalid"}:
        found.send.bounced += not {"hard", "invalid"} & set(found.told.values())
