"""The issues, sends and lists of a workspace, read once and handed down to everything that one run decides.

A snapshot is as old as the moment it was taken. Whoever changes an issue's file goes on with the snapshot that
``with_text`` or ``with_file`` gives; and nothing that two runs could decide differently hangs on it: freezing looks
again, in its own transaction, whether the issue, the period and the audience are still free.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter import ledger
from newsletter.issues import FILE, FOLDER, Manuscript
from subscribers import store

if TYPE_CHECKING:
    from newsletter.ledger import Send
    from newsletter.models import Issue
    from newsletter.wiring import Workspace
    from subscribers.models import List


@dataclass(frozen=True)
class IssueFile:
    """One issue.md as it was read."""

    path: Path
    raw: bytes | None
    """Its bytes; None when it could not be read."""

    @classmethod
    def read(cls, path: Path) -> IssueFile:
        """The file as it stands; whether it can be read and understood shows when it is asked for.

        Args:
            path: Of the issue.md.
        """
        try:
            return cls(path, path.read_bytes())
        except OSError:
            return cls(path, None)

    @property
    def text(self) -> str:
        """What stands in it, as far as it can be read: what is no UTF-8 is replaced."""
        return (self.raw or b"").decode("utf-8-sig", "replace")

    @cached_property
    def manuscript(self) -> Manuscript:
        """The file as it can be edited.

        Raises:
            IssueError: It cannot be read, or is not UTF-8.
        """
        return Manuscript.read(self.path) if self.raw is None else Manuscript.of(self.raw, self.path)

    @cached_property
    def issue(self) -> Issue:
        """What it says.

        Raises:
            IssueError: It cannot be read or understood.
        """
        return self.manuscript.issue


@dataclass(frozen=True)
class Snapshot:
    """The issues, sends and lists of a workspace at one moment."""

    files: tuple[IssueFile, ...]
    """Every issue.md, by path."""
    sends: tuple[Send, ...]
    """Every send of an issue, oldest first; letters of the latest posts are not among them."""
    lists: tuple[List, ...]
    """Every list, oldest first."""

    @classmethod
    def take(cls, workspace: Workspace) -> Snapshot:
        """Read every issue.md once, and ask once for the sends and the lists.

        Args:
            workspace: The workspace.
        """
        files = tuple(IssueFile.read(path) for path in sorted((workspace.root / FOLDER).glob(f"*/{FILE}")))
        with workspace.database.read() as connection:
            return cls(files, tuple(ledger.sends_of_issues(connection)), tuple(store.all_lists(connection)))

    @cached_property
    def issues(self) -> tuple[Issue, ...]:
        """Every issue, by number.

        Raises:
            IssueError: One of them cannot be read or understood.
        """
        return tuple(sorted((file.issue for file in self.files), key=lambda issue: issue.number))

    def manuscript(self, issue: Issue) -> Manuscript:
        """The file of an issue, as it can be edited.

        Args:
            issue: With its path; one that is not in the snapshot is read now.

        Raises:
            IssueError: It cannot be read, or is not UTF-8.
        """
        path = Path(issue.path)
        return next((file for file in self.files if file.path == path), IssueFile(path, None)).manuscript

    def raw(self, path: Path) -> bytes | None:
        """The bytes of an issue.md as they were read; None when it is not in the snapshot."""
        return next((file.raw for file in self.files if file.path == path), None)

    def list_named(self, name: str) -> List:
        """The list of that name.

        Raises:
            UnknownList: There is none; names those there are.
        """
        found = next((one for one in self.lists if one.name == name), None)
        if found is None:
            raise store.unknown_list(name, [one.name for one in self.lists])
        return found

    def open_list_named(self, name: str) -> List:
        """The list of that name, which letters go out to.

        Raises:
            UnknownList: There is none; names those there are.
            ClosedList: It is closed.
        """
        return store.open_or_refuse(self.list_named(name))

    def with_text(self, path: Path, text: str) -> Snapshot:
        """The snapshot with what was just written into an issue's file.

        Args:
            path: Of the issue.md.
            text: The whole of it.
        """
        return self._with(IssueFile(path, text.encode("utf-8")))

    def with_file(self, path: Path) -> Snapshot:
        """The snapshot with an issue's file as it stands now, such as one that was just made.

        Args:
            path: Of the issue.md.
        """
        return self._with(IssueFile.read(path))

    def _with(self, changed: IssueFile) -> Snapshot:
        files = [file for file in self.files if file.path != changed.path]
        return replace(self, files=tuple(sorted((*files, changed), key=lambda file: file.path)))
