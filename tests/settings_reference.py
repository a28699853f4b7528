"""docs/settings.md, made from the schema that settings are checked against; ``make docs`` writes it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from newsletter.workspace import schema

PATH = Path(__file__).resolve().parents[1] / "docs" / "settings.md"

HEAD = """\
# Settings

The tables are made from the schema of the settings by `make docs`; a test holds them equal.

`newsletter init` writes `newsletter.toml` with every key and a comment. The same key can be set in four places; later
ones win:

1. `newsletter.toml`
2. a file `secrets/<section>.<key>`, for example `secrets/database.url` (good for passwords: the folder is ignored by
   git)
3. `.env` beside `newsletter.toml`, as `NASHRA_<SECTION>__<KEY>=…`
4. the environment, by the same name: `NASHRA_SENDER__OUTBOX=/var/mail/nashra`

What a command is given as an option wins over all of them. Lists are written with commas outside the TOML file. A
wrong setting is told with its place, key, what was found and what is wanted.

A number has its limits beside it. A key without a default is empty: what it describes does not happen, or is chosen
as its meaning says.
"""

TAIL = """
## The secret keys

`secrets/keys.toml` is made once by `newsletter init`, readable by its owner only, and ignored by git. It signs the
links in letters: keep a copy, since without it the links in letters that went out no longer open. To change the
signing key, add a line with the next number under `[tokens]`; the highest number signs, and links of the one before
still open. Keep at most two.

## More about some of them

- What survives a power cut, and what `fsync` costs: [operating.md](operating.md). How many connections mail servers
  take: [smtp.md](smtp.md#connections).
- Without `[web] url` everything is done [by mail](serving.md#without-a-server); behind a proxy see
  [serving.md](serving.md#behind-a-proxy).
- What `[rhythms]`, `[topics]` and `[schedule]` do together: [rhythms.md](rhythms.md). Templates of your own:
  [templates.md](templates.md).
"""


@dataclass(frozen=True)
class Setting:
    """One key of newsletter.toml."""

    section: str
    key: str
    kind: str
    """What it may be, in words."""
    default: str
    meaning: str
    """The description in the schema; empty when there is none."""


def settings() -> Iterator[Setting]:
    """Every setting of the schema, in its order."""
    for section, about in _sections():
        for key, value in about["properties"].items():
            words = " ".join(value.get("description", "").split())
            yield Setting(section, key, _kind(value), _default(key, value, about), words)


def missing() -> list[str]:
    """The settings that do not say what they mean."""
    return [f"[{one.section}] {one.key}" for one in settings() if not one.meaning]


def text() -> str:
    """The whole file."""
    parts = [HEAD]
    every = list(settings())
    for section, about in _sections():
        parts.append(f"\n## [{section}]\n\n{about.get('description', '')}\n")
        parts.append("\n| key | what it may be | default | meaning |\n|---|---|---|---|\n")
        parts += [
            f"| {one.key} | {one.kind} | {one.default} | {_cell(one.meaning)} |\n"
            for one in every
            if one.section == section
        ]
    return "".join([*parts, TAIL])


def _sections() -> Iterator[tuple[str, Mapping[str, Any]]]:
    # The sections of providers are added to those that every workspace has.
    whole = schema.schema() if hasattr(schema, "schema") else schema.Schema
    found = whole.model_json_schema(by_alias=True)
    for name, value in found["properties"].items():
        yield _section(name, _resolved(value, found["$defs"]), found["$defs"])


def _section(name: str, value: Mapping[str, Any], known: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """A section, or what every section of a family has: ``[lists.NAME]``, ``[topics.NAME]`` with ``NUMBER.title``."""
    if "properties" in value:
        properties = {key: _resolved(one, known) for key, one in value["properties"].items()}
        return name, {**value, "properties": properties}
    one = _every(value, known)
    if "properties" in one:
        return f"{name}.{'KIND' if name == 'letters' else 'LIST'}", {
            **one,
            "properties": {key: _resolved(part, known) for key, part in one["properties"].items()},
        }
    one = _every(one, known)
    properties = {f"NUMBER.{key}": _resolved(part, known) for key, part in one["properties"].items()}
    required = [f"NUMBER.{key}" for key in one.get("required", ())]
    return f"{name}.LIST", {"description": one["description"], "properties": properties, "required": required}


def _every(value: Mapping[str, Any], known: Mapping[str, Any]) -> Mapping[str, Any]:
    """What stands under whatever name in a table."""
    inner = value.get("additionalProperties") or next(iter(value["patternProperties"].values()))
    return _resolved(inner, known)


def _resolved(value: Mapping[str, Any], known: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in value:
        value = {**known[value["$ref"].rpartition("/")[2]], **{key: one for key, one in value.items() if key != "$ref"}}
    return value


def _kind(value: Mapping[str, Any]) -> str:
    if "enum" in value:
        *most, last = (f"`{one}`" for one in value["enum"] if one)
        return f"{', '.join(most)} or {last}" if most else last
    if "anyOf" in value:
        return " or ".join(f"`{one['const']}`" if "const" in one else _kind(one) for one in value["anyOf"])
    match value.get("type"):
        case "boolean":
            return "`true` or `false`"
        case "integer" | "number" as kind:
            words = "whole number" if kind == "integer" else "number"
            return f"{words}, {value['minimum']:,.10g} to {value['maximum']:,.10g}"
        case "array":
            limits = [f"at least {value['minItems']}"] if "minItems" in value else []
            limits += [f"at most {value['maxItems']}"] if "maxItems" in value else []
            return ", ".join([f"list of {_kind(value['items']).replace(' or ', ', ')}", *limits])
        case "object":
            inner = value.get("additionalProperties")
            return f"table: name = {_kind(inner)}" if isinstance(inner, dict) else "table: name = text"
        case "string":
            return "text"
    raise AssertionError(f"nobody has said how to tell {value}")


def _default(key: str, value: Mapping[str, Any], section: Mapping[str, Any]) -> str:
    if key in section.get("required", ()):
        return "(required)"
    default = value.get("default")
    if default in ("", [], {}, None):
        return ""
    if isinstance(default, list):
        return ", ".join(f"`{one}`" for one in default)
    return f"`{default}`" if isinstance(default, str) else f"`{json.dumps(default).removesuffix('.0')}`"


def _cell(words: str) -> str:
    return words.replace("|", "\\|")


if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
