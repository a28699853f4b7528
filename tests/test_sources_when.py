"""Moments as sites write them."""

from __future__ import annotations

import json
import time
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.sources.when import Precision, calendars, parse, read

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
        # For machines.
        ("Fri, 20 Nov 26 10:00:00 +0100", "2026-11-20T10:00:00+01:00"),
        ("20 Nov 26 10:00 GMT", "2026-11-20T10:00:00+00:00"),
        ("Mon, 20 Nov 95 10:00 UT", "1995-11-20T10:00:00+00:00"),
        ("Fri, 20 Nov 126 10:00:00 GMT", "2026-11-20T10:00:00+00:00"),
        ("Mon, 20 Nov 106 10:00:00 GMT", "2006-11-20T10:00:00+00:00"),
        ("Friday, 20-Nov-26 10:00:00 GMT", "2026-11-20T10:00:00+00:00"),
        ("Fri, 20 November 2026 10:00:00 EDT", "2026-11-20T10:00:00-04:00"),
        ("Fri, 20 Nov 2026 10:00:00 GMT+7", "2026-11-20T10:00:00+07:00"),
        ("Fri, 20 Nov 2026 10:00:00 UTC+3", "2026-11-20T10:00:00+03:00"),
        ("Fri, 20 Nov 2026 10:00:00 GMT-05:30", "2026-11-20T10:00:00-05:30"),
        ("Fri, 20 Nov 2026 10:00:00 +03", "2026-11-20T10:00:00+03:00"),
        ("Fri, 20 Nov 2026 10:00:00 +3", "2026-11-20T10:00:00+03:00"),
        ("Fri, 20 Nov 2026 10:00:00 Z", "2026-11-20T10:00:00+00:00"),
        ("Fri, 20 Nov 2026 10:00:00 Asia/Riyadh", "2026-11-20T10:00:00+03:00"),
        ("Fri, 20 Nov 2026 10:00:00 America/Argentina/Buenos_Aires", "2026-11-20T10:00:00-03:00"),
        ("Fri, 20 Nov 2026 10:00:00 Etc/GMT+3", "2026-11-20T10:00:00-03:00"),
        ("Fri, 20 Nov 2026 10:00:00 Asia/Nowhere", "2026-11-20T10:00:00+00:00"),
        ("Fri, 20 Nov 2026 10:00:00 (AST)", "2026-11-20T10:00:00+03:00"),
        ("Fri Nov 20 10:00:00 2026", "2026-11-20T10:00:00+00:00"),
        ("Fri Nov  6 10:00:00 2026", "2026-11-06T10:00:00+00:00"),
        ("Fri Nov 20 10:00:00 EST 2026", "2026-11-20T10:00:00-05:00"),
        ("Fri Nov 20 2026 10:00:00 GMT+0300 (Arabian Standard Time)", "2026-11-20T10:00:00+03:00"),
        ("2026-11-20T10:00+03", "2026-11-20T10:00:00+03:00"),
        ("2026-11-20T10:00:00 UTC+3", "2026-11-20T10:00:00+03:00"),
        ("2026-11-20T10:00:00 Africa/Cairo", "2026-11-20T10:00:00+02:00"),
        ("2026-11-20T25:00:00Z", "2026-11-20T00:00:00+00:00"),
        ("20261120T100000Z", "2026-11-20T10:00:00+00:00"),
        ("1795169400", "2026-11-20T10:10:00+00:00"),
        ("1795169400000", "2026-11-20T10:10:00+00:00"),
        ("1795169400.25", "2026-11-20T10:10:00+00:00"),
        ("/Date(1795169400000+0300)/", "2026-11-20T10:10:00+00:00"),
        # Zones and clocks in words.
        ("20 نوفمبر 2026 - 10:30 (توقيت مكة)", "2026-11-20T10:30:00+03:00"),
        ("20 نوفمبر 2026 الساعة 10:30 بتوقيت غرينتش", "2026-11-20T10:30:00+00:00"),
        ("20 نوفمبر 2026 الساعة 10:30 بتوقيت القاهرة", "2026-11-20T10:30:00+02:00"),
        ("20 نوفمبر 2026 الساعة 5 مساءً", "2026-11-20T17:00:00+00:00"),
        ("20/11/2026 11:45 ظهراً", "2026-11-20T11:45:00+00:00"),
        ("20/11/2026 1:15 ظهراً", "2026-11-20T13:15:00+00:00"),
        ("20/11/2026 12:10 ليلاً", "2026-11-20T00:10:00+00:00"),
        ("20/11/2026 10:10 ليلاً", "2026-11-20T22:10:00+00:00"),
        ("20/11/2026 02:30:10م", "2026-11-20T14:30:10+00:00"),
        ("20/11/2026 12:30 ص", "2026-11-20T00:30:00+00:00"),
        ("12:30 - 20/11/2026", "2026-11-20T12:30:00+00:00"),
        ("Publié le 20 novembre 2026 à 14h30", "2026-11-20T14:30:00+00:00"),
        ("20 בנובמבר 2026 בשעה 14:30", "2026-11-20T14:30:00+00:00"),
        ("20 نومبر، 2026", "2026-11-20T00:00:00+00:00"),
        # Other calendars.
        ("20 تشرين ثاني 2026", "2026-11-20T00:00:00+00:00"),
        ("20th of November 2026", "2026-11-20T00:00:00+00:00"),
        ("2026 نوفمبر 20", "2026-11-20T00:00:00+00:00"),
        ("۱۴۰۵ آبان ۲۹", "2026-11-20T00:00:00+00:00"),
        ("۲۹ آبان ۱۴۰۵", "2026-11-20T00:00:00+00:00"),
        ("جمعه ۲۹ آبان‌ماه ۱۴۰۵ ساعت ۱۴:۳۰", "2026-11-20T14:30:00+00:00"),
        ("تاریخ انتشار: ۲۹ آبان ۱۴۰۵ - ۰۲:۳۰ ب.ظ", "2026-11-20T14:30:00+00:00"),
        ("۱۴۰۵/۰۸/۲۹ ۱۴:۳۰", "2026-11-20T14:30:00+00:00"),
        ("1405/08/29", "2026-11-20T00:00:00+00:00"),
        ("29-8-1405", "2026-11-20T00:00:00+00:00"),
        ("1405-08-29T10:00:00+03:30", "2026-11-20T10:00:00+03:30"),
        ("30 اسفند 1403", "2025-03-20T00:00:00+00:00"),
        ("29 عقرب 1405", "2026-11-20T00:00:00+00:00"),
        ("۲۰ نوامبر ۲۰۲۶", "2026-11-20T00:00:00+00:00"),
        ("8 جمادى الآخرة 1448هـ", "2026-11-18T00:00:00+00:00"),
        ("8 جمادى الآخرة 1448هـ - 10:30 ص", "2026-11-18T00:00:00+00:00"),
        ("1447/05/29 هـ", "2025-11-20T00:00:00+00:00"),
        ("29/5/1447هـ", "2025-11-20T00:00:00+00:00"),
        ("30 صفر 1447", "2025-08-24T00:00:00+00:00"),
        ("٢٩ ذو القعدة ١٤٤٧", "2026-05-16T00:00:00+00:00"),
        ("۸ جمادی‌الثانی ۱۴۴۸", "2026-11-18T00:00:00+00:00"),
        ("الأربعاء 8 جمادى الآخرة 1448هـ الموافق 19 نوفمبر 2026م 10:30 ص", "2026-11-19T10:30:00+00:00"),
        ("1448/06/08 هـ - 2026/11/19", "2026-11-19T00:00:00+00:00"),
        ("۲۹ آبان ۱۴۰۵ - ۱۹ نوامبر ۲۰۲۶", "2026-11-19T00:00:00+00:00"),
    ],
)
def test_reads(text: str, expected: str) -> None:
    found = parse(text, now=NOW)
    assert found is not None
    assert found.replace(microsecond=0).isoformat() == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1405/13/01",
        "1405/12/30",
        "1449/05/29 هـ",
        "29 رمضان 1449",
        "۲۹ آبان ۱۴۰۶",
        "30 صفر 1300",
        "Fri, 20 Nov 68 10:00:00 GMT",
        "1970-01-01T00:00:00Z",
        "2026-11-27",
        "2026-13-45",
        "30 فبراير 2026",
        "منذ ثلاث ساعات",
        "ماي 2026",
        "170000000",
        "هاتف 1700000000",
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


