"""The report as a page: what it says, in which words, and that it asks nobody for anything."""

from __future__ import annotations

import ast
import base64
import hashlib
import os
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import lxml.html
import pytest
import report_pages as made
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from newsletter.letters.render.palette import contrast
from newsletter.letters.templates import environment, templates_dir
from newsletter.models import Publication
from newsletter.report.models import (
    ComparedShare,
    DeliveryCounts,
    HourCounts,
    LinkCounts,
    ListGrowth,
    NewsroomReport,
    ReportPart,
    StoryCounts,
    WeekCounts,
)
from newsletter.report.page import PageWords, filled, page
from newsletter.report.page import __file__ as room
from newsletter.report.page.charts import Bar, Column, Point, around, bars, columns, line, rising, table
from newsletter.report.page.issue import _compared
from newsletter.report.page.lists import readers
from newsletter.report.page.parts import Figure

STORED = Path(__file__).parent / "data" / "reports"
FETCHING = {"script", "link", "iframe", "object", "embed", "img", "image", "use", "base", "form", "video", "audio"}
LANGUAGES = ("ar", "en", "fa", "fr", "he")
ENVIRONMENT = environment()
EVIL = "<script>alert('x')</script> & \"مُدَبَّجَة\" {n} %s C++"


def drawn(shown: NewsroomReport, language: str = "ar", **settings: object) -> str:
    return page(shown, made.publication(language, **settings), ENVIRONMENT)


def tree(html: str) -> Any:
    return lxml.html.document_fromstring(html)


def block(html: str, title: str) -> Any:
    """The block of a title."""
    found = [one for one in tree(html).iter("section") if one[0].text_content() == title]
    assert len(found) == 1, title
    return found[0]


