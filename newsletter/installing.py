"""The command that puts a package beside this program, for what a person is told: it works as it stands."""

from __future__ import annotations

import importlib.util
import shlex
import shutil
import sys

DRIVER = "psycopg[binary]>=3.2.1"
"""What the extras ``postgres`` and ``workers`` of pyproject.toml have for PostgreSQL."""


def installing(requirement: str) -> str:
    """A command line that installs into the environment this program runs in, however that was made.

    The name of this program with an extra would not do: it was installed from a folder or a file, which nobody knows
    any more. An environment of ``uv tool`` has no pip of its own.

    Args:
        requirement: As packages are named, for example ``psycopg[binary]>=3.2.1``.
    """
    python, wanted = shlex.quote(sys.executable), shlex.quote(requirement)
    if importlib.util.find_spec("pip") is not None:
        return f"{python} -m pip install {wanted}"
    if shutil.which("uv") is not None:
        return f"uv pip install --python {python} {wanted}"
    return f"python3 -m pip --python {python} install {wanted}"
