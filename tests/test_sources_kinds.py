"""One table of what is collected from: a file and the same bytes at an address give the same articles."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from newsletter.errors import SourceError
from newsletter.sources import file, kinds
from newsletter.sources.collect import CollectedArticles, collect
from newsletter.sources.documents import ArticleFilter, Document
from newsletter.sources.http import Fetched, Kind

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ZONE = ZoneInfo("Africa/Algiers")
DATA = Path(__file__).parent / "data" / "kinds"
SITE = "https://example.org/of/the/desk/"

KIND_OF = {
    "feed-named-as-text.txt": "feed",
    "feed.json": "feed",
    "feed.xml": "feed",
    "links.csv": "list of links",
    "links.json": "list of links",
    "links.txt": "list of links",
    "markdown-with-address.md": "Markdown",
    "markdown.md": "Markdown",
    "page-named-as-feed.xml": "web page",
    "page-named-as-text.txt": "web page",
    "page-without-suffix": "web page",
    "page.html": "web page",
    "part-of-a-page": "web page",
    "sitemap.xml": "sitemap",
    "telegram.json": "Telegram channel",
    "text-with-address.txt": "plain text",
    "text.txt": "plain text",
    "wordpress.json": "WordPress list",
}
"""Every file of the folder, and what it is."""
SHOWS_ITS_OWN = {"markdown.md", "text.txt", "part-of-a-page"}
"""One article that names no address: at an address it has that one. What is in a feed or a channel has not.

