"""The folder that the archive is written to: made by us alone, and never in doubt about which files are ours."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import IO, Literal

from newsletter.publish.models import PublishError
from subscribers.wholefile import alone

MARKER = ".nashra-archive"
"""The file that says that the folder is ours: its first line what it is, then a line for each of our files."""
_PART = ".nashra-part-"


class ArchiveFolder:
    """A folder of static pages. Use it through `opened`.

    A file's name stands in the marker before the file does, so that after a kill the same command knows each of them.
    Files that others put beside ours (CNAME, .htaccess, .git) are left alone.
    """

    def __init__(self, root: Path, *, force: bool, dry_run: bool) -> None:
        self.root = root
        self.url = ""
        """The address that was remembered."""
        self.written: list[str] = []
        self.unchanged = 0
        self.removed: list[str] = []
        self.is_new = True
        self._force = force
        self._dry_run = dry_run
        self._ours: dict[str, None] = {}
        self._put: dict[str, None] = {}
        self._journal: IO[str] | None = None

    def read(self) -> None:
        """Find out what is there.

        Raises:
            PublishError: It is something else than an archive of ours, or cannot be read.
        """
        marker = self.root / MARKER
        try:
            if self.root.exists() and not self.root.is_dir():
                raise PublishError("is no folder", where=str(self.root), mend="name a folder with --out")
            if marker.exists():
                self._read_marker(marker.read_text("utf-8", "replace").splitlines())
            elif self.root.exists() and any(not one.name.startswith(_PART) for one in self.root.iterdir()):
                raise PublishError(
                    "has files in it that are no archive of Nashra's",
                    where=str(self.root),
                    mend="name an empty folder, or one that is not there yet",
                )
        except OSError as error:
            raise self._failed(error) from None

    def put(self, name: str, data: bytes) -> Literal["written", "unchanged"]:
        """Write a file, unless it is there just so.

        Args:
            name: Its path in the folder, with slashes.
            data: The whole of it.

        Raises:
            PublishError: Somebody else's file is in the way, or the disk does not take it.
        """
        path = self._path(name)
        self._put[name] = None
        try:
            there = path.read_bytes() if path.is_file() else None
            if there == data and name in self._ours:
                self.unchanged += 1
                return "unchanged"
            if (there is not None or path.exists()) and name not in self._ours and not self._force:
                raise PublishError(
                    "stands where a file of the archive belongs",
                    where=str(path),
                    mend="move it away, or write over it with --force",
                )
            self.written.append(name)
            if not self._dry_run:
                self._note(name)
                if there != data:
                    self._write(path, data)
        except OSError as error:
            raise self._failed(error, path) from None
        return "written"

    def finish(self, url: str) -> None:
        """Remove our files that were not put this time, and remember what is there now.

        Args:
            url: The address of the files, remembered for the next time.

        Raises:
            PublishError: The disk does not take it.
        """
        self.removed = [name for name in self._ours if name not in self._put and self._path(name).is_file()]
        if self._dry_run:
            return
        try:
            for name in self.removed:
                path = self._path(name)
                path.unlink(missing_ok=True)
                for folder in path.relative_to(self.root).parents:
                    if folder != Path():
                        with suppress(OSError):
                            (self.root / folder).rmdir()  # only where nothing else stands in it
            self._close()
            lines = [self._head(url), *(json.dumps(name, ensure_ascii=False) for name in sorted(self._put))]
            data = ("\n".join(lines) + "\n").encode("utf-8")
            marker = self.root / MARKER
            if not marker.is_file() or marker.read_bytes() != data:
                self._write(marker, data)
        except OSError as error:
            raise self._failed(error) from None

    def begin(self, url: str) -> None:
        """Make the folder, and say in it that it is ours.

        Args:
            url: The address of the files.

        Raises:
            PublishError: The disk does not take it.
        """
        if self._dry_run:
            return
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            for left in self.root.glob(f"{_PART}*"):
                left.unlink(missing_ok=True)
            marker = self.root / MARKER
            if self.is_new:
                self._write(marker, f"{self._head(url)}\n".encode())
        except OSError as error:
            raise self._failed(error) from None

    def _close(self) -> None:
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def _head(self, url: str) -> str:
        about = "an archive written by Nashra: the files named below are written over and removed by its next run"
        return json.dumps({"nashra": about, "url": url}, ensure_ascii=False)

    def _read_marker(self, lines: list[str]) -> None:
        self.is_new = False
        for number, line in enumerate(lines):
            try:
                value = json.loads(line)
            except ValueError:
                continue  # the line that was being written when somebody pulled the plug
            if number == 0 and isinstance(value, dict):
                self.url = str(value.get("url", ""))
            elif isinstance(value, str) and _is_inside(value):
                self._ours[value] = None

    def _path(self, name: str) -> Path:
        """Where a file stands; refuses a way that leads out of the folder."""
        if not _is_inside(name):
            raise PublishError(f"{name!r} is no name for a file of the archive")
        path = self.root
        for part in PurePosixPath(name).parts:
            path /= part
            if path.is_symlink():
                raise PublishError("is a link, which may lead anywhere", where=str(path), mend="remove it")
        return path

    def _note(self, name: str) -> None:
        if name in self._ours:
            return
        if self._journal is None:
            self._journal = (self.root / MARKER).open("a", encoding="utf-8")
        self._journal.write(json.dumps(name, ensure_ascii=False) + "\n")
        self._journal.flush()
        self._ours[name] = None

    def _write(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = self.root / f"{_PART}{secrets.token_hex(4)}"
        try:
            with part.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)
            raise

    def _failed(self, error: OSError, path: Path | None = None) -> PublishError:
        why = f"cannot be read or written ({error.strerror or error})"
        return PublishError(why, where=str(path or self.root), mend="check the folder and the disk")


@contextmanager
def opened(root: Path, *, force: bool, dry_run: bool) -> Iterator[ArchiveFolder]:
    """The folder, read, with every other writer of this machine kept out.

    Args:
        root: The folder; need not exist.
        force: Whether files of others that are in the way are written over.
        dry_run: Whether nothing is written.

    Raises:
        PublishError: It is something else than an archive of ours.
    """
    folder = ArchiveFolder(root, force=force, dry_run=dry_run)
    folder.read()
    if dry_run:
        yield folder
        return
    try:
        root.mkdir(parents=True, exist_ok=True)
        with alone(root):
            again = ArchiveFolder(root, force=force, dry_run=dry_run)
            again.read()  # somebody may have finished meanwhile
            try:
                yield again
            finally:
                again._close()
    except OSError as error:
        raise folder._failed(error) from None


def _is_inside(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return (
        bool(parts) and not name.startswith("/") and all(part not in ("..", ".") and "\0" not in part for part in parts)
    )
