"""A whole send over SMTP into postfix's ``smtp-sink``, beside its own load generator and beside the standard library.

    python benchmarks/bench_smtp.py --letters 4000 --connections 16

``ours`` is everything after the freeze: claim batches under a lease, ask who is still eligible, sign a link for each,
fill the letter, hand it over, commit that its final dot goes, let it go, record the answer. The settings are those of a
fresh workspace; only the number of connections is another in the second table. The ledger is a SQLite file with
``synchronous=FULL``: each commit waits until the disk has it (how long that takes here stands beside). ``no fsync`` is
the same with ``[sender] fsync = false``, where the marks do not wait (``synchronous=NORMAL``). ``smtp-source`` is C,
keeps no ledger and sends the same bytes to one address over as many connections. The two ways of the standard library
use one connection and keep no ledger either: ``smtplib`` with letters cut in advance, and with an ``EmailMessage`` made
for each subscriber.
All go through one sink, in turns, the fastest of each counts, since other work on the machine only slows down; beside
it stands the median of what the turns came to against smtp-source in the same turn.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import smtplib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench_letters import WIDTHS, letter, standard_library

from newsletter import delivery
from newsletter.letters.mime import LEAVE, cut
from newsletter.models import Issue, Letter
from newsletter.senders.smtp.options import SmtpOptions
from newsletter.wiring import open_workspace
from newsletter.workspace import folder as workspaces
from subscribers import actions, store

FEW = 20
"""The standard library is measured with the letters divided by this."""


@contextlib.contextmanager
def sink() -> Iterator[int]:
    """A running smtp-sink; gives its port."""
    program = shutil.which("smtp-sink", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        raise SystemExit("needs smtp-sink and smtp-source, of Debian's package postfix")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    user = ("-u", "postfix") if os.geteuid() == 0 else ()
    process = subprocess.Popen([program, *user, f"127.0.0.1:{port}", "1000"], stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        yield port
    finally:
        process.kill()
        process.wait()


def ours(port: int, one: Letter, count: int, connections: int, *, fsync: bool) -> float:
    """Seconds of a send, from its freeze to its end."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "w"
        workspaces.make(
            root,
            name="الموجة",
            url="https://example.org",
            sender="news@example.org",
            web="https://news.example.org",
            language="ar",
            timezone="UTC",
        )
        readers = Path(folder) / "readers.csv"
        readers.write_text("email\n" + "".join(f"reader{number}@example.net\n" for number in range(count)))
        settings = {
            "SENDER__KIND": "smtp",
            "SMTP__HOST": "127.0.0.1",
            "SMTP__PORT": str(port),
            "SMTP__SECURITY": "none",
            "SMTP__CONNECTIONS": str(connections),
            "SENDER__FSYNC": str(fsync).lower(),
        }
        with open_workspace(root, {f"NASHRA_{name}": value for name, value in settings.items()}) as workspace:
            with workspace.database.write() as connection:
                store.add_list(connection, "readers", "الموجة", now=workspace.now())
                actions.import_file(connection, readers, "readers", now=workspace.now())
            send = delivery.freeze_letter(workspace.delivery_setup, Issue(1, "عدد"), one, list_id=1, rhythm="weekly")
            start = time.perf_counter()
            account = delivery.run(workspace.delivery_setup, send, lambda _state, _count: None)
            taken = time.perf_counter() - start
            assert account.submitted == count, account
    return taken


def source(port: int, count: int, connections: int, size: int) -> float:
    """Seconds that smtp-source takes."""
    program = shutil.which("smtp-source", path=os.environ.get("PATH", "") + ":/usr/sbin")
    assert program is not None
    # -d keeps the connections; -l does not count the header it writes itself.
    words = f"-d -s {connections} -m {count} -l {size} -f news@example.org -t reader@example.net 127.0.0.1:{port}"
    start = time.perf_counter()
    subprocess.run([program, *words.split()], check=True)
    return time.perf_counter() - start


