"""Letters: the rules that every one of them keeps, what goes in and what comes out, and what is refused."""

from __future__ import annotations

import html as escaping
import re
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import golden_letters as golden
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import Environment
from lxml import etree
from lxml import html as lxml_html

from newsletter.errors import RenderError
from newsletter.issues import prose
from newsletter.issues.prose.elements.phrases import USUAL
from newsletter.letters import render as render_package
from newsletter.letters.catalogue import words
from newsletter.letters.render import (
    _values,
    after,
    before,
    palette,
    render,
    sizes,
    twin,
    views,
)
from newsletter.letters.render.social import NAMES
from newsletter.letters.render.views import web_address
from newsletter.letters.templates import environment, templates_dir
from newsletter.letters.ways import STARTS
from newsletter.models import Issue, Picture, Prose, Publication, Rendered, Section, Story
from newsletter.text import bidi

MARKER = "q7x3m9k2p5w8z1aa"
LEAVE = f"https://example.org/leave/{MARKER}-leave-"
DATE = datetime(2025, 11, 14, 9, tzinfo=UTC)
THEMES = golden.THEMES
PUBLICATION = Publication("الشراع", "https://example.org", timezone="Africa/Algiers", postal_address="14 شارع الميناء")


@pytest.fixture(scope="module")
def env() -> Environment:
    return environment()


def picture(path: str) -> Picture:
    name = path.replace("/", "-")
    return Picture(f"{name}@example.org", "image/jpeg", b"\xff\xd8", name, 900, 600)


def letter(
    env: Environment,
    issue: Issue,
    publication: Publication = PUBLICATION,
    pictures: dict[str, Picture] | None = None,
    leave_url: str = LEAVE,
) -> Rendered:
    return render(issue, publication, env, marker=MARKER, leave_url=leave_url, date=DATE, pictures=pictures)


def one(story: Story, **more: Any) -> Issue:
    return Issue(1, "عنوان", sections=(Section("أخبار", (story,)),), path="issues/1/issue.md", **more)


STORY = Story("عنوان القصة", "https://example.org/a", "ملخص.", line=7, image_line=8)


# Every letter


def every_letter(env: Environment) -> list[tuple[str, Publication, Rendered]]:
    made = []
    for name in golden.NAMES:
        one = golden.golden(name)
        for theme in THEMES:
            changed = replace(one, issue=replace(one.issue, template=theme))
            made.append((f"{name}-{theme}", one.publication, golden.rendered(changed, env)))
    one = golden.golden("week")
    for language in ("he", "fa", "fr", "ur"):
        publication = replace(one.publication, language=language)
        made.append((f"week-{language}", publication, golden.rendered(replace(one, publication=publication), env)))
    return made


def test_every_letter_keeps_the_rules_of_right_to_left_mail(env: Environment) -> None:
    for name, publication, made in every_letter(env):
        direction = publication.direction
        assert not after.leaks(made.html, direction), name
        assert f'<body lang="{publication.language}" dir="{direction}" style="direction:{direction};' in made.html, name
        for table in re.findall(r"<table\b[^>]*>", made.html):
            assert re.search(r' role="(?:presentation|table)"', table), name
            assert (' dir="rtl"' in table) == (direction == "rtl"), name
        if direction == "rtl":
            assert after.left_to_right_leftovers(made.html) == 0, name
        for image in re.findall(r"<img\b[^>]*>", made.html):
            assert " alt=" in image, name
        assert "<bdi" not in made.html, name
        assert 'dir="auto"' not in made.html, name
        assert "fonts.googleapis" not in made.html, name
        assert not re.search(r"letter-spacing|text-transform:\s*uppercase|justify|font-style:\s*italic", made.html), (
            name
        )
        if not name.startswith(("fifty", "elements")):
            assert sizes(made.html)[0] < 62_000, name


