"""Articles that tell one story are found, and columns, next days and other reports are left alone."""

from __future__ import annotations

import json
import random
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_text_likeness import VARIANTS, story

from newsletter.text.retelling import Telling, retold

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
PAIRS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "data/likeness/pairs.json").read_text("utf-8"))
REPEATS = [pair for pair in PAIRS if pair["repeat"]]
OTHERS = [pair for pair in PAIRS if not pair["repeat"]]


def tellings(pair: dict[str, Any]) -> tuple[Telling, Telling]:
    """The two tellings of a pair, so many hours apart."""
    later = NOON + timedelta(hours=pair["hours"])
    return Telling(**pair["one"], moment=NOON), Telling(**pair["other"], moment=later)


def test_the_pairs_are_many() -> None:
    assert (len(REPEATS), len(OTHERS)) == (9, 15)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair["kind"])
def test_each_pair_is_told_for_what_it_is(pair: dict[str, Any]) -> None:
    one, other = tellings(pair)
    expected = {1: 0} if pair["repeat"] else {}
    assert retold([one, other]) == expected
    assert retold([other, one]) == expected


def test_all_together_are_told_apart() -> None:
    # Each pair in a year of its own: two of them are about the weather.
    everything = [
        replace(telling, moment=telling.moment + timedelta(days=400 * at))
        for at, pair in enumerate(PAIRS)
        for telling in tellings(pair)
        if telling.moment
    ]
    assert retold(everything) == {at * 2 + 1: at * 2 for at, pair in enumerate(PAIRS) if pair["repeat"]}


@pytest.mark.parametrize("kind", sorted(VARIANTS))
@pytest.mark.parametrize("length", [60, 150, 600])
def test_variants_of_one_text_are_found_among_others(kind: str, length: int) -> None:
    whole = story(1, length)
    texts = [story(2), whole, story(3), VARIANTS[kind](whole), story(4)]
    assert retold([Telling("", text) for text in texts]) == {3: 1}


def test_a_third_telling_points_to_the_first() -> None:
    one, other = tellings(REPEATS[0])
    assert retold([one, other, one]) == {1: 0, 2: 0}


def test_a_picture_that_everybody_has_says_nothing() -> None:
    logo = "https://example.org/logo.png"
    one, other = (Telling(each.title, each.text, logo, each.moment) for each in tellings(OTHERS[5]))
    assert retold([one, other]) == {}


def test_nothing_and_next_to_nothing() -> None:
    assert retold([]) == {}
    assert retold([Telling("", ""), Telling("", ""), Telling("خبر", ""), Telling("آخر", "")]) == {}
    assert retold([Telling("خبر", ""), Telling("خبر", "")]) == {1: 0}


@given(
    st.lists(
        st.builds(
            Telling,
            title=st.text(st.sampled_from("ابج د"), max_size=20),
            text=st.text(st.sampled_from("ابجد 12.، "), max_size=120),
            picture=st.sampled_from(["", "https://example.org/a.jpg"]),
            moment=st.sampled_from([None, NOON, NOON + timedelta(days=2)]),
        ),
        max_size=10,
    )
)
def test_what_repeats_points_to_what_repeats_nothing(texts: list[Telling]) -> None:
    found = retold(texts)
    assert all(first < at and first not in found for at, first in found.items())


def test_two_thousand_articles_take_about_a_second() -> None:
    chance = random.Random(4)
    known = sorted({word for pair in PAIRS for one in tellings(pair) for word in one.text.split()})
    # Words as often as in a text: few of them very often, and most of them rarely.
    words = known + [f"{word}{end}" for word in known for end in ("ية", "هم", "نا", "كم", "تها")]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    texts = [
        Telling(" ".join(chance.choices(words, weights, k=9)), " ".join(chance.choices(words, weights, k=300)))
        for _ in range(2000)
    ]
    begun = time.process_time()
    found = retold(texts)
    assert time.process_time() - begun < 5, "about one second where it was measured"
    assert len(found) < 20
