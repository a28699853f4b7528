"""Looking for articles: whatever the spelling, each story once, greyed when sent, page after page without a repeat."""

from __future__ import annotations

import string
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import newsroom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert

from newsletter import issues, library
from newsletter.models import Article
from newsletter.storage.changes import change_mark
from newsletter.storage.tables import issue as issue_table
from newsletter.text.searching import hits, search_words
from newsletter.text.tidy import arabic_fold
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows import first
from newsletter.workflows.searching import ArticleSearch, FoundArticles, LibraryIndex

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
LETTERS = "ابتثجحخدذرزسشصضطظعغفقكلمنهويءأإآؤئىة"

SPELLINGS = [
    ("الميناء", "المِينَاءُ الجديد"),
    ("احمد", "أحمد يعود إلى المرفأ"),
    ("أحمد", "احمد يعود الى المرفا"),
    ("مكتبه", "مكتبة الحي"),
    ("مكتبة", "مكتبه الحي"),
    ("مستشفي", "مستشفى القصبة"),
    ("القرآن", "القران الكريم"),
    ("سؤال", "سوال وجواب"),
    ("شاطئ", "شاطي البحر"),
    ("جميل", "جمـــيل"),
    ("2026", "موسم ٢٠٢٦"),
    ("٢٠٢٦", "موسم 2026"),
    ("۱۲", "العدد 12"),
    ("opentide", "OpenTide 2.1 في الموانئ"),
    ("کتاب", "كتاب جديد"),
    ("السلام", "ﺍﻟﺴﻼﻡ عليكم"),
    ("«الموجة»،", "نشرة الموجة"),
    ("ريحان مرسى", "مرسى الريحان"),
]


@pytest.mark.parametrize(("typed", "text"), SPELLINGS)
def test_a_word_is_found_however_it_is_spelt(typed: str, text: str) -> None:
    folded = arabic_fold(text)
    assert all(word in folded for word in search_words(typed))
    assert hits(text, search_words(typed)) != []


@pytest.mark.parametrize(
    ("text", "typed", "shown"),
    [
        ("مرسى الريحان يفتح رصيفه", "الريحان", "مرسى [الريحان] يفتح رصيفه"),
        ("المِينَاءُ الجَدِيدُ", "الميناء", "[المِينَاءُ] الجَدِيدُ"),
        ("وفي المكتبة كتب، والمكتبة لا تنام", "مكتبه", "وفي ال[مكتبة] كتب، وال[مكتبة] لا تنام"),
        ("Blue Harbor Lab يطلق OpenTide", "harbor opentide", "Blue [Harbor] Lab يطلق [OpenTide]"),
        ("فوز ٣-١", "3 1", "فوز [٣]-[١]"),
        ("ابابا", "اب با", "[ابابا]"),
        ("مرسى الريحان", "قصبة", "مرسى الريحان"),
        ("", "قصبة", ""),
    ],
)
def test_hits_are_marked_where_they_stand(text: str, typed: str, shown: str) -> None:
    marked = text
    for start, end in reversed(hits(text, search_words(typed))):
        marked = f"{marked[:start]}[{marked[start:end]}]{marked[end:]}"
    assert marked == shown


ARABIC = st.text(alphabet=LETTERS + "ًٌٍَُِّْـ", min_size=1, max_size=9)
WORDS = st.lists(
    st.one_of(ARABIC, st.text(alphabet=string.ascii_letters + "٠١٢٣٤٥٦٧٨٩", min_size=1)), min_size=1, max_size=9
)


@given(WORDS, st.data())
@settings(max_examples=300, deadline=None)
def test_any_piece_of_a_text_finds_it(words: list[str], data: st.DataObject) -> None:
    text = " ".join(words)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    folded = arabic_fold(text)
    assert all(word in folded for word in search_words(text[start:end]))


@given(st.text(max_size=60), st.text(max_size=9))
@settings(max_examples=300, deadline=None)
def test_hits_lie_in_the_text_and_apart(text: str, typed: str) -> None:
    last = 0
    for start, end in hits(text, search_words(typed)):
        assert last <= start < end <= len(text)
        last = end + 1


def piece(number: int, title: str, **more: object) -> Article:
    hours = int(str(more.pop("hours", number)))
    values: dict[str, object] = {
        "url": f"https://almawja.example.org/{number}/",
        "summary": "",
        "body": f"<p>نص المادة رقم {number}، وفيه ما لا يشبه غيره.</p>",
        "section": "أخبار",
        "published": NOW - timedelta(hours=hours),
        "source": "https://almawja.example.org/feed/",
        "reading": "feed",
    }
    return Article(title, **{**values, **more})  # type: ignore[arg-type]


