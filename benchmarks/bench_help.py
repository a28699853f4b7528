"""How long an editor waits before anything happens: whole processes beside an interpreter that does nothing.

    python benchmarks/bench_help.py [--turns N] [COMMAND …]

Every command that can be run without changing anything (`tests/read_only.py`) runs in the demonstration's workspace,
the others show their help, all in turns with ``python -c pass``, bytecode compiled before. Told are medians and least
of the processor's time, which says more than the clock on a machine that has other things to do, and the ratio of the
medians to the interpreter's.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import read_only

AIM = 150
"""Milliseconds of processor time for help: beyond that a person begins to notice."""
FLOORS = {
    "import typer": "the command line, and nothing else",
    "import pydantic.main": "the settings, and Typer's own arguments",
    "import sqlalchemy": "the database, and nothing else",
    "import typer, pydantic.main, sqlalchemy": "what every command on a workspace needs",
}


def run(arguments: list[str], folder: Path) -> float:
    """Processor time of one process, in milliseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.environ.get("PYTHONPATH") or str(ROOT), "PYTHONDONTWRITEBYTECODE": ""},
        capture_output=True,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def ways(wanted: list[str]) -> dict[str, list[str]]:
    """What is measured: its name, and the arguments of Python."""
    newsletter = ["-m", "newsletter"]
    commands = {
        f"newsletter {' '.join([name, *(word for word in words if not word.startswith('/'))])}": [
            *newsletter,
            *name.split(),
            *words,
        ]
        for name, (words, _) in read_only.READS.items()
    }
    commands |= {f"newsletter {name} --help": [*newsletter, *name.split(), "--help"] for name in sorted(read_only.ACTS)}
    if wanted:
        commands = {name: words for name, words in commands.items() if any(f" {one}" in name for one in wanted)}
    return {
        "python -c pass": ["-c", "pass"],
        **{code: ["-c", code] for code in FLOORS},
        "newsletter --help": [*newsletter, "--help"],
        **commands,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("command", nargs="*", help="only these")
    given = parser.parse_args()
    measured = ways(given.command)
    taken: dict[str, list[float]] = {name: [] for name in measured}
    with tempfile.TemporaryDirectory() as folder:
        root = read_only.workspace(Path(folder))
        for arguments in measured.values():
            run(arguments, root)
        for _ in range(given.turns):
            for name, arguments in measured.items():
                taken[name].append(run(arguments, root))
    print(f"{'':44}  processor ms (least)   times the interpreter")
    floor = statistics.median(taken["python -c pass"])
    for name, times in taken.items():
        median = statistics.median(times)
        told = f"   {FLOORS[name]}" if name in FLOORS else ""
        print(f"{name:44}  {median:12.0f} ({min(times):5.0f})   {median / floor:21.1f}{told}")
    help_time = min(taken["newsletter --help"])
    print(f"help takes {help_time:.0f} ms of the processor at its quickest; the aim is {AIM}")
    if help_time > AIM:
        sys.exit(1)


if __name__ == "__main__":
    main()