def test_every_text_twin_is_narrow_and_has_every_link(env: Environment) -> None:
    from rich.cells import cell_len

    for name, _, made in every_letter(env):
        links = {escaping.unescape(link) for link in re.findall(r'<a\b[^>]* href="([^"]*)"', made.html)}
        # What leads to a section or a note of the letter itself has no address, and an answer needs none. The twin
        # shares by the page's own address alone.
        for link in (
            one for one in links if not one.startswith((*STARTS, "mailto:?", "mailto:desk@example.org?", "#"))
        ):
            shown = re.escape(link.removeprefix("mailto:"))
            bare = rf'<a\b[^>]*>(?:<span dir="ltr">)?{re.escape(escaping.escape(link.removeprefix("mailto:")))}<'
            # An address that an editor typed as words stands among them.
            alone = shown if re.search(bare, made.html) else rf"^\s*(?:> )?{shown}$"
            assert re.search(alone, made.text, re.MULTILINE), (name, link)
        for line in made.text.splitlines():
            if not re.match(r"\s*(?:https?://|mailto:)", line):
                assert cell_len(line) <= 78, (name, line)
            assert bidi.clean(line) == line, (name, line)
        assert made.text.endswith("\n")
        assert "\n\n\n" not in made.text


def test_lines_of_the_twin_that_start_with_latin_or_digits_are_steered(env: Environment) -> None:
    story = Story("NATO تجتمع في بروكسل", "https://example.org/a", "3-1 كانت النتيجة.\n\nنص عادي", author="Lina Haddad")
    text = letter(env, one(story)).text
    assert "\n\u200f\u2066NATO\u2069 تجتمع في بروكسل\n" in text
    assert "\n\u200f\u2066Lina Haddad\u2069\n" in text
    assert "\n\u200f\u20663-1\u2069 كانت النتيجة.\n" in text
    assert "\nنص عادي\n" in text
    assert "\nhttps://example.org/a\n" in text


def test_a_left_to_right_twin_is_flowed_and_a_right_to_left_one_is_not(env: Environment) -> None:
    long = "word " * 40 + "\n\n> " + "said " * 30 + "\n\n- " + "item " * 30 + "\n\nFrom here"
    story = replace(STORY, headline="Headline", summary=long)
    made = letter(env, one(story), replace(PUBLICATION, language="en", name="The Sail"))
    assert made.flowed
    lines = made.text.split("\n")
    soft = [line for line in lines if line.endswith(" ")]
    assert {line.strip(" ") for line in soft} == {" ".join(["word"] * 15)}
    assert all(line.startswith(">") for line in lines if "said" in line)
    # RFC 3676 section 4.4: what begins with a space or "From " begins with one space more.
    assert " From here" in lines
    assert [len(line) - len(line.lstrip()) for line in lines if "item" in line] == [0, 3]
    flowed = re.sub(r"(?m)^ ", "", made.text).replace(" \n", " ")
    assert " ".join(["word"] * 40) in flowed
    arabic = letter(env, one(replace(STORY, summary="كلمة " * 60)))
    assert not arabic.flowed
    assert " \n" not in arabic.text


@pytest.mark.parametrize(
    ("line", "wrapped"),
    [
        ("> " + "كلمة " * 8, ["> كلمة كلمة كلمة", "> كلمة كلمة كلمة", "> كلمة كلمة"]),
        ("• " + "كلمة " * 5, ["• كلمة كلمة كلمة", "  كلمة كلمة"]),
        ("12. " + "كلمة " * 4, ["\u200f12. كلمة كلمة كلمة", "    كلمة"]),
        ("https://example.org/" + "a" * 40, ["https://example.org/" + "a" * 40]),
        ("قل 1 +213 21 55 66 77 اليوم", ["قل 1", "\u200f\u2066+213 21 55 66 77\u2069", "اليوم"]),
        (
            "قال The quick brown fox jumped over اليوم",
            [
                "قال \u2066The quick brown\u2069",
                "\u200f\u2066fox jumped over\u2069",
                "اليوم",
            ],
        ),
        ("عِنْدَمَا تَكَلَّمَ صَمَتُوا", ["عِنْدَمَا تَكَلَّمَ صَمَتُوا"]),
        ("漢字漢字 " * 6, ["\u200f\u2066漢字漢字 漢字漢字\u2069"] * 3),
    ],
)
def test_wrapping_counts_what_a_reader_sees(line: str, wrapped: list[str]) -> None:
    assert twin.wrap(line, 20) == wrapped


# What goes in and what comes out


def test_subject_and_preheader_are_isolated_and_one_line(env: Environment) -> None:
    issue = replace(one(STORY), subject="فوز\n 3-1 اليوم", preheader="عن C++")
    made = letter(env, issue)
    assert made.subject == "فوز \u20663-1\u2069 اليوم"
    assert "mso-hide:all" in made.html
    assert "عن \u2066C++\u2069&#847;" in made.html
    assert 'aria-label="فوز \u20663-1\u2069 اليوم"' in made.html or 'aria-label="فوز &#x2066;3-1' in made.html