STORY = (
    "تسلّم صيادو مرسى الريحان صباح اليوم رصيفهم الجديد بعد ثلاث سنوات من الأشغال، ويتسع الرصيف لستين قاربًا ويضم"
    " مبرّدًا للسردين ومصنعًا صغيرًا للثلج، فيما وعدت البلدية بفتح سوق للسمك قبل بداية الموسم المقبل بأسبوعين كاملين."
)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    newsroom.make(tmp_path / "w")
    with open_workspace(tmp_path / "w", {}) as opened:
        opened.now = lambda: NOW  # type: ignore[method-assign]
        yield opened


def shelve(workspace: Workspace, *articles: Article) -> tuple[int, ...]:
    with workspace.database.write() as connection:
        return library.shelve(connection, articles, now=NOW).added


def titles(found: FoundArticles) -> list[str]:
    return [row.outline.title for row in found.rows]


def test_words_section_source_and_age_narrow_it(workspace: Workspace) -> None:
    shelve(
        workspace,
        piece(1, "قطار الساحل يعود", body="<p>إلى محطّة <b>الف</b>وانيس بعد عشرين عامًا.</p>"),
        piece(2, "نوارس الريحان تفوز", section="رياضة"),
        piece(3, "أسعار السردين", source="https://wakala.example.net/feed/", hours=90),
    )
    index = LibraryIndex(workspace)
    assert titles(index.find(ArticleSearch())) == ["قطار الساحل يعود", "نوارس الريحان تفوز", "أسعار السردين"]
    assert titles(index.find(ArticleSearch("الفوانيس محطه"))) == ["قطار الساحل يعود"]
    assert titles(index.find(ArticleSearch("لا شيء كهذا"))) == []
    assert titles(index.find(ArticleSearch("…"))) == []
    assert titles(index.find(ArticleSearch(section="رياضه"))) == ["نوارس الريحان تفوز"]
    assert titles(index.find(ArticleSearch(source="wakala.example.net"))) == ["أسعار السردين"]
    assert titles(index.find(ArticleSearch(days=3))) == ["قطار الساحل يعود", "نوارس الريحان تفوز"]
    found = index.find(ArticleSearch("السردين"))
    assert [(row.source, row.minutes) for row in found.rows] == [("wakala.example.net", 1)]
    assert (found.count, found.new, found.every) == (1, 3, 3)
    choices = (("أخبار", 2), ("رياضة", 1)), (("wakala.example.net", 1),)
    assert index.choices() == choices == LibraryIndex(workspace).choices()


def test_one_story_is_one_row_under_the_best_telling(workspace: Workspace) -> None:
    shelve(
        workspace,
        piece(1, "مرسى الريحان يفتح رصيفه", body=f"<p>{STORY}</p>", source="https://one.example.net/feed/"),
        piece(2, "الريحان: رصيف جديد", body=f"<p>{STORY}</p>", image="https://almawja.example.org/2.jpg"),
        piece(3, "رصيف الريحان يفتح أبوابه", body=f"<p>{STORY}</p>", source="https://two.example.net/feed/"),
        piece(4, "خبر آخر"),
    )
    index = LibraryIndex(workspace)
    found = index.find(ArticleSearch())
    assert titles(found) == ["الريحان: رصيف جديد", "خبر آخر"]
    assert [one.source for one in found.rows[0].twins] == ["one.example.net", "two.example.net"]
    # Whichever of them is looked for, the story is found.
    assert titles(index.find(ArticleSearch("أبوابه"))) == ["الريحان: رصيف جديد"]


def test_what_an_issue_carried_is_greyed_or_left_out(workspace: Workspace) -> None:
    old, twin, other = shelve(
        workspace,
        piece(9, "الرصيف القديم", body=f"<p>{STORY}</p>"),
        piece(2, "الرصيف مرة أخرى", body=f"<p>{STORY}</p>"),
        piece(3, "خبر آخر"),
    )
    with workspace.database.write() as connection:
        number = connection.execute(insert(issue_table).values(key="12").returning(issue_table.c.id)).scalar_one()
        library.remember(connection, [old], issue_id=number, list_id=1, rhythms=["weekly"], newest=twin)
    index = LibraryIndex(workspace)
    found = index.find(ArticleSearch())
    assert [(row.outline.title, row.sent_in, row.is_new) for row in found.rows] == [
        ("الرصيف القديم", "12", False),
        ("خبر آخر", "", True),
    ]
    assert found.rows[0].twins[0].id == twin
    assert found.new == 1
    left = index.find(ArticleSearch(unsent=True))
    assert ([row.id for row in left.rows], left.sent) == ([other], 1)


