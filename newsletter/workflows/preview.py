"""The letter of an issue as files beside it, whatever is wrong with the issue: the faults stand above the letter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter import issues
from newsletter.errors import IssueError, NashraError, RenderError
from newsletter.letters import hosting, own_links
from newsletter.letters.mime import LEAVE, PREFERENCES, slot
from newsletter.letters.templates import environment
from newsletter.models import Issue, Letter, Problem
from newsletter.workflows import letter as letters
from newsletter.workflows.check import inspect
from subscribers import test_link

if TYPE_CHECKING:
    from newsletter.wiring import Workspace

HTML, TEXT = "issue.html", "issue.txt"
_BODY = re.compile(r"<body\b[^>]*>")
_FRAME = "margin:0 auto 20px;max-width:640px;direction:ltr;text-align:left;font:14px/1.6 Consolas,Menlo,monospace;"
_BOX = (
    f"{_FRAME}box-sizing:border-box;padding:16px 20px;background:#fff4d6;color:#4a2b00;border:3px dashed #b00020;"
    "overflow-wrap:anywhere;color-scheme:only light;"
)
_PAGE = """<!doctype html>
<html lang="en" dir="ltr">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title></head>
<body style="margin:0;padding:20px;background:#eeeeee;color:#222222;">
{body}
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class PreviewFiles:
    """What was written, and what keeps the letter from going."""

    paths: tuple[Path, Path]
    """HTML and text."""
    problems: tuple[Problem, ...] = ()
    """Errors alone; empty for a letter that can go."""


def of_name(workspace: Workspace, name: str) -> PreviewFiles:
    """Write the preview of the issue that an editor means, also of one that cannot be understood.

    Args:
        workspace: The workspace.
        name: Number, folder, or path; empty is the issue with the highest number, or the one written last when some
            issue cannot be read.

    Raises:
        IssueError: There is none, or its folder cannot be written.
    """
    try:
        found = issues.find(workspace.root, name) if name else issues.newest(workspace.root)
    except IssueError:
        path = _named(workspace.root, name)
        if path is None:
            raise
        try:
            found, faults = issues.Manuscript.read(path).draft
        except IssueError as error:
            return _unread(path, *_problems([error, *error.others]))
        return of_issue(workspace, found, faults)
    return of_issue(workspace, found)


def of_issue(workspace: Workspace, issue: Issue, faults: Sequence[IssueError] = ()) -> PreviewFiles:
    """Write the letter of an issue as issue.html and issue.txt beside it; what keeps it from going stands above it.

    Args:
        workspace: The workspace.
        issue: With the path of its file; as far as it can be understood.
        faults: What could not be understood of it.

    Raises:
        IssueError: The folder cannot be written.
    """
    inspected = inspect(workspace, issue)
    unread = _problems(faults)
    told = {problem.place for problem in unread}
    # What is told as the file is read may be told again as the letter is made; a link to nowhere even in other words.
    found = [one for one in inspected.problems if one.level == "error"]
    found = [one for one in found if one.place not in told or "leads nowhere" not in one.words]
    once: dict[tuple[str, str], Problem] = {}
    for one in (*unread, *found):
        once.setdefault((one.place, one.words), one)
    errors = tuple(sorted(once.values(), key=_line_of))
    letter = inspected.draft or _by_our_templates(workspace, issue)
    if letter is None:
        return _unread(Path(issue.path), *errors)
    return PreviewFiles(write(issue, letter, problems=errors), errors)


def digest(path: Path) -> str:
    """Names what is in a file now; empty when it is gone.

    Args:
        path: Of an issue.md.
    """
    import hashlib

    data = _bytes(path)
    return hashlib.sha256(data).hexdigest() if data else ""


def file_of(workspace: Workspace, name: str) -> Path:
    """The issue.md that an editor means, also of one that cannot be understood.

    Args:
        workspace: The workspace.
        name: As for ``of_name``.

    Raises:
        IssueError: There is none.
    """
    try:
        return Path((issues.find(workspace.root, name) if name else issues.newest(workspace.root)).path)
    except IssueError:
        path = _named(workspace.root, name)
        if path is None:
            raise
        return path


def write(issue: Issue, letter: Letter, *, problems: Sequence[Problem] = ()) -> tuple[Path, Path]:
    """Write issue.html and issue.txt beside the issue, as a subscriber would see them, pictures from their files.

    Args:
        issue: With the path of its file.
        letter: As it was rendered.
        problems: What keeps it from going; stands in a box above the letter.

    Returns:
        The paths of the two files.

    Raises:
        IssueError: The folder cannot be written.
    """
    html, text = hosting.shown_alone(letter.rendered, own_links.base(letter)), letter.rendered.text
    if problems:
        lines = [_line(problem, Path(issue.path)) for problem in problems]
        html = _BODY.sub(lambda body: body[0] + _box(lines), html, count=1)
        text = _text_box(lines) + text
    for name in (LEAVE, PREFERENCES):
        html, text = (form.replace(slot(letter.marker, name), test_link.NOBODY) for form in (html, text))
    return _written(Path(issue.path).parent, html, text)


