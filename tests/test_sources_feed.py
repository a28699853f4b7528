"""Feeds as sites send them: each file in data/feeds beside the articles it must give."""

from __future__ import annotations

import gzip
import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.errors import SourceError
from newsletter.sources import feed

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DATA = Path(__file__).parent / "data" / "feeds"
CASES = sorted(path for path in DATA.iterdir() if not path.name.endswith(".expected.json"))
WHERE = "https://example.net/feed/"


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_reads(path: Path) -> None:
    expected = json.loads(path.with_suffix(".expected.json").read_text(encoding="utf-8"))
    found = feed.parse(path.read_bytes(), WHERE, now=NOW).articles
    assert len(found) == len(expected)
    for article, values in zip(found, expected, strict=True):
        got = {name: getattr(article, name) for name in values}
        if got.get("published"):
            got["published"] = article.published.isoformat() if article.published else None
        assert got == values
        assert article.source == WHERE


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_is_known_as_a_feed(path: Path) -> None:
    data = path.read_bytes()
    assert feed.looks_like(gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data)


@pytest.mark.parametrize("between", ["", "\n", " \ufeff\n"])
def test_two_prologs_are_one(between: str) -> None:
    prolog = '<?xml version="1.0" encoding="UTF-8"?>'
    data = f'{prolog}{between}{prolog}<rss version="2.0"><channel><item><title>خبر</title></item></channel></rss>'
    assert feed.looks_like(data.encode())
    assert [each.title for each in feed.parse(data.encode(), WHERE, now=NOW).articles] == ["خبر"]


@pytest.mark.parametrize("encoding", ["koi8-r", "cp1251", "cp1255", "utf-16-le"])
def test_a_feed_of_another_alphabet_that_nobody_named(encoding: str) -> None:
    title = "הספרייה העירונית נפתחת מחר בבוקר" if encoding == "cp1255" else "Библиотека открывается завтра утром"
    data = f'<?xml version="1.0"?><rss version="2.0"><channel><item><title>{title}</title></item></channel></rss>'
    packed = gzip.compress(gzip.compress(data.encode(encoding)))
    assert [each.title for each in feed.parse(packed, WHERE, charset="utf-8", now=NOW).articles] == [title]


@pytest.mark.parametrize("published", [1795169400, 1795169400000, "1795169400"])
def test_a_json_feed_may_give_seconds(published: object) -> None:
    data = json.dumps({"items": [{"title": "خبر", "content_text": "نص", "date_published": published}]}).encode()
    assert feed.parse(data, WHERE, now=NOW).articles[0].published == datetime(2026, 11, 20, 10, 10, tzinfo=UTC)


def test_an_address_before_a_name_is_cut_by_its_grammar() -> None:
    author = "editor@news.media (سلمى الراوي)"
    data = f'<rss version="2.0"><channel><item><title>خبر</title><author>{author}</author></item></channel></rss>'
    assert feed.parse(data.encode(), WHERE, now=NOW).articles[0].author == "سلمى الراوي"


def test_the_code_page_of_the_http_header_counts() -> None:
    data = '<rss version="2.0"><channel><item><title>Été</title></item></channel></rss>'.encode("cp1252")
    assert feed.parse(data, WHERE, charset="windows-1252", now=NOW).articles[0].title == "Été"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf \n", "the file is empty"),
        (b"/etc/passwd", "this is no feed"),
        (b"file:///etc/passwd", "this is no feed"),
        (b"<!DOCTYPE html><html><head></head><body><p>x</body></html>", "this is a web page, not a feed"),
        (b'{"a": 1}', "this JSON is no feed: it has no list of items"),
        (b'{"items": ' + b"[" * 100_000, "this is no JSON that can be read"),
        (b"\x1f\x8bnothing", "its gzip packing is broken"),
        (gzip.compress(b"<rss>" + b" " * 11_000_000), "the feed is larger than 10 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_feed_is_said_so(data: bytes, what: str) -> None:
    with pytest.raises(SourceError) as caught:
        feed.parse(data, WHERE, now=NOW)
    assert caught.value.what == what
    assert caught.value.mend


def test_a_feed_that_names_a_file_does_not_open_it(tmp_path: Path) -> None:
    secret = tmp_path / "secret.xml"
    secret.write_text('<rss version="2.0"><channel><item><title>secret</title></item></channel></rss>')
    with pytest.raises(SourceError, match="this is no feed"):
        feed.parse(str(secret).encode(), WHERE, now=NOW)


def test_an_empty_feed_is_no_fault() -> None:
    assert feed.parse(b"<rss version='2.0'><channel><title>x</title></channel></rss>", WHERE, now=NOW).articles == []


def lol() -> bytes:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return (
        f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "lol">{entities}]>'
        '<rss version="2.0"><channel><item><title>&l9;</title></item></channel></rss>'
    ).encode()


