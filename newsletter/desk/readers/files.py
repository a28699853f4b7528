"""Files of addresses that wait at the desk until they are imported: for their owner alone, and an hour at most."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from newsletter.errors import NashraError
from newsletter.workflows.erase import UPLOADS

LASTS = timedelta(hours=1)
LARGEST = 64_000_000
"""Bytes of a file; a million readers take less."""
_ID = re.compile(r"[0-9a-f]{32}")
_STATE = "state.json"


@dataclass(frozen=True, slots=True)
class WaitingFile:
    """A file on its way in. What is written of it beside it holds no address."""

    id: str
    path: Path
    list: str
    """Name of the list that it is for."""
    at: datetime
    roles: Mapping[str, str] = field(default_factory=dict)
    """Number of a column to what the editor says that it is."""
    words: str = ""
    """How these people agreed."""
    ask: bool = False


class WaitingFiles:
    """The files that wait in a workspace.

    Args:
        root: Folder of the workspace.
    """

    def __init__(self, root: Path) -> None:
        self._folder = root / UPLOADS

    def keep(self, name: str, content: bytes, list_name: str, *, now: datetime) -> WaitingFile:
        """Keep a file; those that are too old go.

        Args:
            name: As the browser called it.
            content: Its bytes.
            list_name: Of the list that it is for.
            now: The present moment, timezone-aware.
        """
        self.sweep(now)
        folder = self._folder / secrets.token_hex(16)
        folder.mkdir(mode=0o700, parents=True)
        self._folder.chmod(0o700)
        path = folder / _file_name(name)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        kept = WaitingFile(folder.name, path, list_name, now)
        self.update(kept)
        timer = threading.Timer(LASTS.total_seconds(), self.forget, (kept.id,))
        timer.daemon = True
        timer.start()
        return kept

    def update(self, one: WaitingFile) -> None:
        """Write down what the editor says of a file."""
        said: dict[str, Any] = {**asdict(one), "path": one.path.name, "at": int(one.at.timestamp())}
        unfinished = one.path.parent / f"{_STATE}.part"
        with os.fdopen(
            os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
        ) as file:
            json.dump(said, file, ensure_ascii=False)
        unfinished.replace(one.path.parent / _STATE)

    def find(self, id_: str, *, now: datetime) -> WaitingFile:
        """A file that waits.

        Args:
            id_: What `keep` gave, as it stands in an address.
            now: The present moment, timezone-aware.

        Raises:
            NashraError: It waits no longer.
        """
        folder = self._folder / id_
        try:
            said = json.loads((folder / _STATE).read_text("utf-8")) if _ID.fullmatch(id_) else None
        except (OSError, ValueError):
            said = None
        if said is not None:
            path, at = folder / said.pop("path"), datetime.fromtimestamp(said.pop("at"), UTC)
            if path.is_file() and now - at < LASTS:
                return WaitingFile(path=path, at=at, **said)
        raise NashraError("this file waits no longer: files are kept for an hour", mend="choose it again")

    def forget(self, id_: str) -> None:
        """Delete a file, and what was written of it."""
        if _ID.fullmatch(id_):
            shutil.rmtree(self._folder / id_, ignore_errors=True)

    def sweep(self, now: datetime | None = None) -> None:
        """Delete the files that are too old; without a moment all of them."""
        for folder in self._folder.glob("*"):
            try:
                if now is not None:
                    self.find(folder.name, now=now)
                    continue
            except NashraError:
                pass
            shutil.rmtree(folder, ignore_errors=True)


def _file_name(name: str) -> str:
    """A stranger's name made one of ours: it goes into the record of consent, and tells whose export it is."""
    last = re.split(r"[/\\]", name)[-1]
    kept = re.sub(r"[^\w .()+-]+", "-", last, flags=re.UNICODE).strip(" .-")
    stem, _, ending = kept.rpartition(".")
    ours = f"{(stem or ending)[:60]}.{ending[:8] if stem else 'csv'}" if kept else "readers.csv"
    # What is written beside the file would stand in its place; some disks do not tell large letters from small ones.
    return f"file-{ours}" if ours.casefold().startswith(_STATE) else ours
