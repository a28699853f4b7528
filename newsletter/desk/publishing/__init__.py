"""An issue put on the newsroom's own site from the desk: what will happen is said first, and it stays a draft there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from newsletter import issues
from newsletter.desk.complaints import as_html
from newsletter.desk.models import DeskRoute
from newsletter.desk.publishing import difference
from newsletter.errors import NashraError
from newsletter.ledger import activity
from newsletter.publish import PublishInterruptedError, PublishTalk, PublishWish, rows
from newsletter.workflows.publishing import wordpress
from newsletter.workspace import site_access

if TYPE_CHECKING:
    from starlette.responses import Response

    from newsletter.desk.request import DeskRequest
    from newsletter.models import Issue
    from newsletter.publish import PublishOutcome

PAGE = "desk/publishing/page.html.j2"
_LONGEST = 20_000
"""Signs of a difference that a page shows."""


def _asked(request: DeskRequest) -> Response:
    return _page(request, _issue(request))


def _published(request: DeskRequest) -> Response:
    """Make the draft, or bring the post up to date."""
    issue, workspace = _issue(request), request.workspace
    wish = PublishWish(status="draft")
    try:
        outcome = wordpress.publish(workspace, issue.slug, wish, PublishTalk(sure=lambda _question: False))
    except PublishInterruptedError as error:
        return _page(request, issue, error=error, status=503)
    except NashraError as error:
        return _page(request, issue, error=error, status=422)
    if outcome.done in ("created", "updated", "published"):
        with workspace.database.write() as connection:
            activity.note(connection, "publish", by=request.editor.name, about=outcome.issue, now=workspace.now())
    return _page(request, issue, outcome=outcome, status=409 if outcome.done == "refused" else 200)


def _issue(request: DeskRequest) -> Issue:
    """The issue of the address.

    Raises:
        IssueError: There is none, or it cannot be understood.
    """
    return issues.find(request.workspace.root, request.path["slug"])


def _page(
    request: DeskRequest,
    issue: Issue,
    *,
    outcome: PublishOutcome | None = None,
    error: NashraError | None = None,
    status: int = 200,
) -> Response:
    workspace = request.workspace
    access = site_access.read(workspace.root)
    known, edit = None, ""
    if access is not None:
        with workspace.database.read() as connection:
            known = rows.find(connection, wordpress.TARGET, access.site, str(issue.number))
        if known is not None:
            edit = f"{access.site}/wp-admin/post.php?post={known.post}&action=edit"
    values: dict[str, Any] = {
        "issue": issue,
        "slug": issue.slug,
        "site": urlsplit(access.site).netloc if access is not None else "",
        "command": f"newsletter wordpress connect {workspace.publication.url}",
        "known": known if known is not None and known.post else None,
        "edit": edit,
        "outcome": outcome,
        "difference": difference.rows(outcome.difference, _LONGEST) if outcome is not None else [],
        "reason": outcome.values.get("reason", "") if outcome is not None else "",
        "wrong": as_html(request.desk.pages.words, error) if error is not None else (),
        "where": error.where if error is not None else "",
    }
    return request.page(PAGE, values, place="send", status=status)


ROUTES = (
    DeskRoute("GET", "/publish/{slug}", _asked, "send"),
    DeskRoute("POST", "/publish/{slug}", _published, "send"),
)
