"""The pictures of docs/ar/theme.md, of the four styles: ``PYTHONPATH=$PWD python tests/theme_pictures.py``.

Each shows the head of one letter as a computer shows it in the light, and beside it as a telephone does in the dark.
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import looks
from browser import opened
from command import ROOT
from mail_programs import PROGRAMS
from PIL import Image

FOLDER = ROOT / "docs" / "ar" / "pictures"
STYLES = ("signature", "classic", "digest", "bulletin")
STORIES = 5
MOST = 120_000
"""Bytes of a picture."""
HEIGHT, GAP = 860, 20
"""Pixels of a picture from top to bottom, and between the two letters in it."""
SEEN = (("light", 700, 600), ("dark", 375, 320))
"""Program, pixels that the letter is drawn across, and those it has in the picture."""


def beside(pictures: list[Image.Image]) -> Image.Image:
    """The tops of some pictures beside each other, on a ground that is plain in the light and in the dark.

    Args:
        pictures: The first stands at the right, where an Arabic page begins.
    """
    drawn = Image.new("RGB", (sum(one.width for one in pictures) + GAP * (len(pictures) + 1), HEIGHT), "#8a8f98")
    right = drawn.width - GAP
    for one in pictures:
        drawn.paste(one.crop((0, 0, one.width, HEIGHT - 2 * GAP)), (right - one.width, GAP))
        right -= one.width + GAP
    return drawn


def small(picture: Image.Image) -> bytes:
    """A PNG in as many colours as it may have to be small.

    Args:
        picture: Of any size.
    """
    for colours in (192, 128, 96, 64, 48, 32):
        made = io.BytesIO()
        picture.quantize(colours, dither=Image.Dither.NONE).save(made, "PNG", optimize=True)
        if len(made.getvalue()) <= MOST:
            return made.getvalue()
    raise AssertionError(f"a picture of {picture.size} takes more than {MOST:,} bytes")


def main() -> None:
    """Take them, and write them into docs/ar/pictures."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, opened(Path(name) / "profile") as browser:
        page = browser.page()
        for style in STYLES:
            look = looks.LOOKS[style]
            with looks.newsroom(Path(name) / "newsroom", look) as workspace:
                html = looks.shown(looks.letter(workspace, look, STORIES))
            taken = []
            for program, width, across in SEEN:
                page.show(PROGRAMS[program].change(html), width=width, mode=PROGRAMS[program].mode)
                whole = Image.open(io.BytesIO(page.picture(width=width))).convert("RGB")
                taken.append(whole.resize((across, whole.height * across // width), Image.Resampling.LANCZOS))
            (FOLDER / f"theme-{style}.png").write_bytes(small(beside(taken)))


if __name__ == "__main__":
    main()
