"""The looks that letters can have, shown with the newsroom's own stories; and one written into newsletter.toml."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from newsletter import issues, library
from newsletter.errors import SettingsError
from newsletter.issues import compose
from newsletter.letters import hosting, own_links
from newsletter.letters.catalogue import words
from newsletter.letters.mime import LEAVE, PREFERENCES, VIEW, slot
from newsletter.letters.render import fill
from newsletter.models import Holding, Issue, Letter
from newsletter.sources.collect import collect
from newsletter.workflows import letter as letters
from newsletter.workspace import folder
from newsletter.workspace.config import FILE

if TYPE_CHECKING:
    from newsletter.wiring import Workspace

SAMPLE = Path(__file__).resolve().parents[1] / "sample"
PAGE = "theme.html"
STORIES = 8
"""Articles of the library that make a letter, where there is no issue yet."""

LOOKS: Mapping[str, Mapping[str, str]] = {
    "signature": {"style": "signature"},
    "classic": {"style": "classic"},
    "digest": {"style": "digest"},
    "bulletin": {"style": "bulletin"},
    "newspaper": {
        "style": "signature",
        "header": "centred",
        "headings": "serif",
        "hero": "inset",
        "corners": "square",
    },
    "magazine": {"style": "signature", "align": "centre", "headings": "serif", "corners": "soft"},
    "banner": {"style": "classic", "header": "band", "hero": "edge", "corners": "round"},
}
"""What is shown: the four styles as they are, and three that differ from them in a few keys."""
_DATA = re.compile(r"data:image/[a-z]+;base64,[A-Za-z0-9+/=]+")
_NO_LOOK: Mapping[str, str] = {key: "" for keys in LOOKS.values() for key in keys}
"""Every key that a look sets, unset: the style's own."""


@dataclass(frozen=True, slots=True)
class ShownLook:
    """One look, made into a letter."""

    name: str
    lines: str
    """What stands in newsletter.toml for it, without the head of the section."""
    html: str
    """The letter; its pictures stand apart, each once."""
    bytes: int


@dataclass(frozen=True, slots=True)
class ThemePage:
    """The page with every look."""

    path: Path
    looks: tuple[ShownLook, ...]
    stories_of: str
    """Whose stories: ``issue 12``, ``library`` or ``sample``."""


def show(workspace: Workspace, path: Path | None = None) -> ThemePage:
    """Write the page with every look.

    Args:
        workspace: The workspace.
        path: Where to; without it ``theme.html`` beside newsletter.toml.

    Raises:
        NashraError: A letter cannot be made, or the file cannot be written.
    """
    issue, whose = _stories(workspace)
    path = path or workspace.root / PAGE
    shown: list[ShownLook] = []
    pictures: dict[str, str] = {}
    for name, keys in LOOKS.items():
        made = letters.of_issue(workspace, replace(issue, template="", theme={**issue.theme, **_NO_LOOK, **keys}))
        html = _DATA.sub(lambda found: _once(found[0], pictures), _for_one(made))
        shown.append(ShownLook(name, lines_of(keys), html, len(html.encode())))
    about = workspace.publication
    catalogue = words(workspace.templates, about.language)
    values = {
        "language": about.language.replace("_", "-"),
        "direction": about.direction,
        "name": about.name,
        "looks": shown,
        "letters": _for_script({look.name: look.html for look in shown}),
        "pictures": _for_script(pictures),
        "say": catalogue.gettext,
    }
    folder.write_page(path, fill(workspace.templates, "email/theme.html.j2", values))
    return ThemePage(path, tuple(shown), whose)


def _stories(workspace: Workspace) -> tuple[Issue, str]:
    """The newest issue; else one of the newest articles; else one of the sample's."""
    if found := [issue for issue in issues.every(workspace.root) if issue.stories]:
        return found[-1], f"issue {found[-1].number}"
    about = workspace.publication
    with workspace.database.read() as connection:
        held = [one for one in library.holdings(connection, latest=STORIES) if not one.withdrawn]
    if held:
        # A file of a picture may be gone; the page shows looks, not what is missing.
        held = [one if _shows(one) else replace(one, article=replace(one.article, image="")) for one in held]
        made = compose.draft(held, number=1, newsletter=about.name, list_name=folder.FIRST_LIST)
        return made, "library"
    now = datetime(2026, 11, 28, 9, tzinfo=UTC)
    texts = collect([str(path) for path in sorted(SAMPLE.glob("*.md"))], fetcher=workspace.fetcher, now=now)
    sample = [
        Holding(at, replace(article, image=Path(article.image).name), now)
        for at, article in enumerate(texts.articles, 1)
    ]
    made = compose.draft(sample, number=1, newsletter=about.name, list_name=folder.FIRST_LIST)
    return replace(made, path=str(SAMPLE / issues.FILE)), "sample"


