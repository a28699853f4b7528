"""Which signs a font file has, read from its table ``cmap`` (OpenType specification, formats 4 and 12)."""

from __future__ import annotations

import struct
from functools import lru_cache
from pathlib import Path

_MOST = 64 * 1024 * 1024
_UNICODE = {(3, 10): 3, (0, 6): 3, (0, 4): 3, (3, 1): 2, (0, 3): 2, (0, 2): 1, (0, 1): 1, (0, 0): 1}


@lru_cache(maxsize=32)
def signs_of(path: Path, index: int = 0) -> frozenset[int]:
    """The code points that a font has a glyph for; empty for a file that is no font.

    Args:
        path: A TrueType or OpenType file, or a collection.
        index: Which font of a collection.
    """
    try:
        if path.stat().st_size > _MOST:
            return frozenset()
        return _signs(path.read_bytes(), index)
    except (OSError, struct.error, ValueError):
        return frozenset()


def _signs(data: bytes, index: int) -> frozenset[int]:
    start = 0
    if data[:4] == b"ttcf":
        (start,) = struct.unpack_from(">L", data, 12 + 4 * index)
    (tables,) = struct.unpack_from(">H", data, start + 4)
    for number in range(tables):
        tag, _, offset, _ = struct.unpack_from(">4sLLL", data, start + 12 + 16 * number)
        if tag == b"cmap":
            return _best(data, offset)
    return frozenset()


def _best(data: bytes, base: int) -> frozenset[int]:
    (count,) = struct.unpack_from(">H", data, base + 2)
    found: list[tuple[int, int, int]] = []
    for number in range(count):
        platform, encoding, offset = struct.unpack_from(">HHL", data, base + 4 + 8 * number)
        (form,) = struct.unpack_from(">H", data, base + offset)
        if form in (4, 12) and (platform, encoding) in _UNICODE:
            found.append((_UNICODE[platform, encoding], base + offset, form))
    if not found:
        return frozenset()
    _, at, form = max(found)
    return _segments(data, at) if form == 4 else _groups(data, at)


def _segments(data: bytes, at: int) -> frozenset[int]:
    (twice,) = struct.unpack_from(">H", data, at + 6)
    count = twice // 2
    ends = struct.unpack_from(f">{count}H", data, at + 14)
    starts = struct.unpack_from(f">{count}H", data, at + 16 + twice)
    return frozenset(one for start, end in zip(starts, ends, strict=True) for one in range(start, end + 1)) - {0xFFFF}


def _groups(data: bytes, at: int) -> frozenset[int]:
    (count,) = struct.unpack_from(">L", data, at + 12)
    if count > 100_000:
        raise ValueError("too many groups")
    signs: set[int] = set()
    for number in range(count):
        start, end, _ = struct.unpack_from(">LLL", data, at + 16 + 12 * number)
        if end > 0x10FFFF:
            raise ValueError("no code point")
        signs.update(range(start, end + 1))
    return frozenset(signs)
