"""The table ``[theme]`` of an issue's front matter: what one issue says of its own looks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from newsletter.errors import IssueError
from newsletter.issues.escaping import INVISIBLE
from newsletter.models import Issue
from newsletter.text import theming

_TABLE = re.compile(rf"[\s{INVISIBLE}]*\[\s*([\w.-]+)\s*\]")
_KEY = re.compile(rf"[\s{INVISIBLE}]*([\w-]+(?:\.[\w-]+)*)[\s{INVISIBLE}]*=")


def lines_of_keys(lines: Sequence[str], first: int) -> dict[str, int]:
    """The line of each key, those of a table with its name before them (``theme.style``).

    Args:
        lines: Between the fences of the front matter.
        first: Number of the first of them.
    """
    found: dict[str, int] = {}
    table = ""
    for at, line in enumerate(lines, first):
        if (head := _TABLE.match(line)) is not None:
            table = f"{head[1]}."
            found.setdefault(head[1], at)
        elif (key := _KEY.match(line)) is not None:
            name = f"{table}{key[1]}"
            found[name] = at
            found.setdefault(name.partition(".")[0], at)
    return found


def theme(given: Mapping[str, Any], places: Mapping[str, int], path: object) -> dict[str, Any]:
    """The checked values of ``[theme]``, as fields of ``newsletter.models.Theme``.

    Args:
        given: The table as TOML gives it.
        places: Line of each key, as ``lines_of_keys`` found them.
        path: Path of the file, for messages only.

    Raises:
        IssueError: A key that is not known, or a value that cannot be; with its line.
    """
    made: dict[str, Any] = {}
    for key, value in given.items():
        try:
            made[key] = theming.judged(key, value)
        except ValueError as error:
            at = places.get(f"theme.{key}") or places.get("theme", 1)
            known = str(error).startswith("is not known")
            said = f"theme.{key} {error}" if known else f"theme.{key} is {value!r}, but {error}"
            raise IssueError(said, where=f"{path}:{at}", mend="docs/en/theme.md tells every key") from None
    return made


def place(issue: Issue, key: str) -> str:
    """Where a key of ``[theme]`` that holds for an issue is written, for messages: in its own file, or in the settings.

    Args:
        issue: It may have a face of its own.
        key: For example ``portrait``.
    """
    if not issue.theme.get(key):
        return f"newsletter.toml: [theme] {key}"
    return f"{issue.path}:{issue.lines.get(f'theme.{key}') or issue.lines.get('theme', 1)}"
