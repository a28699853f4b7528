"""The share pictures of a workspace's letters: drawn in its colours, with its logo, and kept in its folder."""

from __future__ import annotations

import logging
import threading
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.letters.pictures import is_local
from newsletter.sharing import NoFontError
from newsletter.sharing.kept import FOLDER, ShareFolder, SharePicture
from newsletter.text import numbers
from newsletter.web.archive import PastLetter
from newsletter.web.pages import Pages
from newsletter.web.share import share_card

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.sharing import ShareCard
    from newsletter.wiring import Workspace

LOG = logging.getLogger("nashra.web")
_MOST_BYTES = 4_000_000


class LetterPictures:
    """The share pictures of letters.

    Args:
        workspace: The workspace.
        pages: For words, digits and dates.
    """

    def __init__(self, workspace: Workspace, pages: Pages) -> None:
        self._root = workspace.root
        self._pages = pages
        font = workspace.settings.web.share_font
        self._folder = ShareFolder(workspace.root / FOLDER, workspace.root / font if font else None)
        self._lock = threading.Lock()
        self._told: set[str] = set()

    def picture(self, one: PastLetter, number: str) -> SharePicture | None:
        """The share picture of a letter; None when it cannot be drawn here, which the log says once.

        Args:
            one: The letter.
            number: The issue's number in the publication's digits; may be empty.
        """
        try:
            return self.drawn(one, number)
        except NoFontError as error:
            self._tell(error)
            return None

    def has(self, one: PastLetter, number: str) -> bool:
        """Whether a letter has a share picture, drawn already or not; where it cannot have one the log says so once.

        Args:
            one: The letter.
            number: The issue's number in the publication's digits; may be empty.
        """
        try:
            self._folder.expect(self._card(one, number))
        except NoFontError as error:
            self._tell(error)
            return False
        return True

    def drawn(self, one: PastLetter, number: str) -> SharePicture:
        """The share picture of a letter.

        Args:
            one: The letter.
            number: The issue's number in the publication's digits; may be empty.

        Raises:
            NoFontError: It cannot be drawn on this machine.
        """
        return self._folder.picture(self._card(one, number))

    def make_sure(self, sent: datetime) -> None:
        """Make sure that a picture can be drawn in the words of this newsroom.

        Args:
            sent: A day that stands on it.

        Raises:
            NoFontError: It cannot be drawn on this machine.
        """
        about = self._pages.publication
        number = numbers.number(12, about.language, about.digits)
        self._folder.make_sure(
            share_card(self._pages, subject=about.name, number=number, sent=sent, logo=lambda _name: b"")
        )

    def _card(self, one: PastLetter, number: str) -> ShareCard:
        return share_card(self._pages, subject=one.subject, number=number, sent=one.sent, logo=self._logo)

    def _logo(self, name: str) -> bytes:
        """The bytes of a logo that is a file here; nothing is fetched for a picture."""
        if not name or not is_local(name):
            return b""
        path = self._root / Path(name)
        try:
            state = path.stat()
            return _read(path, state.st_mtime_ns) if state.st_size <= _MOST_BYTES else b""
        except (OSError, ValueError):
            return b""

    def _tell(self, error: NoFontError) -> None:
        with self._lock:
            if str(error) in self._told or len(self._told) > 20:
                return
            self._told.add(str(error))
        LOG.warning("no share picture: %s", error)


def make_sure(workspace: Workspace) -> None:
    """Make sure that the share pictures of a workspace can be drawn on this machine.

    Args:
        workspace: The workspace.

    Raises:
        NoFontError: They cannot.
    """
    pages = Pages(workspace.templates, workspace.publication, workspace.settings.web.url)
    LetterPictures(workspace, pages).make_sure(workspace.now())


@lru_cache(maxsize=2)
def _read(path: Path, _changed: int) -> bytes:
    # Every page of a letter asks whether its picture is there, and the logo is part of what it is known by.
    return path.read_bytes()
