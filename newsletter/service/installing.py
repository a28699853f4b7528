"""Units put where systemd looks for them, and taken away again; what somebody changed by hand is told, not lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from newsletter.errors import WorkspaceError
from newsletter.service.units import is_ours, is_unchanged, workspace_line
from subscribers.wholefile import write_whole

UnitState = Literal["new", "unchanged", "older", "edited", "of another workspace", "not ours", "missing"]
"""How a unit in the folder stands to what it should say; ``older`` is ours, untouched, and says something else."""
HELD: tuple[UnitState, ...] = ("edited", "of another workspace", "not ours")
"""What nobody writes over, or takes away, without a word of a person."""
BESIDE = ".before"
"""What the name of a copy ends with that is kept of a unit written over."""


@dataclass(frozen=True, slots=True)
class UnitFile:
    """A unit as it stands in a folder."""

    path: Path
    state: UnitState
    text: str
    """What it should say."""

    @property
    def name(self) -> str:
        """As systemd calls it."""
        return self.path.name


def looked_at(folder: Path, texts: Mapping[str, str]) -> list[UnitFile]:
    """How the units of a workspace stand in a folder.

    Args:
        folder: That systemd reads.
        texts: What each should say, by its name.

    Raises:
        WorkspaceError: A file there cannot be read.
    """
    return [UnitFile(folder / name, _state(folder / name, text), text) for name, text in texts.items()]


def _state(path: Path, text: str) -> UnitState:
    try:
        there = path.read_text("utf-8", "surrogateescape")
    except FileNotFoundError:
        return "new"
    except OSError as error:
        raise _fault(path, "read", error) from None
    if there == text:
        return "unchanged"
    if not is_ours(there):
        return "not ours"
    if not is_unchanged(there):
        return "edited"
    return "older" if workspace_line(there) == workspace_line(text) else "of another workspace"


def write(units: Sequence[UnitFile], *, over: bool = False) -> list[UnitFile]:
    """Write what is new or older, each whole or not at all; gives what was written.

    Args:
        units: As ``looked_at`` gives them.
        over: Write over what is not to be touched without a word, too; what it said is kept beside it.

    Raises:
        WorkspaceError: One cannot be written.
    """
    written = []
    for unit in units:
        if unit.state == "unchanged" or (unit.state in HELD and not over):
            continue
        try:
            unit.path.parent.mkdir(parents=True, exist_ok=True)
            _put_beside(unit)
            write_whole(unit.path, unit.text.encode("utf-8"), mode=0o644)
        except OSError as error:
            raise _fault(unit.path, "written", error) from None
        written.append(unit)
    return written


def take_away(units: Sequence[UnitFile], *, over: bool = False) -> list[UnitFile]:
    """Delete the units of a workspace; gives what was deleted.

    Args:
        units: As ``looked_at`` gives them.
        over: What somebody changed by hand, too; it is kept beside it.

    Raises:
        WorkspaceError: One cannot be deleted.
    """
    gone = []
    for unit in units:
        if unit.state == "new" or (unit.state in HELD and not over):
            continue
        try:
            if not _put_beside(unit):
                unit.path.unlink()
        except OSError as error:
            raise _fault(unit.path, "deleted", error) from None
        gone.append(unit)
    return gone


def _put_beside(unit: UnitFile) -> bool:
    """Keep what somebody else wrote under another name; whether there was such a thing."""
    if unit.state not in HELD:
        return False
    unit.path.replace(unit.path.with_name(unit.name + BESIDE))
    return True


def switched_on(folder: Path, names: Sequence[str]) -> list[str]:
    """Which units systemd starts by itself, by the links that ``systemctl enable`` makes.

    Args:
        folder: That systemd reads.
        names: Of units.
    """
    return [name for name in names if any(folder.glob(f"*.wants/{name}"))]


def _fault(path: Path, done: str, error: OSError) -> WorkspaceError:
    return WorkspaceError(
        f"cannot be {done} ({error.strerror})", where=str(path), mend="run it as somebody who may, or name --to DIR"
    )
