"""The example for nginx, tried with nginx: who asks, what is too much, too slow or kept, and what comes through."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from command import make_workspace
from nginx_before import HOST, Proxy, before
from reader_pages import Clock, free_port, stamp_of

from newsletter.media import PROBE
from newsletter.site_hook.signing import HEADER, sign_body
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows.serve import app_of
from newsletter.workspace.plugin_secret import new_plugin_secret
from subscribers import store, tokens
from subscribers.addresses import normalise
from subscribers.store.tables import metadata

pytestmark = pytest.mark.slow


@contextmanager
def running(app: Any, port: int) -> Iterator[list[str]]:
    """The pages as ``newsletter serve`` runs them, in this process; what was asked of them, path by path."""
    import uvicorn

    asked: list[str] = []

    async def seen(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            asked.append(f"{scope['method']} {scope['path']}")
        await app(scope, receive, send)

    options = {"log_config": None, "access_log": False, "server_header": False, "proxy_headers": False}
    server = uvicorn.Server(uvicorn.Config(seen, port=port, lifespan="off", **options))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield asked
    finally:
        server.should_exit = True
        thread.join(15)


@dataclass
class Served:
    """Pages behind nginx."""

    proxy: Proxy
    workspace: Workspace
    clock: Clock
    asked: list[str]

    def rows(self, table: str) -> list[Any]:
        with self.workspace.database.read() as connection:
            found = metadata.tables[table]
            return list(connection.execute(sa.select(found).order_by(*found.primary_key)))

    def subscribe(self, address: str, source: str, forged: str = "") -> str:
        """Fill in the form; whether a confirmation letter was asked for at once, or waits."""
        before_it = len(self.rows("small_letter"))
        stamp = stamp_of(self.proxy.ask("/", source=source)[2].decode())
        self.clock.later(seconds=5)
        headers = {"X-Forwarded-For": forged} if forged else {}
        status, _, _ = self.proxy.ask("/subscribe", {"email": address, "at": stamp}, source=source, headers=headers)
        assert status == 200
        return "asked" if len(self.rows("small_letter")) > before_it else "waits"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("nginx")
    root = make_workspace(folder / "w", readers=1)
    path = root / "newsletter.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("[web]\n", "[web]\nletters_an_hour_per_network = 1\nkeep_client = true\n"), "utf-8")
    clock = Clock(datetime.now(UTC))
    new_plugin_secret(root, clock())
    port = free_port()
    quick = {
        "client_header_timeout 10s": "client_header_timeout 1s",
        "client_body_timeout 10s": "client_body_timeout 1s",
    }
    with open_workspace(root, {}) as workspace:
        workspace.now = clock
        app = app_of(workspace, postman=False)
        with running(app, port) as asked, before(folder / "n", port, changes=quick) as proxy:
            yield Served(proxy, workspace, clock, asked)


def test_pages_come_over_tls_and_nothing_else(served: Served) -> None:
    status, headers, body = served.proxy.ask("/")
    assert (status, 'dir="rtl"' in body.decode()) == (200, True)
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert headers["content-security-policy"]
    assert headers["server"] == "nginx"
    with socket.create_connection(("127.0.0.1", served.proxy.plain_port), 5) as plain:
        plain.sendall(f"GET /leave/x HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        answer = plain.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 308")
    assert f"Location: https://{HOST}/leave/x\r\n" in answer


def test_the_caps_see_who_asks_and_no_forged_header_helps(served: Served) -> None:
    assert served.subscribe("one@example.net", "127.0.7.1") == "asked"
    # The cap is one letter an hour for each network. Whoever claims to be somebody else is still of the same one.
    for number, forged in enumerate(("203.0.113.9", "198.51.100.1, 203.0.113.10", "127.0.0.1", "::1", "nonsense")):
        assert served.subscribe(f"more{number}@example.net", "127.0.7.2", forged) == "waits", forged
    assert served.subscribe("two@example.net", "127.0.8.1") == "asked"
    assert {row.network for row in served.rows("consent") if row.network} >= {"127.0.7.0/24", "127.0.8.0/24"}
    assert not any("203.0.113" in row.network for row in served.rows("consent"))


def test_one_click_leaves(served: Served) -> None:
    workspace = served.workspace
    with workspace.database.read() as connection:
        who = store.find(connection, normalise("reader0@example.net"))
        assert who is not None
    token = tokens.make("leave", workspace.keys.tokens, public_id=who.public_id, list_id=1, epoch=who.epoch)
    status, headers, _ = served.proxy.ask(f"/leave/{token}", {"List-Unsubscribe": "One-Click"})
    assert status in (200, 202)
    assert "location" not in headers
    assert [row.status for row in served.rows("subscription") if row.subscriber_id == who.id] == ["left"]


def test_the_site_is_heard(served: Served) -> None:
    site = "https://almawja.example.org/"
    said = {
        "id": secrets.token_hex(16),
        "site": site,
        "post": 8,
        "status": "publish",
        "password": False,
        "address": f"{site}8/",
        "before": "",
        "modified": 1_762_070_400,
        "moment": 1_762_070_400_123,
        "values": {"letter": "", "headline": "", "summary": "", "section": "", "at_once": ""},
    }
    from newsletter.workspace.plugin_secret import plugin_secrets

    body = json.dumps(said).encode()
    (secret,) = plugin_secrets(served.workspace.root, served.clock())
    signed = {HEADER: sign_body(secret, body, now=served.clock()), "Content-Type": "application/json"}
    assert served.proxy.ask("/hooks/wordpress", body, headers=signed)[0] in (200, 202, 204)
    forged = {**signed, HEADER: sign_body(bytes(32), body, now=served.clock())}
    assert served.proxy.ask("/hooks/wordpress", body, headers=forged)[0] == 403


@pytest.mark.parametrize(("path", "most"), [("/subscribe", 64 * 1024), ("/hooks/wordpress", 4 * 1024 * 1024)])
def test_what_is_too_large_does_not_reach_the_pages(served: Served, path: str, most: int) -> None:
    before_it = list(served.asked)
    connection = served.proxy.connect()
    connection.putrequest("POST", path)
    connection.putheader("Content-Length", str(most + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()
    assert served.asked == before_it


@pytest.mark.parametrize(
    "words",
    [f"GET / HTTP/1.1\r\nHost: {HOST}\r\n", f"POST /subscribe HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 99\r\n\r\nx"],
    ids=["header", "body"],
)
def test_who_is_slow_is_cut_off_before_the_pages(served: Served, words: str) -> None:
    """Ten seconds in the example, one here."""
    before_it = list(served.asked)
    connection = served.proxy.connect(seconds=10)
    began = time.monotonic()
    connection.sock.sendall(words.encode())
    try:
        told = connection.sock.recv(65536)
    except ConnectionError:
        told = b""
    finally:
        connection.close()
    assert time.monotonic() - began < 5
    assert told == b"" or told.startswith(b"HTTP/1.1 408")
    assert served.asked == before_it


def test_pictures_are_kept(served: Served) -> None:
    path = f"/media/{PROBE.stored_name}"
    before_it = len(served.asked)
    for _ in range(3):
        status, headers, body = served.proxy.ask(path)
        assert (status, body) == (200, PROBE.data)
        assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert served.asked[before_it:].count(f"GET {path}") == 1


def test_what_everybody_may_see_is_kept_and_nothing_of_a_reader(served: Served) -> None:
    """As the pages themselves say: whatever they do not call public is asked of them each time."""
    before_it = len(served.asked)
    for path in ("/archive", "/archive.xml", "/style.css"):
        answers = [served.proxy.ask(path) for _ in range(3)]
        assert answers[0] == answers[1] == answers[2]
        assert "public" in answers[0][1]["cache-control"]
        assert served.asked[before_it:].count(f"GET {path}") == 1, path
    for path in ("/", "/health", "/leave/AAAA", "/confirm/AAAA", "/preferences/AAAA"):
        told = [served.proxy.ask(path)[1]["cache-control"] for _ in range(2)]
        assert told == ["no-store"] * 2
        assert served.asked[before_it:].count(f"GET {path}") == 2, path
    kept = list(served.proxy.folder.glob("cache-*/*/*/*"))
    assert kept
    assert not any(b"/leave/" in path.read_bytes()[:2000] for path in kept)


@pytest.mark.parametrize(
    "path", ["/", "/subscribe", "/view/AAAA/members/issue/12", "/view/AAAA/members/issue/12/letter.css"]
)
def test_who_asks_for_the_same_page_waits_for_nobody(tmp_path: Path, path: str) -> None:
    """The second request for a page that is not kept reaches the pages while the first has no answer yet."""
    both = asyncio.Event()
    asked = 0

    async def pages(_scope: Any, _receive: Any, send: Any) -> None:
        nonlocal asked
        asked += 1
        if asked == 2:
            both.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(both.wait(), 2)
        headers = [(b"content-length", b"0"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200 if both.is_set() else 504, "headers": headers})
        await send({"type": "http.response.body"})

    port = free_port()
    with running(pages, port), before(tmp_path / "n", port) as proxy, ThreadPoolExecutor(2) as readers:
        assert [status for status, _, _ in readers.map(proxy.ask, [path] * 2)] == [200, 200]


def test_what_was_taken_back_is_shown_to_nobody(tmp_path: Path) -> None:
    """Kept for one second here. Then it is gone, for the first who asks as for all others, also while we are away."""
    told: dict[str, Any] = {"status": 200, "keep": "public, max-age=1", "body": b"a letter"}

    async def pages(_scope: Any, _receive: Any, send: Any) -> None:
        body = told["body"]
        headers = [(b"content-length", str(len(body)).encode()), (b"cache-control", told["keep"].encode())]
        await send({"type": "http.response.start", "status": told["status"], "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def old(path: str) -> bool:
        return proxy.ask(path)[2] == b"a letter"

    port = free_port()
    with running(pages, port), before(tmp_path / "n", port) as proxy:
        for path in ("/letters/1", "/letters/2"):
            assert old(path)
        told.update(status=404, keep="no-store", body=b"gone")
        latest = time.monotonic() + 10
        while old("/letters/1"):  # as it should be for its second
            assert time.monotonic() < latest
            time.sleep(0.05)
        assert [old(path) for path in ("/letters/1", "/letters/2") for _ in range(3)] == [False] * 6
        # What the pages say of a letter that is not there takes the place of what was.
        told.update(keep="public, max-age=60")
        assert not old("/letters/1")
        told.update(status=503, keep="no-store", body=b"away")
        assert [old(path) for path in ("/letters/1", "/letters/2")] == [False, True]


def test_who_comes_too_often_waits(served: Served) -> None:
    found = []
    connection = served.proxy.connect("127.0.9.1")
    for _ in range(110):
        connection.request("GET", "/health")
        answer = connection.getresponse()
        answer.read()
        found.append(answer.status)
    connection.close()
    assert found[:60] == [200] * 60
    assert 429 in found
    assert served.proxy.ask("/health", source="127.0.9.2")[0] == 200


def test_nobody_writes_down_the_keys_of_readers(served: Served) -> None:
    """A link that is one stands in no log, not even when the pages are away."""
    served.proxy.ask("/leave/AAAA-canary-of-a-link")
    with before(served.proxy.folder.parent / "away", free_port()) as away:
        assert away.ask("/leave/AAAA-canary-of-a-link")[0] == 502
    for folder in (served.proxy.folder, away.folder):
        logs = [path for path in Path(folder).iterdir() if path.suffix == ".log"]
        assert logs
        assert not any("canary" in path.read_text("utf-8", "replace") for path in logs)
