"""Captions and credits: typed, read, written back, shown under the picture and in the text twin."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter import issues
from newsletter.errors import IssueError
from newsletter.issues import prose, renewal
from newsletter.issues.manuscript import Manuscript
from newsletter.issues.markdown import from_html
from newsletter.issues.targets import one_line, split_caption
from newsletter.issues.writing import picture_line
from newsletter.letters.render import render
from newsletter.letters.templates import environment
from newsletter.models import Issue, Picture, Prose, Publication, Rendered, Section, Story

PATH = Path("issues/001/issue.md")
FRONT = '+++\nnumber = 1\nsubject = "عدد"\n+++\n\n'
MARKER = "n0123456789abcdef"


def story(lines: str) -> Story:
    """The story of an issue that says this behind its headline."""
    (found,) = issues.parse(f"{FRONT}### [خبر](https://example.org/a)\n{lines}\n", PATH).stories
    return found


def letter(*blocks: Story | Prose, template: str = "weekly", language: str = "ar") -> Rendered:
    pictures = {
        name: Picture(f"{name}@example.org", "image/jpeg", b"x", name, *size)
        for name, size in (("quay.jpg", (1600, 1200)), ("small.png", (120, 80)))
    }
    return render(
        Issue(1, "عدد", template=template, sections=(Section("قسم", blocks),)),
        Publication("المؤشر", "https://example.org", language=language),
        environment(),
        marker=MARKER,
        leave_url=f"https://news.example.org/leave/{MARKER}-leave-",
        date=datetime(2026, 11, 29, tzinfo=UTC),
        pictures=pictures,
    )


def bare(text: str) -> str:
    return re.sub("[\u2066-\u2069\u200e\u200f]", "", text)


@pytest.mark.parametrize(
    ("title", "parts"),
    [
        ("الرصيف الجديد | تصوير: ليلى", ("الرصيف الجديد", "تصوير: ليلى")),
        ("الرصيف الجديد", ("الرصيف الجديد", "")),
        ("| تصوير: ليلى", ("", "تصوير: ليلى")),
        ("3|2 | وكالة", ("3|2", "وكالة")),
        ("الرصيف |", ("الرصيف", "")),
        ("", ("", "")),
    ],
)
def test_the_credit_stands_behind_the_last_bar(title: str, parts: tuple[str, str]) -> None:
    assert split_caption(title) == parts


@pytest.mark.parametrize("written", ['"أ | ب"', "'أ | ب'", "(أ | ب)", '"أ\n| ب"', '"أ | &#1576;"'])
def test_the_title_of_a_story_s_picture_is_its_caption(written: str) -> None:
    found = story(f"![وصف](quay.jpg {written})\nملخص.")
    assert (found.image, found.image_alt, found.image_caption) == ("quay.jpg", "وصف", "أ | ب")
    assert found.summary == "ملخص."
    assert found.summary_line == 7 + 1 + written.count("\n")


@pytest.mark.parametrize(
    "written",
    [
        '![وصف](quay.jpg "قال "نعم" أمس")',
        "![وصف](quay.jpg “الرصيف”)",
        "![وصف](quay.jpg «الرصيف»)",
        '![وصف](quay.jpg "الرصيف)',
        "![وصف](quay.jpg 'قالت 'لا' اليوم')",
        '![وصف](<my quay.jpg> "قال "نعم"")',
    ],
)
@pytest.mark.parametrize("before", ["", "نص.\n\n", "كلمة "])
def test_a_mess_of_quotation_marks_is_told_in_one_line(written: str, before: str) -> None:
    with pytest.raises(IssueError) as told:
        story(before + written)
    assert "a picture whose caption is not understood" in told.value.what
    assert told.value.where == f"{PATH}:{7 + before.count(chr(10))}"
    assert "«…»" in told.value.mend
    assert "\n" not in str(told.value)


titles = st.text(
    st.one_of(st.sampled_from("\"'\\&<>()|-#;[]`*_! اب\u00a0"), st.characters(exclude_categories=["Cs"])), min_size=1
)


@given(titles)
@example("-->")
@example('قال "نعم" \\ &quot; <!-- x --> &amp;amp;')
@example("\\")
def test_any_caption_reads_back_as_it_was(caption: str) -> None:
    draft = Issue(
        1, "ع", sections=(Section("ق", (Story("خبر", image="a b.jpg", image_caption=caption, summary="م"),)),)
    )
    text = issues.to_text(draft)
    (found,) = issues.parse(text, PATH).stories
    assert found.image_caption == one_line(caption)
    assert (found.image, found.summary) == ("a b.jpg", "م")
    assert issues.to_text(issues.parse(text, PATH)) == text


def test_an_edit_keeps_the_caption_and_another_picture_loses_it() -> None:
    text = f'{FRONT}### [خبر](https://example.org/a)\n![وصف](https://example.org/a.jpg "أ | ب")\nملخص.\n'
    manuscript = Manuscript(text, PATH)
    assert manuscript.with_value("subject", "آخر").issue.stories[0].image_caption == "أ | ب"
    one = manuscript.issue.stories[0]
    assert renewal.renewed(manuscript, one, {"image_alt": "وصف آخر"}).issue.stories[0].image_caption == "أ | ب"
    other = renewal.renewed(manuscript, one, {"image": "https://example.org/b.jpg"}).issue.stories[0]
    assert (other.image, other.image_caption) == ("https://example.org/b.jpg", "")
    assert picture_line(one) == '![وصف](https://example.org/a.jpg "أ | ب")'


@pytest.mark.parametrize("template", ["weekly", "digest", "bulletin"])
def test_a_picture_among_the_editor_s_words_is_a_figure(template: str) -> None:
    made = letter(Prose('قبل.\n\n![قوارب](quay.jpg "الرصيف الجديد | تصوير: Lina")\n\nبعد.', 5), template=template)
    (figure,) = re.findall(r"<figure.*?</figure>", made.html, re.DOTALL)
    assert 'width="576"' in figure
    assert "max-width:100%" in figure
    # So wide that it holds a letter together where it is not loaded, and never blown up.
    assert figure.count("width:100%;max-width:576px;") == 1
    assert "width:100%" not in figure.replace("max-width:100%", "").replace("width:100%;max-width:576px;", "")
    caption = re.sub(r"<[^>]+>", "", figure)
    assert html.unescape(caption) == "الرصيف الجديد\u00a0· تصوير: Lina"
    assert "[قوارب]\nالرصيف الجديد · تصوير: Lina" in bare(made.text)
    assert [one.name for one in made.pictures] == ["quay.jpg"]


def test_a_leading_story_shows_its_caption_under_its_picture() -> None:
    one = Story(
        "خبر", url="https://example.org/a", image="quay.jpg", image_caption='قال "نعم" <b> | وكالة', summary="م"
    )
    made = letter(one)
    under = html.unescape(re.sub(r"<[^>]+>", "", made.html[made.html.index("quay.jpg@example.org") :]))
    assert 'قال "نعم" <b>\u00a0· وكالة' in bare(under)
    assert under.index("وكالة") < under.rindex("خبر")
    assert '[قال "نعم" <b> · وكالة]' in bare(made.text)
    credit = letter(Story("خبر", url="https://example.org/a", image="quay.jpg", image_caption="| وكالة"))
    assert "[وكالة]" in bare(credit.text)
    assert re.search(r'<p class="soft"[^>]*><span class="mute"[^>]*>وكالة</span></p>', credit.html)


@pytest.mark.parametrize(
    ("markdown", "width", "blown"),
    [
        ("![أ](quay.jpg)", 576, False),
        ("![أ](small.png)", 120, False),
        ("كلمة ![أ](small.png) وأخرى", 120, False),
        ("> ![أ](quay.jpg)", 554, False),
        ("- ![أ](quay.jpg)", 552, False),
        ("- - - - ![أ](quay.jpg)", 480, False),
        ("![أ](https://example.org/of-unknown-size.jpg)", 576, True),
    ],
)
def test_a_picture_is_never_wider_than_its_place_nor_than_itself(markdown: str, width: int, blown: bool) -> None:
    """Word takes the attribute; all others the style, in which a size that nobody knows stays the picture's own."""
    made = letter(Prose(markdown, 3))
    (tag,) = re.findall(r"<img [^>]*>", made.html)
    assert f'width="{width}"' in tag
    assert "max-width:100%" in tag
    assert "height:auto" in tag
    assert ("width:auto;" in tag.replace("max-width", "")) is blown


