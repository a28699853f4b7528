"""A whole send over SMTP into postfix's ``smtp-sink``, beside its own load generator and beside the standard library.

    python benchmarks/bench_smtp.py --letters 4000 --connections 16
    python benchmarks/bench_smtp.py --command --letters 20000 --turns 5

``ours`` is everything after the freeze: claim batches under a lease, ask who is still eligible, sign a link for each,
fill the letter, hand it over, commit that its final dot goes, let it go, record the answer. The settings are those of a
fresh workspace; only the number of connections is another in the second table. The ledger is a SQLite file with
``synchronous=FULL``: each commit waits until the disk has it (how long that takes here stands beside). ``no fsync`` is
the same with ``[sender] fsync = false``, where the marks do not wait (``synchronous=NORMAL``). ``smtp-source`` is C,
keeps no ledger and sends the same bytes to one address over as many connections. The two ways of the standard library
use one connection and keep no ledger either: ``smtplib`` with letters cut in advance, and with an ``EmailMessage`` made
for each subscriber.
With ``--command`` it is the whole command instead: a workspace with so many readers and an ``issue.md`` of 17 stories
(a letter of about 55 kB), and ``python -m newsletter send 1 --yes`` as a process of its own. So imports, settings, the
check, the freeze, the first small batch, every commit, what is written down outside the database, and what is looked
at in the end are in its time. The stories have no site that could be asked again, and a server on this machine has no
DNS that must be looked up. The same command for one reader and for fifty shows what it costs before and after its
letters, beside ``python -c pass``. Processor seconds are those of the process and its children.
Seen with two cores that went to nothing else (``chrt -f 5`` for the sink, smtp-source and the command): smtp-source 5.4
to 6.0 s; the command 6.6 s over 4 connections and 6.2 s over 16, 0.9 s for 50 readers. With a load of 8 on the same two
cores and 3.5 ms for a commit to the disk: smtp-source 6 to 10 s; the command 20 s over 4 connections and 9.5 s over 16,
0.9 to 1.2 s for one reader. There the disk decides: in each of its turns one letter of each connection.
All go through one sink, in turns, the fastest of each counts, since other work on the machine only slows down; beside
it stands the median of what the turns came to against smtp-source in the same turn.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import shutil
import smtplib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench_letters import HEADLINES, SUMMARIES, WIDTHS, letter, standard_library

from newsletter import delivery, issues, library
from newsletter.letters.mime import LEAVE, SLOT_WIDTHS, cut
from newsletter.models import Article, Issue, Letter
from newsletter.senders.smtp.options import SmtpOptions
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows import draft
from newsletter.workflows import letter as letters
from newsletter.workspace import folder as workspaces
from subscribers import actions, store

FEW = 20
"""The standard library is measured with the letters divided by this."""
STORIES = 17
"""Of the issue that the whole command sends: a letter of 55 to 57 kB."""
WANTED_TIMES, WANTED_FIXED = 1.3, 1.2
"""Of the whole command: times smtp-source, and seconds that go before and after its letters."""


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


@contextlib.contextmanager
def workspace_for(
    port: int, readers: int, connections: int, *, fsync: bool
) -> Iterator[tuple[Workspace, dict[str, str]]]:
    """A workspace with so many readers, and the settings in its environment that lead to the sink."""
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
        file = Path(folder) / "readers.csv"
        file.write_text("email\n" + "".join(f"reader{number}@example.net\n" for number in range(readers)))
        settings = {
            "SENDER__KIND": "smtp",
            "SMTP__HOST": "127.0.0.1",
            "SMTP__PORT": str(port),
            "SMTP__SECURITY": "none",
            "SMTP__CONNECTIONS": str(connections),
            "SENDER__FSYNC": str(fsync).lower(),
        }
        environment = {f"NASHRA_{name}": value for name, value in settings.items()}
        with open_workspace(root, environment) as workspace:
            with workspace.database.write() as connection:
                store.add_list(connection, "readers", "الموجة", now=workspace.now())
                actions.import_file(connection, file, "readers", now=workspace.now())
            yield workspace, environment


def ours(port: int, one: Letter, count: int, connections: int, *, fsync: bool) -> float:
    """Seconds of a send, from its freeze to its end."""
    with workspace_for(port, count, connections, fsync=fsync) as (workspace, _):
        send = delivery.freeze_letter(workspace.delivery_setup, Issue(1, "عدد"), one, list_id=1, rhythm="weekly")
        start = time.perf_counter()
        account = delivery.run(workspace.delivery_setup, send, lambda _state, _count: None)
        taken = time.perf_counter() - start
        assert account.submitted == count, account
    return taken


@dataclass(frozen=True)
class Run:
    """What a process took."""

    seconds: float
    processor: float
    """Seconds, its children's included."""


