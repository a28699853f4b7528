"""The fence around parsers: what it costs, what it stops, what it leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import fenced
import pytest
from command import ROOT, environment

from newsletter.errors import SourceError
from newsletter.sources import kinds
from newsletter.sources.documents import ArticleFilter, Document
from newsletter.sources.fence import Fence, processes
from newsletter.sources.http.models import Fetched, FetchError, Kind

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
FEED = """<rss version="2.0"><channel><title>الموجة</title><generator>https://wordpress.org/?v=6.6</generator>
<item><title>خبر {number}</title><link>https://example.org/{number}</link><pubDate>{day} Nov 2026 08:00 GMT</pubDate>
</item></channel></rss>"""

pytestmark = pytest.mark.usefixtures("real_nursery")


@pytest.fixture
def fence() -> Iterator[Fence]:
    fence = Fence(seconds=1, megabytes=100)
    yield fence
    fence.close()


def children(pid: int) -> set[int]:
    """Processes whose parent this is, and theirs."""
    found: set[int] = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text("utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found |= {int(path.parent.name), *children(int(path.parent.name))}
    return found


def gone(pids: Collection[int], seconds: float = 60) -> bool:
    """Whether these processes end within some seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        states = [Path(f"/proc/{pid}/stat") for pid in pids]
        if all(not one.exists() or one.read_text("utf-8").rpartition(")")[2].split()[0] == "Z" for one in states):
            return True
        time.sleep(0.05)
    return False