def said(language: str, text: str) -> str:
    return str(PageWords(ENVIRONMENT, made.publication(language)).say(text))


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_page_is_as_it_was_looked_at(language: str) -> None:
    """After a change that was looked at: UPDATE_REPORTS=1 pytest tests/test_report_page.py."""
    path, html = STORED / f"{language}.html", drawn(made.whole(language), language)
    if os.environ.get("UPDATE_REPORTS") == "1":
        path.parent.mkdir(exist_ok=True)
        path.write_text(html, "utf-8")
    assert html == path.read_text("utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_asks_nobody_for_anything(language: str) -> None:
    html = drawn(made.whole(language), language)
    root = tree(html)
    allowed = {link.url for story in made.issue(language).stories for link in story.links}
    for one in root.iter():
        assert one.tag not in FETCHING
        for name, value in one.attrib.items():
            assert name not in ("src", "srcset", "style", "action", "poster", "data")
            assert not name.startswith("on")
            if name.endswith("href"):
                assert one.tag == "a"
                assert value in allowed
            elif one.tag != "meta":
                assert "://" not in value, (name, value)
    style = root.find(".//style").text
    assert not re.search(r"url\(|@import|@font-face|https?:", style)
    policy = root.find(".//meta[@http-equiv]").get("content")
    told = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{told}'; base-uri 'none'; form-action 'none'"


@pytest.mark.parametrize(
    ("language", "direction"), [("ar", "rtl"), ("fa", "rtl"), ("he", "rtl"), ("en", "ltr"), ("fr", "ltr")]
)
def test_the_page_is_in_the_language_and_direction_of_the_newsroom(language: str, direction: str) -> None:
    html = drawn(made.whole(language), language)
    assert f'<html lang="{language}" dir="{direction}">' in html
    words = tree(html).text_content()
    assert str(made.WORDS[language]["subject"]) in words
    if language != "en":
        for text in (
            "What they read",
            "Show the figures",
            "Left afterwards",
            "Link by link",
            "Where the mailboxes are",
        ):
            assert text not in words
            assert said(language, text) in words
    assert "{" not in tree(html).body.text_content()


def test_digits_and_calendar_are_those_of_the_newsroom() -> None:
    persian = tree(drawn(made.whole("fa"), "fa"))
    numbers = [one.text_content() for one in persian.find_class("number")]
    assert numbers == ["۴٬۳۴۲", "۱٬۶۸۶", "۳۹", "۱۰", "۲"]
    folio = persian.find_class("folio")[0].text_content()
    assert "۵ آذر ۱۴۰۵" in folio
    assert "۱۰:۰۰" in folio
    labels = [one.text_content() for one in persian.iter("text")]
    assert labels
    assert not re.search("[0-9]", "".join(labels))
    assert "content: counter(page, persian)" in drawn(made.whole("fa"), "fa")
    indic = drawn(made.whole("ar"), "ar", digits="arabic-indic")
    assert tree(indic).find_class("number")[0].text_content() == "٤٬٣٤٢"
    assert "content: counter(page, arabic-indic)" in indic


def test_what_is_usual_stands_beside_each_figure_in_words() -> None:
    tiles = tree(drawn(made.whole("en"), "en")).find_class("figures")[0]
    told = [" ".join(tile.text_content().split()) for tile in tiles]
    assert told == [
        "Delivered 4,342 99.1% of 4,381 more than usual (98.6%)",
        "Clicks 1,686 38.5 for every 100 letters more than usual (35.2)",
        "Bounced 39 0.9% of 4,381 less than usual (1%)",
        "Left afterwards 10 0.2% of 4,381 less than usual (0.3%)",
        "Called it spam 2 0.05% of 4,381 as usual",
    ]


def test_complaints_above_a_limit_are_never_told_as_less_than_usual() -> None:
    say = PageWords(ENVIRONMENT, made.publication("en"))
    told = [
        _compared(Figure("1", Markup()), ComparedShare("complained", share, 0.009), say).beside
        for share in (0.0005, 0.001, 0.0029, 0.003, 0.006)
    ]
    assert told == ["less than usual (0.9%)", *["above the limit (0.1%)"] * 2, *["above the limit (0.3%)"] * 2]


@pytest.mark.parametrize("language", ["ar", "en"])
def test_every_chart_has_its_words_and_its_table(language: str) -> None:
    charts = 0
    for one in tree(drawn(made.whole(language), language)).iter("section"):
        pictures = [picture for picture in one.iter("svg") if picture.get("role") == "img"]
        lists = one.find_class("bars")
        if not pictures and not lists:
            continue
        charts += 1
        assert all(len(picture.get("aria-label")) > 12 for picture in pictures)
        assert all(picture.get("aria-hidden") == "true" for picture in one.iter("svg") if picture.get("role") != "img")
        for head in one.findall(".//table"):
            assert head.find("caption").text_content()
            width = len(head.findall("thead/tr/th"))
            assert width > 1
            assert all(len(row) == width and row[0].tag == "th" for row in head.findall("tbody/tr"))
        assert one.find(".//details//table") is not None
    assert charts == 12


def test_tables_say_what_the_charts_show() -> None:
    html = drawn(made.whole("en"), "en")
    shown = block(html, "What they read")
    assert [one.text for one in shown.find_class("much")] == [str(number) for number in made.CLICKS]
    first = shown.find(".//table")
    assert [row[1].text for row in first.findall("tbody/tr")] == [str(number) for number in made.CLICKS]
    hours = block(html, "When they clicked")
    cells = {row[0].text_content(): row[1].text for row in hours.findall(".//tbody/tr")}
    assert cells["November 26, 11:00"] == "410"
    assert sum(int(number) for number in cells.values()) == sum(made.HOURS)
    weeks = block(html, "Readers of The Wave, week by week").findall(".//tbody/tr")
    assert weeks[-1][-1].text == "4,812"
    assert len(weeks) == 13


def test_shares_are_of_what_they_say() -> None:
    """A letter that bounced in two ways is one letter; the best stories of a month are not all that was pressed."""
    one = made.issue("en")
    counts = DeliveryCounts(submitted=20, bounced=4, bounces={"soft": 4, "hard": 2})
    one = replace(one, parts=(replace(one.parts[0], counts=counts),))
    best = (StoryCounts("A", 30, 0, (), "1"), StoryCounts("B", 10, 0, (), "1"))
    shown = replace(made.whole("en"), reports=(one,), best_stories=best, clicked_in_30_days=80)
    html = drawn(shown, "en")

    def shares(title: str) -> list[str]:
        return [row[2].text for row in block(html, title).find(".//table").findall("tbody/tr")]

    assert shares("What came back") == ["100%", "50%"]
    assert shares("Best of the last 30 days") == ["37.5%", "12.5%"]
    assert "37.5% of all clicks" in block(html, "Best of the last 30 days").text_content()


def test_where_clicks_are_not_counted_one_sentence_stands_in_their_place() -> None:
    html = drawn(made.whole("en", clicks=False), "en")
    shown = block(html, "What they read")
    sentence = "Clicks are not counted in these letters, so nobody can say which stories were read."
    assert shown.text_content().split("\n")[2:] == [sentence, "", ""]
    assert shown.find(".//svg") is None
    words = tree(html).text_content()
    assert words.count("Clicks") == 1
    assert "When they clicked" not in words
    assert block(html, "When it arrived").find(".//svg[@role='img']") is not None
    assert not block(html, "Beside earlier issues").find_class("legend")


def test_where_nobody_told_anything_the_page_says_so() -> None:
    html = drawn(made.silent())
    words = tree(html).text_content()
    assert "سُلّمت 40 رسالة، ولم يُعرف بعد ما صار بها" in words
    assert "هذا هو العدد الأول" in words
    assert [one.text for one in tree(html).find_class("number")] == ["40", "0"]
    assert not [one for one in tree(html).iter("svg") if one.get("role") == "img"]
    assert "NaN" not in html
    assert "None" not in words


def test_nothing_at_all_is_a_page_too() -> None:
    nothing = replace(made.silent(), reports=())
    assert said("ar", "There is nothing to report yet.") in drawn(nothing)
    nobody = replace(made.issue("en"), parts=())
    html = drawn(replace(made.whole("en"), reports=(nobody,), growth=None, best_stories=()), "en")
    assert "This issue went to nobody." in html
    assert not list(tree(html).iter("section"))


def test_zero_and_a_million() -> None:
    one = made.issue("en")
    zero = replace(
        one,
        parts=(ReportPart("send-1", "x", "weekly", "", DeliveryCounts(submitted=1_000_000, delivered=1_000_000)),),
        stories=tuple(replace(story, people=0, machines=0) for story in one.stories),
        hours=(HourCounts(0, made.BEGUN, delivered=1_000_000),),
        polls=tuple(replace(poll, answers=tuple((words, 0) for words, _ in poll.answers)) for poll in one.polls),
        domains=(),
    )
    html = drawn(replace(made.whole("en"), reports=(zero,), growth=None, best_stories=()), "en")
    assert "1,000,000" in html
    assert "No link was pressed so far." in html
    assert "Nobody has answered so far." in html
    assert "No answers" not in html
    for value in re.findall(r' (?:x|y|width|height|x1|x2|y1|y2|cx|cy)="([^"]*)"', html):
        assert re.fullmatch(r"-?\d+(\.\d+)?%?", value), value


def test_several_issues_stand_under_each_other() -> None:
    both = replace(made.whole("ar"), reports=(made.issue("ar"), made.silent().reports[0]))
    root = tree(drawn(both))
    assert [one.text_content() for one in root.iter("h1")] == ["التقرير"]
    assert [one.text_content() for one in root.iter("h2")] == [
        "سوق السبت، وعاصفة مرّت بسلام",
        "العدد الأول",
        "القرّاء والقصص",
    ]
    ids = [one.get("id") for one in root.iter() if one.get("id")]
    assert len(ids) == len(set(ids)) > 10


@pytest.mark.parametrize("language", ["ar", "en"])
def test_foreign_words_stay_words(language: str) -> None:
    one = made.issue(language)
    long = f"{EVIL} " + "طويل " * 60
    link = LinkCounts('https://example.org/?a="<b>&c', 5)
    bad = LinkCounts("javascript:alert(1)", 4)
    evil = replace(
        one,
        subject=EVIL,
        stories=(StoryCounts(long, 5, 0, (link,), "12"), StoryCounts(EVIL, 4, 0, (bad, link), "12")),
        domains=tuple(replace(domain, domain=EVIL) for domain in one.domains),
        polls=tuple(replace(poll, question=EVIL, answers=((EVIL, 3), (EVIL, 1))) for poll in one.polls),
        parts=tuple(
            replace(
                part,
                list=EVIL,
                rhythm=EVIL,
                variant=EVIL,
                counts=replace(part.counts, reasons={EVIL: 2}, bounces={EVIL: 1}, leaving={EVIL: 1}),
            )
            for part in one.parts
        ),
    )
    shown = replace(made.whole(language), reports=(evil,), newsroom=EVIL)
    html = page(shown, made.publication(language, tagline=EVIL), ENVIRONMENT)
    root = tree(html)
    assert not list(root.iter("script", "b"))
    assert "javascript:" not in html.replace(EVIL, "").lower().replace("javascript:alert(1)</bdi>", "")
    assert not [one for one in root.iter("a") if not one.get("href").startswith("https://")]
    assert " ".join(root.find(".//h1").text_content().split()) == EVIL
    assert "مُدَبَّجَة" in html
    assert "{n}" in root.find(".//h1").text_content()


def test_names_that_read_from_the_left_are_isolated() -> None:
    html = drawn(made.whole("ar"))
    stories = block(html, "ما قرؤوه")
    runs = [one.text for one in stories.find_class("what")[-1].iter("span") if one.get("dir") == "ltr"]
    assert "C++" in runs
    domains = block(html, "أين بريدهم")
    assert [one.text for one in domains.iter("bdi") if one.get("dir") == "ltr"][:2] == ["gmail.com", "gmail.com"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, "was better, and the rest got it."),
        ({"chosen": 0, "decided_at": None}, "Not decided yet."),
        (
            {"verdict": "no difference", "best": 0, "chosen": 1},
            "No difference can be told. The rest got “Saturday’s market",
        ),
        ({"chosen": 1, "decided_by": "editor"}, "was better; an editor gave the rest “Saturday’s market"),
        ({"measure": "losses"}, "fewer is better"),
    ],
)
def test_subjects_that_were_tried_are_shown_with_how_sure_it_is(changed: dict[str, Any], told: str) -> None:
    one = replace(made.issue("en"), trials=(replace(made.tried("en"), **changed),))
    shown = block(drawn(replace(made.whole("en"), reports=(one,)), "en"), "Subjects tried")
    assert told in shown.text_content()
    assert [one.text_content() for one in shown.find_class("much")] == ["8.2%", "13.6%"]
    rows = [[cell.text_content() for cell in row] for row in shown.findall(".//tbody/tr")]
    assert [row[1:3] for row in rows] == [["500", "41"], ["500", "68"]]
    assert rows[1][4] == "10.9% to 16.9%"
    ends = [float(line.get("x2").rstrip("%")) for line in shown.find_class("doubt")]
    assert max(ends) == 100


