"""A workspace on the disk: made once, with settings an editor can read and a secret nobody else can."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from newsletter.errors import NashraError, SettingsError, WorkspaceError
from newsletter.senders import registry
from newsletter.workspace.config import FILE, load
from newsletter.workspace.layers import KEYS
from newsletter.workspace.secret_files import SECRETS, others_can_read, secret_file
from subscribers.newfile import NameTakenError, new_file

KEY_BYTES = 32
MOST_KEYS = 2
FIRST_LIST = "readers"

_REST = "# Every other setting: docs/en/settings.md; or change them in the browser: newsletter desk\n"
"""The one comment of a new newsletter.toml."""

_IGNORE = """\
# What must not be kept in git: secrets, readers' addresses, and what can be made again.
/secrets/
/.env
/newsletter.db*
/database.toml
/backups/
/.desk/
/.share/
/outbox/
/issues/*/issue.html
/issues/*/issue.txt
/theme.html
"""


@dataclass(frozen=True, slots=True)
class FirstLook:
    """What the letters of a new workspace look like, as far as anybody said; empty is as the style has it."""

    logo: str = ""
    """Https address."""
    accent: str = ""
    second: str = ""


@dataclass(frozen=True, slots=True)
class Keys:
    """The secrets of a workspace. Two token keys may live at once: the higher id signs, the lower one still opens."""

    tokens: Mapping[int, bytes]
    suppression: Mapping[int, bytes]


def make(
    root: Path,
    *,
    name: str,
    url: str,
    sender: str,
    web: str,
    language: str,
    timezone: str,
    pictures: str = "",
    look: FirstLook | None = None,
    sources: Sequence[str] = (),
) -> None:
    """Write the files of a new workspace: settings, what git ignores, and the secret keys.

    The settings are checked first, in a file of another name, so a wrong one leaves no half workspace behind. The file
    holds what was said here, and nothing else.

    Args:
        root: The folder; made when it is not there.
        name: Name of the newsletter, as readers know it.
        url: Address of the newsroom's site.
        sender: From, as ``Name <address>``.
        web: Base of the reader pages, or empty.
        language: Language of the letter: ``ar``, ``en`` …
        timezone: IANA name of the site's zone.
        pictures: ``inline`` or ``hosted``; empty leaves it to whether there are pages.
        look: What letters look like, as far as anybody said.
        sources: Where articles come from.

    Raises:
        WorkspaceError: There is a workspace already, or the folder cannot be written.
        SettingsError: An argument that cannot be a setting.
    """
    refuse_taken(root)
    look = look or FirstLook()
    text = _fresh(
        {
            "newsletter": {"name": name, "url": url, "language": language, "timezone": timezone},
            "letter": {"accent": look.accent, "logo": look.logo, "pictures": pictures},
            "theme": {"style": "signature", "second": look.second},
            "sender": {"kind": registry.names()[0], "from": sender},
            "web": {"url": web},
            "collect": {"sources": list(sources)},
        }
    )
    check_text(text, root / FILE)
    try:
        root.mkdir(parents=True, exist_ok=True)
        _make_keys(root / SECRETS)
        _add_lines(root / ".gitignore", _IGNORE)
        # Last, since it is what makes the folder a workspace.
        _write(root / FILE, text)
    except NameTakenError:
        raise _taken(root) from None
    except OSError as error:
        raise WorkspaceError(
            f"cannot be written ({error.strerror})", where=str(error.filename or root), mend="choose another folder"
        ) from None


def refuse_taken(root: Path) -> None:
    """Refuse a folder in which a workspace is already.

    Args:
        root: The folder; it may not be there.

    Raises:
        WorkspaceError: It is one.
    """
    if (root / FILE).exists():
        raise _taken(root)


def _taken(root: Path) -> WorkspaceError:
    return WorkspaceError(
        "this is a workspace already", where=str(root / FILE), mend="edit that file, or choose another folder"
    )


def _fresh(said: Mapping[str, Mapping[str, str | list[str]]]) -> str:
    """The text of a new newsletter.toml: what was said, by section; an empty value was not."""
    parts = [_REST]
    for section, values in said.items():
        # What must be there is written also when it is empty, so that this is told as what is wrong.
        kept = {key: one for key, one in values.items() if one or section in ("newsletter", "sender")}
        lines = [f"{key} = {json.dumps(one, ensure_ascii=False)}\n" for key, one in kept.items()]
        if lines:
            parts.append(f"\n[{section}]\n{''.join(lines)}")
    return "".join(parts)


def check_text(text: str, path: Path) -> None:
    """Raise SettingsError for settings that could not be loaded from ``path``, before anything is written there."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / FILE).write_text(text, "utf-8")
        try:
            load(Path(folder), {})
        except SettingsError as error:
            raise SettingsError(str(error).replace(str(Path(folder) / FILE), str(path))) from None


