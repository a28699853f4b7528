"""When a letter that the server put off comes again: at its own time, which it may have named (pure)."""

from __future__ import annotations

import re

FIRST, LONGEST = 10.0, 900.0
"""Seconds before the first new try, doubled from one to the next, and the most. Servers that greylist (RFC 6647) take a
letter after a delay of their own, from some seconds to a quarter of an hour."""
_NAMED = re.compile(r"(?i)\b(\d{1,5})\s*(s|secs?|seconds?|m|mins?|minutes?)\b")


def due_in(reason: str, attempt: int, first: float = FIRST) -> float:
    """Seconds until a letter is tried again.

    Args:
        reason: The server's words; what they say of seconds or minutes holds, up to the most.
        attempt: Number of tries so far.
        first: Seconds after the first one.
    """
    if found := _NAMED.search(reason):
        seconds = float(found[1]) * (60 if found[2].lower().startswith("m") else 1)
        if seconds:
            return min(seconds, LONGEST)
    return float(min(first * 2 ** min(max(attempt - 1, 0), 20), LONGEST))
