"""Numbers as Unicode CLDR writes them: digits, separators, signs and the marks that steer them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.text.dates import Digits
from newsletter.text.numbers import number, percent

# What Intl.NumberFormat of ICU 78 (CLDR 48) says for -1234567.891 with two decimals and for -0.125 as percent with one.
ICU = [
    ("ar", "latin", "\u200e-1,234,567.89", "\u200e-12.5\u200e%\u200e"),
    ("ar", "arabic-indic", "\u061c-١٬٢٣٤٬٥٦٧٫٨٩", "\u061c-١٢٫٥٪\u061c"),
    ("ar-DZ", "latin", "\u200e-1.234.567,89", "\u200e-12,5\u200e%\u200e"),
    ("ar-EG", "arabic-indic", "\u061c-١٬٢٣٤٬٥٦٧٫٨٩", "\u061c-١٢٫٥٪\u061c"),
    ("fa", "latin", "\u200e−1,234,567.89", "\u200e−12.5%"),
    ("fa", "arabic-indic", "\u200e−۱٬۲۳۴٬۵۶۷٫۸۹", "\u200e−۱۲٫۵٪"),
    ("ur", "latin", "\u200e-1,234,567.89", "\u200e-12.5%"),
    ("ur", "arabic-indic", "\u200e-\u200e۱٬۲۳۴٬۵۶۷٫۸۹", "\u200e-\u200e۱۲٫۵%"),
    ("he", "latin", "\u200e-1,234,567.89", "\u200e-12.5%"),
    ("en", "latin", "-1,234,567.89", "-12.5%"),
    ("fr", "latin", "-1\u202f234\u202f567,89", "-12,5\u00a0%"),
]


@pytest.mark.parametrize(("language", "digits", "written", "share"), ICU)
def test_numbers_are_written_as_icu_writes_them(language: str, digits: Digits, written: str, share: str) -> None:
    assert number(-1234567.891, language, digits) == written
    assert percent(-0.125, language, digits) == share


def test_small_numbers_have_no_sign_and_no_separator() -> None:
    assert number(12, "ar") == "12"
    assert number(-0.001, "ar") == "0"
    assert number(0.5, "ar", places=0) == "0"
    assert number(1.50, "fa", "arabic-indic") == "۱٫۵"
    assert number(7, "xx", "arabic-indic") == "٧"
    assert percent(1, "ar") == "100\u200e%\u200e"


def test_turkish_and_basque_write_the_percent_sign_first() -> None:
    assert percent(-0.125, "tr") == "-%12,5"
    assert percent(0.125, "eu") == "%\u00a012,5"


@given(st.integers(-(10**12), 10**12), st.sampled_from(["ar", "fa", "ckb", "he", "fr", "en"]))
def test_no_digit_is_lost(value: int, language: str) -> None:
    written = number(value, language, "arabic-indic")
    assert int("".join(sign for sign in written if sign.isdecimal())) == abs(value)
    assert any(sign in written for sign in "-−") == (value < 0)
