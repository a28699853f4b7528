"""Words that publishing systems add: known as such, and ordinary sentences not taken for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.sources.clean import boilerplate
from newsletter.sources.clean.boilerplate import (
    author_name,
    cut_tail,
    excerpt,
    section_name,
    without_first_on,
)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("اشترك للحصول على أحدث التدوينات المرسلة إلى بريدك الإلكتروني.", "is_subscribe_sentence"),
        ("Subscribe to continue reading", "is_subscribe_sentence"),
        ("اكتشاف المزيد من المؤشر", "is_discover_heading"),
        ("إكتشاف المزيد من صحيفة الواحة", "is_discover_heading"),
        ("اقرأ أيضاً: سوق جديدة", "is_read_also"),
        ("إقرأ أيضا", "is_read_also"),
        ("واقرأوا أيضاً", "is_read_also"),
        ("مواضيع ذات صلة", "is_related_heading"),
        ("الأكثر قراءة", "is_related_heading"),
        ("التعليقات:", "is_related_heading"),
        ("شارك هذا الموضوع:", "is_share_line"),
        ("انقر للمشاركة على فيسبوك (فتح في نافذة جديدة)", "is_share_line"),
        ("(فتح في نافذة جديدة)", "is_share_line"),
        ("تحميل...", "is_share_line"),
        ("تابعونا على فيسبوك وتويتر", "is_follow_line"),
        ("لمتابعة آخر الأخبار حملوا التطبيق أو انضموا إلينا عبر تلغرام", "is_follow_line"),
        ("Follow us on Google News", "is_follow_line"),
    ],
)
def test_machinery_is_known(line: str, kind: str) -> None:
    assert getattr(boilerplate, kind)(line)


ORDINARY = [
    "وتابع الوزير أن تطبيق القانون يحتاج إلى وقت.",
    "تابعت العائلات المباراة على شاشات كبيرة في الساحات.",
    "وانضم اللاعب إلى فريقه على متن طائرة خاصة.",
    "شارك في المعرض مئتا ناشر من أربعين دولة.",
    "شارك هذا العام ألف متسابق في سباق المدينة.",
    "اقرأ الفصل الأول من رواية لم تنشر بعد.",
    "اشترك ثلاثة باحثين في كتابة الدراسة.",
    "المزيد من الأمطار متوقع غداً في الشمال.",
    "اكتشاف المزيد",
    "مرتبط بهذا الأمر سؤال آخر.",
]


KINDS = ["is_subscribe_sentence", "is_discover_heading", "is_read_also"]
KINDS += ["is_related_heading", "is_share_line", "is_follow_line"]


@pytest.mark.parametrize("line", ORDINARY)
@pytest.mark.parametrize("kind", KINDS)
def test_ordinary_sentences_are_not_taken_for_it(line: str, kind: str) -> None:
    assert not getattr(boilerplate, kind)(line)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("بقلم: سلمى الراوي", "سلمى الراوي"),
        ("كتبت/ سلمى الراوي", "سلمى الراوي"),
        ("كتب نادر الخطيب", "نادر الخطيب"),
        ("بواسطة سلمى الراوي |", "سلمى الراوي"),
        ("news@example.org (سلمى الراوي)", "سلمى الراوي"),
        ("By John Smith", "John Smith"),
        ("editor@news.media (سلمى الراوي)", "سلمى الراوي"),
        ("editor@news.media(سلمى الراوي)", "سلمى الراوي"),
        ("mailto:editor@news.media (بقلم: سلمى الراوي)", "سلمى الراوي"),
        ("سلمى الراوي <editor@news.media>", "سلمى الراوي"),
        ("editor@news.media سلمى الراوي", "سلمى الراوي"),
        ("editor@news.media", ""),
        ("Developed by Oasis Solutions", ""),
        ("Designed and Developed by Oasis", ""),
        ("تصميم وتطوير شركة الواحة", ""),
        ("تصميمة الأزهار", "تصميمة الأزهار"),
        ("المحرر", ""),
        ("المحرر: نادر الخطيب", "نادر الخطيب"),
        ("المحرر الرياضي", "المحرر الرياضي"),
        ("Super User", ""),
        ("a" * 200_000, ""),
        ("a." * 100_000, ""),
        ("كتبان الرمال", "كتبان الرمال"),
        ("admin", ""),
        ("Admin", ""),
        ("المدير", ""),
        ("salma_r", ""),
        ("@salma", ""),
        ("https://facebook.com/alwaha", ""),
        ("www.example.com", ""),
        ("صحيفة الواحة", ""),
        ("صَحيفة الواحه", ""),
        ("news@example.org", ""),
        ("ا" * 101, ""),
        ("", ""),
    ],
)
def test_author_name(text: str, expected: str) -> None:
    assert author_name(text, ["صحيفة الواحة"]) == expected


def test_section_name_takes_the_first_that_says_something() -> None:
    assert section_name(["غير مصنف", "Uncategorized", "featured", " بيئة ", "مدن"]) == "بيئة"
    assert section_name(["غير مصنف"]) == section_name([]) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("نص كتبه المحرر بيده.", ("نص كتبه المحرر بيده.", False)),
        ("نص مقطوع [&hellip;]".replace("&hellip;", "…"), ("نص مقطوع", True)),
        ("نص مقطوع [...]", ("نص مقطوع", True)),
        ("نص مقطوع…", ("نص مقطوع", True)),
        ("نص مقطوع… تابع القراءة", ("نص مقطوع", True)),
        ("نص مقطوع … تابع قراءة عنوان الخبر", ("نص مقطوع", True)),
        ("نص. قراءة المزيد »", ("نص.", True)),
        ("نص كامل. ظهرت المقالة عنوان أولاً على صحيفة الواحة.", ("نص كامل.", False)),
        ("Text. The post Title appeared first on Site.", ("Text.", False)),
        ("Texte. L’article Titre est apparu en premier sur Site.", ("Texte.", False)),
    ],
)
def test_excerpt(text: str, expected: tuple[str, bool]) -> None:
    assert excerpt(text) == expected


def test_where_an_article_appeared_first_goes_from_the_end_of_a_body() -> None:
    last = '<p>ظهرت المقالة <a href="https://example.org/">خبر</a> أولاً على <a href="https://example.org/">س</a>.</p>'
    assert without_first_on(f"<p>نص</p>{last}") == "<p>نص</p>"
    assert without_first_on(f"{last}<p>نص</p>") == f"{last}<p>نص</p>"
    assert without_first_on("") == ""


TAIL = ["اكتشاف المزيد من المؤشر", "", "اشترك للحصول على أحدث التدوينات المرسلة إلى بريدك الإلكتروني.", "خبر آخر"]


def test_a_tail_is_cut_only_where_both_of_its_lines_are() -> None:
    own, tail = cut_tail(["عنوان", "نص", *TAIL])
    assert own == ["عنوان", "نص"]
    assert tail is not None
    assert (tail.site, tail.lines) == ("المؤشر", tuple(TAIL))
    assert cut_tail(["عنوان", TAIL[0], "نص"]) == (["عنوان", TAIL[0], "نص"], None)
    assert cut_tail(["عنوان", TAIL[2], "نص"]) == (["عنوان", TAIL[2], "نص"], None)
    far = [TAIL[0], "أ", "ب", "ج", TAIL[2]]
    assert cut_tail(far) == (far, None)


@given(st.lists(st.text(max_size=30) | st.sampled_from(TAIL), max_size=12))
def test_what_is_cut_and_what_is_left_are_the_whole(lines: list[str]) -> None:
    own, tail = cut_tail(lines)
    assert [*own, *(tail.lines if tail else ())] == lines
