"""Mutation testing: whether the tests of a room notice a fault in it.

Each mutation is made in a copy of the repository, where the room's own tests run until the first that fails. One that
no test notices survives: it shows a test that is missing, or it changes nothing anybody could see. Those are listed
with the reason in survivors.toml; any other survivor fails the run, and so does a share below 95 of 100.

    python tests/mutants/run.py [--only ROOM] [--most N] [--all] [--jobs N] [--list]
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Literal

sys.path.insert(0, str(Path(__file__).parent))
from operators import Mutation, mutations

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LEAST = 0.95
"""Of all mutations, the share that must be noticed."""
MOST = 45
"""Mutations of one room that are tried unless told otherwise, besides those with a name."""
TEST_SECONDS = 20
"""How long one test may take before its process ends; all of a room together may take longer."""
COPIED = ("newsletter", "subscribers", "templates", "tests", "pyproject.toml", "README.md", "LICENSE")

Fate = Literal["killed", "timeout", "survived"]


@dataclass(frozen=True, slots=True)
class Room:
    """A part of the program and the tests that watch over it."""

    name: str
    files: tuple[str, ...]
    """Patterns, from the root of the repository; none where only named mutations are tried."""
    tests: tuple[str, ...]
    """Files or tests, the quick ones first; from ``tests/``."""
    postgresql: bool = False
    """Whether they need a server: the others run on SQLite alone."""


def rooms() -> dict[str, Room]:
    """Every room, by its name, as rooms.toml tells."""
    told = tomllib.loads((HERE / "rooms.toml").read_text("utf-8"))
    return {
        name: Room(name, tuple(one["files"]), tuple(one["tests"]), one.get("postgresql", False))
        for name, one in told.items()
    }


def found(room: Room) -> list[Mutation]:
    """All mutations of a room that the operators make, in the order of files and lines."""
    paths = sorted({path.relative_to(ROOT).as_posix() for pattern in room.files for path in ROOT.glob(pattern)})
    if room.files and not paths:
        raise SystemExit(f"room {room.name}: {room.files} are not there; correct tests/mutants/rooms.toml")
    return [one for path in paths for one in mutations(path, (ROOT / path).read_text("utf-8"))]


def named() -> list[tuple[str, Mutation]]:
    """The mutations written by hand in named.toml, each with its room."""
    made = []
    for name, one in tomllib.loads((HERE / "named.toml").read_text("utf-8")).items():
        source = (ROOT / one["file"]).read_bytes()
        old = one["old"].encode("utf-8")
        if source.count(old) != 1:
            raise SystemExit(
                f"named.toml, {name}: its text stands {source.count(old)} times in {one['file']}, not once"
            )
        start = source.index(old)
        line = source.count(b"\n", 0, start) + 1
        made.append((one["room"], Mutation(name, one["file"], line, start, start + len(old), one["new"])))
    return made


def sample(all_: Sequence[Mutation], most: int, seed: str) -> list[Mutation]:
    """So many of them; which ones hangs on the seed and the name of each alone, so other changes move nothing."""
    drawn = sorted(all_, key=lambda one: hashlib.sha256(f"{seed} {one.name}".encode()).digest())[:most]
    return sorted(drawn, key=lambda one: (one.path, one.start, one.name))


def survivors() -> dict[str, str]:
    """Names of mutations that may survive, with the reason."""
    return {
        one["mutation"]: one["reason"]
        for one in tomllib.loads((HERE / "survivors.toml").read_text("utf-8")).get("survivor", [])
    }


class Copy:
    """A copy of the repository in which one mutation at a time is made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                skipped = shutil.ignore_patterns("__pycache__", "node_modules", ".*")
                shutil.copytree(source, folder / name, ignore=skipped)
            elif source.exists():
                shutil.copy(source, folder / name)

    @contextmanager
    def with_(self, mutation: Mutation) -> Iterator[None]:
        """The mutation stands in its file for a block."""
        path = self.folder / mutation.path
        whole, times = path.read_bytes(), path.stat()
        self._forget(path)
        path.write_bytes(mutation.apply(whole))
        try:
            yield
        finally:
            path.write_bytes(whole)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    def _forget(self, path: Path) -> None:
        # Python takes a compiled file for fresh when time and size are the same, as they can be here.
        for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
            compiled.unlink()

    def run(self, room: Room, limit: float, *, compile_: bool = False) -> tuple[int | None, str]:
        """Run the tests of a room; the exit code (None when they took too long) and what they said."""
        chosen = "not slow and not browser" + ("" if room.postgresql else " and not postgresql")
        command = [
            *(sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider", "-p", "no:xdist"),
            # A loop that never ends is found by the test it hangs in.
            *("-o", f"faulthandler_timeout={TEST_SECONDS}", "-o", "faulthandler_exit_on_timeout=true"),
            *("-m", chosen, "--hypothesis-profile=mutants", "--hypothesis-seed=0"),
            *(f"tests/{test}" for test in room.tests),
        ]
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.folder),
            "PYTHONDONTWRITEBYTECODE": "" if compile_ else "1",
            "PYTHONHASHSEED": "0",
        }
        # In a group of its own: what a hanging test has started ends with it.
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            said, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return None, ""
        return process.returncode, said


@dataclass(frozen=True, slots=True)
class Task:
    """A mutation to be tried in its room."""

    room: Room
    mutation: Mutation