class Door:
    """Brings two pages of a feed, and says who asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def get(
        self, url: str, kind: Kind = "any", *, headers: Mapping[str, str] | None = None, statuses: Collection[int] = ()
    ) -> Fetched:
        self.asked.append((url, os.getpid()))
        if url.endswith("paged=2"):
            return Fetched(url, FEED.format(number=2, day=20).encode(), "application/rss+xml")
        raise FetchError("there is nothing at this address (404)", where=url, status=404)


def test_a_source_is_read_as_it_is_here_and_what_it_asks_for_is_fetched_on_this_side(fence: Fence) -> None:
    data = FEED.format(number=1, day=21).encode()
    got = Fetched("https://example.org/feed/", data, "application/rss+xml", headers={"etag": '"1"'})
    wanted = ArticleFilter(NOW, since=datetime(2026, 11, 1, tzinfo=UTC))
    doors = [Door(), Door()]
    documents = [Document(data, got.url, got=got, door=door) for door in doors]
    inside = fence.run(kinds.read, documents[0], wanted, where=got.url, door=doors[0])
    assert inside == kinds.read(documents[1], wanted)
    assert [article.title for article in inside.articles] == ["خبر 1", "خبر 2"]
    assert doors[0].asked == doors[1].asked
    assert {pid for _, pid in doors[0].asked} == {os.getpid()}
    assert fence.run(fenced.process, where="x") != os.getpid()


def test_an_error_comes_back_with_all_it_says(fence: Fence) -> None:
    with pytest.raises(FetchError) as caught:
        fence.run(fenced.refuse, where="x")
    error = caught.value
    assert (error.what, error.where, error.mend, error.status, error.passing) == ("a", "b", "c", 404, True)


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (fenced.spin, "it costs more than 1 seconds of processor to read; it was left out"),
        (fenced.match, "it costs more than 1 seconds of processor to read; it was left out"),
        (fenced.sleep, "it costs more than 1 seconds of processor to read; it was left out"),
        (fenced.fill, "it needs more than 100 MB of memory to read; it was left out"),
        (fenced.answer_much, "it needs more than 100 MB of memory to read; it was left out"),
        (fenced.crash, "reading it ended its reader (SIGSEGV); it was left out"),
        (fenced.fail, "its reader failed on it (ZeroDivisionError: division by zero in fenced.py, line"),
        (fenced.miss, "its reader failed on it (FileNotFoundError: "),
        (fenced.recurse, "its reader failed on it (RecursionError: maximum recursion depth"),
        (fenced.leave, "reading it ended its reader (exit code 7); it was left out"),
        (fenced.unsendable, "reading it ended its reader"),
    ],
)
def test_a_source_that_costs_too_much_gets_one_line_and_the_next_one_is_read(
    fence: Fence, work: Callable[[], None], said: str
) -> None:
    fence.run(fenced.process, where="first")
    began = time.monotonic()
    with pytest.raises(SourceError) as caught:
        fence.run(work, where="https://example.org/feed/")
    assert time.monotonic() - began < 100
    assert caught.value.what.startswith(said)
    assert (caught.value.where, bool(caught.value.mend)) == ("https://example.org/feed/", True)
    assert "\n" not in str(caught.value)
    assert fence.run(fenced.add, 1, 2, where="x") == 3


def test_good_sources_do_not_wait_for_slow_ones() -> None:
    fence = Fence(seconds=60)
    with ThreadPoolExecutor(8) as pool:
        try:
            slow = [pool.submit(fence.run, fenced.spin, where="slow") for _ in range(6)]
            assert [fence.run(fenced.add, n, 1, where="x") for n in range(20)] == list(range(1, 21))
            # However long that took here, they are not over.
            assert not any(one.done() for one in slow)
        finally:
            fence.close()


def test_a_list_full_of_slow_sources_is_not_waited_for() -> None:
    fence = Fence(seconds=2)
    try:
        with ThreadPoolExecutor(8) as pool:
            slow = [pool.submit(fence.run, fenced.spin, where="slow") for _ in range(6)]
            said = [str(one.exception()) for one in slow]
        assert all("costs more than" in one for one in said)
        # Once two have been left out, the others get a quarter of the time.
        assert sum("costs more than 0.5 seconds" in one for one in said) >= 2
    finally:
        fence.close()


def test_readers_write_no_file_have_no_keys_and_no_terminal(
    fence: Fence, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NASHRA_SENDGRID__KEY", "secret")
    found = fence.run(fenced.surroundings, tmp_path, where="x")
    assert found == {"writes": False, "key": None, "session": True, "fds": True}


def test_a_reader_that_was_killed_while_it_waited_is_replaced(fence: Fence) -> None:
    pid = fence.run(fenced.process, where="x")
    os.kill(pid, signal.SIGKILL)
    assert gone([pid])
    assert fence.run(fenced.process, where="x") != pid


def test_the_nursery_is_replaced_too() -> None:
    before = children(os.getpid())  # other tests have processes of their own
    fence = Fence()
    fence.run(fenced.process, where="x")
    for pid in children(os.getpid()) - before:
        os.kill(pid, signal.SIGKILL)
    time.sleep(0.1)
    assert fence.run(fenced.add, 1, 2, where="x") == 3
    assert fence.note == ""
    fence.close()


def test_nothing_is_left_when_the_fence_is_closed() -> None:
    before = children(os.getpid())
    fence = Fence()
    fence.run(fenced.process, where="x")
    begun = children(os.getpid()) - before
    assert len(begun) == 2
    fence.close()
    assert gone(begun)


def test_nothing_is_left_when_this_process_is_killed() -> None:
    code = "import fenced; fenced.hold()"
    more = {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    with subprocess.Popen([sys.executable, "-c", code], env=environment(more), stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"reading\n"
        time.sleep(0.3)
        begun = children(holder.pid)
        holder.kill()
    assert len(begun) == 2
    assert gone(begun)


def test_where_no_processes_are_allowed_sources_are_read_here_with_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(processes.subprocess, "Popen", refuse)
    fence = Fence()
    fence.start()
    assert fence.note == ""
    assert fence.run(fenced.process, where="x") == os.getpid()
    assert fence.note == "sources were read without limits of time and memory: Operation not permitted"
    fence.close()