def test_a_preheader_is_made_of_the_first_words(env: Environment) -> None:
    long = "كلمةٌ " * 60
    html = letter(env, replace(one(replace(STORY, summary=long)))).html
    shown = re.search(r"<body[^>]*><div [^>]*>(.*?)&#847;", html)
    assert shown is not None
    assert shown[1].endswith("كلمةٌ…")
    assert len(shown[1]) < 130


def test_a_letter_without_any_text_has_no_empty_preheader(env: Environment) -> None:
    assert "mso-hide:all" not in letter(env, Issue(1, "عنوان")).html


def test_a_vocalised_headline_survives_in_attributes(env: Environment) -> None:
    story = replace(STORY, headline='شكرًا "لكم" \\ يا أهلَ 3-1\u200f', image="https://example.org/a.jpg", image_alt="")
    for theme in THEMES:
        html = letter(env, one(story, template=theme)).html
        assert "\\u{" not in html
        tree = lxml_html.fromstring(html)
        alts = {image.get("alt") for image in tree.iter("img")}
        assert alts <= {'شكرًا "لكم" \\ يا أهلَ \u20663-1\u2069\u200f', "", None}


def test_words_of_bold_and_links_never_fuse(env: Environment) -> None:
    html = letter(env, one(replace(STORY, summary="**أ**\n[ب](https://example.org/b) **ج**\n*د*"))).html
    text = " ".join(lxml_html.fromstring(html).text_content().split())
    assert "أ ب ج د" in text


def test_control_characters_of_a_cms_do_not_kill_a_letter(env: Environment) -> None:
    made = letter(env, one(replace(STORY, headline="عن\x00وا\x0bن\ufffe", summary="مل\x1bخ\ud800ص")))
    assert "عنوان" in made.html
    assert "ملخص" in made.html
    assert "ملخص" in made.text


def test_a_story_without_address_stands_whole_and_has_no_button(env: Environment) -> None:
    whole = "\n\n".join(f"فقرة رقم {n}." for n in range(1, 10))
    for theme in THEMES:
        made = letter(env, one(replace(STORY, url="", summary=whole), template=theme))
        assert made.html.count("فقرة رقم") >= 9
        assert "اقرأ المزيد" not in made.html + made.text


def test_local_pictures_travel_by_cid_and_only_the_used_ones(env: Environment) -> None:
    pictures = {"a.jpg": picture("a.jpg"), "b.jpg": picture("b.jpg")}
    made = letter(env, one(replace(STORY, image="a.jpg")), pictures=pictures)
    assert 'src="cid:a.jpg@example.org"' in made.html
    assert made.pictures == (pictures["a.jpg"],)
    assert letter(env, one(replace(STORY, image="a.jpg"), template="bulletin"), pictures=pictures).pictures == ()


def test_a_portrait_does_not_fill_the_screen(env: Environment) -> None:
    tall = replace(picture("a.jpg"), width=600, height=1200)
    html = letter(env, one(replace(STORY, image="a.jpg")), pictures={"a.jpg": tall}).html
    assert re.search(r'<img [^>]*width="260"', html)


@pytest.mark.parametrize(
    ("change", "where", "about"),
    [
        ({"image": "missing.jpg"}, "issues/1/issue.md:8", "missing.jpg"),
        ({"image": "http://example.org/a.jpg"}, "issues/1/issue.md:8", "not encrypted"),
        ({"image": "data:image/png;base64,AAAA"}, "issues/1/issue.md:8", "not there"),
        ({"url": "javascript:alert(1)"}, "issues/1/issue.md:7", "nowhere"),
        ({"url": "/2025/11/a"}, "issues/1/issue.md:7", "nowhere"),
        ({"url": "https://[::1"}, "issues/1/issue.md:7", "nowhere"),
        ({"summary": "أ\n\n[ب](javascript:x)"}, "issues/1/issue.md:11", "nowhere"),
    ],
)
def test_what_cannot_stand_in_a_letter_is_told_with_its_place(
    change: dict[str, str], where: str, about: str, env: Environment
) -> None:
    with pytest.raises(RenderError, match=re.escape(about)) as caught:
        letter(env, one(replace(STORY, **change)))
    assert caught.value.where == where
    assert caught.value.mend


