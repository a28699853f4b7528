"""The export of a Telegram channel: its posts as articles, what is left out and counted, and what is refused."""

from __future__ import annotations

import json
import shutil
from dataclasses import fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter import library
from newsletter.errors import SourceError
from newsletter.models import Article
from newsletter.sources import file, kinds, telegram
from newsletter.sources.collect import collect
from newsletter.sources.documents import ArticleFilter, Document, SourceResult
from newsletter.sources.http import Fetched
from newsletter.sources.identity import article_key
from newsletter.storage.database import Database

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WANTED = ArticleFilter(NOW, ZoneInfo("Africa/Algiers"))
DATA = Path(__file__).parent / "data" / "telegram"
EXPORT = DATA / "result.json"


def as_values(article: Article) -> dict[str, Any]:
    names = [field.name for field in fields(article) if field.name not in ("source", "sticky")]
    values = {name: getattr(article, name) for name in names}
    return values | {
        "published": article.published.isoformat() if article.published else None,
        "tags": list(article.tags),
        "identities": list(article.identities),
    }


def read(path: Path, wanted: ArticleFilter = WANTED) -> SourceResult:
    return kinds.read(file.document(path), wanted)


def export(*messages: Any, **others: Any) -> str:
    channel = {"name": "مرسى الريحان", "type": "public_channel", "id": 42, "messages": messages, **others}
    return json.dumps(channel, ensure_ascii=False)


def post(*text: Any, number: int = 9, **others: Any) -> dict[str, Any]:
    return {"id": number, "type": "message", "date_unixtime": "1795166100", "text": list(text), **others}


def only(*text: Any, **others: Any) -> Article:
    document = Document(export(post(*text, **others)).encode(), "result.json", path=Path("result.json"))
    (article,) = kinds.read(document, WANTED).articles
    return article


def part(kind: str, text: str, href: str = "") -> dict[str, str]:
    return {"type": kind, "text": text} | ({"href": href} if href else {})


# A whole export


def test_every_post_with_words_is_an_article() -> None:
    brought = read(EXPORT)
    expected = (DATA / "expected.json").read_text("utf-8").replace("{folder}", str(DATA))
    assert [as_values(article) for article in brought.articles] == json.loads(expected)
    assert {article.source for article in brought.articles} == {str(EXPORT)}


def test_what_is_left_out_is_counted_in_one_line() -> None:
    assert read(EXPORT).notes == (
        f"{EXPORT}: messages left out: 4 (about the channel itself 1, not understood 1, polls 1, without words 1)",
    )


def test_days_choose_among_the_posts() -> None:
    found = read(EXPORT, ArticleFilter(NOW, since=date(2026, 11, 21), until=date(2026, 11, 22)))
    assert [article.title for article in found.articles] == ["أمسية قراءة للأطفال مساء الأحد"]
    nothing = read(EXPORT, ArticleFilter(NOW, since=date(2026, 11, 24)))
    assert nothing.articles == ()
    assert nothing.notes[-1] == f"{EXPORT}: nothing was published in the time asked for"


# Addresses, and what a post is known by without one


def test_the_name_of_the_file_may_say_the_channels_name(tmp_path: Path) -> None:
    path = tmp_path / "@marsa_news.json"
    shutil.copy(EXPORT, path)
    found = read(path).articles
    assert [article.url for article in found] == [f"https://t.me/marsa_news/{number}" for number in (7, 4, 2)]


@pytest.mark.parametrize(
    ("username", "url"),
    [
        ("marsa_news", "https://t.me/marsa_news/9"),
        ("@marsa_news", "https://t.me/marsa_news/9"),
        ("a/b", ""),
        ("مرسى", ""),
        (7, ""),
    ],
)
def test_or_a_key_in_the_export(username: Any, url: str) -> None:
    document = Document(export(post("عنوان"), username=username).encode(), "r", path=Path("r.json"))
    (article,) = telegram.read(document, WANTED).articles
    assert article.url == url


def test_a_post_without_address_is_known_by_its_numbers(database: Database) -> None:
    """Corrected in the channel and exported again, it is the same article, and takes the correction over."""
    before, after = only("عنوان الخبر\nنص فيه خطء."), only("عنوان الخبر\nنص بلا خطأ.")
    other = only("عنوان الخبر\nنص بلا خطأ.", number=10)
    assert article_key(before) == article_key(after) == "id:telegram:42/9"
    assert article_key(other) == "id:telegram:42/10"
    with database.write() as connection:
        first = library.shelve(connection, [before], now=NOW)
        again = library.shelve(connection, [after], now=NOW)
        assert (len(first.added), again.updated) == (1, first.added)
        (holding,) = library.holdings(connection)
    assert holding.article.body == "<p>نص بلا خطأ.</p>"


