"""A new workspace: its folder, its database, and the list that every workspace begins with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.storage.database import upgrade, version
from newsletter.wiring import open_workspace
from newsletter.workspace import folder
from subscribers import store

if TYPE_CHECKING:
    from newsletter.wiring import Workspace


def create(
    directory: Path,
    *,
    name: str,
    url: str,
    sender: str,
    web: str,
    language: str,
    timezone: str,
    look: folder.FirstLook | None = None,
    sources: Sequence[str] = (),
    list_title: str = "",
) -> None:
    """Make a workspace in a folder: settings, secret keys, a database with the list ``readers``.

    Args:
        directory: The folder; made when it is not there.
        name: Name of the newsletter, as readers know it.
        url: Address of the site.
        sender: Who letters come from, as ``Name <address>``.
        web: Base address of the reader pages, https; empty when there are none.
        language: Language of the letter: ``ar``, ``en``, ``fr``, ``fa``, ``he`` …
        timezone: IANA name of the site's zone, for example ``Africa/Algiers``.
        look: What letters look like, as far as anybody said.
        sources: Where articles come from.
        list_title: What readers call the list; empty takes the name.

    Raises:
        WorkspaceError: There is a workspace already, or the folder cannot be written.
        SettingsError: An argument that cannot be a setting; one line for each.
        DatabaseError: The database that the environment names cannot be used.
    """
    folder.make(
        directory,
        name=name,
        url=url,
        sender=sender,
        web=web,
        language=language,
        timezone=timezone,
        look=look,
        sources=sources,
    )
    with open_workspace(directory) as workspace:
        if version(workspace.any_database) is None:
            # Nobody else uses a database that is empty, wherever it is.
            upgrade(workspace.any_database)
        first_list(workspace, list_title)


def first_list(workspace: Workspace, title: str = "") -> None:
    """Add the list ``readers``, unless it is there.

    Args:
        workspace: The workspace; its database has the schema of this version.
        title: What readers call it; empty takes the name of the newsletter.
    """
    with workspace.database.write() as connection:
        if store.list_or_none(connection, folder.FIRST_LIST) is None:
            store.add_list(connection, folder.FIRST_LIST, title or workspace.publication.name, now=workspace.now())
