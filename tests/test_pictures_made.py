"""Local pictures made for the letter: upright, in sRGB, without metadata, as small as shown; or refused in words."""

from __future__ import annotations

import contextlib
import email
import email.policy
import io
import os
import random
import re
import struct
from pathlib import Path

import odd_pictures
import pytest
from command import here
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_pictures import CAMERA, COMMENT, PLACE, XMP, noise, quarters, saved, telling
from PIL import Image, ImageCms
from settings_text import add_settings

from newsletter.errors import IssueError
from newsletter.issues.pictures import addresses
from newsletter.letters import pictures
from newsletter.letters.pictures import converting, encoding, local, moving
from newsletter.letters.render.views import PictureView
from newsletter.models import Issue, Picture, Prose, Publication, Rendered, Section, Story, Theme

NEWSROOM = Publication("المؤشر", "https://example.org")


def issue(folder: Path, *names: str) -> Issue:
    """Stories from line 10 on, each with a picture."""
    stories = tuple(
        Story("خبر", url=f"https://example.org/{line}", image=name, image_line=line)
        for line, name in enumerate(names, 10)
    )
    return Issue(1, "عدد", sections=(Section("", stories),), path=str(folder / "issue.md"))


def looked(folder: Path, *names: str, publication: Publication = NEWSROOM) -> pictures.LocalPictures:
    one = issue(folder, *names)
    return pictures.of_issue(one, addresses(one), domain="example.org", publication=publication, root=folder.parent)


def lead(found: pictures.LocalPictures) -> Rendered:
    """A letter that shows each picture as a first story's is shown."""
    tags = [
        f'<img alt="" src="cid:{one.cid}" width="{PictureView("", "", one.width, one.height).width_in(576, 520)}" />'
        for one in found.sizes.values()
    ]
    return Rendered("عدد", "".join(tags), "", tuple(found.sizes.values()))


def put(folder: Path, name: str, data: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def one_made(folder: Path, name: str, data: bytes) -> Picture:
    put(folder, name, data)
    (picture,) = pictures.made(lead(found := looked(folder, name).checked()), found).pictures
    return picture


def opened(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(picture.data))


@pytest.mark.parametrize("odd", odd_pictures.all_of_them(), ids=lambda odd: odd.name)
def test_every_odd_picture_is_made_or_refused(odd: odd_pictures.Odd, tmp_path: Path) -> None:
    folder = tmp_path / "issue"
    if not odd.kind:
        with pytest.raises(IssueError) as told:
            one_made(folder, odd.name, odd.data)
        assert told.value.what.startswith(f"the picture {odd.name} {odd.words}")
        assert told.value.where == f"{folder / 'issue.md'}:10"
        assert told.value.mend
        assert "\n" not in str(told.value)
        return
    picture = one_made(folder, odd.name, odd.data)
    assert (picture.content_type, (picture.width, picture.height)) == (odd.kind, odd.size)
    assert len(picture.data) <= encoding.MOST_BYTES
    with opened(picture) as judge:
        judge.load()
        assert judge.size == odd.size
        assert f"image/{(judge.format or '').lower()}" == odd.kind
        if odd.kind != "image/gif":
            assert {*judge.info} <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression",
                                     "transparency"}  # fmt: skip
    assert picture.name.endswith({"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif"}[odd.kind])
    # The editor's file is the editor's.
    assert (folder / odd.name).read_bytes() == odd.data


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("value", range(1, 9))
def test_every_orientation_is_baked_in(form: str, value: int, tmp_path: Path) -> None:
    """The picture is stored as a camera that was turned stores it; the letter shows red, green, blue, white again."""
    ways = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_90",
            7: "TRANSVERSE", 8: "ROTATE_270"}  # fmt: skip
    stored = quarters(160, 120)
    if value in ways:
        stored = stored.transpose(Image.Transpose[ways[value]])
    options = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}, "AVIF": {"quality": 95}}.get(form, {})
    picture = one_made(tmp_path / "issue", "turned", saved(stored, form, exif=telling(value), **options))
    assert (picture.width, picture.height) == (160, 120)
    shown = opened(picture).convert("RGB")
    for at, colour in (((40, 30), "red"), ((120, 30), "lime"), ((40, 90), "blue"), ((120, 90), "white")):
        wanted = Image.new("RGB", (1, 1), colour).getpixel((0, 0))
        assert all(abs(a - b) < 40 for a, b in zip(shown.getpixel(at), wanted, strict=True)), (at, shown.getpixel(at))


