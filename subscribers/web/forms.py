"""What a form sends: its body within a cap, its fields, and when its page was made."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from subscribers.moments import to_moment, to_seconds

if TYPE_CHECKING:
    from starlette.requests import Request

Form = Mapping[str, tuple[str, ...]]
"""Every field with its values, in order."""

MOST_FIELDS = 100
SOONEST = timedelta(seconds=2)
"""Nobody reads a form and types an address faster than this."""
LATEST = timedelta(hours=24)
"""How old the page of a form may be."""

_STAMP = re.compile(r"[0-9a-f]{8}\.[A-Za-z0-9_-]{22}")
_SIGNED_FOR = b"nashra form 1\0"  # the same key signs links; this keeps their signatures apart
_BOUNDARY = re.compile(r'boundary="?([^\s";,]{1,70})', re.IGNORECASE)
_PART_NAME = re.compile(rb'(?i)content-disposition:[^\r\n]*[;\s]name="([^"\r\n]*)"')


class FormTooLargeError(Exception):
    """A body beyond its cap."""


class NoFormError(Exception):
    """A body that is no form."""


async def body(request: Request, most: int) -> bytes:
    """The body of a request, never more of it in memory than the cap.

    Raises:
        FormTooLargeError: It says, or turns out, to be larger.
    """
    length = request.headers.get("content-length", "0")
    if not (length.isascii() and length.isdecimal() and len(length) < 12 and int(length) <= most):
        raise FormTooLargeError
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > most:
            raise FormTooLargeError
    return bytes(content)


def fields(content_type: str, content: bytes) -> Form:
    """The fields of a form, url-encoded or, as RFC 8058 allows for its one field, multipart.

    Args:
        content_type: As the request says; one that is neither is read as url-encoded.
        content: The body of the request.

    Raises:
        NoFormError: Too many fields, or a multipart body without its boundary.
    """
    if content_type.strip().lower().startswith("multipart/form-data"):
        pairs = list(_multipart(content_type, content))
    else:
        try:
            pairs = parse_qsl(
                content.decode("utf-8", "replace"),
                keep_blank_values=True,
                errors="replace",
                max_num_fields=MOST_FIELDS,
            )
        except ValueError:
            raise NoFormError from None
    found: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        found[name] = (*found.get(name, ()), value)
    return found


def _multipart(content_type: str, content: bytes) -> Iterator[tuple[str, str]]:
    """Name and value of each part (RFC 7578); files and other encodings are of no use here and read as they are."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise NoFormError
    parts = content.split(b"--" + boundary[1].encode("utf-8", "replace"), MOST_FIELDS + 2)[1:]
    if len(parts) > MOST_FIELDS + 1:
        raise NoFormError
    for part in parts:
        head, blank, value = part.replace(b"\r\n", b"\n").partition(b"\n\n")
        name = _PART_NAME.search(head)
        if name is not None and blank:
            yield name[1].decode("utf-8", "replace"), value.removesuffix(b"\n").decode("utf-8", "replace")


def first(form: Form, name: str) -> str:
    """The first value of a field; empty when it is not there."""
    return form.get(name, ("",))[0]


def one_click(form: Form) -> bool:
    """Whether a mail program asks to unsubscribe at once (RFC 8058 section 3.2)."""
    return any(value.strip().lower() == "one-click" for value in form.get("List-Unsubscribe", ()))


def stamp(keys: Mapping[int, bytes], now: datetime) -> str:
    """When the page of a form is made, signed; 31 characters.

    Args:
        keys: The keys that sign links; the newest signs.
        now: The present moment, timezone-aware.
    """
    return _signed(keys[max(keys)], f"{to_seconds(now):08x}")


def age(text: str, keys: Mapping[int, bytes], now: datetime) -> timedelta | None:
    """How old the page of a form is; None when we did not make it.

    Args:
        text: The value of the form's field.
        keys: The keys that sign links.
        now: The present moment, timezone-aware.
    """
    if _STAMP.fullmatch(text) is None:
        return None
    made = text[:8]
    good = [hmac.compare_digest(_signed(key, made), text) for key in keys.values()]
    return now - to_moment(int(made, 16)) if any(good) else None


def _signed(key: bytes, made: str) -> str:
    mac = hmac.digest(key, _SIGNED_FOR + made.encode("ascii"), "sha256")[:16]
    return f"{made}.{base64.urlsafe_b64encode(mac).decode('ascii')[:22]}"
