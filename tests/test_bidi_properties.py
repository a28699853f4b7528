"""What holds of every text, whatever stands in it: nothing lost, nothing torn, and one decision everywhere."""

from __future__ import annotations

import html
import re
from itertools import product

import pytest
import regex
from bidi_corpus import Case as Line
from bidi_corpus import Token, tokens, told
from bidi_oracle import FSI, LRI, PDI, RLI, from_spans, marked, visual
from hypothesis import assume, given
from hypothesis import strategies as st

from newsletter.text import bidi
from newsletter.text.bidi import Direction

BASES = st.sampled_from(["rtl", "ltr"])
WORDS = ("الميناء", "قال", "في", "ומחר", "روزنامه", "کے", "مدرسةً", "هـ")
LATIN = (
    *("Nova", "5G", "C++", "$5M", "3-1", "-12.5%", "+213 21 55", "x[0]", "é", "e\u0301", "J. R."),
    *("a.b@c.org", "https://a.example/(b)"),
)
SIGNS = (
    *".,:;!?()[]{}«»“”'\"+-−%$€/\\|*#@&=<>~…،؛؟٪_°",
    *(" ", "  ", "\u00a0", "\n", "ـ", "بـ", "و", "٣", "۴", "½", "²", "🇩🇿", "👍🏽", "5️⃣"),
)
UNSEEN = (
    *("\u200c", "\u200d", "\u00ad", "\u200e", "\u200f", "\u061c", "\u064b", "\u0301"),
    *("\u202a", "\u202e", "\u202c", "\ufdd0"),
)
OWN = (LRI, RLI, FSI, PDI)

PIECES = st.one_of(*(st.sampled_from(pieces) for pieces in (WORDS, LATIN, SIGNS, UNSEEN)), st.characters())
TEXTS = st.lists(PIECES, max_size=14).map("".join)
SENTENCE_SIGNS = ".,:!?+-%$/،؛ "
MIXED = st.lists(st.sampled_from((*WORDS, *LATIN, *SENTENCE_SIGNS)), max_size=10).map("".join)
ISOLATED = st.lists(st.one_of(PIECES, st.sampled_from(OWN)), max_size=14).map("".join)


def bare(text: str) -> str:
    """Without the marks that keep groups of Arabic-Indic digits in their order."""
    return text.replace(bidi.LRM, "")


def own_isolates(text: str) -> list[str]:
    """The outermost isolates of a cleaned text, with their signs."""
    found, depth, start = [], 0, 0
    for at, sign in enumerate(text):
        if sign in (LRI, RLI, FSI):
            start = at if depth == 0 else start
            depth += 1
        elif sign == PDI:
            depth -= 1
            if depth == 0:
                found.append(text[start : at + 1])
    return found


@given(ISOLATED, BASES)
def test_copying_from_the_letter_gives_the_same_words(text: str, base: Direction) -> None:
    """Whoever takes the isolates out again has the text as it was, in the same order."""
    made = bidi.isolate(text, base)
    assert bare(bidi.strip(made)) == bare(bidi.strip(text))
    page = str(bidi.to_html(text, base))
    assert bare(bidi.strip(html.unescape(re.sub(r"</?span[^>]*>", "", page)))) == bare(bidi.strip(text))


@given(TEXTS, BASES)
def test_taking_the_isolates_out_gives_the_cleaned_text(text: str, base: Direction) -> None:
    assert bare(bidi.strip(bidi.isolate(text, base))) == bare(bidi.clean(text))
    assert "".join(run for run, _ in bidi.runs(text, base)) == bidi.clean(text)


@given(TEXTS, BASES)
def test_nothing_begins_or_ends_inside_a_grapheme(text: str, base: Direction) -> None:
    """A letter keeps its marks, an emoji its parts, a keycap its digit."""
    at, borders = 0, set()
    for run, needed in bidi.runs(text, base):
        if needed:
            borders |= {at, at + len(run)}
        at += len(run)
    assert borders <= {0} | {match.end() for match in regex.finditer(r"\X", bidi.clean(text))}


@given(ISOLATED, BASES)
def test_every_isolate_is_closed_in_its_paragraph_and_twice_is_once(text: str, base: Direction) -> None:
    once = bidi.isolate(text, base)
    assert bidi.clean(once) == once
    assert bidi.isolate(once, base) == once


