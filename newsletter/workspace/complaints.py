"""What is wrong with the settings, in words: which layer says it, what was found there and what is wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from newsletter.senders import registry
from newsletter.workspace.layers import SettingsLayer

if TYPE_CHECKING:
    from pydantic import ValidationError

    from newsletter.workspace.schema import Schema


def complaints(
    error: ValidationError, layers: Sequence[SettingsLayer], file: Path, schema: type[Schema]
) -> Iterator[str]:
    """What is wrong with the settings, each with its place and what is wanted there.

    Args:
        error: Of the schema, for all layers together.
        layers: The later of them win.
        file: The newsletter.toml, for what is written nowhere.
        schema: Which settings there are.
    """
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"])
        named = named_by(key, layers) or f"{file}: {key}"
        if problem["type"] == "missing":
            # Of one of several tables of a name, the line of that table says which of them it is.
            table, _, name = key.rpartition(".")
            written = named_by(table, layers) if any(part.isdecimal() for part in table.split(".")) else ""
            said = f"{written}: {name}" if written else f"{file}: {key}"
            yield f"{said} is missing; add it ({_wanted(key, schema)})"
        elif problem["type"] == "extra_forbidden":
            yield f"{named} is not a setting; {_nearest(key, schema)}"
        elif problem["type"] == "model_type":
            named = next((layer.names[key] for layer in layers if key in layer.names), named)
            whole = f"[[{key.rpartition('.')[0]}]]" if key.rpartition(".")[2].isdecimal() else f"[{key}]"
            yield f"{named}: found {problem['input']!r}, but a section is wanted: {whole}"
        else:
            words = problem["msg"].removeprefix("Value error, ")
            if problem["type"] == "list_type" and isinstance(problem["input"], dict):
                yield f"{named}: a table of which there can be several is wanted, in two brackets: [[{key}]]"
                continue
            if key.rpartition(".")[2].isdecimal() and isinstance(problem["input"], dict):
                # Of a whole table, which stands there to be read.
                yield f"{named}: {words}"
                continue
            yield f"{named}: found {_shown(key, problem['input'])}, but {words[:1].lower()}{words[1:]}"


def named_by(key: str, layers: Sequence[SettingsLayer]) -> str:
    """How the last layer that sets a key calls it; for a part of a value, what the value is called.

    Args:
        key: ``section.name``, as the schema writes it.
        layers: The later of them win.
    """
    parts = key.split(".")
    for length in range(len(parts), 1, -1):
        whole = ".".join(parts[:length])
        for layer in reversed(layers):
            if whole in layer.names:
                return layer.names[whole]
    return next((layer.names[key] for layer in reversed(layers) if key in layer.names), "")


def _shown(key: str, value: object) -> str:
    secret = {"database.url", "alerts.url", "alerts.command", "web.metrics"} | registry.secret_keys()
    if isinstance(value, dict):
        value = {name: "a secret" if f"{key}.{name}" in secret else one for name, one in value.items()}
    if isinstance(value, date | time):  # as TOML writes it, not as Python does
        return value.isoformat()
    if key in secret:
        return "a secret"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _wanted(key: str, schema: type[Schema]) -> str:
    section, _, name = key.partition(".")
    field = schema.model_fields.get(section)
    if field is None or not name:
        return f"a section [{section}]"
    model, name = _of_list(field.annotation, name)
    inner = getattr(model, "model_fields", {}).get(name)
    if inner is None or not inner.examples:
        return "see the comments of a fresh newsletter.toml"
    return f"text, for example {inner.examples[0]}"


def _nearest(key: str, schema: type[Schema]) -> str:
    import difflib

    section, _, name = key.partition(".")
    fields = schema.model_fields
    inside: Any = fields[section].annotation if name and section in fields else schema
    inside, name = _of_list(inside, name)
    if section in {"lists", "letters"} and "." in name:  # [lists.NAME]: the same keys under every name
        name, inside = name.rpartition(".")[2], get_args(inside)[1]
    known = list(getattr(inside, "model_fields", {}))
    near = difflib.get_close_matches(name or section, known, 1)
    return f"did you mean {near[0]}?" if near else "known here: " + ", ".join(known)


def _of_list(model: Any, name: str) -> tuple[Any, str]:
    """What a list of tables has for each of them, and the key within the table; else the same."""
    number, _, inner = name.partition(".")
    return (get_args(model)[0], inner) if number.isdecimal() and get_args(model) else (model, name)
