"""The pages of the desk filled: templates, words, and the frame around them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from rcssmin import cssmin
from rjsmin import jsmin

from newsletter.letters import catalogue
from newsletter.letters.render import palette
from newsletter.letters.render.fill import fill
from newsletter.letters.templates import templates_dir
from newsletter.report.page.wording import PageWords

if TYPE_CHECKING:
    from jinja2 import Environment

    from newsletter.models import Publication

DOMAIN = "desk"
"""Name of the catalogue of the desk."""

SHEETS = {
    "week": ("articles", "conflict", "week"),
    "send": ("forms", "sending"),
    "readers": ("forms", "readers", "reporting"),
    "report": ("forms", "reporting"),
    "doctor": ("forms", "examining"),
    "desk": ("forms", "articles", "door"),
    "living": ("week", "showing"),
}
"""Place of the desk to what its pages add to the common stylesheet; ``desk`` is what belongs to no place."""

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def packed(value: object) -> Markup:
    """JSON for an attribute in single quotation marks, in as few bytes as can be.

    Args:
        value: What JSON can hold.
    """
    text = _JSON(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#39;")
    return Markup(text)  # noqa: S704 # every sign that could end it is escaped


def either(words: PageWords, names: Sequence[str]) -> Markup:
    """Names after *without*, joined as the language joins them.

    Args:
        words: Of the desk.
        names: At least one.
    """
    made = words.html(names[0])
    for name in names[1:]:
        made = words.say("{first} or {second}", first=made, second=words.html(name))
    return made


class DeskPages:
    """The pages of one newsroom's desk.

    Args:
        environment: Where templates and catalogues come from.
        publication: Who publishes.
        language: Language of the desk, ``ar`` or ``en``; empty takes the newsroom's, and English where the desk does
            not speak it.
    """

    def __init__(self, environment: Environment, publication: Publication, language: str = "") -> None:
        self.environment = environment
        wanted = language or publication.language
        if not catalogue.speaks(environment, wanted, DOMAIN):
            wanted = "en"
        if wanted.split("_")[0].split("-")[0] != publication.language.split("_")[0].split("-")[0]:
            publication = replace(publication, language=wanted)
        self.publication = publication
        self.words = PageWords(environment, publication, DOMAIN)

    def fill(self, template: str, values: Mapping[str, Any]) -> str:
        """Fill a template with its values and those that every page has.

        Args:
            template: Name of the template, as ``desk/readers/page.html.j2``.
            values: What it may use beside the common values.

        Raises:
            RenderError: The template is missing or broken.
        """
        return fill(self.environment, template, {**self._common, **values})

    @cached_property
    def styles(self) -> dict[str, str]:
        """The stylesheet of each place: tokens and parts, then what its screens add."""
        return {place: self._style(names) for place, names in SHEETS.items()}

    def _style(self, names: tuple[str, ...]) -> str:
        sheets = ["desk/desk.css.j2", *(f"desk/css/{name}.css" for name in names)]
        values = {"colours": palette.palette_of(self.publication)}
        return str(cssmin("\n".join(fill(self.environment, name, values) for name in sheets)))

    def asset(self, name: str) -> str | None:
        """A module of JavaScript, or the stylesheet of a place, by its file name; None when there is no such one."""
        if name.endswith(".css"):
            return self.styles.get(name.removesuffix(".css"))
        found = next((path for path in _own("js", ".js") if path.name == name), None)
        return str(jsmin(found.read_text("utf-8"))) if found is not None else None

    @cached_property
    def version(self) -> str:
        """Part of the addresses of stylesheet and modules, so that a browser never uses old ones."""
        modules = "".join(self.asset(path.name) or "" for path in _own("js", ".js"))
        return hashlib.sha256(("".join(self.styles.values()) + modules).encode("utf-8")).hexdigest()[:12]

    @cached_property
    def _common(self) -> dict[str, Any]:
        words = self.words
        plain: dict[str, Callable[..., Any]] = {
            "say": words.say,
            "count": words.count,
            "html": words.html,
            "plain": words.plain,
            "amount": words.amount,
            "percent": words.percent,
            "date": words.day,
            "day_of": words.day_of,
            "clock": words.clock,
            "packed": packed,
        }
        about = self.publication
        return {
            **plain,
            "language": about.language.replace("_", "-"),
            "direction": words.direction,
            "publication": about,
            "version": self.version,
        }


def _own(folder: str, ending: str) -> list[Any]:
    """Files of a folder of the desk's templates; never the workspace's own, whose words would run in the browser."""
    return sorted(path for path in (templates_dir() / "desk" / folder).iterdir() if path.suffix == ending)
