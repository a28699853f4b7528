"""The files of the plugin: ``templates/wordpress/``, those that end in ``.j2`` filled with a newsroom's own values."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from newsletter.letters import catalogue
from newsletter.letters.render import fill, palette
from newsletter.plugin import quoting

if TYPE_CHECKING:
    from jinja2 import Environment

    from newsletter.models import Publication

DOMAIN: Final = "wordpress"
"""Name of the plugin's catalogue, and of the folder of its templates."""
_SETTINGS: Final = "settings.php.j2"
_KINDS: Final = (".php", ".js", ".css", ".txt")
"""What belongs into a plugin; anything else in the folder is somebody's leftover."""


@dataclass(frozen=True, slots=True)
class PluginValues:
    """What makes the plugin of one newsroom."""

    publication: Publication
    pages: str
    """Address of the reader pages, without a slash at its end."""
    secret: bytes
    version: str
    """Of this program."""
    old_secret: bytes = b""
    old_until: int = 0
    """Seconds since 1970; 0 without an old secret."""
    lists: Mapping[str, str] = field(default_factory=dict)
    """Name to title of each list that one can subscribe to, the usual one first."""
    topics: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    """List to the titles of its topics, by their bit."""
    sections: Sequence[str] = ()
    """Sections of the letter that an editor can choose for a post."""
    desk: str = ""
    """Address of the editors' pages; may be empty."""


def plugin_files(environment: Environment, values: PluginValues) -> dict[str, bytes]:
    """Every file of the plugin by its path inside the plugin's folder.

    Args:
        environment: Where templates and catalogues come from, the workspace's own first.
        values: Of the newsroom.

    Raises:
        RenderError: A template or catalogue is missing or broken.
    """
    names = {
        path: name
        for name in environment.list_templates()
        if (path := name.removeprefix(f"{DOMAIN}/")) != name and _belongs(path)
    }
    settings = settings_of(environment, values)
    told = {
        "php": _php,
        "header": _header,
        "publication": values.publication,
        "version": values.version,
        "pages": values.pages,
        "colours": settings["colours"],
        "words": settings["words"],
        "parts": [PurePosixPath(path).name for path in names if path.startswith("parts/") and path.endswith(".php")],
    }
    files = {
        path.removesuffix(".j2"): _filled(environment, name, told if path.endswith(".j2") else None)
        for path, name in names.items()
        if path != _SETTINGS
    }
    # What a browser keeps of style and scripts is of this version, and asked for again with another.
    shown = b"".join(content for path, content in sorted(files.items()) if not path.endswith(".php"))
    told["settings"] = {**settings, "version": hashlib.sha256(shown).hexdigest()[:10]}
    return {**files, _SETTINGS.removesuffix(".j2"): _filled(environment, f"{DOMAIN}/{_SETTINGS}", told)}


def _belongs(path: str) -> bool:
    """Whether a file of the templates goes into the plugin; hidden ones and leftovers of editors do not."""
    return path.removesuffix(".j2").endswith(_KINDS) and "/." not in f"/{path}"


def _filled(environment: Environment, name: str, told: Mapping[str, Any] | None) -> bytes:
    if told is not None:
        return f"{fill(environment, name, told).rstrip()}\n".encode()
    source = environment.loader.get_source(environment, name)[0] if environment.loader is not None else ""
    return source.encode("utf-8")


def settings_of(environment: Environment, values: PluginValues) -> dict[str, Any]:
    """The array that ``settings.php`` gives.

    Args:
        environment: Where catalogues come from.
        values: Of the newsroom.

    Raises:
        RenderError: A catalogue is broken.
    """
    about = values.publication
    if not catalogue.speaks(environment, about.language, DOMAIN):
        about = replace(about, language="en")
    colours = palette.palette_of(about)
    return {
        "pages": values.pages,
        "secret": values.secret.hex(),
        "old_secret": values.old_secret.hex(),
        "old_until": values.old_until,
        "name": about.name,
        "site": about.url,
        "language": about.language.replace("_", "-"),
        "direction": about.direction,
        "digits": about.digits,
        "lists": dict(values.lists),
        "topics": {name: dict(titles) for name, titles in values.topics.items()},
        "sections": list(values.sections),
        "colours": {"accent": colours.accent, "on_accent": colours.on_accent},
        "desk": values.desk,
        "words": words_of(environment, about.language),
    }


def words_of(environment: Environment, language: str) -> dict[str, str]:
    """What the plugin says, English to the newsroom's language; English where it has no catalogue.

    Args:
        environment: Where catalogues come from.
        language: Language tag.

    Raises:
        RenderError: A catalogue is broken.
    """
    said = catalogue.words(environment, language, DOMAIN)
    return {text: said.gettext(text) for text in catalogue.texts(environment, "en", DOMAIN)}


def _php(value: object) -> str:
    from markupsafe import Markup

    # HTML's escaping would be the wrong one here: PHP's own has been done.
    return Markup(quoting.php(value))  # noqa: S704


def _header(text: str) -> str:
    from markupsafe import Markup

    return Markup(quoting.header(text))  # noqa: S704  one line of a comment, which it cannot end