def test_the_marker_may_not_stand_in_the_issue(env: Environment) -> None:
    for text in (MARKER, f"{MARKER[:5]}\x00{MARKER[5:]}", f"{MARKER[:5]}&#x{ord(MARKER[5]):x};{MARKER[6:]}"):
        for issue in (
            one(replace(STORY, summary=f"نص {text}-leave- نص")),
            one(replace(STORY, headline=f"نص {text}-leave- نص")),
            replace(one(STORY), subject=f"نص {text}-leave-"),
        ):
            if "&#x" not in text or issue.stories[0].summary != STORY.summary:
                with pytest.raises(RenderError, match="marker"):
                    letter(env, issue)


@pytest.mark.parametrize(
    "leave_url",
    [
        LEAVE,
        f"https://example.org/leave?a=1&t={MARKER}-leave-",
        f"mailto:leave@example.org?subject={MARKER}-leave-",
        f"mailto:leave+{MARKER}-leave-@example.org?subject=%D8%A5&body=x",
    ],
)
def test_the_link_to_leave_comes_out_whole(leave_url: str, env: Environment) -> None:
    for theme in THEMES:
        made = letter(env, one(STORY, template=theme), leave_url=leave_url)
        assert leave_url in [a.get("href") for a in lxml_html.fromstring(made.html).iter("a")]
        assert f"\n{leave_url}\n" in made.text


def test_a_template_that_forgets_the_link_to_leave_is_refused(tmp_path: Path) -> None:
    (tmp_path / "email").mkdir()
    (tmp_path / "email" / "bare.mjml.j2").write_text(
        '{% extends "email/weekly.mjml.j2" %}{% block footer %}{% endblock %}', encoding="utf-8"
    )
    (tmp_path / "email" / "bare.txt.j2").write_text("{{ leave_url }}", encoding="utf-8")
    with pytest.raises(RenderError, match="no link to leave") as caught:
        letter(environment(tmp_path), one(STORY, template="bare"))
    assert caught.value.where == "email/bare.mjml.j2"


@pytest.mark.parametrize(
    ("block", "about"),
    [
        ("<mj-section><mj-column><mj-text><p>a</mj-text></mj-column></mj-section>", "cannot be compiled"),
        ("<mj-section><mj-column><mj-txt>a</mj-txt></mj-column></mj-section>", "not understood"),
        ("<mj-section><mj-column><mj-image src='a' /></mj-column></mj-section>", "no description"),
        ("<mj-section direction='ltr'><mj-column><mj-text>a</mj-text></mj-column></mj-section>", "left to right"),
        ("<mj-raw><!--[if mso]><b></mj-raw>", "cannot be compiled"),
    ],
)
def test_a_broken_template_of_the_workspace_is_told(block: str, about: str, tmp_path: Path) -> None:
    (tmp_path / "email").mkdir()
    source = '{% extends "shipped/email/weekly.mjml.j2" %}{% block content %}' + block + "{% endblock %}"
    (tmp_path / "email" / "weekly.mjml.j2").write_text(source, encoding="utf-8")
    with pytest.raises(RenderError, match=about) as caught:
        letter(environment(tmp_path), one(STORY))
    assert caught.value.where.startswith("email/weekly.mjml.j2")


@pytest.mark.parametrize("block", ["<mj-text a=b>سطر</mj-text>", "<mj-section><?php ?></mj-section>"])
def test_a_compiler_error_says_where_in_the_source(block: str, tmp_path: Path) -> None:
    (tmp_path / "email").mkdir()
    source = '{% extends "shipped/email/weekly.mjml.j2" %}{% block content %}' + block + "{% endblock %}"
    (tmp_path / "email" / "weekly.mjml.j2").write_text(source, encoding="utf-8")
    with pytest.raises(RenderError) as caught:
        letter(environment(tmp_path), one(STORY))
    assert re.search(r"line \d+ of its MJML", caught.value.where), caught.value.where


@pytest.mark.parametrize(
    ("change", "about"),
    [
        ({"accent": "red;background:url(x)"}, "colour"),
        ({"fonts": "Arial</style>"}, "fonts"),
        ({"language": 'ar" onload="x'}, "language"),
        ({"logo": "logo.png"}, "logo.png"),
    ],
)
def test_impossible_settings_are_told(change: dict[str, str], about: str, env: Environment) -> None:
    with pytest.raises(RenderError, match=about):
        letter(env, one(STORY), replace(PUBLICATION, **change))


