"""The doctor: every fault sown is told in its line, a newsroom in which all is well hears of none, nothing changes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import resource
import shutil
import sqlite3
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import patient
import pytest
import seeded
from command import complains, here
from hypothesis import given
from hypothesis import strategies as st
from patient import KEY, METRICS, PASSWORD, Loopback, World
from sqlalchemy import text

from newsletter.check import policies
from newsletter.cli.examining import doctor_data
from newsletter.errors import DatabaseError
from newsletter.sharing import NoFontError
from newsletter.storage.database import open_database, open_to_look, upgrade
from newsletter.workflows import status
from newsletter.workflows.doctor import CHECKS, GROUPS, LINES, Examined, examine, fails, faults
from newsletter.workflows.doctor.hiding import HIDDEN, SecretHider
from newsletter.workflows.status.findings import Finding
from newsletter.workflows.status.texts import KINDS, RECEIVERS_SAY
from subscribers import store
from subscribers.test_link import NOBODY

OLD = time.time() - 3 * 365 * 86_400


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with patient.standing(tmp_path_factory.mktemp("doctor")) as found:
        yield found


@pytest.fixture(scope="module")
def sound(world: World) -> Path:
    """The workspace in which everything is well; it is copied, never touched."""
    return world.root


@pytest.fixture
def root(world: World, sound: Path, tmp_path: Path) -> Path:
    """A copy to break, in a world in which all is well."""
    shutil.copytree(sound, tmp_path / "w")
    world.root = tmp_path / "w"
    world.well()
    return world.root


# ---- ways to break something


def put(root: Path, old: str, new: str) -> None:
    """Change the settings."""
    path = root / "newsletter.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def run(root: Path, *statements: str) -> None:
    """Change the database."""
    database = open_database(f"sqlite:///{root / 'newsletter.db'}")
    with database.write() as connection:
        for one in statements:
            connection.execute(text(one))
    database.close()


def cursor(name: str, at: float) -> str:
    return f"UPDATE mark SET at = {int(at)} WHERE name = '{name}'"


def through_smtp(root: Path, more: str = "") -> None:
    put(root, 'kind = "sendgrid"', 'kind = "smtp"')
    put(root, 'fallback = "smtp"', "")
    put(root, 'user = "news"', f'user = "news"\n{more}')


Break = Callable[[World, Path], object]


@dataclass(frozen=True)
class Fault:
    """One thing that is broken, and the line that must say so."""

    line: str
    state: str
    said: str
    """What its words match."""
    broken: Break


def record(name: str, *values: str | None) -> Break:
    """Other records of a name; None alone for a name server that is silent."""

    def broken(world: World, _root: Path) -> None:
        if values == (None,):
            world.records[name] = None
        else:
            world.records[name] = [one for one in values if one is not None]

    return broken


def setting(old: str, new: str) -> Break:
    return lambda _world, root: put(root, old, new)


def smtp(more: str, **records: list[str]) -> Break:
    def broken(world: World, root: Path) -> None:
        through_smtp(root, more)
        world.records.update({name.replace("_", " "): value for name, value in records.items()})

    return broken


def sql(*statements: str) -> Break:
    return lambda _world, root: run(root, *statements)


def page(path: str, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Break:
    return lambda world, _root: world.pages.update({path: (status, headers or {}, body)})


def file(name: str, content: str | bytes, mode: int = 0o600) -> Break:
    def broken(_world: World, root: Path) -> None:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(mode)

    return broken


def mode(name: str, bits: int) -> Break:
    return lambda _world, root: (root / name).chmod(bits)


def gone(name: str) -> Break:
    return lambda _world, root: (root / name).unlink()


def world_has(**values: Any) -> Break:
    def broken(world: World, _root: Path) -> None:
        for name, value in values.items():
            setattr(world, name, value)

    return broken


def version(name: str, value: str) -> Break:
    return lambda world, _root: world.versions.update({name: value})


def every(*ways: Break) -> Break:
    def broken(world: World, root: Path) -> None:
        for one in ways:
            one(world, root)

    return broken


def damaged(_world: World, root: Path) -> None:
    """A page in the middle of the file is overwritten."""
    path = root / "newsletter.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (number,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'article'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    with path.open("r+b") as opened:
        opened.seek((number - 1) * size)
        opened.write(b"\xa5" * size)


def in_delete_mode(_world: World, root: Path) -> None:
    connection = sqlite3.connect(root / "newsletter.db")
    assert connection.execute("PRAGMA journal_mode=DELETE").fetchone() == ("delete",)
    connection.close()


def older(path: str, at: float = OLD) -> Break:
    return lambda _world, root: os.utime(root / path, (at, at))


def restored(_world: World, root: Path) -> None:
    path = root / "database.toml"
    text = path.read_text("utf-8")
    path.write_text(re.sub(r"generation = \d+", "generation = 99", text), "utf-8")


def missing_database(_world: World, root: Path) -> None:
    for path in root.glob("newsletter.db*"):
        path.unlink()


def emptied_database(_world: World, root: Path) -> None:
    missing_database(_world, root)
    (root / "newsletter.db").touch()


def database_without_tables(_world: World, root: Path) -> None:
    missing_database(_world, root)
    with contextlib.closing(sqlite3.connect(root / "newsletter.db")) as connection:
        connection.execute("PRAGMA user_version = 1")
        connection.commit()


def waiting_letter(_world: World, root: Path) -> None:
    database = open_database(f"sqlite:///{root / 'newsletter.db'}")
    with database.write() as connection:
        store.queue_letter(connection, "welcome", 1, 1, now=datetime.now(UTC) - timedelta(hours=1))
    database.close()


def without_worker(_world: World, root: Path) -> None:
    run(root, "DELETE FROM mark WHERE name IN ('worker', 'worker next') OR name LIKE 'schedule %'")


def into_the_outbox(_world: World, root: Path) -> None:
    """A newsroom without any provider."""
    path = root / "newsletter.toml"
    text = path.read_text("utf-8").replace('kind = "sendgrid"', 'kind = "outbox"').replace('fallback = "smtp"', "")
    path.write_text(re.sub(r"(?s)\[sendgrid\].*?\[web\]", "[web]", text), "utf-8")
    for name in ("sendgrid.key", "smtp.password"):
        (root / "secrets" / name).unlink()


SPF_LOOPS = [f"v=spf1 {' '.join(f'include:s{at}.example.net' for at in range(11))} -all"]
OPEN_KEY = patient.DKIM_KEY
WEAK = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQ" + "D" * 172 + "IDAQAB"

FAULTS = {
    # ---- your mail in your name
    "From at a free mailbox": Fault("domain", "fail", "gmail.com", setting("<news@example.org>", "<news@gmail.com>")),
    "a domain without mail": Fault("domain", "fail", "takes no mail", record("example.org MX", "0 .")),
    "answers to a domain without mail": Fault(
        "domain", "fail", "nomail.example", setting('editor@example.org"\nfall', 'editor@nomail.example"\nfall')
    ),
    "silent name servers": Fault("domain", "warn", "no name server", record("example.org", None)),
    "two SPF records": Fault("spf", "fail", "2 SPF", record("example.org TXT", "v=spf1 -all", "v=spf1 ~all")),
    "a broken SPF record": Fault("spf", "fail", "cannot read", record("example.org TXT", "v=spf1 ip4:nowhere -all")),
    "an SPF include that leads nowhere": Fault("spf", "fail", "no SPF", record("spf.example.net TXT")),
    "too many SPF questions": Fault("spf", "fail", "more than 10", record("example.org TXT", *SPF_LOOPS)),
    "SPF for the whole world": Fault("spf", "fail", "whole world", record("example.org TXT", "v=spf1 +all")),
    "no DKIM key": Fault(
        "dkim",
        "warn",
        "no DKIM key",
        every(record("s1._domainkey.example.org TXT"), record("s2._domainkey.example.org TXT")),
    ),
    "a revoked DKIM key": Fault("dkim", "fail", "revoked", record("s1._domainkey.example.org TXT", "v=DKIM1; p=")),
    "a weak DKIM key": Fault("dkim", "warn", "bits", record("s1._domainkey.example.org TXT", f"p={WEAK}")),
    "a DKIM key in test": Fault("dkim", "warn", "t=y", record("s1._domainkey.example.org TXT", f"t=y; p={OPEN_KEY}")),
    "no DMARC record": Fault("dmarc", "warn", "no DMARC record", record("_dmarc.example.org TXT")),
    "two DMARC records": Fault(
        "dmarc", "warn", "several", record("_dmarc.example.org TXT", "v=DMARC1; p=none", "v=DMARC1; p=reject")
    ),
    "DMARC without reports": Fault("dmarc", "warn", "rua", record("_dmarc.example.org TXT", "v=DMARC1; p=reject")),
    "DMARC without a policy": Fault(
        "dmarc", "warn", "does not say", record("_dmarc.example.org TXT", "v=DMARC1; rua=mailto:d@example.org")
    ),
    "DMARC of yesterday": Fault(
        "dmarc", "warn", "pct", record("_dmarc.example.org TXT", "v=DMARC1; p=none; pct=50; rua=mailto:d@example.org")
    ),
    "a strict DMARC policy and no key": Fault(
        "dmarc",
        "fail",
        "refused",
        every(record("s1._domainkey.example.org TXT", "p="), record("s2._domainkey.example.org TXT", "p=")),
    ),
    "bounces at a domain without mail": Fault(
        "bounces", "fail", "takes no mail", smtp('return_path = "b@bounce.example"')
    ),
    "bounces at a domain without SPF": Fault(
        "bounces",
        "warn",
        "no record",
        smtp('return_path = "b@bounce.example"', **{"bounce.example_MX": ["1 mx.bounce.example."]}),
    ),
    "bounces at a strange domain": Fault(
        "bounces",
        "warn",
        "no part of example.org",
        smtp(
            'return_path = "b@bounce.example"',
            **{"bounce.example_MX": ["1 mx.bounce.example."], "bounce.example_TXT": ["v=spf1 -all"]},
        ),
    ),
    "two MTA-STS records": Fault(
        "mta-sts", "warn", "2 records", record("_mta-sts.example.org TXT", "v=STSv1; id=1", "v=STSv1; id=2")
    ),
    "an MTA-STS record without id": Fault("mta-sts", "warn", "id=", record("_mta-sts.example.org TXT", "v=STSv1;")),
    "no MTA-STS policy": Fault("mta-sts", "warn", "404", world_has(policy=(404, {}, b""))),
    "an MTA-STS policy elsewhere": Fault(
        "mta-sts", "warn", "301", world_has(policy=(301, {"Location": "https://example.org/"}, b""))
    ),
    "an MTA-STS policy of nonsense": Fault("mta-sts", "warn", "version", world_has(policy=(200, {}, b"<html>"))),
    "an MTA-STS policy without the mail server": Fault(
        "mta-sts",
        "fail",
        "mx.example.org: mail to you is refused",
        world_has(policy=(200, {}, patient.POLICY.replace("mx: mx.example.org", "mx: old.example.org").encode())),
    ),
    "an MTA-STS policy in test without it": Fault(
        "mta-sts",
        "warn",
        "does not name",
        world_has(policy=(200, {}, b"version: STSv1\nmode: testing\nmx: a.example.org\nmax_age: 9\n")),
    ),
    "an MTA-STS host of another name": Fault("mta-sts", "warn", "certificate", world_has(certificate="other")),
    "MTA-STS and no reports": Fault("tls-rpt", "warn", "nobody is told", record("_smtp._tls.example.org TXT")),
    "TLS-RPT to nowhere": Fault(
        "tls-rpt", "warn", "rua=", record("_smtp._tls.example.org TXT", "v=TLSRPTv1; rua=tls@example.org")
    ),
    "a sign and no policy": Fault(
        "bimi", "warn", "policy is none", record("_dmarc.example.org TXT", "v=DMARC1; p=none; rua=mailto:d@example.org")
    ),
    "a sign over http": Fault(
        "bimi", "warn", "https", record("default._bimi.example.org TXT", "v=BIMI1; l=http://example.org/s.svg")
    ),
    # ---- the provider
    "no key": Fault("sender", "fail", "has no key", gone("secrets/sendgrid.key")),
    "a wrong key": Fault("sender", "fail", "refuses the key", file("secrets/sendgrid.key", "SG.another-wrong-canary")),
    "a key that may not send": Fault(
        "sender", "fail", "may not send", world_has(scopes=(200, {}, b'{"scopes": ["suppression.read"]}'))
    ),
    "a key that may not read suppressions": Fault(
        "sender", "warn", "may not read", world_has(scopes=(200, {}, b'{"scopes": ["mail.send"]}'))
    ),
    "a key whose rights are hidden": Fault("sender", "warn", "403", world_has(scopes=(403, {}, b"{}"))),
    "a provider that is broken": Fault("sender", "fail", "500", world_has(scopes=(500, {}, b"<html>"))),
    "a provider that is away": Fault(
        "sender",
        "fail",
        "cannot be reached",
        lambda world, root: put(root, f"127.0.0.1:{world.ports['api']}", "127.0.0.1:1"),
    ),
    "a sandbox": Fault("sender", "warn", "sandbox", setting("timeout = 5\n\n[smtp]", "sandbox = true\n\n[smtp]")),
    "a provider set up and not used": Fault(
        "sender", "warn", "reach nobody", setting('kind = "sendgrid"', 'kind = "outbox"')
    ),
    "an outbox that is a file": Fault("sender", "fail", "is a file", every(into_the_outbox, file("outbox", "x"))),
    "a mail server without TLS": Fault("sender", "fail", "STARTTLS", every(smtp(""), setting('security = "none"', ""))),
    "a mail server that refuses the log-in": Fault(
        "sender",
        "fail",
        "refuses user and password",
        every(smtp(""), file("secrets/smtp.password", "another-wrong-canary")),
    ),
    "a fallback that refuses the log-in": Fault(
        "fallback", "fail", "refuses user and password", file("secrets/smtp.password", "another-wrong-canary")
    ),
    "a fallback that DNS does not know": Fault("fallback", "warn", "SPF", record("example.org TXT")),
    "no key of the webhook": Fault(
        "webhook", "warn", "do not come back", lambda world, root: put(root, f'webhook_key = "{world.webhook_key}"', "")
    ),
    "a key of the webhook that is none": Fault(
        "webhook", "fail", "can ever verify", lambda world, root: put(root, world.webhook_key, "MIIB" + "A" * 40)
    ),
    "forged news": Fault(
        "webhook",
        "fail",
        "wrong signature",
        sql(
            "INSERT INTO mark (name, at) VALUES ('hook sendgrid rejected', 9)",
            f"INSERT INTO mark (name, at) VALUES ('hook sendgrid since', {int(time.time())})",
        ),
    ),
    "no news since the last letter": Fault(
        "webhook", "warn", "no news of them verified", sql(cursor("hook sendgrid good", time.time() - 9 * 86_400))
    ),
    "no news ever": Fault("webhook", "warn", "none ever came", sql("DELETE FROM mark WHERE name LIKE 'hook%'")),
    "suppressions never taken over": Fault(
        "suppressions", "warn", "never taken over", sql("DELETE FROM mark WHERE name LIKE 'sendgrid %'")
    ),
    # ---- the reader pages
    "no pages": Fault(
        "pages",
        "warn",
        "there are none",
        every(setting('url = "https://news.example.org"\n', ""), setting('pictures = "hosted"', "")),
    ),
    "pages on this machine only": Fault(
        "pages",
        "fail",
        "cannot open",
        every(
            setting("https://news.example.org", "http://127.0.0.1:8000"),
            lambda world, root: put(root, f'host = "http://127.0.0.1:{world.ports["api"]}"', ""),
        ),
    ),
    "pages that are away": Fault("pages", "fail", "does not answer", world_has(refused={"news.example.org"})),
    "pages of a certificate that ended": Fault("pages", "fail", "expired", world_has(certificate="over")),
    "pages that lead elsewhere": Fault(
        "pages", "fail", "leads elsewhere", page("/health", 301, headers={"Location": "https://x.example/"})
    ),
    "another program at the address": Fault("pages", "fail", "something else", page("/health", 200, b"<html>It works")),
    "JSON of another program": Fault("pages", "fail", "something else", page("/health", 200, b"[]")),
    "a program that is not well": Fault("pages", "warn", "not well", page("/health", 503, b'{"ok": false}')),
    "a certificate that ended": Fault("certificate", "fail", "expired", world_has(certificate="over")),
    "a certificate that ends soon": Fault("certificate", "warn", "ends on", world_has(certificate="soon")),
    "a certificate of another name": Fault("certificate", "fail", "[Hh]ostname", world_has(certificate="other")),
    "a certificate of nobody": Fault("certificate", "fail", "self-signed", world_has(certificate="unknown")),
    "one click that leads elsewhere": Fault(
        "one-click", "fail", "302", page("/leave/", 302, headers={"Location": "/"})
    ),
    "one click that is forbidden": Fault("one-click", "fail", "403", page("/leave/", 403)),
    "one click that finds nothing": Fault("one-click", "fail", "404", page("/leave/", 404)),
    "pictures that are not there": Fault("media", "fail", "404", page("/media/", 404)),
    "pictures that somebody shrinks": Fault("media", "fail", "something else", page("/media/", 200, b"GIF89a")),
    "a webhook that nobody hears": Fault("hook-route", "fail", "404", page("/hooks/", 404)),
    "a webhook behind a password": Fault("hook-route", "warn", "401", page("/hooks/", 401)),
    "counted links that nobody answers for": Fault(
        "counted-links", "fail", "something else", page("/go/", 404, b"nginx")
    ),
    # ---- what runs by itself
    "a moment that was missed": Fault(
        "schedule", "fail", "has passed", sql(cursor("schedule daily", time.time() - 9 * 86_400))
    ),
    "a worker that is silent": Fault(
        "worker",
        "fail",
        "sign of life",
        sql(
            cursor("worker", time.time() - 1200),
            cursor("worker next", time.time() - 1100),
            f"UPDATE mark SET at = min(at, {int(time.time()) - 1300}) WHERE name LIKE 'schedule %'",
        ),
    ),
    "nobody who keeps the schedule": Fault("cron", "warn", "neither a worker nor", without_worker),
    "a cron line of a program that is gone": Fault(
        "cron",
        "fail",
        "/opt/gone/bin/newsletter",
        world_has(programs={"crontab": "0 * * * * /opt/gone/bin/newsletter schedule --run\n"}),
    ),
    "a send that stopped": Fault(
        "sends",
        "fail",
        "stopped in the middle",
        every(without_worker, sql("UPDATE send SET state = 'running', finished = NULL")),
    ),
    "a send that rests for its provider": Fault(
        "sends",
        "fail",
        "takes nothing",
        sql("UPDATE send SET state = 'paused', paused_by = 'provider', reason = 'as planned', finished = NULL"),
    ),
    "letters of which nobody knows": Fault(
        "sends", "warn", "nobody knows", sql("UPDATE delivery SET state = 'unknown'")
    ),
    "a site that hides its interface": Fault("sources", "warn", "closed \\(401\\)", world_has(rest=(401, {}, b"{}"))),
    "a site that forbids its interface": Fault(
        "sources", "warn", "forbidden \\(403\\)", world_has(rest=(403, {}, b"{}"))
    ),
    "a site that has no interface": Fault("sources", "warn", "not there \\(404\\)", world_has(rest=(404, {}, b"{}"))),
    "a site that is gone": Fault("sources", "fail", "404", page("/", 404)),
    "a folder of texts that is gone": Fault(
        "sources", "fail", "no such file", lambda _world, root: (root / "texts").rmdir()
    ),
    "small letters that wait": Fault("letters", "fail", "wait", waiting_letter),
    "a mailbox that is gone": Fault(
        "mailbox", "fail", "no such mailbox", lambda _world, root: shutil.rmtree(root / "mail")
    ),
    "a folder that is no mailbox": Fault(
        "mailbox", "fail", "no Maildir", lambda _world, root: shutil.rmtree(root / "mail" / "cur")
    ),
    "a teller that is gone": Fault(
        "alerts",
        "fail",
        "not there",
        setting('mail = "editor@example.org"', 'command = "/opt/gone/tell canary-of-tell"'),
    ),
    # ---- what is kept
    "a database that is gone": Fault("database", "fail", "not there", missing_database),
    "an empty file instead of the database": Fault("database", "fail", "is empty", emptied_database),
    "a database without tables": Fault("database", "fail", "has no tables", database_without_tables),
    "a file that is no database": Fault("database", "fail", "not a database", file("newsletter.db", "x" * 4096)),
    "an older database": Fault(
        "database", "warn", "schema is 0001", sql("UPDATE alembic_version SET version_num = '0001'")
    ),
    "a newer database": Fault(
        "database", "fail", "newer version", sql("UPDATE alembic_version SET version_num = '9999'")
    ),
    "a database that was put back": Fault("database", "fail", "older than", restored),
    "a database server that is away": Fault(
        "database",
        "fail",
        "connect",
        lambda _world, root: put(
            root,
            "[schedule]",
            '[database]\nurl = "postgresql://news:canary-of-the-database@127.0.0.1:1/nashra"\n\n[schedule]',
        ),
    ),
    "a damaged file": Fault("integrity", "fail", "damaged", damaged),
    "a file without WAL": Fault("integrity", "warn", "journal mode delete", in_delete_mode),
    "an old copy": Fault("backup", "warn", "days old", older("backups/newsletter-20261101-000000Z.db")),
    "no copy": Fault("backup", "warn", "no copy", gone("backups/newsletter-20261101-000000Z.db")),
    "a full disk": Fault("disk", "fail", "nearly full", world_has(free=10**8)),
    "a broken template": Fault(
        "templates", "fail", "weekly.mjml.j2:2", file("templates/email/weekly.mjml.j2", "a\n{% if %}")
    ),
    "a template in a strange encoding": Fault(
        "templates", "fail", "weekly", file("templates/email/weekly.mjml.j2", b"\xff\xfe\x80")
    ),
    "a broken catalogue": Fault("templates", "fail", "letter.po", file("templates/locale/ar/letter.po", "nonsense\n")),
    "a template in a strange place": Fault("templates", "warn", "nobody looks", file("templates/weekly.mjml.j2", "x")),
    "a font that few have": Fault(
        "fonts", "warn", "ends with", setting("Sakkal Majalla, Tahoma, serif", "Sakkal Majalla, Aref Ruqaa")
    ),
    "no library for Arabic letters": Fault(
        "share-pictures", "warn", "FriBidi", world_has(undrawable=NoFontError("needs it", mend="", lasting=True))
    ),
    "no font for Arabic letters": Fault(
        "share-pictures", "warn", "has ج ح", world_has(undrawable=NoFontError("none", mend="", letters="ج ح"))
    ),
    "a font of one's own that is none": Fault(
        "share-pictures",
        "warn",
        "is no font",
        world_has(undrawable=NoFontError("x is no font", mend="", where="[web] share_font", lasting=True)),
    ),
    # ---- who comes in
    "a secret that others read": Fault("secrets", "fail", "sendgrid.key", mode("secrets/sendgrid.key", 0o644)),
    "keys of links that others read": Fault("secrets", "fail", "others can read", mode("secrets/keys.toml", 0o640)),
    "no keys of links": Fault("secrets", "fail", "missing", gone("secrets/keys.toml")),
    "damaged keys of links": Fault(
        "secrets", "fail", "cannot be read", file("secrets/keys.toml", "[tokens]\n1 = 'zz'\n")
    ),
    "a folder of secrets that others see": Fault("secrets", "warn", "which secrets", mode("secrets", 0o755)),
    "an .env that others read": Fault(
        "secrets", "fail", r"\.env", file(".env", "NASHRA_SENDGRID__KEY=SG.canary-of-env\n", 0o644)
    ),
    "an old key": Fault("keys", "warn", "days", older("secrets/sendgrid.key")),
    "a key in newsletter.toml": Fault(
        "settings-file",
        "fail",
        "sendgrid.key",
        every(setting("[sendgrid]\n", '[sendgrid]\nkey = "SG.canary-in-toml"\n'), mode("newsletter.toml", 0o644)),
    ),
    "a key in newsletter.toml for oneself": Fault(
        "settings-file",
        "warn",
        "sendgrid.key",
        every(setting("[sendgrid]\n", '[sendgrid]\nkey = "SG.canary-in-toml"\n'), mode("newsletter.toml", 0o600)),
    ),
    "addresses that others read": Fault("private", "warn", "newsletter.db", mode("newsletter.db", 0o644)),
    "secrets in git": Fault(
        "git", "fail", "secrets/sendgrid.key", world_has(programs={"git": "secrets/sendgrid.key\n.env\n"})
    ),
    # ---- the machine
    "a setting that is none": Fault(
        "settings", "fail", "did you mean", setting("[alerts]\nmail", "[alerts]\nmial = 1\nmail")
    ),
    "a value that is impossible": Fault("settings", "fail", "zone", setting("Africa/Algiers", "Africa/Algeirs")),
    "settings that are no TOML": Fault("settings", "fail", "TOML", setting("[alerts]", "[alerts")),
    "a sponsor's booking that is none": Fault(
        "settings", "fail", "sponsors.toml", file("sponsors.toml", "[[booking]]\nissues = [12]\n")
    ),
    "bookings that are no TOML": Fault("settings", "fail", "sponsors.toml", file("sponsors.toml", "[[booking]\n")),
    "a secret of no setting": Fault(
        "settings", "fail", "not the name", file("secrets/sendgird.key", "SG.canary-misnamed")
    ),
    "a variable of no setting": Fault(
        "settings", "fail", "not the name", file(".env", "NASHRA_KEY=SG.canary-misnamed\n")
    ),
    "an old Python": Fault("python", "warn", "CVE-2024-6923", version("python", "3.11.7")),
    "an old SQLite": Fault("python", "warn", "WAL mode", version("sqlite", "3.40.1")),
    "an old Pillow": Fault("versions", "warn", "pillow 12.2.0", version("pillow", "12.2.0")),
    "a clock that is behind": Fault("clock", "warn", "45 seconds behind|4[4-6] seconds behind", world_has(date=45.0)),
    "a clock that is far ahead": Fault("clock", "fail", "seconds ahead", world_has(date=-900.0)),
    "a clock that was set back": Fault(
        "clock",
        "fail",
        "set back",
        sql(f"INSERT INTO mark (name, at) VALUES ('clock latest here', {int(time.time()) + 9 * 86_400})"),
    ),
    "a zone that nobody chose": Fault("zone", "warn", "UTC", setting("Africa/Algiers", "UTC")),
}


def test_there_are_enough() -> None:
    assert len(FAULTS) >= 40
    assert {one.line for one in FAULTS.values()} >= set(LINES) - {"status", "reputation", "tls", "files"}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_in_its_line(name: str, world: World, root: Path) -> None:
    fault = FAULTS[name]
    fault.broken(world, root)
    told = [one for one in world.examine(root, fault.line) if one.name == fault.line]
    worst = min(told, key=lambda one: ("fail", "warn", "ok", "skipped").index(one.state))
    assert (worst.state, bool(re.search(fault.said, worst.words))) == (fault.state, True), told
    assert worst.mend
    assert "canary" not in str(told)


def test_a_newsroom_in_which_all_is_well_hears_of_nothing(world: World, root: Path) -> None:
    """Every line is there, in its order, and every one is looked at: there is something of everything."""
    told = world.examine(root)
    assert [one for one in told if one.state != "ok"] == []
    assert list(dict.fromkeys(one.name for one in told)) == [name for check in CHECKS for name in check.names]
    assert list(dict.fromkeys(one.group for one in told)) == list(GROUPS)
    assert not fails(told)


# ---- one broken thing hides no other


def test_settings_that_are_broken_leave_everything_else_to_be_looked_at(world: World, root: Path) -> None:
    """A key that is none, in one section: only what depends on that section is passed over."""
    put(root, "[alerts]\nmail", "[alerts]\nmial = 1\nmail")
    told = {one.name: one for one in world.examine(root)}
    assert told["settings"].state == "fail"
    assert told["alerts"].state == "skipped"
    assert "mend it first" in told["alerts"].mend
    others = {name: one.state for name, one in told.items() if name not in {"settings", "alerts", "backup"}}
    assert others == dict.fromkeys(others, "ok")


def test_settings_that_are_no_toml_leave_the_machine_to_be_looked_at(world: World, root: Path) -> None:
    put(root, "[alerts]", "[alerts")
    (root / "secrets" / "sendgrid.key").chmod(0o644)
    world.versions["python"], world.free = "3.11.7", 10**8
    told = {one.name: one.state for one in world.examine(root)}
    assert told["settings"] == told["secrets"] == told["disk"] == "fail"
    assert told["python"] == "warn"
    assert {told[name] for name in ("git", "versions", "tls", "templates", "keys", "files", "mailbox")} == {"ok"}
    assert {told[name] for name in ("spf", "sender", "pages", "database", "schedule")} == {"skipped"}


def test_a_database_that_is_away_leaves_everything_else_to_be_looked_at(world: World, root: Path) -> None:
    FAULTS["a file that is no database"].broken(world, root)
    told = {one.name: one for one in world.examine(root)}
    assert told["database"].state == told["integrity"].state == "fail"
    needing = ("webhook", "suppressions", "schedule", "worker", "sends", "letters", "status", "backup", "reputation")
    assert {told[name].state for name in needing} == {"skipped"}
    assert {told[name].words for name in needing} == {"the database cannot be read; the line Database says why"}
    others = {name: one.state for name, one in told.items() if name not in {*needing, "database", "integrity", "cron"}}
    assert others == dict.fromkeys(others, "ok")


def test_a_check_that_never_ends_is_told_and_holds_nobody_up(world: World, root: Path) -> None:
    world.patience = 0.05
    hold = threading.Event()

    class Slow(seeded.Zone):
        def ask(self, name: str, kind: Any) -> tuple[str, ...] | None:
            hold.wait(30)
            return super().ask(name, kind)

    instruments = replace(world.instruments, resolver=Slow(world.records))
    try:
        found = examine(root, {}, only=("spf", "zone", "git"), instruments=instruments)
    finally:
        hold.set()
    told = {one.name: one for one in found}
    assert (told["spf"].state, told["spf"].words) == ("warn", "no answer within 1 seconds")
    assert (told["zone"].state, told["git"].state) == ("ok", "ok")


def test_a_check_that_breaks_is_told_and_hides_no_other(world: World, root: Path) -> None:
    def broken(_path: Path) -> tuple[int, int, int]:
        raise RuntimeError(f"a library says {KEY}")

    found = examine(root, {}, only=("disk", "git"), instruments=replace(world.instruments, disk_usage=broken))
    assert [(one.name, one.state) for one in found] == [("disk", "warn"), ("git", "ok")]
    assert found[0].words == "it could not be looked at (RuntimeError: a library says …)"


def test_what_was_found_before_something_broke_is_told(world: World, root: Path) -> None:
    """The second source lets a library fail: the first is told all the same."""
    put(root, '"texts"]', '"texts", "http://["]')
    found = world.examine(root, "sources")
    assert [one.state for one in found[:2]] == ["ok", "ok"]
    assert (found[2].name, found[2].state in {"warn", "fail"}) == ("sources", True)


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 20_000, "x" * 300_000, "\n" * 300_000 + "[", "key = '" + " " * 300_000]
)
def test_settings_made_to_break_their_reader(world: World, root: Path, text: str) -> None:
    (root / "newsletter.toml").write_text(text, "utf-8")
    told = {one.name: one.state for one in world.examine(root, "settings", "git", "python", "settings-file")}
    assert told == {"settings": "fail", "git": "ok", "python": "ok", "settings-file": "skipped"}


def test_everything_broken_at_once_is_told_in_one_go(world: World, root: Path) -> None:
    """Nothing that is wrong keeps another wrong thing from being told, and no secret is in any word of it."""
    names: tuple[str, ...] = (
        "two SPF records",
        "a revoked DKIM key",
        "no DMARC record",
        "a wrong key",
        "pages that lead elsewhere",
    )
    names += ("a site that is gone", "a full disk", "a secret that others read", "an old Python", "a broken template")
    names += ("a fallback that refuses the log-in", "a mailbox that is gone", "an old copy")
    for name in names:
        FAULTS[name].broken(world, root)
    told = world.examine(root)
    for name in names:
        fault = FAULTS[name]
        assert (fault.line, fault.state) in {(one.name, one.state) for one in told}, name
    assert fails(told)


def test_every_fault_of_the_settings_is_told_at_once(world: World, root: Path) -> None:
    put(root, "[alerts]\nmail", "[alerts]\nmial = 1\nmail")
    put(root, "Africa/Algiers", "Africa/Algeirs")
    (root / "secrets" / "sendgird.key").write_text("SG.canary-misnamed\n", "utf-8")
    told = [one.words for one in world.examine(root, "settings")]
    assert [re.search("sendgird.key|mial|Algeirs", one)[0] for one in told] == ["sendgird.key", "Algeirs", "mial"]  # type: ignore[index]
    put(root, "[alerts]", "[alerts")
    (only,) = world.examine(root, "settings")
    assert "TOML" in only.words


# ---- nothing is changed, and no secret is shown


def test_nothing_is_changed(world: World, root: Path) -> None:
    connection = sqlite3.connect(root / "newsletter.db")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    before = fingerprints(root)
    at = len(world.requests)
    world.examine(root)
    assert fingerprints(root) == before
    # Of what is asked over the network only the test link is posted to.
    posted = [path for method, path in world.requests[at:] if method not in {"GET", "HEAD"}]
    assert posted == [f"/leave/{NOBODY}"]


def fingerprints(root: Path) -> dict[str, tuple[str, int]]:
    return {
        str(path.relative_to(root)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mode)
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_a_database_opened_to_look_cannot_be_written(root: Path) -> None:
    url = f"sqlite:///{root / 'newsletter.db'}"
    database = open_to_look(url)
    with pytest.raises(DatabaseError, match="readonly"), database.write() as connection:
        connection.execute(text("CREATE TABLE x (a)"))
    database.close()
    with pytest.raises(DatabaseError), open_to_look(f"{url}.none").read() as connection:
        connection.execute(text("SELECT 1"))
    assert not Path(f"{url.removeprefix('sqlite:///')}.none").exists()


@pytest.mark.postgresql
def test_postgresql_is_looked_at_and_not_written(database_urls: Callable[[str], str], world: World, root: Path) -> None:
    url = database_urls("postgresql")
    database = open_database(url)
    upgrade(database)
    database.close()
    database = open_to_look(url)
    with pytest.raises(Exception, match="read-only"), database.write() as connection:
        connection.execute(text("CREATE TABLE x (a int)"))
    database.close()
    put(root, "[schedule]", f'[database]\nurl = "{url}"\n\n[schedule]')
    (root / "database.toml").unlink()
    told = {one.name: one for one in world.examine(root, "database", "integrity", "clock", "backup")}
    # A server of today's tests may be of a version that its makers no longer look after.
    assert told["integrity"].words.startswith("PostgreSQL 1")
    assert (told["database"].state, told["clock"].state, told["backup"].state) == ("ok", "ok", "skipped")
    assert "the database" in told["clock"].words


SECRETS = ("canary-of-env", "canary-misnamed", KEY, PASSWORD, METRICS, "canary-of-tell", "canary-of-the-database")


@pytest.mark.parametrize("offline", [False, True])
def test_no_secret_is_shown(world: World, root: Path, offline: bool) -> None:
    """In files that are read, in one that is none, in an answer of the provider and in the words of a driver."""
    (root / ".env").write_text("NASHRA_KEY=SG.canary-misnamed\nNASHRA_DATABASE__URL=postgresql://n:p@h/d\n", "utf-8")
    put(root, "[schedule]", '[database]\nurl = "postgresql://n:canary-of-the-database@127.0.0.1:1/d"\n\n[schedule]')
    put(root, 'mail = "editor@example.org"', 'command = "/opt/gone/tell canary-of-tell"')
    world.scopes = (500, {}, json.dumps({"errors": [{"message": KEY}]}).encode())
    for broken in (False, True):
        if broken:
            put(root, "[alerts]", "[alerts")
        told = world.examine(root, offline=offline)
        shown = json.dumps(doctor_data(told), ensure_ascii=False)
        for one in SECRETS:
            assert one not in shown


def test_a_secret_is_hidden_in_every_form() -> None:
    hide = SecretHider(iter(["p@ss word/1", "abc", ""]))
    assert hide("x p@ss word/1 y") == "x … y"
    assert hide("https://u:p%40ss%20word%2F1@h/ and p%40ss+word%2F1") == "https://…@h/ and …"
    assert hide("abc") == "abc"  # too short to be looked for


@given(st.text(min_size=4, max_size=30), st.text(max_size=50), st.text(max_size=50))
def test_a_secret_never_stands_in_a_text(secret: str, before: str, after: str) -> None:
    hidden = SecretHider(iter([secret]))(f"{before}{secret}{after}")
    assert secret not in hidden or secret in f"{before}{HIDDEN}{after}"


# ---- other set-ups in which all is well


def test_a_newsroom_that_was_just_made_hears_of_no_fault(world: World, tmp_path: Path) -> None:
    site = ("--name", "الموجة", "--url", "https://almawja.example.org", "--from", "نشرة <news@example.org>")
    assert here("init", tmp_path / "w", *site).code == 0
    told = world.examine(tmp_path / "w")
    assert [one for one in told if one.state in {"warn", "fail"}] == []


def test_offline_nobody_is_asked(world: World, root: Path) -> None:
    at, zone = len(world.requests), seeded.Zone(world.records)
    told = examine(root, {}, offline=True, instruments=replace(world.instruments, resolver=zone))
    assert (world.requests[at:], zone.asked) == ([], [])
    assert not fails(told)
    asked = [one for one in told if one.group in {"mail", "pages"} and one.name != "reputation"]
    assert {one.state for one in asked} == {"skipped"}


def test_through_smtp_with_keys_of_its_own(world: World, root: Path) -> None:
    through_smtp(root, 'return_path = "b@bounce.example.org"')
    put(root, "fsync = false", 'fsync = false\ndkim_selectors = ["mail"]')
    world.records |= {
        "mail._domainkey.example.org TXT": [f"v=DKIM1; p={patient.DKIM_KEY}"],
        "bounce.example.org MX": ["10 mx.example.org."],
        "bounce.example.org TXT": ["v=spf1 ip4:192.0.2.1 -all"],
    }
    told = world.examine(root, "domain", "bounces", "sender", "webhook", "suppressions")
    assert {one.name: one.state for one in told if one.state != "ok"} == {
        "webhook": "skipped",
        "suppressions": "skipped",
    }


POSTMARK = {"/server": {"DeliveryType": "Live"}} | {
    f"/message-streams/{name}": {"MessageStreamType": kind, "ArchivedAt": None}
    for name, kind in (("broadcast", "Broadcasts"), ("outbound", "Transactional"))
}


@pytest.mark.parametrize(
    ("path", "status", "answer", "state", "said"),
    [
        ("", 200, {}, "ok", "may send"),
        ("/server", 401, {"ErrorCode": 10}, "fail", "refuses the token"),
        ("/server", 200, {"DeliveryType": "Sandbox"}, "fail", "sandbox"),
        ("/server", 502, None, "fail", "502"),
        ("/message-streams/broadcast", 404, {}, "fail", "no message stream broadcast"),
        ("/message-streams/broadcast", 200, {"MessageStreamType": "Transactional"}, "warn", "type Broadcasts"),
        ("/message-streams/outbound", 200, {"ArchivedAt": "2026-01-01"}, "fail", "archived"),
        ("/message-streams/outbound", 403, {}, "warn", "does not show"),
    ],
)
def test_an_account_at_postmark(
    world: World, root: Path, path: str, status: int, answer: Any, state: str, said: str
) -> None:
    def told(method: str, asked: str, headers: Any, _body: bytes) -> patient.Answer:
        assert (method, headers["X-Postmark-Server-Token"]) == ("GET", "canary-of-postmark")
        mine = (status, answer) if asked == path else (200, POSTMARK[asked])
        return mine[0], {}, json.dumps(mine[1]).encode()

    server = Loopback(told)
    try:
        put(root, 'kind = "sendgrid"', 'kind = "postmark"')
        put(root, "[smtp]", f'[postmark]\nhost = "http://127.0.0.1:{server.port}"\ntimeout = 5\n\n[smtp]')
        (root / "secrets" / "postmark.token").write_text("canary-of-postmark\n", "utf-8")
        (found,) = world.examine(root, "sender")
    finally:
        server.close()
    assert (found.state, said in found.words) == (state, True), found
    assert "canary" not in str(found)


@pytest.mark.parametrize(
    ("crontab", "state", "said"),
    [
        ("*/5 * * * * newsletter -C {root} schedule --run", "ok", "(*/5 * * * *)"),
        ("@hourly cd {root} && newsletter schedule --run", "ok", "(@hourly)"),
        ("0 8 * * 4 news /usr/bin/env newsletter weekly", "ok", "newsletter weekly"),
        ("*/5 * * * * newsletter -C /somewhere/else schedule --run", "warn", "neither"),
        ("# */5 * * * * newsletter schedule --run", "warn", "neither"),
        ("*/5 * * * * newsletter schedule --log json --run >> /var/log/n.log 2>&1", "ok", "newsletter schedule --run"),
        ("*/5 * * * * cd {root} && newsletter worker --once", "ok", "newsletter worker"),
        ("*/5 * * * * sh -c 'cd {root} && newsletter weekly'", "ok", "newsletter weekly"),
        ("*/5 * * * * backup /srv/newsletter", "warn", "neither"),
        ("*/5 * * * * /opt/newsletter/bin/backup weekly", "warn", "neither"),
        ("*/5 * * * * cd {root} && newsletter status > /var/log/worker", "warn", "neither"),
        ("*/5 * * * * newsletter status; /usr/bin/tell worker", "warn", "neither"),
        ("*/5 * * * * newsletter schedule --json", "warn", "neither"),
    ],
)
def test_lines_of_cron(world: World, root: Path, crontab: str, state: str, said: str) -> None:
    without_worker(world, root)
    world.programs["crontab"] = crontab.format(root=root) + "\n"
    (found,) = world.examine(root, "cron")
    assert (found.state, said in found.words) == (state, True), found


def test_a_schedule_that_somebody_keeps_from_elsewhere(world: World, root: Path) -> None:
    """Another user's crontab is not seen from here; that moments are kept is."""
    run(root, "DELETE FROM mark WHERE name IN ('worker', 'worker next')")
    (found,) = world.examine(root, "cron")
    assert (found.state, "somebody keeps the schedule" in found.words) == ("ok", True)


