"""Share pictures that are drawn once and kept as files, for all processes of one workspace."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from newsletter.sharing.drawing import check, draw
from newsletter.sharing.fonts import FontShelf, NoFontError
from newsletter.sharing.models import ShareCard

_Made = TypeVar("_Made")
FOLDER = ".share"
_RECIPE = 2
"""Raised whenever the same card would be drawn otherwise."""
_MOST = 2000
"""Files that are kept; the oldest go, and are drawn again when somebody asks."""
_PATIENCE = 600
"""Seconds after which a missing font is looked for again."""


@dataclass(frozen=True, slots=True)
class SharePicture:
    """A share picture as it is answered with."""

    data: bytes
    tag: str
    """Differs when the picture does."""


class ShareFolder:
    """The share pictures of one workspace.

    One is drawn at a time in a process, and what two processes draw at once is the same file.

    Args:
        folder: Where they are kept; made when the first is. Where nothing can be written, each is drawn when asked for.
        own: A font file of the newsroom's, or None.
    """

    def __init__(self, folder: Path, own: Path | None = None) -> None:
        self._folder = folder
        self._own = own
        self._lock = threading.Lock()
        self._missing: tuple[float, NoFontError] | None = None

    def picture(self, card: ShareCard) -> SharePicture:
        """The picture of a card.

        Args:
            card: What stands on it.

        Raises:
            NoFontError: It cannot be drawn on this machine.
        """
        name = self._name(card)
        found = self._kept(name)
        if found is None:
            with self._lock:
                found = self._kept(name) or self._drawn(card)
                self._keep(name, found)
        return SharePicture(found, name[:32])

    def expect(self, card: ShareCard) -> None:
        """Make sure that a picture of a card is there or can be drawn, without drawing it.

        Args:
            card: What stands on it.

        Raises:
            NoFontError: It cannot be drawn on this machine.
        """
        if not (self._folder / f"{self._name(card)}.png").is_file():
            self._remembered(lambda: check(card, self._shelf(card)))

    def make_sure(self, card: ShareCard) -> None:
        """Make sure that a card can be drawn by what is on the machine now, whatever is kept and remembered.

        Args:
            card: What stands on it.

        Raises:
            NoFontError: It cannot be drawn on this machine.
        """
        check(card, self._shelf(card))

    def _shelf(self, card: ShareCard) -> FontShelf:
        return FontShelf(card.language, card.families, own=self._own)

    def _drawn(self, card: ShareCard) -> bytes:
        return self._remembered(lambda: draw(card, self._shelf(card)))

    def _remembered(self, act: Callable[[], _Made]) -> _Made:
        """Do something that needs fonts; what every picture lacks is not looked for again at once."""
        if self._missing is not None and time.monotonic() - self._missing[0] < _PATIENCE:
            raise self._missing[1].with_traceback(None)
        try:
            return act()
        except NoFontError as error:
            # Only what every headline lacks: one in Greek says nothing of the next.
            if error.lasting:
                self._missing = (time.monotonic(), error)
            raise

    def _name(self, card: ShareCard) -> str:
        font = ""
        if self._own is not None:
            with contextlib.suppress(OSError):
                state = self._own.stat()
                font = f"{self._own}:{state.st_mtime_ns}:{state.st_size}"
        short = replace(card, logo=hashlib.sha256(card.logo).digest())
        return hashlib.sha256(repr((_RECIPE, short, font)).encode("utf-8")).hexdigest()

    def _kept(self, name: str) -> bytes | None:
        try:
            return (self._folder / f"{name}.png").read_bytes()
        except OSError:
            return None

    def _keep(self, name: str, data: bytes) -> None:
        # A full disk, or a workspace that may only be read, costs time and no picture.
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            number, made = tempfile.mkstemp(dir=self._folder, prefix=".")
            try:
                with os.fdopen(number, "wb") as file:
                    file.write(data)
                Path(made).replace(self._folder / f"{name}.png")
            except OSError:
                Path(made).unlink(missing_ok=True)
                raise
            self._forget()

    def _forget(self) -> None:
        ones = [(path.stat().st_mtime, path) for path in self._folder.iterdir()]
        for _, path in sorted(ones)[:-_MOST]:
            path.unlink(missing_ok=True)