def test_impossible_arguments_are_told(env: Environment) -> None:
    for arguments in (
        {"marker": "short"},
        {"leave_url": "https://example.org/leave"},
        {"leave_url": f"javascript:{MARKER}-leave-"},
        {"date": datetime(2025, 11, 14)},  # noqa: DTZ001 - the missing zone is what is tried
    ):
        given_values = {"marker": MARKER, "leave_url": LEAVE, "date": DATE, **arguments}
        with pytest.raises(RenderError):
            render(one(STORY), PUBLICATION, env, **given_values)  # type: ignore[arg-type]
    with pytest.raises(RenderError, match="no name of a template"):
        letter(env, one(STORY, template="../secret"))
    with pytest.raises(RenderError, match="there is no template"):
        letter(env, one(STORY, template="montly"))


def test_the_date_of_a_byline_is_not_torn_over_two_lines(env: Environment) -> None:
    made = letter(env, one(replace(STORY, author="منى حداد", published=DATE)))
    assert "منى حداد · 14\u00a0نوفمبر\u00a02025" in made.html
    assert "منى حداد · 14 نوفمبر 2025" in made.text


def test_logo_links_hijri_and_digits_come_from_the_publication(env: Environment) -> None:
    publication = replace(
        PUBLICATION,
        logo="https://example.org/logo.png",
        hijri=True,
        digits="arabic-indic",
        links=(("إكس", "https://example.com/x"), ("سيئ", "javascript:x")),
    )
    made = letter(env, replace(one(STORY), number=12), publication)
    assert 'src="https://example.org/logo.png"' in made.html
    assert "٢٣ جمادى الأولى ١٤٤٧ هـ" in made.html
    assert "الجمعة، ١٤ نوفمبر ٢٠٢٥ · ٢٣ جمادى الأولى ١٤٤٧ هـ · العدد ١٢" in made.text
    assert "العدد ١٢" in made.html
    assert 'href="https://example.com/x"' in made.html
    assert "javascript" not in made.html


@pytest.mark.parametrize("theme", ["weekly", "digest", "bulletin"])
def test_a_jalali_date_leads_in_both_forms_and_the_others_stand_beside_it(env: Environment, theme: str) -> None:
    publication = replace(PUBLICATION, language="fa", digits="arabic-indic", jalali=True, hijri=True)
    written = replace(STORY, published=datetime(2025, 11, 13, 9, tzinfo=UTC))
    made = letter(env, replace(one(written), number=30, template=theme), publication)
    assert "جمعه ۲۳ آبان ۱۴۰۴ · ۱۴ نوامبر ۲۰۲۵ · ۲۳ جمادی‌الاول ۱۴۴۷ ه‍.ق · " in made.text
    shown = re.sub(r"(?:&#160;|\s)+", " ", re.sub(r"<[^>]*>", "", made.html))
    assert "جمعه ۲۳ آبان ۱۴۰۴ · ۱۴ نوامبر ۲۰۲۵ · ۲۳ جمادی‌الاول ۱۴۴۷ ه‍.ق" in shown
    assert "۲۲ آبان ۱۴۰۴" in made.text
    assert "۲۲ آبان ۱۴۰۴" in shown
    assert "۱۳ نوامبر" not in made.text + shown


@pytest.mark.parametrize(
    ("address", "made"),
    [
        ("https://example.org/قصة?س=1#أ", "https://example.org/%D9%82%D8%B5%D8%A9?%D8%B3=1#%D8%A3"),
        ("https://example.org/%D9%82/a(b)", "https://example.org/%D9%82/a(b)"),
        ("https://مثال.example/a", "https://xn--mgbh0fb.example/a"),
        ("HTTPS://example.org", "https://example.org"),
        ("https://example.org/a\u200fb", "https://example.org/ab"),
        ('https://example.org/"><b', "https://example.org/%22%3E%3Cb"),
        ("//example.org/a", ""),
        ("javascript:alert(1)", ""),
        ("https://", ""),
        ("https://example.org:port/", ""),
        ("https://exa mple.org/", ""),
    ],
)
def test_addresses_are_made_fit_for_a_link(address: str, made: str) -> None:
    assert web_address(address) == made


