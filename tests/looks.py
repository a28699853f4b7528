"""Every look of the letter, on one invented newsroom with real pictures: what is shown, measured and judged.

A look is a template and lines of settings, as a user writes them; add a line to LOOKS and it is judged everywhere.
"""

from __future__ import annotations

import base64
import io
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import mjml
from PIL import Image
from settings_text import with_settings

from newsletter import issues
from newsletter.letters.mime import LEAVE, PREFERENCES, slot
from newsletter.models import Issue, Letter, Picture
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows import letter as letters
from newsletter.workflows.themes import LOOKS as SHOWN
from newsletter.workspace import folder
from newsletter.workspace.config import FILE

SAMPLE = Path(folder.__file__).resolve().parents[1] / "sample"
ISSUE = Path(__file__).parent / "data" / "looks" / "issue.md"
COUNTS = (1, 5, 12)
LOGO = "https://almawja.example.org/logo.png"

_LETTER = """
tagline = "صحيفة الساحل: خبرٌ يُقرأ على مهل، كل سبت"
postal_address = "الموجة، 12 نهج المرسى، مرسى الريحان 16000"
links = { "فيسبوك" = "https://example.com/almawja", "يوتيوب" = "https://example.net/almawja" }
hijri = true
pictures = "inline"
"""


@dataclass(frozen=True)
class Look:
    """A face that a newsroom can give its letter."""

    template: str = "weekly"
    """Of the issue; empty follows the settings."""
    letter: str = ""
    """Further lines of ``[letter]``."""
    settings: str = ""
    """Further sections, in TOML: ``[theme]\\nstyle = "classic"``."""


_HAND = """
editor = "سارة بن علي"
role = "رئيسة التحرير"
social = { telegram = "https://t.me/example", whatsapp = "https://wa.me/213", rss = "https://example.org/feed/" }
"""


def _theme(keys: Mapping[str, str]) -> str:
    return "[theme]\n" + "".join(f'{key} = "{value}"\n' for key, value in keys.items())


LOOKS: Mapping[str, Look] = {
    # What ``newsletter theme`` shows, the three others of its page included.
    **{name: Look("", settings=_theme(keys) + _HAND) for name, keys in SHOWN.items()},
    # An issue that names its template, in a workspace without a theme.
    "weekly": Look("weekly"),
    # Accents that are hard to read in the light, and in the dark.
    "yellow": Look("", 'accent = "#facc15"', _theme({"style": "signature"})),
    "navy": Look("", f'accent = "#0b1f4b"\nlogo = "{LOGO}"', _theme({"style": "signature", "second": "#c2410c"})),
}


@contextmanager
def sources() -> Iterator[list[str]]:
    """Every MJML that is compiled meanwhile, as the compiler gets it."""
    compiled: list[str] = []

    def kept(source: str, **options: Any) -> str:
        compiled.append(source)
        return whole(source, **options)

    whole = mjml.mjml2html
    with patch.object(mjml, "mjml2html", kept):
        yield compiled


@contextmanager
def newsroom(root: Path, look: Look, *, language: str = "ar") -> Iterator[Workspace]:
    """The newsroom in a look, as a workspace in ``root``; made when it is not there."""
    if not (root / FILE).exists():
        folder.make(
            root,
            name="الموجة",
            url="https://almawja.example.org",
            sender="نشرة الموجة <news@almawja.example.org>",
            web="https://news.almawja.example.org",
            language=language,
            timezone="Africa/Algiers",
        )
        (root / "settings.toml").write_text((root / FILE).read_text("utf-8"), "utf-8")
        draw(root)
    # A new workspace has a theme of its own.
    settings = re.sub(r"(?m)^\[theme\]\n(?:(?!\[).*\n)*", "", (root / "settings.toml").read_text("utf-8"))
    settings = with_settings(settings, f"\n[letter]\n{_LETTER}{look.letter}\n")
    (root / FILE).write_text(f"{settings}\n{look.settings}\n", "utf-8")
    with open_workspace(root, {}) as workspace:
        yield workspace


def draw(root: Path) -> None:
    """Put the issue and its pictures into a workspace: the sample's, and some of odd shapes made of them."""
    to = root / "issues" / "001"
    to.mkdir(parents=True)
    shutil.copy(ISSUE, to / "issue.md")
    for path in SAMPLE.glob("*.jpg"):
        shutil.copy(path, to / path.name.partition("-")[2])
    with Image.open(SAMPLE / "02-market.jpg") as market:
        market.crop((300, 0, 700, 800)).save(to / "portrait.jpg", quality=80)
        market.resize((300, 200)).crop((50, 0, 250, 200)).resize((96, 96)).save(to / "small.png")


def with_flat_pictures(html: str, pictures: Iterable[Picture]) -> str:
    """The HTML of a letter with pictures of one colour and the right sizes: no network, and quick to draw."""
    sizes = {f"cid:{one.cid}": (one.width, one.height) for one in pictures}
    return re.sub(r'src="((?:cid|https):[^"]*)"', lambda found: f'src="{flat(*sizes.get(found[1], (960, 640)))}"', html)


@cache
def flat(width: int, height: int) -> str:
    """A picture of this size in one colour, as an address that holds it."""
    data = io.BytesIO()
    Image.new("RGB", (width, height), (96, 128, 112)).save(data, "PNG")
    return "data:image/png;base64," + base64.b64encode(data.getvalue()).decode()


@cache
def logo() -> str:
    """A mark in dark blue on nothing, as an address that holds it: what vanishes on a dark ground."""
    drawn = Image.new("RGBA", (360, 120))
    drawn.paste((11, 31, 75, 255), (0, 40, 360, 80))
    drawn.paste((11, 31, 75, 255), (40, 0, 80, 120))
    data = io.BytesIO()
    drawn.save(data, "PNG")
    return f"data:image/png;base64,{base64.b64encode(data.getvalue()).decode('ascii')}"


def cut(issue: Issue, most: int) -> Issue:
    """The issue with its first ``most`` stories."""
    sections, left = [], most
    for section in issue.sections:
        blocks = section.blocks[:left]
        left -= len(blocks)
        if blocks:
            sections.append(replace(section, blocks=blocks))
    return replace(issue, sections=tuple(sections))


def letter(workspace: Workspace, look: Look, stories: int) -> Letter:
    """The newsroom's letter with so many stories."""
    issue = cut(issues.read(workspace.root / "issues" / "001" / "issue.md"), stories)
    return letters.of_issue(workspace, replace(issue, template=look.template))


def shown(one: Letter) -> str:
    """The HTML of a letter as a subscriber sees it, its pictures in it."""
    html = one.rendered.html
    for picture in one.rendered.pictures:
        data = f"data:{picture.content_type};base64,{base64.b64encode(picture.data).decode('ascii')}"
        html = html.replace(f"cid:{picture.cid}", data)
    return filled(one, html.replace(f'src="{LOGO}"', f'src="{logo()}"'))


def filled(one: Letter, html: str) -> str:
    """The HTML of a letter with something in the places of what is each subscriber's own."""
    for kind in (LEAVE, PREFERENCES):
        html = html.replace(slot(one.marker, kind), "A" * 52)
    return html
