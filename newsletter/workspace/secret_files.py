"""Where secrets are read: the folder ``secrets/``, and behind it what systemd hands a service (``LoadCredential=``).

A service finds its credentials in the folder that ``CREDENTIALS_DIRECTORY`` names (systemd.exec(5)). Those of ours are
called ``nashra_<name of the file in secrets/>``, which is how systemd calls the files of a folder that it was given as
``LoadCredential=nashra:/srv/nashra/secrets``. What stands in ``secrets/`` and can be read wins: it is the newer one,
since credentials are copied when the service starts.
"""

from __future__ import annotations

import os
from pathlib import Path

from newsletter.errors import SettingsError

SECRETS = "secrets"
"""The folder of a workspace's secrets."""
CREDENTIAL_PREFIX = "nashra_"
"""What the names of our credentials begin with."""
_VARIABLE = "CREDENTIALS_DIRECTORY"


def secret_file(root: Path, name: str) -> Path:
    """The file that a secret is read from; the one in ``secrets/`` when there is none at all.

    Args:
        root: The workspace.
        name: Of the file in ``secrets/``.
    """
    own = root / SECRETS / name
    given = _credentials()
    if not given or os.access(own, os.R_OK):
        return own
    if name not in given and os.access(own, os.F_OK):
        return own  # whoever reads it says that it may not be read
    return Path(os.environ[_VARIABLE]) / f"{CREDENTIAL_PREFIX}{name}"


def secret_files(folder: Path) -> dict[str, Path]:
    """Every secret by the name of its file, in the order of the names.

    Args:
        folder: ``secrets/`` of a workspace.

    Raises:
        SettingsError: The folder cannot be read, and nothing was handed over in its place.
    """
    found = _credentials()
    try:
        own = {path.name: path for path in folder.iterdir()}
    except FileNotFoundError:
        own = {}
    except OSError as error:
        if not found:
            raise SettingsError(
                f"cannot be read ({error.strerror})", where=str(folder), mend="make it a folder that you may read"
            ) from None
        own = {}
    # What cannot be read there is told by whoever reads it, where nothing stands in for it.
    found |= {name: path for name, path in own.items() if name not in found or os.access(path, os.R_OK)}
    return dict(sorted(found.items()))


def others_can_read(path: Path) -> bool:
    """Whether others on this machine can read a secret, as far as its mode says so.

    Args:
        path: Of a file that is there.

    Raises:
        OSError: It cannot be looked at.
    """
    if os.name != "posix":
        return False
    if str(path.parent) == os.environ.get(_VARIABLE):
        # systemd lets one user in by an access list, whose mask stands where the mode has the group.
        return bool(path.stat().st_mode & 0o007)
    return bool(path.stat().st_mode & 0o077)


def _credentials() -> dict[str, Path]:
    folder = os.environ.get(_VARIABLE, "")
    try:
        names = os.listdir(folder) if folder else []  # noqa: PTH208  an empty name is no folder
    except OSError:
        return {}
    return {
        name.removeprefix(CREDENTIAL_PREFIX): Path(folder) / name
        for name in names
        if name.startswith(CREDENTIAL_PREFIX)
    }
