"""Pixels as the bytes that travel: JPEG or PNG by what the picture shows, and no heavier than a letter can bear.

The rule. A picture with transparency is a PNG. An opaque one of more than 16,384 colours is a photo, and a JPEG. With
fewer colours it may be a drawing, a chart or a picture of a screen: both are made, and the PNG is taken while it is no
more than twice as heavy, since JPEG blurs the edges of letters and lines. (A photo in grey has 256 colours; its PNG is
five times as heavy.)

What is too heavy loses quality first (JPEG 75 to 60; a PNG its colours beyond 256), then size, down to what the letter
shows: a picture is never smaller than the pixels it is shown in, and no JPEG is below quality 50.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_BYTES = 150_000
"""Of one picture in a letter: a second and a half on a weak mobile connection (1 Mbit/s)."""
PHOTO_COLOURS = 16_384
"""Drawings with smoothed edges have a few thousand at most; a photo of 600 by 400 pixels has over 50,000."""
QUALITIES = (75, 68, 60)
"""Of a picture with more pixels than are shown, where a block of JPEG's is half as large as it looks."""
LAST_QUALITY = 50
"""Of a JPEG that is already as small as it is shown."""
_DEAREST_PNG = 2.0
"""Weight of a drawing's PNG in that of its JPEG."""
_SMALLER = 0.85


@dataclass(frozen=True, slots=True)
class EncodedPicture:
    """What a picture has become."""

    content_type: str
    data: bytes
    width: int
    height: int


def encoded(
    image: Image, shown: tuple[int, int], most: int = MOST_BYTES, *, quality: int = QUALITIES[0]
) -> EncodedPicture:
    """Write a picture down, as light as need be.

    Args:
        image: In ``L``, ``LA``, ``RGB`` or ``RGBA``.
        shown: Width and height in CSS pixels at which the letter shows it; it is made no smaller.
        most: Bytes it may have; only one that is as small as it may be has more.
        quality: Best quality of a JPEG, one of ``QUALITIES``.
    """
    best: EncodedPicture | None = None
    for made in _ways(image, shown, quality):
        if len(made.data) <= most:
            return made
        best = made if best is None or len(made.data) < len(best.data) else best
    assert best is not None, "there is always a first way"
    return best


def _ways(image: Image, shown: tuple[int, int], best: int) -> Iterator[EncodedPicture]:
    """What it could be, from the best to the lightest."""
    clear = image.mode in {"LA", "RGBA"}
    for smaller in _sizes(image, shown):
        if clear:
            yield from _pngs(smaller)
            continue
        photo = smaller.getcolors(PHOTO_COLOURS) is None
        jpeg = _jpeg(smaller, best)
        if not photo:
            dearest = _DEAREST_PNG * len(jpeg.data)
            # A quick one first: the best takes two seconds for a photo, and saves a fifth.
            if len(_png(smaller, quick=True).data) <= 2 * dearest:
                yield from (png for png in islice(_pngs(smaller), 1) if len(png.data) <= dearest)
        yield jpeg
        yield from (_jpeg(smaller, quality) for quality in QUALITIES if quality < best)
    if not clear:
        yield _jpeg(smaller, LAST_QUALITY)


def _sizes(image: Image, shown: tuple[int, int]) -> Iterator[Image]:
    """The picture as it is, then ever smaller, at last as small as it is shown."""
    from PIL.Image import Resampling

    yield image
    least = max(shown[0] / image.width, shown[1] / image.height)
    scale = 1.0
    while scale > least:
        scale = max(scale * _SMALLER, least)
        size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
        yield image.resize(size, Resampling.LANCZOS)


def _jpeg(image: Image, quality: int) -> EncodedPicture:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality, optimize=True, progressive=True)
    return EncodedPicture("image/jpeg", file.getvalue(), *image.size)


def _pngs(image: Image) -> Iterator[EncodedPicture]:
    """Without loss, with a palette where its colours fit into one; then with the 256 colours that come nearest."""
    from PIL import ImageChops
    from PIL.Image import Dither, Quantize

    if image.mode == "L":
        yield _png(image)
        return
    fitting = image.convert("RGBA" if image.mode in {"LA", "RGBA"} else "RGB")
    nearest = fitting.quantize(256, method=Quantize.FASTOCTREE, dither=Dither.NONE)
    exact = ImageChops.difference(nearest.convert(fitting.mode), fitting).getbbox(alpha_only=False) is None
    yield _png(nearest if exact else image)
    if not exact:
        yield _png(nearest)


def _png(image: Image, *, quick: bool = False) -> EncodedPicture:
    file = io.BytesIO()
    image.save(file, "PNG", optimize=not quick, compress_level=1 if quick else 9)
    return EncodedPicture("image/png", file.getvalue(), *image.size)
