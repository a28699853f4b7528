"""A file of ``secrets/`` that only its owner reads: refused when others can, and written whole or not at all."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from newsletter.errors import WorkspaceError
from newsletter.workspace.secret_files import SECRETS, others_can_read, secret_file
from subscribers.wholefile import write_whole

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class PrivateFile:
    """One such file, of TOML.

    Args:
        root: The workspace.
        name: Of the file in its folder of secrets.
        what: What it holds, as complaints name it: ``the plugin's secret``.
        mend: What to do when it is damaged.
    """

    root: Path
    name: str
    what: str
    mend: str

    @property
    def path(self) -> Path:
        """Where it is written; what systemd handed over is read from elsewhere."""
        return self.root / SECRETS / self.name

    def read(self, understood: Callable[[dict[str, Any]], Value]) -> Value | None:
        """What the file says; None when there is none.

        Args:
            understood: Makes the value of the file's tables, or raises `ValueError` with what is wrong with them.

        Raises:
            WorkspaceError: The file is readable by others, or damaged.
        """
        path = secret_file(self.root, self.name)
        try:
            if others_can_read(path):
                raise WorkspaceError(f"others can read {self.what}", where=str(path), mend=f"chmod 600 {path}")
            return understood(tomllib.loads(path.read_text("utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise WorkspaceError(f"{self.what} cannot be read ({reason})", where=str(path), mend=self.mend) from None

    def write(self, text: str) -> None:
        """Put the whole of it there and wait for the disk; the folder is made, closed to others, when it is missing.

        Raises:
            WorkspaceError: It cannot be written; what was there is as it was.
        """
        try:
            self.path.parent.mkdir(mode=0o700, exist_ok=True)
            write_whole(self.path, text.encode("utf-8"), mode=0o600)
        except OSError as error:
            raise unwritable(self.path, error) from None


def unwritable(path: Path, error: OSError) -> WorkspaceError:
    """The complaint about a file that the system does not let us write."""
    return WorkspaceError(
        f"cannot be written ({error.strerror})", where=str(path), mend="make it a file that you may write"
    )