@pytest.mark.slow
@pytest.mark.parametrize(
    "data",
    [
        lol(),
        b"<rss version='2.0'><channel><item>" + b"<a>" * 100_000,
        b"<rss version='2.0'><channel><item><title>" + b"<" * 500_000,
        b"<rss version='2.0'><channel><item><title>x</title><description>" + b"&lt;div&gt;" * 200_000,
        b"<rss version='2.0'><channel>" + b"<!DOCTYPE a [" * 200_000,
        b"<rss version='2.0' x='" + b"y" * 5_000_000 + b"'><channel><item><title>x</title></item></channel></rss>",
        b"<rss version='2.0'><channel><item><title>x</title><description>" + b"&" * 500_000,
        b"<rss version='2.0'><channel><item><title>x</title><description>" + "… ".encode() * 300_000,
        b"<rss version='2.0'><channel>" + b"<item><title>x</title></item>" * 100_000,
    ],
    ids=["entities", "deep", "angles", "divs", "doctypes", "attribute", "ampersands", "ellipses", "items"],
)
def test_hostile_feeds_end_soon(data: bytes) -> None:
    began = time.thread_time()  # of this thread: other work on the machine does not count
    try:
        found = feed.parse(data, WHERE, now=NOW).articles
    except SourceError as error:
        found = []
        assert error.mend  # noqa: PT017  # either outcome is right, both are looked at
    assert time.thread_time() - began < 4
    assert len(found) <= 2000
    assert all("lollol" not in article.title for article in found)


PIECES = st.lists(
    st.sampled_from(
        [
            *("<rss version='2.0'>", "<channel>", "<item>", "</item>", "<title>", "</title>", "<link>", "</link>"),
            *(
                "<feed xmlns='http://www.w3.org/2005/Atom'>",
                "<entry>",
                "<content type='xhtml'>",
                "<pubDate>",
                "<![CDATA[",
            ),
            *(
                "]]>",
                "&amp;",
                "&#0;",
                "&x;",
                "<",
                ">",
                "\x00",
                "نص",
                "٢٠ نوفمبر ٢٠٢٦",
                "http://[",
                "javascript:x",
                "\ud800",
            ),
            *(
                "<media:content url='x' width='9999999999'/>",
                "<enclosure url='' type='image/x'/>",
                '{"items":[',
                "{}",
                "]}",
            ),
        ]
    ),
    max_size=30,
)


@settings(deadline=None, max_examples=150)
@given(PIECES.map("".join).map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=200))
def test_no_bytes_raise_anything_but_our_own(data: bytes) -> None:
    try:
        found = feed.parse(data, WHERE, now=NOW).articles
    except SourceError as error:
        found = []
        assert "\n" not in str(error)  # noqa: PT017  # either outcome is right, both are looked at
    assert all(article.title for article in found)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "title",
                    "url",
                    "id",
                    "content_html",
                    "content_text",
                    "authors",
                    "author",
                    "name",
                    "tags",
                    "image",
                    "items",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@settings(deadline=None, max_examples=60)
@given(st.lists(JSON, max_size=4))
def test_no_json_raises_anything_but_our_own(items: list[object]) -> None:
    data = json.dumps({"items": items, "authors": items, "home_page_url": items}).encode()
    assert all(article.title for article in feed.parse(data, WHERE, now=NOW).articles)


def test_the_links_of_an_alert_are_those_they_lead_to() -> None:
    link = "https://www.google.com/url?rct=j&amp;sa=t&amp;url=https://example.org/2026/11/a/&amp;ct=ga&amp;usg=AOv"
    data = '<feed xmlns="http://www.w3.org/2005/Atom"><title>تنبيه</title><entry><id>tag:google.com,2013:1</id>'
    data += f'<title type="html">&lt;b&gt;الواحة&lt;/b&gt; تزرع</title><link href="{link}"/></entry></feed>'
    (article,) = feed.parse(data.encode(), "https://www.google.com/alerts/feeds/1/2", now=NOW).articles
    assert (article.title, article.url) == ("الواحة تزرع", "https://example.org/2026/11/a/")
