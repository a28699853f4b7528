"""The plugin for WordPress made from a workspace: ``newsletter wordpress plugin FILE.zip``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from newsletter.errors import SettingsError, WorkspaceError
from newsletter.plugin.filling import PluginValues, plugin_files
from newsletter.plugin.zipping import zipped
from newsletter.rhythms.topics import Topic
from newsletter.text.tidy import arabic_fold
from newsletter.wiring import Workspace
from newsletter.workspace.plugin_secret import (
    PluginSecret,
    keep_plugin_secret,
    next_plugin_secret,
    read_plugin_secret,
)
from subscribers import store
from subscribers.newfile import NameTakenError, new_file


@dataclass(frozen=True, slots=True)
class PluginFile:
    """A plugin that was made."""

    path: Path
    bytes: int
    pages: str
    lists: tuple[str, ...]
    new_secret: bool
    """Whether it has a secret that the plugin before has not."""
    old_until: str = ""
    """Last moment of the secret before, in ISO 8601; empty without one."""


def make_plugin(workspace: Workspace, path: Path, *, new_secret: bool = False) -> PluginFile:
    """Write the plugin of this newsroom as a ZIP for WordPress.

    Args:
        workspace: The workspace, open.
        path: Of the file to make.
        new_secret: Make another secret, also when there is one.

    Raises:
        SettingsError: The reader pages have no address, or offer no list that is open.
        WorkspaceError: Something has this name already, or it cannot be written there.
        RenderError: A template is broken.
    """
    from newsletter import __version__

    pages = workspace.settings.web.url
    if not pages:
        raise SettingsError(
            "the plugin leads to the reader pages, and they have no address",
            where="newsletter.toml: [web]",
            mend='add url = "https://…", where newsletter serve answers',
        )
    lists = _lists(workspace)
    _free(path)
    kept = read_plugin_secret(workspace.root, workspace.now())
    secret = next_plugin_secret(workspace.root, workspace.now()) if kept is None or new_secret else kept
    chosen = {name: workspace.settings.topics.get(name, ()) for name in lists}
    values = PluginValues(
        publication=workspace.publication,
        pages=pages,
        secret=secret.secret,
        old_secret=secret.old,
        old_until=_seconds(secret),
        version=__version__,
        lists=lists,
        topics={name: {one.number - 1: one.title for one in found} for name, found in chosen.items() if found},
        sections=_sections(one for found in chosen.values() for one in found),
        desk=workspace.settings.desk.url,
    )
    made = zipped(plugin_files(workspace.templates, values))
    try:
        with new_file(path) as unfinished:
            unfinished.touch(0o600)  # the secret is in it: nobody else reads it meanwhile either
            unfinished.write_bytes(made)
            if secret is not kept:
                # Before the file has its name: a plugin whose secret the pages do not know would be turned away. After
                # its bytes: what comes to no plugin does not wear out the secret that the site still has.
                keep_plugin_secret(workspace.root, secret)
    except NameTakenError:
        raise _taken(path) from None
    except OSError as error:
        raise WorkspaceError(
            f"cannot be written ({error.strerror})", where=str(path), mend="name a file in a folder that you may write"
        ) from None
    until = "" if secret.old_until is None else secret.old_until.isoformat()
    return PluginFile(path, len(made), pages, tuple(lists), secret is not kept, until)


def unsafe_pages(address: str) -> bool:
    """Whether readers' addresses would go to the pages unencrypted: plain HTTP to another machine."""
    parts = urlsplit(address)
    return parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost", "::1")


def _free(path: Path) -> None:
    if path.is_symlink() or path.exists():
        raise _taken(path)
    if not path.parent.is_dir():
        raise WorkspaceError("there is no such folder", where=str(path.parent), mend="make it, or name another")


def _taken(path: Path) -> WorkspaceError:
    return WorkspaceError("something has this name already", where=str(path), mend="name another file, or delete it")


def _lists(workspace: Workspace) -> dict[str, str]:
    """Name and title of the lists that the pages offer, in their order."""
    names = dict.fromkeys(workspace.settings.web.lists)
    with workspace.database.read() as connection:
        found = [store.list_or_none(connection, name) for name in names]
    offered = {one.name: one.title for one in found if one is not None and one.closed is None}
    if not offered:
        raise SettingsError(
            "no list that it names is open",
            where="[web] lists",
            mend="name a list that exists (newsletter lists), or open one: newsletter lists open NAME",
        )
    return offered


def _sections(topics: Iterable[Topic]) -> list[str]:
    """The sections that the topics name, each once."""
    found = {arabic_fold(title): title for topic in topics for title in reversed(topic.sections)}
    return list(found.values())


def _seconds(secret: PluginSecret) -> int:
    return 0 if secret.old_until is None else int(secret.old_until.timestamp())
