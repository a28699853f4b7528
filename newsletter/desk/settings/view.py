"""What the pages of the settings show, in the language of the desk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from newsletter.desk.settings.form import chosen, shown
from newsletter.desk.settings.shape import FormSetting, SettingsForm, about
from newsletter.report.page import PageWords
from newsletter.senders import registry
from newsletter.workspace import layers
from newsletter.workspace.secret_files import SECRETS

if TYPE_CHECKING:
    from markupsafe import Markup

    from newsletter.desk.frame import DeskPages
    from newsletter.errors import SettingsError
    from newsletter.wiring import Workspace

DOMAIN = "settings"
"""Name of the catalogue of labels and help."""
GROUPS: Sequence[tuple[str, tuple[str, ...]]] = (
    ("What readers see", ("newsletter", "letter", "theme", "ways", "letters", "lists", "topics", "rhythms")),
    ("How an issue is made", ("collect", "compose", "ab_test", "schedule")),
    ("How letters go", ("sender", *registry.names(), "tracking", "web", "publish")),
    ("This place", ("alerts", "desk", "database")),
)
"""Headings of the index, and the sections below each."""


@dataclass(frozen=True, slots=True)
class ShownSetting:
    """A field with what it says now."""

    field: FormSetting
    label: Markup
    help: Markup
    value: str
    ticked: tuple[str, ...]
    usual: str
    """What holds when nothing is written."""
    elsewhere: str
    """Where another place says it, which wins over the file; empty when none does."""
    is_set: bool
    """Of a secret: whether there is one."""
    is_wrong: bool
    said: Mapping[str, Markup]
    """What each of its choices is called."""


@dataclass(frozen=True, slots=True)
class SectionLink:
    """A section in the index."""

    section: str
    title: Markup
    help: Markup


def index_values(names: Sequence[str], pages: DeskPages) -> dict[str, Any]:
    """The values of the index: sections under their headings.

    Args:
        names: Sections that there are.
        pages: Of the desk.
    """
    words = PageWords(pages.environment, pages.publication, DOMAIN)
    groups = []
    for heading, firsts in GROUPS:
        found = [one for first in firsts for one in names if one.partition(".")[0] == first]
        groups.append((heading, [SectionLink(one, title_of(one, words), _short(one, words)) for one in found]))
    return {"groups": groups}


def form_values(
    form: SettingsForm,
    values: Mapping[str, Any],
    workspace: Workspace,
    pages: DeskPages,
    said: Mapping[str, Sequence[str]] | None,
    error: SettingsError | None,
) -> dict[str, Any]:
    """The values of a form.

    Args:
        form: The section.
        values: Of newsletter.toml.
        workspace: Open; says which places win over the file.
        pages: Of the desk.
        said: What somebody wrote and could not be saved; None shows what is in the file.
        error: Why it could not.
    """
    words = PageWords(pages.environment, pages.publication, DOMAIN)
    winning = _elsewhere(workspace)
    wrong = f"{error.where} {error.what}" if error is not None else ""
    fields = [
        ShownSetting(
            field,
            words.say(field.name),
            words.say(f"{field.name} help"),
            said[field.key][-1] if said is not None and field.key in said else shown(field, values),
            tuple(said.get(field.key, ())) if said is not None and field.kind == "choices" else _ticked(field, values),
            _usual(field),
            winning.get(".".join(field.path), ""),
            bool(_known(workspace, field)) if field.kind == "secret" else True,
            bool(wrong) and (error is not None and (error.where == field.key or f": {field.key}:" in wrong)),
            {one: _called(one, words) for one in field.choices if one},
        )
        for field in form.fields
    ]
    return {
        "form": form,
        "title": title_of(form.section, words),
        "about": _about(form.section, words),
        "fields": fields,
        "error": error,
    }


def _called(value: str, words: PageWords) -> Markup:
    """What a choice is called; the value itself where the catalogue has no word for it."""
    told = words.say(f"= {value}")
    return words.html(value) if told.startswith("=") else told


def title_of(section: str, words: PageWords) -> Markup:
    """What a section is called.

    Args:
        section: As in an address.
        words: Of the catalogue of settings.
    """
    from markupsafe import Markup

    first, _, rest = section.partition(".")
    if not rest:
        return words.say(section)
    if first == "letters":
        return words.say(section)
    return Markup("{}: {}").format(words.say(f"{first}.LIST"), words.html(rest))


def _short(section: str, words: PageWords) -> Markup:
    """What the index says of a section; of each small letter what it is for."""
    return words.say(f"{section} help") if section.startswith("letters.") else _about(section, words)


def _about(section: str, words: PageWords) -> Markup:
    return words.say(about(section))


def _ticked(field: FormSetting, values: Mapping[str, Any]) -> tuple[str, ...]:
    return chosen(field, values) if field.kind == "choices" else ()


def _usual(field: FormSetting) -> str:
    return "" if field.kind in {"switch", "choice", "choices", "table", "topics"} else shown(field, {})


def _known(workspace: Workspace, field: FormSetting) -> Any:
    """The value of a secret, of which only is told whether there is one."""
    section, key = field.path[0], field.path[-1]
    settings = workspace.settings
    if section == "database":
        return settings.database_url.startswith("postgresql")
    holder = settings.options.get(section) or getattr(settings, section, None)
    return getattr(holder, key, "")


def _elsewhere(workspace: Workspace) -> dict[str, str]:
    """Settings that a file of secrets, ``.env`` or the environment says, each with the place."""
    from newsletter.workspace.schema import schema

    found: dict[str, str] = {}
    for layer in (
        layers.secrets_layer(workspace.root / SECRETS, schema().model_fields),
        layers.env_file_layer(workspace.root / ".env"),
        layers.environment_layer(workspace.environment, lambda name: name),
    ):
        found |= {key: place.removeprefix(f"{workspace.root}/") for key, place in layer.names.items() if "." in key}
    return found
