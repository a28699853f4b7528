"""Packed data unpacked in small pieces, so that a limit can be kept on what comes out."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterable, Iterator

CHUNK = 65_536
"""Most bytes of one piece."""
GZIP = b"\x1f\x8b"
_MOST_LAYERS = 3
_EITHER = zlib.MAX_WBITS | 32
"""Zlib's sign for: gzip or zlib, whichever the first bytes show."""
_HEAD = 512
_TEXT = bytes({*b"\t\n\x0b\x0c\r", *range(0x20, 0x7F), *range(0x80, 0x100)})
"""Bytes that text may hold in the code pages that feeds come in; other controls are a sign of packed data."""
_WIDE = (b"\xff\xfe", b"\xfe\xff")


class UnpackedTooLargeError(Exception):
    """Data that unpacks to more than was allowed."""


def unpacked(data: bytes, limit: int) -> bytes:
    """Unpack what is packed, once, twice or thrice: gzip, zlib or raw deflate; anything else comes back as it is.

    What bears gzip's mark must unpack; that zlib and raw deflate have none is why they count only if the whole of
    the data unpacks and it was no text before.

    Args:
        data: For example a feed that a site keeps as ``feed.xml.gz``, or that two programs packed one after the other.
        limit: Most bytes of the result, and of every layer.

    Raises:
        UnpackedTooLargeError: It is more than the limit.
        zlib.error: Broken or cut off.
    """
    for _ in range(_MOST_LAYERS):
        if data.startswith(GZIP):
            data = capped(inflate([data]), limit)
            continue
        bare = _unmarked(data, limit)
        if bare is None:
            break
        data = bare
    return capped([data], limit)


def _unmarked(data: bytes, limit: int) -> bytes | None:
    """What zlib or raw deflate data hold, or None when they are something else."""
    if _is_text(data):
        return None
    for window in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
        try:
            found = capped(inflate([data], window), limit)
        except zlib.error:
            continue
        if found and (_is_text(found) or found.startswith(GZIP)):
            return found
    return None


def capped(chunks: Iterable[bytes], limit: int) -> bytes:
    """Join pieces, but never hold more than a limit and one piece.

    Args:
        chunks: The pieces.
        limit: Most bytes of the result.

    Raises:
        UnpackedTooLargeError: They are more.
    """
    whole = bytearray()
    for chunk in chunks:
        whole += chunk
        if len(whole) > limit:
            raise UnpackedTooLargeError
    return bytes(whole)


def unpacked_answer(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack an answer whose Content-Encoding is gzip or deflate, by what its first bytes show.

    Servers send text as it is and say that it is gzip, and raw deflate where RFC 9110 wants zlib's wrapping.

    Args:
        chunks: The body as it came.

    Raises:
        zlib.error: Broken or cut off.
    """
    rest = iter(chunks)
    first = b""
    for chunk in rest:
        first += chunk
        if len(first) >= _HEAD:
            break
    whole = itertools.chain([first] if first else [], rest)
    if first.startswith(GZIP):
        yield from inflate(whole)
        return
    if _begins(first, zlib.MAX_WBITS):
        yield from inflate(whole, zlib.MAX_WBITS)
    elif first and _is_text(first):
        yield from whole
    else:
        yield from inflate(whole, -zlib.MAX_WBITS if _begins(first, -zlib.MAX_WBITS) else _EITHER)


def _is_text(data: bytes) -> bool:
    """Whether bytes begin as text does, of one byte or of two a letter."""
    head = data[:_HEAD]
    return not head.translate(None, _TEXT) or head.startswith(_WIDE) or head[:4].count(0) == 2


def _begins(first: bytes, window: int) -> bool:
    """Whether bytes can be the beginning of deflated data, and give something."""
    unpacker = zlib.decompressobj(window)
    try:
        return bool(unpacker.decompress(first, CHUNK)) or unpacker.eof
    except zlib.error:
        return False


def inflate(chunks: Iterable[bytes], window: int = _EITHER) -> Iterator[bytes]:
    """Unpack gzip or zlib data in pieces of at most 64 KB, whatever the data promises.

    Args:
        chunks: The packed data; gzip members one after the other are read as one (RFC 1952).
        window: As for ``zlib.decompressobj``: gzip or zlib by itself, negative for raw deflate.

    Raises:
        zlib.error: Broken or cut off.
    """
    unpacker = zlib.decompressobj(window)
    begun = finished = False
    for chunk in chunks:
        rest = chunk
        while rest:
            if unpacker.eof:
                if rest[0] != 0x1F:  # padding after the last member
                    return
                unpacker = zlib.decompressobj(window)
            begun = True
            piece = unpacker.decompress(rest, CHUNK)
            yield piece
            rest = unpacker.unconsumed_tail or unpacker.unused_data
            while len(piece) == CHUNK and not rest:  # what it still holds back
                piece = unpacker.decompress(b"", CHUNK)
                yield piece
            finished = unpacker.eof
    if begun and not finished:
        raise zlib.error("cut off")
