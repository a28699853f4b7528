"""A helper of a send: the program that a process which runs a large send starts beside itself.

    python -P -m newsletter.workflows.helping WORKSPACE SEND

Not for people; see ``newsletter.delivery.processes``.
"""

from __future__ import annotations

import contextlib
import sys
from dataclasses import replace
from pathlib import Path

from newsletter.delivery.processes import HelperProcess, help_parent
from newsletter.wiring import open_workspace


def help_send(parent: HelperProcess, root: Path, send_id: int) -> None:
    """Deliver of a send what the other processes leave, until that is all or the parent says that it is over.

    Args:
        parent: Who has started this.
        root: The folder of the workspace.
        send_id: Id of the send.

    Raises:
        NashraError: As ``delivery.run``, but for what the parent finds too, and tells by itself.
    """
    from newsletter import delivery, ledger

    with open_workspace(root) as workspace:
        with workspace.database.read() as connection:
            send = ledger.send(connection, send_id)
        if send is None or not parent.may_begin():
            return
        # What is remembered outside the database is the parent's business.
        setup = replace(workspace.setup_of(send), memory=None, sleep=parent.sleep)
        with contextlib.suppress(delivery.SendPausedError, delivery.LettersWaitingError):
            delivery.run(setup, send, parent.told, parent.over, at_once=False)


def main() -> None:
    """Read the arguments and help."""
    root, send_id = Path(sys.argv[1]), int(sys.argv[2])
    sys.exit(help_parent(lambda parent: help_send(parent, root, send_id)))


if __name__ == "__main__":
    main()
