"""Lists, issues, sends and sections of a workspace, read in milliseconds; silent whatever is wrong.

Only the standard library is used: a key is pressed, and nobody waits for SQLAlchemy or the schema of the settings. The
database is only looked at: none is made or upgraded, and no file is left beside it. PostgreSQL is not asked.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

FILE, DATABASE, ISSUES = "newsletter.toml", "newsletter.db", "issues"
_SQLITE = "sqlite:///"
_MOST = 200
"""Values that are offered."""
_HEAD = 4096
"""Bytes of an issue.md in which its number stands."""
_SECONDS = 0.2
"""Longest wait for a database that somebody writes."""

Offered = list[tuple[str, str]]
"""Values with what is told beside each."""


def lists(directory: str | Path) -> Offered:
    """Names of the lists, with their titles.

    Args:
        directory: The folder of the workspace, or one inside it.
    """
    return _offered(directory, lambda root: _rows(root, "SELECT name, title FROM list ORDER BY id"))


def issues(directory: str | Path) -> Offered:
    """Numbers of the issues, with their folders; the newest first."""
    return _offered(directory, lambda root: sorted(_issues(root), key=lambda one: -int(one[0])))


def sends(directory: str | Path) -> Offered:
    """Ids of the sends, with issue and state; the newest first."""
    query = (
        "SELECT send.public_id, issue.key || ', ' || send.state FROM send JOIN issue ON issue.id = send.issue_id"
        " ORDER BY send.id DESC"
    )
    return _offered(directory, lambda root: _rows(root, query))


def sections(directory: str | Path) -> Offered:
    """Sections that the topics of the settings name, with the list they belong to."""
    return _offered(directory, _sections)


READ: dict[str, Callable[[str | Path], Offered]] = {
    "lists": lists,
    "issues": issues,
    "sends": sends,
    "sections": sections,
}
"""What commands.json names."""


def _offered(directory: str | Path, read: Callable[[Path], Any]) -> Offered:
    try:
        # A shell hands the line over as it was typed, before it has put a home in the place of its sign.
        start = Path(directory or "").expanduser().absolute()
        root = next(folder for folder in (start, *start.parents) if (folder / FILE).is_file())
        return [(str(value), str(told)) for value, told in list(read(root))[:_MOST]]
    except Exception:
        return []


def _rows(root: Path, query: str) -> list[tuple[str, str]]:
    import sqlite3

    path = _database(root)
    # Without a journal beside it nobody has it open: then not even a lock is taken, and no journal is made.
    mode = "mode=ro" if path.with_name(f"{path.name}-wal").exists() else "mode=ro&immutable=1"
    with closing(sqlite3.connect(f"{path.as_uri()}?{mode}", uri=True, timeout=_SECONDS)) as connection:
        return connection.execute(f"{query} LIMIT {_MOST}").fetchall()


def _database(root: Path) -> Path:
    """The file of the database.

    Raises:
        ValueError: It is none.
    """
    url = os.environ.get("NASHRA_DATABASE__URL", "")
    secret = root / "secrets" / "database.url"
    if not url and secret.is_file():
        url = secret.read_text("utf-8").strip()
    url = url or str(_settings(root).get("database", {}).get("url") or f"{_SQLITE}{DATABASE}")
    if not url.startswith(_SQLITE):
        raise ValueError("no file")
    return (root / url.removeprefix(_SQLITE)).absolute()


def _settings(root: Path) -> dict[str, Any]:
    import tomllib

    return tomllib.loads((root / FILE).read_text("utf-8-sig"))


def _issues(root: Path) -> Iterator[tuple[str, str]]:
    for path in (root / ISSUES).glob("*/issue.md"):
        with path.open("rb") as file:
            number = re.search(rb"(?m)^\s*number\s*=\s*([0-9]{1,9})\b", file.read(_HEAD))
        if number is not None:
            yield str(int(number[1])), path.parent.name


def _sections(root: Path) -> Iterator[tuple[str, str]]:
    for name, topics in _settings(root).get("topics", {}).items():
        for topic in topics.values():
            told = {"title": topic} if isinstance(topic, str) else topic
            for section in told.get("sections") or [told["title"]]:
                yield section, name
