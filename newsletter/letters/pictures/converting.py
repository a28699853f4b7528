"""Any picture as pixels for a letter: upright, in sRGB, as small as it is shown. Looked at before it is decoded."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from newsletter.errors import IssueError
from newsletter.letters.pictures.kinds import kind_of, orientation
from newsletter.letters.pictures.refusals import reason

if TYPE_CHECKING:
    from PIL.Image import Image

_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "AVIF", "TIFF")
"""What Pillow may open: no format that runs a program (EPS) or that nobody puts into a letter. A JPEG of several
pictures (MPO, of telephones) is opened as a JPEG."""
_TYPES = {"MPO": "image/jpeg"}
MOST_PIXELS = 80_000_000
"""Of a JPEG, which is decoded at an eighth, a quarter or a half of its size (ITU T.81's blocks of 8 by 8)."""
MOST_PROGRESSIVE_PIXELS = 50_000_000
"""Of a progressive JPEG, whose coefficients are all held at once (measured: 150 MB for 39 million)."""
MOST_WHOLE_PIXELS = 25_000_000
"""Of any other kind: these are decoded as a whole (measured for 39 million: PNG 290 to 450 MB, WebP 640 MB)."""
_WHOLE_MODES = {"L": "L", "RGB": "RGB", "CMYK": "CMYK", "1": "L", "LA": "LA", "RGBA": "RGBA"}


class PictureFault(Exception):  # noqa: N818 - a fault of the editor's file, told as one
    """Why a picture cannot be made for a letter."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.what = what
        self.mend = mend

    def told(self, called: str, where: str) -> IssueError:
        """As an error of the issue.

        Args:
            called: The name of the picture.
            where: What names it.
        """
        # A name with a line break in it would make two lines of it.
        name = called if called.isprintable() else repr(called)
        return IssueError(f"the picture {name} {self.what}", where=where, mend=self.mend)


@dataclass(frozen=True, slots=True)
class PictureHeader:
    """What the first bytes of a picture say."""

    content_type: str
    width: int
    """Pixels as it is shown."""
    height: int
    orientation: int = 1
    """1 to 8, as Exif numbers them (tag 274)."""
    moves: bool = False


def look(data: bytes) -> PictureHeader:
    """Read a picture's head, without decoding it.

    Args:
        data: The whole file.

    Raises:
        PictureFault: It is no picture, of a kind that cannot be converted, or of too many pixels.
    """
    kind = kind_of(data)
    if kind is not None:
        # Before Pillow sees it: a decoder of WebP takes the memory of the whole picture when it opens one.
        _bounded(*kind)
    with _opened(data) as image:
        content_type = _TYPES.get(image.format or "", f"image/{(image.format or '').lower()}")
        _bounded(content_type, *image.size, progressive=bool(image.info.get("progressive")))
        turned = _turned(image, data)
        width, height = image.size if turned < 5 else image.size[::-1]
        moves = image.format not in {"TIFF", "MPO"} and bool(getattr(image, "is_animated", False))
        return PictureHeader(content_type, width, height, turned, moves)


def pixels(data: bytes, width: int, height: int, *, ground: str = "") -> Image:
    """Decode a picture: upright, in sRGB (``L``, ``LA``, ``RGB`` or ``RGBA``), fitted into a box, never blown up.

    Args:
        data: The whole file; of a picture that moves, the first frame is taken.
        width: Most pixels across.
        height: Most pixels down.
        ground: Colour for what is transparent, as ``#rrggbb``; empty leaves it so.

    Raises:
        PictureFault: It is broken, or none that can be converted.
    """
    from PIL.Image import Resampling

    seen = look(data)
    scale = min(1.0, width / seen.width, height / seen.height)
    size = max(1, round(seen.width * scale)), max(1, round(seen.height * scale))
    lying = size if seen.orientation < 5 else size[::-1]
    with _opened(data) as image:
        # A JPEG is decoded at the smallest scale that is no smaller than what is wanted.
        image.draft(None, lying)
        image.load()
        profile = image.info.get("icc_profile")
        made = _plain(image)
        if made.size != lying:
            made = made.resize(lying, Resampling.LANCZOS, reducing_gap=3.0)
        made = _upright(made, seen.orientation)
        made = _opaque(_srgb(made, profile), ground)
        # Comments, texts, profiles and thumbnails hang there, and some encoders write them down.
        made.info = {}
        return made


@contextmanager
def _opened(data: bytes) -> Iterator[Image]:
    """The picture, opened; whatever Pillow throws at broken files becomes one fault."""
    from PIL import Image, UnidentifiedImageError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                yield image
        except PictureFault:
            raise
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise _too_many() from None
        except UnidentifiedImageError:
            if kind_of(data) is not None:
                raise PictureFault("is broken", "copy it again, or save it anew as JPEG") from None
            raise PictureFault(*reason(data)) from None
        except Exception as error:
            # Pillow's decoders tell broken files by errors of a dozen kinds.
            broken = "is cut off" if "truncated" in str(error) else "is broken"
            raise PictureFault(broken, "copy it again, or save it anew as JPEG") from error


def _bounded(content_type: str, width: int, height: int, *, progressive: bool = False) -> None:
    jpeg = MOST_PROGRESSIVE_PIXELS if progressive else MOST_PIXELS
    most = jpeg if content_type == "image/jpeg" else MOST_WHOLE_PIXELS
    if width < 1 or height < 1:
        raise PictureFault("is broken", "copy it again, or save it anew as JPEG")
    if width * height > most:
        raise _too_many(width, height)


def _too_many(width: int = 0, height: int = 0) -> PictureFault:
    size = f" ({width}×{height})" if width else ""
    return PictureFault(f"has more pixels{size} than are decoded here", "save it as JPEG, 2000 pixels across")


def _turned(image: Image, data: bytes) -> int:
    """Its orientation, 1 to 8; read without decoding, as browsers do, and not from XMP."""
    if image.format in {"JPEG", "MPO"}:
        return orientation(data) or 1
    if image.format == "TIFF":
        return 1  # Pillow has turned it already
    exif = image.info.get("exif") or b""
    return orientation(b"Exif\0\0" + bytes(exif).removeprefix(b"Exif\0\0")) or 1


def _plain(image: Image) -> Image:
    """One of the modes that can be resized and written."""
    mode = image.mode
    if "transparency" in image.info or mode in {"PA", "RGBa", "La"}:
        # A palette's transparent entry, or the one colour of a PNG that is (tRNS).
        return image.convert("LA" if mode in {"1", "L", "La"} else "RGBA")
    if mode in _WHOLE_MODES:
        return image.convert(_WHOLE_MODES[mode]) if mode == "1" else image
    if mode.startswith("I"):
        # 16 bits of grey: their upper half. Pillow's own way of converting mode I cuts off at 255.
        wide: Any = image.convert("I")
        return wide.point(lambda value: value * (1 / 256)).convert("L")  # type: ignore[no-any-return]
    if mode in {"P", "RGBX", "YCbCr"}:
        return image.convert("RGB")
    raise PictureFault(f"has colours of a kind that cannot be converted ({mode})", "save it as JPEG")


def _upright(image: Image, turned: int) -> Image:
    from PIL.Image import Transpose

    ways = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return image.transpose(ways[turned]) if turned in ways else image


def _srgb(image: Image, profile: bytes | None) -> Image:
    """The same colours in sRGB; a profile that cannot be used is passed over, as browsers do."""
    from PIL import ImageCms

    if profile:
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        # A profile of grey says how bright; transparency is kept apart from it.
        alpha = image.getchannel("A") if image.mode == "LA" else None
        source = image.getchannel("L") if alpha is not None else image
        try:
            made = ImageCms.profileToProfile(
                source, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode=mode
            )
        except (ImageCms.PyCMSError, OSError, ValueError):
            made = None
        if made is not None:
            if alpha is not None:
                made.putalpha(alpha)
            return made
    return image.convert("RGB") if image.mode == "CMYK" else image


def _opaque(image: Image, ground: str) -> Image:
    """Without its transparency, where nothing is transparent, or on the ground it is to stand on."""
    from PIL.Image import alpha_composite, new

    if image.mode not in {"LA", "RGBA"}:
        return image
    if image.getchannel("A").getextrema()[0] == 255:
        return image.convert(image.mode[:-1])
    if not ground:
        return image
    return alpha_composite(new("RGBA", image.size, ground), image.convert("RGBA")).convert("RGB")
