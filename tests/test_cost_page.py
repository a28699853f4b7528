"""The sums of docs/en/cost.md and docs/ar/cost.md follow from the numbers above them, and both pages say the same."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

import pytest
from command import ROOT
from page_tables import tables

PAGES = {language: (ROOT / "docs" / language / "cost.md").read_text("utf-8") for language in ("en", "ar")}
ISSUES, NEW, LEAVING, TESTS = 5, Decimal("0.03"), Decimal("0.01"), 20
"""The example: the month with five Thursdays, shares of the readers, letters."""


def number(cell: str) -> Decimal:
    return Decimal(cell.replace(",", "").replace("$", ""))


def cents(price: Decimal) -> str:
    return f"${price.quantize(Decimal('0.01'), ROUND_HALF_UP)}"


def letters(text: str) -> dict[Decimal, Decimal]:
    """Readers, and the letters of their month."""
    return {number(row[0]): number(row[-1]) for row in tables(text)[0]}


def plans(text: str) -> dict[str, list[tuple[Decimal, Decimal, Decimal]]]:
    """The plans of each provider: price, letters in it, each further thousand."""
    found: dict[str, list[tuple[Decimal, Decimal, Decimal]]] = {}
    for provider, _, fee, held, further, *_ in tables(text)[1]:
        found.setdefault(provider, []).append((number(fee), number(held), number(further)))
    return found


def price(sent: Decimal, plan: tuple[Decimal, Decimal, Decimal]) -> Decimal:
    fee, held, further = plan
    return fee + max(sent - held, Decimal(0)) / 1000 * further


@pytest.mark.parametrize("language", PAGES)
def test_the_letters_of_a_month_are_the_sum_of_their_kinds(language: str) -> None:
    rows = tables(PAGES[language])[0]
    assert [number(row[0]) for row in rows] == [1000, 10_000, 50_000]
    for row in rows:
        readers, issues, new, leaving, tests, together = map(number, row)
        assert (issues, new, leaving, tests) == (ISSUES * readers, 2 * NEW * readers, LEAVING * readers, TESTS)
        assert together == issues + new + leaving + tests


@pytest.mark.parametrize("language", PAGES)
def test_each_price_is_that_of_the_cheapest_plan(language: str) -> None:
    text = PAGES[language]
    sent = list(letters(text).values())
    priced = plans(text)
    shown = {row[0]: row[1:] for row in tables(text)[2]}
    assert set(priced) <= set(shown)
    for provider, offered in priced.items():
        assert shown.pop(provider) == [cents(min(price(one, plan) for plan in offered)) for one in sent], provider
    # Of the rest no price is known, and none is made up.
    assert len(shown) == 2
    assert not [cell for row in shown.values() for cell in row if "$" in cell]
    assert [f"P({one:,})" for one in sent] in shown.values()


def test_both_languages_have_the_same_numbers() -> None:
    english, arabic = (
        [re.findall(r"\$?[0-9][0-9,.]*", " ".join(row[1:])) for table in tables(PAGES[language])[:3] for row in table]
        for language in ("en", "ar")
    )
    assert english == arabic
