"""The reader pages: requests a second of a real server, and whether the time of an answer tells who is subscribed.

``python benchmarks/bench_web.py [SECONDS]``. The server is one ``newsletter serve`` process on loopback with a SQLite
file; the load comes from this process over four connections that stay open. Beside it, in the same run, the floor:
the same server program (uvicorn) with an application that answers a fixed page.

Then the six states an address can be in, 1,000 requests each in turns, their medians and how far those lie apart;
with the even pace of the pages, and without it.
"""

from __future__ import annotations

import asyncio
import http.client
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from reader_pages import ADDRESS_KEYS, Workspace, free_port, served, stamp_of, workspace

from newsletter.storage.database import open_database
from subscribers import actions
from subscribers.store.limits import Caps
from subscribers.store.tables import metadata
from subscribers.web import create_app

CONNECTIONS = 4
STATES = ("unknown", "pending", "confirmed", "left", "suppressed", "erased")
ROUNDS = 1000

FLOOR = """
import sys, uvicorn
page = b"x" * 3000
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3000")]})
    await send({"type": "http.response.body", "body": page})
uvicorn.run(app, port=int(sys.argv[1]), log_level="error", access_log=False, lifespan="off")
"""


def speed(port: int, path: str, seconds: float, body: bytes | None = None) -> float:
    """Requests a second."""
    counts = [0] * CONNECTIONS
    until = time.perf_counter() + seconds

    def work(one: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        headers = {"content-type": "application/x-www-form-urlencoded"} if body is not None else {}
        while time.perf_counter() < until:
            connection.request("GET" if body is None else "POST", path, body, headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, (path, answer.status)
            counts[one] += 1
        connection.close()

    threads = [threading.Thread(target=work, args=(one,)) for one in range(CONNECTIONS)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - start)


def throughput(seconds: float) -> None:
    port = free_port()
    floor = subprocess.Popen([sys.executable, "-c", FLOOR, str(port)])
    try:
        _until_open(port)
        print(f"{'floor: uvicorn, a fixed page':<34}{speed(port, '/', seconds):>8,.0f} requests/s")
    finally:
        floor.terminate()
        floor.wait()
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        with workspace(Path(folder) / "w", url=f"http://127.0.0.1:{port}") as root:
            _prepare(root)
            with served(root, port) as base:
                links = _links(root)
                for name, path, body in (
                    ("GET /health", "/health", None),
                    ("GET / (the form)", "/", None),
                    ("GET /style.css", "/style.css", None),
                    ("GET /archive", "/archive", None),
                    ("GET /leave/…", links["leave"], None),
                    ("GET /preferences/…", links["preferences"], None),
                    ("POST /leave/… (one click)", links["leave"], b"List-Unsubscribe=One-Click"),
                ):
                    print(f"{name:<34}{speed(port, path, seconds, body):>8,.0f} requests/s")
                stamp = stamp_of(_get(port, "/"))
                time.sleep(2.1)
                form = urlencode({"email": "salma@example.net", "at": stamp}).encode()
                print(f"{'POST /subscribe':<34}{speed(port, '/subscribe', seconds, form):>8,.0f} requests/s")
                assert base


def _prepare(root: Path) -> None:
    from newsletter.wiring import open_workspace

    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        actions.add_subscriber(
            connection, "salma@example.net", "readers", now=workspace.now(), keys=workspace.keys.suppression
        )


def _links(root: Path) -> dict[str, str]:
    from newsletter.wiring import open_workspace
    from subscribers import store, tokens
    from subscribers.addresses import normalise

    with open_workspace(root, {}) as workspace, workspace.database.read() as connection:
        who = store.find(connection, normalise("salma@example.net"))
        assert who is not None
        return {
            purpose: f"/{purpose}/"
            + tokens.make(purpose, workspace.keys.tokens, public_id=who.public_id, list_id=list_id, epoch=who.epoch)
            for purpose, list_id in (("leave", 1), ("preferences", 0))
        }


def _get(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", path)
    text = connection.getresponse().read().decode("utf-8")
    connection.close()
    return text


def _until_open(port: int) -> None:
    for _ in range(100):
        try:
            _get(port, "/")
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the floor does not start")


def timing(pace: float) -> None:
    """Median of an answer for each state, asked about in turns so that nothing but the state differs."""
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(f"sqlite:///{folder}/w.db")
        with database.write() as connection:
            metadata.create_all(connection)
        workspace = Workspace(database, changes={"caps": Caps(10**6, 10**6, 10**6, 10**6), "pace": pace})
        client = workspace.client()
        for state in STATES[1:]:
            for n in range(ROUNDS):
                _bring(workspace, f"{state}{n}@example.net", state)
        workspace.clock.later(days=40)
        stamp = stamp_of(client.get("/").text)
        workspace.clock.later(seconds=5)
        app = create_app(workspace.site)
        times: dict[str, list[float]] = {state: [] for state in STATES}
        asyncio.run(_ask(app, stamp, times, together=bool(pace)))
        database.close()
    medians = {state: statistics.median(values) * 1000 for state, values in times.items()}
    for state, median in medians.items():
        nine = statistics.quantiles(times[state], n=20)[18] * 1000
        print(f"{state:<12} median {median:6.2f} ms   95 % below {nine:6.2f} ms")
    apart = max(medians.values()) - min(medians.values())
    print(f"the medians lie {apart:.2f} ms apart (wanted: below 5)")


def _bring(workspace: Workspace, address: str, state: str) -> None:
    now = workspace.clock()
    with workspace.database.write() as connection:
        actions.subscribe(connection, address, "readers", now=now, keys=ADDRESS_KEYS, how="form", words="")
        if state == "pending":
            return
        from subscribers import store
        from subscribers.addresses import normalise

        who = store.find(connection, normalise(address))
        assert who is not None
        token = actions.make_confirmation(connection, who.id, 1, now=now)
        actions.confirm(connection, token, now=now, how="page")
        if state == "left":
            actions.leave(connection, who.id, 1, now=now, how="page")
        elif state == "suppressed":
            actions.suppress(connection, address, now=now, keys=ADDRESS_KEYS)
        elif state == "erased":
            actions.erase(connection, address, now=now, keys=ADDRESS_KEYS)


async def _ask(app: object, stamp: str, times: dict[str, list[float]], *, together: bool) -> None:
    """Ask about every address; all six states at once where an answer waits for its pace, else one after another."""

    async def one(state: str, n: int) -> None:
        body = urlencode({"email": f"{state}{n}@example.net", "at": stamp}).encode()
        start = time.perf_counter()
        status = await _post(app, body)
        times[state].append(time.perf_counter() - start)
        assert status == 200

    for n in range(ROUNDS):
        turn = [one(STATES[(n + step) % len(STATES)], n) for step in range(len(STATES))]
        if together:
            await asyncio.gather(*turn)
        else:
            for asked in turn:
                await asked


async def _post(app: object, body: bytes) -> int:
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/subscribe",
        "raw_path": b"/subscribe",
        "query_string": b"",
        "root_path": "",
        "scheme": "https",
        "http_version": "1.1",
        "server": ("news.example.org", 443),
        "client": ("192.0.2.7", 5000),
        "headers": [
            (b"host", b"news.example.org"),
            (b"content-type", b"application/x-www-form-urlencoded"),
            (b"content-length", str(len(body)).encode()),
        ],
    }
    status = 0
    sent = False

    async def receive() -> dict[str, object]:
        nonlocal sent
        if sent:
            await asyncio.sleep(3600)
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, object]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = int(str(message["status"]))

    await app(scope, receive, send)  # type: ignore[operator]
    return status


if __name__ == "__main__":
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    throughput(seconds)
    print("\nanswers as they are, at the even pace of the pages:")
    timing(0.05)
    print("\nthe same without that pace:")
    timing(0.0)
