"""What a letter was made of, as a digest: so that a file that was edited after the freeze is told.

What counts are the bytes of ``issue.md`` and, for each picture beside it whose name stands in it, that name and the
picture's bytes. Settings and templates do not count: they change what every letter looks like, and a frozen one keeps
its look on purpose.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from newsletter import issues
from newsletter.errors import IssueError

if TYPE_CHECKING:
    from newsletter.ledger import Send
    from newsletter.wiring import Workspace

FileChange = Literal["edited", "gone"]
"""Edited since the freeze; or no issue of this number is in the folder any more."""
_PICTURES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".bmp", ".tif", ".tiff", ".svg"})


def source_of(path: Path, raw: bytes | None = None) -> str:
    """The digest of what makes the letter of an issue, in hexadecimal; empty when there is no file to read.

    Args:
        path: Of the issue.md.
        raw: Its bytes, if they were read already.
    """
    try:
        raw = path.read_bytes() if raw is None else raw
    except OSError:
        return ""
    digest = hashlib.sha256(raw)
    text = raw.decode("utf-8", "replace")
    for picture in sorted(path.parent.rglob("*")):
        if picture.suffix.lower() in _PICTURES and picture.name in text and picture.is_file():
            name = picture.relative_to(path.parent).as_posix()
            digest.update(f"\0{name}\0".encode())
            digest.update(hashlib.sha256(picture.read_bytes()).digest())
    return digest.hexdigest()


def changed_since(workspace: Workspace, send: Send) -> FileChange | None:
    """What became of the file of a send's issue since its letter was made of it; None when it is the same.

    Args:
        workspace: The workspace.
        send: Any send; of a letter of the latest posts, and of an older version, nothing is known.
    """
    if not send.source or send.undone:
        return None
    for path in sorted((workspace.root / issues.FOLDER).glob(f"*/{issues.FILE}")):
        try:
            if str(issues.read(path).number) == send.issue:
                return "edited" if source_of(path) != send.source else None
        except IssueError:
            if path.parent.name.split("-")[0].lstrip("0") == send.issue:
                return "edited"
    return "gone"
