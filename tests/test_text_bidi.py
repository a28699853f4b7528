"""Runs that must be isolated: found, written down once, and nothing else touched."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.text import bidi
from newsletter.text.bidi.cutting import cut

RTL_CASES = """
فاز المنتخب [3-1] على [Real Madrid] في 2024
اتصل على [+213 21 55 66 77] الآن
هاتف [021 55 66 77] أو [(+213) 21 55 66 77]
هاتف [+٢١٣ ٢١ ٥٥ ٦٦ ٧٧] بأرقام عربية
بين [2023-2024] بنسبة [-12.5%] وأيضًا [12%] و12.5 و1,234 و7
لغة [C++] ولغة [C#] ومنصة [.NET]
قال [@nasra_dz] عن [#Tech2024]
شركة [Apple (NASDAQ: AAPL)] أعلنت
شركة [Google]. [Apple] أعلنت
[Google] (شركة [Alphabet]) قالت
رواية «[Who's Afraid of Virginia Woolf?]» الشهيرة
[Dwayne "The Rock" Johnson] قال
انظر [https://example.org/a(b)/?x=1&y=2]؟ ثم
انظر ([https://example.org/a]).
راسلنا [news@example.org].
في 2024 [Google] أطلقت [iPhone 15 Pro]
لغة و[.NET] وأخرى
طائرة [F-16] وكوفيد-19 ومرض [COVID-19]
السرعة [100 km/h] اليوم والحجم [20 GB]
الجزائر [3 - 1] المغرب، وأعوام [2023 – 2024]
من الساعة [14:30 - 16:00] إلى 9:05
من [Apple]، [Google] و[AT&T]
شركة [Yahoo!] الأمريكية
النسخة [v2.1.3] ثم 3.11.7
السعر [$12.5] أو [20€]
ميزانية [1 234 567] دينار
مفتوح 24/7 لمن هم [18+]
إصدار [U.S. Steel] وكتاب [J. K. Rowling (2024)]
الـ[GDP] في الجزائر
[Lina Haddad] · 10 نوفمبر 2025
قال [The quick brown fox jumped over. Then the lazy dog slept]! ثم صمت
بين 5 و7 وفي 2024
خسر و[-12.5%] ثم ربح و[+31°C] بعد الدقيقة [90+4]
بسعر و[$12.5] أو بـ[€20] لعلاج كوفيد-19
كتب [Jean-Luc d'Été] عن [São Paulo]
[What's up, Doc?]
""".strip().split("\n")

LTR_CASES = """
the [كأس العالم 2026] was held
in «[المؤشر]», the daily ([كبير]) and [مرحبا، أهلا] yes
[المؤشر] says hi
a score of 3-1 and +213 21 55 66 77
[عنوان كامل!]
""".strip().split("\n")


@pytest.mark.parametrize(("marked", "base"), [(c, "rtl") for c in RTL_CASES] + [(c, "ltr") for c in LTR_CASES])
def test_runs_that_read_wrong_are_found(marked: str, base: bidi.Direction) -> None:
    text = re.sub(r"[\[\]]", "", marked)
    shown = "".join(f"[{run}]" if needed else run for run, needed in bidi.runs(text, base))
    assert shown == marked


def test_isolate_writes_the_signs_of_the_other_direction() -> None:
    assert bidi.isolate("فاز 3-1") == "فاز \u20663-1\u2069"
    assert bidi.isolate("the كأس won", "ltr") == "the \u2067كأس\u2069 won"


def test_a_score_inside_a_right_to_left_run_is_isolated_again() -> None:
    assert bidi.isolate("they wrote فاز 3-1 أمس today", "ltr") == (
        "they wrote \u2067فاز \u20663-1\u2069 أمس\u2069 today"
    )
    assert (
        bidi.to_html("فاز 3-1 أمس", "ltr")
        == '<span dir="rtl">فاز <span dir="ltr" style="white-space:nowrap;">3-1</span> أمس</span>'
    )


def test_a_plain_integer_alone_needs_nothing() -> None:
    assert bidi.isolate("في 2024 حضر 120 ضيفًا") == "في 2024 حضر 120 ضيفًا"


def test_html_is_escaped_and_wrapped_in_spans() -> None:
    assert bidi.to_html('قال "نعم" <b> & C++') == ('قال &quot;نعم&quot; <span dir="ltr">&lt;b&gt; &amp; C++</span>')
    assert "bdi" not in bidi.to_html("فاز 3-1")
    assert "auto" not in bidi.to_html("\u2068NATO\u2069 قال")


@pytest.mark.parametrize("code", ["CSV-2025-11", "F-16", "COVID-19", "2025-A-7"])
def test_a_code_with_hyphens_is_not_torn(code: str) -> None:
    assert bidi.to_html(f"المرجع {code} هنا") == (
        f'المرجع <span dir="ltr" style="white-space:nowrap;">{code}</span> هنا'
    )


@pytest.mark.parametrize("words", ["follow-up", "state-of-the-art-2025-edition", "CSV 2025-11", "-CSV-1"])
def test_words_with_hyphens_may_be_torn(words: str) -> None:
    assert not bidi.whole(words)


def test_the_editors_own_isolates_become_spans_and_are_not_doubled() -> None:
    assert bidi.to_html("فاز \u20663-1\u2069 أمس") == 'فاز <span dir="ltr" style="white-space:nowrap;">3-1</span> أمس'
    assert bidi.to_html("\u2068NATO\u2069 قال") == '<span dir="ltr">NATO</span> قال'
    assert bidi.isolate("فاز \u20663-1\u2069 أمس") == "فاز \u20663-1\u2069 أمس"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("\u2066قال", "قال"),
        ("قال\u2069 نعم", "قال نعم"),
        ("\u2067قال\nنعم\u2069", "قال\nنعم"),
        ("\u202eABC\u202c", "ABC"),
        ("\u2066أ\u2069\u2069", "\u2066أ\u2069"),
        ("\u2066\u2067أ\u2069", "\u2067أ\u2069"),
        ("لا شيء\u200f هنا", "لا شيء\u200f هنا"),
    ],
)
def test_unbalanced_signs_are_taken_out(text: str, cleaned: str) -> None:
    assert bidi.clean(text) == cleaned


LETTERS = "ابجدﷺلأ،؛؟«»()[]\"'-–+.,:/@#%!$€01239٣۴AbCé \n\u200f\u00a0\u064b\ufdd0"
SIGNS = "\u2066\u2067\u2068\u2069\u202a\u202e\u202c"
TEXTS = st.text(st.one_of(st.sampled_from(LETTERS), st.sampled_from(SIGNS), st.characters()), max_size=60)


def unmarked(text: str) -> str:
    """Without the marks that keep groups of Arabic-Indic digits in their order."""
    return text.replace(bidi.LRM, "")


def test_groups_of_arabic_indic_digits_are_marked_inside_an_isolate() -> None:
    assert bidi.isolate("هاتف +٢١٣ ٢١-٥٥") == "هاتف \u2066+٢١٣\u200e ٢١\u200e-٥٥\u2069"
    assert bidi.to_html("في ٢١ ٥٥ ٦٦ ٧٧ الآن") == (
        'في <span dir="ltr" style="white-space:nowrap;">٢١\u200e ٥٥\u200e ٦٦\u200e ٧٧</span> الآن'
    )


@pytest.mark.parametrize(
    ("text", "base", "made"),
    [
        ("\u2066NATO\u2069 تجتمع", "rtl", "\u200f\u2066NATO\u2069 تجتمع"),
        ("تجتمع \u2066NATO\u2069", "rtl", "تجتمع \u2066NATO\u2069"),
        ("«تجتمع»", "rtl", "«تجتمع»"),
        ("14 شارع", "rtl", "\u200f14 شارع"),
        ("\u200fNATO", "rtl", "\u200fNATO"),
        ("…", "rtl", "…"),
        ("\u2067المؤشر\u2069 is ten", "ltr", "\u200e\u2067المؤشر\u2069 is ten"),
        ("14 is ten", "ltr", "14 is ten"),
        ("", "ltr", ""),
    ],
)
def test_a_line_is_steered_by_a_mark(text: str, base: bidi.Direction, made: str) -> None:
    assert bidi.steered(text, base) == made
    assert bidi.steered(made, base) == made


@given(TEXTS, st.sampled_from(["rtl", "ltr"]))
def test_nothing_is_added_but_isolates_and_twice_is_once(text: str, base: bidi.Direction) -> None:
    once = bidi.isolate(text, base)
    assert unmarked(bidi.strip(once)) == unmarked(bidi.strip(text))
    assert "".join(run for run, _ in bidi.runs(text, base)) == bidi.clean(text)
    assert bidi.clean(once) == once, "every isolate is closed in its paragraph"
    assert bidi.isolate(once, base) == once


@given(TEXTS, st.sampled_from(["rtl", "ltr"]))
def test_html_is_the_same_text_and_every_span_closes(text: str, base: bidi.Direction) -> None:
    made = str(bidi.to_html(text, base))
    bare = re.sub(r'</?span(?: dir="(?:ltr|rtl)"(?: style="white-space:nowrap;")?)?>', "", made)
    assert unmarked(html.unescape(bare)) == unmarked(bidi.strip(text))
    assert made.count("<span ") == made.count("</span>")
    assert "<" not in bare


QUIET = st.text(st.sampled_from("ابجدـةً ،؛؟.:!-–«»()\"'%+$#@/2024 14\u00a0\u200f\n·"), max_size=40)


@given(st.one_of(QUIET, TEXTS), st.sampled_from(["rtl", "ltr"]))
def test_what_is_passed_over_quickly_needs_nothing_the_long_way_either(text: str, base: bidi.Direction) -> None:
    if bidi.quiet(text, base):
        parts = re.split("[\n\r\x1c\x1d\x1e\x85\u2029]+", text)
        assert [run for part in parts for run, needed in cut(part, base) if needed] == []
        assert bidi.clean(text) == text


def test_ordinary_headlines_are_passed_over_quickly() -> None:
    for text in (
        "وزارة التعليم تعمّم تجربة «مدرسة بلا حقائب» على 120 مدرسة",
        "هيثم ناصر · 14 نوفمبر 2025",
        "قال: «نعم!»",
    ):
        assert bidi.quiet(text, "rtl")
    assert bidi.quiet("The Crew of 2024 won 3-1", "ltr")
    for text in ("فاز 3-1", "في 5 - 7", "C++", "بنسبة 12%", "+12 درجة", "من 14 16", "٢١ ٥٥ ٦٦ ٧٧"):
        assert not bidi.quiet(text, "rtl"), text


def test_long_text_is_read_in_a_moment() -> None:
    for text in ("a" * 20_000, '"a ' * 5_000, "(" * 5_000 + "a", "1 " * 10_000, "+1" * 10_000, "ا a " * 5_000):
        assert bidi.strip(bidi.isolate(text)) == text


@pytest.mark.parametrize(
    "marked",
    """
أطلقت و[5G] ثم بـ[4K] وبالـ[VAR] ول[6G]
كوفيد-19 وف-16 وجي-7 و1447هـ/2026م
قيمتها [2.5M] أو [$5M] أو [5 L/100 km] بنسبة [95%±2] وبين [20%-30%]
ارتفع ([≤ 5%]) ثم [x = 5] و[2 + 2 = 4]
زاد [50 Cent] و[1.3 billion USD] في 2026 [Sonatrach]
قال «[Who?]» ثم «[We came. We saw.]» وخرج
شاشة [27"] وقال "[MacBook Pro 16]" اليوم
طوله [6'2"] في [S&P 500 +0.5%]
الرمز [*100#] والملف [*.pdf] والوسم #صحافة_2026 و[#FreePress]
موقع [https://example.org/أخبار-اليوم/5]، ثم example
الأهلي [3-1] الزمالك والدقيقة [90+4']
[Nov. 28, 2026] و[J. K. Rowling (2024)] و[Apple Inc.] كلها
س=5 ثم س < 5
[A] ← [B] ثم [A → B]
اتصل [(+213) 21 55 66 77] أو [021-55-66-77]
قال ([Reuters])، ثم [[BBC]] اليوم
""".strip()
    .replace("ثم example", "ثم [example]")
    .replace("[[BBC]]", "⟦[⟧BBC⟦]⟧")
    .split("\n"),
)
def test_the_rule_step_by_step(marked: str) -> None:
    """Marked by hand; a bracket that belongs to the text itself stands in white ones."""
    text = re.sub(r"⟦(.)⟧|[\[\]]", lambda match: match[1] or "", marked)
    shown = "".join(f"[{run}]" if needed else run for run, needed in bidi.runs(text, "rtl"))
    assert re.sub(r"[\[\]]", "", shown) == re.sub(r"[\[\]]", "", text)
    assert shown == (marked if "⟦" not in marked else marked.replace("⟦[⟧BBC⟦]⟧", "[[BBC]]"))


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("هاتف ۰۲۱-۸۸۹۹۷۷۶۶ و", "هاتف \u2066۰۲۱-۸۸۹۹۷۷۶۶\u2069 و"),
        ("هاتف ٠٢١-٥٥-٦٦-٧٧ و", "هاتف \u2066٠٢١\u200e-٥٥\u200e-٦٦\u200e-٧٧\u2069 و"),
        ("من ٢٠٢٣-٢٠٢٤ و٣٤٪ في ٢٨/١١/٢٠٢٦", "من ٢٠٢٣-٢٠٢٤ و٣٤٪ في ٢٨/١١/٢٠٢٦"),
        ("پس از −۵ و ۱۲٫۵٪", "پس از \u2066−۵\u2069 و \u2066۱۲٫۵٪\u2069"),
        ("בשנים 2019 ו-2020 ב-F-16", "בשנים 2019 ו-2020 ב-\u2066F-16\u2069"),
        ("12\u200f/11\u200f/2026 في", "12\u200f/11\u200f/2026 في"),
    ],
)
def test_digits_of_every_kind(text: str, signs: str) -> None:
    assert bidi.isolate(text) == signs


@pytest.mark.parametrize("base", ["rtl", "ltr"])
def test_what_an_editor_isolated_is_left_alone(base: bidi.Direction) -> None:
    own = "\u20665G و4G \u2067C++ 3-1\u2069\u2069"
    assert bidi.isolate(f"قال {own} أمس", base).count(own) == 1
    assert '<span dir="ltr">5G و4G <span dir="rtl">C++ 3-1</span></span>' in str(bidi.to_html(f"قال {own} أمس", base))


def test_isolates_in_each_other_without_end_are_read() -> None:
    made = str(bidi.to_html("قال " + "\u2066" * 5_000 + "a" + "\u2069" * 5_000))
    assert made.count("<span") == made.count("</span>") == 125
