"""Erasing a person from a workspace: the database and its file, the letters in the outbox, and what an import left."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from subscribers import actions
from subscribers.addresses import normalise

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from newsletter.wiring import Workspace

REJECTS = "rejected"
"""Folder of a workspace with the rows that imports could not use."""
UPLOADS = ".desk/imports"
"""Folder of a workspace with the files that wait at the desk until they are imported."""
_HEAD = 65_536
"""Bytes of a letter that certainly hold its headers."""


@dataclass(frozen=True, slots=True)
class EraseOutcome:
    """What was done, and what only the operator can do."""

    letters: int
    """Letters taken out of the outbox."""
    scrubbed: bool
    """Whether the database file holds no byte of the address; False while another program keeps the file open."""
    left_over: tuple[Path, ...]
    """Copies of the database that were made before, and still hold the address."""


def erase(
    workspace: Workspace, address: str, *, scrub: bool = True, also: Callable[[Connection], None] | None = None
) -> EraseOutcome:
    """Erase a person: what stays is a keyed fingerprint that keeps the address from being mailed again.

    Args:
        workspace: The workspace.
        address: As it was typed.
        scrub: Rewrite the database file too, so that no freed page holds the address; a page that a reader waits for
            does not, since it takes long and keeps everybody else waiting.
        also: Done in the same transaction.

    Raises:
        AddressError: Not an address.
        UnknownSubscriber: Nobody has it.
    """
    wanted = normalise(address).address
    with workspace.database.write() as connection:
        actions.erase(connection, address, now=workspace.now(), keys=workspace.keys.suppression)
        if also is not None:
            also(connection)
    letters = sum(_take_out(path, wanted) for path in _letters(workspace.settings.outbox))
    for path in (workspace.root / REJECTS).glob("*"):
        _take_lines_out(path, wanted)
    for path in (workspace.root / UPLOADS).glob("*/*"):
        # Whoever brought it in brings it in again.
        if wanted.lower().encode() in path.read_bytes().lower():
            path.unlink()
    backups = tuple(sorted((workspace.root / "backups").glob("*.db")))
    return EraseOutcome(letters, scrub and actions.scrub(workspace.database.engine), backups)


def _letters(outbox: Path) -> list[Path]:
    return [
        path for folder in ("new", "cur", "tmp") if (outbox / folder).is_dir() for path in (outbox / folder).iterdir()
    ]


def _take_out(path: Path, address: str) -> bool:
    """Delete a letter that goes to this address."""
    with path.open("rb") as file:
        head = file.read(_HEAD).partition(b"\r\n\r\n")[0]
    if f"\r\nto: {address}\r\n".lower().encode() not in head.lower() + b"\r\n":
        return False
    path.unlink()
    return True


def _take_lines_out(path: Path, address: str) -> None:
    lines = path.read_text("utf-8").splitlines(keepends=True)
    kept = [line for line in lines if address.lower() not in line.lower()]
    if len(kept) == len(lines):
        return
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text("".join(kept), "utf-8")
    unfinished.replace(path)
