"""The table ``[extra]`` of an issue's front matter: a newsroom's own values, for templates of its own."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from newsletter.errors import IssueError

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_DEEPEST = 8


def own_values(given: Mapping[str, Any], places: Mapping[str, int], path: object) -> dict[str, Any]:
    """The checked values of ``[extra]``: texts, numbers, truth values, lists and tables of them.

    Args:
        given: The table as TOML gives it.
        places: Line of each key, with ``extra.`` before those of this table.
        path: Path of the file, for messages only.

    Raises:
        IssueError: A name that no template can write, or a value of another kind; with its line.
    """
    for key, value in given.items():
        where = f"{path}:{places.get(f'extra.{key}') or places.get('extra', 1)}"
        for fault in _faults(f"extra.{key}", key, value, 1):
            raise IssueError(fault[0], where=where, mend=fault[1])
    return dict(given)


def _faults(place: str, name: str, value: object, depth: int) -> list[tuple[str, str]]:
    """What is wrong with a name and its value, as pairs of what and mend."""
    if not _NAME.fullmatch(name):
        return [(f"{place} has a name that no template can write", "begin it with a letter from a to z: extra.city")]
    if depth > _DEEPEST:
        return [(f"{place} is nested more than {_DEEPEST} deep", "write it flatter")]
    if isinstance(value, dict):
        return [fault for key, one in value.items() for fault in _faults(f"{place}.{key}", key, one, depth + 1)]
    if isinstance(value, list):
        return [fault for one in value for fault in _faults(place, name, one, depth + 1)]
    if isinstance(value, float) and not math.isfinite(value):
        return [(f"{place} is no number that can be shown", "write a number")]
    if not isinstance(value, str | int | float):
        return [(f"{place} is a date or time, which is no value here", f'write it as text: {name} = "{value}"')]
    return []
