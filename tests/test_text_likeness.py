"""Texts that tell the same."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.text.likeness import containment, mark

SENTENCES = [
    "الميناء القديم يستقبل سفن الصيد كل صباح والبحارة ينتظرون الريح قبل أن تشرق الشمس على الجبل البعيد",
    "حيث تسكن عائلات كثيرة منذ زمن طويل وتزرع الزيتون والتين وتبيعه في سوق المدينة يوم الخميس",
    "بينما يلعب الأطفال قرب الجسر الحجري ويقرأ المعلم رسالة وصلت من مسافر بعيد يحكي عن مدن لا ينام فيها أحد",
    "وعن قطارات سريعة تقطع السهول في ساعة واحدة فقط",
]
WORDS = " ".join(SENTENCES).split()


def story(seed: int, length: int = 150) -> str:
    chance = random.Random(seed)
    return " ".join(chance.choice(WORDS) for _ in range(length))


def respelt(text: str) -> str:
    return text.replace("أ", "ا").replace("ة", "ه").replace("ى", "ي").replace("كثير", "كَثـير")


def edited(text: str) -> str:
    chance = random.Random(7)
    return " ".join("كلمة" if chance.random() < 0.08 else word for word in text.split())


VARIANTS = {
    "copy": lambda text: text,
    "spelling": respelt,
    "opening": lambda text: " ".join(text.split()[:90]),
    "lead": lambda text: " ".join(text.split()[:25]),
    "boilerplate": lambda text: f"{text} اشترك في نشرتنا ليصلك كل جديد. جميع الحقوق محفوظة للصحيفة",
    "edited": edited,
}


@pytest.mark.parametrize("kind", sorted(VARIANTS))
def test_variants_of_one_text_are_alike_in_both_orders(kind: str) -> None:
    whole, variant = story(1), VARIANTS[kind](story(1))
    texts = [story(2), whole, story(3), variant, story(4)]
    assert mark(texts) == {3: 1}
    assert mark(texts[::-1]) == {3: 1}
    assert containment(whole, variant) >= 0.65


def test_different_texts_are_not_alike() -> None:
    assert mark([story(seed) for seed in range(40)]) == {}
    assert containment(story(1), story(2)) < 0.05


def test_what_repeats_points_to_the_first_which_repeats_none() -> None:
    text = story(1)
    assert mark([text, respelt(text), edited(text), story(2), text]) == {1: 0, 2: 0, 4: 0}


def test_short_texts_are_alike_only_when_they_are_the_same() -> None:
    assert mark(["افتتاح المعرض", "إفتتاح المعرض", "افتتاح المعرض غداً", "", ""]) == {1: 0}
    assert mark(["قال المصدر إن الوزير وصل", "قال المصدر إن الوزير غادر"]) == {}


def test_common_boilerplate_does_not_make_texts_alike() -> None:
    foot = " جميع الحقوق محفوظة للصحيفة ولا يجوز النشر إلا بإذن مكتوب من الإدارة وشكراً لكم"
    assert mark([story(seed, 120) + foot for seed in range(60)]) == {}


def test_nothing() -> None:
    assert mark([]) == {}
    assert containment("", "كلمة") == 0.0


@given(st.lists(st.text(st.sampled_from("ابجد ة.، "), max_size=60), max_size=12))
def test_every_repeat_points_back_to_an_original(texts: list[str]) -> None:
    found = mark(texts)
    assert all(original < at and original not in found for at, original in found.items())