def judge(copy: Copy, task: Task, limit: float) -> tuple[Fate, str]:
    """What becomes of a mutation, and the test that noticed it."""
    with copy.with_(task.mutation):
        code, said = copy.run(task.room, limit)
    # Python may crash while it says where it hangs.
    if code is None or code < 0 or "Timeout (0:00:" in said:
        return "timeout", ""
    # 1 is a failed test, 2 an error while they were collected: the mutated file cannot be imported.
    if code in (1, 2):
        failed = [line for line in said.splitlines() if line.startswith(("FAILED", "ERROR"))]
        return "killed", failed[0].split(" - ")[0] if failed else ""
    if code == 0:
        return "survived", ""
    raise SystemExit(f"pytest ended with {code} for {task.mutation.name}:\n{said}")


def try_all(tasks: Sequence[Task], jobs: int, verbose: bool) -> dict[Task, Fate]:
    """Try every mutation, so many at once; each worker has a copy of its own."""
    queue: SimpleQueue[Task] = SimpleQueue()
    for task in tasks:
        queue.put(task)
    fates: dict[Task, Fate] = {}
    failures: list[BaseException] = []
    limits: dict[str, float] = {}
    lock = threading.Lock()
    with tempfile.TemporaryDirectory(prefix="nashra-mutants-") as folder:
        copies = [Copy(Path(folder) / f"copy{number}") for number in range(jobs)]
        # Sound tests must be green, and how long they take says how long a mutant may.
        for room in {task.room.name: task.room for task in tasks}.values():
            for copy in copies:
                began = time.monotonic()
                code, said = copy.run(room, 600, compile_=True)
                if code != 0:
                    raise SystemExit(f"the tests of {room.name} fail without any mutation:\n{said}")
            took = time.monotonic() - began
            limits[room.name] = 15 + 6 * took
            print(f"{room.name}: green in {took:.1f} s; {said.splitlines()[-1]}", flush=True)

        def work(copy: Copy) -> None:
            while not failures:
                try:
                    task = queue.get_nowait()
                except Empty:
                    return
                try:
                    fate, by = judge(copy, task, limits[task.room.name])
                except BaseException as error:
                    failures.append(error)
                    return
                with lock:
                    fates[task] = fate
                    if verbose or fate == "survived":
                        where = f"{task.mutation.path}:{task.mutation.line}"
                        print(f"[{len(fates)}/{len(tasks)}] {fate} {where} {task.mutation.name} {by}", flush=True)

        threads = [threading.Thread(target=work, args=(copy,)) for copy in copies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]
    return fates


def report(fates: dict[Task, Fate]) -> int:
    """Say how it went; 1 when tests are missing."""
    accepted = survivors()
    counts: dict[str, Counter[str]] = {}
    unlisted = []
    for task, fate in fates.items():
        counts.setdefault(task.room.name, Counter())[fate] += 1
        if fate == "survived" and task.mutation.name not in accepted:
            unlisted.append(task.mutation)
    print(f"\n{'room':<20}{'tried':>7}{'killed':>8}{'too long':>9}{'survived':>10}{'share':>8}")
    total: Counter[str] = Counter()
    for name, count in [*counts.items(), ("all", total)]:
        tried = count.total()
        if count is not total:
            total += count
        noticed = tried - count["survived"]
        print(
            f"{name:<20}{tried:>7}{count['killed']:>8}{count['timeout']:>9}{count['survived']:>10}"
            f"{noticed / max(tried, 1):>8.1%}"
        )
    for task, fate in fates.items():
        if fate != "survived" and task.mutation.name in accepted:
            print(f"no longer survives, take it out of survivors.toml: {task.mutation.name}")
    for mutation in unlisted:
        print(f"survived, and survivors.toml does not say why: {mutation.path}:{mutation.line} {mutation.name}")
    share = 1 - total["survived"] / max(total.total(), 1)
    if share < LEAST:
        print(f"{share:.1%} were noticed; {LEAST:.0%} must be")
    return 1 if unlisted or share < LEAST else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    every = rooms()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=sorted(every), help="this room; may be given again")
    parser.add_argument("--most", type=int, default=MOST, help=f"mutations of one room, drawn by chance ({MOST})")
    parser.add_argument("--all", action="store_true", help="all mutations instead of a sample")
    parser.add_argument("--match", default="", help="only mutations whose name has this in it")
    parser.add_argument("--named", action="store_true", help="only those written by hand")
    parser.add_argument("--seed", default="1", help="of the sample")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="mutations at once")
    parser.add_argument("--list", action="store_true", help="name them and try none")
    parser.add_argument("--verbose", action="store_true", help="a line for each mutation")
    asked = parser.parse_args(arguments)

    tasks: list[Task] = []
    hand_made = named()
    for room in every.values():
        if asked.only and room.name not in asked.only:
            continue
        whole = [] if asked.named else found(room)
        drawn = whole if asked.all or asked.match else sample(whole, asked.most, asked.seed)
        own = [mutation for name, mutation in hand_made if name == room.name]
        tasks += [Task(room, mutation) for mutation in (*own, *drawn) if asked.match in mutation.name]
        if asked.list:
            print(f"{room.name}: {len(own)} named, {len(drawn)} of {len(whole)}")
    if asked.list:
        for task in tasks:
            print(f"  {task.mutation.path}:{task.mutation.line} {task.mutation.name}")
        return 0
    began = time.monotonic()
    code = report(try_all(tasks, max(1, min(asked.jobs, len(tasks))), asked.verbose))
    print(f"in {time.monotonic() - began:.0f} s, {asked.jobs} at once")
    return code


if __name__ == "__main__":
    sys.exit(main())
