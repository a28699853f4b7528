"""What receivers of our letters tell beside bounces: DMARC reports attached, and how a copy was authenticated (pure).

``Authentication-Results`` (RFC 8601) is believed only of servers that the settings name, and only where that server
put it: at the top of the message in our mailbox, and of those the uppermost. A header within a returned letter was
written by whoever returned it.
"""

from __future__ import annotations

import re
from email.message import Message
from email.utils import getaddresses
from typing import Final

from newsletter.events.inbox.parts import decoded_field, field_of, parts_of

MOST_REPORTS = 3
"""Attachments of one message that are read as reports; there is one (RFC 9990)."""
METHODS: Final = ("spf", "dkim", "dmarc", "arc")
RESULTS: Final = frozenset(
    {"none", "pass", "fail", "softfail", "neutral", "policy", "temperror", "permerror", "bestguesspass"}
)
_NAMED = re.compile(r"\.(?:xml|xml\.gz|gz|zip)\s*\Z", re.IGNORECASE)
_SUBJECT = re.compile(r"\breport[ -]?domain\b|\bdmarc\b", re.IGNORECASE)
_TYPES = frozenset(
    {
        *("application/zip", "application/x-zip", "application/x-zip-compressed", "application/gzip"),
        *("application/x-gzip", "application/xml", "text/xml", "application/octet-stream", "application/dmarc+xml"),
    }
)
_DEEPEST = 5
"""Comments within comments that are taken out (RFC 5322 section 3.2.2); what is left is no result."""
_COMMENT = re.compile(r"\((?:[^()\\]|\\.)*\)")
_METHOD = re.compile(r"\s*([a-z0-9-]{1,20})(?:\s*/\s*[0-9]+)?\s*=\s*([a-z]{1,20})\b", re.IGNORECASE)


def report_attachments(message: Message) -> tuple[bytes, ...]:
    """Attachments of a message that may be DMARC aggregate reports, by type, name and subject.

    Args:
        message: Whatever was parsed.
    """
    by_subject = _SUBJECT.search(decoded_field(message, "Subject")) is not None
    found = []
    for part in parts_of(message):
        kind = part.get_content_type()
        if kind not in _TYPES:
            continue
        name = str(part.get_filename() or "")
        # "receiver!policy-domain!begin!end.xml.gz", RFC 7489 section 7.2.1.1 and RFC 9990.
        if not (_NAMED.search(name) and (by_subject or name.count("!") >= 3)):
            continue
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            found.append(payload)
    return tuple(found[:MOST_REPORTS])


def results_of(message: Message, servers: tuple[str, ...]) -> tuple[tuple[str, str, str], ...]:
    """Server, method and result, as the uppermost header of a server tells that is trusted; nothing without one.

    Args:
        message: As it lies in our mailbox.
        servers: Names that trusted servers write themselves by, lower case.
    """
    for value in message.get_all("Authentication-Results") or ():
        plain = str(value)[:8000]
        for _ in range(_DEEPEST):
            plain = _COMMENT.sub(" ", plain)
        server, *told = plain.split(";")
        # Behind the name may stand a version.
        name = (server.split() or [""])[0].strip('"').lower()
        if name not in servers:
            continue
        found: dict[tuple[str, str], None] = {}
        for one in told:
            match = _METHOD.match(one)
            if match and match[1].lower() in METHODS and match[2].lower() in RESULTS:
                found[match[1].lower(), match[2].lower()] = None
        # A letter may have several signatures: it passes by one.
        passed = {method for method, result in found if result == "pass"}
        each = {method: result for method, result in reversed(found) if method not in passed}
        results = each | dict.fromkeys(passed, "pass")
        return tuple((name, method, results[method]) for method in METHODS if method in results)
    return ()


def is_own_copy(message: Message, own: str) -> bool:
    """Whether a message says that it is a letter of ours: a copy that somebody sent to the mailbox.

    Args:
        message: Whatever was parsed.
        own: Bare address that our letters come from.
    """
    return any(address.lower() == own.lower() for _, address in getaddresses([field_of(message, "From")]))
