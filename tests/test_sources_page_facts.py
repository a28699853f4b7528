"""Who wrote an article and when, as pages show it to their readers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from newsletter.models import Article
from newsletter.sources import page

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WHERE = "https://example.org/some/page"
TITLE = "القطار القديم يعود إلى السكة بعد غياب طويل"
TEXT = (
    "عاد القطار القديم صباح أمس إلى سكته بعد غياب دام أحد عشر عاماً، واستقبله أهالي البلدة بالورود والزغاريد عند المحطة "
)
BODY = f"<div class=entry-content><p>{TEXT}التي رممها متطوعون.</p><p>{TEXT}الصغيرة في طرف السوق.</p></div>"


def article(under: str = "", head: str = "", after: str = "", before: str = "") -> Article:
    html = (
        f"<!doctype html><html dir=rtl><head><title>{TITLE}</title>{head}</head><body>{before}"
        f"<div class=page><h1>{TITLE}</h1>{under}{BODY}{after}</div></body></html>"
    )
    return page.parse(html.encode(), WHERE, now=NOW)


@pytest.mark.parametrize(
    "under",
    [
        "<h5>بقلم: سلمى الراوي</h5>",
        "<h5>كتبت/ سلمى الراوي</h5>",
        "<h5>سلمى الراوي</h5><span>19 نوفمبر 2026</span>",
        "<div><h6>سلمى الراوي</h6><time datetime='2026-11-19'>الخميس</time></div>",
        "<span>19/11/2026</span><h4>سلمى الراوي</h4>",
        "<h5><a href='/author/salma'>سلمى الراوي</a></h5>",
        "<div class=info><a href='/writers/12'>سلمى الراوي</a></div>",
        "<address>الكاتبة: سلمى الراوي</address>",
        "<em>به قلم سلمى الراوي</em>",
        "<span class=author>editor@news.media (سلمى الراوي)</span>",
    ],
)
def test_a_byline_that_is_shown(under: str) -> None:
    assert article(under).author == "سلمى الراوي"


@pytest.mark.parametrize(
    ("under", "head"),
    [
        ("<h5>أخبار محلية</h5><span>19 نوفمبر 2026</span>", ""),
        ("<h5>القطار القديم</h5><p>نص قصير</p>", ""),
        (
            "<h5>المدينة والناس</h5><span>19 نوفمبر 2026</span>",
            "<meta property=article:section content='المدينة والناس'>",
        ),
        ("", "<meta name=author content='المحرر'>"),
        ("", "<meta name=author content='Super User'>"),
        ("", "<meta name=DC.Creator content='Developed by Oasis Web'>"),
        ("", "<meta name=DC.Creator content='Oasis Web Studio'>"),
        ("<span class=author>الواحة نت</span>", "<meta name=DC.Publisher content='الواحة نت'>"),
        ("<a class=author href=/a>واحة اليوم الإخبارية</a>", ""),
        ("<span class=author>admin</span>", ""),
    ],
)
def test_what_is_no_author(under: str, head: str) -> None:
    before = "<a href='/'><img src=logo.png alt='واحة اليوم الإخبارية'></a>"
    assert article(under, head, before=before).author == ""


def test_the_developer_of_a_theme_does_not_hide_the_author() -> None:
    head = "<meta name=DC.Creator content='Oasis Web Studio'>"
    assert article("<h5>بقلم سلمى الراوي</h5>", head).author == "سلمى الراوي"
    assert article("<p>سلمى الراوي</p>", "<meta name=DC.Creator content='سلمى الراوي'>").author == "سلمى الراوي"


@pytest.mark.parametrize(
    ("under", "after", "expected"),
    [
        ("<p>الخميس 19 نوفمبر 2026 - 10:30 ص</p>", "", "2026-11-19T10:30:00+00:00"),
        ("<span class=x data-time='1795169400'>قبل أيام</span>", "", "2026-11-20T10:10:00+00:00"),
        ("<time datetime='1405-08-29T14:30:00+03:30'>۲۹ آبان</time>", "", "2026-11-20T14:30:00+03:30"),
        ("<div>تاریخ انتشار: ۲۹ آبان ۱۴۰۵ - ۱۴:۳۰</div>", "", "2026-11-20T14:30:00+00:00"),
        ("<p>الأربعاء 8 جمادى الآخرة 1448هـ - 18 نوفمبر 2026م</p>", "", "2026-11-18T00:00:00+00:00"),
        ("<p>8 جمادى الآخرة 1448هـ</p><p>الخميس 19 نوفمبر 2026 10:30</p>", "", "2026-11-19T10:30:00+00:00"),
        ("<p>8 جمادى الآخرة 1448هـ 10:30</p>", "", "2026-11-18T00:00:00+00:00"),
        ("", "<p>تاريخ النشر: 19/11/2026</p><p>20/11/2026</p>", "2026-11-19T00:00:00+00:00"),
        ("", "<li>نُشر في 19 نوفمبر 2026</li>", "2026-11-19T00:00:00+00:00"),
        ("<p>آخر تحديث: 21 نوفمبر 2026</p>", "<p>نشر بتاريخ 19 نوفمبر 2026</p>", "2026-11-19T00:00:00+00:00"),
    ],
)
def test_a_day_that_is_shown(under: str, after: str, expected: str) -> None:
    published = article(under, after=after).published
    assert published is not None
    assert published.isoformat() == expected


def test_the_day_that_is_stated_beside_a_hijri_one_is_taken() -> None:
    head = "<meta name=date content='1448/06/08'><meta name=dc.date content='2026-11-19T09:00:00Z'>"
    assert article(head=head).published == datetime(2026, 11, 19, 9, tzinfo=UTC)
    data = (
        '<script type="application/ld+json">{"@type":"Article","headline":"خبر","datePublished":1795169400,}</script>'
    )
    assert article(head=data).published == datetime(2026, 11, 20, 10, 10, tzinfo=UTC)
