"""A send that its provider stopped goes on through that of ``[sender] fallback``: by an editor's word, or a rule.

Each provider has a send once: when the second one stops it too, it waits and is tried there, until an editor says more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from newsletter import ledger
from newsletter.errors import SendError
from newsletter.senders import registry

if TYPE_CHECKING:
    from newsletter.ledger import Send
    from newsletter.wiring import Workspace


def possible(workspace: Workspace, send: Send) -> bool:
    """Whether the other provider may take over a send: its own one stopped it, for no reason of the letter.

    Args:
        workspace: An open workspace.
        send: As it is now.
    """
    return (
        bool(workspace.settings.sender.fallback)
        and (send.state, send.paused_by) == ("paused", ledger.PROVIDER)
        and send.probe_at is not None
        and send.sender in {"", workspace.account}
        and not send.reason.startswith(ledger.OF_THE_LETTER)
    )


def take_over(workspace: Workspace, send: Send) -> Send | None:
    """Let the other provider go on with a send; None when somebody else was faster, or decided otherwise.

    Args:
        workspace: An open workspace.
        send: One for which ``possible`` is true.

    Raises:
        SendError: The other provider cannot be opened, so that nothing changes.
    """
    account = workspace.fallback_account
    # Opened before anything changes: what it lacks is told now.
    workspace.setup_of(replace(send, sender=account))
    with workspace.database.write() as connection:
        if not ledger.take_over(connection, send, account):
            return None
        return ledger.send(connection, send.id)


def go_back(workspace: Workspace, send: Send) -> Send:
    """Let a send go on through the first provider again, by an editor's word.

    Args:
        workspace: An open workspace.
        send: As it is now.

    Raises:
        SendError: It does not go through the other one, or has come to its end.
    """
    if not send.sender or send.sender != workspace.fallback_account:
        raise SendError(
            f"issue {send.issue} does not go through a fallback", mend=f"see: newsletter sends show {send.public_id}"
        )
    with workspace.database.write() as connection:
        ledger.return_to(connection, send, workspace.account)
        found = ledger.send(connection, send.id)
    assert found is not None
    return found


def take_over_due(workspace: Workspace, tell: Callable[[str], None]) -> None:
    """Let the other provider take over what has stood still for as long as the settings say; for workers.

    Args:
        workspace: An open workspace.
        tell: Told a line of each.
    """
    after = workspace.settings.sender.fallback_seconds
    if after is None:
        return
    now = int(workspace.now().timestamp())
    with workspace.database.read() as connection:
        found = ledger.braked_sends(connection)
        stale = ledger.has_stale_brakes(connection, [one.id for one, _ in found])
    if stale or any(not since for _, since in found):
        with workspace.database.write() as connection:
            ledger.note_braked(connection, [one.id for one, _ in found], now)
    for send, since in found:
        if possible(workspace, send) and since and now - since >= after:
            through = registry.provider(workspace.settings.sender.fallback).title
            if take_over(workspace, send) is not None:
                tell(f"issue {send.issue} goes on through {through}, since {send.reason}")
