"""A draft holds the articles as the editor ordered them, and its Markdown reads back as their text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter import issues
from newsletter.check import CheckContext, CheckInput
from newsletter.check import subject as subject_rules
from newsletter.issues import compose
from newsletter.issues.escaping import escape
from newsletter.issues.markdown import from_html, parser
from newsletter.models import Article, Holding, Issue, Publication
from newsletter.text.subject import LONGEST_PREHEADER, LONGEST_SUBJECT, columns

WHEN = datetime(2026, 11, 24, tzinfo=UTC)


def holding(number: int, **fields: str) -> Holding:
    article = Article(f"عنوان {number}", f"https://example.org/{number}", f"ملخص {number}.")
    return Holding(number, replace(article, **fields), WHEN)  # type: ignore[arg-type]


def draft(*holdings: Holding) -> Issue:
    return compose.draft(holdings, number=3, newsletter="الموجة", list_name="readers")


def test_sections_stand_in_the_order_of_their_first_article() -> None:
    issue = draft(
        holding(1, section="رياضة"), holding(2, section="أخبار"), holding(3, section="رياضة"), holding(4, section="")
    )
    assert [(s.title, [story.headline for story in s.stories]) for s in issue.sections] == [
        ("رياضة", ["عنوان 1", "عنوان 3", "عنوان 4"]),
        ("أخبار", ["عنوان 2"]),
    ]
    assert issue.subject == "الموجة: عنوان 1"
    # In the order of the letter.
    assert issue.preheader == "عنوان 3 · عنوان 4"


LONG = "وزارة النقل تعلن افتتاح خط جديد للقطار السريع يربط العاصمة بمدينة الواحة في ساعة واحدة"


def problems(issue: Issue) -> set[str]:
    """What our own check says of the subject and the line behind it."""
    about = Publication("الموجة", "https://example.org", "news@example.org")
    case = CheckInput(issue, None, CheckContext(publication=about))
    return {problem.code for rule in subject_rules.RULES for problem in rule(case)}


@given(
    st.lists(st.text(st.sampled_from("ابج د،:هوزحطي é中👍🏽َّ"), max_size=200), min_size=1, max_size=3),
    st.text(st.sampled_from("ابجد. هو؟"), max_size=400),
)
def test_the_lines_of_an_inbox_have_room(titles: list[str], summary: str) -> None:
    titles = [" ".join(f"نبأ من المدينة {title}".split()) for title in titles]
    issue = draft(*(holding(at, title=title, summary=summary) for at, title in enumerate(titles, 1)))
    # Without another story and without a summary there is nothing to say behind the subject.
    assert problems(issue) <= {"subject-short"} | ({"preheader-empty"} if not summary.strip() else set())
    assert columns(issue.subject) <= LONGEST_SUBJECT
    assert columns(issue.preheader) <= LONGEST_PREHEADER


@pytest.mark.parametrize(
    ("title", "subject"),
    [
        ("ميناء الواحة يفتح أبوابه", "الموجة: ميناء الواحة يفتح أبوابه"),
        (LONG[:76].rpartition(" ")[0], LONG[:76].rpartition(" ")[0]),  # the name goes first
        (LONG, "وزارة النقل تعلن افتتاح خط جديد للقطار السريع يربط العاصمة بمدينة الواحة في…"),
        (f"خبر {'م' * 90}", "خبر…"),
        ("م" * 90, "م" * 79 + "…"),
    ],
)
def test_a_long_headline_gives_a_subject_that_our_check_lets_through(title: str, subject: str) -> None:
    issue = draft(holding(1, title=title, summary="تفاصيل الخبر في سطر."))
    assert issue.subject == subject
    assert problems(issue) <= {"subject-short"}


@pytest.mark.parametrize(
    ("articles", "preheader"),
    [
        ([{"summary": "جملة أولى. وثانية."}], "جملة أولى. وثانية."),
        ([{"title": "افتتاح الميناء", "summary": "افتتاح الميناء. حضر الصيادون مبكرا."}], "حضر الصيادون مبكرا."),
        ([{"summary": "كلمة " * 60}], "كلمة " * 27 + "كلمة…"),
        ([{"summary": "خبر *مهم* & جديد"}], "خبر *مهم* & جديد"),
        ([{"summary": ""}], ""),
        ([{"url": "", "summary": "", "body": "<p>قال <b>المدير</b> إن المعرض فتح.</p>"}], "قال المدير إن المعرض فتح."),
        ([{}, {"title": "عنوان 1"}, {"title": "غيره"}], "غيره"),
        ([{"summary": "الملخص."}, {"title": "عنوان 1"}], "الملخص."),
        ([{}, {}, {}, {}], "عنوان 2 · عنوان 3"),
    ],
)
def test_the_line_behind_the_subject_says_something_else(articles: list[dict[str, str]], preheader: str) -> None:
    assert draft(*(holding(at, **fields) for at, fields in enumerate(articles, 1))).preheader == preheader


def test_an_article_without_address_stands_whole() -> None:
    issue = draft(holding(1, url="", body="<p>أولى [1].</p><h2>فرعي</h2><p>ثانية.</p>"))
    (story,) = issue.stories
    assert story.summary == "أولى [1].\n\n**فرعي**\n\nثانية."
    again = issues.parse(issues.to_text(issue), Path("issue.md"))
    assert again.stories[0].summary == story.summary


def test_local_pictures_move_into_the_issue() -> None:
    issue = draft(holding(1, image="/tmp/a/ميناء.jpg"), holding(2, image="https://example.org/b.jpg"))
    moved, copies = compose.with_local_pictures(issue)
    assert [story.image for story in moved.stories] == ["pictures/1-ميناء.jpg", "https://example.org/b.jpg"]
    assert copies == {"pictures/1-ميناء.jpg": "/tmp/a/ميناء.jpg"}


def test_what_stands_in_the_file_wins_over_the_library() -> None:
    issue = draft(holding(1), holding(2))
    known = Holding(9, Article("x", author="ليلى", section="أخبار", published=WHEN), WHEN)
    first, second = compose.enriched(issue, {"https://example.org/1": known}).stories
    assert (first.headline, first.author, first.label, first.published) == ("عنوان 1", "ليلى", "أخبار", WHEN)
    assert (second.author, second.published) == ("", None)


@pytest.mark.parametrize(("used", "number"), [([], 1), ([1, 2], 3), ([7, 3], 8)])
def test_the_next_number_follows_the_highest(used: list[int], number: int) -> None:
    assert compose.next_number(used) == number


@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1))
def test_escaped_text_reads_back_as_itself(text: str) -> None:
    text = " ".join(text.split()) or "كلمة"
    (_open, inline, _close) = parser().parse(escape(text))
    shown = "".join(token.content for token in inline.children or () if token.type == "text")
    assert shown == text


@pytest.mark.parametrize(
    ("body", "markdown"),
    [
        (
            "<p>نص <b>غامق</b> و<a href='https://example.org/a(b)'>رابط</a></p>",
            "نص **غامق** و[رابط](<https://example.org/a(b)>)",
        ),
        ("<p>نعم!<a href='https://example.org/a'>رابط</a>!</p>", "نعم\\![رابط](<https://example.org/a>)!"),
        ("<ul><li>أ</li><li>ب</li></ul><p>ج</p>", "- أ\n- ب\n\nج"),
        ("<ol><li>أ</li><li>ب</li></ol>", "1. أ\n2. ب"),
        ("<blockquote><p>قول</p></blockquote><p>بعده</p>", "> قول\n\nبعده"),
        ("<blockquote><p>أ</p><p>ب</p></blockquote><blockquote><p>ج</p></blockquote>", "> أ\n>\n> ب\n\n> ج"),
        ("<ol start='3'><li>أ</li></ol><ol start='9'><li>ب</li></ol><ol><li>ج</li></ol>", "3. أ\n\n9) ب\n\n1. ج"),
        ("<ol start='2' reversed><li>أ</li><li>ب</li></ol>", "2. أ\n\n1) ب"),
        ("<ol><li>أ</li><li value='7'>ب</li><li>ج</li></ol>", "1. أ\n\n7) ب\n8) ج"),
        ("<ul><li>أ<ol start='4'><li>ب</li></ol></li></ul>", "- أ\n\n  4. ب"),
        ("<pre><code>a = `b`\n\n  c</code></pre>", "```\na = `b`\n\n  c\n```"),
        ("<p>سطر<br>آخر</p>", "سطر  \nآخر"),
        ("<p># ليس عنوانا</p>", "\\# ليس عنوانا"),
        ("<p><a href='https://example.org'><img src='x'></a></p><p>نص</p>", "نص"),
        ("", ""),
    ],
)
def test_html_becomes_markdown(body: str, markdown: str) -> None:
    assert from_html(body) == markdown
