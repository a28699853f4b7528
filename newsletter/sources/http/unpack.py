"""Packed data unpacked in small pieces, so that a limit can be kept on what comes out."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

CHUNK = 65_536
"""Most bytes of one piece."""


class UnpackedTooLargeError(Exception):
    """Data that unpacks to more than was allowed."""


def unpacked(data: bytes, limit: int) -> bytes:
    """Unpack a gzip file; anything else comes back as it is.

    Args:
        data: For example a feed that a site keeps as ``feed.xml.gz``.
        limit: Most bytes of the result.

    Raises:
        UnpackedTooLargeError: It is more than the limit.
        zlib.error: Broken or cut off.
    """
    return capped(inflate([data]) if data.startswith(b"\x1f\x8b") else [data], limit)


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


def inflate(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack gzip or zlib data in pieces of at most 64 KB, whatever the data promises.

    Args:
        chunks: The packed data; gzip members one after the other are read as one (RFC 1952).

    Raises:
        zlib.error: Broken or cut off.
    """
    unpacker = zlib.decompressobj(47)
    begun = finished = False
    for chunk in chunks:
        rest = chunk
        while rest:
            if unpacker.eof:
                if rest[0] != 0x1F:  # padding after the last member
                    return
                unpacker = zlib.decompressobj(47)
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