@pytest.mark.parametrize(
    ("image", "options", "colour"),
    [
        # P3's strongest red is more than sRGB has; the others by the matrices of both and their curves, by hand.
        (Image.new("RGB", (300, 200), (255, 0, 0)), {"icc_profile": odd_pictures.wide_gamut()}, (255, 0, 0)),
        (Image.new("RGB", (300, 200), (200, 100, 50)), {"icc_profile": odd_pictures.wide_gamut()}, (216, 93, 24)),
        (Image.new("RGB", (300, 200), (200, 100, 50)), {"icc_profile": odd_pictures.profile()}, (200, 100, 50)),
        (Image.new("RGB", (300, 200), (200, 100, 50)), {"icc_profile": b"no profile at all"}, (200, 100, 50)),
        # A profile of paper with a picture of a screen: passed over, as browsers do.
        (Image.new("L", (300, 200), 90), {"icc_profile": odd_pictures.profile()}, (90, 90, 90)),
        # Pillow writes CMYK as Adobe's programs do, inverted.
        (Image.new("CMYK", (300, 200), (0, 255, 255, 0)), {}, (255, 0, 0)),
        (Image.new("CMYK", (300, 200), (0, 0, 0, 128)), {}, (127, 127, 127)),
    ],
)
def test_colours_are_those_of_srgb(
    image: Image.Image, options: dict[str, object], colour: tuple[int, int, int], tmp_path: Path
) -> None:
    data = saved(image, "JPEG", quality=95, **options)
    got = opened(one_made(tmp_path / "issue", "a.jpg", data)).convert("RGB").getpixel((150, 100))
    assert all(abs(a - b) <= 6 for a, b in zip(got, colour, strict=True)), got


def test_sixteen_bits_and_palettes_keep_their_brightness(tmp_path: Path) -> None:
    deep = Image.new("I;16", (300, 200), 0x8000)
    assert opened(one_made(tmp_path / "a", "a.png", saved(deep, "PNG"))).convert("L").getpixel((9, 9)) == 128
    assert opened(one_made(tmp_path / "b", "b.tiff", saved(deep, "TIFF"))).convert("L").getpixel((9, 9)) == 128
    ground = Image.new("P", (300, 200), 1)
    ground.putpalette([255, 0, 0, 0, 0, 255])
    shown = opened(one_made(tmp_path / "c", "c.png", saved(ground, "PNG", transparency=0))).convert("RGBA")
    assert shown.getpixel((9, 9)) == (0, 0, 255, 255)
    ground.paste(0, (0, 0, 50, 50))
    shown = opened(one_made(tmp_path / "d", "d.gif", saved(ground, "GIF", transparency=0))).convert("RGBA")
    assert shown.getpixel((9, 9))[3] == 0
    assert shown.getpixel((99, 99)) == (0, 0, 255, 255)


def test_a_profile_is_used_as_littlecms_has_it(tmp_path: Path) -> None:
    """The judge is the same conversion of the whole picture, before anything is made smaller."""
    source = noise(300, 200)
    profile = ImageCms.ImageCmsProfile(io.BytesIO(odd_pictures.wide_gamut()))
    wanted = ImageCms.profileToProfile(source, profile, ImageCms.createProfile("sRGB"))
    assert wanted is not None
    data = saved(source, "PNG", icc_profile=odd_pictures.wide_gamut())
    assert converting.pixels(data, 600, 600).tobytes() == wanted.tobytes()


def telltale() -> bytes:
    """A photo that says everything about itself, as often as a JPEG can."""
    exif = telling().tobytes()
    thumbnail = saved(quarters(160, 120), "JPEG", comment=COMMENT)
    data = saved(noise(900, 600), "JPEG", exif=exif, comment=COMMENT.encode(), xmp=XMP.encode(),
                 icc_profile=odd_pictures.wide_gamut(), dpi=(300, 300))  # fmt: skip
    iptc = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", len(PLACE)) + PLACE.encode()
    segment = b"\xff\xed" + struct.pack(">H", len(iptc) + 2) + iptc
    return data[:2] + segment + data[2:] + thumbnail + COMMENT.encode()


