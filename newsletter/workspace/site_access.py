"""How to come in at the newsroom's WordPress: ``secrets/wordpress.password``, readable by its owner."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from newsletter.errors import WorkspaceError
from newsletter.publish.wordpress.session import SiteAccess
from newsletter.workspace.layers import SITE_ACCESS
from newsletter.workspace.private_file import PrivateFile
from newsletter.workspace.secret_files import SECRETS

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
    return _file(root).read(_access)


def _file(root: Path) -> PrivateFile:
    return PrivateFile(
        root, SITE_ACCESS, "the password of the site", "connect it again: newsletter wordpress connect https://…"
    )


def _access(values: dict[str, Any]) -> SiteAccess:
    found = [values.get(key) for key in _KEYS]
    if not all(isinstance(one, str) and one for one in found):
        raise ValueError(f"it wants {', '.join(_KEYS)}")
    return SiteAccess(*map(str, found))


def write(root: Path, access: SiteAccess) -> None:
    """Keep how to come in, whole or not at all.

    Args:
        root: The workspace.
        access: What is kept.

    Raises:
        WorkspaceError: It cannot be written.
    """
    lines = [f"{key} = {json.dumps(getattr(access, key), ensure_ascii=False)}" for key in _KEYS]
    _file(root).write("\n".join([_HEAD, *lines, ""]))


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