def test_a_timer_and_a_machine_without_cron(world: World, root: Path) -> None:
    without_worker(world, root)
    world.programs["systemctl"] = "Sun 2026-11-29 22:00:00 UTC 9min left - - newsletter.timer newsletter.service\n"
    assert [one.state for one in world.examine(root, "cron")] == ["ok"]
    world.programs = {}
    (found,) = world.examine(root, "cron")
    assert (found.state, found.mend) == ("skipped", "")


# ---- the command


def test_the_command_tells_lines_and_exits_by_them(world: World, root: Path) -> None:
    into_the_outbox(world, root)
    done = here("-C", root, "doctor", "--offline", "--mailbox", root / "mail")
    assert done.code == 0, done
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert {len(row) for row in rows} == {6}
    assert ["kept", "Soundness", "ok", "the file is whole, and in WAL mode", "", ""] in rows
    assert re.fullmatch(r"Nothing fails, \d+ warnings?, \d+ ok, \d+ not looked at\.\n", done.err)
    (root / "secrets" / "keys.toml").chmod(0o644)
    broken = here("-C", root, "doctor", "--offline", "--json")
    assert broken.code == 1
    told = json.loads(broken.out)
    assert (told["ok"], told["counts"]["fail"]) == (False, 1)
    assert [one["name"] for one in told["groups"]] == list(GROUPS)
    (one,) = [one for one in told["checks"] if one["state"] == "fail"]
    assert (one["group"], one["name"], one["mend"]) == ("entry", "secrets", f"chmod 600 {root}/secrets/keys.toml")
    assert {*one} == {"group", "title", "name", "state", "words", "mend", "record", "about"}


