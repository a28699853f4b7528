"""What somebody wrote into a form of the settings, as values of TOML; and values as a form shows them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from newsletter.desk.settings.shape import FormSetting, SettingsForm
from newsletter.errors import SettingsError
from newsletter.text.toml_editing import TomlPath, TomlValue, value_at

_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹٫", "01234567890123456789.")
_INTEGER = re.compile(r"-?\d{1,18}")
_NUMBER = re.compile(r"-?\d{1,18}(?:\.\d{1,9})?")


def shown(field: FormSetting, values: Mapping[str, Any]) -> str:
    """What stands in a field of the form.

    Args:
        field: The setting.
        values: Of newsletter.toml.
    """
    value = value_at(values, field.path)
    return written(field, field.default if value is None else value)


def chosen(field: FormSetting, values: Mapping[str, Any]) -> tuple[str, ...]:
    """What of several things is ticked.

    Args:
        field: Of kind ``choices``.
        values: Of newsletter.toml.
    """
    value = value_at(values, field.path)
    value = field.default if value is None else value
    if isinstance(value, bool):
        return field.choices if value else ()
    return tuple(map(str, value)) if isinstance(value, list | tuple) else _parts(str(value), ",")


def written(field: FormSetting, value: Any) -> str:
    """A value as text of its field.

    Args:
        field: The setting.
        value: As TOML has it.
    """
    if field.kind == "topics" and isinstance(value, Mapping):
        return "\n".join(f"{number} = {_topic(one)}" for number, one in value.items())
    if isinstance(value, Mapping):
        return "\n".join(f"{name} = {_plain(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return "\n".join(_plain(one) for one in value)
    return _plain(value)


def changes(
    form: SettingsForm, values: Mapping[str, Any], said: Mapping[str, Sequence[str]]
) -> dict[TomlPath, TomlValue | None]:
    """What is to be written into the file: only what somebody changed.

    Args:
        form: The section.
        values: Of newsletter.toml, as they are.
        said: All values of each field of the form.

    Raises:
        SettingsError: A field cannot be understood; its ``where`` is the name of the field.
    """
    found: dict[TomlPath, TomlValue | None] = {}
    for field in form.fields:
        if field.kind in {"secret", "fixed"}:
            continue
        if field.kind == "choices":
            ticked = tuple(one for one in field.choices if one in said.get(field.key, ()))
            if ticked != tuple(one for one in field.choices if one in chosen(field, values)):
                found[field.path] = list(ticked)
        elif field.key in said:
            text = said[field.key][-1].replace("\r\n", "\n").strip()
            if text != shown(field, values).strip():
                found |= _each(field, value_at(values, field.path), _value(field, text))
    return found


def _each(field: FormSetting, before: Any, value: TomlValue | None) -> dict[TomlPath, TomlValue | None]:
    """What is written for one field: of a table each key alone, so that the others keep their lines."""
    if field.kind not in {"table", "topics"} or (before is None and field.name == "letter.links"):
        return {field.path: value}
    old = before if isinstance(before, Mapping) else {}
    new = value if isinstance(value, Mapping) else {}
    return {(*field.path, key): new.get(key) for key in dict.fromkeys((*old, *new))}


def _value(field: FormSetting, text: str) -> TomlValue | None:
    """The value of a text; None takes the key out, so that its default holds again."""
    if not text and not field.required:
        return None
    match field.kind:
        case "switch":
            return text == "true"
        case "number":
            return _number(field, text)
        case "choice":
            # [theme] contents is one of two truths, or a word.
            return {"true": True, "false": False}.get(text, text) if "true" in field.choices else text
        case "lines":
            return list(_parts(text, "\n"))
        case "table":
            return _table(field, text)
        case "topics":
            return _topics(field, text)
    return text


def _number(field: FormSetting, text: str) -> TomlValue:
    if text in field.words:
        return text
    plain = text.translate(_DIGITS).replace(",", "").replace("٬", "")
    if _INTEGER.fullmatch(plain):
        return int(plain)
    if field.number == "number" and _NUMBER.fullmatch(plain):
        return float(plain)
    raise SettingsError(f"a number is wanted, and {text!r} is none", where=field.key)


def _table(field: FormSetting, text: str) -> dict[str, TomlValue]:
    found: dict[str, TomlValue] = {}
    for name, value in _pairs(field, text):
        found[name] = _number(field, value) if field.number else value
    return found


def _topics(field: FormSetting, text: str) -> dict[str, TomlValue]:
    """Lines such as ``1 = رياضة: كرة القدم``: a number, what readers choose by, and sections that belong to it."""
    found: dict[str, TomlValue] = {}
    for number, said in _pairs(field, text):
        title, _, rest = said.partition(":")
        several = [one.strip() for one in re.split("[,،]", rest) if one.strip()]
        found[number.translate(_DIGITS)] = {"title": title.strip(), "sections": several} if several else title.strip()
    return found


def _topic(one: Any) -> str:
    if not isinstance(one, Mapping):
        return _plain(one)
    several = one.get("sections") or ()
    several = several.split(",") if isinstance(several, str) else several
    return f"{one.get('title', '')}: {'، '.join(map(str, several))}" if several else str(one.get("title", ""))


def _pairs(field: FormSetting, text: str) -> list[tuple[str, str]]:
    found = []
    for line in _parts(text, "\n"):
        name, sign, value = line.partition("=")
        if not sign or not name.strip() or not value.strip():
            raise SettingsError(f"each line is written NAME = VALUE, and {line!r} is not", where=field.key)
        found.append((name.strip(), value.strip()))
    return found


def _parts(text: str, sign: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in text.split(sign) if one.strip())


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) and value.is_integer() else str(value)