def secrets() -> list[bytes]:
    """What must not be found: names, and the coordinates as Exif's fractions write them, in both byte orders."""
    degrees = [struct.pack(f"{order}IIII", 46, 1, 61, 2) for order in "<>"]
    return [CAMERA.encode(), PLACE.encode(), COMMENT.encode(), b"xmpmeta", b"Exif", b"8BIM", b"ICC_PROFILE", *degrees]


def test_the_telltale_photo_tells_all_of_it() -> None:
    """Else the tests below would search for what was never there."""
    data = telltale()
    *names, one, other = secrets()
    assert [name for name in names if name not in data] == []
    assert one in data or other in data


def test_nothing_of_where_and_by_whom_leaves_with_a_letter(tmp_path: Path) -> None:
    """A real send into the outbox: the photo stands as story, logo and in prose, and as a chart with texts in it."""
    root = tmp_path / "w"
    assert here("init", root, "--name", "المؤشر", "--url", "https://example.org", "--from", "news@example.org",
                "--timezone", "UTC").code == 0  # fmt: skip
    add_settings(root, '[letter]\nlogo = "face/logo.jpg"')
    put(root / "face", "logo.jpg", telltale())
    folder = root / "issues" / "001"
    put(folder, "quay.jpg", telltale())
    put(folder, "two words.jpg", telltale())
    from PIL.PngImagePlugin import PngInfo

    notes = PngInfo()
    notes.add_text("Author", COMMENT)
    notes.add_itxt("XML:com.adobe.xmp", XMP)
    put(folder, "chart.png", saved(odd_pictures.drawing(900, 600), "PNG", pnginfo=notes, exif=telling()))
    put(folder, "moves.gif", odd_pictures.moving((300, 200), 3))
    (folder / "issue.md").write_text(
        '+++\nnumber = 1\nsubject = "عدد هذا الأسبوع"\n+++\n\nكلمة.\n\n![رسم](chart.png "عدد القوارب | رسم: ليلى")\n\n'
        "![صورة تتحرك](moves.gif)\n\n"
        "### [خبر الرصيف](https://example.org/a)\n![قوارب](quay.jpg)\nملخص.\n\n![باب](<two words.jpg>)\n",
        "utf-8",
    )
    assert here("-C", root, "subscribers", "add", "reader@example.net").code == 0
    done = here("-C", root, "send", "1", "--yes")
    assert done.code == 0, done.out + done.err
    (letter,) = (root / "outbox" / "new").iterdir()
    raw = letter.read_bytes()
    message = email.message_from_bytes(raw, policy=email.policy.default)
    parts = [part for part in message.walk() if part.get_content_maintype() == "image"]
    assert sorted(part.get_content_type() for part in parts) == ["image/gif", *["image/jpeg"] * 3, "image/png"]
    whole = raw + b"".join(part.get_payload(decode=True) for part in message.walk() if not part.is_multipart())
    assert [one for one in secrets() if one in whole] == []
    html = next(part for part in message.walk() if part.get_content_type() == "text/html").get_content()
    assert html.count('src="cid:') == 5
    assert "عدد القوارب" in html
    twin = next(part for part in message.walk() if part.get_content_type() == "text/plain").get_content()
    assert "عدد القوارب · رسم: ليلى" in re.sub("[\u2066-\u2069\u200f]", "", twin)


@pytest.mark.parametrize(("card", "corner"), [("", (255, 255, 255)), ("#fdf6e3", (253, 246, 227))])
def test_a_logo_stands_on_the_ground_of_the_letter_and_that_for_the_dark_does_not(
    tmp_path: Path, card: str, corner: tuple[int, int, int]
) -> None:
    clear = Image.new("RGBA", (300, 100), (0, 0, 0, 0))
    clear.paste((11, 31, 75, 255), (100, 20, 200, 80))
    put(tmp_path, "logo.png", saved(clear, "PNG"))
    put(tmp_path, "night.png", saved(clear, "PNG"))
    about = Publication("م", "https://x", logo="logo.png", theme=Theme(card=card, logo_dark="night.png"))
    found = pictures.of_settings(about, domain="x", root=tmp_path)
    both = {name: one.picture for name, one in found.found.items()}
    made = pictures.made(Rendered("", "", "", tuple(both.values())), found).pictures
    day, night = (Image.open(io.BytesIO(one.data)).convert("RGBA").getpixel((0, 0)) for one in made)
    assert day == (*corner, 255)
    assert isinstance(night, tuple)
    assert night[3] == 0


