"""When what was not taken is tried again: a letter that was put off when the server said, a batch after a pause."""

from __future__ import annotations

import random
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


def backoff(base: float, attempt: int) -> float:
    """Seconds before a further try of a batch: doubled up to a minute, and spread so that not all come at once.

    Args:
        base: Seconds before the first new try.
        attempt: Number of tries so far.
    """
    return float(min(base * 2 ** min(attempt - 1, 10), 60.0)) * random.uniform(0.5, 1.0)  # noqa: S311  no secret
