"""What may be said of a letter's looks, in the settings and in an issue: each value judged in one place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, get_args, get_type_hints
from urllib.parse import urlsplit

from newsletter.models.publication import SocialKind, Theme

_FONTS = re.compile(r"[\w\s,'-]{1,300}")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_MAIL = re.compile(r"[^@\s<>\"?#]+@[^@\s<>\"?#&]+\.[^@\s<>\"?#&]+")
KINDS: tuple[str, ...] = get_args(SocialKind)
"""The pages elsewhere that we draw a sign for."""


def colour(value: str) -> str:
    """A colour as ``#rrggbb``, in small letters, or nothing. Raises ValueError for anything else."""
    if value and not _COLOUR.fullmatch(value):
        raise ValueError("a colour such as #0f766e is wanted")
    return value.lower()


def fonts(value: str) -> str:
    """``sans``, ``serif`` or families with commas, or nothing. Raises ValueError for anything else."""
    value = value.replace('"', "'").strip()
    if value and (not _FONTS.fullmatch(value) or value.count("'") % 2):
        raise ValueError(
            "sans, serif or names of fonts with commas between them are wanted, such as Tahoma, sans-serif"
        )
    return value


def picture(value: str) -> str:
    """An https address or the path of a file, or nothing. Raises ValueError for anything else."""
    value = value.strip()
    if value and (re.match(r"(?!https://)[a-z][a-z+.-]+:", value, re.IGNORECASE) or not value.isprintable()):
        raise ValueError("the name of a file, or an address that starts with https://, is wanted")
    return value


def line(value: str) -> str:
    """One line of text, or nothing. Raises ValueError for anything else."""
    value = value.strip()
    if re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", value):
        raise ValueError("one line of text is wanted")
    return value


def page(value: str) -> str:
    """An https or mailto address; a bare mail address becomes the latter. Raises ValueError for anything else."""
    value = value.strip()
    if _MAIL.fullmatch(value) and not value.startswith("mailto:"):
        return f"mailto:{value}"
    if value.startswith("mailto:") and _MAIL.fullmatch(value.removeprefix("mailto:")):
        return value
    try:
        parts = urlsplit(value)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme != "https" or not parts.hostname or not value.isprintable() or re.search(r"[\s<>\"]", value):
        raise ValueError("an https address is wanted")
    return value


_JUDGES: Mapping[str, Callable[[str], str]] = {
    **dict.fromkeys(("second", "paper", "card"), colour),
    **dict.fromkeys(("headings", "text"), fonts),
    **dict.fromkeys(("picture", "logo_dark", "portrait"), picture),
    **dict.fromkeys(("editor", "role", "footer"), line),
}


def choices(key: str) -> tuple[str, ...]:
    """The words that a key may be, without the empty one; empty for a key that takes a text.

    Args:
        key: Name of a field of ``Theme``.
    """
    return tuple(word for word in get_args(get_type_hints(Theme)[key]) if isinstance(word, str) and word)


def judged(key: str, value: object) -> Any:
    """The value of a key in its one spelling.

    Args:
        key: A key of ``[theme]``.
        value: As TOML gives it.

    Raises:
        ValueError: There is no such key, or it cannot be this.
    """
    hints = get_type_hints(Theme)
    if key not in hints:
        raise ValueError(f"is not known here; known are {', '.join(hints)}")
    if key == "contents":
        if not isinstance(value, bool) and value != "auto":
            raise ValueError('true, false or "auto" is wanted')
        return value
    if key == "social":
        return _social(value)
    if not isinstance(value, str):
        raise ValueError("text in quotes is wanted")
    words = choices(key)
    if words and value and value not in words:
        raise ValueError(f"{', '.join(words[:-1])} or {words[-1]} is wanted")
    return value if words else _JUDGES[key](value)


def _social(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        raise ValueError('a table is wanted, such as { telegram = "https://t.me/…" }')
    for name, address in value.items():
        if name not in KINDS:
            raise ValueError(f"{name} is none of {', '.join(KINDS)}")
        if not isinstance(address, str):
            raise ValueError("text in quotes is wanted")
    return tuple((name, page(address)) for name, address in value.items())


def overlaid(theme: Theme, given: Mapping[str, Any]) -> Theme:
    """A theme with what an issue says instead.

    Args:
        theme: The newsroom's.
        given: Fields of ``Theme`` with values that were judged.
    """
    return replace(theme, **given) if given else theme
