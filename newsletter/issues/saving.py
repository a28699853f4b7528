"""An issue.md written to the disk: as a whole or not at all, and never over what somebody else wrote meanwhile."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from newsletter.errors import DiskError, IssueError
from subscribers.wholefile import alone, sync_folder


def write_whole(path: Path, data: bytes, read_as: bytes | None) -> None:
    """Write a file that was read before, and wait for the disk.

    Args:
        path: Of the file.
        data: The whole of it.
        read_as: What it held when it was read; None writes over whatever is there.

    Raises:
        IssueError: It is gone, or somebody else changed it meanwhile. The file is then as it was.
        DiskError: The disk does not take it. The file is then as it was.
    """
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with alone(path.parent):
            if read_as is not None and path.read_bytes() != read_as:
                raise IssueError(
                    "was changed by somebody else meanwhile", where=str(path), mend="look at it, and do it again"
                )
            with unfinished.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            unfinished.chmod(path.stat().st_mode)
            _sweep(unfinished, path)
            unfinished.replace(path)
            with suppress(OSError):  # some file systems of the network wait for no folder
                sync_folder(path.parent)
    except FileNotFoundError:
        unfinished.unlink(missing_ok=True)
        raise IssueError("is not there any more", where=str(path), mend="put the file back") from None
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise DiskError(f"cannot be written ({error.strerror})", where=str(path), mend="check the disk") from None


def _sweep(unfinished: Path, path: Path) -> None:
    """Take away what a writer that was killed left behind: what is a minute older than this file."""
    now = unfinished.stat().st_mtime
    for other in path.parent.glob(f".{path.name}.*.part"):
        with suppress(OSError):
            if other != unfinished and now - other.stat().st_mtime > _ABANDONED:
                other.unlink()


_ABANDONED = 60
"""Seconds after which nobody is still writing a file."""
