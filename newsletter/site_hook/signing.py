"""How the plugin of the newsroom's site and the reader pages know each other's messages (pure).

A header ``X-Nashra-Signature: t=SECONDS,v1=HEX`` holds HMAC-SHA-256 (RFC 2104) over the moment and what was said: of a
POST its body, byte for byte; of a GET its method and its path with the query. ``templates/wordpress/parts/signing.php``
says the same in PHP; both are tried on the same vectors.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import Enum

HEADER = "x-nashra-signature"
"""In lower case, as the pages hand headers over."""
WINDOW = timedelta(seconds=300)
"""How far the two clocks may differ; a message older than that is nobody's any more."""
_SHAPE = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")


class SignedBy(Enum):
    """What a signature turned out to be; only `GENUINE` lets a message in."""

    GENUINE = "genuine"
    MISSING = "missing"
    FORGED = "forged"
    OLD = "old"


def sign_body(secret: bytes, body: bytes, *, now: datetime) -> str:
    """The header's value for a POST of this body."""
    return _header(secret, body, int(now.timestamp()))


def sign_request(secret: bytes, method: str, target: str, *, now: datetime) -> str:
    """The header's value for a request without a body.

    Args:
        secret: Which site and reader pages share.
        method: Of the request, as ``GET``.
        target: The path as it is asked for, with its query.
        now: The moment that is signed, timezone-aware.
    """
    return _header(secret, _request(method, target), int(now.timestamp()))


def body_signed(header: str, body: bytes, secrets: Iterable[bytes], *, now: datetime) -> SignedBy:
    """Who made a POST: one who holds one of the secrets, and not long ago, or somebody else."""
    return _judged(header, body, secrets, now)


def request_signed(header: str, method: str, target: str, secrets: Iterable[bytes], *, now: datetime) -> SignedBy:
    """The same of a request without a body."""
    return _judged(header, _request(method, target), secrets, now)


def _request(method: str, target: str) -> bytes:
    return f"{method} {target}".encode()


def _header(secret: bytes, said: bytes, seconds: int) -> str:
    return f"t={seconds},v1={_signature(secret, said, seconds)}"


def _signature(secret: bytes, said: bytes, seconds: int) -> str:
    return hmac.new(secret, b"%d." % seconds + said, hashlib.sha256).hexdigest()


def _judged(header: str, said: bytes, secrets: Iterable[bytes], now: datetime) -> SignedBy:
    shape = _SHAPE.fullmatch(header)
    if shape is None:
        return SignedBy.MISSING if not header else SignedBy.FORGED
    seconds = int(shape[1])
    # Every secret is tried, whichever fits: how long it takes tells nothing of them.
    fits = [hmac.compare_digest(_signature(one, said, seconds), shape[2]) for one in secrets]
    if not any(fits):
        return SignedBy.FORGED
    # Only of a genuine one it is said that it is old: a stranger learns nothing of our clock.
    return SignedBy.GENUINE if abs(now.timestamp() - seconds) <= WINDOW.total_seconds() else SignedBy.OLD