def test_where_there_is_no_workspace_it_says_so(tmp_path: Path) -> None:
    complains(here("-C", tmp_path, "doctor"), "no newsletter.toml")


def test_progress_is_told_line_by_line(world: World, root: Path) -> None:
    begun: list[str] = []
    told: list[Examined] = []
    found = examine(root, {}, only=("zone", "git"), instruments=world.instruments, begun=begun.append, told=told.append)
    assert begun == [LINES["git"][1], LINES["zone"][1]]
    assert told == found


# ---- the rules


def test_the_page_tells_every_line() -> None:
    page = (Path(__file__).parents[1] / "docs" / "en" / "doctor.md").read_text("utf-8")
    rows = re.findall(r"^\| ([^|]+) \| `([\w-]+)` \|", page, re.MULTILINE)
    assert rows == [(title, name) for name, (_, title) in LINES.items()]


def test_so_does_the_arabic_page_by_the_names_of_the_desk() -> None:
    from babel.messages.pofile import read_po

    root = Path(__file__).parents[1]
    with (root / "templates" / "locale" / "ar" / "doctor.po").open("rb") as file:
        said = {str(one.id): str(one.string) for one in read_po(file)}
    page = (root / "docs" / "ar" / "doctor.md").read_text("utf-8")
    rows = re.findall(r"^\| ([^|]+) \| `([\w-]+)` \|", page, re.MULTILINE)
    assert rows == [(said[title], name) for name, (_, title) in LINES.items()]


