"""Values written as PHP, so that nothing in them is read as code.

A text in single quotes knows two signs only: ``\\\\`` and ``\\'`` (php.net, "Strings", single quoted). ``?>``, ``${``
and line ends are text inside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_INDENT = "\t"


def php(value: object, depth: int = 0) -> str:
    """A value as a PHP expression of constants.

    Args:
        value: A text, number, truth value or None; a list or mapping of such.
        depth: Tabs before each line of an array.

    Raises:
        TypeError: It is something else.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return _array([f"{php(_key(key))} => {php(one, depth + 1)}" for key, one in value.items()], depth)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return _array([php(one, depth + 1) for one in value], depth)
    raise TypeError(f"{type(value).__name__} cannot be written as PHP")


def header(text: str) -> str:
    """A text for one line of the comment that begins a plugin: nothing of it ends the comment or the line.

    Args:
        text: Of any kind.
    """
    plain = re.sub(r"[\x00-\x1f\x7f\u2028\u2029]+", " ", text)
    return " ".join(re.sub(r"\*+/|\?>|<\?", " ", plain).split())


def _text(text: str) -> str:
    # A lone surrogate is no UTF-8; PHP would get a broken file.
    plain = text.encode("utf-8", "replace").decode("utf-8")
    return "'" + plain.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _key(key: object) -> str | int:
    if isinstance(key, str | int) and not isinstance(key, bool):
        return key
    raise TypeError(f"{type(key).__name__} cannot be the key of a PHP array")


def _array(items: Sequence[str], depth: int) -> str:
    if not items:
        return "array()"
    tabs = _INDENT * (depth + 1)
    return "array(\n" + "".join(f"{tabs}{item},\n" for item in items) + _INDENT * depth + ")"