def _by_our_templates(workspace: Workspace, issue: Issue) -> Letter | None:
    """The letter by the templates that came with the program, when those of the workspace give none."""
    for template in dict.fromkeys((issue.template, "weekly")):
        try:
            return letters.of_issue(workspace, replace(issue, template=template), faults=[], templates=environment())
        except (IssueError, RenderError):
            continue
    return None


def _problems(faults: Sequence[NashraError]) -> tuple[Problem, ...]:
    return tuple(
        Problem("issue-unreadable", "error", one.what, one.where, one.mend or "correct what is told here")
        for one in faults
    )


def _unread(path: Path, *problems: Problem) -> PreviewFiles:
    """The preview of an issue.md that gives no letter at all: what is wrong, and the text as it stands."""
    lines = [_line(problem, path) for problem in problems]
    try:
        source = path.read_bytes().decode("utf-8-sig", "replace")
    except OSError as error:
        raise IssueError(f"cannot be read ({error.strerror})", where=str(path)) from None
    numbered = "\n".join(f"{number:4}  {line}" for number, line in enumerate(source.splitlines(), 1))
    style = f"{_FRAME}white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:plaintext;"
    text = f'<pre style="{style}">{escape(numbered)}</pre>'
    html = _PAGE.format(title=escape(path.parent.name), body=f"{_box(lines)}\n{text}")
    return PreviewFiles(_written(path.parent, html, f"{_text_box(lines)}{numbered}\n"), problems)


def _line(problem: Problem, path: Path) -> tuple[str, str, str]:
    """Where, what and how to mend it; a line of the issue by its number alone."""
    place = problem.place.removeprefix(f"{path}:")
    where = f"line {place}" if place.isdecimal() else "" if place == str(path) else place
    return where, problem.words, problem.mend


def _line_of(problem: Problem) -> int:
    line = problem.place.rpartition(":")[2]
    return int(line) if line.isdecimal() else 0


def _box(lines: Sequence[tuple[str, str, str]]) -> str:
    items = ""
    for where, what, mend in lines:
        place, order = f"<b>{escape(where)}</b>: " if where else "", f"<br>→ {escape(mend)}" if mend else ""
        words = f'<span style="unicode-bidi:plaintext;">{escape(what)}</span>'
        items += f'<li style="margin:0 0 8px;">{place}{words}{order}</li>'
    return (
        f'<div lang="en" dir="ltr" style="{_BOX}"><p style="margin:0 0 8px;font-weight:bold;">{_head(lines)}</p>'
        f'<ol style="margin:0;padding:0 0 0 28px;">{items}</ol></div>'
    )


def _text_box(lines: Sequence[tuple[str, str, str]]) -> str:
    items = "".join(
        f"{number}. {f'{where}: ' if where else ''}{what}\n{f'   -> {mend}' + chr(10) if mend else ''}"
        for number, (where, what, mend) in enumerate(lines, 1)
    )
    return f"{'#' * 40}\n{_head(lines)}\n{items}{'#' * 40}\n\n"


def _head(lines: Sequence[tuple[str, str, str]]) -> str:
    return f"This letter cannot go yet: {len(lines)} to mend. This box is no part of it."


def _written(folder: Path, html: str, text: str) -> tuple[Path, Path]:
    paths = folder / HTML, folder / TEXT
    try:
        for path, content in zip(paths, (html, text), strict=True):
            path.write_text(content, "utf-8")
    except OSError as error:
        where = str(error.filename or folder)
        raise IssueError(f"cannot be written ({error.strerror})", where=where, mend="make it writable") from None
    return paths


def _named(root: Path, name: str) -> Path | None:
    """The issue.md that a name means when some issue cannot be read; without a name the one that was written last."""
    there = list((root / issues.FOLDER).glob(f"*/{issues.FILE}"))
    if not name:
        last = max(there, key=_written_at, default=None)
        return last if last is not None and last.is_file() else None
    path = Path(name)
    for one in (path, path / issues.FILE, root / issues.FOLDER / name / issues.FILE):
        if one.name == issues.FILE and one.is_file():
            return one
    number = re.compile(rb"(?m)^\s*number\s*=\s*" + re.escape(name.encode()) + rb"\s*(?:#.*)?$")
    return next((one for one in there if name.isdecimal() and number.search(_bytes(one))), None)


def _written_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _bytes(path: Path) -> bytes:
    """What is in a file; nothing when it is none, or cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return b""
