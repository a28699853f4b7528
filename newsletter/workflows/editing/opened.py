"""An issue as the desk shows it, also when its file cannot be understood."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.errors import IssueError
from newsletter.issues import FILE, Manuscript, folder_of
from newsletter.issues.operations import Layout, PlacedElement, elements
from newsletter.workflows.editing.history import History, HistorySteps, remember

if TYPE_CHECKING:
    from newsletter.issues.candidates import Candidates
    from newsletter.issues.reading import LineSpan
    from newsletter.models import Issue
    from newsletter.wiring import Workspace


@dataclass(frozen=True, slots=True)
class BrokenIssue:
    """Why a file cannot be understood, and the line to be mended."""

    line: int
    text: str
    """What stands on that line."""
    error: IssueError


@dataclass(frozen=True)
class EditedIssue:
    """An issue as its file is at a moment."""

    slug: str
    path: Path
    etag: str
    """Fingerprint of the bytes of the file."""
    manuscript: Manuscript
    layout: Layout | None
    """None when the file cannot be understood; then ``broken`` says why."""
    broken: BrokenIssue | None = None
    steps: HistorySteps = field(default_factory=HistorySteps)
    at: int = 0
    """Line on which stands what the last operation was about; 0 when it is gone, or nothing was done."""
    merged: bool = False
    """Whether somebody else's change, which the page had not seen, stands beside this one."""
    notice: str = ""
    """What went wrong beside the change, which is saved."""

    @property
    def issue(self) -> Issue | None:
        """What it says, as far as it can be understood."""
        return self.layout.issue if self.layout is not None else None

    @property
    def faults(self) -> tuple[IssueError, ...]:
        """What is wrong with its body, or with all of it."""
        if self.layout is not None:
            return self.layout.faults
        return (self.broken.error,) if self.broken is not None else ()

    @property
    def spans(self) -> tuple[LineSpan, ...]:
        """Where its sections, stories and passages stand."""
        return self.layout.spans if self.layout is not None else ()

    @property
    def candidates(self) -> Candidates | None:
        """What waits in it."""
        return self.layout.candidates if self.layout is not None else None

    @cached_property
    def elements(self) -> tuple[PlacedElement, ...]:
        """What stands between lines of colons in it."""
        return elements(self.layout) if self.layout is not None else ()

    def undo(self, by: str) -> int:
        """How many steps somebody can take back."""
        return sum(one.by == by for one in self.steps.undo)

    def redo(self, by: str) -> int:
        """How many steps somebody can do again."""
        return sum(one.by == by for one in self.steps.redo)


def open_issue(workspace: Workspace, slug: str) -> EditedIssue:
    """The issue of a folder as it stands; nothing is written.

    Args:
        workspace: The workspace.
        slug: Name of the issue's folder.

    Raises:
        IssueError: There is no such folder or file, or it cannot be read. One that cannot be understood is opened.
    """
    path = folder_of(workspace.root, slug) / FILE
    return understood(slug, path, read_bytes(path), History(path.parent).steps())


def read_bytes(path: Path) -> bytes:
    """The bytes of an issue's file.

    Raises:
        IssueError: It is gone, or cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        last = History(path.parent).last_text()
        mend = (
            f"put it back; as it was last it is in {last}" if last is not None else "put it back, or open another one"
        )
        raise IssueError("the file of this issue is not there any more", where=str(path), mend=mend) from None
    except OSError as error:
        raise IssueError(
            f"cannot be read ({error.strerror})", where=str(path), mend="look at its permissions"
        ) from None


def understood(slug: str, path: Path, raw: bytes, steps: HistorySteps) -> EditedIssue:
    """An issue of some bytes.

    Args:
        slug: Name of its folder.
        path: Of its file.
        raw: What the file holds.
        steps: What was done to it.
    """
    etag = remember(raw)
    try:
        manuscript = Manuscript.of(raw, path)
        return EditedIssue(slug, path, etag, manuscript, Layout.of(manuscript), None, steps)
    except IssueError as error:
        manuscript = Manuscript(raw.decode("utf-8", "surrogateescape"), path, raw)
        line = error.where.rpartition(":")[2]
        number = int(line) if line.isdecimal() else 1
        lines = manuscript.lines
        text = lines[number - 1] if number <= len(lines) else ""
        shown = text.strip("\r\n").removeprefix("\ufeff").encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        return EditedIssue(slug, path, etag, manuscript, None, BrokenIssue(number, shown, error), steps)
