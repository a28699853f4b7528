"""What a delivery status means (pure): RFC 3463's codes, and the words of servers that give none, in our words."""

from __future__ import annotations

import re

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

# Subject and detail of a permanent status (RFC 3463 sections 3.2 to 3.8); the longest beginning that fits.
PERMANENT: dict[str, BounceKind] = {
    "1": "hard",  # no such mailbox, no such system, moved away
    "1.3": "invalid",  # not an address
    "1.7": "blocked",  # about the sender's address
    "1.8": "blocked",
    "1.9": "soft",  # it went on, to a system that does not say more (RFC 3886)
    "2": "soft",  # mailbox full, too large …
    "2.1": "hard",  # mailbox disabled
    "2.3": "blocked",  # too long for this mailbox
    "3": "soft",
    "3.4": "blocked",  # too big for that system
    "4": "blocked",  # network and routing; some use 5.4.1 for "access denied"
    "5": "soft",
    "6": "blocked",  # about the letter's content
    "7": "blocked",  # policy, authentication
}

_STATUS = re.compile(r"\b([245])\.([0-9]{1,3})\.([0-9]{1,3})\b")
_CODE = re.compile(r"\b([45])[0-9]{2}\b")
_NOBODY = re.compile(
    r"user (is )?(unknown|not found|doesn'?t exist|does not exist)|unknown (user|recipient|mailbox|address)"
    r"|no such (user|recipient|mailbox|person|address)|(mailbox|recipient|account|address|user) "
    r"(unavailable|unknown|not found|does not exist|doesn'?t exist|disabled|is disabled|rejected: user)"
    r"|invalid (recipient|mailbox|user)|no mailbox here|host or domain name not found",
    re.IGNORECASE,
)
_FULL = re.compile(r"(mailbox|quota|storage).{0,30}(full|exceed)|over ?quota|out of storage", re.IGNORECASE)


def meaning(action: str, status: str, diagnostic: str) -> tuple[EventKind, BounceKind | None]:
    """Kind of event, and why it bounced if it did.

    Args:
        action: Field Action, as it stands there.
        status: Field Status.
        diagnostic: Field Diagnostic-Code: the words of the server that refused.
    """
    kind = ACTIONS.get(action.strip().lower(), "unknown")
    if kind != "bounced":
        return kind, None
    found = _STATUS.search(status) or _STATUS.search(diagnostic)
    # 5.0.0 says no more than that it failed: the words may know.
    if found is not None and (found[2], found[3]) == ("0", "0"):
        found = _STATUS.search(diagnostic) or found
    if found is not None and found[2] != "0":
        if found[1] != "5":
            return kind, "soft"
        return kind, PERMANENT.get(f"{found[2]}.{found[3]}") or PERMANENT.get(found[2], "soft")
    return kind, _by_words(found[1] if found else "", diagnostic)


def _by_words(group: str, diagnostic: str) -> BounceKind:
    code = _CODE.search(diagnostic)
    group = code[1] if code else group
    if group == "4" or _FULL.search(diagnostic):
        return "soft"
    if _NOBODY.search(diagnostic):
        return "hard"
    return "blocked" if code else "soft"
