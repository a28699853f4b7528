"""A new file under a name that nothing has yet: whole or not at all, and nothing is written over."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class NameTakenError(FileExistsError):
    """Something has the name of the file that was to be made."""


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Give the block a name beside ``path`` to write a file under; at its end the file gets the name ``path``.

    Whatever leaves the block by an exception, Ctrl-C too, leaves no file. Something that comes to have the name while
    the block writes is left alone, a symbolic link included, wherever it leads.

    Args:
        path: Of the file to make. Its folder exists.

    Raises:
        NameTakenError: Something has this name: before the block, or at its end.
        OSError: The file cannot be given its name.
    """
    if path.is_symlink() or path.exists():
        raise NameTakenError
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield unfinished
        _name(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _name(unfinished: Path, path: Path) -> None:
    try:
        try:
            # A hard link, unlike a rename, fails when the name is taken (POSIX, link()).
            path.hardlink_to(unfinished)
        except FileExistsError:
            raise
        except (OSError, NotImplementedError):
            # Some file systems have no hard links: FAT, and some of the network. There the name is taken first.
            path.open("x").close()
            unfinished.replace(path)
    except FileExistsError:
        raise NameTakenError from None
