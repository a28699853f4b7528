"""Letters: whole cases against stored ones, what a browser makes of them, and what is refused.

``UPDATE_LETTERS=1 pytest tests/test_render.py`` writes the stored ones anew; look at the difference before keeping it.
"""

from __future__ import annotations

import html as escaping
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import Environment
from lxml import etree
from lxml import html as lxml_html

from newsletter.errors import RenderError
from newsletter.models import Issue, Picture, Prose, Publication, Rendered, Section, Story
from newsletter.render import after, before, mjml_of, palette, render, sizes, twin
from newsletter.render.views import web_address
from newsletter.text import bidi
from newsletter.theme import environment, templates_dir
from newsletter.words import words

CASES = Path(__file__).parent / "data" / "letters"
NAMES = sorted(path.name for path in CASES.iterdir())
MARKER = "q7x3m9k2p5w8z1aa"
LEAVE = f"https://example.org/leave/{MARKER}-leave-"
DATE = datetime(2025, 11, 14, 9, tzinfo=UTC)
THEMES = ("weekly", "digest", "bulletin")
PUBLICATION = Publication("الشراع", "https://example.org", timezone="Africa/Algiers", postal_address="14 شارع الميناء")


@pytest.fixture(scope="module")
def env() -> Environment:
    return environment()


def picture(path: str) -> Picture:
    name = path.replace("/", "-")
    return Picture(f"{name}@example.org", "image/jpeg", b"\xff\xd8", name, 900, 600)


def case(name: str) -> tuple[Issue, Publication, dict[str, Picture]]:
    stored = json.loads((CASES / name / "issue.json").read_text(encoding="utf-8"))

    def block(data: dict[str, Any]) -> Story | Prose:
        if "prose" in data:
            return Prose(data["prose"], data.get("line", 0))
        story = dict(data["story"])
        if "published" in story:
            story["published"] = datetime.fromisoformat(story["published"])
        return Story(**story)

    issue = Issue(
        opening=tuple(Prose(part["prose"], part["line"]) for part in stored["opening"]),
        sections=tuple(
            Section(section["title"], tuple(block(part) for part in section["blocks"]))
            for section in stored["sections"]
        ),
        **stored["issue"],
    )
    about = dict(stored["publication"])
    about["links"] = tuple((name, url) for name, url in about.get("links", ()))
    return issue, Publication(**about), {path: picture(path) for path in stored["pictures"]}


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


# Stored letters


@pytest.mark.parametrize("name", NAMES)
def test_letters_are_as_stored(name: str, env: Environment) -> None:
    issue, publication, pictures = case(name)
    made = letter(env, issue, publication, pictures)
    mjml = mjml_of(issue, publication, env, marker=MARKER, leave_url=LEAVE, date=DATE, pictures=pictures)
    mjml = re.sub(r"\n\s*\n", "\n", mjml)
    for file, text in (("letter.txt", made.text), ("letter.mjml", mjml), ("letter.html", made.html + "\n")):
        path = CASES / name / file
        if os.environ.get("UPDATE_LETTERS") == "1":
            path.write_text(text, encoding="utf-8", newline="\n")
        assert path.read_text(encoding="utf-8") == text, f"{path} differs; see the docstring of this file"


def every_letter(env: Environment) -> list[tuple[str, Publication, Rendered]]:
    made = []
    for name in NAMES:
        issue, publication, pictures = case(name)
        for theme in THEMES:
            made.append(
                (f"{name}-{theme}", publication, letter(env, replace(issue, template=theme), publication, pictures))
            )
    for language in ("he", "fa", "fr", "ur"):
        issue, publication, pictures = case("week")
        publication = replace(publication, language=language)
        made.append((f"week-{language}", publication, letter(env, issue, publication, pictures)))
    return made


def test_every_letter_keeps_the_rules_of_right_to_left_mail(env: Environment) -> None:
    for name, publication, made in every_letter(env):
        direction = publication.direction
        assert not after.leaks(made.html, direction), name
        assert f'<body lang="{publication.language}" dir="{direction}" style="direction:{direction};' in made.html, name
        for table in re.findall(r"<table\b[^>]*>", made.html):
            assert ' role="presentation"' in table, name
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
        assert sizes(made.html)[0] < 60_000, name


def test_every_text_twin_is_narrow_and_has_every_link(env: Environment) -> None:
    from rich.cells import cell_len

    for name, _, made in every_letter(env):
        links = {escaping.unescape(link) for link in re.findall(r'<a\b[^>]* href="([^"]*)"', made.html)}
        for link in links:
            assert re.search(rf"^\s*(?:> )?{re.escape(link.removeprefix('mailto:'))}$", made.text, re.MULTILINE), (
                name,
                link,
            )
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


@pytest.mark.parametrize(
    ("line", "wrapped"),
    [
        ("> " + "كلمة " * 8, ["> كلمة كلمة كلمة", "> كلمة كلمة كلمة", "> كلمة كلمة"]),
        ("• " + "كلمة " * 5, ["• كلمة كلمة كلمة", "  كلمة كلمة"]),
        ("12. " + "كلمة " * 4, ["12. كلمة كلمة كلمة", "    كلمة"]),
        ("https://example.org/" + "a" * 40, ["https://example.org/" + "a" * 40]),
        ("قل 1 +213 21 55 66 77 اليوم", ["قل 1", "+213 21 55 66 77", "اليوم"]),
        ("عِنْدَمَا تَكَلَّمَ صَمَتُوا", ["عِنْدَمَا تَكَلَّمَ صَمَتُوا"]),
        ("漢字漢字漢字 漢字漢字", ["漢字漢字漢字", "漢字漢字"]),
    ],
)
def test_wrapping_counts_what_a_reader_sees(line: str, wrapped: list[str]) -> None:
    assert twin.wrap(line, 20) == wrapped


