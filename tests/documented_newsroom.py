"""The newsroom that documents speak of: issues 10 to 12 went, 13 is a draft, and the files they name are there."""

from __future__ import annotations

import contextlib
import json
import mailbox
import re
import shlex
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from command import ROOT, here
from document_shell import answer_to, blocks, without_the_world
from fake_wordpress import FakeWordPress
from newsroom import Post, WordPress
from PIL import Image
from settings_text import add_settings

from newsletter.sources.http import Fetched, Kind
from newsletter.wiring import Workspace

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
"""The Wednesday on which documents are read: the day after is a Thursday that they send on."""

READERS = "email,rhythm\namal@example.com,weekly\nnabil@example.com,daily\nsalma@example.com,weekly\n"
BOUNCE = """From: MAILER-DAEMON@example.org
To: news@example.org
Subject: hello
Message-ID: <1@example.org>

Nobody of ours.
"""
PAGE = """<!doctype html><html lang="ar" dir="rtl"><head><meta charset="utf-8"><title>رصيف جديد</title></head>
<body><article><h1>رصيف جديد في الميناء</h1>
<p>فتح الرصيف الجديد أبوابه صباح السبت أمام قوارب الصيد الصغيرة بعد عامين من الأشغال.</p>
<p>ويقول الصيادون إن الرصيف يوفر عليهم ساعة كل صباح، وإن السوق صار أقرب.</p></article></body></html>
"""


def _posts() -> WordPress:
    """Forty posts of the last two weeks."""
    sections = ("سياسة", "رياضة", "ثقافة")
    return WordPress(
        [Post(number, NOW - timedelta(hours=9 * (41 - number)), sections[number % 3]) for number in range(1, 41)],
        lambda: NOW,
    )


@dataclass
class DocumentedSite:
    """A WordPress at whatever address is asked, with posts of the last weeks; it also takes posts."""

    posts: WordPress = field(default_factory=_posts)
    taking: FakeWordPress = field(default_factory=FakeWordPress)

    def get(self, url: str, kind: Kind = "any", **more: Any) -> Fetched:
        if "some-article" in url:
            return Fetched(url, PAGE.encode(), "text/html", "utf-8", 200, {})
        if url.endswith("/wp-json/"):
            both = [json.loads(one.get(url, "json").data) for one in (self.taking, self.posts)]
            return Fetched(url, json.dumps({**both[0], **both[1]}).encode(), "application/json", "utf-8", 200, {})
        if kind == "page":
            origin = "/".join(url.split("/")[:3])
            page = self.taking.get(url, kind, **more)
            link = {name: value.replace("https://example.org", origin) for name, value in page.headers.items()}
            return Fetched(f"{origin}/", page.data, headers=link)
        return self.posts.get(url, kind, **more)

    def exchange(self, method: str, url: str, **more: Any) -> Fetched:
        return self.taking.exchange(method, url, **more)


@contextlib.contextmanager
def world(site: DocumentedSite | None = None, now: datetime = NOW) -> Iterator[None]:
    """What commands of documents run in."""
    with (
        mock.patch("fake_wordpress.SITE", "https://example.org"),
        mock.patch.object(Workspace, "now", lambda _: now),  # noqa: PT008  nothing is asserted of the call
        without_the_world(site or DocumentedSite(), answer_to),
    ):
        yield


