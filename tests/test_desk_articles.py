"""The column of articles at the desk: rows, filters, what is sent or in the issue, pictures, and strangers' texts."""

from __future__ import annotations

import html
import io
import json
import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import newsroom
import pytest
from desk_visits import DeskVisitor, at_desk
from PIL import Image
from sqlalchemy import insert

from newsletter import library
from newsletter.desk.articles import column_of, thumbs
from newsletter.desk.articles.column import _passage, age, marked
from newsletter.desk.models import Editor
from newsletter.ledger import activity
from newsletter.models import Article
from newsletter.sources.http import Fetched, FetchError
from newsletter.storage.tables import issue as issue_table
from newsletter.wiring import Workspace, open_workspace

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
SITE = "https://almawja.example.org"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    newsroom.make(tmp_path / "w")
    with open_workspace(tmp_path / "w", {}) as opened:
        opened.now = lambda: NOW  # type: ignore[method-assign]
        yield opened


@pytest.fixture
def visitor(workspace: Workspace) -> DeskVisitor:
    return at_desk(workspace)


def piece(number: int, title: str, **more: object) -> Article:
    values: dict[str, object] = {
        "url": f"{SITE}/{number}/",
        "body": f"<p>نص المادة {number} وحدها، وفيه ما ليس في غيرها.</p>",
        "section": "أخبار",
        "published": NOW - timedelta(hours=number),
        "source": f"{SITE}/feed/",
        "reading": "feed",
    }
    return Article(title, **{**values, **more})  # type: ignore[arg-type]


def shelve(workspace: Workspace, *articles: Article) -> tuple[int, ...]:
    with workspace.database.write() as connection:
        return library.shelve(connection, articles, now=NOW).added


def ids(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'<li class="article[^"]*" data-id="(\d+)"', page)]


def test_rows_have_what_helps_to_choose(workspace: Workspace, visitor: DeskVisitor) -> None:
    (number,) = shelve(
        workspace,
        piece(26, "قطار الساحل يعود", body=f"<p>{'كلمة ' * 600}</p>", source="https://wakala.example.net/feed/"),
    )
    page = visitor.get("/articles").text
    assert ids(page) == [number]
    words = " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())
    assert "قطار الساحل يعود" in words
    assert "أخبار · wakala.example.net · أمس · تُقرأ في 4 دقائق" in words
    (button,) = re.findall(r"<button[^>]*data-article[^>]*>", page)
    assert json.loads(html.unescape(re.findall(r"data-op='([^']*)'", button)[0])) == {"op": "add", "article": number}
    assert 'aria-pressed="false"' in button
    assert 'data-told="1 جديدة من 1"' in page or "واحدة جديدة من 1" in page


def test_search_and_filters(workspace: Workspace, visitor: DeskVisitor) -> None:
    first, second, third = shelve(
        workspace,
        piece(1, "قطار الساحل", body="<p>إلى محطة الفوانيس بعد عشرين عامًا</p>"),
        piece(2, "نوارس الرّيحان تفوز", section="رياضة"),
        piece(200, "أسعار السردين", source="https://wakala.example.net/feed/"),
    )
    for query, found in (
        ("", [first, second, third]),
        ("?q=الفوانيس", [first]),
        ("?q=ريحان", [second]),
        ("?q=ريحان&days=1&section=رياضه", [second]),
        ("?section=رياضة", [second]),
        ("?source=wakala.example.net", [third]),
        ("?days=7", [first, second]),
        ("?days=-7", [first, second, third]),
        ("?q=%00%F0%9F%98%80", []),
        ("?q=غير+موجود", []),
    ):
        assert ids(visitor.get(f"/articles{query}").text) == found, query
    page = visitor.get("/articles?q=ريحان").text
    assert "<mark>ريحان</mark>" in page.replace("رّ", "ر")
    assert "نتيجة واحدة" in page
    # What only the text says is shown around the words.
    assert "محطة <mark>الفوانيس</mark> بعد" in visitor.get("/articles?q=الفوانيس").text


