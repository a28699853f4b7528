"""Write pictures of every letter, in every look and program, and one page that shows all of them: to be looked at.

``make letters``, or for a part of them, with the parts of a name put together by hyphens (``*`` stands for anything):

    PYTHONPATH=$PWD python tests/contact_sheet.py --only "weekly-12-*" --only "small-*-dark-375"

For each look a sheet of all its programs is drawn as well, and with ``--strips`` each letter once more, cut into strips
beside each other, so that it can be read on one screen.
"""

from __future__ import annotations

import argparse
import html as escaping
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import golden_letters as golden
import looks
from browser import Page, opened
from mail_programs import PROGRAMS
from PIL import Image

from newsletter.letters.templates import environment

ROOT = Path(__file__).resolve().parents[1]
WIDTHS = (375, 700)
GAP = 16
# Small letters have no pictures to lose.
SMALL = ("light", "dark", "forced", "no-style", "word")
ELEMENTS = ("light", "dark", "forced", "no-pictures", "no-style", "word")


@dataclass(frozen=True)
class Shot:
    """One letter in one program."""

    group: str
    """Look and stories: what stands in one line of the page."""
    program: str
    html: str

    def name(self, width: int) -> str:
        """Of its picture, without an end."""
        return f"{self.group}-{self.program}-{width}"


def shots(folder: Path) -> Iterator[Shot]:
    """Every letter in every program."""
    for name, look in looks.LOOKS.items():
        with looks.newsroom(folder / "newsroom", look) as workspace:
            for stories in looks.COUNTS:
                html = looks.shown(looks.letter(workspace, look, stories))
                for program, one in PROGRAMS.items():
                    yield Shot(f"{name}-{stories}", program, one.change(html))
    templates = environment()
    for name in golden.NAMES:
        one = golden.golden(name)
        html = looks.with_flat_pictures(golden.rendered(one, templates).html, one.pictures.values())
        for program in ELEMENTS:
            yield Shot(f"issue-{name}", program, PROGRAMS[program].change(html))
    for kind in golden.SMALL:
        for language in ("ar", "en"):
            html = golden.small(kind, language, templates).rendered.html
            for program in SMALL:
                yield Shot(f"small-{kind.replace(' ', '-')}-{language}", program, PROGRAMS[program].change(html))


def take(page: Page, shot: Shot, width: int, to: Path) -> None:
    """The picture of a letter."""
    page.show(shot.html, width=width, mode=PROGRAMS[shot.program].mode)
    page.picture(to / f"{shot.name(width)}.png", width=width)


def sheet(paths: list[Path], to: Path) -> None:
    """All pictures of a look beside each other."""
    pictures = [Image.open(path).convert("RGB") for path in paths]
    width = sum(one.width + GAP for one in pictures)
    drawn = Image.new("RGB", (width, max(one.height for one in pictures)), "#777777")
    left = 0
    for one in pictures:
        drawn.paste(one, (left, 0))
        left += one.width + GAP
    drawn.save(to)


def strips(path: Path, to: Path, height: int = 1500) -> None:
    """One long picture as strips beside each other."""
    with Image.open(path) as opened_one:
        long = opened_one.convert("RGB")
    tops = range(0, long.height, height)
    drawn = Image.new("RGB", (len(tops) * (long.width + GAP), min(height, long.height)), "#777777")
    for at, top in enumerate(tops):
        part = long.crop((0, top, long.width, min(top + height, long.height)))
        drawn.paste(part, (at * (long.width + GAP), 0))
    drawn.save(to)


def page_of(groups: dict[str, list[tuple[str, int]]], to: Path) -> None:
    """The page that shows every picture small; each leads to itself, as large as it is."""
    lines = [
        "<!doctype html><meta charset=utf-8><title>Letters</title><style>body{font:14px sans-serif;margin:24px;"
        "background:#777;color:#fff}a{color:#fff}section{display:flex;gap:12px;align-items:flex-start;overflow-x:auto;"
        "padding-bottom:24px}figure{margin:0;flex:none}img{display:block;border:0}figcaption{font-size:12px}</style>"
    ]
    for group, found in groups.items():
        lines.append(f"<h2 id='{escaping.escape(group)}'>{escaping.escape(group)}</h2><section>")
        for program, width in found:
            name = f"{group}-{program}-{width}.png"
            lines.append(
                f"<figure><a href='{name}'><img loading=lazy src='{name}' width={width * 2 // 5}></a>"
                f"<figcaption>{width} px, {escaping.escape(PROGRAMS[program].words)}</figcaption></figure>"
            )
        lines.append("</section>")
    (to / "index.html").write_text("\n".join(lines), "utf-8")


def main() -> None:
    """Take every picture that is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=ROOT / "letters", help="the folder to write, emptied before")
    parser.add_argument("--only", action="append", metavar="PATTERN", help="names such as weekly-5-dark-375")
    parser.add_argument("--strips", action="store_true", help="each letter once more, in strips beside each other")
    said = parser.parse_args()
    if said.to.exists() and any(said.to.iterdir()) and not (said.to / "index.html").exists():
        parser.error(f"{said.to} holds something else than letters; name an empty folder")
    shutil.rmtree(said.to, ignore_errors=True)
    said.to.mkdir(parents=True)
    groups: dict[str, list[tuple[str, int]]] = {}
    start, count = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder) / "profile") as browser:
        page = browser.page()
        for shot in shots(Path(folder)):
            for width in WIDTHS:
                if said.only and not any(fnmatch(shot.name(width), pattern) for pattern in said.only):
                    continue
                take(page, shot, width, said.to)
                groups.setdefault(shot.group, []).append((shot.program, width))
                count += 1
                if sys.stderr.isatty():
                    print(f"\r{count} {shot.name(width):60}", end="", file=sys.stderr)
    for group, found in groups.items():
        found.sort(key=lambda one: one[1])
        for width in WIDTHS:
            paths = [said.to / f"{group}-{program}-{wide}.png" for program, wide in found if wide == width]
            if len(paths) > 1:
                sheet(paths, said.to / f"sheet-{group}-{width}.png")
            for path in paths if said.strips else ():
                strips(path, said.to / f"strips-{path.name}")
    page_of(groups, said.to)
    print(f"\n{count} pictures in {time.monotonic() - start:.0f} s: {said.to / 'index.html'}")


if __name__ == "__main__":
    main()