@given(TEXTS, BASES)
def test_brackets_that_close_inside_a_run_were_opened_in_it(text: str, base: Direction) -> None:
    """Half a pair in an isolate is turned round by the other half outside."""
    for run, needed in bidi.runs(text, base):
        if not needed or "://" in run or "@" in run:
            continue
        for opening, closing in ("()", "[]"):
            inside = "".join(sign for sign in run if sign in opening + closing)
            while opening + closing in inside:
                inside = inside.replace(opening + closing, "")
            outside = bidi.clean(text).replace(run, "", 1)
            assert not inside or not (opening in outside or closing in outside), run


@given(TEXTS, BASES)
def test_html_and_text_decide_alike(text: str, base: Direction) -> None:
    assert from_spans(str(bidi.to_html(text, base))) == bidi.isolate(text, base)


@given(ISOLATED, BASES)
def test_html_and_text_decide_alike_around_isolates_of_an_editor(text: str, base: Direction) -> None:
    """An isolate that finds its direction itself is written as the direction that it finds."""
    made = from_spans(str(bidi.to_html(text, base)))
    kinds = str.maketrans({LRI: FSI, RLI: FSI}) if FSI in text else {}
    assert made.translate(kinds) == bidi.isolate(text, base).translate(kinds)


@given(ISOLATED, BASES)
def test_isolates_of_an_editor_win(text: str, base: Direction) -> None:
    made = bidi.isolate(text, base)
    for own in own_isolates(bidi.clean(text)):
        assert own in made


@given(st.lists(st.sampled_from((*WORDS, *SIGNS)), max_size=14).map("".join))
def test_text_without_digits_and_latin_letters_needs_nothing(text: str) -> None:
    assume(not re.search(r"[\d½²]|5️⃣", text))
    assert bidi.isolate(text, "rtl") == text


@given(st.lists(st.sampled_from((*LATIN, *SIGNS, "Nova wins", "été")), max_size=14).map("".join))
def test_left_to_right_text_without_a_right_to_left_letter_needs_nothing(text: str) -> None:
    assume(not bidi.has_letters(text, "rtl") and not re.search("[٣۴]", text))
    assert bidi.isolate(text, "ltr") == text


@given(MIXED)
def test_a_run_of_left_to_right_text_has_no_letter_of_the_paragraph(text: str) -> None:
    """But for a link, whose path may be Arabic."""
    for run, needed in bidi.runs(text, "rtl"):
        if needed and "://" not in run and "@" not in run:
            assert not bidi.has_letters(run, "rtl"), run


@given(MIXED)
def test_a_sentence_decides_alike_wherever_it_stands(text: str) -> None:
    line = f"الميناء {text} الواحة"
    assert bidi.isolate(f"{line}، {line}") == f"{bidi.isolate(line)}، {bidi.isolate(line)}"


# Sentences put together at random, against the oracle

FIT = [token for token in tokens() if token.category not in ("arabic", "steady", "persian")]
JOINTS = (
    *(" {} ", " و{} ", " بـ{} ", " والـ{} ", " ({}) ", " «{}» ", " [{}] "),
    *(" {}، ", " {}؛ ", " – {} – ", ": {} ", "، {}؟ "),
)


@pytest.mark.parametrize("words", [("المدينة", "البحر"), ("ایستگاه", "شهر"), ("העיר", "הים")])
def test_sentences_put_together_at_random_are_seen_right(words: tuple[str, str]) -> None:
    @given(st.lists(st.tuples(st.sampled_from(FIT), st.sampled_from(JOINTS)), min_size=1, max_size=4))
    def check(parts: list[tuple[Token, str]]) -> None:
        assume(words[0] == "المدينة" or not any(token.category in ("indic", "plain") for token, _ in parts))
        text = words[0] + words[1].join(joint.replace("{}", token.text) for token, joint in parts) + words[1]
        pictures = {
            visual(marked(words[0] + words[1].join(forms) + words[1]), "rtl")
            for forms in product(*([joint.replace("{}", form) for form in token.forms] for token, joint in parts))
        }
        made = bidi.isolate(text)
        line = Line("ar", "random", "random", "", text, (parts[0][0].forms[0],))
        assert visual(made, "rtl") in pictures, told([(line, made)])

    check()
