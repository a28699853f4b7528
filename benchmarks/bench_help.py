"""How long an editor waits before anything happens: whole processes beside an interpreter that does nothing.

    python benchmarks/bench_help.py

Every command is run in turns with ``python -c pass``, bytecode compiled before; medians and least of wall clock, and
of the processor's time, which says more on a machine that has other things to do.
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
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
AIM = 150
"""Milliseconds of processor time for help: beyond that a person begins to notice."""


def run(arguments: list[str], folder: str) -> tuple[float, float]:
    """Wall clock and processor time of one process, in milliseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": ""},
        capture_output=True,
        check=True,
    )
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall * 1000, spent * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=15)
    turns = parser.parse_args().turns
    newsletter = ["-m", "newsletter"]
    ways = {
        "python -c pass": ["-c", "pass"],
        "newsletter --help": [*newsletter, "--help"],
        "newsletter articles": [*newsletter, "articles"],
    }
    with tempfile.TemporaryDirectory() as folder:
        run([*newsletter, "init", ".", "--name", "الموجة", "--url", "https://example.org"], folder)
        for arguments in ways.values():
            run(arguments, folder)
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for _ in range(turns):
            for name, arguments in ways.items():
                taken[name].append(run(arguments, folder))
    print(f"{'':20}  wall ms (least)   processor ms (least)   times the interpreter")
    floor = statistics.median(spent for _, spent in taken["python -c pass"])
    for name, times in taken.items():
        walls, spents = zip(*times, strict=True)
        ratio = statistics.median(spents) / floor
        print(
            f"{name:20}  {statistics.median(walls):7.0f} ({min(walls):5.0f})   "
            f"{statistics.median(spents):12.0f} ({min(spents):5.0f})   {ratio:20.1f}"
        )
    help_time = min(spent for _, spent in taken["newsletter --help"])
    print(f"help takes {help_time:.0f} ms of the processor at its quickest; the aim is {AIM}")
    if help_time > AIM:
        sys.exit(1)


if __name__ == "__main__":
    main()