# What a browser makes of it

PROBE = """
<!doctype html><meta charset="utf-8"><body>%s<script>
const found = {};
function look(frame) {
  const doc = frame.contentDocument, bad = [], view = frame.contentWindow;
  const rtl = frame.dataset.direction === 'rtl';
  const walker = doc.createTreeWalker(doc.body, NodeFilter.SHOW_TEXT);
  let order = null, texts = 0, lowest = 9;
  while (walker.nextNode()) {
    const node = walker.currentNode, text = node.data.trim(), own = node.parentElement;
    if (!text || own.closest('script,style') || !own.getClientRects().length) continue;
    texts++;
    const style = view.getComputedStyle(own);
    if (style.direction !== frame.dataset.direction && !own.closest('span[dir]')) bad.push('direction: ' + text);
    let block = own;
    while (view.getComputedStyle(block).display === 'inline') block = block.parentElement;
    const side = view.getComputedStyle(block).textAlign.replace('-webkit-', '');
    const wanted = rtl ? ['right', 'start'] : ['left', 'start'];
    const opposite = block.matches(rtl ? 'td[align=left]' : 'td[align=right]');
    if (!wanted.includes(side) && !opposite && !own.closest('table[align=center] a')) bad.push(side + ': ' + text);
    if (style.fontStyle !== 'normal' && rtl) bad.push('slanted: ' + text);
    const size = parseFloat(style.fontSize), height = parseFloat(style.lineHeight);
    if (height && text.length > 1) lowest = Math.min(lowest, height / size);
    const at = node.data.indexOf('3-1');
    if (at >= 0) {
      const left = (index) => { const range = doc.createRange(); range.setStart(node, index);
        range.setEnd(node, index + 1); return range.getBoundingClientRect().left; };
      order = (order ?? true) && left(at) < left(at + 2);
    }
  }
  found[frame.title] = {bad, order, texts, lowest, width: doc.documentElement.scrollWidth,
    images: [...doc.images].filter(image => !image.hasAttribute('alt')).length};
}
addEventListener('load', () => {
  for (const frame of document.querySelectorAll('iframe')) look(frame);
  const out = document.createElement('pre'); out.id = 'found'; out.textContent = JSON.stringify(found);
  document.body.append(out);
});
</script>
"""


def chromium() -> str:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("chromium is not installed, and in CI the letters must be looked at")
        pytest.skip("chromium is not installed")
    return path


def test_a_browser_shows_them_right_to_left_without_scrolling_sideways(env: Environment, tmp_path: Path) -> None:
    browser = chromium()
    letters = every_letter(env)
    frames = "".join(
        f'<iframe title="{name}" data-direction="{publication.direction}" style="width:375px;height:900px;border:0" '
        f'srcdoc="{escaping.escape(re.sub("cid:", "about:", made.html))}"></iframe>'
        for name, publication, made in letters
    )
    page = tmp_path / "letters.html"
    page.write_text(PROBE.replace("%s", frames), encoding="utf-8")
    flags = (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
        "--disable-component-update --disable-sync --hide-scrollbars --host-resolver-rules=MAP~*~^NOTFOUND "
        f"--user-data-dir={tmp_path / 'profile'} --window-size=800,900 --timeout=20000 --dump-dom"
    ).split()
    flags = [flag.replace("MAP~*~^NOTFOUND", "MAP * ^NOTFOUND") for flag in flags]
    done = subprocess.run([browser, *flags, page.as_uri()], capture_output=True, text=True, timeout=90, check=True)
    match = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
    assert match is not None, done.stderr[-2000:]
    found = json.loads(escaping.unescape(match[1]))
    assert set(found) == {name for name, _, _ in letters}
    for name, seen in found.items():
        assert seen["texts"] > 8, name
        assert seen["bad"] == [], name
        assert seen["width"] <= 375, name
        assert seen["images"] == 0, name
        assert seen["lowest"] >= 1.59, name
        if name.startswith(("week", "english")):
            assert seen["order"] is True, f"{name}: 3 must stand left of 1"


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
    for text in (MARKER, MARKER.upper(), f"{MARKER[:5]}\x00{MARKER[5:]}"):
        with pytest.raises(RenderError, match="marker"):
            letter(env, one(replace(STORY, summary=f"نص {text}-leave- نص")))


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
    assert "العدد ١٢" in made.html
    assert 'href="https://example.com/x"' in made.html
    assert "javascript" not in made.html


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
        assert palette.contrast(colours.accent_text, colours.card) >= 4.5
        assert palette.contrast(colours.dark_accent, colours.dark_card) >= 4.5
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


KNOWN = (
    "mjml mj-head mj-body mj-title mj-preview mj-breakpoint mj-attributes mj-all mj-raw mj-style mj-section mj-column "
    "mj-text mj-image mj-button mj-table mj-divider mj-spacer"
)


def test_the_source_is_well_formed_and_uses_only_known_parts(env: Environment) -> None:
    for name in NAMES:
        issue, publication, pictures = case(name)
        for theme in THEMES:
            mjml = mjml_of(
                replace(issue, template=theme),
                publication,
                env,
                marker=MARKER,
                leave_url=LEAVE,
                date=DATE,
                pictures=pictures,
            )
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

    used: set[str] = set()
    for path in (templates_dir() / "email").glob("*.j2"):
        source = path.read_text(encoding="utf-8")
        used |= set(re.findall(r'\bsay\("([^"]+)"', source))
        used |= set(re.findall(r'\bcount\("([^"]+)"', source))
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