# The two steps round the compiler


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ('<mj-image alt="شكراً"/>', '<mj-image alt="شكرا&#x64B;"/>'),
        ("<mj-image alt='a > b\u200f' src=\"x\"/>", "<mj-image alt='a > b&#x200F;' src=\"x\"/>"),
        ('<p title="أ\n\tب\\ج\u00a0">نصٌّ</p>', '<p title="أ ب&#92;ج&#xA0;">نصٌّ</p>'),
        ("<!-- <a b='شكراً'> --><a b='ً'>", "<!-- <a b='شكراً'> --><a b='&#x64B;'>"),
        ('<mj-title>قال "نعمٌ"</mj-title>', "<mj-title>قال &quot;نعم&#x64C;&quot;</mj-title>"),
        ("<b>أ</b>\n  <a href='x'>ب</a>", "<b>أ</b> <a href='x'>ب</a>"),
        ("<p>أ</p>\n<p>ب</p>", "<p>أ</p>\n<p>ب</p>"),
        ("a < b <c d='", "a < b <c d='"),
        ("\x00أ\x0b\ufffe", "أ"),
    ],
)
def test_the_source_is_made_safe_for_the_compiler(source: str, made: str) -> None:
    assert before.prepare(source) == made


def test_every_character_comes_out_of_an_attribute_as_it_went_in() -> None:
    from mjml import mjml2html

    # Left out: what HTML itself does not keep (C1 controls, noncharacters).
    codes = [*range(0x20, 0x7F), *range(0xA0, 0x3000), *range(0xD7B0, 0xD800), *range(0xE000, 0xFDD0), 0x1F468, 0xE0067]
    text = " ".join(f"x{chr(code)}" for code in [*codes, *range(0xFDF0, 0xFFFE)])
    source = (
        '<mjml><mj-body><mj-section><mj-column><mj-image src="a" alt="{}"/></mj-column></mj-section></mj-body></mjml>'
    )
    html = mjml2html(before.prepare(source.format(escaping.escape(text))), fonts={})
    found = re.search(r'alt="([^"]*)"', html)
    assert found is not None
    assert escaping.unescape(found[1]) == text


def test_colours_stay_readable() -> None:
    for accent in ("#0f766e", "#ffd400", "#fff", "#000000", "#b91c1c", "#888888", "#1d4ed8"):
        colours = palette.palette(accent)
        for ground in (colours.card, colours.tint):
            assert palette.contrast(colours.accent_text, ground) >= 4.5
            assert palette.contrast(colours.ink, ground) >= 4.5
        for ground in (colours.dark_card, colours.dark_tint):
            assert palette.contrast(colours.dark_accent, ground) >= 4.5
            assert palette.contrast(colours.dark_ink, ground) >= 4.5
        assert palette.contrast(colours.on_accent, colours.accent) >= 4.5
    colours = palette.palette("#0f766e")
    for text, ground in (
        (colours.muted, colours.paper),
        (colours.muted, colours.card),
        (colours.soft, colours.card),
        (colours.dark_muted, colours.dark_card),
        (colours.dark_muted, colours.dark_paper),
        (colours.dark_soft, colours.dark_card),
    ):
        assert palette.contrast(text, ground) >= 4.5


# Templates and words


def test_every_name_that_a_template_may_use_is_told() -> None:
    told = (Path(__file__).parents[1] / "docs" / "en" / "templates.md").read_text("utf-8")
    names = {word for code in re.findall(r"`([^`\n]+)`", told) for word in re.findall(r"[a-z_]+", code)}
    _, values = _values(one(STORY), PUBLICATION, environment(), MARKER, LEAVE, DATE, {})
    assert set(values) - names == set()
    for kind in (palette.Palette, Publication, views.StoryView, views.StoryGroup, views.SectionView, views.PictureView):
        assert {field.name for field in fields(kind)} - names == set(), kind
    blocks = {
        block
        for theme in ("base", *THEMES)
        for block in re.findall(r"{% block (\w+)", (templates_dir() / "email" / f"{theme}.mjml.j2").read_text("utf-8"))
    }
    assert blocks - names == set()


KNOWN = (
    "mjml mj-head mj-body mj-title mj-preview mj-breakpoint mj-attributes mj-all mj-raw mj-style mj-section mj-column "
    "mj-text mj-image mj-button mj-table mj-divider mj-spacer"
)


