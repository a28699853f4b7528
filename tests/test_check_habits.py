"""Habits of typing: where each is seen, what comes instead, and the texts that must be left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.check import CheckContext, CheckInput
from newsletter.check.addresses import hidden, page, private, tracking, without_hidden, without_parameters
from newsletter.check.arabic_script import has_arabic
from newsletter.check.digits import RULES as DIGITS
from newsletter.check.links import RULES as LINKS
from newsletter.check.sender import organisation
from newsletter.check.typing_habits import (
    HABITS,
    differing,
    fixed,
    named,
    spans,
)
from newsletter.check.wording import RULES as WORDING
from newsletter.check.writing import RULES as WRITING
from newsletter.models import Issue, Prose, Publication, Section, Story

BY_CODE = {habit.code: habit for habit in HABITS}


@pytest.mark.parametrize(
    ("code", "text", "better"),
    [
        ("character-invisible", "كلمة\u200bوكلمة\ufeff", "كلمةوكلمة"),
        ("character-invisible", "كل\u00adمة", "كلمة"),
        ("character-control", "كلمة\x07 وكلمة\x9f", "كلمة وكلمة"),
        ("letters-presentation", "أهداها ﺍﻟﺠﻴﺮﺍﻥ", "أهداها الجيران"),
        ("letters-presentation", "ﻻ بأس", "لا بأس"),
        ("bidi-embedding", "\u202bكلمة\u202c \u202eabc", "كلمة abc"),
        ("bidi-unbalanced", "\u2067كلمة \u2066ok\u2069", "كلمة \u2066ok\u2069"),
        ("bidi-unbalanced", "كلمة\u2069", "كلمة"),
        ("tatweel", "الجديـــد جدًا", "الجديد جدًا"),
        ("tatweel", "كِتــَاب", "كِتَاب"),
        ("quotes-straight", 'قال "نعم" ثم "لا".', "قال «نعم» ثم «لا»."),
        ("quotes-straight", 'أطلق "OpenTide" أمس', "أطلق «OpenTide» أمس"),
        ("quotes-straight", 'بـ"الصباح" و"المساء"', "بـ«الصباح» و«المساء»"),
        ("punctuation-latin", "قاربًا, ومخزنًا; فهل يكفي?", "قاربًا، ومخزنًا؛ فهل يكفي؟"),
        ("punctuation-latin", "«الميناء», ثم", "«الميناء»، ثم"),
        ("space-before-sign", "قاربًا ، ومخزنًا .", "قاربًا، ومخزنًا."),
        ("space-before-sign", "هل يكفي ؟", "هل يكفي؟"),
        ("space-inside-quotes", "قال: « نعم » ( أو لا )", "قال: «نعم» (أو لا)"),
        ("space-missing", "قاربًا،ومخزنًا؛ثم", "قاربًا، ومخزنًا؛ ثم"),
        ("space-double", "كلمة  ثم   كلمة", "كلمة ثم كلمة"),
    ],
)
def test_what_is_mended(code: str, text: str, better: str) -> None:
    assert spans(BY_CODE[code], text)
    assert fixed(BY_CODE[code], text) == better
    assert spans(BY_CODE[code], better) == []


@pytest.mark.parametrize(
    "text",
    [
        "عام 1447هـ، والـ36 ساعة، وبـ«الصباح»، والرحمـٰن، وهـ",
        "﷽ ثم قال ﷺ",
        "فاز 3-1 في 2023-2024، وبنسبة 12.5%، عند 14:30",
        'شاشة 15" جديدة',
        'شاشة ۱۵" جديدة',
        "القائمة 1, 2, 3, ثم 4، والإحداثيات (36.7, 3.05), ثم كلمة",
        "#الجديـــد و@كـــاتب و10 ،5",
        "قرأ “The word كتاب, is Arabic” ثم",
        "كتاب .NET وموقع ... ثم (كلمة)، و«كلمة»؛ فماذا؟!",
        "على https://example.org/a,b?c=1;d=2، ثم news@example.org، ثم",
        "می‌خواهم کتاب‌ها را بخوانم، نه؟",
        "\U0001f469\u200d\U0001f469\u200d\U0001f467 و🇩🇿",
        'He said, "no"; why? « Le Monde », dit-il : « non » !',
        "\u200fNATO\u200e في الأخبار",
        "أبو ظبي: 10، 20 و30؛ انتهى.",
        "نعم :) أو لا :(",
    ],
)
def test_what_is_left_alone(text: str) -> None:
    for habit in HABITS:
        assert spans(habit, text) == [], habit.code


def test_an_odd_quotation_mark_is_told_and_left_to_the_editor() -> None:
    habit = BY_CODE["quotes-straight"]
    assert [span.better for span in spans(habit, 'قال "نعم ثم مضى')] == [None]
    for text in ('قال "نعم ثم مضى', 'قال" نعم "ثم', 'قال "كذا «وكذا» ثم" مضى'):
        assert spans(habit, text)
        assert fixed(habit, text) == text


@pytest.mark.parametrize(
    ("language", "text", "better", "doubtful"),
    [
        ("ar", "الکتاب", "الكتاب", False),
        ("ar-DZ", "یوم", "يوم", False),
        ("ar", "شیء", "شيء", False),
        ("ar", "وفی", "وفي", False),
        ("ar", "إلی", "إلى", False),
        ("ar", "علی", "علی", True),
        ("ar", "الکبری", "الكبری", True),
        ("ar", "ھذا", "هذا", False),
        ("ar", "ھ", "ھ", False),
        ("ar", "مکتبۃ", "مكتبة", False),
        ("ar", "پاکستان", "پاکستان", False),
        ("ar", "«کیهان»", "«کیهان»", False),
        ("ar", "«الکبیرة»", "«الكبيرة»", False),
        ("ar", "این خبر است", "این خبر است", False),
        ("fa", "كتاب هاي", "کتاب های", False),
        ("fa", "موسى", "موسی", False),
        ("fa", "تأكيد", "تأکید", False),
        ("fa", "مكة", "مكة", False),
        ("fa", "«في كتابه»", "«في كتابه»", False),
        ("fa", "إلى كتابي", "إلى كتابي", False),
        ("fa", "گفت 'من كنت مولاه فهذا علي مولاه' است", "گفت 'من كنت مولاه فهذا علي مولاه' است", False),
        ("fa", "گفت ‘من كنت مولاه فهذا علي مولاه’ است", "گفت ‘من كنت مولاه فهذا علي مولاه’ است", False),
        ("fa", "﴿إنا أعطيناك الكوثر﴾ گفت", "﴿إنا أعطيناك الكوثر﴾ گفت", False),
        ("fa", "سایت site.ir/كتاب/علي باز شد", "سایت site.ir/كتاب/علي باز شد", False),
        ("ar", "الموقع example.com/کتاب هنا", "الموقع example.com/کتاب هنا", False),
        ("fa", "٤٥٦", "۴۵۶", False),
        ("ur", "شهر", "شہر", False),
        ("ur", "«کیهان»", "«کیهان»", False),
        ("ur", "1447هـ", "1447هـ", False),
        ("ar", 'قال "صحيفة «کیهان» الإيرانیة" ثم', 'قال "صحيفة «کیهان» الإيرانية" ثم', False),
        ("ur", "بهارت", "بهارت", True),
        ("ckb", "ئه\u200cم", "ئەم", False),
        ("ckb", "کارە", "کارە", False),
        ("ckb", "کاره", "کاره", True),
        ("ckb", "الله", "الله", False),
        ("he", "کتاب", "کتاب", False),
        ("ps", "کتاب ي", "کتاب ي", False),
        ("", "الکتاب", "الکتاب", False),
    ],
)
def test_letters_of_another_keyboard(language: str, text: str, better: str, doubtful: bool) -> None:
    assert fixed(BY_CODE["letters-keyboard"], text, language) == better
    assert bool(spans(BY_CODE["letters-doubtful"], text, language)) is doubtful


@pytest.mark.parametrize("language", ["he", "en", "fr"])
def test_arabic_that_is_quoted_in_another_script_stays_as_it_is(language: str) -> None:
    text = 'كلمة, الجديـــد ; "نعم" ،ثم كلمة،ثم « كذا » مضى ?'
    for code in ("punctuation-latin", "space-before-sign", "space-missing", "space-inside-quotes", "tatweel"):
        assert spans(BY_CODE[code], text)
        assert spans(BY_CODE[code], text, language) == []
    assert spans(BY_CODE["quotes-straight"], text, language) == []


_SIGNS = (
    '\u0627\u0628\u0640\u064b\u0670\u0654,;?!.:،؛؟"«»() \u00a0\u200b\u2067\u2069\u202b\ufefb\ufb50'
    "a1-\u0660\u06f0\x07😀\u200d\u200cكيةکیهەہھپ#@"
)
LANGUAGES = ("", "ar", "fa", "ur", "ckb", "ps", "he", "en")


@given(st.text(st.sampled_from(_SIGNS), max_size=30), st.sampled_from(LANGUAGES))
def test_mending_is_stable_and_touches_only_what_was_told(text: str, language: str) -> None:
    for habit in HABITS:
        found = spans(habit, text, language)
        better = fixed(habit, text, language)
        assert (better == text) == all(span.better in (None, text[span.start : span.end]) for span in found)
        assert [span for span in spans(habit, better, language) if span.better is not None] == [], habit.code
        assert [span.start for span in found] == sorted(span.start for span in found) or habit.code == "bidi-unbalanced"


@pytest.mark.slow
@given(st.text(max_size=60))
def test_no_text_breaks_a_rule(text: str) -> None:
    story = Story(text or "x", summary=text, image_alt=text, line=3, summary_line=4)
    issue = Issue(1, text, text, opening=(Prose(text, 1),), sections=(Section(text, (story,), 2),))
    case = CheckInput(issue, None, CheckContext())
    for rule in (*WRITING, *DIGITS, *WORDING):
        for problem in rule(case):
            assert problem.words
            assert problem.mend


def told(text: str, code: str, kind: str = "headline") -> bool:
    story = Story(text, line=3) if kind == "headline" else Story("عنوان", summary=text, line=3, summary_line=4)
    case = CheckInput(Issue(1, "موضوع", sections=(Section("", (story,)),)), None, CheckContext())
    return code in {problem.code for rule in (*WRITING, *DIGITS, *WORDING) for problem in rule(case)}


@pytest.mark.parametrize(
    ("code", "yes", "no"),
    [
        (
            "signs-repeated",
            ["فوز!!", "لماذا؟؟", "ماذا!؟!", "كلمة،، ثم", "انتظر..", "انتظر....."],
            ["فوز!", "ماذا؟!", "ماذا!؟", "انتظر...", "انتظر…", "1.2.3"],
        ),
        (
            "spam-words",
            ["اشتراك مجانًا!", "اشتراك مجاناً!", "اربح الآن", "لقد ربحت معنا", "فرصة العمر", "FREE! today", "Act now"],
            ["المتحف يفتح مجانًا في عطلة الأسبوع", "دخول مجاني", "ربحت النوارس", "free speech", "you won't see it"],
        ),
        (
            "all-caps",
            ["BREAKING NEWS FROM THE PORT", "أخبار BIG SALE TODAY في الميناء", "GRANDE SOIRÉE au port"],
            ["NATO and the port", "بين NATO وUNESCO", "NASA", "iPhone و OpenTide", "MSC Amal"],
        ),
        (
            "emoji-many",
            ["🎉🎉🎉 فوز", "\U0001f469\u200d\U0001f469\u200d\U0001f467🇩🇿\u2764\ufe0f معًا"],
            ["🎉 فوز 🇩🇿", "100 © ® ™ #1 *", "3-1"],
        ),
        (
            "placeholder-text",
            ["Lorem ipsum", "عنوان القصة هنا", "ضع العنوان هنا", "Title goes here", "هذا النص هو مثال لنص"],
            ["قصة المدينة تبدأ هنا", "اكتب لنا هنا", "See the text here", "وصف الصورة التي رآها", "العنوان هناك"],
        ),
        (
            "note-left",
            ["اسم الكاتب TODO", "السعر [xx]", "TBD"],
            ["قائمة [1] ورابط", "Todo app", "Maroc XXI", "[نص](https://x.org)"],
        ),
        (
            "text-garbled",
            ["Ø§Ù„Ø¬ÙŠØ±Ø§Ù†", "cafÃ©", "d\u00e2\u20ac\u2122or", "كلم\ufffd"],
            ["Øresund", "Ã la carte? non: à la carte", "café", "Ørsted et Ùber"],
        ),
        (
            "html-in-text",
            ["<b>كلمة</b>", "كلمة<br/>", "&amp;nbsp;", "<p style='x'>"],
            ["3 < 5 و7 > 2", "AT&T", "<كلمة>", "a<b"],
        ),
        (
            "excerpt-leftover",
            ["نص […]", "نص [...]", "نص. اقرأ المزيد »", "The post New quay appeared first on The Wave."],
            ["نص…", "اقرأ المزيد عن الميناء في تقريرنا"],
        ),
        (
            "shortcode-left",
            ["[vc_row]نص", "نص [/et_pb_text]", '[gallery ids="1,2"]', "[caption]نص[/caption]", "[gallery]"],
            ["قائمة [1]", "[تحديث] نص", "قال [sic] ثم", "[CNN]", "في [gallery] المدينة", "[[gallery ids=1]]", "[…]"],
        ),
    ],
)
def test_what_words_are_told(code: str, yes: list[str], no: list[str]) -> None:
    kind = "text" if code in {"excerpt-leftover", "html-in-text"} else "headline"
    assert [text for text in yes if not told(text, code, kind)] == []
    assert [text for text in no if told(text, code, kind)] == []


def test_bold_that_markdown_did_not_take() -> None:
    assert told("قال **«كلمة»**ثم مضى", "markdown-leaked", "text")
    assert told("قال [كلمة] (https://example.org)", "markdown-leaked", "text")
    assert not told("قال **«كلمة»** ثم مضى", "markdown-leaked", "text")
    assert not told("قال **كلمة** ثم [رابط](https://example.org) #1", "markdown-leaked", "text")


def test_digits_that_are_latin_by_nature_do_not_mix() -> None:
    def mixed(*texts: str) -> list[int]:
        issue = Issue(1, "موضوع", opening=tuple(Prose(text, line) for line, text in enumerate(texts, 1)), path="i.md")
        case = CheckInput(issue, None, CheckContext())
        return [
            int(problem.place.rpartition(":")[2])
            for rule in DIGITS
            for problem in rule(case)
            if problem.code == "digits-mixed"
        ]

    assert (
        mixed("١٢ كتابًا", "هاتف iPhone 15 وCOVID-19 و5G", "على +213 21 55 66 77 أو [هنا](https://example.org/2026)")
        == []
    )
    assert mixed("١٢ كتابًا", "١٣ قاربًا", "14 بيتًا") == [3]
    assert mixed("12 كتابًا", "13 قاربًا", "١٤ بيتًا", "۱۵ درختًا") == [3, 4]


# Addresses


@pytest.mark.parametrize(
    ("host", "is_private"),
    [
        ("localhost", True),
        ("intranet", True),
        ("cms.local", True),
        ("10.0.0.8", True),
        ("127.0.0.1", True),
        ("192.168.1.2", True),
        ("::1", True),
        ("fe80::1", True),
        ("169.254.1.1", True),
        ("site.internal", True),
        ("example.org", False),
        ("xn--mgbh0fb.xn--kgbechtv", False),
        ("8.8.8.8", False),
        ("2606:4700::1111", False),
        ("localhost.example.org", False),
    ],
)
def test_private_hosts(host: str, is_private: bool) -> None:
    assert private(host) is is_private


def test_one_page_under_many_addresses() -> None:
    assert len({
        page("https://example.org/a/"),
        page("http://www.EXAMPLE.org/a"),
        page("https://example.org/a?utm_source=x&fbclid=1"),
        page("https://example.org/a#part"),
    }) == 1  # fmt: skip
    assert page("https://example.org/?p=1") != page("https://example.org/?p=2")
    assert page("https://example.org/%D8%A7") == page("https://example.org/ا")
    assert page("mailto:a@example.org") == ""
    assert page("https://[broken") == ""


@pytest.mark.parametrize(
    ("address", "clean"),
    [
        ("https://example.org/a?fbclid=1", "https://example.org/a"),
        ("https://example.org/a?b=2&fbclid=1&c=3#d", "https://example.org/a?b=2&c=3#d"),
        ("https://example.org/a?utm_source=facebook&utm_medium=social&b=2", "https://example.org/a?b=2"),
        (
            "https://example.org/a?utm_source=letter&utm_medium=email",
            "https://example.org/a?utm_source=letter&utm_medium=email",
        ),
        ("https://example.org/a?mc_eid=9&amp;b=2", "https://example.org/a?b=2"),
        ("https://example.org/?q=fbclid", "https://example.org/?q=fbclid"),
    ],
)
def test_traces_are_taken_out_and_nothing_else(address: str, clean: str) -> None:
    assert without_parameters(address, tracking(address.replace("&amp;", "&"))) == clean


def test_hidden_characters() -> None:
    for sign in ("\u200b", "%E2%80%8B", "%e2%80%8e", "\u2067", "%EF%BB%BF", "%C2%AD", "\u061c"):
        assert hidden(f"https://example.org/a{sign}")
        assert without_hidden(f"https://example.org/a{sign}") == "https://example.org/a"
    assert not hidden("https://example.org/%D8%B1%E2%80%94%20x")
    # A Persian word in an address holds a joiner.
    assert not hidden("https://example.org/%DA%A9%D8%AA%D8%A7%D8%A8%E2%80%8C%D9%87%D8%A7")


@pytest.mark.parametrize(
    ("domain", "registered"),
    [
        ("example.org", "example.org"),
        ("news.mail.example.org", "example.org"),
        ("news.example.com.eg", "example.com.eg"),
        ("example.gov.sa", "example.gov.sa"),
        ("news.example.dz", "example.dz"),
        ("org", "org"),
    ],
)
def test_the_part_of_a_domain_that_somebody_registered(domain: str, registered: str) -> None:
    assert organisation(domain) == registered


@pytest.mark.parametrize(
    ("words", "address", "told_of"),
    [
        ("example.org", "https://example.net/login", True),
        ("https://example.org/a", "https://example.net/", True),
        ("www.EXAMPLE.org", "https://example.net/", True),
        ("example.org", "https://www.example.org/a", False),
        ("shop.example.org", "https://example.org/shop", False),
        ("Node.js", "https://nodejs.example.org", False),
        ("ASP.NET", "https://example.org/", False),
        ("main.py", "https://example.org/main", False),
        ("تقرير 3.5", "https://example.org/", False),
    ],
)
def test_links_that_show_another_address(words: str, address: str, told_of: bool) -> None:
    issue = Issue(1, "موضوع", opening=(Prose(f"كلمة [{words}]({address}) ثم", 1),))
    found = [problem.code for rule in LINKS for problem in rule(CheckInput(issue, None, CheckContext()))]
    assert found == (["link-text-differs"] if told_of else [])


def test_letters_that_look_alike_are_told_by_their_code_points() -> None:
    about = Publication("الموجة", "https://example.org")
    case = CheckInput(Issue(1, "كتاب يوم الکتاب"), None, CheckContext(publication=about))
    (problem,) = (problem for rule in WRITING for problem in rule(case))
    assert problem.code == "letters-keyboard"
    assert problem.mend.startswith("write الكتاب (U+06A9 becomes U+0643); ")
    assert differing("ab", None) == differing("ab", "a") == ""


def test_small_things() -> None:
    assert has_arabic("abc ش")
    assert not has_arabic("abc ʿ שלום")
    assert named("\u200b\u2067") == "U+200B U+2067"
    assert named("كلمة") == "كلمة"
