"""Share pictures: the words in the order a reader sees, broken well, in fonts that have them, or no picture at all."""

from __future__ import annotations

import base64
import io
import itertools
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bidi_corpus import cases
from bidi_oracle import visual as by_the_oracle
from browser import Browser, Page
from newsroom import make
from PIL import Image, ImageDraw, features

from newsletter.letters.render.palette import contrast
from newsletter.models import Publication, Theme
from newsletter.sharing import HEIGHT, WIDTH, FontShelf, NoFontError, ShareCard, draw, drawing, kept, order
from newsletter.sharing.fonts import FontFile, families, found, needs_glyph
from newsletter.sharing.kept import ShareFolder
from newsletter.sharing.lines import broken
from newsletter.sharing.script import SetText, plain, shortened, without_unseen
from newsletter.sharing.sfnt import signs_of
from newsletter.text import bidi
from newsletter.workflows.doctor import examine

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HEADLINES = [
    ("ar", "الحكومة تعلن زيادة أجور 2,3 مليون عامل بنسبة 10-15% ابتداءً من يناير المقبل"),
    ("ar", "«الرافد» توقّع مع Eni عقدًا بقيمة 1.3 billion USD لتطوير حقول الغاز (2026)"),
    ("ar", "كُتِبَ عَلَيْنَا أَنْ نَنْتَظِرَ: قِصَّةُ مَدِينَةٍ لا تَنَامُ"),
    ("ar", "مقابلة مع OpenAI حول GPT-5 و C++: «لسنا في سباق»"),
    ("ar", "للاتصال بنا 0555 12 34 56 أو news@example.org"),
    ("fa", "پیش‌بینی‌ها دربارهٔ نرخ ارز در سال ۱۴۰۵: چه چیزی تغییر می‌کند؟"),
    ("he", 'הממשלה אישרה תקציב של 3.5 מיליארד ש"ח לחינוך (2026-2027)'),
    ("fr", "L’été sera chaud : « nos villes ne sont pas prêtes », préviennent les maires"),
    ("en", "What the new press law means for small newsrooms in Cairo and Amman"),
]


@pytest.fixture(scope="module", autouse=True)
def fonts() -> None:
    """The fonts and the library that pictures are drawn with; in CI they must be there."""
    there = features.check("raqm") and order.is_there()
    try:
        FontShelf("ar").chain("".join(text for _, text in HEADLINES), bold=True)
    except NoFontError:
        there = False
    if not there:
        if os.environ.get("CI") == "true":
            pytest.fail("fonts-noto-core or libfribidi0 is not installed, and in CI share pictures must be looked at")
        pytest.skip("no fonts or no FriBidi: on Debian the packages fonts-noto-core and libfribidi0")


def card(headline: str, language: str = "ar", **changes: object) -> ShareCard:
    direction = "ltr" if language in ("en", "fr") else "rtl"
    made = ShareCard(headline, "الموجة", "العدد 12", "almawja.example.org", language, direction)
    return replace(made, **changes)  # type: ignore[arg-type]


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def ink(image: Image.Image) -> Image.Image:
    """What was written, cut out of its ground: white on black."""
    grey = image.convert("L").point(lambda value: 255 - value)
    box = grey.getbbox()
    assert box is not None, "nothing was drawn"
    return grey.crop(box)


