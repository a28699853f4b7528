"""Parts, texts and fields of a message from strangers (pure); Python's own parser may raise anything here."""

from __future__ import annotations

import email
import re
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parsedate_to_datetime

MOST_PARTS = 50
_LONGEST_HEADER = 4000
_LONGEST_TEXT = 100_000


def blocks_of(part: Message) -> list[Message]:
    """The messages or blocks of fields that a part holds, also where they are encoded, which they should not be.

    Args:
        part: Of a message; at least one block is given, which may be empty.
    """
    payload = part.get_payload()
    if isinstance(payload, list):
        blocks = [one for one in payload if isinstance(one, Message)]
        if any(block.keys() for block in blocks) or not blocks:
            return blocks or [Message()]
        payload = "\n\n".join(str(block.get_payload()) for block in blocks)
    inner = Message()
    inner["Content-Transfer-Encoding"] = field_of(part, "Content-Transfer-Encoding")
    inner.set_payload(str(payload))
    decoded = inner.get_payload(decode=True)
    raw = decoded if isinstance(decoded, bytes) else b""
    blocks = [email.message_from_bytes(block) for block in re.split(rb"\r?\n\r?\n", raw.strip())[:MOST_PARTS]]
    return blocks or [Message()]


def typed_addresses(block: Message, name: str) -> set[str]:
    """The address in a field such as ``rfc822; someone@example.net``; none when it holds none.

    Args:
        block: Of fields.
        name: Of the field.
    """
    value = field_of(block, name)
    address = value.partition(";")[2] or value
    return {address.strip().strip("<>")} if "@" in address else set()


def parts_of(message: Message) -> list[Message]:
    """The message and its parts, not those of letters within it.

    Args:
        message: Whatever was parsed.
    """
    found: list[Message] = []
    waiting = [message]
    while waiting and len(found) < MOST_PARTS:
        part = waiting.pop(0)
        found.append(part)
        payload = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(payload, list):
            waiting += [one for one in payload if isinstance(one, Message)]
    return found


def texts_of(message: Message) -> tuple[str, str]:
    """The plain text of a message, and its HTML; empty where it has none.

    Args:
        message: Whatever was parsed.
    """
    texts = {"text/plain": "", "text/html": ""}
    for part in parts_of(message):
        kind = part.get_content_type()
        if kind in texts and not texts[kind] and part.get_content_disposition() != "attachment":
            texts[kind] = _decoded_text(part)
    return texts["text/plain"], texts["text/html"]


def _decoded_text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        return payload[:_LONGEST_TEXT].decode(part.get_content_charset() or "utf-8", "replace")
    except (LookupError, ValueError):
        return payload[:_LONGEST_TEXT].decode("utf-8", "replace")


def field_of(message: Message, name: str) -> str:
    """A header as plain text, shortened, also where it is plain UTF-8 (RFC 6532); empty when it is not there.

    Args:
        message: Or a part, or a block of fields.
        name: Of the header.
    """
    # ``get`` makes question marks of whatever is not ASCII.
    raw = next((value for key, value in message.raw_items() if key.lower() == name.lower()), "")
    return str(raw)[:_LONGEST_HEADER].encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def decoded_field(message: Message, name: str) -> str:
    """A header with its encoded words decoded (RFC 2047).

    Args:
        message: Or a part.
        name: Of the header.
    """
    value = field_of(message, name)
    try:
        return " ".join(str(make_header(decode_header(value))).split())
    except Exception:
        return " ".join(value.split())


def moment_of(message: Message) -> datetime | None:
    """When it came: as our own server noted at the top, or else as its sender says; None when neither does.

    Args:
        message: Whatever was parsed.
    """
    stamps = [field_of(message, "Received").rpartition(";")[2], field_of(message, "Date")]
    for stamp in stamps:
        try:
            moment = parsedate_to_datetime(stamp.strip())
        except Exception:  # noqa: S112  the other one may do
            continue
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return None