# Calendars: ours beside a table made by another program.

TABLE = json.loads((Path(__file__).parent / "data" / "calendars.json").read_text("utf-8"))


@pytest.mark.parametrize(("year", "first"), TABLE["persian"].items())
def test_every_persian_new_year_s_day(year: str, first: str) -> None:
    begin = date.fromisoformat(first)
    assert calendars.from_persian(int(year), 1, 1) == begin
    following = TABLE["persian"].get(str(int(year) + 1))
    if following:
        length = (date.fromisoformat(following) - begin).days
        assert calendars.is_persian_leap(int(year)) is (length == 366)
        assert calendars.from_persian(int(year), 12, length - 336) == date.fromisoformat(following) - timedelta(days=1)
        with pytest.raises(ValueError, match="no day"):
            calendars.from_persian(int(year), 12, length - 335)


@pytest.mark.parametrize(("year", "firsts"), TABLE["umm-al-qura"].items())
def test_every_month_of_umm_al_qura(year: str, firsts: list[str]) -> None:
    assert [calendars.from_hijri(int(year), month, 1).isoformat() for month in range(1, 13)] == firsts


@given(st.dates(date(1996, 3, 21), date(2026, 11, 24)))
def test_a_persian_day_comes_back(day: date) -> None:
    year = max(int(each) for each, first in TABLE["persian"].items() if date.fromisoformat(first) <= day)
    number = (day - date.fromisoformat(TABLE["persian"][str(year)])).days
    month, rest = (number // 31 + 1, number % 31 + 1) if number < 186 else divmod(number - 186, 30)
    if number >= 186:
        month, rest = month + 7, rest + 1
    for written in (f"{year}/{month:02}/{rest:02}", f"{rest} {PERSIAN[month - 1]} {year}"):
        found = read(written, now=NOW)
        assert found is not None
        assert (found.moment.date(), found.precision) == (day, Precision.DAY)


PERSIAN = ["فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند"]
HIJRI = ["محرم", "صفر", "ربيع الأول", "ربيع الآخر", "جمادى الأولى", "جمادى الآخرة", "رجب", "شعبان", "رمضان"]
HIJRI += ["شوال", "ذو القعدة", "ذو الحجة"]


@given(st.dates(date(1999, 4, 17), date(2026, 11, 24)))
def test_a_hijri_day_comes_back_and_its_hour_is_not_believed(day: date) -> None:
    months = [
        (date.fromisoformat(first), year, n)
        for year, all_ in TABLE["umm-al-qura"].items()
        for n, first in enumerate(all_)
    ]
    first, year, month = max(each for each in months if each[0] <= day)
    number = (day - first).days + 1
    for written in (f"{number} {HIJRI[month]} {year}هـ الساعة 10:30", f"{year}/{month + 1}/{number} هـ 10:30"):
        found = read(written, now=NOW)
        assert found is not None
        assert found.moment == datetime(day.year, day.month, day.day, tzinfo=UTC)
        assert found.precision == Precision.AROUND_THE_DAY


def test_how_far_a_moment_can_be_believed() -> None:
    told = {text: read(text, now=NOW) for text in ("20 نوفمبر 2026", "20 نوفمبر 2026 10:30", "8 رجب 1447")}
    assert [each.precision if each else None for each in told.values()] == [
        *(Precision.DAY, Precision.TIME, Precision.AROUND_THE_DAY),
    ]


@pytest.mark.parametrize(
    "text",
    ["1" * 400, "1:" * 200, "1 " * 200, "12:30 +" * 57, "20 نوفمبر " * 40, "A/" * 200, "\ufdfa" * 400, "14h " * 100],
)
def test_long_lines_are_read_soon(text: str) -> None:
    began = time.thread_time()
    assert parse(text, now=NOW) is None
    assert time.thread_time() - began < 0.2


@pytest.mark.parametrize("zone", ["Asia/../../etc/passwd", "../Riyadh", "Asia/Riyadh/x", "Asia", "A" * 300 + "/B"])
def test_a_zone_that_is_none_leaves_the_site_s(zone: str) -> None:
    found = parse(f"2026-11-20T10:00:00 {zone}", now=NOW)
    assert found == datetime(2026, 11, 20, 10, tzinfo=UTC)
