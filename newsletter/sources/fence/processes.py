"""The processes that read, seen from the one that hands them sources."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from newsletter.sources.fence.channel import Channel
from newsletter.sources.fence.nursery import END, FORK, REPLY, REQUEST

BEGIN = (
    "import sys; at = sys.argv; sys.path[:] = at[2:]\n"
    "from newsletter.sources.fence.nursery import main; main(int(at[1]))"
)
_KEPT = ("PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_KEPT_BEGINNINGS = ("LC_", "PYTHON")
"""Of the environment; the keys of providers stand there too, and no parser has any use for them."""


class NoProcessesError(Exception):
    """This system, or what it allows us, has no processes to read in."""


def kept_environment() -> dict[str, str]:
    """What of this process's environment the readers have too."""
    return {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(_KEPT_BEGINNINGS)}


def begin_nursery() -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Begin the process that readers are forked from; gives it, and what it is asked through.

    Raises:
        NoProcessesError: It cannot be.
    """
    if not hasattr(os, "fork") or not sys.executable:
        raise NoProcessesError("this system cannot split a process in two")
    ours, theirs = socket.socketpair()
    # -P keeps modules of the folder we are called in from being taken for ours; the search path is this process's.
    command = [sys.executable, "-P", "-c", BEGIN, str(theirs.fileno()), *filter(None, sys.path)]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # a terminal's Ctrl-C is for us to answer
            env=kept_environment(),
        )
    except OSError as error:
        ours.close()
        raise NoProcessesError(error.strerror or str(error)) from None
    finally:
        theirs.close()
    return process, ours


@dataclass(frozen=True, slots=True)
class ReaderProcess:
    """One process that reads."""

    pid: int
    channel: Channel

    def processor_time(self) -> float | None:
        """Seconds of processor it has used so far; None where that cannot be known from outside."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_bytes().rpartition(b")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except (OSError, ValueError, IndexError):
            return None

    def stop(self) -> None:
        """Let it stand still."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it work again, behind whatever else this machine has to do."""
        self._signal(signal.SIGCONT)

    def yield_to_others(self) -> None:
        """Let quick sources go before it from now on."""
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, self.pid, os.getpriority(os.PRIO_PROCESS, 0) + 5)

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):  # it stays a zombie until it is dropped: nobody else has its pid
            os.kill(self.pid, number)


class ReaderProcesses:
    """As many processes as read at once, each used for one source after the other.

    Args:
        memory: Bytes that reading may take in one.
    """

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._lock = threading.Lock()
        self._idle: list[ReaderProcess] = []
        self._nursery: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def start(self) -> None:
        """Begin to load the parsers; does not wait for it.

        Raises:
            NoProcessesError: It cannot be.
        """
        with self._lock:
            self._started()

    def take(self) -> ReaderProcess:
        """A process that has nothing to do.

        Raises:
            NoProcessesError: There is none, and none can be had.
        """
        while True:
            with self._lock:
                if not self._idle:
                    return self._forked()
                process = self._idle.pop()
            if not process.channel.is_ready(0):
                return process
            self.drop(process)  # it was ended from outside: one that waits says nothing

    def give_back(self, process: ReaderProcess) -> None:
        """Let others use a process that has done its work.

        Args:
            process: From take.
        """
        process.channel.door = None
        with self._lock:
            self._idle.append(process)

    def drop(self, process: ReaderProcess) -> int:
        """End a process, if it has not ended itself.

        Args:
            process: From take.

        Returns:
            Its exit code; negative for the signal that ended it, which is SIGKILL when it had to be ended.
        """
        process.channel.close()
        with self._lock:
            try:
                return self._asked(END, process.pid, 0)[1]
            except NoProcessesError:  # the nursery is gone; its readers end when they have no one to answer
                return -signal.SIGKILL

    def close(self) -> None:
        """End all of them."""
        with self._lock:
            for process in self._idle:
                process.channel.close()
            self._idle = []
            self._end_nursery()

    def _forked(self) -> ReaderProcess:
        for attempt in (1, 2):
            ours, theirs = socket.socketpair()
            try:
                self._started()
                pid, _ = self._asked(FORK, self._memory, 0, theirs)
            except NoProcessesError:
                ours.close()
                if attempt == 2:
                    raise
                continue
            finally:
                theirs.close()
            if pid > 0:
                return ReaderProcess(pid, Channel(ours))
            ours.close()
            raise NoProcessesError("the system has no processes left")
        raise AssertionError("unreachable")

    def _started(self) -> None:
        if self._control is not None:
            return
        self._nursery, self._control = begin_nursery()

    def _asked(self, what: bytes, number: int, status: int, end: socket.socket | None = None) -> tuple[int, int]:
        """One question to the nursery, and its answer."""
        try:
            if self._control is None:
                raise EOFError
            descriptors = [end.fileno()] if end else []
            socket.send_fds(self._control, [REQUEST.pack(what, number, status)], descriptors)
            data = self._control.recv(REPLY.size, socket.MSG_WAITALL)
            number, status = REPLY.unpack(data) if len(data) == REPLY.size else (0, 0)
            if len(data) < REPLY.size:
                raise EOFError
        except (OSError, EOFError):
            self._end_nursery()
            raise NoProcessesError("the process that loads the parsers came to an end") from None
        return number, status

    def _end_nursery(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._nursery is not None:
            try:
                self._nursery.wait(timeout=5)  # it ends as soon as it has nobody to answer
            except subprocess.TimeoutExpired:
                self._nursery.kill()
                self._nursery.wait()
            self._nursery = None
