"""What the desk keeps of its library while it is open: the index, pictures under way, and a round of collecting."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from newsletter.desk.articles.thumbs import ThumbCache
from newsletter.errors import NashraError
from newsletter.workflows.searching import LibraryIndex

if TYPE_CHECKING:
    from newsletter.wiring import Workspace
    from newsletter.workflows.first import FirstStep


class FirstRun:
    """What became of the first run so far; one at a time."""

    def __init__(self) -> None:
        self._changed = threading.Lock()
        self.steps: list[FirstStep] = []
        self.is_running = False
        self.typed = ""
        self.trouble: NashraError | None = None
        self.slug = ""
        """Name of the issue's folder once there is one."""
        self.number = 0
        """Grows with each change."""

    def start(self, typed: str, work: Callable[[FirstRun], str]) -> bool:
        """Begin in a thread of its own; gives whether nothing was running.

        Args:
            typed: What somebody typed into the field.
            work: Does it, and gives the name of the issue's folder.
        """
        with self._changed:
            if self.is_running:
                return False
            self.steps, self.trouble, self.slug, self.typed, self.is_running = [], None, "", typed, True
            self._tell()
        threading.Thread(target=self._run, args=(work,), name="first run", daemon=True).start()
        return True

    def step(self, one: FirstStep) -> None:
        """Note that a step is over."""
        with self._changed:
            self.steps = [*self.steps, one]
            self._tell()

    def _run(self, work: Callable[[FirstRun], str]) -> None:
        trouble: NashraError | None = None
        slug = ""
        try:
            slug = work(self)
        except NashraError as error:
            trouble = error
        except Exception:
            trouble = NashraError("a fault in the program")
            raise
        finally:
            with self._changed:
                self.trouble, self.slug, self.is_running = trouble, slug, False
                self._tell()

    def _tell(self) -> None:
        self.number += 1


class DeskLibrary:
    """The library of one desk.

    Args:
        workspace: The workspace, open.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.index = LibraryIndex(workspace)
        self.thumbs = ThumbCache(workspace)
        self.first = FirstRun()
        self.collecting = threading.Lock()
        """Held while sources are read: one round at a time."""

    def warm(self) -> None:
        """Read the library in a thread of its own, so that the first search does not wait for it."""
        threading.Thread(target=self._read, name="library", daemon=True).start()

    def _read(self) -> None:
        try:
            self.index.renew()
        except NashraError:
            return  # whoever opens the page is told
