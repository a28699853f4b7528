"""Small pictures of articles, fetched once and kept in the workspace: the page itself asks no other host.

They are kept in ``.desk/thumbs``, under the digest of the picture's address and its size. Asking for one writes such a
file and nothing else; the database is only read.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.desk.models import DeskRoute
from newsletter.errors import IssueError, SourceError
from newsletter.sources.http import LIMITS
from newsletter.sources.links import is_web

if TYPE_CHECKING:
    from starlette.responses import Response

    from newsletter.desk.request import DeskRequest
    from newsletter.wiring import Workspace

FOLDER = Path(".desk") / "thumbs"
_NARROW, _WIDE = 160, 640
"""Pixels of the longer side: two for each that a row shows, and as wide as a letter."""
_AT_ONCE = 4
"""Pictures that are fetched at one time: a slow site holds up nothing else."""
_PATIENCE = 0.5
"""Seconds that a page waits for a picture: a browser has six connections, and edits need one. The page asks again."""
_FORGET = 86_400
"""Seconds after which a picture that could not be had is asked for again."""
_KEPT, _SHORTLY = "private, max-age=31536000, immutable", "private, max-age=3600"
"""How long the browser of whoever is signed in may keep one; what stands between may not."""
_TYPES = {b"\xff\xd8": "image/jpeg", b"\x89P": "image/png"}


class ThumbCache:
    """The small pictures of one workspace.

    Args:
        workspace: The workspace.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._folder = workspace.root / FOLDER
        self._lock = threading.Lock()
        self._under_way: dict[str, threading.Event] = {}

    def address(self, article_id: int, image: str, *, wide: bool = False) -> str:
        """Where the desk serves the picture of an article; empty when there is none, or none could be had of late.

        Args:
            article_id: Id of the article.
            image: Address or path of its picture, as the library has it.
            wide: Whether it is to be as wide as a letter.
        """
        if not _is_picture(image):
            return ""
        name = _name(image, wide=wide)
        if self._is_missing(name):
            return ""
        return f"/thumb/{article_id}?{'wide=1&' if wide else ''}v={name[:12]}"

    def get(self, image: str, *, wide: bool = False) -> bytes | None:
        """The picture, small; None when it cannot be had, or not soon.

        Args:
            image: Address or path of the picture.
            wide: Whether it is to be as wide as a letter.
        """
        if not _is_picture(image):
            return None
        name = _name(image, wide=wide)
        found = self._kept(name)
        if found is not None or self._is_missing(name):
            return found
        with self._lock:
            done = self._under_way.get(name)
            if done is None:
                if len(self._under_way) >= _AT_ONCE:
                    return None
                done = self._under_way[name] = threading.Event()
                making = threading.Thread(target=self._make, args=(name, image, wide, done), daemon=True)
                making.start()
        done.wait(_PATIENCE)
        return self._kept(name)

    def _make(self, name: str, image: str, wide: bool, done: threading.Event) -> None:
        try:
            self._keep(name, _small(self._original(image), _WIDE if wide else _NARROW))
        except (SourceError, IssueError, OSError):
            with contextlib.suppress(OSError):
                self._keep(f"{name}.none", b"")
        finally:
            with self._lock:
                del self._under_way[name]
            done.set()

    def _original(self, image: str) -> bytes:
        if is_web(image):
            return self._workspace.fetcher.get(image, "image").data
        path = Path(image)
        if path.stat().st_size > LIMITS["image"]:
            raise OSError("a picture of that size is none")
        return path.read_bytes()

    def _kept(self, name: str) -> bytes | None:
        try:
            return (self._folder / name).read_bytes()
        except OSError:
            return None

    def _is_missing(self, name: str) -> bool:
        try:
            return time.time() - (self._folder / f"{name}.none").stat().st_mtime < _FORGET
        except OSError:
            return False

    def _keep(self, name: str, data: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        number, made = tempfile.mkstemp(dir=self._folder, prefix=".")
        with os.fdopen(number, "wb") as file:
            file.write(data)
        Path(made).replace(self._folder / name)


def _is_picture(image: str) -> bool:
    """Whether a picture can be had from there; foreign texts may say anything."""
    return is_web(image) or Path(image).is_absolute()


def _name(image: str, *, wide: bool) -> str:
    return hashlib.sha256(f"{_WIDE if wide else _NARROW} {image}".encode("utf-8", "replace")).hexdigest()


def _small(data: bytes, side: int) -> bytes:
    """A picture encoded anew, within a square; decoded by the rules for pictures of letters.

    Raises:
        IssueError: It is broken, none, or too large to be decoded.
    """
    from newsletter.letters.pictures.converting import PictureFault, pixels
    from newsletter.letters.pictures.encoding import encoded

    try:
        return encoded(pixels(data, side, side * 2, ground="#ffffff"), (side, side)).data
    except PictureFault as fault:
        raise fault.told("picture", "") from fault


def thumb(visit: DeskRequest) -> Response:
    """The picture of an article: 160 pixels wide, or 640."""
    from starlette.responses import Response as Answer

    from newsletter import library

    number = visit.path["article"]
    image = ""
    if number.isascii() and number.isdecimal() and len(number) < 16:
        with visit.workspace.database.read() as connection:
            image = library.picture(connection, int(number))
    wide = visit.query.get("wide") == "1"
    data = visit.desk.library.thumbs.get(image, wide=wide)
    if data is None:
        # No picture is no fault: a 404 would stand as one in the console of every browser.
        return Answer(status_code=204, headers={"cache-control": "no-store"})
    is_named = visit.query.get("v") == _name(image, wide=wide)[:12]
    headers = {"cache-control": _KEPT if is_named else _SHORTLY}
    return Answer(data, media_type=_TYPES[data[:2]], headers=headers)


ROUTES = (DeskRoute("GET", "/thumb/{article}", thumb, "look"),)
