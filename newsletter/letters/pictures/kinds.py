"""What kind a picture is and how large, told from its first bytes; and what a file is that is no picture for us."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

_ORIENTATION, _SHORT = 274, 3
"""Of Exif and TIFF: the tag, and the type of its value."""
_ON_ITS_SIDE = frozenset({5, 6, 7, 8})
"""Orientations whose rows are stored as columns."""


_BRANDS = {
    **dict.fromkeys((b"avif", b"avis"), "image/avif"),
    **dict.fromkeys(
        (b"heic", b"heix", b"hevc", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1", b"heif"), "image/heic"
    ),
}
_HEADS = {
    b"BM": "image/bmp",
    b"II*\0": "image/tiff",
    b"MM\0*": "image/tiff",
    b"\0\0\1\0": "image/x-icon",
    b"\xff\x0a": "image/jxl",
    b"\0\0\0\x0cJXL ": "image/jxl",
}
_SVG = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*|<!DOCTYPE[^>]*>\s*)*<(?:\w+:)?svg[\s/>]", re.DOTALL | re.IGNORECASE
)


def kind_of(data: bytes) -> tuple[str, int, int] | None:
    """Media type, width and height in pixels of a picture as it is shown, or None for anything else.

    Reads the headers as the formats define them: PNG (RFC 2083 section 4.1.1), GIF89a, JPEG (ITU T.81 annex B) and
    WebP (RFC 9649). A JPEG that a telephone took upright lies on its side in the file and says so; browsers turn it
    (CSS Images 3 section 5.1, ``image-orientation: from-image``), so its width is the height of what is stored.
    """
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR":
            return ("image/png", *struct.unpack(">II", data[16:24]))
        if data[:6] in {b"GIF87a", b"GIF89a"}:
            return ("image/gif", *struct.unpack("<HH", data[6:10]))
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return ("image/webp", *_webp_size(data))
        if data[:3] == b"\xff\xd8\xff":
            size = _jpeg_size(data)
            return ("image/jpeg", *size) if size else None
    except (struct.error, IndexError, ValueError):
        pass
    return None


def other_kind(data: bytes) -> str:
    """The media type of a picture that browsers or telephones show and mail programs do not; empty for anything else.

    Told from its first bytes, whatever its name or its server says: brands of ISO/IEC 23008-12 (HEIC), of AV1's image
    format (section 4), TIFF 6.0, ISO/IEC 18181-2 (JPEG XL), the root element of SVG 2.

    Args:
        data: The whole file, or its first kilobytes.
    """
    head = data[:4096].removeprefix(b"\xef\xbb\xbf")
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "")
    if _SVG.match(head):
        return "image/svg+xml"
    return next((kind for start, kind in _HEADS.items() if head.startswith(start)), "")


def orientation(data: bytes) -> int:
    """How a picture is turned, 1 to 8 as Exif numbers it (2.32, section 4.6.4); 0 when it does not say.

    Args:
        data: A JPEG, a TIFF, or an Exif block with ``Exif`` and two zero bytes before it.
    """
    try:
        if data.startswith(b"\xff\xd8"):
            return _jpeg_orientation(data)
        return _orientation(data.removeprefix(b"Exif\0\0"))
    except (struct.error, IndexError, ValueError):
        return 0


def _webp_size(data: bytes) -> tuple[int, int]:
    form = data[12:16]
    if len(data) < 30:
        raise ValueError("cut off")
    if form == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if form == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if form == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return width & 0x3FFF, height & 0x3FFF
    raise ValueError(form)


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Width and height as shown, by the first frame header (SOF0 to SOF15, without the tables that share numbers)."""
    turned = 0
    for marker, at, end in _segments(data):
        if _is_frame(marker):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return (height, width) if turned in _ON_ITS_SIDE else (width, height)
        if not turned:
            turned = _exif_orientation(marker, data[at + 4 : end])
    return None


def _jpeg_orientation(data: bytes) -> int:
    for marker, at, end in _segments(data):
        if _is_frame(marker):
            break
        if turned := _exif_orientation(marker, data[at + 4 : end]):
            return turned
    return 0


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each segment before the picture itself."""
    at = 2
    while at + 9 < len(data):
        if data[at] != 0xFF:
            raise ValueError("no marker where one belongs")
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        end = at + 2 + int(struct.unpack(">H", data[at + 2 : at + 4])[0])
        yield marker, at, end
        at = end


def _is_frame(marker: int) -> bool:
    return 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}


def _exif_orientation(marker: int, payload: bytes) -> int:
    return _orientation(payload[6:]) if marker == 0xE1 and payload[:6] == b"Exif\0\0" else 0


def _orientation(tiff: bytes) -> int:
    """The orientation that Exif gives, 1 to 8, or 0 when there is none that can be read.

    Reads the entries of the first directory only (TIFF 6.0 section 2; Exif 2.32 section 4.6.4, tag 274).
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return 0
    (directory,) = struct.unpack(f"{order}I", tiff[4:8])
    if directory + 2 > len(tiff):
        return 0
    (count,) = struct.unpack_from(f"{order}H", tiff, directory)
    within = min(count, (len(tiff) - directory - 2) // 12)
    for entry in range(directory + 2, directory + 2 + 12 * within, 12):
        tag, kind, values, value = struct.unpack_from(f"{order}HHIH", tiff, entry)
        if tag == _ORIENTATION:
            return value if (kind, values) == (_SHORT, 1) and 1 <= value <= 8 else 0
    return 0
