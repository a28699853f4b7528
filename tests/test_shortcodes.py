"""Shortcodes, void elements and the rest of a page: in data/clean beside the body and Markdown they give."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.issues import prose
from newsletter.issues.markdown import from_html, parser
from newsletter.sources import feed
from newsletter.sources.clean import clean, paragraphs, plain
from newsletter.text import shortcodes, tags

DATA = Path(__file__).parent / "data" / "clean"
CASES = sorted(path for path in DATA.glob("*.html") if ".expected" not in path.name)
BASE = "https://example.org/a/"


def lines(html: str) -> str:
    """Each block on a line of its own, as in the files."""
    html = re.sub(r"(?<=>)(?=<(?:p|figure|ol|blockquote|pre|table)\b)", "\n", html)
    return re.sub(r"(?<=>)(?=</(?:blockquote|ol)>)", "\n", html) + "\n"


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_body_keeps_what_a_letter_can_show(path: Path) -> None:
    body = clean(path.read_text("utf-8"), BASE)
    assert lines(body) == path.with_suffix(".expected.html").read_text("utf-8")
    assert from_html(body) + "\n" == path.with_suffix(".md").read_text("utf-8")
    assert clean(body, BASE) == body


OWN = [
    *(
        "[1]",
        "[…]",
        "[...]",
        "[تحديث] نص",
        "[صورة]",
        "[sic]",
        "[Update]",
        "[CNN]",
        "[Photo: AFP]",
        "[see page 3]",
        "[a-z]",
    ),
    *(
        "[Video] goal",
        "a [video] b",
        "في [gallery] المدينة",
        "[mean age=42]",
        "[/sarcasm]",
        'input[type="text"]',
        "[x y z]",
    ),
    *(
        "[[gallery]]",
        '[[vc_row a="b"]]',
        "[[box]نص[/box]]",
        "<code>[vc_row]</code>",
        "<pre>[gallery ids=1]</pre>",
        "[ ]",
    ),
    *(
        '<a title="[vc_row]">x</a>',
        "<!-- [vc_row] -->",
        "[vc_row كلام محرر لا رمز]",
        "[words](https://example.org)",
        "[",
    ),
]


@pytest.mark.parametrize("text", OWN)
def test_brackets_of_an_editor_stay(text: str) -> None:
    assert shortcodes.without(text) == text
    assert shortcodes.as_html(text) == text
    assert shortcodes.found(text) == []


@pytest.mark.parametrize(
    ("given_html", "expected"),
    [
        ("[vc_row][vc_column_text]نص[/vc_column_text][/vc_row]", "<p>نص</p>"),
        ("[vc_x css= »&nbsp;.a{b:c}&nbsp;»]نص[/vc_x]", "<p>نص</p>"),
        ("[unknown a=&#8221;1&#8243; b=&#8216;2&#8217;]نص", "<p>نص</p>"),
        ("[vc_row\n a=“1”<br />\n b='2' /]نص", "<p>نص</p>"),
        ("[strange]نص[/strange]", "<p>نص</p>"),
        ("<p>[et_pb_text]أ.[/et_pb_text][et_pb_text]ب.[/et_pb_text]</p>", "<p>أ.</p><p>ب.</p>"),
        ("أهلًا [user_name] بكم", "<p>أهلًا بكم</p>"),
        ("ك[su_highlight]ل[/su_highlight]مة", "<p>كلمة</p>"),
        ("<p>[gallery]</p><p>[playlist]</p><p>[contact-form-7]</p>نص", "<p>نص</p>"),
        ("[poll id=3]نص", "<p>نص</p>"),
        ("[elementor-template id=&#8221;3&#8243;]نص", "<p>نص</p>"),
        ("[et_pb_toggle title='سؤال']جواب[/et_pb_toggle]", "<h3>سؤال</h3><p>جواب</p>"),
        ("[vc_raw_html]JTNDcCUzRSVEOCVBNyUzQyUyRnAlM0U=[/vc_raw_html]", "<p>ا</p>"),
        ("[vc_raw_js]YWxlcnQoMSk=[/vc_raw_js]نص", "<p>نص</p>"),
        ("[caption id=1]كلام بلا صورة[/caption]", "<p>كلام بلا صورة</p>"),
        (
            "[fusion_imageframe]https://example.org/b.jpg[/fusion_imageframe]",
            '<figure><img src="https://example.org/b.jpg" alt=""></figure>',
        ),
        (
            "نص [video src=&#8221;https://example.org/b.mp4&#8243;][/video]",
            '<p>نص</p><figure><a href="https://example.org/b.mp4">شاهد الفيديو</a></figure>',
        ),
        (
            "English text of the day [embed]https://vimeo.com/12345678[/embed]",
            '<p>English text of the day</p><figure><a href="https://vimeo.com/12345678">Watch the video on Vimeo</a>'
            "</figure>",
        ),
        (
            "نص [embed]https://maps.example.net/1[/embed]",
            '<p>نص</p><figure><a href="https://maps.example.net/1">افتح المحتوى على maps.example.net</a></figure>',
        ),
    ],
)
def test_shortcodes_go_and_their_words_stay(given_html: str, expected: str) -> None:
    assert clean(given_html, BASE) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[vc_row]عنوان[/vc_row]", "عنوان"),
        ("عنوان [youtube id=&#8221;x&#8221;] هنا", "عنوان هنا"),
        ("نص [embed]https://example.org/v[/embed] آخر", "نص آخر"),
        (
            "نص مقتطع [vc_row][vc_column width=&#8221;1/2&#8243;][vc_column_text css=&#8221;.vc_custom […]",
            "نص مقتطع […]",
        ),
        ("[تحديث] عنوان [1]", "[تحديث] عنوان [1]"),
    ],
)
def test_titles_and_excerpts(text: str, expected: str) -> None:
    assert plain(text) == expected


def test_a_feed_shows_no_shortcode() -> None:
    data = (
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><item>'
        "<title>[vc_x a=&quot;b&quot;]عنوان</title><link>https://example.org/1</link>"
        "<description>[vc_row css=&amp;#8221;x&amp;#8221;]مقتطف كتبه محرر.[/vc_row]</description>"
        "<content:encoded><![CDATA[<p>[vc_row a=&#8221;b&#8243;]متن[/vc_row]</p>]]></content:encoded>"
        "</item></channel></rss>"
    )
    read = feed.parse(data.encode(), BASE, now=datetime(2026, 11, 24, tzinfo=UTC))
    (article,) = read.articles
    assert (article.title, article.summary, article.body) == ("عنوان", "مقتطف كتبه محرر.", "<p>متن</p>")


@given(
    st.lists(
        st.sampled_from(
            [
                *('[vc_row a="b"]', "[/vc_row]", "[et_pb_text]", "[gallery ids='1']", "[caption id=1]", "[/caption]"),
                *("[box]", "[/box]", "[x_y]", "[embed]https://example.org/1[/embed]", "[[gallery]]", "[", "]", "[1]"),
            ]
        )
        | st.integers(0, 99).map("كلمة{}".format),
        max_size=20,
    )
)
@settings(deadline=None)
def test_words_outside_shortcodes_are_never_lost(pieces: list[str]) -> None:
    text = " ".join(pieces)
    wanted = [piece for piece in pieces if piece.startswith("كلمة")]
    assert re.findall(r"كلمة\d+", shortcodes.without(text)) == wanted
    body = clean(text, BASE)
    assert re.findall(r"كلمة\d+", body) == wanted
    assert clean(body, BASE) == body


@given(st.text("[]/ab_=\"' <>p&;1…كل-", max_size=60))
def test_any_text_is_read(text: str) -> None:
    spans = shortcodes.found(text)
    assert all(text[one.start] == "[" and text[one.end - 1] == "]" for one in spans)
    assert all(one.end <= other.start for one, other in pairwise(spans))
    assert shortcodes.without(text) == text or spans or "_" in text or "-" in text
    tags.ended(text)
    shortcodes.as_html(text)


@pytest.mark.parametrize(
    "text",
    [
        *("[" * 100_000, "[a " * 100_000, "[/a]" * 100_000, "[vc_a]" * 100_000, "[caption]" * 100_000),
        *("[caption]" * 50_000 + "[/caption]" * 50_000, "[embed]" * 50_000 + "[/embed]", "[[a]" * 100_000 + "[/a]]"),
        *(
            '[vc_row "' * 100_000,
            "<code>" * 100_000 + "[vc_row]",
            " " * 300_000 + "[gallery]",
            "<" * 300_000 + "[vc_a]",
        ),
        *(("[vc_x " + '"' * 4900 + "]") * 100, "<a " * 200_000 + "[vc_a]<wbr>", "<a ='" * 200_000 + "[vc_a]<wbr>"),
    ],
    ids=range(15),
)
def test_hostile_brackets_end_soon(text: str) -> None:
    began = time.thread_time()  # of this thread: other work on the machine does not count
    shortcodes.as_html(text)
    shortcodes.without(text)
    tags.ended(text)
    assert time.thread_time() - began < 8


def test_a_whole_story_in_the_letter_still_has_its_lists_and_code() -> None:
    markdown = from_html(clean((DATA / "kept.html").read_text("utf-8"), BASE))
    read = prose.read(markdown, picture=prose.PictureAddress)
    html = str(read.html())
    assert not read.faults
    assert "<figcaption><p>الرصيف عند الفجر</p></figcaption>" in html
    assert '<ol start="3"><li>' in html
    assert re.search(r"وتفصيله<ul><li>فرع أول</li><li>فرع ثانٍ</li></ul></li><li>رابعًا", html)
    assert '<pre dir="ltr">if boats &gt; 3:\n    print(&quot;ميناء&quot;)</pre>' in html
    assert re.search(r"<code>(?:<span[^>]*>)?git status", html)
    assert (
        '<a href="https://www.youtube.com/watch?v=abcdefghijk">شاهد الفيديو على يوتيوب: رحلة القارب الأول</a>' in html
    )
    for words in (
        "الرصيف عند الفجر",
        "من تقرير الميناء.",
        'مقدمة المقال<sup><a href="#note-1">[1]</a></sup>',
        "بيت من الشعر<br />وبيت يليه",
    ):
        assert words in html
    text = read.text()
    assert "3. ثالثًا" in text
    assert "   • فرع أول" in text


@given(st.recursive(st.just("x"), lambda inner: st.lists(inner, min_size=1, max_size=3), max_leaves=12))
def test_nested_lists_come_back_from_markdown(shape: object) -> None:
    def html(one: object, depth: int) -> str:
        if not isinstance(one, list):
            return ""
        tag = "ol" if depth % 2 else "ul"
        return f"<{tag}>" + "".join(f"<li>كلمة{html(each, depth + 1)}</li>" for each in one) + f"</{tag}>"

    body = html(shape, 0)
    rendered = re.sub(r"</?p>|\n", "", parser().render(from_html(body)))
    assert rendered == body


def test_an_address_alone_in_its_paragraph_is_a_link_with_words() -> None:
    link = "https://x.com/quay/status/12"
    for written in (link, f'<a href="{link}">{link}</a>'):
        figure = f'<figure><a href="{link}">اقرأ المنشور على إكس</a></figure>'
        assert clean(f"<p>نص</p><p>{written}</p>", BASE) == f"<p>نص</p>{figure}"
    assert clean(f"<p>نص {link}</p>", BASE) == f"<p>نص {link}</p>"
    assert clean("<p>https://example.org/</p>", BASE) == "<p>https://example.org/</p>"


def test_words_beside_a_player_stay() -> None:
    html = (
        "<figure><iframe src='https://vimeo.com/12345678'></iframe><p>نص مهم</p><figcaption>شرح</figcaption></figure>"
    )
    body = clean(html, BASE)
    assert "<p>نص مهم</p>" in body
    assert "<p>شرح</p>" in body
    assert 'href="https://vimeo.com/12345678"' in body


def test_what_plays_is_no_line_of_the_text() -> None:
    body = clean("<p>نص الخبر.</p><iframe src='https://www.youtube.com/embed/abcdefghijk'></iframe>", BASE)
    assert paragraphs(body) == ["نص الخبر."]
