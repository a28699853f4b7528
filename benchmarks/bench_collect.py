"""Read a thousand feed entries and a hundred REST posts, and mark the copies among a thousand articles.

    python benchmarks/bench_collect.py

Each is measured in the same run beside a floor or the naive way: feedparser alone on the same feed (no decoding, no
cleaning, no summary), json.loads alone on the same posts, and comparing every pair of articles by the same measure.
Nothing is fetched. Times are the best of several rounds, in CPU seconds of this process.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from typing import Any

import feedparser

from newsletter.models import Article
from newsletter.sources import feed, wordpress
from newsletter.sources.collect import alike
from newsletter.sources.http import Fetched
from newsletter.text.likeness import THRESHOLD
from newsletter.text.tidy import arabic_fold

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


def rss(entries: int) -> bytes:
    items = "".join(
        f"<item><title>خبر رقم {n}</title><link>https://example.org/{n}/</link>"
        f"<description>{story(n)[0][:200]} [&#8230;]</description><category>مدن</category>"
        f"<content:encoded><![CDATA[{html(n)}]]></content:encoded>"
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=1000)
    parser.add_argument("--posts", type=int, default=100)
    parser.add_argument("--articles", type=int, default=1000)
    parser.add_argument(
        "--pairwise", type=int, default=100, help="articles of the naive way; it is scaled to --articles"
    )
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()

    data = rss(options.entries)
    floor, bare = best(options.rounds, lambda: feedparser.parse(io.BytesIO(data)))
    ours, articles = best(options.rounds, lambda: feed.parse(data, "https://example.org/feed/", now=NOW))
    assert len(articles) == len(bare.entries) == options.entries
    line(f"{options.entries} feed entries, {len(data) // 1024} KB", ours, floor, "feedparser alone", options.entries)

    data = posts(options.posts)
    site = wordpress.WordPressSite(ROOT)
    floor, _ = best(options.rounds, lambda: json.loads(data))
    ours, listing = best(options.rounds, lambda: wordpress.listing(Door(data), site, now=NOW, most=options.posts))
    assert len(listing.posts) == options.posts
    line(f"{options.posts} REST posts, {len(data) // 1024} KB", ours, floor, "json.loads alone", options.posts)

    copies = [
        Article(f"خبر رقم {n}", body="".join(f"<p>{text}</p>" for text in story(n))) for n in range(options.articles)
    ]
    ours, marked = best(options.rounds, lambda: alike(copies))
    assert marked == {n: n - 1 for n in range(9, options.articles, 10)}
    texts = [f"خبر رقم {n}\n" + "\n".join(story(n)) for n in range(options.articles)]
    floor, found = best(1, lambda: pairwise(texts))
    assert found == marked
    line(f"copies among {options.articles} articles", ours, floor, "comparing every pair", options.articles)


if __name__ == "__main__":
    main()
