"""The pages of a workspace: the archive of what really went out, the commands, and the real server."""

from __future__ import annotations

import base64
import json
import re
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from command import command, complains, environment, here, make_workspace
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from reader_pages import free_port, served, stamp_of
from settings_text import with_settings
from starlette.testclient import TestClient

from newsletter import ledger
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows.serve import app_of, embed_of, pages_of
from subscribers import store

ATOM = "{http://www.w3.org/2005/Atom}"
BASE = "https://news.example.org"


def sent(root: Path) -> Path:
    """A workspace whose first issue has gone out."""
    make_workspace(root)
    done = here("-C", root, "send", "--yes")
    assert done.code == 0, done
    return root


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with open_workspace(sent(tmp_path / "w"), {}) as workspace:
        yield workspace


@pytest.fixture
def client(workspace: Workspace) -> TestClient:
    return TestClient(app_of(workspace, hooks={}, postman=False), base_url=BASE, follow_redirects=False)


def test_a_letter_that_went_out_can_be_read_by_everybody(client: TestClient) -> None:
    page = client.get("/archive")
    assert page.status_code == 200
    assert page.headers["x-robots-tag"] == "all"
    assert page.headers["cache-control"] == "public, max-age=300"
    assert 'href="/letters/1"' in page.text
    assert "العدد 1" in page.text

    letter = client.get("/letters/1")
    assert letter.status_code == 200
    assert "المدينة القديمة تستعيد أسوارها" in letter.text
    assert not re.search(r"/leave/|mailto:(?!\?)|reader\d@|style=|<script(?! type=.app)|<style", letter.text)
    for card in ("og:title", "og:url", "og:description", "article:published_time", "twitter:card"):
        assert f'"{card}" content="' in letter.text
    assert f'<link rel="canonical" href="{BASE}/letters/1">' in letter.text
    style = client.get("/letters/1/letter.css")
    assert style.headers["content-type"] == "text/css; charset=utf-8"
    assert "#letter .s0" in style.text
    for missing in ("/letters/2", "/letters/x", "/letters/1/2.jpg", "/letters/1/..", "/letters/%2e%2e", "/archive/x"):
        assert client.get(missing).status_code == 404


