"""Lists of links that an editor keeps."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.errors import SourceError
from newsletter.sources import listing
from newsletter.sources.collect import collect
from newsletter.sources.http import Fetched, Kind
from newsletter.sources.listing import ListedLink

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
A, B = "https://example.org/a?x=1,2", "https://example.org/%D8%A8"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1256"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "؛"])
def test_csv_with_arabic_headers(encoding: str, delimiter: str) -> None:
    rows = [
        ["العنوان", "الرابط", "القسم", "ملاحظات"],
        ["خبر أول", f'"{A}"', "ثقافة", "x"],
        ["", "https://example.org/ب", "", ""],
    ]
    data = "\r\n".join(delimiter.join(row) for row in rows).encode(encoding)
    assert listing.parse(data, "l.csv") == [ListedLink(A, "خبر أول", "ثقافة", line=2), ListedLink(B, line=3)]


@pytest.mark.parametrize(
    "text",
    [
        f"url\n{A}\n{B}\n",
        f"{A}\n\n# تعليق\n{B}\n",
        f"link,title\n\"{A}\",\n{B},\n",
        json.dumps([A, {"الرابط": B}]),
        json.dumps([{"url": A, "x": 5}, {"href": B, "title": None}]),
    ],
)  # fmt: skip
def test_other_shapes(text: str) -> None:
    assert [link.url for link in listing.parse(text.encode(), "l")] == [A, B]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "l: the file is empty; write one address a line"),
        ("url\n", "l: the list names no address; write one address a line"),
        ("title\nx\n", "l:1: its first line names no column with addresses; name one of them url or الرابط"),
        ("url\nnope\n", "l:2: 'nope' is no web address; write it out, beginning with https://"),
        ("url,title\n,خبر\n", "l:2: 'nothing' is no web address; write it out, beginning with https://"),
        ("[1, 2]", "l: the list names no address; write one address a line"),
        ('["https://example.org/"', "l:1: this is no JSON that can be read; check its commas"),
    ],
)
def test_faults_are_one_line(text: str, line: str) -> None:
    with pytest.raises(SourceError) as caught:
        listing.parse(text.encode(), "l")
    assert str(caught.value) == line


@pytest.mark.parametrize(
    ("data", "suffix", "expected"),
    [
        (b"x", ".csv", True),
        (b"https://example.org/\nhttps://example.org/2\n", ".txt", True),
        ("https://example.org/ خبر".encode(), ".txt", False),
        ("خبر\nhttps://example.org/".encode(), ".txt", False),
        (b'["https://example.org"]', ".json", True),
        (b'{"items": []}', ".json", False),
        (b"https://example.org/", ".md", False),
    ],
)
def test_is_known_as_a_list(data: bytes, suffix: str, expected: bool) -> None:
    assert listing.looks_like(data, suffix) is expected


def test_what_the_editor_wrote_in_the_list_wins(tmp_path: Path) -> None:
    text = "يفتح المتحف أبوابه ليلاً طوال شهر رمضان أمام العائلات، ويقدم أمسيات موسيقية في باحته الداخلية القديمة."

    class Site:
        def get(
            self,
            url: str,
            kind: Kind = "any",
            *,
            headers: Mapping[str, str] | None = None,
            statuses: Collection[int] = (),
        ) -> Fetched:
            feed = (
                "<rss version='2.0'><channel><item><title>1</title></item><item><title>2</title></item></channel></rss>"
            )
            page = f"<article><h1>عنوان الصفحة الطويل</h1><p>{text}</p><p>{text}</p></article>"
            return Fetched(url, (feed if url.endswith("feed") else page).encode())

    path = tmp_path / "links.csv"
    path.write_text(
        "الرابط,العنوان,القسم\nhttps://example.org/a,عنواني أنا,ثقافة\nhttps://example.org/feed,لا يهم,رياضة\n",
        encoding="utf-8",
    )
    done: list[str] = []
    found = collect([str(path)], fetcher=Site(), now=NOW, progress=lambda target, _: done.append(target))
    assert [(each.title, each.section) for each in found.articles] == [
        ("عنواني أنا", "ثقافة"),
        ("1", "رياضة"),
        ("2", "رياضة"),
    ]
    assert sorted(done) == ["https://example.org/a", "https://example.org/feed"]


@settings(deadline=None)
@given(st.text(st.sampled_from("url,;\t\n\"'[]{}:/ابرط. https\x00"), max_size=80) | st.text(max_size=60))
def test_no_text_raises_anything_but_our_own(text: str) -> None:
    try:
        found = listing.parse(text.encode("utf-8", "replace"), "l")
    except SourceError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome is right, both are looked at
    else:
        assert all(link.url.startswith("http") for link in found)
