"""Somebody is told: each finding that asks for it once, by every way of ``[alerts]``, and once more when it is over.

``tell`` is called wherever something may have changed: by a worker and by ``serve`` every few seconds, and at the end
of every command that sends. Of many processes one tells. Nothing here ever breaks what called it.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter import ledger
from newsletter.errors import NashraError
from newsletter.ledger.cursors import cursors_named
from newsletter.workflows import status
from newsletter.workflows.alerts import memory
from newsletter.workflows.status.texts import AWAY, TEXTS

if TYPE_CHECKING:
    from newsletter.wiring import Workspace
    from newsletter.workflows.alerts.ways import AlertOutcome
    from newsletter.workflows.status import Finding

__all__ = ["LOG", "send_test", "tell"]

LOG = logging.getLogger("nashra.alerts")
PAUSE = 600
"""Seconds after which an alert that no way was open for is tried again."""
FOLDER = ".alerts"
"""Beside newsletter.toml: what was told while the database could not remember it."""
Find = Callable[["Workspace"], Sequence["Finding"]]


def tell(workspace: Workspace, *, ended: bool = False, find: Find = status.findings) -> list[AlertOutcome]:
    """Tell whoever ``[alerts]`` names of what is new, and of what is over.

    Args:
        workspace: An open workspace.
        ended: A command comes to its end: a send that is left in the middle now need not wait to be told.
        find: What gives the findings.

    Returns:
        What came of each way; nothing when there was nothing to tell. It never raises.
    """
    said = workspace.settings.alerts
    if not (said.mail or said.command or said.url):
        return []
    try:
        outcomes = _tell(workspace, ended=ended, find=find)
    except Exception as error:
        # Whatever it is, the send that called this is more important. The words can hold an address.
        LOG.error("alerts: %s", error if isinstance(error, NashraError) else type(error).__name__)
        return []
    for one in outcomes:
        if one.words:
            LOG.warning("an alert by %s %s%s", one.way, "went " if one.sent else "did not go: ", one.words)
    return outcomes


def send_test(workspace: Workspace) -> list[AlertOutcome]:
    """Send a test by every way that ``[alerts]`` names.

    Args:
        workspace: An open workspace.

    Raises:
        RenderError: A template or a catalogue is broken.
    """
    from newsletter.workflows.alerts.ways import tell_all
    from newsletter.workflows.alerts.writing import message_of

    return tell_all(workspace, message_of(workspace, (), test=True))


def _told(
    workspace: Workspace,
    new: Sequence[Finding],
    mended: Sequence[tuple[str, str, Mapping[str, str]]] = (),
    *,
    broken: bool = False,
    keep: bool = True,
) -> list[AlertOutcome]:
    # Written late: most looks find nothing to tell, and need no template.
    from newsletter.workflows.alerts.ways import tell_all
    from newsletter.workflows.alerts.writing import message_of

    return tell_all(workspace, message_of(workspace, new, mended), broken=broken, keep=keep)


def _tell(workspace: Workspace, *, ended: bool, find: Find) -> list[AlertOutcome]:
    found = find(workspace)
    away = next((one for one in found if one.kind in AWAY), None)
    if away is not None:
        return _tell_away(workspace, away, ended=ended)
    outcomes = _tell_back(workspace)
    now = int(workspace.now().timestamp())
    with workspace.database.read() as connection:
        before = cursors_named(connection, "alert ")
    if not memory.anything_new(before, found, now, ended=ended):
        return outcomes
    with workspace.database.write() as connection:
        new = memory.due(connection, found, now, ended=ended)
        over = [_ended(workspace, key) for key in memory.over(connection, found, now)]
    mended = [one for one in over if one[1]]
    if not new and not mended:
        return outcomes
    try:
        first = not any(memory.TOLD + one.key in before for one in new)
        broken = any(one.kind == "brake" for one in found)
        outcomes += _told(workspace, new, mended, broken=broken, keep=first)
    finally:
        with workspace.database.write() as connection:
            if any(one.sent for one in outcomes):
                memory.told(connection, new, now)
            else:
                memory.untold(connection, new, now, pause=PAUSE)
    return outcomes


def _ended(workspace: Workspace, key: str) -> tuple[str, str, Mapping[str, str]]:
    """What is told of a finding that is over: its key, a text, which is empty when nothing is, and the parts."""
    kind, _, about = key.partition(" ")
    mended = TEXTS[kind][1] if kind in TEXTS else ""
    parts = {"provider": about}
    if "{issue}" in mended:
        with workspace.database.read() as connection:
            sends = ledger.sends_called(connection, about)
        parts["issue"] = sends[0].issue if sends else "?"
    return key, mended, parts


def _tell_away(workspace: Workspace, finding: Finding, *, ended: bool) -> list[AlertOutcome]:
    """Tell that the database is away, which cannot remember that it was told: files in a folder do, for one machine."""
    folder = workspace.root / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / ".gitignore").write_text("*\n", "utf-8")
    seen, told, tried = (folder / name for name in ("database-seen", "database-told", "database-tried"))
    now = time.time()
    _claimed(seen)
    if (now - _made_at(seen, now) < finding.lasting and not ended) or now - _made_at(tried, 0.0) < PAUSE:
        return []
    if not _claimed(told):
        return []
    outcomes = _told(workspace, [finding])
    if not any(one.sent for one in outcomes):
        tried.write_text("", "utf-8")
        told.unlink(missing_ok=True)
    return outcomes


def _tell_back(workspace: Workspace) -> list[AlertOutcome]:
    """Tell, once, that the database is there again, if it was told that it was not."""
    folder = workspace.root / FOLDER
    if not (folder / "database-seen").exists():
        return []
    (folder / "database-tried").unlink(missing_ok=True)
    mine = True
    try:
        (folder / "database-told").unlink()
    except FileNotFoundError:
        mine = False
    (folder / "database-seen").unlink(missing_ok=True)
    if not mine:
        return []
    return _told(workspace, (), [("database", TEXTS["database"][1], {})])


def _claimed(path: Path) -> bool:
    """Make a file that is not there; of many callers one is told True."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        return True
    return False


def _made_at(path: Path, missing: float) -> float:
    """When a file was made, in Unix seconds; ``missing`` when it is not there."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return missing
