"""Local pictures as their files say: found in their folder, looked at and not decoded, refused in words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from newsletter.errors import IssueError
from newsletter.letters.pictures.converting import PictureFault, PictureHeader, look
from newsletter.models import SUFFIXES, Picture

MOST_BYTES = 40_000_000
"""Of one file; a photo of 48 megapixels has about 15 MB, and it is read as a whole."""


@dataclass(frozen=True, slots=True)
class LocalPicture:
    """A picture on the disk, before it is made for the letter."""

    picture: Picture
    """As it is shown, without data; width and height are those of the file."""
    path: Path
    called: str
    """As the issue or the settings call it."""
    where: str
    """``path:line`` that names it, or the key of the settings."""
    moves: bool = False
    """Whether it is an animation."""
    ground: str = ""
    """Colour that takes the place of what is transparent, as ``#rrggbb``; empty leaves it transparent."""

    def data(self) -> bytes:
        """The bytes of the file.

        Raises:
            IssueError: It cannot be read.
        """
        return _read(self.path, self.called, self.where)


def find(folder: Path, called: str, number: int, domain: str, where: str, home: str) -> LocalPicture:
    """Find one picture and look at its first bytes.

    Args:
        folder: Where relative names start, and what no name leads out of.
        called: Its name, relative to the folder.
        number: Of its Content-ID, 1-based.
        domain: Right side of the Content-ID.
        where: What names it, for messages.
        home: What messages call the folder, for example ``the issue's folder``.

    Raises:
        IssueError: It is missing, outside the folder, too large, broken or of a kind that cannot be converted.
    """
    try:
        path = (folder / called).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise IssueError(f"the picture {called} is outside {home}", where=where, mend="copy it there")
        if path.exists() and not path.is_file():
            raise IssueError(f"the picture {called} is no file", where=where, mend="name a JPEG or PNG file")
    except (OSError, RuntimeError, ValueError) as error:
        # RuntimeError: a link that leads to itself; ValueError: a name with NUL.
        raise _unread(error, called, where, home) from None
    try:
        seen = _looked(path, *_state(path, called, where, home))
    except PictureFault as fault:
        raise fault.told(called, where) from None
    except (OSError, RuntimeError, ValueError) as error:
        raise _unread(error, called, where, home) from None
    name = path.stem + SUFFIXES.get(seen.content_type, path.suffix)
    picture = Picture(f"picture-{number}@{domain}", seen.content_type, b"", name, seen.width, seen.height)
    return LocalPicture(picture, path, called, where, seen.moves)


@lru_cache(maxsize=512)
def _looked(path: Path, _changed: int, _size: int) -> PictureHeader:
    # A letter is checked, laid out and made of the same files, each of which may have megabytes.
    return look(path.read_bytes())


def _state(path: Path, called: str, where: str, home: str) -> tuple[int, int]:
    """When a file was changed, in nanoseconds, and its bytes."""
    try:
        state = path.stat()
        if state.st_size > MOST_BYTES:
            raise IssueError(
                f"the picture {called} has {state.st_size / 1e6:.0f} MB, "
                f"and {MOST_BYTES / 1e6:.0f} MB are read at most",
                where=where,
                mend="save it as JPEG, 2000 pixels across",
            )
        return state.st_mtime_ns, state.st_size
    except (OSError, RuntimeError, ValueError) as error:
        raise _unread(error, called, where, home) from None


def _read(path: Path, called: str, where: str, home: str = "the issue's folder") -> bytes:
    _state(path, called, where, home)
    try:
        return path.read_bytes()
    except (OSError, RuntimeError, ValueError) as error:
        raise _unread(error, called, where, home) from None


def _unread(error: Exception, called: str, where: str, home: str) -> IssueError:
    reason = error.strerror if isinstance(error, OSError) else error
    return IssueError(
        f"the picture {called!r} cannot be read ({reason})", where=where, mend=f"put the file into {home}"
    )
