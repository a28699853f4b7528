"""The words and the look of the reader pages: every text in every language, every colour readable."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
import reader_pages
from babel.messages.pofile import read_po
from browser import Browser
from letter_judges import axe_source, judged

from newsletter.letters.render.small import BY_MAIL, SUBJECTS
from newsletter.letters.templates import environment, templates_dir
from newsletter.models import Publication
from newsletter.storage.database import Database
from newsletter.text.dates import Digits
from newsletter.web.pages import Pages, speaks
from subscribers.web import leave, preferences, subscribe

LANGUAGES = ("ar", "en", "fr", "fa", "he")
_SAY = re.compile(r'say\("((?:[^"\\]|\\.)+)"')


def texts() -> set[str]:
    """Every text that pages and small letters say."""
    found: set[str] = set()
    for path in [*(templates_dir() / "web").iterdir(), *(templates_dir() / "email").iterdir()]:
        small = path.name.split(".")[0] in ("small", *SUBJECTS)
        if path.parent.name == "web" or small:
            found |= set(_SAY.findall(path.read_text("utf-8")))
    said = {subscribe.PITCH, subscribe.CONFIRM, leave.LEAVE, leave.UNDO, preferences.SAVE, preferences.LEAVE}
    said |= set(leave.REASONS.values())
    return found | said | {text for pair in SUBJECTS.values() for text in pair} | set(BY_MAIL.values())


def catalogue(language: str) -> dict[str, str]:
    text = (templates_dir() / "locale" / language / "pages.po").read_text("utf-8")
    return {str(one.id): str(one.string) for one in read_po(StringIO(text), locale=language) if one.id}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_in_every_catalogue_and_no_other(language: str) -> None:
    assert set(catalogue(language)) == texts()


@pytest.mark.parametrize("language", LANGUAGES)
def test_parts_of_texts_are_kept(language: str) -> None:
    for text, said in catalogue(language).items():
        assert said, text
        assert sorted(re.findall(r"\{\w+\}", said)) == sorted(re.findall(r"\{\w+\}", text)), text
    if language != "en":
        same = {text for text, said in catalogue(language).items() if text == said}
        assert same <= {"Pages", "Pause", "Confirm"}


def test_arabic_is_arabic() -> None:
    for text, said in catalogue("ar").items():
        assert re.search("[\u0621-\u064a]", said) or text == "“{title}”", text
        assert not re.search("[A-Za-z?;,]", re.sub(r"\{\w+\}", "", said)), said


@pytest.mark.parametrize(
    ("language", "digits", "hours"),
    [("fa", "latin", "48"), ("fa", "arabic-indic", "۴۸"), ("ar", "arabic-indic", "٤٨"), ("he", "latin", "48")],
)
def test_numbers_in_texts_have_the_digits_of_the_dates(language: str, digits: Digits, hours: str) -> None:
    pages = Pages(environment(), Publication("x", "https://example.org", language=language, digits=digits), "")
    assert re.findall(r"\d+", pages.text("The button works for 48 hours.")) == [hours]
    assert "{list}" in pages.text("Welcome to {list}")


def test_the_archive_dates_letters_by_the_calendar_of_the_letters() -> None:
    sent = datetime(2025, 11, 14, 9, tzinfo=UTC)
    entry = {"number": "30", "sent": sent, "key": "30", "subject": "بندر واحه", "summary": ""}
    for jalali, shown in ((True, "۲۳ آبان ۱۴۰۴"), (False, "۱۴ نوامبر ۲۰۲۵")):
        about = Publication("x", "https://example.org", language="fa", digits="arabic-indic", jalali=jalali)
        values = {"entries": [entry], "older": 0, "newer": False, "share": "", "data": ""}
        html = Pages(environment(), about, "")("web/archive.html.j2", values)
        assert f'<time datetime="2025-11-14T09:00:00+00:00">{shown}</time>' in html


@pytest.mark.parametrize("language", ["fa", "he"])
def test_pages_of_other_languages_run_from_right_to_left(language: str) -> None:
    pages = Pages(environment(), Publication("x", "https://example.org", language=language), "")
    html = pages("web/trouble.html.j2", {"status": 404})
    assert f'<html lang="{language}" dir="rtl">' in html
    assert catalogue(language)["There is no such page"] in html


def test_a_language_without_pages_gets_english_ones() -> None:
    assert not speaks(environment(), "sw")
    pages = Pages(environment(), Publication("Wimbi", "https://example.org", language="sw"), "")
    html = pages("web/trouble.html.j2", {"status": 404})
    assert '<html lang="en" dir="ltr">' in html
    assert "There is no such page" in html
    assert speaks(environment(), "ar-DZ")


@pytest.mark.parametrize("accent", ["#0f766e", "#ffd400", "#000000", "#ffffff", "#7f7f7f"])
def test_colours_can_be_read(accent: str) -> None:
    """WCAG 2.2: 4.5 for text, 3 for what bounds a control."""
    from newsletter.letters.render.palette import contrast

    pages = Pages(environment(), Publication("x", "https://example.org", accent=accent), "")
    css = pages("web/style.css.j2", {})
    light, dark = css.split("@media (prefers-color-scheme: dark)")[:2]
    for part in (light, dark.split("* {")[0]):
        colour = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", part))
        for text in ("ink", "soft", "muted", "text"):
            assert contrast(colour[text], colour["card"]) >= 4.5, (accent, text)
        assert contrast(colour["edge"], colour["card"]) >= 3
        assert contrast(colour["muted"], colour["paper"]) >= 4.5
        assert contrast(colour["ink"], colour["tint"]) >= 4.5


def test_names_and_titles_are_escaped(tmp_path: Path) -> None:
    evil = '<script>alert("1")</script>'
    pages = Pages(environment(tmp_path), Publication(evil, "https://example.org", tagline=evil), "https://n.example")
    for template, values in (
        ("web/trouble.html.j2", {"status": 500}),
        ("web/archive.html.j2", {"entries": [], "older": 0, "newer": False, "share": "", "data": ""}),
        ("web/archive.xml.j2", {"entries": [], "updated": ""}),
        ("web/embed_form.html.j2", {"pitch": evil, "list": evil}),
        ("web/embed_frame.html.j2", {"height": 1}),
    ):
        assert "<script" not in pages(template, values), template


def test_an_editors_own_page_wins(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "trouble.html.j2").write_text("{{ say('Save') }} {{ publication.name }}", "utf-8")
    pages = Pages(environment(tmp_path), Publication("الموجة", "https://example.org"), "")
    assert pages("web/trouble.html.j2", {"status": 404}) == "حفظ الموجة"


@pytest.mark.browser
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_axe_finds_nothing_serious_on_pages_that_letters_lead_to(database: Database, chromium: Browser) -> None:
    about = Publication("الموجة", "https://example.org")
    pages = Pages(environment(), about, reader_pages.BASE, counts_clicks=True)
    workspace = reader_pages.Workspace(database)
    client = workspace.client(page=pages, say=pages.text, counts_clicks=True)
    workspace.confirmed(client)
    style = client.get("/style.css").text
    shown = {
        'name="count"': client.get(workspace.link("preferences")).text,
        'value="stay"': client.get(workspace.link("stay")).text,
        "<h1>هذا الرابط لا يقود إلى شيء": pages("web/trouble.html.j2", {"status": 404, "no_link": True, "base": ""}),
    }
    tab = chromium.page()
    try:
        for told, bare in shown.items():
            assert told in bare
            html = bare.replace("</head>", f"<style>{style}</style></head>")
            for width, mode in ((390, "light"), (1280, "dark")):
                tab.show(html, width=width, mode=mode)
                assert tab.run("document.documentElement.scrollWidth") == width
                assert judged(tab, axe_source()) == []
    finally:
        tab.close()
