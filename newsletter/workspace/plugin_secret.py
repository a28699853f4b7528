"""The secret that the plugin inside WordPress and the reader pages share: ``secrets/wordpress.toml``.

A new one leaves the old ones valid, each until a week after it was followed, so that nothing is lost until the new
plugin is put up.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from newsletter.workspace.layers import SITE_PLUGIN
from newsletter.workspace.private_file import PrivateFile
from newsletter.workspace.secret_files import SECRETS

SECRET_BYTES = 32
OLD_LASTS = timedelta(days=7)
"""How long a secret is believed after another one was made."""
_HEAD = """\
# What the plugin inside WordPress signs with, made by: newsletter wordpress plugin. Keep it secret. Whoever has it can
# say that a post was published or taken back. A new one: newsletter wordpress plugin FILE.zip --new-secret
"""


@dataclass(frozen=True, slots=True)
class PluginSecret:
    """The secrets of the plugin as the file has them."""

    secret: bytes
    before: tuple[tuple[bytes, datetime], ...] = ()
    """Those before it that are still believed, each with its last moment, newest first."""

    @property
    def old(self) -> bytes:
        """The one before; empty when there is none, or when its week is over."""
        return self.before[0][0] if self.before else b""

    @property
    def old_until(self) -> datetime | None:
        """Last moment of the one before."""
        return self.before[0][1] if self.before else None


def path_of(root: Path) -> Path:
    """Where the secret of a workspace's plugin stands."""
    return root / SECRETS / SITE_PLUGIN


def read_plugin_secret(root: Path, now: datetime) -> PluginSecret | None:
    """The secrets of the plugin; None when none was ever made.

    Args:
        root: The workspace.
        now: The present moment, timezone-aware.

    Raises:
        WorkspaceError: The file is readable by others, or damaged.
    """
    found = _file(root).read(_understood)
    if found is None:
        return None
    return PluginSecret(found.secret, tuple((old, until) for old, until in found.before if now < until))


def _file(root: Path) -> PrivateFile:
    return PrivateFile(
        root,
        SITE_PLUGIN,
        "the plugin's secret",
        "put it back from a backup, or delete it and make a new plugin: newsletter wordpress plugin FILE.zip",
    )


def _understood(values: dict[str, Any]) -> PluginSecret:
    return PluginSecret(_secret(values.get("secret")), tuple(_old(one) for one in _entries(values)))


def plugin_secrets(root: Path, now: datetime) -> tuple[bytes, ...]:
    """The secrets that are believed, newest first; none when there is no plugin.

    Args:
        root: The workspace.
        now: The present moment, timezone-aware.

    Raises:
        WorkspaceError: The file is readable by others, or damaged.
    """
    found = read_plugin_secret(root, now)
    if found is None:
        return ()
    return (found.secret, *(old for old, _ in found.before))


def new_plugin_secret(root: Path, now: datetime) -> PluginSecret:
    """Make a secret, the first one or another, and keep it; the one before stays valid for a week more.

    Args:
        root: The workspace.
        now: The present moment, timezone-aware.

    Raises:
        WorkspaceError: The file that is there is damaged, or cannot be written.
    """
    made = next_plugin_secret(root, now)
    keep_plugin_secret(root, made)
    return made


def next_plugin_secret(root: Path, now: datetime) -> PluginSecret:
    """Another secret with those before, which nobody believes until it is kept.

    Args:
        root: The workspace.
        now: The present moment, timezone-aware.

    Raises:
        WorkspaceError: The file that is there is damaged.
    """
    before = read_plugin_secret(root, now)
    made = PluginSecret(secrets.token_bytes(SECRET_BYTES))
    if before is not None:
        until = now.astimezone(UTC).replace(microsecond=0) + OLD_LASTS
        made = PluginSecret(made.secret, ((before.secret, until), *before.before))
    return made


def keep_plugin_secret(root: Path, made: PluginSecret) -> None:
    """Write a secret down, so that it is believed.

    Args:
        root: The workspace.
        made: The secret, with those before.

    Raises:
        WorkspaceError: It cannot be written.
    """
    lines = [_HEAD, f'secret = "{made.secret.hex()}"']
    for old, until in made.before:
        lines += ["", "[[old]]", f'secret = "{old.hex()}"', f"until = {until.isoformat()}"]
    _file(root).write("\n".join([*lines, ""]))


def _secret(text: object) -> bytes:
    secret = bytes.fromhex(text) if isinstance(text, str) and text.isascii() else b""
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"a secret is a text of {2 * SECRET_BYTES} hexadecimal digits")
    return secret


def _entries(values: dict[str, Any]) -> list[object]:
    """What the file has of the secrets before; files of before had one, without a list."""
    if "old_secret" in values:
        return [{"secret": values["old_secret"], "until": values.get("old_until")}]
    entries = values.get("old", [])
    if not isinstance(entries, list):
        raise ValueError("old is a list of secrets")
    return entries


def _old(entry: object) -> tuple[bytes, datetime]:
    if not isinstance(entry, dict):
        raise ValueError("old is a list of secrets")
    until = entry.get("until")
    if not isinstance(until, datetime) or until.tzinfo is None:
        raise ValueError("the last moment of an old secret is a moment with its zone")
    return _secret(entry.get("secret")), until
