"""What the page of the issue sends: operations, decisions about conflicts, pictures, and which story is open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from newsletter.desk.models import UPLOAD, DeskRoute
from newsletter.desk.week.differing import shown
from newsletter.desk.week.sayings import error_of, said_of
from newsletter.desk.week.view import fragments_of, held_in
from newsletter.errors import DiskError, IssueError
from newsletter.issues.operations import Operation, parsed
from newsletter.workflows import editing
from newsletter.workflows.editing import pictures

if TYPE_CHECKING:
    from starlette.responses import Response

    from newsletter.desk.request import DeskRequest
    from newsletter.workflows.editing import EditedIssue
    from subscribers.errors import Complaint

_AROUND = 100_000
"""Bytes of a form around its file."""
_NO_ROOM = 507
"""HTTP status of what the disk did not take (RFC 4918, section 11.5): the page tries again by itself."""


def run(request: DeskRequest, slug: str, asked: Mapping[str, Any]) -> EditedIssue:
    """Do one operation to an issue.

    Args:
        request: Who asks.
        slug: Name of the issue's folder.
        asked: The operation as JSON says it, with the fingerprint of the text it was made for as ``etag``.

    Raises:
        ConflictError: The file says something else by now.
        IssueError: It cannot be done.
    """
    etag = _etag(asked, "etag")
    edited = editing.apply(
        request.workspace, slug, etag, _operation(asked), by=request.editor.name, merge=asked.get("merge") is True
    )
    _tell(request, edited)
    return edited


def operate(request: DeskRequest) -> Response:
    """One operation; the parts of the page that it changes, or what stands against it."""
    asked, slug = request.json, request.path["slug"]
    try:
        edited = run(request, slug, asked)
    except (editing.ConflictError, IssueError) as error:
        return _against(request, error)
    return _answer(request, edited, said_of(request.desk.pages.words, _operation(asked), edited))


def decide(request: DeskRequest) -> Response:
    """What somebody decided about a conflict."""
    asked, slug = request.json, request.path["slug"]
    mine, choice = asked.get("mine"), asked.get("choice")
    if not isinstance(mine, dict) or choice not in ("both", "mine", "theirs"):
        raise IssueError("a decision needs mine, and both, mine or theirs as its choice", mend="load the page again")
    operation = _operation(mine)
    etag, base = _etag(asked, "etag"), _etag(asked, "base")
    try:
        edited = editing.merge(request.workspace, slug, etag, base, operation, choice, by=request.editor.name)
    except (editing.ConflictError, IssueError) as error:
        return _against(request, error)
    if choice != "theirs":
        _tell(request, edited)
    return _answer(request, edited, said_of(request.desk.pages.words, operation, edited))


def current(request: DeskRequest) -> Response:
    """The issue as its file is now, for a page that has heard of a change."""
    return _answer(request, editing.open_issue(request.workspace, request.path["slug"]), "")


def picture(request: DeskRequest) -> Response:
    """A picture that was uploaded, made anew and kept beside the issue."""
    file = request.files.get("picture")
    if file is None or not file.content:
        raise IssueError("no picture came", mend="choose a file")
    kept = pictures.keep(request.workspace, request.path["slug"], file.content)
    return request.data({"image": kept.name, "width": kept.width, "height": kept.height})


def present(request: DeskRequest) -> Response:
    """Which story a page has open."""
    page, key = request.json.get("page"), request.json.get("key", "")
    if not isinstance(page, str) or not isinstance(key, str):
        raise IssueError("a page says its id and the story it has open", mend="load the page again")
    request.desk.events.present(page, key)
    return request.data({})


def _tell(request: DeskRequest, edited: EditedIssue) -> None:
    """Tell the other pages of an issue that it was changed."""
    request.desk.events.publish(
        "file", {"slug": edited.slug, "etag": edited.etag, "gone": False, "by": request.editor.name}
    )


def _answer(request: DeskRequest, edited: EditedIssue, live: str) -> Response:
    by = request.editor.name
    values: dict[str, Any] = {
        "etag": edited.etag,
        "fragments": fragments_of(request, edited),
        "lines": held_in(request, edited),
        "at": edited.at,
        "merged": edited.merged,
        "undo": edited.undo(by),
        "redo": edited.redo(by),
    }
    if live:
        values["live"] = live
    if edited.notice:
        values["notice"] = edited.notice
    return request.data(values)


def _against(request: DeskRequest, error: Complaint) -> Response:
    """Why an operation was not done: a conflict to decide, or a sentence."""
    words = request.desk.pages.words
    if isinstance(error, editing.ConflictError):
        conflict = error.conflict
        html = request.fill("desk/week/conflict.html.j2", {"conflict": conflict, "fields": shown(conflict)})
        told = {"base": conflict.base, "mine": conflict.mine, "theirs": conflict.theirs}
        return request.data({"conflict": html, "etag": conflict.etag, "kind": conflict.kind, **told}, status=409)
    status = _NO_ROOM if isinstance(error, DiskError) else 422
    return request.data({"error": error_of(words, error)}, status=status)


def _operation(asked: Mapping[str, Any]) -> Operation:
    return parsed({key: value for key, value in asked.items() if key not in ("etag", "merge")})


def _etag(asked: Mapping[str, Any], key: str) -> str:
    value = asked.get(key)
    if not isinstance(value, str) or len(value) > 64:
        raise IssueError(f"the page sent no {key}", mend="load the page again")
    return value


ROUTES = (
    DeskRoute("POST", "/issue/{slug}/op", operate, "edit"),
    DeskRoute("POST", "/issue/{slug}/merge", decide, "edit"),
    DeskRoute("GET", "/issue/{slug}/now", current, "look"),
    DeskRoute("POST", "/issue/{slug}/picture", picture, "edit", UPLOAD + _AROUND),
    DeskRoute("POST", "/issue/{slug}/presence", present, "look"),
)