def test_the_source_is_well_formed_and_uses_only_known_parts(env: Environment) -> None:
    for name in golden.NAMES:
        one = golden.golden(name)
        for theme in THEMES:
            mjml = golden.mjml(replace(one, issue=replace(one.issue, template=theme)), env)
            tree = etree.fromstring(mjml.strip().encode())
            for element in tree.iter(etree.Element):
                if element.tag.startswith("mj"):
                    assert element.tag in KNOWN.split()
                    for key, value in element.attrib.items():
                        assert not ("padding" in key and re.search(r"(?<![\d.])0(?!\w|\.)", value)), (
                            element.tag,
                            value,
                        )
                if element.tag in ("mj-image", "img") and element.getparent().tag != "mj-attributes":
                    assert "alt" in element.attrib


def test_every_word_of_a_letter_is_in_every_catalogue(env: Environment) -> None:
    from babel.messages.pofile import read_po

    used = {*NAMES.values(), *USUAL}
    own = {
        *THEMES,
        "base",
        "parts",
        "mastheads",
        "look",
        "theme",
        "ways",
    }  # the small letters have a catalogue of their own
    for path in (path for path in (templates_dir() / "email").glob("*.j2") if path.name.split(".")[0] in own):
        source = path.read_text(encoding="utf-8")
        used |= set(re.findall(r'\bsay\("([^"]+)"', source))
        used |= set(re.findall(r'\bcount\("([^"]+)"', source))
    elements = Path(prose.__file__).parent / "elements"
    for path in (*elements.glob("*.py"), Path(str(render_package.__file__))):
        used |= set(re.findall(r'\b(?:say|count)\(\s*[\'"]([^\'"]+)[\'"]', path.read_text("utf-8")))
    assert used
    for language in ("ar", "en", "fr", "he", "fa"):
        path = templates_dir() / "locale" / language / "letter.po"
        with path.open("rb") as file:
            catalogue = read_po(file, locale=language)
        assert {message.id[0] if message.pluralizable else message.id for message in catalogue if message.id} == used
        for message in catalogue:
            if message.id:
                strings = message.string if isinstance(message.string, (list, tuple)) else (message.string,)
                assert all(strings), (language, message.id)
                assert len(strings) == (catalogue.num_plurals if message.pluralizable else 1)


def test_arabic_counts_in_six_forms(env: Environment) -> None:
    count = words(env, "ar").ngettext
    assert [count("{n} story", "{n} stories", n) for n in (0, 1, 2, 3, 11, 100)] == [
        "لا قصص",
        "قصة واحدة",
        "قصتان",
        "{n} قصص",
        "{n} قصة",
        "{n} قصة",
    ]
    assert words(env, "ar-DZ").gettext("Unsubscribe") == "إلغاء الاشتراك"
    assert words(env, "ur").gettext("Unsubscribe") == "Unsubscribe"


def test_a_broken_catalogue_is_told(tmp_path: Path) -> None:
    path = tmp_path / "locale" / "ar" / "letter.po"
    path.parent.mkdir(parents=True)
    path.write_text("no catalogue", encoding="utf-8")
    with pytest.raises(RenderError, match="catalogue") as caught:
        letter(environment(tmp_path), one(STORY))
    assert caught.value.where == "locale/ar/letter.po"


# Size and speed


def fifty() -> Issue:
    slug = "%D9%82%D8%B5%D8%A9-" * 10  # 200 bytes, WordPress's longest slug is as long
    summary = ("نص ملخص القصة يمتد على أسطر قليلة ويصف ما جرى دون إطالة، " * 4)[:180]
    stories = [
        Story(
            f"وزارة التعليم تعمّم تجربة «مدرسة بلا حقائب» على {n} مدرسة",
            f"https://example.org/2025/11/{n}/{slug}/?utm_source=nashra&utm_medium=email",
            summary,
            f"https://example.org/wp-content/uploads/2025/11/school-{n}-768x512.jpg",
            "تلاميذ في ساحة المدرسة",
            "هيثم ناصر",
            DATE,
        )
        for n in range(1, 51)
    ]
    sections = tuple(Section(f"قسم {n}", tuple(stories[n * 10 : n * 10 + 10])) for n in range(5))
    return Issue(12, "خمسون قصة", template="digest", sections=sections)