def test_a_letter_with_a_photo_of_twelve_megapixels_is_light(tmp_path: Path) -> None:
    data = saved(noise(4000, 3000, tiled=True), "JPEG", quality=92, exif=telling(6))
    assert len(data) > 2_000_000
    picture = one_made(tmp_path / "issue", "a.jpg", data)
    assert (picture.width, picture.height) == (780, 1040)
    # With its base64, and the 100 kB at which Gmail cuts a letter.
    assert len(picture.data) * 4 / 3 + 100_000 < 400_000


def test_the_same_bytes_give_the_same_bytes(tmp_path: Path) -> None:
    data = telltale()
    first = one_made(tmp_path / "a", "a.jpg", data)
    pictures._done.clear()
    again = one_made(tmp_path / "b", "b.jpg", data)
    assert first.data == again.data
    assert first.stored_name == again.stored_name
    assert re.fullmatch(r"[0-9a-f]{32}\.jpg", first.stored_name)


def test_each_is_made_once_for_its_content_and_width(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures._done.clear()
    made: list[tuple[int, int]] = []
    real = pictures.pixels
    monkeypatch.setattr(pictures, "pixels", lambda data, *box, **more: made.append(box) or real(data, *box, **more))
    data = saved(noise(900, 600), "JPEG")
    for folder in ("a", "b"):
        put(tmp_path / folder, "one.jpg", data)
        put(tmp_path / folder, "two.jpg", data)
        found = looked(tmp_path / folder, "one.jpg", "two.jpg")
        assert len(pictures.made(lead(found), found).pictures) == 2
    assert made == [(1152, 768)]
    for at in range(pictures._KEPT + 5):
        one_made(tmp_path / "c", "a.png", saved(Image.new("RGB", (2, 2), (at, 0, 0)), "PNG"))
    assert len(pictures._done) == pictures._KEPT


def test_many_pictures_share_what_one_may_weigh(tmp_path: Path) -> None:
    """A large one and five cards: with all of them the quality goes down, and the cards lose pixels."""
    folder, names = tmp_path / "issue", [f"{at}.jpg" for at in range(6)]
    for at, name in enumerate(names):
        put(folder, name, saved(noise(1300, 900, at), "JPEG", quality=92))
    found = looked(folder, *names).checked()
    cids = [one.cid for one in found.sizes.values()]
    tags = [f'<img src="cid:{cid}" width="{276 if at else 640}">' for at, cid in enumerate(cids)]
    pairs = list(zip(tags, found.sizes.values(), strict=True))

    def made(count: int) -> tuple[Picture, ...]:
        some = pairs[:count]
        html = "".join(tag for tag, _ in some)
        return pictures.made(Rendered("", html, "", tuple(one for _, one in some)), found).pictures

    alone, all_of_them = made(1), made(6)
    assert [one.width for one in alone] == [1280]
    assert [one.width for one in all_of_them] == [1280, *[414] * 5]
    assert len(all_of_them[0].data) < 0.9 * len(alone[0].data)
    assert sum(len(one.data) for one in all_of_them) < 1.15 * pictures.TOGETHER
    # Each depends on its letter alone, and not on what was made before.
    assert made(6) == all_of_them
    assert made(1) == alone


@pytest.mark.parametrize(
    ("html", "width"),
    [
        ('<img alt="" height="auto" src="cid:p@x" style="width:100%" width="576">', 576),
        ('<img src="cid:p@x" width="112" />', 176),
        ('<img src="cid:p@x" width="96" /><img width="300px" src="cid:p@x" />', 300),
        ('<img src="cid:p@x" width="3000" />', 640),
        ('<img src="cid:p@x" style="width:100px" />', 640),
        ('<img src="cid:p@x" max-width="30" />', 640),
        ('<td background="cid:p@x"><img src="cid:q@x" width="90" /></td>', 640),
        ("<div style=\"background-image:url('cid:p@x')\">", 640),
        ('<v:fill type="tile" src="cid:p@x" /><img src="cid:p@x" width="100" />', 640),
    ],
)
def test_how_wide_a_letter_shows_a_picture(html: str, width: int) -> None:
    assert pictures.shown(html)["p@x"] == width


def test_a_heavy_picture_loses_quality_first_and_then_size_down_to_what_is_shown() -> None:
    grain = Image.frombytes("RGB", (640, 480), random.Random(1).randbytes(640 * 480 * 3))
    for most, size in ((220_000, (640, 480)), (100_000, None), (1, (320, 240))):
        made = encoding.encoded(grain, (320, 240), most)
        assert made.content_type == "image/jpeg"
        assert size is None or (made.width, made.height) == size
        assert size is not None or 320 < made.width < 640
        assert len(made.data) <= most or most == 1
    clear = grain.convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(clear.size))
    made = encoding.encoded(clear, (160, 120), 150_000)
    assert made.content_type == "image/png"
    assert 160 <= made.width < 640
    with Image.open(io.BytesIO(made.data)) as judge:
        assert judge.convert("RGBA").getextrema()[3][0] < 20


