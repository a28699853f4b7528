"""A picture is what its first bytes say."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from newsletter.letters.pictures import kind_of

SIZES = ((1, 1), (640, 427), (31, 2000))
WAYS = [
    *[("JPEG", mode, {"progressive": progressive}) for mode in ("L", "RGB", "CMYK") for progressive in (False, True)],
    ("JPEG", "RGB", {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0" + bytes(900), "comment": b"\xff\xd8\xff\xc0" * 9}),
    ("JPEG", "RGB", {"icc_profile": bytes(range(256)) * 600}),
    ("JPEG", "RGB", {"restart_marker_blocks": 1, "subsampling": "4:2:0"}),
    *[("PNG", mode, {}) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")],
    ("PNG", "RGB", {"interlace": True, "dpi": (300, 300)}),
    *[("GIF", mode, {}) for mode in ("L", "P", "RGB")],
    *[("WEBP", mode, {"lossless": lossless}) for mode in ("RGB", "RGBA") for lossless in (False, True)],
    ("WEBP", "RGB", {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0"}),
]  # fmt: skip


@pytest.mark.parametrize(("form", "mode", "options"), WAYS)
def test_kind_and_size_of_real_pictures(form: str, mode: str, options: dict[str, object]) -> None:
    for size in SIZES:
        file = io.BytesIO()
        Image.new(mode, size).save(file, form, **options)  # type: ignore[arg-type]
        data = file.getvalue()
        assert kind_of(data) == (f"image/{form.lower()}", *size)
        with Image.open(io.BytesIO(data)) as judge:
            assert judge.size == size
        # A picture that broke off in its head is none.
        for length in range(24):
            assert kind_of(data[:length]) in (None, (f"image/{form.lower()}", *size))


def test_a_jpeg_with_its_tables_before_its_frame() -> None:
    def segment(marker: int, payload: bytes) -> bytes:
        return bytes((0xFF, marker)) + struct.pack(">H", len(payload) + 2) + payload

    # DHT, JPG and DAC have numbers among those of the frames (ITU T.81 table B.1).
    tables = b"".join(segment(marker, bytes((0, 9, 9, 9, 9)) * 4) for marker in (0xC4, 0xC8, 0xCC))
    frame = segment(0xC0, struct.pack(">BHHB", 8, 427, 640, 1) + b"\x01\x11\x00")
    assert kind_of(b"\xff\xd8" + tables + b"\xff\xff" + frame + b"\xff\xd9") == ("image/jpeg", 640, 427)


def exif(entries: list[bytes], order: str = ">", directory: int = 8, count: int | None = None) -> bytes:
    """An Exif segment with these entries in its first directory."""
    mark = {"<": b"II*\0", ">": b"MM\0*"}[order]
    said = struct.pack(f"{order}H", len(entries) if count is None else count)
    head = b"Exif\0\0" + mark + struct.pack(f"{order}I", directory) + bytes(directory - 8)
    return head + said + b"".join(entries) + bytes(4)


def turned(value: int, order: str = ">", kind: int = 3, values: int = 1) -> bytes:
    return struct.pack(f"{order}HHIHH", 274, kind, values, value, 0)


def jpeg(*segments: bytes) -> bytes:
    """A picture of 60 by 40 stored pixels with application segments of our own."""
    file = io.BytesIO()
    Image.new("RGB", (60, 40)).save(file, "JPEG")
    made = b"".join(b"\xff\xe1" + struct.pack(">H", len(one) + 2) + one for one in segments)
    return b"\xff\xd8" + made + file.getvalue()[2:]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("value", range(1, 9))
def test_a_photo_has_the_size_it_is_shown_in(order: str, value: int) -> None:
    make = struct.pack(f"{order}HHII", 271, 2, 4, 0)
    data = jpeg(exif([make, turned(value, order)], order, directory=20))
    with Image.open(io.BytesIO(data)) as judge:
        shown = ImageOps.exif_transpose(judge).size
    assert kind_of(data) == ("image/jpeg", *shown)
    assert shown == ((60, 40) if value < 5 else (40, 60))


@pytest.mark.parametrize(
    "segments",
    [
        [exif([turned(0)])],
        [exif([turned(9)])],
        [exif([turned(6, kind=4)])],
        [exif([turned(6, values=2)])],
        [exif([], count=65535)],
        [exif([], directory=8)[:-5]],
        [b"Exif\0\0MM\0*\xff\xff\xff\xff"],
        [b"Exif\0\0MM\0*"],
        [b"Exif\0\0PK\3\4" + bytes(40)],
        [b"http://ns.adobe.com/xap/1.0/\0" + exif([turned(6)])],
    ],
)
def test_an_orientation_that_cannot_be_read_turns_nothing(segments: list[bytes]) -> None:
    assert kind_of(jpeg(*segments)) == ("image/jpeg", 60, 40)


def test_a_cut_off_directory_is_read_as_far_as_it_goes() -> None:
    assert kind_of(jpeg(exif([turned(6)], count=65535))) == ("image/jpeg", 40, 60)
    # The bytes behind the segment do not belong to it.
    assert kind_of(jpeg(exif([], count=1), turned(6))) == ("image/jpeg", 60, 40)
    # The first that can be read counts, as in browsers.
    assert kind_of(jpeg(exif([turned(6)]), exif([turned(1)]))) == ("image/jpeg", 40, 60)


@given(st.sampled_from([b"MM\0*", b"II*\0", b""]), st.binary(max_size=300), st.integers(0, 300))
def test_no_exif_breaks_it(mark: bytes, rest: bytes, cut: int) -> None:
    data = jpeg(b"Exif\0\0" + mark + rest)
    assert kind_of(data) in {("image/jpeg", 60, 40), ("image/jpeg", 40, 60)}
    assert kind_of(data[:cut]) in {None, ("image/jpeg", 60, 40), ("image/jpeg", 40, 60)}


@given(
    st.sampled_from("<>"),
    st.integers(0, 2**32 - 1).filter(lambda at: at >= 8),
    st.integers(0, 65535),
    st.lists(st.binary(min_size=12, max_size=12), max_size=30),
)
def test_no_directory_breaks_it(order: str, directory: int, count: int, entries: list[bytes]) -> None:
    tiff = bytearray(exif(entries, order, count=count))
    tiff[10:14] = struct.pack(f"{order}I", directory)
    assert kind_of(jpeg(bytes(tiff))) in {("image/jpeg", 60, 40), ("image/jpeg", 40, 60)}


def test_moving_pictures() -> None:
    frames = [Image.new("RGB", (60, 40), colour) for colour in ("red", "green")]
    for form in ("GIF", "WEBP", "PNG"):
        file = io.BytesIO()
        frames[0].save(file, form, save_all=True, append_images=frames[1:])
        assert kind_of(file.getvalue()) == (f"image/{form.lower()}", 60, 40)


@pytest.mark.parametrize("form", ["BMP", "TIFF", "ICO", "PPM", "TGA", "AVIF"])
def test_kinds_that_mail_programs_do_not_show(form: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (16, 16)).save(file, form)
    assert kind_of(file.getvalue()) is None


HEADS = (
    b"",
    b"\xff\xd8\xff",
    b"\xff\xd8\xff\xe0\x00\x10JFIF",
    b"\xff\xd8\xff\xff\xff\xc0",
    b"\x89PNG\r\n\x1a\n",
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    b"GIF89a",
    b"RIFF\0\0\0\0WEBP",
    *(b"RIFF\0\0\0\0WEBP" + form for form in (b"VP8 ", b"VP8L", b"VP8X", b"VP9 ")),
)


@given(st.sampled_from(HEADS), st.binary(max_size=200))
def test_no_bytes_break_it(head: bytes, rest: bytes) -> None:
    found = kind_of(head + rest)
    if found is not None:
        kind, width, height = found
        assert kind in {"image/jpeg", "image/png", "image/gif", "image/webp"}
        assert width >= 0
        assert height >= 0


def test_a_text_about_pictures_is_none() -> None:
    for data in (b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\xff\xd8\xff", b"GIF", b"%PDF-1.7", b"x" * 100_000):
        assert kind_of(data) is None
    # Segments without end: each step goes on.
    assert kind_of(b"\xff\xd8" + b"\xff\xe0\0\0" * 100_000) is None