@pytest.mark.parametrize("before", [0, 3, 39, 40, 41, 300])
@pytest.mark.parametrize("after", [0, 5, 100])
def test_the_passage_around_a_hit_wherever_it_stands(visitor: DeskVisitor, before: int, after: int) -> None:
    text = " ".join([*["قبل"] * before, "الفَوانيس،", *["بعد"] * after])
    shown = str(_passage(visitor.desk.pages.words, text, ("الفوانيس",)))
    assert "<mark>الفَوانيس</mark>،" in shown
    assert shown.startswith("<bdi>…") == (before > 10)
    assert ("…</bdi>" in shown) == (after > 20)
    assert len(shown) < 200
    assert _passage(visitor.desk.pages.words, text, ("غيرها",)) == ""


def test_sent_articles_are_left_out_and_greyed_when_asked_for(workspace: Workspace, visitor: DeskVisitor) -> None:
    old, new = shelve(workspace, piece(9, "الرصيف القديم"), piece(2, "خبر آخر"))
    with workspace.database.write() as connection:
        number = connection.execute(insert(issue_table).values(key="12").returning(issue_table.c.id)).scalar_one()
        library.remember(connection, [old], issue_id=number, list_id=1, rhythms=["weekly"])
    page = visitor.get("/articles").text
    assert ids(page) == [new]
    assert "أظهر واحدة أُرسلت" in page
    page = visitor.get("/articles?sent=all").text
    assert ids(page) == [new, old]
    assert f'<li class="article gone" data-id="{old}"' in page
    assert "أُرسلت في العدد 12" in page


def test_twins_are_folded_and_can_be_added(workspace: Workspace, visitor: DeskVisitor) -> None:
    text = (
        "<p>تسلّم صيادو مرسى الريحان صباح اليوم رصيفهم الجديد بعد ثلاث سنوات من الأشغال الطويلة، ويتسع لستين قاربًا.</p>"
    )
    first, second = shelve(
        workspace,
        piece(1, "رصيف الريحان", body=text, image=f"{SITE}/1.jpg"),
        piece(3, "الريحان: رصيف", body=text, source="https://wakala.example.net/feed/"),
    )
    page = visitor.get("/articles").text
    assert ids(page) == [first]
    assert "مشابهة واحدة: " in page
    assert [int(number) for number in re.findall(r'data-article="(\d+)"', page)] == [first, second]


def test_what_is_in_the_issue_is_tinted_and_taken_out_by_its_line(workspace: Workspace, visitor: DeskVisitor) -> None:
    first, second = shelve(workspace, piece(1, "قطار الساحل"), piece(2, "نوارس الريحان"))
    folder = workspace.root / "issues" / "1"
    folder.mkdir(parents=True)
    text = f'+++\nnumber = 1\nsubject = "س"\n+++\n\n## أخبار\n\n### [نوارس]({SITE}/2/)\n\nملخص\n'
    (folder / "issue.md").write_text(text, "utf-8")
    page = visitor.get("/articles?slug=1").text
    assert f'<li class="article in" data-id="{second}"' in page
    assert f'<li class="article" data-id="{first}"' in page
    assert json.loads(html.unescape(re.findall(r"data-op='([^']*drop[^']*)'", page)[0])) == {"op": "drop", "line": 8}
    assert visitor.get("/issue/1/now").json()["lines"] == {str(second): 8}
    for slug in ("", "2", "..", "../issues/1", "1/../1", "."):
        assert 'class="article in"' not in visitor.get("/articles", params={"slug": slug}).text