def test_a_picture_is_never_blown_up(tmp_path: Path) -> None:
    picture = one_made(tmp_path / "issue", "small.png", saved(odd_pictures.drawing(120, 80), "PNG"))
    assert (picture.width, picture.height) == (120, 80)


def test_an_animation_keeps_its_frames_and_loses_its_words() -> None:
    data = odd_pictures.moving((300, 200), 4)
    assert COMMENT.encode() in data
    xmp = b"!\xff\x0bXMP DataXMP" + bytes([len(XMP)]) + XMP.encode() + b"\0"
    clean = moving.cleaned(data[:-1] + xmp + b";" + COMMENT.encode())
    assert clean is not None
    assert COMMENT.encode() not in clean
    assert b"XMP" not in clean
    with Image.open(io.BytesIO(data)) as old, Image.open(io.BytesIO(clean)) as new:
        assert old.n_frames == new.n_frames == 4
        assert new.info["loop"] == 0
        for at in range(4):
            old.seek(at)
            new.seek(at)
            assert old.convert("RGB").tobytes() == new.convert("RGB").tobytes()


@given(st.integers(0, 5000), st.binary(max_size=40))
def test_no_broken_animation_breaks_the_reader(cut: int, more: bytes) -> None:
    data = odd_pictures.moving((30, 20), 3)
    made = moving.cleaned(data[:cut] + more)
    assert made is None or made.startswith(b"GIF8")


@settings(max_examples=150)
@given(st.data())
def test_no_broken_picture_ends_in_a_traceback(data: st.DataObject) -> None:
    """Cut off, or with some bytes changed: pixels or a fault, and never more pixels than were looked for."""
    source = data.draw(st.sampled_from(SOURCES))
    broken = bytearray(source[: data.draw(st.integers(0, len(source)))])
    for at, value in data.draw(st.lists(st.tuples(st.integers(0, len(source)), st.integers(0, 255)), max_size=6)):
        if at < len(broken):
            broken[at] = value
    with contextlib.suppress(converting.PictureFault):
        made = converting.pixels(bytes(broken), 64, 64)
        assert made.mode in {"L", "LA", "RGB", "RGBA"}
        assert max(made.size) <= 64


