"""The default sender: real ``.eml`` files in a Maildir, no account needed.

A letter is written to ``tmp/`` first and renamed into ``new/`` last, so a reader of the Maildir never sees half of
one (https://cr.yp.to/proto/maildir.html). Its file bears the name of the delivery: what was taken can be told after
any crash by looking, and writing it again only writes it over itself.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from newsletter.errors import SendError
from newsletter.letters.mime import CutLetter, cut
from newsletter.models import Letter
from newsletter.senders import Answer, Carrier, Parcel
from newsletter.senders.reports import AccountState
from subscribers.wholefile import sync_folder

SUFFIX = ".eml"


class Outbox:
    """A Maildir that letters are written into.

    Args:
        folder: The Maildir; made with its three folders when it is not there.
        fsync: Whether a letter is on the disk before it counts as submitted (power cut), not only with the
            operating system (killed process).
        batch_size: Letters in one submission.
        widths: Bytes of each slot's value.
    """

    name = "outbox"
    connections = 1
    sockets = 1

    def __init__(self, folder: Path, *, fsync: bool, batch_size: int, widths: Mapping[str, int]) -> None:
        self.folder = folder
        self.fsync = fsync
        self.batch_size = batch_size
        self.widths = widths

    def load(self, letter: Letter) -> MaildirCarrier:
        """Cut the letter and make the Maildir ready."""
        for name in ("tmp", "new", "cur"):
            with _words(self.folder):
                # Letters show addresses: the folder is its owner's alone.
                (self.folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        return MaildirCarrier(self, cut(letter, self.widths))


class MaildirCarrier(Carrier):
    """The outbox, loaded with one letter."""

    def __init__(self, outbox: Outbox, letter: CutLetter) -> None:
        self._outbox = outbox
        self._letter = letter

    def begin(self, parcels: Sequence[Parcel], request_id: str) -> _Renames:
        """Write every letter into ``tmp/``."""
        tmp = self._outbox.folder / "tmp"
        with _words(self._outbox.folder):
            leftovers = _by_delivery(tmp)
        waiting: list[tuple[Path, Path, int]] = []
        submission = _Renames(self._outbox, waiting)
        try:
            for parcel in parcels:
                path = tmp / f"{parcel.name}.{request_id}"
                with _words(self._outbox.folder):
                    for leftover in leftovers.get(parcel.name, ()):
                        leftover.unlink(missing_ok=True)
                    waiting.append((path, self._outbox.folder / "new" / (parcel.name + SUFFIX), parcel.delivery))
                    self._write(path, parcel)
        except BaseException:
            submission.abandon()
            raise
        return submission

    def settle(self, names: Collection[str]) -> set[str]:
        """The deliveries whose file is in the Maildir, read by a mail program or not."""
        with _words(self._outbox.folder):
            there = {name for folder in ("new", "cur") for name in _by_delivery(self._outbox.folder / folder)}
        return there.intersection(names)

    def close(self) -> None:
        """Nothing stays open between submissions."""

    def _write(self, path: Path, parcel: Parcel) -> None:
        values = {
            **parcel.slots,
            "to": parcel.address.encode("utf-8"),
            "message_id": parcel.name.encode("ascii"),
        }
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(b"".join(self._letter.fill(values)))
            file.flush()
            if self._outbox.fsync:
                os.fsync(file.fileno())


class _Renames:
    """Letters in ``tmp/`` that wait to be renamed: the rename is the last byte."""

    def __init__(self, outbox: Outbox, waiting: Sequence[tuple[Path, Path, int]]) -> None:
        self._outbox = outbox
        self._waiting = waiting

    def finish(self) -> Answer:
        for source, target, _ in self._waiting:
            with _words(self._outbox.folder):
                try:
                    source.rename(target)
                except FileNotFoundError:
                    # Another process took this one for dead and delivered it; or else somebody cleared the outbox.
                    if not self._is_there(target):
                        raise
        if self._outbox.fsync:
            with _words(self._outbox.folder):
                sync_folder(self._outbox.folder / "new")
        return Answer()

    def _is_there(self, target: Path) -> bool:
        name = target.name.removesuffix(SUFFIX)
        return target.exists() or name in _by_delivery(self._outbox.folder / "cur")

    def abandon(self) -> None:
        for source, _, _ in self._waiting:
            with contextlib.suppress(OSError):
                source.unlink()


def _by_delivery(folder: Path) -> dict[str, list[Path]]:
    """Files of a Maildir folder by the name of their delivery: ``<send>.<id>`` before the second dot or colon."""
    found: dict[str, list[Path]] = {}
    for path in folder.iterdir():
        name = ".".join(path.name.split(":")[0].split(".")[:2])
        found.setdefault(name, []).append(path)
    return found


def look(folder: Path) -> AccountState:
    """Whether letters can be written; nothing is made.

    Args:
        folder: The Maildir, which may not be there yet.

    Raises:
        SendError: It is no folder, or may not be written to.
    """
    there = next(one for one in (folder, *folder.parents) if one.exists())
    places = [one for one in (folder / "tmp", folder / "new", folder / "cur") if one.exists()] or [there]
    for place in places:
        if not place.is_dir():
            raise SendError("is a file where a folder is wanted", where=str(place), mend="move it away")
        if not os.access(place, os.W_OK | os.X_OK):
            raise SendError("the outbox may not be written to", where=str(place), mend=f"chmod u+rwx {place}")
    return AccountState("letters stay on this machine, in the outbox, which can be written")


@contextlib.contextmanager
def _words(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        mend = "free some space" if full else "make it a folder that can be written to"
        raise SendError(
            f"the outbox cannot be written ({error.strerror})",
            where=str(folder),
            mend=f"{mend} and run the same command again",
        ) from error
