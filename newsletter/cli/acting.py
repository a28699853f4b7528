"""Who gives a command, and the line that the log of acts gets for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.ledger.activity import Act
    from newsletter.wiring import Workspace


def at_terminal() -> str:
    """Who gives this command: the account of the machine, which may well be that of cron."""
    import getpass

    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in many containers
        name = ""
    return f"terminal:{name.partition('@')[0] or 'unknown'}"


def note_act(workspace: Workspace, act: Act, about: str | int = "") -> None:
    """Write into the log of acts what a command has done.

    Args:
        workspace: The workspace.
        act: What was done.
        about: Number of an issue, a public id, or a count.
    """
    from newsletter.ledger import activity

    with workspace.database.write() as connection:
        activity.note(connection, act, by=at_terminal(), about=str(about), now=workspace.now())