def library(port: int, one: Letter, count: int, *, pre_cut: bool) -> float:
    """Seconds that the standard library takes."""
    cut_letter = cut(one, WIDTHS)
    with smtplib.SMTP("127.0.0.1", port) as server:
        start = time.perf_counter()
        for number in range(count):
            to = f"reader{number}@example.net"
            if pre_cut:
                values = {"to": to.encode(), "message_id": b"1.%d" % number, LEAVE: b"%052d" % number}
                server.sendmail("news@example.org", [to], b"".join(cut_letter.fill(values)))
            else:
                # What send_message does, too: make the bytes, then hand them to sendmail.
                server.sendmail("news@example.org", [to], standard_library(one, number, f"{number:052d}"))
        return time.perf_counter() - start


def commit_seconds() -> float:
    """How long one commit of the ledger takes on this disk, the median of fifty."""
    import sqlite3

    with tempfile.TemporaryDirectory() as folder, contextlib.closing(sqlite3.connect(f"{folder}/x.db")) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE t (n INTEGER)")
        times = []
        for number in range(50):
            start = time.perf_counter()
            database.execute("INSERT INTO t VALUES (?)", (number,))
            database.commit()
            times.append(time.perf_counter() - start)
    return statistics.median(times)


def measured(port: int, one: Letter, count: int, connections: int, turns: int) -> dict[str, list[float]]:
    """Letters a second of every way, by turn."""
    sample = {"to": b"reader1000@example.net", "message_id": b"1.1000", LEAVE: b"0" * 52}
    size = sum(map(len, cut(one, WIDTHS).fill(sample)))
    few = max(count // FEW, 50)
    ways = {
        "smtp-source": lambda: count / source(port, count, connections, size),
        "ours": lambda: count / ours(port, one, count, connections, fsync=True),
        "ours, no fsync": lambda: count / ours(port, one, count, connections, fsync=False),
        "smtplib, pre-cut": lambda: few / library(port, one, few, pre_cut=True),
        "smtplib, EmailMessage": lambda: few / library(port, one, few, pre_cut=False),
    }
    print(f"{count:,} letters of {size:,} bytes, {connections} connections, best of {turns} turns")
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(turns):
        for name, way in ways.items():
            rates[name].append(way())
    return rates


def shown(rates: dict[str, list[float]]) -> tuple[float, float]:
    """Print a table; how fast we are against smtp-source and against EmailMessage."""
    best = {name: max(found) for name, found in rates.items()}
    print(f"{'':24}{'letters/s':>10}{'of smtp-source':>16}{'median':>8}{'times EmailMessage':>20}  all turns")
    for name, rate in best.items():
        ratio = rate / best["smtp-source"]
        median = statistics.median(
            ours / theirs for ours, theirs in zip(rates[name], rates["smtp-source"], strict=True)
        )
        times = rate / best["smtplib, EmailMessage"]
        turns = " ".join(f"{one:,.0f}" for one in rates[name])
        print(f"{name:24}{rate:10,.0f}{ratio:16.2f}{median:8.2f}{times:20.1f}  {turns}")
    return best["ours"] / best["smtp-source"], best["ours"] / best["smtplib, EmailMessage"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--letters", type=int, default=4000)
    parser.add_argument("--connections", type=int, default=16, help="of the second table; 0 for none")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--strict", action="store_true", help="fail when it is slower than wanted")
    asked = parser.parse_args()
    one, shipped = replace(letter(), sender="news@example.org"), SmtpOptions().connections
    print(f"ledger: SQLite, synchronous=FULL; one commit to this disk takes {commit_seconds() * 1000:.2f} ms")
    with sink() as port:
        print("with the settings of a fresh workspace: ", end="")
        of_source, times = shown(measured(port, one, asked.letters, shipped, asked.turns))
        if asked.connections not in {0, shipped}:
            shown(measured(port, one, asked.letters, asked.connections, asked.turns))
    good = of_source >= 0.75 and times >= 10
    print(
        f"wanted with {shipped} connections and synchronous=FULL: 0.75 of smtp-source with as many, and 10 times "
        f"EmailMessage; it is {of_source:.2f} and {times:.1f}: {'yes' if good else 'no'}"
    )
    if asked.strict and not good:
        raise SystemExit("slower than wanted")


if __name__ == "__main__":
    main()
