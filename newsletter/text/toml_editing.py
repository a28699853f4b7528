"""A TOML file edited in place: one value is written anew, every other line stays as it is, byte for byte. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

TomlValue: TypeAlias = str | bool | int | float | Sequence[Any] | Mapping[str, Any]
TomlPath: TypeAlias = tuple[str, ...]
"""Names of tables from the outermost one on, and the key."""


class SettingsTextError(ValueError):
    """A value that cannot be changed without touching others; its text names the key."""


def edited(text: str, changes: Mapping[TomlPath, TomlValue | None]) -> str:
    """The text with some values changed, and all other lines as they were.

    A key that is new stands below the comment that shows it (``# key = …``), or at the end of its table; a table that
    is new stands at the end of the file. None takes a key out.

    Args:
        text: Of a whole file; its line ends stay.
        changes: What is to stand where.

    Raises:
        SettingsTextError: The file is no TOML, or has the value in a form that cannot be changed alone.
    """
    for path, value in changes.items():
        text = _changed(text, path, value)
    return text


def value_at(values: Mapping[str, Any], path: TomlPath) -> Any:
    """What stands at a place; None when nothing does.

    Args:
        values: As tomllib reads them.
        path: The place.
    """
    found: Any = values
    for name in path:
        if not isinstance(found, Mapping) or name not in found:
            return None
        found = found[name]
    return found


def _changed(text: str, path: TomlPath, value: TomlValue | None) -> str:
    try:
        before = tomllib.loads(_plain(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsTextError(f"the file is no TOML ({error})") from None
    there = value_at(before, path)
    if _same(there, value):
        return text
    if isinstance(value, Mapping) and isinstance(there, Mapping) and next(_headers(text, path), None) is not None:
        # A table with a heading of its own: each of its keys is changed alone.
        keys = {(*path, key): value.get(key) for key in dict.fromkeys((*there, *value))}
        return edited(text, keys)
    wanted = _with(before, path, value)
    for made in _ways(text, path, value, is_new=there is None):
        if _holds(made, wanted) and _touches_little(text, made, there):
            return made
    raise SettingsTextError(".".join(path))


def _ways(text: str, path: TomlPath, value: TomlValue | None, *, is_new: bool) -> Iterator[str]:
    """Texts that may have it, the best first; whoever asks looks whether they do."""
    if is_new and value is not None:
        yield from _inserted(text, path, value)
    yield from _by_tomlkit(text, path, value)


def _by_tomlkit(text: str, path: TomlPath, value: TomlValue | None) -> Iterator[str]:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    for by_parts in (True, False):
        try:
            document = tomlkit.parse(text)
            table: Any = document
            for name in path[:-1]:
                table = table[name]
            if value is None:
                del table[path[-1]]
            elif by_parts and isinstance(value, list | tuple) and isinstance(table.get(path[-1]), list):
                _in_parts(table[path[-1]], value)
            else:
                table[path[-1]] = _item(value)
            yield tomlkit.dumps(document)
        except (TOMLKitError, KeyError, TypeError, AttributeError, ValueError, IndexError):
            continue


def _in_parts(array: Any, value: Sequence[Any]) -> None:
    """Change an array part by part, so that comments between its lines stay."""
    for one in [one for one in array if one not in value]:
        array.remove(one)
    for one in value:
        if one not in array:
            array.append(one)


def _item(value: TomlValue) -> Any:
    import tomlkit

    if isinstance(value, Mapping):
        inline = tomlkit.inline_table()
        for key, one in value.items():
            inline.append(tomlkit.key(key), _item(one))
        return inline
    if isinstance(value, str | bool | int | float):
        return tomlkit.item(value)
    array = tomlkit.array()
    for one in value:
        array.append(_item(one))
    return array


def written(value: TomlValue) -> str:
    """A value as TOML writes it, on one line.

    Args:
        value: A text, a number, a truth, a list of such, or a table.
    """
    return str(_item(value).as_string())


def _key(name: str) -> str:
    import tomlkit

    return str(tomlkit.key(name).as_string())


def _inserted(text: str, path: TomlPath, value: TomlValue) -> Iterator[str]:
    """With a new line, at each place where it could stand."""
    lines = text.splitlines(keepends=True)
    end = "\r\n" if "\r\n" in text else "\n"
    table, key = path[:-1], path[-1]
    line = f"{_key(key)} = {written(value)}{end}"
    for header in _headers(text, table):
        following = (at for at in range(header + 1, len(lines)) if lines[at].lstrip().startswith("["))
        last = next(following, len(lines))
        shown = re.compile(rf"\s*#\s*{re.escape(_key(key))}\s*=")
        places = [at + 1 for at in range(header + 1, last) if shown.match(lines[at])]
        held = [at + 1 for at in range(header, last) if lines[at].strip() and not lines[at].lstrip().startswith("#")]
        for place in (*places, *reversed(held)):
            above = [*lines[:place]]
            if above and not above[-1].endswith(("\n", "\r")):
                above[-1] += end
            yield "".join([*above, line, *lines[place:]])
    gap = "" if not text else end if text.endswith("\n") else end * 2
    yield f"{text}{gap}[{'.'.join(map(_key, table))}]{end}{line}"


def _headers(text: str, table: TomlPath) -> Iterator[int]:
    """Lines that look like the heading of a table; within a text of several lines one may be none."""
    for at, line in enumerate(text.splitlines()):
        if not line.lstrip().startswith("[") or line.lstrip().startswith("[["):
            continue
        try:
            found: Any = tomllib.loads(line.strip())
        except (tomllib.TOMLDecodeError, RecursionError):
            continue
        names = []
        while isinstance(found, dict) and len(found) == 1:
            name, found = next(iter(found.items()))
            names.append(name)
        if tuple(names) == table and found == {}:
            yield at


def _with(values: Mapping[str, Any], path: TomlPath, value: TomlValue | None) -> dict[str, Any]:
    made, first = dict(values), path[0]
    if len(path) == 1:
        made.pop(first, None)
        return made if value is None else {**made, first: value}
    inner = made.get(first)
    return {**made, first: _with(inner if isinstance(inner, Mapping) else {}, path[1:], value)}


def _holds(text: str, wanted: Mapping[str, Any]) -> bool:
    try:
        return _same(tomllib.loads(_plain(text)), wanted)
    except (tomllib.TOMLDecodeError, RecursionError):
        return False


def _same(one: Any, other: Any) -> bool:
    """Whether two values are one, and of one kind: 1 is not true, nor 1.0."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and bool(one == other)


def _touches_little(text: str, made: str, there: Any) -> bool:
    """Whether no more lines are other ones than the value takes."""
    before, after = text.splitlines(keepends=True), made.splitlines(keepends=True)
    shortest = min(len(before), len(after))
    head = next((at for at in range(shortest) if before[at] != after[at]), shortest)
    tail = next((at for at in range(shortest - head) if before[-1 - at] != after[-1 - at]), shortest - head)
    changed = len(before) - head - tail
    # A new line behind one without an end changes that one.
    if there is None:
        return changed <= (0 if text.endswith(("\n", "\r")) or not text else 1)
    return changed <= max(_lines_of(there), 1)


def _lines_of(value: Any) -> int:
    """How many lines a value may take at most, with a line for each of its parts and comments between them."""
    if isinstance(value, list):
        return 2 + 3 * sum(_lines_of(one) for one in value)
    if isinstance(value, dict):
        return 2 + 2 * sum(_lines_of(one) for one in value.values())
    return 1 + value.count("\n") + 2 if isinstance(value, str) else 1


def _plain(text: str) -> str:
    return f"{text}\n"
