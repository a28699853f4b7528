"""Signs for pages elsewhere: simple drawings of our own, white or black on a disc in the newsroom's colour.

They are no trade marks of anybody: plain shapes that say what a page is (a paper plane, a speech bubble, a camera).
Each is drawn four times as large and made smaller, so that its edges are smooth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from io import BytesIO
from math import cos, pi, sin
from typing import TYPE_CHECKING

from newsletter.letters.render.look import Look
from newsletter.letters.render.social import SIGN
from newsletter.models import Picture

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

SIZE = 64
"""Pixels of a sign across: twice the 32 at which it is shown."""
_SCALE = 4
_Points = list[tuple[float, float]]


class _Pen:
    """Draws in units of a square of 100 by 100."""

    def __init__(self, draw: ImageDraw, ink: str, ground: str) -> None:
        self.draw, self.ink, self.ground = draw, ink, ground

    def _at(self, points: _Points) -> list[tuple[float, float]]:
        unit = SIZE * _SCALE / 100
        return [(x * unit, y * unit) for x, y in points]

    def _width(self, width: float) -> int:
        return round(width * SIZE * _SCALE / 100)

    def line(self, *points: tuple[float, float], width: float = 7) -> None:
        """A line with round ends."""
        self.draw.line(self._at(list(points)), fill=self.ink, width=self._width(width), joint="curve")
        for x, y in points:
            self.disc(x, y, width / 2)

    def disc(self, x: float, y: float, radius: float, *, hole: bool = False) -> None:
        """A filled disc."""
        box = self._at([(x - radius, y - radius), (x + radius, y + radius)])
        self.draw.ellipse(box, fill=self.ground if hole else self.ink)

    def ring(self, x: float, y: float, radius: float, width: float = 7) -> None:
        """A circle."""
        box = self._at([(x - radius, y - radius), (x + radius, y + radius)])
        self.draw.ellipse(box, outline=self.ink, width=self._width(width))

    def arc(self, x: float, y: float, radius: float, start: float, end: float, width: float = 7) -> None:
        """Part of a circle, from one angle to another in degrees, clockwise from three o'clock."""
        box = self._at([(x - radius, y - radius), (x + radius, y + radius)])
        self.draw.arc(box, start, end, fill=self.ink, width=self._width(width))

    def shape(self, *points: tuple[float, float], hole: bool = False) -> None:
        """A filled polygon."""
        self.draw.polygon(self._at(list(points)), fill=self.ground if hole else self.ink)

    def box(self, left: float, top: float, right: float, bottom: float, radius: float, width: float = 0) -> None:
        """A rectangle with round corners, filled unless it has a line's width."""
        place = [value for point in self._at([(left, top), (right, bottom)]) for value in point]
        fill, line = (None, self.ink) if width else (self.ink, None)
        self.draw.rounded_rectangle(
            place, self._width(radius), fill=fill, outline=line, width=self._width(width) if width else 1
        )


def _facebook(pen: _Pen) -> None:
    pen.line((62, 25), (57, 25), (50, 32), (50, 78), width=10)
    pen.line((39, 47), (61, 47), width=9)


def _x(pen: _Pen) -> None:
    pen.line((31, 30), (69, 70), width=9)
    pen.line((69, 30), (31, 70), width=5)


def _instagram(pen: _Pen) -> None:
    pen.box(26, 26, 74, 74, 14, width=6.5)
    pen.ring(50, 50, 14, 6.5)
    pen.disc(63.5, 36.5, 3.8)


def _youtube(pen: _Pen) -> None:
    pen.box(22, 31, 78, 69, 12)
    pen.shape((44, 40), (44, 60), (61, 50), hole=True)


def _telegram(pen: _Pen) -> None:
    pen.shape((20, 49), (78, 26), (66, 74), (49, 61), (42, 70), (39, 56))
    pen.shape((41, 55), (68, 36), (46, 58), (43, 65), hole=True)


def _bubble(pen: _Pen) -> None:
    pen.disc(51, 48, 27)
    pen.shape((24, 77), (29, 56), (44, 72))
    pen.disc(51, 48, 20.5, hole=True)
    pen.shape((33, 67), (36, 58), (43, 65), hole=True)


def _whatsapp(pen: _Pen) -> None:
    _bubble(pen)
    pen.line((44, 40), (45, 46), (52, 54), (59, 56), width=6.5)
    pen.line((43, 38), (45, 42), width=8)
    pen.line((57, 55), (61, 57), width=8)


