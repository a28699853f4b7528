"""What stands twice in a TOML file, which must not (TOML 1.0, sections Table and Keys), and in which lines."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass

_LINE = re.compile(r"\(at line (\d+),")
_HEADER = re.compile(r"\s*\[+([^\]#]+)\]")
_KEY = re.compile(r"\s*([\w.\"' \t-]+?)\s*=")


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A section or a key that a file has two times."""

    name: str
    """As an editor would write it: ``[collect]`` or ``subject``."""
    first: int
    second: int
    """Lines, 1-based."""

    @property
    def mend(self) -> str:
        """What to do about the duplicate, as an order."""
        if self.name.startswith("["):
            return f"put what is below both under one {self.name} and delete the other"
        return "keep one of the two lines"


def duplicate_in(text: str, error: tomllib.TOMLDecodeError) -> Duplicate | None:
    """What a file has twice, if that is why it could not be read.

    Args:
        text: The text of the whole file.
        error: What tomllib said about it.
    """
    said, place = str(error), _LINE.search(str(error))
    lines = text.splitlines()
    # What is wrong at the end of the document is in its last line.
    lines = lines[: int(place[1])] if place is not None else lines
    if said.startswith("Cannot declare"):
        return _section(lines)
    return _key(lines) if said.startswith("Cannot overwrite a value") else None


def _section(lines: list[str]) -> Duplicate | None:
    names = {number: _name(found[1]) for number, line in enumerate(lines, 1) if (found := _HEADER.match(line))}
    if len(lines) not in names:
        return None
    name = names.pop(len(lines))
    first = next((number for number, other in names.items() if other == name), None)
    return Duplicate(f"[{name}]", first, len(lines)) if first is not None else None


def _key(lines: list[str]) -> Duplicate | None:
    keys: dict[str, int] = {}
    last = None
    for number, line in enumerate(lines, 1):
        if _HEADER.match(line):
            keys, last = {}, None
        elif found := _KEY.match(line):
            name = _name(found[1])
            last = Duplicate(name, keys[name], number) if name in keys else None
            keys.setdefault(name, number)
    return last


def _name(written: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in written.split("."))
