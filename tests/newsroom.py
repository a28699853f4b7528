"""A newsroom to try weeks on: a WordPress that is a function of posts and a clock, and a workspace that reads it."""

from __future__ import annotations

import email
import email.policy
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from settings_text import add_settings

from newsletter.sources.http import Fetched, FetchError, Kind
from newsletter.wiring import Workspace, open_workspace
from newsletter.workspace import folder as workspaces
from subscribers import actions, store

SITE = "https://almawja.example.org"
SECTIONS = ("أخبار", "رياضة", "ثقافة", "اقتصاد", "رأي", "علوم", "صحة", "بيئة")
START = datetime(2026, 11, 2, 8, tzinfo=UTC)
"""A Monday morning."""


@dataclass
class Clock:
    """A clock that stands where it is put."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **much: float) -> None:
        self.now += timedelta(**much)


@dataclass(frozen=True)
class Post:
    """Something a site publishes."""

    number: int
    published: datetime
    section: str = SECTIONS[0]
    sticky: bool = False
    tags: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        return f"{SITE}/{self.number}/"

    @property
    def title(self) -> str:
        return f"خبر المدينة رقم {self.number}"


def posts(count: int, days: float, *, start: datetime = START, sections: Sequence[str] = SECTIONS) -> list[Post]:
    """So many posts, evenly over so many days, section after section."""
    step = timedelta(days=days) / count
    return [
        Post(number, start + step * (number - 1), sections[number % len(sections)]) for number in range(1, count + 1)
    ]


@dataclass
class WordPress:
    """The front page and the REST interface of a site, as far as its posts are published by the clock."""

    posts: Sequence[Post]
    clock: Callable[[], datetime]
    down: bool = False
    asked: list[str] = field(default_factory=list)

    def get(
        self, url: str, kind: Kind = "any", *, headers: Mapping[str, str] | None = None, statuses: Collection[int] = ()
    ) -> Fetched:
        self.asked.append(url)
        if self.down:
            raise FetchError("the site answered 503", where=url, mend="try again later", status=503)
        parts = urlsplit(url)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if not parts.path.startswith("/wp-json"):
            link = f'<{SITE}/wp-json/>; rel="https://api.w.org/"'
            return Fetched(url, b"<html><body>..</body></html>", "text/html", "utf-8", 200, {"link": link})
        route = parts.path.removeprefix("/wp-json").strip("/")
        if not route:
            return self._json(url, {"name": "الموجة", "url": SITE, "gmt_offset": 0, "timezone_string": "UTC"})
        there = sorted((p for p in self.posts if p.published <= self.clock()), key=lambda p: p.published, reverse=True)
        if "include" in asked:
            wanted = {int(number) for number in asked["include"].split(",")}
            there = [post for post in there if post.number in wanted]
        per_page, page = int(asked.get("per_page", 10)), int(asked.get("page", 1))
        shown = there[(page - 1) * per_page : page * per_page]
        pages = -(-len(there) // per_page)
        return self._json(
            url, [self._post(post) for post in shown], {"x-wp-total": str(len(there)), "x-wp-totalpages": str(pages)}
        )

    @staticmethod
    def _post(post: Post) -> dict[str, Any]:
        words = f"<p>هذا نص الخبر رقم {post.number}، وفيه ما جرى في المدينة ذلك اليوم من أوله إلى آخره.</p>"
        terms = [{"taxonomy": "category", "name": post.section}]
        tags = [{"taxonomy": "post_tag", "name": tag} for tag in post.tags]
        return {
            "id": post.number,
            "date": post.published.replace(tzinfo=None).isoformat(),
            "date_gmt": post.published.replace(tzinfo=None).isoformat(),
            "link": post.url,
            "title": {"rendered": post.title},
            "excerpt": {"rendered": words, "protected": False},
            "content": {"rendered": words, "protected": False},
            "sticky": post.sticky,
            "categories": [1],
            "author": 1,
            "_embedded": {"wp:term": [terms, tags]},
        }

    @staticmethod
    def _json(url: str, value: object, headers: Mapping[str, str] | None = None) -> Fetched:
        return Fetched(url, json.dumps(value).encode(), "application/json", "utf-8", 200, dict(headers or {}))


def make(root: Path, *, readers: int = 3, timezone: str = "Africa/Algiers", settings: str = "") -> Path:
    """A workspace that collects from the site, with weekly readers ``reader0@example.net`` and so on.

    Args:
        root: The folder to make.
        readers: Subscribers.
        timezone: Of the site.
        settings: More of newsletter.toml: sections that a fresh file has are filled, not repeated.
    """
    workspaces.make(
        root,
        name="الموجة",
        url=SITE,
        sender="نشرة الموجة <news@almawja.example.org>",
        web="https://news.almawja.example.org",
        language="ar",
        timezone=timezone,
    )
    add_settings(root, f'[sender]\nlease = 1\nbatch = 2\nfsync = false\n[collect]\nsources = ["{SITE}/"]')
    add_settings(root, settings)
    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        store.add_list(connection, "readers", "الموجة", now=START)
        for number in range(readers):
            subscribe(connection, workspace, f"reader{number}@example.net", START)
    return root


def subscribe(connection: Any, workspace: Workspace, address: str, now: datetime, rhythm: Any = "weekly") -> int:
    """Add somebody; gives their id."""
    added = actions.add_subscriber(
        connection, address, "readers", now=now, keys=workspace.keys.suppression, rhythm=rhythm
    )
    return added.subscriber.id


def crowd(connection: Any, workspace: Workspace, addresses: Sequence[str]) -> None:
    """Add many weekly readers at once, as a file brings them in: one by one takes thirty times as long (measured)."""
    path = workspace.root / "crowd.csv"
    path.write_text("\n".join(["email", *addresses, ""]), "utf-8")
    report = actions.import_file(
        connection, path, "readers", now=workspace.now(), keys=workspace.keys.suppression, words="they asked for it"
    )
    path.unlink()
    assert report.added == len(addresses), report


@contextmanager
def open_newsroom(
    root: Path, clock: Callable[[], datetime], site: WordPress | None = None, **environment: str
) -> Iterator[Workspace]:
    """The workspace by that clock, and with that site for the world; without one the world is down."""
    with open_workspace(root, environment) as workspace:
        workspace.now = clock  # type: ignore[method-assign]
        workspace.__dict__["fetcher"] = _Closable(site or WordPress([], clock, down=True))
        yield workspace


class _Closable:
    def __init__(self, site: WordPress) -> None:
        self.get = site.get

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class Received:
    """A letter in the outbox."""

    to: str
    subject: str
    numbers: tuple[int, ...]
    """Of the posts in it, by their links, ascending."""
    html: str
    text: str


def received(root: Path) -> list[Received]:
    """Every letter in the outbox."""
    return [read_letter(path) for folder in ("new", "cur") for path in sorted((root / "outbox" / folder).glob("*.eml"))]


@lru_cache(maxsize=1000)
def read_letter(path: Path) -> Received:
    """A letter of the outbox."""
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    html, text = (str(message.get_body((kind,)).get_content()) for kind in ("html", "plain"))  # type: ignore[union-attr]
    numbers = {int(number) for number in re.findall(rf"{re.escape(SITE)}/(\d+)/", html)}
    subject = re.sub("[\u2066-\u2069]", "", str(message["Subject"]))
    return Received(str(message["To"]), subject, tuple(sorted(numbers)), html, text)


def given(root: Path) -> dict[str, Counter[int]]:
    """How often each address was given each post."""
    counts: dict[str, Counter[int]] = {}
    for letter in received(root):
        counts.setdefault(letter.to, Counter()).update(letter.numbers)
    return counts
