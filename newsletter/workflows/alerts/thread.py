"""A thread that looks every few seconds whether somebody is to be told, beside a worker or the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.workflows import alerts
from newsletter.workflows.background import BackgroundThread

if TYPE_CHECKING:
    from newsletter.wiring import Workspace

LOOK_EVERY = 15.0
"""Seconds between two looks; one takes less than 0.5 s at 1,000,000 deliveries (measured on SQLite)."""


class AlertThread(BackgroundThread):
    """Tells what is to be told in a thread of its own, so that a slow way delays nothing.

    Args:
        workspace: The workspace, open as long as the thread runs.
        pause: Seconds between two looks.
    """

    def __init__(self, workspace: Workspace, pause: float = LOOK_EVERY) -> None:
        super().__init__("alerts", pause)
        self._workspace = workspace

    def start(self) -> None:
        """Begin, if the settings name anybody."""
        said = self._workspace.settings.alerts
        if said.mail or said.command or said.url:
            super().start()

    def _work(self) -> None:
        while not self._over.wait(self._pause):
            alerts.tell(self._workspace)
