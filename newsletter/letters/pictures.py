"""Local pictures for a letter: what kind they are and how large, told from their first bytes."""

from __future__ import annotations

import struct
from pathlib import Path

from newsletter.errors import IssueError
from newsletter.models import Issue, Picture, Story

MOST_BYTES = 5_000_000

_ORIENTATION, _SHORT = 274, 3
"""Of Exif and TIFF: the tag, and the type of its value."""
_ON_ITS_SIDE = frozenset({5, 6, 7, 8})
"""Orientations whose rows are stored as columns."""


def local(story: Story) -> bool:
    """Whether the picture of a story is a file beside the issue."""
    return bool(story.image) and not story.image.startswith(("http://", "https://"))


def of_issue(issue: Issue, *, domain: str) -> dict[str, Picture]:
    """The local pictures of an issue by the name its file calls them.

    Args:
        issue: As it was read; its folder is where relative names start.
        domain: Right side of every Content-ID.

    Raises:
        IssueError: A picture that is missing, outside the issue's folder, too large or of no known kind; with line.
    """
    folder = Path(issue.path).parent
    pictures: dict[str, Picture] = {}
    for story in issue.stories:
        if local(story) and story.image not in pictures:
            where = f"{issue.path}:{story.image_line}"
            pictures[story.image] = _read(folder, story.image, len(pictures) + 1, domain, where)
    return pictures


def _read(folder: Path, name: str, number: int, domain: str, where: str) -> Picture:
    try:
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise IssueError(f"the picture {name} is outside the issue's folder", where=where, mend="copy it there")
        if path.exists() and not path.is_file():
            raise IssueError(f"the picture {name} is no file", where=where, mend="name a JPEG, PNG, GIF or WebP file")
        if path.stat().st_size > MOST_BYTES:
            raise IssueError(f"the picture {name} is larger than {MOST_BYTES:,} bytes", where=where, mend="shrink it")
        data = path.read_bytes()
    except (OSError, RuntimeError, ValueError) as error:
        # RuntimeError: a link that leads to itself; ValueError: a name with NUL.
        reason = error.strerror if isinstance(error, OSError) else error
        raise IssueError(
            f"the picture {name!r} cannot be read ({reason})", where=where, mend="put the file into the issue's folder"
        ) from None
    kind = kind_of(data)
    if kind is None:
        raise IssueError(f"the picture {name} is no JPEG, PNG, GIF or WebP", where=where, mend="save it as JPEG")
    content_type, width, height = kind
    cid = f"picture-{number}@{domain}"
    return Picture(cid, content_type, data, path.name, width, height)


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
    at, orientation = 2, 0
    while at + 9 < len(data):
        if data[at] != 0xFF:
            raise ValueError("no marker where one belongs")
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        end = at + 2 + int(struct.unpack(">H", data[at + 2 : at + 4])[0])
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return (height, width) if orientation in _ON_ITS_SIDE else (width, height)
        if marker == 0xE1 and not orientation and data[at + 4 : at + 10] == b"Exif\0\0":
            orientation = _orientation(data[at + 10 : end])
        at = end
    return None


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