def test_five_thousand_come_page_by_page_each_once(workspace: Workspace, visitor: DeskVisitor) -> None:
    made = [
        piece(number, f"مادة {number * 7919} عن {number}", body="", published=NOW - timedelta(minutes=number // 3))
        for number in range(1, 5001)
    ]
    shelve(workspace, *made)
    visitor.desk.library.index.renew()
    seen: list[int] = []
    after = ""
    while True:
        page = visitor.get("/articles", params={"after": after}).text
        seen += ids(page)
        found = re.findall(r'data-after="([^"]*)"', page)
        if not found:
            break
        assert len(ids(page)) == (60 if after else 24)
        after = found[0]
    assert len(seen) == len(set(seen)) == 5000
    assert seen == sorted(seen, key=lambda number: ((number - 1) + 1) // 3 * 10_000 - number)


class OurTags(HTMLParser):
    """What a page is made of."""

    TAGS = frozenset(("a", "li", "img", "div", "h3", "p", "span", "bdi", "b", "mark", "button", "svg", "use"))
    ATTRIBUTES = re.compile(
        "class|src|width|height|alt|loading|decoding|dir|type|tabindex|focusable|viewbox|d|hidden"
        "|href|id|aria-(pressed|labelledby|hidden)|data-(id|article|op|after|told|sent)"
    )

    def __init__(self) -> None:
        super().__init__()
        self.strange: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.TAGS or not all(self.ATTRIBUTES.fullmatch(name) for name, _ in attrs):
            self.strange.append(self.get_starttag_text() or "")
        # «?» is the page without its search.
        if dict(attrs).get("href") != "?" and not (dict(attrs).get("href") or "#i-").startswith("#i-"):
            self.strange.append(self.get_starttag_text() or "")
        if tag != "img":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.strange.append(f"</{tag}>")

    def handle_comment(self, data: str) -> None:
        self.strange.append(data)


def only_ours(page: str) -> None:
    reader = OurTags()
    reader.feed(page)
    reader.close()
    assert (reader.strange, reader.open) == ([], [])


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onfocus='alert(1)",
    "{{ 7 * 7 }} {% raw %}",
    "\u202eمقلوب\u202c \u2066",
    "javascript:alert(1)",
    "<mark>ليس إصابة</mark> إصابة",
    "]]> <!-- --> </li></ol></template>",
    "\udc80 وحيد",
    "ا" * 5000,
    "",
]


@pytest.mark.parametrize("title", HOSTILE)
def test_foreign_texts_stay_texts(workspace: Workspace, visitor: DeskVisitor, title: str) -> None:
    shelve(workspace, piece(1, title, section=title[:300], author=title, body="<p>إصابة</p>", image="javascript:x"))
    for query in ("", "?q=إصابة", "?q=alert"):
        page = visitor.get(f"/articles{query}").text
        only_ours(page)
        assert "\u202e" not in page
        assert "49" not in page


@pytest.mark.parametrize("query", ["<script>alert(1)</script>", '"><img src=x onerror=1>', "\u202e"])
def test_what_is_typed_stays_text(workspace: Workspace, visitor: DeskVisitor, query: str) -> None:
    shelve(workspace, piece(1, "قطار"))
    page = visitor.get(
        "/articles", params={"q": query, "section": query, "source": query, "after": query, "slug": query}
    )
    assert page.status_code == 200
    only_ours(page.text)


def test_hits_keep_the_rest_escaped(workspace: Workspace, visitor: DeskVisitor) -> None:
    words = visitor.desk.pages.words
    assert (
        str(marked(words, "<b>قطار</b> الساحل", ("قطار",))) == "<bdi>&lt;b&gt;<mark>قطار</mark>&lt;/b&gt; الساحل</bdi>"
    )


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (timedelta(seconds=20), "الآن"),
        (timedelta(minutes=1), "منذ دقيقة"),
        (timedelta(minutes=5), "منذ 5 دقائق"),
        (timedelta(minutes=59), "منذ 59 دقيقة"),
        (timedelta(hours=2), "منذ ساعتين"),
        (timedelta(hours=11), "منذ 11 ساعة"),
        (timedelta(hours=14), "أمس"),
        (timedelta(days=2), "منذ يومين"),
        (timedelta(days=10), "منذ 10 أيام"),
        (timedelta(days=13), "منذ 13 يومًا"),
        (timedelta(days=16), "12 نوفمبر"),
        (timedelta(days=400), "24 أكتوبر 2025"),
        (timedelta(hours=-3), "الآن"),
    ],
)
def test_age_as_people_say_it(visitor: DeskVisitor, before: timedelta, said: str) -> None:
    assert str(age(visitor.desk.pages.words, NOW - before, NOW)) == said


