"""Odd pictures, each made here with what comes of it in a letter: the kind and size that travel, or why none does."""

from __future__ import annotations

import functools
import io
import random
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageCms, ImageDraw

GPS = (36.0, 46.0, 30.5)
CAMERA, PLACE, COMMENT = "Kamera Q-77", "Marsa Secret Quay", "edited by Nadia at home"
XMP = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'><who>{COMMENT}</who></x:xmpmeta>"


def noise(width: int, height: int, seed: int = 1, *, tiled: bool = False) -> Image.Image:
    """A photo of sorts, of tens of thousands of colours: smooth areas with grain, ``tiled`` as fine as its pixels."""
    draw = random.Random(seed)
    small = Image.new("RGB", (24, 18))
    small.putdata([(draw.randrange(256), draw.randrange(256), draw.randrange(256)) for _ in range(24 * 18)])
    smooth = small.resize((width, height), Image.Resampling.BICUBIC)
    block = Image.frombytes("RGB", (160, 160), draw.randbytes(160 * 160 * 3))
    grain = block.resize((width, height))
    for at in range((width // 160 + 1) * (height // 160 + 1) if tiled else 0):
        grain.paste(block, (at % (width // 160 + 1) * 160, at // (width // 160 + 1) * 160))
    return Image.blend(smooth, grain, 0.12)


def drawing(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """A chart: bars, lines and empty ground."""
    clear = mode == "RGBA"
    made = Image.new(mode, (width, height), (255, 255, 255, 0) if clear else "white")
    pen = ImageDraw.Draw(made)
    for at in range(8):
        left = (2 * at + 1) * width // 18
        pen.rectangle(
            (left, height * (at + 1) // 10, left + width // 18, height * 9 // 10 + 1), fill=(15, 118, 20 * at)
        )
        pen.line((0, at * height // 8, width, at * height // 8), fill=(200, 200, 200), width=2)
    return made


def quarters(width: int, height: int) -> Image.Image:
    """Red, green, blue and white, so that one sees how it is turned."""
    made = Image.new("RGB", (width, height), "white")
    half, down = width // 2, height // 2
    made.paste("red", (0, 0, half, down))
    made.paste("lime", (half, 0, width, down))
    made.paste("blue", (0, down, half, height))
    return made


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    """The bytes of a file of that form."""
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def telling(orientation: int = 1) -> Image.Exif:
    """Exif that says where, with what and by whom a picture was taken, with a thumbnail-sized note of its own."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112], exif[0x013B] = "Q Works", CAMERA, orientation, COMMENT
    place = exif.get_ifd(0x8825)
    place[1], place[2], place[3], place[4] = "N", GPS, "E", GPS
    place[28] = PLACE.encode()
    return exif


def profile(name: str = "sRGB") -> bytes:
    """A colour profile; the XYZ one has other colours than any screen."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(name)).tobytes()  # type: ignore[arg-type]


def wide_gamut() -> bytes:
    """A matrix profile like Display P3 (its primaries in the space of D50, and a gamma of 2.2), ICC.1:2001-04."""

    def xyz(*values: float) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(one * 65536)) for one in values)

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256)) + b"\0\0"
    text = b"desc\0\0\0\0" + struct.pack(">I", 3) + b"P3\0" + bytes(79)
    tags = {
        b"desc": text,
        b"cprt": b"text\0\0\0\0none\0\0\0\0",
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": xyz(0.51512, 0.24120, -0.00105),
        b"gXYZ": xyz(0.29198, 0.69225, 0.04189),
        b"bXYZ": xyz(0.15710, 0.06657, 0.78407),
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    table, body, at = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for tag, data in tags.items():
        padded = data + bytes(-len(data) % 4)
        table += tag + struct.pack(">II", at + len(body), len(data))
        body += padded
    head = bytearray(128)
    head[8:12], head[12:24], head[36:40] = b"\x02\x10\0\0", b"mntrRGB XYZ ", b"acsp"
    head[68:80] = struct.pack(">iii", round(0.9642 * 65536), 65536, round(0.8249 * 65536))
    head[0:4] = struct.pack(">I", 128 + len(table) + len(body))
    return bytes(head) + table + body


def moving(size: tuple[int, int], count: int, *, grain: bool = False) -> bytes:
    """An animated GIF."""
    frames = [noise(*size, seed=at) if grain else quarters(*size).rotate(90 * at) for at in range(count)]
    return saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=200, loop=0, comment=COMMENT)


def chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def bomb(width: int, height: int) -> bytes:
    """A PNG of few bytes and many pixels."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(100_000))) + chunk(b"IEND", b"")


@dataclass(frozen=True)
class Odd:
    """A picture and what comes of it as the first story's, which is shown 576 pixels wide."""

    name: str
    make: Callable[[], bytes]
    """Makes it when its test runs: who only collects the tests needs none of them."""
    kind: str = ""
    """Media type that travels; empty for one that is refused."""
    size: tuple[int, int] = (0, 0)
    words: str = ""
    """What the refusal says."""

    @functools.cached_property
    def data(self) -> bytes:
        """The bytes of its file."""
        return self.make()


@functools.cache
def photo() -> Image.Image:
    """The photo of the table."""
    return noise(1600, 1200)


@functools.cache
def chart() -> Image.Image:
    """The chart of the table."""
    return drawing(900, 600)


@functools.cache
def jpeg() -> bytes:
    """The photo as most cameras keep it."""
    return saved(photo(), "JPEG", quality=90)


def all_of_them() -> list[Odd]:
    """The table."""
    text = "is no picture that can be read"
    broken = "is broken"
    return [
        Odd("photo.jpg", jpeg, "image/jpeg", (1152, 864)),
        Odd("progressive.jpg", lambda: saved(photo(), "JPEG", progressive=True), "image/jpeg", (1152, 864)),
        Odd("wrong-name.png", jpeg, "image/jpeg", (1152, 864)),
        Odd("no-name", jpeg, "image/jpeg", (1152, 864)),
        Odd("cmyk.jpg", lambda: saved(photo().convert("CMYK"), "JPEG"), "image/jpeg", (1152, 864)),
        Odd("grey.jpg", lambda: saved(photo().convert("L"), "JPEG"), "image/jpeg", (1152, 864)),
        Odd("two-pictures.jpg", lambda: saved(photo(), "MPO", save_all=True, append_images=[chart()]), "image/jpeg",
            (1152, 864)),
        Odd("upright.jpg", lambda: saved(photo(), "JPEG", exif=telling(6)), "image/jpeg", (780, 1040)),
        Odd("photo.png", lambda: saved(photo(), "PNG", compress_level=1), "image/jpeg", (1152, 864)),
        Odd("chart.png", lambda: saved(chart(), "PNG"), "image/png", (900, 600)),
        Odd("chart.jpg", lambda: saved(chart(), "JPEG", quality=95), "image/png", (900, 600)),
        Odd("clear.png", lambda: saved(drawing(900, 600, "RGBA"), "PNG"), "image/png", (900, 600)),
        Odd("palette.png", lambda: saved(chart().quantize(64), "PNG", transparency=0), "image/png", (900, 600)),
        Odd("deep-grey.png", lambda: saved(Image.new("I;16", (900, 600), 40_000), "PNG"), "image/png", (900, 600)),
        Odd("two-colours.png", lambda: saved(chart().convert("1"), "PNG"), "image/png", (900, 600)),
        Odd("photo.webp", lambda: saved(photo(), "WEBP"), "image/jpeg", (1152, 864)),
        Odd("photo.avif", lambda: saved(noise(800, 600), "AVIF"), "image/jpeg", (800, 600)),
        Odd("photo.bmp", lambda: saved(noise(800, 600), "BMP"), "image/jpeg", (800, 600)),
        Odd("photo.tiff", lambda: saved(noise(800, 600), "TIFF", compression="tiff_lzw"), "image/jpeg", (800, 600)),
        Odd("upright.tiff", lambda: saved(noise(800, 600), "TIFF", exif=telling(6)), "image/jpeg", (600, 800)),
        Odd("still.gif", lambda: saved(chart(), "GIF"), "image/png", (900, 600)),
        Odd("moves.gif", lambda: moving((600, 400), 4), "image/gif", (600, 400)),
        Odd("moves-heavily.gif", lambda: moving((300, 200), 6, grain=True), "image/jpeg", (300, 200)),
        Odd("moves.webp", lambda: saved(chart(), "WEBP", save_all=True, append_images=[photo().resize(chart().size)]),
            "image/png", (900, 600)),
        Odd("one.png", lambda: saved(Image.new("RGB", (1, 1), "red"), "PNG"), "image/png", (1, 1)),
        Odd("stripe.png", lambda: saved(Image.new("RGB", (30_000, 10), "navy"), "PNG"), "image/png", (1152, 1)),
        Odd("empty.jpg", lambda: b"", words="is empty"),
        Odd("cut-off.jpg", lambda: jpeg()[: len(jpeg()) // 2], words="is cut off"),
        Odd("cut-off.png", lambda: saved(photo(), "PNG", compress_level=1)[:200_000], words="is cut off"),
        Odd("head.jpg", lambda: jpeg()[:300], words=broken),
        Odd("bomb.png", lambda: bomb(60_000, 60_000), words="has more pixels (60000×60000) than are decoded here"),
        Odd("bomb.webp", lambda: b"RIFF\x1a\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\xfe\x3f\0" * 2 + bytes(8),
            words="has more pixels (16383×16383) than are decoded here"),
        Odd("icon.svg", lambda: b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", words="is an SVG"),
        Odd("iphone.heic", lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(90), words="is a HEIC photo"),
        Odd("film.mp4", lambda: b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(90), words="is a film"),
        Odd("page.jpg", lambda: b"<!DOCTYPE html><html><title>403</title></html>", words="is a web page"),
        Odd("print.pdf", lambda: b"%PDF-1.7\n", words="is a PDF"),
        Odd("layers.psd", lambda: b"8BPS\0\1" + bytes(60), words="is a file of Photoshop"),
        Odd("new.jxl", lambda: b"\0\0\0\x0cJXL \x0d\x0a\x87\x0a", words="is a JPEG XL"),
        Odd("text.jpg", "صورة الميناء".encode, words=text),
        Odd("icon.ico", lambda: saved(quarters(32, 32), "ICO"), words="is an icon of Windows"),
        Odd("lines.eps", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", words="is a PostScript file"),
        Odd("floating.tiff", lambda: saved(Image.new("F", (300, 200), 0.5), "TIFF"), words="has colours of a kind"),
    ]  # fmt: skip
