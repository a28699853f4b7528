"""Approval: the fingerprint of a letter, somebody's word for it, and the refusal of what nobody has approved.

Letters of the latest posts, which go by themselves, need none: nobody has written them.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from newsletter.errors import NotApprovedError
from newsletter.ledger import activity, approvals
from newsletter.workflows import letter as letters

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.ledger.approvals import Approval
    from newsletter.models import Issue
    from newsletter.wiring import Workspace

ANY_DAY = datetime(2000, 1, 1, 12, tzinfo=UTC)
"""The date on the letter that is fingerprinted: what is approved today may go on another day."""
SHOWN = 8
"""Digits of a fingerprint that people see."""


def fingerprint(workspace: Workspace, issue: Issue, *, rhythm: str) -> str:
    """SHA-256 of all that readers get of an issue, without the date and what differs from one reader to the next.

    It is that of the whole letter with every section and each subject, from which the letters for chosen topics are
    cut: whoever chooses other topics meanwhile voids no approval.

    Args:
        workspace: The workspace.
        issue: With the list it goes to.
        rhythm: ``weekly``, or ``all`` for everybody.

    Raises:
        IssueError, RenderError: The issue gives no letter.
    """
    letter = letters.of_issue(workspace, issue, at=ANY_DAY)
    made = letter.rendered
    pictures = sorted((one.name, hashlib.sha256(one.data).hexdigest()) for one in made.own_pictures)
    topics = [(one.number, one.title, list(one.sections)) for one in workspace.settings.topics.get(issue.list, ())]
    parts = [
        *(issue.list, rhythm, list(issue.subjects) or [issue.subject], issue.preheader),
        *(text.replace(letter.marker, "") for text in (made.subject, made.html, made.text)),
        *(pictures, topics),
    ]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode("utf-8")).hexdigest()


def approve(workspace: Workspace, issue: Issue, mark: str, *, by: str) -> None:
    """Keep somebody's word that the letter may go as it is.

    Args:
        workspace: The workspace.
        issue: What they have read.
        mark: Fingerprint of what they have read.
        by: Who has.

    Raises:
        NotApprovedError: They wrote at it last, and people are known here: a second pair of eyes is asked for.
    """
    key, now = str(issue.number), workspace.now()
    with workspace.database.write() as connection:
        if by == writer(workspace, connection, key):
            raise NotApprovedError(
                f"{by} wrote at issue {key} last, and cannot approve it",
                mend="ask somebody else to read it",
            )
        approvals.approve(connection, key, mark, by=by, now=now)
        activity.note(connection, "approve", by=by, about=key, now=now)


def writer(workspace: Workspace, connection: Connection, key: str) -> str:
    """Who wrote at an issue last; empty where people are not told apart: at a desk that one person has alone."""
    return approvals.editor_of(connection, key) if workspace.settings.desk.url else ""


def given(workspace: Workspace, connection: Connection, key: str, mark: str) -> Approval | None:
    """The approval by which a letter may go as it is; None when there is none.

    Args:
        workspace: The workspace.
        connection: An open connection to the database.
        key: Key of the issue.
        mark: Fingerprint of the letter; empty when nobody made one, and then nothing is approved.
    """
    if not mark:
        return None
    last = writer(workspace, connection, key)
    return next((one for one in approvals.approvals(connection, key, mark) if one.by != last), None)


def refuse(workspace: Workspace, connection: Connection, key: str, mark: str) -> None:
    """Raise when a letter needs an approval and has none.

    Args:
        workspace: The workspace.
        connection: An open connection to the database.
        key: Key of the issue.
        mark: Fingerprint of the letter.

    Raises:
        NotApprovedError: It has none.
    """
    if not workspace.settings.desk.approval or given(workspace, connection, key, mark) is not None:
        return
    earlier = bool(approvals.approvals(connection, key))
    what = "was changed since it was approved" if earlier else "is not approved"
    raise NotApprovedError(
        f"issue {key} {what}, and [desk] approval asks for it", mend=f"read it, then: newsletter approve {key}"
    )


def shown(mark: str) -> str:
    """A fingerprint as people see it: ``7f3a c21e``."""
    return f"{mark[: SHOWN // 2]} {mark[SHOWN // 2 : SHOWN]}"
