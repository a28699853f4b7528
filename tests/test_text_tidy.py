"""Arabic text: one clean line, a shorter one, sentences, summaries, reading time, folding."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from newsletter.text.tidy import arabic_fold, polish, reading_minutes, sentences, shorten, summary, tidy

ARTICLE = Path(__file__).parent / "data" / "journey" / "article-with-tail.txt"

ARABIC = st.text(
    st.sampled_from('ابتثجحخدذرزسشصضطظعغفقكلمنهويةىءآأؤإئ ًٌٍَُِّْـٰ،؛؟.!«»"()-:\n\u200c\u200b\u202e\ufefbﷲ0٣')
    | st.characters(),
    max_size=120,
)


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("  سطر\n\nأول\u00a0وثانٍ\t ", "سطر أول وثانٍ"),
        ("الســــــجـــــــل", "السجل"),
        ("1447هـ", "1447هـ"),
        ("الـ36 عاماً", "الـ36 عاماً"),
        ('بـ"الجيش" ولـ«الصباح»', 'بـ"الجيش" ولـ«الصباح»'),
        ("هـٰذا مـَـوعد", "هٰذا مَوعد"),
        ("ﺍﻟﺴﻼﻡ ﻋﻠﻴﻜﻢ ﷲ", "السلام عليكم الله"),
        ("محمد ﷺ ﷻ ﷽ ﴾آية﴿", "محمد ﷺ ﷻ ﷽ ﴾آية﴿"),
        ("كتبﹶ", "كتبَ"),
        ("نصف ½ و… و™ و²", "نصف ½ و… و™ و²"),
        ("ن\u200bص\ufeff م\u00adخفي\u202e \u2066مقلوب\u2069", "نص مخفي مقلوب"),
        ("می\u200cروم", "می\u200cروم"),
        ("أ\x00ب\x07\ufffe\uffff\ud800\x85ج", "أب ج"),
        ("ا\u0653ذار", "آذار"),
        ("مُدرِّسَة", "مُدرِّسَة"),
        ("", ""),
    ],
)
def test_tidy(given_text: str, expected: str) -> None:
    assert tidy(given_text) == expected


def test_polish_keeps_the_spaces_at_the_ends() -> None:
    assert polish("\n قال ") == " قال "


@given(ARABIC)
def test_tidy_is_one_clean_line_and_changes_nothing_twice(text: str) -> None:
    once = tidy(text)
    assert tidy(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert once.splitlines() in ([], [once])
    assert not set(once) & set("\u200b\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\x00")
    once.encode("utf-8")


def test_shorten_leaves_a_short_text_alone() -> None:
    assert shorten("خبر قصير", 8) == "خبر قصير"


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("افتتح الوزير المعرض السنوي", 15, "افتتح الوزير…"),
        ("افتتح الوزير، المعرض السنوي", 15, "افتتح الوزير…"),
        ("قال الوزير: «المعرض مفتوح»", 14, "قال الوزير…"),
        ("قال الوزير (السابق) اليوم", 13, "قال الوزير…"),
        ("خبر - تفصيل طويل", 7, "خبر…"),
        ("كلمةطويلةجدابلافراغ", 5, "كلمة…"),
        ("كَلِمَةٌ طويلة", 4, "كَلِمَ…"),
    ],
)
def test_shorten(text: str, limit: int, expected: str) -> None:
    assert shorten(text, limit) == expected


def test_shorten_refuses_a_limit_below_one() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        shorten("نص", 0)


@given(ARABIC, st.integers(1, 60))
def test_shorten_keeps_the_limit_and_whole_letters(text: str, limit: int) -> None:
    line = tidy(text)
    short = shorten(line, limit)
    clusters = regex.findall(r"\X", line)
    assert len(regex.findall(r"\X", short)) <= max(limit, 1)
    if len(clusters) > limit:
        kept = regex.findall(r"\X", short.removesuffix("…"))
        assert short.endswith("…")
        assert kept == clusters[: len(kept)]
    else:
        assert short == line


def test_sentences_know_abbreviations_numbers_and_quotes() -> None:
    text = "وصل د. سامي إلى ص.ب. 12 عند 3.5 كيلومتر. قال: «انتهى العمل.» وأضاف! 1. بند أول؟ نعم… لا"
    assert list(sentences(text)) == [
        "وصل د. سامي إلى ص.ب. 12 عند 3.5 كيلومتر.",
        "قال: «انتهى العمل.»",
        "وأضاف!",
        "1. بند أول؟",
        "نعم…",
        "لا",
    ]


A = "أعلنت البلدية صباح اليوم إطلاق مشروع جديد لتشجير الشوارع الرئيسية في المدينة القديمة."  # 86
B = "ويشمل المشروع غرس ألف شجرة زيتون خلال العام المقبل بمشاركة طلاب المدارس والجمعيات."  # 83
C = "وتبلغ كلفة المشروع نحو مليوني دينار تتقاسمها البلدية مع متبرعين من أبناء المدينة في الخارج."


def test_summary_takes_whole_sentences_until_there_is_enough() -> None:
    assert summary(f"{A} {B} {C}") == f"{A} {B}"
    assert summary(f"{A}\n{B}\n{C}") == f"{A} {B}"


def test_summary_passes_over_credits_but_not_when_there_is_nothing_else() -> None:
    assert summary(f"حوار: سلمى الراوي\n{A}\n{B}") == f"{A} {B}"
    assert summary("حوار: سلمى الراوي") == "حوار: سلمى الراوي"


def test_summary_keeps_one_long_sentence_whole_up_to_a_third_more() -> None:
    long = ("وقال المتحدث إن اللجنة ستعرض تقريرها " * 8).strip() + "."
    assert 240 < len(long) <= 320
    assert summary(long + " ثم انتهى.") == long


def test_summary_cuts_an_endless_sentence_at_a_comma_else_at_a_word() -> None:
    clause = "وقال المتحدث إن اللجنة ستعرض تقريرها على المجلس البلدي"
    with_commas = "، ".join([clause] * 9)
    cut = summary(with_commas)
    assert cut == "، ".join([clause] * 4) + "…"
    without = summary(" ".join([clause] * 9))
    assert without.endswith("…")
    assert 200 < len(without) <= 240


def test_summary_of_nothing_is_nothing() -> None:
    assert summary("") == summary(" \n ") == ""


@given(ARABIC)
def test_summary_never_passes_a_third_more(text: str) -> None:
    # As a reader counts: a letter with three marks is one character.
    assert len(regex.findall(r"\X", summary(text * 5, least=20, most=40))) <= 53


def test_reading_minutes() -> None:
    assert reading_minutes("") == reading_minutes(" — … ") == 0
    assert reading_minutes("كلمة") == 1
    assert reading_minutes("كلمة " * 224) == 1
    assert reading_minutes("كلمة " * 225) == 2
    assert reading_minutes("كلمة " * 394) == 3
    assert reading_minutes("كلمة " * 400, words_per_minute=100) == 4


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("إعلان أسماء الفائزين", "اعلان اسماء الفائزين"),
        ("المدرسة الكبرى", "المدرسه الكبري"),
        ("مَدْرَسَةٌ", "مدرسة"),
        ("«ليبيا»: ٣ أسئلة", "ليبيا 3 اسئله"),
        ("الســـجل", "السجل"),
        ("ﺍﻟﺴﻼﻡ", "السلام"),
        ("CNN العربية", "cnn العربيه"),
        ("ایران کتاب", "ايران كتاب"),
    ],
)
def test_arabic_fold_makes_spellings_one(one: str, other: str) -> None:
    assert arabic_fold(one) == arabic_fold(other)


@given(ARABIC)
def test_arabic_fold_changes_nothing_twice(text: str) -> None:
    once = arabic_fold(text)
    assert arabic_fold(once) == once


def test_summary_of_a_long_article() -> None:
    body = ARTICLE.read_text(encoding="utf-8").split("\n", 1)[1]
    assert summary(body).endswith("والمدارس القريبة من البحر.")