def test_two_exports_that_overlap_give_each_post_once(tmp_path: Path) -> None:
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    one.write_text(export(post("أول", number=1), post("ثانٍ", number=2)), "utf-8")
    two.write_text(export(post("ثانٍ", number=2), post("ثالث", number=3)), "utf-8")
    found = collect([str(one), str(two)], fetcher=nowhere, now=NOW)
    assert [article.title for article in found.articles] == ["ثانٍ", "أول", "ثالث"]


class Nowhere:
    def get(self, url: str, *_: Any, **__: Any) -> Fetched:
        raise AssertionError(url)


nowhere = Nowhere()

# Words


@pytest.mark.parametrize(
    ("text", "title", "section", "tags"),
    [
        (["عنوان\n", part("hashtag", "#اقتصاد")], "عنوان", "اقتصاد", ()),
        ([part("hashtag", "#اقتصاد"), "\nعنوان"], "عنوان", "اقتصاد", ()),
        ([part("hashtag", "#اقتصاد"), ": عنوان"], "عنوان", "اقتصاد", ()),
        (["🔴 ", part("hashtag", "#عاجل"), " | عنوان"], "عنوان", "", ("عاجل",)),
        ([part("hashtag", "#عاجل"), " ", part("hashtag", "#سوق_الزيت"), " — عنوان"], "عنوان", "سوق الزيت", ("عاجل",)),
        (["يعود ", part("hashtag", "#سوق_الزيت"), " السبت"], "يعود سوق الزيت السبت", "", ("سوق الزيت",)),
        ([part("hashtag", "#سوق_الزيت"), " يعود"], "سوق الزيت يعود", "", ("سوق الزيت",)),
        (["عنوان | آخر"], "عنوان | آخر", "", ()),
    ],
)
def test_hashtags_become_section_and_tags(text: list[Any], title: str, section: str, tags: tuple[str, ...]) -> None:
    article = only(*text)
    assert (article.title, article.section, article.tags) == (title, section, tags)


@pytest.mark.parametrize(
    ("parts", "body"),
    [
        ([part("text_link", "هنا", "https://example.org/أ")], '<p><a href="https://example.org/%D8%A3">هنا</a></p>'),
        ([part("link", "example.org/a")], '<p><a href="https://example.org/a">example.org/a</a></p>'),
        ([part("mention", "@marsa_news")], '<p><a href="https://t.me/marsa_news">@marsa_news</a></p>'),
        ([part("text_link", "هنا", "javascript:alert(1)")], "<p>هنا</p>"),
        ([part("text_link", "هنا", "tg://user?id=1")], "<p>هنا</p>"),
        ([part("bold", "أ\nب")], "<p><strong>أ</strong></p><p><strong>ب</strong></p>"),
        ([part("italic", "أ"), part("underline", "ب"), part("spoiler", "ج")], "<p><em>أ</em><u>ب</u>ج</p>"),
        ([part("blockquote", "قول")], "<blockquote><p>قول</p></blockquote>"),
        ([part("code", "<b>x</b> & y")], "<p>&lt;b&gt;x&lt;/b&gt; &amp; y</p>"),
        (
            [part("email", "a@example.org"), part("phone", "+213"), part("custom_emoji", "🌊")],
            "<p>a@example.org+213🌊</p>",
        ),
    ],
)
def test_the_parts_of_a_post(parts: list[Any], body: str) -> None:
    assert only("عنوان\n", *parts).body == body


def test_what_a_headline_leads_to_stands_below_it() -> None:
    linked = part("text_link", "عنوان", "https://example.org/a?b=1&c=2")
    article = only(linked, "\nنص")
    assert (article.title, article.summary) == ("عنوان", "نص")
    assert article.body == '<p>نص</p><p><a href="https://example.org/a?b=1&amp;c=2">example.org</a></p>'
    repeated = only(linked, "\n", part("text_link", "نص", "https://example.org/a?b=1&c=2"))
    assert repeated.body.count("<a ") == 1


def test_a_first_line_that_is_a_paragraph_stays_in_the_body() -> None:
    line = "قالت البلدية إن أشغال الرصيف انتهت قبل موعدها بشهر. " * 4
    article = only(line)
    assert article.title == "قالت البلدية إن أشغال الرصيف انتهت قبل موعدها بشهر."
    assert article.body.startswith("<p>قالت البلدية")
    assert article.body.count("بشهر") == 4


def test_control_characters_as_telegram_writes_them(tmp_path: Path) -> None:
    r"""Its writer makes ``\x0B`` of a control character, which is no JSON; ``\\x0B`` is a backslash in the text."""
    path = tmp_path / "result.json"
    path.write_text(export(post("عنوان VT\nمسار SLASHx41")).replace("VT", r"\x0B").replace("SLASH", r"\\"), "utf-8")
    (article,) = read(path).articles
    assert (article.title, article.body) == ("عنوان", r"<p>مسار \x41</p>")


# Moments and pictures


