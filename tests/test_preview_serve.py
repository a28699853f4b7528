"""newsletter preview --serve: the letter alone, living on its file, for this machine alone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import desk_newsroom
import pytest
from starlette.testclient import TestClient

from newsletter.desk.guard import SECURITY
from newsletter.desk.showing import changes_of, create_preview, mark_of
from newsletter.wiring import Workspace, open_workspace

PORT = 8123
BASE = f"http://127.0.0.1:{PORT}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("preview") / "w"
    desk_newsroom.make(root, readers=3, sent=False)
    return root


@pytest.fixture
def issue(made: Path) -> Iterator[Path]:
    path = made / "issues" / desk_newsroom.DRAFT / "issue.md"
    before = path.read_bytes()
    yield path
    path.write_bytes(before)


@pytest.fixture
def workspace(made: Path) -> Iterator[Workspace]:
    with open_workspace(made, {}) as found:
        yield found


@pytest.fixture
def browser(workspace: Workspace, issue: Path) -> TestClient:
    return TestClient(create_preview(workspace, issue, PORT), base_url=BASE)


def test_the_page_shows_the_letter_the_inbox_line_and_what_the_check_says(browser: TestClient) -> None:
    html = browser.get("/").text
    assert desk_newsroom.SUBJECT in re.sub("<[^>]+>", "", html)
    assert 'src="/letter?"' in html
    assert "الصورة بلا وصف" in html
    assert 'src="/letter?text=1&amp;dark=1"' in browser.get("/?look=text&dark=1").text


def test_the_letter_is_the_one_that_goes_with_links_that_change_nothing(browser: TestClient) -> None:
    got = browser.get("/letter")
    assert "مرسى الريحان" in re.sub("<[^>]+>", "", got.text)
    assert "sandbox allow-same-origin" in got.headers["content-security-policy"]
    assert "script-src" not in got.headers["content-security-policy"]
    assert not re.search(r'(?:src|background)="https?:', got.text)
    text = browser.get("/letter?text=1").text
    assert "مرسى الريحان" in text
    assert "<pre>" in text


def test_pictures_come_by_the_name_of_their_bytes_and_nothing_else_does(browser: TestClient) -> None:
    names = re.findall(r'"/media/([^"]+)"', browser.get("/letter").text)
    assert names
    assert browser.get(f"/media/{names[0]}").headers["content-type"].startswith("image/")
    for other in ("nothing.png", "..%2f..%2fnewsletter.toml", "issue.md"):
        assert browser.get(f"/media/{other}").status_code == 404


def test_it_is_as_the_file_is_now(browser: TestClient, issue: Path) -> None:
    before = browser.get("/parts").json()
    issue.write_text(issue.read_text("utf-8").replace("رصيف جديد، وزيت", "رصيف قديم، وزيت"), "utf-8")
    after = browser.get("/parts").json()
    assert after["mark"] != before["mark"]
    assert "رصيف قديم" in after["fragments"]["inbox"]
    assert "رصيف قديم" not in before["fragments"]["inbox"]


@pytest.mark.parametrize(("text", "said"), [("+++\nno end", "السطر"), ("", "problems"), (None, "problems")])
def test_a_broken_file_is_told_and_the_page_stays(
    text: str | None, said: str, browser: TestClient, issue: Path
) -> None:
    if text is None:
        issue.unlink()
    else:
        issue.write_text(text, "utf-8")
    got = browser.get("/")
    assert got.status_code == 200
    assert said in got.text
    assert "notice bad" in got.text
    assert "لا رسالة" in browser.get("/letter").text


@pytest.mark.parametrize("host", ["evil.example", f"127.0.0.1:{PORT + 1}", "127.0.0.1", f"evil.example:{PORT}", ""])
def test_a_foreign_name_gets_nothing(host: str, browser: TestClient) -> None:
    got = browser.get("/", headers={"host": host})
    assert (got.status_code, got.text) == (421, "")


@pytest.mark.parametrize("host", [f"127.0.0.1:{PORT}", f"localhost:{PORT}", f"[::1]:{PORT}"])
def test_names_of_this_machine_are_ours(host: str, browser: TestClient) -> None:
    assert browser.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_written(method: str, browser: TestClient) -> None:
    assert browser.request(method, "/").status_code == 405


@pytest.mark.parametrize("path", ["/", "/parts", "/letter", "/nothing", "/assets/1/living.css", "/assets/1/living.js"])
def test_every_answer_has_the_headers_of_the_desk(path: str, browser: TestClient) -> None:
    headers = browser.get(path).headers
    own = {"content-security-policy"} if path == "/letter" else set()
    assert {name: headers.get(name) for name in SECURITY if name not in own} == {
        name: value for name, value in SECURITY.items() if name not in own
    }


def test_the_page_asks_no_other_host_and_has_no_inline_script_or_style(browser: TestClient) -> None:
    html = browser.get("/").text
    assert re.findall(r'(?:src|href)="(?:https?:)?//', html) == []
    assert re.findall(r"<script(?![^>]*src=)|\son\w+=|\sstyle=|<style", html) == []


def test_a_reading_three_times_changes_no_file(browser: TestClient, made: Path) -> None:
    def state() -> dict[str, tuple[int, int]]:
        watched = [*(made / "issues").rglob("*"), made / "newsletter.toml", made / "newsletter.db"]
        return {str(one): (one.stat().st_size, one.stat().st_mtime_ns) for one in watched if one.is_file()}

    before = state()
    for _ in range(3):
        for path in ("/", "/parts", "/letter", "/letter?text=1"):
            browser.get(path)
    assert state() == before


def test_changes_are_told_once_each(tmp_path: Path) -> None:
    path = tmp_path / "issue.md"
    path.write_text("one", "utf-8")

    async def told() -> list[str]:
        events = changes_of(path, again=0.01)
        first = await anext(events)
        path.write_text("two, longer", "utf-8")
        second = await anext(events)
        path.unlink()
        third = await anext(events)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(anext(events), 0.2)
            raise AssertionError("nothing changed, and something was told")
        return [first, second, third]

    first, second, third = asyncio.run(told())
    assert first.startswith("event: file\ndata: {")
    assert len({first, second, third}) == 3
    assert '"mark": ""' in third
    assert mark_of(path) == ""


@pytest.mark.slow
def test_the_command_prints_an_address_of_this_machine_and_ends_by_ctrl_c(made: Path) -> None:
    words = [sys.executable, "-m", "newsletter", "-C", str(made), "preview", desk_newsroom.DRAFT, "--serve"]
    with (
        subprocess.Popen(
            # Buffered, as it is where nobody sets it: the address comes at once all the same.
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": ""},
        ) as run,
        contextlib.ExitStack() as over,
    ):
        # Whatever fails below: else its end, or its first line, would be waited for, for ever.
        over.callback(run.kill)
        late = threading.Timer(120, run.kill)
        over.callback(late.cancel)
        late.start()
        assert run.stdout is not None
        url = run.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", url)
        for _ in range(1000):
            try:
                with urllib.request.urlopen(url, timeout=60) as answer:
                    assert "الرسالة الحيّة" in answer.read().decode("utf-8")
                break
            except OSError:
                time.sleep(0.1)
        else:
            raise AssertionError("it never answered")
        run.send_signal(signal.SIGINT)
        _, errors = run.communicate(timeout=120)
    assert "Traceback" not in errors
    assert not (made / "issues" / desk_newsroom.DRAFT / "issue.html").exists()
