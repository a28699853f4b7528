"""A send that is ended for good, and what it held that went to nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter import ledger
from newsletter.ledger import activity

if TYPE_CHECKING:
    from newsletter.ledger import Send, UndoOutcome
    from newsletter.wiring import Workspace


def cancel(workspace: Workspace, name: str, *, by: str = "program") -> UndoOutcome:
    """End a send for good; what went to nobody is undone, in the database and in its stamp.

    Args:
        workspace: The workspace.
        name: The public id of the send, or the number of its issue.
        by: Who ends it, for the log of acts.

    Raises:
        SendError: None is called so, or it has come to its end already.
        DatabaseRestoredError: The database is behind: it would call undone what has gone.
    """
    with workspace.database.write() as connection:
        workspace.memory.refuse_behind(connection)
        ended = ledger.cancel(connection, ledger.named(connection, name), reason="by an editor")
        activity.note(connection, "cancel", by=by, about=ended.send.issue, now=workspace.now())
    if ended.undone:
        workspace.memory.undone(ended.send)
    return ended


def free_undone(workspace: Workspace) -> list[Send]:
    """Free what cancelled sends still hold though it is known by now that their letters went to nobody.

    A database that is behind frees nothing: it does not know what has gone.

    Args:
        workspace: The workspace.

    Returns:
        The sends that were undone now.
    """
    with workspace.database.read() as connection:
        if not ledger.may_undo(connection) or workspace.memory.behind(connection) is not None:
            return []
    with workspace.database.write() as connection:
        undone = ledger.undo_cancelled(connection)
    for one in undone:
        workspace.memory.undone(one)
    return undone
