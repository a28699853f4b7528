"""Stamps: what was sent, written down outside the database, beside the issue it was.

A database that is restored from a backup knows nothing of what went since. A stamp does: it lies in ``sent.toml`` in
the folder of its issue, and those of the automatic letters lie in ``issues/sent.toml``. Files are written whole, under
another name first, and are on the disk before whoever writes them goes on.
"""

from __future__ import annotations

import contextlib
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from newsletter.errors import WorkspaceError
from subscribers.wholefile import alone, write_whole

FOLDER: Final = "issues"
"""The folder of the issues, each in a folder of its own."""
FILE: Final = "sent.toml"
"""Name of a file of stamps."""
FREEZING, FROZEN, UNDONE, SETTLED = "freezing", "frozen", "undone", "settled"
STATES: Final = (FREEZING, SETTLED, UNDONE, FROZEN)
"""What a stamp may say, the one that is believed before the others last."""
MOST_AUTOMATIC: Final = 500
"""Stamps that the file of the automatic letters keeps."""
_HEAD = """\
# What was sent, written by newsletter. Keep this file, in git too: a database that was restored from a backup does not
# know these sends, and without the file they would go out a second time. state is "freezing" (being written down),
# "frozen" (letters may have gone), "undone" (taken back before any letter went) or "settled" (a database does not know
# it, and an editor has said with --after-restore how to go on).
"""


@dataclass(frozen=True, slots=True)
class Stamp:
    """One send, as it is remembered outside the database."""

    id: str
    """Public id of the send."""
    issue: str
    """Key of the issue."""
    state: str
    frozen: datetime
    list: str
    """Name of the list."""
    rhythm: str
    audience: int
    """Subscribers it was frozen for."""
    sender: str
    """Which provider it was frozen for."""
    database: str
    """Id of the database that knows it."""
    began: datetime | None = None
    """When letters could go for the first time; None while they could not, as far as this folder knows."""
    articles: tuple[str, ...] = ()
    """Addresses of what an automatic letter carried."""


