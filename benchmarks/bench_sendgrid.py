"""A whole send through SendGrid, beside the bare wire and beside what the vendor's package does.

    python benchmarks/bench_sendgrid.py [--subscribers 1000000] [--delay 0.15]

The stand-in runs in a process of its own and throws away what it reads; each way sends requests of 1000 subscribers
with the same letter into it. Ours freezes the audience, claims batches under leases, asks who is still eligible,
signs a link for each, marks, sends and records; once by one process and once by two, in turns. The bare wire sends one
request over and over that was built before.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import standin

from newsletter.letters.mime import LEAVE, PREFERENCES, slot
from newsletter.models import Letter, Rendered
from newsletter.senders import Parcel
from newsletter.senders.sendgrid.body import MailSendBody
from newsletter.senders.sendgrid.options import SendGridOptions

PARAGRAPH = "خبر رقم من مرسى الريحان، حيث يفتح الرصيف الجديد قبل موسم السردين. " * 5
BATCH = 1000
MARKER = "n0123456789abcdef"


def letter() -> Letter:
    """Some 50 kB, as a weekly letter has."""
    link = f"https://news.example.org/leave/{slot(MARKER, LEAVE)}"
    choose = f"https://news.example.org/preferences/{slot(MARKER, PREFERENCES)}"
    html = f"<p>{PARAGRAPH}</p>\n" * 60 + f"<a href='{choose}'>اختيار</a><a href='{link}'>خروج</a>"
    return Letter(
        sender="نشرة الموجة <news@example.org>",
        reply_to="",
        list_id="readers.example.org",
        rendered=Rendered("أسبوع", html, f"{PARAGRAPH}\n" * 15 + choose + "\n" + link),
        marker=MARKER,
        unsubscribe_url=link,
        unsubscribe_mail="mailto:news@example.org",
        date=datetime(2026, 11, 24, tzinfo=UTC),
    )


def parcels() -> list[Parcel]:
    slots = {LEAVE: b"T" * 52, PREFERENCES: b"P" * 52}
    return [Parcel(n, f"0123456789abcdef.{n}", f"reader{n}@example.net", slots) for n in range(BATCH)]


def workspace_of(subscribers: int, root: Path) -> None:
    """Make a workspace with so many subscribers."""
    import secrets

    from newsletter.wiring import open_workspace
    from newsletter.workspace import folder as workspaces
    from subscribers import store

    workspaces.make(
        root, name="الموجة", url="https://example.org", sender="news@example.org", web="https://news.example.org",
        language="ar", timezone="UTC",
    )  # fmt: skip
    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        store.add_list(connection, "readers", "الموجة", now=workspace.now())
        driver = connection.connection.driver_connection
        rows = (
            (f"reader{n}@example.net", f"reader{n}@example.net", secrets.token_bytes(16)) for n in range(subscribers)
        )
        insert = (
            "INSERT INTO subscriber (address, address_key, public_id, needs_smtputf8, created) VALUES (?, ?, ?, 0, 0)"
        )
        driver.executemany(insert, rows)
        driver.execute(
            "INSERT INTO subscription (list_id, subscriber_id, status, rhythm, created, changed) "
            "SELECT 1, id, 'confirmed', 'weekly', 0, 0 FROM subscriber"
        )


def whole(root: Path) -> None:
    """One whole send; prints seconds of freezing, delivering and of CPU, and the peaks of MiB of its processes."""
    from newsletter import delivery
    from newsletter.models import Issue
    from newsletter.wiring import open_workspace

    with open_workspace(root) as workspace:
        setup = workspace.delivery_setup
        start, used = time.perf_counter(), time.process_time()
        send = delivery.freeze_letter(setup, Issue(1, "أسبوع"), letter(), list_id=1, rhythm="weekly")
        frozen = time.perf_counter()
        account = delivery.run(setup, send, lambda _state, _count: None)
        end = time.perf_counter()
        assert account.submitted == account.total, account
    own, second = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = time.process_time() - used + second.ru_utime + second.ru_stime
    print(frozen - start, end - frozen, cpu, (own.ru_maxrss + second.ru_maxrss) / 1024)


def bare(requests: int, host: str) -> float:
    """Requests built before, over one connection: what the wire and the stand-in allow."""
    import http.client

    body = MailSendBody(letter(), SendGridOptions(key="SG.test")).encode(parcels(), "request")
    connection = http.client.HTTPConnection(host.removeprefix("http://"))
    start = time.perf_counter()
    for _ in range(requests):
        connection.request("POST", "/v3/mail/send", body, {"Authorization": "Bearer SG.test"})
        connection.getresponse().read()
    return time.perf_counter() - start


def package_with_dict(requests: int, host: str) -> float:
    """The vendor's package with a plain dict."""
    import json

    from sendgrid import SendGridAPIClient

    client = SendGridAPIClient("SG.test", host=host)
    start = time.perf_counter()
    for _ in range(requests):
        body = json.loads(MailSendBody(letter(), SendGridOptions(key="SG.test")).encode([], "request"))
        body["personalizations"] = [
            {
                "to": [{"email": parcel.address}],
                "headers": {"List-Unsubscribe": f"<https://news.example.org/leave/{parcel.slots[LEAVE].decode()}>"},
                "substitutions": {"-token-": parcel.slots[LEAVE].decode()},
                "custom_args": {"nashra_delivery": parcel.name, "nashra_request": "request"},
            }
            for parcel in parcels()
        ]
        client.client.mail.send.post(request_body=body)
    return time.perf_counter() - start


