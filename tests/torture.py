"""Kill, stop and starve a send at its system calls, then let the next run complete it, and count what arrived.

    python tests/torture.py [--points N] [--sender sendgrid|smtp|outbox] [--database postgresql] kill|stop|error|two
    python tests/torture.py [--points N] --database postgresql restart|workers

``strace`` injects the fault at the n-th system call by which the send touches the database or the network, so every
point can be repeated. After each, the same command runs again, and what the provider took is held against the ledger:
nothing lost, nothing doubled, and no more unknown than one request for each open connection; over SMTP one letter.

- ``kill``: SIGKILL at the call, then a second run.
- ``stop``: SIGSTOP at the call; a second run takes over when the lease is out; then the first wakes up and goes on.
- ``error``: the call fails, once or from then on, with no space, an I/O error or a broken connection.
- ``two``: two runs start at once.
- ``restart``: two workers deliver, and PostgreSQL is stopped (``-m immediate``) and started N times meanwhile.
- ``workers``: two workers deliver, and one is killed with SIGKILL and started again each second, N times: with
  ``--points 60`` for a minute.

Files ``torture_<area>.py`` beside this one add modes of their own.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from email import message_from_bytes
from pathlib import Path

import psycopg
import servers
import smtp_standin
import standin
from command import here
from settings_text import with_settings

from newsletter.delivery import MOST_UNKNOWN_IN_A_ROW

READERS, BATCH, CONNECTIONS = 40, 2, 2
DOUBT = {"sendgrid": BATCH, "smtp": 1, "outbox": 0}
"""Letters that may be unknown for each connection that was open when it happened."""
Server = standin.StandIn | smtp_standin.StandIn
Call = tuple[str, int]
"""A name, and how many calls of it its thread had made with this one: strace counts each name in each thread apart."""
CALLS = "pwrite64,fdatasync,fsync,ftruncate,sendto,recvfrom,connect,rename,write"
# A process stopped inside a transaction keeps SQLite's write lock, and nobody can take over until it goes on. So it is
# stopped where it holds none, at the network and at the renames of the outbox, and has only one thread.
UNLOCKED = "sendto,recvfrom,connect,rename"
OWN_PIPE = re.compile(r"Exception in callback \S+_read_from_self\(\)\n.*?\nConnectionResetError: [^\n]*\n", re.DOTALL)
"""What asyncio says when the pair of sockets fails by which its threads wake it: strace cannot tell it from a server's,
and only strace makes it fail."""
ERRORS = {"sendto": "ECONNRESET", "pwrite64": "ENOSPC", "fdatasync": "EIO", "recvfrom": "ECONNRESET", "write": "ENOSPC"}
ISSUE = """+++
number = 1
subject = "أسبوع في الموجة"
+++

### [عنوان](https://example.org/a)
ملخص.
"""


def newsletter(root: Path, *arguments: str, tracer: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
    """The command in a process of its own, under strace when asked."""
    command = [*tracer, sys.executable, "-m", "newsletter", "-C", str(root), *arguments]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)


def done(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Exit code and words of a process that came to its end."""
    _, words = process.communicate(timeout=120)
    return process.returncode, words.decode()