A page's own word for its address (``canonical``) is believed of its own site only, so the site here is that one.
"""
MEDIA = {
    "feed-named-as-text.txt": "application/rss+xml",
    "feed.json": "application/feed+json",
    "feed.xml": "text/xml",
    "links.csv": "text/csv",
    "links.json": "application/json",
    "links.txt": "text/plain",
    "markdown-with-address.md": "text/markdown",
    "markdown.md": "text/markdown",
    "sitemap.xml": "application/xml",
    "telegram.json": "application/json",
    "text-with-address.txt": "text/plain",
    "text.txt": "text/plain",
    "wordpress.json": "application/json",
}
"""What a careful server calls them; the others are text/html."""

LINKED = (
    """<!doctype html><title>{n}</title><article><h1>صفحة من القائمة رقم {n}</h1><p>{text}</p><p>{text}</p></article>"""
)
SENTENCE = "يصل قطار الساحل إلى مرسى الريحان صباح كل يوم محملًا بالزوار القادمين من القرى والمدن القريبة منها."


class Door:
    """A web as a function from address to answer."""

    def __init__(self, answer: Callable[[str], Fetched]) -> None:
        self._answer = answer

    def get(
        self, url: str, kind: Kind = "any", *, headers: Mapping[str, str] | None = None, statuses: Collection[int] = ()
    ) -> Fetched:
        if url.startswith("https://example.net/"):
            number = {"one": 1, "two": 2}[url.rpartition("/")[2]]
            return Fetched(url, LINKED.format(n=number, text=SENTENCE).encode(), "text/html")
        return self._answer(url)


def gathered(
    target: str, *, answer: Callable[[str], Fetched] | None = None, since: date | None = None
) -> CollectedArticles:
    def nowhere(url: str) -> Fetched:
        raise AssertionError(url)

    return collect([target], fetcher=Door(answer or nowhere), now=NOW, zone=ZONE, since=since)


def served(name: str, media: str, url: str) -> CollectedArticles:
    found = gathered(url, answer=lambda asked: Fetched(asked, (DATA / name).read_bytes(), media))
    return replace(found, validators={})  # only an address has what says that it has not changed


def as_at(found: CollectedArticles, name: str, url: str) -> CollectedArticles:
    """What was collected from a file, with what only an address can add."""
    articles = tuple(
        replace(
            article,
            url=article.url or (url if name in SHOWS_ITS_OWN else ""),
            source=article.source.replace(str(DATA / name), url),
        )
        for article in found.articles
    )
    notes = tuple(note.replace(str(DATA / name), url) for note in found.notes)
    return replace(found, articles=articles, notes=notes)


@pytest.mark.parametrize("media", ["", "text/plain", "application/octet-stream", "right"])
@pytest.mark.parametrize("name", KIND_OF)
def test_a_file_and_its_bytes_at_an_address_are_one(name: str, media: str) -> None:
    media = MEDIA.get(name, "text/html") if media == "right" else media
    local = gathered(str(DATA / name))
    assert local.articles
    assert not local.troubles
    assert served(name, media, SITE + name) == as_at(local, name, SITE + name)


@pytest.mark.parametrize("name", KIND_OF)
def test_where_the_address_has_no_name_the_media_type_says_it(name: str) -> None:
    url = "https://example.org/download?id=7"
    local = gathered(str(DATA / name))
    assert served(name, MEDIA.get(name, "text/html"), url) == as_at(local, name, url)


def test_every_kind_of_the_table_has_an_input_here() -> None:
    assert {path.name for path in DATA.iterdir()} == set(KIND_OF)
    found = {name: kinds.recognised(file.document(DATA / name)).name for name in KIND_OF}
    assert found == KIND_OF
    # A WordPress site is an address that can be asked; its own tests ask it.
    assert {kind.name for kind in kinds.KINDS} == {*KIND_OF.values(), "WordPress site"}


def test_names_are_claimed_by_one_kind_only() -> None:
    claimed = [suffix for kind in kinds.KINDS for suffix in kind.suffixes]
    assert len(claimed) == len(set(claimed))


@pytest.mark.parametrize(
    ("name", "data", "what"),
    [
        ("a.txt", b"%PDF-1.7 ...", "this is a PDF"),
        ("a", b"PK\x03\x04....", "this is a Word file or a ZIP archive"),
        ("a.md", "نص بلا عنوان".encode(), "it has no headline"),
        ("a.txt", ("كلمة " * 100).encode(), "its first line is too long for a headline (499 letters)"),
        ("a.txt", b"a" * 1_000_001, "the file is larger than 1 MB"),
        ("a.rss", b"nothing of a feed", "this is no feed"),
        ("a.json", b"{}", "this JSON is no feed: it has no list of items"),
        ("a.csv", b"title\nx\n", "its first line names no column with addresses"),
        ("a.html", b"<html><body></body></html>", "no article can be found in this page"),
        ("a.xml", b"<rss version='2.0'><channel></channel></rss>", "the feed holds no article"),
        ("a.json", b'{"type": "public_channel", "messages": [', "this export of Telegram is cut off or damaged"),
        ("a.html", b"<html><form action=postpass method=post>", "the article wants a password"),
    ],
)
def test_a_fault_is_the_same_one_too(name: str, data: bytes, what: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    (local,) = gathered(str(tmp_path / name)).troubles
    (remote,) = gathered(SITE + name, answer=lambda url: Fetched(url, data)).troubles
    assert (local.what, remote.what) == (what, what)


@pytest.mark.parametrize("name", ["feed.xml", "telegram.json"])
def test_days_hold_for_files_as_for_addresses(name: str) -> None:
    local = gathered(str(DATA / name), since=date(2026, 11, 21))
    there = gathered(SITE + name, answer=lambda url: Fetched(url, (DATA / name).read_bytes()), since=date(2026, 11, 21))
    assert there.articles == as_at(local, name, SITE + name).articles
    assert len(local.articles) < len(gathered(str(DATA / name)).articles)


def test_a_list_may_not_lead_to_lists() -> None:
    def answer(url: str) -> Fetched:
        return Fetched(url, b"https://example.org/more.txt\nhttps://example.net/one\n", "text/plain")

    found = gathered(SITE + "links.txt", answer=answer)
    assert [article.title for article in found.articles] == ["صفحة من القائمة رقم 1"]
    assert [str(trouble) for trouble in found.troubles] == [
        "https://example.org/more.txt: this is a list within a list; collect from it by itself"
    ]


def test_what_a_markdown_file_names_beside_it_is_a_file_or_an_address(tmp_path: Path) -> None:
    """The one difference in pictures and links: they are relative to where the document is."""
    text = "# عنوان\n\n![بحر](sea.jpg)\n\n[صفحة](other.html)\n".encode()
    (tmp_path / "a.md").write_bytes(text)
    (tmp_path / "sea.jpg").write_bytes(b"x")
    (local,) = gathered(str(tmp_path / "a.md")).articles
    (there,) = gathered(SITE + "a.md", answer=lambda url: Fetched(url, text)).articles
    assert (local.image, there.image) == (str(tmp_path / "sea.jpg"), SITE + "sea.jpg")
    assert (local.body, "other.html" in there.body) == ("<p>صفحة</p>", True)


@pytest.mark.parametrize("reference", ["/etc/hostname", "../../../../../etc/hostname", "file:///etc/hostname"])
def test_a_document_from_an_address_reaches_no_file(reference: str) -> None:
    got = Fetched(SITE + "a.md", b"x")
    found = Document(b"x", got.url, got=got).picture(reference)
    assert found == "" or found.startswith("https://example.org/")


@pytest.mark.parametrize("media", ["text/css", "application/javascript", "text/html"])
def test_what_a_server_calls_something_else_is_no_plain_text(media: str) -> None:
    found = gathered(SITE + "style", answer=lambda url: Fetched(url, b"body {\n  color: black;\n}\n", media))
    assert [trouble.what for trouble in found.troubles] == ["no article can be found in this page"]


def test_nothing_at_an_address_is_told() -> None:
    with pytest.raises(SourceError, match="the page is empty; check the address"):
        raise gathered(SITE, answer=lambda url: Fetched(url, b" \r\n")).troubles[0]


def test_all_of_a_file_is_wanted_but_only_so_many_of_an_address(tmp_path: Path) -> None:
    items = "".join(f"<item><title>خبر {n}</title><link>https://example.org/{n}</link></item>" for n in range(60))
    data = f"<rss version='2.0'><channel>{items}</channel></rss>".encode()
    path = tmp_path / "feed.xml"
    path.write_bytes(data)
    assert len(kinds.read(file.document(path), ArticleFilter(NOW)).articles) == 60
    assert len(gathered(SITE, answer=lambda url: Fetched(url, data)).articles) == 50
