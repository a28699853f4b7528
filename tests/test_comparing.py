"""Rates compared: what is known of them without us, and thousands of simulated trials whose truth is known."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.ledger.comparing import SURE, compare, interval

RUNS = 1000
A_SIDE = 10_000


def happened(random_: random.Random, tries: int, chance: float) -> int:
    """How often something of this chance happens: one draw for each time it does, not one for each try."""
    at, count, scale = -1, 0, math.log1p(-chance)
    while True:
        at += 1 + int(math.log(1.0 - random_.random()) / scale)
        if at >= tries:
            return count
        count += 1


def test_three_against_four_per_cent_the_better_is_found() -> None:
    random_ = random.Random(34)
    found = [
        compare([(happened(random_, A_SIDE, 0.03), A_SIDE), (happened(random_, A_SIDE, 0.04), A_SIDE)]).best
        for _ in range(RUNS)
    ]
    assert found.count(1) >= 0.95 * RUNS
    # The worse one is never taken for better.
    assert found.count(0) == 0


@pytest.mark.parametrize(("subjects", "runs"), [(2, RUNS), (4, 250)])
def test_where_there_is_no_difference_none_is_told(subjects: int, runs: int) -> None:
    random_ = random.Random(33)
    found = [compare([(happened(random_, A_SIDE, 0.03), A_SIDE) for _ in range(subjects)]).best for _ in range(runs)]
    assert found.count(None) >= 0.9 * runs


@pytest.mark.parametrize(("links", "least"), [(1.5, 0.78), (2.0, 0.69)])
def test_who_presses_several_links_makes_a_difference_of_none_more_often(links: float, least: float) -> None:
    """Clicks are counted and not readers: what docs/en/letters.md owns to, with as many links as chance has it."""
    random_ = random.Random(35)

    def pressed() -> int:
        # One each, and one more again and again with a chance that gives the mean (a geometric distribution).
        more = math.log1p(-1 / links)
        return sum(1 + int(math.log(1.0 - random_.random()) / more) for _ in range(happened(random_, A_SIDE, 0.03)))

    found = [compare([(pressed(), A_SIDE), (pressed(), A_SIDE)]).best for _ in range(RUNS // 4)]
    assert least <= found.count(None) / len(found) < 0.9


def test_fewer_losses_are_better() -> None:
    assert compare([(5, 1000), (60, 1000)], fewer=True).best == 0
    assert compare([(5, 1000), (60, 1000)]).best == 1
    assert compare([(5, 1000), (6, 1000)], fewer=True).best is None


def test_chances_are_those_of_a_closed_form() -> None:
    one, other = compare([(8, 10), (3, 10)]).chances
    # By the sum of Evan Miller, "Formulas for Bayesian A/B Testing" (2015), for whole numbers.
    a, b, c, d = 9, 3, 4, 8

    def beta(x: float, y: float) -> float:
        return math.exp(math.lgamma(x) + math.lgamma(y) - math.lgamma(x + y))

    exact = sum(beta(c + i, d + b) / ((b + i) * beta(1 + i, b) * beta(c, d)) for i in range(a))
    assert one == pytest.approx(exact, abs=2e-4)
    assert one + other == pytest.approx(1)


def test_nothing_is_known_of_what_was_not_tried() -> None:
    assert compare([(0, 0), (5, 100)]).best is None
    assert interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("hits", "tries", "ends"),
    # R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998).
    [(81, 263, (0.2553, 0.3662)), (15, 148, (0.0624, 0.1605)), (0, 20, (0.0, 0.1611)), (1, 29, (0.0061, 0.1718))],
)
def test_the_interval_is_wilsons(hits: int, tries: int, ends: tuple[float, float]) -> None:
    assert interval(hits, tries) == pytest.approx(ends, abs=5e-5)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 200_000)), min_size=2, max_size=4), st.booleans())
def test_chances_are_shares_of_one_whatever_was_counted(counts: list[tuple[int, int]], fewer: bool) -> None:
    found = compare(counts, fewer=fewer)
    assert sum(found.chances) == pytest.approx(1)
    assert all(0 <= one <= 1 for one in found.chances)
    assert (found.best is not None) == (max(found.chances) >= SURE)
    # In another order they are the same.
    turned = compare(counts[::-1], fewer=fewer).chances[::-1]
    assert found.chances == pytest.approx(turned, abs=1e-9)
    for hits, tries in counts:
        low, high = interval(hits, tries)
        seen = min(hits, tries) / tries if tries else 0.0
        assert 0 <= low <= seen + 1e-12
        assert seen - 1e-12 <= high <= 1
        assert low < high


def test_more_of_the_same_is_surer() -> None:
    chances = [compare([(3 * times, 100 * times), (4 * times, 100 * times)]).chances[1] for times in (1, 10, 40, 100)]
    assert all(before < after for before, after in pairwise(chances))