def meanwhile(root: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and words of a command that nothing strikes: in this process, where it takes a tenth of the time."""
    told = here("-C", root, *arguments)
    return told.code, told.err


def make(root: Path, server: Server | None, connections: int, url: str = "", readers: int = 0) -> None:
    """A workspace with an issue and readers, ready to send.

    Made in this process: what is killed, stopped and starved is what comes after.
    """
    ready("init", root, "--name", "الموجة", "--url", "https://example.org")
    settings = (root / "newsletter.toml").read_text("utf-8")
    if isinstance(server, standin.StandIn):
        lines = f'key = "SG.test"\nhost = "{server.host}"\nbatch = {BATCH}'
        settings = sending(settings, "sendgrid", lines, connections)
    elif server is not None:
        # Batches and connections that end in the middle of things.
        lines = f'host = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\nbatch = 15\nletters = 6'
        settings = sending(settings, "smtp", lines, connections)
    settings = with_settings(settings, f"[sender]\nbatch = {BATCH}")
    (root / "newsletter.toml").write_text(settings, "utf-8")
    if readers > READERS:
        # It is to outlive a database that is away again and again.
        text = (root / "newsletter.toml").read_text("utf-8")
        (root / "newsletter.toml").write_text(text.replace("patience = 2\n", "patience = 100\n"), "utf-8")
    if url:
        (root / "secrets" / "database.url").write_text(url)
        ready("-C", root, "database", "upgrade")
    (root / "issues" / "one").mkdir(parents=True)
    (root / "issues" / "one" / "issue.md").write_text(ISSUE, "utf-8")
    table = root.parent / "readers.csv"
    table.write_text("email\n" + "".join(f"reader{n}@example.net\n" for n in range(readers or READERS)), "utf-8")
    ready("-C", root, "subscribers", "import", table, "--consent", "card")


def ready(*arguments: str | Path) -> None:
    """Run a command that belongs to what is made ready."""
    told = here(*arguments)
    assert told.code == 0, told.err


def sending(settings: str, kind: str, lines: str, connections: int) -> str:
    """The settings with another sender in them."""
    told = f"[sender]\npatience = 2\n[{kind}]\n{lines}\ntimeout = 2\nconnections = {connections}"
    return with_settings(settings.replace('kind = "outbox"', f'kind = "{kind}"'), told)


def expire(root: Path) -> None:
    """Let every lease run out without waiting for it."""
    if url := on_postgresql(root):
        with connected(url) as connection:
            # What a killed process said last may still be on its way through the server.
            busy = (
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND state <> 'idle'"
            )
            for _ in range(50):
                if connection.execute(busy).fetchone() == (0,):
                    break
                time.sleep(0.1)
            connection.execute("UPDATE batch SET lease_until = 1 WHERE lease_until IS NOT NULL")
        return
    with contextlib.closing(sqlite3.connect(root / "newsletter.db", timeout=30)) as database, database:
        database.execute("UPDATE batch SET lease_until = 1 WHERE lease_until IS NOT NULL")


def on_postgresql(root: Path) -> str:
    """Where a workspace keeps everything, when that is PostgreSQL."""
    path = root / "secrets" / "database.url"
    return path.read_text() if path.exists() else ""


@contextlib.contextmanager
def connected(url: str) -> Iterator[psycopg.Connection[tuple[str, ...]]]:
    """A connection of our own."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        yield connection


@dataclass(frozen=True)
class Outcome:
    """What a send came to, by the ledger and by what the provider took."""

    states: dict[str, str]
    taken: Counter[str]
    doubt: int
    """Letters that one request may leave unknown."""
    struck: bool = True
    """Whether the send reached the point at all."""
    readers: int = READERS
    """Who should get it."""

    def faults(self, *, complete: bool = True, requests: int = CONNECTIONS) -> list[str]:
        """Every broken promise; at most so many requests may be unknown."""
        faults = [f"{address} got it {count} times" for address, count in self.taken.items() if count > 1]
        for address, state in self.states.items():
            if state == "submitted" and not self.taken[address]:
                faults.append(f"{address} is lost")
            if complete and state not in {"submitted", "unknown"}:
                faults.append(f"{address} is {state}")
        if complete and len(self.states) != self.readers:
            faults.append(f"{len(self.states)} deliveries, not {self.readers}")
        if self.unknown > self.doubt * requests:
            faults.append(f"{self.unknown} unknown")
        return faults

    @property
    def unknown(self) -> int:
        """Deliveries nobody knows about."""
        return sum(state == "unknown" for state in self.states.values())


def rows(root: Path) -> list[tuple[str, str]]:
    """Address and state of every delivery in the ledger."""
    query = (
        "SELECT subscriber.address, coalesce(delivery.state, batch.state) FROM delivery "
        "JOIN batch ON batch.id = batch_id JOIN subscriber ON subscriber.id = subscriber_id"
    )
    if url := on_postgresql(root):
        with connected(url) as connection:
            return [(address, state) for address, state in connection.execute(query)]
    with contextlib.closing(sqlite3.connect(root / "newsletter.db", timeout=30)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return database.execute(query).fetchall()


def kept(root: Path) -> Counter[str]:
    """What lies in the outbox, by address."""
    files = [path for folder in ("new", "cur") for path in (root / "outbox").glob(f"{folder}/*")]
    return Counter(str(message_from_bytes(path.read_bytes())["To"]) for path in files)


def calls_of(trace: Path, root: Path, *command: str, code: int = 0) -> list[Call]:
    """The calls of one whole command, in order.

    Args:
        trace: A file to write them into.
        root: The workspace.
        command: Its words.
        code: How it is to end.
    """
    tracer = ("strace", "-f", "-qq", "-e", f"trace={CALLS}", "-e", "signal=none", "-o", str(trace))
    ended, words = done(newsletter(root, *command, tracer=tracer))
    assert ended == code, (command, ended, words)
    seen: Counter[tuple[str, str]] = Counter()
    found = []
    for line in trace.read_text().splitlines():
        thread, rest = line.split(None, 1)
        name = rest.partition("(")[0]
        if name in CALLS.split(","):
            seen[thread, name] += 1
            found.append((name, seen[thread, name]))
    return found


_CALLS: dict[tuple[object, ...], list[Call]] = {}
"""Of a whole send by what it is like: several modes ask for those of the same."""


class Bench:
    """A workspace to copy, a provider to send to, and the number of calls a whole send makes."""

    def __init__(
        self,
        folder: Path,
        sender: str,
        server: Server | None,
        connections: int,
        databases: servers.Server | None = None,
        readers: int = READERS,
    ) -> None:
        self.folder = folder
        self.sender = sender
        self.server = server
        self.connections = connections
        self.databases = databases
        self.readers = readers
        self.made = folder / "made"
        make(self.made, server, connections, databases.database() if databases else "", readers)
        self.count = 0

    @contextlib.contextmanager
    def workspace(self) -> Iterator[Path]:
        """A fresh copy, and an empty record of what was taken."""
        self.count += 1
        root = self.folder / f"w{self.count}"
        shutil.copytree(self.made, root)
        if self.databases:
            url = self.databases.database(template=on_postgresql(self.made))
            (root / "secrets" / "database.url").write_text(url)
        if self.server:
            self.server.log.write_text("")
        yield root
        shutil.rmtree(root)

    def taken(self, root: Path) -> Counter[str]:
        """What the provider took, by address."""
        return self.server.addresses() if self.server else kept(root)

    def outcome(self, root: Path) -> Outcome:
        """What the send in a workspace came to, by the ledger and by what the provider took."""
        return Outcome(dict(rows(root)), self.taken(root), DOUBT[self.sender], readers=self.readers)

    def calls(self) -> list[Call]:
        """The calls of one whole send, in order."""
        alike = (type(self), self.sender, self.connections, self.readers, self.databases is not None)
        if alike not in _CALLS:
            with self.workspace() as root:
                _CALLS[alike] = calls_of(self.folder / "trace", root, "send", "--yes")
                assert not self.outcome(root).faults()
        return _CALLS[alike]


def inject(calls: str, fault: str, when: str) -> tuple[str, ...]:
    return (
        "strace",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        f"trace={calls}",
        "-e",
        f"inject={calls}:{fault}:when={when}",
    )


def spread(total: int, points: int) -> list[int]:
    """``points`` numbers from 1 to ``total``, each once, and each in the middle of its share.

    So a single one lies in the middle, where letters go, and not at the first call, where nothing has happened yet.
    """
    points = min(points, total)
    return [1 + (2 * index + 1) * total // (2 * points) for index in range(points)]


def resumed(bench: Bench, root: Path) -> Outcome:
    """Run the send again after its leases have run out, to its end."""
    expire(root)
    code, words = meanwhile(root, "send", "--yes")
    assert code in {0, 4}, words  # 4: some are unknown
    return bench.outcome(root)


def kill(bench: Bench, points: int) -> Iterator[tuple[str, Outcome]]:
    """SIGKILL at each point."""
    calls = bench.calls()
    for number in spread(len(calls), points):
        name, count = calls[number - 1]
        with bench.workspace() as root:
            code, _ = done(newsletter(root, "send", "--yes", tracer=inject(name, "signal=SIGKILL", str(count))))
            result = resumed(bench, root)
            yield f"killed at call {number} of {len(calls)}, {name}", replace(result, struck=code == -signal.SIGKILL)


def stop(bench: Bench, points: int) -> Iterator[tuple[str, Outcome]]:
    """SIGSTOP at each point, another run, then SIGCONT."""
    calls = [(name, count) for name, count in bench.calls() if name in UNLOCKED.split(",")]
    for number in spread(len(calls), points):
        name, count = calls[number - 1]
        with bench.workspace() as root:
            first = newsletter(root, "send", "--yes", tracer=inject(name, "signal=SIGSTOP", str(count)))
            tracee = stopped(first)
            if tracee:
                result = resumed(bench, root)
                assert not result.faults(), (number, result.faults())
                wake(first, tracee)
            code, words = done(first)
            # Before anything is under way a server that lost patience with it is an error like any other.
            lost = bool(bench.databases) and words.count("error: ") == 1 and "the database says: " in words
            assert code in {0, 4, 5, 75} or (code == 1 and lost), words
            where = f"stopped at call {number} of {len(calls)}, {name}"
            yield where, replace(bench.outcome(root), struck=bool(tracee))


def stopped(tracer: subprocess.Popen[bytes]) -> int:
    """The process under a tracer once it is stopped for good; 0 when it ended without being stopped.

    Under strace every call stops the process for a moment, so only a stop that lasts is one.
    """
    seen, since = 0, time.monotonic()
    while tracer.poll() is None:
        time.sleep(0.02)
        child = 0
        with contextlib.suppress(OSError, ValueError, IndexError):
            child = int(Path(f"/proc/{tracer.pid}/task/{tracer.pid}/children").read_text().split()[0])
            stats = [
                (task / "stat").read_text().rpartition(")")[2].split() for task in Path(f"/proc/{child}/task").iterdir()
            ]
            if not stats or any(stat[0] not in "tT" for stat in stats):
                child = 0
        if child == 0 or child != seen:
            seen, since = child, time.monotonic()
        elif time.monotonic() - since > 0.6:
            return child
    return 0


def wake(tracer: subprocess.Popen[bytes], tracee: int) -> None:
    """Let a stopped process go on to its end; the next call of the same number, in another thread, stops it again."""
    while tracer.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(tracee, signal.SIGCONT)
        time.sleep(0.1)


def error(bench: Bench, points: int) -> Iterator[tuple[str, Outcome]]:
    """A failing call at each point, once and from then on."""
    calls = bench.calls()
    most = {name: max(counts) for name in ERRORS if (counts := [count for one, count in calls if one == name])}
    names = [list(most)[number - 1] for number in spread(len(most), max(points // 2, 1))]
    for name in names:
        for number in spread(most[name], max(points // (2 * len(names)), 1)):
            for when in (str(number), f"{number}+"):
                with bench.workspace() as root:
                    tracer = inject(name, f"error={ERRORS[name]}", when)
                    code, words = done(newsletter(root, "send", "--yes", tracer=tracer))
                    where = f"{name} {when} fails with {ERRORS[name]} (exit {code})"
                    words = OWN_PIPE.sub("", words)
                    assert "Traceback" not in words, (where, words)
                    if code and name != "write":  # which is how the words would come, too
                        # With 4 all have come to their end, some of them in doubt or refused.
                        assert ("unknown" if code == 4 else "error: ") in words, (where, words)
                    # A call that fails for good leaves each request unknown until the send gives up.
                    requests = CONNECTIONS if when.isdecimal() else 2 * CONNECTIONS + MOST_UNKNOWN_IN_A_ROW
                    early = bench.outcome(root).faults(complete=False, requests=requests)
                    assert not early, (where, early)
                    late = resumed(bench, root)
                    assert not late.faults(requests=requests), (where, late.faults(requests=requests))
                    yield where, late


def two(bench: Bench, points: int) -> Iterator[tuple[str, Outcome]]:
    """Two runs at once."""
    for number in range(points):
        with bench.workspace() as root:
            both = [newsletter(root, "send", "--yes") for _ in range(2)]
            for process in both:
                code, words = done(process)
                assert code in {0, 4}, words
                assert "Traceback" not in words, words
            yield f"two at once, {number}", resumed(bench, root)


def worker(root: Path) -> subprocess.Popen[bytes]:
    """A worker in a process of its own."""
    command = [sys.executable, "-m", "newsletter", "-C", str(root), "worker"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def frozen(root: Path) -> None:
    """Write the send down and let nothing of it go yet."""
    code, words = meanwhile(root, "send", "--yes", "--at", "2999-01-01 00:00")
    assert code == 0, words
    with connected(on_postgresql(root)) as connection:
        connection.execute("UPDATE send SET send_at = 1")


def finished(root: Path) -> bool:
    """Whether the send has come to its end by itself."""
    with connected(on_postgresql(root)) as connection:
        return connection.execute("SELECT state FROM send").fetchone() == ("finished",)


def await_end(root: Path, seconds: float = 180) -> None:
    """Wait until the workers have brought it to its end."""
    end = time.monotonic() + seconds
    while not finished(root):
        assert time.monotonic() < end, "the send does not come to its end"
        time.sleep(0.2)


def restart(bench: Bench, points: int) -> Iterator[tuple[str, Outcome]]:
    """PostgreSQL dies so many times while two workers deliver."""
    assert bench.databases is not None
    with bench.workspace() as root:
        frozen(root)
        workers = [worker(root) for _ in range(2)]
        died = 0
        try:
            while died < points and not finished(root):
                time.sleep(0.7)
                bench.databases.restart()
                died += 1
            await_end(root)
        finally:
            for one in workers:
                one.terminate()
            codes = [one.wait(60) for one in workers]
        assert codes == [0, 0], codes
        yield f"PostgreSQL died {died}", replace(bench.outcome(root), struck=died == points)


def workers(bench: Bench, points: int) -> Iterator[tuple[str, Outcome]]:
    """One of two workers is killed each second."""
    with bench.workspace() as root:
        frozen(root)
        alive = [worker(root), worker(root)]
        killed = 0
        try:
            while killed < points and not finished(root):
                time.sleep(1.0)
                one = alive.pop(0)
                one.kill()
                one.wait()
                killed += 1
                alive.append(worker(root))
            await_end(root)
        finally:
            for one in alive:
                one.terminate()
                one.wait(60)
        # Each may have had its last bytes under way on each of its connections.
        result = bench.outcome(root)
        assert not result.faults(requests=CONNECTIONS * max(killed, 1)), result.faults()
        yield f"workers killed {killed}", replace(result, struck=killed == points)


Mode = Callable[["Bench", int], Iterator[tuple[str, Outcome]]]
MODES: dict[str, Mode] = {
    "kill": kill,
    "stop": stop,
    "error": error,
    "two": two,
    "restart": restart,
    "workers": workers,
}
STOPPING = ("stop", "cancel")
"""Modes that stop a process where it may hold a lock."""
LASTING = ("restart", "workers")
"""Modes that need workers, and so PostgreSQL, and a send that lasts; their points are all in one send."""
LONG = 60
"""Readers of such a send."""
LONGER = {"sendgrid": 16, "smtp": 45, "outbox": 100}
"""How many for each of its points, if that is more."""
DELAY = 0.3
"""Seconds that a provider takes for a letter in such a send."""


def take_up_modes() -> None:
    """Add the modes of ``tests/torture_<area>.py``: each has a dict ``MODES`` of names to generators as those above.

    They import from ``torture`` what they need.
    """
    # Run as a program this file has another name, and what they import must be this one.
    sys.modules.setdefault("torture", sys.modules[__name__])
    for path in sorted(Path(__file__).parent.glob("torture_*.py")):
        module = importlib.import_module(path.stem)
        twice = MODES.keys() & module.MODES.keys() if not MODES.items() >= module.MODES.items() else set()
        assert not twice, f"{path.name}: {sorted(twice)} are there already"
        MODES.update(module.MODES)


def run(mode: str, points: int, sender: str, folder: Path, database: str = "sqlite") -> list[tuple[str, Outcome]]:
    """All points of one mode; raises at the first broken promise."""
    with contextlib.ExitStack() as stack:
        server: Server | None = None
        readers = max(LONG, LONGER[sender] * points) if mode in LASTING else READERS
        if sender != "outbox":
            running = smtp_standin.running if sender == "smtp" else standin.running
            delay = DELAY * (1 if sender == "smtp" else BATCH)
            server = stack.enter_context(running(folder, **({"delay": delay} if mode in LASTING else {})))
        databases = stack.enter_context(servers.own_server()) if database == "postgresql" else None
        connections = 1 if mode in STOPPING else CONNECTIONS
        bench = Bench(folder, sender, server, connections, databases, readers)
        if databases and mode in STOPPING:
            # Who is stopped inside a transaction keeps its rows locked until the server loses patience.
            databases.set("idle_in_transaction_session_timeout", "1s")
        results = []
        if mode not in MODES:
            take_up_modes()
        for where, result in MODES[mode](bench, points):
            if mode not in {"error", "workers"}:
                assert not result.faults(), (where, result.faults())
            results.append((where, result))
        return results


def main() -> None:
    take_up_modes()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=MODES)
    parser.add_argument("--points", type=int, default=300)
    parser.add_argument("--sender", choices=tuple(DOUBT), default="sendgrid")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    options = parser.parse_args()
    if options.mode in LASTING and options.database == "sqlite":
        parser.error(f"{options.mode} needs --database postgresql")
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        results = run(options.mode, options.points, options.sender, Path(folder), options.database)
    unknown = [result.unknown for _, result in results]
    reached = sum(result.struck for _, result in results)
    if options.mode in LASTING:
        # All points are in one send.
        ((where, _),) = results
        points = f"{where} of {options.points} times, {'as asked' if reached else 'THE SEND ENDED BEFORE'}"
    else:
        points = f"{reached} points of {len(results)} reached, unknown in {sum(map(bool, unknown))} of them"
    seconds = time.monotonic() - start
    print(
        f"{options.mode} {options.sender} {options.database}: {points}; "
        f"0 lost, 0 doubled, at most {max(unknown)} unknown; {seconds:.0f} s"
    )


if __name__ == "__main__":
    main()
