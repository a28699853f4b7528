"""Watching a send that workers deliver: what the ledger says of it, until it is finished or nobody goes on with it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from newsletter import ledger
from newsletter.ledger.cursors import ALIVE, SIGN_OF_LIFE
from newsletter.ledger.models import STATES
from newsletter.storage.retry import Retrying

if TYPE_CHECKING:
    from newsletter.ledger import Send, SendCounts
    from newsletter.wiring import Workspace

_OPEN = ("queued", "submitting")
IDLE = 20.0
"""Seconds in which no worker takes anything, after which whoever watches delivers."""


def workers(workspace: Workspace) -> bool:
    """Whether workers share this database, and one of them gave a sign of life lately."""
    return not workspace.database.is_sqlite and alive(workspace)


def alive(workspace: Workspace) -> bool:
    """Whether a worker gave a sign of life lately."""
    with workspace.database.read() as connection:
        last = ledger.cursor(connection, ALIVE)
    return workspace.now().timestamp() - last < 3 * SIGN_OF_LIFE


def watch(
    workspace: Workspace,
    send: Send,
    progress: Callable[[str, int], None],
    *,
    idle: float = IDLE,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Tell how a send goes on until it no longer runs; False when nobody takes anything of it for too long.

    Args:
        workspace: The workspace.
        send: A running send.
        progress: Told of a state and how many deliveries have reached it since it was told last.
        idle: Seconds without anybody at work.
        sleep: How to wait.
    """
    retrying = Retrying(workspace.database, patience=workspace.settings.sender.patience, sleep=sleep)
    before: SendCounts | None = None
    waited = 0.0
    while True:
        start = time.monotonic()
        account = retrying.read(lambda connection: ledger.account(connection, send.id))
        state, free, held = retrying.read(
            lambda connection: (
                ledger.state_of(connection, send.id),
                ledger.free(connection, send.id),
                ledger.waiting(connection, send.id),
            )
        )
        if before is not None:
            for name in (one for one in STATES if one not in _OPEN):
                if more := getattr(account, name) - getattr(before, name):
                    progress(name, more)
        moved = before is None or account != before
        # Somebody holds a batch: it is theirs until its lease runs out, and then it is free.
        waited = 0.0 if moved or (held and not free) else waited
        before = account
        if state != "running":
            return True
        if waited > idle:
            return False
        # Counting costs a look at every delivery: never more than a tenth of the time.
        pause = max(1.0, 10 * (time.monotonic() - start))
        sleep(pause)
        waited += pause
