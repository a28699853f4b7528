"""Dates, digits and plurals as newsrooms write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from newsletter.text import dates

MOMENT = datetime(2025, 11, 14, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("ar", "الجمعة، 14 نوفمبر 2025"),
        ("ar-DZ", "الجمعة، 14 نوفمبر 2025"),
        ("en", "Friday, November 14, 2025"),
        ("fr", "vendredi 14 novembre 2025"),
        ("he", "יום שישי, 14 בנובמבר 2025"),
        ("fa", "جمعه 14 نوامبر 2025"),
        ("xx", "Friday, November 14, 2025"),
    ],
)
def test_the_day_in_words(language: str, written: str) -> None:
    assert dates.long_date(MOMENT, language, "UTC") == written


@pytest.mark.parametrize(
    ("months", "written"),
    [("", "1 يناير 2026"), ("ar_DZ", "1 جانفي 2026"), ("ar_LB", "1 كانون الثاني 2026"), ("ar_MA", "1 يناير 2026")],
)
def test_month_names_are_a_setting(months: str, written: str) -> None:
    moment = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert dates.long_date(moment, "ar-DZ", "UTC", months=months, weekday=False) == written


def test_the_day_is_that_of_the_sites_zone() -> None:
    late = datetime(2025, 11, 14, 23, 30, tzinfo=UTC)
    assert dates.long_date(late, "ar", "Africa/Algiers").startswith("السبت، 15")
    ahead = datetime(2025, 11, 15, 0, 30, tzinfo=timezone(timedelta(hours=3)))
    assert dates.long_date(ahead, "ar", "UTC").startswith("الجمعة، 14")


def test_no_direction_mark_is_left_in_a_date() -> None:
    for language in ("ar", "he", "fa", "ur", "ckb"):
        assert not set(dates.long_date(MOMENT, language, "UTC")) & set("\u200e\u200f\u061c")


def test_digits_are_a_setting() -> None:
    assert dates.long_date(MOMENT, "ar", "UTC", digits="arabic-indic") == "الجمعة، ١٤ نوفمبر ٢٠٢٥"
    assert dates.long_date(MOMENT, "fa", "UTC", digits="arabic-indic") == "جمعه ۱۴ نوامبر ۲۰۲۵"
    assert dates.in_digits("العدد 12", "ar", "latin") == "العدد 12"


FORMS = {
    "zero": "لا قصص",
    "one": "قصة واحدة",
    "two": "قصتان",
    "few": "{n} قصص",
    "many": "{n} قصةً",
    "other": "{n} قصة",
}


@pytest.mark.parametrize(
    ("n", "written"),
    [
        (0, "لا قصص"),
        (1, "قصة واحدة"),
        (2, "قصتان"),
        (3, "3 قصص"),
        (10, "10 قصص"),
        (11, "11 قصةً"),
        (99, "99 قصةً"),
        (100, "100 قصة"),
        (103, "103 قصص"),
        (200, "200 قصة"),
    ],
)
def test_arabic_has_six_plurals(n: int, written: str) -> None:
    assert dates.plural(n, "ar", FORMS) == written


def test_plurals_of_other_languages_and_missing_forms() -> None:
    assert dates.plural(1, "en", {"one": "{n} story", "other": "{n} stories"}) == "1 story"
    assert dates.plural(0, "fr", {"one": "{n} article", "other": "{n} articles"}) == "0 article"
    assert dates.plural(5, "ar", {"other": "{n} قصة"}, "arabic-indic") == "٥ قصة"
