"""More processes for one send on this machine: started by the one that runs it, and ended with it.

A helper runs the same send by the same leases, limits and marks, as any other process may: the crash rule needs nothing
of this. It is a new program and no fork, since a fork would take open SQLite files and other threads' locks along.
Two pipes tie the two together. Over one the helper tells what became of its letters. The other one only says when to
begin, and its end says when to stop: that comes too when the process that runs the send was killed, on every system,
while Linux's signal of a parent's death (prctl(2), PR_SET_PDEATHSIG) comes with the end of the thread that started it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from newsletter.delivery import cores
from newsletter.errors import NashraError

if TYPE_CHECKING:
    import subprocess

LOG = logging.getLogger("nashra.delivery")

READY, COUNTED, FAILED = "ready", "counted", "failed"
"""What a helper says: that it could begin, what became of letters, or why it ends before its time."""
GO = b"go"
"""What it is told; behind it the core that it is to keep to, where there is one."""


class HelperRun(Protocol):
    """The process that runs the send, as its helpers see it."""

    def heard(self, state: str, count: int) -> None:
        """A helper has told what became of letters."""

    def helped(self, helping: bool) -> None:
        """Whether any helper is at work has changed."""


class HelperProcesses:
    """The helpers of one send.

    Args:
        command: Program and arguments that start one of them.
        count: How many.
        listener: Told by them, from threads of its own.
    """

    def __init__(self, command: Sequence[str], count: int, listener: HelperRun) -> None:
        self._command = list(command)
        self._count = count
        self._cores = cores.shared_out(count + 1)[1:]
        """Of each helper; the first one is that of the process that starts them."""
        self._listener = listener
        self._lock = threading.Lock()
        self._started = False
        self._over = False
        self._processes: list[subprocess.Popen[bytes]] = []
        self._begun: set[int] = set()
        """Ids of the processes that were told to begin and are at work."""
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start them, if that was not done; what hinders it is told, and the work goes on without."""
        import subprocess

        with self._lock:
            if self._started or self._over:
                return
            self._started = True
            # Threads of a C library's allocator keep memory each for itself: here few are enough (mallopt(3)).
            environment = {"MALLOC_ARENA_MAX": "2", **os.environ}
            for _ in range(self._count):
                try:
                    process = subprocess.Popen(
                        self._command,
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        stderr=subprocess.DEVNULL,
                        env=environment,
                    )
                except OSError as error:
                    _warn(str(error))
                    return
                self._processes.append(process)
                thread = threading.Thread(target=self._listen, args=(process,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def stop(self) -> None:
        """Let them begin nothing new. One that has not begun yet is ended at once."""
        with self._lock:
            self._over = True
            for process in self._processes:
                if process.pid not in self._begun and process.poll() is None:
                    process.kill()
                with contextlib.suppress(OSError, ValueError):
                    _pipe(process.stdin).close()

    def wait(self) -> None:
        """Wait until what they have under way has come to its end."""
        for thread in self._threads:
            thread.join()

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        failure = ""
        try:
            for line in _pipe(process.stdout):
                kind, *said = json.loads(line)
                if kind == READY:
                    self._let_begin(process)
                elif kind == COUNTED:
                    self._listener.heard(str(said[0]), int(said[1]))
                elif kind == FAILED:
                    failure = str(said[0])
        except ValueError:
            failure = "it cannot be understood"
            process.kill()
        finally:
            code = process.wait()
            with self._lock:
                self._begun.discard(process.pid)
                none_left, expected = not self._begun, self._over
                for pipe in (process.stdin, process.stdout):
                    with contextlib.suppress(OSError, ValueError):
                        _pipe(pipe).close()
            self._listener.helped(not none_left)
        if not failure and code and not expected:
            failure = f"signal {-code}" if code < 0 else f"status {code}"
        if failure:
            _warn(failure)

    def _let_begin(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            if self._over:
                return
            self._begun.add(process.pid)
            core = self._cores[self._processes.index(process)] if self._cores else ""
            with contextlib.suppress(OSError, ValueError):
                _pipe(process.stdin).write(b"%b %b\n" % (GO, str(core).encode()))
                _pipe(process.stdin).flush()
        self._listener.helped(True)


def _pipe(pipe: Any) -> BinaryIO:
    assert pipe is not None
    found: BinaryIO = pipe
    return found


def _warn(reason: str) -> None:
    LOG.warning("a second process of this send ended (%s); the first goes on without it", reason)


class HelperProcess:
    """This process as a helper, tied to its parent: the process that runs the send.

    Args:
        ask: What the parent says comes from here; its end is the end of the work.
        tell: What the parent is told goes here.
    """

    def __init__(self, ask: BinaryIO, tell: BinaryIO) -> None:
        self._ask = ask
        self._tell = tell
        self._lock = threading.Lock()
        self.over = threading.Event()
        """Set when nothing new is to be begun."""

    def may_begin(self) -> bool:
        """Say that all is ready, and wait until the work may begin; False when it is over before."""
        self._say(READY)
        said, _, core = self._ask.readline().partition(b" ")
        if said != GO:
            return False
        if core.strip():
            cores.keep_to(int(core))
        threading.Thread(target=self._await_end, daemon=True).start()
        return True

    def told(self, state: str, count: int) -> None:
        """A ``Progress``: what became of letters.

        Args:
            state: A state of deliveries, or what a helper waits for.
            count: How many have just reached it.
        """
        self._say(COUNTED, state, count)

    def failed(self, reason: str) -> None:
        """Tell why the work ends before its time.

        Args:
            reason: For people.
        """
        self._say(FAILED, reason)

    def sleep(self, seconds: float) -> None:
        """Wait, but not longer than the work lasts.

        Args:
            seconds: At most.
        """
        self.over.wait(seconds)

    def _await_end(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while self._ask.readline():
                pass
        self.over.set()

    def _say(self, *words: str | int) -> None:
        try:
            with self._lock:
                self._tell.write(json.dumps(words).encode() + b"\n")
                self._tell.flush()
        except OSError:  # nobody is there to hear it
            self.over.set()


def help_parent(work: Callable[[HelperProcess], None]) -> int:
    """Be a helper: do some work for the process at the other ends of standard input and output.

    Ctrl-C is the other one's business, who gets it too and then says that it is over.

    Args:
        work: Told whom it works for.

    Returns:
        The exit code.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What else might print does not come in between.
    tell = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    # Not buffered: a thread that waits at a buffer when Python ends makes it abort.
    parent = HelperProcess(os.fdopen(os.dup(0), "rb", buffering=0), tell)
    signal.signal(signal.SIGTERM, lambda _number, _frame: parent.over.set())
    try:
        work(parent)
    except NashraError as error:
        parent.failed(str(error))
        return 1
    except Exception as error:
        parent.failed(f"{type(error).__name__}: {error}")
        return 1
    return 0
