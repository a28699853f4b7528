"""What Postmark reports of letters it took: who may report, and its events in our words.

A report is a POST of one JSON object. Postmark does not sign it; it brings what the webhook was set up with: user and
password in its address (basic authentication, RFC 7617), or a header of its own (Webhooks API, ``HttpAuth`` and
``HttpHeaders``). A report is told again until it is answered by 200, and given up at once for 403.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from newsletter.senders.reports import EventReport
from newsletter.text.machines import says_so
from newsletter.text.refusals import refusal
from subscribers.models import BounceKind, Event, EventKind

if TYPE_CHECKING:
    from newsletter.senders.postmark.options import PostmarkOptions

TOKEN = "x-nashra-token"  # noqa: S105  the name of a header
TIMES: Mapping[str, str] = {
    "Delivery": "DeliveredAt",
    "Bounce": "BouncedAt",
    "SpamComplaint": "BouncedAt",
    "SubscriptionChange": "ChangedAt",
    "Open": "ReceivedAt",
    "Click": "ReceivedAt",
}
"""Kind of report (``RecordType``) to the key of its moment; others are passed over."""
# Postmark's types of bounces (Bounce API, "Bounce types"); one that is not here counts as soft. "unknown" proves no
# less that the letter was taken.
BOUNCES: Mapping[str, tuple[EventKind, BounceKind | None]] = {
    "HardBounce": ("bounced", "hard"),
    "BadEmailAddress": ("bounced", "invalid"),
    "Transient": ("deferred", None),
    "DnsError": ("bounced", "soft"),
    "SoftBounce": ("bounced", "soft"),
    # "The message was delivered, but was either blocked by the user, or classified as spam, bulk mail, or had rejected
    # content"; and what is wrong with the sender, its domain or the request.
    "Blocked": ("bounced", "policy"),
    "SpamNotification": ("bounced", "policy"),
    "VirusNotification": ("bounced", "policy"),
    "ChallengeVerification": ("bounced", "policy"),
    "DMARCPolicy": ("bounced", "policy"),
    "SMTPApiError": ("bounced", "policy"),
    "InboundError": ("bounced", "policy"),
    "TemplateRenderingFailed": ("bounced", "policy"),
    "Unconfirmed": ("bounced", "policy"),
    "SpamComplaint": ("complained", None),
    "Unsubscribe": ("left", None),
    "Subscribe": ("unknown", None),
    "AutoResponder": ("unknown", None),
    "AddressChange": ("unknown", None),
    "OpenRelayTest": ("unknown", None),
    "ManuallyDeactivated": ("unknown", None),
}


class GuardedReports:
    """Reads the reports that come with the right password or token.

    Args:
        options: With what the webhooks were set up with; at least one of them.
    """

    def __init__(self, options: PostmarkOptions) -> None:
        self._login = f"{options.webhook_user}:{options.webhook_password}".encode() if options.webhook_password else b""
        self._token = options.webhook_token.encode()

    def genuine(self, headers: Mapping[str, str], body: bytes) -> bool:  # noqa: ARG002  nothing in it is signed
        """Whether the request brings the password or the token; compared in constant time."""
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        by_login = bool(self._login) and scheme.lower() == "basic" and hmac.compare_digest(
            _decoded(credentials), self._login
        )  # fmt: skip
        given = headers.get(TOKEN, "").encode("utf-8", "replace")
        by_token = bool(self._token) and hmac.compare_digest(given, self._token)
        return by_login or by_token

    def read(self, body: bytes) -> list[EventReport]:
        """The event of a report, if it names a delivery of ours.

        Raises:
            ValueError: Not a JSON object.
        """
        found = json.loads(body)
        if not isinstance(found, dict):
            raise ValueError("a report is an object")
        event = _event(found)
        # Each message of a batch is taken on its own: an event proves nothing of the others.
        return [EventReport(event, request_id="")] if event is not None else []


def _decoded(credentials: str) -> bytes:
    try:
        return base64.b64decode(credentials.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _event(item: Mapping[str, Any]) -> Event | None:
    record, metadata = item.get("RecordType"), item.get("Metadata")
    delivery = metadata.get("nashra_delivery") if isinstance(metadata, dict) else None
    at = _moment(item.get(TIMES.get(str(record), "")))
    if not isinstance(delivery, str) or at is None:
        return None
    kind, bounce = _meaning(str(record), item)
    number = item.get("ID") if isinstance(item.get("ID"), int) else item.get("MessageID")
    return Event(
        kind=kind,
        at=at,
        delivery=delivery,
        bounce=bounce,
        reason=str(item.get("Details") or item.get("Description") or "")[:500],
        url=str(item.get("OriginalLink") or "")[:2000] if kind == "clicked" else "",
        machine=kind == "clicked" and says_so(str(item.get("UserAgent") or "")),
        provider_id=f"{record} {number or ''}".strip()[:200],
    )


def _moment(text: object) -> datetime | None:
    """A moment as Postmark writes it: ISO 8601, with up to seven digits after the second."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        if moment is None:
            return None
        seconds = (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return datetime.fromtimestamp(int(seconds), UTC) if 1e9 < seconds < 1e10 else None


def _meaning(record: str, item: Mapping[str, Any]) -> tuple[EventKind, BounceKind | None]:
    if record == "Bounce":
        return _bounce(item)
    if record == "SubscriptionChange":
        return _change(item)
    kinds: Mapping[str, EventKind] = {
        "Delivery": "delivered",
        "SpamComplaint": "complained",
        "Open": "opened",
        "Click": "clicked",
    }
    return kinds[record], None


def _bounce(item: Mapping[str, Any]) -> tuple[EventKind, BounceKind | None]:
    """What a bounce means: Postmark's type, unless the words of the server that refused (``Details``) blame another.

    Words can take the blame off the reader, and not put it on them: what Postmark calls soft is never gone for good.
    """
    kind, bounce = BOUNCES.get(str(item.get("Type")), ("bounced", "soft"))
    if kind != "bounced":
        return kind, None
    told = refusal(str(item.get("Details") or ""), unclear=bounce)
    if bounce in {"hard", "invalid"}:
        return kind, bounce if told in {"hard", "invalid"} else told
    return kind, "policy" if told == "policy" else bounce


def _change(item: Mapping[str, Any]) -> tuple[EventKind, BounceKind | None]:
    """What it means that an address came onto the stream's list of suppressions, or left it."""
    if item.get("SuppressSending") is not True:
        return "unknown", None
    reason = item.get("SuppressionReason")
    if reason == "HardBounce":
        # The bounce itself is told too, in the same second, with the words that say whose fault it is; this has none.
        return "unknown", None
    if reason == "SpamComplaint":
        return "complained", None
    # What editors do at Postmark (origin Customer or Admin) is no word of the reader.
    return ("left", None) if item.get("Origin") == "Recipient" else ("unknown", None)
