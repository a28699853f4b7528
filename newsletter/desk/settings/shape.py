"""The forms of the settings, made from the schema that newsletter.toml is checked against. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from newsletter.senders import registry
from newsletter.text.toml_editing import TomlPath

FieldKind = Literal[
    "line", "words", "number", "switch", "choice", "choices", "lines", "table", "topics", "secret", "fixed"
]
"""How a setting is asked for. ``secret`` and ``fixed`` are told, and not asked for."""

SECRETS = registry.secret_keys() | {"database.url", "alerts.url", "alerts.command", "web.metrics"}
"""Settings whose value no page shows."""
_RETIRED = frozenset({"open_tracking", "click_tracking"})
_LONG = frozenset({"words"})


@dataclass(frozen=True, slots=True)
class FormSetting:
    """One setting as a form asks for it."""

    path: TomlPath
    """Where it stands in newsletter.toml."""
    name: str
    """As the schema has it, ``lists.LIST.from``; what a catalogue knows it by."""
    kind: FieldKind
    choices: tuple[str, ...] = ()
    default: Any = ""
    required: bool = False
    number: Literal["integer", "number", ""] = ""
    """What kind of numbers it takes; empty for none."""
    words: tuple[str, ...] = ()
    """What may stand instead of a number: ``auto``."""

    @property
    def key(self) -> str:
        """Name of its field in the form."""
        return self.path[-1]


@dataclass(frozen=True, slots=True)
class SettingsForm:
    """One section with its fields."""

    section: str
    """As in an address: ``letter``, ``lists.readers``."""
    name: str
    """As the schema has it: ``letter``, ``lists.LIST``."""
    fields: tuple[FormSetting, ...]


@cache
def _schema() -> Mapping[str, Any]:
    from newsletter.workspace.schema import schema

    made: Mapping[str, Any] = schema().model_json_schema(by_alias=True)
    return made


def sections(values: Mapping[str, Any], lists: Sequence[str]) -> list[str]:
    """The sections that there is a form for, in the order of the schema.

    Args:
        values: Of newsletter.toml, as tomllib reads them.
        lists: Names of the lists of this newsroom.
    """
    found: list[str] = []
    for name, about in _schema()["properties"].items():
        inner = _resolved(about)
        if "properties" in inner:
            found.append(name)
        elif name == "letters":
            found += [f"letters.{kind}" for kind in _kinds(about)]
        else:
            named = values.get(name)
            there = list(named) if isinstance(named, Mapping) else []
            found += [f"{name}.{one}" for one in dict.fromkeys((*lists, *there))]
    return found


def form_of(section: str) -> SettingsForm:
    """The form of a section.

    Args:
        section: One of ``sections``.
    """
    first, _, rest = section.partition(".")
    about = _schema()["properties"][first]
    if not rest:
        return SettingsForm(section, first, tuple(_fields(_resolved(about), (first,), first)))
    if first == "topics":
        field = FormSetting((first, rest), "topics.LIST", "topics", default={})
        return SettingsForm(section, "topics.LIST", (field,))
    name = f"{first}.{'KIND' if first == 'letters' else 'LIST'}"
    return SettingsForm(section, name, tuple(_fields(_every(about), (first, rest), name)))


def about(section: str) -> str:
    """What a section is for, in English.

    Args:
        section: One of ``sections``.
    """
    inner = _resolved(_schema()["properties"][section.partition(".")[0]])
    while "properties" not in inner:
        inner = _every(inner)
    return str(inner.get("description", ""))


def _fields(about: Mapping[str, Any], path: TomlPath, name: str) -> Iterator[FormSetting]:
    required = about.get("required", ())
    for key, value in about["properties"].items():
        if key not in _RETIRED:
            yield _field(_resolved(value), (*path, key), f"{name}.{key}", required=key in required)


def _field(about: Mapping[str, Any], path: TomlPath, name: str, *, required: bool) -> FormSetting:
    default = about.get("default", "")
    key = ".".join(path)
    if key in SECRETS or about.get("by_hand"):
        return FormSetting(path, name, "secret" if key in SECRETS else "fixed", default=default, required=required)
    if "anyOf" in about:
        words = tuple(str(one["const"]) for one in about["anyOf"] if "const" in one)
        other = next(_resolved(one) for one in about["anyOf"] if "const" not in one)
        if other.get("type") == "boolean":
            return FormSetting(path, name, "choice", (*words, "true", "false"), default, required)
        return FormSetting(path, name, "number", (), default, required, _number(other), words)
    if "enum" in about:
        return FormSetting(path, name, "choice", tuple(map(str, about["enum"])), default, required)
    match about.get("type"):
        case "boolean":
            return FormSetting(path, name, "switch", (), default, required)
        case "integer" | "number":
            return FormSetting(path, name, "number", (), default, required, _number(about))
        case "array":
            items = _resolved(about["items"])
            several = tuple(map(str, items["enum"])) if "enum" in items else ()
            return FormSetting(path, name, "choices" if several else "lines", several, default, required)
        case "object":
            inner = about.get("additionalProperties")
            numbers = isinstance(inner, Mapping) and _resolved(inner).get("type") in {"integer", "number"}
            return FormSetting(path, name, "table", (), default, required, "number" if numbers else "")
    return FormSetting(path, name, "words" if path[-1] in _LONG else "line", (), default, required)


def _number(about: Mapping[str, Any]) -> Literal["integer", "number"]:
    return "integer" if about.get("type") == "integer" else "number"


def _resolved(about: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in about:
        named = _schema()["$defs"][about["$ref"].rpartition("/")[2]]
        about = {**named, **{key: one for key, one in about.items() if key != "$ref"}}
    return about


def _every(about: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = about.get("additionalProperties") or next(iter(about["patternProperties"].values()))
    return _resolved(inner)


def _kinds(about: Mapping[str, Any]) -> tuple[str, ...]:
    names = _resolved(about.get("propertyNames", {}))
    return tuple(map(str, names.get("enum", ())))
