"""Files that no letter can carry: what they are, in words, and how the editor makes a picture of them."""

from __future__ import annotations

from collections.abc import Mapping

from newsletter.letters.pictures.kinds import other_kind

_KINDS: Mapping[str, tuple[str, str]] = {
    "image/heic": ("is a HEIC photo, which few programs read", "save it as JPEG (on an iPhone: share it by mail)"),
    "image/avif": ("is a broken AVIF", "copy it again, or save it anew as JPEG"),
    "image/svg+xml": ("is an SVG, which mail programs do not show", "export it as PNG, 1300 pixels across"),
    "image/jxl": ("is a JPEG XL", "save it as JPEG"),
    "image/x-icon": ("is an icon of Windows", "save it as PNG"),
}
_STARTS: Mapping[bytes, tuple[str, str]] = {
    b"%PDF": ("is a PDF", "save the page as a PNG, 1300 pixels across"),
    b"8BPS": ("is a file of Photoshop", "export it as JPEG or PNG"),
    b"\0\0\0\x0cjP  ": ("is a JPEG 2000", "save it as JPEG"),
    b"\xff\x4f\xff\x51": ("is a JPEG 2000", "save it as JPEG"),
    b"%!PS": ("is a PostScript file", "export it as PNG, 1300 pixels across"),
    b"PK\3\4": ("is an archive (ZIP, or a document of an office program)", "save the picture in it as JPEG"),
    b"\x1a\x45\xdf\xa3": ("is a film", "take a still of it as JPEG, and link it to the film"),
    b"<!doctype html": ("is a web page", "open the address in a browser and save the picture itself"),
    b"<html": ("is a web page", "open the address in a browser and save the picture itself"),
    b"version https://git-lfs": ("is a pointer of Git LFS", "run git lfs pull"),
}


def reason(data: bytes) -> tuple[str, str]:
    """What a file is that is no picture for a letter, as (what is wrong with it, how to mend it).

    Args:
        data: The whole file, or its first kilobytes.
    """
    head = data[:4096].removeprefix(b"\xef\xbb\xbf")
    if not data:
        return "is empty", "copy it again"
    if (told := _KINDS.get(other_kind(data))) is not None:
        return told
    if head[4:8] == b"ftyp":
        return "is a film", "take a still of it as JPEG, and link it to the film"
    for start, words in _STARTS.items():
        if head.lstrip()[: len(start)].lower() == start.lower():
            return words
    return "is no picture that can be read", "save it as JPEG or PNG"