def run(words: list[str], **options: Any) -> Run:
    """Run a program to its end, and see what it took."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(words, check=False, capture_output=True, text=True, **options)
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{words} ended with {done.returncode}: {done.stdout} {done.stderr}")
    return Run(seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def command(port: int, readers: int, connections: int, bytecode: str) -> tuple[Run, int]:
    """What ``newsletter send`` takes from its start to its end, and the bytes of one letter.

    Args:
        port: Of the sink.
        readers: On the list.
        connections: At once.
        bytecode: A folder for Python's compiled files, which an installed program has beside its own.
    """
    with workspace_for(port, readers, connections, fsync=True) as (workspace, settings):
        articles = [
            Article(
                HEADLINES[number % 4].format(n=number),
                url=f"https://example.org/{number}",
                summary=SUMMARIES[number % 3].format(n=number),
            )
            for number in range(STORIES)
        ]
        with workspace.database.write() as connection:
            library.shelve(connection, articles, now=workspace.now())
        made = draft.write(workspace, range(1, STORIES + 1), list_name="readers")
        one = cut(letters.of_issue(workspace, issues.read(Path(made.path))), SLOT_WIDTHS)
        slots = {name: b"0" * width for name, width in SLOT_WIDTHS.items()}
        size = sum(map(len, one.fill({"to": b"reader1000@example.net", "message_id": b"1.1000", **slots})))
        root = workspace.root
        here = {
            "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": bytecode,
        }
        words = [sys.executable, "-m", "newsletter", "send", "1", "--yes"]
        return run(words, cwd=root, env={**os.environ, **settings, **here}), size


def whole(port: int, readers: int, connections: int, turns: int) -> tuple[float, float]:
    """Print the whole command beside smtp-source; how many times as long it takes, and the seconds for one reader."""
    with tempfile.TemporaryDirectory() as bytecode:
        size = command(port, 1, connections, bytecode)[1]  # which compiles, too
        ways: dict[str, Callable[[], Run]] = {
            "python -c pass": lambda: run([sys.executable, "-c", "pass"]),
            "send, 1 reader": lambda: command(port, 1, connections, bytecode)[0],
            "send, 50 readers": lambda: command(port, 50, connections, bytecode)[0],
            "smtp-source": lambda: source(port, readers, connections, size),
            f"send, {readers:,}": lambda: command(port, readers, connections, bytecode)[0],
        }
        print(f"the whole command: {readers:,} letters of {size:,} bytes, {connections} connections, {turns} turns")
        runs: dict[str, list[Run]] = {name: [] for name in ways}
        for _ in range(turns):
            for name, way in ways.items():
                runs[name].append(way())
    print(f"{'':24}{'best s':>8}{'median s':>10}{'processor s':>13}  all turns")
    for name, taken in runs.items():
        seconds = [one.seconds for one in taken]
        all_turns = " ".join(f"{one:.2f}" for one in seconds)
        least = min(one.processor for one in taken)
        print(f"{name:24}{min(seconds):8.2f}{statistics.median(seconds):10.2f}{least:13.2f}  {all_turns}")
    _, one, _, theirs, all_of_them = ([each.seconds for each in taken] for taken in runs.values())
    times = min(all_of_them) / min(theirs)
    median = statistics.median(ours / their for ours, their in zip(all_of_them, theirs, strict=True))
    load = ", ".join(f"{number:.1f}" for number in os.getloadavg())
    print(
        f"the whole command takes {times:.2f} times smtp-source (in the same turn, median: {median:.2f}; wanted "
        f"{WANTED_TIMES}), and {min(one):.2f} s for one reader (wanted {WANTED_FIXED}); load of the machine: {load}"
    )
    return times, min(one)


def source(port: int, count: int, connections: int, size: int) -> Run:
    """What smtp-source takes."""
    program = shutil.which("smtp-source", path=os.environ.get("PATH", "") + ":/usr/sbin")
    assert program is not None
    # -d keeps the connections; -l does not count the header it writes itself.
    words = f"-d -s {connections} -m {count} -l {size} -f news@example.org -t reader@example.net 127.0.0.1:{port}"
    return run([program, *words.split()])


def standard(port: int, one: Letter, count: int, *, pre_cut: bool) -> float:
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
    ways: dict[str, Callable[[], float]] = {
        "smtp-source": lambda: count / source(port, count, connections, size).seconds,
        "ours": lambda: count / ours(port, one, count, connections, fsync=True),
        "ours, no fsync": lambda: count / ours(port, one, count, connections, fsync=False),
        "smtplib, pre-cut": lambda: few / standard(port, one, few, pre_cut=True),
        "smtplib, EmailMessage": lambda: few / standard(port, one, few, pre_cut=False),
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
    parser.add_argument("--command", action="store_true", help="the whole command instead, as a process")
    parser.add_argument("--strict", action="store_true", help="fail when it is slower than wanted")
    asked = parser.parse_args()
    one, shipped = replace(letter(), sender="news@example.org"), SmtpOptions().connections
    print(f"ledger: SQLite, synchronous=FULL; one commit to this disk takes {commit_seconds() * 1000:.2f} ms")
    if asked.command:
        with sink() as port:
            times, fixed = whole(port, asked.letters, asked.connections or shipped, asked.turns)
        if asked.strict and (times > WANTED_TIMES or fixed > WANTED_FIXED):
            raise SystemExit("slower than wanted")
        return
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
