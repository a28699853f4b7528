"""Local files: every kind to its article, every fault to one clear line."""

from __future__ import annotations

import gzip
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.errors import SourceError
from newsletter.models import Article
from newsletter.sources import file, kinds
from newsletter.sources.clean import paragraphs
from newsletter.sources.documents import ArticleFilter
from newsletter.text.tidy import reading_minutes

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DATA = Path(__file__).parent / "data" / "sources"
ARTICLE = Path(__file__).parent / "data" / "journey" / "article-with-tail.txt"
CASES = sorted(path for path in DATA.iterdir() if path.suffix in (".txt", ".md"))


def read(path: Path) -> list[Article]:
    return list(kinds.read(file.document(path), ArticleFilter(NOW)).articles)


def as_values(article: Article) -> dict[str, Any]:
    names = ("title", "url", "summary", "body", "image", "image_alt", "author", "section", "published")
    values = {name: getattr(article, name) for name in names}
    return values | {"published": article.published.isoformat() if article.published else None}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_reads(path: Path) -> None:
    expected = path.with_suffix(".json").read_text(encoding="utf-8").replace("{folder}", str(DATA))
    found = read(path)
    assert [as_values(article) for article in found] == json.loads(expected)
    assert {article.source for article in found} == {str(path)}


def test_an_article_of_a_wordpress_site_is_one_article_without_its_tail() -> None:
    lines = ARTICLE.read_text(encoding="utf-8").splitlines()
    (article,) = read(ARTICLE)
    assert article.title == lines[0]
    assert paragraphs(article.body) == lines[1:10]
    assert article.body.count("<p>") == 9
    assert not any(line in article.body for line in lines[10:])
    assert reading_minutes("\n".join(lines[1:10])) == 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1256", "iso8859-6"])
def test_a_text_in_any_arabic_code_page(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "خبر.txt"
    path.write_bytes("عنوان الخبر\r\nأول فقرة في الخبر، وهي قصيرة.\r\n".encode(encoding))
    (article,) = read(path)
    assert (article.title, paragraphs(article.body)) == ("عنوان الخبر", ["أول فقرة في الخبر، وهي قصيرة."])


def test_html_signs_in_a_text_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("أ < ب\n<script>alert(1)</script> & ج\n", encoding="utf-8")
    (article,) = read(path)
    assert article.title == "أ < ب"
    assert article.body == "<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp; ج</p>"


def test_what_a_file_is_its_content_says(tmp_path: Path) -> None:
    rss = '<?xml version="1.0"?><rss version="2.0"><channel><item><title>خبر من خلاصة</title></item></channel></rss>'
    for name in ("feed.txt", "feed.xml", "feed", "feed.xml.gz"):
        data = rss.encode()
        (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        assert [article.title for article in read(tmp_path / name)] == ["خبر من خلاصة"]


def refusal(path: Path) -> str:
    with pytest.raises(SourceError) as caught:
        read(path)
    line = str(caught.value)
    assert "\n" not in line
    assert caught.value.mend
    assert line.startswith(str(path))
    return caught.value.what


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("empty.txt", b"", "the file is empty"),
        ("blank.txt", b" \r\n\x00\n", "the file is empty"),
        ("bom.txt", b"\xef\xbb\xbf\n", "the file is empty"),
        (
            "tail-only.txt",
            "اكتشاف المزيد من س\nاشترك للحصول على أحدث التدوينات المرسلة إلى بريدك الإلكتروني.".encode(),
            "empty",
        ),
        ("long-line.txt", ("كلمة " * 100).encode(), "its first line is too long for a headline"),
        ("a.pdf", b"%PDF-1.7 ...", "this is a PDF"),
        ("a.txt", b"%PDF-1.7 ...", "this is a PDF"),
        ("a.docx", b"PK\x03\x04....", "a Word file"),
        ("a.txt", bytes(range(256)) * 8, "this is no text"),
        ("a.png", b"\x89PNG\r\n", "a picture"),
        ("open.md", "+++\ntitle = 'x'\nنص".encode(), "its front matter is not closed"),
        ("bad.md", "+++\ntitle = خبر\n+++\nنص".encode(), "its front matter cannot be read"),
        ("none.md", "نص بلا عنوان".encode(), "it has no headline"),
        ("page.xml", b"<!doctype html><html><body>x</body></html>", "no article can be found"),
        ("feed.xml", b"<rss version='2.0'><channel></channel></rss>", "the feed holds no article"),
        ("a.json", b"{}", "this JSON is no feed"),
        ("a.json", b"{", "this is no JSON that can be read"),
        ("a.rss", b"nothing of a feed", "this is no feed"),
        ("a.html", b"<html><body></body></html>", "no article can be found"),
        ("huge.txt", b"a" * 1_000_001, "the file is larger than 1 MB"),
        ("huge.xml", b"<rss>" + b"a" * 10_000_001, "larger than 10 MB"),
        ("huge.bin", b"a" * 15_000_001, "larger than 15 MB"),
        ("bomb.xml", gzip.compress(b"\0" * 20_000_000), "larger than 15 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_faults_are_one_line(name: str, content: bytes, what: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    if path.suffix == ".md" and "read" in what:
        with pytest.raises(SourceError) as caught:
            read(path)
        assert caught.value.where == f"{path}:2"
        return
    assert what in refusal(path)


def test_what_is_not_a_readable_file_is_said_so(tmp_path: Path) -> None:
    assert refusal(tmp_path / "missing.txt") == "there is no such file"
    assert refusal(tmp_path) == "this is a directory"
    os.mkfifo(tmp_path / "pipe")
    assert refusal(tmp_path / "pipe") == "this is no ordinary file"
    assert "cannot be read" in refusal(tmp_path / ("ا" * 300))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_an_unreadable_file_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "locked.txt"
    path.write_text("خبر", encoding="utf-8")
    path.chmod(0)
    assert refusal(path) == "the file may not be read"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    suffix=st.sampled_from([".txt", ".md", ".html", ".xml", ".json", ""]),
    content=st.binary(max_size=300)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.text(st.sampled_from("+-=#![]()<>/:\"'\n أبr"), max_size=120).map(str.encode),
)
def test_no_content_raises_anything_but_our_own(suffix: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"any{suffix}"
    path.write_bytes(content)
    try:
        found = read(path)
    except SourceError as error:
        line = str(error)
    else:
        line = found[0].title if found else "a list of links"
    assert line
    assert "\n" not in line
