"""Read a thousand feed entries and a hundred REST posts, mark the copies among a thousand articles, and collect.

    python benchmarks/bench_collect.py

Each is measured in the same run beside a floor or the naive way: feedparser alone on the same feed (no decoding, no
cleaning, no summary), json.loads alone on the same posts, and comparing every pair of articles by the same measure.
Times of these are the best of several rounds, in CPU seconds of this process; nothing is fetched.

Then sources are collected from a server on loopback into a fresh workspace, as the command does it: a feed of two
thousand entries, the same again, and fifty sources of which ten are dead, slow or lying; by the clock. And many good
feeds are read within the fence and without it.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import feedparser

from newsletter.sources import feed, kinds, wordpress
from newsletter.sources.documents import ArticleFilter, Document
from newsletter.sources.fence import Fence
from newsletter.sources.http import Fetched
from newsletter.text.likeness import THRESHOLD, mark
from newsletter.text.tidy import arabic_fold
from newsletter.wiring import open_workspace
from newsletter.workflows.collect import CollectOutcome, gather
from newsletter.workspace import folder

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
ROOT = "https://example.org/wp-json/"
SENTENCE_WORDS = (
    "أعلنت البلدية إطلاق مشروع جديد لتشجير الشوارع الرئيسية وقال رئيسها إن العمل يبدأ غدا في الحي القديم بمشاركة طلاب "
    "المدارس والجمعيات المحلية ويشمل غرس ألف شجرة زيتون خلال العام المقبل وتبلغ كلفته مليوني دينار تتقاسمها مع متبرعين "
    "من أبناء المدينة في الخارج بينما ينتظر السكان افتتاح السوق المغطاة وعودة القطار إلى المرفأ بعد توقف طويل"
)


def story(number: int, words: int = 300) -> list[str]:
    """Paragraphs of a story; every tenth story is an edited copy of the one before."""
    chance = random.Random(number - (number % 10 == 9))
    text = [chance.choice(SENTENCE_WORDS.split()) for _ in range(words)]
    if number % 10 == 9:
        text = [f"{word}ات" if chance.random() < 0.05 else word for word in text]
    return [" ".join(text[at : at + 50]) + "." for at in range(0, words, 50)]


def html(number: int) -> str:
    body = "".join(f"<p>{text}</p>" for text in story(number))
    return f'{body}<figure><img src="/{number}.jpg" width="800" alt="صورة"></figure><p><a href="/more">المزيد</a></p>'


def rss(entries: int, site: int = 0) -> bytes:
    items = "".join(
        f"<item><title>خبر رقم {n}</title><link>https://example.org/{site * entries + n}/</link>"
        f"<description>{story(site * entries + n)[0][:200]} [&#8230;]</description><category>مدن</category>"
        f"<content:encoded><![CDATA[{html(site * entries + n)}]]></content:encoded>"
        f"<pubDate>{format_datetime(NOW - timedelta(hours=n))}</pubDate></item>"
        for n in range(entries)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" '
        f'xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>م</title>{items}</channel></rss>'
    ).encode()


def posts(count: int) -> bytes:
    values = [
        {
            "id": n,
            "date_gmt": (NOW - timedelta(hours=n)).strftime("%Y-%m-%dT%H:%M:%S"),
            "link": f"https://example.org/{n}/",
            "title": {"rendered": f"خبر &#8220;رقم&#8221; {n}"},
            "excerpt": {"rendered": f"<p>{escape(story(n)[0][:200])} [&hellip;]</p>", "protected": False},
            "content": {"rendered": html(n), "protected": False},
            "_embedded": {"author": [{"name": "سلمى الراوي"}]},
        }
        for n in range(count)
    ]
    return json.dumps(values).encode()


class Door:
    """Answers every question with the same bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def get(self, url: str, *_: Any, **__: Any) -> Fetched:
        return Fetched(url, self._data)


