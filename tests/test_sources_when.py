"""Moments as sites write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.sources.when import parse

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20T10:00:00Z", "2026-11-20T10:00:00+00:00"),
        ("2026-11-20T10:00:00+03:00", "2026-11-20T10:00:00+03:00"),
        ("2026-11-20T10:00:00.123+0300", "2026-11-20T10:00:00+03:00"),
        ("2026-11-20 10:00:00 UTC", "2026-11-20T10:00:00+00:00"),
        ("2026-11-20T23:59:60Z", "2026-11-20T23:59:59+00:00"),
        ("2020-10-07 12:09 PM", "2020-10-07T12:09:00+00:00"),
        ("Fri, 20 Nov 2026 10:00:00 +0100", "2026-11-20T10:00:00+01:00"),
        ("Fri, 20 Nov 2026 10:00:00 AST", "2026-11-20T10:00:00+03:00"),
        ("Fri, 20 Nov 2026 10:00:00 EST", "2026-11-20T10:00:00-05:00"),
        ("20 November 2026 10:00 GMT", "2026-11-20T10:00:00+00:00"),
        ("الأربعاء، 07 أكتوبر 2020 - 12:09 م", "2020-10-07T12:09:00+00:00"),
        ("الأربعاء، ٧ أكتوبر ٢٠٢٠ ١٢:٠٩ ص", "2020-10-07T00:09:00+00:00"),
        ("نُشر في ۲۰ نوفمبر ۲۰۲۶", "2026-11-20T00:00:00+00:00"),
        ("20/11/2026 10:00", "2026-11-20T10:00:00+00:00"),
        ("11/20/2026", "2026-11-20T00:00:00+00:00"),
        ("2026/11/20", "2026-11-20T00:00:00+00:00"),
        ("20.11.2026", "2026-11-20T00:00:00+00:00"),
        ("10-Nov-2000", "2000-11-10T00:00:00+00:00"),
        ("الجمعة 20 تشرين الثاني/نوفمبر 2026 الساعة 09:30 مساءً", "2026-11-20T21:30:00+00:00"),
        ("20 كانون الأول 2025", "2025-12-20T00:00:00+00:00"),
        ("20 كانون الثاني (يناير) 2026", "2026-01-20T00:00:00+00:00"),
        ("3 أوت 2026", "2026-08-03T00:00:00+00:00"),
        ("12:30 - 20 غشت 2026", "2026-08-20T12:30:00+00:00"),
        ("آخر تحديث: 20 جويلية, 2026 10:15 صباحا", "2026-07-20T10:15:00+00:00"),
        ("November 20, 2026 5:04 pm", "2026-11-20T17:04:00+00:00"),
        ("1er août 2025", "2025-08-01T00:00:00+00:00"),
        ("20 من نوفمبر عام 2026", "2026-11-20T00:00:00+00:00"),
    ],
)
def test_reads(text: str, expected: str) -> None:
    found = parse(text, now=NOW)
    assert found is not None
    assert found.isoformat() == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1447/05/29",
        "29 جمادى الأولى 1447",
        "1970-01-01T00:00:00Z",
        "2026-11-27",
        "2026-13-45",
        "30 فبراير 2026",
        "منذ ثلاث ساعات",
        "ماي 2026",
        "1700000000",
        "٠٥٥ ٢٠٢٦",
        "9" * 5000,
    ],
)
def test_refuses(text: str) -> None:
    assert parse(text, now=NOW) is None


MONTHS = [
    ("يناير", "جانفي", "كانون الثاني"),
    ("فبراير", "فيفري", "شباط"),
    ("مارس", "آذار"),
    ("أبريل", "ابريل", "أفريل", "نيسان"),
    ("مايو", "ماي", "أيار"),
    ("يونيو", "يونيه", "جوان", "حزيران"),
    ("يوليو", "يوليه", "جويلية", "يوليوز", "تموز"),
    ("أغسطس", "غشت", "أوت", "آب"),
    ("سبتمبر", "شتنبر", "أيلول"),
    ("أكتوبر", "اكتوبر", "تشرين الأول"),
    ("نوفمبر", "نونبر", "تشرين الثاني"),
    ("ديسمبر", "دجنبر", "كانون الأول"),
]


@pytest.mark.parametrize(
    ("name", "number"), [(name, number) for number, names in enumerate(MONTHS, start=1) for name in names]
)
def test_every_arabic_month_name(name: str, number: int) -> None:
    assert parse(f"الأحد 5 {name} 2025", now=NOW) == datetime(2025, number, 5, tzinfo=UTC)


def test_a_moment_without_a_zone_is_of_the_site_s_zone() -> None:
    algiers = ZoneInfo("Africa/Algiers")
    assert parse("2026-11-20T00:30:00", now=NOW, zone=algiers) == datetime(2026, 11, 19, 23, 30, tzinfo=UTC)
    assert parse("20 نوفمبر 2026 00:30", now=NOW, zone=algiers) == datetime(2026, 11, 19, 23, 30, tzinfo=UTC)


def test_tomorrow_is_believed_but_not_the_week_after() -> None:
    assert parse("2026-11-26T11:00:00Z", now=NOW) is not None
    assert parse("2026-11-26T13:00:00Z", now=NOW) is None


@given(st.text() | st.text(st.sampled_from("0123456789٠٥:/-.,، TZصمنوفمبرأ+"), max_size=40))
def test_no_text_raises_and_what_is_found_is_aware_and_in_range(text: str) -> None:
    found = parse(text, now=NOW)
    assert found is None or (found.tzinfo is not None and found.year >= 1995 and found <= NOW + timedelta(days=2))


@given(st.integers(820_540_800, 1_793_000_000), st.integers(-12, 14))
def test_iso_and_rfc_822_come_back(seconds: int, hours: int) -> None:
    aware = datetime.fromtimestamp(seconds, timezone(timedelta(hours=hours)))
    assert parse(aware.isoformat(), now=NOW) == aware
    assert parse(aware.strftime("%a, %d %b %Y %H:%M:%S %z"), now=NOW) == aware
