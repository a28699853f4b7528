"""What one place says of the settings: newsletter.toml, files of secrets, ``.env``, the environment; unchecked."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from newsletter.errors import SettingsError
from newsletter.text.toml import duplicate_in
from newsletter.workspace.secret_files import secret_files

KEYS = "keys.toml"
PEOPLE = "desk.toml"
"""The file of secrets with the people of the desk; see `newsletter.workspace.people`."""
SITE_PLUGIN = "wordpress.toml"
"""The file with the secret that the plugin inside WordPress has too; see `newsletter.workspace.plugin_secret`."""
SITE_ACCESS = "wordpress.password"
"""The file with which we come in at that WordPress; see `newsletter.workspace.site_access`."""
_NO_SETTINGS = frozenset({KEYS, PEOPLE, SITE_PLUGIN, SITE_ACCESS})
"""Files of secrets that others read."""
PREFIX = "NASHRA_"
DEBUG = "NASHRA_DEBUG"
"""The one variable with our prefix that is no setting: it shows where a fault happened."""


@dataclass(frozen=True, slots=True)
class SettingsLayer:
    """What one place says: the file, the secrets, ``.env`` or the environment."""

    values: dict[str, Any]
    names: Mapping[str, str]
    """``section.key`` to how this layer calls it."""


def file_layer(path: Path, text: str | None = None) -> SettingsLayer:
    """What newsletter.toml says.

    Args:
        path: Of the file.
        text: What it is to say; None reads it.

    Raises:
        SettingsError: It cannot be read, or is no TOML.
    """
    text = _text(path) if text is None else text
    try:
        values = tomllib.loads(f"{text}\n")  # without a last line end, the line of a fault is not told
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(_toml_words(error, text, path)) from None
    except RecursionError:
        raise SettingsError("is no file of settings", where=str(path), mend="take out the many brackets") from None
    return SettingsLayer(values, _lines(text, path))


def env_file_layer(path: Path) -> SettingsLayer:
    """What ``.env`` says; nothing when there is none.

    Args:
        path: Of the file.

    Raises:
        SettingsError: It cannot be read, or has a name of ours that is no setting.
    """
    if not path.is_file():
        return SettingsLayer({}, {})
    from newsletter.workspace import env_file

    file = env_file.read(_text(path), path)
    return environment_layer(file.values, lambda name: f"{path}:{file.lines[name]}: {name}")


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise SettingsError("is not UTF-8 text", where=str(path), mend="save it as UTF-8") from None
    except OSError as error:
        raise SettingsError(
            f"cannot be read ({error.strerror})", where=str(path), mend="make it a file that you may read"
        ) from None


def _toml_words(error: tomllib.TOMLDecodeError, text: str, path: Path) -> str:
    if (found := duplicate_in(text, error)) is not None:
        return f"{path}:{found.second}: {found.name} is here a second time, first in line {found.first}; {found.mend}"
    match = re.search(r"\(at line (\d+), column \d+\)", str(error))
    line = f":{match[1]}" if match else ""
    reason = re.sub(r" \(at .*\)", "", str(error))
    reason = reason[:1].lower() + reason[1:]
    lines = text.splitlines()
    wrong = lines[int(match[1]) - 1] if match and int(match[1]) <= len(lines) else ""
    return f"{path}{line}: is not valid TOML ({reason}); {_toml_mend(reason, wrong)}"


def _toml_mend(reason: str, line: str) -> str:
    """What to do about a line that is no TOML, by what is typed wrong mostly."""
    outside = re.sub(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|#.*', "", line)
    if re.search("[“”„‘’]", outside):
        return 'quotation marks around a text are straight ones: key = "text"'
    if re.search("[،؛]", outside):
        return "commas of a list are Latin ones: [12, 13]"
    if re.search(r"[^\W\d_a-zA-Z]", outside.partition("=")[0]):
        return "names of keys are Latin ones, such as those of the docs"
    if re.search("[٠-٩۰-۹]", outside):
        return "write numbers with the digits 0 to 9"
    if "date" in reason or re.search(r"\d+[/.]\d+[/.]\d+|\d{4}-\d\d?-\d\d?", outside):
        return "a day is written 2026-12-31, without quotes, and is one of the calendar"
    if outside.count('"') == 1 or outside.count("'") == 1:
        return "a text ends with the mark it begins with"
    if "declaration" in reason:
        return "as many brackets close a heading as open it"
    if "array" in reason:
        return "a list ends with ], and commas stand between its parts"
    if re.search(r"=\s*$", outside):
        return "write something behind the =, or take the line out"
    return 'text stands in quotes: key = "text"'


def _lines(text: str, path: Path) -> dict[str, str]:
    names: dict[str, str] = {}
    section, count = "", Counter[str]()
    for number, line in enumerate(text.splitlines(), 1):
        if one_of := re.match(r"\s*\[\[\s*([\w.-]+)\s*\]\]", line):
            # One of several tables of a name, which pydantic numbers from 0.
            section = f"{one_of[1]}.{count[one_of[1]]}"
            count[one_of[1]] += 1
            names[section] = f"{path}:{number}: [[{one_of[1]}]]"
            names.setdefault(one_of[1], names[section])
        elif header := re.match(r"\s*\[([\w.-]+)\]", line):
            section = header[1]
            names[section] = f"{path}:{number}: [{section}]"
        elif key := re.match(r"\s*([\w-]+)\s*=", line):
            names[f"{section}.{key[1]}" if section else key[1]] = f"{path}:{number}: {key[1]}"
    return names


def secrets_layer(
    folder: Path,
    sections: Collection[str],
    faults: list[str] | None = None,
    unread: set[str] | None = None,
) -> SettingsLayer:
    """What the files of secrets say.

    Args:
        folder: That they are in.
        sections: Those of the settings.
        faults: Where to tell of files that cannot be read, which are passed over then; None raises.
        unread: Where to put the sections of such files.

    Raises:
        SettingsError: A file cannot be read, or bears the name of no setting.
    """
    values: dict[str, Any] = {}
    names = {}
    for name, path in secret_files(folder).items():
        if name in _NO_SETTINGS or name.startswith("."):
            continue
        section, dot, key = name.partition(".")
        try:
            if not dot or section not in sections:
                # A misnamed secret that is silently ignored costs an evening.
                raise SettingsError(
                    "is not the name of a setting",
                    where=str(path),
                    mend="name it SECTION.KEY, for example database.url",
                )
            values.setdefault(section, {})[key] = _text(path).strip()
        except SettingsError as error:
            if faults is None or unread is None:
                raise
            faults.append(str(error))
            unread.add(section)
            continue
        names[f"{section}.{key}"] = f"{path}"
    return SettingsLayer(values, names)


def environment_layer(variables: Mapping[str, str], place: Callable[[str], str]) -> SettingsLayer:
    """What variables say.

    Args:
        variables: Names and values; only names that start with ``NASHRA_`` are looked at.
        place: Gives how a variable is called in messages.

    Raises:
        SettingsError: A name of ours that is no setting.
    """
    values: dict[str, Any] = {}
    names = {}
    for name, value in sorted(variables.items()):
        section, separator, key = name.removeprefix(PREFIX).lower().partition("__")
        if not name.startswith(PREFIX) or name == DEBUG:
            continue
        if not separator:
            raise SettingsError(
                "is not the name of a setting",
                where=place(name),
                mend=f"name it {PREFIX}SECTION__KEY, for example {PREFIX}WEB__URL",
            )
        values.setdefault(section, {})[key] = value
        names[f"{section}.{key}"] = names[section] = place(name)
    return SettingsLayer(values, names)
