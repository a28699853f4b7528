"""What a delivery status means (pure): the fields of RFC 3464 in our words; why it was refused tells ``refusals``."""

from __future__ import annotations

from newsletter.text.refusals import refusal
from subscribers.models import BounceKind, EventKind

ACTIONS: dict[str, EventKind] = {
    "failed": "bounced",
    "delayed": "deferred",
    "delivered": "delivered",
    # Passed on to a system that reports nothing, or to a list: it left our server, and that is all we know.
    "relayed": "unknown",
    "expanded": "unknown",
}
"""Values of the field Action (RFC 3464 section 2.3.3)."""


def meaning(action: str, status: str, diagnostic: str) -> tuple[EventKind, BounceKind | None]:
    """Kind of event, and why it bounced if it did.

    Args:
        action: Field Action, as it stands there.
        status: Field Status.
        diagnostic: Field Diagnostic-Code: the words of the server that refused.
    """
    kind = ACTIONS.get(action.strip().lower(), "unknown")
    return kind, refusal(diagnostic, status) if kind == "bounced" else None