def test_a_trial_of_which_nothing_is_known_has_no_chart() -> None:
    nothing = tuple(replace(one, sent=0, counted=0) for one in made.tried("en").subjects)
    trial = replace(made.tried("en"), subjects=nothing, chosen=0, verdict="", best=0)
    one = replace(made.issue("en"), trials=(trial,))
    shown = block(drawn(replace(made.whole("en"), reports=(one,)), "en"), "Subjects tried")
    assert "Not decided yet." in shown.text_content()
    assert not shown.find_class("bars")


# Colours


@pytest.mark.parametrize("accent", ["#0f766e", "#ffd400", "#000000", "#ffffff", "#7f7f7f"])
def test_every_word_and_every_bar_can_be_seen(accent: str) -> None:
    """WCAG 2.2: 4.5 for text, 3 for what a chart says."""
    style = (
        tree(page(made.silent(), Publication("x", "https://example.org", accent=accent), ENVIRONMENT))
        .find(".//style")
        .text
    )
    light, dark = style.split("@media screen and (prefers-color-scheme: dark)")[:2]
    for part in (light, dark.split("* {")[0]):
        colour = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", part))
        for text in ("ink", "soft", "muted", "text"):
            assert contrast(colour[text], colour["card"]) >= 4.5, (accent, text)
        for text in ("paper-ink", "paper-muted"):
            assert contrast(colour[text], colour["paper"]) >= 4.5, (accent, text)
        for ground in ("card", "tint"):
            assert contrast(colour["bar"], colour[ground]) >= 3
            assert contrast(colour["muted"], colour[ground]) >= 3