def _shows(one: Holding) -> bool:
    return one.article.image.startswith("https://")


def _for_one(made: Letter) -> str:
    """A letter as one reader sees it, with links that lead nowhere."""
    html = hosting.shown_alone(made.rendered, own_links.base(made))
    for part in (LEAVE, PREFERENCES, VIEW):
        html = html.replace(slot(made.marker, part), "A" * 52)
    return html


def _once(data: str, pictures: dict[str, str]) -> str:
    """The name by which a picture stands once in the page, however many looks show it."""
    name = f"picture:{hashlib.sha256(data.encode('ascii')).hexdigest()[:16]}"
    pictures[name] = data
    return name


def _for_script(value: object) -> str:
    """A value as JSON that cannot end the script it stands in."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c").replace("\u2028", "\\u2028")


def lines_of(keys: Mapping[str, str]) -> str:
    """The lines of ``[theme]`` that make a look."""
    return "\n".join(f'{key} = "{value}"' for key, value in keys.items())


@dataclass(frozen=True, slots=True)
class ThemeChoice:
    """What choosing a look does to newsletter.toml."""

    path: Path
    before: str
    after: str

    @property
    def changes(self) -> list[str]:
        """The lines that come and go, as ``+ …`` and ``- …``."""
        import difflib

        lines = difflib.ndiff(self.before.splitlines(), self.after.splitlines())
        return [line for line in lines if line.startswith(("+ ", "- "))]


def choice(workspace: Workspace, name: str) -> ThemeChoice:
    """What newsletter.toml becomes with a look; nothing is written.

    Keys that another look has set before are taken out; all other lines stay as they are, byte for byte.

    Args:
        workspace: The workspace.
        name: A look of ``LOOKS``.

    Raises:
        SettingsError: There is no such look, or the file cannot be read or changed.
    """
    if name not in LOOKS:
        raise SettingsError(f"there is no look {name!r}; there are {', '.join(LOOKS)}")
    path = workspace.root / FILE
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read ({error})") from None
    # Some editors write a byte order mark in front; TOML knows none, and the settings are read without it.
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    bare = text.removeprefix(mark)
    after = _with_keys(bare, LOOKS[name], set(_NO_LOOK))
    was = tomllib.loads(bare)
    try:
        now = tomllib.loads(after)
    except tomllib.TOMLDecodeError:
        now = {"theme": {}}
    if {**was, "theme": now["theme"]} != now or any(now["theme"].get(key) != one for key, one in LOOKS[name].items()):
        raise SettingsError(f"{path}: [theme] is written in a way that is not understood; write it by hand")
    folder.check_text(after, path)
    return ThemeChoice(path, text, mark + after)


def _with_keys(text: str, keys: Mapping[str, Any], owned: set[str]) -> str:
    """The text with these keys in ``[theme]``, and without the others of those that looks set."""
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    start = next((at for at, line in enumerate(lines) if re.match(r"\s*\[theme\]\s*(#.*)?$", line.rstrip())), None)
    if start is None:
        body = text if not text or text.endswith("\n") else text + end
        return body + f"{end}[theme]{end}" + "".join(f'{key} = "{one}"{end}' for key, one in keys.items())
    stop = next((at for at in range(start + 1, len(lines)) if re.match(r"\s*\[", lines[at])), len(lines))
    return "".join((*lines[: start + 1], *_section(lines[start + 1 : stop], keys, owned, end), *lines[stop:]))


def _section(lines: list[str], keys: Mapping[str, Any], owned: set[str], end: str) -> Iterator[str]:
    left = dict(keys)
    made: list[str] = []
    for line in lines:
        found = re.match(r'(\s*)([A-Za-z_-]+)(\s*=\s*)("[^"\n]*"|\'[^\'\n]*\')(.*)', line, re.DOTALL)
        if found is None or found[2] not in owned:
            made.append(line)
        elif found[2] in left:
            made.append(f'{found[1]}{found[2]}{found[3]}"{left.pop(found[2])}"{found[5]}')
    yield from (f'{key} = "{one}"{end}' for key, one in left.items())
    yield from made


def write(chosen: ThemeChoice) -> None:
    """Write newsletter.toml with the look that was chosen, as a whole or not at all.

    Raises:
        SettingsError: It was changed meanwhile, or cannot be written.
    """
    unfinished = chosen.path.with_name(f".{chosen.path.name}.part")
    try:
        if chosen.path.read_bytes() != chosen.before.encode("utf-8"):
            raise SettingsError(f"{chosen.path}: was changed by somebody else meanwhile; do it again")
        unfinished.write_bytes(chosen.after.encode("utf-8"))
        unfinished.chmod(chosen.path.stat().st_mode)
        unfinished.replace(chosen.path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise SettingsError(f"{chosen.path}: cannot be written ({error.strerror})") from None