def test_a_list_that_writes_from_another_domain(world: World, root: Path) -> None:
    put(root, "[schedule]", '[lists.sport]\nfrom = "رياضة <sport@sport.example.net>"\n\n[schedule]')
    told = [one for one in world.examine(root, "domain") if one.about == "sport.example.net"]
    assert {one.name: one.state for one in told} == {"domain": "fail", "spf": "warn", "dkim": "warn", "dmarc": "warn"}


def test_a_machine_that_trusts_nobody(world: World, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    monkeypatch.setattr(ssl, "create_default_context", lambda: bare)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: mock.Mock(capath=None))
    (found,) = examine(root, {}, only=["tls"], instruments=replace(world.instruments, certificates=None))
    assert (found.state, "trusts 0" in found.words) == ("fail", True)


def test_a_process_that_may_open_few_files(world: World, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, 64))
    (found,) = world.examine(root, "files")
    assert (found.state, "64" in found.words) == ("warn", True)


def test_what_status_finds_beyond_the_lines_is_told(world: World, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new = Finding("new", "new", "Something is {what}", {"what": "new", "command": "look"}, "{command}")
    monkeypatch.setattr(status, "findings_of", lambda _: [new])
    (found,) = world.examine(root, "status")
    assert (found.state, found.words, found.mend) == ("warn", "Something is new", "look")
    monkeypatch.setattr(status, "findings_of", lambda _: [replace(new, kind="blocklist")])
    (found,) = world.examine(root, "reputation")
    assert (found.state, found.words, found.mend) == ("warn", "Something is new", "look")


def test_the_kinds_of_status_that_are_told_in_lines_of_their_own_are_kinds() -> None:
    assert set(KINDS) >= set(RECEIVERS_SAY) | {"webhook", "backup", "disk", "clock", "worker"}


@pytest.mark.parametrize("section", ["tracking", "sender"])
def test_settings_that_do_not_go_together(world: World, root: Path, section: str) -> None:
    """Counting without a way to say no; a fallback that is not set up: what is left of both is looked at."""
    if section == "tracking":
        put(root, "[web]", "[ways]\npreferences = false\n\n[web]")
    else:
        put(root, 'host = "127.0.0.1"\nport', 'host = ""\nport')
    told = {one.name: one for one in world.examine(root, "settings", "counted-links", "fallback", "spf", "zone")}
    assert told["settings"].state == "fail"
    assert told["zone"].state == "ok"
    assert told["counted-links"].state == ("skipped" if section == "tracking" else "ok")
    assert told["fallback"].state == ("ok" if section == "tracking" else "skipped")


def test_status_leads_to_the_doctor_where_the_set_up_may_be_broken(world: World, root: Path) -> None:
    FAULTS["a file that is no database"].broken(world, root)
    assert "newsletter doctor" in here("-C", root, "status").err


def test_every_line_has_a_group_and_a_check() -> None:
    assert {name for check in CHECKS for name in check.names} == set(LINES)
    assert len([name for check in CHECKS for name in check.names]) == len(LINES)
    assert {group for group, _ in LINES.values()} == set(GROUPS)


def test_a_known_fault_is_in_the_lines_of_versions_that_have_it() -> None:
    one = faults.KnownFault("x", "", ("3.13.0", "3.12.5", "3.11.10"), "", since="3.9")
    has = {name: one.has(name) for name in ("3.8.1", "3.9", "3.11.9", "3.11.10", "3.12.4", "3.12.5", "3.13.0", "4.0")}
    assert [name for name, value in has.items() if value] == ["3.9", "3.11.9", "3.12.4"]
    assert [one.mended(name) for name in ("3.11.7", "3.12.1", "3.10.2")] == ["3.11.10", "3.12.5", "3.13.0"]
    assert all(fault.source.startswith("https://") for fault in faults.FAULTS)


@pytest.mark.parametrize(
    ("host", "covered"),
    [("mx.example.org", True), ("MX.example.org", True), ("a.mail.example.org", True), ("b.a.mail.example.org", False)],
)
def test_names_of_mta_sts(host: str, covered: bool) -> None:
    """RFC 8461 section 4.1: a star stands for one label, and for no less."""
    policy, fault = policies.mta_sts_policy(patient.POLICY)
    assert policy is not None, fault
    assert policy.covers(host) is covered
    assert not policy.covers("mail.example.org")


@given(st.text())
def test_no_record_and_no_policy_breaks_the_reading(said: str) -> None:
    for records in ([said], [f"v=STSv1;{said}"], [f"v=TLSRPTv1;{said}"], [f"v=BIMI1;{said}"], [said, said]):
        assert policies.mta_sts_fault(records) is None or isinstance(policies.mta_sts_fault(records), str)
        assert policies.tls_rpt_fault(records) is None or isinstance(policies.tls_rpt_fault(records), str)
        assert policies.bimi_fault(records, policy="reject") is None or isinstance(records, list)
    policy, fault = policies.mta_sts_policy(f"version: STSv1\n{said}")
    assert (policy is None) == bool(fault)