def test_fifty_stories_of_a_digest_are_not_clipped(env: Environment) -> None:
    made = letter(env, fifty())
    plain, encoded = sizes(made.html)
    assert plain == len(made.html.encode())
    assert plain <= 95_000
    assert encoded <= 102_000


# Whatever is written


NASTY = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</mj-text>",
    "<mj-raw>",
    "{{ 7*7 }}",
    "{% raw %}",
    "-->",
    "<!--[if mso]>",
    "]]>",
    "&#x3c;b&#x3e;",
    "[a](javascript:alert(1))",
    "![a](x)",
    "\\u{64b}",
    'x="\\',
    "\u2066",
    "\u202e",
    "C++ 3-1",
    "شكرًا",
]
TEXTS = st.lists(
    st.one_of(st.sampled_from(NASTY), st.text(max_size=12), st.sampled_from("ابج \n#>*-")), max_size=8
).map("".join)
FIELDS: dict[str, Callable[[str], tuple[Issue, Publication]]] = {
    "subject": lambda text: (replace(one(STORY), subject=text), PUBLICATION),
    "preheader": lambda text: (replace(one(STORY), preheader=text), PUBLICATION),
    "opening": lambda text: (replace(one(STORY), opening=(Prose(text, 1),)), PUBLICATION),
    "section": lambda text: (Issue(1, "عنوان", sections=(Section(text, (STORY, Prose(text))),)), PUBLICATION),
    "headline": lambda text: (one(replace(STORY, headline=text)), PUBLICATION),
    "url": lambda text: (one(replace(STORY, url="https://example.org/" + text)), PUBLICATION),
    "summary": lambda text: (one(replace(STORY, summary=text)), PUBLICATION),
    "alt": lambda text: (one(replace(STORY, image="https://example.org/a.jpg", image_alt=text)), PUBLICATION),
    "image": lambda text: (one(replace(STORY, image="https://example.org/" + text)), PUBLICATION),
    "author": lambda text: (one(replace(STORY, author=text, label=text)), PUBLICATION),
    "name": lambda text: (one(STORY), replace(PUBLICATION, name=text, tagline=text, postal_address=text)),
    "site": lambda text: (one(STORY), replace(PUBLICATION, url=text, links=((text, text),), logo="")),
}
TAGS = (
    "html head title meta style body div table tbody tr td p h1 h2 h3 h4 a img span strong em ul ol li br blockquote "
    "hr code pre"
)


@pytest.mark.slow
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(field=st.sampled_from(sorted(FIELDS)), theme=st.sampled_from(THEMES), text=TEXTS)
def test_any_text_gives_a_letter_or_a_complaint_and_never_markup(
    field: str, theme: str, text: str, env: Environment
) -> None:
    issue, publication = FIELDS[field](text)
    try:
        made = letter(env, replace(issue, template=theme), publication)
    except RenderError:
        return
    seen = re.sub(r"<!--\[if.*?<!\[endif\]-->", "", made.html, flags=re.DOTALL).replace("<!--<![endif]-->", "")
    tree = lxml_html.document_fromstring(re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", seen))
    for element in tree.iter():
        assert element.tag in TAGS.split(), element.tag
        assert not [name for name in element.attrib if name.startswith("on")]
        assert element.get("href", "https:").startswith(("https:", "http:", "mailto:"))
        assert element.get("src", "https:").startswith(("https:", "cid:"))
    assert "\n" not in made.subject
    assert made.text.count(LEAVE) == 1


@pytest.mark.parametrize(
    ("language", "digits", "shown"),
    [
        ("ar", "latin", "1,234 12.5\u200e%\u200e"),
        ("fa", "arabic-indic", "۱٬۲۳۴ ۱۲٫۵٪"),
        ("fr", "latin", "1\u202f234 12,5\u00a0%"),
    ],
)
def test_a_template_writes_numbers_in_the_publication_s_way(
    tmp_path: Path, language: str, digits: Literal["latin", "arabic-indic"], shown: str
) -> None:
    (tmp_path / "email").mkdir()
    (tmp_path / "email" / "weekly.txt.j2").write_text(
        '{{ amount(1234) }} {{ percent(0.125) }}\n{% include "email/base.txt.j2" %}', "utf-8"
    )
    made = letter(environment(tmp_path), one(STORY), replace(PUBLICATION, language=language, digits=digits))
    assert shown in bidi.strip(made.text)
