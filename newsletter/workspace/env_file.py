"""The file ``.env``, read strictly: a line that says nothing, or may say something else than it seems, is an error.

The grammar is python-dotenv's, which passes over such lines with a word in a log; then a key is missing, and letters
stay in the outbox. Lines of other programs in the same file are left alone as long as they can be read.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.errors import SettingsError

if TYPE_CHECKING:
    from dotenv.parser import Binding

PREFIX = "NASHRA_"
_CURLY = "“”„‟‘’‚‛″"
_ESCAPES = re.compile(r"\\(?:[\\'\"abfnrtv]|(.))", re.DOTALL)
_VARIABLE = re.compile(r"\$\{([^}:]*)\}")
"""Another variable in a value, without a default."""
_FORM = 'name it NASHRA_SECTION__KEY="value"'


@dataclass(frozen=True, slots=True)
class EnvironmentFile:
    """What a file ``.env`` says."""

    values: Mapping[str, str]
    """Its variables, those of other programs too."""
    lines: Mapping[str, int]
    """The line in which each of our own stands."""


def read(text: str, path: Path) -> EnvironmentFile:
    """Read the file.

    Args:
        text: The whole file.
        path: For messages.

    Raises:
        SettingsError: One problem for each line of its text; no value is shown, since it may be a secret.
    """
    from io import StringIO

    from dotenv import dotenv_values
    from dotenv.parser import parse_stream

    lines: dict[str, int] = {}
    faults: list[str] = []
    seen: set[str] = set()
    for binding in parse_stream(StringIO(text)):
        line = binding.original.line + _before(binding.original.string)
        faults += [f"{path}:{line}: {fault}" for fault in _faults(binding)]
        name = binding.key or ""
        if name.startswith(PREFIX):
            if name in lines:
                faults.append(f"{path}:{line}: {name} is here a second time, first in line {lines[name]}; keep one")
            lines.setdefault(name, line)
            unset = [one for one in _VARIABLE.findall(binding.value or "") if one not in {*os.environ, *seen}]
            faults += [f"{path}:{line}: {name} takes in ${{{one}}}, which is not set" for one in unset]
        seen.add(name)
    if faults:
        raise SettingsError("\n".join(faults))
    values = {name: value for name, value in dotenv_values(stream=StringIO(text)).items() if value is not None}
    return EnvironmentFile(values, lines)


def _before(text: str) -> int:
    """Line ends before the first sign of a piece: the parser counts empty lines to what follows them."""
    blank = text[: len(text) - len(text.lstrip())]
    return len(re.findall(r"\r\n|\n|\r", blank))


def _faults(binding: Binding) -> Iterator[str]:
    written = binding.original.string.strip()
    name = binding.key
    if binding.error:
        yield _unreadable(written)
        return
    if name is None:
        return
    value = binding.value
    if value is None:
        yield f"{_shown(name)} is no assignment, since it has no equals sign; {_FORM}, or begin the line with #"
        return
    if not name.startswith(PREFIX):
        if _plain(name).upper().replace("-", "_").startswith(PREFIX):
            hidden = " without the invisible sign in it" if _plain(name) != name else " in capitals and low lines"
            yield f"{_shown(name)} is not read; write {PREFIX}…{hidden}"
        elif re.search(rf"^\s*(export\s+)?{PREFIX}", value, re.MULTILINE) and "\n" in value:
            yield f"the quotes of {_shown(name)} end in a later line, and a setting is in between; close them before it"
        return
    yield from _value_faults(name, value, written.partition("=")[2].lstrip())


def _unreadable(written: str) -> str:
    """What is wrong with a line that the parser gives up; its value is not shown."""
    name, equals, rest = written.partition("=")
    name = _shown(name.removeprefix("export ").strip())
    rest = rest.lstrip()
    if not equals:
        return f"this is no assignment; {_FORM}, or begin the line with #"
    if rest[:1] in {'"', "'"}:
        closed = rest.count(rest[0]) > 1
        what = "something stands behind its closing quotes" if closed else f"its quotes {rest[0]} are not closed"
        return f"{name}: {what}; write the value between two of the same quotes, and \\{rest[0]} for one inside"
    return f"{name} cannot be read; {_FORM}"


def _value_faults(name: str, value: str, written: str) -> Iterator[str]:
    quote = written[:1] if written[:1] in {'"', "'"} else ""
    if "\n" in value or "\r" in value:
        if "\\n" not in written and "\\r" not in written:
            yield f"{name}: its quotes end in a later line; close them in its own"
        else:
            yield f"{name}: no setting holds a line break; write \\\\n for a backslash and an n"
    elif not value and not quote:
        yield f'{name} is empty; write its value, or take the line out ({name}="" if it is to be empty)'
    elif value[:1] in set(_CURLY) or (not quote and value[-1:] in set(_CURLY)):
        yield f'{name}: the quotes around its value are curly ({value[0]} …); use straight ones: {name}="value"'
    elif not quote and value[-1:] in {'"', "'"}:
        yield f"{name}: its value ends with a quote that none begins; write it between two of the same quotes"
    elif value != _plain(value):
        yield f"{name}: an invisible sign stands before or behind its value; type the line anew"
    if quote == '"':
        unknown = [match[1] for match in _ESCAPES.finditer(written[1:]) if match[1]]
        if unknown:
            yield (
                f"{name}: \\{unknown[0]} is no sign that double quotes know; write \\\\ for a backslash, or use single "
                "quotes"
            )


def _plain(text: str) -> str:
    """A text without signs at its ends that nobody sees: direction marks, zero-width ones, spaces of other widths."""
    while text and (unicodedata.category(text[0]) == "Cf" or text[0].isspace()):
        text = text[1:]
    while text and (unicodedata.category(text[-1]) == "Cf" or text[-1].isspace()):
        text = text[:-1]
    return text


def _shown(name: str) -> str:
    """A name as it can be shown: a line without an equals sign may be a secret by itself."""
    plain = _plain(name)
    return plain if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]{0,60}", plain) and plain == plain.upper() else "this line"
