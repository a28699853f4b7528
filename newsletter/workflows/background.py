"""What goes on in a thread of its own beside the pages or a worker, look after look, until it is told to end."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod


class BackgroundThread(ABC):
    """A thread that begins and ends with the process that serves.

    Args:
        name: Of the thread, for whoever looks at the process.
        pause: Seconds between two looks.
    """

    def __init__(self, name: str, pause: float) -> None:
        self._pause = pause
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, patience: float = 10.0) -> None:
        """Come to an end; what is under way goes first.

        Args:
            patience: Seconds to wait for it.
        """
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(patience)

    @abstractmethod
    def _work(self) -> None:
        """Look again and again, until ``_over`` is set."""