def package_with_helpers(requests: int, host: str) -> float:
    """The vendor's package with its own classes."""
    from sendgrid import SendGridAPIClient
    from sendgrid.helpers.mail import Content, CustomArg, Header, Mail, Personalization, Substitution, To

    client = SendGridAPIClient("SG.test", host=host)
    one = letter()
    start = time.perf_counter()
    for _ in range(requests):
        mail = Mail(from_email="news@example.org", subject="أسبوع")
        mail.add_content(Content("text/plain", one.rendered.text))
        mail.add_content(Content("text/html", one.rendered.html))
        for parcel in parcels():
            person = Personalization()
            person.add_to(To(parcel.address))
            token = parcel.slots[LEAVE].decode()
            person.add_header(Header("List-Unsubscribe", f"<https://news.example.org/leave/{token}>"))
            person.add_substitution(Substitution("-token-", token))
            person.add_custom_arg(CustomArg("nashra_delivery", parcel.name))
            person.add_custom_arg(CustomArg("nashra_request", "request"))
            mail.add_personalization(person)
        client.client.mail.send.post(request_body=mail.get())
    return time.perf_counter() - start


def ours(subscribers: int, host: str, connections: int, processes: int = 1) -> tuple[float, float, float, float]:
    """Seconds of freezing and delivering, of a core, and MiB, of all processes of a send together."""
    settings = {
        "SENDER__KIND": "sendgrid",
        "SENDER__PROCESSES": str(processes),
        "SENDGRID__KEY": "SG.test",
        "SENDGRID__HOST": host,
        "SENDGRID__CONNECTIONS": str(connections),
    }
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "w"
        # A process of its own: what making a workspace takes of memory is not the send's.
        _child("--make", str(root), "--subscribers", str(subscribers))
        frozen, delivered, used, memory = map(float, _child("--send", str(root), settings=settings).split())
    return frozen, delivered, used, memory


def _child(*arguments: str, settings: dict[str, str] | None = None) -> str:
    added = {f"NASHRA_{name}": value for name, value in (settings or {}).items()}
    # What the second process of a send imports must be what is measured.
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **added}
    command = [sys.executable, __file__, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subscribers", type=int, default=1_000_000)
    parser.add_argument("--delay", type=float, default=0.15, help="seconds the slow stand-in takes for an answer")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--runs", type=int, default=2)
    for hidden in ("--make", "--send"):
        parser.add_argument(hidden, default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        workspace_of(options.subscribers, Path(options.make))
        return
    if options.send:
        whole(Path(options.send))
        return
    with tempfile.TemporaryDirectory() as folder, standin.running(Path(folder), discard=True) as server:
        ways: dict[str, tuple[Callable[[int, str], float], int]] = {
            "the bare wire": (bare, 200),
            "sendgrid + dict": (package_with_dict, 20),
            "sendgrid + its helpers": (package_with_helpers, 10),
        }
        speed = {name: max(BATCH * n / way(n, server.host) for _ in range(2)) for name, (way, n) in ways.items()}
        few = [ours(10_000, server.host, options.connections) for _ in range(3)]
        small = min(few, key=lambda one: one[0] + one[1])
        # In turns, since other work on the machine slows down both.
        turns = [
            [ours(options.subscribers, server.host, options.connections, processes) for processes in (1, 2)]
            for _ in range(options.runs)
        ]
    single, double = ([turn[index] for turn in turns] for index in (0, 1))
    gains = [one[1] / two[1] for one, two in zip(single, double, strict=True)]
    frozen, delivered, used, memory = min(double, key=lambda one: one[0] + one[1])
    print(f"two processes deliver {options.subscribers:,} in {delivered:.1f} s, with {used:.1f} s of a core, "
          f"{memory:.0f} MiB together: {min(one[1] for one in single) / delivered:.2f} x one process, "
          f"median {statistics.median(gains):.2f} x")  # fmt: skip
    by_two = options.subscribers / (frozen + delivered)
    frozen, delivered, used, memory = min(single, key=lambda one: one[0] + one[1])
    total = options.subscribers / (frozen + delivered)
    print(f"whole send by one process, best of {options.runs}: {total:,.0f} subscribers/s (freezing {frozen:.1f} s, "
          f"delivering {delivered:.1f} s, {used:.1f} s of a core), peak {memory:.0f} MiB")  # fmt: skip
    for name, rate in speed.items():
        print(f"  {name}: {rate:,.0f}/s; the whole send is {total / rate:.2f} x it, by two {by_two / rate:.2f} x")
    cost = (frozen + delivered) / options.subscribers / ((small[0] + small[1]) / 10_000)
    print(f"  one subscriber costs {cost:.2f} x what it costs in a send of 10,000")
    with (
        tempfile.TemporaryDirectory() as folder,
        standin.running(Path(folder), discard=True, delay=options.delay) as slow,
    ):
        _, delivered, _, _ = ours(100_000, slow.host, 8)
    ideal = options.delay * 100 / 8
    print(f"  answering after {options.delay * 1000:.0f} ms, 8 connections, 100,000: {delivered:.1f} s, "
          f"{ideal / delivered:.2f} of the ideal")  # fmt: skip


if __name__ == "__main__":
    main()
