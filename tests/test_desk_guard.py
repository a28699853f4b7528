"""The guard of the desk: who may ask what from where, and that nothing goes around it."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from command import make_workspace
from desk_visits import BASE, PORT, DeskVisitor, StaffedDesk
from newsroom import Clock
from starlette.responses import Response, StreamingResponse
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from newsletter.desk import app as desk_app
from newsletter.desk import guard
from newsletter.desk.app import create_app
from newsletter.desk.desk import Desk
from newsletter.desk.models import DeskRoute
from newsletter.desk.request import DeskRequest
from newsletter.desk.routes import ROUTES
from newsletter.desk.sign_ins import MOST, SignIns
from newsletter.ledger import activity
from newsletter.wiring import Workspace, open_workspace

OPEN = {
    ("GET", "/assets/{version}/{name}"),
    ("GET", "/enter"),
    ("POST", "/enter"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
}
"""All that is there before somebody has signed in."""
STREAMS = {"/events"}
"""What answers for ever, and is looked at through a real server."""
OURS = {"origin": BASE, "sec-fetch-site": "same-origin"}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("desk") / "w")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def workspace(root: Path, clock: Clock) -> Iterator[Workspace]:
    with open_workspace(root, {}) as workspace:
        workspace.now = clock  # type: ignore[method-assign]
        yield workspace


@pytest.fixture
def desk(workspace: Workspace) -> StaffedDesk:
    return StaffedDesk(workspace, PORT)


@pytest.fixture
def visitor(desk: StaffedDesk) -> DeskVisitor:
    return DeskVisitor(desk)


def stranger(desk: Desk, base: str = BASE) -> TestClient:
    """A browser without a cookie."""
    return TestClient(create_app(desk), base_url=base, follow_redirects=False)


def address(route: DeskRoute) -> str:
    """An address of a route, of things that are there where it can be."""
    known = {"slug": "first", "name": "desk.js", "version": "x", "key": "1", "number": "1", "n": "1"}
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda match: known.get(match[1], "1"), route.path)


def told(route: DeskRoute) -> str:
    return f"{route.method} {route.path}"


# ---- every route


def test_what_is_open_to_anyone_is_listed_here() -> None:
    assert {(route.method, route.path) for route in ROUTES if route.role == "anyone"} == OPEN


def test_no_address_stands_twice_in_the_table() -> None:
    told = [(route.method, route.path) for route in ROUTES]
    assert sorted(told) == sorted(set(told))


@pytest.mark.parametrize("route", [one for one in ROUTES if one.role != "anyone"], ids=told)
def test_nobody_gets_anything_without_signing_in(desk: StaffedDesk, route: DeskRoute) -> None:
    answer = stranger(desk).request(route.method, address(route), headers=OURS)
    nowhere = stranger(desk).request(route.method, "/no/such/address", headers=OURS)
    assert answer.status_code == 401
    assert (answer.text, dict(answer.headers)) == (nowhere.text, dict(nowhere.headers))
    told = stranger(desk).request(route.method, address(route), headers={**OURS, "accept": "application/json"})
    assert told.status_code == 401
    assert told.json()["sign_in"] == "/enter"


@pytest.mark.parametrize("route", [one for one in ROUTES if one.role in {"edit", "send"}], ids=told)
def test_a_role_is_needed_for_what_wants_one(desk: StaffedDesk, route: DeskRoute) -> None:
    for roles in ((), *([("edit",)] if route.role == "send" else [])):
        desk.roles = frozenset(roles)  # type: ignore[arg-type]
        client = DeskVisitor(desk)
        ask = client.post if route.method == "POST" else client.get
        answer = ask(address(route), headers={"accept": "application/json"})
        assert answer.status_code == 403, roles
        assert answer.json()["error"]["what"] == "لك أن تنظر إلى هذا، لا أن تغيّره."


def test_whoever_looks_only_can_post_nothing_but_their_own_coming_and_going() -> None:
    harmless = {"/again", "/sign-out", "/issue/{slug}/presence"}
    assert {one.path for one in ROUTES if one.method == "POST" and one.role == "look"} <= harmless


@pytest.mark.parametrize("route", [one for one in ROUTES if one.method == "POST" and one.role != "anyone"], ids=told)
def test_what_writes_wants_what_our_own_pages_carry(visitor: DeskVisitor, route: DeskRoute) -> None:
    path, written = address(route), state(visitor.desk.workspace)
    other = visitor.desk.sign_ins.find(visitor.desk.sign_ins.begin("ياسين"))
    assert other is not None
    for csrf in ("", "x", other.csrf):
        assert TestClient.post(visitor, path, headers={**OURS, "x-csrf": csrf}).status_code == 403
        assert TestClient.post(visitor, path, data={"csrf": csrf}, headers=OURS).status_code == 403
    for changed in FOREIGN:
        headers = {name: value for name, value in {**OURS, "x-csrf": visitor.csrf, **changed}.items() if value}
        assert TestClient.post(visitor, path, headers=headers).status_code == 403, changed
    assert state(visitor.desk.workspace) == written


FOREIGN = (
    {"origin": ""},
    {"origin": "null"},
    {"origin": "https://evil.example"},
    {"origin": f"http://127.0.0.1:{PORT + 1}"},
    {"origin": f"https://127.0.0.1:{PORT}"},
    {"origin": f"http://localhost:{PORT}"},
    {"origin": f"{BASE}.evil.example"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "none"},
)
"""Headers of requests that another page makes, or nobody's page."""