def test_pictures_line_by_line_are_one_figure_each() -> None:
    passage = prose.read(
        '![أ](https://e.org/a.jpg "أولى")\n[![ب](https://e.org/b.jpg "ثانية")](https://e.org/)\n![ج](https://e.org/c.jpg)',
        line=4,
        picture=prose.PictureAddress,
    )
    assert passage.faults == ()
    assert [block.kind for block in passage.blocks] == ["captioned", "captioned", "p"]
    made = passage.html({"figcaption": "margin:0px;", "figcaption.class": "mute", "credit": "color:red;"})
    assert made.count("<figure>") == 2
    assert '<a href="https://e.org/"><img' in made
    assert '<p class="mute" style="margin:0px;">أولى</p>' in made


def test_a_caption_among_words_is_told() -> None:
    passage = prose.read('أ\nب ![ج](https://e.org/a.jpg "د") هـ', line=10, picture=prose.PictureAddress)
    assert [(fault.line, fault.what) for fault in passage.faults] == [
        (11, "a picture with a caption stands among other words")
    ]


def test_a_picture_whose_words_run_over_two_lines_is_still_the_story_s() -> None:
    found = story("![وصف\nطويل](quay.jpg)\nملخص.")
    assert (found.image, found.image_alt, found.summary) == ("quay.jpg", "وصف طويل", "ملخص.")


