"""Hostile bodies, files, words of servers and numbers of requests at the desk: each is refused, and holds up nobody."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from html import unescape
from http.client import HTTPConnection
from pathlib import Path

import pytest
from command import make_workspace
from desk_visits import DeskVisitor, StaffedDesk, at_desk
from newsroom import Clock, make, open_newsroom
from PIL import Image
from settings_text import with_settings
from sqlalchemy import text
from starlette.testclient import TestClient

from newsletter import issues, library
from newsletter.desk import door, guard
from newsletter.desk.app import create_app
from newsletter.desk.delays import PAIR
from newsletter.desk.desk import Desk
from newsletter.issues import compose
from newsletter.models import Article
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows import editors

NOW = datetime(2026, 11, 28, 9, 40, tzinfo=UTC)
ISSUE = """+++
number = 1
subject = "رصيف جديد ومكتبة لا تنام"
preheader = "أخبار الساحل هذا الأسبوع"
list = "readers"
+++

## أخبار

### مرسى الريحان يفتح رصيفه الجديد
تسلّم الصيادون رصيفًا يتسع لستين قاربًا.

https://almawja.example.org/1/
"""
JSON = {"content-type": "application/json", "accept": "application/json"}
PROXIED = "https://desk.example.org"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    root = make(tmp_path / "w", readers=4)
    (root / "issues" / "first").mkdir(parents=True)
    (root / "issues" / "first" / "issue.md").write_text(ISSUE, "utf-8")
    with open_newsroom(root, Clock(NOW)) as opened:
        yield opened


@pytest.fixture
def desk(workspace: Workspace) -> DeskVisitor:
    return at_desk(workspace)


def confirmed(desk: DeskVisitor) -> dict[str, str]:
    page = desk.get("/send/first/confirm", params={"when": "now"}).text
    form = page[page.index('action="/send/first/start"') :].partition("</form>")[0]
    return {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form)}


# ---- what a body may say


@pytest.mark.parametrize("said", ["{", "[1]", '"x"', "[" * 100_000])
def test_a_button_without_javascript_that_says_no_operation_is_refused(desk: DeskVisitor, said: str) -> None:
    assert desk.post("/issue/first/act", data={"act": said, "etag": "x"}).status_code == 422


@pytest.mark.parametrize("path", ["op", "merge", "presence"])
def test_json_that_goes_too_deep_is_refused(desk: DeskVisitor, path: str) -> None:
    answer = desk.post(f"/issue/first/{path}", content='{"a":' * 100_000, headers=JSON)
    assert (answer.status_code, answer.json()["error"]["mend"]) == (422, "load the page again")


def test_a_number_of_thousands_of_digits_is_none(desk: DeskVisitor, workspace: Workspace) -> None:
    fields = confirmed(desk)
    assert desk.post("/send/first/start", data={**fields, "audience": "9" * 5000}).status_code == 409
    assert desk.post("/send/first/start", data=fields).status_code == 303
    assert desk.post("/send/first/decide", data={"subject": "9" * 5000}).status_code == 422


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_at_an_end_of_the_calendar_is_no_fault(desk: DeskVisitor, day: str) -> None:
    answer = desk.get("/send/first/confirm", params={"when": "later", "day": day, "hour": "00:00"})
    assert answer.status_code in {200, 422}


@pytest.mark.parametrize("name", ["x" * 5000 + ".png", "turns.png"])
def test_a_picture_that_cannot_be_a_file_is_not_there(desk: DeskVisitor, workspace: Workspace, name: str) -> None:
    turns = workspace.root / "issues" / "first" / "turns.png"
    turns.symlink_to(turns)
    assert desk.get(f"/issue/first/file/{name}").status_code == 404


@pytest.mark.parametrize("part", ["title", "alt", "image"])
def test_a_line_that_would_take_minutes_to_read_is_refused(desk: DeskVisitor, workspace: Workspace, part: str) -> None:
    before = desk.get("/issue/first/now").json()["etag"]
    begun = time.process_time()
    asked = {"etag": before, "op": "edit", "line": 10, part: "*" * 50_000}
    assert desk.post("/issue/first/op", json=asked, headers=JSON).status_code == 422
    assert time.process_time() - begun < 10
    assert desk.get("/issue/first/now").json()["etag"] == before


# ---- files and pictures


@pytest.mark.parametrize("named", ["{elsewhere}", "../../secret.png", "%2e%2e/%2e%2e/secret.png"])
@pytest.mark.parametrize("way", ["image: {}", "![x]({})"])
def test_an_uploaded_text_takes_no_picture_from_elsewhere_on_the_machine(
    desk: DeskVisitor, workspace: Workspace, tmp_path: Path, named: str, way: str
) -> None:
    elsewhere = tmp_path / "secret.png"
    Image.new("RGB", (300, 200), "red").save(elsewhere)
    said = way.format(named.format(elsewhere=elsewhere))
    head, body = (said, "") if said.startswith("image") else ("section: أخبار", said)
    told = f"---\ntitle: خبر من بعيد\n{head}\n---\n\nنص قصير يكفي لخبر واحد.\n\n{body}\n"
    desk.post("/first/files", files={"f": ("a.md", told.encode(), "text/markdown")})
    until = time.monotonic() + 60
    while desk.desk.library.first.is_running:
        assert time.monotonic() < until
        time.sleep(0.02)
    with workspace.database.read() as connection:
        assert library.picture(connection, 1) == ""
    assert desk.get("/thumb/1").content == b""
    assert [path.name for path in (workspace.root / "issues").rglob("*secret*")] == []
    assert len(issues.every(workspace.root)) == 2


@pytest.mark.parametrize("sign", ["[", "*", "ك"])
def test_a_headline_without_end_is_cut_before_it_stands_in_an_issue(sign: str) -> None:
    said = Article(f"رصيف جديد {sign * 30_000}", "https://almawja.example.org/9/")
    assert compose.story_of(said).headline == "رصيف جديد…"
    whole = Article(f"رصيف {'جديد ' * 80}أخيرًا", "https://almawja.example.org/9/")
    assert compose.story_of(whole).headline == whole.title


def test_no_proxy_may_keep_a_picture_of_the_library(desk: DeskVisitor, workspace: Workspace, tmp_path: Path) -> None:
    Image.new("RGB", (300, 200), "red").save(tmp_path / "a.png")
    article = Article("قطار", "https://almawja.example.org/9/", image=str(tmp_path / "a.png"), published=NOW)
    with workspace.database.write() as connection:
        library.shelve(connection, [article], now=NOW)
    (address,) = re.findall(r'<img src="([^"]*)"', desk.get("/articles").text)
    kept = desk.get(unescape(address)).headers["cache-control"]
    assert kept == "private, max-age=31536000, immutable"
    assert desk.get("/thumb/1?v=other").headers["cache-control"] == "private, max-age=3600"


# ---- addresses in the words of servers


def test_what_servers_say_shows_no_address(desk: DeskVisitor, workspace: Workspace) -> None:
    desk.post("/send/first/start", data=confirmed(desk))
    said = "550 5.1.1 <reader0@example.net>: no such user"
    with workspace.database.write() as connection:
        connection.execute(text("UPDATE delivery SET state = 'refused', reason = :said"), {"said": said})
        connection.execute(
            text("UPDATE send SET state = 'paused', paused_by = 'provider', reason = :said"), {"said": said}
        )
    looker = at_desk(workspace, "look")
    for path in ("/send/first", "/send/first/who/refused", "/send/first/state"):
        page = looker.get(path)
        assert page.status_code == 200
        assert "example.net" not in page.text, path
    assert "no such user" in looker.get("/send/first/who/refused").text


# ---- many requests at once


@contextmanager
def served(desk: Desk) -> Iterator[int]:
    """The desk answering at a port."""
    import uvicorn

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        desk.answers_at(port)
        app = create_app(desk)
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=2))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        until = time.monotonic() + 120
        while not server.started and time.monotonic() < until:
            time.sleep(0.01)
        try:
            yield port
        finally:
            server.servers[0].get_loop().call_soon_threadsafe(app.end_streams)
            server.should_exit = True
            thread.join(120)
            assert not thread.is_alive()


def listen(port: int, path: str, cookie: str) -> HTTPConnection:
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", path, headers={"cookie": cookie})
    return connection


def test_pages_that_wait_for_the_first_run_hold_up_no_other(workspace: Workspace) -> None:
    desk = StaffedDesk(workspace)
    over = threading.Event()

    def work(_run: object) -> str:
        over.wait(600)
        return "first"

    desk.library.first.start("", work)
    with served(desk) as port:
        cookies = [f"{desk.address.cookie}={desk.sign_ins.begin(name)}" for name in ("سلمى", "هدى")]
        open_ = [listen(port, "/first/steps", cookies[at % 2]) for at in range(60)]
        answers = [one.getresponse() for one in open_]
        assert all(answer.readline().startswith(b"data: ") for answer in answers)
        begun = time.monotonic()
        with closing(listen(port, "/issues", cookies[0])) as other:
            assert other.getresponse().status == 200
        assert time.monotonic() - begun < 100
        over.set()
        assert b'"go": "/issue/first"' in answers[-1].read()
        for one in open_:
            one.close()


def test_one_browser_has_so_many_streams_and_the_oldest_goes(
    monkeypatch: pytest.MonkeyPatch, workspace: Workspace
) -> None:
    monkeypatch.setattr(guard, "MOST_STREAMS", 3)
    desk = StaffedDesk(workspace)
    with served(desk) as port:
        mine, hers = (f"{desk.address.cookie}={desk.sign_ins.begin(name)}" for name in ("سلمى", "هدى"))
        other = listen(port, "/events", hers)
        other.getresponse().readline()
        open_ = [listen(port, "/events", mine) for _ in range(5)]
        answers = [one.getresponse() for one in open_]
        until = time.monotonic() + 120
        while desk.events.open != 4:
            assert time.monotonic() < until
            time.sleep(0.02)
        ended = [one.fp is None or one.read(200) is not None for one in answers[:1]]
        assert ended == [True]
        for one in (*open_, other):
            one.close()


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[Desk]:
    root = make_workspace(tmp_path / "p")
    path = root / "newsletter.toml"
    path.write_text(with_settings(path.read_text("utf-8"), f'[desk]\nurl = "{PROXIED}"\n'), "utf-8")
    with open_workspace(root, {}) as workspace:
        workspace.now = Clock(NOW)  # type: ignore[method-assign]
        yield Desk(workspace, 8100)


def test_many_passwords_at_once_are_few_that_are_compared(monkeypatch: pytest.MonkeyPatch, proxied: Desk) -> None:
    compared: list[str] = []

    def slowly(_root: Path, name: str, *_: str, **__: object) -> None:
        time.sleep(0.2)
        compared.append(name)

    monkeypatch.setattr(editors, "known", slowly)
    client = TestClient(create_app(proxied), base_url=PROXIED, follow_redirects=False)
    statuses: list[int] = []
    together = threading.Barrier(24)

    def attempt() -> None:
        together.wait()
        fields = {"name": "سلمى", "password": "wrong wrong wrong", "code": "1"}
        ours = {"origin": PROXIED, "sec-fetch-site": "same-origin"}
        statuses.append(client.post("/sign-in", data=fields, headers=ours).status_code)

    threads = [threading.Thread(target=attempt) for _ in range(24)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(compared) <= PAIR.free + door._AT_ONCE
    # The others hold no thread while they wait.
    assert statuses.count(503) >= 24 - door._IN_LINE - len(compared)
    assert set(statuses) <= {403, 429, 503}
