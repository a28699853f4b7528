"""Letters delivered beside something else that this process does: a thread starts what is due and delivers what runs.

It is what a worker does of a worker's duties, and with the same leases: beside a worker, another desk or a command at a
terminal nobody gets a letter twice, and what a killed process left behind goes on with the next one.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from newsletter.workflows import watch
from newsletter.workflows.worker import Worker

if TYPE_CHECKING:
    from newsletter.wiring import Workspace

LOG = logging.getLogger("nashra.desk")
LOOK_EVERY = 1.0
"""Seconds between two looks at what there is to deliver."""
ENDS = 30.0
"""Seconds that letters under way get to come to their end."""


class DeliveryThread:
    """Delivers the sends of a workspace in a thread of its own, as long as no worker is there to do it.

    Args:
        workspace: Open as long as it works.
        look_every: Seconds between two looks.
    """

    def __init__(self, workspace: Workspace, *, look_every: float = LOOK_EVERY) -> None:
        self._workspace = workspace
        self._look_every = look_every
        self._worker = Worker(workspace, tell=LOG.info, look_every=look_every)
        self._awake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)

    def start(self) -> None:
        """Begin to work; what an earlier process left in the middle goes on."""
        self._thread.start()

    def wake(self) -> None:
        """Look now: something was begun, paused or let go on."""
        self._awake.set()

    def stop(self) -> None:
        """Begin nothing more, and wait until what is under way has come to its end; the rest waits for the next one."""
        self._worker.over.set()
        self._awake.set()
        if self._thread.is_alive():
            self._thread.join(ENDS)

    def _run(self) -> None:
        self._worker.prepare()
        while not self._worker.over.is_set():
            self._worker.deliver_open(unless=lambda: watch.alive(self._workspace))
            self._awake.wait(self._look_every)
            self._awake.clear()
