"""A week on one machine as docs/en/operating.md puts it: nginx with TLS, the units' own commands, PostgreSQL, kills."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from command import TEXT, command, environment, here, make_workspace
from conftest import MakeDatabase
from nginx_before import Proxy, before
from reader_pages import free_port, stamp_of
from test_postgresql import on

pytestmark = [pytest.mark.slow, pytest.mark.postgresql]

BASE = "https://news.example.org"
BY_FORM = [f"form{number}@example.net" for number in range(4)]
SECOND = "الميناء يستقبل أولى سفن الموسم\nرست صباح اليوم ثلاث سفن صيد.\nوعاد الباعة إلى أرصفتهم.\n"


def until(condition: Callable[[], Any], what: str, seconds: float = 90) -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"{what}: it did not happen"
        time.sleep(0.05)
    return found


class Service:
    """A service as systemd would run it: the words of its unit's ExecStart, in a session of its own, started again."""

    def __init__(self, unit: Path, log: Path) -> None:
        line = re.search("^ExecStart=(.*)$", unit.read_text("utf-8"), re.MULTILINE)
        assert line is not None
        self.words = [word.replace("%%", "%").replace("$$", "$") for word in shlex.split(line[1])]
        self.log = log
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.words, stdout=log, stderr=log, env=environment(), cwd="/", start_new_session=True
            )

    def die(self) -> None:
        """-9, to the first process and to whatever it started, as systemd ends a unit whose main process has died."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """TERM to the first process alone (``KillMode=mixed``), which must end by itself."""
        self.process.send_signal(signal.SIGTERM)
        try:
            # uvicorn ends by the signal once it has come to its end; systemd takes both for a clean one.
            assert self.process.wait(30) in (0, -signal.SIGTERM), self.log.read_text("utf-8")
        finally:
            if self.process.poll() is None:
                self.die()


def letters(root: Path) -> list[tuple[str, str, str]]:
    """Of each letter in the outbox: to whom, its subject, its plain text."""
    found = []
    for path in sorted((root / "outbox" / "new").glob("*.eml")):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        body = message.get_body(("plain",))
        assert body is not None
        found.append((str(message["To"]), str(message["Subject"]), body.get_content()))
    return found


def links(root: Path, page: str) -> dict[str, str]:
    """The newest link to a page in a letter to each address."""
    found = {}
    for address, _, text in letters(root):
        if link := re.search(rf"{re.escape(BASE)}(/{page}/[\w-]+)", text):
            found[address] = link[1]
    return found


def up(proxy: Proxy) -> bool:
    try:
        return proxy.ask("/health/pages")[0] == 200
    except OSError:
        return False


def pressed(proxy: Proxy, path: str, form: dict[str, str], source: str) -> bool:
    """Whether a press of a button came through; who sees "bad gateway" presses again."""
    return proxy.ask(path, form, source=source)[0] in (200, 202, 303)


def test_a_week_behind_tls_with_pages_and_worker_killed_twice(tmp_path: Path, database_urls: MakeDatabase) -> None:
    settings = "batch = 4\nlease = 2\nper_second = 16"
    root = make_workspace(tmp_path / "w", readers=0, settings=settings)
    on(root, database_urls("postgresql"))
    assert here("-C", root, "database", "upgrade").code == 0
    added = [f"reader{number}@example.net" for number in range(30)]
    assert here("-C", root, "subscribers", "add", *added).code == 0
    units, port = tmp_path / "units", free_port()
    done = here("-C", root, "service", "install", "--user", "--to", units, "--port", str(port), "--workers", "1")
    assert done.code == 0, done
    with ExitStack() as stack:
        proxy = stack.enter_context(before(tmp_path / "nginx", port))
        services = [Service(units / f"nashra-{name}.service", tmp_path / f"{name}.log") for name in ("web", "worker")]
        for service in services:
            stack.callback(service.stop)
        web, worker = services
        until(lambda: up(proxy), "the pages answer")

        # Four readers of four networks come in through the form.
        sources = {address: f"127.0.{number + 1}.9" for number, address in enumerate(BY_FORM)}
        stamps = {one: stamp_of(proxy.ask("/", source=source)[2].decode()) for one, source in sources.items()}
        time.sleep(2.1)  # who is quicker is no person
        for one, source in sources.items():
            assert proxy.ask("/subscribe", {"email": one, "at": stamps[one]}, source=source)[0] == 200
        confirm = until(lambda: len(found := links(root, "confirm")) == 4 and found, "confirmation letters")
        for one in BY_FORM[:3]:
            assert pressed(proxy, confirm[one], {}, sources[one])

        # The letter of the week; both die in the middle of it, and the fourth presses meanwhile.
        sent_while(root, "1", web, worker, lambda: pressed(proxy, confirm[BY_FORM[3]], {}, "127.0.4.9"))
        until(lambda: up(proxy), "the pages answer again")
        until(lambda: pressed(proxy, confirm[BY_FORM[3]], {}, "127.0.4.9"), "the fourth confirms")
        readers = {*added, *BY_FORM[:3]}
        assert got(root, TEXT) in (dict.fromkeys(readers, 1), dict.fromkeys({*readers, BY_FORM[3]}, 1))

        # One leaves with one click, and the next letter goes to the others; both die once more.
        leave = links(root, "leave")[BY_FORM[0]]
        text = tmp_path / "second.txt"
        text.write_text(SECOND, "utf-8")
        for words in (("collect", text), ("compose", "--slug", "second", "--latest", "1")):
            assert (done := here("-C", root, *words)).code == 0, done
        one_click = {"List-Unsubscribe": "One-Click"}
        assert pressed(proxy, leave, one_click, sources[BY_FORM[0]])
        sent_while(root, "2", web, worker, lambda: pressed(proxy, leave, one_click, "127.0.1.9"))
        assert got(root, SECOND) == dict.fromkeys({*added, *BY_FORM[1:]}, 1)
        until(lambda: up(proxy), "the pages answer in the end")
        assert proxy.ask("/archive")[0] == 200
    told = "".join(service.log.read_text("utf-8") for service in services)
    assert "Traceback" not in told
    assert "@" not in told


def sent_while(root: Path, issue: str, web: Service, worker: Service, press: Callable[[], object]) -> None:
    """Send an issue by the worker, and kill both services in its middle."""
    before_it = len(letters(root))
    send = subprocess.Popen(
        command("-C", root, "send", issue, "--yes"),
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        until(lambda: len(letters(root)) >= before_it + 9 or send.poll() is not None, "the send begins")
        worker.die()
        web.die()
        press()
        web.start()
        worker.start()
        told = send.communicate(timeout=120)[0]
    finally:
        if send.poll() is None:
            send.kill()
            send.communicate()
    assert send.returncode == 0, told


def got(root: Path, article: str) -> dict[str, int]:
    """How often each address has a letter whose subject is the headline of an article."""
    subject = article.partition("\n")[0]
    return dict(Counter(address for address, its, _ in letters(root) if subject in re.sub("[\u2066-\u2069]", "", its)))
