"""What SendGrid reports of letters it took: the signature of a report, and its events in our words.

A report is a POST of a JSON array. It is signed with ECDSA over the time stamp and the raw body. That does not stop
a replay, and digits may be moved from the time stamp into the body with the signature still good (measured): so the
time stamp is held to its strict form, and a repeated event must change nothing. Order is not kept, and events come
up to a day late (vendor's guide "Event Webhook").
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from newsletter.senders.reports import EventReport
from newsletter.text.machines import says_so
from newsletter.text.reasons import reason_of
from newsletter.text.refusals import refusal
from subscribers.models import BounceKind, Event, EventKind

SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
_SECONDS = re.compile(r"[1-9][0-9]{9}")

# The provider's words for what happened, in ours; whatever is not here is "unknown", and proves no less that the
# letter was taken.
KINDS: Mapping[str, EventKind] = {
    "delivered": "delivered",
    "deferred": "deferred",
    "bounce": "bounced",
    "dropped": "bounced",
    "spamreport": "complained",
    "open": "opened",
    "click": "clicked",
    "unsubscribe": "left",
    "group_unsubscribe": "left",
}
# Why SendGrid dropped a letter by itself, by words of its reason (vendor's guide "Event Webhook", event "dropped"); the
# first that fits. What is wrong with our request, text or plan says nothing of the reader.
DROPPED: tuple[tuple[str, EventKind, BounceKind | None], ...] = (
    ("smtpapi", "bounced", "policy"),
    ("spam content", "bounced", "policy"),
    ("quota", "bounced", "policy"),
    ("bounced address", "bounced", "hard"),
    ("invalid", "bounced", "invalid"),
    ("spam reporting", "complained", None),
    ("unsubscribed", "left", None),
)
# What SendGrid's own classification says where the words of the server do not (its page "Bounce & Block
# Classifications in Event Webhook").
CLASSIFICATIONS: Mapping[str, BounceKind] = {
    "invalid address": "hard",
    "mailbox unavailable": "soft",
    "content": "policy",
    "reputation": "policy",
    "frequency or volume too high": "policy",
    "technical failure": "soft",
    "technical": "soft",
}


class SignedReports:
    """Reads the reports that SendGrid signed for one account.

    Args:
        public_key: As SendGrid's settings show it, base64 of DER.
    """

    def __init__(self, public_key: str) -> None:
        self._public_key = public_key

    def genuine(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether SendGrid signed this body for this account."""
        return genuine(self._public_key, headers, body)

    def read(self, body: bytes) -> list[EventReport]:
        """The events that name a delivery of ours, in the order they came.

        Raises:
            ValueError: Not a JSON array.
        """
        return reports(body)


def genuine(public_key: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether SendGrid signed this body, with the key of this account.

    Args:
        public_key: As SendGrid's settings show it, base64 of DER.
        headers: Of the request, names in lower case.
        body: Raw, before any parsing: the signature covers its last line end too.
    """
    from sendgrid.helpers.eventwebhook import EventWebhook  # type: ignore[import-untyped]  # ships no types

    timestamp = headers.get(TIMESTAMP, "")
    if not public_key or not _SECONDS.fullmatch(timestamp):
        return False
    try:
        text = body.decode("utf-8")
        return bool(EventWebhook(public_key).verify_signature(text, headers.get(SIGNATURE, ""), timestamp))
    except Exception:
        # The package raises half a dozen classes for a bad key, bad base64 or a bad signature (measured).
        return False


def key_fault(public_key: str) -> str:
    """Why no report can ever verify with a key; empty when one can. Only SendGrid has the key that signs.

    Args:
        public_key: As SendGrid's settings show it, base64 of DER.
    """
    from sendgrid.helpers.eventwebhook import EventWebhook

    try:
        # With a good key this made-up signature is merely wrong.
        EventWebhook(public_key).verify_signature("[]", "MAYCAQECAQE=", "1700000000")
    except Exception:
        return "it is no public key of the kind that SendGrid shows"
    return ""


def reports(body: bytes) -> list[EventReport]:
    """The events of a report that name a delivery of ours, in the order they came.

    Raises:
        ValueError: Not a JSON array.
    """
    found = json.loads(body)
    if not isinstance(found, list):
        raise ValueError("a report is an array")
    return [report for item in found if isinstance(item, dict) for report in _report(item)]


def _report(item: Mapping[str, Any]) -> Iterator[EventReport]:
    delivery = item.get("nashra_delivery")
    seconds = item.get("timestamp")
    if not isinstance(delivery, str) or isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return
    # Some relays write milliseconds.
    seconds = seconds / 1000 if seconds > 1e11 else seconds
    if not 1e9 < seconds < 1e10:
        return
    kind, bounce = _meaning(item)
    request = item.get("nashra_request")
    words = str(item.get("reason") or item.get("response") or "")[:500]
    yield EventReport(
        Event(
            kind=kind,
            at=datetime.fromtimestamp(int(seconds), UTC),
            delivery=delivery,
            bounce=bounce,
            reason=words,
            named=reason_of(words, str(item.get("status") or ""), bounce) if kind in {"bounced", "deferred"} else "",
            url=str(item.get("url") or "")[:2000] if kind == "clicked" else "",
            machine=kind == "clicked" and says_so(str(item.get("useragent") or "")),
            provider_id=str(item.get("sg_event_id") or "")[:200],
        ),
        request if isinstance(request, str) else "",
    )


def _meaning(item: Mapping[str, Any]) -> tuple[EventKind, BounceKind | None]:
    name = str(item.get("event"))
    if name == "dropped":
        reason = str(item.get("reason") or "").lower()
        return next(((kind, bounce) for words, kind, bounce in DROPPED if words in reason), ("bounced", "blocked"))
    kind = KINDS.get(name, "unknown")
    return kind, why_bounced(item) if kind == "bounced" else None


def why_bounced(item: Mapping[str, Any]) -> BounceKind:
    """Why a letter bounced, by the words of the server that refused it before SendGrid's own.

    An address that SendGrid put among blocks was refused for once, by its own account, and so is never gone for good.

    Args:
        item: Event "bounce" of the webhook, or an entry of the list of bounces.
    """
    sort = str(item.get("bounce_classification") or "").strip().lower()
    once = item.get("type") == "blocked"
    unclear = CLASSIFICATIONS.get(sort, "blocked" if once else "hard")
    told = refusal(str(item.get("reason") or ""), str(item.get("status") or ""), unclear=unclear)
    return "blocked" if once and told in {"hard", "invalid"} else told
