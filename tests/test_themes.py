"""How letters look without a line of code: the settings, an issue's own words, the looks, the signs, the command."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import golden_letters as golden
import pytest
from command import complains, here, make_workspace
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment
from lxml import html as lxml_html
from PIL import Image

from newsletter import issues
from newsletter.errors import IssueError
from newsletter.issues.reading import parse
from newsletter.letters import pictures
from newsletter.letters.render import Rendered, render, sizes
from newsletter.letters.render.initials import first_letter
from newsletter.letters.render.look import TEMPLATES, look_of
from newsletter.letters.signs import SIZE, drawn, signs_of
from newsletter.letters.templates import environment
from newsletter.models import Issue, Prose, Publication, Section, Story, Theme
from newsletter.text import theming
from newsletter.workflows import themes

PUBLICATION = Publication("الموجة", "https://example.org")
FRONT = '+++\nnumber = 3\nsubject = "س"\n{}\n+++\n\n### [أ](https://example.org/a)\nنص.\n'


@pytest.fixture(scope="module")
def templates() -> Environment:
    return environment()


def letter(templates: Environment, theme: Theme, issue: Issue | None = None, **about: str) -> Rendered:
    one = golden.golden("week")
    publication = replace(one.publication, theme=theme, logo="", **about)
    return render(issue or replace(one.issue, template=""), publication, templates, **golden.arguments(one))


def look(said: str = "", *, template: str = "", theme: Theme | None = None) -> tuple[str, str]:
    issue = Issue(1, "س", template=template, theme={"style": said} if said else {})
    made = look_of(issue, replace(PUBLICATION, theme=theme or Theme()))
    return made.style, made.template


# What decides


def test_the_issue_wins_over_its_template_and_that_over_the_newsroom() -> None:
    signature = Theme(style="signature")
    assert look() == ("classic", "weekly")
    assert look(theme=signature) == ("signature", "signature")
    assert look(template="weekly", theme=signature) == ("classic", "weekly")
    assert look(template="classic") == ("classic", "weekly")
    assert look("digest", template="weekly", theme=signature) == ("digest", "digest")


def test_a_template_of_ones_own_draws_whatever_the_style_is() -> None:
    assert look(template="monthly") == ("classic", "monthly")
    assert look("bulletin", template="monthly") == ("bulletin", "monthly")


def test_what_is_not_said_is_the_styles_own() -> None:
    heads = {}
    for style in TEMPLATES:
        made = look_of(Issue(1, "س", template=""), replace(PUBLICATION, theme=Theme(style=style)))  # type: ignore[arg-type]
        heads[style] = made.header
        assert "" not in (made.header, made.hero, made.rows, made.align, made.corners, made.density, made.text)
    assert heads == {"signature": "band", "classic": "plain", "digest": "plain", "bulletin": "centred"}


# What an issue may say


def test_an_issue_may_say_it_in_one_line_or_in_a_table() -> None:
    for text in ('theme.style = "digest"\ntheme.contents = true', '[theme]\nstyle = "digest"\ncontents = true'):
        issue = parse(FRONT.format(text), Path("issue.md"))
        assert issue.theme == {"style": "digest", "contents": True}
        assert issue.template == ""
        again = parse(issues.to_text(issue), Path("issue.md"))
        assert again.theme == issue.theme


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('theme.style = "loud"', 4, "theme.style is 'loud', but signature, classic, digest or bulletin is wanted"),
        ('[theme]\nhero = "edge"\nsecond = "red"', 6, "theme.second is 'red', but a colour such as #0f766e is wanted"),
        ("[theme]\nstile = 1", 5, "theme.stile is not known here; known are style, header"),
        ("theme.corners = 3", 4, "theme.corners is 3, but text in quotes is wanted"),
        ('theme.contents = "yes"', 4, "theme.contents is 'yes', but true, false or \"auto\" is wanted"),
        ('theme = "digest"', 4, "theme is 'digest', but a table such as theme.style = \"classic\" is wanted"),
        ('theme.headings = "a;b}"', 4, "sans, serif or names of fonts with commas"),
        ('theme.portrait = "http://example.org/a.jpg"', 4, "an address that starts with https://, is wanted"),
        ('theme.social = { myspace = "https://example.org" }', 4, "myspace is none of facebook, x,"),
        ('theme.social = { x = "javascript:alert(1)" }', 4, "an https address is wanted"),
        ('theme.editor = "a\\nb"', 4, "one line of text is wanted"),
    ],
)
def test_what_is_wrong_gets_one_line_with_its_place(text: str, line: int, words: str) -> None:
    with pytest.raises(IssueError) as caught:
        parse(FRONT.format(text), Path("issue.md"))
    assert caught.value.where == f"issue.md:{line}"
    assert words in caught.value.what
    assert "\n" not in str(caught.value)


@given(key=st.sampled_from(("picture", "editor", "headings", "second", "social", "style")), value=st.text(max_size=40))
def test_any_text_is_a_value_or_a_value_error(key: str, value: str) -> None:
    given_ = {"x": value} if key == "social" else value
    try:
        made = theming.judged(key, given_)
    except ValueError:
        return
    assert theming.judged(key, dict(made) if key == "social" else made) == made


def test_a_key_is_added_before_the_table_it_would_fall_into() -> None:
    from newsletter.issues.manuscript import Manuscript

    text = '+++\nnumber = 3\nsubject = "س"\n[theme]\nstyle = "digest"\n+++\n\nنص\n'
    made = Manuscript(text, Path("issue.md")).with_value("preheader", "جديد")
    assert made.issue.preheader == "جديد"
    assert made.issue.theme == {"style": "digest"}


def test_settings_name_their_own_mistakes(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    path = root / "newsletter.toml"
    text = path.read_text("utf-8")
    for wrong, told in (
        ('hero = "wide"', "hero"),
        ('second = "teal"', "a colour such as #0f766e is wanted"),
        ('social = { myspace = "https://example.org" }', "myspace"),
        ('social = { x = "http://example.org" }', "an https address is wanted"),
    ):
        path.write_text(text.replace('style = "signature"', f'style = "signature"\n{wrong}'), "utf-8")
        complains(here("-C", root, "status"), "newsletter.toml:1", told)


# What it looks like


def test_every_head_says_whose_letter_it_is(templates: Environment) -> None:
    heads = []
    for theme in (
        Theme(style="signature"),
        Theme(style="classic"),
        Theme(style="digest"),
        Theme(style="bulletin"),
        Theme(style="signature", header="picture", picture="https://example.org/head.png"),
    ):
        html = letter(templates, theme).html
        head = html[html.index("<body") : html.index("</h1>")]
        assert "الشراع" in head
        assert html.count("<h1") == 1
        heads.append(re.sub(r"\s+", " ", head))
    assert len(set(heads)) == len(heads)
    # Inline for telephones, where Gmail may drop every style; larger where there is room.
    assert "font-size:44px" in heads[0]
    assert ".name { font-size: 56px !important;" in letter(templates, Theme(style="signature")).html


@pytest.mark.parametrize(("stories", "pairs", "across"), [(1, 0, 0), (2, 0, 1), (3, 1, 0), (6, 2, 1), (13, 6, 0)])
def test_cards_stand_in_pairs_and_an_odd_one_goes_first(
    templates: Environment, stories: int, pairs: int, across: int
) -> None:
    made = tuple(
        Story(f"عنوان {at} <&>", f"https://example.org/{at}", "ملخص.", image=f"https://example.org/{at}.jpg")
        for at in range(stories)
    )
    issue = Issue(1, "س", template="", sections=(Section("أخبار", made),))
    html = letter(templates, Theme(style="signature"), issue).html
    assert (html.count('class="c"'), html.count('class="c near"'), html.count('class="c far"')) == (
        2 * pairs,
        across,
        across,
    )
    assert html.count('<!--[if mso]></td><td width="300"') == pairs + across
    titles = [int(one) for one in re.findall(r">عنوان (\d+) ", html)]
    inside = [one for one in titles if titles.count(one) >= 1]
    assert sorted(set(inside)) == list(range(stories))
    order = [int(one) for one in re.findall(r"<h3[^>]*>(?:<a[^>]*>)?عنوان (\d+) ", html)]
    assert order == list(range(stories))


def test_a_card_without_a_picture_beside_one_with_has_a_panel(templates: Environment) -> None:
    lead = Story("الأولى", "https://example.org/0", "نص")
    pictured = Story("بصورة", "https://example.org/1", "نص", image="https://example.org/1.jpg")
    bare = Story("بلا صورة", "https://example.org/2", "نص")
    panels = {}
    for name, two in (("mixed", (pictured, bare)), ("bare", (bare, replace(bare, url="https://example.org/3")))):
        issue = Issue(1, "س", template="", sections=(Section("أخبار", (lead, *two)),))
        panels[name] = letter(templates, Theme(style="signature", contents=False), issue).html.count('class="tint"')
    assert panels == {"mixed": 1, "bare": 0}


def test_twelve_stories_are_far_from_being_clipped(templates: Environment) -> None:
    long = "كلمات كثيرة في ملخص طويل لا ينتهي إلا بعد ثلاثة أسطر " * 4
    stories = tuple(
        Story(f"عنوان طويل للقصة رقم {at}", f"https://example.org/{at}/" + "%D9%82" * 30, long, "https://e.org/a.jpg")
        for at in range(12)
    )
    issue = Issue(1, "س", template="", sections=(Section("أخبار", stories[:5]), Section("رأي", stories[5:])))
    assert sizes(letter(templates, Theme(style="signature"), issue).html)[1] < 85_000


def test_every_key_changes_the_letter(templates: Environment) -> None:
    base = Theme(style="signature", editor="سارة")
    issue = replace(golden.golden("week").issue, template="", preheader="ما تغيّر هذا الأسبوع")
    seen = {letter(templates, base, issue).html}
    for change in (
        {"header": "centred"},
        {"second": "#b4531f"},
        {"paper": "#e8eef5"},
        {"card": "#fffdf8"},
        {"headings": "serif"},
        {"text": "Georgia, serif"},
        {"hero": "inset"},
        {"hero": "none"},
        {"rows": "rows"},
        {"rows": "text"},
        {"align": "centre"},
        {"corners": "square"},
        {"density": "tight"},
        {"subtitle": "preheader"},
        {"contents": False},
        {"role": "رئيسة التحرير"},
        {"portrait": "https://example.org/me.jpg"},
        {"footer": "كلمة أخيرة"},
        {"social": (("telegram", "https://t.example.org/a"),)},
    ):
        html = letter(templates, replace(base, **change), issue).html  # type: ignore[arg-type]
        assert html not in seen, change
        seen.add(html)


def test_the_logo_for_dark_grounds_takes_the_place_of_the_other(templates: Environment) -> None:
    one = golden.golden("week")
    about = replace(one.publication, logo="https://example.org/l.png")
    theme = Theme(style="classic", logo_dark="https://example.org/d.png")
    html = render(one.issue, replace(about, theme=theme), templates, **golden.arguments(one)).html
    assert re.search(r'class="day" src="https://example.org/l.png"', html)
    assert re.search(r'class="night" src="https://example.org/d.png" alt=""[^>]*display:none', html)
    dark = replace(about, accent="#0b4f4a", theme=replace(theme, style="signature"))
    html = render(replace(one.issue, template=""), dark, templates, **golden.arguments(one)).html
    assert "l.png" not in html[: html.index("</h1>")]


@pytest.mark.parametrize("style", ["signature", "classic", "digest", "bulletin"])
def test_the_preheader_stands_under_the_head_where_it_is_wanted(templates: Environment, style: str) -> None:
    words = "ما تغيّر في 2026 & لماذا"
    one = replace(golden.golden("week").issue, template="", preheader=words)
    theme = Theme(style=style, subtitle="preheader")  # type: ignore[arg-type]
    made = letter(templates, theme, one)
    shown = lxml_html.fromstring(made.html).xpath("//*[contains(@class, 'subtitle')]")
    assert [" ".join(each.text_content().split()) for each in shown] == [words]
    head = made.text[: made.text.index(one.opening[0].markdown.split()[0])]
    assert words in head
    for silent in (replace(theme, subtitle="none"), replace(theme, subtitle="")):
        assert "subtitle" not in letter(templates, silent, one).html
        assert words not in letter(templates, silent, one).text
    # Without a preheader an inbox shows the letter's first words; they need no second place in it.
    assert "subtitle" not in letter(templates, theme, replace(one, preheader="")).html
    said = replace(one, theme={"subtitle": "preheader"})
    assert "subtitle" in letter(templates, Theme(style=style), said).html  # type: ignore[arg-type]


def test_small_letters_have_no_second_line_of_their_own(
    templates: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = golden.golden("week")
    themed = replace(base, publication=replace(base.publication, theme=Theme(subtitle="preheader")))
    monkeypatch.setattr(golden, "golden", lambda _: themed)
    assert "subtitle" not in golden.small("welcome", "ar", templates).rendered.html


def test_signs_whose_picture_is_not_loaded_show_their_whole_name(templates: Environment) -> None:
    one = golden.golden("week")
    about = replace(one.publication, theme=Theme(social=(("telegram", "https://t.example.org/a"),)))
    issue = replace(one.issue, template="")
    signs = signs_of(look_of(issue, about), "example.org")
    html = render(issue, about, templates, **golden.arguments(one) | {"pictures": {**one.pictures, **signs}}).html
    (image,) = lxml_html.fromstring(html).xpath("//a[@href='https://t.example.org/a']/img")
    style = dict(part.split(":") for part in image.get("style").rstrip(";").split(";"))
    # A width of its own, which the attribute is for Word alone, would cut the words off in browsers.
    assert (style["width"], style["height"], style["max-height"]) == ("auto", "auto", "32px")
    assert (image.get("width"), image.get("height")) == ("32", "32")


def test_the_text_has_the_editor_the_words_at_the_foot_and_the_pages(templates: Environment) -> None:
    theme = Theme(
        editor="سارة بن علي", role="رئيسة التحرير", footer="كلمة أخيرة", social=(("mail", "mailto:desk@example.org"),)
    )
    text = letter(templates, theme).text
    assert "\nسارة بن علي · رئيسة التحرير\n" in text
    assert "\nكلمة أخيرة\n" in text
    assert "\nراسلونا:\ndesk@example.org\n" in text


def test_the_letter_of_a_name_is_its_first_one() -> None:
    assert [first_letter(name) for name in ("سارة", "«Élise»", " 7 رنا", "", "…")] == ["س", "É", "ر", "", ""]


# Signs


@pytest.mark.parametrize("kind", theming.KINDS)
def test_a_sign_is_a_small_picture_of_its_own(kind: str) -> None:
    from PIL import Image

    data = drawn(kind, "#0b4f4a", "#ffffff")
    with Image.open(BytesIO(data)) as image:
        assert (image.format, image.size) == ("PNG", (SIZE, SIZE))
        shown = image.convert("RGBA")
    assert len(data) < 1500
    assert shown.getpixel((0, 0))[3] == 0  # type: ignore[index]
    drawing = sum(1 for red, _, _, alpha in shown.get_flattened_data() if red > 200 and alpha > 200)
    assert drawing > SIZE * SIZE * 0.04
    assert all(drawn(other, "#0b4f4a", "#ffffff") != data for other in theming.KINDS if other != kind)


def test_a_letter_carries_the_signs_of_its_pages_and_names_them(templates: Environment) -> None:
    theme = Theme(style="signature", social=(("telegram", "https://t.example.org/a"), ("rss", "https://example.org/f")))
    one = golden.golden("week")
    about = replace(one.publication, theme=theme)
    issue = replace(one.issue, template="")
    signs = signs_of(look_of(issue, about), "example.org")
    arguments = golden.arguments(one) | {"pictures": {**one.pictures, **signs}}
    made = render(issue, about, templates, **arguments)
    assert {picture.cid for picture in made.pictures} >= {"sign-telegram@example.org", "sign-rss@example.org"}
    assert 'src="cid:sign-telegram@example.org" alt="تيليغرام"' in made.html
    bare = render(issue, about, templates, **golden.arguments(one))
    assert re.search(r'<a href="https://t.example.org/a"[^>]*>تيليغرام</a>', bare.html)


# The command


def test_the_page_shows_every_look_with_the_newsrooms_own_stories(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    told = json.loads(here("-C", root, "theme", "--json").out)
    assert [one["name"] for one in told["looks"]] == list(themes.LOOKS)
    page = Path(told["path"]).read_text("utf-8")
    assert page.count("<iframe sandbox ") == 4 * len(themes.LOOKS)
    assert '<html lang="ar" dir="rtl">' in page
    for keys in themes.LOOKS.values():
        assert themes.lines_of(keys).replace('"', "&#34;") in page
    written = json.loads(re.search(r"const letters = (.*);\n", page)[1])  # type: ignore[index]
    assert set(written) == set(themes.LOOKS)
    assert "</script" not in page[page.index("const letters") : page.index("const dark")]
    assert told["stories"] == "issue 1" or told["stories"] in {"library", "sample"}


def test_a_newsroom_without_stories_sees_those_of_the_sample(tmp_path: Path) -> None:
    assert (
        here("init", tmp_path / "n", "--name", "N", "--url", "https://example.org", "--from", "n@example.org").code == 0
    )
    done = here("-C", tmp_path / "n", "theme", "--html", tmp_path / "page.html", "--json")
    assert json.loads(done.out)["stories"] == "sample"
    assert "data:image/jpeg;base64," in (tmp_path / "page.html").read_text("utf-8")
    complains(here("-C", tmp_path / "n", "theme", "--html", tmp_path / "no" / "page.html"), "cannot be written")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_look_is_written_and_every_other_byte_stays(tmp_path: Path, end: str) -> None:
    root = make_workspace(tmp_path / "w")
    path = root / "newsletter.toml"
    before = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", end.encode())
    path.write_bytes(before)
    dry = here("-C", root, "theme", "newspaper", "--dry-run")
    assert dry.code == 0
    assert '+ header = "centred"' in dry.out
    assert path.read_bytes() == before
    assert here("-C", root, "theme", "newspaper").code == 0
    after = path.read_bytes()
    assert {**tomllib.loads(after.decode())["theme"]} == dict(themes.LOOKS["newspaper"])
    rest = [line for line in after.splitlines(keepends=True) if line not in before.splitlines(keepends=True)]
    assert all(line.endswith(end.encode()) for line in rest)
    assert len(rest) == 4
    assert here("-C", root, "theme", "signature").code == 0
    assert path.read_bytes() == before
    complains(here("-C", root, "theme", "loud"), "there is no look 'loud'; there are signature, classic")


def test_the_mark_of_some_editors_stays_in_front(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    path = root / "newsletter.toml"
    theme, rest = "[theme]\n", re.sub(r"(?s)\[theme\].*?(?=\[sender\])", "", path.read_text("utf-8"))
    path.write_bytes(f"\ufeff{theme}{rest}".encode())
    dry = here("-C", root, "theme", "digest", "--dry-run")
    assert '+ style = "digest"' in dry.out, dry
    assert here("-C", root, "theme", "digest").code == 0
    assert path.read_bytes() == f'\ufeff{theme}style = "digest"\n{rest}'.encode()


def test_an_issue_has_its_own_face_told_once_where_it_stands(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    issue = root / "issues" / "first" / "issue.md"
    named = 'theme.header = "picture"\ntheme.portrait = "../x.jpg"\ntheme.picture = "head.jpg"\n'
    issue.write_text(issue.read_text("utf-8").replace("+++\n", f"+++\n{named}", 1), "utf-8")
    done = here("-C", root, "preview")
    told = [line for line in done.err.splitlines() if line.startswith("error ")]
    assert [(f"{issue}:3: " in line, f"{issue}:4: " in line) for line in told] == [(True, False), (False, True)], done
    assert ["the workspace" in line for line in told] == [True, True]
    assert "issue's folder" not in done.err


def test_a_picture_that_an_issue_names_lies_beside_it_or_in_the_workspace(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    issue = root / "issues" / "first" / "issue.md"
    issue.write_text(issue.read_text("utf-8").replace("+++\n", '+++\ntheme.portrait = "me.png"\n', 1), "utf-8")
    about = replace(PUBLICATION, logo="me.png")

    def found() -> dict[str, Path]:
        made = pictures.of_issue(issues.read(issue), (), domain="example.org", publication=about, root=root)
        return {name: one.path for name, one in made.checked().found.items()}

    Image.new("RGB", (60, 60), "#204060").save(root / "me.png")
    assert found() == {"//me.png": (root / "me.png").resolve()}
    Image.new("RGB", (80, 80), "#604020").save(issue.with_name("me.png"))
    assert found() == {"//me.png": (root / "me.png").resolve(), "me.png": issue.with_name("me.png").resolve()}
    issue_read = replace(issues.read(issue), opening=(Prose("كلمة"),))
    theme = Theme(style="signature", editor="سارة")
    made = pictures.of_issue(issue_read, (), domain="example.org", publication=about, root=root)
    shown = render(
        issue_read,
        replace(about, theme=theme),
        environment(),
        **{**golden.arguments(golden.golden("week")), "pictures": made.sizes},
    )
    widths = {one.cid: one.width for one in shown.pictures}
    face = re.search(r'class="face" src="cid:([^"]+)"', shown.html)
    assert face is not None
    assert widths[face[1]] == 80


@pytest.mark.parametrize("value", ['"yes"', "1", '"on"', "2.0"])
def test_a_list_of_contents_is_wanted_or_not(value: str, tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    path = root / "newsletter.toml"
    path.write_text(path.read_text("utf-8").replace("[theme]\n", f"[theme]\ncontents = {value}\n", 1), "utf-8")
    complains(here("-C", root, "preview"), 'true, false or "auto" is wanted')


def test_settings_without_the_section_get_it_at_their_end(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    path = root / "newsletter.toml"
    text = re.sub(r"(?s)\[theme\].*?(?=\[sender\])", "", path.read_text("utf-8"))
    path.write_text(text, "utf-8")
    assert here("-C", root, "theme", "magazine").code == 0
    assert path.read_text("utf-8").startswith(text)
    assert tomllib.loads(path.read_text("utf-8"))["theme"] == dict(themes.LOOKS["magazine"])


def test_a_section_in_another_spelling_is_left_alone(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    path = root / "newsletter.toml"
    text = re.sub(r"(?s)\[theme\].*?(?=\[sender\])", "", path.read_text("utf-8"))
    path.write_text(f'theme.style = "digest"\n{text}', "utf-8")
    complains(here("-C", root, "theme", "magazine"), "write it by hand")
    assert path.read_text("utf-8").startswith("theme.style")
