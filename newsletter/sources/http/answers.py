"""One answer read within the limits of its kind, or refused in one line."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from newsletter.sources.http.challenges import guard_of
from newsletter.sources.http.models import LIMITS, Fetched, FetchError, Kind
from newsletter.sources.http.unpack import (
    CHUNK,
    UnpackedTooLargeError,
    capped,
    unpacked,
    unpacked_answer,
)

if TYPE_CHECKING:
    import httpx2


_PASSING = frozenset({429, 502, 503, 504})
_GUARDED = frozenset({403, 429, 503})
LONGEST_PAUSE = 5.0
"""Seconds that a site may ask us to wait before the second try."""

_STATUS_WORDS = {
    401: ("the site wants a password (401)", "give an address that everybody can read"),
    403: ("the site refuses to answer us (403)", "open it in a browser and save the page, or ask the site's operator"),
    404: ("there is nothing at this address (404)", "check the address"),
    410: ("what was at this address is gone (410)", "check the address"),
    429: ("the site says we ask too often (429)", "try again in some minutes"),
    451: ("the site withholds this for legal reasons (451)", ""),
}


def read(response: httpx2.Response, method: str, kind: Kind, asked: str, statuses: Collection[int]) -> Fetched:
    """Read one answer within the limit of its kind.

    Args:
        response: Its headers are here, its body is still to come.
        method: ``GET`` or ``HEAD``.
        kind: What is expected.
        asked: The address the editor knows.
        statuses: HTTP statuses outside 200-299 that the caller wants handed back.

    Raises:
        FetchError: It is no complete answer within the limits.
    """
    status = response.status_code
    headers = {name.lower(): value for name, value in response.headers.items()}
    media, _, parameters = headers.get("content-type", "").partition(";")
    media = media.strip().lower()
    if not (200 <= status < 300 or status in statuses):
        if status in _GUARDED and method != "HEAD":
            _refuse_guard(_if_readable(response, asked), headers, asked, status)
        what, mend = _STATUS_WORDS.get(status, (f"the site answered {status}", "try again later"))
        raise FetchError(
            what, where=asked, mend=mend, status=status, passing=status in _PASSING, pause=_retry_after(response)
        )
    if status != 304 and method != "HEAD":
        _check_media(media, kind, asked)
    data = b"" if method == "HEAD" or status == 304 else _unpacked(response, LIMITS[kind], asked)
    if kind != "image":
        _refuse_guard(data, headers, asked, status)
    return Fetched(
        url=str(response.url),
        data=data,
        content_type=media,
        charset=_charset(parameters),
        status=status,
        headers=headers,
    )


def _refuse_guard(data: bytes, headers: Mapping[str, str], asked: str, status: int) -> None:
    guard = guard_of(data, headers)
    if guard:
        raise FetchError(
            f"the site shows a robot check instead of its page ({guard})",
            where=asked,
            mend="ask the site's operator to let us in, or open the page in a browser and save it",
            status=status,
        )


def _if_readable(response: httpx2.Response, asked: str) -> bytes:
    """Body of a refusal; what cannot be read of it does not matter."""
    try:
        return _unpacked(response, LIMITS["page"], asked)
    except FetchError:
        return b""


def _check_media(media: str, kind: Kind, asked: str) -> None:
    family = media.partition("/")[0]
    if kind == "image":
        wrong = bool(media) and family != "image" and media != "application/octet-stream"
    else:
        wrong = family in ("image", "video", "audio", "font") or media in ("application/pdf", "application/zip")
    if wrong:
        wanted = "a picture" if kind == "image" else "a page or a feed"
        raise FetchError(f"this is {media}, not {wanted}", where=asked, mend="check the address", status=200)


def _unpacked(response: httpx2.Response, limit: int, asked: str) -> bytes:
    """Read and unpack a body chunk by chunk, never holding more than the limit."""
    packing = response.headers.get("content-encoding", "").strip().lower()
    if packing not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise FetchError(
            f"it came packed as {packing!r}, which we did not ask for", where=asked, mend="tell the site's operator"
        )
    try:
        if packing in ("", "identity"):
            return unpacked(capped(response.iter_raw(CHUNK), limit), limit)
        return unpacked(capped(unpacked_answer(response.iter_raw(CHUNK)), limit), limit)
    except zlib.error:
        raise FetchError("its gzip packing is broken", where=asked, mend="try again later") from None
    except UnpackedTooLargeError:
        size = limit // 1_000_000
        raise FetchError(f"it is larger than {size} MB", where=asked, mend="give the address of one article") from None


def _charset(parameters: str) -> str:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'").lower()
    return ""


def _retry_after(response: httpx2.Response) -> float:
    """Seconds of a Retry-After header; its date form counts as too long (RFC 9110, section 10.2.3)."""
    value = response.headers.get("retry-after", "").strip()
    if not value:
        return 0.0
    return float(value) if value.isascii() and value.isdigit() else LONGEST_PAUSE + 1
