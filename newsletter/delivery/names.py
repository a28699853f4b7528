"""What a small letter is called at a provider: ``small-<signature>.<id>``, the left side of its Message-ID (pure).

The id alone could be counted up by anybody. The signature, 64 bits of an HMAC-SHA-256, is known only to who got the
letter or carried it; so a name that verifies was read off the letter itself.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping

NAME = r"small-[0-9a-f]{16}\.[0-9]{1,18}"
"""Regular expression of a name."""
_NAME = re.compile(r"small-([0-9a-f]{16})\.([0-9]{1,18})")


def name_of(letter_id: int, keys: Mapping[int, bytes]) -> str:
    """Name of a small letter, the same at every try, and of this workspace alone.

    Args:
        letter_id: Of the letter.
        keys: The keys that sign links; the oldest one signs names, since it is there before and after a new one comes.
    """
    return f"small-{_signature(letter_id, keys[min(keys)])}.{letter_id}"


def letter_of(name: str, keys: Mapping[int, bytes]) -> int | None:
    """The id of the small letter with this name; None when it is not a name that one of our keys signed.

    Args:
        name: As a provider or a stranger gave it.
        keys: As above; the signature is compared in constant time.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    signature, letter_id = found[1], int(found[2])
    # Every key is tried, whichever fits.
    good = [hmac.compare_digest(_signature(letter_id, key), signature) for key in keys.values()]
    return letter_id if any(good) and str(letter_id) == found[2] else None


def _signature(letter_id: int, key: bytes) -> str:
    return hmac.digest(key, f"nashra small letter {letter_id}".encode(), "sha256")[:8].hex()