SOURCES = [
    *(saved(noise(48, 36), form) for form in ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF")),
    saved(noise(48, 36).convert("CMYK"), "JPEG", exif=telling(5)),
    saved(odd_pictures.drawing(48, 36, "RGBA"), "PNG", icc_profile=odd_pictures.wide_gamut()),
    saved(Image.new("I;16", (48, 36), 700), "PNG"),
]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no.jpg", "cannot be read (No such file or directory)"),
        ("../secret.png", "is outside the issue's folder"),
        ("/etc/hostname", "is outside the issue's folder"),
        ("link.png", "is outside the issue's folder"),
        ("pictures", "is no file"),
        ("pipe", "is no file"),
        ("loop", "cannot be read (Symlink loop"),
        ("nul\0.png", "cannot be read (embedded null byte)"),
        ("x" * 300, "cannot be read (File name too long)"),
        ("text.jpg", "is no picture that can be read"),
        ("empty.jpg", "is empty"),
        ("large.png", "has 41 MB, and 40 MB are read at most"),
    ],
)
def test_pictures_that_cannot_travel(tmp_path: Path, name: str, words: str) -> None:
    folder = tmp_path / "issue"
    data = saved(quarters(40, 30), "PNG")
    put(folder / "pictures", "a.png", data)
    put(tmp_path, "secret.png", data)
    (folder / "link.png").symlink_to("../secret.png")
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "pipe")
    put(folder, "text.jpg", "نص".encode())
    put(folder, "empty.jpg", b"")
    if name == "large.png":
        with (folder / name).open("wb") as file:
            file.write(data)
            file.truncate(local.MOST_BYTES + 1_000_000)
    with pytest.raises(IssueError) as told:
        looked(folder, "pictures/a.png", name).checked()
    assert told.value.where == f"{folder / 'issue.md'}:11"
    assert words in told.value.what
    assert told.value.mend
    assert "\n" not in str(told.value)
    assert "\0" not in str(told.value)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "issue"
    put(folder, "cut.jpg", saved(noise(400, 300), "JPEG")[:3000])
    put(folder, "icon.svg", b"<svg/>")
    with pytest.raises(IssueError) as told:
        looked(folder, "no.jpg", "icon.svg", "cut.jpg").checked()
    assert told.value.where.endswith(":10")
    first, second, third = str(told.value).split("\n")
    assert "issue.md:10: the picture 'no.jpg' cannot be read" in first
    assert "issue.md:11: the picture icon.svg is an SVG" in second
    assert "issue.md:12: the picture cut.jpg is cut off" in third
    found = looked(folder, "cut.jpg").checked()
    with pytest.raises(IssueError, match=r"cut\.jpg is cut off"):
        pictures.made(lead(found), found)


def test_a_file_may_stand_anywhere_in_the_issue_and_the_settings(tmp_path: Path) -> None:
    folder = tmp_path / "issue"
    for name in ("a.png", "b c.png", "d.png", "صورة.png"):
        put(folder, name, saved(quarters(40, 30), "PNG"))
    put(tmp_path, "a.png", saved(quarters(60, 30), "PNG"))
    sections = (
        Section("", (Story("أ", summary="نص\n\n![أ](d.png)", image="a.png", image_line=20, summary_line=21),)),
        Section("", (Prose("> ![ب](%D8%B5%D9%88%D8%B1%D8%A9.png)", 30),)),
    )
    one = Issue(1, "ع", opening=(Prose("كلمة\n![أ](<b c.png>) ![](no.png)", 5),), sections=sections,
                path=str(folder / "issue.md"))  # fmt: skip
    assert addresses(one) == [("b c.png", 6), ("no.png", 6), ("a.png", 20), ("d.png", 23), ("صورة.png", 30)]
    found = pictures.of_issue(
        one, addresses(one), domain="x", root=tmp_path, publication=Publication("م", "https://x", logo="a.png")
    )
    assert list(found.found) == ["b c.png", "a.png", "d.png", "صورة.png", "//a.png"]
    assert [one.cid for one in found.sizes.values()] == [f"picture-{at}@x" for at in range(1, 6)]
    # The logo is the workspace's file, although a story's is called the same.
    assert found.sizes["//a.png"].width == 60
    assert [fault.where for fault in found.faults] == [f"{folder / 'issue.md'}:6"]


@pytest.mark.parametrize(
    ("address", "local_one"),
    [("a.jpg", True), ("x/ص.png", True), ("HTTPS://a.org/b.jpg", False), ("http://a", False), ("", False),
     ("data:image/png;base64,AA", False), ("cid:a@b", False), ("//cdn.org/a.jpg", False), ("http.jpg", True)],
)  # fmt: skip
def test_local_or_not(address: str, local_one: bool) -> None:
    assert pictures.is_local(address) is local_one


def test_a_file_is_looked_at_again_only_when_it_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    whole = Path.read_bytes

    def counted(path: Path) -> bytes:
        read.append(path)
        return whole(path)

    monkeypatch.setattr(Path, "read_bytes", counted)
    for size in (40, 60):
        Image.new("RGB", (size, size), (size, 0, 0)).save(tmp_path / "a.png")
        seen = {local.find(tmp_path, "a.png", 1, "example.org", "issue.md:3", "it").picture.width for _ in range(3)}
        assert seen == {size}
    assert len(read) == 2