def state(workspace: Workspace) -> tuple[str, dict[str, str]]:
    """Every row of the database, and every file of the workspace but those of the desk itself."""
    with closing(sqlite3.connect(workspace.root / "newsletter.db")) as connection:
        rows = hashlib.sha256("\n".join(connection.iterdump()).encode()).hexdigest()
    files = {
        str(path.relative_to(workspace.root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(workspace.root.rglob("*"))
        if path.is_file() and path.parts[len(workspace.root.parts)] != ".desk" and "newsletter.db" not in path.name
    }
    return rows, files


def test_looking_at_everything_three_times_writes_nothing(visitor: DeskVisitor) -> None:
    written = state(visitor.desk.workspace)
    looked = [route for route in ROUTES if route.method == "GET" and route.path not in STREAMS]
    assert len(looked) >= 8
    for route in looked:
        for method in ("GET", "GET", "GET", "HEAD"):
            answer = visitor.request(method, address(route))
            assert answer.status_code < 500, route.path
            if route.role != "anyone":
                assert answer.headers["cache-control"] != "public", route.path
        assert state(visitor.desk.workspace) == written, route.path


WAYS_OUT = (
    "..%2f..%2fsecrets%2fkeys.toml",
    "../../secrets/keys.toml",
    "..%5c..%5csecrets%5ckeys.toml",
    "%2e%2e/%2e%2e/secrets/keys.toml",
    "..%252f..%252fsecrets%252fkeys.toml",
    "{root}/secrets/keys.toml",
    "%2f{root}/secrets/keys.toml",
    "secrets%00.jpg",
    "link%2fkeys.toml",
    ".",
    "..",
    "%00",
    "-1",
    "9" * 40,
    "\u202e" + "x" * 300,
    "%ff%fe",
)
"""What stands where a name is wanted, and leads out of the folder that the name is of."""


@pytest.mark.parametrize("route", [one for one in ROUTES if one.method == "GET" and "{" in one.path], ids=told)
def test_no_name_leads_out_of_the_workspaces_open_parts(visitor: DeskVisitor, route: DeskRoute) -> None:
    root = visitor.desk.workspace.root
    secret = re.findall(r"[0-9a-f]{64}", (root / "secrets" / "keys.toml").read_text("utf-8"))
    assert len(secret) == 2
    link = root / "issues" / "first" / "link"
    link.symlink_to(root / "secrets")
    written = state(visitor.desk.workspace)
    try:
        for name in re.findall(r"\{(\w+)", route.path):
            for way in WAYS_OUT:
                put = way.replace("{root}", str(root))
                path = re.sub(rf"\{{{name}(:\w+)?\}}", lambda _: put, route.path)  # noqa: B023  used at once
                answer = visitor.get(address(DeskRoute("GET", path, route.handler, route.role)))
                assert answer.status_code < 500, path
                assert not any(key in answer.text for key in secret), path
                assert "[tokens]" not in answer.text, path
        assert state(visitor.desk.workspace) == written
    finally:
        link.unlink()


# ---- hosts, origins, what a browser says of itself


@pytest.mark.parametrize(
    "hosts",
    [
        ["evil.example"],
        ["127.0.0.1"],
        [f"127.0.0.1:{PORT + 1}"],
        [f"127.0.0.1.evil.example:{PORT}"],
        [f"127.0.0.2:{PORT}"],
        [f"127.0.0.1:{PORT}", f"127.0.0.1:{PORT}"],
        [""],
        [],
    ],
)
def test_a_name_that_is_not_ours_is_told_nothing(desk: StaffedDesk, hosts: list[str]) -> None:
    answer = asked(desk, [(b"host", host.encode()) for host in hosts])
    assert answer.status == 421
    assert answer.body == b""


@pytest.mark.parametrize("host", [f"127.0.0.1:{PORT}", f"[::1]:{PORT}", f"localhost:{PORT}", f"LOCALHOST:{PORT}"])
def test_our_names_are_those_of_loopback(desk: StaffedDesk, host: str) -> None:
    assert asked(desk, [(b"host", host.encode())], path="/enter").status == 200


class Asked:
    """An answer as the server would see it."""

    def __init__(self) -> None:
        self.status, self.body = 0, b""
        self.headers: list[tuple[bytes, bytes]] = []

    def header(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.headers if key == name]


def asked(
    desk: Desk, headers: list[tuple[bytes, bytes]], *, path: str = "/", method: str = "GET", version: str = "1.1"
) -> Asked:
    """What the application answers to raw headers."""
    answer, scope = (
        Asked(),
        {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "scheme": "http",
            "http_version": version,
            "headers": headers,
            "client": ("127.0.0.1", 1),
        },
    )

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer.status, answer.headers = message["status"], message["headers"]
        else:
            answer.body += message.get("body", b"")

    asyncio.run(create_app(desk)(scope, receive, send))
    return answer


@pytest.mark.parametrize(
    ("fetch", "allowed"),
    [
        (("none", "navigate", "document"), True),
        (("same-origin", "cors", "empty"), True),
        (("same-origin", "navigate", "iframe"), True),
        (("cross-site", "navigate", "document"), True),
        (("cross-site", "navigate", "iframe"), False),
        (("cross-site", "no-cors", "image"), False),
        (("cross-site", "cors", "empty"), False),
        (("same-site", "no-cors", "script"), False),
        (("same-site", "navigate", "embed"), False),
    ],
)
def test_a_link_may_lead_here_but_no_other_page_shows_us(
    visitor: DeskVisitor, fetch: tuple[str, str, str], allowed: bool
) -> None:
    headers = dict(zip(("sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"), fetch, strict=True))
    assert (visitor.get("/no-such-page", headers=headers).status_code == 404) is allowed


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"upgrade": "websocket", "connection": "upgrade"},
        {"origin": BASE, "upgrade": "websocket"},
    ],
)
def test_looking_across_origins_is_refused_also_to_old_browsers(visitor: DeskVisitor, headers: dict[str, str]) -> None:
    assert visitor.get("/none", headers=headers).status_code == 403
    assert visitor.get("/none", headers={"origin": BASE}).status_code == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"])
def test_other_methods_are_refused(visitor: DeskVisitor, method: str) -> None:
    answer = visitor.request(method, "/")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, POST"
    assert "access-control-allow-origin" not in answer.headers


def test_there_are_no_web_sockets(visitor: DeskVisitor) -> None:
    with pytest.raises(WebSocketDisconnect) as closed, visitor.websocket_connect("/events"):
        pass
    assert closed.value.code == 1008


# ---- tokens and cookies


def test_a_token_lets_one_browser_in_once(desk: StaffedDesk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    path, _, token = desk.invitation().partition("#")
    assert path == "/enter"
    assert len(token) == 43
    one, other = stranger(desk), stranger(desk)
    page = one.get("/enter")
    assert 'name="token"' in page.text
    assert token not in page.text
    let_in = one.post("/enter", data={"token": token}, headers=OURS)
    assert (let_in.status_code, let_in.headers["location"]) == (303, "/")
    assert one.get("/no-such-page").status_code == 404
    assert other.post("/enter", data={"token": token}, headers=OURS).status_code == 403
    assert other.get("/no-such-page").status_code == 401
    assert token not in caplog.text
    assert one.cookies[desk.address.cookie] not in caplog.text


def test_a_token_is_good_for_five_minutes(desk: StaffedDesk, clock: Clock) -> None:
    late, early = desk.sign_ins.token(), desk.sign_ins.token()
    clock.forward(seconds=299)
    assert desk.sign_ins.take(early)
    clock.forward(seconds=1)
    assert not desk.sign_ins.take(late)


@pytest.mark.parametrize("token", ["", "x", "%00", "A" * 43, "é" * 43, "A" * 7000])
def test_what_is_no_token_opens_nothing(desk: StaffedDesk, token: str) -> None:
    client = stranger(desk)
    answer = client.post("/enter", data={"token": token}, headers=OURS)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("changed", FOREIGN)
def test_no_other_page_can_trade_a_token(desk: StaffedDesk, changed: dict[str, str]) -> None:
    headers = {name: value for name, value in {**OURS, **changed}.items() if value}
    token = desk.sign_ins.token()
    assert stranger(desk).post("/enter", data={"token": token}, headers=headers).status_code == 403
    assert desk.sign_ins.take(token)


def test_a_cookie_is_for_this_desk_alone(desk: StaffedDesk) -> None:
    answer = stranger(desk).post("/enter", data={"token": desk.sign_ins.token()}, headers=OURS)
    name, *rest = answer.headers["set-cookie"].split("; ")
    assert name.startswith(f"nashra-desk-{PORT}=")
    assert sorted(rest) == ["HttpOnly", "Path=/", "SameSite=strict"]


def test_another_cookie_comes_with_each_coming_in(desk: StaffedDesk) -> None:
    client = stranger(desk)
    client.cookies.set(desk.address.cookie, "chosen-by-a-stranger", domain="127.0.0.1", path="/")
    client.post("/enter", data={"token": desk.sign_ins.token()}, headers=OURS)
    first = client.cookies[desk.address.cookie]
    client.post("/enter", data={"token": desk.sign_ins.token()}, headers=OURS)
    second = client.cookies[desk.address.cookie]
    assert len({"chosen-by-a-stranger", first, second}) == 3
    assert desk.sign_ins.find("chosen-by-a-stranger") is None
    assert desk.sign_ins.find(first) is None


def test_two_cookies_of_our_name_are_none(visitor: DeskVisitor) -> None:
    name, value = visitor.desk.address.cookie, visitor.cookies[visitor.desk.address.cookie]
    host = (b"host", f"127.0.0.1:{PORT}".encode())
    good = asked(visitor.desk, [host, (b"cookie", f"{name}={value}".encode())], path="/none")
    both = asked(visitor.desk, [host, (b"cookie", f"{name}=x; {name}={value}".encode())], path="/none")
    assert (good.status, both.status) == (404, 401)


def test_a_sign_in_lasts_twelve_hours_and_no_longer_than_the_desk(desk: StaffedDesk, clock: Clock) -> None:
    client = DeskVisitor(desk)
    again = DeskVisitor(StaffedDesk(desk.workspace, PORT))
    again.cookies.set(desk.address.cookie, client.cookies[desk.address.cookie], domain="127.0.0.1", path="/")
    assert again.get("/none").status_code == 401
    clock.forward(hours=11.99)
    assert client.get("/none").status_code == 404
    clock.forward(hours=0.02)
    assert client.get("/none").status_code == 401


def test_a_clock_that_is_put_back_ends_sign_ins(desk: StaffedDesk, clock: Clock) -> None:
    client = DeskVisitor(desk)
    clock.forward(hours=-1)
    assert client.get("/none").status_code == 401


def test_coming_and_going_is_written_down(desk: StaffedDesk) -> None:
    client = stranger(desk)
    client.post("/enter", data={"token": desk.sign_ins.token()}, headers=OURS)
    found = desk.sign_ins.find(client.cookies[desk.address.cookie])
    assert found is not None
    client.post("/sign-out", headers={**OURS, "x-csrf": found.csrf})
    with desk.workspace.database.read() as connection:
        told = [(one.by, one.act) for one in activity.read(connection)]
    assert (desk.account, "sign-in") in told
    assert (desk.account, "sign-out") in told


def test_signing_out_ends_it(visitor: DeskVisitor) -> None:
    cookie = visitor.cookies[visitor.desk.address.cookie]
    answer = visitor.post("/sign-out")
    assert "Max-Age=0" in answer.headers["set-cookie"]
    visitor.cookies.set(visitor.desk.address.cookie, cookie, domain="127.0.0.1", path="/")
    assert visitor.get("/none").status_code == 401


def test_sign_ins_and_tokens_are_bounded(clock: Clock) -> None:
    sign_ins = SignIns(clock)
    first, token = sign_ins.begin("أ"), sign_ins.token()
    for number in range(MOST):
        last = sign_ins.begin(str(number))
        sign_ins.token()
    assert sign_ins.find(first) is None
    assert not sign_ins.take(token)
    assert sign_ins.find(last) is not None


def test_what_stands_in_memory_is_no_cookie(clock: Clock) -> None:
    sign_ins = SignIns(clock)
    cookie, token = sign_ins.begin("سلمى"), sign_ins.token()
    assert cookie not in repr(vars(sign_ins))
    assert token not in repr(vars(sign_ins))


# ---- answers


@pytest.mark.parametrize(
    ("path", "status"), [("/enter", 200), ("/none", 404), ("/assets/x/desk.css", 200), ("/assets/x/none.js", 404)]
)
def test_no_answer_lacks_the_headers(visitor: DeskVisitor, path: str, status: int) -> None:
    answer = visitor.get(path)
    assert answer.status_code == status
    policy = answer.headers["content-security-policy"]
    assert policy == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "server" not in answer.headers
    if "text/html" in answer.headers["content-type"]:
        assert answer.headers["cache-control"] == "no-store"
        assert not re.search(r"<script(?! type=\"module\" src=\"/)|<style|\sstyle=|\son\w+=|javascript:", answer.text)


Handle = Callable[[DeskRequest], Response]


def with_routes(monkeypatch: pytest.MonkeyPatch, desk: Desk, *routes: DeskRoute) -> DeskVisitor:
    """Somebody at a desk that has other routes."""
    monkeypatch.setattr(desk_app, "ROUTES", routes)
    return DeskVisitor(desk)


def test_a_fault_is_told_without_its_words(
    monkeypatch: pytest.MonkeyPatch, desk: StaffedDesk, caplog: pytest.LogCaptureFixture
) -> None:
    def fault(request: DeskRequest) -> Response:
        raise RuntimeError("nobody may read salma@example.net, nor hunter2")

    caplog.set_level(logging.DEBUG)
    client = with_routes(monkeypatch, desk, DeskRoute("GET", "/readers/{key}", fault, "look"))
    page = client.get("/readers/salma@example.net?q=yasmin@example.net")
    told = client.get("/readers/1", headers={"accept": "application/json"})
    assert (page.status_code, told.status_code) == (500, 500)
    assert "حدث خلل في المكتب نفسه" in page.text
    assert page.headers["content-security-policy"]
    log = " ".join(record.getMessage() for record in caplog.records if record.name.startswith("nashra"))
    everything = f"{page.text} {told.text} {log}"
    assert "RuntimeError at test_desk_guard.py" in log
    for secret in ("salma", "hunter2", "yasmin", "Traceback", "q="):
        assert secret not in everything


def test_a_header_with_a_line_break_is_no_answer(monkeypatch: pytest.MonkeyPatch, desk: StaffedDesk) -> None:
    def broken(request: DeskRequest) -> Response:
        return Response("x", headers={"x-name": request.query["name"]})

    client = with_routes(monkeypatch, desk, DeskRoute("GET", "/x", broken, "look"))
    for sign in ("\r\n", "\n", "\r", "\0"):
        answer = client.get("/x", params={"name": f"a{sign}set-cookie: b=c"})
        assert answer.status_code == 500
        assert "x-name" not in answer.headers
        assert "set-cookie" not in answer.headers
    assert client.get("/x", params={"name": "a"}).headers["x-name"] == "a"


def test_an_answer_may_have_a_policy_of_its_own(monkeypatch: pytest.MonkeyPatch, desk: StaffedDesk) -> None:
    own = "sandbox; default-src 'none'; frame-ancestors 'self'"
    client = with_routes(
        monkeypatch,
        desk,
        DeskRoute("GET", "/x", lambda _: Response("x", headers={"Content-Security-Policy": own}), "look"),
    )
    answer = client.get("/x")
    assert answer.headers.get_list("content-security-policy") == [own]
    assert "x-frame-options" not in answer.headers


def test_what_the_guard_did_not_admit_reaches_no_handler(desk: StaffedDesk) -> None:
    inside = create_app(desk).app
    with pytest.raises(KeyError):
        TestClient(inside, base_url=BASE).get("/enter")


# ---- bodies


def test_bodies_have_caps(monkeypatch: pytest.MonkeyPatch, desk: StaffedDesk) -> None:
    taken: list[int] = []

    def take(request: DeskRequest) -> Response:
        taken.append(len(request.body))
        return Response("taken")

    client = with_routes(
        monkeypatch, desk, DeskRoute("POST", "/x", take, "edit"), DeskRoute("POST", "/y", take, "edit", 2_000_000)
    )
    kind = {"content-type": "application/json"}
    assert client.post("/x", content=b"x" * 1_000_000, headers=kind).status_code == 200
    assert client.post("/x", content=b"x" * 1_000_001, headers=kind).status_code == 413
    assert client.post("/y", content=b"x" * 1_000_001, headers=kind).status_code == 200

    def endless() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x" * 100_000

    late = client.post("/x", content=endless(), headers=kind)
    assert late.status_code == 413
    assert late.headers["connection"] == "close"
    for length in ("-1", "1e3", "x", "0x3", "1" * 30):
        raw = {**kind, "content-length": length}
        assert client.post("/x", content=b"{}", headers=raw).status_code in {400, 413}, length
    assert taken == [1_000_000, 1_000_001]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b"garbage"),
        ("application/x-www-form-urlencoded", b"a&" * 2500),
        (
            "multipart/form-data; boundary=x",
            b"".join(b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\na\r\n' for _ in range(51))
            + b"--x--\r\n",
        ),
    ],
)
def test_a_form_that_is_none_is_refused(visitor: DeskVisitor, kind: str, body: bytes) -> None:
    answer = visitor.post("/sign-out", content=body, headers={"content-type": kind})
    assert answer.status_code == 400
    assert visitor.get("/none").status_code == 404


def test_two_lengths_are_refused(desk: StaffedDesk) -> None:
    host = (b"host", f"127.0.0.1:{PORT}".encode())
    for headers, version in (
        ([(b"content-length", b"3"), (b"content-length", b"30")], "1.1"),
        ([(b"content-length", b"3"), (b"transfer-encoding", b"chunked")], "1.1"),
        ([(b"transfer-encoding", b"chunked")], "1.0"),
    ):
        answer = asked(desk, [host, *headers], path="/enter", method="POST", version=version)
        assert answer.status == 400
        assert answer.header(b"connection") == [b"close"]


@contextmanager
def served(desk: Desk) -> Iterator[int]:
    """The desk answering at a port."""
    import uvicorn

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        desk.answers_at(port)
        config = uvicorn.Config(create_app(desk), log_level="critical", timeout_graceful_shutdown=2)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        until = time.monotonic() + 120
        while not server.started and time.monotonic() < until:
            time.sleep(0.01)
        try:
            yield port
        finally:
            server.should_exit = True
            thread.join(120)
            assert not thread.is_alive()


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, desk: StaffedDesk) -> None:
    monkeypatch.setattr(guard, "BODY_SECONDS", 0.3)
    with served(desk) as port, socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        connection.sendall(
            f"POST /enter HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 20\r\n\r\ntoken=".encode()
        )
        begun, answer = time.monotonic(), b""
        while part := connection.recv(65536):
            answer += part
        assert answer.startswith(b"HTTP/1.1 408")
        assert time.monotonic() - begun < 100


