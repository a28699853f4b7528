"""Animated GIFs, kept as they move where they are light; without what they say about where they come from."""

from __future__ import annotations

_LOOPS = frozenset({b"NETSCAPE2.0", b"ANIMEXTS1.0"})
"""The application extensions that say how often it plays (GIF89a section 26; Netscape's, which all programs read)."""
_EXTENSION, _IMAGE, _END = 0x21, 0x2C, 0x3B
_COMMENT, _TEXT, _APPLICATION = 0xFE, 0x01, 0xFF


def cleaned(data: bytes) -> bytes | None:
    """An animated GIF without comments, texts, XMP, and whatever stands behind its end; None for a broken one.

    Its frames are not decoded: only its blocks are read, as GIF89a (1990) lays them out.

    Args:
        data: The whole file.
    """
    if data[:6] not in {b"GIF87a", b"GIF89a"} or len(data) < 14:
        return None
    at = 13 + _table(data[10])
    kept = [data[:at]]
    try:
        while data[at] != _END:
            start = at
            if data[at] == _EXTENSION:
                label, name = data[at + 1], data[at + 3 : at + 14]
                at = _behind(data, at + 2)
                if label in {_COMMENT, _TEXT} or (label == _APPLICATION and name not in _LOOPS):
                    continue
            elif data[at] == _IMAGE:
                at = _behind(data, at + 11 + _table(data[at + 9]))
            else:
                return None
            kept.append(data[start:at])
    except IndexError:
        return None
    return b"".join((*kept, b";"))


def _table(packed: int) -> int:
    """Bytes of a colour table."""
    return 3 * 2 ** ((packed & 7) + 1) if packed & 0x80 else 0


def _behind(data: bytes, at: int) -> int:
    """Where a row of sub-blocks ends."""
    while data[at]:
        at += data[at] + 1
    return at + 1
