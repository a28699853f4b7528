"""The reader pages for tests: in this process with a clock that stands still, or as a real ``newsletter serve``."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from command import there
from starlette.testclient import TestClient

from newsletter.letters.templates import environment
from newsletter.models import Publication
from newsletter.storage.database import Database
from newsletter.web.pages import Pages
from subscribers import actions, store, tokens
from subscribers.addresses import normalise
from subscribers.models import Subscriber
from subscribers.store.tables import metadata
from subscribers.web import Site, create_app

START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
LINK_KEYS = {1: bytes(range(32))}
ADDRESS_KEYS = {1: bytes(range(32, 64))}
BASE = "https://news.example.org"
ADDRESS = "salma@example.net"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]
CHROMIUM = "/usr/bin/chromium"


@dataclass
class Clock:
    """A clock that goes only when it is told to."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)


@dataclass
class Workspace:
    """Reader pages on a database, with one list."""

    database: Database
    clock: Clock = field(default_factory=Clock)
    changes: dict[str, Any] = field(default_factory=dict)
    network: str = "192.0.2.7"

    def __post_init__(self) -> None:
        with self.database.write() as connection:
            if store.list_or_none(connection, "readers") is None:
                store.add_list(connection, "readers", "نشرة الموجة", now=self.clock())

    @property
    def site(self) -> Site:
        pages = Pages(environment(), Publication("الموجة", "https://example.org"), BASE)
        wanted: dict[str, Any] = {
            "base": BASE,
            "database": self.database,
            "link_keys": LINK_KEYS,
            "address_keys": ADDRESS_KEYS,
            "page": pages,
            "say": pages.text,
            "now": self.clock,
            "lists": ("readers",),
            "pace": 0.0,
        }
        return Site(**{**wanted, **self.changes})

    def client(self, **changes: Any) -> TestClient:
        """A browser without cookies, from one network."""
        self.changes |= changes
        return TestClient(create_app(self.site), base_url=BASE, client=(self.network, 5000), follow_redirects=False)

    # ---- what the database says

    def rows(self) -> dict[str, list[Any]]:
        """Everything there is on the readers' side, each table in the order of its keys."""
        with self.database.read() as connection:
            return {
                table.name: list(connection.execute(sa.select(table).order_by(*table.primary_key)))
                for table in metadata.sorted_tables
            }

    def person(self, address: str = ADDRESS) -> Subscriber:
        with self.database.read() as connection:
            found = store.find(connection, normalise(address))
        assert found is not None
        return found

    def status(self, address: str = ADDRESS, list_name: str = "readers") -> str | None:
        with self.database.read() as connection:
            who = store.find(connection, normalise(address))
            listed = store.list_named(connection, list_name)
            theirs = None if who is None else store.subscription_of(connection, who.id, listed.id)
        return None if theirs is None else theirs.status

    def letters(self) -> list[str]:
        return [row.kind for row in self.rows()["small_letter"]]

    def acts(self, address: str = ADDRESS) -> list[tuple[str, str]]:
        who = self.person(address)
        return [(row.act, row.how) for row in self.rows()["consent"] if row.subscriber_id == who.id]

    # ---- links, as letters carry them

    def confirm_link(self, address: str = ADDRESS, list_id: int = 1) -> str:
        with self.database.write() as connection:
            token = actions.make_confirmation(connection, self.person(address).id, list_id, now=self.clock())
        return f"/confirm/{token}"

    def link(self, purpose: Any, address: str = ADDRESS, list_id: int = 1, keys: Any = LINK_KEYS) -> str:
        who = self.person(address)
        token = tokens.make(purpose, keys, public_id=who.public_id, list_id=list_id, epoch=who.epoch)
        return f"/{purpose}/{token}"

    # ---- what a person does

    def subscribe(self, client: TestClient, address: str = ADDRESS, path: str = "/subscribe", **fields: str) -> Any:
        stamp = stamp_of(client.get("/").text)
        self.clock.later(seconds=5)
        return client.post(path, data={"email": address, "at": stamp, **fields})

    def confirmed(self, client: TestClient, address: str = ADDRESS) -> Subscriber:
        self.subscribe(client, address)
        client.post(self.confirm_link(address))
        assert self.status(address) == "confirmed"
        return self.person(address)


def stamp_of(html: str) -> str:
    """The signed time in a form."""
    found = re.search(r'name="at" value="([^"]+)"', html)
    assert found is not None, html
    return found[1]


# ---- a real server


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def workspace(root: Path, *, url: str, language: str = "ar") -> Iterator[Path]:
    """A new workspace whose reader pages are at ``url``."""
    done = there(
        *("init", root, "--name", "الموجة", "--url", "https://almawja.example.org", "--web", url),
        *("--from", "نشرة الموجة <news@almawja.example.org>", "--language", language),
        cwd=root.parent,
    )
    assert done.code == 0, done
    yield root


@contextmanager
def served(root: Path, port: int, *, workers: int = 1) -> Iterator[str]:
    """``newsletter serve`` as a process of its own; its address."""
    command = [sys.executable, "-m", "newsletter", "-C", str(root), "serve", "--port", str(port)]
    log = (root / "serve.log").open("wb")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NASHRA_")}
    process = subprocess.Popen([*command, "--workers", str(workers)], stdout=log, stderr=log, env=environment)
    base = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{base}/health", process, root / "serve.log")
        yield base
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:  # pragma: no cover  a server that does not stop is a fault
            process.kill()
            raise
        finally:
            log.close()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text("utf-8")
        try:
            with urllib.request.urlopen(url, timeout=20) as response:
                if response.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(log.read_text("utf-8"))
