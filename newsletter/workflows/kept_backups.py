"""A folder of backups: which are there, whose they are, and those that nobody finished or needs any more.

A backup is a folder: the database lies in it as it is put back, checked where it will stay, and no disk needs room
for it twice. It comes to have its name by one rename when all of it is on the disk, and loses it by one rename before
it is deleted; so whatever has such a name is whole.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from newsletter.errors import WorkspaceError

MANIFEST: Final = "backup.json"
MADE_BY: Final = "nashra"
_UNFINISHED, _GOING = ".part", ".gone"


@dataclass(frozen=True, slots=True)
class KeptBackup:
    """A whole backup in a folder of backups."""

    path: Path
    at: datetime
    id: str
    """Of the database that it is of."""


@contextmanager
def alone(folder: Path) -> Iterator[bool]:
    """Let one process at a time make backups in a folder; gives whether that is so.

    Args:
        folder: That there is.

    Raises:
        WorkspaceError: Somebody else does, or it cannot be opened.
    """
    import errno
    import os

    if os.name != "posix":
        yield False
        return
    import fcntl

    descriptor = -1
    try:
        # Of the folder itself: it leaves nothing behind, and ends with the process, however that ends.
        descriptor = os.open(folder, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise WorkspaceError(
            "another backup is being made there", where=str(folder), mend="wait for its end, and run this again"
        ) from None
    except OSError as error:
        if descriptor >= 0:
            os.close(descriptor)
        # Some file systems of the network know no locks: then two that run at once make two backups.
        if error.errno not in {errno.ENOLCK, errno.ENOTSUP, errno.EINVAL, errno.ENOSYS}:
            raise WorkspaceError(
                f"cannot be opened ({error.strerror})", where=str(folder), mend="name a folder that you may write to"
            ) from None
        descriptor = -1
    try:
        yield descriptor >= 0
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def unfinished(folder: Path, name: str, id_: str) -> Path:
    """Where a backup lies until it is whole: the name tells whose it is, for whoever sweeps it away.

    Args:
        folder: Of backups.
        name: That it will have.
        id_: Of the database.
    """
    return folder / f".{name}.{id_}{_UNFINISHED}"


def sweep(folder: Path, id_: str) -> None:
    """Delete what processes that died left of backups of a database: unfinished ones, and those being deleted.

    Args:
        folder: Of backups, held by ``alone``.
        id_: Of the database.
    """
    for ending in (_UNFINISHED, _GOING):
        for path in folder.glob(f".*.{id_}{ending}"):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)


def kept(folder: Path, id_: str) -> list[KeptBackup]:
    """The whole backups of a database, the oldest first.

    Args:
        folder: Of backups.
        id_: Of the database.
    """
    found = []
    for path in folder.iterdir():
        if path.name.startswith(".") or path.is_symlink() or _of(path) != id_:
            continue
        with contextlib.suppress(ValueError, KeyError, TypeError):
            found.append(KeptBackup(path, datetime.fromisoformat(_said(path)["at"]), id_))
    return sorted(found, key=lambda one: (one.at, one.path.name))


def remove(backup: KeptBackup) -> None:
    """Delete a backup.

    Args:
        backup: As ``kept`` gave it.

    Raises:
        WorkspaceError: It holds files that are nobody's of ours, or cannot be deleted.
    """
    ours = {MANIFEST, *_said(backup.path).get("files", {})}
    try:
        if strange := sorted(one.name for one in backup.path.iterdir() if one.name not in ours):
            raise WorkspaceError(
                f"an old backup is kept, since {strange[0]} in it is not of it",
                where=str(backup.path),
                mend="move that file away",
            )
        going = backup.path.with_name(f".{backup.path.name}.{backup.id}{_GOING}")
        backup.path.rename(going)
        shutil.rmtree(going)
    except OSError as error:
        raise WorkspaceError(
            f"an old backup cannot be deleted ({error.strerror})", where=str(backup.path), mend="delete it yourself"
        ) from None


def _of(path: Path) -> str:
    """Id of the database that a folder is a backup of; empty when it is none."""
    said = _said(path)
    return str(said.get("id", "")) if said.get("made_by") == MADE_BY else ""


def _said(path: Path) -> Mapping[str, Any]:
    try:
        said = json.loads((path / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}