def read_keys(root: Path) -> Keys:
    """The secret keys of a workspace.

    Raises:
        WorkspaceError: The file is missing, readable by others, or damaged.
    """
    path = secret_file(root, KEYS)
    try:
        if others_can_read(path):
            raise WorkspaceError("others can read the secret keys", where=str(path), mend=f"chmod 600 {path}")
        values = tomllib.loads(path.read_text("utf-8"))
        return Keys(tokens=_keys(values, "tokens"), suppression=_keys(values, "suppression"))
    except FileNotFoundError:
        raise WorkspaceError(
            "the secret keys are missing", where=str(path), mend="restore the file from a backup; old links need it"
        ) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise WorkspaceError(
            f"the secret keys cannot be read ({reason})", where=str(path), mend="restore the file from a backup"
        ) from None


def _keys(values: Mapping[str, object], part: str) -> dict[int, bytes]:
    lines = values.get(part)
    if not isinstance(lines, dict) or not 1 <= len(lines) <= MOST_KEYS:
        raise ValueError(f"one or two keys are wanted under [{part}]")
    return {_key_id(name): _key(text) for name, text in lines.items()}


def _key_id(name: str) -> int:
    # One byte of every signed link holds it.
    if not name.isdecimal() or not 0 <= int(name) <= 255:
        raise ValueError(f"{name} is no number from 0 to 255")
    return int(name)


def _key(text: object) -> bytes:
    key = bytes.fromhex(text) if isinstance(text, str) and text.isascii() else b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key is a text of {2 * KEY_BYTES} hexadecimal digits")
    return key


def _make_keys(folder: Path) -> None:
    path = folder / KEYS
    if path.exists():
        # The keys of an earlier workspace here: links in letters that went out depend on them.
        return
    folder.mkdir(mode=0o700, exist_ok=True)
    tokens, suppression = secrets.token_hex(KEY_BYTES), secrets.token_hex(KEY_BYTES)
    text = (
        "# Made by newsletter init. Keep it secret, and keep a copy: without it the links in old letters die.\n"
        "# To rotate, add a line 2 = … under [tokens]; the highest number signs, at most two are kept.\n\n"
        f'[tokens]\n1 = "{tokens}"\n\n[suppression]\n1 = "{suppression}"\n'
    )
    # Somebody else may make them in the same moment: theirs stay.
    with contextlib.suppress(NameTakenError):
        _write(path, text, mode=0o600)


def _add_lines(path: Path, text: str) -> None:
    """Write a file, or put behind what its owner wrote in it whatever it does not say yet."""
    if not path.exists():
        _write(path, text)
        return
    there = path.read_text("utf-8", "surrogateescape")
    missing = [line for line in text.splitlines() if line not in there.splitlines()]
    if any(not line.startswith("#") for line in missing):
        with path.open("a", encoding="utf-8") as file:
            file.write("\n".join(["" if there.endswith("\n") or not there else "\n", *missing, ""]))


def _write(path: Path, text: str, *, mode: int = 0o644) -> None:
    with new_file(path) as unfinished:
        closed = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(closed, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())


PAGE_MARK = b'<meta name="generator" content="Nashra '
"""What tells a page of ours from a file that is somebody else's."""
_HEAD = 4096
"""Bytes of a page in which that stands."""


def write_page(path: Path, page: str) -> None:
    """Write an HTML page whole or not at all; over one of ours, never over anything else.

    Args:
        path: Where it goes.
        page: With ``PAGE_MARK`` in its head.

    Raises:
        NashraError: Something else is there, or it cannot be written.
    """
    try:
        if path.is_file() and not path.is_symlink() and _is_page(path):
            unfinished = path.with_name(f".{path.name}.part")
            unfinished.write_text(page, encoding="utf-8")
            unfinished.replace(path)
            return
        with new_file(path) as unfinished:
            unfinished.write_text(page, encoding="utf-8")
    except NameTakenError:
        taken = f"the page is not written: {path} is there already, and no page of ours"
        raise NashraError(taken, mend="name another file") from None
    except OSError as error:
        raise NashraError(
            f"cannot be written ({error.strerror or 'no file can be there'})", where=str(path), mend="name another file"
        ) from None


def _is_page(path: Path) -> bool:
    with path.open("rb") as file:
        return PAGE_MARK in file.read(_HEAD)