def best(rounds: int, work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of the quickest of some rounds, and what the last one gave."""
    times = []
    for _ in range(rounds):
        began = time.process_time()
        result = work()
        times.append(time.process_time() - began)
    return min(times), result


def pairwise(texts: list[str]) -> dict[int, int]:
    """The naive way: the runs of every text against those of every original before it."""
    words = [arabic_fold(text).split() for text in texts]
    runs = [set(zip(each, each[1:], each[2:], strict=False)) for each in words]
    found: dict[int, int] = {}
    for at, these in enumerate(runs):
        for other in range(at):
            least = min(len(these), len(runs[other]))
            if other not in found and len(these & runs[other]) >= THRESHOLD * least:
                found[at] = other
                break
    return found


def line(what: str, ours: float, floor: float, beside: str, count: int) -> None:
    ratio = f"{ours / floor:.2f} times" if ours >= floor else f"{floor / ours:.0f} times quicker than"
    each = f"{ours * 1000:7.0f} ms, {ours / count * 1000:5.2f} ms each"
    print(f"{what:<36} {each}: {ratio} {beside} ({floor * 1000:.0f} ms)")


HOSTS = [f"127.0.0.{number}" for number in range(1, 51)]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answers: ClassVar[dict[str, bytes]] = {}
    """Path to feed, made before any clock runs."""

    def do_GET(self) -> None:
        kind = self.path.strip("/").partition("/")[0]
        with contextlib.suppress(OSError):
            if kind == "slow":
                time.sleep(30)
            lies = kind in ("slow", "lying")
            data = self.answers.get(self.path, b"")
            self.send_response(200 if kind != "dead" else 404)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", "1000000" if lies else str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            self.close_connection = self.close_connection or lies

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A connection that ours gave up."""


@contextlib.contextmanager
def workspace(root: Path) -> Iterator[Callable[[list[str], int], CollectOutcome]]:
    """A fresh workspace; what collects into it, opened and closed each time as a command does."""
    where = root / "w"
    folder.make(
        where, name="م", url="https://example.org", sender="a@example.org", web="", language="ar", timezone="UTC"
    )
    settings = where / "newsletter.toml"
    text = f"{settings.read_text('utf-8')}\n[collect]\nallow_private_hosts = {json.dumps(HOSTS)}\n"
    settings.write_text(text, "utf-8")

    def collect(targets: list[str], most: int) -> CollectOutcome:
        with open_workspace(where, {}) as opened:
            return gather(opened, targets, most=most)

    yield collect


def clock(what: str, limit: float, work: Callable[[], Any]) -> Any:
    """Print the seconds that something takes by the clock, beside what it may take."""
    began = time.perf_counter()
    result = work()
    took = time.perf_counter() - began
    print(f"{what:<36} {took:7.2f} s by the clock: {took / limit:.2f} of the {limit:g} s it may take")
    return result


@contextlib.contextmanager
def servers() -> Iterator[list[str]]:
    """Addresses of servers at fifty hosts, all of them this machine: no host is asked for more than two at once."""
    running = [_Server((host, 0), _Handler) for host in HOSTS]
    for server in running:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield [f"http://{host}:{server.server_address[1]}" for host, server in zip(HOSTS, running, strict=True)]
    for server in running:
        server.shutdown()


def collecting(entries: int) -> None:
    with servers() as hosts:
        _collecting(entries, hosts)


def _collecting(entries: int, hosts: list[str]) -> None:
    at = hosts[0]
    _Handler.answers |= {"/big/0": rss(entries), **{f"/feed/{n}": rss(40, n) for n in range(40)}}
    with tempfile.TemporaryDirectory() as root, workspace(Path(root)) as collect:
        first = clock(f"collect {entries} entries", 5, lambda: collect([f"{at}/big/0"], entries))
        assert len(first.added) == entries
        again = clock("collect them again", 1, lambda: collect([f"{at}/big/0"], entries))
        assert not again.added
    with tempfile.TemporaryDirectory() as root, workspace(Path(root)) as collect:
        bad = [*(f"{hosts[n]}/dead/{n}" for n in range(5)), *(f"{hosts[n]}/lying/{n}" for n in range(5, 8))]
        bad += [f"{hosts[8]}/slow/0", "http://127.0.0.1:1/"]
        good = [f"{hosts[10 + n]}/feed/{n}" for n in range(40)]
        found = clock("50 sources, 10 of them bad", 25, lambda: collect([*bad, *good], 40))
        assert len(found.added) == 1600, len(found.added)


def fenced(feeds: int) -> None:
    data = rss(40)
    got = Fetched("https://example.org/feed/", data, "application/rss+xml")
    document, wanted = Document(data, got.url, got=got), ArticleFilter(NOW)
    fence = Fence()
    fence.run(kinds.read, document, wanted, where=got.url)
    began = time.perf_counter()
    for _ in range(feeds):
        kinds.read(document, wanted)
    here = time.perf_counter() - began
    began = time.perf_counter()
    for _ in range(feeds):
        fence.run(kinds.read, document, wanted, where=got.url)
    there = time.perf_counter() - began
    fence.close()
    more = (there - here) / feeds * 1000
    print(
        f"{'the fence, a feed of 40 entries':<36} {more:7.1f} ms more than the {here / feeds * 1000:.1f} ms without it"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=1000)
    parser.add_argument("--posts", type=int, default=100)
    parser.add_argument("--articles", type=int, default=1000)
    parser.add_argument(
        "--pairwise", type=int, default=100, help="articles of the naive way; it is scaled to --articles"
    )
    parser.add_argument("--collected", type=int, default=2000, help="entries of the feed that is collected")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()

    data = rss(options.entries)
    floor, bare = best(options.rounds, lambda: feedparser.parse(io.BytesIO(data)))
    ours, parsed = best(options.rounds, lambda: feed.parse(data, "https://example.org/feed/", now=NOW))
    assert len(parsed.articles) == len(bare.entries) == options.entries
    line(f"{options.entries} feed entries, {len(data) // 1024} KB", ours, floor, "feedparser alone", options.entries)

    data = posts(options.posts)
    site = wordpress.WordPressSite(ROOT)
    floor, _ = best(options.rounds, lambda: json.loads(data))
    ours, listing = best(options.rounds, lambda: wordpress.listing(Door(data), site, now=NOW, most=options.posts))
    assert len(listing.posts) == options.posts
    line(f"{options.posts} REST posts, {len(data) // 1024} KB", ours, floor, "json.loads alone", options.posts)

    texts = [f"خبر رقم {n} " + " ".join(story(n)) for n in range(options.articles)]
    ours, marked = best(options.rounds, lambda: mark(texts))
    assert marked == {n: n - 1 for n in range(9, options.articles, 10)}
    floor, found = best(1, lambda: pairwise(texts))
    assert found == marked
    line(f"copies among {options.articles} articles", ours, floor, "comparing every pair", options.articles)
    fenced(40)
    collecting(options.collected)


if __name__ == "__main__":
    main()
