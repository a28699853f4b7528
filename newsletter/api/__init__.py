"""The library without the command line: what other programs call, in a few lines; docs/en/python.md shows how.

Everything here does what the command of the same name does, through the same workflows, and gives values instead of
printing. What goes wrong is raised as a Complaint, whose text says what, where, and how to mend it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from newsletter import wiring
from newsletter.api.newsroom import Newsroom
from newsletter.api.sending import SendReport
from newsletter.api.subscribers import Subscribers

__all__ = ["Newsroom", "SendReport", "Subscribers", "make_workspace", "open_workspace"]


def make_workspace(
    directory: str | Path,
    *,
    name: str,
    url: str,
    sender: str,
    web: str = "",
    language: str = "ar",
    timezone: str = "UTC",
) -> Path:
    """Make a workspace, as ``newsletter init`` does: settings, secret keys, a database with the list ``readers``.

    Args:
        directory: The folder; made when it is not there.
        name: Name of the newsletter, as readers know it.
        url: Address of the site.
        sender: Who letters come from, as ``Name <address>``.
        web: Base address of the reader pages, https; empty when there are none.
        language: Language of the letter: ``ar``, ``en``, ``fr``, ``fa``, ``he`` …
        timezone: IANA name of the site's zone, for example ``Africa/Algiers``.

    Returns:
        The folder.

    Raises:
        WorkspaceError: There is a workspace already, or the folder cannot be written.
        SettingsError: An argument that cannot be a setting; one line for each.
        DatabaseError: The database that the environment names cannot be used.

    Example::

        make_workspace("w", name="الموجة", url="https://example.org", sender="الموجة <news@example.org>")
    """
    from newsletter.workflows.create import create

    root = Path(directory)
    create(root, name=name, url=url, sender=sender, web=web, language=language, timezone=timezone)
    return root


@contextmanager
def open_workspace(directory: str | Path = ".", *, environment: Mapping[str, str] = os.environ) -> Iterator[Newsroom]:
    """Open the workspace at a folder or above it; everything it opened is closed at the end of the block.

    Args:
        directory: The workspace's folder, or one inside it.
        environment: Variables that may hold settings, as ``NASHRA_WEB__URL``; an empty mapping leaves those of the
            process out.

    Returns:
        A context manager that gives the Newsroom.

    Raises:
        WorkspaceError: There is no workspace here, nor above.
        SettingsError: Its settings are wrong; one line for each.

    Example::

        with open_workspace("w") as newsroom:
            print(newsroom.send(dry_run=True).audience)
    """
    with wiring.open_workspace(Path(directory), environment) as workspace:
        yield Newsroom(workspace)