def _tiktok(pen: _Pen) -> None:
    pen.line((54, 26), (54, 62), width=8)
    pen.ring(44, 62, 13.5, 8)
    pen.line((54, 27), (60, 37), (71, 41), width=8)


def _linkedin(pen: _Pen) -> None:
    pen.disc(32, 32, 5.5)
    pen.line((32, 46), (32, 69), width=9)
    pen.line((48, 46), (48, 69), width=9)
    pen.arc(59, 55.5, 15, 180, 360, 9)
    pen.line((69.5, 56), (69.5, 69), width=9)


def _threads(pen: _Pen) -> None:
    pen.ring(50, 50, 11, 6.5)
    pen.line((61, 42), (61, 55), width=6.5)
    pen.arc(67, 54, 9.2, 0, 180, 6.5)
    pen.arc(50, 50, 26.5, 45, 360, 6.5)
    pen.line((73, 51), (73, 54), width=6.5)


def _bluesky(pen: _Pen) -> None:
    for side in (-1, 1):
        pen.shape(
            *_turned([(2, 50), (9, 36), (27, 25), (30, 29), (27, 50), (16, 55), (25, 60), (21, 69), (11, 72)], side)
        )
    pen.shape((48, 48), (52, 48), (52, 62), (48, 62))


def _turned(points: _Points, side: int) -> _Points:
    return [(50 + side * x, y) for x, y in points]


def _mastodon(pen: _Pen) -> None:
    pen.arc(40.5, 46, 12.5, 180, 360, 8)
    pen.arc(59.5, 46, 12.5, 180, 360, 8)
    for x in (31.5, 50, 68.5):
        pen.line((x, 46), (x, 62 if x != 50 else 54), width=8)
    pen.line((31.5, 62), (36, 71), (56, 71), width=8)


def _rss(pen: _Pen) -> None:
    pen.disc(33, 67, 6.5)
    pen.arc(27, 73, 28, 270, 360, 8)
    pen.arc(27, 73, 47, 270, 360, 8)


def _mail(pen: _Pen) -> None:
    pen.box(24, 32, 76, 68, 6, width=6.5)
    pen.line((28, 36), (50, 53), (72, 36), width=6.5)


def _website(pen: _Pen) -> None:
    pen.ring(50, 50, 27, 6)
    box = [(50 + 12 * cos(angle), 50 + 26 * sin(angle)) for angle in (step * pi / 24 for step in range(49))]
    pen.line(*box, width=5)
    pen.line((25, 50), (75, 50), width=5)


_DRAWN: Mapping[str, Callable[[_Pen], None]] = {
    "facebook": _facebook,
    "x": _x,
    "instagram": _instagram,
    "youtube": _youtube,
    "telegram": _telegram,
    "whatsapp": _whatsapp,
    "tiktok": _tiktok,
    "linkedin": _linkedin,
    "threads": _threads,
    "bluesky": _bluesky,
    "mastodon": _mastodon,
    "rss": _rss,
    "mail": _mail,
    "website": _website,
}


@lru_cache(maxsize=64)
def drawn(kind: str, ground: str, ink: str) -> bytes:
    """A sign as PNG, 64 pixels across, transparent around its disc.

    Args:
        kind: What the page is, for example ``telegram``.
        ground: Colour of the disc, as ``#rrggbb``.
        ink: Colour of the drawing on it.
    """
    from PIL import Image, ImageDraw

    large = Image.new("RGBA", (SIZE * _SCALE, SIZE * _SCALE), ground)
    _DRAWN[kind](_Pen(ImageDraw.Draw(large), ink, ground))
    mask = Image.new("L", large.size, 0)
    ImageDraw.Draw(mask).ellipse((0, 0, large.width - 1, large.height - 1), fill=255)
    large.putalpha(mask)
    small = large.resize((SIZE, SIZE), Image.Resampling.LANCZOS)
    written = BytesIO()
    # Two colours and what lies between: a palette makes a third of the bytes.
    small.quantize(48, method=Image.Quantize.FASTOCTREE).save(written, "PNG", optimize=True)
    return written.getvalue()


def signs_of(look: Look, domain: str) -> dict[str, Picture]:
    """The signs that a letter carries, by the names its templates know them by.

    Args:
        look: How the letter looks.
        domain: Right side of every Content-ID.
    """
    colours = look.colours
    return {
        f"{SIGN}{kind}": Picture(
            f"sign-{kind}@{domain}",
            "image/png",
            drawn(kind, colours.sign, colours.on_sign),
            f"{kind}.png",
            SIZE,
            SIZE,
        )
        for kind, _ in look.social
    }
