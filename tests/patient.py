"""A newsroom in which everything is well, for the doctor: a workspace, and stand-ins for all that it asks.

The reader pages are the real ones, behind TLS on loopback; DNS is a table; the provider, the site and the mail server
answer on loopback. Whoever wants a fault breaks one thing of it.
"""

from __future__ import annotations

import base64
import http.server
import json
import shutil
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from pathlib import Path
from typing import Any

import seeded
import smtp_standin
from command import make_workspace
from sqlalchemy import update
from starlette.testclient import TestClient
from test_ledger import freeze

from newsletter.events.genuine import HOOK
from newsletter.ledger.cursors import ALIVE, NEXT_SIGN, SCHEDULE, set_cursor
from newsletter.rhythms import schedule
from newsletter.sharing import NoFontError
from newsletter.storage import tables
from newsletter.storage.database import open_database
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows.doctor import Examined, Instruments, examine
from newsletter.workflows.serve import app_of

KEY, PASSWORD, METRICS = "SG.canary-of-the-key-0123456789", "canary-of-the-password", "canary-of-the-token-of-metrics"
HOSTS = ("news.example.org", "mta-sts.example.org")
SCOPES = ["mail.send", "suppression.read", "sender_verification_eligible", "2fa_required"]
POLICY = "version: STSv1\nmode: enforce\nmx: mx.example.org\nmx: *.mail.example.org\nmax_age: 604800\n"
_RSA = bytes.fromhex("30820122300d06092a864886f70d01010105000382010f003082010a0282010100")
"""Before a modulus of 2048 bits, in a SubjectPublicKeyInfo."""
DKIM_KEY = base64.b64encode(_RSA + b"\xc1" * 256 + bytes.fromhex("0203010001")).decode("ascii")
RECORDS: Mapping[str, list[str] | None] = {
    "example.org MX": ["10 mx.example.org."],
    "example.org TXT": ["v=spf1 include:spf.example.net -all"],
    "spf.example.net TXT": ["v=spf1 ip4:192.0.2.0/24 -all"],
    "s1._domainkey.example.org TXT": [f"v=DKIM1; k=rsa; p={DKIM_KEY}"],
    "s2._domainkey.example.org TXT": [f"v=DKIM1; k=rsa; p={DKIM_KEY}"],
    "_dmarc.example.org TXT": ["v=DMARC1; p=reject; rua=mailto:dmarc@example.org"],
    "_mta-sts.example.org TXT": ["v=STSv1; id=20261101"],
    "_smtp._tls.example.org TXT": ["v=TLSRPTv1; rua=mailto:tls@example.org"],
    "default._bimi.example.org TXT": [
        "v=BIMI1; l=https://news.example.org/sign.svg; a=https://news.example.org/vmc.pem"
    ],
}
SETTINGS = """\
[newsletter]
name = "الموجة"
url = "https://almawja.example.org"
language = "ar"
timezone = "Africa/Algiers"

[letter]
pictures = "hosted"

[theme]
headings = "Sakkal Majalla, Tahoma, serif"

[sender]
kind = "sendgrid"
from = "نشرة الموجة <news@example.org>"
reply_to = "editor@example.org"
fallback = "smtp"
fsync = false

[sendgrid]
webhook_key = "{webhook_key}"
host = "http://127.0.0.1:{api}"
timeout = 5

[smtp]
host = "127.0.0.1"
port = {smtp}
security = "none"
user = "news"
timeout = 5

[tracking]
clicks = "stories"

[web]
url = "https://news.example.org"

[schedule]
weekly = "{weekday} 00:00"
daily = "00:00"
instant = 10

[collect]
sources = ["http://127.0.0.1:{site}/", "texts"]
allow_private_hosts = ["127.0.0.1"]

[alerts]
mail = "editor@example.org"
"""
GOOD_VERSIONS = {
    "python": "3.11.14",
    "sqlite": "3.51.3",
    "pillow": "13.0.0",
    "jinja2": "3.1.6",
    "starlette": "1.10.0",
    "idna": "3.20",
    "h11": "0.16.0",
}
NOTHING: Mapping[str, Any] = {}

Answer = tuple[int, Mapping[str, str], bytes]
"""Status, headers and body."""


class Loopback:
    """A server on loopback that answers by a function of method, path, headers and body."""

    def __init__(
        self,
        answer: Callable[[str, str, Mapping[str, str], bytes], Answer],
        asked: list[tuple[str, str]] | None = None,
    ) -> None:
        self.asked: list[tuple[str, str]] = [] if asked is None else asked
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                outer.asked.append((self.command, self.path))
                status, headers, content = answer(self.command, self.path, dict(self.headers), body)
                self.send_response_only(status)
                named = {"Content-Length": str(len(content)), **headers}
                for name, value in named.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            do_GET = do_POST = do_HEAD = answer  # noqa: N815  the names are those of http.server

            def log_message(self, *_: object) -> None:
                """Nothing."""

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """Whoever closes early is no news."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    def encrypt(self, certificate: Path) -> None:
        """Speak TLS from now on."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(60)