def test_the_column_waits_for_no_text(workspace: Workspace, visitor: DeskVisitor) -> None:
    shelve(workspace, piece(1, "قطار"))
    visit: Any = SimpleNamespace(desk=visitor.desk, workspace=workspace, query={}, editor=Editor("س", frozenset()))
    before = column_of(visit, None)
    assert (before["waiting"], before["sections"]) == (True, (("أخبار", 1),))
    visitor.desk.library.warm()
    until = time.monotonic() + 120
    while not visitor.desk.library.index.is_ready and time.monotonic() < until:
        time.sleep(0.01)
    after = column_of(visit, None)
    assert (after["waiting"], len(after["rows"])) == (False, 1)


def picture(width: int, height: int, kind: str = "JPEG") -> bytes:
    made = io.BytesIO()
    image = Image.radial_gradient("L").resize((width, height)).convert("RGB")
    image.save(made, kind)
    return made.getvalue()


class Pictures:
    """A site's pictures, in place of the network."""

    def __init__(self, **there: bytes | Exception) -> None:
        self.there = there
        self.asked: list[str] = []
        self.gate = threading.Event()
        self.gate.set()

    def get(self, url: str, kind: str = "any", **_more: object) -> Fetched:
        self.asked.append(url)
        assert kind == "image"
        self.gate.wait(120)
        found = self.there.get(url.rpartition("/")[2], FetchError("it answered 404", where=url, status=404))
        if isinstance(found, Exception):
            raise found
        return Fetched(url, found, "image/jpeg")

    def close(self) -> None:
        """Nothing is open."""


def with_pictures(workspace: Workspace, **there: bytes | Exception) -> Pictures:
    pictures = Pictures(**there)
    workspace.fetcher = pictures  # type: ignore[assignment]
    return pictures


def kept(workspace: Workspace) -> list[str]:
    return sorted(path.suffix for path in (workspace.root / ".desk" / "thumbs").iterdir())


def test_a_picture_is_fetched_once_and_kept_small(workspace: Workspace, visitor: DeskVisitor) -> None:
    pictures = with_pictures(workspace, one=picture(1600, 900))
    shelve(workspace, piece(1, "قطار", image=f"{SITE}/one"))
    (address,) = re.findall(r'<img src="([^"]*)"', visitor.get("/articles").text)
    first = visitor.get(html.unescape(address))
    assert first.status_code == 200
    assert "immutable" in first.headers["cache-control"]
    assert Image.open(io.BytesIO(first.content)).size == (160, 90)
    assert visitor.get(html.unescape(address)).content == first.content
    assert pictures.asked == [f"{SITE}/one"]
    wide = visitor.get("/thumb/1?wide=1")
    assert Image.open(io.BytesIO(wide.content)).size == (640, 360)
    assert kept(workspace) == ["", ""]


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>no picture</html>",
        b"",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 40,
        picture(40, 30)[:200],
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        FetchError("it is a private address", where="x"),
    ],
)
def test_what_is_no_picture_is_none_from_then_on(
    workspace: Workspace, visitor: DeskVisitor, answer: bytes | Exception
) -> None:
    pictures = with_pictures(workspace, one=answer)
    shelve(workspace, piece(1, "قطار", image=f"{SITE}/one"))
    gone = visitor.get("/thumb/1?v=1")
    assert (gone.status_code, gone.headers["cache-control"]) == (204, "no-store")
    assert visitor.get("/thumb/1").status_code == 204
    assert pictures.asked == [f"{SITE}/one"]
    # It is known beforehand the next time.
    assert "<img" not in visitor.get("/articles").text


