"""An issue is a folder with an issue.md: read it, write it, edit it, find it, and tell where it is wrong.

The file is Markdown with TOML front matter between ``+++`` lines. ``##`` is a section, ``###`` a story; a picture
alone in its paragraph under a story's headline is the story's picture, and everything up to the next heading or a
``---`` line is its summary. All else is the editor's own text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from newsletter.errors import IssueError
from newsletter.issues.lines import FENCE
from newsletter.issues.manuscript import Manuscript
from newsletter.issues.reading import parse
from newsletter.issues.writing import to_text
from newsletter.models import Issue
from subscribers.newfile import NameTakenError, new_file

__all__ = [
    "FENCE",
    "FILE",
    "FOLDER",
    "Manuscript",
    "every",
    "find",
    "folder_of",
    "newest",
    "parse",
    "read",
    "to_text",
    "write",
]

FILE = "issue.md"
FOLDER = "issues"
_SLUG = re.compile(r"[\w][\w.-]{0,99}")


def folder_of(root: Path, slug: str) -> Path:
    """The folder of the issue with this name in a workspace.

    Raises:
        IssueError: A name that is no plain folder name.
    """
    if not _SLUG.fullmatch(slug):
        raise IssueError(f"{slug!r} cannot name a folder", mend="use letters, digits, dots and hyphens")
    return root / FOLDER / slug


def read(path: Path) -> Issue:
    """Read an issue.md.

    Raises:
        IssueError: Its file and line, what is wrong and what to write instead.
    """
    return Manuscript.read(path).issue


def newest(root: Path, name: str = "") -> Issue:
    """The issue that an editor names, or the one with the highest number.

    Args:
        root: The workspace.
        name: As for ``find``; empty for the newest.

    Raises:
        IssueError: There is none, or it cannot be understood.
    """
    if name:
        return find(root, name)
    found = every(root)
    if not found:
        raise IssueError("there is no issue yet", where=str(root), mend="make one with: newsletter compose")
    return found[-1]


def find(root: Path, name: str) -> Issue:
    """The issue that an editor means by a number, a folder's name, or a path.

    Raises:
        IssueError: There is none, or it cannot be understood; no other issue's fault, where it is found.
    """
    path = Path(name)
    for candidate in (path, path / FILE, root / FOLDER / name / FILE):
        if candidate.name == FILE and _is_file(candidate):
            return read(candidate)
    there: list[Issue] = []
    broken: IssueError | None = None
    for file in _files(root):
        try:
            there.append(read(file))
        except IssueError as error:
            broken = broken or error  # it may be the one that is meant, when no other one is
    for issue in there:
        if name.isdecimal() and issue.number == int(name):
            return issue
    if broken is not None:
        raise broken
    known = ", ".join(issue.slug for issue in sorted(there, key=lambda issue: issue.number))
    none = "none yet; make one with: newsletter compose"
    raise IssueError(f"no issue is called {name!r}", mend=f"issues here: {known or none}")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # longer than a file's name can be: nothing is called so
        return False


def every(root: Path) -> list[Issue]:
    """Every issue of a workspace, by number.

    Raises:
        IssueError: One of them cannot be understood.
    """
    issues = [read(path) for path in _files(root)]
    return sorted(issues, key=lambda issue: issue.number)


def _files(root: Path) -> list[Path]:
    return sorted((root / FOLDER).glob(f"*/{FILE}"))


def write(issue: Issue, folder: Path, *, pictures: Mapping[str, Path] | None = None, text: str = "") -> Path:
    """Write a new issue into a folder of its own, as a whole or not at all.

    Args:
        issue: The issue to write.
        folder: The issue's folder; it must not hold an issue yet.
        pictures: Paths relative to the folder, to the local files that are copied there.
        text: The whole issue.md, when there is more in it than the issue.

    Raises:
        IssueError: The folder holds an issue already, or the disk does not take it.
    """
    import shutil

    path = folder / FILE
    try:
        with new_file(path) as unfinished:
            folder.mkdir(parents=True, exist_ok=True)
            for relative, source in (pictures or {}).items():
                (folder / relative).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, folder / relative)
            unfinished.write_text(text or to_text(issue), "utf-8")
    except NameTakenError:
        raise IssueError(
            "there is an issue here already", where=str(path), mend="choose another name with --slug"
        ) from None
    except OSError as error:
        raise IssueError(f"cannot be written ({error.strerror})", where=str(path), mend="check the disk") from None
    return path
