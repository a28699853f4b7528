"""A file that is written whole or not at all, over what stood there, and by one at a time."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def write_whole(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Write a file under another name, wait for the disk, and give it its own name.

    Args:
        path: Of the file; what is there is replaced. Its folder exists.
        data: The whole of it.
        mode: Of the file (POSIX), from its first byte on; None leaves it to the process's own mask.

    Raises:
        OSError: It cannot be written; what was there is as it was.
    """
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        closed = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else mode)
        with os.fdopen(closed, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            unfinished.chmod(mode)  # the mask may have taken from it
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names in a folder, where a folder can be opened (POSIX).

    Raises:
        OSError: The disk does not say that it has them.
    """
    if os.name == "posix":
        sync_file(folder)


def sync_file(path: Path) -> None:
    """Wait until the disk has what others have written into a file.

    Raises:
        OSError: The disk does not say that it has it.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep every other writer of this machine from a folder meanwhile, threads of this process included.

    Args:
        folder: It exists. Some file systems of the network lock no folder: there the comparison of bytes is all.

    Raises:
        OSError: The folder is not there.
    """
    if os.name != "posix":
        yield
        return
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
