"""The library holds each article once, takes over corrections, forgets nothing, and knows what carried it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from newsletter.errors import SourceError
from newsletter.ledger import issue_id
from newsletter.library import LibraryChange, holdings, of_issue, of_stories, remember, shelve, unused
from newsletter.library.rows import storable
from newsletter.models import Article, Holding, Issue, Prose, Section, Story

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
ALGIERS = timezone(timedelta(hours=1))
WHOLE = Article(
    title="مرسى الريحان يفتح رصيفه",
    url="https://almawja.example.org/2026/11/رصيف/",
    summary="ملخص في جملة.",
    body="<p>فقرة.</p>",
    image="https://almawja.example.org/quay.jpg",
    image_alt="قوارب في ميناء",
    author="نجلاء الصدفي",
    section="أخبار",
    published=datetime(2026, 11, 22, 7, 30, tzinfo=ALGIERS),
    source="https://almawja.example.org/feed/",
)
EMPTY = "''"
TEXT = Article(title="خبر بلا عنوان", body="<p>نص.</p>", source="a.txt")


def only(connection: Connection) -> Article:
    (holding,) = holdings(connection)
    return holding.article


def test_what_is_put_in_comes_out(connection: Connection) -> None:
    shelved = shelve(connection, [WHOLE, TEXT], now=NOW)
    assert shelved == LibraryChange(added=shelved.added, updated=(), known=())
    found = holdings(connection, ids=shelved.added)
    assert [holding.article for holding in found] == [WHOLE, TEXT]
    assert found[0].article.published is not None
    # The site's own date, not that of another zone.
    assert found[0].article.published.utcoffset() == timedelta(hours=1)
    assert [holding.collected for holding in found] == [NOW, NOW]
    assert [holding.carried_in for holding in found] == [(), ()]


def test_an_article_is_added_once(connection: Connection) -> None:
    (first,) = shelve(connection, [WHOLE], now=NOW).added
    later = NOW + timedelta(days=1)
    assert shelve(connection, [WHOLE], now=later) == LibraryChange((), (), (first,))
    other = replace(WHOLE, url="http://almawja.example.org/2026/11/%D8%B1%D8%B5%D9%8A%D9%81?utm_source=x#top", title="")
    assert shelve(connection, [other], now=later).added == ()
    assert holdings(connection)[0].collected == NOW
    assert shelve(connection, [TEXT, TEXT], now=NOW).known == ()
    assert shelve(connection, [replace(TEXT, source="copy/of/a.txt")], now=NOW).added == ()
    assert len(holdings(connection)) == 2


def test_a_correction_is_taken_over(connection: Connection) -> None:
    (first,) = shelve(connection, [WHOLE], now=NOW).added
    corrected = replace(WHOLE, title="مرسى الريحان يفتح رصيفه الجديد", published=datetime(2026, 11, 22, 9, tzinfo=UTC))
    assert shelve(connection, [corrected], now=NOW) == LibraryChange((), (first,), ())
    assert only(connection) == corrected
    assert shelve(connection, [corrected], now=NOW) == LibraryChange((), (), (first,))


@pytest.mark.parametrize("field", ["title", "summary", "body", "image", "image_alt", "author", "section", "published"])
def test_an_empty_field_does_not_erase(connection: Connection, field: str) -> None:
    shelve(connection, [WHOLE], now=NOW)
    poorer: Any = replace(WHOLE, **{field: None if field == "published" else ""})
    assert shelve(connection, [poorer], now=NOW).updated == ()
    assert only(connection) == WHOLE


def test_the_newest_stands_first(connection: Connection) -> None:
    articles = [
        replace(WHOLE, url=f"https://example.org/{day}", published=datetime(2026, 11, day, tzinfo=UTC))
        for day in (3, 20, 11)
    ]
    ids = shelve(connection, [*articles, TEXT], now=datetime(2026, 11, 15, tzinfo=UTC)).added
    assert [holding.id for holding in holdings(connection)] == [ids[1], ids[3], ids[2], ids[0]]
    assert [holding.id for holding in holdings(connection, latest=2)] == [ids[1], ids[3]]
    assert [holding.id for holding in holdings(connection, ids=[ids[2], ids[1]])] == [ids[2], ids[1]]


@pytest.mark.parametrize("wanted", [0, -1, 4711, 2**63, 10**40])
def test_an_id_that_is_not_there(connection: Connection, wanted: int) -> None:
    (first,) = shelve(connection, [TEXT], now=NOW).added
    with pytest.raises(SourceError, match=f"the library holds no article {wanted}; see: newsletter articles"):
        holdings(connection, ids=[first, wanted])


def by_address(connection: Connection, urls: list[str]) -> dict[str, Holding]:
    stories = [Story("عنوان آخر", url=url) for url in urls if url]
    return {story.url: one for story, one in of_stories(connection, stories).items()}


def test_found_by_any_spelling_of_its_address(connection: Connection) -> None:
    shelve(connection, [WHOLE], now=NOW)
    spellings = ["https://almawja.example.org/2026/11/%d8%b1%d8%b5%d9%8a%d9%81", WHOLE.url, "https://example.org/x", ""]
    found = by_address(connection, spellings[:1])
    assert found[spellings[0]].article == WHOLE
    assert by_address(connection, spellings[1:])[WHOLE.url].article == WHOLE
    assert by_address(connection, spellings[2:]) == {}


def draft(*stories: Story | Prose) -> Issue:
    return Issue(1, "عدد", sections=(Section("أخبار", stories),))


def test_what_a_draft_holds_is_not_unused(connection: Connection) -> None:
    ids = shelve(connection, [WHOLE, TEXT, replace(WHOLE, url="https://example.org/other")], now=NOW).added
    held = holdings(connection, ids=ids)
    assert [one.id for one in unused(connection, held, [])] == list(ids)
    drafts = [draft(Story("عنوان آخر", url=WHOLE.url + "?utm_medium=email"), Prose("نص"), Story(TEXT.title))]
    assert [one.id for one in unused(connection, held, drafts)] == [ids[2]]
    # Taking a story out of the file makes its article unused again.
    assert [one.id for one in unused(connection, held, [draft(Story(TEXT.title))])] == [ids[0], ids[2]]
    # A story with an address is not the text with the same headline.
    assert [
        one.id for one in unused(connection, held, [draft(Story(TEXT.title, url="https://example.org/x"))])
    ] == list(ids)


def test_which_issue_carried_it(connection: Connection) -> None:
    ids = shelve(connection, [WHOLE, TEXT], now=NOW).added
    issue = draft(Story("عنوان المحرر", url=WHOLE.url), Story(TEXT.title, summary="نص."), Story("غير معروف"))
    assert sorted(of_issue(connection, issue)) == sorted(ids)
    for key in ("12", "13"):
        number = issue_id(connection, key)
        remember(connection, of_issue(connection, issue), issue_id=number, list_id=1, rhythms=("weekly", "daily"))
    remember(connection, [], issue_id=number, list_id=1, rhythms=("instant",))
    assert [holding.carried_in for holding in holdings(connection)] == [("12", "13"), ("12", "13")]
    assert unused(connection, holdings(connection), []) == []
    assert by_address(connection, [WHOLE.url])[WHOLE.url].carried_in == ("12", "13")


@pytest.mark.slow
def test_a_library_of_many_years(connection: Connection) -> None:
    # More than the parameters that one statement of SQLite (32,766) or PostgreSQL (65,535) takes.
    many = 33_000 if connection.dialect.name == "sqlite" else 66_000
    fields = ("url", "summary", "body", "image", "image_alt", "author", "section", "source")
    connection.execute(
        text(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many) "
            f"INSERT INTO article (key, title, zone, collected, {', '.join(fields)}) "
            f"SELECT 'text:' || i, 'خبر ' || i, 0, i, {', '.join([EMPTY] * len(fields))} FROM n"
        ),
        {"many": many},
    )
    found = holdings(connection)
    assert (len(found), found[0].article.title) == (many, f"خبر {many}")
    remember(connection, [found[0].id], issue_id=issue_id(connection, "1"), list_id=1, rhythms=("weekly",))
    assert len(unused(connection, holdings(connection), [])) == many - 1
    assert len(holdings(connection, latest=5)) == 5


@given(st.text())
def test_whatever_a_source_says_can_be_kept(value: str) -> None:
    stored = storable(value)
    stored.encode("utf-8")
    assert "\0" not in stored
    if value.isprintable():
        assert stored == value


def test_the_name_of_a_file_that_is_no_text_is_kept_readable(connection: Connection) -> None:
    odd = replace(TEXT, source=b"/in/\xce\xc8\xd1.txt".decode("utf-8", "surrogateescape"), title="خبر\0")
    shelve(connection, [odd], now=NOW)
    assert only(connection).source == "/in/\ufffd\ufffd\ufffd.txt"
    assert only(connection).title == "خبر"
