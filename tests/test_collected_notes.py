"""Footnotes and tables of collected articles stay what they are, from a site's HTML to the letter and its text twin."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.issues import compose, containers, prose
from newsletter.issues.markdown import from_html, parser
from newsletter.issues.reading import parse
from newsletter.issues.writing import to_text
from newsletter.letters.render import render
from newsletter.letters.templates import environment
from newsletter.models import Article, Holding, Issue, Publication, Rendered
from newsletter.sources.clean import clean, paragraphs, tables

DATA = Path(__file__).parent / "data" / "clean"
PUBLICATION = Publication("الموجة", "https://example.org/")
MARKER = "q7x3m9k2p5w8z1aa"
BASE = "https://example.org/a/"
NOTED = (DATA / "footnotes.html").read_text("utf-8")


def issue_of(*bodies: str) -> Issue:
    """An issue of whole articles, written down and read again."""
    articles = [Article(f"قصة {at}", "", "ملخص.", body=clean(body, BASE)) for at, body in enumerate(bodies, 1)]
    holdings = [Holding(at, article, datetime(2026, 11, 24, tzinfo=UTC)) for at, article in enumerate(articles, 1)]
    made = compose.draft(holdings, number=1, newsletter="الموجة", list_name="readers")
    return parse(to_text(made), Path("issue.md"))


def letter_of(issue: Issue, publication: Publication = PUBLICATION) -> Rendered:
    when = datetime(2026, 11, 24, tzinfo=UTC)
    return render(
        issue, publication, environment(), marker=MARKER, leave_url=f"https://example.org/{MARKER}-leave-/", date=when
    )


def test_footnotes_of_several_stories_are_numbered_through_the_letter() -> None:
    short = '<p>نص{}<sup><a href="#fn1">1</a></sup></p><ol><li id="fn1">حاشية {}</li></ol>'
    issue = issue_of(short.format("أ", "الأولى"), NOTED, short.format("ب", "الأخيرة"))
    letter = letter_of(issue)
    signs = re.findall(r'href="#note-(\d+)"[^>]*>(.*?)</a>', letter.html)
    assert [number for number, _ in signs] == ["1", "2", "3", "2", "4", "5", "6", "7", "8"]
    assert re.findall(r'id="note-(\d+)"', letter.html) == [str(number) for number in range(1, 9)]
    for line in ("[1] حاشية الأولى", "[2] دفتر الميناء، ص 12.", "[8] حاشية الأخيرة", "1. بند لا تشير إليه علامة"):
        assert line in letter.text
    assert "لا حاشية لهذه[3]" in letter.text


def test_numbers_are_in_the_digits_of_the_letter() -> None:
    publication = replace(PUBLICATION, digits="arabic-indic")
    text = letter_of(issue_of(NOTED), publication).text
    assert "[١] دفتر الميناء" in text
    assert "فجرًا[١]" in text


def test_signs_stay_text_in_what_is_read_of_an_article() -> None:
    body = clean(NOTED, BASE)
    assert paragraphs(body)[0] == "عاد القارب الأول فجرًا[1]، وعاد الثاني[2]: محمّلًا."
    assert paragraphs(clean((DATA / "tables.html").read_text("utf-8"), BASE))[:2] == [
        "الميناء · القوارب · الوزن | طن",
        "الرصيف الأول · 12 · 3.5",
    ]


@pytest.mark.parametrize(
    "body",
    [
        '<p>أ<sup><a href="#note-1">1</a></sup></p>',
        '<p id="note-1">كلام</p>',
        '<p>أ<sup><a href="#note-1">1</a></sup></p><blockquote><p id="note-1">كلام</p></blockquote>',
        '<ol><li id="note-1">كلام</li></ol><p>أ<sup><a href="#note-1">1</a></sup></p>',
        '<p>أ<sup><a href="#note-1">1</a></sup></p><ul><li>ب<ul><li id="note-1">كلام</li></ul></li></ul>',
        '<figure><img src="https://e.org/a.jpg"><figcaption>شرح<sup><a href="#x">1</a></sup></figcaption></figure>'
        '<p id="x">كلام</p>',
        '<p>أ<a href="#x"><sup>1</sup></a></p><p><a name="x"></a>كلام<br><a name="y"></a>ب</p>'
        '<p>ج<a href="#y">2</a></p>',
        '<p>أ<sup><a href="#x">1</a></sup> ب<sup><a href="#y">2</a></sup></p>'
        '<p><a name="x"></a>كلام<br><a id="y"></a>ص</p>',
    ],
    ids=["no words", "no sign", "in a quotation", "words before", "nested", "in a caption", "half", "shared"],
)
def test_what_has_no_partner_stays_readable_and_stops_nothing(body: str) -> None:
    issue = issue_of(body)  # raises for a footnote without words, or words without a sign
    text = letter_of(issue).text
    assert all(word in text for word in re.findall("كلام", body))
    assert "[^" not in text
    # The reader of a body does not depend on who wrote it.
    assert from_html(body).count("[^") in (0, 2)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("[1] كلام", "كلام"),
        ("1. <b>كلام</b>", "<b>كلام</b>"),
        ("<sup>1</sup> كلام", "كلام"),
        ("12 قاربًا", "12 قاربًا"),
        ("1 قارب", "1 قارب"),
        ("2. كلام", "2. كلام"),
        ("1.5 طن", "1.5 طن"),
    ],
)
def test_words_lose_the_number_that_the_letter_gives_them_and_no_other(written: str, shown: str) -> None:
    body = clean(f'<p>س<sup><a href="#a">1</a></sup></p><p id="a">{written}</p>')
    assert body.endswith(f'<p id="note-1">{shown}</p>')


def test_a_mark_that_begins_a_line_does_not_become_the_words_of_itself() -> None:
    body = clean('<p><sup><a href="#a">1</a></sup>: نص</p><p>س<sup><a href="#a">1</a></sup>(قوس)</p><p id="a">كلام</p>')
    markdown = from_html(body)
    read = prose.read(markdown, setup=prose.ProseSetup(notes=prose.numbered([markdown])))
    assert read.text() == "[1]: نص\n\nس[1](قوس)\n\n[1] كلام"


def test_a_table_has_as_many_columns_as_one_of_the_editor() -> None:
    assert tables.MOST_COLUMNS == containers.MOST_COLUMNS
    for columns, is_table in ((containers.MOST_COLUMNS, True), (containers.MOST_COLUMNS + 1, False)):
        row = "<tr>" + "<td>أ</td>" * columns + "</tr>"
        assert ("|" in from_html(clean(f"<table>{row * 2}</table>", BASE))) is is_table


def test_a_table_without_a_head_is_shown_without_one() -> None:
    read = prose.read(from_html(clean("<table><tr><td>أ</td><td>1</td></tr><tr><td>ب</td><td>2</td></tr></table>")))
    assert "<th" not in read.html()
    assert read.text() == "• أ: 1\n• ب: 2"


CELLS = st.text(st.sampled_from("أب1 |\\`*_[]()^:<&!-#"), max_size=6)


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 6).flatmap(lambda n: st.lists(st.lists(CELLS, min_size=n, max_size=n), min_size=2, max_size=4)))
def test_every_cell_of_a_table_comes_back(rows: list[list[str]]) -> None:
    written = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    body = clean(f"<p>قبل</p><table>{written}</table><p>بعد</p>", BASE)
    rendered = parser().render(from_html(body))
    shown = [" ".join(html.unescape(cell).split()) for cell in re.findall(r"<td[^>]*>(.*?)</td>", rendered)]
    given_cells = [" ".join(cell.split()) for row in rows for cell in row]
    assert shown == (given_cells if any(given_cells) else [])
    assert clean(body, BASE) == body


WORDS = st.text(st.sampled_from("أبج12 |[]()^:!*_-"), min_size=1, max_size=8)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(WORDS, st.integers(0, 4), st.sampled_from(["p", "li", "dd", "div"])), min_size=1, max_size=5),
    st.lists(WORDS, max_size=5),
)
def test_no_word_of_a_note_or_around_its_sign_is_lost(told: list[tuple[str, int, str]], notes: list[str]) -> None:
    signs = "".join(
        f'<p>س{html.escape(words)}<sup><a href="#fn{to}">{to}</a></sup>{html.escape(words)}</p>'
        for words, to, _ in told
    )
    kinds = [told[at % len(told)][2] for at in range(len(notes))]
    bodies = "".join(
        f'<{kind} id="fn{at}">ن{html.escape(words)}</{kind}>'
        for at, (kind, words) in enumerate(zip(kinds, notes, strict=True))
    )
    body = clean(signs + bodies, BASE)
    markdown = from_html(body)
    issue_of(signs + bodies)  # raises for what would stop a send
    setup = prose.ProseSetup(notes=prose.numbered([markdown]))
    read = prose.read(markdown, setup=setup)
    assert not read.faults
    kept = re.sub(r"\s", "", read.text())
    for words in (*(words for words, _, _ in told), *notes):
        assert re.sub(r"\s", "", words) in kept
    assert clean(body, BASE) == body
