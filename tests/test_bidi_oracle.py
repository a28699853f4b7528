"""The oracle itself: known pictures of mixed text, and a corpus that says what it means."""

from __future__ import annotations

import ctypes.util

import bidi_oracle
import pytest
from bidi_corpus import LANGUAGES, WRITTEN, accepted, cases, sentences, tokens
from bidi_oracle import LRI, PDI, RLI, Reading, from_spans, marked, unmarked, visual

from newsletter.text.bidi import Direction


@pytest.mark.parametrize(
    ("text", "base", "seen"),
    [
        ("قال 3-1 أمس", "rtl", "سمأ 1-3 لاق"),
        ("قال ⟦3-1⟧ أمس", "rtl", "سمأ 3-1 لاق"),
        ("لغة C++", "rtl", "++C ةغل"),
        ("لغة ⟦C++⟧", "rtl", "C++ ةغل"),
        ("و(5G)", "rtl", "(5G)و"),
        ("أ [ب] ج", "rtl", "ج [ب] أ"),
        ("«Nova» قالت", "rtl", "تلاق «Nova»"),
        # A plain isolate leaves these two groups turned round; the mark of an editor does not.
        (f"في {LRI}٢١ ٥٥{PDI}", "rtl", "٥٥ ٢١ يف"),
        ("في ⟦٢١ ٥٥⟧", "rtl", "٢١ ٥٥ يف"),
        # FriBidi 1.0.8 turns the second one round: it still sees the letter that the first one ends in.
        (f"من {LRI}a/ب{PDI} إلى {LRI}10-15{PDI}", "rtl", "10-15 ىلإ a/ب نم"),
        ("the كأس العالم 2026 was", "ltr", "the 2026 ملاعلا سأك was"),
        ("the ⦅كأس العالم⦆ 2026 was", "ltr", "the ملاعلا سأك 2026 was"),
        ("", "rtl", ""),
    ],
)
def test_a_line_is_seen_as_the_algorithm_orders_it(text: str, base: Direction, seen: str) -> None:
    assert visual(marked(text), base) == seen


@pytest.mark.parametrize("in_ci", [True, False])
def test_without_icu_the_tests_are_skipped_but_not_in_ci(in_ci: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: None)
    monkeypatch.setenv("CI", "true" if in_ci else "")
    bidi_oracle._icu.cache_clear()
    try:
        with pytest.raises(pytest.fail.Exception if in_ci else pytest.skip.Exception, match="not installed"):
            visual("قال", "rtl")
    finally:
        bidi_oracle._icu.cache_clear()


def test_two_cuts_of_one_picture_are_alike() -> None:
    for one, other in (("(⟦5G⟧)", "⟦(5G)⟧"), ("«⟦5G⟧»", "⟦«5G»⟧"), ("[⟦5G⟧]", "⟦[5G]⟧")):
        assert visual(marked(f"شبكة {one} هنا"), "rtl") == visual(marked(f"شبكة {other} هنا"), "rtl")


def test_spans_are_read_as_isolates() -> None:
    assert from_spans('a <span dir="ltr" style="x">b &lt;</span> <span dir="rtl">c</span>') == (
        f"a {LRI}b <{PDI} {RLI}c{PDI}"
    )
    page = Reading(
        '<p>a <b><span dir="ltr">b</span></b>&amp;c</p><a href="u">x <span dir="rtl">y</span></a><img alt="z">'
    )
    assert page.paragraphs[0] == f"a {LRI}b{PDI}&c"
    assert page.links == {"u": [f"x {RLI}y{PDI}"]}
    assert page.alts == ["z"]


def test_every_row_of_the_corpus_says_one_thing_once() -> None:
    rows = [(token.category, token.text) for token in tokens()]
    assert len(rows) == len(set(rows))
    assert len({text for _, text in rows}) >= 400
    for token in tokens():
        for form in token.forms:
            assert unmarked(form) == token.text
            assert form.count("⟦") == form.count("⟧"), form
            assert form.count("⦅") == form.count("⦆"), form
        assert len(set(token.forms)) == len(token.forms), token
    assert set(LANGUAGES) <= {token.category for token in tokens()}


def test_every_sentence_is_the_same_in_all_its_forms() -> None:
    assert len({case.forms for case in sentences()}) == len(sentences())
    for case in sentences():
        assert {unmarked(form) for form in case.forms} == {case.text}
        assert len(set(case.forms)) == len(case.forms), case.text


def test_the_corpus_would_notice_a_product_that_does_nothing() -> None:
    """Much reads right without any isolation: were it nearly all, the corpus would show nothing."""
    for language in WRITTEN:
        mine = [case for case in cases() if case.language == language]
        turned = sum(visual(case.text, case.base) not in accepted(case) for case in mine)
        assert len(mine) > 3000
        assert 0.3 < turned / len(mine) < 0.7, language
