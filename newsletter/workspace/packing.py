"""The files of a workspace in one tar: what an editor wrote, without the database, the secrets and what is made again.

A tar keeps names in Arabic, modes and links, is opened by every system, and is one file to check and to carry. It is
not compressed: pictures are already, and a program that is to be trusted with a restore should be a plain one.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import tarfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from newsletter.errors import WorkspaceError
from newsletter.workspace.secret_files import SECRETS

SECRET_NAMES = (SECRETS, ".env")
"""What holds secrets, beside the settings file of an editor who has written some into that."""
MADE_AGAIN = frozenset({"__pycache__", "node_modules"})
"""Folders that programs fill and empty by themselves, at any depth."""


@dataclass(frozen=True, slots=True)
class BackupFile:
    """A file that is to be packed."""

    name: str
    """In the tar, with slashes."""
    path: Path
    size: int
    link: str = ""
    """Where it leads within the folder, when it is a link that does."""


def files_of(root: Path, leave_out: Collection[Path]) -> Iterator[BackupFile]:
    """The files of a folder, in the order of their names; links that lead outside are followed.

    Args:
        root: The folder.
        leave_out: Files and folders that are not looked at.

    Raises:
        WorkspaceError: A folder cannot be read.
    """
    left = {os.path.realpath(one) for one in leave_out}
    yield from _below(root, "", os.path.realpath(root), left, frozenset())


def _below(folder: Path, prefix: str, root: str, left: set[str], within: frozenset[str]) -> Iterator[BackupFile]:
    here = os.path.realpath(folder)
    try:
        entries = sorted(os.scandir(folder), key=lambda one: one.name)
    except OSError as error:
        raise _unread(folder, error) from None
    for entry in entries:
        path, real = Path(entry.path), os.path.realpath(entry.path)
        inside = real == root or real.startswith(f"{root}{os.sep}")
        if real in left or entry.name in MADE_AGAIN:
            continue
        if entry.is_symlink() and inside:
            # Not as it was written: from another folder an absolute one would lead back here.
            yield BackupFile(f"{prefix}{entry.name}", path, 0, os.path.relpath(real, here))
            continue
        try:
            found = path.stat()
        except FileNotFoundError:
            continue  # deleted at this moment, or a link that leads nowhere
        except OSError as error:
            raise _unread(path, error) from None
        if stat.S_ISREG(found.st_mode):
            yield BackupFile(f"{prefix}{entry.name}", path, found.st_size)
        elif stat.S_ISDIR(found.st_mode) and real not in within and not (path / "pyvenv.cfg").exists():
            yield from _below(path, f"{prefix}{entry.name}/", root, left, within | {real})


def pack(target: Path, files: Collection[BackupFile], more: Mapping[str, str] | None = None) -> int:
    """Write files into a new tar for its owner alone, wait for the disk, and read it again.

    Args:
        target: Of the tar; nothing has that name.
        files: What goes in. One that has gone meanwhile is left out.
        more: Files that are only in the tar, by name, with their text.

    Returns:
        How many went in.

    Raises:
        WorkspaceError: A file cannot be read, or the tar cannot be written, or is not what was written.
    """
    packed: dict[str, str] = {}
    descriptor = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as raw:
        with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for one in files:
                _add(tar, one, packed)
            for name, text in (more or {}).items():
                told = tarfile.TarInfo(name)
                content = text.encode()
                told.size, told.mode = len(content), 0o644
                tar.addfile(told, io.BytesIO(content))
                packed[name] = hashlib.sha256(content).hexdigest()
        raw.flush()
        os.fsync(raw.fileno())
    if read_again(target) != packed:
        raise WorkspaceError(
            "the files were not written as they are; nothing was kept", where=str(target.parent), mend="check the disk"
        )
    return len(packed)


def read_again(path: Path) -> dict[str, str]:
    """What a tar holds: the digest of each file, and where each link leads.

    Args:
        path: Of the tar.

    Raises:
        WorkspaceError: It cannot be read.
    """
    found: dict[str, str] = {}
    try:
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isreg() else None
                found[member.name] = _digest(content) if content is not None else f"-> {member.linkname}"
    except (OSError, tarfile.TarError) as error:
        raise WorkspaceError(f"cannot be read again ({error})", where=str(path), mend="check the disk") from None
    return found


class _HashedFile:
    """A file that is hashed while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Some bytes more."""
        part = self._file.read(size)
        self.digest.update(part)
        return part


def _add(tar: tarfile.TarFile, one: BackupFile, packed: dict[str, str]) -> None:
    told = tarfile.TarInfo(one.name)
    if one.link:
        told.type, told.linkname = tarfile.SYMTYPE, one.link
        tar.addfile(told)
        packed[one.name] = f"-> {one.link}"
        return
    try:
        file = one.path.open("rb")
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unread(one.path, error) from None
    with file:
        # Of what was opened: by now the name may be another file's. Of whoever restores, not of an account here.
        found = os.fstat(file.fileno())
        told.size, told.mode, told.mtime = found.st_size, stat.S_IMODE(found.st_mode), int(found.st_mtime)
        hashed = _HashedFile(file)
        try:
            tar.addfile(told, hashed)
        except OSError as error:
            if error.errno is not None:
                raise  # of the disk that is written to
            raise WorkspaceError(
                "the file became shorter while it was copied", where=str(one.path), mend="run the same command again"
            ) from None
    packed[one.name] = hashed.digest.hexdigest()


def _digest(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while part := file.read(1 << 20):
        digest.update(part)
    return digest.hexdigest()


def _unread(path: Path, error: OSError) -> WorkspaceError:
    return WorkspaceError(
        f"cannot be read ({error.strerror}), and would not be in the backup",
        where=str(path),
        mend="let the account that makes backups read it",
    )
