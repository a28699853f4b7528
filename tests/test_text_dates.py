"""Dates, digits and plurals as newsrooms write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.sources.when import calendars
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


# The Jalali calendar


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("fa", "جمعه ۲۳ آبان ۱۴۰۴"),
        ("fa-IR", "جمعه ۲۳ آبان ۱۴۰۴"),
        ("fa-AF", "جمعه ۲۳ عقرب ۱۴۰۴"),
        ("ps", "جمعه ۲۳ لړم ۱۴۰۴"),
        ("ar", "الجمعة، ٢٣ آبان ١٤٠٤"),
        ("en", "Friday, 23 Aban 1404 AP"),
    ],
)
def test_the_jalali_day_in_words(language: str, written: str) -> None:
    digits: dates.Digits = "latin" if language == "en" else "arabic-indic"
    assert dates.long_date(MOMENT, language, "UTC", jalali=True, digits=digits) == written


def test_a_day_before_the_jalali_calendar_is_written_by_the_gregorian_one() -> None:
    long_ago = datetime(600, 1, 1, tzinfo=UTC)
    assert dates.long_date(long_ago, "fa", "UTC", jalali=True) == dates.long_date(long_ago, "fa", "UTC")


def test_jalali_dates_obey_months_weekday_digits_and_zone() -> None:
    assert dates.long_date(MOMENT, "fa", "UTC", jalali=True, weekday=False) == "23 آبان 1404"
    assert dates.long_date(MOMENT, "fa", "UTC", jalali=True, months="fa_AF", weekday=False) == "23 عقرب 1404"
    # 23:30 in London is the next day in Tehran, and the next year.
    eve = datetime(2025, 3, 20, 23, 30, tzinfo=UTC)
    assert dates.long_date(eve, "fa", "UTC", jalali=True, weekday=False) == "30 اسفند 1403"
    assert dates.long_date(eve, "fa", "Asia/Tehran", jalali=True, weekday=False) == "1 فروردین 1404"


@given(st.dates(date(1925, 4, 1), date(2100, 12, 31)))
def test_a_jalali_day_is_read_back_as_the_same_day(day: date) -> None:
    """By the arithmetic that reads sites' dates, which was compared with ICU, and not by the package that writes."""
    months = [*dates._JALALI_MONTHS["fa"].split()]
    written = dates.long_date(datetime.combine(day, time(12), UTC), "fa", "UTC", jalali=True, weekday=False)
    number, month, year = written.split()
    assert calendars.from_persian(int(year), months.index(month) + 1, int(number)) == day


def test_every_table_of_months_has_twelve() -> None:
    assert {len(names.split()) for names in dates._JALALI_MONTHS.values()} == {12}
    assert {len(names.split("|")) for names, _ in dates._HIJRI_NAMES.values()} == {12}


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("ar", "23 جمادى الأولى 1447 هـ"),
        ("fa", "23 جمادی‌الاول 1447 ه‍.ق"),
        ("ur", "23 جمادی الاول 1447 ہجری"),
        ("en", "23 Jumada al-Ula 1447 AH"),
        ("he", "23 בג׳ומאדא אל־אולא 1447 הג׳רה"),
        ("fr", "23 joumada al oula 1447 H"),
        ("ckb", ""),
        ("ps-AF", ""),
    ],
)
def test_the_hijri_day_in_words(language: str, written: str) -> None:
    assert dates.hijri_date(MOMENT, language, "UTC") == written


@pytest.mark.parametrize(
    ("language", "written"),
    [("ar", "٤٥٦"), ("ckb", "٤٥٦"), ("sd", "٤٥٦"), ("fa", "۴۵۶"), ("ur-PK", "۴۵۶"), ("ps", "۴۵۶")],
)
def test_each_language_has_digits_of_its_own(language: str, written: str) -> None:
    assert dates.in_digits("456", language, "arabic-indic") == written
