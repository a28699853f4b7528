"""What may be done with a subscription: its status and an act give a decision (pure).

One table, so that the form, the command line and a file of a million rows obey the same rules. The rules behind it:
nobody is brought back by somebody else's file, nobody is confirmed twice, and leaving always works.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from subscribers.models import LetterKind, Status

Act = Literal[
    "subscribe",  # the person fills in the form, or writes that they want the letter
    "ask",  # an editor asks the person, who has to confirm
    "confirm",  # the person presses the button behind the confirmation letter
    "leave",  # the person leaves, by page, one click, mail or through the provider
    "add",  # an editor states that the person agreed
    "restore",  # an editor states that a person who left asked to come back
    "import",  # a file says the person is confirmed
    "import-pending",  # a file says the person has not confirmed yet
    "import-left",  # a file says the person has left
]
ACTS: tuple[Act, ...] = get_args(Act)

GIVING: frozenset[Act] = frozenset({"confirm", "add", "restore", "import"})
"""Acts after which somebody is subscribed who was not."""
ASKING: frozenset[Act] = frozenset({"subscribe", "ask", "import-pending"})
"""Acts after which somebody has to confirm."""
PARTING: frozenset[Act] = frozenset({"leave", "import-left"})
"""Acts that end a subscription."""
LET_GO = "no answer"
"""The road on which a subscription ends that nobody ended: its reader was asked whether they still want it."""
LEAVING_REASONS = ("too many", "not interesting", "never subscribed", "other")
"""Why people leave, as the page behind the button offers it; their own words may stand behind it, or alone."""

PITCH = "Leave your address and our latest posts come to you by email."
"""What stands above the form; it goes into the record of consent in the words that were shown."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What an act makes of a subscription: its new status, or why it is refused."""

    status: Status | None
    """The status afterwards; None when there is still no subscription."""
    changes: bool
    """The status becomes another one; then the act goes into the record of consent."""
    letter: LetterKind | None = None
    """The small letter that the person gets."""
    refusal: str = ""
    """Why the act is refused, for the one who did it; empty when it is not."""


_LEFT_BY_CHOICE = "this person left the list; only they can come back"

# (status before, act) -> (status after, letter, refusal)
_TABLE: Mapping[tuple[Status | None, Act], tuple[Status | None, LetterKind | None, str]] = {
    (None, "subscribe"): ("pending", "confirmation", ""),
    ("pending", "subscribe"): ("pending", "confirmation", ""),
    ("confirmed", "subscribe"): ("confirmed", None, ""),
    ("left", "subscribe"): ("pending", "confirmation", ""),
    (None, "ask"): ("pending", "confirmation", ""),
    ("pending", "ask"): ("pending", "confirmation", ""),
    ("confirmed", "ask"): ("confirmed", None, ""),
    ("left", "ask"): ("left", None, _LEFT_BY_CHOICE),
    (None, "confirm"): (None, None, "nobody asked for this subscription"),
    ("pending", "confirm"): ("confirmed", "welcome", ""),
    ("confirmed", "confirm"): ("confirmed", None, ""),
    # A confirmation link that is older than the goodbye must not undo it.
    ("left", "confirm"): ("left", None, "this person left the list after asking for it"),
    (None, "leave"): (None, None, ""),
    ("pending", "leave"): ("left", None, ""),
    ("confirmed", "leave"): ("left", "goodbye", ""),
    ("left", "leave"): ("left", None, ""),
    (None, "add"): ("confirmed", None, ""),
    ("pending", "add"): ("confirmed", None, ""),
    ("confirmed", "add"): ("confirmed", None, ""),
    ("left", "add"): ("left", None, _LEFT_BY_CHOICE),
    (None, "restore"): ("confirmed", None, ""),
    ("pending", "restore"): ("confirmed", None, ""),
    ("confirmed", "restore"): ("confirmed", None, ""),
    ("left", "restore"): ("confirmed", None, ""),
    (None, "import"): ("confirmed", None, ""),
    ("pending", "import"): ("confirmed", None, ""),
    ("confirmed", "import"): ("confirmed", None, ""),
    ("left", "import"): ("left", None, _LEFT_BY_CHOICE),
    (None, "import-pending"): ("pending", None, ""),
    ("pending", "import-pending"): ("pending", None, ""),
    ("confirmed", "import-pending"): ("confirmed", None, ""),
    ("left", "import-pending"): ("left", None, _LEFT_BY_CHOICE),
    (None, "import-left"): ("left", None, ""),
    ("pending", "import-left"): ("left", None, ""),
    ("confirmed", "import-left"): ("left", None, ""),
    ("left", "import-left"): ("left", None, ""),
}


def decide(status: Status | None, act: Act) -> Decision:
    """What an act does to a subscription.

    Args:
        status: The present one; None when the person has no subscription to this list.
        act: What is being done, and by whom.
    """
    after, letter, refusal = _TABLE[status, act]
    return Decision(status=after, changes=after != status, letter=letter, refusal=refusal)
