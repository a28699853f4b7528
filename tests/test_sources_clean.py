"""Foreign HTML made a body: what stays, what goes, and what must never come through."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml.html import fromstring

from newsletter.sources.clean import ALLOWED, clean, first_image, paragraphs, plain

BASE = "https://example.org/a/"


FIGURE = '<figure><img src="https://example.org/a/a.jpg" alt="">%s</figure>'
CASES = [
    ("نص حر<br><br>نص ثانٍ<br/>سطر", "<p>نص حر</p><p>نص ثانٍ<br>سطر</p>"),
    ("<div>أ <em>م<div>ب</div> ج</em></div>د", "<p>أ <em>م</em></p><p><em>ب</em></p><p><em>ج</em></p><p>د</p>"),
    ("<div>أ<em><div>ب</div></em></div>", "<p>أ</p><p><em>ب</em></p>"),
    ("أ<br><b></b>", "<p>أ</p>"),
    ("أ<br><b>ب</b><br><i></i>ج<br><b>", "<p>أ<br><b>ب</b><br>ج</p>"),
    ("<p></p><p>&nbsp;</p><p>أ</p><p><br></p>", "<p>أ</p>"),
    ("<h1>أ &amp; ب</h1><h6>ج</h6>", "<h2>أ &amp; ب</h2><h4>ج</h4>"),
    ("<ul><li>أ</li><li><p>ب</p><ul><li>ج</li></ul></li></ul>", "<ul><li>أ</li><li>ب<ul><li>ج</li></ul></li></ul>"),
    ("<ul><ul><li>أ</li></ul></ul>", "<ul><li><ul><li>أ</li></ul></li></ul>"),
    ("<ul></ul><ol><li></li></ol><blockquote> </blockquote>", ""),
    ("<blockquote>أ<p>ب</p></blockquote>", "<blockquote><p>أ</p><p>ب</p></blockquote>"),
    ("<table><tr><th>أ</th><td>1</td></tr></table>", "<p>أ · 1</p>"),
    ("<table><tr><td><p>أ</p></td><td>ب</td></tr></table>", "<p>أ</p><p>ب</p>"),
    ("<pre>بيت\nبيت</pre>", "<p>بيت<br>بيت</p>"),
    ("<p dir=ltr>Text</p>", '<p dir="ltr">Text</p>'),
    ("<p>ن\u200bص \u202eمقلوب\u202c ـــ ﻻ</p>", "<p>نص مقلوب ـــ لا</p>"),
    ('<a href="../ب">أ</a>', '<p><a href="https://example.org/%D8%A8">أ</a></p>'),
    ('<a href="#x">أ</a> <a name=x>ب</a>', "<p>أ ب</p>"),
    ('<a href="mailto:desk@example.org?subject=x">أ</a>', '<p><a href="mailto:desk@example.org">أ</a></p>'),
    ('<a href="/x"></a><b></b>أ', "<p>أ</p>"),
    ("<p>أ <img class=emoji alt=🙂 src=x> ب</p>", "<p>أ 🙂 ب</p>"),
    ("<img src=a.jpg>", FIGURE % ""),
    (
        "<img src=a.jpg width=300 height=200 alt='\"أ\"'>",
        FIGURE.replace('alt=""', 'alt="&quot;أ&quot;" width="300" height="200"') % "",
    ),
    ("<img src='data:image/gif;base64,A' data-src=a.jpg>", FIGURE % ""),
    ("<img srcset='s.jpg 300w, a.jpg 900w'>", FIGURE % ""),
    ("<figure><img src=a.jpg><figcaption>شرح</figcaption></figure>", FIGURE % "<figcaption>شرح</figcaption>"),
    (
        "<div class=wp-caption><img src=a.jpg><p class=wp-caption-text>شرح</p></div>",
        FIGURE % "<figcaption>شرح</figcaption>",
    ),
    ("<img src=a.gif width=1 height=1><img src=https://pixel.wp.com/b.gif>", ""),
    ("<img src=https://www.facebook.com/tr?id=1><img src=https://feeds.feedburner.com/~r/x/1>", ""),
    ("<img style='width:1px' src=c.gif>أ", "<p>أ</p>"),
    ("<p style='display: none'>أ</p><p hidden>ب</p>ج", "<p>ج</p>"),
    (
        "<table><tr><td>أ</td><td hidden>س</td><td>ب</td></tr><tbody hidden><tr><td>س</td><td>س</td></tr></tbody>"
        "<tr><td>ج</td><td style='display:none'>س</td><td>د</td></tr></table>",
        "<table><tr><td>أ</td><td>ب</td></tr><tr><td>ج</td><td>د</td></tr></table>",
    ),
    ("<table><tr><td hidden>س</td><td>أ</td><td>ب</td></tr></table>", "<p>أ · ب</p>"),
    (
        "<table><tfoot><tr><td>المجموع</td><td>9</td></tr></tfoot><tbody><tr><td>سمك</td><td>9</td></tr></tbody>"
        "<thead><tr><td>أ</td><td>ب</td></tr></thead></table>",
        "<table><tr><th>أ</th><th>ب</th></tr><tr><td>سمك</td><td>9</td></tr><tr><td>المجموع</td><td>9</td></tr></table>",
    ),
    ("أ<div class='sharedaddy sd-sharing'>شارك</div><div class=jp-relatedposts>x</div>", "<p>أ</p>"),
    (
        "أ<div class=wp-block-group><h2>اكتشاف</h2><div class=wp-block-jetpack-subscriptions>x</div></div>",
        "<p>أ</p>",
    ),
    ("<?xml version='1.0' encoding='x'?><p>أ</p>", "<p>أ</p>"),
    ("", ""),
    ("<!-- أ -->", ""),
]


@pytest.mark.parametrize(("given_html", "expected"), CASES)
def test_clean(given_html: str, expected: str) -> None:
    assert clean(given_html, BASE) == expected


ATTACKS = [
    "<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><a xlink:href=javascript:alert(1)>x</a></svg>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href="&#106;avascript:alert(1)">x</a>',
    '<a href="java&#9;script:alert(1)">x</a>',
    '<a href="\x01javascript:alert(1)">x</a>',
    '<a href="\u2028javascript:alert(1)">x</a>',
    '<a href="\xa0javascript:alert(1)">x</a>',
    '<a href="vbscript:x">x</a><a href="data:text/html,<script>1</script>">y</a>',
    '<iframe src="https://example.org"></iframe><object data=x></object><embed src=x>',
    '<form action="/x"><input name=a><button>b</button></form>',
    "<style>@import 'x'</style><link rel=stylesheet href=x><meta http-equiv=refresh content=0>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><img src=x onerror=alert(1)></template>",
    '<p style="background:url(javascript:1)" onclick="x()">t</p>',
    '<video poster="javascript:1" src=x></video><audio src=x>',
    '<base href="https://evil.example/"><a href="x">t</a>',
    "<!--[if IE]><script>alert(1)</script><![endif]-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<a href='https://example.org/' target=_blank onmouseover=x>t</a>",
    "<img src='https://example.org/x\"onerror=alert(1)'>",
    "<p title='\"><script>alert(1)</script>'>t</p>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<img srcset='javascript:alert(1) 2x'>",
    "<plaintext><script>alert(1)",
    "<textarea><script>alert(1)</script></textarea>",
    "<xmp><img src=x onerror=alert(1)></xmp>",
]


def assert_harmless(html: str) -> None:
    if not html:
        return
    for element in fromstring(f"<div>{html}</div>").iterdescendants():
        assert element.tag in ALLOWED
        assert set(element.attrib) <= {"href", "src", "alt", "width", "height", "dir", "id"}
        assert re.match(r"https?://|mailto:|#note-\d+\Z", element.get("href", "https://"))
        assert re.fullmatch(r"note-\d+", element.get("id", "note-1"))
        assert re.match(r"https?://", element.get("src", "https://"))


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_come_out_harmless(attack: str) -> None:
    html = clean(f"قبل {attack} بعد", BASE)
    assert_harmless(html)
    assert "evil.example" not in html
    assert html.startswith("<p>قبل")


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(ATTACKS)
        | st.sampled_from(["<a href=#n>1</a>", "<sup><a href=#n>1</a></sup>", "<li id=n>", "<p id=n>", "<table><tr>"])
        | st.sampled_from(
            ["<p>", "</p>", "<ul>", "<li>", "</ul>", "<b>", "</b>", "<div>", "<br>", "<td>", "<figure>", "<pre>"]
        )
        | st.text(max_size=8),
        max_size=14,
    )
)
def test_no_html_raises_and_all_of_it_comes_out_harmless(pieces: list[str]) -> None:
    once = clean("".join(pieces), BASE)
    assert_harmless(once)
    assert clean(once, BASE) == once
    assert all(line == line.strip() and "\n" not in line for line in paragraphs(once))


@pytest.mark.slow
@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 200_000 + "x",
        "<b>" * 200_000 + "x",
        "<ul><li>" * 100_000 + "x",
        "<p>" * 600_000,
        "<p>نص</p>" * 200_000,
        "x<br>" * 400_000,
        "<a href='" + "x" * 5_000_000 + "'>t</a>",
        "<!--" * 400_000,
        "&" * 2_000_000,
        "<div class=wp-block-group>" * 2_000 + "<p>x</p>" * 50_000,
        "<figure>" * 140 + "<p>x</p>" * 50_000,
        "<sup>" * 140 + "x" * 1_000_000,
        "".join(f"<p>x<sup><a href=#f{at}>1</a></sup></p><li id=f{at}>[1] x" for at in range(5_000)),
        "<table><tr><td>x</td><td>" * 5_000,
        "<table><tr><td>x<td>y<tr><td>x<td>y</table>" * 3_000,
    ],
    ids=[
        *("divs", "bolds", "lists", "open", "paragraphs", "breaks", "attribute", "comments", "ampersands", "groups"),
        *("figures", "raised", "footnotes", "nested tables", "tables"),
    ],
)
def test_hostile_html_ends_soon(html: str) -> None:
    began = time.thread_time()  # of this thread: other work on the machine does not count
    assert_harmless(clean(html)[:1000].rpartition("<")[0])
    assert time.thread_time() - began < 4


def test_paragraphs_are_tidy_lines_without_captions() -> None:
    html = "<h2>أ</h2><p>ب<br>ج <b>د</b></p><figure><img src='https://e.org/x'><figcaption>شرح</figcaption></figure>"
    html += "<ul><li>ه<ul><li>و</li></ul></li></ul><blockquote><p>ز</p></blockquote>"
    assert paragraphs(html) == ["أ", "ب ج د", "ه", "و", "ز"]
    assert paragraphs(html, headings=False) == ["ب ج د", "ه", "و", "ز"]
    assert paragraphs("") == []


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        ("&#8220;مقترح&#8221;: 3 &#8211; 4 &amp; ما بعدها&#8230; <em>تحليل</em>", "“مقترح”: 3 – 4 & ما بعدها… تحليل"),
        ("أ &lt;ب&gt;", "أ <ب>"),
        ("أ < ب", "أ < ب"),
        ("<b></b>", ""),
        ("سطر<br>آخر", "سطر آخر"),
        ("عنوان<script>x</script>", "عنوان"),
    ],
)
def test_plain(fragment: str, expected: str) -> None:
    assert plain(fragment) == expected


def test_first_image_passes_over_small_ones() -> None:
    html = '<img src="https://e.org/s" width="80"><img src="https://e.org/b" alt="كبيرة" width="900">'
    assert first_image(html) == ("https://e.org/b", "كبيرة")
    assert first_image("<p>أ</p>") == ("", "")