@pytest.mark.parametrize(
    ("body", "markdown"),
    [
        (
            '<figure><img src="https://e.org/a.jpg" alt="ص"><figcaption>في <b>الفجر</b><br>تصوير</figcaption></figure>',
            '![ص](https://e.org/a.jpg "في الفجر تصوير")',
        ),
        ('<p>قبل <img src="https://e.org/a.jpg" alt="x"> بعد</p>', "قبل\n\n![x](https://e.org/a.jpg)\n\nبعد"),
        ('<figure><img src="https://e.org/a.jpg" alt=""></figure><p>نص</p>', "![](https://e.org/a.jpg)\n\nنص"),
        (
            '<figure><img src="https://e.org/a.jpg"><img src="https://e.org/b.jpg"><figcaption>كلتاهما</figcaption></figure>',
            '![](https://e.org/a.jpg)\n\n![](https://e.org/b.jpg "كلتاهما")',
        ),
        # Not encrypted, no picture, or the one that stands above the story: the words are kept.
        ('<figure><img src="http://e.org/a.jpg"><figcaption>سطر</figcaption></figure>', "سطر"),
        ("<figure><figcaption>جدول</figcaption></figure>", "جدول"),
        ('<p>نص</p><img src="https://e.org/lead-300x200.jpg" alt="أ">', "نص"),
        ('<p>نص</p><img src="https://e.org/lead.jpg?w=20" alt="أ">', "نص"),
        ('<ul><li>بند<img src="https://e.org/a.jpg" alt="ص"></li></ul>', "- بند\n\n  ![ص](https://e.org/a.jpg)"),
        (
            '<figure><img src="https://e.org/a.jpg" alt="]"><figcaption>قال "لا" &lt;!-- --&gt;</figcaption></figure>',
            '![\\]](https://e.org/a.jpg "قال &quot;لا&quot; &lt;!-- --&gt;")',
        ),
        ('<figure><img src="https://e.org/a.jpg"><figcaption>لم ينته', '![](https://e.org/a.jpg "لم ينته")'),
    ],
)
def test_pictures_of_a_collected_article_keep_their_captions(body: str, markdown: str) -> None:
    assert from_html(body, without="https://e.org/lead-scaled.jpg") == markdown