def streams(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let the desk have an address that answers for ever, a line each so many seconds."""

    async def lines() -> Any:
        while True:
            yield b"data: x\n\n"
            await asyncio.sleep(seconds)

    answer = DeskRoute("GET", "/stream", lambda _: StreamingResponse(lines(), media_type="text/event-stream"), "look")
    monkeypatch.setattr(desk_app, "ROUTES", (answer,))


def test_a_stream_ends_with_its_sign_in(monkeypatch: pytest.MonkeyPatch, desk: StaffedDesk) -> None:
    streams(monkeypatch, 0.05)
    cookie = desk.sign_ins.begin("سلمى")
    with served(desk) as port, closing(HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
        connection.request("GET", "/stream", headers={"cookie": f"{desk.address.cookie}={cookie}"})
        answer = connection.getresponse()
        assert answer.read(9) == b"data: x\n\n"
        desk.sign_ins.end(cookie)
        assert len(answer.read()) < 2000


def test_a_silent_stream_ends_with_the_desk(monkeypatch: pytest.MonkeyPatch, desk: StaffedDesk) -> None:
    streams(monkeypatch, 60)
    cookie = f"{desk.address.cookie}={desk.sign_ins.begin('سلمى')}".encode()
    app = create_app(desk)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    async def look() -> None:
        headers = [(b"host", f"127.0.0.1:{PORT}".encode()), (b"cookie", cookie)]
        scope = {"type": "http", "method": "GET", "path": "/stream", "headers": headers, "query_string": b""}
        answering = asyncio.ensure_future(app(scope, receive, send))
        while len(sent) < 2:
            await asyncio.sleep(0.01)
        app.end_streams()
        await asyncio.wait_for(answering, 10)

    asyncio.run(look())
    assert sent[1]["body"] == b"data: x\n\n"
    assert sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
    assert not app.streams


def test_listening_to_what_happens_writes_nothing(desk: StaffedDesk) -> None:
    written = state(desk.workspace)
    cookies = [desk.sign_ins.begin(name) for name in ("سلمى", "ياسين", "هدى")]
    with served(desk) as port:
        for cookie in cookies:
            with closing(HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
                connection.request("GET", "/events?slug=first", headers={"cookie": f"{desk.address.cookie}={cookie}"})
                assert connection.getresponse().readline() == b"retry: 2000\n"
                desk.sign_ins.end(cookie)
    assert state(desk.workspace) == written


# ---- the log


def test_the_log_has_methods_paths_and_times_only(visitor: DeskVisitor, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "nashra.desk")
    visitor.get("/none/salma@example.net?q=secret-words")
    visitor.get("/none/%D8%B3%0d%0aforged")
    visitor.post("/sign-out", data={"name": "secret-words"})
    lines = [record.getMessage() for record in caplog.records if record.name == "nashra.desk"]
    assert [re.sub(r"\d+ ms$", "ms", line) for line in lines] == [
        "GET /none/… 404 ms",
        "GET /none/%D8%B3%0d%0aforged 400 ms",
        "POST /sign-out 200 ms",
    ]
    levels = [record.levelname for record in caplog.records if record.name == "nashra.desk"]
    assert levels == ["DEBUG", "INFO", "INFO"]


def test_a_desk_ends_what_waits_for_it_once(desk: StaffedDesk) -> None:
    ended: list[str] = []
    desk.at_end(lambda: ended.append("first"))
    desk.at_end(lambda: ended.append("second"))
    for _ in range(3):
        desk.at_end(lambda: ended.append("swept"), "uploads")
    desk.end()
    desk.end()
    assert ended == ["swept", "second", "first"]


def test_a_token_handed_to_the_browser_is_good_for_less(desk: StaffedDesk, clock: Clock) -> None:
    token = desk.invitation(timedelta(minutes=1)).partition("#")[2]
    clock.forward(minutes=1)
    assert not desk.sign_ins.take(token)
