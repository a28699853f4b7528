"""What an answer of the batch endpoint means (pure).

A batch is not taken or refused as a whole: the answer is 200 with one result for each message, in the order of the
request, and only ``ErrorCode`` 0 says that Postmark took that one. Any other status took none of them. Codes: Postmark
API, "API error codes".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from newsletter.senders import QUEUED, REFUSED, SUBMITTED, UNKNOWN, About, Answer, Parcel
from newsletter.senders.https import retry_after

INVALID, INACTIVE = 300, 406
"""Codes that can be about one reader: an address that is none, or that Postmark holds for dead or unwilling."""
LATER = frozenset({100, 429})
"""Codes that ask to wait: maintenance, too many requests."""
TOO_MANY = 410
"""More messages than one request may have."""
OF_THE_ACCOUNT = frozenset({10, 400, 401, 405, 412, 413, 1226, 1235, 1236})
"""Codes that no other letter and no other reader changes: the token, the sender's signature, the credits, the account
that waits for approval or may not send, a stream that is not there."""
OF_THE_LETTER = frozenset({INVALID, 402, 403, 409, 411})
"""Codes about what we wrote: fields and JSON that Postmark does not take, kinds of attachment it forbids."""

_MOST_SIGNS = 2000
"""Of a message that is kept."""

_ABOUT_TO = re.compile(r"'To'")


def understand(
    status: int,
    headers: Mapping[str, str] | Any,
    content: bytes,
    parcels: Sequence[Parcel],
    refused: Mapping[int, tuple[str, str]],
) -> Answer:
    """What an answer means for the parcels of its request.

    Args:
        status: Of HTTP.
        headers: Of the answer.
        content: Of the answer.
        parcels: In the order of the request.
        refused: Those that were not in it, with state and reason.
    """
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if status == 200:
        return _results(found, headers, parcels, refused)
    code, message = _error(found)
    reason = f"Postmark says: {message or 'nothing'} ({code or status})"
    if status in {429, 503} or (status == 422 and code in LATER):
        return Answer(QUEUED, refused, reason, pause=retry_after(headers))
    if status == 413 or (status == 422 and code == TOO_MANY):
        return too_large(parcels, refused)
    if status == 422 and code in {INVALID, INACTIVE} and len(parcels) > 1:
        # Not what the documentation says of a batch; should it be, the halves find out whom it is about.
        return Answer(QUEUED, refused, reason, split=True, about="address")
    if status == 422 and code in {INVALID, INACTIVE}:
        return _results([found], headers, parcels, refused)
    if 300 <= status < 500:
        return Answer(QUEUED, refused, reason, stop=True, about=_whose(code, status))
    # 500: "in most cases the message is lost" (HTTP response codes); others may come from a machine in between.
    return Answer(UNKNOWN, refused, reason, about="server")


def too_large(parcels: Sequence[Parcel], refused: Mapping[int, tuple[str, str]]) -> Answer:
    """The answer for a request over the limit: its halves may pass, one message alone cannot be made smaller."""
    reason = "the request is too large for Postmark (50 MB, and 10 MB for a message)"
    if len(parcels) > 1:
        return Answer(QUEUED, refused, reason, split=True, about="letter")
    return Answer(QUEUED, refused, f"{reason} even for one reader: take out pictures", stop=True, about="letter")


def _whose(code: int | None, status: int = 200) -> About:
    """Whom a code is about that stops a send."""
    if code in OF_THE_ACCOUNT or (code is not None and status in {401, 403}):
        return "account"
    return "letter" if code in OF_THE_LETTER else "server"


def _results(
    found: object,
    headers: Mapping[str, str] | Any,
    parcels: Sequence[Parcel],
    refused: Mapping[int, tuple[str, str]],
) -> Answer:
    """What the results of single messages mean together."""
    results = [_error(one) for one in found] if isinstance(found, list) else []
    if len(results) != len(parcels):
        # A page of HTML with 200 as well: whether Postmark took anything behind it, nobody knows.
        return Answer(UNKNOWN, refused, "Postmark's answer cannot be understood", about="server")
    apart, waiting, reason, stop = dict(refused), 0, "", False
    about: About = "moment"
    for parcel, (code, message) in zip(parcels, results, strict=True):
        words = message.replace(parcel.address, "…")
        if code == 0:
            continue
        if code is None:
            apart[parcel.delivery] = (UNKNOWN, "Postmark's answer cannot be understood")
        elif code == INACTIVE or (code == INVALID and _about_reader(message, parcel)):
            apart[parcel.delivery] = (REFUSED, f"Postmark refuses it: {words}")
        else:
            waiting += 1
            # What stops the send is the reason to be told.
            if not reason or (code not in LATER and not stop):
                reason = f"Postmark says: {words} ({code})"
                about = "moment" if code in LATER else _whose(code)
            stop = stop or code not in LATER
    if not waiting:
        return Answer(SUBMITTED, apart)
    for parcel, (code, _) in zip(parcels, results, strict=True):
        if code == 0:
            apart[parcel.delivery] = (SUBMITTED, "")
    return Answer(QUEUED, apart, reason, pause=0.0 if stop else retry_after(headers), stop=stop, about=about)


def _about_reader(message: str, parcel: Parcel) -> bool:
    """Whether an invalid message is so for its reader, and not for what all of them have in common."""
    return bool(_ABOUT_TO.search(message)) or parcel.address.casefold() in message.casefold()


def _error(found: object) -> tuple[int | None, str]:
    """Code and words of a result; None when it has no code."""
    if not isinstance(found, dict):
        return None, ""
    code, message = found.get("ErrorCode"), found.get("Message")
    good = isinstance(code, int) and not isinstance(code, bool)
    return code if good else None, _line(message) if isinstance(message, str) else ""


def _line(message: str) -> str:
    """One line that every database takes: no sign zero, no half a sign, and not without end."""
    whole = message[:_MOST_SIGNS].encode("utf-8", "replace").decode("utf-8").replace("\0", "")
    return " ".join(whole.split())