@dataclass
class World:
    """Everything outside the workspace, as it answers now."""

    ports: dict[str, int] = field(default_factory=dict)
    certificates: dict[str, Path] = field(default_factory=dict)
    trust: ssl.SSLContext | None = None
    records: dict[str, list[str] | None] = field(default_factory=dict)
    pages: dict[str, Answer] = field(default_factory=dict)
    """Path, or its beginning, to what comes instead of the real page."""
    policy: Answer = (200, {}, b"")
    scopes: Answer = (200, {}, b"")
    rest: Answer = (200, {}, b"[]")
    date: float = 0.0
    """Seconds that the provider's clock is ahead."""
    certificate: str = "good"
    programs: dict[str, str | None] = field(default_factory=dict)
    """First word of a command to what it prints."""
    versions: dict[str, str] = field(default_factory=dict)
    free: int = 10**11
    undrawable: NoFontError | None = None
    """Why share pictures cannot be drawn."""
    requests: list[tuple[str, str]] = field(default_factory=list)
    """Method and path of everything that was asked of a stand-in."""
    refused: set[str] = field(default_factory=set)
    """Hosts that take no connection."""
    app: Any = None
    root: Path = Path()
    webhook_key: str = ""
    patience: float = 1.0

    def well(self) -> None:
        """Everything is well again."""
        self.records = dict(RECORDS)
        self.pages, self.refused = {}, set()
        self.policy = (200, {"Content-Type": "text/plain"}, POLICY.encode())
        self.scopes = (200, {}, json.dumps({"scopes": SCOPES}).encode())
        self.rest = (200, {}, b'[{"id": 1}]')
        self.date, self.certificate, self.free, self.patience = 0.0, "good", 10**11, 1.0
        self.undrawable = None
        self.versions = dict(GOOD_VERSIONS)
        self.programs = {
            "crontab": f"*/5 * * * * newsletter -C {self.root} subscribers inbox {self.root}/mail\n",
            "systemctl": "",
            "git": "",
        }

    # ---- what answers

    def api(self, _method: str, path: str, headers: Mapping[str, str], _body: bytes) -> Answer:
        """SendGrid."""
        dated = {"Date": formatdate(time.time() + self.date, usegmt=True), "Content-Type": "application/json"}
        if headers.get("Authorization") != f"Bearer {KEY}":
            words = {"errors": [{"message": f"authorization of {headers.get('Authorization')} is invalid"}]}
            return 401, dated, json.dumps(words).encode()
        status, more, body = self.scopes if path == "/v3/scopes" else (404, {}, b"{}")
        return status, {**dated, **more}, body

    def site(self, _method: str, path: str, _headers: Mapping[str, str], _body: bytes) -> Answer:
        """WordPress."""
        root = f"http://127.0.0.1:{self.ports['site']}/wp-json/"
        if path.startswith("/wp-json/"):
            return self.rest[0], {"Content-Type": "application/json", **self.rest[1]}, self.rest[2]
        if path in self.pages:
            return self.pages[path]
        headers = {"Content-Type": "text/html", "Link": f'<{root}>; rel="https://api.w.org/"'}
        return 200, headers, "<html><h1>الموجة</h1></html>".encode()

    def https(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The reader pages, and the host of the MTA-STS policy."""
        if headers.get("Host", "").startswith("mta-sts."):
            return self.policy
        told = next((answer for start, answer in self.pages.items() if path.startswith(start)), None)
        if told is not None:
            return told
        got = self.app.request(method, path, content=body, headers={"content-type": headers.get("Content-Type", "")})
        kept = {name: value for name, value in got.headers.items() if name not in {"content-length"}}
        return got.status_code, kept, got.content

    def connect(self, host: str, _port: int, seconds: float) -> socket.socket:
        """A connection to whoever stands in for a host."""
        if host in self.refused or host not in HOSTS:
            raise ConnectionRefusedError(111, "Connection refused")
        return socket.create_connection(("127.0.0.1", self.ports[f"https {self.certificate}"]), seconds)

    def drawable(self, _workspace: Workspace) -> None:
        """Whether share pictures can be drawn."""
        if self.undrawable is not None:
            raise self.undrawable

    def run(self, words: Sequence[str]) -> str | None:
        """What a program prints."""
        return self.programs.get(words[0])

    @property
    def instruments(self) -> Instruments:
        """What the doctor looks with."""
        return Instruments(
            resolver=seeded.Zone(self.records),
            connect=self.connect,
            certificates=self.trust,
            run=self.run,
            cron_places=(),
            versions=lambda name: self.versions.get(name, ""),
            disk_usage=lambda _: (10**12, 10**12 - self.free, self.free),
            drawable=self.drawable,
            patience=self.patience,
        )

    def examine(self, root: Path, *only: str, **more: Any) -> list[Examined]:
        """What the doctor says of a workspace."""
        return examine(root, more.pop("environment", NOTHING), only=only, instruments=self.instruments, **more)


def certificate(folder: Path, name: str, hosts: Sequence[str], days: float) -> Path:
    """A key with a certificate that it signed itself, in one PEM file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


def public_key() -> str:
    """A verification key as SendGrid shows it."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode("ascii")


def make(root: Path, world: World) -> None:
    """A workspace in which everything is well, of a newsroom that has sent a letter and has a schedule."""
    make_workspace(root)
    now = datetime.now(UTC)
    (root / "newsletter.toml").write_text(settings(world), "utf-8")
    for name, text in (("sendgrid.key", KEY), ("smtp.password", PASSWORD), ("web.metrics", METRICS)):
        path = root / "secrets" / name
        path.write_text(f"{text}\n", "utf-8")
        path.chmod(0o600)
    (root / "texts").mkdir()
    for name in ("new", "cur", "tmp"):
        (root / "mail" / name).mkdir(parents=True)
    (root / "mail" / "new" / "1.a").write_text("Subject: x\n\nx\n", "utf-8")
    database = open_database(f"sqlite:///{root / 'newsletter.db'}")
    at = int(now.timestamp())
    with database.write() as connection:
        send = freeze(connection, audience=range(1, 4), size=3)
        before = at - 3 * 86_400
        done = {"state": "finished", "created": before, "finished": before}
        connection.execute(update(tables.send).where(tables.send.c.id == send.id).values(done))
        cursors = {ALIVE: at, NEXT_SIGN: at + 600, f"{HOOK}sendgrid good": at - 3600}
        lists = ("bounces", "blocks", "spam_reports", "invalid_emails", "unsubscribes")
        cursors |= {f"sendgrid {name}": at for name in lists}
        with open_workspace(root, {}) as workspace:
            moments = schedule.due(now, workspace.zone, workspace.settings.schedule, {})
        cursors |= {SCHEDULE + one.job: int(one.moment.timestamp()) for one in moments}
        for name, value in cursors.items():
            set_cursor(connection, name, value)
    database.close()
    (root / "backups").mkdir(mode=0o700)
    shutil.copyfile(root / "newsletter.db", root / "backups" / "newsletter-20261101-000000Z.db")
    (root / "newsletter.db").chmod(0o600)


def settings(world: World) -> str:
    """The newsletter.toml of such a workspace."""
    weekday = f"{datetime.now(UTC) + timedelta(days=3):%A}".lower()
    ports = {name: world.ports[name] for name in ("api", "smtp", "site")}
    return SETTINGS.format(webhook_key=world.webhook_key, weekday=weekday, **ports)


@contextmanager
def standing(folder: Path) -> Iterator[World]:
    """A world and a workspace in it, ``folder/w``, for a block."""
    world = World(webhook_key=public_key(), root=folder / "w")
    with ExitStack() as stack:
        smtp_folder = folder / "smtp"
        smtp_folder.mkdir()
        mail = stack.enter_context(
            smtp_standin.running(smtp_folder, user="news", password=PASSWORD, offers=["PIPELINING", "AUTH PLAIN"])
        )
        world.ports["smtp"] = mail.port
        for name, answer in (("api", world.api), ("site", world.site)):
            server = Loopback(answer, world.requests)
            stack.callback(server.close)
            world.ports[name] = server.port
        world.trust = ssl.create_default_context()
        for name, hosts, days in (
            ("good", HOSTS, 60),
            ("soon", HOSTS, 5),
            ("over", HOSTS, -1),
            ("other", ("x.example",), 60),
        ):
            pem = certificate(folder, name, hosts, days)
            server = Loopback(world.https, world.requests)
            server.encrypt(pem)
            stack.callback(server.close)
            world.ports[f"https {name}"] = server.port
            world.trust.load_verify_locations(pem)
        unknown = Loopback(world.https, world.requests)
        unknown.encrypt(certificate(folder, "unknown", HOSTS, 60))
        stack.callback(unknown.close)
        world.ports["https unknown"] = unknown.port
        make(world.root, world)
        workspace = stack.enter_context(open_workspace(world.root, {}))
        world.app = TestClient(
            app_of(workspace, postman=False), base_url="https://news.example.org", follow_redirects=False
        )
        world.well()
        yield world
