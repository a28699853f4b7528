"""What is done inside the fence of a test: readers that behave, and readers that do not."""

from __future__ import annotations

import ctypes
import os
import re
import threading
import time
from contextlib import suppress
from pathlib import Path

from newsletter.sources.http.models import FetchError


def process() -> int:
    return os.getpid()


def add(one: int, other: int) -> int:
    return one + other


def refuse() -> None:
    raise FetchError("a", where="b", mend="c", status=404, passing=True)


def spin() -> None:
    while True:
        pass


def match() -> None:
    """One call of a pattern that never gives the interpreter back."""
    re.search(r"(a+)+b", "a" * 60)


def miss() -> bytes:
    return Path("/nowhere").read_bytes()


def sleep() -> None:
    time.sleep(60)


def fill() -> int:
    return len(bytearray(400_000_000))


def answer_much() -> bytes:
    return b"x" * 90_000_000


def crash() -> None:
    ctypes.string_at(0)


def fail() -> float:
    return 1 / (os.getpid() - os.getpid())


def recurse() -> None:
    recurse()


def leave() -> None:
    os._exit(7)


def unsendable() -> object:
    return threading.Lock()


def surroundings(folder: Path) -> dict[str, object]:
    """Whether a reader can write a file, sees a key, has a session of its own and no descriptor but its own few."""
    target = folder / "written"
    writes = False
    with suppress(OSError):
        target.write_bytes(b"x")
        writes = True
    few = len(list(Path("/proc/self/fd").iterdir())) <= 6
    return {
        "writes": writes,
        "key": os.environ.get("NASHRA_SENDGRID__KEY"),
        "session": os.getsid(0) != os.getsid(os.getppid()) or os.getsid(0) == os.getppid(),
        "fds": few,
    }


def hold() -> None:
    """Have a reader spin until this process is killed."""
    from newsletter.sources.fence import Fence

    fence = Fence(seconds=60)
    fence.run(process, where="x")
    print("reading", flush=True)
    fence.run(spin, where="x")
