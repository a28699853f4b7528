"""What an answer of Mail Send means (pure).

Validation at SendGrid is all or nothing: one malformed or repeated address makes the whole request a 400 (vendor
documentation, "Errors"). What is refused is found by the field its error names, or by halves.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from newsletter.senders import QUEUED, REFUSED, SUBMITTED, UNKNOWN, Answer, Parcel
from newsletter.senders.https import retry_after


def understand(
    status: int,
    headers: Mapping[str, str] | Any,
    content: bytes,
    parcels: Sequence[Parcel],
    refused: dict[int, tuple[str, str]],
) -> Answer:
    """What an answer of Mail Send that is no acceptance means for the parcels of its request.

    429 and 503 took nothing and ask to wait; 413 is too large; 400 names
    what is wrong, or leaves it to be found; 401 and 403 end it. Other 5xx may come from a machine in between, after
    the request was taken: they leave it unknown.
    """
    errors = _errors(content)
    words = "; ".join(message for message, _ in errors) or f"status {status} without a word"
    reason = f"SendGrid says: {words} ({status})"
    if status in {429, 503}:
        return Answer(QUEUED, refused, reason, pause=retry_after(headers))
    if status == 413:
        return too_large(parcels, refused)
    if status == 400:
        return _bad_request(errors, reason, parcels, refused)
    if 300 <= status < 500:
        return Answer(QUEUED, refused, reason, stop=True)
    return Answer(UNKNOWN, refused, reason)


_POSITION = re.compile(r"personalizations[.\[](\d+)")


def _bad_request(
    errors: Sequence[tuple[str, str]], reason: str, parcels: Sequence[Parcel], refused: dict[int, tuple[str, str]]
) -> Answer:
    found = dict(refused)
    for message, where in errors:
        position = _POSITION.search(where)
        if position is not None and int(position[1]) < len(parcels):
            found[parcels[int(position[1])].delivery] = (REFUSED, f"SendGrid refuses it: {message}")
    if len(found) > len(refused):
        return Answer(QUEUED, found, reason, again=True)
    elsewhere = [where for _, where in errors if where and not where.startswith("personalizations")]
    if elsewhere:
        # The letter itself, not one of its addresses: no half of it would be taken either.
        return Answer(QUEUED, refused, f"{reason}, field {elsewhere[0]}", stop=True)
    if len(parcels) > 1:
        return Answer(QUEUED, refused, reason, split=True)
    return Answer(SUBMITTED, {**refused, parcels[0].delivery: (REFUSED, reason)}, reason)


def too_large(parcels: Sequence[Parcel], refused: dict[int, tuple[str, str]]) -> Answer:
    """The answer for a request over the limit: its halves may pass, one subscriber alone cannot be made smaller."""
    reason = "the request is too large for SendGrid (30 MB)"
    if len(parcels) > 1:
        return Answer(QUEUED, refused, reason, split=True)
    return Answer(QUEUED, refused, f"{reason} even for one subscriber: take out pictures", stop=True)


def _errors(content: bytes) -> list[tuple[str, str]]:
    """Message and field of each error in an answer, however it is made."""
    try:
        found = json.loads(content)["errors"]
        return [(str(error.get("message") or "no reason given"), str(error.get("field") or "")) for error in found]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []
