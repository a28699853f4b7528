"""Another page, open in the same real browser as the desk, can do nothing at the desk and see nothing of it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from command import make_workspace
from desk_served import patient
from desk_visits import StaffedDesk
from playwright.sync_api import Error as PlaywrightError
from reader_pages import CHROMIUM, FLAGS
from starlette.responses import Response

from newsletter.desk import app as desk_app
from newsletter.desk import assets, door
from newsletter.desk.app import create_app
from newsletter.desk.models import DeskRoute
from newsletter.desk.request import DeskRequest
from newsletter.wiring import open_workspace

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]
FOREIGN = ("127.0.0.1", "localhost", "evil.test")
"""Hosts of other pages: two of this machine, at another port, which browsers call the same site; one elsewhere."""

PAGE = """<!doctype html><meta charset="utf-8"><title>another page</title>
<iframe name="shown"></iframe>
<form id="plain" method="post" target="shown"><input name="csrf" value="x"></form>
<form id="parts" method="post" target="shown" enctype="multipart/form-data"><input name="csrf" value="x"></form>
<form id="text" method="post" target="shown" enctype="text/plain"><input name='{"csrf":"' value='"}'></form>"""

ATTACK = """async (desk) => {
  const told = {};
  const tried = (name, doing) => doing.then(() => told[name] = "worked", () => told[name] = "refused");
  const loaded = (kind, path) => new Promise((yes, no) => {
    const one = Object.assign(document.createElement(kind), {src: desk + path, onload: yes, onerror: no});
    document.body.append(one);
  });
  const post = {method: "POST", credentials: "include", body: "csrf=x"};
  for (const id of ["plain", "parts", "text"]) {
    const form = document.getElementById(id);
    form.action = desk + "/write";
    form.submit();
    await new Promise(later => setTimeout(later, 300));
  }
  await tried("fetch", fetch(desk + "/write", post));
  await tried("fetch with a header", fetch(desk + "/write", {...post, headers: {"X-CSRF": "x"}}));
  await tried("fetch of JSON", fetch(desk + "/write", {...post, headers: {"Content-Type": "application/json"}}));
  await tried("put", fetch(desk + "/write", {...post, method: "PUT"}));
  await tried("reading", fetch(desk + "/look", {credentials: "include"}).then(answer => answer.text()));
  await fetch(desk + "/write", {...post, mode: "no-cors"}).catch(() => null);
  await fetch(desk + "/write", {...post, mode: "no-cors", referrerPolicy: "no-referrer"}).catch(() => null);
  navigator.sendBeacon(desk + "/write", "csrf=x");
  await tried("image", loaded("img", "/picture"));
  await tried("script", loaded("script", "/script"));
  await tried("opaque", fetch(desk + "/look", {mode: "no-cors", credentials: "include"}));
  await tried("socket", new Promise((yes, no) => Object.assign(
    new WebSocket(desk.replace("http", "ws") + "/look"), {onopen: yes, onerror: no})));
  await tried("events", new Promise((yes, no) => Object.assign(
    new EventSource(desk + "/look", {withCredentials: true}), {onopen: yes, onerror: no})));
  const frame = document.createElement("iframe");
  frame.src = desk + "/look";
  await new Promise(yes => { frame.onload = yes; document.body.append(frame); setTimeout(yes, 2000); });
  try { told.frame = frame.contentDocument ? frame.contentDocument.body.innerText : "refused"; }
  catch { told.frame = "refused"; }
  told.ran = typeof window.fromTheDesk;
  return told;
}"""


@dataclass
class AttackedDesk:
    """A desk, and what was asked of it."""

    desk: StaffedDesk
    port: int
    written: list[str] = field(default_factory=list)
    asked: list[tuple[str, str, int]] = field(default_factory=list)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def noted(app: Any, attacked: list[AttackedDesk]) -> Any:
    """The application, with each answer's status written down."""

    async def around(scope: Any, receive: Any, send: Any) -> None:
        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                attacked[0].asked.append((scope["method"], scope["path"], message["status"]))
            await send(message)

        await app(scope, receive, sending)

    return around


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        flags = [*FLAGS, "--host-resolver-rules=MAP *.test 127.0.0.1"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("attacked") / "w")


@pytest.fixture
def attacked(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AttackedDesk]:
    import uvicorn

    there: list[AttackedDesk] = []

    def write(request: DeskRequest) -> Response:
        there[0].written.append(request.editor.name)
        return Response("written")

    def look(request: DeskRequest) -> Response:
        return request.page("desk/door/out.html.j2", {})

    pixel = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
    routes = (
        *assets.ROUTES,
        *door.ROUTES,
        DeskRoute("GET", "/", look, "look"),
        DeskRoute("POST", "/write", write, "edit"),
        DeskRoute("GET", "/look", look, "look"),
        DeskRoute("GET", "/picture", lambda _: Response(pixel, media_type="image/gif"), "look"),
        DeskRoute("GET", "/script", lambda one: one.text("window.fromTheDesk = 1", "text/javascript"), "anyone"),
    )
    monkeypatch.setattr(desk_app, "ROUTES", routes)
    with open_workspace(root, {}) as workspace, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        there.append(AttackedDesk(StaffedDesk(workspace, 0), listener.getsockname()[1]))
        there[0].desk.answers_at(there[0].port)
        config = uvicorn.Config(noted(create_app(there[0].desk), there), log_level="critical", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield there[0]
        server.should_exit = True
        thread.join(120)


@contextmanager
def another_server() -> Iterator[int]:
    """The server of another page, at a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = PAGE.encode()
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(120)


def come_in(context: BrowserContext, attacked: AttackedDesk) -> Page:
    """A tab that is signed in at the desk, by the address that the terminal shows."""
    page = patient(context).new_page()
    page.goto(attacked.base + attacked.desk.invitation())
    page.wait_for_url(attacked.base + "/")
    page.goto(attacked.base + "/look")
    assert page.evaluate("document.title").startswith("خرجت")
    return page


@pytest.mark.parametrize("host", FOREIGN)
def test_another_page_can_do_nothing(browser: Browser, attacked: AttackedDesk, host: str) -> None:
    context = browser.new_context()
    come_in(context, attacked)
    with another_server() as port:
        page = patient(context).new_page()
        page.goto(f"http://{host}:{port}/")
        attacked.asked.clear()
        told = page.evaluate(ATTACK, attacked.base)
        time.sleep(0.5)
    assert attacked.written == []
    assert told.pop("ran") == "undefined"
    assert set(told.values()) == {"refused"}, told
    assert len([one for one in attacked.asked if one[:2] == ("POST", "/write")]) >= 6
    assert [one for one in attacked.asked if one[2] not in {401, 403, 405}] == []
    context.close()


def test_our_own_page_can(browser: Browser, attacked: AttackedDesk) -> None:
    # The same requests from our own page work: what is refused above is refused for where it comes from.
    context = browser.new_context()
    page = come_in(context, attacked)
    csrf = page.get_attribute("meta[name=csrf]", "content")
    status = page.evaluate(
        "async (csrf) => (await fetch('/write', {method: 'POST', headers: {'X-CSRF': csrf}})).status", csrf
    )
    assert status == 200
    assert page.evaluate("async () => (await fetch('/write', {method: 'POST', body: 'csrf=x'})).status") == 403
    assert len(attacked.written) == 1
    context.close()


def test_a_name_that_is_bent_to_us_sees_nothing(browser: Browser, attacked: AttackedDesk) -> None:
    # DNS rebinding: the browser takes us for the host of the other page, at the desk's own port.
    context = browser.new_context()
    come_in(context, attacked)
    page = patient(context).new_page()
    attacked.asked.clear()
    for path in ("/", "/look", "/enter", "/assets/x/desk.css"):
        with pytest.raises(PlaywrightError, match="ERR_HTTP_RESPONSE_CODE_FAILURE"):
            # The answer has no body at all: the browser shows a page of its own.
            page.goto(f"http://rebound.test:{attacked.port}{path}")
    assert len(attacked.asked) >= 4
    assert {status for _, _, status in attacked.asked} == {421}
    context.close()


def test_a_window_that_another_page_opens_is_none_of_its(browser: Browser, attacked: AttackedDesk) -> None:
    context = browser.new_context()
    come_in(context, attacked)
    with another_server() as port:
        page = patient(context).new_page()
        page.goto(f"http://evil.test:{port}/")
        with context.expect_page() as opened:
            page.evaluate("desk => { window.other = window.open(desk); }", attacked.base + "/look")
        opened.value.wait_for_load_state()
        assert page.evaluate("window.other.closed") is True
        assert opened.value.evaluate("window.opener") is None
    context.close()


def test_the_token_is_in_no_address_and_no_history(browser: Browser, attacked: AttackedDesk) -> None:
    context = browser.new_context()
    page = patient(context).new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.url} {request.headers.get('referer', '')}"))
    invitation = attacked.desk.invitation()
    token = invitation.partition("#")[2]
    page.goto(attacked.base + invitation)
    page.wait_for_url(attacked.base + "/")
    assert [one for one in asked if token in one.partition("#")[0]] == []
    page.go_back()
    assert token not in page.url
    assert page.evaluate("location.hash") == ""
    context.close()


def test_a_new_address_over_an_old_one_opens_the_desk(browser: Browser, attacked: AttackedDesk) -> None:
    context = browser.new_context()
    page = patient(context).new_page()
    page.goto(f"{attacked.base}/enter#{'x' * 43}")
    page.wait_for_selector(".notice")
    # Only what stands behind the # is another: the browser loads nothing.
    page.goto(attacked.base + attacked.desk.invitation())
    page.wait_for_url(attacked.base + "/")
    context.close()


def test_without_javascript_the_address_is_pasted(browser: Browser, attacked: AttackedDesk) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = patient(context).new_page()
    invitation = attacked.base + attacked.desk.invitation()
    page.goto(invitation)
    page.fill("#token", invitation)
    page.click("button.main")
    page.wait_for_url(attacked.base + "/")
    context.close()