# The parts


def words_of(language: str) -> PageWords:
    return PageWords(ENVIRONMENT, made.publication(language))


@given(st.floats(0, 1e9))
def test_an_axis_from_zero_holds_its_highest(top: float) -> None:
    steps = rising(top)
    assert steps[0] == 0
    assert steps[-1] >= top
    assert 2 <= len(steps) <= 6
    assert len(set(map(int.__sub__, steps[1:], steps))) == 1


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=60))
def test_an_axis_around_holds_all(values: list[int]) -> None:
    steps = around(values)
    assert steps[0] <= min(values)
    assert max(values) <= steps[-1]
    assert 2 <= len(steps) <= 6
    assert steps[0] < steps[-1]
    assert len(set(map(int.__sub__, steps[1:], steps))) == 1


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=40), st.sampled_from(["ar", "en"]))
def test_charts_stay_within_their_place(values: list[int], language: str) -> None:
    say = words_of(language)
    for drawing in (
        columns([Column("", value, told=True) for value in values], say, "x"),
        line([Point("", value) for value in values], say, "x"),
        bars([Bar("x", value) for value in values], say),
    ):
        for share in re.findall(r'(?:x|width|x1|x2|cx)="(-?[\d.]+)%"', str(drawing)):
            assert 0 <= float(share) <= 100
        for down in re.findall(r' (?:y|y1|y2|cy)="(-?[\d.]+)"', str(drawing)):
            assert 0 <= float(down) <= 232