@dataclass(frozen=True, slots=True)
class Stamps:
    """The stamps of a workspace.

    Args:
        root: The workspace.
    """

    root: Path

    def path_of(self, key: str) -> Path:
        """The file in which a send of this issue is stamped.

        Args:
            key: Of the issue. An issue without a folder is stamped with the automatic letters.
        """
        from newsletter import issues
        from newsletter.errors import IssueError

        if key.isdecimal():
            with contextlib.suppress(IssueError):
                return Path(issues.find(self.root, key).path).parent / FILE
        return self.root / FOLDER / FILE

    def of_issue(self, key: str) -> list[Stamp]:
        """Every stamp of an issue, wherever it lies, oldest first.

        Args:
            key: Of the issue.

        Raises:
            WorkspaceError: A file of stamps cannot be read or understood.
        """
        return [stamp for stamp in self.every() if stamp.issue == key]

    def of_stream(self, list_name: str, rhythm: str) -> list[Stamp]:
        """Every stamp of the automatic letters of a list and rhythm, oldest first.

        Args:
            list_name: The list.
            rhythm: ``instant`` or ``daily``.

        Raises:
            WorkspaceError: The file of stamps cannot be read or understood.
        """
        found = read(self.root / FOLDER / FILE)
        return [one for one in found if "/" in one.issue and (one.list, one.rhythm) == (list_name, rhythm)]

    def every(self) -> list[Stamp]:
        """Every stamp of the workspace; those of issues by folder.

        Raises:
            WorkspaceError: A file of stamps cannot be read or understood.
        """
        paths = [*sorted((self.root / FOLDER).glob(f"*/{FILE}")), self.root / FOLDER / FILE]
        return [stamp for path in paths for stamp in read(path)]

    def change(self, path: Path, act: Callable[[list[Stamp]], list[Stamp]]) -> None:
        """Write a file of stamps anew, with what somebody makes of it; nobody else writes it meanwhile.

        Args:
            path: The file.
            act: Gives the stamps that are to be in it; those it gives back as they are leave the file alone.

        Raises:
            WorkspaceError: It cannot be read, understood or written.
        """
        with _words(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with alone(path.parent):
                before = read(path)
                after = act(list(before))
                if after != before:
                    kept = after[-MOST_AUTOMATIC:] if path.parent.name == FOLDER else after
                    write_whole(path, to_text(kept).encode("utf-8"))

    def mark(self, public_id: str, **changes: Any) -> bool:
        """Change what a stamp says; tells whether there is one.

        Args:
            public_id: Of the send.
            changes: Fields of ``Stamp`` with their new values.

        Raises:
            WorkspaceError: A file of stamps cannot be read, understood or written.
        """
        for path in [*(self.root / FOLDER).glob(f"*/{FILE}"), self.root / FOLDER / FILE]:
            if any(stamp.id == public_id for stamp in read(path)):
                self.change(
                    path, lambda there: [replace(one, **changes) if one.id == public_id else one for one in there]
                )
                return True
        return False


def read(path: Path) -> list[Stamp]:
    """The stamps of a file, in its order, each send once; none when there is no file.

    Raises:
        WorkspaceError: It cannot be read or understood: it is never passed over, since then a letter could go twice.
    """
    try:
        text = path.read_text("utf-8-sig")
        return parse(text)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _broken(path, f"cannot be read ({error.strerror})") from None
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"\(at line (\d+), column \d+\)", str(error))
        reason = re.sub(r" \(at .*\)", "", str(error))
        raise _broken(f"{path}:{line[1]}" if line else path, f"is not valid TOML ({reason})") from None
    except ValueError as error:
        raise _broken(path, "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)) from None


def _broken(where: Path | str, what: str) -> WorkspaceError:
    mend = "it tells what was sent already: mend it, or take it from git or a backup; nothing is sent until then"
    return WorkspaceError(what, where=str(where), mend=mend)


def parse(text: str) -> list[Stamp]:
    """The stamps that a text holds; a send that is in it twice counts as what is believed first.

    Raises:
        ValueError: It holds something else.
    """
    return list(_parsed(text))


@lru_cache(maxsize=16)
def _parsed(text: str) -> tuple[Stamp, ...]:
    """The same text is read several times in each send: before it is frozen, while it is, and when letters begin."""
    values = tomllib.loads(f"{text}\n")  # without a last line end, the line of a fault is not told
    found: dict[str, Stamp] = {}
    strange = sorted(set(values) - {"send"})
    if strange:
        raise ValueError(f"{strange[0]} is no part of it; only [[send]] is")
    sends = values.get("send", [])
    if not isinstance(sends, list):
        raise ValueError("each send begins with [[send]], in two pairs of brackets")
    for number, one in enumerate(sends, 1):
        stamp = _stamp(one, f"send {number}")
        known = found.get(stamp.id)
        if known is None or STATES.index(known.state) < STATES.index(stamp.state):
            found[stamp.id] = stamp
    return tuple(found.values())


_KINDS: Final = {
    "id": str,
    "issue": str,
    "state": str,
    "frozen": datetime,
    "list": str,
    "rhythm": str,
    "audience": int,
    "sender": str,
    "database": str,
    "began": datetime,
    "articles": list,
}
_OPTIONAL: Final = frozenset({"began", "articles"})


def _stamp(one: object, name: str) -> Stamp:
    if not isinstance(one, dict):
        raise ValueError(f"{name} is no table; it begins with [[send]]")
    for key, kind in _KINDS.items():
        if key not in one and key not in _OPTIONAL:
            raise ValueError(f"{name} has no {key}")
        if key in one and (not isinstance(one[key], kind) or isinstance(one[key], bool)):
            raise ValueError(f"{name}: {key} is {one[key]!r}, which is not what stands there")
        if key in one and kind is datetime and one[key].tzinfo is None:
            raise ValueError(f"{name}: {key} has no zone, such as +01:00 or Z")
    strange = sorted(set(one) - set(_KINDS))
    if strange:
        raise ValueError(f"{name}: {strange[0]} is no part of it")
    if one["state"] not in STATES:
        raise ValueError(f"{name}: state is {one['state']!r}, not one of {', '.join(sorted(STATES))}")
    articles = one.get("articles", [])
    if not all(isinstance(article, str) for article in articles):
        raise ValueError(f"{name}: articles holds something that is no text")
    return Stamp(**{**one, "articles": tuple(articles)})


def to_text(stamps: Sequence[Stamp]) -> str:
    """A file of these stamps, as ``parse`` reads it."""
    return "\n".join([_HEAD, *map(_entry, stamps)])


def _entry(stamp: Stamp) -> str:
    lines = ["[[send]]"]
    for key in _KINDS:
        value = getattr(stamp, key)
        if isinstance(value, datetime):
            lines.append(f"{key} = {value.isoformat(timespec='seconds')}")
        elif isinstance(value, int):
            lines.append(f"{key} = {value}")
        elif isinstance(value, tuple):
            lines += [f"{key} = [{', '.join(map(quoted, value))}]"] if value else []
        elif value is not None:
            lines.append(f"{key} = {quoted(value)}")
    return "\n".join([*lines, ""])


def quoted(text: str) -> str:
    """A text as it stands in TOML."""
    # What JSON escapes, TOML escapes the same way, but for this one sign.
    return json.dumps(text.encode("utf-8", "replace").decode("utf-8"), ensure_ascii=False).replace("\x7f", "\\u007f")


@contextmanager
def _words(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WorkspaceError(
            f"cannot be written ({error.strerror})",
            where=str(path),
            mend="what is sent is written down there first: make it a file that you may write, or free some space",
        ) from error
