"""The way of one reader through the whole house: in by the pages, letters, a bounce, and no letter after it.

Once with everything in this process on SQLite, and once on PostgreSQL, with two workers in processes of their own.
Letters go to the stand-in for SendGrid, and come back as SendGrid would report them: signed, and more than once.
"""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import standin
from command import Done, command, environment, here
from conftest import MakeDatabase
from cryptography.hazmat.primitives.asymmetric import ec
from reader_pages import stamp_of
from settings_text import with_settings
from sqlalchemy import text
from starlette.testclient import TestClient
from test_events import KEY, PUBLIC, signed

from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows.serve import app_of

pytestmark = pytest.mark.slow

BASE = "https://news.example.org"
READERS = 40
SALMA = "salma@example.net"
"""Who comes by the pages, and whose mailbox is gone soon after."""
ARTICLES = {
    "أسوارها": "المدينة القديمة تستعيد أسوارها\nانتهت أشغال الترميم هذا الأسبوع.\nوعادت الأسواق إلى ما كانت عليه.\n",
    "أبوابها": "صيادو المرسى يفتحون أبوابها للزوار\nسبعة زوارق تخرج كل فجر.\nوالرحلة الأولى بلا أجر للأطفال.\n",
    "أسواقها": "مواسم الزيتون تعيد للقرى أسواقها\nالمعاصر تعمل حتى منتصف الليل.\nوالغلة أوفر من العام الماضي بالثلث.\n",
}
# The requests of a send have to last, so that there is something to share.
SETTINGS = '[sendgrid]\nkey = "SG.test"\nhost = "{host}"\nwebhook_key = "{public}"\nbatch = 2\n'


def ok(done: Done) -> Any:
    """What a command printed, as data if it is."""
    assert done.code == 0, done
    return json.loads(done.out) if done.out.startswith("{") else done.out


