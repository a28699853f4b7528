"""The XML of a report out of what it was sent in: gzip, zip or plain; nothing is ever written to a disk (pure)."""

from __future__ import annotations

import io
import zipfile
import zlib

from newsletter.errors import SourceError

MOST_PACKED = 10_000_000
"""Bytes of a file or attachment. Reports of the largest receivers are some hundred kilobytes."""
MOST_XML = 20_000_000
"""Bytes of the XML: some forty thousand rows."""
MOST_ENTRIES = 10
"""Entries of a zip that are looked at; RFC 7489 section 7.2.1.1 says one file."""
_MEND = "leave this file out; if it comes from a receiver that you know, tell its postmaster"


def unpacked(data: bytes, where: str) -> bytes:
    """The XML of a report.

    Args:
        data: XML, gzip or zip, by their first bytes, whatever they are called.
        where: Where it came from, for messages.

    Raises:
        SourceError: It is none of them, is damaged, or unpacks to more than a report can be.
    """
    if len(data) > MOST_PACKED:
        raise _refused(f"is bigger than {MOST_PACKED:,} bytes, which no report is", where)
    if data[:2] == b"\x1f\x8b":
        data = _of_gzip(data, where)
    elif data[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        data = _of_zip(data, where)
    if data[:2] == b"\x1f\x8b" or data[:2] == b"PK":
        raise _refused("is an archive within an archive", where)
    if not data.strip():
        raise _refused("is empty", where)
    if len(data) > MOST_XML:
        raise _too_much(where)
    return data


def _of_gzip(data: bytes, where: str) -> bytes:
    engine = zlib.decompressobj(wbits=31)
    try:
        found = engine.decompress(data, MOST_XML + 1)
    except zlib.error as error:
        raise _refused("is damaged gzip", where) from error
    if len(found) > MOST_XML:
        raise _too_much(where)
    if not engine.eof:
        raise _refused("is gzip that ends in the middle", where)
    return found


def _of_zip(data: bytes, where: str) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [one for one in archive.infolist() if not one.is_dir()]
            if len(entries) > MOST_ENTRIES:
                raise _refused(f"holds {len(entries):,} files, and a report is one", where)
            # What macOS adds beside each file.
            entries = [one for one in entries if not one.filename.startswith("__MACOSX/")]
            if len(entries) != 1:
                raise _refused(f"holds {len(entries)} files, and a report is one", where)
            (entry,) = entries
            if entry.flag_bits & 0x1:
                raise _refused("is locked with a password", where)
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                # bzip2 and LZMA take far more memory than what comes out of them, and no receiver packs with them.
                raise _refused("is a zip that is packed in an unusual way (deflate is usual)", where)
            with archive.open(entry) as file:
                # What the archive says of the size may be anything: what comes out is counted.
                found = file.read(MOST_XML + 1)
    # Damage shows itself in many ways, and compressions that this Python has not in another.
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        raise _refused("is a damaged zip", where) from error
    if len(found) > MOST_XML:
        raise _too_much(where)
    return found


def _too_much(where: str) -> SourceError:
    return _refused(f"unpacks to more than {MOST_XML:,} bytes, which no report does", where)


def _refused(what: str, where: str) -> SourceError:
    return SourceError(what, where=where, mend=_MEND)
