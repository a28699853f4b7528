"""One operation done to an issue's file: against the text its page has seen, with every other writer kept out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from newsletter import library
from newsletter.check import fix
from newsletter.check.links import HTTPS_ANSWERS
from newsletter.errors import DiskError, IssueError
from newsletter.issues import FILE, Manuscript, folder_of
from newsletter.issues.operations import (
    AddOperation,
    Clash,
    DropOperation,
    EditOperation,
    ElementOperation,
    FixOperation,
    HistoryOperation,
    Layout,
    LineOperation,
    Operation,
    SectionOperation,
    ValueOperation,
    WordsOperation,
    carried,
    merged,
    with_both,
)
from newsletter.issues.operations import apply as applied
from newsletter.issues.operations.cutting import put
from newsletter.issues.saving import write_whole
from newsletter.ledger import approvals
from newsletter.models import Holding, Problem
from newsletter.workflows import renewing
from newsletter.workflows.draft.offering import as_sections, last_picture
from newsletter.workflows.editing.conflicts import Conflict, ConflictError, block, conflict_of, fields_of
from newsletter.workflows.editing.history import History, HistoryStep, HistorySteps, etag_of
from newsletter.workflows.editing.opened import EditedIssue, read_bytes, understood

if TYPE_CHECKING:
    from newsletter.wiring import Workspace

_TRIES = 5
"""How often an operation is carried over again when other programs write the file at that very moment."""


@dataclass(frozen=True, slots=True)
class _Change:
    """What an operation makes of a file."""

    raw: bytes
    at: int
    steps: HistorySteps
    merged: bool = False
    copies: dict[str, str] = field(default_factory=dict)
    """Pictures that come with it: name in the issue, and where it lies."""
    added: Holding | None = None


def apply(
    workspace: Workspace, slug: str, etag: str, operation: Operation, *, by: str = "", merge: bool = False
) -> EditedIssue:
    """Do one operation to an issue and save it.

    Args:
        workspace: The workspace.
        slug: Name of the issue's folder.
        etag: Fingerprint of the text that the operation was made for.
        operation: What is to be done.
        by: Whose it is, for the steps that can be taken back and for who wrote last; empty for nobody in particular.
        merge: Join it with a change that was made outside of the desk, when that is elsewhere; else it is asked.

    Raises:
        ConflictError: The file says something else by now, and a person must decide.
        IssueError: It cannot be done, the file is gone, or it cannot be written. The file is then as it was.
    """

    def changed(now: EditedIssue, history: History) -> _Change:
        if isinstance(operation, HistoryOperation):
            return _step(now, history, operation, by)
        if now.etag == etag:
            return _done(workspace, now, operation, by)
        base = _base(now, history, etag)
        carry = carried(operation, base, _layout(now))
        theirs_is_ours = now.steps.made(now.etag) or merge
        if isinstance(carry, Clash) or not theirs_is_ours:
            clash = carry if isinstance(carry, Clash) else None
            conflict = conflict_of(now.etag, operation, base, _layout(now), clash, _mine(operation, base))
            raise ConflictError(conflict, str(now.path))
        return replace(_done(workspace, now, carry, by), merged=True)

    return _saved(workspace, slug, by, changed)


def merge(
    workspace: Workspace,
    slug: str,
    etag: str,
    base: str,
    operation: Operation,
    choice: Literal["both", "mine", "theirs"],
    *,
    by: str = "",
) -> EditedIssue:
    """Do what somebody decided about a conflict.

    Args:
        workspace: The workspace.
        slug: Name of the issue's folder.
        etag: Fingerprint of the text that they saw beside theirs.
        base: Fingerprint of the text that the operation was made for.
        operation: What was to be done.
        choice: Both changes, theirs over the other one, or the other one alone.
        by: Whose decision it is.

    Raises:
        ConflictError: The file says something else again.
        IssueError: It cannot be done. The file is then as it was.
    """

    def changed(now: EditedIssue, history: History) -> _Change | None:
        if choice == "theirs":
            return None
        old, newer = _base(now, history, base), _layout(now)
        carry = carried(operation, old, newer, anyway=choice == "mine")
        if isinstance(carry, Clash) and choice == "both" and now.etag == etag:
            together = with_both(operation, fields_of(operation, old, newer, carry))
            carry = carry if together is None else carried(together, old, newer, anyway=True)
        if isinstance(carry, Clash) and choice == "mine" and carry.kind == "gone" and now.etag == etag:
            return _again(now, old, newer, operation, carry, by)
        if isinstance(carry, Clash) or (now.etag != etag and not now.steps.made(now.etag)):
            clash = carry if isinstance(carry, Clash) else None
            conflict = conflict_of(now.etag, operation, old, newer, clash, _mine(operation, old))
            raise ConflictError(conflict, str(now.path))
        return replace(_done(workspace, now, carry, by), merged=choice == "both")

    return _saved(workspace, slug, by, changed)


def _saved(
    workspace: Workspace, slug: str, by: str, changed: Callable[[EditedIssue, History], _Change | None]
) -> EditedIssue:
    """The issue after a change, which is on the disk then."""
    path = folder_of(workspace.root, slug) / FILE
    history = History(path.parent)
    for last in reversed(range(_TRIES)):
        read_bytes(path)  # before a folder is made for an issue that is not there
        with history.alone():
            now = understood(slug, path, read_bytes(path), history.steps())
            change = changed(now, history)
            if change is None:
                return now
            try:
                return _written(workspace, now, change, history, by)
            except IssueError:
                if last and path.is_file() and read_bytes(path) != now.manuscript.read_as:
                    continue  # another program was quicker, and the operation is carried over to what it wrote
                raise
    raise AssertionError("the last try ends it")


def _written(workspace: Workspace, now: EditedIssue, change: _Change, history: History, by: str) -> EditedIssue:
    before = now.manuscript.read_as
    assert before is not None, "it was read"
    if change.raw != before:
        for name, source in change.copies.items():
            _copied(now.path.parent / name, Path(source))
        # First what can be taken back: a process that is killed here has changed nothing yet.
        history.keep(change.steps, {now.etag: before, etag_of(change.raw): change.raw})
        try:
            write_whole(now.path, change.raw, before)
        except IssueError:
            fault = history.fault
            history.keep(now.steps, {})
            history.fault = fault
            raise
    edited = understood(now.slug, now.path, change.raw, change.steps)
    # Who changed nothing wrote nothing: the one before stays the last, and cannot approve what they wrote.
    if edited.issue is not None and change.raw != before:
        with workspace.database.write() as connection:
            if by:
                approvals.note_editor(connection, str(edited.issue.number), by=by, now=workspace.now())
            if change.added is not None:
                renewing.offer(connection, edited.issue, [change.added])
    return replace(edited, at=change.at, merged=change.merged, notice=history.fault)


def _done(workspace: Workspace, now: EditedIssue, operation: Operation, by: str) -> _Change:
    """The operation done to the text that the file has."""
    copies: dict[str, str] = {}
    added = None
    if isinstance(operation, FixOperation):
        made, at = _fixed(workspace, _layout(now), operation), operation.line
    elif isinstance(operation, AddOperation):
        with workspace.database.read() as connection:
            (added,) = library.holdings(connection, ids=[operation.article])
        (section, *_), pictures = as_sections([added], first=last_picture(now.path.parent) + 1)
        made, at = applied(_layout(now).manuscript, operation, story=section.stories[0])
        copies = {name: source for name, source in pictures.items() if name in made.text}
    elif isinstance(operation, DropOperation | SectionOperation):
        with workspace.database.read() as connection:
            newest = library.newest(connection)
        made, at = applied(_layout(now).manuscript, operation, newest=newest)
    elif isinstance(operation, LineOperation):
        made, at = applied(now.manuscript, operation)
    else:
        made, at = applied(_layout(now).manuscript, operation)
    raw = made.text.encode("utf-8", "surrogateescape")
    what = type(operation).__name__.removesuffix("Operation").lower()
    moment = int(workspace.now().timestamp() * 1000)
    step = HistoryStep(by, what, now.etag, etag_of(raw), _typed_in(operation), moment, moment)
    steps = now.steps if raw == now.manuscript.read_as else now.steps.done(step)
    return _Change(raw, at, steps, copies=copies, added=added)


def _typed_in(operation: Operation) -> str:
    """The field that an operation types in; empty when it is none that letters come to one by one."""
    if isinstance(operation, ValueOperation):
        return operation.key
    if isinstance(operation, EditOperation):
        return " ".join(
            [
                str(operation.line),
                *(
                    name
                    for name in ("title", "summary", "alt", "caption", "url")
                    if getattr(operation, name) is not None
                ),
            ]
        )
    if isinstance(operation, WordsOperation) and operation.line is not None:
        return f"words {operation.line}"
    if isinstance(operation, ElementOperation) and operation.do == "edit":
        return f"element {operation.line}"
    return f"section {operation.line}" if isinstance(operation, SectionOperation) and operation.do == "rename" else ""


def _fixed(workspace: Workspace, layout: Layout, operation: FixOperation) -> Manuscript:
    """One line mended as ``check --fix`` mends it."""
    manuscript = layout.manuscript
    language = workspace.settings.publication_of(layout.issue.list).language
    place = f"{manuscript.path}:{operation.line}"
    mend = HTTPS_ANSWERS if operation.code == "link-http" else ""
    made, done = fix.rewritten(manuscript, [Problem(operation.code, "warning", "", place, mend)], language)
    if not done:
        raise IssueError("this cannot be mended by itself", where=place, mend="change it by hand")
    return made


def _step(now: EditedIssue, history: History, operation: HistoryOperation, by: str) -> _Change:
    """The latest step of somebody taken back, or done again; what others did since stays."""
    steps = now.steps
    row = steps.undo if operation.do == "undo" else steps.redo
    raw = now.manuscript.read_as
    while (step := next((one for one in reversed(row) if one.by == by), None)) is not None:
        row = tuple(one for one in row if one is not step)
        before, after = history.text(step.before), history.text(step.after)
        if before is None or after is None or raw is None:
            continue
        made = before if now.etag in (step.after, step.nearly) else _joined(now, after, before)
        if made == raw:
            continue  # it was never written, or somebody took it back by hand
        back = HistoryStep(by, step.what, now.etag, etag_of(made))
        undone = operation.do == "undo"
        left = HistorySteps(row, (*steps.redo, back)) if undone else HistorySteps((*steps.undo, back), row)
        return _Change(made, _first_change(now, made), left, merged=now.etag != step.after)
    raise IssueError(
        "there is nothing to take back" if operation.do == "undo" else "there is nothing to do again",
        where=str(now.path),
        mend="go on from here",
    )


def _joined(now: EditedIssue, after: bytes, before: bytes) -> bytes:
    """What the file says without a step that is not the last change of it."""
    texts = (one.decode("utf-8", "surrogateescape") for one in (after, before, now.manuscript.read_as or b""))
    lines = merged(*(Manuscript(one, now.path).lines for one in texts))
    if lines is not None:
        made = "".join(lines).encode("utf-8", "surrogateescape")
        try:
            Layout.of(Manuscript.of(made, now.path))
        except IssueError:
            pass
        else:
            return made
    raise IssueError("somebody else has changed the same lines since", where=str(now.path), mend="change them by hand")


def _first_change(now: EditedIssue, raw: bytes) -> int:
    """The first line that the new text has otherwise."""
    old, new = (now.manuscript.read_as or b"").splitlines(), raw.splitlines()
    pairs = enumerate(zip(old, new, strict=False))
    same = next((at for at, (one, other) in pairs if one != other), min(len(old), len(new)))
    layout = understood(now.slug, now.path, raw, HistorySteps()).layout
    lines = [one.line for one in layout.parts if one.line <= same + 1] if layout is not None else []
    return max(lines, default=0)


def _again(now: EditedIssue, old: Layout, newer: Layout, operation: Operation, clash: Clash, by: str) -> _Change:
    """What somebody wrote about a thing that is gone comes back, at the end of the issue's section of that name."""
    part = clash.part
    if part is None or part.kind == "section":
        raise IssueError("it is gone, and cannot come back by itself", where=str(now.path), mend="add it again")
    mine = _mine(operation, old) or block(old, part.line)
    heading = old.section_of(next(n for n, one in enumerate(old.parts) if one is part))
    title = old.parts[heading].told[0] if heading >= 0 else ""
    there = newer.titled(title) if title else -1
    target = newer.end(there) if there is not None else len(newer.parts)
    made, line = put(newer, target, mine, story=part.kind == "story")
    raw = made.text.encode("utf-8")
    Layout.of(made)
    return _Change(raw, line, now.steps.done(HistoryStep(by, "edit", now.etag, etag_of(raw))), merged=True)


def _mine(operation: Operation, base: Layout) -> str:
    """What an operation would have made of its place in the text that it was made for."""
    if isinstance(operation, WordsOperation):
        return operation.text
    if not isinstance(operation, EditOperation | ElementOperation):
        return ""
    try:
        made, line = applied(base.manuscript, operation)
        return block(Layout.of(made), line)
    except IssueError:
        return ""


def _layout(now: EditedIssue) -> Layout:
    if now.layout is None:
        assert now.broken is not None, "one of both is there"
        raise now.broken.error
    return now.layout


def _base(now: EditedIssue, history: History, etag: str) -> Layout:
    """The text that an operation was made for.

    Raises:
        ConflictError: Nobody has it any more.
    """
    raw = history.text(etag) if len(etag) == 64 and etag.isalnum() else None
    if raw is None:
        raise ConflictError(Conflict("unknown", now.etag), str(now.path))
    return _layout(understood(now.slug, now.path, raw, HistorySteps()))


def _copied(path: Path, source: Path) -> None:
    try:
        path.parent.mkdir(exist_ok=True)
        shutil.copyfile(source, path)
    except OSError as error:
        raise DiskError(f"cannot be written ({error.strerror})", where=str(path), mend="check the disk") from None