def until(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    """What it gives once that is something."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
    return found


@dataclass
class Clock:
    """The clock on the wall, or one behind it."""

    behind: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) - self.behind


@dataclass
class Newsroom:
    """A workspace, its provider and its pages."""

    root: Path
    provider: standin.StandIn
    pages: TestClient
    workspace: Workspace
    clock: Clock

    def run(self, *arguments: str | Path) -> Any:
        """A command of the editor's."""
        return ok(here("-C", self.root, *arguments))

    def issue(self, name: str) -> None:
        """An article, and the draft of an issue with it."""
        article = self.root.parent / f"{name}.txt"
        article.write_text(ARTICLES[name], "utf-8")
        self.run("collect", article)
        self.run("compose", "--slug", name)

    def letters(self, subject: str = "") -> list[dict[str, str]]:
        """What the provider took with this in its subject."""
        return [one for one in self.provider.taken() if subject in re.sub("[\u2066-\u2069]", "", one["subject"])]

    def taken(self, subject: str = "") -> Counter[str]:
        """How often the provider took such a letter, by address."""
        return Counter(one["address"] for one in self.letters(subject))

    def letter(self, subject: str) -> dict[str, str]:
        """The one letter of Salma's with this in its subject, once it is there."""
        (found,) = until(lambda: [one for one in self.letters(subject) if one["address"] == SALMA])
        return found  # type: ignore[no-any-return]

    def report(self, issue: str) -> dict[str, Any]:
        return self.run("report", issue, "--json")["reports"][0]["total"]  # type: ignore[no-any-return]

    def hook(self, events: list[dict[str, Any]], key: ec.EllipticCurvePrivateKey = KEY) -> int:
        """What the pages answer to a report of these events, signed with this key."""
        body = json.dumps(events).encode()
        return self.pages.post("/hooks/sendgrid", content=body, headers=signed(body, key=key)).status_code

    def status(self) -> tuple[str, bool]:
        """Of Salma: her subscription, and whether her address is suppressed."""
        told = self.run("subscribers", "show", SALMA, "--json")
        (subscription,) = told["subscription"]
        return subscription["status"], bool(told["suppression"])


def started(root: Path, provider: standin.StandIn, url: str) -> None:
    """A workspace with readers who were there before."""
    ok(here("init", root, "--name", "الموجة", "--url", "https://almawja.example.org", "--web", BASE))
    path = root / "newsletter.toml"
    text = path.read_text("utf-8").replace('kind = "outbox"', 'kind = "sendgrid"')
    path.write_text(with_settings(text, SETTINGS.format(host=provider.host, public=PUBLIC)), "utf-8")
    if url:
        (root / "secrets" / "database.url").write_text(url.replace("postgresql+psycopg", "postgresql"), "utf-8")
        ok(here("-C", root, "database", "upgrade"))
    ok(here("-C", root, "subscribers", "add", *(f"reader{number}@example.net" for number in range(READERS))))


@contextlib.contextmanager
def working(workspace: Workspace, number: int) -> Iterator[list[subprocess.Popen[str]]]:
    """Workers in processes of their own, all of them ready; none of them may have troubles."""
    start = command("-C", workspace.root, "worker")
    workers = [
        subprocess.Popen(start, env=environment(), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        for _ in range(number)
    ]

    def ready() -> bool:
        with workspace.database.read() as connection:
            found = connection.execute(text("SELECT count(*) FROM procrastinate_workers")).scalar_one()
        assert all(worker.poll() is None for worker in workers)
        return int(found) == number

    try:
        until(ready)
        yield workers
    finally:
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        words = [worker.communicate(timeout=60)[1] for worker in workers]
    for worker, told in zip(workers, words, strict=True):
        assert worker.returncode == 0, told
        assert "error" not in told, told
        # Each had its share.
        assert re.search(r"issue \d: .*\d+ submitted.* here", told), words


@pytest.fixture(params=["sqlite", "postgresql"])
def newsroom(request: pytest.FixtureRequest, tmp_path: Path, database_urls: MakeDatabase) -> Iterator[Newsroom]:
    alone = request.param == "sqlite"
    root = tmp_path / "w"
    with (
        standin.running(tmp_path, texts=True, delay=0.0 if alone else 0.15) as provider,
        contextlib.ExitStack() as stack,
    ):
        started(root, provider, "" if alone else database_urls("postgresql"))
        workspace = stack.enter_context(open_workspace(root, {}))
        clock = Clock()
        workspace.now = clock  # type: ignore[method-assign]
        if not alone:
            stack.enter_context(working(workspace, 2))
        # On SQLite whoever serves the pages sends the small letters too; else the workers do.
        pages = stack.enter_context(TestClient(app_of(workspace, postman=alone), base_url=BASE, follow_redirects=False))
        yield Newsroom(root, provider, pages, workspace, clock)


def test_from_the_form_to_the_bounce(newsroom: Newsroom) -> None:
    workspace, pages = newsroom.workspace, newsroom.pages
    everybody = {*(f"reader{number}@example.net" for number in range(READERS)), SALMA}

    # In, with two clicks. She needs some seconds for the form, as people do.
    newsroom.clock.behind = timedelta(seconds=20)
    stamp = stamp_of(pages.get("/").text)
    newsroom.clock.behind = timedelta()
    assert pages.post("/subscribe", data={"email": SALMA, "at": stamp}).status_code == 200
    assert newsroom.status() == ("pending", False)
    confirmation = newsroom.letter("أكّد اشتراكك")
    (link,) = set(re.findall(rf"{BASE}(/confirm/[\w-]+)", confirmation["text"]))
    assert pages.get(link).status_code == 200
    assert newsroom.status() == ("pending", False)
    assert pages.post(link).status_code in {200, 303}
    assert newsroom.status() == ("confirmed", False)
    newsroom.letter("أهلًا بك")

    newsroom.issue("أسوارها")
    sent = newsroom.run("send", "--yes", "--json")
    assert (sent["state"], sent["submitted"], sent["audience"]) == ("finished", READERS + 1, READERS + 1)
    assert newsroom.taken("أسوارها") == Counter(everybody)

    # The next one is frozen with her in it, to go tomorrow; before that her mailbox turns out to be gone.
    newsroom.issue("أبوابها")
    tomorrow = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d %H:%M}"
    newsroom.run("send", "--yes", "--at", tomorrow)
    letter = newsroom.letter("أسوارها")
    bounce = {
        "email": SALMA,
        "timestamp": int(time.time()),
        "event": "bounce",
        "type": "bounce",
        "reason": "550 5.1.1 unknown user",
        "sg_event_id": "a",
        **{name: value for name, value in letter.items() if name.startswith("nashra_")},
    }
    delivered = [
        {**bounce, "email": one["address"], "event": "delivered", "sg_event_id": one["nashra_delivery"], **names(one)}
        for one in newsroom.letters("أسوارها")
        if one["address"] != SALMA
    ]
    assert newsroom.hook([bounce], key=ec.generate_private_key(ec.SECP256R1())) == 403
    assert newsroom.status() == ("confirmed", False)
    assert newsroom.hook([*delivered, bounce]) == 200
    assert newsroom.status() == ("confirmed", True)
    assert newsroom.hook([{**bounce, "sg_event_id": "b"}, bounce]) == 200

    # The one that was frozen skips her; the one after it does not count her.
    with workspace.database.write() as connection:
        connection.execute(text("UPDATE send SET send_at = 1 WHERE state = 'scheduled'"))
    newsroom.run("send", "2", "--yes")
    until(lambda: newsroom.run("sends", "show", "2", "--json")["state"] == "finished")
    assert newsroom.taken("أبوابها") == Counter(everybody - {SALMA})
    newsroom.issue("أسواقها")
    assert newsroom.run("send", "--dry-run", "--json")["audience"] == READERS
    assert newsroom.run("send", "--yes", "--json")["submitted"] == READERS
    assert newsroom.taken("أسواقها") == Counter(everybody - {SALMA})

    first, second, third = (newsroom.report(number) for number in "123")
    counts = ("audience", "submitted", "skipped", "delivered", "bounced", "unknown", "refused", "queued")
    assert [first[name] for name in counts] == [READERS + 1, READERS + 1, 0, READERS, 1, 0, 0, 0]
    assert [second[name] for name in counts] == [READERS + 1, READERS, 1, 0, 0, 0, 0, 0]
    assert second["reasons"] == {"no longer subscribed": 1}
    assert [third[name] for name in counts] == [READERS, READERS, 0, 0, 0, 0, 0, 0]
    # Every letter of every kind went once: three issues, a confirmation and a welcome.
    assert Counter(Counter(one["nashra_delivery"] for one in newsroom.provider.taken()).values()) == {
        1: 3 * READERS + 3
    }
    assert newsroom.taken()[SALMA] == 3


def names(one: dict[str, str]) -> dict[str, str]:
    """The names that travelled with a letter."""
    return {name: value for name, value in one.items() if name.startswith("nashra_")}