def test_what_stands_in_the_issue_says_where(workspace: Workspace) -> None:
    first, second = shelve(workspace, piece(1, "قطار الساحل"), piece(2, "نوارس الريحان"))
    text = '+++\nnumber = 1\nsubject = "س"\n+++\n\n## أخبار\n\n### [نوارس](https://almawja.example.org/2/)\n\nملخص\n'
    issue = issues.parse(text, workspace.root / "issues" / "1" / "issue.md")
    found = LibraryIndex(workspace).find(ArticleSearch(), issue=issue)
    assert {row.id: row.line for row in found.rows} == {first: 0, second: issue.stories[0].line}


def test_memory_follows_the_library(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    (number,) = shelve(workspace, piece(1, "قطار الساحل"))
    index = LibraryIndex(workspace)
    assert titles(index.find(ArticleSearch("الفوانيس"))) == []
    read: list[int] = []
    bodies = library.bodies

    def noted(connection: Connection, ids: Collection[int]) -> dict[int, str]:
        read.extend(ids)
        return bodies(connection, ids)

    monkeypatch.setattr(library, "bodies", noted)
    shelve(workspace, piece(2, "محطة الفوانيس"))
    assert titles(index.find(ArticleSearch("الفوانيس"))) == ["محطة الفوانيس"]
    changed = piece(1, "قطار الساحل", body="<p>عاد القطار إلى محطة الفوانيس، وفرح الناس به كثيرًا.</p>")
    with workspace.database.write() as connection:
        library.shelve(connection, [changed], now=NOW + timedelta(hours=1))
    assert titles(index.find(ArticleSearch("الفوانيس"))) == ["قطار الساحل", "محطة الفوانيس"]
    with workspace.database.write() as connection:
        library.withdraw(connection, {number: "404"}, now=NOW)
    assert titles(index.find(ArticleSearch())) == ["محطة الفوانيس"]
    # The first was read before; then what is new, what changed, and what was withdrawn, each alone.
    assert read == [number + 1, number, number]


def test_pages_hold_every_story_once(workspace: Workspace) -> None:
    shelve(workspace, *(piece(number, f"مادة {number} فريدة", hours=number // 7) for number in range(1, 301)))
    index = LibraryIndex(workspace)
    seen: list[int] = []
    after, pages = "", 0
    while True:
        found = index.find(ArticleSearch(after=after))
        assert found.count == 300
        seen += [row.id for row in found.rows]
        pages += 1
        after = found.after
        if not after:
            break
    assert pages == 5
    assert len(seen) == 300 == len(set(seen))


@pytest.mark.parametrize("after", ["x", "12", "-", "١-٢-٣", "1-2-3", "99999999999999999999-1"])
def test_a_cursor_that_nobody_gave_begins_anew(workspace: Workspace, after: str) -> None:
    shelve(workspace, piece(1, "قطار الساحل"))
    assert len(LibraryIndex(workspace).find(ArticleSearch(after=after)).rows) == 1


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_both_databases_tell_what_changed(tmp_path: Path, ready_urls: Any, kind: str) -> None:
    first.begin(tmp_path / "w")
    with open_workspace(tmp_path / "w", {"NASHRA_DATABASE__URL": ready_urls(kind)}) as workspace:
        workspace.now = lambda: NOW  # type: ignore[method-assign]
        shelve(workspace, piece(1, "قطار الساحل", body="<p>نص قديم</p>"))
        index = LibraryIndex(workspace)
        assert titles(index.find(ArticleSearch("قديم"))) == ["قطار الساحل"]
        with workspace.database.read() as connection:
            mark = change_mark(workspace.database, connection)
            assert change_mark(workspace.database, connection) == mark
        with workspace.database.write() as connection:
            # As many bytes as before, and in the same second.
            changed = piece(1, "قطار الساحل", body="<p>نص جديد</p>")
            library.shelve(connection, [changed], now=NOW + timedelta(seconds=1))
        assert titles(index.find(ArticleSearch("جديد"))) == ["قطار الساحل"]
        assert titles(index.find(ArticleSearch("قديم"))) == []
