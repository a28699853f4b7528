"""Keeping secrets out of what the doctor says: whatever is one stands as an ellipsis, also in words of a library."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

from newsletter.errors import SettingsError
from newsletter.senders import registry
from newsletter.workspace.config import FILE
from newsletter.workspace.secret_files import SECRETS, secret_files

if TYPE_CHECKING:
    from newsletter.workspace.config import Settings

SHORTEST = 4
"""Characters of a secret that is looked for; a shorter one would black out words."""
_SUSPICIOUS = re.compile(r"key|token|secret|passw|credential|auth", re.IGNORECASE)
_IN_URL = re.compile(r"(?<=://)[^\s/@]*:[^\s/@]*(?=@)")
HIDDEN = "…"


class SecretHider:
    """Replaces every secret of a workspace in a text.

    Args:
        secrets: Their values.
    """

    def __init__(self, secrets: Iterator[str]) -> None:
        forms = {form for one in secrets for form in (one, quote(one, safe=""), quote_plus(one), unquote(one))}
        self._forms = sorted((one for one in forms if len(one) >= SHORTEST), key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text without them."""
        for one in self._forms:
            text = text.replace(one, HIDDEN)
        return _IN_URL.sub(HIDDEN, text)


def secrets_of(root: Path, environment: Mapping[str, str], settings: Settings | None) -> Iterator[str]:
    """Whatever may be a secret, in settings that are read and in files that cannot be understood.

    Args:
        root: The workspace.
        environment: Of the process.
        settings: As far as they could be read.
    """
    for path in _files(root / SECRETS):
        text = _text(path).strip()
        yield text
        yield from text.splitlines()
        yield from re.findall(r"[0-9a-fA-F]{32,}", text)
    for path in (root / FILE, root / ".env"):
        yield from _suspicious(_text(path))
    yield from (value for name, value in environment.items() if name.startswith("NASHRA_") and _SUSPICIOUS.search(name))
    yield from (part for name in ("NASHRA_DATABASE__URL",) if (part := _password(environment.get(name, ""))))
    if settings is not None:
        yield from _of_settings(settings)


def _of_settings(settings: Settings) -> Iterator[str]:
    for one in registry.providers():
        section = settings.options.get(one.name)
        yield from (str(value) for key in one.secrets if (value := getattr(section, key, "")))
    yield from (settings.web.metrics, settings.alerts.url, settings.alerts.command)
    if password := _password(settings.database_url):
        yield password


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""


def _suspicious(text: str) -> Iterator[str]:
    """Values of a file by the names that they stand under, also of one that is no TOML."""
    for line in text.splitlines():
        name, sign, said = line.partition("=")
        # With what stands behind it as a comment, and without.
        for value in (said, said.partition("#")[0]) if sign else ():
            bare = value.strip().strip("\"'")
            if _SUSPICIOUS.search(name[-200:]):
                yield bare
            if password := _password(bare):
                yield password
    try:
        yield from _inside(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError):
        return


def _inside(values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _inside(value)
        elif isinstance(value, str) and _SUSPICIOUS.search(name):
            yield value


def _files(folder: Path) -> list[Path]:
    try:
        return [one for one in secret_files(folder).values() if one.is_file()]
    except (OSError, SettingsError):
        return []


def _text(path: Path) -> str:
    try:
        return path.read_bytes()[:1_000_000].decode("utf-8", "replace")
    except OSError:
        return ""
