"""Collecting from many places at once: the good is kept, the troubles are listed."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from newsletter.models import Article
from newsletter.sources.collect import collect, merged
from newsletter.sources.http import Fetched, Fetcher, FetchError, Kind

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)

FEED = """<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>م</title><link>https://example.org/</link>
<item><title>افتتاح المعرض السنوي للكتاب</title><link>https://example.org/fair/?utm_source=rss</link>
<pubDate>Fri, 20 Nov 2026 10:00:00 GMT</pubDate></item>
<item><title>خبر ثانٍ</title><link>https://example.org/second</link></item></channel></rss>"""

PAGE = """<!doctype html><html dir=rtl lang=ar><head><meta charset=utf-8><title>افتتاح المعرض السنوي للكتاب</title>
<meta property="og:image" content="/fair.jpg"></head><body><article><h1>افتتاح المعرض السنوي للكتاب</h1>
<p>افتتح معرض الكتاب أبوابه صباح الجمعة أمام آلاف الزوار الذين جاؤوا من المدن والقرى القريبة منذ ساعات الصباح.</p>
<p>ويشارك في المعرض مئتا ناشر، وتستمر أيامه حتى نهاية الشهر، مع ندوات مسائية وقراءات للأطفال في كل يوم.</p>
</article></body></html>"""


class FakeSite:
    """Stands in for the fetcher: a function from address to bytes."""

    def __init__(self, answer: Callable[[str], bytes]) -> None:
        self._answer = answer
        self.asked: list[str] = []
        self._lock = threading.Lock()

    def get(
        self, url: str, kind: Kind = "any", *, headers: Mapping[str, str] | None = None, statuses: Collection[int] = ()
    ) -> Fetched:
        with self._lock:
            self.asked.append(url)
        return Fetched(url=url, data=self._answer(url))


def answer(url: str) -> bytes:
    if url.endswith("/feed/"):
        return FEED.encode()
    if url.endswith("/fair"):
        return PAGE.encode("cp1256")
    if url.endswith("/empty"):
        return b"<rss version='2.0'><channel></channel></rss>"
    raise FetchError("there is nothing at this address (404)", where=url, mend="check the address", status=404)


def test_good_ones_are_kept_and_troubles_listed_in_order(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("كلمة المحرر\nنص الكلمة.\n", encoding="utf-8")
    done: list[tuple[str, int]] = []
    targets = [
        "https://example.org/gone",
        str(tmp_path / "missing.txt"),
        "https://example.org/feed/",
        str(note),
        "https://example.org/empty",
        "https://example.org/feed/",
    ]
    site = FakeSite(answer)
    found = collect(targets, fetcher=site, now=NOW, progress=lambda target, count: done.append((target, count)))
    assert [article.title for article in found.articles] == ["افتتاح المعرض السنوي للكتاب", "خبر ثانٍ", "كلمة المحرر"]
    assert [str(trouble) for trouble in found.troubles] == [
        "https://example.org/gone: there is nothing at this address (404); check the address",
        f"{tmp_path / 'missing.txt'}: there is no such file; check the path; an address begins with https://",
        "https://example.org/empty: the feed holds no article; check the address",
    ]
    assert sorted(done) == sorted(zip(targets[:5], (0, 0, 2, 1, 0), strict=True))
    assert sorted(site.asked) == sorted({target for target in targets if target.startswith("https")})


def test_one_article_by_two_roads_is_one_and_keeps_the_best_of_both() -> None:
    found = collect(["https://example.org/feed/", "https://example.org/fair"], fetcher=FakeSite(answer), now=NOW)
    assert len(found.articles) == 2
    fair = found.articles[0]
    assert fair.url == "https://example.org/fair/?utm_source=rss"
    assert fair.published == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert fair.image == "https://example.org/fair.jpg"
    assert fair.body.startswith("<p>افتتح معرض الكتاب")
    assert fair.summary.startswith("افتتح معرض الكتاب")


def test_everything_is_asked_at_once() -> None:
    together = threading.Barrier(3, timeout=120)

    def slow(url: str) -> bytes:
        together.wait()
        return FEED.replace("example.org", f"{url[-1]}.example.org").encode()

    found = collect([f"https://example.org/{n}" for n in "abc"], fetcher=FakeSite(slow), now=NOW)
    assert len(found.articles) == 6
    assert not found.troubles


def test_nothing_to_collect() -> None:
    assert collect([], fetcher=FakeSite(answer), now=NOW).articles == ()


def test_a_surprise_in_one_source_is_not_hidden() -> None:
    """A fault of ours is a fault, not a trouble of the site: it must be seen."""

    def broken(url: str) -> bytes:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        collect(["https://example.org/"], fetcher=FakeSite(broken), now=NOW)


def test_merging_keeps_a_picture_with_its_own_words() -> None:
    first = Article("أ", url="https://example.org/a", image="https://example.org/1.jpg")
    other = Article("أ", url="http://example.org/a/", image="https://example.org/2.jpg", image_alt="وصف", author="س")
    (both,) = merged([first, other])
    assert (both.image, both.image_alt, both.author) == ("https://example.org/1.jpg", "", "س")
    (turned,) = merged([Article("أ", url="https://example.org/a"), other])
    assert (turned.image, turned.image_alt) == ("https://example.org/2.jpg", "وصف")


# Hostile sites by the whole road: fetched, recognised, parsed; each ends in time and memory with one line or articles.

DEADLINE = 3.0
MIB = 1024 * 1024


def entity_bomb() -> bytes:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return (
        f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "lol">{entities}]><rss version="2.0"><channel><item>'
        "<title>&l9;</title></item></channel></rss>"
    ).encode()


