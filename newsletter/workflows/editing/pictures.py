"""A picture that somebody uploads: made anew without anything but its pixels, and kept beside the issue."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from newsletter.errors import DiskError, IssueError
from newsletter.issues import FILE, folder_of
from newsletter.issues.compose import PICTURES
from newsletter.letters.pictures.converting import PictureFault, pixels
from newsletter.letters.pictures.encoding import encoded
from newsletter.models import SUFFIXES
from newsletter.workflows.draft.offering import last_picture

if TYPE_CHECKING:
    from newsletter.wiring import Workspace

MOST = 8_000_000
"""Bytes of a file that is taken."""
_EDGE = 2560
"""Pixels of the longer side: four for each of the widest letter's, so that every later letter is sharp."""
_WEIGHT = 1_500_000
"""Bytes of what is kept; the letter has its own, lighter one."""
_QUALITY = 75


@dataclass(frozen=True, slots=True)
class KeptPicture:
    """A picture beside an issue."""

    name: str
    """As the issue names it: ``pictures/3-0f1e2d3c4b.jpg``."""
    width: int
    height: int


def keep(workspace: Workspace, slug: str, data: bytes) -> KeptPicture:
    """Keep an uploaded picture under a name of ours; the same picture twice is kept once.

    Args:
        workspace: The workspace.
        slug: Name of the issue's folder.
        data: The file as it came.

    Raises:
        IssueError: There is no such issue, or it is no picture that can be shown.
        DiskError: It cannot be written.
    """
    folder = folder_of(workspace.root, slug)
    if not (folder / FILE).is_file():
        raise IssueError("is not there any more", where=str(folder / FILE), mend="open another issue")
    if len(data) > MOST:
        raise IssueError("the picture has more than 8 MB", mend="make it smaller")
    try:
        image = pixels(data, _EDGE, _EDGE)
    except PictureFault as fault:
        raise IssueError(f"the picture {fault}", mend=fault.mend) from None
    made = encoded(image, image.size, _WEIGHT, quality=_QUALITY)
    ending = f"{sha256(made.data).hexdigest()[:10]}{SUFFIXES[made.content_type]}"
    try:
        home = folder / PICTURES
        home.mkdir(exist_ok=True)
        there = next(home.glob(f"*-{ending}"), None)
        name = there.name if there is not None else f"{last_picture(folder) + 1}-{ending}"
        if there is None:
            unfinished = home / f".{secrets.token_hex(4)}.part"
            try:
                unfinished.write_bytes(made.data)
                unfinished.replace(home / name)
            finally:
                unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise DiskError(f"cannot be written ({error.strerror})", where=str(folder), mend="check the disk") from None
    return KeptPicture(f"{PICTURES}/{name}", made.width, made.height)
