"""DMARC aggregate reports (RFC 9990, before it RFC 7489 section 7.2): what receivers saw of letters in our name.

Anybody can send such a report, and nothing in it is signed. So a report is read within bounds of size, time and
memory, speaks of our own domains or is refused, counts once however often it comes, and is shown with the name of who
says that they wrote it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from newsletter.errors import SourceError
from newsletter.events.dmarc.reports import understand_report
from newsletter.events.dmarc.unpacking import MOST_PACKED, unpacked
from newsletter.ledger.dmarc import DmarcReport
from subscribers.display import shown

__all__ = ["ENDINGS", "MOST_FILES", "ReadReport", "files_of", "parsed", "read_file"]

ReadReport = Callable[[bytes, str, tuple[str, ...], datetime], DmarcReport]
"""What makes a report of bytes: `parsed`, or the same in a process of its own."""

ENDINGS = (".xml", ".xml.gz", ".gz", ".zip")
MOST_FILES = 20_000
"""Files of one folder that are looked at."""


def parsed(data: bytes, where: str, own: tuple[str, ...], now: datetime) -> DmarcReport:
    """Read one report.

    Args:
        data: XML, or that in gzip or zip.
        where: Where it came from, for messages.
        own: Domains that our letters come from.
        now: The present moment, timezone-aware.

    Raises:
        SourceError: It is no report, goes beyond the bounds, or speaks of another domain.
    """
    return understand_report(unpacked(data, where), where, own, now)


def read_file(path: Path) -> bytes:
    """The bytes of a file, if it is not too big to be a report.

    Args:
        path: Of a regular file.

    Raises:
        SourceError: It is too big, or cannot be read.
    """
    try:
        if path.stat().st_size > MOST_PACKED:
            raise SourceError(
                f"is bigger than {MOST_PACKED:,} bytes, which no report is",
                where=shown(path.name, 100),
                mend="take it out of the folder",
            )
        return path.read_bytes()
    except OSError as error:
        raise SourceError(
            f"cannot be read ({error.strerror or type(error).__name__})",
            where=shown(path.name, 100),
            mend="make it a file that you may read",
        ) from None


def files_of(path: Path) -> Iterator[Path]:
    """The files that may be reports: the one named, or those of a folder and the folders in it.

    Args:
        path: A file or a folder.

    Raises:
        SourceError: There is nothing of that name, no file, or far too much in it.
    """
    if not path.exists():
        raise SourceError("is not there", where=str(path), mend="name a file or a folder of DMARC reports")
    if not path.is_dir():
        if not path.is_file():  # a pipe or a device is waited for, or read, without end
            raise SourceError("is no file", where=str(path), mend="name a file or a folder of DMARC reports")
        yield path
        return
    found = sorted(one for one in path.rglob("*") if one.is_file() and one.name.lower().endswith(ENDINGS))
    if len(found) > MOST_FILES:
        raise SourceError(
            f"holds {len(found):,} files; {MOST_FILES:,} are read at most",
            where=str(path),
            mend="name folders with fewer in them",
        )
    yield from found