HOSTILE = {
    "a path": b"/etc/passwd",
    "a path as feed": b"<rss version='2.0'><channel><item><title>x</title><link>file:///etc/passwd</link></item></channel></rss>",
    "deep page": b"<html><h1>x</h1>" + b"<div>" * 400_000,
    "deep feed": b"<rss version='2.0'><channel><item>" + b"<a>" * 200_000,
    "entities": entity_bomb(),
    "attribute": b"<html><h1>x</h1><p title='" + b"y" * 4_900_000 + b"'>z",
    "wrong charset": "<html><meta charset=utf-32><h1>عنوان</h1><p>نص".encode("cp1256"),
    "random": bytes(range(256)) * 10_000,
    "nulls": b"\0" * 4_000_000,
    "json": b'{"items": [' + b"[" * 1_000_000,
    "paragraphs": b"<html><h1>x</h1>" + b"<p>" + "نص ".encode() * 20 + b"</p>",
    "many paragraphs": b"<html><h1>x</h1>" + b"<p>text of a paragraph that says little</p>" * 100_000,
    "ampersands": b"<html><h1>x</h1><p>" + b"&" * 2_000_000,
    "packed feed": gzip.compress(b"<rss>" + b" " * 60_000_000),
}


def serve(body: bytes, headers: bytes = b"") -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        while True:
            try:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n%s\r\n" % (
                        len(body),
                        headers,
                    )
                    connection.sendall(head + body)
            except OSError:
                return

    threading.Thread(target=run, daemon=True).start()
    return listener


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_answers_end_in_time_and_memory(name: str) -> None:
    process = psutil.Process()
    before, peak, done = process.memory_info().rss, [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            peak[0] = max(peak[0], process.memory_info().rss)

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    # CPU of the process, not the clock on the wall: other work on the machine does not count.
    began = time.process_time()
    with serve(HOSTILE[name]) as listener, Fetcher("test", allow_loopback=True, deadline=DEADLINE) as fetcher:
        found = collect([f"http://127.0.0.1:{listener.getsockname()[1]}/a"], fetcher=fetcher, now=NOW)
    took = time.process_time() - began
    done.set()
    watching.join()
    assert took < DEADLINE + 1
    assert peak[0] - before < 200 * MIB
    assert len(found.troubles) == 1 or found.articles
    assert all("\n" not in str(trouble) and trouble.mend for trouble in found.troubles)
    assert all("lollol" not in article.title and "root:" not in article.title for article in found.articles)
    assert all(article.url.startswith("http") or not article.url for article in found.articles)
