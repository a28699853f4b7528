"""``newsletter desk`` as a process: its address, the browser it opens, both loopback addresses, and how it ends."""

from __future__ import annotations

import http.client
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from command import command, complains, environment, here, make_workspace, there
from settings_text import with_settings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("opened") / "w")


@dataclass
class OpenDesk:
    """A desk that runs."""

    process: subprocess.Popen[bytes]
    port: int
    token: str

    def ask(
        self, method: str, path: str, form: Mapping[str, str] | None = None, **headers: str
    ) -> tuple[int, str, str]:
        """Status, the cookie that is set, and the body."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            body = urlencode(form).encode() if form is not None else None
            kind = {"Content-Type": "application/x-www-form-urlencoded"} if form is not None else {}
            origin = {"Origin": f"http://127.0.0.1:{self.port}"} if method == "POST" else {}
            connection.request(method, path, body, {**kind, **origin, **headers})
            answer = connection.getresponse()
            cookie = (answer.getheader("set-cookie") or "").partition(";")[0]
            return answer.status, cookie, answer.read().decode("utf-8")

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Its exit code, and what it wrote to stderr since its address."""
        self.process.send_signal(number)
        _, err = self.process.communicate(timeout=60)
        return self.process.returncode, err.decode("utf-8")


@contextmanager
def opened(root: Path, *words: str, more: Mapping[str, str] | None = None) -> Iterator[OpenDesk]:
    """A desk of its own process."""
    process = subprocess.Popen(
        command("-C", root, "desk", *words),
        env=environment({"DISPLAY": "", "WAYLAND_DISPLAY": "", **(more or {})}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/enter#([\w-]{43})\n", line)
        assert found is not None, (line, process.stderr.read() if process.stderr else "")
        yield OpenDesk(process, int(found[1]), found[2])
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=30)


def test_it_prints_an_address_that_works_once_and_ends_cleanly(root: Path) -> None:
    with opened(root, "--no-open") as desk:
        assert desk.ask("GET", "/")[0] == 401
        assert desk.ask("GET", "/enter")[0] == 200
        status, cookie, _ = desk.ask("POST", "/enter", {"token": desk.token})
        assert status == 303
        assert cookie.startswith(f"nashra-desk-{desk.port}=")
        assert desk.ask("GET", "/none", Cookie=cookie)[0] == 404
        assert desk.ask("POST", "/enter", {"token": desk.token})[0] == 403
        assert desk.ask("GET", "/", Host="evil.example")[0] == 421
        code, err = desk.end()
        assert code == 0, err
        assert "Traceback" not in err
        assert "The address works once" in err
        assert desk.token not in err
        assert cookie.partition("=")[2] not in err
        assert re.search(r"INFO nashra\.desk: POST /enter 303 \d+ ms", err)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_also_while_somebody_listens(root: Path, number: int) -> None:
    with opened(root) as desk:
        _, cookie, _ = desk.ask("POST", "/enter", {"token": desk.token})
        with closing(http.client.HTTPConnection("127.0.0.1", desk.port, timeout=30)) as listening:
            listening.request("GET", "/events?slug=first", headers={"Cookie": cookie})
            stream = listening.getresponse()
            assert (stream.status, stream.getheader("content-type")) == (200, "text/event-stream; charset=utf-8")
            assert stream.readline() == b"retry: 2000\n"
            begun = time.monotonic()
            code, err = desk.end(number)
            assert b"event: hello" in stream.read()
        assert code == 0, err
        assert "Traceback" not in err
        assert time.monotonic() - begun < 60


def test_a_signal_that_comes_with_the_address_ends_it(root: Path) -> None:
    for wait in (0.0, 0.02, 0.1):
        with opened(root, "--no-open") as desk:
            time.sleep(wait)
            code, err = desk.end()
        assert code == 0, (wait, err)
        assert "Traceback" not in err


def test_it_listens_at_both_loopback_addresses_and_at_no_other(root: Path) -> None:
    with opened(root, "--no-open") as desk:
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            try:
                with socket.socket(family) as tried:
                    tried.bind((host, 0))
            except OSError:
                continue
            with socket.socket(family) as client:
                client.settimeout(10)
                client.connect((host, desk.port))
        found = subprocess.run(["cat", "/proc/net/tcp", "/proc/net/tcp6"], capture_output=True, text=True, check=True)
        listening = {
            line.split()[1].rpartition(":")[0]
            for line in found.stdout.splitlines()
            if line.split()[1].endswith(f":{desk.port:04X}") and line.split()[3] == "0A"
        }
        assert listening <= {"0100007F", "00000000000000000000000001000000"}
        assert "0100007F" in listening


def test_a_second_desk_is_told_of_the_first_and_has_its_own_cookies(root: Path) -> None:
    with opened(root, "--no-open") as one, opened(root, "--no-open") as other:
        assert one.port != other.port
        _, cookie, _ = one.ask("POST", "/enter", {"token": one.token})
        assert other.ask("GET", "/none", Cookie=cookie)[0] == 401
        assert other.ask("POST", "/enter", {"token": one.token})[0] == 403
        code, err = other.end()
        assert code == 0
        assert "Another desk of this workspace is open." in err
        assert "Another desk" not in one.end()[1]


def test_enter_in_the_terminal_prints_another_address(root: Path) -> None:
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        command("-C", root, "desk", "--no-open"),
        env=environment(),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        os.write(ours, b"\n")
        assert select.select([process.stdout], [], [], 30)[0]
        second = process.stdout.readline()
        assert first != second
        assert first.partition(b"#")[0] == second.partition(b"#")[0]
        process.terminate()
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0
        assert b"Enter prints a new one" in err
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate(timeout=30)
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize(
    ("words", "more", "opens"),
    [
        ((), {"DISPLAY": ":99"}, True),
        (("--no-open",), {"DISPLAY": ":99"}, False),
        ((), {"DISPLAY": ""}, False),
        ((), {"DISPLAY": ":99", "SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}, False),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is a screen always")
def test_it_opens_the_browser_where_there_is_a_screen(
    root: Path, tmp_path: Path, words: tuple[str, ...], more: dict[str, str], opens: bool
) -> None:
    seen = tmp_path / "seen"
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\nprintf %s "$1" > {seen}\n', "utf-8")
    program.chmod(0o755)
    with opened(root, *words, more={"BROWSER": str(program), "SSH_CONNECTION": "", **more}) as desk:
        until = time.monotonic() + (20 if opens else 2)
        while time.monotonic() < until and not (seen.exists() and seen.read_text()):
            time.sleep(0.05)
        assert seen.exists() is opens
        if opens:
            address = seen.read_text()
            assert address.startswith(f"http://127.0.0.1:{desk.port}/enter#")
            assert not address.endswith(desk.token)
            assert desk.ask("POST", "/enter", {"token": address.partition("#")[2]})[0] == 303


def test_behind_a_proxy_people_sign_in(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    path = root / "newsletter.toml"
    path.write_text(with_settings(path.read_text("utf-8"), '[desk]\nurl = "https://desk.example.org"\n'), "utf-8")
    words = ("-C", root, "desk", "person", "add", "سلمى", "--role", "send", "--stdin")
    added = there(*words, stdin=None, input="أربع كلمات سهلة هنا\n".encode())
    code = added.out.split()[1]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        command("-C", root, "desk", "--port", str(port), "--log", "json"),
        env=environment({"DISPLAY": ":99"}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    desk, proxied = OpenDesk(process, port, ""), {"Host": "desk.example.org", "X-Forwarded-For": "192.0.2.1"}
    try:
        assert process.stderr is not None
        told = process.stderr.readline().decode()
        assert told.startswith(f"The desk is at https://desk.example.org and listens at port {port} for its proxy.")
        assert desk.ask("GET", "/")[0] == 421
        assert desk.ask("GET", "/", **proxied)[0] == 303
        form = {"name": "سلمى", "password": "أربع كلمات سهلة هنا", "code": code}
        ours = {**proxied, "Origin": "https://desk.example.org"}
        status, cookie, _ = desk.ask("POST", "/sign-in", form, **ours)
        assert status == 303
        assert cookie.startswith("__Host-nashra-desk=")
        assert "سلمى" in desk.ask("GET", "/none", **proxied, Cookie=cookie)[2]
        removed = there("-C", root, "desk", "person", "remove", "سلمى", "--yes")
        assert removed.code == 0, removed
        assert desk.ask("GET", "/none", **proxied, Cookie=cookie)[0] == 303
        ended, err = desk.end()
        assert ended == 0, err
        lines = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
        assert any(line["words"].startswith("POST /sign-in 303") for line in lines)
        assert "192.0.2.1" not in err
        assert "سلمى" not in err
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=30)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "desk.example.org"])
def test_without_an_address_it_is_for_this_machine_alone(root: Path, host: str) -> None:
    complains(here("-C", root, "desk", "--no-open", "--host", host), "for this machine alone", f"--host {host}")


def test_a_port_that_is_taken_is_told(root: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        complains(here("-C", root, "desk", "--no-open", "--port", str(port)), "cannot listen there", "--port")