def test_the_feed(client: TestClient) -> None:
    answer = client.get("/archive.xml")
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    feed = ElementTree.fromstring(answer.content)
    (entry,) = feed.findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}id") == f"{BASE}/letters/1"
    assert "المدينة القديمة" in str(entry.findtext(f"{ATOM}title"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", str(entry.findtext(f"{ATOM}updated")))
    import feedparser

    read = feedparser.parse(answer.content)
    assert not read.bozo
    assert read.entries[0].link == f"{BASE}/letters/1"


@pytest.mark.slow
def test_letters_of_lists_that_are_not_offered_stay_private(tmp_path: Path) -> None:
    root = sent(tmp_path / "w")
    path = root / "newsletter.toml"
    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        from subscribers import store

        store.add_list(connection, "press", "للصحفيين", now=workspace.now())
    path.write_text(with_settings(path.read_text("utf-8"), '[web]\nlists = ["press"]\n'), "utf-8")
    with open_workspace(root, {}) as workspace:
        client = TestClient(app_of(workspace, hooks={}, postman=False), base_url=BASE)
        assert 'href="/letters/' not in client.get("/archive").text
        gone = client.get("/letters/1")
        # Whoever kept the letter keeps this in its place.
        assert (gone.status_code, gone.headers["cache-control"]) == (404, "public, max-age=10")
        assert client.get("/letters/1/letter.css").status_code == 404
        assert ElementTree.fromstring(client.get("/archive.xml").content).findall(f"{ATOM}entry") == []


@pytest.mark.slow
def test_a_long_archive_has_pages(workspace: Workspace) -> None:
    from newsletter.web import archive
    from newsletter.web.archive import sent as sent_letters

    with workspace.database.write() as connection:
        import sqlalchemy as sa

        from newsletter.storage.tables import issue, letter, send

        (first,) = connection.execute(sa.select(send)).mappings().all()
        (frozen,) = connection.execute(sa.select(letter)).mappings().all()
        for number in range(2, 48):
            made = connection.execute(sa.insert(issue).values(key=str(number)).returning(issue.c.id)).scalar_one()
            row = {**first, "id": None, "public_id": f"{number:016x}", "issue_id": made, "state": "finished"}
            row.pop("id")
            state = {45: "scheduled", 46: "cancelled", 47: "running"}.get(number, "finished")
            one = connection.execute(
                sa.insert(send).values(**{**row, "state": state}).returning(send.c.id)
            ).scalar_one()
            connection.execute(sa.insert(letter).values(send_id=one, variant="", frozen=frozen["frozen"]))
    client = TestClient(app_of(workspace, hooks={}, postman=False), base_url=BASE)
    seen, path = [], "/archive"
    while path:
        page = client.get(path).text
        seen.append([int(number) for number in re.findall(r'href="/letters/(\d+)"', page)])
        older = re.search(r'href="(/archive/\d+)"', page)
        path = older[1] if older else ""
    assert [len(part) for part in seen] == [20, 20, 5]
    assert [number for part in seen for number in part] == [47, *range(44, 0, -1)]
    assert archive.PAGE == 20
    with workspace.database.read() as connection:
        assert [one.key for one in sent_letters(connection, ["readers"], limit=1, key="12")] == ["12"]


def test_embed_prints_a_form_and_a_frame(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w", readers=0)
    done = here("-C", root, "embed", "--height", "300")
    assert done.code == 0
    assert f'<form action="{BASE}/subscribe" method="post"' in done.out
    assert 'lang="ar" dir="rtl"' in done.out
    assert '<input type="email" name="email"' in done.out
    assert f'<iframe src="{BASE}/embed"' in done.out
    assert 'height="300"' in done.out
    assert "<script" not in done.out
    with open_workspace(root, {}) as workspace:
        form, _ = embed_of(workspace, list_name="readers")
        client = TestClient(app_of(workspace, hooks={}, postman=False), base_url=BASE)
        # As a browser on the other site sends it: our page asks for one more press.
        answer = client.post("/subscribe", data={"email": "salma@example.net", "list": "readers"})
        assert 'name="list" value="readers"' in form
        assert "اضغط الزر مرة أخرى" in answer.text
        assert 'value="salma@example.net"' in answer.text


def test_without_an_address_there_are_no_pages(tmp_path: Path) -> None:
    done = here("init", tmp_path / "w", "--name", "الموجة", "--url", "https://almawja.example.org")
    assert done.code == 0
    for words in (("serve",), ("embed",)):
        complains(here("-C", tmp_path / "w", *words), "[web] url", "have no address", "write it into newsletter.toml")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ('lists = ["sports"]', ("[web] lists", "no list called 'sports'", "readers")),
        ("lists = []", ("lists",)),
        ('lists = ["a b"]', ("lists", "a b")),
        ('trusted_proxies = ["localhost"]', ("trusted_proxies", "an address or network")),
        ('frame_ancestors = ["*"]', ("frame_ancestors", "https://example.org")),
        ('frame_ancestors = ["https://example.org/a"]', ("frame_ancestors", "without a path")),
        ('frame_ancestors = ["https://example.org; script-src *"]', ("frame_ancestors",)),
        ("letters_an_hour = 0", ("letters_an_hour",)),
        ('[sendgrid]\nwebhook_key = "abc"', ("webhook_key", "verification key")),
    ],
)
def test_settings_of_the_pages_are_judged(tmp_path: Path, line: str, parts: tuple[str, ...]) -> None:
    root = make_workspace(tmp_path / "w", readers=0)
    path = root / "newsletter.toml"
    text = path.read_text("utf-8")
    if line.startswith("[sendgrid]"):
        text = with_settings(text, f"{line}\n")
    path.write_text(with_settings(text, f"[web]\n{line}\n") if line[0] != "[" else text, "utf-8")
    complains(here("-C", root, "serve", "--port", "0"), *parts)


def test_settings_reach_the_pages(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w", readers=0)
    more = {
        "NASHRA_RHYTHMS__OFFERED": "daily,weekly",
        "NASHRA_WEB__FRAME_ANCESTORS": "https://example.org:8443,https://نشرة.example.org",
        "NASHRA_WEB__TRUSTED_PROXIES": "10.1.2.3/8",
        "NASHRA_WEB__KEEP_CLIENT": "true",
    }
    with open_workspace(root, more) as workspace:
        client = TestClient(app_of(workspace, hooks={}, postman=False), base_url=BASE)
        page = client.get("/")
        assert 'value="daily"' in page.text
        assert 'value="instant"' not in page.text
        policy = client.get("/embed").headers["content-security-policy"]
        host = "نشرة.example.org".encode("idna").decode()
        assert policy.endswith(f"frame-ancestors 'self' https://example.org:8443 https://{host}")
    with open_workspace(root, {"NASHRA_NEWSLETTER__URL": "https://نشرة.example.org/a"}) as workspace:
        client = TestClient(app_of(workspace, hooks={}, postman=False), base_url=BASE)
        policy = client.get("/embed").headers["content-security-policy"]
        assert policy.endswith(f"frame-ancestors 'self' https://{host}")
        assert pages_of(workspace).address == BASE


def test_a_report_that_sendgrid_signed_reaches_the_ledger(tmp_path: Path) -> None:
    root = sent(tmp_path / "w")
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    with open_workspace(root, {"NASHRA_SENDGRID__WEBHOOK_KEY": base64.b64encode(public).decode()}) as workspace:
        client = TestClient(app_of(workspace, postman=False), base_url=BASE)
        with workspace.database.read() as connection:
            send = ledger.sends(connection)[0]
        event = {"event": "bounce", "type": "bounce", "timestamp": 1795503600, "sg_event_id": "1"}
        body = json.dumps(
            [{**event, "email": "reader0@example.net", "nashra_delivery": f"{send.public_id}.1"}]
        ).encode()
        signature = base64.b64encode(key.sign(b"1795503600" + body, ec.ECDSA(SHA256()))).decode()
        headers = {
            "X-Twilio-Email-Event-Webhook-Signature": signature,
            "X-Twilio-Email-Event-Webhook-Timestamp": "1795503600",
        }
        assert client.post("/hooks/sendgrid", content=body + b" ", headers=headers).status_code == 403
        for _ in range(3):
            assert client.post("/hooks/sendgrid", content=body, headers=headers).status_code == 200
        with workspace.database.read() as connection:
            assert sum(store.suppressions(connection).values()) == 1
    with open_workspace(root, {}) as workspace:
        client = TestClient(app_of(workspace, postman=False), base_url=BASE)
        assert client.post("/hooks/sendgrid", content=body, headers=headers).status_code == 404


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    import socket

    root = make_workspace(tmp_path / "w", readers=0)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        complains(here("-C", root, "serve", "--port", str(port)), f"127.0.0.1:{port}", "cannot listen there")


def ask(url: str, data: bytes | None = None, method: str | None = None) -> tuple[int, dict[str, str], str]:
    request = urllib.request.Request(url, data=data, method=method)
    try:
        with urllib.request.urlopen(request, timeout=120) as response:
            return response.status, dict(response.headers), response.read().decode("utf-8")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read().decode("utf-8")


@pytest.mark.slow
def test_two_processes_serve_one_workspace(tmp_path: Path) -> None:
    port = free_port()
    root = sent(tmp_path / "w")
    text = (root / "newsletter.toml").read_text("utf-8")
    (root / "newsletter.toml").write_text(text.replace(f'"{BASE}"', f'"http://127.0.0.1:{port}"'), "utf-8")
    with served(root, port, workers=2) as base:
        for path in ("/", "/archive", "/letters/1", "/embed"):
            for _ in range(4):
                status, headers, _ = ask(base + path)
                assert status == 200
                assert "server" not in {name.lower() for name in headers}
        assert ask(f"{base}/nowhere")[0] == 404
        assert ask(f"{base}/%ff%fe%00")[0] == 404
        assert ask(f"{base}/subscribe", b"a" * 70_000)[0] == 413
        assert ask(f"{base}/hooks/sendgrid", b"[]")[0] in (404, 403)
        assert stamp_of(ask(base + "/")[2])
    log = (root / "serve.log").read_text("utf-8")
    assert "Traceback" not in log
    assert f"Serving at http://127.0.0.1:{port}" in log


@pytest.mark.slow
def test_ctrl_c_ends_it_in_peace(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w", readers=0)
    process = subprocess.Popen(
        command("-C", root, "serve", "--port", "0"), stderr=subprocess.PIPE, env=environment(), text=True
    )
    assert process.stderr is not None
    assert "Serving at http://127.0.0.1:" in process.stderr.readline()
    import time

    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=120)
    assert process.returncode == 0
    assert "Traceback" not in rest


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
TWO_LENGTHS = {
    "both": b"POST /subscribe HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "in the other order": (
        b"POST /subscribe HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n"
    ),
    "a page": b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "an old version": b"POST /subscribe HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"POST /subscribe HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n12345",
    "unknown coding": b"POST /subscribe HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: x\r\n\r\n12345",
}


def test_a_request_that_tells_its_length_twice_is_refused_and_the_connection_closed(tmp_path: Path) -> None:
    port = free_port()
    root = sent(tmp_path / "w")
    text = (root / "newsletter.toml").read_text("utf-8")
    (root / "newsletter.toml").write_text(text.replace(f'"{BASE}"', f'"http://127.0.0.1:{port}"'), "utf-8")
    with served(root, port):
        for kind, request in TWO_LENGTHS.items():
            with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
                line.sendall(request + SMUGGLED)
                answer = b""
                while part := line.recv(65_536):
                    answer += part
            status, _, rest = answer.partition(b"\r\n")
            head = rest.partition(b"\r\n\r\n")[0].lower()
            assert status.split()[1] in (b"400", b"501"), (kind, status)
            assert b"connection: close" in head, kind
            # What followed was read by nobody.
            assert answer.count(b"HTTP/1.1 ") == 1, kind
        # A chunked body alone is fine.
        with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
            line.sendall(
                b"POST /nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n"
            )
            assert line.recv(65_536).startswith(b"HTTP/1.1 404")
    assert "smuggled" not in (root / "serve.log").read_text("utf-8")
