"""The reader pages behind nginx with TLS, 50,000 readers, beside a running send: how long an answer takes.

``python benchmarks/bench_pages_nginx.py [--seconds 60] [--rate 200] [--readers 50000] [--database postgresql]``.
``newsletter serve --workers 2`` as the unit has it, behind nginx with the shipped file, on this machine; meanwhile a
send goes to all readers (into the outbox, ``--pace`` letters a second). Requests begin at even moments, whether or not
those before are answered, and an answer's time counts from the moment it should have begun. They come over 64
connections from 64 networks, since nginx counts requests by address. Beside it, in the same run and by the same client:
nginx with a static file as large as the form.

Wanted: 200 requests a second for a minute, 99 of 100 answered within 150 ms, and no error.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from command import command, environment, here, make_workspace
from nginx_before import HOST, Proxy, before
from reader_pages import free_port, served, stamp_of
from servers import own_server

from newsletter.wiring import open_workspace
from subscribers import actions, store, tokens
from subscribers.addresses import normalise

CONNECTIONS = 64
WANTED = 150
JOURNEYS = (
    *("form",) * 3,
    *("subscribe",) * 2,
    *("confirm page", "confirm"),
    *("choices page",) * 2,
    *("choices",) * 2,
    *("archive",) * 3,
    *("letter",) * 3,
    *("leave page",),
    *("one click",) * 2,
)
SECOND = "الميناء يستقبل أولى سفن الموسم\nرست صباح اليوم ثلاث سفن صيد.\nوعاد الباعة إلى أرصفتهم.\n"


@dataclass
class Asked:
    """What came of requests."""

    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: Counter[str] = field(default_factory=Counter)

    def all(self) -> list[float]:
        return sorted(itertools.chain(*self.times.values()))


class Line:
    """One kept connection from one network."""

    def __init__(self, proxy: Proxy, number: int) -> None:
        self.proxy = proxy
        self.source = f"127.{10 + number // 200}.{number % 200 + 1}.9"
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, path: str, body: bytes | None) -> int:
        """The status of one request."""
        if self.streams is None:
            self.streams = await asyncio.open_connection(
                "127.0.0.1",
                self.proxy.port,
                ssl=self.proxy.trust,
                server_hostname=HOST,
                local_addr=(self.source, 0),
            )
        reader, writer = self.streams
        form = b"" if body is None else b"content-type: application/x-www-form-urlencoded\r\n"
        length = b"" if body is None else f"content-length: {len(body)}\r\n".encode()
        verb = "GET" if body is None else "POST"
        writer.write(f"{verb} {path} HTTP/1.1\r\nhost: {HOST}\r\n".encode() + form + length + b"\r\n" + (body or b""))
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if found := re.search(rb"content-length: (\d+)", head):
            await reader.readexactly(int(found[1]))
        elif b"transfer-encoding: chunked" in head:
            while size := int((await reader.readuntil(b"\r\n")), 16):
                await reader.readexactly(size + 2)
            await reader.readexactly(2)
        if b"connection: close" in head:
            self.drop()
        return int(head.split(b" ", 2)[1])

    def drop(self) -> None:
        if self.streams is not None:
            self.streams[1].close()
        self.streams = None


async def load(proxy: Proxy, requests: Iterator[tuple[str, str, bytes | None]], rate: float, seconds: float) -> Asked:
    """Ask at even moments."""
    asked = Asked()
    free: asyncio.Queue[Line] = asyncio.Queue()
    for number in range(CONNECTIONS):
        free.put_nowait(Line(proxy, number))
    start = time.perf_counter() + 0.2

    async def one(due: float, name: str, path: str, body: bytes | None) -> None:
        line = await free.get()
        try:
            status = await asyncio.wait_for(line.ask(path, body), 20)
            if status not in (200, 202, 303):
                asked.errors[f"{name}: {status}"] += 1
        except Exception as error:
            line.drop()
            asked.errors[f"{name}: {type(error).__name__}"] += 1
        finally:
            free.put_nowait(line)
        asked.times[name].append((time.perf_counter() - due) * 1000)

    async with asyncio.TaskGroup() as group:
        for number in range(int(rate * seconds)):
            due = start + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(one(due, *next(requests)))
    while not free.empty():
        free.get_nowait().drop()
    return asked


def journeys(links: dict[str, list[str]], stamp: str, letter: str) -> Iterator[tuple[str, str, bytes | None]]:
    """Requests of every kind, in an order that chance has made and that is always the same."""
    chance = random.Random(20)
    order = list(JOURNEYS)
    turn = {name: itertools.cycle(found) for name, found in links.items()}
    page = dict.fromkeys(("confirm", "leave"), "")
    numbers = itertools.count()
    while True:
        chance.shuffle(order)
        for name in order:
            if name == "form":
                yield name, "/", None
            elif name == "subscribe":
                yield name, "/subscribe", urlencode({"email": f"new{next(numbers)}@example.net", "at": stamp}).encode()
            elif name == "confirm page":
                page["confirm"] = page["confirm"] or next(turn["confirm"])
                yield name, page["confirm"], None
            elif name == "confirm":
                yield name, page["confirm"] or next(turn["confirm"]), b""
                page["confirm"] = ""
            elif name == "choices page":
                yield name, next(turn["preferences"]), None
            elif name == "choices":
                rhythm = chance.choice(("instant", "daily", "weekly"))
                form = {"shown": "readers", "list": "readers", "rhythm-readers": rhythm, "act": "save"}
                yield name, next(turn["preferences"]), urlencode(form).encode()
            elif name == "archive":
                yield name, "/archive", None
            elif name == "letter":
                yield name, letter, None
            elif name == "leave page":
                page["leave"] = next(turn["leave"])
                yield name, page["leave"], None
            else:
                yield name, page["leave"] or next(turn["leave"]), b"List-Unsubscribe=One-Click"
                page["leave"] = ""


def prepared(root: Path, readers: int, most: int) -> dict[str, list[str]]:
    """Readers in the database, and links of some of them."""
    people = root.parent / "people.csv"
    people.write_text("email\n" + "".join(f"reader{number}@example.net\n" for number in range(readers)), "utf-8")
    _ok(here("-C", root, "subscribers", "import", people, "--consent", "they asked", "--yes"))
    links: dict[str, list[str]] = {"preferences": [], "leave": [], "confirm": []}
    wishes = [f"wishes{number}@example.net" for number in range(most)]
    with open_workspace(root, {}) as workspace:
        now, keys = workspace.now(), workspace.keys.suppression
        with workspace.database.write() as connection:
            for address in wishes:
                actions.subscribe(connection, address, "readers", now=now, keys=keys, how="form", words="")
    # Who confirms has got the letter that asks.
    _ok(here("-C", root, "subscribers", "letters"))
    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        for number, address in enumerate(wishes):
            who = store.find(connection, normalise(f"reader{number}@example.net"))
            assert who is not None
            for purpose, list_id in (("preferences", 0), ("leave", 1)):
                token = tokens.make(
                    purpose, workspace.keys.tokens, public_id=who.public_id, list_id=list_id, epoch=who.epoch
                )
                links[purpose].append(f"/{purpose}/{token}")
            other = store.find(connection, normalise(address))
            assert other is not None
            links["confirm"].append(f"/confirm/{actions.make_confirmation(connection, other.id, 1, now=now)}")
    return links


def _ok(done: object) -> None:
    assert getattr(done, "code", 1) == 0, done


def row(name: str, times: list[float]) -> str:
    times = sorted(times)
    cuts = statistics.quantiles(times, n=1000) if len(times) > 1 else [times[0]] * 999
    return f"{name:<26}{len(times):>7,}{cuts[499]:>9.1f}{cuts[949]:>9.1f}{cuts[989]:>9.1f}{times[-1]:>9.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--readers", type=int, default=50_000)
    parser.add_argument("--pace", type=int, default=50, help="letters a second of the send beside it; 0: no send")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        root = make_workspace(folder / "w", readers=1, settings=f"per_second = {wanted.pace}\nbatch = 25")
        if wanted.database == "postgresql":
            url = stack.enter_context(own_server()).database()
            (root / "secrets" / "database.url").write_text(url.replace("postgresql+psycopg", "postgresql"), "utf-8")
            _ok(here("-C", root, "database", "upgrade"))
            _ok(here("-C", root, "subscribers", "add", "reader0@example.net"))
        _ok(here("-C", root, "send", "1", "--yes"))
        text = folder / "second.txt"
        text.write_text(SECOND, "utf-8")
        for words in (("collect", text), ("compose", "--slug", "second", "--latest", "1")):
            _ok(here("-C", root, *words))
        print(f"{wanted.readers:,} readers come in …", file=sys.stderr)
        links = prepared(root, wanted.readers, int(wanted.rate * wanted.seconds / 8) + 50)
        port = free_port()
        stack.enter_context(served(root, port, workers=2))
        proxy = stack.enter_context(before(folder / "n", port, changes=_floor(folder / "n")))
        form = proxy.ask("/")[2]
        (folder / "n" / "floor").mkdir()
        (folder / "n" / "floor" / "form.html").write_bytes(form)
        found = re.search(r'href="(?:https://[^"/]+)?(/letters/[^"]+)"', proxy.ask("/archive")[2].decode())
        assert found is not None
        _until_healthy(proxy)
        stamp = stamp_of(form.decode())
        static = asyncio.run(
            load(proxy, itertools.repeat(("static", "/floor/form.html", None)), wanted.rate, wanted.seconds / 4)
        )
        send = None
        if wanted.pace:
            send = subprocess.Popen(command("-C", root, "send", "2", "--yes"), env=environment(), **_silent())
            _until_letters(root, 30)
        before_it = _letters(root)
        load_before = os.getloadavg()[0]
        spent = {kind: -cpu(kind) for kind in WORKERS}
        asked = asyncio.run(load(proxy, journeys(links, stamp, found[1]), wanted.rate, wanted.seconds))
        sent = _letters(root) - before_it
        spent = {kind: (spent[kind] + cpu(kind)) * 1000 / (wanted.rate * wanted.seconds) for kind in WORKERS}
        assert send is None or send.poll() is None, "the send was over before the measurement"
        if send is not None:
            send.kill()
            send.wait()
    _told(asked, static, len(form), sent, load_before, wanted)
    print("processor time for each request: " + ", ".join(f"{kind} {spent[kind]:.2f} ms" for kind in WORKERS))


WORKERS = ("pages", "nginx", "send", "client")


def cpu(kind: str) -> float:
    """Seconds of a processor that processes of a kind have spent, whatever else the machine does."""
    if kind == "client":
        return time.process_time()
    found = 0.0
    below = {os.getpid()}
    stats = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            with contextlib.suppress(OSError):
                words = (path / "stat").read_text().rpartition(")")[2].split()
                stats[int(path.name)] = (int(words[1]), (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK"))
    kinds: dict[int, str] = {}
    for pid in sorted(stats):
        parent = stats[pid][0]
        if parent in below:
            below.add(pid)
            with contextlib.suppress(OSError):
                line = (Path("/proc") / str(pid) / "cmdline").read_bytes()
                words_of = {b"nginx": "nginx", b"\0serve\0": "pages", b"\0send\0": "send"}
                own = next((name for word, name in words_of.items() if word in line), "")
                kinds[pid] = own or kinds.get(parent, "")
                found += stats[pid][1] if kinds[pid] == kind else 0.0
    return found


def _told(asked: Asked, static: Asked, size: int, sent: int, busy: float, wanted: argparse.Namespace) -> None:
    print(f"{wanted.database}, {wanted.rate:.0f} requests/s for {wanted.seconds:.0f} s; load before it {busy:.1f}")
    print(f"letters sent meanwhile: {sent:,}")
    print(f"{'':<26}{'number':>7}{'median':>9}{'95 %':>9}{'99 %':>9}{'most':>9}   ms")
    print(row(f"floor: static, {size:,} B", static.all()))
    for name in dict.fromkeys(JOURNEYS):
        print(row(name, asked.times[name]))
    print(row("all", asked.all()))
    p99, floor = (statistics.quantiles(one.all(), n=100)[98] for one in (asked, static))
    print(f"99 % within {p99:.1f} ms (wanted: {WANTED}), {p99 / floor:.1f} times the floor's {floor:.1f} ms")
    print(f"errors: {sum(asked.errors.values())} {dict(asked.errors) or ''} (floor: {sum(static.errors.values())})")


def _floor(folder: Path) -> dict[str, str]:
    """One location more in the example's server: a static file, with the same TLS and the same limits."""
    return {"    location / {\n": f"    location /floor/ {{ root {folder}; }}\n    location / {{\n"}


def _silent() -> dict[str, int]:
    return {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def _letters(root: Path) -> int:
    return sum(1 for _ in (root / "outbox" / "new").iterdir())


def _until_letters(root: Path, number: int) -> None:
    before_it, until = _letters(root), time.monotonic() + 120
    while _letters(root) < before_it + number:
        assert time.monotonic() < until, "the send does not begin"
        time.sleep(0.1)


def _until_healthy(proxy: Proxy) -> None:
    """Both processes are there: each has answered once, most likely."""
    for _ in range(40):
        assert proxy.ask("/health/pages")[0] == 200


if __name__ == "__main__":
    main()
