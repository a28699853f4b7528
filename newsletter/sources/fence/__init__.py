"""A fence around every parser: sources are read in processes of their own, within limits of time and memory.

What a reader asks for on the way (a further page of a feed, a site's interface) is fetched on this side, where
addresses are vetted and hosts take turns. A source that costs too much loses its process and gets one line; all
others are read beside it. The readers end with this process, however it ends.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from newsletter.errors import SourceError
from newsletter.sources.fence.messages import ReadingOutcome
from newsletter.sources.fence.processes import NoProcessesError, ReaderProcess, ReaderProcesses
from newsletter.sources.fence.turns import ReadingTurns
from newsletter.sources.fence.watch import OverrunError, WatchedReading, ended, failed, out_of_memory, overrun
from newsletter.sources.http.models import FetcherProtocol

Result = TypeVar("Result")

SECONDS = 20.0
MEGABYTES = 300
_PATIENT_WITH = 2
"""Sources that may use up their whole time; a list full of such sources is not waited for."""
_CUT = 4
_LONGEST = 1.2
"""By the clock, of the processor time of one source: a busy machine must not make a round endless."""


class Fence:
    """Read sources in processes of their own; safe to use from several threads.

    Args:
        seconds: Processor time of one source; a quarter of it once two have used it up.
        megabytes: Memory of one source, beyond what its reader has at first.
    """

    def __init__(self, *, seconds: float = SECONDS, megabytes: int = MEGABYTES) -> None:
        self._seconds, self._megabytes = seconds, megabytes
        self._processes = ReaderProcesses(megabytes * 1_000_000)
        self._turns = ReadingTurns(os.cpu_count() or 1)
        self._lock = threading.Lock()
        self._overruns = 0
        self._reason = ""

    def start(self) -> None:
        """Let the processes load while the first sources are being fetched; reading starts them too."""
        with contextlib.suppress(NoProcessesError):  # reading finds the same, and tells it
            self._processes.start()

    def close(self) -> None:
        """End the processes."""
        self._processes.close()

    @property
    def note(self) -> str:
        """What the editor should know once sources were read: that there are no limits here; else empty."""
        return f"sources were read without limits of time and memory: {self._reason}" if self._reason else ""

    def run(
        self, work: Callable[..., Result], *arguments: object, where: str, door: FetcherProtocol | None = None
    ) -> Result:
        """Have a function do its work on one source in another process; in this one where the system allows no other.

        Args:
            work: A function of a module, which is found there again by its name.
            arguments: Of the function; they are sent, so they must pickle, the door within them excepted.
            where: The source, for messages.
            door: Fetches what the source names, on this side.

        Returns:
            What the function returns, sent back.

        Raises:
            SourceError: The function's own; or the source costs too much.
        """
        try:
            outcome = self._outcome(work, arguments, where, door)
        except NoProcessesError as error:
            self._reason = str(error)
            return work(*arguments)
        if outcome.trouble is not None:
            raise outcome.trouble
        if outcome.is_out_of_memory:
            raise out_of_memory(self._megabytes, where)
        if outcome.failure:
            raise failed(outcome.failure, where)
        result: Result = outcome.value
        return result

    def _outcome(
        self, work: Callable[..., Any], arguments: tuple[object, ...], where: str, door: FetcherProtocol | None
    ) -> ReadingOutcome:
        with self._turns.turn() as turn:
            process = self._processes.take()
            outcome: ReadingOutcome | None = None
            trouble: SourceError | None = None
            try:
                reading = WatchedReading(process, turn, self._allowed, door, longest=_LONGEST * self._seconds)
                outcome = reading.outcome(work, arguments)
            except OverrunError as error:
                with self._lock:
                    self._overruns += 1
                trouble = overrun(error.seconds, where)
            except EOFError:
                pass
            finally:
                # One that is still at work is ended by it, also when something else went wrong on this side.
                code = self._given_back(process, outcome)
        if outcome is None:
            raise trouble or self._ended(code, where)
        return outcome

    def _given_back(self, process: ReaderProcess, outcome: ReadingOutcome | None) -> int:
        """Keep a process for the next source, or end it; its exit code, 0 while it lives."""
        if outcome is None or outcome.is_last:
            return self._processes.drop(process)
        self._processes.give_back(process)
        return 0

    def _ended(self, code: int, where: str) -> SourceError:
        """What is said of a source whose reader came to an end: by its own limit of time, or by a fault."""
        if code != -signal.SIGXCPU:
            return ended(code, self._megabytes, where)
        with self._lock:
            self._overruns += 1
        return overrun(self._seconds, where)

    def _allowed(self) -> float:
        with self._lock:
            return self._seconds / _CUT if self._overruns >= _PATIENT_WITH else self._seconds
