"""When an address must not be mailed any more, and how that is remembered without the address (pure)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Literal

from subscribers.errors import SecretError
from subscribers.models import Event, SuppressionReason

KEY_BYTES = 32
"""Length of a secret key."""

NO_KEYS: Mapping[int, bytes] = MappingProxyType({})
"""No secret at all: enough while no address is suppressed."""

PATIENCE = 3
"""Letters that may bounce softly or be blocked before the address is suppressed; the third one does it."""

LOOKS_BACK = timedelta(days=30)
"""How long such a letter counts."""

BRAKE_NUMBER = 20
"""Readers of one domain that bounce within `BRAKE_WINDOW` before their bounces may be held as doubtful."""

BRAKE_PERCENT = 30
"""… and how many of a hundred readers of that domain they are at least."""

BRAKE_WINDOW = timedelta(hours=1)
"""How close together such bounces come. A provider whose directory is away refuses a whole domain within minutes."""

BOUNCE_REASONS: tuple[SuppressionReason, ...] = ("hard", "invalid", "soft", "blocked")
"""Why an address is suppressed by what servers said, and not by what a person did."""

FINAL_REASONS: tuple[SuppressionReason, ...] = ("complained", "erased")
"""Why an address is suppressed until the person themselves asks for letters again."""

SAME_MAILBOXES = {"googlemail.com": "gmail.com"}  # support.google.com/mail/answer/10313: one service, two names

Verdict = Literal["suppress", "remember", "nothing"]

_SIGNED_FOR = b"nashra address 1\0"  # the same secret may serve other things; this keeps them apart


def judge(event: Event, troubles: int) -> tuple[Verdict, SuppressionReason | None]:
    """What an event means for the address it is about.

    A hard bounce, an invalid address and a complaint suppress at once. A soft bounce and a block say little alone:
    mailboxes fill up, and mail servers refuse a whole sender for a day.

    Args:
        event: What the provider reported of the letter, in our words.
        troubles: Other letters to this person that bounced softly or were blocked within `LOOKS_BACK`.

    Returns:
        ``suppress`` with the reason, ``remember`` for what counts towards `PATIENCE`, or ``nothing``.
    """
    if event.kind == "complained":
        return "suppress", "complained"
    if event.kind != "bounced":
        return "nothing", None
    if event.bounce in ("hard", "invalid"):
        return "suppress", event.bounce
    if event.bounce == "policy":
        return "nothing", None  # what a server holds against us is no reason to stop mailing its readers
    kind = event.bounce or "soft"
    return ("suppress", kind) if troubles + 1 >= PATIENCE else ("remember", None)


def bounce_domain(address: str) -> str:
    """The domain whose mail server answers for an address, for telling bounces that come together.

    Args:
        address: As `subscribers.addresses` gives it, its domain in A-labels and lower case.
    """
    domain = address.rpartition("@")[2]
    return SAME_MAILBOXES.get(domain, domain)


def names_of(domain: str) -> tuple[str, ...]:
    """Every name under which a domain of `bounce_domain` stands in addresses."""
    return (domain, *(name for name, same in SAME_MAILBOXES.items() if same == domain))


def doubtful(bounced: int, readers: int) -> bool:
    """Whether so many bounces of one domain within `BRAKE_WINDOW` say more of its server than of its readers.

    Args:
        bounced: Readers of the domain that bounced.
        readers: Readers of the domain that could be mailed before.
    """
    return bounced >= BRAKE_NUMBER and bounced * 100 >= BRAKE_PERCENT * readers


def fingerprint(address_key: str, key: bytes) -> bytes:
    """What stands in the database for an address that must not be mailed: an HMAC-SHA-256, 32 bytes.

    A plain hash of an address can be found by trying addresses; this one needs the secret, which is not in the
    database.

    Args:
        address_key: The folded address (``Address.key``).
        key: The secret key, 32 bytes.
    """
    if len(key) != KEY_BYTES:
        raise ValueError(f"a secret key has {KEY_BYTES} bytes, not {len(key)}")
    return hmac.digest(key, _SIGNED_FOR + address_key.encode("utf-8"), "sha256")


def newest(keys: Mapping[int, bytes]) -> int:
    """The id of the key that new fingerprints are made with: the highest.

    Raises:
        SecretError: There is no key.
    """
    if not keys:
        raise SecretError(
            "the secret key for suppressed addresses is missing", mend="restore the secret file of this workspace"
        )
    return max(keys)


def fingerprints(address_key: str, keys: Mapping[int, bytes], used: frozenset[int]) -> list[bytes]:
    """Every fingerprint an address may stand under.

    Args:
        address_key: The address as `subscribers.addresses` folds it for comparing.
        keys: All secret keys there are, by id.
        used: Ids of the keys that stand in the database.

    Raises:
        SecretError: The database holds fingerprints of a key that is not among these, so nobody could tell whether
            the address must not be mailed.
    """
    missing = used - keys.keys()
    if missing:
        raise SecretError(
            f"addresses were suppressed under secret key {min(missing)}, which is missing",
            mend="restore the secret file of this workspace; without it they would be mailed again",
        )
    return [fingerprint(address_key, keys[one]) for one in sorted(used)]