def test_words_of_a_chart_are_words() -> None:
    say = words_of("ar")
    assert "&lt;b&gt;" in columns([Column("<b>", 1)], say, '"><script>')
    assert "<script" not in columns([Column("<b>", 1)], say, '"><script>')
    assert "<b>" not in bars([Bar("<b>", 1, note="<b>", shown="<b>")], say)
    assert "<i>x</i>" in bars([Bar(Markup("<i>x</i>"), 1)], say)
    assert "<b>" not in table("<b>", ["<b>"], [["<b>", "<b>"]], say)


def test_readers_are_counted_back_from_now() -> None:
    weeks = tuple(
        WeekCounts(date(2026, 11, 2) + timedelta(days=7 * at), confirmed=joined, left=left)
        for at, (joined, left) in enumerate(((10, 0), (5, 2), (0, 7)))
    )
    assert readers(ListGrowth("x", "x", 6, 6, 0, weeks)) == [10, 13, 6]
    assert readers(ListGrowth("x", "x", 6, 6, 0, weeks[:1])) == [6]


def test_a_young_list_is_shown_from_where_it_began() -> None:
    start = date(2026, 9, 7)
    weeks = tuple(WeekCounts(start + timedelta(days=7 * at), confirmed=12 if at == 11 else 0) for at in range(13))
    young = made.grown("en").lists[0]
    grown = replace(made.grown("en"), lists=(replace(young, readers=12, reached=12, weeks=weeks, roads=()),))
    html = drawn(replace(made.whole("en"), growth=grown), "en")
    shown = block(html, "Readers of The Wave, week by week")
    assert [row[-1].text for row in shown.findall(".//tbody/tr")] == ["0", "12", "12"]
    assert "does not begin at zero" not in shown.text_content()
    still = replace(grown, lists=(replace(grown.lists[0], readers=0, reached=0, pending=0, weeks=weeks[:11]),))
    shown = block(drawn(replace(made.whole("en"), growth=still), "en"), "Readers of The Wave, week by week")
    assert "Nobody came and nobody left in these weeks." in shown.text_content()
    assert shown.find(".//svg") is None


def test_lists_have_the_name_that_readers_know() -> None:
    one = made.issue("en")
    parts = tuple(replace(part, list="readers") for part in one.parts)
    html = drawn(replace(made.whole("en"), reports=(replace(one, parts=parts),)), "en")
    assert "Readers of The Wave" in tree(html).find_class("folio")[0].text_content()


def test_a_language_without_words_gets_an_english_page() -> None:
    html = page(made.whole("en"), replace(made.publication("en"), language="ur"), ENVIRONMENT)
    assert '<html lang="en" dir="ltr">' in html
    assert "What they read" in html


def test_where_clocks_change_hours_are_those_of_the_wall() -> None:
    zone = ZoneInfo("Asia/Beirut")
    begun = datetime(2026, 10, 24, 20, 0, tzinfo=zone)
    starts = [(begun.astimezone(UTC) + timedelta(hours=at)).astimezone(zone) for at in range(8)]
    hours = tuple(HourCounts(at, start, delivered=1, clicked=at) for at, start in enumerate(starts))
    one = replace(made.issue("en"), begun=begun, hours=hours)
    html = drawn(replace(made.whole("en"), reports=(one,)), "en", timezone="Asia/Beirut")
    shown = block(html, "When they clicked")
    assert [row[0].text_content().partition(", ")[2] for row in shown.findall(".//tbody/tr")][2:6] == [
        "22:00",
        "23:00 (+03:00)",
        "23:00 (+02:00)",
        "00:00",
    ]
    assert [text.text for text in shown.find_class("axis")][:3] == ["20:00", "23:00 (+03:00)", "01:00"]


