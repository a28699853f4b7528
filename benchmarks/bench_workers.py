"""Two workers on one PostgreSQL beside one: letters a second into a provider that answers after 150 ms.

    python benchmarks/bench_workers.py [--readers N]

The stand-in for SendGrid takes everything on loopback and answers each request after 150 ms; every worker is a process
of its own with the same number of connections. Measured by the ledger, from the first letter taken to the last, so that
the start of Python counts for none; the best of three rounds, with and without jobs of Procrastinate.

Then the pace: two workers with ``[sender] per_second``, into a stand-in that answers at once. What a rest before lets
go at once (the letters of one second) is not counted: measured from two seconds after the first letter to the last one,
and in every five seconds between.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import servers
import standin
import torture

CONNECTIONS, BATCH, DELAY = 4, 10, 0.15
PER_SECOND = 200
"""The limit whose keeping is measured."""
SETTLED, SPAN = 2.0, 5.0
"""Seconds after which the letters of a rest before are gone; seconds in which the pace is looked at."""


def measured(bench: torture.Bench, workers: int, with_jobs: bool) -> float:
    """Letters a second of one send."""
    with bench.workspace() as root:
        if not with_jobs:
            with torture.connected(torture.on_postgresql(root)) as connection:
                connection.execute("DROP TABLE procrastinate_jobs CASCADE")
                connection.execute("DROP TYPE procrastinate_job_to_defer_v1 CASCADE")
        running = [torture.worker(root) for _ in range(workers)]
        try:
            time.sleep(4)  # until all of them look for work
            torture.frozen(root)
            while not bench.server.log.read_bytes():
                time.sleep(0.005)
            start = time.monotonic()
            first = bench.server.log.read_bytes().count(b"\n")
            while (taken := bench.server.log.read_bytes().count(b"\n")) < bench.readers:
                time.sleep(0.01)
            seconds = time.monotonic() - start
            torture.await_end(root)
        finally:
            for one in running:
                one.terminate()
                one.wait(60)
        assert not bench.outcome(root).faults()
        return (taken - first) / seconds


def paced(bench: torture.Bench, rate: int) -> tuple[float, float, float]:
    """Two workers under a limit: letters a second over all, and in the slowest and fastest five seconds."""
    moments: list[tuple[float, int]] = []
    with bench.workspace() as root:
        settings = root / "newsletter.toml"
        limit = f"[sender]\nper_second = {rate}\n"
        settings.write_text(settings.read_text("utf-8").replace("[sender]\n", limit), "utf-8")
        running = [torture.worker(root) for _ in range(2)]
        try:
            time.sleep(4)
            torture.frozen(root)
            taken = 0
            while taken < bench.readers:
                taken = bench.server.log.read_bytes().count(b"\n")
                if taken:
                    moments.append((time.monotonic(), taken))
                time.sleep(0.02)
            torture.await_end(root)
        finally:
            for one in running:
                one.terminate()
                one.wait(60)
        assert not bench.outcome(root).faults()
    moments = [(at - moments[0][0], count) for at, count in moments if at - moments[0][0] >= SETTLED]
    spans = [
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for number, earlier in enumerate(moments)
        if (later := next((one for one in moments[number:] if one[0] >= earlier[0] + SPAN), None)) is not None
    ]
    (start, first), (end, last) = moments[0], moments[-1]
    return (last - first) / (end - start), min(spans), max(spans)


def off(rate: float, wanted: float) -> str:
    """How far a rate is from what it should be."""
    return f"{100 * (rate / wanted - 1):+.1f} %"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torture.BATCH = BATCH
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(standin.running(folder, delay=DELAY))
        databases = stack.enter_context(servers.own_server())
        bench = torture.Bench(folder, "sendgrid", server, CONNECTIONS, databases, options.readers)
        print(
            f"{options.readers} readers, {BATCH} a request, {CONNECTIONS} connections a worker, {DELAY * 1000:.0f} ms"
        )
        print(f"ideal for one worker: {CONNECTIONS * BATCH / DELAY:,.0f} letters/s")
        for with_jobs in (False, True):
            best = {n: max(measured(bench, n, with_jobs) for _ in range(options.rounds)) for n in (1, 2)}
            how = "jobs of Procrastinate" if with_jobs else "the ledger's leases alone"
            print(f"{how}: one {best[1]:,.0f}, two {best[2]:,.0f} letters/s: {best[2] / best[1]:.2f} x (wanted 1.7)")
        server = stack.enter_context(standin.running(folder))
        (folder / "paced").mkdir()
        bench = torture.Bench(folder / "paced", "sendgrid", server, CONNECTIONS, databases, options.readers)
        rate, slowest, fastest = paced(bench, PER_SECOND)
        kept = all(abs(one / PER_SECOND - 1) <= 0.05 for one in (rate, slowest, fastest))
        print(
            f"pace of {PER_SECOND} letters/s over two workers: {rate:.1f}, {off(rate, PER_SECOND)}; "
            f"in any {SPAN:.0f} s from {off(slowest, PER_SECOND)} to {off(fastest, PER_SECOND)}; "
            f"within 5 %: {'yes' if kept else 'no'}"
        )


if __name__ == "__main__":
    main()