@pytest.mark.parametrize(
    ("values", "published"),
    [
        ({}, "2026-11-20T10:15:00+01:00"),
        ({"date_unixtime": 1795166100}, "2026-11-20T10:15:00+01:00"),
        ({"date_unixtime": None, "date": "2026-11-20T10:15:00"}, "2026-11-20T10:15:00+01:00"),
        ({"date_unixtime": "9" * 11}, None),
        ({"date_unixtime": "9" * 5000}, None),
        ({"date_unixtime": "soon"}, None),
    ],
)
def test_moments(values: dict[str, Any], published: str | None) -> None:
    found = only("عنوان", **values).published
    assert (found.isoformat() if found else None) == published


@pytest.mark.parametrize(
    "photo", ["../secret.jpg", "/etc/hostname", "{out}", "photos/gone.jpg", "photos/a.txt", 3, "\ud800.jpg"]
)
def test_only_pictures_of_the_export_are_taken(photo: Any, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    (folder / "photos").mkdir(parents=True)
    for path in (tmp_path / "secret.jpg", folder / "photos" / "a.txt", folder / "photos" / "in.jpg"):
        path.write_bytes(b"x")
    photo = str(tmp_path / "secret.jpg") if photo == "{out}" else photo
    (folder / "result.json").write_text(
        json.dumps(json.loads(export(post("عنوان", photo=photo), post("آخر", photo="photos/in.jpg")))), "utf-8"
    )
    other, article = read(folder / "result.json").articles
    assert (article.image, other.image) == ("", str(folder / "photos" / "in.jpg"))


# What is refused


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            export(post("عنوان"))[:-9],
            "{where}:1: this export of Telegram is cut off or damaged; export the channel again",
        ),
        (
            export(post("عنوان"), type="personal_chat"),
            "{where}: this is the export of a personal chat, not of a channel",
        ),
        (export(post("عنوان"), type="public_supergroup"), "of a public supergroup, not of a channel"),
        (export(post("عنوان"), type="\n"), "this is the export of a chat, not of a channel"),
        (export(post("عنوان"), type=None), "this is the export of a chat, not of a channel"),
        (json.dumps({"about": "…", "personal_information": {}, "chats": {}}), "of a whole account, not of one channel"),
        (export(), "{where}: the channel has no post with words; choose other days when you export it"),
        (export({"id": 1, "type": "service"}, post("")), "the channel has no post with words"),
    ],
)
def test_what_is_no_channel_is_refused_in_one_line(text: str, line: str, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text(text, "utf-8")
    with pytest.raises(SourceError) as caught:
        read(path)
    assert line.format(where=path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.mend


@pytest.mark.parametrize("text", ['{"items": []}', '{"messages": []}', '[{"type": "x", "messages": []}]', "", "نص"])
def test_what_is_no_export_is_left_to_others(text: str) -> None:
    assert not telegram.holds(Document(text.encode(), "x", path=Path("x.json")))


def test_what_comes_from_an_address_reaches_no_file() -> None:
    data = export(post("عنوان", photo="photos/a.jpg"), post("آخر", photo="/etc/a.jpg")).encode()
    got = Fetched("https://example.org/export/result.json", data, "application/json")
    found = kinds.read(Document(data, got.url, got=got), WANTED).articles
    assert [each.image for each in found] == [
        "https://example.org/etc/a.jpg",
        "https://example.org/export/photos/a.jpg",
    ]


# Anything of that shape

LEAF = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(
        [
            "message",
            "service",
            "hashtag",
            "bold",
            "link",
            "text_link",
            "mention",
            "#أ | ب",
            "\n",
            "1795166100",
            "photos/a.jpg",
        ]
    )
)
PARTS = st.lists(LEAF | st.dictionaries(st.sampled_from(["type", "text", "href"]), LEAF, max_size=3), max_size=4)
MESSAGE = LEAF | st.dictionaries(
    st.sampled_from(
        ["id", "type", "date", "date_unixtime", "text", "text_entities", "photo", "author", "forwarded_from", "poll"]
    ),
    LEAF | PARTS,
    max_size=8,
).map(lambda values: {"type": "message", **values})


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(MESSAGE, max_size=4), st.dictionaries(st.sampled_from(["id", "name", "username", "type"]), LEAF), st.data()
)
def test_no_export_ends_in_a_traceback(messages: list[Any], others: dict[str, Any], data: st.DataObject) -> None:
    channel = {"type": "public_channel", "id": 42, **others, "messages": messages}
    text = json.dumps(channel, ensure_ascii=data.draw(st.booleans()))
    text = text[: data.draw(st.integers(0, len(text)))] if data.draw(st.booleans()) else text
    document = Document(text.encode("utf-8", "surrogatepass"), "result.json", path=Path("result.json"))
    line, articles = "", ()
    try:
        articles = telegram.read(document, WANTED).articles
    except SourceError as error:
        line = str(error)
    assert "\n" not in line
    for article in articles:
        assert article.title == article.title.strip() != ""
        assert "\n" not in article.title
        assert article_key(article)
        (article.title + article.body + article.summary + article.section + "".join(article.tags)).encode()
        assert article.published is None or article.published.tzinfo is not None