def test_after_the_first_day_the_table_goes_by_days() -> None:
    hours = tuple(
        HourCounts(at, made.BEGUN + timedelta(hours=at), delivered=1, clicked=at % 5) for at in range(0, 24 * 9)
    )
    shown = block(
        drawn(replace(made.whole("en"), reports=(replace(made.issue("en"), hours=hours),)), "en"), "When they clicked"
    )
    rows = [[cell.text_content() for cell in row] for row in shown.findall(".//tbody/tr")]
    assert len(rows) == 24 + 9
    assert rows[23][0] == "November 27, 09:00"
    assert rows[24][0] == "November 27, later"
    assert [sum(int(row[column]) for row in rows) for column in (1, 2)] == [sum(one.clicked for one in hours), 24 * 9]
    assert f"After the first day: {sum(one.clicked for one in hours[24:])} more." in shown.text_content()


def test_letters_of_the_latest_posts_are_called_by_their_day() -> None:
    one = made.issue("en")
    assert one.comparison is not None
    past = tuple(
        replace(old, issue=f"readers/daily/2026-11-{at + 10}", begun=made.BEGUN - timedelta(days=10 - at))
        for at, old in enumerate(one.comparison.past)
    )
    daily = replace(one, issue="readers/daily/2026-11-26", comparison=replace(one.comparison, past=past))
    html = drawn(replace(made.whole("en"), reports=(daily,), growth=None, best_stories=()), "en")
    assert "readers/daily" not in tree(html).text_content()
    shown = block(html, "Beside earlier issues")
    labels = [text.text for text in shown.find_class("axis")]
    assert labels[-1] == "November 26"
    assert len(labels) == 6
    assert shown.findall(".//tbody/tr")[-1][0].text_content().startswith("November 26: Saturday")
    assert shown.find(".//svg[@role='img']").get("aria-label") == "Delivered: from 3,422 to 4,342, last 4,342."


def test_shares_do_not_lie_by_rounding() -> None:
    say = words_of("en")
    assert [say.percent(n, 10_000) for n in (0, 1, 4, 9_996, 9_999, 10_000)] == [
        "0%",
        "0.01%",
        "0.04%",
        "99.96%",
        "99.99%",
        "100%",
    ]
    assert say.percent(1, 0) == "–"


def test_another_page_stands_on_the_same_frame(tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "own.html.j2").write_text(
        '{% extends "report/base.html.j2" %}{% block main %}{{ chart }}{% endblock %}', "utf-8"
    )
    say = PageWords(environment(tmp_path), made.publication("ar"))
    chart = bars([Bar("مقهى الميناء", 12)], say)
    html = filled("report/own.html.j2", {"title": "إعلان", "plain_title": "إعلان", "kicker": "", "chart": chart}, say)
    assert "مقهى الميناء" in html
    assert 'dir="rtl"' in html


# Catalogues


def asked() -> tuple[set[str], set[tuple[str, str]]]:
    """Every text that the page says: alone, and with a number."""
    single: set[str] = set()
    plural: set[tuple[str, str]] = set()
    for path in Path(room).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("say", "count")
            ):
                texts = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
                if node.func.attr == "say" and texts:
                    single.add(texts[0])
                elif len(texts) == 2:
                    plural.add((texts[0], texts[1]))
    for path in (templates_dir() / "report").glob("*.j2"):
        single |= set(re.findall(r'\bsay\("([^"]+)"', path.read_text("utf-8")))
    return single, plural


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_in_every_catalogue(language: str) -> None:
    text = (templates_dir() / "locale" / language / "report.po").read_text("utf-8")
    messages = [one for one in read_po(StringIO(text), locale=language) if one.id]
    single, plural = asked()
    known = {one.id for one in messages if isinstance(one.id, str)}
    assert single <= known
    assert plural <= {one.id for one in messages if not isinstance(one.id, str)}
    for one in messages:
        forms = [one.string] if isinstance(one.string, str) else list(one.string)
        assert all(form.strip() for form in forms), one.id
        if not isinstance(one.id, str):
            assert len(forms) == {"ar": 6, "he": 3}.get(language, 2)
            assert "{n}" in forms[-1]
            parts = set(re.findall(r"\{\w+\}", one.id[1])) - {"{n}"}
            # Of nothing there is nothing more to say: "no letter carried it".
            assert parts <= set(re.findall(r"\{\w+\}", forms[-1]))
