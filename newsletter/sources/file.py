"""The bytes of a local file, or one line that says why there are none."""

from __future__ import annotations

import zlib
from pathlib import Path

from newsletter.errors import SourceError
from newsletter.sources.documents import Document
from newsletter.sources.http import LIMITS
from newsletter.sources.http.unpack import UnpackedTooLargeError, unpacked

EMPTY = b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"
"""Bytes that say nothing: white space and byte-order marks."""


def document(path: Path) -> Document:
    """Read a file, unpacked if it is a gzip file.

    Args:
        path: The file.

    Raises:
        SourceError: It is missing, a directory, unreadable, empty or larger than 15 MB.
    """
    where = str(path)
    limit = max(LIMITS.values())
    try:
        data = unpacked(_content(path, limit), limit)
    except UnpackedTooLargeError:
        size = limit // 1_000_000
        raise SourceError(
            f"the file is larger than {size} MB", where=where, mend="give a file with one article, or a shorter export"
        ) from None
    except zlib.error:
        raise SourceError("its gzip packing is broken", where=where, mend="fetch it again") from None
    if not data.strip(EMPTY):
        raise SourceError(
            "the file is empty", where=where, mend="put the headline in its first line and the text below"
        )
    return Document(data, where, path=path)


def _content(path: Path, limit: int) -> bytes:
    where = str(path)
    try:
        if path.is_dir():
            raise SourceError("this is a directory", where=where, mend="give the files in it, for example with *.txt")
        if not path.is_file() and path.exists():
            raise SourceError("this is no ordinary file", where=where, mend="give a text, Markdown or HTML file")
        with path.open("rb") as file:
            return file.read(limit + 1)
    except FileNotFoundError:
        raise SourceError(
            "there is no such file", where=where, mend="check the path; an address begins with https://"
        ) from None
    except PermissionError:
        raise SourceError("the file may not be read", where=where, mend="allow reading it") from None
    except (OSError, ValueError) as error:
        words = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise SourceError(f"the file cannot be read: {words}", where=where, mend="check the path") from None