def test_a_slow_site_does_not_hold_up_the_page(
    workspace: Workspace, visitor: DeskVisitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbs, "_PATIENCE", 0.05)
    pictures = with_pictures(workspace, **{str(number): picture(40, 30) for number in range(9)})
    shelve(workspace, *(piece(number, f"مادة {number}", image=f"{SITE}/{number}") for number in range(1, 9)))
    pictures.gate.clear()
    assert [visitor.get(f"/thumb/{number}").status_code for number in range(1, 9)] == [204] * 8
    assert len(pictures.asked) == 4
    pictures.gate.set()
    until = time.monotonic() + 120
    while visitor.get("/thumb/8").status_code == 204 and time.monotonic() < until:
        time.sleep(0.02)
    assert visitor.get("/thumb/8").status_code == 200


@pytest.mark.parametrize("number", ["0", "99", "-1", "x", "1.5", "٣", "9" * 40, "1;drop"])
def test_no_such_article_has_no_picture(visitor: DeskVisitor, number: str) -> None:
    assert visitor.get(f"/thumb/{number}").status_code == 204


@pytest.mark.parametrize(
    "image", ["javascript:alert(1)", "file:///etc/hostname", "../newsletter.toml", "data:image/png,x"]
)
def test_only_addresses_of_the_web_and_whole_paths_are_pictures(
    workspace: Workspace, visitor: DeskVisitor, image: str
) -> None:
    pictures = with_pictures(workspace)
    shelve(workspace, piece(1, "قطار", image=image))
    assert "<img" not in visitor.get("/articles").text
    assert visitor.get("/thumb/1").status_code == 204
    assert pictures.asked == []


def test_the_picture_of_a_file_is_shown_too(workspace: Workspace, visitor: DeskVisitor, tmp_path: Path) -> None:
    path = tmp_path / "صورة.jpg"
    path.write_bytes(picture(300, 200))
    shelve(workspace, piece(1, "قطار", image=str(path)))
    assert visitor.get("/thumb/1").status_code == 200


def test_looking_writes_no_row(workspace: Workspace, visitor: DeskVisitor) -> None:
    with_pictures(workspace, one=picture(40, 30))
    shelve(workspace, piece(1, "قطار", image=f"{SITE}/one"))

    def rows() -> list[tuple[object, ...]]:
        from newsletter.storage.tables import metadata

        with workspace.database.read() as connection:
            return [tuple(row) for table in metadata.sorted_tables for row in connection.execute(table.select())]

    before = rows()
    for path in ("/articles", "/articles?q=قطار", "/thumb/1", "/thumb/1?wide=1"):
        for _ in range(3):
            visitor.get(path)
    assert rows() == before


def test_collecting_reads_the_sources_and_says_what_came(tmp_path: Path) -> None:
    newsroom.make(tmp_path / "w")
    clock = newsroom.Clock()
    site = newsroom.WordPress(newsroom.posts(12, 6, start=newsroom.START - timedelta(days=7)), clock)
    with newsroom.open_newsroom(tmp_path / "w", clock, site) as workspace:
        visitor = at_desk(workspace)
        assert visitor.post("/collect").json() == {"live": "12 مقالًا جديدًا", "added": 12, "troubles": []}
        assert len(ids(visitor.get("/articles").text)) == 12
        assert visitor.post("/collect").json()["live"] == "لا جديد"
        site.down = True
        said = visitor.post("/collect").json()
        assert (said["added"], len(said["troubles"])) == (0, 1)
        assert said["live"] == "لا جديد. مصدر واحد لم يُعطِ شيئًا."
        visitor.desk.library.collecting.acquire()
        assert visitor.post("/collect").status_code == 202
        with workspace.database.read() as connection:
            lines = activity.read(connection, acts=["collect"])
        assert [(one.by, one.about) for one in lines] == [("سلمى", "0"), ("سلمى", "0"), ("سلمى", "12")]


def test_without_a_source_there_is_nothing_to_collect(tmp_path: Path) -> None:
    from newsletter.workflows import first

    first.begin(tmp_path / "w")
    with open_workspace(tmp_path / "w", {}) as workspace:
        assert at_desk(workspace).post("/collect", headers={"accept": "application/json"}).status_code == 422


def test_who_may_only_look_collects_nothing(workspace: Workspace) -> None:
    visitor = at_desk(workspace, "look")
    assert visitor.post("/collect").status_code == 403
    assert visitor.get("/articles").status_code == 200