def likeness(one: Image.Image, other: Image.Image) -> float:
    """How much of the ink of two pictures is in the same place, where they differ most: 1 all, 0 another size.

    Both are laid over each other a little blurred, so that half a pixel does not count, and looked at sign by sign.
    """
    from PIL import ImageChops, ImageFilter

    if abs(one.width - other.width) > 0.02 * other.width or abs(one.height - other.height) > 0.06 * other.height:
        return 0
    size = (other.width // 2, other.height // 2)
    a, b = (each.resize(size, Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(1.5)) for each in (one, other))
    apart = ImageChops.difference(a, b)
    wide = size[1] // 2
    windows = [(left, 0, left + wide, size[1]) for left in range(0, size[0] - wide + 1, wide // 2)]
    return min(
        1 - sum(apart.crop(box).tobytes()) / (sum(a.crop(box).tobytes()) + sum(b.crop(box).tobytes()) + 255 * 20)
        for box in windows
    )


# ---- the order of what is read


def test_signs_stand_as_the_reference_puts_them() -> None:
    """FriBidi asked one isolate at a time gives what ICU gives, over the whole corpus."""
    for case in cases()[:: max(1, len(cases()) // 4000)]:
        signs, levels, _ = order.levelled(case.text, case.base)
        shown = "".join(
            signs[start:end][::-1] if level % 2 else signs[start:end] for start, end, level in order.visual(levels)
        )
        wanted = by_the_oracle(bidi.isolate(case.text, case.base), case.base)
        unmirrored = shown.translate(BRACKETS)
        assert bare(unmirrored) == bare(wanted.translate(BRACKETS)), case.text


BRACKETS = str.maketrans(")]}>»›", "([{<«‹")
UNSEEN = "".join(chr(one) for one in range(0x200B, 0x2010)) + "\u00ad\u061c\ufeff"


def bare(text: str) -> str:
    """Letters without marks, which the reference keeps behind their letters and a line turned round does not."""
    import unicodedata

    return "".join(sign for sign in text if sign not in UNSEEN and unicodedata.category(sign) not in ("Mn", "Me"))


def test_an_isolate_that_ends_in_arabic_does_not_turn_the_next_one() -> None:
    signs, levels, _ = order.levelled("\u2067أب\u2069 ثم \u206610-15\u2069", "rtl")
    runs = order.visual(levels)
    assert [signs[start:end] for start, end, level in runs if level == 2] == ["10-15"]


# ---- beside Chromium

LINES: list[tuple[bidi.Direction, str]] = [
    ("rtl", "الحكومة تعلن زيادة أجور العمال"),
    ("rtl", "بنسبة 10-15% ابتداءً من 2026"),
    ("rtl", "مقابلة مع OpenAI حول C++ اليوم"),
    ("rtl", "«لا إله إلا الله» (محمد)"),
    ("rtl", "كُتِبَ عَلَيْنَا أَنْ نَنْتَظِرَ"),
    ("rtl", "پیش‌بینی‌ها دربارهٔ سال ۱۴۰۵؟"),
    ("rtl", "العدد ١٢ من النشرة [خاص]"),
    ("rtl", "فاز الفريق 3-1 (2-0) أمس"),
    ("rtl", "הממשלה אישרה (2026-2027) תקציב"),
    ("ltr", "Fifty efficient offices: « L’été »"),
    ("ltr", "The word كتاب means book (10-15)"),
]


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    one = chromium.page()
    yield one
    one.close()


@pytest.mark.browser
@pytest.mark.parametrize(("name", "lines"), [("Noto Naskh Arabic", LINES[:7]), ("Noto Sans Arabic", LINES)])
def test_the_words_are_those_of_chromium(page: Page, name: str, lines: list[tuple[bidi.Direction, str]]) -> None:
    """Ligatures, marks, digits, Latin names, brackets: the ink in the same places, in the same font files.

    A font without Latin letters gives a browser the blanks of Latin lines, and us the one with the letters.
    """
    shelf = FontShelf("ar", [name])
    chain = shelf.chain("".join(text for _, text in lines), bold=True)
    assert chain[0].path.stem.startswith(name.replace(" ", ""))
    faces = "".join(
        f"@font-face{{font-family:f{at};src:url(data:font/ttf;base64,"
        f"{base64.b64encode(one.path.read_bytes()).decode()})}}"
        for at, one in enumerate(chain)
    )
    stack = ",".join(f"f{at}" for at in range(len(chain)))
    rows = "".join(
        f'<p dir="{base}" style="margin:0;height:200px;padding:40px;box-sizing:border-box;white-space:pre">'
        f"{bidi.to_html(text, base)}</p>"
        for base, text in lines
    )
    page.show(
        f'<!doctype html><meta charset="utf-8"><style>{faces}body{{margin:0;font:80px/120px {stack}}}</style>{rows}',
        width=1800,
    )
    page.run("document.fonts.ready.then(() => document.fonts.size)")
    shown = opened(page.picture(width=1800))
    for number, (base, text) in enumerate(lines):
        theirs = ink(shown.crop((0, 200 * number, 1800, 200 * (number + 1))))
        assert likeness(ours(text, base, chain), theirs) > 0.88, text


@pytest.mark.parametrize(
    ("one", "other"), [("بنسبة 10-15% ابتداءً", "بنسبة 15-10% ابتداءً"), ("ه ه ه", "ههه"), ("(أب)", ")أب(")]
)
def test_the_comparison_sees_what_is_wrong(one: str, other: str) -> None:
    chain = FontShelf("ar").chain(one + other, bold=True)
    assert likeness(ours(one, "rtl", chain), ours(one, "rtl", chain)) > 0.999
    assert likeness(ours(one, "rtl", chain), ours(other, "rtl", chain)) < 0.8


def ours(text: str, base: bidi.Direction, chain: Sequence[FontFile]) -> Image.Image:
    image = Image.new("RGB", (1800, 200), "#ffffff")
    made = SetText(text, base, chain)
    made.draw(ImageDraw.Draw(image), (0, len(made.signs)), (40, 120), 80, "#000000")
    return ink(image)


# ---- lines


def lines_of(text: str, width: int, count: int, measure: int = 10) -> list[str] | None:
    words, at = [], 0
    for word in text.split():
        words.append((at, at + len(word)))
        at += len(word) + 1
    made = broken(words, lambda start, end: (end - start) * measure, width, count)
    return None if made is None else [text[start:end] for start, end in made.lines]


def test_lines_are_of_about_the_same_length() -> None:
    assert lines_of("aaa bbb ccc ddd eee fff", 1000, 2) == ["aaa bbb ccc", "ddd eee fff"]
    assert lines_of("aaa bbb ccc ddd", 100, 1) is None
    assert lines_of("aaa", 100, 2) is None


def test_no_word_stands_alone_on_the_last_line() -> None:
    assert lines_of("aaaa bbbb cccccccccc", 1000, 2) == ["aaaa", "bbbb cccccccccc"]
    for language, headline in HEADLINES:
        made = drawing._headline(card(headline, language), FontShelf(language))
        last = made.text.signs[slice(*made.lines[-1])]
        assert len(made.lines) == 1 or " " in last, headline


def test_what_belongs_together_stays_on_one_line() -> None:
    chain = FontShelf("ar").chain("".join(text for _, text in HEADLINES), bold=True)

    def words(text: str, base: bidi.Direction = "rtl") -> list[str]:
        made = SetText(text, base, chain)
        return [made.signs[start:end] for start, end in made.words()]

    assert words("للاتصال 0555 12 34 56 بنا") == ["للاتصال", "0555 12 34 56", "بنا"]
    assert words("« nos villes », dit-il : non !", "ltr") == ["« nos", "villes »,", "dit-il :", "non !"]


# ---- whole pictures


@pytest.mark.parametrize(("language", "headline"), HEADLINES)
def test_a_picture(language: str, headline: str) -> None:
    data = draw(card(headline, language), FontShelf(language))
    image = opened(data)
    assert image.size == (WIDTH, HEIGHT) == (1200, 630)
    assert data.startswith(b"\x89PNG")
    assert len(data) < 150_000
    assert data == draw(card(headline, language), FontShelf(language)), "the same words give the same bytes"
    # Words begin at the side where reading begins: at the right edge of the margin, or at the left.
    rows = image.convert("L").crop((60, 168, 1140, 500)).point(lambda value: 255 if value < 128 else 0)
    left, _, right, _ = rows.getbbox() or (0, 0, 0, 0)
    assert (1080 - right if language in ("ar", "fa", "he") else left) < 40


HOSTILE = [
    "كلمة " * 1000,
    "ا" * 5000,
    "W" * 5000,
    "</script><b>\"'&عنوان",
    "\u202eقلب\u202d abc \u202c" * 20,
    "\u2067" * 300 + "أ" + "\u2069" * 3,
    "ه\u0651" * 3 + "\u0651" * 500,
    "عنوان\x00\x07\n\n\u2028 سطر",
    "🎉 خبر 👨‍👩‍👧 سار \U0010fffd",
    "a" + "\u200d" * 400,
    "- - - -",
    "؟",
]


@pytest.mark.parametrize("headline", HOSTILE)
def test_hostile_words_stay_on_the_picture(headline: str) -> None:
    data = draw(card(headline, name=headline, when=headline, site=headline), FontShelf("ar"))
    assert len(data) < 150_000
    image = opened(data)
    margin = image.crop((0, 0, 70, HEIGHT))
    assert margin.getcolors() == [(70 * HEIGHT, (255, 255, 255))], "something runs out of the picture"


def test_long_headlines_are_cut_at_a_word() -> None:
    made = drawing._headline(card("مدينة السلام " * 400), FontShelf("ar"))
    last = made.text.signs[slice(*made.lines[-1])]
    assert last.endswith("السلام…")
    assert shortened("مدينة السلام، الكبيرة", 14) == "مدينة السلام…"
    assert shortened("قصير", 14) == "قصير"
    assert len(shortened("ا" * 50, 14)) == 15


def test_emoji_that_no_font_has_are_left_out_and_letters_never() -> None:
    chain = FontShelf("ar").chain("خبر 🫨 سار", bold=True)
    assert all(one.has(sign) for sign in "خبرسا" for one in chain[:1])
    with pytest.raises(NoFontError, match="fonts-noto-core") as told:
        draw(card("خبر"), FontShelf("ar", installed=[]))
    assert not told.value.lasting
    latin = [one for one in found() if one.file.path.stem == "NotoSans-Bold"]
    with pytest.raises(NoFontError, match="ب"):
        draw(card("خبر"), FontShelf("ar", installed=latin))


@pytest.mark.parametrize(
    ("headline", "left"),
    [
        ("1\ufe0f\u20e3 خبر", "1 خبر"),
        ("كتب👨\u200d👩\u200d👧 جديد", "كتب جديد"),
        ("خبر 👨\u200d👩\u200d👧 سار", "خبر سار"),
        ("🏴\U000e0067\U000e0062\U000e007f علم", "علم"),
        ("سنة 1447 ه\u200d", "سنة 1447 ه\u200d"),
        ("لغة C++ \u200f و C", "لغة C++\u200f و C"),
        ("می\u200cروم", "می\u200cروم"),
    ],
)
def test_what_an_emoji_leaves_behind_goes_with_it(headline: str, left: str) -> None:
    noto = [one for one in found() if one.file.path.stem in ("NotoSans-Bold", "NotoSansArabic-Bold")]
    chain = FontShelf("ar", installed=noto or None).chain(headline, bold=True)
    assert without_unseen(headline, chain) == left
    draw(card(headline), FontShelf("ar"))


def test_without_the_library_there_is_no_picture(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(drawing, "is_there", lambda: False)
    folder = ShareFolder(tmp_path / "s")
    with pytest.raises(NoFontError, match="libfribidi0") as told:
        folder.picture(card("خبر"))
    assert told.value.lasting
    with pytest.raises(NoFontError):
        folder.expect(card("خبر"))
    assert not (tmp_path / "s").exists()


def test_the_doctor_sees_whether_pictures_can_be_drawn_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make(tmp_path / "w", readers=0)

    def told() -> tuple[str, str]:
        (line,) = examine(root, {}, only=("share-pictures",), offline=True)
        return line.state, line.words

    assert told() == ("ok", "they can be drawn here")
    assert not (root / kept.FOLDER).exists()
    with monkeypatch.context() as patch:
        patch.setattr("newsletter.sharing.fonts.found", tuple)
        assert told()[0] == "warn"
        assert "no font of this machine has" in told()[1]
    with monkeypatch.context() as patch:
        patch.setattr(drawing, "is_there", lambda: False)
        assert "FriBidi" in told()[1]
    settings = root / "newsletter.toml"
    settings.write_text(settings.read_text("utf-8").replace("[web]\n", '[web]\nshare_font = "a.ttf"\n'), "utf-8")
    (root / "a.ttf").write_bytes(b"none")
    assert "[web] share_font" in told()[1]


def test_a_font_of_ones_own_comes_first(tmp_path: Path) -> None:
    theirs = FontShelf("ar", ["Noto Naskh Arabic"]).chain("خبر", bold=True)[0].path
    own = tmp_path / "own.ttf"
    own.write_bytes(theirs.read_bytes())
    assert FontShelf("ar", own=own).chain("خبر Eni", bold=False)[0].path == own
    own.write_bytes(b"no font" * 100)
    signs_of.cache_clear()
    with pytest.raises(NoFontError, match="share_font"):
        FontShelf("ar", own=own).chain("خبر", bold=False)


@pytest.mark.parametrize("damage", [b"", b"\0" * 100, b"ttcf\0\0\0\0", b"\0\1\0\0\xff\xff" + b"\xff" * 40])
def test_a_damaged_font_has_no_signs(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "broken.ttf"
    path.write_bytes(damage)
    assert signs_of(path) == frozenset()


def test_names_in_a_list_of_css() -> None:
    assert families("'Noto Kufi Arabic', Tahoma, -apple-system, sans-serif") == ("Noto Kufi Arabic", "Tahoma", "sans")
    assert families("") == ()
    assert not needs_glyph("\u200c")


def test_plain_words() -> None:
    assert plain("أ\n\tب\x00ج") == "أ ب ج"
    assert plain("ه" + "\u0651" * 90) == "ه" + "\u0651" * 4


# ---- the newsroom's look


@pytest.mark.parametrize("accent", ["#0f766e", "#ffe600", "#000000", "#ffffff", "#7c1d1d"])
@pytest.mark.parametrize("style", ["", "signature"])
def test_every_word_can_be_read(accent: str, style: str) -> None:
    from newsletter.letters.templates import environment
    from newsletter.web.pages import Pages
    from newsletter.web.share import share_card

    theme = Theme(style=style, paper="#101010", card="#202020") if accent == "#ffffff" else Theme(style=style)  # type: ignore[arg-type]
    about = Publication("الموجة", "https://almawja.example.org", accent=accent, theme=theme)
    made = share_card(
        Pages(environment(), about, ""), subject="خبر", number="12", sent=NOON, logo=lambda name: name.encode()
    )
    for colour in (made.ink, made.quiet, made.loud):
        assert contrast(colour, made.ground) >= 4.5
    assert made.when == "العدد 12 · 24 نوفمبر 2026"
    assert made.site == "almawja.example.org"


def test_a_logo_stands_beside_the_name_and_a_broken_one_does_no_harm() -> None:
    red = io.BytesIO()
    Image.new("RGB", (600, 200), "#ff0000").save(red, "PNG")
    image = opened(draw(card("خبر المدينة", logo=red.getvalue()), FontShelf("ar")))
    colours = {colour: count for count, colour in image.getcolors(WIDTH * HEIGHT) or []}
    assert colours[255, 0, 0] == 240 * 80
    assert image.getpixel((1110, 104)) == (255, 0, 0)
    assert draw(card("خبر", logo=b"\x89PNG broken"), FontShelf("ar")) == draw(card("خبر"), FontShelf("ar"))


# ---- kept


def test_a_picture_is_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[ShareCard] = []
    monkeypatch.setattr(kept, "draw", lambda one, _shelf: (drawn.append(one), b"png")[1])
    first, second = ShareFolder(tmp_path / "s"), ShareFolder(tmp_path / "s")
    made = [first.picture(card("خبر")), second.picture(card("خبر")), first.picture(card("خبر آخر"))]
    assert [one.headline for one in drawn] == ["خبر", "خبر آخر"]
    assert made[0] == made[1]
    assert made[0].tag != made[2].tag
    threads = [threading.Thread(target=first.picture, args=(card("معًا"),)) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(drawn) == 3
    assert all(path.suffix == ".png" for path in (tmp_path / "s").iterdir())


def test_the_folder_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = itertools.count()
    monkeypatch.setattr(kept, "draw", lambda _card, _shelf: b"png%d" % next(count))
    monkeypatch.setattr(kept, "_MOST", 3)
    folder = ShareFolder(tmp_path / "s")
    for number in range(6):
        folder.picture(card(f"خبر {number}"))
    assert len(list((tmp_path / "s").iterdir())) == 3


def test_a_folder_that_cannot_be_written_costs_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "draw", lambda _card, _shelf: b"png")
    (tmp_path / "s").write_text("a file")
    assert ShareFolder(tmp_path / "s").picture(card("خبر")).data == b"png"
