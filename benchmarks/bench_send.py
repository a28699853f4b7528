"""A whole send into the outbox, beside the least that any program could do to put the same bytes into a Maildir.

    python benchmarks/bench_send.py --subscribers 10000

Ours freezes the letter and the audience, claims batches under a lease, asks who is still eligible, signs a link for
each, writes, commits the mark, renames and records. The floor writes as many files of the same size into ``tmp/`` and
renames them into ``new/``: no database, no link, no promise. With ``fsync`` both make every file durable. Each way is
run in a fresh folder, in turns; processor time stands beside wall clock.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from newsletter import delivery, library
from newsletter.models import Article
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows import draft, plan
from newsletter.workspace import folder as workspaces
from subscribers import actions, store

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)


@contextlib.contextmanager
def workspace_with(subscribers: int, *, fsync: bool) -> Iterator[Workspace]:
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
        readers.write_text("email\n" + "".join(f"reader{number}@example.net\n" for number in range(subscribers)))
        with open_workspace(root, {"NASHRA_SENDER__FSYNC": str(fsync).lower()}) as workspace:
            articles = [
                Article(
                    f"خبر رقم {number} من مرسى الريحان",
                    url=f"https://example.org/{number}",
                    summary="ملخص الخبر. " * 20,
                )
                for number in range(10)
            ]
            with workspace.database.write() as connection:
                store.add_list(connection, "readers", "الموجة", now=NOW)
                actions.import_file(connection, readers, "readers", now=NOW)
                library.shelve(connection, articles, now=NOW)
            draft.write(workspace, list_name="readers")
            yield workspace


def ours(subscribers: int, *, fsync: bool) -> tuple[float, float, int]:
    """Wall clock, processor time, and bytes of one letter."""
    with workspace_with(subscribers, fsync=fsync) as workspace, clocks() as taken:
        issue = plan.choose(workspace, "1", list_name="", rhythm="weekly")
        made = plan.make(workspace, issue, list_name="", rhythm="weekly")
        send = plan.freeze_plan(workspace, made)
        account = delivery.run(workspace.delivery_setup, send, lambda _state, _count: None)
        assert account.submitted == subscribers
        size = next(workspace.settings.outbox.joinpath("new").iterdir()).stat().st_size
    return taken[0], taken[1], size


def floor(subscribers: int, *, fsync: bool, size: int) -> tuple[float, float]:
    data = bytes(size)
    with tempfile.TemporaryDirectory() as folder, clocks() as taken:
        tmp, new = Path(folder) / "tmp", Path(folder) / "new"
        tmp.mkdir()
        new.mkdir()
        for start in range(0, subscribers, 100):
            numbers = range(start, min(start + 100, subscribers))
            for number in numbers:
                with (tmp / str(number)).open("wb") as file:
                    file.write(data)
                    file.flush()
                    if fsync:
                        os.fsync(file.fileno())
            for number in numbers:
                (tmp / str(number)).rename(new / f"{number}.eml")
            if fsync:
                descriptor = os.open(new, os.O_RDONLY)
                os.fsync(descriptor)
                os.close(descriptor)
    return taken[0], taken[1]


@contextlib.contextmanager
def clocks() -> Iterator[list[float]]:
    taken: list[float] = []
    start, spent = time.perf_counter(), time.process_time()
    yield taken
    taken += [time.perf_counter() - start, time.process_time() - spent]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subscribers", type=int, default=10_000)
    subscribers = parser.parse_args().subscribers
    ours(100, fsync=False)  # imports and templates are another question
    print(f"{subscribers:,} subscribers          seconds   processor s   letters/s   times the floor (processor)")
    for fsync in (False, True):
        wall, spent, size = ours(subscribers, fsync=fsync)
        times = {"send": (wall, spent), "floor": floor(subscribers, fsync=fsync, size=size)}
        for name, (wall, spent) in times.items():
            words = f"{name}, {'fsync' if fsync else 'no fsync'}"
            ratios = f"{wall / times['floor'][0]:.1f} ({spent / times['floor'][1]:.1f})"
            print(f"{words:26} {wall:9.1f} {spent:13.1f} {subscribers / wall:11,.0f}   {ratios}")
        print(f"  one letter has {size:,} bytes")


if __name__ == "__main__":
    main()
