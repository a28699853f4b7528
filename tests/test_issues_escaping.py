"""Plain text becomes Markdown that reads back as the same text, with no backslash that nothing asks for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter import issues
from newsletter.errors import IssueError
from newsletter.issues import prose
from newsletter.issues.escaping import escape
from newsletter.issues.markdown import from_html, parser
from newsletter.models import Issue, Section, Story

PATH = Path("issues/twelve/issue.md")

PIECES = [
    *"&*_#[]()<>!`~|:;+-=.\\\"'{}^$%@/?،؛؟0123aب",
    *("كلمة", "الميناء", "word", "é", "中", " ", "  ", "\u00a0", "\u200f", "\u061c", "\ufeff", "👍🏽"),
    *("&amp;", "&copy;", "&#65;", "&#x41;", "&nosuch;", "AT&T", "1.", "2026)", "## ", "#وسم", "> ", "- ", "* ", "+ "),
    *("](", "[a](https://example.org)", "[a]: https://example.org", "![", "<https://example.org>", "<a@example.org>"),
    *("<!--", "-->", "<b>", "**", "__", "~~", "~~~", "```", "---", "***", "===", "|---|", "+++", "_نص_", "*نص*", "a_b"),
]
texts = st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map("".join)
lines = texts.map(str.strip).filter(bool)
many = st.lists(lines, min_size=1, max_size=4)


def shown(markdown: str) -> str:
    """What is read: text alone; a mark, a link or a block of another kind shows as a tag."""
    found = []
    for token in parser().disable("code").parse(markdown):
        if token.type == "inline":
            for child in token.children or ():
                ends = child.type in {"softbreak", "hardbreak"}
                found.append("\n" if ends else child.content if child.type == "text" else f"<{child.type}>")
        elif token.type not in {"paragraph_open", "paragraph_close"}:
            found.append(f"<{token.type}>")
    return "".join(found)


@given(many)
@example(["a\\", "b"])
@example(["*&", "***"])
@example(["[a](https://example.org)", "[a]: https://example.org"])
@example(["`a", "b`", "``"])
@example(["a ` b `` c ``"])
@example(["[a", "b]: https://example.org"])
@example(["a | b", "--- | ---"])
@example(["نص", "==="])
def test_lines_read_back_as_they_were(texts: list[str]) -> None:
    # White space at the ends of lines is no text to CommonMark.
    whole = "\n".join(text.strip() for text in texts if text.strip())
    assert shown(escape(whole)) == re.sub(r"(?m)^[ \t]+|[ \t]+$", "", whole)


@given(lines)
def test_a_heading_and_the_words_of_a_link_read_back(text: str) -> None:
    tokens = parser().parse(f"## {escape(text, 'heading')}")
    assert [token.type for token in tokens] == ["heading_open", "inline", "heading_close"]
    assert "".join(child.content for child in tokens[1].children or ()) == text.strip()
    (_, inline, _) = parser().parse(f"### [{escape(text, 'link')}](https://example.org/a)")
    opened, *words, closed = list(inline.children or ())
    assert (opened.type, closed.type) == ("link_open", "link_close")
    assert {word.type for word in words} == {"text"}
    assert "".join(word.content for word in words) == text


@given(lines, lines, lines)
def test_a_whole_draft_reads_back_and_its_letter_says_the_same(headline: str, summary: str, section: str) -> None:
    summary = " ".join(summary.split())
    if not summary or "{" in summary:
        return
    story = Story(headline, url="https://example.org/a", image="https://example.org/a.jpg", summary=escape(summary))
    text = issues.to_text(Issue(1, "عدد", sections=(Section(section, (story, story)),)))
    read = issues.parse(text, PATH)
    assert [one.headline for one in read.stories] == [" ".join(headline.split("\n")).strip()] * 2
    for one in read.stories:
        made = prose.read(one.summary)
        assert not made.faults
        assert made.words() == summary


@given(many)
def test_every_backslash_is_needed_by_somebody(texts: list[str]) -> None:
    """Without any signs of Markdown's kinds in it a text has none."""
    plain = re.sub(r"[\\`*_\[\]<&~#>+=|:.)-]", "", "\n".join(texts))
    assert escape(plain) == plain


PLAIN = [
    "شركة AT&T وقسم R&D و Q&A",
    "a & b",
    "&nosuch; &amp",
    "https://example.org/?a=1&b=2&copy=3",
    "5 * 3 = 15",
    "ملف snake_case_name و init__",
    "2 * 3 * 4",
    "تقييم ***",
    "لغة C# و F#",
    "#وسم في أول السطر",
    "مرجع [1] وآخر [المصدر: وكالة]",
    "a < b و c > d",
    "<b>",
    "حوالي ~5 كيلومترات",
    "-5 درجات",
    "+213 21 00 00 00",
    "1.5 مليون",
    "2026: عام",
    "١. أولا",
    "(الأناضول) قالت",
    "نعم - لا",
    "سهم --> وآخر",
    "C:\\ملفات\\نص",
    "علامة ` واحدة",
    "خبر | رأي",
    "النتيجة 3-2",
    "+++",
    "!",
    "وقال: «نعم»!",
]


@pytest.mark.parametrize("text", PLAIN)
def test_what_no_parser_takes_for_markup_stays_as_it_is(text: str) -> None:
    assert shown(text) == text, "it needs no escape to begin with"
    assert escape(text) == text
    if not re.search(r"[_*]", text):
        assert escape(text, "heading") == text or text.endswith("#")
        assert escape(text, "begin") == text or "`" in text or "<" in text


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("&amp; و &copy;", "\\&amp; و \\&copy;"),
        ("*مهم*", "\\*مهم\\*"),
        ("_مهم_", "\\_مهم\\_"),
        ("# عنوان", "\\# عنوان"),
        ("##عنوان", "\\##عنوان"),
        ("\u200f### عنوان", "\u200f\\### عنوان"),
        ("1. أولا", "1\\. أولا"),
        ("> قول", "\\> قول"),
        ("- بند", "\\- بند"),
        ("[نص](رابط)", "[نص\\](رابط)"),
        ("[1]: https://example.org", "\\[1]: https://example.org"),
        ("<https://example.org>", "\\<https://example.org>"),
        ("<!-- سر -->", "\\<!-- سر -->"),
        ("~~نص~~", "\\~\\~نص\\~\\~"),
        ("`a` و `b`", "\\`a\\` و \\`b\\`"),
        ("---", "\\---"),
        ("\\*", "\\\\*"),
    ],
)
def test_what_would_be_markup_is_escaped(text: str, markdown: str) -> None:
    assert escape(text) == markdown
    assert shown(markdown) == text


def test_an_article_that_stands_whole_has_no_needless_backslash() -> None:
    body = "<p>شركة AT&amp;T (الواحة) [1] &lt;قريبا&gt; - رأي</p><p>1. أولا، &amp;amp; و*نص*</p><p>نص <b>2</b>. آخر</p>"
    assert from_html(body) == ("شركة AT&T (الواحة) [1] <قريبا> - رأي\n\n1\\. أولا، \\&amp; و\\*نص\\*\n\nنص **2**. آخر")


def test_a_link_of_text_is_no_error_and_a_broken_one_is() -> None:
    front = '+++\nnumber = 1\nsubject = "عدد"\n+++\n'
    assert issues.parse(front + escape("انظر [نص](كما هو)"), PATH).opening
    with pytest.raises(IssueError, match="a broken link"):
        issues.parse(front + "انظر [نص](كما هو)", PATH)
