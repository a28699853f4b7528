"""What an answer of Mail Send means (pure).

Validation at SendGrid is all or nothing: one malformed or repeated address makes the whole request a 400 (vendor
documentation, "Errors"). What is refused is found by the field its error names, or by halves.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from newsletter.senders import QUEUED, REFUSED, UNKNOWN, About, Answer, Parcel
from newsletter.senders.https import retry_after
from newsletter.text.mailbox import without_addresses


def understand(
    status: int,
    headers: Mapping[str, str] | Any,
    content: bytes,
    parcels: Sequence[Parcel],
    refused: dict[int, tuple[str, str]],
) -> Answer:
    """What an answer of Mail Send that is no acceptance means for the parcels of its request.

    429 and 503 took nothing and ask to wait; 413 is too large. A 400 that names an address refuses it; one that names
    another field stops the send; one that names nothing refuses nobody: it also comes from a machine in between, or
    for minutes from SendGrid itself (reports in its sendgrid-csharp issue 674, sendgrid-python issue 960). 401 and 403
    are about the account, other 4xx about whoever answered. Other 5xx may come from a machine in between, after the
    request was taken: they leave it unknown.
    """
    errors = _errors(content)
    words = "; ".join(message for message, _ in errors or ())
    reason = f"SendGrid says: {words} ({status})" if words else _wordless(status, content)
    if status in {429, 503}:
        return Answer(QUEUED, refused, reason, pause=retry_after(headers))
    if status == 413:
        return too_large(parcels, refused)
    if status == 400:
        return _bad_request(errors, bool(content.strip()), reason, parcels, refused)
    if status in _OF_THE_ACCOUNT and errors is not None:
        return Answer(QUEUED, refused, reason, stop=True, about="account")
    if 300 <= status < 500:
        about: About = "account" if _ACCOUNT.search(words) else "server"
        return Answer(QUEUED, refused, reason, stop=True, about=about)
    return Answer(UNKNOWN, refused, reason, about="server")


def _wordless(status: int, content: bytes) -> str:
    """What to say of an answer that has none of SendGrid's words."""
    if content.strip():
        return f"a machine in between answers for SendGrid, or it is in trouble: no answer in its form ({status})"
    return f"SendGrid answers without a word ({status})"


_OF_THE_ACCOUNT = frozenset({401, 402, 403, 451})
"""Key, plan, permission, and the region of the account (vendor documentation, "Errors" and "Data residency")."""
_ACCOUNT = re.compile(
    r"(?i)\bcredits?\b|\bplan\b|\bquota\b|billing|sender identit|verified sender|unverified|not verified|api key"
    r"|authorization grant|not authori[sz]ed|permission|\baccount\b"
)
_POSITION = re.compile(r"personalizations[.\[](\d+)\]?(.*)", re.DOTALL)
# What every reader's part has alike, made by us: a fault of the letter, whomever it is named for.
_OURS = re.compile(r"[.\[]*(?:headers|substitutions|custom_args|subject|send_at|from|dynamic_template_data)\b")


def _bad_request(
    errors: Sequence[tuple[str, str]] | None,
    said: bool,
    reason: str,
    parcels: Sequence[Parcel],
    refused: dict[int, tuple[str, str]],
) -> Answer:
    found, ours = dict(refused), ""
    for message, where in errors or ():
        position = _POSITION.fullmatch(where)
        if position is not None and int(position[1][:9]) < len(parcels) and len(position[1]) < 9:
            if _OURS.match(position[2]):
                ours = where
                continue
            found[parcels[int(position[1])].delivery] = (REFUSED, f"SendGrid refuses it: {message}")
    if len(found) > len(refused):
        return Answer(QUEUED, found, reason, again=True, about="address")
    if errors and any(_ACCOUNT.search(message) for message, _ in errors):
        return Answer(QUEUED, refused, reason, stop=True, about="account")
    elsewhere = ours or next((where for _, where in errors or () if where and _of_all(where)), "")
    if elsewhere:
        # The letter itself, not one of its addresses: no half of it would be taken either.
        return Answer(QUEUED, refused, f"{reason}, field {elsewhere}", stop=True, about="letter")
    # What is not in SendGrid's form was said by something else, which knows nothing of addresses.
    strange = errors is None and said
    if len(parcels) > 1:
        return Answer(QUEUED, refused, reason, split=True, about="server" if strange else "address")
    return Answer(QUEUED, refused, reason, about="server" if strange else "address")


def _of_all(where: str) -> bool:
    """Whether a field is one that all readers of a request share."""
    return not where.startswith("personalizations")


def too_large(parcels: Sequence[Parcel], refused: dict[int, tuple[str, str]]) -> Answer:
    """The answer for a request over the limit: its halves may pass, one subscriber alone cannot be made smaller."""
    reason = "the request is too large for SendGrid (30 MB)"
    if len(parcels) > 1:
        return Answer(QUEUED, refused, reason, split=True, about="letter")
    return Answer(QUEUED, refused, f"{reason} even for one subscriber: take out pictures", stop=True, about="letter")


def _errors(content: bytes) -> list[tuple[str, str]] | None:
    """Message and field of each error in an answer, however it is made; None when it is none of SendGrid's."""
    try:
        found = json.loads(content)["errors"]
        return [(_line(error.get("message")) or "no reason given", _line(error.get("field"))) for error in found]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _line(value: object) -> str:
    """One line that every database takes: no sign zero, no half a sign, no address, and not without end."""
    if value is None or isinstance(value, (bool, float)):
        return ""
    text = str(value)[:_MOST_SIGNS].encode("utf-8", "replace").decode("utf-8").replace("\0", "")
    return " ".join(without_addresses(text).split())


_MOST_SIGNS = 1000
"""Of a message that is kept."""
