"""How to come in at the newsroom's WordPress: ``secrets/wordpress.password``, readable by its owner."""

from __future__ import annotations

import contextlib
import json
import os
import tomllib
from pathlib import Path

from newsletter.errors import WorkspaceError
from newsletter.publish.wordpress.session import SiteAccess
from newsletter.workspace.layers import SITE_ACCESS
from newsletter.workspace.secret_files import SECRETS, others_can_read, secret_file

_HEAD = """\
# An application password of the newsroom's WordPress, written by: newsletter wordpress connect. Keep it secret. Who has
# it may write posts in that user's name; it is taken back at wp-admin/profile.php there.
"""
_KEYS = ("site", "rest", "user", "password")


def path_of(root: Path) -> Path:
    """Where it stands in a workspace."""
    return root / SECRETS / SITE_ACCESS


def read(root: Path) -> SiteAccess | None:
    """How to come in; None when no site is connected.

    Args:
        root: The workspace.

    Raises:
        WorkspaceError: The file is readable by others, or damaged.
    """
    path = secret_file(root, SITE_ACCESS)
    try:
        if others_can_read(path):
            raise WorkspaceError("others can read the password of the site", where=str(path), mend=f"chmod 600 {path}")
        values = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        reason = str(error.strerror) if isinstance(error, OSError) else "it is no TOML"
        raise _damaged(path, reason) from None
    found = [values.get(key) for key in _KEYS]
    if not all(isinstance(one, str) and one for one in found):
        raise _damaged(path, f"it wants {', '.join(_KEYS)}")
    return SiteAccess(*map(str, found))


def _damaged(path: Path, reason: str) -> WorkspaceError:
    return WorkspaceError(
        f"the password of the site cannot be read ({reason})",
        where=str(path),
        mend="connect it again: newsletter wordpress connect https://…",
    )


def write(root: Path, access: SiteAccess) -> None:
    """Keep how to come in, whole or not at all.

    Args:
        root: The workspace.
        access: What is kept.

    Raises:
        WorkspaceError: It cannot be written.
    """
    path = path_of(root)
    lines = [f"{key} = {json.dumps(getattr(access, key), ensure_ascii=False)}" for key in _KEYS]
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            unfinished.unlink()
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("\n".join([_HEAD, *lines, ""]))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise WorkspaceError(
            f"cannot be written ({error.strerror})", where=str(path), mend="make it a file that you may write"
        ) from None


def forget(root: Path) -> bool:
    """Take it out; whether there was one.

    Args:
        root: The workspace.

    Raises:
        WorkspaceError: It cannot be taken out.
    """
    path = path_of(root)
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise WorkspaceError(
            f"cannot be taken out ({error.strerror})", where=str(path), mend="delete it by hand"
        ) from None
    return True