def files(folder: Path) -> None:
    """What a person has beside the workspace."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("readers.csv", "fans.csv", "old-list.csv", "mailpoet-readers.csv"):
        (folder / name).write_text(READERS, "utf-8")
    (folder / "unsubscribed.csv").write_text("email\ngone@example.com\n", "utf-8")
    (folder / "password.txt").write_text("abcd efgh ijkl mnop qrst uvwx\n", "utf-8")
    (folder / "article.txt").write_text("سوق الورد\nعاد سوق الورد إلى الساحة.\nوقد ازدحم به الناس.\n", "utf-8")
    (folder / "notes").mkdir(exist_ok=True)
    (folder / "notes" / "one.md").write_text("# حديقة المرفأ\n\nزُرعت في الحديقة مئة شجرة.\n", "utf-8")


def mail(home: Path) -> None:
    """A mailbox with a letter in it, and a folder of reports."""
    box = mailbox.Maildir(home / "Maildir", create=True)
    box.add(BOUNCE)
    (home / "dmarc-reports").mkdir(exist_ok=True)
    (home.parent / "machine" / "var" / "mail" / "bounces").write_text("", "utf-8")


def newsletter(root: Path, *words: str, days: int = 0) -> str:
    """Run a command in the workspace, so many days before; what it printed."""
    with world(now=NOW - timedelta(days=days)):
        done = here("-C", root, *words, typed="")
    assert done.code == 0, (words, done)
    return done.out


def make(root: Path) -> Path:
    """The newsroom of the documents while issue 12 is a draft."""
    with world():
        done = here(
            *("init", root, "--name", "المؤشر", "--url", "https://example.org", "--web", "https://news.example.org"),
            *("--from", "نشرة المؤشر <news@example.org>"),
            typed="",
        )
    assert done.code == 0, done
    add_settings(root, '[sender]\nfsync = false\n[collect]\nsources = ["https://example.org/"]\n')
    newsletter(root, "collect")
    addresses = ("amal@example.net", "basim@example.net", "nabil@example.net")
    newsletter(root, "subscribers", "add", *addresses, "--consent", "asked by phone on 3 November")
    for number in (10, 11):
        issue = Path(newsletter(root, "compose", "--latest", "3").strip())
        if number == 10:
            issue.write_text(re.sub(r"(?m)^number = 1$", "number = 10", issue.read_text("utf-8")), "utf-8")
        newsletter(root, "send", str(number), "--yes", days=(13 - number) * 7 - 1)
    newsletter(root, "compose", "--latest", "3")
    return root


def go_on(root: Path) -> Path:
    """The same newsroom later: 12 went last week, and 13 is a draft."""
    newsletter(root, "send", "12", "--yes", days=6)
    newsletter(root, "compose", "--latest", "5")
    return root


def copied(template: Path, root: Path) -> Path:
    """The same newsroom in another place."""
    shutil.copytree(template, root)
    return root


def in_database(root: Path, *statements: str) -> None:
    """Make it so in the database, where no command of a person does."""
    with contextlib.closing(sqlite3.connect(root / "newsletter.db")) as database, database:
        for statement in statements:
            database.execute(statement)


Prepare = Callable[[Path], object]
"""What is done to a newsroom before a document."""


def given(*commands: str) -> Prepare:
    """Commands that somebody gave before, without the name of the program."""

    def prepare(root: Path) -> None:
        for words in commands:
            newsletter(root, *shlex.split(words))

    return prepare


def old_address(root: Path) -> None:
    """The site had another address once."""
    (root / "old.md").write_text("---\ntitle: قديم\nurl: https://old.example.org/1/\n---\n\nخبر قديم.\n", "utf-8")
    newsletter(root, "collect", str(root / "old.md"))


def bounced(root: Path) -> None:
    """A bounce that is held."""
    one = "SELECT id, 'User unknown', 'example.net', 1764000000 FROM subscriber LIMIT 1"
    in_database(root, f"INSERT INTO held_bounce {one}")


def imported(root: Path) -> None:
    """An import with the name that the reference takes back."""
    (root / "new.csv").write_text(READERS, "utf-8")
    newsletter(root, "subscribers", "import", str(root / "new.csv"), "--consent", "form on the site")
    in_database(root, "UPDATE import_batch SET name = '3f9a2c1b'")


def booked(root: Path) -> None:
    """The bookings of docs/en/sponsors.md."""
    text = next(one.text for one in blocks(ROOT / "docs" / "en" / "sponsors.md") if one.text.startswith("[[booking]]"))
    (root / "sponsors.toml").write_text(text, "utf-8")
    (root / "sponsors").mkdir()
    with contextlib.closing(Image.new("RGB", (600, 300), "#c8a060")) as picture:
        picture.save(root / "sponsors" / "flour.jpg")


def without_database(root: Path) -> None:
    """Its file was moved away."""
    (root / "newsletter.db").unlink()
