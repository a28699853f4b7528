"""The editor's Markdown: what becomes of it in HTML and in plain text, and what is refused with its line."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from newsletter.issues import prose

STYLES = {"p": "margin:0px;", "a": "color:#0f766e;", "a.class": "acc", "blockquote": "border-right:4px solid;"}


def html(markdown: str, **more: object) -> str:
    return str(prose.read(markdown, **more).html(STYLES))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("markdown", "made"),
    [
        ("سطر\nثانٍ", '<p style="margin:0px;">سطر ثانٍ</p>'),
        ("سطر  \nثانٍ", '<p style="margin:0px;">سطر<br />ثانٍ</p>'),
        (
            "[موقعنا](https://example.org/?a=1&b=2)",
            '<p style="margin:0px;"><a href="https://example.org/?a=1&amp;b=2" class="acc" '
            'style="color:#0f766e;">موقعنا</a></p>',
        ),
        ("> قول", '<blockquote style="border-right:4px solid;"><p style="margin:0px;">قول</p></blockquote>'),
        ("- أ\n- ب", "<ul><li>أ</li><li>ب</li></ul>"),
        ("3. أ\n4. ب", '<ol start="3"><li>أ</li><li>ب</li></ol>'),
        ("#### عنوان", "<h4>عنوان</h4>"),
        ("أ\n\n---\n\nب", '<p style="margin:0px;">أ</p><p role="separator">&#160;</p><p style="margin:0px;">ب</p>'),
        ("    نص مزاح", '<p style="margin:0px;">نص مزاح</p>'),
        ("فاز 3-1", '<p style="margin:0px;">فاز <span dir="ltr" style="white-space:nowrap;">3-1</span></p>'),
        ("<b>نص</b>", '<p style="margin:0px;"><span dir="ltr">&lt;b&gt;</span>نص&lt;/<span dir="ltr">b</span>&gt;</p>'),
        ("*مهم*", '<p style="margin:0px;"><em style="font-style:normal;font-weight:700;">مهم</em></p>'),
    ],
)
def test_html(markdown: str, made: str) -> None:
    assert html(markdown) == made


@pytest.mark.parametrize(
    "markdown",
    [
        "[اشترك **الآن**](https://example.org/a){.button}",
        "[اشترك **الآن**](https://example.org/a){.button}\n[ب](https://example.org/b){.button}",
        "- [اشترك **الآن**](https://example.org/a){.button}",
    ],
)
def test_a_link_marked_as_button_is_a_table_with_one_cell(markdown: str) -> None:
    passage = prose.read(markdown)
    assert passage.faults == ()
    made = str(
        passage.html({"button a": "color:#fff;", "button": "padding:8px;", "button.table.class": "btn", "a": "x:y;"})
    )
    assert made.count("<table") == markdown.count("{.button}")
    assert (
        '<table role="presentation" border="0" cellpadding="0" cellspacing="0" class="btn">'
        '<tr><td style="padding:8px;"><a href="https://example.org/a" style="color:#fff;">'
        "اشترك <strong>الآن</strong></a></td></tr></table>"
    ) in made
    assert "button}" not in made + passage.text() + passage.words()
    assert "اشترك الآن\n" in passage.text().replace("\n  ", "\n")
    assert "https://example.org/a" in passage.text().replace("  ", "").split("\n")


def test_a_name_across_bold_is_one_run() -> None:
    assert html("لعب **Real** Madrid 3-1 أمس") == (
        '<p style="margin:0px;">لعب <span dir="ltr"><strong>Real</strong> Madrid 3-1</span> أمس</p>'
    )


def test_a_name_inside_a_link_stays_inside() -> None:
    made = html("[موقع C++ الجديد](https://example.org)")
    assert '>موقع <span dir="ltr">C++</span> الجديد</a>' in made


def test_a_link_inside_a_name_is_not_torn() -> None:
    made = html("عن [Real Madrid](https://example.org) CF أمس")
    assert '<span dir="ltr"><a href="https://example.org"' in made
    assert made.count("<a ") == 1


def test_left_to_right_letters_are_mirrored() -> None:
    assert html("the كأس العالم won", base="ltr") == (
        '<p style="margin:0px;">the <span dir="rtl">كأس العالم</span> won</p>'
    )


def test_a_bold_score_inside_a_right_to_left_run_is_isolated_again() -> None:
    assert html("he wrote فاز **3-1** أمس today", base="ltr") == (
        '<p style="margin:0px;">he wrote <span dir="rtl">فاز <strong>'
        '<span dir="ltr" style="white-space:nowrap;">3-1</span></strong> أمس</span>'
        " today</p>"
    )


def test_no_line_break_stands_between_tags() -> None:
    made = html("**أ**\n[ب](https://example.org)\n\n- أ\n- ب\n\n> ج")
    assert not re.search(r">\s*\n\s*<", made)
    assert "</strong> <a" in made


def test_plain_text_puts_links_on_their_own_lines() -> None:
    text = prose.read(
        "نص [موقعنا](https://example.org/a) هنا، و<https://example.org/b>.\n\n> قول\n> طويل\n\n1. أ\n2. ب\n\n- ج\n- د"
    ).text()
    assert text == (
        "نص موقعنا هنا، وhttps://example.org/b.\nhttps://example.org/a\n\n> قول طويل\n\n1. أ\n2. ب\n\n• ج\n• د"
    )


@pytest.mark.parametrize(
    ("markdown", "line", "about"),
    [
        ("أ\n\nب [x](javascript:alert(1))", 12, "javascript"),
        ("أ\nب\nج [x](http://example.org)", 12, "not encrypted"),
        ("[x](data:text/html,hi)", 10, "data:"),
        ("[x](/a/b)", 10, "/a/b"),
        ("- أ\n- [x](ftp://example.org)", 11, "ftp"),
        ("> أ\n>\n> ![x](missing.jpg)", 12, "missing.jpg"),
        ("[x]()", 10, "leads nowhere"),
        ("[x](<https://example.org/a b>)", 10, "space"),
        ("أ\n[x](https://example.org){.button} ب", 11, "a button stands among other words"),
        ("[x](https://example.org) {.button}", 10, "a button stands among other words"),
        ("أ\n\n[x](https://example.org){.big}", 12, "{.big}"),
        ("[x](javascript:y){.button}", 10, "javascript"),
        ("[x](https://example.org){.button}\n[x](/y){.button}", 11, "/y"),
    ],
)
def test_faults_name_their_line(markdown: str, line: int, about: str) -> None:
    passage = prose.read(markdown, line=10)
    assert [fault.line for fault in passage.faults] == [line]
    assert about in passage.faults[0].what
    assert passage.faults[0].mend
    assert 'href="java' not in passage.html(STYLES)
    if "https" not in markdown:
        assert "href" not in passage.html(STYLES)


def test_pictures_are_shown_where_the_letter_says() -> None:
    made = html('![فاز "3-1"](a.jpg)', picture=lambda src: prose.PictureAddress(f"cid:{src}@example.org", 300, 200))
    assert '<img src="cid:a.jpg@example.org" alt="فاز &quot;\u20663-1\u2069&quot;" width="300" />' in made


def test_words_are_the_text_alone() -> None:
    assert prose.read("**أ** [ب](https://example.org)\n\n- ج\n- د").words() == "أ ب ج د"


MARKDOWN = st.lists(
    st.one_of(
        st.sampled_from(list("ابجد abc 3-1 C++ *_`>#-[]()!<>&\"'\\|~\n\n\t \u2066\u2069")),
        st.sampled_from(
            [
                "](",
                "https://example.org",
                "javascript:",
                "<script>",
                "**",
                "&#x3c;",
                "\n- ",
                "\n> ",
                "{.button}",
                "[a](https://example.org)",
            ]
        ),
        st.characters(),
    ),
    max_size=60,
).map("".join)
TABLE = {"border", "cellpadding", "cellspacing"}
ALLOWED = {
    "x",
    "table",
    "tr",
    "td",
    "p",
    "h4",
    "a",
    "ul",
    "ol",
    "li",
    "blockquote",
    "hr",
    "br",
    "pre",
    "code",
    "strong",
    "em",
    "span",
}


@given(MARKDOWN, st.sampled_from(["rtl", "ltr"]))
def test_any_markdown_gives_well_formed_harmless_html(markdown: str, base: str) -> None:
    passage = prose.read(markdown, base=base)  # type: ignore[arg-type]
    made = str(passage.html(STYLES))
    clean = re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", made)
    tree = etree.fromstring(f"<x>{clean}</x>", etree.XMLParser(resolve_entities=False))
    for element in tree.iter():
        assert element.tag in ALLOWED
        assert set(element.attrib) <= {"href", "class", "style", "dir", "start", "role", *TABLE}
        assert element.get("href", "https://").startswith(("https://", "mailto:"))
    passage.text()
    passage.words()


@given(st.text(st.one_of(st.sampled_from("ابج abc 3-1.+!؟،()«»:;'\"%/|~\u200f\u00a0"), st.characters()), max_size=40))
def test_a_line_without_markdown_is_read_as_the_parser_reads_it(text: str) -> None:
    quick = prose.read(text)
    slow = prose.read(text + "\n")  # two lines are never read the quick way
    assert quick.html(STYLES) == slow.html(STYLES)
    assert (quick.text(), quick.words(), quick.faults) == (slow.text(), slow.words(), slow.faults)
