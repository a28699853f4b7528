"""What the desk keeps of its library while it is open: the index, pictures under way, and a round of collecting."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from newsletter.desk.articles.first import FirstRun
from newsletter.desk.articles.thumbs import ThumbCache
from newsletter.errors import NashraError
from newsletter.workflows.searching import LibraryIndex

if TYPE_CHECKING:
    from newsletter.wiring import Workspace


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
