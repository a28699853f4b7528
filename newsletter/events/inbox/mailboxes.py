"""Messages of a Maildir or an mbox file, read and left as they are."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from newsletter.errors import SourceError
from newsletter.events.inbox.messages import MOST_BYTES

# What mail programs write into the messages of an mbox while they read it; not part of what came.
_MOVING = re.compile(
    rb"^(?:Status|X-Status|X-Keywords|X-UID|X-Mozilla-[A-Za-z0-9-]+|Content-Length|Lines):.*\r?\n",
    re.MULTILINE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class MailboxMessage:
    """One message of a mailbox."""

    label: str
    """For messages to people: the name of its file, or its number."""
    names: tuple[str, ...]
    """What it is remembered by: a digest of what came; in a Maildir its file's name too, which is unique for ever."""
    raw: bytes
    """As much of it as is looked at."""


def items(path: Path, known: frozenset[str] = frozenset()) -> Iterator[MailboxMessage]:
    """The messages of a mailbox, oldest first as far as their names tell.

    Args:
        path: A Maildir, or an mbox file.
        known: Names of messages that need not be read again.

    Raises:
        SourceError: It is neither, or cannot be read.
    """
    if _is_maildir(path):
        yield from _maildir(path, known)
    elif path.is_dir():
        raise SourceError("is a folder, but no Maildir", where=str(path), mend="name the folder that holds cur and new")
    else:
        yield from _mbox(path)


def file_name(name: str) -> str:
    """What the file of a Maildir is remembered by: its name without what mail programs change in it."""
    return "inbox file " + _digest(re.split(r"[:,;!]", name)[0].encode("utf-8", "surrogateescape"))


def file_names(path: Path) -> list[str]:
    """What every file of a Maildir is remembered by; empty for an mbox."""
    if not _is_maildir(path):
        return []
    return [file_name(entry.name) for folder in ("cur", "new") for entry in _entries(path / folder)]


def _is_maildir(path: Path) -> bool:
    return all((path / name).is_dir() for name in ("cur", "new"))


def _maildir(path: Path, known: frozenset[str]) -> Iterator[MailboxMessage]:
    entries = [entry for folder in ("cur", "new") for entry in _entries(path / folder)]
    for entry in sorted(entries, key=lambda entry: entry.name):
        name = file_name(entry.name)
        if name in known:
            continue
        try:
            with Path(entry.path).open("rb") as file:
                raw = file.read(MOST_BYTES)
        except FileNotFoundError:
            continue  # a mail program moved it meanwhile; the next run finds it
        except OSError as error:
            raise _unreadable(error, Path(entry.path)) from None
        yield MailboxMessage(entry.name, (name, _content(raw)), raw)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return [entry for entry in found if not entry.name.startswith(".") and entry.is_file()]
    except OSError as error:
        raise _unreadable(error, folder) from None


def _mbox(path: Path) -> Iterator[MailboxMessage]:
    import mailbox

    try:
        with path.open("rb") as file:
            first = file.read(5)
    except OSError as error:
        raise _unreadable(error, path) from None
    if first not in {b"", b"From "}:
        raise SourceError("is no mailbox", where=str(path), mend="name a Maildir folder or an mbox file")
    try:
        box = mailbox.mbox(path, create=False)
        try:
            for number, key in enumerate(box.iterkeys(), 1):
                with box.get_file(key) as message:
                    raw = message.read(MOST_BYTES)
                yield MailboxMessage(f"message {number}", (_content(raw),), raw)
        finally:
            box.close()
    except (OSError, mailbox.Error) as error:
        raise _unreadable(error, path) from None


def _content(raw: bytes) -> str:
    # An mbox drops the empty lines at the end of a message.
    head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    return "inbox " + _digest(_MOVING.sub(b"", head.rstrip(b"\n") + b"\n") + b"\n" + body.rstrip(b"\n"))


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:40]


def _unreadable(error: Exception, path: Path) -> SourceError:
    reason = getattr(error, "strerror", None) or str(error)
    return SourceError(f"cannot be read ({reason})", where=str(path), mend="make it a mailbox that you may read")
